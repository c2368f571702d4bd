/*
 * sealpost.h: mail domains: what an operator sees and does.
 */
#include "acme/acme.h"
#include "app/app.h"
#include "app/report_host.h"
#include "base/scratch.h"
#include "mtasts/records.h"
#include "net/clock.h"

#include <stdio.h>
#include <string.h>

#define COPY(to, text) sp_text_cut((to), sizeof(to), (text))

static int normal_name(const char *text, char *out, struct sealpost_why *why)
{
    if (sp_hostname(sp_span_str(text), out) < 0) {
        return sp_app_why(why, SP_E_INVALID, "domain_invalid",
                          "\"%.120s\" is not a domain name; names outside ASCII are written as "
                          "A-labels (xn--…).",
                          text);
    }
    return SP_OK;
}

int sp_app_domain(const char *name, unsigned parts, struct sp_domain **out,
                  struct sealpost_why *why)
{
    char normal[SP_DOMAIN_SIZE];
    int err = normal_name(name, normal, why);
    if (err < 0) {
        return err;
    }
    *out = sp_domain_take(parts);
    err = sp_domain_load(&sp_app.store, normal, *out);
    if (err == SP_E_NOT_FOUND) {
        return sp_app_why(why, err, "domain_unknown",
                          "There is no domain %s here; `domain` lists them, `domain add` adds one.",
                          normal);
    }
    if (err < 0) {
        return sp_app_why(why, err, "store_failed", "The record of %s cannot be read: %s.", normal,
                          sp_err_text(err));
    }
    return SP_OK;
}

/* --- settings of a domain --- */

static enum sp_mode mode_in(enum sealpost_mode mode)
{
    switch (mode) {
    case SEALPOST_ENFORCE:
        return SP_MODE_ENFORCE;
    case SEALPOST_NONE:
        return SP_MODE_NONE;
    case SEALPOST_TESTING:
        break;
    }
    return SP_MODE_TESTING;
}

static enum sealpost_mode mode_out(enum sp_mode mode)
{
    switch (mode) {
    case SP_MODE_ENFORCE:
        return SEALPOST_ENFORCE;
    case SP_MODE_NONE:
        return SEALPOST_NONE;
    case SP_MODE_TESTING:
        break;
    }
    return SEALPOST_TESTING;
}

/* Takes a pattern out. SP_E_INVALID and why when it is not there. */
static int remove_mx(struct sp_policy *policy, const char *text, struct sealpost_why *why)
{
    unsigned i = 0;
    while (i < policy->mx_n && !sp_span_is_nocase(sp_span_str(text), policy->mx[i])) {
        i++;
    }
    if (i == policy->mx_n) {
        return sp_app_why(why, SP_E_INVALID, "mx_invalid",
                          "%.253s is not among the mx of the domain; `domain show` lists them.",
                          text);
    }
    policy->mx_n--;
    memmove(policy->mx[i], policy->mx[i + 1], (policy->mx_n - i) * sizeof policy->mx[0]);
    return SP_OK;
}

static int mx_in(const struct sealpost_domain_settings *settings, struct sp_policy *policy,
                 struct sealpost_why *why)
{
    char sentence[240] = "";
    int err = SP_OK;
    if ((settings->gives & SEALPOST_GIVES_MX) != 0) {
        policy->mx_n = 0;
    }
    for (unsigned i = 0; i < settings->mx_n && err == SP_OK; i++) {
        if ((settings->gives & SEALPOST_GIVES_MX_LESS) != 0) {
            err = remove_mx(policy, settings->mx[i], why);
        } else if (sp_policy_add_mx(policy, sp_span_str(settings->mx[i]), sentence,
                                    sizeof sentence) < 0) {
            err = sp_app_why(why, SP_E_INVALID, "mx_invalid", "%s", sentence);
        }
    }
    return err;
}

/* What is given, over what the policy is. */
static int policy_in(const struct sealpost_domain_settings *settings, struct sp_policy *policy,
                     struct sealpost_why *why)
{
    char sentence[240] = "";
    int err;
    if ((settings->gives & SEALPOST_GIVES_MODE) != 0) {
        policy->mode = mode_in(settings->mode);
    }
    if ((settings->gives & SEALPOST_GIVES_MAX_AGE) != 0) {
        policy->max_age = settings->max_age;
    }
    err = mx_in(settings, policy, why);
    if (err == SP_OK && sp_policy_check(policy, sentence, sizeof sentence) < 0) {
        err = sp_app_why(why, SP_E_INVALID, "policy_invalid", "%s", sentence);
    }
    return err;
}

/* "" and "here" stand for an address that the domain makes. False when it is too long. */
static bool rua_put(const char *given, const char *domain, char rua[SP_RUA_MAX])
{
    int n;

    if (strcmp(given, "here") == 0) {
        return sp_app_report_rua(domain, rua) == SP_OK;
    }
    n = given[0] != '\0' ? snprintf(rua, SP_RUA_MAX, "%s", given)
                         : snprintf(rua, SP_RUA_MAX, "mailto:postmaster@%s", domain);
    return n >= 0 && n < SP_RUA_MAX;
}

static int rua_in(const struct sealpost_domain_settings *settings, const char *domain,
                  char rua[SP_RUA_MAX], struct sealpost_why *why)
{
    char sentence[240] = "";

    if ((settings->gives & SEALPOST_GIVES_RUA) != 0 && !rua_put(settings->rua, domain, rua)) {
        return sp_app_why(why, SP_E_INVALID, "rua_invalid", "The reporting address is too long.");
    }
    if (sp_rua_check(sp_span_str(rua), sentence, sizeof sentence) < 0) {
        return sp_app_why(why, SP_E_INVALID, "rua_invalid", "%s", sentence);
    }
    return SP_OK;
}

static const char *id_of(int err)
{
    switch (err) {
    case SP_E_EXISTS:
        return "domain_exists";
    case SP_E_NOT_FOUND:
        return "domain_unknown";
    case SP_E_FULL:
        return "domains_full";
    case SP_E_STATE:
        return "state_wrong";
    case SP_E_INVALID:
        return "domain_invalid";
    case SP_E_AGAIN:
        return "checks_running";
    default:
        return "store_failed";
    }
}

/* The normal form of the name of a domain that is there and can be read. */
static int known_name(const char *domain, char name[SP_DOMAIN_SIZE], struct sealpost_why *why)
{
    size_t mark = sp_scratch_mark();
    struct sp_domain *d;
    int err = sp_app_domain(domain, SP_DOMAIN_BRIEF, &d, why);
    if (err == SP_OK) {
        memcpy(name, d->name, SP_DOMAIN_SIZE);
    }
    sp_scratch_release(mark);
    return err;
}

int sealpost_domain_add(const char *domain, const struct sealpost_domain_settings *settings,
                        struct sealpost_why *why)
{
    static const struct sealpost_domain_settings postmaster = {.gives = SEALPOST_GIVES_RUA,
                                                               .rua = ""};
    size_t mark = sp_scratch_mark();
    struct sp_policy wished = {.mode = SP_MODE_TESTING, .max_age = SP_MAX_AGE_DEFAULT};
    char name[SP_DOMAIN_SIZE];
    char rua[SP_RUA_MAX];
    char sentence[320] = "";
    int err = normal_name(domain, name, why);
    wished.mx = sp_scratch_take(SP_MX_MAX * sizeof wished.mx[0]);
    if (err == SP_OK) {
        err = policy_in(settings, &wished, why);
    }
    if (err == SP_OK) {
        bool given = (settings->gives & SEALPOST_GIVES_RUA) != 0;
        err = rua_in(given ? settings : &postmaster, name, rua, why);
    }
    if (err == SP_OK) {
        err = sp_life_add(name, &wished, rua, (settings->gives & SEALPOST_GIVES_FORCE) != 0,
                          sentence, sizeof sentence);
        if (err < 0) {
            (void)sp_app_why(why, err, id_of(err), "%s", sentence);
        }
    }
    sp_scratch_release(mark);
    return err;
}

int sealpost_domain_set(const char *domain, const struct sealpost_domain_settings *settings,
                        struct sealpost_why *why)
{
    size_t mark = sp_scratch_mark();
    struct sp_domain *d;
    char sentence[320] = "";
    int err = sp_app_domain(domain, SP_DOMAIN_MX, &d, why);
    if (err == SP_OK) {
        err = policy_in(settings, &d->policy, why);
    }
    if (err == SP_OK) {
        err = rua_in(settings, d->name, d->rua, why);
    }
    if (err == SP_OK) {
        err =
            sp_life_set(d->name, &d->policy, d->rua, (settings->gives & SEALPOST_GIVES_FORCE) != 0,
                        sp_app_now(), sentence, sizeof sentence);
        if (err < 0) {
            (void)sp_app_why(why, err, id_of(err), "%s", sentence);
        }
    }
    sp_scratch_release(mark);
    return err;
}

int sealpost_domain_next(uint32_t *cursor, char name[SEALPOST_NAME_SIZE])
{
    return sp_app_next(SP_KIND_DOMAIN, cursor, name);
}

/* --- what is shown --- */

static const char *change_text(enum sp_life_change change)
{
    switch (change) {
    case SP_CHANGE_FETCHING:
        return "fetching";
    case SP_CHANGE_PUBLISH:
        return "publish";
    case SP_CHANGE_NONE:
    default:
        return "";
    }
}

static void domain_out(const struct sp_domain *d, struct sealpost_domain *out)
{
    sp_time now = sp_app_now();
    struct sp_policy in_force;
    sp_life_in_force(d, &in_force);
    COPY(out->name, d->name);
    COPY(out->state, sp_domain_state_text(d->state));
    sp_life_sentence(d, now, out->sentence, sizeof out->sentence);
    COPY(out->change, change_text(sp_life_change(d, out->old_id, out->policy_id)));
    out->mode = mode_out(in_force.mode);
    out->max_age = in_force.max_age;
    out->mx_n = d->policy.mx_n;
    COPY(out->rua, d->rua);
    out->expires = d->not_after;
    sp_life_next(d, now, out->next_what, sizeof out->next_what, &out->next_at);
    COPY(out->error_id, d->error_id);
    COPY(out->error, d->error);
    out->error_at = d->error_at;
    out->failures = d->failures;
    out->wants_care = sp_life_health(d, sp_clock_utc(now)) >= SP_DOMAIN_WANTS_CARE;
    out->auto_days = d->auto_days;
    out->clean_since = d->clean_since;
    out->retire_until = sp_life_retire_until(d);
}

int sealpost_domain_get(const char *domain, struct sealpost_domain *out, struct sealpost_why *why)
{
    size_t mark = sp_scratch_mark();
    struct sp_domain *d;
    int err = sp_app_domain(domain, SP_DOMAIN_MX, &d, why);
    memset(out, 0, sizeof *out);
    if (err == SP_OK) {
        domain_out(d, out);
    }
    sp_scratch_release(mark);
    return err;
}

int sealpost_domain_mx(const char *domain, unsigned i, char out[SEALPOST_MX_SIZE])
{
    size_t mark = sp_scratch_mark();
    struct sp_domain *d;
    int err = sp_app_domain(domain, SP_DOMAIN_MX, &d, NULL);
    out[0] = '\0';
    if (err == SP_OK && i >= d->policy.mx_n) {
        err = SP_E_NOT_FOUND;
    }
    if (err == SP_OK) {
        sp_text_cut(out, SEALPOST_MX_SIZE, d->policy.mx[i]);
    }
    sp_scratch_release(mark);
    return err;
}

int sealpost_domain_left_mx(const char *domain, unsigned i, char out[SEALPOST_MX_SIZE],
                            sp_utc *until)
{
    size_t mark = sp_scratch_mark();
    struct sp_domain *d;
    int err = sp_app_domain(domain, SP_DOMAIN_MX, &d, NULL);
    out[0] = '\0';
    *until = 0;
    if (err == SP_OK && i >= d->left_n) {
        err = SP_E_NOT_FOUND;
    }
    if (err == SP_OK) {
        sp_text_cut(out, SEALPOST_MX_SIZE, d->policy.mx[d->policy.mx_n + i]);
        *until = d->left_until[i];
    }
    sp_scratch_release(mark);
    return err;
}

int sealpost_domain_risk(const char *domain, char *out, size_t cap)
{
    size_t mark = sp_scratch_mark();
    struct sp_domain *d;
    int err = sp_app_domain(domain, SP_DOMAIN_BRIEF, &d, NULL);
    out[0] = '\0';
    if (err == SP_OK) {
        sp_life_risk(d, sp_clock_utc(sp_app_now()), out, cap);
    }
    sp_scratch_release(mark);
    return err;
}

int sealpost_domain_policy(const char *domain, char *out, size_t cap)
{
    size_t mark = sp_scratch_mark();
    struct sp_domain *d;
    struct sp_buf text;
    int err = sp_app_domain(domain, SP_DOMAIN_MX, &d, NULL);
    sp_buf_init(&text, out, cap);
    if (err == SP_OK) {
        struct sp_policy in_force;
        sp_life_in_force(d, &in_force);
        err = sp_policy_text(&in_force, &text);
    }
    sp_scratch_release(mark);
    return err < 0 ? err : (int)text.len;
}

static void record_out(const struct sp_record *record, struct sealpost_record *out)
{
    COPY(out->type, record->type);
    COPY(out->name, record->name);
    COPY(out->value, record->value);
    out->ttl = record->ttl;
    out->remove = record->remove;
}

/* What the records are made of. */
struct record_facts {
    char name[SP_DOMAIN_SIZE], rua[SP_RUA_MAX], id[SP_POLICY_ID_SIZE];
    bool over; /* a policy was served, and no record is to tell of one any more */
    /* Of the CA, for a CAA record that allows it; "" : those that are there do. */
    char ca[SP_CA_IDENTITIES_SIZE];
};

/* The id that is in DNS, as far as is known. */
static void id_left_behind(const struct sp_domain *d, char id[SP_POLICY_ID_SIZE])
{
    if (d->dns_id[0] != '\0') {
        memcpy(id, d->dns_id, SP_POLICY_ID_SIZE);
    } else {
        sp_policy_id(&d->policy, id);
    }
}

/* The first of the CA's names, when the caa check found that it may not issue. */
static void take_ca(const struct sp_domain *d, struct record_facts *out)
{
    struct sp_span names = sp_span_str(sp_acme_ca_identities());
    struct sp_span first;
    if (d->checks[SP_CHECK_CAA].result == SP_DOMAIN_FAIL && sp_span_split(&names, ' ', &first)) {
        (void)sp_span_copy(first, out->ca, sizeof out->ca);
    }
}

static int facts_of(const char *domain, struct record_facts *out, struct sealpost_why *why)
{
    size_t mark = sp_scratch_mark();
    struct sp_domain *d;
    int err = sp_app_domain(domain, SP_DOMAIN_MX, &d, why);
    if (err == SP_OK) {
        COPY(out->name, d->name);
        sp_life_published_id(d, sp_clock_utc(sp_app_now()), out->id);
        out->over = out->id[0] == '\0';
        if (out->over) { /* then it says what is to be deleted */
            id_left_behind(d, out->id);
        }
        COPY(out->rua, out->over ? "" : d->rua); /* reports tell of more than this policy */
        if (!out->over) {
            take_ca(d, out);
        }
    }
    sp_scratch_release(mark);
    return err;
}

int sealpost_domain_record(const char *domain, unsigned i, struct sealpost_record *out,
                           struct sealpost_why *why)
{
    size_t mark = sp_scratch_mark();
    struct record_facts facts = {0};
    struct sp_record *record;
    struct sp_addr addresses[2];
    struct sp_records_wish wish = {.domain = facts.name,
                                   .policy_id = facts.id,
                                   .rua = facts.rua,
                                   .addresses = addresses,
                                   .addresses_n = sp_app_public_addresses(addresses, 2),
                                   .ca = facts.ca,
                                   .account = sp_acme_account_url()};
    unsigned n;
    int err = facts_of(domain, &facts, why);
    if (err < 0) {
        return err;
    }
    wish.over = facts.over;
    if (wish.addresses_n == 0) {
        return sp_app_why(why, SP_E_STATE, "public_unknown",
                          "The address under which the world sees this appliance is not known, and "
                          "the records need it: `net public ADDR` sets it.");
    }
    record = sp_scratch_take(sizeof *record);
    n = sp_records_make(&wish, i, record);
    if (i < n) {
        record_out(record, out);
    }
    sp_scratch_release(mark);
    return (int)n;
}

void sealpost_record_line(const struct sealpost_record *record, char *out, size_t cap)
{
    size_t mark = sp_scratch_mark();
    struct sp_record *line = sp_scratch_take(sizeof *line);
    struct sp_buf text;
    COPY(line->type, record->type);
    COPY(line->name, record->name);
    COPY(line->value, record->value);
    line->ttl = record->ttl;
    sp_buf_init(&text, out, cap);
    sp_record_zone_line(line, &text);
    sp_scratch_release(mark);
}

/* --- acts --- */

typedef int (*life_act)(const char *name, unsigned arg, sp_time now, char *why, size_t cap);

static int act(const char *domain, life_act life, unsigned arg, struct sealpost_why *why)
{
    size_t mark = sp_scratch_mark();
    char *sentence = sp_scratch_take(sizeof why->sentence);
    char name[SP_DOMAIN_SIZE];
    int err = known_name(domain, name, why);
    if (err == SP_OK) {
        sentence[0] = '\0';
        err = life(name, arg, sp_app_now(), sentence, sizeof why->sentence);
        if (err < 0) {
            (void)sp_app_why(why, err, id_of(err), "%s", sentence);
        }
    }
    sp_scratch_release(mark);
    return err < 0 ? err : SP_OK;
}

static int enable(const char *name, unsigned arg, sp_time now, char *why, size_t cap)
{
    (void)arg;
    return sp_life_enable(name, now, why, cap);
}

int sealpost_enable(const char *domain, struct sealpost_why *why)
{
    return act(domain, enable, 0, why);
}

static int disable(const char *name, unsigned at_once, sp_time now, char *why, size_t cap)
{
    return sp_life_disable(name, at_once != 0, now, why, cap);
}

int sealpost_disable(const char *domain, bool at_once, struct sealpost_why *why)
{
    return act(domain, disable, at_once ? 1 : 0, why);
}

static int promote(const char *name, unsigned force, sp_time now, char *why, size_t cap)
{
    sp_app_report_asked(name);
    return sp_life_promote(name, force != 0, now, why, cap);
}

int sealpost_promote(const char *domain, bool force, struct sealpost_why *why)
{
    return act(domain, promote, force ? 1 : 0, why);
}

int sealpost_auto(const char *domain, unsigned days, struct sealpost_why *why)
{
    return act(domain, sp_life_auto, days, why);
}

static int renew(const char *name, unsigned arg, sp_time now, char *why, size_t cap)
{
    (void)arg;
    return sp_life_renew(name, now, why, cap);
}

int sealpost_renew(const char *domain, struct sealpost_why *why)
{
    return act(domain, renew, 0, why);
}

static int check(const char *name, unsigned arg, sp_time now, char *why, size_t cap)
{
    (void)arg;
    sp_app_report_asked(name);
    return sp_life_check(name, now, why, cap);
}

int sealpost_check(const char *domain, struct sealpost_why *why)
{
    return act(domain, check, 0, why);
}

static int remove_now(const char *name, unsigned arg, sp_time now, char *why, size_t cap)
{
    int err = sp_life_remove(name, now, why, cap);
    (void)arg;
    if (err == SP_OK) {
        sp_app_report_drop(name);
        (void)sp_store_delete(&sp_app.store, SP_KIND_REPORTS, name); /* mostly there is none */
        sp_chain_sweep_begin();
    }
    return err;
}

int sealpost_domain_remove(const char *domain, struct sealpost_why *why)
{
    return act(domain, remove_now, 0, why);
}
