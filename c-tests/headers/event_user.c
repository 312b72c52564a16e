/* event_user.c - a program for libevent 1 that uses everything in event.h. C and C++; compiled, not run. */

#include <event.h>
#include <stddef.h>

#if !defined EV_READ || !defined EV_WRITE || !defined EV_TIMEOUT || !defined EVENT_H_
# error "programs ask for these with #ifdef"
#endif

void use_events (int fd);

static void
on_event (int fd, short events, void *arg)
{
  struct event *ev = (struct event *)arg;
  struct timeval tv = { 1, 0 };

  if (events & (EV_TIMEOUT | EV_SIGNAL))
    timeout_del (ev);
  else if (events & (EV_READ | EV_WRITE) && fd == EVENT_FD (ev))
    timeout_add (ev, &tv);
}

static void
on_log (int severity, const char *msg)
{
  switch (severity)
    {
    case _EVENT_LOG_DEBUG:
    case _EVENT_LOG_MSG:
    case _EVENT_LOG_WARN:
    case _EVENT_LOG_ERR:
      break;
    }
  (void)msg;
}

void
use_events (int fd)
{
  struct event io, timer, sig, old;
  struct timeval tv = { 0, 500000 };
  struct event_base *base = (struct event_base *)event_init ();
  event_callback_fn cb = on_event;
  event_log_cb log = on_log;
  int bits;

  event_set_log_callback (log);
  (void)event_get_version ();
  (void)event_get_method ();
  (void)event_base_get_method (base);
  event_priority_init (2);
  event_base_priority_init (base, 2);

  event_set (&io, fd, EV_READ | EV_WRITE | EV_PERSIST | EV_ET, cb, &io);
  event_base_set (base, &io);
  event_priority_set (&io, 1);
  event_add (&io, NULL);
  event_active (&io, EV_READ, 1);
  if (event_initialized (&io) && event_get_callback (&io) == cb)
    event_del (&io);

  evtimer_set (&timer, on_event, &timer);
  evtimer_add (&timer, &tv);
  if (evtimer_initialized (&timer) && evtimer_pending (&timer, &tv))
    evtimer_del (&timer);

  timeout_set (&old, on_event, &old);
  timeout_add (&old, &tv);
  if (timeout_initialized (&old) && timeout_pending (&old, NULL))
    timeout_del (&old);

  signal_set (&sig, 10, on_event, &sig);
  signal_add (&sig, NULL);
  if (signal_initialized (&sig) && signal_pending (&sig, NULL) && EVENT_SIGNAL (&sig) == 10)
    signal_del (&sig);

  bits = EVLIST_TIMEOUT | EVLIST_INSERTED | EVLIST_SIGNAL | EVLIST_ACTIVE | EVLIST_INTERNAL | EVLIST_INIT;
  if (!(io.ev_flags & ~bits) && io.ev_base == base && io.ev_arg == &io && !io.ev_res && !io.ev_pri && io.ev_events)
    (void)io.iosig.io.fd;

  event_once (-1, EV_TIMEOUT, on_event, NULL, &tv);
  event_base_once (base, fd, EV_READ, on_event, NULL, NULL);
  event_loopexit (NULL);
  event_base_loopexit (base, &tv);
  event_loop (EVLOOP_ONCE | EVLOOP_NONBLOCK);
  event_loop (EVLOOP_ONESHOT);
  event_base_loop (base, 0);
  event_dispatch ();
  event_base_dispatch (base);
  event_base_free (event_base_new ());
}
