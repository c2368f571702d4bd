/*
 * crypto/cert: reads X.509 certificates (RFC 5280).
 *
 * Pure functions of their arguments apart from mbedTLS's pool.
 */
#ifndef SP_CRYPTO_CERT_H
#define SP_CRYPTO_CERT_H

#include "base/limits.h"
#include "base/span.h"
#include "base/time.h"
#include "crypto/crypto.h"

#define SP_CERT_SANS 8

struct sp_cert_info {
    char subject[160]; /* "CN=…", "" when empty */
    char issuer[160];
    char serial[64]; /* hexadecimal, of the DER bytes, a leading 00 kept (RFC 9773 4.1) */
    char aki[64];    /* authority key identifier in hexadecimal, "" when absent */
    sp_utc not_before, not_after;
    unsigned sans_n; /* dNSNames in the certificate; the first SP_CERT_SANS are kept */
    char sans[SP_CERT_SANS][254];
    char key[24]; /* "P-256", "RSA-2048" */
    bool ca;
    uint8_t sha256[SP_SHA256_SIZE]; /* of the DER */
};

/* 0, SP_E_CERT_BAD, SP_E_MEMORY. */
int sp_cert_read(struct sp_span der, struct sp_cert_info *out);
/* True when a dNSName matches by RFC 6125 6.4 (a wildcard stands for exactly one left-most label).
 */
bool sp_cert_matches(const struct sp_cert_info *info, const char *host);
/* 0 when the key belongs to the certificate, SP_E_CERT_BAD otherwise. */
int sp_cert_matches_key(struct sp_span der, const struct sp_key *key);
/* 0 when `child` is signed by `parent`, SP_E_CERT_UNTRUSTED otherwise. */
int sp_cert_signed_by(struct sp_span child, struct sp_span parent);
/* Whether it is one DER SEQUENCE from its first byte to its last, as a certificate is. */
bool sp_der_is_sequence(struct sp_span der);
/* Takes the next certificate off the front of a PEM text (anything around it is skipped): its DER
 * length in out, SP_E_NOT_FOUND at the end, SP_E_CERT_BAD, SP_E_SPACE. */
int sp_pem_next(struct sp_span *rest, uint8_t *out, size_t cap);

/* The same for a text that comes in pieces; {0} is its beginning. */
struct sp_pem_reader {
    bool inside; /* between BEGIN and END */
    bool bad;    /* what stands there is not base64 */
    bool full;   /* or more than there is room for */
    uint8_t digits, padding, matched;
    uint32_t bits; /* of the digits that wait for a byte to be whole */
    size_t n;      /* bytes of DER so far */
};
/* One byte more of the text. The DER of the certificate that is being read goes to out, which stays
 * the same until its end. 0 while it goes on; at the end its length, SP_E_CERT_BAD or SP_E_SPACE.
 */
int sp_pem_feed(struct sp_pem_reader *reader, char c, uint8_t *out, size_t cap);

/* Appends PEM to out. */
void sp_pem_put(struct sp_buf *out, struct sp_span der);

#endif
