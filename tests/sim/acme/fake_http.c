#include "fake_http.h"

#include "acme/acme.h"
#include "base/err.h"
#include "base/text.h"
#include "model_ca.h"
#include "net/http_client.h"
#include "test_clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

struct fake_http_faults fake_http_faults;
unsigned fake_http_own;
void (*fake_http_power)(void);

static struct {
    const struct sp_http_call *call; /* under way, or its answer is lent */
    bool over;
    sp_time due;
    struct sp_http_result result;
    char body[SP_HTTP_CLIENT_BODY_MAX + 1];
} slot;

void fake_http_start(void)
{
    slot.call = NULL;
    fake_http_own = 0;
    memset(&fake_http_faults, 0, sizeof fake_http_faults);
}

sp_time fake_http_due(void)
{
    return slot.call != NULL && !slot.over ? slot.due : SP_NEVER;
}

bool fake_http_is_free(void)
{
    return slot.call == NULL;
}

/* As it comes over the wire: in pieces of another length each time. */
static int keep(const struct sp_http_call *call, const uint8_t *bytes, size_t n,
                struct sp_buf *body)
{
    size_t piece;
    int err = 0;

    for (size_t at = 0; at < n && err == 0; at += piece) {
        piece = 1 + (at * 7 + n) % 977;
        piece = piece < n - at ? piece : n - at;
        if (call->filter != NULL) {
            err = call->filter(call->ctx, slot.result.status, sp_span(bytes + at, piece), body);
        } else {
            sp_buf_put(body, bytes + at, piece);
        }
    }
    return body->cut ? SP_E_TOO_BIG : err;
}

static void fill_body(const struct sp_http_call *call, struct sp_http_result *result,
                      const void *bytes, size_t n)
{
    size_t max = call->body_max > 0 ? call->body_max : SP_HTTP_CLIENT_BODY_MAX;
    struct sp_buf body;

    sp_buf_init(&body, slot.body, max + 1);
    result->result = keep(call, bytes, n, &body);
    result->stage = result->result == 0 ? "done" : "response";
    result->body = sp_buf_span(&body);
}

static bool hit(unsigned at, unsigned number)
{
    unsigned count = fake_http_faults.lose_n != 0 ? fake_http_faults.lose_n : 1;

    return at != 0 && number >= at && number < at + count;
}

static void lose(struct sp_http_result *result)
{
    result->result = fake_http_faults.lose_error != 0 ? fake_http_faults.lose_error : SP_E_TIMEOUT;
    result->stage = "response";
    result->status = 0;
    snprintf(result->detail, sizeof result->detail, "the model lost it");
}

static void ask_ca(const struct sp_http_call *call, struct sp_http_result *result)
{
    static struct model_reply reply;
    static char written[SP_HTTP_CLIENT_REQUEST_MAX + 1];
    struct sp_buf body;
    struct model_request request = {.method = call->method,
                                    .url = call->url,
                                    .accept = call->accept,
                                    .content_type = call->content_type,
                                    .body = sp_span(written, 0)};
    unsigned number = model_ca_tally.requests + 1;

    sp_buf_init(&body, written, sizeof written);
    if (call->write != NULL) {
        result->result = call->write(call->ctx, &body);
        assert_false(body.cut);
        request.body = sp_buf_span(&body);
    }
    if (result->result < 0) {
        result->stage = "request";
        return;
    }

    if (fake_http_faults.cut_before_at == number) {
        fake_http_power();
    }
    if (hit(fake_http_faults.lose_request_at, number)) {
        model_ca_tally.requests++;
        lose(result);
        return;
    }
    model_ca_answer(&request, &reply);
    if (fake_http_faults.twice_at == number) {
        model_ca_answer(&request, &reply);
    }
    if (fake_http_faults.cut_after_at == number) {
        fake_http_power();
    }
    if (hit(fake_http_faults.lose_answer_at, number)) {
        lose(result);
        return;
    }
    result->status = reply.status;
    result->retry_after = reply.retry_after;
    snprintf(result->location, sizeof result->location, "%s", reply.location);
    snprintf(result->nonce, sizeof result->nonce, "%s", reply.nonce);
    fill_body(call, result, reply.body, reply.body_n);
}

/* http://HOST/.well-known/acme-challenge/TOKEN, asked of the appliance. */
static void ask_own(const struct sp_http_call *call, struct sp_http_result *result)
{
    unsigned index = call->family == 6 ? 0 : 1;
    const char *token = strrchr(call->url, '/') + 1;
    char host[SP_DOMAIN_SIZE];
    char text[256];
    struct sp_buf out;

    fake_http_own++;
    if (fake_http_faults.own_error[index] != 0) {
        result->result = fake_http_faults.own_error[index];
        result->stage = "connect";
        return;
    }
    (void)sscanf(call->url, "http://%253[^/]", host);
    sp_buf_init(&out, text, sizeof text);
    result->status = sp_acme_challenge(host, sp_span_str(token), &out) == 0 ? 200 : 404;
    result->address.family = call->family;
    if (fake_http_faults.own_status[index] != 0) {
        result->status = fake_http_faults.own_status[index];
    }
    if (fake_http_faults.own_body[index] != NULL) {
        sp_buf_reset(&out);
        sp_buf_puts(&out, fake_http_faults.own_body[index]);
    }
    fill_body(call, result, out.p, out.len);
}

int sp_http_call_start(const struct sp_http_call *call, sp_time now)
{
    if (slot.call != NULL && (slot.call != call || !slot.over)) {
        return SP_E_AGAIN;
    }
    slot.call = NULL;
    if (fake_http_faults.busy > 0) {
        fake_http_faults.busy--;
        return SP_E_AGAIN;
    }
    memset(&slot.result, 0, sizeof slot.result);
    memset(slot.body, 0x55, sizeof slot.body); /* what stood there is gone */
    slot.result.body = sp_span(slot.body, 0);
    slot.call = call;
    slot.over = false;
    slot.due = now + fake_http_faults.latency;
    if (strncmp(call->url, MODEL_CA, strlen(MODEL_CA)) == 0) {
        ask_ca(call, &slot.result);
    } else if (strncmp(call->url, "http://", 7) == 0) {
        ask_own(call, &slot.result);
    } else {
        slot.result.result = SP_E_DNS_NXDOMAIN;
    }
    return 0;
}

bool sp_http_call_done(const struct sp_http_call *call)
{
    if (slot.call == call && test_now >= slot.due) {
        slot.over = true;
    }
    return slot.call != call || slot.over;
}

const struct sp_http_result *sp_http_call_result(const struct sp_http_call *call)
{
    return slot.call == call && slot.over ? &slot.result : NULL;
}

void sp_http_call_release(const struct sp_http_call *call)
{
    if (slot.call == call) {
        slot.call = NULL;
        memset(slot.body, 0x55, sizeof slot.body);
    }
}

void sp_http_client_drop(void)
{
}
