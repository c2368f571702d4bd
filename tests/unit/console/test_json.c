/* Every command with a trailing `json`: one line, valid, of the promised shape. */
#include "session.h"

#include "base/log.h"

#include <stdio.h>

static void status_json(void **state)
{
    const char *answer = session_json("status");

    (void)state;
    assert_json(answer, "health", "\"ok\"");
    assert_json(answer, "sentence", "\"All is well.\"");
    assert_json(answer, "time", "\"2025-11-24T23:05:00Z\"");
    assert_json(answer, "uptime", "7200");
    assert_json(answer, "board", "\"sim\"");
    assert_json(answer, "version", "\"" SEALPOST_VERSION "\"");
    assert_json(answer, "link", "true");
    assert_json(answer, "addresses", "[\"192.0.2.10\",\"2001:db8::10\"]");
    assert_json(answer, "ca", "{\"directory\":\"https://ca.test/dir\",\"agreed\":true}");
    assert_json(answer, "order", "null");
    assert_json(answer, "domains", "{\"total\":1,\"active\":1,\"at_risk\":0,\"want_care\":0}");
    assert_json(answer, "domain_list.0.domain", "\"example.test\"");
    assert_json(answer, "domain_list.0.state", "\"active\"");
    assert_json(answer, "domain_list.0.expires", "\"2026-02-22T23:05:00Z\"");
    assert_json(answer, "domain_list.0.next",
                "{\"what\":\"renewal\",\"at\":\"2026-01-23T23:05:00Z\"}");
    assert_json(answer, "pools.1",
                "{\"name\":\"dns\",\"used\":100,\"peak\":2000,\"limit\":40000,\"refused\":1}");
}

static void status_json_tells_the_last_fault(void **state)
{
    (void)state;
    assert_json(session_json("status"), "crash", "null");
    fake.crash = (struct sp_crash){.what = "a failed assertion",
                                   .task = "service",
                                   .text = "tcp.c:12: pcb != \"\"",
                                   .pc = 0xa0001234U,
                                   .address = 0x10,
                                   .in_a_row = 2,
                                   .total = 5,
                                   .uptime_ms = 61000,
                                   .utc = FAKE_UTC};
    assert_json(session_json("status"), "crash",
                "{\"what\":\"a failed assertion\",\"text\":\"tcp.c:12: pcb != \\\"\\\"\","
                "\"task\":\"service\",\"pc\":\"a0001234\",\"lr\":\"00000000\",\"status\":"
                "\"00000000\",\"address\":\"00000010\",\"at\":\"2025-11-24T23:05:00Z\","
                "\"uptime_ms\":61000,\"in_a_row\":2,\"total\":5}");
}

static void selftest_json(void **state)
{
    const char *answer;
    (void)state;
    fake.selftest_result = SEALPOST_FAIL;
    answer = session_json("selftest");
    assert_json(answer, "tests.0",
                "{\"id\":\"flash\",\"result\":\"pass\",\"reason\":\"All is as "
                "it should be.\"}");
    assert_json(answer, "tests.1.result", "\"fail\"");
    assert_json(answer, "tests.2.id", "\"light\"");
    assert_json(answer, "failed", "1");
    assert_json(answer, "ok", "false");
    fake.selftest_result = SEALPOST_UNKNOWN;
    answer = session_json("selftest");
    assert_json(answer, "tests.1.result", "\"unknown\"");
    assert_json(answer, "ok", "true");
}

static void status_json_before_anything_is_known(void **state)
{
    const char *answer;

    (void)state;
    fake.status.utc = 0;
    fake.status.addresses_n = 0;
    fake.domains = 0;
    fake.domain.next_what[0] = '\0';
    answer = session_json("status");
    assert_json(answer, "time", "null");
    assert_json(answer, "addresses", "[]");
    assert_json(answer, "domain_list", "[]");
}

static void status_json_names_the_order(void **state)
{
    const char *answer;

    (void)state;
    (void)snprintf(fake.status.order_host, sizeof fake.status.order_host, "mta-sts.example.test");
    (void)snprintf(fake.status.order_phase, sizeof fake.status.order_phase, "validating");
    answer = session_json("status");
    assert_json(answer, "order", "{\"host\":\"mta-sts.example.test\",\"phase\":\"validating\"}");
}

static void net_json(void **state)
{
    const char *answer = session_json("net");

    (void)state;
    assert_json(answer, "configured",
                "{\"dhcp\":true,\"address\":null,\"gateway\":null,\"dns\":[],\"ntp\":\"ntp.test\","
                "\"public4\":null,\"public6\":null}");
    assert_json(
        answer, "live",
        "{\"link\":true,\"dhcp_bound\":false,\"mac\":\"02:00:00:00:00:01\","
        "\"gateway\":\"192.0.2.1\",\"addresses\":[\"192.0.2.10\"],\"dns\":[\"192.0.2.53\"]}");
}

static void ca_json(void **state)
{
    (void)state;
    assert_string_equal(
        session_json("ca"),
        "{\"directory\":\"https://ca.test/dir\",\"terms\":\"https://ca.test/terms\","
        "\"agreed\":false,\"account\":null,\"sentence\":\"\"}");
    assert_string_equal(session_json("ca agree"),
                        "{\"ok\":true,\"terms\":\"https://ca.test/terms\"}");
    fake.ca.terms[0] = '\0';
    assert_json(session_json("ca"), "terms", "null");
}

static void trust_json(void **state)
{
    (void)state;
    assert_string_equal(session_json("trust"), "{\"builtin\":121,\"anchors\":[]}");
    fake.anchors_n = 2;
    fake.anchors[1] = (struct sealpost_anchor){
        .subject = "CN=Own CA", .sha256 = "ab", .not_after = FAKE_UTC, .factory = true};
    assert_json(session_json("trust"), "anchors.1",
                "{\"subject\":\"CN=Own CA\",\"sha256\":\"ab\","
                "\"not_after\":\"2025-11-24T23:05:00Z\",\"factory\":true}");
}

static void domain_json(void **state)
{
    (void)state;
    assert_string_equal(session_json("domain"),
                        "{\"domains\":[{\"domain\":\"example.test\",\"state\":\"active\","
                        "\"mode\":\"testing\",\"expires\":\"2026-02-22T23:05:00Z\"}]}");
    fake.domain.expires = 0;
    fake.domain.mode = SEALPOST_ENFORCE;
    fake.domains = 3;
    assert_json(session_json("domain"), "domains.2.domain", "\"d2.example.test\"");
    assert_json(session_json("domain"), "domains.2.expires", "null");
    assert_json(session_json("domain"), "domains.2.mode", "\"enforce\"");
    fake.domains = 0;
    assert_string_equal(session_json("domain"), "{\"domains\":[]}");
}

static void domain_add_json(void **state)
{
    (void)state;
    fake.domains = 0;
    assert_string_equal(session_json("domain add Example.TEST. mx mx.example.test"),
                        "{\"ok\":true,\"domain\":\"example.test\",\"state\":\"disabled\"}");
    fake.domains = 1;
    assert_string_equal(session_json("domain set example.test mode enforce force"),
                        "{\"ok\":true,\"domain\":\"example.test\",\"state\":\"active\"}");
    assert_string_equal(session_json("domain remove example.test"),
                        "{\"ok\":true,\"domain\":\"example.test\"}");
}

static void domain_show_json(void **state)
{
    const char *answer = session_json("domain show example.test");

    (void)state;
    assert_json(answer, "domain", "\"example.test\"");
    assert_json(answer, "state", "\"active\"");
    assert_json(answer, "policy.id", "\"20251124abcdef\"");
    assert_json(answer, "policy.mode", "\"testing\"");
    assert_json(answer, "policy.max_age", "604800");
    assert_json(answer, "policy.mx", "[\"mx1.example.test\",\"*.mx.example.test\"]");
    assert_json(answer, "policy.text",
                "\"version: STSv1\\r\\nmode: testing\\r\\nmx: mx1.example.test\\r\\n"
                "mx: *.mx.example.test\\r\\nmax_age: 604800\\r\\n\"");
    assert_json(answer, "rua", "\"mailto:postmaster@example.test\"");
    assert_json(answer, "expires", "\"2026-02-22T23:05:00Z\"");
    assert_json(answer, "next", "{\"what\":\"renewal\",\"at\":\"2026-01-23T23:05:00Z\"}");
    assert_json(answer, "last_error", "null");
    assert_json(answer, "failures", "0");
    assert_json(answer, "account", "null");
    assert_json(answer, "change", "null");
    assert_json(answer, "auto", "null");
    assert_json(answer, "retire_until", "null");
    assert_json(answer, "left_mx", "[]");
}

static void domain_show_json_tells_what_is_under_way(void **state)
{
    const char *answer;

    (void)state;
    (void)snprintf(fake.domain.change, sizeof fake.domain.change, "publish");
    fake.domain.auto_days = 14;
    answer = session_json("domain show example.test");
    assert_json(answer, "change",
                "{\"phase\":\"publish\",\"old_id\":null,\"new_id\":\"20251124abcdef\"}");
    assert_json(answer, "auto", "{\"days\":14,\"clean_since\":null}");
    (void)snprintf(fake.domain.old_id, sizeof fake.domain.old_id, "before");
    fake.domain.clean_since = FAKE_UTC;
    fake.domain.retire_until = FAKE_UTC + 60;
    fake.left_n = 2;
    (void)snprintf(fake.left[0], sizeof fake.left[0], "old.example.test");
    (void)snprintf(fake.left[1], sizeof fake.left[1], "*.example.test");
    fake.left_until[0] = FAKE_UTC + 60;
    answer = session_json("domain show example.test");
    assert_json(answer, "change.old_id", "\"before\"");
    assert_json(answer, "auto.clean_since", "\"2025-11-24T23:05:00Z\"");
    assert_json(answer, "retire_until", "\"2025-11-24T23:06:00Z\"");
    assert_json(answer, "left_mx",
                "[{\"mx\":\"old.example.test\",\"until\":\"2025-11-24T23:06:00Z\"},"
                "{\"mx\":\"*.example.test\",\"until\":null}]");
}

static void domain_show_json_with_an_error(void **state)
{
    const char *answer;

    (void)state;
    (void)snprintf(fake.domain.error_id, sizeof fake.domain.error_id, "rate_limited");
    (void)snprintf(fake.domain.error, sizeof fake.domain.error, "Too many \"certificates\".");
    fake.domain.error_at = FAKE_UTC;
    fake.domain.failures = 2;
    (void)snprintf(fake.domain.rua, sizeof fake.domain.rua, "https://r.test/");
    (void)snprintf(fake.ca.account, sizeof fake.ca.account, "https://ca.test/acct/1");
    answer = session_json("domain show example.test");
    assert_json(answer, "last_error",
                "{\"id\":\"rate_limited\",\"sentence\":\"Too many \\\"certificates\\\".\","
                "\"at\":\"2025-11-24T23:05:00Z\"}");
    assert_json(answer, "failures", "2");
    assert_json(answer, "rua", "\"https://r.test/\"");
    assert_json(answer, "account", "\"https://ca.test/acct/1\"");
}

static void reports_json(void **state)
{
    const char *answer;

    (void)state;
    fake.domains = 2;
    assert_string_equal(session_json("reports"), "{\"domains\":[]}");
    answer = session_json("reports example.test");
    assert_json(answer, "last", "null");
    assert_json(answer, "days", "[]");
    fake.reports = (struct sealpost_reports){
        .last = FAKE_UTC, .reports = 3, .ok = 1200, .failed = 34, .blocks = true};
    (void)snprintf(fake.reports.sentence, sizeof fake.reports.sentence, "34 failed.");
    fake.report_lines_n = 2;
    (void)snprintf(fake.report_line.name, sizeof fake.report_line.name, "A \"b\"");
    fake.report_line.ok = 600;
    fake.report_line.failed = 17;
    assert_string_equal(
        session_json("reports"),
        "{\"domains\":["
        "{\"domain\":\"example.test\",\"last\":\"2025-11-24T23:05:00Z\",\"reports\":3,"
        "\"ok\":1200,\"failed\":34,\"blocks\":true},"
        "{\"domain\":\"d1.example.test\",\"last\":\"2025-11-24T23:05:00Z\",\"reports\":3,"
        "\"ok\":1200,\"failed\":34,\"blocks\":true}]}");
    answer = session_json("reports example.test");
    assert_json(answer, "domain", "\"example.test\"");
    assert_json(answer, "reports", "3");
    assert_json(answer, "sentence", "\"34 failed.\"");
    assert_json(answer, "days.1", "{\"day\":\"A \\\"b\\\"\",\"ok\":600,\"failed\":17}");
    assert_json(answer, "failures.1", "{\"type\":\"A \\\"b\\\"\",\"failed\":17}");
    assert_json(answer, "organisations.1.ok", "600");
    assert_json(answer, "mx.1", "{\"name\":\"A \\\"b\\\"\",\"failed\":17}");
}

static void dns_json(void **state)
{
    const char *answer = session_json("dns example.test");

    (void)state;
    assert_json(answer, "records.0",
                "{\"type\":\"TXT\",\"name\":\"_mta-sts.example.test\","
                "\"value\":\"v=STSv1; id=20251124abcdef;\",\"ttl\":3600,"
                "\"act\":\"publish\",\"line\":\"_mta-sts.example.test. 3600 IN TXT "
                "v=STSv1; id=20251124abcdef;\"}");
    assert_json(answer, "records.3.type", "\"AAAA\"");
    fake.records_n = 0;
    assert_string_equal(session_json("dns example.test"), "{\"records\":[]}");
}

static void enable_disable_renew_json(void **state)
{
    static const char answer[] = "{\"ok\":true,\"domain\":\"example.test\",\"state\":\"active\","
                                 "\"sentence\":\"Senders accept the policy; nothing is to be "
                                 "done.\"}";

    (void)state;
    assert_string_equal(session_json("enable example.test"), answer);
    assert_string_equal(session_json("disable example.test"), answer);
    assert_string_equal(session_json("renew example.test"), answer);
    assert_string_equal(session_json("promote example.test"), answer);
    assert_string_equal(session_json("auto example.test off"), answer);
    (void)snprintf(fake.risk, sizeof fake.risk, "Mail may be lost.");
    assert_string_equal(session_json("disable example.test now"), answer);
    assert_true(fake.at_once);
}

static void check_json(void **state)
{
    struct sealpost_evidence *evidence = &fake.evidence[1];
    const char *answer;

    (void)state;
    fake.check_after = 3;
    fake.checks[1].result = SEALPOST_FAIL;
    evidence->n = 4;
    for (unsigned i = 0; i < 4; i++) {
        (void)snprintf(evidence->items[i].name, 24, "%s", i % 2 == 0 ? "address" : "alert");
        (void)snprintf(evidence->items[i].value, 200, "value %u", i);
    }
    (void)snprintf(evidence->items[3].name, 24, "a \"name\"");
    fake.checks[2].result = SEALPOST_UNKNOWN;
    fake.checks[3] = (struct sealpost_check){.id = "policy_id"};
    fake.evidence[3].n = 0;
    (void)session_type("check example.test json\r");
    session_wait(1000);
    *strstr(session.output, "\r\nsealpost> ") = '\0';
    answer = strchr(session.output, '{');
    assert_json(answer, "domain", "\"example.test\"");
    assert_json(answer, "checks.0",
                "{\"id\":\"dns\",\"result\":\"pass\",\"code\":\"ok\","
                "\"reason\":\"All is as it should be.\",\"remedy\":\"\","
                "\"evidence\":{\"asked\":\"192.0.2.53\"},\"at\":\"2025-11-24T23:05:00Z\","
                "\"changed\":\"2025-11-24T22:05:00Z\"}");
    assert_json(answer, "checks.1.result", "\"fail\"");
    assert_json(answer, "checks.1.evidence",
                "{\"address\":[\"value 0\",\"value 2\"],\"alert\":\"value 1\","
                "\"a \\\"name\\\"\":\"value 3\"}");
    assert_json(answer, "checks.2.result", "\"unknown\"");
    assert_json(answer, "checks.3",
                "{\"id\":\"policy_id\",\"result\":\"not_run\",\"code\":\"\",\"reason\":\"\","
                "\"remedy\":\"\",\"evidence\":{},\"at\":null,\"changed\":null}");
    assert_int_equal(fake.check_asked, 1);
}

static void cert_json(void **state)
{
    (void)state;
    assert_string_equal(
        session_json("cert example.test"),
        "{\"domain\":\"example.test\",\"subject\":\"CN=mta-sts.example.test\","
        "\"sans\":[\"mta-sts.example.test\"],\"issuer\":\"CN=Pebble Intermediate CA\","
        "\"not_before\":\"2025-11-24T23:05:00Z\",\"not_after\":\"2026-02-22T23:05:00Z\","
        "\"serial\":\"0a1b2c3d4e5f\",\"key\":\"EC P-256\",\"sha256\":"
        "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\","
        "\"chain_length\":3}");
    fake.no_certificate = true;
    assert_string_equal(session_json("cert example.test"),
                        "{\"error\":{\"id\":\"certificate_none\",\"sentence\":\"The domain has no "
                        "certificate yet.\"}}");
}

static void time_json(void **state)
{
    (void)state;
    assert_string_equal(session_json("time"),
                        "{\"set\":true,\"time\":\"2025-11-24T23:05:00Z\","
                        "\"synced_at\":\"2025-11-24T23:04:00Z\",\"server\":\"ntp.test\","
                        "\"address\":\"192.0.2.123\",\"sentence\":\"\"}");
    fake.time = (struct sealpost_time){.utc = FAKE_UTC, .sentence = "No server answers."};
    assert_string_equal(session_json("time"),
                        "{\"set\":false,\"time\":null,\"synced_at\":null,\"server\":null,"
                        "\"address\":null,\"sentence\":\"No server answers.\"}");
}

static void log_json(void **state)
{
    char n[40];

    (void)state;
    sp_log_info("acme", "first \"line\"");
    sp_log_warn("net", "second");
    (void)snprintf(n, sizeof n, "%u", (unsigned)sp_log_newest());
    assert_json(session_json("log 2"), "lines.1.n", n);
    assert_json(session_json("log 2"), "lines.0.text", "\"first \\\"line\\\"\"");
    assert_json(session_json("log 2"), "lines.0.level", "\"info\"");
    assert_json(session_json("log 2"), "lines.1.room", "\"net\"");
    assert_json(session_json("log 2"), "lines.1.time", "null");
    assert_json(session_json("log 2"), "lines.2", "");
    assert_string_equal(session_json("log 0"), "{\"lines\":[]}");
}

static void actions_json(void **state)
{
    static const char *const lines[] = {"net dhcp",
                                        "net static 192.0.2.9/24 192.0.2.1 192.0.2.53",
                                        "net ntp a.test",
                                        "net public 192.0.2.7",
                                        "ca set https://other.test/dir",
                                        "trust remove ab",
                                        "reboot",
                                        "factory-reset",
                                        "password remove"};

    (void)state;
    for (size_t i = 0; i < COUNT(lines); i++) {
        assert_string_equal(session_json(lines[i]), "{\"ok\":true}");
    }
    assert_int_equal(fake.reboots, 1);
    assert_int_equal(fake.resets, 1);
}

static void help_json_lists_every_command_with_an_example(void **state)
{
    const char *answer = session_json("help");
    char path[40], example[200];

    (void)state;
    for (int i = 0; i < 40; i++) {
        (void)snprintf(path, sizeof path, "commands.%d.example", i);
        json_at(answer, path, example, sizeof example);
        assert_true(strlen(example) > 2);
    }
    assert_json(answer, "commands.40.example", "");
}

static void errors_are_documents_too(void **state)
{
    (void)state;
    assert_string_equal(session_json("frobnicate"),
                        "{\"error\":{\"id\":\"command_unknown\",\"sentence\":\"`frobnicate` is not "
                        "a command; `help` lists them.\"}}");
    assert_json(session_json("dns"), "error.id", "\"words_missing\"");
    assert_json(session_json("dns a.test b.test"), "error.id", "\"words_left\"");
    assert_json(session_json("domain show other.test"), "error.id", "\"domain_unknown\"");
    assert_json(session_json("domain add a.test mx"), "error.id", "\"words_missing\"");
    fake.fail = SP_E_FULL;
    assert_json(session_json("enable example.test"), "error.id", "\"failed\"");
    (void)snprintf(fake.sentence, sizeof fake.sentence, "No \"room\".");
    assert_string_equal(session_json("enable example.test"),
                        "{\"error\":{\"id\":\"fake_error\",\"sentence\":\"No \\\"room\\\".\"}}");
}

/* Bytes of strangers (banners, problem documents) end up in sentences and evidence. */
static void bytes_of_strangers_keep_the_document_valid(void **state)
{
    struct sealpost_check *check = &fake.checks[0];
    const char *answer;

    (void)state;
    (void)snprintf(check->reason, sizeof check->reason,
                   "a\x1b[31m\"\\\x01\x7f\xff\xc3\xa4\xe2\x82");
    for (unsigned i = 0; i < 199; i++) {
        fake.evidence[0].items[0].value[i] = (char)(i + 1);
    }
    answer = session_json("check example.test");
    assert_json(answer, "checks.0.reason",
                "\"a\\u001b[31m\\\"\\\\\\u0001\x7f\xef\xbf\xbd\xc3\xa4\xef\xbf\xbd\xef\xbf\xbd\"");
}

static void everything_at_its_longest_fits(void **state)
{
    static const char *const lines[] = {"status", "net",  "ca",       "trust",  "domain",
                                        "time",   "help", "log 1000", "reports"};
    static const char *const of_domain[] = {"domain show", "dns",     "check",
                                            "cert",        "reports", "enable"};
    char line[400];
    char name[SEALPOST_NAME_SIZE];
    uint32_t cursor = 0;

    (void)state;
    fake_fill_to_the_brim();
    fake.domains = 30;
    sealpost_domain_next(&cursor, name);
    for (size_t i = 0; i < COUNT(lines); i++) {
        (void)session_json(lines[i]);
        (void)session_ask(lines[i]);
    }
    for (size_t i = 0; i < COUNT(of_domain); i++) {
        (void)snprintf(line, sizeof line, "%s %s", of_domain[i], name);
        assert_json(session_json(line), "error", "");
        (void)session_ask(line);
    }
    (void)snprintf(line, sizeof line, "domain show %s", name);
    json_at(session_json(line), "policy.mx.15", line, sizeof line);
    assert_int_equal(strlen(line), sizeof fake.mx[0] + 2); /* quotes and an escape */
    assert_has_not(session_ask("log 1000"), "an answer was cut");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        session_test(status_json),
        session_test(status_json_tells_the_last_fault),
        session_test(selftest_json),
        session_test(status_json_before_anything_is_known),
        session_test(status_json_names_the_order),
        session_test(net_json),
        session_test(ca_json),
        session_test(trust_json),
        session_test(domain_json),
        session_test(domain_add_json),
        session_test(domain_show_json),
        session_test(domain_show_json_with_an_error),
        session_test(reports_json),
        session_test(domain_show_json_tells_what_is_under_way),
        session_test(dns_json),
        session_test(enable_disable_renew_json),
        session_test(check_json),
        session_test(cert_json),
        session_test(time_json),
        session_test(log_json),
        session_test(actions_json),
        session_test(help_json_lists_every_command_with_an_example),
        session_test(errors_are_documents_too),
        session_test(bytes_of_strangers_keep_the_document_valid),
        session_test(everything_at_its_longest_fits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
