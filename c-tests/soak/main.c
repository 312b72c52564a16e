/* soak BACKEND SECONDS: runs all parts at once, shows every second how far they are, and ends with what was sent and what came. The
   memory that the library holds and the number of open descriptors must be as they were after the first quarter. */
#define _GNU_SOURCE
#include "soak.h"

#include <dirent.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct ev_loop *loop;
int in_child;

static const struct part *const parts[] = { &descriptors, &timers, &senders, &children };
enum { PARTS = sizeof parts / sizeof *parts };
/* Seconds in which all that was sent must have come. */
enum { PATIENCE = 60 };

static long held;
static double start;
static ev_timer second;

void
fail (const char *format, ...)
{
  va_list args;
  va_start (args, format);
  fprintf (stderr, "\nsoak: ");
  vfprintf (stderr, format, args);
  fprintf (stderr, "\n");
  va_end (args);
  _exit (1);
}

unsigned
draw (unsigned below)
{
  static unsigned long state = 1;
  state = state * 6364136223846793005ul + 1442695040888963407ul;
  return (unsigned)((state >> 33) % below);
}

static double
now (void)
{
  struct timespec t;
  clock_gettime (CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* The library's memory, counted. */
static void *
allocate (void *old, long size)
{
  held -= old ? (long)malloc_usable_size (old) : 0;
  if (!size)
    {
      free (old);
      return 0;
    }
  old = realloc (old, (size_t)size);
  held += old ? (long)malloc_usable_size (old) : 0;
  return old;
}

static int
open_descriptors (void)
{
  DIR *all = opendir ("/proc/self/fd");
  int n = 0;
  while (readdir (all))
    ++n;
  closedir (all);
  return n - 3;
}

static void
show (const char *end)
{
  int i;
  printf ("%s%4.0f s", isatty (1) ? "\r" : "", now () - start);
  for (i = 0; i < PARTS; ++i)
    printf ("  %s %ld", parts[i]->name, parts[i]->came ());
  printf ("  %ld KB%s", held / 1024, end);
  fflush (stdout);
}

static void
on_second (EV_P_ ev_timer *w, int revents)
{
  static int seconds;
  if (!in_child && (isatty (1) || ++seconds % 10 == 0))
    show (isatty (1) ? "" : "\n");
}

static void
run_until (double end)
{
  while (now () < end)
    ev_run (loop, EVRUN_ONCE);
}

static int
all_came (void)
{
  int i;
  for (i = 0; i < PARTS; ++i)
    if (parts[i]->sent () != parts[i]->came ())
      return 0;
  return 1;
}

int
main (int argc, char **argv)
{
  double seconds;
  long held_before;
  int i, open_before, well = 1;
  unsigned backend;
  if (argc != 3)
    return 2;
  backend = (unsigned)strtoul (argv[1], 0, 0);
  seconds = atof (argv[2]);
  ev_set_allocator (allocate);
  loop = ev_default_loop (backend | EVFLAG_NOENV);
  if (!loop)
    fail ("no loop on backend %u", backend);
  start = now ();
  for (i = 0; i < PARTS; ++i)
    parts[i]->begin ();
  ev_timer_init (&second, on_second, 1., 1.);
  ev_timer_start (loop, &second);
  run_until (start + seconds / 4.);
  held_before = held;
  open_before = open_descriptors ();
  run_until (start + seconds);
  for (i = 0; i < PARTS; ++i)
    parts[i]->end ();
  for (seconds = now () + PATIENCE; !all_came () && now () < seconds;)
    ev_run (loop, EVRUN_ONCE);
  show ("\n");
  for (i = 0; i < PARTS; ++i)
    {
      long sent = parts[i]->sent (), came = parts[i]->came ();
      printf ("%-24s %12ld sent %12ld came %s\n", parts[i]->name, sent, came, sent == came ? "" : "LOST");
      well &= sent == came;
    }
  /* One descriptor may be closed at either moment, and a child's end be under way. */
  i = open_descriptors () - open_before;
  printf ("%-24s %+12d since the first quarter\n", "open descriptors", i);
  well &= i >= -2 && i <= 2;
  printf ("%-24s %12ld KB at the first quarter, %ld KB at the end, backend %u\n", "memory of the library", held_before / 1024, held / 1024,
          ev_backend (loop));
  well &= held <= held_before + held_before / 10;
  printf (well ? "well\n" : "NOT WELL\n");
  return !well;
}
