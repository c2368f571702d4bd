/*
 * Certificates of a simple format in place of crypto/cert.c's: the tests want a new one, with a
 * validity of their own, thousands of times.
 */
#ifndef SP_TEST_SIM_FAKE_CERT_H
#define SP_TEST_SIM_FAKE_CERT_H

#include "mtasts/life.h"

/* The spans stay good until the next call. */
void fake_cert_make(const char *host, sp_utc not_before, sp_utc not_after,
                    struct sp_life_certificate *out);
/* Which intermediate is given out from now on (0, 1, …). */
extern unsigned fake_cert_issuer;

#endif
