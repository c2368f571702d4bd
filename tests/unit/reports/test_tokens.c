/* JSON, in pieces of any size: a table of texts and what is told of them. */
#include "base/err.h"
#include "reports/tokens.h"

#include "cm.h"
#include <string.h>

static char told_array[4000];
static struct sp_buf told;
static int answer;

static int tell(void *ctx, enum sp_token token, const char *text, bool cut)
{
    static const char marks[] = "{[.ksnl";

    assert_ptr_equal(ctx, &told);
    sp_buf_printf(&told, "%c%s%s", marks[token], text, cut ? "~" : "");
    return answer;
}

static int parse(struct sp_span text, size_t piece)
{
    struct sp_tokens tokens;
    int err = 0;

    sp_buf_init(&told, told_array, sizeof told_array);
    sp_tokens_begin(&tokens, tell, &told);
    for (size_t at = 0; at < text.n && err == 0; at += piece) {
        err = sp_tokens_feed(&tokens,
                             sp_span(text.p + at, text.n - at < piece ? text.n - at : piece));
    }
    return err == 0 ? sp_tokens_finish(&tokens) : err;
}

static void texts_are_judged(void **state)
{
    static const struct {
        const char *text, *told; /* NULL: refused */
    } rows[] = {
        {"{}", "{."},
        {" [ ] \r\n", "[."},
        {"{\"a\":1,\"b\":[true,null,{\"c\":\"d\"}]}", "{kan1kb[ltruelnull{kcsd..."},
        {"[1,-2,0,0.5,1e3,-1.25E-7,10]", "[n1n-2n0n0.5n1e3n-1.25E-7n10."},
        {"17", "n17"},
        {"\"x\"", "sx"},
        {"false", "lfalse"},
        {"[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]", "[s\"\\/\b\f\n\r\t."},
        {"[\"\\u0041\\u00e4\\u20AC\\ud83d\\ude00\"]", "[sA\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80."},
        {"[\"\\ud83dx\\ude00\\ud83d\"]", "[s\xef\xbf\xbdx\xef\xbf\xbd\xef\xbf\xbd."},
        {"[\"\xff\xc3\x7f\"]", "[s\xff\xc3\x7f."},
        {"", NULL},
        {" ", NULL},
        {"{", NULL},
        {"[1", NULL},
        {"[1,]", NULL},
        {"[,1]", NULL},
        {"{\"a\":1,}", NULL},
        {"{\"a\"}", NULL},
        {"{\"a\":}", NULL},
        {"{1:2}", NULL},
        {"{a:2}", NULL},
        {"[1}", NULL},
        {"{]", NULL},
        {"]", NULL},
        {"[1 2]", NULL},
        {"[]1", NULL},
        {"[]]", NULL},
        {"{},", NULL},
        {"[01]", NULL},
        {"[-]", NULL},
        {"[+1]", NULL},
        {"[.5]", NULL},
        {"[1.]", NULL},
        {"[1e]", NULL},
        {"[1e+]", NULL},
        {"[1.5.5]", NULL},
        {"[1-2]", NULL},
        {"[tru]", NULL},
        {"[truefalse]", NULL},
        {"[True]", NULL},
        {"[NaN]", NULL},
        {"['a']", NULL},
        {"[\"a\nb\"]", NULL},
        {"[\"\\x\"]", NULL},
        {"[\"\\u12g4\"]", NULL},
        {"[\"a]", NULL},
        {"\xef\xbb\xbf{}", NULL},
        {"1 1", NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (size_t piece = 1; piece < 40; piece += 13) {
            int err = parse(sp_span_str(rows[i].text), piece);

            if (err != (rows[i].told != NULL ? 0 : SP_E_INVALID) ||
                (err == 0 && strcmp(told.p, rows[i].told) != 0)) {
                fail_msg("%s gives %d, %s", rows[i].text, err, told.p);
            }
        }
    }
}

static void a_nul_is_refused(void **state)
{
    (void)state;
    assert_int_equal(parse(sp_span("[\"a\0b\"]", 7), 9), SP_E_INVALID);
    assert_int_equal(parse(sp_span("[\"\\\0b\"]", 7), 9), SP_E_INVALID);
    assert_int_equal(parse(sp_span("[\"\\u\0000\"]", 8), 9), SP_E_INVALID);
    assert_int_equal(parse(sp_span("[1\0]", 4), 9), SP_E_INVALID);
    assert_int_equal(parse(sp_span("\0", 1), 9), SP_E_INVALID);
}

static void long_texts_are_told_cut(void **state)
{
    char text[2000], wanted[300];

    (void)state;
    memset(text, 'a', sizeof text);
    memset(wanted, 'a', sizeof wanted);
    text[0] = '"';
    text[256] = '"';
    assert_int_equal(parse(sp_span(text, 257), 1), 0);
    wanted[0] = 's';
    wanted[256] = '\0';
    assert_string_equal(told.p, wanted);
    text[256] = 'a';
    text[1999] = '"';
    assert_int_equal(parse(sp_span(text, 2000), 7), 0);
    (void)strcpy(wanted + 256, "~");
    assert_string_equal(told.p, wanted);
    memset(text, '1', sizeof text);
    assert_int_equal(parse(sp_span(text, 2000), 7), 0);
    assert_int_equal(told.p[told.len - 1], '~');
}

static void nesting_is_bounded(void **state)
{
    char text[64];

    (void)state;
    memset(text, '[', 32);
    memset(text + SP_TOKENS_DEPTH, ']', 32);
    assert_int_equal(parse(sp_span(text, 2 * (size_t)SP_TOKENS_DEPTH), 1), 0);
    memset(text, '[', 32);
    assert_int_equal(parse(sp_span(text, SP_TOKENS_DEPTH), 1), SP_E_INVALID);
    assert_int_equal(parse(sp_span(text, SP_TOKENS_DEPTH + 1), 1), SP_E_TOO_BIG);
}

static void the_listener_may_end_it(void **state)
{
    (void)state;
    answer = SP_E_STATE;
    assert_int_equal(parse(sp_span_str("[1, 2]"), 1), SP_E_STATE);
    assert_string_equal(told.p, "[");
    assert_int_equal(parse(sp_span_str("1"), 1), SP_E_STATE);
    answer = 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_judged),        cmocka_unit_test(a_nul_is_refused),
        cmocka_unit_test(long_texts_are_told_cut), cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(the_listener_may_end_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
