#include "base/err.h"
#include "base/log.h"
#include "base/port.h"

#include "cm.h"

#include <stdio.h>
#include <string.h>

static uint64_t now_ms = 5000;

static uint64_t mono_ms(struct sp_hal_clock *clock)
{
    (void)clock;
    return now_ms;
}

static void nothing_is_found_before_the_first_line(void **state)
{
    struct sp_log_line line;
    (void)state;

    assert_int_equal(sp_log_newest(), 0);
    assert_int_equal(sp_log_get(0, &line), SP_E_NOT_FOUND);
    assert_int_equal(sp_log_get(1, &line), SP_E_NOT_FOUND);
}

static void a_line_keeps_what_was_said(void **state)
{
    static struct sp_hal_clock clock = {.mono_ms = mono_ms};
    struct sp_log_line line;
    (void)state;

    sp_port_bind(&clock, NULL, NULL);
    sp_log_warn("acme", "%s: %d tries", "example.com", 3);
    assert_int_equal(sp_log_newest(), 1);
    assert_int_equal(sp_log_get(1, &line), 0);
    assert_int_equal(line.number, 1);
    assert_int_equal(line.at, 5000);
    assert_int_equal(line.utc, 0);
    assert_int_equal(line.level, SP_LOG_WARN);
    assert_string_equal(line.room, "acme");
    assert_string_equal(line.text, "example.com: 3 tries");
    sp_port_set_utc(1795561500, 4000);
    sp_log_info("a-room-with-a-long-name", "%s", "");
    assert_int_equal(sp_log_get(2, &line), 0);
    assert_int_equal(line.utc, 1795561501);
    assert_string_equal(line.room, "a-room-wi");
    assert_string_equal(line.text, "");
}

static void a_long_line_is_cut(void **state)
{
    char text[400];
    struct sp_log_line line;
    (void)state;

    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    sp_log_info("test", "%s", text);
    assert_int_equal(sp_log_get(sp_log_newest(), &line), 0);
    assert_int_equal(strlen(line.text), SP_LOG_LINE - 1);
}

/* Lines of all lengths over several turns of the ring: what has not gone is whole. */
static void the_oldest_lines_go(void **state)
{
    uint32_t first = sp_log_newest() + 1;
    uint32_t kept = 0;
    (void)state;

    for (uint32_t i = 0; i < 2000; i++) {
        sp_log_info("test", "%u %.*s", first + i, (int)(i * 7 % 200),
                    "----------------------------------------------------------------------"
                    "----------------------------------------------------------------------"
                    "------------------------------------------------------------");
    }
    for (uint32_t number = first; number <= sp_log_newest(); number++) {
        struct sp_log_line line;
        unsigned said;

        if (sp_log_get(number, &line) == SP_E_NOT_FOUND) {
            assert_int_equal(kept, 0);
            continue;
        }
        kept++;
        assert_int_equal(sscanf(line.text, "%u", &said), 1);
        assert_int_equal(said, number);
        assert_int_equal(line.number, number);
    }
    assert_in_range(kept, SP_LOG_BYTES / (SP_LOG_LINE + 40), SP_LOG_BYTES / 100);
}

/* What an operator finds of a day of ordinary lines. */
static void forty_ordinary_lines_stay(void **state)
{
    struct sp_log_line line;
    (void)state;

    for (unsigned i = 0; i < 100; i++) {
        sp_log_info("mtasts", "customer-%04u.example.test: active, was ordering", i);
    }
    assert_int_equal(sp_log_get(sp_log_newest() - 39, &line), 0);
    assert_string_equal(line.text, "customer-0060.example.test: active, was ordering");
    assert_string_equal(line.room, "mtasts");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_found_before_the_first_line),
        cmocka_unit_test(a_line_keeps_what_was_said),
        cmocka_unit_test(a_long_line_is_cut),
        cmocka_unit_test(the_oldest_lines_go),
        cmocka_unit_test(forty_ordinary_lines_stay),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
