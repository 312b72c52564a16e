/* Cleanup watchers: called when their loop is destroyed. */
#include "drive.h"

static void
cleanup_named (struct ev_loop *loop, ev_cleanup *w, const char *name)
{
  NAMED (w, note_cleanup, name);
  ev_cleanup_start (loop, w);
}

TEST (cleanup_called_by_destroy)
{
  struct ev_loop *loop = t_loop (0);
  ev_cleanup w;
  cleanup_named (loop, &w, "w");
  drive (loop, 3);
  CHECK_TRACE ("");
  ev_loop_destroy (loop);
  CHECK_TRACE ("w:40000");
}

TEST (cleanup_does_not_keep_the_loop_alive)
{
  struct ev_loop *loop = t_loop (0);
  ev_cleanup a, b;
  ev_timer t;
  cleanup_named (loop, &a, "a");
  cleanup_named (loop, &b, "b");
  CHECK (ev_is_active (&a));
  CHECK_EQ (ev_run (loop, 0), 0);
  timer_named (loop, &t, "t", 100., 0.);
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 1);
  ev_cleanup_stop (loop, &a);
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 1);
  ev_cleanup_start (loop, &a);
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 1);
  ev_timer_stop (loop, &t);
  CHECK_EQ (ev_run (loop, 0), 0);
  ev_loop_destroy (loop);
}

TEST (cleanup_order_and_the_hole)
{
  struct ev_loop *loop = t_loop (0);
  static const char *names[] = { "a", "b", "c", "d", "e" };
  ev_cleanup w[5];
  int i;
  for (i = 0; i < 5; ++i)
    cleanup_named (loop, &w[i], names[i]);
  ev_cleanup_stop (loop, &w[1]); /* e moves there */
  ev_verify (loop);
  ev_loop_destroy (loop);
  CHECK_TRACE ("d:40000 c:40000 e:40000 a:40000");
}

TEST (cleanup_priorities)
{
  struct ev_loop *loop = t_loop (0);
  ev_cleanup low, middle, high;
  NAMED (&low, note_cleanup, "low");
  ev_set_priority (&low, -2);
  ev_cleanup_start (loop, &low);
  NAMED (&high, note_cleanup, "high");
  ev_set_priority (&high, 2);
  ev_cleanup_start (loop, &high);
  cleanup_named (loop, &middle, "middle");
  ev_loop_destroy (loop);
  CHECK_TRACE ("high:40000 middle:40000 low:40000");
}

TEST (cleanup_invokes_what_else_is_pending)
{
  struct ev_loop *loop = t_loop (0);
  ev_cleanup w;
  ev_timer t, u;
  cleanup_named (loop, &w, "cleanup");
  NAMED (&t, note_timer, "timer");
  NAMED (&u, note_timer, "low");
  ev_set_priority (&u, -1);
  ev_feed_event (loop, &t, EV_TIMER);
  ev_feed_event (loop, &u, EV_TIMER);
  ev_loop_destroy (loop);
  CHECK_TRACE ("cleanup:40000 timer:100 low:100");
}

TEST (cleanup_without_any_nothing_pending_is_called)
{
  struct ev_loop *loop = t_loop (0);
  ev_cleanup w;
  ev_timer t;
  cleanup_named (loop, &w, "cleanup");
  ev_cleanup_stop (loop, &w);
  NAMED (&t, note_timer, "timer");
  ev_feed_event (loop, &t, EV_TIMER);
  ev_loop_destroy (loop);
  CHECK_TRACE ("");
  CHECK (t.pending); /* left as it was */
}

TEST (cleanup_leaves_the_fields)
{
  struct ev_loop *loop = t_loop (0);
  ev_cleanup w;
  ev_timer t;
  cleanup_named (loop, &w, "w");
  timer_named (loop, &t, "t", 100., 0.);
  ev_loop_destroy (loop);
  CHECK (ev_is_active (&w));
  CHECK (ev_is_active (&t));
  CHECK (!ev_is_pending (&w));
}

static ev_timer inside;

static void
run_inside (EV_P_ ev_cleanup *w, int revents)
{
  note_any ((ev_watcher *)w, revents);
  CHECK_EQ (ev_depth (loop), 0);
  ev_cleanup_stop (loop, w);
  timer_named (loop, &inside, "inside", .01, 0.);
  CHECK_EQ (ev_run (loop, 0), 0);
  t_trace ("done");
}

TEST (cleanup_runs_the_loop_once_more)
{
  struct ev_loop *loop = t_loop (0);
  ev_cleanup w;
  NAMED (&w, run_inside, "w");
  ev_cleanup_start (loop, &w);
  ev_loop_destroy (loop);
  CHECK_TRACE ("w:40000 inside:100 done");
}

static ev_io watched;

static void
stop_watcher (EV_P_ ev_cleanup *w, int revents)
{
  note_any ((ev_watcher *)w, revents);
  ev_io_stop (loop, &watched);
  close (watched.fd);
}

TEST (cleanup_stops_and_closes)
{
  int before = t_open_fds ();
  struct ev_loop *loop = t_loop (0);
  ev_cleanup w;
  int p[2];
  t_pipe (p);
  io_named (loop, &watched, "io", p[0], EV_READ);
  drive (loop, 1);
  NAMED (&w, stop_watcher, "w");
  ev_cleanup_start (loop, &w);
  ev_loop_destroy (loop);
  CHECK_TRACE ("w:40000");
  CHECK (!ev_is_active (&watched));
  CHECK_EQ (t_open_fds (), before + 1);
}

static struct ev_loop *in_callback;

static void
look_default (EV_P_ ev_cleanup *w, int revents)
{
  note_any ((ev_watcher *)w, revents);
  in_callback = ev_default_loop (0);
  CHECK (ev_is_default_loop (loop));
}

TEST (cleanup_of_the_default_loop)
{
  struct ev_loop *loop = t_default_loop (0);
  ev_cleanup w;
  NAMED (&w, look_default, "w");
  ev_cleanup_start (loop, &w);
  ev_loop_destroy (loop);
  CHECK_TRACE ("w:40000");
  CHECK (in_callback == loop); /* still the default loop while its cleanup runs */
  CHECK (!ev_default_loop_uc_ ());
  /* a new one starts without */
  loop = t_default_loop (0);
  ev_loop_destroy (loop);
  CHECK_TRACE ("w:40000");
}

static void
free_self (EV_P_ ev_cleanup *w, int revents)
{
  note_any ((ev_watcher *)w, revents);
  ev_cleanup_stop (loop, w);
  memset (w, 0xa5, sizeof *w);
  free (w);
}

TEST (cleanup_frees_itself)
{
  struct ev_loop *loop = t_loop (0);
  int i;
  for (i = 0; i < 10; ++i)
    {
      ev_cleanup *w = malloc (sizeof *w);
      NAMED (w, free_self, "w");
      ev_cleanup_start (loop, w);
    }
  ev_loop_destroy (loop);
  CHECK_EQ (noted, 10);
}

TEST (cleanup_start_of_active_and_stop_of_inactive)
{
  struct ev_loop *loop = t_loop (0);
  ev_cleanup w;
  cleanup_named (loop, &w, "w");
  ev_cleanup_start (loop, &w);
  ev_cleanup_stop (loop, &w);
  ev_cleanup_stop (loop, &w);
  CHECK (!ev_is_active (&w));
  CHECK_EQ (ev_run (loop, 0), 0);
  ev_cleanup_start (loop, &w);
  ev_loop_destroy (loop);
  CHECK_TRACE ("w:40000");
}

static int invokes;

static void
count_invokes (EV_P)
{
  ++invokes;
  ev_invoke_pending (loop);
}

TEST (cleanup_uses_the_invoke_pending_callback)
{
  struct ev_loop *loop = t_loop (0);
  ev_cleanup w;
  cleanup_named (loop, &w, "w");
  ev_set_invoke_pending_cb (loop, count_invokes);
  ev_loop_destroy (loop);
  CHECK_EQ (invokes, 1);
  CHECK_TRACE ("w:40000");
}
