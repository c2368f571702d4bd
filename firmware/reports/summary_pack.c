/* The bytes of a summary: docs/report-record.md. Numbers are written in groups of seven bits, the
 * low ones first, the top bit saying that more follow. */
#include "reports/summary.h"

#include "base/err.h"

#include <string.h>

#define VERSION 1
#define DAY_MAX 2932896 /* the end of the year 9999 */
#define LAST_MAX ((sp_utc)DAY_MAX * 86400 + 86399)

/* Writing: SP_SUMMARY_RECORD_MAX has room for the largest. */

struct writer {
    uint8_t *p;
    size_t n;
};

static void put_byte(struct writer *w, unsigned byte)
{
    w->p[w->n++] = (uint8_t)byte;
}

static void put_number(struct writer *w, uint64_t number)
{
    for (; number > 0x7f; number >>= 7) {
        put_byte(w, (unsigned)(number & 0x7f) | 0x80);
    }
    put_byte(w, (unsigned)number);
}

static void put_day(struct writer *w, const struct sp_summary *summary, unsigned day)
{
    unsigned mask = 0;

    put_number(w, summary->days[day].ok);
    put_number(w, summary->days[day].failed);
    for (unsigned i = 0; i < SP_REPORT_TYPES; i++) {
        mask |= summary->days[day].types[i] != 0 ? 1U << i : 0;
    }
    put_number(w, mask);
    for (unsigned i = 0; i < SP_REPORT_TYPES; i++) {
        if ((mask & 1U << i) != 0) {
            put_number(w, summary->days[day].types[i]);
        }
    }
}

/* with_ok: an organisation; of an MX only failures are known. */
static void put_name(struct writer *w, const struct sp_summary_name *name, bool with_ok)
{
    size_t n = strlen(name->name);
    unsigned mask = 0;

    put_byte(w, (unsigned)n);
    memcpy(w->p + w->n, name->name, n);
    w->n += n;
    for (unsigned i = 0; i < SP_SUMMARY_DAYS; i++) {
        mask |= (with_ok && name->ok[i] != 0) || name->failed[i] != 0 ? 1U << i : 0;
    }
    put_number(w, mask);
    for (unsigned i = 0; i < SP_SUMMARY_DAYS; i++) {
        if ((mask & 1U << i) != 0) {
            put_number(w, name->failed[i]);
            if (with_ok) {
                put_number(w, name->ok[i]);
            }
        }
    }
}

static void put_names(struct writer *w, const struct sp_summary_name *names, unsigned n,
                      bool with_ok)
{
    put_byte(w, n);
    for (unsigned i = 0; i < n; i++) {
        put_name(w, &names[i], with_ok);
    }
}

size_t sp_summary_pack(const struct sp_summary *summary, uint8_t *out)
{
    struct writer w = {.p = out};

    put_byte(&w, VERSION);
    put_number(&w, summary->day);
    put_number(&w, (uint64_t)summary->last);
    put_number(&w, summary->reports);
    for (unsigned i = 0; i < SP_SUMMARY_DAYS; i++) {
        put_day(&w, summary, i);
    }
    put_byte(&w, summary->seen_n);
    for (unsigned i = 0; i < summary->seen_n; i++) {
        put_number(&w, summary->seen[i]);
    }
    put_names(&w, summary->organisations, summary->organisations_n, true);
    put_names(&w, summary->mx, summary->mx_n, false);
    return w.n;
}

/* Reading: `bad` stays once something was wrong, and what is read then is 0. */

struct reader {
    struct sp_span rest;
    bool bad;
};

static uint64_t get_number(struct reader *r, uint64_t max)
{
    uint64_t number = 0;

    for (unsigned shift = 0; shift < 63 && r->rest.n > 0; shift += 7) {
        uint8_t byte = *r->rest.p;

        r->rest = sp_span(r->rest.p + 1, r->rest.n - 1);
        number |= (uint64_t)(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0) {
            r->bad = r->bad || number > max || (byte == 0 && shift > 0);
            return r->bad ? 0 : number;
        }
    }
    r->bad = true;
    return 0;
}

static uint32_t get_count(struct reader *r)
{
    return (uint32_t)get_number(r, UINT32_MAX);
}

static void get_day(struct reader *r, struct sp_summary_sums *day)
{
    unsigned mask;

    day->ok = get_count(r);
    day->failed = get_count(r);
    mask = (unsigned)get_number(r, (1U << SP_REPORT_TYPES) - 1);
    for (unsigned i = 0; i < SP_REPORT_TYPES; i++) {
        day->types[i] = (mask & 1U << i) != 0 ? get_count(r) : 0;
    }
}

struct head {
    uint32_t day;
    sp_utc last;
    uint32_t reports;
};

static void get_head(struct reader *r, struct head *head,
                     struct sp_summary_sums days[SP_SUMMARY_DAYS])
{
    r->bad = get_number(r, UINT32_MAX) != VERSION;
    head->day = (uint32_t)get_number(r, DAY_MAX);
    head->last = (sp_utc)get_number(r, LAST_MAX);
    head->reports = get_count(r);
    for (unsigned i = 0; i < SP_SUMMARY_DAYS; i++) {
        get_day(r, &days[i]);
    }
}

int sp_summary_unpack_days(struct sp_span bytes, uint32_t *newest,
                           struct sp_summary_sums days[SP_SUMMARY_DAYS])
{
    struct reader r = {.rest = bytes};
    struct head head;

    get_head(&r, &head, days);
    *newest = head.day;
    return r.bad ? SP_E_CORRUPT : 0;
}

static void get_text(struct reader *r, char out[SP_REPORT_NAME])
{
    size_t n = (size_t)get_number(r, SP_REPORT_NAME - 1);

    if (n == 0 || n > r->rest.n) {
        r->bad = true;
        return;
    }
    for (size_t i = 0; i < n; i++) {
        r->bad = r->bad || r->rest.p[i] < 0x20 || r->rest.p[i] == 0x7f;
        out[i] = (char)r->rest.p[i];
    }
    out[n] = '\0';
    r->rest = sp_span(r->rest.p + n, r->rest.n - n);
}

static void get_names(struct reader *r, struct sp_summary_name *names, unsigned *n, bool with_ok)
{
    *n = (unsigned)get_number(r, SP_SUMMARY_NAMES);
    for (unsigned i = 0; i < *n && !r->bad; i++) {
        unsigned mask;

        get_text(r, names[i].name);
        mask = (unsigned)get_number(r, (1U << SP_SUMMARY_DAYS) - 1);
        for (unsigned day = 0; day < SP_SUMMARY_DAYS; day++) {
            names[i].failed[day] = (mask & 1U << day) != 0 ? get_count(r) : 0;
            names[i].ok[day] = with_ok && (mask & 1U << day) != 0 ? get_count(r) : 0;
        }
    }
}

int sp_summary_unpack(struct sp_span bytes, struct sp_summary *summary)
{
    struct reader r = {.rest = bytes};
    struct head head;

    memset(summary, 0, sizeof *summary);
    get_head(&r, &head, summary->days);
    summary->day = head.day;
    summary->last = head.last;
    summary->reports = head.reports;
    summary->seen_n = (unsigned)get_number(&r, SP_SUMMARY_SEEN);
    for (unsigned i = 0; i < summary->seen_n; i++) {
        summary->seen[i] = get_count(&r);
    }
    get_names(&r, summary->organisations, &summary->organisations_n, true);
    get_names(&r, summary->mx, &summary->mx_n, false);
    if (r.bad || r.rest.n > 0) {
        memset(summary, 0, sizeof *summary);
        return SP_E_CORRUPT;
    }
    return 0;
}
