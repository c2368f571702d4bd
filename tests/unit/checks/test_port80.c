/* The port80 check, by a table of how the fetch over each family ends. */
#include "base/err.h"

#include "cm.h"
#include "fakes.h"

#include <string.h>

#define PASS SP_CHECK_PASS
#define FAIL SP_CHECK_FAIL
#define UNKNOWN SP_CHECK_UNKNOWN
#define PORT80 SP_CHECK_BIT(SP_CHECK_PORT80)

#define ABSENT SP_E_DNS_NODATA
#define NAT4 "198.51.100.1" /* ours, but not the interface's */

/* How it ends over IPv4 and IPv6, and what is said. A status of 0: 200 with the nonce. */
static const struct row {
    int err4, status4;
    const char *body4, *address4;
    int err6, status6;
    const char *body6;
    enum sp_check_result result;
    const char *code, *text;
} rows[] = {
    {0, 0, NULL, NULL, 0, 0, NULL, PASS, "ok", "leads here over IPv4 and IPv6."},
    {0, 0, NULL, NULL, ABSENT, 0, NULL, PASS, "ok", "leads here."},
    {ABSENT, 0, NULL, NULL, 0, 0, NULL, PASS, "ok", "leads here."},
    {SP_E_DNS_NXDOMAIN, 0, NULL, NULL, SP_E_DNS_NXDOMAIN, 0, NULL, FAIL, "nxdomain", "exist"},
    {ABSENT, 0, NULL, NULL, ABSENT, 0, NULL, FAIL, "no_address", "no address"},
    {SP_E_DNS_SERVFAIL, 0, NULL, NULL, 0, 0, NULL, UNKNOWN, "servfail", "DNS could not be asked"},
    {SP_E_DNS_TIMEOUT, 0, NULL, NULL, SP_E_DNS_TIMEOUT, 0, NULL, UNKNOWN, "dns_timeout", ""},
    {SP_E_REFUSED, 0, NULL, NULL, ABSENT, 0, NULL, FAIL, "refused", "203.0.113.10"},
    {SP_E_TIMEOUT, 0, NULL, NULL, SP_E_REFUSED, 0, NULL, FAIL, "refused", "2001:db8::10"},
    {SP_E_TIMEOUT, 0, NULL, NULL, ABSENT, 0, NULL, FAIL, "timeout", ""},
    {SP_E_UNREACHABLE, 0, NULL, NULL, ABSENT, 0, NULL, FAIL, "unreachable", ""},
    {SP_E_CLOSED, 0, NULL, NULL, ABSENT, 0, NULL, FAIL, "closed", ""},
    {0, 0, NULL, NULL, SP_E_TIMEOUT, 0, NULL, FAIL, "family_fails", "over IPv4 it is"},
    {SP_E_REFUSED, 0, NULL, NULL, 0, 0, NULL, FAIL, "family_fails", "over IPv6 it is"},
    {0, 404, "", NULL, ABSENT, 0, NULL, FAIL, "answer_differs", "203.0.113.10 (status 404)"},
    {0, 404, "WlpaWlpaWlpaWlpaWlpaWg", NULL, 0, 0, NULL, FAIL, "answer_differs", "404"},
    {0, 301, "", NULL, 0, 0, NULL, FAIL, "answer_differs", "redirects"},
    {0, 0, "something", NULL, 0, 0, NULL, FAIL, "answer_differs", "(status 200)"},
    {0, 0, NULL, NULL, 0, 0, "", FAIL, "answer_differs", "2001:db8::10"},
    {SP_E_HTTP, 0, NULL, NULL, 0, 0, NULL, FAIL, "answer_differs", ""},
    {SP_E_TOO_BIG, 0, NULL, NULL, 0, 0, NULL, FAIL, "answer_differs", ""},
    {SP_E_TIMEOUT, 0, NULL, NAT4, ABSENT, 0, NULL, UNKNOWN, "no_hairpin", NAT4},
    {SP_E_REFUSED, 0, NULL, NAT4, 0, 0, NULL, UNKNOWN, "no_hairpin", ""},
    {SP_E_TIMEOUT, 0, NULL, NAT4, SP_E_TIMEOUT, 0, NULL, FAIL, "family_fails", "over IPv6"},
    {0, 200, "a router", NAT4, ABSENT, 0, NULL, FAIL, "answer_differs", NAT4},
    {SP_E_MEMORY, 0, NULL, NULL, 0, 0, NULL, UNKNOWN, "busy", "could not look"},
};

static void set(unsigned is6, int err, int status, const char *body)
{
    fake.port80[is6].result = err;
    fake.port80[is6].status = err == 0 ? (status == 0 ? 200 : status) : 0;
    fake.port80_body[is6] = body;
    if (err <= SP_E_DNS_SERVFAIL && err >= SP_E_DNS_NO_SERVER) {
        fake.port80[is6].address.family = 0;
    }
}

static void each_end_is_told_apart(void **state)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct row *row = &rows[i];

        fakes_begin(state);
        if (row->address4 != NULL) {
            own[0] = fake_addr(row->address4);
            fake.port80[0].address = own[0];
        }
        set(0, row->err4, row->status4, row->body4);
        set(1, row->err6, row->status6, row->body6);
        run_checks(PORT80);
        check_says(SP_CHECK_PORT80, row->result, row->code, row->text);
        assert_int_equal(fake.fetches, 2);
    }
}

static void evidence_has_both_families(void **state)
{
    (void)state;
    fake.port80[1].result = SP_E_REFUSED;
    run_checks(PORT80);
    assert_string_equal(evidence(SP_CHECK_PORT80, "url"),
                        "http://" HOST "/.well-known/acme-challenge/WlpaWlpaWlpaWlpaWlpaWg");
    assert_string_equal(evidence(SP_CHECK_PORT80, "IPv4"),
                        "203.0.113.10: status 200, the nonce, 4 ms, from the appliance itself");
    assert_non_null(strstr(evidence(SP_CHECK_PORT80, "IPv6"), "2001:db8::10: "));
    assert_string_equal(fake.url, evidence(SP_CHECK_PORT80, "url"));
}

static void the_nonce_is_answered_only_meanwhile(void **state)
{
    const char *token = "WlpaWlpaWlpaWlpaWlpaWg";
    char array[64];
    struct sp_buf out;

    (void)state;
    sp_buf_init(&out, array, sizeof array);
    assert_int_equal(sp_checks_challenge(HOST, sp_span_str(token), &out), SP_E_NOT_FOUND);
    run_checks(PORT80); /* where the fake asks for it */
    assert_int_equal(sp_checks_challenge(HOST, sp_span_str(token), &out), SP_E_NOT_FOUND);
    assert_int_equal(sp_checks_challenge(HOST, sp_span_str(""), &out), SP_E_NOT_FOUND);
    assert_int_equal(out.len, 0);
}

static void a_run_that_is_given_up_answers_no_more(void **state)
{
    struct sp_check_input input = {.domain = DOMAIN, .which = PORT80, .own = own, .own_n = own_n};
    char array[64];
    struct sp_buf out;

    (void)state;
    fake.never_done = true;
    sp_buf_init(&out, array, sizeof array);
    assert_int_equal(sp_checks_start(&input, &report, fake.now), 0);
    (void)sp_checks_step(fake.now);
    assert_int_equal(fake.fetches, 1);
    sp_checks_cancel();
    assert_int_equal(fake.http_releases, 1);
    assert_int_equal(sp_checks_challenge(HOST, sp_span_str(strrchr(fake.url, '/') + 1), &out),
                     SP_E_NOT_FOUND);
}

static void without_a_generator_nothing_is_asked(void **state)
{
    (void)state;
    fake.random_error = SP_E_ENTROPY;
    run_checks(PORT80);
    check_says(SP_CHECK_PORT80, UNKNOWN, "busy", "could not look");
    assert_int_equal(fake.fetches, 0);
}

static void a_busy_client_is_waited_for(void **state)
{
    (void)state;
    fake.client_busy = 10;
    run_checks(PORT80);
    check_says(SP_CHECK_PORT80, PASS, "ok", "");
    assert_int_equal(fake.http_releases, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_end_is_told_apart, fakes_begin),
        cmocka_unit_test_setup(evidence_has_both_families, fakes_begin),
        cmocka_unit_test_setup(the_nonce_is_answered_only_meanwhile, fakes_begin),
        cmocka_unit_test_setup(a_run_that_is_given_up_answers_no_more, fakes_begin),
        cmocka_unit_test_setup(without_a_generator_nothing_is_asked, fakes_begin),
        cmocka_unit_test_setup(a_busy_client_is_waited_for, fakes_begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
