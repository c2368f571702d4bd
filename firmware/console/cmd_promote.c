/* promote, auto: from mode testing to enforce. */
#include "console/job.h"

#include "base/span.h"

#include <string.h>

/* --- promote --- */

static enum sp_part take_force(struct sp_job *job)
{
    if (job->words_n > 1 && strcmp(job->words[1], "force") != 0) {
        return sp_job_refuse(job, "word_unknown",
                             "`%.60s` is not understood: `promote D` or `promote D force`.",
                             job->words[1]);
    }
    return SP_PART_NEXT;
}

/* Checks are being run for it: that is said once. */
static enum sp_part wait_for_checks(struct sp_job *job)
{
    if (job->stage == 0 && !job->json) {
        sp_out_raw(job->out, "All checks are run for it first; Ctrl-C stops waiting.\n");
    }
    job->stage = 1;
    return SP_PART_WAIT;
}

static enum sp_part promote(struct sp_job *job)
{
    int err;

    if (job->cancelled) {
        return sp_job_cancel(job, "Waiting was stopped and nothing was promoted; the checks go on, "
                                  "and the next `promote` takes what they find.");
    }
    if (job->stage == 0 && take_force(job) == SP_PART_FAIL) {
        return SP_PART_FAIL;
    }
    if (job->stage == 1 && sealpost_checking(job->domain)) {
        return SP_PART_WAIT;
    }
    err = sealpost_promote(job->domain, job->words_n > 1, &job->why);
    return err == SP_E_AGAIN ? wait_for_checks(job) : sp_job_then_load(job, err);
}

static enum sp_part text_promoted(struct sp_job *job)
{
    sp_out_safe(job->out, job->u.domain.name);
    sp_out_raw(job->out, " goes to mode enforce.\n");
    return sp_job_text_domain(job);
}

/* --- auto --- */

static enum sp_part take_days(struct sp_job *job, unsigned *days)
{
    uint64_t number;

    *days = 0;
    if (strcmp(job->words[1], "off") == 0) {
        return SP_PART_NEXT;
    }
    /* Its bound is the service's. */
    if (sp_span_u64(sp_span_str(job->words[1]), UINT16_MAX, &number) != 0 || number == 0) {
        return sp_job_refuse(job, "days_invalid",
                             "`%.60s` is no number of days: give one, like 14, or `off`.",
                             job->words[1]);
    }
    *days = (unsigned)number;
    return SP_PART_NEXT;
}

static enum sp_part set_auto(struct sp_job *job)
{
    unsigned days;

    if (take_days(job, &days) == SP_PART_FAIL) {
        return SP_PART_FAIL;
    }
    return sp_job_then_load(job, sealpost_auto(job->domain, days, &job->why));
}

static enum sp_part text_auto(struct sp_job *job)
{
    sp_out_safe(job->out, job->u.domain.name);
    if (job->u.domain.auto_days > 0) {
        sp_out_printf(job->out,
                      " goes to mode enforce by itself after %u days without a failing check.\n",
                      job->u.domain.auto_days);
    } else {
        sp_out_raw(job->out, " stays in its mode until you change that.\n");
    }
    return SP_PART_NEXT;
}

static const struct sp_command commands[] = {
    {.words = "promote",
     .usage = "D [force]",
     .summary = "to mode enforce, when all checks pass",
     .more = "Runs the checks, and lists what blocks. With `force` it goes to enforce whatever "
             "they say: senders then may refuse to deliver. Ctrl-C stops waiting.",
     .example = "promote example.com",
     .min = 1,
     .max = 2,
     .argument = SP_ARG_FORCE,
     .act = promote,
     .text = {text_promoted},
     .json = {sp_job_json_domain}},
    {.words = "auto",
     .usage = "D DAYS|off",
     .summary = "to mode enforce by itself, after so many clean days",
     .more = "A day is clean when no check fails. 1 to 365 days.",
     .example = "auto example.com 14",
     .min = 2,
     .max = 2,
     .argument = SP_ARG_OFF,
     .act = set_auto,
     .text = {text_auto},
     .json = {sp_job_json_domain}},
};
const struct sp_command_list sp_commands_promote = {commands, sizeof commands / sizeof commands[0]};
