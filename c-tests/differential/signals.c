/* Signals, which belong to the process: none may get from one program into the next. */
#include "running.h"

#include <signal.h>

static void
no_op (EV_P_ ev_signal *w, int revents)
{
}

/* A signal that was raised and not handled yet is remembered beyond its loop: none may reach the next program. */
void
handle_signals (void)
{
  ev_signal w[2];
  int i;
  for (i = 0; i < 2; ++i)
    {
      ev_signal_init (&w[i], no_op, i ? SIGUSR1 : SIGUSR2);
      ev_signal_start (loop, &w[i]);
      raise (w[i].signum);
    }
  ev_run (loop, EVRUN_NOWAIT);
  ev_run (loop, EVRUN_NOWAIT);
  for (i = 0; i < 2; ++i)
    ev_signal_stop (loop, &w[i]);
}

/* A loop that ends leaves handlers and mask as they are. */
void
forget_signals (void)
{
  sigset_t both;
  signal (SIGUSR1, SIG_IGN);
  signal (SIGUSR2, SIG_IGN);
  sigemptyset (&both);
  sigaddset (&both, SIGUSR1);
  sigaddset (&both, SIGUSR2);
  sigprocmask (SIG_UNBLOCK, &both, 0);
}

/* Without a watcher a signal is ignored; the last stop has restored what would end the process. */
void
raise_signal (int signum)
{
  struct sigaction now;
  sigaction (signum, 0, &now);
  if (now.sa_handler == SIG_DFL)
    signal (signum, SIG_IGN);
  raise (signum);
}
