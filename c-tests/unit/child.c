/* Child watchers of the default loop: who is called, when, with what. */
#include "drive.h"
#include "reasons.h"


static int
is_default (int signum)
{
  struct sigaction now;
  CHECK (!sigaction (signum, 0, &now));
  return now.sa_handler == SIG_DFL;
}

static int
is_blocked (int signum)
{
  sigset_t set;
  CHECK (!sigprocmask (SIG_BLOCK, 0, &set));
  return sigismember (&set, signum);
}

/* A child that has exited with `code` when this returns; still to be waited for. */
static pid_t
exited_child (int code)
{
  siginfo_t info;
  pid_t pid = fork ();
  CHECK (pid >= 0);
  if (!pid)
    _exit (code);
  CHECK (!waitid (P_PID, (id_t)pid, &info, WEXITED | WNOWAIT));
  return pid;
}

/* The same with a pid that is, or is not, a multiple of 16; the ones in between are waited for. */
static pid_t
exited_child_of (int multiple, int code)
{
  for (;;)
    {
      pid_t pid = exited_child (code);
      if ((pid % 16 == 0) == multiple)
        return pid;
      CHECK_EQ (waitpid (pid, 0, 0), pid);
    }
}

/* A child that waits for the end of the pipe's writer and then exits with `code`. */
static pid_t
waiting_child (int p[2], int code)
{
  pid_t pid = fork ();
  CHECK (pid >= 0);
  if (!pid)
    {
      char c;
      close (p[1]);
      fcntl (p[0], F_SETFL, 0);
      if (read (p[0], &c, 1) < 0)
        _exit (99);
      _exit (code);
    }
  return pid;
}

static pid_t last_pid;
static int last_status, last_priority;

static void
look (EV_P_ ev_child *w, int revents)
{
  (void)loop;
  last_pid = w->rpid;
  last_status = w->rstatus;
  last_priority = ev_priority (w);
  note_any ((ev_watcher *)w, revents);
}

static void
child_named (struct ev_loop *loop, ev_child *w, const char *name, pid_t pid, int trace)
{
  NAMED (w, look, name);
  ev_child_set (w, pid, trace);
  ev_child_start (loop, w);
}

TEST (child_exit_status)
{
  struct ev_loop *loop = t_default_loop (0);
  int p[2];
  ev_child w;
  pid_t pid;
  t_pipe (p);
  pid = waiting_child (p, 42);
  child_named (loop, &w, "w", pid, 0);
  drive (loop, 2);
  CHECK_TRACE ("");
  close (p[1]);
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("w:800");
  CHECK_EQ (last_pid, pid);
  CHECK (WIFEXITED (last_status));
  CHECK_EQ (WEXITSTATUS (last_status), 42);
  CHECK_EQ (waitpid (pid, 0, 0), -1); /* reaped */
  CHECK_EQ (errno, ECHILD);
  /* the watcher stays; the program stops it */
  CHECK (ev_is_active (&w));
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 1);
  ev_child_stop (loop, &w);
  ev_child_stop (loop, &w);
  CHECK_EQ (ev_run (loop, 0), 0);
  ev_loop_destroy (loop);
}

TEST (child_started_after_the_exit)
{
  struct ev_loop *loop = t_default_loop (0);
  ev_child w;
  pid_t pid = exited_child (7);
  child_named (loop, &w, "w", pid, 0);
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("w:800");
  CHECK_EQ (last_pid, pid);
  CHECK_EQ (WEXITSTATUS (last_status), 7);
  ev_loop_destroy (loop);
}

TEST (child_killed)
{
  struct ev_loop *loop = t_default_loop (0);
  int p[2];
  ev_child w;
  pid_t pid;
  t_pipe (p);
  pid = waiting_child (p, 0);
  child_named (loop, &w, "w", pid, 0);
  kill (pid, SIGKILL);
  drive_until (loop, &noted, 1);
  CHECK (WIFSIGNALED (last_status));
  CHECK_EQ (WTERMSIG (last_status), SIGKILL);
  ev_loop_destroy (loop);
}

TEST (child_pid_zero_is_any)
{
  struct ev_loop *loop = t_default_loop (0);
  ev_child w;
  pid_t first;
  child_named (loop, &w, "any", 0, 0);
  first = exited_child (1);
  drive_until (loop, &noted, 1);
  CHECK_EQ (last_pid, first);
  exited_child (2);
  exited_child (2);
  exited_child (2);
  drive_until (loop, &noted, 4);
  CHECK_TRACE ("any:800 any:800 any:800 any:800");
  CHECK_EQ (WEXITSTATUS (last_status), 2);
  CHECK_EQ (w.pid, 0);
  ev_loop_destroy (loop);
}

TEST (child_any_is_called_before_the_exact_one)
{
  struct ev_loop *loop = t_default_loop (0);
  ev_child exact, any, other;
  pid_t pid = exited_child_of (0, 1);
  child_named (loop, &exact, "exact", pid, 0);
  child_named (loop, &other, "other", pid + 16, 0);
  child_named (loop, &any, "any", 0, 0);
  drive_until (loop, &noted, 2);
  drive (loop, 2);
  CHECK_TRACE ("any:800 exact:800");
  ev_loop_destroy (loop);
}

TEST (child_any_and_a_pid_of_sixteen_go_in_order_of_start)
{
  struct ev_loop *loop = t_default_loop (0);
  ev_child exact, any;
  pid_t pid = exited_child_of (1, 1);
  child_named (loop, &exact, "exact", pid, 0);
  child_named (loop, &any, "any", 0, 0);
  drive_until (loop, &noted, 2);
  CHECK_TRACE ("exact:800 any:800");
  ev_loop_destroy (loop);
}

TEST (child_watchers_of_one_pid_in_order_of_start)
{
  struct ev_loop *loop = t_default_loop (0);
  ev_child a, b, c;
  pid_t pid = exited_child (3);
  child_named (loop, &a, "a", pid, 0);
  child_named (loop, &b, "b", pid, 0);
  child_named (loop, &c, "c", pid, 0);
  drive_until (loop, &noted, 3);
  CHECK_TRACE ("a:800 b:800 c:800");
  CHECK_EQ (a.rpid, pid);
  CHECK_EQ (b.rpid, pid);
  CHECK_EQ (c.rpid, pid);
  ev_loop_destroy (loop);
}

TEST (child_priority_becomes_the_highest)
{
  struct ev_loop *loop = t_default_loop (0);
  ev_child w;
  ev_idle high;
  pid_t pid = exited_child (0);
  NAMED (&w, look, "w");
  ev_child_set (&w, pid, 0);
  ev_set_priority (&w, -2);
  ev_child_start (loop, &w);
  CHECK_EQ (ev_priority (&w), -2);
  NAMED (&high, note_idle, "idle");
  ev_set_priority (&high, 1);
  ev_idle_start (loop, &high);
  while (!strstr (t_traced (), "w:800"))
    ev_run (loop, EVRUN_ONCE);
  CHECK_EQ (last_priority, EV_MAXPRI);
  CHECK_EQ (ev_priority (&w), EV_MAXPRI);
  ev_loop_destroy (loop);
}

TEST (child_each_watcher_gets_its_own)
{
  enum { CHILDREN = 40 };
  struct ev_loop *loop = t_default_loop (0);
  static ev_child w[CHILDREN];
  pid_t pids[CHILDREN];
  int i;
  for (i = 0; i < CHILDREN; ++i)
    {
      pids[i] = exited_child (i);
      child_named (loop, &w[i], "w", pids[i], 0);
    }
  drive_until (loop, &noted, CHILDREN);
  drive (loop, 3);
  CHECK_EQ (noted, CHILDREN);
  for (i = 0; i < CHILDREN; ++i)
    {
      CHECK_EQ (w[i].rpid, pids[i]);
      CHECK_EQ (w[i].rstatus, i << 8);
      ev_child_stop (loop, &w[i]);
    }
  CHECK_EQ (ev_run (loop, 0), 0);
  ev_loop_destroy (loop);
}

static ev_async between;

static void
send_between (EV_P_ ev_child *w, int revents)
{
  note_any ((ev_watcher *)w, revents);
  ev_feed_event (loop, &between, EV_ASYNC);
}

/* One child a round: what a callback feeds at the same priority comes before the next child. */
TEST (child_one_is_reaped_per_round)
{
  struct ev_loop *loop = t_default_loop (0);
  ev_child w;
  NAMED (&between, note_async, "between");
  ev_set_priority (&between, 2);
  NAMED (&w, send_between, "child");
  ev_child_set (&w, 0, 0);
  ev_child_start (loop, &w);
  exited_child (0);
  exited_child (0);
  exited_child (0);
  drive_until (loop, &noted, 6);
  CHECK_TRACE ("child:800 between:80000 child:800 between:80000 child:800 between:80000");
  ev_loop_destroy (loop);
}

TEST (child_stopped_and_continued_only_with_trace)
{
  struct ev_loop *loop = t_default_loop (0);
  ev_child quiet, traced;
  int p[2];
  pid_t pid;
  t_pipe (p);
  pid = waiting_child (p, 5);
  child_named (loop, &quiet, "quiet", pid, 0);
  child_named (loop, &traced, "traced", pid, 1);
  CHECK_EQ (traced.flags, 1);
  CHECK_EQ (quiet.flags, 0);
  kill (pid, SIGSTOP);
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("traced:800");
  CHECK (WIFSTOPPED (last_status));
  CHECK_EQ (WSTOPSIG (last_status), SIGSTOP);
  kill (pid, SIGCONT);
  drive_until (loop, &noted, 2);
  CHECK_TRACE ("traced:800 traced:800");
  CHECK (WIFCONTINUED (last_status));
  close (p[1]);
  drive_until (loop, &noted, 4);
  CHECK_TRACE ("traced:800 traced:800 quiet:800 traced:800");
  CHECK (WIFEXITED (last_status));
  ev_loop_destroy (loop);
}

TEST (child_trace_argument_is_a_truth_value, .once = 1)
{
  ev_child w;
  ev_child_init (&w, look, 17, 4);
  CHECK_EQ (w.flags, 1);
  CHECK_EQ (w.pid, 17);
}

TEST (child_unwatched_are_reaped_too)
{
  struct ev_loop *loop = t_default_loop (0);
  pid_t a = exited_child (1), b = exited_child (2);
  double end = t_clock () + 5.;
  siginfo_t info;
  CHECK_EQ (ev_run (loop, 0), 0); /* nothing keeps it alive */
  while (!waitid (P_ALL, 0, &info, WEXITED | WNOWAIT | WNOHANG) && info.si_pid)
    {
      CHECK (t_clock () < end);
      drive (loop, 1);
    }
  CHECK_EQ (waitpid (a, 0, WNOHANG), -1);
  CHECK_EQ (waitpid (b, 0, WNOHANG), -1);
  ev_loop_destroy (loop);
}

/* Stops itself and the next. */
static void
stop_two (EV_P_ ev_child *w, int revents)
{
  note_any ((ev_watcher *)w, revents);
  ev_child_stop (loop, w);
  ev_child_stop (loop, w + 1);
}

TEST (child_stopped_in_callbacks)
{
  struct ev_loop *loop = t_default_loop (0);
  ev_child w[3];
  pid_t pid = exited_child (0);
  child_named (loop, &w[0], "a", pid, 0);
  child_named (loop, &w[1], "b", pid, 0);
  child_named (loop, &w[2], "c", pid, 0);
  ev_set_cb (&w[0], stop_two);
  drive_until (loop, &noted, 2);
  CHECK_TRACE ("a:800 c:800");
  CHECK (!ev_is_active (&w[0]) && !ev_is_active (&w[1]) && !ev_is_pending (&w[1]));
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 1);
  ev_loop_destroy (loop);
}

static ev_child second;

static void
spawn_another (EV_P_ ev_child *w, int revents)
{
  note_any ((ev_watcher *)w, revents);
  ev_child_stop (loop, w);
  child_named (loop, &second, "second", exited_child (9), 0);
}

TEST (child_forked_and_watched_in_a_callback)
{
  struct ev_loop *loop = t_default_loop (0);
  ev_child w;
  child_named (loop, &w, "first", exited_child (0), 0);
  ev_set_cb (&w, spawn_another);
  drive_until (loop, &noted, 2);
  CHECK_TRACE ("first:800 second:800");
  CHECK_EQ (WEXITSTATUS (last_status), 9);
  ev_loop_destroy (loop);
}

static void
other_loop (void *arg)
{
  struct ev_loop *loop;
  ev_child w;
  (void)arg;
  t_default_loop (0);
  loop = t_loop (0);
  child_named (loop, &w, "w", 0, 0);
}

TEST (child_in_another_loop_aborts)
{
  t_expect_abort (other_loop, 0, "libev: ");
}

static void
sigchld_elsewhere (void *arg)
{
  ev_signal w;
  (void)arg;
  t_default_loop (0);
  ev_signal_init (&w, note_signal, SIGCHLD);
  ev_signal_start (t_loop (0), &w);
}

TEST (child_signal_belongs_to_the_default_loop)
{
  t_expect_abort (sigchld_elsewhere, 0, "libev: ");
}

TEST (child_signal_can_be_watched_beside_it)
{
  struct ev_loop *loop = t_default_loop (0);
  ev_child w;
  ev_signal s;
  NAMED (&s, note_signal, "sigchld");
  ev_signal_set (&s, SIGCHLD);
  ev_signal_start (loop, &s);
  child_named (loop, &w, "child", exited_child (0), 0);
  raise (SIGCHLD); /* the one of the exit may have come before the watcher */
  drive_until (loop, &noted, 2);
  CHECK_TRACE ("child:800 sigchld:400");
  ev_signal_stop (loop, &s);
  CHECK (!is_default (SIGCHLD)); /* the loop's own stays */
  ev_loop_destroy (loop);
}

TEST (child_handler_from_creation_to_destroy)
{
  struct ev_loop *loop;
  CHECK (is_default (SIGCHLD));
  loop = t_default_loop (0);
  CHECK (!is_default (SIGCHLD));
  CHECK_EQ (ev_run (loop, 0), 0); /* not counted */
  ev_loop_destroy (loop);
  CHECK (is_default (SIGCHLD));
}

TEST (child_no_handler_for_other_loops)
{
  struct ev_loop *loop = t_loop (0);
  CHECK (is_default (SIGCHLD));
  drive (loop, 1);
  CHECK (is_default (SIGCHLD));
  ev_loop_destroy (loop);
}

TEST (child_after_the_default_loop_was_made_again)
{
  struct ev_loop *loop = t_default_loop (0);
  ev_child w;
  child_named (loop, &w, "w", exited_child (1), 0);
  drive_until (loop, &noted, 1);
  ev_child_stop (loop, &w);
  ev_loop_destroy (loop);
  loop = t_default_loop (0);
  child_named (loop, &w, "again", exited_child (2), 0);
  drive_until (loop, &noted, 2);
  CHECK_TRACE ("w:800 again:800");
  CHECK_EQ (WEXITSTATUS (last_status), 2);
  ev_loop_destroy (loop);
}

TEST (child_default_loop_made_after_the_exit)
{
  pid_t pid = exited_child (3);
  struct ev_loop *loop = t_default_loop (0);
  ev_child w;
  child_named (loop, &w, "w", pid, 0);
  drive (loop, 2);
  CHECK_TRACE (""); /* the signal was lost, ... */
  raise (SIGCHLD);
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("w:800"); /* ... the status is not */
  ev_loop_destroy (loop);
}

TEST (child_with_signalfd, .ours_only = SIGNALFD_ON_AIO, .ours_only_on = T_LINUXAIO)
{
  struct ev_loop *loop = t_default_loop (EVFLAG_SIGNALFD);
  ev_child w;
  CHECK (is_blocked (SIGCHLD));
  CHECK (is_default (SIGCHLD));
  drive (loop, 2);
  child_named (loop, &w, "w", exited_child (4), 0);
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("w:800");
  CHECK_EQ (WEXITSTATUS (last_status), 4);
  ev_loop_destroy (loop);
  CHECK (!is_blocked (SIGCHLD));
}

TEST (child_signal_fed_to_a_signalfd_loop,
      .ours_only = "ev_feed_signal (SIGCHLD) into a SIGNALFD default loop without another wake-up user aborts the next run of the reference")
{
  struct ev_loop *loop = t_default_loop (EVFLAG_SIGNALFD);
  ev_signal s;
  NAMED (&s, note_signal, "sigchld");
  ev_signal_set (&s, SIGCHLD);
  ev_signal_start (loop, &s);
  ev_feed_signal (SIGCHLD);
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("sigchld:400");
  ev_loop_destroy (loop);
}

TEST (child_stop_of_pending)
{
  struct ev_loop *loop = t_default_loop (0);
  ev_child w;
  NAMED (&w, look, "w");
  ev_child_set (&w, 1, 0);
  ev_feed_event (loop, &w, EV_CHILD);
  ev_child_stop (loop, &w);
  CHECK (!ev_is_pending (&w));
  ev_invoke_pending (loop);
  CHECK_TRACE ("");
  ev_loop_destroy (loop);
}
