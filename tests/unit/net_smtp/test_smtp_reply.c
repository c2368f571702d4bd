/* Replies of SMTP servers: as the RFC has them, as servers write them, and rubbish. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/err.h"
#include "net/smtp_reply.h"

static struct sp_smtp_reply reply;

/* The result of the first `n` bytes; *used tells how many it took. */
static int feed(const char *text, size_t n, size_t *used)
{
    int ret = SP_E_AGAIN;

    *used = 0;
    while (*used < n && ret == SP_E_AGAIN) {
        ret = sp_smtp_reply_feed(&reply, (uint8_t)text[(*used)++]);
    }
    return ret;
}

static const struct {
    const char *text;
    int result;
    bool found;
    const char *said;
    const char *rest;
} rows[] = {
    {"220 mail.example.net ESMTP\r\n", 220, false, "mail.example.net ESMTP", ""},
    {"220 a\n", 220, false, "a", ""},
    {"220\r\n", 220, false, "", ""},
    {"220 \r\n", 220, false, "", ""},
    {"250-a\r\n250-SIZE 100\r\n250-STARTTLS\r\n250 HELP\r\n", 250, true, "a", ""},
    {"250-a\r\n250 starttls\r\n", 250, true, "a", ""},
    {"250-a\r\n250-StartTLS \r\n250 X\r\n", 250, true, "a", ""},
    {"250-a\n250 STARTTLS\n", 250, true, "a", ""},
    {"250-STARTTLS\r\n250 X\r\n", 250, false, "STARTTLS", ""}, /* a host of that name */
    {"250-a\r\n250 STARTTLSX\r\n", 250, false, "a", ""},
    {"250-a\r\n250 XSTARTTLS\r\n", 250, false, "a", ""},
    {"250-a\r\n250- STARTTLS\r\n250 X STARTTLS\r\n", 250, false, "a", ""},
    {"250-a\r\n250 STARTTL\r\n", 250, false, "a", ""},
    {"220 go\r\n250 injected\r\n", 220, false, "go", "250 injected\r\n"},
    {"421 4.7.1 not\ttoday\x1B[31m\r\n", 421, false, "4.7.1 not?today?[31m", ""},
    {"554-no\r\n554 mail\r\n", 554, false, "no", ""},
    {"220-slow\r\n", SP_E_AGAIN, false, "slow", ""},
    {"220", SP_E_AGAIN, false, "", ""},
    {"250-a\r\n220 b\r\n", SP_E_PROTOCOL, false, NULL, NULL},
    {"22\r\n", SP_E_PROTOCOL, false, NULL, NULL},
    {"\r\n", SP_E_PROTOCOL, false, NULL, NULL},
    {"\n", SP_E_PROTOCOL, false, NULL, NULL},
    {"2200 a\r\n", SP_E_PROTOCOL, false, NULL, NULL},
    {"220:a\r\n", SP_E_PROTOCOL, false, NULL, NULL},
    {"120 a\r\n", SP_E_PROTOCOL, false, NULL, NULL},
    {"620 a\r\n", SP_E_PROTOCOL, false, NULL, NULL},
    {"HTTP/1.1 400 Bad Request\r\n", SP_E_PROTOCOL, false, NULL, NULL},
    {"SSH-2.0-OpenSSH\r\n", SP_E_PROTOCOL, false, NULL, NULL},
    {" 220 a\r\n", SP_E_PROTOCOL, false, NULL, NULL},
};

static void replies_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t used;

        sp_smtp_reply_begin(&reply, "STARTTLS");
        if (feed(rows[i].text, strlen(rows[i].text), &used) != rows[i].result ||
            reply.found != rows[i].found) {
            fail_msg("row %zu", i);
        }
        if (rows[i].said != NULL) {
            assert_string_equal(reply.said, rows[i].said);
            assert_string_equal(rows[i].text + used, rows[i].rest);
        }
    }
}

static void without_a_keyword_nothing_is_found(void **state)
{
    size_t used;

    (void)state;
    sp_smtp_reply_begin(&reply, NULL);
    assert_int_equal(feed("250-a\r\n250 STARTTLS\r\n", 21, &used), 250);
    assert_false(reply.found);
}

static void long_lines_are_taken_and_their_words_cut(void **state)
{
    static char text[3000];
    size_t used;

    (void)state;
    memset(text, 'x', sizeof text);
    memcpy(text, "220 ", 4);
    memcpy(text + sizeof text - 2, "\r\n", 2);
    sp_smtp_reply_begin(&reply, NULL);
    assert_int_equal(feed(text, sizeof text, &used), 220);
    assert_int_equal(strlen(reply.said), SP_SMTP_SAID - 1);
}

static int endless(const char *piece)
{
    int ret = SP_E_AGAIN;
    size_t n = strlen(piece);

    sp_smtp_reply_begin(&reply, "STARTTLS");
    for (size_t i = 0; i < 100000 && ret == SP_E_AGAIN; i++) {
        ret = sp_smtp_reply_feed(&reply, (uint8_t)piece[i < n ? i : n - 1 - (i % 2)]);
    }
    return ret;
}

static void server_that_never_ends_is_ended(void **state)
{
    int ret = SP_E_AGAIN;

    (void)state;
    assert_int_equal(endless("220 xx"), SP_E_TOO_BIG);
    sp_smtp_reply_begin(&reply, "STARTTLS");
    for (size_t i = 0; i < 100000 && ret == SP_E_AGAIN; i++) {
        ret = sp_smtp_reply_feed(&reply, (uint8_t) "250-a\r\n"[i % 7]);
    }
    assert_int_equal(ret, SP_E_TOO_BIG);
}

static uint32_t draw(uint32_t *seed)
{
    *seed = *seed * 1664525U + 1013904223U;
    return *seed >> 8;
}

/* Bytes that are likely to mean something, in any order: it always ends, with what it may say. */
static void any_bytes_end_in_a_result(void **state)
{
    static const char alphabet[] = "2222555500-- \r\n\nSTARTTLS\0\xFF";
    uint32_t seed = 1;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        int ret = SP_E_AGAIN;

        sp_smtp_reply_begin(&reply, "STARTTLS");
        for (size_t i = 0; ret == SP_E_AGAIN; i++) {
            uint8_t c = (uint8_t)alphabet[draw(&seed) % (sizeof alphabet - 1)];

            c = i % 7 < 3 && round % 2 == 0 ? (uint8_t) "250"[i % 7] : c;
            ret = sp_smtp_reply_feed(&reply, c);
            assert_true(i < SP_SMTP_REPLY_MAX + 1);
        }
        assert_true(ret == SP_E_PROTOCOL || ret == SP_E_TOO_BIG || (ret >= 200 && ret <= 599));
        assert_true(memchr(reply.said, '\0', sizeof reply.said) != NULL);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_are_read),
        cmocka_unit_test(without_a_keyword_nothing_is_found),
        cmocka_unit_test(long_lines_are_taken_and_their_words_cut),
        cmocka_unit_test(server_that_never_ends_is_ended),
        cmocka_unit_test(any_bytes_end_in_a_result),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
