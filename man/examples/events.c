/* events.c - a descriptor, a signal and a time-out the libevent way */
#include <event.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static struct event readable, hangup, timer;
static int ends[2];

static void
on_readable (int fd, short events, void *arg)
{
  char text[64];
  ssize_t length;

  if (events & EV_TIMEOUT)
    {
      puts ("nothing came any more");
      event_del (&hangup); /* the last event: event_dispatch returns */
      return;
    }
  length = read (fd, text, sizeof text);
  printf ("read: %.*s\n", (int)length, text);
}

static void
on_hangup (int signum, short events, void *arg)
{
  puts ("SIGHUP");
}

static void
on_timer (int fd, short events, void *arg)
{
  struct timeval soon = { 2, 0 };

  if (write (ends[1], arg, 5) != 5)
    perror ("write");
  raise (SIGHUP);
  event_add (&readable, &soon); /* its time-out begins anew */
}

int
main (void)
{
  struct timeval tenth = { 0, 100000 }, minute = { 60, 0 };

  if (!event_init () || pipe (ends) != 0)
    return 1;

  event_set (&readable, ends[0], EV_READ | EV_PERSIST,
             on_readable, NULL);
  event_add (&readable, &minute);

  signal_set (&hangup, SIGHUP, on_hangup, NULL);
  signal_add (&hangup, NULL);

  evtimer_set (&timer, on_timer, "hello");
  evtimer_add (&timer, &tenth);

  event_dispatch ();
  return 0;
}
