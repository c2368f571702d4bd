/*
 * acme/record: the bytes of the room's records in the store.
 *
 * A record is a version byte, a time as 8 bytes, and texts, each after its length as 2 bytes;
 * numbers are little-endian. Pure functions; decoded spans point into the record's bytes.
 */
#ifndef SP_ACME_RECORD_H
#define SP_ACME_RECORD_H

#include "base/span.h"
#include "base/time.h"

#define SP_ACME_RECORD_MAX 1280

/* SP_KIND_ACCOUNT, named by the directory's URL. */
struct sp_acme_account_record {
    sp_utc agreed;                /* when the operator agreed to the terms */
    struct sp_span key;           /* DER */
    struct sp_span url;           /* empty until the CA has answered newAccount */
    struct sp_span terms;         /* URL of the terms agreed to; may be empty */
    struct sp_span ca_identities; /* as in acme/directory; may be empty, or missing at the end */
};

/* SP_KIND_ORDER "order". */
struct sp_acme_order_record {
    sp_utc begun;
    struct sp_span host;
    struct sp_span directory;
    struct sp_span url;
    struct sp_span key; /* DER of the certificate's key; empty before finalize */
};

/* The record's length, or SP_E_SPACE. */
int sp_acme_account_encode(const struct sp_acme_account_record *record, uint8_t *out, size_t cap);
int sp_acme_order_encode(const struct sp_acme_order_record *record, uint8_t *out, size_t cap);
/* 0, or SP_E_CORRUPT. */
int sp_acme_account_decode(struct sp_span bytes, struct sp_acme_account_record *out);
int sp_acme_order_decode(struct sp_span bytes, struct sp_acme_order_record *out);

#endif
