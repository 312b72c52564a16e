/* The scenarios on libuv. */
#include "bench.h"
#include <uv.h>

int
main (int argc, char **argv)
{
  skip ("nothing to compare");
}
