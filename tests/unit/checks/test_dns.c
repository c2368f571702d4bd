/* The dns check, by a table of what DNS says. */
#include "base/err.h"

#include "cm.h"
#include "fakes.h"

#include <string.h>

#define PASS SP_CHECK_PASS
#define FAIL SP_CHECK_FAIL
#define UNKNOWN SP_CHECK_UNKNOWN
#define NXDOMAIN SP_E_DNS_NXDOMAIN
#define NODATA SP_E_DNS_NODATA

struct row {
    int a_result;
    const char *a[3];
    int aaaa_result;
    const char *aaaa[3];
    enum sp_check_result result;
    const char *code, *says;
};

static const struct row rows[] = {
    {0,
     {"203.0.113.10"},
     0,
     {"2001:db8::10"},
     PASS,
     "ok",
     HOST " resolves to this appliance (203.0.113.10, 2001:db8::10)."},
    {0, {"203.0.113.10"}, NODATA, {0}, PASS, "ok", "(203.0.113.10)."},
    {NODATA, {0}, 0, {"2001:db8::10"}, PASS, "ok", "(2001:db8::10)."},
    {NXDOMAIN, {0}, NXDOMAIN, {0}, FAIL, "nxdomain", HOST " does not exist in DNS."},
    {NODATA, {0}, NODATA, {0}, FAIL, "no_address", "neither an A nor an AAAA record"},
    {NXDOMAIN, {0}, NODATA, {0}, FAIL, "nxdomain", "does not exist"},
    {0,
     {"198.51.100.1"},
     NODATA,
     {0},
     FAIL,
     "a_elsewhere",
     "has the address 198.51.100.1, which is not this appliance (203.0.113.10)"},
    {0, {"203.0.113.10", "198.51.100.1"}, NODATA, {0}, FAIL, "a_elsewhere", "198.51.100.1"},
    {0, {"198.51.100.7", "198.51.100.1"}, NODATA, {0}, FAIL, "a_elsewhere", "198.51.100.1"},
    {0, {"198.51.100.1", "198.51.100.7"}, NODATA, {0}, FAIL, "a_elsewhere", "198.51.100.1"},
    {0,
     {"203.0.113.10"},
     0,
     {"2001:db8::bad"},
     FAIL,
     "aaaa_stray",
     "has a stray AAAA record, 2001:db8::bad, which is not this appliance (2001:db8::10)"},
    {NODATA, {0}, 0, {"2001:db8::bad"}, FAIL, "aaaa_stray", "the CA and senders try IPv6 first"},
    {0, {"198.51.100.1"}, 0, {"2001:db8::bad"}, FAIL, "a_elsewhere", "198.51.100.1"},
    {SP_E_DNS_SERVFAIL, {0}, 0, {"2001:db8::bad"}, FAIL, "aaaa_stray", "2001:db8::bad"},
    {0, {"198.51.100.1"}, SP_E_DNS_TIMEOUT, {0}, FAIL, "a_elsewhere", "198.51.100.1"},
    {0,
     {"203.0.113.10"},
     SP_E_DNS_SERVFAIL,
     {0},
     UNKNOWN,
     "servfail",
     "DNS could not be asked for " HOST},
    {SP_E_DNS_SERVFAIL, {0}, SP_E_DNS_SERVFAIL, {0}, UNKNOWN, "servfail", "could not be asked"},
    {SP_E_DNS_TIMEOUT, {0}, SP_E_DNS_TIMEOUT, {0}, UNKNOWN, "dns_timeout", "could not be asked"},
    {SP_E_DNS_REFUSED, {0}, SP_E_DNS_REFUSED, {0}, UNKNOWN, "dns_refused", "could not be asked"},
    {SP_E_DNS_FORMAT, {0}, NODATA, {0}, UNKNOWN, "dns_malformed", "could not be asked"},
    {SP_E_MEMORY, {0}, NODATA, {0}, UNKNOWN, "dns_memory", "could not be asked"},
    {NODATA, {0}, SP_E_DNS_SERVFAIL, {0}, UNKNOWN, "servfail", "could not be asked"},
};

static void answer(struct sp_dns_answer *to, int result, const char *const *addresses)
{
    fake_nothing(to, result);
    for (int i = 0; i < 3 && addresses[i] != NULL; i++) {
        fake_address(to, addresses[i]);
    }
}

static void each_answer_is_judged(void **state)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        fakes_begin(state);
        answer(&fake.a, rows[i].a_result, rows[i].a);
        answer(&fake.aaaa, rows[i].aaaa_result, rows[i].aaaa);
        run_checks(SP_CHECK_BIT(SP_CHECK_DNS));
        check_says(SP_CHECK_DNS, rows[i].result, rows[i].code, rows[i].says);
        assert_int_equal(fake.questions, 2);
        assert_int_equal(fake.fetches, 0);
    }
}

static void the_questions_and_answers_are_evidence(void **state)
{
    (void)state;
    fake_nothing(&fake.a, SP_OK);
    fake_alias(&fake.a, "sealpost.example.net");
    fake_address(&fake.a, "203.0.113.10");
    run_checks(SP_CHECK_BIT(SP_CHECK_DNS));
    assert_string_equal(fake.asked[0], HOST);
    assert_string_equal(evidence(SP_CHECK_DNS, "A"),
                        HOST ": CNAME sealpost.example.net (TTL 300), 203.0.113.10 (TTL 300)");
    assert_string_equal(evidence(SP_CHECK_DNS, "AAAA"), HOST ": 2001:db8::10 (TTL 300)");
    assert_string_equal(evidence(SP_CHECK_DNS, "server"), "203.0.113.53, 12 ms");
    assert_string_equal(evidence(SP_CHECK_DNS, "appliance"), "203.0.113.10, 2001:db8::10");
}

static void an_alias_that_leads_nowhere_is_named(void **state)
{
    (void)state;
    fake_nothing(&fake.a, NXDOMAIN);
    fake_alias(&fake.a, "gone.example.net");
    fake_nothing(&fake.aaaa, NXDOMAIN);
    run_checks(SP_CHECK_BIT(SP_CHECK_DNS));
    check_says(SP_CHECK_DNS, FAIL, "alias_broken",
               HOST " is an alias (CNAME) of gone.example.net, which does not exist in DNS.");
}

static void without_a_resolver_nothing_can_be_told(void **state)
{
    (void)state;
    fake.ask_error = SP_E_DNS_NO_SERVER;
    run_checks(SP_CHECK_BIT(SP_CHECK_DNS));
    check_says(SP_CHECK_DNS, UNKNOWN, "no_resolver", "no DNS resolver is configured");
}

static void without_an_own_address_nothing_can_be_told(void **state)
{
    (void)state;
    own_n = 0;
    run_checks(SP_CHECK_BIT(SP_CHECK_DNS));
    check_says(SP_CHECK_DNS, UNKNOWN, "own_address_unknown", "has no address itself");
    fake_nothing(&fake.a, NXDOMAIN);
    fake_nothing(&fake.aaaa, NXDOMAIN);
    run_checks(SP_CHECK_BIT(SP_CHECK_DNS));
    check_says(SP_CHECK_DNS, FAIL, "nxdomain", "does not exist");
}

/* --- addresses that are not known as ours --- */

static void one_foreign_address(int proof)
{
    fake.can_prove = true;
    fake.proof = proof;
    fake_nothing(&fake.a, SP_OK);
    fake_address(&fake.a, "198.51.100.1");
    fake_nothing(&fake.aaaa, NODATA);
    run_checks(SP_CHECK_BIT(SP_CHECK_DNS));
}

static void a_foreign_address_that_leads_here_is_ours(void **state)
{
    (void)state;
    fake.proof_waits = 7;
    one_foreign_address(1);
    check_says(SP_CHECK_DNS, PASS, "ok", "resolves to this appliance (198.51.100.1).");
    assert_string_equal(evidence(SP_CHECK_DNS, "proof"),
                        "198.51.100.1: the appliance reaches itself there");
    assert_int_equal(fake.proofs, 1);
    assert_true(fake.longest >= 700);
}

static void a_foreign_address_that_leads_elsewhere_is_wrong(void **state)
{
    (void)state;
    one_foreign_address(0);
    check_says(SP_CHECK_DNS, FAIL, "a_elsewhere", "198.51.100.1");
    one_foreign_address(SP_E_TIMEOUT); /* what the world sees is known: 203.0.113.10 */
    check_says(SP_CHECK_DNS, FAIL, "a_elsewhere", "198.51.100.1");
}

static void behind_nat_an_unreachable_address_cannot_be_told(void **state)
{
    (void)state;
    own[0] = fake_addr("10.0.0.5");
    own_n = 1;
    one_foreign_address(SP_E_TIMEOUT);
    check_says(SP_CHECK_DNS, UNKNOWN, "no_hairpin",
               "has the address 198.51.100.1, which could not be reached from inside");
    one_foreign_address(0); /* something else answers: that is certain */
    check_says(SP_CHECK_DNS, FAIL, "a_elsewhere", "");
    fake_address(&fake.aaaa, "2001:db8::bad");
    fake.proof = SP_E_TIMEOUT;
    run_checks(SP_CHECK_BIT(SP_CHECK_DNS));
    check_says(SP_CHECK_DNS, FAIL, "aaaa_stray", "2001:db8::bad"); /* no NAT there */
}

static void so_many_addresses_are_proved_and_no_more(void **state)
{
    char text[SP_ADDR_SIZE] = "198.51.100.1";
    (void)state;

    fake.can_prove = true;
    fake.proof = 1;
    for (unsigned i = 0; i < 5; i++) {
        text[strlen(text) - 1] = (char)('1' + i);
        fake_address(&fake.a, text);
    }
    run_checks(SP_CHECK_BIT(SP_CHECK_DNS));
    check_says(SP_CHECK_DNS, FAIL, "a_elsewhere", "198.51.100.5");
    assert_int_equal(fake.proofs, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_answer_is_judged, fakes_begin),
        cmocka_unit_test_setup(the_questions_and_answers_are_evidence, fakes_begin),
        cmocka_unit_test_setup(an_alias_that_leads_nowhere_is_named, fakes_begin),
        cmocka_unit_test_setup(without_a_resolver_nothing_can_be_told, fakes_begin),
        cmocka_unit_test_setup(without_an_own_address_nothing_can_be_told, fakes_begin),
        cmocka_unit_test_setup(a_foreign_address_that_leads_here_is_ours, fakes_begin),
        cmocka_unit_test_setup(a_foreign_address_that_leads_elsewhere_is_wrong, fakes_begin),
        cmocka_unit_test_setup(behind_nat_an_unreachable_address_cannot_be_told, fakes_begin),
        cmocka_unit_test_setup(so_many_addresses_are_proved_and_no_more, fakes_begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
