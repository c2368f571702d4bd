/* TLS streams: what servers and clients have in common.
 *
 * mbedTLS calls the two bio functions for each record. Sending says `more`, so that the carrier may
 * gather a flight; push() sends it when mbedTLS waits for the peer or a write is complete. */
#include "base/err.h"
#include "base/text.h"
#include "tls_private.h"

#include <mbedtls/psa_util.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define HANDSHAKE_STEPS 64 /* more than any handshake has */
#define READ_TRIES 16      /* messages that carry no data (tickets), in one call */

/* mbedTLS keeps its declaration to itself. */
int mbedtls_ssl_flush_output(mbedtls_ssl_context *ssl);

struct sp_tls_stats sp_tls_count;

struct sp_tls_stats sp_tls_stats(void)
{
    return sp_tls_count;
}

int sp_tls_start(void)
{
    int err = sp_crypto_start();

    if (err == 0) {
        err = sp_tls_server_start();
    }
    if (err == 0) {
        err = sp_tls_client_start();
    }
    return err;
}

int sp_tls_configure(mbedtls_ssl_config *conf, int endpoint)
{
    static const uint16_t groups[] = {
        MBEDTLS_SSL_IANA_TLS_GROUP_X25519, MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1,
        MBEDTLS_SSL_IANA_TLS_GROUP_SECP384R1, MBEDTLS_SSL_IANA_TLS_GROUP_NONE};

    mbedtls_ssl_config_init(conf);
    if (mbedtls_ssl_config_defaults(conf, endpoint, MBEDTLS_SSL_TRANSPORT_STREAM,
                                    MBEDTLS_SSL_PRESET_DEFAULT) != 0) {
        return SP_E_MEMORY;
    }
    mbedtls_ssl_conf_rng(conf, mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE);
    mbedtls_ssl_conf_min_tls_version(conf, MBEDTLS_SSL_VERSION_TLS1_2);
    mbedtls_ssl_conf_max_tls_version(conf, MBEDTLS_SSL_VERSION_TLS1_3);
    mbedtls_ssl_conf_groups(conf, groups);
    return 0;
}

void sp_tls_words(struct sp_tls *tls, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(tls->words, sizeof tls->words, format, args);
    va_end(args);
}

/* Between mbedTLS and the carrier */

static int carrier_failed(struct sp_tls *tls, int err)
{
    tls->carrier_err = err;
    return MBEDTLS_ERR_SSL_CONN_EOF;
}

static int bio_send(void *ctx, const unsigned char *buf, size_t n)
{
    struct sp_tls *tls = ctx;
    int sent = sp_stream_write(tls->carrier, buf, n, true);

    if (sent == SP_E_AGAIN) {
        return MBEDTLS_ERR_SSL_WANT_WRITE;
    }
    if (sent <= 0) {
        return carrier_failed(tls, sent);
    }
    sp_tls_count.moved += (uint32_t)sent;
    return sent;
}

static int bio_recv(void *ctx, unsigned char *buf, size_t n)
{
    struct sp_tls *tls = ctx;
    int got = sp_stream_read(tls->carrier, buf, n);

    if (got == SP_E_AGAIN) {
        tls->starved = true;
        return MBEDTLS_ERR_SSL_WANT_READ;
    }
    if (got < 0) {
        return carrier_failed(tls, got);
    }
    sp_tls_count.moved += (uint32_t)got;
    return got;
}

static void push(struct sp_tls *tls)
{
    (void)sp_stream_write(tls->carrier, "", 0, false);
}

static bool is_waiting(int mbed)
{
    return mbed == MBEDTLS_ERR_SSL_WANT_READ || mbed == MBEDTLS_ERR_SSL_WANT_WRITE;
}

/* Failures */

static int explain_alert(struct sp_tls *tls)
{
    uint8_t alert = tls->ssl.MBEDTLS_PRIVATE(in_msg)[1];

    tls->heard = alert;
    tls->old = alert == MBEDTLS_SSL_ALERT_MSG_PROTOCOL_VERSION;
    sp_tls_words(tls, "the peer sent the TLS alert %s (%u)", sp_tls_alert_name(alert), alert);
    return SP_E_TLS_ALERT;
}

static int explain_end(struct sp_tls *tls)
{
    if (tls->carrier_err != 0) {
        sp_tls_words(tls, "%s", sp_stream_error(tls->carrier));
    } else if (tls->state == SP_TLS_HANDSHAKING) {
        sp_tls_words(tls, "the peer ended the connection during the TLS handshake");
    } else {
        sp_tls_words(tls, "the connection ended without a TLS close_notify: data may be missing");
    }
    return tls->carrier_err != 0 ? tls->carrier_err : SP_E_CLOSED;
}

/* What may be met of a peer. mbedTLS has words for all its errors, in 13 KB. */
static void put_fault(struct sp_tls *tls, int mbed)
{
    static const struct {
        int mbed;
        const char *words;
    } faults[] = {
        {MBEDTLS_ERR_SSL_INVALID_RECORD, "what the peer sent is no TLS record"},
        {MBEDTLS_ERR_SSL_INVALID_MAC, "a TLS record was changed on the way"},
        {MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE, "the peer sent a TLS message out of turn"},
        {MBEDTLS_ERR_SSL_DECODE_ERROR, "a TLS message of the peer is malformed"},
        {MBEDTLS_ERR_SSL_ILLEGAL_PARAMETER, "a TLS message of the peer has a value not allowed"},
        {MBEDTLS_ERR_SSL_UNSUPPORTED_EXTENSION, "the peer uses a TLS extension not asked for"},
        {MBEDTLS_ERR_SSL_HANDSHAKE_FAILURE, "there is no TLS cipher or key exchange in common"},
        {MBEDTLS_ERR_SSL_BAD_CERTIFICATE, "the peer's certificate cannot be read"},
    };

    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        if (faults[i].mbed == mbed) {
            sp_tls_words(tls, "%s", faults[i].words);
            return;
        }
    }
    sp_tls_words(tls, "TLS failed with error -0x%04X of mbedTLS", (unsigned)-mbed);
}

static int explain(struct sp_tls *tls, int mbed)
{
    switch (mbed) {
    case MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE:
        return explain_alert(tls);
    case MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION:
        tls->old = true;
        sp_tls_words(tls, "the peer speaks no version of TLS from 1.2 on");
        return SP_E_TLS;
    case MBEDTLS_ERR_SSL_CONN_EOF:
        return explain_end(tls);
    case MBEDTLS_ERR_SSL_ALLOC_FAILED:
    case MBEDTLS_ERR_X509_ALLOC_FAILED:
    case MBEDTLS_ERR_PK_ALLOC_FAILED:
        sp_tls_words(tls, "not enough memory for TLS");
        return SP_E_MEMORY;
    case MBEDTLS_ERR_SSL_BAD_INPUT_DATA:
        if (tls->side->may_grow != NULL && tls->side->may_grow(tls)) {
            sp_tls_words(tls, "not enough memory for a large TLS record");
            return SP_E_MEMORY;
        }
        /* Within our use of it, only a record over the buffer's size gives this. */
        sp_tls_words(tls, "the peer sent a TLS record that is too large for us");
        return SP_E_TLS;
    default:
        put_fault(tls, mbed);
        return SP_E_TLS;
    }
}

/* mbedTLS sends alerts for most of its errors, but not for those of callbacks nor for large
 * records. */
static void send_alert(struct sp_tls *tls, int mbed)
{
    if (tls->alert == 0 && mbed == MBEDTLS_ERR_SSL_BAD_INPUT_DATA) {
        tls->alert = MBEDTLS_SSL_ALERT_MSG_RECORD_OVERFLOW;
    }
    if (tls->alert != 0) {
        (void)mbedtls_ssl_send_alert_message(&tls->ssl, MBEDTLS_SSL_ALERT_LEVEL_FATAL, tls->alert);
    }
}

static int fail(struct sp_tls *tls, int mbed)
{
    tls->err = tls->state == SP_TLS_HANDSHAKING ? tls->side->explain(tls, mbed) : 0;
    if (tls->err == 0) {
        tls->err = explain(tls, mbed);
    }
    if (tls->state == SP_TLS_HANDSHAKING) {
        sp_tls_count.failed++;
    }
    if (tls->carrier_err == 0) {
        send_alert(tls, mbed);
        /* So that releasing the carrier does not drop the alert. */
        (void)sp_stream_finish(tls->carrier);
    }
    tls->state = SP_TLS_FAILED;
    return tls->err;
}

/* The stream's functions */

static struct sp_tls *tls_of(struct sp_stream *stream)
{
    return (struct sp_tls *)(void *)stream;
}

/* Whether a record was too large, and is no more. */
static bool grown(struct sp_tls *tls, int mbed)
{
    return mbed == MBEDTLS_ERR_SSL_BAD_INPUT_DATA && tls->side->may_grow != NULL &&
           tls->side->may_grow(tls) && sp_tls_grow(&tls->ssl);
}

static int handshake(struct sp_tls *tls)
{
    int ret = 0;

    for (int i = 0; i < HANDSHAKE_STEPS && !mbedtls_ssl_is_handshake_over(&tls->ssl); i++) {
        ret = sp_tls_handshake_step(&tls->ssl);
        if (grown(tls, ret)) {
            ret = 0;
        }
        tls->side->stepped(tls);
        if (ret != 0) {
            break;
        }
    }
    if (is_waiting(ret)) {
        push(tls);
        return SP_E_AGAIN;
    }
    if (ret != 0 || !mbedtls_ssl_is_handshake_over(&tls->ssl)) {
        return fail(tls, ret != 0 ? ret : MBEDTLS_ERR_SSL_INTERNAL_ERROR);
    }
    tls->state = SP_TLS_OPEN;
    sp_tls_count.handshakes++;
    sp_tls_forget_handshake(&tls->ssl);
    sp_tls_trim(&tls->ssl, tls->side->in_buffer, SP_TLS_OUT_BUFFER);
    tls->side->opened(tls);
    return 1;
}

/* 1 when data may pass, SP_E_AGAIN, an error. */
static int tls_ready(struct sp_stream *stream)
{
    struct sp_tls *tls = tls_of(stream);

    if (tls->state == SP_TLS_HANDSHAKING) {
        return handshake(tls);
    }
    return tls->state == SP_TLS_FAILED ? tls->err : 1;
}

/* What an earlier call could not hand to the carrier goes first: 0, SP_E_AGAIN, an error. */
static int flush(struct sp_tls *tls)
{
    int ret = mbedtls_ssl_flush_output(&tls->ssl);

    if (is_waiting(ret)) {
        push(tls);
        return SP_E_AGAIN;
    }
    if (ret != 0) {
        return fail(tls, ret);
    }
    sp_tls_trim(&tls->ssl, 0, SP_TLS_OUT_BUFFER); /* if the handshake's last bytes had to wait */
    return 0;
}

static int read_result(struct sp_tls *tls, int ret)
{
    if (ret > 0) {
        return ret;
    }
    if (is_waiting(ret) || ret == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET) {
        push(tls);
        return SP_E_AGAIN;
    }
    if (ret == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
        tls->state = SP_TLS_PEER_ENDED;
        return 0;
    }
    return fail(tls, ret == 0 ? MBEDTLS_ERR_SSL_CONN_EOF : ret);
}

static int tls_read(struct sp_stream *stream, void *buf, size_t n)
{
    struct sp_tls *tls = tls_of(stream);
    int ret = tls_ready(stream);

    if (ret == 1) {
        ret = flush(tls);
    }
    if (ret != 0 && ret != SP_E_AGAIN) {
        return ret;
    }
    if (tls->state != SP_TLS_OPEN) {
        return tls->state == SP_TLS_PEER_ENDED ? 0 : ret;
    }
    tls->starved = false;
    for (int i = 0; i < READ_TRIES; i++) {
        ret = mbedtls_ssl_read(&tls->ssl, buf, n);
        if (grown(tls, ret)) {
            continue;
        }
        /* A ticket is passed over, and reported as a wish to read or by its own code. */
        if (tls->starved || (ret != MBEDTLS_ERR_SSL_WANT_READ &&
                             ret != MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET)) {
            break;
        }
    }
    return read_result(tls, ret);
}

/* A record that mbedTLS has built counts as taken, also when the carrier takes it later: so callers
 * need not come back with the very same bytes. */
static int tls_write(struct sp_stream *stream, const void *buf, size_t n, bool more)
{
    struct sp_tls *tls = tls_of(stream);
    int ret = tls_ready(stream);
    int room;

    if (ret == 1) {
        ret = tls->notified ? SP_E_STATE : flush(tls);
    }
    if (ret != 0) {
        return ret;
    }
    room = sp_tls_room(&tls->ssl);
    if (room <= 0) {
        return fail(tls, MBEDTLS_ERR_SSL_INTERNAL_ERROR);
    }
    if (n > (size_t)room) {
        n = (size_t)room;
    }
    if (n > 0) {
        ret = mbedtls_ssl_write(&tls->ssl, buf, n);
        if (ret < 0 && !is_waiting(ret)) {
            return fail(tls, ret);
        }
    }
    if (!more || is_waiting(ret)) {
        push(tls);
    }
    return (int)n;
}

static int tls_finish(struct sp_stream *stream)
{
    struct sp_tls *tls = tls_of(stream);
    int ret;

    if (tls->state == SP_TLS_FAILED) {
        return tls->err;
    }
    if (tls->state == SP_TLS_HANDSHAKING) {
        return sp_stream_finish(tls->carrier);
    }
    ret = flush(tls);
    if (ret == 0 && !tls->notified) {
        ret = mbedtls_ssl_close_notify(&tls->ssl);
        if (ret != 0 && !is_waiting(ret)) {
            return fail(tls, ret);
        }
        tls->notified = true;
        ret = flush(tls);
    }
    return ret == 0 ? sp_stream_finish(tls->carrier) : ret;
}

static void tls_release(struct sp_stream *stream)
{
    struct sp_tls *tls = tls_of(stream);

    tls->side->release(tls);
    mbedtls_ssl_free(&tls->ssl);
    sp_stream_release(tls->carrier);
    memset(tls, 0, sizeof *tls);
}

static const struct sp_addr *tls_peer(struct sp_stream *stream)
{
    return sp_stream_peer(tls_of(stream)->carrier);
}

static const char *tls_error(struct sp_stream *stream)
{
    return tls_of(stream)->words;
}

static const struct sp_stream_ops ops = {
    .read = tls_read,
    .write = tls_write,
    .finish = tls_finish,
    .release = tls_release,
    .ready = tls_ready,
    .peer = tls_peer,
    .error = tls_error,
};

int sp_tls_open(struct sp_tls *tls, const struct sp_tls_side *side, const mbedtls_ssl_config *conf,
                struct sp_stream *carrier, size_t in_buffer)
{
    memset(tls, 0, sizeof *tls);
    mbedtls_ssl_init(&tls->ssl);
    if (sp_tls_set_up(&tls->ssl, conf, in_buffer) != 0) {
        mbedtls_ssl_free(&tls->ssl);
        return SP_E_MEMORY;
    }
    mbedtls_ssl_set_bio(&tls->ssl, tls, bio_send, bio_recv, NULL);
    mbedtls_ssl_set_user_data_p(&tls->ssl, tls);
    tls->stream.ops = &ops;
    tls->side = side;
    tls->carrier = carrier;
    return 0;
}

/* mbedTLS's "TLS1-3-AES-128-GCM-SHA256" by its registered name, TLS_AES_128_GCM_SHA256. */
static void suite_name(const char *name, char *out, size_t cap)
{
    bool tls13 = name != NULL && strncmp(name, "TLS1-3-", 7) == 0;

    (void)snprintf(out, cap, "%s%s", tls13 ? "TLS-" : "",
                   name == NULL ? "" : name + (tls13 ? 7 : 0));
    for (; *out != '\0'; out++) {
        if (*out == '-') {
            *out = '_';
        }
    }
}

void sp_tls_report(struct sp_stream *stream, struct sp_tls_report *out)
{
    struct sp_tls *tls = tls_of(stream);

    memset(out, 0, sizeof *out);
    if (tls->state == SP_TLS_OPEN || tls->state == SP_TLS_PEER_ENDED) {
        (void)snprintf(out->version, sizeof out->version, "%s", mbedtls_ssl_get_version(&tls->ssl));
        suite_name(mbedtls_ssl_get_ciphersuite(&tls->ssl), out->suite, sizeof out->suite);
    }
    out->verify = tls->side->verdict(tls);
    out->old = tls->old;
}

void sp_tls_give_up(struct sp_tls *tls)
{
    mbedtls_ssl_free(&tls->ssl); /* and wiped: to be freed once more does no harm */
    tls->state = SP_TLS_FAILED;
    tls->err = SP_E_MEMORY;
    sp_tls_words(tls, "the memory of a large TLS record was needed for something else");
}

void sp_tls_shrink(struct sp_stream *stream)
{
    struct sp_tls *tls = tls_of(stream);

    if (tls->state == SP_TLS_OPEN) {
        sp_tls_trim(&tls->ssl, tls->side->in_buffer, SP_TLS_OUT_BUFFER);
    }
}

const char *sp_tls_name(struct sp_stream *stream)
{
    return tls_of(stream)->name;
}

uint8_t sp_tls_alert(struct sp_stream *stream)
{
    const struct sp_tls *tls = tls_of(stream);

    return tls->heard != 0 ? tls->heard : tls->alert;
}

int sp_tls_peer(struct sp_stream *stream, struct sp_cert_info *out)
{
    struct sp_tls *tls = tls_of(stream);
    const mbedtls_x509_crt *leaf =
        mbedtls_ssl_is_handshake_over(&tls->ssl) != 0 ? mbedtls_ssl_get_peer_cert(&tls->ssl) : NULL;

    return leaf != NULL ? sp_cert_read(sp_span(leaf->raw.p, leaf->raw.len), out) : SP_E_NOT_FOUND;
}
