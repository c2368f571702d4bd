/* One state for what may come next; a byte that ends a number is looked at again. */
#include "reports/tokens.h"

#include "base/err.h"

#include <string.h>

enum state {
    VALUE,
    FIRST_VALUE, /* of an array: or its end */
    FIRST_KEY,   /* of an object: or its end */
    KEY,
    COLON,
    AFTER, /* a value: a comma, or the container's end; nothing when none is open */
    STRING,
    ESCAPE,
    UNICODE,
    NUMBER,
    LITERAL
};

#define LOOK_AGAIN 1
#define REPLACEMENT 0xfffd /* of half a pair */

void sp_tokens_begin(struct sp_tokens *t, sp_tokens_told told, void *ctx)
{
    memset(t, 0, sizeof *t);
    t->told = told;
    t->ctx = ctx;
}

static int tell(struct sp_tokens *t, enum sp_token token)
{
    t->text[t->n] = '\0';
    return t->told(t->ctx, token, t->text, t->cut);
}

static void put(struct sp_tokens *t, unsigned byte)
{
    if (t->n < SP_TOKENS_TEXT) {
        t->text[t->n++] = (char)byte;
    } else {
        t->cut = true;
    }
}

static void begin_text(struct sp_tokens *t, enum state state)
{
    t->state = (uint8_t)state;
    t->n = 0;
    t->cut = false;
}

/* Containers */

static int open(struct sp_tokens *t, bool object)
{
    if (t->depth == SP_TOKENS_DEPTH) {
        return SP_E_TOO_BIG;
    }
    t->objects[t->depth++] = object;
    begin_text(t, object ? FIRST_KEY : FIRST_VALUE);
    return tell(t, object ? SP_TOKEN_OBJECT : SP_TOKEN_ARRAY);
}

static int close(struct sp_tokens *t, bool object)
{
    if (t->depth == 0 || t->objects[t->depth - 1] != object) {
        return SP_E_INVALID;
    }
    t->depth--;
    begin_text(t, AFTER);
    return tell(t, SP_TOKEN_END);
}

static int begin_string(struct sp_tokens *t, bool is_key)
{
    begin_text(t, STRING);
    t->is_key = is_key;
    t->high = 0;
    return 0;
}

static int begin_value(struct sp_tokens *t, uint8_t byte)
{
    if (byte == '{' || byte == '[') {
        return open(t, byte == '{');
    }
    if (byte == '"') {
        return begin_string(t, false);
    }
    if (byte == '-' || (byte >= '0' && byte <= '9')) {
        begin_text(t, NUMBER);
    } else if (byte >= 'a' && byte <= 'z') {
        begin_text(t, LITERAL);
    } else {
        return SP_E_INVALID;
    }
    put(t, byte);
    return 0;
}

static int after_value(struct sp_tokens *t, uint8_t byte)
{
    if (byte == ',' && t->depth > 0) {
        t->state = t->objects[t->depth - 1] ? KEY : VALUE;
        return 0;
    }
    return byte == '}' || byte == ']' ? close(t, byte == '}') : SP_E_INVALID;
}

/* Strings (RFC 8259 7) */

static void put_utf8(struct sp_tokens *t, uint32_t point)
{
    if (point < 0x80) {
        put(t, point);
        return;
    }
    if (point < 0x800) {
        put(t, 0xc0 | point >> 6);
    } else {
        if (point < 0x10000) {
            put(t, 0xe0 | point >> 12);
        } else {
            put(t, 0xf0 | point >> 18);
            put(t, 0x80 | (point >> 12 & 0x3f));
        }
        put(t, 0x80 | (point >> 6 & 0x3f));
    }
    put(t, 0x80 | (point & 0x3f));
}

/* The first half of a pair was followed by something else. */
static void end_pair(struct sp_tokens *t)
{
    if (t->high != 0) {
        put_utf8(t, REPLACEMENT);
        t->high = 0;
    }
}

static void put_unit(struct sp_tokens *t, uint16_t unit)
{
    if (unit >= 0xdc00 && unit <= 0xdfff && t->high != 0) {
        put_utf8(t, 0x10000U + ((t->high - 0xd800U) << 10) + (unit - 0xdc00U));
        t->high = 0;
        return;
    }
    end_pair(t);
    if (unit >= 0xd800 && unit <= 0xdbff) {
        t->high = unit;
    } else {
        put_utf8(t, unit >= 0xdc00 && unit <= 0xdfff ? REPLACEMENT : unit);
    }
}

static int end_string(struct sp_tokens *t)
{
    end_pair(t);
    t->state = t->is_key ? COLON : AFTER;
    return tell(t, t->is_key ? SP_TOKEN_KEY : SP_TOKEN_STRING);
}

static int string(struct sp_tokens *t, uint8_t byte)
{
    if (byte == '"') {
        return end_string(t);
    }
    if (byte == '\\') {
        t->state = ESCAPE;
        return 0;
    }
    end_pair(t);
    put(t, byte);
    return byte < 0x20 ? SP_E_INVALID : 0;
}

static int escape(struct sp_tokens *t, uint8_t byte)
{
    static const char names[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    const char *name = byte != 0 ? strchr(names, byte) : NULL;

    t->state = STRING;
    if (byte == 'u') {
        t->state = UNICODE;
        t->hex = 0;
        t->hex_n = 0;
        return 0;
    }
    if (name == NULL) {
        return SP_E_INVALID;
    }
    end_pair(t);
    put(t, (uint8_t)meant[name - names]);
    return 0;
}

static int unicode(struct sp_tokens *t, uint8_t byte)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t lower = byte >= 'A' && byte <= 'F' ? (uint8_t)(byte | 0x20) : byte;
    const char *digit = byte != 0 ? strchr(digits, lower) : NULL;

    if (digit == NULL) {
        return SP_E_INVALID;
    }
    t->hex = (uint16_t)(t->hex << 4 | (digit - digits));
    if (++t->hex_n == 4) {
        put_unit(t, t->hex);
        t->state = STRING;
    }
    return 0;
}

/* Numbers and literals */

static size_t digits(const char *p)
{
    return strspn(p, "0123456789");
}

/* RFC 8259 6 */
static bool is_number(const char *p)
{
    size_t n;

    p += *p == '-' ? 1 : 0;
    n = digits(p);
    if (n == 0 || (n > 1 && *p == '0')) {
        return false;
    }
    p += n;
    if (*p == '.') {
        n = digits(++p);
        p += n;
    }
    if (n > 0 && (*p == 'e' || *p == 'E')) {
        p += p[1] == '+' || p[1] == '-' ? 2 : 1;
        n = digits(p);
        p += n;
    }
    return n > 0 && *p == '\0';
}

static int end_number(struct sp_tokens *t)
{
    t->text[t->n] = '\0';
    if (!t->cut && !is_number(t->text)) {
        return SP_E_INVALID;
    }
    t->state = AFTER;
    return tell(t, SP_TOKEN_NUMBER);
}

static int number(struct sp_tokens *t, uint8_t byte)
{
    int err;

    if ((byte >= '0' && byte <= '9') || (byte != 0 && strchr("+-.eE", byte) != NULL)) {
        put(t, byte);
        return 0;
    }
    err = end_number(t);
    return err != 0 ? err : LOOK_AGAIN;
}

static int end_literal(struct sp_tokens *t)
{
    t->text[t->n] = '\0';
    if (strcmp(t->text, "true") != 0 && strcmp(t->text, "false") != 0 &&
        strcmp(t->text, "null") != 0) {
        return SP_E_INVALID;
    }
    t->state = AFTER;
    return tell(t, SP_TOKEN_LITERAL);
}

static int literal(struct sp_tokens *t, uint8_t byte)
{
    int err;

    if (byte >= 'a' && byte <= 'z') {
        put(t, byte);
        return 0;
    }
    err = end_literal(t);
    return err != 0 ? err : LOOK_AGAIN;
}

/* All of it */

static int punctuation(struct sp_tokens *t, uint8_t byte)
{
    switch (t->state) {
    case VALUE:
        return begin_value(t, byte);
    case FIRST_VALUE:
        return byte == ']' ? close(t, false) : begin_value(t, byte);
    case FIRST_KEY:
        if (byte == '}') {
            return close(t, true);
        }
        return byte == '"' ? begin_string(t, true) : SP_E_INVALID;
    case KEY:
        return byte == '"' ? begin_string(t, true) : SP_E_INVALID;
    case COLON:
        t->state = VALUE;
        return byte == ':' ? 0 : SP_E_INVALID;
    default:
        return after_value(t, byte);
    }
}

static int one(struct sp_tokens *t, uint8_t byte)
{
    switch (t->state) {
    case STRING:
        return string(t, byte);
    case ESCAPE:
        return escape(t, byte);
    case UNICODE:
        return unicode(t, byte);
    case NUMBER:
        return number(t, byte);
    case LITERAL:
        return literal(t, byte);
    default:
        return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r' ? 0
                                                                           : punctuation(t, byte);
    }
}

int sp_tokens_feed(struct sp_tokens *t, struct sp_span bytes)
{
    for (size_t i = 0; i < bytes.n; i++) {
        int err = one(t, bytes.p[i]);

        if (err == LOOK_AGAIN) {
            err = one(t, bytes.p[i]);
        }
        if (err != 0) {
            return err;
        }
    }
    return 0;
}

int sp_tokens_finish(struct sp_tokens *t)
{
    int err = 0;

    if (t->state == NUMBER) {
        err = end_number(t);
    } else if (t->state == LITERAL) {
        err = end_literal(t);
    }
    return err == 0 && (t->depth > 0 || t->state != AFTER) ? SP_E_INVALID : err;
}
