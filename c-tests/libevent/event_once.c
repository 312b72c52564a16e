/* event_once and event_base_once: a call without an event of the program's. */
#include "events.h"

/* What event_once is asked for; the time-out in seconds, negative for NULL. */
static int
once (struct event_base *base, int fd, short events, const char *name, double timeout)
{
  struct timeval tv = tv_of (timeout < 0. ? 0. : timeout);
  return event_base_once (base, fd, events, tell, (void *)name, timeout < 0. ? NULL : &tv);
}

TEST (event_once_descriptor)
{
  struct event_base *base = init_base ();
  int p[2];
  t_pipe (p);
  CHECK_EQ (event_once (p[0], EV_READ, tell, (void *)"once", NULL), 0);
  CHECK_EQ (event_loop (EVLOOP_NONBLOCK), 0);
  CHECK_TRACE ("");
  t_write (p[1], "x");
  CHECK_EQ (event_dispatch (), 1);
  CHECK_TRACE ("once:1");
  CHECK_EQ (told_fd, p[0]);
  settle (base);
  CHECK_TRACE ("once:1");
}

TEST (event_once_both_directions)
{
  struct event_base *base = init_base ();
  int s[2];
  t_socketpair (s);
  t_write (s[1], "x");
  CHECK_EQ (once (base, s[0], EV_READ | EV_WRITE, "rw", -1.), 0);
  CHECK_EQ (event_base_dispatch (base), 1);
  CHECK_TRACE ("rw:3");
}

TEST (event_once_timeout)
{
  double start = t_clock (); /* before the loop takes its time */
  struct event_base *base = init_base ();
  CHECK_EQ (once (base, -1, EV_TIMEOUT, "t", .03), 0);
  CHECK_EQ (event_base_dispatch (base), 1);
  CHECK (t_clock () - start >= .029);
  CHECK_TRACE ("t:100");
  CHECK_EQ (told_fd, -1);
}

TEST (event_once_timeout_needs_no_event_bit)
{
  struct event_base *base = init_base ();
  CHECK_EQ (once (base, -1, 0, "none", .001), 0);
  CHECK_EQ (once (base, -1, EV_READ | EV_WRITE, "rw", .003), 0);
  CHECK_EQ (event_base_dispatch (base), 1);
  CHECK_TRACE ("none:100 rw:100");
}

TEST (event_once_timeout_of_zero_fires)
{
  struct event_base *base = init_base ();
  CHECK_EQ (once (base, -1, EV_TIMEOUT, "t", 0.), 0);
  CHECK_EQ (event_base_dispatch (base), 1);
  CHECK_TRACE ("t:100");
}

TEST (event_once_null_and_negative_timeouts_are_none)
{
  struct event_base *base = init_base ();
  struct timeval negative = { -1, 0 }, barely = { 0, -1 };
  CHECK_EQ (event_once (-1, EV_TIMEOUT, tell, (void *)"null", NULL), 0);
  CHECK_EQ (event_once (-1, EV_TIMEOUT, tell, (void *)"negative", &negative), 0);
  CHECK_EQ (event_once (-1, EV_TIMEOUT, tell, (void *)"barely", &barely), 0);
  CHECK_EQ (event_base_dispatch (base), 1); /* nothing to wait for */
  CHECK_TRACE ("");
}

TEST (event_once_bits_combine)
{
  struct event_base *base = init_base ();
  int p[2];
  t_pipe (p);
  t_write (p[1], "x");
  CHECK_EQ (once (base, p[0], EV_READ, "both", .001), 0);
  t_nap (.01);
  CHECK_EQ (event_base_dispatch (base), 1);
  CHECK_TRACE ("both:101");
}

TEST (event_once_descriptor_before_the_timeout)
{
  struct event_base *base = init_base ();
  int p[2];
  t_pipe (p);
  t_write (p[1], "x");
  CHECK_EQ (once (base, p[0], EV_READ, "r", 100.), 0);
  CHECK_EQ (event_base_dispatch (base), 1); /* without waiting for it */
  CHECK_TRACE ("r:1");
}

TEST (event_once_timeout_before_the_descriptor)
{
  struct event_base *base = init_base ();
  int p[2];
  t_pipe (p);
  CHECK_EQ (once (base, p[0], EV_READ, "r", .001), 0);
  CHECK_EQ (event_base_dispatch (base), 1);
  CHECK_TRACE ("r:100");
  CHECK_EQ (told_fd, p[0]);
  t_write (p[1], "x");
  settle (base);
  CHECK_TRACE ("r:100");
}

TEST (event_once_ignores_persist_and_edge_triggering)
{
  struct event_base *base = init_base ();
  int p[2];
  t_pipe (p);
  t_write (p[1], "x");
  CHECK_EQ (once (base, p[0], EV_READ | EV_PERSIST | EV_ET, "r", -1.), 0);
  CHECK_EQ (event_base_dispatch (base), 1);
  CHECK_TRACE ("r:1");
}

TEST (event_once_signal_installs_nothing)
{
  struct event_base *base = init_base ();
  struct sigaction now;
  CHECK_EQ (once (base, SIGUSR1, EV_SIGNAL, "s", -1.), 0);
  CHECK (!sigaction (SIGUSR1, NULL, &now));
  CHECK (now.sa_handler == SIG_DFL);
  settle (base);
  CHECK_TRACE ("");
}

TEST (event_once_signal_does_not_keep_the_loop_alive,
      .ours_only = "event_once with EV_SIGNAL does not keep the loop alive, in the reference it does")
{
  struct event_base *base = init_base ();
  CHECK_EQ (once (base, SIGUSR1, EV_SIGNAL, "s", -1.), 0);
  CHECK_EQ (event_base_dispatch (base), 1);
  CHECK_TRACE ("");
}

TEST (event_once_signal_with_a_timeout_is_the_timeout)
{
  struct event_base *base = init_base ();
  CHECK_EQ (once (base, SIGUSR1, EV_SIGNAL, "s", .001), 0);
  CHECK_EQ (event_base_dispatch (base), 1);
  CHECK_TRACE ("s:100");
  CHECK_EQ (told_fd, SIGUSR1);
}

#define ABORTS "a closed descriptor: its watchers get EV_ERROR; the reference aborts on poll and epoll"

TEST (event_once_closed_descriptor, .ours_only = ABORTS, .ours_only_on = T_POLL | T_EPOLL | T_LINUXAIO)
{
  struct event_base *base = init_base ();
  int p[2];
  t_pipe (p);
  close (p[0]);
  CHECK_EQ (once (base, p[0], EV_READ, "closed", 100.), 0);
  CHECK_EQ (event_base_dispatch (base), 1);
  CHECK_TRACE ("closed:3");
}

TEST (event_once_goes_to_the_base_it_names)
{
  struct event_base *current = init_base (), *other = new_base ();
  CHECK_EQ (event_once (-1, EV_TIMEOUT, tell, (void *)"current", &(struct timeval){ 0, 1 }), 0);
  CHECK_EQ (once (other, -1, EV_TIMEOUT, "other", .001), 0);
  CHECK_EQ (event_base_dispatch (other), 1);
  CHECK_TRACE ("other:100");
  CHECK_EQ (event_base_dispatch (current), 1);
  CHECK_TRACE ("other:100 current:100");
  event_base_free (other);
}

static struct event_base *chained_on;

static void
chain (int fd, short events, void *arg)
{
  tell (fd, events, (void *)"link");
  if (told < 3)
    CHECK_EQ (event_base_once (chained_on, -1, EV_TIMEOUT, chain, arg, &(struct timeval){ 0, 0 }), 0);
}

TEST (event_once_from_its_own_callback)
{
  chained_on = init_base ();
  chain (0, 0, NULL);
  CHECK_EQ (event_base_dispatch (chained_on), 1);
  CHECK_TRACE ("link:0 link:100 link:100");
}

TEST (event_once_many)
{
  struct event_base *base = init_base ();
  for (int i = 0; i < 500; ++i)
    CHECK_EQ (once (base, -1, EV_TIMEOUT, "t", i * 1e-6), 0);
  CHECK_EQ (event_base_dispatch (base), 1);
  CHECK_EQ (told, 500);
}

static int blocks;

static void *
counting (void *block, long size) EV_NOEXCEPT
{
  if (!size)
    {
      blocks -= block != NULL;
      free (block);
      return NULL;
    }
  blocks += !block;
  return realloc (block, (size_t)size);
}

TEST (event_once_that_has_fired_leaves_no_memory)
{
  struct event_base *base;
  int before;
  ev_set_allocator (counting);
  base = new_base ();
  CHECK_EQ (once (base, -1, EV_TIMEOUT, "warm", 0.), 0);
  event_base_dispatch (base);
  before = blocks;
  for (int i = 0; i < 20; ++i)
    CHECK_EQ (once (base, -1, EV_TIMEOUT, "t", 0.), 0);
  event_base_dispatch (base);
  CHECK (blocks <= before + 3); /* the arrays may have grown */
  event_base_free (base);
}

TEST (event_once_unfired_goes_with_its_base,
      .ours_only = "event_once: its memory comes from the allocator, and one that has not fired is freed with its base")
{
  struct event_base *base;
  int p[2], before;
  t_pipe (p);
  ev_set_allocator (counting);
  base = new_base ();
  before = blocks;
  CHECK_EQ (once (base, p[0], EV_READ, "r", -1.), 0);
  CHECK_EQ (once (base, -1, EV_TIMEOUT, "t", 100.), 0);
  CHECK (blocks >= before + 2);
  event_base_loop (base, EVLOOP_NONBLOCK);
  event_base_free (base);
  CHECK_EQ (blocks, 0);
  CHECK_TRACE ("");
}

TEST (event_once_that_asks_for_nothing_holds_no_memory,
      .ours_only = "event_once: its memory comes from the allocator, and one that has not fired is freed with its base")
{
  struct event_base *base;
  int before;
  ev_set_allocator (counting);
  base = new_base ();
  before = blocks;
  CHECK_EQ (once (base, -1, EV_READ, "r", -1.), 0);
  CHECK_EQ (once (base, SIGUSR1, EV_SIGNAL, "s", -1.), 0);
  CHECK_EQ (blocks, before);
  event_base_free (base);
}
