#include "net/http_url.h"

#include "base/err.h"
#include "base/limits.h"

#include <string.h>

/* Where the first of the characters stands; the length when none does. */
static size_t find_any(struct sp_span text, const char *characters)
{
    for (size_t i = 0; i < text.n; i++) {
        if (strchr(characters, text.p[i]) != NULL && text.p[i] != '\0') {
            return i;
        }
    }
    return text.n;
}

static struct sp_span first(struct sp_span text, size_t n)
{
    return sp_span(text.p, n);
}

static struct sp_span after(struct sp_span text, size_t n)
{
    return sp_span(text.p + n, text.n - n);
}

static bool is_printable(struct sp_span text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] <= 0x20 || text.p[i] >= 0x7f) {
            return false;
        }
    }
    return true;
}

/* Takes "http://" or "https://" off the front. */
static int parse_scheme(struct sp_span *text, struct sp_url *out)
{
    if (text->n >= 8 && sp_span_is_nocase(first(*text, 8), "https://")) {
        out->https = true;
    } else if (text->n < 7 || !sp_span_is_nocase(first(*text, 7), "http://")) {
        return SP_E_INVALID;
    }
    *text = after(*text, out->https ? 8 : 7);
    return 0;
}

/* ":8080" or nothing. */
static int parse_port(struct sp_span text, struct sp_url *out)
{
    uint16_t usual = out->https ? 443 : 80;
    uint64_t port;

    out->port = usual;
    if (text.n == 0) {
        return 0;
    }
    if (text.p[0] != ':' || sp_span_u64(after(text, 1), 65535, &port) != 0 || port == 0) {
        return SP_E_INVALID;
    }
    out->port = (uint16_t)port;
    out->port_given = port != usual;
    return 0;
}

static int parse_bracketed(struct sp_span authority, struct sp_url *out)
{
    size_t end = find_any(authority, "]");

    if (end == authority.n ||
        sp_addr_parse(sp_span(authority.p + 1, end - 1), &out->address) != 0 ||
        out->address.family != 6) {
        return SP_E_INVALID;
    }
    (void)sp_addr_text(&out->address, out->host);
    return parse_port(after(authority, end + 1), out);
}

static int parse_authority(struct sp_span authority, struct sp_url *out)
{
    size_t colon = find_any(authority, ":");
    struct sp_span host = first(authority, colon);

    if (authority.n > 0 && authority.p[0] == '[') {
        return parse_bracketed(authority, out);
    }
    if (sp_addr_parse(host, &out->address) == 0) {
        (void)sp_addr_text(&out->address, out->host);
    } else if (sp_hostname(host, out->host) != 0) {
        return SP_E_INVALID;
    }
    return parse_port(after(authority, colon), out);
}

int sp_url_parse(struct sp_span text, struct sp_url *out)
{
    size_t end;

    memset(out, 0, sizeof *out);
    if (text.n >= SP_URL_MAX || !is_printable(text) || find_any(text, "#") != text.n ||
        parse_scheme(&text, out) != 0) {
        return SP_E_INVALID;
    }
    end = find_any(text, "/?");
    out->target = after(text, end);
    return parse_authority(first(text, end), out);
}
