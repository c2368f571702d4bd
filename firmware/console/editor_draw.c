/*
 * The picture of prompt and line, which may go over several rows of the terminal.
 *
 * A cell is a number: row times width plus column, from the prompt's first. A terminal that has
 * just filled the last column of a row keeps its cursor there until the next glyph ("margin");
 * before any other movement it is brought to where our cells say, by a space and a CR.
 */
#include "console/editor.h"

#include "console/glyph.h"

#include <string.h>

static bool hidden(const struct sp_editor *editor)
{
    return editor->echo != SP_ECHO_LINE;
}

static unsigned cell(const struct sp_editor *editor, size_t at)
{
    return sp_glyph_count(editor->prompt, strlen(editor->prompt)) +
           (hidden(editor) ? 0 : sp_glyph_count(editor->line, at));
}

static void leave_margin(struct sp_editor *editor)
{
    if (editor->margin) {
        sp_out_raw(editor->out, " \r");
    }
    editor->margin = false;
}

static void go(struct sp_editor *editor, char direction, unsigned n)
{
    if (n > 0) {
        sp_out_printf(editor->out, "\x1b[%u%c", n, direction);
    }
}

static void move_cells(struct sp_editor *editor, unsigned from, unsigned to)
{
    unsigned from_row = from / editor->width, to_row = to / editor->width;
    unsigned from_column = from % editor->width, to_column = to % editor->width;

    go(editor, 'A', from_row > to_row ? from_row - to_row : 0);
    go(editor, 'B', to_row > from_row ? to_row - from_row : 0);
    if (from_column == to_column + 1) {
        sp_out_raw(editor->out, "\b");
    } else {
        go(editor, 'D', from_column > to_column ? from_column - to_column : 0);
    }
    go(editor, 'C', to_column > from_column ? to_column - from_column : 0);
}

void sp_editor_draw_move(struct sp_editor *editor, size_t from, size_t to)
{
    if (hidden(editor) || from == to) {
        return;
    }
    leave_margin(editor);
    move_cells(editor, cell(editor, from), cell(editor, to));
}

void sp_editor_draw_append(struct sp_editor *editor, size_t n)
{
    if (hidden(editor)) {
        return;
    }
    sp_out_bytes(editor->out, editor->line + editor->len - n, n);
    editor->margin = cell(editor, editor->len) % editor->width == 0;
}

void sp_editor_draw_tail(struct sp_editor *editor, size_t from, bool erase)
{
    if (hidden(editor)) {
        return;
    }
    leave_margin(editor);
    sp_out_bytes(editor->out, editor->line + from, editor->len - from);
    editor->margin = editor->len > from && cell(editor, editor->len) % editor->width == 0;
    leave_margin(editor);
    if (erase) {
        sp_out_raw(editor->out, "\x1b[J");
    }
    move_cells(editor, cell(editor, editor->len), cell(editor, editor->at));
}

void sp_editor_draw_all(struct sp_editor *editor)
{
    editor->margin = false;
    sp_out_safe(editor->out, editor->prompt);
    if (cell(editor, 0) % editor->width == 0 && editor->prompt[0] != '\0') {
        editor->margin = true;
    }
    if (editor->len > 0) {
        sp_editor_draw_tail(editor, 0, false);
    }
}

/* "Cursor far to the right; where is it?", between saving and restoring its place. The answer is a
 * sequence that the editor understands. */
void sp_editor_ask_width(struct sp_editor *editor)
{
    if (editor->asked_width || hidden(editor)) {
        return;
    }
    editor->asked_width = true;
    leave_margin(editor);
    sp_out_raw(editor->out, "\x1b"
                            "7\x1b[999C\x1b[6n\x1b"
                            "8");
}
