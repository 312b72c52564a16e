/* ev_feed_event on so many watchers and ev_invoke_pending: callbacks without a system call. */
#include "loop.h"

static ev_io *io;
static long came;

static void
on_fed (EV_P_ ev_io *w, int revents)
{
  ++came;
}

static void
set_up (void)
{
  long i;
  make_loop ();
  io = room (size, sizeof *io);
  for (i = 0; i < size; ++i)
    ev_io_init (&io[i], on_fed, 0, EV_READ);
}

static long
turn (void)
{
  long before = came, i;
  while (came < before + 1000)
    {
      long goal = came + size;
      for (i = 0; i < size; ++i)
        ev_feed_event (loop, &io[i], EV_CUSTOM);
      ev_invoke_pending (loop);
      CHECK (came == goal);
    }
  return came - before;
}

int
main (int argc, char **argv)
{
  return bench (argc, argv, set_up, turn, 0);
}
