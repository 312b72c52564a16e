/* ev++.h - the watchers and loops of ev.h as C++ classes
 *
 * SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-or-later
 *
 * An ev::io is an ev_io that knows its loop and stops itself in the end; the other classes likewise.
 * A callback reaches an object or a function through the watcher's data member and a thunk, a static
 * function made for it by the compiler, so nothing is allocated and nothing virtual is called.
 * A thunk does not touch the watcher after the callback: it may be gone by then.
 */
#ifndef EVPP_H__
#define EVPP_H__

#ifndef __cplusplus
# error "libev: ev++.h holds C++ classes: C programs include ev.h"
#endif

#ifdef EV_H
# include EV_H
#else
# include "ev.h"
#endif

#if !EV_PROTOTYPES
# error "libev: ev++.h calls the functions that EV_PROTOTYPES 0 hides: define it as 1 or not at all"
#endif

/* 0: ev::bad_loop is no std::exception, and nothing of the standard library is included. */
#ifndef EV_USE_STDEXCEPT
# define EV_USE_STDEXCEPT 1
#endif
#if EV_USE_STDEXCEPT
# include <stdexcept>
#endif

/* ---- the language; undefined again at the end ---- */

#if __cplusplus >= 201103L
# define EVPP_DELETED_ = delete
# define EVPP_NULL_ nullptr
# define EVPP_OVERRIDE_ noexcept override
#else
# define EVPP_DELETED_
# define EVPP_NULL_ 0
# define EVPP_OVERRIDE_ throw ()
#endif

/* Where nothing can be thrown, a program that gets no loop ends. */
#if defined __cpp_exceptions || defined __EXCEPTIONS
# define EVPP_NO_LOOP_() throw bad_loop ()
#else
# include <stdlib.h>
# define EVPP_NO_LOOP_() ::abort ()
#endif

namespace ev
{
  typedef ev_tstamp tstamp;

  /* ---- constants ---- */

  /* What has happened, and of these READ and WRITE to ask for. */
  enum
  {
    UNDEF    = EV_UNDEF,
    NONE     = EV_NONE,
    READ     = EV_READ,
    WRITE    = EV_WRITE,
#if EV_COMPAT3
    TIMEOUT  = EV_TIMEOUT,
#endif
    TIMER    = EV_TIMER,
    PERIODIC = EV_PERIODIC,
    SIGNAL   = EV_SIGNAL,
    CHILD    = EV_CHILD,
    STAT     = EV_STAT,
    IDLE     = EV_IDLE,
    PREPARE  = EV_PREPARE,
    CHECK    = EV_CHECK,
    EMBED    = EV_EMBED,
    FORK     = EV_FORK,
    CLEANUP  = EV_CLEANUP,
    ASYNC    = EV_ASYNC,
    ERROR    = EV_ERROR
  };

  /* For dynamic_loop and default_loop. */
  enum
  {
    AUTO      = EVFLAG_AUTO,
    NOENV     = EVFLAG_NOENV,
    FORKCHECK = EVFLAG_FORKCHECK,

    SELECT    = EVBACKEND_SELECT,
    POLL      = EVBACKEND_POLL,
    EPOLL     = EVBACKEND_EPOLL,
    KQUEUE    = EVBACKEND_KQUEUE,
    DEVPOLL   = EVBACKEND_DEVPOLL,
    PORT      = EVBACKEND_PORT
  };

  /* For loop_ref::run. */
  enum
  {
#if EV_COMPAT3
    NONBLOCK = EVLOOP_NONBLOCK,
    ONESHOT  = EVLOOP_ONESHOT,
#endif
    NOWAIT   = EVRUN_NOWAIT,
    ONCE     = EVRUN_ONCE
  };

  /* For loop_ref::break_loop. */
  enum how_t
  {
    ONE = EVBREAK_ONE,
    ALL = EVBREAK_ALL
  };

  /* ---- loops ---- */

  /* Thrown where a loop cannot be made. */
#if EV_USE_STDEXCEPT
  struct bad_loop : std::exception
  {
    const char *what () const EVPP_OVERRIDE_
    {
      return "libev: no event loop could be made, is there a usable backend in the flags or in LIBEV_FLAGS?";
    }
  };
#else
  struct bad_loop { };
#endif

  /* A loop, not owned: copies refer to the same one, and it lives on. */
  struct loop_ref
  {
    struct ev_loop *raw_loop;

    loop_ref (struct ev_loop *loop_) EV_NOEXCEPT : raw_loop (loop_) { }

    bool operator== (const loop_ref &other) const EV_NOEXCEPT { return raw_loop == other.raw_loop; }
    bool operator!= (const loop_ref &other) const EV_NOEXCEPT { return raw_loop != other.raw_loop; }
    bool operator== (const struct ev_loop *other) const EV_NOEXCEPT { return raw_loop == other; }
    bool operator!= (const struct ev_loop *other) const EV_NOEXCEPT { return raw_loop != other; }

    operator struct ev_loop * () const EV_NOEXCEPT { return raw_loop; }
    operator const struct ev_loop * () const EV_NOEXCEPT { return raw_loop; }

    /* Makes the default loop if there is none. */
    bool is_default () const EV_NOEXCEPT { return raw_loop == EV_DEFAULT; }

    void run (int flags = 0) { ev_run (raw_loop, flags); }
    void break_loop (how_t how = ONE) EV_NOEXCEPT { ev_break (raw_loop, how); }
#if EV_COMPAT3
    void loop (int flags = 0) { ev_run (raw_loop, flags); }
    void unloop (how_t how = ONE) EV_NOEXCEPT { ev_break (raw_loop, how); }
#endif

    void post_fork () EV_NOEXCEPT { ev_loop_fork (raw_loop); }

    unsigned int backend () const EV_NOEXCEPT { return ev_backend (raw_loop); }
    tstamp now () const EV_NOEXCEPT { return ev_now (raw_loop); }

    void ref () EV_NOEXCEPT { ev_ref (raw_loop); }
    void unref () EV_NOEXCEPT { ev_unref (raw_loop); }

#if EV_FEATURE_API
    unsigned int iteration () const EV_NOEXCEPT { return ev_iteration (raw_loop); }
    unsigned int depth () const EV_NOEXCEPT { return ev_depth (raw_loop); }

    void set_io_collect_interval (tstamp interval) EV_NOEXCEPT { ev_set_io_collect_interval (raw_loop, interval); }
    void set_timeout_collect_interval (tstamp interval) EV_NOEXCEPT { ev_set_timeout_collect_interval (raw_loop, interval); }
#endif

    void feed_fd_event (int fd, int revents) EV_NOEXCEPT { ev_feed_fd_event (raw_loop, fd, revents); }
#if EV_SIGNAL_ENABLE
    void feed_signal_event (int signum) EV_NOEXCEPT { ev_feed_signal_event (raw_loop, signum); }
#endif

    /* A call when fd is ready or the time is over, whichever comes first. The callback is ... */

    /* ... a function as ev_once takes it, */
    void once (int fd, int events, tstamp timeout, void (*cb)(int revents, void *arg), void *arg = EVPP_NULL_) EV_NOEXCEPT
    {
      ev_once (raw_loop, fd, events, timeout, cb, arg);
    }

    /* ... a method: once<type, &type::method> (fd, events, timeout, object), */
    template<class type, void (type::*method)(int revents)>
    void once (int fd, int events, tstamp timeout, type *object) EV_NOEXCEPT
    {
      once (fd, events, timeout, method_thunk<type, method>, object);
    }

    template<class type, void (type::*method)()>
    void once (int fd, int events, tstamp timeout, type *object) EV_NOEXCEPT
    {
      once (fd, events, timeout, method_noargs_thunk<type, method>, object);
    }

    /* ... an object with operator () (revents), */
    template<class type>
    void once (int fd, int events, tstamp timeout, type *object) EV_NOEXCEPT
    {
      once (fd, events, timeout, functor_thunk<type>, const_cast<void *> (static_cast<const void *> (object)));
    }

    /* ... or a function without an argument of its own: once<function> (fd, events, timeout). */
    template<void (*cb)(int revents)>
    void once (int fd, int events, tstamp timeout) EV_NOEXCEPT
    {
      once (fd, events, timeout, simpler_func_thunk<cb>);
    }

    template<void (*cb)()>
    void once (int fd, int events, tstamp timeout) EV_NOEXCEPT
    {
      once (fd, events, timeout, simplest_func_thunk<cb>);
    }

    template<class type, void (type::*method)(int revents)>
    static void method_thunk (int revents, void *arg)
    {
      (static_cast<type *> (arg)->*method) (revents);
    }

    template<class type, void (type::*method)()>
    static void method_noargs_thunk (int, void *arg)
    {
      (static_cast<type *> (arg)->*method) ();
    }

    template<class type>
    static void functor_thunk (int revents, void *arg)
    {
      (*static_cast<type *> (arg)) (revents);
    }

    template<void (*cb)(int revents)>
    static void simpler_func_thunk (int revents, void *)
    {
      cb (revents);
    }

    template<void (*cb)()>
    static void simplest_func_thunk (int, void *)
    {
      cb ();
    }
  };

  /* A loop of one's own, destroyed with the object. */
  struct dynamic_loop : loop_ref
  {
    dynamic_loop (unsigned int flags = AUTO) : loop_ref (ev_loop_new (flags))
    {
      if (!raw_loop)
        EVPP_NO_LOOP_ ();
    }

    ~dynamic_loop () EV_NOEXCEPT { ev_loop_destroy (raw_loop); }

  private:
    dynamic_loop (const dynamic_loop &) EVPP_DELETED_;
    dynamic_loop &operator= (const dynamic_loop &) EVPP_DELETED_;
  };

  /* The default loop, which outlives the object. */
  struct default_loop : loop_ref
  {
    default_loop (unsigned int flags = AUTO) : loop_ref (ev_default_loop (flags))
    {
      if (!raw_loop)
        EVPP_NO_LOOP_ ();
    }

  private:
    default_loop (const default_loop &) EVPP_DELETED_;
    default_loop &operator= (const default_loop &) EVPP_DELETED_;
  };

  inline loop_ref get_default_loop () EV_NOEXCEPT { return EV_DEFAULT; }

  /* ---- what all watchers have ---- */

  /* Of the structure of ev.h and the class that is made of it. */
  template<class structure, class watcher>
  struct base : structure
  {
    /* May be changed while the watcher is neither active nor pending. */
    loop_ref loop;

    base (loop_ref loop_) EV_NOEXCEPT : structure (), loop (loop_) { }

    void set (struct ev_loop *loop_) EV_NOEXCEPT { loop = loop_; }

    /* A callback: set<function> (data), */
    template<void (*function)(watcher &w, int revents)>
    void set (void *data_ = EVPP_NULL_) EV_NOEXCEPT
    {
      set_ (data_, function_thunk<function>);
    }

    /* set<type, &type::method> (object), */
    template<class type, void (type::*method)(watcher &w, int revents)>
    void set (type *object) EV_NOEXCEPT
    {
      set_ (object, method_thunk<type, method>);
    }

    template<class type, void (type::*method)()>
    void set (type *object) EV_NOEXCEPT
    {
      set_ (object, method_noargs_thunk<type, method>);
    }

    /* set (object) of an object with operator () (w, revents), */
    template<class type>
    void set (type *object) EV_NOEXCEPT
    {
      set_ (object, functor_thunk<type>);
    }

    /* or a function as C knows it. */
    void set_ (const void *data_, void (*cb_)(struct ev_loop *loop, structure *w, int revents)) EV_NOEXCEPT
    {
      this->data = const_cast<void *> (data_);
      this->cb = cb_;
    }

    /* Calls the callback now. */
    void operator() (int events_ = EV_UNDEF) { ev_invoke (loop.raw_loop, static_cast<structure *> (this), events_); }

    bool is_active () const EV_NOEXCEPT { return this->active != 0; }
    bool is_pending () const EV_NOEXCEPT { return this->pending != 0; }

    void feed_event (int revents) EV_NOEXCEPT { ev_feed_event (loop.raw_loop, static_cast<structure *> (this), revents); }

    /* Stops an active watcher and starts it again in the end: in between it may be set anew. */
    struct freeze_guard
    {
      watcher &w;
      bool active;

      freeze_guard (watcher *self) EV_NOEXCEPT : w (*self), active (w.is_active ())
      {
        if (active)
          w.stop ();
      }

      ~freeze_guard ()
      {
        if (active)
          w.start ();
      }
    };

    template<void (*function)(watcher &w, int revents)>
    static void function_thunk (struct ev_loop *, structure *w, int revents)
    {
      function (*static_cast<watcher *> (w), revents);
    }

    template<class type, void (type::*method)(watcher &w, int revents)>
    static void method_thunk (struct ev_loop *, structure *w, int revents)
    {
      (static_cast<type *> (w->data)->*method) (*static_cast<watcher *> (w), revents);
    }

    template<class type, void (type::*method)()>
    static void method_noargs_thunk (struct ev_loop *, structure *w, int)
    {
      (static_cast<type *> (w->data)->*method) ();
    }

    template<class type>
    static void functor_thunk (struct ev_loop *, structure *w, int revents)
    {
      (*static_cast<type *> (w->data)) (*static_cast<watcher *> (w), revents);
    }
  };

  /* ---- functions of the library ---- */

  inline tstamp now (struct ev_loop *loop) EV_NOEXCEPT { return ev_now (loop); }
  inline void delay (tstamp interval) { ev_sleep (interval); }

  inline int version_major () EV_NOEXCEPT { return ev_version_major (); }
  inline int version_minor () EV_NOEXCEPT { return ev_version_minor (); }

  inline unsigned int supported_backends () EV_NOEXCEPT { return ev_supported_backends (); }
  inline unsigned int recommended_backends () EV_NOEXCEPT { return ev_recommended_backends (); }
  inline unsigned int embeddable_backends () EV_NOEXCEPT { return ev_embeddable_backends (); }

  /* C++17 will give these two another linkage name, as it will to every such function. */
#if defined __GNUC__ && __GNUC__ >= 7 || defined __clang__
# pragma GCC diagnostic push
# pragma GCC diagnostic ignored "-Wnoexcept-type"
#endif
  inline void set_allocator (void *(*cb)(void *ptr, long size) EV_NOEXCEPT) EV_NOEXCEPT { ev_set_allocator (cb); }
  inline void set_syserr_cb (void (*cb)(const char *msg) EV_NOEXCEPT) EV_NOEXCEPT { ev_set_syserr_cb (cb); }
#if defined __GNUC__ && __GNUC__ >= 7 || defined __clang__
# pragma GCC diagnostic pop
#endif

  /* ---- watchers ---- */

  /* The part that is the same in each. What follows it is public. An active watcher that is set anew
     is stopped and started again; start with arguments is set, then start. */
#define EVPP_WATCHER_(name, structure, function_start, function_stop) \
    name (loop_ref loop_ = get_default_loop ()) EV_NOEXCEPT : base<structure, name> (loop_) { } \
    ~name () EV_NOEXCEPT { stop (); } \
    \
    void start () EV_NOEXCEPT { function_start (loop.raw_loop, this); } \
    void stop () EV_NOEXCEPT { function_stop (loop.raw_loop, this); } \
    \
    using base<structure, name>::set; \
    \
  private: \
    name (const name &) EVPP_DELETED_; \
    name &operator= (const name &) EVPP_DELETED_; \
    \
  public:

  /* READ, WRITE: a descriptor is ready. */
  struct io : base<ev_io, io>
  {
    EVPP_WATCHER_ (io, ev_io, ev_io_start, ev_io_stop)

    void set (int fd_, int events_) EV_NOEXCEPT
    {
      freeze_guard guard (this);
      ev_io_set (this, fd_, events_);
    }

    /* Only the events, of a descriptor that stays the same file. */
    void set (int events_) EV_NOEXCEPT
    {
      freeze_guard guard (this);
      ev_io_modify (this, events_);
    }

    void start (int fd_, int events_) EV_NOEXCEPT
    {
      set (fd_, events_);
      start ();
    }
  };

  /* TIMER: a span of time has passed. */
  struct timer : base<ev_timer, timer>
  {
    EVPP_WATCHER_ (timer, ev_timer, ev_timer_start, ev_timer_stop)

    void set (ev_tstamp after, ev_tstamp repeat_ = 0.) EV_NOEXCEPT
    {
      freeze_guard guard (this);
      at = after;
      repeat = repeat_;
    }

    void start (ev_tstamp after, ev_tstamp repeat_ = 0.) EV_NOEXCEPT
    {
      set (after, repeat_);
      start ();
    }

    void again () EV_NOEXCEPT { ev_timer_again (loop.raw_loop, this); }
    ev_tstamp remaining () { return ev_timer_remaining (loop.raw_loop, this); }
  };

#if EV_PERIODIC_ENABLE
  /* PERIODIC: a wall-clock time has come. */
  struct periodic : base<ev_periodic, periodic>
  {
    EVPP_WATCHER_ (periodic, ev_periodic, ev_periodic_start, ev_periodic_stop)

    /* Without a reschedule callback; who wants one sets the member. */
    void set (ev_tstamp at_, ev_tstamp interval_ = 0.) EV_NOEXCEPT
    {
      freeze_guard guard (this);
      ev_periodic_set (this, at_, interval_, EVPP_NULL_);
    }

    void start (ev_tstamp at_, ev_tstamp interval_ = 0.) EV_NOEXCEPT
    {
      set (at_, interval_);
      start ();
    }

    void again () EV_NOEXCEPT { ev_periodic_again (loop.raw_loop, this); }
  };
#endif

#if EV_SIGNAL_ENABLE
  /* SIGNAL: a signal was received. The name signal is a macro on some systems. */
  struct sig : base<ev_signal, sig>
  {
    EVPP_WATCHER_ (sig, ev_signal, ev_signal_start, ev_signal_stop)

    void set (int signum_) EV_NOEXCEPT
    {
      freeze_guard guard (this);
      ev_signal_set (this, signum_);
    }

    void start (int signum_) EV_NOEXCEPT
    {
      set (signum_);
      start ();
    }
  };
#endif

#if EV_CHILD_ENABLE
  /* CHILD: a child has ended, or with trace stopped or continued. */
  struct child : base<ev_child, child>
  {
    EVPP_WATCHER_ (child, ev_child, ev_child_start, ev_child_stop)

    void set (int pid_, int trace = 0) EV_NOEXCEPT
    {
      freeze_guard guard (this);
      ev_child_set (this, pid_, trace);
    }

    void start (int pid_, int trace = 0) EV_NOEXCEPT
    {
      set (pid_, trace);
      start ();
    }
  };
#endif

#if EV_STAT_ENABLE
  /* STAT: the attributes of a path have changed. */
  struct stat : base<ev_stat, stat>
  {
    EVPP_WATCHER_ (stat, ev_stat, ev_stat_start, ev_stat_stop)

    void set (const char *path_, ev_tstamp interval_ = 0.) EV_NOEXCEPT
    {
      freeze_guard guard (this);
      ev_stat_set (this, path_, interval_);
    }

    /* Drops what is pending about the old path. */
    void start (const char *path_, ev_tstamp interval_ = 0.) EV_NOEXCEPT
    {
      stop ();
      set (path_, interval_);
      start ();
    }

    void update () EV_NOEXCEPT { ev_stat_stat (loop.raw_loop, this); }
  };
#endif

#if EV_IDLE_ENABLE
  /* IDLE: there is nothing else to do. */
  struct idle : base<ev_idle, idle>
  {
    EVPP_WATCHER_ (idle, ev_idle, ev_idle_start, ev_idle_stop)

    void set () EV_NOEXCEPT { }
  };
#endif

#if EV_PREPARE_ENABLE
  /* PREPARE: the loop is about to wait. */
  struct prepare : base<ev_prepare, prepare>
  {
    EVPP_WATCHER_ (prepare, ev_prepare, ev_prepare_start, ev_prepare_stop)

    void set () EV_NOEXCEPT { }
  };
#endif

#if EV_CHECK_ENABLE
  /* CHECK: the loop has waited. */
  struct check : base<ev_check, check>
  {
    EVPP_WATCHER_ (check, ev_check, ev_check_start, ev_check_stop)

    void set () EV_NOEXCEPT { }
  };
#endif

#if EV_EMBED_ENABLE
  /* EMBED: the loop within has something to do. */
  struct embed : base<ev_embed, embed>
  {
    EVPP_WATCHER_ (embed, ev_embed, ev_embed_start, ev_embed_stop)

    /* set (loop) is about the loop without. */
    void set_embed (struct ev_loop *embedded_loop) EV_NOEXCEPT
    {
      freeze_guard guard (this);
      ev_embed_set (this, embedded_loop);
    }

    void start (struct ev_loop *embedded_loop) EV_NOEXCEPT
    {
      set_embed (embedded_loop);
      start ();
    }

    void sweep () { ev_embed_sweep (loop.raw_loop, this); }
  };
#endif

#if EV_FORK_ENABLE
  /* FORK: this is the child of a fork. */
  struct fork : base<ev_fork, fork>
  {
    EVPP_WATCHER_ (fork, ev_fork, ev_fork_start, ev_fork_stop)

    void set () EV_NOEXCEPT { }
  };
#endif

#if EV_CLEANUP_ENABLE
  /* CLEANUP: the loop is being destroyed. */
  struct cleanup : base<ev_cleanup, cleanup>
  {
    EVPP_WATCHER_ (cleanup, ev_cleanup, ev_cleanup_start, ev_cleanup_stop)

    void set () EV_NOEXCEPT { }
  };
#endif

#if EV_ASYNC_ENABLE
  /* ASYNC: send was called, by any thread or signal handler. */
  struct async : base<ev_async, async>
  {
    EVPP_WATCHER_ (async, ev_async, ev_async_start, ev_async_stop)

    void send () EV_NOEXCEPT { ev_async_send (loop.raw_loop, this); }
    bool async_pending () EV_NOEXCEPT { return ev_async_pending (this) != 0; }
  };
#endif
}

#undef EVPP_WATCHER_
#undef EVPP_NO_LOOP_
#undef EVPP_OVERRIDE_
#undef EVPP_NULL_
#undef EVPP_DELETED_

#endif
