// members.cpp - uses every member of every class of ev++.h; linked with calls.c, it prints what reaches the library.
//
// With the reference's header, T_REFERENCE_HEADERS leaves out what that lacks.

#include <ev++.h>

#include <cstdio>
#include <cstring>

#define SHOW(expression) std::printf ("%s = %d\n", #expression, static_cast<int> (expression))
#define SAY(statement) do { std::puts (#statement); statement; } while (0)

extern "C"
{
  extern struct ev_loop calls_loop_a;
  extern struct ev_loop calls_loop_b;
  extern int calls_no_loop;
}

namespace members
{
  struct ev_loop *const a = &calls_loop_a;
  struct ev_loop *const b = &calls_loop_b;

  void show (const char *what, const void *data, int revents)
  {
    std::printf ("  %s (%s, %#x)\n", what, data ? static_cast<const char *> (data) : "null", static_cast<unsigned> (revents));
  }

  // The callbacks of a watcher class W.
  template<class W>
  struct callbacks
  {
    static void function (W &w, int revents) { show ("function", w.data, revents); }

    struct object
    {
      int calls;
      object () : calls (0) { }
      void method (W &, int revents) { show ("method", "object", revents); ++calls; }
      void operator () (W &, int revents) { show ("functor", "object", revents); ++calls; }
      virtual void no_arguments () { show ("no_arguments", "object", 0); ++calls; }
      virtual ~object () { }
    };

    struct derived : object
    {
      virtual void no_arguments () { show ("no_arguments", "derived", 0); }
    };
  };

  // What every watcher has, of one that has been set.
  template<class C, class W>
  void
  common (W &w)
  {
    typedef callbacks<W> c;
    typename c::object object;
    typename c::derived derived;
    char data[] = "data";

    SHOW (w.is_active ());
    SHOW (w.is_pending ());
    SHOW (w.priority);
    SHOW (w.loop == ev::loop_ref (a));

    SAY (w.template set<&c::function> (data));
    SAY (w.cb (w.loop, &w, ev::READ));
    SAY (w.cb (b, &w, ev::CHILD));
    SAY (w.template set<c::function> ());
    SAY (w.cb (w.loop, &w, ev::WRITE));
    SHOW (w.data == 0);

    SAY ((w.template set<typename c::object, &c::object::method> (&object)));
    SAY (w.cb (w.loop, &w, ev::TIMER));
    SHOW (w.data == &object);
    SAY ((w.template set<typename c::object, &c::object::no_arguments> (&derived)));
    SAY (w.cb (w.loop, &w, ev::TIMER));
    SAY (w.set (&object));
    SAY (w.cb (w.loop, &w, ev::SIGNAL));
    SHOW (object.calls);

    SAY (w.set_ (data, &W::template function_thunk<&c::function>));
    SAY (w.cb (w.loop, &w, ev::FORK));
    SAY ((w.set_ (&object, &W::template method_thunk<typename c::object, &c::object::method>)));
    SAY (w.cb (w.loop, &w, ev::IDLE));
    SAY ((w.set_ (&object, &W::template method_noargs_thunk<typename c::object, &c::object::no_arguments>)));
    SAY (w.cb (w.loop, &w, ev::CHECK));

    SAY (w.feed_event (ev::EMBED));
    SHOW (w.is_pending ());
    SHOW (w.is_active ());
    SAY (w.start ());
    SHOW (w.is_active ());
    SAY (w.start ());
    SAY (w.stop ());
    SHOW (w.is_pending ());
    SAY (w.stop ());

    std::puts ("freeze_guard");
    {
      typename W::freeze_guard guard (&w);
      SHOW (guard.active);
      SHOW (&guard.w == &w);
      w.feed_event (ev::TIMER);
    }
    SHOW (w.is_pending ());
    w.start ();
    {
      typename W::freeze_guard guard (&w);
      SHOW (guard.active);
      SHOW (w.is_active ());
    }
    {
      ev::base<C, W> &base = w;
      typename ev::base<C, W>::freeze_guard outer (&w), inner (&w);
      SHOW (base.is_active ());
    }
    SHOW (w.is_active ());

    std::puts ("other loop");
    SAY (w.stop ());
    SAY (w.set (b));
    SHOW (w.loop != ev::loop_ref (a));
    SAY (w.start ());
    SAY (w.cb (w.loop, &w, ev::NONE));
    SAY (w.stop ());
    SAY (w.set (ev::loop_ref (a)));
    SAY (w.start ());
    SAY (w.stop ());
  }

  // Those that have nothing to be set to.
  template<class C, class W>
  void
  without_arguments (const char *name)
  {
    std::printf ("---- %s\n", name);
    W w (a);
    SAY (w.set ());
    common<C, W> (w);
    SAY (w.start ());
    SAY (w.set ());
    SHOW (w.is_active ());
  }

  void
  io ()
  {
    std::puts ("---- io");
    ev::io w (a);
    SAY (w.set (3, ev::READ));
    SHOW (w.fd);
    SHOW (w.events);
    common<ev_io> (w);
    SAY (w.set (ev::WRITE));
    SHOW (w.events);
    SAY (w.start (4, ev::READ | ev::WRITE));
    SAY (w.set (ev::READ));
    SHOW (w.events);
    SAY (w.set (5, ev::READ));
    SAY (w.start (6, ev::WRITE));
    SAY (w.stop ());
    SAY (w.feed_event (ev::READ));
    SAY (w.set (7, ev::READ));
    SHOW (w.is_pending ());
    SAY (w.set (ev::WRITE));
    SHOW (w.is_pending ());
    SAY (w.start ());
  }

  void
  timer ()
  {
    std::puts ("---- timer");
    ev::timer w (a);
    SAY (w.set (1.5));
    common<ev_timer> (w);
    SAY (w.set (2.5, 3.5));
    SAY (w.start (4.5));
    SAY (w.start (5.5, 6.5));
    SAY (w.set (7.5));
    SAY (w.again ());
    SHOW (w.remaining () == 7.5);
  }

  void
  periodic ()
  {
    std::puts ("---- periodic");
    ev::periodic w (a);
    SAY (w.set (1.5));
    common<ev_periodic> (w);
    SAY (w.set (2.5, 3.5));
    SAY (w.start (4.5));
    SAY (w.start (5.5, 6.5));
    SAY (w.set (7.5, 8.5));
    SAY (w.again ());
  }

  void
  sig ()
  {
    std::puts ("---- sig");
    ev::sig w (a);
    SAY (w.set (2));
    common<ev_signal> (w);
    SAY (w.start (3));
    SAY (w.start (4));
    SAY (w.set (5));
    SHOW (w.signum);
  }

  void
  child ()
  {
    std::puts ("---- child");
    ev::child w (a);
    SAY (w.set (100));
    common<ev_child> (w);
    SAY (w.set (101, 1));
    SAY (w.start (102));
    SAY (w.start (103, 2));
    SAY (w.set (104, 0));
    SHOW (w.pid);
    SHOW (w.flags);
  }

  void
  stat ()
  {
    std::puts ("---- stat");
    ev::stat w (a);
    SAY (w.set ("one"));
    common<ev_stat> (w);
    SAY (w.set ("two", 1.5));
    SAY (w.start ("three"));
    SAY (w.start ("four", 2.5));
    SAY (w.set ("five"));
    SAY (w.update ());
    SHOW (w.wd);
  }

  void
  embed ()
  {
    std::puts ("---- embed");
    ev::embed w (a);
    SAY (w.set_embed (b));
    common<ev_embed> (w);
    SAY (w.start ());
    SAY (w.set_embed (a));
    SAY (w.sweep ());
  }

  void
  async ()
  {
    std::puts ("---- async");
    ev::async w (a);
    common<ev_async> (w);
    w.sent = 0;
    SHOW (w.async_pending ());
    SAY (w.send ());
    SHOW (w.async_pending ());
  }

  void on_once (int revents, void *arg) { show ("on_once", arg, revents); }
  void with_revents (int revents) { show ("with_revents", 0, revents); }
  void with_nothing () { show ("with_nothing", 0, 0); }

  struct waiter
  {
    void method (int revents) { show ("method", "waiter", revents); }
    void no_arguments () { show ("no_arguments", "waiter", 0); }
    void operator () (int revents) { show ("functor", "waiter", revents); }
  };

  template<class L>
  void
  loop_members (L &loop)
  {
    char data[] = "data";
    waiter object;
    const ev::loop_ref constant (loop);
    ev::loop_ref copied (a);

    SAY (copied = loop);
    SHOW (copied == loop);
    SHOW (copied != ev::loop_ref (a));
    SHOW (loop == constant);
    SHOW (loop == const_cast<const struct ev_loop *> (a));
    SHOW (loop != const_cast<const struct ev_loop *> (a));
    SHOW (static_cast<struct ev_loop *> (constant) == loop.raw_loop);
    SHOW (static_cast<const struct ev_loop *> (constant) == loop.raw_loop);
    SHOW (constant.is_default ());

    SAY (loop.run ());
    SAY (loop.run (ev::NOWAIT));
    SAY (loop.run (ev::ONCE));
    SAY (loop.loop ());
    SAY (loop.loop (ev::NONBLOCK));
    SAY (loop.loop (ev::ONESHOT));
    SAY (loop.break_loop ());
    SAY (loop.break_loop (ev::ALL));
    SAY (loop.unloop ());
    SAY (loop.unloop (ev::ONE));
    SAY (loop.post_fork ());
    SHOW (constant.backend ());
    SHOW (constant.now () == 1234.5);
    SAY (loop.ref ());
    SAY (loop.unref ());
    SHOW (constant.iteration ());
    SHOW (constant.depth ());
    SAY (loop.set_io_collect_interval (.25));
    SAY (loop.set_timeout_collect_interval (.5));
    SAY (loop.feed_fd_event (3, ev::READ));
    SAY (loop.feed_signal_event (2));

    SAY (loop.once (4, ev::READ, 1.5, on_once));
    SAY (loop.once (5, ev::WRITE, -1., on_once, data));
    SAY ((loop.template once<waiter, &waiter::method> (6, ev::READ, .5, &object)));
    SAY ((loop.template once<waiter, &waiter::no_arguments> (7, ev::READ, .5, &object)));
    SAY (loop.once (8, ev::READ, .5, &object));
    SAY (loop.template once<with_revents> (10, ev::READ, .5));
    SAY (loop.template once<with_nothing> (11, ev::READ, .5));
    SAY (loop.once (12, 0, 0., (&ev::loop_ref::method_thunk<waiter, &waiter::method>), &object));
    SAY (loop.once (13, 0, 0., (&ev::loop_ref::method_noargs_thunk<waiter, &waiter::no_arguments>), &object));
    SAY (loop.once (14, 0, 0., &ev::loop_ref::simpler_func_thunk<with_revents>));
    SAY (loop.once (15, 0, 0., &ev::loop_ref::simplest_func_thunk<with_nothing>));
  }

  void
  loops ()
  {
    std::puts ("---- loops");
    {
      ev::loop_ref loop (b);
      loop_members (loop);
    }
    {
      std::puts ("dynamic_loop");
      ev::dynamic_loop loop (ev::SELECT | ev::NOENV);
      loop_members (loop);
      ev::dynamic_loop other;
    }
    {
      std::puts ("default_loop");
      ev::default_loop loop (ev::POLL);
      loop_members (loop);
      ev::default_loop again;
      SHOW (again.raw_loop == loop.raw_loop);
    }
    ev::loop_ref loop = ev::get_default_loop ();
    SHOW (loop.is_default ());
    ev::loop_ref implicit = a;
    SHOW (implicit.raw_loop == a);

    std::puts ("---- watchers of the default loop");
    { ev::io w; w.set (0, 0); SHOW (w.loop == loop); }
    { ev::timer w; w.set (0.); SHOW (w.loop == loop); }
    { ev::periodic w; w.set (0.); SHOW (w.loop == loop); }
    { ev::sig w; w.set (1); SHOW (w.loop == loop); }
    { ev::child w; w.set (0); SHOW (w.loop == loop); }
    { ev::idle w; SHOW (w.loop == loop); }
    { ev::prepare w; SHOW (w.loop == loop); }
    { ev::check w; SHOW (w.loop == loop); }
    { ev::fork w; SHOW (w.loop == loop); }
    { ev::async w; SHOW (w.loop == loop); }
  }

  void *allocate (void *, long) EV_NOEXCEPT;
  void *allocate (void *, long) EV_NOEXCEPT { return 0; }
  void failed (const char *) EV_NOEXCEPT;
  void failed (const char *) EV_NOEXCEPT { }

  void
  functions ()
  {
    std::puts ("---- functions");
    ev::tstamp now = ev::now (a);
    SHOW (now == 1234.5);
    SAY (ev::delay (.25));
    SHOW (ev::version_major ());
    SHOW (ev::version_minor ());
    SHOW (ev::supported_backends ());
    SHOW (ev::recommended_backends ());
    SHOW (ev::embeddable_backends ());
    SAY (ev::set_allocator (allocate));
    SAY (ev::set_syserr_cb (failed));
    SAY (ev::set_syserr_cb (0));
  }

  void
  constants ()
  {
    std::puts ("---- constants");
    SHOW (ev::UNDEF);
    SHOW (ev::NONE);
    SHOW (ev::READ);
    SHOW (ev::WRITE);
    SHOW (ev::TIMEOUT);
    SHOW (ev::TIMER);
    SHOW (ev::PERIODIC);
    SHOW (ev::SIGNAL);
    SHOW (ev::CHILD);
    SHOW (ev::STAT);
    SHOW (ev::IDLE);
    SHOW (ev::CHECK);
    SHOW (ev::PREPARE);
    SHOW (ev::FORK);
    SHOW (ev::ASYNC);
    SHOW (ev::EMBED);
    SHOW (ev::ERROR);
    SHOW (ev::AUTO);
    SHOW (ev::NOENV);
    SHOW (ev::FORKCHECK);
    SHOW (ev::SELECT);
    SHOW (ev::POLL);
    SHOW (ev::EPOLL);
    SHOW (ev::KQUEUE);
    SHOW (ev::DEVPOLL);
    SHOW (ev::PORT);
    SHOW (ev::NONBLOCK);
    SHOW (ev::ONESHOT);
    SHOW (ev::NOWAIT);
    SHOW (ev::ONCE);
    ev::how_t how = ev::ONE;
    SHOW (how);
    SHOW (ev::ALL);
  }

#ifndef T_REFERENCE_HEADERS
  struct overloaded
  {
    void operator () (ev::embed &, int revents) const { show ("constant functor", "object", revents); }
    void operator () (int revents) const { show ("constant functor", "waiter", revents); }
  };

  void
  ours_alone ()
  {
    std::puts ("---- ours alone");
    ev::embed w (a);
    const overloaded object = overloaded ();
    overloaded waiter;
    SAY (w.start (b));
    SAY (w.start (a));
    SAY (w.set (&object));
    SAY (w (ev::READ));
    SAY (w ());
    SAY (w.loop.once (1, ev::READ, .5, &waiter));
    SHOW (ev::CLEANUP);
  }
#endif

#if defined __cpp_exceptions || defined __EXCEPTIONS
  template<class L>
  void
  not_made (const char *what)
  {
    try
      {
        L loop;
        std::printf ("%s was made\n", what);
      }
    catch (const ev::bad_loop &)
      {
        std::printf ("%s: bad_loop\n", what);
      }
  }
#endif

  void
  no_loop ()
  {
    std::puts ("---- no loop");
    calls_no_loop = 1;
    SHOW (ev::get_default_loop ().raw_loop == 0);
#if defined __cpp_exceptions || defined __EXCEPTIONS
    not_made<ev::dynamic_loop> ("dynamic_loop");
    not_made<ev::default_loop> ("default_loop");
#if EV_USE_STDEXCEPT
    try
      {
        throw ev::bad_loop ();
      }
    catch (const std::exception &error)
      {
        SHOW (std::strlen (error.what ()) > 10);
      }
#endif
#endif
    calls_no_loop = 0;
  }
}

int
main ()
{
  using namespace members;

  io ();
  timer ();
  periodic ();
  sig ();
  child ();
  stat ();
  embed ();
  async ();
  without_arguments<ev_idle, ev::idle> ("idle");
  without_arguments<ev_prepare, ev::prepare> ("prepare");
  without_arguments<ev_check, ev::check> ("check");
  without_arguments<ev_fork, ev::fork> ("fork");
  loops ();
  functions ();
  constants ();
#ifndef T_REFERENCE_HEADERS
  without_arguments<ev_cleanup, ev::cleanup> ("cleanup");
  ours_alone ();
#endif
  no_loop ();
}
