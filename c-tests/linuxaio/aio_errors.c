/* linuxaio: errors of its system calls: which are handled, which are told, and that nothing is lost over them. */
#include "aio.h"

#include <pty.h>
#include <sys/time.h>

#define CLOSED "the reference aborts the process on a closed descriptor (linuxaio)"

TEST (aio_errors_submit_is_told_and_tried_again, .backends = T_LINUXAIO)
{
  struct ev_loop *loop;
  struct inject_rule *rule;
  WATCH_AIO ();
  loop = t_loop (0);
  ev_set_syserr_cb (trace_syserr);
  many_start (loop, 30, 1);
  rule = inject_error (SYS_io_submit, ENOMEM, 0, 3);
  many_expect (loop, 1);
  CHECK_EQ (rule->struck, 3);
  CHECK_TRACE ("(libev) linuxaio io_submit|12 (libev) linuxaio io_submit|12 (libev) linuxaio io_submit|12");
  many_add ();
  many_expect (loop, 1);
  ev_loop_destroy (loop);
}

static void
submit_fails_untold (void *unused)
{
  struct ev_loop *loop;
  (void)unused;
  WATCH_AIO ();
  loop = t_loop (0);
  many_start (loop, 3, 1);
  inject_error (SYS_io_submit, ENOMEM, 0, INJECT_ALWAYS);
  drive (loop, 3);
}

TEST (aio_errors_submit_aborts_without_a_callback, .backends = T_LINUXAIO, .no_valgrind = 1)
{
  t_expect_abort (submit_fails_untold, 0, "(libev) linuxaio io_submit: Cannot allocate memory");
}

TEST (aio_errors_interrupted_submit_is_silent, .backends = T_LINUXAIO)
{
  struct ev_loop *loop;
  struct inject_rule *rule;
  WATCH_AIO ();
  loop = t_loop (0);
  ev_set_syserr_cb (trace_syserr);
  many_start (loop, 30, 1);
  rule = inject_error (SYS_io_submit, EINTR, 0, 5);
  drive (loop, 1);
  CHECK_EQ (many_done, 30);
  CHECK_EQ (rule->struck, 5);
  CHECK_TRACE ("");
  ev_loop_destroy (loop);
}

TEST (aio_errors_submit_after_a_part_was_taken, .backends = T_LINUXAIO)
{
  /* The second call of an iteration fails: what the first one took stays armed, the rest comes after. */
  struct ev_loop *loop;
  struct inject_rule *rule;
  ev_io w;
  int i, master, slave;
  WATCH_AIO ();
  loop = t_loop (0);
  drive (loop, 2);
  ev_set_syserr_cb (trace_syserr);
  CHECK (!openpty (&master, &slave, 0, 0, 0));
  fcntl (master, F_SETFL, O_NONBLOCK);
  many = calloc (20, sizeof *many);
  many_called = calloc (20, sizeof *many_called);
  many_open = 20;
  for (i = 0; i < 20; ++i)
    {
      if (i == 10)
        io_named (loop, &w, "pty", master, EV_READ);
      ev_io_init (&many[i], many_ready, counter_fd (1), EV_READ);
      ev_io_start (loop, &many[i]);
    }
  rule = inject_error (SYS_io_submit, ENOMEM, 2, 1);
  many_expect (loop, 1);
  CHECK_EQ (rule->struck, 1);
  CHECK_TRACE ("(libev) linuxaio io_submit|12");
  t_write (slave, "x");
  drive_until (loop, &noted, 1);
  ev_loop_destroy (loop);
}

TEST (aio_errors_wait_is_told, .backends = T_LINUXAIO)
{
  struct ev_loop *loop;
  struct inject_rule *rule;
  ev_timer t;
  WATCH_AIO ();
  loop = t_loop (0);
  ev_set_syserr_cb (trace_syserr);
  many_start (loop, 10, 0);
  timer_named (loop, &t, "t", 20., 0.);
  drive (loop, 2);
  rule = inject_error (SYS_io_getevents, ENOMEM, 0, 1);
  ev_run (loop, EVRUN_ONCE);
  CHECK_EQ (rule->struck, 1);
  CHECK_TRACE ("(libev) linuxaio io_getevents|12");
  many_add ();
  many_expect (loop, 1);
  CHECK_TRACE ("(libev) linuxaio io_getevents|12");
  ev_loop_destroy (loop);
}

static void
wait_fails_untold (void *unused)
{
  struct ev_loop *loop;
  ev_timer t;
  (void)unused;
  WATCH_AIO ();
  loop = t_loop (0);
  timer_named (loop, &t, "t", 5., 0.);
  drive (loop, 2);
  inject_error (SYS_io_getevents, EINVAL, 0, INJECT_ALWAYS);
  ev_run (loop, EVRUN_ONCE);
}

TEST (aio_errors_wait_aborts_without_a_callback, .backends = T_LINUXAIO, .no_valgrind = 1)
{
  t_expect_abort (wait_fails_untold, 0, "(libev) linuxaio io_getevents: Invalid argument");
}

TEST (aio_errors_cancel_is_never_told, .backends = T_LINUXAIO)
{
  /* Whatever it says, the request is late from then on. */
  static const int errors[] = { EINVAL, EINPROGRESS, EAGAIN, ENOENT, 0 };
  struct ev_loop *loop;
  int i;
  WATCH_AIO ();
  loop = t_loop (0);
  ev_set_syserr_cb (trace_syserr);
  for (i = 0; i < 5; ++i)
    {
      struct inject_rule *rule = inject_error (SYS_io_cancel, errors[i], 0, 1);
      ev_io w;
      int p[2];
      t_pipe (p);
      io_named (loop, &w, "r", p[0], EV_READ);
      drive (loop, 2);
      ev_io_stop (loop, &w);
      drive (loop, 1);
      CHECK_EQ (rule->struck, 1);
      inject_end (rule);
      t_write (p[1], "x");
      drive (loop, 3);
      CHECK_TRACE ("");
    }
  many_start (loop, 10, 1);
  many_expect (loop, 1);
  ev_loop_destroy (loop);
}

/* ---- closed descriptors ---- */

TEST (aio_errors_closed_among_good_ones, .backends = T_LINUXAIO, .ours_only = CLOSED)
{
  enum { N = 30 };
  struct ev_loop *loop = t_loop (0);
  static ev_io bad[N];
  int i, fd[N];
  for (i = 0; i < N; ++i)
    fd[i] = counter_fd (0);
  many_start (loop, N, 1);
  for (i = 0; i < N; i += 3)
    {
      close (fd[i]);
      io_named (loop, &bad[i], "bad", fd[i], EV_READ);
    }
  drive (loop, 4);
  CHECK_EQ (many_done, N);
  CHECK_EQ (noted, N / 3);
  CHECK_TRACE ("bad:80000003 bad:80000003 bad:80000003 bad:80000003 bad:80000003 "
               "bad:80000003 bad:80000003 bad:80000003 bad:80000003 bad:80000003");
  for (i = 0; i < N; i += 3)
    CHECK (!ev_is_active (&bad[i]));
  many_done = 0;
  many_add ();
  many_expect (loop, 1);
  ev_loop_destroy (loop);
}

TEST (aio_errors_refused_as_closed, .backends = T_LINUXAIO, .ours_only = CLOSED)
{
  /* By injection: the first of the submit is the one that is meant. */
  struct ev_loop *loop;
  ev_io w;
  int p[2];
  WATCH_AIO ();
  loop = t_loop (0);
  drive (loop, 2);
  t_pipe (p);
  inject_error (SYS_io_submit, EBADF, 0, 1);
  io_named (loop, &w, "w", p[0], EV_READ);
  drive (loop, 3);
  CHECK_TRACE ("w:80000003");
  CHECK (!ev_is_active (&w));
  io_named (loop, &w, "again", p[0], EV_READ);
  t_write (p[1], "x");
  drive (loop, 2);
  CHECK_TRACE ("w:80000003 again:1 again:1");
  ev_loop_destroy (loop);
}

TEST (aio_errors_closed_do_not_delay_the_wait, .backends = T_LINUXAIO, .ours_only = CLOSED)
{
  /* The error is there: a loop that would block delivers it at once. */
  struct ev_loop *loop = t_loop (0);
  ev_timer t;
  ev_io w;
  int fd = dup (0);
  close (fd);
  timer_named (loop, &t, "t", 20., 0.);
  io_named (loop, &w, "w", fd, EV_READ);
  ev_run (loop, EVRUN_ONCE);
  CHECK_TRACE ("w:80000003");
  ev_loop_destroy (loop);
}

TEST (aio_errors_its_own_epoll_set_is_closed, .backends = T_LINUXAIO, .ours_only = CLOSED)
{
  /* As a daemon does that closes every descriptor, and then says ev_loop_fork. */
  struct ev_loop *loop = t_loop (EVFLAG_NOTIMERFD);
  ev_async a;
  ev_io w;
  int master, slave, fds, i;
  NAMED (&a, note_async, "a");
  ev_async_start (loop, &a);
  drive (loop, 2);
  fds = t_open_fds ();
  for (i = 3; i < 64; ++i)
    close (i);
  ev_loop_fork (loop);
  drive (loop, 1);
  CHECK (t_open_fds () <= fds);
  CHECK (!openpty (&master, &slave, 0, 0, 0));
  fcntl (master, F_SETFL, O_NONBLOCK);
  many_start (loop, 10, 1);
  io_named (loop, &w, "pty", master, EV_READ);
  many_expect (loop, 1);
  t_write (slave, "x");
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("pty:1");
  t_drain (master);
  drive (loop, 2);
  t_trace_reset ();
  noted = 0;
  ev_async_send (loop, &a);
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("a:80000");
  CHECK_EQ (ev_backend (loop), EVBACKEND_LINUXAIO);
  ev_loop_destroy (loop);
}

/* ---- without descriptors or memory to spare ---- */

TEST (aio_errors_no_descriptor_left, .backends = T_LINUXAIO)
{
  /* A loop that is at work needs no new one. */
  struct rlimit none;
  struct ev_loop *loop = t_loop (0);
  many_start (loop, 200, 0);
  drive (loop, 2);
  CHECK (!getrlimit (RLIMIT_NOFILE, &none));
  none.rlim_cur = (rlim_t)many[199].fd + 1;
  CHECK (!setrlimit (RLIMIT_NOFILE, &none));
  CHECK_EQ (dup (0), -1);
  many_add ();
  many_expect (loop, 1);
  CHECK_EQ (ev_backend (loop), EVBACKEND_LINUXAIO);
  ev_loop_destroy (loop);
}
