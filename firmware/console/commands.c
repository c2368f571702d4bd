/* From a line to a command: words, the trailing `json` and `yes`, the table, what is missing. */
#include "console/job.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

static const struct sp_command_list *const lists[] = {
    &sp_commands_status,  &sp_commands_net,    &sp_commands_ca,       &sp_commands_publish,
    &sp_commands_domain,  &sp_commands_run,    &sp_commands_promote,  &sp_commands_check,
    &sp_commands_reports, &sp_commands_system, &sp_commands_password, &sp_commands_selftest,
    &sp_commands_help,
};

const struct sp_command *sp_command_at(unsigned i)
{
    for (size_t list = 0; list < sizeof lists / sizeof lists[0]; list++) {
        if (i < lists[list]->n) {
            return &lists[list]->commands[i];
        }
        i -= lists[list]->n;
    }
    return NULL;
}

/* How many words the line has; those over the room overwrite the last, so that it is always there.
 */
static unsigned split(char *line, char *words[SP_JOB_WORDS])
{
    unsigned n = 0;

    for (char *p = line; *p != '\0';) {
        while (*p == ' ') {
            *p++ = '\0';
        }
        if (*p == '\0') {
            break;
        }
        words[n < SP_JOB_WORDS ? n : SP_JOB_WORDS - 1] = p;
        n++;
        while (*p != ' ' && *p != '\0') {
            p++;
        }
    }
    return n;
}

static bool take_last(struct sp_job *job, const char *word)
{
    unsigned last = job->words_n < SP_JOB_WORDS ? job->words_n : SP_JOB_WORDS;

    if (job->words_n < 2) {
        return false;
    }
    last--;
    if (strcmp(job->words[last], word) != 0) {
        return false;
    }
    job->words_n--;
    return true;
}

/* How many of the line's words are the command's own; 0 when it is not this one. */
static unsigned match(const struct sp_job *job, const char *words)
{
    unsigned n = 0;
    size_t size;

    for (const char *p = words; *p != '\0'; p += size + (p[size] == ' ' ? 1 : 0)) {
        size = strcspn(p, " ");
        if (n >= job->words_n || n >= SP_JOB_WORDS || strlen(job->words[n]) != size ||
            memcmp(job->words[n], p, size) != 0) {
            return 0;
        }
        n++;
    }
    return n;
}

static unsigned find(struct sp_job *job)
{
    const struct sp_command *command;
    unsigned most = 0;

    for (unsigned i = 0; (command = sp_command_at(i)) != NULL; i++) {
        unsigned n = match(job, command->words);

        if (n > most) {
            most = n;
            job->command = command;
        }
    }
    return most;
}

/* Whether other commands begin with this one's word. */
static bool is_group(const struct sp_command *command)
{
    const struct sp_command *other;
    size_t n = strlen(command->words);

    for (unsigned i = 0; (other = sp_command_at(i)) != NULL; i++) {
        if (strncmp(other->words, command->words, n) == 0 && other->words[n] == ' ') {
            return true;
        }
    }
    return false;
}

static enum sp_part check_count(struct sp_job *job)
{
    const struct sp_command *command = job->command;
    const char *space = command->usage[0] != '\0' ? " " : "";

    if (job->words_n < command->min) {
        return sp_job_refuse(job, "words_missing", "A word is missing: `%s%s%s`.", command->words,
                             space, command->usage);
    }
    if (job->words_n <= command->max) {
        return SP_PART_NEXT;
    }
    if (command->max == 0 && is_group(command)) {
        return sp_job_refuse(job, "command_unknown",
                             "`%s %.60s` is not a command; `help %s` lists those that begin so.",
                             command->words, job->words[0], command->words);
    }
    return sp_job_refuse(job, "words_left", "`%.60s` is one word too many: `%s%s%s`.",
                         job->words[command->max], command->words, space, command->usage);
}

static void keep_domain(struct sp_job *job)
{
    struct sp_span word = sp_span_str(job->words_n > 0 ? job->words[0] : "");

    if (sp_hostname(word, job->domain) != 0 &&
        sp_span_copy(word, job->domain, sizeof job->domain) != 0) {
        (void)sp_span_copy(sp_span(word.p, 60), job->domain, sizeof job->domain);
    }
}

static enum sp_part understand(struct sp_job *job, char *line)
{
    bool too_many;
    unsigned own;

    job->words_n = split(line, job->words);
    too_many = job->words_n > SP_JOB_WORDS;
    job->json = take_last(job, "json");
    own = find(job);
    if (own == 0) {
        return sp_job_refuse(job, "command_unknown", "`%.60s` is not a command; `help` lists them.",
                             job->words[0]);
    }
    job->yes = job->command->confirms && take_last(job, "yes");
    if (too_many) {
        return sp_job_refuse(job, "words_left", "The line has more words than any command takes.");
    }
    job->words_n -= own;
    memmove(job->words, job->words + own, job->words_n * sizeof job->words[0]);
    keep_domain(job);
    return check_count(job);
}

bool sp_job_begin(struct sp_job *job, struct sp_out *out, char *line)
{
    memset(job, 0, sizeof *job);
    job->out = out;
    if (line[strspn(line, " ")] == '\0') {
        return false;
    }
    if (understand(job, line) == SP_PART_FAIL) {
        job->command = NULL; /* sp_job_step tells why */
    }
    return true;
}
