/* Descriptors that are readable all the time: what an event costs with so many of them ready in an iteration. */
#include "always.h"

static void
on_io (EV_P_ ev_io *w, int revents)
{
  CHECK (revents == EV_READ);
  came (w);
}

static void
set_up (void)
{
  watch_always (on_io, EV_READ);
}

int
main (int argc, char **argv)
{
  return bench (argc, argv, set_up, run_always, each_came);
}
