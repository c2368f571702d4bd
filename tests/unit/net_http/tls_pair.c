#include "tls_pair.h"

#include "base/port.h"
#include "base/scratch.h"
#include "certs.h"
#include "net/trust.h"
#include "test_clock.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <string.h>

#define ROUNDS 40000

struct sp_span tls_pair_anchor;

static int read_bundle(struct sp_hal_blob *blob, uint32_t offset, void *buf, size_t n)
{
    assert_true(offset + n <= blob->size);
    memcpy(buf, test_bundle.p + offset, n);
    return 0;
}

static int read_anchor(void *ctx, unsigned i, void *buf, size_t cap)
{
    (void)ctx;
    if (i == 0) {
        return SP_E_IO; /* a damaged one is passed over */
    }
    if (i > 1 || tls_pair_anchor.n == 0) {
        return SP_E_NOT_FOUND;
    }
    assert_true(tls_pair_anchor.n <= cap);
    memcpy(buf, tls_pair_anchor.p, tls_pair_anchor.n);
    return (int)tls_pair_anchor.n;
}

struct tls_shown tls_shown_default(void)
{
    return (struct tls_shown){
        .name = "mta-sts.example.net", .key = key_leaf, .leaf = cert_leaf, .link = cert_inter};
}

static struct sp_span in_scratch(struct sp_span span)
{
    return sp_span(memcpy(sp_scratch_take(span.n), span.p, span.n), span.n);
}

int tls_pair_lookup(void *ctx, const char *name, struct sp_tls_identity *out)
{
    struct tls_shown *shown = ctx;

    shown->asked++;
    out->key = in_scratch(shown->key);
    if (shown->fails != 0) {
        return shown->fails;
    }
    if (strcmp(name, shown->name) != 0) {
        return SP_E_NOT_FOUND;
    }
    out->chain[0] = in_scratch(shown->leaf);
    out->chain[1] = shown->link;
    out->links = shown->link.n > 0 ? 2 : 1;
    return 0;
}

void tls_pair_open(struct tls_pair *pair, struct tls_shown *shown, const char *host,
                   enum sp_tls_verify verify)
{
    pipe_init(&pair->pipe);
    pair->server = pair->client = NULL;
    pair->server_ready = pair->client_ready = SP_E_AGAIN;
    if (sp_tls_accept(pipe_stream(&pair->pipe, 0), tls_pair_lookup, shown, &pair->server) != 0) {
        pair->server_ready = SP_E_MEMORY;
    }
    if (sp_tls_connect(pipe_stream(&pair->pipe, 1), host, verify, &pair->client) != 0) {
        pair->client_ready = SP_E_MEMORY;
    }
}

void tls_pair_handshake(struct tls_pair *pair)
{
    for (int i = 0; i < ROUNDS; i++) {
        if (pair->client_ready == SP_E_AGAIN) {
            pair->client_ready = sp_stream_ready(pair->client);
        }
        if (pair->server_ready == SP_E_AGAIN) {
            pair->server_ready = sp_stream_ready(pair->server);
        }
        if (pair->client_ready == 1 && pair->server_ready == SP_E_AGAIN) {
            uint8_t byte;

            /* The client's last flight leaves with its data; reading sends it as well. */
            pair->client_ready = sp_stream_read(pair->client, &byte, 1);
            pair->client_ready = pair->client_ready == SP_E_AGAIN ? 1 : pair->client_ready;
        }
        if (pair->client_ready != SP_E_AGAIN && pair->server_ready != SP_E_AGAIN) {
            return;
        }
        if ((pair->client_ready < 0 && pair->client_ready != SP_E_AGAIN && pair->server == NULL) ||
            (pair->server_ready < 0 && pair->server_ready != SP_E_AGAIN && pair->client == NULL)) {
            return;
        }
    }
}

void tls_pair_close(struct tls_pair *pair)
{
    if (pair->server != NULL) {
        sp_stream_release(pair->server);
    }
    if (pair->client != NULL) {
        sp_stream_release(pair->client);
    }
    pair->server = pair->client = NULL;
}

void tls_pair_send(struct sp_stream *stream, const void *p, size_t n)
{
    const uint8_t *bytes = p;
    size_t done = 0;

    for (int i = 0; i < ROUNDS && done < n; i++) {
        int ret = sp_stream_write(stream, bytes + done, n - done, false);

        assert_true(ret > 0 || ret == SP_E_AGAIN);
        done += ret > 0 ? (size_t)ret : 0;
    }
    assert_int_equal(done, n);
}

/* PSA keeps the table of key slots that the first handshake makes it allocate. */
static void warm_up(void)
{
    static struct tls_pair pair;
    struct tls_shown shown = tls_shown_default();

    tls_pair_open(&pair, &shown, shown.name, SP_TLS_VERIFY);
    tls_pair_handshake(&pair);
    assert_int_equal(pair.client_ready, 1);
    tls_pair_close(&pair);
}

int tls_pair_start(void **state)
{
    static struct sp_hal_blob blob = {.read = read_bundle};

    (void)state;
    test_clock_start();
    sp_port_set_utc(CERTS_NOW, test_now);
    blob.size = (uint32_t)test_bundle.n;
    sp_trust_start(&blob, read_anchor, NULL);
    assert_int_equal(sp_tls_start(), 0);
    warm_up();
    return 0;
}
