/*
 * net/tcp_stream: the table of TCP streams, shared by tcp.c (what a stream does) and tcp_accept.c
 * (who gets in). Not for other rooms.
 *
 * A slot is in use until its owner releases it; its connection (pcb) may be gone before that, by
 * eviction for instance. So there are more slots than connections.
 */
#ifndef SP_NET_TCP_STREAM_H
#define SP_NET_TCP_STREAM_H

#include "base/limits.h"
#include "net/net.h"

#include "lwip/tcp.h"

#define SP_TCP_SLOTS (SP_TCP_STREAMS + SP_TCP_INBOUND)

/* Who goes first when lwIP runs out of connections (MEMP_NUM_TCP_PCB). */
#define SP_TCP_PRIO_LINGER 1
#define SP_TCP_PRIO_INBOUND 32
#define SP_TCP_PRIO_OUTBOUND TCP_PRIO_MAX

struct sp_tcp_slot {
    struct sp_stream stream; /* first: the owner's pointer */
    struct tcp_pcb *pcb;     /* NULL when the connection is gone */
    struct pbuf *rx;         /* received, not yet read */
    uint16_t rx_read;        /* bytes of its first pbuf that were read */
    bool used, inbound;
    bool connecting;
    bool fresh;      /* accepted, not yet handed to its owner */
    bool peer_ended; /* FIN came in */
    bool ended;      /* our FIN was handed to lwIP */
    int err;         /* why it is dead */
    const char *words;
    sp_time deadline; /* of connecting */
    sp_time active;   /* last time that bytes went either way */
    uint16_t port;    /* local one of an inbound connection */
    struct sp_addr peer;
};

extern struct sp_tcp_slot sp_tcp_slots[SP_TCP_SLOTS];
extern struct sp_tcp_stats sp_tcp_count;

/* A slot for pcb, whose callbacks then lead to it; NULL when there is none. */
struct sp_tcp_slot *sp_tcp_attach(struct tcp_pcb *pcb);
/* Ends the connection with RST and leaves the slot to its owner, who meets err. */
void sp_tcp_kill(struct sp_tcp_slot *slot, int err, const char *words);
/* Hands fresh connections to their owners. */
void sp_tcp_deliver(void);

#endif
