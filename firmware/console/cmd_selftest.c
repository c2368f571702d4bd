/* selftest: the factory's look at the device. i: the test at work; n: those that failed; total:
 * those that are over. */
#include "console/job.h"

#include <string.h>

static const char *result_text(enum sealpost_result result)
{
    return result == SEALPOST_PASS ? "pass" : result == SEALPOST_FAIL ? "fail" : "unknown";
}

/* NEXT: u.selftest has the result of another test. AGAIN: there is no other. */
static enum sp_part step(struct sp_job *job)
{
    int err = sealpost_selftest(job->i, &job->u.selftest);

    if (err == SP_E_AGAIN) {
        return SP_PART_WAIT;
    }
    if (err < 0) {
        return SP_PART_AGAIN;
    }
    job->i++;
    job->n += job->u.selftest.result == SEALPOST_FAIL;
    return SP_PART_NEXT;
}

static enum sp_part text_tests(struct sp_job *job)
{
    enum sp_part part;

    if (job->cancelled) {
        return sp_job_cancel(job, "The self-test was given up; the light comes back by itself.");
    }
    part = step(job);
    if (part == SP_PART_WAIT) {
        return SP_PART_WAIT;
    }
    if (part == SP_PART_AGAIN) {
        sp_out_printf(job->out, "\n%u test%s, %u failed.\n", job->i, job->i == 1 ? "" : "s",
                      job->n);
        return SP_PART_NEXT;
    }
    sp_out_raw(job->out, job->u.selftest.id);
    sp_out_tab(job->out, SP_OUT_FIELD);
    sp_out_raw(job->out, result_text(job->u.selftest.result));
    sp_out_tab(job->out, SP_OUT_FIELD + 9);
    sp_out_wrap(job->out, job->u.selftest.reason, SP_OUT_FIELD + 9);
    sp_out_raw(job->out, "\n");
    return SP_PART_AGAIN;
}

static void json_end(struct sp_job *job)
{
    sp_json_close(job->out, ']');
    sp_json_bool(job->out, "cancelled", job->cancelled);
    sp_json_number(job->out, "failed", job->n);
    sp_json_bool(job->out, "ok", job->n == 0 && !job->cancelled);
    sp_json_close(job->out, '}');
}

static enum sp_part json_tests(struct sp_job *job)
{
    enum sp_part part;

    if (job->stage == 0) {
        job->stage = 1;
        sp_json_start(job->out);
        sp_json_open(job->out, NULL, '{');
        sp_json_open(job->out, "tests", '[');
        return SP_PART_AGAIN;
    }
    part = job->cancelled ? SP_PART_AGAIN : step(job);
    if (part == SP_PART_WAIT) {
        return SP_PART_WAIT;
    }
    if (part == SP_PART_AGAIN) {
        json_end(job);
        return SP_PART_NEXT;
    }
    sp_json_open(job->out, NULL, '{');
    sp_json_string(job->out, "id", job->u.selftest.id);
    sp_json_string(job->out, "result", result_text(job->u.selftest.result));
    sp_json_string(job->out, "reason", job->u.selftest.reason);
    sp_json_close(job->out, '}');
    return SP_PART_AGAIN;
}

static const struct sp_command commands[] = {
    {.words = "selftest",
     .usage = "",
     .summary = "the factory's test of flash, network, clock, light, entropy",
     .more = "It takes some 15 seconds. The service goes on; the light shows each of its patterns. "
             "The flash test uses a block that holds nothing.",
     .example = "selftest",
     .text = {text_tests},
     .json = {json_tests}},
};
const struct sp_command_list sp_commands_selftest = {commands,
                                                     sizeof commands / sizeof commands[0]};
