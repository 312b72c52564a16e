/* I/O watchers: readiness, masks, order, changing what is watched, and kinds of descriptors. */
#include "drive.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pty.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <termios.h>

/* Counts what the library asks of epoll. */
static int epoll_ctl_calls;

int
epoll_ctl (int epfd, int op, int fd, struct epoll_event *event)
{
  ++epoll_ctl_calls;
  return (int)syscall (SYS_epoll_ctl, epfd, op, fd, event);
}

TEST (io_readable)
{
  struct ev_loop *loop = t_loop (0);
  ev_io r;
  int p[2];
  t_pipe (p);
  io_named (loop, &r, "r", p[0], EV_READ);
  drive (loop, 2);
  CHECK_TRACE ("");
  t_write (p[1], "x");
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("r:1");
  CHECK (ev_is_active (&r));
  ev_loop_destroy (loop);
}

TEST (io_writable)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w;
  int p[2];
  t_pipe (p);
  io_named (loop, &w, "w", p[1], EV_WRITE);
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("w:2");
  ev_loop_destroy (loop);
}

TEST (io_writable_again_when_drained)
{
  struct ev_loop *loop = t_loop (0);
  char block[4096] = { 0 };
  ev_io w;
  int p[2];
  t_pipe (p);
  while (write (p[1], block, sizeof block) > 0)
    ;
  CHECK_EQ (errno, EAGAIN);
  io_named (loop, &w, "w", p[1], EV_WRITE);
  drive (loop, 3);
  CHECK_TRACE ("");
  while (read (p[0], block, sizeof block) > 0)
    ;
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("w:2");
  ev_loop_destroy (loop);
}

TEST (io_both_directions_in_one_call)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w;
  int s[2];
  t_socketpair (s);
  t_write (s[1], "x");
  io_named (loop, &w, "rw", s[0], EV_READ | EV_WRITE);
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("rw:3");
  ev_loop_destroy (loop);
}

TEST (io_only_the_ready_direction)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w;
  int s[2];
  t_socketpair (s);
  io_named (loop, &w, "rw", s[0], EV_READ | EV_WRITE);
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("rw:2");
  ev_loop_destroy (loop);
}

TEST (io_level_triggered)
{
  struct ev_loop *loop = t_loop (0);
  ev_io r;
  int p[2];
  t_pipe (p);
  t_write (p[1], "xyz");
  io_named (loop, &r, "r", p[0], EV_READ);
  drive_until (loop, &noted, 4);
  CHECK_TRACE ("r:1 r:1 r:1 r:1");
  t_drain (p[0]);
  drive (loop, 2); /* one-shot back-ends may still deliver what was true before */
  t_trace_reset ();
  drive (loop, 3);
  CHECK_TRACE ("");
  ev_loop_destroy (loop);
}

TEST (io_watchers_of_one_fd_in_order_of_start)
{
  struct ev_loop *loop = t_loop (0);
  static const char *names[] = { "a", "b", "c", "d" };
  ev_io w[4];
  int p[2], i;
  t_pipe (p);
  t_write (p[1], "x");
  for (i = 0; i < 4; ++i)
    io_named (loop, &w[i], names[i], p[0], EV_READ);
  drive_until (loop, &noted, 4);
  CHECK_TRACE ("a:1 b:1 c:1 d:1");
  /* restarted, it goes to the end */
  t_trace_reset ();
  ev_io_stop (loop, &w[1]);
  ev_io_start (loop, &w[1]);
  drive_until (loop, &noted, 8);
  CHECK_TRACE ("a:1 c:1 d:1 b:1");
  ev_loop_destroy (loop);
}

TEST (io_priority_goes_before_order_of_start)
{
  struct ev_loop *loop = t_loop (0);
  ev_io a, b, c;
  int p[2];
  t_pipe (p);
  t_write (p[1], "x");
  io_named (loop, &a, "low", p[0], EV_READ);
  ev_io_stop (loop, &a);
  ev_set_priority (&a, -1);
  ev_io_start (loop, &a);
  io_named (loop, &b, "middle", p[0], EV_READ);
  NAMED (&c, note_io, "high");
  ev_io_set (&c, p[0], EV_READ);
  ev_set_priority (&c, 2);
  ev_io_start (loop, &c);
  drive_until (loop, &noted, 3);
  CHECK_TRACE ("high:1 middle:1 low:1");
  ev_loop_destroy (loop);
}

TEST (io_each_watcher_sees_its_own_bits)
{
  struct ev_loop *loop = t_loop (0);
  ev_io r, w, rw;
  int s[2];
  t_socketpair (s);
  t_write (s[1], "x");
  io_named (loop, &r, "r", s[0], EV_READ);
  io_named (loop, &w, "w", s[0], EV_WRITE);
  io_named (loop, &rw, "rw", s[0], EV_READ | EV_WRITE);
  drive_until (loop, &noted, 3);
  CHECK_TRACE ("r:1 w:2 rw:3");
  ev_loop_destroy (loop);
}

TEST (io_stop_narrows_what_is_watched)
{
  struct ev_loop *loop = t_loop (0);
  ev_io r, w;
  int s[2];
  t_socketpair (s);
  io_named (loop, &r, "r", s[0], EV_READ);
  io_named (loop, &w, "w", s[0], EV_WRITE);
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("w:2");
  ev_io_stop (loop, &w);
  t_trace_reset ();
  drive (loop, 4);
  CHECK_TRACE ("");
  t_write (s[1], "x");
  drive_until (loop, &noted, 2);
  CHECK_TRACE ("r:1");
  ev_loop_destroy (loop);
}

TEST (io_second_watcher_widens_what_is_watched)
{
  struct ev_loop *loop = t_loop (0);
  ev_io r, w;
  int s[2];
  t_socketpair (s);
  io_named (loop, &r, "r", s[0], EV_READ);
  drive (loop, 2);
  CHECK_TRACE ("");
  io_named (loop, &w, "w", s[0], EV_WRITE);
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("w:2");
  ev_loop_destroy (loop);
}

TEST (io_no_events_is_never_called_but_counts)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w;
  int p[2];
  t_pipe (p);
  t_write (p[1], "x");
  io_named (loop, &w, "none", p[0], 0);
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 1);
  drive (loop, 3);
  CHECK_TRACE ("");
  close (p[1]); /* not even a hang-up */
  drive (loop, 3);
  CHECK_TRACE ("");
  ev_io_stop (loop, &w);
  CHECK_EQ (ev_run (loop, 0), 0);
  ev_loop_destroy (loop);
}

TEST (io_start_of_active_does_nothing)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w;
  int p[2];
  t_pipe (p);
  t_write (p[1], "x");
  io_named (loop, &w, "w", p[0], EV_READ);
  ev_io_start (loop, &w);
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 1);
  CHECK_TRACE ("w:1");
  ev_io_start (loop, &w);
  ev_io_stop (loop, &w);
  CHECK (!ev_is_active (&w));
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 0);
  CHECK_TRACE ("w:1");
  ev_loop_destroy (loop);
}

TEST (io_stop_of_inactive_clears_pending_only)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w;
  int p[2];
  t_pipe (p);
  NAMED (&w, note_io, "w");
  ev_io_set (&w, p[0], EV_READ);
  ev_feed_event (loop, &w, EV_READ);
  CHECK (ev_is_pending (&w));
  ev_io_stop (loop, &w);
  CHECK (!ev_is_pending (&w));
  CHECK_EQ (ev_pending_count (loop), 1); /* the dead slot */
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 0);
  CHECK_TRACE ("");
  ev_loop_destroy (loop);
}

TEST (io_fields_after_start_and_stop)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w;
  int p[2];
  t_pipe (p);
  NAMED (&w, note_io, "w");
  ev_io_set (&w, p[0], EV_READ);
  CHECK_EQ (w.events, EV_READ | EV__IOFDSET);
  CHECK_EQ (w.fd, p[0]);
  CHECK (!ev_is_active (&w) && !ev_is_pending (&w));
  ev_io_start (loop, &w);
  CHECK_EQ (w.events, EV_READ);
  CHECK (ev_is_active (&w) && !ev_is_pending (&w));
  ev_io_stop (loop, &w);
  CHECK_EQ (w.events, EV_READ);
  CHECK_EQ (w.fd, p[0]);
  CHECK (!ev_is_active (&w));
  ev_loop_destroy (loop);
}

TEST (io_modify_keeps_the_fd_set_bit, .once = 1)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w;
  int p[2];
  t_pipe (p);
  NAMED (&w, note_io, "w");
  ev_io_set (&w, p[0], EV_READ);
  ev_io_modify (&w, EV_WRITE);
  CHECK_EQ (w.events, EV_WRITE | EV__IOFDSET); /* still a fresh descriptor */
  ev_io_start (loop, &w);
  ev_io_stop (loop, &w);
  ev_io_modify (&w, EV_READ | EV_WRITE);
  CHECK_EQ (w.events, EV_READ | EV_WRITE); /* known by now */
  CHECK_EQ (w.fd, p[0]);
  ev_io_set (&w, p[1], EV_READ);
  CHECK_EQ (w.events, EV_READ | EV__IOFDSET);
  ev_loop_destroy (loop);
}

static void
toggle (EV_P_ ev_io *w, int revents)
{
  note_any ((ev_watcher *)w, revents);
  ev_io_stop (loop, w);
  ev_io_modify (w, w->events == EV_READ ? EV_WRITE : EV_READ);
  ev_io_start (loop, w);
}

TEST (io_modify_toggles_direction)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w;
  int s[2];
  t_socketpair (s);
  t_write (s[1], "x");
  NAMED (&w, toggle, "t");
  ev_io_set (&w, s[0], EV_READ);
  ev_io_start (loop, &w);
  drive_until (loop, &noted, 5);
  CHECK_TRACE ("t:1 t:2 t:1 t:2 t:1");
  ev_loop_destroy (loop);
}

TEST (io_modify_and_back_asks_the_kernel_nothing, .backends = T_EPOLL)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w;
  int p[2];
  t_pipe (p);
  io_named (loop, &w, "w", p[0], EV_READ);
  drive (loop, 2);
  CHECK (epoll_ctl_calls >= 1);
  epoll_ctl_calls = 0;
  ev_io_stop (loop, &w);
  ev_io_modify (&w, EV_READ | EV_WRITE);
  ev_io_start (loop, &w);
  ev_io_stop (loop, &w);
  ev_io_modify (&w, EV_READ);
  ev_io_start (loop, &w);
  drive (loop, 2);
  CHECK_EQ (epoll_ctl_calls, 0);
  /* ev_io_set says that it may be another file */
  ev_io_stop (loop, &w);
  ev_io_set (&w, p[0], EV_READ);
  ev_io_start (loop, &w);
  drive (loop, 2);
  CHECK (epoll_ctl_calls >= 1);
  ev_loop_destroy (loop);
}

TEST (io_kernel_told_once_per_iteration, .backends = T_EPOLL)
{
  struct ev_loop *loop = t_loop (0);
  ev_io r, w;
  int p[2], i;
  t_pipe (p);
  while (write (p[1], p, sizeof p) > 0)
    ;
  io_named (loop, &r, "r", p[1], EV_READ);
  io_named (loop, &w, "w", p[1], EV_WRITE);
  for (i = 0; i < 10; ++i)
    {
      ev_io_stop (loop, &r);
      ev_io_start (loop, &r);
    }
  CHECK_EQ (epoll_ctl_calls, 0); /* only noted so far */
  drive (loop, 1);
  CHECK_EQ (epoll_ctl_calls, 1);
  ev_loop_destroy (loop);
}

TEST (io_started_and_stopped_at_once_asks_the_kernel_nothing, .backends = T_EPOLL)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w;
  int p[2];
  t_pipe (p);
  t_write (p[1], "x");
  io_named (loop, &w, "w", p[0], EV_READ);
  ev_io_stop (loop, &w);
  drive (loop, 2);
  CHECK_EQ (epoll_ctl_calls, 0);
  CHECK_TRACE ("");
  ev_loop_destroy (loop);
}

/* ---- several descriptors at once ---- */

static void
ready_pipes (int p[][2], int n)
{
  int i;
  for (i = 0; i < n; ++i)
    {
      t_pipe (p[i]);
      t_write (p[i][1], "x");
    }
}

TEST (io_order_of_descriptors_select, .backends = T_SELECT)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w[4];
  int p[4][2];
  ready_pipes (p, 4);
  /* started out of order, called by number */
  io_named (loop, &w[2], "c", p[2][0], EV_READ);
  io_named (loop, &w[0], "a", p[0][0], EV_READ);
  io_named (loop, &w[3], "d", p[3][0], EV_READ);
  io_named (loop, &w[1], "b", p[1][0], EV_READ);
  drive (loop, 1);
  CHECK_TRACE ("a:1 b:1 c:1 d:1");
  ev_loop_destroy (loop);
}

TEST (io_order_of_descriptors_poll, .backends = T_POLL)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w[4];
  int p[4][2];
  ready_pipes (p, 4);
  io_named (loop, &w[2], "c", p[2][0], EV_READ);
  io_named (loop, &w[0], "a", p[0][0], EV_READ);
  io_named (loop, &w[3], "d", p[3][0], EV_READ);
  io_named (loop, &w[1], "b", p[1][0], EV_READ);
  drive (loop, 1);
  CHECK_TRACE ("b:1 d:1 a:1 c:1");
  /* c leaves: the last one, b, moves to its place */
  t_trace_reset ();
  ev_io_stop (loop, &w[2]);
  drive (loop, 1);
  CHECK_TRACE ("d:1 a:1 b:1");
  ev_loop_destroy (loop);
}

TEST (io_order_of_descriptors_epoll, .backends = T_EPOLL)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w[4];
  int p[4][2];
  ready_pipes (p, 4);
  io_named (loop, &w[2], "c", p[2][0], EV_READ);
  io_named (loop, &w[0], "a", p[0][0], EV_READ);
  io_named (loop, &w[3], "d", p[3][0], EV_READ);
  io_named (loop, &w[1], "b", p[1][0], EV_READ);
  drive (loop, 1);
  CHECK_TRACE ("b:1 d:1 a:1 c:1");
  ev_loop_destroy (loop);
}

static ev_io eight[8];

static void
stop_the_others (EV_P_ ev_io *w, int revents)
{
  int i;
  note_any ((ev_watcher *)w, revents);
  for (i = 0; i < 8; ++i)
    if (&eight[i] != w)
      ev_io_stop (loop, &eight[i]);
}

TEST (io_first_of_eight_stops_the_other_ready_ones)
{
  struct ev_loop *loop = t_loop (0);
  int p[8][2], i;
  ready_pipes (p, 8);
  for (i = 0; i < 8; ++i)
    {
      NAMED (&eight[i], stop_the_others, "w");
      ev_io_set (&eight[i], p[i][0], EV_READ);
      ev_io_start (loop, &eight[i]);
    }
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 1);
  CHECK_TRACE ("w:1");
  drive_until (loop, &noted, 3);
  CHECK_TRACE ("w:1 w:1 w:1");
  ev_loop_destroy (loop);
}

/* ---- feeding ---- */

TEST (io_feed_fd_event_is_masked_by_each_watcher)
{
  struct ev_loop *loop = t_loop (0);
  ev_io r, w, rw;
  int s[2];
  t_socketpair (s);
  io_named (loop, &r, "r", s[0], EV_READ);
  io_named (loop, &w, "w", s[0], EV_WRITE);
  io_named (loop, &rw, "rw", s[0], EV_READ | EV_WRITE);
  ev_feed_fd_event (loop, s[0], EV_READ);
  CHECK_EQ (ev_pending_count (loop), 2);
  ev_invoke_pending (loop);
  CHECK_TRACE ("r:1 rw:1");
  t_trace_reset ();
  ev_feed_fd_event (loop, s[0], EV_READ | EV_WRITE | EV_TIMER);
  ev_invoke_pending (loop);
  CHECK_TRACE ("r:1 w:2 rw:3");
  ev_loop_destroy (loop);
}

TEST (io_feed_fd_event_error_alone_calls_nothing)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w;
  int s[2];
  t_socketpair (s);
  io_named (loop, &w, "w", s[0], EV_READ);
  ev_feed_fd_event (loop, s[0], EV_ERROR);
  ev_feed_fd_event (loop, s[0], EV_TIMER | EV_SIGNAL);
  ev_feed_fd_event (loop, s[0], EV_WRITE);
  ev_feed_fd_event (loop, s[0], 0);
  CHECK_EQ (ev_pending_count (loop), 0);
  ev_invoke_pending (loop);
  CHECK_TRACE ("");
  CHECK (ev_is_active (&w));
  ev_loop_destroy (loop);
}

TEST (io_feed_fd_event_unknown_or_negative_is_ignored)
{
  struct ev_loop *loop = t_loop (0);
  ev_feed_fd_event (loop, -1, EV_READ);
  ev_feed_fd_event (loop, INT32_MIN, EV_READ);
  ev_feed_fd_event (loop, 0, EV_READ);
  ev_feed_fd_event (loop, 7777777, EV_READ);
  ev_feed_fd_event (loop, INT32_MAX, EV_READ);
  CHECK_EQ (ev_pending_count (loop), 0);
  ev_verify (loop);
  ev_loop_destroy (loop);
}

TEST (io_feed_fd_event_delivers_despite_an_unapplied_change)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w;
  int p[2];
  t_pipe (p);
  io_named (loop, &w, "w", p[0], EV_READ); /* the kernel doesn't know it yet */
  ev_feed_fd_event (loop, p[0], EV_READ);
  CHECK (ev_is_pending (&w));
  ev_invoke_pending (loop);
  CHECK_TRACE ("w:1");
  CHECK (!ev_is_pending (&w));
  ev_loop_destroy (loop);
}

static ev_io late;
static int start_late;

static void
nothing (EV_P)
{
  (void)loop;
}

static void
acquired (EV_P)
{
  if (start_late)
    {
      start_late = 0;
      io_named (loop, &late, "late", late.fd, EV_READ);
    }
}

/* Between release and acquire another thread may start a watcher on a descriptor that the kernel has just reported. */
TEST (io_event_for_a_changed_fd_is_asked_again, .backends = T_SELECT | T_POLL | T_EPOLL)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w;
  int p[2];
  t_pipe (p);
  t_write (p[1], "x");
  ev_set_loop_release_cb (loop, nothing, acquired);
  io_named (loop, &w, "w", p[0], EV_READ);
  late.fd = p[0];
  start_late = 1;
  drive (loop, 1);
  CHECK_TRACE ("");
  drive (loop, 1);
  CHECK_TRACE ("w:1 late:1");
  ev_loop_destroy (loop);
}

/* ---- changing descriptors ---- */

TEST (io_reused_number_after_stop)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w;
  int a[2], b[2];
  t_pipe (a);
  t_pipe (b);
  io_named (loop, &w, "w", a[0], EV_READ);
  drive (loop, 2);
  ev_io_stop (loop, &w);
  CHECK_EQ (dup3 (b[0], a[0], O_CLOEXEC), a[0]); /* closes the old one */
  ev_io_set (&w, a[0], EV_READ);
  ev_io_start (loop, &w);
  drive (loop, 2);
  CHECK_TRACE ("");
  t_write (b[1], "x");
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("w:1");
  ev_loop_destroy (loop);
}

TEST (io_reused_number_while_stopped_over_iterations)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w;
  int a[2], b[2];
  t_pipe (a);
  t_pipe (b);
  io_named (loop, &w, "w", a[0], EV_READ);
  drive (loop, 2);
  ev_io_stop (loop, &w);
  close (a[0]);
  drive (loop, 2);
  move_fd (&b[0], a[0]);
  ev_io_set (&w, b[0], EV_READ | EV_WRITE);
  ev_io_start (loop, &w);
  t_write (b[1], "x");
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("w:1");
  ev_loop_destroy (loop);
}

/* The old file lives on in a duplicate; what it reports must not reach the watcher of the new one. */
TEST (io_reused_number_while_the_old_file_lives_on)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w;
  int old[2], new[2], keep, n;
  t_pipe (old);
  t_pipe (new);
  keep = dup (old[0]);
  CHECK (keep >= 0);
  n = old[0];
  io_named (loop, &w, "w", n, EV_READ);
  drive (loop, 2);
  ev_io_stop (loop, &w);
  CHECK_EQ (dup3 (new[0], n, O_CLOEXEC), n);
  close (new[0]);
  ev_io_set (&w, n, EV_READ);
  ev_io_start (loop, &w);
  t_write (old[1], "for the duplicate");
  drive (loop, 5);
  CHECK_TRACE ("");
  t_write (new[1], "x");
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("w:1");
  ev_loop_destroy (loop);
}

/* Nobody watches the number any more, but the closed descriptor's file is open in a duplicate and ready. */
TEST (io_closed_number_whose_file_lives_on_is_silent)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w, other;
  int old[2], p[2], keep;
  t_pipe (old);
  t_pipe (p);
  keep = dup (old[0]);
  CHECK (keep >= 0);
  io_named (loop, &w, "old", old[0], EV_READ);
  io_named (loop, &other, "other", p[0], EV_READ);
  drive (loop, 2);
  ev_io_stop (loop, &w);
  close (old[0]);
  t_write (old[1], "x");
  drive (loop, 5);
  CHECK_TRACE ("");
  t_write (p[1], "x");
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("other:1");
  ev_loop_destroy (loop);
}

TEST (io_dup_both_numbers_are_watched)
{
  struct ev_loop *loop = t_loop (0);
  ev_io a, b;
  int p[2], copy;
  t_pipe (p);
  copy = dup (p[0]);
  CHECK (copy >= 0);
  t_write (p[1], "x");
  io_named (loop, &a, "w", p[0], EV_READ);
  io_named (loop, &b, "w", copy, EV_READ);
  drive_until (loop, &noted, 2);
  CHECK_TRACE ("w:1 w:1");
  /* one goes, the other stays */
  ev_io_stop (loop, &a);
  close (p[0]);
  b.data = (void *)"copy";
  noted = 0;
  t_trace_reset ();
  drive_until (loop, &noted, 2);
  CHECK_TRACE ("copy:1 copy:1");
  ev_loop_destroy (loop);
}

static int swap_to;

static void
reopen (EV_P_ ev_io *w, int revents)
{
  int fd = w->fd;
  note_any ((ev_watcher *)w, revents);
  if (swap_to < 0)
    return;
  ev_io_stop (loop, w);
  CHECK (!close (fd));
  CHECK_EQ (fcntl (swap_to, F_DUPFD_CLOEXEC, fd), fd);
  close (swap_to);
  swap_to = -1;
  w->data = (void *)"new";
  ev_io_set (w, fd, EV_READ);
  ev_io_start (loop, w);
}

TEST (io_closed_and_reopened_in_the_callback)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w;
  int a[2], b[2];
  t_pipe (a);
  t_pipe (b);
  t_write (a[1], "x");
  swap_to = b[0];
  NAMED (&w, reopen, "old");
  ev_io_set (&w, a[0], EV_READ);
  ev_io_start (loop, &w);
  drive_until (loop, &noted, 1);
  drive (loop, 3);
  CHECK_TRACE ("old:1");
  t_write (b[1], "y");
  drive_until (loop, &noted, 2);
  CHECK_TRACE ("old:1 new:1");
  ev_loop_destroy (loop);
}

TEST (io_two_loops_watch_one_fd)
{
  struct ev_loop *one = t_loop (0), *two = t_loop (0);
  ev_io a, b;
  int p[2];
  t_pipe (p);
  io_named (one, &a, "one", p[0], EV_READ);
  io_named (two, &b, "two", p[0], EV_READ);
  drive (one, 1);
  drive (two, 1);
  t_write (p[1], "x");
  drive_until (one, &noted, 1);
  drive_until (two, &noted, 2);
  CHECK_TRACE ("one:1 two:1");
  ev_loop_destroy (one);
  drive_until (two, &noted, 3);
  CHECK_TRACE ("one:1 two:1 two:1");
  ev_loop_destroy (two);
}

TEST (io_watcher_reused_for_another_fd)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w;
  int a[2], b[2];
  t_pipe (a);
  t_pipe (b);
  t_write (a[1], "x");
  io_named (loop, &w, "a", a[0], EV_READ);
  drive_until (loop, &noted, 1);
  ev_io_stop (loop, &w);
  io_named (loop, &w, "b", b[0], EV_READ);
  drive (loop, 2);
  CHECK_TRACE ("a:1");
  t_write (b[1], "x");
  drive_until (loop, &noted, 2);
  CHECK_TRACE ("a:1 b:1");
  ev_loop_destroy (loop);
}

/* ---- hang-up and errors ---- */

TEST (io_hang_up_is_readable)
{
  struct ev_loop *loop = t_loop (0);
  ev_io r;
  int p[2];
  t_pipe (p);
  io_named (loop, &r, "r", p[0], EV_READ);
  drive (loop, 2);
  close (p[1]);
  drive_until (loop, &noted, 3); /* and stays so */
  CHECK_TRACE ("r:1 r:1 r:1");
  ev_loop_destroy (loop);
}

TEST (io_hang_up_of_a_pipe_counts_both_ways)
{
  struct ev_loop *loop = t_loop (0);
  ev_io rw, r, w;
  int p[2];
  t_pipe (p);
  close (p[1]);
  io_named (loop, &rw, "rw", p[0], EV_READ | EV_WRITE);
  io_named (loop, &r, "r", p[0], EV_READ);
  io_named (loop, &w, "w", p[0], EV_WRITE);
  drive (loop, 1);
  if (t_backend == EVBACKEND_SELECT) /* the kernel's write set doesn't hold a hang-up */
    CHECK_TRACE ("rw:1 r:1");
  else
    CHECK_TRACE ("rw:3 r:1 w:2");
  ev_loop_destroy (loop);
}

TEST (io_write_end_without_readers)
{
  struct ev_loop *loop = t_loop (0);
  ev_io rw, r, w;
  int p[2];
  t_pipe (p);
  close (p[0]);
  io_named (loop, &rw, "rw", p[1], EV_READ | EV_WRITE);
  io_named (loop, &r, "r", p[1], EV_READ);
  io_named (loop, &w, "w", p[1], EV_WRITE);
  drive (loop, 1);
  CHECK_TRACE ("rw:3 r:1 w:2");
  ev_loop_destroy (loop);
}

TEST (io_peer_of_a_socket_gone)
{
  struct ev_loop *loop = t_loop (0);
  ev_io rw, w;
  int s[2];
  t_socketpair (s);
  io_named (loop, &rw, "rw", s[0], EV_READ | EV_WRITE);
  close (s[1]);
  io_named (loop, &w, "w", s[0], EV_WRITE);
  drive (loop, 1);
  CHECK_TRACE ("rw:3 w:2");
  ev_loop_destroy (loop);
}

TEST (io_half_closed_socket_is_readable_only)
{
  struct ev_loop *loop = t_loop (0);
  char block[4096] = { 0 };
  ev_io rw;
  int s[2];
  t_socketpair (s);
  while (write (s[0], block, sizeof block) > 0)
    ;
  io_named (loop, &rw, "rw", s[0], EV_READ | EV_WRITE);
  drive (loop, 2);
  CHECK_TRACE ("");
  CHECK (!shutdown (s[1], SHUT_WR));
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("rw:1");
  ev_loop_destroy (loop);
}

static int
listener (struct sockaddr_in *where)
{
  socklen_t length = sizeof *where;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  CHECK (fd >= 0);
  memset (where, 0, sizeof *where);
  where->sin_family = AF_INET;
  where->sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  CHECK (!bind (fd, (struct sockaddr *)where, sizeof *where));
  CHECK (!getsockname (fd, (struct sockaddr *)where, &length));
  return fd;
}

TEST (io_tcp_accept_connect_and_data)
{
  struct ev_loop *loop = t_loop (0);
  struct sockaddr_in where;
  ev_io l, c, a;
  int server = listener (&where), client, peer;
  CHECK (!listen (server, 8));
  io_named (loop, &l, "listen", server, EV_READ);
  drive (loop, 2);
  CHECK_TRACE ("");
  client = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  CHECK (client >= 0);
  if (connect (client, (struct sockaddr *)&where, sizeof where))
    CHECK_EQ (errno, EINPROGRESS);
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("listen:1");
  peer = accept4 (server, 0, 0, SOCK_NONBLOCK);
  CHECK (peer >= 0);
  ev_io_stop (loop, &l);
  t_trace_reset ();
  io_named (loop, &c, "connect", client, EV_WRITE);
  drive_until (loop, &noted, 2);
  CHECK_TRACE ("connect:2");
  ev_io_stop (loop, &c);
  t_trace_reset ();
  io_named (loop, &a, "data", peer, EV_READ);
  t_write (client, "hello");
  drive_until (loop, &noted, 3);
  CHECK_TRACE ("data:1");
  CHECK_EQ (t_drain (peer), 5);
  ev_loop_destroy (loop);
}

TEST (io_refused_connect_is_writable)
{
  struct ev_loop *loop = t_loop (0);
  struct sockaddr_in where;
  socklen_t length = sizeof (int);
  ev_io c;
  int error = 0, holder = listener (&where), client; /* bound, not listening */
  client = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  CHECK (client >= 0);
  CHECK (connect (client, (struct sockaddr *)&where, sizeof where));
  if (errno == EINPROGRESS)
    {
      io_named (loop, &c, "refused", client, EV_WRITE);
      drive_until (loop, &noted, 1);
      CHECK_TRACE ("refused:2");
      CHECK (!getsockopt (client, SOL_SOCKET, SO_ERROR, &error, &length));
      errno = error;
    }
  CHECK_EQ (errno, ECONNREFUSED);
  close (holder);
  ev_loop_destroy (loop);
}

TEST (io_udp_datagram)
{
  struct ev_loop *loop = t_loop (0);
  struct sockaddr_in where;
  socklen_t length = sizeof where;
  ev_io r;
  int in = socket (AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), out = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  CHECK (in >= 0 && out >= 0);
  memset (&where, 0, sizeof where);
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  CHECK (!bind (in, (struct sockaddr *)&where, sizeof where));
  CHECK (!getsockname (in, (struct sockaddr *)&where, &length));
  io_named (loop, &r, "datagram", in, EV_READ);
  drive (loop, 2);
  CHECK_EQ (sendto (out, "", 0, 0, (struct sockaddr *)&where, sizeof where), 0); /* an empty one counts */
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("datagram:1");
  ev_loop_destroy (loop);
}

/* ---- other kinds of descriptors ---- */

static void
always_ready (int fd, int events, const char *want)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer t;
  ev_io w, r;
  int p[2];
  CHECK (fd >= 0);
  t_pipe (p);
  io_named (loop, &w, "w", fd, events);
  drive_until (loop, &noted, 3);
  CHECK_TRACE (want);
  /* others live beside it, and it ends with its watcher */
  ev_set_cb (&w, 0);
  ev_io_stop (loop, &w);
  t_trace_reset ();
  t_write (p[1], "x");
  io_named (loop, &r, "pipe", p[0], EV_READ);
  drive_until (loop, &noted, 4);
  CHECK_TRACE ("pipe:1");
  ev_io_stop (loop, &r);
  timer_named (loop, &t, "timer", 0.01, 0.);
  ev_run (loop, 0);
  CHECK_TRACE ("pipe:1 timer:100");
  ev_loop_destroy (loop);
}

TEST (io_regular_file_is_always_ready)
{
  char path[4096];
  snprintf (path, sizeof path, "%s/file", t_tmpdir ());
  always_ready (open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600), EV_READ | EV_WRITE, "w:3 w:3 w:3");
}

TEST (io_regular_file_read_only_watch)
{
  char path[4096];
  snprintf (path, sizeof path, "%s/file", t_tmpdir ());
  always_ready (open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600), EV_READ, "w:1 w:1 w:1");
}

TEST (io_directory_is_always_ready)
{
  always_ready (open (t_tmpdir (), O_RDONLY | O_DIRECTORY | O_CLOEXEC), EV_READ, "w:1 w:1 w:1");
}

TEST (io_dev_null_is_always_ready)
{
  always_ready (open ("/dev/null", O_RDWR | O_CLOEXEC), EV_READ | EV_WRITE, "w:3 w:3 w:3");
}

TEST (io_regular_file_and_pipe_together)
{
  struct ev_loop *loop = t_loop (0);
  char path[4096];
  ev_io f, r;
  int fd, p[2], i;
  snprintf (path, sizeof path, "%s/file", t_tmpdir ());
  fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  CHECK (fd >= 0);
  t_pipe (p);
  NAMED (&f, note_io, "file");
  ev_io_set (&f, fd, EV_READ);
  ev_set_priority (&f, 1);
  ev_io_start (loop, &f);
  NAMED (&r, note_io, "pipe");
  ev_io_set (&r, p[0], EV_READ);
  ev_io_start (loop, &r);
  drive_until (loop, &noted, 2);
  CHECK_TRACE ("file:1 file:1");
  t_write (p[1], "x");
  for (i = 0; i < 50 && !strstr (t_traced (), "pipe:1"); ++i)
    drive (loop, 1);
  CHECK (strstr (t_traced (), "pipe:1"));
  /* the file's watcher changes direction, then the pipe alone is left */
  ev_io_stop (loop, &f);
  ev_io_modify (&f, EV_WRITE);
  ev_io_start (loop, &f);
  ev_io_stop (loop, &r);
  drive (loop, 2);
  t_trace_reset ();
  noted = 0;
  drive_until (loop, &noted, 2);
  CHECK_TRACE ("file:2 file:2");
  ev_loop_destroy (loop);
}

/* Its place among such files is that of its first start. */
TEST (io_regular_file_keeps_its_place, .backends = T_EPOLL)
{
  struct ev_loop *loop = t_loop (0);
  ev_io a, b;
  int files[2] = { open ("/dev/null", O_RDWR | O_CLOEXEC), open ("/dev/null", O_RDWR | O_CLOEXEC) };
  io_named (loop, &a, "a", files[0], EV_READ);
  io_named (loop, &b, "b", files[1], EV_READ);
  drive (loop, 1);
  CHECK_TRACE ("a:1 b:1");
  ev_io_stop (loop, &a);
  ev_io_set (&a, files[0], EV_WRITE);
  ev_io_start (loop, &a);
  t_trace_reset ();
  drive (loop, 1);
  CHECK_TRACE ("a:2 b:1");
  ev_io_stop (loop, &a);
  drive (loop, 1);
  ev_io_start (loop, &a);
  t_trace_reset ();
  drive (loop, 1);
  CHECK_TRACE ("b:1 a:2"); /* but not beyond a wait without it */
  ev_loop_destroy (loop);
}

/* The number of a regular file goes on to a pipe. */
TEST (io_regular_file_replaced_by_a_pipe)
{
  struct ev_loop *loop = t_loop (0);
  char path[4096];
  ev_io w;
  int fd, p[2];
  snprintf (path, sizeof path, "%s/file", t_tmpdir ());
  fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  CHECK (fd >= 0);
  t_pipe (p);
  io_named (loop, &w, "file", fd, EV_READ);
  drive_until (loop, &noted, 2);
  ev_io_stop (loop, &w);
  move_fd (&p[0], fd);
  t_trace_reset ();
  io_named (loop, &w, "pipe", fd, EV_READ);
  drive (loop, 3);
  CHECK_TRACE ("");
  t_write (p[1], "x");
  drive_until (loop, &noted, 3);
  CHECK_TRACE ("pipe:1");
  ev_loop_destroy (loop);
}

TEST (io_pipe_replaced_by_a_regular_file)
{
  struct ev_loop *loop = t_loop (0);
  char path[4096];
  ev_io w;
  int fd, p[2], n;
  snprintf (path, sizeof path, "%s/file", t_tmpdir ());
  fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  CHECK (fd >= 0);
  t_pipe (p);
  n = p[0];
  io_named (loop, &w, "pipe", n, EV_READ);
  drive (loop, 2);
  CHECK_TRACE ("");
  ev_io_stop (loop, &w);
  move_fd (&fd, n);
  io_named (loop, &w, "file", n, EV_READ);
  drive_until (loop, &noted, 2);
  CHECK_TRACE ("file:1 file:1");
  ev_loop_destroy (loop);
}

TEST (io_eventfd)
{
  struct ev_loop *loop = t_loop (0);
  uint64_t n = 1;
  ev_io r;
  int fd = eventfd (0, EFD_NONBLOCK | EFD_CLOEXEC);
  io_named (loop, &r, "eventfd", fd, EV_READ);
  drive (loop, 2);
  CHECK_EQ (write (fd, &n, 8), 8);
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("eventfd:1");
  ev_loop_destroy (loop);
}

TEST (io_timerfd)
{
  struct ev_loop *loop = t_loop (0);
  struct itimerspec when = { { 0, 0 }, { 0, 10000000 } };
  ev_io r;
  int fd = timerfd_create (CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  CHECK (fd >= 0);
  io_named (loop, &r, "timerfd", fd, EV_READ);
  drive (loop, 2);
  CHECK_TRACE ("");
  CHECK (!timerfd_settime (fd, 0, &when, 0));
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("timerfd:1");
  ev_loop_destroy (loop);
}

TEST (io_signalfd, .ours_only = "a signalfd armed on linuxaio never becomes readable in the reference", .ours_only_on = T_LINUXAIO)
{
  struct ev_loop *loop = t_loop (0);
  sigset_t set;
  ev_io r;
  int fd;
  sigemptyset (&set);
  sigaddset (&set, SIGUSR1);
  sigprocmask (SIG_BLOCK, &set, 0);
  fd = signalfd (-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  CHECK (fd >= 0);
  io_named (loop, &r, "signalfd", fd, EV_READ);
  drive (loop, 2); /* armed before the signal comes */
  CHECK_TRACE ("");
  kill (getpid (), SIGUSR1);
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("signalfd:1");
  ev_loop_destroy (loop);
}

TEST (io_inotify_descriptor)
{
  struct ev_loop *loop = t_loop (0);
  char path[4096];
  ev_io r;
  int fd = inotify_init1 (IN_NONBLOCK | IN_CLOEXEC);
  CHECK (fd >= 0);
  CHECK (inotify_add_watch (fd, t_tmpdir (), IN_CREATE) >= 0);
  io_named (loop, &r, "inotify", fd, EV_READ);
  drive (loop, 2);
  CHECK_TRACE ("");
  snprintf (path, sizeof path, "%s/new", t_tmpdir ());
  close (open (path, O_CREAT | O_WRONLY, 0600));
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("inotify:1");
  ev_loop_destroy (loop);
}

TEST (io_epoll_descriptor)
{
  struct ev_loop *loop = t_loop (0);
  struct epoll_event e = { .events = EPOLLIN };
  ev_io r;
  int p[2], fd = epoll_create1 (EPOLL_CLOEXEC);
  CHECK (fd >= 0);
  t_pipe (p);
  CHECK (!epoll_ctl (fd, EPOLL_CTL_ADD, p[0], &e));
  io_named (loop, &r, "epoll", fd, EV_READ);
  drive (loop, 2);
  CHECK_TRACE ("");
  t_write (p[1], "x");
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("epoll:1");
  ev_loop_destroy (loop);
}

static void
raw_pty (int *master, int *slave)
{
  struct termios t;
  CHECK (!openpty (master, slave, 0, 0, 0));
  CHECK (!tcgetattr (*slave, &t));
  cfmakeraw (&t);
  CHECK (!tcsetattr (*slave, TCSANOW, &t));
  CHECK (!fcntl (*master, F_SETFL, O_NONBLOCK));
  CHECK (!fcntl (*slave, F_SETFL, O_NONBLOCK));
}

TEST (io_quiet_pty_both_ends)
{
  struct ev_loop *loop = t_loop (0);
  ev_io m, s;
  int master, slave;
  raw_pty (&master, &slave);
  io_named (loop, &m, "master", master, EV_READ);
  io_named (loop, &s, "slave", slave, EV_READ);
  drive (loop, 3);
  CHECK_TRACE ("");
  t_write (slave, "up");
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("master:1");
  CHECK_EQ (t_drain (master), 2);
  drive (loop, 3);
  t_trace_reset ();
  noted = 0;
  t_write (master, "down");
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("slave:1");
  CHECK_EQ (t_drain (slave), 4);
  ev_loop_destroy (loop);
}

TEST (io_pty_hang_up)
{
  struct ev_loop *loop = t_loop (0);
  char c;
  ev_io m;
  int master, slave;
  raw_pty (&master, &slave);
  io_named (loop, &m, "master", master, EV_READ);
  drive (loop, 3);
  CHECK_TRACE ("");
  close (slave);
  drive_until (loop, &noted, 2);
  CHECK_TRACE ("master:1 master:1");
  CHECK_EQ (read (master, &c, 1), -1);
  CHECK_EQ (errno, EIO);
  ev_loop_destroy (loop);
}

TEST (io_pty_toggled_between_directions)
{
  struct ev_loop *loop = t_loop (0);
  ev_io m;
  int master, slave, i;
  raw_pty (&master, &slave);
  NAMED (&m, note_io, "m");
  ev_io_set (&m, master, EV_READ);
  for (i = 0; i < 3; ++i)
    {
      ev_io_modify (&m, EV_READ);
      ev_io_start (loop, &m);
      drive (loop, 2);
      CHECK_TRACE ("");
      ev_io_stop (loop, &m);
      ev_io_modify (&m, EV_WRITE);
      ev_io_start (loop, &m);
      noted = 0;
      drive_until (loop, &noted, 2);
      CHECK_TRACE ("m:2 m:2");
      ev_io_stop (loop, &m);
      t_trace_reset ();
    }
  ev_io_modify (&m, EV_READ);
  ev_io_start (loop, &m);
  drive (loop, 2);
  t_write (slave, "x");
  noted = 0;
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("m:1");
  ev_loop_destroy (loop);
}

/* A pty's number goes on to a pipe: nothing of the pty may be left over. */
TEST (io_pty_replaced_by_a_pipe)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w;
  int master, slave, p[2];
  raw_pty (&master, &slave);
  t_pipe (p);
  io_named (loop, &w, "pty", master, EV_READ);
  drive (loop, 3);
  ev_io_stop (loop, &w);
  move_fd (&p[0], master);
  io_named (loop, &w, "pipe", master, EV_READ);
  drive (loop, 3);
  CHECK_TRACE ("");
  t_write (p[1], "x");
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("pipe:1");
  ev_loop_destroy (loop);
}
