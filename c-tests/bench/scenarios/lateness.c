/* How late timers come: by the clock when the callback runs, against when they were due. So many at a time, of 5 to 20 ms; or of
 * 0.1 ms. How often the loop turned for each of them is told, too: to be on time must not mean to wake up for nothing. */
#include "loop.h"

static ev_timer *timer;
static double *due;
static long came;
static unsigned iterations;

static void
begin (ev_timer *w)
{
  double span = is ("short") ? 1e-4 : 5e-3 + 15e-3 * draw_part ();
  ev_now_update (loop);
  due[w - timer] = wall_clock () + span * 1e9;
  ev_timer_set (w, span, 0.);
  ev_timer_start (loop, w);
}

static void
on_timer (EV_P_ ev_timer *w, int revents)
{
  note_latency (wall_clock () - due[w - timer]);
  ++came;
  begin (w);
}

static void
set_up (void)
{
  long i;
  make_loop ();
  wanted *= 4; /* it waits, mostly */
  timer = room (size, sizeof *timer);
  due = room (size, sizeof *due);
  for (i = 0; i < size; ++i)
    {
      ev_timer_init (&timer[i], on_timer, 0., 0.);
      begin (&timer[i]);
    }
}

static long
turn (void)
{
  long before = came;
  unsigned first = ev_iteration (loop);
  while (came < before + 10)
    ev_run (loop, EVRUN_ONCE);
  if (measuring)
    iterations += ev_iteration (loop) - first;
  return came - before;
}

static void
report (void)
{
  printf (" iterations=%.3f", (double)iterations / latencies);
}

int
main (int argc, char **argv)
{
  return bench (argc, argv, set_up, turn, report);
}
