/* struct sp_domain to bytes, in pieces: no copy is made of what is long. */
#include "mtasts/domain_record.h"

#include "base/err.h"
#include "mtasts/domain_tags.h"

#include <string.h>

/* Bytes that the packed record holds itself go on in the piece before when that ends there. */
static void put_bytes(struct sp_domain_packed *out, const uint8_t *p, size_t n)
{
    struct sp_span *last = out->pieces_n > 0 ? &out->pieces[out->pieces_n - 1] : NULL;

    if (out->pieces_n == sizeof out->pieces / sizeof out->pieces[0] ||
        n > sizeof out->bytes - out->bytes_n) {
        out->full = true;
        return;
    }
    memcpy(out->bytes + out->bytes_n, p, n);
    if (last != NULL && last->p + last->n == out->bytes + out->bytes_n) {
        last->n += n;
    } else {
        out->pieces[out->pieces_n++] = sp_span(out->bytes + out->bytes_n, n);
    }
    out->bytes_n += n;
    out->total += n;
}

/* What stays where it is. */
static void put(struct sp_domain_packed *out, const void *p, size_t n)
{
    if (n == 0) {
        return;
    }
    if (out->pieces_n == sizeof out->pieces / sizeof out->pieces[0]) {
        out->full = true;
        return;
    }
    out->pieces[out->pieces_n++] = sp_span(p, n);
    out->total += n;
}

static void put_int(struct sp_domain_packed *out, uint64_t value, size_t bytes)
{
    uint8_t little[8];

    for (size_t i = 0; i < bytes; i++) {
        little[i] = (uint8_t)(value >> (8 * i));
    }
    put_bytes(out, little, bytes);
}

static void put_time(struct sp_domain_packed *out, sp_utc utc)
{
    put_int(out, (uint64_t)utc, 8);
}

static void put_str(struct sp_domain_packed *out, const char *text)
{
    put(out, text, strlen(text));
}

static void put_head(struct sp_domain_packed *out, enum sp_domain_tag tag, size_t length)
{
    put_int(out, (uint64_t)tag, 1);
    put_int(out, length, 2);
}

static void put_policy(struct sp_domain_packed *out, const struct sp_policy *policy)
{
    put_head(out, SP_TAG_POLICY, SP_POLICY_ITEM);
    put_int(out, (uint64_t)policy->mode, 1);
    put_int(out, policy->max_age, 4);
    for (unsigned i = 0; i < policy->mx_n; i++) {
        put_head(out, SP_TAG_MX, strlen(policy->mx[i]));
        put_str(out, policy->mx[i]);
    }
}

/* Behind the policy's own, which come first in the record, too. */
static void put_left(struct sp_domain_packed *out, const struct sp_domain *domain)
{
    for (unsigned i = 0; i < domain->left_n; i++) {
        const char *mx = domain->policy.mx[domain->policy.mx_n + i];

        put_head(out, SP_TAG_LEFT, SP_LEFT_ITEM + strlen(mx));
        put_time(out, domain->left_until[i]);
        put_str(out, mx);
    }
}

static void put_seen(struct sp_domain_packed *out, const struct sp_domain *domain)
{
    put_head(out, SP_TAG_SEEN, SP_SEEN_ITEM + strlen(domain->dns_id));
    put_int(out, domain->fetched_back ? 1 : 0, 1);
    put_int(out, domain->txt_ttl, 4);
    put_time(out, domain->dns_id_at);
    put_str(out, domain->dns_id);
    if (domain->retire_from != 0) {
        put_head(out, SP_TAG_RETIRE, SP_RETIRE_ITEM);
        put_time(out, domain->retire_from);
    }
    if (domain->auto_days != 0) {
        put_head(out, SP_TAG_AUTO, SP_AUTO_ITEM);
        put_int(out, domain->auto_days, 2);
        put_time(out, domain->clean_since);
    }
    if (domain->policy.turn != 0) {
        put_head(out, SP_TAG_TURN, SP_TURN_ITEM);
        put_int(out, domain->policy.turn, 2);
    }
}

static void put_published(struct sp_domain_packed *out, const struct sp_domain *domain)
{
    uint32_t any = 0;

    for (unsigned i = 0; i < SP_DOMAIN_PUT; i++) {
        any |= domain->put[i];
    }
    if (any == 0) {
        return;
    }
    put_head(out, SP_TAG_PUT, SP_PUT_ITEM);
    for (unsigned i = 0; i < SP_DOMAIN_PUT; i++) {
        put_int(out, domain->put[i], 4);
    }
}

static void put_state(struct sp_domain_packed *out, const struct sp_domain *domain)
{
    put_head(out, SP_TAG_STATE, SP_STATE_ITEM);
    put_int(out, (uint64_t)domain->state, 1);
    put_int(out, domain->counted, 1);
    put_time(out, domain->state_since);
    put_head(out, SP_TAG_SCHEDULE, SP_SCHEDULE_ITEM);
    put_time(out, domain->next_try);
    put_time(out, domain->next_check);
    put_int(out, domain->failures, 4);
    put_head(out, SP_TAG_SERVED, SP_SERVED_ITEM);
    put_int(out, domain->max_age_served, 4);
    put_time(out, domain->served_since);
}

static void put_error(struct sp_domain_packed *out, const struct sp_domain *domain)
{
    size_t id = strlen(domain->error_id);

    if (id == 0 && domain->error[0] == '\0') {
        return;
    }
    put_head(out, SP_TAG_ERROR, SP_ERROR_ITEM + id + strlen(domain->error));
    put_time(out, domain->error_at);
    put_int(out, id, 1);
    put_str(out, domain->error_id);
    put_str(out, domain->error);
}

static void put_checks(struct sp_domain_packed *out, const struct sp_domain *domain)
{
    for (unsigned i = 0; i < SP_DOMAIN_CHECKS; i++) {
        const struct sp_domain_check *check = &domain->checks[i];

        if (check->result == SP_DOMAIN_NOT_RUN) {
            continue;
        }
        put_head(out, SP_TAG_CHECK, SP_CHECK_ITEM + strlen(check->code));
        put_int(out, i, 1);
        put_int(out, check->result, 1);
        put_time(out, check->changed);
        put_str(out, check->code);
    }
    put_head(out, SP_TAG_COUNTS, SP_DOMAIN_CHECKS);
    for (unsigned i = 0; i < SP_DOMAIN_CHECKS; i++) {
        put_int(out, domain->checks[i].counts, 1);
    }
}

static void put_certificate(struct sp_domain_packed *out, const struct sp_domain *domain)
{
    if (domain->key_n == 0) {
        return;
    }
    put_head(out, SP_TAG_KEY, domain->key_n);
    put(out, domain->key, domain->key_n);
    put_head(out, SP_TAG_LEAF, SP_LEAF_ITEM + (size_t)domain->leaf_n);
    put_time(out, domain->not_before);
    put_time(out, domain->not_after);
    put(out, domain->leaf, domain->leaf_n);
    for (unsigned i = 0; i < domain->links_n; i++) {
        put_head(out, SP_TAG_LINK, SP_SHA256_SIZE);
        put(out, domain->links[i], SP_SHA256_SIZE);
    }
}

static bool has_parts(const struct sp_domain *domain)
{
    return (domain->policy.mx_n + domain->left_n == 0 || domain->policy.mx != NULL) &&
           (domain->key_n == 0 || (domain->key != NULL && domain->leaf != NULL));
}

int sp_domain_pack(const struct sp_domain *domain, struct sp_domain_packed *out)
{
    memset(out, 0, sizeof *out);
    if (!has_parts(domain)) {
        return SP_E_INVALID;
    }
    put_int(out, SP_DOMAIN_RECORD_VERSION, 1);
    put_policy(out, &domain->policy);
    put_left(out, domain);
    put_head(out, SP_TAG_RUA, strlen(domain->rua));
    put_str(out, domain->rua);
    put_state(out, domain);
    put_seen(out, domain);
    put_published(out, domain);
    put_error(out, domain);
    put_checks(out, domain);
    put_certificate(out, domain);
    return out->full ? SP_E_SPACE : 0;
}
