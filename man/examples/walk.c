/* walk.c - what is active in a loop, and how to stop all of it */
#define EV_WALK_ENABLE 1
#include <ev.h>
#include <stdio.h>

static void
on_timeout (EV_P_ ev_timer *w, int revents)
{
}

static void
on_idle (EV_P_ ev_idle *w, int revents)
{
}

static void
stop (EV_P_ int type, void *w)
{
  switch (type)
    {
    case EV_TIMER:
      printf ("a timer of %g seconds\n", ((ev_timer *)w)->repeat);
      ev_timer_stop (EV_A_ w);
      break;
    case EV_IDLE:
      puts ("an idle watcher");
      ev_idle_stop (EV_A_ w);
      break;
    }
}

int
main (void)
{
  struct ev_loop *loop = ev_default_loop (0);
  ev_timer timer;
  ev_idle idle;

  ev_timer_init (&timer, on_timeout, 5., 5.);
  ev_timer_start (loop, &timer);
  ev_idle_init (&idle, on_idle);
  ev_idle_start (loop, &idle);

  ev_walk (loop, EV_TIMER, stop);
  ev_walk (loop, EV_IDLE, stop);
  printf ("%d active\n", ev_run (loop, 0));
  return 0;
}
