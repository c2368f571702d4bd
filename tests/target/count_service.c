/*
 * The service without its loop. What it opens is caught on the way, where the linker leads the
 * firmware's calls (CMakeLists.txt).
 */
#include "base/port.h"
#include "base/scratch.h"
#include "board.h"
#include "count.h"
#include "fixed_time.h"
#include "mtasts/domain.h"
#include "net/http_server.h"
#include "net/net.h"
#include "sealpost.h"
#include "sf2.h"
#include "sf2_spi/sf2_spi.h"

#include <string.h>

#define HTTPS 443U
#define SPI_DIVIDER 1U

static struct sp_store *store;
static uint64_t mount;
static sp_tls_lookup lookup;
static void *lookup_ctx;
static sp_tcp_accept accept_443;
static void *accept_ctx;

int __real_sp_store_mount(struct sp_store *s, struct sp_flash *flash, uint32_t first,
                          uint32_t count, struct sp_store_entry *entries, uint32_t n);
int __wrap_sp_store_mount(struct sp_store *s, struct sp_flash *flash, uint32_t first,
                          uint32_t count, struct sp_store_entry *entries, uint32_t n);
int __real_sp_http_serve(uint16_t port, sp_tls_lookup ask, sp_http_handler handler, void *ctx);
int __wrap_sp_http_serve(uint16_t port, sp_tls_lookup ask, sp_http_handler handler, void *ctx);
int __real_sp_tcp_listen(uint16_t port, sp_tcp_accept accept, void *ctx);
int __wrap_sp_tcp_listen(uint16_t port, sp_tcp_accept accept, void *ctx);

/* --- what is caught --- */

int __wrap_sp_store_mount(struct sp_store *s, struct sp_flash *flash, uint32_t first,
                          uint32_t count, struct sp_store_entry *entries, uint32_t n)
{
    uint64_t began = count_now();
    int err = __real_sp_store_mount(s, flash, first, count, entries, n);

    mount = count_now() - began;
    store = s;
    return err;
}

int __wrap_sp_http_serve(uint16_t port, sp_tls_lookup ask, sp_http_handler handler, void *ctx)
{
    if (port == HTTPS) {
        lookup = ask;
        lookup_ctx = ctx;
    }
    return __real_sp_http_serve(port, ask, handler, ctx);
}

int __wrap_sp_tcp_listen(uint16_t port, sp_tcp_accept accept, void *ctx)
{
    if (port == HTTPS) {
        accept_443 = accept;
        accept_ctx = ctx;
    }
    return __real_sp_tcp_listen(port, accept, ctx);
}

struct sp_store *count_store(void)
{
    return store;
}

uint64_t count_mount(void)
{
    return mount;
}

int count_lookup(const char *host, struct sp_tls_identity *out)
{
    return lookup(lookup_ctx, host, out);
}

void count_arrive(struct sp_stream *stream)
{
    accept_443(accept_ctx, stream);
}

/* --- the board --- */

/* The same bytes in each run: never in a product. */
static int fixed_entropy(struct sp_hal_entropy *entropy, void *buf, size_t n)
{
    static uint32_t state = 20261125;
    uint8_t *bytes = buf;

    (void)entropy;
    for (size_t i = 0; i < n; i++) {
        state = state * 1664525U + 1013904223U;
        bytes[i] = (uint8_t)(state >> 24U);
    }
    return 0;
}

static int no_frame(struct sp_hal_nic *nic, void *buf, size_t cap)
{
    (void)nic;
    (void)buf;
    (void)cap;
    return 0;
}

static int take_frame(struct sp_hal_nic *nic, const void *frame, size_t n)
{
    (void)nic;
    (void)frame;
    (void)n;
    return 0;
}

static int no_cable(struct sp_hal_nic *nic)
{
    (void)nic;
    return 0;
}

static void wait_us(struct sp_spi *spi, uint32_t us)
{
    (void)spi;
    board_wait_us(us);
}

static uint32_t now_ms(struct sp_spi *spi)
{
    (void)spi;
    return (uint32_t)board_clock_ms();
}

void count_service_start(void)
{
    static const struct sp_hal_nic_ops ops = {
        .receive = no_frame, .send = take_frame, .link_up = no_cable};
    static struct sp_hal_nic nic = {.ops = &ops, .mac = {2, 0, 0, 0, 0, 1}};
    static struct sp_hal_entropy entropy = {.read = fixed_entropy};
    static struct sp_sf2_spi spi;
    static struct sp_spi_nor nor;
    static struct sp_board board = {
        .name = "count", .flash = &nor.flash, .entropy = &entropy, .nic = &nic};

    board.clock = board_clock_start();
    sp_sf2_spi_start(&spi, SF2_SPI0, SPI_DIVIDER, wait_us, now_ms);
    count_need(sp_spi_nor_open(&nor, &spi.spi), "the flash part");
    count_need(sealpost_start(&board), "the service");
    sp_port_set_utc(FIXED_UTC, board_clock_ms());
}

/* --- its domains --- */

static void domain_name(unsigned i, char name[SP_STORE_NAME_MAX + 1])
{
    uint32_t cursor = 0;

    for (unsigned at = 0; at <= i; at++) {
        count_need(sp_store_next(store, SP_KIND_DOMAIN, &cursor, name), "walking the domains");
    }
}

void count_host(unsigned i, char out[SP_DOMAIN_SIZE])
{
    char name[SP_STORE_NAME_MAX + 1];

    domain_name(i, name);
    count_need(sp_domain_host(name, out), "a host's name");
}

static void trust(struct sp_span der)
{
    static struct sealpost_why why;

    if (sealpost_trust_add(der.p, der.n, &why) < 0) {
        count_need(SP_E_CERT_BAD, why.sentence);
    }
}

void count_shorten_chain(void)
{
    static uint8_t root[SP_LINK_MAX];
    char name[SP_STORE_NAME_MAX + 1];
    size_t mark = sp_scratch_mark();
    struct sp_domain *domain = sp_domain_take(SP_DOMAIN_WHOLE);
    int n;

    domain_name(0, name);
    count_need(sp_domain_load(store, name, domain), "the domain");
    n = sp_domain_link(store, domain, 1, root, sizeof root);
    count_need(n, "the second intermediate");
    domain->links_n = 1;
    count_need(sp_domain_save(store, domain), "saving the domain");
    sp_scratch_release(mark);
    trust(sp_span(root, (size_t)n));
}
