/* ev_suspend and ev_resume: timers wait for the time in between, periodics go by the wall clock. */
#include "drive.h"
#include "fake_clock.h"

#define REAL 1500000000.
#define MONO 5000.

static struct ev_loop *
stopped_loop (void)
{
  fake_clock_stop (REAL, MONO);
  return t_loop (EVFLAG_NOTIMERFD);
}

static int reschedules;

static ev_tstamp
in_twenty (ev_periodic *w, ev_tstamp now)
{
  (void)w;
  ++reschedules;
  return now + 20.;
}

TEST (suspend_resume_shifts_timers)
{
  struct ev_loop *loop = stopped_loop ();
  ev_timer a, b;
  timer_named (loop, &a, "a", 5., 0.);
  timer_named (loop, &b, "b", 7., 3.);
  fake_clock_step (1.);
  ev_suspend (loop);
  fake_clock_step (3600.);
  ev_resume (loop);
  CHECK_BETWEEN (ev_timer_remaining (loop, &a), 4., 4.);
  CHECK_BETWEEN (ev_timer_remaining (loop, &b), 6., 6.);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_TRACE ("");
  fake_clock_step (4.5);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_TRACE ("a:100");
  fake_clock_step (2.);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_TRACE ("a:100 b:100");
  ev_verify (loop);
  ev_loop_destroy (loop);
}

TEST (suspend_updates_the_time)
{
  struct ev_loop *loop = stopped_loop ();
  fake_clock_step (3.);
  CHECK_BETWEEN (ev_now (loop), REAL, REAL);
  ev_suspend (loop);
  CHECK_BETWEEN (ev_now (loop), REAL + 3., REAL + 3.);
  fake_clock_step (4.);
  CHECK_BETWEEN (ev_now (loop), REAL + 3., REAL + 3.);
  ev_resume (loop);
  CHECK_BETWEEN (ev_now (loop), REAL + 7., REAL + 7.);
  ev_loop_destroy (loop);
}

TEST (suspend_twice_and_resume_once_counts_from_the_last_update)
{
  struct ev_loop *loop = stopped_loop ();
  ev_timer t;
  timer_named (loop, &t, "t", 10., 0.);
  ev_suspend (loop);
  fake_clock_step (4.);
  ev_suspend (loop); /* an update: those four seconds count */
  fake_clock_step (100.);
  ev_resume (loop);
  CHECK_BETWEEN (ev_timer_remaining (loop, &t), 6., 6.);
  ev_loop_destroy (loop);
}

TEST (suspend_not_needed_for_resume)
{
  struct ev_loop *loop = stopped_loop ();
  ev_timer t;
  timer_named (loop, &t, "t", 10., 0.);
  fake_clock_step (100.);
  ev_resume (loop); /* shifts by the time since the last update */
  CHECK_BETWEEN (ev_timer_remaining (loop, &t), 10., 10.);
  ev_loop_destroy (loop);
}

TEST (suspend_resume_and_periodics)
{
  struct ev_loop *loop = stopped_loop ();
  ev_periodic interval, absolute, past, manual;
  NAMED (&interval, note_periodic, "interval");
  ev_periodic_set (&interval, 0., 10., 0);
  ev_periodic_start (loop, &interval);
  NAMED (&absolute, note_periodic, "absolute");
  ev_periodic_set (&absolute, REAL + 5000., 0., 0);
  ev_periodic_start (loop, &absolute);
  NAMED (&past, note_periodic, "past");
  ev_periodic_set (&past, REAL + 50., 0., 0);
  ev_periodic_start (loop, &past);
  NAMED (&manual, note_periodic, "manual");
  ev_periodic_set (&manual, 0., 0., in_twenty);
  ev_periodic_start (loop, &manual);
  ev_suspend (loop);
  fake_clock_step (1005.);
  ev_resume (loop);
  CHECK_BETWEEN (ev_periodic_at (&interval), REAL + 1010., REAL + 1010.);
  CHECK_BETWEEN (ev_periodic_at (&absolute), REAL + 5000., REAL + 5000.);
  CHECK_BETWEEN (ev_periodic_at (&past), REAL + 50., REAL + 50.);
  CHECK_BETWEEN (ev_periodic_at (&manual), REAL + 1025., REAL + 1025.);
  CHECK_EQ (reschedules, 2);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_TRACE ("past:200");
  ev_verify (loop);
  ev_loop_destroy (loop);
}

TEST (suspend_keeps_the_order_of_thousands)
{
  enum { MANY = 2000 };
  static ev_timer t[MANY];
  struct ev_loop *loop = stopped_loop ();
  int i;
  srandom (5);
  for (i = 0; i < MANY; ++i)
    timer_named (loop, &t[i], "", 1. + (double)(random () % 4096) / 1024., 0.);
  ev_suspend (loop);
  fake_clock_step (77.);
  ev_resume (loop);
  ev_verify (loop);
  for (i = 0; i < MANY; i += 100)
    CHECK_BETWEEN (ev_timer_remaining (loop, &t[i]), 1., 5.);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_EQ (noted, 0);
  fake_clock_step (6.);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_EQ (noted, MANY);
  ev_loop_destroy (loop);
}

TEST (suspend_does_not_touch_io)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w;
  int p[2];
  t_pipe (p);
  io_named (loop, &w, "w", p[0], EV_READ);
  drive (loop, 1);
  ev_suspend (loop);
  t_write (p[1], "x");
  ev_resume (loop);
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("w:1");
  ev_loop_destroy (loop);
}

static void
suspend_inside (EV_P_ ev_timer *w, int revents)
{
  note_any ((ev_watcher *)w, revents);
  ev_suspend (loop);
  fake_clock_step (50.);
  ev_resume (loop);
}

TEST (suspend_and_resume_in_a_callback)
{
  struct ev_loop *loop = stopped_loop ();
  ev_timer a, b, repeating;
  NAMED (&a, suspend_inside, "a");
  ev_timer_set (&a, 1., 0.);
  ev_timer_start (loop, &a);
  timer_named (loop, &b, "b", 2., 0.);
  timer_named (loop, &repeating, "r", 3., 3.);
  fake_clock_step (1.5);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_TRACE ("a:100");
  CHECK_BETWEEN (ev_timer_remaining (loop, &b), .5, .5);
  CHECK_BETWEEN (ev_timer_remaining (loop, &repeating), 1.5, 1.5);
  fake_clock_step (1.);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_TRACE ("a:100 b:100");
  ev_loop_destroy (loop);
}

TEST (suspend_with_real_clock)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer t;
  double start = t_clock ();
  timer_named (loop, &t, "t", .1, 0.);
  ev_suspend (loop);
  t_nap (.1);
  ev_resume (loop);
  ev_run (loop, 0);
  CHECK_TRACE ("t:100");
  CHECK (t_clock () - start >= .199);
  ev_loop_destroy (loop);
}
