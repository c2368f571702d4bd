/*
 * console/output: what waits for the UART.
 *
 * The UART takes few bytes at a time, and an answer may be a hundred kilobytes. So whoever answers
 * adds a handful of items (a text, a JSON string, a sentence to wrap) whenever sp_out_ready says
 * that all former ones have been worked off; items are expanded into a small ring only as room
 * comes free there.
 *
 * Memory: about 1.4 KB in the caller's struct. Texts of items are not copied: they must stay as
 * they are until sp_out_ready; what sp_out_printf makes is kept inside. Threads: service task.
 * Time: never blocks.
 */
#ifndef SP_CONSOLE_OUTPUT_H
#define SP_CONSOLE_OUTPUT_H

#include "hal/uart.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SP_OUT_ITEMS 44
#define SP_OUT_SMALL 448
#define SP_OUT_RING 512
#define SP_OUT_WIDTH 79 /* columns that tables and sentences keep to */

enum sp_out_kind {
    SP_OUT_RAW,
    SP_OUT_SAFE,
    SP_OUT_JSON,      /* with its quotes */
    SP_OUT_JSON_PART, /* of a string, without them */
    SP_OUT_WRAP,
    SP_OUT_TAB
};

struct sp_out_item {
    const char *p;
    uint16_t n;
    uint8_t kind;   /* enum sp_out_kind */
    uint8_t column; /* SP_OUT_WRAP: indentation; SP_OUT_TAB: where to go */
};

struct sp_out {
    struct sp_out_item items[SP_OUT_ITEMS];
    unsigned items_n, item; /* item: the one being expanded */
    unsigned at;            /* bytes of it that are done */
    char small[SP_OUT_SMALL];
    size_t small_n;
    uint8_t ring[SP_OUT_RING];
    size_t first, used;
    unsigned column, pad; /* pad: spaces to send before anything else */
    bool json_value;      /* a value was the last thing of the JSON document: a comma is due */
    bool overflow;        /* more items or more small text than there is room for: a bug */
};

void sp_out_init(struct sp_out *out);
/* Forgets what has not been expanded yet (Ctrl-C). */
void sp_out_discard(struct sp_out *out);
/* All items are expanded: new ones may be added. */
bool sp_out_ready(const struct sp_out *out);
/* All bytes have gone to the UART. */
bool sp_out_empty(const struct sp_out *out);
/* Hands the UART as much as it takes. True when something moved. */
bool sp_out_drain(struct sp_out *out, struct sp_hal_uart *uart);

/* Our own text; '\n' becomes CR LF. */
void sp_out_raw(struct sp_out *out, const char *text);
void sp_out_bytes(struct sp_out *out, const char *p, size_t n);
/* Somebody else's text: controls and broken UTF-8 become '?', so that it cannot steer the terminal.
 */
void sp_out_safe(struct sp_out *out, const char *text);
/* A sentence, safe as well, broken at spaces; lines after the first are indented. */
void sp_out_wrap(struct sp_out *out, const char *text, unsigned indent);
/* A JSON string with its quotes. */
void sp_out_quoted(struct sp_out *out, const char *text);
/* A part of one, which ends between two characters, without quotes. */
void sp_out_quoted_part(struct sp_out *out, const char *text);
/* A short text that is made here, at most a few dozen bytes. */
void sp_out_printf(struct sp_out *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* To a column (from 0), on the next line when that one has been passed. */
void sp_out_tab(struct sp_out *out, unsigned column);
/* "Label        a sentence that is wrapped", and the end of the line. */
#define SP_OUT_FIELD 13
void sp_out_field(struct sp_out *out, const char *label, const char *value);
/* "…T…Z", or what `none` says for 0. */
void sp_out_time(struct sp_out *out, int64_t utc, const char *none);

/* --- JSON, on one line. key NULL: an element of an array. Commas come by themselves. --- */

void sp_json_start(struct sp_out *out); /* a new document */
void sp_json_open(struct sp_out *out, const char *key, char bracket);
void sp_json_close(struct sp_out *out, char bracket);
void sp_json_string(struct sp_out *out, const char *key, const char *text);
/* A string in pieces: begin, text as often as there is some, end. */
void sp_json_begin_text(struct sp_out *out, const char *key);
void sp_json_text(struct sp_out *out, const char *piece);
void sp_json_end_text(struct sp_out *out);
void sp_json_string_or_null(struct sp_out *out, const char *key, const char *text); /* "": null */
void sp_json_number(struct sp_out *out, const char *key, uint64_t number);
/* Eight hexadecimal digits, as a string: an address of the core. */
void sp_json_hex(struct sp_out *out, const char *key, uint32_t number);
void sp_json_bool(struct sp_out *out, const char *key, bool value);
void sp_json_null(struct sp_out *out, const char *key);
void sp_json_time(struct sp_out *out, const char *key, int64_t utc); /* 0: null */
/* A key that is not ours: escaped. Its value comes next, with key NULL. */
void sp_json_key(struct sp_out *out, const char *key);

#endif
