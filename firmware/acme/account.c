/* The account with the CA (RFC 8555 7.3). Its key is kept before the CA hears of it, so that
 * whatever moment power goes, the same key leads to the same account: newAccount is answered with
 * the URL of the one that exists. */
#include "acme/client.h"

#include "acme/json.h"
#include "acme/problem.h"
#include "base/err.h"
#include "base/log.h"
#include "base/scratch.h"

#include <string.h>

/* The record is read into scratch memory that the caller releases. */
static int read_record(struct sp_acme_client *c, struct sp_acme_account_record *out)
{
    uint8_t *bytes = sp_scratch_take(SP_ACME_RECORD_MAX);
    int n = sp_store_get(c->store, SP_KIND_ACCOUNT, c->directory_url, bytes, SP_ACME_RECORD_MAX);

    return n < 0 ? n : sp_acme_account_decode(sp_span(bytes, (size_t)n), out);
}

static int write_record(struct sp_acme_client *c, const struct sp_acme_account_record *record)
{
    size_t mark = sp_scratch_mark();
    uint8_t *bytes = sp_scratch_take(SP_ACME_RECORD_MAX);
    int n = sp_acme_account_encode(record, bytes, SP_ACME_RECORD_MAX);
    int err = n;

    if (n >= 0) {
        err =
            sp_store_put(c->store, SP_KIND_ACCOUNT, c->directory_url, sp_span(bytes, (size_t)n), 0);
    }
    sp_scratch_release(mark);
    return err;
}

void sp_acme_account_load(struct sp_acme_client *c)
{
    size_t mark = sp_scratch_mark();
    struct sp_acme_account_record record;
    char ca[SP_DOMAIN_SIZE];
    int err = read_record(c, &record);

    c->agreed = err == 0;
    c->account_url[0] = '\0';
    c->directory.ca_identities[0] = '\0';
    if (err == 0) {
        (void)sp_span_copy(record.url, c->account_url, sizeof c->account_url);
        (void)sp_span_copy(record.ca_identities, c->directory.ca_identities,
                           sizeof c->directory.ca_identities);
    } else if (err != SP_E_NOT_FOUND) {
        sp_acme_ca(c, ca);
        sp_log_error(SP_ACME_ROOM, "the account with %s cannot be read: %s", ca, sp_err_text(err));
    }
    sp_scratch_release(mark);
}

int sp_acme_account_key(struct sp_acme_client *c, struct sp_key *key)
{
    size_t mark = sp_scratch_mark();
    struct sp_acme_account_record record;
    int err = read_record(c, &record);

    key->n = 0;
    if (err == 0) {
        err = sp_key_load(record.key, key);
    }
    sp_scratch_release(mark);
    return err;
}

int sp_acme_account_agree(struct sp_acme_client *c, const char *terms, sp_utc utc)
{
    struct sp_key key;
    struct sp_acme_account_record record = {.agreed = utc};
    int err;

    if (!c->directory_known || strcmp(terms, c->directory.terms) != 0) {
        return SP_E_STATE;
    }
    err = sp_acme_account_key(c, &key);
    if (err == SP_E_NOT_FOUND || err == SP_E_CORRUPT) {
        c->account_url[0] = '\0'; /* it would be the account of another key */
        err = sp_key_make(&key);
    }
    if (err == 0) {
        record.key = sp_span(key.der, key.n);
        record.url = sp_span_str(c->account_url);
        record.terms = sp_span_str(terms);
        record.ca_identities = sp_span_str(c->directory.ca_identities);
        err = write_record(c, &record);
    }
    sp_key_wipe(&key);
    if (err == 0) {
        c->agreed = true;
    }
    return err;
}

int sp_acme_account_keep_identities(struct sp_acme_client *c)
{
    size_t mark = sp_scratch_mark();
    struct sp_acme_account_record record;
    struct sp_span known = sp_span_str(c->directory.ca_identities);
    int err = read_record(c, &record);

    if (err == 0 && !sp_span_equal(record.ca_identities, known)) {
        record.ca_identities = known;
        err = write_record(c, &record);
    }
    sp_scratch_release(mark);
    return err == SP_E_NOT_FOUND ? 0 : err;
}

static int keep_url(struct sp_acme_client *c, const char *url)
{
    size_t mark = sp_scratch_mark();
    struct sp_acme_account_record record;
    int err = read_record(c, &record);

    if (err == 0) {
        record.url = sp_span_str(url);
        err = write_record(c, &record);
    }
    sp_scratch_release(mark);
    return err;
}

static int put_payload(struct sp_acme_client *c, struct sp_buf *out)
{
    (void)c;
    sp_buf_puts(out, "{\"termsOfServiceAgreed\":true}");
    return 0;
}

int sp_acme_account_begin(struct sp_acme_client *c, sp_time now)
{
    (void)now;
    if (c->directory.external_account) {
        static const char type[] = "externalAccountRequired";

        (void)sp_span_copy(sp_span_str(type), c->problem.type, sizeof c->problem.type);
        sp_acme_problem_explain(&c->problem, c->job.host, false);
        return c->problem.error;
    }
    sp_acme_exchange_begin(c, SP_ACME_POST_KEY, c->directory.new_account, put_payload);
    return 0;
}

/* 0 when the account can be used. */
static int read_account(struct sp_acme_client *c)
{
    struct cJSON *root;
    int err = sp_acme_json_parse(sp_acme_answer(c), &root);
    const char *status = sp_acme_json_text(root, "status");
    bool usable = status != NULL && strcmp(status, "valid") == 0;

    if (err == 0 && (status == NULL || !sp_acme_url_ok(c->exchange.http->location))) {
        err = SP_E_PROTOCOL;
    }
    sp_acme_json_free(root);
    if (err < 0) {
        return sp_acme_fail_reading(c, err, "account");
    }
    return usable ? 0
                  : sp_acme_fail(c, SP_E_REFUSED, "The CA has closed our account",
                                 "Forget it (\"factory-reset forget-account\") and agree to the "
                                 "terms again, or ask the CA");
}

int sp_acme_account_answer(struct sp_acme_client *c, sp_time now)
{
    int err = read_account(c);

    (void)now;
    if (err < 0) {
        return err;
    }
    err = keep_url(c, c->exchange.http->location);
    if (err < 0) {
        return sp_acme_fail_store(c, err);
    }
    (void)sp_span_copy(sp_span_str(c->exchange.http->location), c->account_url,
                       sizeof c->account_url);
    sp_log_info(SP_ACME_ROOM, "account %s", c->account_url);
    sp_acme_go_on(c);
    return 0;
}

int sp_acme_account_gone(struct sp_acme_client *c)
{
    char ca[SP_DOMAIN_SIZE];

    if (c->job.account_renewed ||
        !sp_acme_problem_names(sp_acme_answer(c), "accountDoesNotExist")) {
        return 0;
    }
    sp_acme_ca(c, ca);
    sp_log_warn(SP_ACME_ROOM, "%s does not know account %s any more: it is made anew", ca,
                c->account_url);
    c->job.account_renewed = true;
    c->account_url[0] = '\0';
    sp_acme_job_delete(c);
    sp_acme_go_on(c);
    return 1;
}
