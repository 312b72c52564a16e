/* event_active: calls without a cause. */
#include "events.h"

TEST (event_active_calls_what_is_not_added)
{
  struct event_base *base = init_base ();
  struct event ev;
  int p[2];
  t_pipe (p);
  event_set (&ev, p[0], EV_READ, tell, (void *)"a");
  event_active (&ev, EV_READ, 1);
  CHECK_EQ (ev.ev_flags, EVLIST_INIT);
  CHECK_EQ (ev.ev_res, 0);
  CHECK_EQ (event_pending (&ev, ANYTHING, NULL), EV_READ);
  CHECK_EQ (event_base_loop (base, EVLOOP_NONBLOCK), 1);
  CHECK_TRACE ("a:1");
  CHECK_EQ (told_fd, p[0]);
  CHECK_EQ (ev.ev_res, EV_READ);
  CHECK_EQ (event_pending (&ev, ANYTHING, NULL), 0);
}

TEST (event_active_nothing_is_called_at_once)
{
  struct event ev;
  init_base ();
  evtimer_set (&ev, tell, (void *)"a");
  event_active (&ev, EV_TIMEOUT, 1);
  CHECK_TRACE ("");
}

TEST (event_active_flags_stay)
{
  struct event ev;
  int p[2];
  init_base ();
  t_pipe (p);
  event_set (&ev, p[0], EV_READ, tell, (void *)"a");
  add_for (&ev, 100.);
  event_active (&ev, EV_READ | EV_TIMEOUT, 1);
  CHECK_EQ (ev.ev_flags, EVLIST_INIT | EVLIST_ACTIVE | EVLIST_INSERTED | EVLIST_TIMEOUT);
}

TEST (event_active_tells_what_was_given)
{
  struct event_base *base = init_base ();
  struct event ev;
  int p[2];
  t_pipe (p);
  event_set (&ev, p[0], EV_READ, tell, (void *)"a");
  event_active (&ev, EV_WRITE, 1);
  settle (base);
  event_active (&ev, EV_READ | EV_WRITE, 1);
  settle (base);
  event_active (&ev, EV_SIGNAL, 1);
  settle (base);
  event_active (&ev, EV_SIGNAL | EV_READ, 1);
  settle (base);
  CHECK_TRACE ("a:2 a:3 a:400 a:401");
}

TEST (event_active_drops_bits_that_are_no_events)
{
  struct event_base *base = init_base ();
  struct event ev;
  int p[2];
  t_pipe (p);
  event_set (&ev, p[0], EV_READ, tell, (void *)"a");
  event_active (&ev, EV_PERSIST | EV_ET | EV_CHILD, 1);
  CHECK_EQ (event_pending (&ev, ANYTHING, NULL), 0);
  settle (base);
  CHECK_TRACE ("");
  event_active (&ev, EV_READ | EV_PERSIST | EV_ET | EV_CHILD | 0x10000, 1);
  settle (base);
  CHECK_TRACE ("a:1");
  CHECK_EQ (ev.ev_res, EV_READ);
}

TEST (event_active_zero_does_nothing)
{
  struct event_base *base = init_base ();
  struct event ev;
  evtimer_set (&ev, tell, (void *)"a");
  event_active (&ev, 0, 1);
  CHECK_EQ (event_pending (&ev, ANYTHING, NULL), 0);
  settle (base);
  CHECK_TRACE ("");
}

TEST (event_active_number_of_calls_is_ignored)
{
  struct event_base *base = init_base ();
  struct event ev;
  evtimer_set (&ev, tell, (void *)"a");
  event_active (&ev, EV_READ, 0);
  settle (base);
  event_active (&ev, EV_READ, 5);
  settle (base);
  CHECK_TRACE ("a:1 a:1");
}

TEST (event_active_twice_adds_up)
{
  struct event_base *base = init_base ();
  struct event ev;
  int p[2];
  t_pipe (p);
  event_set (&ev, p[0], EV_READ, tell, (void *)"a");
  event_active (&ev, EV_READ, 1);
  event_active (&ev, EV_WRITE, 1);
  settle (base);
  CHECK_TRACE ("a:3");
}

TEST (event_active_timeout_beside_io_is_a_call_of_its_own)
{
  struct event_base *base = init_base ();
  struct event ev;
  int p[2];
  t_pipe (p);
  event_set (&ev, p[0], EV_READ, tell, (void *)"a");
  event_active (&ev, EV_READ | EV_TIMEOUT, 1);
  CHECK_EQ (event_pending (&ev, ANYTHING, NULL), EV_READ | EV_TIMEOUT);
  settle (base);
  CHECK_TRACE ("a:1 a:100");
}

TEST (event_active_timeout_of_an_armed_event_ends_with_the_first_call)
{
  struct event_base *base = init_base ();
  struct event ev;
  int p[2];
  t_pipe (p);
  event_set (&ev, p[0], EV_READ, tell, (void *)"a");
  add_for (&ev, 100.);
  event_active (&ev, EV_READ | EV_TIMEOUT, 1);
  settle (base);
  CHECK_TRACE ("a:1"); /* deleted before it, and its time-out with it */
  CHECK_EQ (ev.ev_flags, EVLIST_INIT);
}

TEST (event_active_timeout_deletes_a_persistent_event)
{
  struct event_base *base = init_base ();
  struct event ev;
  int p[2];
  t_pipe (p);
  event_set (&ev, p[0], EV_READ | EV_PERSIST, tell, (void *)"a");
  event_add (&ev, NULL);
  event_active (&ev, EV_TIMEOUT, 1);
  settle (base);
  CHECK_TRACE ("a:100");
  CHECK_EQ (ev.ev_flags, EVLIST_INIT);
}

TEST (event_active_io_leaves_a_persistent_event_added)
{
  struct event_base *base = init_base ();
  struct event ev;
  int p[2];
  t_pipe (p);
  event_set (&ev, p[0], EV_READ | EV_PERSIST, tell, (void *)"a");
  add_for (&ev, 100.);
  event_active (&ev, EV_READ, 1);
  settle (base);
  CHECK_TRACE ("a:1");
  CHECK_EQ (event_pending (&ev, ANYTHING, NULL), EV_READ | EV_TIMEOUT);
}

TEST (event_active_io_deletes_an_event_that_does_not_persist)
{
  struct event_base *base = init_base ();
  struct event ev;
  int p[2];
  t_pipe (p);
  event_set (&ev, p[0], EV_READ, tell, (void *)"a");
  add_for (&ev, 100.);
  event_active (&ev, EV_READ, 1);
  CHECK_EQ (event_base_dispatch (base), 1);
  CHECK_TRACE ("a:1");
}

TEST (event_active_joins_what_really_happened)
{
  struct event_base *base = init_base ();
  struct event ev;
  int p[2];
  t_pipe (p);
  event_set (&ev, p[0], EV_READ, tell, (void *)"a");
  event_add (&ev, NULL);
  event_active (&ev, EV_WRITE, 1);
  ev_feed_fd_event (loop_of (base), p[0], EV_READ);
  settle (base);
  CHECK_TRACE ("a:3");
}

TEST (event_active_io_is_cancelled_by_del)
{
  struct event_base *base = init_base ();
  struct event ev;
  int p[2];
  t_pipe (p);
  event_set (&ev, p[0], EV_READ, tell, (void *)"a");
  event_active (&ev, EV_READ, 1);
  event_del (&ev);
  settle (base);
  CHECK_TRACE ("");
}

TEST (event_active_timeout_is_cancelled_by_del_while_armed_only)
{
  struct event_base *base = init_base ();
  struct event armed, idle;
  evtimer_set (&armed, tell, (void *)"armed");
  evtimer_set (&idle, tell, (void *)"idle");
  add_for (&armed, 100.);
  event_active (&armed, EV_TIMEOUT, 1);
  event_active (&idle, EV_TIMEOUT, 1);
  event_del (&armed);
  event_del (&idle);
  CHECK_EQ (event_pending (&idle, ANYTHING, NULL), EV_TIMEOUT);
  settle (base);
  CHECK_TRACE ("idle:100");
}

TEST (event_active_timeout_is_cancelled_by_adding_without_one)
{
  struct event_base *base = init_base ();
  struct event ev;
  evtimer_set (&ev, tell, (void *)"a");
  event_active (&ev, EV_TIMEOUT, 1);
  event_add (&ev, NULL);
  CHECK_EQ (event_pending (&ev, ANYTHING, NULL), 0);
  settle (base);
  CHECK_TRACE ("");
}

TEST (event_active_signal)
{
  struct event_base *base = init_base ();
  struct event ev;
  signal_set (&ev, SIGUSR1, tell, (void *)"s");
  event_active (&ev, EV_SIGNAL, 1);
  CHECK_EQ (event_pending (&ev, ANYTHING, NULL), EV_SIGNAL);
  settle (base);
  event_active (&ev, EV_READ, 1);
  settle (base);
  CHECK_TRACE ("s:400 s:1");
  CHECK_EQ (told_fd, SIGUSR1);
}

TEST (event_active_last_first)
{
  struct event_base *base = init_base ();
  struct event a, b, c;
  evtimer_set (&a, tell, (void *)"a");
  evtimer_set (&b, tell, (void *)"b");
  evtimer_set (&c, tell, (void *)"c");
  event_active (&a, EV_TIMEOUT, 1);
  event_active (&b, EV_TIMEOUT, 1);
  event_active (&c, EV_TIMEOUT, 1);
  settle (base);
  CHECK_TRACE ("c:100 b:100 a:100");
}

TEST (event_active_keeps_no_loop_alive)
{
  struct event_base *base = init_base ();
  struct event ev;
  evtimer_set (&ev, tell, (void *)"a");
  event_active (&ev, EV_READ, 1);
  CHECK_EQ (event_base_dispatch (base), 1);
  CHECK_TRACE ("a:1");
}
