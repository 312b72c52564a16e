/* ev.h - the C interface of libev 4.33, as this library implements it
 *
 * SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later
 *
 * The switches, types and macros are written by hand; the prototypes between the two marks are
 * generated from the library's own definitions. Programs see the names, values and layouts that
 * they know. A switch that would give them another layout than the shared library has is refused.
 */
#ifndef EV_H_
#define EV_H_

/* ---- the language ---- */

#ifdef __cplusplus
# define EV_CPP(x) x
#else
# define EV_CPP(x)
#endif

/* Marks what never throws: everything but the functions that call the program back. */
#undef EV_NOEXCEPT
#if defined __cplusplus && __cplusplus >= 201103L
# define EV_NOEXCEPT noexcept
#else
# define EV_NOEXCEPT
#endif
#undef EV_THROW
#define EV_THROW EV_NOEXCEPT

#if defined __cplusplus || (defined __STDC_VERSION__ && __STDC_VERSION__ >= 199901L)
# define EV_INLINE static inline
#elif defined __GNUC__
# define EV_INLINE static __inline__
#else
# define EV_INLINE static
#endif

#ifdef EV_API_STATIC
# define EV_API_DECL static
#else
# define EV_API_DECL extern
#endif

#include <string.h> /* memmove, in the macros that set and read callbacks */

/* ---- switches: what to declare ---- */

#ifndef EV_FEATURES
# ifdef __OPTIMIZE_SIZE__
#  define EV_FEATURES 0x7c
# else
#  define EV_FEATURES 0x7f
# endif
#endif

#define EV_FEATURE_CODE     ((EV_FEATURES) &  1)
#define EV_FEATURE_DATA     ((EV_FEATURES) &  2)
#define EV_FEATURE_CONFIG   ((EV_FEATURES) &  4)
#define EV_FEATURE_API      ((EV_FEATURES) &  8)
#define EV_FEATURE_WATCHERS ((EV_FEATURES) & 16)
#define EV_FEATURE_BACKENDS ((EV_FEATURES) & 32)
#define EV_FEATURE_OS       ((EV_FEATURES) & 64)

/* The names of version 3 as well. */
#ifndef EV_COMPAT3
# define EV_COMPAT3 1
#endif

#ifndef EV_PROTOTYPES
# define EV_PROTOTYPES 1
#endif

#ifndef EV_WALK_ENABLE
# define EV_WALK_ENABLE 0
#endif

#ifndef EV_PERIODIC_ENABLE
# define EV_PERIODIC_ENABLE EV_FEATURE_WATCHERS
#endif
#ifndef EV_STAT_ENABLE
# define EV_STAT_ENABLE EV_FEATURE_WATCHERS
#endif
#ifndef EV_IDLE_ENABLE
# define EV_IDLE_ENABLE EV_FEATURE_WATCHERS
#endif
#ifndef EV_PREPARE_ENABLE
# define EV_PREPARE_ENABLE EV_FEATURE_WATCHERS
#endif
#ifndef EV_CHECK_ENABLE
# define EV_CHECK_ENABLE EV_FEATURE_WATCHERS
#endif
#ifndef EV_FORK_ENABLE
# define EV_FORK_ENABLE EV_FEATURE_WATCHERS
#endif
#ifndef EV_CLEANUP_ENABLE
# define EV_CLEANUP_ENABLE EV_FEATURE_WATCHERS
#endif
#ifndef EV_ASYNC_ENABLE
# define EV_ASYNC_ENABLE EV_FEATURE_WATCHERS
#endif
#ifndef EV_CHILD_ENABLE
# define EV_CHILD_ENABLE EV_FEATURE_WATCHERS
#endif
#ifndef EV_EMBED_ENABLE
# define EV_EMBED_ENABLE EV_FEATURE_WATCHERS
#endif

/* Child watchers need signals; embed watchers contain an io and a prepare watcher. */
#if EV_CHILD_ENABLE && defined EV_SIGNAL_ENABLE && !EV_SIGNAL_ENABLE
# undef EV_SIGNAL_ENABLE
# define EV_SIGNAL_ENABLE 1
#endif
#ifndef EV_SIGNAL_ENABLE
# define EV_SIGNAL_ENABLE EV_FEATURE_WATCHERS
#endif
#if EV_EMBED_ENABLE
# undef EV_IO_ENABLE
# define EV_IO_ENABLE 1
# undef EV_PREPARE_ENABLE
# define EV_PREPARE_ENABLE 1
#endif

/* ---- switches that would change the layout are refused ---- */

#if !EV_FEATURE_CONFIG && !(defined EV_MULTIPLICITY && defined EV_MINPRI && defined EV_MAXPRI)
# error "libev: EV_FEATURES without bit 4 does not fit the shared library: add the bit, or define EV_MULTIPLICITY as 1, EV_MINPRI as -2 and EV_MAXPRI as 2"
#endif

#ifndef EV_MULTIPLICITY
# define EV_MULTIPLICITY EV_FEATURE_CONFIG
#elif !EV_MULTIPLICITY
# error "libev: EV_MULTIPLICITY 0 does not fit the shared library, whose functions and callbacks take a loop: define it as 1 or not at all"
#endif

#ifndef EV_MINPRI
# define EV_MINPRI (EV_FEATURE_CONFIG ? -2 : 0)
#endif
#ifndef EV_MAXPRI
# define EV_MAXPRI (EV_FEATURE_CONFIG ? +2 : 0)
#endif
#if EV_MINPRI == EV_MAXPRI
# error "libev: EV_MINPRI equal to EV_MAXPRI does not fit the shared library, whose watchers have a priority: define neither, or different ones"
#endif

#ifdef EV_COMMON
# error "libev: EV_COMMON cannot be changed, the shared library has its own: remove the definition and use the watcher's data member, or put the watcher into a larger structure"
# undef EV_COMMON
#endif
#define EV_COMMON void *data;

#ifdef EV_CB_DECLARE
# error "libev: EV_CB_DECLARE cannot be changed, the shared library calls what its own declares: remove the definition"
# undef EV_CB_DECLARE
#endif
#define EV_CB_DECLARE(type) void (*cb)(EV_P_ struct type *w, int revents);

#ifdef EV_TSTAMP_T
/* Refuses what begins with the word of another type; further down the compiler judges the rest. */
# define EV_TSTAMP_NOT_float 1 ||
# define EV_TSTAMP_NOT_long 1 ||
# define EV_TSTAMP_NOT_int 1 ||
# define EV_TSTAMP_NOT_short 1 ||
# define EV_TSTAMP_NOT_char 1 ||
# define EV_TSTAMP_NOT_signed 1 ||
# define EV_TSTAMP_NOT_unsigned 1 ||
# define EV_TSTAMP_NOT_struct 1 ||
# define EV_TSTAMP_NOT_2_(word) EV_TSTAMP_NOT_ ## word
# define EV_TSTAMP_NOT_1_(words) EV_TSTAMP_NOT_2_ (words)
# if EV_TSTAMP_NOT_1_ (EV_TSTAMP_T) + 0
#  error "libev: EV_TSTAMP_T must be double, as it is in the shared library: remove the definition"
# endif
# undef EV_TSTAMP_NOT_float
# undef EV_TSTAMP_NOT_long
# undef EV_TSTAMP_NOT_int
# undef EV_TSTAMP_NOT_short
# undef EV_TSTAMP_NOT_char
# undef EV_TSTAMP_NOT_signed
# undef EV_TSTAMP_NOT_unsigned
# undef EV_TSTAMP_NOT_struct
# undef EV_TSTAMP_NOT_2_
# undef EV_TSTAMP_NOT_1_
#else
# define EV_TSTAMP_T double
#endif

#ifndef EV_ATOMIC_T
# include <signal.h> /* sig_atomic_t */
# define EV_ATOMIC_T sig_atomic_t volatile
#endif

#if EV_STAT_ENABLE
# include <sys/types.h>
# include <sys/stat.h>
#endif

EV_CPP (extern "C" {)

/* ---- the loop, as a parameter and as an argument ---- */

struct ev_loop;

typedef EV_TSTAMP_T ev_tstamp;

/* Not every callback uses the loop that it is given. */
#ifdef __GNUC__
# define EV_P struct ev_loop *loop __attribute__ ((__unused__))
#else
# define EV_P struct ev_loop *loop
#endif
#define EV_P_ EV_P,
#define EV_A loop
#define EV_A_ EV_A,

#define EV_DEFAULT ev_default_loop (0)
#define EV_DEFAULT_ EV_DEFAULT,
/* Without creating it: the default loop must exist already. */
#define EV_DEFAULT_UC ev_default_loop_uc_ ()
#define EV_DEFAULT_UC_ EV_DEFAULT_UC,

/* ---- constants ---- */

#define EV_VERSION_MAJOR 4
#define EV_VERSION_MINOR 33

/* Event bits. The low ones are also what an io watcher asks for. */
enum
{
  EV_UNDEF    = -1,
  EV_NONE     = 0,
  EV_READ     = 0x00000001,
  EV_WRITE    = 0x00000002,
  EV__IOFDSET = 0x00000080, /* internal */
  EV_IO       = EV_READ,
  EV_TIMER    = 0x00000100,
#if EV_COMPAT3
  EV_TIMEOUT  = EV_TIMER,
#endif
  EV_PERIODIC = 0x00000200,
  EV_SIGNAL   = 0x00000400,
  EV_CHILD    = 0x00000800,
  EV_STAT     = 0x00001000,
  EV_IDLE     = 0x00002000,
  EV_PREPARE  = 0x00004000,
  EV_CHECK    = 0x00008000,
  EV_EMBED    = 0x00010000,
  EV_FORK     = 0x00020000,
  EV_CLEANUP  = 0x00040000,
  EV_ASYNC    = 0x00080000,
  EV_CUSTOM   = 0x01000000,
  EV_ERROR    = -0x7fffffff - 1
};

/* For ev_default_loop and ev_loop_new: flags and backends, one enumeration so that C++20 lets
   them be combined. */
enum
{
  EVFLAG_AUTO        = 0x00000000U,
  EVFLAG_NOENV       = 0x01000000U,
  EVFLAG_FORKCHECK   = 0x02000000U,
  EVFLAG_NOINOTIFY   = 0x00100000U,
#if EV_COMPAT3
  EVFLAG_NOSIGFD     = 0x00000000U,
#endif
  EVFLAG_SIGNALFD    = 0x00200000U,
  EVFLAG_NOSIGMASK   = 0x00400000U,
  EVFLAG_NOTIMERFD   = 0x00800000U,

  EVBACKEND_SELECT   = 0x00000001U,
  EVBACKEND_POLL     = 0x00000002U,
  EVBACKEND_EPOLL    = 0x00000004U,
  EVBACKEND_KQUEUE   = 0x00000008U,
  EVBACKEND_DEVPOLL  = 0x00000010U,
  EVBACKEND_PORT     = 0x00000020U,
  EVBACKEND_LINUXAIO = 0x00000040U,
  EVBACKEND_IOURING  = 0x00000080U,
  EVBACKEND_ALL      = 0x000000ffU,
  EVBACKEND_MASK     = 0x0000ffffU
};

/* For ev_run. */
enum
{
  EVRUN_NOWAIT = 1,
  EVRUN_ONCE   = 2
};

/* For ev_break. */
enum
{
  EVBREAK_CANCEL = 0,
  EVBREAK_ONE    = 1,
  EVBREAK_ALL    = 2
};

/* ---- watchers ---- */

#ifndef EV_DECL_PRIORITY
# define EV_DECL_PRIORITY int priority;
#endif

#ifndef EV_CB_INVOKE
# define EV_CB_INVOKE(watcher, revents) (watcher)->cb (EV_A_ (watcher), (revents))
#endif

/* The head of a callback: static EV_CB (io, on_readable) { ... } */
#define EV_CB(type, name) void name (EV_P_ struct ev_ ## type *w, int revents)

#define EV_WATCHER(type) int active; int pending; EV_DECL_PRIORITY EV_COMMON EV_CB_DECLARE (type)
#define EV_WATCHER_LIST(type) EV_WATCHER (type) struct ev_watcher_list *next;
#define EV_WATCHER_TIME(type) EV_WATCHER (type) ev_tstamp at;

/* The macros and programs look at every watcher through these types. */
#ifdef __GNUC__
# define EV_MAY_ALIAS_ __attribute__ ((__may_alias__))
#else
# define EV_MAY_ALIAS_
#endif

/* What all watchers begin with, what those in lists do, and what those with a time do. */
typedef struct EV_MAY_ALIAS_ ev_watcher
{
  EV_WATCHER (ev_watcher)
} ev_watcher;

typedef struct EV_MAY_ALIAS_ ev_watcher_list
{
  EV_WATCHER_LIST (ev_watcher_list)
} ev_watcher_list;

typedef struct EV_MAY_ALIAS_ ev_watcher_time
{
  EV_WATCHER_TIME (ev_watcher_time)
} ev_watcher_time;

#undef EV_MAY_ALIAS_

/* EV_READ, EV_WRITE: a descriptor is readable or writable. */
typedef struct ev_io
{
  EV_WATCHER_LIST (ev_io)

  int fd;
  int events;
} ev_io;

/* EV_TIMER: a span of time has passed. */
typedef struct ev_timer
{
  EV_WATCHER_TIME (ev_timer)

  ev_tstamp repeat; /* may be changed at any time */
} ev_timer;

/* EV_PERIODIC: a wall-clock time has come. */
typedef struct ev_periodic
{
  EV_WATCHER_TIME (ev_periodic)

  ev_tstamp offset;   /* these three may be changed at any time */
  ev_tstamp interval;
  ev_tstamp (*reschedule_cb)(struct ev_periodic *w, ev_tstamp now) EV_NOEXCEPT;
} ev_periodic;

/* EV_SIGNAL: a signal was received. */
typedef struct ev_signal
{
  EV_WATCHER_LIST (ev_signal)

  int signum;
} ev_signal;

/* EV_CHILD: a child has ended, or with flags 1 stopped or continued. */
typedef struct ev_child
{
  EV_WATCHER_LIST (ev_child)

  int flags;
  int pid;
  int rpid;    /* who it was */
  int rstatus; /* and its status, for WIFEXITED and the like */
} ev_child;

#if EV_STAT_ENABLE
typedef struct stat ev_statdata;

/* EV_STAT: the attributes of a path have changed. */
typedef struct ev_stat
{
  EV_WATCHER_LIST (ev_stat)

  ev_timer timer; /* internal */
  ev_tstamp interval;
  const char *path;
  ev_statdata prev;
  ev_statdata attr;

  int wd; /* internal */
} ev_stat;
#endif

/* EV_IDLE: there is nothing else to do. */
typedef struct ev_idle
{
  EV_WATCHER (ev_idle)
} ev_idle;

/* EV_PREPARE: the loop is about to wait. */
typedef struct ev_prepare
{
  EV_WATCHER (ev_prepare)
} ev_prepare;

/* EV_CHECK: the loop has waited. */
typedef struct ev_check
{
  EV_WATCHER (ev_check)
} ev_check;

/* EV_FORK: this is the child of a fork. */
typedef struct ev_fork
{
  EV_WATCHER (ev_fork)
} ev_fork;

/* EV_CLEANUP: the loop is being destroyed. */
typedef struct ev_cleanup
{
  EV_WATCHER (ev_cleanup)
} ev_cleanup;

#if EV_EMBED_ENABLE
/* EV_EMBED: the loop within has something to do. */
typedef struct ev_embed
{
  EV_WATCHER (ev_embed)

  struct ev_loop *other;

  ev_io io; /* from here on internal */
  ev_prepare prepare;
  ev_check check;
  ev_timer timer;
  ev_periodic periodic;
  ev_idle idle;
  ev_fork fork;
  ev_cleanup cleanup;
} ev_embed;
#endif

#if EV_ASYNC_ENABLE
/* EV_ASYNC: ev_async_send was called, by any thread or signal handler. */
typedef struct ev_async
{
  EV_WATCHER (ev_async)

  EV_ATOMIC_T sent; /* internal */
} ev_async;

# define ev_async_pending(w) (+(w)->sent)
#endif

/* Room for a watcher of any type. */
union ev_any_watcher
{
  struct ev_watcher w;
  struct ev_watcher_list wl;

  struct ev_io io;
  struct ev_timer timer;
  struct ev_periodic periodic;
  struct ev_signal signal;
  struct ev_child child;
#if EV_STAT_ENABLE
  struct ev_stat stat;
#endif
#if EV_IDLE_ENABLE
  struct ev_idle idle;
#endif
  struct ev_prepare prepare;
  struct ev_check check;
#if EV_FORK_ENABLE
  struct ev_fork fork;
#endif
#if EV_CLEANUP_ENABLE
  struct ev_cleanup cleanup;
#endif
#if EV_EMBED_ENABLE
  struct ev_embed embed;
#endif
#if EV_ASYNC_ENABLE
  struct ev_async async;
#endif
};

/* Arrays of a negative size if something else has changed the layout (a packing option, say):
   their names say what is wrong. */
typedef char libev_layout_of_the_watchers_differs_from_the_shared_library_
  [sizeof (ev_watcher) == 32 && sizeof (((ev_watcher *)0)->priority) == 4
   && sizeof (ev_timer) == 48 && sizeof (ev_child) == 56 ? 1 : -1];
typedef char libev_EV_ATOMIC_T_must_have_the_size_of_int_as_in_the_shared_library_
  [sizeof (EV_ATOMIC_T) == sizeof (int) ? 1 : -1];
/* Declared twice, with the same type or in vain. */
#if defined __GNUC__ || defined __clang__
# pragma GCC diagnostic push
# pragma GCC diagnostic ignored "-Wredundant-decls"
#endif
extern double libev_EV_TSTAMP_T_must_be_double_as_in_the_shared_library_;
extern ev_tstamp libev_EV_TSTAMP_T_must_be_double_as_in_the_shared_library_;
#if defined __GNUC__ || defined __clang__
# pragma GCC diagnostic pop
#endif

/* ---- functions ---- */

#if EV_PROTOTYPES

/* clang warns that C++17 names functions with noexcept parameters differently; these have C's names. */
# if defined __clang__ && defined __cplusplus
#  pragma clang diagnostic push
#  pragma clang diagnostic ignored "-Wnoexcept-type"
# endif

/* generated: begin */
EV_API_DECL unsigned int ev_backend (struct ev_loop *loop) EV_NOEXCEPT;
EV_API_DECL void ev_break (struct ev_loop *loop, int how EV_CPP (= EVBREAK_ONE)) EV_NOEXCEPT;
EV_API_DECL int ev_clear_pending (struct ev_loop *loop, void *w) EV_NOEXCEPT;
EV_API_DECL struct ev_loop *ev_default_loop (unsigned int flags EV_CPP (= 0)) EV_NOEXCEPT;
EV_API_DECL unsigned int ev_embeddable_backends (void) EV_NOEXCEPT;
EV_API_DECL void ev_feed_event (struct ev_loop *loop, void *w, int revents) EV_NOEXCEPT;
EV_API_DECL void ev_feed_fd_event (struct ev_loop *loop, int fd, int revents) EV_NOEXCEPT;
EV_API_DECL void ev_invoke (struct ev_loop *loop, void *w, int revents);
EV_API_DECL void ev_invoke_pending (struct ev_loop *loop);
EV_API_DECL void ev_io_start (struct ev_loop *loop, ev_io *w) EV_NOEXCEPT;
EV_API_DECL void ev_io_stop (struct ev_loop *loop, ev_io *w) EV_NOEXCEPT;
EV_API_DECL void ev_loop_destroy (struct ev_loop *loop);
EV_API_DECL void ev_loop_fork (struct ev_loop *loop) EV_NOEXCEPT;
EV_API_DECL struct ev_loop *ev_loop_new (unsigned int flags EV_CPP (= 0)) EV_NOEXCEPT;
EV_API_DECL ev_tstamp ev_now (struct ev_loop *loop) EV_NOEXCEPT;
EV_API_DECL void ev_now_update (struct ev_loop *loop) EV_NOEXCEPT;
EV_API_DECL void ev_once (struct ev_loop *loop, int fd, int events, ev_tstamp timeout, void (*cb)(int revents, void *arg), void *arg) EV_NOEXCEPT;
EV_API_DECL unsigned int ev_recommended_backends (void) EV_NOEXCEPT;
EV_API_DECL void ev_ref (struct ev_loop *loop) EV_NOEXCEPT;
EV_API_DECL int ev_run (struct ev_loop *loop, int flags EV_CPP (= 0));
EV_API_DECL void ev_set_allocator (void *(*cb)(void *ptr, long size) EV_NOEXCEPT) EV_NOEXCEPT;
EV_API_DECL void ev_set_syserr_cb (void (*cb)(const char *msg) EV_NOEXCEPT) EV_NOEXCEPT;
EV_API_DECL void ev_sleep (ev_tstamp delay);
EV_API_DECL unsigned int ev_supported_backends (void) EV_NOEXCEPT;
EV_API_DECL ev_tstamp ev_time (void) EV_NOEXCEPT;
EV_API_DECL void ev_timer_again (struct ev_loop *loop, ev_timer *w) EV_NOEXCEPT;
EV_API_DECL ev_tstamp ev_timer_remaining (struct ev_loop *loop, ev_timer *w) EV_NOEXCEPT;
EV_API_DECL void ev_timer_start (struct ev_loop *loop, ev_timer *w) EV_NOEXCEPT;
EV_API_DECL void ev_timer_stop (struct ev_loop *loop, ev_timer *w) EV_NOEXCEPT;
EV_API_DECL void ev_unref (struct ev_loop *loop) EV_NOEXCEPT;
EV_API_DECL int ev_version_major (void) EV_NOEXCEPT;
EV_API_DECL int ev_version_minor (void) EV_NOEXCEPT;

# if EV_WALK_ENABLE
EV_API_DECL void ev_walk (struct ev_loop *loop, int types, void (*cb)(struct ev_loop *loop, int type, void *w));
# endif

# if EV_FEATURE_API
typedef void (*ev_loop_callback)(struct ev_loop *loop);
EV_API_DECL unsigned int ev_depth (struct ev_loop *loop) EV_NOEXCEPT;
EV_API_DECL unsigned int ev_iteration (struct ev_loop *loop) EV_NOEXCEPT;
EV_API_DECL unsigned int ev_pending_count (struct ev_loop *loop) EV_NOEXCEPT;
EV_API_DECL void ev_resume (struct ev_loop *loop) EV_NOEXCEPT;
EV_API_DECL void ev_set_invoke_pending_cb (struct ev_loop *loop, ev_loop_callback invoke_pending_cb) EV_NOEXCEPT;
EV_API_DECL void ev_set_io_collect_interval (struct ev_loop *loop, ev_tstamp interval) EV_NOEXCEPT;
EV_API_DECL void ev_set_loop_release_cb (struct ev_loop *loop, void (*release)(struct ev_loop *loop) EV_NOEXCEPT, void (*acquire)(struct ev_loop *loop) EV_NOEXCEPT) EV_NOEXCEPT;
EV_API_DECL void ev_set_timeout_collect_interval (struct ev_loop *loop, ev_tstamp interval) EV_NOEXCEPT;
EV_API_DECL void ev_set_userdata (struct ev_loop *loop, void *data) EV_NOEXCEPT;
EV_API_DECL void ev_suspend (struct ev_loop *loop) EV_NOEXCEPT;
EV_API_DECL void *ev_userdata (struct ev_loop *loop) EV_NOEXCEPT;
EV_API_DECL void ev_verify (struct ev_loop *loop) EV_NOEXCEPT;
# endif

# if EV_PERIODIC_ENABLE
EV_API_DECL void ev_periodic_again (struct ev_loop *loop, ev_periodic *w) EV_NOEXCEPT;
EV_API_DECL void ev_periodic_start (struct ev_loop *loop, ev_periodic *w) EV_NOEXCEPT;
EV_API_DECL void ev_periodic_stop (struct ev_loop *loop, ev_periodic *w) EV_NOEXCEPT;
# endif

# if EV_SIGNAL_ENABLE
EV_API_DECL void ev_feed_signal (int signum) EV_NOEXCEPT;
EV_API_DECL void ev_feed_signal_event (struct ev_loop *loop, int signum) EV_NOEXCEPT;
EV_API_DECL void ev_signal_start (struct ev_loop *loop, ev_signal *w) EV_NOEXCEPT;
EV_API_DECL void ev_signal_stop (struct ev_loop *loop, ev_signal *w) EV_NOEXCEPT;
# endif

# if EV_CHILD_ENABLE
EV_API_DECL void ev_child_start (struct ev_loop *loop, ev_child *w) EV_NOEXCEPT;
EV_API_DECL void ev_child_stop (struct ev_loop *loop, ev_child *w) EV_NOEXCEPT;
# endif

# if EV_STAT_ENABLE
EV_API_DECL void ev_stat_start (struct ev_loop *loop, ev_stat *w) EV_NOEXCEPT;
EV_API_DECL void ev_stat_stat (struct ev_loop *loop, ev_stat *w) EV_NOEXCEPT;
EV_API_DECL void ev_stat_stop (struct ev_loop *loop, ev_stat *w) EV_NOEXCEPT;
# endif

# if EV_IDLE_ENABLE
EV_API_DECL void ev_idle_start (struct ev_loop *loop, ev_idle *w) EV_NOEXCEPT;
EV_API_DECL void ev_idle_stop (struct ev_loop *loop, ev_idle *w) EV_NOEXCEPT;
# endif

# if EV_PREPARE_ENABLE
EV_API_DECL void ev_prepare_start (struct ev_loop *loop, ev_prepare *w) EV_NOEXCEPT;
EV_API_DECL void ev_prepare_stop (struct ev_loop *loop, ev_prepare *w) EV_NOEXCEPT;
# endif

# if EV_CHECK_ENABLE
EV_API_DECL void ev_check_start (struct ev_loop *loop, ev_check *w) EV_NOEXCEPT;
EV_API_DECL void ev_check_stop (struct ev_loop *loop, ev_check *w) EV_NOEXCEPT;
# endif

# if EV_FORK_ENABLE
EV_API_DECL void ev_fork_start (struct ev_loop *loop, ev_fork *w) EV_NOEXCEPT;
EV_API_DECL void ev_fork_stop (struct ev_loop *loop, ev_fork *w) EV_NOEXCEPT;
# endif

# if EV_CLEANUP_ENABLE
EV_API_DECL void ev_cleanup_start (struct ev_loop *loop, ev_cleanup *w) EV_NOEXCEPT;
EV_API_DECL void ev_cleanup_stop (struct ev_loop *loop, ev_cleanup *w) EV_NOEXCEPT;
# endif

# if EV_EMBED_ENABLE
EV_API_DECL void ev_embed_start (struct ev_loop *loop, ev_embed *w) EV_NOEXCEPT;
EV_API_DECL void ev_embed_stop (struct ev_loop *loop, ev_embed *w) EV_NOEXCEPT;
EV_API_DECL void ev_embed_sweep (struct ev_loop *loop, ev_embed *w);
# endif

# if EV_ASYNC_ENABLE
EV_API_DECL void ev_async_send (struct ev_loop *loop, ev_async *w) EV_NOEXCEPT;
EV_API_DECL void ev_async_start (struct ev_loop *loop, ev_async *w) EV_NOEXCEPT;
EV_API_DECL void ev_async_stop (struct ev_loop *loop, ev_async *w) EV_NOEXCEPT;
# endif
/* generated: end */

# if defined __clang__ && defined __cplusplus
#  pragma clang diagnostic pop
# endif

# ifdef EV_API_STATIC
static struct ev_loop *ev_default_loop_ptr;
# endif

EV_INLINE struct ev_loop *
ev_default_loop_uc_ (void) EV_NOEXCEPT
{
# ifndef EV_API_STATIC
  extern struct ev_loop *ev_default_loop_ptr;
# endif

  return ev_default_loop_ptr;
}

EV_INLINE int
ev_is_default_loop (EV_P) EV_NOEXCEPT
{
  return EV_A == EV_DEFAULT_UC;
}

#endif

/* ---- macros: read and write the members that all watchers have ---- */

#define ev_is_active(ev) (0 + ((ev_watcher *)(void *)(ev))->active)
#define ev_is_pending(ev) (0 + ((ev_watcher *)(void *)(ev))->pending)

#define ev_priority(ev) (0 + ((ev_watcher *)(void *)(ev))->priority)
#define ev_set_priority(ev, pri) (((ev_watcher *)(void *)(ev))->priority = (pri))

/* A callback may be written through one watcher type and read through another. Where compilers
   are not told by an attribute, copying the bytes onto themselves lets them know. */
#define ev_cb_(ev) (ev)->cb
#define ev_cb(ev) \
  (memmove (&ev_cb_ (ev), &((ev_watcher *)(void *)(ev))->cb, sizeof (ev_cb_ (ev))), ev_cb_ (ev))
#define ev_set_cb(ev, cb_) \
  (ev_cb_ (ev) = (cb_), memmove (&((ev_watcher *)(void *)(ev))->cb, &ev_cb_ (ev), sizeof (ev_cb_ (ev))))

#define ev_periodic_at(ev) (0 + ((ev_periodic *)(void *)(ev))->at)

/* ---- macros: initialise ---- */

#define ev_init(ev, cb_) \
  do { \
    ((ev_watcher *)(void *)(ev))->active = 0; \
    ((ev_watcher *)(void *)(ev))->pending = 0; \
    ev_set_priority ((ev), 0); \
    ev_set_cb ((ev), cb_); \
  } while (0)

#define ev_io_set(ev, fd_, events_) \
  do { (ev)->fd = (fd_); (ev)->events = (events_) | EV__IOFDSET; } while (0)
/* Only the events, of a descriptor that stays the same file. */
#define ev_io_modify(ev, events_) \
  do { (ev)->events = ((ev)->events & EV__IOFDSET) | (events_); } while (0)
#define ev_timer_set(ev, after_, repeat_) \
  do { ((ev_timer *)(void *)(ev))->at = (after_); (ev)->repeat = (repeat_); } while (0)
#define ev_periodic_set(ev, ofs_, ival_, rcb_) \
  do { (ev)->offset = (ofs_); (ev)->interval = (ival_); (ev)->reschedule_cb = (rcb_); } while (0)
#define ev_signal_set(ev, signum_) \
  do { (ev)->signum = (signum_); } while (0)
#define ev_child_set(ev, pid_, trace_) \
  do { (ev)->pid = (pid_); (ev)->flags = !!(trace_); } while (0)
#define ev_stat_set(ev, path_, interval_) \
  do { (ev)->path = (path_); (ev)->interval = (interval_); (ev)->wd = -2; } while (0)
#define ev_embed_set(ev, other_) \
  do { (ev)->other = (other_); } while (0)
#define ev_idle_set(ev)
#define ev_prepare_set(ev)
#define ev_check_set(ev)
#define ev_fork_set(ev)
#define ev_cleanup_set(ev)
#define ev_async_set(ev)

#define ev_io_init(ev, cb, fd, events) \
  do { ev_init ((ev), (cb)); ev_io_set ((ev), (fd), (events)); } while (0)
#define ev_timer_init(ev, cb, after, repeat) \
  do { ev_init ((ev), (cb)); ev_timer_set ((ev), (after), (repeat)); } while (0)
#define ev_periodic_init(ev, cb, ofs, ival, rcb) \
  do { ev_init ((ev), (cb)); ev_periodic_set ((ev), (ofs), (ival), (rcb)); } while (0)
#define ev_signal_init(ev, cb, signum) \
  do { ev_init ((ev), (cb)); ev_signal_set ((ev), (signum)); } while (0)
#define ev_child_init(ev, cb, pid, trace) \
  do { ev_init ((ev), (cb)); ev_child_set ((ev), (pid), (trace)); } while (0)
#define ev_stat_init(ev, cb, path, interval) \
  do { ev_init ((ev), (cb)); ev_stat_set ((ev), (path), (interval)); } while (0)
#define ev_idle_init(ev, cb) \
  do { ev_init ((ev), (cb)); ev_idle_set ((ev)); } while (0)
#define ev_prepare_init(ev, cb) \
  do { ev_init ((ev), (cb)); ev_prepare_set ((ev)); } while (0)
#define ev_check_init(ev, cb) \
  do { ev_init ((ev), (cb)); ev_check_set ((ev)); } while (0)
#define ev_embed_init(ev, cb, other) \
  do { ev_init ((ev), (cb)); ev_embed_set ((ev), (other)); } while (0)
#define ev_fork_init(ev, cb) \
  do { ev_init ((ev), (cb)); ev_fork_set ((ev)); } while (0)
#define ev_cleanup_init(ev, cb) \
  do { ev_init ((ev), (cb)); ev_cleanup_set ((ev)); } while (0)
#define ev_async_init(ev, cb) \
  do { ev_init ((ev), (cb)); ev_async_set ((ev)); } while (0)

/* ---- the names of version 3 ---- */

#if EV_PROTOTYPES
# if EV_COMPAT3

#  define EVLOOP_NONBLOCK EVRUN_NOWAIT
#  define EVLOOP_ONESHOT  EVRUN_ONCE
#  define EVUNLOOP_CANCEL EVBREAK_CANCEL
#  define EVUNLOOP_ONE    EVBREAK_ONE
#  define EVUNLOOP_ALL    EVBREAK_ALL

/* A function with the name of a structure: legal, but -Wshadow thinks of a constructor. */
#  if defined __cplusplus && defined __GNUC__
#   pragma GCC diagnostic push
#   pragma GCC diagnostic ignored "-Wshadow"
#  endif
EV_INLINE void ev_loop (EV_P_ int flags) { ev_run (EV_A_ flags); }
#  if defined __cplusplus && defined __GNUC__
#   pragma GCC diagnostic pop
#  endif
EV_INLINE void ev_unloop (EV_P_ int how) { ev_break (EV_A_ how); }
EV_INLINE void ev_default_destroy (void) { ev_loop_destroy (EV_DEFAULT); }
EV_INLINE void ev_default_fork (void) { ev_loop_fork (EV_DEFAULT); }
#  if EV_FEATURE_API
EV_INLINE unsigned int ev_loop_count (EV_P) { return ev_iteration (EV_A); }
EV_INLINE unsigned int ev_loop_depth (EV_P) { return ev_depth (EV_A); }
EV_INLINE void ev_loop_verify (EV_P) { ev_verify (EV_A); }
#  endif

# else

/* Without the function of that name, the type can do without the word struct. */
typedef struct ev_loop ev_loop;

# endif
#endif

EV_CPP (})

#endif
