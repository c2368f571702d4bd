/* A report's words: where they stand when there is room, and what goes when there is none. */
#include "checks/checks_internal.h"

#include "cm.h"

#include <stdio.h>
#include <string.h>

#define DNS SP_CHECK_DNS
#define HTTPS SP_CHECK_HTTPS

static char words[256];
static struct sp_check_report report;

static int begin(void **state)
{
    (void)state;
    memset(words, 0x55, sizeof words);
    report = (struct sp_check_report){.words = words, .cap = 200};
    sp_check_report_clear(&report, "example.com");
    return 0;
}

/* Nobody wrote past the end. */
static int end(void **state)
{
    (void)state;
    assert_true(report.used <= report.cap);
    for (size_t i = report.cap; i < sizeof words; i++) {
        assert_int_equal(words[i], 0x55);
    }
    return 0;
}

static const char *reason(enum sp_check_id id)
{
    return sp_check_words(&report, id, SP_CHECK_REASON);
}

static const char *value(enum sp_check_id id, unsigned i)
{
    struct sp_evidence evidence;

    return sp_check_evidence(&report, id, i, &evidence) ? evidence.value : "";
}

static unsigned pieces(enum sp_check_id id)
{
    struct sp_evidence evidence;
    unsigned n = 0;

    while (sp_check_evidence(&report, id, n, &evidence)) {
        n++;
    }
    return n;
}

static void checks_may_be_filled_by_turns(void **state)
{
    (void)state;
    sp_check_report_note(&report, DNS, "A", "one");
    sp_check_report_put(&report, HTTPS, SP_CHECK_REASON, "Because.");
    sp_check_report_note(&report, DNS, "AAAA", "two");
    assert_string_equal(value(DNS, 0), "one");
    assert_string_equal(value(DNS, 1), "two");
    assert_int_equal(pieces(DNS), 2);
    assert_int_equal(pieces(HTTPS), 0);
    assert_string_equal(reason(HTTPS), "Because.");
    assert_string_equal(reason(DNS), "");
}

static void new_words_replace_the_old_ones(void **state)
{
    (void)state;
    sp_check_report_put(&report, DNS, SP_CHECK_REASON, "First.");
    sp_check_report_put(&report, HTTPS, SP_CHECK_REASON, "Other.");
    sp_check_report_put(&report, DNS, SP_CHECK_REASON, "Second one.");
    assert_string_equal(reason(DNS), "Second one.");
    sp_check_report_put(&report, DNS, SP_CHECK_REASON, "");
    assert_string_equal(reason(DNS), "");
    assert_string_equal(reason(HTTPS), "Other.");
    assert_int_equal(report.used, 2 + sizeof "Other.");
}

static void a_check_begins_without_the_old_words(void **state)
{
    (void)state;
    report.checks[DNS].result = SP_CHECK_FAIL;
    sp_check_report_note(&report, DNS, "A", "one");
    sp_check_report_put(&report, HTTPS, SP_CHECK_REASON, "Stays.");
    sp_check_report_put(&report, DNS, SP_CHECK_REASON, "Goes.");
    sp_check_report_begin(&report, DNS);
    assert_int_equal(report.checks[DNS].result, SP_CHECK_NOT_RUN);
    assert_string_equal(report.checks[DNS].code, "");
    assert_int_equal(pieces(DNS), 0);
    assert_string_equal(reason(DNS), "");
    assert_string_equal(reason(HTTPS), "Stays.");
}

/* 200 bytes: five pieces of 40, and then a sentence of 50. */
static void evidence_gives_way_to_reasons_the_last_first(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        char text[40];

        snprintf(text, sizeof text, "%035u", i);
        sp_check_report_note(&report, i < 3 ? DNS : HTTPS, "n", text);
    }
    assert_int_equal(report.used, 200);
    sp_check_report_put(&report, DNS, SP_CHECK_REASON,
                        "A reason of some length, with a value in it: 1.");
    assert_int_equal(pieces(DNS), 3);
    assert_int_equal(pieces(HTTPS), 1);
    assert_string_equal(value(HTTPS, 0), "left out: there was no room to keep it");
    assert_string_equal(reason(DNS), "A reason of some length, with a value in it: 1.");
    sp_check_report_put(&report, HTTPS, SP_CHECK_REASON,
                        "A reason of some length, with a value in it: 2.");
    assert_int_equal(pieces(DNS), 3);
    assert_string_equal(value(DNS, 1), "00000000000000000000000000000000001");
    assert_string_equal(value(DNS, 2), "left out: there was no room to keep it");
}

static void evidence_without_room_is_left_out_and_said_so(void **state)
{
    char text[200];
    (void)state;

    memset(text, 'x', sizeof text);
    text[195] = '\0'; /* 2 + 2 + 196 are 200 */
    sp_check_report_note(&report, DNS, "n", text);
    assert_int_equal(pieces(DNS), 1);
    assert_int_equal(report.used, 200);
    sp_check_report_begin(&report, DNS);
    text[195] = 'x';
    text[196] = '\0';
    sp_check_report_note(&report, DNS, "n", text);
    sp_check_report_note(&report, DNS, "n", "short, but behind the gap");
    assert_int_equal(pieces(DNS), 1);
    assert_string_equal(value(DNS, 0), "left out: there was no room to keep it");
}

static void words_that_do_not_fit_at_all_are_cut(void **state)
{
    char text[250];
    (void)state;

    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    sp_check_report_put(&report, DNS, SP_CHECK_REMEDY, "what to do");
    sp_check_report_put(&report, DNS, SP_CHECK_REASON, text);
    assert_string_equal(sp_check_words(&report, DNS, SP_CHECK_REMEDY), "what to do");
    assert_int_equal(strlen(reason(DNS)), 200 - 13 - 3);
    sp_check_report_put(&report, HTTPS, SP_CHECK_REASON, "nothing is left");
    assert_string_equal(reason(HTTPS), "");
}

static void a_copy_says_the_same_or_what_there_is_room_for(void **state)
{
    char other[120];
    struct sp_check_report to = {.words = other, .cap = sizeof other};
    struct sp_evidence evidence;
    (void)state;

    report.checks[HTTPS].result = SP_CHECK_FAIL;
    report.checks[HTTPS].code = "why";
    sp_check_report_note(&report, HTTPS, "url", "https://example.com/0123456789/0123456789");
    sp_check_report_note(&report, HTTPS, "time", "85 ms");
    sp_check_report_put(&report, HTTPS, SP_CHECK_REASON,
                        "A reason of some length, with a value in it: 1.");
    sp_check_report_copy(&to, &report);
    assert_string_equal(to.domain, "example.com");
    assert_int_equal(to.checks[HTTPS].result, SP_CHECK_FAIL);
    assert_string_equal(to.checks[HTTPS].code, "why");
    assert_string_equal(sp_check_words(&to, HTTPS, SP_CHECK_REASON), reason(HTTPS));
    assert_true(sp_check_evidence(&to, HTTPS, 1, &evidence));
    assert_string_equal(evidence.name, "time");
    report.checks[HTTPS].left_out = true;
    sp_check_report_copy(&to, &report);
    assert_true(sp_check_evidence(&to, HTTPS, 1, &evidence));
    assert_string_equal(evidence.name, "time");
    assert_true(sp_check_evidence(&to, HTTPS, 2, &evidence));
    assert_string_equal(evidence.name, "more");
    to.cap = 60;
    sp_check_report_copy(&to, &report);
    assert_string_equal(sp_check_words(&to, HTTPS, SP_CHECK_REASON), reason(HTTPS));
    assert_true(sp_check_evidence(&to, HTTPS, 0, &evidence));
    assert_string_equal(evidence.name, "more");
    assert_false(sp_check_evidence(&to, HTTPS, 1, &evidence));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(checks_may_be_filled_by_turns),
        TEST(new_words_replace_the_old_ones),
        TEST(a_check_begins_without_the_old_words),
        TEST(evidence_gives_way_to_reasons_the_last_first),
        TEST(evidence_without_room_is_left_out_and_said_so),
        TEST(words_that_do_not_fit_at_all_are_cut),
        TEST(a_copy_says_the_same_or_what_there_is_room_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
