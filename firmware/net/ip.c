#include "net/net.h"

#include "base/log.h"
#include "base/text.h"
#include "net/lwip_glue.h"
#include "sp_port.h"

#include "lwip/dhcp.h"
#include "lwip/dns.h"
#include "lwip/init.h"
#include "lwip/netif.h"
#include "lwip/prot/dhcp.h"
#include "lwip/timeouts.h"
#include "netif/ethernet.h"

#include <string.h>

#define RETRY_MS 2 /* the driver's ring was full, or no buffer was free */

static struct {
    struct netif netif;
    struct dhcp dhcp;
    struct sp_net_config config;
    struct sp_addr dhcp_dns[DNS_MAX_SERVERS], rdnss[DNS_MAX_SERVERS], ntp;
    char hostname[sizeof((struct sp_net_config *)0)->hostname];
    uint32_t events;
    bool started;
} net;

struct netif *sp_net_netif(void)
{
    return &net.netif;
}

void sp_net_event(void)
{
    net.events++;
}

/* What DHCP and router advertisements bring. lwIP hands both over here (its own resolver is not
 * built), each counting from 0; the family tells them apart. */

void dns_setserver(u8_t number, const ip_addr_t *server)
{
    struct sp_addr addr = {0};

    if (number >= DNS_MAX_SERVERS) {
        return;
    }
    if (server != NULL) {
        sp_lwip_to(&addr, server);
    }
    if (addr.family == 4) {
        net.dhcp_dns[number] = addr;
    } else { /* NULL: a router takes its advertised server back */
        net.rdnss[number] = addr;
    }
    sp_net_event();
}

const ip_addr_t *dns_getserver(u8_t number)
{
    static ip_addr_t server;
    static const struct sp_addr none = {0};

    sp_lwip_from(&server, number < DNS_MAX_SERVERS ? &net.rdnss[number] : &none);
    return &server;
}

void dns_init(void)
{
}

void dns_tmr(void)
{
}

void dhcp_set_ntp_servers(u8_t n, const ip4_addr_t *servers)
{
    ip_addr_t first;

    memset(&net.ntp, 0, sizeof net.ntp);
    if (n > 0) {
        ip_addr_copy_from_ip4(first, servers[0]);
        sp_lwip_to(&net.ntp, &first);
    }
    sp_net_event();
}

/* Configuration */

static bool config_ok(const struct sp_net_config *config)
{
    if (memchr(config->hostname, '\0', sizeof config->hostname) == NULL) {
        return false;
    }
    if (config->dhcp || config->address.family == 0) {
        return true;
    }
    return sp_addr_is_host4(&config->address) && config->prefix >= 1 && config->prefix <= 32 &&
           (config->gateway.family == 0 || sp_addr_is_host4(&config->gateway));
}

static bool same_address(const struct sp_net_config *a, const struct sp_net_config *b)
{
    if (a->dhcp != b->dhcp || strcmp(a->hostname, b->hostname) != 0) {
        return false;
    }
    return a->dhcp || (sp_addr_equal(&a->address, &b->address) && a->prefix == b->prefix &&
                       sp_addr_equal(&a->gateway, &b->gateway));
}

static void leave_dhcp(void)
{
    dhcp_release_and_stop(&net.netif);
    memset(net.dhcp_dns, 0, sizeof net.dhcp_dns);
    memset(&net.ntp, 0, sizeof net.ntp);
}

static void set_static(const struct sp_net_config *config)
{
    ip_addr_t address, gateway;
    ip4_addr_t mask;

    ip_addr_set_zero_ip4(&address);
    ip_addr_set_zero_ip4(&gateway);
    ip4_addr_set_zero(&mask);
    if (config->address.family == 4) {
        sp_lwip_from(&address, &config->address);
        mask.addr = lwip_htonl(0xffffffffU << (32U - config->prefix));
    }
    if (config->gateway.family == 4) {
        sp_lwip_from(&gateway, &config->gateway);
    }
    netif_set_addr(&net.netif, ip_2_ip4(&address), &mask, ip_2_ip4(&gateway));
}

static void apply(const struct sp_net_config *config)
{
    net.config = *config;
    memcpy(net.hostname, config->hostname, sizeof net.hostname);
    netif_set_hostname(&net.netif, net.hostname[0] != '\0' ? net.hostname : NULL);
    if (!config->dhcp) {
        set_static(config);
    } else if (dhcp_start(&net.netif) != ERR_OK) {
        sp_log_error("net", "DHCP could not be started: out of memory");
    }
    sp_net_event();
}

int sp_net_configure(const struct sp_net_config *config)
{
    if (!net.started || !config_ok(config)) {
        return SP_E_INVALID;
    }
    if (same_address(config, &net.config)) {
        net.config = *config;
        sp_net_event();
        return 0;
    }
    if (net.config.dhcp) {
        leave_dhcp();
    } else if (config->dhcp) {
        netif_set_addr(&net.netif, IP4_ADDR_ANY4, IP4_ADDR_ANY4, IP4_ADDR_ANY4);
    }
    apply(config);
    return 0;
}

static void add_addresses(struct sp_net_status *out);

/* lwIP calls this for every step of an address's life; one log line a change is enough. */
static void on_change(struct netif *netif)
{
    static uint32_t logged;
    char line[SP_ADDRESSES * (SP_ADDR_SIZE + 1) + 1], text[SP_ADDR_SIZE];
    struct sp_net_status status = {0};
    struct sp_buf buf;
    bool link = netif_is_link_up(netif);
    uint32_t hash;

    sp_net_event();
    sp_buf_init(&buf, line, sizeof line);
    add_addresses(&status);
    for (unsigned i = 0; i < status.addresses_n; i++) {
        sp_buf_printf(&buf, " %s", sp_addr_text(&status.addresses[i], text));
    }
    hash = sp_hash32(buf.p, buf.len) + link;
    if (hash == logged) {
        return;
    }
    logged = hash;
    sp_log_info("net", "link %s, addresses:%s", link ? "up" : "down", buf.len > 0 ? line : " none");
}

static void follow_link(void)
{
    struct sp_hal_nic *driver = net.netif.state;

    if (driver->ops->link_up(driver) == 1) {
        netif_set_link_up(&net.netif);
    } else {
        netif_set_link_down(&net.netif);
    }
}

int sp_net_start(struct sp_hal_nic *nic, const struct sp_net_config *config)
{
    if (net.started || !config_ok(config)) {
        return SP_E_INVALID;
    }
    if (sp_isn_start() != 0) {
        return SP_E_ENTROPY;
    }
    lwip_init();
    if (netif_add(&net.netif, IP4_ADDR_ANY4, IP4_ADDR_ANY4, IP4_ADDR_ANY4, nic, sp_nic_init,
                  ethernet_input) == NULL) {
        return SP_E_INVALID;
    }
    net.started = true;
    netif_set_default(&net.netif);
    dhcp_set_struct(&net.netif, &net.dhcp);
    netif_create_ip6_linklocal_address(&net.netif, 1);
    netif_set_ip6_autoconfig_enabled(&net.netif, 1);
    netif_set_status_callback(&net.netif, on_change);
    netif_set_link_callback(&net.netif, on_change);
    follow_link();
    netif_set_up(&net.netif);
    apply(config);
    return 0;
}

/* Status */

static void add_resolvers(struct sp_net_status *out, const struct sp_addr *servers, unsigned n)
{
    for (unsigned i = 0; i < n && out->dns_n < SP_RESOLVERS; i++) {
        bool known = servers[i].family == 0;
        for (unsigned j = 0; j < out->dns_n; j++) {
            known = known || sp_addr_equal(&out->dns[j], &servers[i]);
        }
        if (!known) {
            out->dns[out->dns_n++] = servers[i];
        }
    }
}

static void add_addresses(struct sp_net_status *out)
{
    if (!ip4_addr_isany(netif_ip4_addr(&net.netif))) {
        sp_lwip_to(&out->addresses[out->addresses_n++], netif_ip_addr4(&net.netif));
    }
    for (int i = 0; i < LWIP_IPV6_NUM_ADDRESSES && out->addresses_n < SP_ADDRESSES; i++) {
        if (ip6_addr_isvalid(netif_ip6_addr_state(&net.netif, i))) {
            sp_lwip_to(&out->addresses[out->addresses_n++], netif_ip_addr6(&net.netif, i));
        }
    }
}

void sp_net_status(struct sp_net_status *out)
{
    uint32_t mask = lwip_ntohl(netif_ip4_netmask(&net.netif)->addr);

    memset(out, 0, sizeof *out);
    out->link = netif_is_link_up(&net.netif);
    out->dhcp = net.config.dhcp;
    out->dhcp_bound = out->dhcp && dhcp_supplied_address(&net.netif);
    for (; mask != 0; mask <<= 1) {
        out->prefix++;
    }
    if (!ip4_addr_isany(netif_ip4_gw(&net.netif))) {
        sp_lwip_to(&out->gateway, netif_ip_gw4(&net.netif));
    }
    add_addresses(out);
    add_resolvers(out, net.config.dns, SP_RESOLVERS);
    add_resolvers(out, net.dhcp_dns, DNS_MAX_SERVERS);
    add_resolvers(out, net.rdnss, DNS_MAX_SERVERS);
    out->ntp = net.ntp;
    memcpy(out->mac, net.netif.hwaddr, sizeof out->mac);
}

bool sp_net_is_own(const struct sp_addr *addr)
{
    struct sp_net_status status = {0};

    add_addresses(&status);
    for (unsigned i = 0; i < status.addresses_n; i++) {
        if (sp_addr_equal(&status.addresses[i], addr)) {
            return true;
        }
    }
    return false;
}

bool sp_net_reaches(const struct sp_addr *addr)
{
    ip_addr_t ip;

    sp_lwip_from(&ip, addr);
    return addr->family != 0 && sp_lwip_has_route(&ip);
}

/* The step */

sp_time sp_net_step(sp_time now)
{
    uint32_t events = net.events;
    sp_time next;
    u32_t sleep;
    bool more, own, waiting;

    if (!net.started) {
        return SP_NEVER;
    }
    follow_link();
    sp_nic_flush(&net.netif);
    more = sp_nic_receive(&net.netif);
    own = sp_nic_receive_own(&net.netif);
    sys_check_timeouts();
    next = sp_tcp_step(now);
    waiting = sp_nic_flush(&net.netif);
    if (more || own || events != net.events) {
        return now;
    }
    sleep = sys_timeouts_sleeptime();
    if (sleep != SYS_TIMEOUTS_SLEEPTIME_INFINITE) {
        next = sp_time_min(next, now + sleep);
    }
    return waiting ? sp_time_min(next, now + RETRY_MS) : next;
}
