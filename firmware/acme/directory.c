#include "acme/directory.h"

#include "acme/json.h"
#include "base/err.h"

#include <string.h>

/* The terms are only shown: Pebble's are a data: URL. */
static int read_terms(const struct cJSON *meta, char *out)
{
    const char *terms = sp_acme_json_text(meta, "termsOfService");

    out[0] = '\0';
    if (terms == NULL) {
        return 0;
    }
    for (const char *c = terms; *c != '\0'; c++) {
        if (*c < ' ' || *c > '~') {
            return SP_E_PROTOCOL;
        }
    }
    return sp_span_copy(sp_span_str(terms), out, SP_URL_MAX) < 0 ? SP_E_PROTOCOL : 0;
}

static int read_all(const struct cJSON *root, struct sp_acme_directory *out)
{
    const struct cJSON *meta = sp_acme_json_object(root, "meta");

    if (sp_acme_json_url(root, "newNonce", out->new_nonce) < 0 ||
        sp_acme_json_url(root, "newAccount", out->new_account) < 0 ||
        sp_acme_json_url(root, "newOrder", out->new_order) < 0) {
        return SP_E_PROTOCOL;
    }
    out->external_account = sp_acme_json_true(meta, "externalAccountRequired");
    return read_terms(meta, out->terms);
}

int sp_acme_directory_parse(struct sp_span body, struct sp_acme_directory *out)
{
    struct cJSON *root;
    int err = sp_acme_json_parse(body, &root);

    if (err == 0) {
        err = read_all(root, out);
    }
    sp_acme_json_free(root);
    return err;
}
