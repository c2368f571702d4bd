#include "fake_http.h"

#include "acme/acme.h"
#include "base/err.h"
#include "base/text.h"
#include "model_ca.h"
#include "net/http_client.h"
#include "test_clock.h"

#include <stdio.h>
#include <string.h>

struct fake_http_faults fake_http_faults;
unsigned fake_http_own;
void (*fake_http_power)(void);

static struct {
    struct sp_http_result *result; /* of the call under way */
    sp_time due;
} slot;

void fake_http_start(void)
{
    slot.result = NULL;
    fake_http_own = 0;
    memset(&fake_http_faults, 0, sizeof fake_http_faults);
}

sp_time fake_http_due(void)
{
    return slot.result != NULL ? slot.due : SP_NEVER;
}

static void fill_body(const struct sp_http_call *call, struct sp_http_result *result,
                      const void *body, size_t n)
{
    result->stage = "done";
    if (n >= call->out_cap) {
        result->body_cut = true;
        result->result = SP_E_TOO_BIG;
        n = call->out_cap - 1;
    }
    memcpy(call->out, body, n);
    call->out[n] = '\0';
    result->body_n = n;
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
    struct model_request request = {.method = call->method,
                                    .url = call->url,
                                    .accept = call->accept,
                                    .content_type = call->content_type,
                                    .body = call->body};
    unsigned number = model_ca_tally.requests + 1;

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

int sp_http_call_start(const struct sp_http_call *call, struct sp_http_result *result, sp_time now)
{
    if (slot.result != NULL) {
        return SP_E_AGAIN;
    }
    if (fake_http_faults.busy > 0) {
        fake_http_faults.busy--;
        return SP_E_AGAIN;
    }
    memset(result, 0, sizeof *result);
    if (call->out_cap > 0) {
        call->out[0] = '\0';
    }
    if (strncmp(call->url, MODEL_CA, strlen(MODEL_CA)) == 0) {
        ask_ca(call, result);
    } else if (strncmp(call->url, "http://", 7) == 0) {
        ask_own(call, result);
    } else {
        result->result = SP_E_DNS_NXDOMAIN;
    }
    slot.result = result;
    slot.due = now + fake_http_faults.latency;
    return 0;
}

bool sp_http_call_done(const struct sp_http_result *result)
{
    if (slot.result != result) {
        return true;
    }
    if (test_now < slot.due) {
        return false;
    }
    slot.result = NULL;
    return true;
}

void sp_http_call_cancel(struct sp_http_result *result)
{
    if (slot.result == result) {
        slot.result = NULL;
    }
}

void sp_http_client_drop(void)
{
}
