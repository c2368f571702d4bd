#include "mtasts/domain.h"

#include "base/err.h"
#include "base/scratch.h"
#include "crypto/cert.h"
#include "mtasts/chain.h"
#include "mtasts/domain_record.h"

#include <stdio.h>
#include <string.h>

static const char *const state_texts[] = {
    [SP_DOMAIN_DISABLED] = "disabled", [SP_DOMAIN_WAITING_DNS] = "waiting_dns",
    [SP_DOMAIN_ORDERING] = "ordering", [SP_DOMAIN_ACTIVE] = "active",
    [SP_DOMAIN_RETIRING] = "retiring",
};

const char *sp_domain_state_text(enum sp_domain_state state)
{
    return (unsigned)state <= SP_DOMAIN_RETIRING ? state_texts[state] : "?";
}

struct sp_domain *sp_domain_take(unsigned parts)
{
    struct sp_domain *domain = sp_scratch_take(sizeof *domain);

    if ((parts & SP_DOMAIN_MX) != 0) {
        domain->policy.mx = sp_scratch_take(SP_MX_MAX * sizeof domain->policy.mx[0]);
    }
    if ((parts & SP_DOMAIN_KEY) != 0) {
        domain->key = sp_scratch_take(SP_KEY_DER_MAX);
    }
    if ((parts & SP_DOMAIN_LEAF) != 0) {
        domain->leaf = sp_scratch_take(SP_LEAF_MAX);
    }
    return domain;
}

static int read_store(void *ctx, void *buf, size_t n)
{
    return sp_store_read(ctx, buf, n);
}

/* Straight from flash into the struct: whether the bytes were right is known at their end. */
static int read_record(struct sp_store *store, const char *name, struct sp_domain *out)
{
    struct sp_store_reader reader;
    const struct sp_domain_source source = {.read = read_store, .ctx = &reader};
    int n = sp_store_read_begin(store, SP_KIND_DOMAIN, name, &reader);
    int err, end;

    if (n < 0) {
        return n;
    }
    err = n <= SP_DOMAIN_RECORD_MAX ? sp_domain_unpack(&source, (size_t)n, out) : SP_E_CORRUPT;
    end = sp_store_read_end(&reader);
    return end < 0 ? end : err;
}

int sp_domain_load(struct sp_store *store, const char *name, struct sp_domain *out)
{
    int err = read_record(store, name, out);

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
    case SP_DOMAIN_ORDERING:
        return domain->next_try;
    case SP_DOMAIN_ACTIVE:
    case SP_DOMAIN_RETIRING:
        return earlier(domain->next_try, domain->next_check);
    case SP_DOMAIN_WAITING_DNS:
    case SP_DOMAIN_DISABLED:
    default:
        return domain->next_check;
    }
}

int sp_domain_save(struct sp_store *store, const struct sp_domain *domain)
{
    size_t mark = sp_scratch_mark();
    struct sp_domain_packed *packed = sp_scratch_take(sizeof *packed);
    int err = sp_domain_pack(domain, packed);

    if (err == 0) {
        err = sp_store_putv(store, SP_KIND_DOMAIN, domain->name, packed->pieces, packed->pieces_n,
                            sp_domain_due(domain));
    }
    if (err == 0) {
        sp_chain_keep(domain);
    }
    sp_scratch_release(mark);
    return err;
}

void sp_domain_wipe(struct sp_domain *domain)
{
    char(*mx)[SP_MX_SIZE] = domain->policy.mx;
    uint8_t *key = domain->key;
    uint8_t *leaf = domain->leaf;

    if (mx != NULL) {
        memset(mx, 0, SP_MX_MAX * sizeof mx[0]);
    }
    if (key != NULL) {
        sp_wipe(key, SP_KEY_DER_MAX);
    }
    if (leaf != NULL) {
        memset(leaf, 0, SP_LEAF_MAX);
    }
    memset(domain, 0, sizeof *domain);
    domain->policy.mx = mx;
    domain->key = key;
    domain->leaf = leaf;
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
    sp_wipe(domain->key, SP_KEY_DER_MAX);
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
    size_t mark = sp_scratch_mark();
    struct sp_cert_info *info = sp_scratch_take(sizeof *info);
    int err = check_sizes(key, chain, links);

    if (err == 0) {
        err = check_leaf(domain, chain[0], info);
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
        take(domain, key, chain, links, info);
    }
    sp_scratch_release(mark);
    return err;
}
