/* What each watcher class of ev++.h does on a loop. */
#include "tracing.hpp"

#include <string>
#include <thread>

TEST (cpp_io_start_with_arguments)
{
  ev::dynamic_loop loop (flags ());
  traced<ev::io> in ("in", loop);
  int p[2];
  t_pipe (p);
  in.w.start (p[0], ev::READ);
  CHECK (in.w.is_active ());
  CHECK_EQ (in.w.fd, p[0]);
  t_write (p[1], "x");
  run_until (loop, [&] { return in.calls > 0; });
  in.w.stop ();
  CHECK (!in.w.is_active ());
  CHECK_TRACE ("in:1");
}

TEST (cpp_io_set_of_active_moves_to_other_descriptor)
{
  ev::dynamic_loop loop (flags ());
  traced<ev::io> in ("in", loop);
  int old_pipe[2], new_pipe[2];
  t_pipe (old_pipe);
  t_pipe (new_pipe);
  in.w.start (old_pipe[0], ev::READ);
  loop.run (ev::NOWAIT);
  in.w.set (new_pipe[0], ev::READ);
  CHECK (in.w.is_active ());
  t_write (old_pipe[1], "x");
  loop.run (ev::NOWAIT);
  loop.run (ev::NOWAIT);
  CHECK_TRACE ("");
  t_write (new_pipe[1], "x");
  run_until (loop, [&] { return in.calls > 0; });
  CHECK_TRACE ("in:1");
  CHECK_EQ (t_drain (new_pipe[0]), 1);
}

TEST (cpp_io_set_of_active_changes_events)
{
  ev::dynamic_loop loop (flags ());
  traced<ev::io> both ("both", loop);
  int s[2];
  t_socketpair (s);
  both.w.start (s[0], ev::READ);
  loop.run (ev::NOWAIT);
  CHECK_TRACE ("");
  both.w.set (ev::WRITE);
  CHECK (both.w.is_active ());
  CHECK_EQ (both.w.fd, s[0]);
  run_until (loop, [&] { return both.calls > 0; });
  both.w.stop ();
  CHECK_TRACE ("both:2");
}

TEST (cpp_io_set_of_inactive_stays_so)
{
  ev::dynamic_loop loop (flags ());
  ev::io w (loop);
  w.set (0, ev::READ);
  CHECK (!w.is_active ());
  w.set (ev::WRITE);
  CHECK (!w.is_active ());
  CHECK_EQ (w.events & ~EV__IOFDSET, ev::WRITE);
}

TEST (cpp_io_set_of_inactive_leaves_pending)
{
  ev::dynamic_loop loop (flags ());
  traced<ev::io> in ("in", loop);
  in.w.set (0, ev::READ);
  in.w.feed_event (ev::CHILD);
  in.w.set (1, ev::READ);
  CHECK (in.w.is_pending ());
  ev_invoke_pending (loop);
  CHECK_TRACE ("in:800");
}

TEST (cpp_io_set_of_active_drops_pending)
{
  ev::dynamic_loop loop (flags ());
  traced<ev::io> in ("in", loop);
  int p[2];
  t_pipe (p);
  in.w.start (p[0], ev::READ);
  in.w.feed_event (ev::CHILD);
  in.w.set (p[0], ev::READ);
  CHECK (!in.w.is_pending ());
  ev_invoke_pending (loop);
  CHECK_TRACE ("");
}

TEST (cpp_io_start_of_active_with_arguments)
{
  ev::dynamic_loop loop (flags ());
  traced<ev::io> in ("in", loop);
  int a[2], b[2];
  t_pipe (a);
  t_pipe (b);
  in.w.start (a[0], ev::READ);
  in.w.start (b[0], ev::READ);
  CHECK_EQ (in.w.fd, b[0]);
  t_write (b[1], "x");
  run_until (loop, [&] { return in.calls > 0; });
  in.w.stop ();
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 0);
}

TEST (cpp_timer_is_inactive_after_its_only_call)
{
  ev::dynamic_loop loop (flags ());
  traced<ev::timer> t ("t", loop);
  t.w.start (.01);
  loop.run ();
  CHECK (!t.w.is_active ());
  CHECK_TRACE ("t:100");
}

TEST (cpp_timer_repeats)
{
  ev::dynamic_loop loop (flags ());
  traced<ev::timer> t ("t", loop);
  t.w.start (0., .01);
  run_until (loop, [&] { return t.calls == 3; });
  CHECK (t.w.is_active ());
  t.w.repeat = 0.;
  loop.run ();
  CHECK (!t.w.is_active ());
  CHECK_EQ (t.calls, 4);
}

TEST (cpp_timer_set_of_active_takes_the_new_time)
{
  ev::dynamic_loop loop (flags ());
  traced<ev::timer> t ("t", loop);
  t.w.start (1000., 1000.);
  t.w.set (.01);
  CHECK (t.w.is_active ());
  loop.run ();
  CHECK_TRACE ("t:100");
}

TEST (cpp_timer_again_starts_with_repeat)
{
  ev::dynamic_loop loop (flags ());
  traced<ev::timer> t ("t", loop);
  t.w.set (1000., .01);
  t.w.again ();
  CHECK (t.w.is_active ());
  run_until (loop, [&] { return t.calls == 2; });
  t.w.repeat = 0.;
  t.w.again ();
  CHECK (!t.w.is_active ());
}

TEST (cpp_timer_remaining)
{
  ev::dynamic_loop loop (flags ());
  ev::timer t (loop);
  t.set (30.);
  CHECK_BETWEEN (t.remaining (), 30., 30.);
  t.set<ignore> ();
  t.start ();
  CHECK_BETWEEN (t.remaining (), 29.999, 30.001);
  CHECK_BETWEEN (t.at, 30., 1e9);
}

TEST (cpp_periodic_interval)
{
  ev::dynamic_loop loop (flags ());
  traced<ev::periodic> p ("p", loop);
  p.w.start (0., .02);
  run_until (loop, [&] { return p.calls == 2; });
  CHECK (p.w.is_active ());
  CHECK_BETWEEN (fmod (p.w.at + 1e-6, .02), 0., 1e-4);
}

static ev_tstamp
in_a_moment (struct ev_periodic *, ev_tstamp now) EV_NOEXCEPT
{
  return now + .01;
}

TEST (cpp_periodic_set_removes_reschedule_callback)
{
  ev::dynamic_loop loop (flags ());
  traced<ev::periodic> p ("p", loop);
  p.w.set (1e10);
  p.w.reschedule_cb = in_a_moment;
  p.w.start ();
  run_until (loop, [&] { return p.calls == 2; });
  p.w.set (loop.now () + .01);
  CHECK (!p.w.reschedule_cb);
  CHECK (p.w.is_active ());
  loop.run ();
  CHECK_EQ (p.calls, 3);
  CHECK (!p.w.is_active ());
}

TEST (cpp_periodic_again_reads_the_members)
{
  ev::dynamic_loop loop (flags ());
  traced<ev::periodic> p ("p", loop);
  p.w.start (1e10);
  p.w.offset = 0.;
  p.w.interval = .01;
  p.w.again ();
  run_until (loop, [&] { return p.calls == 1; });
  CHECK_TRACE ("p:200");
}

TEST (cpp_sig_is_called)
{
  ev::dynamic_loop loop (flags ());
  traced<ev::sig> s ("s", loop);
  s.w.start (SIGUSR1);
  kill (getpid (), SIGUSR1);
  run_until (loop, [&] { return s.calls > 0; });
  CHECK_TRACE ("s:400");
}

TEST (cpp_sig_set_of_active_watches_the_other)
{
  ev::dynamic_loop loop (flags ());
  traced<ev::sig> s ("s", loop);
  struct sigaction action;
  s.w.start (SIGUSR1);
  s.w.set (SIGUSR2);
  CHECK (!sigaction (SIGUSR1, 0, &action));
  CHECK (action.sa_handler == SIG_DFL);
  CHECK (!sigaction (SIGUSR2, 0, &action));
  CHECK (action.sa_handler != SIG_DFL);
  kill (getpid (), SIGUSR2);
  run_until (loop, [&] { return s.calls > 0; });
  CHECK_EQ (s.w.signum, SIGUSR2);
}

TEST (cpp_child_has_ended)
{
  ev::default_loop loop (flags ());
  traced<ev::child> c ("c", loop);
  pid_t pid = fork ();
  if (!pid)
    _exit (7);
  c.w.start (pid);
  run_until (loop, [&] { return c.calls > 0; });
  CHECK_TRACE ("c:800");
  CHECK_EQ (c.w.rpid, pid);
  CHECK (WIFEXITED (c.w.rstatus));
  CHECK_EQ (WEXITSTATUS (c.w.rstatus), 7);
}

TEST (cpp_child_set_of_active_waits_for_another)
{
  ev::default_loop loop (flags ());
  traced<ev::child> c ("c", loop);
  c.w.start (1, 1);
  CHECK_EQ (c.w.flags, 1);
  pid_t pid = fork ();
  if (!pid)
    _exit (0);
  c.w.set (pid);
  CHECK_EQ (c.w.flags, 0);
  CHECK (c.w.is_active ());
  run_until (loop, [&] { return c.calls > 0; });
  CHECK_EQ (c.w.rpid, pid);
}

static std::string
path_of (const char *name)
{
  return std::string (t_tmpdir ()) + "/" + name;
}

static void
make_file (const char *path)
{
  int fd = open (path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  CHECK (fd >= 0);
  close (fd);
}

TEST (cpp_stat_sees_a_new_file)
{
  ev::dynamic_loop loop (flags ());
  traced<ev::stat> s ("s", loop);
  std::string name = path_of ("file");
  const char *path = name.c_str ();
  s.w.start (path, .11);
  CHECK_EQ (s.w.attr.st_nlink, 0);
  make_file (path);
  run_until (loop, [&] { return s.calls > 0; });
  CHECK_EQ (s.w.attr.st_nlink, 1);
  CHECK_EQ (s.w.prev.st_nlink, 0);
  s.w.stop ();
}

TEST (cpp_stat_update_reads_the_attributes)
{
  ev::dynamic_loop loop (flags ());
  ev::stat s (loop);
  std::string name = path_of ("file");
  const char *path = name.c_str ();
  s.start (path);
  CHECK_EQ (s.attr.st_nlink, 0);
  make_file (path);
  s.update ();
  CHECK_EQ (s.attr.st_nlink, 1);
  s.stop ();
}

TEST (cpp_stat_start_with_arguments_drops_pending)
{
  ev::dynamic_loop loop (flags ());
  traced<ev::stat> s ("s", loop);
  std::string name = path_of ("file");
  const char *path = name.c_str ();
  s.w.set (path);
  s.w.feed_event (ev::STAT);
  s.w.start (path, 1.);
  CHECK (!s.w.is_pending ());
  ev_invoke_pending (loop);
  CHECK_TRACE ("");
  s.w.stop ();
}

TEST (cpp_hooks_in_order_of_an_iteration)
{
  ev::dynamic_loop loop (flags ());
  traced<ev::idle> idle ("idle", loop);
  traced<ev::prepare> prepare ("prepare", loop);
  traced<ev::check> check ("check", loop);
  idle.w.set ();
  prepare.w.set ();
  check.w.set ();
  idle.w.start ();
  prepare.w.start ();
  check.w.start ();
  loop.run (ev::NOWAIT);
  CHECK_TRACE ("prepare:4000 check:8000 idle:2000");
}

TEST (cpp_fork_after_post_fork)
{
  ev::dynamic_loop loop (flags ());
  traced<ev::fork> f ("f", loop);
  f.w.start ();
  loop.run (ev::NOWAIT);
  CHECK_TRACE ("");
  loop.post_fork ();
  loop.run (ev::NOWAIT);
  CHECK_TRACE ("f:20000");
}

/* A loop that can be embedded, ready to call back. */
struct embedded
{
  ev::dynamic_loop loop;
  traced<ev::io> in;

  embedded () : loop (EVBACKEND_EPOLL | EVFLAG_NOENV), in ("inner", loop)
  {
    int p[2];
    t_pipe (p);
    t_write (p[1], "x");
    in.w.start (p[0], ev::READ);
  }
};

static void
sweep (ev::embed &w, int revents)
{
  t_trace ("embed:%x", (unsigned)revents);
  w.sweep ();
}

TEST (cpp_embed_sweeps)
{
  ev::dynamic_loop loop (flags ());
  embedded inner;
  ev::embed e (loop);
  e.set<sweep> ();
  e.set_embed (inner.loop);
  e.start ();
  CHECK (e.other == inner.loop.raw_loop);
  CHECK (e.loop == ev::loop_ref (loop));
  run_until (loop, [&] { return inner.in.calls > 0; });
  e.stop ();
  CHECK (strstr (t_traced (), "inner:1"));
}

TEST (cpp_embed_set_of_active_embeds_another)
{
  ev::dynamic_loop loop (flags ()), silent (EVBACKEND_EPOLL | EVFLAG_NOENV);
  embedded inner;
  ev::embed e (loop);
  e.set<sweep> ();
  e.set_embed (silent);
  e.start ();
  loop.run (ev::NOWAIT);
  e.set_embed (inner.loop);
  CHECK (e.is_active ());
  run_until (loop, [&] { return inner.in.calls > 0; });
  e.stop ();
}

#ifndef T_REFERENCE_HEADERS
TEST (cpp_embed_start_takes_the_inner_loop)
{
  ev::dynamic_loop loop (flags ());
  embedded inner;
  ev::embed e (loop);
  e.set<sweep> ();
  e.start (inner.loop);
  CHECK (e.other == inner.loop.raw_loop);
  CHECK (e.loop == ev::loop_ref (loop));
  run_until (loop, [&] { return inner.in.calls > 0; });
  e.stop ();
}

static void
clean_up (ev::cleanup &w, int revents)
{
  t_trace ("cleanup:%x", (unsigned)revents);
  /* The loop goes, and with it what a destructor later would need. */
  delete &w;
}

TEST (cpp_cleanup_is_called_by_the_loop_s_end)
{
  {
    ev::dynamic_loop loop (flags ());
    ev::cleanup *w = new ev::cleanup (loop);
    w->set<clean_up> ();
    w->set ();
    w->start ();
    CHECK (w->is_active ());
    CHECK_EQ (ev_run (loop, 0), 0);
    CHECK_TRACE ("");
  }
  CHECK_TRACE ("cleanup:40000");
  CHECK_EQ (ev::CLEANUP, EV_CLEANUP);
}

TEST (cpp_watcher_called_as_a_function)
{
  ev::dynamic_loop loop (flags ());
  traced<ev::timer> t ("t", loop);
  t.w (ev::TIMER);
  t.w ();
  CHECK_TRACE ("t:100 t:ffffffff");
}
#endif

TEST (cpp_async_send_from_thread)
{
  ev::dynamic_loop loop (flags ());
  traced<ev::async> a ("a", loop);
  a.w.start ();
  CHECK (!a.w.async_pending ());
  std::thread sender ([&] { a.w.send (); });
  run_until (loop, [&] { return a.calls > 0; });
  sender.join ();
  CHECK_TRACE ("a:80000");
}

TEST (cpp_async_pending_until_handled)
{
  ev::dynamic_loop loop (flags ());
  traced<ev::async> a ("a", loop);
  a.w.start ();
  a.w.send ();
  a.w.send ();
  CHECK (a.w.async_pending ());
  run_until (loop, [&] { return a.calls > 0; });
  CHECK (!a.w.async_pending ());
  loop.run (ev::NOWAIT);
  CHECK_TRACE ("a:80000");
}
