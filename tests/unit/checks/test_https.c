/* The https and certificate checks, by tables of how a fetch ends. */
#include "base/err.h"

#include "cm.h"
#include "fakes.h"

#include <string.h>

#define PASS SP_CHECK_PASS
#define FAIL SP_CHECK_FAIL
#define UNKNOWN SP_CHECK_UNKNOWN
#define BOTH (SP_CHECK_BIT(SP_CHECK_HTTPS) | SP_CHECK_BIT(SP_CHECK_CERTIFICATE))

static void a_right_answer_passes(void **state)
{
    (void)state;
    run_checks(BOTH);
    check_says(SP_CHECK_HTTPS, PASS, "ok",
               "https://" HOST "/.well-known/mta-sts.txt serves exactly this policy, in 85 ms.");
    check_says(SP_CHECK_CERTIFICATE, PASS, "ok",
               "The certificate is valid until 2027-01-23T23:06:40Z (60 days left).");
    assert_int_equal(fake.fetches, 1);
    assert_int_equal(fake.questions, 0);
    assert_string_equal(fake.url, "https://" HOST "/.well-known/mta-sts.txt");
    assert_string_equal(evidence(SP_CHECK_HTTPS, "address"),
                        "203.0.113.10, from the appliance itself");
    assert_string_equal(evidence(SP_CHECK_HTTPS, "tls"), "TLSv1.3, TLS_AES_128_GCM_SHA256");
    assert_string_equal(evidence(SP_CHECK_HTTPS, "status"), "200");
    assert_string_equal(evidence(SP_CHECK_HTTPS, "content-type"), "text/plain; charset=utf-8");
    assert_string_equal(evidence(SP_CHECK_HTTPS, "time"), "85 ms");
    assert_string_equal(evidence(SP_CHECK_CERTIFICATE, "names"), HOST);
    assert_string_equal(evidence(SP_CHECK_CERTIFICATE, "issuer"), "CN=A Public CA");
    assert_string_equal(evidence(SP_CHECK_CERTIFICATE, "expires"), "2027-01-23T23:06:40Z");
    assert_string_equal(evidence(SP_CHECK_CERTIFICATE, "remaining"), "60 days");
}

/* No answer: the error, where, and what each check says of it. */
static const struct failure_row {
    int result;
    const char *stage;
    enum sp_check_result https;
    const char *https_code;
    enum sp_check_result certificate;
    const char *certificate_code;
} failures[] = {
    {SP_E_DNS_NXDOMAIN, "dns", FAIL, "nxdomain", UNKNOWN, "not_reached"},
    {SP_E_DNS_NODATA, "dns", FAIL, "no_address", UNKNOWN, "not_reached"},
    {SP_E_DNS_SERVFAIL, "dns", UNKNOWN, "servfail", UNKNOWN, "not_reached"},
    {SP_E_DNS_TIMEOUT, "dns", UNKNOWN, "dns_timeout", UNKNOWN, "not_reached"},
    {SP_E_DNS_REFUSED, "dns", UNKNOWN, "dns_refused", UNKNOWN, "not_reached"},
    {SP_E_DNS_NO_SERVER, "dns", UNKNOWN, "no_resolver", UNKNOWN, "not_reached"},
    {SP_E_REFUSED, "connect", FAIL, "refused", UNKNOWN, "not_reached"},
    {SP_E_TIMEOUT, "connect", FAIL, "connect_timeout", UNKNOWN, "not_reached"},
    {SP_E_UNREACHABLE, "connect", FAIL, "unreachable", UNKNOWN, "not_reached"},
    {SP_E_CLOSED, "connect", FAIL, "unreachable", UNKNOWN, "not_reached"},
    {SP_E_MEMORY, "connect", UNKNOWN, "busy", UNKNOWN, "not_reached"},
    {SP_E_TLS_ALERT, "tls", FAIL, "tls_alert", FAIL, "none_shown"},
    {SP_E_TLS, "tls", FAIL, "tls_failed", FAIL, "none_shown"},
    {SP_E_CLOSED, "tls", FAIL, "closed", FAIL, "none_shown"},
    {SP_E_TIMEOUT, "tls", FAIL, "timeout", UNKNOWN, "not_reached"},
    {SP_E_CLOCK, "tls", UNKNOWN, "clock_unknown", UNKNOWN, "clock_unknown"},
    {SP_E_CERT_BAD, "tls", FAIL, "certificate", UNKNOWN, "not_reached"},
    {SP_E_TIMEOUT, "response", FAIL, "timeout", PASS, "ok"},
    {SP_E_CLOSED, "response", FAIL, "closed", PASS, "ok"},
    {SP_E_HTTP, "response", FAIL, "not_http", PASS, "ok"},
    {SP_E_TOO_BIG, "response", FAIL, "body_differs", PASS, "ok"},
    {SP_E_CANCELLED, "response", UNKNOWN, "busy", PASS, "ok"},
};

static void each_failure_is_told_apart(void **state)
{
    for (size_t i = 0; i < COUNT(failures); i++) {
        const struct failure_row *row = &failures[i];

        fakes_begin(state);
        fake.fetched.result = row->result;
        fake.fetched.stage = row->stage;
        fake.fetched.status = 0;
        fake.fetched.peer = strcmp(row->stage, "response") == 0 ? &fake.peer : NULL;
        if (strcmp(row->stage, "dns") == 0) {
            fake.fetched.address.family = 0;
        }
        run_checks(BOTH);
        check_says(SP_CHECK_HTTPS, row->https, row->https_code, "");
        if (row->certificate != PASS && row->stage[0] == 'd') {
            check_says(SP_CHECK_CERTIFICATE, UNKNOWN, "not_reached", HOST " was not reached");
        }
        if (row->certificate == PASS) {
            check_says(SP_CHECK_CERTIFICATE, PASS, "ok", "valid until");
        }
        assert_int_equal(report.checks[SP_CHECK_CERTIFICATE].result, row->certificate);
        assert_string_equal(report.checks[SP_CHECK_CERTIFICATE].code, row->certificate_code);
    }
}

/* Our public address, from behind a router that does not lead back inside. */
static void an_unreachable_public_address_cannot_be_told(void **state)
{
    (void)state;
    fake.own_interface = fake_addr("192.168.1.10");
    fake.fetched.result = SP_E_TIMEOUT;
    fake.fetched.stage = "connect";
    run_checks(SP_CHECK_BIT(SP_CHECK_HTTPS));
    check_says(SP_CHECK_HTTPS, UNKNOWN, "no_hairpin",
               "203.0.113.10 could not be reached from inside the network");
    fake.fetched.address = fake_addr("198.51.100.1");
    run_checks(SP_CHECK_BIT(SP_CHECK_HTTPS));
    check_says(SP_CHECK_HTTPS, FAIL, "connect_timeout", "No connection to " HOST);
}

static void the_peers_words_are_passed_on(void **state)
{
    (void)state;
    fake.fetched.result = SP_E_TLS_ALERT;
    fake.fetched.stage = "tls";
    fake.fetched.peer = NULL;
    strcpy(fake.fetched.detail, "unrecognized_name\x1b[2J");
    run_checks(BOTH);
    check_says(SP_CHECK_HTTPS, FAIL, "tls_alert", "unrecognized_name?[2J");
    check_says(SP_CHECK_CERTIFICATE, FAIL, "none_shown",
               HOST " shows no certificate for its name: unrecognized_name");
}

static void each_status_but_200_fails(void **state)
{
    static const struct {
        int status;
        const char *code, *says;
    } rows[] = {
        {301, "redirect", "answers with a redirect (status 301, to https://www.example.com/)"},
        {302, "redirect", "redirect (status 302"},
        {308, "redirect", "redirect (status 308"},
        {300, "status", "status 300"},
        {304, "status", "status 304"},
        {204, "status", "answers with status 204 instead of 200"},
        {404, "status", "status 404"},
        {500, "status", "status 500"},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        fakes_begin(state);
        fake.fetched.status = rows[i].status;
        strcpy(fake.fetched.location, "https://www.example.com/");
        run_checks(SP_CHECK_BIT(SP_CHECK_HTTPS));
        check_says(SP_CHECK_HTTPS, FAIL, rows[i].code, rows[i].says);
    }
}

static void the_content_type_is_plain_text(void **state)
{
    static const struct {
        const char *type, *code;
    } rows[] = {
        {"text/plain", "ok"},
        {"text/plain; charset=utf-8", "ok"},
        {"Text/Plain;charset=UTF-8", "ok"},
        {"text/plain ; charset=us-ascii", "ok"},
        {"text/plain; charset=\"utf-8\"", "ok"},
        {"text/plain; format=flowed", "ok"},
        {"text/plain; charset=utf-16", "content_type"},
        {"text/plain2", "content_type"},
        {"text/html", "content_type"},
        {"application/octet-stream", "content_type"},
        {"text", "content_type"},
        {"", "content_type_missing"},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        fakes_begin(state);
        strcpy(fake.fetched.content_type, rows[i].type);
        run_checks(SP_CHECK_BIT(SP_CHECK_HTTPS));
        check_says(SP_CHECK_HTTPS, strcmp(rows[i].code, "ok") == 0 ? PASS : FAIL, rows[i].code,
                   rows[i].type[0] == '\0' ? "without a content type" : "");
    }
}

static void the_body_is_this_policy_to_the_byte(void **state)
{
    static const struct {
        const char *body, *says, *senders;
    } rows[] = {
        {"", "line 1 is \"\" instead of \"version: STSv1\"", "refuse it: "},
        {"version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmax_age: 604800\r\n",
         "line 2 is \"mode: enforce\" instead of \"mode: testing\"", "take it as a policy"},
        {POLICY "\r\n", "line 5, \"\", is one too many", "refuse it: line 5 is blank"},
        {POLICY "mx: a.example\r\n", "line 5, \"mx: a.example\", is one too many",
         "take it as a policy"},
        {"version: STSv1\r\nmode: testing\r\nmx: mail.example.com\r\nmax_age: 604800\n",
         "line 4, \"max_age: 604800\", ends otherwise than in CR LF", "refuse it: "},
        {"version: STSv1\r\n", "line 2 is \"\" instead of \"mode: testing\"", "refuse it: "},
        {"\xEF\xBB\xBFversion: STSv1\r\n", "line 1 is \"???version: STSv1\"", "refuse it: line 1 "},
        {"<html>", "line 1 is \"<html>\"", "refuse it: line 1 "},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        fakes_begin(state);
        fake.body = rows[i].body;
        run_checks(SP_CHECK_BIT(SP_CHECK_HTTPS));
        check_says(SP_CHECK_HTTPS, FAIL, "body_differs", rows[i].says);
        assert_non_null(strstr(evidence(SP_CHECK_HTTPS, "senders"), rows[i].senders));
    }
}

static void a_fetch_from_inside_is_remarked_until_somebody_came_from_outside(void **state)
{
    (void)state;
    memset(&fake.seen, 0, sizeof fake.seen);
    run_checks(SP_CHECK_BIT(SP_CHECK_HTTPS));
    check_says(SP_CHECK_HTTPS, PASS, "ok", "in 85 ms, from inside only: nobody has come");
    fake.seen.validated[0].at = UTC_NOW - 60;
    run_checks(SP_CHECK_BIT(SP_CHECK_HTTPS));
    check_says(SP_CHECK_HTTPS, PASS, "ok", "in 85 ms.");
    memset(&fake.seen, 0, sizeof fake.seen);
    fake.own_interface = fake_addr("10.0.0.5"); /* it went out and came back */
    run_checks(SP_CHECK_BIT(SP_CHECK_HTTPS));
    check_says(SP_CHECK_HTTPS, PASS, "ok", "in 85 ms.");
}

static void an_answer_that_takes_over_four_seconds_is_slow(void **state)
{
    (void)state;
    fake.fetched.elapsed_ms = 4000;
    run_checks(SP_CHECK_BIT(SP_CHECK_HTTPS));
    check_says(SP_CHECK_HTTPS, PASS, "ok", "in 4000 ms");
    fake.fetched.elapsed_ms = 4001;
    run_checks(SP_CHECK_BIT(SP_CHECK_HTTPS));
    check_says(SP_CHECK_HTTPS, FAIL, "slow",
               "The answer took 4001 ms; some senders wait only 4000");
}

static void each_defect_of_a_certificate_is_told_apart(void **state)
{
    static const struct {
        int verify;
        enum sp_check_result result;
        const char *code, *says, *https_code;
    } rows[] = {
        {SP_E_CERT_EXPIRED, FAIL, "expired", "expired at 2026-11-24T23:05:00Z", "certificate"},
        {SP_E_CERT_FUTURE, FAIL, "not_yet_valid", "valid only from", "certificate"},
        {SP_E_CERT_NAME, FAIL, "name",
         "is for www.example.com, example.com, not for " HOST ": another host answers",
         "certificate"},
        {SP_E_CERT_UNTRUSTED, FAIL, "untrusted", "CN=A Public CA, leads to no root", "certificate"},
        {SP_E_CERT_BAD, FAIL, "defect", "is not usable", "certificate"},
        {SP_E_CLOCK, UNKNOWN, "clock_unknown", "The time of day is not known", "clock_unknown"},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sp_cert_info *peer = &fake.peer;

        fakes_begin(state);
        fake.fetched.tls_report.verify = rows[i].verify;
        if (rows[i].verify == SP_E_CERT_EXPIRED) {
            peer->not_after = UTC_NOW;
        }
        if (rows[i].verify == SP_E_CERT_NAME) {
            strcpy(peer->sans[0], "www.example.com");
            strcpy(peer->sans[1], "example.com");
            peer->sans_n = 2;
        }
        run_checks(BOTH);
        check_says(SP_CHECK_CERTIFICATE, rows[i].result, rows[i].code, rows[i].says);
        check_says(SP_CHECK_HTTPS, rows[i].result, rows[i].https_code, "");
    }
}

static void without_the_time_no_certificate_is_judged(void **state)
{
    (void)state;
    fake.utc = 0;
    run_checks(SP_CHECK_BIT(SP_CHECK_CERTIFICATE));
    check_says(SP_CHECK_CERTIFICATE, UNKNOWN, "clock_unknown", "The time of day is not known");
    assert_string_equal(evidence(SP_CHECK_CERTIFICATE, "remaining"), "");
    assert_string_equal(evidence(SP_CHECK_CERTIFICATE, "expires"), "2027-01-23T23:06:40Z");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, fakes_begin)
    const struct CMUnitTest tests[] = {
        TEST(a_right_answer_passes),
        TEST(each_failure_is_told_apart),
        TEST(an_unreachable_public_address_cannot_be_told),
        TEST(the_peers_words_are_passed_on),
        TEST(each_status_but_200_fails),
        TEST(the_content_type_is_plain_text),
        TEST(the_body_is_this_policy_to_the_byte),
        TEST(a_fetch_from_inside_is_remarked_until_somebody_came_from_outside),
        TEST(an_answer_that_takes_over_four_seconds_is_slow),
        TEST(each_defect_of_a_certificate_is_told_apart),
        TEST(without_the_time_no_certificate_is_judged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
