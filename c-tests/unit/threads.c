/* Loops and threads: asyncs as the only bridge, one loop a thread, and a loop shared under a lock. */
#include "drive.h"

#include <pthread.h>

/* ---- waking a loop ---- */

static struct ev_loop *target;
static ev_async wake;

static void *
sends_after_a_while (void *arg)
{
  (void)arg;
  t_nap (.05);
  ev_async_send (target, &wake);
  return 0;
}

TEST (threads_async_wakes_a_blocking_run)
{
  struct ev_loop *loop = target = t_loop (0);
  double start = t_clock ();
  pthread_t thread;
  NAMED (&wake, note_async, "w");
  ev_async_start (loop, &wake);
  CHECK (!pthread_create (&thread, 0, sends_after_a_while, 0));
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("w:80000");
  CHECK_BETWEEN (t_clock () - start, .049, 9.);
  pthread_join (thread, 0);
  ev_loop_destroy (loop);
}

static int rounds, hits;
static volatile int round_done;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turn = PTHREAD_COND_INITIALIZER;

static void *
sends_each_round (void *arg)
{
  int i;
  (void)arg;
  for (i = 0; i < rounds; ++i)
    {
      pthread_mutex_lock (&lock);
      while (!round_done)
        pthread_cond_wait (&turn, &lock);
      round_done = 0;
      pthread_mutex_unlock (&lock);
      ev_async_send (target, &wake);
    }
  return 0;
}

static void
next_round (EV_P_ ev_async *w, int revents)
{
  CHECK_EQ (revents, EV_ASYNC);
  if (++hits == rounds)
    ev_async_stop (loop, w);
  pthread_mutex_lock (&lock);
  round_done = 1;
  pthread_cond_signal (&turn);
  pthread_mutex_unlock (&lock);
}

/* Each send must be seen before the next: one lost wake-up and this hangs. */
TEST (threads_no_wake_up_is_lost, .no_valgrind = 1)
{
  struct ev_loop *loop = target = t_loop (0);
  pthread_t thread;
  rounds = 10000;
  round_done = 1;
  ev_async_init (&wake, next_round);
  ev_async_start (loop, &wake);
  CHECK (!pthread_create (&thread, 0, sends_each_round, 0));
  CHECK_EQ (ev_run (loop, 0), 0);
  pthread_join (thread, 0);
  CHECK_EQ (hits, rounds);
  ev_loop_destroy (loop);
}

enum { SENDERS = 4, SENDS = 20000 };
static volatile int handed[SENDERS];
static int taken[SENDERS];
static int finished;

static void *
sends_many (void *arg)
{
  int me = (int)(intptr_t)arg, i;
  for (i = 1; i <= SENDS; ++i)
    {
      __atomic_store_n (&handed[me], i, __ATOMIC_SEQ_CST);
      ev_async_send (target, &wake);
    }
  return 0;
}

static void
take_all (EV_P_ ev_async *w, int revents)
{
  int i, done = 0;
  CHECK_EQ (revents, EV_ASYNC);
  for (i = 0; i < SENDERS; ++i)
    {
      taken[i] = __atomic_load_n (&handed[i], __ATOMIC_SEQ_CST);
      done += taken[i] == SENDS;
    }
  if (done == SENDERS)
    {
      finished = 1;
      ev_async_stop (loop, w);
    }
}

TEST (threads_last_of_many_sends_arrives, .no_valgrind = 1)
{
  struct ev_loop *loop = target = t_loop (0);
  pthread_t thread[SENDERS];
  int i;
  ev_async_init (&wake, take_all);
  ev_async_start (loop, &wake);
  for (i = 0; i < SENDERS; ++i)
    CHECK (!pthread_create (&thread[i], 0, sends_many, (void *)(intptr_t)i));
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK (finished);
  for (i = 0; i < SENDERS; ++i)
    pthread_join (thread[i], 0);
  ev_loop_destroy (loop);
}

/* ---- two loops that play ball ---- */

struct player
{
  struct ev_loop *loop;
  ev_async ball;
  struct player *other;
  int catches;
};

static void
catch_ball (EV_P_ ev_async *w, int revents)
{
  struct player *me = w->data;
  CHECK_EQ (revents, EV_ASYNC);
  if (++me->catches >= 5000)
    ev_async_stop (loop, w);
  ev_async_send (me->other->loop, &me->other->ball);
}

static void *
play (void *arg)
{
  struct player *me = arg;
  CHECK_EQ (ev_run (me->loop, 0), 0);
  return 0;
}

TEST (threads_two_loops_wake_each_other, .no_valgrind = 1)
{
  struct player a = { .other = 0 }, b = { .other = &a };
  pthread_t thread;
  a.other = &b;
  a.loop = t_loop (0);
  b.loop = t_loop (0);
  ev_async_init (&a.ball, catch_ball);
  ev_async_init (&b.ball, catch_ball);
  a.ball.data = &a;
  b.ball.data = &b;
  ev_async_start (a.loop, &a.ball);
  ev_async_start (b.loop, &b.ball);
  CHECK (!pthread_create (&thread, 0, play, &b));
  ev_async_send (b.loop, &b.ball);
  play (&a);
  pthread_join (thread, 0);
  CHECK_EQ (a.catches, 5000);
  CHECK_EQ (b.catches, 5000);
  ev_loop_destroy (a.loop);
  ev_loop_destroy (b.loop);
}

/* ---- one loop a thread ---- */

static void
echo_once_more (EV_P_ ev_io *w, int revents)
{
  int *left = w->data;
  char c;
  CHECK (revents & EV_READ);
  if (read (w->fd, &c, 1) != 1)
    return; /* spurious is allowed */
  if (--*left)
    CHECK_EQ (write (w->fd, &c, 1), 1);
  else
    ev_io_stop (loop, w);
}

static void
tick (EV_P_ ev_timer *w, int revents)
{
  int *left = w->data;
  CHECK_EQ (revents, EV_TIMER);
  if (!--*left)
    ev_timer_stop (loop, w);
}

/* Makes its loop, a socket pair that sends a byte to and fro, and a timer; destroys all. */
static void *
whole_life (void *arg)
{
  int round;
  (void)arg;
  for (round = 0; round < 5; ++round)
    {
      struct ev_loop *loop = ev_loop_new (t_backend | EVFLAG_NOENV);
      int s[2], left[2] = { 200, 200 }, ticks = 20;
      ev_io a, b;
      ev_timer t;
      CHECK (loop);
      CHECK_EQ (ev_backend (loop), t_backend);
      t_socketpair (s);
      ev_io_init (&a, echo_once_more, s[0], EV_READ);
      ev_io_init (&b, echo_once_more, s[1], EV_READ);
      a.data = &left[0];
      b.data = &left[1];
      ev_io_start (loop, &a);
      ev_io_start (loop, &b);
      ev_timer_init (&t, tick, .001, .0001);
      t.data = &ticks;
      ev_timer_start (loop, &t);
      CHECK_EQ (write (s[0], "x", 1), 1);
      while (ticks || (left[0] && left[1]))
        ev_run (loop, EVRUN_ONCE);
      ev_io_stop (loop, &a);
      ev_io_stop (loop, &b);
      CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 0);
      ev_loop_destroy (loop);
      close (s[0]);
      close (s[1]);
    }
  return 0;
}

TEST (threads_each_with_a_loop_of_its_own)
{
  enum { THREADS = 6 };
  pthread_t thread[THREADS];
  int i, before = t_open_fds ();
  for (i = 0; i < THREADS; ++i)
    CHECK (!pthread_create (&thread[i], 0, whole_life, 0));
  for (i = 0; i < THREADS; ++i)
    pthread_join (thread[i], 0);
  CHECK_EQ (t_open_fds (), before);
}

static void *
runs_to_the_end (void *arg)
{
  CHECK_EQ (ev_run (arg, 0), 0);
  return 0;
}

TEST (threads_loop_made_here_and_run_there)
{
  struct ev_loop *loop = t_loop (0);
  pthread_t thread;
  ev_timer t;
  timer_named (loop, &t, "t", .01, 0.);
  CHECK (!pthread_create (&thread, 0, runs_to_the_end, loop));
  pthread_join (thread, 0);
  CHECK_TRACE ("t:100");
  timer_named (loop, &t, "here", .01, 0.);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("t:100 here:100");
  ev_loop_destroy (loop);
}

/* ---- a loop shared under a lock ---- */

/* The loop's thread holds the lock but while it waits; others take it, change the loop, and wake it by an async. */
static int held, released;

static void
release_lock (EV_P)
{
  (void)loop;
  held = 0;
  ++released;
  pthread_mutex_unlock (&lock);
}

static void
acquire_lock (EV_P)
{
  (void)loop;
  pthread_mutex_lock (&lock);
  held = 1;
}

static void
locked_async (EV_P_ ev_async *w, int revents)
{
  (void)loop;
  (void)w;
  (void)revents;
  CHECK (held);
}

static void
locked_io (EV_P_ ev_io *w, int revents)
{
  CHECK (held);
  note_any ((ev_watcher *)w, revents);
  t_drain (w->fd);
  ev_io_stop (loop, w);
}

static void
locked_timer (EV_P_ ev_timer *w, int revents)
{
  (void)loop;
  CHECK (held);
  note_any ((ev_watcher *)w, revents);
}

static int shared_pipe[2];
static volatile int stop_thread;

static void *
shared_loop_thread (void *arg)
{
  (void)arg;
  pthread_mutex_lock (&lock);
  held = 1;
  while (!stop_thread)
    ev_run (target, EVRUN_ONCE);
  held = 0;
  pthread_mutex_unlock (&lock);
  return 0;
}

static void
wait_for_note (int n)
{
  double end = t_clock () + 10.;
  for (;;)
    {
      int have;
      pthread_mutex_lock (&lock);
      have = noted;
      pthread_mutex_unlock (&lock);
      if (have >= n)
        return;
      CHECK (t_clock () < end);
      t_nap (.001);
    }
}

TEST (threads_release_and_acquire_share_a_loop)
{
  struct ev_loop *loop = target = t_loop (0);
  pthread_t thread;
  ev_timer t;
  ev_io w;
  t_pipe (shared_pipe);
  ev_set_loop_release_cb (loop, release_lock, acquire_lock);
  ev_async_init (&wake, locked_async);
  ev_async_start (loop, &wake);
  CHECK (!pthread_create (&thread, 0, shared_loop_thread, 0));
  /* while it waits for nothing but us: a descriptor */
  t_nap (.02);
  pthread_mutex_lock (&lock);
  NAMED (&w, locked_io, "io");
  ev_io_set (&w, shared_pipe[0], EV_READ);
  ev_io_start (loop, &w);
  ev_async_send (loop, &wake);
  pthread_mutex_unlock (&lock);
  t_write (shared_pipe[1], "x");
  wait_for_note (1);
  /* and a timer */
  pthread_mutex_lock (&lock);
  NAMED (&t, locked_timer, "timer");
  ev_timer_set (&t, .01, 0.);
  ev_now_update (loop);
  ev_timer_start (loop, &t);
  ev_async_send (loop, &wake);
  pthread_mutex_unlock (&lock);
  wait_for_note (2);
  pthread_mutex_lock (&lock);
  stop_thread = 1;
  ev_async_send (loop, &wake);
  pthread_mutex_unlock (&lock);
  pthread_join (thread, 0);
  CHECK_TRACE ("io:1 timer:100");
  CHECK (released >= 1);
  ev_loop_destroy (loop);
}

/* ---- callbacks carried out by another thread ---- */

static struct ev_loop *carried;
static int wanted, carried_out;

static void *
worker (void *arg)
{
  (void)arg;
  pthread_mutex_lock (&lock);
  while (!wanted)
    pthread_cond_wait (&turn, &lock);
  ev_invoke_pending (carried);
  wanted = 0;
  carried_out = 1;
  pthread_cond_broadcast (&turn);
  pthread_mutex_unlock (&lock);
  return 0;
}

static void
hand_over (EV_P)
{
  if (!ev_pending_count (loop))
    return;
  pthread_mutex_lock (&lock);
  wanted = 1;
  pthread_cond_broadcast (&turn);
  while (wanted)
    pthread_cond_wait (&turn, &lock);
  pthread_mutex_unlock (&lock);
}

static pthread_t called_in;

static void
where (EV_P_ ev_timer *w, int revents)
{
  (void)loop;
  called_in = pthread_self ();
  note_any ((ev_watcher *)w, revents);
}

TEST (threads_pending_invoked_by_another_thread)
{
  struct ev_loop *loop = carried = t_loop (0);
  pthread_t thread;
  ev_timer t;
  ev_set_invoke_pending_cb (loop, hand_over);
  CHECK (!pthread_create (&thread, 0, worker, 0));
  NAMED (&t, where, "t");
  ev_timer_set (&t, .01, 0.);
  ev_timer_start (loop, &t);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("t:100");
  CHECK (pthread_equal (called_in, thread));
  CHECK (carried_out);
  pthread_join (thread, 0);
  ev_loop_destroy (loop);
}

/* ---- signals go to the loop whatever thread gets them ---- */

static void *
sleeps (void *arg)
{
  (void)arg;
  t_nap (.1);
  return 0;
}

static void
count_signal (EV_P_ ev_signal *w, int revents)
{
  (void)loop;
  note_any ((ev_watcher *)w, revents);
}

TEST (threads_signal_taken_by_another_thread)
{
  struct ev_loop *loop = t_loop (0);
  pthread_t thread;
  ev_signal w;
  NAMED (&w, count_signal, "usr1");
  ev_signal_set (&w, SIGUSR1);
  ev_signal_start (loop, &w);
  CHECK (!pthread_create (&thread, 0, sleeps, 0));
  t_mask (SIG_BLOCK, SIGUSR1); /* the loop's own thread can't get it */
  kill (getpid (), SIGUSR1);
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("usr1:400");
  pthread_join (thread, 0);
  ev_loop_destroy (loop);
}
