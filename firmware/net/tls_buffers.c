/* The record buffers of a connection. mbedTLS has one size of each kind for all connections and
 * phases: an inbound one for full records, and an outbound one for the chain. Here they get the
 * size that is needed. MBEDTLS_SSL_VARIABLE_BUFFER_LENGTH makes mbedTLS go by in_buf_len; how much
 * is written to the outbound buffer is up to us (sp_tls_room). A server that is to take full
 * records (a POST of a report, say) may be grown like a client. */
#include "base/port.h"
#include "sp_port.h"
#include "tls_private.h"

#include <mbedtls/platform_util.h>
#include <string.h>

#define COUNTER 8  /* bytes before a record's header, for its number */
#define PADDING 32 /* at most, in a record of ours; mbedTLS fills up to 16 */

/* mbedTLS keeps its declaration to itself. */
void mbedtls_ssl_handshake_wrapup_free_hs_transform(mbedtls_ssl_context *ssl);

static size_t full; /* bytes of an inbound buffer for full records */

/* While mbedTLS sets up a context it only allocates the buffers: the inbound one, the largest of
 * its allocations, is clipped. */
int sp_tls_set_up(mbedtls_ssl_context *ssl, const mbedtls_ssl_config *conf, size_t in_buffer)
{
    int err;

    sp_port_tls_clip(MBEDTLS_SSL_IN_CONTENT_LEN, in_buffer);
    err = mbedtls_ssl_setup(ssl, conf);
    sp_port_tls_clip(SIZE_MAX, SIZE_MAX);
    if (err == 0) {
        full = ssl->MBEDTLS_PRIVATE(in_buf_len);
        ssl->MBEDTLS_PRIVATE(in_buf_len) = in_buffer;
    }
    return err;
}

/* At the end of a handshake mbedTLS 3.6 cuts the inbound buffer of a TLS 1.2 client down to the
 * size of the outbound one (MBEDTLS_TLS_EXT_ADV_CONTENT_LEN is the smaller of the two), and full
 * records would not fit any more. It cuts only what is larger, so for that step, which reads
 * nothing, the buffer seems empty. */
int sp_tls_handshake_step(mbedtls_ssl_context *ssl)
{
    size_t n = ssl->MBEDTLS_PRIVATE(in_buf_len);
    int ret;

    if (ssl->MBEDTLS_PRIVATE(state) == MBEDTLS_SSL_HANDSHAKE_WRAPUP) {
        ssl->MBEDTLS_PRIVATE(in_buf_len) = 0;
    }
    ret = mbedtls_ssl_handshake_step(ssl);
    ssl->MBEDTLS_PRIVATE(in_buf_len) = n;
    return ret;
}

void sp_tls_forget_handshake(mbedtls_ssl_context *ssl)
{
    size_t n = ssl->MBEDTLS_PRIVATE(in_buf_len);

    if (ssl->MBEDTLS_PRIVATE(handshake) == NULL) {
        return;
    }
    ssl->MBEDTLS_PRIVATE(in_buf_len) = 0; /* as above */
    mbedtls_ssl_handshake_wrapup_free_hs_transform(ssl);
    ssl->MBEDTLS_PRIVATE(in_buf_len) = n;
}

/* A copy of n bytes in place of *buf, which is wiped: how far it has moved, 0 when there is no
 * memory for it. */
static ptrdiff_t resize(unsigned char **buf, size_t *len, size_t n)
{
    unsigned char *old = *buf;
    unsigned char *made = sp_port_tls_calloc(1, n);

    if (made == NULL) {
        return 0;
    }
    memcpy(made, old, n < *len ? n : *len);
    mbedtls_platform_zeroize(old, *len);
    *buf = made;
    *len = n;
    sp_port_tls_free(old);
    return (intptr_t)made - (intptr_t)old;
}

static void trim_out(mbedtls_ssl_context *ssl, size_t n)
{
    ptrdiff_t by = resize(&ssl->MBEDTLS_PRIVATE(out_buf), &ssl->MBEDTLS_PRIVATE(out_buf_len), n);

    ssl->MBEDTLS_PRIVATE(out_ctr) += by;
    ssl->MBEDTLS_PRIVATE(out_hdr) += by;
    ssl->MBEDTLS_PRIVATE(out_len) += by;
    ssl->MBEDTLS_PRIVATE(out_iv) += by;
    ssl->MBEDTLS_PRIVATE(out_msg) += by;
}

static void resize_in(mbedtls_ssl_context *ssl, size_t n)
{
    ptrdiff_t by = resize(&ssl->MBEDTLS_PRIVATE(in_buf), &ssl->MBEDTLS_PRIVATE(in_buf_len), n);

    ssl->MBEDTLS_PRIVATE(in_ctr) += by;
    ssl->MBEDTLS_PRIVATE(in_hdr) += by;
    ssl->MBEDTLS_PRIVATE(in_len) += by;
    ssl->MBEDTLS_PRIVATE(in_iv) += by;
    ssl->MBEDTLS_PRIVATE(in_msg) += by;
}

/* Whether the inbound buffer holds one record at most, at its usual place, that n bytes can hold.
 */
static bool in_fits(const mbedtls_ssl_context *ssl, size_t n)
{
    const unsigned char *buf = ssl->MBEDTLS_PRIVATE(in_buf);
    const unsigned char *hdr = ssl->MBEDTLS_PRIVATE(in_hdr);

    return hdr == buf + COUNTER && ssl->MBEDTLS_PRIVATE(in_offt) == NULL &&
           COUNTER + ssl->MBEDTLS_PRIVATE(in_left) <= n &&
           (size_t)(ssl->MBEDTLS_PRIVATE(in_msg) - buf) + ssl->MBEDTLS_PRIVATE(in_msglen) <= n;
}

void sp_tls_trim(mbedtls_ssl_context *ssl, size_t in_buffer, size_t out_buffer)
{
    if (ssl->MBEDTLS_PRIVATE(out_buf_len) > out_buffer && ssl->MBEDTLS_PRIVATE(out_left) == 0) {
        trim_out(ssl, out_buffer);
    }
    if (in_buffer != 0 && ssl->MBEDTLS_PRIVATE(in_buf_len) > in_buffer && in_fits(ssl, in_buffer)) {
        resize_in(ssl, in_buffer);
    }
}

size_t sp_tls_growth(const mbedtls_ssl_context *ssl)
{
    size_t n = ssl->MBEDTLS_PRIVATE(in_buf_len);

    return n > SP_TLS_IN_BUFFER ? n - SP_TLS_REQUEST_BUFFER : 0;
}

bool sp_tls_grow(mbedtls_ssl_context *ssl)
{
    if (ssl->MBEDTLS_PRIVATE(in_buf_len) < full) {
        resize_in(ssl, full);
        return ssl->MBEDTLS_PRIVATE(in_buf_len) == full;
    }
    return false;
}

int sp_tls_room(const mbedtls_ssl_context *ssl)
{
    int most = mbedtls_ssl_get_max_out_record_payload(ssl);
    int around = mbedtls_ssl_get_record_expansion(ssl);
    int room;

    if (most <= 0 || around < 0) {
        return MBEDTLS_ERR_SSL_INTERNAL_ERROR;
    }
    room = (int)ssl->MBEDTLS_PRIVATE(out_buf_len) - COUNTER - around - PADDING;
    return room < most ? room : most;
}
