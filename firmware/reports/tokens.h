/*
 * reports/tokens: JSON (RFC 8259) taken apart as it comes.
 *
 * Strict in its grammar; strings may hold any bytes from 0x20 on, UTF-8 or not. A string or number
 * longer than SP_TOKENS_TEXT is told cut, nesting deeper than SP_TOKENS_DEPTH refused.
 *
 * Memory: 0.3 KB in the caller's struct. Threads: none of it is shared. Time: by the bytes given.
 */
#ifndef SP_REPORTS_TOKENS_H
#define SP_REPORTS_TOKENS_H

#include "base/span.h"

#define SP_TOKENS_DEPTH 16
#define SP_TOKENS_TEXT 255

enum sp_token {
    SP_TOKEN_OBJECT,
    SP_TOKEN_ARRAY,
    SP_TOKEN_END, /* of either */
    SP_TOKEN_KEY,
    SP_TOKEN_STRING,
    SP_TOKEN_NUMBER, /* as it was written */
    SP_TOKEN_LITERAL /* true, false, null */
};

/* text: of a key, string, number or literal, "" of others; gone after the call. cut: there was more
 * of it. Anything but 0 is an error, and sp_tokens_feed gives it. */
typedef int (*sp_tokens_told)(void *ctx, enum sp_token token, const char *text, bool cut);

struct sp_tokens {
    sp_tokens_told told;
    void *ctx;
    uint8_t state, depth;
    bool objects[SP_TOKENS_DEPTH]; /* which of the open containers are objects */
    bool is_key, cut;
    uint8_t hex_n; /* digits of \u that have come */
    uint16_t hex;
    uint16_t high; /* the first half of a pair (RFC 8259 7); 0: none */
    uint16_t n;
    char text[SP_TOKENS_TEXT + 1];
};

void sp_tokens_begin(struct sp_tokens *t, sp_tokens_told told, void *ctx);
/* 0; SP_E_INVALID: it is no JSON; SP_E_TOO_BIG: it is nested too deep; what `told` gave. After an
 * error it is of no use any more. */
int sp_tokens_feed(struct sp_tokens *t, struct sp_span bytes);
/* Nothing more comes: 0 when there was one value, and all of it; SP_E_INVALID. */
int sp_tokens_finish(struct sp_tokens *t);

#endif
