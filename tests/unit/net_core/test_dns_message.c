#include "cm.h"

#include "base/err.h"
#include "net/dns_message.h"

#include <string.h>

#define LABEL63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define NAME253                                                                                    \
    LABEL63 "." LABEL63 "." LABEL63 ".aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
            "aa"

static const struct sp_span nothing;

static void update_is_written_byte_by_byte(void **state)
{
    static const uint8_t expected[] = {
        0x12, 0x34, 0x28, 0,   0,   1,   0,   1, 0, 1,  0, 0, /* header */
        4,    't',  'e',  's', 't', 0,   0,   6, 0, 1,        /* zone */
        1,    'a',  4,    't', 'e', 's', 't', 0, 0, 16, 0, 254, 0,  0,  0, 0, 0,   0, 1, '_',
        4,    't',  'e',  's', 't', 0,   0,   1, 0, 1,  0, 0,   14, 16, 0, 4, 192, 0, 2, 1,
    };
    static const uint8_t address[4] = {192, 0, 2, 1};
    uint8_t array[128];
    struct sp_dns_writer w;

    (void)state;
    sp_dns_write_start(&w, array, sizeof array, 0x1234, SP_DNS_OPCODE_UPDATE << 11);
    sp_dns_write_question(&w, "test", 6);
    sp_dns_write_record(&w, SP_DNS_ANSWERS, "A.Test", 16, SP_DNS_CLASS_NONE, 0, nothing);
    sp_dns_write_record(&w, SP_DNS_AUTHORITY, "_.test", 1, SP_DNS_CLASS_IN, 3600,
                        sp_span(address, 4));
    assert_false(w.bad);
    assert_int_equal(w.n, sizeof expected);
    assert_memory_equal(array, expected, sizeof expected);
}

static void writer_stops_at_every_length(void **state)
{
    uint8_t array[64];
    struct sp_dns_writer w;

    (void)state;
    for (size_t cap = 0; cap < 30; cap++) {
        memset(array, 0xee, sizeof array);
        sp_dns_write_start(&w, array, cap, 1, 0);
        sp_dns_write_question(&w, "a.example.te", 1);
        assert_true(w.bad);
        for (size_t i = cap; i < sizeof array; i++) {
            assert_int_equal(array[i], 0xee);
        }
    }
    sp_dns_write_start(&w, array, 30, 1, 0);
    sp_dns_write_question(&w, "a.example.te", 1);
    assert_false(w.bad);
}

static void names_that_are_none_are_not_written(void **state)
{
    static const struct {
        const char *name;
        bool bad;
    } rows[] = {
        {"", false},      {"a", false},         {"a.b", false},      {"a.", true},
        {".a", true},     {"a..b", true},       {".", true},         {"a b", true},
        {"a\\.b", true},  {LABEL63, false},     {LABEL63 "a", true}, {"_mta-sts.x", false},
        {NAME253, false}, {NAME253 ".a", true}, {"*.a", true},       {"\xc3\xa4.a", true},
    };
    uint8_t array[400];
    struct sp_dns_writer w;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        sp_dns_write_start(&w, array, sizeof array, 0, 0);
        sp_dns_write_name(&w, rows[i].name);
        if (w.bad != rows[i].bad) {
            fail_msg("%s", rows[i].name);
        }
    }
}

static void texts_are_cut_into_strings(void **state)
{
    static const size_t lengths[] = {0, 1, 255, 256, 510, 511};
    char text[600], back[600];
    uint8_t data[600];

    (void)state;
    memset(text, 'x', sizeof text);
    for (size_t i = 0; i < COUNT(lengths); i++) {
        size_t n = lengths[i];
        size_t strings = n == 0 ? 1 : (n + 254) / 255;

        text[n] = '\0';
        assert_int_equal(sp_dns_txt_data(text, data, n + strings), n + strings);
        assert_int_equal(sp_dns_txt_data(text, data, n + strings - 1), SP_E_SPACE);
        (void)sp_dns_txt_data(text, data, sizeof data);
        assert_int_equal(sp_dns_txt_text(sp_span(data, n + strings), back, sizeof back), 0);
        assert_string_equal(back, text);
        text[n] = 'x';
    }
}

static void broken_texts_are_refused(void **state)
{
    char out[8];

    (void)state;
    assert_int_equal(sp_dns_txt_text(nothing, out, sizeof out), SP_E_PROTOCOL);
    assert_int_equal(sp_dns_txt_text(sp_span("\2a", 2), out, sizeof out), SP_E_PROTOCOL);
    assert_int_equal(sp_dns_txt_text(sp_span("\3a\0b\1c", 6), out, sizeof out), 0);
    assert_string_equal(out, "a?bc");
    assert_int_equal(sp_dns_txt_text(sp_span("\xa"
                                             "0123456789",
                                             11),
                                     out, sizeof out),
                     0);
    assert_string_equal(out, "0123456");
}

/* Names behind a header, read from a place in them. */
static const struct {
    const char *what;
    const char *bytes;
    size_t n, at;
    int expected;
    const char *name;
    size_t end;
} names[] = {
    {"plain", "\1a\4TEST\0", 8, 0, 0, "a.test", 8},
    {"root", "\0", 1, 0, 0, "", 1},
    {"pointer", "\4test\0\1a\xc0\xc", 10, 6, 0, "a.test", 10},
    {"pointer to pointer", "\4test\0\1a\xc0\xc\1b\xc0\x12", 14, 10, 0, "b.a.test", 14},
    {"pointer alone", "\4test\0\xc0\xc", 8, 6, 0, "test", 8},
    {"to itself", "\xc0\xc", 2, 0, SP_E_PROTOCOL, NULL, 0},
    {"into itself", "\1a\xc0\xc", 4, 0, SP_E_PROTOCOL, NULL, 0},
    {"forward", "\xc0\xe\1a\0", 5, 0, SP_E_PROTOCOL, NULL, 0},
    {"to each other", "\1a\xc0\x10\1b\xc0\xc", 8, 4, SP_E_PROTOCOL, NULL, 0},
    {"past the end", "\4test\0\1a\xc3\xff", 10, 6, SP_E_PROTOCOL, NULL, 0},
    {"half a pointer", "\1a\xc0", 3, 0, SP_E_PROTOCOL, NULL, 0},
    {"reserved form",
     "\x41"
     "a\0",
     3, 0, SP_E_PROTOCOL, NULL, 0},
    {"other reserved form",
     "\x81"
     "a\0",
     3, 0, SP_E_PROTOCOL, NULL, 0},
    {"cut in a label", "\4tes", 4, 0, SP_E_PROTOCOL, NULL, 0},
    {"no end", "\4test", 5, 0, SP_E_PROTOCOL, NULL, 0},
    {"dot in a label", "\3a.b\0", 5, 0, SP_E_INVALID, NULL, 0},
    {"NUL in a label", "\3a\0b\0", 5, 0, SP_E_INVALID, NULL, 0},
};

static void names_are_read_as_they_stand(void **state)
{
    uint8_t message[64];
    char name[32];

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        size_t end = 0;
        int err;

        memset(message, 0, sizeof message);
        memcpy(message + SP_DNS_HEADER, names[i].bytes, names[i].n);
        err = sp_dns_name_at(sp_span(message, SP_DNS_HEADER + names[i].n),
                             SP_DNS_HEADER + names[i].at, name, sizeof name, &end);
        if (err != names[i].expected) {
            fail_msg("%s: %d", names[i].what, err);
        }
        if (err == 0) {
            assert_string_equal(name, names[i].name);
            assert_int_equal(end, SP_DNS_HEADER + names[i].end);
        }
    }
}

static void name_that_does_not_fit_is_refused(void **state)
{
    uint8_t message[SP_DNS_HEADER + 6] = {[SP_DNS_HEADER] = 4, 't', 'e', 's', 't', 0};
    char name[5];

    (void)state;
    assert_int_equal(sp_dns_name_at(sp_span(message, sizeof message), SP_DNS_HEADER, name, 5, NULL),
                     0);
    assert_int_equal(sp_dns_name_at(sp_span(message, sizeof message), SP_DNS_HEADER, name, 4, NULL),
                     SP_E_SPACE);
}

/* 16 labels of 16 bytes are 256 with the root. */
static void name_of_more_than_255_bytes_is_refused(void **state)
{
    uint8_t message[SP_DNS_HEADER + 300] = {0};
    struct sp_dns_reader r;
    struct sp_dns_header header;

    (void)state;
    for (size_t labels = 15; labels <= 16; labels++) {
        memset(message, 'a', sizeof message);
        for (size_t i = 0; i < labels; i++) {
            message[SP_DNS_HEADER + 16 * i] = 15;
        }
        message[SP_DNS_HEADER + 16 * labels] = 0;
        assert_int_equal(sp_dns_read_start(&r, sp_span(message, sizeof message), &header), 0);
        assert_int_equal(sp_dns_skip_name(&r), labels == 15 ? 0 : SP_E_PROTOCOL);
    }
}

/* Reads all there is, as a caller would; must end, and in the message. */
static void read_all(struct sp_span message)
{
    struct sp_dns_reader r;
    struct sp_dns_header header;
    struct sp_dns_rr rr;
    char text[300];
    unsigned n = 0;

    if (sp_dns_read_start(&r, message, &header) < 0) {
        return;
    }
    for (unsigned i = 0; i < header.counts[SP_DNS_QUESTION]; i++) {
        if (sp_dns_skip_question(&r) < 0) {
            return;
        }
    }
    while (sp_dns_read_rr(&r, &rr) == 0) {
        assert_true(rr.data_at + rr.data.n <= message.n);
        (void)sp_dns_name_at(message, rr.name_at, text, sizeof text, NULL);
        (void)sp_dns_name_at(message, rr.data_at, text, sizeof text, NULL);
        (void)sp_dns_txt_text(rr.data, text, sizeof text);
        n++;
    }
    assert_true(n <= message.n / 11);
}

static const uint8_t answer[] = {
    0x12, 0x34, 0x84, 0,   0,   1,   0,   2,   0,   0, 0,   1, /* header */
    8,    '_',  'm',  't', 'a', '-', 's', 't', 's', 4, 't', 'e', 's', 't', 0,   0,    16, 0,
    1,    0xc0, 12,   0,   5,   0,   1,   0,   0,   0, 5,   0,   4,   1,   'x', 0xc0, 21, /* CNAME
                                                                                           */
    0xc0, 43,   0,    16,  0,   1,   0,   0,   0,   5, 0,   4,   3,   'a', 'b', 'c',      /* TXT */
    0,    0,    41,   4,   208, 0,   0,   0,   0,   0, 0,                                 /* OPT */
};

static void answers_records_are_read(void **state)
{
    struct sp_span message = sp_span(answer, sizeof answer);
    struct sp_dns_reader r;
    struct sp_dns_header header;
    struct sp_dns_rr rr;
    char name[300];

    (void)state;
    assert_int_equal(sp_dns_read_start(&r, message, &header), 0);
    assert_int_equal(header.id, 0x1234);
    assert_int_equal(header.counts[SP_DNS_ANSWERS], 2);
    assert_int_equal(sp_dns_skip_question(&r), 0);
    assert_int_equal(sp_dns_read_rr(&r, &rr), 0);
    assert_int_equal(rr.type, 5);
    assert_int_equal(sp_dns_name_at(message, rr.data_at, name, sizeof name, NULL), 0);
    assert_string_equal(name, "x.test");
    assert_int_equal(sp_dns_read_rr(&r, &rr), 0);
    assert_int_equal(sp_dns_name_at(message, rr.name_at, name, sizeof name, NULL), 0);
    assert_string_equal(name, "x.test");
    assert_int_equal(sp_dns_txt_text(rr.data, name, sizeof name), 0);
    assert_string_equal(name, "abc");
    assert_int_equal(sp_dns_read_rr(&r, &rr), 0);
    assert_int_equal(rr.type, 41);
    assert_int_equal(sp_dns_read_rr(&r, &rr), SP_E_PROTOCOL);
}

static void damaged_answers_end_the_reader_in_the_message(void **state)
{
    uint8_t message[sizeof answer];
    uint32_t random = 1;

    (void)state;
    for (size_t n = 0; n <= sizeof answer; n++) {
        read_all(sp_span(answer, n));
    }
    for (size_t i = 0; i < sizeof answer; i++) {
        for (unsigned value = 0; value < 256; value++) {
            memcpy(message, answer, sizeof answer);
            message[i] = (uint8_t)value;
            read_all(sp_span(message, sizeof message));
        }
    }
    for (unsigned round = 0; round < 200000; round++) {
        for (size_t i = SP_DNS_HEADER; i < sizeof message; i++) {
            random = random * 1664525U + 1013904223U;
            message[i] = (random >> 29) == 0 ? 0xc0 : (uint8_t)(random >> 24 & 0x1f);
        }
        read_all(sp_span(message, sizeof message));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(update_is_written_byte_by_byte),
        cmocka_unit_test(writer_stops_at_every_length),
        cmocka_unit_test(names_that_are_none_are_not_written),
        cmocka_unit_test(texts_are_cut_into_strings),
        cmocka_unit_test(broken_texts_are_refused),
        cmocka_unit_test(names_are_read_as_they_stand),
        cmocka_unit_test(name_that_does_not_fit_is_refused),
        cmocka_unit_test(name_of_more_than_255_bytes_is_refused),
        cmocka_unit_test(answers_records_are_read),
        cmocka_unit_test(damaged_answers_end_the_reader_in_the_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
