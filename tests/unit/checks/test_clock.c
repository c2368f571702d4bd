/* The clock check. */
#include "base/err.h"
#include "base/port.h"
#include "checks/check_clock.h"
#include "checks/checks_internal.h"

#include "cm.h"
#include "fakes.h"

#include <string.h>

static struct sp_check_run run;

static void judge(const struct sp_clock_status *status)
{
    memset(&run, 0, sizeof run);
    run.input.domain = DOMAIN;
    run.report = &report;
    sp_check_report_begin(&report, SP_CHECK_CLOCK);
    sp_port_set_utc(fake.utc, fake.now);
    sp_check_clock_judge(&run, status);
}

static void an_answer_is_good_for_three_days(void **state)
{
    struct sp_clock_status status = {.set = true, .utc = UTC_NOW, .server = "ntp.example"};
    (void)state;

    status.synced_at = UTC_NOW - 3600;
    judge(&status);
    check_says(SP_CHECK_CLOCK, SP_CHECK_PASS, "ok", "A time server answered");
    status.synced_at = UTC_NOW - 3 * 86400;
    judge(&status);
    check_says(SP_CHECK_CLOCK, SP_CHECK_PASS, "ok", "3 days ago");
    status.synced_at = UTC_NOW - 3 * 86400 - 1;
    judge(&status);
    check_says(SP_CHECK_CLOCK, SP_CHECK_FAIL, "stale", "No time server has answered for 3 days");
}

static void no_answer_at_all_leaves_it_open(void **state)
{
    const struct sp_clock_status status = {.server = "ntp.example", .last_error = SP_E_TIMEOUT};
    (void)state;

    judge(&status);
    check_says(SP_CHECK_CLOCK, SP_CHECK_UNKNOWN, "unset", "The time of day is not known");
    assert_string_equal(evidence(SP_CHECK_CLOCK, "server"), "ntp.example");
    assert_string_equal(evidence(SP_CHECK_CLOCK, "error"), sp_err_text(SP_E_TIMEOUT));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, fakes_begin)
    const struct CMUnitTest tests[] = {
        TEST(an_answer_is_good_for_three_days),
        TEST(no_answer_at_all_leaves_it_open),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
