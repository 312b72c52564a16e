/* linuxaio: events come out of the ring that is shared with the kernel; which system calls that saves. */
#include "aio.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/time.h>

TEST (ring_event_is_read_without_a_system_call, .backends = T_LINUXAIO)
{
  struct ev_loop *loop;
  ev_io w;
  int p[2];
  t_skip_if_checked ("the checks ask the kernel which thread it is");
  inject_watch_all ();
  loop = t_loop (0);
  t_pipe (p);
  io_named (loop, &w, "r", p[0], EV_READ);
  drive (loop, 2);
  CHECK_TRACE ("");
  t_write (p[1], "x");
  inject_mark ();
  ev_run (loop, EVRUN_NOWAIT);
  CHECK_EQ (inject_calls (-1), 0);
  CHECK_TRACE ("r:1");
  ev_loop_destroy (loop);
}

TEST (ring_with_an_event_is_not_waited_for, .backends = T_LINUXAIO)
{
  struct ev_loop *loop;
  ev_io w;
  int p[2];
  t_skip_if_checked ("the checks ask the kernel which thread it is");
  inject_watch_all ();
  loop = t_loop (0);
  t_pipe (p);
  io_named (loop, &w, "r", p[0], EV_READ);
  drive (loop, 2);
  t_write (p[1], "x");
  inject_mark ();
  ev_run (loop, EVRUN_ONCE);
  CHECK_EQ (inject_calls (-1), 0);
  CHECK_TRACE ("r:1");
  ev_loop_destroy (loop);
}

TEST (ring_empty_and_no_time_makes_no_system_call, .backends = T_LINUXAIO | T_IOURING)
{
  struct ev_loop *loop;
  ev_io w;
  int p[2];
  t_skip_if_checked ("the checks ask the kernel which thread it is");
  inject_watch_all ();
  loop = t_loop (0);
  t_pipe (p);
  io_named (loop, &w, "r", p[0], EV_READ);
  drive (loop, 2);
  inject_mark ();
  drive (loop, 100);
  CHECK_EQ (inject_calls (-1), 0);
  CHECK_TRACE ("");
  ev_loop_destroy (loop);
}

TEST (ring_empty_with_an_idle_watcher_makes_no_system_call, .backends = T_LINUXAIO)
{
  struct ev_loop *loop;
  ev_io w;
  ev_idle idle;
  int p[2];
  t_skip_if_checked ("the checks ask the kernel which thread it is");
  inject_watch_all ();
  loop = t_loop (0);
  t_pipe (p);
  io_named (loop, &w, "r", p[0], EV_READ);
  NAMED (&idle, note_idle, "idle");
  drive (loop, 2);
  ev_idle_start (loop, &idle);
  inject_mark ();
  ev_run (loop, EVRUN_ONCE);
  ev_run (loop, EVRUN_ONCE);
  CHECK_EQ (inject_calls (-1), 0);
  CHECK_TRACE ("idle:2000 idle:2000");
  ev_loop_destroy (loop);
}

static int wake[2];

/* Ends the wait that is about to begin. */
static void
write_to_wake (EV_P)
{
  (void)loop;
  t_write (wake[1], "x");
}

static void
nothing (EV_P)
{
  (void)loop;
}

TEST (ring_wait_asks_for_one_event, .backends = T_LINUXAIO)
{
  struct ev_loop *loop;
  const struct inject_call *call;
  ev_timer t;
  ev_io w;
  WATCH_AIO ();
  loop = t_loop (0);
  t_pipe (wake);
  io_named (loop, &w, "r", wake[0], EV_READ);
  timer_named (loop, &t, "t", 20., 0.);
  drive (loop, 2);
  CHECK_EQ (waits (), 0);
  ev_set_loop_release_cb (loop, write_to_wake, nothing);
  ev_run (loop, EVRUN_ONCE);
  CHECK_TRACE ("r:1");
  CHECK_EQ (waits (), 1);
  call = inject_call (SYS_io_getevents, 0);
  CHECK (call);
  CHECK_EQ (call->args[0], (uintptr_t)aio_ring ()); /* the context is the ring's address */
  CHECK_EQ (call->args[1], 1); /* at least one */
  CHECK (call->args[4]);       /* there is a time limit */
  ev_loop_destroy (loop);
}

/* ---- arming ---- */

TEST (ring_many_are_rearmed_by_one_submit, .backends = T_LINUXAIO)
{
  enum { N = 50 };
  static ev_io w[N];
  struct ev_loop *loop;
  int i, k;
  WATCH_AIO ();
  loop = t_loop (0);
  for (i = 0; i < N; ++i)
    io_named (loop, &w[i], "r", counter_fd (1), EV_READ);
  for (k = 0; k < 10; ++k)
    {
      /* Ready in some iterations, but not in so many that they count as steady. */
      noted = 0;
      drive (loop, 1);
      CHECK_EQ (noted, N);
      for (i = 0; i < 2; ++i)
        {
          noted = 0;
          inject_mark ();
          ev_run (loop, i & 1 ? EVRUN_ONCE : EVRUN_NOWAIT);
          CHECK_EQ (noted, N);
          CHECK_EQ (inject_calls (SYS_io_submit), 1);
          CHECK_EQ (inject_call (SYS_io_submit, 0)->args[1], N);
          CHECK_EQ (inject_calls (-1), 1); /* and nothing else */
        }
      counters_empty (loop, w, N, 1);
      counters_fill (w, N);
    }
  ev_loop_destroy (loop);
}

/* Descriptors that are always ready leave the ring: one poll finds them all, and what changes about them costs nothing. */
TEST (ring_what_is_always_ready_is_polled_in_one_call, .backends = T_LINUXAIO, .ours_only = "the reference arms every request anew")
{
  enum { N = 50 };
  static ev_io w[N];
  struct ev_loop *loop;
  int i, k;
  inject_watch (SYS_io_submit, SYS_io_getevents, SYS_io_cancel, SYS_epoll_ctl, SYS_poll, SYS_fstat, SYS_newfstatat);
  loop = t_loop (0);
  for (i = 0; i < N; ++i)
    io_named (loop, &w[i], "r", counter_fd (1), EV_READ);
  for (k = 0; k < 40; ++k)
    {
      noted = 0;
      inject_mark ();
      ev_run (loop, k & 1 ? EVRUN_ONCE : EVRUN_NOWAIT);
      CHECK_EQ (noted, N);
      for (i = 0; i < N; ++i)
        {
          ev_io_stop (loop, &w[i]);
          ev_io_set (&w[i], w[i].fd, EV_READ);
          ev_io_start (loop, &w[i]);
        }
    }
  CHECK_EQ (inject_calls (SYS_poll), 1);
  CHECK_EQ (inject_calls (-1), 1);
  /* One that is ready no more goes back to the ring, and its next event comes from there. */
  counters_empty (loop, w, N, 3);
  inject_mark ();
  counters_fill (w, N);
  drive_until (loop, &noted, N);
  CHECK_EQ (inject_calls (SYS_poll), 0);
  ev_loop_destroy (loop);
}

TEST (ring_rearms_and_changes_go_in_one_submit, .backends = T_LINUXAIO)
{
  enum { READY = 10, CHANGED = 3, FRESH = 5 };
  static ev_io ready[READY], changed[CHANGED], fresh[FRESH];
  struct ev_loop *loop;
  int i, s[CHANGED][2];
  WATCH_AIO ();
  loop = t_loop (0);
  for (i = 0; i < READY; ++i)
    io_named (loop, &ready[i], "r", counter_fd (1), EV_READ);
  for (i = 0; i < CHANGED; ++i)
    {
      t_socketpair (s[i]);
      io_named (loop, &changed[i], "c", s[i][0], EV_READ);
    }
  drive (loop, 1);
  CHECK_EQ (noted, READY);
  for (i = 0; i < FRESH; ++i)
    io_named (loop, &fresh[i], "f", counter_fd (1), EV_READ);
  for (i = 0; i < CHANGED; ++i)
    {
      ev_io_stop (loop, &changed[i]);
      ev_io_modify (&changed[i], EV_READ | EV_WRITE);
      ev_io_start (loop, &changed[i]);
    }
  inject_mark ();
  drive (loop, 1);
  CHECK_EQ (inject_calls (SYS_io_submit), 1);
  CHECK_EQ (inject_call (SYS_io_submit, 0)->args[1], READY + CHANGED + FRESH);
  CHECK_EQ (inject_calls (SYS_io_cancel), CHANGED); /* those that were armed */
  CHECK_EQ (noted, READY + READY + CHANGED + FRESH);
  ev_loop_destroy (loop);
}

TEST (ring_only_what_had_an_event_is_rearmed, .backends = T_LINUXAIO)
{
  enum { N = 30 };
  static ev_io w[N];
  struct ev_loop *loop;
  int i;
  WATCH_AIO ();
  loop = t_loop (0);
  for (i = 0; i < N; ++i)
    io_named (loop, &w[i], "r", counter_fd (0), EV_READ);
  drive (loop, 2);
  counter_add (w[3].fd);
  counter_add (w[7].fd);
  drive (loop, 1);
  CHECK_TRACE ("r:1 r:1");
  t_drain (w[3].fd);
  t_drain (w[7].fd);
  inject_mark ();
  drive (loop, 5);
  CHECK_EQ (inject_calls (SYS_io_submit), 1);
  CHECK_EQ (inject_call (SYS_io_submit, 0)->args[1], 2);
  CHECK_TRACE ("r:1 r:1");
  ev_loop_destroy (loop);
}

TEST (ring_started_and_stopped_is_never_submitted, .backends = T_LINUXAIO)
{
  struct ev_loop *loop;
  ev_io w;
  int p[2];
  WATCH_AIO ();
  loop = t_loop (0);
  drive (loop, 1);
  t_pipe (p);
  inject_mark ();
  io_named (loop, &w, "r", p[0], EV_READ);
  ev_io_stop (loop, &w);
  drive (loop, 2);
  CHECK_EQ (inject_calls (-1), 0);
  ev_loop_destroy (loop);
}

TEST (ring_second_watcher_of_the_same_events_asks_nothing, .backends = T_LINUXAIO)
{
  struct ev_loop *loop;
  ev_io a, b;
  int p[2];
  WATCH_AIO ();
  loop = t_loop (0);
  t_pipe (p);
  io_named (loop, &a, "a", p[0], EV_READ);
  drive (loop, 1);
  NAMED (&b, note_io, "b");
  ev_io_set (&b, p[0], EV_READ);
  b.events &= ~EV__IOFDSET; /* the file is the same: known to both of us */
  inject_mark ();
  ev_io_start (loop, &b);
  drive (loop, 1);
  CHECK_EQ (inject_calls (-1), 0);
  t_write (p[1], "x");
  drive (loop, 1);
  CHECK_TRACE ("a:1 b:1");
  ev_loop_destroy (loop);
}

/* ---- many events ---- */

TEST (ring_goes_around_often, .backends = T_LINUXAIO)
{
  enum { N = 50, ROUNDS = 400 };
  struct ev_loop *loop = t_loop (0);
  int i;
  many_start (loop, N, 0);
  for (i = 0; i < ROUNDS; ++i)
    {
      many_add ();
      drive_until (loop, &many_done, (i + 1) * N);
    }
  CHECK_EQ (many_done, ROUNDS * N);
  for (i = 0; i < N; ++i)
    CHECK (many_called[i] >= ROUNDS);
  many_end (loop);
  ev_loop_destroy (loop);
}

TEST (ring_odd_batches_cross_the_end, .backends = T_LINUXAIO)
{
  /* 1 to 40 events at a time: a batch ends and begins at every place of a small ring. */
  enum { N = 40 };
  struct ev_loop *loop = t_loop (0);
  int round, i, want = 0;
  many_start (loop, N, 0);
  for (round = 0; round < 300; ++round)
    {
      int n = 1 + round * 7 % N;
      for (i = 0; i < n; ++i)
        counter_add (many[(round + i) % N].fd);
      want += n;
      drive_until (loop, &many_done, want);
      CHECK_EQ (many_done, want);
    }
  many_end (loop);
  ev_loop_destroy (loop);
}

TEST (ring_5000_ready_at_once, .backends = T_LINUXAIO, .no_valgrind = 1)
{
  struct ev_loop *loop = t_loop (0);
  many_start (loop, 5000, 1);
  many_expect (loop, 1);
  many_add ();
  many_expect (loop, 1);
  CHECK_EQ (ev_backend (loop), EVBACKEND_LINUXAIO);
  ev_loop_destroy (loop);
}

static struct ev_loop *slow_loop;

static void *
add_all_slowly (void *unused)
{
  int i;
  (void)unused;
  for (i = 0; i < many_open; ++i)
    {
      counter_add (many[i].fd);
      if (i % 16 == 0)
        t_nap (.0005);
    }
  return 0;
}

TEST (ring_filled_by_a_thread_while_the_loop_waits, .backends = T_LINUXAIO)
{
  enum { ROUNDS = 5 };
  pthread_t thread;
  int i;
  slow_loop = t_loop (0);
  many_start (slow_loop, 100, 0);
  for (i = 0; i < ROUNDS; ++i)
    {
      CHECK (!pthread_create (&thread, 0, add_all_slowly, 0));
      many_expect (slow_loop, 1);
      pthread_join (thread, 0);
    }
  ev_loop_destroy (slow_loop);
}

TEST (ring_of_an_unknown_kind_is_not_read, .backends = T_LINUXAIO)
{
  /* Word 4 of the ring's head is the magic number: with another one there events must come all the same. */
  struct ev_loop *loop = t_loop (0);
  unsigned *head = aio_ring ();
  CHECK_EQ (head[4], 0xa10a10a1u);
  CHECK_EQ (head[6], 0); /* incompatible features */
  CHECK_EQ (head[7], 32); /* its length */
  many_start (loop, 60, 0);
  drive (loop, 1);
  head[4] = 0;
  many_add ();
  many_expect (loop, 1);
  head[4] = 0xa10a10a1u;
  many_add ();
  many_expect (loop, 1);
  head[7] = 64;
  many_add ();
  many_expect (loop, 1);
  head[7] = 32;
  many_end (loop);
  ev_loop_destroy (loop);
}

/* ---- what events say ---- */

TEST (ring_hang_up_of_a_pipe_is_readable, .backends = T_LINUXAIO)
{
  struct ev_loop *loop = t_loop (0);
  ev_io w;
  int p[2];
  t_pipe (p);
  io_named (loop, &w, "r", p[0], EV_READ);
  drive (loop, 2);
  close (p[1]);
  ev_run (loop, EVRUN_ONCE);
  ev_run (loop, EVRUN_ONCE); /* and stays so */
  CHECK_TRACE ("r:1 r:1");
  ev_loop_destroy (loop);
}

TEST (ring_lost_reader_of_a_full_pipe_is_writable, .backends = T_LINUXAIO)
{
  struct ev_loop *loop = t_loop (0);
  char block[4096] = { 0 };
  ev_io w;
  int p[2];
  t_pipe (p);
  while (write (p[1], block, sizeof block) > 0)
    ;
  io_named (loop, &w, "w", p[1], EV_WRITE);
  drive (loop, 3);
  CHECK_TRACE ("");
  close (p[0]);
  ev_run (loop, EVRUN_ONCE);
  CHECK_TRACE ("w:2");
  ev_loop_destroy (loop);
}

TEST (ring_hang_up_of_a_socket_is_both, .backends = T_LINUXAIO)
{
  struct ev_loop *loop = t_loop (0);
  ev_io r, w;
  int s[2];
  t_socketpair (s);
  io_named (loop, &r, "r", s[0], EV_READ);
  io_named (loop, &w, "w", s[0], EV_WRITE);
  close (s[1]);
  drive (loop, 1);
  CHECK_TRACE ("r:1 w:2");
  ev_loop_destroy (loop);
}

TEST (ring_tcp_connection_and_data, .backends = T_LINUXAIO)
{
  struct ev_loop *loop = t_loop (0);
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t length = sizeof address;
  ev_io l, c, s;
  int server, client, listener = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  CHECK (!bind (listener, (struct sockaddr *)&address, sizeof address) && !listen (listener, 5));
  CHECK (!getsockname (listener, (struct sockaddr *)&address, &length));
  io_named (loop, &l, "listener", listener, EV_READ);
  drive (loop, 2);
  CHECK_TRACE ("");
  client = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  CHECK (!connect (client, (struct sockaddr *)&address, sizeof address) || errno == EINPROGRESS);
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("listener:1");
  server = accept4 (listener, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC);
  CHECK (server >= 0);
  ev_io_stop (loop, &l);
  io_named (loop, &c, "connected", client, EV_WRITE);
  drive_until (loop, &noted, 2);
  ev_io_stop (loop, &c);
  io_named (loop, &s, "data", server, EV_READ);
  drive (loop, 2);
  CHECK_TRACE ("listener:1 connected:2");
  t_write (client, "hello");
  drive_until (loop, &noted, 3);
  CHECK_EQ (t_drain (server), 5);
  drive (loop, 2);
  noted = 0;
  shutdown (client, SHUT_WR);
  drive_until (loop, &noted, 1);
  CHECK (at_end (server));
  ev_loop_destroy (loop);
}

TEST (ring_descriptors_ready_together_come_together, .backends = T_LINUXAIO)
{
  struct ev_loop *loop = t_loop (0);
  ev_io low, mid, high;
  int a[2], b[2], c[2];
  t_pipe (a);
  t_pipe (b);
  t_pipe (c);
  NAMED (&low, note_io, "low");
  NAMED (&mid, note_io, "mid");
  NAMED (&high, note_io, "high");
  ev_io_set (&low, a[0], EV_READ);
  ev_io_set (&mid, b[0], EV_READ);
  ev_io_set (&high, c[0], EV_READ);
  ev_set_priority (&low, -2);
  ev_set_priority (&high, 2);
  ev_io_start (loop, &low);
  ev_io_start (loop, &mid);
  ev_io_start (loop, &high);
  drive (loop, 2);
  t_write (a[1], "x");
  t_write (c[1], "x");
  t_write (b[1], "x");
  ev_run (loop, EVRUN_ONCE);
  CHECK_TRACE ("high:1 mid:1 low:1");
  ev_loop_destroy (loop);
}

/* ---- hooks, time, signals ---- */

static int released, acquired;

static void
on_release (EV_P)
{
  ++released;
  write_to_wake (loop);
}

static void
on_acquire (EV_P)
{
  (void)loop;
  ++acquired;
  CHECK_EQ (acquired, released);
}

TEST (ring_hooks_surround_nothing_but_a_wait, .backends = T_LINUXAIO)
{
  struct ev_loop *loop;
  ev_io w;
  WATCH_AIO ();
  loop = t_loop (0);
  t_pipe (wake);
  ev_set_loop_release_cb (loop, on_release, on_acquire);
  io_named (loop, &w, "r", wake[0], EV_READ);
  drive (loop, 5);
  CHECK_EQ (released, 0); /* nothing there, nothing asked */
  t_write (wake[1], "x");
  ev_run (loop, EVRUN_ONCE);
  CHECK_TRACE ("r:1");
  CHECK_EQ (released, 0); /* it was in the ring */
  t_drain (wake[0]);
  drive (loop, 1);
  inject_mark ();
  ev_run (loop, EVRUN_ONCE);
  CHECK_TRACE ("r:1 r:1");
  CHECK_EQ (waits (), 1);
  CHECK_EQ (released, 1);
  CHECK_EQ (acquired, 1);
  ev_loop_destroy (loop);
}

TEST (ring_timers_alone, .backends = T_LINUXAIO)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer a, b, c;
  double start = t_clock ();
  ev_now_update (loop);
  timer_named (loop, &c, "c", .06, 0.);
  timer_named (loop, &a, "a", .0005, 0.);
  timer_named (loop, &b, "b", .03, 0.);
  ev_run (loop, 0);
  CHECK_BETWEEN (t_clock () - start, .06, 5.);
  CHECK_TRACE ("a:100 b:100 c:100");
  ev_loop_destroy (loop);
}

TEST (ring_timer_beside_a_quiet_descriptor, .backends = T_LINUXAIO)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer t;
  ev_io w;
  int p[2];
  double start = t_clock ();
  t_pipe (p);
  io_named (loop, &w, "r", p[0], EV_READ);
  ev_now_update (loop);
  timer_named (loop, &t, "t", .02, .02);
  drive_until (loop, &noted, 3);
  CHECK_BETWEEN (t_clock () - start, .06, 5.);
  CHECK_TRACE ("t:100 t:100 t:100");
  ev_loop_destroy (loop);
}

TEST (ring_wait_far_longer_than_the_kernel_counts, .backends = T_LINUXAIO)
{
  struct ev_loop *loop = t_loop (0);
  ev_timer t;
  ev_io w;
  int p[2];
  t_pipe (p);
  io_named (loop, &w, "r", p[0], EV_READ);
  timer_named (loop, &t, "t", 1e30, 0.);
  t_write (p[1], "x");
  ev_run (loop, EVRUN_ONCE);
  CHECK_TRACE ("r:1");
  ev_loop_destroy (loop);
}

static volatile sig_atomic_t alarms;

static void
on_alarm (int signum)
{
  (void)signum;
  ++alarms;
}

TEST (ring_wait_ends_by_a_signal, .backends = T_LINUXAIO)
{
  struct itimerval soon = { { 0, 0 }, { 0, 30000 } };
  struct sigaction action = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
  struct ev_loop *loop = t_loop (0);
  ev_timer t;
  ev_io w;
  int p[2];
  unsigned count;
  t_pipe (p);
  io_named (loop, &w, "r", p[0], EV_READ);
  timer_named (loop, &t, "t", 20., 0.);
  drive (loop, 2);
  sigaction (SIGALRM, &action, 0);
  count = ev_iteration (loop);
  setitimer (ITIMER_REAL, &soon, 0);
  CHECK (ev_run (loop, EVRUN_ONCE)); /* an iteration without events */
  CHECK_EQ (alarms, 1);
  CHECK_EQ (ev_iteration (loop), count + 1);
  CHECK_TRACE ("");
  ev_loop_destroy (loop);
}

TEST (ring_interrupted_wait_is_not_begun_again, .backends = T_LINUXAIO)
{
  struct ev_loop *loop;
  ev_timer t;
  ev_io w;
  int p[2];
  WATCH_AIO ();
  loop = t_loop (0);
  ev_set_syserr_cb (trace_syserr);
  t_pipe (p);
  io_named (loop, &w, "r", p[0], EV_READ);
  timer_named (loop, &t, "t", 20., 0.);
  drive (loop, 2);
  inject_error (SYS_io_getevents, EINTR, 0, 1);
  ev_run (loop, EVRUN_ONCE);
  CHECK_TRACE (""); /* neither a wait of 20 s nor a word about it */
  t_write (p[1], "x");
  ev_run (loop, EVRUN_ONCE);
  CHECK_TRACE ("r:1");
  ev_loop_destroy (loop);
}

TEST (ring_storm_of_signals_keeps_timers_and_events, .backends = T_LINUXAIO)
{
  struct itimerval storm = { { 0, 1000 }, { 0, 1000 } }, calm = { { 0, 0 }, { 0, 0 } };
  struct sigaction action = { .sa_handler = on_alarm };
  struct ev_loop *loop = t_loop (0);
  ev_timer t;
  double start = t_clock ();
  many_start (loop, 20, 0);
  sigaction (SIGALRM, &action, 0);
  ev_now_update (loop);
  timer_named (loop, &t, "t", .1, 0.);
  setitimer (ITIMER_REAL, &storm, 0);
  while (!noted)
    {
      many_add ();
      many_expect (loop, 1);
    }
  setitimer (ITIMER_REAL, &calm, 0);
  CHECK (alarms > 0);
  CHECK (t_clock () - start >= .1);
  CHECK_TRACE ("t:100");
  many_end (loop);
  ev_loop_destroy (loop);
}

/* ---- choosing it ---- */

TEST (ring_chosen_by_the_environment, .backends = T_LINUXAIO)
{
  struct ev_loop *loop;
  ev_io w;
  int p[2];
  CHECK (!setenv ("LIBEV_FLAGS", "64", 1));
  loop = ev_default_loop (0);
  CHECK (loop);
  CHECK_EQ (ev_backend (loop), EVBACKEND_LINUXAIO);
  CHECK_EQ (aio_contexts (), 1);
  t_pipe (p);
  io_named (loop, &w, "r", p[0], EV_READ);
  t_write (p[1], "x");
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("r:1");
  ev_loop_destroy (loop);
}

TEST (ring_comes_before_epoll_poll_and_select, .backends = T_LINUXAIO)
{
  struct ev_loop *loop = ev_loop_new (EVFLAG_NOENV | EVBACKEND_LINUXAIO | EVBACKEND_EPOLL | EVBACKEND_POLL | EVBACKEND_SELECT);
  CHECK (loop);
  CHECK_EQ (ev_backend (loop), EVBACKEND_LINUXAIO);
  ev_loop_destroy (loop);
}

TEST (ring_is_not_embeddable, .backends = T_LINUXAIO)
{
  CHECK (ev_supported_backends () & EVBACKEND_LINUXAIO);
  CHECK (!(ev_embeddable_backends () & EVBACKEND_LINUXAIO));
}

TEST (ring_of_each_loop_is_its_own, .backends = T_LINUXAIO)
{
  struct ev_loop *one = t_loop (0), *two = t_loop (0);
  ev_io a, b, both1, both2;
  int p[2], q[2], r[2];
  CHECK_EQ (aio_contexts (), 2);
  t_pipe (p);
  t_pipe (q);
  t_pipe (r);
  io_named (one, &a, "a", p[0], EV_READ);
  io_named (two, &b, "b", q[0], EV_READ);
  io_named (one, &both1, "both1", r[0], EV_READ);
  io_named (two, &both2, "both2", r[0], EV_READ);
  drive (one, 1);
  drive (two, 1);
  t_write (p[1], "x");
  drive (two, 2);
  CHECK_TRACE ("");
  ev_run (one, EVRUN_ONCE);
  CHECK_TRACE ("a:1");
  t_drain (p[0]);
  drive (one, 1);
  t_trace_reset ();
  t_write (q[1], "x");
  drive (one, 2);
  CHECK_TRACE ("");
  ev_run (two, EVRUN_ONCE);
  CHECK_TRACE ("b:1");
  t_drain (q[0]);
  drive (two, 1);
  t_trace_reset ();
  t_write (r[1], "x");
  ev_run (one, EVRUN_ONCE);
  ev_run (two, EVRUN_ONCE);
  CHECK_TRACE ("both1:1 both2:1");
  ev_loop_destroy (one);
  ev_run (two, EVRUN_ONCE);
  CHECK_TRACE ("both1:1 both2:1 both2:1");
  ev_loop_destroy (two);
}
