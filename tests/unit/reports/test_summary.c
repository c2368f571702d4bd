/* Summaries: what is counted, forgotten, kept in flash, and said. */
#include "base/err.h"
#include "base/scratch.h"
#include "fake_store.h"
#include "reports/summary.h"

#include "cm.h"
#include <stdio.h>
#include <string.h>

#define DAY 86400
#define TODAY 20781 /* 2026-11-24 */
#define NOW ((sp_utc)TODAY * DAY + 43200)

static struct sp_store store;
static struct sp_summary summary;
static struct sp_report report;
static uint8_t bytes[SP_SUMMARY_RECORD_MAX + 1000];

static int clear(void **state)
{
    (void)state;
    fake_store_clear();
    memset(&summary, 0, sizeof summary);
    memset(&report, 0, sizeof report);
    return 0;
}

/* One about the day that is `ago` days before today. */
static void make(unsigned ago, uint32_t ok, uint32_t failed, const char *organisation)
{
    static uint32_t id;

    memset(&report, 0, sizeof report);
    report.id = ++id;
    report.start = (sp_utc)(TODAY - ago) * DAY;
    report.end = report.start + DAY - 1;
    sp_text_cut(report.organisation, sizeof report.organisation, organisation);
    sp_text_cut(report.total.domain, sizeof report.total.domain, "example.net");
    report.total.ok = ok;
    report.total.failed = failed;
}

static void add_mx(const char *name, uint32_t failed)
{
    sp_text_cut(report.total.mx[report.total.mx_n].name, SP_REPORT_NAME, name);
    report.total.mx[report.total.mx_n++].failed = failed;
}

static void days_are_told_apart_and_forgotten(void **state)
{
    struct sp_summary_sums sums;

    (void)state;
    make(0, 10, 1, "A");
    assert_int_equal(sp_summary_add(&summary, &report, NOW), 0);
    make(13, 100, 2, "B");
    assert_int_equal(sp_summary_add(&summary, &report, NOW), 0);
    make(6, 1000, 3, "A");
    assert_int_equal(sp_summary_add(&summary, &report, NOW), 0);
    sp_summary_sum(&summary, 14, &sums);
    assert_int_equal(sums.ok, 1110);
    sp_summary_sum(&summary, 7, &sums);
    assert_int_equal(sums.ok, 1010);
    assert_int_equal(sums.failed, 4);
    assert_int_equal(summary.organisations_n, 2);
    sp_summary_move(&summary, TODAY + 1);
    sp_summary_sum(&summary, 14, &sums);
    assert_int_equal(sums.ok, 1010);
    assert_int_equal(summary.organisations_n, 1); /* B had nothing else */
    sp_summary_sum(&summary, 7, &sums);
    assert_int_equal(sums.ok, 10);
    sp_summary_move(&summary, TODAY); /* never backwards */
    assert_int_equal(summary.day, TODAY + 1);
    sp_summary_move(&summary, TODAY + 100);
    sp_summary_sum(&summary, 14, &sums);
    assert_int_equal(sums.ok, 0);
    assert_int_equal(summary.organisations_n, 0);
    assert_int_equal(summary.reports, 3);
}

static void days_that_cannot_be_are_refused(void **state)
{
    (void)state;
    make(14, 1, 0, "A");
    assert_int_equal(sp_summary_add(&summary, &report, NOW), SP_E_INVALID);
    assert_non_null(strstr(report.reason, "old"));
    make(0, 1, 0, "A");
    report.end = NOW + DAY + 1;
    assert_int_equal(sp_summary_add(&summary, &report, NOW), SP_E_INVALID);
    assert_non_null(strstr(report.reason, "future"));
    report.start = 1; /* of decades */
    report.end = NOW;
    assert_int_equal(sp_summary_add(&summary, &report, NOW), SP_E_INVALID);
    assert_int_equal(summary.reports, 0);
    report.start = NOW + DAY - 10; /* its clock is ahead: it counts for today */
    report.end = NOW + DAY;
    assert_int_equal(sp_summary_add(&summary, &report, NOW), 0);
    assert_int_equal(summary.days[0].ok, 1);
}

static void a_report_counts_once(void **state)
{
    (void)state;
    make(0, 1, 1, "A");
    assert_int_equal(sp_summary_add(&summary, &report, NOW), 0);
    for (unsigned i = 0; i < SP_SUMMARY_SEEN - 1; i++) {
        uint32_t id = report.id;

        assert_int_equal(sp_summary_add(&summary, &report, NOW), SP_E_EXISTS);
        make(0, 1, 1, "A");
        assert_int_equal(sp_summary_add(&summary, &report, NOW), 0);
        report.id = id;
    }
    assert_int_equal(summary.days[0].ok, SP_SUMMARY_SEEN);
    assert_int_equal(summary.seen_n, SP_SUMMARY_SEEN);
}

static void the_greater_of_two_sums_counts(void **state)
{
    (void)state;
    make(0, 0, 3, "A");
    report.total.types[SP_REPORT_OTHER] = 2;
    assert_int_equal(sp_summary_add(&summary, &report, NOW), 0);
    assert_int_equal(summary.days[0].failed, 3);
    make(0, 0, 0, "A");
    report.total.types[SP_REPORT_OTHER] = UINT32_MAX;
    report.total.types[SP_REPORT_TLSA_INVALID] = 1;
    assert_int_equal(sp_summary_add(&summary, &report, NOW), 0);
    assert_int_equal(summary.days[0].failed, UINT32_MAX);
}

static void the_oldest_news_make_room_for_names(void **state)
{
    char name[8];

    (void)state;
    for (unsigned i = 0; i < SP_SUMMARY_NAMES; i++) {
        (void)snprintf(name, sizeof name, "o%u", i);
        make(i == 3 ? 9 : i, 1, 1, name);
        add_mx(name, 1);
        assert_int_equal(sp_summary_add(&summary, &report, NOW), 0);
    }
    make(0, 5, 5, "new");
    add_mx("new.example", 5);
    assert_int_equal(sp_summary_add(&summary, &report, NOW), 0);
    assert_int_equal(summary.organisations_n, SP_SUMMARY_NAMES);
    assert_string_equal(summary.organisations[3].name, "new");
    assert_string_equal(summary.mx[3].name, "new.example");
    assert_int_equal(summary.mx[3].failed[0], 5);
}

/* All that fits, at its largest. */
static void fill(void)
{
    memset(&summary, 0xff, sizeof summary);
    summary.day = 2932896;
    summary.last = (sp_utc)2932896 * DAY + DAY - 1;
    summary.organisations_n = summary.mx_n = SP_SUMMARY_NAMES;
    summary.seen_n = SP_SUMMARY_SEEN;
    for (unsigned i = 0; i < SP_SUMMARY_NAMES; i++) {
        memset(summary.organisations[i].name, 'o', SP_REPORT_NAME - 1);
        summary.organisations[i].name[SP_REPORT_NAME - 1] = '\0';
        summary.mx[i] = summary.organisations[i];
        memset(summary.mx[i].ok, 0, sizeof summary.mx[i].ok);
    }
}

static void the_record_holds_all(void **state)
{
    static struct sp_summary again;
    size_t n;

    (void)state;
    fill();
    n = sp_summary_pack(&summary, bytes);
    assert_true(n <= SP_SUMMARY_RECORD_MAX);
    assert_int_equal(sp_summary_unpack(sp_span(bytes, n), &again), 0);
    assert_memory_equal(&again.days, &summary.days, sizeof again.days);
    assert_memory_equal(&again.seen, &summary.seen, sizeof again.seen);
    assert_memory_equal(&again.mx, &summary.mx, sizeof again.mx);
    assert_int_equal(again.last, summary.last);

    memset(&summary, 0, sizeof summary);
    make(2, 300, 4, "A");
    report.total.types[SP_REPORT_DANE_REQUIRED] = 4;
    add_mx("mx.example.net", 4);
    assert_int_equal(sp_summary_add(&summary, &report, NOW), 0);
    n = sp_summary_pack(&summary, bytes);
    assert_int_equal(sp_summary_unpack(sp_span(bytes, n), &again), 0);
    assert_memory_equal(&again, &summary, sizeof again);
}

/* The bytes of docs/report-record.md. */
static void the_bytes_are_as_specified(void **state)
{
    static const uint8_t wanted[] = {
        1,    0xad, 0xa2, 1,   0x80, 0xa7, 0x93, 0xd8, 6, 1, /* head */
        0xac, 2,    1,    4,   1,                            /* today */
        0,    0,    0,    0,   0,    0,    0,    0,    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0,    0,    0,    0,   0,    0,    0,    0,    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* older */
        1,    7,                                                                        /* seen */
        1,    1,    'A',  1,   1,    0xac, 2,                                           /* from */
        1,    2,    'm',  'x', 1,    1};                                                /* mx */
    size_t n;

    (void)state;
    make(0, 300, 1, "A");
    report.id = 7;
    report.total.types[SP_REPORT_CERTIFICATE_EXPIRED] = 1;
    add_mx("mx", 1);
    assert_int_equal(sp_summary_add(&summary, &report, (sp_utc)TODAY * DAY), 0);
    n = sp_summary_pack(&summary, bytes);
    assert_int_equal(n, sizeof wanted);
    assert_memory_equal(bytes, wanted, n);
}

static bool is_sane(const struct sp_summary *s)
{
    bool sane = s->organisations_n <= SP_SUMMARY_NAMES && s->mx_n <= SP_SUMMARY_NAMES &&
                s->seen_n <= SP_SUMMARY_SEEN && s->day <= 2932896 && s->last >= 0;

    for (unsigned i = 0; i < s->organisations_n; i++) {
        const char *end = memchr(s->organisations[i].name, 0, SP_REPORT_NAME);

        sane = sane && end != NULL && end > s->organisations[i].name;
    }
    return sane;
}

static void hostile_bytes_are_refused(void **state)
{
    static struct sp_summary again;
    size_t n;

    (void)state;
    fill();
    n = sp_summary_pack(&summary, bytes);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(sp_summary_unpack(sp_span(bytes, i), &again), SP_E_CORRUPT);
    }
    assert_int_equal(sp_summary_unpack(sp_span(bytes, n + 1), &again), SP_E_CORRUPT);
    for (size_t i = 0; i < n; i++) {
        uint8_t right = bytes[i];

        for (unsigned value = 0; value < 256; value += 5) {
            bytes[i] = (uint8_t)value;
            assert_true(sp_summary_unpack(sp_span(bytes, n), &again) == SP_E_CORRUPT ||
                        is_sane(&again));
        }
        bytes[i] = right;
    }
    bytes[0] = 2;
    assert_int_equal(sp_summary_unpack(sp_span(bytes, n), &again), SP_E_CORRUPT);
}

static void flash_keeps_it(void **state)
{
    (void)state;
    make(1, 5, 0, "A");
    assert_int_equal(sp_summary_load(&store, "example.net", NOW, &summary), SP_E_NOT_FOUND);
    assert_int_equal(sp_summary_keep(&store, &report, NOW), 0);
    assert_int_equal(sp_summary_keep(&store, &report, NOW), SP_E_EXISTS);
    assert_int_equal(fake_store_stats.puts, 1);
    assert_int_equal(sp_summary_load(&store, "example.net", NOW, &summary), 0);
    assert_int_equal(summary.days[1].ok, 5);
    assert_int_equal(sp_summary_load(&store, "example.net", NOW + 3 * DAY, &summary), 0);
    assert_int_equal(summary.days[4].ok, 5);
    make(20, 5, 0, "A");
    assert_int_equal(sp_summary_keep(&store, &report, NOW), SP_E_INVALID);
    assert_int_equal(fake_store_stats.puts, 1);
    assert_int_equal(sp_scratch_use().used, 0);
}

static void a_broken_record_begins_anew(void **state)
{
    size_t n;

    (void)state;
    make(0, 5, 0, "A");
    assert_int_equal(sp_summary_keep(&store, &report, NOW), 0);
    fake_store_bytes(SP_KIND_REPORTS, "example.net", &n)[0] = 9;
    assert_int_equal(sp_summary_load(&store, "example.net", NOW, &summary), SP_E_CORRUPT);
    make(0, 6, 0, "A");
    assert_int_equal(sp_summary_keep(&store, &report, NOW), 0);
    assert_int_equal(sp_summary_load(&store, "example.net", NOW, &summary), 0);
    assert_int_equal(summary.days[0].ok, 6);
}

static void a_failing_store_changes_nothing(void **state)
{
    (void)state;
    make(0, 5, 0, "A");
    assert_int_equal(sp_summary_keep(&store, &report, NOW), 0);
    make(0, 7, 0, "A");
    fake_store_fail_at = 1;
    fake_store_error = SP_E_FULL;
    assert_int_equal(sp_summary_keep(&store, &report, NOW), SP_E_FULL);
    assert_int_equal(sp_summary_load(&store, "example.net", NOW, &summary), 0);
    assert_int_equal(summary.days[0].ok, 5);
}

static void the_domain_without_news_makes_room(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SP_SUMMARIES_MAX; i++) {
        make(0, 1, 0, "A");
        (void)snprintf(report.total.domain, sizeof report.total.domain, "d%u.example", i);
        assert_int_equal(sp_summary_keep(&store, &report, NOW + (i == 5 ? 0 : 100 + (int)i)), 0);
    }
    make(0, 1, 0, "A"); /* one that is there needs no room */
    (void)snprintf(report.total.domain, sizeof report.total.domain, "d7.example");
    assert_int_equal(sp_summary_keep(&store, &report, NOW + 1000), 0);
    assert_int_equal(sp_store_count(&store, SP_KIND_REPORTS), SP_SUMMARIES_MAX);
    assert_int_equal(sp_summary_load(&store, "d5.example", NOW, &summary), 0);
    make(0, 1, 0, "A");
    assert_int_equal(sp_summary_keep(&store, &report, NOW + 2000), 0);
    assert_int_equal(sp_store_count(&store, SP_KIND_REPORTS), SP_SUMMARIES_MAX);
    assert_int_equal(sp_summary_load(&store, "d5.example", NOW, &summary), SP_E_NOT_FOUND);
    assert_int_equal(sp_summary_load(&store, "example.net", NOW, &summary), 0);
}

static void failures_are_told_in_a_sentence(void **state)
{
    char array[480];
    struct sp_buf sentence;

    (void)state;
    sp_buf_init(&sentence, array, sizeof array);
    make(7, 5, 9, "Long Ago");
    assert_int_equal(sp_summary_add(&summary, &report, NOW), 0);
    assert_int_equal(sp_summary_failures(&summary, &sentence), 0);
    make(2, 5, 0, "Fine");
    assert_int_equal(sp_summary_add(&summary, &report, NOW), 0);
    assert_int_equal(sp_summary_failures(&summary, &sentence), 0);
    assert_string_equal(array, "");
    make(6, 5, 1, "Heron Mail");
    assert_int_equal(sp_summary_add(&summary, &report, NOW), 0);
    assert_int_equal(sp_summary_failures(&summary, &sentence), 1);
    assert_string_equal(array, "TLS reports of the last 7 days tell of 1 failed session, reported "
                               "by Heron Mail.");
    for (unsigned i = 0; i < 3; i++) {
        make(i, 5, 4, i == 0 ? "Egret" : i == 1 ? "Ibis" : "Stork");
        report.total.types[SP_REPORT_CERTIFICATE_EXPIRED] = 3;
        report.total.types[SP_REPORT_OTHER] = 1;
        add_mx("mx1.example.net", 4);
        assert_int_equal(sp_summary_add(&summary, &report, NOW), 0);
    }
    sp_buf_reset(&sentence);
    assert_int_equal(sp_summary_failures(&summary, &sentence), 1);
    assert_string_equal(array,
                        "TLS reports of the last 7 days tell of 13 failed sessions "
                        "(certificate-expired: 9, other: 3), reported by Heron Mail, Egret and "
                        "others, at mx1.example.net.");
}

static int kept_failures(sp_utc now, char out[160])
{
    struct sp_buf text;

    sp_buf_init(&text, out, 160);
    return sp_summary_kept_failures(&store, "example.net", now, &text);
}

static void failures_are_read_from_flash(void **state)
{
    char text[160];

    (void)state;
    assert_int_equal(kept_failures(NOW, text), 0);
    make(6, 5, 4, "Egret");
    report.total.types[SP_REPORT_CERTIFICATE_EXPIRED] = 3;
    report.total.types[SP_REPORT_OTHER] = 1;
    assert_int_equal(sp_summary_keep(&store, &report, NOW), 0);
    make(0, 5, 1, "Ibis");
    assert_int_equal(sp_summary_keep(&store, &report, NOW), 0);
    assert_int_equal(kept_failures(NOW, text), 1);
    assert_string_equal(text,
                        "5 failed sessions in the last 7 days (certificate-expired: 3, other: 1)");
    assert_int_equal(kept_failures(NOW + DAY, text), 1); /* Egret's are too old now */
    assert_string_equal(text, "1 failed session in the last 7 days");
    assert_int_equal(kept_failures(NOW + 6 * DAY, text), 1);
    assert_int_equal(kept_failures(NOW + 7 * DAY, text), 0);
    assert_int_equal(kept_failures(NOW + 700 * DAY, text), 0);
    fake_store_end = SP_E_CORRUPT;
    assert_int_equal(kept_failures(NOW, text), 0);
}

/* The days are all in the bytes that are read of the largest record. */
static void the_largest_days_are_read_alone(void **state)
{
    struct sp_summary_sums days[SP_SUMMARY_DAYS];
    uint32_t newest;

    (void)state;
    memset(summary.days, 0xff, sizeof summary.days);
    summary.day = TODAY;
    summary.last = NOW;
    summary.reports = UINT32_MAX;
    (void)sp_summary_pack(&summary, bytes);
    assert_int_equal(sp_summary_unpack_days(sp_span(bytes, SP_SUMMARY_DAYS_MAX), &newest, days), 0);
    assert_int_equal(newest, TODAY);
    assert_memory_equal(days, summary.days, sizeof days);
    assert_int_equal(sp_summary_unpack_days(sp_span(bytes, 900), &newest, days), SP_E_CORRUPT);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(days_are_told_apart_and_forgotten, clear),
        cmocka_unit_test_setup(days_that_cannot_be_are_refused, clear),
        cmocka_unit_test_setup(a_report_counts_once, clear),
        cmocka_unit_test_setup(the_greater_of_two_sums_counts, clear),
        cmocka_unit_test_setup(the_oldest_news_make_room_for_names, clear),
        cmocka_unit_test_setup(the_record_holds_all, clear),
        cmocka_unit_test_setup(the_bytes_are_as_specified, clear),
        cmocka_unit_test_setup(hostile_bytes_are_refused, clear),
        cmocka_unit_test_setup(flash_keeps_it, clear),
        cmocka_unit_test_setup(a_broken_record_begins_anew, clear),
        cmocka_unit_test_setup(a_failing_store_changes_nothing, clear),
        cmocka_unit_test_setup(the_domain_without_news_makes_room, clear),
        cmocka_unit_test_setup(failures_are_told_in_a_sentence, clear),
        cmocka_unit_test_setup(failures_are_read_from_flash, clear),
        cmocka_unit_test_setup(the_largest_days_are_read_alone, clear),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
