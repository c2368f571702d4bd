/*
 * net/dns_ares: c-ares' channels over this room's wires: one for the configured resolvers, and one
 * for each server that is asked by name while it is. Not for other rooms.
 *
 * c-ares cannot take back a single query. One that nobody waits for any more runs on until its
 * channel has no other, and its end goes unheard.
 */
#ifndef SP_NET_DNS_ARES_H
#define SP_NET_DNS_ARES_H

#include "base/time.h"
#include "net/addr.h"
#include "net/dns.h"

#include <ares.h>

/* The end of a query: result is 0 when response says more, otherwise an error:
 * SP_E_DNS_TIMEOUT when nobody answered, SP_E_UNREACHABLE when nothing could be sent, others as in
 * net/dns.h. server has family 0 when nobody answered. */
typedef void (*sp_ares_end)(unsigned ticket, int result, const ares_dns_record_t *response,
                            const struct sp_addr *server);

/* 0 or SP_E_MEMORY. */
int sp_ares_start(sp_ares_end end);
/* The resolvers of the first channel. 0 or SP_E_MEMORY. */
int sp_ares_set_servers(const struct sp_addr *servers, unsigned n);
/* Asks the resolvers (family 0) or one server. The channel's number, or SP_E_MEMORY. The end may
 * come before this returns. ticket: 16 bits. */
int sp_ares_ask(unsigned ticket, const char *name, enum sp_dns_type type,
                const struct sp_addr *server);
/* Nobody waits for a query of that channel any more. */
void sp_ares_abandon(int channel);
/* Returns when it wants to be called again. */
sp_time sp_ares_step(sp_time now);

#endif
