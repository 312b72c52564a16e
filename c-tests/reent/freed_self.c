/* A watcher of each type stops itself in its callback and gives its memory back at once; another one goes on. */
#include "drive.h"

#include <sys/stat.h>

#define FREES(type) \
  static void free_##type (EV_P_ ev_##type *w, int revents) \
  { \
    note_any ((ev_watcher *)w, revents); \
    ev_##type##_stop (loop, w); \
    memset (w, 0xa5, sizeof *w); \
    free (w); \
  }
FREES (io)
FREES (timer)
FREES (periodic)
FREES (signal)
FREES (child)
FREES (stat)
FREES (idle)
FREES (prepare)
FREES (check)
FREES (fork)
FREES (embed)
FREES (async)

/* `n` allocated watchers of a type, each set by `set` and started. */
#define START(type, n, set) \
  do { \
    int start_i; \
    for (start_i = 0; start_i < (n); ++start_i) \
      { \
        ev_##type *w = malloc (sizeof *w); \
        memset (w, 0x5a, sizeof *w); \
        NAMED (w, free_##type, #type); \
        set; \
        ev_##type##_start (loop, w); \
      } \
  } while (0)

TEST (reent_io_freed_in_its_callback)
{
  struct ev_loop *loop = t_loop (0);
  int p[2];
  t_pipe (p);
  t_write (p[1], "x");
  START (io, 5, ev_io_set (w, p[0], EV_READ));
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("io:1 io:1 io:1 io:1 io:1");
  ev_verify (loop);
  START (io, 1, ev_io_set (w, p[0], EV_READ));
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_EQ (noted, 6);
  ev_loop_destroy (loop);
}

TEST (reent_io_freed_with_its_descriptor_closed)
{
  struct ev_loop *loop = t_loop (0);
  int i, p[4][2];
  for (i = 0; i < 4; ++i)
    {
      ev_io *w = malloc (sizeof *w);
      t_pipe (p[i]);
      close (p[i][1]);
      NAMED (w, free_io, "io");
      ev_io_set (w, p[i][0], EV_READ);
      ev_io_start (loop, w);
    }
  drive (loop, 1);
  for (i = 0; i < 4; ++i)
    close (p[i][0]);
  drive (loop, 2);
  CHECK_TRACE ("io:1 io:1 io:1 io:1");
  CHECK_EQ (ev_run (loop, 0), 0);
  ev_loop_destroy (loop);
}

TEST (reent_timer_freed_in_its_callback)
{
  struct ev_loop *loop = t_loop (0);
  START (timer, 20, ev_timer_set (w, -1., 0.));
  START (timer, 20, ev_timer_set (w, -1., .001)); /* repeating */
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_EQ (noted, 40);
  ev_verify (loop);
  ev_loop_destroy (loop);
}

TEST (reent_periodic_freed_in_its_callback)
{
  struct ev_loop *loop = t_loop (0);
  START (periodic, 20, ev_periodic_set (w, 1., 0., 0));
  START (periodic, 20, ev_periodic_set (w, 0., .01, 0));
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_EQ (noted, 40);
  ev_loop_destroy (loop);
}

TEST (reent_signal_freed_in_its_callback)
{
  struct ev_loop *loop = t_loop (0);
  START (signal, 5, ev_signal_set (w, SIGUSR1));
  raise (SIGUSR1);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_EQ (noted, 5);
  START (signal, 2, ev_signal_set (w, SIGUSR1));
  raise (SIGUSR1);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_EQ (noted, 7);
  ev_loop_destroy (loop);
}

TEST (reent_child_freed_in_its_callback)
{
  struct ev_loop *loop = t_default_loop (0);
  pid_t pid = fork ();
  CHECK (pid >= 0);
  if (!pid)
    _exit (0);
  START (child, 3, ev_child_set (w, 0, 0));
  START (child, 3, ev_child_set (w, pid, 0));
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_EQ (noted, 6);
  ev_loop_destroy (loop);
}

static void
stat_freed (unsigned flags)
{
  struct ev_loop *loop = t_loop (flags);
  char path[4096];
  snprintf (path, sizeof path, "%s/file", t_tmpdir ());
  START (stat, 3, ev_stat_set (w, path, .11));
  CHECK (!mkdir (path, 0700));
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("stat:1000 stat:1000 stat:1000");
  ev_loop_destroy (loop);
}

TEST (reent_stat_freed_in_its_callback)
{
  stat_freed (0);
}

TEST (reent_stat_freed_in_its_callback_by_polling)
{
  stat_freed (EVFLAG_NOINOTIFY);
}

TEST (reent_idle_freed_in_its_callback)
{
  struct ev_loop *loop = t_loop (0);
  START (idle, 7, ev_set_priority (w, start_i % 3 - 1));
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_EQ (noted, 7);
  ev_loop_destroy (loop);
}

TEST (reent_prepare_and_check_freed_in_their_callbacks)
{
  struct ev_loop *loop = t_loop (0);
  START (prepare, 7, (void)0);
  START (check, 7, (void)0);
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 0);
  CHECK_EQ (noted, 14);
  ev_loop_destroy (loop);
}

TEST (reent_fork_freed_in_its_callback)
{
  struct ev_loop *loop = t_loop (0);
  START (fork, 7, (void)0);
  ev_loop_fork (loop);
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 0);
  CHECK_EQ (noted, 7);
  ev_loop_destroy (loop);
}

TEST (reent_embed_freed_in_its_callback)
{
  struct ev_loop *loop = t_loop (0), *inner = ev_loop_new (EVBACKEND_EPOLL | EVFLAG_NOENV);
  ev_io io;
  int p[2];
  CHECK (inner);
  t_pipe (p);
  io_named (inner, &io, "io", p[0], EV_READ);
  drive (inner, 1);
  START (embed, 1, ev_embed_set (w, inner));
  drive (loop, 1);
  t_write (p[1], "x");
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("embed:10000");
  ev_loop_destroy (loop);
  ev_loop_destroy (inner);
}

static ev_async *asyncs[7];

TEST (reent_async_freed_in_its_callback)
{
  struct ev_loop *loop = t_loop (0);
  int i;
  START (async, 7, asyncs[start_i] = w);
  for (i = 0; i < 7; ++i)
    ev_async_send (loop, asyncs[i]);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_EQ (noted, 7);
  ev_loop_destroy (loop);
}

/* Fed without ever having been started. */
TEST (reent_fed_watcher_freed_in_its_callback)
{
  struct ev_loop *loop = t_loop (0);
  int i;
  for (i = 0; i < 10; ++i)
    {
      ev_timer *w = malloc (sizeof *w);
      NAMED (w, free_timer, "fed");
      ev_feed_event (loop, w, EV_CUSTOM);
    }
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_EQ (noted, 10);
  ev_loop_destroy (loop);
}

/* Once all is stopped the watchers' memory can change in any way without the loop noticing. */
TEST (reent_stopped_watchers_are_forgotten)
{
  struct ev_loop *loop = t_loop (0);
  int p[2];
  ev_io io;
  ev_timer t;
  ev_periodic per;
  ev_signal s;
  ev_stat st;
  ev_idle id;
  ev_prepare pr;
  ev_check ch;
  ev_fork f;
  ev_cleanup cl;
  ev_async a;
  t_pipe (p);
  io_named (loop, &io, "io", p[0], EV_READ);
  timer_named (loop, &t, "timer", 1., 1.);
  ev_periodic_init (&per, note_periodic, 0., 1., 0);
  ev_periodic_start (loop, &per);
  ev_signal_init (&s, note_signal, SIGUSR1);
  ev_signal_start (loop, &s);
  ev_stat_init (&st, note_stat, "/nowhere/at/all", 0.);
  ev_stat_start (loop, &st);
  ev_idle_init (&id, note_idle);
  ev_idle_start (loop, &id);
  ev_prepare_init (&pr, note_prepare);
  ev_prepare_start (loop, &pr);
  ev_check_init (&ch, note_check);
  ev_check_start (loop, &ch);
  ev_fork_init (&f, note_fork);
  ev_fork_start (loop, &f);
  ev_cleanup_init (&cl, note_cleanup);
  ev_cleanup_start (loop, &cl);
  ev_async_init (&a, note_async);
  ev_async_start (loop, &a);
  ev_async_send (loop, &a);
#define FORGET(type, w) \
  do { ev_feed_event (loop, &w, EV_CUSTOM); ev_##type##_stop (loop, &w); memset (&w, 0xa5, sizeof w); } while (0)
  FORGET (io, io);
  FORGET (timer, t);
  FORGET (periodic, per);
  FORGET (signal, s);
  FORGET (stat, st);
  FORGET (idle, id);
  FORGET (prepare, pr);
  FORGET (check, ch);
  FORGET (fork, f);
  FORGET (cleanup, cl);
  FORGET (async, a);
  t_write (p[1], "x");
  ev_loop_fork (loop);
  CHECK_EQ (ev_run (loop, 0), 0);
  drive (loop, 2);
  ev_verify (loop);
  ev_loop_destroy (loop);
  CHECK_TRACE ("");
}
