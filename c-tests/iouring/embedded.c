/* iouring: all that is true of an embedded epoll loop is true of an embedded iouring loop, whatever it is embedded in. */
#include "drive.h"

#undef TEST
#define TEST(name_, ...) \
  static void name_ (void); \
  static struct t_case t_case_##name_ = { .name = "iouring_" #name_, .run = name_, .backends = T_ALL, \
    .ours_only = "an iouring loop can be embedded", __VA_ARGS__ }; \
  __attribute__ ((constructor)) static void t_register_##name_ (void) { t_register (&t_case_##name_); } \
  static void name_ (void)

#define EMBEDDED EVBACKEND_IOURING
#include "../unit/embed.c"
