/* What an operator does: each act is in flash before its function returns. */
#include "base/err.h"
#include "base/log.h"
#include "base/scratch.h"
#include "mtasts/life_internal.h"
#include "mtasts/names.h"
#include "mtasts/records.h"

#include <stdio.h>
#include <string.h>

/* The longest name that the records put something before: "_smtp._tls." */
#define NAME_MAX_WITH_RECORDS (SP_DOMAIN_SIZE - 1 - (sizeof "_smtp._tls." - 1))

static int say(int err, char *why, size_t cap, const char *sentence)
{
    (void)snprintf(why, cap, "%s", sentence);
    return err;
}

static int say_name(int err, char *why, size_t cap, const char *name, const char *fault)
{
    char quoted[SP_QUOTE_SIZE];

    (void)snprintf(why, cap, "%s %s.", sp_name_quote(sp_span_str(name), quoted), fault);
    return err;
}

/* The domain is not in a state for what was asked. */
int sp_life_refuse(char *why, size_t cap, const char *name, const char *fault)
{
    return say_name(SP_E_STATE, why, cap, name, fault);
}

/* After something was changed in the domain that was loaded. */
int sp_life_keep(struct sp_domain *domain, sp_utc utc, char *why, size_t cap)
{
    int err = sp_life_save(domain, utc);

    if (err == 0) {
        return 0;
    }
    (void)snprintf(why, cap, "Nothing was changed, for it could not be stored: %s.",
                   sp_err_text(err));
    return err == SP_E_IO ? SP_E_IO : SP_E_FULL;
}

/* Loads what there is room for in the domain. */
static int load_into(struct sp_domain *domain, const char *given, char *why, size_t cap)
{
    char name[SP_DOMAIN_SIZE];
    int err = SP_E_NOT_FOUND;

    if (sp_hostname(sp_span_str(given), name) == 0) {
        err = sp_life_load_into(domain, name);
    }
    if (err == SP_E_NOT_FOUND) {
        (void)say_name(err, why, cap, given, "is not a domain of this appliance");
    } else if (err < 0) {
        (void)say_name(err, why, cap, given, "cannot be read: its record in flash is damaged");
    }
    return err;
}

int sp_life_perform(sp_life_act act, const char *given, unsigned arg, sp_time now, char *why,
                    size_t cap)
{
    size_t mark = sp_scratch_mark();
    struct sp_domain *domain = sp_domain_take(SP_DOMAIN_WHOLE);
    int err = load_into(domain, given, why, cap);

    if (err == 0) {
        err = act(domain, arg, now, why, cap);
    }
    sp_scratch_release(mark);
    return err;
}

/* --- add, set, remove --- */

static int check_name(const char *given, char *name, char *why, size_t cap)
{
    const char *fault = sp_name_fault(sp_span_str(given));
    char ignored[SP_DOMAIN_SIZE];

    if (fault != NULL || sp_hostname(sp_span_str(given), name) < 0) {
        return say_name(SP_E_INVALID, why, cap, given, fault != NULL ? fault : "is no name");
    }
    if (sp_domain_of_host(name, ignored) == 0) {
        return say_name(SP_E_INVALID, why, cap, given,
                        "is a policy host: give the mail domain, without mta-sts. in front");
    }
    if (strlen(name) > NAME_MAX_WITH_RECORDS) {
        return say_name(SP_E_INVALID, why, cap, given,
                        "is too long: with _smtp._tls. or mta-sts. in front of it, its records "
                        "would have more than 253 characters");
    }
    return 0;
}

/* "" asks for postmaster's address. */
static int put_rua(struct sp_domain *domain, const char *rua, char *why, size_t cap)
{
    char own[sizeof "mailto:postmaster@" + SP_DOMAIN_SIZE];
    int err;

    if (rua == NULL || rua[0] == '\0') {
        (void)snprintf(own, sizeof own, "mailto:postmaster@%s", domain->name);
        rua = own;
    }
    err = sp_rua_check(sp_span_str(rua), why, cap);
    return err < 0 ? err : sp_span_copy(sp_span_str(rua), domain->rua, sizeof domain->rua);
}

static int add(const char *name, const struct sp_policy *policy, const char *rua, char *why,
               size_t cap)
{
    struct sp_domain *domain = sp_domain_take(SP_DOMAIN_BRIEF);
    int err = sp_policy_check(policy, why, cap);

    memset(&sp_life.counted, 0, sizeof sp_life.counted);
    (void)snprintf(domain->name, sizeof domain->name, "%s", name);
    domain->policy = *policy;
    if (err == 0) {
        err = put_rua(domain, rua, why, cap);
    }
    return err < 0 ? err : sp_life_keep(domain, 0, why, cap);
}

int sp_life_add(const char *given, const struct sp_policy *policy, const char *rua, bool force,
                char *why, size_t cap)
{
    char name[SP_DOMAIN_SIZE];
    size_t mark = sp_scratch_mark();
    int err = check_name(given, name, why, cap);

    if (err < 0) {
        return err;
    }
    if (sp_store_length(sp_life.store, SP_KIND_DOMAIN, name) >= 0) {
        return say_name(SP_E_EXISTS, why, cap, name, "is here already");
    }
    if (sp_store_count(sp_life.store, SP_KIND_DOMAIN) >= SP_DOMAINS_MAX) {
        return say(SP_E_FULL, why, cap, "This appliance takes 1000 domains, and has them.");
    }
    if (policy->mode == SP_MODE_ENFORCE && !force) {
        return say(SP_E_STATE, why, cap,
                   "A new domain begins in mode testing, so that a mistake loses no mail; promote "
                   "it when its checks pass. Mode enforce at once wants force.");
    }
    err = add(name, policy, rua, why, cap);
    sp_scratch_release(mark);
    return err;
}

/* What the policy until now has to say to the wished one. */
struct before {
    char id[SP_POLICY_ID_SIZE];
    uint16_t turn;
    sp_utc left_until[SP_MX_MAX];
    uint8_t left_n;
};

/* The patterns that leave come behind the wished ones: there is room for one list of them beside
 * the caller's at a time. */
static int look_before(const char *given, const struct sp_policy *policy, bool force, sp_utc utc,
                       struct before *out, char *why, size_t cap)
{
    size_t mark = sp_scratch_mark();
    struct sp_domain *domain = sp_domain_take(SP_DOMAIN_MX);
    int err = load_into(domain, given, why, cap);
    bool to_enforce =
        err == 0 && policy->mode == SP_MODE_ENFORCE && domain->policy.mode != SP_MODE_ENFORCE;

    if (to_enforce && !force) {
        err = sp_life_enforce_fault(domain, why, cap);
    }
    if (err == 0) {
        sp_policy_id(&domain->policy, out->id);
        out->turn = domain->policy.turn;
        out->left_n = sp_life_leave(domain, policy, utc, out->left_until);
    }
    sp_scratch_release(mark);
    return err;
}

static void note_policy(struct sp_domain *domain, const struct sp_policy *policy,
                        const struct before *before, bool differs, sp_utc utc)
{
    domain->policy = *policy;
    domain->policy.turn = before->turn;
    memcpy(domain->left_until, before->left_until, sizeof domain->left_until);
    domain->left_n = before->left_n;
    if (domain->state != SP_DOMAIN_ACTIVE) {
        return;
    }
    domain->next_check = sp_life_at_once(utc);
    if (differs) {
        sp_life_policy_changed(domain, utc);
    }
}

static int set(const char *given, const struct sp_policy *policy, const char *rua, bool force,
               sp_utc utc, char *why, size_t cap)
{
    struct before before = {.left_n = 0};
    struct sp_policy wished = *policy;
    char after[SP_POLICY_ID_SIZE];
    struct sp_domain *domain;
    int err = look_before(given, policy, force, utc, &before, why, cap);

    if (err < 0) {
        return err;
    }
    wished.turn = before.turn;
    sp_policy_id(&wished, after);
    domain = sp_domain_take(SP_DOMAIN_KEY | SP_DOMAIN_LEAF);
    err = load_into(domain, given, why, cap);
    if (err == 0 && domain->state == SP_DOMAIN_RETIRING && strcmp(before.id, after) != 0) {
        err = sp_life_refuse(why, cap, domain->name, "is being retired: enable it first");
    }
    if (err == 0) {
        err = put_rua(domain, rua, why, cap);
    }
    if (err < 0) {
        return err;
    }
    note_policy(domain, policy, &before, strcmp(before.id, after) != 0, utc);
    return sp_life_keep(domain, utc, why, cap);
}

int sp_life_set(const char *given, const struct sp_policy *policy, const char *rua, bool force,
                sp_time now, char *why, size_t cap)
{
    size_t mark = sp_scratch_mark();
    int err = sp_policy_check(policy, why, cap);

    if (err == 0) {
        err = set(given, policy, rua, force, sp_life_utc(now), why, cap);
    }
    sp_scratch_release(mark);
    return err;
}

static int remove_it(struct sp_domain *domain, unsigned arg, sp_time now, char *why, size_t cap)
{
    int err;

    (void)arg;
    if (domain->state == SP_DOMAIN_RETIRING) {
        return sp_life_refuse(why, cap, domain->name,
                              "is being retired: wait for its end, or disable it at once");
    }
    if (domain->state != SP_DOMAIN_DISABLED) {
        return sp_life_refuse(why, cap, domain->name, "is enabled: disable it first");
    }
    err = sp_store_delete(sp_life.store, SP_KIND_DOMAIN, domain->name);
    if (err < 0) {
        (void)snprintf(why, cap, "It could not be removed: %s.", sp_err_text(err));
        return err;
    }
    sp_log_info("mtasts", "%s: removed", domain->name);
    sp_life_tally_move(&sp_life.counted, NULL);
    sp_life_order_drop(domain->name);
    sp_chain_sweep_begin();
    sp_life_changed(domain->name);
    sp_life_risk(domain, sp_life_utc(now), why, cap);
    return 0;
}

int sp_life_remove(const char *given, sp_time now, char *why, size_t cap)
{
    return sp_life_perform(remove_it, given, 0, now, why, cap);
}

/* --- enable, disable, renew, check --- */

/* Back from a retirement: the host is served as it is, and the former policy is a change again. */
static void enable_again(struct sp_domain *domain, sp_utc utc)
{
    sp_life_set_state(domain, SP_DOMAIN_ACTIVE, utc);
    sp_life_policy_changed(domain, utc);
}

static void enable_anew(struct sp_domain *domain, sp_utc utc)
{
    domain->failures = 0;
    domain->next_try = 0;
    domain->next_check = sp_life_at_once(utc);
    domain->clean_since = 0;
    domain->fetched_back = false;
    sp_life_set_error(domain, "", "", 0);
    memset(domain->checks, 0, sizeof domain->checks);
    sp_life_outdate_check(domain->name);
    sp_life_set_state(domain, SP_DOMAIN_WAITING_DNS, utc);
}

static int enable(struct sp_domain *domain, unsigned arg, sp_time now, char *why, size_t cap)
{
    sp_utc utc = sp_life_utc(now);

    (void)arg;
    if (domain->state == SP_DOMAIN_RETIRING) { /* `none` was served under another id */
        domain->policy.turn++;
    }
    domain->retire_from = 0;
    if (domain->state == SP_DOMAIN_RETIRING && (utc == 0 || sp_life_has_valid(domain, utc))) {
        enable_again(domain, utc);
    } else if (domain->state == SP_DOMAIN_RETIRING || domain->state == SP_DOMAIN_DISABLED) {
        enable_anew(domain, utc);
    } else {
        return sp_life_refuse(why, cap, domain->name, "is enabled already");
    }
    return sp_life_keep(domain, utc, why, cap);
}

int sp_life_enable(const char *given, sp_time now, char *why, size_t cap)
{
    return sp_life_perform(enable, given, 0, now, why, cap);
}

/* Its host is served on, and its certificate renewed. */
static int retire(struct sp_domain *domain, sp_utc utc, char *why, size_t cap)
{
    if (domain->next_try == 0) { /* it waited for DNS */
        domain->next_try = sp_life_at_once(utc);
    }
    domain->retire_from = 0;
    sp_life_set_state(domain, SP_DOMAIN_RETIRING, utc);
    sp_life_policy_changed(domain, utc);
    return sp_life_keep(domain, utc, why, cap);
}

static int disable_at_once(struct sp_domain *domain, sp_utc utc, char *why, size_t cap)
{
    int err;

    domain->failures = 0;
    domain->next_try = 0;
    domain->next_check = sp_life_has_served(domain) ? sp_life_at_once(utc) : 0;
    domain->clean_since = 0;
    sp_life_set_error(domain, "", "", 0);
    memset(domain->checks, 0, sizeof domain->checks);
    sp_life_outdate_check(domain->name);
    sp_life_set_state(domain, SP_DOMAIN_DISABLED, utc);
    err = sp_life_keep(domain, utc, why, cap);
    if (err == 0) {
        sp_life_order_drop(domain->name);
    }
    return err;
}

static int disable(struct sp_domain *domain, unsigned at_once, sp_time now, char *why, size_t cap)
{
    sp_utc utc = sp_life_utc(now);

    if (domain->state == SP_DOMAIN_DISABLED) {
        return sp_life_refuse(why, cap, domain->name, "is disabled already");
    }
    if (at_once != 0 || domain->max_age_served == 0) {
        return disable_at_once(domain, utc, why, cap);
    }
    if (domain->state == SP_DOMAIN_RETIRING) {
        return sp_life_refuse(why, cap, domain->name,
                              "is being retired already; disabling it at once skips the wait");
    }
    return retire(domain, utc, why, cap);
}

int sp_life_disable(const char *given, bool at_once, sp_time now, char *why, size_t cap)
{
    return sp_life_perform(disable, given, at_once ? 1 : 0, now, why, cap);
}

static const char *renew_fault(const struct sp_domain *domain)
{
    if (domain->state == SP_DOMAIN_DISABLED) {
        return "is disabled: enable it to get a certificate";
    }
    if (domain->state == SP_DOMAIN_WAITING_DNS) {
        return "waits for DNS: a certificate is ordered as soon as its records point here";
    }
    return NULL;
}

static int renew(struct sp_domain *domain, unsigned arg, sp_time now, char *why, size_t cap)
{
    const char *fault = renew_fault(domain);

    (void)arg;
    if (fault != NULL) {
        return sp_life_refuse(why, cap, domain->name, fault);
    }
    if (sp_life.order.active && strcmp(sp_life.order.name, domain->name) == 0) {
        return 0; /* what is asked for is under way */
    }
    domain->next_try = sp_life_at_once(sp_life_utc(now));
    return sp_life_keep(domain, sp_life_utc(now), why, cap);
}

int sp_life_renew(const char *given, sp_time now, char *why, size_t cap)
{
    return sp_life_perform(renew, given, 0, now, why, cap);
}

int sp_life_check(const char *given, sp_time now, char *why, size_t cap)
{
    char name[SP_DOMAIN_SIZE];
    unsigned i = 0;

    (void)now;
    if (sp_hostname(sp_span_str(given), name) < 0 ||
        sp_store_length(sp_life.store, SP_KIND_DOMAIN, name) < 0) {
        return say_name(SP_E_NOT_FOUND, why, cap, given, "is not a domain of this appliance");
    }
    while (i < SP_LIFE_ASKED && sp_life.asked[i][0] != '\0' &&
           strcmp(sp_life.asked[i], name) != 0) {
        i++;
    }
    if (i == SP_LIFE_ASKED) {
        return say(SP_E_FULL, why, cap,
                   "The checks of four other domains wait already: ask again in a minute.");
    }
    memcpy(sp_life.asked[i], name, sizeof name);
    sp_life.quiet_until = 0;
    return 0;
}

bool sp_life_checking(const char *given)
{
    char name[SP_DOMAIN_SIZE];

    if (sp_hostname(sp_span_str(given), name) < 0) {
        return false;
    }
    for (unsigned i = 0; i < SP_LIFE_ASKED; i++) {
        if (strcmp(sp_life.asked[i], name) == 0) {
            return true;
        }
    }
    return sp_life.check.active && strcmp(sp_life.check.name, name) == 0;
}
