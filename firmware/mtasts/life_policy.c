/* What follows from a domain's record alone: the policy in force, its change in two phases, and how
 * long a retirement waits. */
#include "mtasts/life_internal.h"
#include "mtasts/records.h"

#include <string.h>

void sp_life_in_force(const struct sp_domain *domain, struct sp_policy *out)
{
    *out = domain->policy;
    if (domain->state == SP_DOMAIN_RETIRING) {
        out->mode = SP_MODE_NONE;
        out->max_age = SP_MAX_AGE_MIN;
    }
}

static void id_in_force(const struct sp_domain *domain, char *out)
{
    struct sp_policy policy;

    sp_life_in_force(domain, &policy);
    sp_policy_id(&policy, out);
}

bool sp_life_has_served(const struct sp_domain *domain)
{
    return domain->max_age_served > 0 || domain->retire_from > 0;
}

uint32_t sp_life_ttl(const struct sp_domain *domain)
{
    return domain->txt_ttl > 0 ? domain->txt_ttl : SP_RECORD_TTL;
}

sp_utc sp_life_retire_until(const struct sp_domain *domain)
{
    bool disabled = domain->state == SP_DOMAIN_DISABLED && domain->max_age_served > 0;
    sp_utc from = domain->retire_from;

    if (!disabled && domain->state != SP_DOMAIN_RETIRING) {
        return 0;
    }
    if (disabled && from == 0) {
        from = domain->state_since;
    }
    return from == 0 ? 0 : from + domain->max_age_served + sp_life_ttl(domain);
}

bool sp_life_retired(const struct sp_domain *domain, sp_utc utc)
{
    sp_utc until = sp_life_retire_until(domain);

    return domain->state == SP_DOMAIN_RETIRING && until > 0 && utc >= until;
}

enum sp_life_change sp_life_change(const struct sp_domain *domain, char *old_id, char *new_id)
{
    bool served = domain->state == SP_DOMAIN_ACTIVE || domain->state == SP_DOMAIN_RETIRING;

    id_in_force(domain, new_id);
    memcpy(old_id, domain->dns_id, SP_POLICY_ID_SIZE);
    if (!served) {
        return SP_CHANGE_NONE;
    }
    if (!domain->fetched_back) {
        return SP_CHANGE_FETCHING;
    }
    return strcmp(old_id, new_id) == 0 || domain->retire_from > 0 ? SP_CHANGE_NONE
                                                                  : SP_CHANGE_PUBLISH;
}

void sp_life_served_id(const struct sp_domain *domain, sp_utc utc, char *out)
{
    out[0] = '\0';
    if (domain->state != SP_DOMAIN_DISABLED && !sp_life_retired(domain, utc)) {
        id_in_force(domain, out);
    }
}

void sp_life_published_id(const struct sp_domain *domain, sp_utc utc, char *out)
{
    char old_id[SP_POLICY_ID_SIZE];
    enum sp_life_change change = sp_life_change(domain, old_id, out);

    if (change == SP_CHANGE_FETCHING && old_id[0] != '\0') {
        memcpy(out, old_id, sizeof old_id);
    }
    if (sp_life_retired(domain, utc) ||
        (domain->state == SP_DOMAIN_DISABLED && sp_life_has_served(domain))) {
        out[0] = '\0';
    }
}

void sp_life_outdate_check(const char *name)
{
    if (sp_life.check.active && strcmp(sp_life.check.name, name) == 0) {
        sp_life.check_outdated = true;
    }
}

/* --- mx that left --- */

static bool lists(const struct sp_policy *policy, const char *mx)
{
    for (unsigned i = 0; i < policy->mx_n; i++) {
        if (strcmp(policy->mx[i], mx) == 0) {
            return true;
        }
    }
    return false;
}

uint8_t sp_life_leave(const struct sp_domain *domain, const struct sp_policy *policy, sp_utc utc,
                      sp_utc left_until[SP_MX_MAX])
{
    bool served = domain->state != SP_DOMAIN_DISABLED && domain->leaf_n > 0;
    sp_utc until = utc == 0 ? 0 : utc + domain->max_age_served + sp_life_ttl(domain);
    unsigned own = domain->policy.mx_n;
    uint8_t n = 0;

    for (unsigned i = 0; i < own + domain->left_n && policy->mx_n + n < SP_MX_MAX; i++) {
        bool leaves = i < own
                          ? served
                          : domain->left_until[i - own] == 0 || domain->left_until[i - own] > utc;

        if (!leaves || lists(policy, domain->policy.mx[i])) {
            continue;
        }
        memcpy(policy->mx[policy->mx_n + n], domain->policy.mx[i], SP_MX_SIZE);
        left_until[n++] = i < own ? until : domain->left_until[i - own];
    }
    return n;
}

bool sp_life_forget_left(struct sp_domain *domain, sp_utc utc)
{
    unsigned n = 0;
    bool counted = false;

    for (unsigned i = 0; i < domain->left_n && utc > 0; i++) {
        char(*mx)[SP_MX_SIZE] = domain->policy.mx + domain->policy.mx_n;

        if (domain->left_until[i] == 0) {
            domain->left_until[i] = utc + domain->max_age_served + sp_life_ttl(domain);
            counted = true;
        }
        if (domain->left_until[i] > utc) {
            domain->left_until[n] = domain->left_until[i];
            memmove(mx[n++], mx[i], SP_MX_SIZE);
        }
    }
    if (utc == 0 || (n == domain->left_n && !counted)) {
        return false;
    }
    domain->left_n = (uint8_t)n;
    return true;
}

/* --- a change --- */

/* What the checks said of the former policy says nothing of this one. */
static void forget_checks(struct sp_domain *domain)
{
    static const uint8_t of_policy[] = {SP_LIFE_HTTPS, SP_LIFE_POLICY_ID, SP_LIFE_MX_MATCH,
                                        SP_LIFE_MX_TLS};

    for (unsigned i = 0; i < sizeof of_policy; i++) {
        memset(&domain->checks[of_policy[i]], 0, sizeof domain->checks[0]);
    }
}

void sp_life_policy_changed(struct sp_domain *domain, sp_utc utc)
{
    domain->served_since = utc;
    domain->fetched_back = false;
    domain->clean_since = 0;
    domain->next_check = sp_life_at_once(utc);
    forget_checks(domain);
    sp_life_outdate_check(domain->name);
}
