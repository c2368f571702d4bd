/* The mx_match check, by a table of MX records and policies. */
#include "base/err.h"
#include "base/port.h"
#include "checks/check_mx_match.h"
#include "checks/checks_internal.h"

#include "cm.h"
#include "fakes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PASS SP_CHECK_PASS
#define FAIL SP_CHECK_FAIL
#define UNKNOWN SP_CHECK_UNKNOWN
#define HEAD "version: STSv1\r\nmode: enforce\r\n"
#define END "max_age: 604800\r\n"

static const struct row {
    const char *mx[4]; /* "10 mail.example.com" */
    const char *lines; /* of the policy */
    enum sp_check_result result;
    const char *code, *says;
} rows[] = {
    {{"10 mail.example.com"}, "mx: mail.example.com\r\n", PASS, "ok", "every live MX and no other"},
    {{"10 a.example.com", "20 b.example.com"}, "mx: *.example.com\r\n", PASS, "ok", ""},
    {{"10 MAIL.example.com"}, "mx: mail.example.com\r\n", PASS, "ok", ""},
    {{"10 a.b.example.com"}, "mx: *.example.com\r\n", FAIL, "none_match", "(a.b.example.com)"},
    {{"10 example.com"}, "mx: *.example.com\r\n", FAIL, "none_match", "(example.com)"},
    {{"10 xexample.com"}, "mx: *.example.com\r\n", FAIL, "none_match", ""},
    {{"10 mail.example.com", "20 backup.example.net"},
     "mx: mail.example.com\r\n",
     FAIL,
     "not_listed",
     "does not list backup.example.net:"},
    {{"30 c.example.net", "5 b.example.net", "5 a.example.net", "40 mail.example.com"},
     "mx: mail.example.com\r\n",
     FAIL,
     "not_listed",
     "does not list a.example.net, b.example.net, c.example.net:"},
    {{"2 d.net.test", "1 c.net.test", "4 b.net.test", "3 a.net.test"},
     "mx: mail.example.com\r\n",
     FAIL,
     "none_match",
     "(c.net.test, d.net.test, a.net.test and 1 more)"},
    {{"10 mail.example.com"},
     "mx: old.example.com\r\nmx: mail.example.com\r\nmx: *.example.net\r\n",
     PASS,
     "unused",
     "old.example.com, *.example.net besides"},
    {{"0 "}, "mx: mail.example.com\r\n", FAIL, "null_mx", "receives no mail at all"},
};

static struct sp_check_run run;
static struct sp_dns_answer answer;

static void judge(const char *policy)
{
    memset(&run, 0, sizeof run);
    run.input.domain = DOMAIN;
    run.report = &report;
    sp_check_report_begin(&report, SP_CHECK_MX_MATCH);
    sp_port_set_utc(fake.utc, fake.now);
    sp_check_mx_match_judge(&run, &answer, sp_span_str(policy));
}

static void publish(const struct row *row)
{
    fake_nothing(&answer, SP_E_DNS_NODATA);
    for (unsigned i = 0; i < COUNT(row->mx) && row->mx[i] != NULL; i++) {
        fake_mx(&answer, (uint16_t)atoi(row->mx[i]), strchr(row->mx[i], ' ') + 1);
    }
}

static void live_names_and_patterns_are_compared_both_ways(void **state)
{
    char policy[400];

    for (size_t i = 0; i < COUNT(rows); i++) {
        fakes_begin(state);
        publish(&rows[i]);
        (void)snprintf(policy, sizeof policy, HEAD "%s" END, rows[i].lines);
        judge(policy);
        check_says(SP_CHECK_MX_MATCH, rows[i].result, rows[i].code, rows[i].says);
    }
}

static void mode_none_lets_mail_go_to_any_mx(void **state)
{
    (void)state;
    publish(&rows[6]);
    judge("version: STSv1\r\nmode: none\r\nmx: mail.example.com\r\n" END);
    check_says(SP_CHECK_MX_MATCH, PASS, "ok_none", "mode is none");
}

static void no_answer_is_told_apart_from_no_mx(void **state)
{
    static const struct {
        int result;
        enum sp_check_result expected;
        const char *code;
    } errors[] = {
        {SP_E_DNS_NODATA, FAIL, "no_mx"},           {SP_E_DNS_NXDOMAIN, FAIL, "no_mx"},
        {SP_E_DNS_SERVFAIL, UNKNOWN, "servfail"},   {SP_E_DNS_TIMEOUT, UNKNOWN, "dns_timeout"},
        {SP_E_DNS_REFUSED, UNKNOWN, "dns_refused"},
    };

    for (size_t i = 0; i < COUNT(errors); i++) {
        fakes_begin(state);
        fake_nothing(&answer, errors[i].result);
        judge(POLICY);
        check_says(SP_CHECK_MX_MATCH, errors[i].expected, errors[i].code, DOMAIN);
    }
}

static void evidence_has_the_order_in_which_senders_try(void **state)
{
    (void)state;
    publish(&rows[7]);
    judge(POLICY);
    assert_string_equal(evidence(SP_CHECK_MX_MATCH, "MX"),
                        "5 a.example.net (not listed), 5 b.example.net (not listed), "
                        "30 c.example.net (not listed), 40 mail.example.com");
    assert_string_equal(evidence(SP_CHECK_MX_MATCH, "policy"), "mail.example.com");
    assert_string_equal(evidence(SP_CHECK_MX_MATCH, "server"), "203.0.113.53, 12 ms");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, fakes_begin)
    const struct CMUnitTest tests[] = {
        TEST(live_names_and_patterns_are_compared_both_ways),
        TEST(mode_none_lets_mail_go_to_any_mx),
        TEST(no_answer_is_told_apart_from_no_mx),
        TEST(evidence_has_the_order_in_which_senders_try),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
