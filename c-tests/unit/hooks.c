/* The loop's own callbacks: the one that invokes what is pending, and the pair around the wait. */
#define _GNU_SOURCE
#include "t.h"
#include "named.h"

#include <pthread.h>
#include <setjmp.h>

T_NAMED (timer)
T_NAMED (prepare)
T_NAMED (check)
T_NAMED (fork)
T_NAMED (cleanup)
T_NAMED (async)

/* Invoke-pending */

static void
hooks_invoke (EV_P)
{
  t_trace ("invoke-%u", ev_pending_count (EV_A));
  ev_invoke_pending (EV_A);
}

TEST (hooks_invoke_at_entry_and_after_the_poll)
{
  struct ev_loop *loop = t_loop (0);
  ev_set_invoke_pending_cb (loop, hooks_invoke);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_TRACE ("invoke-0 invoke-0");
  ev_run (loop, 0);
  CHECK_TRACE ("invoke-0 invoke-0 invoke-0 invoke-0");
  ev_loop_destroy (loop);
  CHECK_TRACE ("invoke-0 invoke-0 invoke-0 invoke-0");
}

TEST (hooks_invoke_with_every_kind_of_hook_watcher)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer fed;
  ev_prepare prepare[2];
  ev_check check;
  ev_fork fork;
  ev_cleanup cleanup;
  NAME (timer, &fed, "fed", 0., 0.);
  NAME (prepare, prepare + 0, "p0");
  ev_prepare_start (loop, prepare + 0);
  NAME (prepare, prepare + 1, "p1");
  ev_prepare_start (loop, prepare + 1);
  NAME (check, &check, "check");
  ev_check_start (loop, &check);
  NAME (fork, &fork, "fork");
  ev_fork_start (loop, &fork);
  NAME (cleanup, &cleanup, "cleanup");
  ev_cleanup_start (loop, &cleanup);
  ev_set_invoke_pending_cb (loop, hooks_invoke);
  ev_feed_event (loop, &fed, EV_CUSTOM);
  ev_loop_fork (loop);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_TRACE ("invoke-1 fed invoke-1 fork invoke-2 p1 p0 invoke-1 check");
  t_trace_reset ();
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_TRACE ("invoke-0 invoke-2 p1 p0 invoke-1 check");
  t_trace_reset ();
  ev_feed_event (loop, &fed, EV_CUSTOM);
  ev_loop_destroy (loop);
  CHECK_TRACE ("invoke-2 cleanup fed");
}

TEST (hooks_invoke_once_per_iteration)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer timer[2];
  NAME (timer, timer + 0, "a", 100., 0.);
  ev_timer_start (loop, timer + 0);
  NAME (timer, timer + 1, "b", -1., 0.);
  ev_timer_start (loop, timer + 1);
  ev_set_invoke_pending_cb (loop, hooks_invoke);
  ev_run (loop, EVRUN_ONCE);
  CHECK_TRACE ("invoke-0 invoke-1 b");
  ev_loop_destroy (loop);
}

static void
hooks_withhold (EV_P)
{
  t_trace ("withheld-%u", ev_pending_count (EV_A));
}

TEST (hooks_invoke_may_withhold_everything)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer timer, low;
  NAME (timer, &timer, "timer", -1., 0.);
  ev_timer_start (loop, &timer);
  NAME (timer, &low, "low", -1., 0.);
  ev_set_priority (&low, -1);
  ev_timer_start (loop, &low);
  ev_set_invoke_pending_cb (loop, hooks_withhold);
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 0);
  CHECK_TRACE ("withheld-0 withheld-2");
  CHECK (ev_is_pending (&timer));
  CHECK (!ev_is_active (&timer));
  ev_set_invoke_pending_cb (loop, ev_invoke_pending);
  CHECK_EQ (ev_pending_count (loop), 2);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_TRACE ("withheld-0 withheld-2 timer low");
  ev_loop_destroy (loop);
}

TEST (hooks_invoke_withheld_repeating_timer_stays_one_event)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer timer;
  int i;
  NAME (timer, &timer, "tick", 0.005, 0.005);
  ev_timer_start (loop, &timer);
  ev_set_invoke_pending_cb (loop, hooks_withhold);
  for (i = 0; i < 4; ++i)
    ev_run (loop, EVRUN_ONCE);
  CHECK (ev_pending_count (loop) == 1);
  t_trace_reset ();
  ev_invoke_pending (loop);
  CHECK_TRACE ("tick");
  ev_loop_destroy (loop);
}

static pthread_t hooks_other_thread;
static int hooks_in_other;

static void *
hooks_invoke_in_thread (void *arg)
{
  ev_invoke_pending (arg);
  return 0;
}

static void
hooks_invoke_elsewhere (EV_P)
{
  CHECK (!pthread_create (&hooks_other_thread, 0, hooks_invoke_in_thread, EV_A));
  CHECK (!pthread_join (hooks_other_thread, 0));
}

static void
hooks_where (EV_P_ ev_timer *w, int revents)
{
  hooks_in_other += !pthread_equal (pthread_self (), *(pthread_t *)w->data);
}

TEST (hooks_invoke_in_another_thread)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer timer;
  pthread_t self = pthread_self ();
  ev_timer_init (&timer, hooks_where, 0.01, 0.);
  timer.data = &self;
  ev_timer_start (loop, &timer);
  ev_set_invoke_pending_cb (loop, hooks_invoke_elsewhere);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_EQ (hooks_in_other, 1);
  ev_loop_destroy (loop);
}

static jmp_buf hooks_out;

static void
hooks_invoke_jumps (EV_P)
{
  longjmp (hooks_out, 1);
}

TEST (hooks_invoke_may_leave_by_longjmp)
{
  struct ev_loop *loop = t_loop (0);
  static ev_timer timer;
  NAME (timer, &timer, "timer", -1., 0.);
  ev_timer_start (loop, &timer);
  ev_set_invoke_pending_cb (loop, hooks_invoke_jumps);
  if (!setjmp (hooks_out))
    {
      ev_run (loop, 0);
      CHECK (0);
    }
  CHECK_EQ (ev_depth (loop), 1);
  ev_set_invoke_pending_cb (loop, ev_invoke_pending);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("timer");
  ev_loop_destroy (loop);
}

static void
hooks_invoke_feeds (EV_P)
{
  static int done;
  if (!done++)
    ev_feed_event (EV_A_ ev_userdata (EV_A), EV_CUSTOM);
  ev_invoke_pending (EV_A);
}

TEST (hooks_invoke_uses_userdata_and_may_feed)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer fed;
  NAME (timer, &fed, "fed", 0., 0.);
  ev_set_userdata (loop, &fed);
  ev_set_invoke_pending_cb (loop, hooks_invoke_feeds);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_TRACE ("fed");
  ev_loop_destroy (loop);
}

static void
hooks_nested_once (EV_P_ ev_timer *w, int revents)
{
  t_trace ("<");
  ev_run (EV_A_ EVRUN_NOWAIT);
  t_trace (">");
}

TEST (hooks_invoke_is_used_by_nested_runs)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer outer, other;
  ev_timer_init (&outer, hooks_nested_once, -2., 0.);
  ev_timer_start (loop, &outer);
  NAME (timer, &other, "other", -1., 0.);
  ev_timer_start (loop, &other);
  ev_set_invoke_pending_cb (loop, hooks_invoke);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_TRACE ("invoke-0 invoke-2 < invoke-1 other invoke-0 >");
  ev_loop_destroy (loop);
}

TEST (hooks_invoke_belongs_to_one_loop)
{
  struct ev_loop *first = t_loop (0), *second = t_loop (0);
  ev_set_invoke_pending_cb (first, hooks_invoke);
  ev_run (second, EVRUN_NOWAIT);
  CHECK_TRACE ("");
  ev_run (first, EVRUN_NOWAIT);
  CHECK_TRACE ("invoke-0 invoke-0");
  ev_loop_destroy (first);
  ev_loop_destroy (second);
}

/* Release and acquire */

static int hooks_released, hooks_acquired, hooks_wrong;
static struct ev_loop *hooks_loop;

static void
hooks_release (EV_P)
{
  hooks_wrong += hooks_released != hooks_acquired || EV_A != hooks_loop;
  ++hooks_released;
}

static void
hooks_acquire (EV_P)
{
  ++hooks_acquired;
  hooks_wrong += hooks_released != hooks_acquired || EV_A != hooks_loop;
}

static void
hooks_check_unlocked (EV_P_ ev_check *w, int revents)
{
  hooks_wrong += hooks_released != hooks_acquired;
}

TEST (hooks_release_and_acquire_once_per_iteration, .backends = T_SELECT | T_POLL | T_EPOLL)
{
  struct ev_loop *loop = hooks_loop = t_loop (0);
  ev_timer timer;
  ev_check check;
  ev_check_init (&check, hooks_check_unlocked);
  ev_check_start (loop, &check);
  NAME (timer, &timer, "timer", 0.01, 0.);
  ev_set_loop_release_cb (loop, hooks_release, hooks_acquire);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_EQ (hooks_released, 1);
  CHECK_EQ (hooks_acquired, 1);
  ev_timer_start (loop, &timer);
  while (ev_is_active (&timer))
    ev_run (loop, EVRUN_ONCE);
  CHECK_EQ (hooks_released, ev_iteration (loop));
  CHECK_EQ (hooks_acquired, ev_iteration (loop));
  CHECK_EQ (hooks_wrong, 0);
  ev_loop_destroy (loop);
  CHECK_EQ (hooks_released, hooks_acquired);
}

TEST (hooks_come_in_pairs_around_each_wait)
{
  struct ev_loop *loop = hooks_loop = t_loop (0);
  ev_timer timer;
  ev_check check;
  int i;
  ev_check_init (&check, hooks_check_unlocked);
  ev_check_start (loop, &check);
  NAME (timer, &timer, "tick", 0.01, 0.01);
  ev_timer_start (loop, &timer);
  ev_set_loop_release_cb (loop, hooks_release, hooks_acquire);
  for (i = 0; i < 5; ++i)
    ev_run (loop, EVRUN_ONCE);
  CHECK (hooks_released >= 1);
  CHECK_EQ (hooks_released, hooks_acquired);
  CHECK_EQ (hooks_wrong, 0);
  ev_loop_destroy (loop);
}

TEST (hooks_either_may_be_null)
{
  struct ev_loop *loop = hooks_loop = t_loop (0);
  ev_timer timer;
  NAME (timer, &timer, "tick", 0.2, 0.2); /* not due before the run begins: a ring back-end calls the hooks only when it waits */
  ev_set_loop_release_cb (loop, hooks_release, 0);
  ev_now_update (loop);
  ev_timer_again (loop, &timer);
  ev_run (loop, EVRUN_ONCE);
  CHECK (hooks_released >= 1);
  CHECK_EQ (hooks_acquired, 0);
  hooks_released = 0;
  ev_set_loop_release_cb (loop, 0, hooks_acquire);
  ev_now_update (loop);
  ev_timer_again (loop, &timer);
  ev_run (loop, EVRUN_ONCE);
  CHECK_EQ (hooks_released, 0);
  CHECK (hooks_acquired >= 1);
  hooks_acquired = 0;
  ev_set_loop_release_cb (loop, 0, 0);
  ev_now_update (loop);
  ev_timer_again (loop, &timer);
  ev_run (loop, EVRUN_ONCE);
  CHECK_EQ (hooks_released + hooks_acquired, 0);
  ev_loop_destroy (loop);
}

static double hooks_release_time, hooks_acquire_time, hooks_longest;

static void
hooks_release_clock (EV_P)
{
  hooks_release_time = t_clock ();
}

static void
hooks_acquire_clock (EV_P)
{
  hooks_acquire_time = t_clock ();
  hooks_longest = fmax (hooks_longest, hooks_acquire_time - hooks_release_time);
}

TEST (hooks_enclose_the_wait)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer timer;
  NAME (timer, &timer, "timer", 0.3, 0.);
  ev_now_update (loop);
  ev_timer_start (loop, &timer);
  ev_set_loop_release_cb (loop, hooks_release_clock, hooks_acquire_clock);
  ev_run (loop, 0);
  CHECK_BETWEEN (hooks_longest, 0.05, 20.);
  ev_loop_destroy (loop);
}

static void
hooks_io (EV_P_ ev_io *w, int revents)
{
}

TEST (hooks_do_not_enclose_the_collect_sleep, .backends = T_SELECT | T_POLL | T_EPOLL)
{
  double start = t_clock ();
  struct ev_loop *loop = t_loop (0);
  ev_io io;
  int fd[2];
  t_pipe (fd);
  ev_io_init (&io, hooks_io, fd[1], EV_WRITE);
  ev_io_start (loop, &io);
  ev_set_io_collect_interval (loop, 0.2);
  ev_set_loop_release_cb (loop, hooks_release_clock, hooks_acquire_clock);
  ev_run (loop, EVRUN_ONCE);
  CHECK (hooks_release_time - start >= 0.19);
  ev_loop_destroy (loop);
}

static void
hooks_release_starts_timer (EV_P)
{
  ev_timer *w = ev_userdata (EV_A);
  if (!ev_is_active (w))
    ev_timer_start (EV_A_ w);
}

TEST (hooks_timer_started_between_them_does_not_shorten_the_wait)
{
  double start = t_clock ();
  struct ev_loop *loop = t_loop (0);
  ev_timer timer, between;
  NAME (timer, &timer, "timer", 0.1, 0.);
  ev_timer_start (loop, &timer);
  NAME (timer, &between, "between", 0., 0.);
  ev_set_userdata (loop, &between);
  ev_set_loop_release_cb (loop, hooks_release_starts_timer, 0);
  ev_run (loop, EVRUN_ONCE);
  CHECK_BETWEEN (t_clock () - start, 0.09, 20.);
  CHECK_TRACE ("between timer");
  ev_loop_destroy (loop);
}

/* The scheme of a loop shared by threads: a mutex that is free only while the loop waits. */

static pthread_mutex_t hooks_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct ev_loop *hooks_shared;
static ev_async hooks_wake;
static int hooks_job_calls;

static void
hooks_unlock (EV_P)
{
  CHECK (!pthread_mutex_unlock (ev_userdata (EV_A)));
}

static void
hooks_lock (EV_P)
{
  CHECK (!pthread_mutex_lock (ev_userdata (EV_A)));
}

static void *
hooks_run_shared (void *arg)
{
  hooks_lock (hooks_shared);
  ev_run (hooks_shared, 0);
  hooks_unlock (hooks_shared);
  return 0;
}

static void
hooks_job (EV_P_ ev_timer *w, int revents)
{
  ++hooks_job_calls;
}

static void
hooks_on_wake (EV_P_ ev_async *w, int revents)
{
}

enum { HOOKS_JOBS = 200 };

TEST (hooks_threads_share_a_loop)
{
  struct ev_loop *loop = hooks_shared = t_loop (0);
  static ev_timer job[HOOKS_JOBS];
  pthread_t thread;
  int i, done;
  ev_set_userdata (loop, &hooks_mutex);
  ev_set_loop_release_cb (loop, hooks_unlock, hooks_lock);
  ev_async_init (&hooks_wake, hooks_on_wake);
  ev_async_start (loop, &hooks_wake);
  CHECK (!pthread_create (&thread, 0, hooks_run_shared, 0));
  for (i = 0; i < HOOKS_JOBS; ++i)
    {
      hooks_lock (loop);
      ev_timer_init (job + i, hooks_job, 0., 0.);
      ev_timer_start (loop, job + i);
      ev_async_send (loop, &hooks_wake);
      hooks_unlock (loop);
    }
  do
    {
      t_nap (0.001);
      hooks_lock (loop);
      done = hooks_job_calls;
      hooks_unlock (loop);
    }
  while (done < HOOKS_JOBS);
  hooks_lock (loop);
  ev_unref (loop); /* nothing keeps it alive any more */
  ev_async_send (loop, &hooks_wake);
  hooks_unlock (loop);
  CHECK (!pthread_join (thread, 0));
  CHECK_EQ (hooks_job_calls, HOOKS_JOBS);
  ev_loop_destroy (loop);
}

static void
hooks_break_on_wake (EV_P_ ev_async *w, int revents)
{
  ev_break (EV_A_ EVBREAK_ALL);
}

TEST (hooks_async_from_another_thread_ends_the_wait)
{
  struct ev_loop *loop = hooks_shared = t_loop (0);
  pthread_t thread;
  ev_set_userdata (loop, &hooks_mutex);
  ev_set_loop_release_cb (loop, hooks_unlock, hooks_lock);
  ev_async_init (&hooks_wake, hooks_break_on_wake);
  ev_async_start (loop, &hooks_wake);
  CHECK (!pthread_create (&thread, 0, hooks_run_shared, 0));
  t_nap (0.02);
  ev_async_send (loop, &hooks_wake);
  CHECK (!pthread_join (thread, 0));
  CHECK (ev_is_active (&hooks_wake));
  ev_loop_destroy (loop);
}

static void
hooks_send_on_release (EV_P)
{
  ev_async_send (EV_A_ ev_userdata (EV_A));
}

TEST (hooks_wakeup_sent_in_release_ends_the_wait)
{
  struct ev_loop *loop = t_loop (0);
  ev_async async;
  double start = t_clock ();
  NAME (async, &async, "async");
  ev_async_start (loop, &async);
  ev_set_userdata (loop, &async);
  ev_set_loop_release_cb (loop, hooks_send_on_release, 0);
  ev_run (loop, EVRUN_ONCE);
  CHECK_TRACE ("async");
  CHECK_BETWEEN (t_clock () - start, 0., 20.);
  ev_loop_destroy (loop);
}

static void
hooks_run_recursively (EV_P)
{
  ev_run (EV_A_ EVRUN_NOWAIT);
}

static void
hooks_recurse (void *arg)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer timer;
  NAME (timer, &timer, "timer", 0.3, 0.);
  ev_timer_start (loop, &timer);
  ev_set_loop_release_cb (loop, arg ? hooks_run_recursively : 0, arg ? 0 : hooks_run_recursively);
  ev_run (loop, 0);
}

TEST (hooks_run_in_release_or_acquire_aborts)
{
  t_expect_abort (hooks_recurse, 0, "libev: ");
  t_expect_abort (hooks_recurse, "release", "libev: ");
}
