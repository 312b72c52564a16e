/* The pending queue: priorities, order, feeding, clearing, counting, invoking by hand. */
#include "t.h"
#include "named.h"

T_NAMED (timer)

#define PENDING_ANY (EV_CUSTOM | EV_READ)

static void
pending_name (ev_timer *w, const char *name, int priority)
{
  NAME (timer, w, name, 0., 0.);
  ev_set_priority (w, priority);
}

static void
pending_bits (EV_P_ ev_timer *w, int revents)
{
  t_trace ("%s:%x", (char *)w->data, (unsigned)revents);
}

/* Order */

TEST (pending_last_fed_is_called_first, .once = 1)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer a, b, c;
  pending_name (&a, "a", 0);
  pending_name (&b, "b", 0);
  pending_name (&c, "c", 0);
  ev_feed_event (loop, &a, EV_CUSTOM);
  ev_feed_event (loop, &b, EV_CUSTOM);
  ev_feed_event (loop, &c, EV_CUSTOM);
  ev_invoke_pending (loop);
  CHECK_TRACE ("c b a");
  ev_loop_destroy (loop);
}

TEST (pending_five_priorities, .once = 1)
{
  struct ev_loop *loop = t_loop (0);
  static const char *const names[] = { "-2", "-1", "0", "1", "2" };
  ev_timer w[5], again[5];
  int i;
  CHECK_EQ (EV_MINPRI, -2);
  CHECK_EQ (EV_MAXPRI, 2);
  for (i = 0; i < 5; ++i)
    {
      pending_name (w + i, names[i], i - 2);
      pending_name (again + i, names[i], i - 2);
    }
  for (i = 0; i < 5; ++i)
    ev_feed_event (loop, w + (i * 3) % 5, EV_CUSTOM);
  for (i = 0; i < 5; ++i)
    ev_feed_event (loop, again + (i * 2) % 5, EV_CUSTOM);
  CHECK_EQ (ev_pending_count (loop), 10);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_TRACE ("2 2 1 1 0 0 -1 -1 -2 -2");
  CHECK_EQ (ev_pending_count (loop), 0);
  ev_loop_destroy (loop);
}

TEST (pending_start_clamps_the_priority, .once = 1)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer high, low;
  pending_name (&high, "high", 77);
  pending_name (&low, "low", -77);
  CHECK_EQ (ev_priority (&high), 77);
  CHECK_EQ (ev_priority (&low), -77);
  ev_timer_start (loop, &high);
  ev_timer_start (loop, &low);
  CHECK_EQ (ev_priority (&high), 2);
  CHECK_EQ (ev_priority (&low), -2);
  ev_timer_stop (loop, &high);
  CHECK_EQ (ev_priority (&high), 2);
  ev_loop_destroy (loop);
}

TEST (pending_every_start_clamps_the_priority)
{
  struct ev_loop *loop = t_default_loop (0), *inner = ev_loop_new (EVFLAG_NOENV | EVBACKEND_EPOLL);
  int fd[2];
  t_pipe (fd);
#define PENDING_CLAMPS(type, ...) \
  do { static ev_##type w; memset (&w, 0, sizeof w); ev_init (&w, 0); ev_##type##_set (&w __VA_OPT__ (,) __VA_ARGS__); \
       ev_set_priority (&w, 3); ev_##type##_start (loop, &w); CHECK_EQ (ev_priority (&w), 2); ev_##type##_stop (loop, &w); \
       ev_set_priority (&w, -3); ev_##type##_start (loop, &w); CHECK_EQ (ev_priority (&w), -2); ev_##type##_stop (loop, &w); \
       ev_set_priority (&w, 1); ev_##type##_start (loop, &w); CHECK_EQ (ev_priority (&w), 1); ev_##type##_stop (loop, &w); } while (0)
  PENDING_CLAMPS (io, fd[0], EV_READ);
  PENDING_CLAMPS (timer, 1., 0.);
  PENDING_CLAMPS (periodic, 1., 0., 0);
  PENDING_CLAMPS (signal, SIGUSR1);
  PENDING_CLAMPS (child, 0, 0);
  PENDING_CLAMPS (stat, "/", 0.);
  PENDING_CLAMPS (idle);
  PENDING_CLAMPS (prepare);
  PENDING_CLAMPS (check);
  PENDING_CLAMPS (embed, inner);
  PENDING_CLAMPS (fork);
  PENDING_CLAMPS (cleanup);
  PENDING_CLAMPS (async);
  ev_loop_destroy (loop);
  ev_loop_destroy (inner);
}

TEST (pending_wild_priority_of_a_never_started_watcher, .once = 1,
      .ours_only = "feeding a never started watcher of a priority outside -2..2 counts it as clamped (the reference crashes)")
{
  struct ev_loop *loop = t_loop (0);
  ev_timer wild_high, wild_low, high, low;
  pending_name (&wild_high, "wild-high", 1000000);
  pending_name (&wild_low, "wild-low", -1000000);
  pending_name (&high, "high", 2);
  pending_name (&low, "low", -2);
  ev_feed_event (loop, &wild_low, EV_CUSTOM);
  ev_feed_event (loop, &low, EV_CUSTOM);
  ev_feed_event (loop, &wild_high, EV_CUSTOM);
  ev_feed_event (loop, &high, EV_CUSTOM);
  CHECK_EQ (ev_pending_count (loop), 4);
  ev_invoke_pending (loop);
  CHECK_TRACE ("high wild-high low wild-low");
  ev_feed_event (loop, &wild_high, EV_CUSTOM);
  CHECK_EQ (ev_clear_pending (loop, &wild_high), EV_CUSTOM);
  ev_invoke_pending (loop);
  CHECK_TRACE ("high wild-high low wild-low");
  ev_loop_destroy (loop);
}

/* Feeding */

TEST (pending_feeding_again_adds_bits_and_keeps_the_place, .once = 1)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer a, b;
  pending_name (&a, "a", 0);
  pending_name (&b, "b", 0);
  ev_set_cb (&a, pending_bits);
  ev_set_cb (&b, pending_bits);
  ev_feed_event (loop, &a, EV_READ);
  ev_feed_event (loop, &b, EV_TIMER);
  ev_feed_event (loop, &a, EV_WRITE);
  ev_feed_event (loop, &a, EV_CUSTOM);
  ev_feed_event (loop, &a, EV_READ);
  CHECK_EQ (ev_pending_count (loop), 2);
  ev_invoke_pending (loop);
  CHECK_TRACE ("b:100 a:1000003");
  ev_loop_destroy (loop);
}

TEST (pending_feed_passes_any_bits, .once = 1)
{
  struct ev_loop *loop = t_loop (0);
  static const unsigned bits[] = { 1, 0x80000000u, 0x7fffffff, 0xffffffffu, EV_CUSTOM, 0 };
  size_t i;
  ev_timer w;
  pending_name (&w, "w", 0);
  ev_set_cb (&w, pending_bits);
  for (i = 0; i < sizeof bits / sizeof *bits; ++i)
    {
      ev_feed_event (loop, &w, (int)bits[i]);
      CHECK (ev_is_pending (&w));
      ev_run (loop, EVRUN_NOWAIT);
      CHECK (!ev_is_pending (&w));
    }
  CHECK_TRACE ("w:1 w:80000000 w:7fffffff w:ffffffff w:1000000 w:0");
  ev_loop_destroy (loop);
}

static void
pending_state (EV_P_ ev_timer *w, int revents)
{
  t_trace ("active %d pending %d count %u", ev_is_active (w), ev_is_pending (w), ev_pending_count (EV_A));
}

TEST (pending_fed_watcher_need_not_be_active, .once = 1)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer w;
  pending_name (&w, "w", 0);
  ev_set_cb (&w, pending_state);
  ev_feed_event (loop, &w, EV_CUSTOM);
  CHECK (!ev_is_active (&w));
  CHECK (ev_is_pending (&w));
  ev_run (loop, 0);
  CHECK_TRACE ("active 0 pending 0 count 0");
  ev_loop_destroy (loop);
}

TEST (pending_fed_watcher_stays_active, .once = 1)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer w;
  NAME (timer, &w, "w", 100., 0.);
  ev_timer_start (loop, &w);
  ev_feed_event (loop, &w, EV_CUSTOM);
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 1);
  CHECK_TRACE ("w");
  CHECK (ev_is_active (&w));
  ev_loop_destroy (loop);
}

static void
pending_feeds_others (EV_P_ ev_timer *w, int revents)
{
  ev_timer *const *other = w->data;
  t_trace ("feeder");
  for (; *other; ++other)
    ev_feed_event (EV_A_ *other, EV_CUSTOM);
}

TEST (pending_queue_is_examined_after_every_callback, .once = 1)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer feeder, same, rest, high, higher, low, lowest;
  ev_timer *const others[] = { &lowest, &low, &same, &high, &higher, 0 };
  pending_name (&same, "same", 0);
  pending_name (&rest, "rest", 0);
  pending_name (&high, "high", 1);
  pending_name (&higher, "higher", 2);
  pending_name (&low, "low", -1);
  pending_name (&lowest, "lowest", -2);
  ev_timer_init (&feeder, pending_feeds_others, 0., 0.);
  feeder.data = (void *)others;
  ev_feed_event (loop, &rest, EV_CUSTOM);
  ev_feed_event (loop, &feeder, EV_CUSTOM);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_TRACE ("feeder higher high same rest low lowest");
  ev_loop_destroy (loop);
}

TEST (pending_higher_priority_interrupts_a_lower_batch, .once = 1)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer feeder, a, b, high;
  ev_timer *const others[] = { &high, 0 };
  pending_name (&a, "a", -1);
  pending_name (&b, "b", -1);
  pending_name (&high, "high", 2);
  ev_timer_init (&feeder, pending_feeds_others, 0., 0.);
  feeder.data = (void *)others;
  ev_set_priority (&feeder, -1);
  ev_feed_event (loop, &a, EV_CUSTOM);
  ev_feed_event (loop, &feeder, EV_CUSTOM);
  ev_feed_event (loop, &b, EV_CUSTOM);
  ev_invoke_pending (loop);
  CHECK_TRACE ("b feeder high a");
  ev_loop_destroy (loop);
}

static void
pending_feeds_itself (EV_P_ ev_timer *w, int revents)
{
  int *left = w->data;
  t_trace ("%d", *left);
  CHECK (!ev_is_pending (w));
  if (--*left)
    ev_feed_event (EV_A_ w, EV_CUSTOM);
}

TEST (pending_watcher_may_feed_itself, .once = 1)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer w, rest;
  int left = 4;
  pending_name (&rest, "rest", 0);
  ev_feed_event (loop, &rest, EV_CUSTOM);
  ev_timer_init (&w, pending_feeds_itself, 0., 0.);
  w.data = &left;
  ev_feed_event (loop, &w, EV_CUSTOM);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_TRACE ("4 3 2 1 rest");
  ev_loop_destroy (loop);
}

/* Clearing and stopping */

TEST (pending_clear_returns_the_bits, .once = 1)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer w;
  pending_name (&w, "w", 0);
  CHECK_EQ (ev_clear_pending (loop, &w), 0);
  ev_feed_event (loop, &w, EV_CUSTOM);
  ev_feed_event (loop, &w, EV_READ);
  CHECK_EQ (ev_clear_pending (loop, &w), EV_CUSTOM | EV_READ);
  CHECK (!ev_is_pending (&w));
  CHECK_EQ (ev_clear_pending (loop, &w), 0);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_TRACE ("");
  ev_loop_destroy (loop);
}

TEST (pending_clear_leaves_the_watcher_active, .once = 1)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer w;
  NAME (timer, &w, "w", 0.01, 0.);
  ev_timer_start (loop, &w);
  ev_feed_event (loop, &w, EV_CUSTOM);
  CHECK_EQ (ev_clear_pending (loop, &w), EV_CUSTOM);
  CHECK (ev_is_active (&w));
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("w");
  ev_loop_destroy (loop);
}

TEST (pending_cleared_slot_still_counts, .once = 1)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer a, b, c;
  pending_name (&a, "a", 0);
  pending_name (&b, "b", 0);
  pending_name (&c, "c", 1);
  ev_feed_event (loop, &a, EV_CUSTOM);
  ev_feed_event (loop, &b, EV_CUSTOM);
  ev_feed_event (loop, &c, EV_CUSTOM);
  ev_clear_pending (loop, &b);
  ev_timer_stop (loop, &c);
  CHECK (!ev_is_pending (&c));
  CHECK_EQ (ev_pending_count (loop), 3);
  ev_feed_event (loop, &b, EV_CUSTOM); /* a new slot */
  CHECK_EQ (ev_pending_count (loop), 4);
  ev_invoke_pending (loop);
  CHECK_TRACE ("b a");
  CHECK_EQ (ev_pending_count (loop), 0);
  ev_loop_destroy (loop);
}

TEST (pending_stop_clears_for_every_type)
{
  struct ev_loop *loop = t_default_loop (0), *inner = ev_loop_new (EVFLAG_NOENV | EVBACKEND_EPOLL);
  int fd[2];
  t_pipe (fd);
#define PENDING_STOPS(type, ...) \
  do { static ev_##type w; ev_##type##_init (&w, (void (*) (EV_P_ ev_##type *, int))named_timer __VA_OPT__ (,) __VA_ARGS__); \
       w.data = (void *)#type; ev_##type##_start (loop, &w); ev_feed_event (loop, &w, PENDING_ANY); CHECK (ev_is_pending (&w)); \
       ev_##type##_stop (loop, &w); CHECK (!ev_is_pending (&w)); CHECK (!ev_is_active (&w)); \
       ev_feed_event (loop, &w, PENDING_ANY); /* a stop of an inactive one clears too */ \
       ev_##type##_stop (loop, &w); CHECK (!ev_is_pending (&w)); } while (0)
  PENDING_STOPS (io, fd[0], EV_READ);
  PENDING_STOPS (timer, 100., 0.);
  PENDING_STOPS (periodic, 0., 1e6, 0);
  PENDING_STOPS (signal, SIGUSR1);
  PENDING_STOPS (child, 0, 0);
  PENDING_STOPS (stat, "/", 0.);
  PENDING_STOPS (idle);
  PENDING_STOPS (prepare);
  PENDING_STOPS (check);
  PENDING_STOPS (embed, inner);
  PENDING_STOPS (fork);
  PENDING_STOPS (cleanup);
  PENDING_STOPS (async);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_TRACE ("");
  ev_loop_destroy (loop);
  ev_loop_destroy (inner);
}

static void
pending_stops_others (EV_P_ ev_timer *w, int revents)
{
  ev_timer **other = w->data;
  t_trace ("stopper");
  for (; *other; ++other)
    {
      ev_timer_stop (EV_A_ *other);
      memset (*other, 0xdd, sizeof **other);
    }
}

TEST (pending_stopped_watcher_may_be_destroyed_at_once, .once = 1)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer stopper, a, b, c;
  ev_timer *others[] = { &a, &c, 0 };
  pending_name (&a, "a", 0);
  pending_name (&b, "b", 0);
  pending_name (&c, "c", -2);
  ev_timer_init (&stopper, pending_stops_others, 0., 0.);
  stopper.data = others;
  ev_feed_event (loop, &a, EV_CUSTOM);
  ev_feed_event (loop, &b, EV_CUSTOM);
  ev_feed_event (loop, &c, EV_CUSTOM);
  ev_feed_event (loop, &stopper, EV_CUSTOM);
  ev_invoke_pending (loop);
  CHECK_TRACE ("stopper b");
  ev_loop_destroy (loop);
}

TEST (pending_watcher_may_be_started_anew_elsewhere, .once = 1)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer w;
  pending_name (&w, "old", 0);
  ev_feed_event (loop, &w, EV_CUSTOM);
  ev_timer_stop (loop, &w);
  NAME (timer, &w, "new", 0., 0.);
  ev_set_priority (&w, 2);
  ev_timer_start (loop, &w);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("new");
  ev_loop_destroy (loop);
}

TEST (pending_again_on_a_timer_clears, .once = 1)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer w;
  NAME (timer, &w, "w", 100., 100.);
  ev_timer_start (loop, &w);
  ev_feed_event (loop, &w, EV_CUSTOM);
  ev_timer_again (loop, &w);
  CHECK (!ev_is_pending (&w));
  CHECK (ev_is_active (&w));
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_TRACE ("");
  ev_loop_destroy (loop);
}

/* Invoking by hand */

TEST (pending_invoke_calls_at_once, .once = 1)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer w;
  pending_name (&w, "w", 0);
  ev_set_cb (&w, pending_bits);
  ev_invoke (loop, &w, EV_READ | EV_CUSTOM);
  CHECK_TRACE ("w:1000001");
  ev_invoke (loop, &w, 0);
  CHECK_TRACE ("w:1000001 w:0");
  CHECK_EQ (ev_iteration (loop), 0);
  ev_loop_destroy (loop);
}

TEST (pending_invoke_leaves_the_pending_state, .once = 1)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer w;
  pending_name (&w, "w", 0);
  ev_set_cb (&w, pending_bits);
  ev_feed_event (loop, &w, EV_TIMER);
  ev_invoke (loop, &w, EV_READ);
  CHECK (ev_is_pending (&w));
  CHECK_EQ (ev_pending_count (loop), 1);
  CHECK_TRACE ("w:1");
  ev_invoke_pending (loop);
  CHECK_TRACE ("w:1 w:100");
  ev_loop_destroy (loop);
}

TEST (pending_invoke_with_a_wild_priority, .once = 1)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer w;
  pending_name (&w, "w", 99);
  ev_invoke (loop, &w, EV_CUSTOM);
  CHECK_TRACE ("w");
  CHECK_EQ (ev_priority (&w), 99);
  ev_loop_destroy (loop);
}

TEST (pending_invoke_pending_outside_a_run, .once = 1)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer a, b;
  ev_invoke_pending (loop);
  pending_name (&a, "a", -2);
  pending_name (&b, "b", 2);
  ev_feed_event (loop, &a, EV_CUSTOM);
  ev_feed_event (loop, &b, EV_CUSTOM);
  ev_invoke_pending (loop);
  ev_invoke_pending (loop);
  CHECK_TRACE ("b a");
  CHECK_EQ (ev_iteration (loop), 0);
  CHECK_EQ (ev_pending_count (loop), 0);
  ev_loop_destroy (loop);
}

static void
pending_invokes_the_rest (EV_P_ ev_timer *w, int revents)
{
  t_trace ("<");
  ev_invoke_pending (EV_A);
  t_trace (">");
}

TEST (pending_invoke_pending_from_a_callback, .once = 1)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer a, b, c, outer, inner;
  pending_name (&a, "a", 0);
  pending_name (&b, "b", 0);
  pending_name (&c, "c", -1);
  ev_timer_init (&outer, pending_invokes_the_rest, 0., 0.);
  ev_timer_init (&inner, pending_invokes_the_rest, 0., 0.);
  ev_feed_event (loop, &a, EV_CUSTOM);
  ev_feed_event (loop, &inner, EV_CUSTOM);
  ev_feed_event (loop, &b, EV_CUSTOM);
  ev_feed_event (loop, &c, EV_CUSTOM);
  ev_feed_event (loop, &outer, EV_CUSTOM);
  ev_invoke_pending (loop);
  CHECK_TRACE ("< b < a c > >");
  ev_loop_destroy (loop);
}

/* Counting */

static void
pending_counts (EV_P_ ev_timer *w, int revents)
{
  t_trace ("%u", ev_pending_count (EV_A));
}

TEST (pending_count_in_callbacks_is_what_remains, .once = 1)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer w[5];
  int i;
  for (i = 0; i < 5; ++i)
    {
      ev_timer_init (w + i, pending_counts, 0., 0.);
      ev_set_priority (w + i, i - 2);
      ev_feed_event (loop, w + i, EV_CUSTOM);
      CHECK_EQ (ev_pending_count (loop), i + 1);
    }
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_TRACE ("4 3 2 1 0");
  ev_loop_destroy (loop);
}

enum { PENDING_MANY = 20000 };

/* Odd numbers only, downwards. */
static int pending_expected = PENDING_MANY - 1;

static void
pending_expects_next (EV_P_ ev_timer *w, int revents)
{
  CHECK_EQ ((intptr_t)w->data, pending_expected);
  pending_expected -= 2;
}

TEST (pending_many_of_one_priority, .once = 1)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer *w = calloc (PENDING_MANY, sizeof *w), last;
  int i;
  for (i = 0; i < PENDING_MANY; ++i)
    {
      ev_timer_init (w + i, pending_expects_next, 0., 0.);
      w[i].data = (void *)(intptr_t)i;
      ev_feed_event (loop, w + i, EV_CUSTOM);
    }
  CHECK_EQ (ev_pending_count (loop), PENDING_MANY);
  for (i = 0; i < PENDING_MANY; i += 2)
    ev_clear_pending (loop, w + i);
  CHECK_EQ (ev_pending_count (loop), PENDING_MANY);
  pending_name (&last, "last", -1);
  ev_feed_event (loop, &last, EV_CUSTOM);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_EQ (pending_expected, -1);
  CHECK_TRACE ("last");
  CHECK_EQ (ev_pending_count (loop), 0);
  ev_loop_destroy (loop);
  free (w);
}

/* A model: what a queue of five stacks with dead slots must do with random operations. */

enum { PENDING_WATCHERS = 12, PENDING_SLOTS = 4000 };

static struct
{
  int watcher, bits;
} pending_model[5][PENDING_SLOTS];
static int pending_depth[5];
static ev_timer pending_watcher[PENDING_WATCHERS];
static unsigned pending_seed;

static unsigned
pending_random (unsigned below)
{
  pending_seed = pending_seed * 1103515245u + 12345u;
  return (pending_seed >> 16) % below;
}

static int
pending_model_find (int watcher, int *stack)
{
  int i;
  for (*stack = 0; *stack < 5; ++*stack)
    for (i = 0; i < pending_depth[*stack]; ++i)
      if (pending_model[*stack][i].watcher == watcher)
        return i;
  return -1;
}

static void pending_model_step (struct ev_loop *);

/* Checks that this is the call which the model wants next. */
static void
pending_model_called (EV_P_ ev_timer *w, int revents)
{
  int stack;
  for (;;)
    {
      for (stack = 4; stack >= 0 && !pending_depth[stack]; --stack)
        ;
      CHECK (stack >= 0);
      if (pending_model[stack][--pending_depth[stack]].watcher >= 0)
        break;
    }
  CHECK_EQ (w - pending_watcher, pending_model[stack][pending_depth[stack]].watcher);
  CHECK_EQ (revents, pending_model[stack][pending_depth[stack]].bits);
  CHECK (!ev_is_pending (w));
  while (pending_random (5) == 0)
    pending_model_step (EV_A);
}

static void
pending_model_step (struct ev_loop *loop)
{
  int n = (int)pending_random (PENDING_WATCHERS), bits = 1 << pending_random (8), stack, slot;
  ev_timer *w = pending_watcher + n;
  slot = pending_model_find (n, &stack);
  CHECK_EQ (slot >= 0, ev_is_pending (w) != 0);
  switch (pending_random (4))
    {
    case 0:
      CHECK_EQ (ev_clear_pending (loop, w), slot >= 0 ? pending_model[stack][slot].bits : 0);
      if (slot >= 0)
        pending_model[stack][slot].watcher = -1;
      break;
    case 1:
      ev_timer_stop (loop, w);
      if (slot >= 0)
        pending_model[stack][slot].watcher = -1;
      ev_set_priority (w, (int)pending_random (5) - 2);
      break;
    default:
      ev_feed_event (loop, w, bits);
      if (slot >= 0)
        pending_model[stack][slot].bits |= bits;
      else
        {
          stack = ev_priority (w) + 2;
          CHECK (pending_depth[stack] < PENDING_SLOTS);
          pending_model[stack][pending_depth[stack]].watcher = n;
          pending_model[stack][pending_depth[stack]++].bits = bits;
        }
    }
}

TEST (pending_random_operations_follow_the_model, .once = 1)
{
  struct ev_loop *loop = t_loop (0);
  int i, round, stack, count, live;
  for (i = 0; i < PENDING_WATCHERS; ++i)
    {
      ev_timer_init (pending_watcher + i, pending_model_called, 100., 0.);
      ev_set_priority (pending_watcher + i, i % 5 - 2);
    }
  for (round = 1; round <= 2000; ++round)
    {
      pending_seed = (unsigned)round;
      for (i = (int)pending_random (30); i > 0; --i)
        pending_model_step (loop);
      for (count = 0, stack = 0; stack < 5; ++stack)
        count += pending_depth[stack];
      CHECK_EQ (ev_pending_count (loop), count);
      if (round % 2)
        ev_invoke_pending (loop);
      else
        ev_run (loop, EVRUN_NOWAIT);
      CHECK_EQ (ev_pending_count (loop), 0);
      for (live = 0, stack = 0; stack < 5; ++stack)
        for (i = 0; i < pending_depth[stack]; ++i)
          live += pending_model[stack][i].watcher >= 0;
      CHECK_EQ (live, 0); /* only dead slots may be left */
      memset (pending_depth, 0, sizeof pending_depth);
    }
  ev_loop_destroy (loop);
}

/* What feeding does not do */

TEST (pending_fed_io_watcher_gets_foreign_bits, .once = 1)
{
  struct ev_loop *loop = t_loop (0);
  ev_io io;
  ev_prepare prepare;
  int fd[2];
  t_pipe (fd);
  ev_io_init (&io, (void (*) (EV_P_ ev_io *, int))pending_bits, fd[0], EV_READ);
  io.data = "io";
  ev_io_start (loop, &io);
  ev_prepare_init (&prepare, (void (*) (EV_P_ ev_prepare *, int))pending_bits);
  prepare.data = "prepare";
  ev_feed_event (loop, &prepare, EV_CLEANUP);
  ev_feed_event (loop, &io, EV_WRITE | EV_TIMER);
  ev_invoke_pending (loop);
  CHECK_TRACE ("io:102 prepare:40000");
  ev_loop_destroy (loop);
}

TEST (pending_in_two_loops_is_separate, .once = 1)
{
  struct ev_loop *first = t_loop (0), *second = t_loop (0);
  ev_timer a, b;
  pending_name (&a, "a", 0);
  pending_name (&b, "b", 0);
  ev_feed_event (first, &a, EV_CUSTOM);
  ev_feed_event (second, &b, EV_CUSTOM);
  CHECK_EQ (ev_pending_count (first), 1);
  CHECK_EQ (ev_pending_count (second), 1);
  ev_run (second, EVRUN_NOWAIT);
  CHECK_TRACE ("b");
  ev_run (first, EVRUN_NOWAIT);
  CHECK_TRACE ("b a");
  ev_loop_destroy (first);
  ev_loop_destroy (second);
}
