/*
 * net/http_body: how a request's body is framed (RFC 9112 6 and 7): by a length, or in chunks.
 *
 * Memory: the caller's; the body is decoded where its bytes were read. Pure.
 */
#ifndef SP_NET_HTTP_BODY_H
#define SP_NET_HTTP_BODY_H

#include <picohttpparser.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sp_http_framing {
    bool chunked, whole; /* whole: the body's end has come */
    uint64_t left;       /* bytes of a body that is not chunked */
    size_t max, total;   /* bytes of the body: at most, and so far */
    size_t around;       /* bytes of chunks' heads and trailers so far */
    struct phr_chunked_decoder chunks;
};

/* length: of one that is not chunked. 0, or the status to refuse it with: 413. */
int sp_http_framing_begin(struct sp_http_framing *framing, bool chunked, uint64_t length,
                          size_t max);
/* n bytes at buf were read: the body's are moved to the front. *body_n: how many these are;
 * *rest_n: bytes behind the body's end, which follow them. 0, or a status: 400, 413. */
int sp_http_framing_take(struct sp_http_framing *framing, char *buf, size_t n, size_t *body_n,
                         size_t *rest_n);

#endif
