/* Going back to former lines; keys and bytes at random. */
#include "editor_rig.h"

#include <stdlib.h>
#include <string.h>

static void enter(const char *line)
{
    (void)rig_type(line);
    sp_history_add(&rig.history, rig.editor.line);
    (void)rig_type("\r");
    rig_begin("sealpost> ", SP_ECHO_LINE);
}

static void history_goes_back_and_forth(void **state)
{
    (void)state;
    rig_start(80);
    enter("one");
    enter("two");
    (void)rig_type(UP);
    assert_string_equal(rig.editor.line, "two");
    (void)rig_type(UP);
    assert_string_equal(rig.editor.line, "one");
    (void)rig_type(UP);
    assert_string_equal(rig.editor.line, "one");
    assert_int_equal(rig.terminal.bells, 1);
    (void)rig_type(DOWN);
    assert_string_equal(rig.editor.line, "two");
    (void)rig_type(DOWN);
    assert_string_equal(rig.editor.line, "");
    (void)rig_type(DOWN);
    assert_int_equal(rig.terminal.bells, 2);
}

static void history_brings_the_draft_back(void **state)
{
    (void)state;
    rig_start(80);
    enter("one");
    (void)rig_type("dra" UP DOWN "ft");
    assert_string_equal(rig.editor.line, "draft");
    (void)rig_type(UP UP);
    assert_string_equal(rig.editor.line, "one");
    (void)rig_type("\r");
    rig_begin("sealpost> ", SP_ECHO_LINE);
    (void)rig_type(UP);
    assert_string_equal(rig.editor.line, "one"); /* the draft was not entered */
}

static void history_keeps_no_line_twice_in_a_row(void **state)
{
    (void)state;
    rig_start(80);
    enter("one");
    enter("two");
    enter("two");
    enter("");
    (void)rig_type(UP UP);
    assert_string_equal(rig.editor.line, "one");
}

static void history_drops_the_oldest(void **state)
{
    char line[101];

    (void)state;
    rig_start(80);
    for (int i = 0; i < 50; i++) {
        memset(line, 'x', 100);
        line[100] = '\0';
        line[0] = (char)('0' + i);
        sp_history_add(&rig.history, line);
    }
    assert_int_equal(sp_history_get(&rig.history, 1)[0], '0' + 49);
    assert_int_equal(sp_history_get(&rig.history, 20)[0], '0' + 30);
    assert_null(sp_history_get(&rig.history, 21));
    for (int i = 0; i < 25; i++) {
        (void)rig_type(UP);
    }
}

static void history_takes_a_draft_that_pushes_all_else_out(void **state)
{
    char line[SP_CONSOLE_LINE_MAX];

    (void)state;
    rig_start(80);
    memset(line, 'x', sizeof line - 1);
    line[sizeof line - 1] = '\0';
    sp_history_add(&rig.history, "a");
    sp_history_add(&rig.history, line);
    for (size_t i = 0; i + 1 < sizeof line; i++) {
        (void)rig_type("y");
    }
    (void)rig_type(UP);
    assert_int_equal(rig.editor.line[0], 'x');
    (void)rig_type(DOWN);
    assert_int_equal(rig.editor.line[0], 'y');
}

/* --- torture --- */

static const char *random_key(unsigned n)
{
    static const char *const keys[] = {LEFT,       RIGHT,
                                       UP,         DOWN,
                                       "\x01",     "\x05",
                                       "\x7f",     "\x0b",
                                       "\x15",     "\x17",
                                       "\xc3\xa4", "x",
                                       "word ",    "0123456789012345678901234567890123456789",
                                       "\x1b[3~",  "\x1b[H",
                                       "\x1b[F",   " ",
                                       "\r",       "\x03",
                                       "\x0c",     "\xe2\x82\xac"};

    return keys[n % COUNT(keys)];
}

static void torture(enum sp_edit (*next)(unsigned number), unsigned width)
{
    rig_start(width);
    for (int i = 0; i < 6000; i++) {
        enum sp_edit event = next((unsigned)rand());

        if (rig.editor.width != width) {
            rig_start(width); /* a report by chance */
            continue;
        }
        if (event == SP_EDIT_LINE) {
            sp_history_add(&rig.history, rig.editor.line);
        }
        if (event == SP_EDIT_END) {
            (void)terminal_put(&rig.terminal, "\r\n", 2);
        }
        if (event != SP_EDIT_NONE && event != SP_EDIT_COMPLETE) {
            rig_begin("sealpost> ", SP_ECHO_LINE);
        }
    }
}

static enum sp_edit next_key(unsigned number)
{
    return rig_type(random_key(number));
}

static enum sp_edit next_byte(unsigned number)
{
    char byte[2] = {(char)(number >> 8), '\0'};

    if (number % 8 == 0) {
        return rig_type("\x1b[");
    }
    return byte[0] == '\0' ? SP_EDIT_NONE : rig_type(byte);
}

static void random_keys_leave_a_true_picture(void **state)
{
    (void)state;
    srand(1);
    torture(next_key, 80);
    torture(next_key, 23);
    torture(next_key, 132);
}

static void random_bytes_do_no_harm(void **state)
{
    (void)state;
    srand(2);
    torture(next_byte, 80);
    torture(next_byte, 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(history_goes_back_and_forth),
        cmocka_unit_test(history_brings_the_draft_back),
        cmocka_unit_test(history_keeps_no_line_twice_in_a_row),
        cmocka_unit_test(history_drops_the_oldest),
        cmocka_unit_test(history_takes_a_draft_that_pushes_all_else_out),
        cmocka_unit_test(random_keys_leave_a_true_picture),
        cmocka_unit_test(random_bytes_do_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
