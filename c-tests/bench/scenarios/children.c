/* Children that end at once, so many at a time, each with a watcher; mostly the cost of having a child. */
#include "loop.h"
#include <sys/wait.h>

static ev_child *child;
static long came;

static void
on_child (EV_P_ ev_child *w, int revents)
{
  CHECK (w->rpid == w->pid && WIFEXITED (w->rstatus) && WEXITSTATUS (w->rstatus) == 0);
  ev_child_stop (EV_A_ w);
  ++came;
}

/* Fork is dear for a process with much memory; the child only ends. */
static pid_t
bear (void)
{
  pid_t pid = vfork ();
  if (!pid)
    _exit (0);
  CHECK (pid > 0);
  return pid;
}

static void
set_up (void)
{
  make_loop ();
  child = room (size, sizeof *child);
}

static long
turn (void)
{
  long before = came, i;
  for (i = 0; i < size; ++i)
    {
      ev_child_init (&child[i], on_child, bear (), 0);
      ev_child_start (loop, &child[i]);
    }
  while (came < before + size)
    ev_run (loop, EVRUN_ONCE);
  return size;
}

int
main (int argc, char **argv)
{
  return bench (argc, argv, set_up, turn, 0);
}
