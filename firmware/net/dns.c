#include "net/dns.h"

#include "base/err.h"
#include "base/log.h"
#include "net/dns_ares.h"
#include "net/dns_record.h"
#include "net/net.h"
#include "sp_port.h"

#include <string.h>

#define DEADLINE_MS ((sp_time)SP_DNS_TIMEOUT_MS * SP_DNS_TRIES)
#define PAUSE_MS 500 /* until a query that lacked memory is asked again */

static struct slot {
    struct sp_dns_query *query; /* NULL: free */
    struct sp_addr server;      /* family 0: the resolvers */
    int channel;
    bool asked;       /* c-ares has it */
    bool starved;     /* it lacked memory, once at least */
    sp_time again;    /* it is not asked before that */
    uint32_t refused; /* allocations of the pool, when it was asked last */
} slots[SP_DNS_QUERIES];

static struct sp_addr servers[SP_RESOLVERS];
static unsigned servers_n;
static unsigned short last_ticket;
static unsigned ends; /* counts queries that came to their end */

static struct slot *slot_of(unsigned ticket)
{
    for (int i = 0; i < SP_DNS_QUERIES; i++) {
        if (slots[i].query != NULL && slots[i].query->token == ticket) {
            return &slots[i];
        }
    }
    return NULL;
}

static void follow_servers(void)
{
    struct sp_net_status status;
    bool same;

    sp_net_status(&status);
    same = status.dns_n == servers_n;
    for (unsigned i = 0; same && i < servers_n; i++) {
        same = sp_addr_equal(&servers[i], &status.dns[i]);
    }
    if (same) {
        return;
    }
    if (sp_ares_set_servers(status.dns, status.dns_n) != 0) {
        return; /* out of memory; the next step tries again */
    }
    memcpy(servers, status.dns, sizeof servers);
    servers_n = status.dns_n;
    sp_log_info("net", "%u DNS resolvers in force", servers_n);
}

/* The slot is free when the owner hears of the end, so that it may ask again at once. */
static void finish(struct slot *slot, int result, const ares_dns_record_t *response,
                   const struct sp_addr *server)
{
    struct sp_dns_query *query = slot->query;
    uint32_t elapsed = (uint32_t)(sp_port_mono_ms() - query->started);

    slot->query = NULL;
    ends++;
    if (slot->asked) {
        sp_ares_abandon(slot->channel);
    }
    if (query->addresses != NULL) {
        query->addresses->result = result;
        if (result == 0) {
            sp_dns_take_addresses(response, query->name, query->type, query->addresses);
        }
    } else {
        query->answer->result = result;
        query->answer->elapsed_ms = elapsed;
        query->answer->server = *server;
        if (result == 0) {
            sp_dns_take_answer(response, query->name, query->type, query->answer);
        }
    }
    query->done = true;
}

/* Out of c-ares, to be asked again while there is time. */
static void put_off(struct slot *slot, sp_time again)
{
    if (slot->asked) {
        sp_ares_abandon(slot->channel);
    }
    slot->asked = false;
    slot->again = again;
    ends++;
}

/* Others give their memory back soon. */
static void starve(struct slot *slot)
{
    slot->starved = true;
    put_off(slot, sp_port_mono_ms() + PAUSE_MS);
}

/* c-ares does not always say so: an answer that it had no memory for is malformed to it, or has
 * never come. */
static bool lacked_memory(const struct slot *slot, int result)
{
    return result == SP_E_MEMORY || ((result == SP_E_DNS_TIMEOUT || result == SP_E_DNS_FORMAT) &&
                                     sp_port_use(SP_POOL_DNS).refused != slot->refused);
}

/* c-ares shortens its timeouts when a server has been fast. A resolver that has to ask around may
 * need longer, so as long as there is time, it is asked again. */
static void on_end(unsigned ticket, int result, const ares_dns_record_t *response,
                   const struct sp_addr *server)
{
    struct slot *slot = slot_of(ticket);

    if (slot == NULL) {
        return;
    }
    if (lacked_memory(slot, result)) {
        starve(slot);
        return;
    }
    if (result == SP_E_DNS_TIMEOUT && slot->asked) {
        put_off(slot, 0);
        return;
    }
    finish(slot, result == SP_E_UNREACHABLE ? SP_E_DNS_TIMEOUT : result, response, server);
}

/* Into c-ares. The end may come before sp_ares_ask returns. */
static void put(struct slot *slot)
{
    static const struct sp_addr nobody;
    unsigned ticket = slot->query->token;
    struct sp_dns_query *query = slot->query;
    int channel;

    slot->again = 0;
    slot->refused = sp_port_use(SP_POOL_DNS).refused;
    channel = sp_ares_ask(ticket, query->name, query->type, &slot->server);
    if (slot->query != query || query->token != ticket || slot->again != 0) { /* ended at once */
        if (channel >= 0) {
            sp_ares_abandon(channel);
        }
        return;
    }
    if (channel == SP_E_MEMORY) {
        starve(slot);
        return;
    }
    if (channel < 0) {
        finish(slot, channel, NULL, &nobody);
        return;
    }
    slot->channel = channel;
    slot->asked = true;
}

static unsigned short new_ticket(void)
{
    do {
        last_ticket++;
    } while (last_ticket == 0 || slot_of(last_ticket) != NULL);
    return last_ticket;
}

static struct slot *free_slot(void)
{
    for (int i = 0; i < SP_DNS_QUERIES; i++) {
        if (slots[i].query == NULL) {
            return &slots[i];
        }
    }
    return NULL;
}

static int ask(struct sp_dns_query *query, const char *name, enum sp_dns_type type,
               const struct sp_addr *server, sp_time now)
{
    struct slot *slot = free_slot();

    if (sp_dns_name(name, query->name) != 0) {
        return SP_E_INVALID;
    }
    if (slot == NULL) {
        return SP_E_MEMORY;
    }
    follow_servers();
    if (server->family == 0 && servers_n == 0) {
        return SP_E_DNS_NO_SERVER;
    }
    query->done = false;
    query->type = type;
    query->started = now;
    query->token = new_ticket();
    *slot = (struct slot){.query = query, .server = *server};
    put(slot);
    return 0;
}

int sp_dns_start(void)
{
    return sp_ares_start(on_end);
}

int sp_dns_ask(struct sp_dns_query *query, const char *name, enum sp_dns_type type,
               const struct sp_addr *server, struct sp_dns_answer *answer, sp_time now)
{
    memset(query, 0, sizeof *query);
    memset(answer, 0, sizeof *answer);
    query->answer = answer;
    return ask(query, name, type, server, now);
}

int sp_dns_ask_addresses(struct sp_dns_query *query, const char *name, enum sp_dns_type type,
                         struct sp_dns_addresses *addresses, sp_time now)
{
    static const struct sp_addr resolvers;

    memset(query, 0, sizeof *query);
    memset(addresses, 0, sizeof *addresses);
    query->addresses = addresses;
    return ask(query, name, type, &resolvers, now);
}

void sp_dns_cancel(struct sp_dns_query *query)
{
    for (int i = 0; i < SP_DNS_QUERIES; i++) {
        if (slots[i].query != query) {
            continue;
        }
        if (slots[i].asked) {
            sp_ares_abandon(slots[i].channel);
        }
        slots[i].query = NULL;
    }
}

sp_time sp_dns_step(sp_time now)
{
    static const struct sp_addr nobody;
    unsigned before = ends;
    sp_time next;

    follow_servers();
    next = sp_ares_step(now);
    for (int i = 0; i < SP_DNS_QUERIES; i++) {
        struct slot *slot = &slots[i];

        if (slot->query == NULL) {
            continue;
        }
        if (now >= slot->query->started + DEADLINE_MS) {
            finish(slot, slot->starved ? SP_E_MEMORY : SP_E_DNS_TIMEOUT, NULL, &nobody);
        } else if (!slot->asked && now >= slot->again) {
            put(slot);
        }
        if (slot->query != NULL) {
            next = sp_time_min(next, slot->query->started + DEADLINE_MS);
            next = slot->asked ? next : sp_time_min(next, slot->again);
        }
    }
    return ends != before ? now : next;
}
