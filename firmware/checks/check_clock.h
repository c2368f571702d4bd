/*
 * clock: is the time of day known, and from an answer that is not old? Pure, but for the run's
 * report.
 */
#ifndef SP_CHECKS_CHECK_CLOCK_H
#define SP_CHECKS_CHECK_CLOCK_H

#include "net/clock.h"

struct sp_check_run;

void sp_check_clock_judge(struct sp_check_run *run, const struct sp_clock_status *status);

#endif
