/* check, cert: what senders see of a domain. */
#include "console/job.h"

#include <string.h>

/* --- check --- */

static enum sp_part run_checks(struct sp_job *job)
{
    if (job->cancelled) {
        return sp_job_cancel(job, "Waiting was stopped; the checks go on, and the next `check` or "
                                  "`status` shows what they find.");
    }
    if (job->stage == 0 &&
        sp_job_result(job, sealpost_check(job->domain, &job->why)) != SP_PART_NEXT) {
        return SP_PART_FAIL;
    }
    if (!sealpost_checking(job->domain)) {
        return sp_job_load_domain(job); /* it may have been removed */
    }
    if (job->stage == 0 && !job->json) {
        sp_out_raw(job->out, "Checking; Ctrl-C stops waiting.\n");
    }
    job->stage = 1;
    return SP_PART_WAIT;
}

static const char *result_text(enum sealpost_result result)
{
    static const char *const names[] = {"not_run", "pass", "fail", "unknown"};

    return (unsigned)result < 4 ? names[result] : "unknown";
}

/* The next piece of evidence with the same name, from i on; n when there is none. */
static unsigned same_name(const struct sealpost_evidence *evidence, const char *name, unsigned i)
{
    while (i < evidence->n && strcmp(evidence->items[i].name, name) != 0) {
        i++;
    }
    return i;
}

static void json_values(struct sp_job *job, unsigned first)
{
    const struct sealpost_evidence *evidence = &job->u.evidence;
    const char *name = evidence->items[first].name;
    bool repeated = same_name(evidence, name, first + 1) < evidence->n;

    sp_json_key(job->out, name);
    if (repeated) {
        sp_json_open(job->out, NULL, '[');
    }
    for (unsigned i = first; i < evidence->n; i = same_name(evidence, name, i + 1)) {
        sp_json_string(job->out, NULL, evidence->items[i].value);
    }
    if (repeated) {
        sp_json_close(job->out, ']');
    }
}

static const struct sealpost_check *load_check(struct sp_job *job, unsigned i)
{
    if (sealpost_check_get(job->domain, i, &job->u.check, &job->why) < 0) { /* removed meanwhile */
        job->u.check = (struct sealpost_check){.id = ""};
    }
    return &job->u.check;
}

static const struct sealpost_evidence *load_evidence(struct sp_job *job, unsigned i)
{
    if (sealpost_check_evidence(job->domain, i, &job->u.evidence, &job->why) < 0) {
        job->u.evidence.n = 0;
    }
    return &job->u.evidence;
}

static void json_result(struct sp_job *job, const struct sealpost_check *check)
{
    sp_json_open(job->out, NULL, '{');
    sp_json_string(job->out, "id", check->id);
    sp_json_string(job->out, "result", result_text(check->result));
    sp_json_string(job->out, "code", check->code);
    sp_json_string(job->out, "reason", check->reason);
    sp_json_string(job->out, "remedy", check->remedy);
}

static void json_evidence(struct sp_job *job, const struct sealpost_evidence *evidence)
{
    sp_json_open(job->out, "evidence", '{');
    for (unsigned i = 0; i < evidence->n; i++) {
        if (same_name(evidence, evidence->items[i].name, 0) == i) { /* the first of its name */
            json_values(job, i);
        }
    }
    sp_json_close(job->out, '}');
}

static void json_when(struct sp_job *job, const struct sealpost_check *check)
{
    sp_json_time(job->out, "at", check->at);
    sp_json_time(job->out, "changed", check->changed);
    sp_json_close(job->out, '}');
}

/* Round `round` of check i: what came of it, the evidence, when. */
static void json_check(struct sp_job *job, unsigned i, unsigned round)
{
    if (round == 0) {
        json_result(job, load_check(job, i));
    } else if (round == 1) {
        json_evidence(job, load_evidence(job, i));
    } else {
        json_when(job, load_check(job, i));
    }
}

#define JSON_ROUNDS 3

static enum sp_part json_checks(struct sp_job *job)
{
    if (job->i == 0) {
        sp_json_start(job->out);
        sp_json_open(job->out, NULL, '{');
        sp_json_string(job->out, "domain", job->domain);
        sp_json_open(job->out, "checks", '[');
    }
    if (job->i == SEALPOST_CHECKS * JSON_ROUNDS) {
        sp_json_close(job->out, ']');
        sp_json_close(job->out, '}');
        return SP_PART_NEXT;
    }
    json_check(job, job->i / JSON_ROUNDS, job->i % JSON_ROUNDS);
    job->i++;
    return SP_PART_AGAIN;
}

#define EVIDENCE_INDENT 6

static void text_evidence(struct sp_job *job, const struct sealpost_evidence *evidence)
{
    for (unsigned i = 0; i < evidence->n; i++) {
        sp_out_raw(job->out, "    ");
        sp_out_safe(job->out, evidence->items[i].name);
        sp_out_raw(job->out, ": ");
        sp_out_wrap(job->out, evidence->items[i].value, EVIDENCE_INDENT);
        sp_out_raw(job->out, "\n");
    }
}

static void text_result(struct sp_job *job, const struct sealpost_check *check)
{
    static const char *const words[] = {"not run", "PASS", "FAIL", "can't tell"};

    sp_out_raw(job->out, check->id);
    sp_out_tab(job->out, SP_OUT_FIELD);
    sp_out_raw(job->out, words[(unsigned)check->result < 4 ? check->result : 0]);
    if (check->at != 0) {
        sp_out_raw(job->out, ", ");
        sp_out_time(job->out, check->at, "");
    }
    sp_out_raw(job->out, "\n");
    if (check->reason[0] != '\0') {
        sp_out_raw(job->out, "  ");
        sp_out_wrap(job->out, check->reason, 2);
        sp_out_raw(job->out, "\n");
    }
    if (check->remedy[0] != '\0') {
        sp_out_raw(job->out, "  To do: ");
        sp_out_wrap(job->out, check->remedy, 2);
        sp_out_raw(job->out, "\n");
    }
}

/* Each in two rounds: what came of it, then the evidence. */
static enum sp_part text_checks(struct sp_job *job)
{
    if (job->i == SEALPOST_CHECKS * 2) {
        return SP_PART_NEXT;
    }
    if (job->i % 2 == 0) {
        text_result(job, load_check(job, job->i / 2));
    } else {
        text_evidence(job, load_evidence(job, job->i / 2));
    }
    job->i++;
    return SP_PART_AGAIN;
}

/* --- cert --- */

/* With name job->i of those that it is for. */
static enum sp_part load_certificate(struct sp_job *job)
{
    return sp_job_result(job,
                         sealpost_certificate(job->domain, job->i, &job->u.certificate, &job->why));
}

/* A name a round. */
static enum sp_part json_certificate(struct sp_job *job)
{
    const struct sealpost_certificate *certificate = &job->u.certificate;

    if (job->i == 0) {
        sp_json_start(job->out);
        sp_json_open(job->out, NULL, '{');
        sp_json_string(job->out, "domain", job->domain);
        sp_json_string(job->out, "subject", certificate->subject);
        sp_json_open(job->out, "sans", '[');
    }
    if (load_certificate(job) != SP_PART_NEXT || job->i >= certificate->sans_n) {
        sp_json_close(job->out, ']');
        return SP_PART_NEXT;
    }
    sp_json_string(job->out, NULL, certificate->san);
    job->i++;
    return SP_PART_AGAIN;
}

static enum sp_part json_certificate_rest(struct sp_job *job)
{
    const struct sealpost_certificate *certificate = &job->u.certificate;

    sp_json_string(job->out, "issuer", certificate->issuer);
    sp_json_time(job->out, "not_before", certificate->not_before);
    sp_json_time(job->out, "not_after", certificate->not_after);
    sp_json_string(job->out, "serial", certificate->serial);
    sp_json_string(job->out, "key", certificate->key);
    sp_json_string(job->out, "sha256", certificate->sha256);
    sp_json_number(job->out, "chain_length", certificate->links);
    sp_json_close(job->out, '}');
    return SP_PART_NEXT;
}

static enum sp_part text_certificate(struct sp_job *job)
{
    const struct sealpost_certificate *certificate = &job->u.certificate;

    if (job->i == 0 && certificate->subject[0] != '\0') { /* public CAs leave it empty */
        sp_out_field(job->out, "Subject", certificate->subject);
    }
    if (load_certificate(job) != SP_PART_NEXT || job->i >= certificate->sans_n) {
        sp_out_field(job->out, "Issuer", certificate->issuer);
        return SP_PART_NEXT;
    }
    sp_out_field(job->out, job->i == 0 ? "Names" : "", certificate->san);
    job->i++;
    return SP_PART_AGAIN;
}

static enum sp_part text_certificate_rest(struct sp_job *job)
{
    const struct sealpost_certificate *certificate = &job->u.certificate;

    sp_out_raw(job->out, "Valid        ");
    sp_out_time(job->out, certificate->not_before, "?");
    sp_out_raw(job->out, " to ");
    sp_out_time(job->out, certificate->not_after, "?");
    sp_out_raw(job->out, "\n");
    sp_out_field(job->out, "Serial", certificate->serial);
    sp_out_field(job->out, "Key", certificate->key);
    sp_out_field(job->out, "SHA-256", certificate->sha256);
    sp_out_printf(job->out, "Chain        %u certificates\n", certificate->links);
    return SP_PART_NEXT;
}

static const struct sp_command commands[] = {
    {.words = "check",
     .usage = "D",
     .summary = "run the checks now; show each with reason and evidence",
     .more = "Ctrl-C stops waiting for them.",
     .example = "check example.com",
     .min = 1,
     .max = 1,
     .argument = SP_ARG_DOMAIN,
     .act = run_checks,
     .text = {text_checks},
     .json = {json_checks}},
    {.words = "cert",
     .usage = "D",
     .summary = "a domain's certificate: names, issuer, validity, serial",
     .more = "",
     .example = "cert example.com",
     .min = 1,
     .max = 1,
     .argument = SP_ARG_DOMAIN,
     .act = load_certificate,
     .text = {text_certificate, text_certificate_rest},
     .json = {json_certificate, json_certificate_rest}},
};
const struct sp_command_list sp_commands_check = {commands, sizeof commands / sizeof commands[0]};
