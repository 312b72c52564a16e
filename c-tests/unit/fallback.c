/* A kernel or a sandbox that lacks a system call: what the library does instead. */
#define _GNU_SOURCE
#include "t.h"
#include "named.h"
#include "refuse.h"

#include <pthread.h>

T_NAMED (timer)
T_NAMED (periodic)
T_NAMED (io)
T_NAMED (async)
T_NAMED (signal)
T_NAMED (child)
T_NAMED (stat)

static int fallback_errors;

static void
fallback_syserr (const char *text)
{
  ++fallback_errors;
}

/* eventfd: a pipe */

static void *
fallback_send (void *arg)
{
  void **pair = arg;
  t_nap (0.02);
  ev_async_send (pair[0], pair[1]);
  return 0;
}

static void
fallback_check_wakeups (int error)
{
  int before = t_open_fds (), made, i;
  struct ev_loop *loop;
  ev_async async;
  ev_signal signal;
  pthread_t thread;
  void *pair[2];
  ev_set_syserr_cb (fallback_syserr);
  refuse_eventfd (error);
  loop = t_loop (0);
  made = t_open_fds ();
  NAME (async, &async, "async");
  ev_async_start (loop, &async);
  CHECK_EQ (t_open_fds () - made, 2);
  NAME (signal, &signal, "signal", SIGUSR1);
  ev_signal_start (loop, &signal);
  CHECK_EQ (t_open_fds () - made, 2);

  ev_async_send (loop, &async);
  ev_async_send (loop, &async);
  ev_run (loop, EVRUN_ONCE);
  CHECK_TRACE ("async");
  raise (SIGUSR1);
  ev_run (loop, EVRUN_ONCE);
  CHECK_TRACE ("async signal");
  pair[0] = loop;
  pair[1] = &async;
  CHECK (!pthread_create (&thread, 0, fallback_send, pair));
  ev_run (loop, EVRUN_ONCE);
  CHECK (!pthread_join (thread, 0));
  CHECK_TRACE ("async signal async");

  for (i = 0; i < 200000; ++i) /* more than a pipe holds */
    {
      ev_async_send (loop, &async);
      if (i % 1000 == 0)
        raise (SIGUSR1);
    }
  t_trace_reset ();
  ev_run (loop, EVRUN_ONCE);
  CHECK_TRACE ("async signal");
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_TRACE ("async signal"); /* nothing is left over */

  ev_signal_stop (loop, &signal);
  ev_loop_destroy (loop);
  CHECK_EQ (t_open_fds (), before);
  CHECK_EQ (fallback_errors, 0);
}

TEST (fallback_eventfd_missing)
{
  fallback_check_wakeups (ENOSYS);
}

TEST (fallback_eventfd_forbidden)
{
  fallback_check_wakeups (EPERM);
}

TEST (fallback_wakeup_pipe_is_close_on_exec_and_does_not_block)
{
  struct ev_loop *loop;
  ev_async async;
  char known[256];
  int fd, found = 0;
  refuse_eventfd (ENOSYS);
  loop = t_loop (0);
  for (fd = 0; fd < 256; ++fd)
    known[fd] = fcntl (fd, F_GETFD) != -1;
  NAME (async, &async, "async");
  ev_async_start (loop, &async);
  for (fd = 0; fd < 256; ++fd)
    if (!known[fd] && fcntl (fd, F_GETFD) != -1)
      {
        ++found;
        CHECK (fcntl (fd, F_GETFD) & FD_CLOEXEC);
        CHECK (fcntl (fd, F_GETFL) & O_NONBLOCK);
      }
  CHECK_EQ (found, 2);
  ev_loop_destroy (loop);
}

static void
fallback_fork_child (void *arg)
{
  void **pair = arg;
  struct ev_loop *loop = pair[0];
  ev_async *async = pair[1];
  ev_loop_fork (loop);
  ev_run (loop, EVRUN_NOWAIT);
  t_trace_reset ();
  ev_async_send (loop, async);
  ev_run (loop, EVRUN_ONCE);
  CHECK_TRACE ("async");
}

TEST (fallback_wakeup_pipe_survives_fork)
{
  struct ev_loop *loop;
  ev_async async;
  void *pair[2];
  refuse_eventfd (ENOSYS);
  loop = t_loop (0);
  NAME (async, &async, "async");
  ev_async_start (loop, &async);
  ev_run (loop, EVRUN_NOWAIT);
  pair[0] = loop;
  pair[1] = &async;
  CHECK_EQ (t_in_child (fallback_fork_child, pair), 0);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_TRACE (""); /* the child's wake-up is the child's */
  ev_async_send (loop, &async);
  ev_run (loop, EVRUN_ONCE);
  CHECK_TRACE ("async");
  ev_loop_destroy (loop);
}

/* signalfd: a handler */

static void
fallback_check_signals (int error)
{
  struct ev_loop *loop;
  ev_signal first, second;
  sigset_t set;
  ev_set_syserr_cb (fallback_syserr);
  refuse_signalfd (error);
  loop = t_loop (EVFLAG_SIGNALFD);
  NAME (signal, &first, "usr1", SIGUSR1);
  ev_signal_start (loop, &first);
  NAME (signal, &second, "usr2", SIGUSR2);
  ev_signal_start (loop, &second);
  CHECK (!sigprocmask (SIG_BLOCK, 0, &set));
  CHECK (!sigismember (&set, SIGUSR1));
  raise (SIGUSR1);
  raise (SIGUSR2);
  ev_run (loop, EVRUN_ONCE);
  CHECK_TRACE ("usr1 usr2");
  ev_signal_stop (loop, &first);
  ev_signal_stop (loop, &second);
  ev_loop_destroy (loop);
  CHECK_EQ (fallback_errors, 0);
}

TEST (fallback_signalfd_missing)
{
  fallback_check_signals (ENOSYS);
}

TEST (fallback_signalfd_forbidden)
{
  fallback_check_signals (EPERM);
}

TEST (fallback_signalfd_missing_for_children)
{
  struct ev_loop *loop;
  ev_child child;
  pid_t pid;
  refuse_signalfd (ENOSYS);
  loop = t_default_loop (EVFLAG_SIGNALFD);
  pid = fork ();
  CHECK (pid >= 0);
  if (!pid)
    _exit (5);
  NAME (child, &child, "child", pid, 0);
  child.rpid = 0;
  ev_child_start (loop, &child);
  while (!child.rpid)
    ev_run (loop, EVRUN_ONCE);
  CHECK_TRACE ("child");
  CHECK_EQ (WEXITSTATUS (child.rstatus), 5);
  ev_child_stop (loop, &child);
  ev_loop_destroy (loop);
}

/* inotify: polling */

static void
fallback_guard (EV_P_ ev_timer *w, int revents)
{
  t_fail (__FILE__, __LINE__, "no event in 20 s");
}

static void
fallback_check_stat (int error)
{
  struct ev_loop *loop;
  static ev_stat stat;
  ev_timer guard;
  char path[4096];
  int before = t_open_fds (), fd;
  snprintf (path, sizeof path, "%s/file", t_tmpdir ());
  ev_set_syserr_cb (fallback_syserr);
  refuse_inotify (error);
  loop = t_loop (0);
  before = t_open_fds ();
  NAME (stat, &stat, "stat", path, 0.11);
  ev_stat_start (loop, &stat);
  CHECK_EQ (t_open_fds (), before);
  CHECK_EQ (stat.attr.st_nlink, 0);
  ev_timer_init (&guard, fallback_guard, 20., 0.);
  ev_timer_start (loop, &guard);
  ev_run (loop, EVRUN_NOWAIT);
  fd = open (path, O_CREAT | O_WRONLY, 0600);
  CHECK (fd >= 0);
  close (fd);
  while (!*t_traced ())
    ev_run (loop, EVRUN_ONCE);
  CHECK_TRACE ("stat");
  CHECK_EQ (stat.attr.st_nlink, 1);
  ev_loop_destroy (loop);
  CHECK_EQ (fallback_errors, 0);
}

TEST (fallback_inotify_missing)
{
  fallback_check_stat (ENOSYS);
}

TEST (fallback_inotify_forbidden)
{
  fallback_check_stat (EPERM);
}

TEST (fallback_inotify_full)
{
  fallback_check_stat (EMFILE);
}

TEST (fallback_inotify_watch_refused)
{
  struct ev_loop *loop;
  static ev_stat stat;
  ev_timer guard;
  char path[4096];
  int fd;
  snprintf (path, sizeof path, "%s/file", t_tmpdir ());
  refuse (SYS_inotify_add_watch, ENOSPC);
  loop = t_loop (0);
  NAME (stat, &stat, "stat", path, 0.11);
  ev_stat_start (loop, &stat);
  ev_timer_init (&guard, fallback_guard, 20., 0.);
  ev_timer_start (loop, &guard);
  ev_run (loop, EVRUN_NOWAIT);
  fd = open (path, O_CREAT | O_WRONLY, 0600);
  CHECK (fd >= 0);
  close (fd);
  while (!*t_traced ())
    ev_run (loop, EVRUN_ONCE);
  CHECK_TRACE ("stat");
  ev_stat_stop (loop, &stat);
  ev_loop_destroy (loop);
}

/* timerfd: reading the clock now and then */

static void
fallback_check_periodic (int error)
{
  struct ev_loop *loop;
  ev_periodic periodic;
  int before;
  ev_set_syserr_cb (fallback_syserr);
  refuse (SYS_timerfd_create, error);
  loop = t_loop (0);
  before = t_open_fds ();
  NAME (periodic, &periodic, "periodic", ev_now (loop) + 0.1, 0., 0);
  ev_periodic_start (loop, &periodic);
  CHECK_EQ (t_open_fds (), before);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("periodic");
  ev_periodic_set (&periodic, 0., 0.02, 0);
  ev_periodic_start (loop, &periodic);
  while (strlen (t_traced ()) < sizeof "periodic periodic periodic" - 1)
    ev_run (loop, EVRUN_ONCE);
  ev_loop_destroy (loop);
  CHECK_EQ (fallback_errors, 0);
}

TEST (fallback_timerfd_missing)
{
  fallback_check_periodic (ENOSYS);
}

TEST (fallback_timerfd_forbidden)
{
  fallback_check_periodic (EPERM);
}

TEST (fallback_timerfd_cannot_be_set)
{
  struct ev_loop *loop;
  ev_periodic periodic;
  refuse (SYS_timerfd_settime, EINVAL);
  loop = t_loop (0);
  NAME (periodic, &periodic, "periodic", ev_now (loop) + 0.1, 0., 0);
  ev_periodic_start (loop, &periodic);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("periodic");
  ev_loop_destroy (loop);
}

/* The back-ends: the next one of the set */

static unsigned
fallback_backend (unsigned flags)
{
  struct ev_loop *loop = ev_loop_new (EVFLAG_NOENV | flags);
  unsigned backend = loop ? ev_backend (loop) : 0;
  ev_timer timer;
  if (!loop)
    return 0;
  NAME (timer, &timer, "timer", 0.001, 0.);
  ev_timer_start (loop, &timer);
  CHECK_EQ (ev_run (loop, 0), 0);
  ev_loop_destroy (loop);
  return backend;
}

static void
fallback_check_epoll (int error)
{
  int before = t_open_fds ();
  ev_set_syserr_cb (fallback_syserr);
  refuse_epoll (error);
  CHECK_EQ (fallback_backend (EVBACKEND_EPOLL), 0);
  CHECK_EQ (fallback_backend (EVBACKEND_EPOLL | EVBACKEND_KQUEUE), 0);
  CHECK_EQ (fallback_backend (EVBACKEND_EPOLL | EVBACKEND_SELECT), EVBACKEND_SELECT);
  CHECK_EQ (fallback_backend (EVBACKEND_EPOLL | EVBACKEND_POLL | EVBACKEND_SELECT), EVBACKEND_POLL);
  CHECK_EQ (fallback_backend (0), EVBACKEND_POLL);
  CHECK (!ev_default_loop (EVFLAG_NOENV | EVBACKEND_EPOLL));
  CHECK (!EV_DEFAULT_UC);
  CHECK_EQ (t_open_fds (), before);
  CHECK_EQ (fallback_errors, 0);
}

TEST (fallback_epoll_missing, .once = 1)
{
  fallback_check_epoll (ENOSYS);
}

TEST (fallback_epoll_forbidden, .once = 1)
{
  fallback_check_epoll (EPERM);
}

TEST (fallback_epoll_full, .once = 1)
{
  fallback_check_epoll (EMFILE);
}

TEST (fallback_linuxaio_needs_epoll, .once = 1)
{
  refuse_epoll (ENOSYS);
  CHECK_EQ (fallback_backend (EVBACKEND_LINUXAIO), 0);
  CHECK_EQ (fallback_backend (EVBACKEND_LINUXAIO | EVBACKEND_SELECT), EVBACKEND_SELECT);
}

static void
fallback_check_io_setup (int error)
{
  ev_set_syserr_cb (fallback_syserr);
  refuse (SYS_io_setup, error);
  CHECK_EQ (fallback_backend (EVBACKEND_LINUXAIO), 0);
  CHECK_EQ (fallback_backend (EVBACKEND_LINUXAIO | EVBACKEND_POLL), EVBACKEND_POLL);
  CHECK_EQ (fallback_backend (EVBACKEND_LINUXAIO | EVBACKEND_EPOLL | EVBACKEND_POLL), EVBACKEND_EPOLL);
  CHECK (!ev_default_loop (EVFLAG_NOENV | EVBACKEND_LINUXAIO));
  CHECK_EQ (fallback_errors, 0);
}

TEST (fallback_io_setup_missing, .once = 1)
{
  fallback_check_io_setup (ENOSYS);
}

TEST (fallback_io_setup_forbidden, .once = 1)
{
  fallback_check_io_setup (EPERM);
}

TEST (fallback_io_setup_used_up, .once = 1)
{
  fallback_check_io_setup (EAGAIN);
}

TEST (fallback_io_setup_failing_leaves_no_descriptor, .once = 1,
      .ours_only = "a linuxaio loop that can't be made leaves no descriptor open")
{
  int before = t_open_fds ();
  refuse (SYS_io_setup, EAGAIN);
  CHECK (!ev_loop_new (EVFLAG_NOENV | EVBACKEND_LINUXAIO));
  CHECK_EQ (fallback_backend (EVBACKEND_LINUXAIO | EVBACKEND_POLL), EVBACKEND_POLL);
  CHECK_EQ (t_open_fds (), before);
}

TEST (fallback_io_uring_missing, .once = 1)
{
  refuse (425, ENOSYS); /* io_uring_setup */
  CHECK_EQ (fallback_backend (EVBACKEND_IOURING), 0);
  CHECK_EQ (fallback_backend (EVBACKEND_IOURING | EVBACKEND_POLL), EVBACKEND_POLL);
}

TEST (fallback_everything_missing, .once = 1)
{
  refuse_epoll (ENOSYS);
  refuse (SYS_io_setup, ENOSYS);
  refuse (425, EPERM); /* io_uring_setup */
  CHECK_EQ (fallback_backend (0xff & ~(EVBACKEND_POLL | EVBACKEND_SELECT)), 0);
  CHECK_EQ (fallback_backend (0xff), EVBACKEND_POLL);
}

/* Newer calls that a back-end may prefer */

static void
fallback_check_epoll_pwait2 (int error)
{
  struct ev_loop *loop;
  ev_timer timer;
  ev_io io;
  int fd[2];
  t_pipe (fd);
  ev_set_syserr_cb (fallback_syserr);
  refuse (441, error); /* epoll_pwait2 */
  loop = t_loop (0);
  NAME (timer, &timer, "timer", 0.02, 0.);
  ev_timer_start (loop, &timer);
  CHECK_EQ (ev_run (loop, 0), 0);
  NAME (io, &io, "io", fd[0], EV_READ);
  ev_io_start (loop, &io);
  t_write (fd[1], "x");
  ev_run (loop, EVRUN_ONCE);
  CHECK_TRACE ("timer io");
  CHECK_EQ (fallback_errors, 0);
  ev_loop_destroy (loop);
}

TEST (fallback_epoll_pwait2_missing, .backends = T_EPOLL | T_LINUXAIO)
{
  fallback_check_epoll_pwait2 (ENOSYS);
}

TEST (fallback_epoll_pwait2_forbidden, .backends = T_EPOLL | T_LINUXAIO)
{
  fallback_check_epoll_pwait2 (EPERM);
}

TEST (fallback_io_pgetevents_missing, .backends = T_LINUXAIO)
{
  struct ev_loop *loop;
  ev_timer timer;
#ifdef SYS_io_pgetevents
  refuse (SYS_io_pgetevents, ENOSYS);
#endif
  ev_set_syserr_cb (fallback_syserr);
  loop = t_loop (0);
  NAME (timer, &timer, "timer", 0.02, 0.);
  ev_timer_start (loop, &timer);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("timer");
  CHECK_EQ (fallback_errors, 0);
  ev_loop_destroy (loop);
}
