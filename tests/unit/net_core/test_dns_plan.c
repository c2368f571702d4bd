#include "cm.h"

#include "base/err.h"
#include "net/dns_plan.h"

#include <stdio.h>
#include <string.h>

#define ID 0x1234
#define A_RECORD 1
#define CNAME 5
#define TXT 16
#define NAME "_mta-sts.example.test"
#define WISHED "v=STSv1; id=2;"

static struct sp_dns_wish wish;
static uint8_t answer[2048], update[2048];
static struct sp_dns_writer a, w;
static char target[SP_DOMAIN_SIZE];

/* "v=STSv1…" is ours, "v=other" somebody else's. */
static enum sp_dns_owner owner(const struct sp_dns_wish *of, struct sp_span data)
{
    char text[400];

    (void)of;
    if (sp_dns_txt_text(data, text, sizeof text) < 0) {
        return SP_DNS_OTHERS;
    }
    return strncmp(text, "v=STSv1", 7) == 0   ? SP_DNS_OURS
           : strncmp(text, "v=other", 7) == 0 ? SP_DNS_FOREIGN
                                              : SP_DNS_OTHERS;
}

static void put(struct sp_dns_writer *to, enum sp_dns_section section, unsigned class, uint32_t ttl,
                const char *text)
{
    uint8_t data[400];
    int n = sp_dns_txt_data(text, data, sizeof data);

    sp_dns_write_record(to, section, NAME, TXT, class, ttl, sp_span(data, (size_t)n));
}

static int begin(void **state)
{
    uint8_t data[400];
    int n = sp_dns_txt_data(WISHED, data, sizeof data);

    (void)state;
    memset(&wish, 0, sizeof wish);
    (void)snprintf(wish.name, sizeof wish.name, NAME);
    (void)snprintf(wish.zone, sizeof wish.zone, "example.test");
    wish.type = TXT;
    wish.ttl = 3600;
    wish.owner = owner;
    (void)sp_dns_wish_add(&wish, data, (size_t)n);
    sp_dns_write_start(&a, answer, sizeof answer, ID, 0x8400);
    sp_dns_write_question(&a, NAME, TXT);
    return 0;
}

static int plan(void)
{
    return sp_dns_plan_update(&wish, sp_span(answer, a.n), ID, update, sizeof update, &w, target);
}

/* The update is this one, byte by byte. */
static void is(const struct sp_dns_writer *expected)
{
    assert_false(w.bad);
    assert_int_equal(w.n, expected->n);
    assert_memory_equal(w.p, expected->p, w.n);
}

static void start_expected(struct sp_dns_writer *e, uint8_t *array, size_t cap)
{
    sp_dns_write_start(e, array, cap, ID, SP_DNS_OPCODE_UPDATE << 11);
    sp_dns_write_question(e, "example.test", 6);
    sp_dns_write_record(e, SP_DNS_ANSWERS, NAME, CNAME, SP_DNS_CLASS_NONE, 0, sp_span(NULL, 0));
}

static void question_asks_for_the_rrset(void **state)
{
    (void)state;
    sp_dns_plan_query(&wish, ID, update, sizeof update, &w);
    assert_false(w.bad);
    assert_int_equal(w.n, a.n);
    assert_memory_equal(w.p + 4, a.p + 4, w.n - 4);
}

static void absent_record_is_added_when_still_absent(void **state)
{
    uint8_t array[512];
    struct sp_dns_writer e;

    (void)state;
    assert_int_equal(plan(), SP_DNS_PLAN_CHANGE);
    start_expected(&e, array, sizeof array);
    sp_dns_write_record(&e, SP_DNS_ANSWERS, NAME, TXT, SP_DNS_CLASS_NONE, 0, sp_span(NULL, 0));
    put(&e, SP_DNS_AUTHORITY, SP_DNS_CLASS_IN, 3600, WISHED);
    is(&e);
}

static void name_that_does_not_exist_is_as_good_as_absent(void **state)
{
    (void)state;
    answer[3] = SP_DNS_NXDOMAIN;
    assert_int_equal(plan(), SP_DNS_PLAN_CHANGE);
}

static void ours_is_replaced_and_others_stay(void **state)
{
    uint8_t array[1024];
    struct sp_dns_writer e;

    (void)state;
    put(&a, SP_DNS_ANSWERS, SP_DNS_CLASS_IN, 60, "google-site=1");
    put(&a, SP_DNS_ANSWERS, SP_DNS_CLASS_IN, 60, "v=STSv1; id=1;");
    assert_int_equal(plan(), SP_DNS_PLAN_CHANGE);
    start_expected(&e, array, sizeof array);
    put(&e, SP_DNS_ANSWERS, SP_DNS_CLASS_IN, 0, "google-site=1");
    put(&e, SP_DNS_ANSWERS, SP_DNS_CLASS_IN, 0, "v=STSv1; id=1;");
    put(&e, SP_DNS_AUTHORITY, SP_DNS_CLASS_NONE, 0, "v=STSv1; id=1;");
    put(&e, SP_DNS_AUTHORITY, SP_DNS_CLASS_IN, 60, WISHED);
    is(&e);
}

static void what_is_as_wished_is_left_alone(void **state)
{
    (void)state;
    put(&a, SP_DNS_ANSWERS, SP_DNS_CLASS_IN, 60, "google-site=1");
    put(&a, SP_DNS_ANSWERS, SP_DNS_CLASS_IN, 60, WISHED);
    assert_int_equal(plan(), SP_DNS_PLAN_SAME);
}

static void same_text_in_other_strings_is_as_wished(void **state)
{
    static const uint8_t pieces[] = "\3v=S\13TSv1; id=2;";

    (void)state;
    sp_dns_write_record(&a, SP_DNS_ANSWERS, NAME, TXT, SP_DNS_CLASS_IN, 60,
                        sp_span(pieces, sizeof pieces - 1));
    assert_int_equal(plan(), SP_DNS_PLAN_SAME);
}

static void old_record_beside_the_wished_one_goes(void **state)
{
    uint8_t array[1024];
    struct sp_dns_writer e;

    (void)state;
    put(&a, SP_DNS_ANSWERS, SP_DNS_CLASS_IN, 60, WISHED);
    put(&a, SP_DNS_ANSWERS, SP_DNS_CLASS_IN, 60, "v=STSv1; id=1;");
    assert_int_equal(plan(), SP_DNS_PLAN_CHANGE);
    start_expected(&e, array, sizeof array);
    put(&e, SP_DNS_ANSWERS, SP_DNS_CLASS_IN, 0, WISHED);
    put(&e, SP_DNS_ANSWERS, SP_DNS_CLASS_IN, 0, "v=STSv1; id=1;");
    put(&e, SP_DNS_AUTHORITY, SP_DNS_CLASS_NONE, 0, "v=STSv1; id=1;");
    is(&e);
}

static void foreign_record_keeps_its_place(void **state)
{
    (void)state;
    put(&a, SP_DNS_ANSWERS, SP_DNS_CLASS_IN, 60, "v=other; rua=x");
    assert_int_equal(plan(), SP_DNS_PLAN_FOREIGN);
}

static void nothing_wished_takes_ours_away_and_no_other(void **state)
{
    uint8_t array[1024];
    struct sp_dns_writer e;

    (void)state;
    wish.n = 0;
    assert_int_equal(plan(), SP_DNS_PLAN_SAME);
    put(&a, SP_DNS_ANSWERS, SP_DNS_CLASS_IN, 60, "google-site=1");
    assert_int_equal(plan(), SP_DNS_PLAN_SAME);
    put(&a, SP_DNS_ANSWERS, SP_DNS_CLASS_IN, 60, WISHED);
    assert_int_equal(plan(), SP_DNS_PLAN_CHANGE);
    start_expected(&e, array, sizeof array);
    put(&e, SP_DNS_ANSWERS, SP_DNS_CLASS_IN, 0, "google-site=1");
    put(&e, SP_DNS_ANSWERS, SP_DNS_CLASS_IN, 0, WISHED);
    put(&e, SP_DNS_AUTHORITY, SP_DNS_CLASS_NONE, 0, WISHED);
    is(&e);
}

static void alias_gives_its_target(void **state)
{
    static const uint8_t data[] = "\1x\7dynamic\4TEST"; /* and its root */

    (void)state;
    sp_dns_write_record(&a, SP_DNS_ANSWERS, NAME, CNAME, SP_DNS_CLASS_IN, 60,
                        sp_span(data, sizeof data));
    assert_int_equal(plan(), SP_DNS_PLAN_ALIAS);
    assert_string_equal(target, "x.dynamic.test");
}

static void records_of_other_names_and_types_do_not_count(void **state)
{
    uint8_t data[64];
    int n = sp_dns_txt_data(WISHED, data, sizeof data);

    (void)state;
    sp_dns_write_record(&a, SP_DNS_ANSWERS, "other.test", TXT, SP_DNS_CLASS_IN, 60,
                        sp_span(data, (size_t)n));
    sp_dns_write_record(&a, SP_DNS_ANSWERS, NAME, A_RECORD, SP_DNS_CLASS_IN, 60, sp_span(data, 4));
    assert_int_equal(plan(), SP_DNS_PLAN_CHANGE);
}

static void answers_that_are_none_are_told_apart(void **state)
{
    static const struct {
        const char *what;
        size_t at;
        uint8_t byte;
        int expected;
    } rows[] = {
        {"another id", 0, 0x13, SP_E_PROTOCOL},
        {"a question", 2, 0x04, SP_E_PROTOCOL},
        {"an update's answer", 2, 0xac, SP_E_PROTOCOL},
        {"truncated", 2, 0x86, SP_E_PROTOCOL},
        {"no authority", 2, 0x80, SP_E_STATE},
        {"refused", 3, SP_DNS_REFUSED, SP_E_DNS_REFUSED},
        {"servfail", 3, SP_DNS_SERVFAIL, SP_E_DNS_SERVFAIL},
        {"not its authority", 3, SP_DNS_NOTAUTH, SP_E_DNS_SERVFAIL},
        {"no question", 5, 0, SP_E_PROTOCOL},
        {"two questions", 5, 2, SP_E_PROTOCOL},
        {"a record more than there is", 7, 1, SP_E_PROTOCOL},
        {"another name", 14, 'x', SP_E_PROTOCOL},
        {"another type", 36, A_RECORD, SP_E_PROTOCOL},
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        int result;

        (void)begin(state);
        answer[rows[i].at] = rows[i].byte;
        result = plan();
        if (result != rows[i].expected) {
            fail_msg("%s: %d", rows[i].what, result);
        }
    }
}

static void update_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    put(&a, SP_DNS_ANSWERS, SP_DNS_CLASS_IN, 60, "google-site=1");
    for (size_t cap = 0; cap < 158; cap++) {
        assert_int_equal(
            sp_dns_plan_update(&wish, sp_span(answer, a.n), ID, update, cap, &w, target),
            SP_E_TOO_BIG);
    }
    assert_int_equal(sp_dns_plan_update(&wish, sp_span(answer, a.n), ID, update, 158, &w, target),
                     SP_DNS_PLAN_CHANGE);
}

static void values_over_the_room_are_refused(void **state)
{
    (void)state;
    assert_int_equal(sp_dns_wish_add(&wish, answer, SP_DNS_WISH_DATA), SP_E_SPACE);
    assert_int_equal(sp_dns_wish_add(&wish, answer, 4), 0);
    assert_int_equal(sp_dns_wish_add(&wish, answer, 4), SP_E_SPACE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(question_asks_for_the_rrset, begin),
        cmocka_unit_test_setup(absent_record_is_added_when_still_absent, begin),
        cmocka_unit_test_setup(name_that_does_not_exist_is_as_good_as_absent, begin),
        cmocka_unit_test_setup(ours_is_replaced_and_others_stay, begin),
        cmocka_unit_test_setup(what_is_as_wished_is_left_alone, begin),
        cmocka_unit_test_setup(same_text_in_other_strings_is_as_wished, begin),
        cmocka_unit_test_setup(old_record_beside_the_wished_one_goes, begin),
        cmocka_unit_test_setup(foreign_record_keeps_its_place, begin),
        cmocka_unit_test_setup(nothing_wished_takes_ours_away_and_no_other, begin),
        cmocka_unit_test_setup(alias_gives_its_target, begin),
        cmocka_unit_test_setup(records_of_other_names_and_types_do_not_count, begin),
        cmocka_unit_test_setup(answers_that_are_none_are_told_apart, begin),
        cmocka_unit_test_setup(update_that_does_not_fit_is_refused, begin),
        cmocka_unit_test_setup(values_over_the_room_are_refused, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
