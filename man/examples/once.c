/* once.c - wait for a descriptor, but not for ever */
#include <ev.h>
#include <stdio.h>
#include <unistd.h>

static void
on_ready (int revents, void *arg)
{
  if (revents & EV_READ)
    printf ("%s: readable\n", (const char *)arg);
  else if (revents & EV_TIMER)
    printf ("%s: nothing came in time\n", (const char *)arg);
}

int
main (void)
{
  struct ev_loop *loop = ev_default_loop (0);
  int quiet[2], busy[2];

  if (pipe (quiet) != 0 || pipe (busy) != 0
      || write (busy[1], "x", 1) != 1)
    return 1;

  ev_once (loop, busy[0], EV_READ, 10., on_ready, "busy");
  ev_once (loop, quiet[0], EV_READ, 0.1, on_ready, "quiet");
  ev_run (loop, 0);
  return 0;
}
