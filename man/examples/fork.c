/* fork.c - a loop that goes on in the child */
#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *who = "parent";

static void
on_fork (EV_P_ ev_fork *w, int revents)
{
  printf ("%s: the loop has noticed the fork\n", who);
  fflush (stdout);
}

static void
on_timeout (EV_P_ ev_timer *w, int revents)
{
  printf ("%s: timer\n", who);
  fflush (stdout);
}

int
main (void)
{
  struct ev_loop *loop = ev_default_loop (0);
  ev_fork forked;
  ev_timer timer;
  pid_t pid;

  ev_fork_init (&forked, on_fork);
  ev_fork_start (loop, &forked);
  ev_unref (loop);

  ev_timer_init (&timer, on_timeout, 0.1, 0.);
  ev_timer_start (loop, &timer);

  pid = fork ();
  if (pid < 0)
    return 1;
  if (pid == 0)
    {
      who = "child";
      ev_loop_fork (loop); /* this process goes on with the loop */
    }
  else
    waitpid (pid, NULL, 0); /* so that the child prints first */

  ev_run (loop, 0);
  return 0;
}
