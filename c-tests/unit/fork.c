/* Fork: fork watchers, ev_loop_fork and FORKCHECK, and what lives on in the child while the parent goes on undisturbed. */
#include "drive.h"
#include "reasons.h"

#include <sys/epoll.h>
#include <sys/syscall.h>

static void
fork_named (struct ev_loop *loop, ev_fork *w, const char *name)
{
  NAMED (w, note_fork, name);
  ev_fork_start (loop, w);
}

/* Runs `body` in a child, lets the parent go on meanwhile, and fails if the child does. */
static pid_t
begin_child (void (*body) (struct ev_loop *), struct ev_loop *loop)
{
  pid_t pid;
  fflush (stdout);
  fflush (stderr);
  pid = fork ();
  CHECK (pid >= 0);
  if (!pid)
    {
      body (loop);
      _exit (0);
    }
  return pid;
}

/* ---- fork watchers ---- */

static void
fork_watchers_child (struct ev_loop *loop)
{
  ev_loop_fork (loop);
  CHECK_TRACE (""); /* in the next run, not now */
  drive (loop, 2);
  CHECK_TRACE ("c:20000 b:20000 a:20000 prepare:4000 check:8000 prepare:4000 check:8000");
}

TEST (fork_watchers_are_called_in_the_child)
{
  struct ev_loop *loop = t_loop (0);
  ev_fork a, b, c;
  ev_prepare p;
  ev_check k;
  NAMED (&p, note_prepare, "prepare");
  ev_prepare_start (loop, &p);
  NAMED (&k, note_check, "check");
  ev_check_start (loop, &k);
  fork_named (loop, &a, "a");
  fork_named (loop, &b, "b");
  fork_named (loop, &c, "c");
  CHECK_EQ (t_wait (begin_child (fork_watchers_child, loop)), 0);
  drive (loop, 1);
  CHECK_TRACE ("prepare:4000 check:8000"); /* not here */
  ev_loop_destroy (loop);
}

TEST (fork_watchers_are_called_wherever_ev_loop_fork_is)
{
  struct ev_loop *loop = t_loop (0);
  ev_fork w;
  fork_named (loop, &w, "w");
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 1); /* counts as active */
  ev_loop_fork (loop);
  ev_loop_fork (loop);
  drive (loop, 3);
  CHECK_TRACE ("w:20000"); /* once */
  ev_fork_stop (loop, &w);
  ev_fork_stop (loop, &w);
  ev_loop_fork (loop);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("w:20000");
  ev_loop_destroy (loop);
}

TEST (fork_watchers_hole_priority_and_pending)
{
  struct ev_loop *loop = t_loop (0);
  ev_fork a, b, c, high;
  fork_named (loop, &a, "a");
  fork_named (loop, &b, "b");
  fork_named (loop, &c, "c");
  NAMED (&high, note_fork, "high");
  ev_set_priority (&high, 1);
  ev_fork_start (loop, &high);
  ev_fork_start (loop, &high); /* of an active one: nothing */
  ev_fork_stop (loop, &a);     /* high moves there */
  ev_loop_fork (loop);
  drive (loop, 1);
  CHECK_TRACE ("high:20000 c:20000 b:20000");
  ev_feed_event (loop, &b, EV_FORK);
  ev_fork_stop (loop, &b);
  CHECK (!ev_is_pending (&b));
  ev_verify (loop);
  ev_loop_destroy (loop);
}

static void
breaks (EV_P_ ev_fork *w, int revents)
{
  note_any ((ev_watcher *)w, revents);
  if (noted == 1)
    ev_break (loop, EVBREAK_ONE);
}

TEST (fork_break_before_the_rebuild_leaves_the_request)
{
  struct ev_loop *loop = t_loop (0);
  unsigned before;
  ev_fork w;
  NAMED (&w, breaks, "w");
  ev_fork_start (loop, &w);
  ev_loop_fork (loop);
  before = ev_iteration (loop);
  drive (loop, 1);
  CHECK_TRACE ("w:20000");
  CHECK_EQ (ev_iteration (loop), before); /* no poll */
  drive (loop, 1);
  CHECK_TRACE ("w:20000 w:20000"); /* asked again */
  drive (loop, 1);
  CHECK_TRACE ("w:20000 w:20000");
  ev_loop_destroy (loop);
}

static int forked_in_prepare;

static void
forks_loop (EV_P_ ev_prepare *w, int revents)
{
  (void)w;
  (void)revents;
  if (!forked_in_prepare++)
    ev_loop_fork (loop);
}

static int epoll_creates;

int
epoll_create1 (int flags)
{
  ++epoll_creates;
  return (int)syscall (SYS_epoll_create1, flags);
}

TEST (fork_asked_in_a_prepare_callback_skips_the_fork_watchers)
{
  struct ev_loop *loop = t_loop (0);
  ev_prepare p;
  ev_fork w;
  ev_io io;
  int fd[2];
  t_pipe (fd);
  t_write (fd[1], "x");
  io_named (loop, &io, "io", fd[0], EV_READ);
  drive (loop, 1);
  fork_named (loop, &w, "fork");
  ev_prepare_init (&p, forks_loop);
  ev_prepare_start (loop, &p);
  epoll_creates = 0;
  noted = 0;
  t_trace_reset ();
  drive_until (loop, &noted, 1);
  if (t_backend == EVBACKEND_EPOLL)
    CHECK_EQ (epoll_creates, 1); /* rebuilt in this very iteration */
  drive (loop, 2);
  CHECK (!strstr (t_traced (), "fork"));
  CHECK (strstr (t_traced (), "io:1"));
  ev_loop_destroy (loop);
}

/* ---- descriptors ---- */

enum { PIPES = 50 };
static int pipes[PIPES][2];
static ev_io readers[PIPES];

static void
count_read (EV_P_ ev_io *w, int revents)
{
  char c;
  (void)loop;
  CHECK_EQ (revents, EV_READ);
  if (read (w->fd, &c, 1) == 1)
    ++noted;
}

static void
child_reads_all (struct ev_loop *loop)
{
  int i, own[PIPES][2];
  ev_loop_fork (loop);
  /* the descriptors are shared with the parent: put the child's own in their place */
  for (i = 0; i < PIPES; ++i)
    {
      t_pipe (own[i]);
      t_write (own[i][1], "x");
      ev_io_stop (loop, &readers[i]);
      CHECK_EQ (dup2 (own[i][0], pipes[i][0]), pipes[i][0]);
      ev_io_set (&readers[i], pipes[i][0], EV_READ);
      ev_io_start (loop, &readers[i]);
    }
  drive_until (loop, &noted, PIPES);
  drive (loop, 2);
  CHECK_EQ (noted, PIPES);
}

static void
io_in_both (unsigned flags)
{
  struct ev_loop *loop = t_loop (flags);
  pid_t pid;
  int i;
  for (i = 0; i < PIPES; ++i)
    {
      t_pipe (pipes[i]);
      ev_io_init (&readers[i], count_read, pipes[i][0], EV_READ);
      ev_io_start (loop, &readers[i]);
    }
  drive (loop, 2);
  pid = begin_child (child_reads_all, loop);
  drive (loop, 2);
  CHECK_EQ (t_wait (pid), 0);
  CHECK_EQ (noted, 0);
  for (i = 0; i < PIPES; ++i)
    t_write (pipes[i][1], "x");
  drive_until (loop, &noted, PIPES);
  CHECK_EQ (noted, PIPES);
  ev_loop_destroy (loop);
}

TEST (fork_io_in_parent_and_child)
{
  io_in_both (0);
}

TEST (fork_io_in_parent_and_child_with_forkcheck)
{
  io_in_both (EVFLAG_FORKCHECK);
}

static int shared[2];
static ev_io shared_reader;

static void
child_takes_over (struct ev_loop *loop)
{
  ev_loop_fork (loop);
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("r:1");
  t_trace_reset ();
  t_drain (shared[0]);
  drive (loop, 2);
  t_trace_reset ();
  t_write (shared[1], "again");
  drive_until (loop, &noted, 2);
  CHECK (strstr (t_traced (), "r:1"));
}

/* The watchers live on in the child as they were. */
TEST (fork_io_continues_in_the_child)
{
  struct ev_loop *loop = t_loop (0);
  t_pipe (shared);
  io_named (loop, &shared_reader, "r", shared[0], EV_READ);
  drive (loop, 2);
  t_write (shared[1], "x");
  CHECK_EQ (t_wait (begin_child (child_takes_over, loop)), 0);
  ev_loop_destroy (loop);
}

static void
child_stops_all (struct ev_loop *loop)
{
  ev_loop_fork (loop);
  ev_io_stop (loop, &shared_reader);
  CHECK_EQ (ev_run (loop, 0), 0);
  ev_loop_destroy (loop);
}

static void
child_destroys (struct ev_loop *loop)
{
  ev_loop_destroy (loop);
}

/* Whatever the child does to its copy, the parent's kernel objects must not notice. */
static void
parent_undisturbed (void (*body) (struct ev_loop *))
{
  struct ev_loop *loop = t_loop (0);
  t_pipe (shared);
  io_named (loop, &shared_reader, "r", shared[0], EV_READ);
  drive (loop, 2);
  CHECK_EQ (t_wait (begin_child (body, loop)), 0);
  drive (loop, 2);
  CHECK_TRACE ("");
  t_write (shared[1], "x");
  drive_until (loop, &noted, 2);
  CHECK_TRACE ("r:1 r:1");
  ev_loop_destroy (loop);
}

TEST (fork_child_stops_its_watchers)
{
  parent_undisturbed (child_stops_all);
}

TEST (fork_child_destroys_its_loop)
{
  parent_undisturbed (child_destroys);
}

static void
child_starts_fresh (struct ev_loop *loop)
{
  ev_signal s;
  ev_io io;
  int p[2];
  ev_loop_destroy (loop);
  loop = t_default_loop (0);
  NAMED (&s, note_signal, "signal");
  ev_signal_set (&s, SIGUSR1);
  ev_signal_start (loop, &s);
  t_pipe (p);
  t_write (p[1], "x");
  io_named (loop, &io, "io", p[0], EV_READ);
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("io:1");
  ev_io_stop (loop, &io);
  raise (SIGUSR1);
  drive_until (loop, &noted, 2);
  CHECK (strstr (t_traced (), "signal:400"));
  ev_loop_destroy (loop);
}

TEST (fork_child_makes_the_default_loop_anew)
{
  struct ev_loop *loop = t_default_loop (0);
  t_pipe (shared);
  io_named (loop, &shared_reader, "r", shared[0], EV_READ);
  drive (loop, 1);
  CHECK_EQ (t_wait (begin_child (child_starts_fresh, loop)), 0);
  t_write (shared[1], "x");
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("r:1");
  ev_loop_destroy (loop);
}

static void
parent_forks_too (struct ev_loop *loop)
{
  (void)loop;
}

TEST (fork_ev_loop_fork_in_the_parent_is_harmless)
{
  struct ev_loop *loop = t_loop (0);
  ev_async a;
  ev_timer t;
  int i;
  t_pipe (shared);
  io_named (loop, &shared_reader, "r", shared[0], EV_READ);
  NAMED (&a, note_async, "a");
  ev_async_start (loop, &a);
  timer_named (loop, &t, "t", 3600., 0.);
  CHECK_EQ (t_wait (begin_child (parent_forks_too, loop)), 0);
  for (i = 1; i <= 20; ++i)
    {
      ev_loop_fork (loop);
      CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 3);
      ev_async_send (loop, &a);
      drive_until (loop, &noted, i);
    }
  t_write (shared[1], "x");
  t_trace_reset ();
  drive_until (loop, &noted, 21);
  CHECK_TRACE ("r:1");
  ev_loop_destroy (loop);
}

TEST (fork_no_descriptor_leaks)
{
  struct ev_loop *loop = t_loop (0);
  int before, i;
  ev_async a;
  ev_periodic p;
  NAMED (&a, note_async, "a");
  ev_async_start (loop, &a);
  ev_periodic_init (&p, note_periodic, 0., 3600., 0);
  ev_periodic_start (loop, &p);
  ev_loop_fork (loop);
  drive (loop, 2);
  before = t_open_fds ();
  for (i = 0; i < 10; ++i)
    {
      ev_loop_fork (loop);
      drive (loop, 2);
    }
  CHECK_EQ (t_open_fds (), before);
  ev_loop_destroy (loop);
}

/* ---- FORKCHECK ---- */

static ev_fork forkcheck_watcher;

static void
grandchild (struct ev_loop *loop)
{
  t_trace_reset ();
  drive (loop, 2);
  CHECK_TRACE ("fork:20000");
}

static void
child_noticed (struct ev_loop *loop)
{
  drive (loop, 2);
  CHECK_TRACE ("fork:20000");
  CHECK_EQ (t_wait (begin_child (grandchild, loop)), 0);
  drive (loop, 1);
  CHECK_TRACE ("fork:20000");
}

TEST (fork_forkcheck_notices_by_itself)
{
  struct ev_loop *loop = t_loop (EVFLAG_FORKCHECK);
  fork_named (loop, &forkcheck_watcher, "fork");
  drive (loop, 1);
  CHECK_EQ (t_wait (begin_child (child_noticed, loop)), 0);
  drive (loop, 1);
  CHECK_TRACE ("");
  ev_loop_destroy (loop);
}

static void
child_not_noticed (struct ev_loop *loop)
{
  drive (loop, 2);
  CHECK_TRACE ("");
}

TEST (fork_without_forkcheck_nothing_is_noticed, .backends = T_SELECT | T_POLL)
{
  struct ev_loop *loop = t_loop (0);
  fork_named (loop, &forkcheck_watcher, "fork");
  drive (loop, 1);
  CHECK_EQ (t_wait (begin_child (child_not_noticed, loop)), 0);
  ev_loop_destroy (loop);
}

/* Nobody told the loop: it may say so and abort, or notice; it must not hang or take the parent's events. */
TEST (fork_forgotten_with_a_ring, .backends = T_LINUXAIO | T_IOURING, .ours_only = "a child that runs a linuxaio loop without ev_loop_fork aborts or takes the parent's events in the reference")
{
  struct ev_loop *loop = t_loop (0);
  char said[4096];
  int out[2], status;
  ssize_t n;
  pid_t pid;
  t_pipe (shared);
  io_named (loop, &shared_reader, "r", shared[0], EV_READ);
  drive (loop, 2);
  CHECK (!pipe (out));
  pid = fork ();
  CHECK (pid >= 0);
  if (!pid)
    {
      dup2 (out[1], 2);
      alarm (10);
      t_write (shared[1], "x");
      drive_until (loop, &noted, 2);
      _exit (0);
    }
  close (out[1]);
  n = read (out[0], said, sizeof said - 1);
  said[n < 0 ? 0 : n] = 0;
  CHECK_EQ (waitpid (pid, &status, 0), pid);
  if (status)
    {
      CHECK (WIFSIGNALED (status));
      CHECK_EQ (WTERMSIG (status), SIGABRT);
      CHECK (strstr (said, "fork"));
    }
  drive_until (loop, &noted, 1); /* the pipe is one, and still full */
  CHECK_TRACE ("r:1");
  ev_loop_destroy (loop);
}

/* ---- timers, asyncs, signals ---- */

static void
child_timer (struct ev_loop *loop)
{
  ev_loop_fork (loop);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("t:100");
}

TEST (fork_timers_run_in_both)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer t;
  pid_t pid;
  timer_named (loop, &t, "t", .05, 0.);
  drive (loop, 1);
  pid = begin_child (child_timer, loop);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("t:100");
  CHECK_EQ (t_wait (pid), 0);
  ev_loop_destroy (loop);
}

static ev_async wake;

static void
child_gets_async (struct ev_loop *loop)
{
  ev_loop_fork (loop);
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("a:80000");
  drive (loop, 2);
  CHECK_TRACE ("a:80000");
  ev_async_send (loop, &wake);
  drive_until (loop, &noted, 2);
  CHECK_TRACE ("a:80000 a:80000");
}

static void
pending_async (unsigned flags)
{
  struct ev_loop *loop = t_loop (flags);
  NAMED (&wake, note_async, "a");
  ev_async_start (loop, &wake);
  drive (loop, 2);
  ev_async_send (loop, &wake);
  CHECK_EQ (t_wait (begin_child (child_gets_async, loop)), 0); /* one here, one there */
  drive_until (loop, &noted, 1);
  drive (loop, 2);
  CHECK_TRACE ("a:80000");
  ev_loop_destroy (loop);
}

TEST (fork_pending_async_reaches_both)
{
  pending_async (0);
}

static void
child_sends (struct ev_loop *loop)
{
  int i;
  ev_loop_fork (loop);
  drive (loop, 1);
  for (i = 0; i < 10; ++i)
    {
      ev_async_send (loop, &wake);
      drive_until (loop, &noted, i + 1);
    }
}

TEST (fork_childs_async_does_not_wake_the_parent)
{
  struct ev_loop *loop = t_loop (0);
  pid_t pid;
  NAMED (&wake, note_async, "a");
  ev_async_start (loop, &wake);
  drive (loop, 2);
  pid = begin_child (child_sends, loop);
  drive (loop, 2);
  CHECK_EQ (t_wait (pid), 0);
  drive (loop, 2);
  CHECK_TRACE ("");
  /* and the parent's own still works */
  ev_async_send (loop, &wake);
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("a:80000");
  ev_loop_destroy (loop);
}

static void
child_signalled (struct ev_loop *loop)
{
  ev_loop_fork (loop);
  drive (loop, 2);
  CHECK_TRACE ("");
  raise (SIGUSR1);
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("s:400");
}

static void
signals_apart (unsigned flags)
{
  struct ev_loop *loop = t_loop (flags);
  ev_signal s;
  pid_t pid;
  NAMED (&s, note_signal, "s");
  ev_signal_set (&s, SIGUSR1);
  ev_signal_start (loop, &s);
  drive (loop, 2);
  pid = begin_child (child_signalled, loop);
  drive (loop, 2);
  CHECK_EQ (t_wait (pid), 0);
  drive (loop, 2);
  CHECK_TRACE (""); /* the child's signal is the child's */
  raise (SIGUSR1);
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("s:400");
  ev_loop_destroy (loop);
}

TEST (fork_signals_of_parent_and_child_are_apart)
{
  signals_apart (0);
}

TEST (fork_signals_of_parent_and_child_are_apart_with_signalfd, .ours_only = SIGNALFD_ON_AIO, .ours_only_on = T_LINUXAIO)
{
  signals_apart (EVFLAG_SIGNALFD);
}

static void
child_has_signal (struct ev_loop *loop)
{
  ev_loop_fork (loop);
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("s:400");
}

TEST (fork_pending_signal_reaches_both)
{
  struct ev_loop *loop = t_loop (0);
  ev_signal s;
  NAMED (&s, note_signal, "s");
  ev_signal_set (&s, SIGUSR1);
  ev_signal_start (loop, &s);
  drive (loop, 2);
  raise (SIGUSR1); /* seen by the handler, not yet by the loop */
  CHECK_EQ (t_wait (begin_child (child_has_signal, loop)), 0);
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("s:400");
  ev_loop_destroy (loop);
}

static void
child_watches_its_child (struct ev_loop *loop)
{
  ev_child w;
  pid_t pid;
  ev_loop_fork (loop);
  pid = fork ();
  CHECK (pid >= 0);
  if (!pid)
    _exit (3);
  NAMED (&w, note_child, "child");
  ev_child_set (&w, pid, 0);
  ev_child_start (loop, &w);
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("child:800");
  CHECK_EQ (WEXITSTATUS (w.rstatus), 3);
}

TEST (fork_child_watchers_in_the_child)
{
  struct ev_loop *loop = t_default_loop (0);
  ev_child w;
  pid_t pid = begin_child (child_watches_its_child, loop);
  NAMED (&w, note_child, "outer");
  ev_child_set (&w, pid, 0);
  ev_child_start (loop, &w);
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("outer:800");
  CHECK_EQ (w.rpid, pid);
  CHECK_EQ (w.rstatus, 0);
  ev_loop_destroy (loop);
}

/* ---- periodics ---- */

static int reschedules;

static ev_tstamp
in_an_hour (ev_periodic *w, ev_tstamp now)
{
  (void)w;
  ++reschedules;
  return now + 3600.;
}

TEST (fork_periodics_are_rescheduled_with_the_timerfd)
{
  struct ev_loop *loop = t_loop (0);
  ev_periodic w;
  int after;
  ev_periodic_init (&w, note_periodic, 0., 0., in_an_hour);
  ev_periodic_start (loop, &w);
  drive (loop, 2);
  CHECK_EQ (reschedules, 1);
  ev_loop_fork (loop);
  drive (loop, 2);
  CHECK (reschedules >= 2); /* how often is not promised, ... */
  after = reschedules;
  drive (loop, 3);
  CHECK_EQ (reschedules, after); /* ... but it ends */
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 1);
  ev_loop_destroy (loop);
}

TEST (fork_periodics_are_left_without_the_timerfd)
{
  struct ev_loop *loop = t_loop (EVFLAG_NOTIMERFD);
  ev_periodic w;
  ev_periodic_init (&w, note_periodic, 0., 0., in_an_hour);
  ev_periodic_start (loop, &w);
  drive (loop, 1);
  ev_loop_fork (loop);
  drive (loop, 2);
  CHECK_EQ (reschedules, 1);
  ev_loop_destroy (loop);
}

static void
child_periodic (struct ev_loop *loop)
{
  ev_loop_fork (loop);
  drive_until (loop, &noted, 2);
}

TEST (fork_periodics_run_in_both)
{
  struct ev_loop *loop = t_loop (0);
  ev_periodic w;
  pid_t pid;
  NAMED (&w, note_periodic, "p");
  ev_periodic_set (&w, 0., .05, 0);
  ev_periodic_start (loop, &w);
  drive (loop, 1);
  pid = begin_child (child_periodic, loop);
  drive_until (loop, &noted, 2);
  CHECK_EQ (t_wait (pid), 0);
  ev_loop_destroy (loop);
}

/* ---- stat ---- */

static char stat_path[4096];

static void
touch_longer (void)
{
  int fd = open (stat_path, O_WRONLY | O_APPEND | O_CREAT, 0600);
  CHECK (fd >= 0);
  t_write (fd, "x");
  close (fd);
}

static void
child_stat (struct ev_loop *loop)
{
  ev_loop_fork (loop);
  drive (loop, 2);
  touch_longer ();
  drive_until (loop, &noted, 1);
}

TEST (fork_stat_watchers_in_both)
{
  struct ev_loop *loop = t_loop (0);
  ev_stat w;
  snprintf (stat_path, sizeof stat_path, "%s/file", t_tmpdir ());
  touch_longer ();
  NAMED (&w, note_stat, "s");
  ev_stat_set (&w, stat_path, .11);
  ev_stat_start (loop, &w);
  drive (loop, 2);
  CHECK_EQ (t_wait (begin_child (child_stat, loop)), 0);
  drive_until (loop, &noted, 1);
  CHECK (strstr (t_traced (), "s:1000"));
  touch_longer ();
  drive_until (loop, &noted, 2);
  ev_loop_destroy (loop);
}

/* ---- embed ---- */

static int inner_pipe[2];

static void
child_embed (struct ev_loop *loop)
{
  ev_loop_fork (loop); /* the inner loop's fork comes along */
  t_write (inner_pipe[1], "x");
  drive_until (loop, &noted, 1);
  CHECK (strstr (t_traced (), "inner:1"));
}

TEST (fork_embedded_loop_is_forked_with_its_host)
{
  struct ev_loop *loop = t_loop (0), *inner = ev_loop_new (EVBACKEND_EPOLL | EVFLAG_NOENV);
  ev_embed e;
  ev_io io;
  CHECK (inner);
  t_pipe (inner_pipe);
  io_named (inner, &io, "inner", inner_pipe[0], EV_READ);
  ev_embed_init (&e, 0, inner);
  ev_embed_start (loop, &e);
  drive (loop, 2);
  CHECK_EQ (t_wait (begin_child (child_embed, loop)), 0);
  drive_until (loop, &noted, 1);
  CHECK (strstr (t_traced (), "inner:1"));
  ev_embed_stop (loop, &e);
  ev_loop_destroy (inner);
  ev_loop_destroy (loop);
}

/* Nothing of the loop's own is pending after it, which would keep idle watchers from being called. */
TEST (fork_with_signalfd_leaves_nothing_pending)
{
  struct ev_loop *loop = t_loop (EVFLAG_SIGNALFD);
  ev_signal s;
  ev_idle idle;
  NAMED (&s, note_signal, "signal");
  ev_signal_set (&s, SIGUSR1);
  ev_signal_start (loop, &s);
  NAMED (&idle, note_idle, "idle");
  ev_idle_start (loop, &idle);
  drive (loop, 1);
  CHECK_TRACE ("idle:2000");
  ev_loop_fork (loop);
  drive (loop, 1);
  CHECK_TRACE ("idle:2000 idle:2000");
  ev_loop_destroy (loop);
}
