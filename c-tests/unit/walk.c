/* ev_walk: every active watcher of the asked types once, nothing of the library's own. */
#define _GNU_SOURCE
#define EV_WALK_ENABLE 1
#include "t.h"

#pragma weak ev_walk /* the usual build of the reference has none */

#define WALK_EXPORTED "ev_walk is exported and works without a special build"

enum { WALK_MOST = 4000 };

static struct
{
  int type;
  void *w;
} walk_seen[WALK_MOST];
static int walk_count;

static void
walk_note (EV_P_ int type, void *w)
{
  CHECK (walk_count < WALK_MOST);
  walk_seen[walk_count].type = type;
  walk_seen[walk_count++].w = w;
}

/* How many watchers a walk over `types` meets. */
static int
walk_over (struct ev_loop *loop, int types)
{
  walk_count = 0;
  ev_walk (loop, types, walk_note);
  return walk_count;
}

/* The type under which `w` was met, 0 if it was not, -1 if more than once. */
static int
walk_type_of (void *w)
{
  int i, type = 0;
  for (i = 0; i < walk_count; ++i)
    if (walk_seen[i].w == w)
      type = type ? -1 : walk_seen[i].type;
  return type;
}

#define WALK_TYPES (EV_IO | EV_TIMER | EV_PERIODIC | EV_SIGNAL | EV_CHILD | EV_STAT | EV_IDLE | EV_PREPARE | EV_CHECK | EV_EMBED | EV_FORK | EV_CLEANUP | EV_ASYNC)

static struct
{
  ev_io io;
  ev_timer timer;
  ev_periodic periodic;
  ev_signal signal;
  ev_child child;
  ev_stat stat;
  ev_idle idle;
  ev_prepare prepare;
  ev_check check;
  ev_embed embed;
  ev_fork fork;
  ev_cleanup cleanup;
  ev_async async;
} walk_all;
static struct ev_loop *walk_inner;

static const struct
{
  int type;
  void *w;
} walk_want[] = {
  { EV_IO, &walk_all.io },
  { EV_TIMER, &walk_all.timer },
  { EV_PERIODIC, &walk_all.periodic },
  { EV_SIGNAL, &walk_all.signal },
  { EV_CHILD, &walk_all.child },
  { EV_STAT, &walk_all.stat },
  { EV_IDLE, &walk_all.idle },
  { EV_PREPARE, &walk_all.prepare },
  { EV_CHECK, &walk_all.check },
  { EV_EMBED, &walk_all.embed },
  { EV_FORK, &walk_all.fork },
  { EV_CLEANUP, &walk_all.cleanup },
  { EV_ASYNC, &walk_all.async },
};
enum { WALK_TYPE_COUNT = sizeof walk_want / sizeof *walk_want };

/* Starts one of each type; without a callback, since none of them runs. */
static void
walk_start_all (struct ev_loop *loop)
{
  int fd[2];
  t_pipe (fd);
  walk_inner = ev_loop_new (EVFLAG_NOENV | EVBACKEND_EPOLL);
  CHECK (walk_inner);
#define WALK_START(type, ...) \
  do { ev_init (&walk_all.type, 0); ev_##type##_set (&walk_all.type __VA_OPT__ (,) __VA_ARGS__); ev_##type##_start (loop, &walk_all.type); } while (0)
  WALK_START (io, fd[0], EV_READ);
  WALK_START (timer, 100., 0.);
  WALK_START (periodic, 0., 1e6, 0);
  WALK_START (signal, SIGUSR1);
  WALK_START (child, 1, 0);
  WALK_START (stat, t_tmpdir (), 0.);
  WALK_START (idle);
  WALK_START (prepare);
  WALK_START (check);
  WALK_START (embed, walk_inner);
  WALK_START (fork);
  WALK_START (cleanup);
  WALK_START (async);
}

static void
walk_stop_all (struct ev_loop *loop)
{
  ev_io_stop (loop, &walk_all.io);
  ev_timer_stop (loop, &walk_all.timer);
  ev_periodic_stop (loop, &walk_all.periodic);
  ev_signal_stop (loop, &walk_all.signal);
  ev_child_stop (loop, &walk_all.child);
  ev_stat_stop (loop, &walk_all.stat);
  ev_idle_stop (loop, &walk_all.idle);
  ev_prepare_stop (loop, &walk_all.prepare);
  ev_check_stop (loop, &walk_all.check);
  ev_embed_stop (loop, &walk_all.embed);
  ev_fork_stop (loop, &walk_all.fork);
  ev_cleanup_stop (loop, &walk_all.cleanup);
  ev_async_stop (loop, &walk_all.async);
  ev_loop_destroy (walk_inner);
}

TEST (walk_meets_each_type_once, .ours_only = WALK_EXPORTED)
{
  struct ev_loop *loop = t_default_loop (0);
  int i;
  walk_start_all (loop);
  CHECK_EQ (walk_over (loop, WALK_TYPES), WALK_TYPE_COUNT);
  for (i = 0; i < WALK_TYPE_COUNT; ++i)
    CHECK_EQ (walk_type_of (walk_want[i].w), walk_want[i].type);
  walk_stop_all (loop);
  CHECK_EQ (walk_over (loop, WALK_TYPES), 0);
  ev_loop_destroy (loop);
}

TEST (walk_meets_only_the_asked_types, .ours_only = WALK_EXPORTED)
{
  struct ev_loop *loop = t_default_loop (0);
  int i;
  walk_start_all (loop);
  for (i = 0; i < WALK_TYPE_COUNT; ++i)
    {
      CHECK_EQ (walk_over (loop, walk_want[i].type), 1);
      CHECK (walk_seen[0].w == walk_want[i].w);
      CHECK_EQ (walk_seen[0].type, walk_want[i].type);
      CHECK_EQ (walk_over (loop, WALK_TYPES & ~walk_want[i].type), WALK_TYPE_COUNT - 1);
      CHECK_EQ (walk_type_of (walk_want[i].w), 0);
    }
  CHECK_EQ (walk_over (loop, 0), 0);
  CHECK_EQ (walk_over (loop, EV_CUSTOM | EV_WRITE), 0);
  walk_stop_all (loop);
  ev_loop_destroy (loop);
}

TEST (walk_meets_nothing_of_the_librarys_own, .ours_only = WALK_EXPORTED)
{
  struct ev_loop *loop = t_default_loop (EVFLAG_SIGNALFD);
  CHECK_EQ (walk_over (loop, ~0), 0); /* the SIGCHLD watcher */
  walk_start_all (loop);
  walk_stop_all (loop);
  CHECK_EQ (walk_over (loop, ~0), 0); /* wake-up, signalfd, timerfd, inotify stay open */
  ev_loop_destroy (loop);
}

static void
walk_once_cb (int revents, void *arg)
{
}

TEST (walk_does_not_meet_an_ev_once, .ours_only = WALK_EXPORTED)
{
  struct ev_loop *loop = t_loop (0);
  int fd[2];
  t_pipe (fd);
  ev_once (loop, fd[0], EV_READ, 100., walk_once_cb, 0);
  CHECK_EQ (walk_over (loop, ~0), 0);
  ev_loop_destroy (loop);
}

TEST (walk_a_polled_stat_comes_as_itself, .ours_only = WALK_EXPORTED)
{
  struct ev_loop *loop = t_loop (EVFLAG_NOINOTIFY);
  ev_stat stat;
  ev_init (&stat, 0);
  ev_stat_set (&stat, "/nonexistent/file", 1.);
  ev_stat_start (loop, &stat);
  CHECK_EQ (walk_over (loop, WALK_TYPES & ~EV_STAT), 0);
  CHECK_EQ (walk_over (loop, WALK_TYPES), 1);
  CHECK_EQ (walk_type_of (&stat), EV_STAT);
  ev_stat_stop (loop, &stat);
  ev_loop_destroy (loop);
}

TEST (walk_meets_every_stat, .ours_only = WALK_EXPORTED)
{
  struct ev_loop *loop = t_loop (0);
  static const char *const paths[] = { "/", "/", "/proc", "/nonexistent/a", "/nonexistent/b", "/dev", "/dev/null" };
  ev_stat stat[7];
  int i;
  for (i = 0; i < 7; ++i)
    {
      ev_init (stat + i, 0);
      ev_stat_set (stat + i, paths[i], 0.);
      ev_stat_start (loop, stat + i);
    }
  CHECK_EQ (walk_over (loop, EV_STAT), 7);
  for (i = 0; i < 7; ++i)
    CHECK_EQ (walk_type_of (stat + i), EV_STAT);
  for (i = 0; i < 7; ++i)
    ev_stat_stop (loop, stat + i);
  CHECK_EQ (walk_over (loop, ~0), 0);
  ev_loop_destroy (loop);
}

TEST (walk_meets_all_of_many, .ours_only = WALK_EXPORTED)
{
  enum { N = 100 };
  struct ev_loop *loop = t_loop (0);
  static ev_timer timer[N];
  static ev_periodic periodic[N];
  static ev_io io[N];
  static ev_idle idle[N];
  static ev_prepare prepare[N];
  int fd[2], i;
  t_pipe (fd);
  for (i = 0; i < N; ++i)
    {
      ev_timer_init (timer + i, 0, (i * 37) % N, 0.);
      ev_timer_start (loop, timer + i);
      ev_periodic_init (periodic + i, 0, 0., 1000. + (i * 37) % N, 0);
      ev_periodic_start (loop, periodic + i);
      ev_io_init (io + i, 0, fd[i % 2], i % 2 ? EV_WRITE : EV_READ);
      ev_io_start (loop, io + i);
      ev_init (idle + i, 0);
      ev_set_priority (idle + i, i % 5 - 2);
      ev_idle_start (loop, idle + i);
      ev_init (prepare + i, 0);
      ev_prepare_start (loop, prepare + i);
    }
  CHECK_EQ (walk_over (loop, ~0), 5 * N);
  for (i = 0; i < N; ++i)
    {
      CHECK_EQ (walk_type_of (timer + i), EV_TIMER);
      CHECK_EQ (walk_type_of (periodic + i), EV_PERIODIC);
      CHECK_EQ (walk_type_of (io + i), EV_IO);
      CHECK_EQ (walk_type_of (idle + i), EV_IDLE);
      CHECK_EQ (walk_type_of (prepare + i), EV_PREPARE);
    }
  ev_loop_destroy (loop);
}

static void
walk_stop_given (EV_P_ int type, void *w)
{
  walk_note (EV_A_ type, w);
  switch (type)
    {
    case EV_IO:
      ev_io_stop (EV_A_ w);
      break;
    case EV_TIMER:
      ev_timer_stop (EV_A_ w);
      break;
    case EV_PERIODIC:
      ev_periodic_stop (EV_A_ w);
      break;
    case EV_SIGNAL:
      ev_signal_stop (EV_A_ w);
      break;
    case EV_CHILD:
      ev_child_stop (EV_A_ w);
      break;
    case EV_STAT:
      ev_stat_stop (EV_A_ w);
      break;
    case EV_IDLE:
      ev_idle_stop (EV_A_ w);
      break;
    case EV_PREPARE:
      ev_prepare_stop (EV_A_ w);
      break;
    case EV_CHECK:
      ev_check_stop (EV_A_ w);
      break;
    case EV_EMBED:
      ev_embed_stop (EV_A_ w);
      break;
    case EV_FORK:
      ev_fork_stop (EV_A_ w);
      break;
    case EV_CLEANUP:
      ev_cleanup_stop (EV_A_ w);
      break;
    case EV_ASYNC:
      ev_async_stop (EV_A_ w);
      break;
    default:
      t_fail (__FILE__, __LINE__, "type %x", (unsigned)type);
    }
}

TEST (walk_callback_may_stop_what_it_gets, .ours_only = WALK_EXPORTED)
{
  struct ev_loop *loop = t_default_loop (0);
  int i;
  walk_start_all (loop);
  walk_count = 0;
  ev_walk (loop, WALK_TYPES, walk_stop_given);
  CHECK_EQ (walk_count, WALK_TYPE_COUNT);
  for (i = 0; i < WALK_TYPE_COUNT; ++i)
    CHECK_EQ (walk_type_of (walk_want[i].w), walk_want[i].type);
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 0);
  CHECK_EQ (walk_over (loop, ~0), 0);
  ev_loop_destroy (walk_inner);
  ev_loop_destroy (loop);
}

/* Several of a kind, each stopped as it comes: none is met twice, none left out. */
TEST (walk_callback_may_stop_all_of_a_kind, .ours_only = WALK_EXPORTED)
{
  enum { N = 60 };
  struct ev_loop *loop = t_default_loop (0);
  static ev_timer timer[N];
  static ev_periodic periodic[N];
  static ev_io io[N];
  static ev_idle idle[N];
  static ev_check check[N];
  static ev_signal signal[N];
  static ev_child child[N];
  static ev_async async[N];
  static ev_fork fork[N];
  static ev_cleanup cleanup[N];
  int fd[2], i;
  t_pipe (fd);
  for (i = 0; i < N; ++i)
    {
      ev_timer_init (timer + i, 0, (i * 7) % N, 0.);
      ev_timer_start (loop, timer + i);
      ev_periodic_init (periodic + i, 0, 0., 1000. + (i * 7) % N, 0);
      ev_periodic_start (loop, periodic + i);
      ev_io_init (io + i, 0, fd[i % 2], i % 2 ? EV_WRITE : EV_READ);
      ev_io_start (loop, io + i);
      ev_init (idle + i, 0);
      ev_set_priority (idle + i, i % 5 - 2);
      ev_idle_start (loop, idle + i);
      ev_init (check + i, 0);
      ev_check_start (loop, check + i);
      ev_signal_init (signal + i, 0, i % 3 ? SIGUSR1 : SIGUSR2);
      ev_signal_start (loop, signal + i);
      ev_child_init (child + i, 0, 1 + i % 20, 0);
      ev_child_start (loop, child + i);
      ev_init (async + i, 0);
      ev_async_start (loop, async + i);
      ev_init (fork + i, 0);
      ev_fork_start (loop, fork + i);
      ev_init (cleanup + i, 0);
      ev_cleanup_start (loop, cleanup + i);
    }
  walk_count = 0;
  ev_walk (loop, ~0, walk_stop_given);
  CHECK_EQ (walk_count, 10 * N);
  for (i = 0; i < N; ++i)
    {
      CHECK_EQ (walk_type_of (timer + i), EV_TIMER);
      CHECK_EQ (walk_type_of (periodic + i), EV_PERIODIC);
      CHECK_EQ (walk_type_of (io + i), EV_IO);
      CHECK_EQ (walk_type_of (idle + i), EV_IDLE);
      CHECK_EQ (walk_type_of (check + i), EV_CHECK);
      CHECK_EQ (walk_type_of (signal + i), EV_SIGNAL);
      CHECK_EQ (walk_type_of (child + i), EV_CHILD);
      CHECK_EQ (walk_type_of (async + i), EV_ASYNC);
      CHECK_EQ (walk_type_of (fork + i), EV_FORK);
      CHECK_EQ (walk_type_of (cleanup + i), EV_CLEANUP);
    }
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 0);
  ev_verify (loop);
  ev_loop_destroy (loop);
}

TEST (walk_meets_only_its_own_loop, .ours_only = WALK_EXPORTED)
{
  struct ev_loop *first = t_loop (0), *second = t_loop (0);
  ev_signal mine, theirs;
  ev_timer timer;
  ev_signal_init (&mine, 0, SIGUSR1);
  ev_signal_start (first, &mine);
  ev_signal_init (&theirs, 0, SIGUSR2);
  ev_signal_start (second, &theirs);
  ev_timer_init (&timer, 0, 100., 0.);
  ev_timer_start (second, &timer);
  CHECK_EQ (walk_over (first, ~0), 1);
  CHECK_EQ (walk_type_of (&mine), EV_SIGNAL);
  CHECK_EQ (walk_over (second, ~0), 2);
  CHECK_EQ (walk_type_of (&theirs), EV_SIGNAL);
  CHECK_EQ (walk_type_of (&timer), EV_TIMER);
  ev_signal_stop (first, &mine);
  ev_signal_stop (second, &theirs);
  ev_loop_destroy (first);
  ev_loop_destroy (second);
}

static void
walk_from_callback (EV_P_ ev_timer *w, int revents)
{
  t_trace ("%d", walk_over (EV_A_ ~0));
  CHECK_EQ (walk_type_of (w), 0); /* one-shot: stopped already */
}

TEST (walk_from_a_callback, .ours_only = WALK_EXPORTED)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer timer, other;
  ev_timer_init (&timer, walk_from_callback, 0., 0.);
  ev_timer_start (loop, &timer);
  ev_timer_init (&other, 0, 100., 0.);
  ev_timer_start (loop, &other);
  ev_run (loop, EVRUN_ONCE);
  CHECK_TRACE ("1");
  ev_loop_destroy (loop);
}
