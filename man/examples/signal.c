/* signal.c - an orderly end on SIGTERM or SIGINT */
#include <ev.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void
on_end (EV_P_ ev_signal *w, int revents)
{
  /* An ordinary callback: everything may be called here. */
  printf ("got %s\n", w->signum == SIGTERM ? "SIGTERM" : "SIGINT");
  ev_break (EV_A_ EVBREAK_ALL);
}

static void
on_work (EV_P_ ev_timer *w, int revents)
{
  puts ("working");
  kill (getpid (), SIGTERM); /* somebody wants us to end */
}

int
main (void)
{
  struct ev_loop *loop = ev_default_loop (0);
  ev_signal terminate, interrupt;
  ev_timer work;

  ev_signal_init (&terminate, on_end, SIGTERM);
  ev_signal_start (loop, &terminate);
  ev_signal_init (&interrupt, on_end, SIGINT);
  ev_signal_start (loop, &interrupt);

  ev_timer_init (&work, on_work, 0., 60.);
  ev_timer_start (loop, &work);

  ev_run (loop, 0);
  puts ("everything is put away");
  return 0;
}
