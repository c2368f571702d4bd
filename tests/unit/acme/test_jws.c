#include "cm.h"

#include "acme/jws.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/text.h"
#include "model_jose.h"
#include "test_clock.h"

#include <string.h>

/* The key of RFC 7515 A.3.1. */
#define X "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define Y "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define KEY_HEX                                                                                    \
    "307702010104208e9b109e719098bf980487df1f5d77e9cb29606ebed2263b5f57c213df84f4b2a00a06082a8648" \
    "ce3d030107a144034200047fcdce2770f6c45d4183cbee6fdb4b7b580733357be9ef13bacf6e3c7bd15445c7f1"   \
    "44cd1bbd9b7e872cdfedb9eeb9f4b3695d6ea90b24ad8a4623288588e5ad"
#define JWK "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"" X "\",\"y\":\"" Y "\"}"
/* SHA-256 of it, computed with Python's hashlib. */
#define THUMBPRINT "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U"

static struct sp_key key;

static int setup(void **state)
{
    uint8_t der[SP_KEY_DER_MAX];
    int n = sp_unhex(sp_span_str(KEY_HEX), der, sizeof der);

    (void)state;
    test_clock_start();
    assert_int_equal(sp_crypto_start(), 0);
    assert_true(n > 0);
    assert_int_equal(sp_key_load(sp_span(der, (size_t)n), &key), 0);
    return 0;
}

static void jwk_has_its_members_in_order(void **state)
{
    char text[200];
    struct sp_buf out;

    (void)state;
    sp_buf_init(&out, text, sizeof text);
    assert_int_equal(sp_acme_jwk(&key, &out), 0);
    assert_string_equal(text, JWK);
}

static void thumbprint_is_that_of_rfc_7638(void **state)
{
    char text[SP_ACME_THUMBPRINT_SIZE];

    (void)state;
    assert_int_equal(sp_acme_thumbprint(&key, text), 0);
    assert_string_equal(text, THUMBPRINT);
    assert_int_equal(strlen(text), SP_ACME_THUMBPRINT_SIZE - 1);
}

static void check(const char *kid, const char *payload, const char *header)
{
    const struct sp_acme_jws jws = {.key = &key,
                                    .kid = kid,
                                    .nonce = "no-nce_1",
                                    .url = "https://ca.test/x?y=1",
                                    .payload = payload};
    char scratch_text[1200];
    char text[3072];
    char part[2048];
    char joined[4096];
    char signature[120];
    uint8_t plain[1024];
    struct sp_buf scratch;
    struct sp_buf out;
    int n;

    sp_buf_init(&scratch, scratch_text, sizeof scratch_text);
    sp_buf_init(&out, text, sizeof text);
    assert_int_equal(sp_acme_jws_write(&jws, &scratch, &out), 0);
    assert_int_equal(out.len, strlen(text));
    assert_true(jose_member(text, "protected", part, sizeof part));
    strcpy(joined, part);
    n = jose_unbase64url(part, plain, sizeof plain - 1);
    assert_true(n > 0);
    plain[n] = '\0';
    assert_string_equal((const char *)plain, header);
    assert_true(jose_member(text, "payload", part, sizeof part));
    strcat(strcat(joined, "."), part);
    n = jose_unbase64url(part, plain, sizeof plain - 1);
    assert_true(n >= 0);
    plain[n] = '\0';
    assert_string_equal((const char *)plain, payload);
    assert_true(jose_member(text, "signature", signature, sizeof signature));
    assert_true(jose_verify(X, Y, sp_span_str(joined), signature));
    /* Nothing else stands in it. */
    strcpy(text, "{\"protected\":\"");
    assert_memory_equal(out.p, text, strlen(text));
    assert_int_equal(out.len, 14 + strlen(joined) - 1 + 13 + 15 + 86 + 2);
}

static void request_is_flattened_and_its_signature_verifies(void **state)
{
    (void)state;
    check("https://ca.test/acct/7", "{\"a\":\"b\"}",
          "{\"alg\":\"ES256\",\"kid\":\"https://ca.test/acct/7\",\"nonce\":\"no-nce_1\",\"url\":"
          "\"https://ca.test/x?y=1\"}");
    check("https://ca.test/acct/7", "",
          "{\"alg\":\"ES256\",\"kid\":\"https://ca.test/acct/7\",\"nonce\":\"no-nce_1\",\"url\":"
          "\"https://ca.test/x?y=1\"}");
    check(NULL, "{}",
          "{\"alg\":\"ES256\",\"jwk\":" JWK ",\"nonce\":\"no-nce_1\",\"url\":"
          "\"https://ca.test/x?y=1\"}");
}

static void request_that_does_not_fit_is_refused_at_every_size(void **state)
{
    const struct sp_acme_jws jws = {
        .key = &key, .nonce = "n", .url = "https://ca.test/x", .payload = "{\"a\":1}"};
    char scratch_text[400];
    char text[1024];
    struct sp_buf scratch;
    struct sp_buf out;
    size_t needed;

    (void)state;
    sp_buf_init(&scratch, scratch_text, sizeof scratch_text);
    sp_buf_init(&out, text, sizeof text);
    assert_int_equal(sp_acme_jws_write(&jws, &scratch, &out), 0);
    needed = out.len + 1;
    for (size_t cap = 1; cap < needed; cap++) {
        memset(text, 'x', sizeof text);
        sp_buf_init(&out, text, cap);
        assert_int_equal(sp_acme_jws_write(&jws, &scratch, &out), SP_E_SPACE);
        assert_int_equal(text[cap], 'x');
    }
    sp_buf_init(&out, text, needed);
    assert_int_equal(sp_acme_jws_write(&jws, &scratch, &out), 0);
    sp_buf_init(&scratch, scratch_text, 100);
    sp_buf_init(&out, text, sizeof text);
    assert_int_equal(sp_acme_jws_write(&jws, &scratch, &out), SP_E_SPACE);
}

static void longest_request_fits(void **state)
{
    char url[SP_URL_MAX];
    char nonce[160];
    char payload[1024];
    char scratch_text[1200];
    char text[3072];
    struct sp_acme_jws jws = {
        .key = &key, .kid = url, .nonce = nonce, .url = url, .payload = payload};
    struct sp_buf scratch;
    struct sp_buf out;

    (void)state;
    memset(url, 'u', sizeof url);
    memset(nonce, 'n', sizeof nonce);
    memset(payload, 'p', sizeof payload);
    url[sizeof url - 1] = nonce[sizeof nonce - 1] = payload[sizeof payload - 1] = '\0';
    sp_buf_init(&scratch, scratch_text, sizeof scratch_text);
    sp_buf_init(&out, text, sizeof text);
    assert_int_equal(sp_acme_jws_write(&jws, &scratch, &out), 0);
}

static void base64url_alphabet_is_told_apart(void **state)
{
    static const struct {
        const char *text;
        size_t max;
        bool ok;
    } cases[] = {
        {"abcXYZ019-_", 11, true}, {"abcXYZ019-_", 10, false}, {"", 10, false},
        {"a b", 10, false},        {"a=", 10, false},          {"a+", 10, false},
        {"a/b", 10, false},        {"..", 10, false},          {"a\"", 10, false},
        {"\xC3\xA4", 10, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(sp_acme_is_base64url(cases[i].text, cases[i].max), cases[i].ok);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jwk_has_its_members_in_order),
        cmocka_unit_test(thumbprint_is_that_of_rfc_7638),
        cmocka_unit_test(request_is_flattened_and_its_signature_verifies),
        cmocka_unit_test(request_that_does_not_fit_is_refused_at_every_size),
        cmocka_unit_test(longest_request_fits),
        cmocka_unit_test(base64url_alphabet_is_told_apart),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
