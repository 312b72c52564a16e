/* The table of descriptors: many of them, high numbers, and the mistakes it must notice. */
#include "many.h"

/* ---- many and high ---- */

static int calls[10000];

static void
count_and_drain (EV_P_ ev_io *w, int revents)
{
  CHECK_EQ (revents, EV_READ);
  ++calls[w->fd];
  ++noted;
  t_drain (w->fd);
}

TEST (fdtable_5000_descriptors, .no_valgrind = 1)
{
  enum { PIPES = 2500 };
  static ev_io w[2 * PIPES];
  static int fd[PIPES][2];
  struct ev_loop *loop;
  int i, n = 0;
  need_fds (2 * PIPES + 100);
  loop = t_loop (0);
  for (i = 0; i < PIPES; ++i)
    {
      t_socketpair (fd[i]);
      ev_io_init (&w[n], count_and_drain, fd[i][0], EV_READ);
      ev_io_start (loop, &w[n++]);
      ev_io_init (&w[n], count_and_drain, fd[i][1], EV_READ);
      ev_io_start (loop, &w[n++]);
    }
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 2 * PIPES);
  CHECK_EQ (noted, 0);
  /* some here and there */
  for (i = 0; i < PIPES; i += 499)
    t_write (fd[i][0], "x");
  drive_until (loop, &noted, 6);
  CHECK_EQ (noted, 6);
  for (i = 0; i < PIPES; i += 499)
    CHECK_EQ (calls[fd[i][1]], 1);
  /* all at once: each is called once, whatever number of iterations that takes */
  memset (calls, 0, sizeof calls);
  noted = 0;
  for (i = 0; i < PIPES; ++i)
    {
      t_write (fd[i][0], "x");
      t_write (fd[i][1], "x");
    }
  drive_until (loop, &noted, 2 * PIPES);
  for (i = 0; i < PIPES; ++i)
    {
      CHECK_EQ (calls[fd[i][0]], 1);
      CHECK_EQ (calls[fd[i][1]], 1);
    }
  /* half of them go */
  ev_verify (loop);
  for (i = 0; i < 2 * PIPES; i += 2)
    ev_io_stop (loop, &w[i]);
  memset (calls, 0, sizeof calls);
  noted = 0;
  for (i = 0; i < PIPES; ++i)
    {
      t_write (fd[i][0], "x");
      t_write (fd[i][1], "x");
    }
  drive_until (loop, &noted, PIPES);
  for (i = 0; i < PIPES; ++i)
    {
      CHECK_EQ (calls[fd[i][0]], 0);
      CHECK_EQ (calls[fd[i][1]], 1);
    }
  ev_verify (loop);
  ev_loop_destroy (loop);
}

TEST (fdtable_descriptors_above_1024)
{
  struct ev_loop *loop;
  ev_io low, high, higher;
  int a[2], b[2], c[2];
  need_fds (5000);
  loop = t_loop (0);
  t_pipe (a);
  t_pipe (b);
  t_pipe (c);
  move_fd (&b[0], 1024);
  move_fd (&c[0], 4567);
  io_named (loop, &low, "low", a[0], EV_READ);
  io_named (loop, &high, "high", b[0], EV_READ);
  io_named (loop, &higher, "higher", c[0], EV_READ);
  drive (loop, 2);
  CHECK_TRACE ("");
  t_write (c[1], "x");
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("higher:1");
  t_drain (c[0]);
  drive (loop, 2);
  t_trace_reset ();
  noted = 0;
  t_write (b[1], "x");
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("high:1");
  t_drain (b[0]);
  drive (loop, 2);
  t_trace_reset ();
  noted = 0;
  ev_io_stop (loop, &higher);
  t_write (c[1], "x");
  t_write (a[1], "x");
  drive_until (loop, &noted, 2);
  CHECK_TRACE ("low:1 low:1");
  ev_loop_destroy (loop);
}

TEST (fdtable_write_watch_above_1024)
{
  struct ev_loop *loop;
  ev_io w;
  int p[2];
  need_fds (5000);
  loop = t_loop (0);
  t_pipe (p);
  move_fd (&p[1], 4000);
  io_named (loop, &w, "w", p[1], EV_WRITE);
  drive_until (loop, &noted, 2);
  CHECK_TRACE ("w:2 w:2");
  ev_loop_destroy (loop);
}

/* The neighbours of a word's edge in a bit set, all ready at once. */
TEST (fdtable_every_number_of_a_range)
{
  struct ev_loop *loop;
  static ev_io w[1200];
  int p[2], fd, n = 0;
  need_fds (3000);
  loop = t_loop (0);
  t_pipe (p);
  for (fd = 900; fd < 2100; ++fd)
    {
      CHECK_EQ (dup2 (p[0], fd), fd);
      ev_io_init (&w[n], count_and_drain, fd, EV_READ);
      ev_io_start (loop, &w[n++]);
    }
  drive (loop, 1);
  CHECK_EQ (noted, 0);
  /* each in turn is fed alone */
  for (n = 0; n < 1200; ++n)
    {
      ev_feed_fd_event (loop, 900 + n, EV_READ);
      CHECK_EQ (ev_pending_count (loop), 1);
      CHECK (ev_is_pending (&w[n]));
      ev_invoke_pending (loop);
    }
  CHECK_EQ (noted, 1200);
  ev_verify (loop);
  ev_loop_destroy (loop);
}

TEST (fdtable_numbers_in_descending_order)
{
  struct ev_loop *loop = t_loop (0);
  static ev_io w[200];
  int p[2], n;
  t_pipe (p);
  for (n = 199; n >= 0; --n)
    {
      CHECK_EQ (dup2 (p[0], 300 + n), 300 + n);
      io_named (loop, &w[n], "w", 300 + n, EV_READ);
      if (n % 50 == 0)
        drive (loop, 1);
    }
  CHECK_TRACE ("");
  t_write (p[1], "x");
  drive_until (loop, &noted, 200);
  ev_verify (loop);
  ev_loop_destroy (loop);
}

TEST (fdtable_thousand_watchers_of_one_descriptor)
{
  struct ev_loop *loop = t_loop (0);
  static ev_io w[1000];
  int p[2], i;
  t_pipe (p);
  t_write (p[1], "x");
  for (i = 0; i < 1000; ++i)
    {
      NAMED (&w[i], note_io, "w");
      ev_io_set (&w[i], p[0], EV_READ);
      ev_io_start (loop, &w[i]);
    }
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 1000);
  CHECK_EQ (noted, 1000);
  for (i = 0; i < 1000; i += 2)
    ev_io_stop (loop, &w[i]);
  ev_verify (loop);
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 500);
  CHECK_EQ (noted, 1500);
  ev_loop_destroy (loop);
}

TEST (fdtable_destroy_with_active_watchers)
{
  struct ev_loop *loop = t_loop (0);
  ev_io a, b;
  int p[2], before = t_open_fds ();
  t_pipe (p);
  io_named (loop, &a, "a", p[0], EV_READ);
  io_named (loop, &b, "b", p[1], EV_WRITE);
  drive_until (loop, &noted, 1);
  ev_loop_destroy (loop);
  CHECK (ev_is_active (&a) && ev_is_active (&b)); /* left as they were */
  CHECK (t_open_fds () <= before + 2);
  CHECK (fcntl (p[0], F_GETFD) >= 0); /* the program's own stay open */
  CHECK (fcntl (p[1], F_GETFD) >= 0);
}

static long blocks;

static void *
counting (void *old, long size)
{
  if (!size)
    {
      blocks -= old != 0;
      free (old);
      return 0;
    }
  blocks += !old;
  return realloc (old, (size_t)size);
}

TEST (fdtable_memory_is_given_back_by_destroy,
      .ours_only = "the reference keeps linuxaio's request table and submission array after destroy", .ours_only_on = T_LINUXAIO)
{
  struct ev_loop *loop;
  static ev_io w[100];
  int p[2], i;
  t_pipe (p);
  ev_set_allocator (counting);
  loop = t_loop (0);
  CHECK (blocks > 0);
  for (i = 0; i < 100; ++i)
    io_named (loop, &w[i], "", dup (p[0]), EV_READ);
  drive (loop, 2);
  for (i = 0; i < 50; ++i)
    ev_io_stop (loop, &w[i]);
  t_write (p[1], "x");
  drive (loop, 2);
  CHECK (noted >= 50);
  ev_loop_destroy (loop);
  CHECK_EQ (blocks, 0);
}

/* ---- mistakes ---- */

static struct ev_loop *
mistake_loop (void)
{
  return t_loop (0);
}

static void
negative_fd (void *arg)
{
  struct ev_loop *loop = mistake_loop ();
  ev_io w;
  (void)arg;
  ev_io_init (&w, note_io, -1, EV_READ);
  ev_io_start (loop, &w);
}

TEST (fdtable_start_with_negative_fd_aborts)
{
  t_expect_abort (negative_fd, 0, "libev: ");
}

static void
illegal_events (void *arg)
{
  struct ev_loop *loop = mistake_loop ();
  ev_io w;
  int p[2];
  t_pipe (p);
  ev_io_init (&w, note_io, p[0], EV_READ | *(int *)arg);
  ev_io_start (loop, &w);
}

TEST (fdtable_start_with_illegal_events_aborts)
{
  static const int illegal[] = { EV_TIMER, 0x04, 0x08, 0x40, (int)EV_ERROR };
  unsigned i;
  for (i = 0; i < sizeof illegal / sizeof *illegal; ++i)
    t_expect_abort (illegal_events, (void *)&illegal[i], "libev: ");
}

static void
again_while_active (void *arg)
{
  struct ev_loop *loop = mistake_loop ();
  ev_io w;
  int p[2];
  (void)arg;
  t_pipe (p);
  ev_io_init (&w, note_io, p[0], EV_READ);
  ev_io_start (loop, &w);
  ev_io_init (&w, note_io, p[0], EV_READ); /* forgets that it is active */
  ev_io_start (loop, &w);
}

TEST (fdtable_reinitialised_while_active_and_started_aborts)
{
  t_expect_abort (again_while_active, 0, "libev: ");
}

static void
stop_changed_fd (void *arg)
{
  struct ev_loop *loop = mistake_loop ();
  ev_io w;
  int p[2];
  t_pipe (p);
  ev_io_init (&w, note_io, p[0], EV_READ);
  ev_io_start (loop, &w);
  w.fd = *(int *)arg;
  ev_io_stop (loop, &w);
}

TEST (fdtable_stop_with_a_wild_fd_aborts)
{
  static const int wild[] = { -1, 1 << 24, INT32_MIN, INT32_MAX };
  unsigned i;
  for (i = 0; i < sizeof wild / sizeof *wild; ++i)
    t_expect_abort (stop_changed_fd, (void *)&wild[i], "libev: ");
}

static void
verify_changed_fd (void *arg)
{
  struct ev_loop *loop = mistake_loop ();
  ev_io w;
  int p[2];
  (void)arg;
  t_pipe (p);
  ev_io_init (&w, note_io, p[0], EV_READ);
  ev_io_start (loop, &w);
  drive (loop, 1);
  w.fd = p[1];
  ev_verify (loop);
}

TEST (fdtable_verify_notices_a_changed_fd)
{
  t_expect_abort (verify_changed_fd, 0, "libev: ");
}

static void
verify_changed_active (void *arg)
{
  struct ev_loop *loop = mistake_loop ();
  ev_io w;
  int p[2];
  (void)arg;
  t_pipe (p);
  ev_io_init (&w, note_io, p[0], EV_READ);
  ev_io_start (loop, &w);
  drive (loop, 1);
  w.active = 0;
  ev_verify (loop);
}

TEST (fdtable_verify_notices_an_inactive_watcher_in_a_list)
{
  t_expect_abort (verify_changed_active, 0, "libev: ");
}

static void
verify_changed_pending (void *arg)
{
  struct ev_loop *loop = mistake_loop ();
  ev_io w;
  int p[2];
  (void)arg;
  t_pipe (p);
  ev_io_init (&w, note_io, p[0], EV_READ);
  ev_io_start (loop, &w);
  ev_feed_event (loop, &w, EV_READ);
  w.pending = 7;
  ev_verify (loop);
}

TEST (fdtable_verify_notices_a_changed_pending)
{
  t_expect_abort (verify_changed_pending, 0, "libev: ");
}

static void
verify_changed_priority (void *arg)
{
  struct ev_loop *loop = mistake_loop ();
  ev_idle w;
  ev_idle_init (&w, note_idle);
  ev_idle_start (loop, &w);
  w.priority = *(int *)arg;
  ev_verify (loop);
}

TEST (fdtable_verify_notices_a_priority_out_of_range)
{
  static const int wrong[] = { 3, -3 };
  t_expect_abort (verify_changed_priority, (void *)&wrong[0], "libev: ");
  t_expect_abort (verify_changed_priority, (void *)&wrong[1], "libev: ");
}
