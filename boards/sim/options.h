/*
 * The command line of the sim board; boards/sim/README.md documents it.
 */
#ifndef SIM_OPTIONS_H
#define SIM_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct sim_options {
    const char *flash;       /* path */
    const char *tap;         /* name of an existing TAP */
    const char *console;     /* "stdio", "unix:PATH", "pty" */
    const char *led;         /* path, NULL: none */
    const char *flash_trace; /* path, NULL: none */
    bool flash_timing_real;
    uint32_t power_cut_after; /* flash operations; 0: never */
    bool power_cut_torn;
};

/* Exits with a message on a wrong command line, and after --help. */
void sim_options_parse(int argc, char **argv, struct sim_options *out);

#endif
