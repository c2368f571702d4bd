/*
 * net/net: the IP stack (lwIP, NO_SYS=1) on the board's NIC: addresses, routes, TCP streams.
 *
 * Memory: lwIP's own pools (config/lwipopts.h) and a fixed table of streams; one instance a
 * process, since lwIP has one. Threads: service task. Time: nothing blocks.
 */
#ifndef SP_NET_NET_H
#define SP_NET_NET_H

#include "base/limits.h"
#include "base/port.h"
#include "base/time.h"
#include "hal/nic.h"
#include "net/addr.h"
#include "net/stream.h"

struct sp_net_config {
    bool dhcp;              /* otherwise the static values; IPv6 comes by SLAAC in both cases */
    struct sp_addr address; /* IPv4 */
    uint8_t prefix;         /* bits */
    struct sp_addr gateway; /* family 0: none */
    /* family 0: not set. With DHCP these come before what it gives. */
    struct sp_addr dns[SP_RESOLVERS];
    char hostname[64];
};

struct sp_net_status {
    bool link;
    bool dhcp, dhcp_bound;
    uint8_t prefix;
    struct sp_addr gateway;
    /* IPv4 first; preferred or valid IPv6, link-local too. */
    struct sp_addr addresses[SP_ADDRESSES];
    unsigned addresses_n;
    struct sp_addr dns[SP_RESOLVERS]; /* in force, in order: static ones, DHCP's, then RDNSS' */
    unsigned dns_n;
    struct sp_addr ntp; /* given by DHCP; family 0: none */
    uint8_t mac[6];
};

/* Brings the interface up. Once a process. 0, SP_E_INVALID; SP_E_ENTROPY: without randomness there
 * is no network, and the step does nothing. */
int sp_net_start(struct sp_hal_nic *nic, const struct sp_net_config *config);
/* Puts a new configuration in force; streams over old addresses die. 0 or SP_E_INVALID. */
int sp_net_configure(const struct sp_net_config *config);
void sp_net_status(struct sp_net_status *out);
/* True when addr is one of the interface's own. */
bool sp_net_is_own(const struct sp_addr *addr);
/* True when packets to addr have somewhere to go: an own address of its kind and a next hop. */
bool sp_net_reaches(const struct sp_addr *addr);
/* Takes frames from the NIC, runs lwIP's timers. Returns when it wants to be called again; that
 * holds until streams or DNS are used, so who used them reports `now` once, and the loop comes
 * round again. */
sp_time sp_net_step(sp_time now);

/* Makes a connection; use sp_stream_ready to see it come up. SP_CONNECT_TIMEOUT_MS gives
 * SP_E_TIMEOUT; also SP_E_REFUSED, SP_E_UNREACHABLE later. 0, SP_E_MEMORY, SP_E_UNREACHABLE. */
int sp_tcp_connect(const struct sp_addr *addr, uint16_t port, struct sp_stream **out);

/* Called from sp_net_step with a new connection, which the callee owns from then on. */
typedef void (*sp_tcp_accept)(void *ctx, struct sp_stream *stream);
/* Listens on a port, both families. SP_TCP_INBOUND and SP_TCP_INBOUND_PER_ADDRESS are kept here:
 * at the limit the inbound connection that has been idle longest goes. 0, SP_E_EXISTS, SP_E_MEMORY.
 */
int sp_tcp_listen(uint16_t port, sp_tcp_accept accept, void *ctx);
void sp_tcp_unlisten(uint16_t port);

/* How full lwIP's own memories are, numbered from 0: "net:heap" (bytes, of what is sent), and
 * pieces of "net:buffers" (of what came in), "net:segments", "net:tcp" (connections, closing and
 * half-open ones, too). 0, SP_E_NOT_FOUND past the last. */
int sp_net_pool(unsigned i, struct sp_pool_use *out);

struct sp_tcp_stats {
    unsigned open, open_peak, inbound, evicted, refused;
};
struct sp_tcp_stats sp_tcp_stats(void);

#endif
