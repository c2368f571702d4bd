/*
 * roots: the root certificates that are compiled in, as tools/trust-bundle makes them. The format
 * is described there. Read-only, in flash.
 */
#ifndef SP_ROOTS_H
#define SP_ROOTS_H

#include <stddef.h>

extern const unsigned char sp_roots_bundle[];
/* Bytes in sp_roots_bundle. */
extern const size_t sp_roots_bundle_size;

#endif
