/* The policy_id check, by a table of TXT records. */
#include "base/err.h"

#include "cm.h"
#include "fakes.h"

#include <string.h>

#define PASS SP_CHECK_PASS
#define FAIL SP_CHECK_FAIL
#define UNKNOWN SP_CHECK_UNKNOWN
#define GOOD "v=STSv1; id=" POLICY_ID ";"

static const struct row {
    const char *texts[3];
    const char *code, *says;
} rows[] = {
    {{GOOD}, "ok", "DNS has the policy id that is served, " POLICY_ID "."},
    {{"v=STSv1; id=" POLICY_ID}, "ok", ""},
    {{"v=STSv1;id=" POLICY_ID}, "ok", ""},
    {{"v=STSv1; id=" POLICY_ID "; x=1"}, "ok", ""},
    {{"v=STSv1; x=1; id=" POLICY_ID ";"}, "ok", ""},
    {{"unrelated", GOOD, "v=spf1 -all"}, "ok", ""},
    {{"unrelated"}, "missing", "has no TXT record that begins with \"v=STSv1;\""},
    {{"v=TLSRPTv1; rua=mailto:a@b.example"}, "missing", ""},
    {{"a note on v=STSv1;"}, "missing", ""},
    {{GOOD, GOOD}, "several", "_mta-sts.example.com has 2 TXT records"},
    {{GOOD, "v=STSv1; id=old"}, "several", "senders then see no policy at all"},
    {{"v=STSv1; id=20260101"},
     "id_differs",
     "DNS has the policy id 20260101, but the policy that is served has " POLICY_ID "."},
    {{"v=STSv1; id=0123456789ABCDEF0123456789ABCDEF"}, "id_differs", "0123456789ABCDEF"},
    {{"v=STSv1; id=" POLICY_ID " "}, "trailing", "it ends with a space"},
    {{GOOD " "}, "trailing", ""},
    {{GOOD "\t"}, "trailing", ""},
    {{GOOD "\n"}, "trailing", "\"" GOOD "?\""},
    {{"v=STSv1"}, "syntax", "it does not begin with \"v=STSv1;\""},
    {{"v=STSv1 id=" POLICY_ID}, "syntax", ""},
    {{"V=STSv1; id=" POLICY_ID}, "syntax", ""},
    {{"v=stsv1; id=" POLICY_ID}, "syntax", ""},
    {{" v=STSv1; id=" POLICY_ID}, "syntax", ""},
    {{"\"v=STSv1; id=" POLICY_ID "\""}, "syntax", ""},
    {{"v = STSv1; id=" POLICY_ID}, "syntax", ""},
    {{"v=STSv1;"}, "syntax", "it has no id"},
    {{"v=STSv1; x=1"}, "syntax", "it has no id"},
    {{"v=STSv1; id="}, "syntax", "its id is empty"},
    {{"v=STSv1; id"}, "syntax", "its id is empty"},
    {{"v=STSv1; id=" POLICY_ID "0"}, "syntax", "more than 32 characters"},
    {{"v=STSv1; id=2026-01-01"}, "syntax", "a character other than letters and digits"},
    {{"v=STSv1; id=a b"}, "syntax", "a character other than letters and digits"},
    {{"v=STSv1; id=a; id=a"}, "syntax", "it has two ids"},
    {{"v=STSv1; ID=a"}, "syntax", "its id must be written \"id=\""},
    {{"v=STSv1; id =a"}, "syntax", "its id must be written \"id=\""},
    {{"v=STSv1;; id=a"}, "syntax", "it has an empty field"},
    {{"v=STSv1; id=a;;"}, "syntax", "it has an empty field"},
    {{"v=STSv1; id=a; nonsense"}, "syntax", "not of the form name=value"},
    {{"v=STSv1; id=a; =x"}, "syntax", "not of the form name=value"},
    {{"v=STSv1; id=a; x=1=2"}, "syntax", "not of the form name=value"},
    {{"v=STSv1; id=a; x=1 2"}, "syntax", "not of the form name=value"},
    {{"v=STSv1; \x1b[2Jid=a"}, "syntax", "?[2Jid=a"},
};

static void each_record_is_judged_as_the_strictest_sender_does(void **state)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        fakes_begin(state);
        fake_nothing(&fake.txt, SP_E_DNS_NODATA);
        for (int k = 0; k < 3 && rows[i].texts[k] != NULL; k++) {
            fake_text(&fake.txt, rows[i].texts[k]);
        }
        run_checks(SP_CHECK_BIT(SP_CHECK_POLICY_ID));
        check_says(SP_CHECK_POLICY_ID, strcmp(rows[i].code, "ok") == 0 ? PASS : FAIL, rows[i].code,
                   rows[i].says);
        assert_int_equal(fake.questions, 1);
        assert_string_equal(fake.asked[0], "_mta-sts.example.com");
    }
}

static void no_answer_is_told_apart_from_no_record(void **state)
{
    static const struct {
        int result;
        enum sp_check_result expected;
        const char *code;
    } errors[] = {
        {SP_E_DNS_NXDOMAIN, FAIL, "missing"},       {SP_E_DNS_NODATA, FAIL, "missing"},
        {SP_E_DNS_SERVFAIL, UNKNOWN, "servfail"},   {SP_E_DNS_TIMEOUT, UNKNOWN, "dns_timeout"},
        {SP_E_DNS_REFUSED, UNKNOWN, "dns_refused"}, {SP_E_DNS_FORMAT, UNKNOWN, "dns_malformed"},
        {SP_E_MEMORY, UNKNOWN, "dns_memory"},       {SP_E_CANCELLED, UNKNOWN, "dns_failed"},
    };

    for (size_t i = 0; i < COUNT(errors); i++) {
        fakes_begin(state);
        fake_nothing(&fake.txt, errors[i].result);
        run_checks(SP_CHECK_BIT(SP_CHECK_POLICY_ID));
        check_says(SP_CHECK_POLICY_ID, errors[i].expected, errors[i].code, "_mta-sts.example.com");
    }
}

static void a_cname_is_followed(void **state)
{
    (void)state;
    fake_nothing(&fake.txt, SP_OK);
    fake_alias(&fake.txt, "_mta-sts.provider.example");
    fake_text(&fake.txt, GOOD);
    run_checks(SP_CHECK_BIT(SP_CHECK_POLICY_ID));
    check_says(SP_CHECK_POLICY_ID, PASS, "ok", "");
    assert_string_equal(evidence(SP_CHECK_POLICY_ID, "TXT"),
                        "_mta-sts.example.com: CNAME _mta-sts.provider.example (TTL 300), "
                        "\"" GOOD "\" (TTL 300)");
    assert_string_equal(evidence(SP_CHECK_POLICY_ID, "served"), POLICY_ID);
    assert_string_equal(evidence(SP_CHECK_POLICY_ID, "server"), "203.0.113.53, 12 ms");
}

static void more_records_than_can_be_read_leave_it_open(void **state)
{
    (void)state;
    fake.txt.cut = true;
    run_checks(SP_CHECK_BIT(SP_CHECK_POLICY_ID));
    check_says(SP_CHECK_POLICY_ID, UNKNOWN, "too_many_records", "more TXT records than");
    fake.txt.cut = false;
    fake_text(&fake.txt, GOOD);
    fake.txt.cut = true;
    run_checks(SP_CHECK_BIT(SP_CHECK_POLICY_ID));
    check_says(SP_CHECK_POLICY_ID, FAIL, "several", "2 TXT records");
}

/* What senders may go by, and how long. */
static void the_life_is_told_what_dns_has(void **state)
{
    static const struct {
        const char *texts[2];
        const char *id;
        uint32_t ttl;
    } told[] = {
        {{GOOD}, POLICY_ID, 300},
        {{"v=STSv1; id=old"}, "old", 300},
        {{GOOD, "v=STSv1; id=old"}, "old", 300}, /* some take the first, some the last */
        {{"v=STSv1; id=old", GOOD}, "old", 300},
        {{"v=STSv1; id="}, "", 0},
        {{"v=spf1 -all"}, "", 0},
    };

    for (size_t i = 0; i < COUNT(told); i++) {
        fakes_begin(state);
        fake_nothing(&fake.txt, SP_E_DNS_NODATA);
        for (int k = 0; k < 2 && told[i].texts[k] != NULL; k++) {
            fake_text(&fake.txt, told[i].texts[k]);
        }
        run_checks(SP_CHECK_BIT(SP_CHECK_POLICY_ID));
        assert_true(report.txt.known);
        assert_string_equal(report.txt.id, told[i].id);
        assert_int_equal(report.txt.ttl, told[i].ttl);
    }
}

static void what_dns_has_is_not_known_without_an_answer(void **state)
{
    (void)state;
    run_checks(SP_CHECK_BIT(SP_CHECK_POLICY_ID));
    assert_true(report.txt.known);
    fake_nothing(&fake.txt, SP_E_DNS_TIMEOUT);
    run_checks(SP_CHECK_BIT(SP_CHECK_DNS));
    assert_true(report.txt.known); /* nobody asked anew */
    run_checks(SP_CHECK_BIT(SP_CHECK_POLICY_ID));
    assert_false(report.txt.known);
    fake_nothing(&fake.txt, SP_E_DNS_NXDOMAIN);
    run_checks(SP_CHECK_BIT(SP_CHECK_POLICY_ID));
    assert_true(report.txt.known);
    assert_string_equal(report.txt.id, "");
    fake_text(&fake.txt, GOOD);
    fake.txt.cut = true;
    run_checks(SP_CHECK_BIT(SP_CHECK_POLICY_ID));
    assert_false(report.txt.known);
}

static void the_former_id_is_told_from_a_wrong_one(void **state)
{
    (void)state;
    fake.former_id = "old";
    fake_nothing(&fake.txt, SP_E_DNS_NODATA);
    fake_text(&fake.txt, "v=STSv1; id=old;");
    run_checks(SP_CHECK_BIT(SP_CHECK_POLICY_ID));
    check_says(SP_CHECK_POLICY_ID, FAIL, "id_old",
               "still has the former policy id, old; the policy");
    assert_non_null(strstr(sp_check_words(&report, SP_CHECK_POLICY_ID, SP_CHECK_REMEDY),
                           "for up to 300 s more"));
    fake.former_id = "older";
    run_checks(SP_CHECK_BIT(SP_CHECK_POLICY_ID));
    check_says(SP_CHECK_POLICY_ID, FAIL, "id_differs", "old");
    fake.former_id = "";
    fakes_begin(state);
    run_checks(SP_CHECK_BIT(SP_CHECK_POLICY_ID));
    check_says(SP_CHECK_POLICY_ID, PASS, "ok", "");
}

static void a_domain_that_serves_nothing_leaves_no_id_behind(void **state)
{
    (void)state;
    fake.serves_nothing = true;
    run_checks(SP_CHECK_BIT(SP_CHECK_POLICY_ID));
    check_says(SP_CHECK_POLICY_ID, FAIL, "left_behind", "\"" GOOD "\"");
    assert_string_equal(evidence(SP_CHECK_POLICY_ID, "served"), "nothing");
    fake_text(&fake.txt, GOOD);
    run_checks(SP_CHECK_BIT(SP_CHECK_POLICY_ID));
    check_says(SP_CHECK_POLICY_ID, FAIL, "left_behind", "");
    fake_nothing(&fake.txt, SP_E_DNS_NXDOMAIN);
    run_checks(SP_CHECK_BIT(SP_CHECK_POLICY_ID));
    check_says(SP_CHECK_POLICY_ID, PASS, "gone", "no policy id any more");
    fake.txt.cut = true;
    run_checks(SP_CHECK_BIT(SP_CHECK_POLICY_ID));
    check_says(SP_CHECK_POLICY_ID, UNKNOWN, "too_many_records", "");
    fake_nothing(&fake.txt, SP_E_DNS_SERVFAIL);
    run_checks(SP_CHECK_BIT(SP_CHECK_POLICY_ID));
    check_says(SP_CHECK_POLICY_ID, UNKNOWN, "servfail", "");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, fakes_begin)
    const struct CMUnitTest tests[] = {
        TEST(each_record_is_judged_as_the_strictest_sender_does),
        TEST(no_answer_is_told_apart_from_no_record),
        TEST(a_cname_is_followed),
        TEST(more_records_than_can_be_read_leave_it_open),
        TEST(the_former_id_is_told_from_a_wrong_one),
        TEST(a_domain_that_serves_nothing_leaves_no_id_behind),
        TEST(the_life_is_told_what_dns_has),
        TEST(what_dns_has_is_not_known_without_an_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
