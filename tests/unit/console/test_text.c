/* What the commands of the appliance do, and what they say to a person. */
#include "session.h"

#include "base/log.h"

#include <stdio.h>

static void banner_and_prompt_at_start(void **state)
{
    (void)state;
    assert_string_equal(session.output, "\r\nSealpost " SEALPOST_VERSION
                                        " on sim; `help` lists the commands.\r\nsealpost> ");
    assert_int_equal(session.next, SP_NEVER);
}

static void status_says_everything_at_a_glance(void **state)
{
    const char *answer = session_narrow(session_ask("status"));

    (void)state;
    assert_has(answer, "Health       ok\r\n             All is well.\r\n");
    assert_has(answer, "Time         2025-11-24T23:05:00Z, up 2 hours\r\n");
    assert_has(answer, "Network      link up; 192.0.2.10, 2001:db8::10\r\n");
    assert_has(answer, "CA           https://ca.test/dir\r\n             its terms are agreed to");
    assert_has(answer, "Domains      1: 1 active, 0 at risk, 0 want care\r\n");
    assert_has(answer, "\r\nexample.test: active, certificate until 2026-02-22T23:05:00Z\r\n"
                       "  Senders accept the policy; nothing is to be done.\r\n"
                       "  Next: renewal, 2026-01-23T23:05:00Z\r\n");
    assert_has(answer, "Pool                    used       peak      limit    refused\r\n"
                       "tls                      100       2000      40000          0\r\n");
}

static void status_tells_the_last_fault_of_one_that_had_one(void **state)
{
    (void)state;
    assert_has_not(session_ask("status"), "Last fault");
    fake.crash = (struct sp_crash){.what = "a failed assertion",
                                   .task = "service",
                                   .text = "tcp.c:12: pcb",
                                   .pc = 0xa0001234U,
                                   .total = 5,
                                   .uptime_ms = 61000,
                                   .utc = FAKE_UTC};
    assert_has(session_ask("status"),
               "Last fault   a failed assertion, 2025-11-24T23:05:00Z, 61 s after a start\r\n"
               "             pc a0001234, lr 00000000, task service; 5 so far\r\n"
               "             tcp.c:12: pcb\r\n");
}

static void selftest_tells_each_test_as_it_ends(void **state)
{
    const char *answer;
    (void)state;
    fake.selftest_result = SEALPOST_FAIL;
    answer = session_narrow(session_ask("selftest"));
    assert_has(answer, "flash        pass     All is as it should be.\r\n");
    assert_has(answer, "nic          fail     The link is down: plug in a cable that leads to a");
    assert_has(answer, "\r\n3 tests, 1 failed.\r\n");
}

static void selftest_can_be_given_up(void **state)
{
    (void)state;
    fake.selftest_after = 1000;
    (void)session_type("selftest\r");
    session_wait(500);
    assert_has(session_type("\x03"), "given up");
    fake.selftest_after = 0;
    assert_has(session_ask("selftest"), "3 tests, 0 failed");
}

static void status_without_time_network_and_domains(void **state)
{
    const char *answer;

    (void)state;
    fake.status.utc = 0;
    fake.status.link = false;
    fake.status.addresses_n = 0;
    fake.status.domains = 0;
    fake.status.terms_agreed = false;
    fake.domains = 0;
    answer = session_narrow(session_ask("status"));
    assert_has(answer, "not known yet, up 2 hours");
    assert_has(answer, "link down; no address\r\n");
    assert_has(answer, "`ca agree`");
    assert_has(answer, "No domain yet");
}

static void status_of_many_domains_lists_those_in_trouble(void **state)
{
    const char *answer;

    (void)state;
    fake.domains = fake.status.domains = 500;
    answer = session_ask("status");
    assert_has(answer, "500 domains without trouble are not listed here");
    assert_has_not(answer, "example.test");
    fake.domain.failures = 1;
    answer = session_ask("status");
    assert_has(answer, "d499.example.test: active");
    fake.domain.failures = 0;
    fake.domain.wants_care = true; /* a failing check is no error of an order */
    answer = session_ask("status");
    assert_has(answer, "d499.example.test: active");
}

static void net_tells_and_sets(void **state)
{
    (void)state;
    assert_has(session_narrow(session_ask("net")), "  Address    by DHCP\r\n");
    assert_has(session_narrow(session_ask("net static 192.0.2.9/24 192.0.2.1 192.0.2.53,9.9.9.9")),
               "Kept");
    assert_false(fake.net.dhcp);
    assert_string_equal(fake.net.address, "192.0.2.9/24");
    assert_string_equal(fake.net.gateway, "192.0.2.1");
    assert_string_equal(fake.net.dns[1], "9.9.9.9");
    assert_string_equal(fake.net.dns[2], "");
    assert_string_equal(fake.net.ntp, "ntp.test"); /* as it was */
    assert_has(session_narrow(session_ask("net")),
               "  Address    192.0.2.9/24\r\n  Gateway    192.0.2.1\r\n");
    (void)session_ask("net ntp other.test");
    assert_string_equal(fake.net.ntp, "other.test");
    (void)session_ask("net public 198.51.100.7,2001:db8::7");
    assert_string_equal(fake.net.public4, "198.51.100.7");
    assert_string_equal(fake.net.public6, "2001:db8::7");
    (void)session_ask("net public 2001:db8::8");
    assert_string_equal(fake.net.public4, "");
    assert_string_equal(fake.net.public6, "2001:db8::8");
    (void)session_ask("net public none");
    assert_string_equal(fake.net.public6, "");
    (void)session_ask("net dhcp");
    assert_true(fake.net.dhcp);
}

static void ca_tells_sets_and_agrees(void **state)
{
    (void)state;
    assert_has(session_narrow(session_ask("ca")), "Terms        https://ca.test/terms\r\n");
    (void)session_ask("ca set https://other.test/dir");
    assert_string_equal(fake.ca.directory, "https://other.test/dir");
    assert_string_equal(session_narrow(session_ask("ca agree")),
                        "Agreed to the CA's terms:\r\nhttps://ca.test/terms\r\n");
    assert_true(fake.ca.agreed);
    fake.ca.terms[0] = '\0';
    assert_has(session_narrow(session_ask("ca agree")), "names no terms");
}

static void ca_agree_waits_for_the_directory(void **state)
{
    (void)state;
    fake.agree_after = 3;
    assert_has(session_type("ca agree\r"), "Asking the directory");
    assert_has_not(session.output, "Agreed");
    assert_int_equal(session.next, session.now + 50);
    session_wait(200);
    assert_has(session.output, "Agreed to the CA's terms");
    assert_int_equal(fake.agreed_asked, 4);
}

static void trust_lists_adds_and_removes(void **state)
{
    (void)state;
    assert_has(session_narrow(session_ask("trust")),
               "121 root certificates are built in.\r\nNone was added");
    fake.anchors_n = 1;
    fake.anchors[0] = (struct sealpost_anchor){.subject = "CN=Own CA", .sha256 = "ab"};
    assert_has(session_narrow(session_ask("trust")),
               "CN=Own CA\r\n  added here, valid until an unknown time");
    (void)session_ask("trust remove abcd");
    assert_string_equal(fake.anchor_removed, "abcd");
}

static void trust_add_takes_the_certificate_out_of_what_is_pasted(void **state)
{
    const char *answer;

    (void)state;
    answer =
        session_ask("trust add\rCertificate:\r\n  Issuer: me\r\n-----BEGIN CERTIFICATE-----\r\n"
                    "MIIB\r\nAAAA\r\n-----END CERTIFICATE-----\r\nafter\r\n.");
    assert_int_equal(fake.der_n, 6);
    assert_memory_equal(fake.der, "\x30\x82\x01\x00\x00\x00", 6);
    assert_has_not(answer, "MIIB");
    assert_has(answer, "Added");
}

static void trust_add_json_reads_without_a_word(void **state)
{
    (void)state;
    assert_string_equal(session_type("trust add json\r-----BEGIN CERTIFICATE-----\nMIIB\n"
                                     "-----END CERTIFICATE-----\n.\n"),
                        "trust add json\r\n{\"ok\":true}\r\nsealpost> ");
}

static void trust_add_refuses_what_is_no_certificate(void **state)
{
    char paste[9000] = "trust add\r-----BEGIN CERTIFICATE-----\r";

    (void)state;
    assert_has(session_narrow(session_ask("trust add\rhello\r.")),
               "There is no certificate in what was pasted");
    assert_has(session_ask("trust add\r-----BEGIN CERTIFICATE-----\r."), "There is no certificate");
    for (int i = 0; i < 110; i++) {
        (void)snprintf(paste + strlen(paste), sizeof paste - strlen(paste), "%064d\r", i);
    }
    (void)snprintf(paste + strlen(paste), sizeof paste - strlen(paste),
                   "-----END CERTIFICATE-----\r.\r");
    assert_has(session_type(paste), "What was pasted is too long");
    assert_int_equal(fake.trusts, 0);
}

static void trust_add_is_cancelled_by_ctrl_c(void **state)
{
    (void)state;
    assert_has(session_type("trust add\r-----BEGIN CERTIFICATE-----\r\x03"),
               "^C\r\nNothing was added.\r\nsealpost> ");
    assert_has(session_type("trust add json\r\x03"), "{\"error\":{\"id\":\"cancelled\"");
}

static void log_shows_the_last_lines(void **state)
{
    const char *answer;

    (void)state;
    for (int i = 0; i < 30; i++) {
        sp_log_info("room", "line number %d, with words enough to go beyond the margin of it", i);
    }
    answer = session_narrow(session_ask("log 3"));
    assert_has_not(answer, "number 26,");
    assert_has(answer,
               "+0.000 s             info  room     line number 27, with words enough to go\r\n"
               "                                    beyond the margin of it\r\n");
    answer = session_narrow(session_ask("log"));
    assert_has_not(answer, "number 9,");
    assert_has(answer, "number 10,");
    assert_string_equal(session_ask("log 0"), "");
}

static void log_shows_what_is_left_when_the_ring_has_turned(void **state)
{
    (void)state;
    for (int i = 0; i < 2000; i++) {
        sp_log_info("room", "turn %d", i);
    }
    assert_has(session_ask("log 1000"), "turn 1999\r\n");
    assert_has_not(session.output, "turn 1000\r\n");
}

static void log_lines_do_not_come_between(void **state)
{
    (void)state;
    session_clear();
    sp_log_error("net", "something happened");
    session_wait(1000);
    assert_string_equal(session.output, "");
}

static void time_tells_where_it_is_from(void **state)
{
    (void)state;
    assert_string_equal(session_narrow(session_ask("time")), "Time         2025-11-24T23:05:00Z\r\n"
                                                             "Set at       2025-11-24T23:04:00Z\r\n"
                                                             "Server       ntp.test\r\n"
                                                             "             192.0.2.123\r\n");
    fake.time = (struct sealpost_time){.sentence = "No server answers."};
    assert_string_equal(session_narrow(session_ask("time")), "Time         not known yet\r\n"
                                                             "Set at       never since start\r\n"
                                                             "Server       none\r\n"
                                                             "             No server answers.\r\n");
}

static void reboot_and_factory_reset(void **state)
{
    (void)state;
    assert_string_equal(session_ask("reboot"), "Restarting.\r\n");
    assert_int_equal(fake.reboots, 1);
    assert_has(session_type("factory-reset forget-account\r"), "and the CA account? yes/no ");
    assert_has(session_ask("yes"), "restarting");
    assert_true(fake.forgot_account);
    (void)session_ask("factory-reset yes");
    assert_int_equal(fake.resets, 2);
    assert_false(fake.forgot_account);
}

static void help_lists_and_explains(void **state)
{
    const char *answer = session_narrow(session_ask("help"));

    (void)state;
    assert_has(answer, "domain add        add a domain; it stays disabled until `enable`\r\n");
    assert_has(answer, "factory-reset     forget domains");
    answer = session_narrow(session_ask("help domain add"));
    assert_has(answer, "domain add D mx HOST[,HOST...]");
    assert_has(answer, "  Example: domain add example.com mx mx1.example.com,mx2.example.com\r\n");
    assert_has_not(answer, "domain show");
    answer = session_narrow(session_ask("help domain"));
    assert_has(answer, "domain show D\r\n");
    assert_has(answer, "domain remove D [yes]\r\n");
}

static void examples_of_help_are_understood(void **state)
{
    char document[20000], path[40], example[300], line[320];

    (void)state;
    (void)snprintf(document, sizeof document, "%s", session_json("help"));
    for (int i = 0;; i++) {
        (void)snprintf(path, sizeof path, "commands.%d.example", i);
        if (json_at(document, path, example, sizeof example)[0] == '\0') {
            break;
        }
        example[strlen(example) - 1] = '\0';
        (void)snprintf(line, sizeof line, "%s\r\x03", example + 1);
        (void)session_type(line);
        assert_has_not(session.output, "is not a command");
        assert_has_not(session.output, "word is missing");
        assert_has_not(session.output, "too many");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        session_test(banner_and_prompt_at_start),
        session_test(status_says_everything_at_a_glance),
        session_test(status_tells_the_last_fault_of_one_that_had_one),
        session_test(selftest_tells_each_test_as_it_ends),
        session_test(selftest_can_be_given_up),
        session_test(status_without_time_network_and_domains),
        session_test(status_of_many_domains_lists_those_in_trouble),
        session_test(net_tells_and_sets),
        session_test(ca_tells_sets_and_agrees),
        session_test(ca_agree_waits_for_the_directory),
        session_test(trust_lists_adds_and_removes),
        session_test(trust_add_takes_the_certificate_out_of_what_is_pasted),
        session_test(trust_add_json_reads_without_a_word),
        session_test(trust_add_refuses_what_is_no_certificate),
        session_test(trust_add_is_cancelled_by_ctrl_c),
        session_test(log_shows_the_last_lines),
        session_test(log_shows_what_is_left_when_the_ring_has_turned),
        session_test(log_lines_do_not_come_between),
        session_test(time_tells_where_it_is_from),
        session_test(reboot_and_factory_reset),
        session_test(help_lists_and_explains),
        session_test(examples_of_help_are_understood),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
