/* The server's side: identities, alerts, records, flights. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/port.h"
#include "base/scratch.h"
#include "certs.h"
#include "test_clock.h"
#include "tls_pair.h"

#define HOST "mta-sts.example.net"

static struct tls_pair pair;

static void established(struct tls_shown *shown)
{
    tls_pair_open(&pair, shown, HOST, SP_TLS_VERIFY);
    tls_pair_handshake(&pair);
    if (pair.client_ready != 1 || pair.server_ready != 1) {
        fail_msg("client %d: %s; server %d: %s", pair.client_ready, sp_stream_error(pair.client),
                 pair.server_ready, sp_stream_error(pair.server));
    }
}

static void both_sides_talk_and_end(void **state)
{
    struct tls_shown shown = tls_shown_default();
    size_t base = sp_port_use(SP_POOL_TLS).used;
    struct sp_tls_report report;
    struct sp_cert_info info;
    char text[8] = "";

    (void)state;
    established(&shown);
    tls_pair_send(pair.client, "ping", 4);
    assert_int_equal(sp_stream_read(pair.server, text, sizeof text), 4);
    assert_string_equal(text, "ping");
    tls_pair_send(pair.server, "pong", 4);
    assert_int_equal(sp_stream_read(pair.client, text, sizeof text), 4);
    assert_string_equal(text, "pong");
    sp_tls_report(pair.server, &report);
    assert_string_equal(report.version, "TLSv1.3");
    assert_string_equal(sp_tls_name(pair.server), HOST);
    assert_string_equal(report.suite, "TLS_AES_128_GCM_SHA256");
    assert_int_equal(sp_tls_peer(pair.server, &info), SP_E_NOT_FOUND);
    assert_int_equal(sp_stream_finish(pair.server), 0);
    assert_int_equal(sp_stream_read(pair.client, text, sizeof text), 0);
    assert_int_equal(sp_stream_read(pair.client, text, sizeof text), 0);
    tls_pair_send(pair.client, "more", 4); /* the other direction is open still */
    assert_int_equal(sp_stream_read(pair.server, text, sizeof text), 4);
    assert_int_equal(sp_stream_finish(pair.client), 0);
    assert_int_equal(sp_stream_read(pair.server, text, sizeof text), 0);
    tls_pair_close(&pair);
    assert_int_equal(sp_port_use(SP_POOL_TLS).used, base);
    assert_true(pair.pipe.end[0].released && pair.pipe.end[1].released);
}

static void long_data_arrives_whole(void **state)
{
    static uint8_t sent[20000];
    static uint8_t got[20000];
    struct tls_shown shown = tls_shown_default();
    size_t n = 0;

    (void)state;
    for (size_t i = 0; i < sizeof sent; i++) {
        sent[i] = (uint8_t)(i * 7 + i / 256);
    }
    established(&shown);
    tls_pair_send(pair.server, sent, sizeof sent);
    for (int i = 0; i < 100 && n < sizeof got; i++) {
        int taken = sp_stream_read(pair.client, got + n, sizeof got - n);

        n += taken > 0 ? (size_t)taken : 0;
    }
    assert_int_equal(n, sizeof got);
    assert_memory_equal(sent, got, n);
    tls_pair_close(&pair);
}

static void identity_is_dropped_after_the_handshake(void **state)
{
    struct tls_shown shown = tls_shown_default();
    size_t base = sp_port_use(SP_POOL_TLS).used;
    size_t client;

    (void)state;
    established(&shown);
    client = sp_port_use(SP_POOL_TLS).used;
    sp_stream_release(pair.client);
    pair.client = NULL;
    client -= sp_port_use(SP_POOL_TLS).used;
    assert_true(client > SP_TLS_CLIENT_BUFFER);
    /* Two buffers, session, keys: a chain in memory would show, or what the handshake needed. */
    assert_in_range(sp_port_use(SP_POOL_TLS).used - base, SP_TLS_REQUEST_BUFFER + SP_TLS_OUT_BUFFER,
                    5500);
    tls_pair_close(&pair);
}

static void scratch_of_the_lookup_is_given_back(void **state)
{
    struct tls_shown shown = tls_shown_default();

    (void)state;
    established(&shown);
    assert_int_equal(sp_scratch_use().used, 0);
    assert_true(sp_scratch_use().peak > 0);
    tls_pair_close(&pair);
    shown.fails = SP_E_IO;
    tls_pair_open(&pair, &shown, HOST, SP_TLS_VERIFY);
    tls_pair_handshake(&pair);
    assert_int_equal(pair.server_ready, SP_E_TLS);
    assert_int_equal(sp_scratch_use().used, 0);
    tls_pair_close(&pair);
}

static void cut_connection_is_not_an_end(void **state)
{
    struct tls_shown shown = tls_shown_default();
    char text[8];

    (void)state;
    established(&shown);
    tls_pair_send(pair.server, "half", 4);
    pipe_cut(&pair.pipe, 0);
    assert_int_equal(sp_stream_read(pair.client, text, sizeof text), 4);
    assert_int_equal(sp_stream_read(pair.client, text, sizeof text), SP_E_CLOSED);
    assert_string_equal(sp_stream_error(pair.client),
                        "the connection ended without a TLS close_notify: data may be missing");
    tls_pair_close(&pair);
}

static void flights_leave_in_one_segment_each(void **state)
{
    struct tls_shown shown = tls_shown_default();

    (void)state;
    established(&shown);
    assert_int_equal(pair.pipe.end[0].segments, 1); /* ServerHello … Finished */
    assert_int_equal(pair.pipe.end[1].segments, 2); /* ClientHello; Finished */
    tls_pair_close(&pair);
}

static void last_flight_of_the_client_leaves_with_its_data(void **state)
{
    struct tls_shown shown = tls_shown_default();
    char text[8];

    (void)state;
    tls_pair_open(&pair, &shown, HOST, SP_TLS_VERIFY);
    assert_int_equal(sp_stream_ready(pair.client), SP_E_AGAIN);
    assert_int_equal(sp_stream_ready(pair.server), SP_E_AGAIN);
    assert_int_equal(sp_stream_ready(pair.client), 1);
    tls_pair_send(pair.client, "ping", 4);
    assert_int_equal(sp_stream_read(pair.server, text, sizeof text), 4);
    assert_int_equal(pair.pipe.end[1].segments, 2);
    tls_pair_close(&pair);
}

static void single_bytes_and_narrow_pipes_are_enough(void **state)
{
    struct tls_shown shown = tls_shown_default();
    char text[300];
    char back[300];
    size_t n = 0;

    (void)state;
    memset(text, 'x', sizeof text);
    tls_pair_open(&pair, &shown, HOST, SP_TLS_VERIFY);
    for (int i = 0; i < 2; i++) {
        pair.pipe.end[i].chunk = 1;
        pair.pipe.end[i].room = 50;
    }
    tls_pair_handshake(&pair);
    assert_int_equal(pair.client_ready, 1);
    assert_int_equal(pair.server_ready, 1);
    /* The record is taken at once, and flows while the sender is called for whatever reason. */
    assert_int_equal(sp_stream_write(pair.server, text, sizeof text, false), sizeof text);
    assert_int_equal(sp_stream_finish(pair.server), SP_E_AGAIN);
    for (int i = 0; i < 100 && n < sizeof text; i++) {
        int got = sp_stream_read(pair.client, back + n, sizeof back - n);

        n += got > 0 ? (size_t)got : 0;
        (void)sp_stream_finish(pair.server);
    }
    assert_int_equal(n, sizeof text);
    assert_memory_equal(text, back, n);
    (void)sp_stream_finish(pair.server);
    assert_int_equal(sp_stream_read(pair.client, back, sizeof back), 0);
    tls_pair_close(&pair);
}

static void name_that_is_not_ours_gets_its_alert(void **state)
{
    struct tls_shown shown = tls_shown_default();

    (void)state;
    tls_pair_open(&pair, &shown, "mta-sts.example.com", SP_TLS_VERIFY);
    tls_pair_handshake(&pair);
    assert_int_equal(pair.client_ready, SP_E_TLS_ALERT);
    assert_string_equal(sp_stream_error(pair.client),
                        "the peer sent the TLS alert unrecognized_name (112)");
    assert_int_equal(pair.server_ready, SP_E_TLS);
    assert_non_null(strstr(sp_stream_error(pair.server), "mta-sts.example.com"));
    assert_int_equal(shown.asked, 1);
    tls_pair_close(&pair);
}

static void failing_lookup_gives_internal_error(void **state)
{
    struct tls_shown shown = tls_shown_default();

    (void)state;
    shown.fails = SP_E_IO;
    tls_pair_open(&pair, &shown, HOST, SP_TLS_VERIFY);
    tls_pair_handshake(&pair);
    assert_string_equal(sp_stream_error(pair.client),
                        "the peer sent the TLS alert internal_error (80)");
    tls_pair_close(&pair);

    shown = tls_shown_default();
    shown.key = sp_span("no key", 6);
    tls_pair_open(&pair, &shown, HOST, SP_TLS_VERIFY);
    tls_pair_handshake(&pair);
    assert_string_equal(sp_stream_error(pair.client),
                        "the peer sent the TLS alert internal_error (80)");
    tls_pair_close(&pair);
}

/* Feeds raw bytes to a server; its answer is left in end 0. Returns what ready() gives at last. */
static int raw(struct tls_shown *shown, const void *bytes, size_t n)
{
    struct sp_stream *server = NULL;
    int ret = SP_E_AGAIN;

    pipe_init(&pair.pipe);
    assert_int_equal(sp_tls_accept(pipe_stream(&pair.pipe, 0), tls_pair_lookup, shown, &server), 0);
    assert_int_equal(sp_stream_write(pipe_stream(&pair.pipe, 1), bytes, n, false), (int)n);
    for (int i = 0; i < 20 && ret == SP_E_AGAIN; i++) {
        ret = sp_stream_ready(server);
    }
    sp_stream_release(server);
    return ret;
}

static void answered_with_alert(uint8_t alert)
{
    const struct pipe_end *end = &pair.pipe.end[0];

    assert_true(end->visible >= 7);
    assert_int_equal(end->data[0], 21);
    assert_int_equal(end->data[5], 2);
    assert_int_equal(end->data[6], alert);
}

/* A ClientHello without a name, of TLS 1.2 or 1.3, in pieces of `piece` bytes a record. */
static size_t hello(uint8_t *out, bool tls13, size_t piece, size_t padding)
{
    static const uint8_t common[] = {
        0x00, 0x0a, 0x00, 0x04, 0x00, 0x02, 0x00, 0x1d,                     /* groups: x25519 */
        0x00, 0x0b, 0x00, 0x02, 0x01, 0x00,                                 /* points */
        0x00, 0x0d, 0x00, 0x06, 0x00, 0x04, 0x04, 0x03, 0x08, 0x04};        /* signatures */
    static const uint8_t v13[] = {0x00, 0x2b, 0x00, 0x03, 0x02, 0x03, 0x04, /* versions */
                                  0x00, 0x2d, 0x00, 0x02, 0x01, 0x01,       /* psk modes */
                                  0x00, 0x33, 0x00, 0x26, 0x00, 0x24,       /* key share */
                                  0x00, 0x1d, 0x00, 0x20};
    uint8_t body[4200];
    size_t n = 0;
    size_t out_n = 0;
    size_t extensions;

    body[n++] = 1;
    n += 3; /* length */
    body[n++] = 3;
    body[n++] = 3;
    memset(body + n, 0x42, 32);
    n += 32;
    body[n++] = 0; /* session */
    memcpy(body + n, "\x00\x06\x13\x01\xc0\x2b\x00\xff\x01\x00", 10);
    n += 10;
    extensions = n;
    n += 2;
    memcpy(body + n, common, sizeof common);
    n += sizeof common;
    if (tls13) {
        memcpy(body + n, v13, sizeof v13);
        n += sizeof v13;
        memset(body + n, 9, 32);
        n += 32;
    }
    if (padding > 0) {
        const uint8_t head[] = {0x00, 0x15, (uint8_t)(padding >> 8), (uint8_t)padding};

        memcpy(body + n, head, 4);
        memset(body + n + 4, 0, padding);
        n += 4 + padding;
    }
    body[extensions] = (uint8_t)((n - extensions - 2) >> 8);
    body[extensions + 1] = (uint8_t)(n - extensions - 2);
    body[1] = 0;
    body[2] = (uint8_t)((n - 4) >> 8);
    body[3] = (uint8_t)(n - 4);
    for (size_t at = 0; at < n; at += piece) {
        size_t take = n - at < piece ? n - at : piece;
        const uint8_t head[] = {22, 3, 1, (uint8_t)(take >> 8), (uint8_t)take};

        memcpy(out + out_n, head, 5);
        memcpy(out + out_n + 5, body + at, take);
        out_n += 5 + take;
    }
    return out_n;
}

static void no_name_gets_the_alert_of_its_version(void **state)
{
    static const struct {
        bool tls13;
        size_t piece, padding;
        uint8_t alert;
    } rows[] = {
        {true, 16384, 0, 109},    {false, 16384, 0, 40},    {true, 100, 0, 109},
        {false, 100, 0, 40},      {true, 16384, 1800, 109}, {true, 500, 1800, 109},
        {true, 16384, 3800, 109}, {false, 700, 3000, 40},
    };
    struct tls_shown shown = tls_shown_default();
    size_t base = sp_port_use(SP_POOL_TLS).used;
    uint8_t bytes[9000];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t n = hello(bytes, rows[i].tls13, rows[i].piece, rows[i].padding);

        assert_int_equal(raw(&shown, bytes, n), SP_E_TLS);
        answered_with_alert(rows[i].alert);
        assert_int_equal(sp_port_use(SP_POOL_TLS).used, base);
    }
    assert_int_equal(shown.asked, 0);
}

static void large_records_get_record_overflow(void **state)
{
    static const uint8_t record[] = {22, 3, 1, 0x20, 0x00, 1, 0, 0x1f, 0xfc};
    struct tls_shown shown = tls_shown_default();
    uint8_t bytes[9000];
    size_t n;

    (void)state;
    assert_int_equal(raw(&shown, record, sizeof record), SP_E_TLS);
    answered_with_alert(22);
    /* One message in many records that grows over the buffer */
    n = hello(bytes, true, 500, 4050);
    assert_int_equal(raw(&shown, bytes, n), SP_E_TLS);
    answered_with_alert(22);
}

/* The beginning of a record of 4 KB, which is more than a request has room for. */
static int say_large(struct tls_pair *to)
{
    static const uint8_t head[] = {23, 3, 3, 0x10, 0};
    char text[100];

    assert_int_equal(sp_stream_write(pipe_stream(&to->pipe, 1), head, sizeof head, false),
                     sizeof head);
    return sp_stream_read(to->server, text, sizeof text);
}

/* Another client, which leaves without a word. */
static void established_alone(struct tls_pair *one, struct tls_shown *shown)
{
    tls_pair_open(one, shown, HOST, SP_TLS_VERIFY);
    tls_pair_handshake(one);
    assert_int_equal(one->server_ready, 1);
    one->pipe.end[1].ended = true;
    sp_stream_release(one->client);
    one->client = NULL;
    one->pipe.end[1].ended = false;
}

static void one_connection_grows_for_a_large_record(void **state)
{
    static struct tls_pair others[2];
    struct tls_shown shown = tls_shown_default();
    size_t base = sp_port_use(SP_POOL_TLS).used;
    size_t used;

    (void)state;
    established_alone(&others[0], &shown);
    established(&shown);
    used = sp_port_use(SP_POOL_TLS).used;
    assert_int_equal(say_large(&others[0]), SP_E_AGAIN);
    assert_in_range(sp_port_use(SP_POOL_TLS).used - used, 14000, 14600);
    sp_tls_shrink(others[0].server); /* it holds the beginning, which fits */
    assert_int_equal(sp_port_use(SP_POOL_TLS).used, used);
    assert_int_equal(say_large(&others[0]), SP_E_AGAIN); /* more of the same record */
    assert_true(sp_port_use(SP_POOL_TLS).used > used + 14000);
    /* The next one is refused as it always was. */
    assert_int_equal(say_large(&pair), SP_E_TLS);
    assert_int_equal(sp_stream_read(pair.client, &shown, 1), SP_E_TLS_ALERT);
    assert_string_equal(sp_stream_error(pair.client),
                        "the peer sent the TLS alert record_overflow (22)");
    tls_pair_close(&pair);
    tls_pair_close(&others[0]);
    assert_int_equal(sp_port_use(SP_POOL_TLS).used, base);
}

static void a_large_record_that_is_none_fails(void **state)
{
    static uint8_t sent[1400];
    struct tls_shown shown = tls_shown_default();
    char text[1500];

    (void)state;
    established(&shown);
    assert_int_equal(say_large(&pair), SP_E_AGAIN); /* any content is no record, though */
    memset(sent, 'x', sizeof sent);
    tls_pair_send(pair.client, sent, sizeof sent);
    tls_pair_send(pair.client, sent, sizeof sent);
    tls_pair_send(pair.client, sent, sizeof sent);
    assert_int_equal(sp_stream_read(pair.server, text, sizeof text), SP_E_TLS);
    assert_string_equal(sp_stream_error(pair.server), "a TLS record was changed on the way");
    tls_pair_close(&pair);
}

static void a_large_record_needs_room(void **state)
{
    struct tls_shown shown = tls_shown_default();
    void *lent;

    (void)state;
    established(&shown);
    sp_stream_release(pair.client);
    pair.client = NULL;
    tls_pair_close(&pair);
    sp_port_set_limit(SP_POOL_TLS, SP_TLS_POOL);
    established_alone(&pair, &shown);
    lent = sp_tls_lend(SP_TLS_POOL - SP_TLS_POOL / 5, NULL, NULL); /* 53 KB on a board */
    assert_non_null(lent);
    assert_int_equal(say_large(&pair), SP_E_TLS);
    tls_pair_close(&pair);
    sp_tls_give_back(lent);
    sp_port_set_limit(SP_POOL_TLS, SIZE_MAX);
}

static unsigned revoked;

static void revoke(void *ctx)
{
    assert_ptr_equal(ctx, &revoked);
    revoked++;
}

static void what_is_lent_comes_back_when_a_client_waits(void **state)
{
    static struct pipe pipe;
    struct tls_shown shown = tls_shown_default();
    size_t base = sp_port_use(SP_POOL_TLS).used;
    struct sp_stream *stream = NULL;
    void *lent;

    (void)state;
    revoked = 0;
    test_now += SP_TLS_LEASE_MS; /* whatever a former test wanted */
    sp_port_set_limit(SP_POOL_TLS, SP_TLS_POOL);
    lent = sp_tls_lend(SP_TLS_POOL / 2, revoke, &revoked);
    assert_non_null(lent);
    assert_null(sp_tls_lend(1, revoke, &revoked)); /* one at a time */
    pipe_init(&pipe);
    assert_int_equal(sp_tls_connect(pipe_stream(&pipe, 1), HOST, SP_TLS_VERIFY, &stream),
                     SP_E_MEMORY);
    assert_false(pipe.end[1].released);
    assert_int_equal(revoked, 0);
    test_now += SP_TLS_LEASE_MS - 1;
    assert_int_equal(sp_tls_connect(pipe_stream(&pipe, 1), HOST, SP_TLS_VERIFY, &stream),
                     SP_E_MEMORY);
    test_now += 1;
    assert_int_equal(sp_tls_connect(pipe_stream(&pipe, 1), HOST, SP_TLS_VERIFY, &stream), 0);
    assert_int_equal(revoked, 1);
    sp_tls_give_back(lent);                                      /* it has gone */
    assert_null(sp_tls_lend(SP_TLS_POOL / 2, revoke, &revoked)); /* while the client is at work */
    sp_stream_release(stream);
    assert_null(sp_tls_lend(SP_TLS_POOL / 2, revoke, &revoked)); /* nor just after it */
    test_now += SP_TLS_LEASE_MS;
    lent = sp_tls_lend(SP_TLS_POOL / 2, revoke, &revoked);
    assert_non_null(lent);
    sp_tls_give_back(lent);
    assert_int_equal(revoked, 1);
    assert_int_equal(sp_port_use(SP_POOL_TLS).used, base);
    sp_port_set_limit(SP_POOL_TLS, SIZE_MAX);
    (void)shown;
}

/* Whether a handshake may begin, which then ends. */
static int begin_handshake(struct tls_shown *shown)
{
    static struct pipe pipe;
    struct sp_stream *stream = NULL;
    int err;

    pipe_init(&pipe);
    err = sp_tls_accept(pipe_stream(&pipe, 0), tls_pair_lookup, shown, &stream);
    if (err == 0) {
        sp_stream_release(stream);
    }
    return err;
}

static void what_is_lent_comes_back_when_a_stranger_waits(void **state)
{
    struct tls_shown shown = tls_shown_default();
    size_t base = sp_port_use(SP_POOL_TLS).used;

    (void)state;
    revoked = 0;
    test_now += SP_TLS_LEASE_MS;
    sp_port_set_limit(SP_POOL_TLS, SP_TLS_POOL);
    established_alone(&pair, &shown);
    /* Hardly more than a client's share: it is in nobody's way … */
    assert_non_null(sp_tls_lend(SP_TLS_POOL * 6 / 10, revoke, &revoked));
    test_now += 10 * SP_TLS_LEASE_MS;
    assert_int_equal(begin_handshake(&shown), 0);
    assert_int_equal(revoked, 0);
    /* … but with what a connection has grown by, it is. */
    assert_int_equal(say_large(&pair), SP_E_AGAIN);
    assert_int_equal(begin_handshake(&shown), 0);
    assert_int_equal(revoked, 1);
    tls_pair_close(&pair);
    assert_int_equal(sp_port_use(SP_POOL_TLS).used, base);
    sp_port_set_limit(SP_POOL_TLS, SIZE_MAX);
}

static void a_grown_connection_goes_when_a_client_waits(void **state)
{
    static struct tls_pair others[SP_TLS_SERVERS];
    static struct pipe pipe;
    struct tls_shown shown = tls_shown_default();
    size_t base = sp_port_use(SP_POOL_TLS).used;
    struct sp_stream *stream = NULL;
    char text[10];

    (void)state;
    test_now += SP_TLS_LEASE_MS;
    for (unsigned i = 0; i < SP_TLS_SERVERS; i++) {
        established_alone(&others[i], &shown);
    }
    sp_port_set_limit(SP_POOL_TLS, SP_TLS_POOL - SP_TLS_POOL / 8); /* 58 KB on a board */
    assert_int_equal(say_large(&others[1]), SP_E_AGAIN);
    pipe_init(&pipe);
    assert_int_equal(sp_tls_connect(pipe_stream(&pipe, 1), HOST, SP_TLS_VERIFY, &stream),
                     SP_E_MEMORY);
    test_now += SP_TLS_LEASE_MS;
    assert_int_equal(sp_tls_connect(pipe_stream(&pipe, 1), HOST, SP_TLS_VERIFY, &stream), 0);
    assert_int_equal(sp_stream_read(others[1].server, text, sizeof text), SP_E_MEMORY);
    assert_int_equal(sp_stream_write(others[1].server, text, sizeof text, false), SP_E_MEMORY);
    assert_int_equal(sp_stream_finish(others[1].server), SP_E_MEMORY);
    sp_tls_shrink(others[1].server);
    assert_int_equal(sp_stream_read(others[0].server, text, sizeof text), SP_E_AGAIN);
    sp_stream_release(stream);
    for (unsigned i = 0; i < SP_TLS_SERVERS; i++) {
        tls_pair_close(&others[i]);
    }
    assert_int_equal(sp_port_use(SP_POOL_TLS).used, base);
    sp_port_set_limit(SP_POOL_TLS, SIZE_MAX);
}

static void rubbish_fails_and_leaks_nothing(void **state)
{
    struct tls_shown shown = tls_shown_default();
    size_t base = sp_port_use(SP_POOL_TLS).used;

    (void)state;
    assert_int_equal(raw(&shown, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 27), SP_E_TLS);
    assert_int_equal(sp_port_use(SP_POOL_TLS).used, base);
}

static void servers_beyond_the_table_wait(void **state)
{
    static struct pipe pipes[SP_TLS_SERVERS + 1];
    struct tls_shown shown = tls_shown_default();
    struct sp_stream *streams[SP_TLS_SERVERS + 1];

    (void)state;
    for (size_t i = 0; i < SP_TLS_SERVERS; i++) {
        pipe_init(&pipes[i]);
        assert_int_equal(
            sp_tls_accept(pipe_stream(&pipes[i], 0), tls_pair_lookup, &shown, &streams[i]), 0);
    }
    pipe_init(&pipes[SP_TLS_SERVERS]);
    assert_int_equal(sp_tls_accept(pipe_stream(&pipes[SP_TLS_SERVERS], 0), tls_pair_lookup, &shown,
                                   &streams[SP_TLS_SERVERS]),
                     SP_E_MEMORY);
    assert_false(pipes[SP_TLS_SERVERS].end[0].released);
    assert_int_equal(sp_tls_stats().servers, SP_TLS_SERVERS);
    sp_stream_release(streams[0]);
    assert_int_equal(
        sp_tls_accept(pipe_stream(&pipes[SP_TLS_SERVERS], 0), tls_pair_lookup, &shown, &streams[0]),
        0);
    for (size_t i = 0; i < SP_TLS_SERVERS; i++) {
        sp_stream_release(streams[i]);
    }
    assert_int_equal(sp_tls_stats().servers, 0);
}

static void memory_for_a_client_is_never_given_away(void **state)
{
    static struct pipe pipes[SP_TLS_SERVERS];
    static struct tls_pair others[SP_TLS_SERVERS];
    struct tls_shown shown = tls_shown_default();
    struct sp_stream *streams[SP_TLS_SERVERS];
    struct pipe *last = NULL;
    unsigned refused = sp_port_use(SP_POOL_TLS).refused;
    size_t n = 0;
    int err = 0;

    (void)state;
    sp_port_set_limit(SP_POOL_TLS, SP_TLS_POOL);
    while (err == 0 && n < SP_TLS_SERVERS) { /* strangers in the middle of a handshake */
        last = &pipes[n];
        pipe_init(last);
        err = sp_tls_accept(pipe_stream(last, 0), tls_pair_lookup, &shown, &streams[n]);
        n += err == 0 ? 1 : 0;
    }
    assert_int_equal(err, SP_E_AGAIN);
    assert_in_range(n, 2, SP_TLS_SERVERS - 1);
    assert_false(last->end[0].released);
    while (n > 0) {
        sp_stream_release(streams[--n]);
    }
    /* As many as there are contexts are let in one after the other, and stay. */
    for (n = 0; n < SP_TLS_SERVERS; n++) {
        tls_pair_open(&others[n], &shown, HOST, SP_TLS_VERIFY);
        assert_int_equal(others[n].server_ready, SP_E_AGAIN);
        tls_pair_handshake(&others[n]);
        assert_int_equal(others[n].client_ready, 1);
        assert_int_equal(others[n].server_ready, 1);
        sp_stream_release(others[n].client);
        others[n].client = NULL;
    }
    assert_int_equal(sp_port_use(SP_POOL_TLS).refused, refused);
    assert_true(sp_port_use(SP_POOL_TLS).limit - sp_port_use(SP_POOL_TLS).used >
                36352 * sizeof(void *) / 4);
    for (n = 0; n < SP_TLS_SERVERS; n++) {
        tls_pair_close(&others[n]);
    }
    sp_port_set_limit(SP_POOL_TLS, SIZE_MAX);
}

static void chain_too_long_for_a_record_is_shortened(void **state)
{
    struct tls_shown shown = tls_shown_default();
    static uint8_t big[SP_LEAF_MAX * 2];

    (void)state;
    /* A link that mbedTLS never gets to read */
    shown.link = sp_span(big, sizeof big);
    tls_pair_anchor = cert_inter;
    established(&shown);
    tls_pair_close(&pair);
    tls_pair_anchor = sp_span(NULL, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_sides_talk_and_end),
        cmocka_unit_test(long_data_arrives_whole),
        cmocka_unit_test(identity_is_dropped_after_the_handshake),
        cmocka_unit_test(scratch_of_the_lookup_is_given_back),
        cmocka_unit_test(cut_connection_is_not_an_end),
        cmocka_unit_test(flights_leave_in_one_segment_each),
        cmocka_unit_test(last_flight_of_the_client_leaves_with_its_data),
        cmocka_unit_test(single_bytes_and_narrow_pipes_are_enough),
        cmocka_unit_test(name_that_is_not_ours_gets_its_alert),
        cmocka_unit_test(failing_lookup_gives_internal_error),
        cmocka_unit_test(no_name_gets_the_alert_of_its_version),
        cmocka_unit_test(large_records_get_record_overflow),
        cmocka_unit_test(one_connection_grows_for_a_large_record),
        cmocka_unit_test(a_large_record_that_is_none_fails),
        cmocka_unit_test(a_large_record_needs_room),
        cmocka_unit_test(what_is_lent_comes_back_when_a_client_waits),
        cmocka_unit_test(what_is_lent_comes_back_when_a_stranger_waits),
        cmocka_unit_test(a_grown_connection_goes_when_a_client_waits),
        cmocka_unit_test(rubbish_fails_and_leaks_nothing),
        cmocka_unit_test(servers_beyond_the_table_wait),
        cmocka_unit_test(memory_for_a_client_is_never_given_away),
        cmocka_unit_test(chain_too_long_for_a_record_is_shortened),
    };

    return cmocka_run_group_tests(tests, tls_pair_start, NULL);
}
