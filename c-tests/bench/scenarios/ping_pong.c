/* A byte goes to and fro over a socket pair of which both ends are watched: an iteration for each event. */
#include "loop.h"
#include <sys/socket.h>

static ev_io end[2];
static long came;

static void
on_read (EV_P_ ev_io *w, int revents)
{
  char byte;
  CHECK (read (w->fd, &byte, 1) == 1);
  ++came;
  CHECK (write (w->fd, &byte, 1) == 1);
}

static void
set_up (void)
{
  int pair[2], i;
  make_loop ();
  CHECK (!socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair));
  for (i = 0; i < 2; ++i)
    {
      ev_io_init (&end[i], on_read, pair[i], EV_READ);
      ev_io_start (loop, &end[i]);
    }
  CHECK (write (pair[0], "x", 1) == 1);
}

static long
turn (void)
{
  long before = came;
  while (came < before + 1000)
    ev_run (loop, EVRUN_ONCE);
  return came - before;
}

int
main (int argc, char **argv)
{
  return bench (argc, argv, set_up, turn, 0);
}
