/* A loop with something of every kind, while one system call fails: FAULT = "NUMBER ERRNO SKIP TIMES ARGUMENT VALUE", the call, its
   error, after how many good ones, how often (-1: from then on), and which calls of that number (ARGUMENT -1: all).
   FAULT_DEFAULT: no syserr callback. FAULT_FLAGS: flags of the loop, hexadecimal.

   Prints one line "OUTCOME ...": what was told, what was lost, how many descriptors are left over. Its own system calls are others than
   the library's, where those are made to fail. */
#include "drive.h"
#include "inject.h"

#include <pthread.h>
#include <sys/stat.h>
#include <sys/uio.h>

enum kind { READER, WRITER, FILE_READER, TIMER, PERIODIC, SIGNAL, CHILD, ASYNC, STAT, KINDS };
static const char *const names[KINDS] = { "reader", "writer", "file", "timer", "periodic", "signal", "child", "async", "stat" };

enum { MOST_TOLD = 300, ROUNDS = 3 };

static int came[KINDS], errors[KINDS], told;
static char said[400];
static struct ev_loop *loop;
static ev_async async;
static char path[400];

static void
note (int kind, int revents)
{
  ++came[kind];
  if (revents & EV_ERROR)
    ++errors[kind];
}

static void
outcome (const char *end)
{
  char text[1000];
  struct iovec line = { text, 0 };
  int i, n = snprintf (text, sizeof text, "OUTCOME struck %d|", inject_board->rules[0].struck);
  if (told)
    n += snprintf (text + n, sizeof text - (size_t)n, "told %s|", said);
  /* Whose call fails is a matter of chance. */
  for (i = 0; i < KINDS && !errors[i]; ++i)
    ;
  if (i < KINDS)
    n += snprintf (text + n, sizeof text - (size_t)n, "EV_ERROR|");
  n += snprintf (text + n, sizeof text - (size_t)n, "%s\n", end);
  line.iov_len = (size_t)n;
  CHECK (writev (1, &line, 1) == n);
}

/* A syserr callback. */
static void
on_error (const char *message)
{
  if (!strstr (said, message))
    snprintf (said + strlen (said), sizeof said - strlen (said), "%s%s", *said ? ", " : "", message);
  if (++told > MOST_TOLD)
    {
      outcome ("again and again|");
      _exit (0);
    }
}

static void
on_alarm (int signum)
{
  outcome ("HANGS|");
  _exit (0);
}

static void
on_read (EV_P_ ev_io *w, int revents)
{
  char bytes[64];
  struct iovec into = { bytes, sizeof bytes };
  while (readv (w->fd, &into, 1) > 0)
    ;
  note (READER, revents);
}

static void
on_write (EV_P_ ev_io *w, int revents)
{
  note (WRITER, revents);
  ev_io_stop (EV_A_ w);
}

static void
on_file (EV_P_ ev_io *w, int revents)
{
  note (FILE_READER, revents);
  ev_io_stop (EV_A_ w);
}

#define ON(type, kind) static void on_##type (EV_P_ ev_##type *w, int revents) { note (kind, revents); }
ON (timer, TIMER)
ON (periodic, PERIODIC)
ON (signal, SIGNAL)
ON (child, CHILD)
ON (async, ASYNC)
ON (stat, STAT)

static void *
sender (void *unused)
{
  (void)unused;
  t_nap (.003);
  ev_async_send (loop, &async);
  return 0;
}

/* The first that has not come, or KINDS. A watcher that was told of an error needs no more. */
static int
missing (const int *before)
{
  int i;
  for (i = 0; i < KINDS; ++i)
    if (came[i] == before[i] && !errors[i])
      break;
  return i;
}

/* Something happens for every watcher, and every one must be called. */
static void
one_round (int round, int *reader, ev_io *w, ev_io *file, ev_child *child)
{
  int before[KINDS];
  double end = t_clock () + 6.;
  pthread_t thread;
  struct iovec byte = { (void *)"xxxx", (size_t)round + 1 };
  char end_text[80];
  struct iovec more = { (void *)"more", 4 };
  int out;
  pid_t pid;
  memcpy (before, came, sizeof before);
  CHECK (writev (reader[1], &byte, 1) > 0);
  ev_io_start (loop, w);
  ev_io_start (loop, file);
  pid = fork ();
  CHECK (pid >= 0);
  if (!pid)
    _exit (7);
  ev_child_set (child, pid, 0);
  ev_child_start (loop, child);
  CHECK (!pthread_create (&thread, 0, sender, 0));
  raise (SIGUSR1);
  out = open (path, O_WRONLY | O_APPEND);
  CHECK (writev (out, &more, 1) == 4);
  close (out);
  while (missing (before) < KINDS && t_clock () < end)
    ev_run (loop, EVRUN_ONCE);
  pthread_join (thread, 0);
  ev_child_stop (loop, child);
  if (missing (before) < KINDS)
    {
      snprintf (end_text, sizeof end_text, "LOST %s in round %d|", names[missing (before)], round);
      outcome (end_text);
      _exit (0);
    }
}

/* A reader is stopped and started, of other events and of another file, so that the kernel is told of each. */
static void
change (int *reader, ev_io *r)
{
  int other[2];
  ev_io_stop (loop, r);
  ev_io_set (r, reader[0], EV_READ | EV_WRITE);
  ev_io_start (loop, r);
  ev_run (loop, EVRUN_NOWAIT);
  ev_io_stop (loop, r);
  ev_run (loop, EVRUN_NOWAIT);
  close (reader[0]);
  close (reader[1]);
  t_socketpair (other);
  memcpy (reader, other, sizeof other);
  ev_io_set (r, reader[0], EV_READ);
  ev_io_start (loop, r);
}

/* After all rounds: what is left over, and whether the backend is another by now. */
static void
end_well (int before, unsigned backend)
{
  char end[80] = "";
  int left = t_open_fds () - before;
  if (left)
    snprintf (end, sizeof end, "LEAVES %d descriptors|", left);
  else if (backend != t_backend)
    snprintf (end, sizeof end, "goes on with %s|", backend == EVBACKEND_EPOLL ? "epoll" : "another backend");
  outcome (end);
}

static void
inject (void)
{
  long number, value;
  int error, skip, times, argument;
  const char *fault = getenv ("FAULT");
  if (!fault || sscanf (fault, "%ld %d %d %d %d %ld", &number, &error, &skip, &times, &argument, &value) != 6)
    t_skip ("FAULT is not set");
  inject_watch (number);
  if (argument < 0)
    inject_error (number, error, skip, times);
  else
    inject_error_if (number, argument, (uint64_t)value, error, skip, times);
}

TEST (scenario)
{
  int reader[2], writer[2], file_fd, before, round;
  unsigned backend;
  const char *flags = getenv ("FAULT_FLAGS");
  ev_io r, w, file;
  ev_timer timer;
  ev_periodic periodic;
  ev_signal sig;
  ev_child child;
  ev_stat st;
  alarm (25);
  snprintf (path, sizeof path, "%s/file", t_tmpdir ());
  file_fd = open (path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  CHECK (file_fd >= 0);
  t_socketpair (reader);
  t_socketpair (writer);
  inject ();
  signal (SIGALRM, on_alarm);
  before = t_open_fds ();
  if (!getenv ("FAULT_DEFAULT"))
    ev_set_syserr_cb (on_error);
  loop = ev_default_loop (t_backend | EVFLAG_NOENV | (flags ? (unsigned)strtoul (flags, 0, 16) : 0));
  if (!loop)
    {
      outcome ("no loop|");
      return;
    }
  ev_io_init (&r, on_read, reader[0], EV_READ);
  ev_io_start (loop, &r);
  ev_io_init (&w, on_write, writer[0], EV_WRITE);
  ev_io_init (&file, on_file, file_fd, EV_READ);
  ev_timer_init (&timer, on_timer, .002, .002);
  ev_timer_start (loop, &timer);
  ev_periodic_init (&periodic, on_periodic, 0., .01, 0);
  ev_periodic_start (loop, &periodic);
  ev_signal_init (&sig, on_signal, SIGUSR1);
  ev_signal_start (loop, &sig);
  ev_child_init (&child, on_child, 0, 0);
  ev_async_init (&async, on_async);
  ev_async_start (loop, &async);
  ev_stat_init (&st, on_stat, path, .12);
  ev_stat_start (loop, &st);
  for (round = 0; round < ROUNDS; ++round)
    {
      one_round (round, reader, &w, &file, &child);
      change (reader, &r);
      if (round == 1)
        ev_loop_fork (loop);
    }
  ev_stat_stop (loop, &st);
  backend = ev_backend (loop);
  ev_loop_destroy (loop);
  end_well (before, backend);
}
