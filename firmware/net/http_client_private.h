/*
 * net/http_client: what its two files share: the one call there is.
 */
#ifndef SP_NET_HTTP_CLIENT_PRIVATE_H
#define SP_NET_HTTP_CLIENT_PRIVATE_H

#include "net/dial.h"
#include "net/http_client.h"
#include "net/http_response.h"
#include "net/http_url.h"
#include "net/stream.h"

#include <picohttpparser.h>

enum sp_http_state {
    SP_HTTP_IDLE, /* with or without a kept connection */
    SP_HTTP_DIAL,
    SP_HTTP_SECURE,
    SP_HTTP_HANDSHAKE,
    SP_HTTP_SEND,
    SP_HTTP_READ_HEAD,
    SP_HTTP_READ_BODY
};

#define SP_HTTP_PIECE 1024 /* bytes of a body to read at once */

struct sp_http_client {
    enum sp_http_state state;
    const struct sp_http_call *call; /* under way, or the answer is lent to it; NULL: free */
    struct sp_http_result result;
    struct sp_url url;
    sp_time started, deadline;
    sp_time handshake_until;

    struct sp_dial dial;
    struct sp_stream *stream; /* NULL while it is dialled */
    bool secured;             /* the stream is TLS' */
    bool reused;              /* it served a call before this one */

    /* The request, then the answer's head, then its body; or what a borrower has there */
    _Alignas(sp_time) char buf[SP_HTTP_CLIENT_BODY_MAX + 1];
    size_t buf_n;       /* bytes of the first two */
    struct sp_buf body; /* in buf */
    char *piece;        /* of the body as it came: scratch, while it is read */
    size_t sent;        /* of the request */
    bool answered;      /* a byte of the answer came */
    unsigned interim;   /* 1xx answers so far */
    size_t body_raw;    /* bytes of the body as they came */
    bool closes;
    enum sp_http_framing framing;
    uint64_t length;
    struct phr_chunked_decoder chunks;

    /* The kept connection's origin; port 0 when none is kept */
    struct {
        struct sp_url url;
        struct sp_addr address;
        sp_time until;
    } kept;
};

extern struct sp_http_client sp_http_client;

void sp_http_set_state(enum sp_http_state state);
/* Ends the call. words: what happened, "" for nothing to add. */
void sp_http_end(int err, const char *words, sp_time now);
/* Starts again on a connection of its own, when a kept one turned out dead before a byte of the
 * answer. False when this is not the case. */
bool sp_http_start_afresh(sp_time now);

/* One step of the transfer: true when there may be more to do at once. */
bool sp_http_send(sp_time now);
bool sp_http_read_head(sp_time now);
bool sp_http_read_body(sp_time now);
/* Writes the request into buf. 0, SP_E_SPACE, or the error of the call's own writer. */
int sp_http_build_request(void);

#endif
