/* event.h - the interface of libevent 1, as this library offers it on top of its own
 *
 * SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later
 *
 * For programs written for libevent 1.x: compile with this directory ahead of libevent's, link with -lev.
 * The prototypes between the two marks are generated from the library's own definitions.
 */
#ifndef EVENT_H_
#define EVENT_H_

#ifdef EV_H
# include EV_H
#else
# include "ev.h"
#endif

#include <time.h>
#include <sys/time.h> /* struct timeval */

#ifdef __cplusplus
extern "C" {
#endif

/* ---- constants ---- */

/* For event_loop. */
#ifndef EVLOOP_NONBLOCK
# define EVLOOP_NONBLOCK EVRUN_NOWAIT
#endif
#ifndef EVLOOP_ONESHOT
# define EVLOOP_ONESHOT EVRUN_ONCE
#endif
#define EVLOOP_ONCE EVLOOP_ONESHOT

/* What an event is for and what a callback is told. Programs ask with #ifdef, so these are macros, too. */
#ifndef EV_TIMEOUT
# define EV_TIMEOUT EV_TIMER
#endif
#define EV_READ EV_READ
#define EV_WRITE EV_WRITE
#define EV_PERSIST 0x10
#define EV_ET 0x20 /* without effect */

/* The states of an event, in ev_flags. */
#define EVLIST_TIMEOUT 0x01
#define EVLIST_INSERTED 0x02
#define EVLIST_SIGNAL 0x04
#define EVLIST_ACTIVE 0x08
#define EVLIST_INTERNAL 0x10
#define EVLIST_INIT 0x80

/* Severities of log messages, of which there are none here. */
#define _EVENT_LOG_DEBUG 0
#define _EVENT_LOG_MSG 1
#define _EVENT_LOG_WARN 2
#define _EVENT_LOG_ERR 3

/* ---- types ---- */

/* A loop: the address of its struct ev_loop. */
struct event_base;

typedef void (*event_callback_fn)(int fd, short events, void *arg);
typedef void (*event_log_cb)(int severity, const char *msg);

struct event
{
  union
  {
    struct ev_io io;
    struct ev_signal sig;
  } iosig;
  struct ev_timer to;

  struct event_base *ev_base;
  event_callback_fn ev_callback;
  void *ev_arg;
  int ev_fd; /* or the number of the signal */
  int ev_pri;
  int ev_res; /* what the callback was told last */
  int ev_flags;
  short ev_events;
};

/* An array of a negative size if something has changed the layout (a packing option, say). */
typedef char libev_layout_of_struct_event_differs_from_the_shared_library_
  [sizeof (struct event) == 144 && sizeof (((struct event *)0)->iosig) == 48 ? 1 : -1];

/* ---- functions ---- */

/* generated: begin */
extern void event_active (struct event *ev, int res, short ncalls);
extern int event_add (struct event *ev, struct timeval *tv);
extern int event_base_dispatch (struct event_base *base);
extern void event_base_free (struct event_base *base);
extern const char *event_base_get_method (const struct event_base *base);
extern int event_base_loop (struct event_base *base, int flags);
extern int event_base_loopexit (struct event_base *base, struct timeval *tv);
extern struct event_base *event_base_new (void);
extern int event_base_once (struct event_base *base, int fd, short events, event_callback_fn cb, void *arg, struct timeval *tv);
extern int event_base_priority_init (struct event_base *base, int npri);
extern int event_base_set (struct event_base *base, struct event *ev);
extern int event_del (struct event *ev);
extern int event_dispatch (void);
extern event_callback_fn event_get_callback (const struct event *ev);
extern const char *event_get_method (void);
extern const char *event_get_version (void);
extern void *event_init (void);
extern int event_loop (int flags);
extern int event_loopexit (struct timeval *tv);
extern int event_once (int fd, short events, event_callback_fn cb, void *arg, struct timeval *tv);
extern int event_pending (struct event *ev, short events, struct timeval *tv);
extern int event_priority_init (int npri);
extern int event_priority_set (struct event *ev, int pri);
extern void event_set (struct event *ev, int fd, short events, event_callback_fn cb, void *arg);
/* generated: end */

/* Declared for programs that mention it; the library has no such function. */
extern void event_set_log_callback (event_log_cb cb);

/* ---- macros ---- */

#define EVENT_FD(ev) (+(ev)->ev_fd)
#define EVENT_SIGNAL(ev) (+(ev)->ev_fd)

#define event_initialized(ev) ((ev)->ev_flags & EVLIST_INIT)

#define evtimer_set(ev, cb, data) event_set ((ev), -1, 0, (cb), (data))
#define evtimer_add(ev, tv) event_add ((ev), (tv))
#define evtimer_del(ev) event_del ((ev))
#define evtimer_pending(ev, tv) event_pending ((ev), EV_TIMEOUT, (tv))
#define evtimer_initialized(ev) event_initialized ((ev))

#define timeout_set(ev, cb, data) evtimer_set ((ev), (cb), (data))
#define timeout_add(ev, tv) evtimer_add ((ev), (tv))
#define timeout_del(ev) evtimer_del ((ev))
#define timeout_pending(ev, tv) evtimer_pending ((ev), (tv))
#define timeout_initialized(ev) evtimer_initialized ((ev))

#define signal_set(ev, sig, cb, data) event_set ((ev), (sig), EV_SIGNAL | EV_PERSIST, (cb), (data))
#define signal_add(ev, tv) event_add ((ev), (tv))
#define signal_del(ev) event_del ((ev))
#define signal_pending(ev, tv) event_pending ((ev), EV_SIGNAL, (tv))
#define signal_initialized(ev) event_initialized ((ev))

#ifdef __cplusplus
}
#endif

#endif
