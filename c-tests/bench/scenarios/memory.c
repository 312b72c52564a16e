/* Memory for each io watcher or timer: what the library holds for it, by the user's allocator, and the watcher itself. */
#include "loop.h"
#include <malloc.h>
#include <sys/eventfd.h>

static long held;

static void *
count (void *pointer, long bytes) EV_NOEXCEPT
{
  if (pointer)
    held -= (long)malloc_usable_size (pointer);
  if (!bytes)
    {
      free (pointer);
      return 0;
    }
  pointer = realloc (pointer, bytes);
  if (pointer)
    held += (long)malloc_usable_size (pointer);
  return pointer;
}

static void
on_io (EV_P_ ev_io *w, int revents)
{
}

static void
on_timer (EV_P_ ev_timer *w, int revents)
{
}

static long
watch_io (void)
{
  long i;
  ev_io *io = room (size, sizeof *io);
  need_descriptors (size);
  for (i = 0; i < size; ++i)
    {
      int fd = eventfd (1, EFD_NONBLOCK | EFD_CLOEXEC);
      CHECK (fd >= 0);
      ev_io_init (&io[i], on_io, fd, EV_READ);
      ev_io_start (loop, &io[i]);
    }
  return sizeof *io;
}

static long
watch_timers (void)
{
  long i;
  ev_timer *timer = room (size, sizeof *timer);
  for (i = 0; i < size; ++i)
    {
      ev_timer_init (&timer[i], on_timer, 60. + draw_part (), 0.);
      ev_timer_start (loop, &timer[i]);
    }
  return sizeof *timer;
}

int
main (int argc, char **argv)
{
  long watcher, before;
  int i;
  arguments (argc, argv);
  ev_set_allocator (count);
  make_loop ();
  before = held;
  watcher = is ("timers") ? watch_timers () : watch_io ();
  for (i = 0; i < 3; ++i)
    ev_run (loop, EVRUN_NOWAIT);
  printf ("events=%ld bytes=%.2f loop_bytes=%ld\n", size, watcher + (double)(held - before) / size, before);
  return 0;
}
