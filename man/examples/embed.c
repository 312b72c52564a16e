/* embed.c - a loop on epoll inside one that may run on anything */
#include <ev.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static void
on_socket (EV_P_ ev_io *w, int revents)
{
  char byte;

  /* Here the loop is the inner one. */
  if (read (w->fd, &byte, 1) == 1)
    printf ("in the inner loop: %c\n", byte);
  ev_io_stop (EV_A_ w);
  ev_embed_stop (ev_default_loop (0), w->data);
}

int
main (void)
{
  struct ev_loop *outer = ev_default_loop (0);
  /* LIBEV_FLAGS must not replace what is asked for here. */
  struct ev_loop *inner = ev_loop_new (EVBACKEND_EPOLL | EVFLAG_NOENV);
  int ends[2];
  ev_embed embed;
  ev_io socket;

  if (!outer || !inner
      || !(ev_backend (inner) & ev_embeddable_backends ())
      || socketpair (AF_UNIX, SOCK_STREAM, 0, ends) != 0)
    return 1;

  ev_embed_init (&embed, NULL, inner); /* without a callback: swept */
  ev_embed_start (outer, &embed);

  ev_io_init (&socket, on_socket, ends[0], EV_READ);
  socket.data = &embed;
  ev_io_start (inner, &socket);

  if (write (ends[1], "x", 1) != 1)
    return 1;
  ev_run (outer, 0);

  ev_loop_destroy (inner); /* after the embed watcher was stopped */
  return 0;
}
