#include "fleet.h"

#include "base/err.h"
#include "crypto/cert.h"
#include "mtasts/life.h"
#include "mtasts/schedule.h"

#include <stdio.h>
#include <string.h>

#define NAME_SIZE 40
#define MX_SIZE (NAME_SIZE + 16)

static char work_mx[SP_MX_MAX][SP_MX_SIZE];
static uint8_t work_key[SP_KEY_DER_MAX], work_leaf[SP_LEAF_MAX];
static struct sp_domain work = {.policy.mx = work_mx, .key = work_key, .leaf = work_leaf};

const char *fleet_name(unsigned i)
{
    static char name[NAME_SIZE];

    (void)snprintf(name, sizeof name, "c%04u.customers.test", i);
    return name;
}

const char *fleet_host(unsigned i)
{
    static char host[SP_DOMAIN_SIZE];

    (void)sp_domain_host(fleet_name(i), host);
    return host;
}

static void mx_of(unsigned i, char *out)
{
    (void)snprintf(out, MX_SIZE, "mx%u.%s", i % 7, fleet_name(i));
}

static int set_policy(struct sp_policy *policy, unsigned i)
{
    char mx[MX_SIZE];
    char why[160];

    mx_of(i, mx);
    policy->mode = i % 2 == 0 ? SP_MODE_ENFORCE : SP_MODE_TESTING;
    policy->max_age = SP_MAX_AGE_DEFAULT + i;
    return sp_policy_add_mx(policy, sp_span_str(mx), why, sizeof why);
}

void fleet_policy_id(unsigned i, char *out)
{
    char mx[SP_MX_MAX][SP_MX_SIZE];
    struct sp_policy policy = {.mx = mx};

    (void)set_policy(&policy, i);
    sp_policy_id(&policy, out);
}

/* Moments spread as chance would have them, the same in each run. */
static uint32_t spread(unsigned i)
{
    return (i + 1) * 2654435761U;
}

static void make_active(unsigned i, sp_utc now)
{
    work.state = SP_DOMAIN_ACTIVE;
    work.state_since = now;
    work.max_age_served = work.policy.max_age;
    work.served_since = now;
    work.next_check = now + sp_check_wait(spread(i));
    for (unsigned id = 0; id < SP_DOMAIN_CHECKS; id++) {
        work.checks[id].result = SP_DOMAIN_PASS;
        work.checks[id].changed = now;
        (void)snprintf(work.checks[id].code, sizeof work.checks[id].code, "ok");
    }
}

static int install(struct sp_store *store, unsigned i, const struct authority_leaf *leaf,
                   sp_utc now)
{
    int err = sp_domain_install(store, &work, sp_span(leaf->key.der, leaf->key.n), leaf->chain,
                                AUTHORITY_LINKS);

    if (err == 0) {
        work.next_try = sp_renewal_due(work.not_before, work.not_after, spread(i));
        work.counted = (uint8_t)sp_life_health(&work, now);
        err = sp_domain_save(store, &work);
    }
    sp_domain_wipe(&work);
    return err;
}

int fleet_add(struct sp_store *store, unsigned i, const struct authority_leaf *leaf, sp_utc now)
{
    int err;

    sp_domain_wipe(&work);
    (void)snprintf(work.name, sizeof work.name, "%s", fleet_name(i));
    err = set_policy(&work.policy, i);
    if (err < 0)
        return err;
    make_active(i, now);
    return install(store, i, leaf, now);
}

int fleet_renew(struct sp_store *store, unsigned i, const struct authority_leaf *leaf, sp_utc now)
{
    int err = sp_domain_load(store, fleet_name(i), &work);

    return err < 0 ? err : install(store, i, leaf, now);
}

/* --- looking --- */

static bool has_its_policy(unsigned i)
{
    char mx[MX_SIZE];

    mx_of(i, mx);
    return work.state == SP_DOMAIN_ACTIVE && work.policy.mx_n == 1 &&
           work.policy.max_age == SP_MAX_AGE_DEFAULT + i && strcmp(work.policy.mx[0], mx) == 0;
}

static bool key_fits(unsigned i)
{
    static struct sp_cert_info info;
    struct sp_span leaf = sp_span(work.leaf, work.leaf_n);
    struct sp_key key;
    bool fits = sp_key_load(sp_span(work.key, work.key_n), &key) == 0 &&
                sp_cert_matches_key(leaf, &key) == 0;

    sp_key_wipe(&key);
    return fits && sp_cert_read(leaf, &info) == 0 && sp_cert_matches(&info, fleet_host(i));
}

/* The links are those that the domain names, and the first of them signed the leaf. */
static bool chain_holds(struct sp_store *store)
{
    uint8_t link[SP_LINK_MAX];
    uint8_t hash[SP_SHA256_SIZE];

    for (unsigned i = 0; i < FLEET_SHARED; i++) {
        int n = sp_domain_link(store, &work, i, link, sizeof link);
        struct sp_span der = sp_span(link, n > 0 ? (size_t)n : 0);

        sp_sha256(der, hash);
        if (n <= 0 || memcmp(hash, work.links[i], sizeof hash) != 0)
            return false;
        if (i == 0 && sp_cert_signed_by(sp_span(work.leaf, work.leaf_n), der) < 0)
            return false;
    }
    return work.links_n == FLEET_SHARED;
}

bool fleet_whole(struct sp_store *store, unsigned i, uint8_t hash[SP_SHA256_SIZE])
{
    char name[SP_DOMAIN_SIZE];
    bool whole = sp_domain_of_host(fleet_host(i), name) == 0 &&
                 sp_domain_load(store, name, &work) == 0 && work.leaf_n == AUTHORITY_LEAF &&
                 has_its_policy(i) && key_fits(i) && chain_holds(store);

    sp_sha256(sp_span(work.leaf, work.leaf_n), hash);
    sp_domain_wipe(&work);
    return whole;
}
