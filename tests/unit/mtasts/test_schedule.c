#include "mtasts/life.h"
#include "mtasts/schedule.h"

#include "cm.h"

#define MINUTE 60
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

static const uint32_t randoms[] = {0,         1, UINT32_MAX / 3, UINT32_MAX / 2, UINT32_MAX - 1,
                                   UINT32_MAX};

static void renewal_is_a_fraction_of_the_lifetime(void **state)
{
    static const struct {
        sp_utc lifetime, first; /* from not_before */
    } rows[] = {
        {90 * DAY, 60 * DAY},
        {45 * DAY, 30 * DAY},
        {398 * DAY, 398 * DAY * 2 / 3},
        {160 * HOUR, 80 * HOUR},
        {6 * DAY, 3 * DAY},
        {10 * DAY - 2, 5 * DAY - 1},
        {10 * DAY, 10 * DAY - 10 * DAY / 3},
        {120, 60},
        {1, 1},
        {2, 1},
    };
    const sp_utc begin = 1795561500;
    (void)state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        sp_utc end = begin + rows[i].lifetime;
        sp_utc last = 0;

        assert_int_equal(sp_renewal_due(begin, end, 0), begin + rows[i].first);
        for (size_t r = 0; r < COUNT(randoms); r++) {
            sp_utc due = sp_renewal_due(begin, end, randoms[r]);

            assert_true(due >= last);
            last = due;
            assert_true(due <= end - rows[i].lifetime / 6);
            assert_true(due <= begin + rows[i].first + DAY);
        }
        if (rows[i].lifetime >= 120) {
            assert_true(last > begin + rows[i].first);
        }
    }
}

static void a_certificate_without_a_lifetime_is_due_at_its_end(void **state)
{
    (void)state;
    assert_int_equal(sp_renewal_due(2000, 1000, UINT32_MAX), 1000);
    assert_int_equal(sp_renewal_due(1000, 1000, 7), 1000);
}

static void waits_keep_to_their_range(uint32_t (*wait)(uint64_t, uint32_t), uint64_t argument,
                                      uint32_t seconds)
{
    assert_int_equal(wait(argument, 0), seconds - seconds / 10);
    assert_in_range(wait(argument, UINT32_MAX), seconds, seconds + seconds / 10);
    assert_in_range(wait(argument, UINT32_MAX / 2), seconds - 1, seconds);
}

static uint32_t backoff(uint64_t failures, uint32_t random)
{
    return sp_backoff((uint32_t)failures, random);
}

static uint32_t check_wait(uint64_t nothing, uint32_t random)
{
    (void)nothing;
    return sp_check_wait(random);
}

static void backoff_is_1_10_100_minutes_then_a_day(void **state)
{
    (void)state;
    assert_int_equal(sp_backoff(0, UINT32_MAX), 0);
    waits_keep_to_their_range(backoff, 1, MINUTE);
    waits_keep_to_their_range(backoff, 2, 10 * MINUTE);
    waits_keep_to_their_range(backoff, 3, 100 * MINUTE);
    waits_keep_to_their_range(backoff, 4, DAY);
    waits_keep_to_their_range(backoff, 5, DAY);
    waits_keep_to_their_range(backoff, UINT32_MAX, DAY);
}

static void dns_is_looked_at_less_and_less_often(void **state)
{
    (void)state;
    waits_keep_to_their_range(sp_dns_wait, 0, 30);
    waits_keep_to_their_range(sp_dns_wait, 10 * MINUTE - 1, 30);
    waits_keep_to_their_range(sp_dns_wait, 10 * MINUTE, 2 * MINUTE);
    waits_keep_to_their_range(sp_dns_wait, HOUR - 1, 2 * MINUTE);
    waits_keep_to_their_range(sp_dns_wait, HOUR, 10 * MINUTE);
    waits_keep_to_their_range(sp_dns_wait, DAY - 1, 10 * MINUTE);
    waits_keep_to_their_range(sp_dns_wait, DAY, HOUR);
    waits_keep_to_their_range(sp_dns_wait, 7 * DAY - 1, HOUR);
    waits_keep_to_their_range(sp_dns_wait, 7 * DAY, DAY);
    waits_keep_to_their_range(sp_dns_wait, UINT64_MAX, DAY);
}

static void what_is_awaited_is_looked_at_less_and_less_often(void **state)
{
    (void)state;
    waits_keep_to_their_range(sp_awaited_wait, 0, 2 * MINUTE);
    waits_keep_to_their_range(sp_awaited_wait, 10 * MINUTE, 5 * MINUTE);
    waits_keep_to_their_range(sp_awaited_wait, HOUR, 15 * MINUTE);
    waits_keep_to_their_range(sp_awaited_wait, DAY, HOUR);
}

static void checks_run_about_hourly(void **state)
{
    (void)state;
    waits_keep_to_their_range(check_wait, 0, HOUR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(renewal_is_a_fraction_of_the_lifetime),
        cmocka_unit_test(a_certificate_without_a_lifetime_is_due_at_its_end),
        cmocka_unit_test(backoff_is_1_10_100_minutes_then_a_day),
        cmocka_unit_test(dns_is_looked_at_less_and_less_often),
        cmocka_unit_test(what_is_awaited_is_looked_at_less_and_less_often),
        cmocka_unit_test(checks_run_about_hourly),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
