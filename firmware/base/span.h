/*
 * base/span: bytes that somebody else owns, and a bounded buffer to write text into.
 *
 * Memory: neither allocates. Threads: none of it is shared.
 */
#ifndef SP_BASE_SPAN_H
#define SP_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sp_span {
    const uint8_t *p; /* may be NULL when n is 0 */
    size_t n;
};

struct sp_span sp_span(const void *p, size_t n);
struct sp_span sp_span_str(const char *text); /* without the terminator */
bool sp_span_is(struct sp_span span, const char *text);
bool sp_span_is_nocase(struct sp_span span, const char *text); /* ASCII */
bool sp_span_starts(struct sp_span span, const char *text);
bool sp_span_equal(struct sp_span a, struct sp_span b);
/* Without spaces and tabs at both ends. */
struct sp_span sp_span_trim(struct sp_span span);
/* Takes what stands before the next separator off the front of *rest; false when *rest is used up.
 * "a,,b" gives "a", "", "b". */
bool sp_span_split(struct sp_span *rest, char separator, struct sp_span *part);
/* One of the parts between commas is that token, whatever its case (RFC 9110 5.6.1). */
bool sp_span_lists(struct sp_span list, const char *token);
/* Copies as a string. 0, or SP_E_SPACE (then out is ""); SP_E_INVALID when it holds a NUL. */
int sp_span_copy(struct sp_span span, char *out, size_t cap);
/* A decimal number without sign. 0, or SP_E_INVALID for anything else, also when over max. */
int sp_span_u64(struct sp_span span, uint64_t max, uint64_t *out);

/* Text that grows inside the caller's array, always terminated. What does not fit is cut, and
 * `cut` stays true from then on. */
struct sp_buf {
    char *p;
    size_t cap; /* bytes of the array, the terminator included; at least 1 */
    size_t len;
    bool cut;
};

void sp_buf_init(struct sp_buf *buf, char *array, size_t cap);
void sp_buf_reset(struct sp_buf *buf);
void sp_buf_put(struct sp_buf *buf, const void *p, size_t n);
void sp_buf_puts(struct sp_buf *buf, const char *text);
void sp_buf_putc(struct sp_buf *buf, char c);
void sp_buf_printf(struct sp_buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* A JSON string with its quotes; bytes that are not UTF-8 become U+FFFD, controls are escaped. */
void sp_buf_json(struct sp_buf *buf, const char *text);
struct sp_span sp_buf_span(const struct sp_buf *buf);
/* The text, or as much of it as fits, into an array of cap bytes; always terminated. */
void sp_text_cut(char *out, size_t cap, const char *text);

#endif
