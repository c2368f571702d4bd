/* Proving that the host is ours: self-test, challenge, and the wait for the verdict. */
#include "base/err.h"
#include "test_clock.h"
#include "world.h"

static int setup(void **state)
{
    (void)state;
    world_new();
    return 0;
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
    world_fails_with("", SP_ACME_CHALLENGE, "has not come to an end");
    assert_int_equal(sp_acme_problem()->error, SP_E_TIMEOUT);
    assert_in_range(test_now - begun, 170000, 181000);
    sp_acme_finish();
    model_ca_faults.authz_polls = 0;
    assert_int_equal(world_order(HOST), SP_ACME_DONE);
    assert_int_equal(model_ca_tally.orders, 1);
    assert_int_equal(model_ca_tally.challenges, 1);
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
        world_fails_with(cases[i].type, SP_ACME_CHALLENGE, cases[i].part);
        world_sentence_has("the model says so");
        sp_acme_finish();
        assert_false(world_has_order());
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
    world_fails_with("", SP_ACME_AUTHORIZATION, "http-01");
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
        world_fails_with("", SP_ACME_SELF_TEST, cases[i].part);
        world_sentence_has(cases[i].index == 0 ? "IPv6" : "IPv4");
        assert_int_equal(model_ca_tally.challenges, 0);
        /* The order is still good, and is gone on with when the mistake is mended. */
        sp_acme_finish();
        assert_true(world_has_order());
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
    world_fails_with("", SP_ACME_SELF_TEST, "no address in DNS");
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
    while (sp_acme_phase() != SP_ACME_CHALLENGE) {
        (void)sp_acme_step(test_now += 10);
    }
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

#define TEST(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(waiting_honours_retry_after),
        TEST(waiting_starts_at_a_second_and_grows_to_five),
        TEST(ca_that_never_ends_fails_after_three_minutes_and_is_gone_on_with),
        TEST(remembered_authorization_skips_the_challenge),
        TEST(failed_validation_says_why),
        TEST(ca_without_http01_is_named),
        TEST(self_test_stops_a_mistake_before_the_ca_is_told),
        TEST(self_test_that_cannot_tell_leaves_it_to_the_ca),
        TEST(host_without_any_address_is_not_ordered_for),
        TEST(challenge_is_answered_for_the_order_under_way_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
