/*
 * What the life of a domain (mtasts) needs of acme and checks, which it does not know: each
 * operation is led to the room that has it.
 */
#include "acme/acme.h"
#include "app/app.h"
#include "app/outside.h"
#include "app/prove.h"
#include "base/scratch.h"
#include "net/clock.h"
#include "reports/summary.h"

#include <string.h>

static char check_policy_id[SP_POLICY_ID_SIZE];
static char check_domain[SP_DOMAIN_SIZE];
static struct sp_check_report *check_report;
static unsigned check_which;

static sp_utc utc(void *ctx, sp_time now)
{
    (void)ctx;
    return sp_clock_utc(now);
}

static void say(struct sp_life_failure *why, const char *id, const char *sentence)
{
    sp_text_cut(why->id, sizeof why->id, id);
    sp_text_cut(why->sentence, sizeof why->sentence, sentence);
    why->retry_after = 0;
}

static int order_start(void *ctx, const char *host, sp_time now, struct sp_life_failure *why)
{
    int err;
    (void)ctx;
    if (sp_app.no_entropy) {
        say(why, "no_entropy", "The appliance has no entropy seed and makes no keys.");
        return SP_E_STATE;
    }
    err = sp_acme_order(host, now);
    if (err == SP_E_STATE) {
        say(why, "terms_not_agreed",
            "The terms of the certificate authority are not agreed to: `ca agree` does that.");
    } else if (err == SP_E_CLOCK) {
        say(why, "clock_unknown", "The time of day is not known yet: see `time`.");
        return SP_E_STATE;
    } else if (err < 0 && err != SP_E_AGAIN) {
        say(why, "order_failed", sp_err_text(err));
    }
    return err;
}

static void problem_to_failure(const struct sp_acme_problem *problem, struct sp_life_failure *why)
{
    say(why, problem->type[0] != '\0' ? problem->type : "ca_failed", problem->sentence);
    why->retry_after = problem->retry_after;
}

static int order_poll(void *ctx, struct sp_life_certificate *certificate,
                      struct sp_life_failure *why)
{
    struct sp_acme_result result;
    (void)ctx;
    if (sp_acme_host()[0] == '\0') { /* another CA was chosen meanwhile */
        return SP_E_CANCELLED;
    }
    if (sp_acme_phase() == SP_ACME_FAILED) {
        problem_to_failure(sp_acme_problem(), why);
        return sp_acme_problem()->error < 0 ? sp_acme_problem()->error : SP_E_PROTOCOL;
    }
    if (sp_acme_phase() != SP_ACME_DONE || sp_acme_take(&result) < 0) {
        return SP_E_AGAIN;
    }
    certificate->key = result.key;
    certificate->links = result.links;
    memcpy(certificate->chain, result.chain, sizeof certificate->chain);
    return SP_OK;
}

static void order_finish(void *ctx)
{
    (void)ctx;
    sp_acme_finish();
}

static void order_cancel(void *ctx, const char *host)
{
    (void)ctx;
    sp_acme_cancel(host);
}

static int policy_text(void *ctx, const char *name, struct sp_buf *out)
{
    size_t mark = sp_scratch_mark();
    struct sp_domain *domain = sp_domain_take(SP_DOMAIN_MX);
    int err = sp_domain_load(&sp_app.store, name, domain);
    (void)ctx;
    if (err == SP_OK) {
        struct sp_policy policy;
        sp_life_in_force(domain, &policy);
        err = sp_policy_text(&policy, out);
    }
    sp_scratch_release(mark);
    return err;
}

static int rua(void *ctx, const char *name, struct sp_buf *out)
{
    size_t mark = sp_scratch_mark();
    struct sp_domain *domain = sp_domain_take(SP_DOMAIN_BRIEF);
    int err = sp_domain_load(&sp_app.store, name, domain);
    (void)ctx;
    if (err == SP_OK) {
        sp_buf_puts(out, domain->rua);
    }
    sp_scratch_release(mark);
    return err;
}

static void seen(void *ctx, const char *name, struct sp_check_seen *out)
{
    (void)ctx;
    sp_app_outside_get(name, out);
}

static int prove(void *ctx, const struct sp_addr *addr, sp_time now)
{
    (void)ctx;
    return sp_app_prove(addr, now);
}

/* What DNS had before the policy that is served now, and may have still; "" for nothing. */
static void former_id(const struct sp_domain *domain, char *out)
{
    bool former =
        strcmp(domain->dns_id, check_policy_id) != 0 && domain->dns_id_at <= domain->served_since;
    sp_text_cut(out, SP_POLICY_ID_SIZE, former ? domain->dns_id : "");
}

static int check_start(void *ctx, const struct sp_domain *domain, unsigned which, sp_time now)
{
    static struct sp_addr own[SP_ADDRESSES + 2];
    static char former[SP_POLICY_ID_SIZE];
    struct sp_policy in_force;
    struct sp_check_input input = {.domain = check_domain,
                                   .which = which,
                                   .policy_text = policy_text,
                                   .rua = rua,
                                   .prove = prove,
                                   .seen = seen};
    (void)ctx;
    if (sp_checks_busy()) {
        return SP_E_AGAIN;
    }
    sp_text_cut(check_domain, sizeof check_domain, domain->name);
    sp_life_in_force(domain, &in_force);
    sp_policy_id(&in_force, check_policy_id);
    input.policy_id = check_policy_id;
    former_id(domain, former);
    input.former_id = former;
    input.serves_nothing = domain->state == SP_DOMAIN_DISABLED && domain->max_age_served > 0;
    input.ca_identities = sp_acme_ca_identities();
    input.account_uri = sp_acme_account_url();
    input.own = own;
    input.own_n = sp_app_own_addresses(own, sizeof own / sizeof own[0]);
    check_report = sp_app_report_for(domain->name);
    check_which = which;
    return sp_checks_start(&input, check_report, now);
}

static void id_in_dns(struct sp_life_dns_id *out)
{
    const struct sp_check_txt *txt = &check_report->txt;

    out->known = (check_which & SP_CHECK_BIT(SP_CHECK_POLICY_ID)) != 0 && txt->known;
    if (out->known) {
        sp_text_cut(out->id, sizeof out->id, txt->id);
        out->ttl = txt->ttl;
    }
}

static int check_poll(void *ctx, struct sp_life_check_result results[SP_DOMAIN_CHECKS],
                      struct sp_life_dns_id *seen)
{
    (void)ctx;
    if (sp_checks_busy()) {
        return SP_E_AGAIN;
    }
    memset(results, 0, sizeof results[0] * SP_DOMAIN_CHECKS);
    memset(seen, 0, sizeof *seen);
    for (unsigned i = 0; i < SP_CHECKS && check_report != NULL; i++) {
        enum sp_check_id id = (enum sp_check_id)i;
        if ((check_which & SP_CHECK_BIT(i)) == 0) {
            continue;
        }
        results[i].result = (uint8_t)check_report->checks[i].result;
        sp_text_cut(results[i].code, sizeof results[i].code, check_report->checks[i].code);
        results[i].reason = sp_check_words(check_report, id, SP_CHECK_REASON);
    }
    if (check_report != NULL) {
        id_in_dns(seen);
    }
    return SP_OK;
}

static void changed(void *ctx, const char *domain)
{
    (void)ctx;
    sp_app_domain_changed(domain);
}

static const char *reason(void *ctx, const char *domain, unsigned id)
{
    const struct sp_check_report *report = sp_app_report_find(domain);
    (void)ctx;
    return report != NULL ? sp_check_words(report, (enum sp_check_id)id, SP_CHECK_REASON) : "";
}

static int reports(void *ctx, const char *domain, sp_utc utc, char *out, size_t cap)
{
    struct sp_buf text;

    (void)ctx;
    sp_buf_init(&text, out, cap);
    return sp_summary_kept_failures(&sp_app.store, domain, utc, &text);
}

const struct sp_life_ops *sp_app_life_ops(void)
{
    static const struct sp_life_ops ops = {
        .utc = utc,
        .order_start = order_start,
        .order_poll = order_poll,
        .order_finish = order_finish,
        .order_cancel = order_cancel,
        .check_start = check_start,
        .check_poll = check_poll,
        .changed = changed,
        .reports = reports,
        .reason = reason,
    };
    return &ops;
}
