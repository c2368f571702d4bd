/* PEM texts, there and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/err.h"
#include "certs.h"
#include "crypto/cert.h"

#define BEGIN "-----BEGIN CERTIFICATE-----\n"
#define END "-----END CERTIFICATE-----\n"

static void chain_is_taken_apart_in_order(void **state)
{
    char text[8000];
    uint8_t der[SP_LEAF_MAX];
    struct sp_buf buf;
    struct sp_span rest;

    (void)state;
    sp_buf_init(&buf, text, sizeof text);
    sp_buf_puts(&buf, "a comment\n");
    sp_pem_put(&buf, cert_leaf);
    sp_buf_puts(&buf, "\n");
    sp_pem_put(&buf, cert_inter);
    rest = sp_buf_span(&buf);
    assert_int_equal(sp_pem_next(&rest, der, sizeof der), (int)cert_leaf.n);
    assert_memory_equal(der, cert_leaf.p, cert_leaf.n);
    assert_int_equal(sp_pem_next(&rest, der, sizeof der), (int)cert_inter.n);
    assert_memory_equal(der, cert_inter.p, cert_inter.n);
    assert_int_equal(sp_pem_next(&rest, der, sizeof der), SP_E_NOT_FOUND);
    assert_int_equal(sp_pem_next(&rest, der, sizeof der), SP_E_NOT_FOUND);
}

static void texts_are_judged(void **state)
{
    static const struct {
        const char *text;
        int result;
    } rows[] = {
        {"", SP_E_NOT_FOUND},
        {"-----BEGIN CERTIFICATE", SP_E_NOT_FOUND},
        {"-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n", SP_E_NOT_FOUND},
        {BEGIN "MAA=\n" END, 2},
        {BEGIN "MAMCAQE=\r\n" END, 5},
        {BEGIN "MA\nMC\nAQE=\n" END, 5},
        {BEGIN "MAA=\n", SP_E_CERT_BAD},
        {BEGIN END, SP_E_CERT_BAD},
        {BEGIN "MA*=\n" END, SP_E_CERT_BAD},
        {BEGIN "MAAA\n" END, SP_E_CERT_BAD},             /* a byte after the sequence */
        {BEGIN "MQA=\n" END, SP_E_CERT_BAD},             /* no sequence */
        {BEGIN "MIEAAAAA\n" END, SP_E_CERT_BAD},         /* lengths disagree */
        {"------BEGIN CERTIFICATE-----\nMAA=\n" END, 2}, /* a dash more */
        {"-----BEGIN -----BEGIN CERTIFICATE-----\nMAA=\n" END, 2},
        {BEGIN " M A\tA = \r\n\n" END, 2},
        {BEGIN "MAA=\n-" END, SP_E_CERT_BAD},
        {BEGIN "MAA=\n-----\n" END, SP_E_CERT_BAD},
        {BEGIN BEGIN "MAA=\n" END, SP_E_CERT_BAD},
        {BEGIN "MAA=\n-----END CERTIFICAT\n" END, SP_E_CERT_BAD},
        {BEGIN "MAA\n" END, SP_E_CERT_BAD},
        {BEGIN "MAA==\n" END, SP_E_CERT_BAD},
        {BEGIN "MAAA====\n" END, SP_E_CERT_BAD},
        {BEGIN "=MAA\n" END, SP_E_CERT_BAD},
        {BEGIN "MA=A\n" END, SP_E_CERT_BAD},
        {BEGIN "AAAAAAAAAAAA*AAAAAAAAAAAAAAAAAAAAAAA\n" END, SP_E_CERT_BAD}, /* too long, too */
        {BEGIN "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n" END, SP_E_SPACE},
    };
    uint8_t der[20];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sp_span rest = sp_span_str(rows[i].text);
        int result = sp_pem_next(&rest, der, sizeof der);

        if (result != rows[i].result) {
            fail_msg("row %zu gives %d", i, result);
        }
    }
}

static void every_length_survives_the_way_there_and_back(void **state)
{
    uint8_t der[130];
    uint8_t back[130];
    char text[400];

    (void)state;
    for (size_t n = 2; n < 130; n++) {
        struct sp_buf buf;
        struct sp_span rest;

        memset(der, 0x5a, sizeof der);
        der[0] = 0x30;
        der[1] = (uint8_t)(n - 2);
        sp_buf_init(&buf, text, sizeof text);
        sp_pem_put(&buf, sp_span(der, n));
        rest = sp_buf_span(&buf);
        assert_int_equal(sp_pem_next(&rest, back, sizeof back), (int)n);
        assert_memory_equal(der, back, n);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(chain_is_taken_apart_in_order),
        cmocka_unit_test(texts_are_judged),
        cmocka_unit_test(every_length_survives_the_way_there_and_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
