/* linuxaio: no context to be had, at the start (the next backend is taken) or later (the loop goes on with epoll, for good). */
#include "aio.h"

#include <pty.h>
#include <sys/epoll.h>

/* ---- at the start ---- */

static void
refused_at_start (int error)
{
  struct ev_loop *loop;
  inject_error (SYS_io_setup, error, 0, INJECT_ALWAYS);
  CHECK (!ev_loop_new (EVFLAG_NOENV | EVBACKEND_LINUXAIO));
  loop = ev_loop_new (EVFLAG_NOENV | EVBACKEND_LINUXAIO | EVBACKEND_EPOLL | EVBACKEND_POLL);
  CHECK (loop);
  CHECK_EQ (ev_backend (loop), EVBACKEND_EPOLL);
  ev_loop_destroy (loop);
  loop = ev_loop_new (EVFLAG_NOENV | EVBACKEND_LINUXAIO | EVBACKEND_SELECT);
  CHECK (loop);
  CHECK_EQ (ev_backend (loop), EVBACKEND_SELECT);
  ev_loop_destroy (loop);
  CHECK (!ev_default_loop (EVFLAG_NOENV | EVBACKEND_LINUXAIO));
  CHECK (!EV_DEFAULT_UC);
  CHECK (ev_default_loop (EVFLAG_NOENV | EVBACKEND_LINUXAIO | EVBACKEND_POLL));
  CHECK_EQ (ev_backend (EV_DEFAULT), EVBACKEND_POLL);
  ev_loop_destroy (EV_DEFAULT);
}

TEST (limit_kernel_without_the_call, .backends = T_LINUXAIO)
{
  WATCH_AIO ();
  refused_at_start (ENOSYS);
}

TEST (limit_sandbox_forbids_the_call, .backends = T_LINUXAIO)
{
  WATCH_AIO ();
  refused_at_start (EPERM);
}

TEST (limit_reached_at_start, .backends = T_LINUXAIO)
{
  WATCH_AIO ();
  refused_at_start (EAGAIN);
}

TEST (limit_no_memory_at_start, .backends = T_LINUXAIO)
{
  WATCH_AIO ();
  refused_at_start (ENOMEM);
}

TEST (limit_refused_start_leaves_no_descriptor,
      .backends = T_LINUXAIO, .ours_only = "linuxaio refused at the start leaves no descriptor open (in the reference its epoll set)")
{
  struct ev_loop *loop;
  int fds;
  WATCH_AIO ();
  fds = t_open_fds ();
  inject_error (SYS_io_setup, EAGAIN, 0, INJECT_ALWAYS);
  CHECK (!ev_loop_new (EVFLAG_NOENV | EVBACKEND_LINUXAIO));
  CHECK_EQ (t_open_fds (), fds);
  loop = ev_loop_new (EVFLAG_NOENV | EVBACKEND_LINUXAIO | EVBACKEND_POLL);
  CHECK_EQ (t_open_fds (), fds); /* poll needs none */
  CHECK_EQ (ev_backend (loop), EVBACKEND_POLL);
  ev_loop_destroy (loop);
  CHECK_EQ (t_open_fds (), fds);
}

TEST (limit_refused_start_works_later, .backends = T_LINUXAIO)
{
  struct ev_loop *loop;
  struct inject_rule *rule;
  WATCH_AIO ();
  rule = inject_error (SYS_io_setup, EAGAIN, 0, INJECT_ALWAYS);
  CHECK (!ev_loop_new (EVFLAG_NOENV | EVBACKEND_LINUXAIO));
  inject_end (rule);
  loop = t_loop (0);
  many_start (loop, 10, 1);
  many_expect (loop, 1);
  ev_loop_destroy (loop);
}

TEST (limit_no_epoll_at_start, .backends = T_LINUXAIO)
{
  /* Without its fallback it isn't safe to begin. */
  struct ev_loop *loop;
  int contexts, fds;
  WATCH_AIO ();
  contexts = aio_contexts ();
  fds = t_open_fds ();
  inject_error (SYS_epoll_create1, EMFILE, 0, INJECT_ALWAYS);
  CHECK (!ev_loop_new (EVFLAG_NOENV | EVBACKEND_LINUXAIO));
  loop = ev_loop_new (EVFLAG_NOENV | EVBACKEND_LINUXAIO | EVBACKEND_EPOLL | EVBACKEND_POLL);
  CHECK (loop);
  CHECK_EQ (ev_backend (loop), EVBACKEND_POLL);
  ev_loop_destroy (loop);
  CHECK_EQ (aio_contexts (), contexts);
  CHECK_EQ (t_open_fds (), fds);
}

TEST (limit_kernel_whose_aio_cannot_poll,
      .backends = T_LINUXAIO, .ours_only = "a kernel whose aio can't poll (before 4.19) is known by trying, not by its version")
{
  struct ev_loop *loop;
  int fds;
  WATCH_AIO ();
  fds = t_open_fds ();
  inject_error (SYS_io_submit, EINVAL, 0, INJECT_ALWAYS);
  CHECK (!ev_loop_new (EVFLAG_NOENV | EVBACKEND_LINUXAIO));
  loop = ev_loop_new (EVFLAG_NOENV | EVBACKEND_LINUXAIO | EVBACKEND_EPOLL);
  CHECK (loop);
  CHECK_EQ (ev_backend (loop), EVBACKEND_EPOLL);
  many_start (loop, 10, 1);
  many_expect (loop, 1);
  many_end (loop);
  ev_loop_destroy (loop);
  CHECK_EQ (aio_contexts (), 0);
  CHECK_EQ (t_open_fds (), fds);
}

/* ---- while the loop runs ---- */

/* From now on no larger ring is given, and a submit finds the present one full. */
static struct inject_rule *full;

static struct inject_rule *
no_more (int error)
{
  full = inject_error (SYS_io_submit, EAGAIN, 0, INJECT_ALWAYS);
  return inject_error (SYS_io_setup, error, 0, INJECT_ALWAYS);
}

static void
switched_by (int error)
{
  struct ev_loop *loop;
  struct inject_rule *rule;
  ev_io w;
  int p[2];
  WATCH_AIO ();
  loop = t_loop (0);
  many_start (loop, 50, 0);
  drive (loop, 2);
  many_add (); /* 50 events in the ring that goes away */
  t_pipe (p);
  io_named (loop, &w, "r", p[0], EV_READ);
  rule = no_more (error);
  many_expect (loop, 1);
  CHECK (rule->struck >= 1);
  CHECK_EQ (ev_backend (loop), EVBACKEND_EPOLL);
  CHECK_TRACE ("");
  t_write (p[1], "x");
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("r:1");
  many_add ();
  many_expect (loop, 1);
  many_end (loop);
  ev_loop_destroy (loop);
}

TEST (limit_reached_in_the_middle_switches_to_epoll, .backends = T_LINUXAIO)
{
  switched_by (EAGAIN);
}

TEST (limit_no_memory_in_the_middle_switches_to_epoll, .backends = T_LINUXAIO)
{
  switched_by (ENOMEM);
}

static void
forbidden_later (int error)
{
  struct ev_loop *loop;
  WATCH_AIO ();
  loop = t_loop (0);
  ev_set_syserr_cb (trace_syserr);
  many_start (loop, 50, 0);
  drive (loop, 2);
  many_add ();
  inject_error (SYS_io_submit, error, 0, INJECT_ALWAYS);
  many_expect (loop, 1);
  many_add ();
  many_expect (loop, 1);
  CHECK_EQ (ev_backend (loop), EVBACKEND_EPOLL);
  CHECK_TRACE ("");
  ev_loop_destroy (loop);
}

#define SANDBOX "a sandbox that comes after the loop and forbids io_submit makes it go on with epoll (the reference calls syserr for ever)"

TEST (limit_sandbox_comes_later, .backends = T_LINUXAIO, .ours_only = SANDBOX)
{
  forbidden_later (EPERM);
}

TEST (limit_sandbox_comes_later_and_pretends_an_old_kernel, .backends = T_LINUXAIO, .ours_only = SANDBOX)
{
  forbidden_later (ENOSYS);
}

TEST (limit_switch_is_for_good, .backends = T_LINUXAIO)
{
  struct ev_loop *loop;
  struct inject_rule *rule;
  WATCH_AIO ();
  loop = t_loop (0);
  many_start (loop, 20, 1);
  rule = no_more (EAGAIN);
  many_expect (loop, 1);
  inject_end (rule);
  inject_end (full);
  inject_mark ();
  many_add ();
  many_expect (loop, 1);
  ev_loop_fork (loop);
  many_add ();
  many_expect (loop, 1);
  CHECK_EQ (ev_backend (loop), EVBACKEND_EPOLL);
  CHECK_EQ (inject_calls (SYS_io_setup), 0);
  CHECK_EQ (inject_calls (SYS_io_submit), 0);
  ev_loop_destroy (loop);
}

TEST (limit_switch_gives_the_context_back, .backends = T_LINUXAIO)
{
  struct ev_loop *loop;
  ev_io w;
  int s[2];
  WATCH_AIO ();
  loop = t_loop (0);
  t_socketpair (s);
  io_named (loop, &w, "r", s[0], EV_READ);
  many_start (loop, 20, 1);
  no_more (EAGAIN);
  many_expect (loop, 1);
  ev_io_stop (loop, &w);
  close (s[0]);
  drive (loop, 2);
  CHECK (at_end (s[1])); /* nothing of the old ring holds it */
  ev_loop_destroy (loop);
  CHECK_EQ (aio_contexts (), 0);
}

TEST (limit_switch_keeps_ptys, .backends = T_LINUXAIO)
{
  struct ev_loop *loop;
  ev_io w;
  int master, slave;
  WATCH_AIO ();
  loop = t_loop (0);
  CHECK (!openpty (&master, &slave, 0, 0, 0));
  fcntl (master, F_SETFL, O_NONBLOCK);
  io_named (loop, &w, "pty", master, EV_READ);
  drive (loop, 3);
  many_start (loop, 20, 1);
  no_more (EAGAIN);
  many_expect (loop, 1);
  CHECK_EQ (ev_backend (loop), EVBACKEND_EPOLL);
  CHECK_TRACE ("");
  t_write (slave, "x");
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("pty:1");
  t_drain (master);
  drive (loop, 2);
  noted = 0;
  drive (loop, 3);
  CHECK_EQ (noted, 0);
  ev_io_stop (loop, &w);
  t_write (slave, "x");
  drive (loop, 3);
  CHECK_EQ (noted, 0);
  ev_loop_destroy (loop);
}

TEST (limit_switch_keeps_regular_files_ready, .backends = T_LINUXAIO)
{
  struct ev_loop *loop;
  ev_io w;
  int fd;
  char name[4096];
  WATCH_AIO ();
  loop = t_loop (0);
  snprintf (name, sizeof name, "%s/file", t_tmpdir ());
  fd = open (name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  io_named (loop, &w, "file", fd, EV_READ);
  drive (loop, 2);
  many_start (loop, 20, 1);
  no_more (EAGAIN);
  many_expect (loop, 1);
  CHECK_EQ (ev_backend (loop), EVBACKEND_EPOLL);
  noted = 0;
  ev_run (loop, EVRUN_ONCE);
  ev_run (loop, EVRUN_ONCE);
  CHECK_EQ (noted, 2);
  ev_io_stop (loop, &w);
  noted = 0;
  drive (loop, 2);
  CHECK_EQ (noted, 0);
  ev_loop_destroy (loop);
}

TEST (limit_switch_in_a_busy_default_loop, .backends = T_LINUXAIO)
{
  struct ev_loop *loop;
  ev_timer t;
  ev_async a;
  ev_signal s;
  ev_child c;
  pid_t pid;
  WATCH_AIO ();
  loop = t_default_loop (0);
  timer_named (loop, &t, "t", .02, 0.);
  NAMED (&a, note_async, "a");
  ev_async_start (loop, &a);
  NAMED (&s, note_signal, "s");
  ev_signal_set (&s, SIGUSR1);
  ev_signal_start (loop, &s);
  drive (loop, 2);
  many_start (loop, 20, 1);
  no_more (EAGAIN);
  kill (getpid (), SIGUSR1);
  ev_async_send (loop, &a);
  many_expect (loop, 1);
  CHECK_EQ (ev_backend (loop), EVBACKEND_EPOLL);
  drive_until (loop, &noted, 3);
  pid = fork ();
  CHECK (pid >= 0);
  if (!pid)
    _exit (7);
  NAMED (&c, note_child, "c");
  ev_child_set (&c, pid, 0);
  ev_child_start (loop, &c);
  drive_until (loop, &noted, 4);
  CHECK_EQ (WEXITSTATUS (c.rstatus), 7);
  CHECK (strstr (t_traced (), "s:400") && strstr (t_traced (), "a:80000") && strstr (t_traced (), "t:100"));
  ev_loop_destroy (loop);
}

TEST (limit_reached_on_the_way_to_2000, .backends = T_LINUXAIO)
{
  /* The kernel's ring is really full here; only the larger one is refused. */
  struct ev_loop *loop;
  struct inject_rule *rule;
  WATCH_AIO ();
  loop = t_loop (0);
  drive (loop, 1);
  rule = inject_error (SYS_io_setup, EAGAIN, 0, INJECT_ALWAYS);
  many_start (loop, 2000, 1);
  many_expect (loop, 1);
  CHECK (rule->struck >= 1);
  CHECK_EQ (ev_backend (loop), EVBACKEND_EPOLL);
  many_add ();
  many_expect (loop, 1);
  ev_loop_destroy (loop);
}

TEST (limit_switch_beside_a_loop_that_stays, .backends = T_LINUXAIO)
{
  struct ev_loop *loop, *other;
  ev_io w;
  int p[2];
  WATCH_AIO ();
  loop = t_loop (0);
  other = t_loop (0);
  t_pipe (p);
  io_named (other, &w, "other", p[0], EV_READ);
  drive (other, 2);
  many_start (loop, 20, 1);
  no_more (EAGAIN);
  many_expect (loop, 1);
  CHECK_EQ (ev_backend (loop), EVBACKEND_EPOLL);
  CHECK_EQ (ev_backend (other), EVBACKEND_LINUXAIO);
  inject_end (full);
  t_write (p[1], "x");
  drive (other, 2);
  CHECK_TRACE ("other:1 other:1");
  CHECK_EQ (ev_backend (other), EVBACKEND_LINUXAIO);
  ev_loop_destroy (loop);
  ev_loop_destroy (other);
}

TEST (limit_switched_loop_in_a_child, .backends = T_LINUXAIO)
{
  struct ev_loop *loop;
  pid_t pid;
  int status;
  WATCH_AIO ();
  loop = t_loop (0);
  many_start (loop, 20, 1);
  no_more (EAGAIN);
  many_expect (loop, 1);
  CHECK_EQ (ev_backend (loop), EVBACKEND_EPOLL);
  pid = fork ();
  CHECK (pid >= 0);
  if (!pid)
    {
      ev_loop_fork (loop);
      many_add ();
      many_expect (loop, 1);
      ev_loop_destroy (loop);
      _exit (0);
    }
  CHECK_EQ (waitpid (pid, &status, 0), pid);
  CHECK_EQ (status, 0);
  many_add ();
  many_expect (loop, 1);
  ev_loop_destroy (loop);
}

/* ---- the real limit of the machine ---- */

static unsigned long
limit_of (const char *name)
{
  unsigned long value = 0;
  FILE *file = fopen (name, "r");
  CHECK (file && fscanf (file, "%lu", &value) == 1);
  fclose (file);
  return value;
}

enum { HOGS = 4096 };
static unsigned long hog[HOGS];
static int hogs;

/* Takes every request that the machine has left. */
static void
take_all (void)
{
  unsigned size = 16384;
  if (limit_of ("/proc/sys/fs/aio-max-nr") > 4000000)
    t_skip ("fs.aio-max-nr is too high to be used up");
  while (size)
    {
      CHECK (hogs < HOGS);
      if (!syscall (SYS_io_setup, size, &hog[hogs]))
        ++hogs;
      else
        {
          CHECK_EQ (errno, EAGAIN);
          size /= 2;
        }
    }
}

TEST (limit_of_the_machine_at_start, .backends = T_LINUXAIO, .alone = 1)
{
  struct ev_loop *none, *next;
  take_all ();
  none = ev_loop_new (EVFLAG_NOENV | EVBACKEND_LINUXAIO);
  next = ev_loop_new (EVFLAG_NOENV | EVBACKEND_LINUXAIO | EVBACKEND_EPOLL);
  while (hogs)
    syscall (SYS_io_destroy, hog[--hogs]);
  CHECK (!none);
  CHECK (next);
  CHECK_EQ (ev_backend (next), EVBACKEND_EPOLL);
  many_start (next, 10, 1);
  many_expect (next, 1);
  ev_loop_destroy (next);
}

TEST (limit_of_the_machine_in_the_middle, .backends = T_LINUXAIO, .alone = 1)
{
  struct ev_loop *loop = t_loop (0);
  many_start (loop, 50, 1);
  many_expect (loop, 1);
  CHECK_EQ (ev_backend (loop), EVBACKEND_LINUXAIO);
  many_end (loop);
  drive (loop, 2);
  take_all ();
  many_start (loop, 3000, 1);
  many_expect (loop, 1);
  CHECK_EQ (ev_backend (loop), EVBACKEND_EPOLL);
  while (hogs)
    syscall (SYS_io_destroy, hog[--hogs]);
  many_add ();
  many_expect (loop, 1);
  CHECK_EQ (ev_backend (loop), EVBACKEND_EPOLL);
  ev_loop_destroy (loop);
}
