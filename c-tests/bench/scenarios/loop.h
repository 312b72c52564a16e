/* The loop that a scenario measures, on the backend that is asked for. */
#ifndef LOOP_H
#define LOOP_H
#include "../bench.h"
#include <ev.h>

static struct ev_loop *loop;

static void __attribute__ ((unused))
make_loop (void)
{
  if (backend && !(ev_supported_backends () & backend))
    skip ("the library does not have the backend here");
  loop = ev_default_loop (backend | EVFLAG_NOENV);
  if (!loop || (backend && ev_backend (loop) != backend))
    skip ("the loop does not get the backend here");
}

#endif
