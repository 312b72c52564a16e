/* Threads that end inside the loop: pthread_exit in a callback, cancellation there and in the wait. Another thread goes on. */
#include "drive.h"
#include "live_memory.h"

#include <pthread.h>
#include <sys/syscall.h>

static void *
runs (void *loop)
{
  ev_run (loop, 0);
  return 0;
}

static pthread_t
start_running (struct ev_loop *loop)
{
  pthread_t thread;
  CHECK (!pthread_create (&thread, 0, runs, loop));
  return thread;
}

static void *
result_of (pthread_t thread)
{
  void *result;
  CHECK (!pthread_join (thread, &result));
  return result;
}

/* ---- pthread_exit ---- */

#define EXITS(type) \
  static void exits_##type (EV_P_ ev_##type *w, int revents) \
  { (void)loop; note_any ((ev_watcher *)w, revents); ev_set_cb (w, note_##type); pthread_exit (w); }
EXITS (io)
EXITS (timer)
EXITS (signal)
EXITS (child)
EXITS (idle)
EXITS (prepare)
EXITS (check)
EXITS (fork)
EXITS (async)
EXITS (cleanup)

/* Runs `loop` in a thread that ends in the callback of `w`. */
#define CHECK_EXITS(loop, w) \
  CHECK (result_of (start_running (loop)) == (w))

TEST (thread_exit_in_io_signal_and_async)
{
  struct ev_loop *loop = t_loop (0);
  static ev_io io, second;
  static ev_signal signal;
  static ev_async async;
  int fd[2];
  t_pipe (fd);
  NAMED (&io, exits_io, "io");
  ev_io_set (&io, fd[1], EV_WRITE);
  ev_io_start (loop, &io);
  io_named (loop, &second, "second", fd[1], EV_WRITE);
  CHECK_EXITS (loop, &io);
  ev_io_stop (loop, &io);
  CHECK_TRACE ("io:2");
  NAMED (&signal, exits_signal, "signal");
  ev_signal_set (&signal, SIGUSR1);
  ev_signal_start (loop, &signal);
  raise (SIGUSR1);
  ev_io_stop (loop, &second);
  CHECK_EXITS (loop, &signal);
  NAMED (&async, exits_async, "async");
  ev_async_start (loop, &async);
  ev_async_send (loop, &async);
  CHECK_EXITS (loop, &async);
  raise (SIGUSR1);
  ev_async_send (loop, &async);
  drive_until (loop, &noted, 5);
  CHECK_TRACE ("io:2 signal:400 async:80000 async:80000 signal:400");
  CHECK_EQ (ev_depth (loop), 3);
  ev_verify (loop);
  ev_loop_destroy (loop);
}

TEST (thread_exit_in_prepare_check_idle_and_fork)
{
  struct ev_loop *loop = t_loop (0);
  static ev_fork fork;
  static ev_prepare prepare;
  static ev_check check;
  static ev_idle idle;
  NAMED (&idle, exits_idle, "idle");
  ev_idle_start (loop, &idle);
  NAMED (&check, exits_check, "check");
  ev_check_start (loop, &check);
  NAMED (&prepare, exits_prepare, "prepare");
  ev_prepare_start (loop, &prepare);
  NAMED (&fork, exits_fork, "fork");
  ev_fork_start (loop, &fork);
  ev_loop_fork (loop);
  CHECK_EXITS (loop, &fork);
  CHECK_EXITS (loop, &prepare);
  CHECK_EXITS (loop, &check);
  CHECK_EXITS (loop, &idle);
  drive (loop, 1);
  CHECK_TRACE ("fork:20000 fork:20000 prepare:4000 fork:20000 prepare:4000 check:8000 idle:2000 prepare:4000 check:8000 idle:2000");
  CHECK_EQ (ev_depth (loop), 4);
  ev_verify (loop);
  ev_loop_destroy (loop);
}

TEST (thread_exit_in_child)
{
  struct ev_loop *loop = t_default_loop (0);
  static ev_child w, second;
  pid_t pid = fork ();
  if (!pid)
    _exit (0);
  NAMED (&w, exits_child, "w");
  ev_child_set (&w, pid, 0);
  ev_child_start (loop, &w);
  NAMED (&second, note_child, "second");
  ev_child_set (&second, pid, 0);
  ev_child_start (loop, &second);
  CHECK_EXITS (loop, &w);
  CHECK_TRACE ("w:800");
  drive (loop, 1);
  CHECK_TRACE ("w:800 second:800");
  ev_loop_destroy (loop);
}

static void
once_exits (int revents, void *arg)
{
  t_trace ("once:%x", (unsigned)revents);
  pthread_exit (arg);
}

TEST (thread_exit_in_once)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer rest;
  ev_once (loop, -1, 0, 0., once_exits, &rest);
  timer_named (loop, &rest, "rest", .01, 0.);
  CHECK_EXITS (loop, &rest);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("once:100 rest:100");
  ev_loop_destroy (loop);
}

static void *
destroys (void *loop)
{
  ev_loop_destroy (loop);
  return 0;
}

TEST (thread_exit_in_cleanup)
{
  struct ev_loop *loop = t_loop (0);
  static ev_cleanup a, b;
  pthread_t thread;
  NAMED (&b, note_cleanup, "b");
  ev_cleanup_start (loop, &b);
  NAMED (&a, exits_cleanup, "a");
  ev_cleanup_start (loop, &a);
  CHECK (!pthread_create (&thread, 0, destroys, loop));
  CHECK (result_of (thread) == &a);
  CHECK_TRACE ("a:40000");
  drive (loop, 1);
  ev_loop_destroy (loop);
  CHECK_TRACE ("a:40000 b:40000 a:40000 b:40000");
}

static void
cleans_up (void *name)
{
  t_trace ("~%s", (char *)name);
}

static void
runs_nested (EV_P_ ev_timer *w, int revents)
{
  note_any ((ev_watcher *)w, revents);
  pthread_cleanup_push (cleans_up, w->data);
  ev_run (loop, 0);
  pthread_cleanup_pop (0);
}

/* Through a run inside a run, the handlers of cleanup on the way called. */
TEST (thread_exit_out_of_a_nested_run)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer outer, inner, rest;
  NAMED (&outer, runs_nested, "outer");
  ev_timer_set (&outer, -3., 0.);
  ev_timer_start (loop, &outer);
  NAMED (&inner, exits_timer, "inner");
  ev_timer_set (&inner, -2., 0.);
  ev_timer_start (loop, &inner);
  timer_named (loop, &rest, "rest", -1., 0.);
  CHECK_EXITS (loop, &inner);
  CHECK_EQ (ev_depth (loop), 2);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("outer:100 inner:100 ~outer rest:100");
  ev_loop_destroy (loop);
}

/* A thousand threads, one after the other, end in the same loop. */
TEST (thread_exit_a_thousand_times)
{
  struct ev_loop *loop;
  ev_timer w;
  ev_idle rest;
  long bytes = 0;
  int i, fds = 0;
  ev_set_allocator (live_allocator);
  loop = t_loop (0);
  NAMED (&rest, note_idle, "");
  ev_idle_start (loop, &rest);
  for (i = 0; i < 1000; ++i)
    {
      NAMED (&w, exits_timer, "");
      ev_timer_set (&w, 0., 0.);
      ev_timer_start (loop, &w);
      CHECK_EXITS (loop, &w);
      t_trace_reset ();
      if (i == 9)
        {
          bytes = live_bytes;
          fds = t_open_fds ();
        }
    }
  CHECK_EQ (live_bytes, bytes);
  CHECK_EQ (t_open_fds (), fds);
  CHECK_EQ (ev_depth (loop), 1000);
  ev_verify (loop);
  ev_loop_destroy (loop);
}

/* ---- cancellation in a callback: deferred, so it takes effect at the next cancellation point ---- */

static int cancel_later; /* the callback goes on behind its own cancellation */

static void
cancels_itself (EV_P_ ev_timer *w, int revents)
{
  (void)loop;
  note_any ((ev_watcher *)w, revents);
  CHECK (!pthread_cancel (pthread_self ()));
  if (!cancel_later)
    pthread_testcancel ();
}

TEST (thread_cancelled_in_a_callback)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer w, rest;
  NAMED (&w, cancels_itself, "w");
  ev_timer_set (&w, -2., 0.);
  ev_timer_start (loop, &w);
  timer_named (loop, &rest, "rest", -1., 0.);
  CHECK (result_of (start_running (loop)) == PTHREAD_CANCELED);
  CHECK (ev_is_pending (&rest));
  CHECK_EQ (ev_depth (loop), 1);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("w:100 rest:100");
  ev_loop_destroy (loop);
}

/* The callbacks of the round are all called; the next wait ends the thread. */
TEST (thread_cancelled_in_a_callback_ends_in_the_wait, .backends = T_SELECT | T_POLL | T_EPOLL)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer w, rest, later;
  cancel_later = 1;
  NAMED (&w, cancels_itself, "w");
  ev_timer_set (&w, -2., 0.);
  ev_timer_start (loop, &w);
  timer_named (loop, &rest, "rest", -1., 0.);
  timer_named (loop, &later, "later", 1000., 0.);
  CHECK (result_of (start_running (loop)) == PTHREAD_CANCELED);
  CHECK_TRACE ("w:100 rest:100");
  CHECK (ev_is_active (&later));
  CHECK_EQ (ev_pending_count (loop), 0);
  ev_loop_destroy (loop);
}

static void *
runs_uncancellable (void *loop)
{
  CHECK (!pthread_setcancelstate (PTHREAD_CANCEL_DISABLE, 0));
  ev_run (loop, 0);
  t_trace ("returned");
  CHECK (!pthread_setcancelstate (PTHREAD_CANCEL_ENABLE, 0));
  pthread_testcancel ();
  return 0;
}

TEST (thread_that_can_not_be_cancelled_finishes_its_run)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer w, later;
  pthread_t thread;
  cancel_later = 1;
  NAMED (&w, cancels_itself, "w");
  ev_timer_set (&w, -1., 0.);
  ev_timer_start (loop, &w);
  timer_named (loop, &later, "later", .01, 0.);
  CHECK (!pthread_create (&thread, 0, runs_uncancellable, loop));
  CHECK (result_of (thread) == PTHREAD_CANCELED);
  CHECK_TRACE ("w:100 later:100 returned");
  CHECK_EQ (ev_depth (loop), 0);
  ev_loop_destroy (loop);
}

/* ---- cancellation in the wait ---- */

#define GOES_ON .ours_only = "a loop whose thread was cancelled while it waited can be run again"
#define WAITS_ON_AIO .ours_only = "linuxaio: the wait is a cancellation point", .ours_only_on = T_LINUXAIO

static pthread_barrier_t about_to_wait;

static void
announces (EV_P_ ev_prepare *w, int revents)
{
  (void)revents;
  ev_prepare_stop (loop, w);
  pthread_barrier_wait (&about_to_wait);
}

/* Runs `loop` in a thread and cancels that while it waits. */
static void
cancel_in_the_wait (struct ev_loop *loop)
{
  static ev_prepare w;
  pthread_t thread;
  CHECK (!pthread_barrier_init (&about_to_wait, 0, 2));
  ev_prepare_init (&w, announces);
  ev_prepare_start (loop, &w);
  thread = start_running (loop);
  pthread_barrier_wait (&about_to_wait);
  t_nap (.03);
  CHECK (!pthread_cancel (thread));
  CHECK (result_of (thread) == PTHREAD_CANCELED);
}

/* Everything that was active wakes the next thread as before. */
TEST (thread_cancelled_in_the_wait_leaves_all_to_the_next, GOES_ON)
{
  struct ev_loop *loop = t_loop (0);
  ev_io io;
  ev_timer timer;
  ev_async async;
  ev_signal signal;
  int fd[2];
  t_pipe (fd);
  io_named (loop, &io, "io", fd[0], EV_READ);
  timer_named (loop, &timer, "timer", 1000., 0.);
  NAMED (&async, note_async, "async");
  ev_async_start (loop, &async);
  NAMED (&signal, note_signal, "signal");
  ev_signal_set (&signal, SIGUSR1);
  ev_signal_start (loop, &signal);
  cancel_in_the_wait (loop);
  CHECK_EQ (ev_depth (loop), 1);
  CHECK_EQ (ev_pending_count (loop), 0);
  ev_verify (loop);
  ev_async_send (loop, &async);
  drive_until (loop, &noted, 1);
  raise (SIGUSR1);
  drive_until (loop, &noted, 2);
  t_write (fd[1], "x");
  drive_until (loop, &noted, 3);
  t_drain (fd[0]);
  CHECK_BETWEEN (ev_timer_remaining (loop, &timer), 900., 1000.);
  timer.repeat = .001;
  ev_timer_again (loop, &timer);
  drive_until (loop, &noted, 4);
  CHECK_TRACE ("async:80000 signal:400 io:1 timer:100");
  ev_loop_destroy (loop);
}

TEST (thread_cancelled_in_the_wait_and_loop_destroyed, WAITS_ON_AIO)
{
  struct ev_loop *loop;
  ev_timer far;
  int fds;
  ev_set_allocator (live_allocator);
  fds = t_open_fds ();
  loop = t_loop (0);
  timer_named (loop, &far, "far", 1000., 0.);
  cancel_in_the_wait (loop);
  ev_loop_destroy (loop);
  CHECK_EQ (live_bytes, 0);
  CHECK_EQ (t_open_fds (), fds);
}

TEST (thread_cancelled_in_the_wait_a_hundred_times, GOES_ON)
{
  struct ev_loop *loop;
  ev_io io;
  long bytes = 0;
  int fd[2], i, fds = 0;
  ev_set_allocator (live_allocator);
  loop = t_loop (0);
  t_pipe (fd);
  io_named (loop, &io, "io", fd[0], EV_READ);
  for (i = 0; i < 100; ++i)
    {
      pthread_t thread = start_running (loop);
      if (i & 1)
        t_nap (.0005);
      CHECK (!pthread_cancel (thread));
      CHECK (result_of (thread) == PTHREAD_CANCELED);
      if (i == 9)
        {
          bytes = live_bytes;
          fds = t_open_fds ();
        }
    }
  CHECK_EQ (live_bytes, bytes);
  CHECK_EQ (t_open_fds (), fds);
  ev_verify (loop);
  t_write (fd[1], "x");
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("io:1");
  ev_loop_destroy (loop);
}

/* Reads by number: not to be cancelled between reading and counting, and disabling it is not enough with glibc 2.36, which
   lets a cancellation through that was under way as the wait ended. */
static void
drains (EV_P_ ev_io *w, int revents)
{
  char byte;
  (void)loop;
  (void)revents;
  if (syscall (SYS_read, w->fd, &byte, 1) == 1)
    ++noted;
}

/* The event and the cancellation race; whichever wins, the byte is seen by that thread or by the next. */
TEST (thread_cancelled_as_an_event_comes_loses_none, GOES_ON)
{
  struct ev_loop *loop = t_loop (0);
  ev_io io;
  int fd[2], i;
  t_pipe (fd);
  ev_io_init (&io, drains, fd[0], EV_READ);
  ev_io_start (loop, &io);
  for (i = 1; i <= 300; ++i)
    {
      pthread_t thread = start_running (loop);
      volatile int spin;
      if (i & 1)
        t_nap (.0002);
      t_write (fd[1], "x");
      for (spin = 0; spin < i * 20; ++spin)
        ;
      CHECK (!pthread_cancel (thread));
      CHECK (result_of (thread) == PTHREAD_CANCELED);
      drive_until (loop, &noted, i);
    }
  ev_verify (loop);
  ev_loop_destroy (loop);
}

/* ... also in the sleep that lets events come together. */
TEST (thread_cancelled_in_the_collecting_sleep, WAITS_ON_AIO)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer far;
  ev_io io;
  int fd[2];
  t_pipe (fd);
  io_named (loop, &io, "io", fd[1], EV_WRITE);
  timer_named (loop, &far, "far", 1000., 0.);
  ev_set_io_collect_interval (loop, 500.);
  cancel_in_the_wait (loop);
  CHECK_TRACE ("");
  ev_loop_destroy (loop);
}

/* ---- what is no cancellation point ---- */

#define WHOLE .ours_only = "a thread is cancelled in the wait, not in the middle of a send, a stop or a destroy"

static struct ev_loop *target;
static ev_async target_async;
static ev_timer target_timer;

static void *
sends_while_cancelled (void *arg)
{
  (void)arg;
  CHECK (!pthread_cancel (pthread_self ()));
  ev_async_send (target, &target_async);
  t_trace ("sent");
  ev_feed_signal (SIGUSR1);
  t_trace ("fed");
  pthread_testcancel ();
  return 0;
}

TEST (thread_cancelled_sends_whole, WHOLE)
{
  struct ev_loop *loop = target = t_loop (0);
  ev_signal signal;
  pthread_t thread;
  NAMED (&target_async, note_async, "async");
  ev_async_start (loop, &target_async);
  NAMED (&signal, note_signal, "signal");
  ev_signal_set (&signal, SIGUSR1);
  ev_signal_start (loop, &signal);
  timer_named (loop, &target_timer, "timer", 1000., 0.);
  CHECK (!pthread_create (&thread, 0, sends_while_cancelled, 0));
  CHECK (result_of (thread) == PTHREAD_CANCELED);
  drive_until (loop, &noted, 2);
  CHECK_TRACE ("sent fed async:80000 signal:400");
  ev_loop_destroy (loop);
}

static void *
destroys_while_cancelled (void *loop)
{
  CHECK (!pthread_cancel (pthread_self ()));
  ev_loop_destroy (loop);
  t_trace ("destroyed");
  pthread_testcancel ();
  return 0;
}

TEST (thread_cancelled_destroys_whole, WHOLE)
{
  struct ev_loop *loop;
  static ev_async async;
  static ev_signal signal;
  static ev_stat stat;
  static ev_periodic periodic;
  pthread_t thread;
  int fds;
  ev_set_allocator (live_allocator);
  fds = t_open_fds ();
  loop = t_loop (EVFLAG_SIGNALFD);
  NAMED (&async, note_async, "async");
  ev_async_start (loop, &async);
  NAMED (&signal, note_signal, "signal");
  ev_signal_set (&signal, SIGUSR1);
  ev_signal_start (loop, &signal);
  NAMED (&stat, note_stat, "stat");
  ev_stat_set (&stat, t_tmpdir (), 0.);
  ev_stat_start (loop, &stat);
  NAMED (&periodic, note_periodic, "periodic");
  ev_periodic_set (&periodic, 0., 3600., 0);
  ev_periodic_start (loop, &periodic);
  drive (loop, 1);
  CHECK (!pthread_create (&thread, 0, destroys_while_cancelled, loop));
  CHECK (result_of (thread) == PTHREAD_CANCELED);
  CHECK_TRACE ("destroyed");
  CHECK_EQ (live_bytes, 0);
  CHECK_EQ (t_open_fds (), fds);
}

static void
cancels_itself_and_forks (EV_P_ ev_check *w, int revents)
{
  note_any ((ev_watcher *)w, revents);
  ev_check_stop (loop, w);
  CHECK (!pthread_cancel (pthread_self ()));
  ev_loop_fork (loop);
}

/* The kernel's side is rebuilt as a whole, its old descriptors closed, before the wait ends the thread. */
TEST (thread_cancelled_rebuilds_whole, GOES_ON)
{
  struct ev_loop *loop = t_loop (0);
  ev_async async;
  ev_check check;
  ev_io io;
  ev_timer far;
  int fd[2], fds;
  t_pipe (fd);
  io_named (loop, &io, "io", fd[0], EV_READ);
  NAMED (&async, note_async, "async");
  ev_async_start (loop, &async);
  timer_named (loop, &far, "far", 1000., 0.);
  drive (loop, 1);
  fds = t_open_fds ();
  NAMED (&check, cancels_itself_and_forks, "check");
  ev_check_start (loop, &check);
  t_write (fd[1], "x");
  ev_io_stop (loop, &io);
  ev_async_send (loop, &async);
  CHECK (result_of (start_running (loop)) == PTHREAD_CANCELED);
  CHECK_EQ (t_open_fds (), fds);
  ev_io_start (loop, &io);
  ev_async_send (loop, &async);
  noted = 0;
  t_trace_reset ();
  drive_until (loop, &noted, 2);
  CHECK_EQ (strlen (t_traced ()), strlen ("async:80000 io:1"));
  ev_loop_destroy (loop);
}

static void
cancels_itself_in_check (EV_P_ ev_check *w, int revents)
{
  (void)revents;
  ev_check_stop (loop, w);
  CHECK (!pthread_cancel (pthread_self ()));
}

/* A child that ended is told of, though the thread that was to reap it was being cancelled. */
TEST (thread_cancelled_loses_no_child, GOES_ON)
{
  struct ev_loop *loop = t_default_loop (0);
  ev_child child;
  ev_check check;
  siginfo_t info;
  pid_t pid = fork ();
  if (!pid)
    _exit (0);
  CHECK (!waitid (P_PID, (id_t)pid, &info, WEXITED | WNOWAIT));
  NAMED (&child, note_child, "child");
  ev_child_set (&child, pid, 0);
  ev_child_start (loop, &child);
  ev_check_init (&check, cancels_itself_in_check);
  ev_set_priority (&check, EV_MAXPRI);
  ev_check_start (loop, &check);
  CHECK (result_of (start_running (loop)) == PTHREAD_CANCELED);
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("child:800");
  ev_loop_destroy (loop);
}
