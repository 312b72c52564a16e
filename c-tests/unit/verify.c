/* ev_verify: silent on whatever a program may legally do, an abort with a message on what it may not. */
#define _GNU_SOURCE
#include "t.h"

static void
verify_timer (EV_P_ ev_timer *w, int revents)
{
  ev_verify (EV_A);
}

static void
verify_io (EV_P_ ev_io *w, int revents)
{
  ev_verify (EV_A);
}

static void
verify_hook (EV_P)
{
  ev_verify (EV_A);
}

/* Sound loops */

TEST (verify_empty_loop_is_sound)
{
  struct ev_loop *loop = t_loop (0);
  ev_verify (loop);
  ev_run (loop, EVRUN_NOWAIT);
  ev_verify (loop);
  ev_loop_destroy (loop);
}

TEST (verify_default_loop_is_sound)
{
  struct ev_loop *loop = t_default_loop (EVFLAG_SIGNALFD);
  ev_verify (loop);
  ev_loop_fork (loop);
  ev_verify (loop);
  ev_run (loop, EVRUN_NOWAIT);
  ev_verify (loop);
  ev_loop_destroy (loop);
}

TEST (verify_in_callbacks_and_hooks)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer timer[20];
  ev_io io;
  int fd[2], i;
  t_pipe (fd);
  ev_set_loop_release_cb (loop, verify_hook, verify_hook);
  for (i = 0; i < 20; ++i)
    {
      ev_timer_init (timer + i, verify_timer, 0.001 * (i % 7), 0.);
      ev_set_priority (timer + i, i % 5 - 2);
      ev_timer_start (loop, timer + i);
    }
  ev_io_init (&io, verify_io, fd[1], EV_WRITE);
  ev_io_start (loop, &io);
  ev_unref (loop);
  CHECK_EQ (ev_run (loop, 0), 0);
  ev_verify (loop);
  ev_ref (loop);
  ev_io_stop (loop, &io);
  ev_verify (loop);
  ev_loop_destroy (loop);
}

TEST (verify_ignores_a_closed_descriptor)
{
  struct ev_loop *loop = t_loop (0);
  ev_io io;
  int fd[2];
  t_pipe (fd);
  ev_io_init (&io, verify_io, fd[0], EV_READ);
  ev_io_start (loop, &io);
  ev_run (loop, EVRUN_NOWAIT);
  close (fd[0]);
  ev_verify (loop);
  ev_io_stop (loop, &io);
  ev_verify (loop);
  ev_loop_destroy (loop);
}

TEST (verify_ignores_inactive_watchers)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer timer;
  ev_timer_init (&timer, verify_timer, 100., 0.);
  ev_timer_start (loop, &timer);
  ev_timer_stop (loop, &timer);
  memset (&timer, 0x7f, sizeof timer);
  ev_verify (loop);
  ev_loop_destroy (loop);
}

/* Random legal use: watchers of several types started and stopped in any order, verified after each step. */

enum { VERIFY_EACH = 24, VERIFY_STEPS = 4000 };

static unsigned verify_seed = 12345;

static unsigned
verify_random (unsigned below)
{
  verify_seed = verify_seed * 1103515245u + 12345u;
  return (verify_seed >> 16) % below;
}

static void
verify_nothing (EV_P_ ev_watcher *w, int revents)
{
}

TEST (verify_random_use_is_sound)
{
  struct ev_loop *loop = t_loop (0);
  static ev_timer timer[VERIFY_EACH];
  static ev_periodic periodic[VERIFY_EACH];
  static ev_io io[VERIFY_EACH];
  static ev_idle idle[VERIFY_EACH];
  static ev_prepare prepare[VERIFY_EACH];
  static ev_check check[VERIFY_EACH];
  static ev_async async[VERIFY_EACH];
  static ev_fork fork[VERIFY_EACH];
  static ev_cleanup cleanup[VERIFY_EACH];
  int fd[2], step, i;
  t_pipe (fd);
#define VERIFY_INIT(type, ...) \
  do { ev_init (type + i, (void (*) (EV_P_ ev_##type *, int))verify_nothing); ev_##type##_set (type + i __VA_OPT__ (,) __VA_ARGS__); \
       ev_set_priority (type + i, i % 5 - 2); } while (0)
  for (i = 0; i < VERIFY_EACH; ++i)
    {
      VERIFY_INIT (timer, i % 3 ? 100. + i : 0., i % 2 ? 1. : 0.);
      VERIFY_INIT (periodic, 0., 1000. + i, 0);
      VERIFY_INIT (io, fd[i % 2], i % 2 ? EV_WRITE : EV_READ);
      VERIFY_INIT (idle);
      VERIFY_INIT (prepare);
      VERIFY_INIT (check);
      VERIFY_INIT (async);
      VERIFY_INIT (fork);
      VERIFY_INIT (cleanup);
    }
#define VERIFY_TOGGLE(type) \
  do { if (verify_random (2)) ev_##type##_start (loop, type + i); else ev_##type##_stop (loop, type + i); } while (0)
  for (step = 0; step < VERIFY_STEPS; ++step)
    {
      i = (int)verify_random (VERIFY_EACH);
      switch (verify_random (14))
        {
        case 0:
          VERIFY_TOGGLE (timer);
          break;
        case 1:
          VERIFY_TOGGLE (periodic);
          break;
        case 2:
          VERIFY_TOGGLE (io);
          break;
        case 3:
          VERIFY_TOGGLE (idle);
          break;
        case 4:
          VERIFY_TOGGLE (prepare);
          break;
        case 5:
          VERIFY_TOGGLE (check);
          break;
        case 6:
          VERIFY_TOGGLE (async);
          break;
        case 7:
          VERIFY_TOGGLE (fork);
          break;
        case 8:
          VERIFY_TOGGLE (cleanup);
          break;
        case 9:
          ev_timer_again (loop, timer + i);
          break;
        case 10:
          ev_feed_event (loop, io + i, EV_CUSTOM);
          break;
        case 11:
          ev_clear_pending (loop, io + i);
          break;
        case 12:
          ev_async_send (loop, async + i);
          break;
        default:
          if (verify_random (8) == 0)
            ev_run (loop, EVRUN_NOWAIT);
          else if (verify_random (8) == 0)
            ev_loop_fork (loop);
        }
      ev_verify (loop);
    }
  ev_loop_destroy (loop);
}

/* Unsound ones: what a program has changed under the loop's feet */

static ev_timer verify_a, verify_b, verify_c;
static ev_io verify_file;
static ev_periodic verify_wall;

static void
verify_start_timers (struct ev_loop *loop)
{
  ev_timer_init (&verify_a, verify_timer, 100., 0.);
  ev_timer_start (loop, &verify_a);
  ev_timer_init (&verify_b, verify_timer, 200., 0.);
  ev_timer_start (loop, &verify_b);
  ev_timer_init (&verify_c, verify_timer, 300., 0.);
  ev_timer_start (loop, &verify_c);
}

static void
verify_spoil_timer_at (struct ev_loop *loop, int fd)
{
  verify_start_timers (loop);
  ((ev_watcher_time *)&verify_a)->at += 1000.;
}

static void
verify_spoil_timer_put_off (struct ev_loop *loop, int fd)
{
  verify_start_timers (loop);
  ev_run (loop, EVRUN_NOWAIT);
  verify_b.repeat = 400.;
  ev_timer_again (loop, &verify_b);
  ((ev_watcher_time *)&verify_b)->at += 1000.;
}

static void
verify_spoil_timer_active (struct ev_loop *loop, int fd)
{
  verify_start_timers (loop);
  verify_b.active += 1;
}

static void
verify_spoil_timer_reinitialised (struct ev_loop *loop, int fd)
{
  verify_start_timers (loop);
  ev_timer_init (&verify_b, verify_timer, 5., 0.);
}

static void
verify_spoil_periodic_at (struct ev_loop *loop, int fd)
{
  static ev_periodic other;
  ev_periodic_init (&verify_wall, 0, ev_now (loop) + 1000., 0., 0);
  ev_periodic_start (loop, &verify_wall);
  ev_periodic_init (&other, 0, ev_now (loop) + 2000., 0., 0);
  ev_periodic_start (loop, &other);
  ((ev_watcher_time *)&verify_wall)->at += 5000.;
}

static void
verify_start_file (struct ev_loop *loop, int fd)
{
  ev_io_init (&verify_file, verify_io, fd, EV_READ);
  ev_io_start (loop, &verify_file);
}

static void
verify_spoil_fd (struct ev_loop *loop, int fd)
{
  verify_start_file (loop, fd);
  verify_file.fd = fd + 1;
}

static void
verify_spoil_io_inactive (struct ev_loop *loop, int fd)
{
  verify_start_file (loop, fd);
  verify_file.active = 0;
}

static void
verify_spoil_io_priority (struct ev_loop *loop, int fd)
{
  verify_start_file (loop, fd);
  ev_set_priority (&verify_file, 3);
}

static void
verify_spoil_pending (struct ev_loop *loop, int fd)
{
  verify_start_file (loop, fd);
  ev_feed_event (loop, &verify_file, EV_READ);
  verify_file.pending = 77;
}

static void
verify_spoil_pending_cleared (struct ev_loop *loop, int fd)
{
  verify_start_timers (loop);
  ev_feed_event (loop, &verify_b, EV_CUSTOM);
  ev_feed_event (loop, &verify_a, EV_CUSTOM);
  verify_a.pending = verify_b.pending;
}

#define VERIFY_SPOIL_PRIORITY(type, value) \
  static void verify_spoil_##type##_priority (struct ev_loop *loop, int fd) \
  { static ev_##type w; ev_init (&w, 0); ev_##type##_set (&w); ev_##type##_start (loop, &w); ev_set_priority (&w, value); }

VERIFY_SPOIL_PRIORITY (idle, 3)
VERIFY_SPOIL_PRIORITY (prepare, -3)
VERIFY_SPOIL_PRIORITY (check, 99)
VERIFY_SPOIL_PRIORITY (fork, -99)
VERIFY_SPOIL_PRIORITY (cleanup, 3)
VERIFY_SPOIL_PRIORITY (async, 3)

static void
verify_spoil_timer_priority (struct ev_loop *loop, int fd)
{
  verify_start_timers (loop);
  ev_set_priority (&verify_c, -3);
}

static void
verify_spoil_periodic_priority (struct ev_loop *loop, int fd)
{
  ev_periodic_init (&verify_wall, 0, 0., 1e6, 0);
  ev_periodic_start (loop, &verify_wall);
  ev_set_priority (&verify_wall, 3);
}

static void
verify_spoiled (void *arg)
{
  void (**spoil) (struct ev_loop *, int) = arg;
  struct ev_loop *loop = t_loop (0);
  int fd[2];
  t_pipe (fd);
  (*spoil) (loop, fd[0]);
  ev_verify (loop);
}

static void
verify_aborts (void (*spoil) (struct ev_loop *, int))
{
  t_expect_abort (verify_spoiled, &spoil, "libev: ");
}

TEST (verify_aborts_on_a_changed_timer)
{
  verify_aborts (verify_spoil_timer_at);
  verify_aborts (verify_spoil_timer_put_off);
  verify_aborts (verify_spoil_timer_active);
  verify_aborts (verify_spoil_timer_reinitialised);
}

TEST (verify_aborts_on_a_changed_periodic)
{
  verify_aborts (verify_spoil_periodic_at);
}

TEST (verify_aborts_on_a_changed_io)
{
  verify_aborts (verify_spoil_fd);
  verify_aborts (verify_spoil_io_inactive);
}

TEST (verify_aborts_on_a_changed_pending_field)
{
  verify_aborts (verify_spoil_pending);
  verify_aborts (verify_spoil_pending_cleared);
}

TEST (verify_aborts_on_a_wild_priority)
{
  verify_aborts (verify_spoil_io_priority);
  verify_aborts (verify_spoil_timer_priority);
  verify_aborts (verify_spoil_periodic_priority);
  verify_aborts (verify_spoil_idle_priority);
  verify_aborts (verify_spoil_prepare_priority);
  verify_aborts (verify_spoil_check_priority);
  verify_aborts (verify_spoil_fork_priority);
  verify_aborts (verify_spoil_cleanup_priority);
  verify_aborts (verify_spoil_async_priority);
}
