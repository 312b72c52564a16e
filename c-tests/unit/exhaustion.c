/* Running out: a loop with something of every kind, with every number of descriptors left, and with less and less address space. */
#include "drive.h"

#include <dirent.h>
#include <limits.h>
#include <sys/resource.h>

enum { ROOM = 14 };

static char path[4096];
static int told;

static void
on_io (EV_P_ ev_io *w, int revents)
{
  t_drain (w->fd);
  note_any ((ev_watcher *)w, revents);
}

/* More of what is missing, when the library has asked some times. */
static void
relieve (const char *message)
{
  struct rlimit limit;
  (void)message;
  if (++told < 3)
    return;
  CHECK (!getrlimit (RLIMIT_NOFILE, &limit));
  limit.rlim_cur = limit.rlim_max;
  CHECK (!setrlimit (RLIMIT_NOFILE, &limit));
}

static int
highest_descriptor (void)
{
  DIR *all = opendir ("/proc/self/fd");
  struct dirent *one;
  int highest = 0;
  CHECK (all);
  while ((one = readdir (all)))
    if (atoi (one->d_name) > highest && atoi (one->d_name) != dirfd (all))
      highest = atoi (one->d_name);
  closedir (all);
  return highest;
}

/* A life of a loop, in which every watcher must be called before and after ev_loop_fork. */
static void
live (int *p)
{
  struct ev_loop *loop = ev_loop_new (t_backend | EVFLAG_NOENV);
  ev_io io;
  ev_timer timer;
  ev_periodic periodic;
  ev_signal sig;
  ev_async async;
  ev_stat st;
  int round;
  if (!loop)
    return;
  NAMED (&timer, note_timer, "timer");
  ev_timer_set (&timer, 0., 0.);
  NAMED (&io, on_io, "io");
  ev_io_set (&io, p[0], EV_READ);
  ev_io_start (loop, &io);
  NAMED (&sig, note_signal, "signal");
  ev_signal_set (&sig, SIGUSR1);
  ev_signal_start (loop, &sig);
  NAMED (&async, note_async, "async");
  ev_async_start (loop, &async);
  NAMED (&periodic, note_periodic, "periodic");
  ev_periodic_set (&periodic, 0., 3600., 0);
  ev_periodic_start (loop, &periodic);
  NAMED (&st, note_stat, "stat");
  ev_stat_set (&st, path, .11);
  ev_stat_start (loop, &st);
  for (round = 0; round < 2; ++round)
    {
      noted = 0;
      t_write (p[1], "x");
      raise (SIGUSR1);
      ev_async_send (loop, &async);
      ev_timer_set (&timer, 0., 0.);
      ev_timer_start (loop, &timer);
      drive_until (loop, &noted, 4);
      ev_loop_fork (loop);
    }
  ev_loop_destroy (loop);
}

static void
live_with_few_descriptors (void *room)
{
  struct rlimit limit;
  int p[2], before;
  t_pipe (p);
  CHECK (!getrlimit (RLIMIT_NOFILE, &limit));
  before = t_open_fds ();
  limit.rlim_cur = (rlim_t)(highest_descriptor () + 1 + *(int *)room);
  CHECK (!setrlimit (RLIMIT_NOFILE, &limit));
  ev_set_syserr_cb (relieve);
  live (p);
  limit.rlim_cur = limit.rlim_max;
  CHECK (!setrlimit (RLIMIT_NOFILE, &limit));
  CHECK_EQ (t_open_fds (), before);
}

TEST (exhaustion_of_descriptors_at_every_step, .no_valgrind = 1)
{
  int room;
  snprintf (path, sizeof path, "%s/none", t_tmpdir ());
  for (room = 0; room <= ROOM; ++room)
    CHECK_EQ (t_in_child (live_with_few_descriptors, &room), 0);
}

/* ---- address space ---- */

enum { TIMERS = 60000, STEPS = 24 };
static ev_timer timers[TIMERS];

static size_t
address_space (void)
{
  size_t pages = 0;
  FILE *in = fopen ("/proc/self/statm", "r");
  CHECK (in && fscanf (in, "%zu", &pages) == 1);
  fclose (in);
  return pages * (size_t)sysconf (_SC_PAGESIZE);
}

struct space
{
  size_t left;
  int err;
};

static void
live_with_little_space (void *arg)
{
  const struct space *space = arg;
  struct rlimit limit = { 0, 0 };
  int p[2], i;
  struct ev_loop *loop;
  t_pipe (p);
  dup2 (space->err, 2);
  limit.rlim_cur = limit.rlim_max = address_space () + space->left;
  CHECK (!setrlimit (RLIMIT_AS, &limit));
  live (p);
  loop = ev_loop_new (t_backend | EVFLAG_NOENV);
  if (!loop)
    return;
  for (i = 0; i < TIMERS; ++i)
    {
      ev_timer_init (&timers[i], 0, 100. + i, 0.);
      ev_timer_start (loop, &timers[i]);
    }
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), TIMERS);
  ev_loop_destroy (loop);
}

/* It works or says what is missing. */
TEST (exhaustion_of_address_space, .no_valgrind = 1)
{
  int step, well = 0, told_so = 0;
  t_skip_if_sanitized ("the sanitizers need the address space themselves");
  snprintf (path, sizeof path, "%s/none", t_tmpdir ());
  for (step = 0; step < STEPS; ++step)
    {
      struct space space = { (size_t)step * step * 32768, 0 };
      char name[4200], text[200] = "";
      int status, fd;
      snprintf (name, sizeof name, "%s/err%d", t_tmpdir (), step);
      space.err = open (name, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
      status = t_in_child (live_with_little_space, &space);
      close (space.err);
      fd = open (name, O_RDONLY | O_CLOEXEC);
      CHECK (read (fd, text, sizeof text - 1) >= 0);
      close (fd);
      if (!status)
        ++well;
      else
        {
          if (!WIFSIGNALED (status) || WTERMSIG (status) != SIGABRT || !strstr (text, "(libev) "))
            t_fail (__FILE__, __LINE__, "with %zu bytes left: status %x, \"%s\"", space.left, (unsigned)status, text);
          ++told_so;
        }
    }
  CHECK (well > 0 && told_so > 0);
}

/* ---- numbers ---- */

static void
watch_far_numbers (void *arg)
{
  static const int numbers[] = { 1 << 20, 1 << 30, INT_MAX - 1, INT_MAX };
  struct rlimit limit;
  ev_io w[4];
  struct ev_loop *loop = t_loop (0);
  int i;
  (void)arg;
  limit.rlim_cur = limit.rlim_max = address_space () + (8 << 20);
  CHECK (!setrlimit (RLIMIT_AS, &limit));
  for (i = 0; i < 4; ++i)
    {
      NAMED (&w[i], note_io, "io");
      ev_io_set (&w[i], numbers[i], EV_READ);
      ev_io_start (loop, &w[i]);
      ev_feed_fd_event (loop, numbers[i], EV_READ);
    }
  drive (loop, 1);
  CHECK_TRACE ("io:80000003 io:80000003 io:80000003 io:80000003");
  ev_loop_destroy (loop);
}

/* A table of that size would not fit: they are looked at first. */
TEST (exhaustion_by_numbers_of_descriptors, .no_valgrind = 1,
      .ours_only = "a closed descriptor above the size of the descriptor table")
{
  t_skip_if_sanitized ("the sanitizers need the address space themselves");
  CHECK_EQ (t_in_child (watch_far_numbers, 0), 0);
}
