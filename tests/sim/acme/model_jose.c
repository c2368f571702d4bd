#include "model_jose.h"

#include "base/err.h"
#include "crypto/cert.h"
#include "crypto/crypto.h"
#include "sp_port.h"

#include <mbedtls/asn1.h>
#include <mbedtls/x509_crt.h>
#include <psa/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CERT_SIZE 1024
#define LIFETIME 7776000 /* s, 90 days */

static void must(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "model CA: %s\n", what);
        abort();
    }
}

bool jose_member(const char *json, const char *name, char *out, size_t cap)
{
    char key[40];
    const char *at;
    size_t n;

    snprintf(key, sizeof key, "\"%s\":\"", name);
    at = strstr(json, key);
    out[0] = '\0';
    if (at == NULL) {
        return false;
    }
    at += strlen(key);
    n = strcspn(at, "\"\\");
    if (at[n] != '"' || n >= cap) {
        return false;
    }
    memcpy(out, at, n);
    out[n] = '\0';
    return true;
}

static int sextet(char c)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const char *at = c != '\0' ? strchr(alphabet, c) : NULL;

    return at != NULL ? (int)(at - alphabet) : -1;
}

int jose_unbase64url(const char *text, uint8_t *out, size_t cap)
{
    uint32_t bits = 0;
    unsigned have = 0;
    size_t n = 0;

    for (; *text != '\0'; text++) {
        int value = sextet(*text);

        if (value < 0) {
            return -1;
        }
        bits = bits << 6 | (uint32_t)value;
        have += 6;
        if (have >= 8) {
            if (n == cap) {
                return -1;
            }
            have -= 8;
            out[n++] = (uint8_t)(bits >> have);
        }
    }
    return (bits & ((1U << have) - 1)) != 0 ? -1 : (int)n;
}

void jose_base64url(struct sp_span bytes, char *out, size_t cap)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint32_t bits = 0;
    unsigned have = 0;
    size_t n = 0;

    for (size_t i = 0; i < bytes.n; i++) {
        bits = bits << 8 | bytes.p[i];
        for (have += 8; have >= 6; have -= 6) {
            out[n++] = alphabet[bits >> (have - 6) & 63];
        }
        must(n + 2 < cap, "base64url does not fit");
    }
    if (have > 0) {
        out[n++] = alphabet[bits << (6 - have) & 63];
    }
    out[n] = '\0';
}

bool jose_verify(const char *x, const char *y, struct sp_span text, const char *signature)
{
    psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
    psa_key_id_t key;
    uint8_t point[65] = {4};
    uint8_t bytes[80];
    bool good;

    if (jose_unbase64url(x, point + 1, 32) != 32 || jose_unbase64url(y, point + 33, 32) != 32 ||
        jose_unbase64url(signature, bytes, sizeof bytes) != 64) {
        return false;
    }
    psa_set_key_type(&attributes, PSA_KEY_TYPE_ECC_PUBLIC_KEY(PSA_ECC_FAMILY_SECP_R1));
    psa_set_key_usage_flags(&attributes, PSA_KEY_USAGE_VERIFY_MESSAGE);
    psa_set_key_algorithm(&attributes, PSA_ALG_ECDSA(PSA_ALG_SHA_256));
    if (psa_import_key(&attributes, point, sizeof point, &key) != PSA_SUCCESS) {
        return false;
    }
    good = psa_verify_message(key, PSA_ALG_ECDSA(PSA_ALG_SHA_256), text.p, text.n, bytes, 64) ==
           PSA_SUCCESS;
    psa_destroy_key(key);
    return good;
}

void jose_thumbprint(const char *x, const char *y, char *out, size_t cap)
{
    char text[256];
    uint8_t hash[32];
    size_t n;

    snprintf(text, sizeof text, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}", x,
             y);
    must(psa_hash_compute(PSA_ALG_SHA_256, (const uint8_t *)text, strlen(text), hash, sizeof hash,
                          &n) == PSA_SUCCESS,
         "no hash");
    jose_base64url(sp_span(hash, sizeof hash), out, cap);
}

static bool enter(uint8_t **p, const uint8_t *end, int tag, uint8_t **inner_end)
{
    size_t n;

    if (mbedtls_asn1_get_tag(p, end, &n, tag) != 0) {
        return false;
    }
    *inner_end = *p + n;
    return true;
}

/* One dNSName in the SAN and nothing in the subject. */
bool jose_csr(struct sp_span csr, const char *host, struct sp_span *public_key)
{
    static uint8_t der[2048];
    uint8_t *p = der;
    uint8_t *end = der + csr.n;
    uint8_t *body;
    uint8_t *part;
    uint8_t name[300] = {0x82};
    size_t host_n = strlen(host);
    size_t head = host_n < 128 ? 2 : 3;
    int version;

    if (csr.n > sizeof der) {
        return false;
    }
    memcpy(der, csr.p, csr.n);
    if (!enter(&p, end, MBEDTLS_ASN1_SEQUENCE | MBEDTLS_ASN1_CONSTRUCTED, &part) || part != end ||
        !enter(&p, end, MBEDTLS_ASN1_SEQUENCE | MBEDTLS_ASN1_CONSTRUCTED, &body) ||
        mbedtls_asn1_get_int(&p, body, &version) != 0 || version != 0 ||
        !enter(&p, body, MBEDTLS_ASN1_SEQUENCE | MBEDTLS_ASN1_CONSTRUCTED, &part) || p != part) {
        return false;
    }
    public_key->p = p;
    if (!enter(&p, body, MBEDTLS_ASN1_SEQUENCE | MBEDTLS_ASN1_CONSTRUCTED, &part)) {
        return false;
    }
    public_key->n = (size_t)(part - public_key->p);
    name[1] = head == 2 ? (uint8_t)host_n : 0x81;
    name[2] = (uint8_t)host_n;
    memcpy(name + head, host, host_n);
    for (p = part; p + head + host_n <= body; p++) {
        if (memcmp(p, name, head + host_n) == 0) {
            return true;
        }
    }
    return false;
}

/* Issuers: level 0 signs leaves, level 1 signs level 0, and so on; the last one signs itself. */
static struct {
    mbedtls_pk_context key;
    uint8_t der[CERT_SIZE];
    size_t n;
} issuers[JOSE_LEVELS];

static int random_bytes(void *context, unsigned char *out, size_t n)
{
    (void)context;
    return sp_port_random(out, n);
}

static void write_time(sp_utc utc, char *out, size_t cap)
{
    struct sp_civil t;

    sp_utc_civil(utc, &t);
    snprintf(out, cap, "%04d%02d%02d%02d%02d%02d", t.year, t.month, t.day, t.hour, t.minute,
             t.second);
}

static size_t make_cert(mbedtls_pk_context *subject, const char *subject_name, const char *host,
                        unsigned issuer, sp_utc from, uint8_t *out)
{
    static uint8_t serial[] = {0x01, 0x23, 0x45, 0x67};
    mbedtls_x509write_cert cert;
    mbedtls_x509_san_list san = {.node = {.type = MBEDTLS_X509_SAN_DNS_NAME}};
    char name[40];
    char not_before[16];
    char not_after[16];
    int n;

    write_time(from, not_before, sizeof not_before);
    write_time(from + LIFETIME, not_after, sizeof not_after);
    snprintf(name, sizeof name, "CN=Model CA %u", issuer);
    serial[3]++;
    mbedtls_x509write_crt_init(&cert);
    mbedtls_x509write_crt_set_version(&cert, MBEDTLS_X509_CRT_VERSION_3);
    mbedtls_x509write_crt_set_md_alg(&cert, MBEDTLS_MD_SHA256);
    mbedtls_x509write_crt_set_subject_key(&cert, subject);
    mbedtls_x509write_crt_set_issuer_key(&cert, &issuers[issuer].key);
    must(mbedtls_x509write_crt_set_serial_raw(&cert, serial, sizeof serial) == 0, "a serial");
    must(subject_name == NULL || mbedtls_x509write_crt_set_subject_name(&cert, subject_name) == 0,
         "a subject");
    must(mbedtls_x509write_crt_set_issuer_name(&cert, name) == 0, "an issuer");
    must(mbedtls_x509write_crt_set_validity(&cert, not_before, not_after) == 0, "a validity");
    if (host != NULL) {
        /* mbedTLS takes the name through a pointer to bytes that it does not write. */
        static char name_of_host[256];

        snprintf(name_of_host, sizeof name_of_host, "%s", host);
        san.node.san.unstructured_name.tag = MBEDTLS_ASN1_IA5_STRING;
        san.node.san.unstructured_name.p = (unsigned char *)name_of_host;
        san.node.san.unstructured_name.len = strlen(host);
        must(mbedtls_x509write_crt_set_subject_alternative_name(&cert, &san) == 0, "a SAN");
    } else {
        must(mbedtls_x509write_crt_set_basic_constraints(&cert, 1, -1) == 0, "constraints");
    }
    n = mbedtls_x509write_crt_der(&cert, out, CERT_SIZE, random_bytes, NULL);
    must(n > 0, "a certificate's DER");
    mbedtls_x509write_crt_free(&cert);
    memmove(out, out + CERT_SIZE - n, (size_t)n);
    return (size_t)n;
}

static void make_key(mbedtls_pk_context *out)
{
    struct sp_key key;

    must(sp_key_make(&key) == 0, "a key");
    mbedtls_pk_init(out);
    must(mbedtls_pk_parse_key(out, key.der, key.n, NULL, 0, random_bytes, NULL) == 0, "its DER");
}

void jose_issuers(void)
{
    static bool made;
    char name[40];

    if (made) {
        return;
    }
    made = true;
    for (unsigned i = 0; i < JOSE_LEVELS; i++) {
        make_key(&issuers[i].key);
    }
    for (unsigned i = 0; i < JOSE_LEVELS; i++) {
        snprintf(name, sizeof name, "CN=Model CA %u", i);
        issuers[i].n = make_cert(&issuers[i].key, name, NULL, i + 1 < JOSE_LEVELS ? i + 1 : i,
                                 1700000000, issuers[i].der);
    }
}

size_t jose_issue(const char *host, const struct sp_span *public_key, unsigned links, bool swap,
                  sp_utc not_before, char *out, size_t cap)
{
    static uint8_t leaf[CERT_SIZE];
    mbedtls_pk_context subject;
    struct sp_buf pem;
    size_t n;

    if (public_key != NULL) {
        mbedtls_pk_init(&subject);
        must(mbedtls_pk_parse_public_key(&subject, public_key->p, public_key->n) == 0, "CSR key");
    } else {
        make_key(&subject);
    }
    n = make_cert(&subject, NULL, host, 0, not_before, leaf);
    mbedtls_pk_free(&subject);
    sp_buf_init(&pem, out, cap);
    sp_pem_put(&pem, sp_span(leaf, n));
    for (unsigned i = 0; i + 1 < links; i++) {
        unsigned level = swap && i < 2 ? 1 - i : i;

        sp_pem_put(&pem, sp_span(issuers[level].der, issuers[level].n));
    }
    must(!pem.cut, "the chain does not fit");
    return pem.len;
}
