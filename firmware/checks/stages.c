/*
 * What a run goes through, in this order: each stage asks, and hands what came back to the judges,
 * which are in check_*.c and know nothing of waiting. A new stage is a row of the table at the end.
 */
#include "checks/check_caa.h"
#include "checks/check_clock.h"
#include "checks/check_mx_match.h"
#include "checks/check_tlsrpt.h"
#include "checks/checks_internal.h"

#include "base/err.h"
#include "base/scratch.h"
#include "net/clock.h"
#include "sp_port.h"

#include <string.h>

#define NONCE_TIMEOUT_MS 6000  /* a SYN that was lost is sent again after 3 s */
#define FETCH_TIMEOUT_MS 10000 /* senders give up after 4 s; how long it takes is worth knowing */

/* --- questions --- */

static bool ask(struct sp_check_question *out, const char *name, enum sp_dns_type type)
{
    sp_text_cut(out->name, sizeof out->name, name);
    out->type = type;
    return true;
}

static bool ask_a(struct sp_check_run *run, struct sp_check_question *out)
{
    return ask(out, run->host, SP_DNS_A);
}

static void judge_a(struct sp_check_run *run, const struct sp_dns_answer *answer)
{
    sp_check_dns_begin(run, SP_DNS_A, answer);
    run->enough = true;
}

/* What was answered still lies there. */
static bool tell_a(struct sp_check_run *run, sp_time now, sp_time *next)
{
    return sp_check_dns_side(run, SP_DNS_A, &sp_check_work.dns.answer, now, next);
}

static bool ask_aaaa(struct sp_check_run *run, struct sp_check_question *out)
{
    return ask(out, run->host, SP_DNS_AAAA);
}

static void judge_aaaa(struct sp_check_run *run, const struct sp_dns_answer *answer)
{
    sp_check_dns_begin(run, SP_DNS_AAAA, answer);
    run->enough = true;
}

static bool tell_aaaa(struct sp_check_run *run, sp_time now, sp_time *next)
{
    bool over = sp_check_dns_side(run, SP_DNS_AAAA, &sp_check_work.dns.answer, now, next);

    if (over) {
        sp_check_dns_judge(run);
    }
    return over;
}

static bool ask_txt(struct sp_check_run *run, struct sp_check_question *out)
{
    return ask(out, run->txt_name, SP_DNS_TXT);
}

static void judge_txt(struct sp_check_run *run, const struct sp_dns_answer *answer)
{
    sp_check_policy_id_judge(run, answer);
    run->enough = true;
}

static bool ask_mx(struct sp_check_run *run, struct sp_check_question *out)
{
    return ask(out, run->input.domain, SP_DNS_MX);
}

/* The policy's text into scratch memory that the caller releases. 0, or an error and no text. */
static int take_policy(const struct sp_check_run *run, struct sp_buf *policy)
{
    sp_buf_init(policy, sp_scratch_take(SP_POLICY_TEXT_MAX), SP_POLICY_TEXT_MAX);
    return run->input.policy_text(run->input.ctx, run->input.domain, policy);
}

static void judge_mx(struct sp_check_run *run, const struct sp_dns_answer *answer)
{
    size_t mark = sp_scratch_mark();
    struct sp_buf policy;
    int err;

    run->enough = true;
    if ((run->input.which & SP_CHECK_BIT(SP_CHECK_MX_MATCH)) == 0) {
        return; /* mx_tls takes the answer by itself */
    }
    err = take_policy(run, &policy);
    if (err == 0) {
        sp_check_mx_match_judge(run, answer, sp_buf_span(&policy));
    } else {
        sp_check_note(sp_check_of(run, SP_CHECK_MX_MATCH), "policy", "not read");
        sp_check_say_busy(run, sp_check_of(run, SP_CHECK_MX_MATCH), sp_err_text(err));
    }
    sp_scratch_release(mark);
}

static void tlsrpt_name(const struct sp_check_run *run, char *out, size_t cap)
{
    struct sp_buf text;

    sp_buf_init(&text, out, cap);
    sp_buf_printf(&text, "_smtp._tls.%s", run->input.domain);
}

static bool ask_tlsrpt(struct sp_check_run *run, struct sp_check_question *out)
{
    tlsrpt_name(run, out->name, sizeof out->name);
    out->type = SP_DNS_TXT;
    return true;
}

static void judge_tlsrpt(struct sp_check_run *run, const struct sp_dns_answer *answer)
{
    char name[SP_DOMAIN_SIZE + 16], wanted[SP_RUA_MAX];
    struct sp_buf rua;
    int err = 0;

    tlsrpt_name(run, name, sizeof name);
    sp_buf_init(&rua, wanted, sizeof wanted);
    if (run->input.rua != NULL) {
        err = run->input.rua(run->input.ctx, run->input.domain, &rua);
    }
    if (err == 0) {
        sp_check_tlsrpt_judge(run, name, answer, wanted);
    } else {
        sp_check_note(sp_check_of(run, SP_CHECK_TLSRPT), "rua", "not read");
        sp_check_say_busy(run, sp_check_of(run, SP_CHECK_TLSRPT), sp_err_text(err));
    }
    run->enough = true;
}

/* A name without its first n labels; NULL when it has no more than that. */
static const char *above(const char *name, unsigned n)
{
    while (n > 0 && name != NULL) {
        name = strchr(name, '.');
        name = name != NULL ? name + 1 : NULL;
        n--;
    }
    return name;
}

/* RFC 8659 3: from the host up to the root, until there are CAA records. */
static bool ask_caa(struct sp_check_run *run, struct sp_check_question *out)
{
    return ask(out, above(run->host, run->answers), SP_DNS_CAA);
}

static void judge_caa(struct sp_check_run *run, const struct sp_dns_answer *answer)
{
    run->enough = sp_check_caa_ends(answer) || above(run->host, run->answers + 1) == NULL;
    if (run->enough) {
        sp_check_caa_judge(run, above(run->host, run->answers), answer);
    }
}

/* --- the policy, as a sender fetches it --- */

static int request_policy(struct sp_check_run *run, struct sp_http_call *call, struct sp_buf *url)
{
    sp_buf_printf(url, "https://%s/.well-known/mta-sts.txt", run->host);
    call->verify = SP_TLS_VERIFY_REPORT;
    call->peer = &sp_check_work.fetch.peer;
    call->timeout_ms = FETCH_TIMEOUT_MS;
    call->body_max = SP_POLICY_TEXT_MAX + 64;
    return SP_OK;
}

/* What came from outside, into scratch memory that the caller releases. */
static const struct sp_check_seen *take_seen(const struct sp_check_run *run)
{
    struct sp_check_seen *seen = sp_scratch_take(sizeof *seen);

    if (run->input.seen != NULL) {
        run->input.seen(run->input.ctx, run->input.domain, seen);
    }
    return seen;
}

/* The policy is written for the length of the comparison alone. */
static void judge_https(struct sp_check_run *run, const struct sp_http_result *of)
{
    size_t mark = sp_scratch_mark();
    struct sp_buf policy = {0};
    int err = of->result == SP_OK ? take_policy(run, &policy) : 0;

    if (err == 0) {
        bool outside =
            sp_seen_outside(take_seen(run), sp_check_private_counts(run), sp_port_utc_s());

        sp_check_https_judge(run, of, sp_buf_span(&policy), outside);
    } else {
        sp_check_https_unread(run, of, err);
    }
    sp_scratch_release(mark);
}

static void judge_policy(struct sp_check_run *run, const struct sp_http_result *of)
{
    if ((run->input.which & SP_CHECK_BIT(SP_CHECK_HTTPS)) != 0) {
        judge_https(run, of);
    }
    if ((run->input.which & SP_CHECK_BIT(SP_CHECK_CERTIFICATE)) != 0) {
        sp_check_certificate_judge(run, of);
    }
}

/* --- a nonce from the challenges' path of port 80 --- */

/* 0, or the error of the random generator. */
static int make_nonce(struct sp_check_run *run)
{
    uint8_t bytes[16];
    struct sp_buf text;
    int err = run->nonce[0] == '\0' ? sp_port_random(bytes, sizeof bytes) : SP_OK;

    if (err == SP_OK && run->nonce[0] == '\0') {
        sp_buf_init(&text, run->nonce, sizeof run->nonce);
        sp_base64url(&text, sp_span(bytes, sizeof bytes));
    }
    return err;
}

static int request_nonce(struct sp_check_run *run, struct sp_http_call *call, struct sp_buf *url,
                         uint8_t family)
{
    int err = make_nonce(run);

    sp_buf_printf(url, "http://%s" SP_CHECK_CHALLENGE "%s", run->host, run->nonce);
    call->family = family;
    call->timeout_ms = NONCE_TIMEOUT_MS;
    call->body_max = SP_CHECK_NONCE_SIZE + 64;
    return err;
}

static int request_nonce4(struct sp_check_run *run, struct sp_http_call *call, struct sp_buf *url)
{
    return request_nonce(run, call, url, 4);
}

static void judge_nonce4(struct sp_check_run *run, const struct sp_http_result *of)
{
    sp_check_port80_side(run, false, of);
}

static int request_nonce6(struct sp_check_run *run, struct sp_http_call *call, struct sp_buf *url)
{
    return request_nonce(run, call, url, 6);
}

static void judge_nonce6(struct sp_check_run *run, const struct sp_http_result *of)
{
    sp_check_port80_side(run, true, of);
    run->nonce[0] = '\0';
    sp_check_port80_judge(run);
}

/* --- what the appliance knows itself --- */

static bool see(struct sp_check_run *run, sp_time now, sp_time *next)
{
    size_t mark = sp_scratch_mark();

    (void)now;
    (void)next;
    sp_check_seen_judge(run, take_seen(run), sp_port_utc_s());
    sp_scratch_release(mark);
    return true;
}

static bool look_at_clock(struct sp_check_run *run, sp_time now, sp_time *next)
{
    size_t mark = sp_scratch_mark();
    struct sp_clock_status *status = sp_scratch_take(sizeof *status);

    (void)next;
    sp_clock_status(status, now);
    sp_check_clock_judge(run, status);
    sp_scratch_release(mark);
    return true;
}

#define FOR(id) SP_CHECK_BIT(SP_CHECK_##id)

const struct sp_check_stage sp_check_stages[] = {
    {.serves = FOR(DNS), .question = ask_a, .answered = judge_a},
    {.serves = FOR(DNS), .step = tell_a},
    {.serves = FOR(DNS), .question = ask_aaaa, .answered = judge_aaaa},
    {.serves = FOR(DNS), .step = tell_aaaa},
    {.serves = FOR(POLICY_ID), .question = ask_txt, .answered = judge_txt},
    {.serves = FOR(HTTPS) | FOR(CERTIFICATE), .request = request_policy, .fetched = judge_policy},
    {.serves = FOR(MX_MATCH) | FOR(MX_TLS), .question = ask_mx, .answered = judge_mx},
    {.serves = FOR(MX_TLS), .step = sp_check_mx_step, .cancel = sp_check_mx_cancel},
    {.serves = FOR(PORT80), .request = request_nonce4, .fetched = judge_nonce4},
    {.serves = FOR(PORT80), .request = request_nonce6, .fetched = judge_nonce6},
    {.serves = FOR(SEEN), .step = see},
    {.serves = FOR(TLSRPT), .question = ask_tlsrpt, .answered = judge_tlsrpt},
    {.serves = FOR(CAA), .question = ask_caa, .answered = judge_caa},
    {.serves = FOR(CLOCK), .step = look_at_clock},
};
const unsigned sp_check_stages_n = sizeof sp_check_stages / sizeof sp_check_stages[0];
