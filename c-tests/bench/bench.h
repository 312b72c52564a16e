/* What every program of the benchmark shares: arguments, the watch that measures, the line that is printed.
 *
 * A program gives bench () a set-up, which is not measured, and a turn, which does some events and returns how many; turns
 * are repeated until enough time has been measured, or turns= times. Arguments are size= variant= backend= ms= turns=.
 * Exit status: 0 measured, 77 can't be measured here, 1 failed or lost events.
 */
#ifndef BENCH_H
#define BENCH_H
#ifndef _GNU_SOURCE
# define _GNU_SOURCE
#endif

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static long size = 1;             /* how many of what the scenario is about */
static const char *variant = "";
static unsigned backend;          /* 0: the library's choice */
static double wanted = 150e6;     /* nanoseconds to be measured */
static long turns;                /* or so many turns; 0: by time */
static int with_children;         /* their CPU time counts, too */

/* ---- failing ---- */

static void __attribute__ ((format (printf, 1, 2), noreturn, unused))
fail (const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  vfprintf (stderr, format, arguments);
  va_end (arguments);
  fputc ('\n', stderr);
  exit (1);
}

static void __attribute__ ((noreturn, unused))
skip (const char *why)
{
  puts (why);
  exit (77);
}

#define CHECK(condition) \
  do { if (!(condition)) fail ("%s:%d: %s (errno %d)", __FILE__, __LINE__, #condition, errno); } while (0)

/* ---- the watch ---- */

struct spent { double wall, cpu, user; };

static struct spent total, since, own_cost;
static int measuring;

static inline double
nanoseconds (clockid_t clock)
{
  struct timespec t;
  clock_gettime (clock, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

static inline double
wall_clock (void)
{
  return nanoseconds (CLOCK_MONOTONIC);
}

static double
of (struct timeval t)
{
  return t.tv_sec * 1e9 + t.tv_usec * 1e3;
}

static double
user_clock (double *children)
{
  struct rusage usage;
  double user;
  getrusage (RUSAGE_SELF, &usage);
  user = of (usage.ru_utime);
  *children = 0;
  if (with_children)
    {
      getrusage (RUSAGE_CHILDREN, &usage);
      user += of (usage.ru_utime);
      *children = of (usage.ru_utime) + of (usage.ru_stime);
    }
  return user;
}

/* From here on time counts. */
static void
measure (void)
{
  double children;
  measuring = 1;
  since.user = user_clock (&children);
  since.cpu = nanoseconds (CLOCK_PROCESS_CPUTIME_ID) + children;
  since.wall = wall_clock ();
}

/* From here on it doesn't. */
static void
rest (void)
{
  double wall = wall_clock (), cpu = nanoseconds (CLOCK_PROCESS_CPUTIME_ID), children;
  double user = user_clock (&children);
  measuring = 0;
  total.wall += wall - since.wall - own_cost.wall;
  total.cpu += cpu + children - since.cpu - own_cost.cpu;
  total.user += user - since.user - own_cost.user;
}

/* What a measure () and rest () cost by themselves, so that short stretches can be added up. */
static void
weigh_the_watch (void)
{
  enum { TIMES = 1000 };
  int i;
  for (i = 0; i < TIMES; ++i)
    {
      measure ();
      rest ();
    }
  own_cost = total;
  own_cost.wall /= TIMES;
  own_cost.cpu /= TIMES;
  own_cost.user /= TIMES;
}

static double
measured (void)
{
  return total.wall + (measuring ? wall_clock () - since.wall : 0);
}

/* ---- what scenarios need ---- */

static uint64_t random_state = 88172645463325252u;

/* The same numbers in every run. */
static inline uint64_t
draw (void)
{
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return random_state;
}

static inline long __attribute__ ((unused))
draw_below (long limit)
{
  return (long)((unsigned __int128)draw () * (uint64_t)limit >> 64);
}

/* From 0 up to 1. */
static inline double __attribute__ ((unused))
draw_part (void)
{
  return (draw () >> 11) * 0x1p-53;
}

static inline int __attribute__ ((unused))
is (const char *name)
{
  return !strcmp (variant, name);
}

static void * __attribute__ ((unused))
room (size_t count, size_t each)
{
  void *memory = calloc (count ? count : 1, each);
  CHECK (memory);
  memset (memory, 0, count * each); /* its pages are there from now on */
  return memory;
}

/* Skips if so many descriptors can't be had. */
static void __attribute__ ((unused))
need_descriptors (long count)
{
  struct rlimit limit;
  CHECK (!getrlimit (RLIMIT_NOFILE, &limit));
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < (rlim_t)count + 40)
    skip ("the limit of descriptors is too low");
}

/* ---- latencies ---- */

enum { MOST_LATENCIES = 1 << 18 };
static double *latency;
static long latencies;

static inline void __attribute__ ((unused))
note_latency (double ns)
{
  if (!latency)
    latency = room (MOST_LATENCIES, sizeof *latency);
  if (latencies < MOST_LATENCIES)
    latency[latencies++] = ns;
}

static int
by_value (const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void
print_latencies (void)
{
  if (!latency || !latencies)
    return;
  qsort (latency, latencies, sizeof *latency, by_value);
  printf (" p50_ns=%.0f p99_ns=%.0f", latency[latencies / 2], latency[latencies - 1 - latencies / 100]);
}

/* ---- the run ---- */

static void
arguments (int argc, char **argv)
{
  int i;
  for (i = 1; i < argc; ++i)
    {
      char *value = strchr (argv[i], '=');
      size_t name = value ? (size_t)(value - argv[i]) : 0;
#define NAMED(word) (name == sizeof word - 1 && !memcmp (argv[i], word, name))
      if (NAMED ("size"))
        size = atol (value + 1);
      else if (NAMED ("variant"))
        variant = value + 1;
      else if (NAMED ("backend"))
        backend = (unsigned)strtoul (value + 1, 0, 0);
      else if (NAMED ("ms"))
        wanted = atof (value + 1) * 1e6;
      else if (NAMED ("turns"))
        turns = atol (value + 1);
      else
        fail ("%s: not an argument", argv[i]);
#undef NAMED
    }
}

/* Turns of which a part is not measured end after a while, too. */
static int
enough (long done, double begun)
{
  if (turns)
    return done >= turns;
  return measured () >= wanted || wall_clock () - begun > 6 * wanted;
}

/* report may print more pairs, and fail if something was lost. */
static int __attribute__ ((unused))
bench (int argc, char **argv, void (*set_up) (void), long (*turn) (void), void (*report) (void))
{
  double begun;
  long events = 0, done = 0;
  arguments (argc, argv);
  weigh_the_watch ();
  set_up ();

  /* Caches, the allocator, the kernel's structures: all warm. */
  begun = wall_clock ();
  do
    CHECK (turn () > 0);
  while (!turns && wall_clock () - begun < wanted / 10);

  latencies = 0;
  memset (&total, 0, sizeof total);
  begun = wall_clock ();
  measure ();
  do
    {
      events += turn ();
      ++done;
    }
  while (!enough (done, begun));
  if (measuring)
    rest ();

  printf ("events=%ld wall_ns=%.0f cpu_ns=%.0f user_ns=%.0f", events, total.wall, total.cpu, total.user > 0 ? total.user : 0.);
  print_latencies ();
  if (report)
    report ();
  putchar ('\n');
  return 0;
}

#endif
