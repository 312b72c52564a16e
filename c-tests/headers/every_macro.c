/* every_macro.c - uses each macro of the header, so that a compiler with its warnings on sees the
   expansions. Also compiled as C++. Never linked: compiling it is the test. */

#include <stdlib.h>
#include <ev.h>

/* What the header defines for configuration only. */
#if !defined EV_H_ || !EV_COMPAT3 || !EV_PROTOTYPES || EV_WALK_ENABLE \
  || !EV_FEATURES || !EV_FEATURE_CONFIG || !EV_FEATURE_API || !EV_FEATURE_WATCHERS \
  || !EV_FEATURE_BACKENDS || !EV_FEATURE_OS || (EV_FEATURE_CODE && !EV_FEATURE_DATA) \
  || !EV_MULTIPLICITY || !EV_IO_ENABLE || !EV_PERIODIC_ENABLE || !EV_STAT_ENABLE || !EV_PREPARE_ENABLE \
  || !EV_CHECK_ENABLE || !EV_IDLE_ENABLE || !EV_FORK_ENABLE || !EV_CLEANUP_ENABLE \
  || !EV_SIGNAL_ENABLE || !EV_CHILD_ENABLE || !EV_ASYNC_ENABLE || !EV_EMBED_ENABLE
# error "a switch has lost its default"
#endif
#if EV_VERSION_MAJOR != 4 || EV_VERSION_MINOR != 33 || EV_MINPRI != -2 || EV_MAXPRI != 2
# error "a constant has another value"
#endif

EV_CPP (extern "C" {)
EV_API_DECL int every_macro_used (EV_P) EV_NOEXCEPT;
EV_API_DECL int every_macro_thrown (void) EV_THROW;
EV_CPP (})

/* A program's own watcher types. */
struct own { EV_WATCHER (own) int more; };
struct own_list { EV_WATCHER_LIST (own_list) int more; };
struct own_time { EV_WATCHER_TIME (own_time) int more; };
struct own_parts { int active; int pending; EV_DECL_PRIORITY EV_COMMON EV_CB_DECLARE (own_parts) };

struct connection
{
  ev_io io;
  ev_timer timer;
  EV_ATOMIC_T flag;
  EV_TSTAMP_T since;
};

/* The parameter where it is none: a member, a variable, part of a type, left unused. */
struct holder { EV_P; int more; };
typedef int (*loop_function) (EV_P_ int more);
static int unused_loop (EV_P_ int more) { return more; }
static int no_more (EV_P) { return 1; }

static int
held (void)
{
  EV_P = EV_DEFAULT_UC;
  struct holder holder;
  loop_function function = unused_loop;

  holder.loop = EV_A;
  holder.more = 1;
  return function (holder.loop, holder.more) + no_more (EV_A);
}

static int calls;

static EV_CB (io, on_io)
{
  calls += w->fd + revents + (EV_A != 0);
}

static EV_CB (timer, on_timer) { ev_timer_again (EV_A_ w); calls += revents; }
static EV_CB (periodic, on_periodic) { ev_periodic_again (EV_A_ w); calls += revents; }
static EV_CB (signal, on_signal) { ev_signal_stop (EV_A_ w); calls += revents; }
static EV_CB (child, on_child) { ev_child_stop (EV_A_ w); calls += revents; }
static EV_CB (stat, on_stat) { ev_stat_stat (EV_A_ w); calls += revents; }
static EV_CB (idle, on_idle) { ev_idle_stop (EV_A_ w); calls += revents; }
static EV_CB (prepare, on_prepare) { ev_prepare_stop (EV_A_ w); calls += revents; }
static EV_CB (check, on_check) { ev_check_stop (EV_A_ w); calls += revents; }
static EV_CB (embed, on_embed) { ev_embed_sweep (EV_A_ w); calls += revents; }
static EV_CB (fork, on_fork) { ev_fork_stop (EV_A_ w); calls += revents; }
static EV_CB (cleanup, on_cleanup) { ev_cleanup_stop (EV_A_ w); calls += revents; }
static EV_CB (async, on_async) { ev_async_stop (EV_A_ w); calls += revents; }

static void
on_own (EV_P_ struct own *w, int revents)
{
  w->more += revents;
  ev_break (EV_A_ EVBREAK_ONE);
}

EV_INLINE int
own_types (EV_P)
{
  struct own own;
  struct own_list list;
  struct own_time timed;
  struct own_parts parts;

  ev_init (&own, on_own);
  ev_init (&list, 0);
  ev_init (&timed, 0);
  ev_init (&parts, NULL);
  own.more = 0;
  ev_set_priority (&own, EV_MAXPRI);
  EV_CB_INVOKE (&own, EV_CUSTOM);
  return own.more + ev_priority (&own) + ev_is_active (&list) + ev_is_pending (&timed) + (ev_cb (&parts) != 0);
}

/* Watchers as members, as arrays, behind const and void pointers. */
static int
odd_places (const ev_io *read_only, void *untyped, struct connection *c)
{
  static ev_io many[3];
  union ev_any_watcher any;
  int i;

  for (i = 0; i < 3; ++i)
    ev_io_init (many + i, on_io, i, i & 1 ? EV_READ | EV_WRITE : EV_READ);
  ev_io_init (&c->io, on_io, 0, EV_READ);
  ev_timer_init (&c->timer, on_timer, 1, 0.);
  ev_idle_init (&any.idle, on_idle);

  if (ev_is_active (untyped) || ev_is_pending (untyped))
    ev_set_priority (untyped, ev_priority (read_only));
  else
    ev_set_cb (&c->io, on_io);

  return ev_is_active (read_only) + ev_is_active (c) + ev_is_active (&any) + (ev_cb_ (&c->io) == on_io);
}

int
every_macro_used (EV_P) EV_NOEXCEPT
{
  ev_io io;
  ev_timer timer;
  ev_periodic periodic;
  ev_signal signal;
  ev_child child;
  ev_stat stat;
  ev_idle idle;
  ev_prepare prepare;
  ev_check check;
  ev_embed embed;
  ev_fork fork;
  ev_cleanup cleanup;
  ev_async async;
  struct connection connection;
  int sum = 0;

  ev_io_init (&io, on_io, 0, EV_READ);
  ev_io_set (&io, 1, EV_WRITE);
  ev_io_modify (&io, EV_READ | EV_WRITE);
  ev_timer_init (&timer, on_timer, 1., 0.);
  ev_timer_set (&timer, 2, 3);
  ev_periodic_init (&periodic, on_periodic, 0., 10., 0);
  ev_periodic_set (&periodic, 0, 60, 0);
  periodic.at = 0.;
  ev_signal_init (&signal, on_signal, 2);
  ev_signal_set (&signal, 15);
  ev_child_init (&child, on_child, 0, 0);
  ev_child_set (&child, 1, 1);
  ev_stat_init (&stat, on_stat, "/", 0.);
  ev_stat_set (&stat, "/dev", 1.);
  ev_idle_init (&idle, on_idle);
  ev_idle_set (&idle);
  ev_prepare_init (&prepare, on_prepare);
  ev_prepare_set (&prepare);
  ev_check_init (&check, on_check);
  ev_check_set (&check);
  ev_embed_init (&embed, on_embed, EV_A);
  ev_embed_set (&embed, 0);
  ev_fork_init (&fork, on_fork);
  ev_fork_set (&fork);
  ev_cleanup_init (&cleanup, on_cleanup);
  ev_cleanup_set (&cleanup);
  ev_async_init (&async, on_async);
  ev_async_set (&async);

  if (ev_is_default_loop (EV_A))
    ev_io_start (EV_DEFAULT_ &io);
  else
    ev_io_start (EV_DEFAULT_UC_ &io);
  sum += ev_run (EV_DEFAULT_UC_ 0) + (EV_DEFAULT != EV_DEFAULT_UC);

  sum += ev_async_pending (&async) ? 1 : 0;
  sum += ev_periodic_at (&periodic) > 0.;
  sum += held () + own_types (EV_A) + odd_places (&io, &timer, &connection);

  ev_loop (EV_A_ EVLOOP_NONBLOCK | EVLOOP_ONESHOT);
  ev_unloop (EV_A_ EVUNLOOP_CANCEL);
  ev_unloop (EV_A_ EVUNLOOP_ONE);
  ev_unloop (EV_A_ EVUNLOOP_ALL);
  ev_loop_verify (EV_A);
  sum += (int)ev_loop_count (EV_A) + (int)ev_loop_depth (EV_A);
  ev_default_fork ();
  ev_default_destroy ();
  return sum + calls;
}

int
every_macro_thrown (void) EV_THROW
{
  struct ev_loop *loop = ev_loop_new (EVFLAG_NOENV | EVBACKEND_EPOLL | EVBACKEND_POLL);
  ev_tstamp start = ev_now (loop);

  ev_run (loop, EVRUN_NOWAIT);
  ev_loop_destroy (loop);
  return start > 0.;
}
