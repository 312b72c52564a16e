/* longjmp out of callbacks of every kind, thousands of times: memory, descriptors and the queue stay as they are. */
#include "drive.h"
#include "live_memory.h"

#include <setjmp.h>
#include <sys/stat.h>

static jmp_buf jumps_out;
static int jumped;

/* Callbacks that leave by jumping; the watcher stays as it is. */
#define JUMPER(type) \
  static void jump_##type (EV_P_ ev_##type *w, int revents) \
  { (void)loop; (void)w; (void)revents; ++jumped; longjmp (jumps_out, 1); }
JUMPER (io)
JUMPER (timer)
JUMPER (periodic)
JUMPER (signal)
JUMPER (child)
JUMPER (stat)
JUMPER (idle)
JUMPER (prepare)
JUMPER (check)
JUMPER (fork)
JUMPER (embed)
JUMPER (async)
JUMPER (cleanup)

static void
jump_once (int revents, void *arg)
{
  (void)revents;
  (void)arg;
  ++jumped;
  longjmp (jumps_out, 1);
}

static void
jump_hook (EV_P)
{
  ev_invoke_pending (loop);
  if (jumped >= 0)
    {
      ++jumped;
      longjmp (jumps_out, 1);
    }
}

/* Runs until something jumps. */
static void
run_to_jump (struct ev_loop *loop)
{
  int before = jumped;
  if (!setjmp (jumps_out))
    for (;;)
      ev_run (loop, EVRUN_ONCE);
  CHECK_EQ (jumped, before + 1);
}

/* What is in use, to be compared later. */
struct taken
{
  long bytes;
  int fds;
};

static struct taken
take_stock (void)
{
  struct taken now = { live_bytes, t_open_fds () };
  return now;
}

static void
check_stock (struct ev_loop *loop, const struct taken *then)
{
  struct taken now = take_stock ();
  ev_verify (loop);
  CHECK (ev_pending_count (loop) <= 10); /* as many as a test has watchers */
  CHECK_EQ (now.bytes, then->bytes);
  CHECK_EQ (now.fds, then->fds);
}

/* `cause` makes the callback happen, for the `round`th time. The first rounds may take what they need. */
static void
jump_often (struct ev_loop *loop, int rounds, void (*cause) (struct ev_loop *loop, int round))
{
  static struct taken then;
  static volatile int round;
  for (round = 0; round < rounds; ++round)
    {
      cause (loop, round);
      run_to_jump (loop);
      if (round == 9)
        then = take_stock ();
    }
  check_stock (loop, &then);
  CHECK_EQ (ev_depth (loop), rounds);
}

static struct ev_loop *
accounted_loop (void)
{
  ev_set_allocator (live_allocator);
  return t_loop (0);
}

/* The end of each test: the loop runs on with something else, and is destroyed. */
static void
run_on_and_destroy (struct ev_loop *loop)
{
  ev_timer last;
  t_trace_reset ();
  ev_now_update (loop);
  timer_named (loop, &last, "last", .001, 0.);
  while (ev_is_active (&last) || ev_is_pending (&last))
    ev_run (loop, EVRUN_ONCE);
  CHECK_TRACE ("last:100");
  ev_loop_destroy (loop);
}

static void
nothing (struct ev_loop *loop, int round)
{
  (void)loop;
  (void)round;
}

TEST (jumps_out_of_io)
{
  struct ev_loop *loop = accounted_loop ();
  static ev_io a, b;
  int fd[2];
  t_pipe (fd);
  ev_io_init (&a, jump_io, fd[1], EV_WRITE);
  ev_io_start (loop, &a);
  ev_io_init (&b, jump_io, fd[1], EV_WRITE);
  ev_io_start (loop, &b);
  jump_often (loop, 5000, nothing);
  ev_io_stop (loop, &a);
  ev_io_stop (loop, &b);
  run_on_and_destroy (loop);
}

TEST (jumps_out_of_timers)
{
  struct ev_loop *loop = accounted_loop ();
  static ev_timer w[10];
  int i;
  for (i = 0; i < 10; ++i)
    {
      ev_timer_init (w + i, jump_timer, 0., 1e-9);
      ev_timer_start (loop, w + i);
    }
  jump_often (loop, 5000, nothing);
  for (i = 0; i < 10; ++i)
    ev_timer_stop (loop, w + i);
  run_on_and_destroy (loop);
}

TEST (jumps_out_of_periodics)
{
  struct ev_loop *loop = accounted_loop ();
  static ev_periodic w[3];
  int i;
  for (i = 0; i < 3; ++i)
    {
      ev_periodic_init (w + i, jump_periodic, 0., 1e-4, 0);
      ev_periodic_start (loop, w + i);
    }
  jump_often (loop, 300, nothing);
  for (i = 0; i < 3; ++i)
    ev_periodic_stop (loop, w + i);
  run_on_and_destroy (loop);
}

static void
raise_usr1 (struct ev_loop *loop, int round)
{
  (void)loop;
  (void)round;
  raise (SIGUSR1);
}

TEST (jumps_out_of_signals)
{
  struct ev_loop *loop = accounted_loop ();
  static ev_signal w;
  sigset_t before, after;
  ev_signal_init (&w, jump_signal, SIGUSR1);
  ev_signal_start (loop, &w);
  CHECK (!sigprocmask (0, 0, &before));
  jump_often (loop, 2000, raise_usr1);
  CHECK (!sigprocmask (0, 0, &after));
  CHECK_EQ (sigismember (&after, SIGUSR1), sigismember (&before, SIGUSR1)); /* callbacks are not called in the handler */
  ev_signal_stop (loop, &w);
  run_on_and_destroy (loop);
}

static void
fork_and_exit (struct ev_loop *loop, int round)
{
  (void)loop;
  if (!fork ())
    _exit (round);
}

TEST (jumps_out_of_children)
{
  struct ev_loop *loop;
  static ev_child w;
  ev_set_allocator (live_allocator);
  loop = t_default_loop (0);
  ev_child_init (&w, jump_child, 0, 0);
  ev_child_start (loop, &w);
  jump_often (loop, 30, fork_and_exit);
  ev_child_stop (loop, &w);
  run_on_and_destroy (loop);
  CHECK_EQ (waitpid (-1, 0, WNOHANG), -1);
}

static int grown;

static void
grow_file (struct ev_loop *loop, int round)
{
  (void)loop;
  (void)round;
  t_write (grown, "x");
}

TEST (jumps_out_of_stat)
{
  struct ev_loop *loop = accounted_loop ();
  static ev_stat w;
  static char path[4096];
  snprintf (path, sizeof path, "%s/grown", t_tmpdir ());
  grown = open (path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  CHECK (grown >= 0);
  ev_stat_init (&w, jump_stat, path, .11);
  ev_stat_start (loop, &w);
  jump_often (loop, 15, grow_file);
  CHECK_EQ (w.attr.st_size, 15);
  CHECK_EQ (w.prev.st_size, 14);
  ev_stat_stop (loop, &w);
  close (grown);
  run_on_and_destroy (loop);
}

TEST (jumps_out_of_idle_prepare_and_check)
{
  struct ev_loop *loop = accounted_loop ();
  static ev_idle idle;
  static ev_prepare prepare;
  static ev_check check;
  ev_idle_init (&idle, jump_idle);
  ev_idle_start (loop, &idle);
  ev_prepare_init (&prepare, jump_prepare);
  ev_prepare_start (loop, &prepare);
  ev_check_init (&check, jump_check);
  ev_check_start (loop, &check);
  jump_often (loop, 3000, nothing);
  ev_prepare_stop (loop, &prepare);
  jumped = 0;
  run_to_jump (loop); /* check and idle in turn now */
  run_to_jump (loop);
  run_to_jump (loop);
  ev_idle_stop (loop, &idle);
  ev_check_stop (loop, &check);
  run_on_and_destroy (loop);
}

static void
ask_fork (struct ev_loop *loop, int round)
{
  (void)round;
  ev_loop_fork (loop);
}

TEST (jumps_out_of_fork)
{
  struct ev_loop *loop = accounted_loop ();
  static ev_fork w;
  ev_fork_init (&w, jump_fork);
  ev_fork_start (loop, &w);
  jump_often (loop, 500, ask_fork);
  ev_fork_stop (loop, &w);
  run_on_and_destroy (loop);
}

static ev_async async;

static void
send_async (struct ev_loop *loop, int round)
{
  (void)round;
  ev_async_send (loop, &async);
}

TEST (jumps_out_of_async)
{
  struct ev_loop *loop = accounted_loop ();
  ev_async_init (&async, jump_async);
  ev_async_start (loop, &async);
  jump_often (loop, 3000, send_async);
  ev_async_stop (loop, &async);
  run_on_and_destroy (loop);
}

static int once_pipe[2];

static void
ask_once (struct ev_loop *loop, int round)
{
  if (round & 1)
    ev_once (loop, once_pipe[1], EV_WRITE, 1000., jump_once, 0);
  else
    ev_once (loop, -1, 0, 0., jump_once, 0);
}

TEST (jumps_out_of_once)
{
  struct ev_loop *loop = accounted_loop ();
  t_pipe (once_pipe);
  jump_often (loop, 2000, ask_once);
  run_on_and_destroy (loop);
}

TEST (jumps_out_of_the_invoke_pending_callback)
{
  struct ev_loop *loop = accounted_loop ();
  static ev_idle w;
  NAMED (&w, note_idle, "");
  ev_idle_start (loop, &w);
  ev_set_invoke_pending_cb (loop, jump_hook);
  jump_often (loop, 3000, nothing);
  ev_set_invoke_pending_cb (loop, ev_invoke_pending);
  ev_idle_stop (loop, &w);
  run_on_and_destroy (loop);
}

TEST (jumps_out_of_embed)
{
  struct ev_loop *loop = accounted_loop (), *inner = ev_loop_new (EVBACKEND_EPOLL | EVFLAG_NOENV);
  static ev_embed embed;
  static ev_io io;
  int fd[2];
  CHECK (inner);
  t_pipe (fd);
  ev_embed_init (&embed, jump_embed, inner);
  ev_embed_start (loop, &embed);
  NAMED (&io, note_io, "io");
  ev_io_set (&io, fd[1], EV_WRITE);
  ev_io_start (inner, &io);
  jump_often (loop, 1000, nothing);
  CHECK_EQ (ev_depth (inner), 0);
  /* and the same out of the inner loop, through both */
  ev_embed_stop (loop, &embed);
  ev_set_cb (&io, jump_io);
  ev_embed_init (&embed, 0, inner);
  ev_embed_start (loop, &embed);
  {
    static struct taken then;
    static volatile int i;
    for (i = 0; i < 1000; ++i)
      {
        run_to_jump (loop);
        if (i == 9)
          then = take_stock ();
      }
    check_stock (loop, &then);
  }
  CHECK_EQ (ev_depth (loop), 2000);
  CHECK (ev_depth (inner) >= 999); /* the first may be served while changes are flushed, in a run of its own */
  ev_embed_stop (loop, &embed);
  run_on_and_destroy (loop);
  ev_loop_destroy (inner);
}

TEST (jumps_out_of_destroy)
{
  static struct ev_loop *loop;
  static ev_cleanup w;
  static struct taken then;
  static volatile int i;
  loop = accounted_loop ();
  ev_cleanup_init (&w, jump_cleanup);
  ev_cleanup_start (loop, &w);
  for (i = 0; i < 1000; ++i)
    {
      if (!setjmp (jumps_out))
        ev_loop_destroy (loop);
      if (i == 9)
        then = take_stock ();
    }
  CHECK_EQ (jumped, 1000);
  check_stock (loop, &then);
  ev_cleanup_stop (loop, &w);
  run_on_and_destroy (loop);
}

/* ---- between levels ---- */

static jmp_buf jumps_between;

static void
jump_to_the_callback (EV_P_ ev_timer *w, int revents)
{
  (void)loop;
  (void)w;
  (void)revents;
  longjmp (jumps_between, 1);
}

static void
catch_in_the_callback (EV_P_ ev_idle *w, int revents)
{
  static ev_timer inner;
  (void)w;
  (void)revents;
  ev_timer_init (&inner, jump_to_the_callback, 0., 0.);
  ev_timer_start (loop, &inner);
  ++noted;
  if (!setjmp (jumps_between))
    ev_run (loop, 0);
}

TEST (jumps_from_a_nested_run_to_the_outer_callback)
{
  struct ev_loop *loop = accounted_loop ();
  static ev_idle w;
  static struct taken then;
  static volatile int i;
  ev_idle_init (&w, catch_in_the_callback);
  ev_idle_start (loop, &w);
  for (i = 1; i <= 1000; ++i)
    {
      CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 1);
      CHECK_EQ (ev_depth (loop), noted); /* the outer one returned each time, the inner ones did not */
      if (i == 9)
        then = take_stock ();
    }
  CHECK (noted >= 1000);
  check_stock (loop, &then);
  ev_idle_stop (loop, &w);
  run_on_and_destroy (loop);
}

static int jump_level;

static void
deeper_and_jump (EV_P_ ev_timer *w, int revents)
{
  (void)revents;
  if (++jump_level == 50)
    longjmp (jumps_out, 1);
  ev_timer_set (w, 0., 0.);
  ev_timer_start (loop, w);
  ev_run (loop, 0);
}

TEST (jumps_out_of_fifty_levels)
{
  struct ev_loop *loop = accounted_loop ();
  static ev_timer w, rest;
  static volatile int i;
  for (i = 0; i < 20; ++i)
    {
      jump_level = 0;
      ev_timer_init (&w, deeper_and_jump, 0., 0.);
      ev_timer_start (loop, &w);
      timer_named (loop, &rest, "rest", 1000., 0.);
      if (!setjmp (jumps_out))
        ev_run (loop, 0);
      ev_timer_stop (loop, &rest);
    }
  CHECK_EQ (ev_depth (loop), 1000);
  CHECK (!ev_is_active (&w));
  run_on_and_destroy (loop);
}

/* ---- what comes next, and its order ---- */

TEST (jumps_keep_the_rest_of_every_priority)
{
  struct ev_loop *loop = t_loop (0);
  static ev_timer jumper, w[6];
  static const char *const names[6] = { "lowest", "low", "a", "b", "high", "highest" };
  static const int priority[6] = { -2, -1, 0, 0, 1, 2 };
  int i;
  ev_timer_init (&jumper, jump_timer, 0., 0.);
  ev_set_priority (&jumper, 1);
  for (i = 0; i < 6; ++i)
    {
      NAMED (w + i, note_timer, names[i]);
      ev_set_priority (w + i, priority[i]);
      ev_feed_event (loop, w + i, EV_CUSTOM);
    }
  ev_feed_event (loop, &jumper, EV_CUSTOM);
  run_to_jump (loop);
  CHECK_TRACE ("highest:1000000");
  CHECK_EQ (ev_pending_count (loop), 5);
  ev_clear_pending (loop, w + 2);
  CHECK_EQ (ev_pending_count (loop), 5);
  ev_feed_event (loop, w + 5, EV_CUSTOM);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("highest:1000000 highest:1000000 high:1000000 b:1000000 low:1000000 lowest:1000000");
  CHECK_EQ (ev_pending_count (loop), 0);
  ev_loop_destroy (loop);
}
