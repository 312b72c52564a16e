/* What callbacks of events may do: delete, add, free, nest, leave. */
#include "events.h"

#include <setjmp.h>

static struct event_base *base;

/* An event of its own memory. */
struct own
{
  struct event ev;
  struct own *other;
  int fd;
};

static struct own *
own_new (int fd, short events, event_callback_fn cb)
{
  struct own *own = (struct own *)malloc (sizeof *own);
  CHECK (own);
  memset (own, 0x5a, sizeof *own);
  own->fd = fd;
  own->other = NULL;
  event_set (&own->ev, fd, events, cb, own);
  return own;
}

static void
own_free (struct own *own)
{
  memset (own, 0xa5, sizeof *own);
  free (own);
}

static void
delete_self (int fd, short events, void *arg)
{
  tell (fd, events, (void *)"self");
  CHECK_EQ (event_del ((struct event *)arg), 0);
}

TEST (event_reent_persistent_deletes_itself)
{
  struct event ev;
  int p[2];
  base = init_base ();
  t_pipe (p);
  t_write (p[1], "x");
  event_set (&ev, p[0], EV_READ | EV_PERSIST, delete_self, &ev);
  add_for (&ev, 100.);
  CHECK_EQ (event_base_dispatch (base), 1);
  CHECK_TRACE ("self:1");
  CHECK_EQ (ev.ev_flags, EVLIST_INIT);
}

static void
free_self (int fd, short events, void *arg)
{
  tell (fd, events, (void *)"gone");
  own_free ((struct own *)arg);
}

TEST (event_reent_frees_itself)
{
  struct own *io, *timer;
  int p[2];
  base = init_base ();
  t_pipe (p);
  t_write (p[1], "x");
  io = own_new (p[0], EV_READ, free_self);
  add_for (&io->ev, 100.);
  timer = own_new (-1, 0, free_self);
  add_for (&timer->ev, .001);
  CHECK_EQ (event_base_dispatch (base), 1);
  CHECK_EQ (told, 2);
  ev_verify (loop_of (base));
}

static void
delete_and_free_self (int fd, short events, void *arg)
{
  struct own *own = (struct own *)arg;
  tell (fd, events, (void *)"gone");
  event_del (&own->ev);
  own_free (own);
}

TEST (event_reent_persistent_deletes_and_frees_itself)
{
  struct own *io, *sig;
  int p[2];
  base = init_base ();
  t_pipe (p);
  t_write (p[1], "x");
  io = own_new (p[0], EV_READ | EV_PERSIST, delete_and_free_self);
  add_for (&io->ev, 100.);
  sig = own_new (SIGUSR1, EV_SIGNAL, delete_and_free_self);
  event_add (&sig->ev, NULL);
  raise (SIGUSR1);
  CHECK_EQ (event_base_dispatch (base), 1);
  CHECK_EQ (told, 2);
  ev_verify (loop_of (base));
}

static void
again (int fd, short events, void *arg)
{
  tell (fd, events, (void *)"again");
  if (told < 4)
    add_for ((struct event *)arg, .001);
}

TEST (event_reent_timer_adds_itself_again)
{
  struct event ev;
  base = init_base ();
  evtimer_set (&ev, again, &ev);
  add_for (&ev, .001);
  CHECK_EQ (event_base_dispatch (base), 1);
  CHECK_TRACE ("again:100 again:100 again:100 again:100");
}

static void
read_again (int fd, short events, void *arg)
{
  tell (fd, events, (void *)"again");
  if (told < 3)
    event_add ((struct event *)arg, NULL);
}

TEST (event_reent_descriptor_adds_itself_again)
{
  struct event ev;
  int p[2];
  base = init_base ();
  t_pipe (p);
  t_write (p[1], "x");
  event_set (&ev, p[0], EV_READ, read_again, &ev);
  event_add (&ev, NULL);
  CHECK_EQ (event_base_dispatch (base), 1);
  CHECK_TRACE ("again:1 again:1 again:1");
}

static void
become_a_timer (int fd, short events, void *arg)
{
  struct event *ev = (struct event *)arg;
  tell (fd, events, (void *)"io");
  evtimer_set (ev, tell, (void *)"timer");
  add_for (ev, .001);
}

TEST (event_reent_is_set_anew_in_its_callback)
{
  struct event ev;
  int p[2];
  base = init_base ();
  t_pipe (p);
  t_write (p[1], "x");
  event_set (&ev, p[0], EV_READ, become_a_timer, &ev);
  add_for (&ev, 100.);
  CHECK_EQ (event_base_dispatch (base), 1);
  CHECK_TRACE ("io:1 timer:100");
  CHECK_EQ (told_fd, -1);
}

static void
activate_self (int fd, short events, void *arg)
{
  tell (fd, events, (void *)"self");
  if (told < 3)
    event_active ((struct event *)arg, EV_WRITE, 1);
}

TEST (event_reent_activates_itself)
{
  struct event ev;
  base = init_base ();
  event_set (&ev, 0, EV_READ, activate_self, &ev);
  event_active (&ev, EV_READ, 1);
  CHECK_EQ (event_base_dispatch (base), 1);
  CHECK_TRACE ("self:1 self:2 self:2");
}

static void
free_other (int fd, short events, void *arg)
{
  struct own *own = (struct own *)arg;
  tell (fd, events, (void *)"first");
  event_del (&own->other->ev);
  own_free (own->other);
}

TEST (event_reent_frees_another_that_is_queued)
{
  struct own *first, *second;
  int p[2];
  base = init_base ();
  t_pipe (p);
  t_write (p[1], "x");
  first = own_new (p[0], EV_READ, free_other);
  second = own_new (p[0], EV_READ, tell);
  first->other = second;
  event_add (&first->ev, NULL);
  add_for (&second->ev, 100.);
  CHECK_EQ (event_base_dispatch (base), 1);
  CHECK_TRACE ("first:1");
  own_free (first);
}

static void
nest (int fd, short events, void *arg)
{
  t_trace ("in");
  ++told;
  CHECK_EQ (event_base_loop (base, EVLOOP_ONCE), *(int *)arg);
  t_trace ("out");
}

TEST (event_reent_nested_loop_calls_what_is_queued)
{
  struct event outer, inner;
  int want = 1;
  base = init_base ();
  evtimer_set (&outer, nest, &want);
  evtimer_set (&inner, tell, (void *)"inner");
  event_active (&inner, EV_TIMEOUT, 1);
  event_active (&outer, EV_TIMEOUT, 1);
  CHECK_EQ (event_base_dispatch (base), 1);
  CHECK_TRACE ("in inner:100 out");
  CHECK_EQ (ev_depth (loop_of (base)), 0);
}

static void
leave (int fd, short events, void *arg)
{
  tell (fd, events, (void *)"leave");
  CHECK_EQ (event_base_loopexit (base, NULL), 0);
}

static void
nest_dispatch (int fd, short events, void *arg)
{
  t_trace ("in");
  CHECK_EQ (event_base_dispatch (base), 0);
  t_trace ("out");
}

TEST (event_reent_loopexit_leaves_the_inner_loop_only)
{
  struct event outer, exiting, late;
  base = init_base ();
  evtimer_set (&outer, nest_dispatch, NULL);
  evtimer_set (&exiting, leave, NULL);
  evtimer_set (&late, tell, (void *)"late");
  add_for (&outer, 0.);
  add_for (&exiting, .001);
  add_for (&late, .3);
  CHECK_EQ (event_base_dispatch (base), 1);
  CHECK_TRACE ("in leave:100 out late:100");
}

static void
free_base (int fd, short events, void *arg)
{
  tell (fd, events, (void *)"free");
  event_base_free ((struct event_base *)arg);
}

TEST (event_reent_frees_another_base)
{
  struct event ev, orphan;
  struct event_base *other;
  base = init_base ();
  other = new_base ();
  evtimer_set (&orphan, tell, (void *)"orphan");
  event_base_set (other, &orphan);
  add_for (&orphan, .001);
  evtimer_set (&ev, free_base, other);
  add_for (&ev, .002);
  CHECK_EQ (event_base_dispatch (base), 1);
  CHECK_TRACE ("free:100");
}

TEST (event_reent_free_of_the_default_base_changes_nothing)
{
  struct event ev, later;
  base = init_base ();
  evtimer_set (&ev, free_base, base);
  evtimer_set (&later, tell, (void *)"later");
  add_for (&ev, .001);
  add_for (&later, .002);
  CHECK_EQ (event_base_dispatch (base), 1);
  CHECK_TRACE ("free:100 later:100");
}

TEST (event_reent_frees_its_own_base,
      .ours_only = "event_base_free of a base from one of its own callbacks is allowed, as ev_loop_destroy is")
{
  struct event ev, later;
  base = new_base ();
  evtimer_set (&ev, free_base, base);
  evtimer_set (&later, tell, (void *)"later");
  event_base_set (base, &ev);
  event_base_set (base, &later);
  add_for (&ev, .001);
  add_for (&later, .002);
  t_nap (.01);
  CHECK_EQ (event_base_dispatch (base), 1); /* nothing is active any more */
  CHECK_TRACE ("free:100");
}

static jmp_buf back;

static void
jump (int fd, short events, void *arg)
{
  tell (fd, events, (void *)arg);
  longjmp (back, 1);
}

TEST (event_reent_longjmp_leaves_the_rest_queued)
{
  struct event first, second;
  base = init_base ();
  evtimer_set (&first, jump, (void *)"first");
  evtimer_set (&second, tell, (void *)"second");
  add_for (&first, .001);
  add_for (&second, .002);
  t_nap (.01);
  if (!setjmp (back))
    {
      event_base_dispatch (base);
      t_fail (__FILE__, __LINE__, "came back");
    }
  CHECK_TRACE ("first:100");
  CHECK_EQ (first.ev_flags, EVLIST_INIT);
  CHECK_EQ (event_base_dispatch (base), 1);
  CHECK_TRACE ("first:100 second:100");
  ev_verify (loop_of (base));
}

TEST (event_reent_longjmp_out_of_event_once)
{
  int p[2];
  base = init_base ();
  t_pipe (p);
  t_write (p[1], "x");
  CHECK_EQ (event_base_once (base, p[0], EV_READ, jump, (void *)"once", NULL), 0);
  if (!setjmp (back))
    {
      event_base_dispatch (base);
      t_fail (__FILE__, __LINE__, "came back");
    }
  CHECK_TRACE ("once:1");
  CHECK_EQ (event_base_dispatch (base), 1);
  CHECK_TRACE ("once:1");
}

static void
on_cleanup (EV_P_ ev_cleanup *w, int revents)
{
  struct event *ev = (struct event *)w->data;
  t_trace ("cleanup");
  event_active (ev, EV_READ, 1);
  CHECK_EQ (event_base_loop (ev->ev_base, EVLOOP_NONBLOCK), 1);
}

TEST (event_reent_events_during_event_base_free)
{
  struct event ev;
  ev_cleanup cleanup;
  base = new_base ();
  evtimer_set (&ev, tell, (void *)"last");
  event_base_set (base, &ev);
  ev_cleanup_init (&cleanup, on_cleanup);
  cleanup.data = &ev;
  ev_cleanup_start (loop_of (base), &cleanup);
  event_base_free (base);
  CHECK_TRACE ("cleanup last:1");
}
