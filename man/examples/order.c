/* order.c - who is called first when all happens in one iteration */
#include <ev.h>
#include <stdio.h>
#include <unistd.h>

static void
say (EV_P_ void *w)
{
  const char *name = ((ev_watcher *)w)->data;

  printf ("%-6s priority %d\n", name, ev_priority (w));
}

static void
on_io (EV_P_ ev_io *w, int revents)
{
  say (EV_A_ w);
  ev_io_stop (EV_A_ w);
}

static void
on_timer (EV_P_ ev_timer *w, int revents)
{
  say (EV_A_ w);
}

static void
on_check (EV_P_ ev_check *w, int revents)
{
  say (EV_A_ w);
  ev_check_stop (EV_A_ w);
}

int
main (void)
{
  struct ev_loop *loop = ev_default_loop (0);
  int ends[2];
  ev_io io, urgent;
  ev_timer early, late;
  ev_check check;

  if (pipe (ends) != 0)
    return 1;
  ev_io_init (&io, on_io, ends[1], EV_WRITE); /* at once: it is empty */
  io.data = "io";
  ev_io_start (loop, &io);

  ev_io_init (&urgent, on_io, ends[1], EV_WRITE);
  urgent.data = "urgent";
  ev_set_priority (&urgent, 1); /* before the start */
  ev_io_start (loop, &urgent);

  ev_timer_init (&late, on_timer, -1., 0.); /* both are due already */
  late.data = "late";
  ev_timer_start (loop, &late);
  ev_timer_init (&early, on_timer, -2., 0.);
  early.data = "early";
  ev_timer_start (loop, &early);

  ev_check_init (&check, on_check);
  check.data = "check";
  ev_check_start (loop, &check);

  ev_run (loop, 0);
  return 0;
}
