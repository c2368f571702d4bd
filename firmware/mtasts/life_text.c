/* Health and sentences: what a domain is doing, what it waits for, what the operator can do. */
#include "mtasts/life_internal.h"

#include <stdio.h>
#include <string.h>

#define PATIENCE_S 86400          /* waiting for DNS for longer wants somebody's care */
#define DAILY_AFTER_S (7 * 86400) /* as sp_dns_wait has it */
#define DURATION_SIZE 32
#define TRIES 3 /* renewals that DNS may put off in a row before it wants care */

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

/* A sender that keeps to the policy fails on it now. That the id is another one, or is missing, is
 * no such failure: who holds a policy goes on with it. */
static bool fails_strict_sender(const struct sp_domain *domain, unsigned i)
{
    const char *code = domain->checks[i].code;

    if (i == SP_LIFE_POLICY_ID) {
        return strcmp(code, "syntax") == 0 || strcmp(code, "several") == 0 ||
               strcmp(code, "trailing") == 0;
    }
    return i <= SP_LIFE_MX_TLS;
}

/* Retiring: what senders hold of before binds them to the MXs, and `none` nobody to anything. */
static bool is_held(const struct sp_domain *domain, unsigned i)
{
    return domain->policy.mode == SP_MODE_ENFORCE &&
           (domain->state == SP_DOMAIN_ACTIVE || i == SP_LIFE_MX_MATCH || i == SP_LIFE_MX_TLS);
}

/* Before the policy is enforced no mail stops at the TLS of an MX: that blocks promotion alone. */
static bool wants_care(const struct sp_domain *domain, unsigned i)
{
    return i != SP_LIFE_MX_TLS || domain->policy.mode == SP_MODE_ENFORCE;
}

static enum sp_domain_health health_by_checks(const struct sp_domain *domain)
{
    enum sp_domain_health health = SP_DOMAIN_FINE;

    for (unsigned i = 0; i < SP_DOMAIN_CHECKS; i++) {
        if (domain->checks[i].counts != SP_DOMAIN_FAIL) {
            continue;
        }
        if (is_held(domain, i) && fails_strict_sender(domain, i)) {
            return SP_DOMAIN_AT_RISK;
        }
        health = wants_care(domain, i) ? SP_DOMAIN_WANTS_CARE : health;
    }
    return health;
}

/* A renewal that waits since DNS could not be asked is nothing yet. */
static bool renewal_fails(const struct sp_domain *domain)
{
    bool for_dns = strncmp(domain->error_id, "dns_", 4) == 0 &&
                   domain->checks[SP_LIFE_DNS].counts != SP_DOMAIN_FAIL;

    return domain->failures > (for_dns ? TRIES : 0);
}

static enum sp_domain_health active_health(const struct sp_domain *domain, sp_utc utc)
{
    enum sp_domain_health health = health_by_checks(domain);

    if (has_expired(domain, utc)) {
        return is_held(domain, SP_LIFE_CERTIFICATE) ? SP_DOMAIN_AT_RISK : SP_DOMAIN_WANTS_CARE;
    }
    return health == SP_DOMAIN_FINE && renewal_fails(domain) ? SP_DOMAIN_WANTS_CARE : health;
}

/* An id is published, and nothing is served for it. */
static bool is_left_behind(const struct sp_domain *domain)
{
    return domain->state == SP_DOMAIN_DISABLED && sp_life_has_served(domain) &&
           domain->checks[SP_LIFE_POLICY_ID].result != SP_DOMAIN_NOT_RUN &&
           domain->dns_id[0] != '\0';
}

static sp_utc waits_for(const struct sp_domain *domain, sp_utc utc)
{
    return utc > 0 && domain->state_since > 0 ? utc - domain->state_since : 0;
}

static bool waits_long(const struct sp_domain *domain, sp_utc utc)
{
    return waits_for(domain, utc) > PATIENCE_S;
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
        return is_left_behind(domain) ? SP_DOMAIN_WANTS_CARE : SP_DOMAIN_FINE;
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

static void say_records_of_disabled(struct sp_buf *out, const struct sp_domain *domain)
{
    bool looked = domain->checks[SP_LIFE_POLICY_ID].result != SP_DOMAIN_NOT_RUN;

    if (is_left_behind(domain)) {
        sp_buf_printf(out,
                      " DNS still has the policy id %s at _mta-sts.%s, and nothing is served for "
                      "it: delete that TXT record now, then the A and AAAA records of mta-sts.%s.",
                      domain->dns_id, domain->name, domain->name);
    } else if (sp_life_records_gone(domain)) {
        sp_buf_puts(out, " Its records are gone.");
    } else if (looked && domain->dns_id[0] == '\0') {
        sp_buf_printf(out,
                      " The TXT record of _mta-sts.%s is gone: delete the A and AAAA records of "
                      "mta-sts.%s, too.",
                      domain->name, domain->name);
    } else {
        sp_buf_printf(out,
                      " Delete these records: the TXT record of _mta-sts.%s first, then the A and "
                      "AAAA records of mta-sts.%s.",
                      domain->name, domain->name);
    }
}

static void say_disabled(struct sp_buf *out, const struct sp_domain *domain, sp_utc utc)
{
    sp_utc until = sp_life_retire_until(domain);

    if (!sp_life_has_served(domain)) {
        sp_buf_puts(out,
                    "Disabled: nothing is served. Publish the address records, then enable it.");
        return;
    }
    sp_buf_puts(out, "Disabled: nothing is served");
    if (until == 0) {
        sp_buf_puts(out, "; senders may hold a policy until its max_age has passed.");
    } else if (utc == 0 || utc < until) {
        sp_buf_puts(out, "; senders may hold a policy until ");
        put_time(out, until);
        sp_buf_putc(out, '.');
    } else {
        sp_buf_puts(out, ", and no sender holds a policy any more.");
    }
    say_records_of_disabled(out, domain);
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
    sp_buf_printf(out, "Waiting for DNS: %s No certificate is ordered before; it is looked at %s.",
                  domain->error[0] != '\0' ? domain->error : "its addresses do not point here yet.",
                  waits_for(domain, utc) > DAILY_AFTER_S ? "daily; \"check\" looks at once"
                                                         : "again by itself");
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

static void put_txt(struct sp_buf *out, const char *id)
{
    sp_buf_printf(out, "\"v=STSv1; id=%s;\"", id);
}

static void say_publish(struct sp_buf *out, const struct sp_domain *domain, const char *old_id,
                        const char *new_id)
{
    sp_buf_printf(out, "publish this TXT at _mta-sts.%s: ", domain->name);
    put_txt(out, new_id);
    if (old_id[0] != '\0') {
        sp_buf_puts(out, " in place of ");
        put_txt(out, old_id);
    }
}

static void say_change(struct sp_buf *out, const struct sp_domain *domain)
{
    char old_id[SP_POLICY_ID_SIZE], new_id[SP_POLICY_ID_SIZE];
    enum sp_life_change change = sp_life_change(domain, old_id, new_id);

    if (change == SP_CHANGE_FETCHING && old_id[0] != '\0' && strcmp(old_id, new_id) != 0) {
        sp_buf_puts(out, " Policy changed: as soon as it was fetched back over the network, its id "
                         "is to be published.");
    } else if (change == SP_CHANGE_PUBLISH) {
        sp_buf_puts(out, old_id[0] != '\0' ? " Policy changed: " : " To be found, ");
        say_publish(out, domain, old_id, new_id);
        sp_buf_putc(out, '.');
    }
}

/* An MX that left, and must go on working. The mx have to be loaded. */
static void say_left(struct sp_buf *out, const struct sp_domain *domain, sp_utc utc)
{
    sp_utc until = 0;

    for (unsigned i = 0; i < domain->left_n; i++) {
        until = domain->left_until[i] > until ? domain->left_until[i] : until;
    }
    if (until <= utc) {
        return;
    }
    sp_buf_printf(out, " %u MX name%s that left the policy must keep working, until ",
                  domain->left_n, domain->left_n > 1 ? "s" : "");
    put_time(out, until);
    sp_buf_puts(out, domain->left_n > 1 ? " at the latest." : ".");
}

static void say_auto(struct sp_buf *out, const struct sp_domain *domain)
{
    sp_utc at = sp_life_auto_at(domain);

    if (domain->auto_days == 0 || domain->policy.mode != SP_MODE_TESTING) {
        return;
    }
    if (at == 0) {
        sp_buf_printf(out, " It goes to enforce after %u clean days, none of which has begun.",
                      domain->auto_days);
    } else {
        sp_buf_puts(out, " It goes to enforce at ");
        put_time(out, at);
        sp_buf_puts(out, " unless a check fails before.");
    }
}

static void say_renewal(struct sp_buf *out, const struct sp_domain *domain, sp_utc utc)
{
    if (utc == 0) {
        sp_buf_puts(out, " Renewal and checks wait for the time of day.");
    } else if (sp_life_is_away(domain, utc)) {
        sp_buf_printf(out, " mta-sts.%s has not pointed here since ", domain->name);
        put_time(out, domain->checks[SP_LIFE_DNS].changed);
        sp_buf_puts(out, ": nothing is ordered for it, and it is looked at daily; correct its "
                         "records, then \"check\" it.");
    } else if (domain->failures > 0) {
        sp_buf_printf(out, " The renewal failed: %s", domain->error);
        put_next_try(out, domain, utc);
    } else if (is_ordered(domain)) {
        sp_buf_puts(out, " It is being renewed.");
    } else if (domain->error_id[0] != '\0') {
        sp_buf_printf(out, " The renewal waits: %s", domain->error);
    }
}

static void say_active(struct sp_buf *out, const struct sp_domain *domain, sp_utc utc)
{
    say_certificate(out, domain, utc);
    say_change(out, domain);
    say_failing_checks(out, domain);
    say_renewal(out, domain, utc);
    say_left(out, domain, utc);
    say_auto(out, domain);
}

/* --- retiring --- */

static void say_wait(struct sp_buf *out, const struct sp_domain *domain, sp_utc utc)
{
    char old_id[SP_POLICY_ID_SIZE], new_id[SP_POLICY_ID_SIZE];
    char wait[DURATION_SIZE];
    enum sp_life_change change = sp_life_change(domain, old_id, new_id);
    sp_utc until = sp_life_retire_until(domain);

    if (change == SP_CHANGE_FETCHING) {
        sp_buf_puts(out, "Retiring: mode none is served; as soon as it was fetched back over the "
                         "network, its id is to be published.");
    } else if (until == 0) {
        uint64_t seconds = (uint64_t)domain->max_age_served + sp_life_ttl(domain);

        sp_buf_puts(out, "Retiring: mode none is served; ");
        say_publish(out, domain, old_id, new_id);
        sp_buf_printf(out, ". When DNS has it, senders are waited for, %s.",
                      sp_duration_text(seconds, wait, sizeof wait));
    } else {
        sp_buf_puts(out, "Retiring: mode none is served until ");
        put_time(out, until);
        if (utc > 0 && utc < until) {
            sp_buf_printf(out, " (%s)",
                          sp_duration_text((uint64_t)(until - utc), wait, sizeof wait));
        }
        sp_buf_puts(out, ", when no sender holds an older policy; leave the records until then.");
    }
}

static void say_retiring(struct sp_buf *out, const struct sp_domain *domain, sp_utc utc)
{
    say_wait(out, domain, utc);
    if (has_expired(domain, utc)) {
        sp_buf_puts(out, " Its certificate expired at ");
        put_time(out, domain->not_after);
        sp_buf_puts(out, ": senders cannot fetch it.");
    }
    say_failing_checks(out, domain);
    say_renewal(out, domain, utc);
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
        say_active(&buf, domain, utc);
        break;
    case SP_DOMAIN_RETIRING:
        say_retiring(&buf, domain, utc);
        break;
    case SP_DOMAIN_DISABLED:
    default:
        say_disabled(&buf, domain, utc);
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

/* The plan of checks moves in the store's index alone. */
static sp_utc checks_at(const struct sp_domain *domain, sp_utc utc)
{
    sp_utc due = 0;

    if (sp_life.store == NULL ||
        sp_store_get_due(sp_life.store, SP_KIND_DOMAIN, domain->name, &due) < 0 || due == 0) {
        due = domain->next_check;
    }
    return due < utc ? utc : due;
}

/* What the next look at a served domain waits for. */
static const char *awaited(const struct sp_domain *domain)
{
    char old_id[SP_POLICY_ID_SIZE], new_id[SP_POLICY_ID_SIZE];

    switch (sp_life_change(domain, old_id, new_id)) {
    case SP_CHANGE_FETCHING:
        return "fetching the policy back";
    case SP_CHANGE_PUBLISH:
        return "a look at the id in DNS";
    case SP_CHANGE_NONE:
    default:
        return "checks";
    }
}

static void next_of_served(const struct sp_domain *domain, sp_utc utc, char *what, size_t cap,
                           sp_utc *at)
{
    sp_utc checks = checks_at(domain, utc);
    sp_utc until = sp_life_retire_until(domain);

    if (is_ordered(domain)) {
        next_is("the renewed certificate", 0, what, cap, at);
    } else if (until != 0) {
        next_is("the end of its retirement", until < utc ? utc : until, what, cap, at);
    } else if (domain->next_try != 0 && domain->next_try <= checks) {
        next_is("renewal", domain->next_try < utc ? utc : domain->next_try, what, cap, at);
    } else {
        next_is(awaited(domain), checks, what, cap, at);
    }
}

static void next_of_disabled(const struct sp_domain *domain, sp_utc utc, char *what, size_t cap,
                             sp_utc *at)
{
    if (sp_life_has_served(domain) && utc > 0) {
        next_is("a look for records left behind", checks_at(domain, utc), what, cap, at);
    } else {
        next_is("nothing until it is enabled", 0, what, cap, at);
    }
}

void sp_life_next(const struct sp_domain *domain, sp_time now, char *what, size_t cap, sp_utc *at)
{
    sp_utc utc = sp_life_utc(now);

    if (domain->state == SP_DOMAIN_DISABLED) {
        next_of_disabled(domain, utc, what, cap, at);
    } else if (is_checked(domain)) {
        next_is("the results of its checks", 0, what, cap, at);
    } else if (utc == 0) {
        next_is("the time of day", 0, what, cap, at);
    } else if (domain->state == SP_DOMAIN_WAITING_DNS) {
        next_is("a look at DNS", checks_at(domain, utc), what, cap, at);
    } else if (domain->state == SP_DOMAIN_ACTIVE || domain->state == SP_DOMAIN_RETIRING) {
        next_of_served(domain, utc, what, cap, at);
    } else if (is_ordered(domain)) {
        next_is("the certificate", 0, what, cap, at);
    } else {
        next_is("the order", domain->next_try < utc ? utc : domain->next_try, what, cap, at);
    }
}
