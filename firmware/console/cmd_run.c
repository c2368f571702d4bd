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

static enum sp_part json_records(struct sp_job *job)
{
    const struct sealpost_record *record = &job->u.dns.record;

    (void)load_record(job);
    if (job->i == 0) {
        sp_json_start(job->out);
        sp_json_open(job->out, NULL, '{');
        sp_json_open(job->out, "records", '[');
    }
    if (job->i >= job->total) {
        sp_json_close(job->out, ']');
        sp_json_close(job->out, '}');
        return SP_PART_NEXT;
    }
    sp_json_open(job->out, NULL, '{');
    sp_json_string(job->out, "type", record->type);
    sp_json_string(job->out, "name", record->name);
    sp_json_string(job->out, "value", record->value);
    sp_json_number(job->out, "ttl", record->ttl);
    sp_json_close(job->out, '}');
    job->i++;
    return SP_PART_AGAIN;
}

static const char *explanation(const struct sealpost_record *record)
{
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
    return "; belongs to the policy host\n";
}

static enum sp_part text_records(struct sp_job *job)
{
    (void)load_record(job);
    if (job->i >= job->total) {
        sp_out_raw(job->out, job->total == 0
                                 ? "; there is nothing to publish yet: `domain show` says why\n"
                                 : "");
        return SP_PART_NEXT;
    }
    sealpost_record_line(&job->u.dns.record, job->u.dns.line, sizeof job->u.dns.line);
    sp_out_raw(job->out, explanation(&job->u.dns.record));
    sp_out_safe(job->out, job->u.dns.line);
    sp_out_raw(job->out, "\n");
    job->i++;
    return SP_PART_AGAIN;
}

/* --- enable, disable, renew --- */

static enum sp_part then_load(struct sp_job *job, int err)
{
    if (err < 0) {
        return sp_job_result(job, err);
    }
    job->why.sentence[0] = '\0';
    return sp_job_load_domain(job);
}

static enum sp_part enable(struct sp_job *job)
{
    return then_load(job, sealpost_enable(job->domain, &job->why));
}

static enum sp_part disable(struct sp_job *job)
{
    return then_load(job, sealpost_disable(job->domain, &job->why));
}

static enum sp_part renew(struct sp_job *job)
{
    return then_load(job, sealpost_renew(job->domain, &job->why));
}

static const struct sp_command commands[] = {
    {.words = "dns",
     .usage = "D",
     .summary = "the DNS records to publish, ready to paste into a zone",
     .more = "",
     .example = "dns example.com",
     .min = 1,
     .max = 1,
     .argument = SP_ARG_DOMAIN,
     .act = load_record,
     .text = {text_records},
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
     .usage = "D",
     .summary = "stop serving a domain's policy; its certificate stays",
     .more = "It then says which DNS records to remove.",
     .example = "disable example.com",
     .min = 1,
     .max = 1,
     .argument = SP_ARG_DOMAIN,
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
