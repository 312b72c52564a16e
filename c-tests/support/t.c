/* See t.h. Called by the runner: `program --list`, `program NAME BACKEND` (hexadecimal), or
   `program --each BACKEND SECONDS NAME...` to run several, each in a child: under valgrind it is the start that takes long. */
#include "t.h"

#include <dirent.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>

unsigned t_backend;
int t_reference;

static struct t_case *t_cases;
static char t_words[65536];
static size_t t_words_length;

void
t_register (struct t_case *one)
{
  struct t_case **end = &t_cases;
  while (*end)
    end = &(*end)->next;
  *end = one;
}

void
t_fail (const char *file, int line, const char *format, ...)
{
  va_list args;
  fflush (stdout);
  fprintf (stderr, "%s:%d: ", file, line);
  va_start (args, format);
  vfprintf (stderr, format, args);
  va_end (args);
  fprintf (stderr, "\n");
  _exit (1);
}

void
t_skip (const char *why)
{
  printf ("skipped: %s\n", why);
  fflush (stdout);
  _exit (77);
}

struct ev_loop *
t_loop (unsigned flags)
{
  struct ev_loop *loop = ev_loop_new (t_backend | EVFLAG_NOENV | flags);
  CHECK (loop);
  CHECK_EQ (ev_backend (loop), t_backend);
  return loop;
}

struct ev_loop *
t_default_loop (unsigned flags)
{
  struct ev_loop *loop = ev_default_loop (t_backend | EVFLAG_NOENV | flags);
  CHECK (loop);
  CHECK_EQ (ev_backend (loop), t_backend);
  return loop;
}

void
t_trace (const char *format, ...)
{
  va_list args;
  int n;
  if (t_words_length)
    t_words[t_words_length++] = ' ';
  va_start (args, format);
  n = vsnprintf (t_words + t_words_length, sizeof t_words - t_words_length - 1, format, args);
  va_end (args);
  CHECK (n >= 0 && (size_t)n < sizeof t_words - t_words_length - 1);
  t_words_length += (size_t)n;
}

const char *
t_traced (void)
{
  t_words[t_words_length] = 0;
  return t_words;
}

void
t_trace_reset (void)
{
  t_words_length = 0;
}

int
t_wait (pid_t pid)
{
  int status;
  while (waitpid (pid, &status, 0) < 0)
    CHECK_EQ (errno, EINTR);
  return status;
}

void
t_mask (int how, int signum)
{
  sigset_t set;
  sigemptyset (&set);
  sigaddset (&set, signum);
  CHECK (!pthread_sigmask (how, &set, 0));
}

int
t_in_child (void (*body) (void *), void *arg)
{
  pid_t pid;
  fflush (stdout);
  fflush (stderr);
  pid = fork ();
  CHECK (pid >= 0);
  if (!pid)
    {
      body (arg);
      _exit (0);
    }
  return t_wait (pid);
}

void
t_skip_if_sanitized (const char *why)
{
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
  t_skip (why);
#else
  (void)why;
#endif
}

#ifdef __SANITIZE_THREAD__
/* LLVM's names, which gcc's runtime lacks: it looks at the C library's own calls. */
void *__tsan_memcpy (void *to, const void *from, size_t n) { return memcpy (to, from, n); }
void *__tsan_memmove (void *to, const void *from, size_t n) { return memmove (to, from, n); }
void *__tsan_memset (void *to, int byte, size_t n) { return memset (to, byte, n); }
#endif

void
t_skip_if_checked (const char *why)
{
  if (getenv ("LIBEV_CHECK"))
    t_skip (why);
}

void
t_expect_abort (void (*body) (void *), void *arg, const char *text)
{
  t_expect_abort_saying (body, arg, &text, 1);
}

void
t_expect_abort_saying (void (*body) (void *), void *arg, const char *const *text, int texts)
{
  char said[4096];
  size_t length = 0;
  int out[2], status;
  pid_t pid;
  CHECK (!pipe (out));
  fflush (stdout);
  fflush (stderr);
  pid = fork ();
  CHECK (pid >= 0);
  if (!pid)
    {
      dup2 (out[1], 2);
      close (out[0]);
      close (out[1]);
      body (arg);
      _exit (0);
    }
  close (out[1]);
  for (;;)
    {
      ssize_t n = read (out[0], said + length, sizeof said - 1 - length);
      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        break;
      length += (size_t)n;
    }
  said[length] = 0;
  close (out[0]);
  status = t_wait (pid);
  if (!WIFSIGNALED (status) || WTERMSIG (status) != SIGABRT)
    t_fail (__FILE__, __LINE__, "no abort (wait status 0x%x); it printed: %s", status, said);
  for (; texts > 0; --texts, ++text)
    if (!strstr (said, *text))
      t_fail (__FILE__, __LINE__, "the abort's message lacks \"%s\": %s", *text, said);
}

static void
t_prepare_fd (int fd)
{
  CHECK (!fcntl (fd, F_SETFL, fcntl (fd, F_GETFL) | O_NONBLOCK));
  CHECK (!fcntl (fd, F_SETFD, FD_CLOEXEC));
}

void
t_pipe (int fd[2])
{
  CHECK (!pipe (fd));
  t_prepare_fd (fd[0]);
  t_prepare_fd (fd[1]);
}

void
t_socketpair (int fd[2])
{
  CHECK (!socketpair (AF_UNIX, SOCK_STREAM, 0, fd));
  t_prepare_fd (fd[0]);
  t_prepare_fd (fd[1]);
}

void
t_write (int fd, const char *text)
{
  CHECK_EQ (write (fd, text, strlen (text)), strlen (text));
}

int
t_drain (int fd)
{
  char buffer[4096];
  int all = 0;
  for (;;)
    {
      ssize_t n = read (fd, buffer, sizeof buffer);
      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return all;
      all += (int)n;
      if ((size_t)n < sizeof buffer)
        return all;
    }
}

int
t_open_fds (void)
{
  int n = 0;
  DIR *dir = opendir ("/proc/self/fd");
  CHECK (dir);
  while (readdir (dir))
    ++n;
  closedir (dir);
  return n - 3; /* ".", ".." and the directory itself */
}

void
t_nap (double seconds)
{
  struct timespec left = { (time_t)seconds, (long)((seconds - floor (seconds)) * 1e9) };
  while (nanosleep (&left, &left) && errno == EINTR)
    ;
}

double
t_clock (void)
{
  struct timespec now;
  clock_gettime (CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

char *
t_tmpdir (void)
{
  char *dir = getenv ("T_TMPDIR");
  CHECK (dir);
  return dir;
}

/* The library that is mapped must be the one that the runner named. */
static void
t_check_library (void)
{
  const char *want = getenv ("T_LIBRARY");
  char line[4096], found[4096] = "";
  FILE *maps;
  if (!want)
    return;
  maps = fopen ("/proc/self/maps", "r");
  CHECK (maps);
  while (fgets (line, sizeof line, maps))
    {
      char *path = strchr (line, '/');
      if (path && strstr (path, "/libev.so"))
        {
          path[strcspn (path, "\n")] = 0;
          snprintf (found, sizeof found, "%s", path);
        }
    }
  fclose (maps);
  CHECK_STR (found, want);
}

static struct t_case *
t_find (const char *name)
{
  struct t_case *one;
  for (one = t_cases; one; one = one->next)
    if (!strcmp (one->name, name))
      return one;
  fprintf (stderr, "no test of this name: %s\n", name);
  exit (2);
}

/* The child's part of --each: below the working directory, PID.out is its output and PID its directory. */
_Noreturn static void
t_run_apart (struct t_case *one, const char *directory, pid_t parent)
{
  char path[4096];
  long self = (long)getpid ();
  int out;
  CHECK (!setpgid (0, 0));
  CHECK (!prctl (PR_SET_PDEATHSIG, SIGKILL));
  CHECK_EQ (getppid (), parent);
  snprintf (path, sizeof path, "%s/%ld.out", directory, self);
  CHECK ((out = open (path, O_WRONLY | O_CREAT | O_EXCL, 0600)) >= 0);
  CHECK (dup2 (out, 1) == 1 && dup2 (out, 2) == 2);
  close (out);
  snprintf (path, sizeof path, "%s/%ld", directory, self);
  CHECK (!mkdir (path, 0700) && !chdir (path) && !setenv ("T_TMPDIR", path, 1));
  one->run ();
  exit (0);
}

/* Waits for the child's end, but not for ever; kills what is left of its group. Returns its wait status, -1 if it had to be killed. */
static int
t_wait_for (pid_t pid, double seconds)
{
  double deadline = t_clock () + seconds;
  siginfo_t info = { .si_pid = 0 };
  int status;
  while (!waitid (P_PID, (id_t)pid, &info, WEXITED | WNOWAIT | WNOHANG) && !info.si_pid && t_clock () < deadline)
    t_nap (0.002);
  kill (-pid, SIGKILL);
  CHECK_EQ (waitpid (pid, &status, 0), pid);
  return info.si_pid ? status : -1;
}

/* Prints "NAME PID STATUS" for each. */
static void
t_each (char **names, double seconds)
{
  char directory[2048];
  pid_t self = getpid ();
  CHECK (getcwd (directory, sizeof directory));
  for (; *names; ++names)
    {
      struct t_case *one = t_find (*names);
      pid_t pid = fork ();
      CHECK (pid >= 0);
      if (!pid)
        t_run_apart (one, directory, self);
      setpgid (pid, pid);
      printf ("%s %ld %d\n", one->name, (long)pid, t_wait_for (pid, seconds));
      fflush (stdout);
    }
}

static int
t_list (void)
{
  struct t_case *one;
  for (one = t_cases; one; one = one->next)
    printf ("%s\t%x\t%d\t%d\t%d\t%x\t%s\n", one->name, one->backends, one->once, one->alone, one->no_valgrind,
            one->ours_only ? (one->ours_only_on ? one->ours_only_on : T_ALL) : 0, one->ours_only ? one->ours_only : "");
  return 0;
}

int
main (int argc, char **argv)
{
  int each = argc > 4 && !strcmp (argv[1], "--each");
  if (argc == 2 && !strcmp (argv[1], "--list"))
    return t_list ();
  if (argc != 3 && !each)
    {
      fprintf (stderr, "usage: %s --list | NAME BACKEND | --each BACKEND SECONDS NAME...\n", argv[0]);
      return 2;
    }
  t_backend = (unsigned)strtoul (argv[2], 0, 16);
  t_reference = getenv ("T_REFERENCE") != 0;
  t_check_library ();
  if (each)
    t_each (argv + 4, atof (argv[3]));
  else
    t_find (argv[1])->run ();
  return 0;
}
