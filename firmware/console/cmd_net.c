/* net: the appliance's addresses, as configured and as they are. */
#include "console/job.h"

#include "base/span.h"

#include <string.h>

/* --- telling --- */

static void json_list(struct sp_job *job, const char *key, const char *const *items, unsigned n)
{
    sp_json_open(job->out, key, '[');
    for (unsigned i = 0; i < n; i++) {
        if (items[i][0] != '\0') {
            sp_json_string(job->out, NULL, items[i]);
        }
    }
    sp_json_close(job->out, ']');
}

static enum sp_part json_configured(struct sp_job *job)
{
    struct sealpost_net *net = &job->u.net;

    sealpost_net_get(net);
    sp_json_start(job->out);
    sp_json_open(job->out, NULL, '{');
    sp_json_open(job->out, "configured", '{');
    sp_json_bool(job->out, "dhcp", net->dhcp);
    sp_json_string_or_null(job->out, "address", net->address);
    sp_json_string_or_null(job->out, "gateway", net->gateway);
    json_list(job, "dns", (const char *const[]){net->dns[0], net->dns[1], net->dns[2]}, 3);
    sp_json_string_or_null(job->out, "ntp", net->ntp);
    sp_json_string_or_null(job->out, "public4", net->public4);
    sp_json_string_or_null(job->out, "public6", net->public6);
    sp_json_close(job->out, '}');
    return SP_PART_NEXT;
}

static enum sp_part json_live(struct sp_job *job)
{
    struct sealpost_net_live *live = &job->u.live;

    sealpost_net_live(live);
    sp_json_open(job->out, "live", '{');
    sp_json_bool(job->out, "link", live->link);
    sp_json_bool(job->out, "dhcp_bound", live->dhcp_bound);
    sp_json_string(job->out, "mac", live->mac);
    sp_json_string_or_null(job->out, "gateway", live->gateway);
    sp_json_open(job->out, "addresses", '[');
    for (unsigned i = 0; i < live->addresses_n; i++) {
        sp_json_string(job->out, NULL, live->addresses[i]);
    }
    sp_json_close(job->out, ']');
    sp_json_open(job->out, "dns", '[');
    for (unsigned i = 0; i < live->dns_n; i++) {
        sp_json_string(job->out, NULL, live->dns[i]);
    }
    sp_json_close(job->out, ']');
    sp_json_close(job->out, '}');
    sp_json_close(job->out, '}');
    return SP_PART_NEXT;
}

static const char *or_none(const char *text, const char *none)
{
    return text[0] != '\0' ? text : none;
}

static enum sp_part text_configured(struct sp_job *job)
{
    struct sealpost_net *net = &job->u.net;

    sealpost_net_get(net);
    sp_out_raw(job->out, "As configured\n");
    sp_out_field(job->out, "  Address", net->dhcp ? "by DHCP" : or_none(net->address, "none"));
    if (!net->dhcp) {
        sp_out_field(job->out, "  Gateway", or_none(net->gateway, "none"));
    }
    for (unsigned i = 0; i < 3; i++) {
        if (net->dns[i][0] != '\0') {
            sp_out_field(job->out, "  DNS", net->dns[i]);
        }
    }
    sp_out_field(job->out, "  NTP", or_none(net->ntp, "none"));
    sp_out_field(job->out, "  Public", or_none(net->public4, "the interface's own"));
    if (net->public6[0] != '\0') {
        sp_out_field(job->out, "", net->public6);
    }
    return SP_PART_NEXT;
}

static enum sp_part text_live(struct sp_job *job)
{
    struct sealpost_net_live *live = &job->u.live;

    sealpost_net_live(live);
    sp_out_raw(job->out, "Now\n");
    sp_out_field(job->out, "  Link", live->link ? "up" : "down");
    sp_out_field(job->out, "  MAC", live->mac);
    for (unsigned i = 0; i < live->addresses_n; i++) {
        sp_out_field(job->out, i == 0 ? "  Addresses" : "", live->addresses[i]);
    }
    if (live->addresses_n == 0) {
        sp_out_field(job->out, "  Addresses", "none");
    }
    return SP_PART_NEXT;
}

/* Of what text_live loaded. */
static enum sp_part text_reach(struct sp_job *job)
{
    const struct sealpost_net_live *live = &job->u.live;

    sp_out_field(job->out, "  Gateway", or_none(live->gateway, "none"));
    for (unsigned i = 0; i < live->dns_n; i++) {
        sp_out_field(job->out, i == 0 ? "  DNS" : "", live->dns[i]);
    }
    return SP_PART_NEXT;
}

/* --- doing --- */

static enum sp_part set(struct sp_job *job)
{
    return sp_job_result(job, sealpost_net_set(&job->u.net, &job->why));
}

static enum sp_part too_long(struct sp_job *job, const char *what)
{
    return sp_job_refuse(job, "invalid", "That is too long to be %s; nothing was changed.", what);
}

/* The parts of "A,B,C"; at most n. */
static bool take_list(const char *word, char *const *to, size_t cap, unsigned n)
{
    struct sp_span rest = sp_span_str(word);
    struct sp_span part;
    unsigned i = 0;

    while (sp_span_split(&rest, ',', &part)) {
        if (i == n || part.n == 0 || sp_span_copy(part, to[i], cap) != 0) {
            return false;
        }
        i++;
    }
    for (; i < n; i++) {
        to[i][0] = '\0';
    }
    return true;
}

static enum sp_part set_dhcp(struct sp_job *job)
{
    sealpost_net_get(&job->u.net);
    job->u.net.dhcp = true;
    return set(job);
}

static enum sp_part set_static(struct sp_job *job)
{
    struct sealpost_net *net = &job->u.net;

    sealpost_net_get(net);
    net->dhcp = false;
    if (sp_span_copy(sp_span_str(job->words[0]), net->address, sizeof net->address) != 0 ||
        sp_span_copy(sp_span_str(job->words[1]), net->gateway, sizeof net->gateway) != 0) {
        return too_long(job, "an address");
    }
    if (!take_list(job->words[2], (char *const[]){net->dns[0], net->dns[1], net->dns[2]},
                   sizeof net->dns[0], 3)) {
        return sp_job_refuse(
            job, "dns_invalid",
            "`%.60s` is no list of DNS servers: one to three addresses with commas "
            "between them are wanted.",
            job->words[2]);
    }
    return set(job);
}

static enum sp_part set_ntp(struct sp_job *job)
{
    sealpost_net_get(&job->u.net);
    if (sp_span_copy(sp_span_str(job->words[0]), job->u.net.ntp, sizeof job->u.net.ntp) != 0) {
        return too_long(job, "a host's name");
    }
    return set(job);
}

static enum sp_part set_public(struct sp_job *job)
{
    struct sealpost_net *net = &job->u.net;
    char first[SEALPOST_ADDRESS_SIZE] = "", second[SEALPOST_ADDRESS_SIZE] = "";
    bool none = strcmp(job->words[0], "none") == 0;

    if (!none && !take_list(job->words[0], (char *const[]){first, second}, sizeof first, 2)) {
        return sp_job_refuse(job, "address_invalid",
                             "`%.60s` is not one IPv4 address, or an IPv4 and an IPv6 address with "
                             "a comma between them.",
                             job->words[0]);
    }
    sealpost_net_get(net);
    if (strchr(first, ':') != NULL && second[0] == '\0') { /* an IPv6 address alone */
        memcpy(second, first, sizeof second);
        first[0] = '\0';
    }
    memcpy(net->public4, first, sizeof first);
    memcpy(net->public6, second, sizeof second);
    return set(job);
}

static enum sp_part text_kept(struct sp_job *job)
{
    sp_out_raw(job->out, "Kept and in force; `net` shows it.\n");
    return SP_PART_NEXT;
}

static const struct sp_command commands[] = {
    {.words = "net",
     .usage = "",
     .summary = "network: what is configured and what is in use",
     .more = "",
     .example = "net",
     .text = {text_configured, text_live, text_reach},
     .json = {json_configured, json_live}},
    {.words = "net dhcp",
     .usage = "",
     .summary = "take address, gateway and DNS servers from DHCP",
     .more = "",
     .example = "net dhcp",
     .act = set_dhcp,
     .text = {text_kept},
     .json = {sp_job_json_ok}},
    {.words = "net static",
     .usage = "IP/PREFIX GW DNS[,DNS]",
     .summary = "set address, gateway and up to three DNS servers",
     .more = "",
     .example = "net static 192.0.2.10/24 192.0.2.1 192.0.2.53,9.9.9.9",
     .min = 3,
     .max = 3,
     .act = set_static,
     .text = {text_kept},
     .json = {sp_job_json_ok}},
    {.words = "net ntp",
     .usage = "HOST",
     .summary = "set the time server",
     .more = "",
     .example = "net ntp pool.ntp.org",
     .min = 1,
     .max = 1,
     .act = set_ntp,
     .text = {text_kept},
     .json = {sp_job_json_ok}},
    {.words = "net public",
     .usage = "ADDR[,ADDR6]",
     .summary = "set the addresses that the world sees",
     .more = "Needed behind a router that translates addresses: the DNS records name these. "
             "`net public none` goes back to the interface's own.",
     .example = "net public 198.51.100.7,2001:db8::7",
     .min = 1,
     .max = 1,
     .act = set_public,
     .text = {text_kept},
     .json = {sp_job_json_ok}},
};
const struct sp_command_list sp_commands_net = {commands, sizeof commands / sizeof commands[0]};
