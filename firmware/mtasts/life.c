#include "mtasts/life.h"

#include "base/err.h"
#include "base/log.h"
#include "base/scratch.h"
#include "mtasts/life_internal.h"
#include "sp_port.h"

#include <stdio.h>
#include <string.h>

#define DAY_S 86400

struct sp_life sp_life;

sp_utc sp_life_utc(sp_time now)
{
    return sp_life.ops.utc != NULL ? sp_life.ops.utc(sp_life.ops.ctx, now) : 0;
}

sp_utc sp_life_at_once(sp_utc utc)
{
    return utc > 0 ? utc : 1;
}

uint32_t sp_life_random(void)
{
    uint32_t random;

    /* Without a generator there is no jitter, and no harm. */
    return sp_port_random(&random, sizeof random) == 0 ? random : UINT32_MAX / 2;
}

uint32_t sp_life_who(const char *name)
{
    uint32_t hash = 2166136261U; /* FNV-1a */

    for (; *name != '\0'; name++) {
        hash = (hash ^ (uint8_t)*name) * 16777619U;
    }
    return hash | 1U;
}

void sp_life_changed(const char *name)
{
    if (sp_life.ops.changed != NULL) {
        sp_life.ops.changed(sp_life.ops.ctx, name);
    }
}

int sp_life_load_into(struct sp_domain *domain, const char *name)
{
    int err = sp_domain_load(sp_life.store, name, domain);

    sp_life.counted = (struct sp_life_counted){
        .any = err == 0,
        .state = domain->state,
        .health = domain->counted,
        .not_after = domain->not_after,
    };
    return err;
}

struct sp_domain *sp_life_load(const char *name, int *err)
{
    struct sp_domain *domain = sp_domain_take(SP_DOMAIN_WHOLE);

    *err = sp_life_load_into(domain, name);
    return *err == 0 ? domain : NULL;
}

/* A host is there in every state but disabled, as soon as it has a certificate: what senders may
 * have taken from it is in flash before they can (RFC 8461 8.3 asks for it when a domain retires).
 */
static void note_max_age(struct sp_domain *domain)
{
    bool served = domain->state != SP_DOMAIN_DISABLED && domain->leaf_n > 0;

    if (served && domain->policy.max_age > domain->max_age_served) {
        domain->max_age_served = domain->policy.max_age;
    }
}

int sp_life_save(struct sp_domain *domain, sp_utc utc)
{
    struct sp_life_counted was = sp_life.counted;
    int err;

    note_max_age(domain);
    domain->counted = (uint8_t)sp_life_health(domain, utc);
    err = sp_domain_save(sp_life.store, domain);
    sp_life.quiet_until = 0;
    if (err < 0) {
        return err;
    }
    sp_life_tally_move(&was, domain);
    sp_life.counted = (struct sp_life_counted){
        .any = true,
        .state = domain->state,
        .health = domain->counted,
        .not_after = domain->not_after,
    };
    sp_life_changed(domain->name);
    return 0;
}

int sp_life_save_or_wait(struct sp_domain *domain, sp_utc utc)
{
    int err = sp_life_save(domain, utc);

    if (err == 0) {
        return 0;
    }
    sp_log_error("mtasts", "%s could not be stored: %s", domain->name, sp_err_text(err));
    sp_life_set_due(domain->name, utc + SP_LIFE_STORE_S);
    return err;
}

void sp_life_set_due(const char *name, sp_utc due)
{
    int err = sp_store_set_due(sp_life.store, SP_KIND_DOMAIN, name, due);

    sp_life.quiet_until = 0;
    if (err < 0) {
        sp_log_error("mtasts", "%s could not be planned: %s", name, sp_err_text(err));
    }
}

void sp_life_set_state(struct sp_domain *domain, enum sp_domain_state state, sp_utc utc)
{
    if (domain->state == state) {
        return;
    }
    sp_log_info("mtasts", "%s: %s, was %s", domain->name, sp_domain_state_text(state),
                sp_domain_state_text(domain->state));
    domain->state = state;
    domain->state_since = utc;
}

void sp_life_set_error(struct sp_domain *domain, const char *id, const char *sentence, sp_utc utc)
{
    (void)snprintf(domain->error_id, sizeof domain->error_id, "%s", id);
    (void)snprintf(domain->error, sizeof domain->error, "%s", sentence);
    domain->error_at = id[0] != '\0' ? utc : 0;
}

/* With many domains that wait, each looks less often: some sixteen looks a second in all. */
void sp_life_put_off(const char *name, sp_utc utc)
{
    uint32_t domains = sp_store_count(sp_life.store, SP_KIND_DOMAIN);
    bool mine = sp_life.order.active && strcmp(sp_life.order.name, name) == 0;

    if (sp_life.order.active && !mine && sp_life.reserved[0] == '\0') {
        (void)snprintf(sp_life.reserved, sizeof sp_life.reserved, "%s", name);
    }
    sp_life_set_due(name, utc + 2 + domains / 16);
}

/* Before an order DNS is looked at again, unless it passed just now (no failure since). */
static void want_order(struct sp_domain *domain, sp_time now, sp_utc utc)
{
    if (sp_life.order.active) {
        sp_life_put_off(domain->name, utc);
    } else if (domain->state == SP_DOMAIN_ORDERING && domain->failures == 0) {
        sp_life_order_begin(domain, now, utc);
    } else {
        (void)sp_life_check_begin(domain, SP_LIFE_ONLY_DNS, true, now);
    }
}

static void attend_domain(struct sp_domain *domain, sp_time now, sp_utc utc)
{
    switch (domain->state) {
    case SP_DOMAIN_WAITING_DNS:
        (void)sp_life_check_begin(domain, SP_LIFE_ONLY_DNS, false, now);
        break;
    case SP_DOMAIN_ORDERING:
        if (sp_life_order_due(domain, utc)) {
            want_order(domain, now, utc);
        } else {
            sp_life_set_due(domain->name, domain->next_try);
        }
        break;
    case SP_DOMAIN_ACTIVE:
    case SP_DOMAIN_RETIRING:
        if (sp_life_order_due(domain, utc)) {
            want_order(domain, now, utc);
        } else {
            (void)sp_life_check_begin(
                domain, sp_life_looks_short(domain, utc) ? SP_LIFE_SHORT : SP_LIFE_ALL, false, now);
        }
        break;
    case SP_DOMAIN_DISABLED:
    default:
        if (domain->next_check != 0 && sp_life_has_served(domain)) {
            (void)sp_life_check_begin(domain, SP_LIFE_LEFTOVERS, false, now);
        } else {
            sp_life_set_due(domain->name, 0);
        }
        break;
    }
}

static void attend(const char *name, sp_time now, sp_utc utc)
{
    size_t mark = sp_scratch_mark();
    int err;
    struct sp_domain *domain = sp_life_load(name, &err);

    if (domain != NULL) {
        attend_domain(domain, now, utc);
    } else if (err != SP_E_NOT_FOUND) {
        sp_log_error("mtasts", "%s cannot be read: %s", name, sp_err_text(err));
        sp_life_set_due(name, utc + DAY_S);
    }
    sp_scratch_release(mark);
}

/* The operator's wishes come first, also while the clock is not set. True when there was one. */
static bool attend_asked(sp_time now)
{
    size_t mark = sp_scratch_mark();
    int err;
    struct sp_domain *domain;
    bool done = true;

    if (sp_life.asked[0][0] == '\0') {
        return false;
    }
    domain = sp_life_load(sp_life.asked[0], &err);
    if (domain != NULL) {
        done = sp_life_check_begin(domain, SP_LIFE_ALL, false, now);
        sp_life.check_asked = sp_life.check.active;
    }
    sp_scratch_release(mark);
    if (done) {
        memmove(sp_life.asked[0], sp_life.asked[1], sizeof sp_life.asked - sizeof sp_life.asked[0]);
        sp_life.asked[SP_LIFE_ASKED - 1][0] = '\0';
    }
    return true;
}

static bool attend_reserved(sp_time now, sp_utc utc)
{
    char name[SP_DOMAIN_SIZE];

    if (sp_life.reserved[0] == '\0' || sp_life.order.active) {
        return false;
    }
    memcpy(name, sp_life.reserved, sizeof name);
    sp_life.reserved[0] = '\0';
    attend(name, now, utc);
    return true;
}

static sp_time attend_due(sp_time now, sp_utc utc)
{
    char name[SP_STORE_NAME_MAX + 1];
    sp_utc due = 0;
    int err = sp_store_due(sp_life.store, SP_KIND_DOMAIN, name, &due);

    if (err == SP_E_NOT_FOUND) {
        return SP_NEVER;
    }
    if (err < 0) {
        return now + SP_LIFE_LOOK_MS;
    }
    if (due > utc) {
        return now + sp_time_min((sp_time)(due - utc) * 1000, SP_LIFE_LOOK_MS);
    }
    sp_life.quiet_until = 0;
    attend(name, now, utc);
    return now;
}

/* One thing a call. Everything due wants the checks first, so it waits while they run. quiet_until
 * keeps a step that was woken by something else from searching the index: whatever changes a plan
 * clears it. */
static sp_time attend_next(sp_time now)
{
    sp_utc utc;
    sp_time next;

    if (sp_life.check.active) {
        return SP_NEVER;
    }
    if (now < sp_life.quiet_until) {
        return sp_life.quiet_until;
    }
    sp_life.quiet_until = 0;
    utc = sp_life_utc(now);
    if (attend_asked(now)) {
        next = now;
    } else if (utc == 0) {
        next = now + SP_LIFE_CLOCK_MS;
    } else if (attend_reserved(now, utc)) {
        next = now;
    } else {
        next = attend_due(now, utc);
    }
    if (next > now) {
        sp_life.quiet_until = next;
    }
    return sp_life.quiet_until > now ? sp_life.quiet_until : now;
}

sp_time sp_life_step(sp_time now)
{
    sp_time next;

    if (sp_life.store == NULL) {
        return SP_NEVER;
    }
    next = sp_time_min(sp_life_order_step(now), sp_life_check_step(now));
    next = sp_time_min(next, sp_life_tally_step(now));
    if (!sp_life_tally().complete) {
        return next;
    }
    next = sp_time_min(next, sp_chain_sweep_step(sp_life.store, now));
    return sp_time_min(next, attend_next(now));
}

/* Intermediates that a power cut left without a domain are swept now. */
int sp_life_start(struct sp_store *store, const struct sp_life_ops *ops)
{
    memset(&sp_life, 0, sizeof sp_life);
    sp_life.store = store;
    sp_life.ops = *ops;
    sp_life_tally_begin();
    sp_chain_sweep_begin();
    return 0;
}

void sp_life_kick(sp_time now)
{
    (void)now;
    sp_life.quiet_until = 0;
    sp_life_tally_kick();
}
