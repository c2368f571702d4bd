#include "fake_cert.h"

#include "base/err.h"
#include "crypto/cert.h"

#include "../../unit/mtasts/certs.h"

#include <string.h>

#define MAGIC "LEAF"

struct leaf {
    char magic[sizeof MAGIC];
    char host[SP_DOMAIN_SIZE];
    sp_utc not_before, not_after;
    uint8_t padding[1100];
};

unsigned fake_cert_issuer;

void fake_cert_make(const char *host, sp_utc not_before, sp_utc not_after,
                    struct sp_life_certificate *out)
{
    static struct leaf leaf;
    static uint8_t issuer[900];

    memset(&leaf, 0, sizeof leaf);
    strcpy(leaf.magic, MAGIC);
    strcpy(leaf.host, host);
    leaf.not_before = not_before;
    leaf.not_after = not_after;
    memset(issuer, (int)(fake_cert_issuer + 1), sizeof issuer);
    memset(out, 0, sizeof *out);
    out->key = sp_span(test_key, sizeof test_key);
    out->chain[0] = sp_span(&leaf, sizeof leaf);
    out->chain[1] = sp_span(issuer, sizeof issuer);
    out->links = 2;
}

int sp_cert_read(struct sp_span der, struct sp_cert_info *out)
{
    struct leaf leaf;

    if (der.n != sizeof leaf) {
        return SP_E_CERT_BAD;
    }
    memcpy(&leaf, der.p, sizeof leaf);
    if (strcmp(leaf.magic, MAGIC) != 0) {
        return SP_E_CERT_BAD;
    }
    memset(out, 0, sizeof *out);
    out->not_before = leaf.not_before;
    out->not_after = leaf.not_after;
    out->sans_n = 1;
    strcpy(out->sans[0], leaf.host);
    return 0;
}

bool sp_cert_matches(const struct sp_cert_info *info, const char *host)
{
    return strcmp(info->sans[0], host) == 0;
}

int sp_cert_matches_key(struct sp_span der, const struct sp_key *key)
{
    (void)der;
    return key->n == sizeof test_key ? 0 : SP_E_CERT_BAD;
}

int sp_cert_signed_by(struct sp_span child, struct sp_span parent)
{
    (void)child;
    (void)parent;
    return 0;
}
