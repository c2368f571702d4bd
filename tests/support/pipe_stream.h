/*
 * pipe_stream: two streams of which one reads what the other writes, for tests.
 *
 * As with TCP, what is written with `more` stays invisible to the reader until a write without it,
 * a finish, or a full buffer. A release without finish resets: the other end loses what it has not
 * read.
 */
#ifndef SP_PIPE_STREAM_H
#define SP_PIPE_STREAM_H

#include "net/stream.h"

#define PIPE_SIZE 40000

struct pipe;

struct pipe_end {
    struct sp_stream stream; /* the first member */
    struct pipe *pipe;
    struct pipe_end *other;
    /* What this end has written */
    uint8_t data[PIPE_SIZE];
    size_t written, visible, taken;
    size_t total; /* bytes written ever */
    bool ended, released, reset;
    unsigned segments; /* how often something became visible */
    size_t room;       /* unread bytes at most; PIPE_SIZE at first */
    size_t chunk;      /* bytes that one read or write moves at most; 0: no limit */
    int ready;         /* what ready() gives, 1 at first */
    struct sp_addr peer;
};

struct pipe {
    struct pipe_end end[2];
    unsigned ops;     /* reads, writes and finishes so far, of both ends */
    unsigned fail_at; /* the operation of that number fails with SP_E_CLOSED; 0: none */
};

void pipe_init(struct pipe *pipe);
struct sp_stream *pipe_stream(struct pipe *pipe, int end);
/* Cuts the connection as if its cable were: the other end sees the end of the stream, unfinished
 * TLS or not. */
void pipe_cut(struct pipe *pipe, int end);

#endif
