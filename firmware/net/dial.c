#include "net/dial.h"

#include "base/err.h"
#include "net/net.h"

#include <stdio.h>
#include <string.h>

#define RETRY_MS 100 /* while a query is not to be had */

enum { V6, V4, FAMILIES };

static const struct {
    enum sp_dns_type type;
    uint8_t family;
    const char *what; /* that is missing when it is the only one wanted */
} families[FAMILIES] = {
    [V6] = {SP_DNS_AAAA, 6, "IPv6 address"},
    [V4] = {SP_DNS_A, 4, "IPv4 address"},
};

void sp_dial_begin(struct sp_dial *dial, const char *host, uint16_t port, uint8_t family)
{
    memset(dial, 0, sizeof *dial);
    dial->host = host;
    dial->port = port;
    dial->family = family;
    for (unsigned i = 0; i < FAMILIES; i++) {
        dial->asked[i] = family != 0 && families[i].family != family;
        dial->found[i].result = SP_E_DNS_NODATA;
    }
}

void sp_dial_begin_at(struct sp_dial *dial, const struct sp_addr *address, uint16_t port)
{
    memset(dial, 0, sizeof *dial);
    dial->port = port;
    dial->asked[V6] = dial->asked[V4] = true;
    dial->found[V6].list[0] = *address;
    dial->found[V6].n = 1;
}

/* Addresses */

static unsigned to_ask(const struct sp_dial *dial)
{
    return !dial->asked[V6] ? V6 : !dial->asked[V4] ? V4 : FAMILIES;
}

static void answered(struct sp_dial *dial, unsigned which, int err)
{
    dial->asking = false;
    dial->asked[which] = true;
    dial->found[which].result = err;
    if (err != 0) {
        dial->found[which].n = 0;
    } else if (dial->found[which].n > SP_DNS_ADDRESSES) {
        dial->found[which].n = SP_DNS_ADDRESSES;
    }
}

static int ask(struct sp_dial *dial, unsigned which, sp_time now)
{
    int err;

    if (dial->asking) {
        if (!dial->query.done) {
            return SP_E_AGAIN;
        }
        answered(dial, which, dial->found[which].result);
        return SP_OK;
    }
    memset(&dial->query, 0, sizeof dial->query);
    err = sp_dns_ask_addresses(&dial->query, dial->host, families[which].type, &dial->found[which],
                               now);
    if (err == SP_E_MEMORY) {
        return SP_E_AGAIN;
    }
    dial->asking = err == SP_OK;
    if (err != SP_OK) {
        answered(dial, which, err);
    }
    return SP_OK;
}

/* "No such record" of one family says less than any other error of the other one. */
static int no_address(struct sp_dial *dial)
{
    unsigned only = dial->family == 4 ? V4 : V6;
    int err = dial->found[dial->family != 0 ? only : V4].result;

    if (dial->family == 0 && err == SP_E_DNS_NODATA) {
        err = dial->found[V6].result;
    }
    (void)snprintf(dial->words, sizeof dial->words, "no %s of %s: %s",
                   dial->family == 0 ? "address" : families[only].what, dial->host,
                   sp_err_text(err));
    return err;
}

/* Connecting */

static const struct sp_addr *next_address(const struct sp_dial *dial)
{
    unsigned v6 = dial->found[V6].n;

    if (dial->next < v6) {
        return &dial->found[V6].list[dial->next];
    }
    return dial->next - v6 < dial->found[V4].n ? &dial->found[V4].list[dial->next - v6] : NULL;
}

static void note_failure(struct sp_dial *dial, int err, const char *words)
{
    char address[SP_ADDR_SIZE];
    size_t used = strlen(dial->words);

    (void)snprintf(dial->words + used, sizeof dial->words - used, "%s%s: %s", used > 0 ? "; " : "",
                   sp_addr_text(&dial->address, address),
                   words[0] != '\0' ? words : sp_err_text(err));
    dial->err = err;
    dial->next++;
}

static int begin_connecting(struct sp_dial *dial)
{
    const struct sp_addr *address = next_address(dial);
    int err;

    if (address == NULL) {
        return dial->next == 0 ? no_address(dial) : dial->err;
    }
    dial->address = *address;
    err = sp_tcp_connect(address, dial->port, &dial->stream);
    if (err != SP_OK) {
        dial->stream = NULL;
        note_failure(dial, err, "");
    }
    return SP_OK;
}

static int connect(struct sp_dial *dial, struct sp_stream **out)
{
    int ready = sp_stream_ready(dial->stream);

    if (ready == SP_E_AGAIN) {
        return SP_E_AGAIN;
    }
    if (ready < 0) {
        note_failure(dial, ready, sp_stream_error(dial->stream));
        sp_stream_release(dial->stream);
        dial->stream = NULL;
        return SP_OK;
    }
    *out = dial->stream;
    dial->stream = NULL;
    return 1;
}

int sp_dial_step(struct sp_dial *dial, sp_time now, struct sp_stream **out)
{
    unsigned which = to_ask(dial);

    if (which != FAMILIES) {
        return ask(dial, which, now);
    }
    return dial->stream == NULL ? begin_connecting(dial) : connect(dial, out);
}

const char *sp_dial_stage(const struct sp_dial *dial)
{
    bool none = dial->found[V6].n == 0 && dial->found[V4].n == 0;

    return to_ask(dial) != FAMILIES || none ? "dns" : "connect";
}

sp_time sp_dial_wake(const struct sp_dial *dial, sp_time now)
{
    return to_ask(dial) != FAMILIES && !dial->asking ? now + RETRY_MS : SP_NEVER;
}

void sp_dial_cancel(struct sp_dial *dial)
{
    sp_dns_cancel(&dial->query);
    dial->asking = false;
    if (dial->stream != NULL) {
        sp_stream_release(dial->stream);
        dial->stream = NULL;
    }
}
