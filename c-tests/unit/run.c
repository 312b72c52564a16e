/* ev_run: one iteration step by step, when it waits, when it ends, what it returns, and breaks in every position. */
#define _GNU_SOURCE
#include "t.h"
#include "named.h"

#include <sys/time.h>

T_NAMED (timer)
T_NAMED (periodic)
T_NAMED (io)
T_NAMED (prepare)
T_NAMED (check)
T_NAMED (idle)
T_NAMED (fork)
T_NAMED (async)
T_NAMED (signal)
T_NAMED (child)
T_NAMED (stat)
T_NAMED (embed)
T_NAMED (cleanup)

static double
run_seconds (struct ev_loop *loop, int flags)
{
  double start = t_clock ();
  ev_run (loop, flags);
  return t_clock () - start;
}

/* The return value */

TEST (run_returns_zero_for_an_empty_loop)
{
  struct ev_loop *loop = t_loop (0);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_EQ (ev_run (loop, EVRUN_ONCE), 0);
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 0);
  ev_loop_destroy (loop);
}

TEST (run_returns_the_exact_number_of_active_watchers)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer timer[5];
  int i;
  for (i = 0; i < 5; ++i)
    {
      NAME (timer, timer + i, "timer", 100., 0.);
      ev_timer_start (loop, timer + i);
      CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), i + 1);
    }
  ev_ref (loop);
  ev_ref (loop);
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 7);
  ev_unref (loop);
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 6);
  ev_unref (loop);
  for (i = 0; i < 5; ++i)
    {
      ev_timer_stop (loop, timer + i);
      CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 4 - i);
    }
  ev_loop_destroy (loop);
}

#define RUN_COUNTS(type, want, ...) \
  do { ev_##type w; NAME (type, &w, #type __VA_OPT__ (,) __VA_ARGS__); ev_##type##_start (loop, &w); \
       CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), want); ev_##type##_stop (loop, &w); CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 0); } while (0)

TEST (run_counts_each_type_of_watcher)
{
  struct ev_loop *loop = t_default_loop (0);
  int fd[2];
  t_pipe (fd);
  RUN_COUNTS (timer, 1, 100., 0.);
  RUN_COUNTS (periodic, 1, 0., 1e6, 0);
  RUN_COUNTS (io, 1, fd[0], EV_READ);
  RUN_COUNTS (prepare, 1);
  RUN_COUNTS (check, 1);
  RUN_COUNTS (idle, 1);
  RUN_COUNTS (fork, 1);
  RUN_COUNTS (async, 1);
  RUN_COUNTS (signal, 1, SIGUSR1);
  RUN_COUNTS (child, 1, 0, 0);
  RUN_COUNTS (stat, 1, t_tmpdir (), 0.);
  RUN_COUNTS (stat, 1, "/nonexistent", 0.);
  RUN_COUNTS (cleanup, 0);
  ev_loop_destroy (loop);
}

TEST (run_counts_an_embed_as_four)
{
  struct ev_loop *loop = t_loop (0), *inner = ev_loop_new (EVFLAG_NOENV | EVBACKEND_EPOLL);
  RUN_COUNTS (embed, 4, inner);
  ev_loop_destroy (loop);
  ev_loop_destroy (inner);
}

TEST (run_does_not_count_internal_watchers)
{
  struct ev_loop *loop = t_loop (EVFLAG_SIGNALFD);
  ev_async async;
  ev_signal signal;
  ev_periodic periodic;
  NAME (async, &async, "async");
  ev_async_start (loop, &async);
  NAME (signal, &signal, "signal", SIGUSR1);
  ev_signal_start (loop, &signal);
  NAME (periodic, &periodic, "periodic", 0., 1e6, 0);
  ev_periodic_start (loop, &periodic);
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 3);
  ev_async_stop (loop, &async);
  ev_signal_stop (loop, &signal);
  ev_periodic_stop (loop, &periodic);
  CHECK_EQ (ev_run (loop, 0), 0);
  ev_loop_destroy (loop);
}

TEST (run_starting_twice_counts_once)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer timer;
  ev_io io;
  int fd[2];
  t_pipe (fd);
  NAME (timer, &timer, "timer", 100., 0.);
  ev_timer_start (loop, &timer);
  ev_timer_start (loop, &timer);
  NAME (io, &io, "io", fd[0], EV_READ);
  ev_io_start (loop, &io);
  ev_io_start (loop, &io);
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 2);
  ev_timer_stop (loop, &timer);
  ev_timer_stop (loop, &timer);
  ev_io_stop (loop, &io);
  ev_io_stop (loop, &io);
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 0);
  ev_loop_destroy (loop);
}

/* Iterations and depth */

TEST (run_empty_loop_is_one_iteration)
{
  struct ev_loop *loop = t_loop (0);
  CHECK_EQ (ev_iteration (loop), 0);
  ev_run (loop, 0);
  CHECK_EQ (ev_iteration (loop), 1);
  ev_run (loop, EVRUN_ONCE);
  CHECK_EQ (ev_iteration (loop), 2);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_EQ (ev_iteration (loop), 3);
  ev_run (loop, EVRUN_NOWAIT | EVRUN_ONCE);
  CHECK_EQ (ev_iteration (loop), 4);
  ev_loop_destroy (loop);
}

static void
run_prepare_iteration (EV_P_ ev_prepare *w, int revents)
{
  t_trace ("prepare %u", ev_iteration (EV_A));
}

static void
run_check_iteration (EV_P_ ev_check *w, int revents)
{
  t_trace ("check %u", ev_iteration (EV_A));
}

TEST (run_iteration_ticks_between_prepare_and_check)
{
  struct ev_loop *loop = t_loop (0);
  ev_prepare prepare;
  ev_check check;
  ev_prepare_init (&prepare, run_prepare_iteration);
  ev_prepare_start (loop, &prepare);
  ev_check_init (&check, run_check_iteration);
  ev_check_start (loop, &check);
  ev_run (loop, EVRUN_NOWAIT);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_TRACE ("prepare 0 check 1 prepare 1 check 2");
  ev_loop_destroy (loop);
}

static void
run_timer_depth (EV_P_ ev_timer *w, int revents)
{
  t_trace ("%s at %u", (char *)w->data, ev_depth (EV_A));
}

TEST (run_depth_is_one_in_callbacks)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer timer;
  CHECK_EQ (ev_depth (loop), 0);
  ev_timer_init (&timer, run_timer_depth, 0., 0.);
  timer.data = "timer";
  ev_timer_start (loop, &timer);
  ev_run (loop, 0);
  CHECK_EQ (ev_depth (loop), 0);
  ev_feed_event (loop, &timer, EV_TIMER);
  ev_run (loop, 0);
  timer.data = "outside";
  ev_invoke (loop, &timer, 0);
  ev_feed_event (loop, &timer, EV_TIMER);
  ev_invoke_pending (loop);
  CHECK_TRACE ("timer at 1 timer at 1 outside at 0 outside at 0");
  CHECK_EQ (ev_depth (loop), 0);
  ev_loop_destroy (loop);
}

/* Waiting */

TEST (run_nowait_does_not_wait)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer timer;
  NAME (timer, &timer, "timer", 100., 0.);
  ev_timer_start (loop, &timer);
  CHECK_BETWEEN (run_seconds (loop, EVRUN_NOWAIT), 0., 20.);
  CHECK_BETWEEN (run_seconds (loop, EVRUN_NOWAIT | EVRUN_ONCE), 0., 20.);
  CHECK_EQ (ev_iteration (loop), 2);
  CHECK_TRACE ("");
  ev_loop_destroy (loop);
}

TEST (run_once_waits_for_one_event)
{
  double start = t_clock ();
  struct ev_loop *loop = t_loop (0);
  ev_timer timer, later;
  NAME (timer, &timer, "timer", 0.05, 0.);
  ev_timer_start (loop, &timer);
  NAME (timer, &later, "later", 100., 0.);
  ev_timer_start (loop, &later);
  ev_run (loop, EVRUN_ONCE);
  CHECK_BETWEEN (t_clock () - start, 0.045, 20.);
  CHECK_TRACE ("timer");
  ev_loop_destroy (loop);
}

static void
run_drain (EV_P_ ev_io *w, int revents)
{
  t_trace ("%s %x", (char *)w->data, (unsigned)revents);
  t_drain (w->fd);
}

TEST (run_once_handles_io_and_returns)
{
  struct ev_loop *loop = t_loop (0);
  ev_io io;
  int fd[2];
  t_pipe (fd);
  ev_io_init (&io, run_drain, fd[0], EV_READ);
  io.data = "io";
  ev_io_start (loop, &io);
  t_write (fd[1], "x");
  CHECK_EQ (ev_run (loop, EVRUN_ONCE), 1);
  CHECK_TRACE ("io 1");
  ev_loop_destroy (loop);
}

TEST (run_without_active_watchers_does_not_wait)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer timer;
  NAME (timer, &timer, "timer", 100., 0.);
  ev_timer_start (loop, &timer);
  ev_unref (loop);
  CHECK_BETWEEN (run_seconds (loop, 0), 0., 20.);
  CHECK_BETWEEN (run_seconds (loop, EVRUN_ONCE), 0., 20.);
  CHECK_EQ (ev_iteration (loop), 2);
  ev_ref (loop);
  ev_timer_stop (loop, &timer);
  ev_loop_destroy (loop);
}

TEST (run_with_an_idle_watcher_does_not_wait)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer timer;
  ev_idle idle;
  NAME (timer, &timer, "timer", 100., 0.);
  ev_timer_start (loop, &timer);
  NAME (idle, &idle, "idle");
  ev_set_priority (&idle, -2);
  ev_idle_start (loop, &idle);
  CHECK_BETWEEN (run_seconds (loop, EVRUN_ONCE), 0., 20.);
  CHECK_BETWEEN (run_seconds (loop, EVRUN_ONCE), 0., 20.);
  CHECK_TRACE ("idle idle");
  ev_loop_destroy (loop);
}

static void
run_prepare_starts_idle (EV_P_ ev_prepare *w, int revents)
{
  t_trace ("prepare");
  ev_idle_start (EV_A_ (ev_idle *)w->data);
}

TEST (run_idle_started_by_prepare_prevents_the_wait)
{
  struct ev_loop *loop = t_loop (0);
  ev_prepare prepare;
  ev_idle idle;
  ev_prepare_init (&prepare, run_prepare_starts_idle);
  prepare.data = &idle;
  ev_prepare_start (loop, &prepare);
  NAME (idle, &idle, "idle");
  CHECK_BETWEEN (run_seconds (loop, EVRUN_ONCE), 0., 20.);
  CHECK_TRACE ("prepare idle");
  ev_loop_destroy (loop);
}

static void
run_prepare_sends (EV_P_ ev_prepare *w, int revents)
{
  t_trace ("prepare");
  ev_async_send (EV_A_ (ev_async *)w->data);
}

TEST (run_wakeup_sent_in_prepare_prevents_the_wait)
{
  struct ev_loop *loop = t_loop (0);
  ev_prepare prepare;
  ev_async async;
  NAME (async, &async, "async");
  ev_async_start (loop, &async);
  ev_prepare_init (&prepare, run_prepare_sends);
  prepare.data = &async;
  ev_prepare_start (loop, &prepare);
  CHECK_BETWEEN (run_seconds (loop, EVRUN_ONCE), 0., 20.);
  CHECK_TRACE ("prepare async");
  ev_loop_destroy (loop);
}

static void
run_prepare_raises (EV_P_ ev_prepare *w, int revents)
{
  t_trace ("prepare");
  raise (SIGUSR1);
}

TEST (run_signal_raised_in_prepare_prevents_the_wait)
{
  struct ev_loop *loop = t_loop (0);
  ev_prepare prepare;
  ev_signal signal;
  NAME (signal, &signal, "signal", SIGUSR1);
  ev_signal_start (loop, &signal);
  ev_prepare_init (&prepare, run_prepare_raises);
  ev_prepare_start (loop, &prepare);
  CHECK_BETWEEN (run_seconds (loop, EVRUN_ONCE), 0., 20.);
  CHECK_TRACE ("prepare signal");
  ev_signal_stop (loop, &signal);
  ev_loop_destroy (loop);
}

TEST (run_wakeup_sent_before_the_run_is_not_lost)
{
  struct ev_loop *loop = t_loop (0);
  ev_async async;
  NAME (async, &async, "async");
  ev_async_start (loop, &async);
  ev_async_send (loop, &async);
  CHECK_BETWEEN (run_seconds (loop, EVRUN_ONCE), 0., 20.);
  CHECK_TRACE ("async");
  ev_loop_destroy (loop);
}

static volatile sig_atomic_t run_alarms;

static void
run_on_alarm (int signum)
{
  ++run_alarms;
}

/* SIGALRM every 20 ms, to a handler that is not the library's. */
static void
run_alarm_clock (int flags)
{
  struct sigaction action;
  struct itimerval every = { { 0, 20000 }, { 0, 20000 } };
  memset (&action, 0, sizeof action);
  action.sa_handler = run_on_alarm;
  action.sa_flags = flags;
  CHECK (!sigaction (SIGALRM, &action, 0));
  CHECK (!setitimer (ITIMER_REAL, &every, 0));
}

TEST (run_interrupted_wait_is_an_iteration_without_events)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer timer;
  ev_check check;
  NAME (timer, &timer, "timer", 100., 0.);
  ev_timer_start (loop, &timer);
  NAME (check, &check, "check");
  ev_check_start (loop, &check);
  run_alarm_clock (0);
  CHECK_BETWEEN (run_seconds (loop, EVRUN_ONCE), 0., 50.);
  CHECK (run_alarms > 0);
  CHECK_EQ (ev_iteration (loop), 1);
  CHECK_TRACE ("check");
  ev_loop_destroy (loop);
}

TEST (run_interrupted_wait_with_restart_too)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer timer;
  NAME (timer, &timer, "timer", 100., 0.);
  ev_timer_start (loop, &timer);
  run_alarm_clock (SA_RESTART);
  CHECK_BETWEEN (run_seconds (loop, EVRUN_ONCE), 0., 50.);
  CHECK (run_alarms > 0);
  CHECK_EQ (ev_iteration (loop), 1);
  CHECK_TRACE ("");
  ev_loop_destroy (loop);
}

TEST (run_survives_many_interruptions)
{
  double start = t_clock ();
  struct ev_loop *loop = t_loop (0);
  ev_timer timer;
  NAME (timer, &timer, "timer", 0.3, 0.);
  ev_timer_start (loop, &timer);
  run_alarm_clock (0);
  ev_run (loop, 0);
  CHECK_BETWEEN (t_clock () - start, 0.29, 20.);
  CHECK (run_alarms > 0);
  CHECK_TRACE ("timer");
  ev_loop_destroy (loop);
}

/* ref and unref */

static void
run_timer_unrefs (EV_P_ ev_timer *w, int revents)
{
  t_trace ("unref");
  ev_unref (EV_A);
}

TEST (run_ref_keeps_it_alive)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer timer;
  ev_ref (loop);
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 1);
  ev_timer_init (&timer, run_timer_unrefs, 0.01, 0.01);
  ev_timer_start (loop, &timer);
  ev_ref (loop);
  CHECK_EQ (ev_run (loop, 0), 0); /* three references, three calls */
  CHECK_TRACE ("unref unref unref");
  ev_ref (loop);
  ev_timer_stop (loop, &timer);
  ev_loop_destroy (loop);
}

TEST (run_unreffed_watcher_keeps_nothing_alive)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer recurring, last;
  NAME (timer, &recurring, "tick", 0.01, 0.01);
  ev_timer_start (loop, &recurring);
  ev_unref (loop);
  CHECK_EQ (ev_run (loop, 0), 0);
  NAME (timer, &last, "last", 0.035, 0.);
  ev_now_update (loop);
  ev_timer_start (loop, &last);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK (strstr (t_traced (), "tick")); /* it is still served */
  CHECK (strstr (t_traced (), "last"));
  ev_ref (loop);
  ev_timer_stop (loop, &recurring);
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 0);
  ev_loop_destroy (loop);
}

/* The order of an iteration */

TEST (run_order_of_an_iteration)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer fed, timer[2];
  ev_periodic periodic[2];
  ev_io io;
  ev_prepare prepare;
  ev_check check;
  ev_fork fork;
  ev_async async;
  ev_signal signal;
  ev_idle idle;
  int fd[2];
  t_pipe (fd);
  NAME (timer, &fed, "fed", 0., 0.);
  NAME (timer, timer + 0, "timer-1", -1., 0.);
  ev_timer_start (loop, timer + 0);
  NAME (timer, timer + 1, "timer-2", -2., 0.);
  ev_timer_start (loop, timer + 1);
  NAME (periodic, periodic + 0, "periodic-1", ev_now (loop) - 1., 0., 0);
  ev_periodic_start (loop, periodic + 0);
  NAME (periodic, periodic + 1, "periodic-2", ev_now (loop) - 2., 0., 0);
  ev_periodic_start (loop, periodic + 1);
  NAME (io, &io, "io", fd[1], EV_WRITE);
  ev_io_start (loop, &io);
  NAME (prepare, &prepare, "prepare");
  ev_prepare_start (loop, &prepare);
  NAME (check, &check, "check");
  ev_check_start (loop, &check);
  NAME (fork, &fork, "fork");
  ev_fork_start (loop, &fork);
  NAME (async, &async, "async");
  ev_async_start (loop, &async);
  NAME (signal, &signal, "signal", SIGUSR1);
  ev_signal_start (loop, &signal);
  NAME (idle, &idle, "idle"); /* not called: others of its priority are pending */
  ev_idle_start (loop, &idle);
  ev_feed_event (loop, &fed, EV_CUSTOM);
  ev_loop_fork (loop);
  ev_async_send (loop, &async);
  raise (SIGUSR1);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_TRACE ("fed fork prepare async signal check periodic-2 periodic-1 timer-2 timer-1 io");
  ev_signal_stop (loop, &signal);
  ev_loop_destroy (loop);
}

TEST (run_check_comes_before_idle)
{
  struct ev_loop *loop = t_loop (0);
  ev_check check;
  ev_idle idle;
  NAME (check, &check, "check");
  ev_check_start (loop, &check);
  NAME (idle, &idle, "idle");
  ev_idle_start (loop, &idle);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_TRACE ("check idle");
  ev_loop_destroy (loop);
}

TEST (run_priority_beats_the_order_of_an_iteration)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer timer;
  ev_io io;
  ev_check check;
  ev_idle idle, low;
  int fd[2];
  t_pipe (fd);
  NAME (io, &io, "io", fd[1], EV_WRITE);
  ev_set_priority (&io, 2);
  ev_io_start (loop, &io);
  NAME (timer, &timer, "timer", -1., 0.);
  ev_set_priority (&timer, 1);
  ev_timer_start (loop, &timer);
  NAME (check, &check, "check");
  ev_set_priority (&check, -2);
  ev_check_start (loop, &check);
  NAME (idle, &idle, "idle");
  ev_idle_start (loop, &idle);
  NAME (idle, &low, "low");
  ev_set_priority (&low, -1);
  ev_idle_start (loop, &low);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_TRACE ("io timer check");
  t_trace_reset ();
  ev_io_stop (loop, &io);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_TRACE ("idle check");
  ev_loop_destroy (loop);
}

TEST (run_timers_by_their_time)
{
  struct ev_loop *loop = t_loop (0);
  static const char *const names[] = { "5", "2", "7", "1", "6", "3", "4" };
  ev_timer timer[7];
  ev_periodic periodic[7];
  int i;
  for (i = 0; i < 7; ++i)
    {
      NAME (timer, timer + i, names[i], -10. + atoi (names[i]), 0.);
      ev_timer_start (loop, timer + i);
      NAME (periodic, periodic + i, names[i], ev_now (loop) - 10. + atoi (names[i]), 0., 0);
      ev_periodic_start (loop, periodic + i);
    }
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_TRACE ("1 2 3 4 5 6 7 1 2 3 4 5 6 7");
  ev_loop_destroy (loop);
}

TEST (run_hooks_newest_first)
{
  struct ev_loop *loop = t_loop (0);
  static const char *const names[] = { "a", "b", "c" };
  ev_prepare prepare[3];
  ev_check check[3];
  ev_idle idle[3];
  ev_fork fork[3];
  int i;
  for (i = 0; i < 3; ++i)
    {
      NAME (prepare, prepare + i, names[i]);
      ev_prepare_start (loop, prepare + i);
      NAME (check, check + i, names[i]);
      ev_check_start (loop, check + i);
      NAME (idle, idle + i, names[i]);
      ev_idle_start (loop, idle + i);
      NAME (fork, fork + i, names[i]);
      ev_fork_start (loop, fork + i);
    }
  ev_loop_fork (loop);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_TRACE ("c b a c b a c b a c b a");
  ev_loop_destroy (loop);
}

TEST (run_event_bits_of_each_type, .once = 1)
{
  CHECK_EQ (EV_TIMER, 0x100);
  CHECK_EQ (EV_PERIODIC, 0x200);
  CHECK_EQ (EV_SIGNAL, 0x400);
  CHECK_EQ (EV_CHILD, 0x800);
  CHECK_EQ (EV_STAT, 0x1000);
  CHECK_EQ (EV_IDLE, 0x2000);
  CHECK_EQ (EV_PREPARE, 0x4000);
  CHECK_EQ (EV_CHECK, 0x8000);
  CHECK_EQ (EV_EMBED, 0x10000);
  CHECK_EQ (EV_FORK, 0x20000);
  CHECK_EQ (EV_CLEANUP, 0x40000);
  CHECK_EQ (EV_ASYNC, 0x80000);
  CHECK_EQ (EV_CUSTOM, 0x1000000);
}

static void
run_any_bits (EV_P_ ev_prepare *w, int revents)
{
  t_trace ("%x", (unsigned)revents);
}

TEST (run_hooks_get_their_own_bit)
{
  struct ev_loop *loop = t_loop (0);
  ev_prepare prepare;
  ev_check check;
  ev_idle idle;
  ev_fork fork;
  ev_prepare_init (&prepare, run_any_bits);
  ev_prepare_start (loop, &prepare);
  ev_check_init (&check, (void (*) (EV_P_ ev_check *, int))run_any_bits);
  ev_check_start (loop, &check);
  ev_idle_init (&idle, (void (*) (EV_P_ ev_idle *, int))run_any_bits);
  ev_idle_start (loop, &idle);
  ev_fork_init (&fork, (void (*) (EV_P_ ev_fork *, int))run_any_bits);
  ev_fork_start (loop, &fork);
  ev_loop_fork (loop);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_TRACE ("20000 4000 8000 2000");
  ev_loop_destroy (loop);
}

/* Fork requests */

TEST (run_fork_watchers_only_after_a_request)
{
  struct ev_loop *loop = t_loop (0);
  ev_fork fork;
  ev_prepare prepare;
  NAME (fork, &fork, "fork");
  ev_fork_start (loop, &fork);
  NAME (prepare, &prepare, "prepare");
  ev_prepare_start (loop, &prepare);
  ev_run (loop, EVRUN_NOWAIT);
  ev_loop_fork (loop);
  ev_loop_fork (loop);
  ev_run (loop, EVRUN_NOWAIT);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_TRACE ("prepare fork prepare prepare");
  ev_loop_destroy (loop);
}

static void
run_prepare_forks (EV_P_ ev_prepare *w, int revents)
{
  t_trace ("prepare");
  ev_loop_fork (EV_A);
  ev_prepare_stop (EV_A_ w);
}

TEST (run_fork_request_in_prepare_calls_no_fork_watchers)
{
  struct ev_loop *loop = t_loop (0);
  ev_fork fork;
  ev_prepare prepare;
  ev_io io;
  int fd[2];
  t_pipe (fd);
  NAME (fork, &fork, "fork");
  ev_fork_start (loop, &fork);
  ev_prepare_init (&prepare, run_prepare_forks);
  ev_prepare_start (loop, &prepare);
  ev_io_init (&io, run_drain, fd[0], EV_READ);
  io.data = "io";
  ev_io_start (loop, &io);
  ev_run (loop, EVRUN_NOWAIT);
  t_write (fd[1], "x");
  ev_run (loop, EVRUN_ONCE);
  CHECK_TRACE ("prepare io 1");
  ev_loop_destroy (loop);
}

static void
run_fork_breaks (EV_P_ ev_fork *w, int revents)
{
  t_trace ("fork");
  if (w->data)
    ev_break (EV_A_ EVBREAK_ONE);
  w->data = 0;
}

TEST (run_break_before_the_rebuild_keeps_the_fork_request)
{
  struct ev_loop *loop = t_loop (0);
  ev_fork fork;
  ev_prepare prepare;
  ev_check check;
  ev_fork_init (&fork, run_fork_breaks);
  fork.data = loop;
  ev_fork_start (loop, &fork);
  NAME (prepare, &prepare, "prepare");
  ev_prepare_start (loop, &prepare);
  NAME (check, &check, "check");
  ev_check_start (loop, &check);
  ev_loop_fork (loop);
  CHECK_EQ (ev_run (loop, 0), 3);
  CHECK_TRACE ("fork prepare");
  CHECK_EQ (ev_iteration (loop), 0);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_TRACE ("fork prepare fork prepare check");
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_TRACE ("fork prepare fork prepare check prepare check");
  ev_loop_destroy (loop);
}

/* Breaks */

struct run_how
{
  int how;
  const char *name;
};

static struct run_how run_one = { EVBREAK_ONE, "one" }, run_all = { EVBREAK_ALL, "all" };

#define RUN_BREAKER(type) \
  static void break_##type (EV_P_ ev_##type *w, int revents) \
  { struct run_how *how = w->data; t_trace (#type "-%s", how->name); ev_break (EV_A_ how->how); }

RUN_BREAKER (timer)
RUN_BREAKER (io)
RUN_BREAKER (prepare)
RUN_BREAKER (check)
RUN_BREAKER (idle)
RUN_BREAKER (async)
RUN_BREAKER (signal)
RUN_BREAKER (periodic)

TEST (run_break_outside_has_no_effect)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer timer;
  ev_break (loop, EVBREAK_ONE);
  NAME (timer, &timer, "timer", 0.01, 0.);
  ev_timer_start (loop, &timer);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("timer");
  ev_break (loop, EVBREAK_ALL);
  ev_timer_set (&timer, 0.01, 0.);
  ev_timer_start (loop, &timer);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("timer timer");
  ev_loop_destroy (loop);
}

static void
run_break_in (void (*start) (struct ev_loop *, struct run_how *), const char *one, const char *all)
{
  struct ev_loop *loop;
  ev_timer far;
  NAME (timer, &far, "far", 100., 0.);

  loop = t_loop (0);
  ev_timer_start (loop, &far);
  start (loop, &run_one);
  CHECK (run_seconds (loop, 0) < 20.);
  CHECK_TRACE (one);
  CHECK_EQ (ev_depth (loop), 0);
  ev_timer_stop (loop, &far);
  ev_loop_destroy (loop);
  t_trace_reset ();

  loop = t_loop (0);
  ev_timer_start (loop, &far);
  start (loop, &run_all);
  CHECK (run_seconds (loop, 0) < 20.);
  CHECK_TRACE (all);
  CHECK_EQ (ev_depth (loop), 0);
  ev_timer_stop (loop, &far);
  ev_loop_destroy (loop);
}

#define RUN_BREAK_START(type, ...) \
  static void start_##type (struct ev_loop *loop, struct run_how *how) \
  { static ev_##type w; ev_##type##_init (&w, break_##type __VA_OPT__ (,) __VA_ARGS__); w.data = how; ev_##type##_start (loop, &w); }

static int run_pipe_for_break[2];

RUN_BREAK_START (timer, 0., 0.)
RUN_BREAK_START (io, run_pipe_for_break[1], EV_WRITE)
RUN_BREAK_START (check)
RUN_BREAK_START (idle)
RUN_BREAK_START (periodic, 1., 0., 0)

TEST (run_break_in_timer)
{
  run_break_in (start_timer, "timer-one", "timer-all");
}

TEST (run_break_in_periodic)
{
  run_break_in (start_periodic, "periodic-one", "periodic-all");
}

TEST (run_break_in_io)
{
  t_pipe (run_pipe_for_break);
  run_break_in (start_io, "io-one", "io-all");
}

static void
start_check_and_idle (struct ev_loop *loop, struct run_how *how)
{
  static ev_idle idle;
  start_check (loop, how);
  NAME (idle, &idle, "idle");
  ev_idle_start (loop, &idle);
}

TEST (run_break_in_check)
{
  run_break_in (start_check_and_idle, "check-one idle", "check-all idle");
}

TEST (run_break_in_idle)
{
  run_break_in (start_idle, "idle-one", "idle-all");
}

static void
start_async (struct ev_loop *loop, struct run_how *how)
{
  static ev_async w;
  ev_async_init (&w, break_async);
  w.data = how;
  ev_async_start (loop, &w);
  ev_async_send (loop, &w);
}

TEST (run_break_in_async)
{
  run_break_in (start_async, "async-one", "async-all");
}

TEST (run_break_in_signal)
{
  struct ev_loop *loop = t_loop (0);
  ev_signal w;
  ev_signal_init (&w, break_signal, SIGUSR1);
  w.data = &run_one;
  ev_signal_start (loop, &w);
  raise (SIGUSR1);
  CHECK_EQ (ev_run (loop, 0), 1);
  CHECK_TRACE ("signal-one");
  ev_signal_stop (loop, &w);
  ev_loop_destroy (loop);
}

TEST (run_break_in_prepare_skips_the_poll)
{
  struct ev_loop *loop = t_loop (0);
  ev_prepare first, breaker, last;
  ev_check check;
  ev_timer timer;
  NAME (prepare, &last, "last");
  ev_prepare_start (loop, &last);
  ev_prepare_init (&breaker, break_prepare);
  breaker.data = &run_one;
  ev_prepare_start (loop, &breaker);
  NAME (prepare, &first, "first");
  ev_prepare_start (loop, &first);
  NAME (check, &check, "check");
  ev_check_start (loop, &check);
  NAME (timer, &timer, "timer", -1., 0.);
  ev_timer_start (loop, &timer);
  CHECK_EQ (ev_run (loop, 0), 5);
  CHECK_TRACE ("first prepare-one last");
  CHECK_EQ (ev_iteration (loop), 0);
  ev_prepare_stop (loop, &breaker);
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 3);
  CHECK_TRACE ("first prepare-one last first last check timer");
  ev_loop_destroy (loop);
}

TEST (run_break_in_the_first_batch_still_prepares)
{
  struct ev_loop *loop = t_loop (0);
  ev_prepare prepare;
  ev_check check;
  ev_timer breaker, other;
  NAME (prepare, &prepare, "prepare");
  ev_prepare_start (loop, &prepare);
  NAME (check, &check, "check");
  ev_check_start (loop, &check);
  NAME (timer, &other, "other", 0., 0.);
  ev_timer_init (&breaker, break_timer, 0., 0.);
  breaker.data = &run_one;
  ev_feed_event (loop, &other, EV_TIMER);
  ev_feed_event (loop, &breaker, EV_TIMER);
  CHECK_EQ (ev_run (loop, 0), 2);
  CHECK_TRACE ("timer-one other prepare");
  CHECK_EQ (ev_iteration (loop), 0);
  ev_loop_destroy (loop);
}

TEST (run_break_in_fork_still_prepares)
{
  struct ev_loop *loop = t_loop (0);
  ev_fork first, second;
  ev_prepare prepare;
  NAME (fork, &second, "second");
  ev_fork_start (loop, &second);
  ev_fork_init (&first, run_fork_breaks);
  first.data = loop;
  ev_fork_start (loop, &first);
  NAME (prepare, &prepare, "prepare");
  ev_prepare_start (loop, &prepare);
  ev_loop_fork (loop);
  CHECK_EQ (ev_run (loop, 0), 3);
  CHECK_TRACE ("fork second prepare");
  CHECK_EQ (ev_iteration (loop), 0);
  ev_loop_destroy (loop);
}

TEST (run_break_finishes_the_batch)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer timer[3], breaker;
  int i;
  static const char *const names[] = { "a", "b", "c" };
  ev_timer_init (&breaker, break_timer, -10., 0.);
  breaker.data = &run_all;
  ev_timer_start (loop, &breaker);
  for (i = 0; i < 3; ++i)
    {
      NAME (timer, timer + i, names[i], -5. + i, 1000.);
      ev_timer_start (loop, timer + i);
    }
  CHECK_EQ (ev_run (loop, 0), 3);
  CHECK_TRACE ("timer-all a b c");
  ev_loop_destroy (loop);
}

static void
run_timer_breaks_and_cancels (EV_P_ ev_timer *w, int revents)
{
  t_trace ("cancelled");
  ev_break (EV_A_ EVBREAK_ALL);
  ev_break (EV_A_ EVBREAK_ONE);
  ev_break (EV_A_ EVBREAK_CANCEL);
}

TEST (run_break_can_be_cancelled_in_the_same_callback)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer timer, next;
  ev_timer_init (&timer, run_timer_breaks_and_cancels, 0., 0.);
  ev_timer_start (loop, &timer);
  NAME (timer, &next, "next", 0.25, 0.);
  ev_timer_start (loop, &next);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("cancelled next");
  ev_loop_destroy (loop);
}

TEST (run_break_can_be_cancelled_by_a_later_callback)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer breaker, canceller, next;
  struct run_how cancel = { EVBREAK_CANCEL, "cancel" };
  ev_timer_init (&breaker, break_timer, -2., 0.);
  breaker.data = &run_one;
  ev_timer_start (loop, &breaker);
  ev_timer_init (&canceller, break_timer, -1., 0.);
  canceller.data = &cancel;
  ev_timer_start (loop, &canceller);
  NAME (timer, &next, "next", 0.25, 0.);
  ev_timer_start (loop, &next);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("timer-one timer-cancel next");
  ev_loop_destroy (loop);
}

TEST (run_last_break_wins)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer first, second;
  ev_timer_init (&first, break_timer, -2., 100.);
  first.data = &run_all;
  ev_timer_start (loop, &first);
  ev_timer_init (&second, break_timer, -1., 100.);
  second.data = &run_one;
  ev_timer_start (loop, &second);
  CHECK_EQ (ev_run (loop, 0), 2);
  CHECK_TRACE ("timer-all timer-one");
  ev_loop_destroy (loop);
}

TEST (run_break_lasts_for_one_run)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer breaker, next;
  ev_timer_init (&breaker, break_timer, 0., 0.);
  breaker.data = &run_all;
  ev_timer_start (loop, &breaker);
  NAME (timer, &next, "next", 0.25, 0.);
  ev_timer_start (loop, &next);
  CHECK_EQ (ev_run (loop, 0), 1);
  CHECK_TRACE ("timer-all");
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("timer-all next");
  ev_loop_destroy (loop);
}

TEST (run_break_with_once_and_nowait)
{
  struct ev_loop *loop = t_loop (0);
  ev_check breaker;
  ev_timer timer;
  ev_check_init (&breaker, break_check);
  breaker.data = &run_one;
  ev_check_start (loop, &breaker);
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 1);
  NAME (timer, &timer, "timer", 0.01, 0.);
  ev_timer_start (loop, &timer);
  CHECK_EQ (ev_run (loop, EVRUN_ONCE), 1 + ev_is_active (&timer));
  CHECK_EQ (ev_iteration (loop), 2);
  ev_loop_destroy (loop);
}

static void
run_hook_breaks (EV_P)
{
  ev_break (EV_A_ EVBREAK_ONE);
}

TEST (run_break_in_the_release_callback,
      .ours_only = "a break from another thread (or a hook) while the loop waits is kept, as the manual has it")
{
  struct ev_loop *loop = t_loop (0);
  ev_timer timer, far;
  NAME (timer, &timer, "timer", 0.5, 0.); /* not due before the wait: linuxaio calls the hooks only when it waits */
  ev_timer_start (loop, &timer);
  NAME (timer, &far, "far", 100., 0.);
  ev_timer_start (loop, &far);
  ev_set_loop_release_cb (loop, run_hook_breaks, 0);
  ev_run (loop, 0);
  CHECK_EQ (ev_iteration (loop), 1);
  ev_loop_destroy (loop);
}

TEST (run_break_in_the_acquire_callback,
      .ours_only = "a break from another thread (or a hook) while the loop waits is kept, as the manual has it")
{
  struct ev_loop *loop = t_loop (0);
  ev_timer timer, far;
  NAME (timer, &timer, "timer", 0.5, 0.); /* not due before the wait: linuxaio calls the hooks only when it waits */
  ev_timer_start (loop, &timer);
  NAME (timer, &far, "far", 100., 0.);
  ev_timer_start (loop, &far);
  ev_set_loop_release_cb (loop, 0, run_hook_breaks);
  ev_run (loop, 0);
  CHECK_EQ (ev_iteration (loop), 1);
  ev_loop_destroy (loop);
}

static void
run_invoke_breaks (EV_P)
{
  if (ev_iteration (EV_A) >= 2)
    ev_break (EV_A_ EVBREAK_ALL);
  ev_invoke_pending (EV_A);
}

TEST (run_break_in_the_invoke_callback)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer timer;
  NAME (timer, &timer, "tick", 0.01, 0.01);
  ev_timer_start (loop, &timer);
  ev_set_invoke_pending_cb (loop, run_invoke_breaks);
  CHECK_EQ (ev_run (loop, 0), 1);
  CHECK_EQ (ev_iteration (loop), 2);
  ev_loop_destroy (loop);
}

/* Going on and ending */

TEST (run_goes_on_until_nothing_is_active)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer timer[3];
  int i;
  static const char *const names[] = { "a", "b", "c" };
  for (i = 0; i < 3; ++i)
    {
      NAME (timer, timer + i, names[i], 0.01 * (i + 1), 0.);
      ev_timer_start (loop, timer + i);
    }
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("a b c");
  CHECK_EQ (ev_pending_count (loop), 0);
  ev_loop_destroy (loop);
}

static void
run_timer_starts_next (EV_P_ ev_timer *w, int revents)
{
  ev_timer *next = w->data;
  t_trace ("first");
  ev_timer_start (EV_A_ next);
}

TEST (run_watcher_started_in_the_last_callback_counts)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer first, second;
  ev_timer_init (&first, run_timer_starts_next, 0.01, 0.);
  first.data = &second;
  NAME (timer, &second, "second", 0.01, 0.);
  ev_timer_start (loop, &first);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("first second");
  ev_loop_destroy (loop);
}

TEST (run_due_now_waits_for_the_next_iteration)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer first, second;
  ev_timer_init (&first, run_timer_starts_next, 0., 0.);
  first.data = &second;
  NAME (timer, &second, "second", -5., 0.);
  ev_timer_start (loop, &first);
  CHECK_EQ (ev_run (loop, EVRUN_ONCE), 1);
  CHECK_TRACE ("first");
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 0);
  CHECK_TRACE ("first second");
  ev_loop_destroy (loop);
}

static void
run_prepare_starts_io (EV_P_ ev_prepare *w, int revents)
{
  ev_io *io = w->data;
  t_trace ("prepare");
  ev_io_start (EV_A_ io);
  ev_prepare_stop (EV_A_ w);
}

TEST (run_io_started_in_prepare_is_polled_at_once)
{
  struct ev_loop *loop = t_loop (0);
  ev_prepare prepare;
  ev_io io;
  int fd[2];
  t_pipe (fd);
  NAME (io, &io, "io", fd[1], EV_WRITE);
  ev_prepare_init (&prepare, run_prepare_starts_io);
  prepare.data = &io;
  ev_prepare_start (loop, &prepare);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_TRACE ("prepare io");
  ev_loop_destroy (loop);
}

static void
run_prepare_feeds (EV_P_ ev_prepare *w, int revents)
{
  t_trace ("prepare");
  ev_feed_event (EV_A_ w->data, EV_CUSTOM);
}

TEST (run_event_fed_in_prepare_is_called_before_the_poll)
{
  struct ev_loop *loop = t_loop (0);
  ev_prepare prepare;
  ev_check check;
  ev_timer fed;
  NAME (timer, &fed, "fed", 0., 0.);
  ev_prepare_init (&prepare, run_prepare_feeds);
  prepare.data = &fed;
  ev_prepare_start (loop, &prepare);
  NAME (check, &check, "check");
  ev_check_start (loop, &check);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_TRACE ("prepare fed check");
  ev_loop_destroy (loop);
}

TEST (run_fed_event_without_active_watchers)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer fed;
  NAME (timer, &fed, "fed", 0., 0.);
  ev_feed_event (loop, &fed, EV_CUSTOM);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("fed");
  ev_loop_destroy (loop);
}

TEST (run_compat_names)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer timer;
  ev_timer_init (&timer, run_timer_depth, 0.01, 0.);
  timer.data = "timer";
  ev_timer_start (loop, &timer);
  ev_unloop (loop, EVUNLOOP_ALL);
  ev_loop (loop, EVLOOP_NONBLOCK);
  CHECK_EQ (ev_loop_count (loop), 1);
  CHECK_EQ (ev_loop_depth (loop), 0);
  ev_loop (loop, 0);
  ev_loop_verify (loop);
  CHECK_TRACE ("timer at 1");
  ev_loop_destroy (loop);
}
