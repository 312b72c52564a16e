/* Loops created and destroyed; also ones that have lived: an iteration, an async watcher, a timer. */
#include "loop.h"

static void
never (EV_P_ ev_timer *w, int revents)
{
  fail ("a timer came an hour early");
}

static void
on_async (EV_P_ ev_async *w, int revents)
{
}

static void
live (struct ev_loop *own)
{
  ev_timer timer;
  ev_async async;
  ev_timer_init (&timer, never, 3600., 0.);
  ev_timer_start (own, &timer);
  ev_async_init (&async, on_async);
  ev_async_start (own, &async);
  ev_run (own, EVRUN_NOWAIT);
  ev_async_stop (own, &async);
  ev_timer_stop (own, &timer);
}

static long
turn (void)
{
  int i;
  for (i = 0; i < 20; ++i)
    {
      struct ev_loop *own = ev_loop_new (backend | EVFLAG_NOENV);
      CHECK (own);
      if (is ("lived"))
        live (own);
      ev_loop_destroy (own);
    }
  return 20;
}

int
main (int argc, char **argv)
{
  return bench (argc, argv, make_loop, turn, 0);
}
