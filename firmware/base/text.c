#include "base/text.h"

#include "base/err.h"

void sp_base64url(struct sp_buf *out, struct sp_span bytes)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    for (size_t i = 0; i < bytes.n; i += 3) {
        size_t left = bytes.n - i;
        uint32_t group = (uint32_t)bytes.p[i] << 16;

        if (left > 1) {
            group |= (uint32_t)bytes.p[i + 1] << 8;
        }
        if (left > 2) {
            group |= bytes.p[i + 2];
        }
        sp_buf_putc(out, alphabet[group >> 18]);
        sp_buf_putc(out, alphabet[group >> 12 & 63]);
        if (left > 1) {
            sp_buf_putc(out, alphabet[group >> 6 & 63]);
        }
        if (left > 2) {
            sp_buf_putc(out, alphabet[group & 63]);
        }
    }
}

static int base64_digit(uint8_t c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Four digits, of which the last one or two may be padding: how many bytes, or SP_E_INVALID. */
static int take_group(const uint8_t *p, bool last, uint32_t *group)
{
    int pads = !last || p[3] != '=' ? 0 : p[2] != '=' ? 1 : 2;

    *group = 0;
    for (int i = 0; i < 4; i++) {
        int digit = i < 4 - pads ? base64_digit(p[i]) : 0;

        if (digit < 0) {
            return SP_E_INVALID;
        }
        *group = *group << 6 | (uint32_t)digit;
    }
    return (*group & ((1U << 8 * pads) - 1U)) == 0 ? 3 - pads : SP_E_INVALID;
}

int sp_unbase64(struct sp_span text, uint8_t *out, size_t cap)
{
    size_t len = 0;

    if (text.n % 4 != 0) {
        return SP_E_INVALID;
    }
    for (size_t i = 0; i < text.n; i += 4) {
        uint32_t group;
        int n = take_group(text.p + i, i + 4 == text.n, &group);

        if (n < 0) {
            return n;
        }
        if ((size_t)n > cap - len) {
            return SP_E_SPACE;
        }
        for (int byte = 0; byte < n; byte++) {
            out[len++] = (uint8_t)(group >> (16 - 8 * byte));
        }
    }
    return (int)len;
}

void sp_hex(struct sp_buf *out, struct sp_span bytes)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < bytes.n; i++) {
        sp_buf_putc(out, digits[bytes.p[i] >> 4]);
        sp_buf_putc(out, digits[bytes.p[i] & 15]);
    }
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

int sp_unhex(struct sp_span text, uint8_t *out, size_t cap)
{
    if (text.n % 2 != 0) {
        return SP_E_INVALID;
    }
    for (size_t i = 0; i < text.n; i++) {
        if (hex_digit(text.p[i]) < 0) {
            return SP_E_INVALID;
        }
    }
    if (text.n / 2 > cap) {
        return SP_E_SPACE;
    }
    for (size_t i = 0; i < text.n / 2; i++) {
        out[i] = (uint8_t)(hex_digit(text.p[i * 2]) * 16 + hex_digit(text.p[i * 2 + 1]));
    }
    return (int)(text.n / 2);
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* Copies a label in lower case. */
static bool take_label(struct sp_span label, char *out, bool *all_digits)
{
    *all_digits = true;
    if (label.n == 0 || label.n > 63 || label.p[0] == '-' || label.p[label.n - 1] == '-') {
        return false;
    }
    for (size_t i = 0; i < label.n; i++) {
        uint8_t c = label.p[i];

        if (c >= 'A' && c <= 'Z') {
            c = (uint8_t)(c + ('a' - 'A'));
        }
        if (!is_digit(c) && !(c >= 'a' && c <= 'z') && c != '-') {
            return false;
        }
        if (!is_digit(c)) {
            *all_digits = false;
        }
        out[i] = (char)c;
    }
    return true;
}

static int copy_labels(struct sp_span rest, char *out)
{
    struct sp_span label;
    bool all_digits = true;
    size_t labels = 0;
    size_t len = 0;

    while (sp_span_split(&rest, '.', &label)) {
        if (labels++ > 0) {
            out[len++] = '.';
        }
        if (!take_label(label, out + len, &all_digits)) {
            return SP_E_INVALID;
        }
        len += label.n;
    }
    if (labels < 2 || all_digits) {
        return SP_E_INVALID;
    }
    out[len] = '\0';
    return 0;
}

int sp_hostname(struct sp_span text, char *out)
{
    int err;

    if (text.n > 0 && text.p[text.n - 1] == '.') {
        text.n--;
    }
    err = text.n == 0 || text.n >= SP_DOMAIN_SIZE ? SP_E_INVALID : copy_labels(text, out);
    if (err < 0) {
        out[0] = '\0';
    }
    return err;
}

uint32_t sp_hash32(const void *p, size_t n)
{
    const uint8_t *bytes = p;
    uint32_t hash = 2166136261U;

    for (size_t i = 0; i < n; i++) {
        hash = (hash ^ bytes[i]) * 16777619U;
    }
    return hash;
}
