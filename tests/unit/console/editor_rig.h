/*
 * An editor whose output goes to a terminal; after each key the picture is compared with the line.
 */
#ifndef SP_TEST_CONSOLE_EDITOR_RIG_H
#define SP_TEST_CONSOLE_EDITOR_RIG_H

#include "../base/cm.h"
#include "console/editor.h"
#include "terminal.h"

#define LEFT "\x1b[D"
#define RIGHT "\x1b[C"
#define UP "\x1b[A"
#define DOWN "\x1b[B"

struct rig {
    struct sp_out out;
    struct sp_history history;
    struct sp_editor editor;
    struct terminal terminal;
    unsigned base;    /* the row of the prompt */
    char sent[20000]; /* to the terminal */
    size_t sent_n;
};
extern struct rig rig;

/* A new editor at a new terminal, with its prompt. */
void rig_start(unsigned width);
/* Another line. */
void rig_begin(const char *prompt, enum sp_echo echo);
/* What the last key was. */
enum sp_edit rig_type(const char *keys);

#endif
