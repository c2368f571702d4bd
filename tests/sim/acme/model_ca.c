#include "model_ca.h"

#include "model_jose.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ACCOUNTS 16
#define ORDERS 400
#define NONCES 65536
#define COORDINATE 48
#define PAYLOAD 2048

struct model_ca_faults model_ca_faults;
struct model_ca_tally model_ca_tally;

struct account {
    char x[COORDINATE], y[COORDINATE];
    bool closed;
};

struct order {
    unsigned account;
    char host[256];
    char token[48];
    bool told, fetched,
        good;       /* the challenge: the CA was told of it, has fetched it, found it right */
    unsigned looks; /* at the authorization, after it was told */
    bool ready_seen;
    bool finalized;
    unsigned order_looks; /* after finalize */
    uint8_t public_key[128];
    size_t public_key_n;
};

static struct {
    model_ca_fetch fetch;
    struct account accounts[ACCOUNTS];
    unsigned accounts_n;
    struct order orders[ORDERS];
    unsigned orders_n;
    uint8_t nonces[NONCES]; /* 1: given out, 2: used */
    unsigned nonces_n;
    uint32_t random;
} ca;

/* A signed request, taken apart. */
struct jws {
    char header[2048];
    char payload[PAYLOAD];
    char url[400], nonce[200], kid[400];
    char x[COORDINATE], y[COORDINATE];
    unsigned account;
};

void model_ca_start(model_ca_fetch fetch)
{
    memset(&ca, 0, sizeof ca);
    memset(&model_ca_faults, 0, sizeof model_ca_faults);
    memset(&model_ca_tally, 0, sizeof model_ca_tally);
    ca.fetch = fetch;
    ca.random = 1;
    jose_issuers();
}

void model_ca_forget_accounts(void)
{
    memset(ca.accounts, 0, sizeof ca.accounts); /* their numbers are not given out again */
}

void model_ca_close_accounts(void)
{
    for (unsigned i = 0; i < ca.accounts_n; i++)
        ca.accounts[i].closed = true;
}

void model_ca_forget_orders(void)
{
    memset(ca.orders, 0, sizeof ca.orders);
}

static uint32_t draw(void)
{
    ca.random = ca.random * 1664525U + 1013904223U;
    return ca.random >> 8;
}

/* Answers ---------------------------------------------------------------------------------------
 */

static void say(struct model_reply *reply, int status, const char *body)
{
    reply->status = status;
    reply->content_type = "application/json";
    reply->body_n = (size_t)snprintf(reply->body, sizeof reply->body, "%s", body);
}

static void refuse(struct model_reply *reply, int status, const char *type, const char *detail)
{
    say(reply, status, "");
    reply->content_type = "application/problem+json";
    reply->body_n = (size_t)snprintf(
        reply->body, sizeof reply->body,
        "{\"type\":\"urn:ietf:params:acme:error:%s\",\"detail\":\"%s\",\"status\":%d%s%s%s}", type,
        detail, status, model_ca_faults.instance != NULL ? ",\"instance\":\"" : "",
        model_ca_faults.instance != NULL ? model_ca_faults.instance : "",
        model_ca_faults.instance != NULL ? "\"" : "");
}

/* The client did something that no client may. */
static void bad(struct model_reply *reply, const char *why)
{
    model_ca_tally.bad++;
    snprintf(model_ca_tally.last_bad, sizeof model_ca_tally.last_bad, "%s", why);
    refuse(reply, 400, "malformed", why);
}

static void give_nonce(struct model_reply *reply)
{
    unsigned number = ++ca.nonces_n % NONCES;

    ca.nonces[number] = 1;
    snprintf(reply->nonce, sizeof reply->nonce, "n%05u-model_nonce", number);
}

/* What a request has to be ------------------------------------------------------------------------
 */

static bool split(struct sp_span body, struct jws *jws, char *why, struct sp_span *signed_text,
                  char *signature)
{
    static char text[8192];
    static char joined[8192];
    char part[4096];
    size_t n;

    if (body.n >= sizeof text)
        return false;
    memcpy(text, body.p, body.n);
    text[body.n] = '\0';
    snprintf(why, 80, "a member is missing");
    if (!jose_member(text, "protected", part, sizeof part))
        return false;
    n = (size_t)snprintf(joined, sizeof joined, "%s.", part);
    if (jose_unbase64url(part, (uint8_t *)jws->header, sizeof jws->header - 1) < 0)
        return false;
    if (!jose_member(text, "payload", part, sizeof part))
        return false;
    n += (size_t)snprintf(joined + n, sizeof joined - n, "%s", part);
    if (jose_unbase64url(part, (uint8_t *)jws->payload, sizeof jws->payload - 1) < 0)
        return false;
    *signed_text = sp_span(joined, n);
    if (!jose_member(text, "signature", signature, 120))
        return false;
    snprintf(part, sizeof part, "{\"protected\":\"");
    return strncmp(text, part, strlen(part)) == 0 && text[body.n - 1] == '}';
}

static bool find_account(struct jws *jws)
{
    static const char prefix[] = MODEL_CA "/acct/";

    if (strncmp(jws->kid, prefix, sizeof prefix - 1) != 0)
        return false;
    jws->account = (unsigned)atoi(jws->kid + sizeof prefix - 1);
    if (jws->account == 0 || jws->account > ca.accounts_n ||
        ca.accounts[jws->account - 1].x[0] == '\0')
        return false;
    strcpy(jws->x, ca.accounts[jws->account - 1].x);
    strcpy(jws->y, ca.accounts[jws->account - 1].y);
    return true;
}

/* False when the request was answered already. */
static bool check_nonce(const struct jws *jws, struct model_reply *reply)
{
    unsigned number = 0;
    char again[40];

    if (sscanf(jws->nonce, "n%5u-", &number) == 1 && number < NONCES)
        snprintf(again, sizeof again, "n%05u-model_nonce", number);
    else
        again[0] = '\0';
    if (strcmp(again, jws->nonce) != 0 || ca.nonces[number] != 1) {
        if (!model_ca_faults.forgives_nonces)
            bad(reply, "a nonce that was not given out, or was used");
        refuse(reply, 400, "badNonce", "never heard of it");
        return false;
    }
    ca.nonces[number] = 2;
    if (draw() % 100 < model_ca_faults.nonce_percent) {
        refuse(reply, 400, "badNonce", "not that one");
        return false;
    }
    return true;
}

/* Takes the request apart and checks it. False when it was answered already. */
static bool open_request(const struct model_request *request, bool new_account, struct jws *jws,
                         struct model_reply *reply)
{
    struct sp_span text;
    char signature[120];
    char value[40];
    char why[80];

    memset(jws, 0, sizeof *jws);
    if (strcmp(request->method, "POST") != 0 || request->content_type == NULL ||
        strcmp(request->content_type, "application/jose+json") != 0) {
        bad(reply, "not a POST of application/jose+json");
        return false;
    }
    if (!split(request->body, jws, why, &text, signature)) {
        bad(reply, why);
        return false;
    }
    if (!jose_member(jws->header, "alg", value, sizeof value) || strcmp(value, "ES256") != 0 ||
        !jose_member(jws->header, "url", jws->url, sizeof jws->url) ||
        strcmp(jws->url, request->url) != 0 ||
        !jose_member(jws->header, "nonce", jws->nonce, sizeof jws->nonce)) {
        bad(reply, "alg, url or nonce of the header");
        return false;
    }
    if ((strstr(jws->header, "\"jwk\"") != NULL) != new_account ||
        jose_member(jws->header, "kid", jws->kid, sizeof jws->kid) == new_account) {
        bad(reply, "jwk and kid of the header");
        return false;
    }
    if (new_account) {
        jose_member(jws->header, "x", jws->x, sizeof jws->x);
        jose_member(jws->header, "y", jws->y, sizeof jws->y);
    } else if (!find_account(jws)) {
        refuse(reply, 400, "accountDoesNotExist", "no such account");
        return false;
    }
    if (!jose_verify(jws->x, jws->y, text, signature)) {
        bad(reply, "the signature");
        return false;
    }
    if (!check_nonce(jws, reply))
        return false;
    if (!new_account && ca.accounts[jws->account - 1].closed) {
        refuse(reply, 403, "unauthorized", "Account is deactivated");
        return false;
    }
    return true;
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
        "\"meta\":{\"termsOfService\":\"data:text/plain,terms\",\"externalAccountRequired\":%s}}",
        MODEL_CA, MODEL_CA, MODEL_CA, MODEL_CA, MODEL_CA,
        model_ca_faults.external_account ? "true" : "false");
    say(reply, 200, text);
}

static void new_account(const struct jws *jws, struct model_reply *reply)
{
    unsigned i;

    if (strcmp(jws->payload, "{\"termsOfServiceAgreed\":true}") != 0) {
        bad(reply, "the payload of newAccount");
        return;
    }
    if (model_ca_faults.eab_refused) {
        refuse(reply, 403, "externalAccountRequired", "a binding is required");
        return;
    }
    for (i = 0; i < ca.accounts_n; i++) {
        if (strcmp(ca.accounts[i].x, jws->x) == 0 && strcmp(ca.accounts[i].y, jws->y) == 0)
            break;
    }
    if (i < ca.accounts_n && ca.accounts[i].closed) {
        refuse(reply, 403, "unauthorized", "Account is deactivated");
        return;
    }
    say(reply, i < ca.accounts_n ? 200 : 201, "{\"status\":\"valid\",\"orders\":\"x\"}");
    if (i == ca.accounts_n) {
        if (i == ACCOUNTS)
            abort();
        strcpy(ca.accounts[i].x, jws->x);
        strcpy(ca.accounts[i].y, jws->y);
        ca.accounts_n++;
        model_ca_tally.accounts++;
    }
    snprintf(reply->location, sizeof reply->location, "%s/acct/%u", MODEL_CA, i + 1);
}

/* Looks at the challenge as the CA's validation does. */
static void validate(struct order *order)
{
    char expected[160];
    char thumbprint[48];
    const struct account *account = &ca.accounts[order->account - 1];

    jose_thumbprint(account->x, account->y, thumbprint, sizeof thumbprint);
    snprintf(expected, sizeof expected, "%s.%s", order->token, thumbprint);
    order->fetched = true;
    order->good =
        model_ca_faults.invalid_type == NULL && ca.fetch(order->host, order->token, expected);
}

static const char *authz_status(const struct order *order)
{
    if (model_ca_faults.authz_valid)
        return "valid";
    if (!order->fetched || order->looks < model_ca_faults.authz_polls)
        return "pending";
    return order->good ? "valid" : "invalid";
}

static const char *order_status(const struct order *order)
{
    const char *authz = authz_status(order);

    if (order->finalized)
        return order->order_looks < model_ca_faults.order_polls ? "processing" : "valid";
    if (strcmp(authz, "valid") != 0)
        return authz;
    return model_ca_faults.late_ready && !order->ready_seen ? "pending" : "ready";
}

static void show_order(struct order *order, struct model_reply *reply)
{
    unsigned number = (unsigned)(order - ca.orders) + 1;
    const char *status = order_status(order);
    char certificate[200] = "";
    char text[1200];

    if (strcmp(status, "valid") == 0)
        snprintf(certificate, sizeof certificate, ",\"certificate\":\"%s/cert/%u\"", MODEL_CA,
                 number);
    snprintf(text, sizeof text,
             "{\"status\":\"%s\",\"expires\":\"2030-01-01T00:00:00Z\",\"identifiers\":[{\"type\":"
             "\"dns\",\"value\":\"%s\"}],\"authorizations\":[\"%s/authz/%u\"],\"finalize\":"
             "\"%s/finalize/%u\"%s}",
             status, order->host, MODEL_CA, number, MODEL_CA, number, certificate);
    say(reply, 200, text);
    if (strcmp(status, "processing") == 0)
        reply->retry_after = model_ca_faults.retry_after;
    snprintf(reply->location, sizeof reply->location, "%s/order/%u", MODEL_CA, number);
}

static void new_order(const struct jws *jws, struct model_reply *reply)
{
    struct order *order = &ca.orders[ca.orders_n];
    char type[16];
    char expected[400];

    if (ca.orders_n == ORDERS)
        abort();
    memset(order, 0, sizeof *order);
    if (!jose_member(jws->payload, "type", type, sizeof type) ||
        !jose_member(jws->payload, "value", order->host, sizeof order->host)) {
        bad(reply, "the payload of newOrder");
        return;
    }
    snprintf(expected, sizeof expected, "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"%s\"}]}",
             order->host);
    if (strcmp(expected, jws->payload) != 0) {
        bad(reply, "the payload of newOrder");
        return;
    }
    ca.orders_n++;
    model_ca_tally.orders++;
    order->account = jws->account;
    snprintf(order->token, sizeof order->token, "token-%u_of-the-model-CA", ca.orders_n);
    show_order(order, reply);
    reply->status = 201;
}

static void show_authz(struct order *order, struct model_reply *reply)
{
    unsigned number = (unsigned)(order - ca.orders) + 1;
    const char *status = authz_status(order);
    char error[300] = "";
    char text[1600];

    if (strcmp(status, "invalid") == 0)
        snprintf(
            error, sizeof error,
            ",\"error\":{\"type\":\"urn:ietf:params:acme:error:%s\",\"detail\":\"the model says "
            "so\",\"status\":403}",
            model_ca_faults.invalid_type != NULL ? model_ca_faults.invalid_type : "unauthorized");
    snprintf(
        text, sizeof text,
        "{\"status\":\"%s\",\"identifier\":{\"type\":\"dns\",\"value\":\"%s\"},\"challenges\":["
        "{\"type\":\"dns-01\",\"url\":\"%s/chal/dns\",\"token\":\"x\",\"status\":\"pending\"},"
        "{\"type\":\"%s\",\"url\":\"%s/chal/%u\",\"token\":\"%s\",\"status\":\"%s\"%s}]}",
        status, order->host, MODEL_CA, model_ca_faults.no_http01 ? "tls-alpn-01" : "http-01",
        MODEL_CA, number, order->token,
        strcmp(status, "pending") == 0 && order->told ? "processing" : status, error);
    say(reply, 200, text);
    if (strcmp(status, "pending") == 0)
        reply->retry_after = order->told ? model_ca_faults.retry_after : 0;
}

static void challenge(const struct jws *jws, struct order *order, struct model_reply *reply)
{
    if (strcmp(jws->payload, "{}") != 0) {
        bad(reply, "the payload of a challenge");
        return;
    }
    if (order->told) {
        refuse(reply, 400, "malformed", "the challenge is not pending");
        return;
    }
    model_ca_tally.challenges++;
    order->told = true;
    if (!model_ca_faults.lazy)
        validate(order);
    say(reply, 200, "{\"type\":\"http-01\",\"status\":\"processing\"}");
    reply->retry_after = model_ca_faults.retry_after;
}

static void finalize(const struct jws *jws, struct order *order, struct model_reply *reply)
{
    char text[1600];
    uint8_t csr[1200];
    struct sp_span key;
    int n;

    if (strcmp(order_status(order), "ready") != 0) {
        refuse(reply, 403, "orderNotReady", "the order is not ready");
        return;
    }
    n = jose_member(jws->payload, "csr", text, sizeof text)
            ? jose_unbase64url(text, csr, sizeof csr)
            : -1;
    if (n < 0 || !jose_csr(sp_span(csr, (size_t)n), order->host, &key) ||
        key.n > sizeof order->public_key) {
        bad(reply, "the request for a certificate");
        return;
    }
    memcpy(order->public_key, key.p, key.n);
    order->public_key_n = key.n;
    order->finalized = true;
    model_ca_tally.finalized++;
    show_order(order, reply);
    order->order_looks++;
}

static void download(const struct model_request *request, const struct order *order,
                     struct model_reply *reply)
{
    struct sp_span key = sp_span(order->public_key, order->public_key_n);

    if (request->accept == NULL ||
        strcmp(request->accept, "application/pem-certificate-chain") != 0) {
        bad(reply, "the Accept of a download");
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
static void look(struct order *order)
{
    if (order->told && !order->fetched)
        validate(order);
    else if (order->told)
        order->looks++;
}

static void resource(const struct model_request *request, const struct jws *jws,
                     struct model_reply *reply)
{
    const char *path = request->url + strlen(MODEL_CA);
    const char *slash = strrchr(path, '/');
    unsigned number = (unsigned)atoi(slash + 1);
    struct order *order = number >= 1 && number <= ca.orders_n ? &ca.orders[number - 1] : NULL;
    bool is_challenge = strncmp(path, "/chal/", 6) == 0;
    bool is_finalize = strncmp(path, "/finalize/", 10) == 0;

    if (order == NULL || order->host[0] == '\0' || order->account != jws->account) {
        refuse(reply, 404, "malformed", "no such thing");
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
        bad(reply, "POST-as-GET with a payload");
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
        refuse(reply, 404, "malformed", "no such thing");
    }
}

static bool instead(struct model_reply *reply)
{
    const struct model_ca_faults *f = &model_ca_faults;
    unsigned count = f->instead_n != 0 ? f->instead_n : 1;

    if (f->instead_at == 0 || model_ca_tally.requests < f->instead_at ||
        model_ca_tally.requests >= f->instead_at + count)
        return false;
    if (f->type != NULL)
        refuse(reply, f->status, f->type, "the model says so");
    else
        say(reply, f->status, f->body != NULL ? f->body : "");
    reply->retry_after = f->instead_retry_after;
    return true;
}

void model_ca_answer(const struct model_request *request, struct model_reply *reply)
{
    static struct jws jws;
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
            say(reply, 200, "");
            if (model_ca_faults.no_nonce)
                return;
        } else if (strcmp(path, "/new-acct") == 0) {
            if (open_request(request, true, &jws, reply))
                new_account(&jws, reply);
        } else if (open_request(request, false, &jws, reply)) {
            if (strcmp(path, "/new-order") == 0)
                new_order(&jws, reply);
            else
                resource(request, &jws, reply);
        }
    }
    give_nonce(reply);
}
