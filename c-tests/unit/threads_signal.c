/* Signals in programs with threads: whichever thread they come to, the loop that watches them is told. */
#include "drive.h"

#include <pthread.h>
#include <stdatomic.h>

static atomic_int go_on;

/* A thread that only waits to be interrupted. */
static void *
waits (void *arg)
{
  (void)arg;
  while (go_on)
    t_nap (.001);
  return 0;
}

static void
signal_named (struct ev_loop *loop, ev_signal *w, const char *name, int signum)
{
  NAMED (w, note_signal, name);
  ev_signal_set (w, signum);
  ev_signal_start (loop, w);
}

/* ---- to any thread ---- */

TEST (threads_signal_sent_to_each_thread)
{
  struct ev_loop *loop = t_loop (0);
  pthread_t thread[8];
  ev_signal w;
  int i, round;
  signal_named (loop, &w, "w", SIGUSR1);
  go_on = 1;
  for (i = 0; i < 8; ++i)
    CHECK (!pthread_create (thread + i, 0, waits, 0));
  for (round = 0; round < 5; ++round)
    for (i = 0; i < 8; ++i)
      {
        int before = noted;
        CHECK (!pthread_kill (thread[i], SIGUSR1));
        drive_until (loop, &noted, before + 1);
      }
  CHECK_EQ (noted, 40);
  go_on = 0;
  for (i = 0; i < 8; ++i)
    CHECK (!pthread_join (thread[i], 0));
  ev_loop_destroy (loop);
}

/* Only one of several threads lets the signal in. */
TEST (threads_signal_all_but_one_block_it)
{
  struct ev_loop *loop = t_loop (0);
  pthread_t blocking[4], open;
  ev_signal w;
  int i;
  signal_named (loop, &w, "w", SIGUSR1);
  go_on = 1;
  CHECK (!pthread_create (&open, 0, waits, 0));
  t_mask (SIG_BLOCK, SIGUSR1);
  for (i = 0; i < 4; ++i)
    CHECK (!pthread_create (blocking + i, 0, waits, 0));
  for (i = 0; i < 50; ++i)
    {
      CHECK (!kill (getpid (), SIGUSR1));
      drive_until (loop, &noted, i + 1);
    }
  CHECK_EQ (noted, 50);
  go_on = 0;
  for (i = 0; i < 4; ++i)
    CHECK (!pthread_join (blocking[i], 0));
  CHECK (!pthread_join (open, 0));
  ev_loop_destroy (loop);
}

/* Blocked everywhere it waits; the thread that lets it in is the one that gets it. */
static void *
lets_it_in (void *arg)
{
  (void)arg;
  t_mask (SIG_UNBLOCK, SIGUSR1);
  return 0;
}

TEST (threads_signal_blocked_until_a_thread_lets_it_in)
{
  struct ev_loop *loop = t_loop (0);
  pthread_t thread;
  ev_signal w;
  t_mask (SIG_BLOCK, SIGUSR1);
  signal_named (loop, &w, "w", SIGUSR1);
  CHECK (!kill (getpid (), SIGUSR1));
  drive (loop, 2);
  CHECK_TRACE ("");
  CHECK (!pthread_create (&thread, 0, lets_it_in, 0));
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("w:400");
  CHECK (!pthread_join (thread, 0));
  ev_loop_destroy (loop);
}

TEST (threads_signal_by_signalfd_blocked_in_all, .ours_only_on = T_LINUXAIO,
      .ours_only = "linuxaio: a signalfd becomes readable")
{
  struct ev_loop *loop = t_loop (EVFLAG_SIGNALFD);
  pthread_t thread[3];
  ev_signal w;
  int i;
  signal_named (loop, &w, "w", SIGUSR1); /* blocks it here, and so in the threads made from here on */
  go_on = 1;
  for (i = 0; i < 3; ++i)
    CHECK (!pthread_create (thread + i, 0, waits, 0));
  for (i = 0; i < 20; ++i)
    {
      CHECK (!kill (getpid (), SIGUSR1));
      drive_until (loop, &noted, i + 1);
    }
  CHECK_EQ (noted, 20);
  go_on = 0;
  for (i = 0; i < 3; ++i)
    CHECK (!pthread_join (thread[i], 0));
  ev_loop_destroy (loop);
}

/* ---- each loop its own ---- */

enum { LOOPS = 8, TIMES = 30 };

static struct owner
{
  struct ev_loop *loop;
  ev_signal signal;
  int signum, received;
  pthread_t thread;
} owners[LOOPS];

static pthread_barrier_t all_ready;

static void
receives_its_own (EV_P_ ev_signal *w, int revents)
{
  struct owner *me = w->data;
  CHECK_EQ (revents, EV_SIGNAL);
  CHECK (pthread_equal (pthread_self (), me->thread));
  CHECK_EQ (w->signum, me->signum);
  if (__atomic_add_fetch (&me->received, 1, __ATOMIC_SEQ_CST) == TIMES)
    ev_signal_stop (loop, w);
}

static void *
owns_a_signal (void *arg)
{
  struct owner *me = arg;
  me->loop = t_loop (0);
  me->thread = pthread_self ();
  ev_signal_init (&me->signal, receives_its_own, me->signum);
  me->signal.data = me;
  ev_signal_start (me->loop, &me->signal);
  pthread_barrier_wait (&all_ready);
  CHECK_EQ (ev_run (me->loop, 0), 0);
  ev_loop_destroy (me->loop);
  return 0;
}

TEST (threads_signal_each_loop_its_own)
{
  double end = t_clock () + 20.;
  int i, round;
  CHECK (!pthread_barrier_init (&all_ready, 0, LOOPS + 1));
  for (i = 0; i < LOOPS; ++i)
    {
      owners[i].signum = SIGRTMIN + i;
      CHECK (!pthread_create (&owners[i].thread, 0, owns_a_signal, owners + i));
    }
  pthread_barrier_wait (&all_ready);
  for (round = 1; round <= TIMES; ++round)
    {
      for (i = 0; i < LOOPS; ++i)
        CHECK (!kill (getpid (), owners[i].signum));
      for (i = 0; i < LOOPS; ++i)
        while (__atomic_load_n (&owners[i].received, __ATOMIC_SEQ_CST) < round)
          {
            CHECK (t_clock () < end);
            sched_yield ();
          }
    }
  for (i = 0; i < LOOPS; ++i)
    {
      CHECK (!pthread_join (owners[i].thread, 0));
      CHECK_EQ (owners[i].received, TIMES);
    }
}

/* ---- ev_feed_signal ---- */

static int fed[4];

static void *
feeds_often (void *arg)
{
  int i, me = (int)(intptr_t)arg;
  for (i = 1; i <= 2000; ++i)
    {
      __atomic_store_n (fed + me, i, __ATOMIC_SEQ_CST);
      ev_feed_signal (me & 1 ? SIGUSR1 : SIGUSR2);
    }
  return 0;
}

static void
sees_all_fed (EV_P_ ev_signal *w, int revents)
{
  int i, me = w->signum == SIGUSR1;
  (void)revents;
  for (i = me; i < 4; i += 2)
    if (__atomic_load_n (fed + i, __ATOMIC_SEQ_CST) < 2000)
      return;
  ev_signal_stop (loop, w);
}

/* The last one of each is not lost, or this hangs. */
TEST (threads_signal_fed_by_many)
{
  struct ev_loop *loop = t_loop (0);
  pthread_t thread[4];
  ev_signal usr1, usr2;
  int i;
  ev_signal_init (&usr1, sees_all_fed, SIGUSR1);
  ev_signal_start (loop, &usr1);
  ev_signal_init (&usr2, sees_all_fed, SIGUSR2);
  ev_signal_start (loop, &usr2);
  for (i = 0; i < 4; ++i)
    CHECK (!pthread_create (thread + i, 0, feeds_often, (void *)(intptr_t)i));
  CHECK_EQ (ev_run (loop, 0), 0);
  for (i = 0; i < 4; ++i)
    CHECK (!pthread_join (thread[i], 0));
  ev_loop_destroy (loop);
}

static void *
runs_to_the_end (void *loop)
{
  CHECK_EQ (ev_run (loop, 0), 0);
  return 0;
}

static void
stops_at_once (EV_P_ ev_signal *w, int revents)
{
  CHECK_EQ (revents, EV_SIGNAL);
  ++noted;
  ev_signal_stop (loop, w);
}

/* Fed here, watched by a loop that waits in another thread. */
TEST (threads_signal_fed_to_a_loop_that_waits_elsewhere)
{
  struct ev_loop *loop = t_loop (0);
  int i;
  for (i = 1; i <= 100; ++i)
    {
      pthread_t thread;
      ev_signal w;
      ev_signal_init (&w, stops_at_once, SIGUSR1);
      ev_signal_start (loop, &w);
      CHECK (!pthread_create (&thread, 0, runs_to_the_end, loop));
      if (i & 1)
        t_nap (.0005);
      ev_feed_signal (SIGUSR1);
      CHECK (!pthread_join (thread, 0));
      CHECK_EQ (noted, i);
    }
  ev_loop_destroy (loop);
}

/* ---- the handler ---- */

static void *
keeps_its_errno (void *arg)
{
  int *wrong = arg;
  errno = 4242;
  while (go_on)
    if (errno != 4242)
      *wrong = 1;
  return 0;
}

TEST (threads_signal_handler_keeps_errno_of_any_thread)
{
  struct ev_loop *loop = t_loop (0);
  pthread_t thread[2];
  ev_signal w;
  int i, wrong = 0;
  signal_named (loop, &w, "w", SIGUSR1);
  go_on = 1;
  for (i = 0; i < 2; ++i)
    CHECK (!pthread_create (thread + i, 0, keeps_its_errno, &wrong));
  for (i = 0; i < 300; ++i)
    {
      CHECK (!pthread_kill (thread[i & 1], SIGUSR1));
      ev_run (loop, EVRUN_NOWAIT);
      t_trace_reset ();
    }
  go_on = 0;
  for (i = 0; i < 2; ++i)
    CHECK (!pthread_join (thread[i], 0));
  CHECK (!wrong);
  drive (loop, 1);
  CHECK (noted >= 1);
  ev_loop_destroy (loop);
}

/* ---- loops come and go under a storm ---- */

static void *
storms (void *arg)
{
  (void)arg;
  while (go_on)
    {
      kill (getpid (), SIGWINCH);
      sched_yield ();
    }
  return 0;
}

static void *
storms_by_feeding (void *arg)
{
  (void)arg;
  while (go_on)
    {
      ev_feed_signal (SIGWINCH);
      sched_yield ();
    }
  return 0;
}

static void
loops_under_a_storm (void *(*storm) (void *), int orphans)
{
  pthread_t thread[2];
  int i, before = t_open_fds ();
  go_on = 1;
  for (i = 0; i < 2; ++i)
    CHECK (!pthread_create (thread + i, 0, storm, 0));
  for (i = 0; i < (t_backend == T_LINUXAIO ? 10 : 100); ++i) /* there the kernel takes long to destroy one */
    {
      struct ev_loop *loop = t_loop (0);
      ev_signal w;
      int so_far = noted;
      signal_named (loop, &w, "w", SIGWINCH); /* ignored while nobody watches it */
      drive_until (loop, &noted, so_far + 1);
      if (!orphans)
        ev_signal_stop (loop, &w);
      ev_loop_destroy (loop);
      memset (&w, 0xdd, sizeof w);
      t_trace_reset ();
    }
  go_on = 0;
  for (i = 0; i < 2; ++i)
    CHECK (!pthread_join (thread[i], 0));
  CHECK_EQ (t_open_fds (), before);
}

TEST (threads_signal_loops_come_and_go_under_a_storm, .no_valgrind = 1,
      .ours_only = "a loop may go while a handler or ev_feed_signal in another thread still uses its address")
{
  loops_under_a_storm (storms, 0);
}

TEST (threads_signal_loops_destroyed_under_a_storm, .no_valgrind = 1,
      .ours_only = "a loop may go while a handler or ev_feed_signal in another thread still uses its address, its signal watchers active")
{
  loops_under_a_storm (storms, 1);
}

TEST (threads_signal_loops_destroyed_while_signals_are_fed, .no_valgrind = 1,
      .ours_only = "a loop may go while a handler or ev_feed_signal in another thread still uses its address, its signal watchers active")
{
  loops_under_a_storm (storms_by_feeding, 1);
}

/* ---- children ---- */

enum { FORKERS = 4, CHILDREN = 8 };

static int exited[FORKERS * CHILDREN];

static void *
forks_some (void *arg)
{
  int me = (int)(intptr_t)arg, i;
  for (i = 0; i < CHILDREN; ++i)
    {
      pid_t pid = fork ();
      CHECK (pid >= 0);
      if (!pid)
        _exit (me * CHILDREN + i);
    }
  return 0;
}

static void
buries (EV_P_ ev_child *w, int revents)
{
  CHECK_EQ (revents, EV_CHILD);
  CHECK (WIFEXITED (w->rstatus));
  ++exited[WEXITSTATUS (w->rstatus)];
  if (++noted == FORKERS * CHILDREN)
    ev_child_stop (loop, w);
}

TEST (threads_signal_children_of_many_threads)
{
  struct ev_loop *loop = t_default_loop (0);
  pthread_t thread[FORKERS];
  ev_child w;
  int i;
  ev_child_init (&w, buries, 0, 0);
  ev_child_start (loop, &w);
  for (i = 0; i < FORKERS; ++i)
    CHECK (!pthread_create (thread + i, 0, forks_some, (void *)(intptr_t)i));
  CHECK_EQ (ev_run (loop, 0), 0);
  for (i = 0; i < FORKERS; ++i)
    CHECK (!pthread_join (thread[i], 0));
  for (i = 0; i < FORKERS * CHILDREN; ++i)
    CHECK_EQ (exited[i], 1);
  CHECK_EQ (waitpid (-1, 0, WNOHANG), -1);
  ev_loop_destroy (loop);
}

/* The default loop waits in another thread than the one that forks. */
TEST (threads_signal_child_reaped_by_the_thread_of_the_loop)
{
  struct ev_loop *loop = t_default_loop (0);
  pthread_t thread;
  ev_child w;
  int i;
  noted = FORKERS * CHILDREN - 1;
  ev_child_init (&w, buries, 0, 0);
  ev_child_start (loop, &w);
  CHECK (!pthread_create (&thread, 0, runs_to_the_end, loop));
  t_nap (.01);
  if (!fork ())
    _exit (7);
  CHECK (!pthread_join (thread, 0));
  for (i = 0; i < FORKERS * CHILDREN; ++i)
    CHECK_EQ (exited[i], i == 7);
  ev_loop_destroy (loop);
}
