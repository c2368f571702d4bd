/*
 * snprintf and its kin, in place of newlib's: those bring floating point, locales and a heap of
 * their own, 30 KB in all. Integers, characters, strings and pointers, with flags, width, precision
 * and all length modifiers. An unknown conversion is copied as it stands.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define DIGITS 24 /* of 64 bits in octal, and a sign */

struct out {
    char *at;
    size_t left; /* without the terminator's place */
    size_t total;
};

struct spec {
    bool left, zero, plus, space, alternate;
    int width, precision; /* precision -1: none */
    int length;           /* bytes of the integer: 1, 2, 4, 8 */
    char conversion;
};

static void put(struct out *out, char c)
{
    if (out->left > 0) {
        *out->at++ = c;
        out->left--;
    }
    out->total++;
}

static void put_n(struct out *out, char c, int n)
{
    for (; n > 0; n--) {
        put(out, c);
    }
}

static const char *read_flags(const char *format, struct spec *spec)
{
    for (;; format++) {
        switch (*format) {
        case '-':
            spec->left = true;
            break;
        case '0':
            spec->zero = true;
            break;
        case '+':
            spec->plus = true;
            break;
        case ' ':
            spec->space = true;
            break;
        case '#':
            spec->alternate = true;
            break;
        default:
            return format;
        }
    }
}

static const char *read_number(const char *format, int *out, va_list *args)
{
    if (*format == '*') {
        *out = va_arg(*args, int);
        return format + 1;
    }
    for (*out = 0; *format >= '0' && *format <= '9'; format++) {
        *out = *out * 10 + (*format - '0');
    }
    return format;
}

static const char *read_length(const char *format, struct spec *spec)
{
    spec->length = (int)sizeof(int);
    for (;; format++) {
        switch (*format) {
        case 'h':
            spec->length = spec->length == 2 ? 1 : 2;
            break;
        case 'l':
            spec->length = format[1] == 'l' ? 8 : (int)sizeof(long);
            format += format[1] == 'l';
            break;
        case 'j':
            spec->length = 8;
            break;
        case 'z':
        case 't':
            spec->length = (int)sizeof(size_t);
            break;
        default:
            return format;
        }
    }
}

static const char *read_spec(const char *format, struct spec *spec, va_list *args)
{
    memset(spec, 0, sizeof *spec);
    format = read_flags(format, spec);
    format = read_number(format, &spec->width, args);
    if (spec->width < 0) {
        spec->left = true;
        spec->width = -spec->width;
    }
    spec->precision = -1;
    if (*format == '.') {
        format = read_number(format + 1, &spec->precision, args);
    }
    format = read_length(format, spec);
    spec->conversion = *format;
    return *format == '\0' ? format : format + 1;
}

static void put_string(struct out *out, const struct spec *spec, const char *text)
{
    int n = 0;
    text = text == NULL ? "(null)" : text;
    while ((spec->precision < 0 || n < spec->precision) && text[n] != '\0') {
        n++;
    }
    put_n(out, ' ', spec->left ? 0 : spec->width - n);
    for (int i = 0; i < n; i++) {
        put(out, text[i]);
    }
    put_n(out, ' ', spec->left ? spec->width - n : 0);
}

/* Writes value backwards to the end of buf; where it begins. */
static char *digits(uint64_t value, unsigned base, bool upper, char *end)
{
    const char *letters = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    while (value > UINT32_MAX) { /* 64-bit divisions only while they are needed */
        *--end = letters[value % base];
        value /= base;
    }
    for (uint32_t rest = (uint32_t)value; rest > 0; rest /= base) {
        *--end = letters[rest % base];
    }
    return end;
}

static void put_number(struct out *out, const struct spec *spec, uint64_t value, unsigned base,
                       const char *prefix)
{
    char buf[DIGITS];
    char *end = buf + sizeof buf;
    char *begin = digits(value, base, spec->conversion == 'X', end);
    int least = spec->precision < 0 ? 1 : spec->precision;
    int zeros = least - (int)(end - begin);
    int pad;
    zeros = zeros > 0 ? zeros : 0;
    pad = spec->width - (int)strlen(prefix) - zeros - (int)(end - begin);
    if (spec->zero && !spec->left && spec->precision < 0 && pad > 0) {
        zeros += pad;
        pad = 0;
    }
    put_n(out, ' ', spec->left ? 0 : pad);
    for (; *prefix != '\0'; prefix++) {
        put(out, *prefix);
    }
    put_n(out, '0', zeros);
    for (; begin < end; begin++) {
        put(out, *begin);
    }
    put_n(out, ' ', spec->left ? pad : 0);
}

static void put_signed(struct out *out, const struct spec *spec, int64_t value)
{
    const char *sign = spec->plus ? "+" : spec->space ? " " : "";
    uint64_t size = (uint64_t)value;
    if (value < 0) {
        sign = "-";
        size = 0 - size;
    }
    put_number(out, spec, size, 10, sign);
}

static int64_t signed_argument(int length, va_list *args)
{
    if (length == 8) {
        return va_arg(*args, int64_t);
    }
    return length == 4   ? va_arg(*args, int32_t)
           : length == 2 ? (int16_t)va_arg(*args, int)
                         : (int8_t)va_arg(*args, int);
}

static uint64_t unsigned_argument(int length, va_list *args)
{
    if (length == 8) {
        return va_arg(*args, uint64_t);
    }
    return length == 4   ? va_arg(*args, uint32_t)
           : length == 2 ? (uint16_t)va_arg(*args, unsigned)
                         : (uint8_t)va_arg(*args, unsigned);
}

static void put_unsigned(struct out *out, const struct spec *spec, va_list *args)
{
    uint64_t value = unsigned_argument(spec->length, args);
    bool hex = spec->conversion == 'x' || spec->conversion == 'X';
    const char *prefix = "";
    if (spec->alternate && value != 0) {
        prefix = spec->conversion == 'x' ? "0x" : hex ? "0X" : spec->conversion == 'o' ? "0" : "";
    }
    put_number(out, spec, value, hex ? 16 : spec->conversion == 'o' ? 8 : 10, prefix);
}

static void convert(struct out *out, struct spec *spec, va_list *args)
{
    char c[2] = {0};
    switch (spec->conversion) {
    case 'd':
    case 'i':
        put_signed(out, spec, signed_argument(spec->length, args));
        break;
    case 'u':
    case 'x':
    case 'X':
    case 'o':
        put_unsigned(out, spec, args);
        break;
    case 'p':
        put_number(out, spec, (uintptr_t)va_arg(*args, void *), 16, "0x");
        break;
    case 's':
        put_string(out, spec, va_arg(*args, const char *));
        break;
    case 'c':
        c[0] = (char)va_arg(*args, int);
        put_string(out, spec, c);
        break;
    default:
        put(out, spec->conversion);
        break;
    }
}

int vsnprintf(char *buf, size_t size, const char *format, va_list list)
{
    struct out out = {.at = buf, .left = size > 0 ? size - 1 : 0};
    va_list args;
    va_copy(args, list);
    while (*format != '\0') {
        struct spec spec;
        if (*format != '%') {
            put(&out, *format++);
            continue;
        }
        format = read_spec(format + 1, &spec, &args);
        if (spec.conversion != '\0') {
            convert(&out, &spec, &args);
        }
    }
    va_end(args);
    if (size > 0) {
        *out.at = '\0';
    }
    return (int)out.total;
}

int snprintf(char *buf, size_t size, const char *format, ...)
{
    va_list args;
    int n;
    va_start(args, format);
    n = vsnprintf(buf, size, format, args);
    va_end(args);
    return n;
}

int sprintf(char *buf, const char *format, ...)
{
    va_list args;
    int n;
    va_start(args, format);
    n = vsnprintf(buf, INT32_MAX, format, args);
    va_end(args);
    return n;
}
