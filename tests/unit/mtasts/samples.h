/*
 * Domains for tests.
 */
#ifndef SP_TEST_MTASTS_SAMPLES_H
#define SP_TEST_MTASTS_SAMPLES_H

#include "mtasts/domain.h"

/* A disabled domain with one mx. */
void sample_domain(struct sp_domain *out, const char *name);
/* Every member is set: a leaf of 1400 bytes, two links, an error, four checks. */
void sample_full(struct sp_domain *out, const char *name);
/* Every member is as long as it can be. */
void sample_largest(struct sp_domain *out);

#endif
