/* cleanup.c - a module that puts its things away when the loop ends */
#include <ev.h>
#include <stdio.h>
#include <stdlib.h>

struct module
{
  ev_cleanup cleanup;
  char *buffer;
};

static void
on_cleanup (EV_P_ ev_cleanup *w, int revents)
{
  struct module *module = (struct module *)w; /* the first member */

  free (module->buffer);
  free (module);
  puts ("the module is put away");
}

static void
module_begin (EV_P)
{
  struct module *module = malloc (sizeof *module);

  if (!module)
    abort ();
  module->buffer = malloc (4096);
  ev_cleanup_init (&module->cleanup, on_cleanup);
  ev_cleanup_start (EV_A_ &module->cleanup);
}

int
main (void)
{
  struct ev_loop *loop = ev_loop_new (0);

  if (!loop)
    return 1;
  module_begin (loop);
  /* A cleanup watcher keeps no loop running. */
  printf ("%d active\n", ev_run (loop, 0));
  ev_loop_destroy (loop);
  return 0;
}
