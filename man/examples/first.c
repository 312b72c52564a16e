/* first.c - one loop watches a timer and the reading end of a pipe */
#include <ev.h>
#include <stdio.h>
#include <unistd.h>

static int ends[2];

static void
on_readable (EV_P_ ev_io *w, int revents)
{
  char text[64];
  ssize_t length = read (w->fd, text, sizeof text);

  printf ("read: %.*s\n", (int)length, text);
  ev_io_stop (EV_A_ w); /* the last active watcher: ev_run returns */
}

static void
on_timeout (EV_P_ ev_timer *w, int revents)
{
  puts ("a tenth of a second has passed");
  if (write (ends[1], "hello", 5) != 5)
    perror ("write");
}

int
main (void)
{
  struct ev_loop *loop = ev_default_loop (0);
  ev_timer timeout;
  ev_io readable;

  if (!loop || pipe (ends) != 0)
    return 1;

  ev_io_init (&readable, on_readable, ends[0], EV_READ);
  ev_io_start (loop, &readable);

  ev_timer_init (&timeout, on_timeout, 0.1, 0.);
  ev_timer_start (loop, &timeout);

  ev_run (loop, 0);
  puts ("done");
  return 0;
}
