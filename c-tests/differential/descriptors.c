/* The descriptors that a program watches. */
#define _GNU_SOURCE
#include "running.h"

#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

int pair[PAIRS][2];
/* More that can be watched: dups of the pairs' ends, a file, a device, or other
   descriptors in their place. */
int extra[EXTRAS];
/* Numbers are chosen by the program, so that they don't depend on what a library opens. */
enum { FIRST_FD = 200 };
static int opened;
/* Pairs that an ev_once may watch: they keep their numbers. */
unsigned char sticky[PAIRS];
/* Pairs that were closed under their watchers. */
unsigned char is_lost[PAIRS];

static int
moved (int fd, int number)
{
  if (dup3 (fd, number, O_CLOEXEC) != number)
    _exit (3);
  close (fd);
  return number;
}

/* Two numbers in turn for each. */
static void
open_pair (int i)
{
  int k, ends[2];
  ++opened;
  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends))
    _exit (3);
  for (k = 0; k < 2; ++k)
    pair[i][k] = moved (ends[k], sticky[i] ? pair[i][k] : FIRST_FD + opened % 3 * 2 * PAIRS + 2 * i + k);
}

static void
stop_watchers_of (int fd)
{
  int w;
  for (w = 0; w < WATCHERS; ++w)
    if (is_io (w) && all[w].io.fd == fd && loop_of (w))
      ev_io_stop (loop_of (w), &all[w].io);
}

/* Closes a pair that nobody watches any more, and opens another. */
void
reopen (int i)
{
  int k;
  for (k = 0; k < 2; ++k)
    {
      stop_watchers_of (pair[i][k]);
      close (pair[i][k]);
    }
  open_pair (i);
}

/* Closes a pair under its watchers. */
void
close_watched (int i)
{
  int k, w;
  for (k = 0; k < 2; ++k)
    {
      for (w = 0; w < WATCHERS; ++w)
        if (is_io (w) && all[w].io.fd == pair[i][k] && ev_is_active (&all[w].watcher))
          heard->lost[heard->runs][w] = LOST;
      close (pair[i][k]);
    }
  is_lost[i] = 1;
}

/* After the run that may tell of it. */
void
forget_lost (void)
{
  int i;
  for (i = 0; i < PAIRS; ++i)
    if (is_lost[i])
      {
        is_lost[i] = 0;
        stop_watchers_of (pair[i][0]);
        stop_watchers_of (pair[i][1]);
        open_pair (i);
      }
}

/* Another descriptor of the same file, which outlives the close of the one. */
void
make_dup (int k, int fd)
{
  stop_watchers_of (extra[k]);
  close (extra[k]);
  extra[k] = moved (dup (fd), extra[k]);
}

void
open_descriptors (void)
{
  int i;
  opened = 0;
  memset (sticky, 0, sizeof sticky);
  memset (is_lost, 0, sizeof is_lost);
  for (i = 0; i < PAIRS; ++i)
    open_pair (i);
  for (i = 0; i < EXTRAS; ++i)
    extra[i] = FIRST_FD + 6 * PAIRS + i;
  for (i = 0; i < DUPS; ++i)
    moved (program->dups ? dup (pair[i][0]) : eventfd (i, EFD_CLOEXEC | EFD_NONBLOCK), extra[i]);
  moved (program->files ? memfd_create ("file", MFD_CLOEXEC) : eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK), extra[DUPS]);
  moved (program->files ? open ("/dev/null", O_RDWR | O_CLOEXEC) : eventfd (1, EFD_CLOEXEC | EFD_NONBLOCK), extra[DUPS + 1]);
}

void
close_descriptors (void)
{
  int i;
  for (i = 0; i < PAIRS; ++i)
    if (!is_lost[i])
      {
        close (pair[i][0]);
        close (pair[i][1]);
      }
  for (i = 0; i < EXTRAS; ++i)
    close (extra[i]);
}
