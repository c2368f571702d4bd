/* Connections of netprobe: each does what its mode says and tells what became of it. */
#include "netprobe.h"

#include <stdlib.h>
#include <string.h>

#define MOST 32

enum mode {
    ECHO,    /* gives back what comes in, ends when the peer does */
    SINK,    /* reads and counts, ends when the peer does */
    HOLD,    /* touches nothing */
    GREET,   /* says hello and ends */
    BURST,   /* writes 5000 bytes and ends */
    PATTERN, /* sends a number of bytes, wants the same back, ends */
    SOURCE,  /* sends for ever */
    PIECES,  /* two writes, the first with `more` */
};
static const char *const mode_names[] = {"echo",  "sink",    "hold",   "greet",
                                         "burst", "pattern", "source", "pieces"};

static struct session {
    struct sp_stream *stream; /* NULL: free */
    enum mode mode;
    int id;
    bool ready, finished;
    unsigned long to_send, sent, got;
    uint8_t buf[2048];
    size_t have, done;
} sessions[MOST];

static struct {
    unsigned port;
    enum mode mode;
} modes[8];
static int next_id = 1000; /* of inbound ones */

static enum mode mode_of(const char *name)
{
    for (size_t i = 0; name != NULL && i < sizeof mode_names / sizeof mode_names[0]; i++) {
        if (strcmp(name, mode_names[i]) == 0) {
            return (enum mode)i;
        }
    }
    return HOLD;
}

static struct session *start(struct sp_stream *stream, int id, enum mode mode)
{
    for (int i = 0; i < MOST; i++) {
        struct session *s = &sessions[i];
        if (s->stream == NULL) {
            memset(s, 0, sizeof *s);
            s->stream = stream;
            s->id = id;
            s->mode = mode;
            return s;
        }
    }
    say("error sessions");
    abort();
}

static struct session *find(const char *id)
{
    for (int i = 0; i < MOST; i++) {
        if (sessions[i].stream != NULL && sessions[i].id == (int)number(id)) {
            return &sessions[i];
        }
    }
    say("error id %s", id);
    return NULL;
}

static void end(struct session *s, int err)
{
    say("end %d err=%d sent=%lu got=%lu words=%s", s->id, err, s->sent, s->got,
        sp_stream_error(s->stream));
    sp_stream_release(s->stream);
    s->stream = NULL;
}

static void accepted(void *ctx, struct sp_stream *stream)
{
    enum mode mode = *(enum mode *)ctx;
    char text[SP_ADDR_SIZE];
    struct session *s = start(stream, next_id++, mode);

    s->ready = true;
    say("accept %d peer=%s", s->id, sp_addr_text(sp_stream_peer(stream), text));
}

static uint8_t pattern(unsigned long i)
{
    return (uint8_t)(i * 7 + (i >> 8) * 13 + (i >> 16));
}

/* Each turn: 1 when something was done, 0 when not, an error, or 2 when it is over. */

static int turn_echo(struct session *s)
{
    int n;

    if (s->done < s->have) {
        n = sp_stream_write(s->stream, s->buf + s->done, s->have - s->done, false);
        if (n > 0) {
            s->done += (size_t)n;
            s->sent += (unsigned long)n;
        }
        return n == SP_E_AGAIN ? 0 : n < 0 ? n : 1;
    }
    if (s->finished) {
        return 2;
    }
    n = sp_stream_read(s->stream, s->buf, sizeof s->buf);
    if (n == SP_E_AGAIN) {
        return 0;
    }
    if (n < 0) {
        return n;
    }
    if (n == 0) {
        int err = sp_stream_finish(s->stream);
        s->finished = err == 0;
        return err == SP_E_AGAIN ? 0 : err < 0 ? err : 1;
    }
    s->have = (size_t)n;
    s->done = 0;
    s->got += (unsigned long)n;
    return 1;
}

static int turn_sink(struct session *s)
{
    int n = sp_stream_read(s->stream, s->buf, sizeof s->buf);

    if (n == SP_E_AGAIN) {
        return 0;
    }
    if (n > 0) {
        s->got += (unsigned long)n;
    }
    return n == 0 ? 2 : n < 0 ? n : 1;
}

static int say_and_end(struct session *s, const void *what, size_t n)
{
    int err = 0;

    if (s->sent < n) {
        err = sp_stream_write(s->stream, (const char *)what + s->sent, n - s->sent, true);
        s->sent += err > 0 ? (unsigned long)err : 0;
    }
    if (err >= 0 && s->sent == n) {
        err = sp_stream_finish(s->stream);
    }
    if (err == SP_E_AGAIN || s->sent < n) {
        return 0;
    }
    return err < 0 ? err : 2;
}

static int turn_greet(struct session *s)
{
    return say_and_end(s, "hello\n", 6);
}

static int turn_burst(struct session *s)
{
    static const char zeros[5000];

    return say_and_end(s, zeros, sizeof zeros);
}

static int turn_pieces(struct session *s)
{
    if (s->sent == 0) {
        sp_stream_write(s->stream, "one ", 4, true);
        sp_stream_write(s->stream, "two\n", 4, false);
        s->sent = 8;
    }
    return turn_sink(s);
}

static int send_pattern(struct session *s)
{
    uint8_t chunk[1500];
    size_t n = 0;
    int taken;

    while (n < sizeof chunk && s->sent + n < s->to_send) {
        chunk[n] = pattern(s->sent + n);
        n++;
    }
    if (n > 0) {
        taken = sp_stream_write(s->stream, chunk, n, false);
        s->sent += taken > 0 ? (unsigned long)taken : 0;
        return taken;
    }
    if (s->finished) {
        return SP_E_AGAIN;
    }
    taken = sp_stream_finish(s->stream);
    s->finished = taken == 0;
    return taken == 0 ? 1 : taken;
}

static int turn_pattern(struct session *s)
{
    int sent = send_pattern(s);
    int n = sp_stream_read(s->stream, s->buf, sizeof s->buf);

    if (sent < 0 && sent != SP_E_AGAIN) {
        return sent;
    }
    for (int i = 0; i < n; i++, s->got++) {
        if (s->buf[i] != pattern(s->got)) {
            say("error pattern %d at %lu", s->id, s->got);
            return SP_E_CORRUPT;
        }
    }
    if (n == 0) {
        return s->got == s->to_send ? 2 : SP_E_CORRUPT;
    }
    if (n < 0 && n != SP_E_AGAIN) {
        return n;
    }
    return n > 0 || sent > 0;
}

static int turn_source(struct session *s)
{
    static const uint8_t zeros[1460];
    int n = sp_stream_write(s->stream, zeros, sizeof zeros, false);

    if (n > 0) {
        s->sent += (unsigned long)n;
    }
    return n == SP_E_AGAIN ? 0 : n < 0 ? n : 1;
}

static int turn_hold(struct session *s)
{
    int err = sp_stream_ready(s->stream);

    return err < 0 && err != SP_E_AGAIN ? err : 0;
}

static int turn(struct session *s)
{
    static int (*const turns[])(struct session *) = {turn_echo,   turn_sink,  turn_hold,
                                                     turn_greet,  turn_burst, turn_pattern,
                                                     turn_source, turn_pieces};
    int ready;

    if (!s->ready) {
        ready = sp_stream_ready(s->stream);
        if (ready == SP_E_AGAIN) {
            return 0;
        }
        if (ready < 0) {
            return ready;
        }
        s->ready = true;
        say("ready %d", s->id);
    }
    return turns[s->mode](s);
}

sp_time tcp_step(sp_time now)
{
    sp_time next = SP_NEVER;

    for (int i = 0; i < MOST; i++) {
        struct session *s = &sessions[i];
        int did = s->stream != NULL ? turn(s) : 0;

        if (did < 0 || did == 2) {
            end(s, did == 2 ? 0 : did);
        }
        if (did != 0) {
            next = now;
        }
    }
    return next;
}

static void cmd_listen(char **words)
{
    for (int i = 0; i < 8; i++) {
        if (modes[i].port != 0) {
            continue;
        }
        modes[i].port = (unsigned)number(words[0]);
        modes[i].mode = mode_of(words[1]);
        say("listen %s err=%d", words[0],
            sp_tcp_listen((uint16_t)modes[i].port, accepted, &modes[i].mode));
        return;
    }
}

static void cmd_unlisten(char **words)
{
    sp_tcp_unlisten((uint16_t)number(words[0]));
    say("unlisten %s", words[0]);
}

static void cmd_connect(char **words)
{
    struct sp_addr to = address(words[1]);
    struct sp_stream *stream;
    int err = sp_tcp_connect(&to, (uint16_t)number(words[2]), &stream);

    say("connect %s err=%d", words[0], err);
    if (err == 0) {
        start(stream, (int)number(words[0]), mode_of(words[3]))->to_send =
            words[3] != NULL ? number(words[4]) : 0;
    }
}

static void cmd_mode(char **words)
{
    struct session *s = find(words[0]);

    if (s != NULL) {
        s->mode = mode_of(words[1]);
    }
    say("mode %s", words[0]);
}

static void cmd_release(char **words)
{
    struct session *s = find(words[0]);

    if (s != NULL) {
        end(s, 0);
    }
    say("release %s", words[0]);
}

const struct command tcp_commands[] = {
    {"listen", cmd_listen}, {"unlisten", cmd_unlisten}, {"connect", cmd_connect},
    {"mode", cmd_mode},     {"release", cmd_release},   {NULL, NULL},
};
