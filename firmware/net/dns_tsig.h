/*
 * net/dns_tsig: signatures of DNS messages with a shared secret (TSIG, RFC 8945), HMAC-SHA-256.
 *
 * A request is signed, and the answer to it is believed only when it is signed with the same key
 * over the request's signature. What a server says against our key, signature or clock it says
 * without a signature (BADKEY, BADSIG) or with one (BADTIME): that is told, and never more than
 * told.
 *
 * Memory: the caller's. Time: two hashes over the message. Pure functions.
 */
#ifndef SP_NET_DNS_TSIG_H
#define SP_NET_DNS_TSIG_H

#include "base/text.h"
#include "base/time.h"
#include "crypto/crypto.h"
#include "net/dns_message.h"

#define SP_TSIG_SECRET_MAX 64 /* bytes: HMAC hashes a longer one first, which gains nothing */
#define SP_TSIG_FUDGE 300     /* s that the clocks may differ (RFC 8945 10) */

struct sp_tsig_key {
    char name[SP_DOMAIN_SIZE];
    uint8_t secret[SP_TSIG_SECRET_MAX];
    size_t secret_n;
};

/* Appends the signature to a message that is complete otherwise; mac is wanted for the answer. 0;
 * SP_E_SPACE (the message or the name is bad or does not fit), SP_E_INVALID (an empty secret). */
int sp_tsig_sign(struct sp_dns_writer *message, const struct sp_tsig_key *key, sp_utc utc,
                 uint8_t mac[SP_SHA256_SIZE]);

/* What an answer's signature says. */
struct sp_tsig_verdict {
    uint16_t error; /* the server's: SP_DNS_BADSIG, BADKEY, BADTIME; 0: none */
    sp_utc time;    /* the server's clock, where it told (BADTIME too); 0: not told */
    size_t n;       /* bytes of the message before the signature */
};
/* Verifies the answer to the request that had this mac. 0: signed by who has the key, within the
 * fudge; also with a signed error. SP_E_REFUSED: not to be believed, but the server told an error,
 * which is in *out. SP_E_NOT_FOUND: no signature. SP_E_PROTOCOL: a wrong one, or one that breaks a
 * rule. SP_E_CLOCK: a right one, but from another time. */
int sp_tsig_verify(struct sp_span message, const struct sp_tsig_key *key,
                   const uint8_t request_mac[SP_SHA256_SIZE], sp_utc utc,
                   struct sp_tsig_verdict *out);

#endif
