#include "net/dns_ares.h"

#include "base/err.h"
#include "net/wire.h"
#include "sp_port.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#define CHANNELS 4             /* the resolvers', and servers asked by name at a time */
#define PENDING (SP_WIRES - 1) /* one is the clock's */
#define EDNS_SIZE 1232

static struct channel {
    ares_channel_t *ares;
    struct sp_addr server; /* family 0: the configured resolvers */
    unsigned pending;      /* queries c-ares has */
    unsigned live;         /* of which somebody waits for */
} channels[CHANNELS];

static sp_ares_end on_end;
static struct sp_addr heard; /* who sent what c-ares is reading now */
static struct channel *wire_owner[SP_WIRES];

/* Sockets for c-ares */

static int set_errno(int err)
{
    switch (err) {
    case SP_E_AGAIN:
        errno = EWOULDBLOCK;
        break;
    case SP_E_MEMORY:
        errno = ENOMEM;
        break;
    case SP_E_UNREACHABLE:
        errno = ENETUNREACH;
        break;
    case SP_E_REFUSED:
        errno = ECONNREFUSED;
        break;
    default:
        errno = ECONNRESET;
        break;
    }
    return -1;
}

static ares_socket_t hook_socket(int domain, int type, int protocol, void *ctx)
{
    int wire = sp_wire_open(type == SOCK_STREAM);

    (void)domain;
    (void)protocol;
    if (wire < 0) {
        return (ares_socket_t)set_errno(wire);
    }
    wire_owner[wire] = ctx;
    return wire;
}

static int hook_close(ares_socket_t wire, void *ctx)
{
    (void)ctx;
    sp_wire_close(wire);
    wire_owner[wire] = NULL;
    return 0;
}

static int hook_setsockopt(ares_socket_t wire, ares_socket_opt_t option, const void *value,
                           ares_socklen_t size, void *ctx)
{
    (void)wire;
    (void)option;
    (void)value;
    (void)size;
    (void)ctx;
    errno = ENOSYS;
    return -1;
}

static uint16_t from_network(const void *port)
{
    const uint8_t *bytes = port;

    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static uint16_t take_sockaddr(const struct sockaddr *address, struct sp_addr *out)
{
    struct sockaddr_in in4;
    struct sockaddr_in6 in6;

    memset(out, 0, sizeof *out);
    if (address->sa_family == AF_INET) {
        memcpy(&in4, address, sizeof in4);
        out->family = 4;
        memcpy(out->bytes, &in4.sin_addr, 4);
        return from_network(&in4.sin_port);
    }
    memcpy(&in6, address, sizeof in6);
    out->family = 6;
    memcpy(out->bytes, &in6.sin6_addr, 16);
    return from_network(&in6.sin6_port);
}

/* Port and scope are of no interest to c-ares here. */
static void put_sockaddr(const struct sp_addr *addr, struct sockaddr *out, ares_socklen_t *size)
{
    struct sockaddr_in in4 = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};

    memcpy(&in4.sin_addr, addr->bytes, 4);
    memcpy(&in6.sin6_addr, addr->bytes, 16);
    if (addr->family == 4 && *size >= (ares_socklen_t)sizeof in4) {
        memcpy(out, &in4, *size = sizeof in4);
    } else if (addr->family == 6 && *size >= (ares_socklen_t)sizeof in6) {
        memcpy(out, &in6, *size = sizeof in6);
    }
}

static int hook_connect(ares_socket_t wire, const struct sockaddr *address, ares_socklen_t size,
                        unsigned int flags, void *ctx)
{
    struct sp_addr peer;
    uint16_t port = take_sockaddr(address, &peer);
    int err = sp_wire_connect(wire, &peer, port);

    (void)size;
    (void)flags;
    (void)ctx;
    return err == 0 ? 0 : set_errno(err);
}

static ares_ssize_t hook_recvfrom(ares_socket_t wire, void *buf, size_t n, int flags,
                                  struct sockaddr *from, ares_socklen_t *from_size, void *ctx)
{
    int got = sp_wire_receive(wire, buf, n);

    (void)flags;
    (void)ctx;
    if (got < 0) {
        return set_errno(got);
    }
    heard = *sp_wire_peer(wire);
    if (from != NULL) {
        put_sockaddr(&heard, from, from_size);
    }
    return got;
}

static ares_ssize_t hook_sendto(ares_socket_t wire, const void *buf, size_t n, int flags,
                                const struct sockaddr *to, ares_socklen_t to_size, void *ctx)
{
    int sent = sp_wire_send(wire, buf, n);

    (void)flags;
    (void)to;
    (void)to_size;
    (void)ctx;
    return sent >= 0 ? sent : set_errno(sent);
}

/* Resolvers with a link-local address need an interface; there is one. */
static unsigned int hook_nametoindex(const char *name, void *ctx)
{
    (void)name;
    (void)ctx;
    return 1;
}

static const char *hook_indextoname(unsigned int index, char *name, size_t size, void *ctx)
{
    (void)index;
    (void)ctx;
    return size > 2 ? memcpy(name, "en", 3) : NULL;
}

static const struct ares_socket_functions_ex hooks = {
    .version = 1,
    .flags = ARES_SOCKFUNC_FLAG_NONBLOCKING,
    .asocket = hook_socket,
    .aclose = hook_close,
    .asetsockopt = hook_setsockopt,
    .aconnect = hook_connect,
    .arecvfrom = hook_recvfrom,
    .asendto = hook_sendto,
    .aif_nametoindex = hook_nametoindex,
    .aif_indextoname = hook_indextoname,
};

/* Channels */

static int set_servers(struct channel *channel, const struct sp_addr *servers, unsigned n)
{
    char list[SP_RESOLVERS * (SP_ADDR_SIZE + 8)];
    char text[SP_ADDR_SIZE];
    struct sp_buf buf;
    int err;

    sp_buf_init(&buf, list, sizeof list);
    for (unsigned i = 0; i < n; i++) {
        bool six = servers[i].family == 6;
        bool local = six && servers[i].bytes[0] == 0xfe && (servers[i].bytes[1] & 0xc0) == 0x80;
        sp_buf_printf(&buf, "%s%s%s%s%s", i > 0 ? "," : "", six ? "[" : "",
                      sp_addr_text(&servers[i], text), six ? "]" : "", local ? "%en" : "");
    }
    err = ares_set_servers_ports_csv(channel->ares, list);
    return err == ARES_SUCCESS ? 0 : SP_E_MEMORY;
}

static int open_channel(struct channel *channel, const struct sp_addr *server)
{
    char lookups[] = "b";
    struct ares_options options = {
        .flags = ARES_FLAG_EDNS | ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES,
        .timeout = SP_DNS_TIMEOUT_MS,
        .maxtimeout = SP_DNS_TIMEOUT_MS,
        .tries = SP_DNS_TRIES,
        .ednspsz = EDNS_SIZE,
        .udp_max_queries = 1, /* a port of its own for each */
        .lookups = lookups,
        .qcache_max_ttl = 0,
    };
    int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_MAXTIMEOUTMS | ARES_OPT_TRIES |
               ARES_OPT_EDNSPSZ | ARES_OPT_UDP_MAX_QUERIES | ARES_OPT_LOOKUPS |
               ARES_OPT_QUERY_CACHE | ARES_OPT_DOMAINS | ARES_OPT_NOROTATE;

    if (server->family != 0) {
        options.flags |= ARES_FLAG_NORECURSE;
    }
    memset(channel, 0, sizeof *channel);
    if (ares_init_options(&channel->ares, &options, mask) != ARES_SUCCESS) {
        return SP_E_MEMORY;
    }
    channel->server = *server;
    if (ares_set_socket_functions_ex(channel->ares, &hooks, channel) == ARES_SUCCESS &&
        (server->family == 0 || set_servers(channel, server, 1) == 0)) {
        return 0;
    }
    ares_destroy(channel->ares);
    channel->ares = NULL;
    return SP_E_MEMORY;
}

int sp_ares_start(sp_ares_end end)
{
    static const struct sp_addr none;

    if (channels[0].ares != NULL) {
        return 0;
    }
    on_end = end;
    if (ares_library_init_mem(ARES_LIB_INIT_ALL, sp_port_dns_malloc, sp_port_dns_free,
                              sp_port_dns_realloc) != ARES_SUCCESS) {
        return SP_E_MEMORY;
    }
    return open_channel(&channels[0], &none);
}

int sp_ares_set_servers(const struct sp_addr *servers, unsigned n)
{
    return n > 0 ? set_servers(&channels[0], servers, n) : 0;
}

static int channel_for(const struct sp_addr *server)
{
    int unused = SP_E_MEMORY;

    if (server->family == 0) {
        return 0;
    }
    for (int i = 1; i < CHANNELS; i++) {
        if (channels[i].ares == NULL) {
            unused = i;
        } else if (sp_addr_equal(&channels[i].server, server)) {
            return i;
        }
    }
    if (unused > 0 && open_channel(&channels[unused], server) != 0) {
        return SP_E_MEMORY;
    }
    return unused;
}

/* Queries */

static int error_of(ares_status_t status)
{
    switch ((int)status) {
    case ARES_SUCCESS:
    case ARES_ENODATA: /* the response says it */
    case ARES_ENOTFOUND:
        return 0;
    case ARES_ESERVFAIL:
        return SP_E_DNS_SERVFAIL;
    case ARES_EREFUSED:
    case ARES_ENOTIMP:
        return SP_E_DNS_REFUSED;
    case ARES_ETIMEOUT:
        return SP_E_DNS_TIMEOUT;
    case ARES_ECONNREFUSED:
        return SP_E_UNREACHABLE;
    case ARES_ENOSERVER:
        return SP_E_DNS_NO_SERVER;
    case ARES_ENOMEM:
        return SP_E_MEMORY;
    case ARES_ECANCELLED:
    case ARES_EDESTRUCTION:
        return SP_E_CANCELLED;
    case ARES_EBADNAME:
    case ARES_EBADQUERY:
        return SP_E_INVALID;
    default:
        return SP_E_DNS_FORMAT;
    }
}

static void ended(void *arg, ares_status_t status, size_t timeouts,
                  const ares_dns_record_t *response)
{
    unsigned packed = (unsigned)(uintptr_t)arg;
    int result = error_of(status);

    (void)timeouts;
    channels[packed >> 16].pending--;
    if (result == 0 && response == NULL) {
        result = SP_E_DNS_FORMAT;
    }
    on_end(packed & 0xffff, result, response, &heard);
}

int sp_ares_ask(unsigned ticket, const char *name, enum sp_dns_type type,
                const struct sp_addr *server)
{
    int number;
    unsigned pending = 0;

    for (int i = 0; i < CHANNELS; i++) {
        pending += channels[i].pending;
    }
    number = pending < PENDING ? channel_for(server) : SP_E_MEMORY;
    if (number < 0) {
        return number;
    }
    channels[number].pending++;
    channels[number].live++;
    memset(&heard, 0, sizeof heard);
    ares_query_dnsrec(channels[number].ares, name, ARES_CLASS_IN, (ares_dns_rec_type_t)type, ended,
                      (void *)(uintptr_t)((unsigned)number << 16 | ticket), NULL);
    return number;
}

void sp_ares_abandon(int channel)
{
    channels[channel].live--;
}

/* The step */

static bool serve_wire(int wire)
{
    ares_fd_events_t event = {.fd = wire};

    if (wire_owner[wire] == NULL) {
        return false;
    }
    if (sp_wire_readable(wire)) {
        event.events |= ARES_FD_EVENT_READ;
    }
    if (sp_wire_writable(wire)) {
        event.events |= ARES_FD_EVENT_WRITE;
    }
    if (event.events == 0) {
        return false;
    }
    memset(&heard, 0, sizeof heard);
    ares_process_fds(wire_owner[wire]->ares, &event, 1, ARES_PROCESS_FLAG_SKIP_NON_FD);
    return heard.family != 0;
}

/* Also closes the wires that are done with. */
static sp_time serve_channel(struct channel *channel, sp_time now)
{
    struct timeval left;

    if (channel->pending > 0 && channel->live == 0) {
        ares_cancel(channel->ares);
    }
    memset(&heard, 0, sizeof heard);
    ares_process_fds(channel->ares, NULL, 0, ARES_PROCESS_FLAG_NONE);
    if (channel->pending == 0 && channel->server.family != 0) {
        ares_destroy(channel->ares);
        memset(channel, 0, sizeof *channel);
        return SP_NEVER;
    }
    if (ares_timeout(channel->ares, NULL, &left) == NULL) {
        return SP_NEVER;
    }
    return now + (sp_time)left.tv_sec * 1000U + ((sp_time)left.tv_usec + 999U) / 1000U;
}

sp_time sp_ares_step(sp_time now)
{
    sp_time next = SP_NEVER;

    for (int i = 0; i < SP_WIRES; i++) {
        if (serve_wire(i)) {
            next = now;
        }
    }
    for (int i = 0; i < CHANNELS; i++) {
        if (channels[i].ares != NULL) {
            next = sp_time_min(next, serve_channel(&channels[i], now));
        }
    }
    return next;
}
