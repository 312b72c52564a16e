/* The scenarios on libevent. Its wake-up from another thread is event_active, which needs its locks. */
#include "pair.h"
#include <event2/event.h>
#include <event2/event_struct.h>
#include <event2/thread.h>

static struct event_base *base;
static struct event *event;
static struct timeval *span;
static long came;

static long
empty_turn (void)
{
  int i;
  for (i = 0; i < ITERATIONS; ++i)
    event_base_loop (base, EVLOOP_NONBLOCK | EVLOOP_NO_EXIT_ON_EMPTY);
  return ITERATIONS;
}

static void
on_ready (evutil_socket_t fd, short what, void *arg)
{
  CHECK (what == EV_READ);
  ++came;
}

static void
on_ball (evutil_socket_t fd, short what, void *arg)
{
  pass_on (fd);
  ++came;
}

static long
run_until (long goal)
{
  long before = came;
  while (came < before + goal)
    event_base_loop (base, EVLOOP_ONCE);
  return came - before;
}

static long
ready_turn (void)
{
  return run_until (ready_goal ());
}

static long
ping_pong_turn (void)
{
  return run_until (1000);
}

static void
on_async (evutil_socket_t fd, short what, void *arg)
{
  saw_one ();
}

static void
send_async (void)
{
  event_active (event, EV_READ, 0);
}

static long
async_turn (void)
{
  begin_sending ();
  while (!seen)
    event_base_loop (base, EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY);
  return SENDS;
}

static void
never (evutil_socket_t fd, short what, void *arg)
{
  fail ("a timer came a minute early");
}

static long
again_turn (void)
{
  int i;
  for (i = 0; i < CALLS; ++i)
    {
      long which = draw_below (size);
      if (!(i & 63))
        event_base_update_cache_time (base);
      event_add (&event[which], &span[which]);
    }
  return CALLS;
}

static void
watch (long i, int fd, event_callback_fn cb)
{
  CHECK (!event_assign (&event[i], base, fd, EV_READ | EV_PERSIST, cb, 0) && !event_add (&event[i], 0));
}

static void
set_up (void)
{
  long i;
  int pair[2];
  if (is ("async"))
    CHECK (!evthread_use_pthreads ());
  base = event_base_new ();
  CHECK (base && !strcmp (event_base_get_method (base), "epoll"));
  event = room (size + 1, sizeof *event);
  if (is ("ready"))
    {
      need_descriptors (size);
      for (i = 0; i < size; ++i)
        watch (i, ready_descriptor (), on_ready);
    }
  else if (is ("ping-pong"))
    {
      connected_pair (pair);
      watch (0, pair[0], on_ball);
      watch (1, pair[1], on_ball);
      CHECK (write (pair[0], "x", 1) == 1);
    }
  else if (is ("async"))
    {
      CHECK (!event_assign (event, base, -1, EV_PERSIST, on_async, 0));
      start_sender (send_async);
    }
  else if (is ("timers-again"))
    {
      span = room (size, sizeof *span);
      for (i = 0; i < size; ++i)
        {
          span[i].tv_sec = 60 + draw_below (60);
          CHECK (!event_assign (&event[i], base, -1, EV_PERSIST, never, 0) && !event_add (&event[i], &span[i]));
        }
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
  else if (is ("timers-again"))
    turn = again_turn;
  else
    skip ("no such thing");
  return bench (argc, argv, set_up, turn, 0);
}
