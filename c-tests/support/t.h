/* The harness of the C tests: one TEST is one behaviour, run by the runner in a process of its own on one backend.
 *
 *     TEST (stop_in_own_callback) { ... CHECK (...); }
 *     TEST (timer_far_away, .once = 1) { ... }
 *
 * A test ends by returning (pass), by a failed CHECK (fail) or by t_skip (skipped, with the reason printed).
 */
#ifndef FERROEV_T_H
#define FERROEV_T_H

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ev.h>

#ifdef __cplusplus
# define _Noreturn [[noreturn]]
extern "C" {
#endif

#define T_SELECT 0x01u
#define T_POLL 0x02u
#define T_EPOLL 0x04u
#define T_LINUXAIO 0x40u
#define T_IOURING 0x80u
#define T_ALL (T_SELECT | T_POLL | T_EPOLL | T_LINUXAIO | T_IOURING)

struct t_case
{
  const char *name;
  void (*run) (void);
  unsigned backends;       /* the backends it runs on; default: all */
  int once;                /* does not depend on the backend: runs on one only */
  int alone;               /* timing-sensitive, or uses up something of the whole machine: never beside another test */
  int no_valgrind;         /* too slow there, or uses what valgrind can't do */
  const char *ours_only;   /* the reference can't pass: the line of COMPATIBILITY.md that says why */
  unsigned ours_only_on;   /* ... on these backends; default: all */
  struct t_case *next;
};

void t_register (struct t_case *);

#define TEST(name_, ...) \
  static void name_ (void); \
  static struct t_case t_case_##name_ = { .name = #name_, .run = name_, .backends = T_ALL, __VA_ARGS__ }; \
  __attribute__ ((constructor)) static void t_register_##name_ (void) { t_register (&t_case_##name_); } \
  static void name_ (void)

/* The backend under test (an EVBACKEND_ bit) and whether the library under test is the reference. */
extern unsigned t_backend;
extern int t_reference;

/* A new loop on the backend under test, EVFLAG_NOENV and `flags` added; the test fails if there is none. */
struct ev_loop *t_loop (unsigned flags);
/* The default loop, likewise. */
struct ev_loop *t_default_loop (unsigned flags);

_Noreturn void t_fail (const char *file, int line, const char *format, ...) __attribute__ ((format (printf, 3, 4)));
_Noreturn void t_skip (const char *why);
/* Skips in a program that a sanitizer compiled: why. */
void t_skip_if_sanitized (const char *why);
/* Skips if the suite runs with LIBEV_CHECK=1, which this test can't: why. */
void t_skip_if_checked (const char *why);

#define CHECK(condition) \
  do { if (!(condition)) t_fail (__FILE__, __LINE__, "not true: %s", #condition); } while (0)
#define CHECK_EQ(have, want) \
  do { long long t_have = (long long)(have), t_want = (long long)(want); \
       if (t_have != t_want) t_fail (__FILE__, __LINE__, "%s is %lld, expected %s = %lld", #have, t_have, #want, t_want); } while (0)
#define CHECK_STR(have, want) \
  do { const char *t_have = (have), *t_want = (want); \
       if (strcmp (t_have, t_want)) t_fail (__FILE__, __LINE__, "%s is \"%s\", expected \"%s\"", #have, t_have, t_want); } while (0)
/* low <= have <= high, for times in seconds. */
#define CHECK_BETWEEN(have, low, high) \
  do { double t_have = (have), t_low = (low), t_high = (high); \
       if (!(t_have >= t_low && t_have <= t_high)) t_fail (__FILE__, __LINE__, "%s is %.9f, expected %.9f to %.9f", #have, t_have, t_low, t_high); } while (0)

/* The order of callbacks as a text: each callback adds a word, the test compares the whole. */
void t_trace (const char *format, ...) __attribute__ ((format (printf, 1, 2)));
const char *t_traced (void); /* what was added, words joined by one space */
void t_trace_reset (void);
#define CHECK_TRACE(want) CHECK_STR (t_traced (), want)

/* Runs `body (arg)` in a child and checks that it ends by SIGABRT after printing `text` to standard error ("" = anything). */
void t_expect_abort (void (*body) (void *), void *arg, const char *text);
/* ... all of several texts. */
void t_expect_abort_saying (void (*body) (void *), void *arg, const char *const *text, int texts);
/* Runs `body (arg)` in a child and returns its wait status; a failed CHECK in it is a status other than 0. */
int t_in_child (void (*body) (void *), void *arg);
/* Waits for the end of a child, signals or not; its wait status. */
int t_wait (pid_t pid);
/* Blocks or unblocks (SIG_BLOCK, SIG_UNBLOCK) one signal for this thread. */
void t_mask (int how, int signum);

void t_pipe (int fd[2]);             /* close-on-exec, non-blocking; [0] reads, [1] writes */
void t_socketpair (int fd[2]);       /* stream, non-blocking, close-on-exec */
void t_write (int fd, const char *text);
int t_drain (int fd);                /* reads all there is; returns the number of bytes */
int t_open_fds (void);               /* how many descriptors this process has open */
void t_nap (double seconds);         /* sleeps the whole time, signals or not */
double t_clock (void);               /* CLOCK_MONOTONIC in seconds */
char *t_tmpdir (void);               /* a directory of this test's own, removed by the runner */

#ifdef __cplusplus
}
#endif
#endif
