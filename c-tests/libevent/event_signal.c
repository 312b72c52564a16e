/* Events for signals. */
#include "events.h"

TEST (event_signal_flags_from_set_to_del)
{
  struct event_base *base = init_base ();
  struct event ev;
  event_set (&ev, SIGUSR1, EV_SIGNAL, tell, (void *)"s");
  CHECK_EQ (event_add (&ev, NULL), 0);
  CHECK_EQ (ev.ev_flags, EVLIST_INIT | EVLIST_ACTIVE | EVLIST_SIGNAL);
  CHECK_EQ (ev.iosig.sig.signum, SIGUSR1);
  CHECK_EQ (event_pending (&ev, ANYTHING, NULL), EV_SIGNAL);
  add_for (&ev, 100.);
  CHECK_EQ (ev.ev_flags, EVLIST_INIT | EVLIST_ACTIVE | EVLIST_SIGNAL | EVLIST_TIMEOUT);
  CHECK_EQ (event_pending (&ev, ANYTHING, NULL), EV_SIGNAL | EV_TIMEOUT);
  CHECK_EQ (event_del (&ev), 0);
  CHECK_EQ (ev.ev_flags, EVLIST_INIT);
  CHECK_EQ (event_base_loop (base, EVLOOP_NONBLOCK), 1);
}

TEST (event_signal_tells_the_number)
{
  struct event_base *base = init_base ();
  struct event ev;
  signal_set (&ev, SIGUSR1, tell, (void *)"s");
  signal_add (&ev, NULL);
  raise (SIGUSR1);
  until_told (base, 1);
  CHECK_TRACE ("s:400");
  CHECK_EQ (told_fd, SIGUSR1);
  CHECK_EQ (ev.ev_res, EV_SIGNAL);
}

TEST (event_signal_lasts_without_persist)
{
  struct event_base *base = init_base ();
  struct event ev;
  event_set (&ev, SIGUSR1, EV_SIGNAL, tell, (void *)"s");
  event_add (&ev, NULL);
  for (int i = 1; i <= 3; ++i)
    {
      raise (SIGUSR1);
      until_told (base, i);
      CHECK_EQ (ev.ev_flags, EVLIST_INIT | EVLIST_ACTIVE | EVLIST_SIGNAL);
    }
  event_del (&ev);
  CHECK_TRACE ("s:400 s:400 s:400");
}

TEST (event_signal_counts_once_however_often_it_came)
{
  struct event_base *base = init_base ();
  struct event ev;
  signal_set (&ev, SIGUSR1, tell, (void *)"s");
  signal_add (&ev, NULL);
  for (int i = 0; i < 5; ++i)
    raise (SIGUSR1);
  until_told (base, 1);
  settle (base);
  CHECK_TRACE ("s:400");
}

TEST (event_signal_ends_by_its_timeout)
{
  struct event_base *base = init_base ();
  struct event ev;
  signal_set (&ev, SIGUSR1, tell, (void *)"s");
  add_for (&ev, .001);
  CHECK_EQ (event_base_dispatch (base), 1);
  CHECK_TRACE ("s:100");
  CHECK_EQ (ev.ev_flags, EVLIST_INIT);
  CHECK_EQ (event_pending (&ev, ANYTHING, NULL), 0);
}

TEST (event_signal_keeps_its_timeout_running)
{
  struct event_base *base = init_base ();
  struct event ev;
  double due;
  signal_set (&ev, SIGUSR1, tell, (void *)"s");
  add_for (&ev, 100.);
  due = ev.to.at;
  raise (SIGUSR1);
  until_told (base, 1);
  CHECK_EQ (event_pending (&ev, ANYTHING, NULL), EV_SIGNAL | EV_TIMEOUT);
  CHECK_BETWEEN (ev.to.at, due, due);
}

TEST (event_signal_del_gives_the_signal_back)
{
  struct event ev;
  struct sigaction now;
  init_base ();
  signal_set (&ev, SIGUSR1, tell, NULL);
  signal_add (&ev, NULL);
  CHECK (!sigaction (SIGUSR1, NULL, &now));
  CHECK (now.sa_handler != SIG_DFL);
  signal_del (&ev);
  CHECK (!sigaction (SIGUSR1, NULL, &now));
  CHECK (now.sa_handler == SIG_DFL);
}

TEST (event_signal_two_events_in_order_of_adding)
{
  struct event_base *base = init_base ();
  struct event first, second;
  signal_set (&first, SIGUSR1, tell, (void *)"first");
  signal_set (&second, SIGUSR1, tell, (void *)"second");
  signal_add (&first, NULL);
  signal_add (&second, NULL);
  raise (SIGUSR1);
  until_told (base, 2);
  CHECK_TRACE ("first:400 second:400");
}

TEST (event_signal_comes_before_a_direction_asked_for_as_well)
{
  struct event_base *base = init_base ();
  struct event ev;
  event_set (&ev, SIGUSR1, EV_SIGNAL | EV_READ, tell, (void *)"s");
  event_add (&ev, NULL);
  CHECK_EQ (ev.ev_flags, EVLIST_INIT | EVLIST_ACTIVE | EVLIST_SIGNAL);
  CHECK_EQ (event_pending (&ev, ANYTHING, NULL), EV_SIGNAL);
  raise (SIGUSR1);
  until_told (base, 1);
  CHECK_TRACE ("s:400");
}

TEST (event_signal_dispatch_waits_for_it)
{
  struct event_base *base = init_base ();
  struct event ev;
  pid_t self = getpid (), child;
  signal_set (&ev, SIGUSR1, tell, (void *)"s");
  signal_add (&ev, NULL);
  child = fork ();
  CHECK (child >= 0);
  if (!child)
    {
      t_nap (.03);
      kill (self, SIGUSR1);
      _exit (0);
    }
  until_told (base, 1);
  CHECK_TRACE ("s:400");
}

static void
add_signal_zero (void *arg)
{
  struct event ev;
  init_base ();
  event_set (&ev, 0, EV_SIGNAL, tell, NULL);
  event_add (&ev, NULL);
}

static void
add_to_two_bases (void *arg)
{
  struct event first, second;
  init_base ();
  signal_set (&first, SIGUSR1, tell, NULL);
  signal_set (&second, SIGUSR1, tell, NULL);
  signal_add (&first, NULL);
  event_base_set (new_base (), &second);
  signal_add (&second, NULL);
}

TEST (event_signal_illegal_number_aborts, .once = 1)
{
  t_expect_abort (add_signal_zero, NULL, "illegal signal number");
}

TEST (event_signal_in_two_bases_aborts, .once = 1)
{
  t_expect_abort (add_to_two_bases, NULL, "two different loops");
}
