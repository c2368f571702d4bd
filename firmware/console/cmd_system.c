/* log, time, reboot, factory-reset. */
#include "console/job.h"

#include "base/span.h"

#include <inttypes.h>
#include <string.h>

#define LOG_LINES 20
#define LOG_LINES_MOST 1000 /* more than the ring can hold */

/* --- log --- */

/* cursor: the line to be told next; n: the last one. */
static enum sp_part count_lines(struct sp_job *job)
{
    uint64_t lines = LOG_LINES;

    if (job->words_n > 0 && sp_span_u64(sp_span_str(job->words[0]), LOG_LINES_MOST, &lines) != 0) {
        return sp_job_refuse(job, "invalid", "`%.60s` is no number of lines: 0 to %d are possible.",
                             job->words[0], LOG_LINES_MOST);
    }
    job->total = (unsigned)lines;
    return SP_PART_NEXT;
}

static void first_line(struct sp_job *job)
{
    job->stage = 1;
    job->n = sp_log_newest();
    job->cursor = job->n > job->total ? job->n - job->total + 1 : 1;
    if (job->total == 0) {
        job->cursor = job->n + 1;
    }
}

/* Into u.log; false when there is none left. */
static bool next_line(struct sp_job *job)
{
    while (job->cursor <= job->n) {
        if (sp_log_get(job->cursor++, &job->u.log) == 0) {
            return true;
        }
    }
    return false;
}

static const char *level_text(enum sp_log_level level)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};

    return (unsigned)level < 4 ? names[level] : "error";
}

static enum sp_part json_log(struct sp_job *job)
{
    const struct sp_log_line *line = &job->u.log;

    if (job->stage == 0) {
        first_line(job);
        sp_json_start(job->out);
        sp_json_open(job->out, NULL, '{');
        sp_json_open(job->out, "lines", '[');
    }
    if (!next_line(job)) {
        sp_json_close(job->out, ']');
        sp_json_close(job->out, '}');
        return SP_PART_NEXT;
    }
    sp_json_open(job->out, NULL, '{');
    sp_json_number(job->out, "n", line->number);
    sp_json_time(job->out, "time", line->utc);
    sp_json_string(job->out, "level", level_text(line->level));
    sp_json_string(job->out, "room", line->room);
    sp_json_string(job->out, "text", line->text);
    sp_json_close(job->out, '}');
    return SP_PART_AGAIN;
}

static enum sp_part text_log(struct sp_job *job)
{
    const struct sp_log_line *line = &job->u.log;

    if (job->stage == 0) {
        first_line(job);
    }
    if (!next_line(job)) {
        return SP_PART_NEXT;
    }
    if (line->utc != 0) {
        sp_out_time(job->out, line->utc, "");
    } else {
        sp_out_printf(job->out, "+%" PRIu64 ".%03u s", line->at / 1000,
                      (unsigned)(line->at % 1000));
    }
    sp_out_tab(job->out, 21);
    sp_out_raw(job->out, level_text(line->level));
    sp_out_tab(job->out, 27);
    sp_out_safe(job->out, line->room);
    sp_out_tab(job->out, 36);
    sp_out_wrap(job->out, line->text, 36);
    sp_out_raw(job->out, "\n");
    return SP_PART_AGAIN;
}

/* --- time --- */

static enum sp_part json_time(struct sp_job *job)
{
    struct sealpost_time *time = &job->u.time;

    sealpost_time(time);
    sp_json_start(job->out);
    sp_json_open(job->out, NULL, '{');
    sp_json_bool(job->out, "set", time->set);
    sp_json_time(job->out, "time", time->set ? time->utc : 0);
    sp_json_time(job->out, "synced_at", time->synced_at);
    sp_json_string_or_null(job->out, "server", time->server);
    sp_json_string_or_null(job->out, "address", time->address);
    sp_json_string(job->out, "sentence", time->sentence);
    sp_json_close(job->out, '}');
    return SP_PART_NEXT;
}

static enum sp_part text_time(struct sp_job *job)
{
    struct sealpost_time *time = &job->u.time;

    sealpost_time(time);
    sp_out_raw(job->out, "Time         ");
    sp_out_time(job->out, time->set ? time->utc : 0, "not known yet");
    sp_out_raw(job->out, "\nSet at       ");
    sp_out_time(job->out, time->synced_at, "never since start");
    sp_out_raw(job->out, "\n");
    sp_out_field(job->out, "Server", time->server[0] != '\0' ? time->server : "none");
    if (time->address[0] != '\0') {
        sp_out_field(job->out, "", time->address);
    }
    if (time->sentence[0] != '\0') {
        sp_out_field(job->out, "", time->sentence);
    }
    return SP_PART_NEXT;
}

/* --- reboot, factory-reset --- */

static enum sp_part reboot(struct sp_job *job)
{
    (void)job;
    sealpost_reboot();
    return SP_PART_NEXT;
}

static enum sp_part text_restarting(struct sp_job *job)
{
    sp_out_raw(job->out, "Restarting.\n");
    return SP_PART_NEXT;
}

/* job->total: the account is to be forgotten, too. */
static enum sp_part factory_reset(struct sp_job *job)
{
    enum sp_part end;

    if (job->answer == NULL && !job->cancelled && job->words_n == 1) {
        if (strcmp(job->words[0], "forget-account") != 0) {
            return sp_job_refuse(job, "word_unknown",
                                 "`%.60s` is not understood: `factory-reset [forget-account]`.",
                                 job->words[0]);
        }
        job->total = 1;
    }
    end = sp_job_confirm(job, job->total == 1
                                  ? "Forget all domains, certificates, settings and the CA account?"
                                  : "Forget all domains, certificates and settings?");
    if (end != SP_PART_NEXT) {
        return end;
    }
    return sp_job_result(job, sealpost_factory_reset(job->total == 1, &job->why));
}

static enum sp_part text_reset(struct sp_job *job)
{
    sp_out_raw(job->out, "Reset to what the factory set; restarting.\n");
    return SP_PART_NEXT;
}

static const struct sp_command commands[] = {
    {.words = "log",
     .usage = "[N]",
     .summary = "the last N lines of the log, 20 when not said",
     .more = "The lines are in RAM and begin with the last start.",
     .example = "log 50",
     .max = 1,
     .act = count_lines,
     .text = {text_log},
     .json = {json_log}},
    {.words = "time",
     .usage = "",
     .summary = "the time, and where it comes from",
     .more = "",
     .example = "time",
     .text = {text_time},
     .json = {json_time}},
    {.words = "reboot",
     .usage = "",
     .summary = "restart the appliance",
     .more = "",
     .example = "reboot",
     .act = reboot,
     .text = {text_restarting},
     .json = {sp_job_json_ok}},
    {.words = "factory-reset",
     .usage = "[forget-account] [yes]",
     .summary = "forget domains, certificates and settings; restart",
     .more = "What the factory image set stays; so does the CA account unless `forget-account` is "
             "said. Asks first; a trailing `yes` answers.",
     .example = "factory-reset forget-account",
     .max = 1,
     .confirms = true,
     .act = factory_reset,
     .text = {text_reset},
     .json = {sp_job_json_ok}},
};
const struct sp_command_list sp_commands_system = {commands, sizeof commands / sizeof commands[0]};
