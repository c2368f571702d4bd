/* The check `seen`, by a table of what the journal has. */
#include "base/err.h"
#include "checks/checks_internal.h"

#include "cm.h"
#include "fakes.h"

#include <string.h>

#define PASS SP_CHECK_PASS
#define FAIL SP_CHECK_FAIL
#define UNKNOWN SP_CHECK_UNKNOWN
#define BOTH (SP_CHECK_BIT(SP_CHECK_DNS) | SP_CHECK_BIT(SP_CHECK_SEEN))
#define DAY 86400LL
#define AGO(days) (UTC_NOW - (days)*DAY)
#define INSIDE(days)                                                                               \
    {                                                                                              \
        AGO(days), true                                                                            \
    }
#define OUTSIDE(days)                                                                              \
    {                                                                                              \
        AGO(days), false                                                                           \
    }
#define NEVER                                                                                      \
    {                                                                                              \
        0, false                                                                                   \
    }

/* Moments over IPv4 and IPv6; addresses that are published; what is said. */
static const struct row {
    struct sp_seen_moment fetched[2], validated[2];
    const char *a, *aaaa;
    enum sp_check_result result;
    const char *code, *text;
} rows[] = {
    {{OUTSIDE(1), NEVER}, {NEVER, OUTSIDE(2)}, "203.0.113.10", "2001:db8::10", PASS, "ok", "IPv4"},
    {{OUTSIDE(3), NEVER}, {NEVER, OUTSIDE(2)}, "203.0.113.10", "2001:db8::10", PASS, "ok", "IPv6"},
    {{NEVER, NEVER}, {OUTSIDE(30), NEVER}, "203.0.113.10", NULL, PASS, "ok", "IPv4"},
    {{NEVER, NEVER}, {OUTSIDE(31), NEVER}, "203.0.113.10", NULL, UNKNOWN, "inside_only", "30 days"},
    {{NEVER, NEVER}, {NEVER, NEVER}, "203.0.113.10", NULL, UNKNOWN, "inside_only", "not known"},
    {{INSIDE(0), NEVER}, {NEVER, NEVER}, "203.0.113.10", NULL, UNKNOWN, "inside_only", "outside"},
    {{INSIDE(0), NEVER}, {NEVER, NEVER}, "192.168.7.1", NULL, PASS, "ok", "IPv4"},
    {{INSIDE(0), NEVER}, {NEVER, NEVER}, NULL, NULL, UNKNOWN, "inside_only", "outside"},
    {{OUTSIDE(0), NEVER},
     {NEVER, NEVER},
     "203.0.113.10",
     "2001:db8::10",
     UNKNOWN,
     "family_unseen",
     "AAAA"},
    {{OUTSIDE(0), INSIDE(0)},
     {NEVER, NEVER},
     "203.0.113.10",
     "2001:db8::10",
     UNKNOWN,
     "family_unseen",
     "over IPv6"},
    {{NEVER, OUTSIDE(1)},
     {OUTSIDE(40), NEVER},
     "203.0.113.10",
     "2001:db8::10",
     UNKNOWN,
     "family_unseen",
     "has an A record"},
    {{NEVER, OUTSIDE(1)}, {NEVER, NEVER}, NULL, "2001:db8::10", PASS, "ok", "IPv6"},
};

static void publish(struct sp_dns_answer *answer, const char *address)
{
    fake_nothing(answer, SP_E_DNS_NODATA);
    if (address != NULL) {
        fake_address(answer, address);
    }
}

static void each_history_is_told_apart(void **state)
{
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct row *row = &rows[i];

        fakes_begin(state);
        memcpy(fake.seen.fetched, row->fetched, sizeof row->fetched);
        memcpy(fake.seen.validated, row->validated, sizeof row->validated);
        publish(&fake.a, row->a);
        publish(&fake.aaaa, row->aaaa);
        run_checks(BOTH);
        check_says(SP_CHECK_SEEN, row->result, row->code, row->text);
    }
}

static void add(const char *from, enum sp_seen_kind kind, int status, sp_utc at)
{
    struct sp_seen_event *event = &fake.seen.last[fake.seen.last_n++];

    *event = (struct sp_seen_event){
        .at = at, .from = fake_addr(from), .kind = kind, .status = (int16_t)status, .bytes = 82};
    if (kind == SP_SEEN_FETCH && status > 0) {
        strcpy(event->tls, "TLSv1.3");
    }
}

/* Newest first: who, with which status (V: a validation), how many seconds ago. */
#define V 1
static const struct failing {
    struct {
        const char *from;
        int status;
        long ago;
    } events[4];
    enum sp_check_result result;
    const char *code, *text;
} failing[] = {
    {{{"198.51.100.1", 500, 10}, {"198.51.100.2", -48, 20}}, FAIL, "outside_fails", "status 500"},
    {{{"198.51.100.1", -48, 10}, {"198.51.100.2", 500, 20}},
     FAIL,
     "outside_fails",
     "last 2 policy fetches from outside failed"},
    {{{"198.51.100.1", -48, 10}, {"198.51.100.2", 500, 20}},
     FAIL,
     "outside_fails",
     "TLS alert unknown_ca (48)"},
    {{{"198.51.100.1", 0, 10}, {"198.51.100.2", 0, 20}, {"198.51.100.3", 200, 30}},
     FAIL,
     "outside_fails",
     "handshake"},
    /* one that went well since, or before the second; a single stranger; too long ago */
    {{{"198.51.100.3", 200, 5}, {"198.51.100.1", 0, 10}, {"198.51.100.2", 0, 20}}, PASS, "ok", ""},
    {{{"198.51.100.3", V, 5}, {"198.51.100.1", 0, 10}, {"198.51.100.2", 0, 20}}, PASS, "ok", ""},
    {{{"198.51.100.1", 0, 5}, {"198.51.100.3", 200, 10}, {"198.51.100.2", 0, 20}}, PASS, "ok", ""},
    {{{"198.51.100.1", 0, 5}, {"198.51.100.1", -48, 10}, {"198.51.100.1", 500, 20}},
     PASS,
     "ok",
     ""},
    {{{"198.51.100.1", 500, DAY + 1}, {"198.51.100.2", 500, DAY + 2}}, PASS, "ok", ""},
    {{{"192.168.7.1", 500, 10}, {"192.168.7.2", 500, 20}}, PASS, "ok", ""},
    {{{"192.168.7.1", 200, 1}, {"198.51.100.1", 500, 10}, {"198.51.100.2", 500, 20}},
     FAIL,
     "outside_fails",
     "198.51.100.1"},
};

static void failures_count_when_several_meet_them(void **state)
{
    for (size_t i = 0; i < COUNT(failing); i++) {
        const struct failing *row = &failing[i];

        fakes_begin(state);
        for (size_t e = 0; e < COUNT(row->events) && row->events[e].from != NULL; e++) {
            add(row->events[e].from,
                row->events[e].status == V ? SP_SEEN_VALIDATION : SP_SEEN_FETCH,
                row->events[e].status == V ? 200 : row->events[e].status,
                UTC_NOW - row->events[e].ago);
        }
        run_checks(BOTH);
        check_says(SP_CHECK_SEEN, row->result, row->code, row->text);
    }
}

static const char *nth_evidence(const char *name, unsigned n)
{
    struct sp_evidence piece;

    for (unsigned i = 0; sp_check_evidence(&report, SP_CHECK_SEEN, i, &piece); i++) {
        if (strcmp(piece.name, name) == 0 && n-- == 0) {
            return piece.value;
        }
    }
    return "";
}

static void evidence_says_when_from_where_and_how(void **state)
{
    (void)state;
    fake.seen.fetched[0].at = UTC_NOW;
    fake.seen.validated[1].at = UTC_NOW - UTC_NOW % DAY; /* known by its day */
    fake.seen.validated[0] = (struct sp_seen_moment){UTC_NOW, true};
    add("198.51.100.7", SP_SEEN_FETCH, 200, UTC_NOW);
    add("2001:db8:1::7", SP_SEEN_VALIDATION, 200, UTC_NOW);
    add("192.168.7.9", SP_SEEN_FETCH, -48, UTC_NOW);
    run_checks(BOTH);
    assert_string_equal(nth_evidence("fetched over IPv4", 0), "2026-11-24T23:05:00Z");
    assert_string_equal(nth_evidence("fetched over IPv6", 0), "never");
    assert_string_equal(nth_evidence("validated over IPv4", 0),
                        "2026-11-24T23:05:00Z, from a private address");
    assert_string_equal(nth_evidence("validated over IPv6", 0), "2026-11-24");
    assert_string_equal(
        nth_evidence("fetch", 0),
        "2026-11-24T23:05:00Z from 198.51.100.7 over IPv4, TLSv1.3, status 200, 82 bytes");
    assert_string_equal(nth_evidence("validation", 0),
                        "2026-11-24T23:05:00Z from 2001:db8:1::7 over IPv6, port 80, status 200");
    assert_string_equal(nth_evidence("fetch", 1),
                        "2026-11-24T23:05:00Z from 192.168.7.9 (a private address) over IPv4, the "
                        "TLS alert unknown_ca (48), 82 bytes");
}

static void anything_from_outside_is_told_to_others(void **state)
{
    struct sp_check_seen seen = {.validated[1] = OUTSIDE(30)};

    (void)state;
    assert_true(sp_seen_outside(&seen, false, UTC_NOW));
    seen.validated[1].at--;
    assert_false(sp_seen_outside(&seen, false, UTC_NOW));
    seen.fetched[0] = (struct sp_seen_moment)INSIDE(1);
    assert_false(sp_seen_outside(&seen, false, UTC_NOW));
    assert_true(sp_seen_outside(&seen, true, UTC_NOW));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_history_is_told_apart, fakes_begin),
        cmocka_unit_test_setup(failures_count_when_several_meet_them, fakes_begin),
        cmocka_unit_test_setup(evidence_says_when_from_where_and_how, fakes_begin),
        cmocka_unit_test_setup(anything_from_outside_is_told_to_others, fakes_begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
