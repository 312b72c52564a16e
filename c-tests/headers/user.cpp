// user.cpp - programs as they are written for libev in C++: compiles against either header. Never linked.

#include <ev.h>
#include <stdexcept>

namespace
{
  // A class that is a watcher.
  class ticker : public ev_timer
  {
    struct ev_loop *loop;
    int ticks;

    static void
    call (struct ev_loop *, ev_timer *w, int revents)
    {
      static_cast<ticker *> (w)->tick (revents);
    }

    ticker (const ticker &);
    ticker &operator = (const ticker &);

  public:
    explicit ticker (struct ev_loop *loop_)
    : loop (loop_), ticks (0)
    {
      ev_timer_init (this, call, 1., 1.);
      ev_set_priority (this, EV_MINPRI);
    }

    ~ticker () { stop (); }

    void start () { if (!ev_is_active (this)) ev_timer_start (loop, this); }
    void stop () { ev_timer_stop (loop, this); }

    void
    tick (int revents)
    {
      if (revents & EV_ERROR)
        throw std::runtime_error ("timer");
      if (++ticks == 3)
        ev_break (loop);
    }
  };

  // A class that owns a watcher and is found through its data.
  template<class Owner>
  class reader
  {
    ev_io io;
    Owner &owner;

    static void
    ready (EV_P_ ev_io *w, int revents)
    {
      reader *self = static_cast<reader *> (w->data);
      self->owner.on_ready (EV_A_ w->fd, revents);
    }

  public:
    reader (Owner &owner_, int fd)
    : owner (owner_)
    {
      ev_io_init (&io, &reader::ready, fd, EV_READ | EV_WRITE);
      io.data = this;
    }

    void start (EV_P) { ev_io_start (EV_A_ &io); }
    bool active () const { return ev_is_active (&io) || ev_is_pending (&io); }
  };

  struct server
  {
    reader<server> input;
    server () : input (*this, 0) { }
    void on_ready (EV_P_ int fd, int revents) { if (fd != 0 || revents & EV_READ) ev_break (EV_A_ EVBREAK_ALL); }
  };

  // The loop in template arguments and as an argument with a default.
  template<class Function> struct result;
  template<class Result, class Loop> struct result<Result (Loop)> { typedef Result type; };
  result<int (EV_P)>::type answer (EV_P = 0) { return 42; }

  void
  on_async (EV_P_ ev_async *, int)
  {
    ev_invoke_pending (EV_A);
  }
}

struct uv_style_loop
{
  struct ev_loop *loop;
  ev_async wake;
  ev_prepare prepare;
};

int
user_main ()
{
  struct ev_loop *loop = ev_default_loop ();
  struct ev_loop *other = ev_loop_new ();
  uv_style_loop outer = uv_style_loop ();

  outer.loop = other;
  ev_async_init (&outer.wake, on_async);
  ev_async_start (outer.loop, &outer.wake);
  ev_prepare_init (&outer.prepare, 0);

  ticker tick (loop);
  server serve;
  tick.start ();
  serve.input.start (EV_DEFAULT_UC);

  try
    {
      ev_run (loop);
      ev_loop (EV_DEFAULT_ EVLOOP_ONESHOT);
      ev_run (other, EVRUN_NOWAIT | EVRUN_ONCE);
    }
  catch (const std::exception &)
    {
      ev_unloop (EV_DEFAULT_ EVUNLOOP_ALL);
    }

  ev_loop_destroy (other);
  return serve.input.active () + answer ();
}
