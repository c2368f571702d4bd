/* The scratch holds one thing at a time: each part loads what it tells about. */
#include "console/show.h"

#include "base/scratch.h"

#include <stdio.h>
#include <string.h>

static void json_error(struct sp_job *job, const struct sealpost_domain *domain)
{
    if (domain->error_id[0] == '\0') {
        sp_json_null(job->out, "last_error");
        return;
    }
    sp_json_open(job->out, "last_error", '{');
    sp_json_string(job->out, "id", domain->error_id);
    sp_json_string(job->out, "sentence", domain->error);
    sp_json_time(job->out, "at", domain->error_at);
    sp_json_close(job->out, '}');
}

void sp_show_json_domain(struct sp_out *out, const struct sealpost_domain *domain)
{
    sp_json_string(out, "domain", domain->name);
    sp_json_string(out, "state", domain->state);
    sp_json_string(out, "sentence", domain->sentence);
    sp_json_time(out, "expires", domain->expires);
    sp_json_open(out, "next", '{');
    sp_json_string_or_null(out, "what", domain->next_what);
    sp_json_time(out, "at", domain->next_at);
    sp_json_close(out, '}');
}

enum sp_part sp_show_json_state(struct sp_job *job)
{
    const struct sealpost_domain *domain = &job->u.domain;

    sp_json_start(job->out);
    sp_json_open(job->out, NULL, '{');
    sp_show_json_domain(job->out, domain);
    json_error(job, domain);
    sp_json_number(job->out, "failures", domain->failures);
    sp_json_open(job->out, "policy", '{');
    sp_json_string(job->out, "id", domain->policy_id);
    sp_json_string(job->out, "mode", sp_job_mode_text(domain->mode));
    sp_json_number(job->out, "max_age", domain->max_age);
    return SP_PART_NEXT;
}

/* One host a round: sixteen would be more than the output takes at once. */
enum sp_part sp_show_json_policy(struct sp_job *job)
{
    if (job->i == 0) {
        sp_json_open(job->out, "mx", '[');
    }
    if (sealpost_domain_mx(job->domain, job->i++, job->u.mx) != 0) {
        sp_json_close(job->out, ']');
        return SP_PART_NEXT;
    }
    sp_json_string(job->out, NULL, job->u.mx);
    return SP_PART_AGAIN;
}

/* The next piece of the policy's text; "" at its end. job->n: bytes before it. */
static const char *load_piece(struct sp_job *job)
{
    size_t mark = sp_scratch_mark();
    char *text = sp_scratch_take(SP_POLICY_TEXT_MAX + 1);
    int n = sealpost_domain_policy(job->domain, text, SP_POLICY_TEXT_MAX + 1);

    if (n < 0 || (unsigned)n < job->n) { /* another one meanwhile */
        job->n = 0;
        text[0] = '\0';
    }
    (void)snprintf(job->u.piece, sizeof job->u.piece, "%s", text + job->n);
    job->n += (unsigned)strlen(job->u.piece);
    sp_scratch_release(mark);
    return job->u.piece;
}

enum sp_part sp_show_json_policy_text(struct sp_job *job)
{
    if (job->n == 0) {
        sp_json_begin_text(job->out, "text");
    }
    if (load_piece(job)[0] != '\0') {
        sp_json_text(job->out, job->u.piece);
        return SP_PART_AGAIN;
    }
    sp_json_end_text(job->out);
    sp_json_close(job->out, '}');
    return SP_PART_NEXT;
}

enum sp_part sp_show_json_rua(struct sp_job *job)
{
    (void)sp_job_load_domain(job);
    sp_json_string(job->out, "rua", job->u.domain.rua);
    return SP_PART_NEXT;
}

static const char *load_publishing(struct sp_job *job)
{
    sealpost_publish_domain(job->domain, job->u.sentence, sizeof job->u.sentence);
    return job->u.sentence;
}

enum sp_part sp_show_json_publishing(struct sp_job *job)
{
    sp_json_string_or_null(job->out, "publishing", load_publishing(job));
    return SP_PART_NEXT;
}

enum sp_part sp_show_json_account(struct sp_job *job)
{
    sealpost_ca_get(&job->u.ca);
    sp_json_string_or_null(job->out, "account", job->u.ca.account);
    sp_json_close(job->out, '}');
    return SP_PART_NEXT;
}

/* --- text --- */

static void text_next(struct sp_job *job, const struct sealpost_domain *domain)
{
    if (domain->next_what[0] == '\0') {
        return;
    }
    sp_out_raw(job->out, "Next");
    sp_out_tab(job->out, SP_OUT_FIELD);
    sp_out_wrap(job->out, domain->next_what, SP_OUT_FIELD);
    if (domain->next_at != 0) {
        sp_out_raw(job->out, ", ");
        sp_out_time(job->out, domain->next_at, "");
    }
    sp_out_raw(job->out, "\n");
}

static void text_error(struct sp_job *job, const struct sealpost_domain *domain)
{
    if (domain->error_id[0] == '\0') {
        return;
    }
    sp_out_field(job->out, "Last error", domain->error);
    sp_out_tab(job->out, SP_OUT_FIELD);
    sp_out_time(job->out, domain->error_at, "time not known");
    sp_out_printf(job->out, "; failures in a row: %u\n", (unsigned)domain->failures);
}

enum sp_part sp_show_text_state(struct sp_job *job)
{
    const struct sealpost_domain *domain = &job->u.domain;

    sp_out_field(job->out, "Domain", domain->name);
    sp_out_field(job->out, "State", domain->state);
    sp_out_field(job->out, "", domain->sentence);
    sp_out_raw(job->out, "Certificate  ");
    sp_out_raw(job->out, domain->expires != 0 ? "valid until " : "");
    sp_out_time(job->out, domain->expires, "none yet");
    sp_out_raw(job->out, "\n");
    text_next(job, domain);
    text_error(job, domain);
    sp_out_field(job->out, "Policy id",
                 domain->policy_id[0] != '\0' ? domain->policy_id : "none yet");
    sp_out_printf(job->out, "Mode         %s, max-age %u s\n", sp_job_mode_text(domain->mode),
                  (unsigned)domain->max_age);
    return SP_PART_NEXT;
}

enum sp_part sp_show_text_mx(struct sp_job *job)
{
    if (job->i == 0) {
        sp_out_raw(job->out, "MX");
    }
    if (sealpost_domain_mx(job->domain, job->i, job->u.mx) != 0) {
        sp_out_raw(job->out, job->i == 0 ? "\n" : "");
        return SP_PART_NEXT;
    }
    job->i++;
    sp_out_tab(job->out, SP_OUT_FIELD);
    sp_out_safe(job->out, job->u.mx);
    sp_out_raw(job->out, "\n");
    return SP_PART_AGAIN;
}

enum sp_part sp_show_text_rua(struct sp_job *job)
{
    (void)sp_job_load_domain(job);
    sp_out_field(job->out, "Reports to", job->u.domain.rua);
    return SP_PART_NEXT;
}

enum sp_part sp_show_text_publishing(struct sp_job *job)
{
    if (load_publishing(job)[0] != '\0') {
        sp_out_field(job->out, "Publishing", job->u.sentence);
    }
    return SP_PART_NEXT;
}

enum sp_part sp_show_text_policy(struct sp_job *job)
{
    bool first = job->n == 0;

    if (load_piece(job)[0] == '\0') {
        return SP_PART_NEXT;
    }
    if (first) {
        sp_out_raw(job->out, "\nThe policy as it is served:\n");
    }
    sp_out_safe(job->out, job->u.piece);
    return SP_PART_AGAIN;
}
