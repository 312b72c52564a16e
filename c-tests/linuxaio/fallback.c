/* linuxaio: descriptors that the kernel won't poll this way go to epoll, one by one, and come back. On current kernels that is
 * a quiet pty that is watched for reading alone; other kinds are sent there by an injected EINVAL.
 */
#include "aio.h"

#include <pty.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <termios.h>

/* Bytes go through as they are. */
static void
open_pty (int *master, int *slave)
{
  struct termios raw;
  CHECK (!openpty (master, slave, 0, 0, 0));
  CHECK (!tcgetattr (*slave, &raw));
  cfmakeraw (&raw);
  CHECK (!tcsetattr (*slave, TCSANOW, &raw));
  fcntl (*master, F_SETFL, O_NONBLOCK);
  fcntl (*slave, F_SETFL, O_NONBLOCK);
  fcntl (*master, F_SETFD, FD_CLOEXEC);
  fcntl (*slave, F_SETFD, FD_CLOEXEC);
}

static int
epoll_calls (int operation, int fd)
{
  int i, n = 0;
  const struct inject_call *call;
  for (i = 0; (call = inject_call (SYS_epoll_ctl, i)); ++i)
    n += (int)call->args[1] == operation && (int)call->args[2] == fd;
  return n;
}

/* Starts `w` on `fd` and has io_submit refuse it, alone. The loop must have run before. */
static void
start_in_epoll (struct ev_loop *loop, ev_io *w, const char *name, int fd, int events)
{
  struct inject_rule *rule = inject_error (SYS_io_submit, EINVAL, 0, 1);
  io_named (loop, w, name, fd, events);
  inject_mark ();
  drive (loop, 1);
  CHECK_EQ (rule->struck, 1);
  CHECK_EQ (epoll_calls (EPOLL_CTL_ADD, fd), 1);
  inject_end (rule);
}

/* ---- ptys ---- */

TEST (fallback_of_a_quiet_pty, .backends = T_LINUXAIO)
{
  struct ev_loop *loop;
  ev_io w;
  int master, slave;
  WATCH_AIO ();
  loop = t_loop (0);
  open_pty (&master, &slave);
  io_named (loop, &w, "r", master, EV_READ);
  drive (loop, 3);
  CHECK_EQ (epoll_calls (EPOLL_CTL_ADD, master), 1);
  CHECK_EQ (ev_backend (loop), EVBACKEND_LINUXAIO);
  CHECK_TRACE ("");
  t_write (slave, "x");
  drive_until (loop, &noted, 2);
  CHECK_TRACE ("r:1 r:1"); /* until it is read */
  CHECK_EQ (t_drain (master), 1);
  drive (loop, 2);
  noted = 0;
  drive (loop, 3);
  CHECK_EQ (noted, 0);
  t_write (slave, "yz");
  drive_until (loop, &noted, 1);
  ev_loop_destroy (loop);
}

TEST (fallback_of_both_ends_of_a_pty, .backends = T_LINUXAIO)
{
  struct ev_loop *loop = t_loop (0);
  ev_io m, s;
  int master, slave;
  open_pty (&master, &slave);
  io_named (loop, &m, "master", master, EV_READ);
  io_named (loop, &s, "slave", slave, EV_READ);
  drive (loop, 3);
  CHECK_TRACE ("");
  t_write (slave, "x");
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("master:1");
  t_drain (master);
  drive (loop, 2);
  t_trace_reset ();
  noted = 0;
  t_write (master, "y");
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("slave:1");
  ev_loop_destroy (loop);
}

TEST (fallback_leaves_the_others, .backends = T_LINUXAIO)
{
  struct ev_loop *loop;
  ev_io w;
  int master, slave;
  WATCH_AIO ();
  loop = t_loop (0);
  many_start (loop, 20, 0);
  open_pty (&master, &slave);
  io_named (loop, &w, "pty", master, EV_READ);
  drive (loop, 3);
  CHECK_EQ (inject_calls_with (SYS_epoll_ctl, 1, EPOLL_CTL_ADD), 1); /* the pty alone */
  inject_mark ();
  many_add ();
  many_expect (loop, 1);
  CHECK_EQ (inject_calls (SYS_epoll_ctl), 0);
  CHECK_TRACE ("");
  t_write (slave, "x");
  drive_until (loop, &noted, 1);
  many_add ();
  many_expect (loop, 1);
  many_end (loop);
  ev_loop_destroy (loop);
}

TEST (fallback_comes_back_when_the_kernel_takes_it, .backends = T_LINUXAIO)
{
  struct ev_loop *loop;
  ev_io w;
  int master, slave;
  WATCH_AIO ();
  loop = t_loop (0);
  open_pty (&master, &slave);
  io_named (loop, &w, "w", master, EV_READ);
  drive (loop, 3);
  CHECK_EQ (epoll_calls (EPOLL_CTL_ADD, master), 1);
  inject_mark ();
  ev_io_stop (loop, &w);
  ev_io_modify (&w, EV_READ | EV_WRITE); /* so it is taken */
  ev_io_start (loop, &w);
  drive (loop, 1);
  CHECK_EQ (epoll_calls (EPOLL_CTL_DEL, master), 1);
  drive_until (loop, &noted, 3);
  CHECK_TRACE ("w:2 w:2 w:2");
  CHECK_EQ (epoll_calls (EPOLL_CTL_ADD, master), 0);
  inject_mark ();
  ev_io_stop (loop, &w);
  ev_io_modify (&w, EV_READ); /* and there again */
  ev_io_start (loop, &w);
  drive (loop, 2);
  t_trace_reset ();
  drive (loop, 2);
  CHECK_TRACE ("");
  CHECK_EQ (epoll_calls (EPOLL_CTL_ADD, master), 1);
  t_write (slave, "x");
  noted = 0;
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("w:1");
  ev_loop_destroy (loop);
}

TEST (fallback_and_back_a_hundred_times, .backends = T_LINUXAIO)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w;
  int master, slave, i;
  open_pty (&master, &slave);
  io_named (loop, &w, "w", master, EV_READ);
  for (i = 0; i < 100; ++i)
    {
      drive (loop, 2);
      t_trace_reset ();
      drive (loop, 1);
      CHECK_TRACE (i % 2 ? "w:2" : "");
      ev_io_stop (loop, &w);
      ev_io_modify (&w, i % 2 ? EV_READ : EV_READ | EV_WRITE);
      ev_io_start (loop, &w);
    }
  ev_loop_destroy (loop);
}

TEST (fallback_of_a_pty_that_was_readable_at_first, .backends = T_LINUXAIO)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w;
  int master, slave, i;
  open_pty (&master, &slave);
  t_write (slave, "x");
  io_named (loop, &w, "r", master, EV_READ);
  for (i = 0; i < 30; ++i)
    {
      noted = 0;
      drive_until (loop, &noted, 1);
      CHECK (t_drain (master) > 0);
      drive (loop, 2);
      noted = 0;
      drive (loop, 2);
      CHECK_EQ (noted, 0);
      t_write (slave, "x");
    }
  ev_loop_destroy (loop);
}

TEST (fallback_of_a_hundred_ptys_ready_at_once, .backends = T_LINUXAIO)
{
  enum { N = 100 };
  static ev_io w[N];
  static int master[N], slave[N];
  struct ev_loop *loop = t_loop (0);
  int i;
  for (i = 0; i < N; ++i)
    {
      open_pty (&master[i], &slave[i]);
      io_named (loop, &w[i], "r", master[i], EV_READ);
    }
  drive (loop, 3);
  CHECK_EQ (noted, 0);
  for (i = 0; i < N; ++i)
    t_write (slave[i], "x");
  for (i = 0; i < N; ++i)
    {
      struct pollfd ready = { master[i], POLLIN, 0 };
      CHECK_EQ (poll (&ready, 1, 5000), 1);
    }
  while (noted < 10 * N)
    ev_run (loop, EVRUN_ONCE);
  for (i = 0; i < N; ++i)
    {
      CHECK_EQ (t_drain (master[i]), 1);
      ev_io_stop (loop, &w[i]);
    }
  noted = 0;
  drive (loop, 3);
  CHECK_EQ (noted, 0);
  ev_loop_destroy (loop);
}

static int each_called[200];

static void
count_and_stop (EV_P_ ev_io *w, int revents)
{
  CHECK_EQ (revents, EV_READ);
  ++each_called[w->fd];
  ++noted;
  ev_io_stop (loop, w);
}

TEST (fallback_tells_every_pty_apart, .backends = T_LINUXAIO)
{
  enum { N = 70 };
  static ev_io w[N];
  static int master[N], slave[N];
  struct ev_loop *loop = t_loop (0);
  int i;
  for (i = 0; i < N; ++i)
    {
      open_pty (&master[i], &slave[i]);
      CHECK (master[i] < 200);
      ev_io_init (&w[i], count_and_stop, master[i], EV_READ);
      ev_io_start (loop, &w[i]);
    }
  drive (loop, 3);
  for (i = 0; i < N; i += 2)
    t_write (slave[i], "x");
  drive_until (loop, &noted, N / 2);
  drive (loop, 3);
  for (i = 0; i < N; ++i)
    CHECK_EQ (each_called[master[i]], i % 2 == 0);
  CHECK_EQ (noted, N / 2);
  ev_loop_destroy (loop);
}

TEST (fallback_sees_the_other_end_of_a_pty_close, .backends = T_LINUXAIO)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w;
  int master, slave;
  open_pty (&master, &slave);
  io_named (loop, &w, "r", master, EV_READ);
  drive (loop, 3);
  close (slave);
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("r:1");
  ev_loop_destroy (loop);
}

TEST (fallback_stopped_pty_is_quiet, .backends = T_LINUXAIO)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer t;
  ev_io w;
  int master, slave;
  open_pty (&master, &slave);
  io_named (loop, &w, "r", master, EV_READ);
  drive (loop, 3);
  ev_io_stop (loop, &w);
  t_write (slave, "x");
  timer_named (loop, &t, "t", .05, 0.);
  ev_run (loop, 0); /* ends by the timer alone, and doesn't spin: */
  CHECK_TRACE ("t:100");
  CHECK (ev_iteration (loop) < 20);
  ev_io_start (loop, &w);
  drive_until (loop, &noted, 2);
  CHECK_TRACE ("t:100 r:1");
  ev_loop_destroy (loop);
}

TEST (fallback_number_is_a_pipe_next, .backends = T_LINUXAIO)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w;
  int master, slave, p[2], fd;
  open_pty (&master, &slave);
  io_named (loop, &w, "pty", master, EV_READ);
  drive (loop, 3);
  ev_io_stop (loop, &w);
  close (fd = master);
  t_pipe (p);
  move_fd (&p[0], fd);
  io_named (loop, &w, "pipe", fd, EV_READ);
  drive (loop, 3);
  CHECK_TRACE ("");
  t_write (p[1], "x");
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("pipe:1");
  ev_io_stop (loop, &w);
  close (fd);
  open_pty (&master, &slave);
  move_fd (&master, fd);
  io_named (loop, &w, "pty", fd, EV_READ);
  drive (loop, 3);
  CHECK_TRACE ("pipe:1");
  t_write (slave, "x");
  drive_until (loop, &noted, 2);
  CHECK_TRACE ("pipe:1 pty:1");
  ev_loop_destroy (loop);
}

TEST (fallback_dup_of_a_pty, .backends = T_LINUXAIO)
{
  struct ev_loop *loop = t_loop (0);
  ev_io a, b;
  int master, slave, twin;
  open_pty (&master, &slave);
  twin = dup (master);
  io_named (loop, &a, "a", master, EV_READ);
  io_named (loop, &b, "b", twin, EV_READ);
  drive (loop, 3);
  ev_io_stop (loop, &a);
  close (master); /* the file lives on */
  drive (loop, 2);
  t_write (slave, "x");
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("b:1");
  ev_loop_destroy (loop);
}

TEST (fallback_keeps_the_watchers_priority, .backends = T_LINUXAIO)
{
  struct ev_loop *loop = t_loop (0);
  ev_io low, high;
  int master, slave, p[2];
  open_pty (&master, &slave);
  t_pipe (p);
  NAMED (&low, note_io, "low");
  ev_io_set (&low, master, EV_READ);
  ev_set_priority (&low, -1);
  NAMED (&high, note_io, "high");
  ev_io_set (&high, p[0], EV_READ);
  ev_set_priority (&high, 1);
  ev_io_start (loop, &low);
  ev_io_start (loop, &high);
  drive (loop, 3);
  t_write (slave, "x");
  {
    struct pollfd ready = { master, POLLIN, 0 };
    CHECK_EQ (poll (&ready, 1, 5000), 1);
  }
  t_write (p[1], "x");
  drive_until (loop, &noted, 2);
  CHECK_EQ (strncmp (t_traced (), "high:1 low:1", 12), 0);
  ev_loop_destroy (loop);
}

TEST (fallback_wakes_a_waiting_loop, .backends = T_LINUXAIO)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w;
  int master, slave, status;
  pid_t pid;
  open_pty (&master, &slave);
  io_named (loop, &w, "r", master, EV_READ);
  drive (loop, 3);
  pid = fork ();
  CHECK (pid >= 0);
  if (!pid)
    {
      t_nap (.05);
      t_write (slave, "x");
      _exit (0);
    }
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("r:1");
  CHECK_EQ (waitpid (pid, &status, 0), pid);
  ev_loop_destroy (loop);
}

TEST (fallback_has_no_active_watcher_of_its_own, .backends = T_LINUXAIO)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w;
  int master, slave;
  open_pty (&master, &slave);
  io_named (loop, &w, "r", master, EV_READ);
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 1);
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 1);
  ev_io_stop (loop, &w);
  CHECK_EQ (ev_run (loop, 0), 0);
  ev_loop_destroy (loop);
}

/* ---- any kind, by injection ---- */

TEST (fallback_of_a_pipe_and_back, .backends = T_LINUXAIO)
{
  struct ev_loop *loop;
  ev_io w;
  int p[2];
  WATCH_AIO ();
  loop = t_loop (0);
  drive (loop, 2);
  t_pipe (p);
  start_in_epoll (loop, &w, "r", p[0], EV_READ);
  CHECK_TRACE ("");
  t_write (p[1], "x");
  drive_until (loop, &noted, 2);
  CHECK_TRACE ("r:1 r:1");
  CHECK_EQ (ev_backend (loop), EVBACKEND_LINUXAIO);
  t_drain (p[0]);
  drive (loop, 2);
  t_trace_reset ();
  inject_mark ();
  ev_io_stop (loop, &w);
  ev_io_set (&w, p[0], EV_READ); /* asked again, and taken this time */
  ev_io_start (loop, &w);
  drive (loop, 2);
  CHECK_EQ (epoll_calls (EPOLL_CTL_DEL, p[0]), 1);
  CHECK_EQ (epoll_calls (EPOLL_CTL_ADD, p[0]), 0);
  t_write (p[1], "x");
  inject_mark ();
  drive (loop, 1);
  CHECK_TRACE ("r:1");
  CHECK_EQ (inject_calls (-1), 0); /* from the ring */
  ev_loop_destroy (loop);
}

TEST (fallback_of_one_in_the_middle_of_a_submit, .backends = T_LINUXAIO)
{
  /* The kernel stops at it, what comes after it must be submitted all the same. */
  enum { N = 21 };
  struct ev_loop *loop;
  int i, master, slave;
  ev_io w;
  WATCH_AIO ();
  loop = t_loop (0);
  open_pty (&master, &slave);
  many = calloc (N, sizeof *many);
  many_called = calloc (N, sizeof *many_called);
  many_open = N;
  for (i = 0; i < N; ++i)
    {
      if (i == N / 2)
        io_named (loop, &w, "pty", master, EV_READ);
      ev_io_init (&many[i], many_ready, counter_fd (1), EV_READ);
      ev_io_start (loop, &many[i]);
    }
  many_expect (loop, 1);
  CHECK_EQ (inject_calls_with (SYS_epoll_ctl, 1, EPOLL_CTL_ADD), 1);
  CHECK_EQ (epoll_calls (EPOLL_CTL_ADD, master), 1);
  t_write (slave, "x");
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("pty:1");
  ev_loop_destroy (loop);
}

TEST (fallback_of_all, .backends = T_LINUXAIO)
{
  enum { N = 10 };
  static ev_io w[N];
  struct ev_loop *loop;
  int i, p[N][2];
  WATCH_AIO ();
  loop = t_loop (0);
  drive (loop, 2);
  for (i = 0; i < N; ++i)
    {
      t_pipe (p[i]);
      start_in_epoll (loop, &w[i], "r", p[i][0], EV_READ);
    }
  for (i = 0; i < N; ++i)
    t_write (p[i][1], "x");
  drive_until (loop, &noted, N);
  for (i = 0; i < N; ++i)
    t_drain (p[i][0]);
  drive (loop, 2);
  noted = 0;
  drive (loop, 2);
  CHECK_EQ (noted, 0);
  for (i = 0; i < N; ++i)
    {
      ev_io_stop (loop, &w[i]);
      close (p[i][0]);
    }
  drive (loop, 2);
  CHECK_EQ (ev_run (loop, 0), 0);
  ev_loop_destroy (loop);
}

#define ALWAYS_READY "a file that neither linuxaio nor epoll takes is always ready on linuxaio too (in the reference never)"

TEST (fallback_of_a_regular_file_is_always_ready, .backends = T_LINUXAIO, .ours_only = ALWAYS_READY)
{
  /* epoll takes none of those either. */
  struct ev_loop *loop;
  struct inject_rule *rule;
  ev_io w, other;
  ev_timer t;
  int p[2], fd;
  char name[4096];
  WATCH_AIO ();
  loop = t_loop (0);
  t_pipe (p);
  io_named (loop, &other, "pipe", p[0], EV_READ);
  drive (loop, 2);
  snprintf (name, sizeof name, "%s/file", t_tmpdir ());
  fd = open (name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  CHECK (fd >= 0);
  rule = inject_error (SYS_io_submit, EINVAL, 0, 1);
  io_named (loop, &w, "file", fd, EV_READ | EV_WRITE);
  drive (loop, 1);
  CHECK_EQ (rule->struck, 1);
  drive (loop, 2);
  noted = 0;
  t_trace_reset ();
  ev_run (loop, EVRUN_ONCE);
  ev_run (loop, EVRUN_ONCE);
  ev_run (loop, EVRUN_ONCE);
  CHECK_TRACE ("file:3 file:3 file:3"); /* in each iteration, none of which waits */
  t_write (p[1], "x");
  drive_until (loop, &noted, 5);
  CHECK (strstr (t_traced (), "pipe:1"));
  ev_io_stop (loop, &w);
  t_drain (p[0]);
  drive (loop, 2);
  t_trace_reset ();
  timer_named (loop, &t, "t", .02, 0.);
  while (!strstr (t_traced (), "t:100"))
    ev_run (loop, EVRUN_ONCE);
  CHECK_TRACE ("t:100");
  ev_loop_destroy (loop);
}

TEST (fallback_regular_file_number_is_a_pipe_next, .backends = T_LINUXAIO, .ours_only = ALWAYS_READY)
{
  struct ev_loop *loop;
  struct inject_rule *rule;
  ev_io w;
  int p[2], fd;
  char name[4096];
  WATCH_AIO ();
  loop = t_loop (0);
  drive (loop, 2);
  snprintf (name, sizeof name, "%s/file", t_tmpdir ());
  fd = open (name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  rule = inject_error (SYS_io_submit, EINVAL, 0, 1);
  io_named (loop, &w, "file", fd, EV_READ);
  drive (loop, 3);
  CHECK_EQ (rule->struck, 1);
  CHECK (noted >= 1);
  ev_io_stop (loop, &w);
  t_pipe (p);
  CHECK_EQ (dup3 (p[0], fd, O_CLOEXEC), fd);
  t_trace_reset ();
  io_named (loop, &w, "pipe", fd, EV_READ);
  drive (loop, 3);
  CHECK_TRACE ("");
  t_write (p[1], "x");
  noted = 0;
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("pipe:1");
  ev_loop_destroy (loop);
}

TEST (fallback_of_a_closed_descriptor_is_an_error,
      .backends = T_LINUXAIO, .ours_only = "the reference aborts the process on a closed descriptor (linuxaio)")
{
  struct ev_loop *loop;
  ev_io w;
  int fd;
  WATCH_AIO ();
  loop = t_loop (0);
  drive (loop, 2);
  fd = dup (0);
  close (fd);
  inject_error (SYS_io_submit, EINVAL, 0, 1);
  io_named (loop, &w, "closed", fd, EV_READ);
  drive (loop, 3);
  CHECK_TRACE ("closed:80000003");
  CHECK (!ev_is_active (&w));
  ev_loop_destroy (loop);
}

TEST (fallback_hang_up_is_both, .backends = T_LINUXAIO)
{
  struct ev_loop *loop;
  ev_io w;
  int s[2];
  char block[4096] = { 0 };
  WATCH_AIO ();
  loop = t_loop (0);
  drive (loop, 2);
  t_socketpair (s);
  while (write (s[0], block, sizeof block) > 0)
    ;
  start_in_epoll (loop, &w, "w", s[0], EV_READ | EV_WRITE);
  CHECK_TRACE ("");
  close (s[1]);
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("w:3");
  ev_loop_destroy (loop);
}

/* ---- files, which the kernel takes ---- */

TEST (fallback_not_needed_for_files_and_directories, .backends = T_LINUXAIO)
{
  struct ev_loop *loop = t_loop (0);
  ev_io file, directory, null;
  char name[4096];
  int fd[3], i;
  snprintf (name, sizeof name, "%s/file", t_tmpdir ());
  fd[0] = open (name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  fd[1] = open (t_tmpdir (), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  fd[2] = open ("/dev/null", O_RDWR | O_CLOEXEC);
  for (i = 0; i < 3; ++i)
    CHECK (fd[i] >= 0);
  io_named (loop, &file, "file", fd[0], EV_READ | EV_WRITE);
  drive_until (loop, &noted, 3);
  CHECK_TRACE ("file:3 file:3 file:3");
  ev_io_stop (loop, &file);
  t_trace_reset ();
  noted = 0;
  io_named (loop, &directory, "directory", fd[1], EV_READ);
  drive_until (loop, &noted, 2);
  CHECK_TRACE ("directory:1 directory:1");
  ev_io_stop (loop, &directory);
  t_trace_reset ();
  noted = 0;
  io_named (loop, &null, "null", fd[2], EV_READ | EV_WRITE);
  drive_until (loop, &noted, 2);
  CHECK_TRACE ("null:3 null:3");
  ev_loop_destroy (loop);
}

/* ---- signalfds ---- */

#define SIGNALFD "a signalfd becomes readable on linuxaio too (in the reference never, once its poll is armed)"

TEST (fallback_signalfd_of_the_program, .backends = T_LINUXAIO, .ours_only = SIGNALFD)
{
  struct ev_loop *loop = t_loop (0);
  struct signalfd_siginfo info;
  sigset_t set;
  ev_io w;
  int fd, i;
  sigemptyset (&set);
  sigaddset (&set, SIGUSR1);
  sigprocmask (SIG_BLOCK, &set, 0);
  fd = signalfd (-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  CHECK (fd >= 0);
  io_named (loop, &w, "s", fd, EV_READ);
  for (i = 0; i < 5; ++i)
    {
      drive (loop, 3);
      CHECK_EQ (noted, 0);
      kill (getpid (), SIGUSR1);
      drive_until (loop, &noted, 1);
      CHECK_EQ (read (fd, &info, sizeof info), sizeof info);
      drive (loop, 2);
      noted = 0;
    }
  ev_loop_destroy (loop);
}

TEST (fallback_signalfd_of_the_loop, .backends = T_LINUXAIO, .ours_only = SIGNALFD)
{
  struct ev_loop *loop = t_loop (EVFLAG_SIGNALFD);
  ev_signal s;
  int i;
  NAMED (&s, note_signal, "s");
  ev_signal_set (&s, SIGUSR1);
  ev_signal_start (loop, &s);
  drive (loop, 3);
  for (i = 1; i <= 3; ++i)
    {
      kill (getpid (), SIGUSR1);
      drive_until (loop, &noted, i);
      drive (loop, 3);
    }
  CHECK_TRACE ("s:400 s:400 s:400");
  ev_signal_stop (loop, &s);
  ev_loop_destroy (loop);
}
