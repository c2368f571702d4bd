#include "fake_net.h"

#include <stdio.h>
#include <string.h>

struct fake_net fake;
static unsigned next_pipe;

void fake_net_reset(void)
{
    struct fake_net kept = {.listeners_n = fake.listeners_n};

    memcpy(kept.listeners, fake.listeners, sizeof kept.listeners);
    memset(&fake, 0, sizeof fake);
    fake.listeners_n = kept.listeners_n;
    memcpy(fake.listeners, kept.listeners, sizeof fake.listeners);
    for (size_t i = 0; i < FAKE_PIPES; i++) {
        pipe_init(&fake.pipes[i]);
    }
    next_pipe = 0;
}

static void answer(struct sp_dns_query *query, const struct sp_dns_addresses *from)
{
    if (from->result == 0 && from->n == 0) {
        return;
    }
    *query->addresses = *from;
    query->done = true;
}

int sp_dns_ask_addresses(struct sp_dns_query *query, const char *name, enum sp_dns_type type,
                         struct sp_dns_addresses *addresses, sp_time now)
{
    (void)now;
    if (fake.ask_error != 0) {
        return fake.ask_error;
    }
    fake.asked++;
    (void)snprintf(fake.name, sizeof fake.name, "%s", name);
    query->addresses = addresses;
    answer(query, type == SP_DNS_AAAA ? &fake.v6 : &fake.v4);
    return 0;
}

int sp_dns_ask(struct sp_dns_query *query, const char *name, enum sp_dns_type type,
               const struct sp_addr *server, struct sp_dns_answer *found, sp_time now)
{
    (void)type;
    (void)now;
    fake.asked_records += server->family == 0;
    (void)snprintf(fake.name, sizeof fake.name, "%s", name);
    found->result = SP_E_DNS_NXDOMAIN;
    query->done = true;
    return 0;
}

void sp_dns_cancel(struct sp_dns_query *query)
{
    query->done = true;
}

int sp_tcp_connect(const struct sp_addr *addr, uint16_t port, struct sp_stream **out)
{
    unsigned i = fake.connects++;

    fake.connected[i] = *addr;
    fake.port = port;
    if (fake.outcomes[i] == SP_E_UNREACHABLE) {
        return SP_E_UNREACHABLE;
    }
    if (fake.outcomes[i] != 0) {
        fake.pipes[i].end[1].ready = fake.outcomes[i];
    }
    *out = pipe_stream(&fake.pipes[i], 1);
    return 0;
}

int sp_tcp_listen(uint16_t port, sp_tcp_accept accept, void *ctx)
{
    for (unsigned i = 0; i < fake.listeners_n; i++) {
        if (fake.listeners[i].port == port) {
            return SP_E_EXISTS;
        }
    }
    fake.listeners[fake.listeners_n].port = port;
    fake.listeners[fake.listeners_n].accept = accept;
    fake.listeners[fake.listeners_n++].ctx = ctx;
    return 0;
}

struct pipe *fake_net_arrive(uint16_t port)
{
    struct pipe *pipe = &fake.pipes[next_pipe++ % FAKE_PIPES];

    pipe_init(pipe);
    for (unsigned i = 0; i < fake.listeners_n; i++) {
        if (fake.listeners[i].port == port) {
            fake.listeners[i].accept(fake.listeners[i].ctx, pipe_stream(pipe, 1));
        }
    }
    return pipe;
}

unsigned fake_net_held(void)
{
    unsigned held = 0;

    for (unsigned i = 0; i < fake.connects && i < FAKE_PIPES; i++) {
        held += fake.outcomes[i] != SP_E_UNREACHABLE && !fake.pipes[i].end[1].released;
    }
    return held;
}
