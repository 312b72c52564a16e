/* Descriptors that live for one event: socket pair, start, event, stop, close; so many at once. */
#include "loop.h"
#include <sys/socket.h>

static ev_io *io;
static long came;

static void
on_read (EV_P_ ev_io *w, int revents)
{
  CHECK (revents == EV_READ);
  ev_io_stop (EV_A_ w);
  close (w->fd);
  ++came;
}

static void
set_up (void)
{
  need_descriptors (size);
  make_loop ();
  io = room (size, sizeof *io);
}

static long
turn (void)
{
  long before = came, i;
  while (came < before + 100)
    {
      long goal = came + size;
      for (i = 0; i < size; ++i)
        {
          int pair[2];
          CHECK (!socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair));
          ev_io_init (&io[i], on_read, pair[0], EV_READ);
          ev_io_start (loop, &io[i]);
          CHECK (write (pair[1], "x", 1) == 1);
          close (pair[1]);
        }
      while (came < goal)
        ev_run (loop, EVRUN_ONCE);
    }
  return came - before;
}

int
main (int argc, char **argv)
{
  return bench (argc, argv, set_up, turn, 0);
}
