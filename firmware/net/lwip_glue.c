#include "net/lwip_glue.h"

#include "net/net.h"
#include "sp_port.h"

#include "lwip/etharp.h"
#include "lwip/ip.h"
#include "lwip/memp.h"
#include "lwip/nd6.h"
#include "lwip/stats.h"
#include "lwip/sys.h"

#include <string.h>

static const struct stats_mem *memory(unsigned i, const char **name)
{
    static const struct {
        const char *name;
        memp_t pool;
    } rows[] = {{"net:heap", MEMP_MAX},
                {"net:buffers", MEMP_PBUF_POOL},
                {"net:segments", MEMP_TCP_SEG},
                {"net:tcp", MEMP_TCP_PCB}};

    if (i >= sizeof rows / sizeof rows[0]) {
        return NULL;
    }
    *name = rows[i].name;
    return rows[i].pool == MEMP_MAX ? &lwip_stats.mem : lwip_stats.memp[rows[i].pool];
}

int sp_net_pool(unsigned i, struct sp_pool_use *out)
{
    const struct stats_mem *found = memory(i, &out->name);

    if (found == NULL) {
        return SP_E_NOT_FOUND;
    }
    out->used = found->used;
    out->peak = found->max;
    out->limit = found->avail;
    out->refused = found->err;
    return 0;
}

/* lwIP's clock; it is meant to wrap. */
u32_t sys_now(void)
{
    return (u32_t)sp_port_mono_ms();
}

void sp_lwip_from(ip_addr_t *out, const struct sp_addr *addr)
{
    ip_addr_set_any(addr->family != 4, out);
    if (addr->family == 4) {
        memcpy(&ip_2_ip4(out)->addr, addr->bytes, 4);
    } else if (addr->family == 6) {
        memcpy(ip_2_ip6(out)->addr, addr->bytes, 16);
        ip6_addr_assign_zone(ip_2_ip6(out), IP6_UNKNOWN, sp_net_netif());
    }
}

void sp_lwip_to(struct sp_addr *out, const ip_addr_t *addr)
{
    memset(out, 0, sizeof *out);
    out->family = IP_IS_V6(addr) ? 6 : 4;
    if (out->family == 4) {
        memcpy(out->bytes, &ip_2_ip4(addr)->addr, 4);
    } else {
        memcpy(out->bytes, ip_2_ip6(addr)->addr, 16);
    }
}

/* lwIP itself would send to anywhere over the default interface, from a link-local address if it
 * has no other, and the connection would time out. */
static bool has_route6(const ip6_addr_t *addr)
{
    struct netif *netif = sp_net_netif();
    const ip_addr_t *source;

    if (ip6_addr_islinklocal(addr) || netif_get_ip6_addr_match(netif, addr) >= 0) {
        return true;
    }
    source = ip6_select_source_address(netif, addr);
    return source != NULL && !ip6_addr_islinklocal(ip_2_ip6(source)) &&
           nd6_find_route(addr) != NULL;
}

bool sp_lwip_has_route(const ip_addr_t *addr)
{
    struct netif *netif = sp_net_netif();

    if (!netif_is_up(netif) || !netif_is_link_up(netif)) {
        return false;
    }
    if (IP_IS_V6(addr)) {
        return has_route6(ip_2_ip6(addr));
    }
    if (ip4_addr_isany(netif_ip4_addr(netif))) {
        return false;
    }
    return ip4_addr_net_eq(ip_2_ip4(addr), netif_ip4_addr(netif), netif_ip4_netmask(netif)) ||
           !ip4_addr_isany(netif_ip4_gw(netif));
}

bool sp_lwip_next_hop_answers(const ip_addr_t *addr)
{
    struct netif *netif = sp_net_netif();
    const ip4_addr_t *hop = netif_ip4_gw(netif);
    struct eth_addr *mac;
    const ip4_addr_t *found;

    if (IP_IS_V6(addr) || ip4_addr_eq(ip_2_ip4(addr), netif_ip4_addr(netif))) {
        return true;
    }
    if (ip4_addr_net_eq(ip_2_ip4(addr), netif_ip4_addr(netif), netif_ip4_netmask(netif))) {
        hop = ip_2_ip4(addr);
    }
    return etharp_find_addr(netif, hop, &mac, &found) >= 0;
}
