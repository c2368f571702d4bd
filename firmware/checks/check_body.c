#include "checks/check_body.h"

#include "base/limits.h"
#include "base/text.h"

#include <string.h>

#define MAX_AGE_MOST 31557600U /* RFC 8461 3.2 */

enum key { VERSION, MODE, MAX_AGE, KEYS, MX, OTHER };

struct reader {
    struct sp_span rest;
    bool crlf, lf; /* line ends that were seen */
    bool seen[KEYS];
    unsigned mx, line;
};

static enum key key_of(struct sp_span name)
{
    static const struct {
        const char *name;
        enum key key;
    } keys[] = {{"version", VERSION}, {"mode", MODE}, {"max_age", MAX_AGE}, {"mx", MX}};

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (sp_span_is(name, keys[i].name)) {
            return keys[i].key;
        }
    }
    return OTHER;
}

static bool is_name(struct sp_span name)
{
    for (size_t i = 0; i < name.n; i++) {
        uint8_t c = name.p[i];
        bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');

        if (!alnum && (i == 0 || (c != '_' && c != '-' && c != '.'))) {
            return false;
        }
    }
    return name.n > 0 && name.n <= 32;
}

static const char *mx_fault(struct sp_span value)
{
    char host[SP_DOMAIN_SIZE];

    if (sp_span_starts(value, "*.")) {
        value = sp_span(value.p + 2, value.n - 2);
    }
    if (sp_hostname(value, host) < 0) {
        return "has an mx that is not a host name of letters, digits and dashes";
    }
    return NULL;
}

static const char *value_fault(enum key key, struct sp_span value)
{
    uint64_t seconds;

    switch (key) {
    case VERSION:
        return sp_span_is(value, "STSv1") ? NULL : "has another version than STSv1";
    case MODE:
        return sp_span_is(value, "enforce") || sp_span_is(value, "testing") ||
                       sp_span_is(value, "none")
                   ? NULL
                   : "has a mode other than enforce, testing and none";
    case MAX_AGE:
        if (sp_span_u64(value, MAX_AGE_MOST - 1, &seconds) < 0 || seconds == 0) {
            return "has a max_age that is not a number from 1 to 31557599";
        }
        return NULL;
    case MX:
        return mx_fault(value);
    case KEYS:
    case OTHER:
    default:
        return NULL;
    }
}

static const char *key_fault(struct reader *r, enum key key)
{
    if (r->line == 1 && key != VERSION) {
        return "is not \"version: STSv1\"";
    }
    if (key == MX) {
        r->mx++;
    } else if (key < KEYS) {
        if (r->seen[key]) {
            return "has a key that was there before";
        }
        r->seen[key] = true;
    }
    return NULL;
}

static const char *line_fault(struct reader *r, struct sp_span line)
{
    struct sp_span value = line;
    struct sp_span name;
    const char *fault;

    if (sp_span_trim(line).n == 0) {
        return "is blank";
    }
    for (size_t i = 0; i < line.n; i++) {
        if (line.p[i] < ' ' || line.p[i] > '~') {
            return "has a character that is not printable ASCII";
        }
    }
    if (!sp_span_split(&value, ':', &name) || value.p == NULL || !is_name(name)) {
        return "is not of the form \"key: value\" with a key in lower case";
    }
    if (value.n > 0 && value.p[value.n - 1] == ' ') {
        return "ends with a space";
    }
    fault = key_fault(r, key_of(name));
    return fault != NULL ? fault : value_fault(key_of(name), sp_span_trim(value));
}

/* The next line without its end. */
static const char *take_line(struct reader *r, struct sp_span *line)
{
    const uint8_t *end = memchr(r->rest.p, '\n', r->rest.n);
    size_t n = end != NULL ? (size_t)(end - r->rest.p) : r->rest.n;

    r->line++;
    *line = sp_span(r->rest.p, n);
    if (end != NULL && n > 0 && end[-1] == '\r') {
        line->n--;
        r->crlf = true;
    } else if (end != NULL) {
        r->lf = true;
    }
    n += end != NULL ? 1 : 0;
    r->rest = sp_span(r->rest.p + n, r->rest.n - n);
    return r->crlf && r->lf ? "ends otherwise than the lines before" : NULL;
}

static const char *whole_fault(const struct reader *r)
{
    if (r->line == 0) {
        return "it is empty";
    }
    if (!r->seen[MODE]) {
        return "it has no mode";
    }
    if (!r->seen[MAX_AGE]) {
        return "it has no max_age";
    }
    return r->mx == 0 ? "it has no mx" : NULL;
}

struct sp_check_body_fault sp_check_body(struct sp_span body)
{
    struct reader r = {.rest = body};
    struct sp_span line;

    while (r.rest.n > 0) {
        const char *fault = take_line(&r, &line);

        fault = fault != NULL ? fault : line_fault(&r, line);
        if (fault != NULL) {
            return (struct sp_check_body_fault){r.line, fault};
        }
    }
    return (struct sp_check_body_fault){0, whole_fault(&r)};
}
