/* The scenarios on libuv. */
#include "pair.h"
#include <uv.h>

static uv_loop_t *loop;
static uv_async_t async;
static uv_poll_t *polled;
static uv_timer_t *timer;
static int *descriptor;
static long came;

static long
empty_turn (void)
{
  int i;
  for (i = 0; i < ITERATIONS; ++i)
    uv_run (loop, UV_RUN_NOWAIT);
  return ITERATIONS;
}

static void
on_ready (uv_poll_t *handle, int status, int events)
{
  CHECK (!status && events == UV_READABLE);
  ++came;
}

static void
on_ball (uv_poll_t *handle, int status, int events)
{
  CHECK (!status);
  pass_on (descriptor[handle - polled]);
  ++came;
}

static void
poll_all (long count, uv_poll_cb cb)
{
  long i;
  polled = room (count, sizeof *polled);
  for (i = 0; i < count; ++i)
    CHECK (!uv_poll_init (loop, &polled[i], descriptor[i]) && !uv_poll_start (&polled[i], UV_READABLE, cb));
}

static long
run_until (long goal)
{
  long before = came;
  while (came < before + goal)
    uv_run (loop, UV_RUN_ONCE);
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
on_async (uv_async_t *handle)
{
  saw_one ();
}

static void
send_async (void)
{
  uv_async_send (&async);
}

static long
async_turn (void)
{
  begin_sending ();
  while (!seen)
    uv_run (loop, UV_RUN_ONCE);
  return SENDS;
}

static void
never (uv_timer_t *handle)
{
  fail ("a timer came a minute early");
}

static long
again_turn (void)
{
  int i;
  for (i = 0; i < CALLS; ++i)
    {
      if (!(i & 63))
        uv_update_time (loop);
      uv_timer_again (&timer[draw_below (size)]);
    }
  return CALLS;
}

static void
set_up (void)
{
  long i;
  loop = uv_default_loop ();
  CHECK (loop);
  if (is ("empty"))
    {
      /* Without one it would not look at its descriptors. */
      timer = room (1, sizeof *timer);
      CHECK (!uv_timer_init (loop, timer) && !uv_timer_start (timer, never, 3600000, 0));
    }
  else if (is ("ready"))
    {
      need_descriptors (size);
      descriptor = room (size, sizeof *descriptor);
      for (i = 0; i < size; ++i)
        descriptor[i] = ready_descriptor ();
      poll_all (size, on_ready);
    }
  else if (is ("ping-pong"))
    {
      descriptor = room (2, sizeof *descriptor);
      connected_pair (descriptor);
      poll_all (2, on_ball);
      CHECK (write (descriptor[0], "x", 1) == 1);
    }
  else if (is ("async"))
    {
      CHECK (!uv_async_init (loop, &async, on_async));
      start_sender (send_async);
    }
  else if (is ("timers-again"))
    {
      timer = room (size, sizeof *timer);
      for (i = 0; i < size; ++i)
        {
          uint64_t span = 60000 + draw_below (60000);
          CHECK (!uv_timer_init (loop, &timer[i]) && !uv_timer_start (&timer[i], never, span, span));
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
