/* Drives a redis server through hiredis' own libev adapter: pipelined SET and GET on several connections, each answer compared.
 *
 *     hiredis_load ROUNDS SOCKET [SOCKET...]       SOCKET is a path, or HOST:PORT
 *
 * Prints one line when all answers are in, then stays in ev_run until standard input ends, so that its caller can look at it in /proc.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ev.h>
#include <hiredis/adapters/libev.h>
#include <hiredis/async.h>
#include <hiredis/hiredis.h>

enum { WINDOW = 64, LARGEST = 300 * 1000 };

struct connection
{
  redisAsyncContext *redis;
  int number;
  long sent;         /* pairs of SET and GET sent */
  long answered;     /* ... of which the GET was answered */
};

static long rounds, compared, stored, disconnected;
static uint64_t bytes;
static int connections, finished;
static ev_io end_of_input;

static void
fail (const char *what, const char *detail)
{
  fprintf (stderr, "hiredis_load: %s: %s\n", what, detail ? detail : "-");
  exit (1);
}

/* The value of a round: its length and every byte follow from the two numbers. Some are larger than any socket buffer. */
static size_t
value_of (int connection, long round, char *value)
{
  uint64_t state = ((uint64_t)connection << 32 | (uint64_t)round) * 0x9e3779b97f4a7c15u + 1;
  size_t length = round % 500 == 250 ? LARGEST : (state >> 40) % 700;

  for (size_t i = 0; i < length; ++i)
    {
      state = state * 6364136223846793005u + 1442695040888963407u;
      value[i] = (char)(state >> 56);
    }

  return length;
}

static void send_more (struct connection *c);

static void
set_answered (redisAsyncContext *redis, void *answer, void *data)
{
  redisReply *reply = answer;
  (void)data;

  if (!reply || reply->type != REDIS_REPLY_STATUS || strcmp (reply->str, "OK"))
    fail ("SET", reply && reply->str ? reply->str : redis->errstr);

  ++stored;
}

static void
get_answered (redisAsyncContext *redis, void *answer, void *data)
{
  static char expected[LARGEST];
  redisReply *reply = answer;
  struct connection *c = data;
  size_t length = value_of (c->number, c->answered, expected);

  if (!reply || reply->type != REDIS_REPLY_STRING)
    fail ("GET", reply && reply->str ? reply->str : redis->errstr);

  if ((size_t)reply->len != length || memcmp (reply->str, expected, length))
    fail ("GET", "another value came back than was stored");

  bytes += length;
  ++compared;
  ++c->answered;

  if (c->answered == rounds)
    redisAsyncDisconnect (redis);
  else
    send_more (c);
}

/* Keys repeat, so that a GET overtaking its SET would show. */
static void
send_more (struct connection *c)
{
  static char value[LARGEST];

  while (c->sent < rounds && c->sent - c->answered < WINDOW)
    {
      size_t length = value_of (c->number, c->sent, value);

      if (redisAsyncCommand (c->redis, set_answered, c, "SET key:%d:%d %b", c->number, (int)(c->sent % 7), value, length) != REDIS_OK
          || redisAsyncCommand (c->redis, get_answered, c, "GET key:%d:%d", c->number, (int)(c->sent % 7)) != REDIS_OK)
        fail ("command", c->redis->errstr);

      ++c->sent;
    }
}

static void
on_connect (const redisAsyncContext *redis, int status)
{
  if (status != REDIS_OK)
    fail ("connect", redis->errstr);

  send_more (redis->data);
}

static void
on_disconnect (const redisAsyncContext *redis, int status)
{
  if (status != REDIS_OK)
    fail ("disconnect", redis->errstr);

  ++disconnected;

  if (++finished == connections)
    {
      printf ("stored %ld compared %ld bytes %llu disconnected %ld backend %u\n", stored, compared, (unsigned long long)bytes,
              disconnected, ev_backend (EV_DEFAULT_UC));
      fflush (stdout);
    }
}

static void
on_input (EV_P_ ev_io *w, int revents)
{
  char byte;
  (void)revents;

  if (read (w->fd, &byte, 1) <= 0)
    {
      ev_io_stop (EV_A_ w);
      ev_break (EV_A_ EVBREAK_ALL);
    }
}

static void
connect_to (struct ev_loop *loop, struct connection *c, const char *where)
{
  const char *colon = strrchr (where, ':');

  if (colon)
    {
      char host[64];
      snprintf (host, sizeof host, "%.*s", (int)(colon - where), where);
      c->redis = redisAsyncConnect (host, atoi (colon + 1));
    }
  else
    c->redis = redisAsyncConnectUnix (where);

  if (!c->redis || c->redis->err)
    fail (where, c->redis ? c->redis->errstr : "no memory");

  c->redis->data = c;

  if (redisLibevAttach (loop, c->redis) != REDIS_OK
      || redisAsyncSetConnectCallback (c->redis, on_connect) != REDIS_OK
      || redisAsyncSetDisconnectCallback (c->redis, on_disconnect) != REDIS_OK)
    fail (where, "not attached");
}

int
main (int argc, char **argv)
{
  if (argc < 3)
    fail ("usage", "ROUNDS SOCKET [SOCKET...]");

  struct ev_loop *loop = ev_default_loop (0);

  if (!loop)
    fail ("ev_default_loop", "no loop");

  rounds = atol (argv[1]);
  connections = argc - 2;

  struct connection *all = calloc ((size_t)connections, sizeof *all);

  for (int i = 0; i < connections; ++i)
    {
      all[i].number = i;
      connect_to (loop, &all[i], argv[2 + i]);
    }

  ev_io_init (&end_of_input, on_input, STDIN_FILENO, EV_READ);
  ev_io_start (loop, &end_of_input);

  ev_run (loop, 0);
  free (all);

  return finished == connections ? 0 : 1;
}
