/* Keys, hashes and signatures, by PSA crypto. */
#include "crypto/crypto.h"

#include "base/err.h"
#include "base/port.h"
#include "crypto_private.h"

#include <mbedtls/platform_util.h>
#include <mbedtls/sha256.h>
#include <string.h>

/* Our keys have one size and one curve, so their DER is a template with two holes (RFC 5915 3):
 * SEQUENCE { 1, OCTET STRING (scalar), [0] prime256v1, [1] BIT STRING (point) }. */
#define KEY_DER_SIZE (SP_KEY_POINT_AT + SP_KEY_POINT_SIZE)

#define HASH_PIECE 256
#define HMAC_BLOCK 64 /* bytes of SHA-256's blocks */

static const uint8_t key_head[SP_KEY_SCALAR_AT] = {0x30, 0x77, 0x02, 0x01, 0x01, 0x04, 0x20};
static const uint8_t key_middle[SP_KEY_POINT_AT - SP_KEY_SCALAR_AT - SP_KEY_SCALAR_SIZE] = {
    0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d,
    0x03, 0x01, 0x07, 0xa1, 0x44, 0x03, 0x42, 0x00};

void sp_wipe(void *p, size_t n)
{
    mbedtls_platform_zeroize(p, n);
}

void sp_key_wipe(struct sp_key *key)
{
    sp_wipe(key, sizeof *key);
}

static int random_bytes(void *p, size_t n)
{
    return psa_generate_random(p, n) == PSA_SUCCESS ? 0 : SP_E_ENTROPY;
}

int sp_crypto_start(void)
{
    if (psa_crypto_init() != PSA_SUCCESS) {
        return SP_E_ENTROPY;
    }
    sp_port_set_random(random_bytes);
    return 0;
}

void sp_sha256(struct sp_span data, uint8_t out[SP_SHA256_SIZE])
{
    static const uint8_t nothing;

    /* Not by PSA: this one cannot fail, not even before sp_crypto_start. */
    (void)mbedtls_sha256(data.n > 0 ? data.p : &nothing, data.n, out, 0);
}

int sp_sha256_pieces(int (*read)(void *ctx, uint32_t offset, void *buf, size_t n), void *ctx,
                     uint32_t size, uint8_t out[SP_SHA256_SIZE])
{
    mbedtls_sha256_context hash;
    uint8_t piece[HASH_PIECE];
    int err = 0;

    mbedtls_sha256_init(&hash);
    (void)mbedtls_sha256_starts(&hash, 0);
    for (uint32_t at = 0; at < size && err == 0;) {
        size_t n = size - at < sizeof piece ? size - at : sizeof piece;

        err = read(ctx, at, piece, n);
        if (err == 0) {
            (void)mbedtls_sha256_update(&hash, piece, n);
        }
        at += (uint32_t)n;
    }
    (void)mbedtls_sha256_finish(&hash, out);
    mbedtls_sha256_free(&hash);
    return err;
}

void sp_sha256v(const struct sp_span *pieces, size_t n, uint8_t out[SP_SHA256_SIZE])
{
    mbedtls_sha256_context hash;

    mbedtls_sha256_init(&hash);
    (void)mbedtls_sha256_starts(&hash, 0);
    for (size_t i = 0; i < n; i++) {
        if (pieces[i].n > 0) {
            (void)mbedtls_sha256_update(&hash, pieces[i].p, pieces[i].n);
        }
    }
    (void)mbedtls_sha256_finish(&hash, out);
    mbedtls_sha256_free(&hash);
}

static int error_of(psa_status_t status)
{
    switch (status) {
    case PSA_SUCCESS:
        return 0;
    case PSA_ERROR_INSUFFICIENT_MEMORY:
        return SP_E_MEMORY;
    case PSA_ERROR_INSUFFICIENT_ENTROPY:
    case PSA_ERROR_BAD_STATE:
        return SP_E_ENTROPY;
    default:
        return SP_E_CORRUPT;
    }
}

static psa_key_attributes_t key_attributes(psa_key_usage_t usage)
{
    psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;

    psa_set_key_type(&attributes, PSA_KEY_TYPE_ECC_KEY_PAIR(PSA_ECC_FAMILY_SECP_R1));
    psa_set_key_bits(&attributes, 256);
    psa_set_key_usage_flags(&attributes, usage);
    psa_set_key_algorithm(&attributes, PSA_ALG_DETERMINISTIC_ECDSA(PSA_ALG_SHA_256));
    return attributes;
}

int sp_key_import(const struct sp_key *key, psa_key_id_t *out)
{
    psa_key_attributes_t attributes =
        key_attributes(PSA_KEY_USAGE_SIGN_MESSAGE | PSA_KEY_USAGE_SIGN_HASH);

    if (key->n != KEY_DER_SIZE) {
        return SP_E_CORRUPT;
    }
    return error_of(
        psa_import_key(&attributes, key->der + SP_KEY_SCALAR_AT, SP_KEY_SCALAR_SIZE, out));
}

/* Fills the template from a key that PSA holds. */
static psa_status_t export_key(psa_key_id_t id, struct sp_key *out)
{
    size_t scalar_n = 0;
    size_t point_n = 0;
    psa_status_t status;

    memcpy(out->der, key_head, sizeof key_head);
    memcpy(out->der + SP_KEY_SCALAR_AT + SP_KEY_SCALAR_SIZE, key_middle, sizeof key_middle);
    status = psa_export_key(id, out->der + SP_KEY_SCALAR_AT, SP_KEY_SCALAR_SIZE, &scalar_n);
    if (status == PSA_SUCCESS) {
        status = psa_export_public_key(id, out->der + SP_KEY_POINT_AT, SP_KEY_POINT_SIZE, &point_n);
    }
    if (status == PSA_SUCCESS && (scalar_n != SP_KEY_SCALAR_SIZE || point_n != SP_KEY_POINT_SIZE)) {
        status = PSA_ERROR_CORRUPTION_DETECTED;
    }
    out->n = KEY_DER_SIZE;
    return status;
}

int sp_key_make(struct sp_key *out)
{
    psa_key_attributes_t attributes = key_attributes(PSA_KEY_USAGE_EXPORT);
    psa_key_id_t id = PSA_KEY_ID_NULL;
    psa_status_t status = psa_generate_key(&attributes, &id);

    memset(out, 0, sizeof *out);
    if (status == PSA_SUCCESS) {
        status = export_key(id, out);
    }
    (void)psa_destroy_key(id);
    if (status == PSA_SUCCESS) {
        return 0;
    }
    sp_key_wipe(out);
    return status == PSA_ERROR_INSUFFICIENT_MEMORY ? SP_E_MEMORY : SP_E_ENTROPY;
}

static bool fits_template(struct sp_span der)
{
    return der.n == KEY_DER_SIZE && memcmp(der.p, key_head, sizeof key_head) == 0 &&
           memcmp(der.p + SP_KEY_SCALAR_AT + SP_KEY_SCALAR_SIZE, key_middle, sizeof key_middle) ==
               0;
}

/* Whether the public point in the DER is the private scalar's. */
static int check_point(const struct sp_key *key)
{
    uint8_t point[SP_KEY_POINT_SIZE];
    size_t n = 0;
    psa_key_id_t id = PSA_KEY_ID_NULL;
    int err = sp_key_import(key, &id);

    if (err != 0) {
        return err;
    }
    err = error_of(psa_export_public_key(id, point, sizeof point, &n));
    (void)psa_destroy_key(id);
    if (err == 0 && (n != sizeof point || memcmp(point, key->der + SP_KEY_POINT_AT, n) != 0)) {
        err = SP_E_CORRUPT;
    }
    return err;
}

int sp_key_load(struct sp_span der, struct sp_key *out)
{
    int err;

    memset(out, 0, sizeof *out);
    if (der.n > sizeof out->der) {
        return SP_E_SPACE;
    }
    if (!fits_template(der)) {
        return SP_E_CORRUPT;
    }
    memcpy(out->der, der.p, der.n);
    out->n = der.n;
    err = check_point(out);
    if (err != 0) {
        sp_key_wipe(out);
    }
    return err;
}

int sp_key_public(const struct sp_key *key, uint8_t x[32], uint8_t y[32])
{
    if (!fits_template(sp_span(key->der, key->n))) {
        return SP_E_CORRUPT;
    }
    memcpy(x, key->der + SP_KEY_POINT_AT + 1, 32);
    memcpy(y, key->der + SP_KEY_POINT_AT + 33, 32);
    return 0;
}

int sp_key_sign(const struct sp_key *key, struct sp_span data, uint8_t signature[64])
{
    psa_key_id_t id = PSA_KEY_ID_NULL;
    size_t n = 0;
    int err = sp_key_import(key, &id);

    if (err != 0) {
        return err;
    }
    err = error_of(psa_sign_message(id, PSA_ALG_DETERMINISTIC_ECDSA(PSA_ALG_SHA_256), data.p,
                                    data.n, signature, 64, &n));
    (void)psa_destroy_key(id);
    return err == 0 && n != 64 ? SP_E_CORRUPT : err;
}

int sp_hmac_sha256(struct sp_span key, struct sp_span data, uint8_t out[SP_SHA256_SIZE])
{
    return sp_hmac_sha256v(key, &data, 1, out);
}

/* The key under the pad, then the pieces; hashed (RFC 2104 2). */
static void padded_hash(const uint8_t block[HMAC_BLOCK], uint8_t pad, const struct sp_span *pieces,
                        size_t n, uint8_t out[SP_SHA256_SIZE])
{
    mbedtls_sha256_context hash;
    uint8_t padded[HMAC_BLOCK];

    for (size_t i = 0; i < sizeof padded; i++) {
        padded[i] = block[i] ^ pad;
    }
    mbedtls_sha256_init(&hash);
    (void)mbedtls_sha256_starts(&hash, 0);
    (void)mbedtls_sha256_update(&hash, padded, sizeof padded);
    for (size_t i = 0; i < n; i++) {
        if (pieces[i].n > 0) {
            (void)mbedtls_sha256_update(&hash, pieces[i].p, pieces[i].n);
        }
    }
    (void)mbedtls_sha256_finish(&hash, out);
    mbedtls_sha256_free(&hash);
    sp_wipe(padded, sizeof padded);
}

int sp_hmac_sha256v(struct sp_span key, const struct sp_span *pieces, size_t n,
                    uint8_t out[SP_SHA256_SIZE])
{
    uint8_t block[HMAC_BLOCK] = {0};
    uint8_t inner[SP_SHA256_SIZE];
    struct sp_span inner_span = {inner, sizeof inner};

    if (key.n == 0) {
        return SP_E_INVALID;
    }
    if (key.n > sizeof block) {
        sp_sha256(key, block);
    } else {
        memcpy(block, key.p, key.n);
    }
    padded_hash(block, 0x36, pieces, n, inner);
    padded_hash(block, 0x5c, &inner_span, 1, out);
    sp_wipe(block, sizeof block);
    sp_wipe(inner, sizeof inner);
    return 0;
}
