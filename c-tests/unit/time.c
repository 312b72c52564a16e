/* The loop's time and its pauses: ev_time, ev_now, ev_now_update, ev_sleep and the two collect intervals. */
#define _GNU_SOURCE
#include "t.h"
#include "named.h"

#include <sys/time.h>
#include <time.h>

T_NAMED (timer)
T_NAMED (io)

static double
time_wall (void)
{
  struct timespec now;
  CHECK (!clock_gettime (CLOCK_REALTIME, &now));
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static double
time_to_run (struct ev_loop *loop, int flags)
{
  double start = t_clock ();
  ev_run (loop, flags);
  return t_clock () - start;
}

/* ev_time and ev_now */

TEST (time_is_the_wall_clock, .once = 1)
{
  double before = time_wall (), now = ev_time (), after = time_wall ();
  CHECK_BETWEEN (now, before - 0.001, after + 0.001);
  CHECK (ev_time () >= now);
}

TEST (time_has_fractions, .once = 1)
{
  int i, fractions = 0;
  for (i = 0; i < 20; ++i)
    {
      double now = ev_time ();
      fractions += now != floor (now);
      t_nap (0.0007);
    }
  CHECK (fractions > 10);
}

TEST (time_now_is_set_by_creation)
{
  double before = ev_time ();
  struct ev_loop *loop = t_loop (0);
  CHECK_BETWEEN (ev_now (loop), before - 0.01, ev_time () + 0.01);
  ev_loop_destroy (loop);
}

TEST (time_now_stands_still_between_runs)
{
  struct ev_loop *loop = t_loop (0);
  double now = ev_now (loop);
  ev_timer timer;
  t_nap (0.01);
  CHECK (ev_now (loop) == now);
  NAME (timer, &timer, "timer", 0.01, 0.);
  ev_timer_start (loop, &timer);
  ev_timer_stop (loop, &timer);
  ev_feed_event (loop, &timer, EV_CUSTOM);
  ev_invoke_pending (loop);
  ev_sleep (0.01);
  CHECK (ev_now (loop) == now);
  ev_loop_destroy (loop);
}

TEST (time_now_update_moves_it)
{
  struct ev_loop *loop = t_loop (0);
  double now = ev_now (loop);
  t_nap (0.05);
  ev_now_update (loop);
  CHECK (ev_now (loop) - now >= 0.045);
  CHECK_BETWEEN (ev_now (loop), time_wall () - 10., time_wall () + 0.01);
  ev_loop_destroy (loop);
}

static double time_seen[3];

static void
time_see_and_nap (EV_P_ ev_timer *w, int revents)
{
  time_seen[(intptr_t)w->data] = ev_now (EV_A);
  t_nap (0.03);
}

TEST (time_now_is_the_same_for_a_whole_batch)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer timer[3];
  double before = ev_now (loop);
  intptr_t i;
  for (i = 0; i < 3; ++i)
    {
      ev_timer_init (timer + i, time_see_and_nap, -1. - (double)i, 0.);
      ev_set_priority (timer + i, (int)i - 1);
      timer[i].data = (void *)i;
      ev_timer_start (loop, timer + i);
    }
  t_nap (0.01);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK (time_seen[0] == time_seen[1]);
  CHECK (time_seen[1] == time_seen[2]);
  CHECK (time_seen[0] >= before + 0.005);
  CHECK (ev_now (loop) == time_seen[0]);
  ev_loop_destroy (loop);
}

static void
time_update_inside (EV_P_ ev_timer *w, int revents)
{
  double before = ev_now (EV_A);
  t_nap (0.03);
  ev_now_update (EV_A);
  time_seen[0] = ev_now (EV_A) - before;
}

TEST (time_now_update_in_a_callback)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer timer;
  ev_timer_init (&timer, time_update_inside, 0., 0.);
  ev_timer_start (loop, &timer);
  ev_run (loop, 0);
  CHECK_BETWEEN (time_seen[0], 0.025, 20.);
  ev_loop_destroy (loop);
}

static void
time_prepare (EV_P_ ev_prepare *w, int revents)
{
  time_seen[0] = ev_now (EV_A);
}

static void
time_check (EV_P_ ev_check *w, int revents)
{
  time_seen[1] = ev_now (EV_A);
}

TEST (time_now_changes_between_prepare_and_check)
{
  struct ev_loop *loop = t_loop (0);
  ev_prepare prepare;
  ev_check check;
  double made = ev_now (loop), polled;
  ev_prepare_init (&prepare, time_prepare);
  ev_prepare_start (loop, &prepare);
  ev_check_init (&check, time_check);
  ev_check_start (loop, &check);
  t_nap (0.02);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK (time_seen[0] == made);
  CHECK (time_seen[1] >= made + 0.015);
  polled = time_seen[1];
  t_nap (0.02);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK (time_seen[0] == polled);
  CHECK (time_seen[1] >= polled + 0.015);
  ev_loop_destroy (loop);
}

TEST (time_now_is_after_the_wait)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer timer;
  double before = ev_now (loop);
  ev_timer_init (&timer, time_see_and_nap, 0.05, 0.);
  timer.data = 0;
  ev_timer_start (loop, &timer);
  ev_run (loop, 0);
  CHECK (time_seen[0] - before >= 0.05);
  ev_loop_destroy (loop);
}

TEST (time_timer_of_a_stale_now_is_early)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer timer;
  double start = t_clock ();
  t_nap (0.3);
  NAME (timer, &timer, "timer", 0.25, 0.); /* counts from the time of ev_loop_new: due already */
  ev_timer_start (loop, &timer);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_TRACE ("timer");
  CHECK (t_clock () - start >= 0.3);
  ev_loop_destroy (loop);
}

TEST (time_of_two_loops_is_apart)
{
  struct ev_loop *first = t_loop (0), *second = t_loop (0);
  double now = ev_now (second);
  t_nap (0.02);
  ev_now_update (first);
  CHECK (ev_now (first) > now);
  CHECK (ev_now (second) == now);
  ev_loop_destroy (first);
  ev_loop_destroy (second);
}

TEST (time_now_follows_the_wall_clock)
{
  struct ev_loop *loop = t_loop (0);
  double offset;
  int i;
  for (i = 0; i < 40; ++i) /* the wall clock is read seldom, and interpolated between */
    {
      double before = time_wall ();
      ev_now_update (loop);
      offset = ev_now (loop);
      CHECK_BETWEEN (offset, before - 0.05, time_wall () + 0.05);
      t_nap (0.02);
    }
  ev_loop_destroy (loop);
}

/* ev_sleep */

TEST (time_sleep_lasts, .once = 1)
{
  double start = t_clock ();
  ev_sleep (0.05);
  CHECK_BETWEEN (t_clock () - start, 0.045, 20.);
}

TEST (time_sleep_of_nothing_returns, .once = 1)
{
  double start = t_clock ();
  ev_sleep (0.);
  ev_sleep (-1.);
  ev_sleep (-1e9);
  CHECK_BETWEEN (t_clock () - start, 0., 20.);
}

TEST (time_sleep_of_little_returns, .once = 1)
{
  double start = t_clock ();
  int i;
  for (i = 0; i < 10; ++i)
    ev_sleep (0.0001);
  ev_sleep (1e-12);
  CHECK_BETWEEN (t_clock () - start, 0.0009, 20.);
}

static void
time_alarm (int signum)
{
}

static void
time_sleep_interrupted (int flags)
{
  struct sigaction action;
  struct itimerval once = { { 0, 0 }, { 0, 50000 } };
  double start = t_clock ();
  memset (&action, 0, sizeof action);
  action.sa_handler = time_alarm;
  action.sa_flags = flags;
  CHECK (!sigaction (SIGALRM, &action, 0));
  CHECK (!setitimer (ITIMER_REAL, &once, 0));
  ev_sleep (25.);
  CHECK_BETWEEN (t_clock () - start, 0.045, 20.);
}

TEST (time_sleep_ends_with_a_signal, .once = 1)
{
  time_sleep_interrupted (0);
  time_sleep_interrupted (SA_RESTART);
}

/* Collect intervals */

static int time_io_calls;

static void
time_count_io (EV_P_ ev_io *w, int revents)
{
  ++time_io_calls;
}

TEST (time_io_interval_sleeps_before_the_poll)
{
  struct ev_loop *loop = t_loop (0);
  ev_io io;
  double start;
  int fd[2], i;
  t_pipe (fd);
  ev_io_init (&io, time_count_io, fd[1], EV_WRITE);
  ev_io_start (loop, &io);
  ev_set_io_collect_interval (loop, 0.04);
  start = t_clock ();
  for (i = 0; i < 5; ++i)
    ev_run (loop, EVRUN_ONCE);
  CHECK_BETWEEN (t_clock () - start, 4 * 0.039, 20.);
  CHECK_BETWEEN (time_io_calls, 1, 5);
  ev_io_stop (loop, &io);
  ev_loop_destroy (loop);
}

TEST (time_io_interval_never_sleeps_past_a_timer)
{
  double start = t_clock ();
  struct ev_loop *loop = t_loop (0);
  ev_timer timer;
  NAME (timer, &timer, "timer", 0.05, 0.);
  ev_timer_start (loop, &timer);
  ev_set_io_collect_interval (loop, 50.);
  ev_run (loop, 0);
  CHECK_BETWEEN (t_clock () - start, 0.045, 20.);
  CHECK_TRACE ("timer");
  ev_loop_destroy (loop);
}

TEST (time_io_interval_ignored_with_nowait)
{
  struct ev_loop *loop = t_loop (0);
  ev_io io;
  int fd[2], i;
  t_pipe (fd);
  ev_io_init (&io, time_count_io, fd[1], EV_WRITE);
  ev_io_start (loop, &io);
  ev_set_io_collect_interval (loop, 50.);
  for (i = 0; i < 3; ++i)
    CHECK_BETWEEN (time_to_run (loop, EVRUN_NOWAIT), 0., 20.);
  CHECK (time_io_calls >= 1);
  ev_loop_destroy (loop);
}

TEST (time_io_interval_ignored_with_idle_watchers_and_when_empty)
{
  struct ev_loop *loop = t_loop (0);
  ev_idle idle;
  ev_set_io_collect_interval (loop, 50.);
  CHECK_BETWEEN (time_to_run (loop, 0), 0., 20.);
  ev_idle_init (&idle, (void (*) (EV_P_ ev_idle *, int))named_timer);
  idle.data = "idle";
  ev_idle_start (loop, &idle);
  CHECK_BETWEEN (time_to_run (loop, EVRUN_ONCE), 0., 20.);
  CHECK_TRACE ("idle");
  ev_loop_destroy (loop);
}

TEST (time_io_interval_can_be_taken_back)
{
  struct ev_loop *loop = t_loop (0);
  ev_io io;
  int fd[2];
  t_pipe (fd);
  NAME (io, &io, "io", fd[1], EV_WRITE);
  ev_io_start (loop, &io);
  ev_set_io_collect_interval (loop, 50.);
  ev_set_io_collect_interval (loop, 0.);
  CHECK_BETWEEN (time_to_run (loop, EVRUN_ONCE), 0., 20.);
  CHECK_TRACE ("io");
  ev_loop_destroy (loop);
}

TEST (time_timeout_interval_delays_timers)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer soon, later;
  NAME (timer, &later, "later", 0.1, 0.);
  ev_timer_start (loop, &later);
  NAME (timer, &soon, "soon", 0.001, 0.);
  ev_timer_start (loop, &soon);
  ev_set_timeout_collect_interval (loop, 0.2);
  CHECK_BETWEEN (time_to_run (loop, EVRUN_ONCE), 0.19, 20.);
  CHECK_TRACE ("soon later"); /* bundled */
  ev_loop_destroy (loop);
}

TEST (time_timeout_interval_delays_even_expired_timers)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer timer;
  NAME (timer, &timer, "timer", -1., 0.);
  ev_timer_start (loop, &timer);
  ev_set_timeout_collect_interval (loop, 0.1);
  CHECK_BETWEEN (time_to_run (loop, EVRUN_ONCE), 0.09, 20.);
  CHECK_TRACE ("timer");
  ev_loop_destroy (loop);
}

TEST (time_timeout_interval_leaves_longer_waits)
{
  double start = t_clock ();
  struct ev_loop *loop = t_loop (0);
  ev_timer timer;
  NAME (timer, &timer, "timer", 0.1, 0.);
  ev_timer_start (loop, &timer);
  ev_set_timeout_collect_interval (loop, 0.01);
  ev_run (loop, EVRUN_ONCE);
  CHECK_BETWEEN (t_clock () - start, 0.095, 20.);
  CHECK_TRACE ("timer");
  ev_loop_destroy (loop);
}

TEST (time_timeout_interval_ignored_with_nowait)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer timer;
  NAME (timer, &timer, "timer", -1., 0.);
  ev_timer_start (loop, &timer);
  ev_set_timeout_collect_interval (loop, 50.);
  CHECK_BETWEEN (time_to_run (loop, EVRUN_NOWAIT), 0., 20.);
  CHECK_TRACE ("timer");
  ev_loop_destroy (loop);
}

TEST (time_timeout_interval_does_not_delay_io)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer timer;
  ev_io io;
  int fd[2];
  t_pipe (fd);
  NAME (timer, &timer, "timer", -1., 0.);
  ev_timer_start (loop, &timer);
  NAME (io, &io, "io", fd[1], EV_WRITE);
  ev_io_start (loop, &io);
  ev_set_timeout_collect_interval (loop, 50.);
  CHECK_BETWEEN (time_to_run (loop, EVRUN_ONCE), 0., 20.);
  CHECK_TRACE ("timer io");
  ev_loop_destroy (loop);
}

TEST (time_both_intervals_together)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer timer;
  NAME (timer, &timer, "timer", 0.01, 0.);
  ev_timer_start (loop, &timer);
  ev_set_timeout_collect_interval (loop, 0.1);
  ev_set_io_collect_interval (loop, 0.05);
  CHECK_BETWEEN (time_to_run (loop, EVRUN_ONCE), 0.09, 20.);
  CHECK_TRACE ("timer");
  ev_loop_destroy (loop);
}
