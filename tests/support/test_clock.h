/*
 * test_clock: a board for tests: time and the time of day stand where the test puts them, entropy
 * is a counter.
 */
#ifndef SP_TEST_CLOCK_H
#define SP_TEST_CLOCK_H

#include "base/time.h"

/* Binds the ports to it, with no time of day. */
void test_clock_start(void);
/* Milliseconds since start. */
extern sp_time test_now;

#endif
