#include "base/err.h"
#include "base/text.h"

#include "cm.h"

#include <string.h>

static void base64url_has_no_padding(void **state)
{
    /* RFC 4648 10, and two bytes that need the URL alphabet */
    static const char *const cases[][2] = {
        {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
        {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xFB\xFF", "-_8"},
    };
    (void)state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        char array[32];
        struct sp_buf buf;

        sp_buf_init(&buf, array, sizeof array);
        sp_base64url(&buf, sp_span_str(cases[i][0]));
        assert_string_equal(array, cases[i][1]);
    }
}

static void unbase64_is_strict(void **state)
{
    static const struct {
        const char *text;
        int result;
        const char *bytes;
    } cases[] = {
        {"", 0, ""},
        {"Zg==", 1, "f"},
        {"Zm8=", 2, "fo"},
        {"Zm9v", 3, "foo"},
        {"Zm9vYg==", 4, "foob"},
        {"+/8=", 2, "\xFB\xFF"},
        {"Zm9vYmFy", SP_E_SPACE, ""},
        {"Zg", SP_E_INVALID, ""}, /* no padding */
        {"Zg=", SP_E_INVALID, ""},
        {"Z===", SP_E_INVALID, ""},
        {"====", SP_E_INVALID, ""},
        {"Zh==", SP_E_INVALID, ""}, /* bits left over */
        {"Zm9=", SP_E_INVALID, ""},
        {"Zg==Zm9v", SP_E_INVALID, ""}, /* padding inside */
        {"Zm-_", SP_E_INVALID, ""},     /* the URL alphabet */
        {"Zm8 ", SP_E_INVALID, ""},
    };
    (void)state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t out[5];

        assert_int_equal(sp_unbase64(sp_span_str(cases[i].text), out, sizeof out), cases[i].result);
        if (cases[i].result > 0) {
            assert_memory_equal(out, cases[i].bytes, (size_t)cases[i].result);
        }
    }
}

static void hex_goes_there_and_back(void **state)
{
    uint8_t bytes[256];
    uint8_t back[256];
    char array[513];
    struct sp_buf buf;
    (void)state;

    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)i;
    }
    sp_buf_init(&buf, array, sizeof array);
    sp_hex(&buf, sp_span(bytes, sizeof bytes));
    assert_false(buf.cut);
    assert_memory_equal(array, "000102", 6);
    assert_string_equal(array + 506, "fdfeff");
    assert_int_equal(sp_unhex(sp_buf_span(&buf), back, sizeof back), 256);
    assert_memory_equal(back, bytes, sizeof bytes);
}

static void unhex_refuses_what_is_not_hex(void **state)
{
    static const struct {
        const char *text;
        int result;
    } cases[] = {
        {"", 0},
        {"aB", 1},
        {"a", SP_E_INVALID},
        {"0g", SP_E_INVALID},
        {"0x01", SP_E_INVALID},
        {"/0", SP_E_INVALID},
        {":0", SP_E_INVALID},
        {"@0", SP_E_INVALID},
        {"010203", SP_E_SPACE},
    };
    (void)state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t out[2];

        assert_int_equal(sp_unhex(sp_span_str(cases[i].text), out, sizeof out), cases[i].result);
    }
}

#define L63 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"
#define L61 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghi"

static void hostname_wants_ascii_labels(void **state)
{
    static const struct {
        const char *text, *out; /* out NULL: refused */
    } cases[] = {
        {"example.com", "example.com"},
        {"Mail.EXAMPLE.Com.", "mail.example.com"},
        {"xn--bcher-kva.example", "xn--bcher-kva.example"},
        {"a.b", "a.b"},
        {"1.2.3.4x", "1.2.3.4x"},
        {"3com.com", "3com.com"},
        {L63 ".com", L63 ".com"},
        {L63 "." L63 "." L63 "." L61, L63 "." L63 "." L63 "." L61}, /* 253 */
        {L63 "." L63 "." L63 "." L61 ".", L63 "." L63 "." L63 "." L61},
        {L63 "." L63 "." L63 "." L63, NULL}, /* 255 */
        {L63 "x.com", NULL},
        {"", NULL},
        {".", NULL},
        {"com", NULL},
        {"com.", NULL},
        {"a..b", NULL},
        {".a.b", NULL},
        {"a.b..", NULL},
        {"-a.b", NULL},
        {"a-.b", NULL},
        {"a.-b", NULL},
        {"a.b-", NULL},
        {"a_b.c", NULL},
        {"a b.c", NULL},
        {"*.a.b", NULL},
        {"192.0.2.1", NULL},
        {"a.123", NULL},
        {"::1", NULL},
        {"[::1].a", NULL},
        {"b\xC3\xBC"
         "cher.example",
         NULL},
        {"a.b/c", NULL},
        {"a.b:80", NULL},
        {"user@a.b", NULL},
    };
    (void)state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        char out[SP_DOMAIN_SIZE] = "before";
        int err = sp_hostname(sp_span_str(cases[i].text), out);

        assert_int_equal(err, cases[i].out != NULL ? 0 : SP_E_INVALID);
        assert_string_equal(out, cases[i].out != NULL ? cases[i].out : "");
    }
    {
        char out[SP_DOMAIN_SIZE];

        assert_int_equal(sp_hostname(sp_span("a.b\0c.d", 7), out), SP_E_INVALID);
    }
}

static void hash_is_fnv1a(void **state)
{
    (void)state;

    assert_int_equal(sp_hash32("", 0), 0x811C9DC5U);
    assert_int_equal(sp_hash32("a", 1), 0xE40C292CU);
    assert_int_equal(sp_hash32("foobar", 6), 0xBF9CF968U);
}

static void crc_is_castagnoli(void **state)
{
    uint8_t zeros[32] = {0};
    uint8_t ones[32];
    uint32_t crc = 0;
    (void)state;

    memset(ones, 0xFF, sizeof ones);
    assert_int_equal(sp_crc32c(0, "", 0), 0);
    assert_int_equal(sp_crc32c(0, "123456789", 9), 0xE3069283U);
    assert_int_equal(sp_crc32c(0, zeros, 32), 0x8A9136AAU); /* RFC 3720 B.4 */
    assert_int_equal(sp_crc32c(0, ones, 32), 0x62A8AB43U);
    for (const char *p = "123456789"; *p != '\0'; p++) {
        crc = sp_crc32c(crc, p, 1);
    }
    assert_int_equal(crc, 0xE3069283U);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64url_has_no_padding),
        cmocka_unit_test(unbase64_is_strict),
        cmocka_unit_test(hex_goes_there_and_back),
        cmocka_unit_test(unhex_refuses_what_is_not_hex),
        cmocka_unit_test(hostname_wants_ascii_labels),
        cmocka_unit_test(hash_is_fnv1a),
        cmocka_unit_test(crc_is_castagnoli),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
