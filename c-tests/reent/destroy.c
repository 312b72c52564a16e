/* Loops destroyed in callbacks, and jumps out of the calls that destroy and sweep. */
#include "drive.h"

#include <setjmp.h>

static struct ev_loop *other;
static ev_io other_io;
static ev_timer other_timer;

/* A second loop with active and pending watchers. */
static void
make_other (void)
{
  int p[2];
  t_pipe (p);
  other = t_loop (0);
  io_named (other, &other_io, "never", p[0], EV_READ);
  timer_named (other, &other_timer, "never", -1., 1.);
  ev_feed_event (other, &other_io, EV_READ);
}

static void
destroy_other (EV_P_ ev_timer *w, int revents)
{
  (void)loop;
  note_any ((ev_watcher *)w, revents);
  ev_loop_destroy (other);
  other = 0;
}

TEST (reent_another_loop_destroyed_in_a_callback)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer t, u;
  make_other ();
  NAMED (&t, destroy_other, "t");
  ev_timer_set (&t, -2., 0.);
  ev_timer_start (loop, &t);
  timer_named (loop, &u, "u", -1., 0.);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("t:100 u:100");
  CHECK (!other);
  CHECK (ev_is_active (&other_io) && ev_is_pending (&other_io));
  ev_loop_destroy (loop);
}

static void
destroy_other_in_cleanup (EV_P_ ev_cleanup *w, int revents)
{
  (void)loop;
  note_any ((ev_watcher *)w, revents);
  ev_loop_destroy (other);
}

TEST (reent_another_loop_destroyed_in_a_cleanup_callback)
{
  int before = t_open_fds ();
  struct ev_loop *loop = t_loop (0);
  ev_cleanup c;
  make_other ();
  NAMED (&c, destroy_other_in_cleanup, "c");
  ev_cleanup_start (loop, &c);
  ev_loop_destroy (loop);
  CHECK_TRACE ("c:40000");
  CHECK_EQ (t_open_fds (), before + 2);
}

static void
renew_default (EV_P_ ev_timer *w, int revents)
{
  (void)loop;
  note_any ((ev_watcher *)w, revents);
  ev_loop_destroy (ev_default_loop_uc_ ());
  CHECK (!ev_default_loop_uc_ ());
  t_default_loop (0);
}

TEST (reent_default_loop_renewed_in_another_loops_callback)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer t;
  int i;
  t_default_loop (0);
  for (i = 0; i < 5; ++i)
    {
      NAMED (&t, renew_default, "t");
      ev_timer_set (&t, -1., 0.);
      ev_timer_start (loop, &t);
      CHECK_EQ (ev_run (loop, 0), 0);
      CHECK_EQ (ev_run (ev_default_loop_uc_ (), 0), 0); /* fresh */
    }
  CHECK_TRACE ("t:100 t:100 t:100 t:100 t:100");
  ev_loop_destroy (ev_default_loop_uc_ ());
  ev_loop_destroy (loop);
}

static void
makes_and_destroys (EV_P_ ev_timer *w, int revents)
{
  int i;
  (void)loop;
  note_any ((ev_watcher *)w, revents);
  for (i = 0; i < 10; ++i)
    {
      ev_timer t;
      make_other ();
      ev_io_stop (other, &other_io);
      ev_timer_stop (other, &other_timer);
      timer_named (other, &t, "inner", -1., 0.);
      CHECK_EQ (ev_run (other, 0), 0);
      ev_loop_destroy (other);
    }
}

TEST (reent_loops_made_and_destroyed_in_a_callback)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer t, u;
  NAMED (&t, makes_and_destroys, "t");
  ev_timer_set (&t, -2., 0.);
  ev_timer_start (loop, &t);
  timer_named (loop, &u, "u", -1., 0.);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_EQ (noted, 12);
  ev_loop_destroy (loop);
}

/* ---- the loop itself ---- */

static jmp_buf out;

static void
destroy_self_and_jump (EV_P_ ev_io *w, int revents)
{
  note_any ((ev_watcher *)w, revents);
  ev_loop_destroy (loop);
  longjmp (out, 1);
}

TEST (reent_loop_destroyed_in_its_own_callback_left_by_longjmp)
{
  static int before, p[2], i;
  t_pipe (p);
  t_write (p[1], "x");
  before = t_open_fds ();
  for (i = 0; i < 10; ++i)
    {
      struct ev_loop *loop = t_loop (0);
      ev_io a, b;
      NAMED (&a, destroy_self_and_jump, "a");
      ev_io_set (&a, p[0], EV_READ);
      ev_io_start (loop, &a);
      NAMED (&b, destroy_self_and_jump, "b");
      ev_io_set (&b, p[0], EV_READ);
      ev_io_start (loop, &b);
      if (!setjmp (out))
        {
          ev_run (loop, 0);
          CHECK (!"ev_run doesn't return");
        }
    }
  CHECK_EQ (noted, 10);
  CHECK_EQ (t_open_fds (), before);
}

static void
destroy_self (EV_P_ ev_timer *w, int revents)
{
  note_any ((ev_watcher *)w, revents);
  ev_loop_destroy (loop);
}

TEST (reent_loop_destroyed_by_ev_invoke)
{
  int before = t_open_fds ();
  struct ev_loop *loop = t_loop (0);
  ev_timer t;
  NAMED (&t, destroy_self, "t");
  ev_invoke (loop, &t, EV_CUSTOM);
  CHECK_TRACE ("t:1000000");
  CHECK_EQ (t_open_fds (), before);
}

static void
jump_once (EV_P_ ev_cleanup *w, int revents)
{
  (void)loop;
  note_any ((ev_watcher *)w, revents);
  if (noted == 1)
    longjmp (out, 1);
}

/* A jump out of ev_loop_destroy leaves a loop that works and can be destroyed again. */
TEST (reent_longjmp_out_of_destroy)
{
  static int before;
  static ev_cleanup c;
  static ev_timer t;
  struct ev_loop *volatile kept;
  before = t_open_fds ();
  kept = t_loop (0);
  NAMED (&c, jump_once, "c");
  ev_cleanup_start (kept, &c);
  if (!setjmp (out))
    {
      ev_loop_destroy (kept);
      CHECK (!"ev_loop_destroy doesn't return");
    }
  CHECK_TRACE ("c:40000");
  timer_named (kept, &t, "t", -1., 0.);
  CHECK_EQ (ev_run (kept, 0), 0);
  ev_loop_destroy (kept);
  CHECK_TRACE ("c:40000 t:100 c:40000");
  CHECK_EQ (t_open_fds (), before);
}

static void
jump_from_inner (EV_P_ ev_io *w, int revents)
{
  (void)loop;
  note_any ((ev_watcher *)w, revents);
  t_drain (w->fd);
  longjmp (out, 1);
}

TEST (reent_longjmp_out_of_embed_sweep)
{
  static ev_embed e;
  static ev_io io;
  static int p[2];
  struct ev_loop *volatile loop = t_loop (0);
  struct ev_loop *volatile inner = ev_loop_new (EVBACKEND_EPOLL | EVFLAG_NOENV);
  CHECK (inner);
  t_pipe (p);
  NAMED (&io, jump_from_inner, "inner");
  ev_io_set (&io, p[0], EV_READ);
  ev_io_start (inner, &io);
  NAMED (&e, note_embed, "embed");
  ev_embed_set (&e, inner);
  ev_embed_start (loop, &e);
  drive (loop, 2);
  t_write (p[1], "x");
  if (!setjmp (out))
    {
      ev_embed_sweep (loop, &e);
      CHECK (!"the sweep doesn't return");
    }
  CHECK_TRACE ("inner:1");
  drive (loop, 2);
  t_trace_reset ();
  ev_set_cb (&io, note_io);
  t_write (p[1], "x");
  drive_until (loop, &noted, 2);
  ev_embed_sweep (loop, &e);
  CHECK (strstr (t_traced (), "inner:1"));
  ev_loop_destroy (loop);
  ev_loop_destroy (inner);
}

static void
jump_through_both (EV_P_ ev_io *w, int revents)
{
  (void)loop;
  note_any ((ev_watcher *)w, revents);
  t_drain (w->fd);
  if (noted == 1)
    longjmp (out, 1);
}

/* Through the inner loop's run and the outer one's. */
TEST (reent_longjmp_out_of_an_automatic_sweep)
{
  static ev_embed e;
  static ev_io io;
  static int p[2];
  struct ev_loop *volatile loop = t_loop (0);
  struct ev_loop *volatile inner = ev_loop_new (EVBACKEND_EPOLL | EVFLAG_NOENV);
  CHECK (inner);
  t_pipe (p);
  NAMED (&io, jump_through_both, "inner");
  ev_io_set (&io, p[0], EV_READ);
  ev_io_start (inner, &io);
  ev_embed_init (&e, 0, inner);
  ev_embed_start (loop, &e);
  drive (loop, 2);
  t_write (p[1], "x");
  if (!setjmp (out))
    {
      for (;;)
        ev_run (loop, EVRUN_ONCE);
    }
  CHECK_TRACE ("inner:1");
  t_write (p[1], "x");
  drive_until (loop, &noted, 2);
  CHECK_TRACE ("inner:1 inner:1");
  ev_embed_stop (loop, &e);
  CHECK_EQ (ev_run (loop, 0), 0);
  ev_loop_destroy (loop);
  ev_loop_destroy (inner);
}

static void
stop_and_destroy_inner (EV_P_ ev_embed *w, int revents)
{
  struct ev_loop *inner = w->other;
  note_any ((ev_watcher *)w, revents);
  ev_embed_stop (loop, w);
  ev_loop_destroy (inner);
}

TEST (reent_embedded_loop_destroyed_in_the_embed_callback)
{
  struct ev_loop *loop = t_loop (0), *inner = ev_loop_new (EVBACKEND_EPOLL | EVFLAG_NOENV);
  ev_embed e;
  ev_io io, outer;
  int p[2], q[2];
  CHECK (inner);
  t_pipe (p);
  t_pipe (q);
  io_named (inner, &io, "inner", p[0], EV_READ);
  drive (inner, 1);
  NAMED (&e, stop_and_destroy_inner, "embed");
  ev_embed_set (&e, inner);
  ev_embed_start (loop, &e);
  io_named (loop, &outer, "outer", q[0], EV_READ);
  drive (loop, 2);
  t_write (p[1], "x");
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("embed:10000");
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 1);
  t_write (q[1], "x");
  drive_until (loop, &noted, 2);
  CHECK_TRACE ("embed:10000 outer:1");
  ev_loop_destroy (loop);
}
