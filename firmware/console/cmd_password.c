/* password, exit: who may use the console. Secrets are asked for without echo, never taken from the
 * command line, and wiped. */
#include "console/job.h"

#include <string.h>

static enum sp_part json_password(struct sp_job *job)
{
    sp_json_start(job->out);
    sp_json_open(job->out, NULL, '{');
    sp_json_bool(job->out, "set", sealpost_password_set());
    sp_json_close(job->out, '}');
    return SP_PART_NEXT;
}

static enum sp_part text_password(struct sp_job *job)
{
    sp_out_raw(job->out, sealpost_password_set()
                             ? "A password is set; `password set` changes it, `password remove` "
                               "removes it.\n"
                             : "No password is set; `password set` sets one.\n");
    return SP_PART_NEXT;
}

static void wipe(struct sp_job *job)
{
    volatile char *p = job->u.secret;

    for (size_t i = 0; i < sizeof job->u.secret; i++) {
        p[i] = '\0';
    }
}

static enum sp_part ask(struct sp_job *job, const char *prompt)
{
    job->ask = (struct sp_ask){.prompt = job->json ? "" : prompt,
                               .echo = job->json ? SP_ECHO_SILENT : SP_ECHO_HIDDEN};
    return SP_PART_ASK;
}

static enum sp_part change(struct sp_job *job, const char *password)
{
    enum sp_part end = sp_job_result(job, sealpost_password_change(password, &job->why));

    wipe(job);
    return end;
}

/* A script (json) says it once, a person twice. */
static enum sp_part set(struct sp_job *job)
{
    if (job->cancelled) {
        wipe(job);
        return sp_job_cancel(job, "The password was not changed.");
    }
    if (job->answer == NULL) {
        return ask(job, "New password: ");
    }
    if (job->answer_too_long || job->answer[0] == '\0') {
        wipe(job);
        return sp_job_refuse(job, "password_invalid", "The password was not changed: %s.",
                             job->answer_too_long ? "that one is too long"
                                                  : "an empty one is none");
    }
    if (job->json) {
        return change(job, job->answer);
    }
    if (job->stage == 0) {
        job->stage = 1;
        memcpy(job->u.secret, job->answer, strlen(job->answer) + 1);
        return ask(job, "Once more: ");
    }
    if (strcmp(job->u.secret, job->answer) != 0) {
        wipe(job);
        return sp_job_refuse(job, "password_differs",
                             "The password was not changed: the two differ.");
    }
    return change(job, job->u.secret);
}

static enum sp_part text_set(struct sp_job *job)
{
    sp_out_raw(job->out,
               "The password is set; the console asks for it from the next sign-in on.\n");
    return SP_PART_NEXT;
}

static enum sp_part remove_password(struct sp_job *job)
{
    return sp_job_result(job, sealpost_password_change("", &job->why));
}

static enum sp_part text_removed(struct sp_job *job)
{
    sp_out_raw(job->out, "The password is removed: whoever reaches this console may use it.\n");
    return SP_PART_NEXT;
}

static enum sp_part leave(struct sp_job *job)
{
    if (!sealpost_password_set()) {
        return sp_job_refuse(job, "password_none",
                             "There is nothing to sign out of: no password is set.");
    }
    job->signs_out = true;
    return SP_PART_NEXT;
}

static const struct sp_command commands[] = {
    {.words = "password",
     .usage = "",
     .summary = "whether the console asks for a password",
     .more = "",
     .example = "password",
     .text = {text_password},
     .json = {json_password}},
    {.words = "password set",
     .usage = "",
     .summary = "set or change it; asks twice, nothing shows",
     .more = "With `json` one line is read, without asking.",
     .example = "password set",
     .act = set,
     .text = {text_set},
     .json = {sp_job_json_ok}},
    {.words = "password remove",
     .usage = "",
     .summary = "remove it",
     .more = "",
     .example = "password remove",
     .act = remove_password,
     .text = {text_removed},
     .json = {sp_job_json_ok}},
    {.words = "exit",
     .usage = "",
     .summary = "sign out",
     .more = "After 15 minutes without a key it happens by itself.",
     .example = "exit",
     .act = leave,
     .json = {sp_job_json_ok}},
};
const struct sp_command_list sp_commands_password = {commands,
                                                     sizeof commands / sizeof commands[0]};
