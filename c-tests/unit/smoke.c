/* The least that a loop must do. */
#include "t.h"

static void
on_timer (EV_P_ ev_timer *w, int revents)
{
  (void)loop;
  t_trace ("timer %d %x", ev_is_active (w), (unsigned)revents);
}

TEST (timer_fires_once)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer w;
  ev_timer_init (&w, on_timer, 0.01, 0.);
  ev_timer_start (loop, &w);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("timer 0 100");
  ev_loop_destroy (loop);
}
