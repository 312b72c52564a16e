/* stat.c - a file that grows and vanishes */
#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char path[] = "/tmp/stat-example-XXXXXX";
static FILE *file;

static void
on_change (EV_P_ ev_stat *w, int revents)
{
  if (w->attr.st_nlink == 0)
    {
      puts ("the file is gone");
      ev_break (EV_A_ EVBREAK_ALL);
    }
  else
    {
      printf ("%d bytes, before %d\n",
              (int)w->attr.st_size, (int)w->prev.st_size);
      unlink (path);
    }
}

static void
on_write (EV_P_ ev_timer *w, int revents)
{
  fputs ("hello\n", file);
  fclose (file);
}

int
main (void)
{
  struct ev_loop *loop = ev_default_loop (0);
  int fd = mkstemp (path);
  ev_stat changed;
  ev_timer timer;

  file = fdopen (fd, "w");
  if (!file)
    return 1;

  /* Looked at twice a second where the kernel does not tell. */
  ev_stat_init (&changed, on_change, path, 0.5);
  ev_stat_start (loop, &changed);

  ev_timer_init (&timer, on_write, 0.1, 0.);
  ev_timer_start (loop, &timer);

  ev_run (loop, 0);
  return 0;
}
