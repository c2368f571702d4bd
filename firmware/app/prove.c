#include "app/prove.h"

#include "base/err.h"
#include "base/text.h"
#include "net/http_client.h"
#include "sp_port.h"

#include <string.h>

#define CLIENT_WAIT_MS 15000
#define TIMEOUT_MS 6000 /* a SYN that was lost is sent again after 3 s */
#define NONCE_SIZE 23   /* 16 bytes in base64url, and the terminator */
#define URL_SIZE                                                                                   \
    (sizeof "http://[]" SP_PROVE_PATH + SP_ADDR_SIZE + NONCE_SIZE) /* more than any takes */

static struct {
    struct sp_addr addr; /* family 0: no proof is under way */
    sp_time until;       /* the client must be free by then; and not be asked for long after */
    bool asked;
    struct sp_http_call call;
    char nonce[NONCE_SIZE];
    char url[URL_SIZE];
} proof;

static int make_nonce(void)
{
    uint8_t bytes[16];
    struct sp_buf text;
    int err = sp_port_random(bytes, sizeof bytes);

    if (err == SP_OK) {
        sp_buf_init(&text, proof.nonce, sizeof proof.nonce);
        sp_base64url(&text, sp_span(bytes, sizeof bytes));
    }
    return err;
}

static void forget(void)
{
    sp_http_call_release(&proof.call);
    memset(&proof, 0, sizeof proof);
}

static int begin(const struct sp_addr *addr, sp_time now)
{
    char text[SP_ADDR_SIZE];
    struct sp_buf url;
    int err;

    forget();
    err = make_nonce();
    if (err < 0) {
        return err;
    }
    proof.addr = *addr;
    proof.until = now + CLIENT_WAIT_MS;
    sp_buf_init(&url, proof.url, sizeof proof.url);
    sp_buf_printf(
        &url, addr->family == 6 ? "http://[%s]" SP_PROVE_PATH "%s" : "http://%s" SP_PROVE_PATH "%s",
        sp_addr_text(addr, text), proof.nonce);
    proof.call.method = "GET";
    proof.call.url = proof.url;
    proof.call.timeout_ms = TIMEOUT_MS;
    proof.call.body_max = NONCE_SIZE;
    return SP_OK;
}

/* 0 when the fetch has begun, SP_E_AGAIN, an error. */
static int fetch(sp_time now)
{
    int err = sp_http_call_start(&proof.call, now);

    if (err == SP_E_AGAIN && now >= proof.until) {
        return SP_E_TIMEOUT;
    }
    proof.asked = err == SP_OK;
    return err;
}

static int verdict(const struct sp_http_result *result)
{
    switch (result->result) {
    case SP_OK:
        return result->status == 200 && sp_span_is(result->body, proof.nonce) ? 1 : 0;
    case SP_E_HTTP:
    case SP_E_PROTOCOL:
    case SP_E_TOO_BIG:
        return 0;
    default:
        return result->result;
    }
}

/* A proof that nobody asked about for so long was given up. */
static bool is_under_way(const struct sp_addr *addr, sp_time now)
{
    return proof.addr.family != 0 && sp_addr_equal(&proof.addr, addr) &&
           now < proof.until + 2 * TIMEOUT_MS;
}

static int step(const struct sp_addr *addr, sp_time now)
{
    int err = is_under_way(addr, now) ? SP_OK : begin(addr, now);

    if (err == SP_OK && !proof.asked) {
        err = fetch(now);
    }
    if (err < 0) {
        return err;
    }
    return sp_http_call_done(&proof.call) ? verdict(sp_http_call_result(&proof.call)) : SP_E_AGAIN;
}

int sp_app_prove(const struct sp_addr *addr, sp_time now)
{
    int result = step(addr, now);

    if (result != SP_E_AGAIN) {
        forget();
    }
    return result;
}

int sp_app_prove_answer(struct sp_span nonce, struct sp_buf *out)
{
    if (!proof.asked || !sp_span_is(nonce, proof.nonce)) {
        return SP_E_NOT_FOUND;
    }
    sp_buf_puts(out, proof.nonce);
    return SP_OK;
}
