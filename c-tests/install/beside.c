/* A C program on two static libraries with a Rust runtime each: the loop's and caught.rs. */
#include <ev.h>
#include <stdio.h>

int caught (void);

int
main (void)
{
  int seen = caught ();
  printf ("caught %d\n", ev_version_major () == EV_VERSION_MAJOR ? seen : -1);
  return 0;
}
