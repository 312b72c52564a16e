/* The loops of ev++.h and what can be asked of them. */
#include "tracing.hpp"

#include <exception>

TEST (cpp_dynamic_loop_takes_the_backend)
{
  ev::dynamic_loop loop (flags ());
  CHECK_EQ (loop.backend (), t_backend);
  CHECK (loop != ev::get_default_loop ());
  CHECK (!loop.is_default ());
}

TEST (cpp_dynamic_loop_gives_everything_back)
{
  int before = t_open_fds ();
  for (int i = 0; i < 5; i++)
    {
      ev::dynamic_loop loop (flags ());
      ev::async a (loop);
      a.start ();
      CHECK (t_open_fds () > before);
    }
  CHECK_EQ (t_open_fds (), before);
}

/* A backend that no Linux has. */
TEST (cpp_bad_loop_is_thrown, .once = 1)
{
  bool dynamic = false, by_default = false;
  try
    {
      ev::dynamic_loop loop (ev::KQUEUE | ev::NOENV);
    }
  catch (const std::exception &error)
    {
      dynamic = *error.what ();
    }
  try
    {
      ev::default_loop loop (ev::PORT | ev::NOENV);
    }
  catch (const ev::bad_loop &)
    {
      by_default = true;
    }
  CHECK (dynamic);
  CHECK (by_default);
}

TEST (cpp_default_loop_is_one)
{
  ev::default_loop loop (flags ());
  CHECK_EQ (loop.backend (), t_backend);
  CHECK (loop.is_default ());
  CHECK (loop == ev::get_default_loop ());
  {
    ev::default_loop again (ev::SELECT);
    CHECK (again.raw_loop == loop.raw_loop);
  }
  ev::timer t;
  CHECK (t.loop == loop);
  t.set<ignore> ();
  t.start (0.);
  loop.run ();
  CHECK (loop.raw_loop == ev_default_loop (0));
  ev_loop_destroy (loop);
}

TEST (cpp_loop_ref_is_a_loop_for_c)
{
  ev::dynamic_loop loop (flags ());
  ev::loop_ref ref = loop, other = loop.raw_loop;
  const struct ev_loop *constant = ref;
  CHECK (ref == other);
  CHECK (!(ref != other));
  CHECK (ref == constant);
  ev_set_userdata (ref, &ref);
  CHECK (ev_userdata (other) == &ref);
  CHECK_EQ (ev_backend (ref), loop.backend ());
}

TEST (cpp_run_flags)
{
  ev::dynamic_loop loop (flags ());
  traced<ev::timer> t ("t", loop);
  t.w.start (1000.);
  loop.run (ev::NOWAIT);
  CHECK_TRACE ("");
  t.w.set (.01, .01);
  run_until (loop, [&] { return t.calls == 1; });
  loop.loop (ev::NONBLOCK);
  loop.loop (ev::ONESHOT);
  CHECK_BETWEEN (t.calls, 1, 3);
}

static void break_one (int, void *arg) { static_cast<ev::loop_ref *> (arg)->break_loop (); }
static void break_all (int, void *arg) { static_cast<ev::loop_ref *> (arg)->break_loop (ev::ALL); }

static void
inner_run (ev::timer &w, int)
{
  bool all = w.data;
  w.loop.once (-1, 0, 0., all ? break_all : break_one, &w.loop);
  w.loop.run ();
  t_trace ("%s: depth %u", all ? "all" : "one", w.loop.depth ());
  /* Only an outer run that goes on will see this. */
  w.loop.once (-1, 0, 0., [] (int, void *arg) { t_trace ("outer"); break_one (0, arg); }, &w.loop);
}

TEST (cpp_break_loop_one_and_all)
{
  ev::dynamic_loop loop (flags ());
  traced<ev::timer> keep ("keep", loop);
  ev::timer t (loop);
  keep.w.start (1000.);
  t.set<inner_run> ();
  t.start (0.);
  loop.run ();
  CHECK_TRACE ("one: depth 1 outer");
  t_trace_reset ();
  t.set<inner_run> (&loop);
  t.start (0.);
  loop.run ();
  CHECK_TRACE ("all: depth 1");
  CHECK_EQ (loop.depth (), 0);
}

TEST (cpp_ref_and_unref)
{
  ev::dynamic_loop loop (flags ());
  ev::timer t (loop);
  t.set<ignore> ();
  t.start (1000.);
  loop.unref ();
  loop.run ();
  CHECK (t.is_active ());
  loop.ref ();
  t.stop ();
  loop.ref ();
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 1);
  loop.unref ();
}

TEST (cpp_loop_numbers_are_those_of_c)
{
  ev::dynamic_loop loop (flags ());
  const ev::loop_ref constant = loop;
  loop.run (ev::NOWAIT);
  loop.run (ev::NOWAIT);
  CHECK_EQ (constant.iteration (), 2);
  CHECK_EQ (constant.depth (), 0);
  CHECK (constant.now () == ev_now (loop));
  CHECK (ev::now (loop) == ev_now (loop));
  CHECK_EQ (constant.backend (), ev_backend (loop));
}

TEST (cpp_feed_fd_and_signal_events)
{
  ev::dynamic_loop loop (flags ());
  traced<ev::io> in ("in", loop);
  traced<ev::sig> s ("s", loop);
  int p[2];
  t_pipe (p);
  in.w.start (p[0], ev::READ);
  s.w.start (SIGUSR1);
  loop.feed_fd_event (p[0], ev::READ);
  ev_invoke_pending (loop);
  loop.feed_signal_event (SIGUSR1);
  ev_invoke_pending (loop);
  CHECK_TRACE ("in:1 s:400");
}

TEST (cpp_timeout_collect_interval_delays)
{
  ev::dynamic_loop loop (flags ());
  traced<ev::timer> t ("t", loop);
  loop.set_io_collect_interval (0.);
  loop.set_timeout_collect_interval (.1);
  double start = t_clock ();
  t.w.start (.001);
  loop.run ();
  CHECK_BETWEEN (t_clock () - start, .09, 10.);
  CHECK_TRACE ("t:100");
}

static void
child_of_fork (void *arg)
{
  ev::loop_ref loop = *static_cast<ev::loop_ref *> (arg);
  traced<ev::fork> f ("fork", loop);
  traced<ev::io> in ("in", loop);
  int p[2];
  t_pipe (p);
  t_write (p[1], "x");
  f.w.start ();
  in.w.start (p[0], ev::READ);
  loop.post_fork ();
  run_until (loop, [&] { return in.calls > 0; });
  CHECK_EQ (f.calls, 1);
}

TEST (cpp_post_fork_in_the_child)
{
  ev::dynamic_loop loop (flags ());
  loop.run (ev::NOWAIT);
  CHECK_EQ (t_in_child (child_of_fork, static_cast<ev::loop_ref *> (&loop)), 0);
}

TEST (cpp_functions_of_the_library, .once = 1)
{
  CHECK_EQ (ev::version_major (), ev_version_major ());
  CHECK_EQ (ev::version_minor (), ev_version_minor ());
  CHECK_EQ (ev::supported_backends (), ev_supported_backends ());
  CHECK_EQ (ev::recommended_backends (), ev_recommended_backends ());
  CHECK_EQ (ev::embeddable_backends (), ev_embeddable_backends ());
  double start = t_clock ();
  ev::delay (.05);
  CHECK_BETWEEN (t_clock () - start, .049, 10.);
}

static int allocations;

static void *
allocate (void *ptr, long size) EV_NOEXCEPT
{
  ++allocations;
  if (size)
    return realloc (ptr, size);
  free (ptr);
  return 0;
}

TEST (cpp_set_allocator)
{
  ev::set_allocator (allocate);
  {
    ev::dynamic_loop loop (flags ());
  }
  CHECK (allocations > 1);
}

/* The ways of once. */

static void
on_once (int revents, void *arg)
{
  t_trace ("%s:%x", arg ? static_cast<const char *> (arg) : "null", (unsigned)revents);
}

static void with_revents (int revents) { t_trace ("revents:%x", (unsigned)revents); }
static void with_nothing () { t_trace ("nothing"); }

struct waiter
{
  void method (int revents) { t_trace ("method:%x", (unsigned)revents); }
  void alone () { t_trace ("alone"); }
  void operator() (int revents) { t_trace ("functor:%x", (unsigned)revents); }
};

TEST (cpp_once_function_with_argument)
{
  ev::dynamic_loop loop (flags ());
  char text[] = "text";
  loop.once (-1, 0, 0., on_once, text);
  loop.run ();
  loop.once (-1, 0, 0., on_once);
  loop.run ();
  CHECK_TRACE ("text:100 null:100");
}

TEST (cpp_once_method)
{
  ev::dynamic_loop loop (flags ());
  waiter w;
  int p[2];
  t_pipe (p);
  t_write (p[1], "x");
  loop.once<waiter, &waiter::method> (p[0], ev::READ, 1000., &w);
  loop.run ();
  CHECK_TRACE ("method:1");
}

TEST (cpp_once_method_without_arguments)
{
  ev::dynamic_loop loop (flags ());
  waiter w;
  loop.once<waiter, &waiter::alone> (-1, 0, .01, &w);
  loop.run ();
  CHECK_TRACE ("alone");
}

TEST (cpp_once_functor)
{
  ev::dynamic_loop loop (flags ());
  waiter w;
  loop.once (-1, 0, .01, &w);
  loop.run ();
  CHECK_TRACE ("functor:100");
}

TEST (cpp_once_functions_without_argument)
{
  ev::dynamic_loop loop (flags ());
  int s[2];
  t_socketpair (s);
  loop.once<with_revents> (s[0], ev::WRITE, -1.);
  loop.run ();
  loop.once<with_nothing> (-1, 0, .01);
  loop.run ();
  CHECK_TRACE ("revents:2 nothing");
}

TEST (cpp_once_through_a_copy_of_the_reference)
{
  ev::dynamic_loop loop (flags ());
  {
    ev::loop_ref passing = loop;
    passing.once<with_nothing> (-1, 0, .01);
  }
  loop.run ();
  CHECK_TRACE ("nothing");
}
