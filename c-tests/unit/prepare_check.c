/* Prepare and check watchers, and the order of everything that one iteration calls. */
#include "drive.h"
#include "fake_clock.h"

#define REAL 1500000000.

static void
prepare_named (struct ev_loop *loop, ev_prepare *w, const char *name)
{
  NAMED (w, note_prepare, name);
  ev_prepare_start (loop, w);
}

static void
check_named (struct ev_loop *loop, ev_check *w, const char *name)
{
  NAMED (w, note_check, name);
  ev_check_start (loop, w);
}

TEST (prepare_check_bracket_the_wait)
{
  struct ev_loop *loop = t_loop (0);
  ev_prepare p;
  ev_check c;
  ev_io io;
  int fd[2];
  t_pipe (fd);
  t_write (fd[1], "x");
  prepare_named (loop, &p, "prepare");
  check_named (loop, &c, "check");
  io_named (loop, &io, "io", fd[0], EV_READ);
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 3);
  CHECK_TRACE ("prepare:4000 check:8000 io:1");
  drive (loop, 1);
  CHECK_TRACE ("prepare:4000 check:8000 io:1 prepare:4000 check:8000 io:1");
  ev_loop_destroy (loop);
}

TEST (prepare_check_called_in_reverse_order_of_start)
{
  struct ev_loop *loop = t_loop (0);
  static const char *names[] = { "a", "b", "c", "d" };
  ev_prepare p[4];
  ev_check c[4];
  int i;
  for (i = 0; i < 4; ++i)
    {
      prepare_named (loop, &p[i], names[i]);
      check_named (loop, &c[i], names[i]);
    }
  drive (loop, 1);
  CHECK_TRACE ("d:4000 c:4000 b:4000 a:4000 d:8000 c:8000 b:8000 a:8000");
  /* the last element moves into the hole */
  t_trace_reset ();
  ev_prepare_stop (loop, &p[0]);
  ev_check_stop (loop, &c[2]);
  drive (loop, 1);
  CHECK_TRACE ("c:4000 b:4000 d:4000 d:8000 b:8000 a:8000");
  ev_verify (loop);
  ev_loop_destroy (loop);
}

TEST (prepare_check_priorities)
{
  struct ev_loop *loop = t_loop (0);
  ev_check low, high;
  ev_prepare plow, phigh;
  ev_io io;
  int fd[2];
  t_pipe (fd);
  t_write (fd[1], "x");
  NAMED (&plow, note_prepare, "plow");
  ev_set_priority (&plow, -1);
  ev_prepare_start (loop, &plow);
  NAMED (&phigh, note_prepare, "phigh");
  ev_set_priority (&phigh, 1);
  ev_prepare_start (loop, &phigh);
  NAMED (&low, note_check, "low");
  ev_set_priority (&low, -1);
  ev_check_start (loop, &low);
  NAMED (&high, note_check, "high");
  ev_set_priority (&high, 1);
  ev_check_start (loop, &high);
  io_named (loop, &io, "io", fd[0], EV_READ);
  drive (loop, 1);
  CHECK_TRACE ("phigh:4000 plow:4000 high:8000 io:1 low:8000");
  ev_loop_destroy (loop);
}

static ev_io started_io;
static ev_timer started_timer;
static int started_fd;

static void
start_things (EV_P_ ev_prepare *w, int revents)
{
  note_any ((ev_watcher *)w, revents);
  if (ev_is_active (&started_io))
    return;
  io_named (loop, &started_io, "io", started_fd, EV_READ);
  timer_named (loop, &started_timer, "timer", -1., 0.);
}

TEST (prepare_starts_watchers_for_this_iteration)
{
  struct ev_loop *loop = t_loop (0);
  ev_prepare p;
  int fd[2];
  t_pipe (fd);
  t_write (fd[1], "x");
  started_fd = fd[0];
  NAMED (&p, start_things, "prepare");
  ev_prepare_start (loop, &p);
  drive (loop, 1);
  CHECK_TRACE ("prepare:4000 timer:100 io:1");
  ev_loop_destroy (loop);
}

static void
stop_io (EV_P_ ev_prepare *w, int revents)
{
  note_any ((ev_watcher *)w, revents);
  ev_io_stop (loop, &started_io);
}

TEST (prepare_stops_watchers_for_this_iteration)
{
  struct ev_loop *loop = t_loop (0);
  ev_prepare p;
  int fd[2];
  t_pipe (fd);
  t_write (fd[1], "x");
  io_named (loop, &started_io, "io", fd[0], EV_READ);
  drive (loop, 1);
  NAMED (&p, stop_io, "prepare");
  ev_prepare_start (loop, &p);
  drive (loop, 2);
  CHECK_TRACE ("io:1 prepare:4000 prepare:4000");
  ev_loop_destroy (loop);
}

static double seen;

static void
look (EV_P_ ev_prepare *w, int revents)
{
  seen = ev_now (loop);
  note_any ((ev_watcher *)w, revents);
}

TEST (prepare_sees_the_time_of_the_last_poll)
{
  struct ev_loop *loop;
  ev_prepare p;
  fake_clock_stop (REAL, 1000.);
  loop = t_loop (0);
  NAMED (&p, look, "p");
  ev_prepare_start (loop, &p);
  drive (loop, 1);
  CHECK_BETWEEN (seen, REAL, REAL);
  fake_clock_step (2.);
  drive (loop, 1);
  CHECK_BETWEEN (seen, REAL, REAL);
  CHECK_BETWEEN (ev_now (loop), REAL + 2., REAL + 2.);
  fake_clock_step (1.);
  drive (loop, 1);
  CHECK_BETWEEN (seen, REAL + 2., REAL + 2.);
  ev_loop_destroy (loop);
}

static ev_prepare late_prepare;
static ev_check late_check;

static void
start_late_prepare (EV_P_ ev_prepare *w, int revents)
{
  note_any ((ev_watcher *)w, revents);
  ev_prepare_start (loop, &late_prepare);
}

static void
start_late_check (EV_P_ ev_check *w, int revents)
{
  note_any ((ev_watcher *)w, revents);
  ev_check_start (loop, &late_check);
}

TEST (prepare_check_started_inside_wait_for_the_next_iteration)
{
  struct ev_loop *loop = t_loop (0);
  ev_prepare p;
  ev_check c;
  NAMED (&late_prepare, note_prepare, "late");
  NAMED (&late_check, note_check, "late");
  NAMED (&p, start_late_prepare, "p");
  ev_prepare_start (loop, &p);
  NAMED (&c, start_late_check, "c");
  ev_check_start (loop, &c);
  drive (loop, 1);
  CHECK_TRACE ("p:4000 c:8000");
  t_trace_reset ();
  drive (loop, 1);
  CHECK_TRACE ("late:4000 p:4000 late:8000 c:8000");
  ev_loop_destroy (loop);
}

static ev_check three[3];

static void
stop_all (EV_P_ ev_check *w, int revents)
{
  int i;
  note_any ((ev_watcher *)w, revents);
  for (i = 0; i < 3; ++i)
    ev_check_stop (loop, &three[i]);
}

TEST (check_stopped_by_another_ones_callback)
{
  struct ev_loop *loop = t_loop (0);
  int i;
  for (i = 0; i < 3; ++i)
    {
      NAMED (&three[i], stop_all, "c");
      ev_check_start (loop, &three[i]);
    }
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 0);
  CHECK_TRACE ("c:8000");
  ev_loop_destroy (loop);
}

TEST (prepare_check_start_of_active_and_stop_of_inactive)
{
  struct ev_loop *loop = t_loop (0);
  ev_prepare p;
  ev_check c;
  prepare_named (loop, &p, "p");
  check_named (loop, &c, "c");
  ev_prepare_start (loop, &p);
  ev_check_start (loop, &c);
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 2);
  CHECK_TRACE ("p:4000 c:8000");
  ev_prepare_stop (loop, &p);
  ev_check_stop (loop, &c);
  ev_prepare_stop (loop, &p);
  ev_check_stop (loop, &c);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("p:4000 c:8000");
  ev_feed_event (loop, &p, EV_PREPARE);
  ev_feed_event (loop, &c, EV_CHECK);
  ev_prepare_stop (loop, &p);
  ev_check_stop (loop, &c);
  CHECK (!ev_is_pending (&p) && !ev_is_pending (&c));
  ev_invoke_pending (loop);
  CHECK_TRACE ("p:4000 c:8000");
  ev_loop_destroy (loop);
}

TEST (prepare_check_keep_the_loop_alive)
{
  struct ev_loop *loop = t_loop (0);
  ev_prepare p;
  ev_check c;
  ev_timer t;
  prepare_named (loop, &p, "p");
  check_named (loop, &c, "c");
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 2);
  ev_unref (loop);
  ev_unref (loop);
  timer_named (loop, &t, "t", .01, 0.);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK (strstr (t_traced (), "t:100"));
  ev_ref (loop);
  ev_ref (loop);
  ev_loop_destroy (loop);
}

/* ---- the whole order ---- */

static ev_io order_io[2];
static ev_timer order_timer[2];
static ev_periodic order_periodic[2];
static ev_check order_check;
static ev_async order_async;
static ev_idle order_idle;

/* Everything at one priority and ready at once. */
static struct ev_loop *
everything (int priority)
{
  static const char *io_names[] = { "io0", "io1" }, *timer_names[] = { "timer0", "timer1" }, *periodic_names[] = { "periodic0", "periodic1" };
  struct ev_loop *loop;
  int i, p[2][2];
  fake_clock_stop (REAL, 1000.);
  loop = t_loop (EVFLAG_NOTIMERFD);
  NAMED (&order_check, note_check, "check");
  ev_set_priority (&order_check, priority);
  ev_check_start (loop, &order_check);
  NAMED (&order_idle, note_idle, "idle");
  ev_set_priority (&order_idle, priority);
  ev_idle_start (loop, &order_idle);
  NAMED (&order_async, note_async, "async");
  ev_set_priority (&order_async, priority);
  ev_async_start (loop, &order_async);
  for (i = 0; i < 2; ++i)
    {
      t_pipe (p[i]);
      NAMED (&order_io[i], note_io, io_names[i]);
      ev_io_set (&order_io[i], p[i][0], EV_READ);
      ev_set_priority (&order_io[i], priority);
      ev_io_start (loop, &order_io[i]);
      NAMED (&order_timer[i], note_timer, timer_names[i]);
      ev_timer_set (&order_timer[i], 1. + i, 0.);
      ev_set_priority (&order_timer[i], priority);
      ev_timer_start (loop, &order_timer[i]);
      NAMED (&order_periodic[i], note_periodic, periodic_names[i]);
      ev_periodic_set (&order_periodic[i], REAL + 1. + i, 0., 0);
      ev_set_priority (&order_periodic[i], priority);
      ev_periodic_start (loop, &order_periodic[i]);
    }
  drive (loop, 2);
  t_trace_reset ();
  t_write (p[0][1], "x");
  fake_clock_step (10.);
  ev_async_send (loop, &order_async);
  return loop;
}

/* At the wake-up watcher's own priority all stand in one queue, and the async takes the wake-up's place. */
TEST (order_of_one_iteration_at_the_highest_priority, .backends = T_SELECT | T_POLL | T_EPOLL)
{
  static const char first[] = "check:8000 periodic0:200 periodic1:200 timer0:100 timer1:100 ";
  struct ev_loop *loop = everything (EV_MAXPRI);
  drive (loop, 1);
  CHECK (!strncmp (t_traced (), first, strlen (first)));
  /* the wake-up's descriptor and io0 come in the back-end's order */
  CHECK (strstr (t_traced (), "async:80000") && strstr (t_traced (), "io0:1"));
  CHECK (!strstr (t_traced (), "idle"));
  ev_loop_destroy (loop);
}

/* Below it the wake-up comes first and feeds on top of the queue. */
TEST (order_of_one_iteration_at_an_ordinary_priority)
{
  struct ev_loop *loop = everything (0);
  drive (loop, 1);
  CHECK_TRACE ("async:80000 check:8000 periodic0:200 periodic1:200 timer0:100 timer1:100 io0:1");
  ev_io_stop (loop, &order_io[0]);
  t_trace_reset ();
  drive (loop, 1);
  CHECK_TRACE ("check:8000 idle:2000"); /* nothing else is pending */
  ev_loop_destroy (loop);
}

static ev_timer fed_low, fed_same, fed_high;

static void
feed_three (EV_P_ ev_timer *w, int revents)
{
  note_any ((ev_watcher *)w, revents);
  ev_feed_event (loop, &fed_low, EV_CUSTOM);
  ev_feed_event (loop, &fed_same, EV_CUSTOM);
  ev_feed_event (loop, &fed_high, EV_CUSTOM);
}

TEST (order_of_what_a_callback_feeds)
{
  struct ev_loop *loop;
  ev_timer first, second;
  fake_clock_stop (REAL, 1000.);
  loop = t_loop (0);
  NAMED (&fed_low, note_timer, "low");
  ev_set_priority (&fed_low, -1);
  NAMED (&fed_same, note_timer, "same");
  NAMED (&fed_high, note_timer, "high");
  ev_set_priority (&fed_high, 1);
  NAMED (&first, feed_three, "first");
  ev_timer_set (&first, -2., 0.);
  ev_timer_start (loop, &first);
  timer_named (loop, &second, "second", -1., 0.);
  drive (loop, 1);
  CHECK_TRACE ("first:100 high:1000000 same:1000000 second:100 low:1000000");
  ev_loop_destroy (loop);
}
