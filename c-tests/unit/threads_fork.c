/* Forks of programs with threads: the child has one of them, and whatever loops the others were using. */
#include "drive.h"

#include <pthread.h>
#include <stdatomic.h>

static struct ev_loop *target;
static ev_async async;
static atomic_int go_on;

static void *
sends_all_the_time (void *arg)
{
  (void)arg;
  while (go_on)
    {
      ev_async_send (target, &async);
      sched_yield ();
    }
  return 0;
}

/* In the child: the loop goes on with what it had, and can be destroyed. */
static void
child_goes_on (struct ev_loop *loop, ev_io *io, int fd)
{
  double begin = t_clock ();
  int so_far;
  drive (loop, 2); /* the fork is noticed; what the parent's threads had sent may still come */
  so_far = noted;
  ev_async_send (loop, &async);
  drive_until (loop, &noted, so_far + 1);
  t_write (fd, "x");
  t_trace_reset ();
  while (!strstr (t_traced (), "io:1"))
    drive (loop, 1);
  ev_io_stop (loop, io);
  ev_loop_destroy (loop);
  CHECK (t_clock () - begin < 10.);
}

static void
fork_often (unsigned flags, int tell)
{
  struct ev_loop *loop = target = t_loop (flags);
  pthread_t thread[2];
  ev_io io;
  int i, fd[2];
  NAMED (&async, note_async, "async");
  ev_async_start (loop, &async);
  go_on = 1;
  for (i = 0; i < 2; ++i)
    CHECK (!pthread_create (thread + i, 0, sends_all_the_time, 0));
  for (i = 0; i < 15; ++i)
    {
      pid_t pid;
      int so_far = noted;
      t_pipe (fd);
      io_named (loop, &io, "io", fd[0], EV_READ);
      drive_until (loop, &noted, so_far + 1);
      t_trace_reset ();
      fflush (stdout);
      if (!(pid = fork ()))
        {
          if (tell)
            ev_loop_fork (loop);
          /* pipes are shared with the parent: a pipe of the child's own */
          ev_io_stop (loop, &io);
          t_pipe (fd);
          io_named (loop, &io, "io", fd[0], EV_READ);
          child_goes_on (loop, &io, fd[1]);
          _exit (0);
        }
      so_far = noted;
      drive_until (loop, &noted, so_far + 1); /* the parent is not disturbed */
      CHECK_EQ (t_wait (pid), 0);
      ev_io_stop (loop, &io);
      close (fd[0]);
      close (fd[1]);
    }
  go_on = 0;
  for (i = 0; i < 2; ++i)
    CHECK (!pthread_join (thread[i], 0));
  ev_verify (loop);
  ev_loop_destroy (loop);
}

TEST (threads_fork_while_others_send)
{
  fork_often (0, 1);
}

TEST (threads_fork_while_others_send_with_forkcheck)
{
  fork_often (EVFLAG_FORKCHECK, 0);
}

/* ---- while others make and destroy loops ---- */

static void *
makes_and_destroys (void *arg)
{
  (void)arg;
  while (go_on)
    {
      struct ev_loop *loop = t_loop (0);
      ev_async w;
      ev_async_init (&w, note_async);
      ev_async_start (loop, &w);
      ev_run (loop, EVRUN_NOWAIT);
      ev_loop_destroy (loop);
    }
  return 0;
}

static void
uses_a_loop_of_its_own (void *arg)
{
  struct ev_loop *loop = t_loop (0), *default_loop = t_default_loop (0);
  ev_timer timer;
  (void)arg;
  timer_named (loop, &timer, "timer", 0., 0.);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("timer:100");
  ev_loop_destroy (loop);
  ev_loop_destroy (default_loop);
}

TEST (threads_fork_while_others_make_and_destroy_loops, .no_valgrind = 1)
{
  pthread_t thread[2];
  int i;
  t_skip_if_sanitized ("its malloc may be locked in a child of a process with threads");
  go_on = 1;
  for (i = 0; i < 2; ++i)
    CHECK (!pthread_create (thread + i, 0, makes_and_destroys, 0));
  for (i = 0; i < 60; ++i)
    CHECK_EQ (t_in_child (uses_a_loop_of_its_own, 0), 0);
  go_on = 0;
  for (i = 0; i < 2; ++i)
    CHECK (!pthread_join (thread[i], 0));
}

/* ---- while another thread waits in the loop ---- */

static void *
runs_it (void *loop)
{
  ev_run (loop, 0);
  return 0;
}

static int child_notes;

static void
takes_over (void *loop)
{
  ev_timer timer;
  ev_loop_fork (loop);
  CHECK_EQ (ev_depth (loop), 1); /* the run of the thread that is not here */
  ev_async_send (loop, &async);
  drive_until (loop, &noted, 1);
  timer_named (loop, &timer, "timer", 0., 0.);
  drive_until (loop, &noted, 2);
  CHECK_TRACE ("async:80000 timer:100");
  ev_loop_destroy (loop);
}

static void
async_ends (EV_P_ ev_async *w, int revents)
{
  note_async (loop, w, revents);
  if (child_notes)
    ev_break (loop, EVBREAK_ALL);
}

/* A fork in one thread while another waits: the child runs that loop. */
TEST (threads_fork_child_takes_over_a_loop_that_was_waiting,
      .ours_only = "a loop whose thread was cancelled while it waited can be run again")
{
  struct ev_loop *loop = t_loop (0);
  pthread_t thread;
  NAMED (&async, async_ends, "async");
  ev_async_start (loop, &async);
  CHECK (!pthread_create (&thread, 0, runs_it, loop));
  t_nap (.02);
  CHECK_EQ (t_in_child (takes_over, loop), 0);
  CHECK_TRACE ("");
  child_notes = 1;
  ev_async_send (loop, &async);
  CHECK (!pthread_join (thread, 0));
  CHECK_TRACE ("async:80000");
  ev_loop_destroy (loop);
}

static void
destroys_it (void *loop)
{
  int before = t_open_fds ();
  ev_loop_destroy (loop);
  CHECK (t_open_fds () < before);
  uses_a_loop_of_its_own (0);
}

TEST (threads_fork_child_destroys_a_loop_that_was_waiting)
{
  struct ev_loop *loop = t_loop (0);
  pthread_t thread;
  child_notes = 1;
  NAMED (&async, async_ends, "async");
  ev_async_start (loop, &async);
  CHECK (!pthread_create (&thread, 0, runs_it, loop));
  t_nap (.02);
  CHECK_EQ (t_in_child (destroys_it, loop), 0);
  ev_async_send (loop, &async);
  CHECK (!pthread_join (thread, 0));
  CHECK_TRACE ("async:80000");
  ev_loop_destroy (loop);
}

/* ---- out of callbacks ---- */

static void
forks_in_a_callback (EV_P_ ev_timer *w, int revents)
{
  pid_t pid;
  note_any ((ev_watcher *)w, revents);
  if (!(pid = fork ()))
    {
      ev_loop_fork (loop);
      t_trace ("child");
      return;
    }
  CHECK_EQ (t_wait (pid), 0);
  t_trace ("parent");
}

static void *
runs_and_forks (void *loop)
{
  pid_t self = getpid ();
  CHECK_EQ (ev_run (loop, 0), 0);
  if (getpid () != self)
    _exit (0);
  return 0;
}

static void
compares_and_leaves (EV_P_ ev_timer *w, int revents)
{
  note_any ((ev_watcher *)w, revents);
  if (strstr (t_traced (), "child"))
    {
      CHECK_TRACE ("forker:100 child rest:100 later:100");
      ev_loop_destroy (loop);
      _exit (0);
    }
}

/* The thread's callback returns twice: here and in the child, where it is the only thread. */
TEST (threads_fork_in_a_callback_of_a_thread)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer forker, rest, later;
  pthread_t thread;
  NAMED (&forker, forks_in_a_callback, "forker");
  ev_timer_set (&forker, -2., 0.);
  ev_timer_start (loop, &forker);
  timer_named (loop, &rest, "rest", -1., 0.);
  NAMED (&later, compares_and_leaves, "later");
  ev_timer_set (&later, .01, 0.);
  ev_timer_start (loop, &later);
  CHECK (!pthread_create (&thread, 0, runs_and_forks, loop));
  CHECK (!pthread_join (thread, 0));
  CHECK_TRACE ("forker:100 parent rest:100 later:100");
  ev_loop_destroy (loop);
}

/* ---- signals and children ---- */

static void
raises_and_receives (void *loop)
{
  ev_loop_fork (loop);
  drive (loop, 1);
  raise (SIGUSR1);
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("signal:400");
  ev_loop_destroy (loop);
}

/* The child of a thread that does not own the loop receives its own signals, and the parent none of them. */
static void *
forks_a_receiver (void *loop)
{
  CHECK_EQ (t_in_child (raises_and_receives, loop), 0);
  return 0;
}

TEST (threads_fork_signals_of_a_threads_child)
{
  struct ev_loop *loop = t_loop (0);
  pthread_t thread;
  ev_signal w;
  NAMED (&w, note_signal, "signal");
  ev_signal_set (&w, SIGUSR1);
  ev_signal_start (loop, &w);
  drive (loop, 1);
  CHECK (!pthread_create (&thread, 0, forks_a_receiver, loop));
  CHECK (!pthread_join (thread, 0));
  drive (loop, 2);
  CHECK_TRACE ("");
  raise (SIGUSR1);
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("signal:400");
  ev_loop_destroy (loop);
}

enum { FAMILIES = 4 };

/* A child of a thread makes the default loop anew, forks, and reaps its own. */
static void
has_children_of_its_own (void *loop)
{
  ev_child w;
  pid_t pid;
  ev_loop_destroy (loop);
  loop = t_default_loop (0);
  if (!(pid = fork ()))
    _exit (5);
  NAMED (&w, note_child, "child");
  ev_child_set (&w, pid, 0);
  ev_child_start (loop, &w);
  drive_until (loop, &noted, 1);
  CHECK_EQ (WEXITSTATUS (w.rstatus), 5);
  ev_child_stop (loop, &w);
  ev_loop_destroy (loop);
}

static void *
founds_a_family (void *loop)
{
  pid_t pid = fork ();
  CHECK (pid >= 0);
  if (!pid)
    {
      has_children_of_its_own (loop);
      _exit (0);
    }
  return 0;
}

static void
counts_good_ends (EV_P_ ev_child *w, int revents)
{
  (void)revents;
  CHECK_EQ (w->rstatus, 0);
  if (++noted == FAMILIES)
    ev_child_stop (loop, w);
}

TEST (threads_fork_default_loops_of_many_processes)
{
  struct ev_loop *loop = t_default_loop (0);
  pthread_t thread[FAMILIES];
  ev_child w;
  int i;
  for (i = 0; i < FAMILIES; ++i)
    CHECK (!pthread_create (thread + i, 0, founds_a_family, loop));
  for (i = 0; i < FAMILIES; ++i)
    CHECK (!pthread_join (thread[i], 0));
  ev_child_init (&w, counts_good_ends, 0, 0);
  ev_child_start (loop, &w);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_EQ (noted, FAMILIES);
  ev_loop_destroy (loop);
}
