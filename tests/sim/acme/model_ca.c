#include "model_jose.h"
#include "model_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct model_ca_faults model_ca_faults;
struct model_ca_tally model_ca_tally;
struct model_state model_state;

void model_ca_start(model_ca_fetch fetch)
{
    memset(&model_state, 0, sizeof model_state);
    memset(&model_ca_faults, 0, sizeof model_ca_faults);
    memset(&model_ca_tally, 0, sizeof model_ca_tally);
    model_state.fetch = fetch;
    model_state.random = 1;
    jose_issuers();
}

void model_ca_forget_accounts(void)
{
    /* Their numbers are not given out again. */
    memset(model_state.accounts, 0, sizeof model_state.accounts);
}

void model_ca_close_accounts(void)
{
    for (unsigned i = 0; i < model_state.accounts_n; i++) {
        model_state.accounts[i].closed = true;
    }
}

void model_ca_forget_orders(void)
{
    memset(model_state.orders, 0, sizeof model_state.orders);
}

uint32_t model_draw(void)
{
    model_state.random = model_state.random * 1664525U + 1013904223U;
    return model_state.random >> 8;
}

/* Answers ---------------------------------------------------------------------------------------
 */

void model_say(struct model_reply *reply, int status, const char *body)
{
    reply->status = status;
    reply->content_type = "application/json";
    reply->body_n = (size_t)snprintf(reply->body, sizeof reply->body, "%s", body);
}

void model_refuse(struct model_reply *reply, int status, const char *type, const char *detail)
{
    model_say(reply, status, "");
    reply->content_type = "application/problem+json";
    reply->body_n = (size_t)snprintf(
        reply->body, sizeof reply->body,
        "{\"type\":\"urn:ietf:params:acme:error:%s\",\"detail\":\"%s\",\"status\":%d%s%s%s}", type,
        detail, status, model_ca_faults.instance != NULL ? ",\"instance\":\"" : "",
        model_ca_faults.instance != NULL ? model_ca_faults.instance : "",
        model_ca_faults.instance != NULL ? "\"" : "");
}

/* The client did something that no client may. */
void model_bad(struct model_reply *reply, const char *why)
{
    model_ca_tally.bad++;
    snprintf(model_ca_tally.last_bad, sizeof model_ca_tally.last_bad, "%s", why);
    model_refuse(reply, 400, "malformed", why);
}

static void give_nonce(struct model_reply *reply)
{
    unsigned number = ++model_state.nonces_n % NONCES;

    model_state.nonces[number] = 1;
    snprintf(reply->nonce, sizeof reply->nonce, "n%05u-model_nonce", number);
}

/* Resources ---------------------------------------------------------------------------------------
 */

static void directory(struct model_reply *reply)
{
    char text[1024];

    snprintf(
        text, sizeof text,
        "{\"newNonce\":\"%s/nonce\",\"newAccount\":\"%s/new-acct\",\"newOrder\":\"%s/new-order\","
        "\"revokeCert\":\"%s/revoke\",\"keyChange\":\"%s/key\",\"random\":[{\"x\":1}],"
        "\"meta\":{\"termsOfService\":\"data:text/plain,terms\",\"externalAccountRequired\":%s,"
        "\"caaIdentities\":[\"%s\"]}}",
        MODEL_CA, MODEL_CA, MODEL_CA, MODEL_CA, MODEL_CA,
        model_ca_faults.external_account ? "true" : "false",
        model_ca_faults.renamed ? "new.ca.test" : "ca.test");
    model_say(reply, 200, text);
}

static void new_account(const struct model_jws *jws, struct model_reply *reply)
{
    unsigned i;

    if (strcmp(jws->payload, "{\"termsOfServiceAgreed\":true}") != 0) {
        model_bad(reply, "the payload of newAccount");
        return;
    }
    if (model_ca_faults.eab_refused) {
        model_refuse(reply, 403, "externalAccountRequired", "a binding is required");
        return;
    }
    for (i = 0; i < model_state.accounts_n; i++) {
        if (strcmp(model_state.accounts[i].x, jws->x) == 0 &&
            strcmp(model_state.accounts[i].y, jws->y) == 0) {
            break;
        }
    }
    if (i < model_state.accounts_n && model_state.accounts[i].closed) {
        model_refuse(reply, 403, "unauthorized", "Account is deactivated");
        return;
    }
    model_say(reply, i < model_state.accounts_n ? 200 : 201,
              "{\"status\":\"valid\",\"orders\":\"x\"}");
    if (i == model_state.accounts_n) {
        if (i == ACCOUNTS) {
            abort();
        }
        strcpy(model_state.accounts[i].x, jws->x);
        strcpy(model_state.accounts[i].y, jws->y);
        model_state.accounts_n++;
        model_ca_tally.accounts++;
    }
    snprintf(reply->location, sizeof reply->location, "%s/acct/%u", MODEL_CA, i + 1);
}

/* Looks at the challenge as the CA's validation does. */
static void validate(struct model_order *order)
{
    char expected[160];
    char thumbprint[48];
    const struct model_account *account = &model_state.accounts[order->account - 1];

    jose_thumbprint(account->x, account->y, thumbprint, sizeof thumbprint);
    snprintf(expected, sizeof expected, "%s.%s", order->token, thumbprint);
    order->fetched = true;
    order->good = model_ca_faults.invalid_type == NULL &&
                  model_state.fetch(order->host, order->token, expected);
}

static const char *authz_status(const struct model_order *order)
{
    if (model_ca_faults.authz_valid) {
        return "valid";
    }
    if (!order->fetched || order->looks < model_ca_faults.authz_polls) {
        return "pending";
    }
    return order->good ? "valid" : "invalid";
}

static const char *order_status(const struct model_order *order)
{
    const char *authz = authz_status(order);

    if (order->finalized) {
        return order->order_looks < model_ca_faults.order_polls ? "processing" : "valid";
    }
    if (strcmp(authz, "valid") != 0) {
        return authz;
    }
    return model_ca_faults.late_ready && !order->ready_seen ? "pending" : "ready";
}

static void show_order(struct model_order *order, struct model_reply *reply)
{
    unsigned number = (unsigned)(order - model_state.orders) + 1;
    const char *status = order_status(order);
    char certificate[200] = "";
    char text[1200];

    if (strcmp(status, "valid") == 0) {
        snprintf(certificate, sizeof certificate, ",\"certificate\":\"%s/cert/%u\"", MODEL_CA,
                 number);
    }
    snprintf(text, sizeof text,
             "{\"status\":\"%s\",\"expires\":\"2030-01-01T00:00:00Z\",\"identifiers\":[{\"type\":"
             "\"dns\",\"value\":\"%s\"}],\"authorizations\":[\"%s/authz/%u\"],\"finalize\":"
             "\"%s/finalize/%u\"%s}",
             status, order->host, MODEL_CA, number, MODEL_CA, number, certificate);
    model_say(reply, 200, text);
    if (strcmp(status, "processing") == 0) {
        reply->retry_after = model_ca_faults.retry_after;
    }
    snprintf(reply->location, sizeof reply->location, "%s/order/%u", MODEL_CA, number);
}

static void new_order(const struct model_jws *jws, struct model_reply *reply)
{
    struct model_order *order = &model_state.orders[model_state.orders_n];
    char type[16];
    char expected[400];

    if (model_state.orders_n == ORDERS) {
        abort();
    }
    memset(order, 0, sizeof *order);
    if (!jose_member(jws->payload, "type", type, sizeof type) ||
        !jose_member(jws->payload, "value", order->host, sizeof order->host)) {
        model_bad(reply, "the payload of newOrder");
        return;
    }
    snprintf(expected, sizeof expected, "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"%s\"}]}",
             order->host);
    if (strcmp(expected, jws->payload) != 0) {
        model_bad(reply, "the payload of newOrder");
        return;
    }
    model_state.orders_n++;
    model_ca_tally.orders++;
    order->account = jws->account;
    snprintf(order->token, sizeof order->token, "token-%u_of-the-model-CA", model_state.orders_n);
    show_order(order, reply);
    reply->status = 201;
}

static void show_authz(struct model_order *order, struct model_reply *reply)
{
    unsigned number = (unsigned)(order - model_state.orders) + 1;
    const char *status = authz_status(order);
    char error[300] = "";
    char text[1600];

    if (strcmp(status, "invalid") == 0) {
        snprintf(
            error, sizeof error,
            ",\"error\":{\"type\":\"urn:ietf:params:acme:error:%s\",\"detail\":\"the model says "
            "so\",\"status\":403}",
            model_ca_faults.invalid_type != NULL ? model_ca_faults.invalid_type : "unauthorized");
    }
    snprintf(
        text, sizeof text,
        "{\"status\":\"%s\",\"identifier\":{\"type\":\"dns\",\"value\":\"%s\"},\"challenges\":["
        "{\"type\":\"dns-01\",\"url\":\"%s/chal/dns\",\"token\":\"x\",\"status\":\"pending\"},"
        "{\"type\":\"%s\",\"url\":\"%s/chal/%u\",\"token\":\"%s\",\"status\":\"%s\"%s}]}",
        status, order->host, MODEL_CA, model_ca_faults.no_http01 ? "tls-alpn-01" : "http-01",
        MODEL_CA, number, order->token,
        strcmp(status, "pending") == 0 && order->told ? "processing" : status, error);
    model_say(reply, 200, text);
    if (strcmp(status, "pending") == 0) {
        reply->retry_after = order->told ? model_ca_faults.retry_after : 0;
    }
}

static void challenge(const struct model_jws *jws, struct model_order *order,
                      struct model_reply *reply)
{
    if (strcmp(jws->payload, "{}") != 0) {
        model_bad(reply, "the payload of a challenge");
        return;
    }
    if (order->told) {
        model_refuse(reply, 400, "malformed", "the challenge is not pending");
        return;
    }
    model_ca_tally.challenges++;
    order->told = true;
    if (!model_ca_faults.lazy) {
        validate(order);
    }
    model_say(reply, 200, "{\"type\":\"http-01\",\"status\":\"processing\"}");
    reply->retry_after = model_ca_faults.retry_after;
}

static void finalize(const struct model_jws *jws, struct model_order *order,
                     struct model_reply *reply)
{
    char text[1600];
    uint8_t csr[1200];
    struct sp_span key;
    int n;

    if (strcmp(order_status(order), "ready") != 0) {
        bool curt = order->finalized && model_ca_faults.curt;

        model_refuse(reply, 403, curt ? "malformed" : "orderNotReady", "the order is not ready");
        return;
    }
    n = jose_member(jws->payload, "csr", text, sizeof text)
            ? jose_unbase64url(text, csr, sizeof csr)
            : -1;
    if (n < 0 || !jose_csr(sp_span(csr, (size_t)n), order->host, &key) ||
        key.n > sizeof order->public_key) {
        model_bad(reply, "the request for a certificate");
        return;
    }
    memcpy(order->public_key, key.p, key.n);
    order->public_key_n = key.n;
    order->finalized = true;
    model_ca_tally.finalized++;
    show_order(order, reply);
    order->order_looks++;
}

static void download(const struct model_request *request, const struct model_order *order,
                     struct model_reply *reply)
{
    struct sp_span key = sp_span(order->public_key, order->public_key_n);

    if (request->accept == NULL ||
        strcmp(request->accept, "application/pem-certificate-chain") != 0) {
        model_bad(reply, "the Accept of a download");
        return;
    }
    model_ca_tally.downloads++;
    reply->status = 200;
    reply->content_type = "application/pem-certificate-chain";
    reply->body_n = jose_issue(
        model_ca_faults.wrong_host ? "other.test" : order->host,
        model_ca_faults.wrong_key ? NULL : &key,
        model_ca_faults.links != 0 ? model_ca_faults.links : 2, model_ca_faults.wrong_chain,
        model_ca_faults.not_before != 0 ? model_ca_faults.not_before : 1799996400, reply->body,
        sizeof reply->body);
}

/* A look at an authorization or an order. */
static void look(struct model_order *order)
{
    if (order->told && !order->fetched) {
        validate(order);
    } else if (order->told) {
        order->looks++;
    }
}

static void resource(const struct model_request *request, const struct model_jws *jws,
                     struct model_reply *reply)
{
    const char *path = request->url + strlen(MODEL_CA);
    const char *slash = strrchr(path, '/');
    unsigned number = (unsigned)atoi(slash + 1);
    struct model_order *order =
        number >= 1 && number <= model_state.orders_n ? &model_state.orders[number - 1] : NULL;
    bool is_challenge = strncmp(path, "/chal/", 6) == 0;
    bool is_finalize = strncmp(path, "/finalize/", 10) == 0;

    if (order == NULL || order->host[0] == '\0' || order->account != jws->account) {
        model_refuse(reply, 404, "malformed", "no such thing");
        return;
    }
    if (is_challenge) {
        challenge(jws, order, reply);
        return;
    }
    if (is_finalize) {
        finalize(jws, order, reply);
        return;
    }
    if (jws->payload[0] != '\0') {
        model_bad(reply, "POST-as-GET with a payload");
        return;
    }
    if (strncmp(path, "/authz/", 7) == 0) {
        show_authz(order, reply);
        look(order);
        order->ready_seen = false;
    } else if (strncmp(path, "/order/", 7) == 0) {
        show_order(order, reply);
        order->ready_seen = true;
        order->order_looks += order->finalized ? 1 : 0;
    } else if (strncmp(path, "/cert/", 6) == 0 && strcmp(order_status(order), "valid") == 0) {
        download(request, order, reply);
    } else {
        model_refuse(reply, 404, "malformed", "no such thing");
    }
}

static bool instead(struct model_reply *reply)
{
    const struct model_ca_faults *f = &model_ca_faults;
    unsigned count = f->instead_n != 0 ? f->instead_n : 1;

    if (f->instead_at == 0 || model_ca_tally.requests < f->instead_at ||
        model_ca_tally.requests >= f->instead_at + count) {
        return false;
    }
    if (f->type != NULL) {
        model_refuse(reply, f->status, f->type, "the model says so");
    } else {
        model_say(reply, f->status, f->body != NULL ? f->body : "");
    }
    reply->retry_after = f->instead_retry_after;
    return true;
}

void model_ca_answer(const struct model_request *request, struct model_reply *reply)
{
    static struct model_jws jws;
    const char *path = request->url + strlen(MODEL_CA);
    bool head = strcmp(request->method, "HEAD") == 0;

    memset(reply, 0, sizeof *reply);
    model_ca_tally.requests++;
    if (!instead(reply)) {
        if (strncmp(path, "/dir", 4) == 0 && strcmp(request->method, "GET") == 0) {
            directory(reply);
            return;
        }
        if (strcmp(path, "/nonce") == 0 && head) {
            model_ca_tally.nonces++;
            model_say(reply, 200, "");
            if (model_ca_faults.no_nonce) {
                return;
            }
        } else if (strcmp(path, "/new-acct") == 0) {
            if (model_open(request, true, &jws, reply)) {
                new_account(&jws, reply);
            }
        } else if (model_open(request, false, &jws, reply)) {
            if (strcmp(path, "/new-order") == 0) {
                new_order(&jws, reply);
            } else {
                resource(request, &jws, reply);
            }
        }
    }
    give_nonce(reply);
}
