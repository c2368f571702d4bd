/* Disabling without losing a mail: `none` is served until nobody holds an older policy. */
#include "base/err.h"
#include "mtasts/life_internal.h"

#include "cm.h"
#include "life_test.h"

#include <stdio.h>
#include <string.h>

#define TTL 300
#define TAKES 3 /* seconds within which a look that is due has ended */

static char old_id[SP_POLICY_ID_SIZE];

static const char *served_id(void)
{
    static char id[SP_POLICY_ID_SIZE];

    sp_life_served_id(world_domain(D), world_utc(), id);
    return id;
}

static sp_utc until(void)
{
    return sp_life_retire_until(world_domain(D));
}

static void run_until(sp_utc utc)
{
    assert_true(utc >= world_utc());
    world_run(utc - world_utc());
}

static void disable(void)
{
    if (sp_life_disable(D, false, world.now, why, sizeof why) != 0) {
        fail_msg("%s", why);
    }
}

static void look(void)
{
    assert_int_equal(sp_life_check(D, world.now, why, sizeof why), 0);
    world_run(TAKES);
}

/* Active, published, and disabled; `none` was fetched back. */
static struct host *retiring_domain(void)
{
    struct host *host = active_domain();

    world_run(DAY);
    strcpy(old_id, served_id());
    world_publish(D, old_id);
    disable();
    world_run(5);
    state_is(SP_DOMAIN_RETIRING);
    return host;
}

/* The same, and its TXT was published and seen: counted from now. */
static struct host *counting_domain(void)
{
    struct host *host = retiring_domain();

    world_publish(D, served_id());
    look();
    assert_int_equal(world_domain(D)->retire_from, host->looked_at);
    assert_int_equal(until(), host->looked_at + SP_MAX_AGE_DEFAULT + TTL);
    return host;
}

static void disabling_serves_none_and_asks_for_its_txt(void **state)
{
    struct host *host = active_domain();
    struct sp_policy in_force;
    char wanted[300];
    (void)state;

    strcpy(old_id, served_id());
    world_publish(D, old_id);
    host->https = SP_DOMAIN_FAIL;
    disable();
    state_is(SP_DOMAIN_RETIRING);
    sp_life_in_force(world_domain(D), &in_force);
    assert_int_equal(in_force.mode, SP_MODE_NONE);
    assert_int_equal(in_force.max_age, 86400);
    assert_int_equal(in_force.mx_n, 1);
    assert_string_equal(in_force.mx[0], "mail.example.com");
    assert_string_not_equal(served_id(), old_id);
    assert_string_equal(world_wanted(D), old_id);
    says("Retiring: mode none is served; as soon as it was fetched back over the network, its id "
         "is to be published.");
    world_run(HOUR);
    assert_string_equal(world_wanted(D), old_id);
    host->https = SP_DOMAIN_PASS;
    look();
    assert_string_equal(world_wanted(D), served_id());
    (void)snprintf(wanted, sizeof wanted,
                   "Retiring: mode none is served; publish this TXT at _mta-sts.example.com: "
                   "\"v=STSv1; id=%s;\" in place of \"v=STSv1; id=%s;\". When DNS has it, senders "
                   "are waited for, 7 days.",
                   served_id(), old_id);
    says(wanted);
    next_is("a look at the id in DNS", world_utc(), world_utc() + 17 * MINUTE);
    assert_int_equal(until(), 0);
    assert_int_equal(sp_life_disable(D, false, world.now, why, sizeof why), SP_E_STATE);
    assert_non_null(strstr(why, "is being retired already"));
    assert_int_equal(sp_life_remove(D, world.now, why, sizeof why), SP_E_STATE);
}

static void the_wait_is_counted_to_the_second(void **state)
{
    struct host *host = counting_domain();
    sp_utc end = until();
    (void)state;

    says("Retiring: mode none is served until 2026-12-0");
    says(", when no sender holds an older policy; leave the records until then.");
    next_is("the end of its retirement", end, end);
    run_until(end - 1);
    state_is(SP_DOMAIN_RETIRING);
    assert_string_not_equal(served_id(), "");
    assert_string_equal(world_wanted(D), served_id());
    world_run(1);
    assert_string_equal(world_wanted(D), "");
    world_run(TAKES);
    state_is(SP_DOMAIN_DISABLED);
    assert_int_equal(until(), end);
    assert_int_equal(host->cancels, 1);
    says("Disabled: nothing is served, and no sender holds a policy any more. Delete these "
         "records: the TXT record of _mta-sts.example.com first, then the A and AAAA records of "
         "mta-sts.example.com.");
}

static void resets_do_not_move_the_end(void **state)
{
    sp_utc end;
    (void)counting_domain();
    (void)state;

    end = until();
    while (world_utc() + 7 * HOUR < end) {
        world_run(7 * HOUR);
        world_reset();
        assert_int_equal(until(), end);
    }
    run_until(end - 1);
    state_is(SP_DOMAIN_RETIRING);
    world_run(1 + TAKES);
    state_is(SP_DOMAIN_DISABLED);
}

/* Ten days without power: it ends with the first look. */
static void an_end_that_was_slept_through_comes_at_the_start(void **state)
{
    (void)counting_domain();
    (void)state;

    world.utc_offset += 10 * DAY;
    world_reset();
    world_run(TAKES + 1);
    state_is(SP_DOMAIN_DISABLED);
}

static void the_largest_max_age_ever_served_counts(void **state)
{
    static struct sp_policy policy;
    (void)active_domain();
    (void)state;

    policy = world_domain(D)->policy;
    policy.max_age = SP_MAX_AGE_MAX;
    assert_int_equal(sp_life_set(D, &policy, "", false, world.now, why, sizeof why), 0);
    world_run(HOUR);
    policy.max_age = SP_MAX_AGE_MIN;
    assert_int_equal(sp_life_set(D, &policy, "", false, world.now, why, sizeof why), 0);
    world_run(HOUR);
    disable();
    world_run(HOUR);
    assert_int_equal(until(), world_domain(D)->retire_from + SP_MAX_AGE_MAX + TTL);
    run_until(until() - 1); /* a year, with the certificate renewed meanwhile */
    state_is(SP_DOMAIN_RETIRING);
    assert_in_range(world_host(D)->orders, 6, 7);
    assert_true(world_domain(D)->not_after > world_utc());
    world_run(1 + TAKES);
    state_is(SP_DOMAIN_DISABLED);
}

static void a_larger_ttl_that_is_seen_later_moves_the_end(void **state)
{
    struct host *host = counting_domain();
    sp_utc end = until();
    (void)state;

    host->ttl = DAY;
    look();
    assert_int_equal(until(), end - TTL + DAY);
    host->ttl = 60;
    look();
    assert_int_equal(until(), end - TTL + DAY);
    host->ttl = UINT32_MAX; /* resolvers keep nothing for longer than a week */
    look();
    assert_int_equal(until(), end - TTL + 7 * DAY);
    run_until(until() - 1);
    state_is(SP_DOMAIN_RETIRING);
    world_run(1 + TAKES);
    state_is(SP_DOMAIN_DISABLED);
}

static void an_id_that_is_gone_counts_like_one_that_was_replaced(void **state)
{
    sp_utc end;
    (void)retiring_domain();
    (void)state;

    world_run(3 * DAY);
    assert_int_equal(until(), 0);
    world_publish(D, "");
    look();
    end = until();
    assert_int_equal(end, world_host(D)->looked_at + SP_MAX_AGE_DEFAULT + TTL);
    world_publish(D, served_id()); /* late, but no policy of before */
    look();
    assert_int_equal(until(), end);
    run_until(end - 1);
    state_is(SP_DOMAIN_RETIRING);
    world_run(1 + TAKES);
    state_is(SP_DOMAIN_DISABLED);
}

/* The TXT was deleted first: the wait still counts from when `none` was there. */
static void nothing_is_counted_before_none_is_served(void **state)
{
    struct host *host = active_domain();
    (void)state;

    world_publish(D, "");
    world_run(2 * DAY);
    host->https = SP_DOMAIN_FAIL;
    disable();
    world_run(DAY);
    assert_int_equal(until(), 0);
    host->https = SP_DOMAIN_PASS;
    look();
    assert_int_equal(until(), world_host(D)->looked_at + SP_MAX_AGE_DEFAULT + TTL);
}

static void an_old_id_that_comes_back_begins_the_wait_anew(void **state)
{
    (void)counting_domain();
    (void)state;

    world_run(DAY);
    world_publish(D, old_id);
    look();
    assert_int_equal(until(), 0);
    says("publish this TXT");
    world_run(DAY);
    world_publish(D, served_id());
    look();
    assert_int_equal(until(), world_host(D)->looked_at + SP_MAX_AGE_DEFAULT + TTL);
}

/* Right before the end, and the last look sees it. */
static void an_old_id_that_comes_back_at_the_end_is_not_missed(void **state)
{
    (void)counting_domain();
    (void)state;

    run_until(until() - 1);
    world_publish(D, old_id);
    world_run(1 + TAKES);
    state_is(SP_DOMAIN_RETIRING);
    assert_int_equal(until(), 0);
}

static void a_dns_that_does_not_answer_moves_nothing(void **state)
{
    struct host *host = retiring_domain();
    sp_utc end;
    (void)state;

    host->dns_silent = true;
    world_run(DAY);
    assert_int_equal(until(), 0);
    host->dns_silent = false;
    world_publish(D, served_id());
    look();
    end = until();
    host->dns_silent = true;
    world_run(DAY);
    assert_int_equal(until(), end);
}

/* --- enabling in between --- */

static void enabling_in_between_goes_back_with_an_id_of_its_own(void **state)
{
    char none_id[SP_POLICY_ID_SIZE], again_id[SP_POLICY_ID_SIZE];
    (void)counting_domain();
    (void)state;

    strcpy(none_id, served_id());
    world_run(2 * DAY);
    world_enable(D);
    state_is(SP_DOMAIN_ACTIVE);
    strcpy(again_id, served_id());
    assert_string_not_equal(again_id, none_id);
    assert_string_not_equal(again_id, old_id);
    assert_int_equal(until(), 0);
    world_run(5);
    says("Policy changed: publish this TXT");
    assert_string_equal(world_wanted(D), again_id);
    assert_int_equal(world_host(D)->orders, 1);
    world_publish(D, again_id);
    world_reset();
    look();
    assert_null(strstr(world_sentence(D), "publish"));
    /* And off again: another `none`, and a wait of its own. */
    disable();
    assert_string_not_equal(served_id(), none_id);
    world_publish(D, none_id);
    world_run(HOUR);
    assert_int_equal(until(), 0);
    world_publish(D, served_id());
    look();
    assert_int_equal(until(), world_host(D)->looked_at + SP_MAX_AGE_DEFAULT + TTL);
}

static void a_policy_set_after_that_keeps_to_the_turn(void **state)
{
    static struct sp_policy policy;
    char id[SP_POLICY_ID_SIZE];
    (void)retiring_domain();
    (void)state;

    world_enable(D);
    world_run(5);
    strcpy(id, served_id());
    policy = world_domain(D)->policy;
    policy.turn = 0;
    assert_int_equal(sp_life_set(D, &policy, "", false, world.now, why, sizeof why), 0);
    assert_string_equal(served_id(), id);
    assert_true(world_domain(D)->fetched_back); /* it is no change */
}

static void a_policy_is_not_set_while_it_retires(void **state)
{
    static struct sp_policy policy;
    (void)retiring_domain();
    (void)state;

    policy = world_domain(D)->policy;
    policy.max_age = SP_MAX_AGE_MAX;
    assert_int_equal(sp_life_set(D, &policy, "", false, world.now, why, sizeof why), SP_E_STATE);
    assert_string_equal(why, "\"example.com\" is being retired: enable it first.");
}

/* --- at once, and afterwards --- */

static void disabling_at_once_names_what_it_risks(void **state)
{
    char risk[240];
    (void)retiring_domain();
    (void)state;

    sp_life_risk(world_domain(D), world_utc(), risk, sizeof risk);
    assert_non_null(strstr(risk, "Senders may hold this domain's policy until 2026-12-0"));
    assert_int_equal(sp_life_disable(D, true, world.now, why, sizeof why), 0);
    state_is(SP_DOMAIN_DISABLED);
    assert_string_equal(served_id(), "");
    assert_string_equal(world_wanted(D), "");
    assert_int_equal(until(), world_utc() + SP_MAX_AGE_DEFAULT + TTL);
    says("Disabled: nothing is served; senders may hold a policy until ");
    world_run(TAKES);
    says("DNS still has the policy id ");
}

static void a_domain_that_served_nothing_is_disabled_at_once(void **state)
{
    struct host *host = world_add(D);
    (void)state;

    host->dns = SP_DOMAIN_FAIL;
    world_enable(D);
    world_run(HOUR);
    disable();
    state_is(SP_DOMAIN_DISABLED);
    host->dns_checks = 0;
    world_run(10 * DAY);
    assert_int_equal(host->dns_checks + host->leftover_checks, 0);
}

static void an_id_left_behind_is_warned_of_until_it_is_gone(void **state)
{
    struct host *host = counting_domain();
    char wanted[240];
    (void)state;

    run_until(until() + 2 * TAKES);
    state_is(SP_DOMAIN_DISABLED);
    (void)snprintf(wanted, sizeof wanted,
                   "DNS still has the policy id %s at _mta-sts.example.com, and nothing is served "
                   "for it: delete that TXT record now, then the A and AAAA records of "
                   "mta-sts.example.com.",
                   host->txt);
    says(wanted);
    assert_int_equal(health(), SP_DOMAIN_WANTS_CARE);
    assert_int_equal(sp_life_tally().by_health[SP_DOMAIN_WANTS_CARE], 1);
    next_is("a look for records left behind", world_utc(), world_utc() + 132);
    world_run(30 * DAY);
    assert_int_equal(health(), SP_DOMAIN_WANTS_CARE);
    world_publish(D, "");
    host->dns_silent = true; /* which tells nothing */
    world_run(2 * DAY);
    assert_int_equal(health(), SP_DOMAIN_WANTS_CARE);
    host->dns_silent = false;
    world_run(27 * HOUR);
    assert_int_equal(health(), SP_DOMAIN_FINE);
    says("The TXT record of _mta-sts.example.com is gone: delete the A and AAAA records");
    host->dns = SP_DOMAIN_FAIL;
    strcpy(host->dns_code, "nxdomain");
    world_run(27 * HOUR);
    says("no sender holds a policy any more. Its records are gone.");
    host->leftover_checks = 0;
    world_run(100 * DAY);
    assert_in_range(host->leftover_checks, 90, 112);
    world_publish(D, old_id);
    world_reset();
    world_run(27 * HOUR);
    assert_int_equal(health(), SP_DOMAIN_WANTS_CARE);
}

static void enabled_again_after_its_end_it_begins_anew(void **state)
{
    (void)counting_domain();
    (void)state;

    run_until(until() + 2 * TAKES);
    state_is(SP_DOMAIN_DISABLED);
    world_enable(D);
    world_run(60);
    state_is(SP_DOMAIN_ACTIVE);
    says("publish this TXT");
    assert_int_equal(until(), 0);
    assert_int_equal(sp_life_disable(D, true, world.now, why, sizeof why), 0);
    assert_int_equal(sp_life_remove(D, world.now, why, sizeof why), 0);
    assert_non_null(strstr(why, "Senders may hold this domain's policy until "));
}

static void after_its_end_it_is_removed_without_a_word(void **state)
{
    (void)counting_domain();
    (void)state;

    run_until(until() + 2 * TAKES);
    assert_int_equal(sp_life_remove(D, world.now, why, sizeof why), 0);
    assert_string_equal(why, "");
}

static void without_the_time_of_day_nothing_is_counted(void **state)
{
    (void)active_domain();
    (void)state;

    world.clock_set = false;
    disable();
    world_run(DAY);
    assert_int_equal(until(), 0);
    world.clock_set = true;
    sp_life_kick(world.now);
    world_run(10);
    look();
    assert_int_equal(until(), world_host(D)->looked_at + SP_MAX_AGE_DEFAULT + TTL);
    assert_true(world_domain(D)->served_since >= UTC_BEGIN + DAY);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, begin)
    const struct CMUnitTest tests[] = {
        TEST(disabling_serves_none_and_asks_for_its_txt),
        TEST(the_wait_is_counted_to_the_second),
        TEST(resets_do_not_move_the_end),
        TEST(an_end_that_was_slept_through_comes_at_the_start),
        TEST(the_largest_max_age_ever_served_counts),
        TEST(a_larger_ttl_that_is_seen_later_moves_the_end),
        TEST(an_id_that_is_gone_counts_like_one_that_was_replaced),
        TEST(nothing_is_counted_before_none_is_served),
        TEST(an_old_id_that_comes_back_begins_the_wait_anew),
        TEST(an_old_id_that_comes_back_at_the_end_is_not_missed),
        TEST(a_dns_that_does_not_answer_moves_nothing),
        TEST(enabling_in_between_goes_back_with_an_id_of_its_own),
        TEST(a_policy_set_after_that_keeps_to_the_turn),
        TEST(a_policy_is_not_set_while_it_retires),
        TEST(disabling_at_once_names_what_it_risks),
        TEST(a_domain_that_served_nothing_is_disabled_at_once),
        TEST(an_id_left_behind_is_warned_of_until_it_is_gone),
        TEST(enabled_again_after_its_end_it_begins_anew),
        TEST(after_its_end_it_is_removed_without_a_word),
        TEST(without_the_time_of_day_nothing_is_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
