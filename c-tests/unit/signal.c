/* Signal watchers: delivery, order, handlers and masks, signalfd, feeding. */
#include "drive.h"
#include "reasons.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>

static int signalfd_missing, eventfd_missing;

int
signalfd (int fd, const sigset_t *mask, int flags)
{
  if (signalfd_missing)
    {
      errno = ENOSYS;
      return -1;
    }
  return (int)syscall (SYS_signalfd4, fd, mask, 8, flags);
}

int
eventfd (unsigned start, int flags)
{
  if (eventfd_missing)
    {
      errno = ENOSYS;
      return -1;
    }
  return (int)syscall (SYS_eventfd2, start, flags);
}

static void
signal_named (struct ev_loop *loop, ev_signal *w, const char *name, int signum)
{
  NAMED (w, note_signal, name);
  ev_signal_set (w, signum);
  ev_signal_start (loop, w);
}

static int
is_blocked (int signum)
{
  sigset_t set;
  CHECK (!pthread_sigmask (SIG_BLOCK, 0, &set));
  return sigismember (&set, signum);
}

static int
is_default (int signum)
{
  struct sigaction now;
  CHECK (!sigaction (signum, 0, &now));
  return now.sa_handler == SIG_DFL;
}

TEST (signal_delivered)
{
  struct ev_loop *loop = t_loop (0);
  ev_signal w;
  signal_named (loop, &w, "w", SIGUSR1);
  CHECK (ev_is_active (&w));
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 1);
  CHECK_TRACE ("");
  raise (SIGUSR1);
  CHECK_TRACE (""); /* never from within the handler */
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("w:400");
  drive (loop, 3);
  CHECK_TRACE ("w:400");
  raise (SIGUSR1);
  drive_until (loop, &noted, 2);
  CHECK_TRACE ("w:400 w:400");
  ev_signal_stop (loop, &w);
  CHECK_EQ (ev_run (loop, 0), 0);
  ev_loop_destroy (loop);
}

TEST (signal_many_times_is_one_event)
{
  struct ev_loop *loop = t_loop (0);
  ev_signal w;
  int i;
  signal_named (loop, &w, "w", SIGUSR1);
  for (i = 0; i < 100; ++i)
    raise (SIGUSR1);
  drive_until (loop, &noted, 1);
  drive (loop, 3);
  CHECK_TRACE ("w:400");
  ev_loop_destroy (loop);
}

TEST (signal_wakes_a_blocking_run)
{
  struct ev_loop *loop = t_loop (0);
  pid_t self = getpid (), child;
  ev_signal w;
  signal_named (loop, &w, "w", SIGUSR2);
  child = fork ();
  CHECK (child >= 0);
  if (!child)
    {
      t_nap (.05);
      kill (self, SIGUSR2);
      _exit (0);
    }
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("w:400");
  CHECK_EQ (waitpid (child, 0, 0), child);
  ev_loop_destroy (loop);
}

TEST (signal_watchers_of_one_signal_in_order_of_start)
{
  struct ev_loop *loop = t_loop (0);
  ev_signal a, b, c;
  signal_named (loop, &a, "a", SIGUSR1);
  signal_named (loop, &b, "b", SIGUSR1);
  signal_named (loop, &c, "c", SIGUSR1);
  raise (SIGUSR1);
  drive_until (loop, &noted, 3);
  CHECK_TRACE ("a:400 b:400 c:400");
  ev_signal_stop (loop, &a);
  ev_signal_start (loop, &a);
  t_trace_reset ();
  raise (SIGUSR1);
  drive_until (loop, &noted, 6);
  CHECK_TRACE ("b:400 c:400 a:400");
  ev_loop_destroy (loop);
}

TEST (signal_several_at_once_ascending)
{
  struct ev_loop *loop = t_loop (0);
  ev_signal a, b, c;
  signal_named (loop, &c, "term", SIGTERM);   /* 15 */
  signal_named (loop, &a, "usr1", SIGUSR1);   /* 10 */
  signal_named (loop, &b, "usr2", SIGUSR2);   /* 12 */
  raise (SIGUSR2);
  raise (SIGTERM);
  raise (SIGUSR1);
  drive_until (loop, &noted, 3);
  CHECK_TRACE ("usr1:400 usr2:400 term:400");
  ev_loop_destroy (loop);
}

TEST (signal_priority_goes_before_number)
{
  struct ev_loop *loop = t_loop (0);
  ev_signal a, b;
  signal_named (loop, &a, "usr1", SIGUSR1);
  NAMED (&b, note_signal, "usr2");
  ev_signal_set (&b, SIGUSR2);
  ev_set_priority (&b, 1);
  ev_signal_start (loop, &b);
  raise (SIGUSR1);
  raise (SIGUSR2);
  drive_until (loop, &noted, 2);
  CHECK_TRACE ("usr2:400 usr1:400");
  ev_loop_destroy (loop);
}

TEST (signal_two_loops_with_a_signal_each)
{
  struct ev_loop *one = t_loop (0), *two = t_loop (0);
  ev_signal a, b;
  signal_named (one, &a, "one", SIGUSR1);
  signal_named (two, &b, "two", SIGUSR2);
  raise (SIGUSR1);
  raise (SIGUSR2);
  drive_until (two, &noted, 1);
  CHECK_TRACE ("two:400");
  drive_until (one, &noted, 2);
  CHECK_TRACE ("two:400 one:400");
  ev_loop_destroy (one);
  ev_loop_destroy (two);
}

TEST (signal_last_number_works, .no_valgrind = 1) /* which keeps this one for itself */
{
  struct ev_loop *loop = t_loop (0);
  ev_signal w;
  signal_named (loop, &w, "max", 64);
  raise (64);
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("max:400");
  ev_loop_destroy (loop);
}

TEST (signal_moves_to_another_loop_after_stop)
{
  struct ev_loop *one = t_loop (0), *two = t_loop (0);
  ev_signal w;
  signal_named (one, &w, "w", SIGUSR1);
  ev_signal_stop (one, &w);
  ev_signal_start (two, &w);
  raise (SIGUSR1);
  drive (one, 2);
  CHECK_TRACE ("");
  drive_until (two, &noted, 1);
  CHECK_TRACE ("w:400");
  ev_loop_destroy (one);
  ev_loop_destroy (two);
}

static void
stop_next (EV_P_ ev_signal *w, int revents)
{
  note_any ((ev_watcher *)w, revents);
  ev_signal_stop (loop, w);
  if (w->data)
    ev_signal_stop (loop, w + 1);
}

TEST (signal_stopped_in_callbacks)
{
  struct ev_loop *loop = t_loop (0);
  ev_signal w[3];
  signal_named (loop, &w[0], "a", SIGUSR1);
  signal_named (loop, &w[1], "b", SIGUSR1);
  signal_named (loop, &w[2], "c", SIGUSR1);
  ev_set_cb (&w[0], stop_next);
  raise (SIGUSR1);
  drive_until (loop, &noted, 2);
  CHECK_TRACE ("a:400 c:400");
  CHECK (!ev_is_pending (&w[1]));
  CHECK (!is_default (SIGUSR1));
  ev_signal_stop (loop, &w[2]);
  CHECK (is_default (SIGUSR1));
  ev_loop_destroy (loop);
}

TEST (signal_start_of_active_and_stop_of_inactive)
{
  struct ev_loop *loop = t_loop (0);
  ev_signal w;
  signal_named (loop, &w, "w", SIGUSR1);
  ev_signal_start (loop, &w);
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 1);
  raise (SIGUSR1);
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("w:400");
  ev_signal_stop (loop, &w);
  ev_signal_stop (loop, &w);
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 0);
  ev_feed_event (loop, &w, EV_SIGNAL);
  ev_signal_stop (loop, &w);
  CHECK (!ev_is_pending (&w));
  ev_loop_destroy (loop);
}

/* ---- mistakes ---- */

static void
start_number (void *arg)
{
  struct ev_loop *loop = t_loop (0);
  ev_signal w;
  signal_named (loop, &w, "w", *(int *)arg);
}

TEST (signal_impossible_number_aborts)
{
  static const int numbers[] = { 0, -1, 65, 4711 };
  unsigned i;
  for (i = 0; i < sizeof numbers / sizeof *numbers; ++i)
    t_expect_abort (start_number, (void *)&numbers[i], "libev: ");
}

static void
two_loops (void *arg)
{
  struct ev_loop *one = t_loop (0), *two = t_loop (0);
  ev_signal a, b;
  (void)arg;
  signal_named (one, &a, "a", SIGUSR1);
  signal_named (two, &b, "b", SIGUSR1);
}

TEST (signal_in_two_loops_aborts)
{
  t_expect_abort (two_loops, 0, "libev: ");
}

/* ---- handler and mask ---- */

TEST (signal_handler_from_first_start_to_last_stop)
{
  struct ev_loop *loop = t_loop (0);
  struct sigaction now;
  ev_signal a, b;
  int signum;
  CHECK (is_default (SIGUSR1));
  signal_named (loop, &a, "a", SIGUSR1);
  CHECK (!sigaction (SIGUSR1, 0, &now));
  CHECK (now.sa_handler != SIG_DFL && now.sa_handler != SIG_IGN);
  CHECK (now.sa_flags & SA_RESTART);
  for (signum = 1; signum < 32; ++signum)
    if (signum != SIGKILL && signum != SIGSTOP)
      CHECK (sigismember (&now.sa_mask, signum));
  signal_named (loop, &b, "b", SIGUSR1);
  ev_signal_stop (loop, &a);
  CHECK (!is_default (SIGUSR1));
  ev_signal_stop (loop, &b);
  CHECK (is_default (SIGUSR1));
  ev_signal_start (loop, &a);
  CHECK (!is_default (SIGUSR1));
  ev_loop_destroy (loop);
}

static void
own_handler (int signum)
{
  (void)signum;
}

TEST (signal_last_stop_forgets_the_programs_handler)
{
  struct ev_loop *loop = t_loop (0);
  ev_signal w;
  signal (SIGUSR1, own_handler);
  signal_named (loop, &w, "w", SIGUSR1);
  ev_signal_stop (loop, &w);
  CHECK (is_default (SIGUSR1));
  ev_loop_destroy (loop);
}

TEST (signal_handler_keeps_errno)
{
  struct ev_loop *loop = t_loop (0);
  ev_signal w;
  int i, fd, before;
  signal_named (loop, &w, "w", SIGUSR1);
  for (i = 0; i < 10; ++i)
    {
      errno = 123;
      raise (SIGUSR1);
      CHECK_EQ (errno, 123);
    }
  drive_until (loop, &noted, 1);
  /* also where waking the loop fails, as it does when nobody can write any more */
  before = dup (0);
  close (before);
  for (fd = 3; fd < before; ++fd)
    close (fd);
  errno = 99;
  raise (SIGUSR1);
  CHECK_EQ (errno, 99);
}

TEST (signal_plain_start_leaves_the_mask)
{
  struct ev_loop *loop = t_loop (0);
  ev_signal w;
  signal_named (loop, &w, "w", SIGUSR1);
  CHECK (!is_blocked (SIGUSR1));
  ev_signal_stop (loop, &w);
  t_mask (SIG_BLOCK, SIGUSR1);
  ev_signal_start (loop, &w);
  CHECK (is_blocked (SIGUSR1)); /* and so it never comes */
  raise (SIGUSR1);
  drive (loop, 3);
  CHECK_TRACE ("");
  t_mask (SIG_UNBLOCK, SIGUSR1);
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("w:400");
  ev_signal_stop (loop, &w);
  CHECK (!is_blocked (SIGUSR1));
  ev_loop_destroy (loop);
}

TEST (signal_nosigmask_start_unblocks)
{
  struct ev_loop *loop = t_loop (EVFLAG_NOSIGMASK);
  ev_signal w;
  t_mask (SIG_BLOCK, SIGUSR1);
  t_mask (SIG_BLOCK, SIGUSR2);
  signal_named (loop, &w, "w", SIGUSR1);
  CHECK (!is_blocked (SIGUSR1));
  CHECK (is_blocked (SIGUSR2));
  raise (SIGUSR1);
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("w:400");
  ev_signal_stop (loop, &w);
  ev_loop_destroy (loop);
}

/* ---- signalfd ---- */

TEST (signal_signalfd_delivers, .ours_only = SIGNALFD_ON_AIO, .ours_only_on = T_LINUXAIO)
{
  struct ev_loop *loop = t_loop (EVFLAG_SIGNALFD);
  ev_signal w;
  signal_named (loop, &w, "w", SIGUSR1);
  CHECK (is_blocked (SIGUSR1));
  CHECK (is_default (SIGUSR1));
  drive (loop, 2);
  raise (SIGUSR1);
  CHECK_TRACE ("");
  drive_until (loop, &noted, 1);
  drive (loop, 3);
  CHECK_TRACE ("w:400");
  raise (SIGUSR1);
  drive_until (loop, &noted, 2);
  CHECK_TRACE ("w:400 w:400");
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 1); /* its own watcher doesn't count */
  ev_loop_destroy (loop);
}

TEST (signal_signalfd_several_at_once_descending, .ours_only = SIGNALFD_ON_AIO, .ours_only_on = T_LINUXAIO)
{
  struct ev_loop *loop = t_loop (EVFLAG_SIGNALFD);
  ev_signal a, b, c;
  signal_named (loop, &b, "usr2", SIGUSR2);
  signal_named (loop, &a, "usr1", SIGUSR1);
  signal_named (loop, &c, "term", SIGTERM);
  drive (loop, 2);
  raise (SIGUSR2);
  raise (SIGUSR1);
  raise (SIGTERM);
  drive_until (loop, &noted, 3);
  CHECK_TRACE ("term:400 usr2:400 usr1:400");
  ev_loop_destroy (loop);
}

TEST (signal_signalfd_adds_signals_while_running, .ours_only = SIGNALFD_ON_AIO, .ours_only_on = T_LINUXAIO)
{
  struct ev_loop *loop = t_loop (EVFLAG_SIGNALFD);
  ev_signal a, b;
  signal_named (loop, &a, "usr1", SIGUSR1);
  drive (loop, 2);
  signal_named (loop, &b, "usr2", SIGUSR2);
  drive (loop, 2);
  raise (SIGUSR2);
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("usr2:400");
  ev_signal_stop (loop, &b);
  CHECK (!is_blocked (SIGUSR2));
  raise (SIGUSR1);
  drive_until (loop, &noted, 2);
  CHECK_TRACE ("usr2:400 usr1:400");
  ev_loop_destroy (loop);
}

TEST (signal_signalfd_last_stop_unblocks)
{
  struct ev_loop *loop = t_loop (EVFLAG_SIGNALFD);
  ev_signal a, b;
  signal_named (loop, &a, "a", SIGUSR1);
  signal_named (loop, &b, "b", SIGUSR1);
  ev_signal_stop (loop, &a);
  CHECK (is_blocked (SIGUSR1));
  ev_signal_stop (loop, &b);
  CHECK (!is_blocked (SIGUSR1));
  ev_loop_destroy (loop);
}

TEST (signal_signalfd_last_stop_unblocks_what_the_program_had_blocked)
{
  struct ev_loop *loop = t_loop (EVFLAG_SIGNALFD);
  ev_signal w;
  t_mask (SIG_BLOCK, SIGUSR1);
  signal_named (loop, &w, "w", SIGUSR1);
  ev_signal_stop (loop, &w);
  CHECK (!is_blocked (SIGUSR1));
  ev_loop_destroy (loop);
}

TEST (signal_signalfd_with_nosigmask_last_stop_unblocks)
{
  struct ev_loop *loop = t_loop (EVFLAG_SIGNALFD | EVFLAG_NOSIGMASK);
  ev_signal w;
  t_mask (SIG_BLOCK, SIGUSR1);
  signal_named (loop, &w, "w", SIGUSR1);
  ev_signal_stop (loop, &w);
  CHECK (!is_blocked (SIGUSR1));
  ev_loop_destroy (loop);
}

TEST (signal_signalfd_closed_by_destroy)
{
  int before = t_open_fds ();
  struct ev_loop *loop = t_loop (EVFLAG_SIGNALFD);
  ev_signal w;
  signal_named (loop, &w, "w", SIGUSR1);
  drive (loop, 1);
  ev_signal_stop (loop, &w);
  ev_loop_destroy (loop);
  CHECK_EQ (t_open_fds (), before);
}

TEST (signal_signalfd_missing_falls_back_to_a_handler)
{
  struct ev_loop *loop = t_loop (EVFLAG_SIGNALFD);
  ev_signal w;
  signalfd_missing = 1;
  signal_named (loop, &w, "w", SIGUSR1);
  CHECK (!is_blocked (SIGUSR1));
  CHECK (!is_default (SIGUSR1));
  raise (SIGUSR1);
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("w:400");
  ev_loop_destroy (loop);
}

TEST (signal_eventfd_missing_falls_back_to_a_pipe)
{
  struct ev_loop *loop;
  ev_signal w;
  int i;
  eventfd_missing = 1;
  loop = t_loop (0);
  signal_named (loop, &w, "w", SIGUSR1);
  for (i = 1; i <= 3; ++i)
    {
      raise (SIGUSR1);
      raise (SIGUSR1);
      drive_until (loop, &noted, i);
      drive (loop, 2);
      CHECK_EQ (noted, i);
    }
  ev_loop_destroy (loop);
}

/* ---- feeding ---- */

TEST (signal_feed_signal)
{
  struct ev_loop *loop = t_loop (0);
  ev_signal a, b;
  signal_named (loop, &a, "a", SIGUSR1);
  signal_named (loop, &b, "b", SIGUSR1);
  ev_feed_signal (SIGUSR1);
  CHECK_EQ (ev_pending_count (loop), 0);
  drive_until (loop, &noted, 2);
  drive (loop, 2);
  CHECK_TRACE ("a:400 b:400");
  ev_loop_destroy (loop);
}

TEST (signal_feed_signal_unwatched_is_ignored)
{
  struct ev_loop *loop = t_loop (0);
  ev_signal w;
  signal_named (loop, &w, "w", SIGUSR1);
  ev_feed_signal (SIGUSR2);
  drive (loop, 3);
  CHECK_TRACE ("");
  /* and not remembered */
  ev_signal_stop (loop, &w);
  ev_signal_set (&w, SIGUSR2);
  ev_signal_start (loop, &w);
  drive (loop, 3);
  CHECK_TRACE ("");
  ev_loop_destroy (loop);
}

static void *
feeds (void *arg)
{
  (void)arg;
  t_nap (.05);
  ev_feed_signal (SIGUSR1);
  return 0;
}

TEST (signal_feed_signal_from_another_thread)
{
  struct ev_loop *loop = t_loop (0);
  pthread_t thread;
  ev_signal w;
  signal_named (loop, &w, "w", SIGUSR1);
  CHECK (!pthread_create (&thread, 0, feeds, 0));
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("w:400");
  pthread_join (thread, 0);
  ev_loop_destroy (loop);
}

static void
feeds_in_handler (int signum)
{
  (void)signum;
  ev_feed_signal (SIGUSR1);
}

TEST (signal_feed_signal_from_a_handler)
{
  struct ev_loop *loop = t_loop (0);
  ev_signal w;
  signal_named (loop, &w, "w", SIGUSR1);
  signal (SIGUSR2, feeds_in_handler);
  raise (SIGUSR2);
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("w:400");
  ev_loop_destroy (loop);
}

TEST (signal_feed_signal_event)
{
  struct ev_loop *loop = t_loop (0);
  ev_signal a, b;
  signal_named (loop, &a, "a", SIGUSR1);
  signal_named (loop, &b, "b", SIGUSR1);
  ev_feed_signal_event (loop, SIGUSR1);
  CHECK_EQ (ev_pending_count (loop), 2); /* at once */
  CHECK (ev_is_pending (&a) && ev_is_pending (&b));
  ev_invoke_pending (loop);
  CHECK_TRACE ("a:400 b:400");
  ev_loop_destroy (loop);
}

TEST (signal_feed_signal_event_of_another_loop_or_unknown_is_ignored)
{
  static const int unknown[] = { SIGUSR2, 0, -1, 65, 4711, INT32_MIN, INT32_MAX };
  struct ev_loop *one = t_loop (0), *two = t_loop (0);
  ev_signal w;
  unsigned i;
  signal_named (one, &w, "w", SIGUSR1);
  ev_feed_signal_event (two, SIGUSR1);
  CHECK (!ev_is_pending (&w));
  CHECK_EQ (ev_pending_count (one), 0);
  CHECK_EQ (ev_pending_count (two), 0);
  for (i = 0; i < sizeof unknown / sizeof *unknown; ++i)
    ev_feed_signal_event (one, unknown[i]);
  CHECK_EQ (ev_pending_count (one), 0);
  drive (one, 2);
  drive (two, 2);
  CHECK_TRACE ("");
  ev_loop_destroy (one);
  ev_loop_destroy (two);
}

TEST (signal_feed_signal_to_a_signalfd_loop, .ours_only = "ev_feed_signal into a SIGNALFD loop without another wake-up user aborts the next run of the reference")
{
  struct ev_loop *loop = t_loop (EVFLAG_SIGNALFD);
  ev_signal w;
  signal_named (loop, &w, "w", SIGUSR1);
  drive (loop, 1);
  ev_feed_signal (SIGUSR1);
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("w:400");
  ev_loop_destroy (loop);
}

TEST (signal_feed_signal_to_a_signalfd_loop_with_an_async)
{
  struct ev_loop *loop = t_loop (EVFLAG_SIGNALFD);
  ev_signal w;
  ev_async a;
  NAMED (&a, note_async, "async");
  ev_async_start (loop, &a);
  signal_named (loop, &w, "w", SIGUSR1);
  drive (loop, 1);
  ev_feed_signal (SIGUSR1);
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("w:400");
  ev_loop_destroy (loop);
}

/* ---- stress and life ---- */

static int received;

static void
count_signal (EV_P_ ev_signal *w, int revents)
{
  (void)loop;
  (void)w;
  CHECK_EQ (revents, EV_SIGNAL);
  ++received;
}

TEST (signal_last_of_a_storm_is_not_lost)
{
  struct ev_loop *loop = t_loop (0);
  pid_t self = getpid (), child;
  ev_signal w, last;
  int i;
  ev_signal_init (&w, count_signal, SIGUSR1);
  ev_signal_start (loop, &w);
  signal_named (loop, &last, "last", SIGUSR2);
  ev_set_priority (&last, 0);
  child = fork ();
  CHECK (child >= 0);
  if (!child)
    {
      for (i = 0; i < 20000; ++i)
        kill (self, SIGUSR1);
      kill (self, SIGUSR2);
      _exit (0);
    }
  drive_until (loop, &noted, 1);
  CHECK (received >= 1);
  CHECK_EQ (waitpid (child, 0, 0), child);
  received = 0;
  drive (loop, 2);
  received = 0;
  raise (SIGUSR1);
  drive_until (loop, &received, 1);
  CHECK_EQ (received, 1);
  ev_loop_destroy (loop);
}

TEST (signal_arrives_in_another_thread)
{
  struct ev_loop *loop = t_loop (0);
  pthread_t thread;
  ev_signal w;
  signal_named (loop, &w, "w", SIGUSR1);
  CHECK (!pthread_create (&thread, 0, feeds, 0)); /* naps; the signal interrupts it there */
  pthread_kill (thread, SIGUSR1);
  drive_until (loop, &noted, 1);
  pthread_join (thread, 0);
  CHECK (noted >= 1);
  ev_loop_destroy (loop);
}

TEST (signal_free_for_any_loop_after_destroy,
      .ours_only = "the reference keeps the signal watchers of a destroyed loop and calls them again; here they are dropped")
{
  struct ev_loop *loop = t_loop (0), *next;
  ev_signal orphan, w;
  signal_named (loop, &orphan, "orphan", SIGUSR1);
  ev_loop_destroy (loop);
  CHECK (ev_is_active (&orphan));
  next = t_loop (0);
  signal_named (next, &w, "w", SIGUSR1);
  raise (SIGUSR1);
  drive_until (next, &noted, 1);
  drive (next, 2);
  CHECK_TRACE ("w:400");
  ev_signal_stop (next, &orphan); /* harmless */
  CHECK (!ev_is_active (&orphan));
  raise (SIGUSR1);
  drive_until (next, &noted, 2);
  CHECK_TRACE ("w:400 w:400");
  ev_loop_destroy (next);
}

TEST (signal_after_destroy_without_a_new_loop_is_harmless)
{
  struct ev_loop *loop = t_loop (0);
  ev_signal w;
  signal_named (loop, &w, "w", SIGUSR1);
  drive (loop, 1);
  ev_loop_destroy (loop);
  CHECK (!is_default (SIGUSR1)); /* handlers stay */
  ev_feed_signal (SIGUSR2);
  CHECK_TRACE ("");
}
