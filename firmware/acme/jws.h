/*
 * acme/jws: signed requests (RFC 8555 6.2, RFC 7515 7.2.2) and key thumbprints (RFC 7638).
 *
 * Pure functions of their arguments, apart from the randomness of a signature. Memory: the
 * caller's.
 */
#ifndef SP_ACME_JWS_H
#define SP_ACME_JWS_H

#include "base/span.h"
#include "crypto/crypto.h"

#define SP_ACME_THUMBPRINT_SIZE 44 /* base64url of a SHA-256, with its terminator */
#define SP_ACME_TOKEN_MAX 128      /* bytes of a token or nonce without its terminator */
#define SP_ACME_NONCE_SIZE 160

struct sp_acme_jws {
    const struct sp_key *key;
    const char *kid; /* account URL; NULL: the public key itself stands in the header */
    const char *nonce;
    const char *url;
    const char *payload; /* JSON; "" for POST-as-GET (RFC 8555 6.3) */
};

/* Writes the request's body as flattened JSON. scratch is overwritten (1200 bytes are enough). 0,
 * SP_E_SPACE (out or scratch), errors of sp_key_sign and sp_key_public; out is worthless then. */
int sp_acme_jws_write(const struct sp_acme_jws *jws, struct sp_buf *scratch, struct sp_buf *out);

/* The JWK with its members in the order of RFC 7638 3.3. Appends to out. 0 or SP_E_CORRUPT,
 * SP_E_MEMORY. */
int sp_acme_jwk(const struct sp_key *key, struct sp_buf *out);
/* 0, or an error of sp_acme_jwk. */
int sp_acme_thumbprint(const struct sp_key *key, char out[SP_ACME_THUMBPRINT_SIZE]);

/* Not empty, of base64url's alphabet alone, at most max bytes: what a nonce or a token has to be
 * (RFC 8555 6.5.1, 8.3). */
bool sp_acme_is_base64url(const char *text, size_t max);

#endif
