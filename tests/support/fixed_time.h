/*
 * fixed_time: the moment at which images that must come out the same each time are made, and used.
 */
#ifndef SP_FIXED_TIME_H
#define SP_FIXED_TIME_H

#include "base/time.h"

#define FIXED_UTC ((sp_utc)1795521600) /* 2026-11-24T12:00:00Z */

#endif
