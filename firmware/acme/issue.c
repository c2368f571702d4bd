/* The order (RFC 8555 7.4): asked for, finalized, waited for, and its certificate downloaded. Its
 * record is written before each step that a reset would otherwise undo: the URL before anything is
 * asked about the order, the key before its request for a certificate leaves. */
#include "acme/client.h"

#include "acme/json.h"
#include "acme/problem.h"
#include "base/err.h"
#include "base/log.h"
#include "base/scratch.h"
#include "base/text.h"
#include "sp_port.h"

#include <string.h>

#define RECORD "order"
#define RESUME_S 3600    /* after that long a new order is the cleaner start */
#define WAIT_MS 180000   /* for a validation, and for the certificate */
#define PAUSE_FIRST 1000 /* ms between two polls; longer by as much each time … */
#define PAUSE_LAST 5000  /* … up to this */
#define FINALIZE_MAX 4   /* times that finalize is sent in one order */
#define CSR_MAX 1024

/* The record --------------------------------------------------------------------------------------
 */

/* The record is read into scratch memory that the caller releases. */
static int read_record(struct sp_acme_client *c, struct sp_acme_order_record *out)
{
    uint8_t *bytes = sp_scratch_take(SP_ACME_RECORD_MAX);
    int n = sp_store_get(c->store, SP_KIND_ORDER, RECORD, bytes, SP_ACME_RECORD_MAX);

    return n < 0 ? n : sp_acme_order_decode(sp_span(bytes, (size_t)n), out);
}

static bool is_usable(const struct sp_acme_client *c, const struct sp_acme_order_record *record,
                      sp_utc utc)
{
    return sp_span_is(record->host, c->job.host) &&
           sp_span_is(record->directory, c->directory_url) && record->url.n < SP_URL_MAX &&
           record->begun <= utc && utc - record->begun < RESUME_S;
}

void sp_acme_job_load(struct sp_acme_client *c, sp_utc utc)
{
    size_t mark = sp_scratch_mark();
    struct sp_acme_order_record record;
    int err = read_record(c, &record);

    c->job.resumed = err == 0 && is_usable(c, &record, utc);
    if (c->job.resumed) {
        c->job.begun = record.begun;
        c->job.resumed = sp_span_copy(record.url, c->job.url, sizeof c->job.url) == 0 &&
                         sp_acme_url_ok(c->job.url);
    }
    sp_scratch_release(mark);
    if (!c->job.resumed && err != SP_E_NOT_FOUND) {
        sp_acme_job_delete(c);
    }
}

void sp_acme_job_host(struct sp_acme_client *c, char *out)
{
    size_t mark = sp_scratch_mark();
    struct sp_acme_order_record record;

    out[0] = '\0';
    if (read_record(c, &record) == 0) {
        (void)sp_span_copy(record.host, out, SP_DOMAIN_SIZE);
    }
    sp_scratch_release(mark);
}

void sp_acme_job_delete(struct sp_acme_client *c)
{
    int err = sp_store_delete(c->store, SP_KIND_ORDER, RECORD);

    if (err < 0 && err != SP_E_NOT_FOUND) {
        sp_log_error(SP_ACME_ROOM, "the order's record cannot be deleted: %s", sp_err_text(err));
    }
    c->job.resumed = false;
    c->job.url[0] = '\0';
}

int sp_acme_job_save(struct sp_acme_client *c, const struct sp_key *key)
{
    size_t mark = sp_scratch_mark();
    uint8_t *bytes = sp_scratch_take(SP_ACME_RECORD_MAX);
    const struct sp_acme_order_record record = {.begun = c->job.begun,
                                                .host = sp_span_str(c->job.host),
                                                .directory = sp_span_str(c->directory_url),
                                                .url = sp_span_str(c->job.url),
                                                .key = key != NULL ? sp_span(key->der, key->n)
                                                                   : sp_span(NULL, 0)};
    int n = sp_acme_order_encode(&record, bytes, SP_ACME_RECORD_MAX);
    int err = n;

    if (n >= 0) {
        err = sp_store_put(c->store, SP_KIND_ORDER, RECORD, sp_span(bytes, (size_t)n), 0);
    }
    sp_scratch_release(mark);
    return err;
}

int sp_acme_job_key(struct sp_acme_client *c, struct sp_key *key)
{
    size_t mark = sp_scratch_mark();
    struct sp_acme_order_record record;
    int err = read_record(c, &record);

    key->n = 0;
    if (err == 0) {
        err = record.key.n > 0 ? sp_key_load(record.key, key) : SP_E_NOT_FOUND;
    }
    sp_scratch_release(mark);
    return err;
}

static bool has_key(struct sp_acme_client *c)
{
    struct sp_key key;
    int err = sp_acme_job_key(c, &key);

    sp_key_wipe(&key);
    return err == 0;
}

/* Waiting for the CA ------------------------------------------------------------------------------
 */

static int pause_before_poll(struct sp_acme_client *c, sp_time now)
{
    struct sp_acme_job *job = &c->job;
    uint32_t asked = c->exchange.http->retry_after;
    sp_time pause = asked > 0 ? (sp_time)asked * 1000 : job->wait;

    if (now + pause > job->wait_until) {
        c->problem.retry_after = asked;
        return sp_acme_fail(c, SP_E_TIMEOUT, "The CA has not come to an end with {host} in time",
                            "It is gone on with at the next try; see the CA's status page if it "
                            "stays so");
    }
    if (job->wait < PAUSE_LAST) {
        job->wait += PAUSE_FIRST;
    }
    sp_acme_again(c, now, pause);
    return 0;
}

int sp_acme_poll_first(struct sp_acme_client *c, enum sp_acme_state state, sp_time now)
{
    c->job.wait_until = now + WAIT_MS;
    c->job.wait = PAUSE_FIRST;
    sp_acme_set_state(c, state);
    return pause_before_poll(c, now);
}

int sp_acme_poll_again(struct sp_acme_client *c, sp_time now)
{
    return pause_before_poll(c, now);
}

/* How an order stands -----------------------------------------------------------------------------
 */

int sp_acme_new_order_instead(struct sp_acme_client *c)
{
    sp_log_info(SP_ACME_ROOM, "%s: the stored order is over: a new one begins", c->job.host);
    sp_acme_job_delete(c);
    sp_acme_set_state(c, SP_ACME_ST_NEW_ORDER);
    return 0;
}

/* To the step that an order in that status waits for. SP_E_STATE when there is none: it is invalid,
 * or its certificate is for a key that we don't have. */
static int follow(struct sp_acme_client *c, sp_time now)
{
    enum sp_acme_status status = c->job.status;

    if ((status == SP_ACME_PROCESSING || status == SP_ACME_VALID) && !has_key(c)) {
        return SP_E_STATE;
    }
    switch (status) {
    case SP_ACME_PENDING:
        sp_acme_set_state(c, SP_ACME_ST_AUTHORIZATION);
        return 0;
    case SP_ACME_READY:
        sp_acme_set_state(c, SP_ACME_ST_FINALIZE);
        return 0;
    case SP_ACME_PROCESSING:
        return sp_acme_poll_first(c, SP_ACME_ST_ISSUANCE, now);
    case SP_ACME_VALID:
        sp_acme_set_state(c, SP_ACME_ST_DOWNLOAD);
        return 0;
    case SP_ACME_INVALID:
    default:
        return SP_E_STATE;
    }
}

static void keep_order(struct sp_acme_job *job, const struct sp_acme_order_object *order)
{
    job->status = order->status;
    memcpy(job->authorization_url, order->authorization, sizeof job->authorization_url);
    memcpy(job->finalize_url, order->finalize, sizeof job->finalize_url);
    memcpy(job->last.certificate, order->certificate, sizeof job->last.certificate);
}

static int read_order(struct sp_acme_client *c)
{
    size_t mark = sp_scratch_mark();
    struct sp_acme_order_object *order = sp_scratch_take(sizeof *order);
    int err = sp_acme_order_parse(sp_acme_answer(c), c->job.host, order, &c->problem);

    if (err == 0) {
        keep_order(&c->job, order);
    }
    sp_scratch_release(mark);
    return err;
}

int sp_acme_resume_begin(struct sp_acme_client *c, sp_time now)
{
    (void)now;
    sp_acme_exchange_begin(c, SP_ACME_POST_ACCOUNT, c->job.url, NULL);
    return 0;
}

int sp_acme_resume_answer(struct sp_acme_client *c, sp_time now)
{
    int err = read_order(c);

    if (err == SP_E_MEMORY) {
        return sp_acme_fail_reading(c, err, "order");
    }
    if (err == 0) {
        err = follow(c, now);
    }
    if (err == SP_E_STATE || err == SP_E_PROTOCOL) {
        return sp_acme_new_order_instead(c);
    }
    return err;
}

int sp_acme_resume_refused(struct sp_acme_client *c, sp_time now)
{
    int status = c->exchange.http->status;

    (void)now;
    return status == 429 || status >= 500 ? sp_acme_fail_refused(c) : sp_acme_new_order_instead(c);
}

static int put_host(struct sp_acme_client *c, struct sp_buf *out)
{
    sp_buf_printf(out, "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"%s\"}]}", c->job.host);
    return 0;
}

int sp_acme_new_order_begin(struct sp_acme_client *c, sp_time now)
{
    (void)now;
    memset(&c->job.authorization, 0, sizeof c->job.authorization);
    c->job.told = false;
    c->job.finalized = 0;
    sp_acme_exchange_begin(c, SP_ACME_POST_ACCOUNT, c->directory.new_order, put_host);
    return 0;
}

int sp_acme_new_order_answer(struct sp_acme_client *c, sp_time now)
{
    const char *location = c->exchange.http->location;
    int err;

    if (!sp_acme_url_ok(location)) {
        return sp_acme_fail_reading(c, SP_E_PROTOCOL, "address of an order");
    }
    (void)sp_span_copy(sp_span_str(location), c->job.url, sizeof c->job.url);
    c->job.begun = sp_port_utc_s();
    c->stats.orders++;
    err = sp_acme_job_save(c, NULL);
    if (err < 0) {
        return sp_acme_fail_store(c, err);
    }
    err = read_order(c);
    if (err < 0) {
        return sp_acme_fail_reading(c, err, "order");
    }
    err = follow(c, now);
    return err == SP_E_STATE ? sp_acme_fail_invalid(c) : err;
}

/* The certificate ---------------------------------------------------------------------------------
 */

/* The stored key, or a new one that is stored. */
static int take_key(struct sp_acme_client *c, struct sp_key *key)
{
    int err = sp_acme_job_key(c, key);

    if (err == 0) {
        return 0;
    }
    err = sp_key_make(key);
    if (err < 0) {
        return sp_acme_fail(c, err, "No key could be made for {host}",
                            "It is tried again later; see \"status\"");
    }
    err = sp_acme_job_save(c, key);
    return err < 0 ? sp_acme_fail_store(c, err) : 0;
}

static int put_csr(struct sp_acme_client *c, struct sp_buf *out)
{
    const char *const names[] = {c->job.host};
    uint8_t *csr = sp_scratch_take(CSR_MAX);
    struct sp_key key;
    int err = sp_acme_job_key(c, &key);
    int n = err < 0 ? err : sp_csr_make(&key, names, 1, csr, CSR_MAX);

    sp_key_wipe(&key);
    if (n < 0) {
        return n;
    }
    sp_buf_puts(out, "{\"csr\":\"");
    sp_base64url(out, sp_span(csr, (size_t)n));
    sp_buf_puts(out, "\"}");
    return 0;
}

int sp_acme_finalize_begin(struct sp_acme_client *c, sp_time now)
{
    struct sp_key key;
    int err = take_key(c, &key);

    (void)now;
    sp_key_wipe(&key);
    if (err < 0) {
        return err;
    }
    c->job.finalized++;
    sp_acme_exchange_begin(c, SP_ACME_POST_ACCOUNT, c->job.finalize_url, put_csr);
    return 0;
}

/* Also the answer of a poll. */
int sp_acme_finalize_answer(struct sp_acme_client *c, sp_time now)
{
    bool polled = c->state == SP_ACME_ST_ISSUANCE;
    enum sp_acme_status status;
    int err = read_order(c);

    if (err < 0) {
        return sp_acme_fail_reading(c, err, "order");
    }
    status = c->job.status;
    if (status == SP_ACME_INVALID) {
        return sp_acme_fail_invalid(c);
    }
    if (status == SP_ACME_VALID) {
        sp_acme_set_state(c, SP_ACME_ST_DOWNLOAD);
        return 0;
    }
    if (status == SP_ACME_READY && polled && c->job.finalized < FINALIZE_MAX) {
        sp_acme_set_state(c, SP_ACME_ST_FINALIZE);
        return 0;
    }
    return polled ? sp_acme_poll_again(c, now) : sp_acme_poll_first(c, SP_ACME_ST_ISSUANCE, now);
}

/* A finalize that the CA has acted on already, or that came too early: the order itself tells. */
int sp_acme_finalize_refused(struct sp_acme_client *c, sp_time now)
{
    struct sp_span answer = sp_acme_answer(c);
    bool unsure = sp_acme_problem_names(answer, "orderNotReady") ||
                  (c->exchange.lost && sp_acme_problem_names(answer, "malformed"));

    if (!unsure || c->job.finalized >= FINALIZE_MAX) {
        return sp_acme_fail_refused(c);
    }
    return sp_acme_poll_first(c, SP_ACME_ST_ISSUANCE, now);
}

int sp_acme_issuance_begin(struct sp_acme_client *c, sp_time now)
{
    (void)now;
    sp_acme_exchange_begin(c, SP_ACME_POST_ACCOUNT, c->job.url, NULL);
    return 0;
}

int sp_acme_download_begin(struct sp_acme_client *c, sp_time now)
{
    (void)now;
    sp_acme_exchange_begin(c, SP_ACME_POST_ACCOUNT, c->job.last.certificate, NULL);
    c->exchange.for_chain = true;
    return 0;
}

static int fail_chain(struct sp_acme_client *c, int err)
{
    static const struct {
        int err;
        const char *what;
    } reasons[] = {
        {SP_E_FULL, "The CA's certificate for {host} comes with more intermediates than this "
                    "appliance keeps"},
        {SP_E_SPACE, "The CA's certificate for {host} is larger than this appliance takes"},
        {SP_E_CERT_NAME, "The CA's certificate is not for {host}"},
        {SP_E_CERT_UNTRUSTED, "The CA's certificates for {host} do not sign one another in order"},
        {SP_E_MEMORY, "There was no memory to check the CA's certificate for {host}"},
    };

    c->job.over = true;
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if (reasons[i].err == err) {
            return sp_acme_fail(c, err, reasons[i].what,
                                "It was not taken into use; ask the CA, or choose another one "
                                "(\"ca set URL\")");
        }
    }
    return sp_acme_fail(c, err, "The CA's certificate for {host} is broken or for another key",
                        "It was not taken into use; it is tried again later");
}

/* A record that outlived its order's certificate being put to use leads to that one again. */
static bool is_old(const struct sp_cert_info *info, sp_utc utc)
{
    return utc - info->not_before > (info->not_after - info->not_before) / 2;
}

/* 0 when the chain at hand is what was ordered; old: it was issued long ago. */
static int check_chain(struct sp_acme_client *c, bool *old)
{
    size_t mark = sp_scratch_mark();
    struct sp_cert_info *info = sp_scratch_take(sizeof *info);
    struct sp_span links[SP_CHAIN_LINKS];
    int n = sp_acme_chain_end(&c->job.chain, sp_acme_answer(c), links);
    int err = n < 0 ? n : sp_acme_job_key(c, &c->job.key);

    if (err == 0) {
        err = sp_acme_chain_check(links, (unsigned)n, c->job.host, &c->job.key, info);
    }
    *old = err == 0 && is_old(info, sp_port_utc_s());
    sp_scratch_release(mark);
    return err;
}

int sp_acme_download_answer(struct sp_acme_client *c, sp_time now)
{
    struct sp_acme_job *job = &c->job;
    bool old;
    int err = check_chain(c, &old);

    (void)now;
    if (err == 0 && job->resumed && old) {
        sp_key_wipe(&job->key);
        return sp_acme_new_order_instead(c);
    }
    if (err < 0) {
        sp_key_wipe(&job->key);
        return fail_chain(c, err);
    }
    job->over = true;
    c->stats.certificates++;
    sp_http_client_drop();
    sp_acme_set_state(c, SP_ACME_ST_DONE);
    return 0;
}
