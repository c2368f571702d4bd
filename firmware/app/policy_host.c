/*
 * The policy hosts: port 80 for challenges and a redirect, port 443 for the policy (RFC 8461 3.3)
 * and for TLS reports (app/report_host).
 *
 * A host exists while its domain is not disabled. Everything is read from flash when it is asked
 * for.
 */
#include "acme/acme.h"
#include "app/app.h"
#include "app/outside.h"
#include "app/prove.h"
#include "app/report_host.h"
#include "base/log.h"
#include "base/scratch.h"
#include "net/http_server.h"

#include <string.h>

#define POLICY_PATH "/.well-known/mta-sts.txt"
#define CHALLENGE_PATH "/.well-known/acme-challenge/"

/* Loads the domain of a policy host that is to be served now, into scratch memory. */
static int host_load(const char *host, unsigned parts, struct sp_domain **out)
{
    char name[SP_DOMAIN_SIZE];
    int err = sp_domain_of_host(host, name);
    *out = sp_domain_take(parts);
    if (err == SP_OK) {
        err = sp_domain_load(&sp_app.store, name, *out);
    }
    if (err < 0) {
        return err == SP_E_INVALID ? SP_E_NOT_FOUND : err;
    }
    return (*out)->state == SP_DOMAIN_DISABLED ? SP_E_NOT_FOUND : SP_OK;
}

bool sp_app_is_policy_host(const char *host)
{
    size_t mark = sp_scratch_mark();
    struct sp_domain *domain;
    bool is = host_load(host, SP_DOMAIN_BRIEF, &domain) == SP_OK;
    sp_scratch_release(mark);
    return is;
}

static int add_link(const struct sp_domain *domain, unsigned i, struct sp_tls_identity *out)
{
    int err = sp_domain_take_link(&sp_app.store, domain, i, &out->chain[out->links]);
    if (err < 0) {
        sp_log_error("host", "an intermediate certificate of %s: %s", domain->name,
                     sp_err_text(err));
        return err;
    }
    out->links++;
    return SP_OK;
}

/* sp_tls_lookup. What it shows lies in scratch memory, which the caller releases. */
static int identity_of(void *ctx, const char *name, struct sp_tls_identity *out)
{
    struct sp_domain *domain;
    int err = host_load(name, SP_DOMAIN_KEY | SP_DOMAIN_LEAF, &domain);
    (void)ctx;
    if (err == SP_OK && (domain->key_n == 0 || domain->leaf_n == 0)) {
        err = SP_E_NOT_FOUND;
    }
    if (err < 0) {
        return err;
    }
    memset(out, 0, sizeof *out);
    out->key = sp_span(domain->key, domain->key_n);
    out->chain[out->links++] = sp_span(domain->leaf, domain->leaf_n);
    for (unsigned i = 0; i < domain->links_n && err == SP_OK; i++) {
        err = add_link(domain, i, out);
    }
    return err;
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

/* --- the journal of the outside view --- */

static void note(const char *host, const struct sp_seen_event *event)
{
    char domain[SP_DOMAIN_SIZE];

    if (sp_domain_of_host(host, domain) == SP_OK) {
        sp_app_outside_note(domain, event, sp_app_now());
    }
}

static void note_answer(const struct sp_http_request *request,
                        const struct sp_http_response *response, enum sp_seen_kind kind)
{
    struct sp_seen_event event = {.from = *request->peer,
                                  .kind = kind,
                                  .status = (int16_t)response->status,
                                  .bytes = (uint16_t)response->body->len};

    sp_text_cut(event.tls, sizeof event.tls, request->tls_version);
    note(request->host, &event);
}

/* sp_http_refused. */
static void refused(const char *host, const struct sp_addr *peer, uint8_t alert)
{
    struct sp_seen_event event = {.from = *peer, .kind = SP_SEEN_FETCH, .status = (int16_t)-alert};

    if (sp_app_is_policy_host(host)) {
        note(host, &event);
    }
}

/* --- port 80 --- */

static void challenge(const struct sp_http_request *request, struct sp_http_response *response)
{
    size_t prefix = strlen(CHALLENGE_PATH);
    struct sp_span token = sp_span(request->path.p + prefix, request->path.n - prefix);
    bool is_acme = sp_acme_challenge(request->host, token, response->body) == SP_OK;

    if (!is_acme && sp_checks_challenge(request->host, token, response->body) < 0) {
        response->status = 404;
        return;
    }
    response->status = 200;
    response->content_type = "application/octet-stream";
    if (is_acme) {
        note_answer(request, response, SP_SEEN_VALIDATION);
    }
}

/* A proof that an address leads here, when one is under way. */
static void proof(const struct sp_http_request *request, struct sp_http_response *response)
{
    size_t prefix = strlen(SP_PROVE_PATH);
    struct sp_span nonce = sp_span(request->path.p + prefix, request->path.n - prefix);

    if (sp_app_prove_answer(nonce, response->body) < 0) {
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
    if (sp_span_starts(request->path, SP_PROVE_PATH)) {
        proof(request, response);
        return;
    }
    if (!sp_app_is_policy_host(request->host)) {
        response->status = 404;
        return;
    }
    response->status = 301;
    sp_buf_printf(response->headers, "Location: https://%s%.*s\r\n", request->host,
                  (int)request->path.n, (const char *)request->path.p);
}

/* --- port 443 --- */

static void policy(const char *host, struct sp_http_response *response)
{
    size_t mark = sp_scratch_mark();
    struct sp_domain *domain;
    struct sp_policy in_force;
    if (host_load(host, SP_DOMAIN_MX, &domain) < 0) {
        response->status = 404;
        sp_scratch_release(mark);
        return;
    }
    sp_life_in_force(domain, &in_force);
    if (sp_policy_text(&in_force, response->body) < 0) {
        response->status = 500;
    } else {
        response->status = 200;
        response->content_type = "text/plain";
    }
    sp_scratch_release(mark);
}

/* sp_http_handler of port 443. */
static void secure(void *ctx, const struct sp_http_request *request,
                   struct sp_http_response *response)
{
    (void)ctx;
    if (sp_span_is(request->path, SP_REPORT_PATH)) { /* POSTs go to its taker */
        response->status = 405;
        sp_buf_puts(response->headers, "Allow: POST\r\n");
        return;
    }
    if (!sp_span_is(request->path, POLICY_PATH)) {
        response->status = 404;
        return;
    }
    if (!reads(request, response)) {
        return;
    }
    policy(request->host, response);
    if (response->status != 404) {
        note_answer(request, response, SP_SEEN_FETCH);
    }
}

int sp_app_policy_host_start(void)
{
    int err = sp_http_serve(80, NULL, plain, NULL);
    sp_http_on_refused(refused);
    if (err == SP_OK) {
        err = sp_http_serve(443, identity_of, secure, NULL);
    }
    if (err == SP_OK) {
        sp_http_take_bodies(443, sp_app_report_taker());
    }
    return err;
}
