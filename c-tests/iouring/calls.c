/* iouring: which system calls an iteration makes. */
#include "uring.h"

#include <pthread.h>

TEST (uring_loop_is_one_descriptor, .backends = T_IOURING)
{
  int before = t_open_fds ();
  struct ev_loop *loop = t_loop (0);
  CHECK_EQ (t_open_fds (), before + 1);
  CHECK (is_ring (ring_fd ()));
  CHECK_EQ (fcntl (ring_fd (), F_GETFD), FD_CLOEXEC);
  ev_loop_destroy (loop);
  CHECK_EQ (t_open_fds (), before);
}

TEST (uring_changes_go_with_the_wait, .backends = T_IOURING)
{
  enum { READY = 10, CHANGED = 4, STOPPED = 3, FRESH = 5 };
  static ev_io ready[READY], changed[CHANGED], stopped[STOPPED], fresh[FRESH];
  struct ev_loop *loop;
  ev_timer t;
  int i, s[2];
  WATCH_URING ();
  loop = t_loop (0);
  for (i = 0; i < READY; ++i)
    io_named (loop, &ready[i], "r", counter_fd (0), EV_READ);
  for (i = 0; i < CHANGED; ++i)
    {
      t_socketpair (s);
      io_named (loop, &changed[i], "c", s[0], EV_READ);
    }
  for (i = 0; i < STOPPED; ++i)
    io_named (loop, &stopped[i], "s", counter_fd (0), EV_READ);
  inject_mark ();
  drive (loop, 1);
  CHECK_EQ (enters (), 1);
  CHECK_EQ (inject_call (SYS_io_uring_enter, 0)->args[1], READY + CHANGED + STOPPED);
  for (i = 0; i < READY; ++i)
    counter_add (ready[i].fd);
  drive (loop, 1);
  CHECK_EQ (noted, READY); /* to be armed again */
  for (i = 0; i < READY; ++i)
    t_drain (ready[i].fd);
  for (i = 0; i < CHANGED; ++i)
    {
      ev_io_stop (loop, &changed[i]);
      ev_io_modify (&changed[i], EV_WRITE);
      ev_io_start (loop, &changed[i]);
    }
  for (i = 0; i < STOPPED; ++i)
    ev_io_stop (loop, &stopped[i]);
  for (i = 0; i < FRESH; ++i)
    io_named (loop, &fresh[i], "f", counter_fd (0), EV_READ);
  timer_named (loop, &t, "t", 20., 0.);
  t_trace_reset ();
  inject_mark ();
  ev_run (loop, EVRUN_ONCE); /* sockets can be written to */
  CHECK_EQ (enters (), 1);
  CHECK_EQ (inject_call (SYS_io_uring_enter, 0)->args[1], READY + 2 * CHANGED + STOPPED + FRESH);
  CHECK_EQ (inject_calls (-1), 1);
  CHECK_TRACE ("c:2 c:2 c:2 c:2");
  ev_loop_destroy (loop);
}

static int waker;

static void *
wake_later (void *unused)
{
  (void)unused;
  t_nap (.05);
  counter_add (waker);
  return 0;
}

TEST (uring_cancelled_polls_do_not_end_the_wait, .backends = T_IOURING)
{
  enum { N = 40 };
  static ev_io w[N];
  struct ev_loop *loop = t_loop (0);
  pthread_t thread;
  ev_io r;
  int i;
  for (i = 0; i < N; ++i)
    io_named (loop, &w[i], "w", counter_fd (0), EV_READ);
  waker = counter_fd (0);
  io_named (loop, &r, "r", waker, EV_READ);
  drive (loop, 2);
  for (i = 0; i < N; ++i)
    {
      ev_io_stop (loop, &w[i]);
      if (i & 1)
        ev_io_start (loop, &w[i]);
    }
  CHECK (!pthread_create (&thread, 0, wake_later, 0));
  ev_run (loop, EVRUN_ONCE);
  CHECK_TRACE ("r:1");
  pthread_join (thread, 0);
  ev_loop_destroy (loop);
}

/* ... and after that one event is still enough to end one. */
TEST (uring_one_event_ends_the_wait_after_many_cancels, .backends = T_IOURING)
{
  enum { N = 300 };
  static ev_io w[N];
  struct ev_loop *loop = t_loop (0);
  int i, round;
  need_fds (N + 50);
  for (i = 0; i < N; ++i)
    {
      ev_io_init (&w[i], note_io, counter_fd (0), EV_READ);
      w[i].data = (void *)"r";
    }
  for (round = 0; round < 20; ++round)
    {
      for (i = 0; i < N; ++i)
        ev_io_start (loop, &w[i]);
      drive (loop, round % 3);
      for (i = round % 5; i < N; ++i)
        ev_io_stop (loop, &w[i]);
      if (round % 5)
        {
          counter_add (w[0].fd);
          noted = 0;
          drive_until (loop, &noted, 1);
          t_drain (w[0].fd);
        }
      else
        drive (loop, 1);
    }
  ev_loop_destroy (loop);
}

static void
write_to_waker (EV_P)
{
  (void)loop;
  counter_add (waker);
}

TEST (uring_wait_says_no_iowait_and_has_the_time, .backends = T_IOURING)
{
  struct ev_loop *loop;
  const struct inject_call *call;
  ev_timer t;
  ev_io w;
  int iowait = ring_features () >> 17 & 1;
  WATCH_URING ();
  loop = t_loop (0);
  waker = counter_fd (0);
  io_named (loop, &w, "r", waker, EV_READ);
  timer_named (loop, &t, "t", 20., 0.);
  drive (loop, 1);
  ev_set_loop_release_cb (loop, write_to_waker, 0);
  inject_mark ();
  ev_run (loop, EVRUN_ONCE);
  CHECK_TRACE ("r:1");
  CHECK_EQ (enters (), 1);
  call = inject_call (SYS_io_uring_enter, 0);
  CHECK_EQ (call->args[0], (unsigned)ring_fd ());
  CHECK_EQ (call->args[1], 0);
  CHECK_EQ (call->args[2], 1);
  CHECK_EQ (call->args[3] & 0xf, IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG);
  CHECK_EQ (call->args[3] >> 7 & 1, iowait);
  CHECK (call->args[4]);
  CHECK_EQ (inject_calls (SYS_timerfd_create), 0);
  ev_loop_destroy (loop);
}

/* Descriptors that are always ready leave the ring: one poll finds them all. */
TEST (uring_what_is_always_ready_is_polled_in_one_call, .backends = T_IOURING)
{
  enum { N = 50 };
  static ev_io w[N];
  struct ev_loop *loop;
  int i;
  WATCH_URING ();
  loop = t_loop (0);
  for (i = 0; i < N; ++i)
    io_named (loop, &w[i], "r", counter_fd (1), EV_READ);
  for (i = 0; i < 40; ++i)
    {
      noted = 0;
      inject_mark ();
      ev_run (loop, i & 1 ? EVRUN_ONCE : EVRUN_NOWAIT);
      CHECK_EQ (noted, N);
      CHECK (enters () <= 1);
      CHECK_EQ (inject_calls (-1), 1);
    }
  CHECK_EQ (inject_calls (SYS_poll), 1);
  CHECK_EQ (inject_call (SYS_poll, 0)->args[1], N);
  /* One that is ready no more goes back to the ring, and its next event comes from there. */
  counters_empty (loop, w, N, 3);
  inject_mark ();
  drive (loop, 3);
  CHECK_EQ (inject_calls (SYS_poll), 0);
  counters_fill (w, N);
  drive_until (loop, &noted, N);
  ev_loop_destroy (loop);
}

TEST (uring_polled_ones_need_no_poll, .backends = T_IOURING)
{
  /* poll refused: all goes on through the ring. */
  enum { N = 20 };
  static ev_io w[N];
  struct ev_loop *loop;
  struct inject_rule *rule;
  int i;
  WATCH_URING ();
  loop = t_loop (0);
  rule = inject_error (SYS_poll, EPERM, 0, INJECT_ALWAYS);
  for (i = 0; i < N; ++i)
    io_named (loop, &w[i], "r", counter_fd (1), EV_READ);
  for (i = 0; i < 50; ++i)
    {
      noted = 0;
      drive_until (loop, &noted, N);
    }
  CHECK (rule->struck > 0);
  ev_loop_destroy (loop);
}

static int flips;

static void
flip (EV_P_ ev_io *w, int revents)
{
  ++flips;
  ev_io_stop (loop, w);
  ev_io_modify (w, revents & EV_READ ? EV_WRITE : EV_READ);
  ev_io_start (loop, w);
}

TEST (uring_quiet_ones_are_heard_beside_busy_ones, .backends = T_IOURING)
{
  struct ev_loop *loop = t_loop (0);
  ev_io busy, quiet;
  ev_async a;
  int s[2], p[2], i;
  t_socketpair (s);
  t_pipe (p);
  t_write (s[1], "x");
  ev_io_init (&busy, flip, s[0], EV_READ);
  ev_io_start (loop, &busy);
  io_named (loop, &quiet, "quiet", p[0], EV_READ);
  NAMED (&a, note_async, "a");
  ev_async_start (loop, &a);
  drive (loop, 20); /* by now the busy one is polled beside the ring */
  for (i = 0; i < 50; ++i)
    {
      noted = 0;
      t_trace_reset ();
      t_write (p[1], "x");
      drive_until (loop, &noted, 1);
      CHECK_TRACE ("quiet:1");
      t_drain (p[0]);
      ev_async_send (loop, &a);
      drive_until (loop, &noted, 2);
      CHECK_TRACE ("quiet:1 a:80000");
      flips = 0;
      drive (loop, 3);
      CHECK_EQ (flips, 3);
    }
  ev_loop_destroy (loop);
}

/* ---- many ---- */

TEST (uring_18000_ready_at_once, .backends = T_IOURING, .no_valgrind = 1)
{
  struct ev_loop *loop = t_loop (0);
  many_start (loop, 18000, 1);
  many_expect (loop, 1);
  many_add ();
  many_expect (loop, 1);
  CHECK_EQ (ev_backend (loop), EVBACKEND_IOURING);
  ev_loop_destroy (loop);
}

/* More completions than the ring has room for, since nobody looks while they come. */
TEST (uring_completions_overflow_and_none_is_lost, .backends = T_IOURING, .no_valgrind = 1)
{
  int kind;
  WATCH_URING ();
  for (kind = 0; kind < 3; ++kind)
    {
      /* Of a plainer kind, as older kernels have it. */
      struct inject_rule *rule = inject_error (SYS_io_uring_setup, EINVAL, 0, kind);
      struct ev_loop *loop = t_loop (0);
      inject_end (rule);
      many_start (loop, 5000, 0);
      drive (loop, 2);
      many_add ();
      many_expect (loop, 1);
      many_add ();
      many_expect (loop, 1);
      many_end (loop);
      ev_loop_destroy (loop);
    }
}
