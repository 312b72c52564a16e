/* echo.c - a server that sends back what it gets, and its client */
#include <arpa/inet.h>
#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE 60. /* seconds that a connection may be silent */

struct connection
{
  ev_io io;
  ev_timer patience;
  size_t length;
  char data[4096];
};

static void
hang_up (EV_P_ struct connection *c)
{
  ev_io_stop (EV_A_ &c->io); /* before close, always */
  ev_timer_stop (EV_A_ &c->patience);
  close (c->io.fd);
  free (c);
  puts ("server: connection closed");
}

static void
on_patience (EV_P_ ev_timer *w, int revents)
{
  hang_up (EV_A_ w->data);
}

/* Between reading and writing: the same descriptor, other events. */
static void
watch_for (EV_P_ struct connection *c, int events)
{
  ev_io_stop (EV_A_ &c->io);
  ev_io_modify (&c->io, events);
  ev_io_start (EV_A_ &c->io);
}

static void
on_connection (EV_P_ ev_io *w, int revents)
{
  struct connection *c = (struct connection *)w; /* its first member */
  ssize_t done;

  if (revents & EV_READ)
    done = read (w->fd, c->data, sizeof c->data);
  else
    done = write (w->fd, c->data, c->length);

  /* An event is a hint: nothing to read is no error. */
  if (done < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (done <= 0)
    {
      hang_up (EV_A_ c);
      return; /* c is gone */
    }

  ev_timer_again (EV_A_ &c->patience);
  if (revents & EV_READ)
    {
      c->length = (size_t)done;
      watch_for (EV_A_ c, EV_WRITE);
    }
  else
    {
      c->length -= (size_t)done;
      memmove (c->data, c->data + done, c->length);
      if (c->length == 0)
        watch_for (EV_A_ c, EV_READ);
    }
}

static void
on_listener (EV_P_ ev_io *w, int revents)
{
  int fd = accept (w->fd, NULL, NULL);
  struct connection *c;

  if (fd < 0)
    return;
  c = malloc (sizeof *c);
  if (!c || fcntl (fd, F_SETFL, O_NONBLOCK) != 0)
    abort ();
  ev_io_init (&c->io, on_connection, fd, EV_READ);
  ev_io_start (EV_A_ &c->io);
  ev_init (&c->patience, on_patience);
  c->patience.repeat = PATIENCE;
  c->patience.data = c;
  ev_timer_again (EV_A_ &c->patience);

  ev_io_stop (EV_A_ w); /* this server serves one client */
}

static void
on_answer (EV_P_ ev_io *w, int revents)
{
  char text[64];
  ssize_t length = read (w->fd, text, sizeof text);

  printf ("client: got %.*s\n", (int)length, text);
  ev_io_stop (EV_A_ w);
  close (w->fd);
}

int
main (void)
{
  struct ev_loop *loop = ev_default_loop (0);
  struct sockaddr_in address = { .sin_family = AF_INET };
  socklen_t size = sizeof address;
  int listener = socket (AF_INET, SOCK_STREAM, 0);
  int client = socket (AF_INET, SOCK_STREAM, 0);
  ev_io listening, answer;

  /* Port 0 stands for any that is free. */
  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  if (!loop || bind (listener, (struct sockaddr *)&address, size) != 0
      || listen (listener, 8) != 0
      || fcntl (listener, F_SETFL, O_NONBLOCK) != 0
      || getsockname (listener, (struct sockaddr *)&address, &size) != 0
      || connect (client, (struct sockaddr *)&address, size) != 0
      || write (client, "hello", 5) != 5)
    {
      perror ("echo");
      return 1;
    }

  ev_io_init (&listening, on_listener, listener, EV_READ);
  ev_io_start (loop, &listening);
  ev_io_init (&answer, on_answer, client, EV_READ);
  ev_io_start (loop, &answer);

  ev_run (loop, 0);
  return 0;
}
