/* An iteration that finds nothing to do: on a loop without watchers, or with a timer far away. */
#include "loop.h"

enum { ITERATIONS = 1000 };
static ev_timer timer;

static void
never (EV_P_ ev_timer *w, int revents)
{
  fail ("a timer came an hour early");
}

static void
set_up (void)
{
  make_loop ();
  ev_timer_init (&timer, never, 3600., 0.);
  if (is ("timer"))
    ev_timer_start (loop, &timer);
}

static long
turn (void)
{
  unsigned before = ev_iteration (loop);
  int i;
  for (i = 0; i < ITERATIONS; ++i)
    ev_run (loop, EVRUN_NOWAIT);
  CHECK (ev_iteration (loop) - before == ITERATIONS);
  return ITERATIONS;
}

int
main (int argc, char **argv)
{
  return bench (argc, argv, set_up, turn, 0);
}
