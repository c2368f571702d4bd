/*
 * net/lwip_glue: what the files of this room that speak to lwIP share. Not for other rooms.
 */
#ifndef SP_NET_LWIP_GLUE_H
#define SP_NET_LWIP_GLUE_H

#include "base/time.h"
#include "hal/nic.h"
#include "net/addr.h"

#include "lwip/ip_addr.h"
#include "lwip/netif.h"

#include <stdbool.h>

/* The one interface. */
struct netif *sp_net_netif(void);
/* Says that something happened that a module may be waiting for: sp_net_step then reports `now`. */
void sp_net_event(void);

/* Link-local addresses get the zone of the interface. family 0 becomes "any". */
void sp_lwip_from(ip_addr_t *out, const struct sp_addr *addr);
void sp_lwip_to(struct sp_addr *out, const ip_addr_t *addr);
/* Whether a packet to addr has somewhere to go: an own address of its kind and a next hop. */
bool sp_lwip_has_route(const ip_addr_t *addr);
/* Whether the host or router that packets to addr go to first has answered ARP. True for IPv6. */
bool sp_lwip_next_hop_answers(const ip_addr_t *addr);

/* Draws the secret of the initial sequence numbers. 0 or SP_E_ENTROPY. */
int sp_isn_start(void);

/* nic.c: frames between the driver and lwIP. */
err_t sp_nic_init(struct netif *netif); /* netif->state is the driver */
/* Takes what the driver has, to a limit. True when there may be more. */
bool sp_nic_receive(struct netif *netif);
/* Takes the packets to ourselves. True when there are more by now. */
bool sp_nic_receive_own(struct netif *netif);
/* Sends what the driver had no room for. True when something is still waiting. */
bool sp_nic_flush(struct netif *netif);

/* tcp.c: connect deadlines, new connections to their owners. Returns when it wants to be called. */
sp_time sp_tcp_step(sp_time now);
/* tcp_accept.c: to be called after each frame that came in. */
void sp_tcp_shed_half_open(void);
/* tcp_accept.c: frees buffers of what came in, at the expense of the stranger who holds most of it.
 * False when no stranger holds any. */
bool sp_tcp_relieve(void);
/* tcp_accept.c: frees memory of what is to go out, at the expense of a stranger who has taken none
 * of it for a while. False when there was none. */
bool sp_tcp_relieve_heap(sp_time now);

#endif
