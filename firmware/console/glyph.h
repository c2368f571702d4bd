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
/* Bytes of the well-formed, printable character at p (of n bytes); 0 for controls (C0, DEL, C1) and
 * for anything that is not UTF-8. */
unsigned sp_glyph_size(const char *p, size_t n);
/* Glyphs in n well-formed bytes. */
unsigned sp_glyph_count(const char *p, size_t n);

#endif
