/* The tlsrpt check, by a table of TXT records. */
#include "base/err.h"
#include "base/port.h"
#include "checks/check_tlsrpt.h"
#include "checks/checks_internal.h"

#include "cm.h"
#include "fakes.h"

#include <string.h>

#define PASS SP_CHECK_PASS
#define FAIL SP_CHECK_FAIL
#define UNKNOWN SP_CHECK_UNKNOWN
#define NAME "_smtp._tls.example.com"
#define RUA "mailto:tls@example.com"
#define GOOD "v=TLSRPTv1; rua=" RUA

static const struct row {
    const char *texts[3];
    const char *code, *says;
} rows[] = {
    {{GOOD}, "ok", "TLS reports go to " RUA "."},
    {{GOOD ";"}, "ok", ""},
    {{"v=TLSRPTv1;rua=" RUA}, "ok", ""},
    {{"unrelated", GOOD, "v=spf1 -all"}, "ok", ""},
    {{"v=TLSRPTv1; rua=https://reports.example/v1," RUA}, "ok", ""},
    {{"v=TLSRPTv1; rua=" RUA "; x=1"}, "ok", ""},
    {{"unrelated"}, "missing", "has no TXT record that begins with \"v=TLSRPTv1;\""},
    {{"v=STSv1; id=1"}, "missing", ""},
    {{"V=TLSRPTv1; rua=" RUA}, "missing", ""},
    {{GOOD, GOOD}, "several", NAME " has 2 TXT records"},
    {{"v=TLSRPTv1;"}, "syntax", "it has no rua"},
    {{"v=TLSRPTv1; x=1"}, "syntax", "it has no rua"},
    {{"v=TLSRPTv1; rua="}, "syntax", "name=value"},
    {{"v=TLSRPTv1; rua"}, "syntax", "name=value"},
    {{"v=TLSRPTv1;; rua=" RUA}, "syntax", "an empty field"},
    {{"v=TLSRPTv1; rua=" RUA "; rua=" RUA}, "syntax", "two ruas"},
    {{"v=TLSRPTv1; rua=tls@example.com"}, "syntax", "neither a mailto: nor an https: URI"},
    {{"v=TLSRPTv1; rua=http://reports.example/"}, "syntax", "neither"},
    {{"v=TLSRPTv1; rua=" RUA ",ftp://x.example/"}, "syntax", "neither"},
    {{"v=TLSRPTv1; rua=mailto:nobody"}, "syntax", "without an address"},
    {{"v=TLSRPTv1; rua=mailto:nobody@"}, "syntax", "without an address"},
    {{"v=TLSRPTv1; rua=https://"}, "syntax", "without a host"},
    {{"v=TLSRPTv1; rua=mailto:a b@example.com"}, "syntax", "a character that a URI"},
    {{"v=TLSRPTv1; rua=mailto:other@example.com"},
     "differs",
     "sent to mailto:other@example.com, not to " RUA "."},
};

static struct sp_check_run run;
static struct sp_dns_answer answer;

static void judge(const char *wanted)
{
    memset(&run, 0, sizeof run);
    run.input.domain = DOMAIN;
    run.report = &report;
    sp_check_report_begin(&report, SP_CHECK_TLSRPT);
    sp_port_set_utc(fake.utc, fake.now);
    sp_check_tlsrpt_judge(&run, NAME, &answer, wanted);
}

static void each_record_is_judged(void **state)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        fakes_begin(state);
        fake_nothing(&answer, SP_E_DNS_NODATA);
        for (int k = 0; k < 3 && rows[i].texts[k] != NULL; k++) {
            fake_text(&answer, rows[i].texts[k]);
        }
        judge(RUA);
        check_says(SP_CHECK_TLSRPT, strcmp(rows[i].code, "ok") == 0 ? PASS : FAIL, rows[i].code,
                   rows[i].says);
    }
}

static void any_rua_will_do_when_none_is_configured(void **state)
{
    (void)state;
    fake_text(&answer, "v=TLSRPTv1; rua=mailto:other@example.com");
    judge("");
    check_says(SP_CHECK_TLSRPT, PASS, "ok", "mailto:other@example.com");
}

static void no_record_is_missed_when_none_is_configured(void **state)
{
    (void)state;
    fake_nothing(&answer, SP_E_DNS_NXDOMAIN);
    judge("");
    check_says(SP_CHECK_TLSRPT, PASS, "none", "No TLS reports are asked for");
    fake_text(&answer, "v=TLSRPTv1;");
    judge("");
    check_says(SP_CHECK_TLSRPT, FAIL, "syntax", "it has no rua");
}

static void no_answer_is_told_apart_from_no_record(void **state)
{
    (void)state;
    fake_nothing(&answer, SP_E_DNS_NXDOMAIN);
    judge(RUA);
    check_says(SP_CHECK_TLSRPT, FAIL, "missing", NAME);
    fake_nothing(&answer, SP_E_DNS_SERVFAIL);
    judge(RUA);
    check_says(SP_CHECK_TLSRPT, UNKNOWN, "servfail", NAME);
    fake_nothing(&answer, SP_E_DNS_TIMEOUT);
    judge(RUA);
    check_says(SP_CHECK_TLSRPT, UNKNOWN, "dns_timeout", NAME);
}

static int begin(void **state)
{
    fake_nothing(&answer, SP_E_DNS_NODATA);
    return fakes_begin(state);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, begin)
    const struct CMUnitTest tests[] = {
        TEST(each_record_is_judged),
        TEST(any_rua_will_do_when_none_is_configured),
        TEST(no_record_is_missed_when_none_is_configured),
        TEST(no_answer_is_told_apart_from_no_record),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
