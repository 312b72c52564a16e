/* again.c - a time-out that every activity puts off */
#include <ev.h>
#include <stdio.h>

static ev_timer silence;
static int messages;

static void
on_silence (EV_P_ ev_timer *w, int revents)
{
  puts ("nothing for 0.4 seconds");
  ev_break (EV_A_ EVBREAK_ALL);
}

static void
on_message (EV_P_ ev_timer *w, int revents)
{
  printf ("message %d\n", ++messages);
  ev_timer_again (EV_A_ &silence); /* counts from now again */
  if (messages == 3)
    ev_timer_stop (EV_A_ w);
}

int
main (void)
{
  struct ev_loop *loop = ev_default_loop (0);
  ev_timer message;

  /* No ev_timer_set and no ev_timer_start: repeat is all it takes. */
  ev_init (&silence, on_silence);
  silence.repeat = 0.4;
  ev_timer_again (loop, &silence);

  ev_timer_init (&message, on_message, 0.02, 0.02);
  ev_timer_start (loop, &message);

  ev_run (loop, 0);
  return 0;
}
