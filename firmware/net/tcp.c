/* TCP streams over lwIP's raw API.
 *
 * lwIP's callbacks only fill the slot and note an event; everything else happens in calls of the
 * owner or in sp_tcp_step, outside of them. So no connection is aborted inside its own callback,
 * with the one exception of a lingering one.
 *
 * A pcb belongs to its slot while both ends are open. It is let go (detach) at the latest when both
 * have ended, since lwIP may free it in TIME_WAIT without a word. */
#include "net/tcp_stream.h"

#include "net/lwip_glue.h"
#include "sp_port.h"

#include "lwip/priv/tcp_priv.h"
#include "lwip/stats.h"
#include "lwip/tcp.h"

#include <string.h>

#define LINGER_S 8        /* for an ended connection whose owner has left */
#define RESERVE 3072      /* bytes of lwIP's heap that inbound connections leave to the others */
#define RESERVE_SEGS 16   /* segments, likewise */
#define RESERVE_LWIP 1024 /* bytes that all of them leave to acknowledgements, ARP and the like */
#define STARVED_MS 100    /* a write that found no memory is tried again after this at the latest */

struct sp_tcp_slot sp_tcp_slots[SP_TCP_SLOTS];
struct sp_tcp_stats sp_tcp_count;
static bool starved; /* a write found no memory */

struct sp_tcp_stats sp_tcp_stats(void)
{
    return sp_tcp_count;
}

static struct sp_tcp_slot *slot_of(struct sp_stream *stream)
{
    return (struct sp_tcp_slot *)(void *)stream;
}

/* Letting go of connections */

static void count_down(struct sp_tcp_slot *slot)
{
    slot->pcb = NULL;
    sp_tcp_count.open--;
    if (slot->inbound) {
        sp_tcp_count.inbound--;
    }
}

static struct tcp_pcb *detach(struct sp_tcp_slot *slot)
{
    struct tcp_pcb *pcb = slot->pcb;

    tcp_arg(pcb, NULL);
    tcp_recv(pcb, NULL);
    tcp_sent(pcb, NULL);
    tcp_err(pcb, NULL);
    tcp_setprio(pcb, SP_TCP_PRIO_LINGER);
    count_down(slot);
    return pcb;
}

static void drop_rx(struct sp_tcp_slot *slot)
{
    if (slot->rx != NULL) {
        pbuf_free(slot->rx);
    }
    slot->rx = NULL;
    slot->rx_read = 0;
}

static void fail(struct sp_tcp_slot *slot, int err, const char *words)
{
    slot->connecting = false;
    slot->err = err;
    slot->words = words;
    sp_net_event();
}

void sp_tcp_kill(struct sp_tcp_slot *slot, int err, const char *words)
{
    if (slot->pcb != NULL) {
        tcp_abort(detach(slot));
    }
    drop_rx(slot);
    fail(slot, err, words);
}

/* The owner has left after finish: what the peer still sends is thrown away, so that our last bytes
 * are not lost to a reset, but not for long. */

static err_t linger_recv(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
    (void)arg;
    (void)err;
    if (p != NULL) {
        tcp_recved(pcb, p->tot_len);
        pbuf_free(p);
    }
    return ERR_OK;
}

static err_t linger_poll(void *arg, struct tcp_pcb *pcb)
{
    uintptr_t seconds = (uintptr_t)arg + 1;

    if (seconds > LINGER_S) {
        tcp_abort(pcb);
        return ERR_ABRT;
    }
    tcp_arg(pcb, (void *)seconds);
    return ERR_OK;
}

static void linger(struct sp_tcp_slot *slot)
{
    unsigned unread = slot->rx != NULL ? (unsigned)slot->rx->tot_len - slot->rx_read : 0;
    struct tcp_pcb *pcb = detach(slot);

    tcp_recved(pcb, (u16_t)unread);
    tcp_recv(pcb, linger_recv);
    tcp_poll(pcb, linger_poll, 2); /* half seconds */
}

/* lwIP's callbacks */

/* Fills the room at the end of the last buffer first: a peer that sends single bytes would
 * otherwise take a buffer of the pool for each. */
static struct pbuf *top_up(struct pbuf *chain, struct pbuf *p)
{
    struct pbuf *last = chain;
    size_t room, n;

    while (last->next != NULL) {
        last = last->next;
    }
    if (pbuf_match_allocsrc(last, PBUF_TYPE_ALLOC_SRC_MASK_STD_MEMP_PBUF_POOL) == 0 ||
        last->ref != 1) {
        return p;
    }
    room = (size_t)((uint8_t *)last + LWIP_MEM_ALIGN_SIZE(sizeof(struct pbuf)) + PBUF_POOL_BUFSIZE -
                    ((uint8_t *)last->payload + last->len));
    n = LWIP_MIN(room, p->tot_len);
    pbuf_copy_partial(p, (uint8_t *)last->payload + last->len, (u16_t)n, 0);
    last->len = (u16_t)(last->len + n);
    for (struct pbuf *q = chain; q != NULL; q = q->next) {
        q->tot_len = (u16_t)(q->tot_len + n);
    }
    return pbuf_free_header(p, (u16_t)n);
}

static err_t on_recv(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
    struct sp_tcp_slot *slot = arg;

    (void)err;
    sp_net_event();
    slot->active = sp_port_mono_ms();
    if (slot->inbound && p != NULL) {
        /* A client with Nagle on holds its request back until the end of its handshake, to which we
         * have nothing to say, is acknowledged. */
        tcp_ack_now(pcb);
    }
    if (p == NULL) {
        slot->peer_ended = true;
        if (slot->ended) {
            detach(slot);
        }
        return ERR_OK;
    }
    if (slot->rx != NULL) {
        p = top_up(slot->rx, p);
    }
    if (slot->rx == NULL) {
        slot->rx = p;
    } else if (p != NULL) {
        pbuf_cat(slot->rx, p);
    }
    return ERR_OK;
}

static err_t on_sent(void *arg, struct tcp_pcb *pcb, u16_t n)
{
    struct sp_tcp_slot *slot = arg;

    (void)pcb;
    (void)n;
    slot->active = sp_port_mono_ms();
    sp_net_event();
    return ERR_OK;
}

static err_t on_connected(void *arg, struct tcp_pcb *pcb, err_t err)
{
    struct sp_tcp_slot *slot = arg;

    (void)pcb;
    (void)err;
    slot->connecting = false;
    slot->active = sp_port_mono_ms();
    sp_net_event();
    return ERR_OK;
}

/* The pcb is gone already. */
static void on_err(void *arg, err_t err)
{
    struct sp_tcp_slot *slot = arg;

    count_down(slot);
    if (slot->connecting && err == ERR_RST) {
        fail(slot, SP_E_REFUSED, "nothing listens there: the connection was refused");
    } else if (slot->connecting) {
        fail(slot, SP_E_TIMEOUT, "no answer to the connection attempt");
    } else if (err == ERR_RST) {
        fail(slot, SP_E_CLOSED, "the peer reset the connection");
    } else if (err == ERR_CLSD) {
        fail(slot, SP_E_CLOSED, "the peer closed the connection");
    } else {
        fail(slot, SP_E_TIMEOUT,
             "the connection was lost: no acknowledgement, or our address changed");
    }
}

/* The stream's functions */

static void advance(struct sp_tcp_slot *slot, size_t n)
{
    n += slot->rx_read;
    while (slot->rx != NULL && n >= slot->rx->len) {
        struct pbuf *rest = slot->rx->next;
        n -= slot->rx->len;
        if (rest != NULL) {
            pbuf_ref(rest);
        }
        pbuf_free(slot->rx);
        slot->rx = rest;
    }
    slot->rx_read = (uint16_t)n;
}

static int tcp_stream_read(struct sp_stream *stream, void *buf, size_t n)
{
    struct sp_tcp_slot *slot = slot_of(stream);
    u16_t got;

    if (n == 0) {
        return SP_E_INVALID;
    }
    if (slot->rx == NULL) {
        if (slot->peer_ended) {
            return 0;
        }
        return slot->err != 0 ? slot->err : SP_E_AGAIN;
    }
    got = pbuf_copy_partial(slot->rx, buf, (u16_t)LWIP_MIN(n, 0xffff), slot->rx_read);
    advance(slot, got);
    if (slot->pcb != NULL) {
        tcp_recved(slot->pcb, got);
    }
    return got;
}

static int may_send(const struct sp_tcp_slot *slot)
{
    if (slot->err != 0) {
        return slot->err;
    }
    if (slot->ended || slot->pcb == NULL) {
        return SP_E_STATE;
    }
    return slot->connecting ? SP_E_AGAIN : 0;
}

/* Bytes of lwIP's heap that are there for an inbound connection, or for one of our own. Peers that
 * read slowly, or not at all, must not keep the CA's answers or DNS out of it. */
static size_t heap_left(bool inbound)
{
    const struct stats_mem *segs = lwip_stats.memp[MEMP_TCP_SEG];
    size_t left = lwip_stats.mem.avail - lwip_stats.mem.used;
    size_t reserve = inbound ? RESERVE : RESERVE_LWIP;

    if (left <= reserve || (inbound && segs->avail - segs->used <= RESERVE_SEGS)) {
        return 0;
    }
    return left - reserve;
}

/* What a slot may put into lwIP's heap now: half of what is there. Headers, fragmentation and, when
 * we talk to ourselves, the packets' copies have the rest. */
static size_t may_take(const struct sp_tcp_slot *slot, size_t n)
{
    size_t share = heap_left(slot->inbound) / 2;

    n = LWIP_MIN(n, tcp_sndbuf(slot->pcb));
    if (n > share) {
        starved = true;
    }
    return LWIP_MIN(n, share);
}

static int tcp_stream_write(struct sp_stream *stream, const void *buf, size_t n, bool more)
{
    struct sp_tcp_slot *slot = slot_of(stream);
    int err = may_send(slot);
    size_t take;

    if (err != 0) {
        return err;
    }
    take = may_take(slot, n);
    /* When lwIP has no memory for all of it, less may still do. */
    while (take > 0 &&
           tcp_write(slot->pcb, buf, (u16_t)take,
                     TCP_WRITE_FLAG_COPY | (more ? TCP_WRITE_FLAG_MORE : 0)) != ERR_OK) {
        starved = true;
        take /= 2;
    }
    if (!more || take < n) {
        tcp_output(slot->pcb);
    }
    return take > 0 ? (int)take : SP_E_AGAIN;
}

static int tcp_stream_finish(struct sp_stream *stream)
{
    struct sp_tcp_slot *slot = slot_of(stream);
    int err = may_send(slot);

    if (slot->ended && slot->err == 0) {
        return 0;
    }
    if (err != 0) {
        return err;
    }
    if (tcp_shutdown(slot->pcb, 0, 1) != ERR_OK) {
        return SP_E_AGAIN;
    }
    slot->ended = true;
    if (slot->peer_ended) {
        detach(slot);
    }
    return 0;
}

static void tcp_stream_release(struct sp_stream *stream)
{
    struct sp_tcp_slot *slot = slot_of(stream);

    if (slot->pcb != NULL && slot->ended) {
        linger(slot);
    } else if (slot->pcb != NULL) {
        tcp_abort(detach(slot));
    }
    drop_rx(slot);
    memset(slot, 0, sizeof *slot);
}

static int tcp_stream_ready(struct sp_stream *stream)
{
    struct sp_tcp_slot *slot = slot_of(stream);

    if (slot->err != 0) {
        return slot->err;
    }
    return slot->connecting ? SP_E_AGAIN : 1;
}

static const struct sp_addr *tcp_stream_peer(struct sp_stream *stream)
{
    return &slot_of(stream)->peer;
}

static const char *tcp_stream_error(struct sp_stream *stream)
{
    return slot_of(stream)->words;
}

static const struct sp_stream_ops ops = {
    .read = tcp_stream_read,
    .write = tcp_stream_write,
    .finish = tcp_stream_finish,
    .release = tcp_stream_release,
    .ready = tcp_stream_ready,
    .peer = tcp_stream_peer,
    .error = tcp_stream_error,
};

/* Making connections */

struct sp_tcp_slot *sp_tcp_attach(struct tcp_pcb *pcb)
{
    for (int i = 0; i < SP_TCP_SLOTS; i++) {
        struct sp_tcp_slot *slot = &sp_tcp_slots[i];

        if (slot->used) {
            continue;
        }
        slot->used = true;
        slot->stream.ops = &ops;
        slot->pcb = pcb;
        slot->words = "";
        slot->active = sp_port_mono_ms();
        if (++sp_tcp_count.open > sp_tcp_count.open_peak) {
            sp_tcp_count.open_peak = sp_tcp_count.open;
        }
        tcp_arg(pcb, slot);
        tcp_recv(pcb, on_recv);
        tcp_sent(pcb, on_sent);
        tcp_err(pcb, on_err);
        tcp_nagle_disable(pcb);
        return slot;
    }
    return NULL;
}

static int connect_error(err_t err)
{
    return err == ERR_RTE || err == ERR_VAL ? SP_E_UNREACHABLE : SP_E_MEMORY;
}

int sp_tcp_connect(const struct sp_addr *addr, uint16_t port, struct sp_stream **out)
{
    struct sp_tcp_slot *slot = NULL;
    struct tcp_pcb *pcb;
    ip_addr_t ip;
    err_t err;

    sp_lwip_from(&ip, addr);
    if (addr->family == 0 || !sp_lwip_has_route(&ip)) {
        return SP_E_UNREACHABLE;
    }
    if (sp_tcp_count.open >= SP_TCP_STREAMS) {
        return SP_E_MEMORY;
    }
    pcb = tcp_new_ip_type(IP_GET_TYPE(&ip));
    if (pcb == NULL) {
        return SP_E_MEMORY;
    }
    slot = sp_tcp_attach(pcb);
    if (slot == NULL) {
        tcp_abort(pcb);
        return SP_E_MEMORY;
    }
    tcp_setprio(pcb, SP_TCP_PRIO_OUTBOUND);
    slot->connecting = true;
    slot->peer = *addr;
    slot->deadline = slot->active + SP_CONNECT_TIMEOUT_MS;
    err = tcp_connect(pcb, &ip, port, on_connected);
    if (err != ERR_OK) {
        sp_stream_release(&slot->stream);
        return connect_error(err);
    }
    sp_net_event();
    *out = &slot->stream;
    return 0;
}

static void give_up_connecting(struct sp_tcp_slot *slot)
{
    ip_addr_t ip;

    sp_lwip_from(&ip, &slot->peer);
    if (sp_lwip_next_hop_answers(&ip)) {
        sp_tcp_kill(slot, SP_E_TIMEOUT, "no answer to the connection attempt");
    } else {
        sp_tcp_kill(slot, SP_E_UNREACHABLE, "no such host on the network (ARP got no answer)");
    }
}

/* Writers that found no memory are called again in a while, with less in the way if need be. */
static sp_time feed_the_starved(sp_time now)
{
    static sp_time hungry_until = SP_NEVER;

    if (now >= hungry_until) {
        hungry_until = SP_NEVER;
        if (heap_left(true) < TCP_MSS) {
            sp_tcp_relieve_heap(now);
        }
        sp_net_event();
    }
    if (starved && hungry_until == SP_NEVER) {
        hungry_until = now + STARVED_MS;
    }
    starved = false;
    return hungry_until;
}

sp_time sp_tcp_step(sp_time now)
{
    sp_time next = feed_the_starved(now);

    for (int i = 0; i < SP_TCP_SLOTS; i++) {
        struct sp_tcp_slot *slot = &sp_tcp_slots[i];

        if (!slot->used || !slot->connecting) {
            continue;
        }
        if (now >= slot->deadline) {
            give_up_connecting(slot);
        } else {
            next = sp_time_min(next, slot->deadline);
        }
    }
    sp_tcp_deliver();
    return next;
}
