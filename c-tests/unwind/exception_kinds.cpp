/* C++ exceptions out of every kind of callback, through ev_run: what was pending with it stays pending, and the loop goes on. */
#include "thrown.hpp"

#include <sys/stat.h>

TEST (exception_out_of_io)
{
  struct ev_loop *loop = t_loop (0);
  ev_io a, b;
  int fd[2];
  t_pipe (fd);
  NAMED (&a, throws<ev_io>, "a");
  ev_io_set (&a, fd[1], EV_WRITE);
  ev_io_start (loop, &a);
  io_named (loop, &b, "b", fd[1], EV_WRITE);
  CHECK_STR (run_caught (loop, 0), "a");
  CHECK (ev_is_active (&a) && !ev_is_pending (&a));
  CHECK (ev_is_pending (&b));
  ev_verify (loop);
  /* what was left comes first; then the descriptor, still ready */
  CHECK_STR (run_caught (loop, 0), "a");
  CHECK_TRACE ("a:2 b:2 a:2");
  ev_io_stop (loop, &a);
  ev_io_stop (loop, &b);
  CHECK_EQ (ev_pending_count (loop), 1); /* the place of b's event */
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("a:2 b:2 a:2");
  ev_loop_destroy (loop);
}

TEST (exception_out_of_timer)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer first, one_shot, repeating, last;
  timer_named (loop, &first, "first", -4., 0.);
  NAMED (&one_shot, throws<ev_timer>, "one_shot");
  ev_timer_set (&one_shot, -3., 0.);
  ev_timer_start (loop, &one_shot);
  NAMED (&repeating, throws<ev_timer>, "repeating");
  ev_timer_set (&repeating, -2., 1000.);
  ev_timer_start (loop, &repeating);
  timer_named (loop, &last, "last", -1., 0.);
  CHECK_STR (run_caught (loop, 0), "one_shot");
  CHECK (!ev_is_active (&one_shot));
  CHECK_EQ (ev_pending_count (loop), 2);
  CHECK_STR (run_caught (loop, 0), "repeating");
  CHECK (ev_is_active (&repeating));
  CHECK_BETWEEN (ev_timer_remaining (loop, &repeating), 900., 1000.);
  ev_verify (loop);
  ev_timer_stop (loop, &repeating);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("first:100 one_shot:100 repeating:100 last:100");
  ev_loop_destroy (loop);
}

static ev_tstamp
in_an_hour (ev_periodic *w, ev_tstamp now) EV_NOEXCEPT
{
  (void)w;
  return now + 3600.;
}

TEST (exception_out_of_periodic)
{
  struct ev_loop *loop = t_loop (0);
  ev_periodic absolute, rescheduled;
  ev_timer timer;
  NAMED (&absolute, throws<ev_periodic>, "absolute");
  ev_periodic_set (&absolute, 1., 0., 0);
  ev_periodic_start (loop, &absolute);
  NAMED (&rescheduled, notes<ev_periodic>, "rescheduled");
  ev_periodic_set (&rescheduled, 0., 0., in_an_hour);
  ev_periodic_start (loop, &rescheduled);
  timer_named (loop, &timer, "timer", -1., 0.);
  CHECK_STR (run_caught (loop, 0), "absolute");
  CHECK (!ev_is_active (&absolute));
  CHECK (ev_is_pending (&timer));
  ev_feed_event (loop, &rescheduled, EV_CUSTOM);
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 1);
  CHECK_TRACE ("absolute:200 rescheduled:1000000 timer:100");
  ev_verify (loop);
  ev_periodic_stop (loop, &rescheduled);
  ev_loop_destroy (loop);
}

TEST (exception_out_of_signal)
{
  struct ev_loop *loop = t_loop (0);
  ev_signal a, b, c;
  NAMED (&a, throws_once<ev_signal>, "a");
  ev_signal_set (&a, SIGUSR1);
  ev_signal_start (loop, &a);
  NAMED (&b, notes<ev_signal>, "b");
  ev_signal_set (&b, SIGUSR1);
  ev_signal_start (loop, &b);
  NAMED (&c, notes<ev_signal>, "c");
  ev_signal_set (&c, SIGUSR2);
  ev_signal_start (loop, &c);
  raise (SIGUSR2);
  raise (SIGUSR1);
  CHECK_STR (run_caught (loop, 0), "a");
  ev_verify (loop);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_TRACE ("a:400 b:400 c:400");
  raise (SIGUSR1); /* the way of signals is as open as before */
  drive_until (loop, &noted, 5);
  CHECK_TRACE ("a:400 b:400 c:400 a:400 b:400");
  ev_loop_destroy (loop);
}

TEST (exception_out_of_child)
{
  struct ev_loop *loop = t_default_loop (0);
  ev_child thrower, second, other;
  pid_t pid = fork (), another;
  if (!pid)
    _exit (3);
  NAMED (&thrower, throws<ev_child>, "thrower");
  ev_child_set (&thrower, pid, 0);
  ev_child_start (loop, &thrower);
  NAMED (&second, notes<ev_child>, "second");
  ev_child_set (&second, pid, 0);
  ev_child_start (loop, &second);
  while (!*run_caught (loop, EVRUN_ONCE))
    ;
  CHECK_TRACE ("thrower:800");
  CHECK_EQ (thrower.rstatus, 3 << 8);
  CHECK_EQ (thrower.rpid, pid);
  ev_child_stop (loop, &thrower);
  if (!(another = fork ()))
    _exit (4);
  NAMED (&other, notes<ev_child>, "other");
  ev_child_set (&other, another, 0);
  ev_child_start (loop, &other);
  drive_until (loop, &noted, 3);
  CHECK_TRACE ("thrower:800 second:800 other:800");
  ev_verify (loop);
  ev_loop_destroy (loop);
}

/* Two children ended at once: the second is reaped although the first one's watcher threw. */
TEST (exception_out_of_child_does_not_lose_the_next_one)
{
  struct ev_loop *loop = t_default_loop (0);
  ev_child any;
  int i;
  NAMED (&any, throws<ev_child>, "any");
  ev_child_set (&any, 0, 0);
  ev_child_start (loop, &any);
  for (i = 0; i < 3; ++i)
    {
      pid_t pid = fork ();
      siginfo_t info;
      if (!pid)
        _exit (i);
      CHECK (!waitid (P_PID, pid, &info, WEXITED | WNOWAIT));
    }
  for (i = 0; i < 3; ++i)
    CHECK_STR (run_caught (loop, 0), "any");
  CHECK_TRACE ("any:800 any:800 any:800");
  CHECK_EQ (waitpid (-1, 0, WNOHANG), -1);
  ev_loop_destroy (loop);
}

TEST (exception_out_of_stat)
{
  struct ev_loop *loop = t_loop (0);
  std::string path = std::string (t_tmpdir ()) + "/watched";
  ev_stat thrower, second;
  int fd = open (path.c_str (), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  CHECK (fd >= 0);
  NAMED (&thrower, throws<ev_stat>, "thrower");
  ev_stat_set (&thrower, path.c_str (), .11);
  ev_stat_start (loop, &thrower);
  t_write (fd, "1");
  CHECK_STR (run_caught (loop, 0), "thrower");
  CHECK_EQ (thrower.prev.st_size, 0);
  CHECK_EQ (thrower.attr.st_size, 1);
  t_write (fd, "2");
  CHECK_STR (run_caught (loop, 0), "thrower");
  CHECK_EQ (thrower.prev.st_size, 1);
  CHECK_EQ (thrower.attr.st_size, 2);
  ev_stat_stop (loop, &thrower);
  NAMED (&second, notes<ev_stat>, "second");
  ev_stat_set (&second, path.c_str (), .11);
  ev_stat_start (loop, &second);
  t_write (fd, "3");
  noted = 0;
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("thrower:1000 thrower:1000 second:1000");
  ev_verify (loop);
  ev_stat_stop (loop, &second);
  close (fd);
  ev_loop_destroy (loop);
}

TEST (exception_out_of_idle)
{
  struct ev_loop *loop = t_loop (0);
  ev_idle a, b;
  ev_check check;
  NAMED (&b, notes<ev_idle>, "b");
  ev_idle_start (loop, &b);
  NAMED (&a, throws<ev_idle>, "a");
  ev_idle_start (loop, &a);
  NAMED (&check, notes<ev_check>, "check");
  ev_check_start (loop, &check);
  CHECK_STR (run_caught (loop, 0), "a");
  ev_idle_stop (loop, &a);
  CHECK_EQ (ev_run (loop, EVRUN_ONCE), 2);
  CHECK_TRACE ("check:8000 a:2000 b:2000 check:8000 b:2000");
  ev_verify (loop);
  ev_loop_destroy (loop);
}

/* The wait is not reached: no iteration is counted, and the next run starts the round anew. */
TEST (exception_out_of_prepare)
{
  struct ev_loop *loop = t_loop (0);
  ev_prepare a, b;
  ev_timer timer;
  unsigned before;
  NAMED (&b, notes<ev_prepare>, "b");
  ev_prepare_start (loop, &b);
  NAMED (&a, throws<ev_prepare>, "a");
  ev_prepare_start (loop, &a);
  timer_named (loop, &timer, "timer", -1., 0.);
  before = ev_iteration (loop);
  CHECK_STR (run_caught (loop, 0), "a");
  CHECK_EQ (ev_iteration (loop), before);
  CHECK (ev_is_active (&timer) && !ev_is_pending (&timer));
  ev_prepare_stop (loop, &a);
  CHECK_EQ (ev_run (loop, EVRUN_ONCE), 1);
  CHECK_EQ (ev_iteration (loop), before + 1);
  CHECK_TRACE ("a:4000 b:4000 b:4000 timer:100");
  ev_verify (loop);
  ev_loop_destroy (loop);
}

TEST (exception_out_of_check)
{
  struct ev_loop *loop = t_loop (0);
  ev_check check;
  ev_timer timer;
  ev_io io;
  int fd[2];
  t_pipe (fd);
  NAMED (&check, throws_once<ev_check>, "check");
  ev_check_start (loop, &check);
  timer_named (loop, &timer, "timer", -1., 0.);
  io_named (loop, &io, "io", fd[1], EV_WRITE);
  CHECK_STR (run_caught (loop, 0), "check");
  CHECK_EQ (ev_pending_count (loop), 2);
  ev_io_stop (loop, &io);
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 1);
  CHECK_TRACE ("check:8000 timer:100 check:8000");
  ev_verify (loop);
  ev_loop_destroy (loop);
}

/* The request of ev_loop_fork stands until the kernel's side is rebuilt: fork watchers are called again. */
TEST (exception_out_of_fork)
{
  struct ev_loop *loop = t_loop (0);
  ev_fork a, b;
  ev_timer timer;
  NAMED (&b, notes<ev_fork>, "b");
  ev_fork_start (loop, &b);
  NAMED (&a, throws_once<ev_fork>, "a");
  ev_fork_start (loop, &a);
  timer_named (loop, &timer, "timer", -1., 0.);
  ev_loop_fork (loop);
  CHECK_STR (run_caught (loop, 0), "a");
  CHECK_EQ (ev_run (loop, EVRUN_ONCE), 2);
  CHECK_TRACE ("a:20000 b:20000 a:20000 b:20000 timer:100");
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 2);
  CHECK_TRACE ("a:20000 b:20000 a:20000 b:20000 timer:100");
  ev_verify (loop);
  ev_loop_destroy (loop);
}

TEST (exception_out_of_fork_in_a_real_child, .once = 1)
{
  struct ev_loop *loop = t_loop (EVFLAG_FORKCHECK);
  static ev_fork w;
  static ev_io io;
  static int fd[2];
  t_pipe (fd);
  NAMED (&w, throws_once<ev_fork>, "fork");
  ev_fork_start (loop, &w);
  NAMED (&io, throws_once<ev_io>, "io");
  ev_io_set (&io, fd[0], EV_READ);
  ev_io_start (loop, &io);
  ev_run (loop, EVRUN_NOWAIT);
  auto body = [] (void *arg)
    {
      struct ev_loop *loop = (struct ev_loop *)arg;
      t_write (fd[1], "x");
      CHECK_STR (run_caught (loop, 0), "fork");
      CHECK_STR (run_caught (loop, 0), "io");
      ev_run (loop, EVRUN_ONCE);
      CHECK_TRACE ("fork:20000 fork:20000 io:1 io:1");
      ev_loop_destroy (loop);
    };
  CHECK_EQ (t_in_child (body, loop), 0);
  CHECK_TRACE ("");
  CHECK_STR (run_caught (loop, 0), "io");
  ev_loop_destroy (loop);
}

TEST (exception_out_of_async)
{
  struct ev_loop *loop = t_loop (0);
  ev_async a, b;
  NAMED (&a, throws_once<ev_async>, "a");
  ev_async_start (loop, &a);
  NAMED (&b, notes<ev_async>, "b");
  ev_async_start (loop, &b);
  ev_async_send (loop, &b);
  ev_async_send (loop, &a);
  CHECK_STR (run_caught (loop, 0), "a");
  CHECK (!ev_async_pending (&a));
  CHECK (ev_is_pending (&b));
  ev_async_send (loop, &a);
  ev_run (loop, EVRUN_ONCE);
  CHECK_TRACE ("a:80000 b:80000 a:80000");
  ev_verify (loop);
  ev_loop_destroy (loop);
}

static void
once_throws (int revents, void *arg)
{
  t_trace ("%s:%x", (char *)arg, (unsigned)revents);
  throw thrown { (const char *)arg };
}

TEST (exception_out_of_once)
{
  struct ev_loop *loop = t_loop (0);
  int fd[2];
  t_pipe (fd);
  ev_once (loop, -1, 0, 0., once_throws, (void *)"timed");
  ev_once (loop, fd[1], EV_WRITE, 1000., once_throws, (void *)"ready");
  CHECK_STR (run_caught (loop, 0), "timed");
  CHECK_STR (run_caught (loop, 0), "ready");
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("timed:100 ready:2");
  ev_verify (loop);
  ev_loop_destroy (loop);
}

/* ---- the invoke-pending callback ---- */

static bool before_invoking, after_invoking;

static void
throwing_hook (EV_P)
{
  if (before_invoking)
    throw thrown { "before" };
  ev_invoke_pending (loop);
  if (after_invoking && ev_iteration (loop))
    throw thrown { "after" };
}

TEST (exception_out_of_the_invoke_pending_callback)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer timer, thrower;
  timer_named (loop, &timer, "timer", -1., 0.);
  NAMED (&thrower, throws<ev_timer>, "thrower");
  ev_timer_set (&thrower, 0., 0.);
  ev_set_invoke_pending_cb (loop, throwing_hook);
  before_invoking = true;
  CHECK_STR (run_caught (loop, 0), "before"); /* at entry already */
  CHECK_EQ (ev_depth (loop), 1);
  before_invoking = false;
  after_invoking = true;
  CHECK_STR (run_caught (loop, 0), "after");
  CHECK_TRACE ("timer:100");
  after_invoking = false;
  ev_timer_start (loop, &thrower);
  CHECK_STR (run_caught (loop, 0), "thrower"); /* through the program's callback and ours */
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("timer:100 thrower:100");
  CHECK_EQ (ev_depth (loop), 3);
  ev_loop_destroy (loop);
}

static void
catching_hook (EV_P)
{
  while (ev_pending_count (loop))
    try
      {
        ev_invoke_pending (loop);
      }
    catch (const thrown &what)
      {
        t_trace ("caught-%s", what.name.c_str ());
      }
}

/* What programs with a handler for lost exceptions do. */
TEST (exception_caught_in_the_invoke_pending_callback)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer a, b, c;
  NAMED (&a, throws<ev_timer>, "a");
  ev_timer_set (&a, -3., 0.);
  ev_timer_start (loop, &a);
  timer_named (loop, &b, "b", -2., 0.);
  NAMED (&c, throws<ev_timer>, "c");
  ev_timer_set (&c, -1., 0.);
  ev_timer_start (loop, &c);
  ev_set_invoke_pending_cb (loop, catching_hook);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("a:100 caught-a b:100 c:100 caught-c");
  CHECK_EQ (ev_depth (loop), 0);
  ev_loop_destroy (loop);
}

/* ---- cleanup watchers, out of ev_loop_destroy ---- */

TEST (exception_out_of_cleanup_keeps_the_loop)
{
  int before = t_open_fds ();
  struct ev_loop *loop = t_loop (0);
  ev_cleanup a, b;
  ev_timer timer;
  NAMED (&b, notes<ev_cleanup>, "b");
  ev_cleanup_start (loop, &b);
  NAMED (&a, throws_once<ev_cleanup>, "a");
  ev_cleanup_start (loop, &a);
  CHECK_STR (caught ([=] { ev_loop_destroy (loop); }), "a");
  CHECK_EQ (ev_depth (loop), 0);
  CHECK (ev_is_pending (&b));
  ev_verify (loop);
  timer_named (loop, &timer, "timer", 0., 0.);
  CHECK_EQ (ev_run (loop, 0), 0); /* it runs as before, what was left first */
  ev_loop_destroy (loop);         /* and can be destroyed again, all cleanups called */
  CHECK_TRACE ("a:40000 b:40000 timer:100 a:40000 b:40000");
  CHECK_EQ (t_open_fds (), before);
}

TEST (exception_out_of_an_ordinary_callback_in_destroy)
{
  struct ev_loop *loop = t_loop (0);
  ev_cleanup cleanup;
  ev_timer timer;
  NAMED (&cleanup, notes<ev_cleanup>, "cleanup");
  ev_cleanup_start (loop, &cleanup);
  NAMED (&timer, throws_once<ev_timer>, "timer");
  ev_set_priority (&timer, EV_MAXPRI);
  ev_feed_event (loop, &timer, EV_CUSTOM);
  CHECK_STR (caught ([=] { ev_loop_destroy (loop); }), "timer");
  CHECK_TRACE ("timer:1000000");
  ev_loop_destroy (loop);
  CHECK_TRACE ("timer:1000000 cleanup:40000");
}

TEST (exception_out_of_cleanup_of_the_default_loop)
{
  struct ev_loop *loop = t_default_loop (0);
  ev_cleanup w;
  struct sigaction action;
  NAMED (&w, throws_once<ev_cleanup>, "w");
  ev_cleanup_start (loop, &w);
  CHECK_STR (caught ([=] { ev_loop_destroy (loop); }), "w");
  CHECK (ev_default_loop_uc_ () == loop);
  CHECK (ev_default_loop (0) == loop);
  CHECK (!sigaction (SIGCHLD, 0, &action));
  CHECK (action.sa_handler != SIG_DFL);
  ev_loop_destroy (loop);
  CHECK (!ev_default_loop_uc_ ());
  CHECK (!sigaction (SIGCHLD, 0, &action));
  CHECK (action.sa_handler == SIG_DFL);
}

/* ---- embedding ---- */

static struct ev_loop *
embeddable ()
{
  struct ev_loop *loop = ev_loop_new (EVBACKEND_EPOLL | EVFLAG_NOENV);
  CHECK (loop);
  return loop;
}

static void
sweep_and_throw (EV_P_ ev_embed *w, int revents)
{
  note_any ((ev_watcher *)w, revents);
  ev_embed_sweep (loop, w);
  throw thrown { "embed" };
}

TEST (exception_out_of_embed)
{
  struct ev_loop *loop = t_loop (0), *inner = embeddable ();
  ev_embed embed;
  ev_io io;
  int fd[2];
  t_pipe (fd);
  NAMED (&embed, sweep_and_throw, "embed");
  ev_embed_set (&embed, inner);
  ev_embed_start (loop, &embed);
  io_named (inner, &io, "io", fd[0], EV_READ);
  drive (loop, 1); /* the descriptor reaches the inner loop's backend */
  t_write (fd[1], "x");
  CHECK_STR (run_caught (loop, 0), "embed");
  CHECK_TRACE ("embed:10000 io:1");
  CHECK_EQ (ev_depth (loop), 1);
  CHECK_EQ (ev_depth (inner), 0);
  CHECK_STR (run_caught (loop, 0), "embed");
  ev_verify (loop);
  ev_embed_stop (loop, &embed);
  ev_loop_destroy (loop);
  ev_loop_destroy (inner);
}

/* The inner loop's callback throws through its own run, the embed watcher's sweep and the outer run. */
TEST (exception_through_an_embedded_loop)
{
  struct ev_loop *loop = t_loop (0), *inner = embeddable ();
  ev_embed embed;
  ev_io thrower, second;
  int fd[2];
  t_pipe (fd);
  ev_embed_init (&embed, 0, inner);
  ev_embed_start (loop, &embed);
  NAMED (&thrower, throws_once<ev_io>, "thrower");
  ev_io_set (&thrower, fd[0], EV_READ);
  ev_io_start (inner, &thrower);
  io_named (inner, &second, "second", fd[0], EV_READ);
  drive (loop, 1);
  t_write (fd[1], "x");
  CHECK_STR (run_caught (loop, 0), "thrower");
  CHECK_EQ (ev_depth (loop), 1);
  CHECK_EQ (ev_depth (inner), 1);
  CHECK_EQ (ev_pending_count (inner), 1);
  ev_run (loop, EVRUN_ONCE);
  CHECK_TRACE ("thrower:1 second:1 thrower:1 second:1");
  ev_embed_stop (loop, &embed);
  ev_loop_destroy (loop);
  ev_loop_destroy (inner);
}

/* ---- functions that call back, without a run ---- */

TEST (exception_out_of_ev_embed_sweep)
{
  struct ev_loop *loop = t_loop (0), *inner = embeddable ();
  ev_embed embed;
  ev_timer thrower, second;
  ev_embed_init (&embed, 0, inner);
  ev_embed_start (loop, &embed);
  NAMED (&thrower, throws<ev_timer>, "thrower");
  ev_timer_set (&thrower, -2., 0.);
  ev_timer_start (inner, &thrower);
  timer_named (inner, &second, "second", -1., 0.);
  CHECK_STR (caught ([&] { ev_embed_sweep (loop, &embed); }), "thrower");
  CHECK_STR (caught ([&] { ev_embed_sweep (loop, &embed); }), "");
  CHECK_TRACE ("thrower:100 second:100");
  ev_embed_stop (loop, &embed);
  ev_loop_destroy (loop);
  ev_loop_destroy (inner);
}

TEST (exception_out_of_ev_invoke)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer w;
  NAMED (&w, throws<ev_timer>, "w");
  ev_timer_set (&w, -1., 0.);
  ev_feed_event (loop, &w, EV_CUSTOM);
  CHECK_STR (caught ([&] { ev_invoke (loop, &w, EV_TIMER); }), "w");
  CHECK_EQ (ev_clear_pending (loop, &w), EV_CUSTOM); /* as it was */
  CHECK_TRACE ("w:100");
  CHECK_EQ (ev_depth (loop), 0);
  ev_loop_destroy (loop);
}

TEST (exception_out_of_ev_invoke_pending)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer high, thrower, low;
  NAMED (&high, notes<ev_timer>, "high");
  ev_set_priority (&high, 1);
  NAMED (&thrower, throws<ev_timer>, "thrower");
  NAMED (&low, notes<ev_timer>, "low");
  ev_set_priority (&low, -1);
  ev_feed_event (loop, &low, EV_CUSTOM);
  ev_feed_event (loop, &thrower, EV_CUSTOM);
  ev_feed_event (loop, &high, EV_CUSTOM);
  CHECK_STR (caught ([&] { ev_invoke_pending (loop); }), "thrower");
  CHECK_EQ (ev_pending_count (loop), 1);
  ev_feed_event (loop, &high, EV_CUSTOM); /* above what is left */
  ev_invoke_pending (loop);
  CHECK_TRACE ("high:1000000 thrower:1000000 high:1000000 low:1000000");
  CHECK_EQ (ev_depth (loop), 0);
  ev_loop_destroy (loop);
}

static void
notes_and_drains (EV_P_ ev_io *w, int revents)
{
  (void)loop;
  note_any ((ev_watcher *)w, revents);
  t_drain (w->fd);
}

/* After a fork the embedded loop is run by the embed watcher's own fork watcher. */
TEST (exception_of_an_embedded_loop_that_is_told_of_a_fork,
      .ours_only = "an embed watcher stays active if its loop is left by an exception while it is told of a fork")
{
  struct ev_loop *loop = t_loop (0), *inner = embeddable ();
  ev_embed embed;
  ev_prepare thrower;
  ev_io io;
  int fd[2];
  t_pipe (fd);
  ev_embed_init (&embed, 0, inner);
  ev_embed_start (loop, &embed);
  NAMED (&io, notes_and_drains, "io");
  ev_io_set (&io, fd[0], EV_READ);
  ev_io_start (inner, &io);
  drive (loop, 1);
  NAMED (&thrower, throws_once<ev_prepare>, "thrower");
  ev_prepare_start (inner, &thrower);
  ev_loop_fork (loop);
  CHECK_STR (run_caught (loop, 0), "thrower");
  CHECK (ev_is_active (&embed));
  ev_prepare_stop (inner, &thrower);
  t_write (fd[1], "x");
  while (noted < 2)
    drive (loop, 1); /* it may be served before the wait */
  CHECK_TRACE ("thrower:4000 io:1");
  ev_verify (loop);
  ev_verify (inner);
  ev_embed_stop (loop, &embed);
  ev_loop_destroy (loop);
  ev_loop_destroy (inner);
}
