/* So many descriptors watched, of which ten at a time have something to read: a server full of quiet connections. */
#include "loop.h"
#include <sys/eventfd.h>

enum { ACTIVE = 10 };
static ev_io *io;
static long came;

static void
on_read (EV_P_ ev_io *w, int revents)
{
  eventfd_t value;
  CHECK (!eventfd_read (w->fd, &value));
  came += value;
}

static void
set_up (void)
{
  long i;
  need_descriptors (size);
  make_loop ();
  io = room (size, sizeof *io);
  for (i = 0; i < size; ++i)
    {
      int fd = eventfd (0, EFD_NONBLOCK | EFD_CLOEXEC);
      CHECK (fd >= 0);
      ev_io_init (&io[i], on_read, fd, EV_READ);
      ev_io_start (loop, &io[i]);
    }
}

static long
turn (void)
{
  long before = came, goal = came;
  int i, j;
  for (i = 0; i < 20; ++i)
    {
      for (j = 0; j < ACTIVE; ++j)
        CHECK (!eventfd_write (io[draw_below (size)].fd, 1));
      goal += ACTIVE;
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
