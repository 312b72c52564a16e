/* idle.c - a long calculation in slices, between events */
#include <ev.h>
#include <stdio.h>

static long sum, next = 1;
static int events;

static void
on_idle (EV_P_ ev_idle *w, int revents)
{
  int i;

  for (i = 0; i < 1000; ++i)
    sum += next++;
  if (next > 1000000)
    {
      printf ("the sum is %ld\n", sum);
      ev_idle_stop (EV_A_ w); /* while it is active no run waits */
    }
}

static void
on_event (EV_P_ ev_timer *w, int revents)
{
  if (++events == 3)
    {
      puts ("three events came in between");
      ev_timer_stop (EV_A_ w);
    }
}

int
main (void)
{
  struct ev_loop *loop = ev_default_loop (0);
  ev_idle idle;
  ev_timer event;

  ev_timer_init (&event, on_event, 0., 0.000001);
  ev_timer_start (loop, &event);
  ev_idle_init (&idle, on_idle);
  ev_idle_start (loop, &idle);

  ev_run (loop, 0);
  return 0;
}
