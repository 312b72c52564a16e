/* What LIBEV_CHECK must not report: legal use that resembles a mistake. The rest of the suite, run with LIBEV_CHECK=1, says the
   same of everything else. */
#include "misuse.h"

#include <pthread.h>

#define OURS .ours_only = LIBEV_CHECK, .no_valgrind = 1

static struct ev_loop *loop;

static void
allowed_nothing (EV_P_ ev_watcher *w, int revents)
{
}

static void
allowed_timer (EV_P_ ev_timer *w, int revents)
{
  t_trace ("timer");
  if (w->repeat > 0.05)
    w->repeat = 0.001;
  else
    ev_timer_stop (EV_A_ w);
}

static void
change_what_may_change (void)
{
  ev_timer timer;
  ev_periodic periodic;
  loop = t_loop (0);
  ev_init (&timer, (void (*) (EV_P_ ev_timer *, int))allowed_nothing);
  timer.repeat = 0.001;
  ev_timer_again (loop, &timer);
  ev_set_cb (&timer, allowed_timer);
  timer.data = &timer;
  timer.repeat = 0.1;
  ev_periodic_init (&periodic, (void (*) (EV_P_ ev_periodic *, int))allowed_nothing, 0., 100., 0);
  ev_periodic_start (loop, &periodic);
  ev_periodic_set (&periodic, 1., 50., 0);
  ev_run (loop, EVRUN_ONCE);
  ev_periodic_again (loop, &periodic);
  ev_periodic_stop (loop, &periodic);
  ev_suspend (loop);
  ev_resume (loop);
  ev_run (loop, 0);
  CHECK_TRACE ("timer timer");
  ev_loop_destroy (loop);
}

TEST (allowed_callback_data_repeat_and_grid_change, OURS)
{
  NOT_REPORTED (change_what_may_change);
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void
allowed_release (EV_P)
{
  pthread_mutex_unlock (&lock);
}

static void
allowed_acquire (EV_P)
{
  pthread_mutex_lock (&lock);
}

static ev_timer late;
static ev_async async;

static void *
start_under_the_lock (void *arg)
{
  t_nap (0.02);
  pthread_mutex_lock (&lock);
  ev_timer_init (&late, allowed_timer, 0., 0.);
  ev_timer_start (loop, &late);
  ev_async_send (loop, &async);
  pthread_mutex_unlock (&lock);
  return 0;
}

static void
use_it_between_release_and_acquire (void)
{
  pthread_t thread;
  loop = t_loop (0);
  ev_set_loop_release_cb (loop, allowed_release, allowed_acquire);
  ev_async_init (&async, (void (*) (EV_P_ ev_async *, int))allowed_nothing);
  ev_async_start (loop, &async);
  pthread_mutex_lock (&lock);
  pthread_create (&thread, 0, start_under_the_lock, 0);
  while (!*t_traced ())
    ev_run (loop, EVRUN_ONCE);
  pthread_mutex_unlock (&lock);
  CHECK (!pthread_join (thread, 0));
  CHECK_TRACE ("timer");
  ev_loop_destroy (loop);
}

TEST (allowed_between_release_and_acquire, OURS)
{
  NOT_REPORTED (use_it_between_release_and_acquire);
}

static void *
run_in_a_thread (void *arg)
{
  ev_run (loop, EVRUN_NOWAIT);
  return 0;
}

static void
run_in_one_thread_after_the_other (void)
{
  pthread_t thread;
  loop = t_loop (0);
  ev_timer_init (&late, allowed_timer, 100., 0.);
  ev_timer_start (loop, &late);
  ev_run (loop, EVRUN_NOWAIT);
  pthread_create (&thread, 0, run_in_a_thread, 0);
  CHECK (!pthread_join (thread, 0));
  ev_timer_stop (loop, &late);
  ev_loop_destroy (loop);
}

TEST (allowed_in_one_thread_after_the_other, OURS)
{
  NOT_REPORTED (run_in_one_thread_after_the_other);
}

static void
stop_after_destroy (void)
{
  ev_signal signal;
  loop = t_loop (0);
  ev_timer_init (&late, allowed_timer, 1., 0.);
  ev_signal_init (&signal, (void (*) (EV_P_ ev_signal *, int))allowed_nothing, SIGUSR1);
  ev_signal_start (loop, &signal);
  ev_loop_destroy (loop);
  /* As destructors do. */
  ev_timer_stop (loop, &late);
  ev_signal_stop (loop, &signal);
}

TEST (allowed_stop_of_an_inactive_one_after_destroy, OURS)
{
  NOT_REPORTED (stop_after_destroy);
}

/* ---- off unless asked for ---- */

static void
change_fd (void *value)
{
  ev_io io;
  int fd[2];
  if (value)
    setenv ("LIBEV_CHECK", value, 1);
  else
    unsetenv ("LIBEV_CHECK");
  loop = t_loop (0);
  t_pipe (fd);
  ev_io_init (&io, (void (*) (EV_P_ ev_io *, int))allowed_nothing, fd[0], EV_READ);
  ev_io_start (loop, &io);
  ev_run (loop, EVRUN_NOWAIT);
  io.data = loop;
  ev_io_modify (&io, EV_WRITE);
  ev_run (loop, EVRUN_NOWAIT);
  ev_io_stop (loop, &io);
  ev_loop_destroy (loop);
}

TEST (allowed_off_by_default)
{
  CHECK_EQ (t_in_child (change_fd, 0), 0);
  CHECK_EQ (t_in_child (change_fd, ""), 0);
  CHECK_EQ (t_in_child (change_fd, "0"), 0);
}
