#include "mtasts/names.h"

#include "net/addr.h"

#include <string.h>

const char *sp_name_quote(struct sp_span text, char *out)
{
    const size_t most = SP_QUOTE_SIZE - 6; /* two quotes, the ellipsis, the terminator */
    size_t n = text.n;
    bool cut = n > most;
    size_t len = 0;

    if (cut) {
        n = most;
        while (n > 0 && (text.p[n] & 0xC0) == 0x80) { /* not through a UTF-8 sequence */
            n--;
        }
    }
    out[len++] = '"';
    for (size_t i = 0; i < n; i++) {
        out[len++] = text.p[i] < 0x20 || text.p[i] == 0x7F ? '?' : (char)text.p[i];
    }
    if (cut) {
        memcpy(out + len, "…", strlen("…"));
        len += strlen("…");
    }
    out[len++] = '"';
    out[len] = '\0';
    return out;
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_address(struct sp_span text)
{
    struct sp_addr addr;
    uint8_t prefix;

    if (text.n > 2 && text.p[0] == '[' && text.p[text.n - 1] == ']') {
        text = sp_span(text.p + 1, text.n - 2);
    }
    return sp_addr_parse(text, &addr) == 0 || sp_addr_parse_prefix(text, &addr, &prefix) == 0;
}

static const char *bytes_fault(struct sp_span text)
{
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];

        if (c >= 0x80) {
            return "has letters beyond ASCII: give its A-label, the form that begins with xn--";
        }
        if (c == '_') {
            return "has an underscore, which a host name cannot have";
        }
        if (c == ' ' || c == '\t') {
            return "has a space in it";
        }
        if (c == ':') {
            return "has a colon in it: give the host name alone, without port or scheme";
        }
        if (c == '*') {
            return "has a * in it: a wildcard is the whole left-most label, as in *.example.com";
        }
        if (!is_letter(c) && !is_digit(c) && c != '-' && c != '.') {
            return "has a character that no host name has: letters, digits, dashes and dots only";
        }
    }
    return NULL;
}

static const char *label_fault(struct sp_span label)
{
    if (label.n == 0) {
        return "has an empty label: two dots in a row, or one in front";
    }
    if (label.n > 63) {
        return "has a label of more than 63 characters";
    }
    if (label.p[0] == '-' || label.p[label.n - 1] == '-') {
        return "has a label that begins or ends with a dash";
    }
    return NULL;
}

static const char *labels_fault(struct sp_span rest)
{
    struct sp_span label = {NULL, 0};
    unsigned labels = 0;
    bool all_digits = true;

    while (sp_span_split(&rest, '.', &label)) {
        const char *fault = label_fault(label);

        if (fault != NULL) {
            return fault;
        }
        labels++;
    }
    for (size_t i = 0; i < label.n; i++) {
        all_digits = all_digits && is_digit(label.p[i]);
    }
    if (all_digits) {
        return "ends in a number, which no domain does";
    }
    return labels < 2 ? "is a single label: give the full name, as in mail.example.com" : NULL;
}

const char *sp_name_fault(struct sp_span text)
{
    const char *fault;

    if (text.n == 0) {
        return "is empty: give a host name";
    }
    if (is_address(text)) {
        return "is an address: give a host name";
    }
    fault = bytes_fault(text);
    if (fault != NULL) {
        return fault;
    }
    if (text.p[text.n - 1] == '.') {
        text.n--;
    }
    if (text.n >= SP_DOMAIN_SIZE) {
        return "is longer than the 253 characters that a name may have";
    }
    return labels_fault(text);
}
