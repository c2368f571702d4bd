#include "terminal.h"

#include "console/glyph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void terminal_init(struct terminal *terminal, unsigned width)
{
    memset(terminal, 0, sizeof *terminal);
    terminal->width = width;
}

static void erase(struct terminal *terminal, unsigned row, unsigned column)
{
    for (; row < TERMINAL_ROWS; row++, column = 0) {
        for (; column < TERMINAL_COLUMNS; column++) {
            terminal->cells[row][column][0] = '\0';
        }
    }
}

static void line_feed(struct terminal *terminal)
{
    if (terminal->row + 1 < TERMINAL_ROWS) {
        terminal->row++;
        return;
    }
    memmove(terminal->cells[0], terminal->cells[1],
            sizeof terminal->cells[0] * (TERMINAL_ROWS - 1));
    erase(terminal, TERMINAL_ROWS - 1, 0);
}

static void write_glyph(struct terminal *terminal)
{
    if (terminal->hanging) {
        terminal->column = 0;
        line_feed(terminal);
    }
    terminal->glyph[terminal->glyph_n] = '\0';
    memcpy(terminal->cells[terminal->row][terminal->column], terminal->glyph, 5);
    terminal->glyph_n = 0;
    terminal->hanging = terminal->column + 1 == terminal->width;
    if (!terminal->hanging) {
        terminal->column++;
    }
}

static bool control(struct terminal *terminal, char c)
{
    if (c == '\a') {
        terminal->bells++;
        return true;
    }
    terminal->hanging = false;
    if (c == '\r') {
        terminal->column = 0;
    } else if (c == '\n') {
        line_feed(terminal);
    } else if (c == '\b' && terminal->column > 0) {
        terminal->column--;
    } else {
        return false;
    }
    return true;
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static bool csi(struct terminal *terminal, char final, unsigned n)
{
    unsigned step = n > 0 ? n : 1;

    terminal->hanging = terminal->hanging && final == 'n';
    if (final == 'A') {
        terminal->row -= least(step, terminal->row);
    } else if (final == 'B') {
        terminal->row = least(terminal->row + step, TERMINAL_ROWS - 1);
    } else if (final == 'C') {
        terminal->column = least(terminal->column + step, terminal->width - 1);
    } else if (final == 'D') {
        terminal->column -= least(step, terminal->column);
    } else if (final == 'H') {
        terminal->row = terminal->column = 0;
    } else if (final == 'J' && n == 0) {
        erase(terminal, terminal->row, terminal->column);
    } else if (final == 'J' && n == 2) {
        erase(terminal, 0, 0);
    } else if (final == 'n' && n == 6) {
        terminal->asked++;
    } else {
        return false;
    }
    return true;
}

static bool sequence(struct terminal *terminal, char c)
{
    terminal->sequence[terminal->sequence_n++] = c;
    terminal->sequence[terminal->sequence_n] = '\0';
    if (terminal->sequence_n == 1 || (terminal->sequence_n == 2 && c == '[')) {
        return true;
    }
    if (terminal->sequence_n == 2) {
        terminal->sequence_n = 0;
        if (c == '7') {
            terminal->saved_row = terminal->row;
            terminal->saved_column = terminal->column;
        } else {
            terminal->row = terminal->saved_row;
            terminal->column = terminal->saved_column;
        }
        return c == '7' || c == '8';
    }
    if ((c >= '0' && c <= '9') || c == ';') {
        return terminal->sequence_n < sizeof terminal->sequence - 1;
    }
    terminal->sequence_n = 0;
    return csi(terminal, c, (unsigned)strtoul(terminal->sequence + 2, NULL, 10));
}

static bool put(struct terminal *terminal, char c)
{
    if (terminal->sequence_n > 0 || c == '\x1b') {
        return sequence(terminal, c);
    }
    if ((unsigned char)c < 0x20) {
        return terminal->glyph_n == 0 && control(terminal, c);
    }
    terminal->glyph[terminal->glyph_n++] = c;
    if (terminal->glyph_n == sp_glyph_expect((unsigned char)terminal->glyph[0])) {
        write_glyph(terminal);
    }
    return terminal->glyph_n < 4;
}

bool terminal_put(struct terminal *terminal, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!put(terminal, p[i])) {
            return false;
        }
    }
    return true;
}

const char *terminal_text(const struct terminal *terminal, unsigned row)
{
    static char text[TERMINAL_ROWS * TERMINAL_COLUMNS * 4 + 1];
    size_t n = 0;
    size_t end = 0;

    for (; row < TERMINAL_ROWS; row++) {
        for (unsigned column = 0; column < terminal->width; column++) {
            const char *cell = terminal->cells[row][column];

            size_t size = strlen(cell);

            memcpy(text + n, size > 0 ? cell : " ", size > 0 ? size : 1);
            n += size > 0 ? size : 1;
            if (size > 0 && cell[0] != ' ') {
                end = n;
            }
        }
    }
    text[end] = '\0';
    return text;
}
