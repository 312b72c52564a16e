/* Coroutines on stacks of their own, made of ucontext. */
#ifndef FERROEV_COROUTINE_H
#define FERROEV_COROUTINE_H

#include "drive.h"

#include <sys/mman.h>
#include <ucontext.h>

struct coroutine
{
  ucontext_t context;
  ucontext_t *back;   /* who resumed it */
  void (*body) (void *);
  void *arg;
  char *room;
  int done;
};

/* The stack is the upper end of much more room: valgrind takes far jumps of the stack pointer for switches, and what runs
   over the stack's end hits nothing. */
enum { COROUTINE_STACK = 128 * 1024, COROUTINE_ROOM = 4 * 1024 * 1024 };

static struct coroutine *coroutine_current;

static inline void
coroutine_main (void)
{
  struct coroutine *self = coroutine_current;
  self->body (self->arg);
  self->done = 1;
  setcontext (self->back);
}

static inline void
coroutine_make (struct coroutine *c, void (*body) (void *), void *arg)
{
  memset (c, 0, sizeof *c);
  c->body = body;
  c->arg = arg;
  c->room = (char *)mmap (0, COROUTINE_ROOM, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  CHECK (c->room != (char *)MAP_FAILED);
  CHECK (!mprotect (c->room + COROUTINE_ROOM - COROUTINE_STACK, COROUTINE_STACK, PROT_READ | PROT_WRITE));
  CHECK (!getcontext (&c->context));
  c->context.uc_stack.ss_sp = c->room + COROUTINE_ROOM - COROUTINE_STACK;
  c->context.uc_stack.ss_size = COROUTINE_STACK;
  makecontext (&c->context, coroutine_main, 0);
}

/* The stack goes, whatever is on it. */
static inline void
coroutine_free (struct coroutine *c)
{
  CHECK (!munmap (c->room, COROUTINE_ROOM));
}

/* Switches to `c` until it is done or gives way. */
static inline void
coroutine_resume (struct coroutine *c)
{
  struct coroutine *before = coroutine_current;
  ucontext_t here;
  c->back = &here;
  coroutine_current = c;
  CHECK (!swapcontext (&here, &c->context));
  coroutine_current = before;
}

/* Switches to whoever resumed the coroutine that is running. */
static inline void
coroutine_give_way (void)
{
  struct coroutine *self = coroutine_current;
  CHECK (!swapcontext (&self->context, self->back));
}

#endif
