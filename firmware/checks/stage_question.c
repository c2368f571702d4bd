/* A stage of questions to DNS, one after the other. */
#include "checks/checks_internal.h"

#include "base/scratch.h"

#include <string.h>

static void take_answer(const struct sp_check_stage *stage, struct sp_check_run *run)
{
    stage->answered(run, &sp_check_work.dns.answer);
    run->answers++;
    run->under_way = false;
}

/* A question that could not even be asked is an answer of its own. */
static void not_asked(const struct sp_check_stage *stage, struct sp_check_run *run, int err)
{
    memset(&sp_check_work.dns.answer, 0, sizeof sp_check_work.dns.answer);
    sp_check_work.dns.answer.result = err;
    take_answer(stage, run);
}

static void ask(const struct sp_check_stage *stage, struct sp_check_run *run,
                const struct sp_check_question *question, sp_time now)
{
    struct sp_dns_query *query = &sp_check_work.dns.query;
    int err;

    memset(query, 0, sizeof *query);
    err = sp_dns_ask(query, question->name, question->type, &question->server,
                     &sp_check_work.dns.answer, now);
    if (err < 0) {
        not_asked(stage, run, err);
    } else {
        run->under_way = true;
    }
}

bool sp_check_question_step(const struct sp_check_stage *stage, struct sp_check_run *run,
                            sp_time now, sp_time *next)
{
    size_t mark = sp_scratch_mark();
    struct sp_check_question *question;
    bool more = true;

    *next = now;
    if (run->under_way && !sp_check_work.dns.query.done) {
        *next = SP_NEVER;
    } else if (run->under_way) {
        take_answer(stage, run);
    } else {
        question = sp_scratch_take(sizeof *question);
        more = !run->enough && stage->question(run, question);
        if (more) {
            ask(stage, run, question, now);
        }
    }
    sp_scratch_release(mark);
    return !more;
}

void sp_check_question_cancel(struct sp_check_run *run)
{
    if (run->under_way) {
        sp_dns_cancel(&sp_check_work.dns.query);
    }
}
