/* The life of a call: addresses, connection, TLS; then http_transfer.c. */
#include "net/http_client.h"

#include "base/err.h"
#include "base/log.h"
#include "http_client_private.h"

#include <stdio.h>
#include <string.h>

#define KEEP_MS 15000 /* how long a connection is kept without a call */
#define RETRY_MS 100  /* while a TLS context is not to be had */
#define STEPS_MAX 32  /* in one call of sp_http_client_step */

struct sp_http_client sp_http_client;
static struct sp_http_client *const c = &sp_http_client;

static const struct {
    const char *name, *stage;
} states[] = {
    [SP_HTTP_IDLE] = {"idle", "done"},
    [SP_HTTP_DIAL] = {"dial", NULL}, /* the dial knows */
    [SP_HTTP_SECURE] = {"secure", "tls"},
    [SP_HTTP_HANDSHAKE] = {"handshake", "tls"},
    [SP_HTTP_SEND] = {"send", "request"},
    [SP_HTTP_READ_HEAD] = {"read-head", "response"},
    [SP_HTTP_READ_BODY] = {"read-body", "response"},
};

void sp_http_set_state(enum sp_http_state state)
{
    sp_log(SP_LOG_DEBUG, "http", "call: %s -> %s", states[c->state].name, states[state].name);
    c->state = state;
}

/* Connections */

static void drop_stream(void)
{
    if (c->stream != NULL) {
        sp_stream_release(c->stream);
    }
    c->stream = NULL;
    c->secured = false;
    c->kept.url.port = 0;
}

/* With a farewell to the peer, where there is one to say. */
static void close_stream(void)
{
    if (c->stream != NULL) {
        (void)sp_stream_finish(c->stream);
    }
    drop_stream();
}

static void keep_stream(sp_time now)
{
    c->kept.url = c->url;
    c->kept.address = c->result.address;
    c->kept.until = now + KEEP_MS;
}

static const struct sp_http_call borrower; /* nobody's, in place of a call */

void *sp_http_client_lend(size_t n)
{
    if (c->state != SP_HTTP_IDLE || c->call != NULL || n > sizeof c->buf) {
        return NULL;
    }
    close_stream();
    c->call = &borrower;
    memset(c->buf, 0, n);
    return c->buf;
}

void sp_http_client_give_back(void)
{
    if (c->call == &borrower) {
        c->call = NULL;
    }
}

void sp_http_client_drop(void)
{
    if (c->state == SP_HTTP_IDLE) {
        close_stream();
    }
}

static bool same_address(const struct sp_addr *wanted)
{
    return wanted->family == 0 || sp_addr_equal(wanted, &c->kept.address);
}

static bool kept_serves(const struct sp_http_call *call)
{
    return c->stream != NULL && c->kept.url.port == c->url.port &&
           c->kept.url.https == c->url.https && strcmp(c->kept.url.host, c->url.host) == 0 &&
           call->verify == SP_TLS_VERIFY && same_address(&call->address) &&
           (call->family == 0 || call->family == c->kept.address.family);
}

/* Beginning and end */

static void start_dialling(void)
{
    struct sp_addr given = c->call->address.family != 0 ? c->call->address : c->url.address;

    c->reused = false;
    if (given.family != 0) {
        sp_dial_begin_at(&c->dial, &given, c->url.port);
    } else {
        sp_dial_begin(&c->dial, c->url.host, c->url.port, c->call->family);
    }
    sp_http_set_state(SP_HTTP_DIAL);
}

static void start_sending(sp_time now)
{
    int err;

    c->sent = 0;
    c->answered = false;
    c->interim = 0;
    c->body_raw = 0;
    sp_http_set_state(SP_HTTP_SEND);
    err = sp_http_build_request();
    if (err == SP_E_SPACE) {
        sp_http_end(SP_E_TOO_BIG, "the request is too large", now);
    } else if (err < 0) {
        sp_http_end(err, sp_err_text(err), now);
    }
}

static void keep_report(void)
{
    if (!c->secured) {
        return;
    }
    c->result.tls = true;
    sp_tls_report(c->stream, &c->result.tls_report);
    if (c->call->peer != NULL && sp_tls_peer(c->stream, c->call->peer) == 0) {
        c->result.peer = c->call->peer;
    }
}

int sp_http_call_start(const struct sp_http_call *call, sp_time now)
{
    uint32_t timeout = call->timeout_ms != 0 ? call->timeout_ms : SP_HTTP_CLIENT_TIMEOUT_MS;

    if (c->state != SP_HTTP_IDLE || (c->call != NULL && c->call != call)) {
        return SP_E_AGAIN;
    }
    c->call = NULL;
    /* No certificate of ours could be checked against an address. */
    if (sp_url_parse(sp_span_str(call->url), &c->url) != 0 ||
        (c->url.https && c->url.address.family != 0)) {
        return SP_E_INVALID;
    }
    memset(&c->result, 0, sizeof c->result);
    c->call = call;
    sp_buf_init(&c->body, c->buf, sizeof c->buf);
    c->started = now;
    c->deadline = now + timeout;
    if (!kept_serves(call)) {
        close_stream();
        start_dialling();
        return 0;
    }
    c->reused = true;
    c->result.address = c->kept.address;
    start_sending(now);
    return 0;
}

bool sp_http_start_afresh(sp_time now)
{
    if (!c->reused || c->answered) {
        return false;
    }
    (void)now;
    drop_stream();
    memset(&c->result.address, 0, sizeof c->result.address);
    start_dialling();
    return true;
}

bool sp_http_call_done(const struct sp_http_call *call)
{
    return c->state == SP_HTTP_IDLE || c->call != call;
}

const struct sp_http_result *sp_http_call_result(const struct sp_http_call *call)
{
    return c->state == SP_HTTP_IDLE && c->call == call ? &c->result : NULL;
}

void sp_http_end(int err, const char *words, sp_time now)
{
    struct sp_http_result *result = &c->result;
    bool keeps = err == 0 && c->call->keep && !c->closes && c->call->verify == SP_TLS_VERIFY;

    keep_report();
    result->result = err;
    result->stage = err == 0                   ? "done"
                    : c->state == SP_HTTP_DIAL ? sp_dial_stage(&c->dial)
                                               : states[c->state].stage;
    (void)snprintf(result->detail, sizeof result->detail, "%s", words);
    result->elapsed_ms = (uint32_t)(now - c->started);
    if (c->state != SP_HTTP_READ_BODY) {
        sp_buf_reset(&c->body); /* buf holds something else */
    }
    c->body.p[c->body.len] = '\0'; /* a filter need not */
    result->body = sp_buf_span(&c->body);
    sp_dial_cancel(&c->dial);
    if (keeps) {
        keep_stream(now);
    } else if (err == 0) {
        close_stream();
    } else {
        drop_stream();
    }
    sp_http_set_state(SP_HTTP_IDLE);
}

void sp_http_call_release(const struct sp_http_call *call)
{
    if (c->call != call) {
        return;
    }
    if (c->state != SP_HTTP_IDLE) {
        sp_http_end(SP_E_CANCELLED, "cancelled", c->started);
    }
    c->call = NULL;
}

/* Connecting */

static bool dial(sp_time now)
{
    int ret = sp_dial_step(&c->dial, now, &c->stream);

    c->result.address = c->dial.address;
    if (ret == SP_E_AGAIN) {
        return false;
    }
    if (ret < 0) {
        sp_http_end(ret, c->dial.words, now);
    } else if (ret > 0 && c->url.https) {
        sp_http_set_state(SP_HTTP_SECURE);
    } else if (ret > 0) {
        start_sending(now);
    }
    return true;
}

/* TLS */

static bool secure(sp_time now)
{
    struct sp_stream *tls = NULL;
    int err = sp_tls_connect(c->stream, c->url.host, c->call->verify, &tls);

    /* Somebody else has the one context: it is asked for again until our time is up. */
    if (err == SP_E_MEMORY) {
        return false;
    }
    c->stream = tls;
    if (err != 0) {
        sp_http_end(err, sp_err_text(err), now);
        return true;
    }
    c->secured = true;
    c->handshake_until = now + SP_HANDSHAKE_TIMEOUT_MS;
    sp_http_set_state(SP_HTTP_HANDSHAKE);
    return true;
}

static bool handshake(sp_time now)
{
    int ready = sp_stream_ready(c->stream);

    if (ready == SP_E_AGAIN && now < c->handshake_until) {
        return false;
    }
    if (ready == SP_E_AGAIN) {
        sp_http_end(SP_E_TIMEOUT, "the TLS handshake took too long", now);
    } else if (ready < 0) {
        sp_http_end(ready, sp_stream_error(c->stream), now);
    } else {
        start_sending(now);
    }
    return true;
}

/* Steps */

static bool advance(sp_time now)
{
    switch (c->state) {
    case SP_HTTP_DIAL:
        return dial(now);
    case SP_HTTP_SECURE:
        return secure(now);
    case SP_HTTP_HANDSHAKE:
        return handshake(now);
    case SP_HTTP_SEND:
        return sp_http_send(now);
    case SP_HTTP_READ_HEAD:
        return sp_http_read_head(now);
    case SP_HTTP_READ_BODY:
        return sp_http_read_body(now);
    case SP_HTTP_IDLE:
        break;
    }
    return false;
}

/* Nothing may come on a kept connection: anything that does, its end too, is the end of it. */
static sp_time watch_kept(sp_time now)
{
    char byte;

    if (c->stream == NULL) {
        return SP_NEVER;
    }
    if (now >= c->kept.until || sp_stream_read(c->stream, &byte, 1) != SP_E_AGAIN) {
        close_stream();
        return SP_NEVER;
    }
    return c->kept.until;
}

static sp_time wake_at(sp_time now)
{
    if (c->state == SP_HTTP_SECURE) {
        return sp_time_min(c->deadline, now + RETRY_MS);
    }
    if (c->state == SP_HTTP_DIAL) {
        return sp_time_min(c->deadline, sp_dial_wake(&c->dial, now));
    }
    if (c->state == SP_HTTP_HANDSHAKE) {
        return sp_time_min(c->deadline, c->handshake_until);
    }
    return c->deadline;
}

static void time_is_up(sp_time now)
{
    const char *tried = c->reused ? "" : c->dial.words;
    char words[160];

    (void)snprintf(words, sizeof words, "not done after %u s%s%.100s",
                   (unsigned)((now - c->started) / 1000), tried[0] != '\0' ? "; " : "", tried);
    sp_http_end(SP_E_TIMEOUT, words, now);
}

/* Who has used streams or DNS says `now` once, so that net comes to step again. */
sp_time sp_http_client_step(sp_time now)
{
    uint32_t moved = sp_tls_stats().moved;

    for (int i = 0; i < STEPS_MAX; i++) {
        if (c->state == SP_HTTP_IDLE) {
            return i > 0 ? now : watch_kept(now);
        }
        if (now >= c->deadline) {
            time_is_up(now);
        } else if (!advance(now)) {
            return i > 0 || sp_tls_stats().moved != moved ? now : wake_at(now);
        }
    }
    return now;
}
