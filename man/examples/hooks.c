/* hooks.c - how long the loop works, and how long it waits */
#include <ev.h>
#include <stdio.h>

static ev_tstamp woken, working, waiting, asleep;

static void
on_prepare (EV_P_ ev_prepare *w, int revents)
{
  asleep = ev_time ();
  working += asleep - woken;
}

static void
on_check (EV_P_ ev_check *w, int revents)
{
  woken = ev_time ();
  waiting += woken - asleep;
}

static void
on_timeout (EV_P_ ev_timer *w, int revents)
{
  ev_sleep (0.01); /* hard work */
  w->repeat = 0.;
}

int
main (void)
{
  struct ev_loop *loop = ev_default_loop (0);
  ev_prepare prepare;
  ev_check check;
  ev_timer timer;

  ev_prepare_init (&prepare, on_prepare);
  ev_prepare_start (loop, &prepare);
  ev_unref (loop); /* an observer does not keep the loop running */

  ev_check_init (&check, on_check);
  ev_set_priority (&check, EV_MAXPRI); /* called before all others */
  ev_check_start (loop, &check);
  ev_unref (loop);

  ev_timer_init (&timer, on_timeout, 0.3, 0.3);
  ev_timer_start (loop, &timer);

  woken = ev_time ();
  ev_run (loop, 0);
  puts (waiting > working ? "mostly waiting" : "mostly working");

  ev_ref (loop);
  ev_check_stop (loop, &check);
  ev_ref (loop);
  ev_prepare_stop (loop, &prepare);
  return 0;
}
