/* The ways from testing to enforce: by the operator, and by itself after clean days. */
#include "base/err.h"
#include "mtasts/life_internal.h"

#include "cm.h"
#include "life_test.h"

#include <stdio.h>
#include <string.h>

static enum sp_mode mode(void)
{
    return world_domain(D)->policy.mode;
}

/* As a face does it: asks until the checks that run for it have ended. */
static int promote(void)
{
    int err = sp_life_promote(D, false, world.now, why, sizeof why);

    for (int i = 0; err == SP_E_AGAIN && i < 60; i++) {
        world_run(1);
        err = sp_life_promote(D, false, world.now, why, sizeof why);
    }
    return err;
}

static void is_blocked_by(const char *what)
{
    char wanted[240];

    (void)snprintf(wanted, sizeof wanted, "Mode enforce is blocked by: %s.", what);
    assert_int_equal(promote(), SP_E_STATE);
    assert_string_equal(why, wanted);
    assert_int_equal(mode(), SP_MODE_TESTING);
}

static void promotion_runs_all_checks_first(void **state)
{
    struct host *host = active_domain();
    (void)state;

    host->full_checks = 0;
    assert_int_equal(sp_life_promote(D, false, world.now, why, sizeof why), SP_E_AGAIN);
    assert_string_equal(why, "All checks of example.com are being run for it.");
    assert_int_equal(sp_life_promote(D, false, world.now, why, sizeof why), SP_E_AGAIN);
    world_run(1);
    assert_int_equal(sp_life_promote(D, false, world.now, why, sizeof why), SP_E_AGAIN);
    assert_int_equal(mode(), SP_MODE_TESTING);
    world_run(1);
    assert_int_equal(sp_life_promote(D, false, world.now, why, sizeof why), 0);
    assert_string_equal(why, "");
    assert_int_equal(mode(), SP_MODE_ENFORCE);
    assert_int_equal(host->full_checks, 1);
    assert_int_equal(world_domain(D)->fetched_back, false); /* its id is to be published, too */
    assert_int_equal(sp_life_promote(D, false, world.now, why, sizeof why), SP_E_STATE);
    assert_string_equal(why, "\"example.com\" is in mode enforce already.");
}

static void what_blocks_is_listed_whole(void **state)
{
    struct host *host = active_domain();
    (void)state;

    host->https = host->mx_match = host->mx_tls = SP_DOMAIN_FAIL;
    host->dns = SP_DOMAIN_UNKNOWN;
    host->seen = SP_DOMAIN_UNKNOWN;
    strcpy(host->dns_code, "servfail");
    strcpy(host->reports, "5 of 20 sessions failed");
    is_blocked_by("dns (can't tell: servfail); https (status); mx_match (mx_unlisted); mx_tls "
                  "(cert_name); TLS reports: 5 of 20 sessions failed");
}

static void each_of_these_blocks(void **state)
{
    static const struct {
        size_t at;
        uint8_t result;
        const char *text;
    } rows[] = {
        {offsetof(struct host, dns), SP_DOMAIN_FAIL, "dns (a_elsewhere)"},
        {offsetof(struct host, https), SP_DOMAIN_FAIL, "https (status)"},
        {offsetof(struct host, certificate), SP_DOMAIN_FAIL, "certificate (expired)"},
        {offsetof(struct host, certificate), SP_DOMAIN_UNKNOWN,
         "certificate (can't tell: expired)"},
        {offsetof(struct host, mx_match), SP_DOMAIN_FAIL, "mx_match (mx_unlisted)"},
        {offsetof(struct host, mx_match), SP_DOMAIN_UNKNOWN, "mx_match (can't tell: mx_unlisted)"},
        {offsetof(struct host, mx_tls), SP_DOMAIN_FAIL, "mx_tls (cert_name)"},
        {offsetof(struct host, mx_tls), SP_DOMAIN_UNKNOWN, "mx_tls (can't tell: cert_name)"},
        {offsetof(struct host, mx_tls), SP_DOMAIN_NOT_RUN, "mx_tls (has not run yet)"},
        {offsetof(struct host, clock), SP_DOMAIN_FAIL, "clock (clock_unknown)"},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct host *host;

        begin(state);
        host = world_add(D);
        if (rows[i].result == SP_DOMAIN_NOT_RUN) {
            host->mx_tls = SP_DOMAIN_NOT_RUN;
        }
        world_enable(D);
        world_run(60);
        *((uint8_t *)host + rows[i].at) = rows[i].result;
        is_blocked_by(rows[i].text);
    }
}

/* Nothing that senders depend on. */
static void other_checks_do_not_block(void **state)
{
    (void)state;
    active_domain()->seen = SP_DOMAIN_FAIL;
    assert_int_equal(promote(), 0);
}

static void what_can_never_be_told_does_not_block_and_is_named(void **state)
{
    struct host *host = active_domain();
    (void)state;

    host->mx_tls = SP_DOMAIN_UNKNOWN;
    strcpy(host->mx_tls_code, "port25_blocked");
    host->https = SP_DOMAIN_UNKNOWN;
    strcpy(host->https_code, "no_hairpin");
    host->seen = SP_DOMAIN_UNKNOWN;
    is_blocked_by("https (can't tell: no_hairpin)");
    host->seen = SP_DOMAIN_PASS; /* somebody from outside sees it */
    assert_int_equal(promote(), 0);
    assert_string_equal(why, "Promoted without: https (no_hairpin), mx_tls (port25_blocked), which "
                             "can't be told from here.");
    assert_int_equal(mode(), SP_MODE_ENFORCE);
}

/* It cannot be told any more, but failed when it could. */
static void a_failure_that_cannot_be_told_any_more_blocks(void **state)
{
    struct host *host = active_domain();
    (void)state;

    host->mx_tls = SP_DOMAIN_FAIL;
    world_run(2 * HOUR);
    host->mx_tls = SP_DOMAIN_UNKNOWN;
    strcpy(host->mx_tls_code, "port25_blocked");
    is_blocked_by("mx_tls (port25_blocked)");
}

static void a_change_that_is_not_published_blocks(void **state)
{
    (void)active_domain();
    (void)state;

    world_publish(D, "other");
    is_blocked_by("the policy's id is not published yet; policy_id (id_differs)");
}

static void each_attempt_looks_anew(void **state)
{
    struct host *host = active_domain();
    (void)state;

    host->mx_tls = SP_DOMAIN_FAIL;
    is_blocked_by("mx_tls (cert_name)");
    host->mx_tls = SP_DOMAIN_PASS;
    assert_int_equal(promote(), 0);
}

/* The checks of before a reset, or of long ago, are not fresh. */
static void only_fresh_checks_count(void **state)
{
    (void)active_domain();
    (void)state;

    assert_int_equal(sp_life_promote(D, false, world.now, why, sizeof why), SP_E_AGAIN);
    world_run(5 * MINUTE);
    assert_int_equal(sp_life_promote(D, false, world.now, why, sizeof why), SP_E_AGAIN);
    world_run(5);
    world_reset();
    world_run(5);
    assert_int_equal(mode(), SP_MODE_TESTING);
    assert_int_equal(sp_life_promote(D, false, world.now, why, sizeof why), SP_E_AGAIN);
    world_run(5);
    assert_int_equal(sp_life_promote(D, false, world.now, why, sizeof why), 0);
}

static void force_promotes_whatever_blocks(void **state)
{
    struct host *host = active_domain();
    (void)state;

    host->mx_tls = SP_DOMAIN_FAIL;
    world_run(2 * HOUR);
    assert_int_equal(sp_life_promote(D, true, world.now, why, sizeof why), 0);
    assert_int_equal(mode(), SP_MODE_ENFORCE);
    world_run(MINUTE);
    assert_int_equal(health(), SP_DOMAIN_AT_RISK);
}

static void a_domain_that_is_not_active_is_not_promoted(void **state)
{
    (void)world_add(D);
    (void)state;

    assert_int_equal(sp_life_promote(D, false, world.now, why, sizeof why), SP_E_STATE);
    assert_non_null(strstr(why, "blocked by: it is not active (disabled); dns (has not run yet)"));
    assert_int_equal(sp_life_promote("no.example", false, 0, why, sizeof why), SP_E_NOT_FOUND);
    world_enable(D);
    world_run(60);
    assert_int_equal(sp_life_disable(D, false, world.now, why, sizeof why), 0);
    assert_int_equal(sp_life_promote(D, true, world.now, why, sizeof why), SP_E_STATE);
    assert_string_equal(why, "\"example.com\" is being retired: enable it first.");
}

/* --- by itself --- */

static void after_clean_days_it_is_promoted_by_itself_to_the_second(void **state)
{
    sp_utc at;
    (void)active_domain();
    (void)state;

    assert_int_equal(sp_life_auto(D, 366, world.now, why, sizeof why), SP_E_INVALID);
    assert_string_equal(why, "Give 1 to 365 days, or off.");
    assert_int_equal(sp_life_auto(D, 7, world.now, why, sizeof why), 0);
    says("It goes to enforce after 7 clean days, none of which has begun.");
    world_run(5);
    at = world_domain(D)->clean_since + 7 * DAY;
    assert_in_range(at, world_utc() + 7 * DAY - 5, world_utc() + 7 * DAY);
    says("It goes to enforce at 2026-12-01T23:06:01Z unless a check fails before.");
    world_run(3 * DAY);
    world_reset();
    world_run(at - world_utc());
    assert_int_equal(mode(), SP_MODE_TESTING);
    world_run(2); /* the checks take that long */
    assert_int_equal(mode(), SP_MODE_ENFORCE);
    assert_false(world_domain(D)->fetched_back);
    world_run(2); /* and the next ones begin at once */
    assert_true(world_domain(D)->fetched_back);
    assert_int_equal(world_domain(D)->auto_days, 0);
    assert_int_equal(sp_life_auto(D, 7, world.now, why, sizeof why), SP_E_STATE);
}

static void a_failure_begins_the_clean_days_anew(void **state)
{
    struct host *host = active_domain();
    (void)state;

    assert_int_equal(sp_life_auto(D, 7, world.now, why, sizeof why), 0);
    world_run(6 * DAY);
    host->mx_tls = SP_DOMAIN_UNKNOWN; /* which ends no row of clean days, and promotes nothing */
    world_run(3 * DAY);
    assert_int_equal(mode(), SP_MODE_TESTING);
    assert_int_not_equal(world_domain(D)->clean_since, 0);
    host->mx_tls = SP_DOMAIN_FAIL;
    world_run(2 * HOUR);
    assert_int_equal(world_domain(D)->clean_since, 0);
    says("none of which has begun");
    host->mx_tls = SP_DOMAIN_PASS;
    world_run(7 * DAY);
    assert_int_equal(mode(), SP_MODE_TESTING);
    world_run(4 * HOUR);
    assert_int_equal(mode(), SP_MODE_ENFORCE);
}

static void reports_of_failures_are_no_clean_days(void **state)
{
    struct host *host = active_domain();
    (void)state;

    strcpy(host->reports, "1 of 20 sessions failed");
    assert_int_equal(sp_life_auto(D, 1, world.now, why, sizeof why), 0);
    world_run(5 * DAY);
    assert_int_equal(mode(), SP_MODE_TESTING);
    assert_int_equal(sp_life_auto(D, 0, world.now, why, sizeof why), 0);
    host->reports[0] = '\0';
    world_run(5 * DAY);
    assert_int_equal(mode(), SP_MODE_TESTING);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, begin)
    const struct CMUnitTest tests[] = {
        TEST(promotion_runs_all_checks_first),
        TEST(what_blocks_is_listed_whole),
        TEST(each_of_these_blocks),
        TEST(other_checks_do_not_block),
        TEST(what_can_never_be_told_does_not_block_and_is_named),
        TEST(a_failure_that_cannot_be_told_any_more_blocks),
        TEST(a_change_that_is_not_published_blocks),
        TEST(each_attempt_looks_anew),
        TEST(only_fresh_checks_count),
        TEST(force_promotes_whatever_blocks),
        TEST(a_domain_that_is_not_active_is_not_promoted),
        TEST(after_clean_days_it_is_promoted_by_itself_to_the_second),
        TEST(a_failure_begins_the_clean_days_anew),
        TEST(reports_of_failures_are_no_clean_days),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
