/* Programs from seeds. Any sequence of ops is a valid program: what would be a mistake at the moment (setting an active watcher,
   closing a watched descriptor) is left out when it is run, by state that both libraries must agree on. */
#include "program.h"

#include <stdio.h>
#include <string.h>

const int counts[KINDS] = { 6, 6, 3, 2, 3, 2, 2, 2, 1, 3, 1, 2, 1 };
static const char *const kind_names[KINDS]
  = { "io", "timer", "periodic", "signal", "idle", "prepare", "check", "fork", "cleanup", "async", "embed", "inner_io", "inner_timer" };
static const char *const verb_names[VERBS]
  = { "start", "stop", "set", "again", "priority", "feed", "feed_fd", "clear", "invoke", "raise", "send", "feed_signal",
      "run", "break", "invoke_pending", "loop_fork", "suspend", "update", "once", "write", "read", "reopen", "pass",
      "collect", "hook", "ref", "unref", "look", "jump", "modify", "hooks", "shut", "dup", "odd_priority", "run_inner", "sweep" };

/* How often each verb is drawn. */
static const unsigned char weights[VERBS]
  = { 30, 12, 12, 8, 6, 14, 6, 4, 3, 4, 8, 3,
      10, 3, 2, 3, 2, 4, 4, 10, 8, 3, 6,
      2, 1, 1, 1, 4, 2, 4, 1, 2, 3, 3, 2, 2 };

static unsigned long state;

/* splitmix64 */
static unsigned long
draw (unsigned long below)
{
  unsigned long z = (state += 0x9E3779B97F4A7C15ul);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ul;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBul;
  return (z ^ (z >> 31)) % below;
}

static enum verb
draw_verb (void)
{
  int all = 0, v;
  long at;
  for (v = 0; v < VERBS; ++v)
    all += weights[v];
  at = (long)draw ((unsigned long)all);
  for (v = 0; at >= weights[v]; ++v)
    at -= weights[v];
  return (enum verb)v;
}

int
first_of (enum kind kind)
{
  int first = 0, k;
  for (k = 0; k < (int)kind; ++k)
    first += counts[k];
  return first;
}

enum kind
kind_of (int watcher)
{
  int k = 0;
  while (watcher >= counts[k])
    watcher -= counts[k++];
  return (enum kind)k;
}

int
is_io (int watcher)
{
  enum kind kind = kind_of (watcher);
  return kind == IO || kind == INNER_IO;
}

static struct op
draw_op (void)
{
  struct op op;
  op.verb = draw_verb ();
  op.watcher = (int)draw (WATCHERS);
  op.a = (int)draw (1 << 20);
  op.b = (int)draw (1 << 20);
  if (op.verb == AGAIN)
    op.watcher = first_of (TIMER) + op.a % (counts[TIMER] + counts[PERIODIC]);
  else if (op.verb == SEND)
    op.watcher = first_of (ASYNC) + op.a % counts[ASYNC];
  return op;
}

void
generate (struct program *p, unsigned long seed)
{
  int i, t, k;
  state = seed * 0xD1342543DE82EF95ul;
  memset (p, 0, sizeof *p);
  p->flags = EVFLAG_NOENV | (draw (4) ? 0 : EVFLAG_SIGNALFD) | (draw (4) ? 0 : EVFLAG_NOTIMERFD) | (draw (6) ? 0 : EVFLAG_FORKCHECK);
  p->embeds = draw (3) == 0;
  p->dups = draw (2) == 0 && !p->embeds;
  p->files = draw (2) == 0 && !p->dups;
  for (i = 0; i < MAIN_OPS; ++i)
    p->main[i] = draw_op ();
  for (i = 0; i < WATCHERS; ++i)
    for (t = 0; t < TURNS; ++t)
      for (k = 0; k < CALLBACK_OPS; ++k)
        p->callback[i][t][k] = draw_op ();
}

const char *
watcher_name (int watcher)
{
  static char name[40];
  snprintf (name, sizeof name, "%s%d", kind_names[kind_of (watcher)], watcher - first_of (kind_of (watcher)));
  return name;
}

const char *
op_text (const struct op *op)
{
  static char text[100];
  snprintf (text, sizeof text, "%s %s %d %d", verb_names[op->verb], watcher_name (op->watcher), op->a, op->b);
  return text;
}
