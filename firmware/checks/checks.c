/*
 * One run: asks one question after the other and lets each check judge what came back. The judges
 * are in check_*.c and know nothing of waiting.
 */
#include "checks/checks_internal.h"

#include "base/err.h"
#include "base/log.h"
#include "base/scratch.h"
#include "sp_port.h"

#include <string.h>

enum stage { IDLE, ASK_A, ASK_AAAA, ASK_TXT, FETCH, FETCH_80, FETCH_80_6, SEE, STAGES };

static struct sp_check_run run;
static enum stage stage;
static bool asked; /* the question of this stage is under way */
/* What is asked: of DNS, or of the policy host. */
static union {
    struct {
        struct sp_dns_query query;
        struct sp_dns_answer answer;
    } dns;
    struct {
        struct sp_http_call call;
        char url[SP_URL_MAX];
        struct sp_cert_info peer;
    } fetch;
} ask;
static int start_error;  /* of the fetch */
static sp_time fetch_by; /* the client must be free by then */

#define NONCE_TIMEOUT_MS 6000  /* a SYN that was lost is sent again after 3 s */
#define FETCH_TIMEOUT_MS 10000 /* senders give up after 4 s; how long it takes is worth knowing */
#define CLIENT_WAIT_MS 15000
#define CLIENT_AGAIN_MS 250

static const unsigned stage_checks[STAGES] = {
    [ASK_A] = SP_CHECK_BIT(SP_CHECK_DNS),
    [ASK_AAAA] = SP_CHECK_BIT(SP_CHECK_DNS),
    [ASK_TXT] = SP_CHECK_BIT(SP_CHECK_POLICY_ID),
    [FETCH] = SP_CHECK_BIT(SP_CHECK_HTTPS) | SP_CHECK_BIT(SP_CHECK_CERTIFICATE),
    [FETCH_80] = SP_CHECK_BIT(SP_CHECK_PORT80),
    [FETCH_80_6] = SP_CHECK_BIT(SP_CHECK_PORT80),
    [SEE] = SP_CHECK_BIT(SP_CHECK_SEEN),
};

static bool wanted(enum stage which)
{
    return (stage_checks[which] & run.input.which) != 0;
}

/* Only what is new: an hourly line for each domain would push all else out of the log. */
static void log_result(enum sp_check_id id)
{
    enum sp_check_result result_of = run.report->checks[id].result;

    if (result_of != SP_CHECK_NOT_RUN && strcmp(run.report->checks[id].code, run.before[id]) != 0) {
        sp_log(result_of == SP_CHECK_PASS ? SP_LOG_INFO : SP_LOG_WARN, "checks", "%s %s: %s: %s",
               run.input.domain, sp_check_id_text(id), sp_check_result_text(result_of),
               sp_check_words(run.report, id, SP_CHECK_REASON));
    }
}

static void finish(void)
{
    stage = IDLE;
    run.report->running = false;
    for (unsigned i = 0; i < SP_CHECKS; i++) {
        if ((run.input.which & SP_CHECK_BIT(i)) != 0) {
            log_result((enum sp_check_id)i);
        }
    }
}

static void next_stage(void)
{
    asked = false;
    do {
        stage++;
    } while (stage < STAGES && !wanted(stage));
    if (stage == STAGES) {
        finish();
    }
}

static bool is_valid(const struct sp_check_input *input)
{
    const unsigned texts = SP_CHECK_BIT(SP_CHECK_HTTPS) | SP_CHECK_BIT(SP_CHECK_POLICY_ID);

    if ((input->which & SP_CHECK_ALL) == 0 || input->domain[0] == '\0') {
        return false;
    }
    if ((input->which & texts) != 0 && (input->policy_text == NULL || input->policy_id == NULL)) {
        return false;
    }
    return strlen("_mta-sts.") + strlen(input->domain) < SP_DOMAIN_SIZE;
}

static void begin_checks(struct sp_check_report *report)
{
    if (strcmp(report->domain, run.input.domain) != 0) {
        sp_check_report_clear(report, run.input.domain);
    }
    for (unsigned i = 0; i < SP_CHECKS; i++) {
        if ((run.input.which & SP_CHECK_BIT(i)) != 0) {
            run.before[i] = report->checks[i].code;
            sp_check_report_begin(report, (enum sp_check_id)i);
        }
    }
    report->running = true;
}

int sp_checks_start(const struct sp_check_input *input, struct sp_check_report *report, sp_time now)
{
    struct sp_buf text;

    if (stage != IDLE) {
        return SP_E_AGAIN;
    }
    if (!is_valid(input)) {
        return SP_E_INVALID;
    }
    memset(&run, 0, sizeof run);
    run.input = *input;
    run.report = report;
    sp_buf_init(&text, run.host, sizeof run.host);
    sp_buf_printf(&text, "mta-sts.%s", input->domain);
    sp_buf_init(&text, run.txt_name, sizeof run.txt_name);
    sp_buf_printf(&text, "_mta-sts.%s", input->domain);
    begin_checks(report);
    (void)now;
    fetch_by = 0;
    next_stage();
    return SP_OK;
}

static bool is_fetch(void)
{
    return stage == FETCH || stage == FETCH_80 || stage == FETCH_80_6;
}

bool sp_checks_busy(void)
{
    return stage != IDLE;
}

void sp_checks_cancel(void)
{
    if (stage == IDLE) {
        return;
    }
    if (is_fetch()) {
        sp_http_call_release(&ask.fetch.call);
    } else {
        sp_dns_cancel(&ask.dns.query);
    }
    run.report->running = false;
    stage = IDLE;
}

/* --- DNS questions --- */

static void judge_answer(void)
{
    switch (stage) {
    case ASK_A:
        sp_check_dns_side(&run, SP_DNS_A, &ask.dns.answer);
        break;
    case ASK_AAAA:
        sp_check_dns_side(&run, SP_DNS_AAAA, &ask.dns.answer);
        sp_check_dns_judge(&run);
        break;
    case ASK_TXT:
        sp_check_policy_id_judge(&run, &ask.dns.answer);
        break;
    case IDLE:
    case FETCH:
    case FETCH_80:
    case FETCH_80_6:
    case SEE:
    case STAGES:
        break;
    }
    next_stage();
}

/* A question that could not even be asked is an answer of its own. */
static void not_asked(int err)
{
    memset(&ask.dns.answer, 0, sizeof ask.dns.answer);
    ask.dns.answer.result = err;
    judge_answer();
}

static sp_time step_question(const char *name, enum sp_dns_type type, sp_time now)
{
    static const struct sp_addr resolvers; /* family 0: the configured ones */
    int err;
    if (asked) {
        if (!ask.dns.query.done) {
            return SP_NEVER;
        }
        judge_answer();
        return now;
    }
    memset(&ask.dns.query, 0, sizeof ask.dns.query);
    err = sp_dns_ask(&ask.dns.query, name, type, &resolvers, &ask.dns.answer, now);
    if (err < 0) {
        not_asked(err);
    } else {
        asked = true;
    }
    return now;
}

/* --- the fetch --- */

static void policy_call(struct sp_http_call *call, struct sp_buf *url)
{
    sp_buf_printf(url, "https://%s/.well-known/mta-sts.txt", run.host);
    call->verify = SP_TLS_VERIFY_REPORT;
    call->peer = &ask.fetch.peer;
    call->timeout_ms = FETCH_TIMEOUT_MS;
    call->body_max = SP_POLICY_TEXT_MAX + 64;
}

/* 0, or the error of the random generator. */
static int make_nonce(void)
{
    uint8_t bytes[16];
    struct sp_buf text;
    int err = run.nonce[0] == '\0' ? sp_port_random(bytes, sizeof bytes) : SP_OK;

    if (err == SP_OK && run.nonce[0] == '\0') {
        sp_buf_init(&text, run.nonce, sizeof run.nonce);
        sp_base64url(&text, sp_span(bytes, sizeof bytes));
    }
    return err;
}

static int nonce_call(struct sp_http_call *call, struct sp_buf *url)
{
    int err = make_nonce();

    sp_buf_printf(url, "http://%s" SP_CHECK_CHALLENGE "%s", run.host, run.nonce);
    call->family = stage == FETCH_80 ? 4 : 6;
    call->timeout_ms = NONCE_TIMEOUT_MS;
    call->body_max = SP_CHECK_NONCE_SIZE + 64;
    return err;
}

static void fetch_begin(sp_time now)
{
    struct sp_http_call *call = &ask.fetch.call;
    struct sp_buf url;
    int err = SP_OK;

    sp_buf_init(&url, ask.fetch.url, sizeof ask.fetch.url);
    memset(call, 0, sizeof *call);
    call->method = "GET";
    call->url = ask.fetch.url;
    if (stage == FETCH) {
        policy_call(call, &url);
    } else {
        err = nonce_call(call, &url);
    }
    err = err == SP_OK ? sp_http_call_start(call, now) : err;
    if (err == SP_E_AGAIN && now < fetch_by) {
        return; /* somebody else's call is under way; ask again */
    }
    asked = true;
    start_error = err;
    fetch_by = err == SP_E_AGAIN ? fetch_by : 0; /* a client found busy is waited for once a run */
}

/* The policy is written for the length of the comparison alone. */
static void judge_https(const struct sp_http_result *of)
{
    size_t mark = sp_scratch_mark();
    struct sp_buf policy;
    int err;

    sp_buf_init(&policy, sp_scratch_take(SP_POLICY_TEXT_MAX), SP_POLICY_TEXT_MAX);
    err = of->result == SP_OK ? run.input.policy_text(run.input.ctx, run.input.domain, &policy) : 0;
    if (err == 0) {
        sp_check_https_judge(&run, of, sp_buf_span(&policy));
    } else {
        sp_check_https_unread(&run, of, err);
    }
    sp_scratch_release(mark);
}

static void judge_both(const struct sp_http_result *of)
{
    if ((run.input.which & SP_CHECK_BIT(SP_CHECK_HTTPS)) != 0) {
        judge_https(of);
    }
    if ((run.input.which & SP_CHECK_BIT(SP_CHECK_CERTIFICATE)) != 0) {
        sp_check_certificate_judge(&run, of);
    }
}

static void judge_nonce(const struct sp_http_result *of)
{
    sp_check_port80_side(&run, stage == FETCH_80_6, of);
    if (stage == FETCH_80_6) {
        run.nonce[0] = '\0';
        sp_check_port80_judge(&run);
    }
}

static void judge(const struct sp_http_result *of)
{
    if (stage == FETCH) {
        judge_both(of);
    } else {
        judge_nonce(of);
    }
}

/* A fetch that could not even begin is a result of its own. */
static void judge_fetch(void)
{
    size_t mark = sp_scratch_mark();
    struct sp_http_result *none;

    if (start_error == 0) {
        judge(sp_http_call_result(&ask.fetch.call));
    } else {
        none = sp_scratch_take(sizeof *none);
        none->result = start_error;
        none->stage = "request";
        judge(none);
    }
    sp_scratch_release(mark);
    sp_http_call_release(&ask.fetch.call);
    next_stage();
}

static sp_time step_fetch(sp_time now)
{
    if (!asked) {
        fetch_by = fetch_by == 0 ? now + CLIENT_WAIT_MS : fetch_by;
        fetch_begin(now);
        return asked ? now : now + CLIENT_AGAIN_MS;
    }
    if (start_error == 0 && !sp_http_call_done(&ask.fetch.call)) {
        return SP_NEVER;
    }
    judge_fetch();
    return now;
}

int sp_checks_challenge(const char *host, struct sp_span token, struct sp_buf *out)
{
    if ((stage != FETCH_80 && stage != FETCH_80_6) || run.nonce[0] == '\0' ||
        strcmp(host, run.host) != 0 || !sp_span_is(token, run.nonce)) {
        return SP_E_NOT_FOUND;
    }
    sp_buf_puts(out, run.nonce);
    return SP_OK;
}

/* --- what came from outside --- */

static sp_time see(sp_time now)
{
    size_t mark = sp_scratch_mark();
    struct sp_check_seen *seen = sp_scratch_take(sizeof *seen);

    if (run.input.seen != NULL) {
        run.input.seen(run.input.ctx, run.input.domain, seen);
    }
    sp_check_seen_judge(&run, seen, sp_port_utc_s());
    sp_scratch_release(mark);
    next_stage();
    return now;
}

sp_time sp_checks_step(sp_time now)
{
    switch (stage) {
    case ASK_A:
        return step_question(run.host, SP_DNS_A, now);
    case ASK_AAAA:
        return step_question(run.host, SP_DNS_AAAA, now);
    case ASK_TXT:
        return step_question(run.txt_name, SP_DNS_TXT, now);
    case FETCH:
    case FETCH_80:
    case FETCH_80_6:
        return step_fetch(now);
    case SEE:
        return see(now);
    case IDLE:
    case STAGES:
        break;
    }
    return SP_NEVER;
}
