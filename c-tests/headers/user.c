/* user.c - programs as they are written for libev: compiles against either header. Never linked. */

#include <ev.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* A server's connection: the watcher first, so that a cast leads back to the whole. */
struct client
{
  ev_io io;
  ev_timer idle_timer;
  struct client *next;
  char buffer[512];
};

static ev_io stdin_watcher;
static ev_timer timeout_watcher;

static void
stdin_cb (EV_P_ ev_io *w, int revents)
{
  (void)revents;
  puts ("stdin ready");
  ev_io_stop (EV_A_ w);
  ev_break (EV_A_ EVBREAK_ALL);
}

static void
timeout_cb (struct ev_loop *loop, struct ev_timer *w, int revents)
{
  if (revents & EV_ERROR)
    abort ();
  if (w->repeat == 0.)
    ev_timer_stop (loop, w);
  ev_unloop (loop, EVUNLOOP_ONE);
}

static void
client_cb (EV_P_ ev_io *w, int revents)
{
  struct client *client = (struct client *)w;

  if (revents & EV_READ && read (w->fd, client->buffer, sizeof client->buffer) <= 0)
    {
      ev_io_stop (EV_A_ &client->io);
      ev_timer_stop (EV_A_ &client->idle_timer);
      close (w->fd);
      free (client);
      return;
    }
  ev_timer_again (EV_A_ &client->idle_timer);
  if (!(w->events & EV_WRITE))
    {
      ev_io_stop (EV_A_ w);
      ev_io_set (w, w->fd, EV_READ | EV_WRITE);
      ev_io_start (EV_A_ w);
    }
}

static void
client_timeout_cb (EV_P_ ev_timer *w, int revents)
{
  struct client *client = (struct client *)((char *)w - offsetof (struct client, idle_timer));

  (void)revents;
  ev_feed_event (EV_A_ &client->io, EV_READ);
  ev_invoke (EV_A_ &client->io, EV_WRITE);
}

void
accept_client (EV_P_ int fd)
{
  struct client *client = (struct client *)malloc (sizeof *client);

  ev_io_init (&client->io, client_cb, fd, EV_READ);
  ev_init (&client->idle_timer, client_timeout_cb);
  client->idle_timer.repeat = 60.;
  client->io.data = client;
  ev_io_start (EV_A_ &client->io);
  ev_timer_again (EV_A_ &client->idle_timer);
}

static void
child_cb (EV_P_ ev_child *w, int revents)
{
  (void)revents;
  if (WIFEXITED (w->rstatus))
    printf ("process %d: %d\n", w->rpid, WEXITSTATUS (w->rstatus));
  ev_child_stop (EV_A_ w);
}

static void
sigint_cb (EV_P_ ev_signal *w, int revents)
{
  (void)w;
  (void)revents;
  ev_unloop (EV_A_ EVUNLOOP_ALL);
}

static ev_tstamp
next_hour (ev_periodic *w, ev_tstamp now)
{
  (void)w;
  return now + 3600.;
}

static void
stat_cb (EV_P_ ev_stat *w, int revents)
{
  (void)revents;
  if (w->attr.st_nlink && w->attr.st_mtime != w->prev.st_mtime)
    ev_stat_stop (EV_A_ w);
}

static void
once_cb (int revents, void *arg)
{
  *(int *)arg = revents & EV_TIMEOUT;
}

static void release (EV_P) { (void)loop; }
static void acquire (EV_P) { (void)loop; }
static void invoke_pending (EV_P) { ev_invoke_pending (EV_A); }
static void fatal (const char *msg) { perror (msg); }

static void *
allocate (void *ptr, long size)
{
  if (size)
    return realloc (ptr, (size_t)size);
  free (ptr);
  return 0;
}

static ev_signal sigint_watcher;
static ev_child child_watcher;
static ev_periodic hourly;
static ev_stat passwd;
static ev_async wake;
static ev_prepare prepare;
static ev_check check;
static ev_idle idle;

int
user_main (int argc)
{
  struct ev_loop *loop = ev_default_loop (0);
  struct ev_loop *inner;
  unsigned int picked = 0;
  ev_embed embed;

  if (!loop || ev_version_major () != EV_VERSION_MAJOR || ev_version_minor () < EV_VERSION_MINOR)
    return 1;

  ev_set_allocator (allocate);
  ev_set_syserr_cb (fatal);

  ev_io_init (&stdin_watcher, stdin_cb, 0, EV_READ);
  ev_io_start (loop, &stdin_watcher);
  ev_timer_init (&timeout_watcher, timeout_cb, 5.5, 0.);
  ev_timer_start (loop, &timeout_watcher);
  ev_signal_init (&sigint_watcher, sigint_cb, SIGINT);
  ev_signal_start (EV_DEFAULT_ &sigint_watcher);
  ev_unref (EV_DEFAULT_UC);
  ev_child_init (&child_watcher, child_cb, fork (), 0);
  ev_child_start (EV_DEFAULT_UC_ &child_watcher);
  ev_periodic_init (&hourly, 0, 0., 0., next_hour);
  ev_set_cb (&hourly, 0);
  ev_stat_init (&passwd, stat_cb, "/etc/passwd", 0.);
  ev_stat_start (loop, &passwd);
  ev_async_init (&wake, 0);
  if (!ev_async_pending (&wake))
    ev_async_send (loop, &wake);
  ev_prepare_init (&prepare, 0);
  ev_check_init (&check, 0);
  ev_set_priority (&check, EV_MAXPRI);
  ev_idle_init (&idle, 0);
  ev_once (loop, -1, 0, 1., once_cb, &argc);

  inner = ev_loop_new (ev_embeddable_backends () & ev_recommended_backends ());
  if (inner)
    {
      ev_embed_init (&embed, 0, inner);
      ev_embed_start (loop, &embed);
      picked = ev_backend (inner) & (EVBACKEND_EPOLL | EVBACKEND_KQUEUE);
      ev_set_userdata (inner, &embed);
      ev_embed_stop (loop, &embed);
      ev_loop_destroy (inner);
    }

  ev_set_invoke_pending_cb (loop, invoke_pending);
  ev_set_loop_release_cb (loop, release, acquire);
  ev_set_io_collect_interval (loop, 0.01);
  ev_set_timeout_collect_interval (loop, 0.01);

  ev_loop (loop, 0);
  ev_loop (EV_DEFAULT_ EVLOOP_NONBLOCK);
  while (ev_run (loop, EVRUN_ONCE) && ev_pending_count (loop) == 0)
    ev_now_update (loop);

  ev_suspend (loop);
  ev_sleep (0.01);
  ev_resume (loop);
  printf ("%u %u %f %f\n", ev_iteration (loop), picked, ev_now (loop), ev_time () - ev_timer_remaining (loop, &timeout_watcher));
  ev_default_fork ();
  ev_default_destroy ();
  return 0;
}
