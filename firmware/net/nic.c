/* Frames between the NIC's driver and lwIP.
 *
 * Inbound: each frame goes straight into a pbuf of the pool. When the pool is empty, a stranger's
 * unread data is given up for it.
 * Outbound: what the driver has no room for waits in a short queue, then lwIP is told (and counts
 * it). */
#include "net/lwip_glue.h"

#include "base/err.h"

#include "lwip/etharp.h"
#include "lwip/ethip6.h"
#include "lwip/pbuf.h"
#include "lwip/snmp.h"
#include "lwip/stats.h"
#include "netif/ethernet.h"

#include <string.h>

#define BURST 32 /* frames taken in one step */
#define QUEUE 8  /* frames waiting for the driver */

static struct {
    struct pbuf *spare; /* allocated, but there was no frame for it */
    struct pbuf *queue[QUEUE];
    unsigned first, n;
} nic;

static struct sp_hal_nic *driver(struct netif *netif)
{
    return netif->state;
}

static uint8_t frame[SP_NIC_FRAME_MAX]; /* for what does not lie in one piece, or is thrown away */

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

static struct pbuf *take_buffer(void)
{
    struct pbuf *p = nic.spare;

    nic.spare = NULL;
    for (int tries = 0; p == NULL && tries < 3; tries++) {
        if (tries > 0) {
            sp_tcp_relieve();
        }
        p = pbuf_alloc(PBUF_RAW, SP_NIC_FRAME_MAX, PBUF_POOL);
        PBUF_CHECK_FREE_OOSEQ();
    }
    return p;
}

bool sp_nic_receive(struct netif *netif)
{
    for (int i = 0; i < BURST; i++) {
        struct pbuf *p = take_buffer();
        /* The pool's buffers hold a whole frame (lwipopts.h), so p is no chain. */
        int n = driver(netif)->ops->receive(driver(netif), p != NULL ? p->payload : frame,
                                            SP_NIC_FRAME_MAX);

        if (n <= 0) {
            nic.spare = p;
            return false;
        }
        if (p == NULL) { /* thrown away: left in the driver, it would keep waking the loop */
            LINK_STATS_INC(link.memerr);
            continue;
        }
        pbuf_realloc(p, (u16_t)n);
        LINK_STATS_INC(link.recv);
        if (netif->input(p, netif) != ERR_OK) {
            pbuf_free(p);
        }
        sp_tcp_shed_half_open();
    }
    return true;
}

err_t sp_nic_init(struct netif *netif)
{
    LWIP_ASSERT("a pool buffer holds a frame", PBUF_POOL_BUFSIZE >= SP_NIC_FRAME_MAX);
    netif->name[0] = 'e';
    netif->name[1] = 'n';
    netif->mtu = 1500;
    netif->hwaddr_len = 6;
    memcpy(netif->hwaddr, driver(netif)->mac, 6);
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_MLD6;
    netif->output = etharp_output;
    netif->output_ip6 = ethip6_output;
    netif->linkoutput = link_output;
    return ERR_OK;
}
