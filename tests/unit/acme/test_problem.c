#include "cm.h"

#include "acme/json.h"
#include "acme/problem.h"
#include "base/err.h"
#include "base/port.h"

#include <stdio.h>
#include <string.h>

#define URN "urn:ietf:params:acme:error:"
#define HOST "mta-sts.example.test"

static struct sp_acme_problem problem;

static int setup(void **state)
{
    (void)state;
    sp_acme_json_start();
    memset(&problem, 0, sizeof problem);
    return 0;
}

static void read_answer(const char *body, int status)
{
    memset(&problem, 0, sizeof problem);
    sp_acme_problem_answer(sp_span_str(body), status, &problem);
    assert_int_equal(sp_port_use(SP_POOL_JSON).used, 0);
}

static void document_is_read_with_its_subproblems(void **state)
{
    (void)state;
    read_answer("{\"type\":\"" URN "compound\",\"detail\":\"Two of them.\",\"instance\":\"https://"
                "ca.test/i\",\"subproblems\":[{\"type\":\"" URN "caa\",\"detail\":\"CAA "
                "forbids it.\",\"identifier\":{\"type\":\"dns\",\"value\":\"a.test\"}},7,{},"
                "{\"detail\":\"no host\"}]}",
                403);
    assert_string_equal(problem.type, "compound");
    assert_int_equal(problem.status, 403);
    assert_string_equal(problem.detail, "Two of them; a.test: CAA forbids it; no host");
    assert_string_equal(problem.url, "https://ca.test/i");
}

static void whole_sentence_names_cause_words_and_remedy(void **state)
{
    (void)state;
    read_answer("{\"type\":\"" URN "connection\",\"detail\":\"192.0.2.1: Fetching http://x/: "
                "Connection refused\"}",
                400);
    sp_acme_problem_explain(&problem, HOST, true);
    assert_string_equal(
        problem.sentence,
        "The CA could not connect to mta-sts.example.test on port 80: 192.0.2.1: Fetching "
        "http://x/: Connection refused. Forward port 80 of every A and AAAA address of "
        "mta-sts.example.test to this appliance, or remove the address that does not lead here.");
    assert_int_equal(problem.error, SP_E_REFUSED);
}

static void unauthorized_means_two_things(void **state)
{
    (void)state;
    read_answer("{\"type\":\"" URN "unauthorized\",\"detail\":\"x\"}", 403);
    sp_acme_problem_explain(&problem, HOST, true);
    assert_non_null(strstr(problem.sentence, "wrong answer"));
    sp_acme_problem_explain(&problem, HOST, false);
    assert_non_null(strstr(problem.sentence, "this account"));
}

static void url_in_the_words_is_found(void **state)
{
    static const struct {
        const char *words, *url;
    } cases[] = {
        {"Please visit: https://portal.ca.test/unpause?jwt=a.b-c",
         "https://portal.ca.test/unpause?jwt=a.b-c"},
        {"see https://ca.test/limits.", "https://ca.test/limits"},
        {"see (https://ca.test/limits), then", "https://ca.test/limits"},
        {"see http://ca.test/", ""},
        {"https://", ""},
        {"nothing", ""},
    };
    char body[400];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        snprintf(body, sizeof body, "{\"type\":\"" URN "rateLimited\",\"detail\":\"%s\"}",
                 cases[i].words);
        read_answer(body, 429);
        assert_string_equal(problem.url, cases[i].url);
    }
}

static void bodies_that_are_no_problem_document_are_survived(void **state)
{
    static const char *const cases[] = {
        "",
        "<html>",
        "[]",
        "{",
        "{\"type\":7}",
        "{\"type\":\"about:blank\"}",
        "{\"type\":\"" URN "with space\"}",
        "{\"detail\":{}}",
        "{\"subproblems\":7}",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        read_answer(cases[i], 418);
        assert_string_equal(problem.type, "");
        assert_string_equal(problem.detail, "HTTP status 418 without an explanation");
        sp_acme_problem_explain(&problem, "", false);
        assert_string_equal(problem.sentence,
                            "The CA gave an unexpected answer: HTTP status 418 without an "
                            "explanation. Check the address of the CA (\"ca\"), then try again.");
        assert_int_equal(problem.error, SP_E_PROTOCOL);
    }
    read_answer("", 502);
    sp_acme_problem_explain(&problem, "", false);
    assert_non_null(strstr(problem.sentence, "out of order or overloaded"));
}

static void page_of_the_ca_is_named_when_it_is_short(void **state)
{
    char body[600];
    char path[200];

    (void)state;
    read_answer("{\"type\":\"" URN "userActionRequired\",\"detail\":\"Terms have changed.\","
                "\"instance\":\"https://ca.test/agree\"}",
                403);
    sp_acme_problem_explain(&problem, HOST, false);
    assert_string_equal(problem.sentence,
                        "The CA wants something of you before it goes on: Terms have changed. Do "
                        "what the CA's page asks, then try again. See https://ca.test/agree .");
    memset(path, 'p', sizeof path);
    path[sizeof path - 1] = '\0';
    snprintf(body, sizeof body,
             "{\"type\":\"" URN "userActionRequired\",\"instance\":\"https://ca.test/%s\"}", path);
    read_answer(body, 403);
    sp_acme_problem_explain(&problem, HOST, false);
    assert_null(strstr(problem.sentence, "https://"));
    assert_int_equal(strlen(problem.url), 16 + sizeof path - 1);
}

/* Words of any length and of any bytes: the sentence is whole, ends in its remedy, and is one line.
 */
static void long_words_leave_room_for_the_remedy(void **state)
{
    static const char *const units[] = {"a", "\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x93\xAC",
                                        "x\\n"};
    char body[4000];
    char host[254];

    (void)state;
    memset(host, 'h', sizeof host);
    host[253] = '\0';
    for (size_t i = 0; i < COUNT(units); i++) {
        for (size_t n = 0; n < 700; n++) {
            struct sp_buf out;

            sp_buf_init(&out, body, sizeof body);
            sp_buf_puts(&out, "{\"type\":\"" URN "dns\",\"detail\":\"");
            for (size_t k = 0; k < n; k++) {
                sp_buf_puts(&out, k == 0 && n % 2 == 1 ? "b" : units[i]);
            }
            sp_buf_puts(&out, "\"}");
            read_answer(body, 400);
            sp_acme_problem_explain(&problem, n % 3 == 0 ? host : HOST, true);
            assert_non_null(strstr(problem.sentence, "until all servers have it."));
            assert_null(strchr(problem.sentence, '\n'));
            /* JSON writes what is not UTF-8 as U+FFFD. */
            sp_buf_init(&out, body, sizeof body);
            sp_buf_json(&out, problem.sentence);
            assert_null(strstr(body, "\xEF\xBF\xBD"));
            sp_buf_reset(&out);
            sp_buf_json(&out, problem.detail);
            assert_null(strstr(body, "\xEF\xBF\xBD"));
        }
    }
}

static void every_error_of_the_network_has_its_sentence(void **state)
{
    static const struct {
        int err;
        const char *part;
    } cases[] = {
        {SP_E_DNS_NXDOMAIN, "does not exist in DNS"},
        {SP_E_DNS_TIMEOUT, "DNS servers"},
        {SP_E_TIMEOUT, "port 443"},
        {SP_E_REFUSED, "port 443"},
        {SP_E_UNREACHABLE, "port 443"},
        {SP_E_CLOSED, "closed the connection"},
        {SP_E_CERT_UNTRUSTED, "trust add"},
        {SP_E_CERT_EXPIRED, "expired"},
        {SP_E_TLS_ALERT, "TLS"},
        {SP_E_PROTOCOL, "nonce"},
        {SP_E_CORRUPT, "flash"},
        {SP_E_CANCELLED, "failed"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        memset(&problem, 0, sizeof problem);
        sp_acme_problem_unanswered(&problem, cases[i].err, "connect", "", "ca.test");
        assert_int_equal(problem.error, cases[i].err);
        assert_non_null(strstr(problem.sentence, cases[i].part));
        assert_non_null(strstr(problem.sentence, "ca.test"));
        assert_null(strchr(problem.sentence, '{'));
        assert_non_null(strstr(problem.detail, "(connect)"));
    }
    sp_acme_problem_unanswered(&problem, SP_E_TLS, "tls", "no shared cipher", "ca.test");
    assert_string_equal(problem.detail, "no shared cipher (tls)");
}

static void type_of_an_answer_is_told(void **state)
{
    (void)state;
    assert_true(sp_acme_problem_names(sp_span_str("{\"type\":\"" URN "badNonce\"}"), "badNonce"));
    assert_false(sp_acme_problem_names(sp_span_str("{\"type\":\"" URN "badNonc\"}"), "badNonce"));
    assert_false(sp_acme_problem_names(sp_span_str("{\"type\":\"badNonce\"}"), "badNonce"));
    assert_false(sp_acme_problem_names(sp_span_str("{}"), "badNonce"));
    assert_false(sp_acme_problem_names(sp_span_str(""), "badNonce"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(document_is_read_with_its_subproblems, setup),
        cmocka_unit_test_setup(whole_sentence_names_cause_words_and_remedy, setup),
        cmocka_unit_test_setup(unauthorized_means_two_things, setup),
        cmocka_unit_test_setup(url_in_the_words_is_found, setup),
        cmocka_unit_test_setup(bodies_that_are_no_problem_document_are_survived, setup),
        cmocka_unit_test_setup(page_of_the_ca_is_named_when_it_is_short, setup),
        cmocka_unit_test_setup(long_words_leave_room_for_the_remedy, setup),
        cmocka_unit_test_setup(every_error_of_the_network_has_its_sentence, setup),
        cmocka_unit_test_setup(type_of_an_answer_is_told, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
