/* The scenarios on libevent. */
#include "bench.h"
#include <event2/event.h>

int
main (int argc, char **argv)
{
  skip ("nothing to compare");
}
