/* linuxaio: what a loop takes, it gives back: memory, contexts, descriptors, the machine's requests. */
#include "aio.h"

static long blocks, bytes;

/* Counts what is out; each block remembers its size. */
static void *
counting (void *old, long size) EV_NOEXCEPT
{
  size_t *head = old ? (size_t *)old - 2 : 0;
  if (head)
    {
      --blocks;
      bytes -= (long)*head;
    }
  if (!size)
    {
      free (head);
      return 0;
    }
  head = realloc (head, (size_t)size + 2 * sizeof *head);
  CHECK (head);
  *head = (size_t)size;
  ++blocks;
  bytes += size;
  return head + 2;
}

#define ALL_BACK "all memory of linuxaio is given back (the reference keeps the request table and the submission array)"

TEST (aio_memory_is_given_back, .backends = T_LINUXAIO, .ours_only = ALL_BACK)
{
  struct ev_loop *loop;
  long blocks_before, bytes_before;
  ev_set_allocator (counting);
  blocks_before = blocks;
  bytes_before = bytes;
  loop = t_loop (0);
  many_start (loop, 100, 1);
  many_expect (loop, 1);
  many_add ();
  many_expect (loop, 1);
  CHECK (bytes > bytes_before);
  ev_loop_destroy (loop);
  CHECK_EQ (blocks, blocks_before);
  CHECK_EQ (bytes, bytes_before);
}

TEST (aio_memory_of_a_grown_loop_is_given_back, .backends = T_LINUXAIO, .no_valgrind = 1, .ours_only = ALL_BACK)
{
  struct ev_loop *loop;
  long before;
  ev_set_allocator (counting);
  before = bytes;
  loop = t_loop (0);
  many_start (loop, 700, 1);
  many_expect (loop, 1);
  ev_loop_destroy (loop);
  CHECK_EQ (bytes, before);
  CHECK_EQ (blocks, 0);
}

TEST (aio_memory_of_a_loop_that_never_ran, .backends = T_LINUXAIO, .ours_only = ALL_BACK)
{
  long before;
  ev_set_allocator (counting);
  before = blocks;
  ev_loop_destroy (t_loop (0));
  CHECK_EQ (blocks, before);
}

TEST (aio_memory_of_a_refused_loop, .backends = T_LINUXAIO)
{
  long before;
  WATCH_AIO ();
  ev_set_allocator (counting);
  before = blocks;
  inject_error (SYS_io_setup, EAGAIN, 0, INJECT_ALWAYS);
  CHECK (!ev_loop_new (EVFLAG_NOENV | EVBACKEND_LINUXAIO));
  CHECK_EQ (blocks, before);
}

TEST (aio_memory_after_the_switch_to_epoll, .backends = T_LINUXAIO, .ours_only = ALL_BACK)
{
  struct ev_loop *loop;
  long before;
  WATCH_AIO ();
  ev_set_allocator (counting);
  before = blocks;
  loop = t_loop (0);
  many_start (loop, 100, 1);
  inject_error (SYS_io_submit, EAGAIN, 0, 1);
  inject_error (SYS_io_setup, EAGAIN, 0, INJECT_ALWAYS);
  many_expect (loop, 1);
  CHECK_EQ (ev_backend (loop), EVBACKEND_EPOLL);
  ev_loop_destroy (loop);
  CHECK_EQ (blocks, before);
}

static struct ev_loop *left;
static long left_before;

static void
child_gives_back (void *unused)
{
  (void)unused;
  ev_loop_fork (left);
  many_add ();
  many_expect (left, 1);
  ev_loop_destroy (left);
  CHECK_EQ (blocks, left_before);
}

TEST (aio_memory_of_a_forked_child, .backends = T_LINUXAIO, .ours_only = ALL_BACK)
{
  ev_set_allocator (counting);
  left_before = blocks;
  left = t_loop (0);
  many_start (left, 50, 1);
  many_expect (left, 1);
  CHECK_EQ (t_in_child (child_gives_back, 0), 0);
  ev_loop_destroy (left);
  CHECK_EQ (blocks, left_before);
}

TEST (aio_memory_does_not_grow_with_use, .backends = T_LINUXAIO)
{
  struct ev_loop *loop;
  long before;
  int round;
  ev_set_allocator (counting);
  loop = t_loop (0);
  for (round = 0; round < 3; ++round)
    {
      many_start (loop, 30, 1);
      many_expect (loop, 1);
      many_end (loop);
    }
  before = bytes;
  for (round = 0; round < 20; ++round)
    {
      many_start (loop, 30, 1);
      many_expect (loop, 1);
      many_end (loop);
    }
  CHECK (bytes < before + 600); /* that is: not a byte for each of 600 watchers */
  ev_loop_destroy (loop);
}

TEST (aio_memory_context_is_given_back, .backends = T_LINUXAIO)
{
  int i, fds = t_open_fds ();
  CHECK_EQ (aio_contexts (), 0);
  for (i = 0; i < 10; ++i)
    {
      struct ev_loop *loop = t_loop (0);
      CHECK_EQ (aio_contexts (), 1);
      many_start (loop, 5, 1);
      many_expect (loop, 1);
      many_end (loop);
      ev_loop_destroy (loop);
      CHECK_EQ (aio_contexts (), 0);
      CHECK_EQ (t_open_fds (), fds);
    }
}

TEST (aio_memory_all_contexts_of_a_grown_loop_are_given_back, .backends = T_LINUXAIO, .no_valgrind = 1)
{
  struct ev_loop *loop = t_loop (0);
  int i;
  for (i = 0; i < 4; ++i)
    {
      many_start (loop, 200 << i, 1);
      many_expect (loop, 1);
      many_end (loop);
    }
  CHECK (aio_contexts () >= 1);
  ev_loop_destroy (loop);
  CHECK_EQ (aio_contexts (), 0);
}

static long
requests_of_the_machine (void)
{
  long n = -1;
  FILE *file = fopen ("/proc/sys/fs/aio-nr", "r");
  CHECK (file && fscanf (file, "%ld", &n) == 1);
  fclose (file);
  return n;
}

TEST (aio_memory_requests_of_the_machine_are_given_back, .backends = T_LINUXAIO, .no_valgrind = 1, .alone = 1)
{
  /* Others may use some of the machine's too: tried until it was quiet enough. */
  int tries;
  for (tries = 0; tries < 50; ++tries)
    {
      long before = requests_of_the_machine (), during, after;
      struct ev_loop *loop = t_loop (0);
      many_start (loop, 1000, 1);
      many_expect (loop, 1);
      during = requests_of_the_machine ();
      many_end (loop);
      ev_loop_destroy (loop);
      after = requests_of_the_machine ();
      if (during > before && after <= before)
        return;
      t_nap (.05);
    }
  CHECK (!"the count never went back to what it was");
}
