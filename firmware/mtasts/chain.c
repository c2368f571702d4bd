/*
 * Intermediates in the store, and the sweep that deletes those which nobody names.
 *
 * The sweep takes up to ROUND intermediates at a time: LIST notes their hashes, MARK reads the
 * domains one by one and strikes out what they name, DELETE removes the rest; then the next ones
 * are listed. Records that are put meanwhile may escape the store's walk: chain_put and keep strike
 * out theirs themselves, so nothing in use is ever deleted.
 */
#include "mtasts/chain.h"

#include "base/err.h"
#include "base/log.h"
#include "base/scratch.h"

#include <string.h>

#define ROUND 16
#define HEX_SIZE (2 * SP_SHA256_SIZE + 1)

enum phase { IDLE, LIST, MARK, DELETE };

static struct {
    enum phase phase;
    uint32_t list_cursor, domain_cursor;
    bool listed_all;
    unsigned n, next; /* hashes; the next to be looked at for deletion */
    uint8_t hash[ROUND][SP_SHA256_SIZE];
    uint32_t used; /* bit i: hash i is named */
} sweep;

static const char *hex_of(const uint8_t *hash, char *out)
{
    struct sp_buf buf;

    sp_buf_init(&buf, out, HEX_SIZE);
    sp_hex(&buf, sp_span(hash, SP_SHA256_SIZE));
    return out;
}

static void strike_out(const uint8_t *hash)
{
    for (unsigned i = 0; sweep.phase != IDLE && i < sweep.n; i++) {
        if (memcmp(sweep.hash[i], hash, SP_SHA256_SIZE) == 0) {
            sweep.used |= UINT32_C(1) << i;
        }
    }
}

int sp_chain_put(struct sp_store *store, struct sp_span der)
{
    uint8_t hash[SP_SHA256_SIZE];
    char hex[HEX_SIZE];
    int n;

    sp_sha256(der, hash);
    strike_out(hash);
    n = sp_store_length(store, SP_KIND_CHAIN, hex_of(hash, hex));
    if (n >= 0 && (size_t)n == der.n) {
        return 0;
    }
    return sp_store_put(store, SP_KIND_CHAIN, hex, der, 0);
}

void sp_chain_keep(const struct sp_domain *domain)
{
    for (unsigned i = 0; i < domain->links_n; i++) {
        strike_out(domain->links[i]);
    }
}

int sp_domain_link(struct sp_store *store, const struct sp_domain *domain, unsigned i, void *buf,
                   size_t cap)
{
    char hex[HEX_SIZE];

    if (i >= domain->links_n) {
        return SP_E_NOT_FOUND;
    }
    return sp_store_get(store, SP_KIND_CHAIN, hex_of(domain->links[i], hex), buf, cap);
}

int sp_domain_take_link(struct sp_store *store, const struct sp_domain *domain, unsigned i,
                        struct sp_span *out)
{
    struct sp_store_reader reader;
    char hex[HEX_SIZE];
    uint8_t *der;
    int n, err;

    if (i >= domain->links_n) {
        return SP_E_NOT_FOUND;
    }
    n = sp_store_read_begin(store, SP_KIND_CHAIN, hex_of(domain->links[i], hex), &reader);
    if (n < 0 || n > SP_LINK_MAX) {
        return n < 0 ? n : SP_E_TOO_BIG;
    }
    der = sp_scratch_take((size_t)n);
    *out = sp_span(der, (size_t)n);
    err = sp_store_read(&reader, der, (size_t)n);
    return err < 0 ? err : sp_store_read_end(&reader);
}

void sp_chain_sweep_begin(void)
{
    memset(&sweep, 0, sizeof sweep);
    sweep.phase = LIST;
}

static void begin_mark(void)
{
    sweep.domain_cursor = 0;
    sweep.phase = sweep.n > 0 ? MARK : IDLE;
}

static void list_one(struct sp_store *store)
{
    char name[SP_STORE_NAME_MAX + 1];
    int err = sp_store_next(store, SP_KIND_CHAIN, &sweep.list_cursor, name);

    if (err == 0 &&
        sp_unhex(sp_span_str(name), sweep.hash[sweep.n], SP_SHA256_SIZE) == SP_SHA256_SIZE) {
        sweep.n++;
    }
    sweep.listed_all = err == SP_E_NOT_FOUND || err == SP_E_IO;
    if (sweep.listed_all || sweep.n == ROUND) {
        begin_mark();
    }
}

static void mark_one(struct sp_store *store)
{
    char name[SP_STORE_NAME_MAX + 1];
    size_t mark = sp_scratch_mark();
    int err = sp_store_next(store, SP_KIND_DOMAIN, &sweep.domain_cursor, name);

    if (err == SP_E_NOT_FOUND) {
        sweep.next = 0;
        sweep.phase = DELETE;
        return;
    }
    if (err == 0) {
        struct sp_domain *domain = sp_domain_take(SP_DOMAIN_BRIEF);

        err = sp_domain_load(store, name, domain);
        if (err == 0) {
            sp_chain_keep(domain);
        }
    }
    sp_scratch_release(mark);
    if (err < 0) {
        sp_log_warn("mtasts", "unused intermediates stay: a domain could not be read");
        sweep.phase = IDLE;
    }
}

static void next_round(void)
{
    sweep.n = 0;
    sweep.used = 0;
    sweep.phase = sweep.listed_all ? IDLE : LIST;
}

static void delete_one(struct sp_store *store)
{
    char hex[HEX_SIZE];
    int err = 0;

    while (sweep.next < sweep.n && (sweep.used >> sweep.next & 1) != 0) {
        sweep.next++;
    }
    if (sweep.next == sweep.n) {
        next_round();
        return;
    }
    err = sp_store_delete(store, SP_KIND_CHAIN, hex_of(sweep.hash[sweep.next++], hex));
    if (err < 0 && err != SP_E_NOT_FOUND) {
        sp_log_warn("mtasts", "an unused intermediate could not be deleted (%d)", err);
    }
}

sp_time sp_chain_sweep_step(struct sp_store *store, sp_time now)
{
    switch (sweep.phase) {
    case LIST:
        list_one(store);
        break;
    case MARK:
        mark_one(store);
        break;
    case DELETE:
        delete_one(store);
        break;
    case IDLE:
    default:
        break;
    }
    return sweep.phase == IDLE ? SP_NEVER : now;
}
