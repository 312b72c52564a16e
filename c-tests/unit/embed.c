/* Embedding an epoll loop (or one of another back-end, where a file that includes this one says so) in a loop of the back-end
 * under test.
 */
#include "drive.h"

#ifndef EMBEDDED
# define EMBEDDED EVBACKEND_EPOLL
#endif

static struct ev_loop *
inner_loop (void)
{
  struct ev_loop *inner = ev_loop_new (EMBEDDED | EVFLAG_NOENV);
  CHECK (inner);
  CHECK_EQ (ev_backend (inner), EMBEDDED);
  CHECK (ev_embeddable_backends () & EMBEDDED);
  return inner;
}

static void
sweeping (EV_P_ ev_embed *w, int revents)
{
  note_any ((ev_watcher *)w, revents);
  ev_embed_sweep (loop, w);
}

TEST (embed_without_callback_sweeps_by_itself)
{
  struct ev_loop *loop = t_loop (0), *inner = inner_loop ();
  ev_embed e;
  ev_io io;
  int p[2];
  t_pipe (p);
  io_named (inner, &io, "inner", p[0], EV_READ);
  ev_embed_init (&e, 0, inner);
  CHECK (e.other == inner);
  ev_embed_start (loop, &e);
  drive (loop, 2);
  CHECK_TRACE ("");
  t_write (p[1], "x");
  drive_until (loop, &noted, 3);
  CHECK (!strncmp (t_traced (), "inner:1 inner:1 inner:1", 23));
  t_drain (p[0]);
  drive (loop, 2);
  t_trace_reset ();
  drive (loop, 3);
  CHECK_TRACE ("");
  ev_loop_destroy (loop);
  ev_loop_destroy (inner);
}

TEST (embed_with_callback_that_sweeps)
{
  struct ev_loop *loop = t_loop (0), *inner = inner_loop ();
  ev_embed e;
  ev_io io;
  int p[2];
  t_pipe (p);
  io_named (inner, &io, "inner", p[0], EV_READ);
  NAMED (&e, sweeping, "embed");
  ev_embed_set (&e, inner);
  ev_embed_start (loop, &e);
  drive (loop, 2);
  t_write (p[1], "x");
  drive_until (loop, &noted, 2);
  CHECK_TRACE ("embed:10000 inner:1");
  ev_loop_destroy (loop);
  ev_loop_destroy (inner);
}

TEST (embed_callback_is_called_until_it_sweeps)
{
  struct ev_loop *loop = t_loop (0), *inner = inner_loop ();
  ev_embed e;
  ev_io io;
  int p[2];
  t_pipe (p);
  io_named (inner, &io, "inner", p[0], EV_READ);
  NAMED (&e, note_embed, "embed");
  ev_embed_set (&e, inner);
  ev_embed_start (loop, &e);
  drive (loop, 2);
  t_write (p[1], "x");
  drive_until (loop, &noted, 3);
  CHECK_TRACE ("embed:10000 embed:10000 embed:10000");
  /* from outside it works as well */
  ev_embed_sweep (loop, &e);
  CHECK_TRACE ("embed:10000 embed:10000 embed:10000 inner:1");
  t_drain (p[0]);
  ev_embed_sweep (loop, &e);
  drive (loop, 3); /* one-shot back-ends may call once more */
  t_trace_reset ();
  drive (loop, 3);
  CHECK_TRACE ("");
  ev_loop_destroy (loop);
  ev_loop_destroy (inner);
}

TEST (embed_counts_as_four)
{
  struct ev_loop *loop = t_loop (0), *inner = inner_loop ();
  ev_embed e;
  ev_embed_init (&e, 0, inner);
  ev_embed_start (loop, &e);
  CHECK (ev_is_active (&e));
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 4);
  ev_embed_start (loop, &e); /* of an active one: nothing */
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 4);
  ev_embed_stop (loop, &e);
  ev_embed_stop (loop, &e);
  CHECK (!ev_is_active (&e));
  CHECK_EQ (ev_run (loop, 0), 0);
  ev_loop_destroy (loop);
  ev_loop_destroy (inner);
}

TEST (embed_changes_of_the_inner_loop_are_flushed)
{
  struct ev_loop *loop = t_loop (0), *inner = inner_loop ();
  ev_embed e;
  ev_io a, b;
  int p[2], q[2];
  t_pipe (p);
  t_pipe (q);
  ev_embed_init (&e, 0, inner);
  ev_embed_start (loop, &e);
  drive (loop, 2);
  /* started while embedded: nobody runs the inner loop but the prepare watcher */
  io_named (inner, &a, "a", p[0], EV_READ);
  drive (loop, 2);
  t_write (p[1], "x");
  drive_until (loop, &noted, 1);
  CHECK (!strncmp (t_traced (), "a:1", 3));
  ev_io_stop (inner, &a);
  io_named (inner, &b, "b", q[0], EV_READ);
  drive (loop, 2);
  t_trace_reset ();
  drive (loop, 2);
  CHECK_TRACE ("");
  t_write (q[1], "x");
  noted = 0;
  drive_until (loop, &noted, 1);
  CHECK (!strncmp (t_traced (), "b:1", 3));
  ev_loop_destroy (loop);
  ev_loop_destroy (inner);
}

/* A descriptor that is ready when it is added is served by the flush itself. */
TEST (embed_flush_may_serve_events_without_the_callback)
{
  struct ev_loop *loop = t_loop (0), *inner = inner_loop ();
  ev_embed e;
  ev_io io;
  int p[2];
  t_pipe (p);
  t_write (p[1], "x");
  NAMED (&e, note_embed, "embed");
  ev_embed_set (&e, inner);
  ev_embed_start (loop, &e);
  io_named (inner, &io, "inner", p[0], EV_READ);
  drive (loop, 1);
  CHECK (!strncmp (t_traced (), "inner:1", 7));
  ev_loop_destroy (loop);
  ev_loop_destroy (inner);
}

static void
started_in_callback (EV_P_ ev_timer *w, int revents)
{
  static ev_io io;
  int p[2];
  (void)loop;
  note_any ((ev_watcher *)w, revents);
  t_pipe (p);
  t_write (p[1], "x");
  io_named (ev_userdata (loop), &io, "inner", p[0], EV_READ);
}

TEST (embed_inner_watcher_started_in_an_outer_callback)
{
  struct ev_loop *loop = t_loop (0), *inner = inner_loop ();
  ev_embed e;
  ev_timer t;
  ev_set_userdata (loop, inner);
  ev_embed_init (&e, 0, inner);
  ev_embed_start (loop, &e);
  NAMED (&t, started_in_callback, "timer");
  ev_timer_set (&t, .01, 0.);
  ev_timer_start (loop, &t);
  drive_until (loop, &noted, 2);
  CHECK (!strncmp (t_traced (), "timer:100 inner:1", 17));
  ev_loop_destroy (loop);
  ev_loop_destroy (inner);
}

TEST (embed_stopped_no_longer_served)
{
  struct ev_loop *loop = t_loop (0), *inner = inner_loop ();
  ev_embed e;
  ev_io io;
  int p[2];
  t_pipe (p);
  io_named (inner, &io, "inner", p[0], EV_READ);
  ev_embed_init (&e, 0, inner);
  ev_embed_start (loop, &e);
  drive (loop, 2);
  ev_embed_stop (loop, &e);
  t_write (p[1], "x");
  drive (loop, 3);
  CHECK_TRACE ("");
  /* by hand it runs, and embedded again too */
  drive (inner, 1);
  CHECK_TRACE ("inner:1");
  ev_embed_start (loop, &e);
  drive_until (loop, &noted, 3);
  ev_loop_destroy (loop);
  ev_loop_destroy (inner);
}

static void
stop_embed (EV_P_ ev_embed *w, int revents)
{
  note_any ((ev_watcher *)w, revents);
  ev_embed_stop (loop, w);
}

TEST (embed_stopped_in_its_callback)
{
  struct ev_loop *loop = t_loop (0), *inner = inner_loop ();
  ev_embed e;
  ev_io io;
  int p[2];
  t_pipe (p);
  io_named (inner, &io, "inner", p[0], EV_READ);
  NAMED (&e, stop_embed, "embed");
  ev_embed_set (&e, inner);
  ev_embed_start (loop, &e);
  drive (loop, 2);
  t_write (p[1], "x");
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("embed:10000");
  ev_loop_destroy (loop);
  ev_loop_destroy (inner);
}

static int inner_breaks;

static void
break_inner (EV_P_ ev_io *w, int revents)
{
  note_any ((ev_watcher *)w, revents);
  ++inner_breaks;
  t_drain (w->fd);
  ev_break (loop, EVBREAK_ALL);
}

static void
end (EV_P_ ev_timer *w, int revents)
{
  note_any ((ev_watcher *)w, revents);
  ev_break (loop, EVBREAK_ALL);
}

TEST (embed_break_in_the_inner_loop_stays_there)
{
  struct ev_loop *loop = t_loop (0), *inner = inner_loop ();
  ev_embed e;
  ev_timer t;
  ev_io io;
  int p[2];
  t_pipe (p);
  NAMED (&io, break_inner, "inner");
  ev_io_set (&io, p[0], EV_READ);
  ev_io_start (inner, &io);
  ev_embed_init (&e, 0, inner);
  ev_embed_start (loop, &e);
  t_write (p[1], "x");
  NAMED (&t, end, "end");
  ev_timer_set (&t, .05, 0.);
  ev_timer_start (loop, &t);
  CHECK_EQ (ev_run (loop, 0), 4);
  CHECK_TRACE ("inner:1 end:100");
  ev_loop_destroy (loop);
  ev_loop_destroy (inner);
}

TEST (embed_priority_is_its_readiness_priority)
{
  struct ev_loop *loop = t_loop (0), *inner = inner_loop ();
  ev_embed e;
  ev_io io, outer;
  int p[2], q[2];
  t_pipe (p);
  t_pipe (q);
  io_named (inner, &io, "inner", p[0], EV_READ);
  NAMED (&e, sweeping, "embed");
  ev_embed_set (&e, inner);
  ev_set_priority (&e, 1);
  ev_embed_start (loop, &e);
  io_named (loop, &outer, "outer", q[0], EV_READ);
  drive (loop, 2);
  t_write (q[1], "x");
  t_write (p[1], "x");
  drive (loop, 1);
  CHECK_TRACE ("embed:10000 inner:1 outer:1");
  ev_embed_stop (loop, &e);
  ev_set_priority (&e, -1);
  ev_embed_start (loop, &e);
  drive (loop, 2);
  t_trace_reset ();
  drive (loop, 1);
  CHECK_TRACE ("outer:1 embed:10000 inner:1");
  ev_loop_destroy (loop);
  ev_loop_destroy (inner);
}

TEST (embed_in_an_embedded_loop)
{
  struct ev_loop *loop = t_loop (0), *middle = inner_loop (), *inner = inner_loop ();
  ev_embed e, f;
  ev_io io;
  int p[2];
  t_pipe (p);
  io_named (inner, &io, "inner", p[0], EV_READ);
  ev_embed_init (&f, 0, inner);
  ev_embed_start (middle, &f);
  ev_embed_init (&e, 0, middle);
  ev_embed_start (loop, &e);
  drive (middle, 1);
  drive (loop, 3);
  CHECK_TRACE ("");
  t_write (p[1], "x");
  drive_until (loop, &noted, 1);
  CHECK (!strncmp (t_traced (), "inner:1", 7));
  ev_loop_destroy (loop);
  ev_loop_destroy (middle);
  ev_loop_destroy (inner);
}

TEST (embed_two_in_one)
{
  struct ev_loop *loop = t_loop (0), *one = inner_loop (), *two = inner_loop ();
  ev_embed e, f;
  ev_io a, b;
  int p[2], q[2];
  t_pipe (p);
  t_pipe (q);
  io_named (one, &a, "one", p[0], EV_READ);
  io_named (two, &b, "two", q[0], EV_READ);
  ev_embed_init (&e, 0, one);
  ev_embed_start (loop, &e);
  ev_embed_init (&f, 0, two);
  ev_embed_start (loop, &f);
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 8);
  t_write (q[1], "x");
  drive_until (loop, &noted, 1);
  CHECK (!strncmp (t_traced (), "two:1", 5));
  t_drain (q[0]);
  drive (loop, 3);
  t_trace_reset ();
  noted = 0;
  t_write (p[1], "x");
  drive_until (loop, &noted, 1);
  CHECK (!strncmp (t_traced (), "one:1", 5));
  ev_loop_destroy (loop);
  ev_loop_destroy (one);
  ev_loop_destroy (two);
}

static void
select_inside (void *arg)
{
  struct ev_loop *loop = t_loop (0), *inner = ev_loop_new (*(unsigned *)arg | EVFLAG_NOENV);
  ev_embed e;
  CHECK (inner);
  CHECK_EQ (ev_backend (inner), *(unsigned *)arg);
  ev_embed_init (&e, 0, inner);
  ev_embed_start (loop, &e);
}

TEST (embed_of_a_loop_that_can_not_be_aborts)
{
  static unsigned select = EVBACKEND_SELECT, poll = EVBACKEND_POLL;
  CHECK (!(ev_embeddable_backends () & (select | poll)));
  t_expect_abort (select_inside, &select, "libev: ");
  t_expect_abort (select_inside, &poll, "libev: ");
}

TEST (embed_active_at_destroy)
{
  int before = t_open_fds ();
  struct ev_loop *loop = t_loop (0), *inner = inner_loop ();
  ev_embed e;
  ev_embed_init (&e, 0, inner);
  ev_embed_start (loop, &e);
  drive (loop, 1);
  ev_loop_destroy (loop);
  ev_loop_destroy (inner);
  CHECK_EQ (t_open_fds (), before);
  CHECK (ev_is_active (&e));
}

TEST (embed_stop_of_pending)
{
  struct ev_loop *loop = t_loop (0), *inner = inner_loop ();
  ev_embed e;
  NAMED (&e, note_embed, "embed");
  ev_embed_set (&e, inner);
  ev_embed_start (loop, &e);
  ev_feed_event (loop, &e, EV_EMBED);
  ev_embed_stop (loop, &e);
  CHECK (!ev_is_pending (&e));
  ev_invoke_pending (loop);
  CHECK_TRACE ("");
  ev_loop_destroy (loop);
  ev_loop_destroy (inner);
}

static ev_embed told_embed;
static int told_active = -1;

static void
inner_told_of_fork (EV_P_ ev_fork *w, int revents)
{
  told_active = ev_is_active (&told_embed);
}

TEST (embed_is_active_while_the_inner_loop_is_told_of_a_fork,
      .ours_only = "an embed watcher stays active while its loop is told of a fork")
{
  struct ev_loop *loop = t_loop (0), *inner = inner_loop ();
  ev_fork fork_watcher;
  ev_fork_init (&fork_watcher, inner_told_of_fork);
  ev_fork_start (inner, &fork_watcher);
  ev_embed_init (&told_embed, 0, inner);
  ev_embed_start (loop, &told_embed);
  drive (loop, 1);
  ev_loop_fork (loop);
  drive (loop, 1);
  CHECK_EQ (told_active, 1);
  CHECK (ev_is_active (&told_embed));
  ev_loop_destroy (loop);
  ev_loop_destroy (inner);
}

static struct ev_loop *flushed_by;
static int flushes;

static void
stop_embed_and_change (EV_P_ ev_io *w, int revents)
{
  if (++flushes == 1)
    ev_embed_stop (flushed_by, &told_embed);
  if (flushes > 3)
    return;
  ev_io_stop (loop, w);
  ev_io_set (w, w->fd, EV_WRITE);
  ev_io_start (loop, w);
}

/* What callbacks of the inner loop change before the wait is told to the kernel, and what comes of it handled, to the end. */
TEST (embed_stopped_by_a_callback_of_the_inner_loop_before_the_wait)
{
  struct ev_loop *inner = inner_loop ();
  ev_io w;
  int p[2];
  flushed_by = t_loop (0);
  t_pipe (p);
  ev_io_init (&w, stop_embed_and_change, p[1], EV_WRITE);
  ev_io_start (inner, &w);
  ev_embed_init (&told_embed, 0, inner);
  ev_embed_start (flushed_by, &told_embed);
  drive (flushed_by, 1);
  CHECK (!ev_is_active (&told_embed));
  CHECK_EQ (flushes, 4);
  ev_loop_destroy (flushed_by);
  ev_loop_destroy (inner);
}
