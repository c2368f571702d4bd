/* One domain: checks, disabling and enabling again, the operator's acts. */
#include "base/err.h"
#include "base/scratch.h"
#include "mtasts/life_internal.h"

#include "../../unit/mtasts/fake_store.h"
#include "cm.h"
#include "life_test.h"

#include <stdio.h>
#include <string.h>

static void tally_is_one(enum sp_domain_health is)
{
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(sp_life_tally().by_health[i], i == (unsigned)is ? 1 : 0);
    }
}

/* --- checks --- */

static void checks_run_hourly_and_are_stored_when_they_change(void **state)
{
    struct host *host = active_domain();
    unsigned puts = fake_store_stats.puts;
    (void)state;

    host->full_checks = 0;
    world_run(30 * DAY);
    assert_in_range(host->full_checks, 700, 740);
    assert_true(host->longest_gap <= 67 * MINUTE);
    assert_int_equal(fake_store_stats.puts, puts);
    host->https = SP_DOMAIN_FAIL;
    world_run(5 * HOUR);
    assert_int_equal(fake_store_stats.puts, puts + 2); /* seen, and confirmed */
    says("Failing checks: https (status).");
    assert_int_equal(world_domain(D)->checks[1].result, SP_DOMAIN_FAIL);
    assert_in_range(world_domain(D)->checks[1].changed, world_utc() - 5 * HOUR, world_utc());
    assert_int_equal(sp_life_tally().by_health[SP_DOMAIN_WANTS_CARE], 1);
    assert_int_equal(sp_life_tally().by_health[SP_DOMAIN_FINE], 0);
    host->https = SP_DOMAIN_UNKNOWN; /* which changes nothing */
    world_run(2 * HOUR);
    assert_int_equal(health(), SP_DOMAIN_WANTS_CARE);
    host->https = SP_DOMAIN_PASS;
    world_run(2 * HOUR);
    assert_int_equal(sp_life_tally().by_health[SP_DOMAIN_FINE], 1);
}

static void the_moment_of_a_change_is_that_of_the_result(void **state)
{
    struct host *host = active_domain();
    sp_utc changed;
    (void)state;

    host->dns = SP_DOMAIN_FAIL;
    world_run(2 * HOUR);
    changed = world_domain(D)->checks[0].changed;
    assert_in_range(changed, world_utc() - 2 * HOUR, world_utc());
    strcpy(host->dns_code, "nxdomain");
    world_run(3 * HOUR);
    assert_string_equal(world_domain(D)->checks[0].code, "nxdomain");
    assert_int_equal(world_domain(D)->checks[0].changed, changed);
    host->dns = SP_DOMAIN_PASS;
    world_run(3 * HOUR);
    assert_true(world_domain(D)->checks[0].changed > changed);
}

/* No check says it, and nothing else is written: the hourly look still notices. */
static void an_expiry_is_counted_within_the_hour(void **state)
{
    struct host *host = active_domain();
    (void)state;

    host->ca = CA_REFUSES;
    world_run(91 * DAY);
    tally_is_one(SP_DOMAIN_WANTS_CARE);
    host->ca = CA_GIVES;
    world_run(26 * HOUR);
    tally_is_one(SP_DOMAIN_FINE);
    host->ca = CA_BLOCKED; /* not a failure */
    world_run(88 * DAY);
    tally_is_one(SP_DOMAIN_FINE);
    world_run(4 * DAY);
    tally_is_one(SP_DOMAIN_WANTS_CARE);
}

static void the_operator_can_ask_for_checks_in_any_state(void **state)
{
    struct host *host = world_add(D);
    (void)state;

    assert_int_equal(sp_life_check(D, world.now, why, sizeof why), 0);
    assert_true(sp_life_checking(D));
    world_run(1);
    assert_true(sp_life_checking(D));
    world_run(2);
    assert_false(sp_life_checking(D));
    assert_int_equal(host->full_checks, 1);
    assert_int_equal(world_domain(D)->checks[3].result, SP_DOMAIN_PASS);
    state_is(SP_DOMAIN_DISABLED);
    world.clock_set = false;
    assert_int_equal(sp_life_check(D, world.now, why, sizeof why), 0);
    world_run(3);
    assert_int_equal(host->full_checks, 2);
    world.clock_set = true;
    host->dns = SP_DOMAIN_FAIL;
    world_enable(D);
    world_run(HOUR);
    host->dns = SP_DOMAIN_PASS;
    assert_int_equal(sp_life_check(D, world.now, why, sizeof why), 0);
    world_run(3);
    assert_int_equal(host->full_checks, 3);
    world_run(20);
    state_is(SP_DOMAIN_ACTIVE);
}

static void no_more_than_four_wishes_for_checks_wait(void **state)
{
    char name[40];
    (void)state;

    for (int i = 0; i < 5; i++) {
        (void)snprintf(name, sizeof name, "d%d.example.com", i);
        world_add(name);
        assert_int_equal(sp_life_check(name, world.now, why, sizeof why), i < 4 ? 0 : SP_E_FULL);
    }
    assert_string_equal(why,
                        "The checks of four other domains wait already: ask again in a minute.");
    assert_int_equal(sp_life_check("d2.example.com", world.now, why, sizeof why), 0);
    world_run(10);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(world.hosts[i].full_checks, 1);
    }
    assert_int_equal(sp_life_check("no.example.com", world.now, why, sizeof why), SP_E_NOT_FOUND);
    assert_false(sp_life_checking("no.example.com"));
}

static void checks_that_are_busy_are_asked_again_soon(void **state)
{
    uint64_t steps;
    (void)state;

    world_add(D);
    world.checks_busy = true;
    world_enable(D);
    world_run(1);
    steps = world.steps;
    world_run(100);
    assert_in_range(world.steps - steps, 100, 5 * 100 * 4);
    world.checks_busy = false;
    world_run(20);
    state_is(SP_DOMAIN_ACTIVE);
}

/* --- disable and enable --- */

static void disabling_keeps_the_certificate_and_names_the_records(void **state)
{
    struct host *host = active_domain();
    (void)state;

    assert_int_equal(sp_life_disable(D, true, world.now, why, sizeof why), 0);
    state_is(SP_DOMAIN_DISABLED);
    says("Disabled: nothing is served; senders may hold a policy until 2026-12-01T");
    says("Delete these records: the TXT record of _mta-sts.example.com first, then the A and AAAA "
         "records of mta-sts.example.com.");
    assert_true(world_domain(D)->key_n > 0);
    assert_int_equal(host->cancels, 1);
    assert_int_equal(sp_life_disable(D, true, world.now, why, sizeof why), SP_E_STATE);
    host->full_checks = 0;
    world_run(100 * DAY);
    assert_int_equal(host->full_checks + host->orders, 1);
    says("Disabled: nothing is served, and no sender holds a policy any more. The TXT record of "
         "_mta-sts.example.com is gone: delete the A and AAAA records of mta-sts.example.com, "
         "too.");
}

static void a_kept_certificate_serves_again_without_an_order(void **state)
{
    struct host *host = active_domain();
    (void)state;

    assert_int_equal(sp_life_disable(D, true, world.now, why, sizeof why), 0);
    world_run(10 * DAY);
    host->dns = SP_DOMAIN_FAIL;
    world_enable(D);
    world_run(HOUR);
    state_is(SP_DOMAIN_WAITING_DNS);
    host->dns = SP_DOMAIN_PASS;
    world_run(3 * MINUTE);
    state_is(SP_DOMAIN_ACTIVE);
    assert_int_equal(host->orders, 1);
    world_run(52 * DAY);
    assert_int_equal(host->orders, 2);
}

static void a_kept_certificate_that_is_due_serves_and_is_renewed(void **state)
{
    struct host *host = active_domain();
    (void)state;

    assert_int_equal(sp_life_disable(D, true, world.now, why, sizeof why), 0);
    world_run(80 * DAY);
    world_enable(D);
    world_run(3);
    state_is(SP_DOMAIN_ACTIVE);
    assert_int_equal(host->orders, 1);
    world_run(20);
    assert_int_equal(host->certificates, 2);
}

static void an_expired_certificate_is_not_served_again(void **state)
{
    struct host *host = active_domain();
    (void)state;

    assert_int_equal(sp_life_disable(D, true, world.now, why, sizeof why), 0);
    world_run(91 * DAY);
    world_enable(D);
    world_run(3);
    state_is(SP_DOMAIN_ORDERING);
    world_run(20);
    state_is(SP_DOMAIN_ACTIVE);
    assert_int_equal(host->orders, 2);
}

/* At each second of an enable, disable: nothing goes on, and enabling again works. */
static void disabling_at_any_moment_stops_all(void **state)
{
    for (sp_utc at = 0; at < 20; at++) {
        struct host *host;
        unsigned orders;

        begin(state);
        host = world_add(D);
        world_enable(D);
        world_run(at);
        assert_int_equal(sp_life_disable(D, true, world.now, why, sizeof why), 0);
        assert_string_equal(world.ordering, "");
        orders = host->orders;
        world_run(DAY);
        state_is(SP_DOMAIN_DISABLED);
        assert_int_equal(host->orders, orders);
        world_enable(D);
        world_run(60);
        state_is(SP_DOMAIN_ACTIVE);
    }
}

/* --- the operator's acts --- */

/* The host is there from Enable on, with the certificate that was kept: senders may fetch the
 * policy before DNS has been looked at. */
static void what_a_kept_certificate_serves_is_noted_before_it_is_served(void **state)
{
    static struct sp_policy policy;
    struct host *host = active_domain();
    (void)state;

    assert_int_equal(sp_life_disable(D, true, world.now, why, sizeof why), 0);
    policy = world_domain(D)->policy;
    policy.max_age = 2 * SP_MAX_AGE_DEFAULT;
    assert_int_equal(sp_life_set(D, &policy, "", false, world.now, why, sizeof why), 0);
    assert_int_equal(world_domain(D)->max_age_served, SP_MAX_AGE_DEFAULT);
    host->dns = SP_DOMAIN_UNKNOWN;
    world_enable(D);
    assert_int_equal(world_domain(D)->max_age_served, 2 * SP_MAX_AGE_DEFAULT);
    policy.max_age = 3 * SP_MAX_AGE_DEFAULT;
    assert_int_equal(sp_life_set(D, &policy, "", false, world.now, why, sizeof why), 0);
    state_is(SP_DOMAIN_WAITING_DNS);
    assert_int_equal(world_domain(D)->max_age_served, 3 * SP_MAX_AGE_DEFAULT);
}

static void a_host_without_a_certificate_has_served_nothing(void **state)
{
    struct host *host = world_add(D);
    (void)state;

    host->dns = SP_DOMAIN_FAIL;
    world_enable(D);
    world_run(HOUR);
    assert_int_equal(world_domain(D)->max_age_served, 0);
    assert_int_equal(sp_life_disable(D, true, world.now, why, sizeof why), 0);
    says("Disabled: nothing is served. Publish the address records, then enable it.");
}

static void no_key_is_left(void)
{
    size_t mark = sp_scratch_mark();
    size_t n = sp_scratch_use().limit - 16;
    const uint8_t *bytes = sp_scratch_take(n);

    assert_int_equal(mark, 0);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(bytes[i], 0);
    }
    sp_scratch_release(mark);
}

static void an_act_leaves_no_key_in_ram(void **state)
{
    static struct sp_policy policy;
    (void)state;

    (void)active_domain();
    policy = world_domain(D)->policy;
    assert_int_equal(sp_life_enable(D, world.now, why, sizeof why), SP_E_STATE);
    no_key_is_left();
    assert_int_equal(sp_life_remove(D, world.now, why, sizeof why), SP_E_STATE);
    no_key_is_left();
    assert_int_equal(sp_life_set(D, &policy, "mailto:x", false, world.now, why, sizeof why),
                     SP_E_INVALID);
    no_key_is_left();
    assert_int_equal(sp_life_renew(D, world.now, why, sizeof why), 0);
    no_key_is_left();
    assert_int_equal(sp_life_disable(D, true, world.now, why, sizeof why), 0);
    no_key_is_left();
    assert_int_equal(sp_life_disable(D, true, world.now, why, sizeof why), SP_E_STATE);
    no_key_is_left();
    assert_int_equal(sp_life_renew(D, world.now, why, sizeof why), SP_E_STATE);
    no_key_is_left();
    assert_int_equal(sp_life_remove(D, world.now, why, sizeof why), 0);
    no_key_is_left();
}

static void acts_are_refused_with_a_sentence(void **state)
{
    static char patterns[SP_MX_MAX][SP_MX_SIZE];
    static struct sp_policy policy = {.mx = patterns}, empty;
    char longest[SP_DOMAIN_SIZE];
    (void)state;

    policy.max_age = SP_MAX_AGE_DEFAULT;
    empty.max_age = SP_MAX_AGE_DEFAULT;
    assert_int_equal(sp_policy_add_mx(&policy, sp_span_str("mx.example.com"), why, sizeof why), 0);
    assert_int_equal(sp_life_add("example", &policy, "", false, why, sizeof why), SP_E_INVALID);
    assert_string_equal(why, "\"example\" is a single label: give the full name, as in "
                             "mail.example.com.");
    assert_int_equal(sp_life_add("mta-sts." D, &policy, "", false, why, sizeof why), SP_E_INVALID);
    assert_string_equal(why, "\"mta-sts.example.com\" is a policy host: give the mail domain, "
                             "without mta-sts. in front.");
    assert_int_equal(sp_life_add(D, &empty, "", false, why, sizeof why), SP_E_INVALID);
    assert_int_equal(sp_life_add(D, &policy, "nobody", false, why, sizeof why), SP_E_INVALID);
    assert_int_equal(sp_life_add("Example.COM.", &policy, "", false, why, sizeof why), 0);
    assert_int_equal(sp_life_add(D, &policy, "", false, why, sizeof why), SP_E_EXISTS);
    assert_string_equal(why, "\"example.com\" is here already.");
    for (size_t i = 0; i < sizeof longest; i++) {
        longest[i] = i % 60 == 59 ? '.' : 'a';
    }
    longest[242] = '\0';
    assert_int_equal(sp_life_add(longest, &policy, "mailto:a@b.example", false, why, sizeof why),
                     0);
    assert_int_equal(sp_life_remove(longest, world.now, why, sizeof why), 0);
    assert_int_equal(sp_life_add(longest, &policy, "", false, why, sizeof why), SP_E_INVALID);
    longest[242] = 'a';
    longest[243] = '\0';
    assert_int_equal(sp_life_add(longest, &policy, "mailto:a@b.example", false, why, sizeof why),
                     SP_E_INVALID);
    assert_non_null(strstr(why, "is too long"));
    assert_int_equal(sp_life_enable("no.example.com", 0, why, sizeof why), SP_E_NOT_FOUND);
    assert_string_equal(why, "\"no.example.com\" is not a domain of this appliance.");
    assert_int_equal(sp_life_disable("", true, 0, why, sizeof why), SP_E_NOT_FOUND);
    assert_int_equal(sp_life_renew(D, 0, why, sizeof why), SP_E_STATE);
    assert_string_equal(why, "\"example.com\" is disabled: enable it to get a certificate.");
    assert_int_equal(sp_life_set(D, &empty, "", false, 0, why, sizeof why), SP_E_INVALID);
    assert_int_equal(sp_life_set(D, &policy, "mailto:x", false, 0, why, sizeof why), SP_E_INVALID);
    assert_int_equal(sp_life_enable(D, 0, why, sizeof why), 0);
    assert_int_equal(sp_life_enable(D, 0, why, sizeof why), SP_E_STATE);
    assert_int_equal(sp_life_renew(D, 0, why, sizeof why), SP_E_STATE);
    assert_int_equal(sp_life_remove(D, world.now, why, sizeof why), SP_E_STATE);
    assert_string_equal(why, "\"example.com\" is enabled: disable it first.");
}

static void an_act_that_flash_refuses_changes_nothing(void **state)
{
    struct host *host = active_domain();
    (void)state;

    fake_store_error = SP_E_FULL;
    fake_store_fail_at = 1;
    assert_int_equal(sp_life_disable(D, true, world.now, why, sizeof why), SP_E_FULL);
    assert_non_null(strstr(why, "Nothing was changed, for it could not be stored"));
    state_is(SP_DOMAIN_ACTIVE);
    assert_int_equal(host->cancels, 0);
    assert_int_equal(sp_life_tally().active, 1);
    assert_int_equal(sp_life_disable(D, true, world.now, why, sizeof why), 0);
    fake_store_fail_at = 1;
    assert_int_equal(sp_life_remove(D, world.now, why, sizeof why), SP_E_FULL);
    assert_int_equal(sp_life_tally().domains, 1);
}

static void a_changed_policy_is_checked_at_once(void **state)
{
    static struct sp_policy policy;
    struct host *host = active_domain();
    sp_utc since = world_domain(D)->served_since;
    (void)state;

    policy = world_domain(D)->policy;
    host->full_checks = 0;
    assert_int_equal(sp_life_set(D, &policy, "", false, world.now, why, sizeof why), 0);
    assert_int_equal(world_domain(D)->served_since, since);
    policy.max_age = 2 * SP_MAX_AGE_DEFAULT;
    assert_int_equal(sp_life_set(D, &policy, "", false, world.now, why, sizeof why), 0);
    assert_int_equal(world_domain(D)->served_since, world_utc());
    assert_int_equal(world_domain(D)->max_age_served, 2 * SP_MAX_AGE_DEFAULT);
    policy.max_age = SP_MAX_AGE_MIN;
    assert_int_equal(sp_life_set(D, &policy, "", false, world.now, why, sizeof why), 0);
    assert_int_equal(world_domain(D)->max_age_served, 2 * SP_MAX_AGE_DEFAULT);
    world_run(5);
    assert_int_equal(host->full_checks, 1);
}

static void a_new_network_is_looked_at_after_a_kick(void **state)
{
    struct host *host = active_domain();
    (void)state;

    world_run(10 * MINUTE);
    host->full_checks = 0;
    sp_life_kick(world.now);
    world_run(5);
    assert_int_equal(host->full_checks, 1);
    next_is("checks", world_utc() + 50 * MINUTE, world_utc() + 70 * MINUTE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, begin)
    const struct CMUnitTest tests[] = {
        TEST(checks_run_hourly_and_are_stored_when_they_change),
        TEST(the_moment_of_a_change_is_that_of_the_result),
        TEST(an_expiry_is_counted_within_the_hour),
        TEST(the_operator_can_ask_for_checks_in_any_state),
        TEST(no_more_than_four_wishes_for_checks_wait),
        TEST(checks_that_are_busy_are_asked_again_soon),
        TEST(disabling_keeps_the_certificate_and_names_the_records),
        TEST(a_kept_certificate_serves_again_without_an_order),
        TEST(a_kept_certificate_that_is_due_serves_and_is_renewed),
        TEST(an_expired_certificate_is_not_served_again),
        TEST(disabling_at_any_moment_stops_all),
        TEST(what_a_kept_certificate_serves_is_noted_before_it_is_served),
        TEST(a_host_without_a_certificate_has_served_nothing),
        TEST(an_act_leaves_no_key_in_ram),
        TEST(acts_are_refused_with_a_sentence),
        TEST(an_act_that_flash_refuses_changes_nothing),
        TEST(a_changed_policy_is_checked_at_once),
        TEST(a_new_network_is_looked_at_after_a_kick),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
