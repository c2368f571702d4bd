/*
 * The sim board's NOR part: a file, with a real part's times and with power cuts when asked for.
 */
#ifndef SIM_FLASH_PART_H
#define SIM_FLASH_PART_H

#include "hal/flash.h"
#include "options.h"

/* Exits with a message when the file cannot be used. */
struct sp_flash *sim_flash_open(const struct sim_options *options);

#endif
