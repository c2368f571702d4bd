/* Dates of RFC 3339 and of HTTP (RFC 9110 5.6.7), read by a pattern.
 *
 * In a pattern, capital letters stand for numbers: Y (4 digits), y (2), M, D, H, I (minute), S (2
 * each), d (day with a leading space), m (month's name); G is "GMT". Any other character stands for
 * itself. */
#include "base/err.h"
#include "base/time.h"

#include <stdbool.h>
#include <string.h>

static bool take_digits(const char **text, int n, int *out)
{
    int value = 0;

    for (int i = 0; i < n; i++) {
        char c = (*text)[i];

        if (c < '0' || c > '9') {
            return false;
        }
        value = value * 10 + (c - '0');
    }
    *text += n;
    *out = value;
    return true;
}

static bool take_month(const char **text, int *out)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

    for (int i = 0; i < 12; i++) {
        if (strncmp(*text, names + (size_t)i * 3, 3) == 0) {
            *text += 3;
            *out = i + 1;
            return true;
        }
    }
    return false;
}

static bool take_word(const char **text, const char *word)
{
    size_t n = strlen(word);

    if (strncmp(*text, word, n) != 0) {
        return false;
    }
    *text += n;
    return true;
}

/* Two digits of a year: there is no clock to ask which century is nearest, but no peer of ours
 * means one before 1970. */
static bool take_short_year(const char **text, int *out)
{
    if (!take_digits(text, 2, out)) {
        return false;
    }
    *out += *out < 70 ? 2000 : 1900;
    return true;
}

static bool take_field(char field, const char **text, struct sp_civil *c)
{
    switch (field) {
    case 'Y':
        return take_digits(text, 4, &c->year);
    case 'y':
        return take_short_year(text, &c->year);
    case 'M':
        return take_digits(text, 2, &c->month);
    case 'm':
        return take_month(text, &c->month);
    case 'D':
        return take_digits(text, 2, &c->day);
    case 'd':
        if (**text != ' ') {
            return take_digits(text, 2, &c->day);
        }
        (*text)++;
        return take_digits(text, 1, &c->day);
    case 'H':
        return take_digits(text, 2, &c->hour);
    case 'I':
        return take_digits(text, 2, &c->minute);
    case 'S':
        return take_digits(text, 2, &c->second);
    case 'G':
        return take_word(text, "GMT");
    default:
        if (**text != field) {
            return false;
        }
        (*text)++;
        return true;
    }
}

static bool take(const char *pattern, const char **text, struct sp_civil *c)
{
    for (; *pattern != '\0'; pattern++) {
        if (!take_field(*pattern, text, c)) {
            return false;
        }
    }
    return true;
}

static int days_of_month(int year, int month)
{
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    if (month == 2) {
        return leap ? 29 : 28;
    }
    return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

/* Second 60 is a leap second; it becomes the next minute's second 0. */
static bool is_real(const struct sp_civil *c)
{
    return c->month >= 1 && c->month <= 12 && c->day >= 1 &&
           c->day <= days_of_month(c->year, c->month) && c->hour <= 23 && c->minute <= 59 &&
           c->second <= 60;
}

static bool take_fraction(const char **text)
{
    if (**text != '.') {
        return true;
    }
    (*text)++;
    if (**text < '0' || **text > '9') {
        return false;
    }
    while (**text >= '0' && **text <= '9') {
        (*text)++;
    }
    return true;
}

/* "Z" or "+01:30", in seconds east of Greenwich. */
static bool take_offset(const char **text, int *out)
{
    struct sp_civil c = {0};
    int sign = **text == '-' ? -1 : 1;

    *out = 0;
    if (**text == 'Z' || **text == 'z') {
        (*text)++;
        return true;
    }
    if (**text != '+' && **text != '-') {
        return false;
    }
    (*text)++;
    if (!take("H:I", text, &c) || c.hour > 23 || c.minute > 59) {
        return false;
    }
    *out = sign * (c.hour * 3600 + c.minute * 60);
    return true;
}

int sp_utc_parse_rfc3339(const char *text, sp_utc *out)
{
    struct sp_civil c = {0};
    int offset;

    if (!take("Y-M-D", &text, &c)) {
        return SP_E_INVALID;
    }
    if (*text != 'T' && *text != 't' && *text != ' ') {
        return SP_E_INVALID;
    }
    text++;
    if (!take("H:I:S", &text, &c) || !take_fraction(&text) || !take_offset(&text, &offset)) {
        return SP_E_INVALID;
    }
    if (*text != '\0' || !is_real(&c)) {
        return SP_E_INVALID;
    }
    *out = sp_civil_utc(&c) - offset;
    return 0;
}

/* The day of the week says nothing that the date does not. */
static const char *skip_weekday(const char *text)
{
    while ((*text >= 'A' && *text <= 'Z') || (*text >= 'a' && *text <= 'z')) {
        text++;
    }
    return text;
}

int sp_utc_parse_http(const char *text, sp_utc *out)
{
    static const char *const patterns[] = {", D m Y H:I:S G", ", D-m-y H:I:S G", " m d H:I:S Y"};

    text = skip_weekday(text);
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        struct sp_civil c = {0};
        const char *rest = text;

        if (take(patterns[i], &rest, &c) && *rest == '\0' && is_real(&c)) {
            *out = sp_civil_utc(&c);
            return 0;
        }
    }
    return SP_E_INVALID;
}
