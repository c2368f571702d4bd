#include "mtasts/domain.h"

#include "base/err.h"
#include "crypto/cert.h"
#include "mtasts/chain.h"
#include "mtasts/domain_record.h"

#include <stdio.h>
#include <string.h>

/* Packed bytes on their way to or from the store. Static: 9 KB are no matter for a small board's
 * stack. It held a private key: wiped after each use. */
static uint8_t packed[SP_DOMAIN_RECORD_MAX];

struct sp_domain sp_domain_work;

static const char *const state_texts[] = {
    [SP_DOMAIN_DISABLED] = "disabled",
    [SP_DOMAIN_WAITING_DNS] = "waiting_dns",
    [SP_DOMAIN_ORDERING] = "ordering",
    [SP_DOMAIN_ACTIVE] = "active",
};

const char *sp_domain_state_text(enum sp_domain_state state)
{
    return (unsigned)state <= SP_DOMAIN_ACTIVE ? state_texts[state] : "?";
}

int sp_domain_load(struct sp_store *store, const char *name, struct sp_domain *out)
{
    int n = sp_store_get(store, SP_KIND_DOMAIN, name, packed, sizeof packed);
    int err;

    if (n < 0) {
        return n == SP_E_SPACE ? SP_E_CORRUPT : n;
    }
    err = sp_domain_unpack(sp_span(packed, (size_t)n), out);
    sp_wipe(packed, (size_t)n);
    if (err == 0 && sp_span_copy(sp_span_str(name), out->name, sizeof out->name) < 0) {
        err = SP_E_CORRUPT;
    }
    if (err < 0) { /* it may have got as far as the key */
        sp_domain_wipe(out);
    }
    return err;
}

static sp_utc earlier(sp_utc a, sp_utc b)
{
    if (a == 0 || b == 0) {
        return a + b;
    }
    return a < b ? a : b;
}

sp_utc sp_domain_due(const struct sp_domain *domain)
{
    switch (domain->state) {
    case SP_DOMAIN_WAITING_DNS:
        return domain->next_check;
    case SP_DOMAIN_ORDERING:
        return domain->next_try;
    case SP_DOMAIN_ACTIVE:
        return earlier(domain->next_try, domain->next_check);
    case SP_DOMAIN_DISABLED:
    default:
        return 0;
    }
}

int sp_domain_save(struct sp_store *store, const struct sp_domain *domain)
{
    int n = sp_domain_pack(domain, packed, sizeof packed);
    int err = n;

    if (n > 0) {
        err = sp_store_put(store, SP_KIND_DOMAIN, domain->name, sp_span(packed, (size_t)n),
                           sp_domain_due(domain));
    }
    if (err == 0) {
        sp_chain_keep(domain);
    }
    sp_wipe(packed, sizeof packed);
    return err;
}

void sp_domain_wipe(struct sp_domain *domain)
{
    sp_wipe(domain, sizeof *domain);
}

int sp_domain_host(const char *name, char *out)
{
    int n = snprintf(out, SP_DOMAIN_SIZE, "mta-sts.%s", name);

    return n < 0 || n >= SP_DOMAIN_SIZE ? SP_E_SPACE : 0;
}

int sp_domain_of_host(const char *host, char *out)
{
    static const char prefix[] = "mta-sts.";
    struct sp_span span = sp_span_str(host);

    if (!sp_span_starts(span, prefix) || span.n == sizeof prefix - 1) {
        return SP_E_INVALID;
    }
    span.p += sizeof prefix - 1;
    span.n -= sizeof prefix - 1;
    return sp_span_copy(span, out, SP_DOMAIN_SIZE) < 0 ? SP_E_INVALID : 0;
}

static int check_key(struct sp_span key, struct sp_span leaf)
{
    struct sp_key loaded;
    int err = sp_key_load(key, &loaded);

    if (err == 0) {
        err = sp_cert_matches_key(leaf, &loaded);
    }
    sp_key_wipe(&loaded);
    return err < 0 ? SP_E_CERT_BAD : 0;
}

/* Sizes, then the leaf's names and validity, its key, and that each link signed the one before. */
static int check_sizes(struct sp_span key, const struct sp_span *chain, unsigned links)
{
    if (links == 0 || key.n == 0 || chain[0].n == 0) {
        return SP_E_CERT_BAD;
    }
    if (links > SP_CHAIN_LINKS || key.n > SP_KEY_DER_MAX || chain[0].n > SP_LEAF_MAX) {
        return SP_E_TOO_BIG;
    }
    for (unsigned i = 1; i < links; i++) {
        if (chain[i].n > SP_LINK_MAX) {
            return SP_E_TOO_BIG;
        }
    }
    return 0;
}

static int check_leaf(const struct sp_domain *domain, struct sp_span leaf,
                      struct sp_cert_info *info)
{
    char host[SP_DOMAIN_SIZE];

    if (sp_domain_host(domain->name, host) < 0 || sp_cert_read(leaf, info) < 0) {
        return SP_E_CERT_BAD;
    }
    if (!sp_cert_matches(info, host) || info->not_before < 0 ||
        info->not_after <= info->not_before) {
        return SP_E_CERT_BAD;
    }
    return 0;
}

static int check_order(const struct sp_span *chain, unsigned links)
{
    for (unsigned i = 1; i < links; i++) {
        if (sp_cert_signed_by(chain[i - 1], chain[i]) < 0) {
            return SP_E_CERT_BAD;
        }
    }
    return 0;
}

static void take(struct sp_domain *domain, struct sp_span key, const struct sp_span *chain,
                 unsigned links, const struct sp_cert_info *info)
{
    sp_wipe(domain->key, sizeof domain->key);
    memcpy(domain->key, key.p, key.n);
    domain->key_n = (uint16_t)key.n;
    memcpy(domain->leaf, chain[0].p, chain[0].n);
    domain->leaf_n = (uint16_t)chain[0].n;
    domain->not_before = info->not_before;
    domain->not_after = info->not_after;
    domain->links_n = (uint8_t)(links - 1);
    for (unsigned i = 1; i < links; i++) {
        sp_sha256(chain[i], domain->links[i - 1]);
    }
}

int sp_domain_install(struct sp_store *store, struct sp_domain *domain, struct sp_span key,
                      const struct sp_span *chain, unsigned links)
{
    static struct sp_cert_info info; /* 2.6 KB */
    int err = check_sizes(key, chain, links);

    if (err == 0) {
        err = check_leaf(domain, chain[0], &info);
    }
    if (err == 0) {
        err = check_key(key, chain[0]);
    }
    if (err == 0) {
        err = check_order(chain, links);
    }
    for (unsigned i = 1; err == 0 && i < links; i++) {
        err = sp_chain_put(store, chain[i]);
    }
    if (err == 0) {
        take(domain, key, chain, links, &info);
    }
    return err;
}
