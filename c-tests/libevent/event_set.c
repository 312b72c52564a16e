/* event_set and what it leaves in the event; accessors, macros, priorities, names. */
#include "events.h"

TEST (event_set_fills_the_event_in)
{
  struct event_base *base = init_base ();
  struct event ev;
  memset (&ev, 0x5a, sizeof ev);
  event_set (&ev, 7, EV_READ | EV_PERSIST, tell, (void *)"arg");
  CHECK (ev.ev_base == base);
  CHECK (ev.ev_callback == tell);
  CHECK_STR ((const char *)ev.ev_arg, "arg");
  CHECK_EQ (ev.ev_fd, 7);
  CHECK_EQ (ev.ev_events, EV_READ | EV_PERSIST);
  CHECK_EQ (ev.ev_flags, EVLIST_INIT);
  CHECK_EQ (ev.ev_res, 0);
  CHECK_EQ (ev.ev_pri, 0);
  CHECK (!ev_is_active (&ev.iosig.io) && !ev_is_pending (&ev.iosig.io));
  CHECK (!ev_is_active (&ev.to) && !ev_is_pending (&ev.to));
  CHECK_EQ (event_pending (&ev, ANYTHING, NULL), 0);
}

TEST (event_set_starts_nothing, .once = 1)
{
  struct event_base *base = init_base ();
  struct event ev;
  event_set (&ev, 0, EV_READ, tell, NULL);
  evtimer_set (&ev, tell, NULL);
  signal_set (&ev, SIGUSR1, tell, NULL);
  CHECK_EQ (event_base_loop (base, EVLOOP_NONBLOCK), 1);
}

TEST (event_set_before_init_has_no_base, .once = 1)
{
  struct event ev;
  memset (&ev, 0x5a, sizeof ev);
  event_set (&ev, 3, EV_WRITE, tell, NULL);
  CHECK (!ev.ev_base);
  CHECK_EQ (ev.ev_flags, EVLIST_INIT);
  CHECK_EQ (event_pending (&ev, ANYTHING, NULL), 0);
  /* There is nothing to delete that would need one. */
  CHECK_EQ (event_del (&ev), 0);
  CHECK_EQ (ev.ev_flags, EVLIST_INIT);
}

TEST (event_set_before_init_runs_after_base_set)
{
  struct event ev;
  struct event_base *base;
  evtimer_set (&ev, tell, (void *)"late");
  base = init_base ();
  CHECK (!ev.ev_base);
  CHECK_EQ (event_base_set (base, &ev), 0);
  add_for (&ev, 0.);
  until_told (base, 1);
  CHECK_TRACE ("late:100");
}

TEST (event_set_keeps_the_program_s_data_in_the_watchers, .once = 1)
{
  struct event ev;
  int own;
  init_base ();
  ev.iosig.io.data = &own;
  ev.to.data = &own;
  event_set (&ev, 0, EV_READ, tell, NULL);
  CHECK (ev.iosig.io.data == &own && ev.to.data == &own);
}

static void
other (int fd, short events, void *arg)
{
}

TEST (event_get_callback_is_the_member, .once = 1)
{
  struct event ev;
  init_base ();
  evtimer_set (&ev, tell, NULL);
  CHECK (event_get_callback (&ev) == tell);
  ev.ev_callback = other;
  CHECK (event_get_callback (&ev) == other);
}

TEST (event_callback_and_argument_may_be_changed_while_added)
{
  struct event_base *base = init_base ();
  struct event ev;
  evtimer_set (&ev, other, (void *)"before");
  add_for (&ev, 0.);
  ev.ev_callback = tell;
  ev.ev_arg = (void *)"after";
  until_told (base, 1);
  CHECK_TRACE ("after:100");
}

TEST (event_priority_is_kept_and_ignored)
{
  struct event_base *base = init_base ();
  struct event first, second;
  int p[2];
  t_pipe (p);
  CHECK_EQ (event_priority_init (5), 0);
  CHECK_EQ (event_base_priority_init (base, -5), 0);
  event_set (&first, p[0], EV_READ, tell, (void *)"first");
  event_set (&second, p[0], EV_READ, tell, (void *)"second");
  CHECK_EQ (event_priority_set (&first, -100), 0);
  CHECK_EQ (event_priority_set (&second, 100), 0);
  CHECK_EQ (first.ev_pri, -100);
  CHECK_EQ (second.ev_pri, 100);
  CHECK_EQ (event_add (&first, NULL), 0);
  CHECK_EQ (event_add (&second, NULL), 0);
  CHECK_EQ (ev_priority (&second.iosig.io), 0);
  t_write (p[1], "x");
  until_told (base, 2);
  CHECK_TRACE ("first:1 second:1"); /* in the order of adding */
}

TEST (event_priority_init_needs_no_base, .once = 1)
{
  CHECK_EQ (event_priority_init (3), 0);
  CHECK_EQ (event_base_priority_init (NULL, 0), 0);
}

TEST (event_version_and_method, .once = 1)
{
  CHECK_STR (event_get_version (), "4.33");
  CHECK_STR (event_get_method (), "libev");
  CHECK_STR (event_base_get_method (NULL), "libev");
  CHECK_STR (event_base_get_method (init_base ()), "libev");
}

TEST (event_macros_of_timers_and_signals, .once = 1)
{
  struct event timer, sig;
  init_base ();
  evtimer_set (&timer, tell, (void *)"t");
  CHECK_EQ (timer.ev_fd, -1);
  CHECK_EQ (timer.ev_events, 0);
  CHECK (evtimer_initialized (&timer));
  CHECK (!evtimer_pending (&timer, NULL));
  add_for (&timer, 100.);
  CHECK_EQ (evtimer_pending (&timer, NULL), EV_TIMEOUT);
  CHECK_EQ (evtimer_del (&timer), 0);
  CHECK (!timeout_pending (&timer, NULL));

  signal_set (&sig, SIGUSR2, tell, (void *)"s");
  CHECK_EQ (sig.ev_fd, SIGUSR2);
  CHECK_EQ (EVENT_SIGNAL (&sig), SIGUSR2);
  CHECK_EQ (EVENT_FD (&sig), SIGUSR2);
  CHECK_EQ (sig.ev_events, EV_SIGNAL | EV_PERSIST);
  CHECK (signal_initialized (&sig));
  CHECK (!signal_pending (&sig, NULL));
  CHECK_EQ (signal_add (&sig, NULL), 0);
  CHECK_EQ (signal_pending (&sig, NULL), EV_SIGNAL);
  CHECK_EQ (signal_del (&sig), 0);
  CHECK (!signal_pending (&sig, NULL));
}

TEST (event_macro_values, .once = 1)
{
  CHECK_EQ (EVLOOP_NONBLOCK, EVRUN_NOWAIT);
  CHECK_EQ (EVLOOP_ONESHOT, EVRUN_ONCE);
  CHECK_EQ (EVLOOP_ONCE, EVRUN_ONCE);
  CHECK_EQ (EV_TIMEOUT, EV_TIMER);
  CHECK_EQ (EV_PERSIST, 0x10);
  CHECK_EQ (EV_ET, 0x20);
  CHECK_EQ (EVLIST_TIMEOUT, 1);
  CHECK_EQ (EVLIST_INSERTED, 2);
  CHECK_EQ (EVLIST_SIGNAL, 4);
  CHECK_EQ (EVLIST_ACTIVE, 8);
  CHECK_EQ (EVLIST_INTERNAL, 16);
  CHECK_EQ (EVLIST_INIT, 128);
  CHECK_EQ (_EVENT_LOG_DEBUG, 0);
  CHECK_EQ (_EVENT_LOG_MSG, 1);
  CHECK_EQ (_EVENT_LOG_WARN, 2);
  CHECK_EQ (_EVENT_LOG_ERR, 3);
  CHECK_EQ (sizeof (struct event), 144);
}

static void
add_without_base (void *arg)
{
  struct event ev;
  evtimer_set (&ev, tell, NULL);
  add_for (&ev, 1.);
}

static void
loop_without_base (void *arg)
{
  event_loop (EVLOOP_NONBLOCK);
}

static void
once_without_base (void *arg)
{
  event_once (-1, EV_TIMEOUT, tell, NULL, NULL);
}

TEST (event_calls_before_init_abort_with_advice, .once = 1,
      .ours_only = "event calls that need a base before event_init: a message and an abort (the reference crashes)")
{
  t_expect_abort (add_without_base, NULL, "libev: event_add: there is no base: event_init");
  t_expect_abort (loop_without_base, NULL, "libev: event_loop: there is no base: event_init");
  t_expect_abort (once_without_base, NULL, "libev: event_once: there is no base: event_init");
}

static void
call_nothing (void *arg)
{
  struct event ev;
  init_base ();
  event_set (&ev, -1, 0, NULL, NULL);
  event_active (&ev, EV_TIMEOUT, 1);
  event_dispatch ();
}

TEST (event_without_a_callback_aborts_with_a_message, .once = 1,
      .ours_only = "an event without a callback (NULL) that is to be called: a message and an abort (the reference crashes)")
{
  t_expect_abort (call_nothing, NULL, "without a callback (NULL)");
}
