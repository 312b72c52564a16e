/* child.c - a child process and how it ended */
#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void
on_child (EV_P_ ev_child *w, int revents)
{
  ev_child_stop (EV_A_ w); /* the kernel may use the number again */
  if (w->rpid == w->pid && WIFEXITED (w->rstatus))
    printf ("the child exited with %d\n", WEXITSTATUS (w->rstatus));
}

int
main (void)
{
  struct ev_loop *loop = ev_default_loop (0);
  ev_child watcher;
  pid_t pid = fork ();

  if (pid < 0)
    return 1;
  if (pid == 0)
    _exit (7); /* the child does not use the loop */

  /* Not too late if it is gone already: only a running loop reaps. */
  ev_child_init (&watcher, on_child, pid, 0);
  ev_child_start (loop, &watcher);

  ev_run (loop, 0);
  return 0;
}
