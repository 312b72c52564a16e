/* Events for descriptors: adding, deleting, EV_PERSIST, what is pending, errors. */
#include "events.h"

TEST (event_io_flags_from_set_to_del)
{
  struct event_base *base = init_base ();
  struct event ev;
  int p[2];
  t_pipe (p);
  event_set (&ev, p[0], EV_READ, tell, (void *)"r");
  CHECK_EQ (event_add (&ev, NULL), 0);
  CHECK_EQ (ev.ev_flags, EVLIST_INIT | EVLIST_ACTIVE | EVLIST_INSERTED);
  CHECK (ev_is_active (&ev.iosig.io));
  CHECK_EQ (ev.iosig.io.fd, p[0]);
  CHECK_EQ (ev.iosig.io.events & (EV_READ | EV_WRITE), EV_READ);
  CHECK_EQ (event_pending (&ev, ANYTHING, NULL), EV_READ);
  add_for (&ev, 100.);
  CHECK_EQ (ev.ev_flags, EVLIST_INIT | EVLIST_ACTIVE | EVLIST_INSERTED | EVLIST_TIMEOUT);
  CHECK_EQ (event_pending (&ev, ANYTHING, NULL), EV_READ | EV_TIMEOUT);
  CHECK_EQ (event_del (&ev), 0);
  CHECK_EQ (ev.ev_flags, EVLIST_INIT);
  CHECK_EQ (event_pending (&ev, ANYTHING, NULL), 0);
  CHECK (!ev_is_active (&ev.iosig.io) && !ev_is_active (&ev.to));
  CHECK_EQ (event_base_loop (base, EVLOOP_NONBLOCK), 1);
}

TEST (event_io_is_deleted_before_its_callback)
{
  struct event_base *base = init_base ();
  struct event ev;
  int p[2];
  t_pipe (p);
  event_set (&ev, p[0], EV_READ, tell, (void *)"r");
  event_add (&ev, NULL);
  t_write (p[1], "x");
  CHECK_EQ (event_base_dispatch (base), 1);
  CHECK_TRACE ("r:1");
  CHECK_EQ (told_fd, p[0]);
  CHECK_EQ (ev.ev_res, EV_READ);
  CHECK_EQ (ev.ev_flags, EVLIST_INIT);
  settle (base); /* still readable */
  CHECK_TRACE ("r:1");
}

TEST (event_io_added_again_after_it_was_called)
{
  struct event_base *base = init_base ();
  struct event ev;
  int p[2];
  t_pipe (p);
  event_set (&ev, p[0], EV_READ, tell, (void *)"r");
  t_write (p[1], "x");
  for (int i = 1; i <= 3; ++i)
    {
      event_add (&ev, NULL);
      CHECK_EQ (event_base_dispatch (base), 1);
      CHECK_EQ (told, i);
    }
  CHECK_TRACE ("r:1 r:1 r:1");
}

TEST (event_io_persistent_is_called_again_and_again)
{
  struct event_base *base = init_base ();
  struct event ev;
  int p[2];
  t_pipe (p);
  event_set (&ev, p[0], EV_READ | EV_PERSIST, tell, (void *)"r");
  event_add (&ev, NULL);
  t_write (p[1], "x");
  until_told (base, 3);
  CHECK_EQ (ev.ev_flags, EVLIST_INIT | EVLIST_ACTIVE | EVLIST_INSERTED);
  event_del (&ev);
  settle (base);
  CHECK_TRACE ("r:1 r:1 r:1");
}

TEST (event_io_edge_triggering_is_ignored)
{
  struct event_base *base = init_base ();
  struct event ev;
  int p[2];
  t_pipe (p);
  event_set (&ev, p[0], EV_READ | EV_PERSIST | EV_ET, tell, (void *)"r");
  CHECK_EQ (ev.ev_events, EV_READ | EV_PERSIST | EV_ET);
  event_add (&ev, NULL);
  t_write (p[1], "x");
  until_told (base, 2); /* nothing was read in between */
  CHECK_TRACE ("r:1 r:1");
}

TEST (event_io_both_directions_in_one_call)
{
  struct event_base *base = init_base ();
  struct event ev;
  int s[2];
  t_socketpair (s);
  t_write (s[1], "x");
  event_set (&ev, s[0], EV_READ | EV_WRITE, tell, (void *)"rw");
  event_add (&ev, NULL);
  CHECK_EQ (event_pending (&ev, ANYTHING, NULL), EV_READ | EV_WRITE);
  CHECK_EQ (event_base_dispatch (base), 1);
  CHECK_TRACE ("rw:3");
  CHECK_EQ (ev.ev_res, EV_READ | EV_WRITE);
}

TEST (event_io_is_told_of_what_it_asked_for_only)
{
  struct event_base *base = init_base ();
  struct event ev;
  int s[2];
  t_socketpair (s);
  t_write (s[1], "x");
  event_set (&ev, s[0], EV_WRITE, tell, (void *)"w");
  event_add (&ev, NULL);
  CHECK_EQ (event_base_dispatch (base), 1);
  CHECK_TRACE ("w:2");
}

TEST (event_io_pending_answers_what_is_asked)
{
  struct event ev;
  int s[2];
  init_base ();
  t_socketpair (s);
  event_set (&ev, s[0], EV_READ | EV_WRITE, tell, NULL);
  event_add (&ev, NULL);
  CHECK_EQ (event_pending (&ev, EV_READ, NULL), EV_READ);
  CHECK_EQ (event_pending (&ev, EV_WRITE, NULL), EV_WRITE);
  CHECK_EQ (event_pending (&ev, EV_TIMEOUT, NULL), 0);
  CHECK_EQ (event_pending (&ev, EV_SIGNAL, NULL), 0);
  CHECK_EQ (event_pending (&ev, EV_PERSIST, NULL), 0);
  CHECK_EQ (event_pending (&ev, 0, NULL), 0);
}

TEST (event_io_added_twice_is_watched_once)
{
  struct event_base *base = init_base ();
  struct event ev;
  int p[2];
  t_pipe (p);
  event_set (&ev, p[0], EV_READ, tell, (void *)"r");
  CHECK_EQ (event_add (&ev, NULL), 0);
  CHECK_EQ (event_add (&ev, NULL), 0);
  t_write (p[1], "x");
  CHECK_EQ (event_base_dispatch (base), 1);
  CHECK_TRACE ("r:1");
}

TEST (event_io_two_events_of_one_descriptor)
{
  struct event_base *base = init_base ();
  struct event first, second;
  int p[2];
  t_pipe (p);
  event_set (&first, p[0], EV_READ, tell, (void *)"first");
  event_set (&second, p[0], EV_READ, tell, (void *)"second");
  event_add (&first, NULL);
  event_add (&second, NULL);
  t_write (p[1], "x");
  CHECK_EQ (event_base_dispatch (base), 1);
  CHECK_TRACE ("first:1 second:1");
}

TEST (event_io_del_cancels_what_is_queued)
{
  struct event_base *base = init_base ();
  struct event ev;
  int p[2];
  t_pipe (p);
  event_set (&ev, p[0], EV_READ, tell, (void *)"r");
  event_add (&ev, NULL);
  ev_feed_fd_event (loop_of (base), p[0], EV_READ);
  CHECK (ev_is_pending (&ev.iosig.io));
  CHECK_EQ (event_del (&ev), 0);
  CHECK (!ev_is_pending (&ev.iosig.io));
  CHECK_EQ (event_base_dispatch (base), 1);
  CHECK_TRACE ("");
}

TEST (event_io_del_of_what_is_not_added_is_harmless, .once = 1)
{
  struct event ev;
  init_base ();
  event_set (&ev, 0, EV_READ, tell, NULL);
  CHECK_EQ (event_del (&ev), 0);
  CHECK_EQ (event_del (&ev), 0);
  CHECK_EQ (ev.ev_flags, EVLIST_INIT);
}

TEST (event_io_members_changed_while_added_count_at_the_next_add)
{
  struct event_base *base = init_base ();
  struct event ev;
  int p[2], q[2];
  t_pipe (p);
  t_pipe (q);
  event_set (&ev, p[0], EV_READ, tell, (void *)"r");
  event_add (&ev, NULL);
  ev.ev_fd = q[0];
  event_add (&ev, NULL); /* it is watched already */
  CHECK_EQ (ev.iosig.io.fd, p[0]);
  event_del (&ev);
  event_add (&ev, NULL);
  CHECK_EQ (ev.iosig.io.fd, q[0]);
  t_write (p[1], "x");
  t_write (q[1], "x");
  CHECK_EQ (event_base_dispatch (base), 1);
  CHECK_TRACE ("r:1");
  CHECK_EQ (told_fd, q[0]);
}

TEST (event_io_without_direction_is_not_watched)
{
  struct event_base *base = init_base ();
  struct event ev;
  int p[2];
  t_pipe (p);
  t_write (p[1], "x");
  event_set (&ev, p[0], EV_PERSIST, tell, (void *)"none");
  CHECK_EQ (event_add (&ev, NULL), 0);
  CHECK_EQ (ev.ev_flags, EVLIST_INIT | EVLIST_ACTIVE);
  CHECK_EQ (event_pending (&ev, ANYTHING, NULL), 0);
  CHECK_EQ (event_base_dispatch (base), 1);
  CHECK_TRACE ("");
  CHECK_EQ (event_del (&ev), 0);
  CHECK_EQ (ev.ev_flags, EVLIST_INIT);
}

static void
closed (struct event_base *base, struct event *ev, int persist)
{
  int p[2];
  t_pipe (p);
  close (p[0]);
  event_set (ev, p[0], EV_READ | persist, tell, (void *)"closed");
  add_for (ev, 100.);
  CHECK_EQ (event_base_dispatch (base), 1);
  CHECK_TRACE ("closed:3");
  CHECK_EQ (told_fd, p[0]);
}

#define ABORTS "a closed descriptor: its watchers get EV_ERROR; the reference aborts on poll and epoll"
#define ABORTS_ON (T_POLL | T_EPOLL | T_LINUXAIO)

TEST (event_io_an_error_arrives_as_both_directions, .ours_only = ABORTS, .ours_only_on = ABORTS_ON)
{
  struct event ev;
  closed (init_base (), &ev, 0);
  CHECK_EQ (ev.ev_res, EV_READ | EV_WRITE);
  CHECK_EQ (ev.ev_flags, EVLIST_INIT);
}

TEST (event_io_an_error_deletes_a_persistent_event, .ours_only = ABORTS, .ours_only_on = ABORTS_ON)
{
  struct event ev;
  closed (init_base (), &ev, EV_PERSIST);
  CHECK_EQ (ev.ev_flags, EVLIST_INIT);
  CHECK (!ev_is_active (&ev.to));
}

static void
add_negative (void *arg)
{
  struct event ev;
  init_base ();
  event_set (&ev, -1, EV_READ, tell, NULL);
  event_add (&ev, NULL);
}

TEST (event_io_negative_descriptor_aborts, .once = 1)
{
  t_expect_abort (add_negative, NULL, "negative fd");
}
