/* A policy's body, by a table of what senders refuse. */
#include "checks/check_body.h"

#include "cm.h"

#include <string.h>

#define V "version: STSv1\r\n"
#define M "mode: testing\r\n"
#define X "mx: mail.example.com\r\n"
#define A "max_age: 86400\r\n"

static const struct row {
    const char *body;
    unsigned line;
    const char *what; /* NULL: nothing is wrong */
} rows[] = {
    {V M X A, 0, NULL},
    {"version: STSv1\nmode: enforce\nmx: *.example.com\nmax_age: 1\n", 0, NULL},
    {"version:STSv1\r\nmode:none\r\nmx:a.example\r\nmax_age:31557599", 0, NULL},
    {V A X M "x-more: anything at all\r\n", 0, NULL},
    {V M X "mx: b.example.com\r\n" A, 0, NULL},
    {"", 0, "it is empty"},
    {V X A, 0, "it has no mode"},
    {V M X, 0, "it has no max_age"},
    {V M A, 0, "it has no mx"},
    {"\xEF\xBB\xBF" V M X A, 1, "not printable ASCII"},
    {M V X A, 1, "is not \"version: STSv1\""},
    {"version: STSv2\r\n" M X A, 1, "another version"},
    {"version: stsv1\r\n" M X A, 1, "another version"},
    {"Version: STSv1\r\n" M X A, 1, "a key in lower case"},
    {"version : STSv1\r\n" M X A, 1, "of the form \"key: value\""},
    {V "\r\n" M X A, 2, "is blank"},
    {V M X A "\r\n", 5, "is blank"},
    {V M X A " ", 5, "is blank"},
    {V M X "max_age: 86400 \r\n", 4, "ends with a space"},
    {V "mode: testing\n" X A, 2, "ends otherwise"},
    {V M "mx: a.example\r" A, 3, "not printable ASCII"},
    {V "mode: Enforce\r\n" X A, 2, "a mode other than"},
    {V "mode: report\r\n" X A, 2, "a mode other than"},
    {V M M X A, 3, "was there before"},
    {V M X A A, 5, "was there before"},
    {V M X "max_age: 0\r\n", 4, "a max_age"},
    {V M X "max_age: 31557600\r\n", 4, "a max_age"},
    {V M X "max_age: -1\r\n", 4, "a max_age"},
    {V M X "max_age: 1d\r\n", 4, "a max_age"},
    {V M X "max_age:\r\n", 4, "a max_age"},
    {V M "mx: 192.0.2.1\r\n" A, 3, "an mx that is not a host name"},
    {V M "mx: *\r\n" A, 3, "an mx that is not a host name"},
    {V M "mx: *.*.example.com\r\n" A, 3, "an mx"},
    {V M "mx: a*.example.com\r\n" A, 3, "an mx"},
    {V M "mx: b\xC3\xBC"
         "cher.example\r\n" A,
     3, "not printable ASCII"},
    {V M "mx: a.example, b.example\r\n" A, 3, "an mx"},
    {V M "mx\r\n" A, 3, "of the form"},
    {"<html>\n", 1, "of the form"},
};

static void each_body_is_judged_as_the_strictest_sender_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sp_check_body_fault fault = sp_check_body(sp_span_str(rows[i].body));
        bool fits = rows[i].what == NULL
                        ? fault.what == NULL
                        : fault.what != NULL && strstr(fault.what, rows[i].what) != NULL;

        if (!fits || fault.line != rows[i].line) {
            fail_msg("row %zu: line %u %s", i, fault.line, fault.what != NULL ? fault.what : "-");
        }
    }
}

static void nul_bytes_are_no_text(void **state)
{
    (void)state;
    assert_non_null(sp_check_body(sp_span(V "\0", sizeof V)).what);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_body_is_judged_as_the_strictest_sender_does),
        cmocka_unit_test(nul_bytes_are_no_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
