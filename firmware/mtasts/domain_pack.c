/* struct sp_domain to bytes. */
#include "mtasts/domain_record.h"

#include "base/err.h"
#include "mtasts/domain_tags.h"

#include <string.h>

struct writer {
    uint8_t *p;
    size_t cap, n;
    bool full;
};

static void put(struct writer *w, const void *p, size_t n)
{
    if (n > w->cap - w->n) {
        w->full = true;
        return;
    }
    if (n > 0) {
        memcpy(w->p + w->n, p, n);
    }
    w->n += n;
}

static void put_int(struct writer *w, uint64_t value, size_t bytes)
{
    uint8_t little[8];

    for (size_t i = 0; i < bytes; i++) {
        little[i] = (uint8_t)(value >> (8 * i));
    }
    put(w, little, bytes);
}

static void put_time(struct writer *w, sp_utc utc)
{
    put_int(w, (uint64_t)utc, 8);
}

static void put_str(struct writer *w, const char *text)
{
    put(w, text, strlen(text));
}

static void put_head(struct writer *w, enum sp_domain_tag tag, size_t length)
{
    put_int(w, (uint64_t)tag, 1);
    put_int(w, length, 2);
}

static void put_policy(struct writer *w, const struct sp_policy *policy)
{
    put_head(w, SP_TAG_POLICY, SP_POLICY_ITEM);
    put_int(w, (uint64_t)policy->mode, 1);
    put_int(w, policy->max_age, 4);
    for (unsigned i = 0; i < policy->mx_n; i++) {
        put_head(w, SP_TAG_MX, strlen(policy->mx[i]));
        put_str(w, policy->mx[i]);
    }
}

static void put_state(struct writer *w, const struct sp_domain *domain)
{
    put_head(w, SP_TAG_STATE, SP_STATE_ITEM);
    put_int(w, (uint64_t)domain->state, 1);
    put_int(w, domain->counted, 1);
    put_time(w, domain->state_since);
    put_head(w, SP_TAG_SCHEDULE, SP_SCHEDULE_ITEM);
    put_time(w, domain->next_try);
    put_time(w, domain->next_check);
    put_int(w, domain->failures, 4);
    put_head(w, SP_TAG_SERVED, SP_SERVED_ITEM);
    put_int(w, domain->max_age_served, 4);
    put_time(w, domain->served_since);
}

static void put_error(struct writer *w, const struct sp_domain *domain)
{
    size_t id = strlen(domain->error_id);

    if (id == 0 && domain->error[0] == '\0') {
        return;
    }
    put_head(w, SP_TAG_ERROR, SP_ERROR_ITEM + id + strlen(domain->error));
    put_time(w, domain->error_at);
    put_int(w, id, 1);
    put_str(w, domain->error_id);
    put_str(w, domain->error);
}

static void put_checks(struct writer *w, const struct sp_domain *domain)
{
    for (unsigned i = 0; i < SP_DOMAIN_CHECKS; i++) {
        const struct sp_domain_check *check = &domain->checks[i];

        if (check->result == SP_DOMAIN_NOT_RUN) {
            continue;
        }
        put_head(w, SP_TAG_CHECK, SP_CHECK_ITEM + strlen(check->code));
        put_int(w, i, 1);
        put_int(w, check->result, 1);
        put_time(w, check->changed);
        put_str(w, check->code);
    }
}

static void put_certificate(struct writer *w, const struct sp_domain *domain)
{
    if (domain->key_n == 0) {
        return;
    }
    put_head(w, SP_TAG_KEY, domain->key_n);
    put(w, domain->key, domain->key_n);
    put_head(w, SP_TAG_LEAF, SP_LEAF_ITEM + (size_t)domain->leaf_n);
    put_time(w, domain->not_before);
    put_time(w, domain->not_after);
    put(w, domain->leaf, domain->leaf_n);
    for (unsigned i = 0; i < domain->links_n; i++) {
        put_head(w, SP_TAG_LINK, SP_SHA256_SIZE);
        put(w, domain->links[i], SP_SHA256_SIZE);
    }
}

int sp_domain_pack(const struct sp_domain *domain, uint8_t *out, size_t cap)
{
    struct writer w = {.p = out, .cap = cap};

    put_int(&w, SP_DOMAIN_RECORD_VERSION, 1);
    put_policy(&w, &domain->policy);
    put_head(&w, SP_TAG_RUA, strlen(domain->rua));
    put_str(&w, domain->rua);
    put_state(&w, domain);
    put_error(&w, domain);
    put_checks(&w, domain);
    put_certificate(&w, domain);
    return w.full ? SP_E_SPACE : (int)w.n;
}
