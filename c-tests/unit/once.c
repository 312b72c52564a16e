/* ev_once: one descriptor, one time-out, or both; a single call. */
#include "drive.h"

static void
on_once (int revents, void *arg)
{
  ++noted;
  t_trace ("%s:%x", (const char *)arg, (unsigned)revents);
}

TEST (once_descriptor)
{
  struct ev_loop *loop = t_loop (0);
  int p[2];
  t_pipe (p);
  ev_once (loop, p[0], EV_READ, -1., on_once, (void *)"once");
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 1);
  CHECK_TRACE ("");
  t_write (p[1], "x");
  CHECK_EQ (ev_run (loop, 0), 0); /* and nothing is left */
  CHECK_TRACE ("once:1");
  drive (loop, 2);
  CHECK_TRACE ("once:1");
  ev_loop_destroy (loop);
}

TEST (once_both_directions)
{
  struct ev_loop *loop = t_loop (0);
  int s[2];
  t_socketpair (s);
  t_write (s[1], "x");
  ev_once (loop, s[0], EV_READ | EV_WRITE, -1., on_once, (void *)"once");
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("once:3");
  ev_loop_destroy (loop);
}

TEST (once_timeout)
{
  struct ev_loop *loop = t_loop (0);
  double start = t_clock ();
  ev_once (loop, -1, 0, .05, on_once, (void *)"once");
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("once:100");
  CHECK (t_clock () - start >= .049);
  ev_loop_destroy (loop);
}

TEST (once_timeout_ignores_events_without_a_descriptor)
{
  struct ev_loop *loop = t_loop (0);
  ev_once (loop, -1, EV_READ | EV_WRITE, .01, on_once, (void *)"once");
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("once:100");
  ev_loop_destroy (loop);
}

TEST (once_zero_is_a_timeout)
{
  struct ev_loop *loop = t_loop (0);
  ev_once (loop, -1, 0, 0., on_once, (void *)"once");
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("once:100");
  ev_loop_destroy (loop);
}

TEST (once_descriptor_before_the_timeout)
{
  struct ev_loop *loop = t_loop (0);
  int p[2];
  double start = t_clock ();
  t_pipe (p);
  t_write (p[1], "x");
  ev_once (loop, p[0], EV_READ, 20., on_once, (void *)"once");
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 0);
  CHECK_TRACE ("once:1");
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK (t_clock () - start < 10.);
  ev_loop_destroy (loop);
}

TEST (once_timeout_before_the_descriptor)
{
  struct ev_loop *loop = t_loop (0);
  int p[2];
  t_pipe (p);
  ev_once (loop, p[0], EV_READ, .01, on_once, (void *)"once");
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("once:100");
  t_write (p[1], "x");
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("once:100");
  ev_loop_destroy (loop);
}

TEST (once_both_at_once_combine)
{
  struct ev_loop *loop = t_loop (0);
  int p[2];
  t_pipe (p);
  t_write (p[1], "x");
  ev_once (loop, p[0], EV_READ, .005, on_once, (void *)"once");
  t_nap (.02);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("once:101");
  drive (loop, 2);
  CHECK_TRACE ("once:101");
  ev_loop_destroy (loop);
}

TEST (once_with_neither_does_nothing)
{
  struct ev_loop *loop = t_loop (0);
  ev_once (loop, -1, 0, -1., on_once, (void *)"never");
  ev_once (loop, -17, EV_READ, -.5, on_once, (void *)"never");
  CHECK_EQ (ev_run (loop, 0), 0);
  drive (loop, 3);
  CHECK_TRACE ("");
  ev_loop_destroy (loop);
}

static struct ev_loop *nested_loop;
static int nested_pipe[2];

static void
once_more (int revents, void *arg)
{
  on_once (revents, arg);
  if (noted < 4)
    ev_once (nested_loop, nested_pipe[0], EV_READ, -1., once_more, (void *)"again");
}

TEST (once_from_its_own_callback)
{
  struct ev_loop *loop = nested_loop = t_loop (0);
  t_pipe (nested_pipe);
  t_write (nested_pipe[1], "x");
  ev_once (loop, nested_pipe[0], EV_READ, 10., once_more, (void *)"first");
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("first:1 again:1 again:1 again:1");
  ev_loop_destroy (loop);
}

static void
runs_inside (int revents, void *arg)
{
  on_once (revents, arg);
  CHECK_EQ (ev_run (nested_loop, EVRUN_NOWAIT), 0); /* already gone */
}

TEST (once_is_gone_before_its_callback)
{
  struct ev_loop *loop = nested_loop = t_loop (0);
  int p[2];
  t_pipe (p);
  t_write (p[1], "x");
  ev_once (loop, p[0], EV_READ, 5., runs_inside, (void *)"once");
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("once:1");
  ev_loop_destroy (loop);
}

TEST (once_many_on_one_descriptor)
{
  struct ev_loop *loop = t_loop (0);
  int p[2], i;
  t_pipe (p);
  for (i = 0; i < 100; ++i)
    ev_once (loop, p[0], EV_READ, 20., on_once, (void *)"o");
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 200); /* a descriptor and a time-out each */
  t_write (p[1], "x");
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_EQ (noted, 100);
  ev_loop_destroy (loop);
}

static long blocks;

static void *
counting (void *old, long size)
{
  if (!size)
    {
      blocks -= old != 0;
      free (old);
      return 0;
    }
  blocks += !old;
  return realloc (old, (size_t)size);
}

TEST (once_frees_its_block)
{
  struct ev_loop *loop;
  long before;
  int i, p[2];
  t_pipe (p);
  t_write (p[1], "x");
  ev_set_allocator (counting);
  loop = t_loop (0);
  /* Until the loop has all that it needs for more of the same. */
  for (i = 0; i < 10; ++i)
    {
      ev_once (loop, p[0], EV_READ, 10., on_once, (void *)"o");
      ev_run (loop, 0);
    }
  before = blocks;
  for (i = 0; i < 50; ++i)
    {
      ev_once (loop, p[0], EV_READ, 10., on_once, (void *)"o");
      CHECK_EQ (ev_run (loop, 0), 0);
    }
  CHECK_EQ (blocks, before);
  ev_loop_destroy (loop);
}

TEST (once_unfired_is_freed_by_destroy, .ours_only = "the block of an unfired ev_once leaks in the reference when the loop is destroyed")
{
  struct ev_loop *loop;
  int p[2];
  long before;
  t_pipe (p);
  ev_set_allocator (counting);
  before = blocks;
  loop = t_loop (0);
  ev_once (loop, p[0], EV_READ, 10., on_once, (void *)"never");
  ev_once (loop, -1, 0, 10., on_once, (void *)"never");
  drive (loop, 1);
  ev_once (loop, p[1], EV_WRITE, -1., on_once, (void *)"never");
  ev_loop_destroy (loop);
  CHECK_EQ (blocks, before);
  CHECK_TRACE ("");
}
