/* Descriptors that are ready in every iteration: a library may ask for them in another way, and none of this may show it. */
#include "inject.h"
#include "many.h"
#include "reasons.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

enum { N = 20, WARM = 200 };

static ev_io io[N];
static int called[N];

static void
on_ready (EV_P_ ev_io *w, int revents)
{
  (void)loop;
  CHECK_EQ (revents, w->events & (EV_READ | EV_WRITE));
  ++called[w - io];
}

/* As programs do that answer what they read. */
static void
on_ready_restart (EV_P_ ev_io *w, int revents)
{
  on_ready (EV_A_ w, revents);
  ev_io_stop (EV_A_ w);
  ev_io_set (w, w->fd, EV_READ);
  ev_io_start (EV_A_ w);
}

static void
start (struct ev_loop *loop, int i, void (*cb) (EV_P_ ev_io *w, int revents))
{
  ev_io_init (&io[i], cb, counter_fd (1), EV_READ);
  ev_io_start (loop, &io[i]);
}

static struct ev_loop *
warm (int n, void (*cb) (EV_P_ ev_io *w, int revents))
{
  struct ev_loop *loop = t_loop (0);
  int i;
  for (i = 0; i < n; ++i)
    start (loop, i, cb);
  drive (loop, WARM);
  for (i = 0; i < n; ++i)
    CHECK (called[i] >= WARM - 10);
  memset (called, 0, sizeof called);
  return loop;
}

/* Ring backends may need another iteration for what changed. */
static void
expect_each (struct ev_loop *loop, int n, int but)
{
  int i;
  memset (called, 0, sizeof called);
  drive (loop, 4);
  for (i = 0; i < n; ++i)
    if (i == but)
      CHECK_EQ (called[i], 0);
    else
      CHECK (called[i] >= 2);
}

TEST (steady_then_quiet_then_ready_again)
{
  struct ev_loop *loop = warm (N, on_ready);
  int i;
  for (i = 0; i < N; ++i)
    t_drain (io[i].fd);
  drive (loop, 2);
  memset (called, 0, sizeof called);
  drive (loop, 3);
  for (i = 0; i < N; ++i)
    CHECK_EQ (called[i], 0);
  for (i = 0; i < N; ++i)
    counter_add (io[i].fd);
  expect_each (loop, N, -1);
  ev_loop_destroy (loop);
}

TEST (steady_one_of_them_quiet)
{
  struct ev_loop *loop = warm (N, on_ready);
  t_drain (io[7].fd);
  drive (loop, 2);
  expect_each (loop, N, 7);
  counter_add (io[7].fd);
  expect_each (loop, N, -1);
  ev_loop_destroy (loop);
}

TEST (steady_ones_wake_a_sleeping_loop_again)
{
  struct ev_loop *loop = warm (N, on_ready);
  int i;
  for (i = 0; i < N; ++i)
    t_drain (io[i].fd);
  drive (loop, 3);
  called[3] = 0;
  counter_add (io[3].fd);
  drive_until (loop, &called[3], 1);
  ev_loop_destroy (loop);
}

TEST (steady_beside_one_that_becomes_ready)
{
  struct ev_loop *loop = warm (N, on_ready);
  ev_io late;
  int p[2];
  t_pipe (p);
  io_named (loop, &late, "late", p[0], EV_READ);
  drive (loop, 3);
  CHECK_EQ (noted, 0);
  t_write (p[1], "x");
  drive (loop, 2);
  CHECK (noted > 0);
  expect_each (loop, N, -1);
  ev_loop_destroy (loop);
}

static void
stop_other (EV_P_ ev_io *w, int revents)
{
  on_ready (EV_A_ w, revents);
  if (w == &io[N - 1])
    ev_io_stop (EV_A_ &io[0]);
}

/* Stopped while it is ready, and by the callback of another one. */
TEST (steady_stopped)
{
  struct ev_loop *loop = warm (N, on_ready);
  ev_io_stop (loop, &io[5]);
  expect_each (loop, N, 5);
  ev_io_start (loop, &io[5]);
  expect_each (loop, N, -1);
  ev_set_cb (&io[N - 1], stop_other);
  drive (loop, 2);
  expect_each (loop, N, 0);
  ev_loop_destroy (loop);
}

/* What is stopped, and ready only later, disturbs nobody. */
TEST (steady_stopped_when_quiet)
{
  struct ev_loop *loop = warm (N, on_ready);
  t_drain (io[5].fd);
  ev_io_stop (loop, &io[5]);
  drive (loop, 2);
  counter_add (io[5].fd);
  expect_each (loop, N, 5);
  ev_io_start (loop, &io[5]);
  expect_each (loop, N, -1);
  ev_loop_destroy (loop);
}

TEST (steady_turned_to_writing_and_back)
{
  struct ev_loop *loop = warm (N, on_ready);
  int i, k;
  for (k = 0; k < 20; ++k)
    {
      for (i = 0; i < N; ++i)
        {
          ev_io_stop (loop, &io[i]);
          ev_io_set (&io[i], io[i].fd, k % 2 ? EV_READ : EV_READ | EV_WRITE);
          ev_io_start (loop, &io[i]);
        }
      expect_each (loop, N, -1);
    }
  ev_loop_destroy (loop);
}

/* Closed and opened as another file in between, as the program says by ev_io_set. */
static void
use_number_again (struct ev_loop *loop, int iterations)
{
  int fd = io[4].fd;
  ev_io_stop (loop, &io[4]);
  close (fd);
  CHECK_EQ (counter_fd (0), fd);
  ev_io_set (&io[4], fd, EV_READ);
  ev_io_start (loop, &io[4]);
  drive (loop, iterations);
  expect_each (loop, N, 4);
  counter_add (fd);
  expect_each (loop, N, -1);
  ev_loop_destroy (loop);
}

TEST (steady_number_used_again)
{
  use_number_again (warm (N, on_ready_restart), 2);
}

/* The file lives on under another number: nothing of it is taken for the new one's. */
TEST (steady_number_used_again_while_the_file_lives)
{
  struct ev_loop *loop = warm (N, on_ready);
  CHECK (dup (io[4].fd) >= 0);
  use_number_again (loop, 4);
}

/* Closed under its watcher: poll and linuxaio tell, the reference aborts on poll. */
TEST (steady_closed_is_not_heard_of, .backends = T_EPOLL)
{
  struct ev_loop *loop = warm (N, on_ready);
  close (io[4].fd);
  drive (loop, 2);
  expect_each (loop, N, 4);
  CHECK (ev_is_active (&io[4]));
  ev_loop_destroy (loop);
}

/* Whenever that is, and however many they are. */
TEST (steady_closed_is_never_heard_of, .backends = T_EPOLL)
{
  static const int counts[] = { 1, 2, 9, N };
  unsigned c;
  int turns, i;
  for (c = 0; c < sizeof counts / sizeof *counts; ++c)
    for (turns = 1; turns < 40; ++turns)
      {
        struct ev_loop *loop = t_loop (0);
        for (i = 0; i < counts[c]; ++i)
          start (loop, i, on_ready);
        drive (loop, turns);
        close (io[0].fd);
        drive (loop, 1);
        called[0] = 0;
        drive (loop, 20);
        CHECK_EQ (called[0], 0);
        CHECK (ev_is_active (&io[0]));
        ev_loop_destroy (loop);
        for (i = 1; i < counts[c]; ++i)
          close (io[i].fd);
      }
}

/* linuxaio and io_uring have a set of epoll for what they can't poll. */
TEST (steady_signalfd, .ours_only = SIGNALFD_ON_AIO, .ours_only_on = T_LINUXAIO)
{
  struct ev_loop *loop = warm (N, on_ready);
  sigset_t set;
  ev_io w;
  int fd;
  sigemptyset (&set);
  sigaddset (&set, SIGUSR1);
  CHECK (!sigprocmask (SIG_BLOCK, &set, 0));
  fd = signalfd (-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  CHECK (fd >= 0);
  raise (SIGUSR1);
  io_named (loop, &w, "signalfd", fd, EV_READ);
  drive (loop, WARM);
  CHECK (noted >= WARM - 10);
  noted = 0;
  drive (loop, WARM);
  CHECK (noted >= WARM - 10);
  expect_each (loop, N, -1);
  ev_loop_destroy (loop);
}

static int errors;

static void
on_error (EV_P_ ev_io *w, int revents)
{
  (void)loop;
  CHECK_EQ ((unsigned)revents, (unsigned)(EV_ERROR | EV_READ | EV_WRITE));
  CHECK (!ev_is_active (w));
  ++errors;
}

TEST (steady_closed_and_started_again_is_told, .backends = T_EPOLL, .ours_only = ABORTS_ON_CLOSED)
{
  struct ev_loop *loop = warm (N, on_ready);
  close (io[4].fd);
  ev_io_stop (loop, &io[4]);
  ev_set_cb (&io[4], on_error);
  ev_io_set (&io[4], io[4].fd, EV_READ);
  ev_io_start (loop, &io[4]);
  ev_run (loop, EVRUN_ONCE);
  CHECK_EQ (errors, 1);
  expect_each (loop, N, 4);
  ev_loop_destroy (loop);
}

TEST (steady_closed_is_told, .backends = T_SELECT | T_POLL | T_LINUXAIO | T_IOURING,
      .ours_only = ABORTS_ON_CLOSED, .ours_only_on = T_POLL | T_LINUXAIO | T_IOURING)
{
  struct ev_loop *loop = warm (N, on_ready);
  ev_set_cb (&io[4], on_error);
  close (io[4].fd);
  drive (loop, 2);
  CHECK_EQ (errors, 1);
  expect_each (loop, N, 4);
  ev_loop_destroy (loop);
}

TEST (steady_ones_of_an_embedded_loop, .backends = T_EPOLL | T_IOURING)
{
  struct ev_loop *loop = warm (N, on_ready), *outer;
  ev_embed embed;
  int i;
  outer = ev_loop_new (EVBACKEND_SELECT | EVFLAG_NOENV);
  CHECK (outer);
  ev_embed_init (&embed, 0, loop);
  ev_embed_start (outer, &embed);
  memset (called, 0, sizeof called);
  for (i = 0; i < 6; ++i)
    ev_run (outer, EVRUN_ONCE);
  for (i = 0; i < N; ++i)
    CHECK (called[i] >= 2);
  for (i = 0; i < N; ++i)
    t_drain (io[i].fd);
  for (i = 0; i < 3; ++i)
    ev_run (outer, EVRUN_NOWAIT);
  called[9] = 0;
  counter_add (io[9].fd);
  drive_until (outer, &called[9], 1);
  ev_embed_stop (outer, &embed);
  ev_loop_destroy (outer);
  ev_loop_destroy (loop);
}

static int waits;

static void
count_wait (EV_P) EV_NOEXCEPT
{
  (void)loop;
  ++waits;
}

TEST (steady_ones_and_a_pair_of_calls_around_each_wait, .backends = T_SELECT | T_POLL | T_EPOLL)
{
  struct ev_loop *loop = warm (N, on_ready);
  ev_set_loop_release_cb (loop, count_wait, count_wait);
  drive (loop, 50);
  CHECK_EQ (waits, 100);
  expect_each (loop, N, -1);
  ev_set_loop_release_cb (loop, 0, 0);
  drive (loop, 50);
  expect_each (loop, N, -1);
  ev_loop_destroy (loop);
}

static void
forked (void *arg)
{
  struct ev_loop *loop = arg;
  ev_loop_fork (loop);
  drive (loop, 2);
  expect_each (loop, N, -1);
  t_drain (io[2].fd); /* the parent's, too */
  drive (loop, 3);
  expect_each (loop, N, 2);
}

TEST (steady_ones_in_a_forked_child)
{
  struct ev_loop *loop = warm (N, on_ready);
  CHECK_EQ (t_in_child (forked, loop), 0);
  drive (loop, 2);
  expect_each (loop, N, 2);
  counter_add (io[2].fd);
  expect_each (loop, N, -1);
  ev_loop_fork (loop);
  drive (loop, 2);
  expect_each (loop, N, -1);
  ev_loop_destroy (loop);
}

/* No order is promised among them, but it stays the same. */
TEST (steady_order_stays, .backends = T_SELECT | T_POLL | T_EPOLL)
{
  static const char *const names[] = { "a", "b", "c", "d", "e", "f", "g", "h", "i", "j" };
  struct ev_loop *loop = t_loop (0);
  static char first[200];
  int i;
  for (i = 0; i < 10; ++i)
    io_named (loop, &io[i], names[i], counter_fd (1), EV_READ);
  drive (loop, 1);
  snprintf (first, sizeof first, "%s", t_traced ());
  if (t_backend == T_EPOLL)
    CHECK_STR (first, "j:1 i:1 h:1 g:1 f:1 e:1 d:1 c:1 b:1 a:1");
  for (i = 0; i < 100; ++i)
    {
      t_trace_reset ();
      drive (loop, 1);
      CHECK_TRACE (first);
    }
  ev_loop_destroy (loop);
}

/* Those that have been ready for longer are reported first, so called last. */
TEST (steady_order_is_by_age_on_epoll, .backends = T_EPOLL)
{
  struct ev_loop *loop = t_loop (0);
  int i, fd[3] = { counter_fd (0), counter_fd (0), counter_fd (1) };
  io_named (loop, &io[0], "a", fd[0], EV_READ);
  io_named (loop, &io[1], "b", fd[1], EV_READ);
  drive (loop, 1);
  counter_add (fd[1]);
  io_named (loop, &io[2], "c", fd[2], EV_READ);
  drive (loop, 1);
  CHECK_TRACE ("c:1 b:1");
  counter_add (fd[0]);
  for (i = 0; i < 10; ++i)
    {
      t_trace_reset ();
      drive (loop, 1);
      CHECK_TRACE ("a:1 c:1 b:1");
    }
  ev_loop_destroy (loop);
}

/* ---- which system calls it takes ---- */

#define FEWER_CALLS "the reference tells epoll of every change"

TEST (steady_ones_that_restart_ask_epoll_nothing, .backends = T_EPOLL, .ours_only = FEWER_CALLS)
{
  struct ev_loop *loop;
  inject_watch (SYS_epoll_ctl);
  loop = warm (N, on_ready_restart);
  inject_mark ();
  drive (loop, 100);
  CHECK_EQ (inject_calls (SYS_epoll_ctl), 0);
  ev_loop_destroy (loop);
}

TEST (steady_new_ones_ask_epoll_nothing, .backends = T_EPOLL, .ours_only = FEWER_CALLS)
{
  struct ev_loop *loop;
  int i;
  inject_watch (SYS_epoll_ctl);
  loop = t_loop (0);
  inject_mark ();
  for (i = 0; i < 100; ++i)
    {
      start (loop, 0, on_ready);
      drive (loop, 1);
      CHECK_EQ (called[0], i + 1);
      ev_io_stop (loop, &io[0]);
      close (io[0].fd);
    }
  CHECK_EQ (inject_calls (SYS_epoll_ctl), 0);
  ev_loop_destroy (loop);
}

/* New ones that are quiet are not asked for in vain each time. */
TEST (steady_new_ones_that_are_quiet_cost_little, .backends = T_EPOLL)
{
  struct ev_loop *loop;
  int i;
  inject_watch (SYS_epoll_ctl, SYS_poll);
  loop = t_loop (0);
  inject_mark ();
  for (i = 0; i < 200; ++i)
    {
      int fd = counter_fd (0);
      ev_io_init (&io[0], on_ready, fd, EV_READ);
      ev_io_start (loop, &io[0]);
      drive (loop, 1);
      ev_io_stop (loop, &io[0]);
      close (fd);
    }
  CHECK_EQ (inject_calls (SYS_epoll_ctl), 200);
  CHECK (inject_calls (SYS_poll) <= 10);
  ev_loop_destroy (loop);
}

/* One alone is the set's again. */
TEST (steady_one_alone_needs_one_call, .backends = T_EPOLL)
{
  struct ev_loop *loop;
  inject_watch (SYS_epoll_ctl, SYS_poll, SYS_epoll_wait, SYS_epoll_pwait2, SYS_epoll_pwait);
  loop = warm (1, on_ready);
  inject_mark ();
  drive (loop, 50);
  CHECK_EQ (inject_calls (-1), 50);
  ev_loop_destroy (loop);
}

/* ---- when poll fails ---- */

static void
without_poll (int error)
{
  struct inject_rule *rule;
  struct ev_loop *loop;
  inject_watch (SYS_poll);
  rule = inject_error (SYS_poll, error, 0, INJECT_ALWAYS);
  loop = warm (N, on_ready_restart);
  expect_each (loop, N, -1);
  CHECK (t_reference || rule->struck > 0);
  CHECK (rule->struck < 5);
  ev_loop_destroy (loop);
}

TEST (steady_without_poll_forbidden, .backends = T_EPOLL)
{
  without_poll (EPERM);
}

TEST (steady_without_poll_missing, .backends = T_EPOLL)
{
  without_poll (ENOSYS);
}

TEST (steady_poll_interrupted, .backends = T_EPOLL)
{
  struct inject_rule *rule;
  struct ev_loop *loop;
  inject_watch (SYS_poll);
  loop = warm (N, on_ready_restart);
  rule = inject_error (SYS_poll, EINTR, 0, 3);
  drive (loop, 200);
  expect_each (loop, N, -1);
  CHECK (t_reference || rule->struck == 3);
  ev_loop_destroy (loop);
}

/* poll refuses more descriptors than may be open. */
TEST (steady_ones_and_a_limit_below, .backends = T_EPOLL | T_IOURING)
{
  struct rlimit limit;
  struct ev_loop *loop = warm (N, on_ready);
  CHECK (!getrlimit (RLIMIT_NOFILE, &limit));
  limit.rlim_cur = 5;
  CHECK (!setrlimit (RLIMIT_NOFILE, &limit));
  drive (loop, 3);
  expect_each (loop, N, -1);
  ev_loop_destroy (loop);
}
