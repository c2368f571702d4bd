/*
 * hal/probe: what only the board knows of itself, for `status` and for the factory's `selftest`.
 *
 * Every function may be NULL: then nothing is said of it. Threads: service task. Time: at most a
 * millisecond.
 */
#ifndef SP_HAL_PROBE_H
#define SP_HAL_PROBE_H

#include <stddef.h>
#include <stdint.h>

struct sp_stack_use {
    const char *name; /* e.g. "stack:service"; static */
    size_t size;      /* bytes */
    size_t peak;      /* bytes used at most since the start */
};

struct sp_nic_facts {
    uint32_t phy_id; /* registers 2 and 3 of an Ethernet PHY; 0 or 0xffffffff: it does not answer */
    uint32_t frames_in, frames_out;
};

struct sp_hal_probe {
    /* The flash part's id, as text ("01 20 18"). 0 or SP_E_IO. */
    int (*flash_id)(struct sp_hal_probe *probe, char *out, size_t cap);
    void (*nic)(struct sp_hal_probe *probe, struct sp_nic_facts *out);
    /* By how much the counter of hal/clock is faster than another one of the board, in parts per
     * thousand. 0, or SP_E_AGAIN: it could not be measured just now. */
    int (*clock_off)(struct sp_hal_probe *probe, int32_t *per_mille);
    /* Stack number i: 0, or SP_E_NOT_FOUND past the last. */
    int (*stack)(struct sp_hal_probe *probe, unsigned i, struct sp_stack_use *out);
    /* The C library's heap, which holds the libraries' pools: "heap", how much there is of it, and
     * how much malloc has asked for. */
    void (*heap)(struct sp_hal_probe *probe, struct sp_stack_use *out);
};

#endif
