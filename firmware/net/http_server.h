/*
 * net/http_server: HTTP/1.1 on one or two ports, with virtual hosts.
 *
 * Takes connections from net, puts TLS on those of a TLS port, reads one request after the other
 * and asks one handler for the answers. Over TLS a request whose Host is not the SNI name gets 421.
 * HTTP/1.0 and 1.1; GET and HEAD (others reach the handler too, so that it answers 405 with Allow);
 * conflicting or repeated framing headers get 400; too large a header 431. A body gets 413, but for
 * POSTs to the one path of a port that has a taker: those hand it over as it comes, one at a time.
 * Slow requests end after SP_HTTP_HEADER_TIMEOUT_MS. Connections over SP_TLS_SERVERS wait their
 * turn.
 *
 * Memory: static, 23 KB: SP_HTTP_CONNECTIONS slots, each with a buffer for a request's head, in
 * which its answer lies, too, if it fits there, and one buffer for a larger answer. Answers are
 * made in the scratch memory. Threads: service task. Time: nothing blocks.
 */
#ifndef SP_NET_HTTP_SERVER_H
#define SP_NET_HTTP_SERVER_H

#include "base/limits.h"
#include "base/span.h"
#include "base/time.h"
#include "net/tls.h"

struct sp_http_request {
    struct sp_span method; /* "GET" */
    struct sp_span path;   /* before any '?', as sent, begins with '/' */
    struct sp_span query;  /* after it */
    char host[254];        /* of the Host header, lower-case, without port or trailing dot */
    bool tls;
    const char *tls_version; /* "TLSv1.3"; "" without TLS */
    uint16_t port;           /* ours */
    const struct sp_addr *peer;
    struct sp_span content_type; /* "" without one */
};

struct sp_http_response {
    int status;               /* set by the handler; 0 closes the connection without an answer */
    const char *content_type; /* static text; NULL when there is no body */
    struct sp_buf *headers;   /* extra header lines, each with CRLF */
    struct sp_buf *body;      /* room for SP_POLICY_TEXT_MAX; HEAD: fill it, it is not sent */
};

/* May be asked again for the same request, when its answer had to wait for a buffer. */
typedef void (*sp_http_handler)(void *ctx, const struct sp_http_request *request,
                                struct sp_http_response *response);

/* Listens on a port; up to 3 in all. lookup NULL: plain HTTP. ctx goes to lookup and handler.
 * 0 or an error of sp_tcp_listen. */
int sp_http_serve(uint16_t port, sp_tls_lookup lookup, sp_http_handler handler, void *ctx);
sp_time sp_http_server_step(sp_time now);

/* Who takes the bodies of POSTs to one path. For each: begin, take …, and then end or drop. */
struct sp_http_taker {
    const char *path;
    size_t max; /* bytes of a body; more is answered with 413 */
    /* The head is there. True: its body is wanted. False: response says why not. */
    bool (*begin)(void *ctx, const struct sp_http_request *request,
                  struct sp_http_response *response);
    /* Takes bytes of the body off the front of *bytes. 0 when it has dealt with all of them;
     * SP_E_AGAIN: to be called again, with those that are left (which may be none); another error:
     * it wants no more, and `end` says why. One call takes some ms at most. */
    int (*take)(void *ctx, struct sp_span *bytes);
    /* All is there (whole), or take gave an error: the answer, its body 200 bytes at most. */
    void (*end)(void *ctx, bool whole, struct sp_http_response *response);
    /* The connection is gone, or the body too long, wrong or slow. */
    void (*drop)(void *ctx);
    void *ctx;
};
/* On a port that is served already. The taker must live on. */
void sp_http_take_bodies(uint16_t port, const struct sp_http_taker *taker);

/* A handshake came to nothing after the client had named a host: with an alert of one of the two
 * (alert 0: one that TLS itself sent), or for want of memory. Nothing is told of a client that just
 * went away. */
typedef void (*sp_http_refused)(const char *host, const struct sp_addr *peer, uint8_t alert);
/* Who is told; NULL: nobody. */
void sp_http_on_refused(sp_http_refused refused);

struct sp_http_server_stats {
    uint32_t requests, answered[6]; /* by hundreds of the status */
    uint32_t rejected;              /* without a request that could be understood */
    unsigned busy, busy_peak;
};
struct sp_http_server_stats sp_http_server_stats(void);

#endif
