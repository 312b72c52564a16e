/* The allocator of ev_set_allocator: all of a loop's memory goes through it, and all of it comes back. */
#define _GNU_SOURCE
#include "t.h"
#include "named.h"

#include <pthread.h>
#include <setjmp.h>

T_NAMED (timer)
T_NAMED (periodic)
T_NAMED (io)
T_NAMED (prepare)
T_NAMED (check)
T_NAMED (idle)
T_NAMED (fork)
T_NAMED (async)
T_NAMED (signal)
T_NAMED (child)
T_NAMED (stat)
T_NAMED (embed)
T_NAMED (cleanup)

/* An allocator as unkind as it may be: fresh memory is dirty, every change of size moves the block, the old place is
 * overwritten before it is let go, and every block is accounted for.
 */

#define MEMORY_MAGIC 0x6d656d6f7279ull

struct memory_block
{
  unsigned long long magic;
  size_t size;
  char data[] __attribute__ ((aligned (16)));
};

static long memory_bytes, memory_blocks, memory_calls, memory_most;
static pthread_mutex_t memory_mutex = PTHREAD_MUTEX_INITIALIZER;

static struct memory_block *
memory_block_of (void *p)
{
  struct memory_block *block = (struct memory_block *)((char *)p - offsetof (struct memory_block, data));
  if (block->magic != MEMORY_MAGIC)
    t_fail (__FILE__, __LINE__, "%p is not a block of this allocator, or was freed", p);
  return block;
}

static void *
memory_allocator (void *p, long size)
{
  struct memory_block *old = 0, *block = 0;
  CHECK (size >= 0);
  pthread_mutex_lock (&memory_mutex);
  ++memory_calls;
  if (p)
    old = memory_block_of (p);
  if (size)
    {
      block = malloc (sizeof *block + (size_t)size);
      CHECK (block);
      block->magic = MEMORY_MAGIC;
      block->size = (size_t)size;
      memset (block->data, 0xa5, (size_t)size);
      if (old)
        memcpy (block->data, old->data, old->size < (size_t)size ? old->size : (size_t)size);
      memory_bytes += size;
      ++memory_blocks;
      memory_most = size > memory_most ? size : memory_most;
    }
  if (old)
    {
      memory_bytes -= (long)old->size;
      --memory_blocks;
      memset (old, 0xdd, sizeof *old + old->size);
      free (old);
    }
  pthread_mutex_unlock (&memory_mutex);
  return block ? block->data : 0;
}

static void
memory_check_all_back (void)
{
  CHECK_EQ (memory_blocks, 0);
  CHECK_EQ (memory_bytes, 0);
}

/* Starts one watcher of every type that any loop can have, runs, and leaves them active. */
static void
memory_use_everything (struct ev_loop *loop, struct ev_loop *inner)
{
  static ev_io io[2];
  static ev_timer timer;
  static ev_periodic periodic;
  static ev_signal signal;
  static ev_stat stat, missing;
  static ev_idle idle;
  static ev_prepare prepare;
  static ev_check check;
  static ev_embed embed;
  static ev_fork fork;
  static ev_cleanup cleanup;
  static ev_async async;
  int fd[2];
  t_pipe (fd);
  NAME (io, io + 0, "", fd[0], EV_READ);
  ev_io_start (loop, io + 0);
  NAME (io, io + 1, "", fd[1], EV_WRITE);
  ev_io_start (loop, io + 1);
  NAME (timer, &timer, "", 0., 0.001);
  ev_timer_start (loop, &timer);
  NAME (periodic, &periodic, "", 0., 0.01, 0);
  ev_periodic_start (loop, &periodic);
  NAME (signal, &signal, "", SIGUSR1);
  ev_signal_start (loop, &signal);
  NAME (stat, &stat, "", t_tmpdir (), 0.);
  ev_stat_start (loop, &stat);
  NAME (stat, &missing, "", "/nonexistent/file", 0.);
  ev_stat_start (loop, &missing);
  NAME (idle, &idle, "");
  ev_set_priority (&idle, -2);
  ev_idle_start (loop, &idle);
  NAME (prepare, &prepare, "");
  ev_prepare_start (loop, &prepare);
  NAME (check, &check, "");
  ev_check_start (loop, &check);
  NAME (embed, &embed, "", inner);
  ev_embed_start (loop, &embed);
  NAME (fork, &fork, "");
  ev_fork_start (loop, &fork);
  NAME (cleanup, &cleanup, "");
  ev_cleanup_start (loop, &cleanup);
  NAME (async, &async, "");
  ev_async_start (loop, &async);
  ev_async_send (loop, &async);
  raise (SIGUSR1);
  ev_run (loop, EVRUN_NOWAIT);
  ev_loop_fork (loop);
  ev_run (loop, EVRUN_NOWAIT);
  ev_run (loop, EVRUN_NOWAIT);
  ev_verify (loop);
  t_trace_reset ();
  ev_signal_stop (loop, &signal);
}

TEST (memory_empty_loop_gives_all_back, .ours_only_on = T_LINUXAIO,
      .ours_only = "linuxaio: all memory is given back by ev_loop_destroy")
{
  struct ev_loop *loop;
  ev_set_allocator (memory_allocator);
  loop = t_loop (0);
  CHECK (memory_blocks > 0);
  ev_loop_destroy (loop);
  memory_check_all_back ();
}

TEST (memory_used_loop_gives_all_back, .ours_only_on = T_LINUXAIO,
      .ours_only = "linuxaio: all memory is given back by ev_loop_destroy")
{
  int i;
  ev_set_allocator (memory_allocator);
  for (i = 0; i < 3; ++i)
    {
      struct ev_loop *loop = t_loop (i == 1 ? EVFLAG_SIGNALFD : 0), *inner = ev_loop_new (EVFLAG_NOENV | EVBACKEND_EPOLL);
      memory_use_everything (loop, inner);
      ev_loop_destroy (loop);
      ev_loop_destroy (inner);
      memory_check_all_back ();
    }
}

TEST (memory_default_loop_gives_all_back, .ours_only_on = T_LINUXAIO,
      .ours_only = "linuxaio: all memory is given back by ev_loop_destroy")
{
  int i;
  ev_set_allocator (memory_allocator);
  for (i = 0; i < 3; ++i)
    {
      struct ev_loop *loop = t_default_loop (i == 1 ? EVFLAG_SIGNALFD : 0), *inner = ev_loop_new (EVFLAG_NOENV | EVBACKEND_EPOLL);
      ev_child child, any;
      NAME (child, &child, "", 4711, 0);
      ev_child_start (loop, &child);
      NAME (child, &any, "", 0, 1);
      ev_child_start (loop, &any);
      memory_use_everything (loop, inner);
      ev_child_stop (loop, &child);
      ev_child_stop (loop, &any);
      ev_loop_destroy (loop);
      ev_loop_destroy (inner);
      memory_check_all_back ();
    }
}

/* Arrays that grow */

TEST (memory_grows_and_comes_back, .ours_only_on = T_LINUXAIO,
      .ours_only = "linuxaio: all memory is given back by ev_loop_destroy")
{
  enum { N = 3000 };
  struct ev_loop *loop;
  static ev_timer timer[N];
  static ev_periodic periodic[N];
  static ev_prepare prepare[N];
  static ev_check check[N];
  static ev_idle idle[N];
  static ev_fork fork[N];
  static ev_cleanup cleanup[N];
  static ev_async async[N];
  static ev_io io[N];
  long before;
  int fd[2], i;
  t_pipe (fd);
  ev_set_allocator (memory_allocator);
  loop = t_loop (0);
  before = memory_bytes;
  for (i = 0; i < N; ++i)
    {
      ev_timer_init (timer + i, 0, 100. + i, 0.);
      ev_timer_start (loop, timer + i);
      ev_periodic_init (periodic + i, 0, 0., 1e6 + i, 0);
      ev_periodic_start (loop, periodic + i);
      ev_init (prepare + i, 0);
      ev_prepare_start (loop, prepare + i);
      ev_init (check + i, 0);
      ev_check_start (loop, check + i);
      ev_init (idle + i, 0);
      ev_set_priority (idle + i, i % 5 - 2);
      ev_idle_start (loop, idle + i);
      ev_init (fork + i, 0);
      ev_fork_start (loop, fork + i);
      ev_init (cleanup + i, 0);
      ev_cleanup_start (loop, cleanup + i);
      ev_init (async + i, 0);
      ev_async_start (loop, async + i);
      ev_io_init (io + i, 0, fd[i % 2], i % 2 ? EV_WRITE : EV_READ);
      ev_io_start (loop, io + i);
      ev_feed_event (loop, timer + i, EV_CUSTOM);
    }
  CHECK (memory_bytes - before >= N * (long)sizeof (void *) * 8);
  ev_verify (loop);
  for (i = 0; i < N; ++i)
    {
      ev_timer_stop (loop, timer + i);
      ev_cleanup_stop (loop, cleanup + i);
    }
  ev_loop_destroy (loop);
  memory_check_all_back ();
}

/* Valgrind does not know how far the kernel rounds a large ring up. */
TEST (memory_many_descriptors_come_back, .no_valgrind = 1, .ours_only_on = T_LINUXAIO,
      .ours_only = "linuxaio: all memory is given back by ev_loop_destroy")
{
  enum { N = 400 };
  struct ev_loop *loop;
  static ev_io io[2 * N];
  static int calls;
  int fd[2], i;
  ev_set_allocator (memory_allocator);
  loop = t_loop (0);
  for (i = 0; i < N; ++i)
    {
      t_pipe (fd);
      NAME (io, io + 2 * i, "r", fd[0], EV_READ);
      ev_io_start (loop, io + 2 * i);
      NAME (io, io + 2 * i + 1, "w", fd[1], EV_WRITE);
      ev_io_start (loop, io + 2 * i + 1);
    }
  for (i = 0; i < 10; ++i)
    ev_run (loop, EVRUN_NOWAIT);
  for (calls = 0, i = 0; t_traced ()[i]; ++i)
    calls += t_traced ()[i] == 'w';
  CHECK (calls >= N);
  ev_loop_destroy (loop);
  memory_check_all_back ();
}

/* What the allocator is asked */

static void *
memory_strict (void *p, long size)
{
  CHECK (size >= 0);
  CHECK (size < 64l << 20);
  return memory_allocator (p, size);
}

TEST (memory_sizes_are_sane)
{
  struct ev_loop *loop, *inner;
  ev_set_allocator (memory_strict);
  loop = t_loop (0);
  inner = ev_loop_new (EVFLAG_NOENV | EVBACKEND_EPOLL);
  memory_use_everything (loop, inner);
  ev_loop_destroy (loop);
  ev_loop_destroy (inner);
  CHECK (memory_calls > 0);
}

TEST (memory_nothing_is_allocated_before_a_loop, .once = 1)
{
  ev_set_allocator (memory_allocator);
  ev_time ();
  ev_sleep (0.);
  ev_version_major ();
  ev_supported_backends ();
  ev_recommended_backends ();
  ev_embeddable_backends ();
  ev_loop_destroy (0);
  ev_feed_signal (SIGUSR1);
  CHECK_EQ (memory_calls, 0);
}

TEST (memory_a_settled_loop_allocates_nothing)
{
  struct ev_loop *loop;
  ev_timer timer;
  ev_io io;
  ev_async async;
  long calls = 0;
  int fd[2], i;
  t_pipe (fd);
  ev_set_allocator (memory_allocator);
  loop = t_loop (0);
  NAME (io, &io, "", fd[1], EV_WRITE);
  NAME (timer, &timer, "", 0., 0.);
  NAME (async, &async, "");
  ev_async_start (loop, &async);
  for (i = 0; i < 200; ++i)
    {
      if (i == 100)
        calls = memory_calls;
      ev_io_start (loop, &io);
      ev_timer_start (loop, &timer);
      ev_async_send (loop, &async);
      ev_run (loop, EVRUN_NOWAIT);
      ev_io_stop (loop, &io);
      ev_timer_stop (loop, &timer);
      t_trace_reset ();
    }
  CHECK_EQ (memory_calls, calls);
  ev_loop_destroy (loop);
}

static void
memory_once_cb (int revents, void *arg)
{
  t_trace ("once");
}

TEST (memory_fired_once_is_freed)
{
  struct ev_loop *loop;
  long before;
  ev_set_allocator (memory_allocator);
  loop = t_loop (0);
  ev_once (loop, -1, 0, 0., memory_once_cb, 0);
  ev_run (loop, 0);
  before = memory_blocks;
  ev_once (loop, -1, 0, 0., memory_once_cb, 0);
  CHECK_EQ (memory_blocks, before + 1);
  ev_run (loop, 0);
  CHECK_EQ (memory_blocks, before);
  CHECK_TRACE ("once once");
  ev_loop_destroy (loop);
}

TEST (memory_unfired_once_is_freed_by_destroy, .ours_only = "ev_loop_destroy frees the block of an ev_once that has not fired")
{
  struct ev_loop *loop;
  int fd[2];
  t_pipe (fd);
  ev_set_allocator (memory_allocator);
  loop = t_loop (0);
  ev_once (loop, fd[0], EV_READ, 100., memory_once_cb, 0);
  ev_once (loop, fd[0], EV_READ, -1., memory_once_cb, 0);
  ev_once (loop, -1, 0, 100., memory_once_cb, 0);
  ev_run (loop, EVRUN_NOWAIT);
  ev_loop_destroy (loop);
  memory_check_all_back ();
  CHECK_TRACE ("");
}

static void
memory_quiet (EV_P_ ev_timer *w, int revents)
{
}

static void *
memory_thread (void *arg)
{
  int i;
  for (i = 0; i < 10; ++i)
    {
      struct ev_loop *loop = t_loop (0);
      ev_timer w;
      ev_timer_init (&w, memory_quiet, 0.001, 0.);
      ev_timer_start (loop, &w);
      ev_run (loop, 0);
      ev_loop_destroy (loop);
    }
  return 0;
}

TEST (memory_loops_in_threads_come_back, .ours_only_on = T_LINUXAIO,
      .ours_only = "linuxaio: all memory is given back by ev_loop_destroy")
{
  pthread_t thread[4];
  int i;
  ev_set_allocator (memory_allocator);
  for (i = 0; i < 4; ++i)
    CHECK (!pthread_create (thread + i, 0, memory_thread, 0));
  for (i = 0; i < 4; ++i)
    CHECK (!pthread_join (thread[i], 0));
  memory_check_all_back ();
}

/* Nothing but the allocator: the C library's malloc, replaced here by one that counts, is never called from the library. */

extern void *__libc_malloc (size_t);
extern void *__libc_calloc (size_t, size_t);
extern void *__libc_realloc (void *, size_t);

static volatile int memory_watch, memory_foreign;

/* A sanitizer has a malloc of its own. */
#if !defined __SANITIZE_ADDRESS__ && !defined __SANITIZE_THREAD__
void *
malloc (size_t size)
{
  memory_foreign += memory_watch;
  return __libc_malloc (size);
}

void *
calloc (size_t count, size_t size)
{
  memory_foreign += memory_watch;
  return __libc_calloc (count, size);
}

void *
realloc (void *p, size_t size)
{
  memory_foreign += memory_watch;
  return __libc_realloc (p, size);
}
#endif

static void *
memory_own_heap (void *p, long size)
{
  int watch = memory_watch;
  void *result;
  memory_watch = 0;
  result = memory_allocator (p, size);
  memory_watch = watch;
  return result;
}

TEST (memory_malloc_is_not_used, .no_valgrind = 1)
{
  struct ev_loop *loop, *inner;
  void *probe;
  t_skip_if_checked ("what is told is formatted by the C library");
  t_skip_if_sanitized ("it has a malloc of its own");
  ev_set_allocator (memory_own_heap);
  memory_watch = 1;
  probe = malloc (1);
  CHECK_EQ (memory_foreign, 1); /* the counter works */
  free (probe);
  memory_foreign = 0;
  loop = t_loop (0);
  inner = ev_loop_new (EVFLAG_NOENV | EVBACKEND_EPOLL);
  memory_use_everything (loop, inner);
  ev_once (loop, -1, 0, 0., memory_once_cb, 0);
  ev_run (loop, EVRUN_NOWAIT);
  ev_loop_destroy (loop);
  ev_loop_destroy (inner);
  memory_watch = 0;
  CHECK_EQ (memory_foreign, 0);
}

/* Failure */

static long memory_fail_at;

static void *
memory_failing (void *p, long size)
{
  if (size && --memory_fail_at < 0)
    return 0;
  return memory_allocator (p, size);
}

static void
memory_fail_creation (void *arg)
{
  memory_fail_at = 0;
  ev_set_allocator (memory_failing);
  ev_loop_new (EVFLAG_NOENV | t_backend);
}

static void
memory_fail_default (void *arg)
{
  memory_fail_at = 0;
  ev_set_allocator (memory_failing);
  ev_default_loop (EVFLAG_NOENV | t_backend);
}

static void
memory_fail_growth (void *arg)
{
  static ev_timer w[2000];
  struct ev_loop *loop;
  int i;
  ev_set_allocator (memory_allocator);
  loop = t_loop (0);
  memory_fail_at = 3;
  ev_set_allocator (memory_failing);
  for (i = 0; i < 2000; ++i)
    {
      ev_timer_init (w + i, 0, 100., 0.);
      ev_timer_start (loop, w + i);
    }
}

TEST (memory_null_aborts_with_a_message)
{
  t_expect_abort (memory_fail_growth, 0, "(libev) cannot allocate ");
  t_expect_abort (memory_fail_growth, 0, " bytes, aborting.");
  t_expect_abort (memory_fail_creation, 0, "(libev) cannot allocate ");
}

TEST (memory_null_for_the_default_loop_aborts)
{
  t_expect_abort (memory_fail_default, 0, "(libev) cannot allocate ");
}

static long memory_counted;

static void
memory_fail_nth (void *arg)
{
  struct ev_loop *loop = t_loop (0), *inner = ev_loop_new (EVFLAG_NOENV | EVBACKEND_EPOLL);
  memory_fail_at = *(long *)arg;
  ev_set_allocator (memory_failing);
  memory_use_everything (loop, inner);
  /* How often a descriptor is found ready depends on how fast this runs, and what is kept for that: an allocation or two may not come. */
  if (*(long *)arg + 3 >= memory_counted)
    {
      fputs ("cannot allocate: not asked to this time", stderr);
      abort ();
    }
}

TEST (memory_null_aborts_wherever_it_comes)
{
  long n, all; /* every allocation of a busy life fails once */
  struct ev_loop *loop, *inner;
  ev_set_allocator (memory_allocator);
  loop = t_loop (0);
  inner = ev_loop_new (EVFLAG_NOENV | EVBACKEND_EPOLL);
  memory_calls = 0;
  memory_use_everything (loop, inner);
  all = memory_calls;
  CHECK (all >= 5);
  memory_counted = all;
  ev_loop_destroy (loop);
  ev_loop_destroy (inner);
  for (n = 0; n < all; ++n)
    t_expect_abort (memory_fail_nth, &n, "cannot allocate");
}

static int memory_retries;

static void *
memory_retrying (void *p, long size)
{
  void *result = size && memory_retries++ % 2 == 0 ? 0 : memory_allocator (p, size);
  while (size && !result)
    result = memory_allocator (p, size);
  return result;
}

TEST (memory_allocator_that_waits_and_retries)
{
  struct ev_loop *loop, *inner;
  ev_set_allocator (memory_retrying);
  loop = t_loop (0);
  inner = ev_loop_new (EVFLAG_NOENV | EVBACKEND_EPOLL);
  memory_use_everything (loop, inner);
  ev_loop_destroy (loop);
  ev_loop_destroy (inner);
  CHECK (memory_retries > 0);
}

/* Memory that the kernel or a program still points at */

static jmp_buf memory_out;

static void
memory_jump (EV_P_ ev_timer *w, int revents)
{
  longjmp (memory_out, 1);
}

TEST (memory_comes_back_after_longjmp, .ours_only_on = T_LINUXAIO,
      .ours_only = "linuxaio: all memory is given back by ev_loop_destroy")
{
  static struct ev_loop *loop;
  static ev_timer w;
  ev_set_allocator (memory_allocator);
  loop = t_loop (0);
  ev_timer_init (&w, memory_jump, 0., 0.);
  ev_timer_start (loop, &w);
  if (!setjmp (memory_out))
    ev_run (loop, 0);
  ev_loop_destroy (loop);
  memory_check_all_back ();
}
