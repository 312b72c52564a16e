/* ev_run inside ev_run, and the ways to leave one other than by returning: longjmp, pthread_exit, cancellation, other stacks. */
#define _GNU_SOURCE
#include "t.h"
#include "named.h"

#include <pthread.h>
#include <setjmp.h>
#include <ucontext.h>

T_NAMED (timer)
T_NAMED (check)

static jmp_buf nested_out;

/* Runs the loop with the flags in `data` (a number as a pointer) when called. */
#define NESTED_RUNNER(type) \
  static void run_##type (EV_P_ ev_##type *w, int revents) \
  { t_trace ("<" #type "@%u", ev_depth (EV_A)); ev_run (EV_A_ (int)(intptr_t)w->data); t_trace ("@%u>", ev_depth (EV_A)); }

NESTED_RUNNER (timer)
NESTED_RUNNER (prepare)
NESTED_RUNNER (idle)
NESTED_RUNNER (fork)

#define NESTED_JUMPER(type) \
  static void jump_##type (EV_P_ ev_##type *w, int revents) \
  { t_trace ("jump"); ev_##type##_stop (EV_A_ w); longjmp (nested_out, 1); }

NESTED_JUMPER (timer)
NESTED_JUMPER (prepare)
NESTED_JUMPER (check)
NESTED_JUMPER (io)
NESTED_JUMPER (idle)
NESTED_JUMPER (fork)

static void
nested_timer_after (struct ev_loop *loop, ev_timer *w, const char *name, double after)
{
  NAME (timer, w, name, after, 0.);
  ev_timer_start (loop, w);
}

/* Nested runs */

TEST (nested_run_finishes_the_outer_batch_first)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer runner, b, c, later;
  ev_timer_init (&runner, run_timer, -3., 0.);
  runner.data = (void *)EVRUN_NOWAIT;
  ev_timer_start (loop, &runner);
  nested_timer_after (loop, &b, "b", -2.);
  nested_timer_after (loop, &c, "c", -1.);
  nested_timer_after (loop, &later, "later", 0.25);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("<timer@1 b c @1> later");
  ev_loop_destroy (loop);
}

TEST (nested_run_may_take_everything)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer runner, later;
  ev_timer_init (&runner, run_timer, 0., 0.);
  runner.data = 0;
  ev_timer_start (loop, &runner);
  nested_timer_after (loop, &later, "later", 0.25);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("<timer@1 later @1>");
  CHECK_EQ (ev_depth (loop), 0);
  ev_loop_destroy (loop);
}

static void
nested_to_three (EV_P_ ev_timer *w, int revents)
{
  unsigned depth = ev_depth (EV_A);
  t_trace ("<%u", depth);
  if (depth < 3)
    {
      ev_timer again;
      ev_timer_init (&again, nested_to_three, 0., 0.);
      ev_timer_start (EV_A_ &again);
      CHECK_EQ (ev_run (EV_A_ 0), 0);
    }
  CHECK_EQ (ev_depth (EV_A), depth);
  t_trace ("%u>", depth);
}

TEST (nested_depth_counts_up_and_down)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer w;
  ev_timer_init (&w, nested_to_three, 0., 0.);
  ev_timer_start (loop, &w);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("<1 <2 <3 3> 2> 1>");
  CHECK_EQ (ev_depth (loop), 0);
  ev_loop_destroy (loop);
}

TEST (nested_run_from_prepare)
{
  struct ev_loop *loop = t_loop (0);
  ev_prepare w;
  ev_timer timer;
  ev_prepare_init (&w, run_prepare);
  w.data = (void *)EVRUN_NOWAIT;
  ev_set_priority (&w, 1);
  ev_prepare_start (loop, &w);
  nested_timer_after (loop, &timer, "timer", -1.);
  /* bounded: the inner run would call the runner again */
  ev_prepare_stop (loop, &w);
  ev_feed_event (loop, &w, EV_PREPARE);
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 0);
  CHECK_TRACE ("<prepare@1 timer @1>");
  ev_loop_destroy (loop);
}

static void
nested_prepare_until_three (EV_P_ ev_prepare *w, int revents)
{
  t_trace ("prepare@%u", ev_depth (EV_A));
  if (ev_depth (EV_A) < 3)
    ev_run (EV_A_ EVRUN_NOWAIT);
}

TEST (nested_prepare_is_called_at_every_level)
{
  struct ev_loop *loop = t_loop (0);
  ev_prepare w;
  ev_check check;
  ev_prepare_init (&w, nested_prepare_until_three);
  ev_prepare_start (loop, &w);
  NAME (check, &check, "check");
  ev_check_start (loop, &check);
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 2);
  CHECK_TRACE ("prepare@1 prepare@2 prepare@3 check check check");
  CHECK_EQ (ev_iteration (loop), 3);
  ev_loop_destroy (loop);
}

static void
nested_check_once (EV_P_ ev_check *w, int revents)
{
  t_trace ("<check@%u", ev_depth (EV_A));
  if (ev_depth (EV_A) == 1)
    ev_run (EV_A_ EVRUN_NOWAIT);
  t_trace (">");
}

TEST (nested_run_from_check)
{
  struct ev_loop *loop = t_loop (0);
  ev_check w;
  ev_timer timer;
  ev_check_init (&w, nested_check_once);
  ev_check_start (loop, &w);
  nested_timer_after (loop, &timer, "timer", -1.);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_TRACE ("<check@1 timer <check@2 > >");
  ev_loop_destroy (loop);
}

TEST (nested_run_from_idle_and_fork)
{
  struct ev_loop *loop = t_loop (0);
  ev_idle idle;
  ev_fork fork;
  ev_timer timer, second;
  ev_idle_init (&idle, run_idle);
  ev_fork_init (&fork, run_fork);
  idle.data = fork.data = (void *)EVRUN_NOWAIT;
  nested_timer_after (loop, &timer, "timer", -1.);
  ev_feed_event (loop, &idle, EV_IDLE);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_TRACE ("<idle@1 timer @1>");
  t_trace_reset ();
  nested_timer_after (loop, &second, "second", -1.);
  ev_feed_event (loop, &fork, EV_FORK);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_TRACE ("<fork@1 second @1>");
  ev_loop_destroy (loop);
}

static void
nested_fork_once (EV_P_ ev_fork *w, int revents)
{
  t_trace ("fork@%u", ev_depth (EV_A));
  if (ev_depth (EV_A) < 2)
    ev_run (EV_A_ EVRUN_NOWAIT);
}

TEST (nested_run_in_a_fork_watcher_sees_the_request_too)
{
  struct ev_loop *loop = t_loop (0);
  ev_fork w;
  ev_fork_init (&w, nested_fork_once);
  ev_fork_start (loop, &w);
  ev_loop_fork (loop);
  ev_run (loop, EVRUN_NOWAIT);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_TRACE ("fork@1 fork@2");
  ev_loop_destroy (loop);
}

static void
nested_io (EV_P_ ev_io *w, int revents)
{
  unsigned depth = ev_depth (EV_A);
  char byte;
  CHECK_EQ (read (w->fd, &byte, 1), 1);
  t_trace ("<%c@%u", byte, depth);
  if (depth < 3)
    ev_run (EV_A_ EVRUN_ONCE);
  t_trace ("%c>", byte);
  if (byte == 'c')
    ev_io_stop (EV_A_ w);
}

TEST (nested_run_calls_the_same_io_watcher_again)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w;
  int fd[2];
  t_pipe (fd);
  ev_io_init (&w, nested_io, fd[0], EV_READ);
  ev_io_start (loop, &w);
  t_write (fd[1], "abc");
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("<a@1 <b@2 <c@3 c> b> a>");
  ev_loop_destroy (loop);
}

static void
nested_free_in_inner_run (EV_P_ ev_timer *w, int revents)
{
  ev_timer *outer = w->data;
  t_trace ("free");
  ev_timer_stop (EV_A_ outer);
  memset (outer, 0xdd, sizeof *outer);
  free (outer);
}

TEST (nested_run_may_free_the_outer_watcher)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer *outer = malloc (sizeof *outer), inner;
  ev_timer_init (outer, run_timer, 0., 5.);
  outer->data = (void *)EVRUN_ONCE;
  ev_timer_start (loop, outer);
  ev_timer_init (&inner, nested_free_in_inner_run, 0.02, 0.);
  inner.data = outer;
  ev_timer_start (loop, &inner);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("<timer@1 free @1>");
  ev_loop_destroy (loop);
}

static void
nested_run_other (EV_P_ ev_timer *w, int revents)
{
  struct ev_loop *other = w->data;
  t_trace ("<%u/%u", ev_depth (EV_A), ev_depth (other));
  ev_run (other, 0);
  t_trace ("%u/%u>", ev_depth (EV_A), ev_depth (other));
}

TEST (nested_run_of_another_loop_is_independent)
{
  struct ev_loop *loop = t_loop (0), *other = t_loop (0);
  ev_timer outer, second, inner;
  ev_timer_init (&outer, nested_run_other, -2., 0.);
  outer.data = other;
  ev_timer_start (loop, &outer);
  nested_timer_after (loop, &second, "second", -1.);
  nested_timer_after (other, &inner, "inner", 0.01);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("<1/0 inner 1/0> second");
  CHECK_EQ (ev_depth (other), 0);
  ev_loop_destroy (loop);
  ev_loop_destroy (other);
}

/* Breaks through levels */

static int nested_how;

static void
nested_break (EV_P_ ev_timer *w, int revents)
{
  t_trace ("break@%u", ev_depth (EV_A));
  ev_break (EV_A_ nested_how);
}

/* Levels 1, 2, 3 run without a limit, the third level's callback breaks. */
static void
nested_break_at_three (EV_P_ ev_timer *w, int revents)
{
  ev_timer next;
  unsigned depth = ev_depth (EV_A);
  t_trace ("<%u", depth);
  ev_timer_init (&next, depth < 2 ? nested_break_at_three : nested_break, 0., 0.);
  ev_timer_start (EV_A_ &next);
  ev_run (EV_A_ 0);
  t_trace ("%u>", depth);
}

TEST (nested_break_one_leaves_the_innermost)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer w, later;
  nested_how = EVBREAK_ONE;
  ev_timer_init (&w, nested_break_at_three, 0., 0.);
  ev_timer_start (loop, &w);
  nested_timer_after (loop, &later, "later", 0.25);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("<1 <2 break@3 2> later 1>");
  CHECK_EQ (ev_depth (loop), 0);
  ev_loop_destroy (loop);
}

TEST (nested_break_all_leaves_every_level)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer w, later;
  nested_how = EVBREAK_ALL;
  ev_timer_init (&w, nested_break_at_three, 0., 0.);
  ev_timer_start (loop, &w);
  nested_timer_after (loop, &later, "later", 0.25);
  CHECK_EQ (ev_run (loop, 0), 1);
  CHECK_TRACE ("<1 <2 break@3 2> 1>");
  CHECK_EQ (ev_run (loop, 0), 0); /* and is over after that */
  CHECK_TRACE ("<1 <2 break@3 2> 1> later");
  ev_loop_destroy (loop);
}

static void
nested_break_then_run (EV_P_ ev_timer *w, int revents)
{
  ev_timer next;
  t_trace ("outer");
  ev_break (EV_A_ EVBREAK_ALL);
  nested_timer_after (EV_A_ &next, "inner", 0.);
  ev_run (EV_A_ 0);
  t_trace ("back");
}

TEST (nested_run_resets_a_break_made_before_it)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer w, later;
  ev_timer_init (&w, nested_break_then_run, 0., 0.);
  ev_timer_start (loop, &w);
  nested_timer_after (loop, &later, "later", 0.25);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("outer inner later back");
  ev_loop_destroy (loop);
}

static void
nested_break_after_inner (EV_P_ ev_timer *w, int revents)
{
  ev_timer next;
  nested_timer_after (EV_A_ &next, "inner", 0.);
  ev_run (EV_A_ EVRUN_NOWAIT);
  ev_break (EV_A_ EVBREAK_ONE);
}

TEST (nested_break_after_an_inner_run_is_for_the_outer)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer w, later;
  ev_timer_init (&w, nested_break_after_inner, 0., 0.);
  ev_timer_start (loop, &w);
  nested_timer_after (loop, &later, "later", 50.);
  CHECK_EQ (ev_run (loop, 0), 1);
  CHECK_TRACE ("inner");
  ev_loop_destroy (loop);
}

TEST (nested_break_all_in_one_loop_leaves_the_other_running)
{
  struct ev_loop *loop = t_loop (0), *other = t_loop (0);
  ev_timer outer, breaker, later;
  nested_how = EVBREAK_ALL;
  ev_timer_init (&outer, nested_run_other, 0., 0.);
  outer.data = other;
  ev_timer_start (loop, &outer);
  ev_timer_init (&breaker, nested_break, 0., 1.);
  ev_timer_start (other, &breaker);
  nested_timer_after (loop, &later, "later", 0.25);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("<1/0 break@1 1/0> later");
  ev_loop_destroy (loop);
  ev_loop_destroy (other);
}

/* Leaving by longjmp */

TEST (nested_longjmp_leaves_depth_raised)
{
  struct ev_loop *loop = t_loop (0);
  static ev_timer w, depth;
  ev_timer_init (&w, jump_timer, 0., 0.);
  ev_timer_start (loop, &w);
  if (!setjmp (nested_out))
    {
      ev_run (loop, 0);
      CHECK (0);
    }
  CHECK_EQ (ev_depth (loop), 1);
  ev_timer_init (&depth, run_timer, 0., 0.);
  depth.data = (void *)EVRUN_NOWAIT;
  ev_timer_start (loop, &depth);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("jump <timer@2 @2>");
  CHECK_EQ (ev_depth (loop), 1);
  ev_loop_destroy (loop);
}

TEST (nested_longjmp_keeps_the_rest_pending)
{
  struct ev_loop *loop = t_loop (0);
  static ev_timer jumper, b, c, low;
  ev_timer_init (&jumper, jump_timer, -3., 0.);
  ev_timer_start (loop, &jumper);
  nested_timer_after (loop, &b, "b", -2.);
  nested_timer_after (loop, &c, "c", -1.);
  NAME (timer, &low, "low", -1., 0.);
  ev_set_priority (&low, -2);
  ev_timer_start (loop, &low);
  if (!setjmp (nested_out))
    ev_run (loop, 0);
  CHECK_TRACE ("jump");
  CHECK_EQ (ev_pending_count (loop), 3);
  CHECK (ev_is_pending (&b));
  CHECK (ev_is_pending (&c));
  CHECK (!ev_is_pending (&jumper));
  ev_verify (loop);
  ev_timer_stop (loop, &c);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("jump b low");
  ev_loop_destroy (loop);
}

#define NESTED_JUMP_FROM(type, ...) \
  do { static ev_##type w; ev_##type##_init (&w, jump_##type __VA_OPT__ (,) __VA_ARGS__); ev_##type##_start (loop, &w); \
       if (!setjmp (nested_out)) { ev_run (loop, EVRUN_NOWAIT); CHECK (0); } } while (0)

TEST (nested_longjmp_from_every_kind_of_callback)
{
  struct ev_loop *loop = t_loop (0);
  static ev_timer last;
  int fd[2];
  t_pipe (fd);
  NESTED_JUMP_FROM (prepare);
  NESTED_JUMP_FROM (check);
  NESTED_JUMP_FROM (idle);
  NESTED_JUMP_FROM (timer, 0., 0.);
  NESTED_JUMP_FROM (io, fd[1], EV_WRITE);
  CHECK_EQ (ev_depth (loop), 5);
  {
    static ev_fork w;
    ev_fork_init (&w, jump_fork);
    ev_fork_start (loop, &w);
    ev_loop_fork (loop);
    if (!setjmp (nested_out))
      ev_run (loop, EVRUN_NOWAIT);
  }
  CHECK_EQ (ev_depth (loop), 6);
  ev_verify (loop);
  nested_timer_after (loop, &last, "last", 0.);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("jump jump jump jump jump jump last");
  CHECK_EQ (ev_depth (loop), 6);
  ev_loop_destroy (loop);
}

TEST (nested_longjmp_out_of_an_inner_run)
{
  struct ev_loop *loop = t_loop (0);
  static ev_timer outer, jumper, later;
  ev_timer_init (&outer, run_timer, 0., 0.);
  outer.data = 0;
  ev_timer_start (loop, &outer);
  ev_timer_init (&jumper, jump_timer, 0.02, 0.);
  ev_timer_start (loop, &jumper);
  nested_timer_after (loop, &later, "later", 0.25);
  if (!setjmp (nested_out))
    ev_run (loop, 0);
  CHECK_TRACE ("<timer@1 jump");
  CHECK_EQ (ev_depth (loop), 2);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("<timer@1 jump later");
  ev_loop_destroy (loop);
}

static void
nested_catch_inner (EV_P_ ev_timer *w, int revents)
{
  static ev_timer jumper;
  ev_timer_init (&jumper, jump_timer, 0., 0.);
  ev_timer_start (EV_A_ &jumper);
  if (!setjmp (nested_out))
    ev_run (EV_A_ 0);
  t_trace ("caught@%u", ev_depth (EV_A));
}

TEST (nested_longjmp_caught_inside_the_outer_run)
{
  struct ev_loop *loop = t_loop (0);
  static ev_timer w, later;
  ev_timer_init (&w, nested_catch_inner, 0., 0.);
  ev_timer_start (loop, &w);
  nested_timer_after (loop, &later, "later", 0.25);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("jump caught@2 later");
  CHECK_EQ (ev_depth (loop), 1); /* one of two was left by returning */
  ev_loop_destroy (loop);
}

TEST (nested_longjmp_out_of_invoke_and_invoke_pending)
{
  struct ev_loop *loop = t_loop (0);
  static ev_timer w, other;
  ev_timer_init (&w, jump_timer, 100., 0.);
  NAME (timer, &other, "other", 0., 0.);
  if (!setjmp (nested_out))
    ev_invoke (loop, &w, EV_CUSTOM);
  ev_feed_event (loop, &other, EV_CUSTOM);
  ev_feed_event (loop, &w, EV_CUSTOM);
  if (!setjmp (nested_out))
    ev_invoke_pending (loop);
  CHECK_TRACE ("jump jump");
  CHECK_EQ (ev_depth (loop), 0);
  CHECK_EQ (ev_pending_count (loop), 1);
  ev_invoke_pending (loop);
  CHECK_TRACE ("jump jump other");
  ev_loop_destroy (loop);
}

static void
nested_break_and_jump (EV_P_ ev_timer *w, int revents)
{
  ev_break (EV_A_ EVBREAK_ALL);
  longjmp (nested_out, 1);
}

TEST (nested_break_before_longjmp_is_reset_by_the_next_run)
{
  struct ev_loop *loop = t_loop (0);
  static ev_timer w, later;
  ev_timer_init (&w, nested_break_and_jump, 0., 0.);
  ev_timer_start (loop, &w);
  if (!setjmp (nested_out))
    ev_run (loop, 0);
  nested_timer_after (loop, &later, "later", 0.25);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("later");
  ev_loop_destroy (loop);
}

TEST (nested_longjmp_a_thousand_times)
{
  struct ev_loop *loop = t_loop (0);
  static ev_io w;
  static volatile int i;
  int fd[2];
  t_pipe (fd);
  for (i = 0; i < 1000; ++i)
    {
      ev_io_init (&w, jump_io, fd[1], EV_WRITE);
      ev_io_start (loop, &w);
      if (!setjmp (nested_out))
        ev_run (loop, EVRUN_ONCE);
      t_trace_reset ();
    }
  CHECK_EQ (ev_depth (loop), 1000);
  CHECK_EQ (ev_run (loop, 0), 0);
  ev_loop_destroy (loop);
}

/* Leaving by the end of the thread */

static void
nested_thread_ends (EV_P_ ev_timer *w, int revents)
{
  t_trace ("exit");
  pthread_exit (w);
}

static void *
nested_run_in_thread (void *arg)
{
  ev_run (arg, 0);
  return 0;
}

TEST (nested_pthread_exit_in_a_callback)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer w, rest, later;
  pthread_t thread;
  void *result;
  ev_timer_init (&w, nested_thread_ends, -1., 0.);
  ev_timer_start (loop, &w);
  nested_timer_after (loop, &rest, "rest", -0.5);
  nested_timer_after (loop, &later, "later", 0.25);
  CHECK (!pthread_create (&thread, 0, nested_run_in_thread, loop));
  CHECK (!pthread_join (thread, &result));
  CHECK (result == &w);
  CHECK_EQ (ev_depth (loop), 1);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("exit rest later");
  ev_loop_destroy (loop);
}

static int nested_waiting[2];

static void
nested_tell_waiting (EV_P)
{
  CHECK_EQ (write (nested_waiting[1], "w", 1), 1);
}

/* Cancels a thread that waits in ev_run; only `far` stays active. */
static void
nested_cancel (struct ev_loop *loop, ev_timer *far)
{
  pthread_t thread;
  void *result;
  char byte;
  CHECK (!pipe (nested_waiting));
  ev_set_loop_release_cb (loop, nested_tell_waiting, 0);
  nested_timer_after (loop, far, "far", 1000.);
  CHECK (!pthread_create (&thread, 0, nested_run_in_thread, loop));
  CHECK_EQ (read (nested_waiting[0], &byte, 1), 1);
  t_nap (0.05);
  CHECK (!pthread_cancel (thread));
  CHECK (!pthread_join (thread, &result));
  CHECK (result == PTHREAD_CANCELED);
  CHECK_EQ (ev_depth (loop), 1);
}

TEST (nested_waiting_thread_can_be_cancelled, .backends = T_SELECT | T_POLL | T_EPOLL)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer far;
  nested_cancel (loop, &far);
  CHECK (ev_is_active (&far));
  ev_loop_destroy (loop);
}

TEST (nested_run_after_a_cancelled_wait, .backends = T_SELECT | T_POLL | T_EPOLL,
      .ours_only = "a loop whose thread was cancelled while it waited can be run again")
{
  struct ev_loop *loop = t_loop (0);
  ev_timer far, later;
  nested_cancel (loop, &far);
  ev_set_loop_release_cb (loop, 0, 0);
  ev_timer_stop (loop, &far);
  ev_now_update (loop);
  nested_timer_after (loop, &later, "later", 0.25);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("later");
  ev_loop_destroy (loop);
}

/* Other stacks */

static ucontext_t nested_main, nested_other;
static struct ev_loop *nested_loop;
static char nested_stack[256 * 1024];

static void
nested_switch_away (EV_P_ ev_timer *w, int revents)
{
  t_trace ("away@%u", ev_depth (EV_A));
  CHECK (!swapcontext (&nested_other, &nested_main));
  t_trace ("back@%u", ev_depth (EV_A));
}

static void
nested_coroutine (void)
{
  ev_run (nested_loop, 0);
  t_trace ("coroutine done");
}

static void
nested_start_coroutine (void)
{
  CHECK (!getcontext (&nested_other));
  nested_other.uc_stack.ss_sp = nested_stack;
  nested_other.uc_stack.ss_size = sizeof nested_stack;
  nested_other.uc_link = &nested_main;
  makecontext (&nested_other, nested_coroutine, 0);
}

TEST (nested_run_on_another_stack)
{
  ev_timer away, b, c;
  nested_loop = t_loop (0);
  ev_timer_init (&away, nested_switch_away, -2., 0.);
  ev_timer_start (nested_loop, &away);
  nested_timer_after (nested_loop, &b, "b", -1.);
  nested_timer_after (nested_loop, &c, "c", 0.25);
  nested_start_coroutine ();
  CHECK (!swapcontext (&nested_main, &nested_other));
  CHECK_TRACE ("away@1");
  CHECK_EQ (ev_run (nested_loop, 0), 0); /* a second run while the first is parked in its callback */
  CHECK_TRACE ("away@1 b c");
  CHECK_EQ (ev_depth (nested_loop), 1);
  CHECK (!swapcontext (&nested_main, &nested_other));
  CHECK_TRACE ("away@1 b c back@1 coroutine done");
  CHECK_EQ (ev_depth (nested_loop), 0);
  ev_loop_destroy (nested_loop);
}

static void
nested_resume_coroutine (EV_P_ ev_timer *w, int revents)
{
  t_trace ("resume@%u", ev_depth (EV_A));
  CHECK (!swapcontext (&nested_main, &nested_other));
  t_trace ("resumed@%u", ev_depth (EV_A));
}

TEST (nested_runs_end_in_any_order)
{
  ev_timer away, resume, b, later;
  nested_loop = t_loop (0);
  ev_timer_init (&away, nested_switch_away, -1., 0.);
  ev_timer_start (nested_loop, &away);
  nested_start_coroutine ();
  CHECK (!swapcontext (&nested_main, &nested_other));
  ev_timer_init (&resume, nested_resume_coroutine, -2., 0.);
  ev_timer_start (nested_loop, &resume);
  nested_timer_after (nested_loop, &b, "b", -1.);
  nested_timer_after (nested_loop, &later, "later", 0.25);
  CHECK_EQ (ev_run (nested_loop, 0), 0); /* its callback lets the outer run, on the other stack, end first */
  CHECK_TRACE ("away@1 resume@2 back@2 b later coroutine done resumed@1");
  CHECK_EQ (ev_depth (nested_loop), 0);
  ev_loop_destroy (nested_loop);
}

/* Watchers freed in their own callbacks */

static void
nested_timer_frees_itself (EV_P_ ev_timer *w, int revents)
{
  t_trace ("freed");
  ev_timer_stop (EV_A_ w);
  memset (w, 0xdd, sizeof *w);
  free (w);
  ev_run (EV_A_ EVRUN_NOWAIT);
}

TEST (nested_watchers_freed_in_their_callbacks)
{
  struct ev_loop *loop = t_loop (0);
  int i;
  for (i = 0; i < 5; ++i)
    {
      ev_timer *w = malloc (sizeof *w);
      ev_timer_init (w, nested_timer_frees_itself, 0., 1.);
      ev_timer_start (loop, w);
    }
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("freed freed freed freed freed");
  ev_loop_destroy (loop);
}
