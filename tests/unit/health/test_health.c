/* health: facts in, level, sentence and light out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "health/health.h"

#include <string.h>

/* An appliance at which nothing is amiss. */
static struct sp_health_facts well(void)
{
    struct sp_health_facts facts = {
        .link = true,
        .has_address = true,
        .clock_set = true,
        .terms_agreed = true,
        .uptime_s = 1000,
        .domains = 2,
        .enabled = 2,
    };
    return facts;
}

static void expect(const struct sp_health_facts *facts, enum sp_health_level level,
                   const char *words)
{
    struct sp_health health;
    sp_health_judge(facts, &health);
    assert_string_equal(sp_health_level_text(health.level), sp_health_level_text(level));
    assert_non_null(strstr(health.sentence, words));
}

static void all_well_is_ok(void **state)
{
    struct sp_health_facts facts = well();
    (void)state;
    expect(&facts, SP_HEALTH_OK, "2 of 2 domains active");
}

static void a_new_device_is_ready(void **state)
{
    struct sp_health_facts facts = well();
    (void)state;
    facts.domains = 0;
    facts.enabled = 0;
    facts.terms_agreed = false;
    expect(&facts, SP_HEALTH_OK, "Ready");
}

static void missing_cable_gets_patience_after_start_then_attention(void **state)
{
    struct sp_health_facts facts = well();
    (void)state;
    facts.link = false;
    facts.uptime_s = 5;
    expect(&facts, SP_HEALTH_WORKING, "cable");
    facts.uptime_s = 61;
    expect(&facts, SP_HEALTH_ATTENTION, "cable");
}

static void unknown_time_says_why(void **state)
{
    struct sp_health_facts facts = well();
    (void)state;
    facts.clock_set = false;
    facts.clock_error = SP_E_TIMEOUT;
    expect(&facts, SP_HEALTH_ATTENTION, sp_err_text(SP_E_TIMEOUT));
}

static void terms_matter_only_when_a_domain_is_enabled(void **state)
{
    struct sp_health_facts facts = well();
    (void)state;
    facts.terms_agreed = false;
    expect(&facts, SP_HEALTH_ATTENTION, "ca agree");
    facts.enabled = 0;
    expect(&facts, SP_HEALTH_OK, "");
}

static void an_area_that_is_refused_is_a_fault_and_a_blank_one_wants_attention(void **state)
{
    struct sp_health_facts facts = well();
    (void)state;
    facts.area_blank = true;
    expect(&facts, SP_HEALTH_ATTENTION, "factory image");
    facts.area_refused = true;
    expect(&facts, SP_HEALTH_FAULT, "--renew-area");
}

static void mail_at_risk_goes_before_everything_but_a_fault(void **state)
{
    struct sp_health_facts facts = well();
    (void)state;
    facts.at_risk = 1;
    facts.want_care = 3;
    facts.busy = 1;
    facts.link = false;
    strcpy(facts.worst, "a.example");
    expect(&facts, SP_HEALTH_RISK, "1 domain, a.example: see");
    facts.no_entropy = true;
    expect(&facts, SP_HEALTH_FAULT, "entropy");
    facts.store_broken = true;
    expect(&facts, SP_HEALTH_FAULT, "flash");
}

static void busy_domains_are_work(void **state)
{
    struct sp_health_facts facts = well();
    (void)state;
    facts.busy = 2;
    expect(&facts, SP_HEALTH_WORKING, "2 domains");
}

static void the_light_follows_the_level(void **state)
{
    static const struct {
        enum sp_health_level level;
        bool booting;
        enum sp_led_pattern light;
    } rows[] = {
        {SP_HEALTH_OK, false, SP_LED_OK},
        {SP_HEALTH_WORKING, false, SP_LED_WORKING},
        {SP_HEALTH_ATTENTION, false, SP_LED_ATTENTION},
        {SP_HEALTH_RISK, false, SP_LED_RISK},
        {SP_HEALTH_FAULT, false, SP_LED_FAULT},
        {SP_HEALTH_WORKING, true, SP_LED_BOOT},
        {SP_HEALTH_FAULT, true, SP_LED_FAULT},
        {SP_HEALTH_RISK, true, SP_LED_RISK},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sp_health health = {.level = rows[i].level};
        assert_int_equal(sp_health_led(&health, rows[i].booting), rows[i].light);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_well_is_ok),
        cmocka_unit_test(a_new_device_is_ready),
        cmocka_unit_test(missing_cable_gets_patience_after_start_then_attention),
        cmocka_unit_test(unknown_time_says_why),
        cmocka_unit_test(terms_matter_only_when_a_domain_is_enabled),
        cmocka_unit_test(an_area_that_is_refused_is_a_fault_and_a_blank_one_wants_attention),
        cmocka_unit_test(mail_at_risk_goes_before_everything_but_a_fault),
        cmocka_unit_test(busy_domains_are_work),
        cmocka_unit_test(the_light_follows_the_level),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
