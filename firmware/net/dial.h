/*
 * net/dial: a TCP connection to a host that is known by its name: asks DNS for its addresses, IPv6
 * before IPv4, and tries one after the other until one takes the connection.
 *
 * Memory: the caller's struct, about 1 KB, which stays in its place, as the host's name does, until
 * the dial is over or cancelled. Threads: service task. Time: nothing blocks. DNS and connecting
 * have their own limits; who wants one over all of it cancels.
 */
#ifndef SP_NET_DIAL_H
#define SP_NET_DIAL_H

#include "net/dns.h"
#include "net/stream.h"

struct sp_dial {
    struct sp_addr address; /* the one that is tried, or was last; family 0: none yet */
    char words[160];        /* what became of the addresses so far; "" for nothing to tell */
    /* The module's. */
    const char *host;
    uint16_t port;
    uint8_t family;
    bool asking, asked[2];            /* for AAAA, for A */
    struct sp_dns_addresses found[2]; /* of AAAA, of A */
    unsigned next;                    /* address */
    struct sp_dns_query query;
    struct sp_stream *stream; /* that is connecting */
    int err;                  /* of the address tried last */
};

/* family: 0 for both, 4 or 6 for that one alone. */
void sp_dial_begin(struct sp_dial *dial, const char *host, uint16_t port, uint8_t family);
/* To that address, without DNS. */
void sp_dial_begin_at(struct sp_dial *dial, const struct sp_addr *address, uint16_t port);
/* One step: 1 and the stream, which is the caller's from then on; 0 when it went on (call again at
 * once); SP_E_AGAIN while it waits; an error when it is over, with words: SP_E_DNS_…, or what the
 * address tried last gave, SP_E_REFUSED, SP_E_TIMEOUT, SP_E_UNREACHABLE, SP_E_CLOSED, SP_E_MEMORY.
 */
int sp_dial_step(struct sp_dial *dial, sp_time now, struct sp_stream **out);
/* "dns" or "connect": where it is. */
const char *sp_dial_stage(const struct sp_dial *dial);
/* When to step again at the latest, while it waits: not everything that it waits for wakes it. */
sp_time sp_dial_wake(const struct sp_dial *dial, sp_time now);
/* Gives up what is under way. Harmless on one that is over, or zeroed. */
void sp_dial_cancel(struct sp_dial *dial);

#endif
