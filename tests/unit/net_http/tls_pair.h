/*
 * tls_pair: a TLS server and a TLS client that talk over a pipe, both ours.
 */
#ifndef SP_TLS_PAIR_H
#define SP_TLS_PAIR_H

#include "net/tls.h"
#include "pipe_stream.h"

/* What the server shows. */
struct tls_shown {
    const char *name; /* the one host there is */
    struct sp_span key, leaf, link;
    int fails; /* other than 0: what the lookup gives */
    unsigned asked;
};

struct tls_pair {
    struct pipe pipe;
    struct sp_stream *server, *client; /* NULL: not there */
    int server_ready, client_ready;
};

/* Starts TLS, the tests' clock and the tests' roots. A cmocka set-up. */
int tls_pair_start(void **state);
/* The identity of mta-sts.example.net: leaf and intermediate. */
struct tls_shown tls_shown_default(void);
int tls_pair_lookup(void *ctx, const char *name, struct sp_tls_identity *out);
/* Opens both ends; the client asks for host. */
void tls_pair_open(struct tls_pair *pair, struct tls_shown *shown, const char *host,
                   enum sp_tls_verify verify);
/* Steps both until each is ready or has failed. */
void tls_pair_handshake(struct tls_pair *pair);
void tls_pair_close(struct tls_pair *pair);
/* Writes all, or fails the test. */
void tls_pair_send(struct sp_stream *stream, const void *p, size_t n);
/* Extra anchor of the trust store; empty: none. */
extern struct sp_span tls_pair_anchor;

#endif
