/* PKCS#10 requests (RFC 2986) for host names: no subject, the names as subjectAltName. */
#include "base/err.h"
#include "base/limits.h"
#include "crypto_private.h"

#include <mbedtls/pk.h>
#include <mbedtls/psa_util.h>
#include <mbedtls/x509_csr.h>
#include <string.h>

#define NAMES_MAX 8

static int error_of(int mbed)
{
    switch (mbed) {
    case 0:
        return 0;
    case MBEDTLS_ERR_ASN1_BUF_TOO_SMALL:
        return SP_E_SPACE;
    case MBEDTLS_ERR_ASN1_ALLOC_FAILED:
    case MBEDTLS_ERR_X509_ALLOC_FAILED:
    case MBEDTLS_ERR_PK_ALLOC_FAILED:
    case PSA_ERROR_INSUFFICIENT_MEMORY:
        return SP_E_MEMORY;
    default:
        return SP_E_CORRUPT;
    }
}

/* Last name first: mbedTLS writes the list from its end, so that they come out in order. */
static void fill_names(mbedtls_x509_san_list *list, const char *const *names, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        mbedtls_x509_buf *name = &list[i].node.san.unstructured_name;

        list[i].node.type = MBEDTLS_X509_SAN_DNS_NAME;
        /* Only read by mbedTLS, whose type has no const. */
        memcpy(&name->p, &names[n - 1 - i], sizeof name->p);
        name->len = strlen(names[n - 1 - i]);
        list[i].next = i + 1 < n ? &list[i + 1] : NULL;
    }
}

/* mbedTLS writes from the end of the buffer to its front. */
static int write_csr(mbedtls_x509write_csr *csr, uint8_t *out, size_t cap)
{
    int n =
        mbedtls_x509write_csr_der(csr, out, cap, mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE);

    if (n <= 0) {
        return error_of(n);
    }
    memmove(out, out + cap - (size_t)n, (size_t)n);
    return n;
}

static int make_csr(mbedtls_pk_context *pk, const char *const *names, unsigned n, uint8_t *out,
                    size_t cap)
{
    mbedtls_x509_san_list list[NAMES_MAX] = {0};
    mbedtls_x509write_csr csr;
    int err;

    fill_names(list, names, n);
    mbedtls_x509write_csr_init(&csr);
    mbedtls_x509write_csr_set_key(&csr, pk);
    mbedtls_x509write_csr_set_md_alg(&csr, MBEDTLS_MD_SHA256);
    err = error_of(mbedtls_x509write_csr_set_subject_alternative_name(&csr, list));
    if (err == 0) {
        err = write_csr(&csr, out, cap);
    }
    mbedtls_x509write_csr_free(&csr);
    return err;
}

int sp_csr_make(const struct sp_key *key, const char *const *names, unsigned n, uint8_t *out,
                size_t cap)
{
    mbedtls_pk_context pk;
    int err;

    if (n == 0 || n > NAMES_MAX || key->n == 0) {
        return SP_E_CORRUPT;
    }
    mbedtls_pk_init(&pk);
    err = error_of(mbedtls_pk_parse_key(&pk, key->der, key->n, NULL, 0, mbedtls_psa_get_random,
                                        MBEDTLS_PSA_RANDOM_STATE));
    if (err == 0) {
        err = make_csr(&pk, names, n, out, cap);
    }
    mbedtls_pk_free(&pk);
    return err;
}
