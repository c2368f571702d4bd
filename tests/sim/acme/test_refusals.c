/* A CA that refuses, is out of order, or issues what is not right. */
#include "base/err.h"
#include "test_clock.h"
#include "world.h"

static int setup(void **state)
{
    (void)state;
    world_new();
    return 0;
}

static void nonces_refused_without_end_fail_the_order(void **state)
{
    (void)state;
    world_boot();
    world_agree();
    model_ca_faults.nonce_percent = 100;
    world_order(HOST);
    world_fails_with("badNonce", SP_ACME_ACCOUNT, "fresh nonces");
    assert_true(model_ca_tally.requests < 30);
}

static void ca_that_gives_no_nonce_is_named(void **state)
{
    (void)state;
    model_ca_faults.no_nonce = true;
    world_enable(HOST);
    world_fails_with("", SP_ACME_ACCOUNT, "gave no nonce");
}

/* Refusals --------------------------------------------------------------------------------------
 */

static void every_problem_type_has_its_sentence(void **state)
{
    static const struct {
        const char *type;
        int status;
        const char *part;
    } cases[] = {
        {"caa", 403, "CAA"},
        {"dns", 400, "DNS"},
        {"rateLimited", 429, "limit"},
        {"rejectedIdentifier", 400, "does not issue"},
        {"unsupportedIdentifier", 400, "does not issue"},
        {"serverInternal", 400, "fault of its own"},
        {"unauthorized", 403, "does not accept this account"},
        {"userActionRequired", 403, "wants something of you"},
        {"externalAccountRequired", 403, "external account binding"},
        {"malformed", 400, "make sense"},
        {"badSignatureAlgorithm", 400, "ES256"},
        {"badPublicKey", 400, "our key"},
        {"invalidContact", 400, "contact"},
        {"orderNotReady", 403, "not ready"},
        {"compound", 400, "several"},
        {"somethingNew", 400, "refused the request"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        world_new();
        model_ca_faults.instead_at = 4; /* newOrder */
        model_ca_faults.status = cases[i].status;
        model_ca_faults.type = cases[i].type;
        model_ca_faults.instead_retry_after = 3600;
        model_ca_faults.instance = "https://ca.test/why";
        world_enable(HOST);
        world_fails_with(cases[i].type, SP_ACME_NEW_ORDER, cases[i].part);
        world_sentence_has("the model says so");
        assert_int_equal(sp_acme_problem()->status, cases[i].status);
        assert_int_equal(sp_acme_problem()->retry_after, 3600);
        assert_string_equal(sp_acme_problem()->url, "https://ca.test/why");
        assert_int_equal(model_ca_tally.requests, 4);
        sp_acme_finish();
        model_ca_faults.instead_at = 0;
        assert_int_equal(world_order(HOST), SP_ACME_DONE);
    }
}

static void refusals_at_every_request_fail_the_order(void **state)
{
    (void)state;
    for (unsigned at = 1; at <= 10; at++) {
        world_new();
        world_boot();
        world_agree();
        model_ca_tally.requests = 0;
        model_ca_faults.order_polls = 1;
        model_ca_faults.instead_at = at;
        model_ca_faults.status = 403;
        model_ca_faults.type = "malformed";
        if (world_order(HOST) == SP_ACME_DONE) {
            assert_true(at > 9);
            continue;
        }
        world_fails_with("malformed", sp_acme_problem()->phase, "make sense");
        sp_acme_finish();
        assert_false(world_has_order());
        model_ca_faults.instead_at = 0;
        assert_int_equal(world_order(HOST), SP_ACME_DONE);
        assert_int_equal(model_ca_tally.accounts, 1);
    }
}

static void binding_that_the_directory_asks_for_is_named_without_a_request(void **state)
{
    (void)state;
    model_ca_faults.external_account = true;
    world_enable(HOST);
    world_fails_with("externalAccountRequired", SP_ACME_ACCOUNT, "external account binding");
    assert_int_equal(model_ca_tally.requests, 1);
}

static void binding_that_the_ca_asks_for_is_named(void **state)
{
    (void)state;
    model_ca_faults.eab_refused = true;
    world_enable(HOST);
    world_fails_with("externalAccountRequired", SP_ACME_ACCOUNT, "external account binding");
}

static void forgotten_account_is_made_anew_with_the_same_key(void **state)
{
    (void)state;
    assert_int_equal(world_enable(HOST), SP_ACME_DONE);
    sp_acme_finish();
    model_ca_forget_accounts();
    assert_int_equal(world_order(HOST), SP_ACME_DONE);
    assert_int_equal(model_ca_tally.accounts, 2);
    assert_string_equal(sp_acme_account_url(), MODEL_CA "/acct/2");
    sp_acme_finish();
    world_boot();
    assert_string_equal(sp_acme_account_url(), MODEL_CA "/acct/2");
    world_check_clean();
}

static void agreeing_again_keeps_the_account(void **state)
{
    (void)state;
    assert_int_equal(world_enable(HOST), SP_ACME_DONE);
    sp_acme_finish();
    assert_int_equal(sp_acme_agree(sp_acme_terms(), UTC + 1), 0);
    world_boot();
    assert_string_equal(sp_acme_account_url(), MODEL_CA "/acct/1");
    assert_int_equal(world_order(HOST), SP_ACME_DONE);
    assert_int_equal(model_ca_tally.accounts, 1);
}

static void closed_account_is_not_made_anew(void **state)
{
    (void)state;
    assert_int_equal(world_enable(HOST), SP_ACME_DONE);
    sp_acme_finish();
    model_ca_close_accounts();
    world_order(HOST);
    world_fails_with("unauthorized", SP_ACME_NEW_ORDER, "deactivated");
    world_sentence_has("forget");
    assert_int_equal(model_ca_tally.accounts, 1);
}

static void busy_ca_is_waited_for(void **state)
{
    (void)state;
    for (unsigned at = 1; at <= 10; at++) {
        sp_time begun;

        world_new();
        world_boot();
        world_agree();
        model_ca_tally.requests = 0;
        model_ca_faults.order_polls = 1;
        model_ca_faults.instead_at = at;
        model_ca_faults.instead_n = 3;
        model_ca_faults.status = 503;
        model_ca_faults.type = "rateLimited";
        model_ca_faults.instead_retry_after = 20;
        begun = test_now;
        assert_int_equal(world_order(HOST), SP_ACME_DONE);
        assert_true(at == 10 || test_now - begun >= 60000);
        world_check_clean();
    }
}

static void ca_that_stays_busy_or_asks_for_long_fails_the_order(void **state)
{
    (void)state;
    model_ca_faults.instead_at = 4;
    model_ca_faults.instead_n = 1000;
    model_ca_faults.status = 503;
    world_enable(HOST);
    world_fails_with("", SP_ACME_NEW_ORDER, "overloaded");
    assert_int_equal(sp_acme_problem()->status, 503);
    sp_acme_finish();
    model_ca_faults.instead_retry_after = 7200;
    world_order(HOST);
    world_fails_with("", SP_ACME_DIRECTORY, "overloaded");
    assert_int_equal(sp_acme_problem()->retry_after, 7200);
}

static void faults_of_the_server_are_tried_again(void **state)
{
    (void)state;
    for (unsigned at = 1; at <= 10; at++) {
        world_new();
        world_boot();
        world_agree();
        model_ca_tally.requests = 0;
        model_ca_faults.order_polls = 1;
        model_ca_faults.instead_at = at;
        model_ca_faults.instead_n = 2;
        model_ca_faults.status = 500;
        model_ca_faults.body = "<html>oops</html>";
        assert_int_equal(world_order(HOST), SP_ACME_DONE);
        world_check_clean();
    }
}

/* The certificate --------------------------------------------------------------------------------
 */

static void chains_up_to_the_bound_are_taken(void **state)
{
    (void)state;
    for (unsigned links = 1; links <= SP_CHAIN_LINKS; links++) {
        world_new();
        model_ca_faults.links = links;
        assert_int_equal(world_enable(HOST), SP_ACME_DONE);
        world_check_result(HOST, links);
    }
}

static void certificates_that_are_not_right_are_refused(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        static const char *const parts[] = {"not for " HOST, "another key", "in order",
                                            "more intermediates"};

        world_new();
        model_ca_faults.wrong_host = i == 0;
        model_ca_faults.wrong_key = i == 1;
        model_ca_faults.wrong_chain = i == 2;
        model_ca_faults.links = i == 3 ? SP_CHAIN_LINKS + 1 : 4;
        world_enable(HOST);
        world_fails_with("", SP_ACME_DOWNLOAD, parts[i]);
        sp_acme_finish();
        assert_false(world_has_order());
    }
}

static void failed_fetch_of_the_directory_has_its_sentence(void **state)
{
    (void)state;
    world_boot();
    fake_http_faults.lose_request_at = 1;
    fake_http_faults.lose_n = 100;
    fake_http_faults.lose_error = SP_E_CERT_UNTRUSTED;
    assert_int_equal(sp_acme_fetch_terms(test_now), 0);
    assert_int_equal(world_run(), SP_ACME_IDLE);
    assert_int_equal(sp_acme_directory_state(), SP_E_CERT_UNTRUSTED);
    world_sentence_has("trust add");
    world_sentence_has("ca.test");
    fake_http_start();
    assert_int_equal(sp_acme_fetch_terms(test_now), 0);
    assert_int_equal(world_run(), SP_ACME_IDLE);
    assert_int_equal(sp_acme_directory_state(), 0);
}

#define TEST(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nonces_refused_without_end_fail_the_order),
        TEST(ca_that_gives_no_nonce_is_named),
        TEST(every_problem_type_has_its_sentence),
        TEST(refusals_at_every_request_fail_the_order),
        TEST(binding_that_the_directory_asks_for_is_named_without_a_request),
        TEST(binding_that_the_ca_asks_for_is_named),
        TEST(forgotten_account_is_made_anew_with_the_same_key),
        TEST(agreeing_again_keeps_the_account),
        TEST(closed_account_is_not_made_anew),
        TEST(busy_ca_is_waited_for),
        TEST(ca_that_stays_busy_or_asks_for_long_fails_the_order),
        TEST(faults_of_the_server_are_tried_again),
        TEST(chains_up_to_the_bound_are_taken),
        TEST(certificates_that_are_not_right_are_refused),
        TEST(failed_fetch_of_the_directory_has_its_sentence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
