/* domain: the list, adding, changing, removing. */
#include "console/show.h"

#include "base/span.h"

#include <stdio.h>
#include <string.h>

/* --- the list --- */

static enum sp_part json_list(struct sp_job *job)
{
    struct sealpost_domain *domain = &job->u.domain;
    char name[SEALPOST_NAME_SIZE];

    if (job->stage == 0) {
        job->stage = 1;
        sp_json_start(job->out);
        sp_json_open(job->out, NULL, '{');
        sp_json_open(job->out, "domains", '[');
    }
    if (sealpost_domain_next(&job->cursor, name) != 0) {
        sp_json_close(job->out, ']');
        sp_json_close(job->out, '}');
        return SP_PART_NEXT;
    }
    if (sealpost_domain_get(name, domain, &job->why) != 0) {
        return SP_PART_AGAIN; /* removed meanwhile */
    }
    sp_json_open(job->out, NULL, '{');
    sp_json_string(job->out, "domain", domain->name);
    sp_json_string(job->out, "state", domain->state);
    sp_json_string(job->out, "mode", sp_job_mode_text(domain->mode));
    sp_json_time(job->out, "expires", domain->expires);
    sp_json_close(job->out, '}');
    return SP_PART_AGAIN;
}

static enum sp_part text_list(struct sp_job *job)
{
    struct sealpost_domain *domain = &job->u.domain;
    char name[SEALPOST_NAME_SIZE];

    if (sealpost_domain_next(&job->cursor, name) != 0) {
        if (job->i == 0) {
            sp_out_raw(job->out, "No domain yet: `help domain add` shows how to add one.\n");
        }
        return SP_PART_NEXT;
    }
    if (sealpost_domain_get(name, domain, &job->why) != 0) {
        return SP_PART_AGAIN;
    }
    if (job->i++ == 0) {
        sp_out_raw(job->out, "Domain                            State        Mode     Certificate "
                             "until\n");
    }
    sp_out_safe(job->out, domain->name);
    sp_out_tab(job->out, 34);
    sp_out_safe(job->out, domain->state);
    sp_out_tab(job->out, 47);
    sp_out_raw(job->out, sp_job_mode_text(domain->mode));
    sp_out_tab(job->out, 56);
    sp_out_time(job->out, domain->expires, "none");
    sp_out_raw(job->out, "\n");
    return SP_PART_AGAIN;
}

/* --- names and values: mx …, mode …, max-age …, rua … --- */

static bool is_list(const char *value)
{
    struct sp_span rest = sp_span_str(value);
    struct sp_span host;

    while (sp_span_split(&rest, ',', &host)) {
        if (host.n == 0 || host.n >= SEALPOST_MX_SIZE) {
            return false;
        }
    }
    return value[0] != '\0';
}

/* "a,b": these alone; "+a,b": these, too; "-a,b": no longer these. The line is taken apart. */
static enum sp_part take_mx(struct sp_job *job, char *value, struct sealpost_domain_settings *out)
{
    bool more = value[0] == '+', less = value[0] == '-';
    char *list = more || less ? value + 1 : value;

    out->gives |= more ? SEALPOST_GIVES_MX_MORE : less ? SEALPOST_GIVES_MX_LESS : SEALPOST_GIVES_MX;
    if (!is_list(list)) {
        return sp_job_refuse(job, "mx_invalid",
                             "`%.60s` is no list of mx hosts: names with commas between them "
                             "are wanted, without spaces.",
                             value);
    }
    for (char *comma = list; comma != NULL; list = comma + 1) {
        if (out->mx_n == SEALPOST_MX_MAX) {
            return sp_job_refuse(job, "mx_invalid", "At most %d mx hosts fit in a policy.",
                                 SEALPOST_MX_MAX);
        }
        out->mx[out->mx_n++] = list;
        comma = strchr(list, ',');
        if (comma != NULL) {
            *comma = '\0';
        }
    }
    return SP_PART_NEXT;
}

static enum sp_part take_mode(struct sp_job *job, char *value, struct sealpost_domain_settings *out)
{
    out->gives |= SEALPOST_GIVES_MODE;
    for (unsigned mode = 0; mode < 3; mode++) {
        if (strcmp(value, sp_job_mode_text((enum sealpost_mode)mode)) == 0) {
            out->mode = (enum sealpost_mode)mode;
            return SP_PART_NEXT;
        }
    }
    return sp_job_refuse(job, "mode_invalid", "`%.60s` is no mode: testing, enforce and none are.",
                         value);
}

static enum sp_part take_max_age(struct sp_job *job, char *value,
                                 struct sealpost_domain_settings *out)
{
    uint64_t seconds;

    /* Its bounds are the service's. */
    if (sp_span_u64(sp_span_str(value), UINT32_MAX, &seconds) != 0) {
        return sp_job_refuse(job, "max_age_invalid",
                             "`%.60s` is no max-age: seconds are wanted, like 604800 for a week.",
                             value);
    }
    out->gives |= SEALPOST_GIVES_MAX_AGE;
    out->max_age = (uint32_t)seconds;
    return SP_PART_NEXT;
}

static enum sp_part take_rua(struct sp_job *job, char *value, struct sealpost_domain_settings *out)
{
    if (strlen(value) >= SEALPOST_RUA_SIZE) {
        return sp_job_refuse(job, "rua_invalid", "The rua address is longer than %d bytes.",
                             SEALPOST_RUA_SIZE - 1);
    }
    out->gives |= SEALPOST_GIVES_RUA;
    out->rua = value;
    return SP_PART_NEXT;
}

static const struct {
    const char *name;
    enum sp_part (*take)(struct sp_job *job, char *value, struct sealpost_domain_settings *out);
} settings_words[] = {
    {"mx", take_mx}, {"mode", take_mode}, {"max-age", take_max_age}, {"rua", take_rua}};
#define SETTINGS_N (sizeof settings_words / sizeof settings_words[0])

static enum sp_part take_setting(struct sp_job *job, const char *name, char *value, unsigned *seen,
                                 struct sealpost_domain_settings *out)
{
    for (unsigned i = 0; i < SETTINGS_N; i++) {
        if (strcmp(name, settings_words[i].name) != 0) {
            continue;
        }
        if ((*seen & 1U << i) != 0) {
            return sp_job_refuse(job, "words_left", "`%s` is given twice.", name);
        }
        *seen |= 1U << i;
        if (value == NULL) {
            return sp_job_refuse(job, "words_missing", "A word is missing after `%s`.", name);
        }
        return settings_words[i].take(job, value, out);
    }
    return sp_job_refuse(job, "word_unknown",
                         "`%.60s` is nothing that a domain has: mx, mode, max-age and rua are.",
                         name);
}

/* The texts stay in the line. A trailing `force` has no value. */
static enum sp_part take_settings(struct sp_job *job, struct sealpost_domain_settings *out)
{
    bool force = job->words_n % 2 == 0 && strcmp(job->words[job->words_n - 1], "force") == 0;
    unsigned n = job->words_n - (force ? 1 : 0);
    unsigned seen = 0;

    memset(out, 0, sizeof *out);
    out->gives = force ? SEALPOST_GIVES_FORCE : 0;
    for (unsigned i = 1; i < n; i += 2) {
        char *value = i + 1 < n ? job->words[i + 1] : NULL;

        if (take_setting(job, job->words[i], value, &seen, out) == SP_PART_FAIL) {
            return SP_PART_FAIL;
        }
    }
    return SP_PART_NEXT;
}

/* --- add, set, remove --- */

static enum sp_part add(struct sp_job *job)
{
    struct sealpost_domain_settings settings;

    if (take_settings(job, &settings) == SP_PART_FAIL) {
        return SP_PART_FAIL;
    }
    return sp_job_result(job, sealpost_domain_add(job->domain, &settings, &job->why));
}

static enum sp_part set(struct sp_job *job)
{
    struct sealpost_domain_settings settings;

    /* One that is not there is said first. */
    if (sp_job_load_domain(job) == SP_PART_FAIL || take_settings(job, &settings) == SP_PART_FAIL) {
        return SP_PART_FAIL;
    }
    return sp_job_result(job, sealpost_domain_set(job->domain, &settings, &job->why));
}

static enum sp_part json_state(struct sp_job *job)
{
    const char *state = "disabled"; /* what `add` begins with */

    if (sealpost_domain_get(job->domain, &job->u.domain, &job->why) == 0) {
        state = job->u.domain.state;
    }
    sp_json_start(job->out);
    sp_json_open(job->out, NULL, '{');
    sp_json_bool(job->out, "ok", true);
    sp_json_string(job->out, "domain", job->domain);
    sp_json_string(job->out, "state", state);
    sp_json_close(job->out, '}');
    return SP_PART_NEXT;
}

static enum sp_part text_added(struct sp_job *job)
{
    sp_out_wrap(job->out, job->domain, 0);
    sp_out_wrap(job->out, " is added. Next: `dns", 0);
    sp_out_wrap(job->out, " ", 0);
    sp_out_wrap(job->out, job->domain, 0);
    sp_out_wrap(job->out, "` shows the records to publish; `enable", 0);
    sp_out_wrap(job->out, " ", 0);
    sp_out_wrap(job->out, job->domain, 0);
    sp_out_wrap(job->out, "` then puts it to work.", 0);
    sp_out_raw(job->out, "\n");
    return SP_PART_NEXT;
}

static enum sp_part text_set(struct sp_job *job)
{
    sp_out_wrap(job->out, job->domain, 0);
    sp_out_wrap(job->out,
                " is changed. If its policy id changed, the TXT record has to follow: "
                "`domain show` says when, and with what.",
                0);
    sp_out_raw(job->out, "\n");
    return SP_PART_NEXT;
}

static enum sp_part remove_domain(struct sp_job *job)
{
    char question[SEALPOST_NAME_SIZE + 40];
    enum sp_part end;

    if (job->stage == 0 && sp_job_load_domain(job) == SP_PART_FAIL) {
        return SP_PART_FAIL;
    }
    if (job->stage == 0 && strcmp(job->u.domain.state, "disabled") == 0 &&
        sp_job_tell_risk(job) == SP_PART_AGAIN) {
        job->stage = 1;
        return SP_PART_AGAIN;
    }
    job->stage = 1;
    (void)snprintf(question, sizeof question, "Remove %s and its certificate?", job->domain);
    end = sp_job_confirm(job, question);
    if (end != SP_PART_NEXT) {
        return end;
    }
    return sp_job_result(job, sealpost_domain_remove(job->domain, &job->why));
}

static enum sp_part json_removed(struct sp_job *job)
{
    sp_json_start(job->out);
    sp_json_open(job->out, NULL, '{');
    sp_json_bool(job->out, "ok", true);
    sp_json_string(job->out, "domain", job->domain);
    sp_json_close(job->out, '}');
    return SP_PART_NEXT;
}

static enum sp_part text_removed(struct sp_job *job)
{
    sp_out_wrap(job->out, job->domain, 0);
    sp_out_raw(job->out, " is removed.\n");
    return SP_PART_NEXT;
}

#define SETTINGS_USAGE "[mode testing|enforce|none] [max-age SECONDS] [rua URI|here] [force]"

static const struct sp_command commands[] = {
    {.words = "domain",
     .usage = "",
     .summary = "the domains and their states",
     .more = "",
     .example = "domain",
     .text = {text_list},
     .json = {json_list}},
    {.words = "domain add",
     .usage = "D mx HOST[,HOST...] " SETTINGS_USAGE,
     .summary = "add a domain; it stays disabled until `enable`",
     .more =
         "Without further words: mode testing, a week of max-age, reports to "
         "mailto:postmaster@D. An mx may be `*.example.com`. `rua here` has TLS reports sent to "
         "this appliance: see `reports`. Mode enforce from the start wants `force`; `promote` "
         "and `auto` get there safely.",
     .example = "domain add example.com mx mx1.example.com,mx2.example.com",
     .min = 3,
     .max = 10,
     .argument = SP_ARG_SETTINGS,
     .act = add,
     .text = {text_added},
     .json = {json_state}},
    {.words = "domain show",
     .usage = "D",
     .summary = "a domain's state, policy, certificate, last error",
     .more = "",
     .example = "domain show example.com",
     .min = 1,
     .max = 1,
     .argument = SP_ARG_DOMAIN,
     .act = sp_job_load_domain,
     .text = {sp_show_text_state, sp_show_text_change, sp_show_text_mx, sp_show_text_left,
              sp_show_text_rua, sp_show_text_publishing, sp_show_text_policy},
     .json = {sp_show_json_state, sp_show_json_policy, sp_show_json_policy_text, sp_show_json_rua,
              sp_show_json_publishing, sp_show_json_change, sp_show_json_left,
              sp_show_json_account}},
    {.words = "domain set",
     .usage = "D [mx [+|-]HOST[,HOST...]] " SETTINGS_USAGE,
     .summary = "change a domain; what is not named stays",
     .more =
         "`mx +HOST` adds to the hosts that it has, `mx -HOST` takes from them. Another mx, mode "
         "or max-age is another policy id: `domain show` says when to publish the new TXT record. "
         "Mode enforce wants `force` while a check fails or none has run.",
     .example = "domain set example.com max-age 1209600",
     .min = 3,
     .max = 10,
     .argument = SP_ARG_SETTINGS,
     .act = set,
     .text = {text_set},
     .json = {json_state}},
    {.words = "domain remove",
     .usage = "D [yes]",
     .summary = "forget a domain and its certificate",
     .more = "Asks first; a trailing `yes` answers. Disable it before.",
     .example = "domain remove example.com",
     .min = 1,
     .max = 1,
     .argument = SP_ARG_DOMAIN,
     .confirms = true,
     .act = remove_domain,
     .text = {text_removed},
     .json = {json_removed}},
};
const struct sp_command_list sp_commands_domain = {commands, sizeof commands / sizeof commands[0]};
