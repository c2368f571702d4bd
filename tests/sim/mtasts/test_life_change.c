/* A change of the policy in two phases: served, fetched back, and only then published. */
#include "base/err.h"
#include "mtasts/life_internal.h"

#include "../../unit/mtasts/fake_store.h"
#include "cm.h"
#include "life_test.h"

#include <stdio.h>
#include <string.h>

static char old_id[SP_POLICY_ID_SIZE];

static const char *served_id(void)
{
    static char id[SP_POLICY_ID_SIZE];

    sp_life_served_id(world_domain(D), world_utc(), id);
    return id;
}

static void change_is(enum sp_life_change wished)
{
    char was[SP_POLICY_ID_SIZE], is[SP_POLICY_ID_SIZE];

    assert_int_equal(sp_life_change(world_domain(D), was, is), wished);
    assert_string_equal(was, world_domain(D)->dns_id);
    assert_string_equal(is, served_id());
}

/* Another mx in place of the one that is there. */
static void set_mx(const char *mx)
{
    static char patterns[SP_MX_MAX][SP_MX_SIZE];
    struct sp_policy policy = world_domain(D)->policy;

    memset(patterns, 0, sizeof patterns);
    policy.mx = patterns;
    policy.mx_n = 0;
    assert_int_equal(sp_policy_add_mx(&policy, sp_span_str(mx), why, sizeof why), 0);
    if (sp_life_set(D, &policy, "", false, world.now, why, sizeof why) != 0) {
        fail_msg("%s", why);
    }
}

/* Active, its id published; DNS is as the test says from now on. */
static struct host *published_domain(void)
{
    struct host *host = active_domain();

    change_is(SP_CHANGE_NONE);
    strcpy(old_id, served_id());
    world_publish(D, old_id);
    return host;
}

static void a_new_domain_asks_for_its_id_until_it_is_there(void **state)
{
    struct host *host = world_add(D);
    char wanted[120];
    (void)state;

    world_publish(D, "");
    world_enable(D);
    world_run(60);
    state_is(SP_DOMAIN_ACTIVE);
    assert_true(world_domain(D)->fetched_back);
    change_is(SP_CHANGE_PUBLISH);
    (void)snprintf(wanted, sizeof wanted,
                   "To be found, publish this TXT at _mta-sts.example.com: \"v=STSv1; id=%s;\".",
                   served_id());
    says(wanted);
    next_is("a look at the id in DNS", world_utc() - 30, world_utc() + 132);
    host->full_checks = 0;
    world_publish(D, world_wanted(D));
    world_run(132);
    change_is(SP_CHANGE_NONE);
    assert_null(strstr(world_sentence(D), "publish"));
    assert_int_equal(world_domain(D)->txt_ttl, 300);
}

static void the_new_id_is_published_only_after_the_policy_was_fetched_back(void **state)
{
    struct host *host = published_domain();
    char wanted[200];
    (void)state;

    host->https = SP_DOMAIN_FAIL;
    set_mx("mx2.example.com");
    assert_string_not_equal(served_id(), old_id); /* served at once */
    change_is(SP_CHANGE_FETCHING);
    assert_string_equal(world_wanted(D), old_id);
    says("Policy changed: as soon as it was fetched back over the network, its id is to be "
         "published.");
    world_run(10);
    next_is("fetching the policy back", world_utc(), world_utc() + 132);
    world_run(3 * HOUR);
    change_is(SP_CHANGE_FETCHING);
    assert_string_equal(world_wanted(D), old_id);
    host->https = SP_DOMAIN_UNKNOWN; /* not seen, so not known */
    world_run(HOUR);
    change_is(SP_CHANGE_FETCHING);
    host->https = SP_DOMAIN_PASS;
    world_run(17 * MINUTE);
    change_is(SP_CHANGE_PUBLISH);
    assert_string_equal(world_wanted(D), served_id());
    (void)snprintf(wanted, sizeof wanted,
                   "Policy changed: publish this TXT at _mta-sts.example.com: \"v=STSv1; id=%s;\" "
                   "in place of \"v=STSv1; id=%s;\".",
                   served_id(), old_id);
    says(wanted);
    world_publish(D, served_id());
    world_run(17 * MINUTE);
    change_is(SP_CHANGE_NONE);
    assert_string_equal(world_domain(D)->dns_id, served_id());
    assert_in_range(world_domain(D)->dns_id_at, world_utc() - 17 * MINUTE, world_utc());
}

/* The router leads nothing from inside to the public address. */
static void without_hairpin_a_change_is_not_held_up_for_ever(void **state)
{
    struct host *host = published_domain();
    (void)state;

    host->https = SP_DOMAIN_UNKNOWN;
    strcpy(host->https_code, "no_hairpin");
    set_mx("mx2.example.com");
    world_run(5);
    change_is(SP_CHANGE_PUBLISH);
}

/* What a run found of the policy before says nothing of this one. */
static void a_run_that_began_before_the_change_counts_for_nothing(void **state)
{
    struct host *host = published_domain();
    (void)state;

    world.check_ms = 20000;
    assert_int_equal(sp_life_check(D, world.now, why, sizeof why), 0);
    world_run(1);
    host->https = SP_DOMAIN_PASS;
    set_mx("mx2.example.com");
    world_run(21);                    /* it has ended */
    assert_true(sp_life_checking(D)); /* asked for anew */
    change_is(SP_CHANGE_FETCHING);
    assert_int_equal(world_domain(D)->checks[1].result, SP_DOMAIN_NOT_RUN);
    world_run(21);
    assert_false(sp_life_checking(D));
    change_is(SP_CHANGE_PUBLISH);
}

static void looks_are_short_and_often_while_something_is_awaited(void **state)
{
    struct host *host = published_domain();
    (void)state;

    set_mx("mx2.example.com");
    host->full_checks = host->short_checks = 0;
    world_run(10 * MINUTE);
    assert_in_range(host->full_checks + host->short_checks, 5, 7);
    world_run(50 * MINUTE);
    assert_in_range(host->full_checks + host->short_checks, 14, 19);
    world_run(23 * HOUR);
    assert_in_range(host->full_checks + host->short_checks, 98, 122);
    assert_in_range(host->full_checks, 24, 32);
    assert_true(host->longest_gap <= 77 * MINUTE);
    host->full_checks = host->short_checks = 0;
    world_run(10 * DAY);
    assert_in_range(host->full_checks, 218, 268);
    assert_int_equal(host->short_checks, 0);
}

static void a_reset_at_any_second_of_a_change_loses_nothing(void **state)
{
    for (unsigned at = 0; at < 8; at++) {
        struct host *host;

        begin(state);
        host = published_domain();
        set_mx("mx2.example.com");
        world_run(at);
        world_reset();
        world_run(10);
        change_is(SP_CHANGE_PUBLISH);
        host->https = SP_DOMAIN_FAIL;
        world_reset();
        world_run(HOUR);
        change_is(SP_CHANGE_PUBLISH);
        world_publish(D, world_wanted(D));
        world_reset();
        world_run(10);
        change_is(SP_CHANGE_NONE);
    }
}

static void going_back_before_it_was_published_asks_for_nothing(void **state)
{
    (void)published_domain();
    (void)state;

    set_mx("mx2.example.com");
    world_run(5);
    change_is(SP_CHANGE_PUBLISH);
    set_mx("mail.example.com");
    assert_string_equal(served_id(), old_id);
    world_run(5);
    change_is(SP_CHANGE_NONE);
}

static void an_mx_that_left_is_kept_to_the_second(void **state)
{
    sp_utc until;
    (void)published_domain();
    (void)state;

    set_mx("mx2.example.com");
    until = world_utc() + SP_MAX_AGE_DEFAULT + 300;
    assert_int_equal(world_domain(D)->left_n, 1);
    assert_string_equal(world_domain(D)->policy.mx[1], "mail.example.com");
    assert_int_equal(world_domain(D)->left_until[0], until);
    says("1 MX name that left the policy must keep working, until 2026-12-01T");
    world_reset();
    world_run(until - world_utc() - 1);
    says("must keep working");
    assert_int_equal(world_domain(D)->left_n, 1);
    world_run(1);
    assert_null(strstr(world_sentence(D), "must keep working"));
    world_run(2 * HOUR);
    assert_int_equal(world_domain(D)->left_n, 0);
}

static void an_mx_that_comes_back_has_not_left(void **state)
{
    (void)published_domain();
    (void)state;

    set_mx("mx2.example.com");
    world_run(DAY);
    set_mx("mail.example.com");
    assert_int_equal(world_domain(D)->left_n, 1);
    assert_string_equal(world_domain(D)->policy.mx[1], "mx2.example.com");
}

/* --- the light --- */

static void a_failure_falls_on_the_light_when_it_was_seen_twice(void **state)
{
    struct host *host = published_domain();
    (void)state;

    assert_int_equal(sp_life_promote(D, true, world.now, why, sizeof why), 0);
    world_publish(D, world_wanted(D));
    world_run(5);
    world_publish(D, served_id());
    world_run(10 * MINUTE);
    assert_int_equal(health(), SP_DOMAIN_FINE);
    host->https = SP_DOMAIN_FAIL;
    assert_int_equal(sp_life_check(D, world.now, why, sizeof why), 0);
    world_run(3);
    says("Failing checks: https (status).");
    assert_int_equal(health(), SP_DOMAIN_FINE);
    world_run(27);
    assert_int_equal(health(), SP_DOMAIN_FINE);
    world_run(5);
    assert_int_equal(health(), SP_DOMAIN_AT_RISK);
    assert_int_equal(sp_life_tally().by_health[SP_DOMAIN_AT_RISK], 1);
    host->https = SP_DOMAIN_UNKNOWN;
    world_run(2 * HOUR);
    assert_int_equal(health(), SP_DOMAIN_AT_RISK);
    host->https = SP_DOMAIN_PASS;
    world_run(70 * MINUTE);
    assert_int_equal(health(), SP_DOMAIN_FINE);
}

static void a_flapping_resolver_does_not_flap_the_light(void **state)
{
    static const uint8_t results[] = {SP_DOMAIN_FAIL, SP_DOMAIN_PASS, SP_DOMAIN_UNKNOWN,
                                      SP_DOMAIN_FAIL, SP_DOMAIN_UNKNOWN};
    struct host *host = published_domain();
    (void)state;

    for (unsigned i = 0; i < 200; i++) {
        host->dns = results[i % COUNT(results)];
        assert_int_equal(sp_life_check(D, world.now, why, sizeof why), 0);
        world_run(4);
        assert_int_equal(health(), SP_DOMAIN_FINE);
    }
}

static void a_renewal_that_dns_puts_off_once_is_no_failure(void **state)
{
    struct host *host = published_domain();
    (void)state;

    host->dns = SP_DOMAIN_FAIL;
    assert_int_equal(sp_life_renew(D, world.now, why, sizeof why), 0);
    world_run(5);
    assert_int_equal(world_domain(D)->failures, 0);
    assert_int_equal(health(), SP_DOMAIN_FINE);
    host->dns = SP_DOMAIN_PASS;
    world_run(60);
    assert_int_equal(host->orders, 2);
}

/* --- away --- */

static void a_domain_that_is_away_is_looked_at_daily_and_comes_back(void **state)
{
    struct host *host = published_domain();
    (void)state;

    host->dns = SP_DOMAIN_FAIL;
    world_run(2 * DAY);
    says("mta-sts.example.com has not pointed here since 20");
    host->full_checks = 0;
    world_run(68 * DAY); /* past the renewal */
    assert_in_range(host->full_checks, 60, 80);
    assert_int_equal(host->orders, 1);
    assert_int_equal(health(), SP_DOMAIN_WANTS_CARE);
    host->dns = SP_DOMAIN_PASS;
    assert_int_equal(sp_life_check(D, world.now, why, sizeof why), 0);
    world_run(30); /* the renewal that waited has its turn at once */
    assert_int_equal(host->orders, 2);
    assert_int_equal(health(), SP_DOMAIN_FINE);
    next_is("checks", world_utc(), world_utc() + 66 * MINUTE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, begin)
    const struct CMUnitTest tests[] = {
        TEST(a_new_domain_asks_for_its_id_until_it_is_there),
        TEST(the_new_id_is_published_only_after_the_policy_was_fetched_back),
        TEST(without_hairpin_a_change_is_not_held_up_for_ever),
        TEST(a_run_that_began_before_the_change_counts_for_nothing),
        TEST(looks_are_short_and_often_while_something_is_awaited),
        TEST(a_reset_at_any_second_of_a_change_loses_nothing),
        TEST(going_back_before_it_was_published_asks_for_nothing),
        TEST(an_mx_that_left_is_kept_to_the_second),
        TEST(an_mx_that_comes_back_has_not_left),
        TEST(a_failure_falls_on_the_light_when_it_was_seen_twice),
        TEST(a_flapping_resolver_does_not_flap_the_light),
        TEST(a_renewal_that_dns_puts_off_once_is_no_failure),
        TEST(a_domain_that_is_away_is_looked_at_daily_and_comes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
