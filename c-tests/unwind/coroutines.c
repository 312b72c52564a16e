/* Coroutines: a hub runs the loop and its callbacks resume who waits, or runs are parked in their callbacks on many stacks. */
#include "coroutine.h"
#include "live_memory.h"

#include <pthread.h>
#include <setjmp.h>

static struct ev_loop *hub;

/* ---- a hub: coroutines wait, callbacks resume them ---- */

#define WAKES(type) \
  static void wakes_##type (EV_P_ ev_##type *w, int revents) \
  { \
    struct coroutine *c = w->data; \
    (void)revents; \
    ev_##type##_stop (loop, w); \
    coroutine_resume (c); \
  }
WAKES (io)
WAKES (timer)
WAKES (signal)
WAKES (child)
WAKES (idle)
WAKES (prepare)
WAKES (check)
WAKES (async)

/* Waits, in a coroutine, for one event of a watcher on this coroutine's stack. */
#define WAIT_FOR(type, ...) \
  do { \
    ev_##type wait_w; \
    ev_##type##_init (&wait_w, wakes_##type __VA_OPT__ (,) __VA_ARGS__); \
    wait_w.data = coroutine_current; \
    ev_##type##_start (hub, &wait_w); \
    coroutine_give_way (); \
  } while (0)

enum { SLEEPERS = 100 };

static void
sleeps_thrice (void *arg)
{
  int me = (int)(intptr_t)arg, i;
  for (i = 0; i < 3; ++i)
    {
      WAIT_FOR (timer, .0001 * (1 + me % 7), 0.);
      ++noted;
    }
}

TEST (coroutine_hub_with_a_hundred_sleepers)
{
  static struct coroutine c[SLEEPERS];
  int i;
  hub = t_loop (0);
  for (i = 0; i < SLEEPERS; ++i)
    {
      coroutine_make (c + i, sleeps_thrice, (void *)(intptr_t)i);
      coroutine_resume (c + i);
    }
  CHECK_EQ (ev_run (hub, 0), 0);
  CHECK_EQ (noted, 3 * SLEEPERS);
  for (i = 0; i < SLEEPERS; ++i)
    {
      CHECK (c[i].done);
      coroutine_free (c + i);
    }
  CHECK_EQ (ev_depth (hub), 0);
  ev_verify (hub);
  ev_loop_destroy (hub);
}

enum { PAIRS = 20, ROUNDS = 100 };

static void
plays (void *arg)
{
  int fd = (int)(intptr_t)arg, i;
  for (i = 0; i < ROUNDS; ++i)
    {
      char byte;
      WAIT_FOR (io, fd, EV_READ);
      if (read (fd, &byte, 1) != 1)
        {
          CHECK_EQ (errno, EAGAIN); /* spurious is allowed */
          --i;
          continue;
        }
      ++noted;
      WAIT_FOR (io, fd, EV_WRITE);
      CHECK_EQ (write (fd, &byte, 1), 1);
    }
}

TEST (coroutine_hub_with_pairs_that_play_ball)
{
  static struct coroutine c[2 * PAIRS];
  int i, fd[PAIRS][2];
  hub = t_loop (0);
  for (i = 0; i < 2 * PAIRS; ++i)
    {
      if (!(i & 1))
        t_socketpair (fd[i / 2]);
      coroutine_make (c + i, plays, (void *)(intptr_t)fd[i / 2][i & 1]);
      coroutine_resume (c + i);
    }
  for (i = 0; i < PAIRS; ++i)
    t_write (fd[i][0], "x");
  CHECK_EQ (ev_run (hub, 0), 0);
  CHECK_EQ (noted, 2 * PAIRS * ROUNDS);
  for (i = 0; i < 2 * PAIRS; ++i)
    {
      CHECK (c[i].done);
      coroutine_free (c + i);
    }
  ev_loop_destroy (hub);
}

static ev_async hub_async;

static void
waits_for_everything (void *arg)
{
  int *fd = arg;
  pid_t pid;
  WAIT_FOR (prepare);
  t_trace ("prepare");
  WAIT_FOR (idle);
  t_trace ("idle");
  WAIT_FOR (check);
  t_trace ("check");
  WAIT_FOR (io, fd[1], EV_WRITE);
  t_trace ("io");
  if (!(pid = fork ()))
    _exit (0);
  WAIT_FOR (child, pid, 0);
  t_trace ("child");
  ev_async_init (&hub_async, wakes_async);
  hub_async.data = coroutine_current;
  ev_async_start (hub, &hub_async);
  ev_async_send (hub, &hub_async);
  coroutine_give_way ();
  t_trace ("async");
  raise (SIGUSR1);
  WAIT_FOR (timer, .001, 0.);
  t_trace ("timer");
}

static void
waits_for_a_signal (void *arg)
{
  (void)arg;
  WAIT_FOR (signal, SIGUSR1);
  t_trace ("signal");
}

TEST (coroutine_hub_waits_for_every_kind)
{
  static struct coroutine c, s;
  int fd[2];
  hub = t_default_loop (0);
  t_pipe (fd);
  coroutine_make (&s, waits_for_a_signal, 0);
  coroutine_resume (&s);
  coroutine_make (&c, waits_for_everything, fd);
  coroutine_resume (&c);
  while (!c.done || !s.done)
    {
      ev_run (hub, EVRUN_NOWAIT); /* a check watcher alone ends no wait */
      t_nap (.0002);
    }
  CHECK_TRACE ("prepare idle check io child async signal timer");
  CHECK_EQ (ev_run (hub, 0), 0);
  coroutine_free (&c);
  coroutine_free (&s);
  ev_loop_destroy (hub);
}

/* ---- runs parked in their callbacks ---- */

static void
gives_way (EV_P_ ev_timer *w, int revents)
{
  (void)revents;
  t_trace ("%s@%u", (char *)w->data, ev_depth (loop));
  coroutine_give_way ();
  t_trace ("%s@%u", (char *)w->data, ev_depth (loop));
}

static void
runs_the_loop (void *loop)
{
  ev_run (loop, EVRUN_NOWAIT);
}

/* Each run takes one event of the batch and is parked in its callback; they return in another order. */
TEST (coroutine_runs_share_one_batch)
{
  struct ev_loop *loop = t_loop (0);
  static struct coroutine c[4];
  static const char *const names[4] = { "a", "b", "c", "d" };
  static const int order[4] = { 2, 0, 3, 1 };
  ev_timer w[4];
  int i;
  for (i = 0; i < 4; ++i)
    {
      NAMED (w + i, gives_way, names[i]);
      ev_timer_set (w + i, -4. + i, 0.);
      ev_timer_start (loop, w + i);
    }
  for (i = 0; i < 4; ++i)
    {
      coroutine_make (c + i, runs_the_loop, loop);
      coroutine_resume (c + i);
    }
  CHECK_TRACE ("a@1 b@2 c@3 d@4");
  CHECK_EQ (ev_pending_count (loop), 0);
  ev_verify (loop);
  for (i = 0; i < 4; ++i)
    {
      coroutine_resume (c + order[i]);
      CHECK (c[order[i]].done);
      CHECK_EQ (ev_depth (loop), 3 - i);
      coroutine_free (c + order[i]);
    }
  CHECK_TRACE ("a@1 b@2 c@3 d@4 c@4 a@3 d@2 b@1");
  ev_loop_destroy (loop);
}

/* While one run is parked, another one polls and serves what comes, the parked one's watcher included. */
TEST (coroutine_parked_while_the_main_program_runs_the_loop)
{
  struct ev_loop *loop = t_loop (0);
  static struct coroutine c;
  ev_timer parked, rest;
  ev_io io;
  int fd[2], i;
  t_pipe (fd);
  NAMED (&parked, gives_way, "parked");
  ev_timer_set (&parked, -2., 0.);
  ev_timer_start (loop, &parked);
  timer_named (loop, &rest, "rest", -1., 0.);
  coroutine_make (&c, runs_the_loop, loop);
  coroutine_resume (&c);
  io_named (loop, &io, "io", fd[1], EV_WRITE);
  ev_set_cb (&parked, note_timer);
  ev_timer_set (&parked, 0., 0.);
  ev_timer_start (loop, &parked);
  for (i = 0; i < 2; ++i)
    ev_run (loop, EVRUN_NOWAIT);
  CHECK_TRACE ("parked@1 rest:100 parked:100 io:2 io:2");
  ev_io_stop (loop, &io);
  coroutine_resume (&c);
  CHECK (c.done);
  CHECK_TRACE ("parked@1 rest:100 parked:100 io:2 io:2 parked@1");
  CHECK_EQ (ev_depth (loop), 0);
  coroutine_free (&c);
  ev_loop_destroy (loop);
}

static void
parks_and_counts (EV_P_ ev_timer *w, int revents)
{
  (void)loop;
  (void)w;
  (void)revents;
  coroutine_give_way ();
  ++noted;
}

/* Hundreds of parked runs, let go in a scrambled order. */
TEST (coroutine_three_hundred_parked_runs)
{
  enum { MANY = 300 };
  struct ev_loop *loop = t_loop (0);
  static struct coroutine c[MANY];
  static ev_timer w[MANY];
  int i;
  for (i = 0; i < MANY; ++i)
    {
      ev_timer_init (w + i, parks_and_counts, 0., 0.);
      ev_timer_start (loop, w + i);
      coroutine_make (c + i, runs_the_loop, loop);
      coroutine_resume (c + i);
      CHECK_EQ (ev_depth (loop), i + 1);
    }
  ev_verify (loop);
  for (i = 0; i < MANY; ++i)
    {
      struct coroutine *one = c + i * 7 % MANY; /* 7 and 300 have no common factor */
      coroutine_resume (one);
      CHECK (one->done);
      coroutine_free (one);
    }
  CHECK_EQ (noted, MANY);
  CHECK_EQ (ev_depth (loop), 0);
  ev_loop_destroy (loop);
}

/* The watcher of a parked callback is stopped and freed before that returns. */
TEST (coroutine_parked_callback_outlives_its_watcher)
{
  struct ev_loop *loop = t_loop (0);
  static struct coroutine c;
  ev_timer *w = malloc (sizeof *w), rest;
  ev_timer_init (w, parks_and_counts, -2., 1.);
  ev_timer_start (loop, w);
  timer_named (loop, &rest, "rest", -1., 0.);
  coroutine_make (&c, runs_the_loop, loop);
  coroutine_resume (&c);
  ev_timer_stop (loop, w);
  memset (w, 0xdd, sizeof *w);
  free (w);
  coroutine_resume (&c);
  CHECK (c.done);
  CHECK_TRACE ("rest:100");
  CHECK_EQ (ev_run (loop, 0), 0);
  coroutine_free (&c);
  ev_loop_destroy (loop);
}

/* A parked run never comes back: its stack is unmapped. */
TEST (coroutine_thousand_runs_abandoned)
{
  struct ev_loop *loop;
  static struct coroutine c;
  ev_timer w, rest;
  long bytes = 0;
  int i, fds = 0;
  ev_set_allocator (live_allocator);
  loop = t_loop (0);
  for (i = 0; i < 1000; ++i)
    {
      ev_timer_init (&w, parks_and_counts, -2., 0.);
      ev_timer_start (loop, &w);
      timer_named (loop, &rest, "", -1., 0.);
      coroutine_make (&c, runs_the_loop, loop);
      coroutine_resume (&c);
      coroutine_free (&c);
      CHECK (ev_is_pending (&rest));
      drive (loop, 1);
      t_trace_reset ();
      if (i == 9)
        {
          bytes = live_bytes;
          fds = t_open_fds ();
        }
    }
  CHECK_EQ (noted, 1000);
  CHECK_EQ (live_bytes, bytes);
  CHECK_EQ (t_open_fds (), fds);
  CHECK_EQ (ev_depth (loop), 1000);
  ev_verify (loop);
  ev_loop_destroy (loop);
}

TEST (coroutine_parked_in_a_loop_that_is_destroyed, .ours_only = "a loop may be destroyed while a callback of it is running")
{
  struct ev_loop *loop = t_loop (0), *other;
  static struct coroutine c;
  ev_timer w, rest;
  ev_timer_init (&w, parks_and_counts, -2., 0.);
  ev_timer_start (loop, &w);
  timer_named (loop, &rest, "rest", -1., 0.);
  coroutine_make (&c, runs_the_loop, loop);
  coroutine_resume (&c);
  ev_loop_destroy (loop);
  other = t_loop (0); /* maybe at the same address */
  timer_named (other, &rest, "other", -1., 0.);
  coroutine_resume (&c);
  CHECK (c.done);
  CHECK_TRACE ("");
  CHECK_EQ (ev_depth (other), 0);
  CHECK_EQ (ev_run (other, 0), 0);
  CHECK_TRACE ("other:100");
  coroutine_free (&c);
  ev_loop_destroy (other);
}

/* Breaks go to whichever run looks first. */
static void
breaks_one (EV_P_ ev_timer *w, int revents)
{
  note_any ((ev_watcher *)w, revents);
  ev_break (loop, EVBREAK_ONE);
}

static void
runs_on (void *loop)
{
  t_trace ("returned-%d", ev_run (loop, 0));
}

TEST (coroutine_break_ends_the_run_that_is_active)
{
  struct ev_loop *loop = t_loop (0);
  static struct coroutine c;
  ev_timer parked, breaker, far;
  NAMED (&parked, gives_way, "parked");
  ev_timer_set (&parked, -2., 0.);
  ev_timer_start (loop, &parked);
  timer_named (loop, &far, "far", 1000., 0.);
  coroutine_make (&c, runs_on, loop);
  coroutine_resume (&c);
  NAMED (&breaker, breaks_one, "breaker");
  ev_timer_set (&breaker, 0., 0.);
  ev_timer_start (loop, &breaker);
  CHECK_EQ (ev_run (loop, 0), 1);
  CHECK_TRACE ("parked@1 breaker:100");
  ev_break (loop, EVBREAK_ONE); /* for the parked one: no run begins before it goes on */
  coroutine_resume (&c);
  CHECK (c.done);
  CHECK_TRACE ("parked@1 breaker:100 parked@1 returned-1");
  coroutine_free (&c);
  ev_loop_destroy (loop);
}

/* ---- parked elsewhere than in a run ---- */

static void
cleanup_gives_way (EV_P_ ev_cleanup *w, int revents)
{
  (void)loop;
  note_any ((ev_watcher *)w, revents);
  coroutine_give_way ();
}

static void
destroys_the_loop (void *loop)
{
  ev_loop_destroy (loop);
}

TEST (coroutine_parked_in_destroy)
{
  int before = t_open_fds ();
  struct ev_loop *loop = t_loop (0);
  static struct coroutine c;
  ev_cleanup a, b;
  ev_timer timer;
  NAMED (&b, note_cleanup, "b");
  ev_cleanup_start (loop, &b);
  NAMED (&a, cleanup_gives_way, "a");
  ev_cleanup_start (loop, &a);
  coroutine_make (&c, destroys_the_loop, loop);
  coroutine_resume (&c);
  CHECK_TRACE ("a:40000");
  timer_named (loop, &timer, "timer", 0., 0.);
  CHECK_EQ (ev_run (loop, 0), 0); /* it is alive, b first in line */
  CHECK_TRACE ("a:40000 b:40000 timer:100");
  coroutine_resume (&c);
  CHECK (c.done);
  CHECK_EQ (t_open_fds (), before);
  coroutine_free (&c);
}

static void
hook_gives_way (EV_P)
{
  if (coroutine_current)
    coroutine_give_way ();
  ev_invoke_pending (loop);
}

TEST (coroutine_parked_in_the_invoke_pending_callback)
{
  struct ev_loop *loop = t_loop (0);
  static struct coroutine c;
  ev_timer w;
  timer_named (loop, &w, "w", -1., 0.);
  ev_set_invoke_pending_cb (loop, hook_gives_way);
  coroutine_make (&c, runs_the_loop, loop);
  coroutine_resume (&c); /* parked at entry */
  coroutine_resume (&c); /* and after the poll */
  CHECK_EQ (ev_pending_count (loop), 1);
  drive (loop, 1); /* the main program takes what was pending */
  CHECK_TRACE ("w:100");
  coroutine_resume (&c);
  CHECK (c.done);
  CHECK_EQ (ev_depth (loop), 0);
  CHECK_TRACE ("w:100");
  coroutine_free (&c);
  ev_loop_destroy (loop);
}

static void
io_gives_way (EV_P_ ev_io *w, int revents)
{
  ev_io_stop (loop, w);
  note_any ((ev_watcher *)w, revents);
  coroutine_give_way ();
  t_trace ("back");
}

/* The inner loop's callback parks both runs; the outer loop serves others meanwhile, and the inner one too. */
TEST (coroutine_parked_in_an_embedded_loop)
{
  struct ev_loop *loop = t_loop (0), *inner = ev_loop_new (EVBACKEND_EPOLL | EVFLAG_NOENV);
  static struct coroutine c;
  ev_embed embed;
  ev_io io, other;
  ev_timer timer;
  int fd[2];
  CHECK (inner);
  t_pipe (fd);
  ev_embed_init (&embed, 0, inner);
  ev_embed_start (loop, &embed);
  drive (loop, 1);
  NAMED (&io, io_gives_way, "io");
  ev_io_set (&io, fd[1], EV_WRITE);
  ev_io_start (inner, &io);
  coroutine_make (&c, runs_the_loop, loop);
  coroutine_resume (&c);
  CHECK_TRACE ("io:2");
  CHECK_EQ (ev_depth (loop), 1);
  CHECK_EQ (ev_depth (inner), 1);
  io_named (inner, &other, "other", fd[1], EV_WRITE);
  timer_named (loop, &timer, "timer", -1., 0.);
  while (noted < 3)
    drive (loop, 1);
  ev_io_stop (inner, &other);
  coroutine_resume (&c);
  CHECK (c.done);
  CHECK (strstr (t_traced (), "back"));
  CHECK_EQ (ev_depth (loop), 0);
  CHECK_EQ (ev_depth (inner), 0);
  ev_embed_stop (loop, &embed);
  ev_loop_destroy (loop);
  ev_loop_destroy (inner);
  coroutine_free (&c);
}

/* ---- stacks, threads, jumps, forks ---- */

static void *
resumes (void *arg)
{
  coroutine_resume (arg);
  return 0;
}

/* A run that was begun in one thread is ended by another, which resumes the coroutine. */
TEST (coroutine_moves_to_another_thread)
{
  struct ev_loop *loop = t_loop (0);
  static struct coroutine c;
  ev_timer w, rest, later;
  pthread_t thread;
  NAMED (&w, gives_way, "w");
  ev_timer_set (&w, -2., 0.);
  ev_timer_start (loop, &w);
  timer_named (loop, &rest, "rest", -1., 0.);
  timer_named (loop, &later, "later", .01, 0.);
  coroutine_make (&c, runs_on, loop);
  coroutine_resume (&c);
  CHECK (!pthread_create (&thread, 0, resumes, &c));
  CHECK (!pthread_join (thread, 0));
  CHECK (c.done);
  CHECK_TRACE ("w@1 w@1 rest:100 later:100 returned-0");
  coroutine_free (&c);
  ev_loop_destroy (loop);
}

static jmp_buf out_of_the_run;

static void
jumps_out (EV_P_ ev_timer *w, int revents)
{
  (void)loop;
  note_any ((ev_watcher *)w, revents);
  longjmp (out_of_the_run, 1);
}

static void
runs_and_is_jumped_out_of (void *loop)
{
  if (!setjmp (out_of_the_run))
    ev_run (loop, 0);
  t_trace ("out@%u", ev_depth (loop));
  coroutine_give_way ();
  ev_run (loop, EVRUN_NOWAIT);
}

TEST (coroutine_jumps_out_of_its_own_run_only)
{
  struct ev_loop *loop = t_loop (0);
  static struct coroutine first, second;
  ev_timer parked, jumper, rest;
  NAMED (&parked, gives_way, "parked");
  ev_timer_set (&parked, -3., 0.);
  ev_timer_start (loop, &parked);
  NAMED (&jumper, jumps_out, "jumper");
  ev_timer_set (&jumper, -2., 0.);
  ev_timer_start (loop, &jumper);
  timer_named (loop, &rest, "rest", -1., 0.);
  coroutine_make (&first, runs_the_loop, loop);
  coroutine_resume (&first);
  coroutine_make (&second, runs_and_is_jumped_out_of, loop);
  coroutine_resume (&second);
  coroutine_resume (&first);
  CHECK (first.done);
  CHECK_TRACE ("parked@1 jumper:100 out@2 parked@2 rest:100");
  coroutine_resume (&second);
  CHECK (second.done);
  CHECK_EQ (ev_depth (loop), 1);
  coroutine_free (&first);
  coroutine_free (&second);
  ev_loop_destroy (loop);
}

static struct coroutine forked;

static void
goes_on_in_the_child (void *loop)
{
  ev_timer w;
  ev_loop_fork (loop);
  timer_named (loop, &w, "child", 0., 0.);
  coroutine_resume (&forked);
  CHECK (forked.done);
  CHECK_TRACE ("parked@1 parked@1 rest:100 child:100 returned-0");
  ev_loop_destroy (loop);
}

/* A run that is parked when the process forks ends in both. */
TEST (coroutine_parked_over_a_fork)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer parked, rest;
  NAMED (&parked, gives_way, "parked");
  ev_timer_set (&parked, -2., 0.);
  ev_timer_start (loop, &parked);
  timer_named (loop, &rest, "rest", -1., 0.);
  coroutine_make (&forked, runs_on, loop);
  coroutine_resume (&forked);
  CHECK_EQ (t_in_child (goes_on_in_the_child, loop), 0);
  coroutine_resume (&forked);
  CHECK (forked.done);
  CHECK_TRACE ("parked@1 parked@1 rest:100 returned-0");
  coroutine_free (&forked);
  ev_loop_destroy (loop);
}

/* Each coroutine has a loop and a nested run in another's; all take turns. */
static struct ev_loop *loops[3];

static void
gives_way_a_while (EV_P_ ev_idle *w, int revents)
{
  (void)revents;
  ++noted;
  coroutine_give_way ();
  if (!--*(int *)w->data)
    ev_idle_stop (loop, w);
}

static void
runs_a_loop_of_its_own (void *arg)
{
  int me = (int)(intptr_t)arg, left = 5;
  ev_idle w;
  ev_idle_init (&w, gives_way_a_while);
  w.data = &left;
  ev_idle_start (loops[me], &w);
  CHECK_EQ (ev_run (loops[me], 0), 0);
}

TEST (coroutine_loops_take_turns)
{
  static struct coroutine c[3];
  int i, round;
  for (i = 0; i < 3; ++i)
    {
      loops[i] = t_loop (0);
      coroutine_make (c + i, runs_a_loop_of_its_own, (void *)(intptr_t)i);
    }
  for (round = 0; round < 6; ++round)
    for (i = 0; i < 3; ++i)
      {
        CHECK (!c[i].done);
        coroutine_resume (c + i);
      }
  CHECK_EQ (noted, 15);
  for (i = 0; i < 3; ++i)
    {
      CHECK (c[i].done);
      CHECK_EQ (ev_iteration (loops[i]), 5);
      coroutine_free (c + i);
      ev_loop_destroy (loops[i]);
    }
}
