/* ca: the ACME directory and its terms; trust: root certificates beside the built-in ones. */
#include "console/job.h"

#include <string.h>

/* --- ca --- */

static enum sp_part json_ca(struct sp_job *job)
{
    struct sealpost_ca *ca = &job->u.ca;

    sealpost_ca_get(ca);
    sp_json_start(job->out);
    sp_json_open(job->out, NULL, '{');
    sp_json_string(job->out, "directory", ca->directory);
    sp_json_string_or_null(job->out, "terms", ca->terms);
    sp_json_bool(job->out, "agreed", ca->agreed);
    sp_json_string_or_null(job->out, "account", ca->account);
    sp_json_string(job->out, "sentence", ca->sentence);
    sp_json_close(job->out, '}');
    return SP_PART_NEXT;
}

static enum sp_part text_ca(struct sp_job *job)
{
    struct sealpost_ca *ca = &job->u.ca;

    sealpost_ca_get(ca);
    sp_out_field(job->out, "Directory", ca->directory);
    sp_out_field(job->out, "Terms",
                 ca->terms[0] != '\0' ? ca->terms
                 : ca->fetching       ? "being asked for"
                                      : "not known yet; `ca agree` asks the directory");
    sp_out_field(job->out, "Agreed", ca->agreed ? "yes" : "no; `ca agree` agrees to the terms");
    sp_out_field(job->out, "Account",
                 ca->account[0] != '\0' ? ca->account : "none yet; the first order makes one");
    if (ca->sentence[0] != '\0') {
        sp_out_field(job->out, "", ca->sentence);
    }
    return SP_PART_NEXT;
}

static enum sp_part set_ca(struct sp_job *job)
{
    return sp_job_result(job, sealpost_ca_set(job->words[0], &job->why));
}

static enum sp_part text_set(struct sp_job *job)
{
    sp_out_raw(job->out,
               "Kept. Its terms want an agreement of their own: `ca`, then `ca agree`.\n");
    return SP_PART_NEXT;
}

static enum sp_part agree(struct sp_job *job)
{
    int err;

    if (job->cancelled) {
        return sp_job_cancel(job, "Waiting was stopped; nothing was agreed to.");
    }
    err = sealpost_ca_agree(&job->why);
    if (err != SP_E_AGAIN) {
        return sp_job_result(job, err);
    }
    if (job->stage == 0 && !job->json) {
        sp_out_raw(job->out, "Asking the directory for its terms; Ctrl-C stops waiting.\n");
    }
    job->stage = 1;
    return SP_PART_WAIT;
}

static enum sp_part text_agreed(struct sp_job *job)
{
    sealpost_ca_get(&job->u.ca);
    if (job->u.ca.terms[0] == '\0') {
        sp_out_raw(job->out, "Agreed; this CA names no terms.\n");
        return SP_PART_NEXT;
    }
    sp_out_raw(job->out, "Agreed to the CA's terms:\n");
    sp_out_wrap(job->out, job->u.ca.terms, 0);
    sp_out_raw(job->out, "\n");
    return SP_PART_NEXT;
}

static enum sp_part json_agreed(struct sp_job *job)
{
    sealpost_ca_get(&job->u.ca);
    sp_json_start(job->out);
    sp_json_open(job->out, NULL, '{');
    sp_json_bool(job->out, "ok", true);
    sp_json_string_or_null(job->out, "terms", job->u.ca.terms);
    sp_json_close(job->out, '}');
    return SP_PART_NEXT;
}

/* --- trust --- */

static enum sp_part json_trust(struct sp_job *job)
{
    struct sealpost_anchor *anchor = &job->u.anchor;

    if (job->i == 0) {
        sp_json_start(job->out);
        sp_json_open(job->out, NULL, '{');
        sp_json_number(job->out, "builtin", sealpost_trust_builtin());
        sp_json_open(job->out, "anchors", '[');
    }
    if (sealpost_trust_get(job->i++, anchor) != 0) {
        sp_json_close(job->out, ']');
        sp_json_close(job->out, '}');
        return SP_PART_NEXT;
    }
    sp_json_open(job->out, NULL, '{');
    sp_json_string(job->out, "subject", anchor->subject);
    sp_json_string(job->out, "sha256", anchor->sha256);
    sp_json_time(job->out, "not_after", anchor->not_after);
    sp_json_bool(job->out, "factory", anchor->factory);
    sp_json_close(job->out, '}');
    return SP_PART_AGAIN;
}

static enum sp_part text_trust(struct sp_job *job)
{
    struct sealpost_anchor *anchor = &job->u.anchor;

    if (job->i == 0) {
        sp_out_printf(job->out, "%u root certificates are built in.\n", sealpost_trust_builtin());
    }
    if (sealpost_trust_get(job->i++, anchor) != 0) {
        if (job->i == 1) {
            sp_out_raw(job->out, "None was added; `trust add` adds one.\n");
        }
        return SP_PART_NEXT;
    }
    sp_out_raw(job->out, "\n");
    sp_out_wrap(job->out, anchor->subject, 2);
    sp_out_raw(job->out, anchor->factory ? "\n  from the factory, valid until "
                                         : "\n  added here, valid until ");
    sp_out_time(job->out, anchor->not_after, "an unknown time");
    sp_out_raw(job->out, "\n  SHA-256 ");
    sp_out_safe(job->out, anchor->sha256);
    sp_out_raw(job->out, "\n");
    return SP_PART_AGAIN;
}

static enum sp_part ask_line(struct sp_job *job)
{
    job->ask = (struct sp_ask){.prompt = "", .echo = SP_ECHO_SILENT};
    return SP_PART_ASK;
}

static enum sp_part add_trust(struct sp_job *job)
{
    struct sp_paste *paste = &job->u.paste;

    if (job->cancelled) {
        return sp_job_cancel(job, "Nothing was added.");
    }
    if (job->answer == NULL) {
        if (!job->json) {
            sp_out_raw(job->out, "Paste the certificate in PEM; it does not show. A line with a "
                                 "single dot ends.\n");
        }
        return ask_line(job);
    }
    if (strcmp(job->answer, ".") != 0) {
        if (job->answer_too_long) {
            paste->too_long = true;
        } else {
            sp_paste_line(paste, job->answer);
        }
        return ask_line(job);
    }
    if (paste->too_long) {
        return sp_job_refuse(job, "too_long",
                             "What was pasted is too long: one certificate of at most %d bytes "
                             "(in DER) is wanted.",
                             SEALPOST_DER_MAX);
    }
    if (!paste->ended) {
        return sp_job_refuse(job, "pem_missing",
                             "There is no certificate in what was pasted: a line `-----BEGIN "
                             "CERTIFICATE-----` and its `-----END` are wanted.");
    }
    return sp_job_result(job, sealpost_trust_add(paste->der, sp_paste_size(paste), &job->why));
}

static enum sp_part text_added(struct sp_job *job)
{
    sp_out_raw(job->out, "Added; `trust` lists it.\n");
    return SP_PART_NEXT;
}

static enum sp_part remove_trust(struct sp_job *job)
{
    return sp_job_result(job, sealpost_trust_remove(job->words[0], &job->why));
}

static enum sp_part text_removed(struct sp_job *job)
{
    sp_out_raw(job->out, "Removed.\n");
    return SP_PART_NEXT;
}

static const struct sp_command commands[] = {
    {.words = "ca",
     .usage = "",
     .summary = "the certificate authority: directory, terms, account",
     .more = "",
     .example = "ca",
     .text = {text_ca},
     .json = {json_ca}},
    {.words = "ca set",
     .usage = "URL",
     .summary = "choose another ACME directory",
     .more = "An order under way is given up. The new CA's terms have to be agreed to.",
     .example = "ca set https://acme-v02.api.letsencrypt.org/directory",
     .min = 1,
     .max = 1,
     .act = set_ca,
     .text = {text_set},
     .json = {sp_job_json_ok}},
    {.words = "ca agree",
     .usage = "",
     .summary = "agree to the CA's terms",
     .more = "`ca` shows where they are to be read.",
     .example = "ca agree",
     .act = agree,
     .text = {text_agreed},
     .json = {json_agreed}},
    {.words = "trust",
     .usage = "",
     .summary = "root certificates that were added",
     .more = "",
     .example = "trust",
     .text = {text_trust},
     .json = {json_trust}},
    {.words = "trust add",
     .usage = "",
     .summary = "add a root certificate (PEM, then a single dot)",
     .more = "For a CA of your own. What is pasted does not show; Ctrl-C gives up.",
     .example = "trust add",
     .act = add_trust,
     .text = {text_added},
     .json = {sp_job_json_ok}},
    {.words = "trust remove",
     .usage = "SHA256",
     .summary = "remove an added root certificate",
     .more = "`trust` shows the SHA-256 of each.",
     .example = "trust remove 96bcec06264976f37460779acf28c5a7cfe8a3c0aae11a8ffcee05c0bddf08c6",
     .min = 1,
     .max = 1,
     .act = remove_trust,
     .text = {text_removed},
     .json = {sp_job_json_ok}},
};
const struct sp_command_list sp_commands_ca = {commands, sizeof commands / sizeof commands[0]};
