/* Watchers that their callback stops, sets to the same and starts again, as nghttp2, gevent and many others do. */
#include "always.h"

static void
on_io (EV_P_ ev_io *w, int revents)
{
  CHECK (revents == EV_READ);
  came (w);
  ev_io_stop (EV_A_ w);
  ev_io_set (w, w->fd, EV_READ);
  ev_io_start (EV_A_ w);
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
