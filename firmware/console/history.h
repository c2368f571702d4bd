/*
 * console/history: the lines that were entered, the oldest go first.
 *
 * Memory: SP_CONSOLE_HISTORY bytes in the caller's struct. The console keeps secrets out of it.
 */
#ifndef SP_CONSOLE_HISTORY_H
#define SP_CONSOLE_HISTORY_H

#include "base/limits.h"

#include <stddef.h>

struct sp_history {
    char bytes[SP_CONSOLE_HISTORY]; /* terminated lines, the newest last */
    size_t used;
};

void sp_history_clear(struct sp_history *history);
/* As the newest; a line that is longer than everything is left out. */
void sp_history_push(struct sp_history *history, const char *line);
/* The same, but not an empty line and not the newest once more. */
void sp_history_add(struct sp_history *history, const char *line);
/* 1: the newest, 2: the one before, …; NULL when there is none. */
const char *sp_history_get(const struct sp_history *history, unsigned back);
void sp_history_drop_newest(struct sp_history *history);

#endif
