/*
 * Bytes to struct sp_domain. Each tag has a reader and bounds for its length in one table; a tag
 * that is not in the table comes from a later version and is passed over.
 */
#include "mtasts/domain_record.h"

#include "base/err.h"
#include "mtasts/domain_tags.h"

#include <string.h>

/* What is left of an item. The first error stays: then there are only zeros to be had. */
struct reader {
    const struct sp_domain_source *source;
    size_t n;
    int err;
};

/* buf NULL passes over the bytes. */
static void take(struct reader *r, void *buf, size_t n)
{
    if (r->err == 0 && n > r->n) {
        r->err = SP_E_CORRUPT;
    }
    if (r->err == 0 && n > 0) {
        r->err = r->source->read(r->source->ctx, buf, n);
        r->n -= n;
    }
}

static uint64_t take_int(struct reader *r, size_t bytes)
{
    uint8_t little[8] = {0};
    uint64_t value = 0;

    take(r, little, bytes);
    for (size_t i = 0; i < bytes && r->err == 0; i++) {
        value |= (uint64_t)little[i] << (8 * i);
    }
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
    if (n >= cap) {
        return SP_E_CORRUPT;
    }
    take(r, out, n);
    out[n] = '\0';
    for (size_t i = 0; i < n && r->err == 0; i++) {
        if ((unsigned char)out[i] < 0x20 || out[i] == 0x7F) {
            return SP_E_CORRUPT;
        }
    }
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

static int read_pattern(struct reader *r, struct sp_domain *out, unsigned i)
{
    return out->policy.mx != NULL ? take_text(r, r->n, out->policy.mx[i], SP_MX_SIZE) : 0;
}

static int read_mx(struct reader *r, struct sp_domain *out)
{
    if (out->policy.mx_n >= SP_MX_MAX || out->left_n > 0) {
        return SP_E_CORRUPT;
    }
    return read_pattern(r, out, out->policy.mx_n++);
}

/* They lie behind those of the policy, which have come before. */
static int read_left(struct reader *r, struct sp_domain *out)
{
    unsigned i = out->policy.mx_n + out->left_n;

    if (i >= SP_MX_MAX || take_time(r, &out->left_until[out->left_n]) < 0) {
        return SP_E_CORRUPT;
    }
    out->left_n++;
    return read_pattern(r, out, i);
}

static int read_rua(struct reader *r, struct sp_domain *out)
{
    return take_text(r, r->n, out->rua, sizeof out->rua);
}

static int read_state(struct reader *r, struct sp_domain *out)
{
    uint64_t state = take_int(r, 1);
    uint64_t counted = take_int(r, 1);

    if (state > SP_DOMAIN_RETIRING || counted > SP_DOMAIN_AT_RISK) {
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

static int read_seen(struct reader *r, struct sp_domain *out)
{
    uint64_t fetched_back = take_int(r, 1);

    out->fetched_back = fetched_back == 1;
    out->txt_ttl = (uint32_t)take_int(r, 4);
    if (fetched_back > 1 || take_time(r, &out->dns_id_at) < 0) {
        return SP_E_CORRUPT;
    }
    return take_text(r, r->n, out->dns_id, sizeof out->dns_id);
}

static int read_retire(struct reader *r, struct sp_domain *out)
{
    int err = take_time(r, &out->retire_from);

    return out->retire_from == 0 ? SP_E_CORRUPT : err;
}

static int read_auto(struct reader *r, struct sp_domain *out)
{
    out->auto_days = (uint16_t)take_int(r, 2);
    if (out->auto_days == 0) {
        return SP_E_CORRUPT;
    }
    return take_time(r, &out->clean_since);
}

static int read_turn(struct reader *r, struct sp_domain *out)
{
    out->policy.turn = (uint16_t)take_int(r, 2);
    return out->policy.turn == 0 ? SP_E_CORRUPT : 0;
}

static int read_put(struct reader *r, struct sp_domain *out)
{
    for (unsigned i = 0; i < SP_DOMAIN_PUT; i++) {
        out->put[i] = (uint32_t)take_int(r, 4);
    }
    return 0;
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

    if (index >= SP_DOMAIN_CHECKS) {
        return 0; /* a later version's */
    }
    if (result == SP_DOMAIN_NOT_RUN || result > SP_DOMAIN_UNKNOWN) {
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

/* One byte for each check; a version with more of them wrote more. */
static int read_counts(struct reader *r, struct sp_domain *out)
{
    for (unsigned i = 0; i < SP_DOMAIN_CHECKS && r->n > 0; i++) {
        uint64_t counts = take_int(r, 1);

        if (counts > SP_DOMAIN_FAIL) {
            return SP_E_CORRUPT;
        }
        out->checks[i].counts = (uint8_t)counts;
    }
    return 0;
}

static int read_key(struct reader *r, struct sp_domain *out)
{
    out->key_n = (uint16_t)r->n;
    take(r, out->key, r->n);
    return 0;
}

static int read_leaf(struct reader *r, struct sp_domain *out)
{
    if (take_time(r, &out->not_before) < 0 || take_time(r, &out->not_after) < 0) {
        return SP_E_CORRUPT;
    }
    out->leaf_n = (uint16_t)r->n;
    take(r, out->leaf, r->n);
    return 0;
}

static int read_link(struct reader *r, struct sp_domain *out)
{
    if (out->links_n >= SP_CHAIN_LINKS - 1) {
        return SP_E_CORRUPT;
    }
    take(r, out->links[out->links_n++], SP_SHA256_SIZE);
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
    [SP_TAG_CHECK] = {read_check, SP_CHECK_ITEM, SP_CHECK_ITEM + 21, true},
    [SP_TAG_KEY] = {read_key, 1, SP_KEY_DER_MAX, false},
    [SP_TAG_LEAF] = {read_leaf, SP_LEAF_ITEM + 1, SP_LEAF_ITEM + SP_LEAF_MAX, false},
    [SP_TAG_LINK] = {read_link, SP_SHA256_SIZE, SP_SHA256_SIZE, true},
    [SP_TAG_COUNTS] = {read_counts, 1, 32, false},
    [SP_TAG_SEEN] = {read_seen, SP_SEEN_ITEM, SP_SEEN_ITEM + SP_POLICY_ID_SIZE - 1, false},
    [SP_TAG_LEFT] = {read_left, SP_LEFT_ITEM + 1, SP_LEFT_ITEM + SP_DOMAIN_SIZE + 1, true},
    [SP_TAG_RETIRE] = {read_retire, SP_RETIRE_ITEM, SP_RETIRE_ITEM, false},
    [SP_TAG_AUTO] = {read_auto, SP_AUTO_ITEM, SP_AUTO_ITEM, false},
    [SP_TAG_TURN] = {read_turn, SP_TURN_ITEM, SP_TURN_ITEM, false},
    [SP_TAG_PUT] = {read_put, SP_PUT_ITEM, SP_PUT_ITEM, false},
};

/* What its reader leaves of an item is passed over. */
static int read_item(unsigned tag, struct reader *value, uint32_t *seen, struct sp_domain *out)
{
    const struct item *item = tag < SP_TAG_END ? &items[tag] : NULL;
    int err = 0;

    if (item != NULL && item->read != NULL) {
        uint32_t bit = UINT32_C(1) << tag;

        if (value->n < item->least || value->n > item->most ||
            (!item->repeats && (*seen & bit) != 0)) {
            return SP_E_CORRUPT;
        }
        *seen |= bit;
        err = item->read(value, out);
    }
    if (err == 0) {
        take(value, NULL, value->n);
    }
    return value->err < 0 ? value->err : err;
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

/* A record of before counted each result as it came. */
static void count_as_they_are(struct sp_domain *out)
{
    for (unsigned i = 0; i < SP_DOMAIN_CHECKS; i++) {
        uint8_t result = out->checks[i].result;

        out->checks[i].counts = result == SP_DOMAIN_UNKNOWN ? SP_DOMAIN_NOT_RUN : result;
    }
}

static void clear(struct sp_domain *out)
{
    char name[SP_DOMAIN_SIZE];

    memcpy(name, out->name, sizeof name);
    sp_domain_wipe(out);
    memcpy(out->name, name, sizeof name);
}

int sp_domain_unpack(const struct sp_domain_source *source, size_t n, struct sp_domain *out)
{
    struct reader r = {.source = source, .n = n};
    uint32_t seen = 0;
    int err = 0;

    clear(out);
    if (take_int(&r, 1) != SP_DOMAIN_RECORD_VERSION) {
        return r.err == SP_E_IO ? SP_E_IO : SP_E_CORRUPT;
    }
    while (r.n > 0 && err == 0) {
        unsigned tag = (unsigned)take_int(&r, 1);
        struct reader value = {.source = source, .n = (size_t)take_int(&r, 2)};

        if (r.err < 0) {
            return r.err;
        }
        if (value.n > r.n) {
            return SP_E_CORRUPT;
        }
        r.n -= value.n;
        err = read_item(tag, &value, &seen, out);
    }
    if ((seen & 1U << SP_TAG_COUNTS) == 0) {
        count_as_they_are(out);
    }
    return err < 0 ? err : check_whole(seen);
}
