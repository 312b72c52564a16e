/* The watchers of a program, by number. */
#include "running.h"

#include <fcntl.h>
#include <math.h>
#include <signal.h>

union any all[WATCHERS];
struct ev_loop *loop, *inner;

/* Time in steps, as a watcher or the loop has it. */
long
steps (double seconds)
{
  return lrint (seconds / TICK * 16.);
}

struct ev_loop *
loop_of (int watcher)
{
  enum kind kind = kind_of (watcher);
  if ((kind == EMBED && !inner) || (kind == FORKER && program->dups))
    return 0;
  return kind == INNER_IO || kind == INNER_TIMER ? inner : loop;
}

int
is_idle (int watcher)
{
  return !ev_is_active (&all[watcher].watcher) && !ev_is_pending (&all[watcher].watcher);
}

/* Spread, and each watcher a little beside the others: the order of those that are due at the same moment is not promised. */
double
delay (int a, int watcher)
{
  static const int spans[8] = { 0, 16, 160, 1600, 48, 16, 32, 4000 };
  return (spans[a & 7] + (a >> 3) % 61) * TICK + own_moment (watcher);
}

double
own_moment (int watcher)
{
  return (watcher + 1) * TICK / 2048;
}

/* Whether of the two watchers, both active, the due times are past and the same. */
static int
is_tie (ev_watcher_time *one, ev_watcher_time *other, double now)
{
  return ev_is_active (one) && ev_is_active (other) && one->at == other->at && one->at < now;
}

void
look_for_ties (double mono, double real)
{
  int i, j;
  for (i = 0; i < WATCHERS; ++i)
    {
      enum kind kind = kind_of (i);
      if (kind != TIMER && kind != INNER_TIMER && kind != PERIODIC)
        continue;
      for (j = i + 1; j < WATCHERS && kind_of (j) == kind; ++j)
        if (is_tie (&all[i].time, &all[j].time, kind == PERIODIC ? real : mono))
          trace_stop ();
      if (kind == TIMER && is_tie (&all[i].time, (ev_watcher_time *)&stopper, mono))
        trace_stop ();
    }
}

void
set (int watcher, int a, int b)
{
  union any *w = &all[watcher];
  int priority = ev_priority (&w->watcher);
  if (!is_idle (watcher))
    return;
  switch (kind_of (watcher))
    {
    case IO:
    case INNER_IO:
      ev_io_set (&w->io, a >> 9 & 3 ? pair[a % PAIRS][a >> 8 & 1] : extra[a % EXTRAS], b % 3 + 1);
      break;
    case TIMER:
    case INNER_TIMER:
      ev_timer_set (&w->timer, delay (a, watcher) - (b % 16 == 0 ? 1. : 0.),
                    b % 3 ? 0. : delay (b >> 4, watcher) + TICK);
      break;
    case PERIODIC:
      ev_periodic_set (&w->periodic,
                       b % 2 ? (a % 64) * TICK + own_moment (watcher) : 2e9 + virtual_now () + delay (a, watcher),
                       b % 2 ? delay (b >> 2, NOBODY) + 4 * TICK : 0., 0);
      break;
    case SIGNAL:
      ev_signal_set (&w->signal, a % 2 ? SIGUSR1 : SIGUSR2);
      break;
    default:
      break;
    }
  ev_set_priority (&w->watcher, priority);
}

/* The reference aborts on such a descriptor. */
int
is_closed (int watcher)
{
  return is_io (watcher) && fcntl (all[watcher].io.fd, F_GETFD) < 0;
}

void
start_or_stop (int watcher, int start)
{
  union any *w = &all[watcher];
  struct ev_loop *own = loop_of (watcher);
  if (!own || (start && is_closed (watcher)))
    return;
  if (heard && heard->lost[heard->runs][watcher])
    heard->lost[heard->runs][watcher] = CHANGED_SINCE;
#define DO(kind, type) case kind: if (start) ev_##type##_start (own, (ev_##type *)w); else ev_##type##_stop (own, (ev_##type *)w); break
  switch (kind_of (watcher))
    {
    DO (IO, io);
    DO (TIMER, timer);
    DO (PERIODIC, periodic);
    DO (SIGNAL, signal);
    DO (IDLE, idle);
    DO (PREPARE, prepare);
    DO (CHECKER, check);
    DO (FORKER, fork);
    DO (CLEANUP, cleanup);
    DO (ASYNC, async);
    DO (EMBED, embed);
    DO (INNER_IO, io);
    DO (INNER_TIMER, timer);
    default:
      break;
    }
}

void
again (int watcher)
{
  union any *w = &all[watcher];
  if (kind_of (watcher) == TIMER)
    ev_timer_again (loop, &w->timer);
  else
    ev_periodic_again (loop, &w->periodic);
}

/* Below the loop's own: which of two descriptors the kernel reports first depends on how often signalfd is called, and the reference
   calls it at every start. */
int
allowed (int watcher, int priority)
{
  enum kind kind = kind_of (watcher);
  return priority > 1 && program->flags & EVFLAG_SIGNALFD && (kind == IO || kind == EMBED) ? 1 : priority;
}

/* Starts a watcher with a priority that may be out of range. */
void
start_oddly (int watcher, int priority)
{
  if (!loop_of (watcher) || is_closed (watcher))
    return;
  start_or_stop (watcher, 0);
  ev_set_priority (&all[watcher].watcher, allowed (watcher, priority));
  start_or_stop (watcher, 1);
  trace ("priority", ev_priority (&all[watcher].watcher), 0, 0, 0);
}

void
look (int watcher)
{
  union any *w = &all[watcher];
  long more = 0;
  if (!loop_of (watcher))
    return;
  if (kind_of (watcher) == TIMER)
    more = steps (ev_timer_remaining (loop, &w->timer));
  else if (kind_of (watcher) == PERIODIC)
    more = steps (ev_periodic_at (&w->periodic) - 2e9);
  else if (is_io (watcher))
    more = w->io.events;
  trace ("look", watcher | (long)ev_pending_count (loop) << 8, ev_is_active (&w->watcher) != 0, ev_is_pending (&w->watcher) != 0, more);
}
