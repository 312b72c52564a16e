/* The kernel as a test wants it: counts the system calls of this program and answers chosen ones with an error.
 *
 *     inject_watch (SYS_io_submit, SYS_io_getevents);   // first of all in a test: the calls that matter, or inject_watch_all ()
 *     inject_mark ();
 *     ...
 *     CHECK_EQ (inject_calls (SYS_io_submit), 1);       // of this thread since the mark
 *     rule = inject_error (SYS_io_submit, EAGAIN, 2, 1); // the third one from now on fails, once
 *
 * A process of its own answers the kernel's questions (seccomp's user notification), so what is injected can change at any
 * time and end again. Threads and children started after inject_watch are watched too.
 */
#ifndef FERROEV_INJECT_H
#define FERROEV_INJECT_H

#include "t.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* A poll without a time-out, which newer architectures don't have. */
#ifndef SYS_poll
# define SYS_poll SYS_ppoll
#endif

/* A call that was made. `error`: what was answered in place of the kernel, 0 = the kernel did it. */
struct inject_call
{
  int thread;
  int error;
  long number;
  uint64_t args[6];
};

struct inject_rule
{
  volatile int live;
  long number;
  int arg;               /* the argument that must have this value; -1 = any call of this number */
  uint64_t value;
  int skip;              /* calls still to be let through */
  int times;             /* how often it strikes; -1 = always */
  int error;             /* 0: the call is not made and returns `result` */
  long result;
  volatile int struck;
};

/* SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, which older headers lack. */
#define INJECT_WAIT_KILLABLE (1ul << 5)

enum { INJECT_RULES = 32, INJECT_CALLS = 1 << 17, INJECT_ALWAYS = -1 };

/* Shared with the process that answers. */
static struct inject_board
{
  struct inject_rule rules[INJECT_RULES];
  volatile int calls;
  struct inject_call call[INJECT_CALLS];
} *inject_board;

static int inject_first, inject_thread;

/* ---- the process that answers ---- */

static inline int
inject_answer (int thread, const struct seccomp_data *data, long *result)
{
  int i, k, error = 0, strikes = 0;
  for (i = 0; i < INJECT_RULES && !strikes; ++i)
    {
      struct inject_rule *rule = &inject_board->rules[i];
      if (!rule->live || rule->number != data->nr || !rule->times)
        continue;
      if (rule->arg >= 0 && data->args[rule->arg] != rule->value)
        continue;
      if (rule->skip > 0)
        {
          --rule->skip;
          continue;
        }
      if (rule->times > 0)
        --rule->times;
      ++rule->struck;
      strikes = 1;
      error = rule->error;
      *result = rule->result;
    }
  k = inject_board->calls;
  if (k < INJECT_CALLS)
    {
      struct inject_call *call = &inject_board->call[k];
      call->thread = thread;
      call->error = error;
      call->number = data->nr;
      memcpy (call->args, data->args, sizeof call->args);
    }
  __atomic_store_n (&inject_board->calls, k + 1, __ATOMIC_RELEASE);
  return strikes ? error : -1;
}

static inline void
inject_serve (int listener)
{
  for (;;)
    {
      struct seccomp_notif asked = { 0 };
      struct seccomp_notif_resp reply = { 0 };
      struct pollfd ready = { listener, POLLIN, 0 };
      long result = 0;
      int error;
      if (poll (&ready, 1, -1) < 0)
        continue;
      if (!(ready.revents & POLLIN))
        _exit (0); /* the program has ended */
      if (ioctl (listener, SECCOMP_IOCTL_NOTIF_RECV, &asked))
        continue;
      error = inject_answer ((int)asked.pid, &asked.data, &result);
      reply.id = asked.id;
      if (error < 0)
        reply.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
      else
        {
          reply.error = -error;
          reply.val = result;
        }
      ioctl (listener, SECCOMP_IOCTL_NOTIF_SEND, &reply);
    }
}

union inject_message
{
  char room[CMSG_SPACE (sizeof (int))];
  struct cmsghdr align;
};

static inline void
inject_helper (int sock)
{
  union inject_message control;
  char byte;
  struct iovec data = { &byte, 1 };
  struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
  struct cmsghdr *head;
  int listener;
  /* It must not hold any of the test's files open. */
  dup2 (sock, 0);
  syscall (SYS_close_range, 1, ~0u, 0);
  if (recvmsg (0, &message, 0) != 1)
    _exit (1);
  head = CMSG_FIRSTHDR (&message);
  if (!head)
    _exit (1);
  memcpy (&listener, CMSG_DATA (head), sizeof listener);
  close (0);
  inject_serve (listener);
}

/* ---- the test's side ---- */

static inline void
inject_send (int sock, int listener)
{
  union inject_message control = { { 0 } };
  char byte = 0;
  struct iovec data = { &byte, 1 };
  struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
  struct cmsghdr *head = CMSG_FIRSTHDR (&message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN (sizeof listener);
  memcpy (CMSG_DATA (head), &listener, sizeof listener);
  CHECK_EQ (sendmsg (sock, &message, 0), 1);
}

/* Asks about all `n` calls; if `n` is 0 about every call but those by which `sock` is used. */
static inline int
inject_install (const long *numbers, int n, int sock)
{
  struct sock_filter code[64];
  struct sock_fprog program = { 0, code };
  int i, k = 0;
  CHECK (n < 50);
  code[k++] = (struct sock_filter)BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, nr));
  if (n)
    {
      for (i = 0; i < n; ++i)
        code[k++] = (struct sock_filter)BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, (unsigned)numbers[i], (uint8_t)(n - i), 0);
      code[k++] = (struct sock_filter)BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    }
  else
    {
      code[k++] = (struct sock_filter)BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, SYS_sendmsg, 0, 3);
      code[k++] = (struct sock_filter)BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, args));
      code[k++] = (struct sock_filter)BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, (unsigned)sock, 0, 1);
      code[k++] = (struct sock_filter)BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    }
  code[k++] = (struct sock_filter)BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
  program.len = (unsigned short)k;
  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    return -1;
  /* From Linux 5.19 on an answer isn't lost when a signal comes before it: the call would begin anew. */
  i = (int)syscall (SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER | INJECT_WAIT_KILLABLE, &program);
  return i >= 0 ? i : (int)syscall (SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

static inline void
inject_watch_list (const long *numbers, int n)
{
  int sock[2], listener;
  pid_t pid;
  CHECK (!inject_board);
  inject_board = mmap (0, sizeof *inject_board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  CHECK (inject_board != MAP_FAILED);
  CHECK (!socketpair (AF_UNIX, SOCK_STREAM, 0, sock));
  /* No child of the test's own: a loop that reaps all children must not meet it. */
  pid = fork ();
  CHECK (pid >= 0);
  if (!pid)
    {
      if (!fork ())
        inject_helper (sock[1]);
      _exit (0);
    }
  CHECK_EQ (waitpid (pid, 0, 0), pid);
  inject_thread = (int)getpid ();
  listener = inject_install (numbers, n, sock[0]);
  if (listener < 0)
    t_skip ("the kernel doesn't let a process answer for it (seccomp user notification)");
  inject_send (sock[0], listener);
  close (listener);
  close (sock[0]);
  close (sock[1]);
  inject_first = inject_board->calls;
}

#define inject_watch(...) \
  inject_watch_list ((const long[]){ __VA_ARGS__ }, (int)(sizeof (long[]){ __VA_ARGS__ } / sizeof (long)))

static inline void
inject_watch_all (void)
{
  inject_watch_list (0, 0);
}

/* From here on calls are counted anew. */
static inline void
inject_mark (void)
{
  inject_first = __atomic_load_n (&inject_board->calls, __ATOMIC_ACQUIRE);
}

/* In a child: its calls are those that count, from here on. */
static inline void
inject_follow (void)
{
  inject_thread = (int)getpid ();
  inject_mark ();
}

/* The n-th call (from 0) of that number by the test's thread since the mark, 0 if there is none; number -1: any. */
static inline const struct inject_call *
inject_call (long number, int n)
{
  int i, end = __atomic_load_n (&inject_board->calls, __ATOMIC_ACQUIRE);
  CHECK (end <= INJECT_CALLS);
  for (i = inject_first; i < end; ++i)
    {
      const struct inject_call *call = &inject_board->call[i];
      if (call->thread == inject_thread && (number < 0 || call->number == number) && !n--)
        return call;
    }
  return 0;
}

/* How many calls of that number (-1: of all) the test's thread made since the mark, with that value of an argument (arg -1: any). */
static inline int
inject_calls_with (long number, int arg, uint64_t value)
{
  int i, n = 0, end = __atomic_load_n (&inject_board->calls, __ATOMIC_ACQUIRE);
  CHECK (end <= INJECT_CALLS);
  for (i = inject_first; i < end; ++i)
    {
      const struct inject_call *call = &inject_board->call[i];
      n += call->thread == inject_thread && (number < 0 || call->number == number) && (arg < 0 || call->args[arg] == value);
    }
  return n;
}

static inline int
inject_calls (long number)
{
  return inject_calls_with (number, -1, 0);
}

static inline struct inject_rule *
inject_add (long number, int arg, uint64_t value, int error, long result, int skip, int times)
{
  int i;
  for (i = 0; i < INJECT_RULES; ++i)
    {
      struct inject_rule *rule = &inject_board->rules[i];
      if (rule->live)
        continue;
      *rule = (struct inject_rule){ 0, number, arg, value, skip, times, error, result, 0 };
      __atomic_store_n (&rule->live, 1, __ATOMIC_RELEASE);
      return rule;
    }
  t_fail (__FILE__, __LINE__, "too many rules");
}

/* Calls of that number fail, after the next `skip` ones, `times` times (INJECT_ALWAYS: until inject_end). */
static inline struct inject_rule *
inject_error (long number, int error, int skip, int times)
{
  return inject_add (number, -1, 0, error, 0, skip, times);
}

/* ... those whose argument `arg` (from 0) is `value`. */
static inline struct inject_rule *
inject_error_if (long number, int arg, uint64_t value, int error, int skip, int times)
{
  return inject_add (number, arg, value, error, 0, skip, times);
}

/* ... are not made, and succeed with `result`. */
static inline struct inject_rule *
inject_result (long number, long result, int skip, int times)
{
  return inject_add (number, -1, 0, 0, result, skip, times);
}

static inline void
inject_end (struct inject_rule *rule)
{
  __atomic_store_n (&rule->live, 0, __ATOMIC_RELEASE);
}

#endif
