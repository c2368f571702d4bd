/* Listening ports, and who gets in: shares for each address, and eviction of the stranger that has
 * been idle longest, and that does not wait for us. Addresses of one IPv6 /64 count as one, since
 * their holder can have any number. */
#include "net/tcp_stream.h"

#include "net/lwip_glue.h"

#include "lwip/priv/tcp_priv.h"
#include "lwip/tcp.h"

#include <string.h>

#define LISTENERS 4
#define HALF_OPEN 10   /* connections that are being made, on all ports */
#define SLOW_MS 2000   /* without an acknowledgement, while others lack memory to send */
#define NO_BACKLOG 255 /* lwIP's own limit would keep newcomers out until the oldest times out */

static struct listener {
    struct tcp_pcb *pcb; /* NULL: free */
    uint16_t port;
    sp_tcp_accept accept;
    void *ctx;
} listeners[LISTENERS];

static struct listener *listener_on(uint16_t port)
{
    for (int i = 0; i < LISTENERS; i++) {
        if (listeners[i].pcb != NULL && listeners[i].port == port) {
            return &listeners[i];
        }
    }
    return NULL;
}

/* Shares */

static bool one_holder(const struct sp_addr *a, const struct sp_addr *b)
{
    if (a->family == 6 && b->family == 6 && sp_addr_is_global(a)) {
        return memcmp(a->bytes, b->bytes, 8) == 0;
    }
    return sp_addr_equal(a, b);
}

static bool is_live_inbound(const struct sp_tcp_slot *slot)
{
    return slot->used && slot->inbound && slot->pcb != NULL;
}

static bool holds_heap(const struct tcp_pcb *pcb)
{
    return pcb->unsent != NULL || pcb->unacked != NULL;
}

/* The peer has closed, and our owner is about to see it: nobody loses anything. */
static bool is_over(const struct sp_tcp_slot *slot)
{
    return slot->peer_ended && slot->rx == NULL && !holds_heap(slot->pcb);
}

/* How many connections the holder of its address has. */
static unsigned share_of(const struct sp_tcp_slot *slot)
{
    unsigned n = 0;

    for (int i = 0; i < SP_TCP_SLOTS; i++) {
        if (is_live_inbound(&sp_tcp_slots[i]) && one_holder(&sp_tcp_slots[i].peer, &slot->peer)) {
            n++;
        }
    }
    return n;
}

/* Who has many connections loses one before who has few: so a crowd of strangers does not cost the
 * CA its one. */
static bool goes_before(const struct sp_tcp_slot *a, const struct sp_tcp_slot *b)
{
    bool a_over = is_over(a);
    bool b_over = is_over(b);
    unsigned a_share = share_of(a);
    unsigned b_share = share_of(b);
    bool a_waits = a->rx != NULL; /* for us: it has said something that was not read yet */
    bool b_waits = b->rx != NULL;

    if (a_over != b_over) {
        return a_over;
    }
    if (a_share != b_share) {
        return a_share > b_share;
    }
    return a_waits != b_waits ? b_waits : a->active < b->active;
}

/* The live inbound connection that has been idle longest, one that waits for us only when all do;
 * of one peer unless that is NULL. */
static struct sp_tcp_slot *longest_idle(const struct sp_addr *peer, unsigned *count)
{
    struct sp_tcp_slot *found = NULL;

    *count = 0;
    for (int i = 0; i < SP_TCP_SLOTS; i++) {
        struct sp_tcp_slot *slot = &sp_tcp_slots[i];

        if (!is_live_inbound(slot) || (peer != NULL && !one_holder(&slot->peer, peer))) {
            continue;
        }
        (*count)++;
        if (found == NULL || goes_before(slot, found)) {
            found = slot;
        }
    }
    return found;
}

static void evict(struct sp_tcp_slot *slot, const char *words)
{
    sp_tcp_count.evicted++;
    sp_tcp_kill(slot, SP_E_CLOSED, words);
}

static void make_room(const struct sp_addr *peer)
{
    unsigned n;
    struct sp_tcp_slot *slot = longest_idle(peer, &n);

    if (n >= SP_TCP_INBOUND_PER_ADDRESS) {
        evict(slot, "closed: too many connections from one address");
    }
    slot = longest_idle(NULL, &n);
    if (n >= SP_TCP_INBOUND || (slot != NULL && sp_tcp_count.open >= SP_TCP_STREAMS)) {
        evict(slot, "closed to make room for another connection");
    }
}

/* What came in beyond a gap will be sent again. */
static bool drop_beyond_gap(void)
{
    for (struct tcp_pcb *pcb = tcp_active_pcbs; pcb != NULL; pcb = pcb->next) {
        if (pcb->ooseq != NULL && pcb->prio != SP_TCP_PRIO_OUTBOUND) {
            tcp_free_ooseq(pcb);
            return true;
        }
    }
    return false;
}

bool sp_tcp_relieve(void)
{
    struct sp_tcp_slot *found = NULL;

    if (drop_beyond_gap()) {
        return true;
    }
    for (int i = 0; i < SP_TCP_SLOTS; i++) {
        struct sp_tcp_slot *slot = &sp_tcp_slots[i];

        if (is_live_inbound(slot) && slot->rx != NULL &&
            (found == NULL || slot->rx->tot_len > found->rx->tot_len)) {
            found = slot;
        }
    }
    if (found != NULL) {
        evict(found, "closed: the network's memory was used up");
    }
    return found != NULL;
}

/* Ended connections whose owner has left go first. */
static bool drop_lingering(void)
{
    for (struct tcp_pcb *pcb = tcp_active_pcbs; pcb != NULL; pcb = pcb->next) {
        if (pcb->prio == SP_TCP_PRIO_LINGER && holds_heap(pcb) &&
            (tcp_ticks - pcb->tmr) * TCP_SLOW_INTERVAL >= SLOW_MS) {
            tcp_abort(pcb);
            return true;
        }
    }
    return false;
}

bool sp_tcp_relieve_heap(sp_time now)
{
    struct sp_tcp_slot *found = NULL;

    if (drop_lingering()) {
        return true;
    }
    for (int i = 0; i < SP_TCP_SLOTS; i++) {
        struct sp_tcp_slot *slot = &sp_tcp_slots[i];

        if (is_live_inbound(slot) && holds_heap(slot->pcb) && now >= slot->active + SLOW_MS &&
            (found == NULL || slot->active < found->active)) {
            found = slot;
        }
    }
    if (found != NULL) {
        evict(found, "closed: it did not read, and others lacked memory to send");
    }
    return found != NULL;
}

/* Of too many half-open connections the oldest goes, without a word to an address that may be
 * forged: so a handshake gets through as long as it is quicker than the next HALF_OPEN of a flood.
 */
void sp_tcp_shed_half_open(void)
{
    struct tcp_pcb *oldest = NULL;
    int n = 0;

    for (struct tcp_pcb *pcb = tcp_active_pcbs; pcb != NULL; pcb = pcb->next) {
        if (pcb->state == SYN_RCVD) {
            oldest = pcb; /* lwIP puts new ones in front */
            n++;
        }
    }
    if (n > HALF_OPEN) {
        tcp_abandon(oldest, 0);
    }
}

/* New connections */

static err_t on_accept(void *arg, struct tcp_pcb *pcb, err_t err)
{
    struct sp_tcp_slot *slot;
    struct sp_addr peer;

    (void)arg;
    if (err != ERR_OK || pcb == NULL) {
        return ERR_VAL;
    }
    sp_lwip_to(&peer, &pcb->remote_ip);
    make_room(&peer);
    slot = sp_tcp_count.open < SP_TCP_STREAMS ? sp_tcp_attach(pcb) : NULL;
    if (slot == NULL) {
        sp_tcp_count.refused++;
        return ERR_MEM; /* lwIP aborts it */
    }
    sp_tcp_count.inbound++;
    slot->inbound = true;
    slot->fresh = true;
    slot->peer = peer;
    slot->port = pcb->local_port;
    sp_net_event();
    return ERR_OK;
}

void sp_tcp_deliver(void)
{
    for (int i = 0; i < SP_TCP_SLOTS; i++) {
        struct sp_tcp_slot *slot = &sp_tcp_slots[i];
        struct listener *listener;

        if (!slot->used || !slot->fresh) {
            continue;
        }
        slot->fresh = false;
        listener = listener_on(slot->port);
        if (listener == NULL || slot->err != 0) {
            sp_stream_release(&slot->stream);
        } else {
            listener->accept(listener->ctx, &slot->stream);
        }
    }
}

static int listen_on(struct listener *listener, uint16_t port)
{
    struct tcp_pcb *pcb = tcp_new_ip_type(IPADDR_TYPE_ANY);
    struct tcp_pcb *listening;

    if (pcb == NULL) {
        return SP_E_MEMORY;
    }
    /* Connections of an earlier listener may still be closing. */
    ip_set_option(pcb, SOF_REUSEADDR);
    tcp_setprio(pcb, SP_TCP_PRIO_INBOUND);
    if (tcp_bind(pcb, IP_ANY_TYPE, port) != ERR_OK) {
        tcp_close(pcb);
        return SP_E_EXISTS;
    }
    listening = tcp_listen_with_backlog(pcb, NO_BACKLOG);
    if (listening == NULL) {
        tcp_close(pcb);
        return SP_E_MEMORY;
    }
    tcp_accept(listening, on_accept);
    listener->pcb = listening;
    listener->port = port;
    return 0;
}

int sp_tcp_listen(uint16_t port, sp_tcp_accept accept, void *ctx)
{
    if (listener_on(port) != NULL) {
        return SP_E_EXISTS;
    }
    for (int i = 0; i < LISTENERS; i++) {
        if (listeners[i].pcb != NULL) {
            continue;
        }
        listeners[i].accept = accept;
        listeners[i].ctx = ctx;
        return listen_on(&listeners[i], port);
    }
    return SP_E_MEMORY;
}

void sp_tcp_unlisten(uint16_t port)
{
    struct listener *listener = listener_on(port);

    if (listener == NULL) {
        return;
    }
    tcp_close(listener->pcb);
    memset(listener, 0, sizeof *listener);
}
