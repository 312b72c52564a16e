/* What the tests of iouring share: its system calls, and the ring as the kernel shows it. */
#ifndef FERROEV_URING_H
#define FERROEV_URING_H

#include "inject.h"
#include "many.h"

#include <linux/io_uring.h>

#ifndef SYS_io_uring_setup
# define SYS_io_uring_setup 425
# define SYS_io_uring_enter 426
#endif

/* First thing in a test that counts or injects. */
#define WATCH_URING() inject_watch (SYS_io_uring_setup, SYS_io_uring_enter, SYS_poll, SYS_epoll_create1, SYS_timerfd_create)

static inline int
enters (void)
{
  return inject_calls (SYS_io_uring_enter);
}

/* Whether a descriptor is a ring's. */
static inline int
is_ring (int fd)
{
  char path[64], text[64];
  ssize_t n;
  snprintf (path, sizeof path, "/proc/self/fd/%d", fd);
  n = readlink (path, text, sizeof text - 1);
  text[n < 0 ? 0 : n] = 0;
  return !strcmp (text, "anon_inode:[io_uring]");
}

/* The descriptor of the only ring. */
static inline int
ring_fd (void)
{
  int fd, found = -1;
  for (fd = 0; fd < 200; ++fd)
    if (is_ring (fd))
      {
        CHECK_EQ (found, -1);
        found = fd;
      }
  CHECK (found >= 0);
  return found;
}

/* What this kernel's io_uring says that it can. */
static inline unsigned
ring_features (void)
{
  struct io_uring_params asked = { 0 };
  int fd = (int)syscall (SYS_io_uring_setup, 4, &asked);
  CHECK (fd >= 0);
  close (fd);
  return asked.features;
}

static inline void
trace_syserr (const char *message)
{
  t_trace ("%s|%d", message, errno);
}

#endif
