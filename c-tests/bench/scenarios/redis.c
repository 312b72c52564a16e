/* Commands to a redis server through hiredis' own adapter for libev, pipelined on so many connections; the server is a process beside. */
#include "loop.h"
#include <hiredis/adapters/libev.h>
#include <hiredis/async.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <sys/prctl.h>

enum { WINDOW = 16 };
static redisAsyncContext **connection;
static long sent, to_send, answered;

static void
on_answer (redisAsyncContext *redis, void *answer, void *data)
{
  redisReply *reply = answer;
  CHECK (reply && reply->type == REDIS_REPLY_STRING && !strcmp (reply->str, "value"));
  ++answered;
  if (sent < to_send)
    {
      ++sent;
      redisAsyncCommand (redis, on_answer, 0, "GET key");
    }
}

/* Without the package redis-server it is in redis-tools under a second name, and goes by its argv[0]. */
static void
serve (void)
{
  static const char *places[] = { "/usr/bin/redis-server", "/usr/bin/redis-check-rdb", 0 };
  const char **place;
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  for (place = places; *place; ++place)
    execl (*place, "redis-server", "--port", "0", "--unixsocket", "redis.socket", "--save", "", "--appendonly", "no",
           "--logfile", "/dev/null", (char *)0);
  _exit (77);
}

static void
set_up (void)
{
  redisContext *plain = 0;
  redisReply *reply;
  long i;
  pid_t pid;
  if (access ("/usr/bin/redis-check-rdb", X_OK))
    skip ("redis is not installed");
  unlink ("redis.socket");
  pid = fork ();
  CHECK (pid >= 0);
  if (!pid)
    serve ();
  for (i = 0; i < 500 && (!plain || plain->err); ++i)
    {
      usleep (10000);
      if (plain)
        redisFree (plain);
      plain = redisConnectUnix ("redis.socket");
    }
  CHECK (plain && !plain->err);
  reply = redisCommand (plain, "SET key value");
  CHECK (reply && reply->type == REDIS_REPLY_STATUS);
  freeReplyObject (reply);
  redisFree (plain);

  make_loop ();
  connection = room (size, sizeof *connection);
  for (i = 0; i < size; ++i)
    {
      connection[i] = redisAsyncConnectUnix ("redis.socket");
      CHECK (connection[i] && !connection[i]->err);
      CHECK (redisLibevAttach (loop, connection[i]) == REDIS_OK);
    }
}

static long
turn (void)
{
  long before = answered, i, j;
  to_send = sent + 2000;
  for (i = 0; i < size; ++i)
    for (j = 0; j < WINDOW; ++j, ++sent)
      redisAsyncCommand (connection[i], on_answer, 0, "GET key");
  while (answered < sent)
    ev_run (loop, EVRUN_ONCE);
  return answered - before;
}

int
main (int argc, char **argv)
{
  return bench (argc, argv, set_up, turn, 0);
}
