#include "base/err.h"
#include "base/log.h"
#include "base/port.h"
#include "sp_port.h"

#include "cm.h"

#include <string.h>

static uint64_t now_ms;
static jmp_buf after_reset;

static uint64_t mono_ms(struct sp_hal_clock *clock)
{
    (void)clock;
    return now_ms;
}

static int entropy_read(struct sp_hal_entropy *entropy, void *buf, size_t n)
{
    (void)entropy;
    memset(buf, 0xA5, n);
    return 0;
}

static int random_seven(void *p, size_t n)
{
    memset(p, 7, n);
    return 0;
}

static void reset(struct sp_hal_watchdog *watchdog)
{
    (void)watchdog;
    longjmp(after_reset, 1);
}

static struct sp_hal_clock hal_clock = {.mono_ms = mono_ms};
static struct sp_hal_entropy hal_entropy = {.read = entropy_read};
static struct sp_hal_watchdog hal_watchdog = {.reset = reset};

static void an_unbound_port_has_no_randomness(void **state)
{
    uint8_t byte;
    (void)state;

    assert_int_equal(sp_port_random(&byte, 1), SP_E_ENTROPY);
    assert_int_equal(sp_port_entropy(&byte, 1), SP_E_ENTROPY);
    assert_int_equal(sp_port_mono_ms(), 0);
}

static void the_time_of_day_follows_the_clock(void **state)
{
    (void)state;

    sp_port_bind(&hal_clock, &hal_entropy, &hal_watchdog);
    now_ms = 10000;
    assert_int_equal(sp_port_utc_s(), 0);
    sp_port_set_utc(1795561500, 9000);
    assert_int_equal(sp_port_utc_s(), 1795561501);
    now_ms = 70999;
    assert_int_equal(sp_port_utc_s(), 1795561561);
    sp_port_set_utc(1795561500, 80000); /* a moment that is still to come */
    assert_int_equal(sp_port_utc_s(), 1795561500);
    sp_port_set_utc(0, 0);
    assert_int_equal(sp_port_utc_s(), 0);
}

static void randomness_comes_from_what_was_set(void **state)
{
    uint8_t bytes[2];
    (void)state;

    sp_port_set_random(random_seven);
    assert_int_equal(sp_port_random(bytes, 2), 0);
    assert_int_equal(bytes[1], 7);
    assert_int_equal(sp_port_entropy(bytes, 2), 0);
    assert_int_equal(bytes[1], 0xA5);
    sp_port_set_random(NULL);
    assert_int_equal(sp_port_random(bytes, 2), SP_E_ENTROPY);
}

static void a_pool_counts_and_keeps_its_limit(void **state)
{
    uint8_t *a, *b;
    (void)state;

    sp_port_set_limit(SP_POOL_TLS, 1000);
    a = sp_port_tls_calloc(10, 60);
    assert_non_null(a);
    assert_int_equal((uintptr_t)a % 16, 0);
    for (size_t i = 0; i < 600; i++) {
        assert_int_equal(a[i], 0);
    }
    assert_null(sp_port_tls_calloc(1, 401));
    assert_int_equal(sp_port_use(SP_POOL_TLS).refused, 1);
    b = sp_port_tls_calloc(1, 400);
    assert_non_null(b);
    assert_int_equal(sp_port_use(SP_POOL_TLS).used, 1000);
    sp_port_tls_free(a);
    sp_port_tls_free(b);
    sp_port_tls_free(NULL);
    assert_int_equal(sp_port_use(SP_POOL_TLS).used, 0);
    assert_int_equal(sp_port_use(SP_POOL_TLS).peak, 1000);
    assert_int_equal(sp_port_use(SP_POOL_DNS).used, 0);
    assert_string_equal(sp_port_use(SP_POOL_TLS).name, "tls");
}

#ifndef __SANITIZE_ADDRESS__ /* which ends the program in place of giving NULL */
static void what_the_heap_has_no_room_for_counts_as_refused(void **state)
{
    volatile size_t more_than_there_is = SIZE_MAX / 4;
    uint32_t before = sp_port_use(SP_POOL_JSON).refused;
    (void)state;

    sp_port_set_limit(SP_POOL_JSON, SIZE_MAX);
    assert_null(sp_port_json_malloc(more_than_there_is));
    assert_int_equal(sp_port_use(SP_POOL_JSON).refused, before + 1);
    assert_int_equal(sp_port_use(SP_POOL_JSON).used, 0);
}
#endif

static void sizes_that_overflow_are_refused(void **state)
{
    (void)state;

    sp_port_set_limit(SP_POOL_TLS, SIZE_MAX);
    sp_port_set_limit(SP_POOL_JSON, SIZE_MAX);
    assert_null(sp_port_tls_calloc(SIZE_MAX / 2, 4));
    assert_null(sp_port_json_malloc(SIZE_MAX - 3));
    assert_int_equal(sp_port_use(SP_POOL_JSON).used, 0);
}

static void realloc_keeps_content_and_count(void **state)
{
    char *p;
    char *grown;
    (void)state;

    sp_port_set_limit(SP_POOL_DNS, 100);
    p = sp_port_dns_realloc(NULL, 6);
    assert_non_null(p);
    memcpy(p, "hello", 6);
    p = sp_port_dns_realloc(p, 100); /* the old six count no more */
    assert_non_null(p);
    assert_string_equal(p, "hello");
    assert_int_equal(sp_port_use(SP_POOL_DNS).used, 100);
    grown = sp_port_dns_realloc(p, 101);
    assert_null(grown);
    assert_string_equal(p, "hello");
    p = sp_port_dns_realloc(p, 3);
    assert_int_equal(sp_port_use(SP_POOL_DNS).used, 3);
    sp_port_dns_free(p);
    p = sp_port_dns_malloc(0);
    assert_non_null(p);
    sp_port_dns_free(p);
    assert_int_equal(sp_port_use(SP_POOL_DNS).used, 0);
    assert_int_equal(sp_port_use(SP_POOL_DNS).peak, 100);
}

static void the_allocation_of_a_number_fails_once(void **state)
{
    void *a, *b;
    (void)state;

    sp_port_fail_at(SP_POOL_JSON, 2);
    a = sp_port_json_malloc(1);
    assert_non_null(a);
    assert_null(sp_port_json_malloc(1));
    b = sp_port_json_malloc(1);
    assert_non_null(b);
    sp_port_json_free(a);
    sp_port_json_free(b);
    sp_port_fail_at(SP_POOL_JSON, 1);
    sp_port_fail_at(SP_POOL_JSON, 0);
    a = sp_port_json_malloc(1);
    assert_non_null(a);
    sp_port_json_free(a);
}

static void a_failed_assertion_is_logged_and_resets(void **state)
{
    struct sp_log_line line;
    (void)state;

    if (setjmp(after_reset) == 0) {
        sp_port_assert_failed("x > 0", "x.c", 12);
    }
    assert_int_equal(sp_log_get(sp_log_newest(), &line), 0);
    assert_string_equal(line.text, "x > 0, x.c:12: restarting");
    assert_int_equal(line.level, SP_LOG_ERROR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unbound_port_has_no_randomness),
        cmocka_unit_test(the_time_of_day_follows_the_clock),
        cmocka_unit_test(randomness_comes_from_what_was_set),
        cmocka_unit_test(a_pool_counts_and_keeps_its_limit),
#ifndef __SANITIZE_ADDRESS__
        cmocka_unit_test(what_the_heap_has_no_room_for_counts_as_refused),
#endif
        cmocka_unit_test(sizes_that_overflow_are_refused),
        cmocka_unit_test(realloc_keeps_content_and_count),
        cmocka_unit_test(the_allocation_of_a_number_fails_once),
        cmocka_unit_test(a_failed_assertion_is_logged_and_resets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
