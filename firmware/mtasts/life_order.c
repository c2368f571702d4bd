/* An order, from its start to the installed certificate or the next try. */
#include "base/err.h"
#include "base/log.h"
#include "base/scratch.h"
#include "crypto/cert.h"
#include "mtasts/life_internal.h"

#include <stdio.h>
#include <string.h>

#define SAVES_MAX 3
#define SAVE_AGAIN_MS 10000
#define RETRY_AFTER_MAX (7U * 86400U) /* a CA cannot put a domain off for longer, s */
#define HOUR_S 3600

bool sp_life_order_due(const struct sp_domain *domain, sp_utc utc)
{
    bool wants = domain->state == SP_DOMAIN_ORDERING || domain->state == SP_DOMAIN_ACTIVE ||
                 domain->state == SP_DOMAIN_RETIRING;

    return wants && domain->next_try != 0 && domain->next_try <= utc;
}

void sp_life_fail(struct sp_domain *domain, const struct sp_life_failure *why, uint32_t most,
                  sp_utc utc)
{
    uint32_t after = why->retry_after < RETRY_AFTER_MAX ? why->retry_after : RETRY_AFTER_MAX;
    uint32_t wait;

    if (domain->failures < UINT32_MAX) {
        domain->failures++;
    }
    wait = sp_backoff(domain->failures < most ? domain->failures : most, sp_life_random());
    if (wait < after) {
        wait = after;
    }
    domain->next_try = utc + wait;
    sp_life_set_error(domain, why->id, why->sentence, utc);
    sp_log_warn("mtasts", "%s: %s", domain->name, why->sentence);
    /* A backoff that flash does not hold must not become a hammer. */
    if (sp_life_save_or_wait(domain, utc) < 0) {
        sp_life_set_due(domain->name, utc + (wait > HOUR_S ? wait : HOUR_S));
    }
}

static void say(struct sp_life_failure *why, const char *id, const char *sentence)
{
    (void)snprintf(why->id, sizeof why->id, "%s", id);
    (void)snprintf(why->sentence, sizeof why->sentence, "%s", sentence);
    why->retry_after = 0;
}

static void fail_as(struct sp_domain *domain, const char *id, const char *sentence, sp_utc utc)
{
    size_t mark = sp_scratch_mark();
    struct sp_life_failure *why = sp_scratch_take(sizeof *why);

    say(why, id, sentence);
    sp_life_fail(domain, why, UINT32_MAX, utc);
    sp_scratch_release(mark);
}

/* --- start --- */

/* Not possible now for a reason that is not the domain's (terms, clock): no failure, no backoff. */
static void blocked(struct sp_domain *domain, const struct sp_life_failure *why, sp_utc utc)
{
    if (strcmp(domain->error_id, why->id) != 0 || strcmp(domain->error, why->sentence) != 0) {
        sp_life_set_error(domain, why->id, why->sentence, utc);
        (void)sp_life_save_or_wait(domain, utc);
    }
    sp_life_set_due(domain->name, utc + SP_LIFE_BLOCKED_S);
}

/* The domain is planned anew when the order ends; until then it is out of the way. */
static void begun(struct sp_domain *domain, sp_time now, sp_utc utc)
{
    sp_life.order = (struct sp_life_job){.active = true, .started = now};
    (void)snprintf(sp_life.order.name, sizeof sp_life.order.name, "%s", domain->name);
    sp_life.order_saves = 0;
    sp_life.order_poll = 0;
    sp_log_info("mtasts", "%s: a certificate is ordered", domain->name);
    if (domain->failures == 0 && domain->error_id[0] != '\0') {
        sp_life_set_error(domain, "", "", 0);
        (void)sp_life_save_or_wait(domain, utc);
    }
    sp_life_set_due(domain->name, utc + SP_LIFE_ORDER_MS / 1000 + HOUR_S);
    sp_life_changed(domain->name);
}

void sp_life_order_begin(struct sp_domain *domain, sp_time now, sp_utc utc)
{
    char host[SP_DOMAIN_SIZE];
    size_t mark = sp_scratch_mark();
    struct sp_life_failure *why = sp_scratch_take(sizeof *why);
    int err = sp_life.order.active ? SP_E_AGAIN : sp_domain_host(domain->name, host);

    if (err == 0) {
        err = sp_life.ops.order_start(sp_life.ops.ctx, host, now, why);
    }
    if (err == 0) {
        begun(domain, now, utc);
    } else if (err == SP_E_AGAIN) {
        sp_life_put_off(domain->name, utc);
    } else if (err == SP_E_STATE) {
        blocked(domain, why, utc);
    } else {
        fail_as(domain, "order", sp_err_text(err), utc);
    }
    sp_scratch_release(mark);
}

/* --- end --- */

static void job_over(void)
{
    sp_life.order.active = false;
    sp_life.quiet_until = 0;
    sp_life.ops.order_finish(sp_life.ops.ctx);
}

bool sp_life_has_valid(const struct sp_domain *domain, sp_utc utc)
{
    char host[SP_DOMAIN_SIZE];
    size_t mark = sp_scratch_mark();
    struct sp_cert_info *info = sp_scratch_take(sizeof *info);
    bool valid = domain->key_n > 0 && sp_domain_host(domain->name, host) == 0 &&
                 sp_cert_read(sp_span(domain->leaf, domain->leaf_n), info) == 0 &&
                 sp_cert_matches(info, host) && utc >= info->not_before && utc < info->not_after;

    sp_scratch_release(mark);
    return valid;
}

static void note_served(struct sp_domain *domain, sp_utc utc)
{
    bool serves = domain->state == SP_DOMAIN_ACTIVE || domain->state == SP_DOMAIN_RETIRING;

    if (!serves || domain->served_since == 0) {
        domain->served_since = utc;
    }
    if (!serves) {
        domain->fetched_back = false;
    }
}

/* A new certificate that is due for renewal at once comes from a clock that is wrong here or there;
 * ordering on and on would burn the CA's quota. */
static void plan_renewal(struct sp_domain *domain, bool fresh, sp_utc utc)
{
    sp_utc due = sp_renewal_due(domain->not_before, domain->not_after, sp_life_random());

    if (fresh && due <= utc) {
        domain->failures++;
        domain->next_try = utc + sp_backoff(domain->failures, sp_life_random());
        sp_life_set_error(domain, "certificate_old",
                          "The CA's new certificate is due for renewal already: the clock of this "
                          "appliance, or the CA's, is wrong.",
                          utc);
        return;
    }
    domain->failures = 0;
    domain->next_try = due > utc ? due : utc;
    sp_life_set_error(domain, "", "", 0);
}

void sp_life_activate(struct sp_domain *domain, bool fresh, sp_utc utc)
{
    note_served(domain, utc);
    plan_renewal(domain, fresh, utc);
    domain->next_check = sp_life_at_once(utc);
    if (domain->state != SP_DOMAIN_RETIRING) { /* whose certificate is renewed, too */
        sp_life_set_state(domain, SP_DOMAIN_ACTIVE, utc);
    }
}

/* Flash has no room or fails, or the domain cannot be read: the certificate stays with the order
 * and is tried again, but not for ever, since others wait. */
static void save_failed(struct sp_domain *domain, int err, sp_time now, sp_utc utc)
{
    sp_log_error("mtasts", "%s: the certificate could not be stored: %s", domain->name,
                 sp_err_text(err));
    if (++sp_life.order_saves < SAVES_MAX) {
        sp_life.order_poll = now + SAVE_AGAIN_MS;
        return;
    }
    if (sp_life_load_into(domain, sp_life.order.name) == 0) {
        fail_as(domain, "store",
                "The certificate could not be stored: the flash is full or fails. Remove domains "
                "that are not needed any more.",
                utc);
    }
    job_over();
}

static int install(struct sp_domain *domain, const struct sp_life_certificate *certificate,
                   sp_utc utc)
{
    uint8_t links[sizeof domain->links];
    uint8_t links_n = domain->links_n;
    int err;

    memcpy(links, domain->links, sizeof links);
    err = sp_domain_install(sp_life.store, domain, certificate->key, certificate->chain,
                            certificate->links);
    if (err < 0) {
        return err;
    }
    sp_life_activate(domain, true, utc);
    err = sp_life_save(domain, utc);
    if (err == 0 && links_n > 0 &&
        (links_n != domain->links_n || memcmp(links, domain->links, sizeof links) != 0)) {
        sp_chain_sweep_begin();
    }
    return err;
}

static bool is_refused(int err)
{
    return err == SP_E_CERT_BAD || err == SP_E_TOO_BIG || err == SP_E_CERT_EXPIRED;
}

static bool has_expired(const struct sp_life_certificate *certificate, sp_utc utc)
{
    size_t mark = sp_scratch_mark();
    struct sp_cert_info *info = sp_scratch_take(sizeof *info);
    bool expired = certificate->links > 0 && sp_cert_read(certificate->chain[0], info) == 0 &&
                   info->not_after <= utc;

    sp_scratch_release(mark);
    return expired;
}

/* What install may have put into the domain must not be stored. */
static void refused(struct sp_domain *domain, sp_utc utc)
{
    if (sp_life_load_into(domain, sp_life.order.name) == 0) {
        fail_as(domain, "certificate_refused",
                "The CA's certificate cannot be used: it has expired, or does not fit the key, "
                "the host name or its own chain.",
                utc);
    }
}

static void certificate_came(const struct sp_life_certificate *certificate, sp_time now)
{
    struct sp_domain *domain = sp_domain_take(SP_DOMAIN_WHOLE);
    sp_utc utc = sp_life_utc(now);
    int err = sp_life_load_into(domain, sp_life.order.name);

    if (err == SP_E_NOT_FOUND || (err == 0 && domain->state == SP_DOMAIN_DISABLED)) {
        job_over();
        return;
    }
    if (err == 0) {
        err = has_expired(certificate, utc) ? SP_E_CERT_EXPIRED : install(domain, certificate, utc);
    }
    if (is_refused(err)) {
        refused(domain, utc);
        job_over();
    } else if (err < 0) {
        save_failed(domain, err, now, utc);
    } else {
        sp_log_info("mtasts", "%s: a new certificate is served", domain->name);
        job_over();
    }
}

static void order_failed(const struct sp_life_failure *why, sp_time now)
{
    int err;
    struct sp_domain *domain = sp_life_load(sp_life.order.name, &err);

    if (domain != NULL && domain->state != SP_DOMAIN_DISABLED) {
        sp_life_fail(domain, why, UINT32_MAX, sp_life_utc(now));
    }
    job_over();
}

/* Given up for a reason that is not the domain's: it has its turn again at once. */
static void order_dropped(sp_time now)
{
    sp_log_info("mtasts", "%s: the order was given up; it begins anew", sp_life.order.name);
    sp_life_set_due(sp_life.order.name, sp_life_at_once(sp_life_utc(now)));
    job_over();
}

static void order_stuck(struct sp_life_failure *why, sp_time now)
{
    char name[SP_DOMAIN_SIZE];

    memcpy(name, sp_life.order.name, sizeof name);
    say(why, "order_timeout",
        "The order was given up after ten minutes: the CA did not finish it.");
    order_failed(why, now);
    sp_life_order_drop(name);
}

/* False while it goes on. */
static bool order_ended(struct sp_life_failure *why, sp_time now)
{
    struct sp_life_certificate certificate;
    int err = sp_life.ops.order_poll(sp_life.ops.ctx, &certificate, why);

    if (err == SP_E_AGAIN && now - sp_life.order.started < SP_LIFE_ORDER_MS) {
        return false;
    }
    if (err == SP_E_AGAIN) {
        order_stuck(why, now);
    } else if (err == 0) {
        certificate_came(&certificate, now);
    } else if (err == SP_E_CANCELLED) {
        order_dropped(now);
    } else {
        order_failed(why, now);
    }
    return true;
}

sp_time sp_life_order_step(sp_time now)
{
    size_t mark = sp_scratch_mark();
    bool over;

    if (!sp_life.order.active) {
        return SP_NEVER;
    }
    if (now < sp_life.order_poll) {
        return sp_life.order_poll;
    }
    over = order_ended(sp_scratch_take(sizeof(struct sp_life_failure)), now);
    sp_scratch_release(mark);
    if (!over) {
        return now + SP_LIFE_POLL_MS;
    }
    return sp_life.order.active ? sp_life.order_poll : now;
}

void sp_life_order_drop(const char *name)
{
    char host[SP_DOMAIN_SIZE];

    if (sp_life.order.active && strcmp(sp_life.order.name, name) == 0) {
        sp_life.order.active = false;
    }
    if (strcmp(sp_life.reserved, name) == 0) {
        sp_life.reserved[0] = '\0';
    }
    sp_life.quiet_until = 0;
    if (sp_domain_host(name, host) == 0) {
        sp_life.ops.order_cancel(sp_life.ops.ctx, host);
    }
}
