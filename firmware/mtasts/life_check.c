/* A run of checks, from its start to what follows from its results. */
#include "base/err.h"
#include "base/log.h"
#include "base/scratch.h"
#include "mtasts/life_internal.h"
#include "mtasts/schedule.h"

#include <stdio.h>
#include <string.h>

#define DNS SP_LIFE_DNS
#define CONFIRM_S 30 /* until DNS that was wrong once is looked at again before an order */
#define TRANSIENT                                                                                  \
    3U /* failures that count at most when DNS could not tell: 100 minutes, not a day */

/* What a run gave, and the domain that it was about. */
struct outcome {
    struct sp_domain *domain;
    struct sp_life_check_result results[SP_DOMAIN_CHECKS];
    struct sp_life_dns_id seen;
    bool changed; /* something is worth a write */
    sp_time now;
    sp_utc utc;
};

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
    sp_life.check_asked = false;
    sp_life.check_all = which == SP_LIFE_ALL;
    sp_life.check_outdated = false;
    return true;
}

/* --- what is kept --- */

static bool keep_result(struct sp_domain_check *kept, const struct sp_life_check_result *result,
                        sp_utc utc)
{
    uint8_t before = kept->result;
    bool counts_differ;

    if (result->result == SP_DOMAIN_NOT_RUN || result->result > SP_DOMAIN_UNKNOWN) {
        return false;
    }
    kept->result = result->result;
    counts_differ = sp_life_count(kept, before);
    if (before == result->result && strcmp(kept->code, result->code) == 0) {
        return counts_differ;
    }
    if (before != result->result) {
        kept->changed = utc;
    }
    (void)snprintf(kept->code, sizeof kept->code, "%s", result->code);
    return true;
}

/* A result, its reason's name, what was seen of the id, or how the domain is. */
static void keep_results(struct outcome *run)
{
    struct sp_domain *domain = run->domain;

    for (unsigned i = 0; i < SP_DOMAIN_CHECKS; i++) {
        run->changed = keep_result(&domain->checks[i], &run->results[i], run->utc) || run->changed;
    }
    run->changed = sp_life_note_look(domain, run->results, &run->seen, run->utc) || run->changed;
    if (domain->counted != (uint8_t)sp_life_health(domain, run->utc)) {
        run->changed = true;
    }
}

static void keep_if_changed(struct outcome *run)
{
    if (run->changed) {
        (void)sp_life_save_or_wait(run->domain, run->utc);
    }
}

/* Writes when it is worth it, else moves the plan alone. */
static void keep_plan(struct outcome *run)
{
    keep_if_changed(run);
    if (!run->changed) {
        sp_life_set_due(run->domain->name, sp_domain_due(run->domain));
    }
}

static void dns_error_id(const struct outcome *run, char *out, size_t cap)
{
    (void)snprintf(out, cap, "dns_%s", run->results[DNS].code);
}

static const char *dns_reason(const struct outcome *run)
{
    return run->results[DNS].reason != NULL ? run->results[DNS].reason : "";
}

/* --- waiting for DNS --- */

static void keep_reason(struct outcome *run)
{
    struct sp_domain *domain = run->domain;
    char id[sizeof domain->error_id];

    if (domain->failures > 0) { /* the order's failure says more */
        return;
    }
    dns_error_id(run, id, sizeof id);
    if (strcmp(domain->error_id, id) != 0 || strcmp(domain->error, dns_reason(run)) != 0) {
        sp_life_set_error(domain, id, dns_reason(run), run->utc);
        run->changed = true;
    }
}

static void wait_on(struct outcome *run)
{
    struct sp_domain *domain = run->domain;
    sp_utc utc = run->utc;
    uint64_t waited;

    if (domain->state_since == 0) { /* enabled before the clock was set */
        domain->state_since = utc;
        run->changed = true;
    }
    waited = utc > domain->state_since ? (uint64_t)(utc - domain->state_since) : 0;
    domain->next_check = utc + sp_dns_wait(waited, sp_life_random());
    keep_reason(run);
    keep_plan(run);
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

static void after_waiting(struct outcome *run)
{
    uint8_t result = run->results[DNS].result;

    if (result == SP_DOMAIN_PASS && run->utc > 0) {
        dns_is_ready(run->domain, run->now, run->utc);
    } else if (result != SP_DOMAIN_NOT_RUN && run->utc > 0) {
        wait_on(run);
    } else {
        keep_if_changed(run);
    }
}

/* --- before an order --- */

static void back_to_waiting(struct outcome *run)
{
    sp_life_set_state(run->domain, SP_DOMAIN_WAITING_DNS, run->utc);
    run->changed = true;
    wait_on(run);
}

/* The host is served on; only the order waits, a day at most. */
static void put_renewal_off(struct outcome *run)
{
    size_t mark = sp_scratch_mark();
    struct sp_life_failure *why = sp_scratch_take(sizeof *why);
    bool fails = run->results[DNS].result == SP_DOMAIN_FAIL;

    dns_error_id(run, why->id, sizeof why->id);
    (void)snprintf(why->sentence, sizeof why->sentence, "No renewal is ordered while DNS %s: %s",
                   fails ? "does not point here" : "cannot be asked", dns_reason(run));
    sp_life_fail(run->domain, why, fails ? UINT32_MAX : TRANSIENT, run->utc);
    sp_scratch_release(mark);
}

/* A single wrong answer is no reason to fail; it is asked again soon. */
static void ask_dns_again(struct outcome *run)
{
    run->domain->next_try = run->utc + CONFIRM_S;
    run->changed = true;
    keep_plan(run);
}

static void before_order(struct outcome *run)
{
    const struct sp_domain_check *dns = &run->domain->checks[DNS];

    if (run->results[DNS].result == SP_DOMAIN_PASS) {
        keep_if_changed(run);
        sp_life_order_begin(run->domain, run->now, run->utc);
    } else if (run->domain->state == SP_DOMAIN_ORDERING) {
        back_to_waiting(run);
    } else if (dns->result == SP_DOMAIN_FAIL && dns->counts != SP_DOMAIN_FAIL) {
        ask_dns_again(run);
    } else {
        put_renewal_off(run);
    }
}

/* --- all checks --- */

/* The renewal that waited for DNS has its turn at once. */
static void renew_after_dns(struct outcome *run)
{
    struct sp_domain *domain = run->domain;

    if (run->results[DNS].result != SP_DOMAIN_PASS || domain->failures == 0 ||
        strncmp(domain->error_id, "dns_", 4) != 0) {
        return;
    }
    domain->failures = 0;
    domain->next_try = run->utc;
    sp_life_set_error(domain, "", "", 0);
    run->changed = true;
}

static void after_checks_of_served(struct outcome *run)
{
    struct sp_domain *domain = run->domain;
    char name[SP_DOMAIN_SIZE];
    enum sp_mode mode = domain->policy.mode;
    bool retired = sp_life_retired(domain, run->utc);

    renew_after_dns(run);
    if (sp_life.check_all) {
        run->changed = sp_life_auto_step(domain, run->utc) || run->changed;
    }
    if (retired) {
        sp_life_end_retirement(domain, run->utc);
        run->changed = true;
    } else if (domain->policy.mode == mode) { /* else promoted, and looked at again at once */
        sp_life_plan_look(domain, run->utc);
    }
    memcpy(name, domain->name, sizeof name);
    keep_plan(run);
    if (retired) {
        sp_life_order_drop(name);
    }
}

static void after_checks(struct outcome *run)
{
    bool served =
        run->domain->state == SP_DOMAIN_ACTIVE || run->domain->state == SP_DOMAIN_RETIRING;

    if (served && run->utc > 0) {
        after_checks_of_served(run);
    } else if (run->domain->state == SP_DOMAIN_DISABLED && run->utc > 0 &&
               sp_life_has_served(run->domain)) {
        sp_life_plan_look(run->domain, run->utc);
        keep_plan(run);
    } else {
        keep_if_changed(run);
    }
}

static void follow(struct outcome *run)
{
    keep_results(run);
    if (run->domain->state == SP_DOMAIN_WAITING_DNS) {
        after_waiting(run);
    } else if (sp_life.check_for_order && sp_life_order_due(run->domain, run->utc)) {
        before_order(run);
    } else {
        after_checks(run);
    }
}

/* The policy was changed while they ran: they say nothing of it. */
static void look_anew(const struct outcome *run, const char *name)
{
    char why[240];

    if (sp_life.check_asked) {
        (void)sp_life_check(name, run->now, why, sizeof why);
    }
    if (sp_store_length(sp_life.store, SP_KIND_DOMAIN, name) >= 0) {
        sp_life_set_due(name, sp_life_at_once(run->utc));
    }
}

/* False while the checks run. */
static bool checks_ended(struct outcome *run)
{
    char name[SP_DOMAIN_SIZE];
    int err = sp_life.ops.check_poll(sp_life.ops.ctx, run->results, &run->seen);

    if (err == SP_E_AGAIN) {
        return false;
    }
    memcpy(name, sp_life.check.name, sizeof name);
    sp_life.check.active = false;
    sp_life.quiet_until = 0;
    if (sp_life.check_outdated) {
        look_anew(run, name);
    } else {
        run->domain = sp_life_load(name, &err);
        if (run->domain != NULL) {
            follow(run);
        }
        if (sp_life.check_asked) {
            sp_life.asked_run =
                (struct sp_life_asked_run){.who = sp_life_who(name), .at = run->now};
        }
    }
    sp_life_changed(name);
    return true;
}

sp_time sp_life_check_step(sp_time now)
{
    size_t mark = sp_scratch_mark();
    struct outcome *run;
    bool ended;

    if (!sp_life.check.active) {
        return SP_NEVER;
    }
    run = sp_scratch_take(sizeof *run);
    run->now = now;
    run->utc = sp_life_utc(now);
    ended = checks_ended(run);
    sp_scratch_release(mark);
    return ended ? now : now + SP_LIFE_POLL_MS;
}
