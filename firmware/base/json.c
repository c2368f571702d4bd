/* A JSON string (RFC 8259 7) from text of any bytes. */
#include "base/span.h"

/* Whether p starts with a continuation byte within [low, high]. Stops at the terminator by itself.
 */
static bool follows(const uint8_t *p, uint8_t low, uint8_t high)
{
    return p[0] >= low && p[0] <= high;
}

/* Bytes of the well-formed UTF-8 character at p (Unicode, table 3-7), 0 when there is none. */
static size_t utf8_length(const uint8_t *p)
{
    uint8_t low = 0x80;
    uint8_t high = 0xBF;
    size_t n = 0;

    if (p[0] < 0x80) {
        return 1;
    }
    if (p[0] >= 0xC2 && p[0] <= 0xDF) {
        n = 2;
    } else if ((p[0] & 0xF0) == 0xE0) {
        n = 3;
    } else if (p[0] >= 0xF0 && p[0] <= 0xF4) {
        n = 4;
    }
    if (p[0] == 0xE0) {
        low = 0xA0; /* overlong */
    }
    if (p[0] == 0xED) {
        high = 0x9F; /* surrogates */
    }
    if (p[0] == 0xF0) {
        low = 0x90; /* overlong */
    }
    if (p[0] == 0xF4) {
        high = 0x8F; /* over U+10FFFF */
    }
    for (size_t i = 1; i < n; i++) {
        if (!follows(p + i, low, high)) {
            return 0;
        }
        low = 0x80;
        high = 0xBF;
    }
    return n;
}

static void put_ascii(struct sp_buf *buf, char c)
{
    static const char from[] = "\"\\\b\f\n\r\t";
    static const char to[] = "\"\\bfnrt";

    for (size_t i = 0; from[i] != '\0'; i++) {
        if (c == from[i]) {
            sp_buf_putc(buf, '\\');
            sp_buf_putc(buf, to[i]);
            return;
        }
    }
    if ((unsigned char)c < 0x20) {
        sp_buf_printf(buf, "\\u%04x", (unsigned)(unsigned char)c);
    } else {
        sp_buf_putc(buf, c);
    }
}

void sp_buf_json(struct sp_buf *buf, const char *text)
{
    const uint8_t *p = (const uint8_t *)text;

    sp_buf_putc(buf, '"');
    while (*p != 0) {
        size_t n = utf8_length(p);

        if (n == 1) {
            put_ascii(buf, (char)*p);
        } else if (n == 0) {
            sp_buf_puts(buf, "\xEF\xBF\xBD");
        } else {
            sp_buf_put(buf, p, n);
        }
        p += n > 0 ? n : 1;
    }
    sp_buf_putc(buf, '"');
}
