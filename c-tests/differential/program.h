/* A random program over the API: made from a seed (generate.c), run (run.c) in virtual time (virtual_time.c), and what it saw told
   (trace.c). The same seed runs on two libraries, and both must tell the same. */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <ev.h>

/* A whole number of microseconds, so that gettimeofday tells it, and of doubles, also far from zero. */
#define TICK (1. / 64.)

/* ---- the program ---- */

enum kind
{
  IO, TIMER, PERIODIC, SIGNAL, IDLE, PREPARE, CHECKER, FORKER, CLEANUP, ASYNC, EMBED,
  /* Of the embedded loop. */
  INNER_IO, INNER_TIMER, KINDS
};

/* How many of each kind. */
extern const int counts[KINDS];
enum { WATCHERS = 6 + 6 + 3 + 2 + 3 + 2 + 2 + 2 + 1 + 3 + 1 + 2 + 1, PAIRS = 5 };

enum verb
{
  START, STOP, SET, AGAIN, PRIORITY, FEED, FEED_FD, CLEAR, INVOKE, RAISE, SEND, FEED_SIGNAL,
  RUN, BREAK, INVOKE_PENDING, LOOP_FORK, SUSPEND, UPDATE, ONCE, WRITE_BYTE, READ_BYTES, REOPEN, PASS,
  COLLECT, HOOK, REF, UNREF, LOOK, JUMP, MODIFY, HOOKS, SHUT, DUP, ODD_PRIORITY, RUN_INNER, SWEEP, VERBS
};

struct op
{
  enum verb verb;
  int watcher; /* 0 .. WATCHERS-1 */
  int a, b;
};

enum { MAIN_OPS = 40, CALLBACK_OPS = 4, TURNS = 3, ALL_OPS = MAIN_OPS + WATCHERS * TURNS * CALLBACK_OPS };

/* Callbacks do another thing at each of their first TURNS calls, then that of the first again. */
struct program
{
  unsigned flags;
  /* Whether another loop is embedded. */
  int embeds;
  /* Whether descriptors are dup'ed. When epoll reports a closed descriptor that lives on in a dup, the reference calls fork watchers
     too (COMPATIBILITY.md): such programs have none, and embed nothing. */
  int dups;
  /* Whether files are watched that are always ready. The reference lists them once more at every fork (COMPATIBILITY.md): such programs
     tell of none on epoll, and have no dups, which have its set made anew. */
  int files;
  struct op main[MAIN_OPS];
  struct op callback[WATCHERS][TURNS][CALLBACK_OPS];
};

void generate (struct program *, unsigned long seed);
/* Text of an op, for people. */
const char *op_text (const struct op *);
const char *watcher_name (int watcher);
int first_of (enum kind);
enum kind kind_of (int watcher);
/* Of either loop. */
int is_io (int watcher);

/* ---- running it ---- */

/* Ops whose number is dropped are left out. */
extern unsigned char dropped[ALL_OPS];
void run_program (const struct program *, unsigned backend);

/* ---- running it calmly ---- */

/* Callbacks do nothing, a run is a few iterations without waiting, and what was called in it is a set: backends that report in
   another order, and more than is there, can be compared. */
enum { HEARERS = WATCHERS + 256, MOST_RUNS = MAIN_OPS + 8, LOST = 1, CHANGED_SINCE = 2 };
struct heard
{
  int runs;
  unsigned events[MOST_RUNS][HEARERS];
  /* Those of which the descriptor was closed under them since the last run, and what became of it is to be seen, or not. */
  unsigned char lost[MOST_RUNS][WATCHERS], active[MOST_RUNS][WATCHERS];
};

/* Where to note it; null: programs run as they are. */
extern struct heard *heard;
/* Whether less was called in a run than is known to be due. The kernel completes requests of linuxaio at its leisure. */
int lacks (int run);
/* Whether descriptors are closed under active watchers. */
extern int closing;
/* Runs a program on a backend and on poll. False: something was lost, or more was called than can be. */
int compare_calmly (const struct program *, unsigned long seed, unsigned backend);

/* ---- what it sees ---- */

/* Everything is added to a hash; with trace_text it is printed too. */
extern int trace_text;
void trace_begin (void);
void trace (const char *what, long a, long b, long c, long d);
/* What comes after this is not compared. */
void trace_stop (void);
unsigned long trace_end (void);

/* ---- time ---- */

void virtual_reset (void);
double virtual_now (void);
void virtual_pass (int steps);
/* At the end of a wait: watchers that are due at the same moment are called in an order that is not promised, and what comes of that
   can't be compared. */
void look_for_ties (double mono, double real);
/* Time passes, but no time that a library sees. */
void virtual_sleep (void);
/* The real clock is set. */
void virtual_jump (int steps);

#endif
