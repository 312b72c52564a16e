/* Watchers that turn from reading to writing and back on every event, as protocols do that answer what they read. */
#include "always.h"

static void
on_io (EV_P_ ev_io *w, int revents)
{
  int asked = w->events & (EV_READ | EV_WRITE);
  CHECK (revents == asked);
  came (w);
  ev_io_stop (EV_A_ w);
  ev_io_set (w, w->fd, asked ^ (EV_READ | EV_WRITE));
  ev_io_start (EV_A_ w);
}

/* The same with ev_io_modify, which promises that the descriptor is the same. */
static void
on_io_modify (EV_P_ ev_io *w, int revents)
{
  int asked = w->events & (EV_READ | EV_WRITE);
  CHECK (revents == asked);
  came (w);
  ev_io_stop (EV_A_ w);
  ev_io_modify (w, asked ^ (EV_READ | EV_WRITE));
  ev_io_start (EV_A_ w);
}

static void
set_up (void)
{
  watch_always (is ("modify") ? on_io_modify : on_io, EV_READ);
}

int
main (int argc, char **argv)
{
  return bench (argc, argv, set_up, run_always, each_came);
}
