/* DNS and clock of netprobe. Queries have numbers and are told when they are done. */
#include "netprobe.h"

#include "base/port.h"
#include "net/clock.h"
#include "net/dns.h"

#include "sp_port.h"

#include <stdio.h>
#include <string.h>

#define MOST 10

static struct lookup {
    bool used;
    bool cancelled; /* then nothing may write to it */
    struct sp_dns_query query;
    struct sp_dns_answer answer;
    struct sp_dns_addresses addresses;
} lookups[MOST];

static sp_time now_at_step;
static bool clock_runs;

static const struct {
    const char *name;
    enum sp_dns_type type;
} types[] = {{"A", SP_DNS_A},       {"NS", SP_DNS_NS},     {"CNAME", SP_DNS_CNAME},
             {"SOA", SP_DNS_SOA},   {"MX", SP_DNS_MX},     {"TXT", SP_DNS_TXT},
             {"AAAA", SP_DNS_AAAA}, {"TLSA", SP_DNS_TLSA}, {"CAA", SP_DNS_CAA}};

static enum sp_dns_type type_of(const char *name)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strcmp(types[i].name, name) == 0) {
            return types[i].type;
        }
    }
    return SP_DNS_A;
}

static const char *type_name(enum sp_dns_type type)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (types[i].type == type) {
            return types[i].name;
        }
    }
    return "?";
}

static void show_record(int id, const struct sp_dns_record *r)
{
    char text[SP_ADDR_SIZE];

    printf("record %d type=%s name=%s ttl=%u", id, type_name(r->type), r->name, (unsigned)r->ttl);
    if (r->type == SP_DNS_A || r->type == SP_DNS_AAAA) {
        say(" words=%s", sp_addr_text(&r->u.addr, text));
    } else if (r->type == SP_DNS_CNAME || r->type == SP_DNS_NS) {
        say(" words=%s", r->u.host);
    } else if (r->type == SP_DNS_MX) {
        say(" words=%u %s", r->u.mx.preference, r->u.mx.host);
    } else if (r->type == SP_DNS_TXT) {
        say(" words=%s", r->u.text);
    } else if (r->type == SP_DNS_CAA) {
        say(" words=%u %s %s", r->u.caa.critical, r->u.caa.tag, r->u.caa.value);
    } else {
        say(" words=");
    }
}

static void show_answer(int id, const struct sp_dns_answer *a)
{
    char text[SP_ADDR_SIZE];
    struct sp_dns_cursor cursor = {0};
    struct sp_dns_record record;

    while (sp_dns_next(a, &cursor, &record)) {
        show_record(id, &record);
    }
    say("answer %d result=%d server=%s n=%u cut=%d ms=%u", id, a->result,
        sp_addr_text(&a->server, text), a->n, a->cut, (unsigned)a->elapsed_ms);
}

static void show_addresses(int id, const struct sp_dns_addresses *a)
{
    char text[SP_ADDR_SIZE];

    printf("addresses %d result=%d words=", id, a->result);
    for (unsigned i = 0; i < a->n; i++) {
        printf("%s%s", i > 0 ? " " : "", sp_addr_text(&a->list[i], text));
    }
    say("%s", "");
}

static void started(int id, int err)
{
    lookups[id].used = err == 0;
    lookups[id].cancelled = false;
    say("asked %d err=%d", id, err);
}

static void cmd_dns(char **words)
{
    int id = (int)number(words[0]) % MOST;
    struct sp_addr server = address(words[3]);
    struct lookup *l = &lookups[id];

    started(id,
            sp_dns_ask(&l->query, words[1], type_of(words[2]), &server, &l->answer, now_at_step));
}

static void cmd_addresses(char **words)
{
    int id = (int)number(words[0]) % MOST;
    struct lookup *l = &lookups[id];

    started(id, sp_dns_ask_addresses(&l->query, words[1], type_of(words[2]), &l->addresses,
                                     now_at_step));
}

static void cmd_cancel(char **words)
{
    struct lookup *l = &lookups[number(words[0]) % MOST];

    sp_dns_cancel(&l->query);
    memset(&l->answer, 0xaa, sizeof l->answer);
    l->used = false;
    l->cancelled = true;
    say("cancel %s", words[0]);
}

static void cmd_memory(char **words)
{
    struct sp_pool_use use = sp_port_use(SP_POOL_DNS);

    (void)words;
    say("memory used=%zu peak=%zu refused=%u", use.used, use.peak, (unsigned)use.refused);
}

static void cmd_limit(char **words)
{
    sp_port_set_limit(SP_POOL_DNS, number(words[0]));
    say("limit %s", words[0]);
}

static void cmd_clock(char **words)
{
    sp_clock_start(words[0] != NULL ? words[0] : "",
                   words[0] != NULL ? (sp_utc)number(words[1]) : 0);
    clock_runs = true;
    say("clock");
}

static void cmd_time(char **words)
{
    struct sp_clock_status s;
    char text[SP_ADDR_SIZE];

    (void)words;
    sp_clock_status(&s, now_at_step);
    say("time set=%d utc=%lld port=%lld err=%d server=%s address=%s next=%lld", s.set,
        (long long)s.utc, (long long)sp_port_utc_s(), s.last_error, s.server,
        sp_addr_text(&s.address, text), (long long)(s.next_try - now_at_step));
}

void names_start(void)
{
    if (sp_dns_start() != 0) {
        say("error dns");
    }
}

sp_time names_step(sp_time now)
{
    sp_time next = sp_dns_step(now);

    if (clock_runs) {
        next = sp_time_min(next, sp_clock_step(now));
    }
    now_at_step = now;
    for (int i = 0; i < MOST; i++) {
        struct lookup *l = &lookups[i];

        if (l->cancelled && (l->query.done || l->answer.n != 0xaaaaaaaa)) {
            say("error touched %d", i);
        }
        if (!l->used || !l->query.done) {
            continue;
        }
        l->used = false;
        if (l->query.addresses != NULL) {
            show_addresses(i, &l->addresses);
        } else {
            show_answer(i, &l->answer);
        }
    }
    return next;
}

const struct command name_commands[] = {
    {"dns", cmd_dns},       {"addresses", cmd_addresses},
    {"cancel", cmd_cancel}, {"memory", cmd_memory},
    {"limit", cmd_limit},   {"clock", cmd_clock},
    {"time", cmd_time},     {NULL, NULL},
};
