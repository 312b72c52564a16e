/* Runs a program: carries out its ops where they are legal at the moment, and traces what comes of them. */
#define _GNU_SOURCE
#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

unsigned char dropped[ALL_OPS];
struct heard *heard;
int closing;

static const struct program *program;
static struct ev_loop *loop, *inner;

union any
{
  ev_watcher watcher;
  ev_io io;
  ev_timer timer;
  ev_periodic periodic;
  ev_signal signal;
  ev_async async;
  ev_embed embed;
};
static union any all[WATCHERS];
static int turns[WATCHERS];
static int pair[PAIRS][2];
/* More that can be watched: dups of the pairs' ends, a file, a device, or other
   descriptors in their place. */
enum { DUPS = 2, EXTRAS = DUPS + 2 };
static int extra[EXTRAS];
/* Numbers are chosen by the program, so that they don't depend on what a library opens. */
enum { FIRST_FD = 200 };
static int opened;
/* Pairs that an ev_once may watch: they keep their numbers. */
static unsigned char sticky[PAIRS];
/* Pairs that were closed under their watchers. */
static unsigned char is_lost[PAIRS];
/* Callbacks left: then everything ends soon, whatever the program does. */
static int budget;
/* Callbacks of the embedded loop within one run of the main program: a flush of changes has an end here, in the reference none
   (COMPATIBILITY.md). */
static int inner_calls;
static int depth, references;
/* Makes the wake-up descriptor the first of a loop that has a signalfd too: where only one library opens it, poll's order of
   descriptors differs (COMPATIBILITY.md). */
static ev_async opener;

enum { BUDGET = 120, DEEPEST = 3, INNER_CALLS = 10, CALM_TURNS = 4, PATIENCE = 200 };

static void perform (const struct op *, int number);

/* Time in steps, as a watcher or the loop has it. */
static long
steps (double seconds)
{
  return lrint (seconds / TICK * 16.);
}

static int
watcher_of (void *w)
{
  return (int)((union any *)w - all);
}

/* Null: the program embeds nothing. */
static struct ev_loop *
loop_of (int watcher)
{
  enum kind kind = kind_of (watcher);
  if ((kind == EMBED && !inner) || (kind == FORKER && program->dups))
    return 0;
  return kind == INNER_IO || kind == INNER_TIMER ? inner : loop;
}

static int
is_idle (int watcher)
{
  return !ev_is_active (&all[watcher].watcher) && !ev_is_pending (&all[watcher].watcher);
}

/* The set of what is called begins, or is complete. */
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

/* Spread, so that few fall on the same moment: their order is not promised. */
static double
delay (int a)
{
  static const int spans[8] = { 0, 16, 160, 1600, 48, 16, 32, 4000 };
  return (spans[a & 7] + (a >> 3) % 61) * TICK;
}

static void
set (int watcher, int a, int b)
{
  union any *w = &all[watcher];
  int priority = ev_priority (&w->watcher);
  if (!is_idle (watcher))
    return;
  switch (kind_of (watcher))
    {
    case IO:
    case INNER_IO:
      ev_io_set (&w->io, a >> 9 & 3 ? pair[a % PAIRS][a >> 8 & 1] : extra[a % EXTRAS], b % 3 + 1);
      break;
    case TIMER:
    case INNER_TIMER:
      ev_timer_set (&w->timer, delay (a) - (b % 16 == 0 ? 1. : 0.), b % 3 ? 0. : delay (b >> 4) + TICK);
      break;
    case PERIODIC:
      ev_periodic_set (&w->periodic, b % 2 ? (a % 64) * TICK : 2e9 + virtual_now () + delay (a), b % 2 ? delay (b >> 2) + 4 * TICK : 0., 0);
      break;
    case SIGNAL:
      ev_signal_set (&w->signal, a % 2 ? SIGUSR1 : SIGUSR2);
      break;
    default:
      break;
    }
  ev_set_priority (&w->watcher, priority);
}

/* The reference aborts on such a descriptor. */
static int
is_closed (int watcher)
{
  return (kind_of (watcher) == IO || kind_of (watcher) == INNER_IO) && fcntl (all[watcher].io.fd, F_GETFD) < 0;
}

static void
start_or_stop (int watcher, int start)
{
  union any *w = &all[watcher];
  struct ev_loop *own = loop_of (watcher);
  if (!own || (start && is_closed (watcher)))
    return;
  if (heard && heard->lost[heard->runs][watcher])
    heard->lost[heard->runs][watcher] = CHANGED_SINCE;
#define DO(kind, type) case kind: if (start) ev_##type##_start (own, (ev_##type *)w); else ev_##type##_stop (own, (ev_##type *)w); break
  switch (kind_of (watcher))
    {
    DO (IO, io);
    DO (TIMER, timer);
    DO (PERIODIC, periodic);
    DO (SIGNAL, signal);
    DO (IDLE, idle);
    DO (PREPARE, prepare);
    DO (CHECKER, check);
    DO (FORKER, fork);
    DO (CLEANUP, cleanup);
    DO (ASYNC, async);
    DO (EMBED, embed);
    DO (INNER_IO, io);
    DO (INNER_TIMER, timer);
    default:
      break;
    }
}

static int
moved (int fd, int number)
{
  if (dup3 (fd, number, O_CLOEXEC) != number)
    _exit (3);
  close (fd);
  return number;
}

/* Two numbers in turn for each. */
static void
open_pair (int i)
{
  int k, ends[2];
  ++opened;
  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends))
    _exit (3);
  for (k = 0; k < 2; ++k)
    pair[i][k] = moved (ends[k], sticky[i] ? pair[i][k] : FIRST_FD + opened % 3 * 2 * PAIRS + 2 * i + k);
}

static void
stop_watchers_of (int fd)
{
  int w;
  for (w = 0; w < WATCHERS; ++w)
    if ((kind_of (w) == IO || kind_of (w) == INNER_IO) && all[w].io.fd == fd && loop_of (w))
      ev_io_stop (loop_of (w), &all[w].io);
}

/* Closes a pair that nobody watches any more, and opens another. */
static void
reopen (int i)
{
  int k;
  for (k = 0; k < 2; ++k)
    {
      stop_watchers_of (pair[i][k]);
      close (pair[i][k]);
    }
  open_pair (i);
}

/* Closes a pair under its watchers. */
static void
close_watched (int i)
{
  int k, w;
  for (k = 0; k < 2; ++k)
    {
      for (w = 0; w < WATCHERS; ++w)
        if ((kind_of (w) == IO || kind_of (w) == INNER_IO) && all[w].io.fd == pair[i][k] && ev_is_active (&all[w].watcher))
          heard->lost[heard->runs][w] = LOST;
      close (pair[i][k]);
    }
  is_lost[i] = 1;
}

/* After the run that may tell of it. */
static void
forget_lost (void)
{
  int i;
  for (i = 0; i < PAIRS; ++i)
    if (is_lost[i])
      {
        is_lost[i] = 0;
        stop_watchers_of (pair[i][0]);
        stop_watchers_of (pair[i][1]);
        open_pair (i);
      }
}

/* Another descriptor of the same file, which outlives the close of the one. */
static void
make_dup (int k, int fd)
{
  stop_watchers_of (extra[k]);
  close (extra[k]);
  extra[k] = moved (dup (fd), extra[k]);
}

static void
open_descriptors (void)
{
  int i;
  opened = 0;
  memset (sticky, 0, sizeof sticky);
  memset (is_lost, 0, sizeof is_lost);
  for (i = 0; i < PAIRS; ++i)
    open_pair (i);
  for (i = 0; i < EXTRAS; ++i)
    extra[i] = FIRST_FD + 6 * PAIRS + i;
  for (i = 0; i < DUPS; ++i)
    moved (program->dups ? dup (pair[i][0]) : eventfd (i, EFD_CLOEXEC | EFD_NONBLOCK), extra[i]);
  moved (program->files ? memfd_create ("file", MFD_CLOEXEC) : eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK), extra[DUPS]);
  moved (program->files ? open ("/dev/null", O_RDWR | O_CLOEXEC) : eventfd (1, EFD_CLOEXEC | EFD_NONBLOCK), extra[DUPS + 1]);
}

static void
close_descriptors (void)
{
  int i;
  for (i = 0; i < PAIRS; ++i)
    if (!is_lost[i])
      {
        close (pair[i][0]);
        close (pair[i][1]);
      }
  for (i = 0; i < EXTRAS; ++i)
    close (extra[i]);
}

static void
again (int watcher)
{
  union any *w = &all[watcher];
  if (kind_of (watcher) == TIMER)
    ev_timer_again (loop, &w->timer);
  else
    ev_periodic_again (loop, &w->periodic);
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
  if (depth >= DEEPEST)
    return;
  if (!depth)
    inner_calls = 0;
  ++depth;
  trace ("run", flags, 0, 0, 0);
  result = ev_run (loop, flags);
  trace ("ran", result, (long)ev_iteration (loop), (long)ev_depth (loop), steps (ev_now (loop) - 2e9));
  --depth;
}

/* A run that goes on until something ends it, at the latest this: again and again, since a run within may take the first break. */
static ev_timer stopper;

static void
stop_run (EV_P_ ev_timer *w, int revents)
{
  ev_break (EV_A_ EVBREAK_ONE);
}

static void
run_on (int a)
{
  if (depth >= DEEPEST || ev_is_active (&stopper) || heard)
    return;
  ev_timer_init (&stopper, stop_run, (a % 64) * TICK, 16 * TICK);
  ev_timer_start (loop, &stopper);
  if (!depth)
    inner_calls = 0;
  ++depth;
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
  if (!inner || depth >= DEEPEST)
    return;
  ++depth;
  trace ("run_inner", ev_run (inner, EVRUN_NOWAIT), (long)ev_iteration (inner), (long)ev_depth (inner), 0);
  --depth;
}

/* Starts a watcher with a priority that may be out of range. */
static void
start_oddly (int watcher, int priority)
{
  if (!loop_of (watcher) || is_closed (watcher))
    return;
  start_or_stop (watcher, 0);
  ev_set_priority (&all[watcher].watcher, priority);
  start_or_stop (watcher, 1);
  trace ("priority", ev_priority (&all[watcher].watcher), 0, 0, 0);
}

static void
look (int watcher)
{
  union any *w = &all[watcher];
  long more = 0;
  if (!loop_of (watcher))
    return;
  if (kind_of (watcher) == TIMER)
    more = steps (ev_timer_remaining (loop, &w->timer));
  else if (kind_of (watcher) == PERIODIC)
    more = steps (ev_periodic_at (&w->periodic) - 2e9);
  else if (kind_of (watcher) == IO || kind_of (watcher) == INNER_IO)
    more = w->io.events;
  trace ("look", watcher | (long)ev_pending_count (loop) << 8, ev_is_active (&w->watcher) != 0, ev_is_pending (&w->watcher) != 0, more);
}

/* Without a watcher a signal is ignored; the last stop has restored what would end the process. */
static void
raise_signal (int signum)
{
  struct sigaction now;
  sigaction (signum, 0, &now);
  if (now.sa_handler == SIG_DFL)
    signal (signum, SIG_IGN);
  raise (signum);
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
        ev_set_priority (&w->watcher, a % 5 - 2);
      break;
    case FEED: ev_feed_event (loop_of (op->watcher), w, a % 2 ? EV_CUSTOM : 1 << a % 16); break;
    case FEED_FD: ev_feed_fd_event (loop, legal_fd, a % 3 + 1); break;
    case CLEAR: trace ("cleared", ev_clear_pending (loop_of (op->watcher), w), 0, 0, 0); break;
    case INVOKE:
      if (depth < DEEPEST)
        {
          ++depth;
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
      if (depth < DEEPEST)
        {
          ++depth;
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
      ev_once (loop, b % 2 ? legal_fd : -1, a % 3 + 1, b % 5 ? delay (a) : -1., once_called, (void *)(long)(a & 255));
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
      if (inner && ev_is_active (&w->embed) && depth < DEEPEST)
        {
          ++depth;
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
        case INNER_TIMER: ev_timer_set (&w->timer, delay (i * 37), i & 1 ? delay (i * 11) + TICK : 0.); break;
        case PERIODIC: ev_periodic_set (&w->periodic, 0., (i + 3) * 16 * TICK, 0); break;
        case SIGNAL: ev_signal_set (&w->signal, i & 1 ? SIGUSR1 : SIGUSR2); break;
        case EMBED: ev_embed_set (&w->embed, inner); break;
        default: break;
        }
    }
}

static void
no_op (EV_P_ ev_signal *w, int revents)
{
}

/* A signal that was raised and not handled yet is remembered beyond its loop: none may reach the next program. */
static void
handle_signals (void)
{
  ev_signal w[2];
  int i;
  for (i = 0; i < 2; ++i)
    {
      ev_signal_init (&w[i], no_op, i ? SIGUSR1 : SIGUSR2);
      ev_signal_start (loop, &w[i]);
      raise (w[i].signum);
    }
  ev_run (loop, EVRUN_NOWAIT);
  ev_run (loop, EVRUN_NOWAIT);
  for (i = 0; i < 2; ++i)
    ev_signal_stop (loop, &w[i]);
}

/* A loop that ends leaves handlers and mask as they are. */
static void
forget_signals (void)
{
  sigset_t both;
  signal (SIGUSR1, SIG_IGN);
  signal (SIGUSR2, SIG_IGN);
  sigemptyset (&both);
  sigaddset (&both, SIGUSR1);
  sigaddset (&both, SIGUSR2);
  sigprocmask (SIG_UNBLOCK, &both, 0);
}

void
run_program (const struct program *p, unsigned backend)
{
  int i;
  program = p;
  budget = BUDGET;
  depth = references = inner_calls = 0;
  virtual_reset ();
  forget_signals ();
  open_descriptors ();
  inner = p->embeds ? ev_loop_new (EVBACKEND_EPOLL | EVFLAG_NOENV) : 0;
  init ();
  loop = ev_loop_new (backend | p->flags);
  if (!loop || (p->embeds && !inner))
    _exit (4);
  if (backend == EVBACKEND_POLL && p->flags & EVFLAG_SIGNALFD)
    {
      ev_async_init (&opener, CALLED (async));
      ev_async_start (loop, &opener);
      ev_unref (loop);
    }
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
