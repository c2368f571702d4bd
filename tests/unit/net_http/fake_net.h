/*
 * fake_net: DNS and TCP as a test wants them, in place of lwIP and c-ares. Connections are pipes:
 * end 0 is the test's, end 1 the firmware's.
 */
#ifndef SP_FAKE_NET_H
#define SP_FAKE_NET_H

#include "net/dns.h"
#include "net/net.h"
#include "pipe_stream.h"

#define FAKE_PIPES 24

struct fake_net {
    /* DNS: by family; result 0 with no addresses never answers. */
    struct sp_dns_addresses v6, v4;
    unsigned asked;
    char name[SP_DOMAIN_SIZE]; /* asked for last */
    int ask_error;             /* what asking gives at once; 0: none */
    unsigned asked_records;    /* by sp_dns_ask, which finds nothing */
    /* TCP out: what the connections become, in order: 0 or an error that ready() gives */
    int outcomes[FAKE_PIPES];
    struct sp_addr connected[FAKE_PIPES];
    uint16_t port; /* connected to last */
    unsigned connects;
    struct pipe pipes[FAKE_PIPES];
    /* TCP in */
    struct {
        uint16_t port;
        sp_tcp_accept accept;
        void *ctx;
    } listeners[4];
    unsigned listeners_n;
};

extern struct fake_net fake;

void fake_net_reset(void);
/* Hands a new connection to whoever listens on the port; returns the pipe, whose end 0 is the
 * test's. */
struct pipe *fake_net_arrive(uint16_t port);
/* The pipes of which the firmware's end was not given back. */
unsigned fake_net_held(void);

#endif
