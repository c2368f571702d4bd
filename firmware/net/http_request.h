/*
 * net/http_request: the head of a request (RFC 9112 3 to 7), strictly.
 *
 * Pure functions of their arguments; the spans point into the bytes that were parsed.
 */
#ifndef SP_NET_HTTP_REQUEST_H
#define SP_NET_HTTP_REQUEST_H

#include "base/span.h"
#include "base/text.h"

struct sp_http_asked {
    struct sp_span method, path, query; /* as in sp_http_request */
    char host[SP_DOMAIN_SIZE];
    bool keep_alive;
    struct sp_span content_type;     /* "" without one */
    bool has_body, chunked, expects; /* expects: 100-continue */
    uint64_t length;                 /* of the body, when it is not chunked */
    int status;                      /* with SP_E_HTTP: what to answer, e.g. 400 */
};

/* Bytes of the head, its blank line included; SP_E_AGAIN when it is not complete; SP_E_HTTP for
 * what is not to be served. */
int sp_http_request_parse(struct sp_span bytes, struct sp_http_asked *out);
/* The value of a Host header: the host in lower case, without port, brackets and trailing dot.
 * 0 or SP_E_INVALID. */
int sp_http_host(struct sp_span value, char out[SP_DOMAIN_SIZE]);

#endif
