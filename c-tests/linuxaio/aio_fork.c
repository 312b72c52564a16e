/* linuxaio and fork: a context doesn't exist in the child, though the child sees the parent's ring. */
#include "aio.h"

#include <pty.h>

/* The test's loop, used in parent and child. */
static struct ev_loop *forked;

static void
all_work (void *unused)
{
  (void)unused;
  many_add ();
  many_expect (forked, 1);
}

static void
child_with_loop_fork (void *unused)
{
  ev_loop_fork (forked);
  all_work (unused);
  CHECK_EQ (ev_backend (forked), EVBACKEND_LINUXAIO);
  CHECK (aio_contexts () >= 1);
  all_work (unused);
  ev_loop_destroy (forked);
}

TEST (aio_fork_child_has_all_its_descriptors, .backends = T_LINUXAIO)
{
  forked = t_loop (0);
  many_start (forked, 60, 0);
  drive (forked, 2);
  CHECK_EQ (t_in_child (child_with_loop_fork, 0), 0);
  all_work (0); /* and the parent */
  ev_loop_destroy (forked);
}

TEST (aio_fork_child_with_a_thousand, .backends = T_LINUXAIO, .no_valgrind = 1)
{
  forked = t_loop (0);
  many_start (forked, 1000, 0);
  all_work (0);
  CHECK_EQ (t_in_child (child_with_loop_fork, 0), 0);
  all_work (0);
  ev_loop_destroy (forked);
}

TEST (aio_fork_forkcheck, .backends = T_LINUXAIO)
{
  forked = t_loop (EVFLAG_FORKCHECK);
  many_start (forked, 30, 0);
  drive (forked, 2);
  CHECK_EQ (t_in_child (all_work, 0), 0);
  all_work (0);
  ev_loop_destroy (forked);
}

static ev_io quiet;
static int quiet_pipe[2], sync_pipe[2];

static void
child_waits_for_the_quiet_one (void *unused)
{
  (void)unused;
  ev_loop_fork (forked);
  drive (forked, 2);
  CHECK_TRACE ("");
  t_write (sync_pipe[1], "x"); /* armed */
  drive_until (forked, &noted, 1);
  CHECK_TRACE ("q:1");
}

TEST (aio_fork_both_get_an_event_of_a_shared_file, .backends = T_LINUXAIO)
{
  pid_t pid;
  char byte;
  int status;
  forked = t_loop (0);
  t_pipe (quiet_pipe);
  CHECK (!pipe (sync_pipe));
  io_named (forked, &quiet, "q", quiet_pipe[0], EV_READ);
  drive (forked, 2);
  pid = fork ();
  CHECK (pid >= 0);
  if (!pid)
    {
      child_waits_for_the_quiet_one (0);
      _exit (0);
    }
  CHECK_EQ (read (sync_pipe[0], &byte, 1), 1);
  drive (forked, 2);
  CHECK_TRACE ("");
  t_write (quiet_pipe[1], "x");
  drive_until (forked, &noted, 1);
  CHECK_TRACE ("q:1");
  CHECK_EQ (waitpid (pid, &status, 0), pid);
  CHECK_EQ (status, 0);
  ev_loop_destroy (forked);
}

static void
child_runs_without_a_word (void *unused)
{
  (void)unused;
  many_expect (forked, 1);
  _exit (42); /* noticed: it works */
}

TEST (aio_fork_unnoticed_child_works_or_says_why,
      .backends = T_LINUXAIO, .ours_only = "a child that runs a linuxaio loop without ev_loop_fork works or says why (the reference aborts)")
{
  char said[4096];
  int out[2], status, n;
  pid_t pid;
  forked = t_loop (0);
  many_start (forked, 20, 0);
  drive (forked, 2);
  many_add (); /* in the ring, which the child sees too */
  CHECK (!pipe (out));
  pid = fork ();
  CHECK (pid >= 0);
  if (!pid)
    {
      dup2 (out[1], 2);
      close (out[0]);
      close (out[1]);
      child_runs_without_a_word (0);
    }
  close (out[1]);
  n = (int)read (out[0], said, sizeof said - 1);
  said[n > 0 ? n : 0] = 0;
  CHECK_EQ (waitpid (pid, &status, 0), pid);
  if (WIFSIGNALED (status))
    {
      CHECK_EQ (WTERMSIG (status), SIGABRT);
      CHECK_EQ (strncmp (said, "libev: ", 7), 0);
      many_expect (forked, 1); /* the parent's events are still there */
    }
  else
    {
      CHECK_EQ (WEXITSTATUS (status), 42);
      many_add (); /* the child has emptied them */
      drive_until (forked, &many_done, 20);
    }
  ev_loop_destroy (forked);
}

static void
child_only_destroys (void *unused)
{
  (void)unused;
  ev_loop_destroy (forked);
}

TEST (aio_fork_child_that_destroys_leaves_the_parent, .backends = T_LINUXAIO)
{
  forked = t_loop (0);
  many_start (forked, 20, 0);
  drive (forked, 2);
  many_add (); /* 20 events in the ring */
  CHECK_EQ (t_in_child (child_only_destroys, 0), 0);
  many_expect (forked, 1);
  all_work (0);
  ev_loop_destroy (forked);
}

static void
leave_it (EV_P_ ev_io *w, int revents)
{
  (void)loop;
  (void)w;
  CHECK_EQ (revents, EV_READ);
  ++noted;
}

static void
child_forks_and_destroys (void *unused)
{
  int i;
  (void)unused;
  for (i = 0; i < 10; ++i)
    ev_set_cb (&many[i], leave_it);
  ev_loop_fork (forked);
  drive (forked, 2);
  CHECK_EQ (noted, 10); /* five in each iteration */
  ev_loop_destroy (forked);
  CHECK (aio_contexts () <= 1); /* the parent's ring at most, of which it is no owner */
}

TEST (aio_fork_parents_ring_is_its_own, .backends = T_LINUXAIO)
{
  int i, want = 0;
  forked = t_loop (0);
  many_start (forked, 10, 0);
  drive (forked, 2);
  for (i = 0; i < 5; ++i)
    {
      int k;
      for (k = 0; k < 10; ++k)
        if (k % 2)
          {
            counter_add (many[k].fd);
            ++want;
          }
      CHECK_EQ (t_in_child (child_forks_and_destroys, 0), 0);
      drive (forked, 3); /* what was in the ring before is there still */
      CHECK_EQ (many_done, want);
    }
  ev_loop_destroy (forked);
}

static ev_io pty_watcher;
static int pty_master, pty_slave;

static void
child_with_a_pty (void *unused)
{
  (void)unused;
  ev_loop_fork (forked);
  drive (forked, 3);
  CHECK_TRACE ("");
  t_write (pty_slave, "x");
  drive_until (forked, &noted, 1);
  CHECK_TRACE ("pty:1");
  t_drain (pty_master);
  ev_io_stop (forked, &pty_watcher);
  all_work (0);
  ev_loop_destroy (forked);
}

TEST (aio_fork_ptys_in_parent_and_child, .backends = T_LINUXAIO)
{
  forked = t_loop (0);
  many_start (forked, 10, 0);
  CHECK (!openpty (&pty_master, &pty_slave, 0, 0, 0));
  fcntl (pty_master, F_SETFL, O_NONBLOCK);
  io_named (forked, &pty_watcher, "pty", pty_master, EV_READ);
  drive (forked, 3);
  CHECK_EQ (t_in_child (child_with_a_pty, 0), 0);
  drive (forked, 3);
  t_trace_reset ();
  noted = 0;
  t_write (pty_slave, "x");
  drive_until (forked, &noted, 1);
  CHECK_TRACE ("pty:1");
  all_work (0);
  ev_loop_destroy (forked);
}

static void
child_and_its_child (void *unused)
{
  ev_loop_fork (forked);
  all_work (unused);
  CHECK_EQ (t_in_child (child_with_loop_fork, 0), 0);
  all_work (unused);
  ev_loop_destroy (forked);
}

TEST (aio_fork_grandchild, .backends = T_LINUXAIO)
{
  forked = t_loop (0);
  many_start (forked, 20, 0);
  drive (forked, 2);
  CHECK_EQ (t_in_child (child_and_its_child, 0), 0);
  all_work (0);
  ev_loop_destroy (forked);
}

static pid_t forked_child;

static void
fork_here (EV_P_ ev_io *w, int revents)
{
  uint64_t count;
  (void)revents;
  CHECK_EQ (read (w->fd, &count, sizeof count), sizeof count);
  ev_io_stop (loop, w);
  forked_child = fork ();
  CHECK (forked_child >= 0);
  if (!forked_child)
    ev_loop_fork (loop);
}

TEST (aio_fork_in_a_callback, .backends = T_LINUXAIO)
{
  ev_io w;
  int status;
  forked = t_loop (0);
  many_start (forked, 20, 0);
  drive (forked, 2);
  ev_io_init (&w, fork_here, counter_fd (1), EV_READ);
  ev_io_start (forked, &w);
  ev_run (forked, EVRUN_ONCE);
  if (!forked_child)
    {
      all_work (0);
      all_work (0);
      _exit (0);
    }
  CHECK_EQ (waitpid (forked_child, &status, 0), forked_child);
  CHECK_EQ (status, 0);
  all_work (0);
  ev_loop_destroy (forked);
}

TEST (aio_fork_flag_set_in_the_parent, .backends = T_LINUXAIO)
{
  int fds, contexts, i;
  forked = t_loop (0);
  many_start (forked, 20, 0);
  all_work (0);
  fds = t_open_fds ();
  contexts = aio_contexts ();
  for (i = 0; i < 5; ++i)
    {
      many_add (); /* in the ring of before */
      ev_loop_fork (forked);
      many_expect (forked, 1);
    }
  CHECK_EQ (t_open_fds (), fds);
  CHECK_EQ (aio_contexts (), contexts);
  ev_loop_destroy (forked);
}

static void
child_counts_setups (void *unused)
{
  inject_follow ();
  ev_loop_fork (forked);
  all_work (unused);
  CHECK_EQ (inject_calls (SYS_io_setup), 1);
  CHECK_EQ (inject_call (SYS_io_setup, 0)->args[0], 15);
}

TEST (aio_fork_child_begins_with_the_smallest_ring, .backends = T_LINUXAIO)
{
  WATCH_AIO ();
  forked = t_loop (0);
  many_start (forked, 20, 1);
  inject_error (SYS_io_submit, EAGAIN, 0, 3);
  many_expect (forked, 1);
  CHECK_EQ (t_in_child (child_counts_setups, 0), 0);
  all_work (0);
  ev_loop_destroy (forked);
}

static void
child_is_refused_twice (void *unused)
{
  struct inject_rule *rule = inject_error (SYS_io_setup, EAGAIN, 0, 2);
  ev_set_syserr_cb (trace_syserr);
  ev_loop_fork (forked);
  all_work (unused);
  CHECK_EQ (rule->struck, 2);
  CHECK_TRACE ("(libev) linuxaio io_setup|11 (libev) linuxaio io_setup|11");
  CHECK_EQ (ev_backend (forked), EVBACKEND_LINUXAIO);
}

TEST (aio_fork_setup_in_the_child_is_tried_again, .backends = T_LINUXAIO)
{
  WATCH_AIO ();
  forked = t_loop (0);
  many_start (forked, 20, 0);
  drive (forked, 2);
  CHECK_EQ (t_in_child (child_is_refused_twice, 0), 0);
  all_work (0);
  ev_loop_destroy (forked);
}

TEST (aio_fork_late_event_of_the_ring_before, .backends = T_LINUXAIO)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w;
  int p[2];
  t_pipe (p);
  io_named (loop, &w, "r", p[0], EV_READ);
  drive (loop, 2);
  t_write (p[1], "x"); /* in the ring */
  t_drain (p[0]);      /* and not true any more */
  ev_loop_fork (loop);
  drive (loop, 3);
  CHECK_TRACE ("");
  t_write (p[1], "x");
  drive (loop, 1);
  CHECK_TRACE ("r:1");
  ev_loop_destroy (loop);
}
