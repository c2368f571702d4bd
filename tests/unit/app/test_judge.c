/* Which domain health names: the life only tells of changes, judge looks at them in its own turn.
 */
#include "cm.h"

#include "app/app.h"
#include "base/err.h"
#include "base/scratch.h"
#include "nor_emulator/nor_emulator.h"
#include "test_clock.h"

#include <stdio.h>
#include <string.h>

#define BLOCK 16384U
#define BLOCKS 16U
#define DOMAINS 40

static struct sp_nor nor;
static struct sp_health_facts facts; /* as judged last */
static unsigned judged;

void __wrap_sp_health_judge(const struct sp_health_facts *given, struct sp_health *out);
void __wrap_sp_health_judge(const struct sp_health_facts *given, struct sp_health *out)
{
    (void)out;
    facts = *given;
    judged++;
}

static uint64_t mono_ms(struct sp_hal_clock *clock)
{
    (void)clock;
    return test_now;
}

static const char *name_of(unsigned i)
{
    static char name[SP_DOMAIN_SIZE];

    (void)snprintf(name, sizeof name, "d%02u.example", i);
    return name;
}

/* An active domain with a check that passes or fails. */
static void put(unsigned i, enum sp_mode mode, uint8_t result)
{
    size_t mark = sp_scratch_mark();
    struct sp_domain *domain = sp_domain_take(SP_DOMAIN_BRIEF);

    (void)snprintf(domain->name, sizeof domain->name, "%s", name_of(i));
    domain->state = SP_DOMAIN_ACTIVE;
    domain->policy.mode = mode;
    domain->checks[0].result = result;
    domain->checks[0].counts = result;
    assert_int_equal(sp_domain_save(&sp_app.store, domain), 0);
    sp_scratch_release(mark);
}

/* Until judge has nothing more to do at once. */
static void judge(void)
{
    test_now += 1000;
    for (unsigned i = 0; i < 3 * DOMAINS && sp_app_judge(test_now) <= test_now; i++) {
        assert_int_equal(sp_scratch_use().used, 0);
    }
    assert_true(sp_app_judge(test_now) > test_now);
}

static int begin(void **state)
{
    static struct sp_hal_clock clock = {.mono_ms = mono_ms};
    static const struct sp_board board = {.name = "test", .clock = &clock};
    const struct sp_nor_config config = {
        .size = BLOCK * BLOCKS, .block_size = BLOCK, .page_size = 256};
    (void)state;

    test_clock_start();
    sp_app.board = &board;
    sp_app.next_judge = 0;
    assert_int_equal(sp_nor_open(&nor, &config), 0);
    assert_int_equal(
        sp_store_mount(&sp_app.store, &nor.flash, 0, BLOCKS, sp_app.entries, SP_RECORDS_MAX), 0);
    for (unsigned i = 0; i < DOMAINS; i++) {
        put(i, SP_MODE_ENFORCE, SP_DOMAIN_PASS);
    }
    return 0;
}

/* What was worst is remembered beyond a test: it is looked at once more, gone. */
static int end(void **state)
{
    for (unsigned i = 0; i < DOMAINS; i++) {
        (void)sp_store_delete(&sp_app.store, SP_KIND_DOMAIN, name_of(i));
        sp_app_domain_changed(name_of(i));
        judge();
    }
    assert_string_equal(facts.worst, "");
    sp_nor_close(&nor);
    (void)state;
    return 0;
}

static void a_domain_that_changed_is_looked_at_in_judges_turn(void **state)
{
    uint64_t read;
    (void)state;

    put(7, SP_MODE_TESTING, SP_DOMAIN_FAIL);
    read = sp_store_stats(&sp_app.store).read_bytes;
    sp_app_domain_changed(name_of(7));
    assert_int_equal(sp_store_stats(&sp_app.store).read_bytes, read);
    judge();
    assert_string_equal(facts.worst, name_of(7));
    put(7, SP_MODE_TESTING, SP_DOMAIN_PASS);
    sp_app_domain_changed(name_of(7));
    judge();
    assert_string_equal(facts.worst, "");
}

static void the_worst_of_many_that_change_at_once_is_named(void **state)
{
    (void)state;
    put(3, SP_MODE_TESTING, SP_DOMAIN_FAIL);
    put(21, SP_MODE_ENFORCE, SP_DOMAIN_FAIL);
    put(38, SP_MODE_TESTING, SP_DOMAIN_FAIL);
    for (unsigned i = 0; i < DOMAINS; i++) { /* more than are remembered */
        sp_app_domain_changed(name_of(i));
    }
    judge();
    assert_string_equal(facts.worst, name_of(21));
}

/* A full look that is half over may have passed what changes now. */
static void a_change_amid_a_full_look_is_not_missed(void **state)
{
    (void)state;
    for (unsigned at = 1; at < DOMAINS + 4; at++) {
        for (unsigned i = 0; i < DOMAINS; i++) {
            sp_app_domain_changed(name_of(i));
        }
        for (unsigned i = 0; i < at; i++) {
            (void)sp_app_judge(test_now);
        }
        put(11, SP_MODE_ENFORCE, SP_DOMAIN_FAIL);
        for (unsigned i = 0; i < 12; i++) {
            sp_app_domain_changed(name_of(i));
        }
        judge();
        assert_string_equal(facts.worst, name_of(11));
        put(11, SP_MODE_ENFORCE, SP_DOMAIN_PASS);
        sp_app_domain_changed(name_of(11));
        judge();
        assert_string_equal(facts.worst, "");
    }
}

static void a_full_look_does_not_keep_health_waiting(void **state)
{
    (void)state;
    judge();
    judged = 0;
    for (unsigned i = 0; i < DOMAINS; i++) {
        sp_app_domain_changed(name_of(i));
    }
    for (unsigned i = 0; i < 10; i++) { /* a look takes this long on a slow part */
        test_now += 500;
        (void)sp_app_judge(test_now);
    }
    assert_in_range(judged, 4, 5);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(a_domain_that_changed_is_looked_at_in_judges_turn),
        TEST(the_worst_of_many_that_change_at_once_is_named),
        TEST(a_change_amid_a_full_look_is_not_missed),
        TEST(a_full_look_does_not_keep_health_waiting),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
