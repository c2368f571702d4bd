/* One fault at every place in turn: power cuts after each request and each flash operation, lost
 * requests and answers, memory that runs out, answers that are nonsense. An Enable always ends with
 * a certificate and one account, at the latest at the next try. */
#include "base/err.h"
#include "base/port.h"
#include "test_clock.h"
#include "world.h"

#include <stdio.h>
#include <string.h>

static int setup(void **state)
{
    (void)state;
    world_new();
    return 0;
}

/* Starts after a cut, and again while there are more; then the order has to succeed. */
static void come_through(void)
{
    volatile unsigned cuts = 0;

    if (setjmp(world.power) != 0) {
        cuts++;
        assert_true(cuts < 3);
        world_power_on();
    }
    if (world_enable(HOST) != SP_ACME_DONE) {
        fail_msg("%s", sp_acme_problem()->sentence);
    }
    world_check_result(HOST, 2);
    world_check_clean();
    assert_int_equal(model_ca_tally.accounts, 1);
    assert_true(model_ca_tally.orders <= 2);
    sp_acme_finish();
    assert_int_equal(sp_store_length(&world.store, SP_KIND_ORDER, "order"), SP_E_NOT_FOUND);
}

static void prepare(void)
{
    world_new();
    model_ca_faults.order_polls = 2;
    model_ca_faults.authz_polls = 1;
}

static unsigned requests_of_an_enable(void)
{
    prepare();
    come_through();
    return model_ca_tally.requests;
}

static void power_cut_at_every_request_is_survived(void **state)
{
    unsigned n = requests_of_an_enable();
    unsigned same_order = 0;

    (void)state;
    for (unsigned at = 1; at <= n; at++) {
        for (unsigned after = 0; after < 4; after++) {
            prepare();
            model_ca_faults.lazy = after > 1; /* the CA looks while the appliance is off */
            if (after % 2 != 0) {
                fake_http_faults.cut_after_at = at;
            } else {
                fake_http_faults.cut_before_at = at;
            }
            come_through();
            if (after < 2) {
                same_order += model_ca_tally.orders == 1;
            }
        }
    }
    print_message("%u power cuts at %u requests\n", n * 4, n);
    /* A cut while newOrder's answer is on its way costs an order, others only when the CA looks for
     * the challenge while the appliance is off. */
    assert_int_equal(same_order, n * 2 - 1);
}

static uint64_t flash_operations_of_an_enable(void)
{
    prepare();
    come_through();
    return world.nor.stats.ops;
}

static void power_cut_at_every_flash_operation_is_survived(void **state)
{
    static const enum sp_nor_fault cuts[] = {SP_NOR_CUT_BEFORE, SP_NOR_CUT_AFTER, SP_NOR_CUT_TORN,
                                             SP_NOR_CUT_UNSTABLE};
    uint64_t n = flash_operations_of_an_enable();

    (void)state;
    for (uint64_t at = 1; at <= n; at++) {
        for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
            prepare();
            sp_nor_fault(&world.nor, cuts[i], at, (uint32_t)at);
            come_through();
        }
    }
    print_message("%u power cuts at %u flash operations\n",
                  (unsigned)(n * (sizeof cuts / sizeof cuts[0])), (unsigned)n);
    assert_true(n > 5);
}

/* The part takes nothing any more from some operation on; then it is exchanged for a sound one. */
static void flash_that_fails_ends_in_a_sentence(void **state)
{
    uint64_t n = flash_operations_of_an_enable();
    unsigned failed = 0;

    (void)state;
    for (uint64_t at = 1; at <= n; at++) {
        prepare();
        world_boot();
        if (world.nor.stats.ops >= at) {
            continue;
        }
        assert_int_equal(sp_acme_fetch_terms(test_now), 0);
        world_run();
        sp_nor_fault(&world.nor, SP_NOR_FAIL_FROM, at, 1);
        if (sp_acme_agree(sp_acme_terms(), UTC) < 0) {
            assert_false(sp_acme_agreed());
        } else if (world_order(HOST) == SP_ACME_FAILED) {
            failed++;
            assert_int_not_equal(sp_acme_problem()->error, 0);
            assert_non_null(strstr(sp_acme_problem()->sentence, "flash"));
        }
        sp_acme_finish();
        world_power_on();
        come_through();
    }
    print_message("flash that fails from one of %u operations on failed %u orders\n", (unsigned)n,
                  failed);
    assert_true(failed > 0);
}

/* An attempt that gets no answer is repeated: nothing is to be seen of it but time. */
static void every_request_and_every_answer_may_be_lost(void **state)
{
    unsigned n = requests_of_an_enable();

    (void)state;
    for (unsigned at = 1; at <= n; at++) {
        for (unsigned i = 0; i < 6; i++) {
            prepare();
            if (i < 3) {
                fake_http_faults.lose_request_at = at;
            } else {
                fake_http_faults.lose_answer_at = at;
            }
            fake_http_faults.lose_n = i % 3 + 1;
            fake_http_faults.lose_error = i % 2 == 0 ? SP_E_CLOSED : 0;
            fake_http_faults.latency = 40;
            model_ca_faults.curt = i % 2 != 0;
            come_through();
        }
    }
}

/* As the HTTP client does when a kept connection closes before the answer. */
static void every_request_may_be_sent_twice(void **state)
{
    unsigned n = requests_of_an_enable();

    (void)state;
    for (unsigned at = 1; at <= n; at++) {
        prepare();
        fake_http_faults.twice_at = at;
        model_ca_faults.forgives_nonces = true;
        come_through();
        assert_int_equal(model_ca_tally.orders, at == 4 ? 2 : 1);
    }
}

static void lost_answers_and_refused_nonces_together_are_survived(void **state)
{
    unsigned n = requests_of_an_enable();

    (void)state;
    for (unsigned at = 1; at <= 2 * n; at++) {
        prepare();
        model_ca_faults.nonce_percent = 50;
        fake_http_faults.lose_answer_at = at;
        come_through();
    }
}

static void lasting_loss_fails_with_what_to_do_and_is_gone_on_with(void **state)
{
    unsigned n = requests_of_an_enable();

    (void)state;
    for (unsigned at = 2; at <= n; at++) {
        sp_time begun;

        prepare();
        world_boot();
        world_agree();
        begun = test_now;
        fake_http_faults.lose_request_at = at;
        fake_http_faults.lose_n = 1000000;
        fake_http_faults.lose_error = SP_E_UNREACHABLE;
        assert_int_equal(world_order(HOST), SP_ACME_FAILED);
        assert_int_equal(sp_acme_problem()->error, SP_E_UNREACHABLE);
        assert_non_null(strstr(sp_acme_problem()->sentence, "port 443"));
        assert_non_null(strstr(sp_acme_problem()->sentence, "ca.test"));
        assert_true(test_now - begun < 60000);
        sp_acme_finish();
        fake_http_start();
        assert_int_equal(world_order(HOST), SP_ACME_DONE);
        assert_int_equal(model_ca_tally.orders, 1);
        assert_int_equal(model_ca_tally.accounts, 1);
        world_check_clean();
    }
}

static void errors_that_would_come_again_are_not_repeated(void **state)
{
    static const struct {
        int error;
        const char *part;
    } cases[] = {
        {SP_E_CERT_UNTRUSTED, "trust add"}, {SP_E_CERT_EXPIRED, "time"},
        {SP_E_CERT_FUTURE, "time"},         {SP_E_CERT_NAME, "another name"},
        {SP_E_CERT_BAD, "broken"},          {SP_E_CLOCK, "time server"},
        {SP_E_TOO_BIG, "more than"},        {SP_E_DNS_NO_SERVER, "DNS servers"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        world_new();
        world_boot();
        world_agree();
        fake_http_faults.lose_request_at = 2;
        fake_http_faults.lose_n = 1000000;
        fake_http_faults.lose_error = cases[i].error;
        assert_int_equal(world_order(HOST), SP_ACME_FAILED);
        assert_int_equal(sp_acme_problem()->error, cases[i].error);
        assert_non_null(strstr(sp_acme_problem()->sentence, cases[i].part));
        assert_int_equal(model_ca_tally.requests, 2);
    }
}

static void memory_that_runs_out_ends_in_a_sentence(void **state)
{
    unsigned failed = 0;
    unsigned at;

    (void)state;
    for (at = 1; at < 2000; at++) {
        bool ended;

        prepare();
        world_boot();
        world_agree();
        sp_port_fail_at(SP_POOL_JSON, at);
        ended = world_order(HOST) == SP_ACME_DONE;
        sp_port_fail_at(SP_POOL_JSON, 0);
        assert_int_equal(sp_port_use(SP_POOL_JSON).used, 0);
        if (!ended) {
            failed++;
            if (strstr(sp_acme_problem()->sentence, "memory") == NULL) {
                fail_msg("allocation %u: %s", at, sp_acme_problem()->sentence);
            }
            assert_int_equal(sp_acme_problem()->error, SP_E_MEMORY);
            sp_acme_finish();
            assert_int_equal(world_order(HOST), SP_ACME_DONE);
        } else if (failed == at - 1) {
            break; /* past the last one */
        }
        assert_int_equal(model_ca_tally.accounts, 1);
        assert_int_equal(model_ca_tally.orders, 1);
        world_check_clean();
        if (ended && at > 400) {
            break;
        }
    }
    print_message("%u of %u failing allocations failed the order\n", failed, at);
    assert_true(failed > 100);
}

/* What a CA, or something that stands in for one, may say to any request. */
static const char *const nonsense[] = {
    "",
    "{",
    "[]",
    "null",
    "\"x\"",
    "{}",
    "<html><body>Welcome</body></html>",
    "{\"status\":1,\"identifiers\":1,\"authorizations\":1,\"finalize\":1,\"challenges\":1}",
    "{\"status\":\"valid\"}",
    "{\"status\":\"ready\",\"identifiers\":[{\"type\":\"dns\",\"value\":\"" HOST
    "\"}],\"authorizations\":[],\"finalize\":\"https://ca.test/f\"}",
    "{\"status\":\"pending\",\"identifiers\":[{\"type\":\"dns\",\"value\":\"" HOST
    "\"}],\"authorizations\":[null],\"finalize\":\"https://ca.test/f\"}",
    "{\"status\":\"valid\",\"identifiers\":[{\"type\":\"dns\",\"value\":\"" HOST
    "\"}],\"authorizations\":[\"https://ca.test/a\"],\"finalize\":\"https://ca.test/"
    "f\",\"certificate\":\"file:///etc/passwd\"}",
    "{\"status\":\"pending\",\"identifiers\":[{\"type\":\"dns\",\"value\":\"evil.test\"}],"
    "\"authorizations\":[\"https://ca.test/a\"],\"finalize\":\"https://ca.test/f\"}",
    "{\"status\":\"pending\",\"identifier\":{\"type\":\"dns\",\"value\":\"" HOST
    "\"},\"challenges\":[{\"type\":\"http-01\",\"url\":\"https://ca.test/"
    "c\",\"status\":\"pending\",\"token\":\"../../../x\"}]}",
    "{\"status\":\"pending\",\"identifier\":{\"type\":\"dns\",\"value\":\"" HOST
    "\"},\"challenges\":[{\"type\":\"http-01\",\"url\":\"http://ca.test/"
    "c\",\"status\":\"pending\",\"token\":\"abc\"}]}",
    "{\"newNonce\":\"https://ca.test/n\",\"newAccount\":7,\"newOrder\":\"https://ca.test/o\"}",
    "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    "-----BEGIN CERTIFICATE-----\n",
    "{\"type\":7,\"detail\":[],\"subproblems\":{\"a\":1}}",
    "{\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
};

static void nonsense_to_any_request_ends_in_a_sentence(void **state)
{
    static const int statuses[] = {200, 400, 201, 204, 301, 404, 429, 100, 0, 999};
    unsigned n = requests_of_an_enable();
    unsigned tried = 0;

    (void)state;
    prepare();
    for (unsigned at = 1; at <= n; at++) {
        for (size_t i = 0; i < sizeof nonsense / sizeof nonsense[0]; i++) {
            for (size_t k = 0; k < sizeof statuses / sizeof statuses[0]; k++) {
                if (k > 1 && i % 7 != 0) { /* the rarer statuses with some of the bodies */
                    continue;
                }
                if (i % 5 == 0) { /* blank flash from time to time, a used one otherwise */
                    prepare();
                }
                world_boot();
                model_ca_faults.instead_at = 0;
                world_agree();
                model_ca_tally.requests = at == 1 ? 0 : 1;
                if (at == 1) {
                    world_boot();
                }
                model_ca_faults.instead_at = at;
                model_ca_faults.status = statuses[k];
                model_ca_faults.body = nonsense[i];
                if (world_order(HOST) == SP_ACME_FAILED) {
                    assert_true(strlen(sp_acme_problem()->sentence) > 20);
                    assert_true(sp_acme_problem()->error < 0);
                }
                assert_int_equal(sp_port_use(SP_POOL_JSON).used, 0);
                sp_acme_finish();
                tried++;
                if (tried % 300 == 0) {
                    prepare();
                }
            }
        }
    }
    print_message("%u answers of nonsense\n", tried);
}

#define TEST(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(power_cut_at_every_request_is_survived),
        TEST(power_cut_at_every_flash_operation_is_survived),
        TEST(flash_that_fails_ends_in_a_sentence),
        TEST(every_request_and_every_answer_may_be_lost),
        TEST(every_request_may_be_sent_twice),
        TEST(lost_answers_and_refused_nonces_together_are_survived),
        TEST(lasting_loss_fails_with_what_to_do_and_is_gone_on_with),
        TEST(errors_that_would_come_again_are_not_repeated),
        TEST(memory_that_runs_out_ends_in_a_sentence),
        TEST(nonsense_to_any_request_ends_in_a_sentence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
