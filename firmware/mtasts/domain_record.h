/*
 * mtasts/domain_record: a domain's bytes in flash (docs/domain-record.md).
 *
 * Pure functions of their arguments: hostile bytes give SP_E_CORRUPT, never more.
 */
#ifndef SP_MTASTS_DOMAIN_RECORD_H
#define SP_MTASTS_DOMAIN_RECORD_H

#include "mtasts/domain.h"

/* Its length, or SP_E_SPACE. The name is the record's name and not among the bytes. */
int sp_domain_pack(const struct sp_domain *domain, uint8_t *out, size_t cap);
/* Everything but the name. 0, or SP_E_CORRUPT (then *out is of no use). */
int sp_domain_unpack(struct sp_span bytes, struct sp_domain *out);

/* The room's one scratch domain: 9 KB are no matter for a small board's stack. Whoever uses it has
 * done with it, and wiped it, when it returns. */
extern struct sp_domain sp_domain_work;

#endif
