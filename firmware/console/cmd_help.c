/* help: all commands on a screen, or those that begin with some words, with usage and example. */
#include "console/job.h"

#include <stdio.h>
#include <string.h>

#define SUMMARY_COLUMN 18

/* Whether the command begins with all the words that help was asked for. */
static bool is_wanted(const struct sp_job *job, const struct sp_command *command)
{
    const char *p = command->words;

    for (unsigned i = 0; i < job->words_n; i++) {
        size_t n = strcspn(p, " ");

        if (strlen(job->words[i]) != n || memcmp(job->words[i], p, n) != 0) {
            return false;
        }
        p += n + (p[n] == ' ' ? 1 : 0);
    }
    return true;
}

static enum sp_part look_up(struct sp_job *job)
{
    const struct sp_command *command;

    for (unsigned i = 0; (command = sp_command_at(i)) != NULL; i++) {
        job->total += is_wanted(job, command) ? 1 : 0;
    }
    if (job->total > 0) {
        return SP_PART_NEXT;
    }
    return sp_job_refuse(job, "command_unknown",
                         "`%.60s%s%.60s` is not a command; `help` lists them.", job->words[0],
                         job->words_n > 1 ? " " : "", job->words_n > 1 ? job->words[1] : "");
}

static const struct sp_command *next_wanted(struct sp_job *job)
{
    const struct sp_command *command;

    while ((command = sp_command_at(job->i)) != NULL) {
        job->i++;
        if (is_wanted(job, command)) {
            break;
        }
    }
    return command;
}

static void text_in_full(struct sp_job *job, const struct sp_command *command)
{
    if (job->n++ > 0) {
        sp_out_raw(job->out, "\n");
    }
    sp_out_raw(job->out, command->words);
    sp_out_raw(job->out, command->usage[0] != '\0' ? " " : "");
    sp_out_wrap(job->out, command->usage, 4);
    sp_out_raw(job->out, "\n  ");
    sp_out_wrap(job->out, command->summary, 2);
    if (command->more[0] != '\0') {
        sp_out_raw(job->out, "\n  ");
        sp_out_wrap(job->out, command->more, 2);
    }
    sp_out_raw(job->out, "\n  Example: ");
    sp_out_wrap(job->out, command->example, 4);
    sp_out_raw(job->out, "\n");
}

static enum sp_part text_help(struct sp_job *job)
{
    const struct sp_command *command = next_wanted(job);

    if (command == NULL) {
        if (job->words_n == 0) {
            sp_out_raw(job->out, "\n`help COMMAND` shows its words and an example. With `json` at "
                                 "its end every\ncommand answers in one line of JSON.\n");
        }
        return SP_PART_NEXT;
    }
    if (job->words_n > 0) {
        text_in_full(job, command);
        return SP_PART_AGAIN;
    }
    sp_out_raw(job->out, command->words);
    sp_out_tab(job->out, SUMMARY_COLUMN);
    sp_out_wrap(job->out, command->summary, SUMMARY_COLUMN);
    sp_out_raw(job->out, "\n");
    return SP_PART_AGAIN;
}

static enum sp_part json_help(struct sp_job *job)
{
    const struct sp_command *command = next_wanted(job);

    if (job->n++ == 0) {
        sp_json_start(job->out);
        sp_json_open(job->out, NULL, '{');
        sp_json_open(job->out, "commands", '[');
    }
    if (command == NULL) {
        sp_json_close(job->out, ']');
        sp_json_close(job->out, '}');
        return SP_PART_NEXT;
    }
    sp_json_open(job->out, NULL, '{');
    sp_json_string(job->out, "command", command->words);
    sp_json_string(job->out, "usage", command->usage);
    sp_json_string(job->out, "summary", command->summary);
    sp_json_string(job->out, "more", command->more);
    sp_json_string(job->out, "example", command->example);
    sp_json_close(job->out, '}');
    return SP_PART_AGAIN;
}

static const struct sp_command commands[] = {
    {.words = "help",
     .usage = "[COMMAND]",
     .summary = "the commands, or one of them with an example",
     .more = "",
     .example = "help domain add",
     .max = 2,
     .argument = SP_ARG_COMMAND,
     .act = look_up,
     .text = {text_help},
     .json = {json_help}},
};
const struct sp_command_list sp_commands_help = {commands, sizeof commands / sizeof commands[0]};
