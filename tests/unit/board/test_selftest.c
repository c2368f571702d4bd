/*
 * The self-test over a board in which each device can be broken: what is well passes, what is not
 * is named, and no step takes long.
 */
#include "cm.h"

#include "app/app.h"
#include "app/area.h"
#include "app/part.h"
#include "base/err.h"
#include "base/port.h"
#include "crypto/crypto.h"
#include "nor_emulator/nor_emulator.h"

#include <stdio.h>
#include <string.h>

#define SIZE 0x400000U
#define BLOCK 65536U
#define STEP_MS 50U
#define STEPS_MOST 200000U

struct sp_app sp_app;

static struct sp_nor nor;
static struct sp_flash small = {.size = BLOCK, .block_size = BLOCK};
static struct {
    uint64_t ms;
    unsigned rate; /* ms between two steps */
    int32_t off;
    unsigned busy; /* how often the clocks cannot be compared */
    bool link, no_phy, source_stuck, generator_stuck;
    uint32_t frames_out;
    size_t stack_peak;
    unsigned shown[8]; /* steps in which each pattern was on */
    enum sp_led_pattern pattern;
    uint8_t random;
    uint32_t state;
} fake;

/* --- the board --- */

static uint64_t mono_ms(struct sp_hal_clock *clock)
{
    (void)clock;
    return fake.ms;
}

static int link_up(struct sp_hal_nic *nic)
{
    (void)nic;
    return fake.link;
}

static int random_bytes(void *p, size_t n)
{
    uint8_t *bytes = p;
    for (size_t i = 0; i < n && !fake.generator_stuck; i++) {
        fake.state = fake.state * 1664525U + 1013904223U;
        bytes[i] = (uint8_t)(fake.state >> 24);
    }
    return SP_OK;
}

static int source_read(struct sp_hal_entropy *entropy, void *buf, size_t n)
{
    (void)entropy;
    if (fake.source_stuck) {
        memset(buf, 0x55, n);
        return SP_OK;
    }
    return random_bytes(buf, n);
}

static int flash_id(struct sp_hal_probe *probe, char *out, size_t cap)
{
    (void)probe;
    (void)snprintf(out, cap, "01 20 18");
    return SP_OK;
}

static void nic_facts(struct sp_hal_probe *probe, struct sp_nic_facts *out)
{
    (void)probe;
    *out = (struct sp_nic_facts){.phy_id = fake.no_phy ? UINT32_MAX : 0x00221550,
                                 .frames_out = fake.frames_out};
}

static int clock_off(struct sp_hal_probe *probe, int32_t *per_mille)
{
    (void)probe;
    *per_mille = fake.off;
    return fake.busy > 0 ? (fake.busy--, SP_E_AGAIN) : SP_OK;
}

static int stack(struct sp_hal_probe *probe, unsigned i, struct sp_stack_use *out)
{
    (void)probe;
    *out = (struct sp_stack_use){.name = "stack:service", .size = 8000, .peak = fake.stack_peak};
    return i == 0 ? SP_OK : SP_E_NOT_FOUND;
}

static void set_led(struct sp_hal_led *led, enum sp_led_pattern pattern)
{
    (void)led;
    (void)pattern;
}

/* judge.c's place. */
void sp_app_light_lend(enum sp_led_pattern pattern, sp_time until)
{
    assert_true(until > fake.ms);
    fake.pattern = pattern;
}

static const struct sp_hal_nic_ops nic_ops = {.link_up = link_up};
static struct sp_hal_clock clock_hal = {mono_ms};
static struct sp_hal_nic nic;
static struct sp_hal_entropy source = {source_read};
static struct sp_hal_led led = {set_led};
static struct sp_hal_probe probe;
static struct sp_board board;

static int start(void **state)
{
    const struct sp_nor_config config = {
        .size = SIZE, .block_size = BLOCK, .page_size = 256, .erase_polls = 10};
    static const uint8_t hash[32];
    (void)state;
    memset(&fake, 0, sizeof fake);
    fake.ms = 5000;
    fake.rate = STEP_MS;
    fake.link = true;
    fake.frames_out = 3;
    nic = (struct sp_hal_nic){.ops = &nic_ops, .mac = {2, 0, 0, 0, 0, 1}};
    probe = (struct sp_hal_probe){flash_id, nic_facts, clock_off, stack, NULL};
    board = (struct sp_board){.flash = &nor.flash,
                              .clock = &clock_hal,
                              .entropy = &source,
                              .nic = &nic,
                              .led = &led,
                              .probe = &probe};
    memset(&sp_app, 0, sizeof sp_app);
    sp_app.board = &board;
    sp_port_bind(&clock_hal, &source, NULL);
    sp_port_set_random(random_bytes);
    if (sp_nor_open(&nor, &config) < 0) {
        return -1;
    }
    sp_part_start(&nor.flash);
    sp_area_start(hash);
    return sp_store_mount(&sp_app.store, sp_part_of_store(), 0, 60, sp_app.entries, SP_RECORDS_MAX);
}

static int stop(void **state)
{
    (void)state;
    sp_nor_close(&nor);
    return 0;
}

static unsigned number_of(const char *id)
{
    static const char *const ids[] = {"flash", "area",    "nic",   "timer",
                                      "light", "entropy", "memory"};
    unsigned i = 0;
    while (strcmp(ids[i], id) != 0) {
        i++;
    }
    return i;
}

/* Runs the test of that id as the console does. */
static const struct sealpost_selftest *test(const char *id)
{
    static struct sealpost_selftest result;
    unsigned steps = 0;
    while (sealpost_selftest(number_of(id), &result) == SP_E_AGAIN) {
        assert_true(++steps < STEPS_MOST);
        fake.shown[fake.pattern]++;
        fake.ms += fake.rate;
    }
    assert_string_equal(result.id, id);
    assert_true(result.reason[0] != '\0');
    return &result;
}

#define assert_fails(id, words)                                                                    \
    do {                                                                                           \
        const struct sealpost_selftest *is_ = test(id);                                            \
        assert_int_equal(is_->result, SEALPOST_FAIL);                                              \
        if (strstr(is_->reason, words) == NULL) {                                                  \
            fail_msg("%s", is_->reason);                                                           \
        }                                                                                          \
    } while (0)
#define assert_passes(id) assert_int_equal(test(id)->result, SEALPOST_PASS)
#define assert_cannot(id) assert_int_equal(test(id)->result, SEALPOST_UNKNOWN)

/* --- tests --- */

static void a_sound_part_passes_and_nothing_but_its_test_block_is_touched(void **state)
{
    static uint8_t before[SIZE];
    (void)state;
    memcpy(before, nor.bytes, SIZE);
    assert_passes("flash");
    assert_non_null(strstr(test("flash")->reason, "01 20 18"));
    assert_memory_equal(nor.bytes, before, SIZE - BLOCK);
    assert_true(memcmp(nor.bytes + SIZE - BLOCK, before + SIZE - BLOCK, BLOCK) != 0);
    assert_passes("flash"); /* over what the first has left */
}

static void a_part_that_fails_is_named(void **state)
{
    (void)state;
    sp_nor_fault(&nor, SP_NOR_FAIL_FROM, nor.stats.ops + 1, 1);
    assert_fails("flash", "erase");
    sp_nor_fault(&nor, SP_NOR_FAIL_ONCE, nor.stats.ops + 20, 1);
    assert_fails("flash", "program");
}

static void a_part_without_a_test_block_cannot_be_tested(void **state)
{
    (void)state;
    sp_part_start(&small);
    assert_cannot("flash");
}

static void an_area_that_is_blank_fails(void **state)
{
    (void)state;
    assert_fails("area", "blank");
}

/* A header of no files: the smallest that can be good. */
static void write_area(void)
{
    static const uint8_t head[16] = {'S', 'P', 'a', 'r', 1, 0, 0, 0, 16, 0, 0, 0, 16};
    static uint8_t hash[SP_AREA_HASH];
    memcpy(nor.bytes + SIZE - SIZE / 16, head, sizeof head);
    sp_sha256(sp_span(head, sizeof head), hash);
    sp_area_start(hash);
}

static void an_area_that_was_good_on_start_is_looked_at_again(void **state)
{
    (void)state;
    write_area();
    assert_passes("area");
    nor.bytes[SIZE - SIZE / 16 + 12] ^= 1U;
    assert_fails("area", "foreign");
}

static void the_nic_wants_a_link_an_address_a_phy_and_frames(void **state)
{
    (void)state;
    assert_passes("nic");
    fake.frames_out = 0;
    assert_fails("nic", "No frame");
    fake.no_phy = true;
    assert_fails("nic", "PHY");
    fake.link = false;
    assert_fails("nic", "cable");
    nic.mac[0] = 1;
    assert_fails("nic", "MAC");
}

static void a_link_that_comes_up_within_its_patience_passes(void **state)
{
    struct sealpost_selftest result;
    (void)state;
    fake.link = false;
    assert_int_equal(sealpost_selftest(number_of("nic"), &result), SP_E_AGAIN);
    fake.ms += 2000;
    fake.link = true;
    assert_passes("nic");
}

static void a_clock_that_is_off_or_stands_still_fails(void **state)
{
    (void)state;
    fake.busy = 5;
    fake.off = -3;
    assert_passes("timer");
    fake.off = -290; /* a bus of 71 MHz that was thought to have 100 */
    assert_fails("timer", "off by -290");
    fake.off = 0;
    fake.busy = 1000;
    assert_fails("timer", "could not be compared");
    fake.busy = 0;
    fake.rate = 0;
    assert_fails("timer", "stands still");
    fake.rate = STEP_MS;
    probe.clock_off = NULL;
    assert_cannot("timer");
}

static void each_pattern_of_the_light_is_shown_for_over_a_second(void **state)
{
    (void)state;
    assert_passes("light");
    for (unsigned i = SP_LED_BOOT; i <= SP_LED_FAULT; i++) {
        assert_in_range(fake.shown[i] * STEP_MS, 1400, 2000);
    }
    board.led = NULL;
    assert_cannot("light");
}

static void entropy_that_repeats_itself_fails(void **state)
{
    (void)state;
    assert_passes("entropy");
    fake.source_stuck = true;
    assert_fails("entropy", "source of entropy repeats");
    fake.generator_stuck = true;
    assert_fails("entropy", "generator repeats");
    sp_app.no_entropy = true;
    assert_fails("entropy", "no seed");
}

static void without_a_source_the_seed_must_be_there(void **state)
{
    (void)state;
    board.entropy = NULL;
    assert_fails("entropy", "seed has gone");
    assert_int_equal(
        sp_store_put(&sp_app.store, SP_KIND_SEED, "seed", sp_span("0123456789abcdef", 16), 0), 0);
    assert_passes("entropy");
}

static void a_stack_that_is_nearly_full_fails(void **state)
{
    (void)state;
    fake.stack_peak = 5000;
    assert_passes("memory");
    fake.stack_peak = 7900;
    assert_fails("memory", "stack:service used 7900 of 8000");
}

static void past_the_last_test_there_is_none(void **state)
{
    struct sealpost_selftest result;
    (void)state;
    assert_int_equal(sealpost_selftest(7, &result), SP_E_NOT_FOUND);
}

#define ON_A_BOARD(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_BOARD(a_sound_part_passes_and_nothing_but_its_test_block_is_touched),
        ON_A_BOARD(a_part_that_fails_is_named),
        ON_A_BOARD(a_part_without_a_test_block_cannot_be_tested),
        ON_A_BOARD(an_area_that_is_blank_fails),
        ON_A_BOARD(an_area_that_was_good_on_start_is_looked_at_again),
        ON_A_BOARD(the_nic_wants_a_link_an_address_a_phy_and_frames),
        ON_A_BOARD(a_link_that_comes_up_within_its_patience_passes),
        ON_A_BOARD(a_clock_that_is_off_or_stands_still_fails),
        ON_A_BOARD(each_pattern_of_the_light_is_shown_for_over_a_second),
        ON_A_BOARD(entropy_that_repeats_itself_fails),
        ON_A_BOARD(without_a_source_the_seed_must_be_there),
        ON_A_BOARD(a_stack_that_is_nearly_full_fails),
        ON_A_BOARD(past_the_last_test_there_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
