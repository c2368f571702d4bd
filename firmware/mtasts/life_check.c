/* A run of checks, from its start to what follows from its results. */
#include "base/err.h"
#include "base/log.h"
#include "mtasts/life_internal.h"
#include "mtasts/schedule.h"

#include <stdio.h>
#include <string.h>

#define DNS 0 /* index of the dns check, here and in checks/ */
#define TRANSIENT                                                                                  \
    3U /* failures that count at most when DNS could not tell: 100 minutes, not a day */

static struct sp_life_check_result results[SP_DOMAIN_CHECKS];
static struct sp_life_failure failure;

bool sp_life_check_begin(const struct sp_domain *domain, unsigned which, bool for_order,
                         sp_time now)
{
    int err = sp_life.ops.check_start(sp_life.ops.ctx, domain, which, now);

    if (err == SP_E_AGAIN) {
        sp_life.quiet_until = now + SP_LIFE_AGAIN_MS;
        return false;
    }
    if (err < 0) {
        sp_log_error("mtasts", "%s: checks did not start: %s", domain->name, sp_err_text(err));
        sp_life_set_due(domain->name, sp_life_utc(now) + sp_check_wait(sp_life_random()) / 6);
        return true;
    }
    sp_life.check = (struct sp_life_job){.active = true, .started = now};
    (void)snprintf(sp_life.check.name, sizeof sp_life.check.name, "%s", domain->name);
    sp_life.check_for_order = for_order;
    return true;
}

/* --- what is kept --- */

static bool keep_result(struct sp_domain_check *kept, const struct sp_life_check_result *result,
                        sp_utc utc)
{
    if (result->result == SP_DOMAIN_NOT_RUN || result->result > SP_DOMAIN_UNKNOWN) {
        return false;
    }
    if (kept->result == result->result && strcmp(kept->code, result->code) == 0) {
        return false;
    }
    if (kept->result != result->result) {
        kept->changed = utc;
    }
    kept->result = result->result;
    (void)snprintf(kept->code, sizeof kept->code, "%s", result->code);
    return true;
}

/* True when something is worth a write: a result, its reason's name, or how the domain is. */
static bool keep_results(struct sp_domain *domain, sp_utc utc)
{
    bool changed = false;

    for (unsigned i = 0; i < SP_DOMAIN_CHECKS; i++) {
        changed = keep_result(&domain->checks[i], &results[i], utc) || changed;
    }
    return changed || domain->counted != (uint8_t)sp_life_health(domain, utc);
}

/* Writes when it is worth it, else moves the plan alone. */
static void keep_plan(struct sp_domain *domain, bool changed, sp_utc utc)
{
    if (changed) {
        (void)sp_life_save_or_wait(domain, utc);
    } else {
        sp_life_set_due(domain->name, sp_domain_due(domain));
    }
}

static void dns_error_id(char *out, size_t cap)
{
    (void)snprintf(out, cap, "dns_%s", results[DNS].code);
}

/* --- waiting for DNS --- */

static bool keep_reason(struct sp_domain *domain, sp_utc utc)
{
    char id[sizeof domain->error_id];

    if (domain->failures > 0) { /* the order's failure says more */
        return false;
    }
    dns_error_id(id, sizeof id);
    if (strcmp(domain->error_id, id) == 0 && strcmp(domain->error, results[DNS].reason) == 0) {
        return false;
    }
    sp_life_set_error(domain, id, results[DNS].reason, utc);
    return true;
}

static void wait_on(struct sp_domain *domain, bool changed, sp_utc utc)
{
    uint64_t waited;

    if (domain->state_since == 0) { /* enabled before the clock was set */
        domain->state_since = utc;
        changed = true;
    }
    waited = utc > domain->state_since ? (uint64_t)(utc - domain->state_since) : 0;
    domain->next_check = utc + sp_dns_wait(waited, sp_life_random());
    keep_plan(domain, keep_reason(domain, utc) || changed, utc);
}

static void dns_is_ready(struct sp_domain *domain, sp_time now, sp_utc utc)
{
    if (sp_life_has_valid(domain, utc)) {
        sp_life_activate(domain, false, utc);
        (void)sp_life_save_or_wait(domain, utc);
        return;
    }
    sp_life_set_state(domain, SP_DOMAIN_ORDERING, utc);
    if (domain->failures == 0) {
        sp_life_set_error(domain, "", "", 0);
    }
    if (domain->next_try < utc) {
        domain->next_try = utc;
    }
    if (sp_life_save_or_wait(domain, utc) == 0 && sp_life_order_due(domain, utc)) {
        sp_life_order_begin(domain, now, utc);
    }
}

static void after_waiting(struct sp_domain *domain, bool changed, sp_time now, sp_utc utc)
{
    if (results[DNS].result == SP_DOMAIN_PASS && utc > 0) {
        dns_is_ready(domain, now, utc);
    } else if (results[DNS].result != SP_DOMAIN_NOT_RUN && utc > 0) {
        wait_on(domain, changed, utc);
    } else if (changed) {
        (void)sp_life_save_or_wait(domain, utc);
    }
}

/* --- before an order --- */

static void back_to_waiting(struct sp_domain *domain, sp_utc utc)
{
    sp_life_set_state(domain, SP_DOMAIN_WAITING_DNS, utc);
    wait_on(domain, true, utc);
}

/* The host is served on; only the order waits, a day at most. */
static void put_renewal_off(struct sp_domain *domain, sp_utc utc)
{
    bool fails = results[DNS].result == SP_DOMAIN_FAIL;

    memset(&failure, 0, sizeof failure);
    dns_error_id(failure.id, sizeof failure.id);
    (void)snprintf(failure.sentence, sizeof failure.sentence,
                   "No renewal is ordered while DNS %s: %s",
                   fails ? "does not point here" : "cannot be asked", results[DNS].reason);
    sp_life_fail(domain, &failure, fails ? UINT32_MAX : TRANSIENT, utc);
}

static void before_order(struct sp_domain *domain, bool changed, sp_time now, sp_utc utc)
{
    if (results[DNS].result == SP_DOMAIN_PASS) {
        if (changed) {
            (void)sp_life_save_or_wait(domain, utc);
        }
        sp_life_order_begin(domain, now, utc);
    } else if (domain->state == SP_DOMAIN_ORDERING) {
        back_to_waiting(domain, utc);
    } else {
        put_renewal_off(domain, utc);
    }
}

/* --- all checks --- */

static void after_checks(struct sp_domain *domain, bool changed, sp_utc utc)
{
    if (domain->state == SP_DOMAIN_ACTIVE && utc > 0) {
        domain->next_check = utc + sp_check_wait(sp_life_random());
        keep_plan(domain, changed, utc);
    } else if (changed) {
        (void)sp_life_save_or_wait(domain, utc);
    }
}

static void follow(struct sp_domain *domain, sp_time now)
{
    sp_utc utc = sp_life_utc(now);
    bool changed = keep_results(domain, utc);

    if (domain->state == SP_DOMAIN_WAITING_DNS) {
        after_waiting(domain, changed, now, utc);
    } else if (sp_life.check_for_order && sp_life_order_due(domain, utc)) {
        before_order(domain, changed, now, utc);
    } else {
        after_checks(domain, changed, utc);
    }
}

sp_time sp_life_check_step(sp_time now)
{
    char name[SP_DOMAIN_SIZE];
    int err;

    if (!sp_life.check.active) {
        return SP_NEVER;
    }
    memset(results, 0, sizeof results);
    err = sp_life.ops.check_poll(sp_life.ops.ctx, results);
    if (err == SP_E_AGAIN) {
        return now + SP_LIFE_POLL_MS;
    }
    memcpy(name, sp_life.check.name, sizeof name);
    sp_life.check.active = false;
    sp_life.quiet_until = 0;
    if (sp_life_load(name, &err) != NULL) {
        follow(&sp_domain_work, now);
    }
    sp_domain_wipe(&sp_domain_work);
    sp_life_changed(name);
    return now;
}
