/* Walks that are left by an exception, and walks on several stacks at once. */
#define EV_WALK_ENABLE 1
#include "thrown.hpp"
#include "live_memory.h"

#include <ucontext.h>

#pragma weak ev_walk /* the usual build of the reference has none */

#define WALK_IS_OURS .ours_only = "ev_walk is not in the reference's library"

static void
walk_throws (EV_P_ int type, void *w)
{
  (void)loop;
  t_trace ("%x:%s", (unsigned)type, (const char *)((ev_watcher *)w)->data);
  throw thrown { "walk" };
}

static void
walk_notes (EV_P_ int type, void *w)
{
  (void)loop;
  t_trace ("%x:%s", (unsigned)type, (const char *)((ev_watcher *)w)->data);
}

TEST (walk_left_by_exceptions_leaves_nothing_behind, WALK_IS_OURS)
{
  ev_set_allocator (live_allocator);
  struct ev_loop *loop = t_loop (0);
  ev_timer w[20];
  ev_check check;
  long bytes = 0;
  int i;
  for (i = 0; i < 20; ++i)
    timer_named (loop, w + i, "timer", 1000., 0.);
  NAMED (&check, notes<ev_check>, "check");
  ev_check_start (loop, &check);
  for (i = 0; i < 1000; ++i)
    {
      CHECK_STR (caught ([=] { ev_walk (loop, EV_CHECK | EV_TIMER, walk_throws); }), "walk");
      CHECK_TRACE ("100:timer");
      t_trace_reset ();
      if (!i)
        bytes = live_bytes;
    }
  CHECK_EQ (live_bytes, bytes);
  ev_walk (loop, EV_CHECK, walk_notes);
  CHECK_TRACE ("8000:check");
  ev_verify (loop);
  ev_loop_destroy (loop);
  CHECK_EQ (live_bytes, 0);
}

/* An inner walk throws into the callback of an outer one, which goes on. */
TEST (walk_goes_on_after_an_inner_one_threw, WALK_IS_OURS)
{
  struct ev_loop *loop = t_loop (0);
  ev_prepare a, b;
  ev_check check;
  NAMED (&a, notes<ev_prepare>, "a");
  ev_prepare_start (loop, &a);
  NAMED (&b, notes<ev_prepare>, "b");
  ev_prepare_start (loop, &b);
  NAMED (&check, notes<ev_check>, "check");
  ev_check_start (loop, &check);
  ev_walk (loop, EV_PREPARE, [] (EV_P_ int type, void *w)
    {
      walk_notes (loop, type, w);
      CHECK_STR (caught ([=] { ev_walk (loop, EV_CHECK, walk_throws); }), "walk");
    });
  CHECK_TRACE ("4000:a 8000:check 4000:b 8000:check");
  ev_loop_destroy (loop);
}

static ucontext_t main_context, other_context;
static char other_stack[256 * 1024];
static struct ev_loop *walked;

TEST (walk_on_two_stacks_in_turn, WALK_IS_OURS)
{
  ev_prepare w[3];
  const char *names[3] = { "a", "b", "c" };
  walked = t_loop (0);
  for (int i = 0; i < 3; ++i)
    {
      NAMED (w + i, notes<ev_prepare>, names[i]);
      ev_prepare_start (walked, w + i);
    }
  CHECK (!getcontext (&other_context));
  other_context.uc_stack.ss_sp = other_stack;
  other_context.uc_stack.ss_size = sizeof other_stack;
  other_context.uc_link = &main_context;
  makecontext (&other_context, []
    {
      ev_walk (walked, EV_PREPARE, [] (EV_P_ int, void *w)
        {
          (void)loop;
          t_trace ("other-%s", (const char *)((ev_watcher *)w)->data);
          CHECK (!swapcontext (&other_context, &main_context));
        });
    }, 0);
  CHECK (!swapcontext (&main_context, &other_context));
  ev_walk (walked, EV_PREPARE, [] (EV_P_ int, void *w)
    {
      (void)loop;
      t_trace ("%s", (const char *)((ev_watcher *)w)->data);
      CHECK (!swapcontext (&main_context, &other_context));
    });
  CHECK_TRACE ("other-a a other-b b other-c c");
  ev_verify (walked);
  ev_loop_destroy (walked);
}
