/* main BACKEND FIRST COUNT            a line "SEED HASH" for each program
   main BACKEND FIRST COUNT calm       a line for each that differs from poll, run calmly; closing: also with descriptors closed
   main BACKEND SEED text [NUMBER...]  what one program sees, without the ops of these numbers
   main BACKEND SEED list [NUMBER...]  its ops, without those */
#include "program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
list (const struct program *p)
{
  int i, t, k;
  printf ("flags %x%s%s%s\n", p->flags, p->embeds ? ", embeds a loop" : "", p->dups ? ", dups" : "",
          p->files ? ", files" : "");
  for (i = 0; i < MAIN_OPS; ++i)
    if (!dropped[i])
      printf ("%d main: %s\n", i, op_text (&p->main[i]));
  for (i = 0; i < WATCHERS; ++i)
    for (t = 0; t < TURNS; ++t)
      for (k = 0; k < CALLBACK_OPS; ++k)
        {
          int number = MAIN_OPS + (i * TURNS + t) * CALLBACK_OPS + k;
          if (!dropped[number])
            {
              printf ("%d %s, call %d: ", number, watcher_name (i), t);
              puts (op_text (&p->callback[i][t][k]));
            }
        }
}

/* The ops of these numbers, up to a null, are left out. False: there is none of some number. */
static int
drop (char **numbers)
{
  for (; *numbers; ++numbers)
    {
      int number = atoi (*numbers);
      if (number < 0 || number >= ALL_OPS)
        return 0;
      dropped[number] = 1;
    }
  return 1;
}

/* Programs from one seed up to another. False: some lost something. */
static int
run_calmly (struct program *p, unsigned long seed, unsigned long end, unsigned backend)
{
  int all_well = 1;
  for (; seed < end; ++seed)
    {
      generate (p, seed);
      /* The reference never sees that a signalfd is readable (COMPATIBILITY.md). */
      if (getenv ("T_REFERENCE") && backend == EVBACKEND_LINUXAIO)
        p->flags &= ~(unsigned)EVFLAG_SIGNALFD;
      all_well &= compare_calmly (p, seed, backend);
    }
  return all_well;
}

int
main (int argc, char **argv)
{
  static struct program p;
  unsigned backend;
  unsigned long seed, end;
  int one;
  if (argc < 4)
    return 2;
  /* So that the last line tells where a crash came. */
  setvbuf (stdout, 0, _IOLBF, 0);
  backend = (unsigned)strtoul (argv[1], 0, 16);
  seed = strtoul (argv[2], 0, 10);
  end = seed + strtoul (argv[3], 0, 10);
  one = !strcmp (argv[3], "text") || !strcmp (argv[3], "list");
  if (!one && argc == 5)
    {
      closing = !strcmp (argv[4], "closing");
      return !run_calmly (&p, seed, end, backend);
    }
  if (!one)
    {
      for (; seed < end; ++seed)
        {
          generate (&p, seed);
          trace_begin ();
          run_program (&p, backend);
          printf ("%lu %lx\n", seed, trace_end ());
        }
      return 0;
    }
  if (!drop (argv + 4))
    return 2;
  generate (&p, seed);
  if (!strcmp (argv[3], "list"))
    {
      list (&p);
      return 0;
    }
  trace_text = getenv ("T_OPS") ? 2 : 1;
  trace_begin ();
  run_program (&p, backend);
  printf ("end %lx\n", trace_end ());
  return 0;
}
