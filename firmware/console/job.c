#include "console/job.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void tell_error(struct sp_job *job)
{
    if (!job->json) {
        sp_out_wrap(job->out, job->why.sentence, 0);
        sp_out_raw(job->out, "\n");
        return;
    }
    sp_json_start(job->out);
    sp_json_open(job->out, NULL, '{');
    sp_json_open(job->out, "error", '{');
    sp_json_string(job->out, "id", job->why.id);
    sp_json_string(job->out, "sentence", job->why.sentence);
    sp_json_close(job->out, '}');
    sp_json_close(job->out, '}');
    sp_out_raw(job->out, "\n");
}

static sp_part_fn current_part(const struct sp_job *job)
{
    const struct sp_command *command = job->command;
    const sp_part_fn *parts = job->json ? command->json : command->text;
    size_t n = job->json ? sizeof command->json / sizeof command->json[0]
                         : sizeof command->text / sizeof command->text[0];

    if (!job->acted) {
        return command->act;
    }
    return job->part < n ? parts[job->part] : NULL;
}

static void next_part(struct sp_job *job)
{
    if (job->acted) {
        job->part++;
    }
    job->acted = true;
    job->stage = job->i = job->n = 0;
    job->cursor = 0;
}

static enum sp_job_end after(struct sp_job *job, enum sp_part end)
{
    switch (end) {
    case SP_PART_AGAIN:
        return SP_JOB_MORE;
    case SP_PART_WAIT:
        return SP_JOB_WAIT;
    case SP_PART_ASK:
        return SP_JOB_ASK;
    case SP_PART_FAIL:
        tell_error(job);
        return SP_JOB_DONE;
    case SP_PART_NEXT:
    default:
        next_part(job);
        return SP_JOB_MORE;
    }
}

enum sp_job_end sp_job_step(struct sp_job *job)
{
    sp_part_fn part;

    if (job->command == NULL) {
        return after(job, SP_PART_FAIL);
    }
    if (!job->acted && job->command->act == NULL) {
        next_part(job);
    }
    part = current_part(job);
    if (part != NULL) {
        return after(job, part(job));
    }
    if (job->json) {
        sp_out_raw(job->out, "\n");
    }
    return SP_JOB_DONE;
}

/* --- for the parts --- */

enum sp_part sp_job_refuse(struct sp_job *job, const char *id, const char *format, ...)
{
    va_list args;

    (void)snprintf(job->why.id, sizeof job->why.id, "%s", id);
    va_start(args, format);
    (void)vsnprintf(job->why.sentence, sizeof job->why.sentence, format, args);
    va_end(args);
    return SP_PART_FAIL;
}

enum sp_part sp_job_result(struct sp_job *job, int err)
{
    if (err >= 0) {
        return SP_PART_NEXT;
    }
    if (job->why.sentence[0] == '\0') {
        return sp_job_refuse(job, "failed", "It did not work: %s.", sp_err_text(err));
    }
    return SP_PART_FAIL;
}

enum sp_part sp_job_cancel(struct sp_job *job, const char *sentence)
{
    return sp_job_refuse(job, "cancelled", "%s", sentence);
}

enum sp_part sp_job_confirm(struct sp_job *job, const char *question)
{
    if (job->yes || job->json) {
        return SP_PART_NEXT;
    }
    if (job->cancelled) {
        return sp_job_cancel(job, "Nothing was changed.");
    }
    if (job->answer == NULL) {
        (void)snprintf(job->why.sentence, sizeof job->why.sentence, "%s yes/no ", question);
        job->ask = (struct sp_ask){.prompt = job->why.sentence, .echo = SP_ECHO_LINE};
        return SP_PART_ASK;
    }
    job->why.sentence[0] = '\0';
    if (strcmp(job->answer, "yes") == 0) {
        return SP_PART_NEXT;
    }
    return sp_job_refuse(job, "not_confirmed", "Nothing was changed: the answer was not `yes`.");
}

enum sp_part sp_job_tell_risk(struct sp_job *job)
{
    if (job->json || sealpost_domain_risk(job->domain, job->u.piece, sizeof job->u.piece) < 0 ||
        job->u.piece[0] == '\0') {
        return SP_PART_NEXT;
    }
    sp_out_wrap(job->out, job->u.piece, 0);
    sp_out_raw(job->out, "\n");
    return SP_PART_AGAIN;
}

enum sp_part sp_job_json_ok(struct sp_job *job)
{
    sp_json_start(job->out);
    sp_json_open(job->out, NULL, '{');
    sp_json_bool(job->out, "ok", true);
    sp_json_close(job->out, '}');
    return SP_PART_NEXT;
}

enum sp_part sp_job_load_domain(struct sp_job *job)
{
    return sp_job_result(job, sealpost_domain_get(job->domain, &job->u.domain, &job->why));
}

enum sp_part sp_job_then_load(struct sp_job *job, int err)
{
    if (err < 0) {
        return sp_job_result(job, err);
    }
    job->why.sentence[0] = '\0';
    return sp_job_load_domain(job);
}

enum sp_part sp_job_json_domain(struct sp_job *job)
{
    sp_json_start(job->out);
    sp_json_open(job->out, NULL, '{');
    sp_json_bool(job->out, "ok", true);
    sp_json_string(job->out, "domain", job->domain);
    sp_json_string(job->out, "state", job->u.domain.state);
    sp_json_string(job->out, "sentence", job->u.domain.sentence);
    sp_json_close(job->out, '}');
    return SP_PART_NEXT;
}

enum sp_part sp_job_text_domain(struct sp_job *job)
{
    sp_out_wrap(job->out, job->u.domain.sentence, 0);
    sp_out_raw(job->out, "\n");
    return SP_PART_NEXT;
}

const char *sp_job_mode_text(enum sealpost_mode mode)
{
    static const char *const names[] = {"testing", "enforce", "none"};

    return (unsigned)mode < 3 ? names[mode] : "testing";
}
