/* System calls that fail for good: the callback of ev_set_syserr_cb, its texts, and what goes on after it. */
#define _GNU_SOURCE
#include "t.h"
#include "named.h"
#include "refuse.h"

#include <sys/resource.h>
#include <sys/time.h>

T_NAMED (timer)
T_NAMED (async)
T_NAMED (signal)

static int errors_calls, errors_errno;
static char errors_text[200];

static void
errors_note (const char *text)
{
  errors_errno = errno;
  ++errors_calls;
  snprintf (errors_text, sizeof errors_text, "%s", text);
}

static const char *
errors_wait_text (void)
{
  switch (t_backend)
    {
    case EVBACKEND_SELECT:
      return "(libev) select";
    case EVBACKEND_POLL:
      return "(libev) poll";
    case EVBACKEND_EPOLL:
      return "(libev) epoll_wait";
    case EVBACKEND_IOURING:
      return "(libev) iouring io_uring_enter";
    default:
      return "(libev) linuxaio io_getevents";
    }
}

TEST (errors_failing_wait_is_reported, .backends = T_SELECT | T_POLL | T_EPOLL | T_IOURING)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer timer;
  NAME (timer, &timer, "timer", 0.5, 0.);
  ev_timer_start (loop, &timer);
  ev_set_syserr_cb (errors_note);
  refuse_waiting (EIO);
  ev_run (loop, EVRUN_ONCE);
  CHECK (errors_calls >= 1);
  CHECK_EQ (errors_errno, EIO);
  CHECK_STR (errors_text, errors_wait_text ());
}

static void
errors_end_at_third (const char *text)
{
  errors_note (text);
  CHECK_EQ (errors_errno, EIO);
  CHECK_STR (errors_text, errors_wait_text ());
  if (errors_calls == 3)
    _exit (0);
}

/* The reference asks the kernel again and again before it looks at its timers. */
TEST (errors_failing_wait_of_linuxaio_is_reported, .backends = T_LINUXAIO)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer timer;
  NAME (timer, &timer, "timer", 0.5, 0.);
  ev_timer_start (loop, &timer);
  ev_set_syserr_cb (errors_end_at_third);
  refuse_waiting (EIO);
  ev_run (loop, 0);
  CHECK (0);
}

TEST (errors_loop_goes_on_after_the_callback, .backends = T_SELECT | T_POLL | T_EPOLL | T_IOURING)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer timer[2];
  NAME (timer, timer + 0, "a", 0.5, 0.);
  ev_timer_start (loop, timer + 0);
  NAME (timer, timer + 1, "b", 0.6, 0.);
  ev_timer_start (loop, timer + 1);
  ev_set_syserr_cb (errors_note);
  refuse_waiting (EIO);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("a b");
  CHECK (errors_calls >= 1);
  ev_loop_destroy (loop);
}

static void
errors_fail_unhandled (void *arg)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer timer;
  NAME (timer, &timer, "timer", 0.5, 0.);
  ev_timer_start (loop, &timer);
  if (arg)
    {
      ev_set_syserr_cb (errors_note);
      ev_set_syserr_cb (0);
    }
  refuse_waiting (EIO);
  ev_run (loop, 0);
}

TEST (errors_without_a_callback_print_and_abort)
{
  char want[200];
  t_expect_abort (errors_fail_unhandled, 0, errors_wait_text ());
  snprintf (want, sizeof want, ": %s", strerror (EIO));
  t_expect_abort (errors_fail_unhandled, 0, want);
}

TEST (errors_null_restores_the_default)
{
  t_expect_abort (errors_fail_unhandled, "reset", errors_wait_text ());
}

TEST (errors_callback_is_of_the_process_not_the_loop, .backends = T_SELECT | T_POLL | T_EPOLL | T_IOURING)
{
  struct ev_loop *first, *second;
  ev_timer timer;
  ev_set_syserr_cb (errors_note);
  first = t_loop (0);
  second = t_loop (0);
  NAME (timer, &timer, "timer", 0.5, 0.);
  ev_timer_start (first, &timer);
  refuse_waiting (EIO);
  ev_run (first, 0);
  CHECK (errors_calls > 0);
  errors_calls = 0;
  ev_now_update (second);
  ev_timer_set (&timer, 0.5, 0.);
  ev_timer_start (second, &timer);
  ev_run (second, 0);
  CHECK (errors_calls > 0);
  CHECK_TRACE ("timer timer");
  ev_loop_destroy (first);
  ev_loop_destroy (second);
}

static void
errors_alarm (int signum)
{
}

TEST (errors_interruption_is_never_reported)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer timer;
  struct sigaction action;
  struct itimerval every = { { 0, 5000 }, { 0, 5000 } };
  memset (&action, 0, sizeof action);
  action.sa_handler = errors_alarm;
  CHECK (!sigaction (SIGALRM, &action, 0));
  NAME (timer, &timer, "timer", 0.2, 0.);
  ev_timer_start (loop, &timer);
  ev_set_syserr_cb (errors_note);
  CHECK (!setitimer (ITIMER_REAL, &every, 0));
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("timer");
  CHECK_EQ (errors_calls, 0);
  ev_loop_destroy (loop);
}

/* No descriptor left */

static struct rlimit errors_limit;

/* Lets this process open nothing more. */
static void
errors_forbid_descriptors (void)
{
  struct rlimit none;
  int fd = dup (0);
  CHECK (fd >= 0);
  close (fd);
  CHECK (!getrlimit (RLIMIT_NOFILE, &errors_limit));
  none = errors_limit;
  none.rlim_cur = (rlim_t)fd;
  CHECK (!setrlimit (RLIMIT_NOFILE, &none));
  CHECK_EQ (dup (0), -1);
}

static void
errors_allow_descriptors (const char *text)
{
  errors_note (text);
  if (errors_calls == 3)
    CHECK (!setrlimit (RLIMIT_NOFILE, &errors_limit));
}

TEST (errors_wakeup_channel_is_retried_through_the_callback)
{
  struct ev_loop *loop = t_loop (0);
  ev_async async;
  ev_set_syserr_cb (errors_allow_descriptors);
  NAME (async, &async, "async");
  errors_forbid_descriptors ();
  ev_async_start (loop, &async);
  CHECK_EQ (errors_calls, 3);
  CHECK_EQ (errors_errno, EMFILE);
  CHECK_STR (errors_text, "(libev) error creating signal/async pipe");
  ev_async_send (loop, &async);
  ev_run (loop, EVRUN_ONCE);
  CHECK_TRACE ("async");
  ev_loop_destroy (loop);
}

TEST (errors_wakeup_channel_of_a_signal_too)
{
  struct ev_loop *loop = t_loop (0);
  ev_signal signal;
  ev_set_syserr_cb (errors_allow_descriptors);
  NAME (signal, &signal, "signal", SIGUSR1);
  errors_forbid_descriptors ();
  ev_signal_start (loop, &signal);
  CHECK_EQ (errors_calls, 3);
  CHECK_STR (errors_text, "(libev) error creating signal/async pipe");
  raise (SIGUSR1);
  ev_run (loop, EVRUN_ONCE);
  CHECK_TRACE ("signal");
  ev_signal_stop (loop, &signal);
  ev_loop_destroy (loop);
}

TEST (errors_wakeup_channel_of_the_default_loop_too, .backends = T_SELECT | T_POLL)
{
  struct ev_loop *loop;
  ev_set_syserr_cb (errors_allow_descriptors);
  errors_forbid_descriptors ();
  loop = t_default_loop (0);
  CHECK_EQ (errors_calls, 3);
  CHECK_STR (errors_text, "(libev) error creating signal/async pipe");
  ev_loop_destroy (loop);
}

static void
errors_no_wakeup_channel (void *arg)
{
  struct ev_loop *loop = t_loop (0);
  ev_async async;
  NAME (async, &async, "async");
  errors_forbid_descriptors ();
  ev_async_start (loop, &async);
}

TEST (errors_no_wakeup_channel_aborts_without_a_callback)
{
  t_expect_abort (errors_no_wakeup_channel, 0, "(libev) error creating signal/async pipe");
}

TEST (errors_no_descriptor_for_the_backend_gives_null, .backends = T_EPOLL | T_LINUXAIO | T_IOURING)
{
  struct ev_loop *loop;
  ev_set_syserr_cb (errors_note);
  errors_forbid_descriptors ();
  CHECK (!ev_loop_new (EVFLAG_NOENV | t_backend));
  CHECK (!ev_default_loop (EVFLAG_NOENV | t_backend));
  CHECK (!EV_DEFAULT_UC);
  CHECK_EQ (errors_calls, 0);
  loop = ev_loop_new (EVFLAG_NOENV | t_backend | EVBACKEND_SELECT);
  CHECK (loop);
  CHECK_EQ (ev_backend (loop), EVBACKEND_SELECT);
  ev_loop_destroy (loop);
}

TEST (errors_no_descriptor_for_timerfd_or_inotify_is_quiet)
{
  struct ev_loop *loop = t_loop (0);
  ev_periodic periodic;
  ev_stat stat;
  ev_set_syserr_cb (errors_note);
  errors_forbid_descriptors ();
  ev_periodic_init (&periodic, (void (*) (EV_P_ ev_periodic *, int))named_timer, ev_now (loop) - 1., 0., 0);
  periodic.data = "periodic";
  ev_periodic_start (loop, &periodic);
  ev_stat_init (&stat, (void (*) (EV_P_ ev_stat *, int))named_timer, "/", 0.);
  ev_stat_start (loop, &stat);
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 1);
  CHECK_TRACE ("periodic");
  CHECK_EQ (errors_calls, 0);
  ev_stat_stop (loop, &stat);
  ev_loop_destroy (loop);
}
