#include "editor_rig.h"

#include "console/glyph.h"

#include <stdio.h>
#include <string.h>

struct rig rig;

static size_t no_read(struct sp_hal_uart *uart, void *buf, size_t n)
{
    (void)uart;
    (void)buf;
    (void)n;
    return 0;
}

static size_t to_terminal(struct sp_hal_uart *uart, const void *buf, size_t n)
{
    (void)uart;
    if (rig.sent_n + n < sizeof rig.sent) {
        memcpy(rig.sent + rig.sent_n, buf, n);
        rig.sent_n += n;
        rig.sent[rig.sent_n] = '\0';
    }
    if (!terminal_put(&rig.terminal, buf, n)) {
        fail_msg("the terminal does not know %zu bytes of: %s", n, rig.sent);
    }
    return n;
}

static const struct sp_hal_uart_ops ops = {.read = no_read, .write = to_terminal};
static struct sp_hal_uart uart = {.ops = &ops};

static void show(void)
{
    while (sp_out_drain(&rig.out, &uart)) {
        ;
    }
    assert_true(sp_out_empty(&rig.out));
    assert_false(rig.out.overflow);
}

void rig_begin(const char *prompt, enum sp_echo echo)
{
    if (rig.terminal.row > 12) {
        terminal_init(&rig.terminal, rig.terminal.width);
    }
    rig.base = rig.terminal.row;
    sp_editor_begin(&rig.editor, prompt, echo);
    show();
}

void rig_start(unsigned width)
{
    sp_out_init(&rig.out);
    sp_history_clear(&rig.history);
    sp_editor_init(&rig.editor, &rig.out, &rig.history);
    rig.editor.width = width;
    terminal_init(&rig.terminal, width);
    rig.sent_n = 0;
    rig_begin("sealpost> ", SP_ECHO_LINE);
}

/* The picture is prompt and line; the cursor stands where the editor thinks. */
static void assert_picture(void)
{
    char expected[SP_CONSOLE_LINE_MAX + 32];
    size_t n;
    unsigned cell = 10 + sp_glyph_count(rig.editor.line, rig.editor.at);
    unsigned row = rig.base + cell / rig.terminal.width;
    unsigned column = cell % rig.terminal.width;

    (void)snprintf(expected, sizeof expected, "sealpost> %s", rig.editor.line);
    for (n = strlen(expected); n > 0 && expected[n - 1] == ' '; n--) {
        expected[n - 1] = '\0';
    }
    assert_string_equal(terminal_text(&rig.terminal, rig.base), expected);
    if (rig.terminal.hanging && column == 0) { /* the wrap is still to come */
        row--;
        column = rig.terminal.width - 1;
    }
    assert_int_equal(rig.terminal.row, row);
    assert_int_equal(rig.terminal.column, column);
}

enum sp_edit rig_type(const char *keys)
{
    enum sp_edit event = SP_EDIT_NONE;

    for (; *keys != '\0'; keys++) {
        event = sp_editor_byte(&rig.editor, (uint8_t)*keys);
        show();
        if (*keys == '\f' && rig.editor.echo == SP_ECHO_LINE) {
            rig.base = 0;
        }
        assert_int_equal(strlen(rig.editor.line), rig.editor.len);
        if (event == SP_EDIT_NONE && rig.editor.echo == SP_ECHO_LINE) {
            assert_picture();
        }
    }
    return event;
}
