/* Callbacks that throw, and runs that are caught. */
#ifndef FERROEV_THROWN_HPP
#define FERROEV_THROWN_HPP

#include "drive.h"

#include <string>

struct thrown
{
  std::string name;
};

/* The callback of a watcher that adds its name to the trace. */
template <class W>
static void
notes (EV_P_ W *w, int revents)
{
  (void)loop;
  note_any ((ev_watcher *)w, revents);
}

/* One that throws it then. */
template <class W>
static void
throws (EV_P_ W *w, int revents)
{
  (void)loop;
  note_any ((ev_watcher *)w, revents);
  throw thrown { (const char *)w->data };
}

/* One that does so the first time. */
template <class W>
static void
throws_once (EV_P_ W *w, int revents)
{
  ev_set_cb (w, (notes<W>));
  throws (loop, w, revents);
}

/* The name that `work` threw; "" if it returned. Until the next one. */
template <class Work>
static const char *
caught (Work work)
{
  static std::string name;
  name = "";
  try
    {
      work ();
    }
  catch (const thrown &what)
    {
      name = what.name;
    }
  return name.c_str ();
}

static inline const char *
run_caught (struct ev_loop *loop, int flags)
{
  return caught ([=] { ev_run (loop, flags); });
}

#endif
