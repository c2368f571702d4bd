/*
 * console/complete: what Tab adds to the word before the cursor.
 *
 * Commands and their words, names of settings, domains. There may be a thousand domains, in flash:
 * a completion is stepped, a few candidates at a time, in two rounds: the first finds what all
 * candidates have in common; the second, when that adds nothing, lists them.
 *
 * Memory: in the caller's struct. Threads: service task. Time: never waits.
 */
#ifndef SP_CONSOLE_COMPLETE_H
#define SP_CONSOLE_COMPLETE_H

#include "console/editor.h"
#include "console/job.h"

struct sp_completion {
    struct sp_editor *editor;
    const char *words[SP_JOB_WORDS]; /* the whole words before; not terminated */
    unsigned words_n;
    const char *typed; /* the beginning of a word, in the editor's line */
    size_t typed_n;
    bool listing;    /* the second round */
    uint8_t source;  /* of candidates: commands, then settings, then domains (complete.c) */
    unsigned next;   /* number of the next command or setting */
    uint32_t cursor; /* of the next domain */
    unsigned found;
    unsigned column;                 /* of the list */
    char common[SEALPOST_NAME_SIZE]; /* what all found so far begin with */
    char name[SEALPOST_NAME_SIZE];   /* the last candidate */
};

void sp_completion_begin(struct sp_completion *completion, struct sp_editor *editor);
/* Only when sp_out_ready. True when it is over and the line can be edited again. */
bool sp_completion_step(struct sp_completion *completion);

#endif
