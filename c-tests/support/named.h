/* Watchers that say their name: T_NAMED (timer) defines `named_timer`, whose callback adds the text in `data` to the trace.
 * name_timer (&w, "x", ...) = ev_timer_init with that callback and name.
 */
#ifndef FERROEV_NAMED_H
#define FERROEV_NAMED_H

#include "t.h"

#define T_NAMED(type) \
  static void named_##type (EV_P_ ev_##type *w, int revents) \
  { (void)loop; (void)revents; t_trace ("%s", (const char *)w->data); }

#define NAME(type, w, name, ...) \
  do { ev_##type##_init ((w), named_##type __VA_OPT__ (,) __VA_ARGS__); (w)->data = (void *)(name); } while (0)

#endif
