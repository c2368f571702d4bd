/*
 * Domains for tests.
 */
#ifndef SP_TEST_MTASTS_SAMPLES_H
#define SP_TEST_MTASTS_SAMPLES_H

#include "mtasts/domain.h"

/* An empty domain with room for all its parts, which lives as long as the process. */
void sample_room(struct sp_domain *out);
/* A disabled domain with one mx. All give a domain without room some first. */
void sample_domain(struct sp_domain *out, const char *name);
/* Every member is set: a leaf of 1400 bytes, two links, an error, all checks. */
void sample_full(struct sp_domain *out, const char *name);
/* Every member is as long as it can be. */
void sample_largest(struct sp_domain *out);

#endif
