/* Whether a backend tells of all that poll tells of, which keeps nothing in the kernel. Spurious events are allowed where the manual
   allows them: of descriptors. */
#include "program.h"

#include <stdio.h>
#include <string.h>

static struct heard of_poll, of_other;

static int
may_be_called_more (int hearer)
{
  /* And idle watchers find that nothing of a higher priority is pending. */
  return hearer >= WATCHERS || is_io (hearer) || kind_of (hearer) == EMBED || kind_of (hearer) == IDLE;
}

int
lacks (int run)
{
  int hearer;
  if (heard == &of_poll)
    return 0;
  for (hearer = 0; hearer < HEARERS; ++hearer)
    if (of_poll.events[run][hearer] & ~heard->events[run][hearer] && !(hearer < WATCHERS && heard->lost[run][hearer]))
      return 1;
  return 0;
}

static int
complain (unsigned long seed, unsigned backend, int run, int hearer, unsigned wanted, unsigned seen)
{
  printf ("seed %lu, backend %x, run %d, %s %d: %x on poll, %x here\n", seed, backend, run,
          hearer < WATCHERS ? watcher_name (hearer) : "once", hearer, wanted, seen);
  return 0;
}

/* A watcher of which the descriptor was closed is told of an error and stopped; where the kernel says nothing, it stays. */
static int
loss_is_told (const struct heard *heard, int run, int w, unsigned backend)
{
  unsigned seen = heard->events[run][w];
  int told = (seen & EV_ERROR) != 0;
  if (told == heard->active[run][w])
    return 0;
  return told || backend == EVBACKEND_EPOLL || backend == EVBACKEND_LINUXAIO || backend == EVBACKEND_IOURING || kind_of (w) == INNER_IO;
}

static void
run_on (const struct program *p, unsigned backend, struct heard *into)
{
  memset (into, 0, sizeof *into);
  heard = into;
  run_program (p, backend);
  heard = 0;
}

int
compare_calmly (const struct program *p, unsigned long seed, unsigned backend)
{
  int run, hearer;
  run_on (p, EVBACKEND_POLL, &of_poll);
  run_on (p, backend, &of_other);
  if (of_poll.runs != of_other.runs)
    return complain (seed, backend, -1, 0, (unsigned)of_poll.runs, (unsigned)of_other.runs);
  for (run = 0; run < of_poll.runs; ++run)
    for (hearer = 0; hearer < HEARERS; ++hearer)
      {
        unsigned wanted = of_poll.events[run][hearer], seen = of_other.events[run][hearer];
        if (hearer < WATCHERS && of_other.lost[run][hearer])
          {
            if (of_other.lost[run][hearer] == LOST && !loss_is_told (&of_other, run, hearer, backend))
              return complain (seed, backend, run, hearer, EV_ERROR, seen);
          }
        else if (may_be_called_more (hearer) ? wanted & ~seen : wanted != seen)
          return complain (seed, backend, run, hearer, wanted, seen);
      }
  return 1;
}
