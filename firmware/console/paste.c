#include "console/paste.h"

#include <string.h>

#define GROUP 4 /* digits that give three bytes (RFC 4648 4) */

/* What a digit stands for; -1 when it is none. */
static int value_of(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    if (c == '+') {
        return 62;
    }
    return c == '/' ? 63 : -1;
}

static void keep(struct sp_paste *paste, uint8_t byte)
{
    if (paste->n == sizeof paste->der) {
        paste->too_long = true;
        return;
    }
    paste->der[paste->n++] = byte;
}

static void take_digit(struct sp_paste *paste, char c)
{
    int value = value_of(c);

    paste->digits = (paste->digits + 1) % GROUP;
    if (c == '=') {
        paste->padding++;
        return;
    }
    if (value < 0 || paste->padding > 0) {
        paste->broken = true;
        return;
    }
    paste->bits = paste->bits << 6 | (uint32_t)value;
    paste->bits_n += 6;
    if (paste->bits_n >= 8) {
        paste->bits_n -= 8;
        keep(paste, (uint8_t)(paste->bits >> paste->bits_n));
    }
}

void sp_paste_line(struct sp_paste *paste, const char *line)
{
    if (!paste->begun) {
        paste->begun = strncmp(line, "-----BEGIN ", 11) == 0;
        return;
    }
    if (paste->ended || strncmp(line, "-----END ", 9) == 0) {
        paste->ended = true;
        return;
    }
    for (; *line != '\0'; line++) {
        if (*line != ' ') {
            take_digit(paste, *line);
        }
    }
}

size_t sp_paste_size(const struct sp_paste *paste)
{
    bool whole = paste->digits == 0 && paste->padding <= 2 && !paste->broken;

    return whole ? paste->n : 0;
}
