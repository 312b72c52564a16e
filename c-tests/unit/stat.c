/* Stat watchers: what counts as a change, missing paths, intervals; each with inotify and by polling. */
#include "drive.h"
#include "fake_clock.h"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/vfs.h>

static int inotify_missing;

int
inotify_init1 (int flags)
{
  if (inotify_missing)
    {
      errno = EMFILE;
      return -1;
    }
  return (int)syscall (SYS_inotify_init1, flags);
}

int
inotify_init (void)
{
  return inotify_init1 (0);
}

/* Polled at this interval the file system can't be too slow for the tests. */
#define SOON .11

static char paths[8][4096];

/* A path below the test's directory; the text stays. */
static const char *
path (int n, const char *name)
{
  snprintf (paths[n], sizeof paths[n], "%s/%s", t_tmpdir (), name);
  return paths[n];
}

static void
append (const char *name, const char *text)
{
  int fd = open (name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  CHECK (fd >= 0);
  t_write (fd, text);
  close (fd);
}

static ev_statdata last_attr, last_prev;

static void
look (EV_P_ ev_stat *w, int revents)
{
  (void)loop;
  last_attr = w->attr;
  last_prev = w->prev;
  note_any ((ev_watcher *)w, revents);
}

static void
stat_named (struct ev_loop *loop, ev_stat *w, const char *name, const char *where, double interval)
{
  NAMED (w, look, name);
  ev_stat_set (w, where, interval);
  ev_stat_start (loop, w);
}

/* Both ways of noticing. */
#define BOTH(name) \
  static void name (struct ev_loop *); \
  TEST (stat_##name##_inotify) { struct ev_loop *loop = t_loop (0); name (loop); ev_loop_destroy (loop); } \
  TEST (stat_##name##_polling) { struct ev_loop *loop = t_loop (EVFLAG_NOINOTIFY); name (loop); ev_loop_destroy (loop); } \
  static void name (struct ev_loop *loop)

BOTH (growing_file)
{
  const char *file = path (0, "file");
  ev_stat w;
  append (file, "123");
  stat_named (loop, &w, "w", file, SOON);
  CHECK_EQ (w.attr.st_size, 3);
  CHECK (w.attr.st_nlink);
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 1);
  CHECK_TRACE ("");
  append (file, "4567");
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("w:1000");
  CHECK_EQ (last_prev.st_size, 3);
  CHECK_EQ (last_attr.st_size, 7);
  append (file, "8");
  drive_until (loop, &noted, 2);
  CHECK_EQ (last_prev.st_size, 7);
  CHECK_EQ (last_attr.st_size, 8);
  ev_stat_stop (loop, &w);
  CHECK_EQ (ev_run (loop, 0), 0);
}

BOTH (mode_and_links)
{
  const char *file = path (0, "file"), *link_name = path (1, "link");
  ev_stat w;
  append (file, "x");
  CHECK (!chmod (file, 0600));
  stat_named (loop, &w, "w", file, SOON);
  CHECK (!chmod (file, 0640));
  drive_until (loop, &noted, 1);
  CHECK_EQ (last_prev.st_mode & 0777, 0600);
  CHECK_EQ (last_attr.st_mode & 0777, 0640);
  CHECK (!link (file, link_name));
  drive_until (loop, &noted, 2);
  CHECK_EQ (last_prev.st_nlink, 1);
  CHECK_EQ (last_attr.st_nlink, 2);
}

BOTH (missing_file_comes_and_goes)
{
  const char *file = path (0, "file");
  ev_stat w;
  stat_named (loop, &w, "w", file, SOON);
  CHECK_EQ (w.attr.st_nlink, 0);
  CHECK (ev_is_active (&w));
  drive (loop, 2);
  CHECK_TRACE ("");
  append (file, "x");
  drive_until (loop, &noted, 1);
  CHECK_EQ (last_prev.st_nlink, 0);
  CHECK (last_attr.st_nlink);
  while (w.attr.st_size != 1) /* it may have been seen empty */
    ev_run (loop, EVRUN_ONCE);
  noted = 0;
  CHECK (!unlink (file));
  drive_until (loop, &noted, 1);
  CHECK (last_prev.st_nlink);
  CHECK_EQ (last_attr.st_nlink, 0);
  CHECK_EQ (last_attr.st_size, 1); /* the other members stay */
  append (file, "yz");
  drive_until (loop, &noted, 2);
  CHECK (last_attr.st_nlink);
}

BOTH (missing_directories)
{
  const char *deep = path (0, "a/b/file"), *a = path (1, "a"), *b = path (2, "a/b");
  ev_stat w;
  stat_named (loop, &w, "w", deep, SOON);
  CHECK_EQ (w.attr.st_nlink, 0);
  CHECK (!mkdir (a, 0700));
  CHECK (!mkdir (b, 0700));
  drive (loop, 3);
  CHECK_TRACE ("");
  append (deep, "x");
  drive_until (loop, &noted, 1);
  CHECK (last_attr.st_nlink);
  noted = 0;
  CHECK (!unlink (deep));
  drive_until (loop, &noted, 1);
  CHECK_EQ (w.attr.st_nlink, 0);
  CHECK (!rmdir (b));
  CHECK (!rmdir (a));
  noted = 0;
  CHECK (!mkdir (a, 0700));
  CHECK (!mkdir (b, 0700));
  append (deep, "x");
  drive_until (loop, &noted, 1);
  CHECK (last_attr.st_nlink);
}

BOTH (renamed_away_and_back)
{
  const char *file = path (0, "file"), *away = path (1, "away");
  ev_stat w;
  append (file, "x");
  stat_named (loop, &w, "w", file, SOON);
  drive (loop, 1);
  CHECK (!rename (file, away));
  drive_until (loop, &noted, 1);
  CHECK_EQ (last_attr.st_nlink, 0);
  CHECK (!rename (away, file));
  drive_until (loop, &noted, 2);
  CHECK (last_attr.st_nlink);
}

/* As editors save: a new file takes the name; the watcher follows the name. */
BOTH (replaced_by_rename)
{
  const char *file = path (0, "file"), *new = path (1, "new");
  ev_stat w;
  ino_t old;
  append (file, "x");
  stat_named (loop, &w, "w", file, SOON);
  old = w.attr.st_ino;
  append (new, "longer");
  drive (loop, 1);
  CHECK_TRACE ("");
  CHECK (!rename (new, file));
  drive_until (loop, &noted, 1);
  while (w.attr.st_size != 6)
    ev_run (loop, EVRUN_ONCE);
  CHECK (w.attr.st_ino != old);
  noted = 0;
  append (file, "!");
  drive_until (loop, &noted, 1);
  CHECK_EQ (last_attr.st_size, 7);
}

BOTH (symlink_itself_is_watched)
{
  const char *file = path (0, "file"), *other = path (1, "other-name"), *sym = path (2, "sym");
  ev_stat w;
  append (file, "x");
  append (other, "x");
  CHECK (!symlink ("file", sym));
  stat_named (loop, &w, "w", sym, SOON);
  CHECK (S_ISLNK (w.attr.st_mode));
  CHECK_EQ (w.attr.st_size, 4);
  append (file, "more");
  t_nap (.15);
  drive (loop, 3);
  CHECK_TRACE ("");
  CHECK (!unlink (sym));
  CHECK (!symlink ("other-name", sym));
  drive_until (loop, &noted, 1);
  while (w.attr.st_size != 10)
    ev_run (loop, EVRUN_ONCE);
}

BOTH (directory)
{
  const char *dir = path (0, "dir");
  ev_stat w;
  CHECK (!mkdir (dir, 0700));
  stat_named (loop, &w, "w", dir, SOON);
  CHECK (S_ISDIR (w.attr.st_mode));
  CHECK (!chmod (dir, 0750));
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("w:1000");
  CHECK_EQ (last_attr.st_mode & 0777, 0750);
}

BOTH (times_count_in_whole_seconds)
{
  const char *file = path (0, "file");
  struct timespec t[2] = { { 1000000000, 1000 }, { 1000000000, 2000 } }, now;
  ev_stat w;
  append (file, "x");
  /* the change time moves too: stay within one second of the clock (the kernel's own is some milliseconds behind) */
  do
    {
      t_nap (.01);
      clock_gettime (CLOCK_REALTIME, &now);
    }
  while (now.tv_nsec < 50000000 || now.tv_nsec > 500000000);
  CHECK (!utimensat (AT_FDCWD, file, t, 0));
  stat_named (loop, &w, "w", file, SOON);
  CHECK_EQ (w.attr.st_mtime, 1000000000);
  t[0].tv_nsec = t[1].tv_nsec = 999000000;
  CHECK (!utimensat (AT_FDCWD, file, t, 0));
  t_nap (.15);
  drive (loop, 3);
  clock_gettime (CLOCK_REALTIME, &now);
  if (now.tv_sec == w.attr.st_ctime)
    CHECK_TRACE ("");
  noted = 0;
  t[1].tv_sec = 1100000000;
  CHECK (!utimensat (AT_FDCWD, file, t, 0));
  drive_until (loop, &noted, 1);
  CHECK_EQ (last_attr.st_mtime, 1100000000);
  while (w.attr.st_mtime != 1100000000)
    ev_run (loop, EVRUN_ONCE);
  noted = 0;
  t[0].tv_sec = 1200000000;
  CHECK (!utimensat (AT_FDCWD, file, t, 0));
  drive_until (loop, &noted, 1);
  CHECK_EQ (last_attr.st_atime, 1200000000);
}

BOTH (several_watchers_of_one_path)
{
  const char *file = path (0, "file");
  ev_stat a, b, c;
  append (file, "x");
  stat_named (loop, &a, "a", file, SOON);
  stat_named (loop, &b, "b", file, SOON);
  stat_named (loop, &c, "c", file, SOON);
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 3);
  append (file, "y");
  while (!strstr (t_traced (), "a:1000") || !strstr (t_traced (), "b:1000") || !strstr (t_traced (), "c:1000"))
    ev_run (loop, EVRUN_ONCE);
  CHECK_EQ (noted, 3);
  ev_stat_stop (loop, &b);
  t_trace_reset ();
  append (file, "z");
  drive_until (loop, &noted, 5);
  CHECK (strstr (t_traced (), "a:1000") && strstr (t_traced (), "c:1000") && !strstr (t_traced (), "b:1000"));
}

BOTH (many_files_each_its_own)
{
  enum { FILES = 60 };
  static ev_stat w[FILES];
  static char names[FILES][4096];
  int i;
  for (i = 0; i < FILES; ++i)
    {
      snprintf (names[i], sizeof names[i], "%s/file%d", t_tmpdir (), i);
      append (names[i], "x");
      stat_named (loop, &w[i], "w", names[i], SOON);
    }
  drive (loop, 2);
  CHECK_EQ (noted, 0);
  for (i = 0; i < FILES; i += 2)
    append (names[i], "y");
  drive_until (loop, &noted, FILES / 2);
  for (i = 0; i < FILES; ++i)
    CHECK_EQ (w[i].attr.st_size, i % 2 ? 1 : 2);
  for (i = 0; i < FILES; ++i)
    ev_stat_stop (loop, &w[i]);
  CHECK_EQ (ev_run (loop, 0), 0);
}

BOTH (stat_call_takes_the_change)
{
  const char *file = path (0, "file");
  ev_stat w;
  append (file, "x");
  stat_named (loop, &w, "w", file, SOON);
  append (file, "yz");
  ev_stat_stat (loop, &w);
  CHECK_EQ (w.attr.st_size, 3); /* at once, without a call */
  CHECK_EQ (ev_pending_count (loop), 0);
  t_nap (.15);
  drive (loop, 3);
  CHECK_TRACE ("");
  append (file, "!");
  drive_until (loop, &noted, 1);
  CHECK_EQ (last_prev.st_size, 3); /* differences count from there */
  CHECK_EQ (last_attr.st_size, 4);
}

BOTH (stat_call_of_a_stopped_watcher)
{
  const char *file = path (0, "file");
  ev_stat w;
  NAMED (&w, look, "w");
  ev_stat_set (&w, file, 0.);
  ev_stat_stat (loop, &w);
  CHECK_EQ (w.attr.st_nlink, 0);
  append (file, "xyz");
  ev_stat_stat (loop, &w);
  CHECK_EQ (w.attr.st_size, 3);
  CHECK (w.attr.st_nlink);
  CHECK (!unlink (file));
  ev_stat_stat (loop, &w);
  CHECK_EQ (w.attr.st_nlink, 0);
  CHECK_EQ (w.attr.st_size, 3); /* the rest stays */
  CHECK (!ev_is_active (&w));
}

BOTH (start_fills_attr_only)
{
  const char *file = path (0, "file");
  ev_stat w;
  append (file, "x");
  NAMED (&w, look, "w");
  ev_stat_set (&w, file, SOON);
  memset (&w.prev, 0x77, sizeof w.prev);
  ev_stat_start (loop, &w);
  CHECK_EQ (w.attr.st_size, 1);
  CHECK_EQ (w.prev.st_size, 0x7777777777777777);
  append (file, "y");
  drive_until (loop, &noted, 1);
  CHECK_EQ (w.prev.st_size, 1);
}

BOTH (starts_and_stops)
{
  const char *file = path (0, "file");
  ev_stat w;
  append (file, "x");
  stat_named (loop, &w, "w", file, SOON);
  ev_stat_start (loop, &w); /* of an active one: nothing */
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 1);
  ev_stat_stop (loop, &w);
  ev_stat_stop (loop, &w);
  CHECK (!ev_is_active (&w));
  CHECK_EQ (ev_run (loop, EVRUN_NOWAIT), 0);
  append (file, "y");
  t_nap (.15);
  drive (loop, 3);
  CHECK_TRACE ("");
  ev_stat_start (loop, &w); /* counts from here */
  CHECK_EQ (w.attr.st_size, 2);
  t_nap (.15);
  drive (loop, 3);
  CHECK_TRACE ("");
  append (file, "z");
  drive_until (loop, &noted, 1);
  ev_feed_event (loop, &w, EV_STAT);
  ev_stat_stop (loop, &w);
  CHECK (!ev_is_pending (&w));
  ev_verify (loop);
}

static ev_stat pair[2];

static void
stop_both (EV_P_ ev_stat *w, int revents)
{
  note_any ((ev_watcher *)w, revents);
  ev_stat_stop (loop, &pair[0]);
  ev_stat_stop (loop, &pair[1]);
}

BOTH (stopped_in_a_callback)
{
  const char *file = path (0, "file");
  append (file, "x");
  stat_named (loop, &pair[0], "w", file, SOON);
  stat_named (loop, &pair[1], "w", file, SOON);
  ev_set_cb (&pair[0], stop_both);
  ev_set_cb (&pair[1], stop_both);
  append (file, "y");
  CHECK_EQ (ev_run (loop, 0), 0);
  CHECK (noted >= 1 && noted <= 2);
  CHECK (!ev_is_active (&pair[0]) && !ev_is_active (&pair[1]));
}

static const char *next_path;

static void
watch_another (EV_P_ ev_stat *w, int revents)
{
  look (loop, w, revents);
  ev_stat_stop (loop, w);
  stat_named (loop, w, "second", next_path, SOON);
}

BOTH (moved_to_another_path_in_its_callback)
{
  const char *file = path (0, "file");
  ev_stat w;
  next_path = path (1, "next");
  append (file, "x");
  append (next_path, "x");
  NAMED (&w, watch_another, "first");
  ev_stat_set (&w, file, SOON);
  ev_stat_start (loop, &w);
  append (file, "y");
  drive_until (loop, &noted, 1);
  append (next_path, "yz");
  drive_until (loop, &noted, 2);
  CHECK_TRACE ("first:1000 second:1000");
  CHECK_EQ (last_attr.st_size, 3);
}

/* ---- intervals ---- */

TEST (stat_interval_field)
{
  struct ev_loop *loop = t_loop (0);
  const char *file = path (0, "file");
  ev_stat w;
  append (file, "x");
  stat_named (loop, &w, "w", file, 0.);
  CHECK (w.interval == 0.);
  ev_stat_stop (loop, &w);
  stat_named (loop, &w, "w", file, 2.5);
  CHECK (w.interval == 2.5);
  ev_stat_stop (loop, &w);
  stat_named (loop, &w, "w", file, .01);
  CHECK_BETWEEN (w.interval, .1074891, .1074891);
  ev_stat_stop (loop, &w);
  stat_named (loop, &w, "w", file, -3.);
  CHECK_BETWEEN (w.interval, .1074891, .1074891);
  ev_loop_destroy (loop);
}

static void
polled_after (double interval, double just_before, double just_after)
{
  const char *file = path (0, "file");
  struct ev_loop *loop;
  ev_stat w;
  append (file, "x");
  fake_clock_stop (1500000000., 1000.);
  loop = t_loop (EVFLAG_NOINOTIFY);
  stat_named (loop, &w, "w", file, interval);
  append (file, "y");
  fake_clock_step (just_before);
  drive (loop, 2);
  CHECK_TRACE ("");
  CHECK_EQ (w.attr.st_size, 1);
  fake_clock_step (just_after - just_before);
  drive (loop, 2);
  CHECK_TRACE ("w:1000");
  /* and again one interval later */
  append (file, "z");
  fake_clock_step (just_before);
  drive (loop, 2);
  fake_clock_step (just_after - just_before + .01);
  drive (loop, 2);
  CHECK_EQ (w.attr.st_size, 3);
  ev_loop_destroy (loop);
}

TEST (stat_polling_interval_default)
{
  polled_after (0., 5.0073, 5.0076);
}

TEST (stat_polling_interval_minimum)
{
  polled_after (.001, .1073, .1076);
}

TEST (stat_polling_interval_given)
{
  polled_after (60., 59.9, 60.1);
}

TEST (stat_negative_interval_polls_at_the_minimum)
{
  polled_after (-1., .1073, .1076);
}

/* ---- inotify or not ---- */

static int
inotify_is_enough (void)
{
  static const unsigned long kinds[] =
    { 0xef53, 0x01021994, 0x858458f6, 0x9123683e, 0x58465342, 0x3153464a, 0x52654973, 0x4d44, 0x5346544e };
  struct statfs fs;
  unsigned i;
  CHECK (!statfs (t_tmpdir (), &fs));
  for (i = 0; i < sizeof kinds / sizeof *kinds; ++i)
    if ((unsigned long)fs.f_type == kinds[i])
      return 1;
  return 0;
}

static void
end (EV_P_ ev_timer *w, int revents)
{
  (void)w;
  (void)revents;
  ev_break (loop, EVBREAK_ALL);
}

/* The number of iterations in half a second with nothing going on but `where` being watched. */
static int
iterations_for (unsigned flags, const char *where, double interval)
{
  struct ev_loop *loop = t_loop (flags);
  unsigned before;
  ev_timer t;
  ev_stat w;
  stat_named (loop, &w, "w", where, interval);
  ev_timer_init (&t, end, .55, 0.);
  ev_timer_start (loop, &t);
  drive (loop, 1);
  before = ev_iteration (loop);
  ev_run (loop, 0);
  before = ev_iteration (loop) - before;
  ev_loop_destroy (loop);
  return (int)before;
}

TEST (stat_no_polling_where_inotify_is_enough)
{
  const char *file = path (0, "file");
  append (file, "x");
  if (!inotify_is_enough ())
    t_skip ("the temporary directory's file system is polled");
  CHECK (iterations_for (0, file, SOON) <= 2);
  CHECK (iterations_for (EVFLAG_NOINOTIFY, file, SOON) >= 3);
}

TEST (stat_missing_path_is_polled_beside_inotify)
{
  CHECK (iterations_for (0, path (0, "missing"), SOON) >= 3);
}

TEST (stat_other_file_systems_are_polled_at_the_interval)
{
  CHECK (iterations_for (0, "/proc/version", SOON) >= 3);
  CHECK (iterations_for (0, "/proc/version", 0.) <= 2); /* every half minute */
  CHECK_TRACE ("");
}

TEST (stat_inotify_tells_long_before_the_interval)
{
  struct ev_loop *loop = t_loop (0);
  const char *file = path (0, "file");
  double start;
  ev_stat w;
  append (file, "x");
  if (!inotify_is_enough ())
    t_skip ("the temporary directory's file system is polled");
  stat_named (loop, &w, "w", file, 3600.);
  drive (loop, 1);
  start = t_clock ();
  append (file, "y");
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("w:1000");
  CHECK (t_clock () - start < 5.);
  ev_loop_destroy (loop);
}

/* Coming into being is seen through the directory. */
TEST (stat_inotify_tells_of_a_new_file)
{
  struct ev_loop *loop = t_loop (0);
  const char *file = path (0, "file");
  ev_stat w;
  stat_named (loop, &w, "w", file, 3600.);
  drive (loop, 1);
  append (file, "y");
  drive_until (loop, &noted, 1);
  CHECK (last_attr.st_nlink);
  ev_loop_destroy (loop);
}

TEST (stat_inotify_without_descriptors_is_polling)
{
  struct ev_loop *loop;
  const char *file = path (0, "file");
  ev_stat w;
  append (file, "x");
  inotify_missing = 1;
  loop = t_loop (0);
  stat_named (loop, &w, "w", file, SOON);
  append (file, "y");
  drive_until (loop, &noted, 1);
  CHECK_TRACE ("w:1000");
  ev_loop_destroy (loop);
}

TEST (stat_inotify_descriptor_is_closed_by_destroy)
{
  int before = t_open_fds ();
  struct ev_loop *loop = t_loop (0);
  ev_stat w;
  stat_named (loop, &w, "w", path (0, "file"), 0.);
  drive (loop, 1);
  ev_loop_destroy (loop);
  CHECK (ev_is_active (&w));
  CHECK_EQ (t_open_fds (), before);
}

TEST (stat_two_loops_watch_one_path)
{
  struct ev_loop *one = t_loop (0), *two = t_loop (EVFLAG_NOINOTIFY);
  const char *file = path (0, "file");
  ev_stat a, b;
  append (file, "x");
  stat_named (one, &a, "one", file, SOON);
  stat_named (two, &b, "two", file, SOON);
  append (file, "y");
  drive_until (one, &noted, 1);
  drive_until (two, &noted, 2);
  CHECK_TRACE ("one:1000 two:1000");
  ev_loop_destroy (one);
  append (file, "z");
  drive_until (two, &noted, 3);
  ev_loop_destroy (two);
}

TEST (stat_priority)
{
  struct ev_loop *loop = t_loop (EVFLAG_NOINOTIFY);
  const char *file = path (0, "file");
  ev_stat low, high;
  append (file, "x");
  NAMED (&high, look, "high");
  ev_stat_set (&high, file, .11);
  ev_set_priority (&high, 1);
  ev_stat_start (loop, &high);
  NAMED (&low, look, "low");
  ev_stat_set (&low, file, .11);
  ev_set_priority (&low, -1);
  ev_stat_start (loop, &low);
  append (file, "y");
  t_nap (.15);
  drive_until (loop, &noted, 2);
  CHECK_TRACE ("high:1000 low:1000");
  ev_loop_destroy (loop);
}

/* Between the request and the next wait: the new descriptor of inotify is too late for it, the old one is closed. */
TEST (stat_changed_just_after_a_fork, .ours_only = "what changed between `ev_loop_fork` and the next wait")
{
  struct ev_loop *loop = t_loop (0);
  const char *file = path (0, "file");
  ev_stat w;
  append (file, "x");
  stat_named (loop, &w, "file", file, 3600.);
  drive (loop, 1);
  ev_loop_fork (loop);
  append (file, "y");
  ev_run (loop, EVRUN_ONCE); /* does not block */
  CHECK_TRACE ("file:1000");
  append (file, "z");
  drive_until (loop, &noted, 2);
  CHECK_TRACE ("file:1000 file:1000");
  ev_loop_destroy (loop);
}
