/* Under the address sanitizer alone: what was given back and what was never taken is not to be
 * touched. */
#include "base/scratch.h"

#include "cm.h"

#include <sanitizer/asan_interface.h>

static void a_use_of_what_nobody_has_is_found(void **state)
{
    size_t mark = sp_scratch_mark();
    char *taken = sp_scratch_take(20);
    (void)state;

    assert_false(__asan_address_is_poisoned(taken));
    assert_false(__asan_address_is_poisoned(taken + 19));
    assert_true(__asan_address_is_poisoned(taken + 20));
    assert_true(__asan_address_is_poisoned(taken + 32));
    sp_scratch_release(mark);
    assert_true(__asan_address_is_poisoned(taken));
    assert_ptr_equal(sp_scratch_take(4), taken);
    assert_false(__asan_address_is_poisoned(taken + 3));
    assert_true(__asan_address_is_poisoned(taken + 4));
    sp_scratch_release(mark);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_use_of_what_nobody_has_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
