// user_classes.cpp - programs as they are written for ev++.h, in any C++: compiles against either header. Never run.

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ev.h>
#include <ev++.h>
#include "ev++.h"

#include <cstdio>
#include <list>
#include <map>
#include <string>
#include <vector>

namespace classes
{
  // One connection of a server, found by its watchers and gone by itself.
  class connection
  {
    ev::io input;
    ev::io output;
    ev::timer timeout;
    std::string text;

    connection (const connection &);
    connection &operator = (const connection &);

    void
    on_input (ev::io &w, int revents)
    {
      if (revents & ev::ERROR)
        delete this;
      else if (w.fd >= 0)
        {
          timeout.again ();
          output.start (w.fd, ev::WRITE);
        }
    }

    void
    on_output (ev::io &w, int)
    {
      if (text.empty ())
        w.stop ();
      else
        w.set (ev::READ | ev::WRITE);
    }

    void on_timeout () { delete this; }

  public:
    connection (ev::loop_ref loop, int fd) : input (loop), output (loop), timeout (loop), text ()
    {
      input.set<connection, &connection::on_input> (this);
      output.set<connection, &connection::on_output> (this);
      timeout.set<connection, &connection::on_timeout> (this);
      input.start (fd, ev::READ);
      timeout.set (0., 30.);
      timeout.again ();
    }

    virtual ~connection ()
    {
      input.stop ();
      output.stop ();
    }
  };

  class server
  {
    ev::default_loop &loop;
    ev::io accepting;
    ev::sig interrupt, terminate;
    ev::child child;
    ev::async wake;
    ev::stat configuration;
    std::list<connection *> connections;

    void
    on_accept (ev::io &w, int)
    {
      connections.push_back (new connection (w.loop, w.fd));
    }

    static void on_signal (ev::sig &w, int) { w.loop.break_loop (ev::ALL); }

    void
    on_child (ev::child &w, int)
    {
      if (WIFEXITED (w.rstatus) && w.rpid == w.pid)
        w.stop ();
    }

    void on_wake (ev::async &w, int) { if (!w.async_pending ()) loop.unloop (); }
    void on_change (ev::stat &w, int) { if (w.attr.st_size != w.prev.st_size) w.update (); }

  public:
    explicit server (ev::default_loop &loop_)
    : loop (loop_), accepting (loop_), interrupt (), terminate (loop_), child (), wake (loop_), configuration (loop_), connections ()
    {
      accepting.set<server, &server::on_accept> (this);
      interrupt.set<&server::on_signal> ();
      interrupt.start (SIGINT);
      terminate.set<server::on_signal> (this);
      terminate.set (SIGTERM);
      terminate.start ();
      child.set<server, &server::on_child> (this);
      wake.set<server, &server::on_wake> (this);
      wake.priority = EV_MAXPRI;
      wake.start ();
      configuration.set<server, &server::on_change> (this);
      configuration.start ("/etc/server.conf", 5.);
    }

    // The names of watchers are also those of functions.
    void
    spawn ()
    {
      struct ::stat attributes;
      pid_t pid = ::fork ();
      if (pid == 0)
        {
          loop.post_fork ();
          ::_exit (::stat ("/", &attributes));
        }
      ::signal (SIGPIPE, SIG_IGN);
      child.start (pid, 0);
      wake.send ();
    }
  };

  // A watcher class as a template argument.
  template<class Watcher, class Owner>
  class event
  {
    Owner &owner;
    Watcher watcher;

    void called (Watcher &w, int revents) { owner.on (w, revents); }

  public:
    event (ev::loop_ref loop, Owner &owner_) : owner (owner_), watcher (loop)
    {
      watcher.template set<event, &event::called> (this);
    }

    Watcher *operator -> () { return &watcher; }
    bool busy () const { return watcher.is_active () || watcher.is_pending (); }
  };

  struct hooks
  {
    event<ev::prepare, hooks> prepare;
    event<ev::check, hooks> check;
    event<ev::idle, hooks> idle;
    event<ev::fork, hooks> forked;
    int count;

    explicit hooks (ev::loop_ref loop) : prepare (loop, *this), check (loop, *this), idle (loop, *this), forked (loop, *this), count (0)
    {
      prepare->start ();
      check->start ();
      forked->start ();
    }

    void on (ev::prepare &, int) { ++count; }
    void on (ev::check &w, int) { w.stop (); }
    void on (ev::idle &w, int) { w.feed_event (ev::IDLE); }
    void on (ev::fork &, int revents) { count += revents == ev::FORK; }
  };

  // A watcher as a base class, with its own start.
  struct ticker : ev::timer
  {
    std::vector<ev::tstamp> times;

    explicit ticker (ev::loop_ref loop_ = ev::get_default_loop ()) : ev::timer (loop_), times ()
    {
      set (this);
      ev::timer::set (1., 1.);
    }

    void
    operator() (ev::timer &w, int)
    {
      times.push_back (w.loop.now ());
      if (times.size () == 10)
        w.stop ();
    }
  };

  // A loop as a base class and a member.
  class worker : public ev::dynamic_loop
  {
    ev::embed embedded;
    ev::periodic hourly;

    static void sweep (ev::embed &w, int) { w.sweep (); }
    void on_hour () { break_loop (); }
    void ready (int revents) { if (revents & EV_TIMER) unref (); }

  public:
    worker () : ev::dynamic_loop (ev::AUTO | ev::FORKCHECK), embedded (*this), hourly (*this)
    {
      embedded.set<sweep> ();
      embedded.set_embed (ev_loop_new (EVBACKEND_EPOLL));
      hourly.set<worker, &worker::on_hour> (this);
      hourly.start (0., 3600.);
      once<worker, &worker::ready> (-1, 0, 1.5, this);
    }
  };

  void expired (int, void *arg) { static_cast<ticker *> (arg)->stop (); }
}

static std::map<int, ev::io *> by_descriptor;

int
classes_main ()
{
  using namespace classes;

  try
    {
      ev::default_loop loop (EVFLAG_AUTO);
      server serve (loop);
      hooks all (loop);
      ticker tick;
      worker work;
      ev::loop_ref *through = &work;

      serve.spawn ();
      tick.start ();
      tick.data = &tick;
      loop.once (0, ev::READ, 10., expired, &tick);
      by_descriptor[0] = new ev::io (loop);
      delete by_descriptor[0];

      through->run (ev::ONCE);
      ev_ref (loop);
      ev_unref (*through);
      loop.loop ();
      loop.run (0);
      ev_break (ev::get_default_loop (), EVBREAK_ONE);

      ev::io::freeze_guard *none = 0;
      return none != 0 || all.idle.busy () || ev::now (loop) > tick.remaining ();
    }
  catch (const ev::bad_loop &bad)
    {
      std::puts (bad.what ());
    }
  return 1;
}
