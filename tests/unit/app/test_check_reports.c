/* Whose report is kept, and in which of the two rooms. */
#include "app/app.h"

#include "checks/checks_internal.h"

#include "cm.h"

#include <string.h>

static int begin(void **state)
{
    static const char *const names[] = {"a.test", "b.test", "c.test"};
    (void)state;

    sp_app_report_asked("");
    for (size_t i = 0; i < COUNT(names); i++) {
        sp_app_report_drop(names[i]);
    }
    return 0;
}

/* As a run of checks fills it. */
static struct sp_check_report *look_at(const char *domain)
{
    struct sp_check_report *report = sp_app_report_for(domain);

    assert_string_equal(report->domain, domain);
    sp_check_report_begin(report, SP_CHECK_DNS);
    report->checks[SP_CHECK_DNS].result = SP_CHECK_PASS;
    sp_check_report_put(report, SP_CHECK_DNS, SP_CHECK_REASON, domain);
    return report;
}

static bool is_kept(const char *domain)
{
    const struct sp_check_report *report = sp_app_report_find(domain);

    return report != NULL &&
           strcmp(sp_check_words(report, SP_CHECK_DNS, SP_CHECK_REASON), domain) == 0;
}

static void the_last_two_are_kept(void **state)
{
    (void)state;
    look_at("a.test");
    look_at("b.test");
    assert_true(is_kept("a.test") && is_kept("b.test"));
    look_at("c.test");
    assert_true(is_kept("b.test") && is_kept("c.test"));
    assert_null(sp_app_report_find("a.test"));
}

static void the_one_asked_for_stays(void **state)
{
    (void)state;
    sp_app_report_asked("a.test");
    assert_int_equal(look_at("a.test")->cap, SP_REPORT_WORDS);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(look_at("b.test")->cap, SP_REPORT_WORDS_PASSING);
        assert_int_equal(look_at("c.test")->cap, SP_REPORT_WORDS_PASSING);
    }
    assert_true(is_kept("a.test") && is_kept("c.test"));
}

static void it_moves_to_the_larger_room_with_what_it_says(void **state)
{
    (void)state;
    look_at("a.test");
    look_at("b.test");
    while (sp_app_report_for("a.test")->cap == SP_REPORT_WORDS) {
        sp_app_report_drop("a.test"); /* whichever was where */
        look_at("b.test");
        look_at("c.test");
        look_at("a.test");
    }
    sp_app_report_asked("a.test");
    assert_int_equal(sp_app_report_for("a.test")->cap, SP_REPORT_WORDS);
    assert_true(is_kept("a.test"));
    assert_int_equal(look_at("b.test")->cap, SP_REPORT_WORDS_PASSING);
    assert_true(is_kept("a.test") && is_kept("b.test"));
}

static void another_that_is_asked_for_takes_its_place(void **state)
{
    (void)state;
    sp_app_report_asked("a.test");
    look_at("a.test");
    sp_app_report_asked("b.test");
    assert_true(is_kept("a.test")); /* until there is something new */
    assert_int_equal(look_at("b.test")->cap, SP_REPORT_WORDS);
    assert_null(sp_app_report_find("a.test"));
}

static void what_is_dropped_is_not_found(void **state)
{
    (void)state;
    look_at("a.test");
    sp_app_report_drop("a.test");
    assert_null(sp_app_report_find("a.test"));
    assert_null(sp_app_report_find(""));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, begin)
    const struct CMUnitTest tests[] = {
        TEST(the_last_two_are_kept),
        TEST(the_one_asked_for_stays),
        TEST(it_moves_to_the_larger_room_with_what_it_says),
        TEST(another_that_is_asked_for_takes_its_place),
        TEST(what_is_dropped_is_not_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
