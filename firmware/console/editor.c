#include "console/editor.h"

#include "console/glyph.h"

#include <string.h>

#define CTRL(letter) ((letter) - 'A' + 1)
#define KEY_ESC 0x1B
#define KEY_DEL 0x7F
#define SEQUENCE_MAX 24 /* bytes of an escape sequence; a longer one is noise */

enum { PLAIN, AFTER_ESC, IN_CSI, AFTER_SS3 };

void sp_editor_init(struct sp_editor *editor, struct sp_out *out, struct sp_history *history)
{
    memset(editor, 0, sizeof *editor);
    editor->out = out;
    editor->history = history;
    editor->prompt = "";
    sp_editor_forget_terminal(editor);
}

void sp_editor_forget_terminal(struct sp_editor *editor)
{
    editor->width = 80;
    editor->after_cr = false;
}

void sp_editor_bell(struct sp_editor *editor)
{
    if (editor->echo != SP_ECHO_SILENT) {
        sp_out_raw(editor->out, "\a");
    }
}

void sp_editor_wipe(struct sp_editor *editor)
{
    volatile char *p = editor->line;

    for (size_t i = 0; i < sizeof editor->line; i++) {
        p[i] = '\0';
    }
    editor->len = editor->at = 0;
}

static void forget_draft(struct sp_editor *editor)
{
    if (editor->draft) {
        sp_history_drop_newest(editor->history);
    }
    editor->draft = false;
    editor->back = 0;
}

void sp_editor_begin(struct sp_editor *editor, const char *prompt, enum sp_echo echo)
{
    sp_editor_wipe(editor);
    forget_draft(editor);
    editor->prompt = prompt;
    editor->echo = echo;
    editor->too_long = false;
    editor->asked_width = false;
    editor->glyph_n = 0;
    editor->escape = PLAIN;
    sp_editor_draw_all(editor);
}

void sp_editor_redraw(struct sp_editor *editor)
{
    sp_editor_draw_all(editor);
}

/* --- changing the line --- */

bool sp_editor_insert(struct sp_editor *editor, const char *text, size_t n)
{
    bool append = editor->at == editor->len;

    if (editor->len + n >= sizeof editor->line) {
        editor->too_long = true;
        sp_editor_bell(editor);
        return false;
    }
    memmove(editor->line + editor->at + n, editor->line + editor->at, editor->len - editor->at + 1);
    memcpy(editor->line + editor->at, text, n);
    editor->len += n;
    editor->at += n;
    if (append) {
        sp_editor_draw_append(editor, n);
    } else {
        sp_editor_draw_tail(editor, editor->at - n, false);
    }
    return true;
}

/* Takes [from, to) out; the cursor is at one of the two. */
static void cut(struct sp_editor *editor, size_t from, size_t to)
{
    if (from == to) {
        sp_editor_bell(editor);
        return;
    }
    editor->too_long = false;
    sp_editor_draw_move(editor, editor->at, from);
    memmove(editor->line + from, editor->line + to, editor->len - to + 1);
    editor->len -= to - from;
    editor->at = from;
    sp_editor_draw_tail(editor, from, true);
}

static void move_to(struct sp_editor *editor, size_t to)
{
    size_t from = editor->at;

    editor->at = to;
    sp_editor_draw_move(editor, from, to);
}

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

static size_t left_of(const struct sp_editor *editor)
{
    size_t at = editor->at;

    while (at > 0 && is_continuation(editor->line[--at])) {
        ;
    }
    return at;
}

static size_t right_of(const struct sp_editor *editor)
{
    size_t at = editor->at;

    if (at < editor->len) {
        at++;
    }
    while (at < editor->len && is_continuation(editor->line[at])) {
        at++;
    }
    return at;
}

static size_t word_left_of(const struct sp_editor *editor)
{
    size_t at = editor->at;

    while (at > 0 && editor->line[at - 1] == ' ') {
        at--;
    }
    while (at > 0 && editor->line[at - 1] != ' ') {
        at--;
    }
    return at;
}

/* --- history --- */

static void replace_line(struct sp_editor *editor, const char *text)
{
    size_t n = strlen(text);

    sp_editor_draw_move(editor, editor->at, 0);
    memcpy(editor->line, text, n + 1);
    editor->len = editor->at = n;
    editor->too_long = false;
    sp_editor_draw_tail(editor, 0, true);
}

static const char *recalled(const struct sp_editor *editor, unsigned back)
{
    return sp_history_get(editor->history, back + (editor->draft ? 1 : 0));
}

static void older(struct sp_editor *editor)
{
    if (editor->echo != SP_ECHO_LINE || recalled(editor, editor->back + 1) == NULL) {
        sp_editor_bell(editor);
        return;
    }
    if (editor->back == 0 && editor->len > 0) {
        sp_history_push(editor->history, editor->line);
        editor->draft = true;
        if (recalled(editor, 1) == NULL) { /* the draft took all the room */
            forget_draft(editor);
            sp_editor_bell(editor);
            return;
        }
    }
    editor->back++;
    replace_line(editor, recalled(editor, editor->back));
}

static void newer(struct sp_editor *editor)
{
    if (editor->back == 0) {
        sp_editor_bell(editor);
        return;
    }
    editor->back--;
    if (editor->back > 0) {
        replace_line(editor, recalled(editor, editor->back));
        return;
    }
    replace_line(editor, editor->draft ? sp_history_get(editor->history, 1) : "");
    forget_draft(editor);
}

/* --- keys --- */

static void leave_line(struct sp_editor *editor)
{
    forget_draft(editor);
    move_to(editor, editor->len);
    editor->margin = false;
}

static enum sp_edit end_line(struct sp_editor *editor)
{
    bool too_long = editor->too_long;

    leave_line(editor);
    if (editor->echo != SP_ECHO_SILENT) {
        sp_out_raw(editor->out, "\n");
    }
    return too_long ? SP_EDIT_TOO_LONG : SP_EDIT_LINE;
}

static enum sp_edit cancel(struct sp_editor *editor)
{
    leave_line(editor);
    sp_out_raw(editor->out, "^C\n");
    return SP_EDIT_CANCEL;
}

static enum sp_edit delete_or_end(struct sp_editor *editor)
{
    if (editor->len == 0 && editor->echo != SP_ECHO_SILENT) {
        return SP_EDIT_END;
    }
    cut(editor, editor->at, right_of(editor));
    return SP_EDIT_NONE;
}

static enum sp_edit complete(struct sp_editor *editor)
{
    if (editor->echo == SP_ECHO_LINE && editor->at == editor->len) {
        return SP_EDIT_COMPLETE;
    }
    sp_editor_bell(editor);
    return SP_EDIT_NONE;
}

static void clear_screen(struct sp_editor *editor)
{
    sp_out_raw(editor->out, "\x1b[H\x1b[2J");
    sp_editor_draw_all(editor);
}

static enum sp_edit control(struct sp_editor *editor, uint8_t byte)
{
    switch (byte) {
    case '\r':
    case '\n':
        return end_line(editor);
    case CTRL('C'):
        return cancel(editor);
    case CTRL('D'):
        return delete_or_end(editor);
    case '\t':
        return complete(editor);
    case '\b':
    case KEY_DEL:
        cut(editor, left_of(editor), editor->at);
        break;
    case CTRL('A'):
        move_to(editor, 0);
        break;
    case CTRL('E'):
        move_to(editor, editor->len);
        break;
    case CTRL('B'):
        move_to(editor, left_of(editor));
        break;
    case CTRL('F'):
        move_to(editor, right_of(editor));
        break;
    case CTRL('K'):
        cut(editor, editor->at, editor->len);
        break;
    case CTRL('U'):
        if (editor->at > 0) { /* scripts begin with it: no bell */
            cut(editor, 0, editor->at);
        }
        editor->too_long = false;
        break;
    case CTRL('W'):
        cut(editor, word_left_of(editor), editor->at);
        break;
    case CTRL('L'):
        clear_screen(editor);
        break;
    case CTRL('P'):
        older(editor);
        break;
    case CTRL('N'):
        newer(editor);
        break;
    default:
        sp_editor_bell(editor);
    }
    return SP_EDIT_NONE;
}

/* --- escape sequences (ECMA-48 5.4, and what terminals send for keys) --- */

static void tilde_key(struct sp_editor *editor)
{
    switch (editor->parameter[0]) {
    case 1:
    case 7:
        move_to(editor, 0);
        break;
    case 4:
    case 8:
        move_to(editor, editor->len);
        break;
    case 3:
        cut(editor, editor->at, right_of(editor));
        break;
    default:
        sp_editor_bell(editor);
    }
}

/* Where the terminal's last column is: the answer to sp_editor_ask_width. */
static void cursor_report(struct sp_editor *editor)
{
    if (editor->parameter[1] >= 20 && editor->parameter[1] <= 500) {
        editor->width = editor->parameter[1];
    }
}

static void key(struct sp_editor *editor, uint8_t final)
{
    editor->escape = PLAIN;
    if (final == 'R') {
        cursor_report(editor);
        return;
    }
    sp_editor_ask_width(editor);
    switch (final) {
    case 'A':
        older(editor);
        break;
    case 'B':
        newer(editor);
        break;
    case 'C':
        move_to(editor, right_of(editor));
        break;
    case 'D':
        move_to(editor, left_of(editor));
        break;
    case 'H':
        move_to(editor, 0);
        break;
    case 'F':
        move_to(editor, editor->len);
        break;
    case '~':
        tilde_key(editor);
        break;
    default:
        sp_editor_bell(editor);
    }
}

static void parameter_byte(struct sp_editor *editor, uint8_t byte)
{
    unsigned *value = &editor->parameter[editor->parameters];

    if (byte >= '0' && byte <= '9' && *value < 1000) {
        *value = *value * 10 + (unsigned)(byte - '0');
    } else if (byte == ';' && editor->parameters == 0) {
        editor->parameters = 1;
    }
}

static void begin_sequence(struct sp_editor *editor, uint8_t escape)
{
    editor->escape = escape;
    editor->sequence_n = 0;
    editor->parameter[0] = editor->parameter[1] = 0;
    editor->parameters = 0;
}

/* False for a byte that has no place there. */
static bool take_sequence_byte(struct sp_editor *editor, uint8_t byte)
{
    if (editor->escape == AFTER_ESC && (byte == '[' || byte == 'O')) {
        begin_sequence(editor, byte == '[' ? IN_CSI : AFTER_SS3);
        return true;
    }
    if (editor->escape == AFTER_ESC || ++editor->sequence_n > SEQUENCE_MAX) {
        return false;
    }
    if (byte >= 0x40 && byte <= 0x7E) {
        key(editor, byte);
        return true;
    }
    if (editor->escape != IN_CSI || byte > 0x3F) {
        return false;
    }
    parameter_byte(editor, byte);
    return true;
}

static void sequence_byte(struct sp_editor *editor, uint8_t byte)
{
    if (take_sequence_byte(editor, byte)) {
        return;
    }
    editor->escape = PLAIN;
    sp_editor_bell(editor);
}

/* --- bytes --- */

/* Gathers a glyph; it is taken when it is whole and well-formed. */
static void text_byte(struct sp_editor *editor, uint8_t byte)
{
    unsigned want;

    if (editor->glyph_n > 0 && (byte & 0xC0) != 0x80) {
        editor->glyph_n = 0; /* the one before was cut short */
        sp_editor_bell(editor);
    }
    editor->glyph[editor->glyph_n++] = byte;
    want = sp_glyph_expect(editor->glyph[0]);
    if (editor->glyph_n < want) {
        return;
    }
    editor->glyph_n = 0;
    if (want > 0 && sp_glyph_size((const char *)editor->glyph, want) == want) {
        (void)sp_editor_insert(editor, (const char *)editor->glyph, want);
    } else {
        sp_editor_bell(editor);
    }
}

enum sp_edit sp_editor_byte(struct sp_editor *editor, uint8_t byte)
{
    bool second_half = editor->after_cr && byte == '\n';

    editor->after_cr = byte == '\r';
    if (second_half) {
        return SP_EDIT_NONE;
    }
    if (byte == KEY_ESC) {
        begin_sequence(editor, AFTER_ESC);
        return SP_EDIT_NONE;
    }
    if (byte < 0x20 || byte == KEY_DEL) {
        editor->escape = PLAIN;
        editor->glyph_n = 0;
        return control(editor, byte);
    }
    if (editor->escape != PLAIN) {
        sequence_byte(editor, byte);
    } else {
        text_byte(editor, byte);
    }
    return SP_EDIT_NONE;
}
