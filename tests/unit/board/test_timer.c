#include "cm.h"
#include "sf2_timer/sf2_timer.h"

#include <string.h>

enum { VALUE = 0, LOAD = 1, CONTROL = 3 };

static void ticks_go_on_over_the_counters_wrap(void **state)
{
    uint32_t registers[6] = {0};
    struct sp_sf2_timer timer;
    uint64_t want = 0;
    (void)state;
    registers[VALUE] = UINT32_MAX;
    sp_sf2_timer_start(&timer, (uintptr_t)registers, 100000000);
    assert_int_equal(registers[LOAD], UINT32_MAX);
    assert_int_equal(registers[CONTROL], 1);
    for (unsigned i = 0; i < 20; i++) { /* it counts down, a little less than once round */
        registers[VALUE] -= UINT32_MAX - 1000;
        want += UINT32_MAX - 1000;
        assert_true(sp_sf2_timer_ticks(&timer) == want);
        assert_true(sp_sf2_timer_ticks(&timer) == want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(ticks_go_on_over_the_counters_wrap)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
