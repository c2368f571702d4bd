/*
 * Bytes to struct sp_domain. Each tag has a reader and bounds for its length in one table; a tag
 * that is not in the table comes from a later version and is passed over.
 */
#include "mtasts/domain_record.h"

#include "base/err.h"
#include "mtasts/domain_tags.h"

#include <string.h>

struct reader {
    const uint8_t *p;
    size_t n;
};

/* The caller has checked that the bytes are there. */
static uint64_t take_int(struct reader *r, size_t bytes)
{
    uint64_t value = 0;

    for (size_t i = 0; i < bytes; i++) {
        value |= (uint64_t)r->p[i] << (8 * i);
    }
    r->p += bytes;
    r->n -= bytes;
    return value;
}

/* A moment that arithmetic cannot overflow: to the year 9999. */
static int take_time(struct reader *r, sp_utc *out)
{
    uint64_t value = take_int(r, 8);

    *out = (sp_utc)value;
    return value > 253402300799ULL ? SP_E_CORRUPT : 0;
}

static int take_text(struct reader *r, size_t n, char *out, size_t cap)
{
    for (size_t i = 0; i < n; i++) {
        if (r->p[i] < 0x20 || r->p[i] == 0x7F) {
            return SP_E_CORRUPT;
        }
    }
    if (sp_span_copy(sp_span(r->p, n), out, cap) < 0) {
        return SP_E_CORRUPT;
    }
    r->p += n;
    r->n -= n;
    return 0;
}

static int read_policy(struct reader *r, struct sp_domain *out)
{
    uint64_t mode = take_int(r, 1);

    out->policy.max_age = (uint32_t)take_int(r, 4);
    if (mode > SP_MODE_NONE) {
        return SP_E_CORRUPT;
    }
    out->policy.mode = (enum sp_mode)mode;
    return 0;
}

static int read_mx(struct reader *r, struct sp_domain *out)
{
    if (out->policy.mx_n >= SP_MX_MAX) {
        return SP_E_CORRUPT;
    }
    return take_text(r, r->n, out->policy.mx[out->policy.mx_n++], sizeof out->policy.mx[0]);
}

static int read_rua(struct reader *r, struct sp_domain *out)
{
    return take_text(r, r->n, out->rua, sizeof out->rua);
}

static int read_state(struct reader *r, struct sp_domain *out)
{
    uint64_t state = take_int(r, 1);
    uint64_t counted = take_int(r, 1);

    if (state > SP_DOMAIN_ACTIVE || counted > SP_DOMAIN_AT_RISK) {
        return SP_E_CORRUPT;
    }
    out->state = (enum sp_domain_state)state;
    out->counted = (uint8_t)counted;
    return take_time(r, &out->state_since);
}

static int read_schedule(struct reader *r, struct sp_domain *out)
{
    int err = take_time(r, &out->next_try);

    if (err == 0) {
        err = take_time(r, &out->next_check);
    }
    if (err == 0) {
        out->failures = (uint32_t)take_int(r, 4);
    }
    return err;
}

static int read_served(struct reader *r, struct sp_domain *out)
{
    out->max_age_served = (uint32_t)take_int(r, 4);
    return take_time(r, &out->served_since);
}

static int read_error(struct reader *r, struct sp_domain *out)
{
    int err = take_time(r, &out->error_at);
    size_t id = err == 0 ? (size_t)take_int(r, 1) : 0;

    if (err < 0 || id > r->n) {
        return SP_E_CORRUPT;
    }
    err = take_text(r, id, out->error_id, sizeof out->error_id);
    return err < 0 ? err : take_text(r, r->n, out->error, sizeof out->error);
}

static int read_check(struct reader *r, struct sp_domain *out)
{
    uint64_t index = take_int(r, 1);
    uint64_t result = take_int(r, 1);
    struct sp_domain_check *check;

    if (index >= SP_DOMAIN_CHECKS || result == SP_DOMAIN_NOT_RUN || result > SP_DOMAIN_UNKNOWN) {
        return SP_E_CORRUPT;
    }
    check = &out->checks[index];
    if (check->result != SP_DOMAIN_NOT_RUN) {
        return SP_E_CORRUPT;
    }
    check->result = (uint8_t)result;
    if (take_time(r, &check->changed) < 0) {
        return SP_E_CORRUPT;
    }
    return take_text(r, r->n, check->code, sizeof check->code);
}

static int read_key(struct reader *r, struct sp_domain *out)
{
    out->key_n = (uint16_t)r->n;
    memcpy(out->key, r->p, r->n);
    return 0;
}

static int read_leaf(struct reader *r, struct sp_domain *out)
{
    if (take_time(r, &out->not_before) < 0 || take_time(r, &out->not_after) < 0) {
        return SP_E_CORRUPT;
    }
    out->leaf_n = (uint16_t)r->n;
    memcpy(out->leaf, r->p, r->n);
    return 0;
}

static int read_link(struct reader *r, struct sp_domain *out)
{
    if (out->links_n >= SP_CHAIN_LINKS - 1) {
        return SP_E_CORRUPT;
    }
    memcpy(out->links[out->links_n++], r->p, SP_SHA256_SIZE);
    return 0;
}

static const struct item {
    int (*read)(struct reader *r, struct sp_domain *out);
    size_t least, most; /* bytes */
    bool repeats;
} items[SP_TAG_END] = {
    [SP_TAG_POLICY] = {read_policy, SP_POLICY_ITEM, SP_POLICY_ITEM, false},
    [SP_TAG_MX] = {read_mx, 1, SP_DOMAIN_SIZE + 1, true},
    [SP_TAG_RUA] = {read_rua, 0, SP_RUA_MAX - 1, false},
    [SP_TAG_STATE] = {read_state, SP_STATE_ITEM, SP_STATE_ITEM, false},
    [SP_TAG_SCHEDULE] = {read_schedule, SP_SCHEDULE_ITEM, SP_SCHEDULE_ITEM, false},
    [SP_TAG_SERVED] = {read_served, SP_SERVED_ITEM, SP_SERVED_ITEM, false},
    [SP_TAG_ERROR] = {read_error, SP_ERROR_ITEM, SP_ERROR_ITEM + 40 + 480, false},
    [SP_TAG_CHECK] = {read_check, SP_CHECK_ITEM, SP_CHECK_ITEM + 31, true},
    [SP_TAG_KEY] = {read_key, 1, SP_KEY_DER_MAX, false},
    [SP_TAG_LEAF] = {read_leaf, SP_LEAF_ITEM + 1, SP_LEAF_ITEM + SP_LEAF_MAX, false},
    [SP_TAG_LINK] = {read_link, SP_SHA256_SIZE, SP_SHA256_SIZE, true},
};

static int read_item(unsigned tag, struct reader value, uint32_t *seen, struct sp_domain *out)
{
    const struct item *item = tag < SP_TAG_END ? &items[tag] : NULL;
    uint32_t bit;

    if (item == NULL || item->read == NULL) {
        return 0;
    }
    bit = UINT32_C(1) << tag;
    if (value.n < item->least || value.n > item->most || (!item->repeats && (*seen & bit) != 0)) {
        return SP_E_CORRUPT;
    }
    *seen |= bit;
    return item->read(&value, out);
}

/* What a domain cannot be without, and a certificate needs its key. */
static int check_whole(uint32_t seen)
{
    const uint32_t needed = 1U << SP_TAG_POLICY | 1U << SP_TAG_RUA | 1U << SP_TAG_STATE |
                            1U << SP_TAG_SCHEDULE | 1U << SP_TAG_SERVED;
    bool key = (seen & 1U << SP_TAG_KEY) != 0;
    bool leaf = (seen & 1U << SP_TAG_LEAF) != 0;

    return (seen & needed) == needed && key == leaf ? 0 : SP_E_CORRUPT;
}

static void clear(struct sp_domain *out)
{
    char name[SP_DOMAIN_SIZE];

    memcpy(name, out->name, sizeof name);
    memset(out, 0, sizeof *out);
    memcpy(out->name, name, sizeof name);
}

int sp_domain_unpack(struct sp_span bytes, struct sp_domain *out)
{
    struct reader r = {.p = bytes.p, .n = bytes.n};
    uint32_t seen = 0;

    clear(out);
    if (r.n < 1 || take_int(&r, 1) != SP_DOMAIN_RECORD_VERSION) {
        return SP_E_CORRUPT;
    }
    while (r.n > 0) {
        unsigned tag;
        struct reader value;

        if (r.n < SP_ITEM_HEAD) {
            return SP_E_CORRUPT;
        }
        tag = (unsigned)take_int(&r, 1);
        value.n = (size_t)take_int(&r, 2);
        value.p = r.p;
        if (value.n > r.n || read_item(tag, value, &seen, out) < 0) {
            return SP_E_CORRUPT;
        }
        r.p += value.n;
        r.n -= value.n;
    }
    return check_whole(seen);
}
