/*
 * The policy hosts: port 80 for challenges and a redirect, port 443 for the policy (RFC 8461 3.3).
 *
 * A host exists while its domain is not disabled. Everything is read from flash when it is asked
 * for.
 */
#include "acme/acme.h"
#include "app/app.h"
#include "base/log.h"
#include "net/http_server.h"

#include <string.h>

#define POLICY_PATH "/.well-known/mta-sts.txt"
#define CHALLENGE_PATH "/.well-known/acme-challenge/"

static struct sp_domain hosted;
static uint8_t links[SP_CHAIN_LINKS - 1][SP_LINK_MAX];

/* Loads the domain of a policy host that is to be served now. */
static int host_load(const char *host)
{
    char name[SP_DOMAIN_SIZE];
    int err = sp_domain_of_host(host, name);
    if (err == SP_OK) {
        err = sp_domain_load(&sp_app.store, name, &hosted);
    }
    if (err < 0) {
        return err == SP_E_INVALID ? SP_E_NOT_FOUND : err;
    }
    return hosted.state == SP_DOMAIN_DISABLED ? SP_E_NOT_FOUND : SP_OK;
}

/* sp_tls_lookup. */
static int identity_of(void *ctx, const char *name, struct sp_tls_identity *out)
{
    int err = host_load(name);
    (void)ctx;
    if (err < 0) {
        return err;
    }
    if (hosted.key_n == 0 || hosted.leaf_n == 0) {
        return SP_E_NOT_FOUND;
    }
    memset(out, 0, sizeof *out);
    out->key = sp_span(hosted.key, hosted.key_n);
    out->chain[out->links++] = sp_span(hosted.leaf, hosted.leaf_n);
    for (unsigned i = 0; i < hosted.links_n; i++) {
        int n = sp_domain_link(&sp_app.store, &hosted, i, links[i], SP_LINK_MAX);
        if (n < 0) {
            sp_log_error("host", "an intermediate certificate of %s: %s", name, sp_err_text(n));
            return n;
        }
        out->chain[out->links++] = sp_span(links[i], (size_t)n);
    }
    return SP_OK;
}

static bool reads(const struct sp_http_request *request, struct sp_http_response *response)
{
    if (sp_span_is(request->method, "GET") || sp_span_is(request->method, "HEAD")) {
        return true;
    }
    response->status = 405;
    sp_buf_puts(response->headers, "Allow: GET, HEAD\r\n");
    return false;
}

static void challenge(const struct sp_http_request *request, struct sp_http_response *response)
{
    size_t prefix = strlen(CHALLENGE_PATH);
    struct sp_span token = sp_span(request->path.p + prefix, request->path.n - prefix);
    if (sp_acme_challenge(request->host, token, response->body) < 0) {
        response->status = 404;
        return;
    }
    response->status = 200;
    response->content_type = "application/octet-stream";
}

/* sp_http_handler of port 80. */
static void plain(void *ctx, const struct sp_http_request *request,
                  struct sp_http_response *response)
{
    (void)ctx;
    if (!reads(request, response)) {
        return;
    }
    if (sp_span_starts(request->path, CHALLENGE_PATH)) {
        challenge(request, response);
        return;
    }
    if (host_load(request->host) < 0) {
        response->status = 404;
        return;
    }
    response->status = 301;
    sp_buf_printf(response->headers, "Location: https://%s%.*s\r\n", request->host,
                  (int)request->path.n, (const char *)request->path.p);
}

/* sp_http_handler of port 443. */
static void secure(void *ctx, const struct sp_http_request *request,
                   struct sp_http_response *response)
{
    (void)ctx;
    if (!sp_span_is(request->path, POLICY_PATH)) {
        response->status = 404;
        return;
    }
    if (!reads(request, response)) {
        return;
    }
    if (host_load(request->host) < 0) {
        response->status = 404;
        return;
    }
    if (sp_policy_text(&hosted.policy, response->body) < 0) {
        response->status = 500;
        return;
    }
    response->status = 200;
    response->content_type = "text/plain";
}

void sp_app_policy_host_tidy(void)
{
    sp_wipe(hosted.key, sizeof hosted.key);
    hosted.key_n = 0;
}

int sp_app_policy_host_start(void)
{
    int err = sp_http_serve(80, NULL, plain, NULL);
    return err < 0 ? err : sp_http_serve(443, identity_of, secure, NULL);
}
