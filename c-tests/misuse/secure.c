/* LIBEV_CHECK is for the user who runs a program, not for one who runs another's: a set-user-ID program does not listen to it. */
#include "misuse.h"

#include <dlfcn.h>
#include <sys/auxv.h>
#include <sys/stat.h>

#define NOBODY 65534

/* In the program that runs as another user: the loader lets no variable choose the library, so it is opened by its name. */
static void
change_an_active_watcher (const char *library)
{
  void *lib = dlopen (library, RTLD_NOW | RTLD_LOCAL);
  struct ev_loop *(*loop_new) (unsigned) = lib ? (struct ev_loop *(*) (unsigned))dlsym (lib, "ev_loop_new") : 0;
  void (*io_start) (struct ev_loop *, ev_io *) = lib ? (void (*) (struct ev_loop *, ev_io *))dlsym (lib, "ev_io_start") : 0;
  int (*run) (struct ev_loop *, int) = lib ? (int (*) (struct ev_loop *, int))dlsym (lib, "ev_run") : 0;
  struct ev_loop *loop;
  ev_io w;
  int p[2];
  if (!loop_new || !io_start || !run || pipe (p))
    _exit (2);
  loop = loop_new (EVBACKEND_SELECT | EVFLAG_NOENV);
  ev_io_init (&w, 0, p[0], EV_READ);
  io_start (loop, &w);
  w.events = EV_WRITE;
  run (loop, EVRUN_NOWAIT);
  _exit (getauxval (AT_SECURE) ? 0 : 3);
}

__attribute__ ((constructor)) static void
begin (void)
{
  const char *library = getenv ("T_SECURE_LIBRARY");
  if (library)
    change_an_active_watcher (library);
}

static void
copy (const char *from, const char *to, mode_t mode)
{
  char bytes[65536];
  ssize_t n;
  int in = open (from, O_RDONLY | O_CLOEXEC), out = open (to, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
  CHECK (in >= 0 && out >= 0);
  while ((n = read (in, bytes, sizeof bytes)) > 0)
    CHECK_EQ (write (out, bytes, (size_t)n), n);
  CHECK (!fchmod (out, mode));
  close (in);
  close (out);
}

/* The status of the copy, run by another user. */
static int
run_by_nobody (const char *program, const char *library)
{
  pid_t pid = fork ();
  CHECK (pid >= 0);
  if (!pid)
    {
      if (setgid (NOBODY) || setuid (NOBODY))
        _exit (4);
      setenv ("LIBEV_CHECK", "1", 1);
      setenv ("T_SECURE_LIBRARY", library, 1);
      execl (program, program, (char *)0);
      _exit (5);
    }
  return t_wait (pid);
}

TEST (secure_programs_are_not_checked, .once = 1, .no_valgrind = 1, .ours_only = LIBEV_CHECK)
{
  char program[4200], library[4200];
  int status;
  t_skip_if_sanitized ("the sanitizers' runtimes are not for such programs");
  if (geteuid ())
    t_skip ("only root can make such a program");
  snprintf (program, sizeof program, "%s/secure", t_tmpdir ());
  snprintf (library, sizeof library, "%s/library", t_tmpdir ());
  copy ("/proc/self/exe", program, 04755);
  copy (getenv ("T_LIBRARY"), library, 0755);
  status = run_by_nobody (program, library);
  if (WIFEXITED (status) && WEXITSTATUS (status) >= 2)
    t_skip ("set-user-ID programs, are not to be had in this directory");
  CHECK_EQ (status, 0);
}
