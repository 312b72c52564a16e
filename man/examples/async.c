/* async.c - a thread works, the loop takes the results */
#include <ev.h>
#include <pthread.h>
#include <stdio.h>

#define TASKS 5

/* The mutex guards the data; the watcher only says: look. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int results[TASKS];
static int finished;

static struct ev_loop *loop;
static ev_async more;
static int taken;

static void *
work (void *arg)
{
  int i;

  for (i = 0; i < TASKS; ++i)
    {
      pthread_mutex_lock (&mutex);
      results[finished++] = i * i;
      pthread_mutex_unlock (&mutex);
      ev_async_send (loop, &more); /* allowed in any thread */
    }
  return NULL;
}

static void
on_more (EV_P_ ev_async *w, int revents)
{
  /* Several sends may come as one event: take all there is. */
  pthread_mutex_lock (&mutex);
  while (taken < finished)
    printf ("result %d\n", results[taken++]);
  pthread_mutex_unlock (&mutex);

  if (taken == TASKS)
    ev_async_stop (EV_A_ w);
}

int
main (void)
{
  pthread_t thread;

  loop = ev_default_loop (0);
  ev_async_init (&more, on_more);
  ev_async_start (loop, &more); /* before the first send */

  if (pthread_create (&thread, NULL, work, NULL) != 0)
    return 1;
  ev_run (loop, 0);
  pthread_join (thread, NULL);
  return 0;
}
