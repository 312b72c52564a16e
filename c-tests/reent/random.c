/* Random starts, stops and changes against a model of who may be called. The seeds are fixed. */
#include "drive.h"

/* ---- descriptors: exactly the ready and active ones are called ---- */

enum { PIPES = 12, EACH = 3, ALL = PIPES * EACH };
static int pipe_fd[PIPES][2], pipe_full[PIPES];
static ev_io io[ALL];
static int called[ALL];

static void
on_io (EV_P_ ev_io *w, int revents)
{
  (void)loop;
  CHECK (ev_is_active (w));
  CHECK_EQ (revents, EV_READ);
  ++called[w - io];
}

static void
random_step (struct ev_loop *loop)
{
  int i = (int)(random () % ALL), n = i / EACH, fresh[2], j;
  switch (random () % 8)
    {
      case 0: case 1:
        ev_io_start (loop, &io[i]);
        break;
      case 2:
        ev_io_stop (loop, &io[i]);
        break;
      case 3:
        if (!pipe_full[n])
          t_write (pipe_fd[n][1], "x");
        pipe_full[n] = 1;
        break;
      case 4:
        t_drain (pipe_fd[n][0]);
        pipe_full[n] = 0;
        break;
      case 5: /* toggled and back without a change */
        if (ev_is_active (&io[i]))
          {
            ev_io_stop (loop, &io[i]);
            ev_io_modify (&io[i], 0);
            ev_io_start (loop, &io[i]);
            ev_io_stop (loop, &io[i]);
            ev_io_modify (&io[i], EV_READ);
            ev_io_start (loop, &io[i]);
          }
        break;
      case 6: /* another file behind the same number */
        for (j = n * EACH; j < n * EACH + EACH; ++j)
          ev_io_stop (loop, &io[j]);
        t_pipe (fresh);
        CHECK_EQ (dup2 (fresh[0], pipe_fd[n][0]), pipe_fd[n][0]);
        CHECK_EQ (dup2 (fresh[1], pipe_fd[n][1]), pipe_fd[n][1]);
        close (fresh[0]);
        close (fresh[1]);
        CHECK (!fcntl (pipe_fd[n][0], F_SETFL, O_NONBLOCK));
        pipe_full[n] = 0;
        for (j = n * EACH; j < n * EACH + EACH; ++j)
          {
            ev_io_set (&io[j], pipe_fd[n][0], EV_READ);
            if (random () % 2)
              ev_io_start (loop, &io[j]);
          }
        break;
      case 7:
        if (random () % 16 == 0)
          ev_loop_fork (loop);
        break;
    }
}

static int
all_called (void)
{
  int i;
  for (i = 0; i < ALL; ++i)
    if (ev_is_active (&io[i]) && pipe_full[i / EACH] && !called[i])
      return 0;
  return 1;
}

TEST (reent_random_io_against_a_model, .no_valgrind = 1)
{
  struct ev_loop *loop = t_loop (0);
  int i, round, tries;
  srandom (20240229);
  for (i = 0; i < PIPES; ++i)
    t_pipe (pipe_fd[i]);
  for (i = 0; i < ALL; ++i)
    ev_io_init (&io[i], on_io, pipe_fd[i / EACH][0], EV_READ);
  for (round = 0; round < 3000; ++round)
    {
      for (i = (int)(random () % 4); i >= 0; --i)
        random_step (loop);
      memset (called, 0, sizeof called);
      ev_run (loop, EVRUN_NOWAIT);
      /* no single iteration need deliver all */
      for (tries = 0; tries < 20 && !all_called (); ++tries)
        ev_run (loop, EVRUN_NOWAIT);
      CHECK (all_called ());
      for (i = 0; i < ALL; ++i)
        if (called[i])
          {
            CHECK (ev_is_active (&io[i]));
            if (t_backend != EVBACKEND_LINUXAIO && t_backend != EVBACKEND_IOURING) /* one-shot: may deliver what is no longer true */
              CHECK (pipe_full[i / EACH]);
          }
      ev_verify (loop);
    }
  for (i = 0; i < ALL; ++i)
    ev_io_stop (loop, &io[i]);
  CHECK_EQ (ev_run (loop, 0), 0);
  ev_loop_destroy (loop);
}

/* ---- all types: nobody is called after its stop, and the active count is exact ---- */

enum { SLOTS = 60, TYPES = 6 };
static struct slot
{
  int type;
  union ev_any_watcher *w; /* allocated by start, given back by stop */
} slots[SLOTS];
static int busy_fd, quiet_fd, calls, callbacks_act;

static void begin (struct ev_loop *, int);
static void end (struct ev_loop *, int);

static void
act (struct ev_loop *loop, int nest)
{
  int i;
  if (!callbacks_act)
    return;
  for (i = (int)(random () % 3); i > 0; --i)
    {
      int slot = (int)(random () % SLOTS);
      switch (random () % 5)
        {
          case 0: case 1:
            begin (loop, slot);
            break;
          case 2: case 3:
            end (loop, slot);
            break;
          case 4:
            if (slots[slot].w)
              ev_feed_event (loop, slots[slot].w, EV_CUSTOM);
            break;
        }
    }
  if (nest && ev_depth (loop) < 4 && random () % 40 == 0)
    ev_run (loop, EVRUN_NOWAIT);
}

/* The slot's memory tells whether the call is legal: a stopped watcher's is gone. */
static void
on_any (struct ev_loop *loop, ev_watcher *w, int nest)
{
  struct slot *slot = w->data;
  ++calls;
  CHECK (slot >= slots && slot < slots + SLOTS);
  CHECK ((void *)slot->w == (void *)w);
  if (slot->type == 1 && !ev_is_active (w) && random () % 2)
    end (loop, (int)(slot - slots)); /* an expired timer, thrown away */
  act (loop, nest);
}

#define ON(type, nest) \
  static void on_##type (EV_P_ ev_##type *w, int revents) { (void)revents; on_any (loop, (ev_watcher *)w, nest); }
static void on_any_io (EV_P_ ev_io *w, int revents) { (void)revents; on_any (loop, (ev_watcher *)w, 1); }
ON (timer, 1)
ON (idle, 1)
ON (prepare, 0)
ON (check, 0)
ON (async, 1)

static void
begin (struct ev_loop *loop, int n)
{
  struct slot *slot = &slots[n];
  union ev_any_watcher *w = slot->w;
  if (!w)
    {
      w = slot->w = malloc (sizeof *w);
      memset (w, 0x5a, sizeof *w);
      slot->type = (int)(random () % TYPES);
      switch (slot->type)
        {
          case 0: ev_io_init (&w->io, on_any_io, random () % 2 ? busy_fd : quiet_fd, EV_READ); break;
          case 1: ev_timer_init (&w->timer, on_timer, (double)(random () % 100) * 1e-5 - 5e-4, random () % 2 ? 0. : 1e-4); break;
          case 2: ev_idle_init (&w->idle, on_idle); break;
          case 3: ev_prepare_init (&w->prepare, on_prepare); break;
          case 4: ev_check_init (&w->check, on_check); break;
          case 5: ev_async_init (&w->async, on_async); break;
        }
      w->w.data = slot;
      ev_set_priority (&w->w, (int)(random () % 7) - 3);
    }
  switch (slot->type)
    {
      case 0: ev_io_start (loop, &w->io); break;
      case 1: ev_timer_start (loop, &w->timer); break;
      case 2: ev_idle_start (loop, &w->idle); break;
      case 3: ev_prepare_start (loop, &w->prepare); break;
      case 4: ev_check_start (loop, &w->check); break;
      case 5:
        ev_async_start (loop, &w->async);
        ev_async_send (loop, &w->async);
        break;
    }
}

static void
end (struct ev_loop *loop, int n)
{
  struct slot *slot = &slots[n];
  union ev_any_watcher *w = slot->w;
  if (!w)
    return;
  switch (slot->type)
    {
      case 0: ev_io_stop (loop, &w->io); break;
      case 1: ev_timer_stop (loop, &w->timer); break;
      case 2: ev_idle_stop (loop, &w->idle); break;
      case 3: ev_prepare_stop (loop, &w->prepare); break;
      case 4: ev_check_stop (loop, &w->check); break;
      case 5: ev_async_stop (loop, &w->async); break;
    }
  CHECK (!ev_is_active (&w->w) && !ev_is_pending (&w->w));
  memset (w, 0xa5, sizeof *w);
  free (w);
  slot->w = 0;
}

static int
active_slots (void)
{
  int i, n = 0;
  for (i = 0; i < SLOTS; ++i)
    n += slots[i].w && ev_is_active (&slots[i].w->w);
  return n;
}

TEST (reent_random_callbacks_that_start_stop_feed_and_nest, .no_valgrind = 1)
{
  struct ev_loop *loop = t_loop (0);
  int i, p[2], q[2], have;
  srandom (19740208);
  t_pipe (p);
  t_write (p[1], "x");
  t_pipe (q);
  busy_fd = p[0];
  quiet_fd = q[0];
  callbacks_act = 1;
  for (i = 0; i < 6000; ++i)
    {
      begin (loop, (int)(random () % SLOTS));
      have = ev_run (loop, EVRUN_NOWAIT);
      CHECK_EQ (have, active_slots ());
      ev_verify (loop);
    }
  CHECK (calls > 6000);
  callbacks_act = 0;
  for (i = 0; i < SLOTS; ++i)
    end (loop, i);
  CHECK_EQ (ev_run (loop, 0), 0);
  ev_loop_destroy (loop);
}
