#include "mtasts/records.h"

#include <stdio.h>
#include <string.h>

#define TXT_STRING_MAX 255 /* bytes of one character-string (RFC 1035 3.3) */

struct list {
    const struct sp_records_wish *wish;
    unsigned n;            /* records so far */
    unsigned wanted;       /* number of the one that is kept */
    struct sp_record *out; /* gets that one */
};

/* The next record; NULL when it is only counted. */
static struct sp_record *next(struct list *list, const char *type, const char *prefix)
{
    struct sp_record *record = list->out;

    if (list->n++ != list->wanted) {
        return NULL;
    }
    memset(record, 0, sizeof *record);
    (void)snprintf(record->type, sizeof record->type, "%s", type);
    (void)snprintf(record->name, sizeof record->name, "%s%s", prefix, list->wish->domain);
    record->ttl = SP_RECORD_TTL;
    record->remove = list->wish->over;
    return record;
}

static void add_text(struct list *list, const char *prefix, const char *before, const char *value,
                     const char *after)
{
    struct sp_record *record = next(list, "TXT", prefix);

    if (record != NULL) {
        (void)snprintf(record->value, sizeof record->value, "%s%s%s", before, value, after);
    }
}

static void add_address(struct list *list, const struct sp_addr *addr)
{
    char text[SP_ADDR_SIZE];
    struct sp_record *record;

    if (!sp_addr_is_global(addr)) {
        return;
    }
    record = next(list, addr->family == 6 ? "AAAA" : "A", "mta-sts.");
    if (record != NULL) {
        (void)snprintf(record->value, sizeof record->value, "%s", sp_addr_text(addr, text));
    }
}

/* A parameter's value has no space, no ";" (RFC 8659 4.2), and what stands in quotes no quote. */
static bool is_value(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text <= ' ' || *text > '~' || *text == ';' || *text == '"' || *text == '\\') {
            return false;
        }
    }
    return true;
}

/* At the policy host itself: there it replaces what is said further up (RFC 8659 3), for this one
 * name. An account that does not fit is left out: it is offered, not needed. */
static void add_caa(struct list *list)
{
    const struct sp_records_wish *wish = list->wish;
    struct sp_record *record;
    struct sp_buf value;

    if (!is_value(wish->ca)) {
        return;
    }
    record = next(list, "CAA", "mta-sts.");
    if (record == NULL) {
        return;
    }
    sp_buf_init(&value, record->value, sizeof record->value);
    sp_buf_printf(&value, "0 issue \"%s; validationmethods=http-01", wish->ca);
    if (wish->account[0] != '\0' && is_value(wish->account) &&
        value.len + strlen(wish->account) + sizeof "; accounturi=\"" <= sizeof record->value) {
        sp_buf_printf(&value, "; accounturi=%s", wish->account);
    }
    sp_buf_putc(&value, '"');
}

unsigned sp_records_make(const struct sp_records_wish *wish, unsigned i, struct sp_record *out)
{
    struct list list = {.wish = wish, .wanted = i, .out = out};

    if (wish->policy_id[0] != '\0') {
        add_text(&list, "_mta-sts.", "v=STSv1; id=", wish->policy_id, ";");
    }
    for (unsigned address = 0; address < wish->addresses_n; address++) {
        add_address(&list, &wish->addresses[address]);
    }
    if (wish->ca[0] != '\0') {
        add_caa(&list);
    }
    if (wish->rua[0] != '\0') {
        add_text(&list, "_smtp._tls.", "v=TLSRPTv1; rua=", wish->rua, "");
    }
    return list.n;
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
