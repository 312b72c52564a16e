/* iouring: the best kind of ring is one thread's, so a loop that goes from thread to thread has it made anew; forks. */
#include "uring.h"

#include <pthread.h>

static struct ev_loop *shared;

static void *
serve (void *unused)
{
  (void)unused;
  many_add ();
  many_expect (shared, 1);
  return 0;
}

TEST (uring_made_here_run_there_and_elsewhere, .backends = T_IOURING)
{
  int i;
  shared = t_loop (0);
  many_start (shared, 200, 0);
  for (i = 0; i < 12; ++i) /* more than the ring is made anew for */
    {
      pthread_t thread;
      CHECK (!pthread_create (&thread, 0, serve, 0));
      CHECK (!pthread_join (thread, 0));
      CHECK_EQ (ev_backend (shared), EVBACKEND_IOURING);
      if (i % 4 == 3)
        serve (0);
    }
  many_end (shared);
  ev_loop_destroy (shared);
}

/* ---- two threads that live on, in turn ---- */

static pthread_mutex_t baton = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t passed = PTHREAD_COND_INITIALIZER;
static int turn, turns = 60;

static void *
take_turns (void *own)
{
  int mine = (int)(intptr_t)own;
  pthread_mutex_lock (&baton);
  while (turn < turns)
    {
      if (turn % 2 != mine)
        {
          pthread_cond_wait (&passed, &baton);
          continue;
        }
      many_add ();
      drive_until (shared, &many_done, (turn + 1) * many_open);
      ++turn;
      pthread_cond_broadcast (&passed);
    }
  pthread_mutex_unlock (&baton);
  return 0;
}

TEST (uring_two_threads_in_turn, .backends = T_IOURING)
{
  pthread_t thread[2];
  int i, fds;
  shared = t_loop (0);
  many_start (shared, 20, 0);
  fds = t_open_fds ();
  for (i = 0; i < 2; ++i)
    CHECK (!pthread_create (&thread[i], 0, take_turns, (void *)(intptr_t)i));
  for (i = 0; i < 2; ++i)
    CHECK (!pthread_join (thread[i], 0));
  CHECK_EQ (many_done, turns * many_open);
  CHECK_EQ (t_open_fds (), fds);
  many_end (shared);
  ev_loop_destroy (shared);
}

static void *
arm_only (void *unused)
{
  (void)unused;
  drive (shared, 2);
  return 0;
}

/* The polls of a thread that has ended are taken over. */
TEST (uring_armed_by_a_thread_that_ended, .backends = T_IOURING)
{
  int i;
  shared = t_loop (0);
  many_start (shared, 50, 0);
  for (i = 0; i < 8; ++i)
    {
      pthread_t thread;
      CHECK (!pthread_create (&thread, 0, arm_only, 0));
      CHECK (!pthread_join (thread, 0));
      serve (0);
    }
  ev_loop_destroy (shared);
}

TEST (uring_destroyed_by_another_thread, .backends = T_IOURING)
{
  pthread_t thread;
  int s[2], fds = t_open_fds ();
  ev_io w;
  shared = t_loop (0);
  t_socketpair (s);
  io_named (shared, &w, "w", s[0], EV_READ);
  CHECK (!pthread_create (&thread, 0, arm_only, 0));
  CHECK (!pthread_join (thread, 0));
  ev_loop_destroy (shared);
  close (s[0]);
  CHECK (at_end (s[1]));
  close (s[1]);
  CHECK_EQ (t_open_fds (), fds);
}

/* ---- forks ---- */

static void
child_works (void *told)
{
  int ring = ring_fd ();
  if (told)
    ev_loop_fork (shared);
  many_add ();
  drive_until (shared, &many_done, many_open);
  CHECK_EQ (ev_backend (shared), EVBACKEND_IOURING);
  CHECK_EQ (ring_fd (), ring); /* the parent's is closed */
  ev_loop_destroy (shared);
}

static void
check_fork (int told)
{
  int i;
  shared = t_loop (0);
  many_start (shared, 60, 0);
  drive (shared, 2);
  for (i = 0; i < 3; ++i)
    {
      /* The counters are common to both: full ones are emptied by the child before the parent looks. */
      CHECK_EQ (t_in_child (child_works, told ? &told : 0), 0);
      drive (shared, 3);
      many_done = 0;
      memset (many_called, 0, (size_t)many_open * sizeof *many_called);
      many_add ();
      many_expect (shared, 1);
    }
  many_end (shared);
  ev_loop_destroy (shared);
}

TEST (uring_fork_that_is_told, .backends = T_IOURING)
{
  check_fork (1);
}

TEST (uring_fork_that_nobody_tells, .backends = T_IOURING, .ours_only = "a fork is noticed")
{
  check_fork (0);
}

TEST (uring_fork_told_in_the_parent, .backends = T_IOURING)
{
  int i;
  shared = t_loop (0);
  many_start (shared, 60, 0);
  for (i = 0; i < 5; ++i)
    {
      drive (shared, i);
      ev_loop_fork (shared);
      many_add ();
      many_expect (shared, 1);
    }
  CHECK_EQ (ev_run (shared, EVRUN_NOWAIT), 60); /* the count of what is active does not grow */
  many_end (shared);
  ev_loop_destroy (shared);
}

static int setup_refused;

static void
child_without_a_ring (void *unused)
{
  (void)unused;
  ev_loop_fork (shared);
  many_add ();
  drive_until (shared, &many_done, many_open);
  CHECK_EQ (ev_backend (shared), EVBACKEND_EPOLL);
}

TEST (uring_child_that_gets_no_ring_goes_on_with_epoll, .backends = T_IOURING)
{
  WATCH_URING ();
  shared = t_loop (0);
  many_start (shared, 30, 0);
  drive (shared, 2);
  inject_error (SYS_io_uring_setup, EPERM, 0, INJECT_ALWAYS);
  CHECK_EQ (t_in_child (child_without_a_ring, &setup_refused), 0);
  drive (shared, 2);
  many_done = 0;
  memset (many_called, 0, (size_t)many_open * sizeof *many_called);
  many_add ();
  many_expect (shared, 1);
  CHECK_EQ (ev_backend (shared), EVBACKEND_IOURING);
  ev_loop_destroy (shared);
}
