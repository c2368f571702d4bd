/*
 * acme/chain: takes the CA's answer with a certificate apart while it comes, and checks it.
 *
 * Of up to SP_CHAIN_PEM_MAX bytes of PEM only the DER is kept, so that the answer's buffer needs no
 * more than SP_HTTP_CLIENT_BODY_MAX. Memory: the caller's. Threads: service task.
 */
#ifndef SP_ACME_CHAIN_H
#define SP_ACME_CHAIN_H

#include "acme/acme.h"
#include "crypto/cert.h"

/* How far the reading is. */
struct sp_acme_chain {
    struct sp_pem_reader pem;
    size_t seen; /* bytes of PEM */
    unsigned n;  /* certificates that are whole */
    int error;   /* what is wrong with them, for sp_acme_chain_end */
    uint16_t sizes[SP_CHAIN_LINKS];
};

void sp_acme_chain_begin(struct sp_acme_chain *chain);
/* A piece more: appends its DER to body. 0, or SP_E_TOO_BIG past SP_CHAIN_PEM_MAX. */
int sp_acme_chain_take(struct sp_acme_chain *chain, struct sp_span piece, struct sp_buf *body);
/* All has come: the number of links, leaf first; they point into body. SP_E_CERT_BAD (no
 * certificate, or one that is broken), SP_E_SPACE (a certificate over SP_LEAF_MAX or SP_LINK_MAX),
 * SP_E_FULL (over SP_CHAIN_LINKS). */
int sp_acme_chain_end(const struct sp_acme_chain *chain, struct sp_span body,
                      struct sp_span links[SP_CHAIN_LINKS]);
/* 0 when the leaf is for host and the key, and each link is signed by the next. SP_E_CERT_NAME,
 * SP_E_CERT_BAD (the key), SP_E_CERT_UNTRUSTED (the order), SP_E_MEMORY. info is the leaf's unless
 * it could not be read. */
int sp_acme_chain_check(const struct sp_span *links, unsigned n, const char *host,
                        const struct sp_key *key, struct sp_cert_info *info);

#endif
