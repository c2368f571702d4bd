/*
 * What blocks mode enforce, and the ways to it: promotion by the operator, and by itself after a
 * number of clean days.
 */
#include "base/err.h"
#include "base/log.h"
#include "base/scratch.h"
#include "mtasts/life_internal.h"

#include <stdio.h>
#include <string.h>

#define FRESH_MS 120000 /* how old the last run of all checks may be */
#define AUTO_DAYS_MAX 365
#define DAY_S 86400

/* --- what blocks --- */

struct blockers {
    struct sp_buf *out;
    unsigned n;
    bool fails; /* one of them is a failure that counts, not just unknown */
};

static void next(struct blockers *list, bool fails)
{
    sp_buf_puts(list->out, list->n++ > 0 ? "; " : "");
    list->fails = list->fails || fails;
}

static void block(struct blockers *list, const char *what)
{
    next(list, true);
    sp_buf_puts(list->out, what);
}

/* A sender that enforces depends on these. */
static bool must_pass(unsigned i)
{
    return i <= SP_LIFE_MX_TLS || i == SP_LIFE_CLOCK;
}

/* Of one that does not fail. What can never be told from here does not block for ever: addresses
 * that a NAT hides from inside, when the policy is fetched from outside, and MXs while port 25 is
 * blocked. */
static bool excused(const struct sp_domain *domain, unsigned i)
{
    const struct sp_domain_check *check = &domain->checks[i];
    bool from_outside = domain->checks[SP_LIFE_SEEN].result == SP_DOMAIN_PASS;

    if (check->result != SP_DOMAIN_UNKNOWN) {
        return false;
    }
    if (i == SP_LIFE_MX_TLS) {
        return strcmp(check->code, "port25_blocked") == 0;
    }
    if (i == SP_LIFE_CERTIFICATE) {
        return from_outside && excused(domain, SP_LIFE_HTTPS);
    }
    return from_outside && (i == SP_LIFE_DNS || i == SP_LIFE_HTTPS);
}

static void list_check(struct blockers *list, const struct sp_domain *domain, unsigned i)
{
    const struct sp_domain_check *check = &domain->checks[i];

    if (!must_pass(i)) {
        return;
    }
    if (sp_life_check_fails(check)) {
        next(list, check->counts == SP_DOMAIN_FAIL);
        sp_buf_printf(list->out, "%s (%s)", sp_life_check_text(i), check->code);
    } else if (check->result == SP_DOMAIN_NOT_RUN) {
        next(list, false);
        sp_buf_printf(list->out, "%s (has not run yet)", sp_life_check_text(i));
    } else if (check->result == SP_DOMAIN_UNKNOWN && !excused(domain, i)) {
        next(list, false);
        sp_buf_printf(list->out, "%s (can't tell: %s)", sp_life_check_text(i), check->code);
    }
}

static void list_change(struct blockers *list, const struct sp_domain *domain)
{
    char old_id[SP_POLICY_ID_SIZE], new_id[SP_POLICY_ID_SIZE];

    switch (sp_life_change(domain, old_id, new_id)) {
    case SP_CHANGE_FETCHING:
        block(list, "the policy has not been fetched back over the network yet");
        break;
    case SP_CHANGE_PUBLISH:
        block(list, "the policy's id is not published yet");
        break;
    case SP_CHANGE_NONE:
    default:
        break;
    }
}

static void list_reports(struct blockers *list, const struct sp_domain *domain, sp_utc utc)
{
    char sentence[160] = "";

    if (sp_life.ops.reports != NULL &&
        sp_life.ops.reports(sp_life.ops.ctx, domain->name, utc, sentence, sizeof sentence) == 1) {
        next(list, true);
        sp_buf_printf(list->out, "TLS reports: %s", sentence);
    }
}

static void list_all(struct blockers *list, const struct sp_domain *domain, sp_utc utc)
{
    if (domain->state != SP_DOMAIN_ACTIVE) {
        next(list, true);
        sp_buf_printf(list->out, "it is not active (%s)", sp_domain_state_text(domain->state));
    } else if (utc == 0) {
        block(list, "the time of day is not known");
    } else {
        list_change(list, domain);
    }
    for (unsigned i = 0; i < SP_DOMAIN_CHECKS; i++) {
        list_check(list, domain, i);
    }
    list_reports(list, domain, utc);
}

/* The first failing check says what is wrong in its own words, as far as there is room. */
static void explain(struct sp_buf *out, const struct sp_domain *domain)
{
    const char *reason = "";

    for (unsigned i = 0; i < SP_DOMAIN_CHECKS && sp_life.ops.reason != NULL; i++) {
        if (must_pass(i) && sp_life_check_fails(&domain->checks[i])) {
            reason = sp_life.ops.reason(sp_life.ops.ctx, domain->name, i);
            break;
        }
    }
    sp_buf_puts(out, reason[0] != '\0' ? " " : "");
    sp_buf_puts(out, reason);
}

/* 0 when nothing blocks; else what does is in why. */
static int refuse_blocked(const struct sp_domain *domain, sp_utc utc, char *why, size_t cap)
{
    struct sp_buf text;
    struct blockers list = {.out = &text};

    sp_buf_init(&text, why, cap);
    sp_buf_puts(&text, "Mode enforce is blocked by: ");
    list_all(&list, domain, utc);
    sp_buf_putc(&text, '.');
    if (list.n == 0) {
        why[0] = '\0';
        return 0;
    }
    explain(&text, domain);
    return SP_E_STATE;
}

int sp_life_enforce_fault(const struct sp_domain *domain, char *why, size_t cap)
{
    struct sp_buf text;
    struct blockers list = {.out = &text};

    sp_buf_init(&text, why, cap);
    sp_buf_puts(&text, "Mode enforce wants force: ");
    if (domain->state != SP_DOMAIN_ACTIVE) {
        block(&list, "the domain is not active, so that nothing has been checked");
    }
    for (unsigned i = 0; i < SP_DOMAIN_CHECKS; i++) {
        if (sp_life_check_fails(&domain->checks[i])) {
            list_check(&list, domain, i);
        }
    }
    sp_buf_putc(&text, '.');
    return list.n > 0 ? SP_E_STATE : 0;
}

/* Which checks it goes without, as they can never tell. "" : none. */
static void say_excused(const struct sp_domain *domain, char *why, size_t cap)
{
    struct sp_buf text;
    unsigned n = 0;

    sp_buf_init(&text, why, cap);
    for (unsigned i = 0; i < SP_DOMAIN_CHECKS; i++) {
        if (excused(domain, i)) {
            sp_buf_printf(&text, "%s%s (%s)",
                          n++ > 0 ? ", " : "Promoted without: ", sp_life_check_text(i),
                          domain->checks[i].code);
        }
    }
    if (n > 0) {
        sp_buf_puts(&text, ", which can't be told from here.");
    }
}

/* --- the operator's way --- */

static void to_enforce(struct sp_domain *domain, sp_utc utc)
{
    domain->policy.mode = SP_MODE_ENFORCE;
    domain->auto_days = 0;
    sp_life_policy_changed(domain, utc);
}

/* 0 when all checks ran just now on request; else they are asked for. */
static int want_fresh(const char *name, sp_time now, char *why, size_t cap)
{
    const struct sp_life_asked_run *run = &sp_life.asked_run;
    int err;

    if (run->who == sp_life_who(name) && now - run->at <= FRESH_MS) {
        return 0;
    }
    if (!sp_life_checking(name)) {
        err = sp_life_check(name, now, why, cap);
        if (err < 0) {
            return err;
        }
    }
    (void)snprintf(why, cap, "All checks of %.120s are being run for it.", name);
    return SP_E_AGAIN;
}

static int promote(struct sp_domain *domain, unsigned force, sp_time now, char *why, size_t cap)
{
    sp_utc utc = sp_life_utc(now);
    int err = 0;

    if (domain->policy.mode == SP_MODE_ENFORCE) {
        return sp_life_refuse(why, cap, domain->name, "is in mode enforce already");
    }
    if (domain->state == SP_DOMAIN_RETIRING) {
        return sp_life_refuse(why, cap, domain->name, "is being retired: enable it first");
    }
    if (force == 0 && domain->state == SP_DOMAIN_ACTIVE) {
        err = want_fresh(domain->name, now, why, cap);
    }
    if (force == 0 && err == 0) {
        sp_life.asked_run.who = 0; /* the next promotion looks anew */
        err = refuse_blocked(domain, utc, why, cap);
    }
    if (err < 0) {
        return err;
    }
    why[0] = '\0';
    if (force == 0) {
        say_excused(domain, why, cap);
    }
    to_enforce(domain, utc);
    sp_log_info("mtasts", "%s: promoted to enforce%s", domain->name, force != 0 ? " by force" : "");
    return sp_life_keep(domain, utc, why, cap);
}

int sp_life_promote(const char *given, bool force, sp_time now, char *why, size_t cap)
{
    return sp_life_perform(promote, given, force ? 1 : 0, now, why, cap);
}

/* --- by itself --- */

static int set_auto(struct sp_domain *domain, unsigned days, sp_time now, char *why, size_t cap)
{
    if (days > 0 && domain->policy.mode != SP_MODE_TESTING) {
        return sp_life_refuse(why, cap, domain->name,
                              "is not in mode testing, from which it would be promoted");
    }
    domain->auto_days = (uint16_t)days;
    domain->clean_since = 0;
    if (domain->state == SP_DOMAIN_ACTIVE && days > 0) {
        domain->next_check = sp_life_at_once(sp_life_utc(now));
    }
    return sp_life_keep(domain, sp_life_utc(now), why, cap);
}

int sp_life_auto(const char *given, unsigned days, sp_time now, char *why, size_t cap)
{
    if (days > AUTO_DAYS_MAX) {
        (void)snprintf(why, cap, "Give 1 to %d days, or off.", AUTO_DAYS_MAX);
        return SP_E_INVALID;
    }
    return sp_life_perform(set_auto, given, days, now, why, cap);
}

sp_utc sp_life_auto_at(const struct sp_domain *domain)
{
    bool counts = domain->state == SP_DOMAIN_ACTIVE && domain->policy.mode == SP_MODE_TESTING &&
                  domain->auto_days > 0 && domain->clean_since > 0;

    return counts ? domain->clean_since + (sp_utc)domain->auto_days * DAY_S : 0;
}

/* What can't be told promotes nothing and ends no row of clean days; a failure does. */
bool sp_life_auto_step(struct sp_domain *domain, sp_utc utc)
{
    struct sp_buf nowhere;
    struct blockers list = {.out = &nowhere};
    char none[1];

    if (domain->state != SP_DOMAIN_ACTIVE || domain->policy.mode != SP_MODE_TESTING ||
        domain->auto_days == 0 || utc == 0) {
        return false;
    }
    sp_buf_init(&nowhere, none, sizeof none);
    list_all(&list, domain, utc);
    if (list.fails) {
        bool was_clean = domain->clean_since != 0;

        domain->clean_since = 0;
        return was_clean;
    }
    if (list.n > 0) {
        return false;
    }
    if (domain->clean_since == 0 || domain->clean_since > utc) {
        domain->clean_since = utc;
        return true;
    }
    if (utc < sp_life_auto_at(domain)) {
        return false;
    }
    sp_log_info("mtasts", "%s: promoted to enforce by itself, after %u clean days", domain->name,
                domain->auto_days);
    to_enforce(domain, utc);
    return true;
}
