#include "cm.h"

#include "base/err.h"
#include "net/dns_tsig.h"
#include "tsig_vectors.h"

#include <string.h>

#define SIGNATURE_AT 39   /* in the request */
#define SIGNATURE_REST 71 /* bytes of it behind its key's name */

static struct sp_tsig_key key;
static uint8_t mac[SP_SHA256_SIZE];

static int begin(void **state)
{
    (void)state;
    memset(&key, 0, sizeof key);
    (void)sp_span_copy(sp_span_str("sealpost.example.test"), key.name, sizeof key.name);
    for (size_t i = 0; i < 32; i++) {
        key.secret[i] = (uint8_t)i;
    }
    key.secret_n = 32;
    return 0;
}

static int verify(const uint8_t *message, size_t n, struct sp_tsig_verdict *out)
{
    return sp_tsig_verify(sp_span(message, n), &key, vector_mac, VECTOR_AT, out);
}

static void query_start(struct sp_dns_writer *w, uint8_t *array, size_t cap)
{
    sp_dns_write_start(w, array, cap, 0x1234, 0);
    sp_dns_write_question(w, "_mta-sts.example.test", 16);
}

static void request_is_signed_as_dnspython_signs_it(void **state)
{
    uint8_t array[512];
    struct sp_dns_writer w;

    (void)state;
    query_start(&w, array, sizeof array);
    assert_int_equal(sp_tsig_sign(&w, &key, VECTOR_AT, mac), 0);
    assert_memory_equal(mac, vector_mac, sizeof mac);
    /* Its key's name is compressed, ours is not; all the rest is the same. */
    assert_memory_equal(array, vector_request, SIGNATURE_AT);
    assert_memory_equal(array + w.n - SIGNATURE_REST,
                        vector_request + sizeof vector_request - SIGNATURE_REST, SIGNATURE_REST);
}

static void request_that_does_not_fit_is_not_signed(void **state)
{
    uint8_t array[512];
    struct sp_dns_writer w;

    (void)state;
    query_start(&w, array, 132);
    assert_int_equal(sp_tsig_sign(&w, &key, VECTOR_AT, mac), SP_E_SPACE);
    query_start(&w, array, sizeof array);
    key.secret_n = 0;
    assert_int_equal(sp_tsig_sign(&w, &key, VECTOR_AT, mac), SP_E_INVALID);
    query_start(&w, array, sizeof array);
    key.name[0] = '!';
    assert_int_equal(sp_tsig_sign(&w, &key, VECTOR_AT, mac), SP_E_SPACE);
}

static void answer_of_dnspython_verifies(void **state)
{
    struct sp_tsig_verdict verdict;

    (void)state;
    assert_int_equal(verify(vector_answer, sizeof vector_answer, &verdict), 0);
    assert_int_equal(verdict.error, 0);
    assert_true(verdict.time == VECTOR_AT);
    assert_true(verdict.n < sizeof vector_answer);
}

static void answer_with_any_byte_changed_is_refused(void **state)
{
    uint8_t message[sizeof vector_answer];
    struct sp_tsig_verdict verdict;

    (void)state;
    for (size_t i = 2; i < sizeof message; i++) { /* the id is not signed: the original one is */
        for (unsigned bit = 0; bit < 8; bit++) {
            memcpy(message, vector_answer, sizeof message);
            message[i] ^= (uint8_t)(1U << bit);
            /* The case of names does not count: they are signed in lower case. */
            if (verify(message, sizeof message, &verdict) == 0) {
                assert_int_equal(bit, 5);
                assert_true(i > verdict.n);
            }
        }
    }
}

static void answer_cut_short_is_refused_at_every_length(void **state)
{
    struct sp_tsig_verdict verdict;

    (void)state;
    for (size_t n = 0; n < sizeof vector_answer; n++) {
        assert_true(verify(vector_answer, n, &verdict) < 0);
    }
}

static void answer_to_another_request_is_refused(void **state)
{
    struct sp_tsig_verdict verdict;

    (void)state;
    assert_int_equal(verify(vector_other_mac, sizeof vector_other_mac, &verdict), SP_E_PROTOCOL);
}

static void answer_of_another_key_is_refused(void **state)
{
    struct sp_tsig_verdict verdict;

    (void)state;
    key.secret[31] ^= 1;
    assert_int_equal(verify(vector_answer, sizeof vector_answer, &verdict), SP_E_PROTOCOL);
    key.secret[31] ^= 1;
    key.name[0] = 't';
    assert_int_equal(verify(vector_answer, sizeof vector_answer, &verdict), SP_E_PROTOCOL);
}

static void answer_from_another_time_is_told_apart(void **state)
{
    struct sp_tsig_verdict verdict;
    static const struct {
        int64_t at;
        int expected;
    } rows[] = {
        {VECTOR_AT + 300, 0},          {VECTOR_AT - 300, 0}, {VECTOR_AT + 301, SP_E_CLOCK},
        {VECTOR_AT - 301, SP_E_CLOCK}, {0, SP_E_CLOCK},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(sp_tsig_verify(sp_span(vector_answer, sizeof vector_answer), &key,
                                        vector_mac, rows[i].at, &verdict),
                         rows[i].expected);
        assert_true(verdict.time == VECTOR_AT);
    }
}

static void errors_of_the_server_are_told_apart(void **state)
{
    struct sp_tsig_verdict verdict;

    (void)state;
    assert_int_equal(verify(vector_badsig, sizeof vector_badsig, &verdict), SP_E_REFUSED);
    assert_int_equal(verdict.error, SP_DNS_BADSIG);
    assert_int_equal(verify(vector_badkey, sizeof vector_badkey, &verdict), SP_E_REFUSED);
    assert_int_equal(verdict.error, SP_DNS_BADKEY);
    assert_int_equal(verify(vector_badtime, sizeof vector_badtime, &verdict), 0);
    assert_int_equal(verdict.error, SP_DNS_BADTIME);
    assert_true(verdict.time == VECTOR_AT + 7200);
}

static void answer_without_a_signature_is_told_apart(void **state)
{
    struct sp_tsig_verdict verdict;

    (void)state;
    assert_int_equal(verify(vector_unsigned, sizeof vector_unsigned, &verdict), SP_E_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(request_is_signed_as_dnspython_signs_it, begin),
        cmocka_unit_test_setup(request_that_does_not_fit_is_not_signed, begin),
        cmocka_unit_test_setup(answer_of_dnspython_verifies, begin),
        cmocka_unit_test_setup(answer_with_any_byte_changed_is_refused, begin),
        cmocka_unit_test_setup(answer_cut_short_is_refused_at_every_length, begin),
        cmocka_unit_test_setup(answer_to_another_request_is_refused, begin),
        cmocka_unit_test_setup(answer_of_another_key_is_refused, begin),
        cmocka_unit_test_setup(answer_from_another_time_is_told_apart, begin),
        cmocka_unit_test_setup(errors_of_the_server_are_told_apart, begin),
        cmocka_unit_test_setup(answer_without_a_signature_is_told_apart, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
