/* What the commands of a domain do, and what they say to a person. */
#include "session.h"

#include <stdio.h>

static void domain_lists(void **state)
{
    (void)state;
    fake.domains = 2;
    assert_string_equal(
        session_narrow(session_ask("domain")),
        "Domain                            State        Mode     Certificate until\r\n"
        "example.test                      active       testing  2026-02-22T23:05:00Z\r\n"
        "d1.example.test                   active       testing  2026-02-22T23:05:00Z\r\n");
    fake.domains = 0;
    assert_has(session_narrow(session_ask("domain")), "No domain yet");
}

static void domain_with_a_long_name_goes_on_in_the_next_line(void **state)
{
    (void)state;
    fake.long_names = true;
    assert_has(session_ask("domain"), "zzz\r\n                                  active");
}

static void domain_add_takes_settings_in_any_order(void **state)
{
    (void)state;
    assert_has(
        session_narrow(session_ask("domain add New.Test. rua mailto:a@b.test mx a.test,*.b.test "
                                   "max-age 86400 mode enforce")),
        "new.test is added.");
    assert_string_equal(fake.added, "new.test");
    assert_int_equal(fake.given.mx_n, 2);
    assert_string_equal(fake.given.mx[1], "*.b.test");
    assert_int_equal(fake.given.mode, SEALPOST_ENFORCE);
    assert_int_equal(fake.given.max_age, 86400);
    assert_string_equal(fake.given.rua, "mailto:a@b.test");
}

static void domain_add_without_words_takes_the_defaults(void **state)
{
    (void)state;
    (void)session_ask("domain add new.test mx a.test");
    assert_int_equal(fake.given.gives, SEALPOST_GIVES_MX);
    assert_int_equal(fake.given.mx_n, 1);
    assert_string_equal(fake.given.mx[0], "a.test");
}

static void a_line_with_too_many_mx_hosts_says_how_to_add_them(void **state)
{
    static char line[1200] = "domain set example.test mx ";

    (void)state;
    memset(line + strlen(line), 'm', 1100);
    assert_has(session_ask(line), "was not run; Up brings it back.\r\n"
                                  "Many mx hosts need not be on one line: `domain set D mx +HOST`");
    line[0] = 'x';
    assert_has_not(session_ask(line), "Many mx hosts");
}

static void domain_set_changes_only_what_is_named(void **state)
{
    (void)state;
    (void)session_ask("domain set example.test mode none");
    assert_string_equal(fake.set, "example.test");
    assert_int_equal(fake.given.gives, SEALPOST_GIVES_MODE);
    assert_int_equal(fake.given.mode, SEALPOST_NONE);
    (void)session_ask("domain set example.test mx one.test");
    assert_int_equal(fake.given.gives, SEALPOST_GIVES_MX);
    assert_int_equal(fake.given.mx_n, 1);
    (void)session_ask("domain set example.test mx +two.test,three.test");
    assert_int_equal(fake.given.gives, SEALPOST_GIVES_MX_MORE);
    assert_string_equal(fake.given.mx[0], "two.test");
    assert_string_equal(fake.given.mx[1], "three.test");
    (void)session_ask("domain set example.test rua mailto:a@b.test mx -two.test");
    assert_int_equal(fake.given.gives, SEALPOST_GIVES_MX_LESS | SEALPOST_GIVES_RUA);
    assert_string_equal(fake.given.mx[0], "two.test");
}

static void domain_show_tells_all_of_it(void **state)
{
    const char *answer;

    (void)state;
    (void)snprintf(fake.domain.error_id, sizeof fake.domain.error_id, "x");
    (void)snprintf(fake.domain.error, sizeof fake.domain.error,
                   "The CA could not reach http://mta-sts.example.test/.well-known/acme-challenge: "
                   "open port 80 of the gateway to this appliance.");
    fake.domain.failures = 3;
    answer = session_narrow(session_ask("domain show example.test"));
    assert_has(answer, "State        active\r\n             Senders accept");
    assert_has(answer, "Certificate  valid until 2026-02-22T23:05:00Z\r\n");
    assert_has(answer, "failures in a row: 3\r\n");
    assert_has(answer, "MX           mx1.example.test\r\n             *.mx.example.test\r\n");
    assert_has(answer, "Reports to   mailto:postmaster@example.test\r\n");
    assert_has(answer, "The policy as it is served:\r\nversion: STSv1\r\nmode: testing\r\n");
}

static void domain_show_tells_the_phase_of_a_change(void **state)
{
    const char *answer;

    (void)state;
    assert_has_not(session_ask("domain show example.test"), "Change");
    (void)snprintf(fake.domain.change, sizeof fake.domain.change, "fetching");
    assert_has(session_ask("domain show example.test"), "Change       the policy is being fetched");
    (void)snprintf(fake.domain.old_id, sizeof fake.domain.old_id, "before");
    answer = session_narrow(session_ask("domain show example.test"));
    assert_has(answer, "Change       policy changed: it is served");
    assert_has(answer, "             v=STSv1; id=before;\r\n");
    (void)snprintf(fake.domain.change, sizeof fake.domain.change, "publish");
    answer = session_narrow(session_ask("domain show example.test"));
    assert_has(answer, "Change       policy changed: publish this TXT at _mta-sts.example.test\r\n"
                       "             v=STSv1; id=20251124abcdef;\r\n"
                       "             in place of\r\n"
                       "             v=STSv1; id=before;\r\n");
}

static void domain_show_tells_which_mx_left(void **state)
{
    (void)state;
    fake.left_n = 2;
    (void)snprintf(fake.left[0], sizeof fake.left[0], "old.example.test");
    (void)snprintf(fake.left[1], sizeof fake.left[1], "older.example.test");
    fake.left_until[0] = FAKE_UTC;
    assert_has(session_narrow(session_ask("domain show example.test")),
               "MX that left; senders may still hold a policy that names them\r\n"
               "             old.example.test, keep it working until 2025-11-24T23:05:00Z\r\n"
               "             older.example.test, keep it working\r\n");
}

static void domain_show_tells_of_promotion_and_retirement(void **state)
{
    const char *answer;

    (void)state;
    fake.domain.auto_days = 14;
    (void)snprintf(fake.domain.state, sizeof fake.domain.state, "retiring");
    answer = session_narrow(session_ask("domain show example.test"));
    assert_has(answer, "Promotion    by itself after 14 clean days: none is clean yet\r\n");
    assert_has(answer, "Retirement   counted from when DNS has the new TXT\r\n");
    fake.domain.clean_since = fake.domain.retire_until = FAKE_UTC;
    answer = session_narrow(session_ask("domain show example.test"));
    assert_has(answer, "14 clean days: 2025-12-08T23:05:00Z\r\n");
    assert_has(answer, "Retirement   no sender holds an older policy from 2025-11-24T23:05:00Z on");
}

static void disable_now_tells_the_risk_and_asks(void **state)
{
    (void)state;
    (void)snprintf(fake.risk, sizeof fake.risk, "Senders may hold this domain's policy.");
    assert_has(session_type("disable example.test now\r"),
               "Senders may hold this domain's policy.\r\n"
               "Disable it at once all the same? yes/no ");
    assert_string_equal(session_ask("no"), "Nothing was changed: the answer was not `yes`.\r\n");
    assert_string_equal(fake.disabled, "");
    (void)session_type("disable example.test now\r");
    (void)session_type("\x03");
    assert_string_equal(fake.disabled, "");
    (void)session_type("disable example.test now\r");
    assert_has(session_ask("yes"), "Senders accept the policy");
    assert_string_equal(fake.disabled, "example.test");
    assert_true(fake.at_once);
}

static void disable_now_does_not_ask_with_yes_or_without_a_risk(void **state)
{
    (void)state;
    assert_has_not(session_ask("disable example.test now"), "yes/no");
    assert_true(fake.at_once);
    fake.at_once = false;
    (void)snprintf(fake.risk, sizeof fake.risk, "Senders may hold this domain's policy.");
    assert_has(session_ask("disable example.test now yes"),
               "Senders may hold this domain's policy.\r\nSenders accept the policy");
    assert_true(fake.at_once);
}

static void domain_remove_tells_the_risk(void **state)
{
    (void)state;
    (void)snprintf(fake.domain.state, sizeof fake.domain.state, "disabled");
    (void)snprintf(fake.risk, sizeof fake.risk, "Senders may hold this domain's policy.");
    assert_has(session_type("domain remove example.test\r"),
               "Senders may hold this domain's policy.\r\n"
               "Remove example.test and its certificate? yes/no ");
    assert_string_equal(session_ask("yes"), "example.test is removed.\r\n");
}

static void promote_waits_for_the_checks(void **state)
{
    (void)state;
    fake.promote_after = 1;
    fake.check_after = 3;
    assert_has(session_type("promote example.test\r"),
               "All checks are run for it first; Ctrl-C stops waiting.\r\n");
    assert_string_equal(fake.promoted, "");
    session_wait(500);
    assert_has(session.output, "example.test goes to mode enforce.\r\nSenders accept");
    assert_string_equal(fake.promoted, "example.test");
    assert_false(fake.forced);
    (void)session_ask("promote example.test force");
    assert_true(fake.forced);
}

static void promote_tells_what_blocks(void **state)
{
    (void)state;
    fake.fail = SP_E_STATE;
    (void)snprintf(fake.sentence, sizeof fake.sentence,
                   "Mode enforce is blocked by: mx_tls (cert_name).");
    assert_string_equal(session_ask("promote example.test"),
                        "Mode enforce is blocked by: mx_tls (cert_name).\r\n");
}

static void ctrl_c_ends_waiting_for_promotion(void **state)
{
    (void)state;
    fake.promote_after = fake.check_after = 1000;
    (void)session_type("promote example.test\r");
    assert_has(session_type("\x03"), "Waiting was stopped and nothing was promoted");
    assert_string_equal(fake.promoted, "");
}

static void auto_takes_days_or_off(void **state)
{
    (void)state;
    assert_string_equal(session_ask("auto example.test 14"),
                        "example.test goes to mode enforce by itself after 14 days without a "
                        "failing check.\r\n");
    assert_int_equal(fake.auto_days, 14);
    assert_string_equal(session_ask("auto example.test off"),
                        "example.test stays in its mode until you change that.\r\n");
    assert_int_equal(fake.auto_days, 0);
    fake.automatic[0] = '\0';
    assert_has(session_ask("auto example.test 0"), "`0` is no number of days");
    assert_string_equal(fake.automatic, "");
}

static void force_comes_last(void **state)
{
    (void)state;
    (void)session_ask("domain add new.test mx a.test mode enforce force");
    assert_int_equal(fake.given.gives,
                     SEALPOST_GIVES_MX | SEALPOST_GIVES_MODE | SEALPOST_GIVES_FORCE);
    assert_has(session_ask("domain set example.test force mode enforce"), "`force` is nothing");
}

static void domain_remove_asks_first(void **state)
{
    (void)state;
    assert_has(session_type("domain remove example.test\r"),
               "Remove example.test and its certificate? yes/no ");
    assert_string_equal(fake.removed, "");
    assert_string_equal(session_ask("no"), "Nothing was changed: the answer was not `yes`.\r\n");
    assert_string_equal(fake.removed, "");
    (void)session_type("domain remove example.test\r");
    assert_string_equal(session_ask("yes"), "example.test is removed.\r\n");
    assert_string_equal(fake.removed, "example.test");
}

static void domain_remove_with_yes_does_not_ask(void **state)
{
    (void)state;
    assert_string_equal(session_ask("domain remove example.test yes"),
                        "example.test is removed.\r\n");
    assert_string_equal(fake.removed, "example.test");
}

static void domain_remove_does_not_ask_about_what_is_not_there(void **state)
{
    (void)state;
    assert_string_equal(session_ask("domain remove other.test"),
                        "There is no domain other.test.\r\n");
}

static void questions_are_cancelled_by_ctrl_c(void **state)
{
    (void)state;
    (void)session_type("domain remove example.test\r");
    assert_string_equal(session_type("ye\x03"), "ye^C\r\nNothing was changed.\r\nsealpost> ");
    (void)session_type("factory-reset\r");
    assert_string_equal(session_type("\x04"), "\r\nNothing was changed.\r\nsealpost> ");
    assert_string_equal(fake.removed, "");
    assert_int_equal(fake.resets, 0);
}

static void answers_are_not_commands_of_the_history(void **state)
{
    (void)state;
    (void)session_type("domain remove example.test\ryes\r");
    assert_has(session_type("\x1b[A"), "domain remove example.test");
    (void)session_type("\x03");
}

static void dns_prints_lines_for_a_zone_file_and_single_values(void **state)
{
    (void)state;
    fake.records_n = 5;
    assert_string_equal(
        session_ask("dns example.test"),
        "; tells senders that there is a policy, and by its id when it has changed\r\n"
        "_mta-sts.example.test. 3600 IN TXT v=STSv1; id=20251124abcdef;\r\n"
        "; where senders report how TLS to this domain went\r\n"
        "_smtp._tls.example.test. 3600 IN TXT v=TLSRPTv1; "
        "rua=mailto:postmaster@example.test\r\n"
        "; the policy host is this appliance, by IPv4\r\n"
        "mta-sts.example.test. 3600 IN A 192.0.2.10\r\n"
        "; the policy host is this appliance, by IPv6\r\n"
        "mta-sts.example.test. 3600 IN AAAA 2001:db8::10\r\n"
        "; lets the CA issue for this name: the CAA records that are there forbid it\r\n"
        "mta-sts.example.test. 3600 IN CAA 0 issue \"ca.test\"\r\n"
        "\r\nThe same for a form that takes one value at a time:\r\n"
        "\r\nType   TXT\r\nName   _mta-sts.example.test\r\n"
        "Value  v=STSv1; id=20251124abcdef;\r\nTTL    3600\r\n"
        "\r\nType   TXT\r\nName   _smtp._tls.example.test\r\n"
        "Value  v=TLSRPTv1; rua=mailto:postmaster@example.test\r\nTTL    3600\r\n"
        "\r\nType   A\r\nName   mta-sts.example.test\r\n"
        "Value  192.0.2.10\r\nTTL    3600\r\n"
        "\r\nType   AAAA\r\nName   mta-sts.example.test\r\n"
        "Value  2001:db8::10\r\nTTL    3600\r\n"
        "\r\nType   CAA\r\nName   mta-sts.example.test\r\n"
        "Value  0 issue \"ca.test\"\r\nTTL    3600\r\n");
}

static void dns_of_what_is_over_says_what_to_delete(void **state)
{
    (void)state;
    fake.records_n = 2;
    fake.records_over = true;
    assert_string_equal(session_ask("dns example.test"),
                        "; the policy is over: delete these records, in this order\r\n"
                        "; _mta-sts.example.test. 3600 IN TXT v=STSv1; id=20251124abcdef;\r\n"
                        "; _smtp._tls.example.test. 3600 IN TXT v=TLSRPTv1; "
                        "rua=mailto:postmaster@example.test\r\n");
    assert_json(session_json("dns example.test"), "records.1.act", "\"delete\"");
}

static void enable_disable_renew_say_what_comes_next(void **state)
{
    static const char sentence[] = "Senders accept the policy; nothing is to be done.\r\n";

    (void)state;
    assert_string_equal(session_ask("enable example.test"), sentence);
    assert_string_equal(fake.enabled, "example.test");
    assert_string_equal(session_ask("disable EXAMPLE.test"), sentence);
    assert_string_equal(fake.disabled, "example.test");
    assert_false(fake.at_once);
    assert_string_equal(session_ask("renew example.test"), sentence);
    assert_string_equal(fake.renewed, "example.test");
}

static void check_shows_reason_remedy_and_evidence(void **state)
{
    struct sealpost_check *check = &fake.checks[1];
    const char *answer;

    (void)state;
    check->result = SEALPOST_FAIL;
    (void)snprintf(check->remedy, sizeof check->remedy, "Open port 443 to this appliance.");
    fake.checks[2].result = SEALPOST_UNKNOWN;
    fake.checks[3].result = SEALPOST_NOT_RUN;
    answer = session_narrow(session_ask("check example.test"));
    assert_has(answer, "dns          PASS, 2025-11-24T23:05:00Z\r\n  All is as it should be.\r\n"
                       "    asked: 192.0.2.53\r\n");
    assert_has(answer, "https        FAIL");
    assert_has(answer, "  To do: Open port 443 to this appliance.\r\n");
    assert_has(answer, "certificate  can't tell");
    assert_has(answer, "policy_id    not run");
}

static void check_cannot_steer_the_terminal(void **state)
{
    struct sealpost_evidence *evidence = &fake.evidence[0];

    (void)state;
    (void)snprintf(evidence->items[0].value, sizeof evidence->items[0].value,
                   "220 \x1b]0;owned\x07 \xc2\x9b"
                   "31m \x9b \r\n\b\b ok");
    assert_has(session_ask("check example.test"),
               "asked: 220 ?]0;owned? ??31m ? \r\n      ?? ok\r\n");
    assert_null(strchr(session.output, '\x1b'));
}

/* A right-to-left override and a line separator; what is only another script stays. */
static void check_cannot_turn_text_around(void **state)
{
    (void)state;
    (void)snprintf(
        fake.checks[0].reason, sizeof fake.checks[0].reason,
        "is \xe2\x80\xaetxen\xe2\x80\xac \xe2\x81\xa6x\xe2\x80\xa8\xd8\x9cy \xd7\xa9\xe2\x82\xac");
    assert_has(session_ask("check example.test"), "is ???txen??? ???x?????y \xd7\xa9\xe2\x82\xac");
    assert_json(session_json("check example.test"), "checks.0.reason",
                "\"is \\u202etxen\\u202c \\u2066x\\u2028\\u061cy \xd7\xa9\xe2\x82\xac\"");
}

static void check_waits_and_ctrl_c_stops_waiting(void **state)
{
    (void)state;
    fake.check_after = 1000;
    assert_has(session_type("check example.test\r"), "Checking; Ctrl-C stops waiting.\r\n");
    session_wait(500);
    assert_has_not(session.output, "sealpost> ");
    session_clear();
    assert_has(session_type("\x03"), "^C\r\nWaiting was stopped; the checks go on");
    assert_has(session.output, "sealpost> ");
    assert_int_equal(fake.check_asked, 1);
    (void)session_type("check example.test json\r");
    assert_has(session_type("\x03"), "{\"error\":{\"id\":\"cancelled\",");
}

static void ctrl_c_while_waiting_drops_the_keys_before_it(void **state)
{
    (void)state;
    fake.agree_after = 1000;
    (void)session_type("ca agree\rreboot\r\x03time\r");
    assert_int_equal(fake.reboots, 0);
    assert_has(session.output, "nothing was agreed to");
    assert_has(session.output, "sealpost> time\r\nTime ");
}

static void cert_tells_who_for_whom_and_until_when(void **state)
{
    const char *answer = session_narrow(session_ask("cert example.test"));

    (void)state;
    assert_has(answer, "Subject      CN=mta-sts.example.test\r\n");
    assert_has(answer, "Names        mta-sts.example.test\r\n");
    assert_has(answer, "Valid        2025-11-24T23:05:00Z to 2026-02-22T23:05:00Z\r\n");
    assert_has(answer, "Chain        3 certificates\r\n");
}

static void some_reports(void)
{
    fake.reports = (struct sealpost_reports){
        .last = FAKE_UTC, .reports = 3, .ok = 1200, .failed = 34, .blocks = true};
    (void)snprintf(fake.reports.sentence, sizeof fake.reports.sentence,
                   "TLS reports of the last 7 days tell of 34 failed sessions.");
    fake.report_lines_n = 1;
    (void)snprintf(fake.report_line.name, sizeof fake.report_line.name, "a \x1b[2Jname");
    fake.report_line.ok = 1200;
    fake.report_line.failed = 34;
}

static void reports_are_tables_of_80_columns(void **state)
{
    (void)state;
    some_reports();
    assert_string_equal(
        session_narrow(session_ask("reports example.test")),
        "TLS reports of the last 7 days tell of 34 failed sessions.\r\n"
        "3 reports, the last at 2025-11-24T23:05:00Z. Sessions of the last 14 days:\r\n"
        "\r\n"
        "Day                                                      Went well      Failed\r\n"
        "a ?[2Jname                                                    1200          34\r\n"
        "\r\n"
        "Failure                                                                 Failed\r\n"
        "a ?[2Jname                                                                  34\r\n"
        "\r\n"
        "Reported by                                              Went well      Failed\r\n"
        "a ?[2Jname                                                    1200          34\r\n"
        "\r\n"
        "MX                                                                      Failed\r\n"
        "a ?[2Jname                                                                  34\r\n");
    memset(fake.report_line.name, 'n', 63);
    assert_has(session_narrow(session_ask("reports example.test")),
               "nnn\r\n                                                              1200"
               "          34\r\n");
}

static void reports_of_all_domains_are_a_line_each(void **state)
{
    (void)state;
    some_reports();
    fake.domains = 2;
    assert_string_equal(
        session_narrow(session_ask("reports")),
        "Sessions of the last 14 days, by domain                  Went well      Failed\r\n"
        "example.test                                                  1200          34\r\n"
        "d1.example.test                                               1200          34\r\n");
    fake.reports.reports = 0;
    assert_has(session_ask("reports"), "No TLS report has come yet: `reports D` says");
}

static void reports_that_are_not_there_are_explained(void **state)
{
    (void)state;
    (void)snprintf(fake.reports.sentence, sizeof fake.reports.sentence, "No TLS report has come.");
    assert_string_equal(session_ask("reports example.test"), "No TLS report has come.\r\n");
    assert_has(session_ask("reports other.test"), "There is no domain other.test");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        session_test(domain_lists),
        session_test(domain_with_a_long_name_goes_on_in_the_next_line),
        session_test(domain_add_takes_settings_in_any_order),
        session_test(domain_add_without_words_takes_the_defaults),
        session_test(a_line_with_too_many_mx_hosts_says_how_to_add_them),
        session_test(domain_set_changes_only_what_is_named),
        session_test(domain_show_tells_all_of_it),
        session_test(domain_show_tells_the_phase_of_a_change),
        session_test(domain_show_tells_which_mx_left),
        session_test(domain_show_tells_of_promotion_and_retirement),
        session_test(disable_now_tells_the_risk_and_asks),
        session_test(disable_now_does_not_ask_with_yes_or_without_a_risk),
        session_test(domain_remove_tells_the_risk),
        session_test(promote_waits_for_the_checks),
        session_test(promote_tells_what_blocks),
        session_test(ctrl_c_ends_waiting_for_promotion),
        session_test(auto_takes_days_or_off),
        session_test(force_comes_last),
        session_test(domain_remove_asks_first),
        session_test(domain_remove_with_yes_does_not_ask),
        session_test(domain_remove_does_not_ask_about_what_is_not_there),
        session_test(questions_are_cancelled_by_ctrl_c),
        session_test(answers_are_not_commands_of_the_history),
        session_test(dns_prints_lines_for_a_zone_file_and_single_values),
        session_test(dns_of_what_is_over_says_what_to_delete),
        session_test(enable_disable_renew_say_what_comes_next),
        session_test(check_shows_reason_remedy_and_evidence),
        session_test(check_cannot_steer_the_terminal),
        session_test(check_cannot_turn_text_around),
        session_test(check_waits_and_ctrl_c_stops_waiting),
        session_test(ctrl_c_while_waiting_drops_the_keys_before_it),
        session_test(cert_tells_who_for_whom_and_until_when),
        session_test(reports_are_tables_of_80_columns),
        session_test(reports_of_all_domains_are_a_line_each),
        session_test(reports_that_are_not_there_are_explained),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
