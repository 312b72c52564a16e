/* A program as a user of the installed library writes it: a timer that fires three times. Prints the version and the ticks. */
#include <ev.h>
#include <stdio.h>

static int ticks;

static void
tick (struct ev_loop *loop, ev_timer *timer, int revents)
{
  (void) revents;
  if (++ticks == 3)
    ev_timer_stop (loop, timer);
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
