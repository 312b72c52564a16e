/* ev_once on descriptors that are ready, with a time-out that does not come; so many at once. */
#include "loop.h"
#include <sys/eventfd.h>

static int *fd;
static long came;

static void
on_once (int revents, void *arg)
{
  CHECK (revents == EV_READ);
  ++came;
}

static void
set_up (void)
{
  long i;
  need_descriptors (size);
  make_loop ();
  fd = room (size, sizeof *fd);
  for (i = 0; i < size; ++i)
    CHECK ((fd[i] = eventfd (1, EFD_NONBLOCK | EFD_CLOEXEC)) >= 0);
}

static long
turn (void)
{
  long before = came, i;
  while (came < before + 100)
    {
      long goal = came + size;
      for (i = 0; i < size; ++i)
        ev_once (loop, fd[i], EV_READ, 60., on_once, 0);
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
