/*
 * net/sntp: NTP packets of a simple client (RFC 4330, RFC 5905 7.3). Pure functions. Not for other
 * rooms.
 *
 * The request's transmit timestamp is a random number, not a time: the server gives it back as the
 * originate timestamp, so only who saw the request can answer it, and the request tells nobody how
 * our clock stands.
 */
#ifndef SP_NET_SNTP_H
#define SP_NET_SNTP_H

#include "base/span.h"

#include <stdint.h>

#define SP_SNTP_SIZE 48
#define SP_SNTP_COOKIE 8

struct sp_sntp_reply {
    int64_t utc_ms; /* when the server sent it */
    uint8_t stratum;
    char kiss[5]; /* "RATE", "DENY" … when it is a kiss-o'-death, otherwise "" */
};

void sp_sntp_request(uint8_t out[SP_SNTP_SIZE], const uint8_t cookie[SP_SNTP_COOKIE]);
/* 0; SP_E_INVALID: not the answer to this request, wait on; SP_E_REFUSED: a kiss-o'-death;
 * SP_E_PROTOCOL: the server has no time to give, or breaks a rule. Only after 0 utc_ms counts. */
int sp_sntp_parse(struct sp_span packet, const uint8_t cookie[SP_SNTP_COOKIE],
                  struct sp_sntp_reply *out);

#endif
