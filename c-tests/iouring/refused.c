/* iouring: kernels and sandboxes that have less of it, or take it away; the ring's descriptor closed by the program. */
#include "uring.h"

#include <sys/mman.h>

static void
works (struct ev_loop *loop, unsigned backend)
{
  many_start (loop, 300, 1);
  many_expect (loop, 1);
  many_add ();
  many_expect (loop, 1);
  CHECK_EQ (ev_backend (loop), backend);
  many_end (loop);
  drive (loop, 1);
}

TEST (uring_setup_refused, .backends = T_IOURING)
{
  static const int errors[] = { ENOSYS, EPERM, ENOMEM, EMFILE, EINVAL };
  int i, fds = t_open_fds ();
  WATCH_URING ();
  ev_set_syserr_cb (trace_syserr);
  for (i = 0; i < 5; ++i)
    {
      struct inject_rule *rule = inject_error (SYS_io_uring_setup, errors[i], 0, INJECT_ALWAYS);
      struct ev_loop *loop;
      CHECK (!ev_loop_new (EVFLAG_NOENV | EVBACKEND_IOURING));
      loop = ev_loop_new (EVFLAG_NOENV | EVBACKEND_IOURING | EVBACKEND_EPOLL | EVBACKEND_SELECT);
      CHECK (loop);
      works (loop, EVBACKEND_EPOLL);
      ev_loop_destroy (loop);
      CHECK_EQ (t_open_fds (), fds);
      inject_end (rule);
    }
  CHECK_TRACE ("");
}

/* Kernels before 6.1 and before 5.19 don't know the flags of the best kinds. */
TEST (uring_plainer_kinds_of_ring, .backends = T_IOURING)
{
  int kind;
  WATCH_URING ();
  for (kind = 1; kind <= 2; ++kind)
    {
      struct inject_rule *rule = inject_error (SYS_io_uring_setup, EINVAL, 0, kind);
      struct ev_loop *loop = t_loop (0);
      ev_timer t;
      ev_async a;
      CHECK_EQ (rule->struck, kind);
      works (loop, EVBACKEND_IOURING);
      noted = 0;
      t_trace_reset ();
      NAMED (&a, note_async, "a");
      ev_async_start (loop, &a);
      drive (loop, 1);
      ev_async_send (loop, &a);
      drive_until (loop, &noted, 1);
      timer_named (loop, &t, "t", .01, 0.);
      drive_until (loop, &noted, 2);
      CHECK_TRACE ("a:80000 t:100");
      inject_end (rule);
      ev_loop_destroy (loop);
    }
}

static void
check_enter_taken_away (int error, int skip)
{
  struct ev_loop *loop;
  ev_async a;
  WATCH_URING ();
  ev_set_syserr_cb (trace_syserr);
  loop = t_loop (0);
  NAMED (&a, note_async, "a");
  ev_async_start (loop, &a);
  inject_error (SYS_io_uring_enter, error, skip, INJECT_ALWAYS);
  many_start (loop, 300, 1);
  many_expect (loop, 1);
  many_add ();
  many_expect (loop, 1);
  CHECK_EQ (ev_backend (loop), EVBACKEND_EPOLL);
  CHECK_TRACE ("");
  ev_async_send (loop, &a);
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("a:80000");
  ev_loop_destroy (loop);
}

TEST (uring_enter_missing, .backends = T_IOURING)
{
  check_enter_taken_away (ENOSYS, 0);
}

TEST (uring_enter_forbidden, .backends = T_IOURING)
{
  check_enter_taken_away (EPERM, 0);
}

TEST (uring_enter_forbidden_in_the_middle, .backends = T_IOURING)
{
  check_enter_taken_away (EPERM, 3);
}

TEST (uring_enter_forbidden_between_two_parts, .backends = T_IOURING)
{
  check_enter_taken_away (EACCES, 1);
}

/* EAGAIN and EBUSY are of the moment: what was to be handed over comes with the next call. */
TEST (uring_enter_fails_for_the_moment, .backends = T_IOURING)
{
  static const int errors[] = { EAGAIN, EBUSY, EINTR };
  int i, skip;
  WATCH_URING ();
  ev_set_syserr_cb (trace_syserr);
  for (i = 0; i < 3; ++i)
    for (skip = 0; skip < 4; ++skip)
      {
        struct ev_loop *loop = t_loop (0);
        struct inject_rule *rule = inject_error (SYS_io_uring_enter, errors[i], skip, 3);
        works (loop, EVBACKEND_IOURING);
        CHECK (rule->struck > 0);
        inject_end (rule);
        ev_loop_destroy (loop);
      }
  CHECK_TRACE ("");
}

TEST (uring_other_errors_are_told, .backends = T_IOURING)
{
  struct ev_loop *loop;
  WATCH_URING ();
  ev_set_syserr_cb (trace_syserr);
  loop = t_loop (0);
  inject_error (SYS_io_uring_enter, ENOMEM, 0, 2);
  works (loop, EVBACKEND_IOURING);
  CHECK_TRACE ("(libev) iouring io_uring_enter|12 (libev) iouring io_uring_enter|12");
  ev_loop_destroy (loop);
}

/* ---- the ring's descriptor ---- */

TEST (uring_closed_behind_the_loop, .backends = T_IOURING)
{
  struct ev_loop *loop = t_loop (0);
  int fds = t_open_fds ();
  ev_set_syserr_cb (trace_syserr);
  many_start (loop, 100, 0);
  drive (loop, 2);
  close (ring_fd ());
  many_add ();
  many_expect (loop, 1);
  many_add ();
  many_expect (loop, 1);
  CHECK_TRACE ("");
  CHECK_EQ (ev_backend (loop), EVBACKEND_IOURING);
  many_end (loop);
  CHECK_EQ (t_open_fds (), fds);
  ev_loop_destroy (loop);
}

TEST (uring_replaced_behind_the_loop, .backends = T_IOURING)
{
  struct ev_loop *loop = t_loop (0);
  int p[2], ring = ring_fd ();
  ev_set_syserr_cb (trace_syserr);
  many_start (loop, 100, 0);
  drive (loop, 2);
  t_pipe (p);
  CHECK_EQ (dup2 (p[1], ring), ring);
  many_add ();
  many_expect (loop, 1);
  CHECK_TRACE ("");
  CHECK (ring_fd () != ring);
  t_write (ring, "x"); /* the program's file was left alone */
  CHECK_EQ (t_drain (p[0]), 1);
  ev_loop_destroy (loop);
  t_write (ring, "x");
}

TEST (uring_all_closed_and_forked, .backends = T_IOURING)
{
  /* As a daemon does that closes every descriptor, and then says ev_loop_fork. */
  struct ev_loop *loop = t_loop (EVFLAG_NOTIMERFD);
  ev_async a;
  int fds, i;
  NAMED (&a, note_async, "a");
  ev_async_start (loop, &a);
  drive (loop, 2);
  fds = t_open_fds ();
  for (i = 3; i < 64; ++i)
    close (i);
  ev_loop_fork (loop);
  drive (loop, 1);
  CHECK (t_open_fds () <= fds);
  many_start (loop, 10, 1);
  many_expect (loop, 1);
  ev_async_send (loop, &a);
  drive_until (loop, &noted, 1);
  CHECK_EQ (ev_backend (loop), EVBACKEND_IOURING);
  ev_loop_destroy (loop);
}

/* ---- what the kernel can't poll ---- */

/* The array of entries of the only ring, and its end. */
static struct io_uring_sqe *
entries (struct io_uring_sqe **end)
{
  char line[4096];
  unsigned long start = 0, stop = 0, from, to, offset;
  FILE *maps = fopen ("/proc/self/maps", "r");
  CHECK (maps);
  while (fgets (line, sizeof line, maps))
    if (strstr (line, "[io_uring]") && sscanf (line, "%lx-%lx %*s %lx", &from, &to, &offset) == 3 && offset == IORING_OFF_SQES)
      start = from, stop = to;
  fclose (maps);
  CHECK (start);
  *end = (struct io_uring_sqe *)stop;
  return (struct io_uring_sqe *)start;
}

static int unpollable;

/* Just before the call: the kernel will refuse the polls of one descriptor (EINVAL), as it does those of a few drivers. */
static void
spoil (EV_P)
{
  struct io_uring_sqe *end, *entry;
  (void)loop;
  for (entry = entries (&end); entry < end; ++entry)
    if (entry->opcode == IORING_OP_POLL_ADD && entry->fd == unpollable)
      entry->buf_index = 1;
}

TEST (uring_what_it_can_not_poll_goes_to_epoll, .backends = T_IOURING)
{
  struct ev_loop *loop;
  ev_io w, other;
  int p[2], s[2], round;
  WATCH_URING ();
  loop = t_loop (0);
  ev_set_syserr_cb (trace_syserr);
  ev_set_loop_release_cb (loop, spoil, 0);
  t_socketpair (p);
  t_pipe (s);
  unpollable = p[0];
  io_named (loop, &w, "w", p[0], EV_READ);
  io_named (loop, &other, "other", s[0], EV_READ);
  ev_run (loop, EVRUN_ONCE); /* refused */
  CHECK_EQ (inject_calls (SYS_epoll_create1), 1);
  for (round = 0; round < 20; ++round)
    {
      t_write (p[1], "x");
      noted = 0;
      t_trace_reset ();
      drive_until (loop, &noted, 1);
      CHECK_TRACE ("w:1");
      t_drain (p[0]);
      t_write (s[1], "x");
      drive_until (loop, &noted, 2);
      CHECK_TRACE ("w:1 other:1");
      t_drain (s[0]);
      drive (loop, 2);
    }
  /* Level, stop, other events, and closed. */
  t_trace_reset ();
  t_write (p[1], "x");
  ev_run (loop, EVRUN_ONCE);
  ev_run (loop, EVRUN_ONCE);
  CHECK_TRACE ("w:1 w:1");
  ev_io_stop (loop, &w);
  drive (loop, 3);
  CHECK_TRACE ("w:1 w:1");
  ev_io_modify (&w, EV_WRITE);
  ev_io_start (loop, &w);
  noted = 0;
  t_trace_reset ();
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("w:2");
  ev_loop_fork (loop);
  noted = 0;
  t_trace_reset ();
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("w:2");
  ev_loop_destroy (loop);
}

TEST (uring_ready_file_that_it_can_not_poll, .backends = T_IOURING)
{
  /* Neither can epoll: it is always ready. */
  struct ev_loop *loop = t_loop (0);
  ev_io w;
  unpollable = open ("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  CHECK (unpollable >= 0);
  ev_set_loop_release_cb (loop, spoil, 0);
  io_named (loop, &w, "w", unpollable, EV_READ);
  drive_until (loop, &noted, 10);
  ev_io_stop (loop, &w);
  drive (loop, 2);
  noted = 0;
  drive (loop, 2);
  CHECK_EQ (noted, 0);
  ev_loop_destroy (loop);
}
