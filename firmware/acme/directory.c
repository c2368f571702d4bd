#include "acme/directory.h"

#include "acme/json.h"
#include "base/err.h"
#include "base/text.h"

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

/* RFC 8659 4.2: an issuer is a domain name. */
static void read_identities(const struct cJSON *meta, char *out)
{
    const struct cJSON *list = sp_acme_json_array(meta, "caaIdentities");
    char name[SP_DOMAIN_SIZE];
    struct sp_buf text;

    sp_buf_init(&text, out, SP_CA_IDENTITIES_SIZE);
    for (unsigned i = 0; i < sp_acme_json_count(list); i++) {
        const char *identity = sp_acme_json_text(sp_acme_json_item(list, i), NULL);

        if (identity != NULL && sp_hostname(sp_span_str(identity), name) == 0 &&
            text.len + 1 + strlen(name) < text.cap) {
            sp_buf_printf(&text, "%s%s", text.len > 0 ? " " : "", name);
        }
    }
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
    if (read_terms(meta, out->terms) < 0) {
        return SP_E_PROTOCOL;
    }
    read_identities(meta, out->ca_identities);
    return 0;
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
