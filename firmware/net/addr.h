/*
 * net/addr: an IPv4 or IPv6 address.
 */
#ifndef SP_NET_ADDR_H
#define SP_NET_ADDR_H

#include "base/span.h"

#define SP_ADDR_SIZE 46 /* text with its terminator */

struct sp_addr {
    uint8_t family;    /* 4 or 6; 0 for none */
    uint8_t bytes[16]; /* network order; 4 used for IPv4 */
};

/* "192.0.2.1" or "2001:db8::1", nothing around it: no zone, no brackets, no leading zeros in IPv4.
 * 0 or SP_E_INVALID (then family is 0). */
int sp_addr_parse(struct sp_span text, struct sp_addr *out);
/* "192.0.2.1/24": prefix in bits (32 or 128 when absent). 0 or SP_E_INVALID. */
int sp_addr_parse_prefix(struct sp_span text, struct sp_addr *out, uint8_t *prefix);
/* Shortest form, RFC 5952; IPv4-mapped ones as "::ffff:192.0.2.1"; "-" for none. Returns out, which
 * has SP_ADDR_SIZE bytes. */
const char *sp_addr_text(const struct sp_addr *addr, char *out);
bool sp_addr_equal(const struct sp_addr *a, const struct sp_addr *b);
/* Reachable from the whole Internet by its range: not private, link-local, loopback, multicast …
 * Documentation ranges count as global. */
bool sp_addr_is_global(const struct sp_addr *addr);
/* IPv4, and such as one host can have: not 0.…, 127.…, multicast or reserved. */
bool sp_addr_is_host4(const struct sp_addr *addr);

#endif
