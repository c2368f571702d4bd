/* One wish after the other: ASK_ZONE (by SOA), ASK (the RRset), CHANGE; from each of the first two
 * an alias leads back to the beginning with another name, FOLLOW asks the resolvers for it. */
#include "net/dns_update.h"

#include "base/err.h"
#include "base/log.h"
#include "net/net.h"
#include "sp_port.h"

#include <stdio.h>
#include <string.h>

#define HOPS_MAX 4
#define FLAG_AUTHORITY 0x0400U

static const char *const states[] = {
    [SP_DNS_UPDATE_IDLE] = "idle",     [SP_DNS_UPDATE_CONNECT] = "connect",
    [SP_DNS_UPDATE_ASK_ZONE] = "zone", [SP_DNS_UPDATE_ASK] = "ask",
    [SP_DNS_UPDATE_CHANGE] = "change", [SP_DNS_UPDATE_FOLLOW] = "follow",
};

const char *sp_dns_update_text(enum sp_dns_update_result result)
{
    static const char *const texts[SP_DNS_UPDATE_RESULTS] = {
        [SP_DNS_UPDATE_SAME] = "is as it should be",
        [SP_DNS_UPDATE_DONE] = "was changed",
        [SP_DNS_UPDATE_FOREIGN] = "was left alone: a record stands there that is not the "
                                  "appliance's; remove it, and it is replaced",
        [SP_DNS_UPDATE_ALIAS] = "was left alone: it is an alias (CNAME)",
        [SP_DNS_UPDATE_NO_ZONE] = "has no zone for it that may be changed",
        [SP_DNS_UPDATE_NOT_AUTH] = "does not let this key change the zone (NOTAUTH)",
        [SP_DNS_UPDATE_REFUSED] = "refuses the change (REFUSED): allow it for this key",
        [SP_DNS_UPDATE_RACE] = "did not change it, since somebody else just did",
        [SP_DNS_UPDATE_BAD_ALIAS] = "has an alias (CNAME) there that leads nowhere",
        [SP_DNS_UPDATE_FAILED] = "failed (neither REFUSED nor NOTAUTH): see its log",
        [SP_DNS_UPDATE_TOO_BIG] = "has more records there than fit",
        [SP_DNS_UPDATE_BAD_KEY] = "does not know the key (BADKEY): compare its name and that the "
                                  "algorithm is hmac-sha256",
        [SP_DNS_UPDATE_BAD_SIG] = "has another secret for the key (BADSIG)",
        [SP_DNS_UPDATE_BAD_TIME] = "has another time of day (BADTIME): compare the clocks",
        [SP_DNS_UPDATE_UNSIGNED] = "answers without a right signature: compare the secret",
        [SP_DNS_UPDATE_NO_CONNECTION] = "takes no connection over TCP",
        [SP_DNS_UPDATE_CLOSED] = "closed the connection",
        [SP_DNS_UPDATE_TIMEOUT] = "does not answer",
        [SP_DNS_UPDATE_MALFORMED] = "gives an answer that cannot be understood",
    };

    return result < SP_DNS_UPDATE_RESULTS ? texts[result] : "failed";
}

static void set_state(struct sp_dns_update *x, enum sp_dns_update_state state)
{
    sp_log(SP_LOG_DEBUG, "dns", "update: %s -> %s", states[x->state], states[state]);
    x->state = state;
}

static void drop(struct sp_dns_update *x)
{
    if (x->stream != NULL) {
        sp_stream_release(x->stream);
        x->stream = NULL;
    }
}

/* --- sending --- */

/* Signs what was written behind the length, and begins to send it. SP_E_AGAIN, or a result. */
static int send(struct sp_dns_update *x, struct sp_dns_writer *w, enum sp_dns_update_state state,
                sp_utc utc)
{
    if (sp_tsig_sign(w, &x->server->key, utc, x->mac) < 0) {
        return SP_DNS_UPDATE_TOO_BIG;
    }
    x->u.m.out[0] = (uint8_t)(w->n >> 8U);
    x->u.m.out[1] = (uint8_t)w->n;
    x->out_n = w->n + 2;
    x->sent = x->in_n = 0;
    x->sending = true;
    set_state(x, state);
    return SP_E_AGAIN;
}

static int ask(struct sp_dns_update *x, sp_utc utc)
{
    struct sp_dns_writer w;

    sp_dns_plan_query(&x->wish, x->id, x->u.m.out + 2, SP_DNS_UPDATE_MESSAGE, &w);
    return send(x, &w, SP_DNS_UPDATE_ASK, utc);
}

static int ask_zone(struct sp_dns_update *x, sp_utc utc)
{
    struct sp_dns_writer w;

    sp_dns_write_start(&w, x->u.m.out + 2, SP_DNS_UPDATE_MESSAGE, x->id, 0);
    sp_dns_write_question(&w, x->wish.name, SP_DNS_SOA);
    return send(x, &w, SP_DNS_UPDATE_ASK_ZONE, utc);
}

static bool is_in(const char *name, const char *zone)
{
    size_t n = strlen(name);
    size_t zone_n = strlen(zone);

    return n >= zone_n && strcmp(name + n - zone_n, zone) == 0 &&
           (n == zone_n || name[n - zone_n - 1] == '.');
}

/* Asks the resolvers whether the name is an alias for one that the server may have. */
static int look_elsewhere(struct sp_dns_update *x, sp_time now)
{
    const struct sp_addr resolvers = {.family = 0};
    int err;

    if (!x->follow) {
        return SP_DNS_UPDATE_NO_ZONE;
    }
    memset(&x->u.dns, 0, sizeof x->u.dns);
    err =
        sp_dns_ask(&x->u.dns.query, x->wish.name, SP_DNS_CNAME, &resolvers, &x->u.dns.answer, now);
    if (err < 0) {
        return SP_DNS_UPDATE_NO_ZONE;
    }
    set_state(x, SP_DNS_UPDATE_FOLLOW);
    return SP_E_AGAIN;
}

/* With the name that the wish has by now. */
static int begin(struct sp_dns_update *x, sp_time now, sp_utc utc)
{
    const char *zone = x->server->zone;

    if (sp_port_random(&x->id, sizeof x->id) < 0) {
        return SP_DNS_UPDATE_FAILED;
    }
    if (zone[0] == '\0') {
        return ask_zone(x, utc);
    }
    if (!is_in(x->wish.name, zone)) {
        return look_elsewhere(x, now);
    }
    memcpy(x->wish.zone, zone, sizeof x->wish.zone);
    return ask(x, utc);
}

static int follow_alias(struct sp_dns_update *x, sp_time now, sp_utc utc)
{
    if (!x->follow) {
        return SP_DNS_UPDATE_ALIAS;
    }
    if (++x->hops > HOPS_MAX || x->target[0] == '\0') {
        return SP_DNS_UPDATE_BAD_ALIAS;
    }
    memcpy(x->wish.name, x->target, sizeof x->wish.name);
    return begin(x, now, utc);
}

static int take_elsewhere(struct sp_dns_update *x, sp_time now, sp_utc utc)
{
    struct sp_dns_cursor cursor = {0};
    struct sp_dns_record record;

    if (!x->u.dns.query.done) {
        return SP_E_AGAIN;
    }
    x->target[0] = '\0';
    while (x->target[0] == '\0' && sp_dns_next(&x->u.dns.answer, &cursor, &record)) {
        if (record.type == SP_DNS_CNAME) {
            (void)snprintf(x->target, sizeof x->target, "%s", record.u.host);
        }
    }
    return x->target[0] != '\0' ? follow_alias(x, now, utc) : SP_DNS_UPDATE_NO_ZONE;
}

/* --- answers --- */

static int result_of(unsigned rcode)
{
    switch (rcode) {
    case SP_DNS_NOERROR:
        return SP_DNS_UPDATE_DONE;
    case SP_DNS_REFUSED:
        return SP_DNS_UPDATE_REFUSED;
    case SP_DNS_NOTAUTH:
        return SP_DNS_UPDATE_NOT_AUTH;
    case SP_DNS_NOTZONE:
        return SP_DNS_UPDATE_NO_ZONE;
    case SP_DNS_NXDOMAIN:
    case SP_DNS_YXDOMAIN:
    case SP_DNS_YXRRSET:
    case SP_DNS_NXRRSET:
        return SP_DNS_UPDATE_RACE;
    default:
        return SP_DNS_UPDATE_FAILED;
    }
}

static int result_of_signature(int err, const struct sp_tsig_verdict *verdict, unsigned rcode)
{
    switch (verdict->error) {
    case SP_DNS_BADKEY:
        return SP_DNS_UPDATE_BAD_KEY;
    case SP_DNS_BADSIG:
        return SP_DNS_UPDATE_BAD_SIG;
    case SP_DNS_BADTIME:
        return SP_DNS_UPDATE_BAD_TIME;
    default:
        break;
    }
    if (err == SP_E_CLOCK) {
        return SP_DNS_UPDATE_BAD_TIME;
    }
    /* A refusal is told, though anybody may have made it: nothing follows from it but a wait. */
    return err == SP_E_NOT_FOUND && rcode != SP_DNS_NOERROR && rcode != SP_DNS_NXDOMAIN
               ? result_of(rcode)
               : SP_DNS_UPDATE_UNSIGNED;
}

/* The name's alias or its zone, from the answer to the question for its SOA record. */
static int take_zone(struct sp_dns_update *x, struct sp_span answer, sp_time now, sp_utc utc)
{
    struct sp_dns_reader r;
    struct sp_dns_header header;
    struct sp_dns_rr rr;
    char name[SP_DOMAIN_SIZE];
    unsigned n;

    if (sp_dns_read_start(&r, answer, &header) < 0 || header.counts[SP_DNS_QUESTION] != 1 ||
        sp_dns_skip_question(&r) < 0) {
        return SP_DNS_UPDATE_MALFORMED;
    }
    if ((header.flags & FLAG_AUTHORITY) == 0) {
        return look_elsewhere(x, now);
    }
    n = (unsigned)header.counts[SP_DNS_ANSWERS] + header.counts[SP_DNS_AUTHORITY];
    for (; n > 0; n--) {
        if (sp_dns_read_rr(&r, &rr) < 0 ||
            sp_dns_name_at(answer, rr.name_at, name, sizeof name, NULL) < 0) {
            return SP_DNS_UPDATE_MALFORMED;
        }
        if (rr.type == SP_DNS_CNAME && strcmp(name, x->wish.name) == 0) {
            return sp_dns_name_at(answer, rr.data_at, x->target, sizeof x->target, NULL) < 0
                       ? SP_DNS_UPDATE_BAD_ALIAS
                       : follow_alias(x, now, utc);
        }
        if (rr.type == SP_DNS_SOA && is_in(x->wish.name, name)) {
            memcpy(x->wish.zone, name, sizeof x->wish.zone);
            return ask(x, utc);
        }
    }
    return look_elsewhere(x, now);
}

static int take_rrset(struct sp_dns_update *x, struct sp_span answer, sp_time now, sp_utc utc)
{
    struct sp_dns_writer w;
    int plan = sp_dns_plan_update(&x->wish, answer, x->id, x->u.m.out + 2, SP_DNS_UPDATE_MESSAGE,
                                  &w, x->target);

    switch (plan) {
    case SP_DNS_PLAN_SAME:
        return SP_DNS_UPDATE_SAME;
    case SP_DNS_PLAN_FOREIGN:
        return SP_DNS_UPDATE_FOREIGN;
    case SP_DNS_PLAN_ALIAS:
        return follow_alias(x, now, utc);
    case SP_DNS_PLAN_CHANGE:
        return send(x, &w, SP_DNS_UPDATE_CHANGE, utc);
    case SP_E_STATE:
        return look_elsewhere(x, now);
    case SP_E_INVALID:
        return SP_DNS_UPDATE_BAD_ALIAS;
    case SP_E_TOO_BIG:
        return SP_DNS_UPDATE_TOO_BIG;
    default:
        return SP_DNS_UPDATE_MALFORMED;
    }
}

static int take_answer(struct sp_dns_update *x, sp_time now, sp_utc utc)
{
    struct sp_span answer = sp_span(x->u.m.in + 2, x->in_n - 2);
    struct sp_dns_reader r;
    struct sp_dns_header header;
    struct sp_tsig_verdict verdict;
    unsigned rcode;
    int err;

    if (sp_dns_read_start(&r, answer, &header) < 0 || header.id != x->id ||
        (header.flags & SP_DNS_FLAG_RESPONSE) == 0) {
        return SP_DNS_UPDATE_MALFORMED;
    }
    rcode = SP_DNS_RCODE(header.flags);
    err = sp_tsig_verify(answer, &x->server->key, x->mac, utc, &verdict);
    if (err < 0 || verdict.error != 0) {
        return result_of_signature(err, &verdict, rcode);
    }
    if (x->state == SP_DNS_UPDATE_CHANGE) {
        return result_of(rcode);
    }
    if (rcode == SP_DNS_REFUSED || rcode == SP_DNS_NOTAUTH) { /* none of its zones */
        return look_elsewhere(x, now);
    }
    if (rcode != SP_DNS_NOERROR && rcode != SP_DNS_NXDOMAIN) {
        return result_of(rcode);
    }
    return x->state == SP_DNS_UPDATE_ASK_ZONE ? take_zone(x, answer, now, utc)
                                              : take_rrset(x, answer, now, utc);
}

/* --- the connection --- */

static int connect(struct sp_dns_update *x, sp_time now, sp_utc utc)
{
    int ready = sp_stream_ready(x->stream);

    if (ready == SP_E_AGAIN) {
        return SP_E_AGAIN;
    }
    return ready < 0 ? SP_DNS_UPDATE_NO_CONNECTION : begin(x, now, utc);
}

static int write_out(struct sp_dns_update *x)
{
    int n = sp_stream_write(x->stream, x->u.m.out + x->sent, x->out_n - x->sent, false);

    if (n == SP_E_AGAIN) {
        return SP_E_AGAIN;
    }
    if (n < 0) {
        return SP_DNS_UPDATE_CLOSED;
    }
    x->sent += (size_t)n;
    x->sending = x->sent < x->out_n;
    return SP_E_AGAIN;
}

/* How much of the message, with its length before it, is still to come; 0: none. */
static size_t missing(const struct sp_dns_update *x)
{
    size_t n = x->in_n < 2 ? 2 : 2 + (size_t)(x->u.m.in[0] << 8U | x->u.m.in[1]);

    return n - x->in_n;
}

/* True when the message is whole; *result gets why there will be none. */
static bool read_in(struct sp_dns_update *x, int *result)
{
    size_t n;

    while ((n = missing(x)) > 0) {
        int got;

        if (n > sizeof x->u.m.in - x->in_n) {
            *result = SP_DNS_UPDATE_TOO_BIG;
            return false;
        }
        got = sp_stream_read(x->stream, x->u.m.in + x->in_n, n);
        if (got <= 0) {
            *result = got == SP_E_AGAIN ? SP_E_AGAIN : SP_DNS_UPDATE_CLOSED;
            return false;
        }
        x->in_n += (size_t)got;
    }
    return true;
}

static int talk(struct sp_dns_update *x, sp_time now, sp_utc utc)
{
    int result = SP_E_AGAIN;

    if (x->sending) {
        result = write_out(x);
    }
    if (result == SP_E_AGAIN && !x->sending && read_in(x, &result)) {
        result = take_answer(x, now, utc);
    }
    return result;
}

void sp_dns_update_put(struct sp_dns_update *x, const struct sp_dns_update_server *server,
                       sp_time now)
{
    x->server = server;
    x->deadline = now + SP_DNS_UPDATE_TIMEOUT_MS;
    x->hops = 0;
    x->sending = false;
    if (x->stream == NULL && sp_tcp_connect(&server->address, server->port, &x->stream) < 0) {
        x->stream = NULL;
    }
    set_state(x, SP_DNS_UPDATE_CONNECT);
}

static int advance(struct sp_dns_update *x, sp_time now, sp_utc utc)
{
    switch (x->state) {
    case SP_DNS_UPDATE_CONNECT:
        return x->stream != NULL ? connect(x, now, utc) : SP_DNS_UPDATE_NO_CONNECTION;
    case SP_DNS_UPDATE_ASK_ZONE:
    case SP_DNS_UPDATE_ASK:
    case SP_DNS_UPDATE_CHANGE:
        return talk(x, now, utc);
    case SP_DNS_UPDATE_FOLLOW:
        return take_elsewhere(x, now, utc);
    case SP_DNS_UPDATE_IDLE:
        break;
    }
    return SP_DNS_UPDATE_FAILED;
}

int sp_dns_update_step(struct sp_dns_update *x, sp_time now, sp_utc utc)
{
    enum sp_dns_update_state before;
    int result;

    do { /* a new state has something to send */
        before = x->state;
        result = advance(x, now, utc);
    } while (result == SP_E_AGAIN && x->state != before);
    if (result == SP_E_AGAIN && now >= x->deadline) {
        result = SP_DNS_UPDATE_TIMEOUT;
    }
    if (result == SP_E_AGAIN) {
        return result;
    }
    if (x->state == SP_DNS_UPDATE_FOLLOW) {
        sp_dns_cancel(&x->u.dns.query);
    }
    set_state(x, SP_DNS_UPDATE_IDLE);
    if (sp_dns_update_is_servers((enum sp_dns_update_result)result) ||
        result == SP_DNS_UPDATE_TOO_BIG) {
        drop(x);
    }
    return result;
}

void sp_dns_update_end(struct sp_dns_update *x)
{
    if (x->state == SP_DNS_UPDATE_FOLLOW) {
        sp_dns_cancel(&x->u.dns.query);
    }
    x->state = SP_DNS_UPDATE_IDLE;
    if (x->stream != NULL) {
        (void)sp_stream_finish(x->stream);
    }
    drop(x);
}
