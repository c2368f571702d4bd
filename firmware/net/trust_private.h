/*
 * net/trust: the callback by which mbedTLS asks for roots.
 */
#ifndef SP_NET_TRUST_PRIVATE_H
#define SP_NET_TRUST_PRIVATE_H

#include <mbedtls/x509_crt.h>

/* mbedtls_x509_crt_ca_cb_t: all trusted roots whose subject is the child's issuer; mbedTLS frees
 * them. *out is NULL when there are none. 0 or MBEDTLS_ERR_X509_ALLOC_FAILED. */
int sp_trust_candidates(void *ctx, const mbedtls_x509_crt *child, mbedtls_x509_crt **out);

#endif
