#include "base/err.h"
#include "base/time.h"

#include "cm.h"

#include <string.h>
#include <time.h>

static void civil_agrees_with_the_c_library(void **state)
{
    struct sp_civil c;
    (void)state;

    for (sp_utc utc = -70000000000; utc < 260000000000; utc += 8640000 + 12345) {
        time_t t = (time_t)utc;
        const struct tm *tm = gmtime(&t);

        sp_utc_civil(utc, &c);
        assert_non_null(tm);
        assert_int_equal(c.year, tm->tm_year + 1900);
        assert_int_equal(c.month, tm->tm_mon + 1);
        assert_int_equal(c.day, tm->tm_mday);
        assert_int_equal(c.hour, tm->tm_hour);
        assert_int_equal(c.minute, tm->tm_min);
        assert_int_equal(c.second, tm->tm_sec);
        assert_int_equal(c.weekday, tm->tm_wday);
        assert_int_equal(sp_civil_utc(&c), utc);
    }
}

static void rfc3339_is_written(void **state)
{
    char out[SP_RFC3339_SIZE];
    (void)state;

    assert_string_equal(sp_utc_rfc3339(1795561500, out), "2026-11-24T23:05:00Z");
    assert_string_equal(sp_utc_rfc3339(1, out), "1970-01-01T00:00:01Z");
    assert_string_equal(sp_utc_rfc3339(0, out), "-");
    assert_true(strlen(sp_utc_rfc3339(INT64_MAX / 4, out)) < sizeof out);
}

static const struct {
    const char *text;
    sp_utc utc; /* -1: refused */
} rfc3339_cases[] = {
    {"2026-11-24T23:05:00Z", 1795561500},
    {"2026-11-24t23:05:00z", 1795561500},
    {"2026-11-25T00:05:00+01:00", 1795561500},
    {"2026-11-24T19:35:00-03:30", 1795561500},
    {"2026-11-24T23:05:00.999999Z", 1795561500},
    {"2026-11-25 00:05:00.1+01:00", 1795561500},
    {"2024-02-29T00:00:00Z", 1709164800},
    {"2016-12-31T23:59:60Z", 1483228800},
    {"1970-01-01T00:00:00Z", 0},
    {"2023-02-29T00:00:00Z", -1},
    {"2100-02-29T00:00:00Z", -1},
    {"2026-13-01T00:00:00Z", -1},
    {"2026-00-01T00:00:00Z", -1},
    {"2026-04-31T00:00:00Z", -1},
    {"2026-04-00T00:00:00Z", -1},
    {"2026-04-01T24:00:00Z", -1},
    {"2026-04-01T00:60:00Z", -1},
    {"2026-04-01T00:00:61Z", -1},
    {"2026-04-01T00:00:00", -1},
    {"2026-04-01T00:00:00.Z", -1},
    {"2026-04-01T00:00:00+24:00", -1},
    {"2026-04-01T00:00:00+0100", -1},
    {"2026-04-01T00:00:00Zx", -1},
    {"2026-4-1T00:00:00Z", -1},
    {"2026-04-01", -1},
    {"", -1},
};

static const struct {
    const char *text;
    sp_utc utc;
} http_cases[] = {
    {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
    {"Sunday, 06-Nov-94 08:49:37 GMT", 784111777},
    {"Sun Nov  6 08:49:37 1994", 784111777},
    {"Wed Nov 16 08:49:37 1994", 784975777},
    {"Tuesday, 24-Nov-26 23:05:00 GMT", 1795561500},
    {"Tue, 24 Nov 2026 23:05:00 GMT", 1795561500},
    {"Tue, 24 Nov 2026 23:05:00 CET", -1},
    {"Tue, 24 Nov 2026 23:05:00 GMT ", -1},
    {"Tue, 24 Nov 2026 23:05:00", -1},
    {"Tue, 31 Nov 2026 23:05:00 GMT", -1},
    {"Tue, 24 nov 2026 23:05:00 GMT", -1},
    {"24 Nov 2026 23:05:00 GMT", -1},
    {"120", -1},
    {"", -1},
};

static void rfc3339_is_read(void **state)
{
    (void)state;

    for (size_t i = 0; i < COUNT(rfc3339_cases); i++) {
        sp_utc utc = -1;
        int err = sp_utc_parse_rfc3339(rfc3339_cases[i].text, &utc);

        assert_int_equal(err, rfc3339_cases[i].utc < 0 ? SP_E_INVALID : 0);
        assert_int_equal(utc, rfc3339_cases[i].utc);
    }
}

static void http_dates_are_read(void **state)
{
    (void)state;

    for (size_t i = 0; i < COUNT(http_cases); i++) {
        sp_utc utc = -1;
        int err = sp_utc_parse_http(http_cases[i].text, &utc);

        assert_int_equal(err, http_cases[i].utc < 0 ? SP_E_INVALID : 0);
        assert_int_equal(utc, http_cases[i].utc);
    }
}

static void durations_use_their_largest_unit(void **state)
{
    static const struct {
        uint64_t seconds;
        const char *text;
    } cases[] = {
        {0, "0 seconds"},   {1, "1 second"},       {40, "40 seconds"},
        {59, "59 seconds"}, {60, "1 minute"},      {3599, "59 minutes"},
        {3600, "1 hour"},   {7260, "2 hours"},     {86399, "23 hours"},
        {86400, "1 day"},   {3 * 86400, "3 days"}, {UINT64_MAX, "213503982334601 days"},
    };
    char out[32];
    (void)state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_string_equal(sp_duration_text(cases[i].seconds, out, sizeof out), cases[i].text);
    }
    assert_string_equal(sp_duration_text(40, out, 5), "40 s");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(civil_agrees_with_the_c_library),
        cmocka_unit_test(rfc3339_is_written),
        cmocka_unit_test(rfc3339_is_read),
        cmocka_unit_test(http_dates_are_read),
        cmocka_unit_test(durations_use_their_largest_unit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
