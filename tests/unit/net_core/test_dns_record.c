#include "cm.h"

#include "base/err.h"
#include "net/dns_record.h"

#include <stdlib.h>
#include <string.h>

static struct sp_dns_answer answer;

/* Names */

static const struct {
    const char *name;
    const char *expected; /* NULL: refused */
} names[] = {
    {"example.test", "example.test"},
    {"Example.TEST.", "example.test"},
    {"_mta-sts.example.test", "_mta-sts.example.test"},
    {"test", "test"},
    {".", "."},
    {"", NULL},
    {"..", NULL},
    {"a..b", NULL},
    {".a", NULL},
    {"a b.test", NULL},
    {"a\\.b.test", NULL},
    {"b\xc3\xbc.test", NULL},
    {"a/b", NULL},
    {"*.test", NULL},
};

static void names_are_checked_and_lowered(void **state)
{
    char out[SP_DOMAIN_SIZE];

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        int err = sp_dns_name(names[i].name, out);

        if ((err == 0) != (names[i].expected != NULL)) {
            fail_msg("'%s': %d", names[i].name, err);
        }
        if (err == 0) {
            assert_string_equal(out, names[i].expected);
        }
    }
}

static void names_have_their_limits(void **state)
{
    char name[300], out[SP_DOMAIN_SIZE];

    (void)state;
    memset(name, 'a', sizeof name);
    name[63] = '\0';
    assert_int_equal(sp_dns_name(name, out), 0);
    name[63] = 'a';
    name[64] = '\0';
    assert_int_equal(sp_dns_name(name, out), SP_E_INVALID);
    for (int i = 0; i < 300; i++) {
        name[i] = i % 50 == 49 ? '.' : 'a';
    }
    name[253] = '\0';
    assert_int_equal(sp_dns_name(name, out), 0);
    name[253] = 'a';
    name[254] = '\0';
    assert_int_equal(sp_dns_name(name, out), SP_E_INVALID);
}

/* Messages: a header and the question a.test of one type, then what a test puts there. */

struct message {
    uint8_t bytes[8192];
    size_t n;
};

static void put(struct message *m, const void *p, size_t n)
{
    memcpy(m->bytes + m->n, p, n);
    m->n += n;
}

static struct message question(uint8_t rcode, uint8_t type_high, uint8_t type)
{
    struct message m = {.n = 0};
    uint8_t header[12] = {0, 1, 0x81, (uint8_t)(0x80 | rcode), 0, 1};
    uint8_t rest[] = {1, 'a', 4, 't', 'e', 's', 't', 0, type_high, type, 0, 1};

    put(&m, header, sizeof header);
    put(&m, rest, sizeof rest);
    return m;
}

/* A record owned by the question's name (a pointer to offset 12) or by the name given. */
static void record(struct message *m, const char *owner, size_t owner_n, uint16_t type,
                   const void *data, size_t n)
{
    static const uint8_t pointer[2] = {0xc0, 12};
    uint8_t fixed[10] = {(uint8_t)(type >> 8), (uint8_t)type, 0, 1, 0, 0, 1, 44,
                         (uint8_t)(n >> 8),    (uint8_t)n};

    put(m, owner != NULL ? (const void *)owner : pointer, owner != NULL ? owner_n : 2);
    put(m, fixed, sizeof fixed);
    put(m, data, n);
    m->bytes[7]++; /* at most 255 records */
}

/* The record of that number; what it points to is the answer's. */
static struct sp_dns_record at(unsigned number)
{
    struct sp_dns_cursor cursor = {0};
    struct sp_dns_record out;

    for (unsigned i = 0; i <= number; i++) {
        assert_true(sp_dns_next(&answer, &cursor, &out));
    }
    return out;
}

/* How many a reader sees. */
static unsigned seen(void)
{
    struct sp_dns_cursor cursor = {0};
    struct sp_dns_record record;
    unsigned n = 0;

    while (sp_dns_next(&answer, &cursor, &record)) {
        assert_non_null(record.name);
        n++;
    }
    return n;
}

static int parse(const struct message *m, enum sp_dns_type type)
{
    return sp_dns_parse(sp_span(m->bytes, m->n), "a.test", type, &answer);
}

static void address_is_taken(void **state)
{
    struct message m = question(0, 0, 1);
    struct sp_dns_record first;
    char text[SP_ADDR_SIZE];

    (void)state;
    record(&m, NULL, 0, 1, "\xc0\x00\x02\x07", 4);
    assert_int_equal(parse(&m, SP_DNS_A), 0);
    assert_int_equal(answer.n, 1);
    first = at(0);
    assert_int_equal(at(0).ttl, 300);
    assert_string_equal(at(0).name, "a.test");
    assert_string_equal(sp_addr_text(&first.u.addr, text), "192.0.2.7");
}

static void rcodes_have_their_errors(void **state)
{
    static const struct {
        uint8_t rcode;
        int expected;
    } cases[] = {{0, SP_E_DNS_NODATA},   {1, SP_E_DNS_FORMAT},  {2, SP_E_DNS_SERVFAIL},
                 {3, SP_E_DNS_NXDOMAIN}, {4, SP_E_DNS_REFUSED}, {5, SP_E_DNS_REFUSED},
                 {9, SP_E_DNS_FORMAT}};

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct message m = question(cases[i].rcode, 0, 1);

        assert_int_equal(parse(&m, SP_DNS_A), cases[i].expected);
        assert_int_equal(answer.result, cases[i].expected);
    }
}

static void txt_strings_are_joined_and_nul_is_shown(void **state)
{
    struct message m = question(0, 0, 16);

    (void)state;
    record(&m, NULL, 0, 16, "\x02hi\x00\x03 \x00x", 8);
    assert_int_equal(parse(&m, SP_DNS_TXT), 0);
    assert_string_equal(at(0).u.text, "hi ?x");
}

static void a_long_text_is_cut_wherever_its_strings_end(void **state)
{
    uint8_t data[3 * 256];
    struct message m = question(0, 0, 16);

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        memset(data + i * 256, 'a' + (int)i, 256);
        data[i * 256] = 255;
    }
    record(&m, NULL, 0, 16, data, sizeof data);
    assert_int_equal(parse(&m, SP_DNS_TXT), 0);
    assert_int_equal(strlen(at(0).u.text), SP_DNS_TEXT_MAX - 1);
    assert_int_equal(strspn(at(0).u.text, "a"), 255);
    assert_string_equal(at(0).u.text + 509, "bc");
}

/* Memory for c-ares that runs out. */
static int allocations_left;

static void *scarce(size_t n)
{
    return allocations_left-- > 0 ? malloc(n) : NULL;
}

static void *scarce_again(void *p, size_t n)
{
    return allocations_left-- > 0 ? realloc(p, n) : NULL;
}

static void no_text_is_lost_for_want_of_memory(void **state)
{
    struct message m = question(0, 0, 16);
    int tries = 0;

    (void)state;
    record(&m, NULL, 0, 16, "\x02hi\x03you", 7);
    ares_library_init_mem(ARES_LIB_INIT_ALL, scarce, free, scarce_again);
    do {
        allocations_left = tries++;
        answer.n = 0;
    } while (parse(&m, SP_DNS_TXT) != 0);
    assert_true(tries > 1);
    assert_string_equal(at(0).u.text, "hiyou");
    ares_library_cleanup();
}

static void cname_order_does_not_matter(void **state)
{
    struct message m = question(0, 0, 1);

    (void)state;
    record(&m,
           "\x01"
           "c\x04test",
           8, 1, "\xc0\x00\x02\x07", 4);
    record(&m,
           "\x01"
           "b\x04test",
           8, 5,
           "\x01"
           "c\x04TEST",
           8);
    record(&m, NULL, 0, 5,
           "\x01"
           "B\x04test",
           8);
    assert_int_equal(parse(&m, SP_DNS_A), 0);
    assert_int_equal(answer.n, 3);
    assert_string_equal(at(0).u.host, "b.test");
    assert_string_equal(at(1).u.host, "c.test");
    assert_string_equal(at(2).name, "c.test");
}

static void cname_loop_ends(void **state)
{
    struct message m = question(0, 0, 1);

    (void)state;
    record(&m, NULL, 0, 5,
           "\x01"
           "b\x04test",
           8);
    record(&m,
           "\x01"
           "b\x04test",
           8, 5,
           "\x01"
           "a\x04test",
           8);
    record(&m, NULL, 0, 1, "\xc0\x00\x02\x07", 4);
    parse(&m, SP_DNS_A);
    assert_int_equal(seen(), answer.n);
}

static void asked_for_a_cname_it_is_not_followed(void **state)
{
    struct message m = question(0, 0, 5);

    (void)state;
    record(&m, NULL, 0, 5,
           "\x01"
           "b\x04test",
           8);
    assert_int_equal(parse(&m, SP_DNS_CNAME), 0);
    assert_int_equal(answer.n, 1);
}

static void records_of_other_names_and_types_are_left_out(void **state)
{
    struct message m = question(0, 0, 1);

    (void)state;
    record(&m,
           "\x01"
           "b\x04test",
           8, 1, "\xc0\x00\x02\x07", 4);
    record(&m, NULL, 0, 16, "\x01x", 2);
    assert_int_equal(parse(&m, SP_DNS_A), SP_E_DNS_NODATA);
    assert_int_equal(answer.n, 0);
}

static void null_mx_has_an_empty_host(void **state)
{
    struct message m = question(0, 0, 15);

    (void)state;
    record(&m, NULL, 0, 15, "\x00\x00", 3);
    assert_int_equal(parse(&m, SP_DNS_MX), 0);
    assert_string_equal(at(0).u.mx.host, "");
}

static void caa_is_taken_apart(void **state)
{
    struct message m = question(0, 1, 1);

    (void)state;
    record(&m, NULL, 0, 257, "\x80\x05issueca.test; x=1", 19);
    assert_int_equal(parse(&m, SP_DNS_CAA), 0);
    assert_int_equal(at(0).u.caa.critical, 128);
    assert_string_equal(at(0).u.caa.tag, "issue");
    assert_string_equal(at(0).u.caa.value, "ca.test; x=1");
}

/* 12 bytes and the fields; the first record has its owner with it. */
static size_t spent(unsigned n, size_t fields)
{
    return n * (12 + fields) + sizeof "a.test";
}

static void more_records_than_fit_are_cut(void **state)
{
    struct message m = question(0, 0, 1);
    unsigned most = (SP_DNS_ANSWER_MAX - sizeof "a.test") / (12 + 17);

    (void)state;
    for (unsigned i = 0; i < most; i++) {
        record(&m, NULL, 0, 1, "\xc0\x00\x02\x07", 4);
    }
    assert_int_equal(parse(&m, SP_DNS_A), 0);
    assert_int_equal(answer.n, most);
    assert_int_equal(seen(), most);
    assert_false(answer.cut);
    record(&m, NULL, 0, 1, "\xc0\x00\x02\x07", 4);
    assert_int_equal(parse(&m, SP_DNS_A), 0);
    assert_int_equal(answer.n, most);
    assert_true(answer.cut);
}

/* TXT records that leave room for one of `last` bytes with its terminator and no more. */
static void fill_but(struct message *m, size_t last)
{
    static uint8_t text[513];
    size_t left = SP_DNS_ANSWER_MAX - spent(9, 0) - last;

    memset(text, 'x', sizeof text);
    for (int i = 0; i < 8; i++) {
        size_t n = left / 8 + (i < (int)(left % 8) ? 1 : 0) - 1;

        assert_in_range(n, 256, 510);
        text[0] = 255;
        text[256] = (uint8_t)(n - 255);
        record(m, NULL, 0, 16, text, n + 2);
    }
}

static void the_last_byte_of_an_answer_is_used(void **state)
{
    struct message m = question(0, 0, 16);

    (void)state;
    fill_but(&m, 201);
    record(&m, NULL, 0, 16,
           "\xc8"
           "0123456789012345678901234567890123456789012345678901234567890123456789"
           "0123456789012345678901234567890123456789012345678901234567890123456789"
           "012345678901234567890123456789012345678901234567890123456789",
           201);
    assert_int_equal(parse(&m, SP_DNS_TXT), 0);
    assert_int_equal(answer.n, 9);
    assert_false(answer.cut);
    assert_int_equal(answer.used, SP_DNS_ANSWER_MAX);
    assert_int_equal(strlen(at(8).u.text), 200);
    assert_int_equal(strspn(at(7).u.text, "x"), strlen(at(7).u.text));
}

static void one_byte_too_much_is_cut(void **state)
{
    struct message m = question(0, 0, 16);

    (void)state;
    fill_but(&m, 4);
    record(&m, NULL, 0, 16, "\x04next", 5);
    record(&m, NULL, 0, 16, "\x01x", 2); /* would fit, but comes after the cut */
    assert_int_equal(parse(&m, SP_DNS_TXT), 0);
    assert_int_equal(answer.n, 8);
    assert_int_equal(seen(), 8);
    assert_true(answer.cut);
}

/* Sixteen hosts with the longest names that leave room for their heads. */
static void sixteen_long_mail_hosts_fit(void **state)
{
    struct message m = question(0, 0, 15);
    uint8_t data[2 + 241] = {0, 10};

    (void)state;
    for (int i = 0; i < 16; i++) {
        for (int k = 0; k < 240; k++) {
            data[2 + k] = k % 60 == 0 ? 59 : (uint8_t)('a' + i);
        }
        data[242] = 0;
        record(&m, NULL, 0, 15, data, sizeof data);
    }
    assert_int_equal(parse(&m, SP_DNS_MX), 0);
    assert_int_equal(answer.n, 16);
    assert_false(answer.cut);
    assert_int_equal(strlen(at(15).u.mx.host), 239);
    assert_int_equal(at(15).u.mx.host[0], 'p');
}

static void owners_that_change_are_kept_apart(void **state)
{
    struct message m = question(0, 0, 1);

    (void)state;
    record(&m, NULL, 0, 5,
           "\x01"
           "b\x04test",
           8);
    for (int i = 0; i < 2; i++) {
        record(&m,
               "\x01"
               "B\x04test",
               8, 1, "\xc0\x00\x02\x07", 4);
    }
    assert_int_equal(parse(&m, SP_DNS_A), 0);
    assert_string_equal(at(0).name, "a.test");
    assert_string_equal(at(1).name, "b.test");
    assert_string_equal(at(2).name, "b.test");
}

static void every_shortened_message_is_refused_or_harmless(void **state)
{
    struct message m = question(0, 0, 15);

    (void)state;
    record(&m, NULL, 0, 5,
           "\x01"
           "b\x04test",
           8);
    record(&m,
           "\x01"
           "b\x04test",
           8, 15, "\x00\x0a\x04mail\x04test", 13);
    for (size_t n = 0; n < m.n; n++) {
        assert_int_equal(sp_dns_parse(sp_span(m.bytes, n), "a.test", SP_DNS_MX, &answer),
                         SP_E_DNS_FORMAT);
    }
    assert_int_equal(parse(&m, SP_DNS_MX), 0);
}

static void every_flipped_byte_is_harmless(void **state)
{
    struct message m = question(0, 0, 15);

    (void)state;
    record(&m, NULL, 0, 5,
           "\x01"
           "b\x04test",
           8);
    record(&m,
           "\x01"
           "b\x04test",
           8, 15, "\x00\x0a\x04mail\x04test", 13);
    for (size_t i = 0; i < m.n; i++) {
        for (int bit = 0; bit < 8; bit++) {
            m.bytes[i] ^= (uint8_t)(1 << bit);
            parse(&m, SP_DNS_MX);
            assert_int_equal(seen(), answer.n);
            m.bytes[i] ^= (uint8_t)(1 << bit);
        }
    }
}

static void addresses_alone_follow_the_cname(void **state)
{
    struct message m = question(0, 0, 1);
    struct sp_dns_addresses addresses = {0};
    ares_dns_record_t *response = NULL;

    (void)state;
    record(&m, NULL, 0, 5,
           "\x01"
           "b\x04test",
           8);
    for (int i = 0; i < 10; i++) {
        record(&m,
               "\x01"
               "b\x04test",
               8, 1, "\xc0\x00\x02\x07", 4);
    }
    assert_int_equal(ares_dns_parse(m.bytes, m.n, 0, &response), ARES_SUCCESS);
    sp_dns_take_addresses(response, "a.test", SP_DNS_A, &addresses);
    ares_dns_record_destroy(response);
    assert_int_equal(addresses.result, 0);
    assert_int_equal(addresses.n, SP_DNS_ADDRESSES);
    assert_int_equal(addresses.list[7].bytes[3], 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_checked_and_lowered),
        cmocka_unit_test(names_have_their_limits),
        cmocka_unit_test(address_is_taken),
        cmocka_unit_test(rcodes_have_their_errors),
        cmocka_unit_test(txt_strings_are_joined_and_nul_is_shown),
        cmocka_unit_test(a_long_text_is_cut_wherever_its_strings_end),
        cmocka_unit_test(no_text_is_lost_for_want_of_memory),
        cmocka_unit_test(cname_order_does_not_matter),
        cmocka_unit_test(cname_loop_ends),
        cmocka_unit_test(asked_for_a_cname_it_is_not_followed),
        cmocka_unit_test(records_of_other_names_and_types_are_left_out),
        cmocka_unit_test(null_mx_has_an_empty_host),
        cmocka_unit_test(caa_is_taken_apart),
        cmocka_unit_test(more_records_than_fit_are_cut),
        cmocka_unit_test(the_last_byte_of_an_answer_is_used),
        cmocka_unit_test(one_byte_too_much_is_cut),
        cmocka_unit_test(sixteen_long_mail_hosts_fit),
        cmocka_unit_test(owners_that_change_are_kept_apart),
        cmocka_unit_test(every_shortened_message_is_refused_or_harmless),
        cmocka_unit_test(every_flipped_byte_is_harmless),
        cmocka_unit_test(addresses_alone_follow_the_cname),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
