#include "cm.h"

#include "base/err.h"
#include "net/addr.h"

#include <string.h>

static const struct {
    const char *text;
    const char *shown; /* NULL: refused */
} parse_cases[] = {
    {"192.0.2.1", "192.0.2.1"},
    {"0.0.0.0", "0.0.0.0"},
    {"255.255.255.255", "255.255.255.255"},
    {"256.0.0.1", NULL},
    {"192.0.2", NULL},
    {"192.0.2.1.5", NULL},
    {"192.0.2.", NULL},
    {".192.0.2", NULL},
    {"192..2.1", NULL},
    {"192.0.2.01", NULL},
    {"192.0.2.1 ", NULL},
    {" 192.0.2.1", NULL},
    {"192.0.2.-1", NULL},
    {"192.0.2.0x1", NULL},
    {"3221225985", NULL},
    {"", NULL},
    {"::", "::"},
    {"::1", "::1"},
    {"1::", "1::"},
    {"2001:db8::1", "2001:db8::1"},
    {"2001:DB8::A", "2001:db8::a"},
    {"2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"},
    {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
    {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
    {"2001:db8:0:0:1:0:0:0", "2001:db8:0:0:1::"},
    {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
    {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
    {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
    {"::ffff:192.0.2.1", "::ffff:192.0.2.1"},
    {"::ffff:c000:201", "::ffff:192.0.2.1"},
    {"::192.0.2.1", "::c000:201"},
    {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
    {"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
    {"1:2:3:4::5:6:7", "1:2:3:4:0:5:6:7"},
    {"1:2:3:4::5:6:7:8", NULL},
    {"1:2:3:4:5:6:7", NULL},
    {"1:2:3:4:5:6:7:8:9", NULL},
    {"1:2:3:4:5:6:7:8::", NULL},
    {"::1:2:3:4:5:6:7:8", NULL},
    {"1::2::3", NULL},
    {":::", NULL},
    {":", NULL},
    {":1", NULL},
    {"1:", NULL},
    {"1:2:3:4:5:6:7:", NULL},
    {"::12345", NULL},
    {"::g", NULL},
    {"fe80::1%eth0", NULL},
    {"[::1]", NULL},
    {"192.0.2.1::", NULL},
    {"::192.0.2.1:1", NULL},
    {"::192.0.2", NULL},
    {"1:2:3:4:5:6:7:192.0.2.1", NULL},
    {"2001:db8::1/64", NULL},
};

static void address_texts_are_parsed_strictly_and_shown_shortest(void **state)
{
    char text[SP_ADDR_SIZE];
    struct sp_addr addr;

    (void)state;
    for (size_t i = 0; i < sizeof parse_cases / sizeof parse_cases[0]; i++) {
        int err = sp_addr_parse(sp_span_str(parse_cases[i].text), &addr);

        if (parse_cases[i].shown == NULL) {
            if (err != SP_E_INVALID || addr.family != 0) {
                fail_msg("accepted: '%s'", parse_cases[i].text);
            }
            continue;
        }
        if (err != 0) {
            fail_msg("refused: '%s'", parse_cases[i].text);
        }
        assert_string_equal(sp_addr_text(&addr, text), parse_cases[i].shown);
    }
}

static void nul_inside_is_refused(void **state)
{
    struct sp_addr addr;

    (void)state;
    assert_int_equal(sp_addr_parse(sp_span("1.2.3.4\0", 8), &addr), SP_E_INVALID);
    assert_int_equal(sp_addr_parse(sp_span(NULL, 0), &addr), SP_E_INVALID);
}

static void no_address_is_shown_as_a_dash(void **state)
{
    struct sp_addr none = {0};
    char text[SP_ADDR_SIZE];

    (void)state;
    assert_string_equal(sp_addr_text(&none, text), "-");
}

static const struct {
    const char *text;
    int bits; /* -1: refused */
} prefix_cases[] = {
    {"192.0.2.1/24", 24}, {"192.0.2.1", 32},     {"192.0.2.1/0", 0},      {"192.0.2.1/32", 32},
    {"192.0.2.1/33", -1}, {"192.0.2.1/", -1},    {"192.0.2.1/024", -1},   {"192.0.2.1/24/8", -1},
    {"/24", -1},          {"2001:db8::/64", 64}, {"2001:db8::/128", 128}, {"2001:db8::/129", -1},
    {"2001:db8::1", 128}, {"192.0.2.1/+8", -1},  {"192.0.2.1/8 ", -1},    {"192.0.2.1/1000", -1},
};

static void prefixes_are_parsed_strictly(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof prefix_cases / sizeof prefix_cases[0]; i++) {
        struct sp_addr addr;
        uint8_t bits = 99;
        int err = sp_addr_parse_prefix(sp_span_str(prefix_cases[i].text), &addr, &bits);

        if ((err == 0 ? bits : -1) != prefix_cases[i].bits) {
            fail_msg("'%s': error %d, %d bits", prefix_cases[i].text, err, bits);
        }
    }
}

static const struct {
    const char *text;
    bool global;
} global_cases[] = {
    {"192.0.2.1", true},
    {"198.51.100.1", true},
    {"203.0.113.1", true},
    {"8.8.8.8", true},
    {"0.1.2.3", false},
    {"10.255.255.255", false},
    {"11.0.0.0", true},
    {"100.63.255.255", true},
    {"100.64.0.0", false},
    {"100.127.255.255", false},
    {"100.128.0.0", true},
    {"127.0.0.1", false},
    {"169.254.1.1", false},
    {"172.15.255.255", true},
    {"172.16.0.0", false},
    {"172.31.255.255", false},
    {"172.32.0.0", true},
    {"192.0.0.8", false},
    {"192.168.1.1", false},
    {"192.169.0.0", true},
    {"198.17.255.255", true},
    {"198.18.0.1", false},
    {"198.19.255.255", false},
    {"198.20.0.0", true},
    {"223.255.255.255", true},
    {"224.0.0.1", false},
    {"255.255.255.255", false},
    {"2001:db8::1", true},
    {"2a00::1", true},
    {"3fff::1", true},
    {"64:ff9b::1", true},
    {"64:ff9b:1::1", false},
    {"::1", false},
    {"::", false},
    {"::ffff:8.8.8.8", false},
    {"fe80::1", false},
    {"fc00::1", false},
    {"fd00::1", false},
    {"ff02::1", false},
    {"2001:2::1", false},
    {"2001:2:1::1", true},
    {"2001:10::1", false},
    {"2001:1f:ffff::", false},
    {"2001:20::1", true},
};

static void global_addresses_are_told_from_local_ones(void **state)
{
    struct sp_addr none = {0};

    (void)state;
    for (size_t i = 0; i < sizeof global_cases / sizeof global_cases[0]; i++) {
        struct sp_addr addr;

        assert_int_equal(sp_addr_parse(sp_span_str(global_cases[i].text), &addr), 0);
        if (sp_addr_is_global(&addr) != global_cases[i].global) {
            fail_msg("%s", global_cases[i].text);
        }
    }
    assert_false(sp_addr_is_global(&none));
}

static void equality_looks_at_what_counts(void **state)
{
    struct sp_addr a = {.family = 4, .bytes = {192, 0, 2, 1, 77}};
    struct sp_addr b = {.family = 4, .bytes = {192, 0, 2, 1}};
    struct sp_addr c = {.family = 6, .bytes = {192, 0, 2, 1}};
    struct sp_addr d = {.family = 6, .bytes = {192, 0, 2, 1, [15] = 1}};
    struct sp_addr none = {0}, other = {.bytes = {1}};

    (void)state;
    assert_true(sp_addr_equal(&a, &b));
    assert_false(sp_addr_equal(&b, &c));
    assert_false(sp_addr_equal(&c, &d));
    assert_true(sp_addr_equal(&none, &other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(address_texts_are_parsed_strictly_and_shown_shortest),
        cmocka_unit_test(nul_inside_is_refused),
        cmocka_unit_test(no_address_is_shown_as_a_dash),
        cmocka_unit_test(prefixes_are_parsed_strictly),
        cmocka_unit_test(global_addresses_are_told_from_local_ones),
        cmocka_unit_test(equality_looks_at_what_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
