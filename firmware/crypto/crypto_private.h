/*
 * crypto: what the files of this room share.
 */
#ifndef SP_CRYPTO_PRIVATE_H
#define SP_CRYPTO_PRIVATE_H

#include "crypto/crypto.h"

#include <psa/crypto.h>

/* The private scalar and the public point in a key's DER; the key must have been made or loaded. */
#define SP_KEY_SCALAR_AT 7
#define SP_KEY_POINT_AT 56
#define SP_KEY_SCALAR_SIZE 32
#define SP_KEY_POINT_SIZE 65 /* 04, x, y */

/* Puts the private key into PSA for signing; psa_destroy_key it afterwards.
 * 0, SP_E_CORRUPT, SP_E_MEMORY. */
int sp_key_import(const struct sp_key *key, psa_key_id_t *out);

#endif
