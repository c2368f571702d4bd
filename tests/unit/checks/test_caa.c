/* The caa check, by a table of CAA records. */
#include "base/err.h"
#include "base/port.h"
#include "checks/check_caa.h"
#include "checks/checks_internal.h"

#include "cm.h"
#include "fakes.h"

#include <string.h>

#define PASS SP_CHECK_PASS
#define FAIL SP_CHECK_FAIL
#define UNKNOWN SP_CHECK_UNKNOWN
#define ACCOUNT "https://ca.example/acct/7"

static const struct row {
    const char *records[3]; /* "0 issue ca.example" */
    enum sp_check_result result;
    const char *code, *says;
} rows[] = {
    {{NULL}, PASS, "none", "no CAA records from " HOST " up to the root"},
    {{"0 issue ca.example"}, PASS, "ok", "records of example.com let this CA issue"},
    {{"0 issue CA.example"}, PASS, "ok", ""},
    {{"0 ISSUE second.example"}, PASS, "ok", ""},
    {{"128 issue ca.example"}, PASS, "ok", ""},
    {{"0 issue other.example", "0 issue ca.example"}, PASS, "ok", ""},
    {{"0 issue ca.example; accounturi=" ACCOUNT}, PASS, "ok", ""},
    {{"0 issue ca.example; validationmethods=dns-01,http-01"}, PASS, "ok", ""},
    {{"0 issue ca.example; x=1"}, PASS, "ok", ""},
    {{"0 iodef mailto:x@example.com"}, PASS, "ok", ""},
    {{"0 issuewild ;"}, PASS, "ok", ""},
    {{"0 unknown x"}, PASS, "ok", ""},
    {{"128 issuewild ;", "0 issue ca.example"}, PASS, "ok", ""},
    {{"0 issue ;"}, FAIL, "forbidden", "allow \";\", not this CA (ca.example second.example)"},
    {{"0 issue other.example"}, FAIL, "forbidden", "allow \"other.example\""},
    {{"0 issue a.ca.example"}, FAIL, "forbidden", ""},
    {{"0 issue ca.example; accounturi=https://ca.example/acct/8"}, FAIL, "account", "accounturi"},
    {{"0 issue ca.example; validationmethods=dns-01"}, FAIL, "method", "validationmethods"},
    {{"0 issue ca.example; validationmethods=http-011"}, FAIL, "method", ""},
    {{"0 issue ca.example; accounturi=" ACCOUNT "; validationmethods=dns-01",
      "0 issue ca.example; accounturi=x"},
     FAIL,
     "method",
     ""},
    {{"128 tbs x", "0 issue ca.example"}, FAIL, "critical", "the critical tag \"tbs\""},
};

static struct sp_check_run run;
static struct sp_dns_answer answer;

static void judge(const char *identities)
{
    memset(&run, 0, sizeof run);
    run.input.domain = DOMAIN;
    run.input.ca_identities = identities;
    run.input.account_uri = ACCOUNT;
    run.report = &report;
    run.host = HOST;
    sp_check_report_begin(&report, SP_CHECK_CAA);
    sp_port_set_utc(fake.utc, fake.now);
    sp_check_caa_judge(&run, DOMAIN, &answer);
}

static void publish(const char *const *records)
{
    fake_nothing(&answer, SP_E_DNS_NODATA);
    for (unsigned i = 0; i < 3 && records[i] != NULL; i++) {
        const char *tag = strchr(records[i], ' ') + 1;
        const char *value = strchr(tag, ' ') + 1;

        fake_caa(&answer, records[i][0] == '1' ? 128 : 0, tag, (size_t)(value - tag - 1), value);
    }
}

static void each_set_is_judged(void **state)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        fakes_begin(state);
        publish(rows[i].records);
        assert_int_equal(sp_check_caa_ends(&answer), rows[i].records[0] != NULL);
        judge("ca.example second.example");
        check_says(SP_CHECK_CAA, rows[i].result, rows[i].code, rows[i].says);
    }
}

static void without_an_answer_no_ca_issues(void **state)
{
    (void)state;
    fake_nothing(&answer, SP_E_DNS_SERVFAIL);
    assert_true(sp_check_caa_ends(&answer));
    judge("ca.example");
    check_says(SP_CHECK_CAA, UNKNOWN, "servfail", DOMAIN);
    assert_non_null(
        strstr(sp_check_words(&report, SP_CHECK_CAA, SP_CHECK_REMEDY), "does not issue"));
    fake_nothing(&answer, SP_E_DNS_NXDOMAIN);
    assert_false(sp_check_caa_ends(&answer));
}

static void a_ca_that_did_not_say_who_it_is_leaves_it_open(void **state)
{
    (void)state;
    publish(rows[1].records);
    judge("");
    check_says(SP_CHECK_CAA, UNKNOWN, "busy", "what the CA calls itself");
    judge(NULL);
    check_says(SP_CHECK_CAA, UNKNOWN, "busy", "");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, fakes_begin)
    const struct CMUnitTest tests[] = {
        TEST(each_set_is_judged),
        TEST(without_an_answer_no_ca_issues),
        TEST(a_ca_that_did_not_say_who_it_is_leaves_it_open),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
