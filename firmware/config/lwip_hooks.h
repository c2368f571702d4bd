/*
 * lwip_hooks.h: the questions lwIP asks the firmware; net/ answers them.
 */
#ifndef SP_LWIP_HOOKS_H
#define SP_LWIP_HOOKS_H

#include "lwip/ip_addr.h"

/* The initial sequence number of a connection (RFC 6528): not guessable from outside, and rising
 * with time for one pair of endpoints. */
u32_t sp_port_tcp_isn(const ip_addr_t *local_ip, u16_t local_port, const ip_addr_t *remote_ip,
                      u16_t remote_port);
#define LWIP_HOOK_TCP_ISN sp_port_tcp_isn

#endif
