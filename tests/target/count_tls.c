/*
 * Handshakes and requests. The client is the firmware's own (net/tls), the server its policy host;
 * between them lies a pipe. Each is stepped in turn, and what its steps take is its share.
 */
#include "board.h"
#include "count.h"
#include "net/http_server.h"
#include "pipe_stream.h"

#include <mbedtls/ssl.h>
#include <stdio.h>
#include <string.h>

#define ROUNDS 100

enum { CLIENT = 0, SERVER = 1 }; /* ends of the pipe */

/* What the client offers in place of what the firmware has set. */
static const struct offer {
    const char *name;
    bool tls12;
    uint16_t groups[3]; /* ended by NONE; of TLS 1.2 the curves of certificates, too */
} offers[] = {
    {"tls13-x25519", false, {MBEDTLS_SSL_IANA_TLS_GROUP_X25519}},
    {"tls13-p256", false, {MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1}},
    {"tls12-x25519",
     true,
     {MBEDTLS_SSL_IANA_TLS_GROUP_X25519, MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1}},
    {"tls12-p256", true, {MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1}},
};
static const struct offer *offered; /* NULL: what the firmware has set */

static struct pipe pipe;
static struct sp_stream *client;
static uint64_t server_share, client_share;
static unsigned trips;

int __real_mbedtls_ssl_setup(mbedtls_ssl_context *ssl, const mbedtls_ssl_config *conf);
int __wrap_mbedtls_ssl_setup(mbedtls_ssl_context *ssl, const mbedtls_ssl_config *conf);

/* The firmware's configurations are not const: only mbedTLS's parameter is. */
int __wrap_mbedtls_ssl_setup(mbedtls_ssl_context *ssl, const mbedtls_ssl_config *conf)
{
    mbedtls_ssl_config *own = (mbedtls_ssl_config *)(uintptr_t)conf;

    if (offered != NULL && mbedtls_ssl_conf_get_endpoint(conf) == MBEDTLS_SSL_IS_CLIENT) {
        mbedtls_ssl_conf_max_tls_version(own, offered->tls12 ? MBEDTLS_SSL_VERSION_TLS1_2
                                                             : MBEDTLS_SSL_VERSION_TLS1_3);
        mbedtls_ssl_conf_groups(own, offered->groups);
    }
    return __real_mbedtls_ssl_setup(ssl, conf);
}

/* --- both sides, in turn --- */

static void step_server(void)
{
    uint64_t began = count_now();
    unsigned before = pipe.end[SERVER].segments;
    sp_time now = board_clock_ms();

    for (unsigned i = 0; i < ROUNDS && sp_http_server_step(now) <= now; i++) {
        now = board_clock_ms();
    }
    server_share += count_now() - began;
    trips += pipe.end[SERVER].segments > before ? 1 : 0;
}

/* True when the client's handshake is done. */
static bool step_handshake(void)
{
    uint64_t began = count_now();
    int ready = sp_stream_ready(client);

    client_share += count_now() - began;
    if (ready < 0 && ready != SP_E_AGAIN) {
        count_need(ready, sp_stream_error(client));
    }
    return ready == 1;
}

static void ask(const char *host)
{
    char text[SP_DOMAIN_SIZE + 120];
    uint64_t began = count_now();
    int n = snprintf(text, sizeof text,
                     "GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: %s\r\n"
                     "User-Agent: sealpost-count\r\nAccept: */*\r\n\r\n",
                     host);

    count_need(sp_stream_write(client, text, (size_t)n, false) == n ? 0 : SP_E_IO, "the request");
    client_share += count_now() - began;
}

/* True when an answer has come, which is a policy. */
static bool step_answer(void)
{
    static char text[1024];
    uint64_t began = count_now();
    int n = sp_stream_read(client, text, sizeof text - 1);

    client_share += count_now() - began;
    if (n == SP_E_AGAIN) {
        return false;
    }
    count_need(n, "the answer");
    text[n] = '\0';
    if (strncmp(text, "HTTP/1.1 200", 12) != 0 || strstr(text, "version: STSv1") == NULL) {
        count_need(SP_E_PROTOCOL, "the answer is no policy");
    }
    return true;
}

/* --- a connection --- */

static void connect_to(const char *host)
{
    uint64_t began;

    pipe_init(&pipe);
    server_share = client_share = 0;
    trips = 0;
    began = count_now();
    count_need(sp_tls_connect(pipe_stream(&pipe, CLIENT), host, SP_TLS_VERIFY, &client), "connect");
    client_share += count_now() - began;
    count_arrive(pipe_stream(&pipe, SERVER));
    for (unsigned i = 0; i < ROUNDS; i++) {
        if (step_handshake()) {
            return;
        }
        step_server();
    }
    count_need(SP_E_TIMEOUT, "the handshake");
}

static void fetch(const char *host)
{
    ask(host);
    for (unsigned i = 0; i < ROUNDS; i++) {
        step_server();
        if (step_answer()) {
            return;
        }
    }
    count_need(SP_E_TIMEOUT, "the answer");
}

static void disconnect(void)
{
    (void)sp_stream_finish(client);
    sp_stream_release(client);
    step_server();
    count_need(pipe.end[SERVER].released ? 0 : SP_E_STATE, "the connection's end");
}

/* up: what the client has sent. */
static void tell(const char *name, const char *what, size_t up, size_t down)
{
    count_print("count %s%s total=%llu server=%llu client=%llu up=%u down=%u trips=%u", name, what,
                (unsigned long long)(server_share + client_share), (unsigned long long)server_share,
                (unsigned long long)client_share, (unsigned)up, (unsigned)down, trips);
}

void count_serve(const char *name, const char *host)
{
    connect_to(host);
    fetch(host);
    tell(name, "", pipe.end[CLIENT].total, pipe.end[SERVER].total);
    disconnect();
}

/* A second request on the connection, alone. */
static void serve_twice(const char *name, const char *host)
{
    size_t up;
    size_t down;

    connect_to(host);
    fetch(host);
    up = pipe.end[CLIENT].total;
    down = pipe.end[SERVER].total;
    tell(name, "", up, down);
    server_share = client_share = 0;
    trips = 0;
    fetch(host);
    tell(name, "-again", pipe.end[CLIENT].total - up, pipe.end[SERVER].total - down);
    disconnect();
}

void count_tls(void)
{
    char host[SP_DOMAIN_SIZE];

    count_host(0, host);
    count_shorten_chain();
    connect_to(host); /* what is done once after a start is not counted */
    fetch(host);
    disconnect();
    for (size_t i = 0; i < sizeof offers / sizeof offers[0]; i++) {
        offered = &offers[i];
        serve_twice(offered->name, host);
    }
}
