/* Timers by the hundred thousand: each starts again when it expires, and others are stopped, started and put off. */
#include "soak.h"

#include <stdlib.h>

enum { COUNT = 200000, CHANGES = 100 };

static ev_timer *timer, changer;
static long started, expired;
static int ended;

static void
start (ev_timer *w)
{
  ev_timer_set (w, .5 + draw (20000) * 1e-3, 0.);
  ev_timer_start (loop, w);
  ++started;
}

static void
on_timer (EV_P_ ev_timer *w, int revents)
{
  if (in_child)
    return;
  ++expired;
  if (!ended)
    start (w);
}

static void
on_changer (EV_P_ ev_timer *changer, int revents)
{
  int i;
  if (in_child || ended)
    return;
  for (i = 0; i < CHANGES; ++i)
    {
      ev_timer *w = &timer[draw (COUNT)];
      if (draw (2))
        {
          w->repeat = 1. + draw (1000) * 1e-3;
          ev_timer_again (EV_A_ w);
          w->repeat = 0.;
        }
      else
        {
          ev_timer_stop (EV_A_ w);
          --started;
          start (w);
        }
    }
}

static void
begin (void)
{
  int i;
  timer = calloc (COUNT, sizeof *timer);
  for (i = 0; i < COUNT; ++i)
    {
      ev_timer_init (&timer[i], on_timer, 0., 0.);
      start (&timer[i]);
    }
  ev_timer_init (&changer, on_changer, .003, .003);
  ev_timer_start (loop, &changer);
}

/* Those that are far away are not waited for. */
static void
end (void)
{
  int i;
  ended = 1;
  for (i = 0; i < COUNT; ++i)
    if (ev_is_active (&timer[i]) && ev_timer_remaining (loop, &timer[i]) > 1.)
      {
        ev_timer_stop (loop, &timer[i]);
        --started;
      }
}

static long
sent (void)
{
  return started;
}

static long
came (void)
{
  return expired;
}

const struct part timers = { "timers", begin, end, sent, came };
