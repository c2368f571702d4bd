/*
 * reports/summary: what the TLS reports of the last days say about a domain, kept in flash
 * (SP_KIND_REPORTS, by the domain's name; docs/report-record.md has the bytes).
 *
 * Days are UTC days, counted from 1970; what is older than SP_SUMMARY_DAYS is forgotten. Reports
 * are unauthenticated: anybody can have sent them. So they are shown, and nothing else relies on
 * them but the advice not to go to enforce yet.
 *
 * Memory: the caller's struct of 3.3 KB (base/scratch). Flash: one record for each domain that got
 * reports, SP_SUMMARIES_MAX in all; the one without news for longest makes room. Threads: service
 * task. Time: one record is read or written.
 */
#ifndef SP_REPORTS_SUMMARY_H
#define SP_REPORTS_SUMMARY_H

#include "base/limits.h"
#include "reports/report.h"
#include "store/store.h"

#define SP_SUMMARY_DAYS 14
#define SP_SUMMARY_BLOCKS 7 /* days whose failures advise against enforce */
#define SP_SUMMARY_NAMES 8  /* organisations, and MX */
#define SP_SUMMARY_SEEN 16  /* reports that are known again */
#define SP_SUMMARY_RECORD_MAX 4096

struct sp_summary_name {
    char name[SP_REPORT_NAME];
    /* index 0 is `day`, 1 the day before */
    uint32_t ok[SP_SUMMARY_DAYS], failed[SP_SUMMARY_DAYS]; /* of an MX only failed */
};

/* Sessions of a day, or of some. */
struct sp_summary_sums {
    uint32_t ok, failed, types[SP_REPORT_TYPES];
};

struct sp_summary {
    uint32_t day; /* the newest */
    sp_utc last;  /* moment of the last report */
    uint32_t reports;
    struct sp_summary_sums days[SP_SUMMARY_DAYS]; /* as above */
    unsigned organisations_n, mx_n, seen_n;
    struct sp_summary_name organisations[SP_SUMMARY_NAMES], mx[SP_SUMMARY_NAMES];
    uint32_t seen[SP_SUMMARY_SEEN]; /* ids, newest first */
};

/* Makes `today` the newest day: what is older than 14 days goes. */
void sp_summary_move(struct sp_summary *summary, uint32_t today);
/* Adds a report that was read to its end. 0; SP_E_EXISTS: it has been counted before; SP_E_INVALID:
 * its days are too old or lie in the future, and report->reason. */
int sp_summary_add(struct sp_summary *summary, struct sp_report *report, sp_utc now);

/* The record's bytes: how many; cap SP_SUMMARY_RECORD_MAX is enough. */
size_t sp_summary_pack(const struct sp_summary *summary, uint8_t *out);
/* 0, SP_E_CORRUPT. */
int sp_summary_unpack(struct sp_span bytes, struct sp_summary *summary);
/* The days alone, from a record's first bytes, of which SP_SUMMARY_DAYS_MAX are enough: 0 and the
 * number of the newest, SP_E_CORRUPT. */
#define SP_SUMMARY_DAYS_MAX 1056
int sp_summary_unpack_days(struct sp_span bytes, uint32_t *newest,
                           struct sp_summary_sums days[SP_SUMMARY_DAYS]);

/* Reads a domain's, moved to the day of now (0: as it is). 0; SP_E_NOT_FOUND, SP_E_CORRUPT,
 * SP_E_IO. Takes SP_SUMMARY_RECORD_MAX of scratch memory for its own time, as does the next. */
int sp_summary_load(struct sp_store *store, const char *domain, sp_utc now,
                    struct sp_summary *summary);
/* Counts a report for its domain, in flash: errors of sp_summary_add (nothing is written) and of
 * sp_store_put (the old record stands). */
int sp_summary_keep(struct sp_store *store, struct sp_report *report, sp_utc now);

/* Of the newest `days` days. */
void sp_summary_sum(const struct sp_summary *summary, unsigned days, struct sp_summary_sums *out);
void sp_summary_name_sum(const struct sp_summary_name *name, unsigned days, uint32_t *ok,
                         uint32_t *failed);
/* Whether there were failures in the last SP_SUMMARY_BLOCKS days: then 1, and one sentence with
 * types, counts and organisations. Otherwise 0. */
int sp_summary_failures(const struct sp_summary *summary, struct sp_buf *sentence);
/* The same from flash, for a caller that has little scratch memory left, of which it takes 2 KB:
 * types and counts, without a full stop. 0 also when there is no record, or none to be read. */
int sp_summary_kept_failures(struct sp_store *store, const char *domain, sp_utc now,
                             struct sp_buf *out);

#endif
