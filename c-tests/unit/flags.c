/* Which back-end and which options a new loop gets: its flags, LIBEV_FLAGS, and what the library says it can do. */
#define _GNU_SOURCE
#include "t.h"

/* The back-end of a loop made with these flags, 0 if there is none. */
static unsigned
flags_backend (unsigned flags)
{
  struct ev_loop *loop = ev_loop_new (flags);
  unsigned backend;
  if (!loop)
    return 0;
  backend = ev_backend (loop);
  ev_loop_destroy (loop);
  return backend;
}

static unsigned
flags_backend_in_environment (const char *value, unsigned flags)
{
  CHECK (!setenv ("LIBEV_FLAGS", value, 1));
  return flags_backend (flags);
}

/* What a set of back-ends must lead to: the first of the order that works by itself. */
static unsigned
flags_first_that_works (unsigned set)
{
  static const unsigned order[] = { 0x80, 0x40, EVBACKEND_EPOLL, EVBACKEND_POLL, EVBACKEND_SELECT };
  size_t i;
  for (i = 0; i < sizeof order / sizeof *order; ++i)
    if (set & order[i] && flags_backend (EVFLAG_NOENV | order[i]) == order[i])
      return order[i];
  return 0;
}

static void
flags_nothing_periodic (EV_P_ ev_periodic *w, int revents)
{
}

static void
flags_nothing_signal (EV_P_ ev_signal *w, int revents)
{
}

static void
flags_fork (EV_P_ ev_fork *w, int revents)
{
  t_trace ("fork");
}

/* How many descriptors starting a periodic watcher costs. */
static int
flags_periodic_cost (struct ev_loop *loop)
{
  ev_periodic w;
  int before = t_open_fds (), after;
  ev_periodic_init (&w, flags_nothing_periodic, 0., 1000., 0);
  ev_periodic_start (loop, &w);
  after = t_open_fds ();
  ev_periodic_stop (loop, &w);
  return after - before;
}

static int
flags_is_blocked (int signum)
{
  sigset_t set;
  CHECK (!pthread_sigmask (SIG_BLOCK, 0, &set));
  return sigismember (&set, signum);
}

TEST (flags_values, .once = 1)
{
  CHECK_EQ (EVFLAG_AUTO, 0);
  CHECK_EQ (EVFLAG_NOENV, 0x01000000);
  CHECK_EQ (EVFLAG_FORKCHECK, 0x02000000);
  CHECK_EQ (EVFLAG_NOINOTIFY, 0x00100000);
  CHECK_EQ (EVFLAG_SIGNALFD, 0x00200000);
  CHECK_EQ (EVFLAG_NOSIGMASK, 0x00400000);
  CHECK_EQ (EVFLAG_NOTIMERFD, 0x00800000);
  CHECK_EQ (EVFLAG_NOSIGFD, 0);
  CHECK_EQ (EVBACKEND_SELECT, 1);
  CHECK_EQ (EVBACKEND_POLL, 2);
  CHECK_EQ (EVBACKEND_EPOLL, 4);
  CHECK_EQ (EVBACKEND_KQUEUE, 8);
  CHECK_EQ (EVBACKEND_DEVPOLL, 0x10);
  CHECK_EQ (EVBACKEND_PORT, 0x20);
  CHECK_EQ (EVBACKEND_LINUXAIO, 0x40);
  CHECK_EQ (EVBACKEND_IOURING, 0x80);
  CHECK_EQ (EVBACKEND_ALL, 0xff);
  CHECK_EQ (EVBACKEND_MASK, 0xffff);
  CHECK_EQ (EVRUN_NOWAIT, 1);
  CHECK_EQ (EVRUN_ONCE, 2);
  CHECK_EQ (EVBREAK_CANCEL, 0);
  CHECK_EQ (EVBREAK_ONE, 1);
  CHECK_EQ (EVBREAK_ALL, 2);
}

TEST (flags_backend_under_test_is_supported)
{
  CHECK_EQ (ev_supported_backends () & t_backend, t_backend);
  CHECK_EQ (flags_backend (EVFLAG_NOENV | t_backend), t_backend);
}

TEST (flags_supported_set, .once = 1)
{
  unsigned set = ev_supported_backends ();
  CHECK_EQ (set & 0x07, 0x07);
  CHECK_EQ (set & ~0xc7u, 0);
}

TEST (flags_linuxaio_is_supported, .once = 1, .ours_only = "linuxaio is built in (the distribution's build leaves it out)")
{
  CHECK_EQ (ev_supported_backends () & EVBACKEND_LINUXAIO, EVBACKEND_LINUXAIO);
}

TEST (flags_iouring_is_supported, .once = 1)
{
  CHECK_EQ (ev_supported_backends () & EVBACKEND_IOURING, EVBACKEND_IOURING);
  CHECK_EQ (ev_recommended_backends () & EVBACKEND_IOURING, 0);
}

TEST (flags_recommended_set, .once = 1)
{
  CHECK_EQ (ev_recommended_backends (), EVBACKEND_EPOLL | EVBACKEND_POLL | EVBACKEND_SELECT);
}

TEST (flags_embeddable_set, .once = 1)
{
  CHECK_EQ (ev_embeddable_backends (), EVBACKEND_EPOLL | EVBACKEND_KQUEUE | EVBACKEND_PORT | EVBACKEND_IOURING);
}

TEST (flags_without_backend_take_recommended, .once = 1)
{
  CHECK_EQ (flags_backend (EVFLAG_NOENV), EVBACKEND_EPOLL);
  CHECK_EQ (flags_backend (EVFLAG_NOENV | EVFLAG_NOINOTIFY | EVFLAG_SIGNALFD), EVBACKEND_EPOLL);
}

TEST (flags_several_backends_go_by_order, .once = 1)
{
  unsigned set;
  CHECK_EQ (flags_backend (EVFLAG_NOENV | EVBACKEND_SELECT | EVBACKEND_POLL), EVBACKEND_POLL);
  CHECK_EQ (flags_backend (EVFLAG_NOENV | EVBACKEND_SELECT | EVBACKEND_EPOLL), EVBACKEND_EPOLL);
  CHECK_EQ (flags_backend (EVFLAG_NOENV | EVBACKEND_SELECT | EVBACKEND_POLL | EVBACKEND_EPOLL), EVBACKEND_EPOLL);
  for (set = 0x41; set <= 0x47; ++set)
    CHECK_EQ (flags_backend (EVFLAG_NOENV | set), flags_first_that_works (set));
}

TEST (flags_all_bits_take_the_first_of_the_order, .once = 1)
{
  unsigned best = flags_first_that_works (0xff);
  CHECK (best);
  CHECK_EQ (flags_backend (EVFLAG_NOENV | 0xff), best);
  CHECK_EQ (flags_backend (EVFLAG_NOENV | 0xffff), best);
  CHECK_EQ (flags_backend (EVFLAG_NOENV | EVBACKEND_ALL), best);
  CHECK_EQ (flags_backend (EVFLAG_NOENV | EVBACKEND_MASK), best);
}

TEST (flags_unimplemented_backend_gives_null, .once = 1)
{
  CHECK (!ev_loop_new (EVFLAG_NOENV | EVBACKEND_KQUEUE));
  CHECK (!ev_loop_new (EVFLAG_NOENV | EVBACKEND_DEVPOLL));
  CHECK (!ev_loop_new (EVFLAG_NOENV | EVBACKEND_PORT));
  CHECK (!ev_loop_new (EVFLAG_NOENV | 0x100));
  CHECK (!ev_loop_new (EVFLAG_NOENV | 0x8000));
  CHECK (!ev_loop_new (EVFLAG_NOENV | 0xff38));
}

TEST (flags_unimplemented_backend_beside_a_real_one)
{
  CHECK_EQ (flags_backend (EVFLAG_NOENV | EVBACKEND_KQUEUE | t_backend), t_backend);
  CHECK_EQ (flags_backend (EVFLAG_NOENV | 0xff38 | t_backend), t_backend);
}

TEST (flags_failed_creation_leaves_no_descriptor, .once = 1)
{
  int before = t_open_fds (), i;
  for (i = 0; i < 50; ++i)
    CHECK (!ev_loop_new (EVFLAG_NOENV | EVBACKEND_KQUEUE));
  CHECK_EQ (t_open_fds (), before);
}

TEST (flags_default_loop_with_bad_backend_is_null)
{
  CHECK (!ev_default_loop (EVFLAG_NOENV | EVBACKEND_KQUEUE));
  CHECK (!EV_DEFAULT_UC);
  CHECK (!ev_default_loop (EVFLAG_NOENV | 0x100));
  CHECK (!EV_DEFAULT_UC);
  CHECK_EQ (ev_backend (t_default_loop (0)), t_backend);
  CHECK (EV_DEFAULT_UC);
}

TEST (flags_bad_default_loop_leaves_sigchld, .once = 1)
{
  struct sigaction action;
  CHECK (!ev_default_loop (EVFLAG_NOENV | EVBACKEND_KQUEUE));
  CHECK (!sigaction (SIGCHLD, 0, &action));
  CHECK (action.sa_handler == SIG_DFL);
}

/* LIBEV_FLAGS */

TEST (flags_environment_replaces_backend)
{
  char value[16];
  snprintf (value, sizeof value, "%u", t_backend);
  CHECK_EQ (flags_backend_in_environment (value, 0), t_backend);
  CHECK_EQ (flags_backend_in_environment (value, EVBACKEND_SELECT), t_backend);
  CHECK_EQ (flags_backend_in_environment (value, EVBACKEND_POLL), t_backend);
  CHECK_EQ (flags_backend_in_environment (value, EVBACKEND_EPOLL), t_backend);
  CHECK_EQ (flags_backend_in_environment (value, EVBACKEND_KQUEUE), t_backend);
}

TEST (flags_environment_for_default_loop)
{
  char value[16];
  struct ev_loop *loop;
  snprintf (value, sizeof value, "%u", t_backend);
  CHECK (!setenv ("LIBEV_FLAGS", value, 1));
  loop = ev_default_loop (0);
  CHECK (loop);
  CHECK_EQ (ev_backend (loop), t_backend);
  CHECK (loop == EV_DEFAULT_UC);
}

TEST (flags_environment_is_read_as_atoi, .once = 1)
{
  CHECK_EQ (flags_backend_in_environment ("  2", EVBACKEND_SELECT), EVBACKEND_POLL);
  CHECK_EQ (flags_backend_in_environment ("+2", EVBACKEND_SELECT), EVBACKEND_POLL);
  CHECK_EQ (flags_backend_in_environment ("\t\n002", EVBACKEND_SELECT), EVBACKEND_POLL);
  CHECK_EQ (flags_backend_in_environment ("2 apples", EVBACKEND_SELECT), EVBACKEND_POLL);
  CHECK_EQ (flags_backend_in_environment ("1,2", EVBACKEND_POLL), EVBACKEND_SELECT);
  CHECK_EQ (flags_backend_in_environment ("0x1", EVBACKEND_POLL), EVBACKEND_EPOLL);
}

TEST (flags_environment_without_a_number_means_recommended, .once = 1)
{
  CHECK_EQ (flags_backend_in_environment ("", EVBACKEND_SELECT), EVBACKEND_EPOLL);
  CHECK_EQ (flags_backend_in_environment ("0", EVBACKEND_SELECT), EVBACKEND_EPOLL);
  CHECK_EQ (flags_backend_in_environment ("abc", EVBACKEND_SELECT), EVBACKEND_EPOLL);
  CHECK_EQ (flags_backend_in_environment ("-", EVBACKEND_SELECT), EVBACKEND_EPOLL);
}

TEST (flags_environment_minus_one_means_all, .once = 1)
{
  unsigned best = flags_first_that_works (0xff);
  CHECK_EQ (flags_backend_in_environment ("-1", EVBACKEND_SELECT), best);
  CHECK_EQ (flags_backend_in_environment ("255", EVBACKEND_SELECT), best);
}

TEST (flags_environment_with_unsupported_backend_fails, .once = 1)
{
  CHECK_EQ (flags_backend_in_environment ("8", EVBACKEND_SELECT), 0);
  CHECK_EQ (flags_backend_in_environment ("256", 0), 0);
  CHECK (!ev_default_loop (EVBACKEND_SELECT));
  CHECK (!EV_DEFAULT_UC);
}

TEST (flags_noenv_ignores_environment)
{
  CHECK_EQ (flags_backend_in_environment ("8", EVFLAG_NOENV | t_backend), t_backend);
  CHECK_EQ (flags_backend_in_environment ("1", EVFLAG_NOENV | t_backend), t_backend);
  CHECK_EQ (ev_backend (t_default_loop (0)), t_backend);
}

TEST (flags_noenv_in_environment_is_harmless, .once = 1)
{
  char value[32];
  snprintf (value, sizeof value, "%u", EVFLAG_NOENV | EVBACKEND_POLL);
  CHECK_EQ (flags_backend_in_environment (value, EVBACKEND_SELECT), EVBACKEND_POLL);
}

static void
flags_changed_uid (void *arg)
{
  CHECK (!seteuid (65534));
  CHECK_EQ (flags_backend_in_environment ("1", EVBACKEND_POLL), EVBACKEND_POLL);
}

static void
flags_changed_gid (void *arg)
{
  CHECK (!setegid (65534));
  CHECK_EQ (flags_backend_in_environment ("1", EVBACKEND_POLL), EVBACKEND_POLL);
}

TEST (flags_environment_ignored_with_changed_ids, .once = 1)
{
  if (getuid () || geteuid () || getgid () || getegid ())
    t_skip ("only root can change its ids");
  CHECK_EQ (flags_backend_in_environment ("1", EVBACKEND_POLL), EVBACKEND_SELECT);
  CHECK_EQ (t_in_child (flags_changed_uid, 0), 0);
  CHECK_EQ (t_in_child (flags_changed_gid, 0), 0);
}

/* The environment replaces the options too, but for FORKCHECK and NOSIGMASK. */

TEST (flags_notimerfd_saves_a_descriptor)
{
  struct ev_loop *with = t_loop (0), *without = t_loop (EVFLAG_NOTIMERFD);
  CHECK_EQ (flags_periodic_cost (without), 0);
  CHECK_EQ (flags_periodic_cost (with), 1);
  ev_loop_destroy (with);
  ev_loop_destroy (without);
}

TEST (flags_environment_drops_the_callers_options, .once = 1)
{
  struct ev_loop *loop;
  CHECK (!setenv ("LIBEV_FLAGS", "2", 1));
  loop = ev_loop_new (EVFLAG_NOTIMERFD);
  CHECK_EQ (flags_periodic_cost (loop), 1);
  ev_loop_destroy (loop);
}

TEST (flags_environment_gives_options, .once = 1)
{
  char value[32];
  struct ev_loop *loop;
  snprintf (value, sizeof value, "%u", EVFLAG_NOTIMERFD | EVBACKEND_POLL);
  CHECK (!setenv ("LIBEV_FLAGS", value, 1));
  loop = ev_loop_new (0);
  CHECK_EQ (ev_backend (loop), EVBACKEND_POLL);
  CHECK_EQ (flags_periodic_cost (loop), 0);
  ev_loop_destroy (loop);
}

/* Starts a signal watcher and returns whether SIGUSR1, blocked before, is blocked still. */
static int
flags_mask_after_start (struct ev_loop *loop)
{
  ev_signal w;
  int blocked;
  t_mask (SIG_BLOCK, SIGUSR1);
  ev_signal_init (&w, flags_nothing_signal, SIGUSR1);
  ev_signal_start (loop, &w);
  blocked = flags_is_blocked (SIGUSR1);
  ev_signal_stop (loop, &w);
  return blocked;
}

TEST (flags_nosigmask_of_the_caller_beats_environment, .once = 1)
{
  struct ev_loop *loop;
  char value[32];
  CHECK (!setenv ("LIBEV_FLAGS", "2", 1));
  loop = ev_loop_new (EVFLAG_NOSIGMASK);
  CHECK_EQ (flags_mask_after_start (loop), 0);
  ev_loop_destroy (loop);

  snprintf (value, sizeof value, "%u", EVFLAG_NOSIGMASK | EVBACKEND_POLL);
  CHECK (!setenv ("LIBEV_FLAGS", value, 1));
  loop = ev_loop_new (0);
  CHECK_EQ (flags_mask_after_start (loop), 1);
  ev_loop_destroy (loop);
}

TEST (flags_signalfd_in_environment, .once = 1)
{
  struct ev_loop *loop;
  ev_signal w;
  char value[32];
  snprintf (value, sizeof value, "%u", EVFLAG_SIGNALFD | EVBACKEND_POLL);
  CHECK (!setenv ("LIBEV_FLAGS", value, 1));
  loop = ev_loop_new (0);
  CHECK (!flags_is_blocked (SIGUSR1));
  ev_signal_init (&w, flags_nothing_signal, SIGUSR1);
  ev_signal_start (loop, &w);
  CHECK (flags_is_blocked (SIGUSR1));
  ev_signal_stop (loop, &w);
  CHECK (!flags_is_blocked (SIGUSR1));
  ev_loop_destroy (loop);
}

static void
flags_run_in_child (void *arg)
{
  struct ev_loop *loop = arg;
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_TRACE ("fork");
}

static void
flags_run_in_child_unnoticed (void *arg)
{
  struct ev_loop *loop = arg;
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_TRACE ("");
}

TEST (flags_forkcheck_notices_the_child)
{
  struct ev_loop *loop = t_loop (EVFLAG_FORKCHECK);
  ev_fork w;
  ev_fork_init (&w, flags_fork);
  ev_fork_start (loop, &w);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_EQ (t_in_child (flags_run_in_child, loop), 0);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_TRACE ("");
  ev_loop_destroy (loop);
}

TEST (flags_without_forkcheck_the_child_is_unnoticed, .backends = T_SELECT | T_POLL | T_EPOLL)
{
  struct ev_loop *loop = t_loop (0);
  ev_fork w;
  ev_fork_init (&w, flags_fork);
  ev_fork_start (loop, &w);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_EQ (t_in_child (flags_run_in_child_unnoticed, loop), 0);
  ev_loop_destroy (loop);
}

TEST (flags_forkcheck_of_the_caller_beats_environment, .once = 1)
{
  struct ev_loop *loop;
  ev_fork w;
  CHECK (!setenv ("LIBEV_FLAGS", "2", 1));
  loop = ev_loop_new (EVFLAG_FORKCHECK);
  ev_fork_init (&w, flags_fork);
  ev_fork_start (loop, &w);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_EQ (t_in_child (flags_run_in_child, loop), 0);
  ev_loop_destroy (loop);
}

TEST (flags_forkcheck_in_environment_does_nothing, .once = 1)
{
  struct ev_loop *loop;
  ev_fork w;
  char value[32];
  snprintf (value, sizeof value, "%u", EVFLAG_FORKCHECK | EVBACKEND_POLL);
  CHECK (!setenv ("LIBEV_FLAGS", value, 1));
  loop = ev_loop_new (0);
  ev_fork_init (&w, flags_fork);
  ev_fork_start (loop, &w);
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_EQ (t_in_child (flags_run_in_child_unnoticed, loop), 0);
  ev_loop_destroy (loop);
}
