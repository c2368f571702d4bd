/*
 * net/tls: what its files share.
 */
#ifndef SP_NET_TLS_PRIVATE_H
#define SP_NET_TLS_PRIVATE_H

#include "base/text.h"
#include "net/tls.h"

#include <mbedtls/ssl.h>

#define SP_TLS_WORDS 200

enum sp_tls_state {
    SP_TLS_HANDSHAKING,
    SP_TLS_OPEN,
    SP_TLS_PEER_ENDED, /* close_notify came */
    SP_TLS_FAILED
};

struct sp_tls;

/* What differs between a server's stream and a client's. */
struct sp_tls_side {
    size_t in_buffer; /* bytes of the inbound buffer after the handshake; 0: as before it */
    /* Whether that buffer may grow now, for a record that is larger; NULL: never. */
    bool (*may_grow)(struct sp_tls *tls);
    /* A step of the handshake was made. */
    void (*stepped)(struct sp_tls *tls);
    /* The handshake is done. */
    void (*opened)(struct sp_tls *tls);
    /* The handshake failed with an mbedTLS error: 0 when that tells the side nothing, otherwise an
     * sp_err with words set. */
    int (*explain)(struct sp_tls *tls, int mbed);
    /* Frees what the side keeps. */
    void (*release)(struct sp_tls *tls);
    /* What it found about the peer: 0 or SP_E_CERT_…, SP_E_CLOCK. */
    int (*verdict)(const struct sp_tls *tls);
};

struct sp_tls {
    struct sp_stream stream; /* the first member */
    const struct sp_tls_side *side;
    struct sp_stream *carrier; /* NULL: the context is free */
    mbedtls_ssl_context ssl;
    enum sp_tls_state state;
    bool starved;    /* the carrier had nothing more to read */
    bool notified;   /* our close_notify is written */
    bool old;        /* the peer has no version of TLS that we take */
    uint8_t alert;   /* to be sent for an error of our own callbacks; 0: none */
    uint8_t heard;   /* the alert that the peer sent; 0: none */
    int carrier_err; /* fatal error of the carrier */
    int err;
    char words[SP_TLS_WORDS];
    char name[SP_DOMAIN_SIZE]; /* host name asked for */
};

extern struct sp_tls_stats sp_tls_count;

/* Takes a free context into use: 0, or SP_E_MEMORY (the carrier is not taken). in_buffer: bytes of
 * the inbound buffer. */
int sp_tls_open(struct sp_tls *tls, const struct sp_tls_side *side, const mbedtls_ssl_config *conf,
                struct sp_stream *carrier, size_t in_buffer);
/* tls_buffers.c */
/* mbedtls_ssl_setup with an inbound buffer of that many bytes. */
int sp_tls_set_up(mbedtls_ssl_context *ssl, const mbedtls_ssl_config *conf, size_t in_buffer);
/* mbedtls_ssl_handshake_step, which leaves the buffers as they are. */
int sp_tls_handshake_step(mbedtls_ssl_context *ssl);
/* Frees what only a handshake needs: mbedTLS 3.6 keeps it for as long as a TLS 1.3 connection. */
void sp_tls_forget_handshake(mbedtls_ssl_context *ssl);
/* Cuts the buffers down, if what they hold allows it and there is memory for the smaller ones. From
 * then on only alerts, a Finished, and sp_tls_room bytes of data may be sent. in_buffer 0: that one
 * stays. */
void sp_tls_trim(mbedtls_ssl_context *ssl, size_t in_buffer, size_t out_buffer);
/* After MBEDTLS_ERR_SSL_BAD_INPUT_DATA, which is what a record gets that the inbound buffer cannot
 * hold: true when it can hold any record now, and the call may be made again. */
bool sp_tls_grow(mbedtls_ssl_context *ssl);
/* Bytes that the inbound buffer has over one for requests. */
size_t sp_tls_growth(const mbedtls_ssl_context *ssl);
/* What a server's connection takes when it grows, at most. */
#define SP_TLS_GROWTH (MBEDTLS_SSL_IN_CONTENT_LEN + 512 - SP_TLS_REQUEST_BUFFER)
/* Bytes of data that a record may have; an mbedTLS error. */
int sp_tls_room(const mbedtls_ssl_context *ssl);

void sp_tls_words(struct sp_tls *tls, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Frees what a connection that is open has of the pool, at once: for its owner it has failed. */
void sp_tls_give_up(struct sp_tls *tls);

/* tls_room.c: who may have what of the pool. */
/* Bytes of the pool that are in use between two calls, at most (measured on a 32-bit machine; most
 * of it is pointers and buffers). Within a call a handshake takes 5 KB more for a moment, as does
 * whoever else uses the pool: the client's share has room for that while it does not compute. */
#define SP_TLS_BYTES(n) ((n) * sizeof(void *) / 4)
#define SP_TLS_LASTING SP_TLS_BYTES(3584) /* what mbedTLS and PSA keep from the start on */
#define SP_TLS_CLIENT SP_TLS_BYTES(36352) /* one judging four certificates up to RSA-4096 */
#define SP_TLS_SHAKES SP_TLS_BYTES(13056) /* a server before its flight with the chain is out */
#define SP_TLS_WAITS SP_TLS_BYTES(6272)   /* a server after that */
#define SP_TLS_OPEN_N SP_TLS_BYTES(4480)  /* a server once the handshake is done */
/* Whether the pool has room for servers of that weight, and for `more` bytes, beside what is lent
 * and what a client's handshake may take. */
bool sp_tls_fits(size_t servers, size_t more);
/* The same for a client that is about to begin. Somebody who is told false may ask again: what is
 * lent or has grown goes in his favour, once it has been for SP_TLS_LEASE_MS. */
bool sp_tls_client_fits(void);
bool sp_tls_server_fits(size_t servers);
/* tls_server.c: the weight of all, without what one has grown by; that; and when that was. */
size_t sp_tls_servers_weigh(void);
size_t sp_tls_servers_growth(sp_time *since);
/* Gives up the one that has grown. */
void sp_tls_server_cut(void);
/* tls_client.c */
bool sp_tls_client_busy(void);

int sp_tls_server_start(void);
int sp_tls_client_start(void);
/* Defaults, versions, groups and randomness that both sides share. 0 or SP_E_MEMORY. */
int sp_tls_configure(mbedtls_ssl_config *conf, int endpoint);

#endif
