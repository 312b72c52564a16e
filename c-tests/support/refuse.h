/* Makes the kernel refuse system calls to this process, for good, by a seccomp filter. */
#ifndef FERROEV_REFUSE_H
#define FERROEV_REFUSE_H

#include "t.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* From now on system call `number` fails with `error`. */
static inline void
refuse (long number, int error)
{
  struct sock_filter code[] = {
    BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, nr)),
    BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 1),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ((unsigned)error & SECCOMP_RET_DATA)),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = { sizeof code / sizeof *code, code };
  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
    t_skip ("seccomp filters can't be installed here");
}

/* Both generations of the calls that make something. */
static inline void
refuse_epoll (int error)
{
#ifdef SYS_epoll_create
  refuse (SYS_epoll_create, error);
#endif
  refuse (SYS_epoll_create1, error);
}

static inline void
refuse_eventfd (int error)
{
#ifdef SYS_eventfd
  refuse (SYS_eventfd, error);
#endif
  refuse (SYS_eventfd2, error);
}

static inline void
refuse_signalfd (int error)
{
#ifdef SYS_signalfd
  refuse (SYS_signalfd, error);
#endif
  refuse (SYS_signalfd4, error);
}

static inline void
refuse_inotify (int error)
{
#ifdef SYS_inotify_init
  refuse (SYS_inotify_init, error);
#endif
  refuse (SYS_inotify_init1, error);
}

/* Every call by which a back-end can wait, so that each wait of the loop fails. */
static inline void
refuse_waiting (int error)
{
  switch (t_backend)
    {
    case EVBACKEND_SELECT:
#ifdef SYS_select
      refuse (SYS_select, error);
#endif
      refuse (SYS_pselect6, error);
      break;
    case EVBACKEND_POLL:
#ifdef SYS_poll
      refuse (SYS_poll, error);
#endif
      refuse (SYS_ppoll, error);
      break;
    case EVBACKEND_EPOLL:
#ifdef SYS_epoll_wait
      refuse (SYS_epoll_wait, error);
#endif
      refuse (SYS_epoll_pwait, error);
#ifdef SYS_epoll_pwait2
      refuse (SYS_epoll_pwait2, error);
#else
      refuse (441, error);
#endif
      break;
    case EVBACKEND_IOURING:
      refuse (426, error); /* io_uring_enter */
      break;
    default:
      refuse (SYS_io_getevents, error);
#ifdef SYS_io_pgetevents
      refuse (SYS_io_pgetevents, error);
#endif
    }
}

#endif
