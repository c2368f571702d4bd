/* The stage that probes a domain's MX: whom, in which order, and when it has had enough. */
#include "base/err.h"
#include "base/scratch.h"

#include "cm.h"
#include "fakes.h"

#include <string.h>

#define MX_TLS SP_CHECK_BIT(SP_CHECK_MX_TLS)

static int begin(void **state)
{
    fakes_begin(state);
    fake_nothing(&fake.mx, SP_E_DNS_NODATA);
    fake_mx(&fake.mx, 30, "c.example.com");
    fake_mx(&fake.mx, 10, "a.example.com");
    fake_mx(&fake.mx, 20, "b.example.com");
    return 0;
}

static void each_mx_is_probed_in_the_order_of_preference(void **state)
{
    (void)state;
    run_checks(MX_TLS);
    check_says(SP_CHECK_MX_TLS, SP_CHECK_PASS, "ok", "Every MX (3)");
    assert_int_equal(fake.probes, 3);
    assert_string_equal(fake.probed[0], "a.example.com");
    assert_string_equal(fake.probed[1], "b.example.com");
    assert_string_equal(fake.probed[2], "c.example.com");
    assert_string_equal(fake.probe_name, HOST);
    assert_int_equal(report.checks[SP_CHECK_MX_MATCH].result, SP_CHECK_NOT_RUN);
    assert_int_equal(fake.questions, 1);
    assert_int_equal(sp_scratch_use().used, 0);
}

static void mx_match_alone_probes_nobody(void **state)
{
    (void)state;
    run_checks(SP_CHECK_BIT(SP_CHECK_MX_MATCH));
    assert_int_equal(fake.probes, 0);
    assert_int_equal(report.checks[SP_CHECK_MX_TLS].result, SP_CHECK_NOT_RUN);
}

static void without_mx_there_is_nobody_to_probe(void **state)
{
    (void)state;
    fake_nothing(&fake.mx, SP_E_DNS_NODATA);
    run_checks(MX_TLS);
    check_says(SP_CHECK_MX_TLS, SP_CHECK_FAIL, "no_mx", DOMAIN);
    assert_int_equal(fake.probes, 0);
}

static void two_silent_ones_are_enough(void **state)
{
    (void)state;
    fake.probe = (struct sp_smtp_result){.stage = SP_SMTP_CONNECT, .err = SP_E_TIMEOUT};
    run_checks(MX_TLS);
    check_says(SP_CHECK_MX_TLS, SP_CHECK_UNKNOWN, "port25_blocked", "");
    assert_int_equal(fake.probes, 2);
}

static void after_a_minute_none_is_begun(void **state)
{
    (void)state;
    fake.probe_ms = 30000;
    run_checks(MX_TLS);
    check_says(SP_CHECK_MX_TLS, SP_CHECK_UNKNOWN, "mx_timeout", "c.example.com was not looked at");
    assert_int_equal(fake.probes, 2);
}

static void a_busy_client_is_waited_for_once(void **state)
{
    (void)state;
    fake.probe_busy = 20;
    run_checks(MX_TLS);
    check_says(SP_CHECK_MX_TLS, SP_CHECK_PASS, "ok", "");
    assert_in_range(fake.longest, 5000, 6000);
    fake.probe_busy = 1000000;
    run_checks(MX_TLS);
    check_says(SP_CHECK_MX_TLS, SP_CHECK_UNKNOWN, "busy", "");
    assert_in_range(fake.longest, 15000, 16000);
}

static void a_cancelled_run_gives_its_probe_up(void **state)
{
    struct sp_check_input input = {.domain = DOMAIN, .which = MX_TLS};

    (void)state;
    fake.dns_ms = 0;
    fake.probe_ms = 1000;
    assert_int_equal(sp_checks_start(&input, &report, fake.now), 0);
    for (int i = 0; i < 20; i++) {
        (void)sp_dns_step(fake.now);
        (void)sp_checks_step(fake.now);
    }
    assert_int_equal(fake.probes, 1);
    assert_int_equal(fake.probe_releases, 0);
    sp_checks_cancel();
    assert_int_equal(fake.probe_releases, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, begin)
    const struct CMUnitTest tests[] = {
        TEST(each_mx_is_probed_in_the_order_of_preference),
        TEST(mx_match_alone_probes_nobody),
        TEST(without_mx_there_is_nobody_to_probe),
        TEST(two_silent_ones_are_enough),
        TEST(after_a_minute_none_is_begun),
        TEST(a_busy_client_is_waited_for_once),
        TEST(a_cancelled_run_gives_its_probe_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
