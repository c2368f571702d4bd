#include "http_body.h"

#include <string.h>

int sp_http_framing_begin(struct sp_http_framing *framing, bool chunked, uint64_t length,
                          size_t max)
{
    memset(framing, 0, sizeof *framing);
    framing->chunked = chunked;
    framing->left = length;
    framing->max = max;
    framing->whole = !chunked && length == 0;
    framing->chunks.consume_trailer = 1;
    return length > max ? 413 : 0;
}

/* Chunks may be tiny, but not many bytes may be heads and trailers. */
static int take_chunks(struct sp_http_framing *framing, char *buf, size_t n, size_t *body_n,
                       size_t *rest_n)
{
    ssize_t rest;

    *body_n = n;
    rest = phr_decode_chunked(&framing->chunks, buf, body_n);
    if (rest == -1) {
        return 400;
    }
    framing->whole = rest >= 0;
    *rest_n = rest >= 0 ? (size_t)rest : 0;
    framing->around += n - *body_n - *rest_n;
    return framing->around > framing->max ? 400 : 0;
}

int sp_http_framing_take(struct sp_http_framing *framing, char *buf, size_t n, size_t *body_n,
                         size_t *rest_n)
{
    int status = 0;

    *body_n = n;
    *rest_n = 0;
    if (framing->chunked) {
        status = take_chunks(framing, buf, n, body_n, rest_n);
    } else {
        *body_n = n < framing->left ? n : (size_t)framing->left;
        *rest_n = n - *body_n;
        framing->left -= *body_n;
        framing->whole = framing->left == 0;
    }
    if (status == 0 && *body_n > framing->max - framing->total) {
        status = 413;
    }
    framing->total += status == 0 ? *body_n : 0;
    return status;
}
