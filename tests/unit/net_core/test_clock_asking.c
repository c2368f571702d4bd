/* When the clock asks, and whom: the module itself in virtual time, over a network and a DNS that
 * stand here. */
#include "cm.h"

#include "base/err.h"
#include "base/port.h"
#include "net/clock.h"
#include "net/dns.h"
#include "net/net.h"
#include "net/wire.h"
#include "sp_port.h"

#include <string.h>

#define T 1795561500 /* 2026-11-24T23:05:00Z */

static struct {
    sp_time now;
    struct sp_addr ntp;
    struct sp_addr asked[64];
    sp_time asked_at[64];
    int asked_n;
    uint8_t request[48];
    bool answers;   /* the server does */
    int64_t offset; /* of its time from the true one, s */
    bool pending, wire_open;
    int dns_error, dns_n4, dns_n6;
    struct sp_dns_query *query;
} world;

static uint64_t mono_ms(struct sp_hal_clock *clock)
{
    (void)clock;
    return world.now;
}
static struct sp_hal_clock hal_clock = {mono_ms};

static int random_bytes(void *p, size_t n)
{
    memset(p, 0x55, n);
    return 0;
}

/* The fake network */

void sp_net_status(struct sp_net_status *out)
{
    memset(out, 0, sizeof *out);
    out->ntp = world.ntp;
}

bool sp_net_reaches(const struct sp_addr *addr)
{
    return addr->family == 4 || world.dns_n4 == 0;
}

int sp_wire_open(bool tcp)
{
    assert_false(tcp);
    assert_false(world.wire_open);
    world.wire_open = true;
    return 3;
}

void sp_wire_close(int wire)
{
    assert_int_equal(wire, 3);
    assert_true(world.wire_open);
    world.wire_open = false;
    world.pending = false;
}

int sp_wire_connect(int wire, const struct sp_addr *addr, uint16_t port)
{
    (void)wire;
    assert_int_equal(port, 123);
    world.asked[world.asked_n] = *addr;
    world.asked_at[world.asked_n++] = world.now;
    return 0;
}

int sp_wire_send(int wire, const void *buf, size_t n)
{
    (void)wire;
    memcpy(world.request, buf, n);
    world.pending = world.answers;
    return (int)n;
}

int sp_wire_receive(int wire, void *buf, size_t n)
{
    uint64_t ntp = (uint64_t)(T + world.offset + (int64_t)world.now / 1000) + 2208988800U;
    uint8_t *reply = buf;

    (void)wire;
    assert_true(n >= 48);
    if (!world.pending) {
        return SP_E_AGAIN;
    }
    world.pending = false;
    memset(reply, 0, 48);
    reply[0] = 0x24;
    reply[1] = 2;
    memcpy(reply + 24, world.request + 40, 8);
    for (int i = 0; i < 4; i++) {
        reply[40 + i] = (uint8_t)(ntp >> (24 - 8 * i));
    }
    reply[47] = 1;
    return 48;
}

int sp_dns_ask_addresses(struct sp_dns_query *query, const char *name, enum sp_dns_type type,
                         struct sp_dns_addresses *addresses, sp_time now)
{
    int n = type == SP_DNS_A ? world.dns_n4 : world.dns_n6;

    (void)now;
    assert_string_equal(name, "ntp.test");
    memset(addresses, 0, sizeof *addresses);
    addresses->result = world.dns_error != 0 ? world.dns_error : n > 0 ? 0 : SP_E_DNS_NODATA;
    for (int i = 0; i < n; i++) {
        addresses->list[i].family = type == SP_DNS_A ? 4 : 6;
        addresses->list[i].bytes[0] = (uint8_t)(i + 1);
    }
    addresses->n = (unsigned)n;
    query->done = true;
    world.query = query;
    return 0;
}

void sp_dns_cancel(struct sp_dns_query *query)
{
    assert_ptr_equal(query, world.query);
}

/* The test's loop */

static void run_until(sp_time end)
{
    for (int turns = 0; turns < 10000; turns++) {
        sp_time next = sp_clock_step(world.now);

        assert_true(next >= world.now);
        if (next > end) {
            world.now = end;
            return;
        }
        world.now = next;
    }
    fail_msg("the clock does not sleep");
}

static void start(const char *server, sp_utc floor)
{
    memset(&world, 0, sizeof world);
    sp_port_bind(&hal_clock, NULL, NULL);
    sp_port_set_random(random_bytes);
    sp_clock_start(server, floor);
}

static void asks_after_2_4_8_to_64_seconds_then_every_64(void **state)
{
    static const unsigned at[] = {0, 2, 6, 14, 30, 62, 126, 190, 254};

    (void)state;
    start("192.0.2.1", 0);
    run_until(300000);
    assert_int_equal(world.asked_n, COUNT(at));
    for (size_t i = 0; i < COUNT(at); i++) {
        assert_int_equal(world.asked_at[i], at[i] * 1000);
    }
    assert_true(sp_clock_utc(world.now) == 0);
}

static void asks_hourly_when_set(void **state)
{
    struct sp_clock_status status;

    (void)state;
    start("192.0.2.1", 0);
    world.answers = true;
    run_until(4 * 3600000 + 100);
    assert_int_equal(world.asked_n, 5);
    assert_int_equal(world.asked_at[4], 4 * 3600000);
    sp_clock_status(&status, world.now);
    assert_true(status.set);
    assert_int_equal(status.last_error, 0);
    assert_true(status.utc == T + 4 * 3600 && sp_port_utc_s() == status.utc);
}

static void goes_on_with_its_time_and_asks_again_sooner_when_the_server_is_lost(void **state)
{
    struct sp_clock_status status;

    (void)state;
    start("192.0.2.1", 0);
    world.answers = true;
    run_until(100);
    world.answers = false;
    run_until(3600000 + 7000);
    assert_int_equal(world.asked_n, 4);
    assert_int_equal(world.asked_at[2], 3602000);
    sp_clock_status(&status, world.now);
    assert_true(status.set && status.utc == T + 3607);
    assert_int_equal(status.last_error, SP_E_TIMEOUT);
}

static void resolves_the_name_and_tries_its_addresses_in_turn(void **state)
{
    (void)state;
    start("ntp.test", 0);
    world.dns_n4 = 2;
    world.dns_n6 = 1; /* not to be reached */
    run_until(15000);
    assert_int_equal(world.asked_n, 4);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(world.asked[i].family, 4);
        assert_int_equal(world.asked[i].bytes[0], i % 2 + 1);
    }
}

static void asks_over_ipv6_where_that_is_all(void **state)
{
    (void)state;
    start("ntp.test", 0);
    world.dns_n6 = 1;
    run_until(100);
    assert_int_equal(world.asked_n, 1);
    assert_int_equal(world.asked[0].family, 6);
}

static void dns_failure_is_told_and_tried_again(void **state)
{
    struct sp_clock_status status;

    (void)state;
    start("ntp.test", 0);
    world.dns_error = SP_E_DNS_SERVFAIL;
    run_until(1000);
    sp_clock_status(&status, world.now);
    assert_int_equal(status.last_error, SP_E_DNS_SERVFAIL);
    assert_true(status.next_try == 2000);
    world.dns_error = 0;
    world.dns_n4 = 1;
    world.answers = true;
    run_until(2100);
    assert_true(sp_clock_utc(world.now) == T + 2);
}

static void server_of_dhcp_is_asked_when_it_comes(void **state)
{
    struct sp_clock_status status;

    (void)state;
    start("", 0);
    run_until(20000);
    sp_clock_status(&status, world.now);
    assert_int_equal(status.last_error, SP_E_NOT_FOUND);
    world.ntp = (struct sp_addr){.family = 4, .bytes = {192, 0, 2, 7}};
    world.answers = true;
    run_until(20001);
    assert_int_equal(world.asked_n, 1);
    assert_true(sp_addr_equal(&world.asked[0], &world.ntp));
    assert_true(sp_clock_utc(world.now) == T + 20);
}

static void new_server_is_asked_at_once(void **state)
{
    (void)state;
    start("192.0.2.1", 0);
    run_until(200000);
    world.asked_n = 0;
    sp_clock_set_server("192.0.2.2");
    run_until(200001);
    assert_int_equal(world.asked_n, 1);
    assert_int_equal(world.asked[0].bytes[3], 2);
}

static void step_back_is_asked_again_after_64_seconds_and_then_taken(void **state)
{
    (void)state;
    start("192.0.2.1", 0);
    world.answers = true;
    run_until(3600000 - 1);
    world.offset = -86400;
    run_until(3600000 + 63000);
    assert_true(sp_clock_utc(world.now) == T + 3663);
    run_until(3600000 + 65000);
    assert_true(sp_clock_utc(world.now) == T + 3665 - 86400);
    assert_true(sp_port_utc_s() == sp_clock_utc(world.now));
}

static void floor_holds_until_the_server_is_right(void **state)
{
    struct sp_clock_status status;

    (void)state;
    start("192.0.2.1", T - 100);
    world.answers = true;
    world.offset = -86400;
    run_until(1000);
    sp_clock_status(&status, world.now);
    assert_false(status.set);
    assert_int_equal(status.last_error, SP_E_CLOCK);
    assert_true(status.floor == T - 100);
    assert_true(sp_port_utc_s() == 0);
    world.offset = 0;
    run_until(65000);
    assert_true(sp_clock_utc(world.now) == T + 65);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_after_2_4_8_to_64_seconds_then_every_64),
        cmocka_unit_test(asks_hourly_when_set),
        cmocka_unit_test(goes_on_with_its_time_and_asks_again_sooner_when_the_server_is_lost),
        cmocka_unit_test(resolves_the_name_and_tries_its_addresses_in_turn),
        cmocka_unit_test(asks_over_ipv6_where_that_is_all),
        cmocka_unit_test(dns_failure_is_told_and_tried_again),
        cmocka_unit_test(server_of_dhcp_is_asked_when_it_comes),
        cmocka_unit_test(new_server_is_asked_at_once),
        cmocka_unit_test(step_back_is_asked_again_after_64_seconds_and_then_taken),
        cmocka_unit_test(floor_holds_until_the_server_is_right),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
