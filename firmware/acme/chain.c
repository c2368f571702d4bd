#include "acme/chain.h"

#include "base/err.h"

#include <string.h>

/* DER is shorter than the PEM it came from, so that what is written never passes what was read. */
int sp_acme_chain_read(char *text, size_t n, union sp_acme_chain_work *work,
                       struct sp_span links[SP_CHAIN_LINKS])
{
    struct sp_span rest = sp_span(text, n);
    char *out = text;
    int count = 0;

    for (;;) {
        size_t cap = count == 0 ? SP_LEAF_MAX : SP_LINK_MAX;
        int der_n = sp_pem_next(&rest, work->der, cap);

        if (der_n == SP_E_NOT_FOUND) {
            return count > 0 ? count : SP_E_CERT_BAD;
        }
        if (count == SP_CHAIN_LINKS) {
            return SP_E_FULL;
        }
        if (der_n < 0) {
            return der_n;
        }
        memcpy(out, work->der, (size_t)der_n);
        links[count++] = sp_span(out, (size_t)der_n);
        out += der_n;
    }
}

int sp_acme_chain_check(const struct sp_span *links, unsigned n, const char *host,
                        const struct sp_key *key, union sp_acme_chain_work *work)
{
    int err = sp_cert_read(links[0], &work->info);

    if (err < 0) {
        return err;
    }
    if (!sp_cert_matches(&work->info, host)) {
        return SP_E_CERT_NAME;
    }
    err = sp_cert_matches_key(links[0], key);
    for (unsigned i = 0; err == 0 && i + 1 < n; i++) {
        err = sp_cert_signed_by(links[i], links[i + 1]);
    }
    return err;
}
