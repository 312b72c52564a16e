/* What the peers' programs share: the descriptors and the sending thread of the scenarios that they do. */
#ifndef PAIR_H
#define PAIR_H
#include "bench.h"
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

enum { SENDS = 10000, CALLS = 8192, ITERATIONS = 1000 };

static int
ready_descriptor (void)
{
  int fd = eventfd (1, EFD_NONBLOCK | EFD_CLOEXEC);
  CHECK (fd >= 0);
  return fd;
}

static void
connected_pair (int pair[2])
{
  CHECK (!socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair));
}

/* Reads the byte and sends it back. */
static inline void
pass_on (int fd)
{
  char byte;
  CHECK (read (fd, &byte, 1) == 1);
  CHECK (write (fd, &byte, 1) == 1);
}

static inline long
ready_goal (void)
{
  return size < 500 ? 1000 : 2 * size;
}

/* ---- a thread that sends without a pause ---- */

static sem_t go;
static atomic_int finished; /* set before the last send */
static int seen;
static void (*send_one) (void);

static void *
send_on (void *arg)
{
  for (;;)
    {
      int i;
      sem_wait (&go);
      for (i = 1; i < SENDS; ++i)
        send_one ();
      atomic_store (&finished, 1);
      send_one ();
    }
  return 0;
}

static void
start_sender (void (*send) (void))
{
  pthread_t thread;
  if (size != 1)
    skip ("one thread only");
  send_one = send;
  sem_init (&go, 0, 0);
  CHECK (!pthread_create (&thread, 0, send_on, 0));
}

static void
begin_sending (void)
{
  seen = 0;
  atomic_store (&finished, 0);
  sem_post (&go);
}

static inline void
saw_one (void)
{
  if (atomic_load (&finished))
    seen = 1;
}

#endif
