/* A C++ program as a user of the installed library writes it: an exception leaves ev_run out of a callback,
   and the loop goes on afterwards. */
#include <ev.h>
#include <cstdio>
#include <stdexcept>

static int fired;

static void
fire (struct ev_loop *loop, ev_timer *timer, int)
{
  ev_timer_stop (loop, timer);
  if (++fired == 1)
    throw std::runtime_error ("left");
}

int
main ()
{
  struct ev_loop *loop = ev_loop_new (0);
  ev_timer first, second;
  ev_timer_init (&first, fire, 0., 0.);
  ev_timer_init (&second, fire, 0.001, 0.);
  ev_timer_start (loop, &first);
  ev_timer_start (loop, &second);
  const char *how = "returned";
  try
    {
      ev_run (loop, 0);
    }
  catch (const std::runtime_error &error)
    {
      how = error.what ();
    }
  int watchers = ev_run (loop, 0);
  ev_loop_destroy (loop);
  std::printf ("%s %d %d\n", how, fired, watchers);
  return 0;
}
