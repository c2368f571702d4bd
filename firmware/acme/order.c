#include "acme/order.h"

#include "acme/json.h"
#include "acme/problem.h"
#include "base/err.h"

#include <string.h>

static const struct {
    const char *text;
    enum sp_acme_status status;
} statuses[] = {
    {"pending", SP_ACME_PENDING}, {"ready", SP_ACME_READY},     {"processing", SP_ACME_PROCESSING},
    {"valid", SP_ACME_VALID},     {"invalid", SP_ACME_INVALID}, {"deactivated", SP_ACME_INVALID},
    {"expired", SP_ACME_INVALID}, {"revoked", SP_ACME_INVALID},
};

static int read_status(const struct cJSON *object, enum sp_acme_status *out)
{
    const char *text = sp_acme_json_text(object, "status");

    for (size_t i = 0; text != NULL && i < sizeof statuses / sizeof statuses[0]; i++) {
        if (strcmp(text, statuses[i].text) == 0) {
            *out = statuses[i].status;
            return 0;
        }
    }
    return SP_E_PROTOCOL;
}

static bool is_host(const struct cJSON *identifier, const char *host)
{
    const char *type = sp_acme_json_text(identifier, "type");
    const char *value = sp_acme_json_text(identifier, "value");

    return type != NULL && value != NULL && strcmp(type, "dns") == 0 &&
           sp_span_is_nocase(sp_span_str(value), host);
}

static int read_order(const struct cJSON *root, const char *host, struct sp_acme_order_object *out,
                      struct sp_acme_problem *problem)
{
    const struct cJSON *names = sp_acme_json_array(root, "identifiers");
    const struct cJSON *list = sp_acme_json_array(root, "authorizations");
    int err;

    if (read_status(root, &out->status) < 0) {
        return SP_E_PROTOCOL;
    }
    sp_acme_problem_read(sp_acme_json_object(root, "error"), problem);
    if (sp_acme_json_count(names) != 1 || !is_host(sp_acme_json_item(names, 0), host)) {
        return SP_E_PROTOCOL;
    }
    if (sp_acme_json_count(list) != 1 ||
        sp_acme_json_url(sp_acme_json_item(list, 0), NULL, out->authorization) < 0 ||
        sp_acme_json_url(root, "finalize", out->finalize) < 0) {
        return SP_E_PROTOCOL;
    }
    err = sp_acme_json_url(root, "certificate", out->certificate);
    return err == SP_E_PROTOCOL || (err < 0 && out->status == SP_ACME_VALID) ? SP_E_PROTOCOL : 0;
}

int sp_acme_order_parse(struct sp_span body, const char *host, struct sp_acme_order_object *out,
                        struct sp_acme_problem *problem)
{
    struct cJSON *root;
    int err = sp_acme_json_parse(body, &root);

    memset(out, 0, sizeof *out);
    if (err == 0) {
        err = read_order(root, host, out, problem);
    }
    sp_acme_json_free(root);
    return err;
}

/* http-01 alone; a challenge of another type may hold what it likes. */
static int read_challenge(const struct cJSON *challenge, struct sp_acme_authorization *out)
{
    const char *type = sp_acme_json_text(challenge, "type");
    const char *token = sp_acme_json_text(challenge, "token");

    if (type == NULL || strcmp(type, "http-01") != 0 || out->challenge[0] != '\0') {
        return 0;
    }
    if (token == NULL || !sp_acme_is_base64url(token, SP_ACME_TOKEN_MAX) ||
        read_status(challenge, &out->challenge_status) < 0) {
        return SP_E_PROTOCOL;
    }
    (void)sp_span_copy(sp_span_str(token), out->token, sizeof out->token);
    return sp_acme_json_url(challenge, "url", out->challenge) < 0 ? SP_E_PROTOCOL : 0;
}

static int read_challenges(const struct cJSON *list, struct sp_acme_authorization *out,
                           struct sp_acme_problem *problem)
{
    for (unsigned i = 0; i < sp_acme_json_count(list); i++) {
        const struct cJSON *challenge = sp_acme_json_item(list, i);
        const struct cJSON *error = sp_acme_json_object(challenge, "error");

        if (read_challenge(challenge, out) < 0) {
            return SP_E_PROTOCOL;
        }
        if (error != NULL && problem->type[0] == '\0') {
            sp_acme_problem_read(error, problem);
        }
    }
    return 0;
}

int sp_acme_authorization_parse(struct sp_span body, const char *host,
                                struct sp_acme_authorization *out, struct sp_acme_problem *problem)
{
    struct cJSON *root;
    int err = sp_acme_json_parse(body, &root);

    memset(out, 0, sizeof *out);
    if (err == 0 && (read_status(root, &out->status) < 0 ||
                     !is_host(sp_acme_json_object(root, "identifier"), host))) {
        err = SP_E_PROTOCOL;
    }
    if (err == 0) {
        err = read_challenges(sp_acme_json_array(root, "challenges"), out, problem);
    }
    sp_acme_json_free(root);
    return err;
}
