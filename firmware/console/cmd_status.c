/* status: everything at a glance. */
#include "console/show.h"

#include <inttypes.h>
#include <string.h>

#define POOL_FIELD 18 /* the longest name is stack:supervisor */
#define LISTED_MAX 20 /* with more domains than that the text lists only those in trouble */

/* --- JSON --- */

static void json_addresses(struct sp_job *job, const struct sealpost_status *status)
{
    sp_json_open(job->out, "addresses", '[');
    for (unsigned i = 0; i < status->addresses_n; i++) {
        sp_json_string(job->out, NULL, status->addresses[i]);
    }
    sp_json_close(job->out, ']');
}

static void json_order(struct sp_job *job, const struct sealpost_status *status)
{
    if (status->order_host[0] == '\0') {
        sp_json_null(job->out, "order");
        return;
    }
    sp_json_open(job->out, "order", '{');
    sp_json_string(job->out, "host", status->order_host);
    sp_json_string(job->out, "phase", status->order_phase);
    sp_json_close(job->out, '}');
}

static enum sp_part json_head(struct sp_job *job)
{
    struct sealpost_status *status = &job->u.status;

    sealpost_status(status);
    sp_json_start(job->out);
    sp_json_open(job->out, NULL, '{');
    sp_json_string(job->out, "health", sealpost_health_text(status->health));
    sp_json_string(job->out, "sentence", status->sentence);
    sp_json_time(job->out, "time", status->utc);
    sp_json_number(job->out, "uptime", status->uptime_s);
    sp_json_string(job->out, "board", status->board);
    sp_json_string(job->out, "version", status->version);
    sp_json_string(job->out, "area", status->area);
    sp_json_bool(job->out, "link", status->link);
    json_addresses(job, status);
    sp_json_open(job->out, "ca", '{');
    sp_json_string(job->out, "directory", status->directory);
    sp_json_bool(job->out, "agreed", status->terms_agreed);
    sp_json_close(job->out, '}');
    return SP_PART_NEXT;
}

static enum sp_part json_crash(struct sp_job *job)
{
    struct sp_crash *crash = &job->u.crash;

    if (sealpost_crash(crash) != 0) {
        sp_json_null(job->out, "crash");
        return SP_PART_NEXT;
    }
    sp_json_open(job->out, "crash", '{');
    sp_json_string(job->out, "what", crash->what);
    sp_json_string(job->out, "text", crash->text);
    sp_json_string(job->out, "task", crash->task);
    sp_json_hex(job->out, "pc", crash->pc);
    sp_json_hex(job->out, "lr", crash->lr);
    sp_json_hex(job->out, "status", crash->status);
    sp_json_hex(job->out, "address", crash->address);
    sp_json_time(job->out, "at", crash->utc);
    sp_json_number(job->out, "uptime_ms", crash->uptime_ms);
    sp_json_number(job->out, "in_a_row", crash->in_a_row);
    sp_json_number(job->out, "total", crash->total);
    sp_json_close(job->out, '}');
    return SP_PART_NEXT;
}

static enum sp_part json_counts(struct sp_job *job)
{
    struct sealpost_status *status = &job->u.status;

    json_order(job, status);
    sp_json_open(job->out, "domains", '{');
    sp_json_number(job->out, "total", status->domains);
    sp_json_number(job->out, "active", status->active);
    sp_json_number(job->out, "at_risk", status->at_risk);
    sp_json_number(job->out, "want_care", status->want_care);
    sp_json_close(job->out, '}');
    sp_json_open(job->out, "domain_list", '[');
    return SP_PART_NEXT;
}

static enum sp_part json_domains(struct sp_job *job)
{
    struct sealpost_domain *domain = &job->u.domain;
    char name[SEALPOST_NAME_SIZE];

    if (sealpost_domain_next(&job->cursor, name) != 0) {
        sp_json_close(job->out, ']');
        return SP_PART_NEXT;
    }
    if (sealpost_domain_get(name, domain, &job->why) != 0) {
        return SP_PART_AGAIN; /* removed meanwhile */
    }
    sp_json_open(job->out, NULL, '{');
    sp_show_json_domain(job->out, domain);
    sp_json_close(job->out, '}');
    return SP_PART_AGAIN;
}

static enum sp_part json_pools(struct sp_job *job)
{
    struct sealpost_pool *pool = &job->u.pool;

    if (job->i == 0) {
        sp_json_open(job->out, "pools", '[');
    }
    if (sealpost_pool(job->i++, pool) != 0) {
        sp_json_close(job->out, ']');
        sp_json_close(job->out, '}');
        return SP_PART_NEXT;
    }
    sp_json_open(job->out, NULL, '{');
    sp_json_string(job->out, "name", pool->name);
    sp_json_number(job->out, "used", pool->used);
    sp_json_number(job->out, "peak", pool->peak);
    sp_json_number(job->out, "limit", pool->limit);
    sp_json_number(job->out, "refused", pool->refused);
    sp_json_close(job->out, '}');
    return SP_PART_AGAIN;
}

/* --- text --- */

static void label(struct sp_job *job, const char *text)
{
    sp_out_raw(job->out, text);
    sp_out_tab(job->out, SP_OUT_FIELD);
}

static void text_time(struct sp_job *job, const struct sealpost_status *status)
{
    char up[40];

    label(job, "Time");
    sp_out_time(job->out, status->utc, "not known yet");
    sp_out_printf(job->out, ", up %s\n", sp_duration_text(status->uptime_s, up, sizeof up));
}

static void text_network(struct sp_job *job, const struct sealpost_status *status)
{
    label(job, "Network");
    sp_out_raw(job->out, status->link ? "link up" : "link down");
    for (unsigned i = 0; i < status->addresses_n; i++) {
        sp_out_raw(job->out, i == 0 ? "; " : ", ");
        sp_out_wrap(job->out, status->addresses[i], SP_OUT_FIELD);
    }
    sp_out_raw(job->out, status->addresses_n == 0 ? "; no address\n" : "\n");
}

static enum sp_part text_head(struct sp_job *job)
{
    struct sealpost_status *status = &job->u.status;

    sealpost_status(status);
    label(job, "Health");
    sp_out_raw(job->out, sealpost_health_text(status->health));
    sp_out_raw(job->out, "\n");
    sp_out_tab(job->out, SP_OUT_FIELD);
    sp_out_wrap(job->out, status->sentence, SP_OUT_FIELD);
    sp_out_raw(job->out, "\n");
    text_time(job, status);
    sp_out_printf(job->out, "Board        %.30s, Sealpost %.30s\n", status->board, status->version);
    text_network(job, status);
    return SP_PART_NEXT;
}

/* A line that only appliances have that crashed once. */
static enum sp_part text_crash(struct sp_job *job)
{
    struct sp_crash *crash = &job->u.crash;

    if (sealpost_crash(crash) != 0) {
        return SP_PART_NEXT;
    }
    label(job, "Last fault");
    sp_out_safe(job->out, crash->what);
    sp_out_raw(job->out, ", ");
    sp_out_time(job->out, crash->utc, "at an unknown time");
    sp_out_printf(job->out, ", %" PRIu64 " s after a start\n", crash->uptime_ms / 1000);
    sp_out_tab(job->out, SP_OUT_FIELD);
    sp_out_printf(job->out, "pc %08" PRIx32 ", lr %08" PRIx32 ", task %.16s; %" PRIu32 " so far\n",
                  crash->pc, crash->lr, crash->task, crash->total);
    if (crash->text[0] != '\0') {
        sp_out_tab(job->out, SP_OUT_FIELD);
        sp_out_wrap(job->out, crash->text, SP_OUT_FIELD);
        sp_out_raw(job->out, "\n");
    }
    return SP_PART_NEXT;
}

static enum sp_part text_counts(struct sp_job *job)
{
    struct sealpost_status *status = &job->u.status;

    sp_out_field(job->out, "CA", status->directory);
    sp_out_tab(job->out, SP_OUT_FIELD);
    sp_out_raw(job->out, status->terms_agreed
                             ? "its terms are agreed to\n"
                             : "its terms are not agreed to: see `ca`, then `ca agree`\n");
    if (status->order_host[0] != '\0') {
        label(job, "Order");
        sp_out_wrap(job->out, status->order_host, SP_OUT_FIELD);
        sp_out_raw(job->out, ": ");
        sp_out_wrap(job->out, status->order_phase, SP_OUT_FIELD);
        sp_out_raw(job->out, "\n");
    }
    job->total = status->domains;
    sp_out_printf(job->out, "Domains      %u: %u active, %u at risk, %u want care\n",
                  status->domains, status->active, status->at_risk, status->want_care);
    return SP_PART_NEXT;
}

static bool is_listed(const struct sp_job *job, const struct sealpost_domain *domain)
{
    return job->total <= LISTED_MAX || domain->wants_care || domain->error_id[0] != '\0' ||
           domain->failures > 0;
}

static void text_domain(struct sp_job *job, const struct sealpost_domain *domain)
{
    sp_out_raw(job->out, "\n");
    sp_out_wrap(job->out, domain->name, 0);
    sp_out_printf(job->out, ": %s", domain->state);
    if (domain->expires != 0) {
        sp_out_raw(job->out, ", certificate until ");
        sp_out_time(job->out, domain->expires, "");
    }
    sp_out_raw(job->out, "\n  ");
    sp_out_wrap(job->out, domain->sentence, 2);
    if (domain->next_what[0] != '\0') {
        sp_out_raw(job->out, "\n  Next: ");
        sp_out_wrap(job->out, domain->next_what, 2);
        sp_out_raw(job->out, domain->next_at != 0 ? ", " : "");
        sp_out_time(job->out, domain->next_at, "");
    }
    sp_out_raw(job->out, "\n");
}

static void text_end(struct sp_job *job)
{
    if (job->total == 0) {
        sp_out_raw(job->out, "\nNo domain yet: `help domain add` shows how to add one.\n");
    } else if (job->total > LISTED_MAX) {
        sp_out_printf(job->out,
                      "\n%u domains without trouble are not listed here; `domain` lists "
                      "all.\n",
                      job->total - (job->n < job->total ? job->n : job->total));
    }
}

static enum sp_part text_domains(struct sp_job *job)
{
    char name[SEALPOST_NAME_SIZE];

    if (sealpost_domain_next(&job->cursor, name) != 0) {
        text_end(job);
        return SP_PART_NEXT;
    }
    if (sealpost_domain_get(name, &job->u.domain, &job->why) == 0 &&
        is_listed(job, &job->u.domain)) {
        job->n++;
        text_domain(job, &job->u.domain);
    }
    return SP_PART_AGAIN;
}

static enum sp_part text_pools(struct sp_job *job)
{
    struct sealpost_pool *pool = &job->u.pool;

    if (sealpost_pool(job->i, pool) != 0) {
        return SP_PART_NEXT;
    }
    if (job->i++ == 0) {
        sp_out_raw(job->out, "\nPool");
        sp_out_tab(job->out, POOL_FIELD);
        sp_out_raw(job->out, "      used       peak      limit    refused\n");
    }
    sp_out_safe(job->out, pool->name);
    sp_out_tab(job->out, POOL_FIELD);
    sp_out_printf(job->out, "%10zu %10zu %10zu %10" PRIu32 "\n", pool->used, pool->peak,
                  pool->limit, pool->refused);
    return SP_PART_AGAIN;
}

static const struct sp_command commands[] = {
    {.words = "status",
     .usage = "",
     .summary = "everything at a glance: health, time, addresses, domains",
     .more = "",
     .example = "status",
     .text = {text_head, text_crash, text_counts, text_domains, text_pools},
     .json = {json_head, json_crash, json_counts, json_domains, json_pools}},
};
const struct sp_command_list sp_commands_status = {commands, sizeof commands / sizeof commands[0]};
