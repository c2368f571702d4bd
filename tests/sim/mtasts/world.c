#include "world.h"

#include "base/err.h"
#include "base/port.h"
#include "base/scratch.h"
#include "sp_port.h"

#include "cm.h"
#include "fake_cert.h"

#include <stdio.h>
#include <string.h>

#define ALL ((1U << SP_DOMAIN_CHECKS) - 1)

struct world world;
static const struct sp_life_check_result *results_of_run;

sp_utc world_utc(void)
{
    return world.clock_set ? UTC_BEGIN + world.utc_offset + (sp_utc)(world.now / 1000) : 0;
}

struct host *world_host(const char *domain)
{
    unsigned i = 0;

    while (i < world.hosts_n && strcmp(world.hosts[i].domain, domain) != 0) {
        i++;
    }
    assert_in_range(i, 0, world.hosts_n - 1);
    return &world.hosts[i];
}

/* --- what the app would hand in --- */

static sp_utc utc(void *ctx, sp_time now)
{
    (void)ctx;
    assert_true(now == world.now);
    return world_utc();
}

static struct host *host_of(const char *policy_host)
{
    char domain[SP_DOMAIN_SIZE];

    assert_int_equal(sp_domain_of_host(policy_host, domain), 0);
    return world_host(domain);
}

static void say(struct sp_life_failure *why, const char *id, const char *sentence, uint32_t after)
{
    strcpy(why->id, id);
    strcpy(why->sentence, sentence);
    why->retry_after = after;
}

static int order_start(void *ctx, const char *policy_host, sp_time now, struct sp_life_failure *why)
{
    struct host *host = host_of(policy_host);
    bool resumed = strcmp(world.ordering, policy_host) == 0;
    (void)ctx;

    assert_false(world.order_running);
    assert_true(host->dns_passed_last); /* never before DNS is right */
    assert_true(world.clock_set);
    if (host->ca == CA_BLOCKED) {
        say(why, "terms", "The CA's terms are not agreed to yet.", 0);
        return SP_E_STATE;
    }
    strcpy(world.ordering, policy_host);
    world.order_began = now;
    world.order_running = true;
    if (resumed) {
        world.orders_resumed++;
        return 0;
    }
    world.orders_new++;
    host->orders++;
    host->ordered_at = world_utc();
    return 0;
}

static int give(struct host *host, struct sp_life_certificate *out)
{
    sp_utc begin = world_utc() - HOUR;

    if (host->lifetime < DAY) {
        begin = world_utc() - 1;
    }
    if (host->ca == CA_GIVES_EXPIRED) {
        begin = world_utc() - host->lifetime;
    }
    if (host->ca == CA_GIVES_OLD) {
        begin = world_utc() - host->lifetime * 9 / 10;
    }
    fake_cert_make(world.ordering, begin, begin + host->lifetime, out);
    if (host->ca == CA_GIVES_RUBBISH) {
        out->chain[0] = sp_span("rubbish", 7);
    }
    host->certificates++;
    return 0;
}

static int order_poll(void *ctx, struct sp_life_certificate *out, struct sp_life_failure *why)
{
    struct host *host;
    (void)ctx;

    if (world.ordering[0] == '\0') {
        return SP_E_CANCELLED;
    }
    host = host_of(world.ordering);
    assert_true(world.order_running);
    if (world.now - world.order_began < world.order_ms || host->ca == CA_HANGS) {
        return SP_E_AGAIN;
    }
    if (host->ca != CA_REFUSES) {
        return give(host, out);
    }
    say(why, "unauthorized", "The CA could not fetch the challenge.", host->retry_after);
    return SP_E_PROTOCOL;
}

void world_drop_order(void)
{
    world.ordering[0] = '\0';
    world.order_running = false;
}

static void order_finish(void *ctx)
{
    (void)ctx;
    world_drop_order();
    world.finishes++;
}

static void order_cancel(void *ctx, const char *policy_host)
{
    (void)ctx;
    host_of(policy_host)->cancels++;
    if (strcmp(world.ordering, policy_host) == 0) {
        world_drop_order();
    }
}

static void note_full_check(struct host *host)
{
    sp_utc gap = world_utc() - host->checked_at;

    if (host->checked_at != 0 && gap > host->longest_gap) {
        host->longest_gap = gap;
    }
    host->checked_at = world_utc();
    host->full_checks++;
}

static void note_wanted(const struct sp_domain *domain, char *wanted)
{
    bool over = domain->state == SP_DOMAIN_DISABLED && domain->max_age_served > 0;
    struct sp_policy in_force;

    sp_life_in_force(domain, &in_force);
    sp_policy_id(&in_force, wanted);
    if (over) {
        wanted[0] = '\0';
    }
}

static int check_start(void *ctx, const struct sp_domain *domain, unsigned which, sp_time now)
{
    (void)ctx;
    if (world.checks_busy) {
        return SP_E_AGAIN;
    }
    assert_null(world.checking);
    assert_true(which == 1 || which == 9 || which == 15 || which == ALL);
    world.checking = world_host(domain->name);
    world.checking_which = which;
    world.check_began = now;
    note_wanted(domain, world.checking->wanted);
    if (!world.checking->by_hand) {
        sp_life_published_id(domain, world_utc(), world.checking->txt);
    }
    return 0;
}

static void result(struct sp_life_check_result *out, uint8_t value, const char *code)
{
    if ((world.checking_which & 1U << (out - results_of_run)) == 0) {
        return;
    }
    out->result = value;
    strcpy(out->code, value == SP_DOMAIN_PASS ? "ok" : code);
    out->reason = value == SP_DOMAIN_PASS ? "All is well." : "It points elsewhere.";
}

static void look_at_txt(struct host *host, struct sp_life_check_result *out,
                        struct sp_life_dns_id *seen)
{
    bool right = strcmp(host->txt, host->wanted) == 0;

    if ((world.checking_which & 8) == 0) {
        return;
    }
    if (host->dns_silent) {
        result(out, SP_DOMAIN_UNKNOWN, "servfail");
        return;
    }
    seen->known = true;
    strcpy(seen->id, host->txt);
    seen->ttl = host->txt[0] != '\0' ? host->ttl : 0;
    result(out, right ? SP_DOMAIN_PASS : SP_DOMAIN_FAIL,
           host->txt[0] == '\0'      ? "missing"
           : host->wanted[0] == '\0' ? "left_behind"
                                     : "id_differs");
}

static void note_run(struct host *host)
{
    host->looked_at = world_utc();
    switch (world.checking_which) {
    case ALL:
        note_full_check(host);
        break;
    case 15:
        host->short_checks++;
        break;
    case 9:
        host->leftover_checks++;
        break;
    default:
        host->dns_checks++;
    }
}

static int check_poll(void *ctx, struct sp_life_check_result out[SP_DOMAIN_CHECKS],
                      struct sp_life_dns_id *seen)
{
    struct host *host = world.checking;
    (void)ctx;

    assert_non_null(host);
    if (world.now - world.check_began < world.check_ms) {
        return SP_E_AGAIN;
    }
    memset(out, 0, SP_DOMAIN_CHECKS * sizeof out[0]);
    memset(seen, 0, sizeof *seen);
    results_of_run = out;
    result(&out[0], host->dns, host->dns_code);
    host->dns_passed_last = host->dns == SP_DOMAIN_PASS;
    result(&out[1], host->https, host->https_code);
    result(&out[2], host->certificate, "expired");
    look_at_txt(host, &out[3], seen);
    result(&out[4], host->mx_match, "mx_unlisted");
    result(&out[5], host->mx_tls, host->mx_tls_code);
    result(&out[6], host->seen, "inside_only");
    result(&out[9], host->clock, "clock_unknown");
    note_run(host);
    world.checking = NULL;
    return 0;
}

static void changed(void *ctx, const char *domain)
{
    (void)ctx;
    (void)domain;
    world.changes++;
}

static int reports(void *ctx, const char *domain, sp_utc now, char *sentence, size_t cap)
{
    const struct host *host = world_host(domain);
    (void)ctx;

    assert_true(now == world_utc());
    (void)snprintf(sentence, cap, "%s", host->reports);
    return host->reports[0] != '\0' ? 1 : 0;
}

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
};

/* --- time --- */

static int even_random(void *p, size_t n)
{
    static uint32_t seed = 1;
    uint8_t *bytes = p;

    for (size_t i = 0; i < n; i++) {
        seed = seed * 1103515245U + 12345U;
        bytes[i] = (uint8_t)(seed >> 16);
    }
    return 0;
}

static int entropy_read(struct sp_hal_entropy *entropy, void *buf, size_t n)
{
    (void)entropy;
    return even_random(buf, n);
}

static uint64_t mono_ms(struct sp_hal_clock *clock)
{
    (void)clock;
    return world.now;
}

void world_begin(void)
{
    static struct sp_hal_clock clock = {.mono_ms = mono_ms};
    static struct sp_hal_entropy entropy = {.read = entropy_read};

    sp_port_bind(&clock, &entropy, NULL);
    assert_int_equal(sp_crypto_start(), 0);
    sp_port_set_random(even_random);
    memset(&world, 0, sizeof world);
    world.clock_set = true;
    world.order_ms = 8000;
    world.check_ms = 1500;
    world_store_blank();
    assert_int_equal(sp_life_start(world_store, &ops), 0);
}

void world_reset(void)
{
    world.order_running = false;
    world.checking = NULL;
    sp_scratch_release(0); /* power may have gone in the midst of an act */
    world_store_reset();
    assert_int_equal(sp_life_start(world_store, &ops), 0);
}

bool world_step(sp_time until)
{
    sp_time next = sp_life_step(world.now);

    world.steps++;
    assert_true(next >= world.now);
    assert_int_equal(sp_scratch_use().used, 0);
    if (next > world.now && next < until) {
        world.now = next;
    }
    return next < until;
}

void world_run(sp_utc seconds)
{
    sp_time until = world.now + (sp_time)seconds * 1000;
    sp_time last = world.now;
    unsigned here = 0;

    while (world_step(until)) {
        here = world.now == last ? here + 1 : 0;
        last = world.now;
        if (here > 20 * world.hosts_n + 1000) {
            fail_msg("a busy loop at %llu ms", (unsigned long long)world.now);
        }
    }
    world.now = until;
}

/* --- domains --- */

struct host *world_add(const char *domain)
{
    static char patterns[SP_MX_MAX][SP_MX_SIZE];
    struct sp_policy policy = {.mx = patterns, .max_age = SP_MAX_AGE_DEFAULT};
    struct host *host = &world.hosts[world.hosts_n++];
    char why[240];

    *host = (struct host){
        .dns = SP_DOMAIN_PASS,
        .https = SP_DOMAIN_PASS,
        .certificate = SP_DOMAIN_PASS,
        .mx_match = SP_DOMAIN_PASS,
        .mx_tls = SP_DOMAIN_PASS,
        .seen = SP_DOMAIN_PASS,
        .clock = SP_DOMAIN_PASS,
        .dns_code = "a_elsewhere",
        .https_code = "status",
        .mx_tls_code = "cert_name",
        .ttl = 300,
        .lifetime = 90 * (sp_utc)DAY,
    };
    strcpy(host->domain, domain);
    assert_int_equal(sp_policy_add_mx(&policy, sp_span_str("mail.example.com"), why, sizeof why),
                     0);
    if (sp_life_add(domain, &policy, "", false, why, sizeof why) != 0) {
        fail_msg("%s", why);
    }
    return host;
}

void world_enable(const char *domain)
{
    char why[240];

    if (sp_life_enable(domain, world.now, why, sizeof why) != 0) {
        fail_msg("%s", why);
    }
}

struct sp_domain *world_domain(const char *domain)
{
    static char patterns[SP_MX_MAX][SP_MX_SIZE];
    static uint8_t key[SP_KEY_DER_MAX], leaf[SP_LEAF_MAX];
    static struct sp_domain out = {.policy.mx = patterns, .key = key, .leaf = leaf};

    assert_int_equal(sp_domain_load(world_store, domain, &out), 0);
    return &out;
}

void world_publish(const char *domain, const char *id)
{
    struct host *host = world_host(domain);

    host->by_hand = true;
    strcpy(host->txt, id);
}

const char *world_wanted(const char *domain)
{
    static char id[SP_POLICY_ID_SIZE];

    sp_life_published_id(world_domain(domain), world_utc(), id);
    return id;
}

const char *world_sentence(const char *domain)
{
    static char out[480];

    sp_life_sentence(world_domain(domain), world.now, out, sizeof out);
    return out;
}
