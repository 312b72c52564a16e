/* Async watchers within one thread, and from signal handlers. Threads have a file of their own. */
#include "drive.h"

#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/time.h>

static int writes, eventfd_missing;

/* Counts the writes of the library: the test's own go by the system call. */
ssize_t
write (int fd, const void *data, size_t size)
{
  ++writes;
  return syscall (SYS_write, fd, data, size);
}

int
eventfd (unsigned start, int flags)
{
  if (eventfd_missing)
    {
      errno = ENOSYS;
      return -1;
    }
  return (int)syscall (SYS_eventfd2, start, flags);
}

static void
async_named (struct ev_loop *loop, ev_async *w, const char *name)
{
  NAMED (w, note_async, name);
  ev_async_start (loop, w);
}

TEST (async_send_calls_back)
{
  struct ev_loop *loop = t_loop (0);
  ev_async w;
  async_named (loop, &w, "w");
  CHECK (!ev_async_pending (&w));
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 1);
  ev_async_send (loop, &w);
  CHECK (ev_async_pending (&w));
  CHECK (!ev_is_pending (&w)); /* not before the loop looks */
  CHECK_TRACE ("");
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("w:80000");
  CHECK (!ev_async_pending (&w));
  drive (loop, 3);
  CHECK_TRACE ("w:80000");
  ev_async_stop (loop, &w);
  CHECK (!ev_is_active (&w));
  CHECK_EQ (ev_run (loop, 0), 0);
  ev_loop_destroy (loop);
}

static int sent_inside;

static void
sent_in_callback (EV_P_ ev_async *w, int revents)
{
  (void)loop;
  sent_inside = ev_async_pending (w);
  note_any ((ev_watcher *)w, revents);
}

TEST (async_sent_is_cleared_before_the_callback)
{
  struct ev_loop *loop = t_loop (0);
  ev_async w;
  async_named (loop, &w, "w");
  ev_set_cb (&w, sent_in_callback);
  sent_inside = 7;
  ev_async_send (loop, &w);
  drive_until (loop, &noted, 1);
  CHECK_EQ (sent_inside, 0);
  ev_loop_destroy (loop);
}

TEST (async_many_sends_are_one_event)
{
  struct ev_loop *loop = t_loop (0);
  ev_async w;
  int i;
  async_named (loop, &w, "w");
  drive (loop, 2);
  writes = 0;
  for (i = 0; i < 1000; ++i)
    ev_async_send (loop, &w);
  CHECK (writes <= 1); /* one wake-up at most until it is handled */
  drive_until (loop, &noted, 1);
  drive (loop, 3);
  CHECK_TRACE ("w:80000");
  ev_loop_destroy (loop);
}

static void
send_again (EV_P_ ev_async *w, int revents)
{
  note_any ((ev_watcher *)w, revents);
  if (noted < 5)
    ev_async_send (loop, w);
}

TEST (async_sent_in_its_own_callback)
{
  struct ev_loop *loop = t_loop (0);
  ev_async w;
  async_named (loop, &w, "w");
  ev_set_cb (&w, send_again);
  ev_async_send (loop, &w);
  drive_until (loop, &noted, 5);
  drive (loop, 3);
  CHECK_EQ (noted, 5);
  ev_loop_destroy (loop);
}

TEST (async_several_in_order_of_start)
{
  struct ev_loop *loop = t_loop (0);
  ev_async w[4];
  static const char *names[] = { "a", "b", "c", "d" };
  int i;
  for (i = 0; i < 4; ++i)
    async_named (loop, &w[i], names[i]);
  for (i = 3; i >= 0; --i)
    ev_async_send (loop, &w[i]);
  drive_until (loop, &noted, 4);
  CHECK_TRACE ("a:80000 b:80000 c:80000 d:80000");
  /* b leaves: d moves to its place */
  t_trace_reset ();
  ev_async_stop (loop, &w[1]);
  for (i = 0; i < 4; ++i)
    if (i != 1)
      ev_async_send (loop, &w[i]);
  drive_until (loop, &noted, 7);
  CHECK_TRACE ("a:80000 d:80000 c:80000");
  ev_loop_destroy (loop);
}

TEST (async_only_the_sent_ones)
{
  struct ev_loop *loop = t_loop (0);
  ev_async a, b, c;
  async_named (loop, &a, "a");
  async_named (loop, &b, "b");
  async_named (loop, &c, "c");
  ev_async_send (loop, &b);
  drive_until (loop, &noted, 1);
  drive (loop, 2);
  CHECK_TRACE ("b:80000");
  ev_loop_destroy (loop);
}

TEST (async_before_signals)
{
  struct ev_loop *loop = t_loop (0);
  ev_signal s, t;
  ev_async a, b;
  NAMED (&s, note_signal, "usr1");
  ev_signal_set (&s, SIGUSR1);
  ev_signal_start (loop, &s);
  async_named (loop, &a, "a");
  NAMED (&t, note_signal, "usr2");
  ev_signal_set (&t, SIGUSR2);
  ev_signal_start (loop, &t);
  async_named (loop, &b, "b");
  raise (SIGUSR2);
  ev_async_send (loop, &b);
  raise (SIGUSR1);
  ev_async_send (loop, &a);
  drive_until (loop, &noted, 4);
  CHECK_TRACE ("a:80000 b:80000 usr1:400 usr2:400");
  ev_loop_destroy (loop);
}

TEST (async_priority_goes_first)
{
  struct ev_loop *loop = t_loop (0);
  ev_async a, b;
  async_named (loop, &a, "a");
  NAMED (&b, note_async, "b");
  ev_set_priority (&b, 2);
  ev_async_start (loop, &b);
  ev_async_send (loop, &a);
  ev_async_send (loop, &b);
  drive_until (loop, &noted, 2);
  CHECK_TRACE ("b:80000 a:80000");
  ev_loop_destroy (loop);
}

TEST (async_stop_cancels)
{
  struct ev_loop *loop = t_loop (0);
  ev_async a, b;
  async_named (loop, &a, "a");
  async_named (loop, &b, "b");
  ev_async_send (loop, &a);
  ev_async_stop (loop, &a);
  ev_async_send (loop, &b);
  drive_until (loop, &noted, 1);
  drive (loop, 2);
  CHECK_TRACE ("b:80000");
  /* a pending one too */
  ev_async_start (loop, &a);
  ev_feed_event (loop, &a, EV_ASYNC);
  ev_async_stop (loop, &a);
  CHECK (!ev_is_pending (&a));
  ev_async_stop (loop, &a);
  drive (loop, 2);
  CHECK_TRACE ("b:80000");
  ev_loop_destroy (loop);
}

TEST (async_start_forgets_an_old_send)
{
  struct ev_loop *loop = t_loop (0);
  ev_async a;
  async_named (loop, &a, "a");
  ev_async_send (loop, &a);
  ev_async_stop (loop, &a);
  ev_async_start (loop, &a);
  CHECK (!ev_async_pending (&a));
  drive (loop, 3);
  CHECK_TRACE ("");
  ev_async_start (loop, &a); /* of an active one: nothing */
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 1);
  ev_loop_destroy (loop);
}

TEST (async_send_to_a_stopped_one_calls_nothing)
{
  struct ev_loop *loop = t_loop (0);
  ev_async a, b;
  async_named (loop, &a, "a");
  async_named (loop, &b, "b");
  ev_async_stop (loop, &a);
  ev_async_send (loop, &a);
  drive (loop, 3);
  CHECK_TRACE ("");
  ev_loop_destroy (loop);
}

TEST (async_send_before_the_first_start_is_ignored,
      .ours_only = "ev_async_send before the first ev_async_start of a loop aborts the next run of the reference")
{
  struct ev_loop *loop = t_loop (0);
  ev_async w;
  NAMED (&w, note_async, "w");
  w.sent = 0;
  ev_async_send (loop, &w);
  drive (loop, 3);
  CHECK_TRACE ("");
  ev_async_start (loop, &w);
  drive (loop, 3);
  CHECK_TRACE ("");
  ev_async_send (loop, &w);
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("w:80000");
  ev_loop_destroy (loop);
}

static struct ev_loop *handler_loop;
static ev_async handler_async;

static void
sends (int signum)
{
  (void)signum;
  ev_async_send (handler_loop, &handler_async);
}

TEST (async_sent_from_a_signal_handler)
{
  struct itimerval soon = { { 0, 0 }, { 0, 50000 } };
  struct ev_loop *loop = handler_loop = t_loop (0);
  async_named (loop, &handler_async, "w");
  signal (SIGALRM, sends);
  drive (loop, 2);
  raise (SIGALRM);
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("w:80000");
  /* and while the loop waits */
  CHECK (!setitimer (ITIMER_REAL, &soon, 0));
  drive_until (loop, &noted, 2);
  CHECK_TRACE ("w:80000 w:80000");
  ev_loop_destroy (loop);
}

/* A handler that interrupts the library anywhere, a few thousand times. */
TEST (async_storm_from_a_signal_handler)
{
  struct itimerval often = { { 0, 100 }, { 0, 100 } }, never = { { 0, 0 }, { 0, 0 } };
  struct ev_loop *loop = handler_loop = t_loop (0);
  int p[2], i;
  ev_io w;
  t_pipe (p);
  async_named (loop, &handler_async, "");
  handler_async.data = (void *)"a";
  signal (SIGALRM, sends);
  CHECK (!setitimer (ITIMER_REAL, &often, 0));
  for (i = 0; i < 1000; ++i)
    {
      io_named (loop, &w, "i", p[0], EV_READ);
      CHECK_EQ (syscall (SYS_write, p[1], "x", 1), 1);
      while (!strchr (t_traced (), 'i'))
        ev_run (loop, EVRUN_ONCE);
      ev_io_stop (loop, &w);
      t_drain (p[0]);
      t_trace_reset ();
    }
  CHECK (!setitimer (ITIMER_REAL, &never, 0));
  drive (loop, 3);
  t_trace_reset ();
  noted = 0;
  ev_async_send (loop, &handler_async);
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("a:80000");
  ev_loop_destroy (loop);
}

TEST (async_send_keeps_errno)
{
  struct ev_loop *loop = t_loop (0);
  ev_async w;
  async_named (loop, &w, "w");
  drive (loop, 1);
  errno = 77;
  ev_async_send (loop, &w);
  CHECK_EQ (errno, 77);
  ev_loop_destroy (loop);
}

TEST (async_two_loops)
{
  struct ev_loop *one = t_loop (0), *two = t_loop (0);
  ev_async a, b;
  async_named (one, &a, "one");
  async_named (two, &b, "two");
  ev_async_send (one, &a);
  drive (two, 2);
  CHECK_TRACE ("");
  drive_until (one, &noted, 1);
  ev_async_send (two, &b);
  drive_until (two, &noted, 2);
  CHECK_TRACE ("one:80000 two:80000");
  ev_loop_destroy (one);
  drive (two, 1);
  ev_loop_destroy (two);
}

TEST (async_without_eventfd)
{
  struct ev_loop *loop;
  ev_async w;
  int i, j;
  eventfd_missing = 1;
  loop = t_loop (0);
  async_named (loop, &w, "w");
  for (i = 1; i <= 20; ++i)
    {
      for (j = 0; j < 100; ++j)
        ev_async_send (loop, &w);
      drive_until (loop, &noted, i);
      drive (loop, 1);
      CHECK_EQ (noted, i);
    }
  ev_loop_destroy (loop);
}

TEST (async_descriptors_are_closed_by_destroy)
{
  int before = t_open_fds ();
  struct ev_loop *loop = t_loop (0);
  ev_async w;
  async_named (loop, &w, "w");
  ev_async_send (loop, &w);
  drive (loop, 2);
  ev_loop_destroy (loop);
  CHECK_EQ (t_open_fds (), before);
}
