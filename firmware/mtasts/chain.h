/*
 * mtasts/chain: intermediate certificates, kept once for all domains (SP_KIND_CHAIN).
 */
#ifndef SP_MTASTS_CHAIN_H
#define SP_MTASTS_CHAIN_H

#include "mtasts/domain.h"

/* Puts an intermediate unless it is there. A sweep under way leaves it alone. Errors of
 * sp_store_put. */
int sp_chain_put(struct sp_store *store, struct sp_span der);
/* A sweep under way leaves the domain's links alone. */
void sp_chain_keep(const struct sp_domain *domain);

#endif
