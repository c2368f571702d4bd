/* A certificate that is pasted in PEM, decoded line by line. */
#include "../base/cm.h"
#include "console/paste.h"

#include <string.h>

static struct sp_paste paste;

static int start(void **state)
{
    (void)state;
    memset(&paste, 0, sizeof paste);
    return 0;
}

/* Lines between BEGIN and END, separated by `|`. */
static size_t size_of(const char *lines)
{
    char line[2000];

    memset(&paste, 0, sizeof paste);
    sp_paste_line(&paste, "-----BEGIN CERTIFICATE-----");
    while (*lines != '\0') {
        size_t n = strcspn(lines, "|");

        memcpy(line, lines, n);
        line[n] = '\0';
        sp_paste_line(&paste, line);
        lines += n + (lines[n] == '|' ? 1 : 0);
    }
    sp_paste_line(&paste, "-----END CERTIFICATE-----");
    assert_true(paste.ended);
    return sp_paste_size(&paste);
}

static const struct {
    const char *lines, *bytes;
    size_t n;
} cases[] = {
    {"Zm9vYmFy", "foobar", 6}, /* RFC 4648 10 */
    {"Zm9vYmE=", "fooba", 5},
    {"Zm9vYg==", "foob", 4},
    {"Z|m9|vYm|Fy", "foobar", 6},
    {" Zm9v YmFy ||", "foobar", 6},
    {"+/+/", "\xfb\xff\xbf", 3},
    {"", "", 0},
    {"Zm9vYmF", "", 0}, /* a digit is missing */
    {"Zm9vYg=", "", 0}, /* padding is */
    {"Zm9v=", "", 0},   /* too much of it */
    {"Z===", "", 0},    /* likewise */
    {"Zm9vYg==Zm9v", "", 0},
    {"Zm9v-mFy", "", 0}, /* another alphabet */
    {"Zm9v\tYmFy", "", 0},
};

static void base64_is_decoded_and_nothing_else(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(size_of(cases[i].lines), cases[i].n);
        assert_memory_equal(paste.der, cases[i].bytes, cases[i].n);
    }
}

static void what_stands_around_is_skipped(void **state)
{
    (void)state;
    sp_paste_line(&paste, "Certificate:");
    sp_paste_line(&paste, "-----END CERTIFICATE-----");
    sp_paste_line(&paste, "-----BEGIN CERTIFICATE-----");
    assert_false(paste.ended);
    sp_paste_line(&paste, "AAAA");
    sp_paste_line(&paste, "-----END CERTIFICATE-----");
    sp_paste_line(&paste, "BBBB");
    sp_paste_line(&paste, "-----BEGIN CERTIFICATE-----");
    assert_int_equal(sp_paste_size(&paste), 3);
    assert_false(paste.too_long);
}

static void as_much_fits_as_sealpost_h_promises(void **state)
{
    (void)state;
    sp_paste_line(&paste, "-----BEGIN CERTIFICATE-----");
    for (unsigned i = 0; i < SEALPOST_DER_MAX / 3; i++) {
        sp_paste_line(&paste, "AAAA");
    }
    sp_paste_line(&paste, "AA==");
    assert_false(paste.too_long);
    assert_int_equal(sp_paste_size(&paste), SEALPOST_DER_MAX);
    paste.padding = 0;
    sp_paste_line(&paste, "AAAA");
    assert_true(paste.too_long);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(base64_is_decoded_and_nothing_else, start),
        cmocka_unit_test_setup(what_stands_around_is_skipped, start),
        cmocka_unit_test_setup(as_much_fits_as_sealpost_h_promises, start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
