/* What LIBEV_CHECK finds: watchers changed, overwritten or freed while active, the wrong loop, the wrong thread. */
#include "misuse.h"

#include <pthread.h>

#define OURS .ours_only = LIBEV_CHECK, .no_valgrind = 1
#define CHANGED "an active watcher was changed"
#define OVERWRITTEN "an active watcher was freed, overwritten or initialised again"

static struct ev_loop *loop;
static int fd[2];

/* Not static: gcc would fold callbacks of the same body into one. */
void
reported_io (EV_P_ ev_io *w, int revents)
{
  t_trace ("io");
}

void
reported_timer (EV_P_ ev_timer *w, int revents)
{
  t_trace ("timer");
}

/* A callback whose name only the symbol table of the file knows. */
static void
reported_static (EV_P_ ev_watcher *w, int revents)
{
  t_trace ("static");
}

static ev_io io;
static ev_timer timer;

static void
begin (void)
{
  loop = t_loop (0);
  t_pipe (fd);
  ev_io_init (&io, reported_io, fd[0], EV_READ);
  ev_timer_init (&timer, reported_timer, 100., 0.);
  ev_io_start (loop, &io);
  ev_timer_start (loop, &timer);
  ev_run (loop, EVRUN_NOWAIT);
}

/* ---- members that must not change ---- */

static void
change_fd (void)
{
  begin ();
  io.fd = fd[1];
  ev_run (loop, EVRUN_NOWAIT);
}

TEST (reported_changed_fd, OURS)
{
  REPORTED (change_fd, "ev_run: " CHANGED, "fd was ", "watcher 0x", ": io, fd ", ", events 1", ", callback reported_io (");
}

static void
change_fd_and_stop (void)
{
  begin ();
  io.fd = fd[1];
  ev_io_stop (loop, &io);
}

TEST (reported_changed_fd_at_the_stop, OURS)
{
  REPORTED (change_fd_and_stop, "ev_io_stop: " CHANGED, "fd was ");
}

static void
change_fd_and_start (void)
{
  begin ();
  ev_io_set (&io, fd[1], EV_WRITE);
  ev_io_start (loop, &io);
}

TEST (reported_set_and_started_while_active, OURS)
{
  REPORTED (change_fd_and_start, "ev_io_start: " CHANGED, "fd was ");
}

static void
change_events (void)
{
  begin ();
  ev_io_modify (&io, EV_READ | EV_WRITE);
  ev_run (loop, EVRUN_NOWAIT);
}

TEST (reported_changed_events, OURS)
{
  REPORTED (change_events, CHANGED, "events was 1, is 3", "reported_io");
}

static void
change_due_time (void)
{
  begin ();
  ev_timer_set (&timer, 5., 0.);
  ev_run (loop, EVRUN_NOWAIT);
}

TEST (reported_changed_due_time, OURS)
{
  REPORTED (change_due_time, CHANGED, "at was ", "is 5.000000", ": timer, callback reported_timer (");
}

static void
change_due_time_of_periodic (void)
{
  static ev_periodic periodic;
  begin ();
  ev_periodic_init (&periodic, (void (*) (EV_P_ ev_periodic *, int))reported_static, 0., 100., 0);
  ev_periodic_start (loop, &periodic);
  periodic.at = 1.;
  ev_periodic_again (loop, &periodic);
}

TEST (reported_changed_due_time_of_a_periodic, OURS)
{
  REPORTED (change_due_time_of_periodic, "ev_periodic_again: " CHANGED, "is 1.000000", ": periodic, callback reported_static (");
}

static void
change_priority (void)
{
  begin ();
  ev_set_priority (&timer, 2);
  ev_run (loop, EVRUN_NOWAIT);
}

TEST (reported_changed_priority, OURS)
{
  REPORTED (change_priority, CHANGED, "priority was 0, is 2");
}

static void
change_signal (void)
{
  static ev_signal w;
  begin ();
  ev_signal_init (&w, (void (*) (EV_P_ ev_signal *, int))reported_static, SIGUSR1);
  ev_signal_start (loop, &w);
  ev_signal_set (&w, SIGUSR2);
  ev_signal_stop (loop, &w);
}

TEST (reported_changed_signal, OURS)
{
  char text[80];
  sprintf (text, "signum was %d, is %d", SIGUSR1, SIGUSR2);
  REPORTED (change_signal, "ev_signal_stop: " CHANGED, text);
}

static void
change_child (void)
{
  static ev_child w;
  loop = t_default_loop (0);
  ev_child_init (&w, (void (*) (EV_P_ ev_child *, int))reported_static, 1234, 0);
  ev_child_start (loop, &w);
  w.pid = 4321;
  ev_run (loop, EVRUN_NOWAIT);
}

TEST (reported_changed_child, OURS)
{
  REPORTED (change_child, CHANGED, "pid was 1234, is 4321", ": child, pid 1234, flags 0, callback reported_static (");
}

static void
change_path (void)
{
  static ev_stat w;
  begin ();
  ev_stat_init (&w, (void (*) (EV_P_ ev_stat *, int))reported_static, "/", 0.);
  ev_stat_start (loop, &w);
  w.path = "/tmp";
  ev_run (loop, EVRUN_NOWAIT);
}

TEST (reported_changed_path, OURS)
{
  REPORTED (change_path, CHANGED, "path was 0x", ": stat, path 0x");
}

static void
change_embedded (void)
{
  static ev_embed w;
  struct ev_loop *other = ev_loop_new (EVBACKEND_EPOLL | EVFLAG_NOENV);
  begin ();
  ev_embed_init (&w, (void (*) (EV_P_ ev_embed *, int))reported_static, other);
  ev_embed_start (loop, &w);
  w.other = loop;
  ev_embed_stop (loop, &w);
}

TEST (reported_changed_embedded_loop, OURS)
{
  REPORTED (change_embedded, "ev_embed_stop: " CHANGED, "other was 0x");
}

/* ---- when it is noticed ---- */

void
reported_culprit (EV_P_ ev_timer *w, int revents)
{
  io.events = EV_WRITE;
}

static void
change_in_a_callback (void)
{
  static ev_timer culprit;
  begin ();
  ev_timer_init (&culprit, reported_culprit, 0., 0.);
  ev_timer_start (loop, &culprit);
  ev_run (loop, 0);
}

TEST (reported_after_the_callback_that_did_it, OURS)
{
  REPORTED (change_in_a_callback, "after the callback reported_culprit (", "events was 1, is 2", ": io, fd ", "callback reported_io (");
}

static void *
change_in_a_thread (void *arg)
{
  t_nap (0.05);
  ((ev_io *)arg)->fd = 999;
  return 0;
}

static void
change_during_the_wait (void)
{
  pthread_t thread;
  begin ();
  ev_timer_stop (loop, &timer);
  ev_timer_set (&timer, 0.2, 0.);
  ev_timer_start (loop, &timer);
  pthread_create (&thread, 0, change_in_a_thread, &io);
  ev_run (loop, EVRUN_ONCE);
}

TEST (reported_change_during_the_wait, OURS)
{
  REPORTED (change_during_the_wait, "ev_run, after the wait: " CHANGED, "is 999");
}

static void
change_and_verify (void)
{
  begin ();
  io.fd = 999;
  ev_verify (loop);
}

TEST (reported_by_verify, OURS)
{
  REPORTED (change_and_verify, "ev_verify: " CHANGED, "fd was ", "reported_io");
}

/* ---- memory that is not the watcher's any more ---- */

static void
free_active (void)
{
  ev_io *own = malloc (sizeof *own);
  begin ();
  ev_io_init (own, reported_io, fd[1], EV_WRITE);
  ev_io_start (loop, own);
  /* As whoever gets the memory next would. */
  memset (own, 0x5a, sizeof *own);
  free (own);
  ev_run (loop, EVRUN_NOWAIT);
}

TEST (reported_freed, OURS)
{
  t_skip_if_sanitized ("what is freed is looked at on purpose");
  REPORTED (free_active, OVERWRITTEN, ": io, fd ", "callback reported_io (");
}

static void
init_active (void)
{
  begin ();
  ev_timer_init (&timer, reported_timer, 1., 0.);
  ev_timer_start (loop, &timer);
}

TEST (reported_initialised_again, OURS)
{
  REPORTED (init_active, "ev_timer_start: " OVERWRITTEN, "active is 0, pending is 0", "reported_timer");
}

static void
init_active_of_each_list (void)
{
  static ev_prepare prepare;
  begin ();
  ev_prepare_init (&prepare, (void (*) (EV_P_ ev_prepare *, int))reported_static);
  ev_prepare_start (loop, &prepare);
  memset (&prepare, 0, sizeof prepare);
  ev_prepare_stop (loop, &prepare);
}

TEST (reported_overwritten_at_the_stop, OURS)
{
  REPORTED (init_active_of_each_list, "ev_prepare_stop: " OVERWRITTEN, ": prepare, callback reported_static (");
}

static void
start_garbage (void)
{
  static ev_timer garbage;
  begin ();
  memset (&garbage, 0x77, sizeof garbage);
  ev_timer_start (loop, &garbage);
}

TEST (reported_never_initialised, OURS)
{
  REPORTED (start_garbage, "ev_timer_start: the watcher says that it is active, but not in this loop");
}

static void
start_as_another_type (void)
{
  begin ();
  ev_timer_start (loop, (ev_timer *)&io);
}

TEST (reported_active_as_another_type, OURS)
{
  REPORTED (start_as_another_type, "ev_timer_start: the watcher is active as one of another type");
}

/* ---- the wrong loop ---- */

static void
stop_in_another_loop (void)
{
  struct ev_loop *other = t_loop (0);
  begin ();
  ev_io_stop (other, &io);
}

TEST (reported_stopped_in_another_loop, OURS)
{
  REPORTED (stop_in_another_loop, "ev_io_stop: the watcher says that it is active, but not in this loop", ": io, fd ", "reported_io");
}

static void
stop_signal_in_another_loop (void)
{
  static ev_signal w;
  struct ev_loop *other = t_loop (0);
  begin ();
  ev_signal_init (&w, (void (*) (EV_P_ ev_signal *, int))reported_static, SIGUSR1);
  ev_signal_start (loop, &w);
  ev_signal_stop (other, &w);
}

TEST (reported_signal_stopped_in_another_loop, OURS)
{
  REPORTED (stop_signal_in_another_loop, "ev_signal_stop: the watcher says that it is active, but not in this loop");
}

static void
signal_in_two_loops (void)
{
  static ev_signal one, two;
  struct ev_loop *other = t_loop (0);
  begin ();
  ev_signal_init (&one, (void (*) (EV_P_ ev_signal *, int))reported_static, SIGUSR1);
  ev_signal_init (&two, (void (*) (EV_P_ ev_signal *, int))reported_static, SIGUSR1);
  ev_signal_start (loop, &one);
  ev_signal_start (other, &two);
}

TEST (reported_signal_in_two_loops, OURS)
{
  char text[80];
  sprintf (text, ": signal, signum %d, callback reported_static (", SIGUSR1);
  REPORTED (signal_in_two_loops, "ev_signal_start: the signal is watched in another loop", text);
}

static void
use_a_destroyed_loop (void)
{
  begin ();
  ev_loop_destroy (loop);
  ev_timer_init (&timer, reported_timer, 1., 0.);
  ev_timer_start (loop, &timer);
}

TEST (reported_destroyed_loop, OURS)
{
  REPORTED (use_a_destroyed_loop, "ev_timer_start: there is no such loop", "reported_timer");
}

static void
destroy_twice (void)
{
  begin ();
  ev_loop_destroy (loop);
  ev_loop_destroy (loop);
}

TEST (reported_destroyed_twice, OURS)
{
  REPORTED (destroy_twice, "ev_loop_destroy: there is no such loop");
}

/* ---- the wrong thread ---- */

static void *
start_in_a_thread (void *arg)
{
  static ev_timer other;
  t_nap (0.05);
  ev_timer_init (&other, reported_timer, 1., 0.);
  ev_timer_start (loop, &other);
  return 0;
}

static void *
feed_in_a_thread (void *arg)
{
  t_nap (0.05);
  ev_feed_event (loop, &timer, EV_TIMER);
  return 0;
}

static void *
break_in_a_thread (void *arg)
{
  t_nap (0.05);
  ev_break (loop, EVBREAK_ALL);
  return 0;
}

static void
run_beside (void *(*body) (void *))
{
  pthread_t thread;
  begin ();
  pthread_create (&thread, 0, body, 0);
  ev_run (loop, 0);
}

static void run_beside_a_start (void) { run_beside (start_in_a_thread); }
static void run_beside_a_feed (void) { run_beside (feed_in_a_thread); }
static void run_beside_a_break (void) { run_beside (break_in_a_thread); }

TEST (reported_start_in_another_thread, OURS)
{
  REPORTED (run_beside_a_start, "ev_timer_start: called from another thread than the one that runs the loop", ": timer, callback reported_timer (");
}

TEST (reported_feed_in_another_thread, OURS)
{
  REPORTED (run_beside_a_feed, "ev_feed_event: called from another thread");
}

TEST (reported_break_in_another_thread, OURS)
{
  REPORTED (run_beside_a_break, "ev_break: called from another thread");
}
