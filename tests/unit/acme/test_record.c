#include "cm.h"

#include "acme/record.h"
#include "base/err.h"
#include "base/limits.h"

#include <string.h>

static void account_comes_back_as_it_was(void **state)
{
    const struct sp_acme_account_record in = {.agreed = 1800000000,
                                              .key = sp_span("\x30\x77\x00", 3),
                                              .url = sp_span_str("https://ca.test/acct/1"),
                                              .terms = sp_span_str(""),
                                              .ca_identities = sp_span_str("ca.test")};
    struct sp_acme_account_record out;
    uint8_t bytes[SP_ACME_RECORD_MAX];
    int n = sp_acme_account_encode(&in, bytes, sizeof bytes);

    (void)state;
    assert_int_equal(n, 9 + 2 + 3 + 2 + 22 + 2 + 2 + 7);
    assert_int_equal(sp_acme_account_decode(sp_span(bytes, (size_t)n), &out), 0);
    assert_int_equal(out.agreed, 1800000000);
    assert_true(sp_span_equal(out.key, in.key));
    assert_true(sp_span_equal(out.url, in.url));
    assert_int_equal(out.terms.n, 0);
    assert_true(sp_span_equal(out.ca_identities, in.ca_identities));
    for (int cap = 0; cap < n; cap++) {
        assert_int_equal(sp_acme_account_encode(&in, bytes, (size_t)cap), SP_E_SPACE);
    }
}

static void order_comes_back_as_it_was(void **state)
{
    char url[383];
    const struct sp_acme_order_record in = {.begun = -1,
                                            .host = sp_span_str("mta-sts.example.test"),
                                            .directory = sp_span_str("https://ca.test/dir"),
                                            .url = sp_span(url, sizeof url),
                                            .key = sp_span("k", 1)};
    struct sp_acme_order_record out;
    uint8_t bytes[SP_ACME_RECORD_MAX];
    int n;

    (void)state;
    memset(url, 'u', sizeof url);
    n = sp_acme_order_encode(&in, bytes, sizeof bytes);
    assert_true(n > 0);
    assert_int_equal(sp_acme_order_decode(sp_span(bytes, (size_t)n), &out), 0);
    assert_int_equal(out.begun, -1);
    assert_true(sp_span_equal(out.host, in.host));
    assert_true(sp_span_equal(out.directory, in.directory));
    assert_true(sp_span_equal(out.url, in.url));
    assert_true(sp_span_equal(out.key, in.key));
}

/* The longest texts of all are 253 of a host and of a directory's URL, 383 of a URL, 160 of a key.
 */
static void largest_records_fit(void **state)
{
    char text[383] = {0};
    const struct sp_acme_order_record order = {.host = sp_span(text, 253),
                                               .directory = sp_span(text, 253),
                                               .url = sp_span(text, 383),
                                               .key = sp_span(text, 160)};
    const struct sp_acme_account_record account = {.key = sp_span(text, 160),
                                                   .url = sp_span(text, 383),
                                                   .terms = sp_span(text, 383),
                                                   .ca_identities =
                                                       sp_span(text, SP_CA_IDENTITIES_SIZE - 1)};
    uint8_t bytes[SP_ACME_RECORD_MAX];

    (void)state;
    assert_true(sp_acme_order_encode(&order, bytes, sizeof bytes) > 0);
    assert_true(sp_acme_account_encode(&account, bytes, sizeof bytes) > 0);
}

static void broken_bytes_are_refused(void **state)
{
    const struct sp_acme_account_record in = {.agreed = 1,
                                              .key = sp_span_str("key"),
                                              .url = sp_span_str("url"),
                                              .terms = sp_span_str("terms")};
    struct sp_acme_account_record account;
    struct sp_acme_order_record order;
    uint8_t bytes[SP_ACME_RECORD_MAX];
    size_t n = (size_t)sp_acme_account_encode(&in, bytes, sizeof bytes);
    size_t without = n - 2; /* a record of before the identities were kept */

    (void)state;
    for (size_t cut = 0; cut < n; cut++) {
        if (cut != without) {
            assert_int_equal(sp_acme_account_decode(sp_span(bytes, cut), &account), SP_E_CORRUPT);
        }
    }
    assert_int_equal(sp_acme_account_decode(sp_span(bytes, n + 1), &account), SP_E_CORRUPT);
    assert_int_equal(sp_acme_order_decode(sp_span(bytes, without), &order), SP_E_CORRUPT);
    bytes[0] = 2;
    assert_int_equal(sp_acme_account_decode(sp_span(bytes, n), &account), SP_E_CORRUPT);
    bytes[0] = 1;
    bytes[10] = 0xFF;
    assert_int_equal(sp_acme_account_decode(sp_span(bytes, n), &account), SP_E_CORRUPT);
}

static void an_account_from_before_identities_were_kept_is_read(void **state)
{
    const struct sp_acme_account_record in = {
        .agreed = 1, .key = sp_span_str("key"), .terms = sp_span_str("terms")};
    struct sp_acme_account_record out = {.ca_identities = sp_span_str("stale")};
    uint8_t bytes[SP_ACME_RECORD_MAX];
    size_t n = (size_t)sp_acme_account_encode(&in, bytes, sizeof bytes);

    (void)state;
    assert_int_equal(sp_acme_account_decode(sp_span(bytes, n - 2), &out), 0);
    assert_true(sp_span_equal(out.terms, in.terms));
    assert_int_equal(out.ca_identities.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(account_comes_back_as_it_was),
        cmocka_unit_test(order_comes_back_as_it_was),
        cmocka_unit_test(largest_records_fit),
        cmocka_unit_test(broken_bytes_are_refused),
        cmocka_unit_test(an_account_from_before_identities_were_kept_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
