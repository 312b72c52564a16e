/* layout.c - the layout that compiled programs rely on, as the compiler sees the header.
   Never linked: compiling it is the test. LP64. */

#include <stddef.h>
#include <signal.h>
#include HEADER /* ev.h, or event.h, which includes it */

#define SIZE(type, size) \
  _Static_assert (sizeof (type) == (size), "size of " #type); \
  _Static_assert (_Alignof (type) == 8, "alignment of " #type)
#define IN_STAT (2 * sizeof (struct stat))

#define AT(type, member, offset, member_type) \
  _Static_assert (offsetof (type, member) == (offset), "offset of " #type "." #member); \
  _Static_assert (_Generic (&((type *)0)->member, member_type *: 1, default: 0), "type of " #type "." #member)

/* A type that _Generic can name with a star behind it. */
#define CALLBACK(type) __typeof__ (void (*)(struct ev_loop *, struct type *, int))

#define HEAD(type, size) \
  SIZE (struct type, size); \
  _Static_assert (_Generic ((type *)0, struct type *: 1, default: 0), #type " is a name of its own"); \
  AT (type, active, 0, int); \
  AT (type, pending, 4, int); \
  AT (type, priority, 8, int); \
  AT (type, data, 16, void *); \
  AT (type, cb, 24, CALLBACK (type))

#define LIST(type, size) HEAD (type, size); AT (type, next, 32, struct ev_watcher_list *)
#define TIME(type, size) HEAD (type, size); AT (type, at, 32, double)

HEAD (ev_watcher, 32);
LIST (ev_watcher_list, 40);
TIME (ev_watcher_time, 40);

LIST (ev_io, 48);
AT (ev_io, fd, 40, int);
AT (ev_io, events, 44, int);

TIME (ev_timer, 48);
AT (ev_timer, repeat, 40, double);

TIME (ev_periodic, 64);
AT (ev_periodic, offset, 40, double);
AT (ev_periodic, interval, 48, double);
AT (ev_periodic, reschedule_cb, 56, __typeof__ (double (*)(struct ev_periodic *, double)));

LIST (ev_signal, 48);
AT (ev_signal, signum, 40, int);

LIST (ev_child, 56);
AT (ev_child, flags, 40, int);
AT (ev_child, pid, 44, int);
AT (ev_child, rpid, 48, int);
AT (ev_child, rstatus, 52, int);

LIST (ev_stat, 112 + IN_STAT);
AT (ev_stat, timer, 40, struct ev_timer);
AT (ev_stat, interval, 88, double);
AT (ev_stat, path, 96, const char *);
AT (ev_stat, prev, 104, struct stat);
AT (ev_stat, attr, 104 + IN_STAT / 2, struct stat);
AT (ev_stat, wd, 104 + IN_STAT, int);
_Static_assert (_Generic ((ev_statdata *)0, struct stat *: 1, default: 0), "ev_statdata");

HEAD (ev_idle, 32);
HEAD (ev_prepare, 32);
HEAD (ev_check, 32);
HEAD (ev_fork, 32);
HEAD (ev_cleanup, 32);

HEAD (ev_embed, 360);
AT (ev_embed, other, 32, struct ev_loop *);
AT (ev_embed, io, 40, struct ev_io);
AT (ev_embed, prepare, 88, struct ev_prepare);
AT (ev_embed, check, 120, struct ev_check);
AT (ev_embed, timer, 152, struct ev_timer);
AT (ev_embed, periodic, 200, struct ev_periodic);
AT (ev_embed, idle, 264, struct ev_idle);
AT (ev_embed, fork, 296, struct ev_fork);
AT (ev_embed, cleanup, 328, struct ev_cleanup);

HEAD (ev_async, 40);
AT (ev_async, sent, 32, volatile sig_atomic_t);

SIZE (union ev_any_watcher, sizeof (ev_stat));
#ifdef __x86_64__
SIZE (ev_stat, 400);
#endif

_Static_assert (_Generic ((ev_tstamp)0, double: 1, default: 0), "ev_tstamp");
_Static_assert (EV_MINPRI == -2 && EV_MAXPRI == 2, "priorities");
_Static_assert (EV_VERSION_MAJOR == 4 && EV_VERSION_MINOR == 33, "version");
_Static_assert (EV_ERROR < 0 && EV_UNDEF == -1, "the bits at the sign");

#ifdef EVENT_H_
SIZE (struct event, 144);
SIZE (((struct event *)0)->iosig, 48);
AT (struct event, iosig.io, 0, struct ev_io);
AT (struct event, iosig.sig, 0, struct ev_signal);
AT (struct event, to, 48, struct ev_timer);
AT (struct event, ev_base, 96, struct event_base *);
AT (struct event, ev_callback, 104, event_callback_fn);
AT (struct event, ev_arg, 112, void *);
AT (struct event, ev_fd, 120, int);
AT (struct event, ev_pri, 124, int);
AT (struct event, ev_res, 128, int);
AT (struct event, ev_flags, 132, int);
AT (struct event, ev_events, 136, short);

_Static_assert (_Generic ((event_callback_fn)0, void (*)(int, short, void *): 1, default: 0), "event_callback_fn");
_Static_assert (EV_TIMEOUT == EV_TIMER && EVLOOP_NONBLOCK == EVRUN_NOWAIT, "names of version 3 and libevent's");
_Static_assert (EVLOOP_ONESHOT == EVRUN_ONCE && EVLOOP_ONCE == EVRUN_ONCE, "EVLOOP_ONCE");
#endif
