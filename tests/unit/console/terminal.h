/* A terminal of some width with what the editor uses of ECMA-48, and DECAWM as real ones have it.
 */
#ifndef SP_TEST_CONSOLE_TERMINAL_H
#define SP_TEST_CONSOLE_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

#define TERMINAL_ROWS 60
#define TERMINAL_COLUMNS 140

struct terminal {
    unsigned width;
    char cells[TERMINAL_ROWS][TERMINAL_COLUMNS][5]; /* a glyph each */
    unsigned row, column, saved_row, saved_column;
    bool hanging; /* the last column was written, the wrap is to come */
    unsigned bells, asked;
    char glyph[5];
    unsigned glyph_n;
    char sequence[40];
    unsigned sequence_n; /* ESC included */
};

void terminal_init(struct terminal *terminal, unsigned width);
/* False for anything that it does not know. */
bool terminal_put(struct terminal *terminal, const char *p, size_t n);
/* The screen from a row on, as text without what is empty behind; rows are not separated. */
const char *terminal_text(const struct terminal *terminal, unsigned row);

#endif
