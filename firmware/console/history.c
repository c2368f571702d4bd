#include "console/history.h"

#include <string.h>

void sp_history_clear(struct sp_history *history)
{
    memset(history, 0, sizeof *history);
}

static void drop_oldest(struct sp_history *history)
{
    size_t n = strlen(history->bytes) + 1;

    memmove(history->bytes, history->bytes + n, history->used - n);
    history->used -= n;
}

void sp_history_push(struct sp_history *history, const char *line)
{
    size_t n = strlen(line) + 1;

    if (n > sizeof history->bytes) {
        return;
    }
    while (history->used + n > sizeof history->bytes) {
        drop_oldest(history);
    }
    memcpy(history->bytes + history->used, line, n);
    history->used += n;
}

const char *sp_history_get(const struct sp_history *history, unsigned back)
{
    size_t at = history->used;

    if (back == 0) {
        return NULL;
    }
    for (; back > 0; back--) {
        if (at == 0) {
            return NULL;
        }
        at--; /* the terminator of the line before */
        while (at > 0 && history->bytes[at - 1] != '\0') {
            at--;
        }
    }
    return history->bytes + at;
}

void sp_history_add(struct sp_history *history, const char *line)
{
    const char *newest = sp_history_get(history, 1);

    if (line[0] != '\0' && (newest == NULL || strcmp(newest, line) != 0)) {
        sp_history_push(history, line);
    }
}

void sp_history_drop_newest(struct sp_history *history)
{
    const char *newest = sp_history_get(history, 1);

    if (newest != NULL) {
        history->used = (size_t)(newest - history->bytes);
    }
}
