/*
 * console/editor: bytes of a keyboard in, an edited line and its picture on the terminal out.
 *
 * A pure state machine: it reads no UART and no clock. Feed it one byte whenever sp_out_ready says
 * so (what it draws refers to its line). Typing at the end of the line echoes just what is typed,
 * so that transcripts of scripts stay clean; all else is drawn with a few ECMA-48 sequences. The
 * terminal is taken to be 80 columns wide until it says otherwise: the first cursor key of a line,
 * which only a person presses, makes the editor ask it.
 *
 * Memory: one line in the struct. Threads: service task.
 */
#ifndef SP_CONSOLE_EDITOR_H
#define SP_CONSOLE_EDITOR_H

#include "base/limits.h"
#include "console/history.h"
#include "console/output.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sp_edit {
    SP_EDIT_NONE,
    SP_EDIT_LINE,     /* Enter: line holds what was typed */
    SP_EDIT_TOO_LONG, /* Enter after some of the line had been refused: not to be run */
    SP_EDIT_CANCEL,   /* Ctrl-C */
    SP_EDIT_END,      /* Ctrl-D on an empty line */
    SP_EDIT_COMPLETE  /* Tab at the end of a word */
};

enum sp_echo {
    SP_ECHO_LINE,   /* as it is typed */
    SP_ECHO_HIDDEN, /* a secret: only the end of the line shows */
    SP_ECHO_SILENT  /* pasted text: nothing shows, and no bell */
};

struct sp_editor {
    struct sp_out *out;
    struct sp_history *history;
    const char *prompt;
    enum sp_echo echo;
    char line[SP_CONSOLE_LINE_MAX]; /* terminated */
    size_t len, at;
    bool too_long;
    bool margin;   /* the terminal's cursor hangs at the right margin, before the wrap */
    bool after_cr; /* a LF now belongs to the CR before */
    uint8_t glyph[4];
    uint8_t glyph_n;
    /* escape sequences */
    uint8_t escape; /* enum in editor.c */
    uint8_t sequence_n;
    unsigned parameter[2], parameters;
    /* terminal */
    unsigned width;
    bool asked_width;
    /* history */
    unsigned back; /* how far back the line comes from, 0: not from history */
    bool draft;    /* what was being typed is kept as history's newest */
};

void sp_editor_init(struct sp_editor *editor, struct sp_out *out, struct sp_history *history);
/* An empty line; shows the prompt, which must live on. */
void sp_editor_begin(struct sp_editor *editor, const char *prompt, enum sp_echo echo);
enum sp_edit sp_editor_byte(struct sp_editor *editor, uint8_t byte);
/* As if it had been typed at the cursor. False (and a bell) when there is no room. */
bool sp_editor_insert(struct sp_editor *editor, const char *text, size_t n);
/* Prompt and line once more, on a line of the terminal that is empty. */
void sp_editor_redraw(struct sp_editor *editor);
void sp_editor_bell(struct sp_editor *editor);
/* Another terminal may be there: 80 columns, nothing half-received. */
void sp_editor_forget_terminal(struct sp_editor *editor);
/* Overwrites the line (a secret). */
void sp_editor_wipe(struct sp_editor *editor);

/* --- editor_draw.c: the picture; for the editor alone --- */

/* Moves the terminal's cursor between two places of the line. */
void sp_editor_draw_move(struct sp_editor *editor, size_t from, size_t to);
/* Draws from a place on, where the cursor is, and brings it to `at`. */
void sp_editor_draw_tail(struct sp_editor *editor, size_t from, bool erase);
/* A glyph was appended at the end: n bytes. */
void sp_editor_draw_append(struct sp_editor *editor, size_t n);
void sp_editor_draw_all(struct sp_editor *editor);
void sp_editor_ask_width(struct sp_editor *editor);

#endif
