/* Updates over pipes, with a server of the test's own that signs what it answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "fake_net.h"
#include "net/dns_update.h"
#include "test_clock.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define UTC 1764000000
#define NAME "_mta-sts.example.test"
#define WISHED "v=STSv1; id=2;"
#define AA 0x8400
#define MAC_REST 6 /* bytes of a signature behind its mac */

static struct sp_dns_update_server server;
static struct sp_dns_update update;
static int result;

/* The request that came last, and the answer to it. */
static uint8_t request[4096], answer[4096];
static size_t request_n;
static struct sp_dns_writer a;
static uint16_t tsig_error;

static enum sp_dns_owner owner(const struct sp_dns_wish *of, struct sp_span data)
{
    (void)of;
    return data.n > 2 && data.p[1] == 'v' ? SP_DNS_OURS : SP_DNS_FOREIGN;
}

static void wish_for(const char *text)
{
    uint8_t data[300];
    int n = sp_dns_txt_data(text, data, sizeof data);

    memset(&update.wish, 0, sizeof update.wish);
    (void)snprintf(update.wish.name, sizeof update.wish.name, NAME);
    update.wish.type = SP_DNS_TXT;
    update.wish.ttl = 3600;
    update.wish.owner = owner;
    assert_int_equal(sp_dns_wish_add(&update.wish, data, (size_t)n), 0);
    update.follow = true;
}

static int reset(void **state)
{
    (void)state;
    sp_dns_update_end(&update);
    fake_net_reset();
    memset(&update, 0, sizeof update);
    memset(&server, 0, sizeof server);
    server.address = (struct sp_addr){.family = 4, .bytes = {192, 0, 2, 53}};
    server.port = 53;
    (void)snprintf(server.key.name, sizeof server.key.name, "sealpost");
    memset(server.key.secret, 7, 32);
    server.key.secret_n = 32;
    tsig_error = 0;
    wish_for(WISHED);
    sp_dns_update_put(&update, &server, test_now);
    return 0;
}

static int start(void **state)
{
    (void)state;
    test_clock_start();
    assert_int_equal(sp_crypto_start(), 0);
    return 0;
}

static void step(void)
{
    result = sp_dns_update_step(&update, test_now, UTC);
}

/* --- the server --- */

static struct sp_stream *theirs(void)
{
    return pipe_stream(&fake.pipes[fake.connects - 1], 0);
}

static unsigned get16(const uint8_t *p)
{
    return (unsigned)(p[0] << 8 | p[1]);
}

/* Takes a whole request, and begins an answer that repeats its question. */
static void take(unsigned flags)
{
    uint8_t length[2];
    struct sp_dns_reader r;
    struct sp_dns_header header;

    step();
    assert_int_equal(result, SP_E_AGAIN);
    assert_int_equal(sp_stream_read(theirs(), length, 2), 2);
    request_n = get16(length);
    assert_int_equal(sp_stream_read(theirs(), request, sizeof request), (int)request_n);
    assert_int_equal(sp_dns_read_start(&r, sp_span(request, request_n), &header), 0);
    assert_int_equal(sp_dns_skip_question(&r), 0);
    sp_dns_write_start(&a, answer, sizeof answer, header.id, (uint16_t)flags);
    sp_dns_write(&a, request + SP_DNS_HEADER, r.at - SP_DNS_HEADER);
    answer[5] = 1;
}

static void write_time(struct sp_dns_writer *w)
{
    sp_dns_write16(w, 0);
    sp_dns_write32(w, UTC);
    sp_dns_write16(w, SP_TSIG_FUDGE);
}

static void sign(void)
{
    static const uint8_t size[2] = {0, SP_SHA256_SIZE};
    uint8_t mac[SP_SHA256_SIZE], variables[600], data[300];
    struct sp_dns_writer v = {.p = variables, .cap = sizeof variables};
    struct sp_dns_writer d = {.p = data, .cap = sizeof data};
    struct sp_span pieces[] = {
        sp_span(size, 2), sp_span(request + request_n - MAC_REST - SP_SHA256_SIZE, SP_SHA256_SIZE),
        sp_span(a.p, a.n), sp_span(NULL, 0)};

    sp_dns_write_name(&v, server.key.name);
    sp_dns_write16(&v, SP_DNS_CLASS_ANY);
    sp_dns_write32(&v, 0);
    sp_dns_write_name(&v, "hmac-sha256");
    write_time(&v);
    sp_dns_write16(&v, tsig_error);
    sp_dns_write16(&v, 0);
    pieces[3] = sp_span(v.p, v.n);
    (void)sp_hmac_sha256v(sp_span(server.key.secret, server.key.secret_n), pieces, 4, mac);
    sp_dns_write_name(&d, "hmac-sha256");
    write_time(&d);
    sp_dns_write16(&d, SP_SHA256_SIZE);
    sp_dns_write(&d, mac, sizeof mac);
    sp_dns_write(&d, answer, 2);
    sp_dns_write16(&d, tsig_error);
    sp_dns_write16(&d, 0);
    sp_dns_write_record(&a, SP_DNS_ADDITIONAL, server.key.name, SP_DNS_TYPE_TSIG, SP_DNS_CLASS_ANY,
                        0, sp_span(d.p, d.n));
}

static void give_unsigned(void)
{
    uint8_t length[2] = {(uint8_t)(a.n >> 8), (uint8_t)a.n};

    assert_false(a.bad);
    assert_int_equal(sp_stream_write(theirs(), length, 2, false), 2);
    assert_int_equal(sp_stream_write(theirs(), a.p, a.n, false), (int)a.n);
    step();
}

static void give(void)
{
    sign();
    give_unsigned();
}

static void put_soa(enum sp_dns_section section, const char *zone)
{
    uint8_t data[22] = {0};

    sp_dns_write_record(&a, section, zone, SP_DNS_SOA, SP_DNS_CLASS_IN, 5, sp_span(data, 22));
}

static void put_cname(const char *target)
{
    uint8_t data[300];
    struct sp_dns_writer w = {.p = data, .cap = sizeof data};

    sp_dns_write_name(&w, target);
    sp_dns_write_record(&a, SP_DNS_ANSWERS, NAME, SP_DNS_CNAME, SP_DNS_CLASS_IN, 5,
                        sp_span(data, w.n));
}

static void put_txt(const char *text)
{
    uint8_t data[300];
    int n = sp_dns_txt_data(text, data, sizeof data);

    sp_dns_write_record(&a, SP_DNS_ANSWERS, NAME, SP_DNS_TXT, SP_DNS_CLASS_IN, 5,
                        sp_span(data, (size_t)n));
}

static void tell_zone(const char *zone)
{
    take(AA | SP_DNS_NXDOMAIN);
    put_soa(SP_DNS_AUTHORITY, zone);
    give();
    assert_int_equal(result, SP_E_AGAIN);
}

static bool request_names(const char *name)
{
    char text[SP_DOMAIN_SIZE];

    return sp_dns_name_at(sp_span(request, request_n), SP_DNS_HEADER, text, sizeof text, NULL) ==
               0 &&
           strcmp(text, name) == 0;
}

/* --- tests --- */

static void zone_is_found_then_the_record_is_added(void **state)
{
    (void)state;
    tell_zone("example.test");
    take(AA | SP_DNS_NXDOMAIN);
    assert_true(request_names(NAME));
    give();
    assert_int_equal(result, SP_E_AGAIN);
    take(0x8000 | SP_DNS_OPCODE_UPDATE << 11);
    assert_true(request_names("example.test"));
    assert_int_equal(request[2] >> 3, SP_DNS_OPCODE_UPDATE);
    give();
    assert_int_equal(result, SP_DNS_UPDATE_DONE);
    assert_int_equal(fake.connects, 1);
    wish_for(WISHED); /* over the same connection */
    sp_dns_update_put(&update, &server, test_now);
    tell_zone("example.test");
    take(AA);
    put_txt(WISHED);
    give();
    assert_int_equal(result, SP_DNS_UPDATE_SAME);
    assert_int_equal(fake.connects, 1);
    sp_dns_update_end(&update);
    assert_int_equal(fake_net_held(), 0);
}

static void configured_zone_is_not_asked_for(void **state)
{
    (void)state;
    (void)snprintf(server.zone, sizeof server.zone, "test");
    take(AA | SP_DNS_NXDOMAIN);
    give();
    take(0x8000 | SP_DNS_OPCODE_UPDATE << 11);
    assert_true(request_names("test"));
    give();
    assert_int_equal(result, SP_DNS_UPDATE_DONE);
}

static void name_outside_the_configured_zone_is_left_alone(void **state)
{
    (void)state;
    (void)snprintf(server.zone, sizeof server.zone, "ample.test");
    step();
    assert_int_equal(result, SP_DNS_UPDATE_NO_ZONE);
    assert_int_equal(fake.asked_records, 1);
    assert_int_equal(fake.pipes[0].end[1].total, 0);
}

static void alias_is_followed_to_its_zone(void **state)
{
    (void)state;
    take(AA);
    put_cname("x.elsewhere.test");
    give();
    take(AA | SP_DNS_NXDOMAIN);
    assert_true(request_names("x.elsewhere.test"));
    put_soa(SP_DNS_AUTHORITY, "elsewhere.test");
    give();
    take(AA | SP_DNS_NXDOMAIN);
    give();
    take(0x8000 | SP_DNS_OPCODE_UPDATE << 11);
    assert_true(request_names("elsewhere.test"));
    give();
    assert_int_equal(result, SP_DNS_UPDATE_DONE);
    assert_string_equal(update.wish.name, "x.elsewhere.test");
}

static void alias_that_is_not_meant_is_left_alone(void **state)
{
    (void)state;
    update.follow = false;
    take(AA);
    put_cname("x.elsewhere.test");
    give();
    assert_int_equal(result, SP_DNS_UPDATE_ALIAS);
}

static void aliases_in_a_circle_end(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        take(AA);
        put_cname(NAME);
        give();
    }
    assert_int_equal(result, SP_DNS_UPDATE_BAD_ALIAS);
}

static void foreign_record_is_left_alone(void **state)
{
    (void)state;
    tell_zone("example.test");
    take(AA);
    put_txt("other");
    give();
    assert_int_equal(result, SP_DNS_UPDATE_FOREIGN);
}

static void refusals_of_an_update_are_told(void **state)
{
    static const struct {
        unsigned rcode;
        int result;
    } cases[] = {
        {SP_DNS_REFUSED, SP_DNS_UPDATE_REFUSED}, {SP_DNS_NOTAUTH, SP_DNS_UPDATE_NOT_AUTH},
        {SP_DNS_NXRRSET, SP_DNS_UPDATE_RACE},    {SP_DNS_YXRRSET, SP_DNS_UPDATE_RACE},
        {SP_DNS_NOTZONE, SP_DNS_UPDATE_NO_ZONE}, {SP_DNS_SERVFAIL, SP_DNS_UPDATE_FAILED},
    };
    (void)state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        (void)reset(NULL);
        tell_zone("example.test");
        take(AA | SP_DNS_NXDOMAIN);
        give();
        take(0x8000 | SP_DNS_OPCODE_UPDATE << 11 | cases[i].rcode);
        give();
        assert_int_equal(result, cases[i].result);
    }
}

static void server_that_is_not_asked_right_has_no_zone(void **state)
{
    static const unsigned flags[] = {0x8000, 0x8000 | SP_DNS_REFUSED, 0x8000 | SP_DNS_NOTAUTH};
    (void)state;

    for (size_t i = 0; i < COUNT(flags); i++) {
        (void)reset(NULL);
        take(flags[i]);
        give();
        assert_int_equal(result, SP_DNS_UPDATE_NO_ZONE);
        assert_int_equal(fake.asked_records, 1);
    }
}

static void what_a_server_says_of_the_key_is_told(void **state)
{
    static const struct {
        uint16_t error;
        int result;
    } cases[] = {{SP_DNS_BADKEY, SP_DNS_UPDATE_BAD_KEY},
                 {SP_DNS_BADSIG, SP_DNS_UPDATE_BAD_SIG},
                 {SP_DNS_BADTIME, SP_DNS_UPDATE_BAD_TIME}};
    (void)state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        (void)reset(NULL);
        take(0x8000 | SP_DNS_NOTAUTH);
        tsig_error = cases[i].error;
        give();
        assert_int_equal(result, cases[i].result);
    }
}

static void answer_without_a_right_signature_is_not_believed(void **state)
{
    (void)state;
    take(AA);
    put_soa(SP_DNS_ANSWERS, NAME);
    give_unsigned();
    assert_int_equal(result, SP_DNS_UPDATE_UNSIGNED);
    (void)reset(NULL);
    take(AA);
    server.key.secret[0] ^= 1;
    sign();
    server.key.secret[0] ^= 1;
    give_unsigned();
    assert_int_equal(result, SP_DNS_UPDATE_UNSIGNED);
    (void)reset(NULL);
    take(0x8000 | SP_DNS_REFUSED); /* a refusal may come unsigned */
    give_unsigned();
    assert_int_equal(result, SP_DNS_UPDATE_REFUSED);
    (void)reset(NULL);
    take(AA);
    answer[1] ^= 1;
    give();
    assert_int_equal(result, SP_DNS_UPDATE_MALFORMED);
}

static void connection_that_fails_is_told_and_given_back(void **state)
{
    (void)state;
    sp_dns_update_end(&update);
    fake_net_reset();
    fake.outcomes[0] = SP_E_REFUSED;
    sp_dns_update_put(&update, &server, test_now);
    step();
    assert_int_equal(result, SP_DNS_UPDATE_NO_CONNECTION);
    fake.outcomes[1] = SP_E_UNREACHABLE;
    sp_dns_update_put(&update, &server, test_now);
    step();
    assert_int_equal(result, SP_DNS_UPDATE_NO_CONNECTION);
    sp_dns_update_put(&update, &server, test_now);
    take(AA);
    (void)sp_stream_finish(theirs());
    step();
    assert_int_equal(result, SP_DNS_UPDATE_CLOSED);
    assert_int_equal(fake_net_held(), 0);
}

static void silent_server_is_given_up(void **state)
{
    (void)state;
    step();
    test_now += SP_DNS_UPDATE_TIMEOUT_MS;
    step();
    assert_int_equal(result, SP_DNS_UPDATE_TIMEOUT);
    assert_int_equal(fake_net_held(), 0);
}

static void answer_comes_byte_by_byte(void **state)
{
    (void)state;
    fake.pipes[0].end[1].chunk = 1;
    fake.pipes[0].end[0].chunk = 4096;
    for (unsigned i = 0; i < 400; i++) {
        step();
        assert_int_equal(result, SP_E_AGAIN);
    }
    take(AA | SP_DNS_NXDOMAIN);
    put_soa(SP_DNS_AUTHORITY, "example.test");
    give();
    for (unsigned i = 0; i < 400; i++) {
        step();
    }
    assert_int_equal(result, SP_E_AGAIN);
    assert_int_equal(update.state, SP_DNS_UPDATE_ASK);
}

static void answer_that_is_too_long_is_refused(void **state)
{
    static const uint8_t length[2] = {0xff, 0xff};
    (void)state;

    take(AA);
    assert_int_equal(sp_stream_write(theirs(), length, 2, false), 2);
    step();
    assert_int_equal(result, SP_DNS_UPDATE_TOO_BIG);
    assert_int_equal(fake_net_held(), 0);
}

static void every_result_has_its_words(void **state)
{
    (void)state;
    for (int i = 0; i < SP_DNS_UPDATE_RESULTS; i++) {
        assert_non_null(sp_dns_update_text((enum sp_dns_update_result)i));
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(zone_is_found_then_the_record_is_added, reset),
        cmocka_unit_test_setup(configured_zone_is_not_asked_for, reset),
        cmocka_unit_test_setup(name_outside_the_configured_zone_is_left_alone, reset),
        cmocka_unit_test_setup(alias_is_followed_to_its_zone, reset),
        cmocka_unit_test_setup(alias_that_is_not_meant_is_left_alone, reset),
        cmocka_unit_test_setup(aliases_in_a_circle_end, reset),
        cmocka_unit_test_setup(foreign_record_is_left_alone, reset),
        cmocka_unit_test_setup(refusals_of_an_update_are_told, reset),
        cmocka_unit_test_setup(server_that_is_not_asked_right_has_no_zone, reset),
        cmocka_unit_test_setup(what_a_server_says_of_the_key_is_told, reset),
        cmocka_unit_test_setup(answer_without_a_right_signature_is_not_believed, reset),
        cmocka_unit_test_setup(connection_that_fails_is_told_and_given_back, reset),
        cmocka_unit_test_setup(silent_server_is_given_up, reset),
        cmocka_unit_test_setup(answer_comes_byte_by_byte, reset),
        cmocka_unit_test_setup(answer_that_is_too_long_is_refused, reset),
        cmocka_unit_test_setup(every_result_has_its_words, reset),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
