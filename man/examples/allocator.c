/* allocator.c - how much memory the library holds */
#include <ev.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

static size_t held;

static void *
counted (void *block, long size) EV_NOEXCEPT
{
  held -= malloc_usable_size (block);
  if (size == 0)
    {
      free (block);
      return NULL;
    }
  block = realloc (block, (size_t)size);
  held += malloc_usable_size (block);
  return block; /* NULL would end the process */
}

int
main (void)
{
  struct ev_loop *loop;

  ev_set_allocator (counted); /* before the first loop is made */
  loop = ev_loop_new (0);
  if (!loop)
    return 1;
  ev_run (loop, 0);
  printf ("with a loop: %s\n", held > 0 ? "some" : "none");
  ev_loop_destroy (loop);
  printf ("without it: %s\n", held > 0 ? "some" : "none");
  return 0;
}
