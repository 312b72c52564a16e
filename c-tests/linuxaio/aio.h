/* What the tests of linuxaio share: the system calls that matter, contexts as the kernel shows them. */
#ifndef FERROEV_AIO_H
#define FERROEV_AIO_H

#include "inject.h"
#include "many.h"

/* First thing in a test that counts or injects. */
#define WATCH_AIO() \
  inject_watch (SYS_io_setup, SYS_io_destroy, SYS_io_submit, SYS_io_cancel, SYS_io_getevents, SYS_io_pgetevents, \
                SYS_epoll_create1, SYS_epoll_ctl)

/* For rings of this program: how many there are (each context is a mapping of its own). */
static inline int
aio_contexts (void)
{
  char line[4096];
  int n = 0;
  FILE *maps = fopen ("/proc/self/maps", "r");
  CHECK (maps);
  while (fgets (line, sizeof line, maps))
    n += strstr (line, "/[aio]") != 0;
  fclose (maps);
  return n;
}

/* The start of the only ring. */
static inline void *
aio_ring (void)
{
  char line[4096];
  unsigned long start = 0;
  FILE *maps = fopen ("/proc/self/maps", "r");
  CHECK (maps);
  CHECK_EQ (aio_contexts (), 1);
  while (fgets (line, sizeof line, maps))
    if (strstr (line, "/[aio]"))
      start = strtoul (line, 0, 16);
  fclose (maps);
  return (void *)start;
}

static inline int
waits (void)
{
  return inject_calls (SYS_io_getevents) + inject_calls (SYS_io_pgetevents);
}

/* ---- errors of system calls, as the library tells them ---- */

static inline void
trace_syserr (const char *message)
{
  t_trace ("%s|%d", message, errno);
}

#endif
