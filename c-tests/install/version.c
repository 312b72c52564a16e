/* A program that uses next to nothing of the library. */
#include <ev.h>
#include <stdio.h>

int
main (void)
{
  printf ("%d.%d\n", ev_version_major (), ev_version_minor ());
  return 0;
}
