#include "reports/summary.h"

#include "base/err.h"
#include "base/scratch.h"

#include <string.h>

#define DAY_S 86400
#define EARLY_S 86400 /* that a reporter's clock may be ahead */

/* Days */

static void move_counts(uint32_t *counts, unsigned by)
{
    memmove(counts + by, counts, (SP_SUMMARY_DAYS - by) * sizeof *counts);
    memset(counts, 0, by * sizeof *counts);
}

/* Those without news are gone. */
static void move_names(struct sp_summary_name *names, unsigned *n, unsigned by)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < *n; i++) {
        uint32_t ok, failed;

        move_counts(names[i].ok, by);
        move_counts(names[i].failed, by);
        sp_summary_name_sum(&names[i], SP_SUMMARY_DAYS, &ok, &failed);
        if (ok > 0 || failed > 0) {
            names[kept++] = names[i];
        }
    }
    memset(names + kept, 0, (*n - kept) * sizeof *names);
    *n = kept;
}

void sp_summary_move(struct sp_summary *summary, uint32_t today)
{
    unsigned by = SP_SUMMARY_DAYS;

    if (today <= summary->day) {
        return;
    }
    if (today - summary->day < by) {
        by = today - summary->day;
    }
    memmove(summary->days + by, summary->days, (SP_SUMMARY_DAYS - by) * sizeof summary->days[0]);
    memset(summary->days, 0, by * sizeof summary->days[0]);
    move_names(summary->organisations, &summary->organisations_n, by);
    move_names(summary->mx, &summary->mx_n, by);
    summary->day = today;
}

/* Adding */

static unsigned newest_news(const struct sp_summary_name *name)
{
    unsigned i = 0;

    while (i < SP_SUMMARY_DAYS && name->ok[i] == 0 && name->failed[i] == 0) {
        i++;
    }
    return i;
}

/* The entry of that name, made when there is none: the one whose news are oldest makes room. */
static struct sp_summary_name *entry(struct sp_summary_name *names, unsigned *n, const char *name)
{
    unsigned oldest = 0;

    for (unsigned i = 0; i < *n; i++) {
        if (strcmp(names[i].name, name) == 0) {
            return &names[i];
        }
        oldest = newest_news(&names[i]) > newest_news(&names[oldest]) ? i : oldest;
    }
    if (*n < SP_SUMMARY_NAMES) {
        oldest = (*n)++;
    }
    memset(&names[oldest], 0, sizeof names[oldest]);
    sp_text_cut(names[oldest].name, sizeof names[oldest].name, name);
    return &names[oldest];
}

static void add(uint32_t *to, uint32_t n)
{
    *to = sp_report_sum(*to, n);
}

/* A reporter's own sums may differ: the greater counts. */
static uint32_t failures_of(const struct sp_report_counts *counts)
{
    uint32_t sum = 0;

    for (unsigned i = 0; i < SP_REPORT_TYPES; i++) {
        sum = sp_report_sum(sum, counts->types[i]);
    }
    return sum > counts->failed ? sum : counts->failed;
}

static void add_counts(struct sp_summary *summary, const struct sp_report *report, unsigned at)
{
    const struct sp_report_counts *counts = &report->total;
    uint32_t failed = failures_of(counts);
    struct sp_summary_name *name;

    add(&summary->days[at].ok, counts->ok);
    add(&summary->days[at].failed, failed);
    for (unsigned i = 0; i < SP_REPORT_TYPES; i++) {
        add(&summary->days[at].types[i], counts->types[i]);
    }
    if (counts->ok > 0 || failed > 0) {
        name = entry(summary->organisations, &summary->organisations_n, report->organisation);
        add(&name->ok[at], counts->ok);
        add(&name->failed[at], failed);
    }
    for (unsigned i = 0; i < counts->mx_n; i++) {
        name = entry(summary->mx, &summary->mx_n, counts->mx[i].name);
        add(&name->failed[at], counts->mx[i].failed);
    }
}

static bool was_seen(const struct sp_summary *summary, uint32_t id)
{
    for (unsigned i = 0; i < summary->seen_n; i++) {
        if (summary->seen[i] == id) {
            return true;
        }
    }
    return false;
}

static void note_seen(struct sp_summary *summary, uint32_t id)
{
    memmove(summary->seen + 1, summary->seen, (SP_SUMMARY_SEEN - 1) * sizeof id);
    summary->seen[0] = id;
    if (summary->seen_n < SP_SUMMARY_SEEN) {
        summary->seen_n++;
    }
}

static int refuse(struct sp_report *report, const char *reason)
{
    report->reason = reason;
    return SP_E_INVALID;
}

int sp_summary_add(struct sp_summary *summary, struct sp_report *report, sp_utc now)
{
    sp_utc middle = report->start + (report->end - report->start) / 2;
    uint32_t today = (uint32_t)(now / DAY_S);
    uint32_t day = (uint32_t)(middle / DAY_S);

    if (report->end > now + EARLY_S) {
        return refuse(report, "its date-range lies in the future");
    }
    day = day > today ? today : day;
    if (today > summary->day) {
        sp_summary_move(summary, today);
    }
    if (summary->day - day >= SP_SUMMARY_DAYS) {
        return refuse(report, "its date-range is more than two weeks old");
    }
    if (was_seen(summary, report->id)) {
        return SP_E_EXISTS;
    }
    note_seen(summary, report->id);
    add_counts(summary, report, summary->day - day);
    add(&summary->reports, 1);
    summary->last = now;
    return 0;
}

/* Flash */

int sp_summary_load(struct sp_store *store, const char *domain, sp_utc now,
                    struct sp_summary *summary)
{
    size_t mark = sp_scratch_mark();
    uint8_t *bytes = sp_scratch_take(SP_SUMMARY_RECORD_MAX);
    int n = sp_store_get(store, SP_KIND_REPORTS, domain, bytes, SP_SUMMARY_RECORD_MAX);

    if (n >= 0) {
        n = sp_summary_unpack(sp_span(bytes, (size_t)n), summary);
    }
    sp_scratch_release(mark);
    if (n == 0 && now > 0) {
        sp_summary_move(summary, (uint32_t)(now / DAY_S));
    }
    return n == SP_E_SPACE ? SP_E_CORRUPT : n;
}

/* The due of a record is the moment of its last report: the earliest goes first. */
static int make_room(struct sp_store *store, const char *domain)
{
    char name[SP_STORE_NAME_MAX + 1];
    sp_utc due;
    int err;

    if (sp_store_count(store, SP_KIND_REPORTS) < SP_SUMMARIES_MAX ||
        sp_store_length(store, SP_KIND_REPORTS, domain) >= 0) {
        return 0;
    }
    err = sp_store_due(store, SP_KIND_REPORTS, name, &due);
    return err == 0 ? sp_store_delete(store, SP_KIND_REPORTS, name) : err;
}

static int put(struct sp_store *store, const char *domain, const struct sp_summary *summary)
{
    size_t mark = sp_scratch_mark();
    uint8_t *bytes = sp_scratch_take(SP_SUMMARY_RECORD_MAX);
    size_t n = sp_summary_pack(summary, bytes);
    int err = make_room(store, domain);

    if (err == 0) {
        err = sp_store_put(store, SP_KIND_REPORTS, domain, sp_span(bytes, n), summary->last);
    }
    sp_scratch_release(mark);
    return err;
}

int sp_summary_keep(struct sp_store *store, struct sp_report *report, sp_utc now)
{
    size_t mark = sp_scratch_mark();
    struct sp_summary *summary = sp_scratch_take(sizeof *summary);
    int err = sp_summary_load(store, report->total.domain, now, summary);

    if (err == SP_E_NOT_FOUND || err == SP_E_CORRUPT) { /* it begins anew */
        memset(summary, 0, sizeof *summary);
        err = 0;
    }
    if (err == 0) {
        err = sp_summary_add(summary, report, now);
    }
    if (err == 0) {
        err = put(store, report->total.domain, summary);
    }
    sp_scratch_release(mark);
    return err;
}

/* What it says */

static void add_days(struct sp_summary_sums *sums, const struct sp_summary_sums *days, unsigned n)
{
    for (unsigned i = 0; i < n && i < SP_SUMMARY_DAYS; i++) {
        add(&sums->ok, days[i].ok);
        add(&sums->failed, days[i].failed);
        for (unsigned type = 0; type < SP_REPORT_TYPES; type++) {
            add(&sums->types[type], days[i].types[type]);
        }
    }
}

void sp_summary_sum(const struct sp_summary *summary, unsigned days, struct sp_summary_sums *out)
{
    memset(out, 0, sizeof *out);
    add_days(out, summary->days, days);
}

void sp_summary_name_sum(const struct sp_summary_name *name, unsigned days, uint32_t *ok,
                         uint32_t *failed)
{
    *ok = 0;
    *failed = 0;
    for (unsigned i = 0; i < days && i < SP_SUMMARY_DAYS; i++) {
        add(ok, name->ok[i]);
        add(failed, name->failed[i]);
    }
}

static void put_types(const struct sp_summary_sums *sums, struct sp_buf *out)
{
    const char *before = " (";

    for (unsigned i = 0; i < SP_REPORT_TYPES; i++) {
        if (sums->types[i] > 0) {
            sp_buf_printf(out, "%s%s: %u", before, sp_report_type_text((enum sp_report_type)i),
                          (unsigned)sums->types[i]);
            before = ", ";
        }
    }
    sp_buf_puts(out, before[0] == ',' ? ")" : "");
}

static void put_names(const char *what, const struct sp_summary_name *names, unsigned n,
                      struct sp_buf *out)
{
    unsigned told = 0;

    for (unsigned i = 0; i < n; i++) {
        uint32_t ok, failed;

        sp_summary_name_sum(&names[i], SP_SUMMARY_BLOCKS, &ok, &failed);
        if (failed > 0 && told++ < 2) {
            sp_buf_printf(out, "%s%s", told == 1 ? what : ", ", names[i].name);
        }
    }
    sp_buf_puts(out, told > 2 ? " and others" : "");
}

int sp_summary_failures(const struct sp_summary *summary, struct sp_buf *sentence)
{
    struct sp_summary_sums sums;

    sp_summary_sum(summary, SP_SUMMARY_BLOCKS, &sums);
    if (sums.failed == 0) {
        return 0;
    }
    sp_buf_printf(sentence, "TLS reports of the last %d days tell of %u failed session%s",
                  SP_SUMMARY_BLOCKS, (unsigned)sums.failed, sums.failed == 1 ? "" : "s");
    put_types(&sums, sentence);
    put_names(", reported by ", summary->organisations, summary->organisations_n, sentence);
    put_names(", at ", summary->mx, summary->mx_n, sentence);
    sp_buf_puts(sentence, ".");
    return 1;
}

static int read_days(struct sp_store *store, const char *domain, uint32_t *newest,
                     struct sp_summary_sums days[SP_SUMMARY_DAYS])
{
    size_t mark = sp_scratch_mark();
    uint8_t *bytes = sp_scratch_take(SP_SUMMARY_DAYS_MAX);
    struct sp_store_reader reader;
    int n = sp_store_read_begin(store, SP_KIND_REPORTS, domain, &reader);
    int err = n < 0 ? n : 0;

    if (n >= 0) {
        n = n < SP_SUMMARY_DAYS_MAX ? n : SP_SUMMARY_DAYS_MAX;
        err = sp_store_read(&reader, bytes, (size_t)n);
    }
    if (err == 0) {
        err = sp_store_read_end(&reader);
    }
    if (err == 0) {
        err = sp_summary_unpack_days(sp_span(bytes, (size_t)n), newest, days);
    }
    sp_scratch_release(mark);
    return err;
}

int sp_summary_kept_failures(struct sp_store *store, const char *domain, sp_utc now,
                             struct sp_buf *out)
{
    size_t mark = sp_scratch_mark();
    struct sp_summary_sums *days = sp_scratch_take(SP_SUMMARY_DAYS * sizeof *days);
    struct sp_summary_sums sums = {.ok = 0};
    uint32_t newest, today = (uint32_t)(now / DAY_S);

    if (read_days(store, domain, &newest, days) == 0 && today < newest + SP_SUMMARY_BLOCKS) {
        add_days(&sums, days, SP_SUMMARY_BLOCKS - (today > newest ? today - newest : 0));
    }
    sp_scratch_release(mark);
    if (sums.failed == 0) {
        return 0;
    }
    sp_buf_printf(out, "%u failed session%s in the last %d days", (unsigned)sums.failed,
                  sums.failed == 1 ? "" : "s", SP_SUMMARY_BLOCKS);
    put_types(&sums, out);
    return 1;
}
