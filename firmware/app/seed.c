/*
 * Entropy of a board without a source: a seed in flash, written by the factory, and replaced at
 * every start before a byte is drawn from it. So two starts never give the same bytes, also when
 * power goes right after the first; and what is drawn tells nothing of the seed, or of what was
 * drawn before, which hashing in one direction sees to.
 */
#include "app/app.h"
#include "base/log.h"
#include "crypto/crypto.h"

#include <string.h>

#define NAME "seed"
#define SEED_MIN 32
#define SEED_MAX 64

static struct {
    bool ready;
    uint8_t state[SP_SHA256_SIZE];
} drawn;

/* SHA-256 of a purpose and secret bytes. */
static void derive(const char *purpose, struct sp_span secret, uint8_t out[SP_SHA256_SIZE])
{
    uint8_t text[16 + SEED_MAX];
    struct sp_buf buf;
    sp_buf_init(&buf, (char *)text, sizeof text);
    sp_buf_puts(&buf, purpose);
    sp_buf_put(&buf, secret.p, secret.n);
    sp_sha256(sp_buf_span(&buf), out);
    sp_wipe(text, sizeof text);
}

static int seed_read(struct sp_hal_entropy *entropy, void *buf, size_t n)
{
    struct sp_span state = sp_span(drawn.state, sizeof drawn.state);
    uint8_t block[SP_SHA256_SIZE];
    uint8_t *out = buf;
    (void)entropy;
    if (!drawn.ready) {
        return SP_E_ENTROPY;
    }
    while (n > 0) {
        size_t piece = n < sizeof block ? n : sizeof block;
        derive("output", state, block);
        derive("state", state, drawn.state);
        memcpy(out, block, piece);
        out += piece;
        n -= piece;
    }
    sp_wipe(block, sizeof block);
    return SP_OK;
}

struct sp_hal_entropy *sp_app_seed_entropy(void)
{
    static struct sp_hal_entropy entropy = {.read = seed_read};
    drawn.ready = false;
    return &entropy;
}

int sp_app_seed_renew(void)
{
    uint8_t seed[SEED_MAX];
    uint8_t next[SP_SHA256_SIZE];
    int n = sp_store_get(&sp_app.store, SP_KIND_SEED, NAME, seed, sizeof seed);
    int err = n < 0 ? n : n < SEED_MIN ? SP_E_CORRUPT : SP_OK;
    if (err == SP_OK) {
        derive("next", sp_span(seed, (size_t)n), next);
        derive("first", sp_span(seed, (size_t)n), drawn.state);
        err = sp_store_put(&sp_app.store, SP_KIND_SEED, NAME, sp_span(next, sizeof next), 0);
    }
    drawn.ready = err == SP_OK;
    if (!drawn.ready) {
        sp_log_error("app", "no entropy seed: %s", sp_err_text(err));
        sp_wipe(&drawn, sizeof drawn);
    }
    sp_wipe(seed, sizeof seed);
    sp_wipe(next, sizeof next);
    return drawn.ready ? SP_OK : SP_E_ENTROPY;
}
