/* What the library is: its numbers, its names, its SONAME. */
#define _GNU_SOURCE
#include "t.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>

static void *
version_library (void)
{
  void *library = dlopen ("libev.so.4", RTLD_NOW | RTLD_NOLOAD);
  CHECK (library);
  return library;
}

/* The value of the first dynamic entry with this tag, or `none`. */
static ElfW (Xword)
version_dynamic (ElfW (Sxword) tag, ElfW (Xword) none)
{
  struct link_map *map;
  ElfW (Dyn) *entry;
  CHECK (!dlinfo (version_library (), RTLD_DI_LINKMAP, &map));
  for (entry = map->l_ld; entry->d_tag != DT_NULL; ++entry)
    if (entry->d_tag == tag)
      return entry->d_un.d_val;
  return none;
}

static const ElfW (Sym) *
version_symbol (const char *name)
{
  Dl_info info;
  void *symbol = 0, *address = dlsym (version_library (), name);
  if (!address)
    t_fail (__FILE__, __LINE__, "%s is not exported", name);
  CHECK (dladdr1 (address, &info, &symbol, RTLD_DL_SYMENT));
  CHECK (symbol);
  CHECK (strstr (info.dli_fname, "libev.so"));
  return symbol;
}

TEST (version_numbers_match_header, .once = 1)
{
  CHECK_EQ (ev_version_major (), 4);
  CHECK_EQ (ev_version_minor (), 33);
  CHECK_EQ (EV_VERSION_MAJOR, 4);
  CHECK_EQ (EV_VERSION_MINOR, 33);
}

TEST (version_soname_is_libev_so_4, .once = 1)
{
  ElfW (Xword) offset = version_dynamic (DT_SONAME, ~0ull), strings = version_dynamic (DT_STRTAB, 0);
  CHECK (offset != ~0ull);
  CHECK_STR ((const char *)strings + offset, "libev.so.4");
}

TEST (version_symbols_carry_no_version, .once = 1)
{
  CHECK_EQ (version_dynamic (DT_VERDEF, 0), 0);
  CHECK (!dlvsym (version_library (), "ev_run", "LIBEV_4"));
  CHECK (dlsym (version_library (), "ev_run"));
}

TEST (version_exports_every_native_function, .once = 1)
{
  static const char *const names[] = {
    "ev_async_send", "ev_async_start", "ev_async_stop", "ev_backend", "ev_break", "ev_check_start", "ev_check_stop",
    "ev_child_start", "ev_child_stop", "ev_cleanup_start", "ev_cleanup_stop", "ev_clear_pending", "ev_default_loop",
    "ev_depth", "ev_embed_start", "ev_embed_stop", "ev_embed_sweep", "ev_embeddable_backends", "ev_feed_event",
    "ev_feed_fd_event", "ev_feed_signal", "ev_feed_signal_event", "ev_fork_start", "ev_fork_stop", "ev_idle_start",
    "ev_idle_stop", "ev_invoke", "ev_invoke_pending", "ev_io_start", "ev_io_stop", "ev_iteration", "ev_loop_destroy",
    "ev_loop_fork", "ev_loop_new", "ev_now", "ev_now_update", "ev_once", "ev_pending_count", "ev_periodic_again",
    "ev_periodic_start", "ev_periodic_stop", "ev_prepare_start", "ev_prepare_stop", "ev_recommended_backends", "ev_ref",
    "ev_resume", "ev_run", "ev_set_allocator", "ev_set_invoke_pending_cb", "ev_set_io_collect_interval",
    "ev_set_loop_release_cb", "ev_set_syserr_cb", "ev_set_timeout_collect_interval", "ev_set_userdata",
    "ev_signal_start", "ev_signal_stop", "ev_sleep", "ev_stat_start", "ev_stat_stat", "ev_stat_stop",
    "ev_supported_backends", "ev_suspend", "ev_time", "ev_timer_again", "ev_timer_remaining", "ev_timer_start",
    "ev_timer_stop", "ev_unref", "ev_userdata", "ev_verify", "ev_version_major", "ev_version_minor",
  };
  size_t i;
  for (i = 0; i < sizeof names / sizeof *names; ++i)
    if (ELF64_ST_TYPE (version_symbol (names[i])->st_info) != STT_FUNC)
      t_fail (__FILE__, __LINE__, "%s is not a function", names[i]);
}

TEST (version_default_loop_pointer_is_a_datum, .once = 1)
{
  const ElfW (Sym) *symbol = version_symbol ("ev_default_loop_ptr");
  t_skip_if_sanitized ("it puts a guard behind data");
  CHECK_EQ (ELF64_ST_TYPE (symbol->st_info), STT_OBJECT);
  CHECK_EQ (symbol->st_size, sizeof (struct ev_loop *));
}

TEST (version_default_loop_pointer_starts_null, .once = 1)
{
  CHECK (!EV_DEFAULT_UC);
  CHECK (EV_DEFAULT);
  CHECK (EV_DEFAULT_UC == ev_default_loop (0));
}

TEST (version_dlsym_sees_the_copied_datum, .once = 1)
{
  struct ev_loop **datum = dlsym (RTLD_DEFAULT, "ev_default_loop_ptr");
  struct ev_loop *loop = ev_default_loop (EVFLAG_NOENV);
  CHECK (datum);
  CHECK (*datum == loop);
  ev_loop_destroy (loop);
  CHECK (!*datum);
}

TEST (version_ev_walk_is_exported, .once = 1, .ours_only = "ev_walk is exported and works without a special build")
{
  CHECK_EQ (ELF64_ST_TYPE (version_symbol ("ev_walk")->st_info), STT_FUNC);
}
