#include "console/output.h"

#include "base/span.h"
#include "base/time.h"
#include "console/glyph.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define UNIT_MAX 8 /* bytes that one step of an expansion writes at most */

void sp_out_init(struct sp_out *out)
{
    memset(out, 0, sizeof *out);
}

void sp_out_discard(struct sp_out *out)
{
    out->items_n = out->item = out->at = 0;
    out->small_n = 0;
    out->pad = 0;
}

bool sp_out_ready(const struct sp_out *out)
{
    return out->item == out->items_n && out->pad == 0;
}

bool sp_out_empty(const struct sp_out *out)
{
    return sp_out_ready(out) && out->used == 0;
}

/* --- the ring --- */

static void put(struct sp_out *out, char c)
{
    out->ring[(out->first + out->used) % SP_OUT_RING] = (uint8_t)c;
    out->used++;
    if (c == '\n' || c == '\r') {
        out->column = 0;
    } else if (((unsigned char)c & 0xC0) != 0x80) {
        out->column++;
    }
}

static void put_all(struct sp_out *out, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        put(out, p[i]);
    }
}

static void new_line(struct sp_out *out, unsigned indent)
{
    put_all(out, "\r\n", 2);
    out->pad = indent;
}

static bool write_some(struct sp_out *out, struct sp_hal_uart *uart)
{
    size_t n = out->used < SP_OUT_RING - out->first ? out->used : SP_OUT_RING - out->first;
    size_t taken = n > 0 ? uart->ops->write(uart, out->ring + out->first, n) : 0;

    out->first = (out->first + taken) % SP_OUT_RING;
    out->used -= taken;
    return taken > 0;
}

/* --- expansion: each writes at most UNIT_MAX bytes and tells how many of the item it used --- */

static unsigned expand_raw(struct sp_out *out, const char *p)
{
    if (*p == '\n') {
        new_line(out, 0);
    } else {
        put(out, *p);
    }
    return 1;
}

/* Also for the inside of a wrapped sentence: line ends keep the indentation. */
static unsigned expand_safe(struct sp_out *out, const struct sp_out_item *item, const char *p,
                            size_t n)
{
    unsigned size = sp_glyph_size(p, n);

    if (*p == '\n') {
        new_line(out, item->column);
    } else if (size > 0) {
        put_all(out, p, size);
    } else if (*p != '\r') {
        put(out, '?');
    }
    return size > 0 ? size : 1;
}

static unsigned put_escaped(struct sp_out *out, unsigned code)
{
    char text[12];

    (void)snprintf(text, sizeof text, "\\u%04x", code);
    put_all(out, text, strlen(text));
    return code < 0x800 ? 2 : 3;
}

static unsigned expand_json_part(struct sp_out *out, const char *p, size_t n)
{
    unsigned size = sp_glyph_size(p, n);
    unsigned layout = sp_glyph_layout(p, n);
    char one[2] = {*p, '\0'};
    char array[SP_RFC3339_SIZE];
    struct sp_buf buf;

    if (layout != 0) {
        return put_escaped(out, layout);
    }
    if (size > 1) {
        put_all(out, p, size);
        return size;
    }
    sp_buf_init(&buf, array, sizeof array);
    sp_buf_json(&buf, one);
    put_all(out, array + 1, buf.len - 2); /* without its quotes */
    return 1;
}

/* The item counts two bytes more than its text: the quotes. */
static unsigned expand_json(struct sp_out *out, const struct sp_out_item *item)
{
    if (out->at == 0 || out->at + 1 == item->n) {
        put(out, '"');
        return 1;
    }
    return expand_json_part(out, item->p + out->at - 1, item->n - 1U - out->at);
}

static unsigned word_columns(const char *p, size_t n)
{
    size_t i = 0;

    while (i < n && p[i] != ' ' && p[i] != '\n') {
        i++;
    }
    return sp_glyph_count(p, i);
}

static unsigned expand_wrap(struct sp_out *out, const struct sp_out_item *item, const char *p,
                            size_t n)
{
    unsigned space = *p == ' ' ? 1 : 0;
    bool begins = space == 1 || out->at == 0;
    unsigned end = out->column + space + word_columns(p + space, n - space);

    if (begins && end > SP_OUT_WIDTH && out->column > item->column) {
        new_line(out, item->column);
        return space;
    }
    return expand_safe(out, item, p, n);
}

static void expand_tab(struct sp_out *out, unsigned column)
{
    if (out->column >= column && column > 0) {
        new_line(out, column);
    } else {
        out->pad = column - out->column;
    }
}

static unsigned expand_unit(struct sp_out *out, const struct sp_out_item *item)
{
    const char *p = item->p + out->at;
    size_t n = item->n - out->at;

    switch ((enum sp_out_kind)item->kind) {
    case SP_OUT_SAFE:
        return expand_safe(out, item, p, n);
    case SP_OUT_JSON:
        return expand_json(out, item);
    case SP_OUT_JSON_PART:
        return expand_json_part(out, p, n);
    case SP_OUT_WRAP:
        return expand_wrap(out, item, p, n);
    case SP_OUT_TAB:
        expand_tab(out, item->column);
        return 1;
    case SP_OUT_RAW:
    default:
        return expand_raw(out, p);
    }
}

static void next_item(struct sp_out *out)
{
    out->at = 0;
    out->item++;
    if (out->item == out->items_n) {
        out->item = out->items_n = 0;
        out->small_n = 0;
    }
}

static bool expand(struct sp_out *out)
{
    size_t before = out->used;
    bool moved = false;

    while (!sp_out_ready(out) && out->used + UNIT_MAX <= SP_OUT_RING) {
        if (out->pad > 0) {
            out->pad--;
            put(out, ' ');
            continue;
        }
        moved = true;
        if (out->at < out->items[out->item].n) {
            out->at += expand_unit(out, &out->items[out->item]);
        }
        if (out->at >= out->items[out->item].n) {
            next_item(out);
        }
    }
    return moved || out->used > before;
}

bool sp_out_drain(struct sp_out *out, struct sp_hal_uart *uart)
{
    bool moved = false;
    bool more = true;

    while (more) {
        more = expand(out);
        more = write_some(out, uart) || more;
        moved = moved || more;
    }
    return moved;
}

/* --- adding --- */

static void add(struct sp_out *out, enum sp_out_kind kind, const char *p, size_t n, unsigned column)
{
    if (out->items_n == SP_OUT_ITEMS || n > UINT16_MAX) {
        out->overflow = true;
        return;
    }
    out->items[out->items_n++] = (struct sp_out_item){
        .p = p, .n = (uint16_t)n, .kind = (uint8_t)kind, .column = (uint8_t)column};
}

void sp_out_bytes(struct sp_out *out, const char *p, size_t n)
{
    add(out, SP_OUT_RAW, p, n, 0);
}

void sp_out_raw(struct sp_out *out, const char *text)
{
    sp_out_bytes(out, text, strlen(text));
}

void sp_out_safe(struct sp_out *out, const char *text)
{
    add(out, SP_OUT_SAFE, text, strlen(text), 0);
}

void sp_out_wrap(struct sp_out *out, const char *text, unsigned indent)
{
    add(out, SP_OUT_WRAP, text, strlen(text), indent);
}

void sp_out_quoted(struct sp_out *out, const char *text)
{
    add(out, SP_OUT_JSON, text, strlen(text) + 2, 0);
}

void sp_out_quoted_part(struct sp_out *out, const char *text)
{
    add(out, SP_OUT_JSON_PART, text, strlen(text), 0);
}

void sp_out_printf(struct sp_out *out, const char *format, ...)
{
    size_t room = sizeof out->small - out->small_n;
    char *at = out->small + out->small_n;
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(at, room, format, args);
    va_end(args);
    if (n < 0 || (size_t)n >= room) {
        out->overflow = true;
        return;
    }
    out->small_n += (size_t)n + 1;
    sp_out_bytes(out, at, (size_t)n);
}

void sp_out_tab(struct sp_out *out, unsigned column)
{
    add(out, SP_OUT_TAB, "", 1, column);
}

void sp_out_field(struct sp_out *out, const char *label, const char *value)
{
    sp_out_raw(out, label);
    sp_out_tab(out, SP_OUT_FIELD);
    sp_out_wrap(out, value, SP_OUT_FIELD);
    sp_out_raw(out, "\n");
}

void sp_out_time(struct sp_out *out, int64_t utc, const char *none)
{
    char text[SP_RFC3339_SIZE];

    sp_out_printf(out, "%s", utc != 0 ? sp_utc_rfc3339(utc, text) : none);
}
