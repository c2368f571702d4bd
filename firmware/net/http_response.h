/*
 * net/http_response: the head of a response (RFC 9112 4 to 7), as the client needs it.
 *
 * Pure functions of their arguments; the spans point into the bytes that were parsed.
 */
#ifndef SP_NET_HTTP_RESPONSE_H
#define SP_NET_HTTP_RESPONSE_H

#include "base/span.h"

enum sp_http_framing { SP_HTTP_NO_BODY, SP_HTTP_LENGTH, SP_HTTP_CHUNKED, SP_HTTP_TO_END };

struct sp_http_head {
    int status;
    enum sp_http_framing
        framing;     /* by the headers; a HEAD's answer and 204, 304 have no body still */
    uint64_t length; /* with SP_HTTP_LENGTH */
    bool closes;     /* the connection ends after it */
    struct sp_span content_type, location, nonce, retry_after, date;
};

/* Bytes of the head, its blank line included; SP_E_AGAIN when it is not complete; SP_E_HTTP. */
int sp_http_head_parse(struct sp_span bytes, struct sp_http_head *out);

#endif
