/* What the parts share that run a program. */
#ifndef RUNNING_H
#define RUNNING_H

#include "program.h"

extern const struct program *program;

/* ---- watchers.c ---- */

union any
{
  ev_watcher watcher;
  ev_watcher_time time;
  ev_io io;
  ev_timer timer;
  ev_periodic periodic;
  ev_signal signal;
  ev_async async;
  ev_embed embed;
};

extern union any all[WATCHERS];
/* The loop, and the one embedded in it or null. */
extern struct ev_loop *loop, *inner;

/* The loop of a watcher. Null: the program has none of that kind. */
struct ev_loop *loop_of (int watcher);
/* Neither active nor pending. */
int is_idle (int watcher);
void set (int watcher, int a, int b);
/* The priority that a program may give it. */
int allowed (int watcher, int priority);
int is_closed (int watcher);
void start_or_stop (int watcher, int start);
void again (int watcher);
void start_oddly (int watcher, int priority);
void look (int watcher);
/* Parameters of a time, and a time in sixteenths of a step. */
double delay (int a, int watcher);
/* What sets a watcher's times apart from those of others. */
double own_moment (int watcher);
/* An interval's multiples from the epoch would be at any moment. */
enum { NOBODY = -1 };
long steps (double seconds);

/* ---- run.c ---- */

/* Ends a run that would wait for ever. */
extern ev_timer stopper;

/* ---- descriptors.c ---- */

enum { DUPS = 2, EXTRAS = DUPS + 2 };
extern int pair[PAIRS][2], extra[EXTRAS];
extern unsigned char sticky[PAIRS], is_lost[PAIRS];

void open_descriptors (void);
void close_descriptors (void);
void reopen (int i);
void close_watched (int i);
void forget_lost (void);
void make_dup (int k, int fd);

/* ---- signals.c ---- */

void raise_signal (int signum);
void handle_signals (void);
void forget_signals (void);

#endif
