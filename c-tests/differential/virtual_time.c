/* Time that stands still but for waits: these definitions come before the C library's for the library under test, and a wait moves
   the clock to its end in place of sleeping.

   The clock moves in steps of TICK seconds. Libraries may round a wait by less than half a step, and a timer is due strictly after
   its time: so a wait ends on the step after the nearest one, whoever asked. */
#define _GNU_SOURCE
#include "program.h"

#include <dlfcn.h>
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdarg.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 441
#endif
#ifndef SYS_io_uring_enter
#define SYS_io_uring_enter 426
#endif

static long ticks;
/* How far the real clock was set. */
static long jumped;
/* Iterations in a row in which no time passed, and whether this one is such. It may have asked the kernel more than once, and reads
   the clock after that. */
static int short_waits, is_short;

void
virtual_reset (void)
{
  ticks = jumped = 0;
  short_waits = is_short = 0;
}

double
virtual_now (void)
{
  return ticks * TICK;
}

void
virtual_pass (int steps)
{
  ticks += steps;
}

void
virtual_sleep (void)
{
  struct timespec millisecond = { 0, 1000000 };
  syscall (SYS_nanosleep, &millisecond, (void *)0);
}

void
virtual_jump (int steps)
{
  jumped += steps;
}


static double
of_timespec (const struct timespec *t)
{
  return t ? t->tv_sec + t->tv_nsec * 1e-9 : 1e6;
}

static double
mono (void)
{
  return ticks * TICK + 1e5;
}

static double
real (void)
{
  return (ticks + jumped) * TICK + 2e9;
}

/* After a wait that may have lasted this long, if nothing is ready. */
static void
waited (int ready, double seconds)
{
  is_short = !heard;
  /* What a sleep left of a wait is this or nothing, as the arithmetic has it. */
  if (!ready && seconds > 1.5e-6)
    {
      /* The longest waits have fractions of .48 and .55 of a step, and libraries round up to a millisecond, .06. */
      ticks = (long)floor ((ticks * TICK + seconds) / TICK + .3) + 1;
      short_waits = is_short = 0;
    }
  look_for_ties (mono (), real ());
}

/* Nor does time stand still for ever. */
static void
end_iteration (void)
{
  if (is_short && ++short_waits % 16 == 0)
    {
      ++ticks;
      look_for_ties (mono (), real ());
    }
  is_short = 0;
}

int
clock_gettime (clockid_t id, struct timespec *now)
{
  double t;
  end_iteration ();
  t = id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE ? real () : mono ();
  now->tv_sec = (time_t)t;
  now->tv_nsec = lrint ((t - floor (t)) * 1e9);
  return 0;
}

int
gettimeofday (struct timeval *restrict now, void *restrict zone)
{
  struct timespec t;
  clock_gettime (CLOCK_REALTIME, &t);
  now->tv_sec = t.tv_sec;
  now->tv_usec = t.tv_nsec / 1000;
  return 0;
}

/* A sleep ends on the nearest step. */
int
nanosleep (const struct timespec *span, struct timespec *left)
{
  ticks = lrint ((ticks * TICK + of_timespec (span)) / TICK);
  return 0;
}

int
select (int n, fd_set *r, fd_set *w, fd_set *e, struct timeval *timeout)
{
  struct timespec none = { 0, 0 };
  double seconds = timeout ? timeout->tv_sec + timeout->tv_usec * 1e-6 : 1e6;
  int ready;
  ready = (int)syscall (SYS_pselect6, n, r, w, e, &none, (void *)0);
  waited (ready, seconds);
  return ready;
}

int
ppoll (struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask)
{
  struct timespec none = { 0, 0 };
  int ready = (int)syscall (SYS_ppoll, fds, n, &none, (void *)0, 8);
  waited (ready, of_timespec (timeout));
  return ready;
}

int
poll (struct pollfd *fds, nfds_t n, int timeout)
{
  struct timespec span = { timeout / 1000, timeout % 1000 * 1000000l };
  return ppoll (fds, n, timeout < 0 ? 0 : &span, 0);
}

int
epoll_wait (int set, struct epoll_event *events, int room, int timeout)
{
  int ready = epoll_pwait (set, events, room, 0, 0);
  waited (ready, timeout < 0 ? 1e6 : timeout * 1e-3);
  return ready;
}

/* The kernel's own, but for the waits that have no function in old C libraries. */
long
syscall (long number, ...)
{
  static long (*kernel) (long, ...);
  long a, b, c, d, e, f, ready;
  va_list more;
  va_start (more, number);
  a = va_arg (more, long);
  b = va_arg (more, long);
  c = va_arg (more, long);
  d = va_arg (more, long);
  e = va_arg (more, long);
  f = va_arg (more, long);
  va_end (more);
  if (!kernel)
    kernel = (long (*) (long, ...))dlsym (RTLD_NEXT, "syscall");
  if (number == SYS_epoll_pwait2)
    {
      ready = epoll_pwait ((int)a, (struct epoll_event *)b, (int)c, 0, 0);
      waited (ready, of_timespec ((const struct timespec *)d));
      return ready;
    }
  if (number == SYS_io_getevents || number == SYS_io_pgetevents)
    {
      struct timespec none = { 0, 0 };
      ready = kernel (SYS_io_getevents, a, b, c, d, &none);
      waited (ready, of_timespec ((const struct timespec *)e));
      return ready;
    }
  if (number == SYS_io_uring_enter && c)
    {
      /* What is handed over first, then the wait, whose argument has the time's address at its end. */
      struct timespec none = { 0, 0 };
      unsigned long argument[3] = { 0, 0, (unsigned long)&none };
      ready = kernel (number, a, b, 0l, d, e, f);
      if (ready < 0)
        return ready;
      waited (kernel (number, a, 0l, c, d, argument, f) >= 0, of_timespec (*(const struct timespec *const *)(e + 16)));
      return ready;
    }
  return kernel (number, a, b, c, d, e, f);
}
