/* Events for the tests of event.h: bases on the backend under test, callbacks that are traced. Include it first. */
#ifndef FERROEV_EVENTS_H
#define FERROEV_EVENTS_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "t.h"

#include <event.h>
#include <sys/time.h>

/* Has every base made from here on be of the backend under test. */
static inline void
use_backend (void)
{
  char flags[16];
  snprintf (flags, sizeof flags, "%u", t_backend);
  CHECK (!setenv ("LIBEV_FLAGS", flags, 1));
}

static inline struct ev_loop *
loop_of (struct event_base *base)
{
  return (struct ev_loop *)base;
}

/* The next current base; the first is the default loop. */
static inline struct event_base *
init_base (void)
{
  struct event_base *base;
  use_backend ();
  base = (struct event_base *)event_init ();
  CHECK (base);
  CHECK_EQ (ev_backend (loop_of (base)), t_backend);
  return base;
}

/* A base that is not the current one. */
static inline struct event_base *
new_base (void)
{
  struct event_base *base;
  use_backend ();
  base = event_base_new ();
  CHECK (base);
  CHECK_EQ (ev_backend (loop_of (base)), t_backend);
  return base;
}

/* The calls so far, and the descriptor of the last one. */
static int told;
static int told_fd;

/* The callback of an event whose argument is its name: traces "name:events". */
static inline void
tell (int fd, short events, void *arg)
{
  ++told;
  told_fd = fd;
  t_trace ("%s:%x", (const char *)arg, (unsigned)(unsigned short)events);
}

static inline struct timeval
tv_of (double seconds)
{
  struct timeval tv;
  tv.tv_sec = (time_t)seconds;
  tv.tv_usec = (suseconds_t)((seconds - (double)tv.tv_sec) * 1e6 + .5);
  return tv;
}

/* Adds `ev` with a time-out. */
static inline void
add_for (struct event *ev, double seconds)
{
  struct timeval tv = tv_of (seconds);
  CHECK_EQ (event_add (ev, &tv), 0);
}

static inline void
until_guard (EV_P_ ev_timer *w, int revents)
{
  t_fail (__FILE__, __LINE__, "waited 20 s in vain; so far: %s", t_traced ());
}

/* Blocking iterations of `base` until `want` callbacks were told; fails after 20 s. */
static inline void
until_told (struct event_base *base, int want)
{
  ev_timer guard;
  ev_timer_init (&guard, until_guard, 20., 0.);
  ev_now_update (loop_of (base));
  ev_timer_start (loop_of (base), &guard);
  while (told < want)
    CHECK_EQ (event_base_loop (base, EVLOOP_ONCE), 0);
  ev_timer_stop (loop_of (base), &guard);
}

/* Some iterations that do not wait, for what must not happen. */
static inline void
settle (struct event_base *base)
{
  for (int i = 0; i < 4; ++i)
    event_base_loop (base, EVLOOP_NONBLOCK);
}

/* Everything that event_pending can answer. */
#define ANYTHING (EV_READ | EV_WRITE | EV_TIMEOUT | EV_SIGNAL)

#endif
