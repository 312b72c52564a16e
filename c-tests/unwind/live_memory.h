/* An allocator for ev_set_allocator that knows how much is in use: what is left behind again and again shows here. */
#ifndef FERROEV_LIVE_MEMORY_H
#define FERROEV_LIVE_MEMORY_H

#include "drive.h"

#include <malloc.h>

static long live_bytes;

static inline void *
live_allocator (void *p, long size) EV_NOEXCEPT
{
  live_bytes -= (long)malloc_usable_size (p);
  if (size)
    p = realloc (p, (size_t)size);
  else
    {
      free (p);
      p = 0;
    }
  live_bytes += (long)malloc_usable_size (p);
  return p;
}

#endif
