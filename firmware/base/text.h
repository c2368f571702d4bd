/*
 * base/text: encodings and host names.
 *
 * Pure functions of their arguments; no memory of their own.
 */
#ifndef SP_BASE_TEXT_H
#define SP_BASE_TEXT_H

#include "base/span.h"

#define SP_DOMAIN_SIZE 254 /* a host name with its terminator (RFC 1035 2.3.4) */

/* base64url without padding (RFC 7515 2). Appends to out. */
void sp_base64url(struct sp_buf *out, struct sp_span bytes);
/* base64 (RFC 4648 4) to bytes: how many, SP_E_INVALID (another character, padding that is missing
 * or too much, bits left over), or SP_E_SPACE. */
int sp_unbase64(struct sp_span text, uint8_t *out, size_t cap);
/* Lower-case hexadecimal. Appends to out. */
void sp_hex(struct sp_buf *out, struct sp_span bytes);
/* Hexadecimal to bytes: how many, SP_E_INVALID, or SP_E_SPACE. */
int sp_unhex(struct sp_span text, uint8_t *out, size_t cap);

/* A host name in A-labels: lower-cased into out (SP_DOMAIN_SIZE bytes) without a trailing dot.
 * Wants at least two labels of [a-z0-9-], 63 characters at most each, none beginning or ending with
 * a dash, a last label that is not all digits. SP_E_INVALID otherwise (addresses and U-labels,
 * too). */
int sp_hostname(struct sp_span text, char *out);

/* FNV-1a. */
uint32_t sp_hash32(const void *p, size_t n);
/* CRC-32C (Castagnoli); start with 0, feed the last result to go on. */
uint32_t sp_crc32c(uint32_t crc, const void *p, size_t n);

#endif
