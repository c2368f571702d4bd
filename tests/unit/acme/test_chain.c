/* The CA's answer with a chain, taken apart while it comes. */
#include "acme/chain.h"

#include "base/err.h"
#include "cm.h"

#include <string.h>

static char pem_text[SP_CHAIN_PEM_MAX + 4096];
static struct sp_buf pem;
static char kept[SP_LEAF_MAX + (SP_CHAIN_LINKS - 1) * SP_LINK_MAX + 1 + 64];
static struct sp_acme_chain chain;
static struct sp_buf body;
static struct sp_span links[SP_CHAIN_LINKS];

static int begin(void **state)
{
    (void)state;
    sp_buf_init(&pem, pem_text, sizeof pem_text);
    return 0;
}

/* Something with the outward form of a certificate: a SEQUENCE of n bytes, marked. */
static struct sp_span der(size_t n, uint8_t mark)
{
    static uint8_t bytes[4096];

    memset(bytes, mark, sizeof bytes);
    bytes[0] = 0x30;
    bytes[1] = 0x82;
    bytes[2] = (uint8_t)((n - 4) >> 8);
    bytes[3] = (uint8_t)(n - 4);
    return sp_span(bytes, n);
}

static void add(size_t n, uint8_t mark)
{
    sp_pem_put(&pem, der(n, mark));
}

/* Reads what was put together in pieces of that length. */
static int take(size_t piece)
{
    struct sp_span text = sp_buf_span(&pem);

    memset(kept, 0x55, sizeof kept);
    sp_buf_init(&body, kept, sizeof kept - 64);
    sp_acme_chain_begin(&chain);
    for (size_t at = 0; at < text.n; at += piece) {
        size_t n = piece < text.n - at ? piece : text.n - at;
        int err = sp_acme_chain_take(&chain, sp_span(text.p + at, n), &body);

        if (err < 0) {
            return err;
        }
    }
    for (size_t i = sizeof kept - 64; i < sizeof kept; i++) {
        assert_int_equal(kept[i], 0x55); /* nothing past the end */
    }
    return sp_acme_chain_end(&chain, sp_buf_span(&body), links);
}

static void gives(int expected)
{
    static const size_t pieces[] = {1, 2, 3, 64, 1000, 100000};

    for (size_t i = 0; i < COUNT(pieces); i++) {
        int result = take(pieces[i]);

        if (result != expected) {
            fail_msg("%d in pieces of %zu", result, pieces[i]);
        }
    }
}

static void link_is(unsigned i, size_t n, uint8_t mark)
{
    assert_int_equal(links[i].n, n);
    assert_memory_equal(links[i].p, der(n, mark).p, n);
}

static void the_largest_chain_fits(void **state)
{
    (void)state;
    add(SP_LEAF_MAX, 1);
    for (uint8_t i = 2; i <= SP_CHAIN_LINKS; i++) {
        add(SP_LINK_MAX, i);
    }
    gives(SP_CHAIN_LINKS);
    link_is(0, SP_LEAF_MAX, 1);
    for (unsigned i = 1; i < SP_CHAIN_LINKS; i++) {
        link_is(i, SP_LINK_MAX, (uint8_t)(i + 1));
    }
}

static void certificates_over_their_limits_are_refused(void **state)
{
    (void)state;
    add(SP_LEAF_MAX + 1, 1);
    gives(SP_E_SPACE);
    begin(state);
    add(SP_LEAF_MAX, 1);
    add(SP_LINK_MAX + 1, 2);
    gives(SP_E_SPACE);
    begin(state);
    for (uint8_t i = 0; i <= SP_CHAIN_LINKS; i++) {
        add(600, i);
    }
    gives(SP_E_FULL);
    begin(state);
    for (uint8_t i = 0; i < SP_CHAIN_LINKS; i++) {
        add(600, i);
    }
    sp_buf_puts(&pem, "-----BEGIN CERTIFICATE-----\n");
    gives(SP_E_FULL);
}

static void pem_has_its_limit(void **state)
{
    (void)state;
    add(1000, 1);
    while (pem.len < SP_CHAIN_PEM_MAX) {
        sp_buf_putc(&pem, '\n');
    }
    gives(1);
    sp_buf_putc(&pem, '\n');
    gives(SP_E_TOO_BIG);
}

static void what_stands_between_is_skipped(void **state)
{
    (void)state;
    sp_buf_puts(&pem, "subject=CN = x\r\n-----BEGIN NOTHING-----\r\n");
    add(700, 1);
    sp_buf_puts(&pem, "\n- - -----\nissuer=CN = y -----BEGIN -----BEGIN CERT\n\n");
    add(800, 2);
    sp_buf_puts(&pem, "-----BEGIN CERTIFICATE----");
    gives(2);
    link_is(0, 700, 1);
    link_is(1, 800, 2);
}

static void lines_may_end_in_crlf(void **state)
{
    char text[2048];
    struct sp_span lines;
    struct sp_span line;

    (void)state;
    add(700, 7);
    memcpy(text, pem_text, pem.len + 1);
    sp_buf_reset(&pem);
    lines = sp_span_str(text);
    while (sp_span_split(&lines, '\n', &line)) {
        sp_buf_put(&pem, line.p, line.n);
        sp_buf_puts(&pem, "\r\n");
    }
    gives(1);
    link_is(0, 700, 7);
}

static void what_is_no_chain_is_refused(void **state)
{
    (void)state;
    gives(SP_E_CERT_BAD);
    sp_buf_puts(&pem, "no certificate");
    gives(SP_E_CERT_BAD);
    begin(state);
    add(700, 1);
    pem.len -= 10; /* END is not whole */
    gives(SP_E_CERT_BAD);
    begin(state);
    add(700, 1);
    add(700, 2);
    pem_text[100] = '*';
    gives(SP_E_CERT_BAD);
}

/* What is known to be wrong stays wrong, and takes no more room. */
static void reading_goes_on_to_the_end_after_an_error(void **state)
{
    (void)state;
    sp_buf_puts(&pem, "-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----\n");
    add(700, 1);
    gives(SP_E_CERT_BAD);
    assert_int_equal(body.len, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, begin)
    const struct CMUnitTest tests[] = {
        TEST(the_largest_chain_fits),
        TEST(certificates_over_their_limits_are_refused),
        TEST(pem_has_its_limit),
        TEST(what_stands_between_is_skipped),
        TEST(lines_may_end_in_crlf),
        TEST(what_is_no_chain_is_refused),
        TEST(reading_goes_on_to_the_end_after_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
