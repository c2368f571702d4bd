/* One domain: renewals. */
#include "base/err.h"
#include "mtasts/life_internal.h"

#include "cm.h"
#include "fake_cert.h"
#include "life_test.h"

#include <string.h>

static void a_renewal_comes_when_a_third_is_left(void **state)
{
    struct host *host = active_domain();
    sp_utc first = host->ordered_at;
    (void)state;

    world_run(61 * DAY + HOUR);
    assert_int_equal(host->orders, 2);
    assert_in_range(host->ordered_at, first + 60 * DAY - HOUR, first + 61 * DAY);
    assert_int_equal(host->certificates, 2);
    state_is(SP_DOMAIN_ACTIVE);
    assert_int_equal(world_domain(D)->not_after, host->ordered_at + 8 - HOUR + 90 * DAY);
    assert_int_equal(health(), SP_DOMAIN_FINE);
}

static void short_lives_are_renewed_at_half(void **state)
{
    struct host *host = world_add(D);
    (void)state;

    host->lifetime = 120;
    world_enable(D);
    world_run(20 * MINUTE);
    /* Each lives from 1 s before it is given; 60 to 65 s later the next is ordered, which takes 10
     * s. */
    assert_in_range(host->certificates, 14, 19);
    assert_true(world_domain(D)->not_after > world_utc());
    host->lifetime = 160 * HOUR;
    world_run(10 * MINUTE);
    host->orders = 0;
    world_run(90 * HOUR);
    assert_int_equal(host->orders, 1);
}

static void a_renewal_that_fails_keeps_serving_and_backs_off(void **state)
{
    struct host *host = active_domain();
    (void)state;

    host->ca = CA_REFUSES;
    world_run(61 * DAY);
    state_is(SP_DOMAIN_ACTIVE);
    assert_in_range(host->orders, 3, 6);
    assert_int_equal(world_domain(D)->failures, host->orders - 1);
    says("Active: the policy is served");
    says("The renewal failed: The CA could not fetch the challenge. The next try is at");
    assert_int_equal(health(), SP_DOMAIN_WANTS_CARE);
    world_run(29 * DAY);
    says("Active, but its certificate expired at");
    world_run(2 * HOUR);
    assert_int_equal(sp_life_tally().by_health[SP_DOMAIN_WANTS_CARE], 1);
    host->ca = CA_GIVES;
    world_run(28 * HOUR);
    assert_int_equal(health(), SP_DOMAIN_FINE);
}

static void a_domain_that_no_longer_points_here_is_not_renewed(void **state)
{
    struct host *host = active_domain();
    (void)state;

    host->dns = SP_DOMAIN_FAIL;
    world_run(75 * DAY);
    assert_int_equal(host->orders, 1);
    /* 1, 10, 100 minutes, then a try a day. */
    assert_in_range(world_domain(D)->failures, 15, 20);
    says("mta-sts.example.com has not pointed here since 20");
    says(": nothing is ordered for it, and it is looked at daily;");
    assert_string_equal(world_domain(D)->error_id, "dns_a_elsewhere");
    host->dns = SP_DOMAIN_PASS;
    world_run(28 * HOUR);
    assert_int_equal(host->orders, 2);
    assert_int_equal(health(), SP_DOMAIN_FINE);
}

static void dns_that_cannot_be_asked_puts_a_renewal_off_for_less(void **state)
{
    struct host *host = active_domain();
    (void)state;

    host->dns = SP_DOMAIN_UNKNOWN;
    world_run(64 * DAY);
    assert_int_equal(host->orders, 1);
    says("No renewal is ordered while DNS cannot be asked");
    assert_in_range(world_domain(D)->failures, 40, 70); /* each 100 minutes in the end */
    host->dns = SP_DOMAIN_PASS;
    world_run(2 * HOUR);
    assert_int_equal(host->orders, 2);
}

static void an_expired_certificate_of_an_enforced_policy_is_a_risk(void **state)
{
    struct sp_domain domain = {0};
    (void)state;

    domain.state = SP_DOMAIN_ACTIVE;
    domain.not_after = 1000;
    assert_int_equal(sp_life_health(&domain, 999), SP_DOMAIN_FINE);
    assert_int_equal(sp_life_health(&domain, 0), SP_DOMAIN_FINE);
    assert_int_equal(sp_life_health(&domain, 1000), SP_DOMAIN_WANTS_CARE);
    domain.policy.mode = SP_MODE_ENFORCE;
    assert_int_equal(sp_life_health(&domain, 1000), SP_DOMAIN_AT_RISK);
    domain.policy.mode = SP_MODE_TESTING;
    domain.state = SP_DOMAIN_DISABLED;
    assert_int_equal(sp_life_health(&domain, 1000), SP_DOMAIN_FINE);
}

/* A risk is what a sender that enforces fails on now. */
static void the_light_tells_risk_from_care(void **state)
{
    static const struct {
        unsigned check;
        const char *code;
        enum sp_domain_health active, retiring;
    } rows[] = {
        {0, "a_elsewhere", SP_DOMAIN_AT_RISK, SP_DOMAIN_WANTS_CARE},
        {1, "status", SP_DOMAIN_AT_RISK, SP_DOMAIN_WANTS_CARE},
        {2, "name", SP_DOMAIN_AT_RISK, SP_DOMAIN_WANTS_CARE},
        {3, "syntax", SP_DOMAIN_AT_RISK, SP_DOMAIN_WANTS_CARE},
        {3, "several", SP_DOMAIN_AT_RISK, SP_DOMAIN_WANTS_CARE},
        {3, "missing", SP_DOMAIN_WANTS_CARE, SP_DOMAIN_WANTS_CARE},
        {3, "id_differs", SP_DOMAIN_WANTS_CARE, SP_DOMAIN_WANTS_CARE},
        {4, "mx_unlisted", SP_DOMAIN_AT_RISK, SP_DOMAIN_AT_RISK},
        {5, "cert_name", SP_DOMAIN_AT_RISK, SP_DOMAIN_AT_RISK},
        {6, "outside_fails", SP_DOMAIN_WANTS_CARE, SP_DOMAIN_WANTS_CARE},
        {7, "missing", SP_DOMAIN_WANTS_CARE, SP_DOMAIN_WANTS_CARE},
        {8, "forbids", SP_DOMAIN_WANTS_CARE, SP_DOMAIN_WANTS_CARE},
        {9, "behind", SP_DOMAIN_WANTS_CARE, SP_DOMAIN_WANTS_CARE},
        {10, "refused", SP_DOMAIN_WANTS_CARE, SP_DOMAIN_WANTS_CARE},
    };
    (void)state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sp_domain domain = {.state = SP_DOMAIN_ACTIVE, .policy.mode = SP_MODE_ENFORCE};

        domain.checks[rows[i].check].result = SP_DOMAIN_UNKNOWN;
        assert_int_equal(sp_life_health(&domain, 999), SP_DOMAIN_FINE);
        domain.checks[rows[i].check].counts = SP_DOMAIN_FAIL;
        strcpy(domain.checks[rows[i].check].code, rows[i].code);
        assert_int_equal(sp_life_health(&domain, 999), rows[i].active);
        domain.state = SP_DOMAIN_RETIRING;
        assert_int_equal(sp_life_health(&domain, 999), rows[i].retiring);
        domain.policy.mode = SP_MODE_TESTING;
        domain.state = SP_DOMAIN_ACTIVE;
        /* No mail stops at the TLS of an MX before the policy is enforced. */
        assert_int_equal(sp_life_health(&domain, 999),
                         rows[i].check == 5 ? SP_DOMAIN_FINE : SP_DOMAIN_WANTS_CARE);
    }
}

static void the_operator_can_renew_at_any_time(void **state)
{
    struct host *host = active_domain();
    (void)state;

    assert_int_equal(sp_life_renew(D, world.now, why, sizeof why), 0);
    world_run(5);
    says("It is being renewed.");
    assert_int_equal(sp_life_renew(D, world.now, why, sizeof why), 0); /* goes on, not again */
    world_run(30);
    assert_int_equal(host->orders, 2);
    host->ca = CA_REFUSES;
    assert_int_equal(sp_life_renew(D, world.now, why, sizeof why), 0);
    world_run(3 * HOUR);
    assert_int_equal(host->orders, 6); /* the fourth waits for a day */
    assert_int_equal(sp_life_renew(D, world.now, why, sizeof why), 0);
    world_run(30);
    assert_int_equal(host->orders, 7);
}

static void intermediates_that_are_not_used_any_more_go(void **state)
{
    (void)state;
    active_domain();
    assert_int_equal(sp_store_count(world_store, SP_KIND_CHAIN), 1);
    fake_cert_issuer = 1;
    assert_int_equal(sp_life_renew(D, world.now, why, sizeof why), 0);
    world_run(60);
    assert_int_equal(sp_store_count(world_store, SP_KIND_CHAIN), 1);
    assert_int_equal(sp_life_disable(D, true, world.now, why, sizeof why), 0);
    world_run(60);
    assert_int_equal(sp_store_count(world_store, SP_KIND_CHAIN), 1);
    assert_int_equal(sp_life_remove(D, world.now, why, sizeof why), 0);
    world_run(60);
    assert_int_equal(sp_store_count(world_store, SP_KIND_CHAIN), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, begin)
    const struct CMUnitTest tests[] = {
        TEST(a_renewal_comes_when_a_third_is_left),
        TEST(short_lives_are_renewed_at_half),
        TEST(a_renewal_that_fails_keeps_serving_and_backs_off),
        TEST(a_domain_that_no_longer_points_here_is_not_renewed),
        TEST(dns_that_cannot_be_asked_puts_a_renewal_off_for_less),
        TEST(an_expired_certificate_of_an_enforced_policy_is_a_risk),
        TEST(the_light_tells_risk_from_care),
        TEST(the_operator_can_renew_at_any_time),
        TEST(intermediates_that_are_not_used_any_more_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
