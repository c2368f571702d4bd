#include "base/limits.h"
#include "base/port.h"
#include "base/scratch.h"

#include "cm.h"

#include <string.h>

static jmp_buf after_reset;

static void reset(struct sp_hal_watchdog *watchdog)
{
    (void)watchdog;
    longjmp(after_reset, 1);
}

static struct sp_hal_watchdog watchdog = {.reset = reset};

static void what_is_taken_is_zero_aligned_and_apart(void **state)
{
    size_t mark = sp_scratch_mark();
    uint8_t *a = sp_scratch_take(3);
    uint64_t *b = sp_scratch_take(sizeof *b);
    (void)state;

    assert_int_equal((uintptr_t)b % sizeof *b, 0);
    assert_int_equal(*b, 0);
    memset(a, 0xff, 3);
    assert_int_equal(*b, 0);
    sp_scratch_release(mark);
    assert_int_equal(sp_scratch_use().used, mark);
}

static void what_is_released_is_wiped(void **state)
{
    size_t mark = sp_scratch_mark();
    uint8_t *key = sp_scratch_take(32);
    (void)state;

    memset(key, 0x5a, 32);
    sp_scratch_release(mark);
    assert_ptr_equal(sp_scratch_take(32), key);
    for (size_t i = 0; i < 32; i++) {
        assert_int_equal(key[i], 0);
    }
    sp_scratch_release(mark);
}

static void an_inner_call_leaves_the_outer_ones_alone(void **state)
{
    size_t outer = sp_scratch_mark();
    char *kept = sp_scratch_take(16);
    size_t inner;
    (void)state;

    (void)strcpy(kept, "kept");
    inner = sp_scratch_mark();
    memset(sp_scratch_take(100), 1, 100);
    sp_scratch_release(inner);
    assert_string_equal(kept, "kept");
    sp_scratch_release(outer);
}

static void the_peak_is_remembered(void **state)
{
    size_t mark = sp_scratch_mark();
    (void)state;

    (void)sp_scratch_take(SP_SCRATCH_MAX);
    sp_scratch_release(mark);
    assert_int_equal(sp_scratch_use().used, 0);
    assert_int_equal(sp_scratch_use().peak, SP_SCRATCH_MAX);
    assert_int_equal(sp_scratch_use().limit, SP_SCRATCH_MAX);
}

static void taking_too_much_or_releasing_twice_restarts(void **state)
{
    (void)state;

    sp_port_bind(NULL, NULL, &watchdog);
    if (setjmp(after_reset) == 0) {
        (void)sp_scratch_take(SP_SCRATCH_MAX + 1);
        fail_msg("more than there is was given");
    }
    if (setjmp(after_reset) == 0) {
        sp_scratch_release(1);
        fail_msg("a mark past the end was released");
    }
    assert_int_equal(sp_scratch_use().used, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_taken_is_zero_aligned_and_apart),
        cmocka_unit_test(what_is_released_is_wiped),
        cmocka_unit_test(an_inner_call_leaves_the_outer_ones_alone),
        cmocka_unit_test(the_peak_is_remembered),
        cmocka_unit_test(taking_too_much_or_releasing_twice_restarts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
