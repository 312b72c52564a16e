/* calls.c - in place of the library: each function that ev++.h uses only tells how it was called.
 *
 * Loops are objects with a letter, so that what is printed does not depend on addresses.
 */
#include <stdio.h>

#include <ev.h>

struct ev_loop
{
  char letter;
};

struct ev_loop calls_loop_a = { 'A' };
struct ev_loop calls_loop_b = { 'B' };
struct ev_loop *ev_default_loop_ptr;

/* Whether there are any loops to be had. */
int calls_no_loop;

static const char *
name_of (const struct ev_loop *loop)
{
  static const char names[][8] = { "none", "A", "B", "default" };

  if (!loop)
    return names[0];
  if (loop == ev_default_loop_ptr)
    return names[3];
  return names[loop->letter - 'A' + 1];
}

#define TELL(function, format, ...) printf ("  " #function " (" format ")\n", __VA_ARGS__)

static struct ev_loop default_loop = { 'D' };

struct ev_loop *
ev_default_loop (unsigned int flags)
{
  TELL (ev_default_loop, "%#x", flags);
  return ev_default_loop_ptr = calls_no_loop ? NULL : &default_loop;
}

struct ev_loop *
ev_loop_new (unsigned int flags)
{
  TELL (ev_loop_new, "%#x", flags);
  return calls_no_loop ? NULL : &calls_loop_b;
}

#define ON_LOOP(type, function, value) \
  type function (struct ev_loop *loop) { TELL (function, "%s", name_of (loop)); return value; }
#define NOTHING
ON_LOOP (void, ev_loop_destroy, NOTHING)
ON_LOOP (void, ev_loop_fork, NOTHING)
ON_LOOP (void, ev_ref, NOTHING)
ON_LOOP (void, ev_unref, NOTHING)
ON_LOOP (unsigned int, ev_backend, EVBACKEND_EPOLL)
ON_LOOP (unsigned int, ev_iteration, 12)
ON_LOOP (unsigned int, ev_depth, 2)
ON_LOOP (ev_tstamp, ev_now, 1234.5)

#define OF_LIBRARY(type, function, value) \
  type function (void) { TELL (function, "%s", ""); return value; }
OF_LIBRARY (int, ev_version_major, 4)
OF_LIBRARY (int, ev_version_minor, 33)
OF_LIBRARY (unsigned int, ev_supported_backends, 7)
OF_LIBRARY (unsigned int, ev_recommended_backends, 6)
OF_LIBRARY (unsigned int, ev_embeddable_backends, 4)

int
ev_run (struct ev_loop *loop, int flags)
{
  TELL (ev_run, "%s, %d", name_of (loop), flags);
  return 1;
}

void
ev_break (struct ev_loop *loop, int how)
{
  TELL (ev_break, "%s, %d", name_of (loop), how);
}

void
ev_set_io_collect_interval (struct ev_loop *loop, ev_tstamp interval)
{
  TELL (ev_set_io_collect_interval, "%s, %g", name_of (loop), interval);
}

void
ev_set_timeout_collect_interval (struct ev_loop *loop, ev_tstamp interval)
{
  TELL (ev_set_timeout_collect_interval, "%s, %g", name_of (loop), interval);
}

void
ev_feed_fd_event (struct ev_loop *loop, int fd, int revents)
{
  TELL (ev_feed_fd_event, "%s, %d, %#x", name_of (loop), fd, (unsigned)revents);
}

void
ev_feed_signal_event (struct ev_loop *loop, int signum)
{
  TELL (ev_feed_signal_event, "%s, %d", name_of (loop), signum);
}

void
ev_feed_event (struct ev_loop *loop, void *w, int revents)
{
  TELL (ev_feed_event, "%s, %#x", name_of (loop), (unsigned)revents);
  ((ev_watcher *)w)->pending = 1;
}

void
ev_invoke (struct ev_loop *loop, void *w, int revents)
{
  TELL (ev_invoke, "%s, %#x", name_of (loop), (unsigned)revents);
  ((ev_watcher *)w)->cb (loop, (ev_watcher *)w, revents);
}

/* Calls back at once. */
void
ev_once (struct ev_loop *loop, int fd, int events, ev_tstamp timeout, void (*cb) (int revents, void *arg), void *arg)
{
  TELL (ev_once, "%s, %d, %#x, %g", name_of (loop), fd, (unsigned)events, timeout);
  cb (EV_READ | EV_TIMER, arg);
}

void
ev_sleep (ev_tstamp delay)
{
  TELL (ev_sleep, "%g", delay);
}

void
ev_set_allocator (void *(*cb) (void *ptr, long size))
{
  TELL (ev_set_allocator, "%s", cb ? "one" : "none");
}

void
ev_set_syserr_cb (void (*cb) (const char *msg))
{
  TELL (ev_set_syserr_cb, "%s", cb ? "one" : "none");
}

/* Start and stop, telling what the watcher is set to. As in the library, start makes it active and stop clears what is pending. */
#define WATCHER(type, format, ...) \
  void ev_##type##_start (struct ev_loop *loop, ev_##type *w) \
  { TELL (ev_##type##_start, "%s, " format "%s", name_of (loop), __VA_ARGS__, w->active ? ", active" : ""); w->active = 1; } \
  void ev_##type##_stop (struct ev_loop *loop, ev_##type *w) \
  { TELL (ev_##type##_stop, "%s, " format "%s", name_of (loop), __VA_ARGS__, w->active ? ", active" : ""); w->active = w->pending = 0; }

WATCHER (io, "%d, %#x", w->fd, (unsigned)w->events)
WATCHER (timer, "%g, %g", w->at, w->repeat)
WATCHER (periodic, "%g, %g, %s", w->offset, w->interval, w->reschedule_cb ? "reschedule" : "no reschedule")
WATCHER (signal, "%d", w->signum)
WATCHER (child, "%d, %d", w->pid, w->flags)
WATCHER (stat, "%s, %g", w->path, w->interval)
WATCHER (embed, "%s", name_of (w->other))
WATCHER (idle, "priority %d", w->priority)
WATCHER (prepare, "priority %d", w->priority)
WATCHER (check, "priority %d", w->priority)
WATCHER (fork, "priority %d", w->priority)
WATCHER (cleanup, "priority %d", w->priority)
WATCHER (async, "priority %d", w->priority)

void
ev_timer_again (struct ev_loop *loop, ev_timer *w)
{
  TELL (ev_timer_again, "%s, %g", name_of (loop), w->repeat);
}

ev_tstamp
ev_timer_remaining (struct ev_loop *loop, ev_timer *w)
{
  TELL (ev_timer_remaining, "%s, %g", name_of (loop), w->repeat);
  return w->at;
}

void
ev_periodic_again (struct ev_loop *loop, ev_periodic *w)
{
  TELL (ev_periodic_again, "%s, %g", name_of (loop), w->interval);
}

void
ev_stat_stat (struct ev_loop *loop, ev_stat *w)
{
  TELL (ev_stat_stat, "%s, %s", name_of (loop), w->path);
}

void
ev_embed_sweep (struct ev_loop *loop, ev_embed *w)
{
  TELL (ev_embed_sweep, "%s, %s", name_of (loop), name_of (w->other));
}

void
ev_async_send (struct ev_loop *loop, ev_async *w)
{
  TELL (ev_async_send, "%s", name_of (loop));
  w->sent = 1;
}
