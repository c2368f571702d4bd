/* What a signed request has to be (RFC 8555 6.2 to 6.5). */
#include "model_jose.h"
#include "model_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool split(struct sp_span body, struct model_jws *jws, char *why,
                  struct sp_span *signed_text, char *signature)
{
    static char text[8192];
    static char joined[8192];
    char part[4096];
    size_t n;

    if (body.n >= sizeof text) {
        return false;
    }
    memcpy(text, body.p, body.n);
    text[body.n] = '\0';
    snprintf(why, 80, "a member is missing");
    if (!jose_member(text, "protected", part, sizeof part)) {
        return false;
    }
    n = (size_t)snprintf(joined, sizeof joined, "%s.", part);
    if (jose_unbase64url(part, (uint8_t *)jws->header, sizeof jws->header - 1) < 0) {
        return false;
    }
    if (!jose_member(text, "payload", part, sizeof part)) {
        return false;
    }
    n += (size_t)snprintf(joined + n, sizeof joined - n, "%s", part);
    if (jose_unbase64url(part, (uint8_t *)jws->payload, sizeof jws->payload - 1) < 0) {
        return false;
    }
    *signed_text = sp_span(joined, n);
    if (!jose_member(text, "signature", signature, 120)) {
        return false;
    }
    snprintf(part, sizeof part, "{\"protected\":\"");
    return strncmp(text, part, strlen(part)) == 0 && text[body.n - 1] == '}';
}

static bool find_account(struct model_jws *jws)
{
    static const char prefix[] = MODEL_CA "/acct/";

    if (strncmp(jws->kid, prefix, sizeof prefix - 1) != 0) {
        return false;
    }
    jws->account = (unsigned)atoi(jws->kid + sizeof prefix - 1);
    if (jws->account == 0 || jws->account > model_state.accounts_n ||
        model_state.accounts[jws->account - 1].x[0] == '\0') {
        return false;
    }
    strcpy(jws->x, model_state.accounts[jws->account - 1].x);
    strcpy(jws->y, model_state.accounts[jws->account - 1].y);
    return true;
}

/* False when the request was answered already. */
static bool check_nonce(const struct model_jws *jws, struct model_reply *reply)
{
    unsigned number = 0;
    char again[40];

    if (sscanf(jws->nonce, "n%5u-", &number) == 1 && number < NONCES) {
        snprintf(again, sizeof again, "n%05u-model_nonce", number);
    } else {
        again[0] = '\0';
    }
    if (strcmp(again, jws->nonce) != 0 || model_state.nonces[number] != 1) {
        if (!model_ca_faults.forgives_nonces) {
            model_bad(reply, "a nonce that was not given out, or was used");
        }
        model_refuse(reply, 400, "badNonce", "never heard of it");
        return false;
    }
    model_state.nonces[number] = 2;
    if (model_draw() % 100 < model_ca_faults.nonce_percent) {
        model_refuse(reply, 400, "badNonce", "not that one");
        return false;
    }
    return true;
}

bool model_open(const struct model_request *request, bool new_account, struct model_jws *jws,
                struct model_reply *reply)
{
    struct sp_span text;
    char signature[120];
    char value[40];
    char why[80];

    memset(jws, 0, sizeof *jws);
    if (strcmp(request->method, "POST") != 0 || request->content_type == NULL ||
        strcmp(request->content_type, "application/jose+json") != 0) {
        model_bad(reply, "not a POST of application/jose+json");
        return false;
    }
    if (!split(request->body, jws, why, &text, signature)) {
        model_bad(reply, why);
        return false;
    }
    if (!jose_member(jws->header, "alg", value, sizeof value) || strcmp(value, "ES256") != 0 ||
        !jose_member(jws->header, "url", jws->url, sizeof jws->url) ||
        strcmp(jws->url, request->url) != 0 ||
        !jose_member(jws->header, "nonce", jws->nonce, sizeof jws->nonce)) {
        model_bad(reply, "alg, url or nonce of the header");
        return false;
    }
    if ((strstr(jws->header, "\"jwk\"") != NULL) != new_account ||
        jose_member(jws->header, "kid", jws->kid, sizeof jws->kid) == new_account) {
        model_bad(reply, "jwk and kid of the header");
        return false;
    }
    if (new_account) {
        jose_member(jws->header, "x", jws->x, sizeof jws->x);
        jose_member(jws->header, "y", jws->y, sizeof jws->y);
    } else if (!find_account(jws)) {
        model_refuse(reply, 400, "accountDoesNotExist", "no such account");
        return false;
    }
    if (!jose_verify(jws->x, jws->y, text, signature)) {
        model_bad(reply, "the signature");
        return false;
    }
    if (!check_nonce(jws, reply)) {
        return false;
    }
    if (!new_account && model_state.accounts[jws->account - 1].closed) {
        model_refuse(reply, 403, "unauthorized", "Account is deactivated");
        return false;
    }
    return true;
}
