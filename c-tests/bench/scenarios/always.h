/* Descriptors that are readable and writable all the time, and that each of them has had its turn. */
#ifndef ALWAYS_H
#define ALWAYS_H
#include "loop.h"
#include <sys/eventfd.h>

static ev_io *io;
static long *called, events;

static void
watch_always (void (*cb) (EV_P_ ev_io *w, int revents), int what)
{
  long i;
  need_descriptors (size);
  make_loop ();
  io = room (size, sizeof *io);
  called = room (size, sizeof *called);
  for (i = 0; i < size; ++i)
    {
      int fd = eventfd (1, EFD_NONBLOCK | EFD_CLOEXEC);
      CHECK (fd >= 0);
      ev_io_init (&io[i], cb, fd, what);
      ev_io_start (loop, &io[i]);
    }
}

static inline void
came (ev_io *w)
{
  ++called[w - io];
  ++events;
}

/* Each descriptor twice, on the average. */
static long
run_always (void)
{
  long before = events, goal = before + (size < 500 ? 1000 : 2 * size);
  while (events < goal)
    ev_run (loop, EVRUN_ONCE);
  return events - before;
}

static void
each_came (void)
{
  long i;
  for (i = 0; i < size; ++i)
    if (!called[i])
      fail ("of %ld events none was for descriptor %ld of %ld", events, i, size);
}

#endif
