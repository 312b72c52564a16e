/* A fork every 100 ms: the child goes on with the loop and proves that it works there. */
#define _GNU_SOURCE
#include "soak.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* Children at once; each has all descriptors armed anew, which takes its time. */
enum { MOST = 4, WELL = 7 };

static ev_timer forker;
static ev_child child[MOST];
static int busy[MOST], ended;
static long forked, reaped;

static void
on_child (EV_P_ ev_child *w, int revents)
{
  if (in_child)
    return;
  if (!WIFEXITED (w->rstatus) || WEXITSTATUS (w->rstatus) != WELL)
    fail ("a child ended with status %x", (unsigned)w->rstatus);
  ev_child_stop (EV_A_ w);
  busy[w - child] = 0;
  ++reaped;
}

static int came_in_child;

static void
own_timer (EV_P_ ev_timer *w, int revents)
{
  came_in_child |= 1;
}

static void
own_io (EV_P_ ev_io *w, int revents)
{
  came_in_child |= 2;
  ev_io_stop (EV_A_ w);
}

static void
live_in_child (void)
{
  ev_timer timer;
  ev_io io;
  int p[2];
  in_child = 1;
  alarm (60);
  ev_loop_fork (loop);
  if (pipe2 (p, O_NONBLOCK | O_CLOEXEC))
    _exit (1);
  ev_io_init (&io, own_io, p[0], EV_READ);
  ev_io_start (loop, &io);
  ev_timer_init (&timer, own_timer, .001, 0.);
  ev_timer_start (loop, &timer);
  if (write (p[1], "x", 1) != 1)
    _exit (2);
  while (came_in_child != 3)
    ev_run (loop, EVRUN_ONCE);
  _exit (WELL);
}

static void
on_forker (EV_P_ ev_timer *w, int revents)
{
  pid_t pid;
  int i;
  if (in_child || ended)
    return;
  for (i = 0; i < MOST && busy[i]; ++i)
    ;
  if (i == MOST)
    return;
  pid = fork ();
  if (pid < 0)
    fail ("fork: errno %d", errno);
  if (!pid)
    live_in_child ();
  busy[i] = 1;
  ++forked;
  ev_child_init (&child[i], on_child, pid, 0);
  ev_child_start (EV_A_ &child[i]);
}

static void
begin (void)
{
  ev_timer_init (&forker, on_forker, .1, .1);
  ev_timer_start (loop, &forker);
}

static void
end (void)
{
  ended = 1;
}

static long
sent (void)
{
  return forked;
}

static long
came (void)
{
  return reaped;
}

const struct part children = { "children", begin, end, sent, came };
