#include "acme/chain.h"

#include "base/err.h"

void sp_acme_chain_begin(struct sp_acme_chain *chain)
{
    *chain = (struct sp_acme_chain){0};
}

/* Room for the certificate that is being read. */
static size_t room(const struct sp_acme_chain *chain, const struct sp_buf *body)
{
    size_t left = body->cap - 1 - body->len;
    size_t most = chain->n == 0 ? SP_LEAF_MAX : SP_LINK_MAX;

    return left < most ? left : most;
}

static void take(struct sp_acme_chain *chain, char c, struct sp_buf *body)
{
    int n = sp_pem_feed(&chain->pem, c, (uint8_t *)body->p + body->len, room(chain, body));

    if (chain->n == SP_CHAIN_LINKS && chain->pem.inside) {
        chain->error = SP_E_FULL;
    } else if (n < 0) {
        chain->error = n;
    } else if (n > 0) {
        chain->sizes[chain->n++] = (uint16_t)n;
        body->len += (size_t)n;
    }
}

/* What is wrong is told at the end: the answer is read to there all the same. */
int sp_acme_chain_take(struct sp_acme_chain *chain, struct sp_span piece, struct sp_buf *body)
{
    chain->seen += piece.n;
    if (chain->seen > SP_CHAIN_PEM_MAX) {
        return SP_E_TOO_BIG;
    }
    for (size_t i = 0; i < piece.n && chain->error == 0; i++) {
        take(chain, (char)piece.p[i], body);
    }
    return 0;
}

int sp_acme_chain_end(const struct sp_acme_chain *chain, struct sp_span body,
                      struct sp_span links[SP_CHAIN_LINKS])
{
    size_t at = 0;

    if (chain->error < 0) {
        return chain->error;
    }
    if (chain->n == 0 || chain->pem.inside) {
        return SP_E_CERT_BAD;
    }
    for (unsigned i = 0; i < chain->n; i++) {
        links[i] = sp_span(body.p + at, chain->sizes[i]);
        at += chain->sizes[i];
    }
    return (int)chain->n;
}

int sp_acme_chain_check(const struct sp_span *links, unsigned n, const char *host,
                        const struct sp_key *key, struct sp_cert_info *info)
{
    int err = sp_cert_read(links[0], info);

    if (err < 0) {
        return err;
    }
    if (!sp_cert_matches(info, host)) {
        return SP_E_CERT_NAME;
    }
    err = sp_cert_matches_key(links[0], key);
    for (unsigned i = 0; err == 0 && i + 1 < n; i++) {
        err = sp_cert_signed_by(links[i], links[i + 1]);
    }
    return err;
}
