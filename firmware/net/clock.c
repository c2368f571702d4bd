/* The asking: which server, when, and what to do with its answer. The rules for taking an answer
 * are in clock_time.c, those for packets in sntp.c. */
#include "net/clock.h"

#include "base/err.h"
#include "base/log.h"
#include "base/port.h"
#include "net/clock_time.h"
#include "net/dns.h"
#include "net/net.h"
#include "net/sntp.h"
#include "net/wire.h"
#include "sp_port.h"

#include <string.h>

#define SECOND ((sp_time)1000)
#define FIRST_WAIT (2 * SECOND)
#define LAST_WAIT (64 * SECOND)
#define HOUR (3600 * SECOND)
#define REPLY_MS (4 * SECOND) /* a later answer is too vague */
#define PORT 123

enum state { IDLE, RESOLVING6, RESOLVING4, ASKED };
static const char *const state_names[] = {"idle", "resolving AAAA", "resolving A", "asked"};

static struct {
    struct sp_clock_time time;
    enum state state;
    char server[SP_DOMAIN_SIZE]; /* configured; "": DHCP's */
    struct sp_addr list[2 * SP_DNS_ADDRESSES];
    unsigned list_n, turn;
    struct sp_dns_query query;
    struct sp_dns_addresses found;
    struct sp_addr asked; /* the server's address */
    int wire;             /* while ASKED */
    uint8_t cookie[SP_SNTP_COOKIE];
    sp_time began, asked_at, next_try;
    sp_time wait; /* from one try's beginning to the next, when it fails */
    sp_utc synced_at;
    int last_error;
} clk;

static void set_state(enum state state)
{
    sp_log(SP_LOG_DEBUG, "clock", "%s -> %s", state_names[clk.state], state_names[state]);
    clk.state = state;
}

/* Ends */

static void leave(void)
{
    if (clk.state == ASKED) {
        sp_wire_close(clk.wire);
    }
    if (clk.state == RESOLVING6 || clk.state == RESOLVING4) {
        sp_dns_cancel(&clk.query);
    }
    if (clk.state != IDLE) {
        set_state(IDLE);
    }
}

static void ask_again(sp_time now)
{
    sp_time next = clk.began + clk.wait;

    clk.next_try = next > now ? next : now;
    clk.wait = clk.wait < LAST_WAIT / 2 ? clk.wait * 2 : LAST_WAIT;
}

static void failed(int err, sp_time now)
{
    leave();
    if (err != clk.last_error) {
        sp_log_warn("clock", "no time from %s: %s",
                    clk.server[0] != '\0' ? clk.server : "the network's time server",
                    sp_err_text(err));
    }
    clk.last_error = err;
    clk.turn++;
    ask_again(now);
}

/* Whoever sends this kiss wants to be left alone (RFC 5905 7.4). */
static void kissed(const char *kiss, sp_time now)
{
    bool less = strcmp(kiss, "RATE") == 0;

    sp_log_warn("clock", "the time server wants %s (%s)", less ? "fewer questions" : "no questions",
                kiss);
    failed(SP_E_REFUSED, now);
    clk.next_try = now + (less ? LAST_WAIT : HOUR);
}

static void log_verdict(enum sp_clock_verdict verdict, bool was_set)
{
    char text[SP_RFC3339_SIZE], from[SP_ADDR_SIZE];

    sp_addr_text(&clk.asked, from);
    sp_utc_rfc3339(sp_clock_time_ms(&clk.time, sp_port_mono_ms()) / 1000, text);
    if (verdict == SP_CLOCK_BELOW_FLOOR) {
        sp_log_warn("clock", "%s gives a time in our past: refused", from);
    } else if (verdict == SP_CLOCK_STEP_REFUSED) {
        sp_log_warn("clock", "%s sets the clock back: refused unless it is said again", from);
    } else if (verdict == SP_CLOCK_STEPPED_BACK) {
        sp_log_warn("clock", "set back to %s, which %s said twice", text, from);
    } else if (!was_set) {
        sp_log_info("clock", "it is %s by %s", text, from);
    }
}

static void take(int64_t utc_ms, sp_time now)
{
    bool was_set = clk.time.set;
    enum sp_clock_verdict verdict = sp_clock_time_take(&clk.time, utc_ms, now);
    sp_time began;
    sp_utc second;

    log_verdict(verdict, was_set);
    leave();
    if (verdict == SP_CLOCK_BELOW_FLOOR || verdict == SP_CLOCK_STEP_REFUSED) {
        clk.last_error = SP_E_CLOCK;
        clk.next_try = now + LAST_WAIT;
        return;
    }
    second = sp_clock_time_second(&clk.time, now, &began);
    sp_port_set_utc(second, began);
    clk.synced_at = second;
    clk.last_error = 0;
    clk.wait = FIRST_WAIT;
    clk.next_try = now + HOUR;
}

/* Asking */

static void send_request(const struct sp_addr *server, sp_time now)
{
    uint8_t packet[SP_SNTP_SIZE];
    int wire = sp_wire_open(false);
    int err;

    clk.asked = *server;
    if (wire < 0 || sp_port_random(clk.cookie, sizeof clk.cookie) != 0) {
        if (wire >= 0) {
            sp_wire_close(wire);
        }
        failed(wire < 0 ? wire : SP_E_ENTROPY, now);
        return;
    }
    clk.wire = wire;
    set_state(ASKED);
    sp_sntp_request(packet, clk.cookie);
    err = sp_wire_connect(wire, server, PORT);
    if (err == 0) {
        err = sp_wire_send(wire, packet, sizeof packet);
    }
    if (err < 0) {
        failed(err, now);
        return;
    }
    clk.asked_at = now;
}

static void ask_next(sp_time now)
{
    if (clk.list_n == 0) {
        failed(clk.found.result != 0 ? clk.found.result : SP_E_DNS_NODATA, now);
    } else {
        send_request(&clk.list[clk.turn % clk.list_n], now);
    }
}

static void resolve(enum sp_dns_type type, sp_time now)
{
    int err = sp_dns_ask_addresses(&clk.query, clk.server, type, &clk.found, now);

    if (err != 0) {
        failed(err, now);
        return;
    }
    set_state(type == SP_DNS_AAAA ? RESOLVING6 : RESOLVING4);
}

static void begin(sp_time now)
{
    struct sp_net_status status;
    struct sp_addr server;

    clk.began = now;
    if (clk.server[0] == '\0') {
        sp_net_status(&status);
        if (status.ntp.family == 0) {
            failed(SP_E_NOT_FOUND, now);
        } else {
            send_request(&status.ntp, now);
        }
        return;
    }
    if (sp_addr_parse(sp_span_str(clk.server), &server) == 0) {
        send_request(&server, now);
        return;
    }
    clk.list_n = 0;
    resolve(SP_DNS_AAAA, now);
}

/* Addresses that there is no way to would only cost time. */
static void collect(void)
{
    if (clk.found.result != 0) {
        return;
    }
    for (unsigned i = 0; i < clk.found.n; i++) {
        if (sp_net_reaches(&clk.found.list[i])) {
            clk.list[clk.list_n++] = clk.found.list[i];
        }
    }
}

static void resolved(sp_time now)
{
    if (!clk.query.done) {
        return;
    }
    collect();
    if (clk.state == RESOLVING6) {
        resolve(SP_DNS_A, now);
        return;
    }
    set_state(IDLE);
    ask_next(now);
}

static sp_time reply_deadline(void)
{
    return clk.asked_at + (clk.wait < REPLY_MS ? clk.wait : REPLY_MS);
}

static void listen_for_reply(sp_time now)
{
    uint8_t packet[128];
    struct sp_sntp_reply reply;
    int n;

    while ((n = sp_wire_receive(clk.wire, packet, sizeof packet)) >= 0) {
        int err = sp_sntp_parse(sp_span(packet, (size_t)n), clk.cookie, &reply);

        if (err == SP_E_INVALID) {
            continue;
        }
        if (err == SP_E_REFUSED) {
            kissed(reply.kiss, now);
        } else if (err != 0) {
            failed(err, now);
        } else {
            take(reply.utc_ms + (int64_t)(now - clk.asked_at) / 2, now);
        }
        return;
    }
    if (now >= reply_deadline()) {
        failed(SP_E_TIMEOUT, now);
    }
}

/* The interface */

void sp_clock_set_server(const char *server)
{
    leave();
    if (sp_span_copy(sp_span_str(server), clk.server, sizeof clk.server) != 0) {
        sp_log_warn("clock", "the time server's name is too long");
    }
    clk.list_n = 0;
    clk.wait = FIRST_WAIT;
    clk.next_try = 0;
    clk.last_error = 0;
}

void sp_clock_start(const char *server, sp_utc floor)
{
    memset(&clk, 0, sizeof clk);
    clk.time.floor = floor;
    sp_port_set_utc(0, 0);
    sp_clock_set_server(server);
}

sp_utc sp_clock_utc(sp_time now)
{
    return sp_clock_time_ms(&clk.time, now) / 1000;
}

sp_time sp_clock_at(sp_utc utc, sp_time now)
{
    return sp_clock_time_at(&clk.time, utc, now);
}

void sp_clock_status(struct sp_clock_status *out, sp_time now)
{
    memset(out, 0, sizeof *out);
    out->set = clk.time.set;
    out->utc = sp_clock_utc(now);
    out->synced_at = clk.synced_at;
    out->floor = clk.time.floor;
    memcpy(out->server, clk.server, sizeof out->server);
    out->address = clk.asked;
    out->last_error = clk.last_error;
    out->next_try = clk.next_try;
}

/* A server that DHCP has just brought is asked at once. */
static bool server_has_come(void)
{
    struct sp_net_status status;

    if (clk.last_error != SP_E_NOT_FOUND || clk.server[0] != '\0') {
        return false;
    }
    sp_net_status(&status);
    return status.ntp.family != 0;
}

sp_time sp_clock_step(sp_time now)
{
    enum state before = clk.state;

    if (clk.state == IDLE && (now >= clk.next_try || server_has_come())) {
        begin(now);
    } else if (clk.state == RESOLVING6 || clk.state == RESOLVING4) {
        resolved(now);
    } else if (clk.state == ASKED) {
        listen_for_reply(now);
    }
    if (clk.state != before) {
        return now;
    }
    if (clk.state == ASKED) {
        return reply_deadline();
    }
    return clk.state == IDLE ? clk.next_try : SP_NEVER;
}
