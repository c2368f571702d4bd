/*
 * What a look at a domain means for its change of policy and for its retirement: the policy was
 * fetched back, its id was seen in DNS, the wait of a retirement begins or begins anew; and how
 * soon the next look is wanted.
 */
#include "base/log.h"
#include "mtasts/life_internal.h"
#include "mtasts/schedule.h"

#include <string.h>

#define CONFIRM_S 30    /* until a failure that was seen once is looked at again */
#define TTL_MAX 604800U /* s; resolvers keep nothing for longer */
#define HOUR_S 3600
#define DAY_S 86400

static bool is_served(const struct sp_domain *domain)
{
    return domain->state == SP_DOMAIN_ACTIVE || domain->state == SP_DOMAIN_RETIRING;
}

/* --- the light --- */

/* A pass counts at once, a failure when it was seen twice in a row; what can't be told changes
 * nothing. `before` is the result until now. */
bool sp_life_count(struct sp_domain_check *check, uint8_t before)
{
    uint8_t counts = check->counts;

    if (check->result == SP_DOMAIN_PASS ||
        (check->result == SP_DOMAIN_FAIL && before == SP_DOMAIN_FAIL)) {
        counts = check->result;
    }
    if (counts == check->counts) {
        return false;
    }
    check->counts = counts;
    return true;
}

bool sp_life_unconfirmed(const struct sp_domain *domain)
{
    for (unsigned i = 0; i < SP_DOMAIN_CHECKS; i++) {
        const struct sp_domain_check *check = &domain->checks[i];

        if (check->result == SP_DOMAIN_FAIL && check->counts != SP_DOMAIN_FAIL) {
            return true;
        }
    }
    return false;
}

/* --- what was seen --- */

/* A router that leads nothing from inside to the public address hides the fetch for ever: then the
 * policy is as served as it can be told. */
static bool note_fetch(struct sp_domain *domain, const struct sp_life_check_result *https)
{
    bool fetched = https->result == SP_DOMAIN_PASS ||
                   (https->result == SP_DOMAIN_UNKNOWN && strcmp(https->code, "no_hairpin") == 0);

    if (!is_served(domain) || domain->fetched_back || !fetched) {
        return false;
    }
    domain->fetched_back = true;
    sp_log_info("mtasts", "%s: its policy was fetched back", domain->name);
    return true;
}

static bool note_id(struct sp_domain *domain, const struct sp_life_dns_id *seen, sp_utc utc)
{
    uint32_t ttl = seen->ttl < TTL_MAX ? seen->ttl : TTL_MAX;
    bool grew = seen->known && ttl > domain->txt_ttl;

    if (grew) {
        domain->txt_ttl = ttl;
    }
    if (!seen->known || strcmp(seen->id, domain->dns_id) == 0) {
        return grew;
    }
    memcpy(domain->dns_id, seen->id, sizeof domain->dns_id);
    domain->dns_id_at = utc;
    sp_log_info("mtasts", "%s: its id in DNS is now %s", domain->name,
                seen->id[0] != '\0' ? seen->id : "gone");
    return true;
}

/* The former id is replaced or gone: from now on nobody fetches anew what came before `none`. When
 * it comes back, the wait begins anew. */
static bool note_retirement(struct sp_domain *domain, const struct sp_life_dns_id *seen, sp_utc utc)
{
    char none_id[SP_POLICY_ID_SIZE];
    bool gone;

    if (domain->state != SP_DOMAIN_RETIRING || !domain->fetched_back || !seen->known) {
        return false;
    }
    sp_life_served_id(domain, 0, none_id);
    gone = seen->id[0] == '\0' || strcmp(seen->id, none_id) == 0;
    if (gone == (domain->retire_from > 0)) {
        return false;
    }
    domain->retire_from = gone ? utc : 0;
    sp_log_info("mtasts", "%s: the wait of its retirement %s", domain->name,
                gone ? "is counted from now" : "begins anew, for its former id is in DNS again");
    return true;
}

bool sp_life_note_look(struct sp_domain *domain, const struct sp_life_check_result *results,
                       const struct sp_life_dns_id *seen, sp_utc utc)
{
    bool changed = false;

    if (utc == 0) {
        return false;
    }
    if (is_served(domain) && domain->served_since == 0) { /* it began before the clock was set */
        domain->served_since = utc;
        changed = true;
    }
    changed = note_fetch(domain, &results[SP_LIFE_HTTPS]) || changed;
    changed = note_id(domain, seen, utc) || changed;
    changed = note_retirement(domain, seen, utc) || changed;
    return sp_life_forget_left(domain, utc) || changed;
}

void sp_life_end_retirement(struct sp_domain *domain, sp_utc utc)
{
    sp_life_set_error(domain, "", "", 0);
    domain->failures = 0;
    domain->next_try = 0;
    domain->next_check = sp_life_at_once(utc);
    memset(domain->checks, 0, sizeof domain->checks);
    sp_life_set_state(domain, SP_DOMAIN_DISABLED, utc);
}

/* --- the next look --- */

bool sp_life_is_away(const struct sp_domain *domain, sp_utc utc)
{
    const struct sp_domain_check *dns = &domain->checks[SP_LIFE_DNS];

    return dns->result == SP_DOMAIN_FAIL && dns->counts == SP_DOMAIN_FAIL && dns->changed > 0 &&
           utc - dns->changed > DAY_S;
}

bool sp_life_records_gone(const struct sp_domain *domain)
{
    const char *dns = domain->checks[SP_LIFE_DNS].code;

    return domain->checks[SP_LIFE_POLICY_ID].result != SP_DOMAIN_NOT_RUN &&
           domain->dns_id[0] == '\0' &&
           (strcmp(dns, "nxdomain") == 0 || strcmp(dns, "no_address") == 0);
}

/* Something is to happen in DNS or on the network, and since when: 0 when nothing is. */
static sp_utc awaited_since(const struct sp_domain *domain)
{
    char old_id[SP_POLICY_ID_SIZE], new_id[SP_POLICY_ID_SIZE];

    if (domain->state == SP_DOMAIN_DISABLED) {
        return sp_life_records_gone(domain) ? 0 : domain->state_since;
    }
    return sp_life_change(domain, old_id, new_id) != SP_CHANGE_NONE ? domain->served_since : 0;
}

static uint64_t passed(sp_utc since, sp_utc utc)
{
    return utc > since ? (uint64_t)(utc - since) : 0;
}

bool sp_life_looks_short(const struct sp_domain *domain, sp_utc utc)
{
    sp_utc since = awaited_since(domain);

    if (since == 0 || sp_life_unconfirmed(domain) ||
        domain->checks[SP_LIFE_MX_MATCH].result == SP_DOMAIN_NOT_RUN) {
        return false;
    }
    /* The first look of each hour is a whole one. */
    return utc % HOUR_S >= (sp_utc)sp_awaited_wait(passed(since, utc), UINT32_MAX);
}

/* Something ends then, and is not to wait for its turn. */
static void not_after(struct sp_domain *domain, sp_utc utc, sp_utc end)
{
    if (end > utc && end < domain->next_check) {
        domain->next_check = end;
    }
}

void sp_life_plan_look(struct sp_domain *domain, sp_utc utc)
{
    uint32_t random = sp_life_random();
    sp_utc since = awaited_since(domain);

    if (domain->state == SP_DOMAIN_DISABLED) {
        uint64_t waited = since != 0 ? passed(since, utc) : UINT64_MAX;

        domain->next_check =
            utc + (waited < DAY_S ? sp_awaited_wait(waited, random) : sp_daily_wait(random));
    } else if (sp_life_unconfirmed(domain)) {
        domain->next_check = utc + CONFIRM_S;
    } else if (sp_life_is_away(domain, utc)) {
        domain->next_check = utc + sp_daily_wait(random);
    } else if (since != 0) {
        domain->next_check = utc + sp_awaited_wait(passed(since, utc), random);
    } else {
        domain->next_check = utc + sp_check_wait(random);
    }
    if (domain->state == SP_DOMAIN_RETIRING) {
        not_after(domain, utc, sp_life_retire_until(domain));
    } else {
        not_after(domain, utc, sp_life_auto_at(domain));
    }
}
