/* effects.c - what the macros do to a watcher. Compiled as C and as C++, against both headers, with
   optimisation; needs no library. Ends with the number of the line that found something wrong. */

#include <string.h>
#include <ev.h>

#define IS(condition) do { if (!(condition)) return __LINE__ % 256 ? __LINE__ % 256 : 1; } while (0)

static int called;

static void on_io (EV_P_ ev_io *w, int revents) { (void)loop; called += w->fd + revents; }
static void on_any (EV_P_ ev_watcher *w, int revents) { (void)loop; (void)w; called = -revents; }
static void on_timer (EV_P_ ev_timer *w, int revents) { (void)loop; (void)w; (void)revents; }
static ev_tstamp next (ev_periodic *w, ev_tstamp now) EV_NOEXCEPT { return now + w->interval; }

/* Kept out of line: what is written through one type is read through another. */
static __attribute__ ((noinline)) int
exchange (ev_io *w, ev_watcher *same)
{
  ev_set_cb (w, on_io);
  ev_set_cb (same, on_any);
  ev_cb (w) (0, w, EV_WRITE);
  return called;
}

static __attribute__ ((noinline)) int
exchange_back (ev_io *w, ev_watcher *same)
{
  ev_set_cb (same, on_any);
  ev_set_cb (w, on_io);
  called = 0;
  ev_cb (same) (0, same, EV_WRITE);
  return called;
}

int
main (void)
{
  struct ev_loop *loop = (struct ev_loop *)&called;
  ev_io io;
  ev_timer timer;
  ev_periodic periodic;
  ev_signal signal;
  ev_child child;
  ev_stat stat;
  ev_embed embed;
  ev_async async;
  ev_idle idle;
  const ev_io *constant = &io;
  ev_watcher *generic = (ev_watcher *)(void *)&io;

  memset (&io, 0x55, sizeof io);
  ev_init (&io, on_io);
  IS (io.active == 0 && io.pending == 0 && io.priority == 0);
  IS (io.cb == on_io && ev_cb (&io) == on_io);
  IS (io.fd == 0x55555555 && io.events == 0x55555555 && io.data == *(void **)(void *)&io.next);

  ev_io_set (&io, 7, EV_READ);
  IS (io.fd == 7 && io.events == (EV_READ | EV__IOFDSET) && io.cb == on_io);
  ev_io_modify (&io, EV_WRITE);
  IS (io.fd == 7 && io.events == (EV_WRITE | EV__IOFDSET));
  io.events = EV_READ;
  ev_io_modify (&io, EV_READ | EV_WRITE);
  IS (io.events == (EV_READ | EV_WRITE));
  ev_io_modify (&io, EV_NONE);
  IS (io.events == EV_NONE);

  ev_set_priority (&io, -7);
  IS (ev_priority (&io) == -7 && ev_priority (constant) == -7 && io.priority == -7);
  io.active = 3;
  io.pending = 4;
  IS (ev_is_active (&io) == 3 && ev_is_pending (&io) == 4);
  IS (ev_is_active (constant) == 3 && ev_is_pending (generic) == 4);
  ev_io_init (&io, on_io, 9, EV_READ);
  IS (!ev_is_active (&io) && !ev_is_pending (&io) && ev_priority (&io) == 0 && io.fd == 9);

  IS (exchange (&io, generic) == -EV_WRITE);
  IS (exchange_back (&io, generic) == 9 + EV_WRITE);
  ev_set_cb (&io, 0);
  IS (!io.cb && !ev_cb (generic));

  memset (&timer, 0x55, sizeof timer);
  ev_timer_init (&timer, on_timer, 1.5, 2.5);
  IS (timer.at == 1.5 && timer.repeat == 2.5 && timer.cb == on_timer);
  ev_timer_set (&timer, 3, 0);
  IS (timer.at == 3. && timer.repeat == 0.);

  memset (&periodic, 0x55, sizeof periodic);
  ev_periodic_init (&periodic, 0, 1.25, 60., next);
  IS (periodic.offset == 1.25 && periodic.interval == 60. && periodic.reschedule_cb == next && !periodic.cb);
  periodic.at = 12.5;
  IS (ev_periodic_at (&periodic) == 12.5);
  ev_periodic_set (&periodic, 5, 6, 0);
  IS (periodic.offset == 5. && periodic.interval == 6. && !periodic.reschedule_cb && periodic.at == 12.5);

  ev_signal_init (&signal, 0, 12);
  IS (signal.signum == 12);
  ev_signal_set (&signal, 3 + 1);
  IS (signal.signum == 4);

  memset (&child, 0x55, sizeof child);
  ev_child_init (&child, 0, 1234, 77);
  IS (child.pid == 1234 && child.flags == 1 && child.rpid == 0x55555555);
  ev_child_set (&child, 0, 0);
  IS (child.pid == 0 && child.flags == 0);

  memset (&stat, 0x55, sizeof stat);
  ev_stat_init (&stat, 0, "/", 0.25);
  IS (!strcmp (stat.path, "/") && stat.interval == 0.25 && stat.wd == -2);
  IS (stat.timer.active == 0x55555555);

  ev_embed_init (&embed, 0, loop);
  IS (embed.other == loop);
  ev_embed_set (&embed, 0);
  IS (!embed.other);

  memset (&async, 0, sizeof async);
  ev_async_init (&async, 0);
  IS (!ev_async_pending (&async));
  async.sent = 1;
  IS (ev_async_pending (&async) == 1);
  ev_async_set (&async);
  IS (ev_async_pending (&async) == 1);

  ev_idle_init (&idle, 0);
  idle.data = loop;
  ev_idle_set (&idle);
  IS (idle.data == (void *)loop);

  /* One statement each, wherever a statement may stand. */
  if (called == 12345)
    ev_init (&io, on_io);
  else
    ev_io_set (&io, 2, EV_READ);
  IS (io.fd == 2);
  return 0;
}
