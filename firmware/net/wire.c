#include "net/wire.h"

#include "base/err.h"
#include "net/lwip_glue.h"
#include "net/net.h"
#include "sp_port.h"

#include "lwip/udp.h"

#include <string.h>

#define WAITING 4 /* datagrams on a wire: forged ones must not crowd out the true one */
#define FIRST_PORT 32768U
#define PORT_TRIES 8

static struct wire {
    bool used, tcp;
    bool connecting, blocked; /* TCP: not yet up; the last send was not taken whole */
    struct udp_pcb *udp;
    struct sp_stream *stream;
    struct pbuf *rx[WAITING];
    struct sp_addr peer;
} wires[SP_WIRES];

int sp_wire_open(bool tcp)
{
    for (int i = 0; i < SP_WIRES; i++) {
        if (!wires[i].used) {
            memset(&wires[i], 0, sizeof wires[i]);
            wires[i].used = true;
            wires[i].tcp = tcp;
            return i;
        }
    }
    return SP_E_MEMORY;
}

void sp_wire_close(int wire)
{
    struct wire *w = &wires[wire];

    if (w->udp != NULL) {
        udp_remove(w->udp);
    }
    if (w->stream != NULL) {
        sp_stream_finish(w->stream);
        sp_stream_release(w->stream);
    }
    for (int i = 0; i < WAITING; i++) {
        if (w->rx[i] != NULL) {
            pbuf_free(w->rx[i]);
        }
    }
    memset(w, 0, sizeof *w);
}

static void on_datagram(void *arg, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *from,
                        u16_t port)
{
    struct wire *w = arg;

    (void)pcb;
    (void)from; /* a connected pcb only hears its peer */
    (void)port;
    for (int i = 0; i < WAITING; i++) {
        if (w->rx[i] == NULL) {
            w->rx[i] = p;
            sp_net_event();
            return;
        }
    }
    pbuf_free(p);
}

static err_t bind_at_random(struct udp_pcb *pcb)
{
    err_t err = ERR_USE;

    for (int i = 0; i < PORT_TRIES && err == ERR_USE; i++) {
        uint16_t port = 0;

        if (sp_port_random(&port, sizeof port) != 0) {
            return ERR_VAL;
        }
        err = udp_bind(pcb, IP_ANY_TYPE, (u16_t)(FIRST_PORT | port));
    }
    return err;
}

static int connect_udp(struct wire *w, const ip_addr_t *ip, uint16_t port)
{
    w->udp = udp_new_ip_type(IPADDR_TYPE_ANY);
    if (w->udp == NULL || bind_at_random(w->udp) != ERR_OK) {
        return SP_E_MEMORY;
    }
    udp_recv(w->udp, on_datagram, w);
    return udp_connect(w->udp, ip, port) == ERR_OK ? 0 : SP_E_UNREACHABLE;
}

int sp_wire_connect(int wire, const struct sp_addr *addr, uint16_t port)
{
    struct wire *w = &wires[wire];
    ip_addr_t ip;
    int err;

    w->peer = *addr;
    sp_lwip_from(&ip, addr);
    if (!sp_lwip_has_route(&ip)) {
        return SP_E_UNREACHABLE;
    }
    if (!w->tcp) {
        return connect_udp(w, &ip, port);
    }
    err = sp_tcp_connect(addr, port, &w->stream);
    w->connecting = err == 0;
    return err == 0 ? SP_E_AGAIN : err;
}

static int send_udp(struct wire *w, const void *buf, size_t n)
{
    struct pbuf *p;
    err_t err;

    if (w->udp == NULL || n > 0xffff) {
        return SP_E_STATE;
    }
    p = pbuf_alloc(PBUF_TRANSPORT, (u16_t)n, PBUF_RAM);
    if (p == NULL) {
        return SP_E_MEMORY;
    }
    pbuf_take(p, buf, (u16_t)n);
    err = udp_send(w->udp, p);
    pbuf_free(p);
    /* A datagram that lwIP had no room for is as good as lost on the way: it will be sent again. */
    return err == ERR_RTE ? SP_E_UNREACHABLE : (int)n;
}

int sp_wire_send(int wire, const void *buf, size_t n)
{
    struct wire *w = &wires[wire];
    int sent;

    if (!w->tcp) {
        return send_udp(w, buf, n);
    }
    if (w->stream == NULL) {
        return SP_E_STATE;
    }
    sent = sp_stream_write(w->stream, buf, n, false);
    w->blocked = sent != (int)n;
    return sent;
}

static int receive_udp(struct wire *w, void *buf, size_t n)
{
    struct pbuf *p = w->rx[0];
    u16_t got;

    if (p == NULL) {
        return SP_E_AGAIN;
    }
    memmove(w->rx, w->rx + 1, (WAITING - 1) * sizeof w->rx[0]);
    w->rx[WAITING - 1] = NULL;
    got = pbuf_copy_partial(p, buf, (u16_t)LWIP_MIN(n, 0xffff), 0);
    pbuf_free(p);
    return got;
}

int sp_wire_receive(int wire, void *buf, size_t n)
{
    struct wire *w = &wires[wire];

    if (!w->tcp) {
        return receive_udp(w, buf, n);
    }
    return w->stream != NULL ? sp_stream_read(w->stream, buf, n) : SP_E_STATE;
}

const struct sp_addr *sp_wire_peer(int wire)
{
    return &wires[wire].peer;
}

/* Whether a connection attempt is still under way. */
static bool connecting(struct wire *w)
{
    if (w->connecting && sp_stream_ready(w->stream) != SP_E_AGAIN) {
        w->connecting = false;
        w->blocked = true;
    }
    return w->connecting;
}

bool sp_wire_readable(int wire)
{
    struct wire *w = &wires[wire];

    if (!w->tcp) {
        return w->rx[0] != NULL;
    }
    return w->stream != NULL && !connecting(w);
}

bool sp_wire_writable(int wire)
{
    struct wire *w = &wires[wire];

    return w->tcp && w->stream != NULL && !connecting(w) && w->blocked;
}
