/* reports: what senders' TLS reports say of the domains, or of one. */
#include "console/job.h"

#define OK_COLUMN 54 /* of tables: two numbers of twelve columns follow */

/* --- of all domains --- */

/* The next one, in job->domain and u.reports; false past the last. One that goes meanwhile is
 * passed over. */
static bool next_domain(struct sp_job *job)
{
    while (sealpost_reports_next(&job->cursor, job->domain) == 0) {
        if (sealpost_reports(job->domain, &job->u.reports, &job->why) == 0) {
            return true;
        }
    }
    return false;
}

static void json_totals(struct sp_out *out, const struct sealpost_reports *reports)
{
    sp_json_time(out, "last", reports->last);
    sp_json_number(out, "reports", reports->reports);
    sp_json_number(out, "ok", reports->ok);
    sp_json_number(out, "failed", reports->failed);
    sp_json_bool(out, "blocks", reports->blocks);
}

static enum sp_part json_all(struct sp_job *job)
{
    if (job->stage++ == 0) {
        sp_json_start(job->out);
        sp_json_open(job->out, NULL, '{');
        sp_json_open(job->out, "domains", '[');
    }
    if (!next_domain(job)) {
        sp_json_close(job->out, ']');
        sp_json_close(job->out, '}');
        return SP_PART_NEXT;
    }
    sp_json_open(job->out, NULL, '{');
    sp_json_string(job->out, "domain", job->domain);
    json_totals(job->out, &job->u.reports);
    sp_json_close(job->out, '}');
    return SP_PART_AGAIN;
}

static void table_head(struct sp_out *out, const char *what, bool with_ok)
{
    sp_out_raw(out, what);
    sp_out_tab(out, OK_COLUMN);
    sp_out_raw(out, with_ok ? "   Went well      Failed\n" : "                  Failed\n");
}

static void table_row(struct sp_out *out, const char *name, uint32_t ok, uint32_t failed,
                      bool with_ok)
{
    sp_out_safe(out, name);
    sp_out_tab(out, OK_COLUMN);
    if (with_ok) {
        sp_out_printf(out, "%12lu%12lu\n", (unsigned long)ok, (unsigned long)failed);
    } else {
        sp_out_printf(out, "%24lu\n", (unsigned long)failed);
    }
}

static enum sp_part text_all(struct sp_job *job)
{
    if (!next_domain(job)) {
        if (job->i == 0) {
            sp_out_raw(job->out, "No TLS report has come yet: `reports D` says of a domain where "
                                 "senders send them.\n");
        }
        return SP_PART_NEXT;
    }
    if (job->i++ == 0) {
        table_head(job->out, "Sessions of the last 14 days, by domain", true);
    }
    table_row(job->out, job->domain, job->u.reports.ok, job->u.reports.failed, true);
    return SP_PART_AGAIN;
}

/* --- of one --- */

static const struct {
    const char *key, *name_key, *head;
    bool with_ok;
} lists[] = {
    [SEALPOST_REPORT_DAYS] = {"days", "day", "Day", true},
    [SEALPOST_REPORT_TYPES] = {"failures", "type", "Failure", false},
    [SEALPOST_REPORT_ORGANISATIONS] = {"organisations", "name", "Reported by", true},
    [SEALPOST_REPORT_MX] = {"mx", "name", "MX", false},
};
#define LISTS (sizeof lists / sizeof lists[0])

/* Line job->i of list job->n, in u.report_line. */
static bool next_line(struct sp_job *job)
{
    return sealpost_report_line(job->domain, (enum sealpost_report_list)job->n, job->i,
                                &job->u.report_line) == 0;
}

static enum sp_part load(struct sp_job *job)
{
    return job->words_n == 0
               ? SP_PART_NEXT
               : sp_job_result(job, sealpost_reports(job->domain, &job->u.reports, &job->why));
}

static enum sp_part json_one(struct sp_job *job)
{
    if (job->words_n == 0) {
        return json_all(job);
    }
    sp_json_start(job->out);
    sp_json_open(job->out, NULL, '{');
    sp_json_string(job->out, "domain", job->domain);
    json_totals(job->out, &job->u.reports);
    sp_json_string(job->out, "sentence", job->u.reports.sentence);
    return SP_PART_NEXT;
}

static void json_line(struct sp_job *job)
{
    const struct sealpost_report_line *line = &job->u.report_line;

    sp_json_open(job->out, NULL, '{');
    sp_json_string(job->out, lists[job->n].name_key, line->name);
    if (lists[job->n].with_ok) {
        sp_json_number(job->out, "ok", line->ok);
    }
    sp_json_number(job->out, "failed", line->failed);
    sp_json_close(job->out, '}');
}

/* A line a round, list by list. */
static enum sp_part json_lists(struct sp_job *job)
{
    if (job->words_n == 0) {
        return SP_PART_NEXT;
    }
    if (job->n == LISTS) {
        sp_json_close(job->out, '}');
        return SP_PART_NEXT;
    }
    if (job->i == 0) {
        sp_json_open(job->out, lists[job->n].key, '[');
    }
    if (next_line(job)) {
        json_line(job);
        job->i++;
    } else {
        sp_json_close(job->out, ']');
        job->i = 0;
        job->n++;
    }
    return SP_PART_AGAIN;
}

static enum sp_part text_one(struct sp_job *job)
{
    const struct sealpost_reports *reports = &job->u.reports;

    if (job->words_n == 0) {
        return text_all(job);
    }
    sp_out_wrap(job->out, reports->sentence, 0);
    sp_out_raw(job->out, "\n");
    if (reports->last != 0) {
        sp_out_printf(job->out, "%lu report%s, the last at ", (unsigned long)reports->reports,
                      reports->reports == 1 ? "" : "s");
        sp_out_time(job->out, reports->last, "");
        sp_out_raw(job->out, ". Sessions of the last 14 days:\n");
    }
    return SP_PART_NEXT;
}

static enum sp_part text_lists(struct sp_job *job)
{
    const struct sealpost_report_line *line = &job->u.report_line;

    if (job->words_n == 0 || job->n == LISTS) {
        return SP_PART_NEXT;
    }
    if (!next_line(job)) {
        job->i = 0;
        job->n++;
        return SP_PART_AGAIN;
    }
    if (job->i++ == 0) {
        sp_out_raw(job->out, "\n");
        table_head(job->out, lists[job->n].head, lists[job->n].with_ok);
    }
    table_row(job->out, line->name, line->ok, line->failed, lists[job->n].with_ok);
    return SP_PART_AGAIN;
}

static const struct sp_command commands[] = {
    {.words = "reports",
     .usage = "[D]",
     .summary = "what senders' TLS reports say (RFC 8460)",
     .more = "Those that were posted to https://mta-sts.D/.well-known/tlsrpt; `domain set D rua "
             "here` and the TXT record that `dns D` then shows ask for them. Anybody can send "
             "one: nobody vouches for what they say.",
     .example = "reports example.com",
     .min = 0,
     .max = 1,
     .argument = SP_ARG_DOMAIN,
     .act = load,
     .text = {text_one, text_lists},
     .json = {json_one, json_lists}},
};
const struct sp_command_list sp_commands_reports = {commands, sizeof commands / sizeof commands[0]};
