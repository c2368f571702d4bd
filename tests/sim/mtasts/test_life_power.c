/*
 * The power goes at every single flash operation of a life (add, enable, order, renewal with
 * another intermediate, disable, remove), before it, after it, and in its midst.
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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
