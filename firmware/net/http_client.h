/*
 * net/http_client: one HTTP/1.1 request at a time, http or https.
 *
 * Resolves the host (AAAA and A; IPv6 first, the next address after a connect failure), or goes to
 * an address that the caller names. Redirects are not followed: 3xx is an answer like any other.
 * Bodies with Content-Length, chunked, or to the end of the stream.
 *
 * Memory: one static slot (SP_TLS_CLIENTS is 1): callers queue by asking again. Request spans must
 * live until it is done. Threads: service task. Time: nothing blocks.
 */
#ifndef SP_NET_HTTP_CLIENT_H
#define SP_NET_HTTP_CLIENT_H

#include "base/limits.h"
#include "base/span.h"
#include "base/time.h"
#include "net/addr.h"
#include "net/tls.h"

struct sp_http_call {
    const char *method;       /* "GET", "HEAD", "POST" */
    const char *url;          /* http:// or https://, SP_URL_MAX */
    const char *accept;       /* NULL: none */
    const char *content_type; /* of the body; NULL: no body */
    struct sp_span body;
    struct sp_addr address; /* family 0: by DNS */
    uint8_t family;         /* 0: both; 4 or 6: that one alone */
    enum sp_tls_verify verify;
    uint32_t timeout_ms; /* for all of it; 0: SP_HTTP_CLIENT_TIMEOUT_MS */
    bool keep;           /* leave the connection open for the next call to the same origin */
    /* Where the answer's body goes; always terminated by a NUL that is not counted. */
    char *out;
    size_t out_cap;
};

struct sp_http_result {
    int result; /* 0: an answer came; SP_E_… otherwise (SP_E_DNS_…, SP_E_REFUSED, SP_E_CERT_…) */
    const char *stage; /* where it ended: "dns", "connect", "tls", "request", "response", "done" */
    char detail[160];  /* more words on a failure, "" when there are none */
    int status;        /* 200, … */
    size_t body_n;     /* bytes in out */
    bool body_cut;     /* it was longer: then result is SP_E_TOO_BIG */
    struct sp_addr address; /* that was talked to */
    uint32_t elapsed_ms;
    bool tls;
    struct sp_tls_report tls_report;
    bool have_peer;
    struct sp_cert_info peer; /* the leaf that was shown in a handshake that was completed */
    char content_type[96];
    char location[SP_URL_MAX];
    char nonce[160];       /* Replay-Nonce (RFC 8555 6.5) */
    char link[SP_URL_MAX]; /* the first Link with rel="alternate", else "" */
    uint32_t retry_after;  /* s from now, from either form; 0: none */
    sp_utc date;           /* Date, 0: none */
};

/* Starts. 0; SP_E_AGAIN when another call is under way (try again later); SP_E_INVALID (URL). The
 * result is filled when sp_http_call_done says so; both structs stay the caller's and in place. */
int sp_http_call_start(const struct sp_http_call *call, struct sp_http_result *result, sp_time now);
/* True when the call that fills this result is over (also when none was started). */
bool sp_http_call_done(const struct sp_http_result *result);
void sp_http_call_cancel(struct sp_http_result *result);
/* Closes a kept connection. */
void sp_http_client_drop(void);
sp_time sp_http_client_step(sp_time now);

#endif
