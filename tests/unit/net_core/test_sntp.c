#include "cm.h"

#include "base/err.h"
#include "net/sntp.h"

#include <string.h>

static const uint8_t cookie[8] = {1, 2, 3, 4, 5, 6, 7, 8};

/* What a good server sends: 2026-11-24T23:05:00.5Z. */
static const uint8_t good[48] = {
    0x24, 2,    6,    0xec,                /* version 4, server; stratum 2 */
    0,    0,    1,    0,                   /* root delay */
    0,    0,    2,    0,                   /* root dispersion */
    192,  0,    2,    9,                   /* reference */
    0,    0,    0,    0,    0,    0, 0, 0, /* reference time */
    1,    2,    3,    4,    5,    6, 7, 8, /* originate */
    0xee, 0xb0, 0x96, 0x9c, 0x40, 0, 0, 0, /* receive */
    0xee, 0xb0, 0x96, 0x9c, 0x80, 0, 0, 0, /* transmit */
};
#define GOOD_MS 1795561500500

static void request_carries_the_cookie_and_nothing_else(void **state)
{
    uint8_t packet[SP_SNTP_SIZE];
    uint8_t expected[SP_SNTP_SIZE] = {0x23, [40] = 1, 2, 3, 4, 5, 6, 7, 8};

    (void)state;
    sp_sntp_request(packet, cookie);
    assert_memory_equal(packet, expected, sizeof packet);
}

static void good_reply_gives_the_time(void **state)
{
    struct sp_sntp_reply reply;

    (void)state;
    assert_int_equal(sp_sntp_parse(sp_span(good, sizeof good), cookie, &reply), 0);
    assert_true(reply.utc_ms == GOOD_MS);
    assert_int_equal(reply.stratum, 2);
    assert_string_equal(reply.kiss, "");
}

static void longer_reply_is_read_like_a_short_one(void **state)
{
    uint8_t packet[68] = {0};
    struct sp_sntp_reply reply;

    (void)state;
    memcpy(packet, good, sizeof good);
    assert_int_equal(sp_sntp_parse(sp_span(packet, sizeof packet), cookie, &reply), 0);
}

static const struct {
    const char *what;
    int at;
    uint8_t bytes[9];
    int n;
    int expected;
} changes[] = {
    {"version 3", 0, {0x1c}, 1, 0},
    {"leap second announced", 0, {0x64}, 1, 0},
    {"unsynchronised", 0, {0xe4}, 1, SP_E_PROTOCOL},
    {"mode client", 0, {0x23}, 1, SP_E_INVALID},
    {"mode broadcast", 0, {0x25}, 1, SP_E_INVALID},
    {"mode symmetric", 0, {0x22}, 1, SP_E_INVALID},
    {"stratum 1", 1, {1}, 1, 0},
    {"stratum 15", 1, {15}, 1, 0},
    {"stratum 16", 1, {16}, 1, SP_E_PROTOCOL},
    {"stratum 255", 1, {255}, 1, SP_E_PROTOCOL},
    {"kiss", 1, {0}, 1, SP_E_REFUSED},
    {"root delay 31 s", 4, {0, 31, 0, 0}, 4, 0},
    {"root delay 32 s", 4, {0, 32, 0, 0}, 4, SP_E_PROTOCOL},
    {"root delay negative", 4, {0xff, 0xff, 0, 0}, 4, SP_E_PROTOCOL},
    {"root dispersion 15 s", 8, {0, 15, 0, 0}, 4, 0},
    {"root dispersion 16 s", 8, {0, 16, 0, 0}, 4, SP_E_PROTOCOL},
    {"root dispersion largest", 8, {255, 255, 255, 255}, 4, SP_E_PROTOCOL},
    {"first byte of originate", 24, {0}, 1, SP_E_INVALID},
    {"last byte of originate", 31, {9}, 1, SP_E_INVALID},
    {"no transmit time", 40, {0}, 8, SP_E_PROTOCOL},
};

static void reply_is_judged_by_every_field(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(changes); i++) {
        struct sp_sntp_reply reply;
        uint8_t packet[48];
        int err;

        memcpy(packet, good, sizeof packet);
        memcpy(packet + changes[i].at, changes[i].bytes, (size_t)changes[i].n);
        err = sp_sntp_parse(sp_span(packet, sizeof packet), cookie, &reply);
        if (err != changes[i].expected || (err == 0) != (reply.utc_ms != 0)) {
            fail_msg("%s: %d", changes[i].what, err);
        }
    }
}

static void short_reply_is_not_read(void **state)
{
    struct sp_sntp_reply reply;

    (void)state;
    for (size_t n = 0; n < sizeof good; n++) {
        assert_int_equal(sp_sntp_parse(sp_span(good, n), cookie, &reply), SP_E_INVALID);
    }
}

static void kiss_code_is_given_in_printable_characters(void **state)
{
    uint8_t packet[48];
    struct sp_sntp_reply reply;

    (void)state;
    memcpy(packet, good, sizeof packet);
    packet[1] = 0;
    memcpy(packet + 12, "RATE", 4);
    assert_int_equal(sp_sntp_parse(sp_span(packet, 48), cookie, &reply), SP_E_REFUSED);
    assert_string_equal(reply.kiss, "RATE");
    memcpy(packet + 12, "\x00\x1b\xffZ", 4);
    assert_int_equal(sp_sntp_parse(sp_span(packet, 48), cookie, &reply), SP_E_REFUSED);
    assert_string_equal(reply.kiss, "???Z");
}

static const struct {
    uint8_t seconds[4];
    int64_t utc;
} eras[] = {
    {{0x80, 0, 0, 0}, -61505152},           /* 1968-01-20, the first that era 0 gives */
    {{0x83, 0xaa, 0x7e, 0x80}, 0},          /* 1970-01-01 */
    {{0xff, 0xff, 0xff, 0xff}, 2085978495}, /* 2036-02-07T06:28:15 */
    {{0, 0, 0, 1}, 2085978497},             /* the next era */
    {{0x7f, 0xff, 0xff, 0xff}, 4233462143}, /* 2104-02-26 */
};

static void seconds_go_on_after_2036(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(eras); i++) {
        uint8_t packet[48];
        struct sp_sntp_reply reply;

        memcpy(packet, good, sizeof packet);
        memcpy(packet + 40, eras[i].seconds, 4);
        memset(packet + 44, 0, 4);
        assert_int_equal(sp_sntp_parse(sp_span(packet, 48), cookie, &reply), 0);
        assert_true(reply.utc_ms == eras[i].utc * 1000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_carries_the_cookie_and_nothing_else),
        cmocka_unit_test(good_reply_gives_the_time),
        cmocka_unit_test(longer_reply_is_read_like_a_short_one),
        cmocka_unit_test(reply_is_judged_by_every_field),
        cmocka_unit_test(short_reply_is_not_read),
        cmocka_unit_test(kiss_code_is_given_in_printable_characters),
        cmocka_unit_test(seconds_go_on_after_2036),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
