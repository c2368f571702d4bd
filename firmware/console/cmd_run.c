/* dns, enable, disable, renew: putting a domain to work. */
#include "console/job.h"

#include <string.h>

/* --- dns --- */

/* Record job->i; job->total gets how many there are. One that fails after the first has gone with
 * its domain: the list ends. */
static enum sp_part load_record(struct sp_job *job)
{
    int n = sealpost_domain_record(job->domain, job->i, &job->u.dns.record, &job->why);

    job->total = n > 0 ? (unsigned)n : job->i;
    return sp_job_result(job, n);
}

/* False past the last one. */
static bool next_record(struct sp_job *job)
{
    (void)load_record(job);
    if (job->i >= job->total) {
        return false;
    }
    sealpost_record_line(&job->u.dns.record, job->u.dns.line, sizeof job->u.dns.line);
    job->i++;
    return true;
}

static enum sp_part json_records(struct sp_job *job)
{
    const struct sealpost_record *record = &job->u.dns.record;

    if (job->i == 0) {
        sp_json_start(job->out);
        sp_json_open(job->out, NULL, '{');
        sp_json_open(job->out, "records", '[');
    }
    if (!next_record(job)) {
        sp_json_close(job->out, ']');
        sp_json_close(job->out, '}');
        return SP_PART_NEXT;
    }
    sp_json_open(job->out, NULL, '{');
    sp_json_string(job->out, "type", record->type);
    sp_json_string(job->out, "name", record->name);
    sp_json_string(job->out, "value", record->value);
    sp_json_number(job->out, "ttl", record->ttl);
    sp_json_string(job->out, "act", record->remove ? "delete" : "publish");
    sp_json_string(job->out, "line", job->u.dns.line);
    sp_json_close(job->out, '}');
    return SP_PART_AGAIN;
}

static const char *explanation(const struct sealpost_record *record)
{
    if (record->remove) {
        return "";
    }
    if (strncmp(record->name, "_mta-sts.", 9) == 0) {
        return "; tells senders that there is a policy, and by its id when it has changed\n";
    }
    if (strncmp(record->name, "_smtp._tls.", 11) == 0) {
        return "; where senders report how TLS to this domain went\n";
    }
    if (strcmp(record->type, "A") == 0) {
        return "; the policy host is this appliance, by IPv4\n";
    }
    if (strcmp(record->type, "AAAA") == 0) {
        return "; the policy host is this appliance, by IPv6\n";
    }
    return "; lets the CA issue for this name: the CAA records that are there forbid it\n";
}

/* Lines for a zone file: what is to be deleted is only a remark there. */
static enum sp_part text_lines(struct sp_job *job)
{
    bool first = job->i == 0;

    if (!next_record(job)) {
        sp_out_raw(job->out, job->total == 0
                                 ? "; there is nothing to publish yet: `domain show` says why\n"
                                 : "");
        return SP_PART_NEXT;
    }
    if (job->u.dns.record.remove) {
        sp_out_raw(job->out,
                   first ? "; the policy is over: delete these records, in this order\n" : "");
        sp_out_raw(job->out, "; ");
    }
    sp_out_raw(job->out, explanation(&job->u.dns.record));
    sp_out_safe(job->out, job->u.dns.line);
    sp_out_raw(job->out, "\n");
    return SP_PART_AGAIN;
}

/* One by one, for the form of a DNS provider. */
static enum sp_part text_values(struct sp_job *job)
{
    const struct sealpost_record *record = &job->u.dns.record;
    bool first = job->i == 0;

    if (!next_record(job)) {
        return SP_PART_NEXT;
    }
    if (record->remove) {
        return SP_PART_AGAIN;
    }
    sp_out_raw(job->out, first ? "\nThe same for a form that takes one value at a time:\n" : "");
    sp_out_raw(job->out, "\nType   ");
    sp_out_safe(job->out, record->type);
    sp_out_raw(job->out, "\nName   ");
    sp_out_safe(job->out, record->name);
    sp_out_raw(job->out, "\nValue  ");
    sp_out_safe(job->out, record->value);
    sp_out_printf(job->out, "\nTTL    %u\n", (unsigned)record->ttl);
    return SP_PART_AGAIN;
}

/* --- enable, disable, renew --- */

static enum sp_part enable(struct sp_job *job)
{
    return sp_job_then_load(job, sealpost_enable(job->domain, &job->why));
}

/* `now` is kept in job->total. What it risks is said first; of a domain that is disabled already,
 * only that. */
static enum sp_part begin_disable(struct sp_job *job)
{
    if (job->words_n > 1 && strcmp(job->words[1], "now") != 0) {
        return sp_job_refuse(job, "word_unknown",
                             "`%.60s` is not understood: `disable D` or `disable D now`.",
                             job->words[1]);
    }
    job->total = job->words_n > 1 ? 1 : 0;
    job->stage = 1;
    if (sp_job_load_domain(job) == SP_PART_FAIL) {
        return SP_PART_FAIL;
    }
    if (job->total == 0 || strcmp(job->u.domain.state, "disabled") == 0 ||
        sp_job_tell_risk(job) == SP_PART_NEXT) {
        return SP_PART_NEXT;
    }
    job->stage = 2;
    return SP_PART_AGAIN;
}

static enum sp_part disable(struct sp_job *job)
{
    enum sp_part end = job->stage == 0 ? begin_disable(job) : SP_PART_NEXT;

    if (end == SP_PART_NEXT && job->stage == 2) {
        end = sp_job_confirm(job, "Disable it at once all the same?");
    }
    if (end != SP_PART_NEXT) {
        return end;
    }
    return sp_job_then_load(job, sealpost_disable(job->domain, job->total != 0, &job->why));
}

static enum sp_part renew(struct sp_job *job)
{
    return sp_job_then_load(job, sealpost_renew(job->domain, &job->why));
}

static const struct sp_command commands[] = {
    {.words = "dns",
     .usage = "D",
     .summary = "the DNS records to publish, ready to paste",
     .more = "First as lines of a zone file, then one value at a time.",
     .example = "dns example.com",
     .min = 1,
     .max = 1,
     .argument = SP_ARG_DOMAIN,
     .act = load_record,
     .text = {text_lines, text_values},
     .json = {json_records}},
    {.words = "enable",
     .usage = "D",
     .summary = "put a domain to work: wait for DNS, get the certificate",
     .more = "",
     .example = "enable example.com",
     .min = 1,
     .max = 1,
     .argument = SP_ARG_DOMAIN,
     .act = enable,
     .text = {sp_job_text_domain},
     .json = {sp_job_json_domain}},
    {.words = "disable",
     .usage = "D [now] [yes]",
     .summary = "end a domain's policy so that no mail is lost, or at once",
     .more =
         "The domain retires: it serves mode none until no sender can hold an older policy, and "
         "then says which DNS records to delete. `now` skips the wait: it says what that "
         "risks and asks first; a trailing `yes` answers. The certificate stays.",
     .example = "disable example.com",
     .min = 1,
     .max = 2,
     .argument = SP_ARG_NOW,
     .confirms = true,
     .act = disable,
     .text = {sp_job_text_domain},
     .json = {sp_job_json_domain}},
    {.words = "renew",
     .usage = "D",
     .summary = "renew a domain's certificate now",
     .more = "",
     .example = "renew example.com",
     .min = 1,
     .max = 1,
     .argument = SP_ARG_DOMAIN,
     .act = renew,
     .text = {sp_job_text_domain},
     .json = {sp_job_json_domain}},
};
const struct sp_command_list sp_commands_run = {commands, sizeof commands / sizeof commands[0]};
