/* C++ exceptions out of the callbacks of libevent 1's interface. */
#include "thrown.hpp"

#include <event.h>

static void
event_notes (int fd, short events, void *arg)
{
  (void)fd;
  ++noted;
  t_trace ("%s:%x", (char *)arg, (unsigned)events);
}

static void
event_throws (int fd, short events, void *arg)
{
  event_notes (fd, events, arg);
  throw thrown { (char *)arg };
}

static struct event_base *
new_base ()
{
  char flags[16];
  snprintf (flags, sizeof flags, "%u", t_backend);
  setenv ("LIBEV_FLAGS", flags, 1);
  CHECK (event_init ());
  struct event_base *base = event_base_new ();
  CHECK (base);
  return base;
}

static void
add (struct event_base *base, struct event *ev, int fd, short events, void (*cb) (int, short, void *), const char *name, int usec)
{
  struct timeval tv = { 0, usec };
  event_set (ev, fd, events, cb, (void *)name);
  CHECK (!event_base_set (base, ev));
  CHECK (!event_add (ev, usec >= 0 ? &tv : 0));
}

TEST (exception_out_of_event_base_loop)
{
  struct event_base *base = new_base ();
  struct event thrower, second;
  int fd[2];
  t_pipe (fd);
  add (base, &thrower, fd[1], EV_WRITE, event_throws, "thrower", -1);
  add (base, &second, fd[1], EV_WRITE | EV_PERSIST, event_notes, "second", -1);
  CHECK_STR (caught ([=] { event_base_loop (base, EVLOOP_ONCE); }), "thrower");
  CHECK (!event_pending (&thrower, EV_WRITE, 0)); /* not persistent: deleted before its callback */
  CHECK (event_pending (&second, EV_WRITE, 0));
  CHECK_EQ (event_base_loop (base, EVLOOP_NONBLOCK), 0);
  CHECK_TRACE ("thrower:2 second:2 second:2");
  event_del (&second);
  CHECK_EQ (event_base_dispatch (base), 1);
  event_base_free (base);
}

TEST (exception_out_of_event_base_dispatch_again_and_again)
{
  struct event_base *base = new_base ();
  struct event thrower;
  int fd[2], i;
  t_pipe (fd);
  add (base, &thrower, fd[1], EV_WRITE | EV_PERSIST, event_throws, "thrower", -1);
  for (i = 0; i < 500; ++i)
    {
      CHECK_STR (caught ([=] { event_base_dispatch (base); }), "thrower");
      t_trace_reset ();
    }
  event_del (&thrower);
  add (base, &thrower, -1, 0, event_notes, "timer", 1);
  CHECK_EQ (event_base_dispatch (base), 1);
  CHECK_TRACE ("timer:100");
  event_base_free (base);
}

TEST (exception_out_of_event_dispatch)
{
  new_base ();
  struct event thrower, timer, signal;
  struct timeval tv = { 0, 0 };
  event_set (&signal, SIGUSR1, EV_SIGNAL | EV_PERSIST, event_throws, (void *)"signal");
  CHECK (!event_add (&signal, 0));
  raise (SIGUSR1);
  CHECK_STR (caught ([] { event_dispatch (); }), "signal");
  CHECK (event_pending (&signal, EV_SIGNAL, 0));
  event_del (&signal);
  event_set (&thrower, -1, 0, event_throws, (void *)"thrower");
  CHECK (!event_add (&thrower, &tv));
  CHECK_STR (caught ([] { event_loop (0); }), "thrower");
  event_set (&timer, -1, 0, event_notes, (void *)"timer");
  CHECK (!event_add (&timer, &tv));
  CHECK_EQ (event_dispatch (), 1);
  CHECK_TRACE ("signal:400 thrower:100 timer:100");
}

TEST (exception_out_of_event_once)
{
  struct event_base *base = new_base ();
  struct event later;
  int fd[2];
  struct timeval tv = { 0, 0 };
  t_pipe (fd);
  CHECK (!event_base_once (base, fd[1], EV_WRITE, event_throws, (void *)"ready", 0));
  CHECK_STR (caught ([=] { event_base_dispatch (base); }), "ready");
  CHECK (!event_base_once (base, -1, EV_TIMEOUT, event_throws, (void *)"timed", &tv));
  CHECK_STR (caught ([=] { event_base_dispatch (base); }), "timed");
  add (base, &later, -1, 0, event_notes, "later", 1);
  CHECK_EQ (event_base_dispatch (base), 1);
  CHECK_TRACE ("ready:2 timed:100 later:100");
  event_base_free (base);
}

/* event_active, then out of a callback that a nested loop was run in. */
TEST (exception_through_two_event_loops)
{
  struct event_base *base = new_base (), *inner = event_base_new ();
  static struct event_base *the_inner;
  struct event outer, thrower, rest;
  the_inner = inner;
  add (inner, &thrower, -1, 0, event_throws, "thrower", 1);
  add (base, &outer, -1, 0, [] (int, short, void *) { event_base_dispatch (the_inner); }, "outer", 1);
  add (base, &rest, -1, 0, event_notes, "rest", 2);
  CHECK_STR (caught ([=] { event_base_dispatch (base); }), "thrower");
  CHECK_EQ (ev_depth ((struct ev_loop *)base), 1);
  CHECK_EQ (ev_depth ((struct ev_loop *)inner), 1);
  CHECK_EQ (event_base_dispatch (base), 1);
  CHECK_TRACE ("thrower:100 rest:100");
  event_base_free (base);
  event_base_free (inner);
}

/* A base is a loop: its cleanup watchers may throw out of event_base_free. */
TEST (exception_out_of_event_base_free)
{
  struct event_base *base = new_base ();
  struct ev_loop *loop = (struct ev_loop *)base;
  ev_cleanup w;
  struct event timer;
  int fds;
  NAMED (&w, throws_once<ev_cleanup>, "cleanup");
  ev_cleanup_start (loop, &w);
  CHECK_STR (caught ([=] { event_base_free (base); }), "cleanup");
  add (base, &timer, -1, 0, event_notes, "timer", 1);
  CHECK_EQ (event_base_dispatch (base), 1);
  fds = t_open_fds ();
  event_base_free (base);
  CHECK (t_open_fds () <= fds);
  CHECK_TRACE ("cleanup:40000 timer:100 cleanup:40000");
}
