#include "acme/acme.h"

#include "acme/client.h"
#include "acme/json.h"
#include "base/err.h"
#include "base/log.h"
#include "base/text.h"
#include "sp_port.h"

#include <string.h>

#define DIRECTORY_MS 86400000 /* a directory is believed for a day */

static struct sp_acme_client client;

const char *sp_acme_phase_text(enum sp_acme_phase phase)
{
    static const char *const texts[] = {
        [SP_ACME_IDLE] = "no order is under way",
        [SP_ACME_DIRECTORY] = "the CA is asked what it offers",
        [SP_ACME_ACCOUNT] = "the account with the CA is made",
        [SP_ACME_NEW_ORDER] = "the certificate is ordered",
        [SP_ACME_AUTHORIZATION] = "the CA is asked what it wants to see",
        [SP_ACME_SELF_TEST] = "the challenge is tried from here, before the CA is told",
        [SP_ACME_CHALLENGE] = "the CA validates the host",
        [SP_ACME_FINALIZE] = "the CA issues the certificate",
        [SP_ACME_DOWNLOAD] = "the certificate is downloaded",
        [SP_ACME_DONE] = "the certificate is there",
        [SP_ACME_FAILED] = "the order failed",
    };

    return (size_t)phase < sizeof texts / sizeof texts[0] ? texts[phase] : "";
}

int sp_acme_start(struct sp_store *store, const char *directory)
{
    struct sp_acme_client *c = &client;

    if (!sp_acme_url_ok(directory) || strlen(directory) > SP_STORE_NAME_MAX) {
        return SP_E_INVALID;
    }
    sp_acme_exchange_end(c);
    sp_wipe(c, sizeof *c);
    sp_acme_json_start();
    c->store = store;
    c->directory_result = SP_E_STATE;
    (void)sp_span_copy(sp_span_str(directory), c->directory_url, sizeof c->directory_url);
    sp_acme_account_load(c);
    return 0;
}

/* The CA and the account ----------------------------------------------------------------------- */

int sp_acme_fetch_terms(sp_time now)
{
    (void)now;
    if (client.store == NULL) {
        return SP_E_STATE;
    }
    if (client.state != SP_ACME_ST_IDLE) {
        return SP_E_AGAIN;
    }
    client.directory_result = SP_E_AGAIN;
    sp_acme_set_state(&client, SP_ACME_ST_DIRECTORY);
    return 0;
}

const char *sp_acme_terms(void)
{
    return client.directory_known ? client.directory.terms : "";
}

int sp_acme_directory_state(void)
{
    return client.directory_result;
}

int sp_acme_agree(const char *terms, sp_utc utc)
{
    return client.store == NULL ? SP_E_STATE : sp_acme_account_agree(&client, terms, utc);
}

bool sp_acme_agreed(void)
{
    return client.agreed;
}

const char *sp_acme_account_url(void)
{
    return client.account_url;
}

const char *sp_acme_ca_identities(void)
{
    return client.directory.ca_identities;
}

const char *sp_acme_directory(void)
{
    return client.directory_url;
}

/* Ends what is under way, and wipes what it left. Its record stays. */
static void drop_job(struct sp_acme_client *c)
{
    sp_acme_exchange_end(c);
    sp_http_client_drop();
    if (c->state == SP_ACME_ST_DIRECTORY) {
        c->directory_result = c->directory_known ? 0 : SP_E_STATE;
    }
    sp_acme_set_state(c, SP_ACME_ST_IDLE);
    sp_wipe(&c->job, sizeof c->job);
}

void sp_acme_forget(void)
{
    struct sp_acme_client *c = &client;
    int err;

    if (c->store == NULL) {
        return;
    }
    drop_job(c);
    sp_acme_job_delete(c);
    err = sp_store_delete(c->store, SP_KIND_ACCOUNT, c->directory_url);
    if (err < 0 && err != SP_E_NOT_FOUND) {
        sp_log_error(SP_ACME_ROOM, "the account cannot be deleted: %s", sp_err_text(err));
    }
    sp_acme_account_load(c);
}

/* Orders --------------------------------------------------------------------------------------- */

static bool directory_is_fresh(const struct sp_acme_client *c, sp_time now)
{
    return c->directory_known && !c->directory_stale && now - c->directory_at < DIRECTORY_MS;
}

int sp_acme_order(const char *host, sp_time now)
{
    struct sp_acme_client *c = &client;
    char name[SP_DOMAIN_SIZE];
    sp_utc utc = sp_port_utc_s();

    if (sp_hostname(sp_span_str(host), name) < 0) {
        return SP_E_INVALID;
    }
    if (c->store == NULL) {
        return SP_E_STATE;
    }
    if (c->state != SP_ACME_ST_IDLE) {
        return SP_E_AGAIN;
    }
    if (!c->agreed) {
        return SP_E_STATE;
    }
    if (utc == 0) {
        return SP_E_CLOCK;
    }
    sp_wipe(&c->job, sizeof c->job);
    (void)sp_span_copy(sp_span_str(name), c->job.host, sizeof c->job.host);
    sp_acme_job_load(c, utc);
    if (directory_is_fresh(c, now)) {
        sp_acme_go_on(c);
    } else {
        sp_acme_set_state(c, SP_ACME_ST_DIRECTORY);
    }
    return 0;
}

enum sp_acme_phase sp_acme_phase(void)
{
    return sp_acme_state_phase(client.state);
}

const char *sp_acme_host(void)
{
    return client.job.host;
}

int sp_acme_take(struct sp_acme_result *out)
{
    const struct sp_acme_job *job = &client.job;

    if (client.state != SP_ACME_ST_DONE) {
        return SP_E_STATE;
    }
    memset(out, 0, sizeof *out);
    out->key = sp_span(job->key.der, job->key.n);
    out->links = (unsigned)sp_acme_chain_end(&job->chain, sp_acme_answer(&client), out->chain);
    return 0;
}

const struct sp_acme_problem *sp_acme_problem(void)
{
    return &client.problem;
}

void sp_acme_finish(void)
{
    struct sp_acme_client *c = &client;

    if (c->state != SP_ACME_ST_DONE && c->state != SP_ACME_ST_FAILED) {
        return;
    }
    if (c->job.over) {
        sp_acme_job_delete(c);
    }
    drop_job(c);
}

void sp_acme_cancel(const char *host)
{
    struct sp_acme_client *c = &client;
    char name[SP_DOMAIN_SIZE];
    char stored[SP_DOMAIN_SIZE];

    if (c->store == NULL || sp_hostname(sp_span_str(host), name) < 0) {
        return;
    }
    if (strcmp(c->job.host, name) == 0) {
        drop_job(c);
    }
    sp_acme_job_host(c, stored);
    if (strcmp(stored, name) == 0) {
        sp_acme_job_delete(c);
    }
}

int sp_acme_challenge(const char *host, struct sp_span token, struct sp_buf *out)
{
    const struct sp_acme_job *job = &client.job;

    if (job->host[0] == '\0' || !sp_span_is_nocase(sp_span_str(host), job->host) ||
        job->thumbprint[0] == '\0' || job->authorization.token[0] == '\0' ||
        !sp_span_is(token, job->authorization.token)) {
        return SP_E_NOT_FOUND;
    }
    sp_acme_key_authorization(&client, out);
    return out->cut ? SP_E_SPACE : 0;
}

sp_time sp_acme_step(sp_time now)
{
    return sp_acme_machine_step(&client, now);
}

struct sp_acme_stats sp_acme_stats(void)
{
    return client.stats;
}
