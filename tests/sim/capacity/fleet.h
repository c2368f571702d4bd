/*
 * fleet: many domains in a store, each active with a policy, a key and a leaf of its own, as the
 * firmware leaves them after it has installed a certificate.
 *
 * Memory: one domain's scratch, static. Errors: those of sp_domain_install and sp_domain_save.
 */
#ifndef SP_TEST_CAPACITY_FLEET_H
#define SP_TEST_CAPACITY_FLEET_H

#include "authority.h"
#include "mtasts/domain.h"

#define FLEET_DOMAINS 1000U
#define FLEET_SHARED 2U /* intermediates that all of them name */
#define FLEET_LIFETIME ((sp_utc)90 * 86400)

/* "c0042.customers.test", valid until the next call. */
const char *fleet_name(unsigned i);
/* The policy host's name, valid until the next call. */
const char *fleet_host(unsigned i);
/* The id of its policy: SP_POLICY_ID_SIZE bytes. */
void fleet_policy_id(unsigned i, char *out);

/* A domain that the store does not have yet, active at `now`: installed and saved. */
int fleet_add(struct sp_store *store, unsigned i, const struct authority_leaf *leaf, sp_utc now);
/* Its renewal, as the life does it: loaded, installed, saved. */
int fleet_renew(struct sp_store *store, unsigned i, const struct authority_leaf *leaf, sp_utc now);

/* Finds the domain that a client asks for by its policy host, with the chain that a handshake
 * needs. True when it is whole: active, its own policy and host, a key that fits the leaf, the
 * intermediates that it names, of which the first signed the leaf. hash gets the leaf's SHA-256. */
bool fleet_whole(struct sp_store *store, unsigned i, uint8_t hash[SP_SHA256_SIZE]);

#endif
