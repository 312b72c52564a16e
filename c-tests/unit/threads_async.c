/* ev_async_send from many threads to many loops: nothing is lost, nothing is touched that is gone. */
#include "drive.h"

#include <pthread.h>
#include <stdatomic.h>

/* ---- a thread with a loop, that others send to ---- */

enum { LOOPS = 8, SENDERS = 8, ROUNDS = 500 };

struct receiver
{
  struct ev_loop *loop;
  ev_async async[SENDERS];   /* one for each sender */
  int said[SENDERS];         /* what it says */
  int heard[SENDERS];
  int ended;
  pthread_t thread;
};

static struct receiver receivers[LOOPS];

static void
hears (EV_P_ ev_async *w, int revents)
{
  struct receiver *me = w->data;
  int sender = (int)(w - me->async), now = __atomic_load_n (&me->said[sender], __ATOMIC_SEQ_CST);
  CHECK_EQ (revents, EV_ASYNC);
  CHECK (loop == me->loop);
  CHECK (now >= me->heard[sender]);
  me->heard[sender] = now;
  if (now == ROUNDS)
    {
      ev_async_stop (loop, w);
      ++me->ended;
    }
}

static void *
receives (void *arg)
{
  struct receiver *me = arg;
  CHECK_EQ (ev_run (me->loop, 0), 0); /* ends when all have said their last */
  CHECK_EQ (me->ended, SENDERS);
  return 0;
}

static void *
sends_to_all (void *arg)
{
  int me = (int)(intptr_t)arg, i, k;
  for (i = 1; i <= ROUNDS; ++i)
    for (k = 0; k < LOOPS; ++k)
      {
        struct receiver *to = receivers + (me + k) % LOOPS;
        __atomic_store_n (&to->said[me], i, __ATOMIC_SEQ_CST);
        ev_async_send (to->loop, to->async + me);
      }
  return 0;
}

TEST (threads_async_many_senders_to_many_loops)
{
  pthread_t sender[SENDERS];
  int i, k;
  for (i = 0; i < LOOPS; ++i)
    {
      receivers[i].loop = t_loop (0);
      for (k = 0; k < SENDERS; ++k)
        {
          ev_async_init (receivers[i].async + k, hears);
          receivers[i].async[k].data = receivers + i;
          ev_async_start (receivers[i].loop, receivers[i].async + k);
        }
      CHECK (!pthread_create (&receivers[i].thread, 0, receives, receivers + i));
    }
  for (k = 0; k < SENDERS; ++k)
    CHECK (!pthread_create (sender + k, 0, sends_to_all, (void *)(intptr_t)k));
  for (k = 0; k < SENDERS; ++k)
    CHECK (!pthread_join (sender[k], 0));
  for (i = 0; i < LOOPS; ++i)
    {
      CHECK (!pthread_join (receivers[i].thread, 0));
      ev_loop_destroy (receivers[i].loop);
    }
}

/* ---- a ring of loops ---- */

enum { STATIONS = 8, LAPS = 200 };

static struct station
{
  struct ev_loop *loop;
  ev_async token;
  int seen;
  pthread_t thread;
} stations[STATIONS];

static void
passes_on (EV_P_ ev_async *w, int revents)
{
  struct station *me = w->data, *next = stations + (me - stations + 1) % STATIONS;
  CHECK_EQ (revents, EV_ASYNC);
  if (++me->seen == LAPS)
    ev_async_stop (loop, w);
  if (me != stations + STATIONS - 1 || me->seen < LAPS)
    ev_async_send (next->loop, &next->token);
}

static void *
runs_its_loop (void *loop)
{
  CHECK_EQ (ev_run (loop, 0), 0);
  return 0;
}

TEST (threads_async_token_goes_round_a_ring_of_loops)
{
  int i;
  for (i = 0; i < STATIONS; ++i)
    {
      stations[i].loop = t_loop (0);
      ev_async_init (&stations[i].token, passes_on);
      stations[i].token.data = stations + i;
      ev_async_start (stations[i].loop, &stations[i].token);
    }
  for (i = 0; i < STATIONS; ++i)
    CHECK (!pthread_create (&stations[i].thread, 0, runs_its_loop, stations[i].loop));
  ev_async_send (stations[0].loop, &stations[0].token);
  for (i = 0; i < STATIONS; ++i)
    {
      CHECK (!pthread_join (stations[i].thread, 0));
      CHECK_EQ (stations[i].seen, LAPS);
      ev_loop_destroy (stations[i].loop);
    }
}

/* ---- watchers come and go while others are sent to ---- */

static struct ev_loop *target;
static ev_async steady;
static int last_said, last_heard;

static void
hears_steadily (EV_P_ ev_async *w, int revents)
{
  (void)loop;
  (void)w;
  (void)revents;
  last_heard = __atomic_load_n (&last_said, __ATOMIC_SEQ_CST);
}

static void *
says_steadily (void *arg)
{
  int i;
  (void)arg;
  for (i = 1; i <= 20000; ++i)
    {
      __atomic_store_n (&last_said, i, __ATOMIC_SEQ_CST);
      ev_async_send (target, &steady);
    }
  return 0;
}

static void
never (EV_P_ ev_async *w, int revents)
{
  (void)loop;
  (void)w;
  (void)revents;
  CHECK (0);
}

TEST (threads_async_neighbours_start_and_stop)
{
  struct ev_loop *loop = target = t_loop (0);
  ev_async other[20];
  pthread_t thread;
  int i;
  for (i = 0; i < 20; ++i)
    ev_async_init (other + i, never);
  ev_async_start (loop, other);
  ev_async_init (&steady, hears_steadily);
  ev_async_start (loop, &steady);
  CHECK (!pthread_create (&thread, 0, says_steadily, 0));
  for (i = 0; last_heard < 20000; ++i)
    {
      if (ev_is_active (other + i % 20))
        ev_async_stop (loop, other + i % 20);
      else
        ev_async_start (loop, other + i % 20);
      ev_run (loop, EVRUN_NOWAIT);
    }
  CHECK (!pthread_join (thread, 0));
  ev_verify (loop);
  ev_loop_destroy (loop);
}

/* ---- the loop goes as soon as the last send has arrived ---- */

static pthread_barrier_t round_begins, round_ends;

/* The kernel takes long to destroy what linuxaio needs. */
static int
destroys (void)
{
  return t_backend == T_LINUXAIO ? 20 : 200;
}

static void *
sends_the_last (void *arg)
{
  int i;
  (void)arg;
  for (i = 0; i < destroys (); ++i)
    {
      pthread_barrier_wait (&round_begins);
      ev_async_send (target, &steady);
      pthread_barrier_wait (&round_ends);
    }
  return 0;
}

static void
stops (EV_P_ ev_async *w, int revents)
{
  (void)revents;
  ev_async_stop (loop, w);
}

TEST (threads_async_loop_destroyed_behind_the_last_send)
{
  pthread_t thread;
  int i, before = t_open_fds ();
  CHECK (!pthread_barrier_init (&round_begins, 0, 2) && !pthread_barrier_init (&round_ends, 0, 2));
  CHECK (!pthread_create (&thread, 0, sends_the_last, 0));
  for (i = 0; i < destroys (); ++i)
    {
      target = t_loop (0);
      ev_async_init (&steady, stops);
      ev_async_start (target, &steady);
      pthread_barrier_wait (&round_begins);
      CHECK_EQ (ev_run (target, 0), 0);
      ev_loop_destroy (target);
      pthread_barrier_wait (&round_ends);
    }
  CHECK (!pthread_join (thread, 0));
  CHECK_EQ (t_open_fds (), before);
}

/* ---- from a signal handler that interrupts any thread ---- */

static void
sends_from_the_handler (int signum)
{
  int before = errno;
  (void)signum;
  ev_async_send (target, &steady);
  CHECK_EQ (errno, before);
}

static atomic_int spinning;

static void *
spins (void *arg)
{
  int *wrong = arg;
  errno = 4242;
  while (spinning)
    if (errno != 4242)
      *wrong = 1;
  return 0;
}

static void
counts (EV_P_ ev_async *w, int revents)
{
  (void)loop;
  note_any ((ev_watcher *)w, revents);
}

TEST (threads_async_sent_by_handlers_in_other_threads)
{
  struct ev_loop *loop = target = t_loop (0);
  struct sigaction action = { .sa_handler = sends_from_the_handler, .sa_flags = SA_RESTART };
  pthread_t thread[2];
  int i, wrong = 0;
  CHECK (!sigaction (SIGUSR2, &action, 0));
  NAMED (&steady, counts, "a");
  ev_async_start (loop, &steady);
  spinning = 1;
  for (i = 0; i < 2; ++i)
    CHECK (!pthread_create (thread + i, 0, spins, &wrong));
  for (i = 0; i < 200; ++i)
    {
      int so_far = noted;
      CHECK (!pthread_kill (thread[i & 1], SIGUSR2));
      drive_until (loop, &noted, so_far + 1); /* each one arrives, since none is sent before the last has */
      t_trace_reset ();
    }
  spinning = 0;
  for (i = 0; i < 2; ++i)
    CHECK (!pthread_join (thread[i], 0));
  CHECK_EQ (noted, 200);
  CHECK (!wrong);
  ev_loop_destroy (loop);
}

/* ---- one loop, run by several threads in turn, while others send ---- */

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static int runs[4];

static void *
runs_in_turn (void *arg)
{
  int *mine = arg;
  for (;;)
    {
      int done;
      pthread_mutex_lock (&turn);
      done = last_heard == 20000;
      if (!done)
        {
          ev_run (target, EVRUN_NOWAIT);
          ++*mine;
        }
      pthread_mutex_unlock (&turn);
      if (done)
        return 0;
      sched_yield ();
    }
}

TEST (threads_async_loop_run_by_threads_in_turn)
{
  pthread_t runner[4], sender;
  int i;
  target = t_loop (0);
  ev_async_init (&steady, hears_steadily);
  ev_async_start (target, &steady);
  CHECK (!pthread_create (&sender, 0, says_steadily, 0));
  for (i = 0; i < 4; ++i)
    CHECK (!pthread_create (runner + i, 0, runs_in_turn, runs + i));
  CHECK (!pthread_join (sender, 0));
  for (i = 0; i < 4; ++i)
    CHECK (!pthread_join (runner[i], 0));
  CHECK_EQ (last_heard, 20000);
  CHECK_EQ (ev_depth (target), 0);
  ev_verify (target);
  ev_loop_destroy (target);
}
