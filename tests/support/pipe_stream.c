#include "pipe_stream.h"

#include <string.h>

static struct pipe_end *end_of(struct sp_stream *stream)
{
    return (struct pipe_end *)(void *)stream;
}

static bool fails(struct pipe *pipe)
{
    return ++pipe->ops == pipe->fail_at;
}

static size_t limit(const struct pipe_end *end, size_t n)
{
    return end->chunk > 0 && n > end->chunk ? end->chunk : n;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void show(struct pipe_end *end)
{
    if (end->visible == end->written) {
        return;
    }
    end->visible = end->written;
    end->segments++;
}

static int pipe_read(struct sp_stream *stream, void *buf, size_t n)
{
    struct pipe_end *end = end_of(stream);
    struct pipe_end *from = end->other;

    if (fails(end->pipe) || end->reset) {
        end->reset = true;
    }
    if (end->reset) {
        return SP_E_CLOSED;
    }
    n = limit(end, least(n, from->visible - from->taken));
    if (n == 0) {
        return from->ended ? 0 : SP_E_AGAIN;
    }
    memcpy(buf, from->data + from->taken, n);
    from->taken += n;
    if (from->taken == from->written) {
        from->taken = from->written = from->visible = 0;
    }
    return (int)n;
}

static int pipe_write(struct sp_stream *stream, const void *buf, size_t n, bool more)
{
    struct pipe_end *end = end_of(stream);
    size_t asked = n;

    if (n > 0 && fails(end->pipe)) {
        end->reset = true;
    }
    if (end->reset) {
        return SP_E_CLOSED;
    }
    if (end->ended) {
        return SP_E_STATE;
    }
    n = limit(end, n);
    n = least(n, least(end->room, PIPE_SIZE) - least(end->room, end->written - end->taken));
    n = least(n, PIPE_SIZE - end->written);
    memcpy(end->data + end->written, buf, n);
    end->written += n;
    end->total += n;
    if (!more || (n < asked && n == 0)) {
        show(end);
    }
    return n > 0 ? (int)n : SP_E_AGAIN;
}

static int pipe_finish(struct sp_stream *stream)
{
    struct pipe_end *end = end_of(stream);

    if (fails(end->pipe)) {
        end->reset = true;
    }
    if (end->reset) {
        return SP_E_CLOSED;
    }
    show(end);
    end->ended = true;
    return 0;
}

static void pipe_release(struct sp_stream *stream)
{
    struct pipe_end *end = end_of(stream);

    if (!end->ended) {
        end->other->reset = true;
    }
    end->released = true;
}

static int pipe_ready(struct sp_stream *stream)
{
    struct pipe_end *end = end_of(stream);

    return end->reset ? SP_E_CLOSED : end->ready;
}

static const struct sp_addr *pipe_peer(struct sp_stream *stream)
{
    return &end_of(stream)->peer;
}

static const char *pipe_error(struct sp_stream *stream)
{
    return end_of(stream)->reset ? "the peer reset the connection" : "";
}

static const struct sp_stream_ops ops = {
    .read = pipe_read,
    .write = pipe_write,
    .finish = pipe_finish,
    .release = pipe_release,
    .ready = pipe_ready,
    .peer = pipe_peer,
    .error = pipe_error,
};

void pipe_init(struct pipe *pipe)
{
    memset(pipe, 0, sizeof *pipe);
    for (int i = 0; i < 2; i++) {
        pipe->end[i].stream.ops = &ops;
        pipe->end[i].pipe = pipe;
        pipe->end[i].other = &pipe->end[1 - i];
        pipe->end[i].room = PIPE_SIZE;
        pipe->end[i].ready = 1;
        pipe->end[i].peer = (struct sp_addr){.family = 4, .bytes = {192, 0, 2, (uint8_t)(1 + i)}};
    }
}

struct sp_stream *pipe_stream(struct pipe *pipe, int end)
{
    return &pipe->end[end].stream;
}

void pipe_cut(struct pipe *pipe, int end)
{
    show(&pipe->end[end]);
    pipe->end[end].ended = true;
}
