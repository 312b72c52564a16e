/* What a watcher of ev++.h can call, and how it finds it. */
#include "tracing.hpp"

static void
function (ev::timer &w, int revents)
{
  t_trace ("%s:%x", static_cast<const char *> (w.data), (unsigned)revents);
}

struct object
{
  int calls = 0;

  void
  method (ev::timer &w, int revents)
  {
    CHECK (w.data == this);
    t_trace ("method:%x", (unsigned)revents);
    ++calls;
  }

  void
  alone ()
  {
    t_trace ("alone");
    ++calls;
  }

  void
  operator() (ev::timer &, int revents)
  {
    t_trace ("functor:%x", (unsigned)revents);
    ++calls;
  }
};

/* Has the watcher called by its loop. */
static void
call (ev::timer &w)
{
  w.feed_event (ev::TIMER);
  w.loop.run (ev::NOWAIT);
}

TEST (cpp_callback_function_with_data)
{
  ev::dynamic_loop loop (flags ());
  ev::timer w (loop);
  char data[] = "data";
  w.set<function> (data);
  CHECK (w.data == data);
  call (w);
  CHECK_TRACE ("data:100");
}

static void
no_data (ev::timer &w, int)
{
  CHECK (!w.data);
  t_trace ("called");
}

TEST (cpp_callback_function_without_data)
{
  ev::dynamic_loop loop (flags ());
  ev::timer w (loop);
  w.data = &w;
  w.set<no_data> ();
  call (w);
  w.set<&no_data> (0);
  call (w);
  CHECK_TRACE ("called called");
}

struct holder
{
  static void function (ev::timer &, int) { t_trace ("static"); }
};

TEST (cpp_callback_static_method)
{
  ev::dynamic_loop loop (flags ());
  ev::timer w (loop);
  w.set<holder::function> ();
  call (w);
  CHECK_TRACE ("static");
}

TEST (cpp_callback_method)
{
  ev::dynamic_loop loop (flags ());
  ev::timer w (loop);
  object o;
  w.set<object, &object::method> (&o);
  call (w);
  CHECK_EQ (o.calls, 1);
  CHECK_TRACE ("method:100");
}

TEST (cpp_callback_method_without_arguments)
{
  ev::dynamic_loop loop (flags ());
  ev::timer w (loop);
  object o;
  w.set<object, &object::alone> (&o);
  call (w);
  CHECK_EQ (o.calls, 1);
  CHECK_TRACE ("alone");
}

TEST (cpp_callback_functor)
{
  ev::dynamic_loop loop (flags ());
  ev::timer w (loop);
  object o;
  w.set (&o);
  call (w);
  CHECK_EQ (o.calls, 1);
  CHECK_TRACE ("functor:100");
}

struct many
{
  void operator() (ev::timer &, int) { t_trace ("timer"); }
  void operator() (ev::io &, int) { t_trace ("io"); }
};

TEST (cpp_callback_functor_of_several_watchers)
{
  ev::dynamic_loop loop (flags ());
  ev::timer t (loop);
  ev::io io (loop);
  many m;
  t.set (&m);
  io.set (&m);
  call (t);
  io.feed_event (ev::READ);
  loop.run (ev::NOWAIT);
  CHECK_TRACE ("timer io");
}

#ifndef T_REFERENCE_HEADERS
TEST (cpp_callback_lambda)
{
  ev::dynamic_loop loop (flags ());
  ev::timer w (loop);
  int calls = 0;
  auto count = [&calls] (ev::timer &, int) { ++calls; };
  w.set (&count);
  call (w);
  CHECK_EQ (calls, 1);
  const auto &constant = count;
  w.set (&constant);
  call (w);
  CHECK_EQ (calls, 2);
}

TEST (cpp_once_lambda, .once = 1)
{
  ev::dynamic_loop loop (flags ());
  int got = 0;
  auto take = [&got] (int revents) { got = revents; };
  loop.once (-1, 0, .01, &take);
  loop.run ();
  CHECK_EQ (got, ev::TIMER);
  const auto &constant = take;
  got = 0;
  loop.once (-1, 0, .01, &constant);
  loop.run ();
  CHECK_EQ (got, ev::TIMER);
}
#endif

struct animal
{
  virtual ~animal () { }
  virtual void call (ev::timer &, int) { t_trace ("animal"); }
  virtual void alone () { t_trace ("animal alone"); }
};

struct other_base
{
  long filler = 0;
  virtual ~other_base () { }
};

struct cat : other_base, animal
{
  void call (ev::timer &, int) override { t_trace ("cat"); }
  void alone () override { t_trace ("cat alone"); }
};

TEST (cpp_callback_virtual_method)
{
  ev::dynamic_loop loop (flags ());
  ev::timer w (loop);
  cat c;
  w.set<animal, &animal::call> (&c);
  call (w);
  w.set<animal, &animal::alone> (&c);
  call (w);
  w.set<cat, &cat::call> (&c);
  call (w);
  CHECK_TRACE ("cat cat alone cat");
}

class keeper
{
  ev::timer w;
  void hidden (ev::timer &, int) { t_trace ("hidden"); }

public:
  keeper (ev::loop_ref loop) : w (loop)
  {
    w.set<keeper, &keeper::hidden> (this);
    call (w);
  }
};

TEST (cpp_callback_private_method)
{
  ev::dynamic_loop loop (flags ());
  keeper k (loop);
  CHECK_TRACE ("hidden");
}

static void
plain (struct ev_loop *loop, ev_timer *w, int revents)
{
  CHECK (ev_userdata (loop) == w->data);
  t_trace ("plain:%x", (unsigned)revents);
}

TEST (cpp_callback_of_c)
{
  ev::dynamic_loop loop (flags ());
  ev::timer w (loop);
  int data;
  ev_set_userdata (loop, &data);
  w.set_ (&data, plain);
  call (w);
  w.set<no_data> (&data);
  ev_set_cb (static_cast<ev_timer *> (&w), plain);
  call (w);
  CHECK_TRACE ("plain:100 plain:100");
}

static void
second (ev::timer &w, int)
{
  t_trace ("second");
  w.loop.break_loop ();
}

static void
first (ev::timer &w, int)
{
  t_trace ("first");
  w.set<second> ();
}

TEST (cpp_callback_replaced_by_itself)
{
  ev::dynamic_loop loop (flags ());
  ev::timer w (loop);
  w.set<first> ();
  w.start (0., .001);
  loop.run ();
  CHECK_TRACE ("first second");
}

TEST (cpp_callback_starts_another_watcher)
{
  ev::dynamic_loop loop (flags ());
  ev::timer t (loop);
  traced<ev::prepare> p ("p", loop);
  t.set<ev::prepare, &ev::prepare::start> (&p.w);
  t.start (0.);
  run_until (loop, [&] { return p.calls > 0; });
  CHECK (p.w.is_active ());
  t.set<ev::prepare, &ev::prepare::stop> (&p.w);
  t.start (0.);
  loop.run ();
  CHECK (!p.w.is_active ());
}

TEST (cpp_c_macros_and_functions_on_objects)
{
  ev::dynamic_loop loop (flags ());
  traced<ev::timer> low ("low", loop), high ("high", loop);
  ev_timer_set (&low.w, 0., 0.);
  ev_set_priority (&high.w, 2);
  CHECK_EQ (ev_priority (&high.w), 2);
  high.w.set (0.);
  ev_timer_start (loop, &low.w);
  CHECK (ev_is_active (&low.w));
  CHECK (low.w.is_active ());
  high.w.start ();
  ev_run (loop, 0);
  CHECK_TRACE ("high:100 low:100");
}

TEST (cpp_fed_events_are_combined)
{
  ev::dynamic_loop loop (flags ());
  traced<ev::timer> t ("t", loop);
  t.w.feed_event (ev::READ);
  t.w.feed_event (ev::WRITE);
  CHECK (t.w.is_pending ());
  CHECK (!t.w.is_active ());
  CHECK_EQ (ev_clear_pending (loop, static_cast<ev_timer *> (&t.w)), 3);
  CHECK (!t.w.is_pending ());
  t.w.feed_event (ev::ASYNC);
  loop.run (ev::NOWAIT);
  CHECK_TRACE ("t:80000");
}
