/* Keys, the line that they make, and its picture. */
#include "editor_rig.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name, *keys, *line;
    size_t at;
    unsigned bells;
} edits[] = {
    {"typing appends", "status", "status", 6, 0},
    {"backspace takes the glyph before the cursor", "abc\b", "ab", 2, 0},
    {"DEL does the same", "abc\x7f", "ab", 2, 0},
    {"backspace at the beginning rings", "\x7f", "", 0, 1},
    {"left and typing inserts", "ac" LEFT "b", "abc", 2, 0},
    {"left at the beginning stays", "a" LEFT LEFT LEFT "b", "ba", 1, 0},
    {"right at the end stays", "a" RIGHT RIGHT "b", "ab", 2, 0},
    {"backspace in the middle", "abc" LEFT "\x7f", "ac", 1, 0},
    {"Delete takes the glyph under the cursor", "abc" LEFT LEFT "\x1b[3~", "ac", 1, 0},
    {"Ctrl-D does the same", "abc" LEFT LEFT "\x04", "ac", 1, 0},
    {"Ctrl-D at the end of a line rings", "abc\x04", "abc", 3, 1},
    {"Ctrl-A and Ctrl-E go to the ends",
     "bc\x01"
     "a\x05"
     "d",
     "abcd", 4, 0},
    {"Ctrl-B and Ctrl-F move",
     "abc\x02\x02\x06"
     "x",
     "abxc", 3, 0},
    {"Home and End, as CSI H and F", "bc\x1b[Ha\x1b[Fd", "abcd", 4, 0},
    {"Home and End, as SS3", "bc\x1bOHa\x1bOFd", "abcd", 4, 0},
    {"Home and End, as CSI 1~ and 4~", "bc\x1b[1~a\x1b[4~d", "abcd", 4, 0},
    {"Home and End, as CSI 7~ and 8~", "bc\x1b[7~a\x1b[8~d", "abcd", 4, 0},
    {"arrows as SS3",
     "ac\x1bOD"
     "b",
     "abc", 2, 0},
    {"arrows with modifiers move, too",
     "ac\x1b[1;5D"
     "b",
     "abc", 2, 0},
    {"Ctrl-K cuts to the end", "abcd" LEFT LEFT "\x0b", "ab", 2, 0},
    {"Ctrl-U cuts to the beginning", "abcd" LEFT LEFT "\x15", "cd", 0, 0},
    {"Ctrl-U on an empty line is silent", "\x15", "", 0, 0},
    {"Ctrl-W cuts a word", "net static  10\x17", "net static  ", 12, 0},
    {"Ctrl-W cuts the spaces behind it", "net static  \x17", "net ", 4, 0},
    {"Ctrl-L keeps the line",
     "abc" LEFT "\x0c"
     "x",
     "abxc", 3, 0},
    {"a letter of two bytes is one glyph",
     "a\xc3\xa4"
     "b" LEFT "\x7f",
     "ab", 1, 0},
    {"glyphs of three and four bytes", "\xe2\x82\xac\xf0\x9f\x90\xa7" LEFT LEFT "x",
     "x\xe2\x82\xac\xf0\x9f\x90\xa7", 1, 0},
    {"an overlong form is refused",
     "a\xc0\xaf"
     "b",
     "ab", 2, 2},
    {"an overlong form of three bytes is refused",
     "a\xe0\x80\xaf"
     "b",
     "ab", 2, 1},
    {"a surrogate is refused", "\xed\xa0\x80", "", 0, 1},
    {"over U+10FFFF is refused", "\xf4\x90\x80\x80", "", 0, 1},
    {"a C1 control is refused",
     "\xc2\x9b"
     "31m",
     "31m", 3, 1},
    {"a glyph that is cut short is refused",
     "\xe2\x82"
     "a",
     "a", 1, 1},
    {"a lone continuation is refused",
     "\x80"
     "a",
     "a", 1, 1},
    {"a glyph that a control cuts short is dropped",
     "\xe2\x82\x01"
     "a",
     "a", 1, 0},
    {"other controls ring",
     "a\x07\x1a\x1f"
     "b",
     "ab", 2, 3},
    {"an unknown key rings",
     "a\x1b[15~\x1b[Z"
     "b",
     "ab", 2, 2},
    {"Alt with a key rings",
     "a\x1bx"
     "b",
     "ab", 2, 1},
    {"ESC twice begins anew",
     "ac\x1b\x1b[D"
     "b",
     "abc", 2, 0},
    {"a control within a sequence ends it",
     "ac\x1b[1\x02"
     "b",
     "abc", 2, 0},
    {"a sequence without end is given up", "a\x1b[000000000000000000000000000000", "a00000", 6, 1},
    {"numbers that overflow mean nothing", "a\x1b[99999999999999~", "a", 1, 1},
    {"the terminal's report of its width is no text", "ab\x1b[24;100R", "ab", 2, 0},
};

static void editor_edits(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(edits); i++) {
        print_message("  %s\n", edits[i].name);
        rig_start(80);
        (void)rig_type(edits[i].keys);
        assert_string_equal(rig.editor.line, edits[i].line);
        assert_int_equal(rig.editor.at, edits[i].at);
        assert_int_equal(rig.terminal.bells, edits[i].bells);
    }
}

static void typing_at_the_end_echoes_just_what_is_typed(void **state)
{
    char long_line[301];

    (void)state;
    rig_start(80);
    memset(long_line, 'x', 300);
    long_line[300] = '\0';
    rig.sent_n = 0;
    (void)rig_type(long_line);
    assert_string_equal(rig.sent, long_line);
}

static void enter_is_CR_or_LF_or_both(void **state)
{
    (void)state;
    rig_start(80);
    assert_int_equal(rig_type("a\r"), SP_EDIT_LINE);
    rig_begin("sealpost> ", SP_ECHO_LINE);
    assert_int_equal(rig_type("\n"), SP_EDIT_NONE); /* belongs to the CR */
    assert_int_equal(rig_type("b\n"), SP_EDIT_LINE);
    assert_string_equal(rig.editor.line, "b");
    rig_begin("sealpost> ", SP_ECHO_LINE);
    assert_int_equal(rig_type("\n"), SP_EDIT_LINE); /* an empty line of its own */
    assert_int_equal(rig_type("\r"), SP_EDIT_LINE);
    assert_int_equal(rig_type("\r"), SP_EDIT_LINE);
}

static void events_are_told(void **state)
{
    (void)state;
    rig_start(80);
    assert_int_equal(rig_type("abc\t"), SP_EDIT_COMPLETE);
    assert_int_equal(rig_type("\x03"), SP_EDIT_CANCEL);
    rig_begin("sealpost> ", SP_ECHO_LINE);
    assert_int_equal(rig_type("\x04"), SP_EDIT_END);
    assert_int_equal(rig_type("ab" LEFT "\t"),
                     SP_EDIT_NONE); /* within a word: nothing to complete */
}

static void enter_in_the_middle_leaves_the_cursor_below_the_line(void **state)
{
    char keys[200];

    (void)state;
    rig_start(80);
    memset(keys, 'x', 100);
    (void)snprintf(keys + 100, sizeof keys - 100, "%s", "\x01\r");
    (void)rig_type(keys);
    assert_int_equal(rig.terminal.row, rig.base + 2);
    assert_int_equal(rig.terminal.column, 0);
}

static void too_long_keeps_what_stands_there_and_is_not_run(void **state)
{
    (void)state;
    rig_start(80);
    for (int i = 0; i < SP_CONSOLE_LINE_MAX - 1; i++) {
        (void)rig_type("x");
    }
    assert_int_equal(rig.terminal.bells, 0);
    (void)rig_type("y");
    assert_int_equal(rig.terminal.bells, 1);
    (void)rig_type("\xc3\xa4");
    assert_int_equal(rig.terminal.bells, 2);
    assert_int_equal(rig.editor.len, SP_CONSOLE_LINE_MAX - 1);
    assert_null(strchr(rig.editor.line, 'y'));
    assert_int_equal(rig_type("\r"), SP_EDIT_TOO_LONG);
}

static void too_long_is_forgiven_once_the_line_is_shortened(void **state)
{
    (void)state;
    rig_start(80);
    for (int i = 0; i < SP_CONSOLE_LINE_MAX; i++) {
        (void)rig_type("x");
    }
    (void)rig_type("\x7f");
    assert_int_equal(rig_type("\r"), SP_EDIT_LINE);
}

static void lines_over_the_margin_are_edited_in_the_right_place(void **state)
{
    static const unsigned lengths[] = {68, 69, 70, 71, 149, 150, 151, 230};

    (void)state;
    for (size_t i = 0; i < COUNT(lengths); i++) {
        rig_start(80);
        for (unsigned j = 0; j < lengths[i]; j++) {
            (void)rig_type("x");
        }
        (void)rig_type(LEFT "a" RIGHT "b\x01"
                            "c\x05"
                            "d\x7f\x7f" LEFT LEFT "\x0b\x01\x06\x06\x15");
        (void)rig_type("0123456789\x05\x17");
        assert_string_equal(rig.editor.line, "");
    }
}

static void width_is_asked_at_the_first_cursor_key_only(void **state)
{
    (void)state;
    rig_start(120);
    rig.editor.width = 80; /* nobody has told the editor */
    (void)rig_type("abc\x7f");
    assert_int_equal(rig.terminal.asked, 0);
    (void)rig_type(LEFT LEFT);
    assert_int_equal(rig.terminal.asked, 1);
    (void)rig_type("\x1b[1;120R\x05");
    assert_int_equal(rig.editor.width, 120);
    for (int i = 0; i < 200; i++) {
        (void)rig_type("x");
    }
    (void)rig_type("\x01y");
}

static void widths_that_no_terminal_has_are_ignored(void **state)
{
    (void)state;
    rig_start(80);
    (void)rig_type("\x1b[1;0R\x1b[1;19R\x1b[1;501R\x1b[R");
    assert_int_equal(rig.editor.width, 80);
}

/* --- secrets and pasted text --- */

static void hidden_text_does_not_show(void **state)
{
    (void)state;
    rig_start(80);
    sp_history_add(&rig.history, "status");
    rig_begin("password: ", SP_ECHO_HIDDEN);
    rig.sent_n = 0;
    (void)rig_type("secrex\x7ft" LEFT "\x05" UP);
    assert_string_equal(rig.editor.line, "secret");
    assert_string_equal(rig.sent, "\a"); /* no history here */
    assert_int_equal(rig_type("\r"), SP_EDIT_LINE);
    sp_editor_wipe(&rig.editor);
    for (size_t i = 0; i < sizeof rig.editor.line; i++) {
        assert_int_equal(rig.editor.line[i], 0);
    }
}

static void pasted_text_makes_no_sound(void **state)
{
    (void)state;
    rig_start(80);
    rig_begin("", SP_ECHO_SILENT);
    rig.sent_n = 0;
    assert_int_equal(rig_type("-----BEGIN\t \x01\xff\x04\x1a\r"), SP_EDIT_LINE);
    assert_int_equal(rig.sent_n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(editor_edits),
        cmocka_unit_test(typing_at_the_end_echoes_just_what_is_typed),
        cmocka_unit_test(enter_is_CR_or_LF_or_both),
        cmocka_unit_test(events_are_told),
        cmocka_unit_test(enter_in_the_middle_leaves_the_cursor_below_the_line),
        cmocka_unit_test(too_long_keeps_what_stands_there_and_is_not_run),
        cmocka_unit_test(too_long_is_forgiven_once_the_line_is_shortened),
        cmocka_unit_test(lines_over_the_margin_are_edited_in_the_right_place),
        cmocka_unit_test(width_is_asked_at_the_first_cursor_key_only),
        cmocka_unit_test(widths_that_no_terminal_has_are_ignored),
        cmocka_unit_test(hidden_text_does_not_show),
        cmocka_unit_test(pasted_text_makes_no_sound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
