/* The mx_tls check, by a table of what probes of mail servers give. */
#include "base/err.h"
#include "base/port.h"
#include "checks/check_mx_tls.h"
#include "checks/checks_internal.h"

#include "cm.h"
#include "fakes.h"

#include <string.h>

#define PASS SP_CHECK_PASS
#define FAIL SP_CHECK_FAIL
#define UNKNOWN SP_CHECK_UNKNOWN
#define MX "mail.example.com"

static struct sp_check_run run;
static struct sp_smtp_result result;

static void begin(void)
{
    memset(&run, 0, sizeof run);
    run.input.domain = DOMAIN;
    run.report = &report;
    sp_check_report_begin(&report, SP_CHECK_MX_TLS);
    sp_port_set_utc(fake.utc, fake.now);
}

static int fresh(void **state)
{
    fakes_begin(state);
    begin();
    return 0;
}

/* All is well. */
static void good(void)
{
    memset(&result, 0, sizeof result);
    result.stage = SP_SMTP_DONE;
    result.code = 220;
    result.address = fake_addr("192.0.2.25");
    result.elapsed_ms = 85;
    strcpy(result.tls.version, "TLSv1.3");
    result.peer.sans_n = 1;
    strcpy(result.peer.sans[0], MX);
    strcpy(result.peer.issuer, "CN=A Public CA");
    result.peer.not_before = UTC_NOW - 86400;
    result.peer.not_after = UTC_NOW + 86400;
}

static bool take(uint16_t preference, const char *host)
{
    struct sp_dns_record mx = {.type = SP_DNS_MX, .u.mx = {preference, host}};

    return sp_check_mx_tls_one(&run, &mx, &result);
}

static void ends_at(enum sp_smtp_stage stage, int err, int code, const char *words)
{
    good();
    result.stage = stage;
    result.err = err;
    result.code = code;
    strcpy(code != 0 ? result.said : result.words, words);
}

static const struct row {
    enum sp_smtp_stage stage;
    int err, code;
    const char *words;
    enum sp_check_result result;
    const char *says_code, *says;
} rows[] = {
    {SP_SMTP_DNS, SP_E_DNS_NXDOMAIN, 0, "", FAIL, "mx_no_address",
     "The MX mail.example.com has no address in DNS."},
    {SP_SMTP_DNS, SP_E_DNS_NODATA, 0, "", FAIL, "mx_no_address", ""},
    {SP_SMTP_DNS, SP_E_DNS_SERVFAIL, 0, "", UNKNOWN, "servfail",
     "DNS could not be asked for mail.example.com"},
    {SP_SMTP_CONNECT, SP_E_REFUSED, 0, "", FAIL, "mx_refused",
     "refuses connections to port 25 of 192.0.2.25."},
    {SP_SMTP_CONNECT, SP_E_TIMEOUT, 0, "192.0.2.25: no answer", UNKNOWN, "mx_timeout",
     "was not reached on port 25: 192.0.2.25: no answer."},
    {SP_SMTP_CONNECT, SP_E_UNREACHABLE, 0, "", UNKNOWN, "mx_timeout", ""},
    {SP_SMTP_CONNECT, SP_E_MEMORY, 0, "", UNKNOWN, "busy", "could not look just now"},
    {SP_SMTP_GREETING, SP_E_REFUSED, 554, "no mail here", UNKNOWN, "smtp_busy",
     "did not talk to the appliance: 554 no mail here."},
    {SP_SMTP_GREETING, SP_E_REFUSED, 421, "later", UNKNOWN, "smtp_busy", ": 421 later."},
    {SP_SMTP_GREETING, SP_E_CLOSED, 0, "it closed", UNKNOWN, "smtp_busy", ": it closed."},
    {SP_SMTP_GREETING, SP_E_TIMEOUT, 0, "", UNKNOWN, "smtp_busy", ""},
    {SP_SMTP_GREETING, SP_E_PROTOCOL, 0, "no reply", FAIL, "not_smtp", "not as a mail server"},
    {SP_SMTP_EHLO, SP_E_REFUSED, 502, "what?", FAIL, "smtp_refused", "refuses EHLO"},
    {SP_SMTP_EHLO, SP_E_REFUSED, 450, "later", UNKNOWN, "smtp_busy", ""},
    {SP_SMTP_EHLO, SP_E_TIMEOUT, 220, "", UNKNOWN, "smtp_busy", ""},
    {SP_SMTP_STARTTLS, SP_E_NOT_FOUND, 250, "", FAIL, "no_starttls", "does not offer STARTTLS"},
    {SP_SMTP_STARTTLS, SP_E_REFUSED, 454, "no key", FAIL, "tls_failed", ": 454 no key."},
    {SP_SMTP_STARTTLS, SP_E_PROTOCOL, 0, "text behind it", FAIL, "tls_failed", "text behind it"},
    {SP_SMTP_TLS, SP_E_TLS_ALERT, 0, "the alert handshake_failure", FAIL, "tls_failed",
     "offers TLS, which then failed: the alert handshake_failure."},
    {SP_SMTP_TLS, SP_E_TIMEOUT, 0, "", FAIL, "tls_failed", ""},
    {SP_SMTP_TLS, SP_E_MEMORY, 0, "no memory", UNKNOWN, "busy", "no memory"},
    {SP_SMTP_DONE, SP_E_CERT_BAD, 0, "", FAIL, "cert_defect", "not usable"},
};

static void one_mx_is_judged_by_where_its_probe_ended(void **state)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        bool silent;

        fresh(state);
        ends_at(rows[i].stage, rows[i].err, rows[i].code, rows[i].words);
        silent = take(10, MX);
        assert_int_equal(silent, strcmp(rows[i].says_code, "mx_timeout") == 0);
        sp_check_mx_tls_end(&run, 2, silent);
        check_says(SP_CHECK_MX_TLS, rows[i].result, rows[i].says_code, rows[i].says);
    }
}

static void old_tls_is_told_apart(void **state)
{
    (void)state;
    ends_at(SP_SMTP_TLS, SP_E_TLS_ALERT, 0, "the alert protocol_version");
    result.old = true;
    take(10, MX);
    check_says(SP_CHECK_MX_TLS, FAIL, "tls_old", "has no version of TLS from 1.2 on");
}

static void certificate_is_judged_as_senders_do(void **state)
{
    static const struct {
        int verify;
        enum sp_check_result result;
        const char *code, *says;
    } certificates[] = {
        {0, PASS, "ok", "Every MX (1) takes mail over TLS"},
        {SP_E_CERT_NAME, FAIL, "cert_name",
         "not for its name: it is for other.example, b.example and 1 more."},
        {SP_E_CERT_EXPIRED, FAIL, "cert_expired", "has expired (its own ends at 2026-1"},
        {SP_E_CERT_FUTURE, FAIL, "cert_not_yet", "not valid yet (its own begins at 2026-1"},
        {SP_E_CERT_UNTRUSTED, FAIL, "cert_untrusted", "its issuer is CN=A Public CA."},
        {SP_E_CERT_BAD, FAIL, "cert_defect", "not usable"},
        {SP_E_CLOCK, UNKNOWN, "clock_unknown", "time of day is not known"},
    };

    for (size_t i = 0; i < COUNT(certificates); i++) {
        fresh(state);
        good();
        result.tls.verify = certificates[i].verify;
        result.peer.sans_n = 3;
        strcpy(result.peer.sans[0], "other.example");
        strcpy(result.peer.sans[1], "b.example");
        assert_false(take(10, MX));
        sp_check_mx_tls_end(&run, 1, 0);
        check_says(SP_CHECK_MX_TLS, certificates[i].result, certificates[i].code,
                   certificates[i].says);
    }
}

static void a_certificate_without_names_is_told_so(void **state)
{
    (void)state;
    good();
    result.tls.verify = SP_E_CERT_NAME;
    result.peer.sans_n = 0;
    take(10, MX);
    check_says(SP_CHECK_MX_TLS, FAIL, "cert_name", "it names no host");
}

static void the_worst_and_then_the_most_preferred_is_named(void **state)
{
    (void)state;
    good();
    take(5, "good.example.com");
    ends_at(SP_SMTP_GREETING, SP_E_REFUSED, 421, "later");
    take(10, "busy.example.com");
    assert_string_equal(report.checks[SP_CHECK_MX_TLS].code, "smtp_busy");
    ends_at(SP_SMTP_STARTTLS, SP_E_NOT_FOUND, 250, "");
    take(20, "plain.example.com");
    ends_at(SP_SMTP_TLS, SP_E_TLS, 0, "broken");
    take(30, "broken.example.com");
    ends_at(SP_SMTP_CONNECT, SP_E_TIMEOUT, 0, "silence");
    take(40, "silent.example.com");
    sp_check_mx_tls_end(&run, 5, 1);
    check_says(SP_CHECK_MX_TLS, FAIL, "no_starttls", "plain.example.com");
}

static void all_silent_means_a_blocked_port(void **state)
{
    struct sp_dns_record third = {.type = SP_DNS_MX, .u.mx = {30, "c.example.com"}};

    (void)state;
    ends_at(SP_SMTP_CONNECT, SP_E_TIMEOUT, 0, "silence");
    assert_true(take(10, "a.example.com"));
    check_says(SP_CHECK_MX_TLS, UNKNOWN, "mx_timeout", "a.example.com");
    assert_true(take(20, "b.example.com"));
    sp_check_mx_tls_skipped(&run, &third);
    sp_check_mx_tls_end(&run, 3, 3);
    check_says(SP_CHECK_MX_TLS, UNKNOWN, "port25_blocked", "No MX of " DOMAIN " was reached");
}

static void what_was_not_looked_at_is_no_pass(void **state)
{
    struct sp_dns_record late = {.type = SP_DNS_MX, .u.mx = {20, "late.example.com"}};

    (void)state;
    good();
    take(10, MX);
    sp_check_mx_tls_skipped(&run, &late);
    sp_check_mx_tls_end(&run, 2, 1);
    check_says(SP_CHECK_MX_TLS, UNKNOWN, "mx_timeout", "late.example.com was not looked at");
}

static void evidence_has_a_line_for_each_mx(void **state)
{
    struct sp_evidence item;

    (void)state;
    good();
    take(10, MX);
    ends_at(SP_SMTP_STARTTLS, SP_E_NOT_FOUND, 250, "");
    take(20, "plain.example.com");
    ends_at(SP_SMTP_DNS, SP_E_DNS_SERVFAIL, 0, "");
    result.address.family = 0;
    take(30, "dark.example.com");
    assert_true(sp_check_evidence(&report, SP_CHECK_MX_TLS, 0, &item));
    assert_string_equal(item.value, "10 mail.example.com: ok, 192.0.2.25, TLSv1.3, certificate "
                                    "until 2026-11-25T23:05:00Z, 85 ms");
    assert_true(sp_check_evidence(&report, SP_CHECK_MX_TLS, 1, &item));
    assert_string_equal(item.value, "20 plain.example.com: no_starttls, 192.0.2.25, 85 ms");
    assert_true(sp_check_evidence(&report, SP_CHECK_MX_TLS, 2, &item));
    assert_non_null(strstr(item.value, "30 dark.example.com: the DNS resolver"));
    assert_false(sp_check_evidence(&report, SP_CHECK_MX_TLS, 3, &item));
}

static void no_mx_is_told_as_mx_match_does(void **state)
{
    static struct sp_dns_answer answer;
    static const struct {
        int result;
        enum sp_check_result expected;
        const char *code;
    } errors[] = {
        {SP_E_DNS_NODATA, FAIL, "no_mx"},
        {SP_E_DNS_NXDOMAIN, FAIL, "no_mx"},
        {SP_E_DNS_SERVFAIL, UNKNOWN, "servfail"},
    };

    for (size_t i = 0; i < COUNT(errors); i++) {
        fresh(state);
        fake_nothing(&answer, errors[i].result);
        assert_true(sp_check_mx_tls_none(&run, &answer));
        check_says(SP_CHECK_MX_TLS, errors[i].expected, errors[i].code, DOMAIN);
    }
    fresh(state);
    fake_nothing(&answer, SP_E_DNS_NODATA);
    fake_mx(&answer, 0, "");
    assert_true(sp_check_mx_tls_none(&run, &answer));
    check_says(SP_CHECK_MX_TLS, FAIL, "null_mx", "nobody");
    fresh(state);
    fake_nothing(&answer, SP_E_DNS_NODATA);
    fake_mx(&answer, 10, MX);
    assert_false(sp_check_mx_tls_none(&run, &answer));
    assert_int_equal(report.checks[SP_CHECK_MX_TLS].result, SP_CHECK_NOT_RUN);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, fresh)
    const struct CMUnitTest tests[] = {
        TEST(one_mx_is_judged_by_where_its_probe_ended),
        TEST(old_tls_is_told_apart),
        TEST(certificate_is_judged_as_senders_do),
        TEST(a_certificate_without_names_is_told_so),
        TEST(the_worst_and_then_the_most_preferred_is_named),
        TEST(all_silent_means_a_blocked_port),
        TEST(what_was_not_looked_at_is_no_pass),
        TEST(evidence_has_a_line_for_each_mx),
        TEST(no_mx_is_told_as_mx_match_does),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
