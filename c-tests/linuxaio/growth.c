/* linuxaio: the ring grows with the number of descriptors, and no event is lost over it.
 *
 * Not under valgrind where more than about 120 are armed: it takes a ring to be as large as was asked for, the kernel makes it
 * twice as large.
 */
#include "aio.h"

#include <pty.h>
#include <sys/epoll.h>

#define ONE_STEP "the ring grows to the size that is needed in one step, and the old one isn't destroyed while there is traffic (that takes 30 to 60 ms)"

/* A pair of sockets with one byte in flight at a time: the callback sends the next one. */
static int ball[2], balls;

static void
pass_ball (EV_P_ ev_io *w, int revents)
{
  (void)loop;
  CHECK_EQ (revents, EV_READ);
  if (t_drain (w->fd) == 1)
    {
      ++balls;
      t_write (ball[1], "o");
    }
}

static ev_io *
throw_ball (struct ev_loop *loop)
{
  static ev_io w;
  t_socketpair (ball);
  ev_io_init (&w, pass_ball, ball[0], EV_READ);
  ev_io_start (loop, &w);
  t_write (ball[1], "o");
  return &w;
}

TEST (growth_of_2000_quiet_at_once, .backends = T_LINUXAIO, .no_valgrind = 1)
{
  struct ev_loop *loop = t_loop (0);
  many_start (loop, 2000, 0);
  drive (loop, 15);
  CHECK_EQ (many_done, 0);
  many_add ();
  many_expect (loop, 1);
  many_add ();
  many_expect (loop, 1);
  CHECK_EQ (ev_backend (loop), EVBACKEND_LINUXAIO);
  CHECK (aio_contexts () >= 1);
  many_end (loop);
  ev_loop_destroy (loop);
}

TEST (growth_of_2000_ready_at_once, .backends = T_LINUXAIO, .no_valgrind = 1)
{
  struct ev_loop *loop = t_loop (0);
  many_start (loop, 2000, 1);
  many_expect (loop, 1);
  many_add ();
  many_expect (loop, 1);
  ev_loop_destroy (loop);
}

TEST (growth_of_2000_in_one_step, .backends = T_LINUXAIO, .ours_only = ONE_STEP)
{
  struct ev_loop *loop;
  WATCH_AIO ();
  loop = t_loop (0);
  drive (loop, 2);
  CHECK_EQ (inject_calls (SYS_io_setup), 1);
  CHECK_EQ (inject_call (SYS_io_setup, 0)->args[0], 15);
  inject_mark ();
  many_start (loop, 2000, 1);
  drive (loop, 3);
  CHECK_EQ (many_done, 2000);
  CHECK_EQ (inject_calls (SYS_io_setup), 1);
  CHECK_EQ (inject_calls (SYS_io_destroy), 0);
  many_done = 0;
  many_add ();
  many_expect (loop, 1);
  CHECK_EQ (inject_calls (SYS_io_setup), 1);
  ev_loop_destroy (loop);
}

TEST (growth_by_one_at_a_time_under_traffic, .backends = T_LINUXAIO, .no_valgrind = 1)
{
  enum { N = 2000 };
  struct ev_loop *loop = t_loop (0);
  int i, want = 0;
  need_fds (N + 100);
  many = calloc (N, sizeof *many);
  many_called = calloc (N, sizeof *many_called);
  throw_ball (loop);
  for (i = 0; i < N; ++i)
    {
      ev_io_init (&many[i], many_ready, counter_fd ((unsigned)i % 2), EV_READ);
      ev_io_start (loop, &many[i]);
      want += i % 2;
      drive (loop, 1);
    }
  many_open = N;
  drive_until (loop, &many_done, want);
  CHECK_EQ (many_done, want);
  CHECK (balls > N / 2); /* the ball never stopped for long */
  drive_until (loop, &balls, balls + 100);
  many_done = 0;
  many_add ();
  drive_until (loop, &many_done, N);
  CHECK_EQ (many_done, N);
  CHECK_EQ (ev_backend (loop), EVBACKEND_LINUXAIO);
  ev_loop_destroy (loop);
}

TEST (growth_under_traffic_destroys_nothing, .backends = T_LINUXAIO, .ours_only = ONE_STEP)
{
  enum { N = 2000 };
  struct ev_loop *loop;
  int i;
  WATCH_AIO ();
  loop = t_loop (0);
  need_fds (N + 100);
  many = calloc (N, sizeof *many);
  many_called = calloc (N, sizeof *many_called);
  throw_ball (loop);
  for (i = 0; i < N; ++i)
    {
      int before = balls;
      ev_io_init (&many[i], many_ready, counter_fd (0), EV_READ);
      ev_io_start (loop, &many[i]);
      while (balls == before)
        ev_run (loop, EVRUN_ONCE);
    }
  CHECK_EQ (inject_calls (SYS_io_destroy), 0); /* on this thread */
  CHECK (inject_calls (SYS_io_setup) <= 10);
  ev_loop_destroy (loop);
}

/* ---- a full ring, by injection ---- */

TEST (growth_makes_a_larger_ring, .backends = T_LINUXAIO)
{
  struct ev_loop *loop;
  uint64_t size;
  int i;
  WATCH_AIO ();
  loop = t_loop (0);
  many_start (loop, 10, 0);
  drive (loop, 2);
  size = inject_call (SYS_io_setup, 0)->args[0];
  CHECK_EQ (size, 15);
  for (i = 0; i < 5; ++i)
    {
      uint64_t next;
      many_add ();
      inject_mark ();
      inject_error (SYS_io_submit, EAGAIN, 0, 1);
      many_expect (loop, 1);
      many_add ();
      many_expect (loop, 1);
      CHECK_EQ (inject_calls (SYS_io_setup), 1);
      next = inject_call (SYS_io_setup, 0)->args[0];
      CHECK (next > size);
      size = next;
    }
  CHECK_EQ (ev_backend (loop), EVBACKEND_LINUXAIO);
  ev_loop_destroy (loop);
}

TEST (growth_keeps_events_that_are_in_the_ring, .backends = T_LINUXAIO)
{
  struct ev_loop *loop;
  struct inject_rule *rule;
  ev_io w;
  int p[2];
  WATCH_AIO ();
  loop = t_loop (0);
  many_start (loop, 50, 0);
  drive (loop, 2);
  t_pipe (p);
  many_add (); /* 50 events, unread */
  io_named (loop, &w, "r", p[0], EV_READ);
  rule = inject_error (SYS_io_submit, EAGAIN, 0, 2); /* twice: reading the ring could have made room */
  inject_mark ();
  many_expect (loop, 1);
  CHECK_EQ (rule->struck, 2);
  CHECK (inject_calls (SYS_io_setup) >= 1);
  t_write (p[1], "x");
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("r:1");
  ev_loop_destroy (loop);
}

TEST (growth_several_times_in_a_row, .backends = T_LINUXAIO)
{
  struct ev_loop *loop;
  struct inject_rule *rule;
  WATCH_AIO ();
  loop = t_loop (0);
  many_start (loop, 30, 1);
  rule = inject_error (SYS_io_submit, EAGAIN, 0, 4);
  many_expect (loop, 1);
  CHECK_EQ (rule->struck, 4);
  many_add ();
  many_expect (loop, 1);
  CHECK_EQ (ev_backend (loop), EVBACKEND_LINUXAIO);
  ev_loop_destroy (loop);
}

TEST (growth_leaves_no_request_behind, .backends = T_LINUXAIO)
{
  /* What was armed on the old ring must not hold the file, nor report, after a stop. */
  struct ev_loop *loop;
  struct inject_rule *rule;
  ev_io w, other;
  int s[2], p[2];
  WATCH_AIO ();
  loop = t_loop (0);
  t_socketpair (s);
  t_pipe (p);
  io_named (loop, &w, "w", s[0], EV_READ);
  drive (loop, 2);
  rule = inject_error (SYS_io_submit, EAGAIN, 0, 1);
  io_named (loop, &other, "other", p[0], EV_READ);
  drive (loop, 3);
  CHECK_EQ (rule->struck, 1);
  ev_io_stop (loop, &w);
  close (s[0]);
  drive (loop, 2);
  CHECK (at_end (s[1]));
  CHECK_TRACE ("");
  t_write (p[1], "x");
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("other:1");
  ev_loop_destroy (loop);
}

TEST (growth_event_comes_once, .backends = T_LINUXAIO)
{
  struct ev_loop *loop;
  int i;
  WATCH_AIO ();
  loop = t_loop (0);
  many_start (loop, 40, 0);
  for (i = 0; i < 4; ++i)
    {
      drive (loop, 3);
      memset (many_called, 0, 40 * sizeof *many_called);
      many_add ();
      counter_add (many[0].fd); /* so that the next line has something to arm */
      drive (loop, 1);
      inject_error (SYS_io_submit, EAGAIN, 0, 1);
      drive (loop, 5);
    }
  for (i = 0; i < 40; ++i)
    CHECK_EQ (many_called[i], 1);
  ev_loop_destroy (loop);
}

TEST (growth_keeps_ptys_in_epoll, .backends = T_LINUXAIO)
{
  struct ev_loop *loop;
  struct inject_rule *rule;
  ev_io w, other;
  int master, slave, p[2];
  WATCH_AIO ();
  loop = t_loop (0);
  CHECK (!openpty (&master, &slave, 0, 0, 0));
  fcntl (master, F_SETFL, O_NONBLOCK);
  t_pipe (p);
  io_named (loop, &w, "pty", master, EV_READ);
  drive (loop, 3);
  CHECK_EQ (inject_calls_with (SYS_epoll_ctl, 1, EPOLL_CTL_ADD), 1);
  rule = inject_error (SYS_io_submit, EAGAIN, 0, 1);
  io_named (loop, &other, "pipe", p[0], EV_READ);
  drive (loop, 3);
  CHECK_EQ (rule->struck, 1);
  CHECK_TRACE ("");
  t_write (slave, "x");
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("pty:1");
  t_drain (master);
  drive (loop, 3);
  t_trace_reset ();
  noted = 0;
  t_write (p[1], "x");
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("pipe:1");
  CHECK_EQ (ev_backend (loop), EVBACKEND_LINUXAIO);
  ev_loop_destroy (loop);
}

TEST (growth_in_the_middle_of_a_submit, .backends = T_LINUXAIO)
{
  /* The kernel takes 30, stops at the pty, is asked again about the pty, and has no room for the rest. */
  enum { N = 60 };
  struct ev_loop *loop;
  struct inject_rule *rule;
  ev_io w;
  int i, master, slave;
  WATCH_AIO ();
  loop = t_loop (0);
  drive (loop, 2);
  CHECK (!openpty (&master, &slave, 0, 0, 0));
  fcntl (master, F_SETFL, O_NONBLOCK);
  many = calloc (N, sizeof *many);
  many_called = calloc (N, sizeof *many_called);
  many_open = N;
  for (i = 0; i < N; ++i)
    {
      if (i == N / 2)
        io_named (loop, &w, "pty", master, EV_READ);
      ev_io_init (&many[i], many_ready, counter_fd (1), EV_READ);
      ev_io_start (loop, &many[i]);
    }
  rule = inject_error (SYS_io_submit, EAGAIN, 2, 1);
  many_expect (loop, 1);
  CHECK_EQ (rule->struck, 1);
  CHECK_TRACE ("");
  many_add ();
  many_expect (loop, 1);
  t_write (slave, "x");
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("pty:1");
  CHECK_EQ (ev_backend (loop), EVBACKEND_LINUXAIO);
  ev_loop_destroy (loop);
}

TEST (growth_then_none_then_many_again, .backends = T_LINUXAIO, .no_valgrind = 1)
{
  struct ev_loop *loop = t_loop (0);
  int round;
  for (round = 0; round < 3; ++round)
    {
      many_start (loop, 500, 1);
      many_expect (loop, 1);
      many_end (loop);
      drive (loop, 2);
      CHECK_EQ (ev_run (loop, 0), 0);
    }
  ev_loop_destroy (loop);
}

TEST (growth_by_churn_has_an_end, .backends = T_LINUXAIO, .no_valgrind = 1)
{
  /* A cancelled request keeps its place until the kernel's worker has seen to it. */
  struct ev_loop *loop;
  ev_io w[100];
  int round, i;
  WATCH_AIO ();
  loop = t_loop (0);
  for (round = 0; round < 300; ++round)
    {
      for (i = 0; i < 100; ++i)
        {
          if (round)
            {
              ev_io_stop (loop, &w[i]);
              close (w[i].fd);
            }
          io_named (loop, &w[i], "w", counter_fd (0), EV_READ);
        }
      drive (loop, 1);
    }
  CHECK_TRACE ("");
  CHECK (inject_calls (SYS_io_setup) <= 12);
  CHECK_EQ (ev_backend (loop), EVBACKEND_LINUXAIO);
  for (i = 0; i < 100; ++i)
    counter_add (w[i].fd);
  drive_until (loop, &noted, 100);
  ev_loop_destroy (loop);
}

TEST (growth_of_two_loops, .backends = T_LINUXAIO, .no_valgrind = 1)
{
  struct ev_loop *one = t_loop (0), *two = t_loop (0);
  ev_io w;
  int p[2];
  t_pipe (p);
  io_named (two, &w, "two", p[0], EV_READ);
  drive (two, 2);
  many_start (one, 600, 1);
  many_expect (one, 1);
  t_write (p[1], "x");
  drive_until (two, &noted, 1);
  CHECK_TRACE ("two:1");
  many_add ();
  many_expect (one, 1);
  ev_loop_destroy (one);
  drive_until (two, &noted, 2);
  ev_loop_destroy (two);
}

TEST (growth_with_callbacks_that_stop_others, .backends = T_LINUXAIO, .no_valgrind = 1)
{
  struct ev_loop *loop = t_loop (0);
  int i;
  many_start (loop, 1000, 1);
  for (i = 0; i < 1000; i += 2)
    ev_io_stop (loop, &many[i]);
  drive_until (loop, &many_done, 500);
  drive (loop, 5);
  CHECK_EQ (many_done, 500);
  for (i = 0; i < 1000; i += 2)
    ev_io_start (loop, &many[i]);
  drive_until (loop, &many_done, 1000);
  for (i = 0; i < 1000; ++i)
    CHECK (many_called[i] >= 1);
  ev_loop_destroy (loop);
}
