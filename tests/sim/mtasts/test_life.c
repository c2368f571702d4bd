/* One domain: enabling it, and orders. */
#include "base/err.h"
#include "mtasts/life_internal.h"

#include "../../unit/mtasts/fake_store.h"
#include "cm.h"
#include "life_test.h"

#include <string.h>

/* --- enable --- */

static void an_added_domain_is_disabled_and_says_so(void **state)
{
    struct host *host = world_add(D);
    (void)state;

    world_run(DAY);
    state_is(SP_DOMAIN_DISABLED);
    says("Disabled: nothing is served. Publish the address records, then enable it.");
    next_is("nothing until it is enabled", 0, 0);
    assert_int_equal(host->dns_checks + host->full_checks + host->orders, 0);
    assert_string_equal(world_domain(D)->rua, "mailto:postmaster@example.com");
}

static void enabling_leads_to_active(void **state)
{
    struct host *host = world_add(D);
    (void)state;

    world_enable(D);
    state_is(SP_DOMAIN_WAITING_DNS);
    says("Waiting for DNS: the addresses of mta-sts.example.com are being looked up.");
    world_run(3);
    state_is(SP_DOMAIN_ORDERING);
    says("A certificate for mta-sts.example.com is being ordered.");
    next_is("the certificate", 0, 0);
    assert_int_equal(health(), SP_DOMAIN_BUSY);
    world_run(10);
    state_is(SP_DOMAIN_ACTIVE);
    world_run(10);
    says("Active: the policy is served, the certificate is valid until 20");
    assert_null(strstr(world_sentence(D), "Failing"));
    assert_int_equal(health(), SP_DOMAIN_FINE);
    assert_int_equal(host->orders, 1);
    assert_int_equal(host->dns_checks, 1);
    assert_int_equal(host->full_checks, 1);
    assert_int_equal(world.finishes, 1);
    assert_int_equal(world_domain(D)->max_age_served, SP_MAX_AGE_DEFAULT);
    assert_in_range(world_domain(D)->served_since, UTC_BEGIN + 8, UTC_BEGIN + 13);
    next_is("checks", world_utc() + 50 * MINUTE, world_utc() + 70 * MINUTE);
}

static void a_domain_whose_dns_is_wrong_is_never_ordered_for(void **state)
{
    struct host *host = world_add(D);
    (void)state;

    host->dns = SP_DOMAIN_FAIL;
    world_enable(D);
    world_run(10 * MINUTE);
    /* Every 27 to 33 s and 1.5 s for each. */
    assert_in_range(host->dns_checks, 17, 22);
    says("Waiting for DNS: It points elsewhere. No certificate is ordered before");
    assert_string_equal(world_domain(D)->error_id, "dns_a_elsewhere");
    next_is("a look at DNS", world_utc(), world_utc() + 133);
    host->dns_checks = 0;
    world_run(50 * MINUTE);
    assert_in_range(host->dns_checks, 22, 29);
    host->dns_checks = 0;
    world_run(23 * HOUR);
    assert_in_range(host->dns_checks, 124, 155);
    host->dns_checks = 0;
    assert_int_equal(health(), SP_DOMAIN_BUSY);
    world_run(6 * DAY);
    assert_in_range(host->dns_checks, 130, 161);
    says("it is looked at again by itself.");
    host->dns_checks = 0;
    world_run(10 * DAY);
    assert_in_range(host->dns_checks, 9, 12);
    says("it is looked at daily; \"check\" looks at once.");
    next_is("a look at DNS", world_utc(), world_utc() + 27 * HOUR);
    assert_int_equal(health(), SP_DOMAIN_WANTS_CARE);
    state_is(SP_DOMAIN_WAITING_DNS);
    assert_int_equal(host->orders, 0);
    host->dns = SP_DOMAIN_PASS;
    world_run(27 * HOUR);
    state_is(SP_DOMAIN_ACTIVE);
    assert_int_equal(host->orders, 1);
    assert_string_equal(world_domain(D)->error_id, "");
}

static void dns_that_cannot_be_asked_is_waited_for_too(void **state)
{
    struct host *host = world_add(D);
    (void)state;

    host->dns = SP_DOMAIN_UNKNOWN;
    strcpy(host->dns_code, "servfail");
    world_enable(D);
    world_run(HOUR);
    state_is(SP_DOMAIN_WAITING_DNS);
    assert_int_equal(host->orders, 0);
    assert_string_equal(world_domain(D)->error_id, "dns_servfail");
}

/* The record is written when it is enabled, when the first result is there, and when that was
 * confirmed. */
static void waiting_does_not_wear_the_flash(void **state)
{
    struct host *host = world_add(D);
    (void)state;

    host->dns = SP_DOMAIN_FAIL;
    fake_store_stats.puts = 0;
    world_enable(D);
    world_run(20 * HOUR);
    assert_int_equal(fake_store_stats.puts, 3);
    strcpy(host->dns_code, "nxdomain");
    world_run(HOUR);
    assert_int_equal(fake_store_stats.puts, 4);
}

static void without_the_time_of_day_nothing_begins(void **state)
{
    struct host *host = world_add(D);
    (void)state;

    world.clock_set = false;
    world_enable(D);
    world_run(DAY);
    assert_int_equal(host->dns_checks + host->orders, 0);
    says("Waiting for the time of day: DNS is looked at as soon as a time server has answered.");
    next_is("the time of day", 0, 0);
    world.clock_set = true;
    sp_life_kick(world.now);
    world_run(30);
    state_is(SP_DOMAIN_ACTIVE);
    assert_true(world_domain(D)->state_since >= UTC_BEGIN + DAY);
}

/* How long DNS has been waited for counts from the first look, not from 1970. */
static void waiting_counts_from_when_the_clock_was_set(void **state)
{
    struct host *host = world_add(D);
    (void)state;

    host->dns = SP_DOMAIN_FAIL;
    world.clock_set = false;
    world_enable(D);
    world_run(HOUR);
    world.clock_set = true;
    sp_life_kick(world.now);
    world_run(9 * MINUTE);
    assert_in_range(host->dns_checks, 14, 21);
}

static void a_clock_that_comes_without_a_kick_is_seen(void **state)
{
    (void)state;
    world_add(D);
    world.clock_set = false;
    world_enable(D);
    world_run(HOUR);
    world.clock_set = true;
    world_run(30);
    state_is(SP_DOMAIN_ACTIVE);
}

/* --- orders --- */

static void a_failed_order_is_tried_after_1_10_100_minutes_then_daily(void **state)
{
    static const sp_utc waits[] = {MINUTE, 10 * MINUTE, 100 * MINUTE, DAY, DAY, DAY};
    struct host *host = world_add(D);
    sp_utc last = 0;
    (void)state;

    host->ca = CA_REFUSES;
    world_enable(D);
    for (unsigned i = 0; i < COUNT(waits); i++) {
        while (host->orders == i) {
            world_run(1);
        }
        if (i > 0) { /* the order takes 8 s, the dns check before it 1.5 s */
            assert_in_range(host->ordered_at - last, waits[i - 1] * 9 / 10 + 9,
                            waits[i - 1] * 11 / 10 + 13);
        }
        last = host->ordered_at;
        world_run(9);
        state_is(SP_DOMAIN_ORDERING);
        assert_int_equal(world_domain(D)->failures, i + 1);
        says(": The CA could not fetch the challenge. The next try is at 20");
        assert_string_equal(world_domain(D)->error_id, "unauthorized");
        assert_int_equal(health(), SP_DOMAIN_WANTS_CARE);
    }
    host->ca = CA_GIVES;
    world_run(28 * HOUR);
    state_is(SP_DOMAIN_ACTIVE);
    assert_int_equal(world_domain(D)->failures, 0);
    assert_string_equal(world_domain(D)->error_id, "");
}

static void a_longer_wait_that_the_ca_asks_for_is_kept(void **state)
{
    struct host *host = world_add(D);
    (void)state;

    host->ca = CA_REFUSES;
    host->retry_after = 3 * HOUR;
    world_enable(D);
    world_run(20);
    assert_in_range(world_domain(D)->next_try, host->ordered_at + 3 * HOUR,
                    host->ordered_at + 3 * HOUR + 10);
    world_run(3 * HOUR - 30);
    assert_int_equal(host->orders, 1);
    host->retry_after = 1;
    world_run(60);
    assert_int_equal(host->orders, 2);
    assert_in_range(world_domain(D)->next_try, host->ordered_at + 540, host->ordered_at + 680);
    host->retry_after = UINT32_MAX;
    world_run(12 * MINUTE);
    assert_int_equal(host->orders, 3);
    assert_in_range(world_domain(D)->next_try, host->ordered_at + 7 * DAY,
                    host->ordered_at + 7 * DAY + 10);
}

static void the_backoff_outlives_a_reset(void **state)
{
    struct host *host = world_add(D);
    (void)state;

    host->ca = CA_REFUSES;
    world_enable(D);
    world_run(20);
    for (int i = 0; i < 40; i++) {
        world_reset();
        world_run(1);
    }
    assert_int_equal(host->orders, 1);
    world_run(MINUTE);
    assert_int_equal(host->orders, 2);
}

/* In between, DNS moved away: no order, however due. */
static void dns_is_looked_at_before_each_further_try(void **state)
{
    struct host *host = world_add(D);
    (void)state;

    host->ca = CA_REFUSES;
    world_enable(D);
    world_run(20);
    host->dns = SP_DOMAIN_FAIL;
    world_run(HOUR);
    assert_int_equal(host->orders, 1);
    state_is(SP_DOMAIN_WAITING_DNS);
    says("Waiting for DNS (a_elsewhere)");
    says("The order before failed: The CA could not fetch the challenge.");
    host->dns = SP_DOMAIN_PASS;
    world_run(4 * MINUTE);
    assert_int_equal(host->orders, 2);
}

/* DNS comes and goes within a minute: the backoff still holds. */
static void flapping_dns_does_not_shorten_the_backoff(void **state)
{
    struct host *host = world_add(D);
    (void)state;

    host->ca = CA_REFUSES;
    world_enable(D);
    for (int i = 0; i < DAY / 20; i++) {
        host->dns = i % 2 == 0 ? SP_DOMAIN_PASS : SP_DOMAIN_FAIL;
        world_run(20);
    }
    assert_in_range(host->orders, 3, 5);
}

static void an_order_that_is_not_possible_waits_without_a_failure(void **state)
{
    struct host *host = world_add(D);
    (void)state;

    host->ca = CA_BLOCKED;
    fake_store_stats.puts = 0;
    world_enable(D);
    world_run(HOUR);
    state_is(SP_DOMAIN_ORDERING);
    assert_int_equal(world_domain(D)->failures, 0);
    says("The order waits: The CA's terms are not agreed to yet.");
    assert_int_equal(health(), SP_DOMAIN_WANTS_CARE);
    assert_int_equal(fake_store_stats.puts, 3);
    host->ca = CA_GIVES;
    sp_life_kick(world.now);
    world_run(1);
    assert_int_equal(host->orders, 1);
    says("A certificate for mta-sts.example.com is being ordered.");
    world_run(20);
    state_is(SP_DOMAIN_ACTIVE);
}

static void an_order_that_never_ends_is_given_up(void **state)
{
    struct host *host = world_add(D);
    (void)state;

    host->ca = CA_HANGS;
    world_enable(D);
    world_run(9 * MINUTE);
    assert_int_equal(host->cancels, 0);
    world_run(2 * MINUTE);
    assert_int_equal(host->cancels, 1);
    assert_int_equal(world_domain(D)->failures, 1);
    assert_string_equal(world_domain(D)->error_id, "order_timeout");
}

static void an_order_that_is_given_up_elsewhere_begins_anew_without_a_failure(void **state)
{
    struct host *host = world_add(D);
    (void)state;

    host->ca = CA_HANGS;
    world_enable(D);
    world_run(MINUTE);
    says("is being ordered");
    world_drop_order();
    host->ca = CA_BLOCKED; /* the terms of the new CA */
    world_run(10);
    says("The order waits: The CA's terms are not agreed to yet.");
    assert_int_equal(world_domain(D)->failures, 0);
    host->ca = CA_GIVES;
    world_run(2 * MINUTE);
    state_is(SP_DOMAIN_ACTIVE);
}

static void a_certificate_that_cannot_be_used_is_a_failure(void **state)
{
    struct host *host = world_add(D);
    (void)state;

    host->ca = CA_GIVES_RUBBISH;
    world_enable(D);
    world_run(20);
    state_is(SP_DOMAIN_ORDERING);
    assert_string_equal(world_domain(D)->error_id, "certificate_refused");
    assert_int_equal(world_domain(D)->key_n, 0);
    assert_int_equal(world.finishes, 1);
    host->ca = CA_GIVES_EXPIRED;
    world_run(2 * MINUTE);
    assert_int_equal(world_domain(D)->failures, 2);
    assert_int_equal(world_domain(D)->key_n, 0);
    host->ca = CA_GIVES;
    world_run(12 * MINUTE);
    state_is(SP_DOMAIN_ACTIVE);
}

/* By a clock that is ahead, each new certificate has a tenth of its life left. */
static void a_clock_ahead_does_not_order_on_and_on(void **state)
{
    struct host *host = world_add(D);
    (void)state;

    host->ca = CA_GIVES_OLD;
    world_enable(D);
    world_run(30);
    state_is(SP_DOMAIN_ACTIVE);
    assert_string_equal(world_domain(D)->error_id, "certificate_old");
    world_run(5 * DAY);
    assert_in_range(host->orders, 7, 9);
    host->ca = CA_GIVES;
    world_run(28 * HOUR);
    assert_string_equal(world_domain(D)->error_id, "");
    assert_int_equal(health(), SP_DOMAIN_FINE);
}

static void a_flash_that_fails_does_not_lose_the_certificate(void **state)
{
    struct host *host = world_add(D);
    (void)state;

    world_enable(D);
    world_run(5);
    fake_store_fail_at = 1;
    fake_store_fail_for = 2;
    world_run(60);
    state_is(SP_DOMAIN_ACTIVE);
    assert_int_equal(host->orders, 1);
}

static void a_domain_that_cannot_be_read_just_then_does_not_lose_the_certificate(void **state)
{
    struct host *host = world_add(D);
    (void)state;

    world_enable(D);
    world_run(5);
    assert_int_equal(world_domain(D)->state, SP_DOMAIN_ORDERING);
    fake_store_end = SP_E_IO; /* what is read next is the domain, when the certificate is there */
    world_run(60);
    assert_int_equal(fake_store_end, 0);
    state_is(SP_DOMAIN_ACTIVE);
    assert_int_equal(host->orders, 1);
    assert_int_equal(world.finishes, 1);
}

static void a_flash_that_goes_on_failing_does_not_hammer_the_ca(void **state)
{
    struct host *host = world_add(D);
    (void)state;

    world_enable(D);
    world_run(5);
    fake_store_fail_at = 1;
    fake_store_fail_for = 1000000;
    world_run(DAY);
    assert_in_range(host->orders, 1, 24);
    fake_store_fail_at = 0;
    world_run(2 * HOUR);
    state_is(SP_DOMAIN_ACTIVE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, begin)
    const struct CMUnitTest tests[] = {
        TEST(an_added_domain_is_disabled_and_says_so),
        TEST(enabling_leads_to_active),
        TEST(a_domain_whose_dns_is_wrong_is_never_ordered_for),
        TEST(dns_that_cannot_be_asked_is_waited_for_too),
        TEST(waiting_does_not_wear_the_flash),
        TEST(without_the_time_of_day_nothing_begins),
        TEST(waiting_counts_from_when_the_clock_was_set),
        TEST(a_clock_that_comes_without_a_kick_is_seen),
        TEST(a_failed_order_is_tried_after_1_10_100_minutes_then_daily),
        TEST(a_longer_wait_that_the_ca_asks_for_is_kept),
        TEST(the_backoff_outlives_a_reset),
        TEST(dns_is_looked_at_before_each_further_try),
        TEST(flapping_dns_does_not_shorten_the_backoff),
        TEST(an_order_that_is_not_possible_waits_without_a_failure),
        TEST(an_order_that_never_ends_is_given_up),
        TEST(an_order_that_is_given_up_elsewhere_begins_anew_without_a_failure),
        TEST(a_certificate_that_cannot_be_used_is_a_failure),
        TEST(a_clock_ahead_does_not_order_on_and_on),
        TEST(a_flash_that_fails_does_not_lose_the_certificate),
        TEST(a_domain_that_cannot_be_read_just_then_does_not_lose_the_certificate),
        TEST(a_flash_that_goes_on_failing_does_not_hammer_the_ca),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
