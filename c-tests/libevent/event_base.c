/* Bases: which loop a base is, the current one, freeing, running, leaving. */
#include "events.h"

#include <pthread.h>

TEST (event_base_first_init_is_the_default_loop)
{
  struct event_base *base = init_base ();
  CHECK (ev_is_default_loop (loop_of (base)));
  CHECK (ev_default_loop (0) == loop_of (base));
}

TEST (event_base_first_init_takes_a_default_loop_that_is_there)
{
  struct ev_loop *loop = t_default_loop (0);
  CHECK (loop_of (init_base ()) == loop);
}

TEST (event_base_later_inits_are_new_loops_and_current)
{
  struct event_base *first = init_base (), *second = init_base (), *third = init_base ();
  struct event ev;
  CHECK (first != second && second != third && first != third);
  CHECK (!ev_is_default_loop (loop_of (second)) && !ev_is_default_loop (loop_of (third)));
  evtimer_set (&ev, tell, (void *)"t");
  CHECK (ev.ev_base == third);
  add_for (&ev, 0.);
  CHECK_EQ (event_base_loop (first, EVLOOP_NONBLOCK), 1);
  CHECK_EQ (event_base_loop (second, EVLOOP_NONBLOCK), 1);
  CHECK_TRACE ("");
  CHECK_EQ (event_dispatch (), 1); /* the current one */
  CHECK_TRACE ("t:100");
}

TEST (event_base_new_is_not_current)
{
  struct event ev;
  struct event_base *own = new_base (), *base;
  CHECK (!ev_is_default_loop (loop_of (own)));
  evtimer_set (&ev, tell, NULL);
  CHECK (!ev.ev_base); /* not even the first */
  base = init_base ();
  event_base_free (own);
  own = new_base ();
  evtimer_set (&ev, tell, NULL);
  CHECK (ev.ev_base == base);
  event_base_free (own);
}

TEST (event_base_is_null_where_no_loop_can_be_made, .once = 1)
{
  struct event ev;
  CHECK (!setenv ("LIBEV_FLAGS", "8", 1)); /* a backend that Linux has not */
  CHECK (!event_init ());
  CHECK (!event_base_new ());
  evtimer_set (&ev, tell, NULL);
  CHECK (!ev.ev_base);
  CHECK (ev_is_default_loop (loop_of (init_base ()))); /* the first that succeeds */
}

TEST (event_base_init_that_fails_later_leaves_none, .once = 1)
{
  struct event_base *first = init_base ();
  struct event ev;
  CHECK (!setenv ("LIBEV_FLAGS", "8", 1));
  CHECK (!event_init ());
  evtimer_set (&ev, tell, NULL);
  CHECK (!ev.ev_base);
  CHECK (init_base () == first); /* begins again with the default loop */
}

static void *
set_elsewhere (void *arg)
{
  evtimer_set ((struct event *)arg, tell, NULL);
  return NULL;
}

TEST (event_base_current_is_one_for_all_threads, .once = 1)
{
  struct event_base *base = init_base ();
  struct event ev;
  pthread_t thread;
  CHECK (!pthread_create (&thread, NULL, set_elsewhere, &ev));
  CHECK (!pthread_join (thread, NULL));
  CHECK (ev.ev_base == base);
}

TEST (event_base_set_moves_an_event)
{
  struct event_base *current = init_base (), *other = new_base ();
  struct event ev;
  evtimer_set (&ev, tell, (void *)"t");
  CHECK_EQ (event_base_set (other, &ev), 0);
  CHECK (ev.ev_base == other);
  add_for (&ev, 0.);
  CHECK_EQ (event_base_dispatch (current), 1);
  CHECK_TRACE ("");
  CHECK_EQ (event_base_dispatch (other), 1);
  CHECK_TRACE ("t:100");
  event_base_free (other);
}

TEST (event_base_free_spares_the_default_loop)
{
  struct event_base *base = init_base ();
  struct event ev;
  evtimer_set (&ev, tell, (void *)"t");
  add_for (&ev, .001);
  event_base_free (base);
  event_base_free (base);
  CHECK (ev_default_loop (0) == loop_of (base));
  CHECK_EQ (event_base_dispatch (base), 1);
  CHECK_TRACE ("t:100");
}

TEST (event_base_free_of_null_does_nothing, .once = 1)
{
  event_base_free (NULL);
  init_base ();
  event_base_free (NULL);
}

TEST (event_base_free_closes_what_the_base_opened)
{
  int before;
  struct event_base *base;
  struct event sig;
  init_base ();
  before = t_open_fds ();
  base = new_base ();
  signal_set (&sig, SIGUSR1, tell, NULL);
  event_base_set (base, &sig);
  signal_add (&sig, NULL);
  settle (base);
  CHECK (t_open_fds () >= before);
  event_base_free (base);
  CHECK_EQ (t_open_fds (), before);
}

static void
on_cleanup (EV_P_ ev_cleanup *w, int revents)
{
  t_trace ("cleanup:%x", (unsigned)revents);
}

TEST (event_base_free_calls_no_event_but_cleanup_watchers)
{
  struct event_base *base = new_base ();
  struct event ev;
  ev_cleanup cleanup;
  ev_cleanup_init (&cleanup, on_cleanup);
  ev_cleanup_start (loop_of (base), &cleanup);
  evtimer_set (&ev, tell, (void *)"t");
  event_base_set (base, &ev);
  add_for (&ev, 100.);
  event_base_free (base);
  CHECK_TRACE ("cleanup:40000");
  CHECK_EQ (ev.ev_flags, EVLIST_INIT | EVLIST_ACTIVE | EVLIST_TIMEOUT); /* stays as it is */
}

TEST (event_base_loop_says_whether_anything_is_left)
{
  struct event_base *base = init_base ();
  struct event ev;
  CHECK_EQ (event_loop (0), 1);
  CHECK_EQ (event_dispatch (), 1);
  evtimer_set (&ev, tell, NULL);
  add_for (&ev, 100.);
  CHECK_EQ (event_loop (EVLOOP_NONBLOCK), 0);
  CHECK_EQ (event_base_loop (base, EVLOOP_NONBLOCK), 0);
  event_del (&ev);
  CHECK_EQ (event_loop (EVLOOP_ONCE), 1);
  CHECK_EQ (event_base_dispatch (base), 1);
}

TEST (event_base_loop_once_waits_for_one_iteration)
{
  double start = t_clock (); /* before the loop takes its time */
  struct event_base *base = init_base ();
  struct event soon, late;
  evtimer_set (&soon, tell, (void *)"soon");
  evtimer_set (&late, tell, (void *)"late");
  add_for (&soon, .03);
  add_for (&late, 100.);
  while (!told)
    CHECK_EQ (event_base_loop (base, EVLOOP_ONCE), 0);
  CHECK (t_clock () - start >= .029);
  CHECK_TRACE ("soon:100");
}

TEST (event_base_loop_nonblock_does_not_wait)
{
  struct event_base *base = init_base ();
  struct event ev;
  unsigned before = ev_iteration (loop_of (base));
  evtimer_set (&ev, tell, (void *)"t");
  add_for (&ev, 100.);
  CHECK_EQ (event_base_loop (base, EVLOOP_NONBLOCK), 0);
  CHECK_EQ (ev_iteration (loop_of (base)), before + 1);
}

TEST (event_base_loop_runs_the_library_s_own_watchers_too)
{
  struct event_base *base = init_base ();
  struct event ev;
  ev_cleanup cleanup;
  evtimer_set (&ev, tell, (void *)"t");
  add_for (&ev, 0.);
  ev_cleanup_init (&cleanup, on_cleanup);
  ev_feed_event (loop_of (base), &cleanup, EV_CUSTOM);
  CHECK_EQ (event_base_dispatch (base), 1);
  CHECK_TRACE ("cleanup:1000000 t:100");
}

TEST (event_loopexit_of_null_leaves_at_once)
{
  struct event_base *base = init_base ();
  struct event ev;
  evtimer_set (&ev, tell, (void *)"t");
  add_for (&ev, 100.);
  CHECK_EQ (event_loopexit (NULL), 0);
  CHECK_EQ (event_dispatch (), 0);
  CHECK_EQ (event_base_loopexit (base, NULL), 0);
  CHECK_EQ (event_base_dispatch (base), 0);
  CHECK_TRACE ("");
}

TEST (event_loopexit_of_a_negative_time_leaves_at_once)
{
  struct event_base *base = init_base ();
  struct event ev;
  struct timeval tv = { -100, 0 };
  evtimer_set (&ev, tell, (void *)"t");
  add_for (&ev, 100.);
  CHECK_EQ (event_base_loopexit (base, &tv), 0);
  CHECK_EQ (event_base_dispatch (base), 0);
}

TEST (event_loopexit_after_a_time)
{
  double start = t_clock (); /* before the loop takes its time */
  struct event_base *base = init_base ();
  struct event ev;
  struct timeval tv = tv_of (.05);
  evtimer_set (&ev, tell, (void *)"t");
  add_for (&ev, 100.);
  CHECK_EQ (event_base_loopexit (base, &tv), 0);
  CHECK_EQ (event_base_dispatch (base), 0);
  CHECK (t_clock () - start >= .049);
  CHECK_TRACE ("");
}

TEST (event_loopexit_keeps_an_empty_loop_waiting)
{
  double start = t_clock (); /* before the loop takes its time */
  struct event_base *base = init_base ();
  struct timeval tv = tv_of (.05);
  CHECK_EQ (event_base_loopexit (base, &tv), 0);
  CHECK_EQ (event_base_dispatch (base), 1);
  CHECK (t_clock () - start >= .049);
}

static void
leave (int fd, short events, void *arg)
{
  tell (fd, events, (void *)"leave");
  CHECK_EQ (event_base_loopexit ((struct event_base *)arg, NULL), 0);
}

TEST (event_loopexit_lets_the_iteration_finish)
{
  struct event_base *base = init_base ();
  struct event first, second, far;
  evtimer_set (&first, leave, base);
  evtimer_set (&second, tell, (void *)"second");
  evtimer_set (&far, tell, (void *)"far");
  add_for (&first, .001);
  add_for (&second, .002);
  add_for (&far, 100.);
  t_nap (.01);
  CHECK_EQ (event_base_dispatch (base), 0);
  CHECK_TRACE ("leave:100 second:100");
}

TEST (event_base_goes_on_in_the_child_of_a_fork)
{
  struct event_base *base = init_base ();
  struct event ev;
  int p[2], status;
  pid_t child;
  t_pipe (p);
  event_set (&ev, p[0], EV_READ, tell, (void *)"r");
  event_add (&ev, NULL);
  settle (base); /* the kernel knows it */
  child = fork ();
  CHECK (child >= 0);
  if (!child)
    {
      ev_loop_fork (loop_of (base));
      settle (base);
      CHECK_TRACE ("");
      t_write (p[1], "x");
      CHECK_EQ (event_base_dispatch (base), 1);
      CHECK_TRACE ("r:1");
      CHECK_EQ (t_drain (p[0]), 1);
      _exit (0);
    }
  CHECK_EQ (waitpid (child, &status, 0), child);
  CHECK_EQ (status, 0);
  t_write (p[1], "x");
  CHECK_EQ (event_base_dispatch (base), 1);
  CHECK_TRACE ("r:1");
}
