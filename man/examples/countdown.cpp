// countdown.cpp - watchers as members, methods as callbacks
#include <csignal>
#include <cstdio>
#include <ev++.h>

class countdown
{
  ev::timer tick;
  ev::sig interrupt;
  int left;

  void on_tick ()
  {
    std::printf ("%d\n", left);
    if (--left > 0)
      return;
    tick.stop ();
    std::raise (SIGINT);
  }

  void on_interrupt (ev::sig &w, int)
  {
    std::puts ("interrupted");
    w.loop.break_loop (ev::ALL);
  }

public:
  countdown (ev::loop_ref loop, int from)
    : tick (loop), interrupt (loop), left (from)
  {
    tick.set<countdown, &countdown::on_tick> (this);
    tick.start (0., 0.01);

    interrupt.set<countdown, &countdown::on_interrupt> (this);
    interrupt.start (SIGINT);
  }
  // The watchers stop themselves when the object goes.
};

int
main ()
{
  ev::default_loop loop;
  countdown down (loop, 3);

  loop.run ();
}
