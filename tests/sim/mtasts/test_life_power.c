/*
 * The power goes at every single flash operation of a life (add, enable, order, renewal with
 * another intermediate, disable, remove) and of a retirement, before it, after it, and in its
 * midst.
 */
#include "base/err.h"

#include "cm.h"
#include "fake_cert.h"
#include "store_flash.h"
#include "world.h"

#define D "example.com"
#define ENOUGH 300

static char why[240];

static struct host *only_host(void)
{
    if (world.hosts_n == 0) {
        (void)world_add(D);
    }
    return &world.hosts[0];
}

/* Adds when power went before it was there. */
static void add_again(void)
{
    if (sp_store_length(world_store, SP_KIND_DOMAIN, D) < 0) {
        world.hosts_n = 0;
        (void)only_host();
    }
}

static void live(void)
{
    add_again();
    if (world_domain(D)->state == SP_DOMAIN_DISABLED && only_host()->certificates == 0) {
        world_enable(D);
    }
    world_run(60);
    if (only_host()->orders < 2 && fake_cert_issuer == 0) {
        fake_cert_issuer = 1;
        (void)sp_life_renew(D, world.now, why, sizeof why);
    }
    world_run(60);
    fake_cert_issuer = 1;
}

static void end(void)
{
    if (world_domain(D)->state != SP_DOMAIN_DISABLED) {
        assert_int_equal(sp_life_disable(D, true, world.now, why, sizeof why), 0);
    }
    world_run(10);
    assert_int_equal(sp_life_remove(D, world.now, why, sizeof why), 0);
    world_run(10);
}

static void begin(void)
{
    world_begin();
    fake_cert_issuer = 0;
}

static uint64_t count_ops(void)
{
    uint64_t before;

    begin();
    before = world_store_ops();
    live();
    end();
    return world_store_ops() - before;
}

/* After the cut: whatever the record says goes on; then the life is lived to its end. */
static void go_on(void)
{
    world_reset();
    world_run(ENOUGH);
    if (sp_store_length(world_store, SP_KIND_DOMAIN, D) >= 0) {
        enum sp_domain_state state = world_domain(D)->state;

        assert_true(state == SP_DOMAIN_ACTIVE || state == SP_DOMAIN_DISABLED);
    }
    add_again();
    if (world_domain(D)->state == SP_DOMAIN_DISABLED) {
        world_enable(D);
    }
    world_run(ENOUGH);
    assert_int_equal(world_domain(D)->state, SP_DOMAIN_ACTIVE);
    assert_int_equal(sp_store_count(world_store, SP_KIND_CHAIN), 1);
    end();
    assert_int_equal(sp_store_count(world_store, SP_KIND_CHAIN), 0);
    assert_int_equal(sp_store_count(world_store, SP_KIND_DOMAIN), 0);
}

static void cut_at_every_operation(enum sp_nor_fault fault)
{
    volatile uint64_t ops = count_ops();

    for (volatile uint64_t at = 1; at <= ops; at++) {
        begin();
        world_store_cut_at(fault, at);
        if (setjmp(world_store_cut) == 0) {
            live();
            end();
        } else {
            go_on();
        }
    }
    print_message("cut at each of %u flash operations\n", (unsigned)ops);
}

/* --- a retirement --- */

static sp_utc replaced_at; /* when the former id went out of DNS; 0: not yet */

static void served_id(char *out)
{
    sp_life_served_id(world_domain(D), world_utc(), out);
}

/* Each part is left out when it was done before the cut. */
static void retire(void)
{
    char id[SP_POLICY_ID_SIZE];

    add_again();
    if (only_host()->certificates == 0 && world_domain(D)->state == SP_DOMAIN_DISABLED) {
        world_enable(D);
    }
    world_run(ENOUGH);
    if (world_domain(D)->state == SP_DOMAIN_ACTIVE) {
        served_id(id);
        world_publish(D, id);
        assert_int_equal(sp_life_disable(D, false, world.now, why, sizeof why), 0);
    }
    world_run(ENOUGH);
    if (replaced_at == 0) {
        served_id(id);
        world_publish(D, id);
        replaced_at = world_utc();
    }
    world_run(3 * HOUR);
}

static void begin_retirement(void)
{
    begin();
    replaced_at = 0;
}

static uint64_t count_ops_of_retirement(void)
{
    uint64_t before;

    begin_retirement();
    before = world_store_ops();
    retire();
    world_run(8 * DAY);
    assert_int_equal(world_domain(D)->state, SP_DOMAIN_DISABLED);
    return world_store_ops() - before;
}

/* Whenever the power went: `none` is served as long as a sender may hold what came before. */
static void ends_in_time(void)
{
    sp_utc until;

    world_reset();
    retire();
    until = sp_life_retire_until(world_domain(D));
    assert_in_range(until, replaced_at + SP_MAX_AGE_DEFAULT + 300,
                    replaced_at + SP_MAX_AGE_DEFAULT + 300 + 10 * MINUTE);
    if (world_utc() < until) {
        assert_int_equal(world_domain(D)->state, SP_DOMAIN_RETIRING);
        world_run(until - world_utc() + 10);
    }
    assert_int_equal(world_domain(D)->state, SP_DOMAIN_DISABLED);
    assert_true(world_domain(D)->state_since >= until);
}

static void a_retirement_survives_a_cut_at_every_flash_operation(void **state)
{
    static const enum sp_nor_fault faults[] = {SP_NOR_CUT_BEFORE, SP_NOR_CUT_AFTER,
                                               SP_NOR_CUT_TORN};
    volatile uint64_t ops = count_ops_of_retirement();
    (void)state;

    for (volatile size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        for (volatile uint64_t at = 1; at <= ops; at++) {
            begin_retirement();
            world_store_cut_at(faults[i], at);
            if (setjmp(world_store_cut) == 0) {
                retire();
                world_run(8 * DAY);
            } else {
                ends_in_time();
            }
        }
    }
    print_message("cut at each of %u flash operations\n", (unsigned)ops);
}

static void a_life_survives_a_cut_before_every_flash_operation(void **state)
{
    (void)state;
    cut_at_every_operation(SP_NOR_CUT_BEFORE);
}

static void a_life_survives_a_cut_after_every_flash_operation(void **state)
{
    (void)state;
    cut_at_every_operation(SP_NOR_CUT_AFTER);
}

static void a_life_survives_a_cut_in_the_midst_of_every_flash_operation(void **state)
{
    (void)state;
    cut_at_every_operation(SP_NOR_CUT_TORN);
    cut_at_every_operation(SP_NOR_CUT_UNSTABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_life_survives_a_cut_before_every_flash_operation),
        cmocka_unit_test(a_life_survives_a_cut_after_every_flash_operation),
        cmocka_unit_test(a_life_survives_a_cut_in_the_midst_of_every_flash_operation),
        cmocka_unit_test(a_retirement_survives_a_cut_at_every_flash_operation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
