/* The ways that C++ exceptions take: through nested runs and several loops, into other threads, thousands of times. */
#include "thrown.hpp"
#include "live_memory.h"
#include "coroutine.h"

#include <exception>
#include <functional>
#include <stdexcept>
#include <thread>

/* A timer that does `work`, due at once, before the others if `due` is less than theirs. */
struct doing : ev_timer
{
  std::function<void (struct ev_loop *)> work;

  doing (struct ev_loop *loop, double due, std::function<void (struct ev_loop *)> what) : ev_timer (), work (what)
  {
    ev_timer_init (static_cast<ev_timer *> (this), (call), due, 0.);
    ev_timer_start (loop, this);
  }

  static void call (EV_P_ ev_timer *w, int)
  {
    static_cast<doing *> (w)->work (loop);
  }
};

/* What is destroyed as the stack is unwound. */
struct witness
{
  const char *name;
  ~witness () { t_trace ("~%s", name); }
};

TEST (exception_of_an_inner_run_caught_in_the_outer_callback)
{
  struct ev_loop *loop = t_loop (0);
  doing outer (loop, -3., [] (struct ev_loop *loop)
    {
      CHECK_STR (run_caught (loop, 0), "thrower");
      t_trace ("caught@%u", ev_depth (loop));
    });
  ev_timer thrower, rest, later;
  NAMED (&thrower, throws<ev_timer>, "thrower");
  ev_timer_set (&thrower, -2., 0.);
  ev_timer_start (loop, &thrower);
  timer_named (loop, &rest, "rest", -1., 0.);
  timer_named (loop, &later, "later", .02, 0.);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("thrower:100 caught@2 rest:100 later:100");
  CHECK_EQ (ev_depth (loop), 1); /* one of the two did not return */
  ev_verify (loop);
  ev_loop_destroy (loop);
}

TEST (exception_through_two_runs_of_a_loop)
{
  struct ev_loop *loop = t_loop (0);
  doing outer (loop, -3., [] (struct ev_loop *loop)
    {
      witness local { "outer" };
      ev_run (loop, 0);
    });
  ev_timer thrower, rest;
  NAMED (&thrower, throws<ev_timer>, "thrower");
  ev_timer_set (&thrower, -2., 0.);
  ev_timer_start (loop, &thrower);
  timer_named (loop, &rest, "rest", -1., 0.);
  CHECK_STR (run_caught (loop, 0), "thrower");
  CHECK_EQ (ev_depth (loop), 2);
  CHECK (ev_is_pending (&rest));
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("thrower:100 ~outer rest:100");
  ev_loop_destroy (loop);
}

TEST (exception_becomes_another_one_half_way)
{
  struct ev_loop *loop = t_loop (0);
  doing outer (loop, -4., [] (struct ev_loop *loop)
    {
      try
        {
          ev_run (loop, EVRUN_ONCE);
        }
      catch (const thrown &)
        {
          std::throw_with_nested (std::runtime_error ("outer"));
        }
    });
  doing middle (loop, -3., [] (struct ev_loop *loop)
    {
      try
        {
          ev_run (loop, EVRUN_ONCE);
        }
      catch (...)
        {
          t_trace ("again");
          throw;
        }
    });
  ev_timer thrower, rest;
  NAMED (&thrower, throws<ev_timer>, "thrower");
  ev_timer_set (&thrower, -2., 0.);
  ev_timer_start (loop, &thrower);
  timer_named (loop, &rest, "rest", -1., 0.);
  try
    {
      ev_run (loop, 0);
      CHECK (0);
    }
  catch (const std::runtime_error &what)
    {
      CHECK_STR (what.what (), "outer");
      CHECK_STR (caught ([&] { std::rethrow_if_nested (what); }), "thrower");
    }
  CHECK_EQ (ev_depth (loop), 3);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("thrower:100 again rest:100");
  ev_loop_destroy (loop);
}

TEST (exception_of_one_loop_through_the_run_of_another)
{
  struct ev_loop *loop = t_loop (0), *other = t_loop (0);
  doing outer (loop, -2., [=] (struct ev_loop *) { ev_run (other, 0); });
  ev_timer rest, thrower, others_rest;
  timer_named (loop, &rest, "rest", -1., 0.);
  NAMED (&thrower, throws<ev_timer>, "thrower");
  ev_timer_set (&thrower, -2., 0.);
  ev_timer_start (other, &thrower);
  timer_named (other, &others_rest, "others_rest", -1., 0.);
  CHECK_STR (run_caught (loop, 0), "thrower");
  CHECK_EQ (ev_depth (loop), 1);
  CHECK_EQ (ev_depth (other), 1);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_EQ (ev_run (other, 0), 0);
  CHECK_TRACE ("thrower:100 rest:100 others_rest:100");
  ev_loop_destroy (loop);
  ev_loop_destroy (other);
}

/* A break that was asked for before the exception holds for the run that was left, not for the next one. */
TEST (exception_forgets_a_break)
{
  struct ev_loop *loop = t_loop (0);
  doing w (loop, -1., [] (struct ev_loop *loop)
    {
      ev_break (loop, EVBREAK_ALL);
      throw thrown { "w" };
    });
  ev_timer later;
  timer_named (loop, &later, "later", .02, 0.);
  CHECK_STR (run_caught (loop, 0), "w");
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("later:100");
  ev_loop_destroy (loop);
}

/* ... but an outer run sees a break for all of an inner one that ended so. */
TEST (exception_keeps_a_break_for_the_outer_run)
{
  struct ev_loop *loop = t_loop (0);
  doing outer (loop, -2., [] (struct ev_loop *loop)
    {
      CHECK_STR (run_caught (loop, 0), "inner");
      t_trace ("outer");
    });
  doing inner (loop, -1., [] (struct ev_loop *loop)
    {
      ev_break (loop, EVBREAK_ALL);
      throw thrown { "inner" };
    });
  ev_timer later;
  timer_named (loop, &later, "later", 1000., 0.);
  CHECK_EQ (ev_run (loop, 0), 1);
  CHECK_TRACE ("outer");
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 1);
  ev_loop_destroy (loop);
}

template <class T>
static bool
comes_as (struct ev_loop *loop, T value)
{
  doing w (loop, 0., [=] (struct ev_loop *) { throw value; });
  try
    {
      ev_run (loop, 0);
    }
  catch (T same)
    {
      return same == value;
    }
  catch (...)
    {
    }
  return false;
}

TEST (exception_of_any_type, .once = 1)
{
  struct ev_loop *loop = t_loop (0);
  CHECK (comes_as (loop, 42));
  CHECK (comes_as (loop, 1.5));
  CHECK (comes_as (loop, "text"));
  CHECK (comes_as (loop, std::string (5000, 'x')));
  CHECK (comes_as (loop, &noted));
  CHECK (comes_as (loop, nullptr));
  doing w (loop, 0., [] (struct ev_loop *) { throw std::out_of_range ("w"); });
  try
    {
      ev_run (loop, 0);
      CHECK (0);
    }
  catch (const std::logic_error &base)
    {
      CHECK_STR (base.what (), "w");
    }
  ev_loop_destroy (loop);
}

/* Nobody catches: the program's terminate handler runs, with the exception, and not a message of the library. */
TEST (exception_that_nobody_catches, .once = 1)
{
  auto body = [] (void *)
    {
      struct ev_loop *loop = t_loop (0);
      std::set_terminate ([]
        {
          const char *name = caught ([] { std::rethrow_exception (std::current_exception ()); });
          _exit (strcmp (name, "nobody") ? 1 : 9);
        });
      doing w (loop, 0., [] (struct ev_loop *) { throw thrown { "nobody" }; });
      [&] () noexcept { ev_run (loop, 0); } ();
    };
  CHECK_EQ (t_in_child (body, 0), 9 << 8);
}

/* A run in a destructor, while another exception is on its way. */
TEST (exception_inside_a_run_during_unwinding)
{
  struct runs_at_the_end
  {
    struct ev_loop *loop;
    ~runs_at_the_end ()
    {
      CHECK_EQ (std::uncaught_exceptions (), 1);
      doing w (loop, -5., [] (struct ev_loop *)
        {
          t_trace ("uncaught:%d", std::uncaught_exceptions ());
          throw thrown { "second" };
        });
      CHECK_STR (run_caught (loop, EVRUN_NOWAIT), "second");
    }
  };
  struct ev_loop *loop = t_loop (0);
  ev_timer rest;
  doing w (loop, -2., [] (struct ev_loop *loop)
    {
      runs_at_the_end local { loop };
      throw thrown { "first" };
    });
  timer_named (loop, &rest, "rest", -1., 0.);
  try
    {
      ev_run (loop, 0);
      CHECK (0);
    }
  catch (const thrown &what)
    {
      CHECK_STR (what.name.c_str (), "first");
    }
  CHECK_TRACE ("rest:100 uncaught:1");
  CHECK_EQ (ev_run (loop, 0), 0);
  ev_loop_destroy (loop);
}

TEST (exception_out_of_a_watcher_that_deleted_itself)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer rest;
  auto *w = new doing (loop, -3., [] (struct ev_loop *) {});
  w->repeat = 1.;
  w->work = [w] (struct ev_loop *loop)
    {
      auto work = std::move (w->work);
      ev_timer_stop (loop, w);
      memset (static_cast<ev_timer *> (w), 0xdd, sizeof (ev_timer));
      delete w;
      throw thrown { "deleted" };
    };
  timer_named (loop, &rest, "rest", -1., 0.);
  CHECK_STR (run_caught (loop, 0), "deleted");
  ev_verify (loop);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("rest:100");
  ev_loop_destroy (loop);
}

TEST (exception_after_the_callback_destroyed_its_loop)
{
  int before = t_open_fds ();
  struct ev_loop *loop = t_loop (0);
  ev_timer rest;
  doing w (loop, -2., [] (struct ev_loop *loop)
    {
      ev_loop_destroy (loop);
      throw thrown { "gone" };
    });
  timer_named (loop, &rest, "rest", -1., 0.);
  CHECK_STR (run_caught (loop, 0), "gone");
  CHECK_TRACE ("");
  CHECK_EQ (t_open_fds (), before);
}

/* Left in one thread, caught in another; and the loop is run on there. */
TEST (exception_carried_into_another_thread)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer thrower, rest, later;
  std::exception_ptr carried;
  NAMED (&thrower, throws<ev_timer>, "thrower");
  ev_timer_set (&thrower, -2., 0.);
  ev_timer_start (loop, &thrower);
  timer_named (loop, &rest, "rest", -1., 0.);
  timer_named (loop, &later, "later", .02, 0.);
  std::thread first ([&]
    {
      try
        {
          ev_run (loop, 0);
        }
      catch (...)
        {
          carried = std::current_exception ();
        }
    });
  first.join ();
  CHECK_TRACE ("thrower:100");
  std::thread second ([&]
    {
      CHECK_STR (caught ([&] { std::rethrow_exception (carried); }), "thrower");
      CHECK_EQ (ev_run (loop, 0), 0);
    });
  second.join ();
  CHECK_TRACE ("thrower:100 rest:100 later:100");
  ev_loop_destroy (loop);
}

TEST (exception_in_a_nested_run_within_cleanup)
{
  struct ev_loop *loop = t_loop (0);
  ev_cleanup cleanup, rest;
  NAMED (&rest, notes<ev_cleanup>, "rest");
  ev_cleanup_start (loop, &rest);
  ev_init (&cleanup, ([] (EV_P_ ev_cleanup *w, int)
    {
      ev_timer thrower;
      ev_cleanup_stop (loop, w);
      NAMED (&thrower, throws<ev_timer>, "thrower");
      ev_timer_set (&thrower, 0., 0.);
      ev_timer_start (loop, &thrower);
      ev_run (loop, 0);
    }));
  ev_cleanup_start (loop, &cleanup);
  CHECK_STR (caught ([=] { ev_loop_destroy (loop); }), "thrower");
  CHECK_EQ (ev_depth (loop), 1);
  ev_loop_destroy (loop);
  CHECK_TRACE ("rest:40000 thrower:100 rest:40000");
}

/* Two loops whose threads throw and catch all the time. */
TEST (exception_in_several_threads_at_once)
{
  auto work = []
    {
      struct ev_loop *loop = t_loop (0);
      int i, n = 0;
      for (i = 0; i < 300; ++i)
        {
          doing w (loop, 0., [i] (struct ev_loop *) { throw i; });
          try
            {
              ev_run (loop, 0);
            }
          catch (int same)
            {
              n += same == i;
            }
        }
      CHECK_EQ (n, 300);
      CHECK_EQ (ev_depth (loop), 300);
      ev_loop_destroy (loop);
    };
  std::thread a (work), b (work), c (work);
  a.join ();
  b.join ();
  c.join ();
}

/* A second time costs what the first time did: nothing is left behind. */
TEST (exception_ten_thousand_times)
{
  ev_set_allocator (live_allocator);
  struct ev_loop *loop = t_loop (0);
  long bytes = 0;
  int i, fds = 0;
  for (i = 0; i < 10000; ++i)
    {
      ev_timer thrower, rest;
      NAMED (&thrower, throws<ev_timer>, "thrower");
      ev_timer_set (&thrower, -2., 0.);
      ev_timer_start (loop, &thrower);
      timer_named (loop, &rest, "", -1., 0.);
      CHECK_STR (run_caught (loop, EVRUN_NOWAIT), "thrower");
      CHECK_EQ (ev_pending_count (loop), 1);
      ev_timer_stop (loop, &rest);
      t_trace_reset ();
      if (i == 100)
        {
          bytes = live_bytes;
          fds = t_open_fds ();
        }
    }
  CHECK_EQ (noted, 10000);
  CHECK_EQ (live_bytes, bytes);
  CHECK_EQ (t_open_fds (), fds);
  CHECK_EQ (ev_depth (loop), 10000);
  ev_loop_destroy (loop);
}

static void
throws_through (struct ev_loop *loop)
{
  try
    {
      witness local { "witness" };
      ev_run (loop, 0);
    }
  catch (const thrown &)
    {
    }
}

/* A coroutine's run throws and is caught on its own stack, while the main program's run waits in a callback below. */
TEST (exception_on_another_stack)
{
  struct ev_loop *loop = t_loop (0);
  static struct coroutine c;
  ev_timer thrower, rest;
  doing outer (loop, -3., [] (struct ev_loop *loop)
    {
      coroutine_make (&c, [] (void *loop)
        {
          witness local { "coroutine" };
          CHECK_STR (run_caught ((struct ev_loop *)loop, 0), "thrower");
          coroutine_give_way ();
          throws_through ((struct ev_loop *)loop);
        }, loop);
      coroutine_resume (&c);
      t_trace ("outer");
    });
  NAMED (&thrower, throws<ev_timer>, "thrower");
  ev_timer_set (&thrower, -2., 0.);
  ev_timer_start (loop, &thrower);
  timer_named (loop, &rest, "rest", -1., 0.);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("thrower:100 outer rest:100");
  ev_timer_set (&thrower, 0., 0.);
  ev_timer_start (loop, &thrower);
  coroutine_resume (&c);
  CHECK (c.done);
  CHECK_TRACE ("thrower:100 outer rest:100 thrower:100 ~witness ~coroutine");
  CHECK_EQ (ev_depth (loop), 2);
  coroutine_free (&c);
  ev_loop_destroy (loop);
}
