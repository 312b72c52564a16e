// thrown.cpp - an exception out of a callback, through the run
#include <cstdio>
#include <ev++.h>
#include <stdexcept>

struct failing
{
  void operator() (ev::timer &, int)
  {
    throw std::runtime_error ("the callback failed");
  }
};

static void
say (ev::timer &w, int)
{
  std::puts (static_cast<const char *> (w.data));
}

int
main ()
{
  ev::dynamic_loop loop;
  failing fails;
  char text[] = "the loop goes on";

  ev::timer first (loop);
  first.set (&fails);
  first.start (0.01);

  ev::timer second (loop);
  second.set<say> (text);
  second.start (0.02);

  try
    {
      loop.run ();
    }
  catch (const std::exception &error)
    {
      std::puts (error.what ());
    }
  loop.run ();
}
