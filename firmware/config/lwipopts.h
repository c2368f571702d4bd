/*
 * lwipopts.h: lwIP without an operating system, inside the firmware's one loop.
 *
 * Only the raw API is used, from one task, so nothing is locked. The pools are sized once for every
 * board, 29 KB in all; their high-water marks are in lwip_stats (sp_net_pool).
 */
#ifndef SP_LWIPOPTS_H
#define SP_LWIPOPTS_H

#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_SOCKET 0
#define LWIP_NETCONN 0
#define LWIP_HOOK_FILENAME "lwip_hooks.h"

/* Memory: lwIP's own heap and pools, none of it from malloc. ----------------------------------- */

#define MEM_ALIGNMENT 8
#define MEM_LIBC_MALLOC 0
#define MEMP_MEM_MALLOC 0
#define MEM_SIZE (10 * 1024) /* bytes: what is being sent and not yet acknowledged */

/* What has come in and is not yet read. A small segment takes one piece, a full frame six. The
 * headers of a packet lie in the first piece: lwIP wants those of IP and TCP unbroken. */
#define PBUF_POOL_BUFSIZE 256
#define PBUF_POOL_SIZE 40
#define MEMP_NUM_PBUF 16
#define MEMP_NUM_TCP_PCB 32 /* SP_TCP_STREAMS, ten half-open ones, and some that are closing */
#define MEMP_NUM_TCP_PCB_LISTEN 4
#define MEMP_NUM_TCP_SEG 48
#define MEMP_NUM_UDP_PCB 14 /* SP_DNS_QUERIES with a retry each under way, DHCP, SNTP */
#define MEMP_NUM_RAW_PCB 0
#define MEMP_NUM_REASSDATA 4
#define MEMP_NUM_FRAG_PBUF 20
#define MEMP_NUM_ARP_QUEUE 8
#define MEMP_NUM_ND6_QUEUE 8
#define MEMP_NUM_MLD6_GROUP 6
#define MEMP_NUM_SYS_TIMEOUT (LWIP_NUM_SYS_TIMEOUT_INTERNAL + 4)

/* IPv4 ----------------------------------------------------------------------------------------- */

#define LWIP_IPV4 1
#define LWIP_ARP 1
#define ARP_QUEUEING 1
#define LWIP_ICMP 1
#define LWIP_RAW 0
#define IP_REASSEMBLY 1
#define IP_REASS_MAX_PBUFS 20 /* three frames: fragments must not starve the rest */
#define LWIP_DHCP 1
#define LWIP_DHCP_DOES_ACD_CHECK 0 /* it would cost seven seconds at every start */
#define LWIP_DHCP_GET_NTP_SRV 1    /* net/ defines dhcp_set_ntp_servers() */
#define LWIP_DHCP_MAX_NTP_SERVERS 2
#define LWIP_AUTOIP 0
#define LWIP_NETIF_HOSTNAME 1

/* IPv6: stateless autoconfiguration ------------------------------------------------------------ */

#define LWIP_IPV6 1
#define LWIP_IPV6_AUTOCONFIG 1
#define LWIP_IPV6_SEND_ROUTER_SOLICIT 1
#define LWIP_IPV6_NUM_ADDRESSES 4
#define LWIP_IPV6_MLD 1
#define LWIP_IPV6_DHCP6 0
#define LWIP_IPV6_REASS 1
#define LWIP_ND6_NUM_DESTINATIONS 8
#define IPV6_FRAG_COPYHEADER 1 /* with 64-bit pointers its bookkeeping outgrows the header */
#define LWIP_ND6_RDNSS_MAX_DNS_SERVERS 2

/* Names are resolved by c-ares. LWIP_DNS is on all the same: only then do DHCP and router
 * advertisements hand over the DNS servers that they bring, through dns_setserver(). lwIP's own
 * resolver (core/dns.c) is not built; net/ defines the four functions that the rest asks for. */
#define LWIP_DNS 1
#define DNS_MAX_SERVERS 2
#define DNS_TABLE_SIZE 1
#define DNS_MAX_REQUESTS 1
#define DNS_LOCAL_HOSTLIST 0
#define LWIP_DNS_SUPPORT_MDNS_QUERIES 0

/* TCP and UDP ---------------------------------------------------------------------------------- */

#define LWIP_UDP 1
#define LWIP_TCP 1
#define TCP_MSS 1460
#define TCP_WND (3 * TCP_MSS)
#define TCP_SND_BUF (3 * TCP_MSS)
#define TCP_SND_QUEUELEN 16
#define TCP_OVERSIZE 256 /* bytes taken ahead by a write, for what joins its segment */
#define TCP_LISTEN_BACKLOG 1
/* Pieces beyond a gap, of our own connections and of a stranger's, who must not fill the pool with
 * them. */
#define TCP_OOSEQ_PBUFS_LIMIT(pcb) ((pcb)->prio == TCP_PRIO_MAX ? 12 : 4)
#define SO_REUSE 1
#define LWIP_TCP_RTO_TIME 1000 /* ms before the first retransmission (RFC 6298) */
#define TCP_SYNMAXRTX 12       /* so that SP_CONNECT_TIMEOUT_MS decides */
#define LWIP_RANDOMIZE_INITIAL_LOCAL_PORTS 1

/* Interfaces ----------------------------------------------------------------------------------- */

#define LWIP_ETHERNET 1
#define LWIP_NETIF_STATUS_CALLBACK 1
#define LWIP_NETIF_LINK_CALLBACK 1

/* What goes to the appliance's own address is turned round by net/nic.c: lwIP would copy it within
 * the heap that it was sent from. There is no 127.0.0.1. */
#define LWIP_NETIF_LOOPBACK 0
#define LWIP_HAVE_LOOPIF 0

/* Counters ------------------------------------------------------------------------------------- */

#define LWIP_STATS 1
#define LWIP_STATS_LARGE 1
#define LWIP_STATS_DISPLAY 0
#define MEM_STATS 1
#define MEMP_STATS 1
#define LINK_STATS 1
#define ETHARP_STATS 0
#define IP_STATS 1
#define IPFRAG_STATS 1
#define ICMP_STATS 0
#define UDP_STATS 1
#define TCP_STATS 1
#define IP6_STATS 1
#define ICMP6_STATS 0
#define IP6_FRAG_STATS 1
#define MLD6_STATS 0
#define ND6_STATS 0

#endif
