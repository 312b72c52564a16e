/* A signal that the process sends itself, until its callback. */
#include "loop.h"
#include <signal.h>

static ev_signal watcher;
static long came;

static void
on_signal (EV_P_ ev_signal *w, int revents)
{
  ++came;
}

static void
set_up (void)
{
  make_loop ();
  ev_signal_init (&watcher, on_signal, SIGUSR1);
  ev_signal_start (loop, &watcher);
}

static long
turn (void)
{
  int i;
  for (i = 0; i < 100; ++i)
    {
      long before = came;
      CHECK (!kill (getpid (), SIGUSR1));
      while (came == before)
        ev_run (loop, EVRUN_ONCE);
      CHECK (came == before + 1);
    }
  return 100;
}

int
main (int argc, char **argv)
{
  return bench (argc, argv, set_up, turn, 0);
}
