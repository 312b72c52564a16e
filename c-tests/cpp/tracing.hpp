/* What the tests of ev++.h share. */
#ifndef FERROEV_CPP_TRACING_HPP
#define FERROEV_CPP_TRACING_HPP

#include "t.h"

#include <ev++.h>

/* For loops on the backend under test. */
static inline unsigned
flags ()
{
  return t_backend | EVFLAG_NOENV;
}

/* A watcher whose calls go into the trace as "name:revents". */
template<class W>
struct traced
{
  const char *name;
  W w;
  int calls = 0;

  traced (const char *name, ev::loop_ref loop) : name (name), w (loop) { w.template set<traced, &traced::call> (this); }

  void
  call (W &which, int revents)
  {
    CHECK (&which == &w);
    ++calls;
    t_trace ("%s:%x", name, (unsigned)revents);
  }
};

static inline void
ignore (ev::timer &, int)
{
}

/* Runs the loop, an iteration at a time, until something is so; the test fails if that takes too long. */
template<class Condition>
void
run_until (ev::loop_ref loop, Condition condition)
{
  ev::timer tick (loop);
  tick.set<ignore> ();
  tick.start (.05, .05);
  for (double end = t_clock () + 8.; !condition ();)
    {
      CHECK (t_clock () < end);
      loop.run (ev::ONCE);
    }
}

#endif
