/*
 * console/glyph: characters of UTF-8 (RFC 3629) as a terminal shows them.
 *
 * A glyph is taken to be one column wide. Pure functions.
 */
#ifndef SP_CONSOLE_GLYPH_H
#define SP_CONSOLE_GLYPH_H

#include <stddef.h>

/* Bytes of a character that begins with this byte: 1 to 4; 0 when none begins so. */
unsigned sp_glyph_expect(unsigned char lead);
/* Bytes of the well-formed, printable character at p (of n bytes); 0 for controls (C0, DEL, C1, and
 * those of sp_glyph_layout) and for anything that is not UTF-8. */
unsigned sp_glyph_size(const char *p, size_t n);
/* The code point of the character at p when it would turn around or break the line that it stands
 * in, so that a text shows as another than it is (U+061C, U+200E, U+200F, U+2028 to U+202E, U+2066
 * to U+2069); else 0. */
unsigned sp_glyph_layout(const char *p, size_t n);
/* Glyphs in n well-formed bytes. */
unsigned sp_glyph_count(const char *p, size_t n);

#endif
