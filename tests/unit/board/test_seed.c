/*
 * The seed over the real store on a part that is cut and that fails. A start is a mount and a
 * renewal; what was in RAM is gone.
 */
#include "cm.h"

#include "app/app.h"
#include "base/err.h"
#include "nor_emulator/nor_emulator.h"

#include <string.h>

#define BLOCK 4096U
#define BLOCKS 8U
#define DRAWN 48U /* bytes; more than one block of output */

struct sp_app sp_app;

static const uint8_t factory[64] = "sixty-four bytes that the factory has drawn for this very unit";
static struct sp_nor nor;
static struct sp_hal_entropy *entropy;
static jmp_buf power;

static void power_goes(void *context, uint64_t number)
{
    (void)context;
    (void)number;
    longjmp(power, 1);
}

static void mount(void)
{
    memset(&sp_app.store, 0, sizeof sp_app.store);
    sp_nor_power_on(&nor);
    assert_int_equal(
        sp_store_mount(&sp_app.store, &nor.flash, 0, BLOCKS, sp_app.entries, SP_RECORDS_MAX), 0);
    entropy = sp_app_seed_entropy();
}

static void put_seed(size_t n)
{
    assert_int_equal(sp_store_put(&sp_app.store, SP_KIND_SEED, "seed", sp_span(factory, n), 0), 0);
}

static int start(void **state)
{
    const struct sp_nor_config config = {
        .size = BLOCK * BLOCKS, .block_size = BLOCK, .page_size = 256, .on_cut = power_goes};
    (void)state;
    assert_int_equal(sp_nor_open(&nor, &config), 0);
    mount();
    put_seed(sizeof factory);
    mount();
    return 0;
}

static int stop(void **state)
{
    (void)state;
    sp_nor_close(&nor);
    return 0;
}

static int draw(uint8_t out[DRAWN])
{
    memset(out, 0, DRAWN);
    return entropy->read(entropy, out, DRAWN);
}

/* The seed in flash: its length. */
static int kept(uint8_t out[64])
{
    memset(out, 0, 64);
    return sp_store_get(&sp_app.store, SP_KIND_SEED, "seed", out, 64);
}

static void assert_differ(const uint8_t *a, const uint8_t *b, size_t n)
{
    assert_true(memcmp(a, b, n) != 0);
}

/* What the start draws that would come now, without it: the part is put back. */
static void foresee(uint8_t out[DRAWN])
{
    static uint8_t bytes[BLOCK * BLOCKS];
    memcpy(bytes, nor.bytes, sizeof bytes);
    mount();
    assert_int_equal(sp_app_seed_renew(), SP_OK);
    assert_int_equal(draw(out), SP_OK);
    memcpy(nor.bytes, bytes, sizeof bytes);
    mount();
}

static void nothing_is_drawn_before_the_seed_is_renewed(void **state)
{
    uint8_t out[DRAWN], seed[64];
    (void)state;
    assert_int_equal(draw(out), SP_E_ENTROPY);
    assert_int_equal(sp_app_seed_renew(), SP_OK);
    assert_true(kept(seed) >= 32); /* renewed, and nothing was drawn yet */
    assert_differ(seed, factory, 32);
    assert_int_equal(draw(out), SP_OK);
}

static void a_restart_without_renewal_draws_nothing(void **state)
{
    uint8_t out[DRAWN];
    (void)state;
    assert_int_equal(sp_app_seed_renew(), SP_OK);
    mount();
    assert_int_equal(draw(out), SP_E_ENTROPY);
}

static void no_two_draws_are_alike_within_a_start_or_over_starts(void **state)
{
    uint8_t out[12][DRAWN];
    (void)state;
    for (unsigned i = 0; i < 12; i++) {
        if (i % 3 == 0) {
            mount();
            assert_int_equal(sp_app_seed_renew(), SP_OK);
        }
        assert_int_equal(draw(out[i]), SP_OK);
        assert_differ(out[i], out[i] + 16, 16);
        for (unsigned k = 0; k < i; k++) {
            assert_differ(out[i], out[k], 16);
        }
    }
}

static void neither_seed_is_in_what_is_drawn(void **state)
{
    uint8_t out[DRAWN], seed[64];
    (void)state;
    assert_int_equal(sp_app_seed_renew(), SP_OK);
    assert_int_equal(draw(out), SP_OK);
    assert_int_equal(kept(seed), 32);
    assert_differ(out, seed, 32);
    assert_differ(out, factory, 32);
}

/* A renewal in which power goes at the program of that number; false when it needs fewer. */
static bool renewal_is_cut(uint32_t at)
{
    sp_nor_fault(&nor, SP_NOR_CUT_TORN, nor.stats.ops + at, at);
    if (setjmp(power) != 0) {
        return true;
    }
    assert_int_equal(sp_app_seed_renew(), SP_OK);
    return false;
}

static void restart_and_draw(uint8_t out[DRAWN])
{
    mount();
    assert_int_equal(sp_app_seed_renew(), SP_OK);
    assert_int_equal(draw(out), SP_OK);
}

/* Power goes at each program of the renewal in turn: the start that was cut has drawn nothing, and
 * the two starts after it draw what differs. */
static void a_cut_in_the_renewal_repeats_nothing(void **state)
{
    uint32_t at = 0;
    bool cut = true;
    while (cut) {
        uint8_t first[DRAWN], second[DRAWN];
        at++;
        assert_int_equal(start(state), 0);
        cut = renewal_is_cut(at);
        assert_int_equal(draw(first), cut ? SP_E_ENTROPY : SP_OK);
        restart_and_draw(first);
        restart_and_draw(second);
        assert_differ(first, second, DRAWN);
        assert_int_equal(stop(state), 0);
    }
    assert_true(at > 3); /* entry, record, commit */
}

static void a_cut_right_after_the_write_gives_other_bytes(void **state)
{
    uint8_t would[DRAWN], is[DRAWN];
    (void)state;
    foresee(would);
    assert_int_equal(sp_app_seed_renew(), SP_OK); /* and here power goes */
    mount();
    assert_int_equal(sp_app_seed_renew(), SP_OK);
    assert_int_equal(draw(is), SP_OK);
    assert_differ(is, would, DRAWN);
}

static void a_seed_that_cannot_be_replaced_is_not_used(void **state)
{
    uint8_t out[DRAWN], seed[64];
    (void)state;
    sp_nor_fault(&nor, SP_NOR_FAIL_FROM, nor.stats.ops + 1, 1);
    assert_int_equal(sp_app_seed_renew(), SP_E_ENTROPY);
    assert_int_equal(draw(out), SP_E_ENTROPY);
    mount(); /* the part is well again */
    assert_int_equal(kept(seed), sizeof factory);
    assert_int_equal(sp_app_seed_renew(), SP_OK);
    assert_int_equal(draw(out), SP_OK);
}

static void without_a_seed_there_is_no_entropy(void **state)
{
    uint8_t out[DRAWN];
    (void)state;
    assert_int_equal(sp_store_delete(&sp_app.store, SP_KIND_SEED, "seed"), 0);
    assert_int_equal(sp_app_seed_renew(), SP_E_ENTROPY);
    assert_int_equal(draw(out), SP_E_ENTROPY);
}

static void a_seed_that_is_too_short_is_none(void **state)
{
    uint8_t out[DRAWN];
    (void)state;
    put_seed(31);
    assert_int_equal(sp_app_seed_renew(), SP_E_ENTROPY);
    assert_int_equal(draw(out), SP_E_ENTROPY);
    put_seed(32);
    assert_int_equal(sp_app_seed_renew(), SP_OK);
}

static void a_seed_that_goes_takes_the_old_state_along(void **state)
{
    uint8_t out[DRAWN];
    (void)state;
    assert_int_equal(sp_app_seed_renew(), SP_OK);
    assert_int_equal(sp_store_delete(&sp_app.store, SP_KIND_SEED, "seed"), 0);
    assert_int_equal(sp_app_seed_renew(), SP_E_ENTROPY);
    assert_int_equal(draw(out), SP_E_ENTROPY);
}

#define ON_A_PART(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_PART(nothing_is_drawn_before_the_seed_is_renewed),
        ON_A_PART(a_restart_without_renewal_draws_nothing),
        ON_A_PART(no_two_draws_are_alike_within_a_start_or_over_starts),
        ON_A_PART(neither_seed_is_in_what_is_drawn),
        cmocka_unit_test(a_cut_in_the_renewal_repeats_nothing),
        ON_A_PART(a_cut_right_after_the_write_gives_other_bytes),
        ON_A_PART(a_seed_that_cannot_be_replaced_is_not_used),
        ON_A_PART(without_a_seed_there_is_no_entropy),
        ON_A_PART(a_seed_that_is_too_short_is_none),
        ON_A_PART(a_seed_that_goes_takes_the_old_state_along),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
