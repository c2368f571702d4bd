/*
 * One probe is a row of states, each of which waits for one thing: the connection, a reply, room
 * for a line, the handshake. end() notes what came of it; where the server still listens, QUIT
 * follows.
 */
#include "net/smtp_probe.h"

#include "base/err.h"
#include "base/log.h"
#include "base/text.h"
#include "net/dial.h"
#include "net/http_client.h"

#include <stdio.h>
#include <string.h>

#define PORT 25
#define STEPS_MAX 32
#define RETRY_MS 100 /* while a TLS context is not to be had */
#define QUIT_MS 1000 /* to wait for the answer to QUIT, which nobody needs */

enum state {
    DIAL,
    GREETING,
    SAY_EHLO,
    EHLO,
    SAY_STARTTLS,
    STARTTLS,
    SECURE,
    HANDSHAKE,
    SAY_QUIT,
    QUIT,
    OVER
};

struct probe {
    enum state state;
    char host[SP_DOMAIN_SIZE];
    char name[SP_DOMAIN_SIZE];
    sp_time started, deadline;
    struct sp_dial dial;
    struct sp_stream *stream; /* NULL while it is dialled, and in the end */
    bool secured;             /* the stream is TLS' */
    struct sp_smtp_reply reply;
    char line[SP_DOMAIN_SIZE + 8]; /* to be sent */
    size_t line_n, sent;
    struct sp_smtp_result result;
};

_Static_assert(sizeof(struct probe) <= SP_HTTP_CLIENT_BODY_MAX, "fits into what is lent");

static struct probe *p; /* in the HTTP client's memory; NULL: there is none */

static const struct {
    const char *name;
    enum sp_smtp_stage stage;
} states[] = {
    [DIAL] = {"dial", SP_SMTP_CONNECT},
    [GREETING] = {"greeting", SP_SMTP_GREETING},
    [SAY_EHLO] = {"say-ehlo", SP_SMTP_EHLO},
    [EHLO] = {"ehlo", SP_SMTP_EHLO},
    [SAY_STARTTLS] = {"say-starttls", SP_SMTP_STARTTLS},
    [STARTTLS] = {"starttls", SP_SMTP_STARTTLS},
    [SECURE] = {"secure", SP_SMTP_TLS},
    [HANDSHAKE] = {"handshake", SP_SMTP_TLS},
    [SAY_QUIT] = {"say-quit", SP_SMTP_DONE},
    [QUIT] = {"quit", SP_SMTP_DONE},
    [OVER] = {"over", SP_SMTP_DONE},
};

static void set_state(enum state state)
{
    sp_log(SP_LOG_DEBUG, "smtp", "probe: %s -> %s", states[p->state].name, states[state].name);
    p->state = state;
}

/* --- beginning and end --- */

int sp_smtp_probe_start(const char *host, const char *name, uint32_t timeout_ms, sp_time now)
{
    size_t host_n = strlen(host);
    size_t name_n = strlen(name);

    if (host_n == 0 || host_n >= sizeof p->host || name_n == 0 || name_n >= sizeof p->name) {
        return SP_E_INVALID;
    }
    if (p != NULL || (p = sp_http_client_lend(sizeof *p)) == NULL) {
        return SP_E_AGAIN;
    }
    memcpy(p->host, host, host_n + 1);
    memcpy(p->name, name, name_n + 1);
    p->started = now;
    p->deadline = now + timeout_ms;
    p->state = DIAL;
    sp_dial_begin(&p->dial, p->host, PORT, 0);
    return SP_OK;
}

const struct sp_smtp_result *sp_smtp_probe_result(void)
{
    return p != NULL && p->state == OVER ? &p->result : NULL;
}

static void drop(void)
{
    sp_dial_cancel(&p->dial);
    if (p->stream != NULL) {
        sp_stream_release(p->stream);
        p->stream = NULL;
    }
}

void sp_smtp_probe_release(void)
{
    if (p != NULL) {
        drop();
        sp_http_client_give_back();
        p = NULL;
    }
}

static void close_all(void)
{
    if (p->stream != NULL) {
        (void)sp_stream_finish(p->stream);
    }
    drop();
    set_state(OVER);
}

static void say(enum state then, const char *verb, const char *argument)
{
    struct sp_buf line;

    sp_buf_init(&line, p->line, sizeof p->line);
    sp_buf_printf(&line, "%s%s%s\r\n", verb, argument[0] != '\0' ? " " : "", argument);
    p->line_n = line.len;
    p->sent = 0;
    set_state(then);
}

static enum sp_smtp_stage stage(void)
{
    bool in_dns = p->state == DIAL && strcmp(sp_dial_stage(&p->dial), "dns") == 0;

    return in_dns ? SP_SMTP_DNS : states[p->state].stage;
}

static void keep_tls(void)
{
    struct sp_smtp_result *result = &p->result;

    sp_tls_report(p->stream, &result->tls);
    result->old = result->tls.old;
    if (result->err == SP_OK) {
        result->err = sp_tls_peer(p->stream, &result->peer);
    }
}

/* What came of it is known. words: "" for nothing to add. */
static void end(enum sp_smtp_stage where, int err, const char *words, sp_time now)
{
    struct sp_smtp_result *result = &p->result;

    result->stage = where;
    result->err = err;
    (void)snprintf(result->words, sizeof result->words, "%s", words);
    result->elapsed_ms = (uint32_t)(now - p->started);
    if (p->secured) {
        keep_tls();
    }
    if (err == SP_OK || err == SP_E_NOT_FOUND || (err == SP_E_REFUSED && p->stream != NULL)) {
        say(SAY_QUIT, "QUIT", "");
        p->deadline = now + QUIT_MS;
    } else {
        close_all();
    }
}

/* --- talking --- */

static void lost(int err, sp_time now)
{
    const char *words = sp_stream_error(p->stream);

    err = err == 0 ? SP_E_CLOSED : err;
    end(stage(), err, words[0] != '\0' ? words : sp_err_text(err), now);
}

static bool send_line(enum state then, const char *keyword, sp_time now)
{
    int n = sp_stream_write(p->stream, p->line + p->sent, p->line_n - p->sent, false);

    if (n == SP_E_AGAIN) {
        return false;
    }
    if (n < 0) {
        lost(n, now);
        return true;
    }
    p->sent += (size_t)n;
    if (p->sent == p->line_n) {
        sp_smtp_reply_begin(&p->reply, keyword);
        set_state(then);
    }
    return true;
}

/* Byte by byte, so that what stands behind the reply is not taken for a part of it. Its code;
 * SP_E_AGAIN; another error, which has ended the probe. */
static int read_reply(sp_time now)
{
    int ret = SP_E_AGAIN;
    uint8_t byte;
    int n = 0;

    while (ret == SP_E_AGAIN && (n = sp_stream_read(p->stream, &byte, 1)) > 0) {
        ret = sp_smtp_reply_feed(&p->reply, byte);
    }
    if (ret == SP_E_AGAIN && n == SP_E_AGAIN) {
        return SP_E_AGAIN;
    }
    if (ret == SP_E_AGAIN) {
        lost(n, now);
        return SP_E_CLOSED;
    }
    p->result.code = ret > 0 ? ret : 0;
    (void)snprintf(p->result.said, sizeof p->result.said, "%s", p->reply.said);
    if (ret < 0) {
        end(stage(), SP_E_PROTOCOL, "what it says is no reply of SMTP", now);
    }
    return ret;
}

/* True when the reply has that code; otherwise the probe waits, or is at its end. */
static bool replies(int code, sp_time now, bool *moved)
{
    int reply = read_reply(now);

    *moved = reply != SP_E_AGAIN;
    if (reply > 0 && reply != code) {
        end(stage(), SP_E_REFUSED, "", now);
    }
    return reply == code;
}

static bool greeting(sp_time now)
{
    bool moved;

    if (replies(220, now, &moved)) {
        say(SAY_EHLO, "EHLO", p->name);
    }
    return moved;
}

static bool ehlo(sp_time now)
{
    bool moved;

    if (!replies(250, now, &moved)) {
        return moved;
    }
    if (p->reply.found) {
        say(SAY_STARTTLS, "STARTTLS", "");
    } else {
        end(SP_SMTP_STARTTLS, SP_E_NOT_FOUND, "", now);
    }
    return true;
}

static bool starttls(sp_time now)
{
    uint8_t byte;
    bool moved;
    int n;

    if (!replies(220, now, &moved)) {
        return moved;
    }
    n = sp_stream_read(p->stream, &byte, 1);
    if (n == SP_E_AGAIN) {
        set_state(SECURE);
    } else if (n > 0) {
        end(SP_SMTP_STARTTLS, SP_E_PROTOCOL, "it sends text behind its reply to STARTTLS", now);
    } else {
        lost(n, now);
    }
    return true;
}

static bool secure(sp_time now)
{
    struct sp_stream *tls = NULL;
    int err = sp_tls_connect(p->stream, p->host, SP_TLS_VERIFY_REPORT, &tls);

    /* It has not taken the stream: it is asked for again until our time is up. */
    if (err == SP_E_MEMORY || err == SP_E_AGAIN) {
        return false;
    }
    p->stream = tls;
    if (err != SP_OK) {
        end(SP_SMTP_TLS, err, sp_err_text(err), now);
        return true;
    }
    p->secured = true;
    set_state(HANDSHAKE);
    return true;
}

static bool handshake(sp_time now)
{
    int ready = sp_stream_ready(p->stream);

    if (ready == SP_E_AGAIN) {
        return false;
    }
    if (ready < 0) {
        end(SP_SMTP_TLS, ready, sp_stream_error(p->stream), now);
    } else {
        end(SP_SMTP_DONE, SP_OK, "", now);
    }
    return true;
}

/* --- steps --- */

static bool dial(sp_time now)
{
    int ret = sp_dial_step(&p->dial, now, &p->stream);

    p->result.address = p->dial.address;
    if (ret == SP_E_AGAIN) {
        return false;
    }
    if (ret < 0) {
        end(stage(), ret, p->dial.words, now);
    } else if (ret > 0) {
        sp_smtp_reply_begin(&p->reply, NULL);
        set_state(GREETING);
    }
    return true;
}

static bool send_quit(void)
{
    int n = sp_stream_write(p->stream, p->line + p->sent, p->line_n - p->sent, false);

    if (n == SP_E_AGAIN) {
        return false;
    }
    p->sent += n > 0 ? (size_t)n : 0;
    if (n < 0) {
        close_all();
    } else if (p->sent == p->line_n) {
        set_state(QUIT);
    }
    return true;
}

/* Until it ends the connection, or says anything. */
static bool quit(void)
{
    uint8_t byte;

    if (sp_stream_read(p->stream, &byte, 1) == SP_E_AGAIN) {
        return false;
    }
    close_all();
    return true;
}

static bool advance(sp_time now)
{
    switch (p->state) {
    case DIAL:
        return dial(now);
    case GREETING:
        return greeting(now);
    case SAY_EHLO:
        return send_line(EHLO, "STARTTLS", now);
    case EHLO:
        return ehlo(now);
    case SAY_STARTTLS:
        return send_line(STARTTLS, NULL, now);
    case STARTTLS:
        return starttls(now);
    case SECURE:
        return secure(now);
    case HANDSHAKE:
        return handshake(now);
    case SAY_QUIT:
        return send_quit();
    case QUIT:
        return quit();
    case OVER:
        break;
    }
    return false;
}

static void time_is_up(sp_time now)
{
    bool known = p->state == SAY_QUIT || p->state == QUIT;

    if (known) {
        close_all();
    } else if (p->state == SECURE) {
        end(SP_SMTP_TLS, SP_E_MEMORY, "there was no memory for TLS", now);
    } else {
        end(stage(), SP_E_TIMEOUT, p->dial.words, now);
    }
}

static sp_time wake_at(sp_time now)
{
    sp_time other = p->state == SECURE ? now + RETRY_MS
                    : p->state == DIAL ? sp_dial_wake(&p->dial, now)
                                       : SP_NEVER;

    return sp_time_min(p->deadline, other);
}

/* Who has used streams or DNS says `now` once, so that net comes to step again. */
sp_time sp_smtp_probe_step(sp_time now)
{
    uint32_t moved = sp_tls_stats().moved;

    for (int i = 0; i < STEPS_MAX; i++) {
        if (p == NULL || p->state == OVER) {
            return i > 0 ? now : SP_NEVER;
        }
        if (now >= p->deadline) {
            time_is_up(now);
        } else if (!advance(now)) {
            return i > 0 || sp_tls_stats().moved != moved ? now : wake_at(now);
        }
    }
    return now;
}
