/* Time-outs, alone and beside a descriptor. */
#include "events.h"

TEST (event_timeout_fires_once_and_not_early)
{
  double start = t_clock (); /* before the loop takes its time */
  struct event_base *base = init_base ();
  struct event ev;
  evtimer_set (&ev, tell, (void *)"t");
  add_for (&ev, .05);
  CHECK_EQ (ev.ev_flags, EVLIST_INIT | EVLIST_ACTIVE | EVLIST_TIMEOUT);
  CHECK_EQ (event_base_dispatch (base), 1);
  CHECK (t_clock () - start >= .049);
  CHECK_TRACE ("t:100");
  CHECK_EQ (told_fd, -1);
  CHECK_EQ (ev.ev_res, EV_TIMEOUT);
  CHECK_EQ (ev.ev_flags, EVLIST_INIT);
}

TEST (event_timeout_of_zero_fires)
{
  struct event_base *base = init_base ();
  struct event ev;
  evtimer_set (&ev, tell, (void *)"zero");
  add_for (&ev, 0.);
  CHECK_BETWEEN (ev.to.repeat, 1e-6, 1e-6);
  CHECK_EQ (event_base_dispatch (base), 1);
  CHECK_TRACE ("zero:100");
}

TEST (event_timeout_of_a_timer_without_one_is_none)
{
  struct event_base *base = init_base ();
  struct event ev;
  evtimer_set (&ev, tell, (void *)"t");
  CHECK_EQ (evtimer_add (&ev, NULL), 0);
  CHECK_EQ (ev.ev_flags, EVLIST_INIT | EVLIST_ACTIVE);
  CHECK_EQ (event_pending (&ev, ANYTHING, NULL), 0);
  CHECK_EQ (event_base_dispatch (base), 1);
  CHECK_TRACE ("");
}

TEST (event_timeout_deletes_a_persistent_timer)
{
  struct event_base *base = init_base ();
  struct event ev;
  event_set (&ev, -1, EV_PERSIST, tell, (void *)"t");
  add_for (&ev, .001);
  CHECK_EQ (event_base_dispatch (base), 1);
  CHECK_TRACE ("t:100");
  CHECK_EQ (ev.ev_flags, EVLIST_INIT);
}

TEST (event_timeout_deletes_a_persistent_descriptor_event)
{
  struct event_base *base = init_base ();
  struct event ev;
  int p[2];
  t_pipe (p);
  event_set (&ev, p[0], EV_READ | EV_PERSIST, tell, (void *)"r");
  add_for (&ev, .001);
  CHECK_EQ (event_base_dispatch (base), 1);
  CHECK_TRACE ("r:100");
  CHECK_EQ (told_fd, p[0]);
  CHECK_EQ (ev.ev_flags, EVLIST_INIT);
  t_write (p[1], "x");
  settle (base);
  CHECK_TRACE ("r:100");
}

TEST (event_timeout_ends_with_the_event_it_belongs_to)
{
  struct event_base *base = init_base ();
  struct event ev;
  int p[2];
  t_pipe (p);
  event_set (&ev, p[0], EV_READ, tell, (void *)"r");
  add_for (&ev, 100.);
  t_write (p[1], "x");
  CHECK_EQ (event_base_dispatch (base), 1); /* without waiting for it */
  CHECK_TRACE ("r:1");
  CHECK (!ev_is_active (&ev.to));
}

TEST (event_timeout_is_not_restarted_by_activity)
{
  struct event_base *base = init_base ();
  struct event ev;
  double due;
  int p[2];
  t_pipe (p);
  event_set (&ev, p[0], EV_READ | EV_PERSIST, tell, (void *)"r");
  add_for (&ev, 100.);
  due = ev.to.at;
  t_write (p[1], "x");
  until_told (base, 2);
  CHECK_EQ (event_pending (&ev, EV_TIMEOUT, NULL), EV_TIMEOUT);
  CHECK_BETWEEN (ev.to.at, due, due);
}

TEST (event_timeout_comes_alone_where_both_are_due)
{
  struct event_base *base = init_base ();
  struct event ev;
  int p[2];
  t_pipe (p);
  event_set (&ev, p[0], EV_READ | EV_PERSIST, tell, (void *)"r");
  add_for (&ev, .001);
  t_write (p[1], "x");
  t_nap (.01);
  CHECK_EQ (event_base_dispatch (base), 1);
  CHECK_TRACE ("r:100");
}

TEST (event_timeout_added_again_starts_anew)
{
  struct event_base *base = init_base ();
  struct event ev;
  double due;
  evtimer_set (&ev, tell, (void *)"t");
  add_for (&ev, 100.);
  due = ev.to.at;
  add_for (&ev, 300.);
  CHECK_BETWEEN (ev.to.at, due + 200., due + 201.);
  add_for (&ev, .001);
  CHECK_EQ (event_base_dispatch (base), 1);
  CHECK_TRACE ("t:100");
}

TEST (event_timeout_is_cleared_by_adding_without_one)
{
  struct event_base *base = init_base ();
  struct event ev;
  int p[2];
  t_pipe (p);
  event_set (&ev, p[0], EV_READ, tell, (void *)"r");
  add_for (&ev, .001);
  CHECK_EQ (event_add (&ev, NULL), 0);
  CHECK_EQ (ev.ev_flags, EVLIST_INIT | EVLIST_ACTIVE | EVLIST_INSERTED);
  CHECK_EQ (event_pending (&ev, ANYTHING, NULL), EV_READ);
  t_nap (.01);
  settle (base);
  CHECK_TRACE ("");
  CHECK_EQ (event_base_loop (base, EVLOOP_NONBLOCK), 0); /* it still waits for the descriptor */
}

TEST (event_timeout_pending_stores_the_time_of_the_loop)
{
  struct event_base *base = init_base ();
  struct event ev;
  struct timeval tv = { 7, 7 };
  evtimer_set (&ev, tell, (void *)"t");
  CHECK_EQ (evtimer_pending (&ev, &tv), 0);
  CHECK_EQ (tv.tv_sec, 7); /* nothing is armed */
  add_for (&ev, 100.);
  CHECK_EQ (evtimer_pending (&ev, &tv), EV_TIMEOUT);
  CHECK (tv.tv_usec >= 0 && tv.tv_usec < 1000000);
  CHECK_BETWEEN ((double)tv.tv_sec + (double)tv.tv_usec * 1e-6, ev_now (loop_of (base)) - 2e-6, ev_now (loop_of (base)) + 2e-6);
}

TEST (event_timeout_pending_stores_it_whatever_is_asked)
{
  struct event ev;
  struct timeval tv = { 7, 7 };
  int p[2];
  init_base ();
  t_pipe (p);
  event_set (&ev, p[0], EV_READ, tell, NULL);
  event_add (&ev, NULL);
  CHECK_EQ (event_pending (&ev, EV_READ | EV_TIMEOUT, &tv), EV_READ);
  CHECK (tv.tv_sec == 7 && tv.tv_usec == 7);
  add_for (&ev, 100.);
  CHECK_EQ (event_pending (&ev, EV_READ, &tv), EV_READ);
  CHECK (tv.tv_sec != 7);
}

TEST (event_timeout_asked_for_at_set_is_always_pending)
{
  struct event_base *base = init_base ();
  struct event ev;
  struct timeval tv = { 7, 7 };
  event_set (&ev, -1, EV_TIMEOUT, tell, (void *)"t");
  CHECK_EQ (event_pending (&ev, ANYTHING, NULL), EV_TIMEOUT);
  event_add (&ev, NULL);
  CHECK_EQ (ev.ev_flags, EVLIST_INIT | EVLIST_ACTIVE);
  CHECK_EQ (event_pending (&ev, ANYTHING, &tv), EV_TIMEOUT);
  CHECK (tv.tv_sec != 7);
  CHECK_EQ (event_pending (&ev, EV_READ, NULL), 0);
  CHECK_EQ (event_base_dispatch (base), 1); /* but nothing is armed */
  CHECK_TRACE ("");
}

TEST (event_timeout_several_in_order_of_time)
{
  struct event_base *base = init_base ();
  struct event late, early, middle;
  evtimer_set (&late, tell, (void *)"late");
  evtimer_set (&early, tell, (void *)"early");
  evtimer_set (&middle, tell, (void *)"middle");
  add_for (&late, .003);
  add_for (&early, .001);
  add_for (&middle, .002);
  t_nap (.01);
  CHECK_EQ (event_base_dispatch (base), 1);
  CHECK_TRACE ("early:100 middle:100 late:100");
}

TEST (event_timeout_negative_parts_add_up)
{
  struct event ev;
  struct timeval tv = { 100, -50000000 };
  struct event_base *base = init_base ();
  evtimer_set (&ev, tell, NULL);
  CHECK_EQ (event_add (&ev, &tv), 0);
  CHECK_BETWEEN (ev_timer_remaining (loop_of (base), &ev.to), 49., 50.001);
}

static void
add_negative (void *tv)
{
  struct event ev;
  init_base ();
  evtimer_set (&ev, tell, NULL);
  event_add (&ev, (struct timeval *)tv);
}

static void
readd_negative (void *arg)
{
  struct event ev;
  struct timeval tv = { -1, 0 };
  struct event_base *base = init_base ();
  evtimer_set (&ev, tell, NULL);
  add_for (&ev, 100.);
  event_add (&ev, &tv);
  if (arg)
    event_base_loop (base, EVLOOP_NONBLOCK);
}

TEST (event_timeout_negative_aborts)
{
  struct timeval second = { -1, 0 }, microsecond = { 0, -1 };
  t_expect_abort (add_negative, &second, "negative timer repeat value");
  t_expect_abort (add_negative, &microsecond, "negative timer repeat value");
}

TEST (event_timeout_negative_for_an_armed_one_aborts_at_expiry)
{
  CHECK_EQ (t_in_child (readd_negative, NULL), 0);
  t_expect_abort (readd_negative, (void *)"run", "repeat value found");
}
