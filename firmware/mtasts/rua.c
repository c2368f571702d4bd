/* The address for TLS reports: RFC 8460 3 with RFC 6068 (mailto) or RFC 3986 (https). */
#include "mtasts/records.h"

#include "base/err.h"
#include "mtasts/names.h"

#include <stdio.h>
#include <string.h>

static bool is_one_of(uint8_t c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

static bool is_alnum(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_hex(uint8_t c)
{
    return (c >= '0' && c <= '9') || is_one_of((uint8_t)(c | 0x20), "abcdef");
}

/* RFC 8460 3 takes "!", "," and ";" only percent-encoded: they separate things in the record. */
static const char *bytes_fault(struct sp_span uri)
{
    for (size_t i = 0; i < uri.n; i++) {
        uint8_t c = uri.p[i];

        if (c == ' ' || c == '\t') {
            return "has a space in it";
        }
        if (is_one_of(c, "!,;")) {
            return "has a \"!\", \",\" or \";\", which must be written as %21, %2C or %3B";
        }
        if (c == '%' && (i + 2 >= uri.n || !is_hex(uri.p[i + 1]) || !is_hex(uri.p[i + 2]))) {
            return "has a % that is not followed by two hexadecimal digits";
        }
        if (c >= 0x80) {
            return "has letters beyond ASCII: use A-labels (xn--) and percent-encoding";
        }
        if (!is_alnum(c) && !is_one_of(c, "-._~:/?#[]@$&'()*+=%")) {
            return "has a character that a URI cannot have";
        }
    }
    return NULL;
}

static const char *local_part_fault(struct sp_span local)
{
    if (local.n == 0) {
        return "has nothing before the @";
    }
    if (local.n > 64) {
        return "has more than 64 characters before the @";
    }
    if (local.p[0] == '.' || local.p[local.n - 1] == '.') {
        return "has a dot at the beginning or the end of what stands before the @";
    }
    for (size_t i = 0; i < local.n; i++) {
        if (!is_alnum(local.p[i]) && !is_one_of(local.p[i], ".#$%&'*+-/=?_~")) {
            return "has a character before the @ that a mail address cannot have";
        }
        if (i > 0 && local.p[i] == '.' && local.p[i - 1] == '.') {
            return "has two dots in a row";
        }
    }
    return NULL;
}

static const char *host_fault(struct sp_span host)
{
    char name[SP_DOMAIN_SIZE];

    return sp_hostname(host, name) < 0 ? "does not name a host, as in reports.example.com" : NULL;
}

static const char *mailto_fault(struct sp_span address)
{
    const uint8_t *at = address.n > 0 ? memchr(address.p, '@', address.n) : NULL;
    const char *fault;
    size_t local;

    if (at == NULL) {
        return "is not a mail address: there is no @";
    }
    local = (size_t)(at - address.p);
    fault = local_part_fault(sp_span(address.p, local));
    return fault != NULL ? fault : host_fault(sp_span(at + 1, address.n - local - 1));
}

static const char *port_fault(struct sp_span port)
{
    uint64_t number;

    if (sp_span_u64(port, 65535, &number) < 0 || number == 0) {
        return "has a port that is not a number from 1 to 65535";
    }
    return NULL;
}

static const char *https_fault(struct sp_span rest)
{
    size_t n = 0;
    struct sp_span host, authority;
    const char *fault;

    while (n < rest.n && !is_one_of(rest.p[n], "/?#")) {
        n++;
    }
    authority = sp_span(rest.p, n);
    if (n > 0 && memchr(authority.p, '@', n) != NULL) {
        return "has a user name in it, which senders do not send";
    }
    if (!sp_span_split(&authority, ':', &host)) {
        return host_fault(sp_span(NULL, 0));
    }
    fault = host_fault(host);
    return fault == NULL && authority.p != NULL ? port_fault(authority) : fault;
}

static const char *rua_fault(struct sp_span rua)
{
    const char *fault;

    if (rua.n == 0) {
        return "is empty: give mailto:… or https://…";
    }
    if (rua.n >= SP_RUA_MAX) {
        return "is longer than 253 characters";
    }
    fault = bytes_fault(rua);
    if (fault != NULL) {
        return fault;
    }
    if (sp_span_starts(rua, "mailto:")) {
        return mailto_fault(sp_span(rua.p + 7, rua.n - 7));
    }
    if (sp_span_starts(rua, "https://")) {
        return https_fault(sp_span(rua.p + 8, rua.n - 8));
    }
    return "begins neither with mailto: nor with https://";
}

int sp_rua_check(struct sp_span rua, char *why, size_t cap)
{
    const char *fault = rua_fault(rua);
    char quoted[SP_QUOTE_SIZE];

    if (fault == NULL) {
        return 0;
    }
    (void)snprintf(why, cap, "The address for reports %s %s.", sp_name_quote(rua, quoted), fault);
    return SP_E_INVALID;
}
