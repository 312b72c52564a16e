/* Timers: due times, repetition, again, remaining, order. The clock is stopped and stepped where the result must be exact. */
#include "drive.h"
#include "fake_clock.h"

#define REAL 1500000000.
#define MONO 5000.

static struct ev_loop *
stopped_loop (void)
{
  fake_clock_stop (REAL, MONO);
  return t_loop (0);
}

static void
step (struct ev_loop *loop, double seconds)
{
  fake_clock_step (seconds);
  ev_run (loop, EVRUN_NOWAIT);
}

static int seen_active;
static double seen_at, seen_now;

static void
look (EV_P_ ev_timer *w, int revents)
{
  seen_active = ev_is_active (w);
  seen_at = w->at;
  seen_now = ev_now (loop);
  note_any ((ev_watcher *)w, revents);
}

TEST (timer_one_shot_is_stopped_before_its_callback)
{
  struct ev_loop *loop = stopped_loop ();
  ev_timer t;
  NAMED (&t, look, "t");
  ev_timer_set (&t, 1., 0.);
  ev_timer_start (loop, &t);
  step (loop, .5);
  CHECK_TRACE ("");
  seen_active = 7;
  step (loop, .75);
  CHECK_TRACE ("t:100");
  CHECK_EQ (seen_active, 0);
  CHECK_BETWEEN (seen_at, -.25, -.25); /* minus the lateness */
  CHECK_BETWEEN (seen_now, REAL + 1.25, REAL + 1.25);
  step (loop, 10.);
  CHECK_TRACE ("t:100");
  ev_loop_destroy (loop);
}

TEST (timer_repeating_is_active_in_its_callback)
{
  struct ev_loop *loop = stopped_loop ();
  ev_timer t;
  NAMED (&t, look, "t");
  ev_timer_set (&t, 1., .5);
  ev_timer_start (loop, &t);
  step (loop, 1.25);
  CHECK_TRACE ("t:100");
  CHECK (seen_active);
  CHECK_BETWEEN (ev_timer_remaining (loop, &t), .25, .25); /* due at 1.5 */
  step (loop, .25);
  CHECK_TRACE ("t:100");
  step (loop, .25);
  CHECK_TRACE ("t:100 t:100");
  CHECK_BETWEEN (ev_timer_remaining (loop, &t), .25, .25);
  ev_loop_destroy (loop);
}

TEST (timer_due_must_lie_strictly_before_now)
{
  struct ev_loop *loop = stopped_loop ();
  ev_timer t;
  timer_named (loop, &t, "t", 1., 0.);
  step (loop, 1.);
  CHECK_TRACE (""); /* not at, only after */
  CHECK_BETWEEN (ev_timer_remaining (loop, &t), 0., 0.);
  step (loop, 1. / 1024);
  CHECK_TRACE ("t:100");
  ev_loop_destroy (loop);
}

TEST (timer_starts_relative_to_ev_now)
{
  struct ev_loop *loop = stopped_loop ();
  ev_timer t;
  fake_clock_step (10.); /* the loop hasn't looked yet */
  timer_named (loop, &t, "t", 5., 0.);
  CHECK_BETWEEN (ev_timer_remaining (loop, &t), 5., 5.);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_TRACE ("t:100");
  /* with a fresh look it is five seconds from here */
  fake_clock_step (10.);
  ev_now_update (loop);
  t_trace_reset ();
  timer_named (loop, &t, "t", 5., 0.);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_TRACE ("");
  step (loop, 5.5);
  CHECK_TRACE ("t:100");
  ev_loop_destroy (loop);
}

TEST (timer_stop_keeps_the_rest_for_the_next_start)
{
  struct ev_loop *loop = stopped_loop ();
  ev_timer t;
  timer_named (loop, &t, "t", 4., 0.);
  step (loop, 1.5);
  ev_timer_stop (loop, &t);
  CHECK (!ev_is_active (&t));
  CHECK_BETWEEN (t.at, 2.5, 2.5);
  step (loop, 100.);
  CHECK_TRACE ("");
  ev_timer_start (loop, &t);
  CHECK_BETWEEN (ev_timer_remaining (loop, &t), 2.5, 2.5);
  step (loop, 2.25);
  CHECK_TRACE ("");
  step (loop, .5);
  CHECK_TRACE ("t:100");
  ev_loop_destroy (loop);
}

TEST (timer_start_of_active_does_nothing)
{
  struct ev_loop *loop = stopped_loop ();
  ev_timer t;
  timer_named (loop, &t, "t", 4., 0.);
  step (loop, 1.);
  ev_timer_start (loop, &t);
  CHECK_BETWEEN (ev_timer_remaining (loop, &t), 3., 3.);
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 1);
  ev_timer_stop (loop, &t);
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 0);
  ev_loop_destroy (loop);
}

TEST (timer_stop_of_inactive_clears_pending_only)
{
  struct ev_loop *loop = stopped_loop ();
  ev_timer t;
  NAMED (&t, note_timer, "t");
  ev_timer_set (&t, 3., 0.);
  ev_feed_event (loop, &t, EV_TIMER);
  ev_timer_stop (loop, &t);
  CHECK (!ev_is_pending (&t));
  CHECK_BETWEEN (t.at, 3., 3.);
  step (loop, 10.);
  CHECK_TRACE ("");
  ev_loop_destroy (loop);
}

TEST (timer_remaining_of_inactive_is_the_stored_value)
{
  struct ev_loop *loop = stopped_loop ();
  ev_timer t;
  NAMED (&t, note_timer, "t");
  ev_timer_set (&t, 7.5, 1.);
  CHECK_BETWEEN (ev_timer_remaining (loop, &t), 7.5, 7.5);
  ev_timer_start (loop, &t);
  step (loop, 2.);
  CHECK_BETWEEN (ev_timer_remaining (loop, &t), 5.5, 5.5);
  /* time that the loop has not seen doesn't count */
  fake_clock_step (1.);
  CHECK_BETWEEN (ev_timer_remaining (loop, &t), 5.5, 5.5);
  ev_now_update (loop);
  CHECK_BETWEEN (ev_timer_remaining (loop, &t), 4.5, 4.5);
  /* overdue is negative */
  fake_clock_step (5.);
  ev_now_update (loop);
  CHECK_BETWEEN (ev_timer_remaining (loop, &t), -.5, -.5);
  ev_timer_stop (loop, &t);
  CHECK_BETWEEN (ev_timer_remaining (loop, &t), -.5, -.5);
  ev_loop_destroy (loop);
}

/* ---- again ---- */

TEST (timer_again_inactive_with_repeat_starts)
{
  struct ev_loop *loop = stopped_loop ();
  ev_timer t;
  NAMED (&t, note_timer, "t");
  ev_timer_set (&t, 100., 2.); /* the first value is not used */
  ev_timer_again (loop, &t);
  CHECK (ev_is_active (&t));
  CHECK_BETWEEN (ev_timer_remaining (loop, &t), 2., 2.);
  step (loop, 2.5);
  CHECK_TRACE ("t:100");
  ev_loop_destroy (loop);
}

TEST (timer_again_active_with_repeat_restarts_from_now)
{
  struct ev_loop *loop = stopped_loop ();
  ev_timer t;
  timer_named (loop, &t, "t", 1., 3.);
  step (loop, .5);
  ev_timer_again (loop, &t);
  CHECK_BETWEEN (ev_timer_remaining (loop, &t), 3., 3.);
  step (loop, 2.75);
  CHECK_TRACE ("");
  t.repeat = 5.; /* takes effect with the next call */
  CHECK_BETWEEN (ev_timer_remaining (loop, &t), .25, .25);
  ev_timer_again (loop, &t);
  CHECK_BETWEEN (ev_timer_remaining (loop, &t), 5., 5.);
  /* also to an earlier time */
  t.repeat = .5;
  ev_timer_again (loop, &t);
  step (loop, .75);
  CHECK_TRACE ("t:100");
  ev_loop_destroy (loop);
}

TEST (timer_again_active_without_repeat_stops)
{
  struct ev_loop *loop = stopped_loop ();
  ev_timer t;
  timer_named (loop, &t, "t", 4., 0.);
  step (loop, 1.);
  ev_timer_again (loop, &t);
  CHECK (!ev_is_active (&t));
  CHECK_BETWEEN (t.at, 3., 3.);
  step (loop, 10.);
  CHECK_TRACE ("");
  ev_loop_destroy (loop);
}

TEST (timer_again_inactive_without_repeat_does_nothing)
{
  struct ev_loop *loop = stopped_loop ();
  ev_timer t;
  NAMED (&t, note_timer, "t");
  ev_timer_set (&t, 4., 0.);
  ev_timer_again (loop, &t);
  CHECK (!ev_is_active (&t));
  CHECK_BETWEEN (t.at, 4., 4.);
  step (loop, 10.);
  CHECK_TRACE ("");
  ev_loop_destroy (loop);
}

TEST (timer_again_clears_pending)
{
  struct ev_loop *loop = stopped_loop ();
  ev_timer t;
  timer_named (loop, &t, "t", 1., 3.);
  ev_feed_event (loop, &t, EV_TIMER);
  ev_timer_again (loop, &t);
  CHECK (ev_is_active (&t));
  CHECK (!ev_is_pending (&t));
  ev_invoke_pending (loop);
  CHECK_TRACE ("");
  /* of an inactive one too */
  ev_timer_stop (loop, &t);
  t.repeat = 0.;
  ev_feed_event (loop, &t, EV_TIMER);
  ev_timer_again (loop, &t);
  CHECK (!ev_is_pending (&t));
  ev_loop_destroy (loop);
}

/* ---- mistakes ---- */

static void
start_negative (void *arg)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer t;
  (void)arg;
  ev_timer_init (&t, note_timer, 1., -1.);
  ev_timer_start (loop, &t);
}

TEST (timer_start_with_negative_repeat_aborts)
{
  t_expect_abort (start_negative, 0, "libev: ");
}

static void
again_negative (void *arg)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer t;
  (void)arg;
  ev_timer_init (&t, note_timer, 1., -1.);
  ev_timer_again (loop, &t);
}

TEST (timer_again_with_negative_repeat_aborts_at_once_when_inactive)
{
  t_expect_abort (again_negative, 0, "libev: ");
}

static void
again_negative_active (void *arg)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer t;
  ev_timer_init (&t, note_timer, 1., 1.);
  ev_timer_start (loop, &t);
  t.repeat = -1.;
  ev_timer_again (loop, &t);
  if (arg)
    ev_run (loop, EVRUN_ONCE);
}

TEST (timer_again_with_negative_repeat_aborts_at_expiry_when_active)
{
  CHECK_EQ (t_in_child (again_negative_active, 0), 0);
  t_expect_abort (again_negative_active, "run", "libev: ");
}

static void
verify_changed_at (void *arg)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer t;
  (void)arg;
  ev_timer_init (&t, note_timer, 100., 0.);
  ev_timer_start (loop, &t);
  ev_verify (loop);
  t.at += 50.;
  ev_verify (loop);
}

TEST (timer_verify_notices_a_changed_due_time)
{
  t_expect_abort (verify_changed_at, 0, "libev: ");
}

/* ---- order ---- */

TEST (timer_earliest_first_in_one_batch)
{
  struct ev_loop *loop = stopped_loop ();
  ev_timer a, b, c, d;
  timer_named (loop, &c, "c", 3., 0.);
  timer_named (loop, &a, "a", 1., 0.);
  timer_named (loop, &d, "d", 4., 0.);
  timer_named (loop, &b, "b", 2., 0.);
  step (loop, 10.);
  CHECK_TRACE ("a:100 b:100 c:100 d:100");
  ev_loop_destroy (loop);
}

static double last_due;
static int out_of_order;

static void
in_order (EV_P_ ev_timer *w, int revents)
{
  double due = *(double *)w->data;
  (void)loop;
  CHECK_EQ (revents, EV_TIMER);
  if (due < last_due)
    ++out_of_order;
  last_due = due;
  ++noted;
}

enum { MANY = 3000 };
static ev_timer many[MANY];
static double dues[MANY];

TEST (timer_thousands_in_order)
{
  struct ev_loop *loop = stopped_loop ();
  int i;
  srandom (4711);
  for (i = 0; i < MANY; ++i)
    {
      dues[i] = (double)(random () % 1000000) / 1024.;
      ev_timer_init (&many[i], in_order, dues[i], 0.);
      many[i].data = &dues[i];
      ev_timer_start (loop, &many[i]);
    }
  ev_verify (loop);
  step (loop, 2000.);
  CHECK_EQ (noted, MANY);
  CHECK_EQ (out_of_order, 0);
  ev_loop_destroy (loop);
}

TEST (timer_thousands_stopped_and_moved_in_between)
{
  struct ev_loop *loop = stopped_loop ();
  int i, left = MANY;
  srandom (815);
  for (i = 0; i < MANY; ++i)
    {
      dues[i] = (double)(1 + random () % 1000000) / 1024.;
      ev_timer_init (&many[i], in_order, dues[i], 0.);
      many[i].data = &dues[i];
      ev_timer_start (loop, &many[i]);
    }
  for (i = 0; i < MANY; i += 3, --left)
    ev_timer_stop (loop, &many[i]);
  ev_verify (loop);
  for (i = 1; i < MANY; i += 6)
    {
      /* moved by again, half of them to an earlier time */
      dues[i] = (double)(1 + random () % 1000000) / 1024.;
      many[i].repeat = dues[i];
      ev_timer_again (loop, &many[i]);
      many[i].repeat = 0.;
    }
  ev_verify (loop);
  /* expiring in slices keeps the order over all */
  while (noted < left)
    {
      step (loop, 37.);
      ev_verify (loop);
      CHECK (fake_mono < (int64_t)20000 * 1000000000);
    }
  CHECK_EQ (noted, left);
  CHECK_EQ (out_of_order, 0);
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 0);
  ev_loop_destroy (loop);
}

TEST (timer_priority_goes_before_due_time)
{
  struct ev_loop *loop = stopped_loop ();
  ev_timer early, late;
  timer_named (loop, &early, "early", 1., 0.);
  NAMED (&late, note_timer, "late");
  ev_timer_set (&late, 2., 0.);
  ev_set_priority (&late, 1);
  ev_timer_start (loop, &late);
  step (loop, 3.);
  CHECK_TRACE ("late:100 early:100");
  ev_loop_destroy (loop);
}

static ev_timer *victim;

static void
stop_victim (EV_P_ ev_timer *w, int revents)
{
  note_any ((ev_watcher *)w, revents);
  ev_timer_stop (loop, victim);
}

TEST (timer_stopped_by_another_ones_callback_in_the_same_batch)
{
  struct ev_loop *loop = stopped_loop ();
  ev_timer a, b, c;
  NAMED (&a, stop_victim, "a");
  ev_timer_set (&a, 1., 0.);
  ev_timer_start (loop, &a);
  timer_named (loop, &b, "b", 2., 0.);
  timer_named (loop, &c, "c", 3., 0.);
  victim = &b;
  step (loop, 10.);
  CHECK_TRACE ("a:100 c:100");
  CHECK (!ev_is_pending (&b));
  ev_loop_destroy (loop);
}

TEST (timer_repeating_stopped_by_another_ones_callback)
{
  struct ev_loop *loop = stopped_loop ();
  ev_timer a, b;
  NAMED (&a, stop_victim, "a");
  ev_timer_set (&a, 1., 0.);
  ev_timer_start (loop, &a);
  timer_named (loop, &b, "b", 2., 2.);
  victim = &b;
  step (loop, 3.);
  CHECK_TRACE ("a:100");
  CHECK (!ev_is_active (&b) && !ev_is_pending (&b));
  CHECK_EQ (ev_run (loop, 0), 0);
  ev_loop_destroy (loop);
}

/* ---- due at once ---- */

static ev_timer started_inside;

static void
start_inside (EV_P_ ev_timer *w, int revents)
{
  note_any ((ev_watcher *)w, revents);
  timer_named (loop, &started_inside, "inside", *(double *)&started_inside.at, 0.);
}

static void
started_in_a_callback (double after)
{
  struct ev_loop *loop = stopped_loop ();
  ev_timer t;
  NAMED (&t, start_inside, "t");
  ev_timer_set (&t, 1., 0.);
  ev_timer_start (loop, &t);
  started_inside.at = after;
  step (loop, 2.);
  CHECK_TRACE ("t:100"); /* not in the batch that started it */
  step (loop, 1. / 1024);
  CHECK_TRACE ("t:100 inside:100");
  ev_loop_destroy (loop);
}

TEST (timer_zero_fires_in_the_next_iteration)
{
  started_in_a_callback (0.);
}

TEST (timer_negative_fires_in_the_next_iteration)
{
  started_in_a_callback (-5.);
}

TEST (timer_negative_fires_even_if_the_clock_stands)
{
  struct ev_loop *loop = stopped_loop ();
  ev_timer t;
  timer_named (loop, &t, "t", -1., 0.);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_TRACE ("t:100");
  ev_loop_destroy (loop);
}

TEST (timer_zero_waits_for_the_clock_to_move)
{
  struct ev_loop *loop = stopped_loop ();
  ev_timer t;
  timer_named (loop, &t, "t", 0., 0.);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_TRACE ("");
  step (loop, 1. / 1048576);
  CHECK_TRACE ("t:100");
  ev_loop_destroy (loop);
}

/* ---- lateness ---- */

TEST (timer_late_repeating_makes_up_for_one_period_only)
{
  struct ev_loop *loop = stopped_loop ();
  ev_timer t;
  timer_named (loop, &t, "t", 1., 1.);
  step (loop, 4.5); /* 1, 2, 3 and 4 are past */
  CHECK_TRACE ("t:100");
  CHECK_BETWEEN (ev_timer_remaining (loop, &t), 0., 0.); /* due now */
  step (loop, 1. / 1024);
  CHECK_TRACE ("t:100 t:100");
  CHECK_BETWEEN (ev_timer_remaining (loop, &t), .99902, .99903); /* at 5.5 */
  step (loop, .5);
  CHECK_TRACE ("t:100 t:100");
  ev_loop_destroy (loop);
}

TEST (timer_repeating_keeps_its_grid_when_a_little_late)
{
  struct ev_loop *loop = stopped_loop ();
  ev_timer t;
  int i;
  timer_named (loop, &t, "t", 1., 1.);
  for (i = 1; i <= 5; ++i)
    {
      step (loop, i == 1 ? 1.25 : 1.);
      CHECK_EQ (noted, i);
      CHECK_BETWEEN (ev_timer_remaining (loop, &t), .75, .75);
    }
  ev_loop_destroy (loop);
}

static void
no_more (EV_P_ ev_timer *w, int revents)
{
  (void)loop;
  note_any ((ev_watcher *)w, revents);
  w->repeat = 0.;
}

TEST (timer_repeat_cleared_in_the_callback_fires_once_more)
{
  struct ev_loop *loop = stopped_loop ();
  ev_timer t;
  NAMED (&t, no_more, "t");
  ev_timer_set (&t, 1., 1.);
  ev_timer_start (loop, &t);
  step (loop, 1.5);
  step (loop, 1.);
  CHECK_TRACE ("t:100 t:100");
  CHECK (!ev_is_active (&t));
  step (loop, 10.);
  CHECK_TRACE ("t:100 t:100");
  ev_loop_destroy (loop);
}

static void
change_repeat (EV_P_ ev_timer *w, int revents)
{
  (void)loop;
  note_any ((ev_watcher *)w, revents);
  w->repeat = 4.;
}

TEST (timer_repeat_changed_in_the_callback_counts_from_the_next_expiry)
{
  struct ev_loop *loop = stopped_loop ();
  ev_timer t;
  NAMED (&t, change_repeat, "t");
  ev_timer_set (&t, 1., 1.);
  ev_timer_start (loop, &t);
  step (loop, 1.5); /* already due at 2 */
  step (loop, 1.);
  CHECK_EQ (noted, 2);
  CHECK_BETWEEN (ev_timer_remaining (loop, &t), 3.5, 3.5);
  ev_loop_destroy (loop);
}

static void
again_inside (EV_P_ ev_timer *w, int revents)
{
  note_any ((ev_watcher *)w, revents);
  w->repeat = 2.;
  ev_timer_again (loop, w);
}

TEST (timer_again_in_its_own_callback)
{
  struct ev_loop *loop = stopped_loop ();
  ev_timer t;
  NAMED (&t, again_inside, "t");
  ev_timer_set (&t, 1., 0.);
  ev_timer_start (loop, &t);
  step (loop, 1.5);
  CHECK (ev_is_active (&t));
  CHECK_BETWEEN (ev_timer_remaining (loop, &t), 2., 2.);
  step (loop, 2.5);
  CHECK_TRACE ("t:100 t:100");
  ev_loop_destroy (loop);
}

static void
blocks (EV_P_ ev_timer *w, int revents)
{
  (void)loop;
  if (!noted)
    t_nap (.45);
  note_any ((ev_watcher *)w, revents);
}

static void
stop_loop (EV_P_ ev_timer *w, int revents)
{
  (void)w;
  (void)revents;
  ev_break (loop, EVBREAK_ALL);
}

/* Period 0.1 s, the first call takes 0.45 s: one call makes up, the other periods are lost. */
TEST (timer_blocked_callback_drops_periods, .alone = 1)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer t, end;
  NAMED (&t, blocks, "t");
  ev_timer_set (&t, .1, .1);
  ev_timer_start (loop, &t);
  ev_timer_init (&end, stop_loop, .6, 0.);
  ev_timer_start (loop, &end);
  ev_run (loop, 0);
  CHECK (noted >= 2 && noted <= 3); /* at .1, .55, and perhaps .65 if this machine dawdles */
  ev_loop_destroy (loop);
}

/* ---- and the rest ---- */

TEST (timer_unaffected_by_wall_clock_jumps)
{
  struct ev_loop *loop = stopped_loop ();
  ev_timer a, b;
  timer_named (loop, &a, "a", 10., 0.);
  timer_named (loop, &b, "b", 20., 0.);
  fake_clock_jump (-86400.);
  step (loop, 1.);
  CHECK_TRACE ("");
  CHECK_BETWEEN (ev_timer_remaining (loop, &a), 9., 9.);
  fake_clock_jump (10 * 86400.);
  step (loop, 1.);
  step (loop, 1.);
  CHECK_TRACE ("");
  CHECK_BETWEEN (ev_timer_remaining (loop, &a), 7., 7.);
  step (loop, 7.5);
  CHECK_TRACE ("a:100");
  step (loop, 10.);
  CHECK_TRACE ("a:100 b:100");
  ev_loop_destroy (loop);
}

TEST (timer_very_far_away)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer far, near;
  timer_named (loop, &far, "far", 1e10, 0.);
  ev_unref (loop);
  timer_named (loop, &near, "near", .01, 0.);
  ev_run (loop, 0);
  CHECK_TRACE ("near:100");
  CHECK_BETWEEN (ev_timer_remaining (loop, &far), 9.9e9, 1e10);
  ev_loop_destroy (loop);
}

TEST (timer_keeps_the_loop_alive_until_it_fires)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer t;
  double start = t_clock ();
  timer_named (loop, &t, "t", .05, 0.);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("t:100");
  CHECK (t_clock () - start >= .049);
  ev_loop_destroy (loop);
}

static double asked_at;

static void
not_early (EV_P_ ev_timer *w, int revents)
{
  (void)revents;
  CHECK (t_clock () - asked_at >= w->repeat * .999);
  ++noted;
  if (noted == 200)
    ev_timer_stop (loop, w);
  else
    {
      w->repeat = (double)(noted % 10) * .0003 + .0001;
      asked_at = t_clock (); /* first: the process may be held up between the two */
      ev_now_update (loop);
      ev_timer_again (loop, w);
    }
}

TEST (timer_never_early)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer t;
  ev_init (&t, not_early);
  t.repeat = .001;
  asked_at = t_clock ();
  ev_now_update (loop);
  ev_timer_again (loop, &t);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_EQ (noted, 200);
  ev_loop_destroy (loop);
}

/* The shortest of many waits says what the back-end can resolve, whatever the load. */
TEST (timer_waits_finer_than_a_millisecond, .backends = T_SELECT | T_EPOLL | T_LINUXAIO | T_IOURING, .no_valgrind = 1, /* no epoll_pwait2 there */
      .ours_only = "the reference waits in whole milliseconds on epoll and linuxaio", .ours_only_on = T_EPOLL | T_LINUXAIO)
{
  struct ev_loop *loop = t_loop (0);
  double shortest = 1e9;
  ev_timer t;
  int i;
  for (i = 0; i < 100; ++i)
    {
      double start = t_clock ();
      ev_now_update (loop);
      ev_timer_init (&t, note_timer, .0003, 0.);
      t.data = (void *)"t";
      ev_timer_start (loop, &t);
      ev_run (loop, 0);
      if (t_clock () - start < shortest)
        shortest = t_clock () - start;
    }
  CHECK_EQ (noted, 100);
  CHECK_BETWEEN (shortest, .0003 * .999, .0009);
  ev_loop_destroy (loop);
}

TEST (timer_several_loops_keep_apart)
{
  struct ev_loop *one, *two;
  ev_timer a, b;
  one = stopped_loop ();
  two = t_loop (0);
  timer_named (one, &a, "one", 1., 0.);
  timer_named (two, &b, "two", 1., 0.);
  fake_clock_step (2.);
  ev_run (two, EVRUN_NOWAIT);
  CHECK_TRACE ("two:100");
  ev_run (one, EVRUN_NOWAIT);
  CHECK_TRACE ("two:100 one:100");
  ev_loop_destroy (one);
  ev_loop_destroy (two);
}

/* ---- ev_timer_set on an active timer, which the manual forbids and programs do ---- */

enum { FAR = 8 };

static struct ev_loop *
with_far_timers (ev_timer *w, double repeat)
{
  struct ev_loop *loop;
  int i;
  t_skip_if_checked ("a mistake, which the checks tell");
  loop = t_loop (0);
  for (i = 0; i < FAR; ++i)
    {
      NAMED (&w[i], note_timer, "w");
      ev_timer_set (&w[i], 100. + i, repeat);
      ev_timer_start (loop, &w[i]);
    }
  drive (loop, 1);
  return loop;
}

TEST (timer_set_while_active_then_again)
{
  ev_timer w[FAR];
  struct ev_loop *loop = with_far_timers (w, 100.);
  ev_timer_set (&w[3], 0., .02);
  ev_timer_again (loop, &w[3]);
  ev_timer_set (&w[5], 3600., .03);
  ev_timer_again (loop, &w[5]);
  drive_until (loop, &noted, 3);
  CHECK (ev_timer_remaining (loop, &w[3]) < .1 && ev_timer_remaining (loop, &w[5]) < .1);
  CHECK (ev_timer_remaining (loop, &w[4]) > 90.);
  ev_loop_destroy (loop);
}

TEST (timer_set_while_active_then_stopped_and_started)
{
  ev_timer w[FAR];
  struct ev_loop *loop = with_far_timers (w, 0.);
  int i;
  for (i = 2; i < 6; ++i)
    {
      ev_timer_set (&w[i], .01 * i, 0.);
      ev_timer_stop (loop, &w[i]);
    }
  for (i = 2; i < 6; ++i)
    {
      ev_timer_set (&w[i], .01 * i, 0.);
      ev_timer_start (loop, &w[i]);
    }
  drive_until (loop, &noted, 4);
  ev_verify (loop);
  CHECK (ev_is_active (&w[0]) && ev_is_active (&w[7]));
  ev_loop_destroy (loop);
}

/* ---- timers that another thread starts during the wait ---- */

static ev_timer late_timer;
static double late_started;
static int late_fired;

static void
late_expired (EV_P_ ev_timer *w, int revents)
{
  (void)loop;
  (void)w;
  (void)revents;
  CHECK (t_clock () - late_started > .15);
  late_fired = 1;
}

static void
start_late (EV_P) EV_NOEXCEPT
{
  if (ev_is_active (&late_timer) || late_fired)
    return;
  late_started = t_clock ();
  ev_timer_start (EV_A_ &late_timer);
}

/* As such a thread does between release and acquire: it counts from this wait's beginning, not from the one before. */
TEST (timer_started_between_release_and_acquire, .backends = T_SELECT | T_POLL | T_EPOLL)
{
  struct ev_loop *loop = t_loop (0);
  drive (loop, 1);
  t_nap (.4);
  ev_timer_init (&late_timer, late_expired, .2, 0.);
  ev_set_loop_release_cb (loop, start_late, 0);
  while (!late_fired)
    ev_run (loop, EVRUN_NOWAIT);
  ev_loop_destroy (loop);
}
