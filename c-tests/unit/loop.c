/* Making and destroying loops: the default loop, what destroy calls, what it gives back, what it leaves. */
#define _GNU_SOURCE
#include "t.h"
#include "named.h"

#include <pthread.h>
#include <setjmp.h>

T_NAMED (timer)
T_NAMED (io)
T_NAMED (cleanup)
T_NAMED (prepare)
T_NAMED (signal)
T_NAMED (periodic)
T_NAMED (stat)
T_NAMED (async)

static void
loop_run_timer (struct ev_loop *loop, const char *name)
{
  ev_timer w;
  NAME (timer, &w, name, 0.001, 0.);
  ev_timer_start (loop, &w);
  CHECK_EQ (ev_run (loop, 0), 0);
}

static struct sigaction
loop_action (int signum)
{
  struct sigaction action;
  CHECK (!sigaction (signum, 0, &action));
  return action;
}

/* The default loop */

TEST (loop_default_is_made_once)
{
  struct ev_loop *loop = t_default_loop (0);
  CHECK (loop == EV_DEFAULT_UC);
  CHECK (ev_default_loop (0) == loop);
  CHECK (ev_default_loop (EVBACKEND_KQUEUE | EVFLAG_NOENV) == loop);
  CHECK (ev_default_loop (EVBACKEND_SELECT | EVFLAG_NOENV) == loop);
  CHECK_EQ (ev_backend (loop), t_backend);
  CHECK (ev_is_default_loop (loop));
  loop_run_timer (loop, "timer");
  CHECK_TRACE ("timer");
  ev_loop_destroy (loop);
}

TEST (loop_new_never_becomes_default)
{
  struct ev_loop *first = t_loop (0), *second;
  CHECK (!EV_DEFAULT_UC);
  CHECK (!ev_is_default_loop (first));
  second = t_default_loop (0);
  CHECK (second != first);
  CHECK (ev_is_default_loop (second));
  CHECK (!ev_is_default_loop (first));
  ev_loop_destroy (first);
  CHECK (EV_DEFAULT_UC == second);
  ev_loop_destroy (second);
}

TEST (loop_default_can_be_made_again)
{
  int i;
  for (i = 0; i < 3; ++i)
    {
      struct ev_loop *loop = t_default_loop (0);
      CHECK (EV_DEFAULT_UC == loop);
      loop_run_timer (loop, "timer");
      CHECK_EQ (ev_iteration (loop) > 0, 1);
      ev_loop_destroy (loop);
      CHECK (!EV_DEFAULT_UC);
    }
  CHECK_TRACE ("timer timer timer");
}

TEST (loop_default_can_change_its_backend, .once = 1)
{
  struct ev_loop *loop = ev_default_loop (EVFLAG_NOENV | EVBACKEND_SELECT);
  CHECK_EQ (ev_backend (loop), EVBACKEND_SELECT);
  ev_loop_destroy (loop);
  loop = ev_default_loop (EVFLAG_NOENV | EVBACKEND_POLL);
  CHECK_EQ (ev_backend (loop), EVBACKEND_POLL);
  ev_loop_destroy (loop);
}

TEST (loop_default_handles_sigchld)
{
  struct ev_loop *loop;
  CHECK (loop_action (SIGCHLD).sa_handler == SIG_DFL);
  loop = t_default_loop (0);
  CHECK (loop_action (SIGCHLD).sa_handler != SIG_DFL);
  CHECK (loop_action (SIGCHLD).sa_handler != SIG_IGN);
  CHECK (loop_action (SIGCHLD).sa_flags & SA_RESTART);
  ev_loop_destroy (loop);
  CHECK (loop_action (SIGCHLD).sa_handler == SIG_DFL);
}

TEST (loop_new_leaves_sigchld)
{
  struct ev_loop *loop = t_loop (0);
  CHECK (loop_action (SIGCHLD).sa_handler == SIG_DFL);
  loop_run_timer (loop, "timer");
  CHECK (loop_action (SIGCHLD).sa_handler == SIG_DFL);
  ev_loop_destroy (loop);
}

TEST (loop_default_sigchld_watcher_keeps_nothing_alive)
{
  struct ev_loop *loop = t_default_loop (0);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_EQ (ev_iteration (loop), 1);
  ev_loop_destroy (loop);
}

TEST (loop_default_signalfd_blocks_sigchld)
{
  struct ev_loop *loop = t_default_loop (EVFLAG_SIGNALFD);
  sigset_t set;
  CHECK (!sigprocmask (SIG_BLOCK, 0, &set));
  CHECK (sigismember (&set, SIGCHLD));
  ev_loop_destroy (loop);
  CHECK (!sigprocmask (SIG_BLOCK, 0, &set));
  CHECK (!sigismember (&set, SIGCHLD));
}

static void
loop_reap_check (EV_P_ ev_timer *w, int revents)
{
  pid_t pid = *(pid_t *)w->data;
  if (kill (pid, 0) && errno == ESRCH)
    ev_break (EV_A_ EVBREAK_ALL);
}

TEST (loop_default_reaps_unwatched_children)
{
  struct ev_loop *loop = t_default_loop (0);
  ev_timer w;
  pid_t pid = fork ();
  CHECK (pid >= 0);
  if (!pid)
    _exit (3);
  ev_timer_init (&w, loop_reap_check, 0.005, 0.005);
  w.data = &pid;
  ev_timer_start (loop, &w);
  ev_run (loop, 0);
  CHECK_EQ (waitpid (pid, 0, 0), -1);
  CHECK_EQ (errno, ECHILD);
  ev_timer_stop (loop, &w);
  ev_loop_destroy (loop);
}

/* Destroy: what is called */

TEST (loop_destroy_null_does_nothing, .once = 1)
{
  int before = t_open_fds ();
  ev_loop_destroy (0);
  CHECK (!EV_DEFAULT_UC);
  EV_DEFAULT;
  ev_loop_destroy (0);
  CHECK (EV_DEFAULT_UC);
  ev_loop_destroy (EV_DEFAULT);
  CHECK_EQ (t_open_fds (), before);
}

TEST (loop_destroy_without_cleanup_calls_nothing)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer timer;
  ev_prepare prepare;
  NAME (timer, &timer, "timer", 0., 0.);
  ev_timer_start (loop, &timer);
  NAME (prepare, &prepare, "prepare");
  ev_prepare_start (loop, &prepare);
  ev_feed_event (loop, &timer, EV_TIMER);
  ev_feed_event (loop, &prepare, EV_CUSTOM);
  ev_loop_destroy (loop);
  CHECK_TRACE ("");
}

TEST (loop_destroy_with_cleanup_calls_all_that_is_pending)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer high, same, low;
  ev_cleanup cleanup;
  NAME (timer, &high, "high", 0., 0.);
  ev_set_priority (&high, 1);
  NAME (timer, &same, "same", 0., 0.);
  NAME (timer, &low, "low", 0., 0.);
  ev_set_priority (&low, -1);
  NAME (cleanup, &cleanup, "cleanup");
  ev_cleanup_start (loop, &cleanup);
  ev_feed_event (loop, &low, EV_CUSTOM);
  ev_feed_event (loop, &same, EV_CUSTOM);
  ev_feed_event (loop, &high, EV_CUSTOM);
  ev_loop_destroy (loop);
  CHECK_TRACE ("high cleanup same low");
}

TEST (loop_destroy_calls_cleanups_newest_first)
{
  struct ev_loop *loop = t_loop (0);
  static const char *const names[] = { "a", "b", "c", "d", "e" };
  ev_cleanup w[5];
  int i;
  for (i = 0; i < 5; ++i)
    {
      NAME (cleanup, w + i, names[i]);
      ev_set_priority (w + i, i == 2 ? 2 : 0);
      ev_cleanup_start (loop, w + i);
    }
  ev_cleanup_stop (loop, w + 1); /* e moves to b's place */
  ev_loop_destroy (loop);
  CHECK_TRACE ("c d e a");
}

static void
loop_cleanup_details (EV_P_ ev_cleanup *w, int revents)
{
  t_trace ("%x active %d pending %d depth %u count %u", (unsigned)revents, ev_is_active (w), ev_is_pending (w), ev_depth (EV_A),
           ev_pending_count (EV_A));
}

TEST (loop_cleanup_sees_a_whole_loop)
{
  struct ev_loop *loop = t_loop (0);
  ev_cleanup w;
  ev_cleanup_init (&w, loop_cleanup_details);
  ev_cleanup_start (loop, &w);
  ev_loop_destroy (loop);
  CHECK_TRACE ("40000 active 1 pending 0 depth 0 count 0");
}

static void
loop_cleanup_runs (EV_P_ ev_cleanup *w, int revents)
{
  t_trace ("cleanup");
  loop_run_timer (EV_A, "timer");
  t_trace ("depth %u", ev_depth (EV_A));
}

static void
loop_prepare_depth (EV_P_ ev_prepare *w, int revents)
{
  t_trace ("prepare at %u", ev_depth (EV_A));
  ev_prepare_stop (EV_A_ w);
}

TEST (loop_cleanup_may_run_the_loop)
{
  struct ev_loop *loop = t_loop (0);
  ev_cleanup w;
  ev_prepare prepare;
  ev_cleanup_init (&w, loop_cleanup_runs);
  ev_cleanup_start (loop, &w);
  ev_prepare_init (&prepare, loop_prepare_depth);
  ev_prepare_start (loop, &prepare);
  ev_loop_destroy (loop);
  CHECK_TRACE ("cleanup prepare at 1 timer depth 0");
}

static void
loop_cleanup_stops_others (EV_P_ ev_cleanup *w, int revents)
{
  ev_cleanup *other = w->data;
  t_trace ("stopper");
  ev_cleanup_stop (EV_A_ other);
}

TEST (loop_cleanup_may_stop_the_others)
{
  struct ev_loop *loop = t_loop (0);
  ev_cleanup victim, stopper;
  NAME (cleanup, &victim, "victim");
  ev_cleanup_start (loop, &victim);
  ev_cleanup_init (&stopper, loop_cleanup_stops_others);
  stopper.data = &victim;
  ev_cleanup_start (loop, &stopper);
  ev_loop_destroy (loop);
  CHECK_TRACE ("stopper");
  CHECK (!ev_is_active (&victim));
}

static void
loop_cleanup_frees_itself (EV_P_ ev_cleanup *w, int revents)
{
  t_trace ("freed");
  ev_cleanup_stop (EV_A_ w);
  memset (w, 0xee, sizeof *w);
  free (w);
}

TEST (loop_cleanup_may_free_itself)
{
  struct ev_loop *loop = t_loop (0);
  int i;
  for (i = 0; i < 10; ++i)
    {
      ev_cleanup *w = malloc (sizeof *w);
      ev_cleanup_init (w, loop_cleanup_frees_itself);
      ev_cleanup_start (loop, w);
    }
  ev_loop_destroy (loop);
  CHECK_TRACE ("freed freed freed freed freed freed freed freed freed freed");
}

static void
loop_cleanup_uses_io (EV_P_ ev_cleanup *w, int revents)
{
  ev_io *io = w->data;
  ev_io_stop (EV_A_ io);
  t_trace ("io stopped");
}

TEST (loop_cleanup_may_stop_any_watcher)
{
  struct ev_loop *loop = t_loop (0);
  ev_cleanup w;
  ev_io io;
  int fd[2];
  t_pipe (fd);
  NAME (io, &io, "io", fd[0], EV_READ);
  ev_io_start (loop, &io);
  ev_run (loop, EVRUN_NOWAIT);
  ev_cleanup_init (&w, loop_cleanup_uses_io);
  w.data = &io;
  ev_cleanup_start (loop, &w);
  ev_loop_destroy (loop);
  CHECK_TRACE ("io stopped");
  CHECK (!ev_is_active (&io));
}

TEST (loop_default_cleanup_runs_too)
{
  struct ev_loop *loop = t_default_loop (0);
  ev_cleanup w;
  NAME (cleanup, &w, "cleanup");
  ev_cleanup_start (loop, &w);
  ev_loop_destroy (loop);
  CHECK_TRACE ("cleanup");
  CHECK (!EV_DEFAULT_UC);
}

static void
loop_cleanup_asks_default (EV_P_ ev_cleanup *w, int revents)
{
  t_trace ("%s", ev_default_loop (EVFLAG_NOENV) == loop && ev_is_default_loop (EV_A) ? "still default" : "no longer default");
}

TEST (loop_default_stays_default_in_its_cleanup)
{
  struct ev_loop *loop = t_default_loop (0);
  ev_cleanup w;
  ev_cleanup_init (&w, loop_cleanup_asks_default);
  ev_cleanup_start (loop, &w);
  ev_loop_destroy (loop);
  CHECK_TRACE ("still default");
}

TEST (loop_cleanup_keeps_nothing_alive)
{
  struct ev_loop *loop = t_loop (0);
  ev_cleanup w;
  NAME (cleanup, &w, "cleanup");
  ev_cleanup_start (loop, &w);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("");
  ev_cleanup_stop (loop, &w);
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 0);
  ev_loop_destroy (loop);
  CHECK_TRACE ("");
}

static jmp_buf loop_out;

static void
loop_cleanup_jumps (EV_P_ ev_cleanup *w, int revents)
{
  t_trace ("jump");
  w->cb = named_cleanup;
  w->data = (void *)"again";
  longjmp (loop_out, 1);
}

TEST (loop_destroy_can_be_left_by_longjmp)
{
  struct ev_loop *loop = t_loop (0);
  static ev_cleanup first, second;
  NAME (cleanup, &first, "first");
  ev_cleanup_start (loop, &first);
  ev_cleanup_init (&second, loop_cleanup_jumps);
  ev_cleanup_start (loop, &second);
  if (!setjmp (loop_out))
    {
      ev_loop_destroy (loop);
      CHECK (0);
    }
  CHECK_TRACE ("jump");
  CHECK_EQ (ev_pending_count (loop), 1);
  loop_run_timer (loop, "timer");
  CHECK_TRACE ("jump first timer");
  ev_loop_destroy (loop);
  CHECK_TRACE ("jump first timer again first");
}

/* Destroy: what is left */

TEST (loop_destroy_leaves_active_and_pending)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer timer;
  ev_io io;
  ev_prepare prepare;
  ev_async async;
  int fd[2];
  t_pipe (fd);
  NAME (timer, &timer, "timer", 5., 0.);
  ev_timer_start (loop, &timer);
  NAME (io, &io, "io", fd[0], EV_READ);
  ev_io_start (loop, &io);
  NAME (prepare, &prepare, "prepare");
  ev_prepare_start (loop, &prepare);
  NAME (async, &async, "async");
  ev_async_start (loop, &async);
  ev_feed_event (loop, &io, EV_READ);
  CHECK (ev_is_pending (&io));
  ev_loop_destroy (loop);
  CHECK (ev_is_active (&timer));
  CHECK (!ev_is_pending (&timer));
  CHECK (ev_is_active (&io));
  CHECK (ev_is_pending (&io));
  CHECK (ev_is_active (&prepare));
  CHECK (ev_is_active (&async));
  CHECK_TRACE ("");
}

TEST (loop_watchers_of_a_dead_loop_can_be_used_again)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer timer;
  ev_io io;
  int fd[2];
  t_pipe (fd);
  NAME (timer, &timer, "timer", 5., 0.);
  ev_timer_start (loop, &timer);
  NAME (io, &io, "io", fd[1], EV_WRITE);
  ev_io_start (loop, &io);
  ev_loop_destroy (loop);

  loop = t_loop (0);
  NAME (timer, &timer, "timer again", 0., 0.);
  ev_timer_start (loop, &timer);
  NAME (io, &io, "io again", fd[1], EV_WRITE);
  ev_io_start (loop, &io);
  ev_run (loop, EVRUN_ONCE);
  ev_io_stop (loop, &io);
  ev_run (loop, 0);
  CHECK (strstr (t_traced (), "timer again"));
  CHECK (strstr (t_traced (), "io again"));
  ev_loop_destroy (loop);
}

/* Takes every descriptor that a loop can have: wake-up, timerfd, inotify and, with SIGNALFD, the signalfd. */
static void
loop_take_descriptors (struct ev_loop *loop, int pipe_end)
{
  static ev_async async;
  static ev_periodic periodic;
  static ev_stat stat;
  static ev_signal signal;
  static ev_io io;
  NAME (async, &async, "async");
  ev_async_start (loop, &async);
  NAME (periodic, &periodic, "periodic", 0., 1000., 0);
  ev_periodic_start (loop, &periodic);
  NAME (stat, &stat, "stat", t_tmpdir (), 100.);
  ev_stat_start (loop, &stat);
  NAME (signal, &signal, "signal", SIGUSR1);
  ev_signal_start (loop, &signal);
  NAME (io, &io, "io", pipe_end, EV_READ);
  ev_io_start (loop, &io);
  ev_run (loop, EVRUN_NOWAIT);
  ev_signal_stop (loop, &signal);
}

#define LOOP_FDS 200

/* Every descriptor that was not there at the time of `known` must be close-on-exec; returns how many there are. */
static int
loop_check_cloexec (const char known[LOOP_FDS])
{
  int fd, n = 0;
  for (fd = 0; fd < LOOP_FDS; ++fd)
    {
      int flags = fcntl (fd, F_GETFD);
      if (known[fd] || flags == -1)
        continue;
      if (!(flags & FD_CLOEXEC))
        t_fail (__FILE__, __LINE__, "descriptor %d is not close-on-exec", fd);
      ++n;
    }
  return n;
}

TEST (loop_descriptors_are_closed_by_destroy)
{
  int fd[2], before, i;
  t_pipe (fd);
  before = t_open_fds ();
  for (i = 0; i < 5; ++i)
    {
      struct ev_loop *loop = t_loop (i % 2 ? EVFLAG_SIGNALFD : 0);
      loop_take_descriptors (loop, fd[0]);
      CHECK (t_open_fds () >= before + 3);
      ev_loop_destroy (loop);
      CHECK_EQ (t_open_fds (), before);
    }
  for (i = 0; i < 5; ++i)
    {
      struct ev_loop *loop = t_default_loop (i % 2 ? EVFLAG_SIGNALFD : 0);
      loop_take_descriptors (loop, fd[0]);
      ev_loop_destroy (loop);
      CHECK_EQ (t_open_fds (), before);
    }
}

TEST (loop_descriptors_are_close_on_exec)
{
  struct ev_loop *loop;
  char known[LOOP_FDS];
  int fd[2], i;
  t_pipe (fd);
  for (i = 0; i < LOOP_FDS; ++i)
    known[i] = fcntl (i, F_GETFD) != -1;
  loop = t_loop (EVFLAG_SIGNALFD);
  loop_take_descriptors (loop, fd[0]);
  CHECK (loop_check_cloexec (known) >= 3);
  ev_loop_fork (loop);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK (loop_check_cloexec (known) >= 3);
  ev_loop_destroy (loop);
  loop = t_default_loop (0);
  loop_take_descriptors (loop, fd[0]);
  CHECK (loop_check_cloexec (known) >= 3);
  ev_loop_destroy (loop);
}

TEST (loop_new_and_destroy_many_times)
{
  int before = t_open_fds (), i;
  for (i = 0; i < 50; ++i)
    {
      struct ev_loop *loop = t_loop (0);
      if (i % 10 == 0)
        loop_run_timer (loop, "timer");
      ev_loop_destroy (loop);
    }
  CHECK_EQ (t_open_fds (), before);
  CHECK_TRACE ("timer timer timer timer timer");
}

TEST (loop_destroy_leaves_signal_handlers)
{
  struct ev_loop *loop = t_loop (0);
  ev_signal w;
  struct sigaction during;
  NAME (signal, &w, "signal", SIGUSR1);
  ev_signal_start (loop, &w);
  during = loop_action (SIGUSR1);
  CHECK (during.sa_handler != SIG_DFL);
  ev_loop_destroy (loop);
  CHECK (loop_action (SIGUSR1).sa_handler == during.sa_handler);
  CHECK (ev_is_active (&w));
}

TEST (loop_destroy_leaves_signal_mask)
{
  struct ev_loop *loop = t_loop (EVFLAG_SIGNALFD);
  ev_signal w;
  sigset_t set;
  NAME (signal, &w, "signal", SIGUSR1);
  ev_signal_start (loop, &w);
  ev_loop_destroy (loop);
  CHECK (!sigprocmask (SIG_BLOCK, 0, &set));
  CHECK (sigismember (&set, SIGUSR1));
}

TEST (loop_destroy_frees_its_signals, .ours_only = "destroying a loop drops its signal watchers: the signal is free for any loop")
{
  struct ev_loop *first = t_loop (0), *second;
  ev_signal orphan, heir;
  NAME (signal, &orphan, "orphan", SIGUSR1);
  ev_signal_start (first, &orphan);
  ev_loop_destroy (first);
  CHECK (!raise (SIGUSR1)); /* the handler stays, and does nothing */

  second = t_loop (0);
  NAME (signal, &heir, "heir", SIGUSR1);
  ev_signal_start (second, &heir);
  CHECK (!raise (SIGUSR1));
  ev_run (second, EVRUN_ONCE);
  CHECK_TRACE ("heir");
  ev_signal_stop (second, &heir);
  ev_loop_destroy (second);
}

TEST (loop_orphaned_signal_watcher_can_be_stopped, .ours_only = "stopping a signal watcher of a destroyed loop is harmless")
{
  struct ev_loop *first = t_loop (0), *second;
  ev_signal orphan, heir;
  NAME (signal, &orphan, "orphan", SIGUSR1);
  ev_signal_start (first, &orphan);
  ev_loop_destroy (first);
  second = t_loop (0);
  NAME (signal, &heir, "heir", SIGUSR1);
  ev_signal_start (second, &heir);
  ev_signal_stop (second, &orphan);
  CHECK (!ev_is_active (&orphan));
  CHECK (ev_is_active (&heir));
  CHECK (!raise (SIGUSR1));
  ev_run (second, EVRUN_ONCE);
  CHECK_TRACE ("heir");
  ev_signal_stop (second, &heir);
  CHECK (loop_action (SIGUSR1).sa_handler == SIG_DFL);
  ev_loop_destroy (second);
}

TEST (loop_orphan_of_the_default_loop_is_dropped, .ours_only = "destroying a loop drops its signal watchers: the signal is free for any loop")
{
  struct ev_loop *loop = t_default_loop (0);
  ev_signal orphan, heir;
  NAME (signal, &orphan, "orphan", SIGCHLD);
  ev_signal_start (loop, &orphan);
  ev_loop_destroy (loop);
  loop = t_loop (0);
  NAME (signal, &heir, "heir", SIGCHLD);
  ev_signal_start (loop, &heir);
  CHECK (!raise (SIGCHLD));
  ev_run (loop, EVRUN_ONCE);
  CHECK_TRACE ("heir");
  ev_signal_stop (loop, &heir);
  ev_loop_destroy (loop);
}

/* Several loops */

static void
loop_destroys_other (EV_P_ ev_timer *w, int revents)
{
  struct ev_loop *other = w->data;
  t_trace ("timer");
  ev_loop_destroy (other);
}

TEST (loop_callback_may_destroy_another_loop)
{
  struct ev_loop *loop = t_loop (0), *other = t_loop (0);
  ev_timer timer;
  ev_cleanup cleanup;
  NAME (cleanup, &cleanup, "cleanup");
  ev_cleanup_start (other, &cleanup);
  ev_timer_init (&timer, loop_destroys_other, 0., 0.);
  timer.data = other;
  ev_timer_start (loop, &timer);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("timer cleanup");
  loop_run_timer (loop, "on");
  CHECK_TRACE ("timer cleanup on");
  ev_loop_destroy (loop);
}

static void
loop_timer_jumps (EV_P_ ev_timer *w, int revents)
{
  longjmp (loop_out, 1);
}

TEST (loop_can_be_destroyed_after_longjmp_out_of_it)
{
  struct ev_loop *loop = t_loop (0);
  static ev_timer timer;
  static ev_cleanup cleanup;
  int before = t_open_fds ();
  NAME (cleanup, &cleanup, "cleanup");
  ev_cleanup_start (loop, &cleanup);
  ev_timer_init (&timer, loop_timer_jumps, 0., 0.);
  ev_timer_start (loop, &timer);
  if (!setjmp (loop_out))
    ev_run (loop, 0);
  ev_loop_destroy (loop);
  CHECK_TRACE ("cleanup");
  CHECK (t_open_fds () <= before);
}

static void
loop_thread_timer (EV_P_ ev_timer *w, int revents)
{
  ++*(int *)w->data;
}

static void *
loop_thread (void *arg)
{
  int i, calls = 0;
  for (i = 0; i < 20; ++i)
    {
      struct ev_loop *loop = t_loop (0);
      ev_timer w;
      ev_timer_init (&w, loop_thread_timer, 0.001, 0.);
      w.data = &calls;
      ev_timer_start (loop, &w);
      CHECK_EQ (ev_run (loop, 0), 0);
      ev_loop_destroy (loop);
    }
  CHECK_EQ (calls, 20);
  return 0;
}

TEST (loop_new_is_thread_safe)
{
  pthread_t thread[6];
  int i, before = t_open_fds ();
  for (i = 0; i < 6; ++i)
    CHECK (!pthread_create (thread + i, 0, loop_thread, 0));
  for (i = 0; i < 6; ++i)
    CHECK (!pthread_join (thread[i], 0));
  CHECK_EQ (t_open_fds (), before);
}

static void *
loop_run_in_thread (void *arg)
{
  struct ev_loop *loop = arg;
  CHECK_EQ (ev_run (loop, 0), 0);
  return 0;
}

TEST (loop_of_one_thread_runs_in_another)
{
  struct ev_loop *loop = t_loop (0);
  pthread_t thread;
  static ev_timer w;
  NAME (timer, &w, "timer", 0.001, 0.);
  ev_timer_start (loop, &w);
  CHECK (!pthread_create (&thread, 0, loop_run_in_thread, loop));
  CHECK (!pthread_join (thread, 0));
  CHECK_TRACE ("timer");
  ev_loop_destroy (loop);
}

/* Small things that a loop carries */

TEST (loop_userdata)
{
  struct ev_loop *first = t_loop (0), *second = t_loop (0);
  int a, b;
  CHECK (!ev_userdata (first));
  ev_set_userdata (first, &a);
  CHECK (ev_userdata (first) == &a);
  CHECK (!ev_userdata (second));
  ev_set_userdata (second, &b);
  loop_run_timer (first, "timer");
  CHECK (ev_userdata (first) == &a);
  CHECK (ev_userdata (second) == &b);
  ev_set_userdata (first, 0);
  CHECK (!ev_userdata (first));
  ev_loop_destroy (first);
  ev_loop_destroy (second);
}

static void
loop_never_invoked (EV_P)
{
  t_trace ("old hook");
}

TEST (loop_default_made_again_starts_fresh)
{
  struct ev_loop *loop = t_default_loop (0);
  ev_timer w;
  double start;
  loop_run_timer (loop, "timer");
  NAME (timer, &w, "never", 0., 0.);
  ev_feed_event (loop, &w, EV_TIMER);
  ev_set_invoke_pending_cb (loop, loop_never_invoked);
  ev_set_timeout_collect_interval (loop, 20.);
  ev_set_io_collect_interval (loop, 20.);
  ev_loop_destroy (loop);

  loop = t_default_loop (0);
  CHECK_EQ (ev_depth (loop), 0);
  CHECK_EQ (ev_pending_count (loop), 0);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("timer");
  start = t_clock ();
  loop_run_timer (loop, "on");
  CHECK_BETWEEN (t_clock () - start, 0., 10.);
  CHECK_TRACE ("timer on");
  ev_loop_destroy (loop);
}

TEST (loop_default_made_again_forgets_all,
      .ours_only = "a default loop made again starts from nothing (the reference keeps counts, user data and release hooks)")
{
  struct ev_loop *loop = t_default_loop (0);
  ev_timer w;
  loop_run_timer (loop, "timer");
  ev_set_userdata (loop, &w);
  ev_set_loop_release_cb (loop, loop_never_invoked, loop_never_invoked);
  NAME (timer, &w, "never", 100., 0.);
  ev_timer_start (loop, &w);
  ev_ref (loop);
  ev_loop_destroy (loop);

  loop = t_default_loop (0);
  CHECK (!ev_userdata (loop));
  CHECK_EQ (ev_iteration (loop), 0);
  CHECK_EQ (ev_run (loop, 0), 0);
  loop_run_timer (loop, "on");
  CHECK_TRACE ("timer on");
  ev_loop_destroy (loop);
}

TEST (loop_fresh_state)
{
  struct ev_loop *loop = t_loop (0);
  CHECK (!ev_userdata (loop));
  CHECK_EQ (ev_iteration (loop), 0);
  CHECK_EQ (ev_depth (loop), 0);
  CHECK_EQ (ev_pending_count (loop), 0);
  CHECK_BETWEEN (ev_now (loop), ev_time () - 5., ev_time () + 0.001);
  ev_verify (loop);
  ev_loop_destroy (loop);
}
