/*
 * crypto: keys, hashes, signatures. The one room, beside net/tls, that sees mbedTLS.
 *
 * Keys are P-256. A private key lives in the caller's struct only between the store and its use,
 * and is wiped with sp_key_wipe. Threads: service task. Time: a signature or a key takes some
 * milliseconds on the board's core.
 */
#ifndef SP_CRYPTO_CRYPTO_H
#define SP_CRYPTO_CRYPTO_H

#include "base/span.h"

#define SP_KEY_DER_MAX 160
#define SP_SHA256_SIZE 32

struct sp_key {
    uint8_t der[SP_KEY_DER_MAX]; /* SEC1 ECPrivateKey with its public key (RFC 5915) */
    size_t n;                    /* 0: none */
};

/* Starts PSA and hands its generator to sp_port_set_random. 0 or SP_E_ENTROPY. May be repeated. */
int sp_crypto_start(void);
void sp_wipe(void *p, size_t n);
void sp_sha256(struct sp_span data, uint8_t out[SP_SHA256_SIZE]);
/* Of bytes that lie elsewhere: read is asked for them in order, a few hundred at a time. 0, or
 * read's error. */
int sp_sha256_pieces(int (*read)(void *ctx, uint32_t offset, void *buf, size_t n), void *ctx,
                     uint32_t size, uint8_t out[SP_SHA256_SIZE]);
/* Of several pieces laid one after the other, for one who has no room for the whole. */
void sp_sha256v(const struct sp_span *pieces, size_t n, uint8_t out[SP_SHA256_SIZE]);

/* 0, SP_E_ENTROPY, SP_E_MEMORY. */
int sp_key_make(struct sp_key *out);
/* Checks a stored key. 0, SP_E_CORRUPT, SP_E_SPACE. */
int sp_key_load(struct sp_span der, struct sp_key *out);
void sp_key_wipe(struct sp_key *key);
/* Affine coordinates, 32 bytes each, for a JWK (RFC 7518 6.2.1). */
int sp_key_public(const struct sp_key *key, uint8_t x[32], uint8_t y[32]);
/* ES256 (RFC 7518 3.4): r and s, 32 bytes each, over SHA-256 of data. 0, SP_E_CORRUPT, SP_E_MEMORY.
 */
int sp_key_sign(const struct sp_key *key, struct sp_span data, uint8_t signature[64]);
/* HMAC-SHA-256 (RFC 2104), for external account binding (RFC 8555 7.3.4) and TSIG; of one piece, or
 * of several laid one after the other. 0; SP_E_INVALID: an empty key. */
int sp_hmac_sha256(struct sp_span key, struct sp_span data, uint8_t out[SP_SHA256_SIZE]);
int sp_hmac_sha256v(struct sp_span key, const struct sp_span *pieces, size_t n,
                    uint8_t out[SP_SHA256_SIZE]);
/* PBKDF2 with HMAC-SHA-256 (RFC 8018 5.2), for passwords. 0, SP_E_MEMORY. */
int sp_password_hash(const char *password, struct sp_span salt, uint32_t rounds,
                     uint8_t out[SP_SHA256_SIZE]);
/* PKCS#10 request for the host names, no subject common name, DER. Its length, SP_E_SPACE,
 * SP_E_CORRUPT, SP_E_MEMORY. */
int sp_csr_make(const struct sp_key *key, const char *const *names, unsigned n, uint8_t *out,
                size_t cap);

#endif
