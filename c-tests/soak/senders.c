/* Threads that send to async watchers and raise signals. Sends merge, so each is numbered, and now and then a thread waits until its last
   number was seen: a lost one is not hidden by the next. */
#include "soak.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 8, IN_A_ROW = 8, PATIENCE = 20 };

static struct sender
{
  pthread_t thread;
  ev_async async;
  atomic_long number;
  atomic_long seen;
} sender[THREADS];
static ev_signal signals[2];
static atomic_long raised[2];
static atomic_long signal_seen[2];
static atomic_int ended;

static void
on_async (EV_P_ ev_async *w, int revents)
{
  struct sender *s = w->data;
  if (!in_child)
    atomic_store (&s->seen, atomic_load (&s->number));
}

static void
on_signal (EV_P_ ev_signal *w, int revents)
{
  int i = w == &signals[1];
  if (!in_child)
    atomic_store (&signal_seen[i], atomic_load (&raised[i]));
}

static void
nap (long nanoseconds)
{
  struct timespec pause = { 0, nanoseconds };
  nanosleep (&pause, 0);
}

static void
wait_for (atomic_long *seen, atomic_long *number, const char *what)
{
  time_t end = time (0) + PATIENCE;
  /* At the end it is the loop's thread that waits. */
  while (atomic_load (seen) != atomic_load (number) && !atomic_load (&ended))
    {
      if (time (0) > end)
        fail ("%s number %ld was not seen, the last was %ld", what, atomic_load (number), atomic_load (seen));
      nap (20000);
    }
}

static void *
run (void *arg)
{
  struct sender *s = arg;
  int i = (int)(s - sender);
  while (!atomic_load (&ended))
    {
      long number = atomic_fetch_add (&s->number, 1);
      ev_async_send (loop, &s->async);
      if (i % 4 == 0)
        {
          atomic_fetch_add (&raised[i / 4], 1);
          kill (getpid (), i / 4 ? SIGUSR2 : SIGUSR1);
        }
      nap (50000 + 20000 * i);
      if (number % IN_A_ROW == 0)
        {
          wait_for (&s->seen, &s->number, "send");
          if (i % 4 == 0)
            wait_for (&signal_seen[i / 4], &raised[i / 4], "signal");
        }
    }
  return 0;
}

static void
begin (void)
{
  int i;
  for (i = 0; i < 2; ++i)
    {
      ev_signal_init (&signals[i], on_signal, i ? SIGUSR2 : SIGUSR1);
      ev_signal_start (loop, &signals[i]);
    }
  for (i = 0; i < THREADS; ++i)
    {
      ev_async_init (&sender[i].async, on_async);
      sender[i].async.data = &sender[i];
      ev_async_start (loop, &sender[i].async);
      if (pthread_create (&sender[i].thread, 0, run, &sender[i]))
        fail ("no thread");
    }
}

static void
end (void)
{
  int i;
  atomic_store (&ended, 1);
  for (i = 0; i < THREADS; ++i)
    pthread_join (sender[i].thread, 0);
}

static long
sent (void)
{
  long all = atomic_load (&raised[0]) + atomic_load (&raised[1]);
  int i;
  for (i = 0; i < THREADS; ++i)
    all += atomic_load (&sender[i].number);
  return all;
}

static long
came (void)
{
  long all = atomic_load (&signal_seen[0]) + atomic_load (&signal_seen[1]);
  int i;
  for (i = 0; i < THREADS; ++i)
    all += atomic_load (&sender[i].seen);
  return all;
}

const struct part senders = { "sends and signals", begin, end, sent, came };
