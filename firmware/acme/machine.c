/* The states of the client, and what leads from one to the next.
 *
 *   idle → directory → account → new order → authorization → self-test → challenge → validation
 *        → finalize → issuance → download → done → idle
 *
 * Each state makes one request; its functions look at the outcome and set the next state. What is
 * known already is left out: directory and account, the validation when the CA remembers one,
 * issuance when the answer to finalize has the certificate. resume stands in for new order after a
 * reset. */
#include "acme/client.h"

#include "acme/problem.h"
#include "base/err.h"
#include "base/log.h"

#include <string.h>

static int directory_begin(struct sp_acme_client *c, sp_time now);
static int directory_answer(struct sp_acme_client *c, sp_time now);

static const struct state {
    const char *name;
    enum sp_acme_phase phase;
    /* Hands its request to the exchange. */
    int (*begin)(struct sp_acme_client *c, sp_time now);
    /* A 2xx came: sets the next state, or begins again. */
    int (*answer)(struct sp_acme_client *c, sp_time now);
    /* Another status came; NULL: the order fails with the CA's problem. */
    int (*refused)(struct sp_acme_client *c, sp_time now);
    /* No answer came; NULL: the order fails. */
    int (*lost)(struct sp_acme_client *c, int err, sp_time now);
} states[SP_ACME_ST_COUNT] = {
    [SP_ACME_ST_IDLE] = {"idle", SP_ACME_IDLE, NULL, NULL, NULL, NULL},
    [SP_ACME_ST_DIRECTORY] = {"directory", SP_ACME_DIRECTORY, directory_begin, directory_answer,
                              NULL, NULL},
    [SP_ACME_ST_ACCOUNT] = {"account", SP_ACME_ACCOUNT, sp_acme_account_begin,
                            sp_acme_account_answer, NULL, NULL},
    [SP_ACME_ST_RESUME] = {"resume", SP_ACME_NEW_ORDER, sp_acme_resume_begin, sp_acme_resume_answer,
                           sp_acme_resume_refused, NULL},
    [SP_ACME_ST_NEW_ORDER] = {"new order", SP_ACME_NEW_ORDER, sp_acme_new_order_begin,
                              sp_acme_new_order_answer, NULL, NULL},
    [SP_ACME_ST_AUTHORIZATION] = {"authorization", SP_ACME_AUTHORIZATION,
                                  sp_acme_authorization_begin, sp_acme_authorization_answer, NULL,
                                  NULL},
    [SP_ACME_ST_SELF_TEST] = {"self-test", SP_ACME_SELF_TEST, sp_acme_self_test_begin,
                              sp_acme_self_test_answer, sp_acme_self_test_answer,
                              sp_acme_self_test_lost},
    [SP_ACME_ST_CHALLENGE] = {"challenge", SP_ACME_CHALLENGE, sp_acme_challenge_begin,
                              sp_acme_challenge_answer, sp_acme_challenge_refused, NULL},
    [SP_ACME_ST_VALIDATION] = {"validation", SP_ACME_CHALLENGE, sp_acme_validation_begin,
                               sp_acme_validation_answer, NULL, NULL},
    [SP_ACME_ST_FINALIZE] = {"finalize", SP_ACME_FINALIZE, sp_acme_finalize_begin,
                             sp_acme_finalize_answer, sp_acme_finalize_refused, NULL},
    [SP_ACME_ST_ISSUANCE] = {"issuance", SP_ACME_FINALIZE, sp_acme_issuance_begin,
                             sp_acme_finalize_answer, NULL, NULL},
    [SP_ACME_ST_DOWNLOAD] = {"download", SP_ACME_DOWNLOAD, sp_acme_download_begin,
                             sp_acme_download_answer, NULL, NULL},
    [SP_ACME_ST_DONE] = {"done", SP_ACME_DONE, NULL, NULL, NULL, NULL},
    [SP_ACME_ST_FAILED] = {"failed", SP_ACME_FAILED, NULL, NULL, NULL, NULL},
};

void sp_acme_set_state(struct sp_acme_client *c, enum sp_acme_state state)
{
    if (state != c->state) {
        sp_log_info(SP_ACME_ROOM, "%s%s%s -> %s", c->job.host, c->job.host[0] != '\0' ? ": " : "",
                    states[c->state].name, states[state].name);
    }
    c->state = state;
    c->begun = false;
    c->wake = 0;
}

enum sp_acme_phase sp_acme_state_phase(enum sp_acme_state state)
{
    return states[state].phase;
}

bool sp_acme_at_work(const struct sp_acme_client *c)
{
    return states[c->state].begin != NULL;
}

void sp_acme_again(struct sp_acme_client *c, sp_time now, sp_time pause)
{
    c->begun = false;
    c->wake = now + pause;
}

void sp_acme_go_on(struct sp_acme_client *c)
{
    if (c->job.host[0] == '\0') {
        sp_http_client_drop();
        sp_acme_set_state(c, SP_ACME_ST_IDLE);
    } else if (c->account_url[0] == '\0') {
        sp_acme_set_state(c, SP_ACME_ST_ACCOUNT);
    } else {
        sp_acme_set_state(c, c->job.resumed ? SP_ACME_ST_RESUME : SP_ACME_ST_NEW_ORDER);
    }
}

int sp_acme_fail(struct sp_acme_client *c, int err, const char *what, const char *remedy)
{
    sp_acme_problem_say(&c->problem, err, what, remedy, c->job.host);
    return err;
}

static bool is_passing(int status)
{
    return status == 429 || status >= 500;
}

int sp_acme_fail_refused(struct sp_acme_client *c)
{
    struct sp_acme_problem *problem = &c->problem;

    memset(problem, 0, sizeof *problem);
    sp_acme_problem_answer(sp_acme_answer(c), c->exchange.http->status, problem);
    problem->retry_after = c->exchange.http->retry_after;
    sp_acme_problem_explain(problem, c->job.host, false);
    if (!is_passing(problem->status) && !sp_acme_problem_is(problem, "rateLimited")) {
        c->job.over = true;
    }
    return problem->error;
}

int sp_acme_fail_invalid(struct sp_acme_client *c)
{
    c->job.over = true;
    if (c->problem.type[0] == '\0' && c->problem.detail[0] == '\0') {
        (void)sp_span_copy(sp_span_str("it gave no reason"), c->problem.detail,
                           sizeof c->problem.detail);
    }
    sp_acme_problem_explain(&c->problem, c->job.host, true);
    return c->problem.error;
}

int sp_acme_fail_reading(struct sp_acme_client *c, int err, const char *what)
{
    struct sp_buf detail;

    if (err == SP_E_MEMORY) {
        return sp_acme_fail(c, err, "There was no memory to read the CA's answer",
                            "It is tried again later");
    }
    c->job.over = true;
    sp_buf_init(&detail, c->problem.detail, sizeof c->problem.detail);
    sp_buf_printf(&detail, "no %s as RFC 8555 has it came from %s", what, c->exchange.call.url);
    return sp_acme_fail(c, err, "The CA gave an unexpected answer",
                        "Check the address of the CA (\"ca\"), then try again");
}

int sp_acme_fail_store(struct sp_acme_client *c, int err)
{
    (void)sp_span_copy(sp_span_str(sp_err_text(err)), c->problem.detail, sizeof c->problem.detail);
    return sp_acme_fail(c, err, "The order could not be kept in flash",
                        "Nothing was asked of the CA after that; see \"status\" and the log");
}

/* The directory -----------------------------------------------------------------------------------
 */

static int directory_begin(struct sp_acme_client *c, sp_time now)
{
    (void)now;
    c->directory_result = SP_E_AGAIN;
    sp_acme_exchange_begin(c, SP_ACME_GET, c->directory_url, NULL);
    return 0;
}

static int directory_answer(struct sp_acme_client *c, sp_time now)
{
    int err = sp_acme_directory_parse(sp_acme_answer(c), &c->directory);

    c->directory_known = err == 0;
    if (err < 0) {
        return sp_acme_fail_reading(c, err, "directory");
    }
    c->directory_stale = false;
    c->directory_at = now;
    c->directory_result = 0;
    (void)sp_acme_account_keep_identities(c); /* else it is done when a directory comes again */
    sp_acme_go_on(c);
    return 0;
}

/* The loop ----------------------------------------------------------------------------------------
 */

void sp_acme_ca(const struct sp_acme_client *c, char *out)
{
    const char *host = c->directory_url + strlen("https://");

    if (sp_span_copy(sp_span(host, strcspn(host, ":/?")), out, SP_DOMAIN_SIZE) < 0) {
        out[0] = '\0';
    }
}

static int lost(struct sp_acme_client *c, int err)
{
    const struct sp_acme_exchange *x = &c->exchange;
    bool by_network = x->http != NULL && x->http->result == err && x->error == 0;
    char ca[SP_DOMAIN_SIZE];

    sp_acme_ca(c, ca);
    sp_acme_problem_unanswered(&c->problem, err, by_network ? x->http->stage : "",
                               by_network ? x->http->detail : "", ca);
    return err;
}

static void failed(struct sp_acme_client *c, int err)
{
    if (c->problem.sentence[0] == '\0') {
        (void)sp_span_copy(sp_span_str(sp_err_text(err)), c->problem.detail,
                           sizeof c->problem.detail);
        (void)sp_acme_fail(c, err, "The order for {host} failed", "It is tried again later");
    }
    c->problem.phase = states[c->state].phase;
    sp_log_error(SP_ACME_ROOM, "%s", c->problem.sentence);
    c->stats.failures++;
    c->directory_stale = true;
    if (c->state == SP_ACME_ST_DIRECTORY) {
        c->directory_result = err;
    }
    sp_http_client_drop();
    sp_acme_set_state(c, c->job.host[0] != '\0' ? SP_ACME_ST_FAILED : SP_ACME_ST_IDLE);
}

/* What came of the state's request. */
static int settle(struct sp_acme_client *c, int err, sp_time now)
{
    const struct state *state = &states[c->state];
    int status;

    if (err < 0) {
        return state->lost != NULL ? state->lost(c, err, now) : lost(c, err);
    }
    status = c->exchange.http->status;
    if (status >= 200 && status < 300) {
        return state->answer(c, now);
    }
    if (c->exchange.method == SP_ACME_POST_ACCOUNT && sp_acme_account_gone(c)) {
        return 0;
    }
    return state->refused != NULL ? state->refused(c, now) : sp_acme_fail_refused(c);
}

/* One thing: begins a state's request, or looks at how it goes. SP_E_AGAIN when there is nothing to
 * do before the moment in *wake. */
static int advance(struct sp_acme_client *c, sp_time now, sp_time *wake)
{
    int err;

    if (now < c->wake) {
        *wake = c->wake;
        return SP_E_AGAIN;
    }
    if (!c->begun) {
        memset(&c->problem, 0, sizeof c->problem);
        c->begun = true; /* unless begin finds that there is nothing to ask */
        return states[c->state].begin(c, now);
    }
    err = sp_acme_exchange_step(c, now);
    if (err != SP_E_AGAIN) {
        err = settle(c, err, now);
        if (c->state != SP_ACME_ST_DONE) { /* then the answer is the chain */
            sp_acme_exchange_end(c);
        }
        return err;
    }
    *wake = c->exchange.wake;
    return SP_E_AGAIN;
}

sp_time sp_acme_machine_step(struct sp_acme_client *c, sp_time now)
{
    sp_time wake = now;
    int err = 0;

    while (sp_acme_at_work(c) && err != SP_E_AGAIN) {
        err = advance(c, now, &wake);
        if (err < 0 && err != SP_E_AGAIN) {
            failed(c, err);
        }
    }
    return sp_acme_at_work(c) ? wake : SP_NEVER;
}
