/* Many descriptors at once, and whether a file is still held open. */
#ifndef FERROEV_MANY_H
#define FERROEV_MANY_H

#include "drive.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

static inline void
need_fds (int n)
{
  struct rlimit limit;
  CHECK (!getrlimit (RLIMIT_NOFILE, &limit));
  if (limit.rlim_cur >= (rlim_t)n)
    return;
  limit.rlim_cur = (rlim_t)n;
  if (limit.rlim_max < (rlim_t)n)
    limit.rlim_max = (rlim_t)n;
  if (setrlimit (RLIMIT_NOFILE, &limit))
    t_skip ("the limit of open files is too low");
}

/* A descriptor that is readable as long as it holds a count above 0. */
static inline int
counter_fd (unsigned count)
{
  int fd = eventfd (count, EFD_NONBLOCK | EFD_CLOEXEC);
  CHECK (fd >= 0);
  return fd;
}

static inline void
counter_add (int fd)
{
  uint64_t one = 1;
  CHECK_EQ (write (fd, &one, sizeof one), sizeof one);
}

/* Empties the counters of watchers that trace, of which none is called any more then; and fills them again. */
static inline void
counters_empty (struct ev_loop *loop, const ev_io *w, int n, int iterations)
{
  int i;
  for (i = 0; i < n; ++i)
    t_drain (w[i].fd);
  noted = 0;
  drive (loop, iterations);
  CHECK_EQ (noted, 0);
}

static inline void
counters_fill (const ev_io *w, int n)
{
  int i;
  for (i = 0; i < n; ++i)
    counter_add (w[i].fd);
}

/* Whether the other end of `fd` is closed by all who hold it. The kernel ends a cancelled request in a worker of its own, so
 * this gives it time.
 */
static inline int
at_end (int fd)
{
  struct pollfd ready = { fd, POLLIN, 0 };
  char byte;
  return poll (&ready, 1, 5000) == 1 && read (fd, &byte, 1) == 0;
}

/* ... right now. */
static inline int
at_end_now (int fd)
{
  char byte;
  return read (fd, &byte, 1) == 0;
}

/* ---- many counters, each with a watcher that empties it ---- */

static ev_io *many;
static int *many_called, many_open, many_done;

static inline void
many_ready (EV_P_ ev_io *w, int revents)
{
  uint64_t count;
  (void)loop;
  CHECK_EQ (revents, EV_READ);
  if (read (w->fd, &count, sizeof count) == sizeof count)
    ++many_done;
  ++many_called[w - many];
}

/* Makes `n` counters of `count` each and starts their watchers. */
static inline void
many_start (struct ev_loop *loop, int n, unsigned count)
{
  int i;
  need_fds (n + 100);
  many = calloc ((size_t)n, sizeof *many);
  many_called = calloc ((size_t)n, sizeof *many_called);
  CHECK (many && many_called);
  many_open = n;
  for (i = 0; i < n; ++i)
    {
      ev_io_init (&many[i], many_ready, counter_fd (count), EV_READ);
      ev_io_start (loop, &many[i]);
    }
}

static inline void
many_add (void)
{
  int i;
  for (i = 0; i < many_open; ++i)
    counter_add (many[i].fd);
}

/* Runs until every counter was emptied `each` times since the last call, then some more: none may come twice. */
static inline void
many_expect (struct ev_loop *loop, int each)
{
  int i;
  drive_until (loop, &many_done, each * many_open);
  drive (loop, 3);
  CHECK_EQ (many_done, each * many_open);
  for (i = 0; i < many_open; ++i)
    CHECK (many_called[i] >= each);
  many_done = 0;
  memset (many_called, 0, (size_t)many_open * sizeof *many_called);
}

static inline void
many_end (struct ev_loop *loop)
{
  int i;
  for (i = 0; i < many_open; ++i)
    {
      ev_io_stop (loop, &many[i]);
      close (many[i].fd);
    }
  free (many);
  free (many_called);
}

#endif
