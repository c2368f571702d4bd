/*
 * A store in RAM, with the contract of store/store.h: what it holds outlives a reset of the
 * firmware, a due that was only moved does not. It counts, and fails when told to.
 */
#ifndef SP_TEST_FAKE_STORE_H
#define SP_TEST_FAKE_STORE_H

#include "store/store.h"

struct fake_store_stats {
    unsigned puts, gets, deletes;
};
extern struct fake_store_stats fake_store_stats;
/* The put or delete of that number from now on (1: the next) fails with that error; 0: none. */
extern unsigned fake_store_fail_at;
extern unsigned fake_store_fail_for; /* how many in a row */
extern int fake_store_error;
extern int fake_store_end; /* what the next sp_store_read_end gives; 0: that all is right */

void fake_store_clear(void);
void fake_store_reset(void); /* the firmware starts again: moved dues are forgotten */
/* The record's bytes, to be damaged. NULL when there is none. */
uint8_t *fake_store_bytes(enum sp_kind kind, const char *name, size_t *n);

#endif
