/* Idle watchers: when nothing of their priority or above is pending. */
#include "drive.h"

static void
idle_named (struct ev_loop *loop, ev_idle *w, const char *name, int priority)
{
  NAMED (w, note_idle, name);
  ev_set_priority (w, priority);
  ev_idle_start (loop, w);
}

static void
always (struct ev_loop *loop, ev_io *w, const char *name, int priority)
{
  int p[2];
  t_pipe (p);
  t_write (p[1], "x");
  NAMED (w, note_io, name);
  ev_io_set (w, p[0], EV_READ);
  ev_set_priority (w, priority);
  ev_io_start (loop, w);
}

TEST (idle_called_each_iteration_without_waiting)
{
  struct ev_loop *loop = t_loop (0);
  double start = t_clock ();
  ev_idle w;
  idle_named (loop, &w, "w", 0);
  CHECK_EQ (ev_run (loop, EVRUN_ONCE), 1);
  CHECK_EQ (ev_run (loop, EVRUN_ONCE), 1);
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 1);
  CHECK_TRACE ("w:2000 w:2000 w:2000");
  CHECK (t_clock () - start < 5.);
  ev_idle_stop (loop, &w);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("w:2000 w:2000 w:2000");
  ev_loop_destroy (loop);
}

TEST (idle_not_while_its_priority_is_busy)
{
  struct ev_loop *loop = t_loop (0);
  ev_idle w;
  ev_io io;
  idle_named (loop, &w, "idle", 0);
  always (loop, &io, "io", 0);
  drive (loop, 3);
  CHECK_TRACE ("io:1 io:1 io:1");
  ev_io_stop (loop, &io);
  drive (loop, 2);
  CHECK_TRACE ("io:1 io:1 io:1 idle:2000 idle:2000");
  ev_loop_destroy (loop);
}

TEST (idle_not_while_a_higher_priority_is_busy)
{
  struct ev_loop *loop = t_loop (0);
  ev_idle w;
  ev_io io;
  idle_named (loop, &w, "idle", -1);
  always (loop, &io, "io", 2);
  drive (loop, 2);
  CHECK_TRACE ("io:1 io:1");
  ev_loop_destroy (loop);
}

TEST (idle_beside_a_lower_priority)
{
  struct ev_loop *loop = t_loop (0);
  ev_idle w;
  ev_io io;
  idle_named (loop, &w, "idle", 0);
  always (loop, &io, "io", -1);
  drive (loop, 2);
  CHECK_TRACE ("idle:2000 io:1 idle:2000 io:1");
  ev_loop_destroy (loop);
}

TEST (idle_only_of_the_highest_priority_that_has_any)
{
  struct ev_loop *loop = t_loop (0);
  ev_idle low, high, high2;
  idle_named (loop, &low, "low", -2);
  idle_named (loop, &high, "high", 1);
  idle_named (loop, &high2, "high2", 1);
  drive (loop, 2);
  CHECK_TRACE ("high2:2000 high:2000 high2:2000 high:2000");
  ev_idle_stop (loop, &high);
  ev_idle_stop (loop, &high2);
  t_trace_reset ();
  drive (loop, 1);
  CHECK_TRACE ("low:2000");
  ev_loop_destroy (loop);
}

/* The lower ones are not asked either when the highest is kept from running. */
TEST (idle_lower_ones_wait_for_the_highest)
{
  struct ev_loop *loop = t_loop (0);
  ev_idle low, high;
  ev_io io;
  idle_named (loop, &low, "low", -1);
  idle_named (loop, &high, "high", 1);
  always (loop, &io, "io", 0);
  drive (loop, 1);
  CHECK_TRACE ("high:2000 io:1");
  t_trace_reset ();
  ev_io_stop (loop, &io);
  ev_set_priority (&io, 1);
  ev_io_start (loop, &io);
  drive (loop, 1);
  CHECK_TRACE ("io:1");
  ev_loop_destroy (loop);
}

TEST (idle_timers_are_events_too)
{
  struct ev_loop *loop = t_loop (0);
  ev_idle w;
  ev_timer t;
  idle_named (loop, &w, "idle", 0);
  timer_named (loop, &t, "timer", -1., 0.);
  drive (loop, 2);
  CHECK_TRACE ("timer:100 idle:2000");
  ev_loop_destroy (loop);
}

TEST (idle_check_and_prepare_do_not_count_as_events)
{
  struct ev_loop *loop = t_loop (0);
  ev_prepare p;
  ev_check c;
  ev_idle w;
  idle_named (loop, &w, "idle", 0);
  NAMED (&c, note_check, "check");
  ev_check_start (loop, &c);
  NAMED (&p, note_prepare, "prepare");
  ev_prepare_start (loop, &p);
  drive (loop, 2);
  CHECK_TRACE ("prepare:4000 check:8000 idle:2000 prepare:4000 check:8000 idle:2000");
  ev_loop_destroy (loop);
}

TEST (idle_several_in_reverse_order_of_start)
{
  struct ev_loop *loop = t_loop (0);
  static const char *names[] = { "a", "b", "c", "d" };
  ev_idle w[4];
  int i;
  for (i = 0; i < 4; ++i)
    idle_named (loop, &w[i], names[i], 0);
  drive (loop, 1);
  CHECK_TRACE ("d:2000 c:2000 b:2000 a:2000");
  ev_idle_stop (loop, &w[1]); /* d moves into the hole */
  t_trace_reset ();
  drive (loop, 1);
  CHECK_TRACE ("c:2000 d:2000 a:2000");
  ev_loop_destroy (loop);
}

static void
stop_self (EV_P_ ev_idle *w, int revents)
{
  note_any ((ev_watcher *)w, revents);
  ev_idle_stop (loop, w);
}

TEST (idle_stopped_in_its_own_callback)
{
  struct ev_loop *loop = t_loop (0);
  ev_idle a, b;
  NAMED (&a, stop_self, "a");
  ev_idle_start (loop, &a);
  NAMED (&b, stop_self, "b");
  ev_idle_start (loop, &b);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("b:2000 a:2000");
  ev_loop_destroy (loop);
}

TEST (idle_priority_is_clamped_by_start)
{
  struct ev_loop *loop = t_loop (0);
  ev_idle w;
  idle_named (loop, &w, "w", 100);
  CHECK_EQ (ev_priority (&w), EV_MAXPRI);
  ev_idle_stop (loop, &w);
  ev_set_priority (&w, -100);
  CHECK_EQ (ev_priority (&w), -100);
  ev_idle_start (loop, &w);
  CHECK_EQ (ev_priority (&w), EV_MINPRI);
  drive (loop, 1);
  CHECK_TRACE ("w:2000");
  ev_loop_destroy (loop);
}

TEST (idle_keeps_the_loop_from_blocking_even_if_never_called)
{
  struct ev_loop *loop = t_loop (0);
  double start = t_clock ();
  ev_idle w;
  ev_io io;
  int p[2];
  t_pipe (p);
  io_named (loop, &io, "io", p[0], EV_READ);
  idle_named (loop, &w, "idle", -2);
  ev_run (loop, EVRUN_ONCE);
  ev_run (loop, EVRUN_ONCE);
  CHECK (t_clock () - start < 5.);
  ev_loop_destroy (loop);
}

TEST (idle_start_of_active_and_stop_of_inactive)
{
  struct ev_loop *loop = t_loop (0);
  ev_idle w;
  idle_named (loop, &w, "w", 0);
  ev_idle_start (loop, &w);
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 1);
  CHECK_TRACE ("w:2000");
  ev_idle_stop (loop, &w);
  ev_idle_stop (loop, &w);
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 0);
  ev_feed_event (loop, &w, EV_IDLE);
  ev_idle_stop (loop, &w);
  CHECK (!ev_is_pending (&w));
  ev_invoke_pending (loop);
  CHECK_TRACE ("w:2000");
  ev_loop_destroy (loop);
}

TEST (idle_hundreds)
{
  struct ev_loop *loop = t_loop (0);
  static ev_idle w[500];
  int i;
  for (i = 0; i < 500; ++i)
    idle_named (loop, &w[i], "", i % 5 - 2);
  ev_verify (loop);
  drive (loop, 1);
  CHECK_EQ (noted, 100);
  for (i = 4; i < 500; i += 5)
    ev_idle_stop (loop, &w[i]);
  ev_verify (loop);
  drive (loop, 1);
  CHECK_EQ (noted, 200);
  ev_loop_destroy (loop);
}
