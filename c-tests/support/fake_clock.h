/* A clock that the test turns by hand: include it in one file of a program and every clock read of the program and of the
 * library goes through here. It runs with the kernel's until fake_clock_stop; from then on only fake_clock_step moves it.
 * Waits still take real time, so a stopped clock goes with EVRUN_NOWAIT.
 */
#ifndef FERROEV_FAKE_CLOCK_H
#define FERROEV_FAKE_CLOCK_H

#include "t.h"

#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

static int fake_stopped;
static int64_t fake_real, fake_mono;    /* nanoseconds, once stopped */
static int64_t fake_real_shift;         /* added to the wall clock while running */

int
clock_gettime (clockid_t id, struct timespec *out)
{
  int real = id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE;
  int64_t ns;
  if (fake_stopped)
    ns = real ? fake_real : fake_mono;
  else
    {
      struct timespec now;
      if (syscall (SYS_clock_gettime, id, &now))
        return -1;
      ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec + (real ? fake_real_shift : 0);
    }
  out->tv_sec = ns / 1000000000;
  out->tv_nsec = ns % 1000000000;
  return 0;
}

int
gettimeofday (struct timeval *restrict out, void *restrict zone)
{
  struct timespec now;
  (void)zone;
  clock_gettime (CLOCK_REALTIME, &now);
  out->tv_sec = now.tv_sec;
  out->tv_usec = now.tv_nsec / 1000;
  return 0;
}

/* Stops both clocks: the wall clock at `real`, the monotonic one at `mono` seconds. Before the loop is made. */
static inline void
fake_clock_stop (double real, double mono)
{
  fake_real = (int64_t)(real * 1e9);
  fake_mono = (int64_t)(mono * 1e9);
  fake_stopped = 1;
}

/* Both clocks go on by `seconds`. */
static inline void
fake_clock_step (double seconds)
{
  int64_t ns = (int64_t)llround (seconds * 1e9);
  fake_real += ns;
  fake_mono += ns;
}

/* Somebody sets the wall clock: it jumps by `seconds`. */
static inline void
fake_clock_jump (double seconds)
{
  int64_t ns = (int64_t)llround (seconds * 1e9);
  fake_real += ns;
  fake_real_shift += ns;
}

#endif
