/* The classic of event libraries: so many socket pairs in a ring, up to a hundred of them active; what reads a byte writes one to the
 * next pair. With a timer for each pair, as a server has for each connection, it is moved by ev_timer_again on every event. */
#include "loop.h"
#include <sys/socket.h>

enum { ACTIVE = 100 };

struct place
{
  ev_io io;
  ev_timer timer;
  int to; /* what is written here is read by io */
};

static struct place *ring;
static long to_write, written, came;
static int with_timers;

static void
never (EV_P_ ev_timer *w, int revents)
{
  fail ("a timer came a minute early");
}

static void
put (long index)
{
  CHECK (write (ring[index % size].to, "x", 1) == 1);
  ++written;
}

static void
on_read (EV_P_ ev_io *w, int revents)
{
  struct place *place = (struct place *)w;
  char byte;
  CHECK (read (w->fd, &byte, 1) == 1);
  ++came;
  if (with_timers)
    ev_timer_again (EV_A_ &place->timer);
  if (to_write)
    {
      --to_write;
      put (place - ring + 1);
    }
}

static void
set_up (void)
{
  long i;
  need_descriptors (2 * size);
  make_loop ();
  with_timers = is ("timers");
  ring = room (size, sizeof *ring);
  for (i = 0; i < size; ++i)
    {
      int pair[2];
      CHECK (!socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair));
      ring[i].to = pair[1];
      ev_io_init (&ring[i].io, on_read, pair[0], EV_READ);
      ev_io_start (loop, &ring[i].io);
      ev_timer_init (&ring[i].timer, never, 0., 60. + draw_part ());
      if (with_timers)
        ev_timer_again (loop, &ring[i].timer);
    }
}

static long
turn (void)
{
  long before = came, active = size < ACTIVE ? size : ACTIVE, i;
  to_write = (size < 1000 ? 1000 : size) - active;
  for (i = 0; i < active; ++i)
    put (i * (size / active));
  while (came < written)
    ev_run (loop, EVRUN_ONCE);
  return came - before;
}

int
main (int argc, char **argv)
{
  return bench (argc, argv, set_up, turn, 0);
}
