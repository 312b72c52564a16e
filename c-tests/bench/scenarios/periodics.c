/* So many periodics: starting them, stop and start at random, all of them coming at once. */
#include "loop.h"

static ev_periodic *periodic;
static long fired;

static void
on_periodic (EV_P_ ev_periodic *w, int revents)
{
  ++fired;
}

static double
some_time (void)
{
  return ev_now (loop) + 60. + 60. * draw_part ();
}

static double
soon (void)
{
  return ev_now (loop) + 1e-6 * size * draw_part ();
}

static void
start_all (void)
{
  long i;
  for (i = 0; i < size; ++i)
    ev_periodic_start (loop, &periodic[i]);
}

static void
set_all (double (*time) (void))
{
  long i;
  ev_now_update (loop);
  for (i = size; i--; )
    {
      ev_periodic_stop (loop, &periodic[i]);
      ev_periodic_set (&periodic[i], time (), 0., 0);
    }
}

static long
start (void)
{
  if (measuring)
    rest ();
  set_all (some_time);
  measure ();
  start_all ();
  rest ();
  CHECK (ev_is_active (&periodic[size - 1]));
  return size;
}

enum { CALLS = 8192 };

static long
stop_start (void)
{
  int i;
  for (i = 0; i < CALLS; ++i)
    {
      ev_periodic *w = &periodic[draw_below (size)];
      ev_periodic_stop (loop, w);
      ev_periodic_set (w, some_time (), 0., 0);
      ev_periodic_start (loop, w);
    }
  return CALLS;
}

static long
expiry (void)
{
  double until;
  if (measuring)
    rest ();
  set_all (soon);
  start_all ();
  until = ev_time () + 1e-6 * size + 1e-4;
  while (ev_time () < until)
    ;
  fired = 0;
  measure ();
  ev_run (loop, EVRUN_NOWAIT);
  rest ();
  if (fired != size)
    fail ("%ld of %ld periodics came", fired, size);
  return size;
}

static void
set_up (void)
{
  long i;
  make_loop ();
  periodic = room (size, sizeof *periodic);
  for (i = 0; i < size; ++i)
    ev_periodic_init (&periodic[i], on_periodic, some_time (), 0., 0);
  start_all ();
}

int
main (int argc, char **argv)
{
  long (*turn) (void) = start;
  arguments (argc, argv);
  if (is ("restart"))
    turn = stop_start;
  else if (is ("expiry"))
    turn = expiry;
  else
    CHECK (is ("start"));
  return bench (argc, argv, set_up, turn, 0);
}
