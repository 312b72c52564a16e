/* Watchers of ev++.h that end, move to another loop, or are left by exceptions. */
#include "tracing.hpp"

#include <list>
#include <map>
#include <memory>
#include <pthread.h>
#include <stdexcept>
#include <string>

TEST (cpp_destructor_stops)
{
  ev::dynamic_loop loop (flags ());
  int p[2];
  t_pipe (p);
  {
    traced<ev::io> in ("in", loop);
    traced<ev::timer> t ("t", loop);
    traced<ev::prepare> prepare ("p", loop);
    in.w.start (p[0], ev::READ);
    t.w.start (1.);
    prepare.w.start ();
    t_write (p[1], "x");
    loop.run (ev::NOWAIT);
  }
  t_trace_reset ();
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("");
  ev_verify (loop);
}

TEST (cpp_destructor_clears_pending)
{
  ev::dynamic_loop loop (flags ());
  {
    traced<ev::timer> t ("t", loop);
    t.w.feed_event (ev::TIMER);
  }
  ev_invoke_pending (loop);
  CHECK_TRACE ("");
}

static void
delete_it (ev::timer &w, int)
{
  t_trace ("deleted");
  delete &w;
}

TEST (cpp_function_deletes_its_watcher)
{
  ev::dynamic_loop loop (flags ());
  ev::timer *w = new ev::timer (loop);
  w->set<delete_it> ();
  w->start (0., .001);
  loop.run ();
  CHECK_TRACE ("deleted");
}

struct session
{
  ev::io io;
  ev::timer idle;
  std::string name;

  session (ev::loop_ref loop, int fd) : io (loop), idle (loop), name ("session")
  {
    io.set<session, &session::ready> (this);
    idle.set<session, &session::expired> (this);
    io.start (fd, ev::READ);
    idle.start (1000., 1000.);
  }

  ~session () { t_trace ("%s", name.c_str ()); }

  void
  ready (ev::io &, int)
  {
    delete this;
  }

  void
  expired ()
  {
    delete this;
  }

  void
  operator() (ev::io &, int)
  {
    delete this;
  }
};

TEST (cpp_method_deletes_its_object)
{
  ev::dynamic_loop loop (flags ());
  int p[2];
  t_pipe (p);
  t_write (p[1], "x");
  new session (loop, p[0]);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("session");
}

TEST (cpp_method_without_arguments_deletes_its_object)
{
  ev::dynamic_loop loop (flags ());
  int p[2];
  t_pipe (p);
  session *s = new session (loop, p[0]);
  s->idle.set (.001, 1000.);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("session");
}

TEST (cpp_functor_deletes_itself)
{
  ev::dynamic_loop loop (flags ());
  int p[2];
  t_pipe (p);
  t_write (p[1], "x");
  session *s = new session (loop, p[0]);
  s->io.set (s);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("session");
}

static std::unique_ptr<traced<ev::prepare> > victim;

static void
delete_victim (ev::prepare &, int)
{
  t_trace ("killer");
  victim.reset ();
}

TEST (cpp_deleted_while_pending_is_not_called)
{
  ev::dynamic_loop loop (flags ());
  ev::prepare killer (loop);
  victim.reset (new traced<ev::prepare> ("victim", loop));
  killer.set<delete_victim> ();
  /* The last started is called first. */
  victim->w.start ();
  killer.start ();
  loop.run (ev::NOWAIT);
  loop.run (ev::NOWAIT);
  CHECK_TRACE ("killer killer");
}

static void
throwing (ev::timer &, int)
{
  t_trace ("throwing");
  throw std::runtime_error ("out of the loop");
}

/* Valid until the next call. */
template<class Callback>
static const char *
caught (Callback callback)
{
  static std::string what;
  what = "nothing";
  try
    {
      callback ();
    }
  catch (const std::exception &error)
    {
      what = error.what ();
    }
  return what.c_str ();
}

TEST (cpp_exception_out_of_run)
{
  ev::dynamic_loop loop (flags ());
  ev::timer t (loop);
  traced<ev::timer> later ("later", loop);
  t.set<throwing> ();
  t.start (0., 1000.);
  later.w.start (0.);
  /* The later one of equal times may be called first: only that both are, in the end. */
  CHECK_STR (caught ([&] { loop.run (); }), "out of the loop");
  CHECK (t.is_active ());
  t.stop ();
  loop.run ();
  CHECK_EQ (later.calls, 1);
  ev_verify (loop);
}

struct thrower
{
  void method (ev::prepare &, int) { throw std::runtime_error ("method"); }
  void alone () { throw std::runtime_error ("alone"); }
  void operator() (ev::prepare &, int) { throw std::runtime_error ("functor"); }
  void once (int) { throw std::runtime_error ("once"); }
};

TEST (cpp_exception_out_of_each_kind_of_callback)
{
  ev::dynamic_loop loop (flags ());
  ev::prepare w (loop);
  thrower o;
  w.set<thrower, &thrower::method> (&o);
  w.start ();
  CHECK_STR (caught ([&] { loop.run (ev::NOWAIT); }), "method");
  w.set<thrower, &thrower::alone> (&o);
  CHECK_STR (caught ([&] { loop.run (ev::NOWAIT); }), "alone");
  w.set (&o);
  CHECK_STR (caught ([&] { loop.run (ev::NOWAIT); }), "functor");
  w.stop ();
  loop.once<thrower, &thrower::once> (-1, 0, 0., &o);
  CHECK_STR (caught ([&] { loop.run (); }), "once");
  loop.run ();
  ev_verify (loop);
}

static void
delete_and_throw (ev::timer &w, int)
{
  delete &w;
  throw std::runtime_error ("gone");
}

TEST (cpp_exception_after_deleting_the_watcher)
{
  ev::dynamic_loop loop (flags ());
  ev::timer *w = new ev::timer (loop);
  w->set<delete_and_throw> ();
  w->start (0., 1.);
  CHECK_STR (caught ([&] { loop.run (); }), "gone");
  CHECK_EQ (ev_run (loop, 0), 0);
}

TEST (cpp_exception_destroys_watchers_on_the_way)
{
  ev::dynamic_loop loop (flags ());
  traced<ev::prepare> outer ("outer", loop);
  auto run = [&]
  {
    ev::timer t (loop);
    traced<ev::check> check ("check", loop);
    t.set<throwing> ();
    t.start (0.);
    check.w.start ();
    loop.run ();
  };
  CHECK_STR (caught (run), "out of the loop");
  t_trace_reset ();
  outer.w.start ();
  loop.run (ev::NOWAIT);
  CHECK_TRACE ("outer:4000");
}

static void
nested (ev::timer &w, int)
{
  t_trace ("in");
  w.start (0.);
  w.set<throwing> ();
  try
    {
      w.loop.run ();
    }
  catch (const std::exception &)
    {
      t_trace ("caught");
    }
  CHECK (!w.is_active ());
}

TEST (cpp_exception_out_of_nested_run)
{
  ev::dynamic_loop loop (flags ());
  ev::timer t (loop);
  t.set<nested> ();
  t.start (0.);
  loop.run ();
  CHECK_TRACE ("in throwing caught");
}

#ifndef T_REFERENCE_HEADERS
struct leaving
{
  ~leaving () { t_trace ("left"); }
};

static void *
sleep_long (void *)
{
  leaving object;
  ev::delay (1000.);
  return 0;
}

TEST (cpp_delay_may_be_cancelled, .once = 1)
{
  pthread_t thread;
  void *result;
  CHECK (!pthread_create (&thread, 0, sleep_long, 0));
  t_nap (.05);
  CHECK (!pthread_cancel (thread));
  CHECK (!pthread_join (thread, &result));
  CHECK (result == PTHREAD_CANCELED);
  CHECK_TRACE ("left");
}
#endif

static void
restart (ev::timer &w, int)
{
  static int rounds;
  t_trace ("%d", ++rounds);
  w.stop ();
  if (rounds < 3)
    w.start (.001, 5.);
}

TEST (cpp_callback_stops_and_starts_its_watcher)
{
  ev::dynamic_loop loop (flags ());
  ev::timer t (loop);
  t.set<restart> ();
  t.start (0., .5);
  loop.run ();
  CHECK_TRACE ("1 2 3");
}

TEST (cpp_set_loop_moves_to_another)
{
  ev::dynamic_loop one (flags ()), two (flags ());
  traced<ev::timer> t ("t", one);
  t.w.start (0.);
  t.w.stop ();
  t.w.set (two);
  CHECK (t.w.loop == two);
  t.w.start (0.);
  CHECK_EQ (ev_run (one, 0), 0);
  CHECK_TRACE ("");
  two.run ();
  CHECK_TRACE ("t:100");
}

TEST (cpp_watchers_in_containers)
{
  ev::dynamic_loop loop (flags ());
  std::list<ev::prepare> list;
  std::map<int, std::unique_ptr<traced<ev::prepare> > > map;
  for (int i = 0; i < 3; i++)
    {
      list.emplace_back (loop);
      map[i].reset (new traced<ev::prepare> ("p", loop));
      list.back ().set<ev::prepare, &ev::prepare::stop> (&map[i]->w);
      map[i]->w.start ();
    }
  list.back ().start ();
  list.front ().start ();
  loop.run (ev::NOWAIT);
  CHECK_TRACE ("p:4000");
  list.clear ();
  map.erase (1);
  CHECK_EQ (ev_run (loop, 0), 0);
}

struct ticker : ev::timer
{
  int ticks = 0;

  ticker (ev::loop_ref loop) : ev::timer (loop) { set<ticker, &ticker::tick> (this); }
  virtual ~ticker () { t_trace ("%d", ticks); }

  void
  tick (ev::timer &w, int)
  {
    CHECK (static_cast<ticker *> (&w) == this);
    if (++ticks == 2)
      stop ();
  }
};

TEST (cpp_class_derived_from_a_watcher)
{
  {
    ev::dynamic_loop loop (flags ());
    std::unique_ptr<ticker> t (new ticker (loop));
    t->start (0., .001);
    loop.run ();
  }
  CHECK_TRACE ("2");
}

TEST (cpp_member_that_is_declared_after_the_watcher)
{
  struct owner
  {
    ev::timer t;
    ev::async a;
    std::string text;
    owner (ev::loop_ref loop) : t (loop), a (loop), text ("text")
    {
      t.set<owner, &owner::on_timer> (this);
      a.set<owner, &owner::on_async> (this);
      t.start (0.);
      a.start ();
    }
    void on_timer () { a.send (); }
    void on_async (ev::async &w, int)
    {
      t_trace ("%s", text.c_str ());
      w.stop ();
    }
  };
  ev::dynamic_loop loop (flags ());
  owner o (loop);
  loop.run ();
  CHECK_TRACE ("text");
}

TEST (cpp_freeze_guard_restarts_an_active_watcher)
{
  ev::dynamic_loop loop (flags ());
  traced<ev::prepare> p ("p", loop);
  p.w.start ();
  {
    ev::prepare::freeze_guard guard (&p.w);
    CHECK (!p.w.is_active ());
    loop.run (ev::NOWAIT);
    CHECK_TRACE ("");
  }
  CHECK (p.w.is_active ());
  loop.run (ev::NOWAIT);
  CHECK_TRACE ("p:4000");
}

TEST (cpp_freeze_guard_leaves_an_inactive_watcher)
{
  ev::dynamic_loop loop (flags ());
  ev::timer t (loop);
  t.set (1.);
  {
    ev::timer::freeze_guard guard (&t);
  }
  CHECK (!t.is_active ());
}

TEST (cpp_freeze_guard_nested)
{
  ev::dynamic_loop loop (flags ());
  ev::timer t (loop);
  t.set<ignore> ();
  t.start (1.);
  {
    ev::timer::freeze_guard outer (&t);
    ev::timer::freeze_guard inner (&t);
    t.set (2.);
    CHECK (!t.is_active ());
  }
  CHECK (t.is_active ());
  CHECK_BETWEEN (t.remaining (), 1.9, 2.1);
}
