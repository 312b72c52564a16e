/* What LIBEV_CHECK tells: which backend a loop is on, and why not on a better one. */
#include "misuse.h"
#include "refuse.h"

#define OURS .ours_only = LIBEV_CHECK, .no_valgrind = 1

/* `body` in a child with LIBEV_CHECK=1 says all of the texts. It aborts at the end: that is how they are looked at. */
#define TOLD REPORTED

static void
make_a_loop (void)
{
  ev_loop_destroy (t_loop (0));
  abort ();
}

TEST (told_backend, OURS)
{
  TOLD (make_a_loop, "loop 0x",
        t_backend == EVBACKEND_SELECT ? " is on select"
        : t_backend == EVBACKEND_POLL ? " is on poll"
        : t_backend == EVBACKEND_EPOLL ? " is on epoll"
        : t_backend == EVBACKEND_LINUXAIO ? " is on linuxaio" : " is on iouring");
}

static void
make_a_loop_without_aio (void)
{
  refuse (SYS_io_setup, EPERM);
  ev_loop_destroy (ev_loop_new (EVBACKEND_LINUXAIO | EVBACKEND_EPOLL | EVFLAG_NOENV));
  abort ();
}

TEST (told_linuxaio_forbidden, .once = 1, OURS)
{
  TOLD (make_a_loop_without_aio, "no linuxaio: io_setup failed (Operation not permitted)", " is on epoll");
}

static void
make_a_loop_without_uring (void)
{
  refuse (425, EPERM); /* io_uring_setup */
  ev_loop_destroy (ev_loop_new (EVBACKEND_IOURING | EVBACKEND_EPOLL | EVFLAG_NOENV));
  abort ();
}

TEST (told_iouring_forbidden, .once = 1, OURS)
{
  TOLD (make_a_loop_without_uring, "no iouring: io_uring_setup failed (Operation not permitted)", " is on epoll");
}

static void
make_a_loop_without_epoll (void)
{
  refuse_epoll (ENOSYS);
  ev_loop_destroy (ev_loop_new (EVBACKEND_EPOLL | EVBACKEND_POLL | EVFLAG_NOENV));
  abort ();
}

TEST (told_epoll_missing, .once = 1, OURS)
{
  TOLD (make_a_loop_without_epoll, "no epoll: epoll_create1 failed (Function not implemented)", " is on poll");
}

static void
told_timer (EV_P_ ev_timer *w, int revents)
{
}

static void
wait_without_nanoseconds (void)
{
  struct ev_loop *loop;
  ev_timer timer;
  refuse (441, ENOSYS); /* epoll_pwait2, which older headers don't name */
  loop = t_loop (0);
  ev_timer_init (&timer, told_timer, 0.01, 0.);
  ev_timer_start (loop, &timer);
  ev_run (loop, 0);
  abort ();
}

TEST (told_waits_in_milliseconds, .backends = T_EPOLL, OURS)
{
  TOLD (wait_without_nanoseconds, "epoll waits in milliseconds: epoll_pwait2 failed (Function not implemented)");
}

static void
use_up_aio (void)
{
  struct ev_loop *loop = t_loop (0);
  static ev_io io[300];
  int fd[2], i;
  t_pipe (fd);
  refuse (SYS_io_setup, EAGAIN);
  for (i = 0; i < 300; ++i)
    {
      ev_io_init (&io[i], (void (*) (EV_P_ ev_io *, int))told_timer, dup (fd[0]), EV_READ);
      ev_io_start (loop, &io[i]);
    }
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_EQ (ev_backend (loop), EVBACKEND_EPOLL);
  abort ();
}

TEST (told_linuxaio_gives_way, .backends = T_LINUXAIO, OURS)
{
  TOLD (use_up_aio, " is on linuxaio", "linuxaio gives way to epoll: no larger context (Resource temporarily unavailable)");
}
