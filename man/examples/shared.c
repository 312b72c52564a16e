/* shared.c - a loop that other threads may use while it waits */
#include <ev.h>
#include <pthread.h>
#include <stdio.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct ev_loop *loop;
static ev_async wake;
static ev_timer late;

/* Called around the wait: whoever has the mutex has the loop. */
static void
release (EV_P) EV_NOEXCEPT
{
  pthread_mutex_unlock (&mutex);
}

static void
acquire (EV_P) EV_NOEXCEPT
{
  pthread_mutex_lock (&mutex);
}

static void
on_wake (EV_P_ ev_async *w, int revents)
{
  /* Nothing to do: the next iteration sees the new watcher. */
}

static void
on_late (EV_P_ ev_timer *w, int revents)
{
  puts ("the timer of the other thread");
  ev_break (EV_A_ EVBREAK_ALL);
}

static void *
other_thread (void *arg)
{
  pthread_mutex_lock (&mutex);
  ev_now_update (loop); /* the loop's time may be old by now */
  ev_timer_init (&late, on_late, 0.05, 0.);
  ev_timer_start (loop, &late);
  ev_async_send (loop, &wake); /* it waits for longer than that */
  pthread_mutex_unlock (&mutex);
  return NULL;
}

int
main (void)
{
  pthread_t thread;

  loop = ev_default_loop (0);
  ev_async_init (&wake, on_wake);
  ev_async_start (loop, &wake);
  ev_set_loop_release_cb (loop, release, acquire);

  pthread_mutex_lock (&mutex);
  if (pthread_create (&thread, NULL, other_thread, NULL) != 0)
    return 1;
  ev_run (loop, 0);
  pthread_mutex_unlock (&mutex);

  pthread_join (thread, NULL);
  return 0;
}
