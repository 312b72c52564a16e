/* Many loops in many threads, and loops that pass from thread to thread. */
#include "drive.h"

#include <pthread.h>

enum { THREADS = 16 };

static void
start_all (pthread_t *thread, int count, void *(*body) (void *), void *arg)
{
  int i;
  for (i = 0; i < count; ++i)
    CHECK (!pthread_create (thread + i, 0, body, arg));
}

static void
join_all (pthread_t *thread, int count)
{
  int i;
  for (i = 0; i < count; ++i)
    CHECK (!pthread_join (thread[i], 0));
}

/* ---- sixteen loops, each with everything ---- */

struct life
{
  struct ev_loop *loop;
  int bytes, ticks, wakes, idles, prepares;
  ev_async async;
};

static void
reads_a_byte (EV_P_ ev_io *w, int revents)
{
  struct life *me = w->data;
  char byte;
  (void)revents;
  CHECK (loop == me->loop);
  if (read (w->fd, &byte, 1) != 1)
    return; /* spurious is allowed */
  if (++me->bytes == 50)
    ev_io_stop (loop, w);
  ev_async_send (loop, &me->async);
}

static void
ticks (EV_P_ ev_timer *w, int revents)
{
  struct life *me = ((ev_watcher *)w)->data;
  (void)revents;
  CHECK (loop == me->loop);
  if (++me->ticks == 20)
    ev_timer_stop (loop, w);
}

static void
is_woken (EV_P_ ev_async *w, int revents)
{
  struct life *me = w->data;
  (void)revents;
  CHECK (loop == me->loop);
  ++me->wakes;
  if (me->bytes == 50)
    ev_async_stop (loop, w);
}

static void
idles (EV_P_ ev_idle *w, int revents)
{
  struct life *me = w->data;
  (void)revents;
  if (++me->idles == 5)
    ev_idle_stop (loop, w);
}

static void
counts_rounds (EV_P_ ev_prepare *w, int revents)
{
  struct life *me = w->data;
  (void)loop;
  (void)revents;
  ++me->prepares;
}

static void *
lives (void *arg)
{
  struct life me = { .loop = t_loop (0) };
  char data[50] = { 0 };
  ev_io io;
  ev_timer timer;
  ev_idle idle;
  ev_prepare prepare;
  int fd[2];
  (void)arg;
  t_pipe (fd);
  ev_io_init (&io, reads_a_byte, fd[0], EV_READ);
  ev_timer_init (&timer, ticks, .0001, .0002);
  ev_async_init (&me.async, is_woken);
  ev_idle_init (&idle, idles);
  ev_prepare_init (&prepare, counts_rounds);
  io.data = timer.data = me.async.data = idle.data = prepare.data = &me;
  ev_io_start (me.loop, &io);
  ev_timer_start (me.loop, &timer);
  ev_async_start (me.loop, &me.async);
  ev_idle_start (me.loop, &idle);
  ev_prepare_start (me.loop, &prepare);
  ev_unref (me.loop);
  CHECK_EQ (write (fd[1], data, sizeof data), sizeof data);
  CHECK_EQ (ev_run (me.loop, 0), 0);
  ev_ref (me.loop);
  ev_prepare_stop (me.loop, &prepare);
  CHECK_EQ (me.bytes, 50);
  CHECK_EQ (me.ticks, 20);
  CHECK_EQ (me.idles, 5);
  CHECK (me.wakes >= 1);
  CHECK_EQ (me.prepares, ev_iteration (me.loop));
  ev_loop_destroy (me.loop);
  close (fd[0]);
  close (fd[1]);
  return 0;
}

TEST (threads_loops_sixteen_with_everything)
{
  pthread_t thread[THREADS];
  int before = t_open_fds ();
  start_all (thread, THREADS, lives, 0);
  join_all (thread, THREADS);
  CHECK_EQ (t_open_fds (), before);
}

/* ---- making and destroying ---- */

static void *
makes_and_destroys (void *arg)
{
  int i;
  (void)arg;
  for (i = 0; i < (t_backend == T_LINUXAIO ? 3 : 30); ++i) /* there the kernel takes long to destroy one */
    {
      struct ev_loop *a = t_loop (0), *b = t_loop (0);
      ev_async async;
      ev_timer timer;
      CHECK (a != b);
      CHECK (ev_is_default_loop (a) == 0);
      ev_set_userdata (a, &async);
      ev_async_init (&async, note_async);
      ev_async_start (a, &async);
      ev_timer_init (&timer, ticks, 1000., 0.);
      ev_timer_start (b, &timer);
      ev_run (a, EVRUN_NOWAIT);
      ev_run (b, EVRUN_NOWAIT);
      CHECK (ev_userdata (a) == &async);
      ev_loop_destroy (a);
      ev_loop_destroy (b);
    }
  return 0;
}

TEST (threads_loops_made_and_destroyed_at_once)
{
  pthread_t thread[8];
  int before = t_open_fds ();
  start_all (thread, 8, makes_and_destroys, 0);
  join_all (thread, 8);
  CHECK_EQ (t_open_fds (), before);
}

/* A callback destroys another loop, while other threads make and destroy theirs: this one goes on. */
static void
makes_another (EV_P_ ev_idle *w, int revents)
{
  (void)revents;
  ev_loop_destroy (t_loop (0));
  if (++noted == 10)
    ev_idle_stop (loop, w);
}

TEST (threads_loops_destroyed_by_others_during_callbacks)
{
  struct ev_loop *loop = t_loop (0);
  pthread_t thread[4];
  ev_idle idle;
  ev_idle_init (&idle, makes_another);
  ev_idle_start (loop, &idle);
  start_all (thread, 4, makes_and_destroys, 0);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_EQ (noted, 10);
  CHECK_EQ (ev_depth (loop), 0);
  join_all (thread, 4);
  ev_loop_destroy (loop);
}

/* ---- from thread to thread ---- */

static struct ev_loop *passed;
static ev_timer passed_timer;
static int passed_pipe[2];
static ev_io passed_io;

static void *
makes_it (void *arg)
{
  (void)arg;
  passed = t_loop (0);
  t_pipe (passed_pipe);
  timer_named (passed, &passed_timer, "timer", .01, 0.);
  io_named (passed, &passed_io, "io", passed_pipe[0], EV_READ);
  drive (passed, 1);
  return 0;
}

static void *
runs_it (void *arg)
{
  (void)arg;
  drive_until (passed, &noted, 1);
  t_write (passed_pipe[1], "x");
  drive_until (passed, &noted, 2);
  return 0;
}

static void *
destroys_it (void *arg)
{
  (void)arg;
  ev_loop_destroy (passed);
  return 0;
}

TEST (threads_loops_made_run_and_destroyed_in_three_threads)
{
  static void *(*const bodies[3]) (void *) = { makes_it, runs_it, destroys_it };
  int i, before = t_open_fds ();
  for (i = 0; i < 3; ++i)
    {
      pthread_t thread;
      start_all (&thread, 1, bodies[i], 0);
      join_all (&thread, 1);
    }
  CHECK_TRACE ("timer:100 io:1");
  close (passed_pipe[0]);
  close (passed_pipe[1]);
  CHECK_EQ (t_open_fds (), before);
}

static void *
uses_the_default_loop (void *loop)
{
  CHECK (ev_default_loop (0) == loop);
  CHECK (ev_is_default_loop (loop));
  timer_named (loop, &passed_timer, "timer", .001, 0.);
  CHECK_EQ (ev_run (loop, 0), 0);
  return 0;
}

TEST (threads_loops_default_one_used_by_another_thread)
{
  struct ev_loop *loop = t_default_loop (0);
  pthread_t thread;
  start_all (&thread, 1, uses_the_default_loop, loop);
  join_all (&thread, 1);
  CHECK_TRACE ("timer:100");
  ev_loop_destroy (loop);
}

/* A callback waits for another thread, which runs the same loop meanwhile: one at a time, one within the other. */
static void *
runs_it_inside (void *arg)
{
  (void)arg;
  CHECK_EQ (ev_depth (passed), 1);
  ev_run (passed, EVRUN_NOWAIT);
  return 0;
}

static void
lends_the_loop (EV_P_ ev_timer *w, int revents)
{
  pthread_t thread;
  note_any ((ev_watcher *)w, revents);
  start_all (&thread, 1, runs_it_inside, 0);
  join_all (&thread, 1);
  t_trace ("lent");
  timer_named (loop, &passed_timer, "third", .001, 0.);
}

TEST (threads_loops_lent_to_another_thread_by_a_callback)
{
  ev_timer lender, second;
  t_skip_if_checked ("a thread inside a callback counts as running the loop");
  passed = t_loop (0);
  NAMED (&lender, lends_the_loop, "lender");
  ev_timer_set (&lender, -2., 0.);
  ev_timer_start (passed, &lender);
  timer_named (passed, &second, "second", -1., 0.);
  CHECK_EQ (ev_run (passed, 0), 0);
  CHECK_TRACE ("lender:100 second:100 lent third:100");
  ev_loop_destroy (passed);
}

/* ---- under a lock that is let go while the loop waits ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER, baton = PTHREAD_MUTEX_INITIALIZER;
static ev_async changed;
static int holders; /* threads that hold the lock: never more than one */
static int pairs, rounds_left;

static void
lets_go (EV_P) EV_NOEXCEPT
{
  (void)loop;
  CHECK_EQ (holders, 1);
  --holders;
  ++pairs;
  pthread_mutex_unlock (&lock);
}

static void
takes (EV_P) EV_NOEXCEPT
{
  (void)loop;
  pthread_mutex_lock (&lock);
  ++holders;
  --pairs;
  CHECK_EQ (holders, 1);
}

static void
is_called_locked (EV_P_ ev_timer *w, int revents)
{
  (void)loop;
  (void)w;
  (void)revents;
  CHECK_EQ (holders, 1);
  --rounds_left;
}

static void
change_is_seen (EV_P_ ev_async *w, int revents)
{
  (void)loop;
  (void)w;
  (void)revents;
  CHECK_EQ (holders, 1);
}

/* Whoever has the baton runs the loop. */
static void *
runs_with_the_baton (void *arg)
{
  int *mine = arg;
  for (;;)
    {
      int done;
      pthread_mutex_lock (&baton);
      pthread_mutex_lock (&lock);
      ++holders;
      done = rounds_left <= 0;
      if (!done)
        {
          ev_run (passed, EVRUN_ONCE);
          ++*mine;
        }
      --holders;
      pthread_mutex_unlock (&lock);
      pthread_mutex_unlock (&baton);
      if (done)
        return 0;
    }
}

/* Starts timers in the loop while others run it. */
static void *
changes_the_loop (void *arg)
{
  ev_timer timer[50];
  int i;
  (void)arg;
  for (i = 0; i < 50; ++i)
    {
      pthread_mutex_lock (&lock);
      ++holders;
      ev_timer_init (timer + i, is_called_locked, 0., 0.);
      ev_now_update (passed);
      ev_timer_start (passed, timer + i);
      ev_async_send (passed, &changed);
      --holders;
      pthread_mutex_unlock (&lock);
    }
  for (i = 1; i > 0;)
    {
      int k;
      pthread_mutex_lock (&lock);
      for (i = k = 0; k < 50; ++k)
        i += ev_is_active (timer + k) || ev_is_pending (timer + k);
      pthread_mutex_unlock (&lock);
      t_nap (.0005);
    }
  return 0;
}

TEST (threads_loops_one_under_a_lock_for_runners_and_changers)
{
  pthread_t runner[3], changer[3];
  int i, runs[3] = { 0 };
  passed = t_loop (0);
  ev_async_init (&changed, change_is_seen);
  ev_async_start (passed, &changed);
  ev_set_loop_release_cb (passed, lets_go, takes);
  rounds_left = 150;
  for (i = 0; i < 3; ++i)
    start_all (runner + i, 1, runs_with_the_baton, runs + i);
  start_all (changer, 3, changes_the_loop, 0);
  join_all (changer, 3);
  ev_async_send (passed, &changed);
  join_all (runner, 3);
  CHECK_EQ (rounds_left, 0);
  CHECK_EQ (pairs, 0);
  CHECK_EQ (holders, 0);
  ev_verify (passed);
  ev_loop_destroy (passed);
}
