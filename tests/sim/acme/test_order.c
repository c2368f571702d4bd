/* Orders from end to end against the model CA, and what is stored of them. */
#include "base/err.h"
#include "base/port.h"
#include "test_clock.h"
#include "world.h"

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
    assert_true(world_has_order());
    sp_acme_finish();
    assert_int_equal(sp_acme_phase(), SP_ACME_IDLE);
    assert_string_equal(sp_acme_host(), "");
    assert_false(world_has_order());
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

/* Each start looks at an account that was kept: CAA records are judged by it without the CA. */
static void what_the_ca_goes_by_is_kept_with_the_account(void **state)
{
    (void)state;
    world_boot();
    assert_string_equal(sp_acme_ca_identities(), "");
    world_agree();
    assert_string_equal(sp_acme_ca_identities(), "ca.test");
    world_boot();
    assert_string_equal(sp_acme_ca_identities(), "ca.test");
    model_ca_faults.renamed = true;
    assert_int_equal(world_order(HOST), SP_ACME_DONE);
    sp_acme_finish();
    assert_string_equal(sp_acme_ca_identities(), "new.ca.test");
    world_boot();
    assert_string_equal(sp_acme_ca_identities(), "new.ca.test");
    sp_acme_forget();
    assert_string_equal(sp_acme_ca_identities(), "");
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

/* The stored order -------------------------------------------------------------------------------
 */

static void order_for_another_host_drops_the_stored_one(void **state)
{
    unsigned before;

    (void)state;
    fake_http_faults.own_status[0] = 404;
    world_enable(HOST);
    sp_acme_finish();
    fake_http_start();
    assert_true(world_has_order());
    before = model_ca_tally.requests;
    assert_int_equal(world_order("mta-sts.other.test"), SP_ACME_DONE);
    world_check_result("mta-sts.other.test", 2);
    assert_int_equal(model_ca_tally.orders, 2);
    /* The directory, and an order that is issued at once: the other one is not asked about. */
    assert_int_equal(model_ca_tally.requests - before, 1 + REQUESTS_ORDER - 1);
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
    while (sp_acme_phase() != SP_ACME_CHALLENGE) {
        (void)sp_acme_step(test_now += 10);
    }
    sp_acme_cancel("other.test");
    assert_int_equal(sp_acme_phase(), SP_ACME_CHALLENGE);
    assert_true(world_has_order());
    sp_acme_cancel(HOST);
    assert_int_equal(sp_acme_phase(), SP_ACME_IDLE);
    assert_false(world_has_order());
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
    assert_false(world_has_order());
}

#define TEST(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(order_with_a_new_account_takes_ten_requests),
        TEST(order_with_an_account_takes_seven_requests),
        TEST(directory_is_fetched_again_after_a_day),
        TEST(nothing_is_ordered_before_terms_and_clock),
        TEST(what_the_ca_goes_by_is_kept_with_the_account),
        TEST(start_refuses_what_is_no_directory),
        TEST(half_of_all_nonces_may_be_refused),
        TEST(order_that_is_ready_late_is_finalized),
        TEST(busy_http_client_is_waited_for),
        TEST(order_for_another_host_drops_the_stored_one),
        TEST(accounts_and_orders_belong_to_their_directory),
        TEST(stored_order_is_forgotten_after_an_hour),
        TEST(stored_order_that_the_ca_forgot_begins_anew),
        TEST(stored_order_with_an_old_certificate_begins_anew),
        TEST(stored_order_that_is_done_gives_the_same_certificate),
        TEST(cancel_stops_and_forgets_the_order_of_that_host),
        TEST(forget_deletes_account_and_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
