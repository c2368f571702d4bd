/*
 * net/stream: a connection, as the table of functions of whatever carries it (TCP, TLS over TCP, a
 * test's pipe).
 *
 * Nothing blocks: read and write give SP_E_AGAIN when there is nothing to be had, and the owner
 * tries again in its next step. After any other error the stream is dead: only `error` and release
 * are useful.
 *
 * Memory: streams come from bounded pools of the module that made them and go back by release.
 * Threads: service task.
 */
#ifndef SP_NET_STREAM_H
#define SP_NET_STREAM_H

#include "base/err.h"
#include "base/time.h"
#include "net/addr.h"

#include <stdbool.h>
#include <stddef.h>

struct sp_stream;

struct sp_stream_ops {
    /* Bytes read (1 … n); 0 when the peer has ended its side properly; SP_E_AGAIN; an error. */
    int (*read)(struct sp_stream *stream, void *buf, size_t n);
    /* Bytes taken (1 … n); SP_E_AGAIN; an error. With `more` the bytes may be held back to leave in
     * one segment with those that follow; a write without it (n may then be 0, its result is of no
     * interest unless it is a fatal error), or finish, sends them. */
    int (*write)(struct sp_stream *stream, const void *buf, size_t n, bool more);
    /* Ends our side (close_notify, FIN) after what was written. 0 when all is handed to the
     * network, SP_E_AGAIN, an error. */
    int (*finish)(struct sp_stream *stream);
    /* Gives the stream back; what is under way is dropped (reset) unless finish had returned 0. */
    void (*release)(struct sp_stream *stream);
    /* 1 when the connection is up (handshake done), SP_E_AGAIN while it is being made, an error. */
    int (*ready)(struct sp_stream *stream);
    /* The address of the other side. */
    const struct sp_addr *(*peer)(struct sp_stream *stream);
    /* What went wrong in words, "" when nothing did. Owned by the stream. */
    const char *(*error)(struct sp_stream *stream);
};

struct sp_stream {
    const struct sp_stream_ops *ops;
};

static inline int sp_stream_read(struct sp_stream *s, void *buf, size_t n)
{
    return s->ops->read(s, buf, n);
}

static inline int sp_stream_write(struct sp_stream *s, const void *buf, size_t n, bool more)
{
    return s->ops->write(s, buf, n, more);
}

static inline int sp_stream_finish(struct sp_stream *s)
{
    return s->ops->finish(s);
}

static inline void sp_stream_release(struct sp_stream *s)
{
    s->ops->release(s);
}

static inline int sp_stream_ready(struct sp_stream *s)
{
    return s->ops->ready(s);
}

static inline const struct sp_addr *sp_stream_peer(struct sp_stream *s)
{
    return s->ops->peer(s);
}

static inline const char *sp_stream_error(struct sp_stream *s)
{
    return s->ops->error(s);
}

#endif
