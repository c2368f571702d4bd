/*
 * base/scratch: memory for large structs that live no longer than a call.
 *
 * A domain's record takes some 9 KB, too much for the stack and too much to be kept by each file
 * that looks at one. What is taken here is given back in the reverse order, before the call returns
 * into the loop: a function notes the mark, takes what it needs, and releases the mark on its way
 * out. Releasing wipes, so that no private key stays behind.
 *
 *     size_t mark = sp_scratch_mark();
 *     struct sp_domain *domain = sp_scratch_take(sizeof *domain);
 *     ...
 *     sp_scratch_release(mark);
 *
 * Memory: one static array of SP_SCRATCH_MAX bytes (base/limits.h), sized for the deepest nesting
 * that the rooms have; its peak is shown with the pools'. A take that does not fit is a flaw of the
 * firmware: sp_port_assert_failed, which restarts. Threads: service task.
 */
#ifndef SP_BASE_SCRATCH_H
#define SP_BASE_SCRATCH_H

#include "base/port.h"

#include <stddef.h>

size_t sp_scratch_mark(void);
/* n bytes, all zero, aligned for any type; never NULL. */
void *sp_scratch_take(size_t n);
/* Wipes and gives back everything taken since the mark. */
void sp_scratch_release(size_t mark);
struct sp_pool_use sp_scratch_use(void);

#endif
