/* Descriptors that are closed, or can't be waited for: EV_ERROR to their watchers, and the loop goes on. */
#include "drive.h"
#include "reasons.h"

#define ERROR_BITS (unsigned)(EV_ERROR | EV_READ | EV_WRITE)
#define ABORTS_ON (T_POLL | T_EPOLL | T_LINUXAIO)

/* A number that is not open. */
static int
closed_number (void)
{
  int fd = dup (0);
  CHECK (fd >= 0);
  close (fd);
  return fd;
}

TEST (closed_fd_started, .ours_only = ABORTS_ON_CLOSED, .ours_only_on = ABORTS_ON)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w;
  io_named (loop, &w, "w", closed_number (), EV_READ);
  CHECK (ev_is_active (&w)); /* noticed when the kernel is asked */
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 0);
  CHECK_TRACE ("w:80000003");
  CHECK (!ev_is_active (&w) && !ev_is_pending (&w));
  drive (loop, 2);
  CHECK_TRACE ("w:80000003");
  ev_verify (loop);
  ev_loop_destroy (loop);
}

TEST (closed_fd_every_watcher_of_it, .ours_only = ABORTS_ON_CLOSED, .ours_only_on = ABORTS_ON)
{
  struct ev_loop *loop = t_loop (0);
  ev_io a, b, c;
  int fd = closed_number ();
  io_named (loop, &a, "a", fd, EV_READ);
  io_named (loop, &b, "b", fd, EV_WRITE);
  io_named (loop, &c, "c", fd, EV_READ | EV_WRITE);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_EQ (noted, 3);
  CHECK (strstr (t_traced (), "a:80000003"));
  CHECK (strstr (t_traced (), "b:80000003"));
  CHECK (strstr (t_traced (), "c:80000003"));
  CHECK (!ev_is_active (&a) && !ev_is_active (&b) && !ev_is_active (&c));
  ev_loop_destroy (loop);
}

TEST (closed_fd_beside_healthy_ones, .ours_only = ABORTS_ON_CLOSED, .ours_only_on = ABORTS_ON)
{
  struct ev_loop *loop = t_loop (0);
  ev_io bad, good;
  int p[2], fd;
  t_pipe (p);
  fd = closed_number ();
  io_named (loop, &good, "good", p[0], EV_READ);
  io_named (loop, &bad, "bad", fd, EV_READ);
  drive (loop, 3);
  CHECK_TRACE ("bad:80000003");
  CHECK (ev_is_active (&good) && !ev_is_active (&bad));
  t_write (p[1], "x");
  drive_until (loop, &noted, 3);
  CHECK_TRACE ("bad:80000003 good:1 good:1");
  ev_loop_destroy (loop);
}

TEST (closed_fd_several_at_once, .ours_only = ABORTS_ON_CLOSED, .ours_only_on = ABORTS_ON)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w[20], good;
  int fd[20], p[2], i;
  t_pipe (p);
  t_write (p[1], "x");
  for (i = 0; i < 20; ++i)
    fd[i] = dup (0);
  for (i = 0; i < 20; ++i)
    close (fd[i]);
  for (i = 0; i < 20; ++i)
    io_named (loop, &w[i], "bad", fd[i], i % 2 ? EV_READ : EV_WRITE);
  ev_io_init (&good, note_io, p[0], EV_READ);
  good.data = (void *)"good";
  ev_set_priority (&good, -2);
  ev_io_start (loop, &good);
  drive_until (loop, &noted, 21);
  for (i = 0; i < 20; ++i)
    CHECK (!ev_is_active (&w[i]));
  CHECK (ev_is_active (&good));
  t_trace_reset ();
  noted = 0;
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("good:1");
  ev_loop_destroy (loop);
}

static int next_fd;

static void
start_on_the_next (EV_P_ ev_io *w, int revents)
{
  note_any ((ev_watcher *)w, revents);
  if (!(revents & EV_ERROR))
    return;
  CHECK (!ev_is_active (w));
  ev_io_set (w, next_fd, EV_READ);
  ev_io_start (loop, w);
}

TEST (closed_fd_watcher_restarted_on_another_in_its_callback, .ours_only = ABORTS_ON_CLOSED, .ours_only_on = ABORTS_ON)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w;
  int p[2], fd;
  t_pipe (p);
  t_write (p[1], "x");
  next_fd = p[0];
  fd = closed_number ();
  NAMED (&w, start_on_the_next, "w");
  ev_io_set (&w, fd, EV_READ);
  ev_io_start (loop, &w);
  drive_until (loop, &noted, 2);
  CHECK_TRACE ("w:80000003 w:1");
  ev_loop_destroy (loop);
}

TEST (closed_fd_number_opened_again_after_the_error, .ours_only = ABORTS_ON_CLOSED, .ours_only_on = ABORTS_ON)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w;
  int p[2], fd;
  t_pipe (p);
  fd = closed_number ();
  io_named (loop, &w, "w", fd, EV_READ);
  drive (loop, 1);
  CHECK_TRACE ("w:80000003");
  CHECK_EQ (dup2 (p[0], fd), fd);
  ev_io_set (&w, fd, EV_READ);
  ev_io_start (loop, &w);
  drive (loop, 2);
  CHECK_TRACE ("w:80000003");
  t_write (p[1], "x");
  drive_until (loop, &noted, 2);
  CHECK_TRACE ("w:80000003 w:1");
  ev_loop_destroy (loop);
}

TEST (closed_fd_stopped_before_the_iteration)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w;
  io_named (loop, &w, "w", closed_number (), EV_READ);
  ev_io_stop (loop, &w);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_TRACE ("");
  ev_loop_destroy (loop);
}

TEST (closed_fd_after_stop_in_the_same_iteration)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w, other;
  int p[2], q[2];
  t_pipe (p);
  t_pipe (q);
  io_named (loop, &w, "w", p[0], EV_READ);
  io_named (loop, &other, "other", q[0], EV_READ);
  drive (loop, 2);
  ev_io_stop (loop, &w);
  close (p[0]);
  drive (loop, 2);
  CHECK_TRACE ("");
  t_write (q[1], "x");
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("other:1");
  ev_loop_destroy (loop);
}

static void
never_sent (EV_P_ ev_async *w, int revents)
{
  CHECK (!"nobody sends");
}

/* A program that closes all it does not know: the number of the loop's own descriptor is soon one of the program's. */
TEST (closed_fd_that_was_the_loops_own)
{
  struct ev_loop *loop = t_loop (0);
  ev_async unsent;
  ev_io w;
  int p[2], own;
  t_pipe (p);
  own = closed_number ();
  ev_async_init (&unsent, never_sent);
  ev_async_start (loop, &unsent);
  drive (loop, 1);
  close (own);
  CHECK_EQ (dup2 (p[0], own), own);
  io_named (loop, &w, "w", own, EV_READ);
  drive (loop, 1);
  CHECK_TRACE ("");
  t_write (p[1], "x");
  drive (loop, 1);
  CHECK_TRACE ("w:1");
  ev_io_stop (loop, &w);
  ev_async_stop (loop, &unsent);
}

/* The program closes first and stops afterwards, as many do. */
TEST (closed_fd_before_stop)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w, other;
  int p[2], q[2];
  t_pipe (p);
  t_pipe (q);
  io_named (loop, &w, "w", p[0], EV_READ);
  io_named (loop, &other, "other", q[0], EV_READ);
  drive (loop, 2);
  close (p[0]);
  ev_io_stop (loop, &w);
  drive (loop, 2);
  CHECK_TRACE ("");
  t_write (q[1], "x");
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("other:1");
  ev_loop_destroy (loop);
}

TEST (closed_fd_under_active_watchers_select, .backends = T_SELECT)
{
  struct ev_loop *loop = t_loop (0);
  ev_io r, w, other;
  int s[2], q[2];
  t_socketpair (s);
  t_pipe (q);
  io_named (loop, &r, "r", s[0], EV_READ);
  ev_io_init (&w, note_io, s[0], 0);
  w.data = (void *)"none";
  ev_io_start (loop, &w);
  io_named (loop, &other, "other", q[0], EV_READ);
  drive (loop, 2);
  close (s[0]);
  drive (loop, 2);
  CHECK_EQ (noted, 2);
  CHECK (strstr (t_traced (), "r:80000003") && strstr (t_traced (), "none:80000003"));
  CHECK (!ev_is_active (&r) && !ev_is_active (&w) && ev_is_active (&other));
  t_write (q[1], "x");
  drive_until (loop, &noted, 3);
  CHECK (strstr (t_traced (), "other:1"));
  ev_loop_destroy (loop);
}

TEST (closed_fd_under_active_watchers_epoll_is_silent, .backends = T_EPOLL)
{
  struct ev_loop *loop = t_loop (0);
  ev_io r, other;
  int p[2], q[2];
  t_pipe (p);
  t_pipe (q);
  io_named (loop, &r, "r", p[0], EV_READ);
  io_named (loop, &other, "other", q[0], EV_READ);
  drive (loop, 2);
  close (p[0]);
  drive (loop, 3);
  CHECK_TRACE ("");
  CHECK (ev_is_active (&r));
  t_write (q[1], "x");
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("other:1");
  ev_loop_destroy (loop);
}

TEST (closed_fd_under_active_watchers_poll, .backends = T_POLL, .ours_only = ABORTS_ON_CLOSED)
{
  struct ev_loop *loop = t_loop (0);
  ev_io r, rw, other;
  int p[2], q[2];
  t_pipe (p);
  t_pipe (q);
  io_named (loop, &r, "r", p[0], EV_READ);
  io_named (loop, &rw, "rw", p[0], EV_READ | EV_WRITE);
  io_named (loop, &other, "other", q[0], EV_READ);
  drive (loop, 2);
  close (p[0]);
  drive (loop, 2);
  CHECK_EQ (noted, 2);
  CHECK (strstr (t_traced (), "r:80000003") && strstr (t_traced (), "rw:80000003"));
  CHECK (!ev_is_active (&r) && !ev_is_active (&rw) && ev_is_active (&other));
  t_write (q[1], "x");
  drive_until (loop, &noted, 3);
  CHECK (strstr (t_traced (), "other:1"));
  ev_loop_destroy (loop);
}

/* select's kernel side reads no further than the descriptor table is long. */
TEST (closed_fd_above_the_descriptor_table, .ours_only = "the reference takes a closed descriptor above the descriptor table's size for a ready one (select) or aborts (poll, epoll)")
{
  struct ev_loop *loop = t_loop (0);
  ev_io bad, good;
  int p[2];
  t_pipe (p);
  io_named (loop, &bad, "bad", 901, EV_READ);
  io_named (loop, &good, "good", p[0], EV_READ);
  drive (loop, 3);
  CHECK_TRACE ("bad:80000003");
  CHECK (!ev_is_active (&bad));
  t_write (p[1], "x");
  drive_until (loop, &noted, 2);
  CHECK_TRACE ("bad:80000003 good:1");
  ev_loop_destroy (loop);
}

/* Open, but nothing to wait for; select's kernel side calls it ready. */
TEST (closed_fd_o_path_descriptor_is_an_error, .backends = T_POLL | T_EPOLL | T_LINUXAIO | T_IOURING, .ours_only = ABORTS_ON_CLOSED)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w;
  int fd = open (t_tmpdir (), O_PATH | O_CLOEXEC);
  CHECK (fd >= 0);
  io_named (loop, &w, "w", fd, EV_READ);
  drive (loop, 2);
  CHECK_TRACE ("w:80000003");
  CHECK (!ev_is_active (&w));
  ev_loop_destroy (loop);
}

TEST (closed_fd_no_abort_in_verify)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w;
  int p[2];
  t_pipe (p);
  io_named (loop, &w, "w", p[0], EV_READ);
  drive (loop, 1);
  close (p[0]);
  ev_verify (loop);
  ev_io_stop (loop, &w);
  ev_verify (loop);
  ev_loop_destroy (loop);
}

static int once_revents;

static void
on_once (int revents, void *arg)
{
  (void)arg;
  once_revents = revents;
  ++noted;
}

TEST (closed_fd_in_ev_once, .ours_only = ABORTS_ON_CLOSED, .ours_only_on = ABORTS_ON)
{
  struct ev_loop *loop = t_loop (0);
  ev_once (loop, closed_number (), EV_READ, 20., on_once, 0);
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK_EQ (noted, 1);
  CHECK_EQ ((unsigned)once_revents, ERROR_BITS);
  ev_loop_destroy (loop);
}

TEST (closed_fd_destroyed_with_active_watchers)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w;
  int p[2];
  t_pipe (p);
  io_named (loop, &w, "w", p[0], EV_READ);
  drive (loop, 1);
  close (p[0]);
  ev_loop_destroy (loop);
  CHECK_TRACE ("");
}

/* A dup keeps the old file in the kernel's set, under the number that another file has by now. (An armed poll of linuxaio or
 * io_uring is of the file that it was armed with.)
 */
TEST (closed_fd_whose_file_lives_on_hangs_up, .backends = T_ALL & ~(T_LINUXAIO | T_IOURING))
{
  struct ev_loop *loop = t_loop (0);
  ev_io w;
  int old[2], new[2], dup_of_old;
  t_socketpair (old);
  t_socketpair (new);
  dup_of_old = dup (old[0]);
  io_named (loop, &w, "w", old[0], EV_READ);
  drive (loop, 1);
  ev_io_stop (loop, &w);
  CHECK_EQ (dup2 (new[0], old[0]), old[0]);
  ev_io_set (&w, old[0], EV_READ);
  w.events &= ~EV__IOFDSET; /* a program that doesn't say that it is another */
  ev_io_start (loop, &w);
  shutdown (dup_of_old, SHUT_RDWR);
  drive (loop, 3);
  CHECK_TRACE ("");
  t_write (new[1], "x");
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("w:1");
  ev_loop_destroy (loop);
}
