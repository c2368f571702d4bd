/*
 * model_jose: what the model CA needs to take a signed request apart, and to issue.
 *
 * Written apart from the firmware's own code, so that the two do not share a mistake.
 */
#ifndef SP_TEST_MODEL_JOSE_H
#define SP_TEST_MODEL_JOSE_H

#include "base/span.h"
#include "base/time.h"

#include <stdbool.h>

/* The text of a member in flat JSON without escapes; false when there is none. */
bool jose_member(const char *json, const char *name, char *out, size_t cap);
/* Bytes, or -1. */
int jose_unbase64url(const char *text, uint8_t *out, size_t cap);
void jose_base64url(struct sp_span bytes, char *out, size_t cap);
/* ES256 by the key with these coordinates in base64url. */
bool jose_verify(const char *x, const char *y, struct sp_span text, const char *signature);
void jose_thumbprint(const char *x, const char *y, char *out, size_t cap);

/* The public key of a request for a certificate, and whether it is for that host alone. */
bool jose_csr(struct sp_span csr, const char *host, struct sp_span *public_key);

#define JOSE_LEVELS 6 /* certificates of the longest chain */
/* Makes the issuers' keys and certificates, once a process. */
void jose_issuers(void);
/* PEM: a leaf for host and that key (NULL: another key), and links - 1 issuers above it. swap: the
 * second and the third change places. */
size_t jose_issue(const char *host, const struct sp_span *public_key, unsigned links, bool swap,
                  sp_utc not_before, char *out, size_t cap);

#endif
