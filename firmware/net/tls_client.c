/* The client's side of TLS: whom it trusts, and what it found. */
#include "base/err.h"
#include "base/scratch.h"
#include "base/text.h"
#include "sp_port.h"
#include "tls_private.h"
#include "trust_private.h"

#include <mbedtls/oid.h>
#include <mbedtls/x509_crt.h>
#include <stdio.h>
#include <string.h>

struct client {
    struct sp_tls tls; /* the first member */
    enum sp_tls_verify verify;
    int found;      /* what verification found: 0 or SP_E_CERT_…, SP_E_CLOCK */
    uint32_t flags; /* of the certificates above the leaf */
};

#define UNREADABLE "the server's certificate cannot be read"
#define DATES (MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE)

static struct client clients[SP_TLS_CLIENTS];
static mbedtls_ssl_config configs[2]; /* by enum sp_tls_verify */

static struct client *client_of(struct sp_tls *tls)
{
    return (struct client *)(void *)tls;
}

/* The most fundamental reason comes first; without a clock nothing is known. */
static int error_of_flags(uint32_t flags)
{
    static const struct {
        uint32_t flag;
        int err;
    } rows[] = {
        {MBEDTLS_X509_BADCERT_NOT_TRUSTED, SP_E_CERT_UNTRUSTED},
        {MBEDTLS_X509_BADCERT_EXPIRED, SP_E_CERT_EXPIRED},
        {MBEDTLS_X509_BADCERT_FUTURE, SP_E_CERT_FUTURE},
        {MBEDTLS_X509_BADCERT_CN_MISMATCH, SP_E_CERT_NAME},
    };

    if (sp_port_utc_s() == 0) {
        return SP_E_CLOCK;
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if ((flags & rows[i].flag) != 0) {
            return rows[i].err;
        }
    }
    return flags != 0 ? SP_E_CERT_BAD : 0;
}

/* Words with the evidence */

static void put_names(struct sp_buf *out, const struct sp_cert_info *peer)
{
    for (unsigned i = 0; i < peer->sans_n && i < 3; i++) {
        sp_buf_printf(out, "%s%s", i > 0 ? ", " : "", peer->sans[i]);
    }
    if (peer->sans_n == 0) {
        sp_buf_puts(out, "no host name");
    }
    if (peer->sans_n > 3) {
        sp_buf_printf(out, " and %u more", peer->sans_n - 3);
    }
}

static void put_reason(struct sp_buf *out, const struct client *client, int err,
                       const struct sp_cert_info *peer)
{
    char date[SP_RFC3339_SIZE];
    bool above = (client->flags & DATES) != 0;

    switch (err) {
    case SP_E_CERT_UNTRUSTED:
        sp_buf_printf(out, "; its issuer %s leads to no trusted root", peer->issuer);
        break;
    case SP_E_CERT_EXPIRED:
        sp_buf_printf(out, above ? "; a certificate above it has expired" : "; expired at %s",
                      sp_utc_rfc3339(peer->not_after, date));
        break;
    case SP_E_CERT_FUTURE:
        sp_buf_printf(out,
                      above ? "; a certificate above it is not valid yet" : "; valid from %s only",
                      sp_utc_rfc3339(peer->not_before, date));
        break;
    case SP_E_CERT_NAME:
        sp_buf_printf(out, ", not for %s", client->tls.name);
        break;
    default: /* to be said when all flags are known */
        break;
    }
}

/* What the leaf is, and what is wrong about it. */
static void describe(struct client *client, const mbedtls_x509_crt *leaf, int err)
{
    size_t mark = sp_scratch_mark();
    struct sp_cert_info *peer = sp_scratch_take(sizeof *peer);
    struct sp_buf out;

    sp_buf_init(&out, client->tls.words, sizeof client->tls.words);
    if (sp_cert_read(sp_span(leaf->raw.p, leaf->raw.len), peer) == 0) {
        sp_buf_puts(&out, "the certificate is for ");
        put_names(&out, peer);
        put_reason(&out, client, err, peer);
    } else {
        sp_buf_puts(&out, UNREADABLE);
    }
    sp_scratch_release(mark);
}

/* mbedTLS takes a common name then. Senders do not (RFC 6125 6.4.4, RFC 8461 3.3). */
static bool names_no_host(const mbedtls_x509_crt *leaf)
{
    return mbedtls_x509_crt_has_ext_type(leaf, MBEDTLS_X509_EXT_SUBJECT_ALT_NAME) == 0;
}

/* mbedTLS shows each certificate of the chain, from the root down, with what is wrong about it. The
 * leaf is described while it is there: it is gone after a handshake that fails. */
static int look_at(void *ctx, mbedtls_x509_crt *crt, int depth, uint32_t *flags)
{
    struct client *client = ctx;

    if (depth > 0) {
        client->flags |= *flags;
    } else {
        *flags |= names_no_host(crt) ? MBEDTLS_X509_BADCERT_CN_MISMATCH : 0;
        describe(client, crt, error_of_flags(client->flags | *flags));
    }
    return 0;
}

/* The hooks */

static void put_flags(struct client *client, uint32_t flags)
{
    size_t n = strlen(client->tls.words);
    char *end = client->tls.words + n;

    if (mbedtls_x509_crt_verify_info(end, sizeof client->tls.words - n, "; ", flags) < 0) {
        *end = '\0';
    }
    end[strcspn(end, "\n")] = '\0';
}

static void judge(struct client *client)
{
    uint32_t flags = mbedtls_ssl_get_verify_result(&client->tls.ssl);

    client->found = error_of_flags(flags);
    if (client->found == 0) {
        client->tls.words[0] = '\0';
    } else if (client->found == SP_E_CERT_BAD || client->found == SP_E_CLOCK) {
        put_flags(client, flags);
    }
}

static void opened(struct sp_tls *tls)
{
    judge(client_of(tls));
}

static int explain(struct sp_tls *tls, int mbed)
{
    struct client *client = client_of(tls);

    if (mbed == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED || mbed == MBEDTLS_ERR_SSL_BAD_CERTIFICATE) {
        judge(client);
        if (client->found == 0) {
            client->found = SP_E_CERT_BAD;
        }
        if (client->tls.words[0] == '\0') {
            sp_tls_words(tls, UNREADABLE);
        }
        return client->found;
    }
    return 0;
}

/* Once the server has chosen, only small messages follow (an echoed cookie could be large). That
 * leaves room for its chain, which is often judged in the same call. */
static void stepped(struct sp_tls *tls)
{
    int state = tls->ssl.MBEDTLS_PRIVATE(state);

    if (state == MBEDTLS_SSL_SERVER_CERTIFICATE || state == MBEDTLS_SSL_ENCRYPTED_EXTENSIONS) {
        sp_tls_trim(&tls->ssl, 0, SP_TLS_OUT_BUFFER);
    }
}

static void release(struct sp_tls *tls)
{
    (void)tls;
}

static int verdict(const struct sp_tls *tls)
{
    return ((const struct client *)(const void *)tls)->found;
}

static bool may_grow(struct sp_tls *tls)
{
    (void)tls;
    return true;
}

static const struct sp_tls_side side = {.may_grow = may_grow,
                                        .stepped = stepped,
                                        .opened = opened,
                                        .explain = explain,
                                        .release = release,
                                        .verdict = verdict};

int sp_tls_client_start(void)
{
    static const int modes[] = {[SP_TLS_VERIFY] = MBEDTLS_SSL_VERIFY_REQUIRED,
                                [SP_TLS_VERIFY_REPORT] = MBEDTLS_SSL_VERIFY_OPTIONAL};

    for (size_t i = 0; i < sizeof configs / sizeof configs[0]; i++) {
        int err = sp_tls_configure(&configs[i], MBEDTLS_SSL_IS_CLIENT);

        if (err != 0) {
            return err;
        }
        mbedtls_ssl_conf_authmode(&configs[i], modes[i]);
        mbedtls_ssl_conf_ca_cb(&configs[i], sp_trust_candidates, NULL);
    }
    return 0;
}

static struct client *free_client(void)
{
    for (size_t i = 0; i < SP_TLS_CLIENTS; i++) {
        if (clients[i].tls.carrier == NULL) {
            return &clients[i];
        }
    }
    return NULL;
}

bool sp_tls_client_busy(void)
{
    return free_client() == NULL;
}

static int open_client(struct client *client, struct sp_stream *carrier, const char *host,
                       enum sp_tls_verify verify)
{
    memset(client, 0, sizeof *client);
    if (sp_tls_open(&client->tls, &side, &configs[verify], carrier, SP_TLS_CLIENT_BUFFER) != 0) {
        return SP_E_MEMORY;
    }
    if (mbedtls_ssl_set_hostname(&client->tls.ssl, host) != 0) {
        mbedtls_ssl_free(&client->tls.ssl);
        memset(client, 0, sizeof *client);
        return SP_E_MEMORY;
    }
    mbedtls_ssl_set_verify(&client->tls.ssl, look_at, client);
    (void)snprintf(client->tls.name, sizeof client->tls.name, "%s", host);
    client->verify = verify;
    return 0;
}

int sp_tls_connect(struct sp_stream *carrier, const char *host, enum sp_tls_verify verify,
                   struct sp_stream **out)
{
    struct client *client = free_client();
    char name[SP_DOMAIN_SIZE];
    int err = 0;

    if (sp_hostname(sp_span_str(host), name) != 0) {
        err = SP_E_INVALID;
    } else if (verify == SP_TLS_VERIFY && sp_port_utc_s() == 0) {
        err = SP_E_CLOCK;
    }
    if (err != 0) {
        sp_stream_release(carrier);
        return err;
    }
    if (client == NULL || !sp_tls_client_fits()) {
        return SP_E_MEMORY;
    }
    err = open_client(client, carrier, name, verify);
    if (err == 0) {
        *out = &client->tls.stream;
    }
    return err;
}
