/*
 * One run: goes from one stage to the next (stages.c) and lets each step until it is over.
 */
#include "checks/checks_internal.h"

#include "base/err.h"
#include "base/log.h"

#include <string.h>

union sp_check_work sp_check_work;

static struct sp_check_run run;
static const struct sp_check_stage *stage; /* NULL: no run is under way */

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
    stage = NULL;
    run.report->running = false;
    for (unsigned i = 0; i < SP_CHECKS; i++) {
        if ((run.input.which & SP_CHECK_BIT(i)) != 0) {
            log_result((enum sp_check_id)i);
        }
    }
}

/* To the first stage from that one on that serves what is wanted. */
static void go_to(const struct sp_check_stage *at)
{
    const struct sp_check_stage *end = sp_check_stages + sp_check_stages_n;

    while (at < end && (at->serves & run.input.which) == 0) {
        at++;
    }
    run.under_way = false;
    run.answers = 0;
    run.enough = false;
    stage = at;
    if (at == end) {
        finish();
    }
}

static bool is_valid(const struct sp_check_input *input)
{
    const unsigned texts = SP_CHECK_BIT(SP_CHECK_HTTPS) | SP_CHECK_BIT(SP_CHECK_POLICY_ID) |
                           SP_CHECK_BIT(SP_CHECK_MX_MATCH);

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
    if ((run.input.which & SP_CHECK_BIT(SP_CHECK_POLICY_ID)) != 0) {
        report->txt = (struct sp_check_txt){0};
    }
    report->running = true;
}

int sp_checks_start(const struct sp_check_input *input, struct sp_check_report *report, sp_time now)
{
    struct sp_buf text;

    if (stage != NULL) {
        return SP_E_AGAIN;
    }
    if (!is_valid(input)) {
        return SP_E_INVALID;
    }
    memset(&run, 0, sizeof run);
    run.input = *input;
    run.report = report;
    sp_buf_init(&text, run.txt_name, sizeof run.txt_name);
    sp_buf_printf(&text, "_mta-sts.%s", input->domain);
    run.host = run.txt_name + 1;
    begin_checks(report);
    (void)now;
    go_to(sp_check_stages);
    return SP_OK;
}

bool sp_checks_busy(void)
{
    return stage != NULL;
}

static bool step_stage(sp_time now, sp_time *next)
{
    if (stage->question != NULL) {
        return sp_check_question_step(stage, &run, now, next);
    }
    if (stage->request != NULL) {
        return sp_check_fetch_step(stage, &run, now, next);
    }
    return stage->step(&run, now, next);
}

static void cancel_stage(void)
{
    if (stage->question != NULL) {
        sp_check_question_cancel(&run);
    } else if (stage->request != NULL) {
        sp_check_fetch_cancel(&run);
    } else if (stage->cancel != NULL) {
        stage->cancel(&run);
    }
}

void sp_checks_cancel(void)
{
    if (stage == NULL) {
        return;
    }
    cancel_stage();
    run.report->running = false;
    stage = NULL;
}

int sp_checks_challenge(const char *host, struct sp_span token, struct sp_buf *out)
{
    if (stage == NULL || run.nonce[0] == '\0' || strcmp(host, run.host) != 0 ||
        !sp_span_is(token, run.nonce)) {
        return SP_E_NOT_FOUND;
    }
    sp_buf_puts(out, run.nonce);
    return SP_OK;
}

sp_time sp_checks_step(sp_time now)
{
    sp_time next = now;

    if (stage == NULL) {
        return SP_NEVER;
    }
    if (step_stage(now, &next)) {
        go_to(stage + 1);
        next = now;
    }
    return next;
}
