/* publish: where records are published by dynamic update. The secret of its key is asked for
 * without echo, as a password is. */
#include "console/job.h"

#include "base/span.h"

#include <string.h>

static enum sp_part json_publish(struct sp_job *job)
{
    struct sealpost_publish *publish = &job->u.publish;

    sealpost_publish_get(publish);
    sp_json_start(job->out);
    sp_json_open(job->out, NULL, '{');
    sp_json_string_or_null(job->out, "server", publish->server);
    if (publish->server[0] != '\0') {
        sp_json_number(job->out, "port", publish->port);
    } else {
        sp_json_null(job->out, "port");
    }
    sp_json_string_or_null(job->out, "zone", publish->zone);
    sp_json_string_or_null(job->out, "key", publish->key);
    sp_json_number(job->out, "failing", publish->failing);
    sp_json_string(job->out, "sentence", publish->sentence);
    sp_json_close(job->out, '}');
    return SP_PART_NEXT;
}

static enum sp_part text_publish(struct sp_job *job)
{
    struct sealpost_publish *publish = &job->u.publish;

    sealpost_publish_get(publish);
    if (publish->server[0] != '\0') {
        sp_out_field(job->out, "Server", publish->server);
        sp_out_printf(job->out, "Port         %u\n", publish->port);
        sp_out_field(job->out, "Zone",
                     publish->zone[0] != '\0' ? publish->zone : "each that the server has");
        sp_out_field(job->out, "Key", publish->key);
    }
    sp_out_wrap(job->out, publish->sentence, 0);
    sp_out_raw(job->out, "\n");
    if (publish->failing > 0) {
        sp_out_printf(job->out, "Not all could be published of %u; `domain show D` tells why.\n",
                      publish->failing);
    }
    return SP_PART_NEXT;
}

/* --- publish server --- */

static bool take_port(const char *word, uint16_t *port)
{
    uint64_t value = 0;

    if (sp_span_u64(sp_span_str(word), UINT16_MAX, &value) < 0 || value == 0) {
        return false;
    }
    *port = (uint16_t)value;
    return true;
}

/* One word and its value; SP_PART_FAIL says what is wrong with it. */
static enum sp_part take_setting(struct sp_job *job, const char *word, const char *value)
{
    struct sealpost_publish *publish = &job->u.publish;
    bool good = false;

    if (strcmp(word, "key") == 0) {
        good = sp_span_copy(sp_span_str(value), publish->key, sizeof publish->key) == 0;
    } else if (strcmp(word, "zone") == 0) {
        good = sp_span_copy(sp_span_str(value), publish->zone, sizeof publish->zone) == 0;
    } else if (strcmp(word, "port") == 0) {
        good = take_port(value, &publish->port);
    } else {
        return sp_job_refuse(job, "word_unknown",
                             "`key NAME`, `port N` and `zone Z` may follow the address, nothing "
                             "else; the secret is asked for.");
    }
    return good ? SP_PART_NEXT
                : sp_job_refuse(job, "invalid", "`%.60s` is not right behind `%s`.", value, word);
}

/* While the words are there: they are gone with the question for the secret. */
static enum sp_part take_words(struct sp_job *job)
{
    struct sealpost_publish *publish = &job->u.publish;
    enum sp_part end = SP_PART_NEXT;

    memset(publish, 0, sizeof *publish);
    publish->port = 53;
    if (sp_span_copy(sp_span_str(job->words[0]), publish->server, sizeof publish->server) != 0) {
        return sp_job_refuse(job, "invalid", "`%.60s` is not the address of a DNS server.",
                             job->words[0]);
    }
    for (unsigned i = 1; i < job->words_n && end == SP_PART_NEXT; i += 2) {
        end = take_setting(job, job->words[i], i + 1 < job->words_n ? job->words[i + 1] : "");
    }
    if (end == SP_PART_NEXT && publish->key[0] == '\0') {
        return sp_job_refuse(job, "words_missing", "The key's name is missing: `key NAME`.");
    }
    return end;
}

static enum sp_part set_server(struct sp_job *job)
{
    if (job->cancelled) {
        return sp_job_cancel(job, "Nothing was changed.");
    }
    if (job->answer == NULL) {
        enum sp_part end = take_words(job);

        if (end != SP_PART_NEXT) {
            return end;
        }
        job->ask = (struct sp_ask){.prompt = job->json ? "" : "Secret of the key (base64): ",
                                   .echo = job->json ? SP_ECHO_SILENT : SP_ECHO_HIDDEN};
        return SP_PART_ASK;
    }
    return sp_job_result(job, sealpost_publish_set(&job->u.publish, job->answer, &job->why));
}

static enum sp_part text_set(struct sp_job *job)
{
    sp_out_raw(job->out, "Kept; records are published from now on. `publish` tells how it goes.\n");
    return SP_PART_NEXT;
}

/* --- publish off, publish now --- */

static enum sp_part forget(struct sp_job *job)
{
    return sp_job_result(job, sealpost_publish_forget(&job->why));
}

static enum sp_part text_off(struct sp_job *job)
{
    sp_out_raw(job->out, "Records are published by hand from now on; those that are there stay.\n");
    return SP_PART_NEXT;
}

static enum sp_part now(struct sp_job *job)
{
    int err;

    if (job->cancelled) {
        return sp_job_cancel(job, "Waiting was stopped; publishing goes on.");
    }
    err = sealpost_publish_now(job->domain, job->stage == 0, &job->why);
    if (err != SP_E_AGAIN) {
        return sp_job_result(job, err);
    }
    job->stage = 1;
    return SP_PART_WAIT;
}

static enum sp_part text_now(struct sp_job *job)
{
    sp_out_raw(job->out, "All its records are as they should be at the DNS server.\n");
    return SP_PART_NEXT;
}

static const struct sp_command commands[] = {
    {.words = "publish",
     .usage = "",
     .summary = "where records are published by themselves",
     .more = "",
     .example = "publish",
     .text = {text_publish},
     .json = {json_publish}},
    {.words = "publish server",
     .usage = "ADDRESS key NAME [port N] [zone Z]",
     .summary = "publish records by dynamic update from now on",
     .more = "The DNS server takes updates signed with the TSIG key NAME, algorithm hmac-sha256. "
             "Its secret is asked for and does not show; with `json` one line is read. With `zone` "
             "only names in that zone are changed.",
     .example = "publish server 192.0.2.53 key sealpost zone example.com",
     .min = 3,
     .max = 8,
     .act = set_server,
     .text = {text_set},
     .json = {sp_job_json_ok}},
    {.words = "publish now",
     .usage = "D",
     .summary = "publish a domain's records now, and say how it went",
     .more = "",
     .example = "publish now example.com",
     .min = 1,
     .max = 1,
     .argument = SP_ARG_DOMAIN,
     .act = now,
     .text = {text_now},
     .json = {sp_job_json_ok}},
    {.words = "publish off",
     .usage = "",
     .summary = "publish by hand again; forgets the key",
     .more = "",
     .example = "publish off",
     .act = forget,
     .text = {text_off},
     .json = {sp_job_json_ok}},
};
const struct sp_command_list sp_commands_publish = {commands, sizeof commands / sizeof commands[0]};
