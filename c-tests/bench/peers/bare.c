/* The scenarios on epoll_wait and nothing else: what the system calls themselves cost, the limit of every library. */
#include "pair.h"
#include <sys/epoll.h>

enum { ROOM = 64 };
static int set, wake;
static struct epoll_event ready[ROOM];

static int
wait_for (int timeout)
{
  int count = epoll_wait (set, ready, ROOM, timeout);
  CHECK (count >= 0);
  return count;
}

static void
watch (int fd)
{
  struct epoll_event event = { EPOLLIN, { .fd = fd } };
  CHECK (!epoll_ctl (set, EPOLL_CTL_ADD, fd, &event));
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
  long events = 0;
  while (events < ready_goal ())
    events += wait_for (-1);
  return events;
}

static long
ping_pong_turn (void)
{
  long events = 0;
  int i;
  while (events < 1000)
    {
      int count = wait_for (-1);
      for (i = 0; i < count; ++i)
        pass_on (ready[i].data.fd);
      events += count;
    }
  return events;
}

static void
send_wake (void)
{
  CHECK (!eventfd_write (wake, 1));
}

static long
async_turn (void)
{
  eventfd_t value;
  begin_sending ();
  while (!seen)
    {
      wait_for (-1);
      CHECK (!eventfd_read (wake, &value));
      saw_one ();
    }
  return SENDS;
}

static void
set_up (void)
{
  long i;
  int pair[2];
  set = epoll_create1 (EPOLL_CLOEXEC);
  CHECK (set >= 0);
  if (is ("ready"))
    {
      need_descriptors (size);
      for (i = 0; i < size; ++i)
        watch (ready_descriptor ());
    }
  else if (is ("ping-pong"))
    {
      connected_pair (pair);
      watch (pair[0]);
      watch (pair[1]);
      CHECK (write (pair[0], "x", 1) == 1);
    }
  else if (is ("async"))
    {
      CHECK ((wake = eventfd (0, EFD_NONBLOCK | EFD_CLOEXEC)) >= 0);
      watch (wake);
      start_sender (send_wake);
    }
}

int
main (int argc, char **argv)
{
  long (*turn) (void) = 0;
  arguments (argc, argv);
  if (is ("empty"))
    turn = empty_turn;
  else if (is ("ready"))
    turn = ready_turn;
  else if (is ("ping-pong"))
    turn = ping_pong_turn;
  else if (is ("async"))
    turn = async_turn;
  else
    skip ("no such thing");
  return bench (argc, argv, set_up, turn, 0);
}
