/* LIBEV_CHECK=1 for a child of the test, and what it says there. */
#ifndef FERROEV_MISUSE_H
#define FERROEV_MISUSE_H

#include "t.h"

#define LIBEV_CHECK "LIBEV_CHECK"

struct misuse
{
  void (*body) (void);
};

static inline void
misuse_checked (void *arg)
{
  setenv ("LIBEV_CHECK", "1", 1);
  ((struct misuse *)arg)->body ();
}

/* `body` in a child with LIBEV_CHECK=1 ends by an abort whose message holds all of the texts. */
#define REPORTED(body_, ...) \
  do { struct misuse misuse_one = { body_ }; \
       const char *const misuse_texts[] = { "libev: LIBEV_CHECK: ", __VA_ARGS__ }; \
       t_expect_abort_saying (misuse_checked, &misuse_one, misuse_texts, sizeof misuse_texts / sizeof *misuse_texts); } while (0)

/* ... ends well. */
#define NOT_REPORTED(body_) \
  do { struct misuse misuse_one = { body_ }; CHECK_EQ (t_in_child (misuse_checked, &misuse_one), 0); } while (0)

#endif
