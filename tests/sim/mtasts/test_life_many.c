/* Many domains: fairness, counts, years. */
#include "mtasts/life_internal.h"

#include "cm.h"
#include "fake_cert.h"
#include "world.h"

#include <stdio.h>
#include <string.h>

static char why[240];

static void add_many(unsigned n)
{
    char name[40];

    for (unsigned i = 0; i < n; i++) {
        (void)snprintf(name, sizeof name, "d%03u.example.com", i);
        world_add(name);
    }
}

static void enable_all(void)
{
    for (unsigned i = 0; i < world.hosts_n; i++) {
        world_enable(world.hosts[i].domain);
    }
}

static enum sp_domain_state state_of(unsigned i)
{
    return world_domain(world.hosts[i].domain)->state;
}

static void tally_is(unsigned domains, unsigned active, unsigned fine, unsigned busy, unsigned care,
                     unsigned risk)
{
    struct sp_life_tally tally = sp_life_tally();

    assert_true(tally.complete);
    assert_int_equal(tally.domains, domains);
    assert_int_equal(tally.active, active);
    assert_int_equal(tally.by_health[SP_DOMAIN_FINE], fine);
    assert_int_equal(tally.by_health[SP_DOMAIN_BUSY], busy);
    assert_int_equal(tally.by_health[SP_DOMAIN_WANTS_CARE], care);
    assert_int_equal(tally.by_health[SP_DOMAIN_AT_RISK], risk);
}

static void all_of_64_become_active_one_after_the_other(void **state)
{
    (void)state;
    world_begin();
    add_many(64);
    enable_all();
    world_run(64 * 10 + 120);
    for (unsigned i = 0; i < 64; i++) {
        assert_int_equal(state_of(i), SP_DOMAIN_ACTIVE);
        assert_int_equal(world.hosts[i].orders, 1);
    }
    world_run(120);
    tally_is(64, 64, 64, 0, 0, 0);
}

/* Whatever is wrong with one, the others take as long as without it. */
static void one_bad_domain_never_delays_the_others(void **state)
{
    static const struct {
        enum ca_mood ca;
        uint8_t dns;
        sp_utc seconds;
    } rows[] = {
        {CA_GIVES, SP_DOMAIN_PASS, 63 * 10 + 130},
        {CA_REFUSES, SP_DOMAIN_PASS, 63 * 10 + 160},
        {CA_BLOCKED, SP_DOMAIN_PASS, 63 * 10 + 130},
        {CA_GIVES_RUBBISH, SP_DOMAIN_PASS, 63 * 10 + 160},
        {CA_GIVES, SP_DOMAIN_FAIL, 63 * 10 + 160},
        {CA_GIVES, SP_DOMAIN_UNKNOWN, 63 * 10 + 160},
        /* Ten minutes at a time, then it is given up, and tried again after 1 and 10 minutes. */
        {CA_HANGS, SP_DOMAIN_PASS, 63 * 10 + 130 + 3 * 10 * MINUTE},
    };
    (void)state;

    for (size_t row = 0; row < COUNT(rows); row++) {
        world_begin();
        add_many(64);
        world.hosts[20].ca = rows[row].ca;
        world.hosts[20].dns = rows[row].dns;
        world.check_ms = 500;
        enable_all();
        world_run(rows[row].seconds);
        for (unsigned i = 0; i < 64; i++) {
            if (i != 20) {
                assert_int_equal(state_of(i), SP_DOMAIN_ACTIVE);
            }
        }
        /* A year on, all others are renewed in time and were looked at each hour or so. */
        for (unsigned i = 0; i < 64; i++) {
            world.hosts[i].longest_gap = 0;
        }
        world_run(400 * DAY);
        for (unsigned i = 0; i < 64; i++) {
            if (i == 20) {
                continue;
            }
            assert_int_equal(world.hosts[i].orders, 7);
            assert_in_range(world.hosts[i].longest_gap, HOUR,
                            rows[row].ca == CA_HANGS ? 85 * MINUTE : 75 * MINUTE);
        }
    }
}

static void a_damaged_record_does_not_stop_the_others(void **state)
{
    static const uint8_t rubbish[] = {1, 2, 3};
    (void)state;

    world_begin();
    add_many(8);
    enable_all();
    assert_int_equal(sp_store_put(world_store, SP_KIND_DOMAIN, world.hosts[3].domain,
                                  sp_span(rubbish, sizeof rubbish), UTC_BEGIN),
                     0);
    world_run(200);
    for (unsigned i = 0; i < 8; i++) {
        if (i != 3) {
            assert_int_equal(state_of(i), SP_DOMAIN_ACTIVE);
        }
    }
    world_run(DAY);
}

static void the_counts_follow_every_change(void **state)
{
    (void)state;
    world_begin();
    world_run(1);
    tally_is(0, 0, 0, 0, 0, 0);
    add_many(10);
    tally_is(10, 0, 10, 0, 0, 0);
    world.hosts[0].dns = SP_DOMAIN_FAIL;
    enable_all();
    tally_is(10, 0, 0, 10, 0, 0);
    world_run(200);
    tally_is(10, 9, 9, 1, 0, 0);
    world.hosts[1].https = SP_DOMAIN_FAIL;
    world_run(2 * HOUR);
    tally_is(10, 9, 8, 1, 1, 0);
    world_reset();
    assert_false(sp_life_tally().complete);
    world_run(1);
    tally_is(10, 9, 8, 1, 1, 0);
    assert_int_equal(sp_life_disable(world.hosts[1].domain, true, world.now, why, sizeof why), 0);
    assert_int_equal(sp_life_disable(world.hosts[0].domain, true, world.now, why, sizeof why), 0);
    tally_is(10, 8, 10, 0, 0, 0);
    assert_int_equal(sp_life_remove(world.hosts[0].domain, world.now, why, sizeof why), 0);
    tally_is(9, 8, 9, 0, 0, 0);
}

/* A domain changes while the first count goes on: it is counted once. */
static void a_change_during_the_first_count_is_counted_once(void **state)
{
    for (unsigned at = 0; at < 12; at++) {
        (void)state;
        world_begin();
        add_many(10);
        world_run(1);
        world_reset();
        for (unsigned i = 0; i < at; i++) {
            (void)world_step(world.now + 1);
        }
        assert_int_equal(sp_life_enable(world.hosts[at % 10].domain, world.now, why, sizeof why),
                         0);
        world_run(60);
        tally_is(10, 1, 10, 0, 0, 0);
    }
}

static sp_utc first_expiry(void)
{
    sp_utc first = 0;

    for (unsigned i = 0; i < world.hosts_n; i++) {
        struct sp_domain *domain = world_domain(world.hosts[i].domain);

        if (domain->state == SP_DOMAIN_ACTIVE && (first == 0 || domain->not_after < first)) {
            first = domain->not_after;
        }
    }
    return first;
}

static void the_first_expiry_is_known(void **state)
{
    (void)state;
    world_begin();
    add_many(10);
    for (unsigned i = 0; i < 10; i++) {
        world.hosts[i].lifetime = (30 + 7 * (sp_utc)i) * DAY;
    }
    enable_all();
    for (int day = 0; day < 100; day++) {
        world_run(DAY);
        assert_int_equal(sp_life_tally().first_expiry, first_expiry());
    }
    assert_int_equal(sp_life_disable(world.hosts[0].domain, true, world.now, why, sizeof why), 0);
    world_run(1);
    assert_int_equal(sp_life_tally().first_expiry, first_expiry());
}

/* Ten years, with renewals each two months: nobody is forgotten, nobody orders too much. */
static void years_of_64_domains_pass_quickly(void **state)
{
    const unsigned years = 10;
    (void)state;

    world_begin();
    world.check_ms = 200;
    add_many(64);
    enable_all();
    for (unsigned year = 0; year < years; year++) {
        world_run(365 * (sp_utc)DAY);
        tally_is(64, 64, 64, 0, 0, 0);
    }
    for (unsigned i = 0; i < 64; i++) {
        assert_in_range(world.hosts[i].orders, 60, 62);
        assert_in_range(world.hosts[i].longest_gap, HOUR, 75 * MINUTE);
        assert_true(world.hosts[i].full_checks > 365 * 24 * years * 9 / 10);
    }
    print_message("%u domains, %u years: %llu steps\n", world.hosts_n, years,
                  (unsigned long long)world.steps);
}

static void a_thousand_domains_are_enabled_at_once(void **state)
{
    unsigned active = 0;
    (void)state;

    world_begin();
    add_many(1000);
    enable_all();
    world_run(1000 * 10 + 3 * HOUR);
    for (unsigned i = 0; i < 1000; i++) {
        active += state_of(i) == SP_DOMAIN_ACTIVE ? 1 : 0;
    }
    assert_int_equal(active, 1000);
    tally_is(1000, 1000, 1000, 0, 0, 0);
    assert_true(world.steps < 2000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_64_become_active_one_after_the_other),
        cmocka_unit_test(one_bad_domain_never_delays_the_others),
        cmocka_unit_test(a_damaged_record_does_not_stop_the_others),
        cmocka_unit_test(the_counts_follow_every_change),
        cmocka_unit_test(a_change_during_the_first_count_is_counted_once),
        cmocka_unit_test(the_first_expiry_is_known),
        cmocka_unit_test(years_of_64_domains_pass_quickly),
        cmocka_unit_test(a_thousand_domains_are_enabled_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
