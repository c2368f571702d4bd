/* The pool's sum: what is kept for a client's handshake at all times may be lent meanwhile. */
#include "base/port.h"
#include "sp_port.h"
#include "tls_private.h"

static struct {
    void *p; /* NULL: nothing is lent */
    size_t n;
    sp_time since;
    void (*revoked)(void *ctx);
    void *ctx;
} lease;
static sp_time wanted_at; /* when somebody had to be told to wait; 0: never */

/* Bytes that are lent, and that a server's buffer has grown by. */
static size_t borrowed(void)
{
    sp_time since;

    return lease.n + sp_tls_servers_growth(&since);
}

static bool fits(size_t servers, size_t client, size_t lent)
{
    size_t shared = sp_tls_client_busy() ? client + lent : client > lent ? client : lent;

    return SP_TLS_LASTING + servers + shared <= sp_port_use(SP_POOL_TLS).limit;
}

bool sp_tls_fits(size_t servers, size_t more)
{
    return fits(servers, SP_TLS_CLIENT, borrowed() + more);
}

static bool is_old(sp_time since)
{
    return sp_port_mono_ms() >= since + SP_TLS_LEASE_MS;
}

/* Somebody wants what is lent. True when something came back. */
static bool reclaim(void)
{
    sp_time since;

    wanted_at = sp_port_mono_ms();
    if (lease.p != NULL && is_old(lease.since)) {
        lease.revoked(lease.ctx);
        sp_tls_give_back(lease.p);
        return true;
    }
    if (sp_tls_servers_growth(&since) > 0 && is_old(since)) {
        sp_tls_server_cut();
        return true;
    }
    return false;
}

bool sp_tls_server_fits(size_t servers)
{
    bool fit = sp_tls_fits(servers, 0);

    /* Without anything that is lent it must fit, or it would be given up for nothing. */
    if (!fit && fits(servers, SP_TLS_CLIENT, 0) && reclaim()) {
        fit = sp_tls_fits(servers, 0);
    }
    return fit;
}

bool sp_tls_client_fits(void)
{
    while (borrowed() > 0 && !fits(sp_tls_servers_weigh(), SP_TLS_CLIENT + borrowed(), 0)) {
        if (!reclaim()) {
            return false;
        }
    }
    return true;
}

void *sp_tls_lend(size_t n, void (*revoked)(void *ctx), void *ctx)
{
    sp_time now = sp_port_mono_ms();

    if (lease.p != NULL || (wanted_at != 0 && now < wanted_at + SP_TLS_LEASE_MS) ||
        !sp_tls_fits(sp_tls_servers_weigh(), n)) {
        return NULL;
    }
    lease.p = sp_port_tls_calloc(1, n);
    if (lease.p != NULL) {
        lease.n = n;
        lease.since = now;
        lease.revoked = revoked;
        lease.ctx = ctx;
    }
    return lease.p;
}

void sp_tls_give_back(void *p)
{
    if (p != NULL && p == lease.p) {
        sp_port_tls_free(p);
        lease.p = NULL;
        lease.n = 0;
    }
}
