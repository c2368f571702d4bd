/*
 * acme/directory: what a CA offers (RFC 8555 7.1.1). A pure function apart from the JSON pool.
 */
#ifndef SP_ACME_DIRECTORY_H
#define SP_ACME_DIRECTORY_H

#include "base/limits.h"
#include "base/span.h"

struct sp_acme_directory {
    char new_nonce[SP_URL_MAX];
    char new_account[SP_URL_MAX];
    char new_order[SP_URL_MAX];
    char terms[SP_URL_MAX]; /* as the CA writes it, not only https; "" when it names none */
    bool external_account;  /* accounts have to be bound to a contract with the CA */
    /* What the CA goes by in CAA records (RFC 8659 4.2), with spaces between; what does not fit is
     * left out. "": it does not say. */
    char ca_identities[SP_CA_IDENTITIES_SIZE];
};

/* 0; SP_E_PROTOCOL (not a directory, or a URL in it that we don't talk to), SP_E_MEMORY: out is
 * then undefined, but for the identities, which stay as they were. */
int sp_acme_directory_parse(struct sp_span body, struct sp_acme_directory *out);

#endif
