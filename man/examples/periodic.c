/* periodic.c - every tenth of a second by the wall clock; midnight */
#include <ev.h>
#include <math.h>
#include <stdio.h>
#include <time.h>

static int ticks;

static void
on_tick (EV_P_ ev_periodic *w, int revents)
{
  double tenths = ev_periodic_at (w) * 10.; /* already the next one */

  puts (fabs (tenths - round (tenths)) < 0.01 ? "on time" : "off");
  if (++ticks == 3)
    ev_periodic_stop (EV_A_ w);
}

/* No interval says that where clocks are put forward and back. */
static ev_tstamp
next_midnight (ev_periodic *w, ev_tstamp now)
{
  time_t seconds = (time_t)now;
  struct tm tm;

  localtime_r (&seconds, &tm);
  tm.tm_mday += 1;
  tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
  tm.tm_isdst = -1; /* mktime finds out */
  return (ev_tstamp)mktime (&tm);
}

static void
on_midnight (EV_P_ ev_periodic *w, int revents)
{
  puts ("a new day"); /* called again on the next */
}

int
main (void)
{
  struct ev_loop *loop = ev_default_loop (0);
  ev_periodic tick, midnight;
  time_t at;

  ev_periodic_init (&tick, on_tick, 0., 0.1, NULL);
  ev_periodic_start (loop, &tick);

  ev_periodic_init (&midnight, on_midnight, 0., 0., next_midnight);
  ev_periodic_start (loop, &midnight);
  ev_unref (loop); /* midnight alone keeps nothing running */

  at = (time_t)ev_periodic_at (&midnight);
  printf ("the new day begins at %d:00\n", localtime (&at)->tm_hour);

  ev_run (loop, 0);

  ev_ref (loop); /* what was taken is given back before the stop */
  ev_periodic_stop (loop, &midnight);
  return 0;
}
