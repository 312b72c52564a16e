/* Many eventfds that are written to at random, and now and then closed under their watcher. */
#define _GNU_SOURCE
#include "soak.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

enum { MOST = 18000, SPARE = 1500, BURST = 200 };

static ev_io *io;
static int count, closed = -1, ended;
static long wrote, arrived;
static ev_timer burst, closer;

/* How much is in it; a descriptor with none is not ready. */
static long
take (int fd)
{
  uint64_t n;
  return read (fd, &n, sizeof n) == sizeof n ? (long)n : 0;
}

static void
on_io (EV_P_ ev_io *w, int revents)
{
  if (in_child)
    return;
  if (revents & EV_ERROR)
    {
      if (closed < 0 || w != &io[closed])
        fail ("EV_ERROR for descriptor %d, which is open", w->fd);
      return;
    }
  arrived += take (w->fd);
}

static void
on_burst (EV_P_ ev_timer *w, int revents)
{
  uint64_t one = 1;
  int i;
  if (in_child || ended)
    return;
  for (i = 0; i < BURST; ++i)
    {
      int k = (int)draw ((unsigned)count);
      if (k == closed)
        continue;
      if (write (io[k].fd, &one, sizeof one) != sizeof one)
        fail ("write to an eventfd: errno %d", errno);
      ++wrote;
    }
}

/* Closes one and leaves it so for a while, then opens another, mostly under its number. */
static void
on_closer (EV_P_ ev_timer *w, int revents)
{
  int fd;
  if (in_child)
    return;
  if (closed < 0 && !ended)
    {
      closed = (int)draw ((unsigned)count);
      arrived += take (io[closed].fd);
      close (io[closed].fd);
      return;
    }
  if (closed < 0)
    return;
  ev_io_stop (EV_A_ &io[closed]);
  fd = eventfd (0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (fd < 0)
    fail ("no eventfd: errno %d", errno);
  ev_io_set (&io[closed], fd, EV_READ);
  ev_io_start (EV_A_ &io[closed]);
  closed = -1;
}

static void
begin (void)
{
  struct rlimit limit;
  int i;
  getrlimit (RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);
  count = limit.rlim_max > MOST + SPARE ? MOST : (int)limit.rlim_max - SPARE;
  if (count < 100)
    fail ("too few descriptors are allowed");
  io = calloc ((size_t)count, sizeof *io);
  for (i = 0; i < count; ++i)
    {
      int fd = eventfd (0, EFD_NONBLOCK | EFD_CLOEXEC);
      if (fd < 0)
        fail ("no eventfd: errno %d", errno);
      ev_io_init (&io[i], on_io, fd, EV_READ);
      ev_io_start (loop, &io[i]);
    }
  ev_timer_init (&burst, on_burst, .002, .002);
  ev_timer_start (loop, &burst);
  ev_timer_init (&closer, on_closer, .007, .007);
  ev_timer_start (loop, &closer);
}

static void
end (void)
{
  ended = 1;
}

static long
sent (void)
{
  return wrote;
}

static long
came (void)
{
  return arrived;
}

const struct part descriptors = { "writes to descriptors", begin, end, sent, came };
