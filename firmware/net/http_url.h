/*
 * net/http_url: http and https URLs (RFC 3986, 9110 4.2), strictly: no user information, no
 * fragment, a host name in A-labels or a literal address.
 *
 * A pure function of its arguments.
 */
#ifndef SP_NET_HTTP_URL_H
#define SP_NET_HTTP_URL_H

#include "base/span.h"
#include "base/text.h"
#include "net/addr.h"

struct sp_url {
    bool https;
    bool port_given; /* other than the scheme's own */
    uint16_t port;
    char host[SP_DOMAIN_SIZE]; /* lower-case; a literal address without its brackets */
    struct sp_addr address;    /* family 0 when host is a name */
    struct sp_span target; /* path and query as they stand in the text; may be empty or begin with
                            * '?': a request puts '/' before them then */
};

/* 0 or SP_E_INVALID. target points into text. */
int sp_url_parse(struct sp_span text, struct sp_url *out);

#endif
