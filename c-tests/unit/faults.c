/* System calls that fail: what the loop handles itself, what it tells through the syserr callback, and that it goes on. */
#include "drive.h"
#include "inject.h"

#include <setjmp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/time.h>

#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 441
#endif
/* Calls that newer architectures don't have. */
#ifndef SYS_select
#define SYS_select SYS_pselect6
#endif
#ifndef SYS_epoll_wait
#define SYS_epoll_wait SYS_epoll_pwait
#endif
#ifndef SYS_epoll_create
#define SYS_epoll_create SYS_epoll_create1
#endif
#ifndef SYS_eventfd
#define SYS_eventfd SYS_eventfd2
#endif
#ifndef SYS_io_uring_enter
#define SYS_io_uring_enter 426
#endif
#ifndef SYS_pipe
#define SYS_pipe SYS_pipe2
#endif

#define WAITS SYS_select, SYS_pselect6, SYS_poll, SYS_ppoll, SYS_epoll_wait, SYS_epoll_pwait, SYS_epoll_pwait2, SYS_io_getevents, \
  SYS_io_uring_enter

static const long waits[] = { WAITS };
enum { WAIT_CALLS = sizeof waits / sizeof *waits };
static struct inject_rule *wait_rule[WAIT_CALLS];

/* From now on every wait fails; each call so many times. */
static void
waits_fail (int error, int times)
{
  int i;
  for (i = 0; i < WAIT_CALLS; ++i)
    wait_rule[i] = inject_error (waits[i], error, 0, times);
}

static void
waits_work (void)
{
  int i;
  for (i = 0; i < WAIT_CALLS; ++i)
    inject_end (wait_rule[i]);
}

static int
waits_failed (void)
{
  int i, n = 0;
  for (i = 0; i < WAIT_CALLS; ++i)
    n += wait_rule[i]->struck;
  return n;
}

static const char *
wait_message (void)
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

static int told, told_errno;
static char told_text[200];

static void
on_syserr (const char *message)
{
  ++told;
  told_errno = errno;
  snprintf (told_text, sizeof told_text, "%s", message);
}

/* A loop with a quiet pipe and a timer far away, so that it blocks. */
static struct ev_loop *quiet;
static ev_io quiet_io;
static ev_timer quiet_timer;
static int quiet_pipe[2];

static void
quiet_loop (void)
{
  quiet = t_loop (0);
  t_pipe (quiet_pipe);
  io_named (quiet, &quiet_io, "r", quiet_pipe[0], EV_READ);
  timer_named (quiet, &quiet_timer, "t", 20., 0.);
  drive (quiet, 2);
}

static void
quiet_loop_works (void)
{
  noted = 0;
  t_trace_reset ();
  t_write (quiet_pipe[1], "x");
  drive_until (quiet, &noted, 2);
  CHECK_TRACE ("r:1 r:1");
  t_drain (quiet_pipe[0]);
  drive (quiet, 2);
  ev_verify (quiet);
}

/* ---- waiting ---- */

TEST (faults_interrupted_wait_is_silent)
{
  unsigned count;
  inject_watch (WAITS);
  quiet_loop ();
  ev_set_syserr_cb (on_syserr);
  waits_fail (EINTR, 1);
  count = ev_iteration (quiet);
  ev_run (quiet, EVRUN_ONCE);
  CHECK_EQ (ev_iteration (quiet), count + 1); /* an iteration without events */
  CHECK (waits_failed () >= 1);
  CHECK_EQ (told, 0);
  CHECK_TRACE ("");
  waits_work ();
  quiet_loop_works ();
  ev_loop_destroy (quiet);
}

TEST (faults_failing_wait_is_told_and_the_loop_goes_on)
{
  static const int errors[] = { EINVAL, EFAULT, EIO, ENOSYS };
  int i;
  inject_watch (WAITS);
  quiet_loop ();
  ev_set_syserr_cb (on_syserr);
  for (i = 0; i < 4; ++i)
    {
      if (errors[i] == ENOSYS && t_backend == EVBACKEND_IOURING)
        continue; /* a refusal: it goes on with epoll */
      told = 0;
      waits_fail (errors[i], t_backend == EVBACKEND_LINUXAIO ? 1 : INJECT_ALWAYS);
      ev_run (quiet, EVRUN_ONCE);
      waits_work ();
      CHECK_EQ (told, 1);
      CHECK_EQ (told_errno, errors[i]);
      CHECK_STR (told_text, wait_message ());
      CHECK_TRACE ("");
      quiet_loop_works ();
      t_trace_reset ();
    }
  CHECK_EQ (ev_run (quiet, EVRUN_NOWAIT), 2);
  ev_loop_destroy (quiet);
}

#define AGAIN "an io_getevents that keeps failing doesn't hold up timers (the reference tries it again until it works)"

TEST (faults_wait_that_fails_for_long_keeps_timers, .ours_only = AGAIN, .ours_only_on = T_LINUXAIO)
{
  ev_timer t;
  inject_watch (WAITS);
  quiet_loop ();
  ev_set_syserr_cb (on_syserr);
  waits_fail (EINVAL, INJECT_ALWAYS);
  ev_now_update (quiet);
  timer_named (quiet, &t, "soon", .01, 0.);
  while (!noted)
    ev_run (quiet, EVRUN_ONCE);
  CHECK_TRACE ("soon:100");
  CHECK (told >= 1);
  CHECK_EQ (told, waits_failed ()); /* each time */
  waits_work ();
  quiet_loop_works ();
  ev_loop_destroy (quiet);
}

static void
wait_fails_untold (void *unused)
{
  (void)unused;
  inject_watch (WAITS);
  quiet_loop ();
  waits_fail (EINVAL, INJECT_ALWAYS);
  ev_run (quiet, EVRUN_ONCE);
}

TEST (faults_failing_wait_aborts_without_a_callback, .no_valgrind = 1)
{
  char text[300];
  snprintf (text, sizeof text, "%s: Invalid argument", wait_message ());
  t_expect_abort (wait_fails_untold, 0, text);
}

static void
wait_fails_after_reset (void *unused)
{
  ev_set_syserr_cb (on_syserr);
  ev_set_syserr_cb (0);
  wait_fails_untold (unused);
}

TEST (faults_failing_wait_aborts_after_the_callback_is_taken_away, .no_valgrind = 1)
{
  t_expect_abort (wait_fails_after_reset, 0, wait_message ());
}

TEST (faults_no_memory_to_wait_is_told, .ours_only = AGAIN, .ours_only_on = T_LINUXAIO)
{
  inject_watch (WAITS);
  quiet_loop ();
  ev_set_syserr_cb (on_syserr);
  waits_fail (ENOMEM, INJECT_ALWAYS);
  ev_run (quiet, EVRUN_ONCE);
  ev_run (quiet, EVRUN_ONCE);
  waits_work ();
  CHECK_EQ (told, 2);
  CHECK_EQ (told_errno, ENOMEM);
  CHECK (ev_is_active (&quiet_io));
  quiet_loop_works ();
  ev_loop_destroy (quiet);
}

TEST (faults_no_memory_to_wait_gives_up_a_descriptor, .backends = T_SELECT | T_POLL)
{
  /* Nobody to tell: one descriptor's watchers get the error, so that the next wait is smaller. */
  ev_io high;
  int p[2];
  inject_watch (WAITS);
  quiet_loop ();
  t_pipe (p);
  CHECK (p[0] > quiet_pipe[0]);
  io_named (quiet, &high, "high", p[0], EV_READ);
  drive (quiet, 1);
  waits_fail (ENOMEM, INJECT_ALWAYS);
  ev_run (quiet, EVRUN_ONCE);
  waits_work ();
  CHECK_TRACE ("high:80000003");
  CHECK (!ev_is_active (&high));
  CHECK (ev_is_active (&quiet_io));
  quiet_loop_works ();
  ev_loop_destroy (quiet);
}

TEST (faults_wait_that_finds_nothing_closed, .backends = T_SELECT)
{
  /* The kernel says that a descriptor is closed, and none is: nobody is harmed. */
  inject_watch (WAITS);
  quiet_loop ();
  ev_set_syserr_cb (on_syserr);
  waits_fail (EBADF, INJECT_ALWAYS);
  ev_run (quiet, EVRUN_ONCE);
  waits_work ();
  CHECK_TRACE ("");
  CHECK (ev_is_active (&quiet_io));
  quiet_loop_works ();
  ev_loop_destroy (quiet);
}

TEST (faults_failing_wait_loses_no_wake_up)
{
  ev_async a;
  ev_signal s;
  inject_watch (WAITS);
  quiet_loop ();
  ev_set_syserr_cb (on_syserr);
  NAMED (&a, note_async, "a");
  ev_async_start (quiet, &a);
  NAMED (&s, note_signal, "s");
  ev_signal_set (&s, SIGUSR1);
  ev_signal_start (quiet, &s);
  drive (quiet, 2);
  waits_fail (EINVAL, INJECT_ALWAYS);
  ev_async_send (quiet, &a);
  raise (SIGUSR1);
  drive (quiet, 3); /* noticed now or later */
  waits_work ();
  drive_until (quiet, &noted, 2);
  drive (quiet, 2);
  CHECK_TRACE ("a:80000 s:400");
  ev_loop_destroy (quiet);
}

static jmp_buf out;

static void
leap (const char *message)
{
  CHECK_STR (message, wait_message ());
  longjmp (out, 1);
}

TEST (faults_syserr_callback_may_leave_by_longjmp,
      .ours_only = "a syserr callback that leaves a wait by longjmp leaves a usable loop (the reference aborts its next run)")
{
  inject_watch (WAITS);
  quiet_loop ();
  ev_set_syserr_cb (leap);
  waits_fail (EINVAL, INJECT_ALWAYS);
  if (!setjmp (out))
    {
      ev_run (quiet, EVRUN_ONCE);
      CHECK (!"the callback was not called");
    }
  waits_work ();
  CHECK_EQ (ev_depth (quiet), 1);
  quiet_loop_works ();
  ev_loop_destroy (quiet);
}

static int released, acquired;

static void
on_release (EV_P)
{
  (void)loop;
  ++released;
}

static void
on_acquire (EV_P)
{
  (void)loop;
  ++acquired;
}

static void
told_while_acquired (const char *message)
{
  (void)message;
  ++told;
  CHECK_EQ (acquired, released); /* it may touch the loop */
}

TEST (faults_syserr_callback_has_the_loop_acquired)
{
  inject_watch (WAITS);
  quiet_loop ();
  ev_set_loop_release_cb (quiet, on_release, on_acquire);
  ev_set_syserr_cb (told_while_acquired);
  waits_fail (EINVAL, 1);
  ev_run (quiet, EVRUN_ONCE);
  waits_work ();
  CHECK (told >= 1);
  CHECK (released >= 1);
  quiet_loop_works ();
  ev_loop_destroy (quiet);
}

/* ---- epoll ---- */

TEST (faults_epoll_add_without_memory_is_an_error, .backends = T_EPOLL)
{
  static const int errors[] = { ENOMEM, ENOSPC };
  int i;
  inject_watch (WAITS, SYS_epoll_ctl);
  quiet_loop ();
  ev_set_syserr_cb (on_syserr);
  for (i = 0; i < 2; ++i)
    {
      struct inject_rule *rule = inject_error_if (SYS_epoll_ctl, 1, EPOLL_CTL_ADD, errors[i], 0, 1);
      ev_io a, b;
      int p[2];
      t_pipe (p);
      t_trace_reset ();
      io_named (quiet, &a, "a", p[0], EV_READ);
      io_named (quiet, &b, "b", p[0], EV_READ);
      drive (quiet, 2);
      CHECK_EQ (rule->struck, 1);
      CHECK (!strcmp (t_traced (), "a:80000003 b:80000003") || !strcmp (t_traced (), "b:80000003 a:80000003"));
      CHECK (!ev_is_active (&a) && !ev_is_active (&b));
      CHECK_EQ (told, 0);
      quiet_loop_works ();
      t_trace_reset ();
      io_named (quiet, &a, "again", p[0], EV_READ);
      t_write (p[1], "x");
      drive (quiet, 1);
      CHECK_TRACE ("again:1");
      ev_io_stop (quiet, &a);
      drive (quiet, 1);
    }
  ev_loop_destroy (quiet);
}

#define NOT_POLLABLE "a descriptor that epoll can't watch gets EV_ERROR (the reference aborts)"

TEST (faults_epoll_sets_nested_too_deep_are_an_error, .backends = T_EPOLL, .ours_only = NOT_POLLABLE)
{
  ev_io w;
  int i, set[7];
  quiet_loop ();
  for (i = 0; i < 7; ++i)
    {
      struct epoll_event event = { .events = EPOLLIN };
      CHECK ((set[i] = epoll_create1 (EPOLL_CLOEXEC)) >= 0);
      if (i && epoll_ctl (set[i], EPOLL_CTL_ADD, set[i - 1], &event))
        break; /* the kernel's limit */
    }
  CHECK (i > 1 && i < 7);
  io_named (quiet, &w, "deep", set[i - 1], EV_READ);
  drive (quiet, 2);
  CHECK_TRACE ("deep:80000003");
  CHECK (!ev_is_active (&w));
  io_named (quiet, &w, "shallow", set[0], EV_READ);
  drive (quiet, 2);
  CHECK_TRACE ("deep:80000003");
  CHECK (ev_is_active (&w));
  quiet_loop_works ();
  ev_loop_destroy (quiet);
}

TEST (faults_epoll_set_of_the_loop_itself_is_an_error, .backends = T_EPOLL, .ours_only = NOT_POLLABLE)
{
  ev_io w;
  int fd;
  quiet_loop ();
  for (fd = 3; fd < 100; ++fd)
    {
      char name[64], target[64];
      ssize_t n;
      snprintf (name, sizeof name, "/proc/self/fd/%d", fd);
      n = readlink (name, target, sizeof target - 1);
      target[n > 0 ? n : 0] = 0;
      if (strstr (target, "eventpoll"))
        break;
    }
  CHECK (fd < 100);
  io_named (quiet, &w, "self", fd, EV_READ);
  drive (quiet, 2);
  CHECK_TRACE ("self:80000003");
  CHECK (!ev_is_active (&w));
  quiet_loop_works ();
  ev_loop_destroy (quiet);
}

TEST (faults_epoll_refusal_means_always_ready, .backends = T_EPOLL)
{
  /* EPERM: a file that can't be polled counts as ready, until it is set again. */
  struct inject_rule *rule;
  ev_io w;
  int p[2];
  inject_watch (WAITS, SYS_epoll_ctl);
  quiet_loop ();
  t_pipe (p);
  rule = inject_error_if (SYS_epoll_ctl, 1, EPOLL_CTL_ADD, EPERM, 0, 1);
  io_named (quiet, &w, "file", p[0], EV_READ);
  ev_run (quiet, EVRUN_ONCE); /* none of these waits */
  ev_run (quiet, EVRUN_ONCE);
  ev_run (quiet, EVRUN_ONCE);
  CHECK_EQ (rule->struck, 1);
  CHECK_TRACE ("file:1 file:1 file:1");
  ev_io_stop (quiet, &w);
  t_trace_reset ();
  drive (quiet, 2);
  CHECK_TRACE ("");
  ev_io_set (&w, p[0], EV_READ);
  ev_io_start (quiet, &w);
  drive (quiet, 2);
  CHECK_TRACE (""); /* taken this time */
  t_write (p[1], "x");
  drive (quiet, 1);
  CHECK_TRACE ("file:1");
  ev_loop_destroy (quiet);
}

TEST (faults_epoll_stale_event_that_cannot_be_removed, .backends = T_EPOLL)
{
  /* Removing what nobody wants any more fails: a new set is made, and all that is watched is in it. */
  struct inject_rule *rule;
  ev_io w;
  int p[2];
  inject_watch (WAITS, SYS_epoll_ctl, SYS_epoll_create, SYS_epoll_create1);
  quiet_loop ();
  t_pipe (p);
  io_named (quiet, &w, "w", p[0], EV_READ);
  drive (quiet, 1);
  ev_io_stop (quiet, &w);
  t_write (p[1], "x");
  rule = inject_error_if (SYS_epoll_ctl, 1, EPOLL_CTL_DEL, ENOENT, 0, 1);
  inject_mark ();
  drive (quiet, 3);
  CHECK_EQ (rule->struck, 1);
  CHECK_EQ (inject_calls (SYS_epoll_create) + (SYS_epoll_create != SYS_epoll_create1 ? inject_calls (SYS_epoll_create1) : 0), 1);
  CHECK_TRACE ("");
  quiet_loop_works ();
  t_trace_reset ();
  inject_mark ();
  drive (quiet, 3);
  CHECK_TRACE ("");
  CHECK_EQ (inject_calls (SYS_epoll_ctl), 0); /* it is out of the set now */
  ev_io_start (quiet, &w);
  drive (quiet, 1);
  CHECK_TRACE ("w:1");
  ev_loop_destroy (quiet);
}

TEST (faults_epoll_set_after_a_fork_is_tried_again, .backends = T_EPOLL)
{
  struct inject_rule *old, *new;
  inject_watch (SYS_epoll_create, SYS_epoll_create1);
  quiet_loop ();
  ev_set_syserr_cb (on_syserr);
  old = inject_error (SYS_epoll_create, EMFILE, 0, 2);
  new = inject_error (SYS_epoll_create1, EMFILE, 0, 2);
  ev_loop_fork (quiet);
  drive (quiet, 1);
  CHECK_EQ (new->struck, 2);
  CHECK (told >= 2);
  CHECK_EQ (told_errno, EMFILE);
  CHECK_STR (told_text, "(libev) epoll_create");
  inject_end (old);
  quiet_loop_works ();
  ev_loop_destroy (quiet);
}

TEST (faults_epoll_refused_at_start_takes_the_next, .backends = T_EPOLL)
{
  static const int errors[] = { ENOSYS, EMFILE, EPERM };
  struct inject_rule *rules[2];
  int i, fds;
  inject_watch (SYS_epoll_create, SYS_epoll_create1);
  fds = t_open_fds ();
  for (i = 0; i < 3; ++i)
    {
      struct ev_loop *loop;
      rules[0] = inject_error (SYS_epoll_create, errors[i], 0, INJECT_ALWAYS);
      rules[1] = inject_error (SYS_epoll_create1, errors[i], 0, INJECT_ALWAYS);
      CHECK (!ev_loop_new (EVFLAG_NOENV | EVBACKEND_EPOLL));
      loop = ev_loop_new (EVFLAG_NOENV | EVBACKEND_EPOLL | EVBACKEND_SELECT);
      CHECK (loop);
      CHECK_EQ (ev_backend (loop), EVBACKEND_SELECT);
      ev_loop_destroy (loop);
      inject_end (rules[0]);
      inject_end (rules[1]);
      CHECK_EQ (t_open_fds (), fds);
    }
  ev_loop_destroy (t_loop (0));
}

/* A kernel or a sandbox without epoll_pwait2: asked once at most; nothing is early, nothing spins, nothing is told. */
static void
coarse_waits (int error)
{
  struct inject_rule *rule;
  ev_timer t;
  double start;
  int n;
  inject_watch (WAITS);
  quiet_loop ();
  ev_set_syserr_cb (on_syserr);
  rule = inject_error (SYS_epoll_pwait2, error, 0, INJECT_ALWAYS);
  ev_now_update (quiet);
  start = t_clock ();
  timer_named (quiet, &t, "t", .0155, .0155);
  inject_mark ();
  while (noted < 4)
    ev_run (quiet, EVRUN_ONCE);
  n = inject_calls (SYS_epoll_wait) + inject_calls (SYS_epoll_pwait);
  CHECK_BETWEEN (t_clock () - start, .062, 10.);
  CHECK (n >= 4 && n <= 12);
  CHECK (rule->struck <= 1);
  CHECK_EQ (told, 0);
  ev_timer_stop (quiet, &t);
  quiet_loop_works ();
  ev_loop_destroy (quiet);
}

TEST (faults_epoll_without_fine_timeouts, .backends = T_EPOLL)
{
  coarse_waits (ENOSYS);
}

TEST (faults_epoll_with_fine_timeouts_forbidden, .backends = T_EPOLL)
{
  coarse_waits (EPERM);
}

/* ---- descriptors of the loop's own ---- */

TEST (faults_no_wake_up_channel_is_told_until_there_is_one)
{
  struct inject_rule *rules[4];
  ev_async a;
  inject_watch (SYS_eventfd, SYS_eventfd2, SYS_pipe, SYS_pipe2);
  quiet_loop ();
  ev_set_syserr_cb (on_syserr);
  rules[0] = inject_error (SYS_eventfd, EMFILE, 0, INJECT_ALWAYS);
  rules[1] = inject_error (SYS_eventfd2, EMFILE, 0, INJECT_ALWAYS);
  rules[2] = inject_error (SYS_pipe, EMFILE, 0, 3);
  rules[3] = inject_error (SYS_pipe2, EMFILE, 0, 3);
  NAMED (&a, note_async, "a");
  ev_async_start (quiet, &a);
  CHECK_EQ (told, 3);
  CHECK_EQ (told_errno, EMFILE);
  CHECK_STR (told_text, "(libev) error creating signal/async pipe");
  CHECK_EQ (rules[2]->struck + rules[3]->struck, 3);
  ev_async_send (quiet, &a);
  drive_until (quiet, &noted, 1);
  CHECK_TRACE ("a:80000");
  ev_async_send (quiet, &a);
  drive_until (quiet, &noted, 2);
  ev_async_stop (quiet, &a);
  quiet_loop_works ();
  ev_loop_destroy (quiet);
}

TEST (faults_no_wake_up_channel_after_a_fork)
{
  ev_async a;
  struct inject_rule *pipe_rule, *pipe2_rule;
  inject_watch (SYS_eventfd, SYS_eventfd2, SYS_pipe, SYS_pipe2);
  quiet_loop ();
  ev_set_syserr_cb (on_syserr);
  NAMED (&a, note_async, "a");
  ev_async_start (quiet, &a);
  inject_error (SYS_eventfd, EMFILE, 0, INJECT_ALWAYS);
  inject_error (SYS_eventfd2, EMFILE, 0, INJECT_ALWAYS);
  pipe_rule = inject_error (SYS_pipe, ENFILE, 0, 2);
  pipe2_rule = inject_error (SYS_pipe2, ENFILE, 0, 2);
  ev_loop_fork (quiet);
  ev_async_send (quiet, &a);
  drive_until (quiet, &noted, 1);
  CHECK_EQ (told, 2);
  CHECK_EQ (pipe_rule->struck + pipe2_rule->struck, 2);
  CHECK_TRACE ("a:80000");
  ev_async_stop (quiet, &a);
  quiet_loop_works ();
  ev_loop_destroy (quiet);
}

TEST (faults_sigchld_without_children, .once = 1)
{
  struct ev_loop *loop = t_default_loop (0);
  ev_child c;
  NAMED (&c, note_child, "c");
  ev_child_set (&c, 0, 0);
  ev_child_start (loop, &c);
  raise (SIGCHLD);
  drive (loop, 3);
  CHECK_TRACE ("");
  CHECK (ev_is_active (&c));
  ev_loop_destroy (loop);
}

/* ---- no descriptor left at all ---- */

static int spare[2];

/* No descriptor can be opened any more, until the two spare ones are closed. */
static void
use_up_descriptors (void)
{
  struct rlimit limit;
  CHECK (!getrlimit (RLIMIT_NOFILE, &limit));
  CHECK ((spare[0] = dup (0)) >= 0);
  CHECK ((spare[1] = dup (0)) > spare[0]);
  limit.rlim_cur = (rlim_t)spare[1] + 1;
  CHECK (!setrlimit (RLIMIT_NOFILE, &limit));
  CHECK_EQ (dup (0), -1);
  CHECK_EQ (errno, EMFILE);
}

static void
give_two (const char *message)
{
  on_syserr (message);
  if (told == 1)
    {
      close (spare[0]);
      close (spare[1]);
    }
}

TEST (faults_no_descriptor_for_a_loop)
{
  struct ev_loop *loop;
  use_up_descriptors ();
  loop = ev_loop_new (EVFLAG_NOENV | t_backend);
  if (t_backend != EVBACKEND_SELECT && t_backend != EVBACKEND_POLL)
    {
      CHECK (!loop);
      loop = ev_loop_new (EVFLAG_NOENV | t_backend | EVBACKEND_POLL);
      CHECK (loop);
      CHECK_EQ (ev_backend (loop), EVBACKEND_POLL);
    }
  CHECK (loop);
  io_named (loop, &quiet_io, "r", 0, EV_READ); /* whatever it is, it can be watched */
  timer_named (loop, &quiet_timer, "t", .01, 0.);
  while (!strstr (t_traced (), "t:100"))
    ev_run (loop, EVRUN_ONCE);
  ev_loop_destroy (loop);
}

TEST (faults_no_descriptor_for_the_first_async)
{
  ev_async a;
  quiet_loop ();
  use_up_descriptors ();
  ev_set_syserr_cb (give_two);
  NAMED (&a, note_async, "a");
  ev_async_start (quiet, &a);
  CHECK_EQ (told, 1);
  CHECK_EQ (told_errno, EMFILE);
  CHECK_STR (told_text, "(libev) error creating signal/async pipe");
  ev_async_send (quiet, &a);
  drive_until (quiet, &noted, 1);
  CHECK_TRACE ("a:80000");
  ev_loop_destroy (quiet);
}

TEST (faults_no_descriptor_for_the_first_signal)
{
  ev_signal s;
  quiet_loop ();
  use_up_descriptors ();
  ev_set_syserr_cb (give_two);
  NAMED (&s, note_signal, "s");
  ev_signal_set (&s, SIGUSR1);
  ev_signal_start (quiet, &s);
  CHECK_EQ (told, 1);
  raise (SIGUSR1);
  drive_until (quiet, &noted, 1);
  CHECK_TRACE ("s:400");
  ev_signal_stop (quiet, &s);
  ev_loop_destroy (quiet);
}

TEST (faults_no_descriptor_for_a_signalfd)
{
  struct ev_loop *loop = t_loop (EVFLAG_SIGNALFD);
  ev_async a;
  ev_signal s;
  ev_set_syserr_cb (on_syserr);
  NAMED (&a, note_async, "a");
  ev_async_start (loop, &a); /* so that the wake-up channel is there */
  use_up_descriptors ();
  NAMED (&s, note_signal, "s");
  ev_signal_set (&s, SIGUSR1);
  ev_signal_start (loop, &s); /* by a handler then */
  CHECK_EQ (told, 0);
  raise (SIGUSR1);
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("s:400");
  ev_signal_stop (loop, &s);
  ev_loop_destroy (loop);
}

TEST (faults_no_descriptor_for_inotify)
{
  struct ev_loop *loop = t_loop (0);
  char name[4096];
  ev_stat st;
  int fd;
  snprintf (name, sizeof name, "%s/file", t_tmpdir ());
  fd = open (name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  CHECK (fd >= 0);
  ev_set_syserr_cb (on_syserr);
  use_up_descriptors ();
  NAMED (&st, note_stat, "st");
  ev_stat_set (&st, name, .11);
  ev_stat_start (loop, &st);
  drive (loop, 2);
  CHECK_TRACE ("");
  t_write (fd, "more");
  drive_until (loop, &noted, 1); /* by looking every 0.11 s */
  CHECK_TRACE ("st:1000");
  CHECK_EQ (st.attr.st_size, 4);
  CHECK_EQ (told, 0);
  ev_stat_stop (loop, &st);
  ev_loop_destroy (loop);
}

TEST (faults_no_descriptor_for_the_time_jump_timer)
{
  struct ev_loop *loop = t_loop (0);
  ev_periodic p;
  ev_set_syserr_cb (on_syserr);
  use_up_descriptors ();
  NAMED (&p, note_periodic, "p");
  ev_periodic_set (&p, 0., .02, 0);
  ev_periodic_start (loop, &p);
  drive_until (loop, &noted, 3);
  CHECK_TRACE ("p:200 p:200 p:200");
  CHECK_EQ (told, 0);
  ev_loop_destroy (loop);
}

TEST (faults_no_descriptor_in_a_child_after_fork, .backends = T_SELECT | T_POLL)
{
  /* These need none: only what is made again through the syserr callback does. */
  quiet_loop ();
  use_up_descriptors ();
  ev_set_syserr_cb (on_syserr);
  ev_loop_fork (quiet);
  drive (quiet, 1);
  quiet_loop_works ();
  CHECK_EQ (told, 0);
  ev_loop_destroy (quiet);
}
