/* The journal of the outside view: what is noted of whom, what makes room, what outlasts a restart,
 * and how often flash is written. */
#include "cm.h"

#include "app/app.h"
#include "app/outside.h"
#include "app/outside_kept.h"
#include "base/err.h"
#include "base/scratch.h"
#include "net/clock.h"
#include "nor_emulator/nor_emulator.h"

#include <stdio.h>
#include <string.h>

#define BLOCK 4096U
#define BLOCKS 64U
#define NOON 1796040000LL /* 2026-11-30T12:00:00Z */
#define DAY 86400LL
#define TODAY (NOON - NOON % DAY)

struct sp_app sp_app;
static struct sp_nor nor;
static sp_time now;
static sp_utc utc;
static struct sp_addr own[2];

sp_utc sp_clock_utc(sp_time at)
{
    assert_int_equal(at, now);
    return utc;
}

unsigned sp_app_own_addresses(struct sp_addr *out, unsigned n)
{
    assert_true(n >= COUNT(own));
    memcpy(out, own, sizeof own);
    return COUNT(own);
}

static struct sp_addr addr(const char *text)
{
    struct sp_addr out;

    assert_int_equal(sp_addr_parse(sp_span_str(text), &out), 0);
    return out;
}

static void mount(void)
{
    assert_int_equal(
        sp_store_mount(&sp_app.store, &nor.flash, 0, BLOCKS, sp_app.entries, SP_RECORDS_MAX), 0);
}

static int begin(void **state)
{
    const struct sp_nor_config config = {
        .size = BLOCK * BLOCKS, .block_size = BLOCK, .page_size = 256};
    (void)state;

    sp_app_outside_forget();
    now += 10 * SP_KEPT_EVERY_MS;
    utc = NOON;
    own[0] = addr("203.0.113.10");
    own[1] = addr("2001:db8::10");
    assert_int_equal(sp_nor_open(&nor, &config), 0);
    mount();
    return 0;
}

static int end(void **state)
{
    (void)state;
    sp_nor_close(&nor);
    return 0;
}

static void note(const char *domain, const char *from, enum sp_seen_kind kind, int status)
{
    struct sp_seen_event event = {
        .from = addr(from), .kind = kind, .status = (int16_t)status, .bytes = 82};

    if (kind == SP_SEEN_FETCH && status > 0) {
        strcpy(event.tls, "TLSv1.3");
    }
    sp_app_outside_note(domain, &event, now);
}

static struct sp_check_seen get(const char *domain)
{
    struct sp_check_seen seen;

    memset(&seen, 0xA5, sizeof seen);
    sp_app_outside_get(domain, &seen);
    assert_int_equal(sp_scratch_use().used, 0);
    return seen;
}

static uint32_t written(void)
{
    uint64_t before = sp_store_stats(&sp_app.store).program_bytes;

    (void)sp_app_outside_step(now);
    assert_int_equal(sp_scratch_use().used, 0);
    return (uint32_t)(sp_store_stats(&sp_app.store).program_bytes - before);
}

static void restart(void)
{
    sp_app_outside_forget();
    mount();
}

static void a_fetch_is_told_whole(void **state)
{
    struct sp_check_seen seen;
    char text[SP_ADDR_SIZE];

    (void)state;
    note("a.test", "198.51.100.7", SP_SEEN_FETCH, 200);
    seen = get("a.test");
    assert_int_equal(seen.last_n, 1);
    assert_int_equal(seen.last[0].at, NOON);
    assert_string_equal(sp_addr_text(&seen.last[0].from, text), "198.51.100.7");
    assert_int_equal(seen.last[0].kind, SP_SEEN_FETCH);
    assert_int_equal(seen.last[0].status, 200);
    assert_int_equal(seen.last[0].bytes, 82);
    assert_string_equal(seen.last[0].tls, "TLSv1.3");
    assert_int_equal(seen.fetched[0].at, NOON);
    assert_false(seen.fetched[0].inside);
    assert_int_equal(seen.fetched[1].at, 0);
    assert_int_equal(seen.validated[0].at, 0);
    assert_int_equal(get("b.test").last_n, 0);
    assert_int_equal(get("b.test").fetched[0].at, 0);
}

static void events_are_told_newest_first(void **state)
{
    struct sp_check_seen seen;

    (void)state;
    note("a.test", "198.51.100.7", SP_SEEN_FETCH, 200);
    utc += 5;
    note("a.test", "2001:db8:1::7", SP_SEEN_VALIDATION, 200);
    utc += 5;
    note("a.test", "198.51.100.8", SP_SEEN_FETCH, -48);
    seen = get("a.test");
    assert_int_equal(seen.last_n, 3);
    assert_int_equal(seen.last[0].status, -48);
    assert_string_equal(seen.last[0].tls, "");
    assert_int_equal(seen.last[1].kind, SP_SEEN_VALIDATION);
    assert_int_equal(seen.last[2].at, NOON);
    assert_int_equal(seen.validated[1].at, NOON + 5);
    assert_int_equal(seen.fetched[0].at, NOON); /* the one that failed does not count */
}

static void own_addresses_are_not_noted(void **state)
{
    static const char *const ours[] = {"203.0.113.10", "2001:db8::10", "127.0.0.1", "::1"};

    (void)state;
    for (size_t i = 0; i < COUNT(ours); i++) {
        note("a.test", ours[i], SP_SEEN_FETCH, 200);
    }
    assert_int_equal(get("a.test").last_n, 0);
    assert_int_equal(sp_app_outside_step(now), SP_NEVER);
}

static void nothing_is_noted_before_the_clock_is_set(void **state)
{
    (void)state;
    utc = 0;
    note("a.test", "198.51.100.7", SP_SEEN_FETCH, 200);
    assert_int_equal(get("a.test").last_n, 0);
}

static void private_addresses_are_told_apart(void **state)
{
    (void)state;
    note("a.test", "192.168.1.9", SP_SEEN_FETCH, 200);
    assert_true(get("a.test").fetched[0].inside);
    note("b.test", "fd00::9", SP_SEEN_FETCH, 200);
    assert_true(get("b.test").fetched[1].inside);
    restart(); /* not written yet */
    assert_int_equal(get("a.test").fetched[0].at, 0);
}

/* One that came through the Internet tells more than one from within. */
static void a_private_address_does_not_hide_a_public_one(void **state)
{
    (void)state;
    note("a.test", "198.51.100.7", SP_SEEN_FETCH, 200);
    utc += 10 * DAY;
    note("a.test", "192.168.1.9", SP_SEEN_FETCH, 200);
    assert_int_equal(get("a.test").fetched[0].at, NOON);
    assert_false(get("a.test").fetched[0].inside);
    utc = NOON + SP_SEEN_RECENT + 2 * DAY;
    note("a.test", "192.168.1.9", SP_SEEN_FETCH, 200);
    assert_true(get("a.test").fetched[0].inside);
    note("a.test", "198.51.100.7", SP_SEEN_FETCH, 200);
    assert_false(get("a.test").fetched[0].inside);
}

static void who_comes_again_takes_no_further_place(void **state)
{
    (void)state;
    note("b.test", "198.51.100.1", SP_SEEN_FETCH, 200);
    for (unsigned i = 0; i < 100; i++) {
        utc++;
        note("a.test", "198.51.100.7", SP_SEEN_FETCH, 200);
    }
    assert_int_equal(get("a.test").last_n, 1);
    assert_int_equal(get("a.test").last[0].at, NOON + 100);
    assert_int_equal(get("b.test").last_n, 1);
}

static void a_domain_does_not_push_out_the_others(void **state)
{
    char from[SP_ADDR_SIZE];

    (void)state;
    note("b.test", "198.51.100.1", SP_SEEN_FETCH, 200);
    for (unsigned i = 0; i < 100; i++) {
        utc++;
        (void)snprintf(from, sizeof from, "198.51.100.%u", 10 + i);
        note("a.test", from, SP_SEEN_FETCH, 200);
    }
    assert_int_equal(get("a.test").last_n, SP_OUTSIDE_PER_DOMAIN);
    assert_int_equal(get("a.test").last[0].at, NOON + 100);
    assert_int_equal(get("a.test").last[SP_OUTSIDE_PER_DOMAIN - 1].at, NOON + 95);
    assert_int_equal(get("b.test").last_n, 1);
}

static void days_outlast_a_restart(void **state)
{
    struct sp_check_seen seen;

    (void)state;
    note("a.test", "198.51.100.7", SP_SEEN_FETCH, 200);
    note("a.test", "2001:db8:1::7", SP_SEEN_VALIDATION, 200);
    note("a.test", "192.168.1.9", SP_SEEN_VALIDATION, 200);
    assert_true(written() > 0);
    restart();
    seen = get("a.test");
    assert_int_equal(seen.last_n, 0);
    assert_int_equal(seen.fetched[0].at, TODAY);
    assert_false(seen.fetched[0].inside);
    assert_int_equal(seen.fetched[1].at, 0);
    assert_int_equal(seen.validated[0].at, TODAY);
    assert_true(seen.validated[0].inside);
    assert_int_equal(seen.validated[1].at, TODAY);
    /* And the second is known again when it comes again. */
    note("a.test", "198.51.100.7", SP_SEEN_FETCH, 200);
    assert_int_equal(get("a.test").fetched[0].at, NOON);
}

static void flash_is_written_once_a_day(void **state)
{
    (void)state;
    note("a.test", "198.51.100.7", SP_SEEN_FETCH, 200);
    assert_true(written() > 0); /* never seen before: at once */
    now += SP_KEPT_EVERY_MS;
    for (unsigned i = 0; i < 100; i++) {
        utc += 60;
        now += 60000;
        note("a.test", "198.51.100.7", SP_SEEN_FETCH, 200);
        assert_int_equal(written(), 0);
    }
    utc += DAY;
    note("a.test", "198.51.100.7", SP_SEEN_FETCH, 200);
    assert_true(written() > 0);
}

static void what_is_no_first_waits_for_its_turn(void **state)
{
    sp_time first;

    (void)state;
    note("a.test", "198.51.100.7", SP_SEEN_FETCH, 200);
    assert_true(written() > 0);
    first = now;
    utc += DAY;
    now += 1000;
    note("a.test", "198.51.100.7", SP_SEEN_FETCH, 200);
    assert_int_equal(written(), 0);
    assert_int_equal(sp_app_outside_step(now), first + SP_KEPT_EVERY_MS);
    assert_int_equal(get("a.test").fetched[0].at, NOON + DAY);
    now = first + SP_KEPT_EVERY_MS;
    assert_true(written() > 0);
    assert_int_equal(sp_app_outside_step(now), SP_NEVER);
    restart();
    assert_int_equal(get("a.test").fetched[0].at, TODAY + DAY);
}

static const char *nth(unsigned i)
{
    static char name[SP_DOMAIN_SIZE];

    (void)snprintf(name, sizeof name, "d%04u.example", i);
    return name;
}

/* As many as the store holds: four records, and none forgotten. */
static void all_domains_find_room(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SP_DOMAINS_MAX; i++) {
        note(nth(i), "198.51.100.7", SP_SEEN_FETCH, 200);
        if (i % 50 == 49) { /* the others are written when the places are full */
            (void)written();
        }
        (void)sp_store_step(&sp_app.store, now);
    }
    restart();
    for (unsigned i = 0; i < SP_DOMAINS_MAX; i++) {
        assert_int_equal(get(nth(i)).fetched[0].at, TODAY);
    }
    assert_int_equal(sp_store_stats(&sp_app.store).records, 4);
}

static void domains_not_seen_for_long_make_room(void **state)
{
    (void)state;
    note("a.test", "198.51.100.7", SP_SEEN_FETCH, 200);
    (void)written();
    utc += 100 * DAY;
    for (unsigned i = 0; i < 20; i++) {
        note(nth(i), "198.51.100.7", SP_SEEN_FETCH, 200);
    }
    (void)written();
    restart();
    assert_int_equal(get("a.test").fetched[0].at, 0);
    assert_int_equal(get(nth(3)).fetched[0].at, TODAY + 100 * DAY);
}

static void another_layout_is_begun_anew(void **state)
{
    static const uint8_t later[40] = {2};
    static const char *const names[] = {"0", "1", "2", "3"};

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        assert_int_equal(
            sp_store_put(&sp_app.store, SP_KIND_SEEN, names[i], sp_span(later, sizeof later), 0),
            0);
    }
    assert_int_equal(get("a.test").fetched[0].at, 0);
    note("a.test", "198.51.100.7", SP_SEEN_FETCH, 200);
    (void)written();
    restart();
    assert_int_equal(get("a.test").fetched[0].at, TODAY);
    for (size_t i = 0; i < COUNT(names); i++) {
        int n = sp_store_length(&sp_app.store, SP_KIND_SEEN, names[i]);

        assert_true(n == 4 + 12 || n == sizeof later);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_fetch_is_told_whole, begin, end),
        cmocka_unit_test_setup_teardown(events_are_told_newest_first, begin, end),
        cmocka_unit_test_setup_teardown(own_addresses_are_not_noted, begin, end),
        cmocka_unit_test_setup_teardown(nothing_is_noted_before_the_clock_is_set, begin, end),
        cmocka_unit_test_setup_teardown(private_addresses_are_told_apart, begin, end),
        cmocka_unit_test_setup_teardown(a_private_address_does_not_hide_a_public_one, begin, end),
        cmocka_unit_test_setup_teardown(who_comes_again_takes_no_further_place, begin, end),
        cmocka_unit_test_setup_teardown(a_domain_does_not_push_out_the_others, begin, end),
        cmocka_unit_test_setup_teardown(days_outlast_a_restart, begin, end),
        cmocka_unit_test_setup_teardown(flash_is_written_once_a_day, begin, end),
        cmocka_unit_test_setup_teardown(what_is_no_first_waits_for_its_turn, begin, end),
        cmocka_unit_test_setup_teardown(all_domains_find_room, begin, end),
        cmocka_unit_test_setup_teardown(domains_not_seen_for_long_make_room, begin, end),
        cmocka_unit_test_setup_teardown(another_layout_is_begun_anew, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
