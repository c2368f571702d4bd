/* A run: what it asks, in which order, and that it ends. */
#include "base/err.h"
#include "base/log.h"
#include "base/scratch.h"

#include "cm.h"
#include "fakes.h"

#include <string.h>

static struct sp_check_input input(const char *domain, unsigned which)
{
    return (struct sp_check_input){.domain = domain,
                                   .which = which,
                                   .policy_text = fake_policy,
                                   .ctx = &fake,
                                   .policy_id = POLICY_ID,
                                   .own = own,
                                   .own_n = own_n};
}

static void all_run_one_after_the_other(void **state)
{
    (void)state;
    run_checks(SP_CHECK_ALL);
    for (unsigned i = 0; i < SP_CHECKS; i++) {
        assert_int_equal(report.checks[i].result, SP_CHECK_PASS);
    }
    assert_int_equal(fake.questions, 8); /* CAA at three names */
    assert_int_equal(fake.fetches, 3);   /* the policy, and a nonce over either family */
    assert_string_equal(report.domain, DOMAIN);
}

static void what_is_not_wanted_stays_as_it_was(void **state)
{
    (void)state;
    run_checks(SP_CHECK_ALL);
    fake.fetched.status = 404;
    fake_nothing(&fake.a, SP_E_DNS_NXDOMAIN);
    fake_nothing(&fake.aaaa, SP_E_DNS_NXDOMAIN);
    run_checks(SP_CHECK_BIT(SP_CHECK_DNS));
    check_says(SP_CHECK_DNS, SP_CHECK_FAIL, "nxdomain", "");
    check_says(SP_CHECK_HTTPS, SP_CHECK_PASS, "ok", "");
}

/* Its domain was removed, or flash fails. */
static void a_policy_that_cannot_be_read_leaves_it_open(void **state)
{
    (void)state;
    fake.policy_error = SP_E_NOT_FOUND;
    run_checks(SP_CHECK_BIT(SP_CHECK_HTTPS) | SP_CHECK_BIT(SP_CHECK_CERTIFICATE));
    check_says(SP_CHECK_HTTPS, SP_CHECK_UNKNOWN, "busy", "could not look just now");
    check_says(SP_CHECK_CERTIFICATE, SP_CHECK_PASS, "ok", "");
    assert_int_equal(sp_scratch_use().used, 0);
}

static void one_run_at_a_time(void **state)
{
    struct sp_check_input first = input(DOMAIN, SP_CHECK_ALL);
    (void)state;

    assert_int_equal(sp_checks_start(&first, &report, 0), 0);
    assert_true(sp_checks_busy());
    assert_true(report.running);
    assert_int_equal(sp_checks_start(&first, &report, 0), SP_E_AGAIN);
    sp_checks_cancel();
    assert_false(sp_checks_busy());
    assert_false(report.running);
}

static void mx_match_compares_the_policy_with_the_domains_mx(void **state)
{
    const unsigned which = SP_CHECK_BIT(SP_CHECK_MX_MATCH);
    (void)state;

    run_checks(which);
    check_says(SP_CHECK_MX_MATCH, SP_CHECK_PASS, "ok", "");
    assert_int_equal(fake.questions, 1);
    assert_string_equal(fake.asked[0], DOMAIN);
    fake_mx(&fake.mx, 20, "other.example.com");
    run_checks(which);
    check_says(SP_CHECK_MX_MATCH, SP_CHECK_FAIL, "not_listed", "other.example.com");
    fake.policy_error = SP_E_NOT_FOUND;
    run_checks(which);
    check_says(SP_CHECK_MX_MATCH, SP_CHECK_UNKNOWN, "busy", "");
}

static void tlsrpt_is_compared_with_the_configured_rua(void **state)
{
    const unsigned which = SP_CHECK_BIT(SP_CHECK_TLSRPT);
    (void)state;

    run_checks(which);
    check_says(SP_CHECK_TLSRPT, SP_CHECK_PASS, "ok", RUA);
    assert_string_equal(fake.asked[0], "_smtp._tls.example.com");
    fake.rua = "mailto:other@example.com";
    run_checks(which);
    check_says(SP_CHECK_TLSRPT, SP_CHECK_FAIL, "differs", "other@example.com");
    fake_nothing(&fake.tlsrpt, SP_E_DNS_NODATA);
    run_checks(which);
    check_says(SP_CHECK_TLSRPT, SP_CHECK_FAIL, "missing", "");
    fake.rua = "";
    run_checks(which);
    check_says(SP_CHECK_TLSRPT, SP_CHECK_PASS, "none", "");
    fake.rua_error = SP_E_NOT_FOUND;
    run_checks(which);
    check_says(SP_CHECK_TLSRPT, SP_CHECK_UNKNOWN, "busy", "");
}

/* RFC 8659 3: a label at a time, and no further than the first records. */
static void caa_climbs_from_the_host_to_the_root(void **state)
{
    static const char *const names[] = {HOST, "example.com", "com"};
    const unsigned which = SP_CHECK_BIT(SP_CHECK_CAA);
    (void)state;

    run_checks(which);
    check_says(SP_CHECK_CAA, SP_CHECK_PASS, "none", "");
    assert_int_equal(fake.questions, COUNT(names));
    for (unsigned i = 0; i < COUNT(names); i++) {
        assert_string_equal(fake.asked[i], names[i]);
    }
    fake.questions = 0;
    fake_caa(&fake.caa, 0, "issue", 5, "ca.example");
    run_checks(which);
    check_says(SP_CHECK_CAA, SP_CHECK_PASS, "ok", "records of example.com");
    assert_int_equal(fake.questions, 2);
    fake_nothing(&fake.caa, SP_E_DNS_SERVFAIL);
    fake.caa_name = HOST;
    fake.questions = 0;
    run_checks(which);
    check_says(SP_CHECK_CAA, SP_CHECK_UNKNOWN, "servfail", HOST);
    assert_int_equal(fake.questions, 1);
}

static void the_clock_is_looked_at(void **state)
{
    (void)state;
    fake.clock.synced_at = UTC_NOW - 4 * 86400;
    run_checks(SP_CHECK_BIT(SP_CHECK_CLOCK));
    check_says(SP_CHECK_CLOCK, SP_CHECK_FAIL, "stale", "");
    assert_int_equal(fake.questions + fake.fetches, 0);
}

static void impossible_wishes_are_refused(void **state)
{
    struct sp_check_input wish;
    char longest[SP_DOMAIN_SIZE];
    (void)state;

    wish = input(DOMAIN, 0);
    assert_int_equal(sp_checks_start(&wish, &report, 0), SP_E_INVALID);
    wish = input("", SP_CHECK_ALL);
    assert_int_equal(sp_checks_start(&wish, &report, 0), SP_E_INVALID);
    wish = input(DOMAIN, SP_CHECK_ALL);
    wish.policy_text = NULL;
    assert_int_equal(sp_checks_start(&wish, &report, 0), SP_E_INVALID);
    wish.which = SP_CHECK_BIT(SP_CHECK_DNS);
    assert_int_equal(sp_checks_start(&wish, &report, 0), 0);
    sp_checks_cancel();
    memset(longest, 'a', sizeof longest);
    longest[244] = '\0';
    wish = input(longest, SP_CHECK_ALL);
    assert_int_equal(sp_checks_start(&wish, &report, 0), 0);
    sp_checks_cancel();
    longest[244] = 'a';
    longest[245] = '\0';
    assert_int_equal(sp_checks_start(&wish, &report, 0), SP_E_INVALID);
    assert_false(sp_checks_busy());
}

static void a_busy_client_is_waited_for_but_not_for_ever(void **state)
{
    (void)state;
    fake.client_busy = 8;
    run_checks(SP_CHECK_BIT(SP_CHECK_HTTPS));
    check_says(SP_CHECK_HTTPS, SP_CHECK_PASS, "ok", "");
    assert_in_range(fake.longest, 8 * 250, 8 * 250 + 100);
    fake.client_busy = 1000000;
    run_checks(SP_CHECK_BIT(SP_CHECK_HTTPS) | SP_CHECK_BIT(SP_CHECK_CERTIFICATE));
    check_says(SP_CHECK_HTTPS, SP_CHECK_UNKNOWN, "busy", "could not look just now");
    assert_int_equal(report.checks[SP_CHECK_CERTIFICATE].result, SP_CHECK_UNKNOWN);
    assert_in_range(fake.longest, 14000, 16000);
}

static void a_call_that_cannot_start_leaves_it_open(void **state)
{
    (void)state;
    fake.start_error = SP_E_MEMORY;
    run_checks(SP_CHECK_BIT(SP_CHECK_HTTPS));
    check_says(SP_CHECK_HTTPS, SP_CHECK_UNKNOWN, "busy", "");
}

/* Questions that nobody answers, and a client that is busy. */
static void the_slowest_run_ends(void **state)
{
    (void)state;
    fake.dns_ms = 7500;
    fake_nothing(&fake.a, SP_E_DNS_TIMEOUT);
    fake_nothing(&fake.aaaa, SP_E_DNS_TIMEOUT);
    fake_nothing(&fake.txt, SP_E_DNS_TIMEOUT);
    fake_nothing(&fake.mx, SP_E_DNS_TIMEOUT);
    fake_nothing(&fake.tlsrpt, SP_E_DNS_TIMEOUT);
    fake_nothing(&fake.caa, SP_E_DNS_TIMEOUT);
    fake.caa_name = HOST;
    fake.client_busy = 1000000;
    run_checks(SP_CHECK_ALL);
    assert_in_range(fake.longest, 60000, 62000);
}

/* A cancelled run leaves nothing behind that could write into it later. */
static void a_run_can_be_cancelled_at_any_moment(void **state)
{
    for (unsigned at = 0; at < 40; at++) {
        struct sp_check_input wish = input(DOMAIN, SP_CHECK_ALL);

        fakes_begin(state);
        fake.never_done = true;
        assert_int_equal(sp_checks_start(&wish, &report, fake.now), 0);
        for (unsigned i = 0; i < at && sp_checks_busy(); i++) {
            sp_time next = sp_time_min(sp_dns_step(fake.now), sp_checks_step(fake.now));

            fake.now = next == SP_NEVER ? fake.now : next;
        }
        sp_checks_cancel();
        assert_false(sp_checks_busy());
        assert_int_equal(sp_dns_step(fake.now + 1000), SP_NEVER);
        assert_int_equal(fake.http_releases, fake.fetches);
        assert_int_equal(sp_checks_step(fake.now), SP_NEVER);
    }
    assert_int_equal(fake.http_releases, 1);
}

static void only_what_is_new_is_logged(void **state)
{
    uint32_t before;
    (void)state;

    run_checks(SP_CHECK_ALL);
    before = sp_log_newest();
    run_checks(SP_CHECK_ALL);
    assert_int_equal(sp_log_newest(), before);
    fake.fetched.status = 404;
    run_checks(SP_CHECK_ALL);
    run_checks(SP_CHECK_ALL);
    assert_int_equal(sp_log_newest(), before + 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, fakes_begin)
    const struct CMUnitTest tests[] = {
        TEST(all_run_one_after_the_other),
        TEST(what_is_not_wanted_stays_as_it_was),
        TEST(a_policy_that_cannot_be_read_leaves_it_open),
        TEST(one_run_at_a_time),
        TEST(mx_match_compares_the_policy_with_the_domains_mx),
        TEST(tlsrpt_is_compared_with_the_configured_rua),
        TEST(caa_climbs_from_the_host_to_the_root),
        TEST(the_clock_is_looked_at),
        TEST(impossible_wishes_are_refused),
        TEST(a_busy_client_is_waited_for_but_not_for_ever),
        TEST(a_call_that_cannot_start_leaves_it_open),
        TEST(the_slowest_run_ends),
        TEST(a_run_can_be_cancelled_at_any_moment),
        TEST(only_what_is_new_is_logged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
