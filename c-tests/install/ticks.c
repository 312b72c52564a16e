/* A program as a user of the installed library writes it: a timer that fires three times. Prints the version and the ticks.
   It calls ev_walk, so that it neither links with the distribution's library nor runs on it. */
#define EV_WALK_ENABLE 1
#include <ev.h>
#include <stdio.h>

static int ticks;

static void
stop (struct ev_loop *loop, int type, void *watcher)
{
  if (type == EV_TIMER)
    ev_timer_stop (loop, (ev_timer *) watcher);
}

static void
tick (struct ev_loop *loop, ev_timer *timer, int revents)
{
  (void) revents;
  (void) timer;
  if (++ticks == 3)
    ev_walk (loop, EV_TIMER, stop);
}

int
main (void)
{
  struct ev_loop *loop = EV_DEFAULT;
  ev_timer timer;
  ev_timer_init (&timer, tick, 0.001, 0.001);
  ev_timer_start (loop, &timer);
  ev_run (loop, 0);
  printf ("%d.%d %d\n", ev_version_major (), ev_version_minor (), ticks);
  return 0;
}
