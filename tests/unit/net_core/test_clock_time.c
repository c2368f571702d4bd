#include "cm.h"

#include "net/clock_time.h"

#define T 1795561500000 /* 2026-11-24T23:05:00Z in ms */
#define MIN 60000

static void time_is_unknown_until_an_answer_whatever_the_floor(void **state)
{
    struct sp_clock_time time = {.floor = T / 1000};

    (void)state;
    assert_true(sp_clock_time_ms(&time, 5000) == 0);
    assert_true(sp_clock_time_at(&time, T / 1000 + 5, 5000) == SP_NEVER);
}

static void first_answer_sets_it_and_it_runs(void **state)
{
    struct sp_clock_time time = {.floor = T / 1000};

    (void)state;
    assert_int_equal(sp_clock_time_take(&time, T, 5000), SP_CLOCK_TAKEN);
    assert_true(sp_clock_time_ms(&time, 5000) == T);
    assert_true(sp_clock_time_ms(&time, 6234) == T + 1234);
}

static void answer_below_the_floor_is_refused(void **state)
{
    struct sp_clock_time time = {.floor = T / 1000};

    (void)state;
    assert_int_equal(sp_clock_time_take(&time, T - 2001, 0), SP_CLOCK_BELOW_FLOOR);
    assert_false(time.set);
    assert_int_equal(sp_clock_time_take(&time, T, 0), SP_CLOCK_TAKEN);
    assert_int_equal(sp_clock_time_take(&time, T - 3600000, MIN), SP_CLOCK_BELOW_FLOOR);
    assert_int_equal(sp_clock_time_take(&time, T - 3600000, 3 * MIN), SP_CLOCK_BELOW_FLOOR);
    assert_true(sp_clock_time_ms(&time, 3 * MIN) == T + 3 * MIN);
}

/* A reset right after the floor was kept: the time asked for then may be a little before it. */
static void just_below_the_floor_the_clock_stands_at_it(void **state)
{
    struct sp_clock_time time = {.floor = T / 1000};

    (void)state;
    assert_int_equal(sp_clock_time_take(&time, T - 900, 5000), SP_CLOCK_HELD);
    assert_true(sp_clock_time_ms(&time, 5000) == T);
    assert_true(sp_clock_time_ms(&time, 5900) == T);
    assert_true(sp_clock_time_ms(&time, 6000) == T + 100);
}

static void answer_before_1970_is_refused(void **state)
{
    struct sp_clock_time time = {0};

    (void)state;
    assert_int_equal(sp_clock_time_take(&time, -5, 0), SP_CLOCK_BELOW_FLOOR);
    assert_int_equal(sp_clock_time_take(&time, 0, 0), SP_CLOCK_BELOW_FLOOR);
}

static void step_forwards_is_taken(void **state)
{
    struct sp_clock_time time = {0};

    (void)state;
    sp_clock_time_take(&time, T, 0);
    assert_int_equal(sp_clock_time_take(&time, T + 86400000, 10), SP_CLOCK_TAKEN);
    assert_true(sp_clock_time_ms(&time, 11) == T + 86400001);
}

static void up_to_two_seconds_back_the_clock_stands_still(void **state)
{
    struct sp_clock_time time = {0};

    (void)state;
    sp_clock_time_take(&time, T, 0);
    assert_int_equal(sp_clock_time_take(&time, T + 8000, 10000), SP_CLOCK_HELD);
    assert_true(sp_clock_time_ms(&time, 10000) == T + 10000);
    assert_true(sp_clock_time_ms(&time, 11999) == T + 10000);
    assert_true(sp_clock_time_ms(&time, 12001) == T + 10001);
    /* Waiting for a second counts the standing still. */
    assert_true(sp_clock_time_at(&time, T / 1000 + 11, 10000) == 13000);
    assert_true(sp_clock_time_at(&time, T / 1000 + 10, 10000) == 10000);
}

static void a_second_slew_while_it_stands_holds_the_same_time(void **state)
{
    struct sp_clock_time time = {0};

    (void)state;
    sp_clock_time_take(&time, T, 0);
    sp_clock_time_take(&time, T + 8000, 10000);
    assert_int_equal(sp_clock_time_take(&time, T + 8500, 11000), SP_CLOCK_HELD);
    assert_true(sp_clock_time_ms(&time, 11000) == T + 10000);
    assert_true(sp_clock_time_ms(&time, 12500) == T + 10000);
    assert_true(sp_clock_time_ms(&time, 12501) == T + 10001);
}

static void larger_step_back_is_refused(void **state)
{
    struct sp_clock_time time = {0};

    (void)state;
    sp_clock_time_take(&time, T, 0);
    assert_int_equal(sp_clock_time_take(&time, T - 2001, 0), SP_CLOCK_STEP_REFUSED);
    assert_true(sp_clock_time_ms(&time, 0) == T);
}

/* Answers after the first one, which says T at 0; each with its verdict. */
static const struct {
    const char *what;
    struct {
        int64_t ms;
        sp_time now;
        enum sp_clock_verdict verdict;
    } answers[3];
} steps[] = {
    {"agree a minute apart",
     {{T - 3600000, 1000, SP_CLOCK_STEP_REFUSED},
      {T - 3600000 + MIN, 1000 + MIN, SP_CLOCK_STEPPED_BACK}}},
    {"agree too soon, then after a minute from the first",
     {{T - 3600000, 1000, SP_CLOCK_STEP_REFUSED},
      {T - 3600000 + MIN - 1, MIN + 999, SP_CLOCK_STEP_REFUSED},
      {T - 3600000 + MIN, MIN + 1000, SP_CLOCK_STEPPED_BACK}}},
    {"agree within two seconds",
     {{T - 3600000, 1000, SP_CLOCK_STEP_REFUSED},
      {T - 3600000 + MIN + 2000, 1000 + MIN, SP_CLOCK_STEPPED_BACK}}},
    {"do not agree",
     {{T - 3600000, 1000, SP_CLOCK_STEP_REFUSED},
      {T - 3600000 + MIN + 2001, 1000 + MIN, SP_CLOCK_STEP_REFUSED},
      {T - 3600000 + 2 * MIN + 2001, 1000 + 2 * MIN, SP_CLOCK_STEPPED_BACK}}},
    {"an honest answer between them",
     {{T - 3600000, 1000, SP_CLOCK_STEP_REFUSED},
      {T + 30000, 30000, SP_CLOCK_TAKEN},
      {T - 3600000 + MIN, 1000 + MIN, SP_CLOCK_STEP_REFUSED}}},
};

static void step_back_is_taken_when_said_twice_a_minute_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(steps); i++) {
        struct sp_clock_time time = {0};

        sp_clock_time_take(&time, T, 0);
        for (int j = 0; j < 3 && steps[i].answers[j].ms != 0; j++) {
            int got =
                (int)sp_clock_time_take(&time, steps[i].answers[j].ms, steps[i].answers[j].now);
            if (got != (int)steps[i].answers[j].verdict) {
                fail_msg("%s: answer %d: %d", steps[i].what, j, got);
            }
        }
    }
}

/* What base/port shows must be what the clock shows. */
static sp_utc port_shows(sp_utc second, sp_time began, sp_time now)
{
    return second + (now > began ? (sp_utc)((now - began) / 1000) : 0);
}

static void whole_seconds_follow_the_clock(void **state)
{
    static const struct {
        int64_t first, second;
        sp_time first_now, second_now;
    } cases[] = {
        {T + 999, 0, 0, 0},
        {T + 1, 0, 500, 0},
        {T, 0, 0, 0},
        {T + 250, 0, 5000, 0},
        {T, T + 8000, 0, 10000},
        {T, T + 9500, 0, 10700},
        {T + 700, T + 800, 100, 1500},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct sp_clock_time time = {0};
        sp_time began, now = cases[i].first_now;
        sp_utc second;

        sp_clock_time_take(&time, cases[i].first, now);
        second = sp_clock_time_second(&time, now, &began);
        if (cases[i].second != 0) {
            now = cases[i].second_now;
            assert_int_not_equal(sp_clock_time_take(&time, cases[i].second, now),
                                 SP_CLOCK_STEP_REFUSED);
            second = sp_clock_time_second(&time, now, &began);
        }
        for (sp_time later = now; later < now + 5000; later += 10) {
            if (port_shows(second, began, later) != sp_clock_time_ms(&time, later) / 1000) {
                fail_msg("case %d at %d", (int)i, (int)later);
            }
        }
    }
}

static void waiting_for_a_time_gives_its_moment(void **state)
{
    struct sp_clock_time time = {0};

    (void)state;
    sp_clock_time_take(&time, T + 250, 1000);
    assert_true(sp_clock_time_at(&time, T / 1000 + 1, 1000) == 1750);
    assert_true(sp_clock_time_at(&time, T / 1000, 1000) == 1000);
    assert_true(sp_clock_time_at(&time, 5, 1000) == 1000);
    assert_true(sp_clock_time_at(&time, T / 1000 + 86400, 1000) == 1000 + 86400000 - 250);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_is_unknown_until_an_answer_whatever_the_floor),
        cmocka_unit_test(first_answer_sets_it_and_it_runs),
        cmocka_unit_test(answer_below_the_floor_is_refused),
        cmocka_unit_test(just_below_the_floor_the_clock_stands_at_it),
        cmocka_unit_test(answer_before_1970_is_refused),
        cmocka_unit_test(step_forwards_is_taken),
        cmocka_unit_test(up_to_two_seconds_back_the_clock_stands_still),
        cmocka_unit_test(a_second_slew_while_it_stands_holds_the_same_time),
        cmocka_unit_test(larger_step_back_is_refused),
        cmocka_unit_test(step_back_is_taken_when_said_twice_a_minute_apart),
        cmocka_unit_test(whole_seconds_follow_the_clock),
        cmocka_unit_test(waiting_for_a_time_gives_its_moment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
