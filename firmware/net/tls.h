/*
 * net/tls: TLS 1.2 and 1.3 over a stream (mbedTLS), server and client.
 *
 * Server: the identity (key and chain) is looked up by the SNI name at each handshake, so that it
 * may stay in flash. An unknown name is answered with the alert unrecognized_name; no name at all
 * with missing_extension (TLS 1.3) or handshake_failure (1.2), and never with another host's
 * certificate. Record buffers inbound are SP_TLS_IN_BUFFER bytes for the ClientHello, then
 * SP_TLS_REQUEST_BUFFER; that of one connection at a time grows to 16 KB for a larger record, when
 * the pool has room. Otherwise larger records are refused with record_overflow. What belongs
 * together leaves in one TCP segment.
 *
 * Client: verifies chain, host name and time (net/trust), takes full 16 KB records. SP_TLS_CLIENTS
 * at a time.
 *
 * After a handshake that failed, the alert is on its way and our side of the carrier has ended.
 *
 * Memory: contexts from fixed tables, mbedTLS from its pool. Threads: service task. Time: one call
 * computes at most one handshake flight. There is no clock in here: whoever owns the stream gives
 * up on a handshake after SP_HANDSHAKE_TIMEOUT_MS.
 */
#ifndef SP_NET_TLS_H
#define SP_NET_TLS_H

#include "base/limits.h"
#include "base/time.h"
#include "crypto/cert.h"
#include "net/stream.h"

/* What a server shows for a name. The spans point into memory that stays as it is until the
 * caller of the lookup has copied it: scratch taken by the lookup (base/scratch), which its caller
 * gives back, or something that lives longer. */
struct sp_tls_identity {
    struct sp_span key;                   /* private key, SEC1 or PKCS#8 DER */
    struct sp_span chain[SP_CHAIN_LINKS]; /* DER, leaf first */
    unsigned links;
};
/* 0, SP_E_NOT_FOUND (no such host here), another error (answered with internal_error). name is
 * lower-case. What it takes of the scratch memory it leaves taken: the TLS server has noted the
 * mark before, and releases (and so wipes) it once it has copied key and chain, also after an
 * error. */
typedef int (*sp_tls_lookup)(void *ctx, const char *name, struct sp_tls_identity *out);

/* 0 or a negative error. Starts the random generator as well (psa_crypto_init): SP_E_ENTROPY. */
int sp_tls_start(void);

/* Puts TLS over a stream that the callee owns from then on. The stream is NOT taken, and the caller
 * may try again, with SP_E_MEMORY: SP_TLS_SERVERS are busy, or the pool has no room for one more;
 * and with SP_E_AGAIN: it will have once a handshake under way is done. A handshake begins only
 * when the pool has room for all of it beside what a client's takes, which is kept free at all
 * times. */
int sp_tls_accept(struct sp_stream *carrier, sp_tls_lookup lookup, void *ctx,
                  struct sp_stream **out);

enum sp_tls_verify {
    SP_TLS_VERIFY,       /* the handshake fails unless all is right */
    SP_TLS_VERIFY_REPORT /* goes on; the result is in the report (for checks that want evidence) */
};
/* host: the SNI and the name to verify (A-labels; SP_E_INVALID for an address, which no certificate
 * of ours could be checked against). As sp_tls_accept. utc for validity comes from sp_port_utc_s;
 * without a clock SP_TLS_VERIFY fails at once with SP_E_CLOCK, and a report's verify is SP_E_CLOCK.
 */
int sp_tls_connect(struct sp_stream *carrier, const char *host, enum sp_tls_verify verify,
                   struct sp_stream **out);

struct sp_tls_report {
    char version[8]; /* "TLSv1.3"; "" before the handshake is done */
    char suite[48];
    int verify; /* client: 0, or the SP_E_CERT_… that it found */
    bool old;   /* the handshake failed since the peer has no version that we take */
};
/* These four only for streams of this module. */
void sp_tls_report(struct sp_stream *stream, struct sp_tls_report *out);
/* The host name that was asked for, lower-case; "" while a server has not heard it. The stream's.
 */
const char *sp_tls_name(struct sp_stream *stream);
/* The alert that the peer sent, or else that we sent for a reason of our own; 0: none, or one of
 * mbedTLS' own. */
uint8_t sp_tls_alert(struct sp_stream *stream);
/* The leaf that a server has shown to a client whose handshake is done (of one that failed, the
 * stream's words tell). 0, SP_E_NOT_FOUND, SP_E_CERT_BAD, SP_E_MEMORY. */
int sp_tls_peer(struct sp_stream *stream, struct sp_cert_info *out);

/* A server's stream whose buffer has grown for a large record: back to its usual size, once what it
 * holds has been read. Any stream of this module. */
void sp_tls_shrink(struct sp_stream *stream);

/* Lends n bytes of the pool, zeroed: to one at a time, and only while no client is at work whose
 * share that is. NULL: ask again later. When a client, or a stranger's handshake, has to wait for
 * the memory, and it has been lent for SP_TLS_LEASE_MS, revoked is called (from within
 * sp_tls_accept or sp_tls_connect; it calls nothing of net), after which it is gone. */
void *sp_tls_lend(size_t n, void (*revoked)(void *ctx), void *ctx);
/* NULL, and what was revoked, is passed over. */
void sp_tls_give_back(void *p);

/* "unrecognized_name" for 112, "?" for one that has no name here. */
const char *sp_tls_alert_name(uint8_t alert);

struct sp_tls_stats {
    unsigned servers, servers_peak, handshakes, failed;
    uint32_t moved; /* bytes exchanged with carriers, both ways; wraps */
};
struct sp_tls_stats sp_tls_stats(void);

#endif
