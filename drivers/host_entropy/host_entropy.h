/*
 * drivers/host_entropy: the host kernel's random generator.
 */
#ifndef SP_HOST_ENTROPY_H
#define SP_HOST_ENTROPY_H

#include "hal/entropy.h"

/* One for all: it has no state. */
extern struct sp_hal_entropy sp_host_entropy;

#endif
