/* Driving a loop from a test: single iterations, waiting for a count, starting named watchers. Include it first. */
#ifndef FERROEV_DRIVE_H
#define FERROEV_DRIVE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "t.h"

/* `n` iterations that don't block. */
static inline void
drive (struct ev_loop *loop, int n)
{
  while (n--)
    ev_run (loop, EVRUN_NOWAIT);
}

static inline void
drive_guard_expired (EV_P_ ev_timer *w, int revents)
{
  (void)loop;
  (void)w;
  (void)revents;
  t_fail (__FILE__, __LINE__, "waited 20 s in vain; so far: %s", t_traced ());
}

/* Blocking iterations until `*count` has reached `want`; fails after 20 s. */
static inline void
drive_until (struct ev_loop *loop, const int *count, int want)
{
  ev_timer guard;
  ev_timer_init (&guard, drive_guard_expired, 20., 0.);
  ev_now_update (loop);
  ev_timer_start (loop, &guard);
  while (*count < want)
    ev_run (loop, EVRUN_ONCE);
  ev_timer_stop (loop, &guard);
}

/* A callback for any watcher whose data is its name: traces "name:revents" and counts. */
static int noted;

static inline void
note_any (ev_watcher *w, int revents)
{
  ++noted;
  t_trace ("%s:%x", (const char *)w->data, (unsigned)revents);
}

#define NOTE(type) \
  static inline void note_##type (EV_P_ ev_##type *w, int revents) { (void)loop; note_any ((ev_watcher *)w, revents); }
NOTE (io)
NOTE (timer)
NOTE (periodic)
NOTE (signal)
NOTE (child)
NOTE (stat)
NOTE (idle)
NOTE (prepare)
NOTE (check)
NOTE (fork)
NOTE (cleanup)
NOTE (embed)
NOTE (async)
#undef NOTE

/* Makes `w` call `cb` under the name `name`; the type's own set macro follows. */
#define NAMED(w, cb, name) \
  do { ev_init ((w), (cb)); (w)->data = (void *)(name); } while (0)

static inline void
io_named (struct ev_loop *loop, ev_io *w, const char *name, int fd, int events)
{
  NAMED (w, note_io, name);
  ev_io_set (w, fd, events);
  ev_io_start (loop, w);
}

static inline void
timer_named (struct ev_loop *loop, ev_timer *w, const char *name, double after, double repeat)
{
  NAMED (w, note_timer, name);
  ev_timer_set (w, after, repeat);
  ev_timer_start (loop, w);
}

/* Moves `fd` to the number `to`, close-on-exec. */
static inline void
move_fd (int *fd, int to)
{
  if (*fd == to)
    return;
  CHECK_EQ (dup3 (*fd, to, O_CLOEXEC), to);
  close (*fd);
  *fd = to;
}

#endif
