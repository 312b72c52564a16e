/* Callbacks that stop, free, restart and start other watchers of the same batch. */
#include "drive.h"

/* ---- stopping ---- */

enum { CROWD = 12 };
static ev_io *crowd[CROWD];

static void
free_all_others (EV_P_ ev_io *w, int revents)
{
  int i;
  note_any ((ev_watcher *)w, revents);
  for (i = 0; i < CROWD; ++i)
    if (crowd[i])
      {
        ev_io_stop (loop, crowd[i]);
        memset (crowd[i], 0xa5, sizeof *crowd[i]);
        free (crowd[i]);
        crowd[i] = 0;
      }
}

static struct ev_loop *
crowd_loop (int own_descriptors)
{
  struct ev_loop *loop = t_loop (0);
  int i, p[2];
  for (i = 0; i < CROWD; ++i)
    {
      if (!i || own_descriptors)
        {
          t_pipe (p);
          t_write (p[1], "x");
        }
      crowd[i] = malloc (sizeof *crowd[i]);
      NAMED (crowd[i], free_all_others, "w");
      ev_io_set (crowd[i], p[0], EV_READ);
      ev_io_start (loop, crowd[i]);
    }
  return loop;
}

TEST (reent_first_of_one_descriptor_frees_all)
{
  struct ev_loop *loop = crowd_loop (0);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("w:1");
  ev_verify (loop);
  ev_loop_destroy (loop);
}

TEST (reent_first_of_many_descriptors_frees_all)
{
  struct ev_loop *loop = crowd_loop (1);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("w:1");
  ev_verify (loop);
  ev_loop_destroy (loop);
}

static ev_timer timers[CROWD];

static void
stop_next_timer (EV_P_ ev_timer *w, int revents)
{
  note_any ((ev_watcher *)w, revents);
  if (w + 1 < timers + CROWD)
    {
      ev_timer_stop (loop, w + 1);
      memset (w + 1, 0xa5, sizeof *w);
    }
}

TEST (reent_each_timer_stops_the_next)
{
  struct ev_loop *loop = t_loop (0);
  int i;
  for (i = 0; i < CROWD; ++i)
    {
      NAMED (&timers[i], stop_next_timer, "t");
      ev_timer_set (&timers[i], -100. + i, i % 3 ? 0. : 1000.);
      ev_timer_start (loop, &timers[i]);
    }
  drive (loop, 1);
  CHECK_EQ (noted, CROWD / 2);
  ev_verify (loop);
  ev_loop_destroy (loop);
}

/* ---- stopping across types ---- */

static ev_io mixed_io;
static ev_timer mixed_timer;
static ev_idle mixed_idle;
static ev_async mixed_async;
static ev_signal mixed_signal;
static ev_prepare mixed_prepare;

static void
stop_mixed (EV_P_ ev_check *w, int revents)
{
  note_any ((ev_watcher *)w, revents);
  ev_io_stop (loop, &mixed_io);
  ev_timer_stop (loop, &mixed_timer);
  ev_idle_stop (loop, &mixed_idle);
  ev_async_stop (loop, &mixed_async);
  ev_signal_stop (loop, &mixed_signal);
  ev_prepare_stop (loop, &mixed_prepare);
  ev_check_stop (loop, w);
}

TEST (reent_check_stops_all_types)
{
  struct ev_loop *loop = t_loop (0);
  ev_check c;
  int p[2];
  t_pipe (p);
  t_write (p[1], "x");
  NAMED (&c, stop_mixed, "check");
  ev_set_priority (&c, 2);
  ev_check_start (loop, &c);
  io_named (loop, &mixed_io, "io", p[0], EV_READ);
  timer_named (loop, &mixed_timer, "timer", -1., 5.);
  NAMED (&mixed_idle, note_idle, "idle");
  ev_set_priority (&mixed_idle, 1);
  ev_idle_start (loop, &mixed_idle);
  NAMED (&mixed_async, note_async, "async");
  ev_async_start (loop, &mixed_async);
  NAMED (&mixed_signal, note_signal, "signal");
  ev_signal_set (&mixed_signal, SIGUSR1);
  ev_signal_start (loop, &mixed_signal);
  NAMED (&mixed_prepare, note_prepare, "prepare");
  ev_prepare_start (loop, &mixed_prepare);
  raise (SIGUSR1);
  ev_async_send (loop, &mixed_async);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("prepare:4000 check:8000");
  ev_loop_destroy (loop);
}

/* ---- restarting ---- */

static ev_timer *restarted;

static void
restart (EV_P_ ev_timer *w, int revents)
{
  note_any ((ev_watcher *)w, revents);
  ev_timer_stop (loop, restarted);
  ev_timer_set (restarted, -1., 0.);
  ev_timer_start (loop, restarted);
}

TEST (reent_pending_timer_restarted_fires_in_the_next_iteration)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer a, b;
  NAMED (&a, restart, "a");
  ev_timer_set (&a, -3., 0.);
  ev_timer_start (loop, &a);
  timer_named (loop, &b, "b", -2., 0.);
  restarted = &b;
  drive (loop, 1);
  CHECK_TRACE ("a:100");
  drive (loop, 1);
  CHECK_TRACE ("a:100 b:100");
  CHECK_EQ (ev_run (loop, 0), 0);
  ev_loop_destroy (loop);
}

static ev_io *restarted_io;

static void
restart_io (EV_P_ ev_io *w, int revents)
{
  note_any ((ev_watcher *)w, revents);
  ev_io_stop (loop, restarted_io);
  ev_io_start (loop, restarted_io);
}

TEST (reent_pending_io_restarted_is_asked_anew)
{
  struct ev_loop *loop = t_loop (0);
  ev_io a, b;
  int p[2];
  t_pipe (p);
  t_write (p[1], "x");
  NAMED (&a, restart_io, "a");
  ev_io_set (&a, p[0], EV_READ);
  ev_io_start (loop, &a);
  io_named (loop, &b, "b", p[0], EV_READ);
  restarted_io = &b;
  drive (loop, 1);
  CHECK_TRACE ("a:1");
  ev_set_cb (&a, note_io);
  drive (loop, 1);
  CHECK_TRACE ("a:1 a:1 b:1");
  ev_loop_destroy (loop);
}

/* Stopped and restarted for another descriptor while its event for the old one is pending. */
static int other_fd;

static void
move_io (EV_P_ ev_io *w, int revents)
{
  note_any ((ev_watcher *)w, revents);
  ev_io_stop (loop, restarted_io);
  ev_io_set (restarted_io, other_fd, EV_READ);
  ev_io_start (loop, restarted_io);
}

TEST (reent_pending_io_moved_to_a_quiet_descriptor)
{
  struct ev_loop *loop = t_loop (0);
  ev_io a, b;
  int p[2], q[2];
  t_pipe (p);
  t_pipe (q);
  t_write (p[1], "x");
  other_fd = q[0];
  NAMED (&a, move_io, "a");
  ev_io_set (&a, p[0], EV_READ);
  ev_io_start (loop, &a);
  io_named (loop, &b, "b", p[0], EV_READ);
  restarted_io = &b;
  drive (loop, 1);
  CHECK_TRACE ("a:1");
  ev_io_stop (loop, &a);
  drive (loop, 2);
  CHECK_TRACE ("a:1");
  t_write (q[1], "x");
  drive_until (loop, &noted, 2);
  CHECK_TRACE ("a:1 b:1");
  ev_loop_destroy (loop);
}

/* ---- descriptors that change hands within a batch ---- */

static int ready[2], quiet[2];
static ev_io ready_io;

static void
swap_files (EV_P_ ev_timer *w, int revents)
{
  note_any ((ev_watcher *)w, revents);
  /* the pending watcher's descriptor becomes another file */
  ev_io_stop (loop, &ready_io);
  CHECK_EQ (dup2 (quiet[0], ready[0]), ready[0]);
  ev_io_set (&ready_io, ready[0], EV_READ);
  ev_io_start (loop, &ready_io);
}

TEST (reent_descriptor_reopened_while_its_event_is_pending)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer t;
  t_pipe (ready);
  t_pipe (quiet);
  t_write (ready[1], "x");
  io_named (loop, &ready_io, "io", ready[0], EV_READ);
  NAMED (&t, swap_files, "timer");
  ev_timer_set (&t, -1., 0.);
  ev_timer_start (loop, &t);
  drive (loop, 3);
  CHECK_TRACE ("timer:100");
  t_write (quiet[1], "x");
  drive_until (loop, &noted, 2);
  CHECK_TRACE ("timer:100 io:1");
  ev_loop_destroy (loop);
}

/* ---- memory ---- */

static ev_io growing[2000];
static int growing_pipe[2];

static void
start_thousands (EV_P_ ev_io *w, int revents)
{
  int i;
  note_any ((ev_watcher *)w, revents);
  ev_io_stop (loop, w);
  for (i = 0; i < 2000; ++i)
    {
      ev_io_init (&growing[i], note_io, growing_pipe[0], EV_READ);
      growing[i].data = (void *)"g";
      ev_io_start (loop, &growing[i]);
      ev_feed_event (loop, &growing[i], EV_READ);
    }
}

/* The tables grow under the very call that goes through them. */
TEST (reent_thousands_started_and_fed_in_a_callback)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w;
  t_pipe (growing_pipe);
  t_write (growing_pipe[1], "x");
  NAMED (&w, start_thousands, "first");
  ev_io_set (&w, growing_pipe[0], EV_READ);
  ev_io_start (loop, &w);
  drive (loop, 1);
  CHECK_EQ (noted, 2001);
  ev_verify (loop);
  drive (loop, 1);
  CHECK_EQ (noted, 4001);
  ev_loop_destroy (loop);
}

static void
start_a_high_descriptor (EV_P_ ev_io *w, int revents)
{
  static ev_io high;
  int fd = dup2 (w->fd, 900);
  CHECK_EQ (fd, 900);
  note_any ((ev_watcher *)w, revents);
  ev_io_stop (loop, w);
  io_named (loop, &high, "high", fd, EV_READ);
}

TEST (reent_descriptor_table_grows_in_a_callback)
{
  struct ev_loop *loop = t_loop (0);
  ev_io a, b;
  int p[2];
  t_pipe (p);
  t_write (p[1], "x");
  NAMED (&a, start_a_high_descriptor, "a");
  ev_io_set (&a, p[0], EV_READ);
  ev_io_start (loop, &a);
  io_named (loop, &b, "b", p[0], EV_READ);
  drive (loop, 1);
  CHECK_TRACE ("a:1 b:1");
  ev_io_stop (loop, &b);
  drive_until (loop, &noted, 3);
  CHECK_TRACE ("a:1 b:1 high:1");
  ev_loop_destroy (loop);
}

static union ev_any_watcher reused;

static void
reuse_as_timer (EV_P_ ev_io *w, int revents)
{
  CHECK ((void *)w == (void *)&reused);
  note_any ((ev_watcher *)w, revents);
  ev_io_stop (loop, w);
  timer_named (loop, &reused.timer, "timer", -1., 0.);
}

/* One piece of memory is an io watcher, then in its own callback a timer. */
TEST (reent_memory_reused_for_another_type)
{
  struct ev_loop *loop = t_loop (0);
  int p[2];
  t_pipe (p);
  t_write (p[1], "x");
  NAMED (&reused.io, reuse_as_timer, "io");
  ev_io_set (&reused.io, p[0], EV_READ);
  ev_io_start (loop, &reused.io);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("io:1 timer:100");
  ev_loop_destroy (loop);
}

/* A stopped watcher may be copied, and the copy started. */
TEST (reent_copies_of_stopped_watchers)
{
  struct ev_loop *loop = t_loop (0);
  ev_io a, b;
  ev_timer t, u;
  int p[2];
  t_pipe (p);
  t_write (p[1], "x");
  io_named (loop, &a, "copied", p[0], EV_READ);
  drive_until (loop, &noted, 1);
  ev_io_stop (loop, &a);
  b = a;
  memset (&a, 0xa5, sizeof a);
  ev_io_start (loop, &b);
  drive_until (loop, &noted, 2);
  ev_io_stop (loop, &b);
  timer_named (loop, &t, "timer", 1000., 1.);
  ev_timer_stop (loop, &t);
  u = t;
  memset (&t, 0xa5, sizeof t);
  u.at = -1.;
  ev_timer_start (loop, &u);
  drive (loop, 1);
  CHECK_TRACE ("copied:1 copied:1 timer:100");
  ev_loop_destroy (loop);
}
