/* Password hashing: PBKDF2 with HMAC-SHA-256 (RFC 8018 5.2), of which one block is all we need. */
#include "base/err.h"
#include "crypto/crypto.h"

#include <mbedtls/md.h>
#include <string.h>

static int hmac_start(mbedtls_md_context_t *md, const char *password)
{
    mbedtls_md_init(md);
    if (mbedtls_md_setup(md, mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), 1) != 0) {
        return SP_E_MEMORY;
    }
    /* One key schedule for all rounds: mbedtls_md_hmac_reset goes back to it. */
    return mbedtls_md_hmac_starts(md, (const uint8_t *)password, strlen(password)) == 0
               ? 0
               : SP_E_MEMORY;
}

static int all_rounds(mbedtls_md_context_t *md, struct sp_span salt, uint32_t rounds,
                      uint8_t out[SP_SHA256_SIZE])
{
    static const uint8_t first_block[4] = {0, 0, 0, 1};
    uint8_t u[SP_SHA256_SIZE];
    int err = mbedtls_md_hmac_update(md, salt.p, salt.n);

    err |= mbedtls_md_hmac_update(md, first_block, sizeof first_block);
    err |= mbedtls_md_hmac_finish(md, u);
    memcpy(out, u, sizeof u);
    for (uint32_t round = 1; round < rounds && err == 0; round++) {
        err |= mbedtls_md_hmac_reset(md);
        err |= mbedtls_md_hmac_update(md, u, sizeof u);
        err |= mbedtls_md_hmac_finish(md, u);
        for (size_t i = 0; i < sizeof u; i++) {
            out[i] ^= u[i];
        }
    }
    sp_wipe(u, sizeof u);
    return err == 0 ? 0 : SP_E_MEMORY;
}

int sp_password_hash(const char *password, struct sp_span salt, uint32_t rounds,
                     uint8_t out[SP_SHA256_SIZE])
{
    mbedtls_md_context_t md;
    int err = hmac_start(&md, password);

    memset(out, 0, SP_SHA256_SIZE);
    if (err == 0) {
        err = all_rounds(&md, salt, rounds, out);
    }
    mbedtls_md_free(&md);
    return err;
}
