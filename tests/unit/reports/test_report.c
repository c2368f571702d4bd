/* Reports: what is read of them, what is passed over, and what is refused with which reason. */
#include "base/err.h"
#include "reports/report.h"

#include "cm.h"
#include <stdio.h>
#include <string.h>

#define ORG "\"organization-name\":\"Heron Mail\""
#define ID "\"report-id\":\"2026-11-24/heron/7\""
#define RANGE                                                                                      \
    "\"date-range\":{\"start-datetime\":\"2026-11-24T00:00:00Z\","                                 \
    "\"end-datetime\":\"2026-11-24T23:59:59Z\"}"
#define POLICY(domain)                                                                             \
    "\"policy\":{\"policy-type\":\"sts\",\"policy-string\":[\"version: STSv1\",\"mode: "           \
    "testing\"],"                                                                                  \
    "\"policy-domain\":\"" domain "\",\"mx-host\":[\"*.example.net\"]}"
#define SUMMARY(ok, failed)                                                                        \
    "\"summary\":{\"total-successful-session-count\":" #ok                                         \
    ",\"total-failure-session-count\":" #failed "}"
#define DETAIL(type, mx, n)                                                                        \
    "{\"result-type\":\"" type                                                                     \
    "\",\"sending-mta-ip\":\"192.0.2.9\",\"receiving-mx-hostname\":\"" mx                          \
    "\",\"failed-session-count\":" #n ",\"additional-information\":null}"
#define DETAILS(list) "\"failure-details\":[" list "]"
#define WHOLE                                                                                      \
    "{" ORG "," RANGE ",\"contact-info\":\"tls@heron.example\"," ID                                \
    ",\"policies\":[{" POLICY("example.net") "," SUMMARY(5326, 303) "," DETAILS(                   \
        DETAIL("certificate-expired", "mx1.example.net",                                           \
               100) "," DETAIL("starttls-not-supported", "mx2.example.net",                        \
                               200) "," DETAIL("certificate-expired", "mx2.example.net", 3)) "}]}"

static unsigned asked;

static bool is_ours(void *ctx, const char *domain)
{
    assert_ptr_equal(ctx, &asked);
    asked++;
    return strcmp(domain, "example.net") == 0 || strcmp(domain, "example.org") == 0;
}

static struct sp_report report;

static int read_bytes(struct sp_span text, size_t piece)
{
    int err = 0;

    sp_report_begin(&report, is_ours, &asked);
    for (size_t at = 0; at < text.n && err == 0; at += piece) {
        err = sp_report_feed(&report,
                             sp_span(text.p + at, text.n - at < piece ? text.n - at : piece));
    }
    return err == 0 ? sp_report_finish(&report) : err;
}

static int read_text(const char *text)
{
    return read_bytes(sp_span_str(text), 50);
}

static void a_report_is_read(void **state)
{
    (void)state;
    for (size_t piece = 1; piece < 1000; piece = piece * 3 + 1) {
        assert_int_equal(read_bytes(sp_span_str(WHOLE), piece), 0);
        assert_string_equal(report.organisation, "Heron Mail");
        assert_int_equal(report.start, 1795478400);
        assert_int_equal(report.end, 1795478400 + 86399);
        assert_string_equal(report.total.domain, "example.net");
        assert_int_equal(report.total.ok, 5326);
        assert_int_equal(report.total.failed, 303);
        assert_int_equal(report.total.types[SP_REPORT_CERTIFICATE_EXPIRED], 103);
        assert_int_equal(report.total.types[SP_REPORT_STARTTLS_NOT_SUPPORTED], 200);
        assert_int_equal(report.total.mx_n, 2);
        assert_string_equal(report.total.mx[1].name, "mx2.example.net");
        assert_int_equal(report.total.mx[1].failed, 203);
    }
}

static void cut_anywhere_it_is_refused(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof WHOLE - 1; n++) {
        assert_int_equal(read_bytes(sp_span(WHOLE, n), 1000), SP_E_INVALID);
        assert_non_null(report.reason);
    }
}

static void members_may_come_in_any_order(void **state)
{
    (void)state;
    assert_int_equal(read_text("{\"policies\":[{" DETAILS(DETAIL(
                         "tlsa-invalid", "mx.example.net",
                         4)) "," SUMMARY(1, 4) "," POLICY("Example.NET.") "}]," RANGE "," ORG "}"),
                     0);
    assert_string_equal(report.total.domain, "example.net");
    assert_int_equal(report.total.types[SP_REPORT_TLSA_INVALID], 4);
}

static void every_type_has_its_place(void **state)
{
    char text[2000];

    (void)state;
    for (unsigned i = 0; i < SP_REPORT_TYPES; i++) {
        const char *type = sp_report_type_text((enum sp_report_type)i);

        (void)snprintf(text, sizeof text,
                       "{" ORG "," RANGE ",\"policies\":[{" POLICY(
                           "example.net") ","
                                          "\"failure-details\":[{\"result-type\":\"%s\",\"failed-"
                                          "session-count\":%u}]}]}",
                       i == SP_REPORT_OTHER ? "yet-unknown" : type, i + 1);
        assert_int_equal(read_text(text), 0);
        assert_int_equal(report.total.types[i], i + 1);
    }
    assert_string_equal(sp_report_type_text((enum sp_report_type)99), "other");
}

static void policies_of_one_domain_are_added_up(void **state)
{
    (void)state;
    asked = 0;
    assert_int_equal(
        read_text(
            "{" ORG "," RANGE
            ",\"policies\":[{" POLICY("example.com") "," SUMMARY(7, 7) "},{" POLICY("example.net") "," SUMMARY(
                1,
                2) "},{" POLICY("example.org") "," SUMMARY(9,
                                                           9) "},{" POLICY("example.net") "," SUMMARY(10,
                                                                                                      20) "}]}"),
        0);
    assert_string_equal(report.total.domain, "example.net");
    assert_int_equal(report.total.ok, 11);
    assert_int_equal(report.total.failed, 22);
    assert_int_equal(asked, 2); /* once it is known, nobody else is looked up */
}

static void counts_stop_at_their_end(void **state)
{
    (void)state;
    assert_int_equal(
        read_text("{" ORG "," RANGE ",\"policies\":[{" POLICY("example.net") "," SUMMARY(
            4294967295,
            99999999999999999999999999999) "},{" POLICY("example.net") "," SUMMARY(1, 1) "}]}"),
        0);
    assert_int_equal(report.total.ok, UINT32_MAX);
    assert_int_equal(report.total.failed, UINT32_MAX);
}

static void what_nobody_knows_is_passed_over(void **state)
{
    (void)state;
    assert_int_equal(
        read_text(
            "{\"x\":{\"policies\":[{\"policy\":3}],\"organization-name\":7},\"y\":[[1],{}]," ORG
            "," RANGE ",\"organization-nam\":1,\"policies\":[{\"z\":[{\"summary\":1}]," POLICY(
                "example.net") ",\"summary\":null,\"failure-details\":null}],\"n\":null}"),
        0);
    assert_int_equal(report.total.failed, 0);
}

static void names_are_kept_short_and_harmless(void **state)
{
    char text[2000];

    (void)state;
    (void)snprintf(text, sizeof text,
                   "{\"organization-name\":\"\\u001b[31mX\\u007f%080d\"," RANGE
                   ",\"policies\":[{" POLICY("example.net") "}]}",
                   0);
    assert_int_equal(read_text(text), 0);
    assert_true(strncmp(report.organisation, "?[31mX?0", 8) == 0);
    assert_int_equal(strlen(report.organisation), SP_REPORT_NAME - 1);
    (void)snprintf(text, sizeof text,
                   "{\"organization-name\":\"%062d\\u20ac\"," RANGE
                   ",\"policies\":[{" POLICY("example.net") "}]}",
                   0);
    assert_int_equal(read_text(text), 0);
    assert_int_equal(strlen(report.organisation), 62); /* no half character */
}

static void only_so_many_mx_are_kept(void **state)
{
    char text[4000];
    struct sp_buf buf;

    (void)state;
    sp_buf_init(&buf, text, sizeof text);
    sp_buf_puts(&buf, "{" ORG "," RANGE ",\"policies\":[{" POLICY("example.net") "," DETAILS(""));
    buf.len--;
    for (unsigned i = 0; i < 12; i++) {
        sp_buf_printf(&buf, "%s{\"receiving-mx-hostname\":\"mx%u\",\"failed-session-count\":1}",
                      i > 0 ? "," : "", i);
    }
    sp_buf_puts(&buf, "]}]}");
    assert_int_equal(read_text(text), 0);
    assert_int_equal(report.total.mx_n, SP_REPORT_MX);
    assert_int_equal(report.total.types[SP_REPORT_OTHER], 12);
}

static void ids_tell_reports_apart(void **state)
{
    uint32_t id;

    (void)state;
    assert_int_equal(read_text(WHOLE), 0);
    id = report.id;
    assert_int_equal(
        read_text("{" ORG "," RANGE "," ID ",\"policies\":[{" POLICY("example.net") "}]}"), 0);
    assert_int_equal(report.id, id); /* the same id of the same organisation */
    assert_int_equal(read_text("{\"organization-name\":\"Egret\"," RANGE "," ID
                               ",\"policies\":[{" POLICY("example.net") "}]}"),
                     0);
    assert_int_not_equal(report.id, id);
    assert_int_equal(read_text("{" ORG "," RANGE ",\"policies\":[{" POLICY("example.net") "}]}"),
                     0);
    assert_int_not_equal(report.id, id);
}

static void broken_reports_are_refused_with_a_reason(void **state)
{
    static const struct {
        const char *text, *reason;
        int err;
    } rows[] = {
        {"", "valid JSON", SP_E_INVALID},
        {"hello", "valid JSON", SP_E_INVALID},
        {"[]", "JSON object", SP_E_INVALID},
        {"17", "JSON object", SP_E_INVALID},
        {"{}", "organization-name", SP_E_INVALID},
        {"{\"organization-name\":\"\"}", "organization-name", SP_E_INVALID},
        {"{\"organization-name\":null}", "organization-name", SP_E_INVALID},
        {"{\"organization-name\":7}", "another type", SP_E_INVALID},
        {"{\"organization-name\":[\"x\"]}", "another type", SP_E_INVALID},
        {"{" ORG "}", "date-range", SP_E_INVALID},
        {"{" ORG ",\"date-range\":\"today\"}", "another type", SP_E_INVALID},
        {"{" ORG ",\"date-range\":{\"start-datetime\":\"yesterday\"}}", "RFC 3339", SP_E_INVALID},
        {"{" ORG ",\"date-range\":{\"start-datetime\":\"2026-11-24T00:00:00Z\"}}", "date-range",
         SP_E_INVALID},
        {"{" ORG ",\"date-range\":{\"start-datetime\":\"2026-11-24T00:00:00Z\",\"end-datetime\":"
         "\"2026-11-23T00:00:00Z\"}}",
         "date-range", SP_E_INVALID},
        {"{" ORG "," RANGE "}", "no policies", SP_E_INVALID},
        {"{" ORG "," RANGE ",\"policies\":{}}", "another type", SP_E_INVALID},
        {"{" ORG "," RANGE ",\"policies\":[1]}", "another type", SP_E_INVALID},
        {"{" ORG "," RANGE ",\"policies\":[[]]}", "another type", SP_E_INVALID},
        {"{" ORG "," RANGE ",\"policies\":[null]}", "another type", SP_E_INVALID},
        {"{" ORG "," RANGE ",\"policies\":[{}]}", "policy-domain", SP_E_INVALID},
        {"{" ORG "," RANGE ",\"policies\":[{\"policy\":{\"policy-domain\":\"a b\"}}]}",
         "policy-domain", SP_E_INVALID},
        {"{" ORG "," RANGE ",\"policies\":[{\"summary\":{\"total-failure-session-count\":\"3\"}}]}",
         "another type", SP_E_INVALID},
        {"{" ORG "," RANGE ",\"policies\":[{\"summary\":{\"total-failure-session-count\":-1}}]}",
         "whole number", SP_E_INVALID},
        {"{" ORG "," RANGE ",\"policies\":[{\"summary\":{\"total-failure-session-count\":1.5}}]}",
         "whole number", SP_E_INVALID},
        {"{" ORG "," RANGE ",\"policies\":[{\"failure-details\":{}}]}", "another type",
         SP_E_INVALID},
        {"{" ORG "," RANGE ",\"policies\":[{\"failure-details\":[true]}]}", "another type",
         SP_E_INVALID},
        {"{" ORG "," RANGE ",\"policies\":[]}", "no domain", SP_E_NOT_FOUND},
        {"{" ORG "," RANGE ",\"policies\":[{" POLICY("example.com") "}]}", "no domain",
         SP_E_NOT_FOUND},
        {"{" ORG "," RANGE ",\"policies\":[{" POLICY("example.net") "}]} x", "valid JSON",
         SP_E_INVALID},
        {"{\"a\":[[[[[[[[[[[[[[[[[[", "too deep", SP_E_TOO_BIG},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        int err = read_text(rows[i].text);

        if (err != rows[i].err || strstr(report.reason, rows[i].reason) == NULL) {
            fail_msg("%s gives %d, %s", rows[i].text, err, report.reason);
        }
    }
}

static void policies_are_bounded(void **state)
{
    static const char one[] = "{" POLICY("example.com") "},";
    static char text[65 * sizeof one + 400];
    struct sp_buf buf;

    (void)state;
    for (unsigned n = SP_REPORT_POLICIES - 1; n <= SP_REPORT_POLICIES; n++) {
        sp_buf_init(&buf, text, sizeof text);
        sp_buf_puts(&buf, "{" ORG "," RANGE ",\"policies\":[");
        for (unsigned i = 0; i < n; i++) {
            sp_buf_puts(&buf, one);
        }
        sp_buf_puts(&buf, "{" POLICY("example.net") "}]}");
        assert_int_equal(read_text(text), n < SP_REPORT_POLICIES ? 0 : SP_E_INVALID);
    }
    assert_non_null(strstr(report.reason, "too many policies"));
}

/* Every byte in turn becomes others: whatever comes of it, nothing is overrun. */
static void any_damage_does_no_harm(void **state)
{
    static const char others[] = "\"{}[]:,0\\\x80\xff ne";
    char text[sizeof WHOLE];

    (void)state;
    memcpy(text, WHOLE, sizeof text);
    for (size_t i = 0; i < sizeof text - 1; i++) {
        for (size_t k = 0; k < sizeof others; k++) {
            text[i] = others[k];
            if (read_bytes(sp_span(text, sizeof text - 1), 100) == 0) {
                assert_true(strlen(report.total.domain) > 0);
            } else {
                assert_non_null(report.reason);
            }
        }
        text[i] = WHOLE[i];
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_report_is_read),
        cmocka_unit_test(cut_anywhere_it_is_refused),
        cmocka_unit_test(members_may_come_in_any_order),
        cmocka_unit_test(every_type_has_its_place),
        cmocka_unit_test(policies_of_one_domain_are_added_up),
        cmocka_unit_test(counts_stop_at_their_end),
        cmocka_unit_test(what_nobody_knows_is_passed_over),
        cmocka_unit_test(names_are_kept_short_and_harmless),
        cmocka_unit_test(only_so_many_mx_are_kept),
        cmocka_unit_test(ids_tell_reports_apart),
        cmocka_unit_test(broken_reports_are_refused_with_a_reason),
        cmocka_unit_test(policies_are_bounded),
        cmocka_unit_test(any_damage_does_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
