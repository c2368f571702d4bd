/*
 * console/job: a command under way.
 *
 * A command is a list of parts that are run one after the other, each when what the last one
 * printed has been worked off. A part does a little and says how to go on; it keeps its place in
 * the struct. The first, `act`, does what is asked; `text` and `json` tell about it, whichever was
 * wanted.
 *
 * Memory: one job, static, 3.5 KB, most of it one out-struct of sealpost.h at a time; what is
 * larger is taken from base/scratch within a part, and told piece by piece. Threads: service task.
 * Time: no part waits.
 */
#ifndef SP_CONSOLE_JOB_H
#define SP_CONSOLE_JOB_H

#include "base/limits.h"
#include "base/log.h"
#include "console/editor.h"
#include "console/output.h"
#include "console/paste.h"
#include "sealpost.h"

#define SP_JOB_WORDS 20
#define SP_JOB_POLL_MS 50
#define SP_JOB_PIECE 1024

enum sp_part {
    SP_PART_NEXT,  /* on to the next part */
    SP_PART_AGAIN, /* this one again, when its output has been worked off */
    SP_PART_WAIT,  /* this one again, in SP_JOB_POLL_MS or at Ctrl-C */
    SP_PART_ASK,   /* this one again, when the operator has answered (job->ask) or pressed Ctrl-C */
    SP_PART_FAIL   /* over: job->why says why */
};

struct sp_job;
typedef enum sp_part (*sp_part_fn)(struct sp_job *job);

/* --- the table of commands --- */

enum sp_argument { /* what a word after the command's own is, for completion */
                   SP_ARG_NONE,
                   SP_ARG_DOMAIN,   /* one domain */
                   SP_ARG_SETTINGS, /* a domain, then names and values */
                   SP_ARG_FORCE,    /* a domain, then `force` */
                   SP_ARG_NOW,      /* a domain, then `now` */
                   SP_ARG_OFF,      /* a domain, then a number or `off` */
                   SP_ARG_COMMAND   /* words of commands */
};

struct sp_command {
    const char *words;   /* "domain add" */
    const char *usage;   /* what follows: "D mx HOST[,HOST...]" */
    const char *summary; /* one line */
    const char *more;    /* what else `help` says, "" */
    const char *example;
    uint8_t min, max; /* words that follow */
    uint8_t argument; /* enum sp_argument */
    bool confirms;    /* takes a trailing `yes` */
    sp_part_fn act;   /* NULL: nothing to do but to tell */
    sp_part_fn text[7], json[8];
};

/* Number i of all; NULL past the last. */
const struct sp_command *sp_command_at(unsigned i);

struct sp_command_list {
    const struct sp_command *commands;
    unsigned n;
};
extern const struct sp_command_list sp_commands_status, sp_commands_net, sp_commands_ca,
    sp_commands_domain, sp_commands_run, sp_commands_promote, sp_commands_check,
    sp_commands_reports, sp_commands_password, sp_commands_publish, sp_commands_system,
    sp_commands_selftest, sp_commands_help;

/* --- a job --- */

struct sp_ask {
    const char *prompt;
    enum sp_echo echo;
};

union sp_scratch { /* what the part at work has asked for; gone with the next part that asks */
    struct sealpost_status status;
    struct sealpost_net net;
    struct sealpost_net_live live;
    struct sealpost_time time;
    struct sealpost_publish publish;
    char sentence[480];
    struct sealpost_ca ca;
    struct sealpost_anchor anchor;
    struct sealpost_domain domain;
    char mx[SEALPOST_MX_SIZE];
    struct {
        char mx[SEALPOST_MX_SIZE];
        sp_utc until;
    } left;
    struct {
        struct sealpost_record record;
        char line[sizeof(struct sealpost_record) + 64]; /* of the zone file */
    } dns;
    struct sealpost_check check;
    struct sealpost_evidence evidence;
    struct sealpost_certificate certificate;
    struct sealpost_reports reports;
    struct sealpost_report_line report_line;
    struct sealpost_pool pool;
    struct sp_crash crash;
    struct sealpost_selftest selftest;
    struct sp_log_line log;
    char piece[SP_JOB_PIECE + 1]; /* of a policy's text */
    struct sp_paste paste;
    char secret[SP_CONSOLE_LINE_MAX];
};

struct sp_job {
    struct sp_out *out;
    const struct sp_command *command;
    /* what was asked for */
    char *words[SP_JOB_WORDS]; /* those after the command's own; they lie in the editor's line until
                                  SP_PART_ASK */
    unsigned words_n;
    bool json, yes;
    char domain[SEALPOST_NAME_SIZE]; /* the first word, as a host name where it is one */
    /* where it is */
    unsigned part;
    bool acted;
    bool signs_out;     /* the session ends with it */
    bool cancelled;     /* Ctrl-C while it waited or asked */
    const char *answer; /* what the operator answered, once */
    bool answer_too_long;
    struct sp_ask ask;
    /* the parts' own: zero at the start of act and of each part after it */
    unsigned stage;
    uint32_t cursor;
    unsigned i, n;
    /* the command's own: zero at its start */
    unsigned total;
    union sp_scratch u;
    struct sealpost_why why;
};

enum sp_job_end { SP_JOB_MORE, SP_JOB_WAIT, SP_JOB_ASK, SP_JOB_DONE };

/* Takes a line apart, in place, and begins. False when there is nothing to run: an empty line, or
 * one that is no command, which it then says. */
bool sp_job_begin(struct sp_job *job, struct sp_out *out, char *line);
/* Runs one part; only when sp_out_ready. */
enum sp_job_end sp_job_step(struct sp_job *job);

/* --- for the parts --- */

/* Fills why; SP_PART_FAIL. */
enum sp_part sp_job_refuse(struct sp_job *job, const char *id, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* For an answer of sealpost.h with a why: NEXT when err is no error, else FAIL. */
enum sp_part sp_job_result(struct sp_job *job, int err);
/* Asks "`question` yes/no" unless a trailing `yes` or `json` was given. NEXT, ASK or FAIL. */
enum sp_part sp_job_confirm(struct sp_job *job, const char *question);
/* Prints what disabling at once or removing the domain risks, from u.piece, for a person: AGAIN
 * when there is something, NEXT when nothing is at risk or it is not for a person. */
enum sp_part sp_job_tell_risk(struct sp_job *job);
/* The job was cancelled: says what that means. FAIL. */
enum sp_part sp_job_cancel(struct sp_job *job, const char *sentence);
/* The text or JSON part of commands that have nothing to tell: {"ok":true}. */
enum sp_part sp_job_json_ok(struct sp_job *job);
/* Part of a domain's commands: loads job->domain into u.domain. */
enum sp_part sp_job_load_domain(struct sp_job *job);
/* The end of an act on a domain: its error, or the domain as it is then, into u.domain. */
enum sp_part sp_job_then_load(struct sp_job *job, int err);
/* Prints the domain that was loaded: {"ok":true,"domain","state","sentence"}, or its sentence. */
enum sp_part sp_job_json_domain(struct sp_job *job);
enum sp_part sp_job_text_domain(struct sp_job *job);
const char *sp_job_mode_text(enum sealpost_mode mode);

#endif
