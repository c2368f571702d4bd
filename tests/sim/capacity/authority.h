/*
 * authority: a small CA for tests: a root, two intermediates, and leaves, of one exact size each.
 *
 * A leaf carries random bytes in a private extension that nobody needs to understand, so that it
 * does not compress and no two are alike. Randomness comes from PSA (sp_crypto_start).
 *
 * Memory: the struct is the caller's; mbedTLS draws on its pool.
 */
#ifndef SP_TEST_CAPACITY_AUTHORITY_H
#define SP_TEST_CAPACITY_AUTHORITY_H

#include "base/limits.h"
#include "base/time.h"
#include "crypto/crypto.h"

#define AUTHORITY_LEAF 1400U /* bytes of a leaf's DER unless another size is asked for */
#define AUTHORITY_LINKS 3U   /* of a leaf's chain: leaf, issuer, issuer's issuer */

struct authority_cert {
    struct sp_key key;
    char subject[64];
    uint8_t der[SP_LINK_MAX];
    size_t n;
};

struct authority {
    size_t leaf, ca; /* bytes of a leaf's DER; of a CA's, 0: as short as it may be */
    struct authority_cert root, upper, issuer;
    sp_utc from, until; /* validity of all of them */
    unsigned issuers;   /* made so far */
};

struct authority_leaf {
    struct sp_key key;
    uint8_t der[SP_LEAF_MAX];
    size_t n;
    struct sp_span
        chain[SP_CHAIN_LINKS]; /* into der and into the authority; the last is the root */
};

/* Root, upper intermediate and the issuer of leaves. 0 or SP_E_CERT_BAD. */
int authority_make(struct authority *out, sp_utc from, sp_utc until);
/* The same with certificates of these sizes, 1000 bytes at least. */
int authority_make_sized(struct authority *out, sp_utc from, sp_utc until, size_t leaf, size_t ca);
/* A new issuer under the same upper intermediate; certificates of the old one stay valid. */
int authority_rotate(struct authority *authority);
/* A new key and a leaf for one host name (the common name is cut to 64 bytes). 0 or SP_E_CERT_BAD.
 */
int authority_issue(const struct authority *authority, const char *host,
                    struct authority_leaf *out);

#endif
