/*
 * net/trust: which roots a client connection trusts: the compiled-in or flashed bundle (format of
 * tools/trust-bundle, searched by issuer) and the extra anchors of factory and operator.
 *
 * Memory: extra anchors are read by a callback when needed; one root is in RAM at a time.
 */
#ifndef SP_NET_TRUST_H
#define SP_NET_TRUST_H

#include "base/span.h"
#include "hal/board.h"

/* Gives the DER of extra anchor number i (0, 1, …) into buf: its length, SP_E_NOT_FOUND past the
 * end, another error (that one is skipped). */
typedef int (*sp_trust_extra)(void *ctx, unsigned i, void *buf, size_t cap);

/* roots may have size 0. */
void sp_trust_start(struct sp_hal_blob *roots, sp_trust_extra extra, void *ctx);
/* Roots of the bundle; 0 when there is none or it is not one. */
unsigned sp_trust_count(void);

#endif
