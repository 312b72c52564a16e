/* iouring: an armed poll holds its file, so what is stopped is let go before the next wait; numbers that are used again. */
#include "uring.h"

#include <arpa/inet.h>

/* The wait itself must end by the end of file that the close before it makes. */
TEST (uring_stop_and_close_is_seen_before_the_next_wait, .backends = T_IOURING)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w, peer;
  int s[2], i;
  for (i = 0; i < 20; ++i)
    {
      t_socketpair (s);
      io_named (loop, &w, "w", s[0], EV_READ);
      io_named (loop, &peer, "peer", s[1], EV_READ);
      drive (loop, i % 3);
      ev_io_stop (loop, &w);
      close (s[0]);
      noted = 0;
      t_trace_reset ();
      drive_until (loop, &noted, 1);
      CHECK_TRACE ("peer:1");
      CHECK (at_end_now (s[1]));
      ev_io_stop (loop, &peer);
      close (s[1]);
    }
  ev_loop_destroy (loop);
}

TEST (uring_stop_and_close_without_a_wait, .backends = T_IOURING)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w;
  int s[2];
  t_socketpair (s);
  io_named (loop, &w, "w", s[0], EV_READ);
  drive (loop, 2);
  ev_io_stop (loop, &w);
  ev_run (loop, EVRUN_NOWAIT);
  close (s[0]);
  CHECK (at_end (s[1]));
  ev_loop_destroy (loop);
}

TEST (uring_destroy_lets_all_files_go, .backends = T_IOURING)
{
  enum { N = 100 };
  static ev_io w[N];
  struct ev_loop *loop = t_loop (0);
  int s[N][2], i;
  need_fds (2 * N + 50);
  for (i = 0; i < N; ++i)
    {
      t_socketpair (s[i]);
      io_named (loop, &w[i], "w", s[i][0], EV_READ);
    }
  drive (loop, 2);
  ev_loop_destroy (loop);
  for (i = 0; i < N; ++i)
    close (s[i][0]);
  for (i = 0; i < N; ++i)
    CHECK (at_end_now (s[i][1]));
}

TEST (uring_port_is_free_after_stop_and_close, .backends = T_IOURING)
{
  struct ev_loop *loop = t_loop (0);
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t length = sizeof address;
  ev_io w;
  int i;
  for (i = 0; i < 10; ++i)
    {
      int fd = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      CHECK (!bind (fd, (struct sockaddr *)&address, sizeof address) && !listen (fd, 5));
      CHECK (!getsockname (fd, (struct sockaddr *)&address, &length));
      io_named (loop, &w, "w", fd, EV_READ);
      drive (loop, 1);
      ev_io_stop (loop, &w);
      close (fd);
      drive (loop, 1);
    }
  ev_loop_destroy (loop);
}

TEST (uring_late_completion_of_a_number_used_again, .backends = T_IOURING)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w;
  int old[2], new[2], i;
  for (i = 0; i < 20; ++i)
    {
      t_pipe (old);
      t_pipe (new);
      io_named (loop, &w, "old", old[0], EV_READ);
      drive (loop, 1);
      t_write (old[1], "x"); /* the poll completes, and nobody has looked yet */
      ev_io_stop (loop, &w);
      CHECK_EQ (dup2 (new[0], old[0]), old[0]);
      io_named (loop, &w, "new", old[0], EV_READ);
      drive (loop, 3);
      CHECK_TRACE ("");
      t_write (new[1], "x");
      noted = 0;
      drive_until (loop, &noted, 1);
      CHECK_TRACE ("new:1");
      ev_io_stop (loop, &w);
      t_trace_reset ();
      close (old[0]), close (old[1]), close (new[0]), close (new[1]);
    }
  ev_loop_destroy (loop);
}

TEST (uring_closed_while_it_was_polled_every_turn, .backends = T_IOURING, .ours_only = "a closed descriptor aborts there")
{
  struct ev_loop *loop = t_loop (0);
  ev_io w;
  int p[2];
  t_pipe (p);
  t_write (p[1], "x");
  io_named (loop, &w, "w", p[0], EV_READ);
  drive (loop, 30); /* by now it is no more in the ring */
  t_trace_reset ();
  close (p[0]);
  drive (loop, 2);
  CHECK_TRACE ("w:80000003");
  CHECK (!ev_is_active (&w));
  ev_loop_destroy (loop);
}
