/*
 * net/http_client: one HTTP/1.1 request at a time, http or https.
 *
 * Resolves the host (AAAA and A; IPv6 first, the next address after a connect failure), or goes to
 * an address that the caller names. Redirects are not followed: 3xx is an answer like any other.
 * Bodies with Content-Length, chunked, or to the end of the stream.
 *
 * Memory: one static slot (SP_TLS_CLIENTS is 1) with one buffer, in which the request is written
 * and the answer is read; callers queue by asking again. An answer is lent to its caller from the
 * end of the call until that caller releases it or starts the next one: until then nobody else's
 * call begins, so take out of it what is needed and release it soon. The buffer alone may be lent,
 * too (net/smtp_probe). Threads: service task. Time: nothing blocks.
 */
#ifndef SP_NET_HTTP_CLIENT_H
#define SP_NET_HTTP_CLIENT_H

#include "base/limits.h"
#include "base/span.h"
#include "base/time.h"
#include "net/addr.h"
#include "net/tls.h"

/* A call; it is known by its place, which it keeps until it is released, as what it points to does.
 */
struct sp_http_call {
    const char *method;       /* "GET", "HEAD", "POST" */
    const char *url;          /* http:// or https://, SP_URL_MAX */
    const char *accept;       /* NULL: none */
    const char *content_type; /* of the request's body; NULL: no body */
    /* Appends the request's body (at most SP_HTTP_CLIENT_REQUEST_MAX bytes) when the connection
     * stands; again, when the request has to be sent anew. NULL: no body. An error ends the call.
     */
    int (*write)(void *ctx, struct sp_buf *out);
    /* Takes the answer's body in pieces, as they come, and appends to `body` what is to be kept of
     * it, never more than has come so far; it may use the room behind, too. NULL: all is kept. An
     * error ends the call. */
    int (*filter)(void *ctx, int status, struct sp_span piece, struct sp_buf *body);
    void *ctx;                 /* of these two */
    struct sp_cert_info *peer; /* gets the certificate that was shown; NULL: not wanted */
    size_t body_max;           /* bytes of a body that are kept; 0: SP_HTTP_CLIENT_BODY_MAX */
    struct sp_addr address;    /* family 0: by DNS */
    uint8_t family;            /* 0: both; 4 or 6: that one alone */
    enum sp_tls_verify verify;
    uint32_t timeout_ms; /* for all of it; 0: SP_HTTP_CLIENT_TIMEOUT_MS */
    bool keep;           /* leave the connection open for the next call to the same origin */
};

struct sp_http_result {
    int result; /* 0: an answer came; SP_E_… otherwise (SP_E_DNS_…, SP_E_REFUSED, SP_E_CERT_…) */
    const char *stage; /* where it ended: "dns", "connect", "tls", "request", "response", "done" */
    char detail[160];  /* more words on a failure, "" when there are none */
    int status;        /* 200, … */
    struct sp_span body;    /* or as much as fits (SP_E_TOO_BIG); a NUL stands behind it */
    struct sp_addr address; /* that was talked to */
    uint32_t elapsed_ms;
    bool tls;
    struct sp_tls_report tls_report;
    /* The call's, with the leaf that was shown in a handshake that was completed; or NULL. */
    const struct sp_cert_info *peer;
    char content_type[96];
    char location[SP_URL_MAX];
    char nonce[160];      /* Replay-Nonce (RFC 8555 6.5) */
    uint32_t retry_after; /* s from now, from either form; 0: none */
    sp_utc date;          /* Date, 0: none */
};

/* Starts; an answer that is lent to this call is released. 0; SP_E_AGAIN when another call is under
 * way or its answer still lent (try again later); SP_E_INVALID (URL). */
int sp_http_call_start(const struct sp_http_call *call, sp_time now);
/* True when it is over, or was never started. */
bool sp_http_call_done(const struct sp_http_call *call);
/* What came of it: lent, see above. NULL while it is not over, and after its release. */
const struct sp_http_result *sp_http_call_result(const struct sp_http_call *call);
/* Gives the answer back; a call that is under way is given up. Harmless on any other. */
void sp_http_call_release(const struct sp_http_call *call);
/* Closes a kept connection. */
void sp_http_client_drop(void);
/* Lends the buffer, zeroed, to somebody who makes a connection of his own: n bytes, at most
 * SP_HTTP_CLIENT_BODY_MAX. A kept connection is closed, so the TLS client is free, and no call
 * begins until it is given back. NULL while a call is under way or something is lent. */
void *sp_http_client_lend(size_t n);
void sp_http_client_give_back(void);
sp_time sp_http_client_step(sp_time now);

#endif
