/* Orders from end to end against the model CA, and what goes wrong in them. */
#include "base/err.h"
#include "base/port.h"
#include "test_clock.h"
#include "world.h"

#include <stdio.h>
#include <string.h>

/* An order whose certificate is waited for with one look: order, authorization, challenge, look,
 * finalize, look, download. */
#define REQUESTS_ORDER 7
#define REQUESTS_NEW 10 /* directory, nonce and account come before */

static int setup(void **state)
{
    (void)state;
    world_new();
    return 0;
}

static void sentence_has(const char *part)
{
    const char *sentence = sp_acme_problem()->sentence;
    size_t n = strlen(sentence);

    if (strstr(sentence, part) == NULL)
        fail_msg("no \"%s\" in: %s", part, sentence);
    assert_true(n > 20 && n < sizeof sp_acme_problem()->sentence);
    assert_int_equal(sentence[n - 1], '.');
}

static void fails_with(const char *type, enum sp_acme_phase phase, const char *part)
{
    assert_int_equal(sp_acme_phase(), SP_ACME_FAILED);
    assert_string_equal(sp_acme_problem()->type, type);
    assert_int_equal(sp_acme_problem()->phase, phase);
    assert_true(sp_acme_problem()->error < 0);
    sentence_has(part);
    world_check_clean();
}

static bool record_is_there(void)
{
    return sp_store_length(&world.store, SP_KIND_ORDER, "order") > 0;
}

static void order_with_a_new_account_takes_ten_requests(void **state)
{
    (void)state;
    model_ca_faults.order_polls = 1;
    assert_int_equal(world_enable(HOST), SP_ACME_DONE);
    world_check_result(HOST, 2);
    world_check_clean();
    assert_int_equal(model_ca_tally.accounts, 1);
    print_message("new account: %u requests\n", model_ca_tally.requests);
    assert_int_equal(model_ca_tally.requests, REQUESTS_NEW);
    assert_int_equal(fake_http_own, 2);
    assert_int_equal(sp_acme_stats().requests, model_ca_tally.requests);
    assert_int_equal(sp_acme_stats().orders, 1);
    assert_int_equal(sp_acme_stats().certificates, 1);
    assert_true(record_is_there());
    sp_acme_finish();
    assert_int_equal(sp_acme_phase(), SP_ACME_IDLE);
    assert_string_equal(sp_acme_host(), "");
    assert_false(record_is_there());
}

static void order_with_an_account_takes_seven_requests(void **state)
{
    unsigned before;

    (void)state;
    model_ca_faults.order_polls = 1;
    assert_int_equal(world_enable(HOST), SP_ACME_DONE);
    sp_acme_finish();
    before = model_ca_tally.requests;
    assert_int_equal(world_order("mta-sts.other.test"), SP_ACME_DONE);
    world_check_result("mta-sts.other.test", 2);
    print_message("with an account: %u requests\n", model_ca_tally.requests - before);
    /* The last answer of an order brings the nonce of the next one. */
    assert_int_equal(model_ca_tally.requests - before, REQUESTS_ORDER);
    sp_acme_finish();
    world_boot();
    before = model_ca_tally.requests;
    assert_int_equal(world_order(HOST), SP_ACME_DONE);
    print_message("first after a start: %u requests\n", model_ca_tally.requests - before);
    assert_int_equal(model_ca_tally.requests - before, REQUESTS_ORDER + 2);
    assert_int_equal(model_ca_tally.accounts, 1);
    world_check_clean();
}

static void directory_is_fetched_again_after_a_day(void **state)
{
    unsigned before;

    (void)state;
    assert_int_equal(world_enable(HOST), SP_ACME_DONE);
    sp_acme_finish();
    before = model_ca_tally.requests;
    assert_int_equal(world_order(HOST), SP_ACME_DONE);
    sp_acme_finish();
    before = model_ca_tally.requests - before;
    test_now += 86400001;
    model_ca_tally.requests = 0;
    assert_int_equal(world_order(HOST), SP_ACME_DONE);
    assert_int_equal(model_ca_tally.requests, before + 1);
}

static void nothing_is_ordered_before_terms_and_clock(void **state)
{
    (void)state;
    world_boot();
    assert_int_equal(sp_acme_directory_state(), SP_E_STATE);
    assert_string_equal(sp_acme_terms(), "");
    assert_int_equal(sp_acme_agree("", UTC), SP_E_STATE);
    assert_int_equal(sp_acme_order(HOST, test_now), SP_E_STATE);
    assert_int_equal(sp_acme_fetch_terms(test_now), 0);
    assert_int_equal(sp_acme_directory_state(), SP_E_AGAIN);
    assert_int_equal(sp_acme_fetch_terms(test_now), SP_E_AGAIN);
    assert_int_equal(world_run(), SP_ACME_IDLE);
    assert_string_equal(sp_acme_terms(), "data:text/plain,terms");
    assert_int_equal(sp_acme_agree("data:text/plain,others", UTC), SP_E_STATE);
    assert_false(sp_acme_agreed());
    assert_int_equal(sp_acme_agree(sp_acme_terms(), UTC), 0);
    assert_true(sp_acme_agreed());
    assert_int_equal(sp_acme_order("nonsense", test_now), SP_E_INVALID);
    sp_port_set_utc(0, 0);
    assert_int_equal(sp_acme_order(HOST, test_now), SP_E_CLOCK);
    sp_port_set_utc(UTC, 0);
    assert_int_equal(sp_acme_order("MTA-STS.Example.Test.", test_now), 0);
    assert_int_equal(sp_acme_order(HOST, test_now), SP_E_AGAIN);
    assert_string_equal(sp_acme_host(), HOST);
    assert_int_equal(world_run(), SP_ACME_DONE);
}

static void start_refuses_what_is_no_directory(void **state)
{
    char url[400];

    (void)state;
    world_boot();
    assert_int_equal(sp_acme_start(&world.store, "http://ca.test/dir"), SP_E_INVALID);
    assert_int_equal(sp_acme_start(&world.store, ""), SP_E_INVALID);
    assert_int_equal(sp_acme_start(&world.store, "https://"), SP_E_INVALID);
    assert_int_equal(sp_acme_start(&world.store, "https://ca.test/a b"), SP_E_INVALID);
    memset(url, 'a', sizeof url);
    memcpy(url, "https://", 8);
    url[254] = '\0';
    assert_int_equal(sp_acme_start(&world.store, url), SP_E_INVALID);
    url[253] = '\0';
    assert_int_equal(sp_acme_start(&world.store, url), 0);
    assert_string_equal(sp_acme_directory(), url);
}

static void half_of_all_nonces_may_be_refused(void **state)
{
    (void)state;
    model_ca_faults.nonce_percent = 50;
    model_ca_faults.order_polls = 1;
    world_boot();
    world_agree();
    for (unsigned i = 0; i < 60; i++) {
        assert_int_equal(world_order(HOST), SP_ACME_DONE);
        sp_acme_finish();
    }
    assert_true(sp_acme_stats().bad_nonces > 100);
    world_check_clean();
}

static void nonces_refused_without_end_fail_the_order(void **state)
{
    (void)state;
    world_boot();
    world_agree();
    model_ca_faults.nonce_percent = 100;
    world_order(HOST);
    fails_with("badNonce", SP_ACME_ACCOUNT, "fresh nonces");
    assert_true(model_ca_tally.requests < 30);
}

static void ca_that_gives_no_nonce_is_named(void **state)
{
    (void)state;
    model_ca_faults.no_nonce = true;
    world_enable(HOST);
    fails_with("", SP_ACME_ACCOUNT, "gave no nonce");
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
        fails_with(cases[i].type, SP_ACME_NEW_ORDER, cases[i].part);
        sentence_has("the model says so");
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
        fails_with("malformed", sp_acme_problem()->phase, "make sense");
        sp_acme_finish();
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
    fails_with("externalAccountRequired", SP_ACME_ACCOUNT, "external account binding");
    assert_int_equal(model_ca_tally.requests, 1);
}

static void binding_that_the_ca_asks_for_is_named(void **state)
{
    (void)state;
    model_ca_faults.eab_refused = true;
    world_enable(HOST);
    fails_with("externalAccountRequired", SP_ACME_ACCOUNT, "external account binding");
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

static void closed_account_is_not_made_anew(void **state)
{
    (void)state;
    assert_int_equal(world_enable(HOST), SP_ACME_DONE);
    sp_acme_finish();
    model_ca_close_accounts();
    world_order(HOST);
    fails_with("unauthorized", SP_ACME_NEW_ORDER, "deactivated");
    sentence_has("forget");
    assert_int_equal(model_ca_tally.accounts, 1);
}

/* Waiting ----------------------------------------------------------------------------------------
 */

static void waiting_honours_retry_after(void **state)
{
    sp_time begun;

    (void)state;
    model_ca_faults.authz_polls = 2;
    model_ca_faults.order_polls = 2;
    model_ca_faults.retry_after = 17;
    world_boot();
    world_agree();
    begun = test_now;
    assert_int_equal(world_order(HOST), SP_ACME_DONE);
    /* before the first look, after each pending one; the same for the order */
    assert_int_equal((test_now - begun) / 1000, 17 * 5);
    world_check_clean();
}

static void waiting_starts_at_a_second_and_grows_to_five(void **state)
{
    sp_time begun;

    (void)state;
    model_ca_faults.authz_polls = 6;
    world_boot();
    world_agree();
    begun = test_now;
    assert_int_equal(world_order(HOST), SP_ACME_DONE);
    assert_int_equal((test_now - begun) / 1000, 1 + 2 + 3 + 4 + 5 + 5 + 5);
}

static void ca_that_never_ends_fails_after_three_minutes_and_is_gone_on_with(void **state)
{
    sp_time begun;

    (void)state;
    model_ca_faults.authz_polls = 100000;
    world_boot();
    world_agree();
    begun = test_now;
    world_order(HOST);
    fails_with("", SP_ACME_CHALLENGE, "has not come to an end");
    assert_int_equal(sp_acme_problem()->error, SP_E_TIMEOUT);
    assert_in_range(test_now - begun, 170000, 181000);
    sp_acme_finish();
    model_ca_faults.authz_polls = 0;
    assert_int_equal(world_order(HOST), SP_ACME_DONE);
    assert_int_equal(model_ca_tally.orders, 1);
    assert_int_equal(model_ca_tally.challenges, 1);
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
    fails_with("", SP_ACME_NEW_ORDER, "overloaded");
    assert_int_equal(sp_acme_problem()->status, 503);
    sp_acme_finish();
    model_ca_faults.instead_retry_after = 7200;
    world_order(HOST);
    fails_with("", SP_ACME_DIRECTORY, "overloaded");
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

static void order_that_is_ready_late_is_finalized(void **state)
{
    (void)state;
    model_ca_faults.late_ready = true;
    assert_int_equal(world_enable(HOST), SP_ACME_DONE);
    world_check_result(HOST, 2);
    world_check_clean();
}

static void busy_http_client_is_waited_for(void **state)
{
    (void)state;
    fake_http_faults.busy = 30;
    fake_http_faults.latency = 250;
    assert_int_equal(world_enable(HOST), SP_ACME_DONE);
    world_check_clean();
    assert_int_equal(model_ca_tally.requests, 9);
}

/* Validation -------------------------------------------------------------------------------------
 */

static void remembered_authorization_skips_the_challenge(void **state)
{
    (void)state;
    model_ca_faults.authz_valid = true;
    assert_int_equal(world_enable(HOST), SP_ACME_DONE);
    assert_int_equal(model_ca_tally.challenges, 0);
    assert_int_equal(fake_http_own, 0);
    world_check_clean();
}

static void failed_validation_says_why(void **state)
{
    static const struct {
        const char *type, *part;
    } cases[] = {
        {"connection", "could not connect to " HOST},
        {"unauthorized", "wrong answer"},
        {"dns", "look up " HOST},
        {"caa", "CAA"},
        {"tls", "TLS"},
        {"serverInternal", "fault of its own"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        world_new();
        model_ca_faults.invalid_type = cases[i].type;
        world_enable(HOST);
        fails_with(cases[i].type, SP_ACME_CHALLENGE, cases[i].part);
        sentence_has("the model says so");
        sp_acme_finish();
        assert_false(record_is_there());
        model_ca_faults.invalid_type = NULL;
        assert_int_equal(world_order(HOST), SP_ACME_DONE);
        assert_int_equal(model_ca_tally.orders, 2);
    }
}

static void ca_without_http01_is_named(void **state)
{
    (void)state;
    model_ca_faults.no_http01 = true;
    world_enable(HOST);
    fails_with("", SP_ACME_AUTHORIZATION, "http-01");
}

static void self_test_stops_a_mistake_before_the_ca_is_told(void **state)
{
    static const struct {
        unsigned index;
        int status, error;
        const char *body, *part;
    } cases[] = {
        {0, 404, 0, NULL, "status 404"},         {1, 404, 0, NULL, "status 404"},
        {0, 301, 0, NULL, "status 301"},         {1, 200, 0, "hello", "something else"},
        {1, 200, 0, "", "something else"},       {0, 0, SP_E_HTTP, NULL, "no HTTP"},
        {1, 0, SP_E_TOO_BIG, NULL, "something"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        world_new();
        fake_http_faults.own_status[cases[i].index] = cases[i].status;
        fake_http_faults.own_body[cases[i].index] = cases[i].body;
        fake_http_faults.own_error[cases[i].index] = cases[i].error;
        world_enable(HOST);
        fails_with("", SP_ACME_SELF_TEST, cases[i].part);
        sentence_has(cases[i].index == 0 ? "IPv6" : "IPv4");
        assert_int_equal(model_ca_tally.challenges, 0);
        /* The order is still good, and is gone on with when the mistake is mended. */
        sp_acme_finish();
        assert_true(record_is_there());
        fake_http_start();
        assert_int_equal(world_order(HOST), SP_ACME_DONE);
        assert_int_equal(model_ca_tally.orders, 1);
        world_check_clean();
    }
}

static void self_test_that_cannot_tell_leaves_it_to_the_ca(void **state)
{
    static const int errors[] = {SP_E_TIMEOUT, SP_E_REFUSED, SP_E_UNREACHABLE, SP_E_CLOSED,
                                 SP_E_DNS_SERVFAIL};

    (void)state;
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        world_new();
        fake_http_faults.own_error[0] = errors[i];
        fake_http_faults.own_error[1] = i % 2 == 0 ? errors[i] : SP_E_DNS_NODATA;
        assert_int_equal(world_enable(HOST), SP_ACME_DONE);
        assert_int_equal(fake_http_own, 2);
    }
}

static void host_without_any_address_is_not_ordered_for(void **state)
{
    (void)state;
    fake_http_faults.own_error[0] = SP_E_DNS_NODATA;
    fake_http_faults.own_error[1] = SP_E_DNS_NXDOMAIN;
    world_enable(HOST);
    fails_with("", SP_ACME_SELF_TEST, "no address in DNS");
    assert_int_equal(model_ca_tally.challenges, 0);
}

static void challenge_is_answered_for_the_order_under_way_alone(void **state)
{
    char text[128];
    struct sp_buf out;

    (void)state;
    sp_buf_init(&out, text, sizeof text);
    model_ca_faults.authz_polls = 3;
    world_boot();
    world_agree();
    assert_int_equal(sp_acme_order(HOST, test_now), 0);
    assert_int_equal(sp_acme_challenge(HOST, sp_span_str(""), &out), SP_E_NOT_FOUND);
    while (sp_acme_phase() != SP_ACME_CHALLENGE)
        (void)sp_acme_step(test_now += 10);
    assert_int_equal(sp_acme_challenge(HOST, sp_span_str(""), &out), SP_E_NOT_FOUND);
    assert_int_equal(sp_acme_challenge(HOST, sp_span_str("token-2_of-the-model-CA"), &out),
                     SP_E_NOT_FOUND);
    assert_int_equal(sp_acme_challenge("other.test", sp_span_str("token-1_of-the-model-CA"), &out),
                     SP_E_NOT_FOUND);
    assert_int_equal(
        sp_acme_challenge("MTA-STS.example.test", sp_span_str("token-1_of-the-model-CA"), &out), 0);
    assert_int_equal(out.len, 23 + 1 + 43);
    sp_buf_init(&out, text, 60);
    assert_int_equal(sp_acme_challenge(HOST, sp_span_str("token-1_of-the-model-CA"), &out),
                     SP_E_SPACE);
    assert_int_equal(world_run(), SP_ACME_DONE);
    sp_acme_finish();
    sp_buf_init(&out, text, sizeof text);
    assert_int_equal(sp_acme_challenge(HOST, sp_span_str("token-1_of-the-model-CA"), &out),
                     SP_E_NOT_FOUND);
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
        fails_with("", SP_ACME_DOWNLOAD, parts[i]);
        sp_acme_finish();
        assert_false(record_is_there());
    }
}

/* The stored order -------------------------------------------------------------------------------
 */

static void order_for_another_host_drops_the_stored_one(void **state)
{
    (void)state;
    fake_http_faults.own_status[0] = 404;
    world_enable(HOST);
    sp_acme_finish();
    fake_http_start();
    assert_true(record_is_there());
    assert_int_equal(world_order("mta-sts.other.test"), SP_ACME_DONE);
    world_check_result("mta-sts.other.test", 2);
    assert_int_equal(model_ca_tally.orders, 2);
}

static void accounts_and_orders_belong_to_their_directory(void **state)
{
    (void)state;
    fake_http_faults.own_status[0] = 404;
    world_enable(HOST);
    sp_acme_finish();
    fake_http_start();
    assert_int_equal(sp_acme_start(&world.store, MODEL_DIRECTORY "2"), 0);
    assert_false(sp_acme_agreed());
    assert_string_equal(sp_acme_account_url(), "");
    world_agree();
    assert_int_equal(world_order(HOST), SP_ACME_DONE);
    assert_int_equal(model_ca_tally.orders, 2);
    assert_int_equal(model_ca_tally.accounts, 2);
    sp_acme_finish();
    assert_int_equal(sp_acme_start(&world.store, MODEL_DIRECTORY), 0);
    assert_true(sp_acme_agreed());
    assert_string_equal(sp_acme_account_url(), MODEL_CA "/acct/1");
    assert_int_equal(world_order(HOST), SP_ACME_DONE);
    world_check_clean();
}

static void stored_order_is_forgotten_after_an_hour(void **state)
{
    (void)state;
    fake_http_faults.own_status[0] = 404;
    world_enable(HOST);
    sp_acme_finish();
    fake_http_start();
    test_now += 3600 * 1000;
    assert_int_equal(world_order(HOST), SP_ACME_DONE);
    assert_int_equal(model_ca_tally.orders, 2);
}

static void stored_order_that_the_ca_forgot_begins_anew(void **state)
{
    (void)state;
    fake_http_faults.own_status[0] = 404;
    world_enable(HOST);
    sp_acme_finish();
    fake_http_start();
    model_ca_forget_orders();
    assert_int_equal(world_order(HOST), SP_ACME_DONE);
    assert_int_equal(model_ca_tally.orders, 2);
    world_check_clean();
}

static void stored_order_with_an_old_certificate_begins_anew(void **state)
{
    (void)state;
    model_ca_faults.not_before = UTC - 86400 * 46;
    assert_int_equal(world_enable(HOST), SP_ACME_DONE);
    world_boot(); /* power went before the order was finished */
    assert_int_equal(world_order(HOST), SP_ACME_DONE);
    assert_int_equal(model_ca_tally.orders, 2);
}

static void stored_order_that_is_done_gives_the_same_certificate(void **state)
{
    struct sp_acme_result result;
    uint8_t leaf[1024];
    size_t n;

    (void)state;
    assert_int_equal(world_enable(HOST), SP_ACME_DONE);
    assert_int_equal(sp_acme_take(&result), 0);
    n = result.key.n;
    memcpy(leaf, result.key.p, n);
    world_boot();
    assert_int_equal(sp_acme_take(&result), SP_E_STATE);
    assert_int_equal(world_order(HOST), SP_ACME_DONE);
    world_check_result(HOST, 2);
    assert_int_equal(sp_acme_take(&result), 0);
    assert_int_equal(result.key.n, n);
    assert_memory_equal(result.key.p, leaf, n);
    assert_int_equal(model_ca_tally.orders, 1);
}

static void cancel_stops_and_forgets_the_order_of_that_host(void **state)
{
    (void)state;
    world_boot();
    world_agree();
    assert_int_equal(sp_acme_order(HOST, test_now), 0);
    while (sp_acme_phase() != SP_ACME_CHALLENGE)
        (void)sp_acme_step(test_now += 10);
    sp_acme_cancel("other.test");
    assert_int_equal(sp_acme_phase(), SP_ACME_CHALLENGE);
    assert_true(record_is_there());
    sp_acme_cancel(HOST);
    assert_int_equal(sp_acme_phase(), SP_ACME_IDLE);
    assert_false(record_is_there());
    assert_int_equal(sp_acme_step(test_now), SP_NEVER);
    sp_acme_cancel(HOST);
    assert_int_equal(world_order(HOST), SP_ACME_DONE);
    world_check_clean();
}

static void forget_deletes_account_and_order(void **state)
{
    (void)state;
    assert_int_equal(world_enable(HOST), SP_ACME_DONE);
    sp_acme_forget();
    assert_int_equal(sp_acme_phase(), SP_ACME_IDLE);
    assert_false(sp_acme_agreed());
    assert_string_equal(sp_acme_account_url(), "");
    assert_int_equal(sp_acme_order(HOST, test_now), SP_E_STATE);
    world_boot();
    assert_false(sp_acme_agreed());
    assert_false(record_is_there());
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
    sentence_has("trust add");
    sentence_has("ca.test");
    fake_http_start();
    assert_int_equal(sp_acme_fetch_terms(test_now), 0);
    assert_int_equal(world_run(), SP_ACME_IDLE);
    assert_int_equal(sp_acme_directory_state(), 0);
}

#define TEST(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(order_with_a_new_account_takes_ten_requests),
        TEST(order_with_an_account_takes_seven_requests),
        TEST(directory_is_fetched_again_after_a_day),
        TEST(nothing_is_ordered_before_terms_and_clock),
        TEST(start_refuses_what_is_no_directory),
        TEST(half_of_all_nonces_may_be_refused),
        TEST(nonces_refused_without_end_fail_the_order),
        TEST(ca_that_gives_no_nonce_is_named),
        TEST(every_problem_type_has_its_sentence),
        TEST(refusals_at_every_request_fail_the_order),
        TEST(binding_that_the_directory_asks_for_is_named_without_a_request),
        TEST(binding_that_the_ca_asks_for_is_named),
        TEST(forgotten_account_is_made_anew_with_the_same_key),
        TEST(closed_account_is_not_made_anew),
        TEST(waiting_honours_retry_after),
        TEST(waiting_starts_at_a_second_and_grows_to_five),
        TEST(ca_that_never_ends_fails_after_three_minutes_and_is_gone_on_with),
        TEST(busy_ca_is_waited_for),
        TEST(ca_that_stays_busy_or_asks_for_long_fails_the_order),
        TEST(faults_of_the_server_are_tried_again),
        TEST(order_that_is_ready_late_is_finalized),
        TEST(busy_http_client_is_waited_for),
        TEST(remembered_authorization_skips_the_challenge),
        TEST(failed_validation_says_why),
        TEST(ca_without_http01_is_named),
        TEST(self_test_stops_a_mistake_before_the_ca_is_told),
        TEST(self_test_that_cannot_tell_leaves_it_to_the_ca),
        TEST(host_without_any_address_is_not_ordered_for),
        TEST(challenge_is_answered_for_the_order_under_way_alone),
        TEST(chains_up_to_the_bound_are_taken),
        TEST(certificates_that_are_not_right_are_refused),
        TEST(order_for_another_host_drops_the_stored_one),
        TEST(accounts_and_orders_belong_to_their_directory),
        TEST(stored_order_is_forgotten_after_an_hour),
        TEST(stored_order_that_the_ca_forgot_begins_anew),
        TEST(stored_order_with_an_old_certificate_begins_anew),
        TEST(stored_order_that_is_done_gives_the_same_certificate),
        TEST(cancel_stops_and_forgets_the_order_of_that_host),
        TEST(forget_deletes_account_and_order),
        TEST(failed_fetch_of_the_directory_has_its_sentence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
