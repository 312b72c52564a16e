/* Runs a program: carries out its ops where they are legal at the moment, and traces what comes of them. */
#define _GNU_SOURCE
#include "running.h"

#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

unsigned char dropped[ALL_OPS];
const struct program *program;
struct heard *heard;
int closing;

static int turns[WATCHERS];
/* Callbacks left: then everything ends soon, whatever the program does. */
static int budget;
/* Callbacks of the embedded loop within one run of the main program: a flush of changes has an end here, in the reference none
   (COMPATIBILITY.md). */
static int inner_calls;
static int depth, references;
/* Makes the wake-up descriptor the first of a loop that has a signalfd too: where only one library opens it, poll's order of
   descriptors differs (COMPATIBILITY.md). */
static ev_async opener;

enum { BUDGET = 120, DEEPEST = 3, INNER_CALLS = 10, CALM_TURNS = 4, PATIENCE = 1000 };

static void perform (const struct op *, int number);

/* False: callbacks within callbacks are deep enough. Else the caller counts down afterwards. */
static int
enter (void)
{
  if (depth >= DEEPEST)
    return 0;
  ++depth;
  return 1;
}

static int
watcher_of (void *w)
{
  return (int)((union any *)w - all);
}

/* The set of what is called in a run is complete. */
static void
note_run (void)
{
  int w;
  for (w = 0; w < WATCHERS; ++w)
    heard->active[heard->runs][w] = ev_is_active (&all[w].watcher) != 0;
  if (heard->runs + 1 < MOST_RUNS)
    ++heard->runs;
}

static void
called (EV_P_ ev_watcher *w, int revents)
{
  int self = watcher_of (w), turn = turns[self]++ % TURNS, k;
  if (heard)
    {
      heard->events[heard->runs][self] |= (unsigned)revents;
      return;
    }
  trace (watcher_name (self), revents, ev_is_active (w) != 0, (ev_is_pending (w) != 0) | (long)ev_depth (EV_A) << 8, steps (ev_now (EV_A) - 2e9));
  if (EV_A == inner && ++inner_calls > INNER_CALLS)
    return;
  if (--budget <= 0)
    {
      ev_break (EV_A_ EVBREAK_ALL);
      return;
    }
  for (k = 0; k < CALLBACK_OPS; ++k)
    perform (&program->callback[self][turn][k], MAIN_OPS + (self * TURNS + turn) * CALLBACK_OPS + k);
}

#define CALLED(type) (void (*) (EV_P_ ev_##type *, int))called

static void
once_called (int revents, void *arg)
{
  if (heard)
    heard->events[heard->runs][WATCHERS + (long)arg] |= (unsigned)revents;
  trace ("once", revents, (long)arg, 0, 0);
  --budget;
}

static void
invoke_hook (EV_P)
{
  trace ("hook", (long)ev_pending_count (EV_A), 0, 0, 0);
  ev_invoke_pending (EV_A);
}

/* How a run is asked for; flags 0 where nothing bounds it but the budget, so with something that uses it up. */
static void
run (int a)
{
  int result, i, flags = a % 4 ? EVRUN_NOWAIT : EVRUN_ONCE;
  if (heard)
    {
      for (i = 0; i < CALM_TURNS; ++i)
        ev_run (loop, EVRUN_NOWAIT);
      for (i = 0; i < PATIENCE && lacks (heard->runs); ++i)
        {
          virtual_sleep ();
          ev_run (loop, EVRUN_NOWAIT);
        }
      note_run ();
      forget_lost ();
      return;
    }
  if (!enter ())
    return;
  if (depth == 1)
    inner_calls = 0;
  trace ("run", flags, 0, 0, 0);
  result = ev_run (loop, flags);
  trace ("ran", result, (long)ev_iteration (loop), (long)ev_depth (loop), steps (ev_now (loop) - 2e9));
  --depth;
}

/* A run that goes on until something ends it, at the latest this: again and again, since a run within may take the first break. */
ev_timer stopper;
/* How many times ev_once was called: each is due at a moment that no other watcher has. */
static int onces;

static void
stop_run (EV_P_ ev_timer *w, int revents)
{
  ev_break (EV_A_ EVBREAK_ONE);
}

static void
run_on (int a)
{
  if (ev_is_active (&stopper) || heard || !enter ())
    return;
  ev_timer_init (&stopper, stop_run, (a % 64) * TICK + own_moment (WATCHERS), 16 * TICK + own_moment (WATCHERS));
  ev_timer_start (loop, &stopper);
  if (depth == 1)
    inner_calls = 0;
  trace ("run_on", 0, 0, 0, 0);
  trace ("ran", ev_run (loop, 0), (long)ev_iteration (loop), (long)ev_depth (loop), steps (ev_now (loop) - 2e9));
  --depth;
  ev_timer_stop (loop, &stopper);
}

static void
released (EV_P)
{
  trace ("release", 0, 0, 0, 0);
}

static void
acquired (EV_P)
{
  trace ("acquire", 0, 0, 0, 0);
}

static void
run_inner (void)
{
  if (!inner || !enter ())
    return;
  trace ("run_inner", ev_run (inner, EVRUN_NOWAIT), (long)ev_iteration (inner), (long)ev_depth (inner), 0);
  --depth;
}

static void
perform (const struct op *op, int number)
{
  union any *w = &all[op->watcher];
  int a = op->a, b = op->b, legal_fd = pair[a % PAIRS][b & 1];
  char bytes[64] = { 0 };
  if (dropped[number] || !loop_of (op->watcher))
    return;
  if (is_lost[a % PAIRS] && (op->verb == ONCE || op->verb == DUP))
    return;
  if (trace_text > 1)
    trace (op_text (op), number, 0, 0, 0);
  switch (op->verb)
    {
    case START: start_or_stop (op->watcher, 1); break;
    case STOP: start_or_stop (op->watcher, 0); break;
    case SET:
      /* A watcher that is changed is mostly stopped first and started after it. */
      if (a % 8)
        start_or_stop (op->watcher, 0);
      set (op->watcher, a, b);
      if (a % 4)
        start_or_stop (op->watcher, 1);
      break;
    case AGAIN: again (op->watcher); break;
    case PRIORITY:
      /* In range: the reference crashes on one that is fed before it is started. */
      if (is_idle (op->watcher))
        ev_set_priority (&w->watcher, allowed (op->watcher, a % 5 - 2));
      break;
    case FEED: ev_feed_event (loop_of (op->watcher), w, a % 2 ? EV_CUSTOM : 1 << a % 16); break;
    case FEED_FD: ev_feed_fd_event (loop, legal_fd, a % 3 + 1); break;
    case CLEAR: trace ("cleared", ev_clear_pending (loop_of (op->watcher), w), 0, 0, 0); break;
    case INVOKE:
      if (enter ())
        {
          ev_invoke (loop_of (op->watcher), w, EV_CUSTOM);
          --depth;
        }
      break;
    case RAISE: raise_signal (a % 2 ? SIGUSR1 : SIGUSR2); break;
    case SEND:
      /* The reference aborts when something is sent before its pipe is there. */
      if (ev_is_active (&w->async))
        ev_async_send (loop, &w->async);
      break;
    case FEED_SIGNAL: ev_feed_signal_event (loop, a % 2 ? SIGUSR1 : SIGUSR2); break;
    case RUN:
      if (a % 16)
        run (a);
      else
        run_on (b);
      break;
    case BREAK: ev_break (loop, a % 3); break;
    case INVOKE_PENDING:
      if (enter ())
        {
          ev_invoke_pending (loop);
          --depth;
        }
      break;
    case LOOP_FORK:
      /* The reference stops an embed watcher while the embedded loop is told (COMPATIBILITY.md). */
      if (!inner && !(program->files && (heard || ev_backend (loop) == EVBACKEND_EPOLL)))
        ev_loop_fork (loop);
      break;
    case SUSPEND:
      ev_suspend (loop);
      virtual_pass (a % 300);
      ev_resume (loop);
      break;
    case UPDATE: ev_now_update (loop); break;
    case ONCE:
      sticky[a % PAIRS] = 1;
      ev_once (loop, b % 2 ? legal_fd : -1, a % 3 + 1, b % 5 ? delay (a, 0) + (2 * onces++ + 1) % 512 * TICK / 8192 : -1., once_called, (void *)(long)(a & 255));
      break;
    case WRITE_BYTE: trace ("written", send (legal_fd, bytes, 1, MSG_NOSIGNAL), 0, 0, 0); break;
    case READ_BYTES: trace ("read", read (legal_fd, bytes, sizeof bytes), 0, 0, 0); break;
    case REOPEN:
      if (is_lost[a % PAIRS])
        break;
      if (closing && b % 2 && !sticky[a % PAIRS])
        close_watched (a % PAIRS);
      else
        reopen (a % PAIRS);
      break;
    case PASS: virtual_pass (a % 40); break;
    case COLLECT:
      /* What is left of a wait of select after a sleep is nothing or a microsecond. */
      if (ev_backend (loop) == EVBACKEND_SELECT)
        break;
      ev_set_io_collect_interval (loop, a % 2 ? 0. : (a >> 1) % 16 * TICK);
      ev_set_timeout_collect_interval (loop, b % 2 ? 0. : (b >> 1) % 16 * TICK);
      break;
    case HOOK: ev_set_invoke_pending_cb (loop, a % 2 ? invoke_hook : ev_invoke_pending); break;
    case REF: ev_ref (loop); ++references; break;
    case UNREF:
      if (references)
        {
          ev_unref (loop);
          --references;
        }
      break;
    case LOOK: look (op->watcher); break;
    case JUMP:
      /* With a timerfd the reference alone has the old time again for a moment (COMPATIBILITY.md). */
      if (program->flags & EVFLAG_NOTIMERFD)
        virtual_jump (a % 601 - 300);
      break;
    case MODIFY:
      if (kind_of (op->watcher) == IO)
        {
          start_or_stop (op->watcher, 0);
          ev_io_modify (&w->io, a % 3 + 1);
          start_or_stop (op->watcher, 1);
        }
      break;
    case HOOKS: ev_set_loop_release_cb (loop, a % 2 ? released : 0, a % 2 ? acquired : 0); break;
    case SHUT: shutdown (legal_fd, a % 3); break;
    case DUP:
      if (program->dups)
        make_dup (a % DUPS, legal_fd);
      break;
    case ODD_PRIORITY: start_oddly (op->watcher, a % 13 - 6); break;
    case RUN_INNER: run_inner (); break;
    case SWEEP:
      w = &all[first_of (EMBED)];
      if (inner && ev_is_active (&w->embed) && enter ())
        {
          ev_embed_sweep (loop, &w->embed);
          --depth;
        }
      break;
    default: break;
    }
}

static void
init (void)
{
  int i;
  for (i = 0; i < WATCHERS; ++i)
    {
      union any *w = &all[i];
      memset (w, 0, sizeof *w);
      turns[i] = 0;
      ev_init (&w->watcher, called);
      switch (kind_of (i))
        {
        case IO:
        case INNER_IO: ev_io_set (&w->io, pair[i % PAIRS][i & 1], i & 1 ? EV_WRITE : EV_READ); break;
        case TIMER:
        case INNER_TIMER: ev_timer_set (&w->timer, delay (i * 37, i), i & 1 ? delay (i * 11, i) + TICK : 0.); break;
        case PERIODIC: ev_periodic_set (&w->periodic, own_moment (i), (i + 3) * 16 * TICK, 0); break;
        case SIGNAL: ev_signal_set (&w->signal, i & 1 ? SIGUSR1 : SIGUSR2); break;
        case EMBED: ev_embed_set (&w->embed, inner); break;
        default: break;
        }
    }
}

/* Ours asks poll for some descriptors of an epoll loop, until another loop waits for that loop's set: from then on the order among what
   is ready is the kernel's. That nothing is lost is looked for without this. */
static void
keep_the_kernels_order (struct ev_loop *of)
{
  struct ev_loop *other;
  ev_embed w;
  if (!of || !(ev_backend (of) & ev_embeddable_backends ()))
    return;
  other = ev_loop_new (EVBACKEND_POLL | EVFLAG_NOENV);
  if (!other)
    _exit (4);
  ev_embed_init (&w, 0, of);
  ev_embed_start (other, &w);
  ev_embed_stop (other, &w);
  ev_loop_destroy (other);
}

/* A watcher that never hears anything and does not count. Without a descriptor to look at, a turn of ours that does not wait asks the
   kernel nothing, and time, which such turns move, would be another. */
static void
watch_nothing (ev_io *w)
{
  int fd = eventfd (0, EFD_CLOEXEC);
  if (fd < 0)
    _exit (4);
  ev_io_init (w, CALLED (io), fd, EV_READ);
  ev_io_start (loop, w);
  ev_unref (loop);
}

static void
watch_nothing_more (ev_io *w)
{
  ev_ref (loop);
  ev_io_stop (loop, w);
  close (w->fd);
}

void
run_program (const struct program *p, unsigned backend)
{
  ev_io silent;
  int i;
  program = p;
  budget = BUDGET;
  depth = references = inner_calls = onces = 0;
  virtual_reset ();
  forget_signals ();
  open_descriptors ();
  inner = p->embeds ? ev_loop_new (EVBACKEND_EPOLL | EVFLAG_NOENV) : 0;
  init ();
  loop = ev_loop_new (backend | p->flags);
  if (!loop || (p->embeds && !inner))
    _exit (4);
  if (!heard)
    {
      keep_the_kernels_order (inner);
      keep_the_kernels_order (loop);
    }
  if (backend == EVBACKEND_POLL && p->flags & EVFLAG_SIGNALFD)
    {
      ev_async_init (&opener, CALLED (async));
      ev_async_start (loop, &opener);
      ev_unref (loop);
    }
  watch_nothing (&silent);
  for (i = 0; i < MAIN_OPS; ++i)
    perform (&p->main[i], i);
  for (i = 0; i < 4; ++i)
    run (i);
  for (i = 0; i < WATCHERS; ++i)
    look (i);
  ev_verify (loop);
  for (i = 0; i < WATCHERS; ++i)
    if (kind_of (i) != CLEANUP)
      start_or_stop (i, 0);
  trace ("left", ev_run (loop, EVRUN_NOWAIT), (long)ev_pending_count (loop), 0, 0);
  handle_signals ();
  watch_nothing_more (&silent);
  if (ev_is_active (&opener))
    {
      ev_ref (loop);
      ev_async_stop (loop, &opener);
    }
  /* Cleanup callbacks that start signal watchers would leave them in the reference's table, with a loop that is gone. */
  budget = 0;
  ev_loop_destroy (inner);
  inner = 0;
  ev_loop_destroy (loop);
  close_descriptors ();
}
