/*
 * sealpost.h: what TLS reports say about a domain.
 */
#include "app/app.h"
#include "app/report_host.h"
#include "base/scratch.h"
#include "net/clock.h"
#include "reports/summary.h"

#include <string.h>

#define DAY_S 86400

/* Into scratch memory, which the caller releases. What cannot be read begins anew with the next
 * report: it counts as none. */
static int load(const char *name, struct sp_summary **out)
{
    int err;

    *out = sp_scratch_take(sizeof **out);
    err = sp_summary_load(&sp_app.store, name, sp_clock_utc(sp_app_now()), *out);
    return err == SP_E_CORRUPT ? SP_E_NOT_FOUND : err;
}

/* The normal form of the name of a domain of ours, and where its reports go. */
static int known(const char *domain, char name[SP_DOMAIN_SIZE], char rua[SP_RUA_MAX],
                 struct sealpost_why *why)
{
    size_t mark = sp_scratch_mark();
    struct sp_domain *d;
    int err = sp_app_domain(domain, SP_DOMAIN_BRIEF, &d, why);

    if (err == SP_OK) {
        memcpy(name, d->name, SP_DOMAIN_SIZE);
        memcpy(rua, d->rua, SP_RUA_MAX);
    }
    sp_scratch_release(mark);
    return err;
}

static void say_none(const char *name, const char *rua, struct sealpost_reports *out)
{
    struct sp_buf text;
    char here[SP_RUA_MAX];

    sp_buf_init(&text, out->sentence, sizeof out->sentence);
    if (sp_app_report_rua(name, here) == SP_OK && strcmp(rua, here) == 0) {
        sp_buf_puts(&text, "No TLS report has come yet; senders that report do so once a day.");
    } else {
        sp_buf_puts(&text, "No TLS report has come: senders are asked to send them elsewhere. "
                           "`domain set` with `rua here`, and the TXT record that `dns` then "
                           "shows, has them sent to this appliance.");
    }
}

static void fill(const struct sp_summary *summary, struct sealpost_reports *out)
{
    struct sp_summary_sums sums;
    struct sp_buf text;

    sp_summary_sum(summary, SP_SUMMARY_DAYS, &sums);
    out->last = summary->last;
    out->reports = summary->reports;
    out->ok = sums.ok;
    out->failed = sums.failed;
    sp_buf_init(&text, out->sentence, sizeof out->sentence);
    out->blocks = sp_summary_failures(summary, &text) == 1;
    if (!out->blocks) {
        sp_buf_puts(&text, "TLS reports of the last 7 days tell of no failed session.");
    }
}

int sealpost_reports(const char *domain, struct sealpost_reports *out, struct sealpost_why *why)
{
    size_t mark = sp_scratch_mark();
    struct sp_summary *summary;
    char name[SP_DOMAIN_SIZE], rua[SP_RUA_MAX];
    int err = known(domain, name, rua, why);

    memset(out, 0, sizeof *out);
    if (err < 0) {
        return err;
    }
    err = load(name, &summary);
    if (err == SP_OK) {
        fill(summary, out);
    } else if (err == SP_E_NOT_FOUND) {
        say_none(name, rua, out);
        err = SP_OK;
    } else {
        (void)sp_app_why(why, err, "store_failed", "The reports about %s cannot be read: %s.", name,
                         sp_err_text(err));
    }
    sp_scratch_release(mark);
    return err;
}

int sealpost_reports_next(uint32_t *cursor, char name[SEALPOST_NAME_SIZE])
{
    return sp_app_next(SP_KIND_REPORTS, cursor, name);
}

/* --- lists: each fills the entry at `at`, which may have nothing to tell; false past the last ---
 */

static bool day_at(const struct sp_summary *summary, unsigned at, struct sealpost_report_line *out)
{
    char text[SP_RFC3339_SIZE];

    if (at >= SP_SUMMARY_DAYS || at > summary->day) {
        return false;
    }
    (void)sp_utc_rfc3339((sp_utc)(summary->day - at) * DAY_S, text);
    text[strlen("2025-11-24")] = '\0';
    sp_text_cut(out->name, sizeof out->name, text);
    out->ok = summary->days[at].ok;
    out->failed = summary->days[at].failed;
    return true;
}

static bool type_at(const struct sp_summary *summary, unsigned at, struct sealpost_report_line *out)
{
    struct sp_summary_sums sums;

    if (at >= SP_REPORT_TYPES) {
        return false;
    }
    sp_summary_sum(summary, SP_SUMMARY_DAYS, &sums);
    sp_text_cut(out->name, sizeof out->name, sp_report_type_text((enum sp_report_type)at));
    out->failed = sums.types[at];
    return true;
}

static bool name_at(const struct sp_summary_name *names, unsigned n, unsigned at,
                    struct sealpost_report_line *out)
{
    if (at >= n) {
        return false;
    }
    sp_text_cut(out->name, sizeof out->name, names[at].name);
    sp_summary_name_sum(&names[at], SP_SUMMARY_DAYS, &out->ok, &out->failed);
    return true;
}

static bool entry_at(const struct sp_summary *summary, enum sealpost_report_list list, unsigned at,
                     struct sealpost_report_line *out)
{
    memset(out, 0, sizeof *out);
    switch (list) {
    case SEALPOST_REPORT_DAYS:
        return day_at(summary, at, out);
    case SEALPOST_REPORT_TYPES:
        return type_at(summary, at, out);
    case SEALPOST_REPORT_ORGANISATIONS:
        return name_at(summary->organisations, summary->organisations_n, at, out);
    case SEALPOST_REPORT_MX:
        return name_at(summary->mx, summary->mx_n, at, out);
    }
    return false;
}

static int line(const struct sp_summary *summary, enum sealpost_report_list list, unsigned i,
                struct sealpost_report_line *out)
{
    for (unsigned at = 0; entry_at(summary, list, at, out); at++) {
        if ((out->ok > 0 || out->failed > 0) && i-- == 0) {
            return SP_OK;
        }
    }
    return SP_E_NOT_FOUND;
}

int sealpost_report_line(const char *domain, enum sealpost_report_list list, unsigned i,
                         struct sealpost_report_line *out)
{
    size_t mark = sp_scratch_mark();
    struct sp_summary *summary;
    char name[SP_DOMAIN_SIZE];
    int err = sp_hostname(sp_span_str(domain), name);

    memset(out, 0, sizeof *out);
    if (err == SP_OK) {
        err = load(name, &summary);
    }
    if (err == SP_OK) {
        err = line(summary, list, i, out);
    }
    sp_scratch_release(mark);
    return err;
}
