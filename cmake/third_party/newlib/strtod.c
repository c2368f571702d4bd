/* cJSON's strtod, in place of newlib's exact one, which brings arithmetic of any precision and, for
 * its assertions, all of stdio: 20 KB. Good to about 15 digits; a number in the CA's answers is a
 * status or a count. */
#include <stdbool.h>
#include <stddef.h>

double sp_newlib_strtod(const char *restrict text, char **restrict end);

#define EXPONENT_MOST 400

static const char *read_digits(const char *text, double *value, int *count)
{
    for (; *text >= '0' && *text <= '9'; text++) {
        *value = *value * 10 + (*text - '0');
        *count += 1;
    }
    return text;
}

static const char *read_exponent(const char *text, int *exponent)
{
    const char *at = text + 1;
    bool negative = *at == '-';
    int value = 0;
    at += *at == '-' || *at == '+';
    if (*at < '0' || *at > '9') {
        return text;
    }
    for (; *at >= '0' && *at <= '9'; at++) {
        value = value < EXPONENT_MOST ? value * 10 + (*at - '0') : value;
    }
    *exponent += negative ? -value : value;
    return at;
}

static double scaled(double value, int exponent)
{
    for (; exponent > 0 && value != 0; exponent--) {
        value *= 10;
    }
    for (; exponent < 0 && value != 0; exponent++) {
        value /= 10;
    }
    return value;
}

double sp_newlib_strtod(const char *restrict text, char **restrict end)
{
    bool negative = *text == '-';
    const char *at = text + (*text == '-' || *text == '+');
    double value = 0;
    int digits = 0;
    int whole;
    int exponent = 0;
    at = read_digits(at, &value, &digits);
    whole = digits;
    if (*at == '.') {
        at = read_digits(at + 1, &value, &digits);
        exponent = whole - digits;
    }
    if (digits > 0 && (*at == 'e' || *at == 'E')) {
        at = read_exponent(at, &exponent);
    }
    if (end != NULL) {
        const union {
            const char *constant;
            char *plain;
        } pointer = {digits > 0 ? at : text};
        *end = pointer.plain;
    }
    return scaled(negative ? -value : value, exponent);
}
