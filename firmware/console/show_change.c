/* What is under way with a domain's policy: its change in two phases, the mx that left it, the
 * promotion by itself, the retirement. */
#include "console/show.h"

#include <string.h>

#define DAY_S 86400

static void json_phase(struct sp_out *out, const struct sealpost_domain *domain)
{
    if (domain->change[0] == '\0') {
        sp_json_null(out, "change");
        return;
    }
    sp_json_open(out, "change", '{');
    sp_json_string(out, "phase", domain->change);
    sp_json_string_or_null(out, "old_id", domain->old_id);
    sp_json_string(out, "new_id", domain->policy_id);
    sp_json_close(out, '}');
}

static void json_auto(struct sp_out *out, const struct sealpost_domain *domain)
{
    if (domain->auto_days == 0) {
        sp_json_null(out, "auto");
        return;
    }
    sp_json_open(out, "auto", '{');
    sp_json_number(out, "days", domain->auto_days);
    sp_json_time(out, "clean_since", domain->clean_since);
    sp_json_close(out, '}');
}

/* The part before has loaded the domain. */
enum sp_part sp_show_json_change(struct sp_job *job)
{
    json_phase(job->out, &job->u.domain);
    json_auto(job->out, &job->u.domain);
    sp_json_time(job->out, "retire_until", job->u.domain.retire_until);
    return SP_PART_NEXT;
}

/* The next of the mx that left, into u.left; false past the last. */
static bool next_left(struct sp_job *job)
{
    return sealpost_domain_left_mx(job->domain, job->i++, job->u.left.mx, &job->u.left.until) == 0;
}

enum sp_part sp_show_json_left(struct sp_job *job)
{
    if (job->i == 0) {
        sp_json_open(job->out, "left_mx", '[');
    }
    if (!next_left(job)) {
        sp_json_close(job->out, ']');
        return SP_PART_NEXT;
    }
    sp_json_open(job->out, NULL, '{');
    sp_json_string(job->out, "mx", job->u.left.mx);
    sp_json_time(job->out, "until", job->u.left.until);
    sp_json_close(job->out, '}');
    return SP_PART_AGAIN;
}

/* --- text --- */

static void text_id(struct sp_out *out, const char *id)
{
    sp_out_tab(out, SP_OUT_FIELD);
    sp_out_raw(out, "v=STSv1; id=");
    sp_out_safe(out, id);
    sp_out_raw(out, ";\n");
}

static void text_publish(struct sp_out *out, const struct sealpost_domain *domain)
{
    sp_out_raw(out, "Change       policy changed: publish this TXT at _mta-sts.");
    sp_out_safe(out, domain->name);
    sp_out_raw(out, "\n");
    text_id(out, domain->policy_id);
    if (domain->old_id[0] != '\0') {
        sp_out_field(out, "", "in place of");
        text_id(out, domain->old_id);
    }
}

static void text_fetching(struct sp_out *out, const struct sealpost_domain *domain)
{
    sp_out_field(out, "Change",
                 domain->old_id[0] != '\0'
                     ? "policy changed: it is served, and is being fetched back over the network. "
                       "Leave the TXT as it is until that has worked:"
                     : "the policy is being fetched back over the network.");
    if (domain->old_id[0] != '\0') {
        text_id(out, domain->old_id);
    }
}

static void text_auto(struct sp_out *out, const struct sealpost_domain *domain)
{
    if (domain->auto_days == 0) {
        return;
    }
    sp_out_printf(out, "Promotion    by itself after %u clean days: ", domain->auto_days);
    if (domain->clean_since != 0) {
        sp_out_time(out, domain->clean_since + (sp_utc)domain->auto_days * DAY_S, "");
        sp_out_raw(out, "\n");
    } else {
        sp_out_raw(out, "none is clean yet\n");
    }
}

static void text_retirement(struct sp_out *out, const struct sealpost_domain *domain)
{
    if (strcmp(domain->state, "retiring") != 0 && domain->retire_until == 0) {
        return;
    }
    if (domain->retire_until == 0) {
        sp_out_field(out, "Retirement", "counted from when DNS has the new TXT");
        return;
    }
    sp_out_raw(out, "Retirement   no sender holds an older policy from ");
    sp_out_time(out, domain->retire_until, "");
    sp_out_raw(out, " on\n");
}

enum sp_part sp_show_text_change(struct sp_job *job)
{
    const struct sealpost_domain *domain = &job->u.domain;

    if (strcmp(domain->change, "publish") == 0) {
        text_publish(job->out, domain);
    } else if (domain->change[0] != '\0') {
        text_fetching(job->out, domain);
    }
    text_auto(job->out, domain);
    text_retirement(job->out, domain);
    return SP_PART_NEXT;
}

enum sp_part sp_show_text_left(struct sp_job *job)
{
    bool first = job->i == 0;

    if (!next_left(job)) {
        return SP_PART_NEXT;
    }
    sp_out_raw(job->out,
               first ? "MX that left; senders may still hold a policy that names them\n" : "");
    sp_out_tab(job->out, SP_OUT_FIELD);
    sp_out_safe(job->out, job->u.left.mx);
    if (job->u.left.until != 0) {
        sp_out_raw(job->out, ", keep it working until ");
        sp_out_time(job->out, job->u.left.until, "");
    } else {
        sp_out_raw(job->out, ", keep it working");
    }
    sp_out_raw(job->out, "\n");
    return SP_PART_AGAIN;
}
