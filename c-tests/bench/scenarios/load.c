/* Programs that are linked to the library, call it once and end: what it takes to load it, beside all that a process takes. */
#include "../bench.h"
#include <ev.h>
#include <spawn.h>
#include <sys/wait.h>

static void
set_up (void)
{
  with_children = 1;
}

static long
turn (void)
{
  static char *words[] = { "load", "loaded", 0 }, *nothing[] = { 0, 0 };
  char path[4096];
  const char *value = getenv ("LD_LIBRARY_PATH");
  int i;
  CHECK (value);
  snprintf (path, sizeof path, "LD_LIBRARY_PATH=%s", value);
  nothing[0] = path;
  for (i = 0; i < 10; ++i)
    {
      pid_t pid;
      int status;
      CHECK (!posix_spawn (&pid, "/proc/self/exe", 0, 0, words, nothing));
      CHECK (waitpid (pid, &status, 0) == pid && status == 0);
    }
  return 10;
}

int
main (int argc, char **argv)
{
  if (argc == 2 && !strcmp (argv[1], "loaded"))
    return ev_version_major () != EV_VERSION_MAJOR;
  return bench (argc, argv, set_up, turn, 0);
}
