/* What an order has the CPU compute itself, without its TLS connections, which are counted as a
 * client's share of a handshake. */
#include "acme/chain.h"
#include "acme/jws.h"
#include "base/scratch.h"
#include "base/text.h"
#include "count.h"
#include "crypto/crypto.h"

#include <stdio.h>
#include <string.h>

#define ACCOUNT "https://acme-v02.api.letsencrypt.org/acme/acct/1234567890"
#define URL "https://acme-v02.api.letsencrypt.org/acme/order/1234567890/234567890123"
#define NONCE "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_abcdef"
#define CSR_MAX 1024

static struct sp_key account, own;
static uint8_t csr[CSR_MAX];
static size_t csr_n;
static uint64_t sum;

static void keep(const char *name, uint64_t began)
{
    uint64_t spent = count_now() - began;

    sum += spent;
    count_report(name, spent);
}

static void make_account(void)
{
    char print[SP_ACME_THUMBPRINT_SIZE];
    uint64_t began = count_now();

    count_need(sp_key_make(&account), "the account's key");
    count_need(sp_acme_thumbprint(&account, print), "its thumbprint");
    keep("account-key", began);
}

static void make_request(const char *host)
{
    uint64_t began = count_now();
    int n;

    count_need(sp_key_make(&own), "the certificate's key");
    keep("key", began);
    began = count_now();
    n = sp_csr_make(&own, &host, 1, csr, sizeof csr);
    count_need(n, "the request");
    csr_n = (size_t)n;
    keep("csr", began);
}

static void sign(const char *payload, bool with_key)
{
    static char body[4096];
    static char work[4096];
    const struct sp_acme_jws jws = {.key = &account,
                                    .kid = with_key ? NULL : ACCOUNT,
                                    .nonce = NONCE,
                                    .url = URL,
                                    .payload = payload};
    struct sp_buf out;
    struct sp_buf scratch;

    sp_buf_init(&out, body, sizeof body);
    sp_buf_init(&scratch, work, sizeof work);
    count_need(sp_acme_jws_write(&jws, &scratch, &out), "a signed request");
}

/* newAccount; newOrder, authorization, challenge, authorization again, finalize, order,
 * certificate: RFC 8555 7.4. */
static void sign_requests(const char *host)
{
    static char payload[2 * CSR_MAX];
    struct sp_buf finalize;
    uint64_t began = count_now();

    sign("{\"termsOfServiceAgreed\":true}", true);
    keep("account-request", began);
    began = count_now();
    (void)snprintf(payload, sizeof payload,
                   "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"%s\"}]}", host);
    sign(payload, false);
    sign("", false);
    sign("{}", false);
    sign("", false);
    sp_buf_init(&finalize, payload, sizeof payload);
    sp_buf_puts(&finalize, "{\"csr\":\"");
    sp_base64url(&finalize, sp_span(csr, csr_n));
    sp_buf_puts(&finalize, "\"}");
    sign(payload, false);
    sign("", false);
    sign("", false);
    keep("7-requests", began);
}

/* The CA's answer: the first domain's own chain stands for it. */
static void read_chain(const char *host)
{
    static char text[SP_CHAIN_PEM_MAX];
    static char kept[SP_HTTP_CLIENT_BODY_MAX + 1];
    static struct sp_cert_info info;
    struct sp_acme_chain chain;
    struct sp_buf body;
    static struct sp_tls_identity identity;
    static struct sp_key key;
    struct sp_span links[SP_CHAIN_LINKS];
    struct sp_buf pem;
    size_t mark = sp_scratch_mark();
    uint64_t began;
    int n;

    count_need(count_lookup(host, &identity), host);
    count_need(sp_key_load(identity.key, &key), "the domain's key");
    sp_buf_init(&pem, text, sizeof text);
    for (unsigned i = 0; i < identity.links; i++) {
        sp_pem_put(&pem, identity.chain[i]);
    }
    sp_scratch_release(mark);
    began = count_now();
    sp_buf_init(&body, kept, sizeof kept);
    sp_acme_chain_begin(&chain);
    count_need(sp_acme_chain_take(&chain, sp_buf_span(&pem), &body), "the chain's size");
    n = sp_acme_chain_end(&chain, sp_buf_span(&body), links);
    count_need(n, "the chain");
    count_need(sp_acme_chain_check(links, (unsigned)n, host, &key, &info), "the chain's check");
    keep("chain", began);
}

void count_order(void)
{
    char host[SP_DOMAIN_SIZE];

    count_host(0, host);
    count_shorten_chain();
    make_account();
    make_request(host);
    sign_requests(host);
    read_chain(host);
    count_report("order", sum);
}
