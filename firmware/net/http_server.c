/* The HTTP server's connections, each a small state machine:
 *
 *   waiting -> handshake -> reading <-> answering -> ending
 *                           reading  -> receiving -> answering
 *
 * Plain connections begin with reading. An answer lies where its request was read; the one large
 * buffer takes those that do not fit there, in turn: the request stays where it is until then, and
 * its handler is asked again. */
#include "net/http_server.h"

#include "base/err.h"
#include "base/log.h"
#include "base/scratch.h"
#include "http_answer.h"
#include "http_body.h"
#include "net/http_request.h"
#include "net/net.h"
#include "sp_port.h"

#include <string.h>

#define LISTENERS 3
#define RETRY_MS 100   /* while something that others hold is not free */
#define ENDING_MS 5000 /* to hand the last bytes to the network */
#define STEPS_MAX 8    /* of one connection in one step of the server */
#define SILENT_MS 2000 /* a client that is silent for so long goes when others wait */
#define PAUSE_MS 500   /* between two requests, that nobody is taken to be idle for */
#define TURN 16        /* requests on a connection while others wait for one */
#define SLOW_MS 3000   /* one that takes nothing of its answer, when others wait for the buffer */
/* net lets in more than there are slots, and those that it ended to make room for others keep their
 * places until they are stepped. */
#define WAITING SP_TCP_INBOUND

enum state { FREE, WAITING_FOR_TLS, HANDSHAKE, READING, RECEIVING, ANSWERING, ENDING };

struct listener {
    uint16_t port;
    sp_tls_lookup lookup; /* NULL: no TLS */
    sp_http_handler handler;
    void *ctx;                         /* for both */
    const struct sp_http_taker *taker; /* of bodies; NULL: nobody */
};

struct connection {
    enum state state;
    struct sp_stream *stream;
    const struct listener *listener;
    sp_time since, deadline;
    sp_time heard; /* when bytes last went either way */
    unsigned requests;
    bool closes; /* after the answer under way */
    char buf[SP_HTTP_HEADER_MAX];
    size_t buf_n;
    bool queues;  /* a request is there whole, and its answer waits for the large buffer */
    char *answer; /* what is to be sent, at the end of buf or in `large`; NULL: nothing */
    size_t answer_n;
};

struct arrival {
    struct sp_stream *stream; /* NULL: none */
    const struct listener *listener;
    sp_time since;
};

static struct listener listeners[LISTENERS];
static unsigned listeners_n;
static struct connection connections[SP_HTTP_CONNECTIONS];
static struct arrival arrivals[WAITING];
static struct {
    struct connection *owner; /* NULL: free */
    char bytes[SP_HTTP_RESPONSE_MAX];
} large;
/* The one body that is being received. */
static struct {
    struct connection *owner; /* NULL: none */
    struct sp_http_framing framing;
    sp_time until;
    size_t ready; /* bytes of it at the front of the owner's buf */
    bool again;   /* the taker is to be called, also without any */
    bool keep_alive;
} body;
static struct sp_http_server_stats stats;
static sp_http_refused on_refused;
/* What somebody waits for in this step, who wants a TLS context. */
static enum { NOTHING, A_HANDSHAKE_TO_END, A_CONNECTION_TO_END } tls_waits_for;

struct sp_http_server_stats sp_http_server_stats(void)
{
    return stats;
}

void sp_http_on_refused(sp_http_refused refused)
{
    on_refused = refused;
}

/* Slots */

static void set_state(struct connection *c, enum state state, sp_time now, sp_time timeout)
{
    c->state = state;
    c->since = now;
    c->deadline = now + timeout;
}

static void forget_answer(struct connection *c)
{
    if (large.owner == c) {
        large.owner = NULL;
    }
    c->answer = NULL;
    c->queues = false;
}

/* Whoever takes its body hears no more of it. */
static void forget_body(struct connection *c, bool tell)
{
    if (body.owner != c) {
        return;
    }
    body.owner = NULL;
    if (tell) {
        c->listener->taker->drop(c->listener->taker->ctx);
    }
}

static void drop(struct connection *c)
{
    sp_stream_release(c->stream);
    forget_body(c, true);
    forget_answer(c);
    c->stream = NULL;
    c->buf_n = 0;
    c->state = FREE;
    stats.busy--;
}

static void open_connection(struct connection *c, struct sp_stream *stream,
                            const struct listener *listener, sp_time now)
{
    c->stream = stream;
    c->listener = listener;
    c->heard = now;
    c->requests = 0;
    c->closes = false;
    c->buf_n = 0;
    if (listener->lookup != NULL) {
        set_state(c, WAITING_FOR_TLS, now, SP_HANDSHAKE_TIMEOUT_MS);
    } else {
        set_state(c, READING, now, SP_HTTP_HEADER_TIMEOUT_MS);
    }
    if (++stats.busy > stats.busy_peak) {
        stats.busy_peak = stats.busy;
    }
}

static struct connection *find_free(void)
{
    for (size_t i = 0; i < SP_HTTP_CONNECTIONS; i++) {
        if (connections[i].state == FREE) {
            return &connections[i];
        }
    }
    return NULL;
}

static bool is_idle(const struct connection *c, sp_time now)
{
    return c->state == READING && c->requests > 0 && c->buf_n == 0 && now >= c->heard + PAUSE_MS;
}

/* Lets go of the connection that has been idle longest after an answer; with tls_only, of one that
 * holds a TLS context. False when there is none, or when the end of its answer has yet to be handed
 * to the network: then it goes as soon as it was. */
static bool evict_idle(bool tls_only, sp_time now)
{
    struct connection *oldest = NULL;

    for (size_t i = 0; i < SP_HTTP_CONNECTIONS; i++) {
        struct connection *c = &connections[i];

        if (is_idle(c, now) && !(tls_only && c->listener->lookup == NULL) &&
            (oldest == NULL || c->since < oldest->since)) {
            oldest = c;
        }
    }
    if (oldest == NULL) {
        return false;
    }
    if (sp_stream_finish(oldest->stream) == SP_E_AGAIN) {
        set_state(oldest, ENDING, now, ENDING_MS);
        return false;
    }
    drop(oldest);
    return true;
}

/* Whose end would be of use: anybody's, that of one on a TLS port, of one in a TLS handshake. */
enum scope { ALL, SECURE, SHAKING };

static bool is_within(const struct connection *c, enum scope scope)
{
    return scope == ALL || (scope == SECURE && c->listener->lookup != NULL) ||
           c->state == HANDSHAKE;
}

static bool is_silent(const struct connection *c, sp_time now)
{
    return (c->state == HANDSHAKE || c->state == RECEIVING ||
            (c->state == READING && !c->queues)) &&
           now >= c->heard + SILENT_MS;
}

/* Lets go of the connection that owes us something and has been silent longest, so that strangers
 * who say nothing cannot keep senders and the CA out. Only after all connections were stepped: what
 * has come in meanwhile is then heard. */
static bool evict_silent(enum scope scope, sp_time now)
{
    struct connection *oldest = NULL;

    for (size_t i = 0; i < SP_HTTP_CONNECTIONS; i++) {
        struct connection *c = &connections[i];

        if (is_silent(c, now) && is_within(c, scope) &&
            (oldest == NULL || c->heard < oldest->heard)) {
            oldest = c;
        }
    }
    if (oldest == NULL) {
        return false;
    }
    drop(oldest);
    return true;
}

/* Arrivals */

static struct arrival *first_arrival(void)
{
    struct arrival *first = NULL;

    for (size_t i = 0; i < WAITING; i++) {
        if (arrivals[i].stream != NULL && (first == NULL || arrivals[i].since < first->since)) {
            first = &arrivals[i];
        }
    }
    return first;
}

static bool is_dead(struct sp_stream *stream)
{
    int ready = sp_stream_ready(stream);

    return ready < 0 && ready != SP_E_AGAIN;
}

static void forget_arrival(struct arrival *arrival)
{
    sp_stream_release(arrival->stream);
    arrival->stream = NULL;
}

static void forget_dead_arrivals(void)
{
    for (size_t i = 0; i < WAITING; i++) {
        if (arrivals[i].stream != NULL && is_dead(arrivals[i].stream)) {
            forget_arrival(&arrivals[i]);
        }
    }
}

/* Called by net. A free slot is taken at once: many may come in one step of net. */
static void arrived(void *ctx, struct sp_stream *stream)
{
    struct connection *c;
    sp_time now = sp_port_mono_ms();

    forget_dead_arrivals();
    c = first_arrival() == NULL ? find_free() : NULL;
    if (c != NULL) {
        open_connection(c, stream, ctx, now);
        return;
    }
    for (size_t i = 0; i < WAITING; i++) {
        if (arrivals[i].stream == NULL) {
            arrivals[i] = (struct arrival){.stream = stream, .listener = ctx, .since = now};
            return;
        }
    }
    sp_stream_release(stream);
}

/* Gives arrivals a slot, in their order. When they wait after this, nothing was free or idle. */
static bool seat_arrivals(sp_time now)
{
    struct connection *c = find_free();
    struct arrival *first;

    forget_dead_arrivals();
    first = first_arrival();
    if (first == NULL) {
        return false;
    }
    if (c == NULL && (evict_idle(false, now) || evict_silent(ALL, now))) {
        c = find_free();
    }
    if (c != NULL) {
        open_connection(c, first->stream, first->listener, now);
        first->stream = NULL;
        return true;
    }
    if (now >= first->since + SP_HANDSHAKE_TIMEOUT_MS) {
        forget_arrival(first);
        return true;
    }
    return false;
}

/* TLS */

static bool is_first_for_tls(const struct connection *c)
{
    for (size_t i = 0; i < SP_HTTP_CONNECTIONS; i++) {
        const struct connection *other = &connections[i];

        if (other->state == WAITING_FOR_TLS && other->since < c->since) {
            return false;
        }
    }
    return true;
}

static bool somebody_waits(void)
{
    for (size_t i = 0; i < SP_HTTP_CONNECTIONS; i++) {
        if (connections[i].state == WAITING_FOR_TLS) {
            return true;
        }
    }
    return first_arrival() != NULL;
}

static bool start_tls(struct connection *c, sp_time now)
{
    int err;

    if (is_dead(c->stream)) {
        drop(c);
        return true;
    }
    if (!is_first_for_tls(c)) {
        return false;
    }
    err = sp_tls_accept(c->stream, c->listener->lookup, c->listener->ctx, &c->stream);
    if (err == SP_E_AGAIN) {
        tls_waits_for = A_HANDSHAKE_TO_END;
        return false;
    }
    if (err == SP_E_MEMORY) {
        bool made_room = evict_idle(true, now);
        tls_waits_for = made_room ? NOTHING : A_CONNECTION_TO_END;
        return made_room;
    }
    set_state(c, HANDSHAKE, now, SP_HANDSHAKE_TIMEOUT_MS);
    return true;
}

static void tell_refused(const struct connection *c, int err)
{
    const char *host = sp_tls_name(c->stream);

    if (on_refused != NULL && host[0] != '\0' &&
        (err == SP_E_TLS || err == SP_E_TLS_ALERT || err == SP_E_MEMORY)) {
        on_refused(host, sp_stream_peer(c->stream), sp_tls_alert(c->stream));
    }
}

static bool shake_hands(struct connection *c, sp_time now)
{
    uint32_t moved = sp_tls_stats().moved;
    int ready = sp_stream_ready(c->stream);

    if (sp_tls_stats().moved != moved) {
        c->heard = now;
    }
    if (ready == SP_E_AGAIN) {
        return false;
    }
    if (ready < 0) {
        tell_refused(c, ready);
        drop(c);
        return true;
    }
    set_state(c, READING, now, SP_HTTP_HEADER_TIMEOUT_MS);
    return true;
}

/* Requests and answers */

/* Whether no other connection has waited longer for the large buffer. */
static bool is_first_for_large(const struct connection *c)
{
    for (size_t i = 0; i < SP_HTTP_CONNECTIONS; i++) {
        const struct connection *other = &connections[i];

        if (other != c && other->queues && (!c->queues || other->heard < c->heard)) {
            return false;
        }
    }
    return true;
}

/* When somebody waits for the large buffer: until when its owner may take nothing of what is in it;
 * otherwise SP_NEVER. */
static sp_time large_until(void)
{
    for (size_t i = 0; i < SP_HTTP_CONNECTIONS; i++) {
        if (connections[i].queues && large.owner != NULL) {
            return large.owner->heard + SLOW_MS;
        }
    }
    return SP_NEVER;
}

/* Room for an answer of n bytes, when the first `taken` bytes of what was read are dealt with: NULL
 * when it has to wait for the large buffer. */
static char *room_for(struct connection *c, size_t taken, size_t n)
{
    if (n <= sizeof c->buf - (c->buf_n - taken)) {
        return c->buf + sizeof c->buf - n;
    }
    return large.owner == NULL && is_first_for_large(c) ? large.bytes : NULL;
}

/* Ends the work on the request: `taken` bytes of what was read. False when there is no room for the
 * answer. */
static bool start_answer(struct connection *c, size_t taken, const struct sp_http_answer *answer,
                         int status, sp_time now)
{
    size_t n = answer->head.n + answer->tail.n;
    char *room = room_for(c, taken, n);

    c->queues = room == NULL;
    if (room == NULL) {
        return false;
    }
    if (room == large.bytes) {
        large.owner = c;
    }
    c->buf_n -= taken;
    memmove(c->buf, c->buf + taken, c->buf_n);
    sp_http_answer_copy(answer, room);
    c->answer = room;
    c->answer_n = n;
    stats.answered[status / 100]++;
    set_state(c, ANSWERING, now, SP_HTTP_IDLE_TIMEOUT_MS);
    return true;
}

/* An answer of our own to what is no request; the connection ends with it. */
static void reject(struct connection *c, int status, sp_time now)
{
    struct sp_http_response response = {.status = status};
    struct sp_http_answer answer;
    size_t mark = sp_scratch_mark();

    stats.rejected++;
    c->closes = true;
    status = sp_http_answer_finish(&answer, &response, false, true, sp_port_utc_s());
    (void)start_answer(c, c->buf_n, &answer, status, now); /* there is room: nothing else is kept */
    sp_scratch_release(mark);
}

static void describe(const struct connection *c, const struct sp_http_asked *asked,
                     struct sp_tls_report *tls, struct sp_http_request *out)
{
    *out = (struct sp_http_request){.method = asked->method,
                                    .path = asked->path,
                                    .query = asked->query,
                                    .tls = c->listener->lookup != NULL,
                                    .tls_version = tls->version,
                                    .port = c->listener->port,
                                    .peer = sp_stream_peer(c->stream),
                                    .content_type = asked->content_type};
    memset(tls, 0, sizeof *tls);
    if (out->tls) {
        sp_tls_report(c->stream, tls);
    }
    memcpy(out->host, asked->host, sizeof out->host);
}

static void ask_handler(struct connection *c, const struct sp_http_asked *asked,
                        struct sp_http_response *response)
{
    struct sp_tls_report tls;
    struct sp_http_request request;

    describe(c, asked, &tls, &request);
    c->listener->handler(c->listener->ctx, &request, response);
}

/* Over TLS, the host that a request names is the one that the handshake did. */
static bool is_misdirected(const struct connection *c, const struct sp_http_asked *asked)
{
    return c->listener->lookup != NULL && strcmp(asked->host, sp_tls_name(c->stream)) != 0;
}

/* The response to a request; status 0: none. */
static void respond(struct connection *c, const struct sp_http_asked *asked,
                    struct sp_http_response *response)
{
    if (is_misdirected(c, asked)) {
        response->status = 421;
    } else {
        ask_handler(c, asked, response);
    }
    if (response->status < 100 || response->status > 599) {
        response->status = 0;
    }
}

/* The request takes the first n bytes of what was read. False when its answer has to wait. */
static bool answer_request(struct connection *c, const struct sp_http_asked *asked, size_t n,
                           sp_time now)
{
    struct sp_http_answer answer;
    struct sp_http_response response = {.headers = &answer.extra, .body = &answer.body};
    bool head_only = sp_span_is(asked->method, "HEAD");
    int status;

    sp_http_answer_init(&answer);
    respond(c, asked, &response);
    if (response.status == 0) {
        stats.requests++;
        drop(c);
        return true;
    }
    c->closes = !asked->keep_alive ||
                c->requests + 1 >= (somebody_waits() ? TURN : SP_HTTP_REQUESTS_PER_CONNECTION);
    status = sp_http_answer_finish(&answer, &response, head_only, c->closes, sp_port_utc_s());
    if (!start_answer(c, n, &answer, status, now)) {
        return false;
    }
    stats.requests++;
    c->requests++;
    return true;
}

static bool serve(struct connection *c, const struct sp_http_asked *asked, size_t n, sp_time now)
{
    size_t mark = sp_scratch_mark();
    bool done = answer_request(c, asked, n, now);

    sp_scratch_release(mark);
    return done;
}

/* Bodies */

#define BODY_ANSWER 256 /* bytes of the answer's own header lines, and of its body */

static void init_answer(struct sp_http_answer *answer, struct sp_http_response *response)
{
    sp_buf_init(&answer->extra, sp_scratch_take(BODY_ANSWER), BODY_ANSWER);
    sp_buf_init(&answer->body, sp_scratch_take(BODY_ANSWER), BODY_ANSWER);
    *response = (struct sp_http_response){.headers = &answer->extra, .body = &answer->body};
}

/* The answer to a request with a body. What else was read is forgotten: then the connection ends
 * with it. */
static void answer_body(struct connection *c, struct sp_http_answer *answer,
                        const struct sp_http_response *response, bool closes, sp_time now)
{
    int status;

    c->closes = closes || c->requests + 1 >= SP_HTTP_REQUESTS_PER_CONNECTION;
    status = sp_http_answer_finish(answer, response, false, c->closes, sp_port_utc_s());
    (void)start_answer(c, c->buf_n, answer, status, now); /* there is room: nothing else is kept */
    stats.requests++;
    c->requests++;
}

static bool is_wanted(struct connection *c, const struct sp_http_asked *asked, sp_time now,
                      struct sp_http_response *response)
{
    const struct sp_http_taker *taker = c->listener->taker;
    struct sp_tls_report tls;
    struct sp_http_request request;

    if (is_misdirected(c, asked)) {
        response->status = 421;
        return false;
    }
    if (body.owner != NULL) {
        response->status = 503;
        sp_buf_puts(response->headers, "Retry-After: 30\r\n");
        return false;
    }
    response->status =
        sp_http_framing_begin(&body.framing, asked->chunked, asked->length, taker->max);
    if (response->status != 0) {
        return false;
    }
    while (evict_idle(true, now)) { /* it may want what these hold of the pool */
        ;
    }
    describe(c, asked, &tls, &request);
    return taker->begin(taker->ctx, &request, response);
}

/* The body's bytes among those that were read go to the front. False: an answer says why not. */
static bool unframe(struct connection *c, size_t n, sp_time now)
{
    size_t rest = 0;
    int status = sp_http_framing_take(&body.framing, c->buf, n, &body.ready, &rest);

    if (status != 0) {
        forget_body(c, true);
        reject(c, status, now);
        return false;
    }
    c->buf_n = body.ready + rest;
    return true;
}

static void start_body(struct connection *c, const struct sp_http_asked *asked, size_t head_n,
                       sp_time now)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";

    body.owner = c;
    body.until = now + SP_HTTP_BODY_TIMEOUT_MS;
    body.again = false;
    body.keep_alive = asked->keep_alive;
    if (asked->expects && asked->has_body) {
        /* A client that does not get it sends its body after a while all the same. */
        (void)sp_stream_write(c->stream, go_on, sizeof go_on - 1, false);
    }
    memmove(c->buf, c->buf + head_n, c->buf_n - head_n);
    set_state(c, RECEIVING, now, SP_HTTP_HEADER_TIMEOUT_MS);
    (void)unframe(c, c->buf_n - head_n, now);
}

/* A POST to the taker's path, whose head takes the first n bytes of what was read. */
static void begin_body(struct connection *c, const struct sp_http_asked *asked, size_t n,
                       sp_time now)
{
    size_t mark = sp_scratch_mark();
    struct sp_http_answer answer;
    struct sp_http_response response;

    init_answer(&answer, &response);
    if (is_wanted(c, asked, now, &response)) {
        start_body(c, asked, n, now);
    } else {
        answer_body(c, &answer, &response, true, now);
    }
    sp_scratch_release(mark);
}

static void end_body(struct connection *c, bool whole, sp_time now)
{
    const struct sp_http_taker *taker = c->listener->taker;
    size_t mark = sp_scratch_mark();
    struct sp_http_answer answer;
    struct sp_http_response response;

    init_answer(&answer, &response);
    forget_body(c, false);
    taker->end(taker->ctx, whole, &response);
    answer_body(c, &answer, &response, !whole || !body.keep_alive || c->buf_n > 0, now);
    sp_scratch_release(mark);
}

static bool feed_taker(struct connection *c, sp_time now)
{
    const struct sp_http_taker *taker = c->listener->taker;
    struct sp_span bytes = sp_span(c->buf, body.ready);
    int err = taker->take(taker->ctx, &bytes);
    size_t taken = body.ready - bytes.n;

    memmove(c->buf, c->buf + taken, c->buf_n - taken);
    c->buf_n -= taken;
    body.ready -= taken;
    body.again = err == SP_E_AGAIN;
    if (err != 0 && err != SP_E_AGAIN) {
        end_body(c, false, now);
    }
    return true;
}

static bool receive(struct connection *c, sp_time now)
{
    int n;

    if (body.ready > 0 || body.again) {
        return feed_taker(c, now);
    }
    if (body.framing.whole) {
        end_body(c, true, now);
        return true;
    }
    n = sp_stream_read(c->stream, c->buf, sizeof c->buf);
    if (n == SP_E_AGAIN) {
        return false;
    }
    if (n <= 0) {
        drop(c);
        return true;
    }
    c->heard = now;
    c->deadline = sp_time_min(body.until, now + SP_HTTP_HEADER_TIMEOUT_MS);
    (void)unframe(c, (size_t)n, now);
    return true;
}

static bool is_for_taker(const struct connection *c, const struct sp_http_asked *asked)
{
    const struct sp_http_taker *taker = c->listener->taker;

    return taker != NULL && sp_span_is(asked->method, "POST") &&
           sp_span_is(asked->path, taker->path);
}

/* True when what was read has been dealt with; false when more is needed, or an answer's buffer. */
static bool take_request(struct connection *c, sp_time now)
{
    struct sp_http_asked asked;
    int n = sp_http_request_parse(sp_span(c->buf, c->buf_n), &asked);

    if (n > 0 && is_for_taker(c, &asked)) {
        begin_body(c, &asked, (size_t)n, now);
        return true;
    }
    if (n > 0 && !asked.has_body) {
        return serve(c, &asked, (size_t)n, now);
    }
    if (n == SP_E_AGAIN && c->buf_n < sizeof c->buf) {
        return false;
    }
    reject(c, n > 0 ? 413 : n == SP_E_AGAIN ? 431 : asked.status, now);
    return true;
}

static bool read_more(struct connection *c, sp_time now)
{
    int n;

    if (c->buf_n == sizeof c->buf) {
        return false;
    }
    n = sp_stream_read(c->stream, c->buf + c->buf_n, sizeof c->buf - c->buf_n);
    if (n == SP_E_AGAIN) {
        return false;
    }
    if (n <= 0) {
        if (n == 0) {
            (void)sp_stream_finish(c->stream);
        }
        drop(c);
        return true;
    }
    if (c->buf_n == 0) {
        c->deadline = now + SP_HTTP_HEADER_TIMEOUT_MS;
    }
    c->buf_n += (size_t)n;
    c->heard = now;
    return true;
}

static bool read_request(struct connection *c, sp_time now)
{
    if (c->buf_n > 0 && take_request(c, now)) {
        return true;
    }
    return read_more(c, now);
}

static bool send_answer(struct connection *c, sp_time now)
{
    int n = sp_stream_write(c->stream, c->answer, c->answer_n, false);

    if (n == SP_E_AGAIN) {
        return false;
    }
    if (n < 0) {
        drop(c);
        return true;
    }
    c->answer += n;
    c->answer_n -= (size_t)n;
    c->heard = now;
    if (c->answer_n > 0) {
        return true;
    }
    forget_answer(c);
    if (c->listener->lookup != NULL) {
        sp_tls_shrink(c->stream);
    }
    if (c->closes) {
        set_state(c, ENDING, now, ENDING_MS);
    } else {
        set_state(c, READING, now,
                  c->buf_n > 0 ? SP_HTTP_HEADER_TIMEOUT_MS : SP_HTTP_IDLE_TIMEOUT_MS);
    }
    return true;
}

/* net goes on to take and throw away what the client still sends, so that it gets the answer before
 * any reset. */
static bool end(struct connection *c)
{
    if (sp_stream_finish(c->stream) == SP_E_AGAIN) {
        return false;
    }
    drop(c);
    return true;
}

/* Steps */

static void time_is_up(struct connection *c, sp_time now)
{
    if (c->state == READING && c->buf_n > 0 && (c->queues || !c->closes)) {
        reject(c, c->queues ? 503 : 408, now);
        return;
    }
    if (c->state == RECEIVING) {
        forget_body(c, true);
        reject(c, 408, now);
        return;
    }
    if (c->state == READING) {
        (void)sp_stream_finish(c->stream);
    }
    drop(c);
}

static bool advance(struct connection *c, sp_time now)
{
    switch (c->state) {
    case FREE:
        return false;
    case WAITING_FOR_TLS:
        return start_tls(c, now);
    case HANDSHAKE:
        return shake_hands(c, now);
    case READING:
        return read_request(c, now);
    case RECEIVING:
        return receive(c, now);
    case ANSWERING:
        return send_answer(c, now);
    case ENDING:
        return end(c);
    }
    return false;
}

/* True when it did something. */
static bool step_connection(struct connection *c, sp_time now)
{
    for (int i = 0; i < STEPS_MAX; i++) {
        if (c->state != FREE && now >= c->deadline) {
            time_is_up(c, now);
        } else if (!advance(c, now)) {
            return i > 0;
        }
    }
    return true;
}

static sp_time wake_at(sp_time now)
{
    sp_time at = sp_time_min(somebody_waits() ? now + RETRY_MS : SP_NEVER, large_until());

    for (size_t i = 0; i < SP_HTTP_CONNECTIONS; i++) {
        if (connections[i].state != FREE) {
            at = sp_time_min(at, connections[i].deadline);
        }
    }
    return at;
}

sp_time sp_http_server_step(sp_time now)
{
    uint32_t moved = sp_tls_stats().moved;
    bool worked = false;

    tls_waits_for = NOTHING;
    for (size_t i = 0; i < SP_HTTP_CONNECTIONS; i++) {
        worked = step_connection(&connections[i], now) || worked;
    }
    if (tls_waits_for != NOTHING) {
        worked =
            evict_silent(tls_waits_for == A_HANDSHAKE_TO_END ? SHAKING : SECURE, now) || worked;
    }
    if (now >= large_until()) {
        drop(large.owner);
        worked = true;
    }
    while (seat_arrivals(now)) {
        worked = true;
    }
    return worked || sp_tls_stats().moved != moved ? now : wake_at(now);
}

int sp_http_serve(uint16_t port, sp_tls_lookup lookup, sp_http_handler handler, void *ctx)
{
    struct listener *listener = &listeners[listeners_n];
    int err;

    if (listeners_n == LISTENERS) {
        return SP_E_MEMORY;
    }
    *listener = (struct listener){.port = port, .lookup = lookup, .handler = handler, .ctx = ctx};
    err = sp_tcp_listen(port, arrived, listener);
    if (err == 0) {
        listeners_n++;
    }
    return err;
}

void sp_http_take_bodies(uint16_t port, const struct sp_http_taker *taker)
{
    for (unsigned i = 0; i < listeners_n; i++) {
        if (listeners[i].port == port) {
            listeners[i].taker = taker;
        }
    }
}
