/* Periodics: the grid, absolute times, reschedule callbacks, and what happens when somebody sets the wall clock. */
#include "drive.h"
#include "fake_clock.h"

#include <dirent.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

#define REAL 1500000000.
#define MONO 5000.

/* A timer descriptor that the test makes readable, as the kernel does when the wall clock is set. */
static int timerfds, fake_timerfd = -1, timerfd_missing;

int
timerfd_create (int clock, int flags)
{
  ++timerfds;
  CHECK_EQ (clock, CLOCK_REALTIME);
  if (timerfd_missing)
    {
      errno = ENOSYS;
      return -1;
    }
  if (!fake_stopped)
    return (int)syscall (SYS_timerfd_create, clock, flags);
  return fake_timerfd = eventfd (0, EFD_NONBLOCK | EFD_CLOEXEC);
}

int
timerfd_settime (int fd, int flags, const struct itimerspec *when, struct itimerspec *old)
{
  CHECK (flags & TFD_TIMER_ABSTIME);
  CHECK (flags & TFD_TIMER_CANCEL_ON_SET);
  if (fd == fake_timerfd)
    return 0;
  return (int)syscall (SYS_timerfd_settime, fd, flags, when, old);
}

static struct ev_loop *
stopped_loop (void)
{
  fake_clock_stop (REAL, MONO);
  return t_loop (EVFLAG_NOTIMERFD);
}

static void
step (struct ev_loop *loop, double seconds)
{
  fake_clock_step (seconds);
  ev_run (loop, EVRUN_NOWAIT);
}

static void
periodic_named (struct ev_loop *loop, ev_periodic *w, const char *name, double offset, double interval,
                ev_tstamp (*reschedule) (ev_periodic *, ev_tstamp))
{
  NAMED (w, note_periodic, name);
  ev_periodic_set (w, offset, interval, reschedule);
  ev_periodic_start (loop, w);
}

#define CHECK_AT(w, want) CHECK_BETWEEN (ev_periodic_at (w), (want), (want))

/* ---- absolute ---- */

TEST (periodic_absolute_fires_once_after_its_time)
{
  struct ev_loop *loop = stopped_loop ();
  ev_periodic w;
  periodic_named (loop, &w, "w", REAL + 10., 0., 0);
  CHECK (ev_is_active (&w));
  CHECK_AT (&w, REAL + 10.);
  step (loop, 9.5);
  CHECK_TRACE ("");
  step (loop, .5); /* not at, only after */
  CHECK_TRACE ("");
  step (loop, .5);
  CHECK_TRACE ("w:200");
  CHECK (!ev_is_active (&w));
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("w:200");
  ev_loop_destroy (loop);
}

static int was_active;

static void
look (EV_P_ ev_periodic *w, int revents)
{
  (void)loop;
  was_active = ev_is_active (w);
  note_any ((ev_watcher *)w, revents);
}

TEST (periodic_absolute_in_the_past_fires_at_once)
{
  struct ev_loop *loop = stopped_loop ();
  ev_periodic w;
  NAMED (&w, look, "w");
  ev_periodic_set (&w, 17., 0., 0);
  ev_periodic_start (loop, &w);
  was_active = 7;
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_TRACE ("w:200");
  CHECK_EQ (was_active, 0); /* stopped before its callback */
  step (loop, 10.);
  CHECK_TRACE ("w:200");
  ev_loop_destroy (loop);
}

/* ---- interval ---- */

TEST (periodic_interval_fires_on_the_grid)
{
  struct ev_loop *loop = stopped_loop ();
  ev_periodic w;
  NAMED (&w, look, "w");
  ev_periodic_set (&w, 3., 10., 0);
  ev_periodic_start (loop, &w);
  CHECK_AT (&w, REAL + 3.);
  step (loop, 3.5);
  CHECK_TRACE ("w:200");
  CHECK (was_active);
  CHECK_AT (&w, REAL + 13.);
  step (loop, 9.);
  CHECK_TRACE ("w:200");
  step (loop, 1.);
  CHECK_TRACE ("w:200 w:200");
  CHECK_AT (&w, REAL + 23.);
  ev_loop_destroy (loop);
}

TEST (periodic_interval_is_strictly_after_now)
{
  struct ev_loop *loop = stopped_loop ();
  ev_periodic w;
  periodic_named (loop, &w, "w", 0., 10., 0); /* now is on the grid */
  CHECK_AT (&w, REAL + 10.);
  ev_loop_destroy (loop);
}

TEST (periodic_interval_offsets_anywhere)
{
  struct ev_loop *loop = stopped_loop ();
  static const struct { double offset, interval, next; } cases[] =
    {
      { 4., 10., 4. }, { 14., 10., 4. }, { -6., 10., 4. }, { REAL + 1004., 10., 4. }, { REAL - 996., 10., 4. },
      { .25, .5, .25 }, { REAL, 3600., 3600. }, { REAL + .5, 1., .5 }, { 1., 1e9, 500000001. }
    };
  unsigned i;
  for (i = 0; i < sizeof cases / sizeof *cases; ++i)
    {
      ev_periodic w;
      periodic_named (loop, &w, "w", cases[i].offset, cases[i].interval, 0);
      CHECK_AT (&w, REAL + cases[i].next);
      ev_periodic_stop (loop, &w);
    }
  ev_loop_destroy (loop);
}

TEST (periodic_missed_slots_are_one_event)
{
  struct ev_loop *loop = stopped_loop ();
  ev_periodic w;
  periodic_named (loop, &w, "w", 0., 1., 0);
  step (loop, 7.25);
  CHECK_TRACE ("w:200");
  CHECK_AT (&w, REAL + 8.);
  step (loop, .25);
  CHECK_TRACE ("w:200");
  ev_loop_destroy (loop);
}

TEST (periodic_tiny_interval_keeps_its_field)
{
  struct ev_loop *loop = stopped_loop ();
  ev_periodic w;
  int i;
  periodic_named (loop, &w, "w", 0., 1e-6, 0);
  CHECK_BETWEEN (ev_periodic_at (&w) - REAL, 1e-7, 1.5e-6); /* the next microsecond */
  for (i = 1; i <= 5; ++i)
    {
      step (loop, .25);
      CHECK_EQ (noted, i);
      CHECK_BETWEEN (ev_periodic_at (&w) - ev_now (loop), 1e-7, 1.5e-6);
    }
  CHECK (w.interval == 1e-6);
  CHECK (w.offset == 0.);
  ev_loop_destroy (loop);
}

/* Below the resolution of a double at today's date adding it changes nothing. */
TEST (periodic_interval_below_the_resolution_is_due_now)
{
  struct ev_loop *loop = stopped_loop ();
  ev_periodic w;
  periodic_named (loop, &w, "w", 0., 1e-9, 0);
  CHECK_AT (&w, REAL);
  step (loop, .25);
  step (loop, .25);
  CHECK_TRACE ("w:200 w:200");
  CHECK_AT (&w, REAL + .5);
  CHECK (w.interval == 1e-9);
  ev_loop_destroy (loop);
}

TEST (periodic_tiny_interval_in_real_time)
{
  struct ev_loop *loop = t_loop (0);
  ev_periodic w;
  double start = t_clock ();
  periodic_named (loop, &w, "w", 0., 1e-5, 0);
  while (noted < 2000)
    ev_run (loop, EVRUN_ONCE);
  CHECK (t_clock () - start < 10.);
  ev_loop_destroy (loop);
}

static void
change_interval (EV_P_ ev_periodic *w, int revents)
{
  (void)loop;
  note_any ((ev_watcher *)w, revents);
  w->interval = 100.;
  w->offset = 50.;
}

TEST (periodic_changed_fields_count_from_the_next_expiry)
{
  struct ev_loop *loop = stopped_loop ();
  ev_periodic w;
  NAMED (&w, change_interval, "w");
  ev_periodic_set (&w, 0., 10., 0);
  ev_periodic_start (loop, &w);
  step (loop, 10.5);
  CHECK_TRACE ("w:200");
  CHECK_AT (&w, REAL + 20.); /* computed before the callback */
  step (loop, 10.);
  CHECK_TRACE ("w:200 w:200");
  CHECK_AT (&w, REAL + 50.);
  ev_loop_destroy (loop);
}

/* ---- again, stop, start ---- */

TEST (periodic_again_takes_changed_fields)
{
  struct ev_loop *loop = stopped_loop ();
  ev_periodic w;
  periodic_named (loop, &w, "w", 0., 10., 0);
  w.interval = 60.;
  w.offset = 5.;
  CHECK_AT (&w, REAL + 10.);
  ev_periodic_again (loop, &w);
  CHECK (ev_is_active (&w));
  CHECK_AT (&w, REAL + 5.);
  /* starts a stopped one */
  ev_periodic_stop (loop, &w);
  ev_periodic_again (loop, &w);
  CHECK (ev_is_active (&w));
  /* clears what is pending */
  ev_feed_event (loop, &w, EV_PERIODIC);
  ev_periodic_again (loop, &w);
  CHECK (!ev_is_pending (&w));
  ev_loop_destroy (loop);
}

TEST (periodic_stop_leaves_at)
{
  struct ev_loop *loop = stopped_loop ();
  ev_periodic w;
  periodic_named (loop, &w, "w", 0., 10., 0);
  ev_periodic_stop (loop, &w);
  CHECK (!ev_is_active (&w));
  CHECK_AT (&w, REAL + 10.);
  step (loop, 25.);
  CHECK_TRACE ("");
  CHECK_AT (&w, REAL + 10.);
  ev_periodic_start (loop, &w); /* computed anew */
  CHECK_AT (&w, REAL + 30.);
  ev_periodic_start (loop, &w); /* of an active one: nothing */
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 1);
  ev_periodic_stop (loop, &w);
  ev_periodic_stop (loop, &w);
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 0);
  ev_loop_destroy (loop);
}

TEST (periodic_stop_of_pending)
{
  struct ev_loop *loop = stopped_loop ();
  ev_periodic w;
  periodic_named (loop, &w, "w", 0., 10., 0);
  ev_feed_event (loop, &w, EV_PERIODIC);
  ev_periodic_stop (loop, &w);
  CHECK (!ev_is_pending (&w));
  ev_invoke_pending (loop);
  CHECK_TRACE ("");
  ev_loop_destroy (loop);
}

/* ---- reschedule ---- */

static int reschedules;
static double rescheduled_at, add;

static ev_tstamp
reschedule (ev_periodic *w, ev_tstamp now)
{
  (void)w;
  ++reschedules;
  rescheduled_at = now;
  return now + add;
}

TEST (periodic_reschedule_is_asked_at_start_and_expiry)
{
  struct ev_loop *loop = stopped_loop ();
  ev_periodic w;
  add = 7.;
  periodic_named (loop, &w, "w", 1., 2., reschedule); /* goes before offset and interval */
  CHECK_EQ (reschedules, 1);
  CHECK_BETWEEN (rescheduled_at, REAL, REAL);
  CHECK_AT (&w, REAL + 7.);
  add = 2.;
  step (loop, 5.);
  CHECK_TRACE ("");
  CHECK_EQ (reschedules, 1);
  step (loop, 2.5);
  CHECK_TRACE ("w:200");
  CHECK_EQ (reschedules, 2);
  CHECK_BETWEEN (rescheduled_at, REAL + 7.5, REAL + 7.5);
  CHECK_AT (&w, REAL + 9.5);
  add = 100.;
  ev_periodic_again (loop, &w);
  CHECK_EQ (reschedules, 3);
  CHECK_AT (&w, REAL + 107.5);
  ev_loop_destroy (loop);
}

TEST (periodic_reschedule_exactly_now_is_legal)
{
  struct ev_loop *loop = stopped_loop ();
  ev_periodic w;
  add = 0.;
  periodic_named (loop, &w, "w", 0., 0., reschedule);
  CHECK_AT (&w, REAL);
  step (loop, 1.);
  CHECK_TRACE ("w:200");
  CHECK_AT (&w, REAL + 1.);
  step (loop, .5);
  CHECK_TRACE ("w:200 w:200");
  ev_loop_destroy (loop);
}

TEST (periodic_reschedule_into_the_past_is_accepted_at_start)
{
  struct ev_loop *loop = stopped_loop ();
  ev_periodic w;
  add = -5.;
  periodic_named (loop, &w, "w", 0., 0., reschedule);
  CHECK (ev_is_active (&w));
  CHECK_AT (&w, REAL - 5.);
  add = 5.;
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_TRACE ("w:200");
  CHECK_AT (&w, REAL + 5.);
  ev_loop_destroy (loop);
}

static void
reschedule_past (void *arg)
{
  struct ev_loop *loop = stopped_loop ();
  ev_periodic w;
  (void)arg;
  add = 1.;
  periodic_named (loop, &w, "w", 0., 0., reschedule);
  add = -1.;
  step (loop, 2.);
}

TEST (periodic_reschedule_into_the_past_aborts_at_expiry)
{
  t_expect_abort (reschedule_past, 0, "libev: ");
}

TEST (periodic_reschedule_cleared_becomes_absolute)
{
  struct ev_loop *loop = stopped_loop ();
  ev_periodic w;
  add = 1.;
  periodic_named (loop, &w, "w", 5., 0., reschedule);
  w.reschedule_cb = 0;
  step (loop, 2.);
  CHECK_TRACE ("w:200");
  CHECK (!ev_is_active (&w)); /* no interval either: once */
  ev_loop_destroy (loop);
}

static void
negative_interval (void *arg)
{
  struct ev_loop *loop = stopped_loop ();
  ev_periodic w;
  (void)arg;
  periodic_named (loop, &w, "w", 0., -1., 0);
}

TEST (periodic_negative_interval_aborts)
{
  t_expect_abort (negative_interval, 0, "libev: ");
}

static void
verify_changed_at (void *arg)
{
  struct ev_loop *loop = stopped_loop ();
  ev_periodic w;
  (void)arg;
  periodic_named (loop, &w, "w", 0., 10., 0);
  ev_verify (loop);
  w.at += 1.;
  ev_verify (loop);
}

TEST (periodic_verify_notices_a_changed_due_time)
{
  t_expect_abort (verify_changed_at, 0, "libev: ");
}

/* ---- order ---- */

TEST (periodic_earliest_first)
{
  struct ev_loop *loop = stopped_loop ();
  ev_periodic a, b, c, d;
  add = 4.;
  periodic_named (loop, &d, "d", 0., 0., reschedule);
  periodic_named (loop, &b, "b", 2., 100., 0);
  periodic_named (loop, &a, "a", REAL + 1., 0., 0);
  periodic_named (loop, &c, "c", 3., 50., 0);
  step (loop, 10.);
  CHECK_TRACE ("a:200 b:200 c:200 d:200");
  ev_loop_destroy (loop);
}

static double last_due;

static void
in_order (EV_P_ ev_periodic *w, int revents)
{
  double due = *(double *)w->data;
  (void)loop;
  CHECK_EQ (revents, EV_PERIODIC);
  CHECK (due >= last_due);
  last_due = due;
  ++noted;
}

TEST (periodic_thousands_in_order)
{
  enum { MANY = 2000 };
  static ev_periodic w[MANY];
  static double due[MANY];
  struct ev_loop *loop = stopped_loop ();
  int i, left = MANY;
  srandom (99);
  for (i = 0; i < MANY; ++i)
    {
      due[i] = REAL + (double)(random () % 1000000) / 1024.;
      ev_periodic_init (&w[i], in_order, due[i], 0., 0);
      w[i].data = &due[i];
      ev_periodic_start (loop, &w[i]);
    }
  for (i = 0; i < MANY; i += 4, --left)
    ev_periodic_stop (loop, &w[i]);
  ev_verify (loop);
  while (noted < left)
    {
      step (loop, 50.);
      ev_verify (loop);
      CHECK (fake_mono < (int64_t)10000 * 1000000000);
    }
  CHECK_EQ (noted, left);
  CHECK_EQ (ev_run (loop, 0), 0);
  ev_loop_destroy (loop);
}

/* ---- the wall clock is set ---- */

TEST (periodic_forward_jump_recomputes_without_catching_up)
{
  struct ev_loop *loop = stopped_loop ();
  ev_periodic interval, manual, near, far;
  add = 20.;
  periodic_named (loop, &interval, "interval", 0., 10., 0);
  periodic_named (loop, &manual, "manual", 0., 0., reschedule);
  periodic_named (loop, &near, "near", REAL + 50., 0., 0);
  periodic_named (loop, &far, "far", REAL + 5000., 0., 0);
  fake_clock_jump (1005.);
  step (loop, 1.); /* long enough to look at the wall clock again */
  CHECK_TRACE ("near:200");
  CHECK_BETWEEN (ev_now (loop), REAL + 1006., REAL + 1006.);
  CHECK_AT (&interval, REAL + 1010.);
  CHECK_EQ (reschedules, 2);
  CHECK_AT (&manual, REAL + 1026.);
  CHECK_AT (&far, REAL + 5000.);
  step (loop, 4.5);
  CHECK_TRACE ("near:200 interval:200");
  ev_loop_destroy (loop);
}

TEST (periodic_backward_jump_recomputes)
{
  struct ev_loop *loop = stopped_loop ();
  ev_periodic interval, manual, absolute;
  add = 20.;
  periodic_named (loop, &interval, "interval", 0., 10., 0);
  periodic_named (loop, &manual, "manual", 0., 0., reschedule);
  periodic_named (loop, &absolute, "absolute", REAL + 50., 0., 0);
  fake_clock_jump (-1000.);
  step (loop, 1.);
  CHECK_TRACE ("");
  CHECK_AT (&interval, REAL - 990.);
  CHECK_AT (&manual, REAL - 979.);
  CHECK_AT (&absolute, REAL + 50.);
  step (loop, 100.);
  CHECK_EQ (noted, 2);
  CHECK (!strstr (t_traced (), "absolute"));
  CHECK (ev_is_active (&absolute));
  ev_loop_destroy (loop);
}

TEST (periodic_small_jump_is_no_jump)
{
  struct ev_loop *loop = stopped_loop ();
  ev_periodic manual;
  add = 20.;
  periodic_named (loop, &manual, "manual", 0., 0., reschedule);
  fake_clock_jump (.25);
  step (loop, 1.);
  CHECK_BETWEEN (ev_now (loop), REAL + 1.25, REAL + 1.25);
  CHECK_EQ (reschedules, 1);
  CHECK_AT (&manual, REAL + 20.);
  ev_loop_destroy (loop);
}

TEST (periodic_jump_of_one_second_is_a_jump)
{
  struct ev_loop *loop = stopped_loop ();
  ev_periodic manual;
  add = 20.;
  periodic_named (loop, &manual, "manual", 0., 0., reschedule);
  fake_clock_jump (-1.);
  step (loop, 1.);
  CHECK_EQ (reschedules, 2);
  fake_clock_jump (1.);
  step (loop, 1.);
  CHECK_EQ (reschedules, 3);
  ev_loop_destroy (loop);
}

TEST (periodic_jump_waits_for_the_next_look_at_the_wall_clock)
{
  struct ev_loop *loop = stopped_loop ();
  ev_periodic manual;
  int i;
  add = 20.;
  periodic_named (loop, &manual, "manual", 0., 0., reschedule);
  ev_run (loop, EVRUN_NOWAIT);
  fake_clock_jump (1000.);
  step (loop, .0625);
  CHECK_EQ (reschedules, 1); /* interpolated */
  CHECK_BETWEEN (ev_now (loop), REAL + .0625, REAL + .0625);
  for (i = 0; i < 8; ++i)
    step (loop, .0625);
  CHECK_EQ (reschedules, 2); /* half a second later at the latest */
  CHECK_BETWEEN (ev_now (loop), REAL + 1000.5, REAL + 1001.);
  ev_loop_destroy (loop);
}

TEST (periodic_jump_noticed_by_now_update)
{
  struct ev_loop *loop = stopped_loop ();
  ev_periodic interval;
  periodic_named (loop, &interval, "interval", 0., 10., 0);
  fake_clock_jump (1005.);
  fake_clock_step (1.);
  ev_now_update (loop);
  CHECK_AT (&interval, REAL + 1010.);
  CHECK_BETWEEN (ev_now (loop), REAL + 1006., REAL + 1006.);
  ev_loop_destroy (loop);
}

TEST (periodic_jump_noticed_in_real_time, .alone = 1)
{
  struct ev_loop *loop = t_loop (EVFLAG_NOTIMERFD);
  ev_periodic w;
  ev_timer tick;
  double start = t_clock ();
  periodic_named (loop, &w, "w", ev_time () + 3600., 0., 0);
  ev_timer_init (&tick, note_timer, .02, .02);
  tick.data = (void *)"";
  ev_timer_start (loop, &tick);
  ev_run (loop, EVRUN_ONCE);
  fake_clock_jump (4000.);
  while (ev_is_active (&w))
    ev_run (loop, EVRUN_ONCE);
  CHECK (t_clock () - start < 5.);
  ev_loop_destroy (loop);
}

/* ---- the timer descriptor ---- */

static int
open_timerfds (void)
{
  char link[64], what[64];
  struct dirent *entry;
  int n = 0;
  DIR *dir = opendir ("/proc/self/fd");
  CHECK (dir);
  while ((entry = readdir (dir)))
    {
      ssize_t length;
      snprintf (link, sizeof link, "/proc/self/fd/%.20s", entry->d_name);
      length = readlink (link, what, sizeof what - 1);
      if (length > 0)
        {
          what[length] = 0;
          n += strstr (what, "timerfd") != 0;
        }
    }
  closedir (dir);
  return n;
}

TEST (periodic_timerfd_made_by_the_first_start)
{
  struct ev_loop *loop = t_loop (0);
  ev_periodic a, b;
  CHECK_EQ (open_timerfds (), 0);
  periodic_named (loop, &a, "a", ev_time () + 3600., 0., 0);
  CHECK_EQ (open_timerfds (), 1);
  CHECK_EQ (timerfds, 1);
  periodic_named (loop, &b, "b", ev_time () + 3600., 0., 0);
  CHECK_EQ (timerfds, 1);
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 2); /* its own watcher doesn't count */
  ev_loop_destroy (loop);
  CHECK_EQ (open_timerfds (), 0);
}

TEST (periodic_notimerfd_makes_none)
{
  struct ev_loop *loop = t_loop (EVFLAG_NOTIMERFD);
  ev_periodic a;
  periodic_named (loop, &a, "a", ev_time () + 3600., 0., 0);
  CHECK_EQ (open_timerfds (), 0);
  CHECK_EQ (timerfds, 0);
  ev_loop_destroy (loop);
}

TEST (periodic_timerfd_not_made_for_timers)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer t;
  timer_named (loop, &t, "t", 0.01, 0.);
  ev_run (loop, 0);
  CHECK_EQ (timerfds, 0);
  ev_loop_destroy (loop);
}

TEST (periodic_works_without_timerfd)
{
  struct ev_loop *loop;
  ev_periodic interval;
  timerfd_missing = 1;
  fake_clock_stop (REAL, MONO);
  loop = t_loop (0);
  periodic_named (loop, &interval, "interval", 0., 10., 0);
  CHECK_EQ (timerfds, 1);
  step (loop, 10.5);
  CHECK_TRACE ("interval:200");
  fake_clock_jump (1000.);
  step (loop, 1.);
  CHECK_AT (&interval, REAL + 1020.);
  ev_loop_destroy (loop);
}

TEST (periodic_timerfd_event_recomputes_at_once)
{
  struct ev_loop *loop;
  ev_periodic interval, manual;
  uint64_t one = 1;
  int i;
  fake_clock_stop (REAL, MONO);
  loop = t_loop (0);
  add = 20.;
  periodic_named (loop, &interval, "interval", 0., 10., 0);
  periodic_named (loop, &manual, "manual", 0., 0., reschedule);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK (fake_timerfd >= 0);
  fake_clock_jump (1005.);
  CHECK_EQ (write (fake_timerfd, &one, sizeof one), sizeof one);
  /* no time passes: only the descriptor tells */
  for (i = 0; i < 4; ++i)
    ev_run (loop, EVRUN_NOWAIT);
  CHECK_TRACE ("");
  CHECK_BETWEEN (ev_now (loop), REAL + 1005., REAL + 1005.);
  CHECK_AT (&interval, REAL + 1010.);
  CHECK_AT (&manual, REAL + 1025.);
  CHECK (reschedules >= 2);
  ev_loop_destroy (loop);
}

/* ---- and the rest ---- */

TEST (periodic_keeps_the_loop_alive_until_it_fires)
{
  struct ev_loop *loop = t_loop (0);
  ev_periodic w;
  double start = ev_time ();
  periodic_named (loop, &w, "w", start + .05, 0., 0);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("w:200");
  CHECK (ev_time () >= start + .05);
  ev_loop_destroy (loop);
}

static ev_periodic *other;

static void
stop_other (EV_P_ ev_periodic *w, int revents)
{
  note_any ((ev_watcher *)w, revents);
  ev_periodic_stop (loop, other);
  ev_periodic_stop (loop, w);
}

TEST (periodic_stopped_by_another_ones_callback)
{
  struct ev_loop *loop = stopped_loop ();
  ev_periodic a, b, c;
  NAMED (&a, stop_other, "a");
  ev_periodic_set (&a, 1., 10., 0);
  ev_periodic_start (loop, &a);
  periodic_named (loop, &b, "b", 2., 10., 0);
  periodic_named (loop, &c, "c", 3., 10., 0);
  other = &b;
  step (loop, 5.);
  CHECK_TRACE ("a:200 c:200");
  CHECK (!ev_is_active (&a) && !ev_is_active (&b) && ev_is_active (&c));
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 1);
  ev_loop_destroy (loop);
}

static void
a_quarter_passes (EV_P_ ev_check *w, int revents)
{
  fake_clock_step (.25);
}

/* Timers that are started after it count from the wait, as without it. */
TEST (periodic_timerfd_event_leaves_the_time_of_timers)
{
  struct ev_loop *loop;
  ev_periodic interval;
  ev_timer timer;
  ev_check check;
  uint64_t one = 1;
  fake_clock_stop (REAL, MONO);
  loop = t_loop (0);
  periodic_named (loop, &interval, "interval", 0., 10., 0);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK (fake_timerfd >= 0);
  ev_check_init (&check, a_quarter_passes);
  ev_check_start (loop, &check);
  CHECK_EQ (write (fake_timerfd, &one, sizeof one), sizeof one);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_BETWEEN (ev_now (loop), REAL + .25, REAL + .25); /* the wall clock was read again */
  ev_timer_init (&timer, note_timer, 1., 0.);
  ev_timer_start (loop, &timer);
  ev_check_stop (loop, &check);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_BETWEEN (ev_timer_remaining (loop, &timer), .75, .75);
  ev_loop_destroy (loop);
}
