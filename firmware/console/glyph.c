#include "console/glyph.h"

#include <stdbool.h>
#include <stdint.h>

unsigned sp_glyph_expect(unsigned char lead)
{
    if (lead < 0x80) {
        return 1;
    }
    if (lead >= 0xC2 && lead <= 0xDF) {
        return 2;
    }
    if (lead >= 0xE0 && lead <= 0xEF) {
        return 3;
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
        return 4;
    }
    return 0;
}

static bool is_continuation(unsigned char c)
{
    return (c & 0xC0) == 0x80;
}

/* Overlong forms, surrogates, what lies over U+10FFFF, and the C1 controls. */
static bool is_forbidden(unsigned char first, unsigned char second)
{
    return (first == 0xC2 && second < 0xA0) || (first == 0xE0 && second < 0xA0) ||
           (first == 0xED && second > 0x9F) || (first == 0xF0 && second < 0x90) ||
           (first == 0xF4 && second > 0x8F);
}

unsigned sp_glyph_layout(const char *p, size_t n)
{
    const unsigned char *b = (const unsigned char *)p;

    if (n >= 2 && b[0] == 0xD8 && b[1] == 0x9C) {
        return 0x061C;
    }
    if (n < 3 || b[0] != 0xE2) {
        return 0;
    }
    if (b[1] == 0x80 && (b[2] == 0x8E || b[2] == 0x8F || (b[2] >= 0xA8 && b[2] <= 0xAE))) {
        return 0x2000U + (b[2] & 0x3FU);
    }
    return b[1] == 0x81 && b[2] >= 0xA6 && b[2] <= 0xA9 ? 0x2040U + (b[2] & 0x3FU) : 0;
}

unsigned sp_glyph_size(const char *p, size_t n)
{
    unsigned want = n > 0 ? sp_glyph_expect((unsigned char)p[0]) : 0;

    if (want == 0 || want > n) {
        return 0;
    }
    if (want == 1) {
        return (unsigned char)p[0] >= 0x20 && p[0] != 0x7F ? 1 : 0;
    }
    for (unsigned i = 1; i < want; i++) {
        if (!is_continuation((unsigned char)p[i])) {
            return 0;
        }
    }
    if (is_forbidden((unsigned char)p[0], (unsigned char)p[1]) || sp_glyph_layout(p, n) != 0) {
        return 0;
    }
    return want;
}

unsigned sp_glyph_count(const char *p, size_t n)
{
    unsigned count = 0;

    for (size_t i = 0; i < n; i++) {
        count += is_continuation((unsigned char)p[i]) ? 0 : 1;
    }
    return count;
}
