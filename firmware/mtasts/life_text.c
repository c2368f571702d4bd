/* Health and sentences: what a domain is doing, what it waits for, what the operator can do. */
#include "mtasts/life_internal.h"

#include <stdio.h>
#include <string.h>

#define PATIENCE_S 86400 /* waiting for DNS for longer wants somebody's care */
#define DURATION_SIZE 32

const char *sp_life_check_text(unsigned i)
{
    static const char *const texts[SP_DOMAIN_CHECKS] = {
        "dns",  "https",  "certificate", "policy_id", "mx_match", "mx_tls",
        "seen", "tlsrpt", "caa",         "clock",     "port80"};

    return i < SP_DOMAIN_CHECKS ? texts[i] : "?";
}

bool sp_life_check_fails(const struct sp_domain_check *check)
{
    return check->result == SP_DOMAIN_FAIL ||
           (check->result == SP_DOMAIN_UNKNOWN && check->counts == SP_DOMAIN_FAIL);
}

static bool has_expired(const struct sp_domain *domain, sp_utc utc)
{
    return utc > 0 && domain->not_after > 0 && utc >= domain->not_after;
}

static bool any_check_fails(const struct sp_domain *domain)
{
    for (unsigned i = 0; i < SP_DOMAIN_CHECKS; i++) {
        if (sp_life_check_fails(&domain->checks[i])) {
            return true;
        }
    }
    return false;
}

static enum sp_domain_health active_health(const struct sp_domain *domain, sp_utc utc)
{
    if (has_expired(domain, utc) || any_check_fails(domain)) {
        return domain->policy.mode == SP_MODE_ENFORCE ? SP_DOMAIN_AT_RISK : SP_DOMAIN_WANTS_CARE;
    }
    return domain->failures > 0 ? SP_DOMAIN_WANTS_CARE : SP_DOMAIN_FINE;
}

static bool waits_long(const struct sp_domain *domain, sp_utc utc)
{
    return utc > 0 && domain->state_since > 0 && utc - domain->state_since > PATIENCE_S;
}

enum sp_domain_health sp_life_health(const struct sp_domain *domain, sp_utc utc)
{
    switch (domain->state) {
    case SP_DOMAIN_WAITING_DNS:
        return domain->failures > 0 || waits_long(domain, utc) ? SP_DOMAIN_WANTS_CARE
                                                               : SP_DOMAIN_BUSY;
    case SP_DOMAIN_ORDERING:
        return domain->failures > 0 || domain->error_id[0] != '\0' ? SP_DOMAIN_WANTS_CARE
                                                                   : SP_DOMAIN_BUSY;
    case SP_DOMAIN_ACTIVE:
    case SP_DOMAIN_RETIRING:
        return active_health(domain, utc);
    case SP_DOMAIN_DISABLED:
    default:
        return SP_DOMAIN_FINE;
    }
}

/* --- sentences --- */

static bool is_ordered(const struct sp_domain *domain)
{
    return sp_life.order.active && strcmp(sp_life.order.name, domain->name) == 0;
}

static bool is_checked(const struct sp_domain *domain)
{
    return sp_life.check.active && strcmp(sp_life.check.name, domain->name) == 0;
}

static void put_time(struct sp_buf *out, sp_utc utc)
{
    char text[SP_RFC3339_SIZE];

    sp_buf_puts(out, sp_utc_rfc3339(utc, text));
}

static void put_next_try(struct sp_buf *out, const struct sp_domain *domain, sp_utc utc)
{
    if (is_ordered(domain)) {
        sp_buf_puts(out, " It is being tried again now.");
    } else if (domain->next_try <= utc) {
        sp_buf_puts(out, " It is tried again as soon as its turn comes.");
    } else {
        sp_buf_puts(out, " The next try is at ");
        put_time(out, domain->next_try);
        sp_buf_puts(out, "; \"renew\" tries at once.");
    }
}

static void say_disabled(struct sp_buf *out, const struct sp_domain *domain)
{
    char age[DURATION_SIZE];

    if (domain->max_age_served == 0) {
        sp_buf_puts(out,
                    "Disabled: nothing is served. Publish the address records, then enable it.");
        return;
    }
    sp_buf_printf(
        out,
        "Disabled: nothing is served. Remove the TXT record of _mta-sts.%s first, then the "
        "A and AAAA records of mta-sts.%s; senders that hold the policy keep to it for up "
        "to %s more.",
        domain->name, domain->name, sp_duration_text(domain->max_age_served, age, sizeof age));
}

static void say_waiting(struct sp_buf *out, const struct sp_domain *domain, sp_utc utc)
{
    if (utc == 0) {
        sp_buf_puts(out,
                    "Waiting for the time of day: DNS is looked at as soon as a time server has "
                    "answered.");
        return;
    }
    if (domain->failures > 0) {
        sp_buf_printf(out,
                      "Waiting for DNS (%s): no certificate is ordered before it points here. The "
                      "order before failed: %s",
                      domain->checks[0].code, domain->error);
        return;
    }
    if (domain->checks[0].result == SP_DOMAIN_NOT_RUN) {
        sp_buf_printf(out, "Waiting for DNS: the addresses of mta-sts.%s are being looked up.",
                      domain->name);
        return;
    }
    sp_buf_printf(out,
                  "Waiting for DNS: %s No certificate is ordered before; it is looked at again "
                  "by itself.",
                  domain->error[0] != '\0' ? domain->error
                                           : "its addresses do not point here yet.");
}

static void say_ordering(struct sp_buf *out, const struct sp_domain *domain, sp_utc utc)
{
    if (domain->failures > 0) {
        sp_buf_printf(out, "The order failed%s: %s", domain->failures > 1 ? " again" : "",
                      domain->error);
        put_next_try(out, domain, utc);
    } else if (is_ordered(domain)) {
        sp_buf_printf(out, "A certificate for mta-sts.%s is being ordered.", domain->name);
    } else if (domain->error_id[0] != '\0') {
        sp_buf_printf(out, "The order waits: %s", domain->error);
    } else if (utc == 0) {
        sp_buf_puts(out, "The order waits for the time of day: no time server has answered yet.");
    } else {
        sp_buf_puts(out, "DNS is right; the order waits for its turn, one is made at a time.");
    }
}

static void say_certificate(struct sp_buf *out, const struct sp_domain *domain, sp_utc utc)
{
    char left[DURATION_SIZE];

    if (has_expired(domain, utc)) {
        sp_buf_puts(out, "Active, but its certificate expired at ");
        put_time(out, domain->not_after);
        sp_buf_puts(out, ": senders cannot fetch the policy.");
        return;
    }
    sp_buf_puts(out, "Active: the policy is served, the certificate is valid until ");
    put_time(out, domain->not_after);
    if (utc > 0) {
        sp_buf_printf(out, " (%s)",
                      sp_duration_text((uint64_t)(domain->not_after - utc), left, sizeof left));
    }
    sp_buf_putc(out, '.');
}

static void say_failing_checks(struct sp_buf *out, const struct sp_domain *domain)
{
    bool first = true;

    for (unsigned i = 0; i < SP_DOMAIN_CHECKS; i++) {
        if (!sp_life_check_fails(&domain->checks[i])) {
            continue;
        }
        sp_buf_printf(out, "%s%s (%s)", first ? " Failing checks: " : ", ", sp_life_check_text(i),
                      domain->checks[i].code);
        first = false;
    }
    if (!first) {
        sp_buf_putc(out, '.');
    }
}

static void say_active(struct sp_buf *out, const struct sp_domain *domain, sp_utc utc)
{
    say_certificate(out, domain, utc);
    say_failing_checks(out, domain);
    if (utc == 0) {
        sp_buf_puts(out, " Renewal and checks wait for the time of day.");
    } else if (domain->failures > 0) {
        sp_buf_printf(out, " The renewal failed: %s", domain->error);
        put_next_try(out, domain, utc);
    } else if (is_ordered(domain)) {
        sp_buf_puts(out, " It is being renewed.");
    } else if (domain->error_id[0] != '\0') {
        sp_buf_printf(out, " The renewal waits: %s", domain->error);
    }
}

void sp_life_sentence(const struct sp_domain *domain, sp_time now, char *out, size_t cap)
{
    sp_utc utc = sp_life_utc(now);
    struct sp_buf buf;

    sp_buf_init(&buf, out, cap);
    switch (domain->state) {
    case SP_DOMAIN_WAITING_DNS:
        say_waiting(&buf, domain, utc);
        break;
    case SP_DOMAIN_ORDERING:
        say_ordering(&buf, domain, utc);
        break;
    case SP_DOMAIN_ACTIVE:
    case SP_DOMAIN_RETIRING:
        say_active(&buf, domain, utc);
        break;
    case SP_DOMAIN_DISABLED:
    default:
        say_disabled(&buf, domain);
        break;
    }
}

/* --- what is risked --- */

void sp_life_risk(const struct sp_domain *domain, sp_utc utc, char *out, size_t cap)
{
    sp_utc until = sp_life_retire_until(domain);
    struct sp_buf buf;

    sp_buf_init(&buf, out, cap);
    if (domain->max_age_served == 0 || (until != 0 && utc >= until)) {
        return;
    }
    if (until == 0 && utc > 0) {
        until = utc + domain->max_age_served + sp_life_ttl(domain);
    }
    sp_buf_puts(&buf, "Senders may hold this domain's policy until ");
    if (until > 0) {
        put_time(&buf, until);
    } else {
        sp_buf_puts(&buf, "its max_age has passed");
    }
    sp_buf_puts(&buf, ": until then, mail is delayed or lost when a listed MX changes its name or "
                      "its certificate fails, and nothing served here tells them otherwise.");
}

/* --- what comes next --- */

static void next_is(const char *text, sp_utc when, char *what, size_t cap, sp_utc *at)
{
    (void)snprintf(what, cap, "%s", text);
    *at = when;
}

/* The plan of an active domain's checks moves in the store's index alone. */
static sp_utc checks_at(const struct sp_domain *domain, sp_utc utc)
{
    sp_utc due = 0;

    if (sp_life.store == NULL ||
        sp_store_get_due(sp_life.store, SP_KIND_DOMAIN, domain->name, &due) < 0 || due == 0) {
        due = domain->next_check;
    }
    return due < utc ? utc : due;
}

static void next_of_active(const struct sp_domain *domain, sp_utc utc, char *what, size_t cap,
                           sp_utc *at)
{
    sp_utc checks = checks_at(domain, utc);

    if (is_ordered(domain)) {
        next_is("the renewed certificate", 0, what, cap, at);
    } else if (domain->next_try != 0 && domain->next_try <= checks) {
        next_is("renewal", domain->next_try < utc ? utc : domain->next_try, what, cap, at);
    } else {
        next_is("checks", checks, what, cap, at);
    }
}

void sp_life_next(const struct sp_domain *domain, sp_time now, char *what, size_t cap, sp_utc *at)
{
    sp_utc utc = sp_life_utc(now);

    if (domain->state == SP_DOMAIN_DISABLED) {
        next_is("nothing until it is enabled", 0, what, cap, at);
    } else if (is_checked(domain)) {
        next_is("the results of its checks", 0, what, cap, at);
    } else if (utc == 0) {
        next_is("the time of day", 0, what, cap, at);
    } else if (domain->state == SP_DOMAIN_WAITING_DNS) {
        next_is("a look at DNS", checks_at(domain, utc), what, cap, at);
    } else if (domain->state == SP_DOMAIN_ACTIVE) {
        next_of_active(domain, utc, what, cap, at);
    } else if (is_ordered(domain)) {
        next_is("the certificate", 0, what, cap, at);
    } else {
        next_is("the order", domain->next_try < utc ? utc : domain->next_try, what, cap, at);
    }
}
