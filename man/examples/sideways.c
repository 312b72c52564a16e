/* sideways.c - a callback leaves ev_run by longjmp; the loop goes on */
#include <ev.h>
#include <setjmp.h>
#include <stdio.h>

static jmp_buf out;

static void
on_first (EV_P_ ev_timer *w, int revents)
{
  longjmp (out, 1);
}

static void
on_second (EV_P_ ev_timer *w, int revents)
{
  puts ("the second timer was not lost");
}

int
main (void)
{
  struct ev_loop *loop = ev_default_loop (0);
  static ev_timer first, second;

  /* Both are due already, this one first. */
  ev_timer_init (&first, on_first, -2., 0.);
  ev_timer_start (loop, &first);
  ev_timer_init (&second, on_second, -1., 0.);
  ev_timer_start (loop, &second);

  if (setjmp (out) == 0)
    ev_run (loop, 0);
  else
    puts ("left the run");

  ev_run (loop, 0);
  return 0;
}
