#include "mtasts/records.h"

#include <stdio.h>
#include <string.h>

#define TXT_STRING_MAX 255 /* bytes of one character-string (RFC 1035 3.3) */

static struct sp_record *begin(struct sp_record *record, const char *type, const char *prefix,
                               const char *domain)
{
    memset(record, 0, sizeof *record);
    (void)snprintf(record->type, sizeof record->type, "%s", type);
    (void)snprintf(record->name, sizeof record->name, "%s%s", prefix, domain);
    record->ttl = SP_RECORD_TTL;
    return record;
}

static bool make_address(struct sp_record *record, const char *domain, const struct sp_addr *addr)
{
    char text[SP_ADDR_SIZE];

    if (!sp_addr_is_global(addr)) {
        return false;
    }
    begin(record, addr->family == 6 ? "AAAA" : "A", "mta-sts.", domain);
    (void)snprintf(record->value, sizeof record->value, "%s", sp_addr_text(addr, text));
    return true;
}

unsigned sp_records_make(const char *domain, const char *policy_id, const char *rua,
                         const struct sp_addr *addresses, unsigned addresses_n,
                         struct sp_record *out)
{
    unsigned n = 0;

    if (policy_id[0] != '\0') {
        begin(&out[n], "TXT", "_mta-sts.", domain);
        (void)snprintf(out[n].value, sizeof out[n].value, "v=STSv1; id=%s;", policy_id);
        n++;
    }
    for (unsigned i = 0; i < addresses_n && n < SP_RECORDS_OUT - 1; i++) {
        n += make_address(&out[n], domain, &addresses[i]) ? 1 : 0;
    }
    if (rua[0] != '\0') {
        begin(&out[n], "TXT", "_smtp._tls.", domain);
        (void)snprintf(out[n].value, sizeof out[n].value, "v=TLSRPTv1; rua=%s", rua);
        n++;
    }
    return n;
}

/* What master files want escaped inside quotes (RFC 1035 5.1). */
static void put_quoted(struct sp_buf *out, const char *text, size_t n)
{
    sp_buf_putc(out, '"');
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c == '"' || c == '\\') {
            sp_buf_putc(out, '\\');
        }
        if (c < 0x20 || c > 0x7E) {
            sp_buf_printf(out, "\\%03u", c);
        } else {
            sp_buf_putc(out, (char)c);
        }
    }
    sp_buf_putc(out, '"');
}

static void put_text(struct sp_buf *out, const char *text)
{
    size_t left = strlen(text);

    do {
        size_t n = left < TXT_STRING_MAX ? left : TXT_STRING_MAX;

        put_quoted(out, text, n);
        text += n;
        left -= n;
        if (left > 0) {
            sp_buf_putc(out, ' ');
        }
    } while (left > 0);
}

void sp_record_zone_line(const struct sp_record *record, struct sp_buf *out)
{
    sp_buf_printf(out, "%s. %lu IN %s ", record->name, (unsigned long)record->ttl, record->type);
    if (strcmp(record->type, "TXT") == 0) {
        put_text(out, record->value);
    } else {
        sp_buf_puts(out, record->value);
    }
}
