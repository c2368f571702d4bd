/*
 * acme/chain: takes the CA's answer with a certificate apart, and checks it.
 *
 * Memory: the DER is laid over the text it was read from. Threads: service task.
 */
#ifndef SP_ACME_CHAIN_H
#define SP_ACME_CHAIN_H

#include "acme/acme.h"
#include "crypto/cert.h"

/* Room for one certificate while it is read. */
union sp_acme_chain_work {
    uint8_t der[SP_LEAF_MAX];
    struct sp_cert_info info;
};

/* Reads the PEM text of n bytes into links, leaf first; they point into text, whose content is
 * gone. The number of links; SP_E_CERT_BAD (no certificate, or one that is broken), SP_E_SPACE (a
 * certificate over SP_LEAF_MAX or SP_LINK_MAX), SP_E_FULL (over SP_CHAIN_LINKS). */
int sp_acme_chain_read(char *text, size_t n, union sp_acme_chain_work *work,
                       struct sp_span links[SP_CHAIN_LINKS]);
/* 0 when the leaf is for host and the key, and each link is signed by the next. SP_E_CERT_NAME,
 * SP_E_CERT_BAD (the key), SP_E_CERT_UNTRUSTED (the order), SP_E_MEMORY. work->info is the leaf's
 * unless it could not be read. */
int sp_acme_chain_check(const struct sp_span *links, unsigned n, const char *host,
                        const struct sp_key *key, union sp_acme_chain_work *work);

#endif
