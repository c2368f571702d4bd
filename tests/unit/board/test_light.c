#include "cm.h"
#include "light_blink/light_blink.h"

static struct sp_light light;

/* The lamp through a cycle, one character a step. */
static void look(uint32_t from, char out[17])
{
    for (uint32_t i = 0; i < 16; i++) {
        out[i] = sp_light_lit(&light, from + i * SP_LIGHT_STEP_MS) ? '#' : '.';
    }
    out[16] = '\0';
}

static void each_pattern_can_be_told_by_its_flashes(void **state)
{
    static const char *const want[] = {
        [SP_LED_BOOT] = "#...#...#...#...",    [SP_LED_OK] = "################",
        [SP_LED_WORKING] = "########........", [SP_LED_ATTENTION] = "#.#.............",
        [SP_LED_RISK] = "#.#.#.#.#.#.#.#.",    [SP_LED_FAULT] = "#.#.#...........",
    };
    char is[17];
    (void)state;
    sp_light_start(&light);
    for (size_t i = 0; i < COUNT(want); i++) {
        light.led.set(&light.led, (enum sp_led_pattern)i);
        look(0, is);
        assert_string_equal(is, want[i]);
        look(2000U * 1000U, is); /* again and again */
        assert_string_equal(is, want[i]);
    }
}

static void a_light_starts_with_the_pattern_of_a_start(void **state)
{
    char is[17];
    (void)state;
    sp_light_start(&light);
    look(0, is);
    assert_string_equal(is, "#...#...#...#...");
}

static void the_lamp_changes_at_steps_alone(void **state)
{
    (void)state;
    sp_light_start(&light);
    light.led.set(&light.led, SP_LED_FAULT);
    for (uint32_t ms = 1; ms < 4000; ms++) {
        if (ms % SP_LIGHT_STEP_MS != 0) {
            assert_int_equal(sp_light_lit(&light, ms), sp_light_lit(&light, ms - 1));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_pattern_can_be_told_by_its_flashes),
        cmocka_unit_test(a_light_starts_with_the_pattern_of_a_start),
        cmocka_unit_test(the_lamp_changes_at_steps_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
