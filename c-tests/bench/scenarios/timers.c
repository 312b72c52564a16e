/* So many timers: starting them, ev_timer_again, stop and start at random, and all of them expiring at once. */
#include "loop.h"

static ev_timer *timer;
static long fired;

static void
on_timer (EV_P_ ev_timer *w, int revents)
{
  ++fired;
}

static double
some_time (void)
{
  return 60. + 60. * draw_part ();
}

static void
start_all (void)
{
  long i;
  for (i = 0; i < size; ++i)
    ev_timer_start (loop, &timer[i]);
}

/* From the last to the first, so that the order of the watchers in memory is not that of the heap. */
static void
set_all (double (*span) (void))
{
  long i;
  for (i = size; i--; )
    {
      ev_timer_stop (loop, &timer[i]);
      ev_timer_set (&timer[i], span (), timer[i].repeat);
    }
}

static long
start (void)
{
  if (measuring)
    rest ();
  set_all (some_time);
  ev_now_update (loop);
  measure ();
  start_all ();
  rest ();
  CHECK (ev_is_active (&timer[size - 1]));
  return size;
}

enum { CALLS = 8192 };

/* Time goes on as it does in a program: not between any two of them. */
static long
again (void)
{
  int i;
  for (i = 0; i < CALLS; ++i)
    {
      if (!(i & 63))
        ev_now_update (loop);
      ev_timer_again (loop, &timer[draw_below (size)]);
    }
  return CALLS;
}

static long
stop_start (void)
{
  int i;
  for (i = 0; i < CALLS; ++i)
    {
      ev_timer *w = &timer[draw_below (size)];
      if (!(i & 63))
        ev_now_update (loop);
      ev_timer_stop (loop, w);
      ev_timer_set (w, some_time (), 0.);
      ev_timer_start (loop, w);
    }
  return CALLS;
}

/* A nanosecond for each timer, in any order. */
static double
soon (void)
{
  return 1e-9 * size * draw_part ();
}

static long
expiry (void)
{
  double until;
  if (measuring)
    rest ();
  set_all (soon);
  ev_now_update (loop);
  start_all ();
  until = wall_clock () + size + 1000;
  while (wall_clock () < until)
    ;
  fired = 0;
  measure ();
  ev_run (loop, EVRUN_NOWAIT);
  rest ();
  if (fired != size)
    fail ("%ld of %ld timers fired", fired, size);
  return size;
}

/* Equal: as a server has that gives all its connections the same time. */
static double
repeat (void)
{
  return is ("again") ? 60. + (double)draw_below (60) : is ("again-equal") ? 60. : 0.;
}

static void
set_up (void)
{
  long i;
  make_loop ();
  timer = room (size, sizeof *timer);
  for (i = 0; i < size; ++i)
    ev_timer_init (&timer[i], on_timer, some_time (), repeat ());
  start_all ();
}

int
main (int argc, char **argv)
{
  long (*turn) (void) = start;
  arguments (argc, argv);
  if (is ("again") || is ("again-equal"))
    turn = again;
  else if (is ("restart"))
    turn = stop_start;
  else if (is ("expiry"))
    turn = expiry;
  else
    CHECK (is ("start"));
  return bench (argc, argv, set_up, turn, 0);
}
