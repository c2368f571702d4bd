/*
 * The firmware starts again at every single step of an enable and of a renewal: each time it ends
 * in an active domain, with the order that was under way taken up again.
 */
#include "cm.h"
#include "fake_cert.h"
#include "world.h"

#define D "example.com"
#define ENOUGH 240 /* seconds from any moment to active */

static void begin_enable(void)
{
    world_begin();
    world_add(D);
    world_enable(D);
}

static void begin_renewal(void)
{
    char why[240];

    begin_enable();
    world_run(60);
    fake_cert_issuer = 1 - fake_cert_issuer;
    assert_int_equal(sp_life_renew(D, world.now, why, sizeof why), 0);
    world.orders_new = 0;
}

static unsigned count_steps(void (*begin)(void))
{
    unsigned steps = 0;
    sp_time until;

    begin();
    until = world.now + 60 * (sp_time)1000;
    while (world_step(until)) {
        steps++;
    }
    return steps;
}

static void is_well(void)
{
    struct sp_domain *domain = world_domain(D);

    assert_int_equal(domain->state, SP_DOMAIN_ACTIVE);
    assert_true(domain->next_try > world_utc());
    assert_int_equal(domain->failures, 0);
    assert_int_equal(world_host(D)->certificates, world.finishes);
    assert_int_equal(sp_store_count(world_store, SP_KIND_CHAIN), 1);
    assert_int_equal(sp_life_tally().by_health[SP_DOMAIN_FINE], 1);
}

static void reset_at_every_step(void (*begin)(void))
{
    unsigned steps = count_steps(begin);

    is_well();
    for (unsigned at = 0; at <= steps; at++) {
        begin();
        for (unsigned i = 0; i < at; i++) {
            (void)world_step(UINT64_MAX);
        }
        world_reset();
        world_run(ENOUGH);
        is_well();
        assert_int_equal(world.orders_new, 1);
    }
    print_message("a reset at each of %u steps\n", steps);
}

static void an_enable_survives_a_reset_at_every_step(void **state)
{
    (void)state;
    reset_at_every_step(begin_enable);
}

static void a_renewal_survives_a_reset_at_every_step(void **state)
{
    (void)state;
    reset_at_every_step(begin_renewal);
}

static void resets_on_end_do_not_order_again(void **state)
{
    (void)state;
    begin_enable();
    for (int i = 0; i < 30; i++) {
        world_run(4);
        world_reset();
    }
    world_run(ENOUGH);
    is_well();
    assert_int_equal(world.orders_new, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_enable_survives_a_reset_at_every_step),
        cmocka_unit_test(a_renewal_survives_a_reset_at_every_step),
        cmocka_unit_test(resets_on_end_do_not_order_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
