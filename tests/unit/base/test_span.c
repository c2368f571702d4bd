#include "base/err.h"
#include "base/span.h"

#include "cm.h"

#include <string.h>

static void compare_knows_case_and_length(void **state)
{
    static const struct {
        const char *span, *text;
        bool is, nocase, starts;
    } cases[] = {
        {"", "", true, true, true},
        {"abc", "abc", true, true, true},
        {"ABC", "abc", false, true, false},
        {"abc", "ab", false, false, true},
        {"ab", "abc", false, false, false},
        {"abc", "", false, false, true},
        {"a[", "A{", false, false, false},
        {"\xC4", "\xE4", false, false, false},
        {"MiXed-1", "mIxED-1", false, true, false},
    };
    (void)state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct sp_span span = sp_span_str(cases[i].span);

        assert_int_equal(sp_span_is(span, cases[i].text), cases[i].is);
        assert_int_equal(sp_span_is_nocase(span, cases[i].text), cases[i].nocase);
        assert_int_equal(sp_span_starts(span, cases[i].text), cases[i].starts);
        assert_int_equal(sp_span_equal(span, sp_span_str(cases[i].text)), cases[i].is);
    }
    assert_true(sp_span_equal(sp_span(NULL, 0), sp_span_str("")));
}

static void trim_takes_blanks_at_both_ends_only(void **state)
{
    static const char *const cases[][2] = {{"", ""},          {" ", ""},  {"\t \t", ""},
                                           {" a b\t", "a b"}, {"a", "a"}, {"\na ", "\na"}};
    (void)state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_true(sp_span_is(sp_span_trim(sp_span_str(cases[i][0])), cases[i][1]));
    }
}

static void a_list_has_a_token_whatever_its_case_and_spaces(void **state)
{
    static const struct {
        const char *list;
        bool has;
    } rows[] = {
        {"close", true},   {"keep-alive, Close ", true}, {"a,\tCLOSE,b", true}, {"", false},
        {"closed", false}, {"keep-alive close", false},  {"clos,e", false},     {",,", false}};
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(sp_span_lists(sp_span_str(rows[i].list), "close"), rows[i].has);
    }
}

static void split_gives_empty_parts_and_ends(void **state)
{
    static const struct {
        const char *text, *parts[4];
    } cases[] = {
        {"a,,b", {"a", "", "b"}}, {"", {""}}, {",", {"", ""}}, {"ab", {"ab"}}, {"a,", {"a", ""}},
    };
    (void)state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct sp_span rest = sp_span_str(cases[i].text);
        struct sp_span part;

        for (size_t j = 0; cases[i].parts[j] != NULL; j++) {
            assert_true(sp_span_split(&rest, ',', &part));
            assert_true(sp_span_is(part, cases[i].parts[j]));
        }
        assert_false(sp_span_split(&rest, ',', &part));
    }
}

static void copy_terminates_or_refuses(void **state)
{
    char out[4] = "xyz";
    (void)state;

    assert_int_equal(sp_span_copy(sp_span_str("abc"), out, sizeof out), 0);
    assert_string_equal(out, "abc");
    assert_int_equal(sp_span_copy(sp_span_str("abcd"), out, sizeof out), SP_E_SPACE);
    assert_string_equal(out, "");
    assert_int_equal(sp_span_copy(sp_span("a\0b", 3), out, sizeof out), SP_E_INVALID);
    assert_string_equal(out, "");
    assert_int_equal(sp_span_copy(sp_span(NULL, 0), out, sizeof out), 0);
    assert_string_equal(out, "");
}

static void u64_takes_plain_decimals_up_to_max(void **state)
{
    static const struct {
        const char *text;
        uint64_t max;
        int err;
        uint64_t value;
    } cases[] = {
        {"0", UINT64_MAX, 0, 0},
        {"18446744073709551615", UINT64_MAX, 0, UINT64_MAX},
        {"18446744073709551616", UINT64_MAX, SP_E_INVALID, 0},
        {"99999999999999999999999", UINT64_MAX, SP_E_INVALID, 0},
        {"0000000000000000000000007", 7, 0, 7},
        {"8", 7, SP_E_INVALID, 0},
        {"255", 255, 0, 255},
        {"256", 255, SP_E_INVALID, 0},
        {"0", 0, 0, 0},
        {"1", 0, SP_E_INVALID, 0},
        {"", 9, SP_E_INVALID, 0},
        {"+1", 9, SP_E_INVALID, 0},
        {"-1", 9, SP_E_INVALID, 0},
        {" 1", 9, SP_E_INVALID, 0},
        {"1 ", 9, SP_E_INVALID, 0},
        {"0x1", 99, SP_E_INVALID, 0},
    };
    (void)state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        uint64_t value = 0;

        assert_int_equal(sp_span_u64(sp_span_str(cases[i].text), cases[i].max, &value),
                         cases[i].err);
        assert_int_equal(value, cases[i].value);
    }
}

static void buf_cuts_and_says_so(void **state)
{
    char array[8];
    struct sp_buf buf;
    (void)state;

    sp_buf_init(&buf, array, sizeof array);
    sp_buf_puts(&buf, "abc");
    sp_buf_printf(&buf, "%d", 4567);
    assert_string_equal(array, "abc4567");
    assert_false(buf.cut);
    sp_buf_putc(&buf, 'x');
    assert_true(buf.cut);
    assert_string_equal(array, "abc4567");
    assert_int_equal(sp_buf_span(&buf).n, 7);
    sp_buf_reset(&buf);
    sp_buf_printf(&buf, "%s", "123456789");
    assert_string_equal(array, "1234567");
    assert_true(buf.cut);
    sp_buf_reset(&buf);
    sp_buf_puts(&buf, "123456789");
    assert_string_equal(array, "1234567");
    assert_true(buf.cut);
    sp_buf_init(&buf, array, 1);
    sp_buf_printf(&buf, "a");
    assert_string_equal(array, "");
    assert_true(buf.cut);
}

static void json_escapes_and_replaces(void **state)
{
    static const char *const cases[][2] = {
        {"", "\"\""},
        {"a\"b\\c", "\"a\\\"b\\\\c\""},
        {"\b\f\n\r\t\x01\x1f\x7f", "\"\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\""},
        {"gr\xC3\xBC\xC3\x9F", "\"gr\xC3\xBC\xC3\x9F\""},
        {"\xE2\x82\xAC\xF0\x9F\x98\x80", "\"\xE2\x82\xAC\xF0\x9F\x98\x80\""},
        {"\xFF", "\"\xEF\xBF\xBD\""},
        {"\xC0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {"\xE0\x80\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {"\xED\xA0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {"\xF0\x80\x80\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {"\xF4\x90\x80\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {"\xE2\x82", "\"\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {"\xC3(", "\"\xEF\xBF\xBD(\""},
    };
    (void)state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        char array[64];
        struct sp_buf buf;

        sp_buf_init(&buf, array, sizeof array);
        sp_buf_json(&buf, cases[i][0]);
        assert_string_equal(array, cases[i][1]);
    }
}

static void every_error_has_a_sentence(void **state)
{
    (void)state;

    for (int err = 0; err >= SP_E_PROTOCOL; err--) {
        const char *text = sp_err_text(err);

        assert_non_null(text);
        assert_string_not_equal(text, "an unknown error");
        assert_int_not_equal(text[strlen(text) - 1], '.');
    }
    assert_string_equal(sp_err_text(1), "an unknown error");
    assert_string_equal(sp_err_text(SP_E_PROTOCOL - 1), "an unknown error");
    assert_string_equal(sp_err_text(INT32_MIN), "an unknown error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compare_knows_case_and_length),
        cmocka_unit_test(trim_takes_blanks_at_both_ends_only),
        cmocka_unit_test(a_list_has_a_token_whatever_its_case_and_spaces),
        cmocka_unit_test(split_gives_empty_parts_and_ends),
        cmocka_unit_test(copy_terminates_or_refuses),
        cmocka_unit_test(u64_takes_plain_decimals_up_to_max),
        cmocka_unit_test(buf_cuts_and_says_so),
        cmocka_unit_test(json_escapes_and_replaces),
        cmocka_unit_test(every_error_has_a_sentence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
