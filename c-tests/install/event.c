/* event.c - a program for libevent 1. Prints "4.33 libev 3" after three ticks. */
#include <event.h>
#include <stdio.h>

static struct event timer;
static int ticks;

static void
tick (int fd, short events, void *arg)
{
  struct timeval tv = { 0, 1000 };
  (void)fd;
  (void)arg;
  if (events & EV_TIMEOUT && ++ticks < 3)
    evtimer_add (&timer, &tv);
}

int
main (void)
{
  struct timeval tv = { 0, 0 };
  event_init ();
  evtimer_set (&timer, tick, NULL);
  evtimer_add (&timer, &tv);
  event_dispatch ();
  printf ("%s %s %d\n", event_get_version (), event_get_method (), ticks);
  return 0;
}
