/* So many prepare, check and idle watchers each, all called in every iteration. */
#include "loop.h"

static ev_prepare *prepare;
static ev_check *check;
static ev_idle *idle;
static long prepared, checked, idled;

static void
on_prepare (EV_P_ ev_prepare *w, int revents)
{
  ++prepared;
}

static void
on_check (EV_P_ ev_check *w, int revents)
{
  ++checked;
}

static void
on_idle (EV_P_ ev_idle *w, int revents)
{
  ++idled;
}

static void
set_up (void)
{
  long i;
  make_loop ();
  prepare = room (size, sizeof *prepare);
  check = room (size, sizeof *check);
  idle = room (size, sizeof *idle);
  for (i = 0; i < size; ++i)
    {
      ev_prepare_init (&prepare[i], on_prepare);
      ev_prepare_start (loop, &prepare[i]);
      ev_check_init (&check[i], on_check);
      ev_check_start (loop, &check[i]);
      ev_idle_init (&idle[i], on_idle);
      ev_idle_start (loop, &idle[i]);
    }
}

static long
turn (void)
{
  long goal = prepared + 100 * size;
  int i;
  for (i = 0; i < 100; ++i)
    ev_run (loop, EVRUN_ONCE);
  CHECK (prepared == goal && checked == goal && idled == goal);
  return 3 * 100 * size;
}

int
main (int argc, char **argv)
{
  return bench (argc, argv, set_up, turn, 0);
}
