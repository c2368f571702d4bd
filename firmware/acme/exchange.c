/* One request to the CA, until there is an answer worth looking at. A nonce is fetched when none is
 * at hand; a refused nonce is replaced by the one that came with the refusal (RFC 8555 6.5); an
 * attempt without an answer, or that the CA asks to repeat later, is made again after a pause. */
#include "acme/client.h"

#include "acme/problem.h"
#include "base/err.h"
#include "base/log.h"
#include "base/scratch.h"

#include <string.h>

#define NONCES_MAX 20   /* refusals of nonces: at every second one, an order still comes through */
#define LOSSES_MAX 3    /* repetitions without an answer, or with a 5xx */
#define WAITS_MAX 5     /* repetitions after a 503 */
#define WAIT_MAX 180000 /* ms; a CA that asks for more gets another attempt some other time */
#define WAIT_FIRST 5000 /* ms, after a 503 that names no time */
#define LOSS_FIRST 1000 /* ms, each next pause is four times as long */
#define LOOK_AGAIN 100  /* ms */
#define OWN_TIMEOUT 10000   /* ms, for the self-test */
#define OWN_ANSWER_MAX 2048 /* bytes */
#define HEADER_SIZE 1200    /* of a signed request: every URL and the nonce at its bound */

void sp_acme_exchange_begin(struct sp_acme_client *c, enum sp_acme_method method, const char *url,
                            sp_acme_payload payload)
{
    struct sp_acme_exchange *x = &c->exchange;

    x->method = method;
    x->url = url;
    x->payload = payload;
    x->for_chain = false;
    x->family = 0;
    x->under_way = false;
    x->fetching_nonce = false;
    x->lost = false;
    x->error = 0;
    x->refused_nonces = 0;
    x->losses = 0;
    x->waits = 0;
    x->wake = 0;
}

struct sp_span sp_acme_answer(const struct sp_acme_client *c)
{
    return c->exchange.http != NULL ? c->exchange.http->body : sp_span(NULL, 0);
}

static bool is_signed(const struct sp_acme_exchange *x)
{
    return x->method == SP_ACME_POST_KEY || x->method == SP_ACME_POST_ACCOUNT;
}

/* A nonce is good for one request, whatever became of it. */
static void use_up_nonce(struct sp_acme_exchange *x)
{
    if (x->under_way && is_signed(x) && !x->fetching_nonce) {
        x->nonce[0] = '\0';
    }
}

void sp_acme_exchange_end(struct sp_acme_client *c)
{
    struct sp_acme_exchange *x = &c->exchange;

    use_up_nonce(x);
    sp_http_call_release(&x->call);
    x->http = NULL;
    x->under_way = false;
}

static int sign(struct sp_acme_client *c, const char *payload, struct sp_buf *out)
{
    struct sp_acme_exchange *x = &c->exchange;
    struct sp_key key;
    struct sp_acme_jws jws = {.key = &key, .nonce = x->nonce, .url = x->url, .payload = payload};
    struct sp_buf header;
    int err = sp_acme_account_key(c, &key);

    if (err < 0) {
        return err;
    }
    if (x->method == SP_ACME_POST_ACCOUNT) {
        jws.kid = c->account_url;
    }
    sp_buf_init(&header, sp_scratch_take(HEADER_SIZE), HEADER_SIZE);
    err = sp_acme_jws_write(&jws, &header, out);
    sp_key_wipe(&key);
    return err;
}

/* The HTTP client wants the request. */
static int write_request(void *ctx, struct sp_buf *out)
{
    struct sp_acme_client *c = ctx;
    struct sp_acme_exchange *x = &c->exchange;
    size_t mark = sp_scratch_mark();
    struct sp_buf payload;
    int err = 0;

    sp_buf_init(&payload, sp_scratch_take(SP_ACME_PAYLOAD_SIZE), SP_ACME_PAYLOAD_SIZE);
    if (x->payload != NULL) {
        err = x->payload(c, &payload);
    }
    if (err == 0) {
        err = payload.cut ? SP_E_SPACE : sign(c, payload.p, out);
    }
    sp_scratch_release(mark);
    x->error = err;
    return err;
}

/* PEM is kept as DER, JSON (an error's, too) without its white space. */
static int filter(void *ctx, int status, struct sp_span piece, struct sp_buf *body)
{
    struct sp_acme_client *c = ctx;

    if (c->exchange.for_chain && status >= 200 && status < 300) {
        return sp_acme_chain_take(&c->job.chain, piece, body);
    }
    sp_acme_json_take(&c->exchange.json, piece, body);
    return 0;
}

static void prepare(struct sp_acme_client *c)
{
    struct sp_acme_exchange *x = &c->exchange;
    bool own = x->method == SP_ACME_GET_OWN;

    x->fetching_nonce = is_signed(x) && x->nonce[0] == '\0';
    x->call = (struct sp_http_call){.method = "GET",
                                    .url = x->url,
                                    .ctx = c,
                                    .body_max = own ? OWN_ANSWER_MAX : 0,
                                    .family = x->family,
                                    .verify = SP_TLS_VERIFY,
                                    .timeout_ms = own ? OWN_TIMEOUT : 0,
                                    .keep = !own};
    if (x->fetching_nonce) {
        x->call.method = "HEAD";
        x->call.url = c->directory.new_nonce;
    } else if (is_signed(x)) {
        x->call.method = "POST";
        x->call.content_type = "application/jose+json";
        x->call.write = write_request;
    }
    if (!own) {
        x->call.filter = filter;
        x->json = (struct sp_acme_json_pieces){0};
    }
    if (x->for_chain && !x->fetching_nonce) {
        x->call.accept = "application/pem-certificate-chain";
        sp_acme_chain_begin(&c->job.chain);
    }
}

static int send(struct sp_acme_client *c, sp_time now)
{
    struct sp_acme_exchange *x = &c->exchange;
    int err;

    prepare(c);
    err = sp_http_call_start(&x->call, now);
    x->wake = now + LOOK_AGAIN;
    if (err < 0) {
        return err;
    }
    x->under_way = true;
    if (x->method != SP_ACME_GET_OWN) {
        c->stats.requests++;
    }
    return SP_E_AGAIN;
}

/* Errors that the same attempt would meet again at once. */
static bool is_permanent(int err)
{
    return err == SP_E_INVALID || err == SP_E_TOO_BIG || err == SP_E_CLOCK ||
           err == SP_E_DNS_NO_SERVER || (err <= SP_E_CERT_EXPIRED && err >= SP_E_CERT_BAD);
}

/* True when another attempt is to be made, after a pause. */
static bool repeat(struct sp_acme_exchange *x, sp_time now)
{
    if (x->losses >= LOSSES_MAX) {
        return false;
    }
    x->wake = now + ((sp_time)LOSS_FIRST << (2 * x->losses));
    x->losses++;
    return true;
}

static int unanswered(struct sp_acme_client *c, sp_time now)
{
    struct sp_acme_exchange *x = &c->exchange;
    int err = x->http->result;

    if (x->method == SP_ACME_GET_OWN || x->error < 0) {
        return err;
    }
    sp_log_warn(SP_ACME_ROOM, "%s %s: %s (%s) %s", x->call.method, x->call.url, sp_err_text(err),
                x->http->stage != NULL ? x->http->stage : "-", x->http->detail);
    if (!x->fetching_nonce) {
        x->lost = true;
    }
    if (is_permanent(err) || !repeat(x, now)) {
        return err;
    }
    return SP_E_AGAIN;
}

/* 503 is about load: the CA says when to come again (RFC 9110 15.6.4). */
static bool wait_for_ca(struct sp_acme_exchange *x, sp_time now)
{
    sp_time pause = x->http->retry_after > 0 ? (sp_time)x->http->retry_after * 1000
                                             : (sp_time)WAIT_FIRST << x->waits;

    if (x->waits >= WAITS_MAX || pause > WAIT_MAX) {
        return false;
    }
    x->waits++;
    x->wake = now + pause;
    return true;
}

static bool is_bad_nonce(const struct sp_acme_client *c)
{
    int status = c->exchange.http->status;

    return status >= 400 && status < 500 && !c->exchange.fetching_nonce &&
           is_signed(&c->exchange) && sp_acme_problem_names(sp_acme_answer(c), "badNonce");
}

static void keep_nonce(struct sp_acme_exchange *x)
{
    if (x->method == SP_ACME_GET_OWN ||
        !sp_acme_is_base64url(x->http->nonce, sizeof x->nonce - 1)) {
        return;
    }
    (void)sp_span_copy(sp_span_str(x->http->nonce), x->nonce, sizeof x->nonce);
}

static int answered(struct sp_acme_client *c, sp_time now)
{
    struct sp_acme_exchange *x = &c->exchange;
    int status = x->http->status;

    sp_log(SP_LOG_DEBUG, SP_ACME_ROOM, "%s %s: %d", x->call.method, x->call.url, status);
    keep_nonce(x);
    if (x->method == SP_ACME_GET_OWN) {
        return 0;
    }
    if (status == 503 ? wait_for_ca(x, now) : status >= 500 && repeat(x, now)) {
        return SP_E_AGAIN;
    }
    if (x->fetching_nonce && status >= 200 && status < 300) {
        return x->nonce[0] != '\0' ? SP_E_AGAIN : SP_E_PROTOCOL;
    }
    if (is_bad_nonce(c)) {
        /* The HTTP client sends a request again when a kept connection closes under it: the nonce
         * may be refused because the first copy got through. */
        x->lost = true;
        c->stats.bad_nonces++;
        return x->refused_nonces++ < NONCES_MAX ? SP_E_AGAIN : 0;
    }
    return 0;
}

int sp_acme_exchange_step(struct sp_acme_client *c, sp_time now)
{
    struct sp_acme_exchange *x = &c->exchange;
    int err;

    if (x->under_way) {
        if (!sp_http_call_done(&x->call)) {
            x->wake = now + LOOK_AGAIN;
            return SP_E_AGAIN;
        }
        use_up_nonce(x);
        x->under_way = false;
        x->wake = now;
        x->http = sp_http_call_result(&x->call);
        err = x->http->result < 0 ? unanswered(c, now) : answered(c, now);
        if (err != SP_E_AGAIN) {
            return err;
        }
        sp_acme_exchange_end(c);
    }
    return now < x->wake ? SP_E_AGAIN : send(c, now);
}
