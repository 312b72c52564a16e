/* linuxaio: changing, stopping, closing what the kernel has armed. An armed request holds its file open, and its event may
 * be in the ring already.
 */
#include "aio.h"

/* ---- letting go of the file ---- */

static int cancelled, peer, peer_saw_end, wake[2];

static void
look_at_peer (EV_P)
{
  (void)loop;
  cancelled = inject_calls (SYS_io_cancel);
  peer_saw_end = at_end (peer);
  t_write (wake[1], "x"); /* ends the wait */
}

static void
nothing (EV_P)
{
  (void)loop;
}

TEST (cancel_stopped_and_closed_is_let_go_before_the_wait, .backends = T_LINUXAIO)
{
  struct ev_loop *loop;
  ev_io w, end;
  int s[2];
  WATCH_AIO ();
  loop = t_loop (0);
  t_socketpair (s);
  t_pipe (wake);
  peer = s[1];
  io_named (loop, &end, "end", wake[0], EV_READ);
  io_named (loop, &w, "r", s[0], EV_READ);
  drive (loop, 2);
  ev_io_stop (loop, &w);
  close (s[0]);
  ev_set_loop_release_cb (loop, look_at_peer, nothing); /* called just before the loop blocks */
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("end:1");
  CHECK_EQ (cancelled, 1);
  CHECK (peer_saw_end);
  ev_loop_destroy (loop);
}

static void
stop_and_close (EV_P_ ev_io *w, int revents)
{
  ++noted;
  t_trace ("%s:%x", (const char *)w->data, (unsigned)revents);
  ev_io_stop (loop, w);
  close (w->fd);
}

TEST (cancel_stopped_and_closed_in_its_callback_is_let_go, .backends = T_LINUXAIO)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w;
  int p[2];
  t_pipe (p);
  NAMED (&w, stop_and_close, "r");
  ev_io_set (&w, p[0], EV_READ);
  ev_io_start (loop, &w);
  drive (loop, 2);
  t_write (p[1], "x");
  ev_run (loop, EVRUN_ONCE);
  CHECK_TRACE ("r:1");
  signal (SIGPIPE, SIG_IGN);
  CHECK_EQ (write (p[1], "x", 1), -1); /* its event was the end of the request: nothing to cancel, nobody holds it */
  CHECK_EQ (errno, EPIPE);
  drive (loop, 2);
  CHECK_TRACE ("r:1");
  ev_loop_destroy (loop);
}

TEST (cancel_closed_then_stopped_is_let_go, .backends = T_LINUXAIO)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w;
  int s[2];
  t_socketpair (s);
  io_named (loop, &w, "r", s[0], EV_READ);
  drive (loop, 2);
  close (s[0]);
  CHECK (!at_end_now (s[1])); /* the request holds it */
  ev_io_stop (loop, &w);
  drive (loop, 1);
  CHECK (at_end (s[1]));
  CHECK_TRACE ("");
  ev_loop_destroy (loop);
}

TEST (cancel_works_after_the_tables_have_grown, .backends = T_LINUXAIO)
{
  /* The kernel knows a request by the address of its control block: it must not have moved. */
  struct ev_loop *loop = t_loop (0);
  ev_io w, high[6];
  int s[2], i, p[2];
  need_fds (9000);
  t_socketpair (s);
  t_pipe (p);
  io_named (loop, &w, "r", s[0], EV_READ);
  drive (loop, 2);
  for (i = 0; i < 6; ++i)
    {
      int fd = fcntl (p[0], F_DUPFD_CLOEXEC, 200 << i);
      CHECK (fd >= 200 << i);
      io_named (loop, &high[i], "h", fd, EV_READ);
      drive (loop, 1);
    }
  ev_io_stop (loop, &w);
  close (s[0]);
  drive (loop, 1);
  CHECK (at_end (s[1]));
  t_write (p[1], "x");
  drive_until (loop, &noted, 6);
  CHECK_TRACE ("h:1 h:1 h:1 h:1 h:1 h:1");
  ev_loop_destroy (loop);
}

TEST (cancel_each_of_a_hundred, .backends = T_LINUXAIO)
{
  enum { N = 100 };
  static ev_io w[N];
  static int s[N][2];
  struct ev_loop *loop;
  int i;
  WATCH_AIO ();
  loop = t_loop (0);
  for (i = 0; i < N; ++i)
    {
      t_socketpair (s[i]);
      io_named (loop, &w[i], "r", s[i][0], EV_READ);
    }
  drive (loop, 2);
  inject_mark ();
  for (i = 0; i < N; ++i)
    {
      ev_io_stop (loop, &w[i]);
      close (s[i][0]);
    }
  drive (loop, 1);
  for (i = 0; i < N; ++i)
    CHECK (at_end (s[i][1]));
  CHECK_EQ (inject_calls (SYS_io_cancel), N);
  CHECK_EQ (inject_calls (SYS_io_submit), 0);
  CHECK_TRACE ("");
  ev_loop_destroy (loop);
}

TEST (cancel_by_destroy_lets_go_of_all, .backends = T_LINUXAIO)
{
  enum { N = 50 };
  static ev_io w[N];
  static int s[N][2];
  struct ev_loop *loop = t_loop (0);
  int i;
  for (i = 0; i < N; ++i)
    {
      t_socketpair (s[i]);
      io_named (loop, &w[i], "r", s[i][0], EV_READ);
    }
  drive (loop, 2);
  for (i = 0; i < N; ++i)
    close (s[i][0]);
  ev_loop_destroy (loop);
  for (i = 0; i < N; ++i)
    CHECK (at_end (s[i][1]));
}

/* ---- events that come late ---- */

TEST (cancel_event_in_the_ring_of_a_stopped_one, .backends = T_LINUXAIO | T_IOURING)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w;
  int p[2];
  t_pipe (p);
  io_named (loop, &w, "r", p[0], EV_READ);
  drive (loop, 2);
  t_write (p[1], "x");
  ev_io_stop (loop, &w);
  drive (loop, 3);
  CHECK_TRACE ("");
  ev_io_start (loop, &w);
  drive (loop, 1);
  CHECK_TRACE ("r:1");
  ev_loop_destroy (loop);
}

static ev_io *victim;

static void
stop_victim (EV_P_ ev_prepare *w, int revents)
{
  (void)w;
  (void)revents;
  ev_io_stop (loop, victim);
}

TEST (cancel_event_in_the_ring_of_one_stopped_by_prepare, .backends = T_LINUXAIO)
{
  struct ev_loop *loop = t_loop (0);
  ev_prepare prepare;
  ev_io w;
  int p[2];
  t_pipe (p);
  io_named (loop, &w, "r", p[0], EV_READ);
  drive (loop, 2);
  t_write (p[1], "x");
  victim = &w;
  ev_prepare_init (&prepare, stop_victim);
  ev_prepare_start (loop, &prepare);
  drive (loop, 3);
  CHECK_TRACE ("");
  ev_loop_destroy (loop);
}

TEST (cancel_event_in_the_ring_is_not_the_next_files, .backends = T_LINUXAIO)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w;
  int p[2], q[2];
  t_pipe (p);
  t_pipe (q);
  io_named (loop, &w, "old", p[0], EV_READ);
  drive (loop, 2);
  t_write (p[1], "x");
  ev_io_stop (loop, &w);
  CHECK_EQ (dup2 (q[0], p[0]), p[0]);
  io_named (loop, &w, "new", p[0], EV_READ);
  drive (loop, 3);
  CHECK_TRACE ("");
  t_write (q[1], "x");
  drive (loop, 1);
  CHECK_TRACE ("new:1");
  ev_loop_destroy (loop);
}

TEST (cancel_event_in_the_ring_of_the_other_direction, .backends = T_LINUXAIO)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w;
  int s[2];
  t_socketpair (s);
  io_named (loop, &w, "w", s[0], EV_READ);
  drive (loop, 2);
  t_write (s[1], "x");
  ev_io_stop (loop, &w);
  ev_io_set (&w, s[0], EV_WRITE);
  ev_io_start (loop, &w);
  drive (loop, 1);
  CHECK_TRACE ("w:2");
  drive (loop, 1);
  CHECK_TRACE ("w:2 w:2");
  ev_loop_destroy (loop);
}

TEST (cancel_refused_by_the_kernel, .backends = T_LINUXAIO)
{
  /* As if the request could not be had back: its event comes later, and is nobody's. */
  struct ev_loop *loop;
  struct inject_rule *rule;
  ev_io w;
  int p[2], q[2];
  WATCH_AIO ();
  loop = t_loop (0);
  ev_set_syserr_cb (trace_syserr);
  t_pipe (p);
  t_pipe (q);
  io_named (loop, &w, "old", p[0], EV_READ);
  drive (loop, 2);
  rule = inject_error (SYS_io_cancel, EINVAL, 0, INJECT_ALWAYS);
  ev_io_stop (loop, &w);
  drive (loop, 1);
  CHECK_EQ (rule->struck, 1);
  CHECK_EQ (dup2 (q[0], p[0]), p[0]);
  io_named (loop, &w, "new", p[0], EV_READ);
  drive (loop, 2);
  inject_end (rule);
  t_write (p[1], "x"); /* the old file's reader is the request alone */
  drive (loop, 3);
  CHECK_TRACE ("");
  t_write (q[1], "x");
  drive (loop, 1);
  CHECK_TRACE ("new:1");
  t_drain (q[0]);
  drive (loop, 3);
  CHECK_TRACE ("new:1");
  ev_loop_destroy (loop);
}

TEST (cancel_beside_events_of_others, .backends = T_LINUXAIO)
{
  /* 20 events in the ring, every second watcher stopped: exactly the others come. */
  enum { N = 20 };
  struct ev_loop *loop = t_loop (0);
  int i;
  many_start (loop, N, 0);
  drive (loop, 2);
  many_add ();
  for (i = 0; i < N; i += 2)
    ev_io_stop (loop, &many[i]);
  drive (loop, 2);
  CHECK_EQ (many_done, N / 2);
  for (i = 0; i < N; ++i)
    CHECK_EQ (many_called[i], i % 2);
  for (i = 0; i < N; i += 2)
    ev_io_start (loop, &many[i]);
  drive (loop, 2);
  CHECK_EQ (many_done, N);
  for (i = 0; i < N; ++i)
    CHECK_EQ (many_called[i], 1);
  many_end (loop);
  ev_loop_destroy (loop);
}

/* ---- one number, several files ---- */

static int reopened[2];

static void
close_and_reopen (EV_P_ ev_io *w, int revents)
{
  int fd = w->fd;
  ++noted;
  t_trace ("%s:%x", (const char *)w->data, (unsigned)revents);
  ev_io_stop (loop, w);
  close (fd);
  t_pipe (reopened);
  move_fd (&reopened[0], fd);
  io_named (loop, w, "new", fd, EV_READ);
}

TEST (cancel_number_reused_within_an_iteration, .backends = T_LINUXAIO)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w;
  int p[2];
  t_pipe (p);
  NAMED (&w, close_and_reopen, "old");
  ev_io_set (&w, p[0], EV_READ);
  ev_io_start (loop, &w);
  t_write (p[1], "x");
  drive (loop, 4);
  CHECK_TRACE ("old:1");
  t_write (reopened[1], "x");
  drive (loop, 1);
  CHECK_TRACE ("old:1 new:1");
  ev_loop_destroy (loop);
}

TEST (cancel_number_reused_again_and_again, .backends = T_LINUXAIO)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w;
  int round, fd = -1;
  for (round = 0; round < 100; ++round)
    {
      int p[2];
      t_pipe (p);
      if (fd >= 0)
        move_fd (&p[0], fd);
      fd = p[0];
      noted = 0;
      io_named (loop, &w, "r", fd, EV_READ);
      drive (loop, round % 3);
      CHECK_EQ (noted, 0); /* nothing left of the one before, which had an event */
      t_write (p[1], "x");
      drive_until (loop, &noted, 1);
      t_trace_reset ();
      drive (loop, round % 2);
      ev_io_stop (loop, &w);
      close (fd);
      close (p[1]);
    }
  ev_loop_destroy (loop);
}

/* Whether nobody can read what is written to the pipe any more. */
static int
reader_gone (int fd)
{
  struct pollfd ready = { fd, 0, 0 };
  return poll (&ready, 1, 5000) == 1 && ready.revents & POLLERR;
}

TEST (cancel_number_is_another_file_by_the_next_run, .backends = T_LINUXAIO)
{
  /* What was armed belongs to the file before. */
  struct ev_loop *loop = t_loop (0);
  ev_io w;
  int p[2], q[2];
  t_pipe (p);
  t_pipe (q);
  io_named (loop, &w, "w", p[0], EV_READ);
  drive (loop, 2);
  CHECK_EQ (dup2 (q[0], p[0]), p[0]);
  ev_io_stop (loop, &w);
  ev_io_set (&w, p[0], EV_READ);
  ev_io_start (loop, &w);
  drive (loop, 1);
  CHECK (reader_gone (p[1])); /* let go */
  CHECK_TRACE ("");
  t_write (q[1], "x");
  drive (loop, 1);
  CHECK_TRACE ("w:1");
  ev_loop_destroy (loop);
}

TEST (cancel_closed_under_an_active_watcher,
      .backends = T_LINUXAIO, .ours_only = "the reference aborts the process on a closed descriptor (linuxaio)")
{
  struct ev_loop *loop = t_loop (0);
  ev_io w, other;
  int p[2], q[2];
  t_pipe (p);
  t_pipe (q);
  io_named (loop, &w, "w", p[0], EV_READ);
  io_named (loop, &other, "other", q[0], EV_READ);
  drive (loop, 2);
  close (p[0]);
  t_write (p[1], "x"); /* the request still has the file */
  drive (loop, 3);
  CHECK_TRACE ("w:1 w:80000003"); /* then it can't be armed again */
  CHECK (!ev_is_active (&w));
  t_write (q[1], "x");
  drive (loop, 1);
  CHECK_TRACE ("w:1 w:80000003 other:1");
  ev_loop_destroy (loop);
}

TEST (cancel_dup_keeps_the_other, .backends = T_LINUXAIO)
{
  struct ev_loop *loop = t_loop (0);
  ev_io a, b;
  int p[2], twin;
  t_pipe (p);
  twin = dup (p[0]);
  io_named (loop, &a, "a", p[0], EV_READ);
  io_named (loop, &b, "b", twin, EV_READ);
  drive (loop, 2);
  ev_io_stop (loop, &a);
  close (p[0]);
  drive (loop, 2);
  t_write (p[1], "x");
  drive (loop, 1);
  CHECK_TRACE ("b:1");
  drive (loop, 1);
  CHECK_TRACE ("b:1 b:1");
  ev_loop_destroy (loop);
}

/* ---- changing the direction ---- */

TEST (cancel_modify_while_armed, .backends = T_LINUXAIO)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w;
  int s[2], round;
  t_socketpair (s);
  io_named (loop, &w, "w", s[0], EV_READ);
  drive (loop, 2);
  for (round = 0; round < 200; ++round)
    {
      int write_too = round % 2 == 0, arrive = round % 3 == 0;
      ev_io_stop (loop, &w);
      ev_io_modify (&w, write_too ? EV_READ | EV_WRITE : EV_READ);
      ev_io_start (loop, &w);
      if (arrive)
        t_write (s[1], "x");
      t_trace_reset ();
      drive (loop, 1);
      CHECK_TRACE (write_too ? (arrive ? "w:3" : "w:2") : (arrive ? "w:1" : ""));
      t_drain (s[0]);
    }
  ev_loop_destroy (loop);
}

TEST (cancel_modify_beside_a_second_watcher, .backends = T_LINUXAIO)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w, other;
  int s[2];
  t_socketpair (s);
  io_named (loop, &w, "w", s[0], EV_READ);
  drive (loop, 2);
  ev_io_stop (loop, &w);
  ev_io_modify (&w, EV_WRITE);
  ev_io_start (loop, &w);
  io_named (loop, &other, "other", s[0], EV_READ);
  drive (loop, 1);
  CHECK_TRACE ("w:2");
  t_write (s[1], "x");
  drive (loop, 1);
  CHECK_TRACE ("w:2 w:2 other:1");
  ev_loop_destroy (loop);
}

TEST (cancel_nothing_for_a_stop_and_start, .backends = T_LINUXAIO)
{
  struct ev_loop *loop;
  ev_io w;
  int p[2];
  WATCH_AIO ();
  loop = t_loop (0);
  t_pipe (p);
  io_named (loop, &w, "r", p[0], EV_READ);
  drive (loop, 2);
  inject_mark ();
  ev_io_stop (loop, &w);
  ev_io_start (loop, &w);
  drive (loop, 2);
  CHECK_EQ (inject_calls (-1), 0); /* the same events, and no ev_io_set in between */
  t_write (p[1], "x");
  drive (loop, 1);
  CHECK_TRACE ("r:1");
  ev_loop_destroy (loop);
}

TEST (cancel_and_arm_after_ev_io_set, .backends = T_LINUXAIO)
{
  struct ev_loop *loop;
  ev_io w;
  int p[2];
  WATCH_AIO ();
  loop = t_loop (0);
  t_pipe (p);
  io_named (loop, &w, "r", p[0], EV_READ);
  drive (loop, 2);
  inject_mark ();
  ev_io_stop (loop, &w);
  ev_io_set (&w, p[0], EV_READ); /* the number may be another file now */
  ev_io_start (loop, &w);
  drive (loop, 2);
  CHECK_EQ (inject_calls (SYS_io_cancel), 1);
  CHECK_EQ (inject_calls (SYS_io_submit), 1);
  t_write (p[1], "x");
  drive (loop, 1);
  CHECK_TRACE ("r:1");
  ev_loop_destroy (loop);
}

TEST (cancel_narrower_when_one_of_two_watchers_stops, .backends = T_LINUXAIO)
{
  struct ev_loop *loop = t_loop (0);
  ev_io r, w;
  int s[2];
  t_socketpair (s);
  io_named (loop, &r, "r", s[0], EV_READ);
  io_named (loop, &w, "w", s[0], EV_WRITE);
  drive (loop, 1);
  CHECK_TRACE ("w:2");
  ev_io_stop (loop, &w);
  drive (loop, 3);
  CHECK_TRACE ("w:2");
  t_write (s[1], "x");
  drive (loop, 1);
  CHECK_TRACE ("w:2 r:1");
  ev_io_stop (loop, &r);
  drive (loop, 3);
  CHECK_TRACE ("w:2 r:1");
  ev_loop_destroy (loop);
}

TEST (cancel_fed_event_leaves_the_request, .backends = T_LINUXAIO)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w;
  int p[2];
  t_pipe (p);
  io_named (loop, &w, "r", p[0], EV_READ);
  drive (loop, 2);
  ev_feed_fd_event (loop, p[0], EV_READ);
  drive (loop, 2);
  CHECK_TRACE ("r:1");
  t_write (p[1], "x");
  drive (loop, 1);
  CHECK_TRACE ("r:1 r:1");
  ev_loop_destroy (loop);
}

/* ---- at random ---- */

static ev_io chaos[40];
static int chaos_fd[40][2], chaos_full[40];

static void
chaos_ready (EV_P_ ev_io *w, int revents)
{
  int i = (int)(w - chaos);
  (void)loop;
  CHECK_EQ (revents, EV_READ);
  ++noted;
  if (chaos_full[i])
    CHECK_EQ (t_drain (w->fd), 1);
  chaos_full[i] = 0;
}

TEST (cancel_at_random, .backends = T_LINUXAIO)
{
  /* Writes, stops, starts, closes and iterations in every order: what is full and watched is called, nothing else is. */
  enum { N = 40, STEPS = 20000 };
  struct ev_loop *loop = t_loop (0);
  unsigned random = 12345;
  int step, i, spurious = 0;
  for (i = 0; i < N; ++i)
    {
      t_pipe (chaos_fd[i]);
      ev_io_init (&chaos[i], chaos_ready, chaos_fd[i][0], EV_READ);
    }
  for (step = 0; step < STEPS; ++step)
    {
      random = random * 1103515245 + 12345;
      i = (int)(random >> 16) % N;
      switch ((random >> 8) % 6)
        {
        case 0:
          ev_io_start (loop, &chaos[i]);
          break;
        case 1:
          ev_io_stop (loop, &chaos[i]);
          break;
        case 2:
          if (!chaos_full[i])
            t_write (chaos_fd[i][1], "x");
          chaos_full[i] = 1;
          break;
        case 3:
          /* another file under the same number */
          ev_io_stop (loop, &chaos[i]);
          close (chaos_fd[i][1]);
          {
            int fresh[2];
            t_pipe (fresh);
            CHECK_EQ (dup3 (fresh[0], chaos_fd[i][0], O_CLOEXEC), chaos_fd[i][0]);
            close (fresh[0]);
            chaos_fd[i][1] = fresh[1];
          }
          chaos_full[i] = 0;
          ev_io_set (&chaos[i], chaos_fd[i][0], EV_READ);
          ev_io_start (loop, &chaos[i]);
          break;
        default:
          {
            int expected = 0;
            int k;
            for (k = 0; k < N; ++k)
              expected += chaos_full[k] && ev_is_active (&chaos[k]);
            noted = 0;
            drive (loop, 2);
            /* The kernel may leave a completion to a worker. */
            for (k = 0; noted < expected && k < 1000; ++k)
              {
                t_nap (.001);
                drive (loop, 1);
              }
            CHECK (noted >= expected);
            spurious += noted - expected;
            for (k = 0; k < N; ++k)
              CHECK (!chaos_full[k] || !ev_is_active (&chaos[k]));
          }
        }
      if (step % 500 == 0)
        ev_verify (loop);
    }
  CHECK_EQ (spurious, 0);
  ev_loop_destroy (loop);
}
