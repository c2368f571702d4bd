/* Frames between the NIC's driver and lwIP.
 *
 * Inbound: each frame is copied into a chain of the pool's pieces. While the pool has no room for a
 * whole frame, frames stay with the driver for one round of the loop, so that what has come in is
 * read; when that did not help, a stranger's unread data is given up.
 * Outbound: what the driver has no room for waits in a short queue, then lwIP is told (and counts
 * it). */
#include "net/lwip_glue.h"

#include "base/err.h"

#include "lwip/etharp.h"
#include "lwip/ethip6.h"
#include "lwip/ip.h"
#include "lwip/pbuf.h"
#include "lwip/snmp.h"
#include "lwip/stats.h"
#include "netif/ethernet.h"

#include <string.h>

#define BURST 32 /* frames taken in one step */
#define QUEUE 8  /* frames waiting for the driver */
#define PIECES ((SP_NIC_FRAME_MAX + PBUF_POOL_BUFSIZE - 1) / PBUF_POOL_BUFSIZE) /* of a frame */
#define SACRIFICES 2 /* strangers, for one frame */
#define OWN 8        /* packets to ourselves under way */

static struct {
    struct pbuf *queue[QUEUE];
    unsigned first, n;
    struct pbuf *own[OWN];
    unsigned own_first, own_n;
} nic;

static struct sp_hal_nic *driver(struct netif *netif)
{
    return netif->state;
}

static uint8_t frame[SP_NIC_FRAME_MAX]; /* one that comes in, or that does not lie in one piece */

static int send_now(struct netif *netif, struct pbuf *p)
{
    const void *bytes = p->payload;

    if (p->tot_len > sizeof frame) {
        return 0; /* cannot happen with our MTU; drop */
    }
    if (p->next != NULL) {
        pbuf_copy_partial(p, frame, p->tot_len, 0);
        bytes = frame;
    }
    return driver(netif)->ops->send(driver(netif), bytes, p->tot_len);
}

bool sp_nic_flush(struct netif *netif)
{
    while (nic.n > 0 && send_now(netif, nic.queue[nic.first]) != SP_E_AGAIN) {
        pbuf_free(nic.queue[nic.first]);
        nic.first = (nic.first + 1) % QUEUE;
        nic.n--;
    }
    return nic.n > 0;
}

static err_t link_output(struct netif *netif, struct pbuf *p)
{
    int sent = nic.n > 0 ? SP_E_AGAIN : send_now(netif, p);

    LINK_STATS_INC(link.xmit);
    if (sent == 0) {
        return ERR_OK;
    }
    if (sent != SP_E_AGAIN || nic.n == QUEUE) {
        LINK_STATS_INC(link.drop);
        return sent == SP_E_AGAIN ? ERR_MEM : ERR_IF;
    }
    /* lwIP leaves a segment alone while somebody else holds it (tcp_output_segment_busy). */
    pbuf_ref(p);
    nic.queue[(nic.first + nic.n++) % QUEUE] = p;
    return ERR_OK;
}

/* Packets to ourselves: copied into the pool like frames, so that what they carry can be
 * acknowledged and leave the heap; they come in with the next round. */

static err_t turn_round(struct pbuf *p)
{
    struct pbuf *copy = nic.own_n < OWN ? pbuf_clone(PBUF_RAW, PBUF_POOL, p) : NULL;

    if (copy == NULL) {
        LINK_STATS_INC(link.memerr);
        return ERR_MEM;
    }
    nic.own[(nic.own_first + nic.own_n++) % OWN] = copy;
    return ERR_OK;
}

static err_t output4(struct netif *netif, struct pbuf *p, const ip4_addr_t *to)
{
    return ip4_addr_eq(to, netif_ip4_addr(netif)) ? turn_round(p) : etharp_output(netif, p, to);
}

static err_t output6(struct netif *netif, struct pbuf *p, const ip6_addr_t *to)
{
    return netif_get_ip6_addr_match(netif, to) >= 0 ? turn_round(p) : ethip6_output(netif, p, to);
}

bool sp_nic_receive_own(struct netif *netif)
{
    unsigned n = nic.own_n; /* those that these bring about wait */

    for (; n > 0; n--) {
        struct pbuf *p = nic.own[nic.own_first];

        nic.own_first = (nic.own_first + 1) % OWN;
        nic.own_n--;
        if (ip_input(p, netif) != ERR_OK) {
            pbuf_free(p);
        }
    }
    return nic.own_n > 0;
}

static bool has_room(void)
{
    const struct stats_mem *pool = lwip_stats.memp[MEMP_PBUF_POOL];

    return pool->avail - pool->used >= PIECES;
}

static void make_room(void)
{
    for (int i = 0; i < SACRIFICES && !has_room() && sp_tcp_relieve(); i++) {
    }
}

static void take_frame(struct netif *netif, size_t n)
{
    struct pbuf *p = pbuf_alloc(PBUF_RAW, (u16_t)n, PBUF_POOL);

    if (p == NULL) { /* thrown away: left in the driver, it would keep waking the loop */
        LINK_STATS_INC(link.memerr);
        return;
    }
    pbuf_take(p, frame, (u16_t)n);
    LINK_STATS_INC(link.recv);
    if (netif->input(p, netif) != ERR_OK) {
        pbuf_free(p);
    }
    sp_tcp_shed_half_open();
}

bool sp_nic_receive(struct netif *netif)
{
    for (int i = 0; i < BURST; i++) {
        int n;

        if (i == 0) {
            make_room();
        } else if (!has_room()) {
            break;
        }
        n = driver(netif)->ops->receive(driver(netif), frame, sizeof frame);
        if (n <= 0) {
            return false;
        }
        take_frame(netif, (size_t)n);
    }
    return true;
}

err_t sp_nic_init(struct netif *netif)
{
    netif->name[0] = 'e';
    netif->name[1] = 'n';
    netif->mtu = 1500;
    netif->hwaddr_len = 6;
    memcpy(netif->hwaddr, driver(netif)->mac, 6);
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_MLD6;
    netif->output = output4;
    netif->output_ip6 = output6;
    netif->linkoutput = link_output;
    return ERR_OK;
}
