/* A loop under all that a busy daemon does to it, for a long time. Each part counts what it sent and what came. */
#ifndef SOAK_H
#define SOAK_H

#include <ev.h>

extern struct ev_loop *loop;
/* In a forked child the parent's watchers do nothing. */
extern int in_child;

struct part
{
  const char *name;
  void (*begin) (void);
  /* Sends nothing any more. */
  void (*end) (void);
  /* What was sent, and what of it came; equal once all is handled. */
  long (*sent) (void);
  long (*came) (void);
};
extern const struct part descriptors, timers, senders, children;

/* Prints and ends the process. */
_Noreturn void fail (const char *format, ...) __attribute__ ((format (printf, 1, 2)));
/* A random number below `below`, the same ones in every run. */
unsigned draw (unsigned below);

#endif
