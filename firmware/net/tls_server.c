/* The server's side of TLS: which identity to show, and small record buffers.
 *
 * ALPN: "http/1.1" is confirmed when offered, since every library that senders use offers it
 * (beside "h2" or alone). A client that offers only what we do not speak gets
 * no_application_protocol, as RFC 7301 3.2 demands: it could not go on anyway. */
#include "base/err.h"
#include "base/log.h"
#include "base/port.h"
#include "base/scratch.h"
#include "base/text.h"
#include "sp_port.h"
#include "tls_private.h"

#include <mbedtls/pk.h>
#include <mbedtls/psa_util.h>
#include <mbedtls/x509_crt.h>
#include <string.h>

/* What a Certificate message may take of an outgoing record; each link costs five bytes more. */
#define CHAIN_MAX (MBEDTLS_SSL_OUT_CONTENT_LEN - 64)
#define LINK_OVERHEAD 5

struct server {
    struct sp_tls tls; /* the first member */
    size_t weight;     /* SP_TLS_SHAKES, … WAITS, … OPEN_N; 0: free */
    sp_time grown_at;  /* when its inbound buffer grew */
    sp_tls_lookup lookup;
    void *ctx;
    bool chosen; /* the identity below is in use, until the handshake is over */
    mbedtls_x509_crt chain;
    mbedtls_pk_context key;
};

static struct server servers[SP_TLS_SERVERS];
static mbedtls_ssl_config config;

static struct server *server_of(struct sp_tls *tls)
{
    return (struct server *)(void *)tls;
}

static void drop_identity(struct server *server)
{
    mbedtls_x509_crt_free(&server->chain);
    mbedtls_pk_free(&server->key);
}

/* Links that one message cannot hold are left off, those next to the root first: most clients have
 * the upper ones themselves. */
static unsigned links_that_fit(const struct server *server, const struct sp_tls_identity *identity)
{
    size_t room = CHAIN_MAX;
    unsigned n = 0;

    while (n < identity->links && identity->chain[n].n + LINK_OVERHEAD <= room) {
        room -= identity->chain[n].n + LINK_OVERHEAD;
        n++;
    }
    if (n < identity->links) {
        sp_log_warn("tls", "%s: the chain is too long, %u of %u certificates are sent",
                    server->tls.name, n, identity->links);
    }
    return n;
}

/* 0 or an mbedTLS error. */
static int load_identity(struct server *server, const struct sp_tls_identity *identity)
{
    unsigned links = links_that_fit(server, identity);
    int err = links > 0 ? 0 : MBEDTLS_ERR_SSL_BAD_CONFIG;

    for (unsigned i = 0; i < links && err == 0; i++) {
        err =
            mbedtls_x509_crt_parse_der(&server->chain, identity->chain[i].p, identity->chain[i].n);
    }
    if (err == 0) {
        err = mbedtls_pk_parse_key(&server->key, identity->key.p, identity->key.n, NULL, 0,
                                   mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE);
    }
    if (err == 0) {
        err = mbedtls_ssl_set_hs_own_cert(&server->tls.ssl, &server->chain, &server->key);
    }
    return err;
}

static int refuse(struct server *server, uint8_t alert, int mbed)
{
    server->tls.alert = alert;
    return mbed;
}

/* 0, an error of the lookup, an mbedTLS error. What the lookup takes of the scratch memory is given
 * back here. */
static int find_identity(struct server *server)
{
    struct sp_tls_identity identity = {.links = 0};
    size_t mark = sp_scratch_mark();
    int err = server->lookup(server->ctx, server->tls.name, &identity);

    if (err == 0) {
        err = load_identity(server, &identity);
    }
    sp_scratch_release(mark);
    return err;
}

static int show_identity(struct server *server)
{
    int err = find_identity(server);

    if (err == SP_E_NOT_FOUND) {
        return refuse(server, MBEDTLS_SSL_ALERT_MSG_UNRECOGNIZED_NAME,
                      MBEDTLS_ERR_SSL_UNRECOGNIZED_NAME);
    }
    if (err != 0) {
        return refuse(server, MBEDTLS_SSL_ALERT_MSG_INTERNAL_ERROR, MBEDTLS_ERR_SSL_INTERNAL_ERROR);
    }
    server->chosen = true;
    return 0;
}

static int no_name(struct server *server)
{
    bool tls13 = mbedtls_ssl_get_version_number(&server->tls.ssl) == MBEDTLS_SSL_VERSION_TLS1_3;

    return refuse(server,
                  tls13 ? MBEDTLS_SSL_ALERT_MSG_MISSING_EXTENSION
                        : MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE,
                  MBEDTLS_ERR_SSL_HANDSHAKE_FAILURE);
}

/* mbedTLS calls it after it has read a ClientHello; under TLS 1.3 a second time when it had to ask
 * for another key share. It sends no alert when this fails. */
static int choose(mbedtls_ssl_context *ssl)
{
    struct server *server = mbedtls_ssl_get_user_data_p(ssl);
    char name[SP_DOMAIN_SIZE];
    size_t n = 0;
    const unsigned char *sni = mbedtls_ssl_get_hs_sni(ssl, &n);

    if (sni == NULL || n == 0) {
        return no_name(server);
    }
    if (sp_hostname(sp_span(sni, n), name) != 0) {
        return refuse(server, MBEDTLS_SSL_ALERT_MSG_UNRECOGNIZED_NAME,
                      MBEDTLS_ERR_SSL_UNRECOGNIZED_NAME);
    }
    if (server->chosen) {
        return strcmp(name, server->tls.name) == 0
                   ? 0
                   : refuse(server, MBEDTLS_SSL_ALERT_MSG_ILLEGAL_PARAMETER,
                            MBEDTLS_ERR_SSL_ILLEGAL_PARAMETER);
    }
    memcpy(server->tls.name, name, sizeof name);
    return show_identity(server);
}

/* After the ClientHello only small messages come in; once our flight is out, with chain and
 * signature, only small ones go out. */
static void stepped(struct sp_tls *tls)
{
    struct server *server = server_of(tls);
    int state = tls->ssl.MBEDTLS_PRIVATE(state);

    if (state == MBEDTLS_SSL_SERVER_HELLO) {
        sp_tls_trim(&tls->ssl, SP_TLS_REQUEST_BUFFER, SIZE_MAX);
    }
    if (state >= MBEDTLS_SSL_CLIENT_KEY_EXCHANGE && state <= MBEDTLS_SSL_CLIENT_FINISHED &&
        tls->ssl.MBEDTLS_PRIVATE(out_left) == 0) {
        drop_identity(server);
        sp_tls_trim(&tls->ssl, SP_TLS_REQUEST_BUFFER, SP_TLS_OUT_BUFFER);
        server->weight = SP_TLS_WAITS;
    }
}

static void opened(struct sp_tls *tls)
{
    drop_identity(server_of(tls));
    server_of(tls)->weight = SP_TLS_OPEN_N;
    /* The last flight of a server is complete; a client's leaves with its first data. */
    (void)sp_stream_write(tls->carrier, "", 0, false);
}

static int explain(struct sp_tls *tls, int mbed)
{
    (void)mbed;
    if (tls->alert == 0) {
        return 0;
    }
    sp_tls_words(tls, "the client was refused with the TLS alert %s (%u); it asked for %s",
                 sp_tls_alert_name(tls->alert), tls->alert,
                 tls->name[0] != '\0' ? tls->name : "no valid name");
    return SP_E_TLS;
}

static void release(struct sp_tls *tls)
{
    drop_identity(server_of(tls));
    server_of(tls)->weight = 0;
    sp_tls_count.servers--;
}

static int verdict(const struct sp_tls *tls)
{
    (void)tls; /* of a client nothing is asked */
    return 0;
}

size_t sp_tls_servers_weigh(void)
{
    size_t weight = 0;

    for (size_t i = 0; i < SP_TLS_SERVERS; i++) {
        weight += servers[i].weight;
    }
    return weight;
}

static struct server *grown(void)
{
    for (size_t i = 0; i < SP_TLS_SERVERS; i++) {
        if (servers[i].weight == SP_TLS_OPEN_N && sp_tls_growth(&servers[i].tls.ssl) > 0) {
            return &servers[i];
        }
    }
    return NULL;
}

size_t sp_tls_servers_growth(sp_time *since)
{
    const struct server *server = grown();

    *since = server != NULL ? server->grown_at : 0;
    return server != NULL ? sp_tls_growth(&server->tls.ssl) : 0;
}

void sp_tls_server_cut(void)
{
    struct server *server = grown();

    if (server != NULL) {
        sp_tls_give_up(&server->tls);
        server->weight = 0;
    }
}

/* One at a time, once its handshake is done: those are strangers. */
static bool may_grow(struct sp_tls *tls)
{
    struct server *server = server_of(tls);
    bool may = tls->state == SP_TLS_OPEN && grown() == NULL &&
               sp_tls_fits(sp_tls_servers_weigh(), SP_TLS_GROWTH);

    server->grown_at = may ? sp_port_mono_ms() : server->grown_at;
    return may;
}

static const struct sp_tls_side side = {.in_buffer = SP_TLS_REQUEST_BUFFER,
                                        .may_grow = may_grow,
                                        .stepped = stepped,
                                        .opened = opened,
                                        .explain = explain,
                                        .release = release,
                                        .verdict = verdict};

int sp_tls_server_start(void)
{
    static const char *protocols[] = {"http/1.1", NULL};
    int err = sp_tls_configure(&config, MBEDTLS_SSL_IS_SERVER);

    if (err != 0) {
        return err;
    }
    mbedtls_ssl_conf_cert_cb(&config, choose);
    return mbedtls_ssl_conf_alpn_protocols(&config, protocols) == 0 ? 0 : SP_E_MEMORY;
}

static struct server *free_server(void)
{
    for (size_t i = 0; i < SP_TLS_SERVERS; i++) {
        if (servers[i].tls.carrier == NULL) {
            return &servers[i];
        }
    }
    return NULL;
}

/* 0 when one more handshake may begin beside those under way, whoever our own client talks to;
 * SP_E_AGAIN when it may once these are done, SP_E_MEMORY. */
static int admit(void)
{
    bool shaking = false;

    if (sp_tls_server_fits(sp_tls_servers_weigh() + SP_TLS_SHAKES)) {
        return 0;
    }
    for (size_t i = 0; i < SP_TLS_SERVERS; i++) {
        shaking = shaking || servers[i].weight > SP_TLS_OPEN_N;
    }
    return shaking ? SP_E_AGAIN : SP_E_MEMORY;
}

int sp_tls_accept(struct sp_stream *carrier, sp_tls_lookup lookup, void *ctx,
                  struct sp_stream **out)
{
    struct server *server = free_server();
    int err = server != NULL ? admit() : SP_E_MEMORY;

    if (err == 0) {
        err = sp_tls_open(&server->tls, &side, &config, carrier, SP_TLS_IN_BUFFER);
    }
    if (err != 0) {
        return err;
    }
    server->weight = SP_TLS_SHAKES;
    mbedtls_x509_crt_init(&server->chain);
    mbedtls_pk_init(&server->key);
    server->lookup = lookup;
    server->ctx = ctx;
    server->chosen = false;
    sp_tls_count.servers++;
    if (sp_tls_count.servers > sp_tls_count.servers_peak) {
        sp_tls_count.servers_peak = sp_tls_count.servers;
    }
    *out = &server->tls.stream;
    return 0;
}
