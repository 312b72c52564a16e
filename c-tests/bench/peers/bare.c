/* A loop on epoll_wait and nothing else: what the system calls themselves cost, the limit of every library. */
#include "bench.h"
#include <sys/epoll.h>
#include <sys/eventfd.h>

enum { ITERATIONS = 1000, ROOM = 64 };
static int set;
static struct epoll_event ready[ROOM];

static int
wait_for (int timeout)
{
  int count = epoll_wait (set, ready, ROOM, timeout);
  CHECK (count >= 0);
  return count;
}

static long
empty_turn (void)
{
  int i;
  for (i = 0; i < ITERATIONS; ++i)
    CHECK (wait_for (0) == 0);
  return ITERATIONS;
}

static long
ready_turn (void)
{
  long events = 0, goal = size < 500 ? 1000 : 2 * size;
  while (events < goal)
    events += wait_for (-1);
  return events;
}

static void
watch (int fd)
{
  struct epoll_event event = { EPOLLIN, { .fd = fd } };
  CHECK (fd >= 0 && !epoll_ctl (set, EPOLL_CTL_ADD, fd, &event));
}

static void
set_up (void)
{
  long i;
  set = epoll_create1 (EPOLL_CLOEXEC);
  CHECK (set >= 0);
  if (is ("ready"))
    {
      need_descriptors (size);
      for (i = 0; i < size; ++i)
        watch (eventfd (1, EFD_NONBLOCK | EFD_CLOEXEC));
    }
}

int
main (int argc, char **argv)
{
  arguments (argc, argv);
  if (is ("empty"))
    return bench (argc, argv, set_up, empty_turn, 0);
  if (is ("ready"))
    return bench (argc, argv, set_up, ready_turn, 0);
  skip ("nothing to compare");
}
