/* ev_async_send: from so many threads without a pause, each with a watcher of its own; one that wakes a sleeping loop; from the loop's
 * own thread. An event is what was sent: what is sent before the callback has run is one for the library. */
#include "loop.h"
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

/* ---- without a pause ---- */

enum { SENDS = 10000, MOST = 64 };

static struct sender
{
  ev_async async;
  sem_t go;
  atomic_int finished; /* set before the last send */
  int seen;
} sender[MOST];
static long ended;

static void
on_sent (EV_P_ ev_async *w, int revents)
{
  struct sender *s = (struct sender *)w;
  if (!s->seen && atomic_load (&s->finished))
    {
      s->seen = 1;
      ++ended;
    }
}

static void *
send_on (void *arg)
{
  struct sender *s = arg;
  for (;;)
    {
      int i;
      sem_wait (&s->go);
      for (i = 1; i < SENDS; ++i)
        ev_async_send (loop, &s->async);
      atomic_store (&s->finished, 1);
      ev_async_send (loop, &s->async);
    }
  return 0;
}

static void
start_thread (void *(*run) (void *), void *arg)
{
  pthread_t thread;
  CHECK (!pthread_create (&thread, 0, run, arg));
}

static void
set_up (void)
{
  long i;
  make_loop ();
  CHECK (size <= MOST);
  for (i = 0; i < size; ++i)
    {
      ev_async_init (&sender[i].async, on_sent);
      ev_async_start (loop, &sender[i].async);
      sem_init (&sender[i].go, 0, 0);
      start_thread (send_on, &sender[i]);
    }
}

static long
turn (void)
{
  long i;
  ended = 0;
  for (i = 0; i < size; ++i)
    {
      sender[i].seen = 0;
      atomic_store (&sender[i].finished, 0);
      sem_post (&sender[i].go);
    }
  while (ended < size)
    ev_run (loop, EVRUN_ONCE);
  return size * SENDS;
}

/* ---- one that wakes ---- */

static ev_async one;
static sem_t go;
static _Atomic double sent_at;
static long came;

static void *
wake (void *arg)
{
  for (;;)
    {
      struct timespec a_while = { 0, 200000 };
      sem_wait (&go);
      nanosleep (&a_while, 0); /* until the loop sleeps */
      atomic_store (&sent_at, wall_clock ());
      ev_async_send (loop, &one);
    }
  return 0;
}

static void
on_wake (EV_P_ ev_async *w, int revents)
{
  note_latency (wall_clock () - atomic_load (&sent_at));
  ++came;
}

static void
set_up_wake (void)
{
  make_loop ();
  wanted *= 2;
  ev_async_init (&one, on_wake);
  ev_async_start (loop, &one);
  sem_init (&go, 0, 0);
  start_thread (wake, 0);
}

static long
turn_wake (void)
{
  int i;
  for (i = 0; i < 10; ++i)
    {
      long before = came;
      sem_post (&go);
      while (came == before)
        ev_run (loop, EVRUN_ONCE);
    }
  return 10;
}

/* ---- from the loop's own thread ---- */

static void
on_self (EV_P_ ev_async *w, int revents)
{
  ++came;
  ev_async_send (EV_A_ w);
}

static void
set_up_self (void)
{
  make_loop ();
  ev_async_init (&one, on_self);
  ev_async_start (loop, &one);
  ev_async_send (loop, &one);
}

static long
turn_self (void)
{
  long before = came;
  while (came < before + 1000)
    ev_run (loop, EVRUN_ONCE);
  return came - before;
}

int
main (int argc, char **argv)
{
  arguments (argc, argv);
  if (is ("wake"))
    return bench (argc, argv, set_up_wake, turn_wake, 0);
  if (is ("self"))
    return bench (argc, argv, set_up_self, turn_self, 0);
  return bench (argc, argv, set_up, turn, 0);
}
