/* Directories, orders and authorizations: what is taken and what is refused. */
#include "cm.h"

#include "acme/directory.h"
#include "acme/json.h"
#include "acme/order.h"
#include "base/err.h"
#include "base/port.h"

#include <stdio.h>
#include <string.h>

#define HOST "mta-sts.example.test"
#define N "\"newNonce\":\"https://ca.test/n\""
#define A "\"newAccount\":\"https://ca.test/a\""
#define O "\"newOrder\":\"https://ca.test/o\""

static int setup(void **state)
{
    (void)state;
    sp_acme_json_start();
    sp_acme_json_start();
    return 0;
}

static void no_leak(void)
{
    assert_int_equal(sp_port_use(SP_POOL_JSON).used, 0);
}

static void urls_are_told_apart(void **state)
{
    static const struct {
        const char *url;
        bool ok;
    } cases[] = {
        {"https://a", true},
        {"https://ca.test:14000/x?y#z", true},
        {"http://ca.test/", false},
        {"https://", false},
        {"https:///x", false},
        {"HTTPS://ca.test/", false},
        {"", false},
        {"ftp://ca.test/", false},
        {"https://a b/", false},
        {"https://a/\"", false},
        {"https://a/\\", false},
        {"https://a/\r\nX: y", false},
        {"https://\xC3\xA4/", false},
        {"/relative", false},
    };
    char url[400];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(sp_acme_url_ok(cases[i].url), cases[i].ok);
    }
    memset(url, 'a', sizeof url);
    memcpy(url, "https://", 8);
    url[SP_URL_MAX - 1] = '\0';
    assert_true(sp_acme_url_ok(url));
    url[SP_URL_MAX - 1] = 'a';
    url[SP_URL_MAX] = '\0';
    assert_false(sp_acme_url_ok(url));
}

static void directory_is_read(void **state)
{
    struct sp_acme_directory d;

    (void)state;
    assert_int_equal(
        sp_acme_directory_parse(sp_span_str("{\"x\":[1,{}]," N "," A "," O
                                            ",\"meta\":{\"termsOfService\":\"https://t/"
                                            "\",\"externalAccountRequired\":true,\"website\":7}}"),
                                &d),
        0);
    assert_string_equal(d.new_nonce, "https://ca.test/n");
    assert_string_equal(d.new_account, "https://ca.test/a");
    assert_string_equal(d.new_order, "https://ca.test/o");
    assert_string_equal(d.terms, "https://t/");
    assert_true(d.external_account);
    assert_int_equal(sp_acme_directory_parse(sp_span_str("{" N "," A "," O "}"), &d), 0);
    assert_string_equal(d.terms, "");
    assert_false(d.external_account);
    no_leak();
}

#define META(list) "{" N "," A "," O ",\"meta\":{\"caaIdentities\":" list "}}"
#define SIXTY "sixty-letters-and-dots.of-a-name-that-leaves-room-for-little"

static void the_cas_identities_are_read(void **state)
{
    static const struct {
        const char *text, *identities;
    } cases[] = {
        {META("[\"ca.test\"]"), "ca.test"},
        {META("[\"CA.Test\",\"second.test\"]"), "ca.test second.test"},
        {META("[]"), ""},
        {META("\"ca.test\""), ""},
        {META("[7,\"a b\",\"ca.test\",\"\"]"), "ca.test"},
        {META("[\"" SIXTY "\",\"" SIXTY "\",\"ca.test\"]"), SIXTY " ca.test"},
        {"{" N "," A "," O "}", ""},
    };
    struct sp_acme_directory d;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(sp_acme_directory_parse(sp_span_str(cases[i].text), &d), 0);
        assert_string_equal(d.ca_identities, cases[i].identities);
        no_leak();
    }
    strcpy(d.ca_identities, "ca.test");
    assert_int_equal(sp_acme_directory_parse(sp_span_str("{" N "}"), &d), SP_E_PROTOCOL);
    assert_string_equal(d.ca_identities, "ca.test");
}

static void what_is_no_directory_is_refused(void **state)
{
    static const char *const cases[] = {
        "",
        " ",
        "{}",
        "[]",
        "1",
        "nonsense",
        "{" N "," A "}",
        "{" N "," O "}",
        "{" A "," O "}",
        "{" N "," A ",\"newOrder\":7}",
        "{" N "," A ",\"newOrder\":null}",
        "{" N "," A ",\"newOrder\":{}}",
        "{" N "," A ",\"newOrder\":\"http://ca.test/o\"}",
        "{" N "," A ",\"newOrder\":\"\"}",
        "{" N "," A ",\"neworder\":\"https://ca.test/o\"}",
        "{" N "," A "," O,
        "{" N "," A "," O ",\"meta\":{\"termsOfService\":\"a\\nb\"}}",
    };
    struct sp_acme_directory d;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        if (sp_acme_directory_parse(sp_span_str(cases[i]), &d) != SP_E_PROTOCOL) {
            fail_msg("taken: %s", cases[i]);
        }
        no_leak();
    }
    assert_int_equal(sp_acme_directory_parse(sp_span(NULL, 0), &d), SP_E_PROTOCOL);
}

#define ORDER(status, rest)                                                                        \
    "{\"status\":\"" status "\",\"identifiers\":[{\"type\":\"dns\",\"value\":\"" HOST              \
    "\"}],\"authorizations\":[\"https://ca.test/z\"],\"finalize\":\"https://ca.test/f\"" rest "}"

static void orders_are_read_in_every_status(void **state)
{
    static const struct {
        const char *text;
        enum sp_acme_status status;
    } cases[] = {
        {ORDER("pending", ""), SP_ACME_PENDING},
        {ORDER("ready", ",\"expires\":7"), SP_ACME_READY},
        {ORDER("processing", ""), SP_ACME_PROCESSING},
        {ORDER("valid", ",\"certificate\":\"https://ca.test/c\""), SP_ACME_VALID},
        {ORDER("invalid", ",\"error\":{\"type\":\"urn:ietf:params:acme:error:caa\",\"detail\":"
                          "\"no\"}"),
         SP_ACME_INVALID},
    };
    struct sp_acme_order_object order;
    struct sp_acme_problem problem;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        memset(&problem, 0, sizeof problem);
        assert_int_equal(sp_acme_order_parse(sp_span_str(cases[i].text), HOST, &order, &problem),
                         0);
        assert_int_equal(order.status, cases[i].status);
        assert_string_equal(order.authorization, "https://ca.test/z");
        assert_string_equal(order.finalize, "https://ca.test/f");
        assert_string_equal(order.certificate,
                            order.status == SP_ACME_VALID ? "https://ca.test/c" : "");
        assert_string_equal(problem.type, order.status == SP_ACME_INVALID ? "caa" : "");
        no_leak();
    }
}

static void what_is_no_order_is_refused(void **state)
{
    static const char *const cases[] = {
        "{}",
        "{\"status\":\"pending\"}",
        ORDER("paused", ""),
        ORDER("", ""),
        ORDER("valid", ""),
        ORDER("valid", ",\"certificate\":\"http://ca.test/c\""),
        ORDER("ready", ",\"certificate\":7"),
        "{\"status\":\"ready\",\"identifiers\":[{\"type\":\"dns\",\"value\":\"other.test\"}],"
        "\"authorizations\":[\"https://ca.test/z\"],\"finalize\":\"https://ca.test/f\"}",
        "{\"status\":\"ready\",\"identifiers\":[{\"type\":\"ip\",\"value\":\"" HOST "\"}],"
        "\"authorizations\":[\"https://ca.test/z\"],\"finalize\":\"https://ca.test/f\"}",
        "{\"status\":\"ready\",\"identifiers\":[{\"type\":\"dns\",\"value\":\"" HOST
        "\"},{\"type\":\"dns\",\"value\":\"b.test\"}],"
        "\"authorizations\":[\"https://ca.test/z\"],\"finalize\":\"https://ca.test/f\"}",
        "{\"status\":\"ready\",\"identifiers\":[{\"type\":\"dns\",\"value\":\"" HOST "\"}],"
        "\"authorizations\":[],\"finalize\":\"https://ca.test/f\"}",
        "{\"status\":\"ready\",\"identifiers\":[{\"type\":\"dns\",\"value\":\"" HOST "\"}],"
        "\"authorizations\":[\"https://a/\",\"https://b/\"],\"finalize\":\"https://ca.test/f\"}",
        "{\"status\":\"ready\",\"identifiers\":[{\"type\":\"dns\",\"value\":\"" HOST "\"}],"
        "\"authorizations\":[7],\"finalize\":\"https://ca.test/f\"}",
        "{\"status\":\"ready\",\"identifiers\":[{\"type\":\"dns\",\"value\":\"" HOST "\"}],"
        "\"authorizations\":[\"https://ca.test/z\"]}",
    };
    struct sp_acme_order_object order;
    struct sp_acme_problem problem = {.error = 0};

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        if (sp_acme_order_parse(sp_span_str(cases[i]), HOST, &order, &problem) != SP_E_PROTOCOL) {
            fail_msg("taken: %s", cases[i]);
        }
        no_leak();
    }
}

#define AUTHZ(status, challenges)                                                                  \
    "{\"status\":\"" status "\",\"identifier\":{\"type\":\"dns\",\"value\":\"" HOST                \
    "\"},\"challenges\":[" challenges "]}"
#define DNS01 "{\"type\":\"dns-01\",\"status\":7,\"token\":{},\"url\":\"\"}"
#define HTTP01(token, status, rest)                                                                \
    "{\"type\":\"http-01\",\"url\":\"https://ca.test/h\",\"token\":\"" token                       \
    "\",\"status\":\"" status "\"" rest "}"

static void authorizations_are_read(void **state)
{
    struct sp_acme_authorization out;
    struct sp_acme_problem problem = {.error = 0};

    (void)state;
    assert_int_equal(
        sp_acme_authorization_parse(
            sp_span_str(AUTHZ("pending", DNS01 "," HTTP01("tok-en_1", "processing", ""))), HOST,
            &out, &problem),
        0);
    assert_int_equal(out.status, SP_ACME_PENDING);
    assert_int_equal(out.challenge_status, SP_ACME_PROCESSING);
    assert_string_equal(out.challenge, "https://ca.test/h");
    assert_string_equal(out.token, "tok-en_1");
    assert_int_equal(
        sp_acme_authorization_parse(sp_span_str(AUTHZ("pending", DNS01)), HOST, &out, &problem), 0);
    assert_string_equal(out.challenge, "");
    assert_int_equal(
        sp_acme_authorization_parse(
            sp_span_str(
                AUTHZ("invalid", HTTP01("t", "invalid",
                                        ",\"error\":{\"type\":\"urn:ietf:params:acme:error:dns\","
                                        "\"detail\":\"NXDOMAIN\"}"))),
            HOST, &out, &problem),
        0);
    assert_int_equal(out.status, SP_ACME_INVALID);
    assert_string_equal(problem.type, "dns");
    assert_string_equal(problem.detail, "NXDOMAIN");
    for (size_t i = 0; i < 3; i++) {
        static const char *const ends[] = {AUTHZ("deactivated", ""), AUTHZ("expired", ""),
                                           AUTHZ("revoked", "")};

        assert_int_equal(sp_acme_authorization_parse(sp_span_str(ends[i]), HOST, &out, &problem),
                         0);
        assert_int_equal(out.status, SP_ACME_INVALID);
    }
    no_leak();
}

static void what_is_no_authorization_is_refused(void **state)
{
    static const char *const cases[] = {
        "{}",
        AUTHZ("unknown", ""),
        "{\"status\":\"pending\",\"identifier\":{\"type\":\"dns\",\"value\":\"x.test\"}}",
        "{\"status\":\"pending\",\"identifier\":[]}",
        AUTHZ("pending", HTTP01("", "pending", "")),
        AUTHZ("pending", HTTP01("../x", "pending", "")),
        AUTHZ("pending", HTTP01("a b", "pending", "")),
        AUTHZ("pending", HTTP01("tok", "odd", "")),
        AUTHZ("pending", "{\"type\":\"http-01\",\"token\":\"t\",\"status\":\"pending\"}"),
        AUTHZ("pending", "{\"type\":\"http-01\",\"status\":\"pending\",\"url\":\"https://a/\"}"),
    };
    char text[600];
    char token[SP_ACME_TOKEN_MAX + 2];
    struct sp_acme_authorization out;
    struct sp_acme_problem problem = {.error = 0};

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        if (sp_acme_authorization_parse(sp_span_str(cases[i]), HOST, &out, &problem) !=
            SP_E_PROTOCOL) {
            fail_msg("taken: %s", cases[i]);
        }
        no_leak();
    }
    for (size_t n = SP_ACME_TOKEN_MAX; n < SP_ACME_TOKEN_MAX + 2; n++) {
        memset(token, 't', n);
        token[n] = '\0';
        snprintf(text, sizeof text, AUTHZ("pending", HTTP01("%s", "pending", "")), token);
        assert_int_equal(sp_acme_authorization_parse(sp_span_str(text), HOST, &out, &problem),
                         n == SP_ACME_TOKEN_MAX ? 0 : SP_E_PROTOCOL);
    }
}

/* Every text is also tried cut short, and with each byte changed. */
static void mutilated_objects_are_survived(void **state)
{
    static const char *const texts[] = {
        "{" N "," A "," O ",\"meta\":{\"termsOfService\":\"https://t/\"}}",
        ORDER("valid", ",\"certificate\":\"https://ca.test/c\",\"error\":{\"subproblems\":[{}]}"),
        AUTHZ("pending", DNS01 "," HTTP01("tok-en_1", "pending", ",\"error\":{\"type\":\"x\"}")),
    };
    static const char bytes[] = "\"{}[],:\\x7\xFF";
    struct sp_acme_directory directory;
    struct sp_acme_order_object order;
    struct sp_acme_authorization authorization;
    struct sp_acme_problem problem = {.error = 0};
    char text[600];

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        for (size_t at = 0; at < strlen(texts[i]); at++) {
            for (size_t k = 0; k < sizeof bytes; k++) {
                struct sp_span span;

                strcpy(text, texts[i]);
                text[at] = bytes[k];
                span = sp_span(text, bytes[k] == '\0' ? at : strlen(texts[i]));
                (void)sp_acme_directory_parse(span, &directory);
                (void)sp_acme_order_parse(span, HOST, &order, &problem);
                (void)sp_acme_authorization_parse(span, HOST, &authorization, &problem);
            }
        }
    }
    no_leak();
}

static void memory_that_runs_out_is_told_from_nonsense(void **state)
{
    struct sp_acme_order_object order;
    struct sp_acme_problem problem = {.error = 0};
    unsigned at;
    int err = SP_E_MEMORY;

    (void)state;
    for (at = 1; err == SP_E_MEMORY; at++) {
        sp_port_fail_at(SP_POOL_JSON, at);
        err = sp_acme_order_parse(sp_span_str(ORDER("ready", "")), HOST, &order, &problem);
        no_leak();
    }
    assert_int_equal(err, 0);
    assert_true(at > 10);
    sp_port_fail_at(SP_POOL_JSON, 0);
}

static void white_space_between_values_is_dropped_in_any_pieces(void **state)
{
    static const struct {
        const char *text, *kept;
    } rows[] = {
        {" {\r\n \"a b\" :\t[ 1, 2 ] }  ", "{\"a b\":[1,2]}"},
        {"{\"a\": \"say \\\" x \\\\\" , \"b\": \" \\\\\\\" y \"}",
         "{\"a\":\"say \\\" x \\\\\",\"b\":\" \\\\\\\" y \"}"},
        {"\"not closed ", "\"not closed "},
        {" ", ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (size_t piece = 1; piece < 40; piece++) {
            struct sp_acme_json_pieces at = {0};
            struct sp_span rest = sp_span_str(rows[i].text);
            char kept[100];
            struct sp_buf out;

            sp_buf_init(&out, kept, sizeof kept);
            while (rest.n > 0) {
                size_t n = piece < rest.n ? piece : rest.n;

                sp_acme_json_take(&at, sp_span(rest.p, n), &out);
                rest = sp_span(rest.p + n, rest.n - n);
            }
            assert_string_equal(kept, rows[i].kept);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_are_told_apart),
        cmocka_unit_test(directory_is_read),
        cmocka_unit_test(the_cas_identities_are_read),
        cmocka_unit_test(what_is_no_directory_is_refused),
        cmocka_unit_test(orders_are_read_in_every_status),
        cmocka_unit_test(what_is_no_order_is_refused),
        cmocka_unit_test(authorizations_are_read),
        cmocka_unit_test(what_is_no_authorization_is_refused),
        cmocka_unit_test(white_space_between_values_is_dropped_in_any_pieces),
        cmocka_unit_test(mutilated_objects_are_survived),
        cmocka_unit_test(memory_that_runs_out_is_told_from_nonsense),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
