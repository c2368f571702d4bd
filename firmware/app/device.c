/*
 * sealpost.h: the appliance itself: status, network, time, password, restart.
 */
#include "acme/acme.h"
#include "app/app.h"
#include "app/area.h"
#include "app/outside.h"
#include "app/publish.h"
#include "base/log.h"
#include "base/port.h"
#include "base/scratch.h"
#include "console/console.h"
#include "net/clock.h"
#include "net/net.h"
#include "net/tls.h"

#include <stdio.h>
#include <string.h>

#define COPY(to, text) sp_text_cut((to), sizeof(to), (text))

const char *sealpost_health_text(enum sealpost_health health)
{
    return sp_health_level_text((enum sp_health_level)health);
}

static unsigned addresses_text(const struct sp_net_status *net, char out[6][SEALPOST_ADDRESS_SIZE])
{
    unsigned n = 0;
    for (; n < net->addresses_n && n < 6; n++) {
        (void)sp_addr_text(&net->addresses[n], out[n]);
    }
    return n;
}

void sealpost_status(struct sealpost_status *out)
{
    struct sp_net_status net;
    struct sp_life_tally tally = sp_life_tally();
    sp_time now = sp_app_now();
    memset(out, 0, sizeof *out);
    sp_net_status(&net);
    out->health = (enum sealpost_health)sp_app.health.level;
    COPY(out->sentence, sp_app.health.sentence);
    out->utc = sp_clock_utc(now);
    out->uptime_s = (now - sp_app.started) / 1000;
    out->domains = tally.domains;
    out->active = tally.active;
    out->at_risk = tally.by_health[SP_DOMAIN_AT_RISK];
    out->want_care = tally.by_health[SP_DOMAIN_WANTS_CARE];
    out->link = net.link;
    out->addresses_n = addresses_text(&net, out->addresses);
    out->terms_agreed = sp_acme_agreed();
    COPY(out->directory, sp_acme_directory());
    COPY(out->order_host, sp_acme_host());
    if (out->order_host[0] != '\0') {
        COPY(out->order_phase, sp_acme_phase_text(sp_acme_phase()));
    }
    out->board = sp_app.board->name;
    out->version = SEALPOST_VERSION;
    out->area = sp_area_state_text(sp_area_state());
}

/* --- network --- */

void sealpost_net_get(struct sealpost_net *out)
{
    struct sp_settings_network network;
    struct sp_settings_public public_;
    memset(out, 0, sizeof *out);
    sp_settings_network_load(&sp_app.store, &network);
    sp_settings_public_load(&sp_app.store, &public_);
    sp_settings_ntp_load(&sp_app.store, out->ntp);
    out->dhcp = network.dhcp;
    COPY(out->address, network.address);
    COPY(out->gateway, network.gateway);
    for (unsigned i = 0; i < SP_RESOLVERS; i++) {
        COPY(out->dns[i], network.dns[i]);
    }
    COPY(out->public4, public_.v4);
    COPY(out->public6, public_.v6);
}

static int keep_network(const struct sealpost_net *net, struct sp_settings_network *network,
                        char *why, size_t cap)
{
    memset(network, 0, sizeof *network);
    network->dhcp = net->dhcp;
    COPY(network->address, net->address);
    COPY(network->gateway, net->gateway);
    for (unsigned i = 0; i < SP_RESOLVERS; i++) {
        COPY(network->dns[i], net->dns[i]);
    }
    return sp_settings_network_save(&sp_app.store, SP_KIND_SETTING, network, why, cap);
}

static bool network_differs(const struct sealpost_net *a, const struct sealpost_net *b)
{
    return a->dhcp != b->dhcp || strcmp(a->address, b->address) != 0 ||
           strcmp(a->gateway, b->gateway) != 0 || memcmp(a->dns, b->dns, sizeof a->dns) != 0;
}

static int apply_network(const struct sealpost_net *net, char *why, size_t cap)
{
    struct sp_settings_network network;
    struct sp_net_config config;
    int err = keep_network(net, &network, why, cap);
    if (err < 0) {
        return err;
    }
    sp_settings_net_config(&network, &config);
    return sp_net_configure(&config);
}

static int apply_public(const struct sealpost_net *net, char *why, size_t cap)
{
    struct sp_settings_public public_;
    COPY(public_.v4, net->public4);
    COPY(public_.v6, net->public6);
    return sp_settings_public_save(&sp_app.store, SP_KIND_SETTING, &public_, why, cap);
}

static int apply_ntp(const struct sealpost_net *net, char *why, size_t cap)
{
    int err = sp_settings_ntp_save(&sp_app.store, SP_KIND_SETTING, net->ntp, why, cap);
    if (err == SP_OK) {
        sp_clock_set_server(net->ntp);
    }
    return err;
}

/* Only what differs is written. */
int sealpost_net_set(const struct sealpost_net *net, struct sealpost_why *why)
{
    size_t mark = sp_scratch_mark();
    struct sealpost_net *old = sp_scratch_take(sizeof *old);
    char sentence[240] = "";
    int err = SP_OK;
    sealpost_net_get(old);
    if (network_differs(net, old)) {
        err = apply_network(net, sentence, sizeof sentence);
    }
    if (err == SP_OK &&
        (strcmp(net->public4, old->public4) != 0 || strcmp(net->public6, old->public6) != 0)) {
        err = apply_public(net, sentence, sizeof sentence);
    }
    if (err == SP_OK && strcmp(net->ntp, old->ntp) != 0) {
        err = apply_ntp(net, sentence, sizeof sentence);
    }
    sp_scratch_release(mark);
    sp_app_publish_all(false);
    sp_life_kick(sp_app_now());
    if (err < 0) {
        return sp_app_why(why, err, sp_app_id(err, "network_invalid"), "%s",
                          sentence[0] != '\0' ? sentence : sp_err_text(err));
    }
    return SP_OK;
}

void sealpost_net_live(struct sealpost_net_live *out)
{
    struct sp_net_status net;
    memset(out, 0, sizeof *out);
    sp_net_status(&net);
    out->link = net.link;
    out->dhcp_bound = net.dhcp_bound;
    (void)snprintf(out->mac, sizeof out->mac, "%02x:%02x:%02x:%02x:%02x:%02x", net.mac[0],
                   net.mac[1], net.mac[2], net.mac[3], net.mac[4], net.mac[5]);
    if (net.gateway.family != 0) {
        (void)sp_addr_text(&net.gateway, out->gateway);
    }
    out->addresses_n = addresses_text(&net, out->addresses);
    for (; out->dns_n < net.dns_n && out->dns_n < 3; out->dns_n++) {
        (void)sp_addr_text(&net.dns[out->dns_n], out->dns[out->dns_n]);
    }
}

static void add_configured(struct sp_addr *out, unsigned cap, unsigned *n)
{
    struct sp_settings_public public_;
    struct sp_addr addr;
    sp_settings_public_load(&sp_app.store, &public_);
    if (*n < cap && sp_addr_parse(sp_span_str(public_.v4), &addr) == SP_OK) {
        out[(*n)++] = addr;
    }
    if (*n < cap && sp_addr_parse(sp_span_str(public_.v6), &addr) == SP_OK) {
        out[(*n)++] = addr;
    }
}

static bool listed(const struct sp_addr *list, unsigned n, const struct sp_addr *addr)
{
    for (unsigned i = 0; i < n; i++) {
        if (sp_addr_equal(&list[i], addr)) {
            return true;
        }
    }
    return false;
}

unsigned sp_app_own_addresses(struct sp_addr *out, unsigned cap)
{
    struct sp_net_status net;
    unsigned n = 0;
    add_configured(out, cap, &n);
    sp_net_status(&net);
    for (unsigned i = 0; i < net.addresses_n && n < cap; i++) {
        if (!listed(out, n, &net.addresses[i])) {
            out[n++] = net.addresses[i];
        }
    }
    return n;
}

unsigned sp_app_public_addresses(struct sp_addr *out, unsigned cap)
{
    struct sp_net_status net;
    bool have4 = false;
    bool have6 = false;
    unsigned n = 0;
    add_configured(out, cap, &n);
    for (unsigned i = 0; i < n; i++) {
        have4 = have4 || out[i].family == 4;
        have6 = have6 || out[i].family == 6;
    }
    sp_net_status(&net);
    for (unsigned i = 0; i < net.addresses_n && n < cap; i++) {
        const struct sp_addr *addr = &net.addresses[i];
        bool *have = addr->family == 4 ? &have4 : &have6;
        if (!*have && sp_addr_is_global(addr)) {
            out[n++] = *addr;
            *have = true;
        }
    }
    return n;
}

/* --- time --- */

static void time_sentence(const struct sp_clock_status *status, char *out, size_t cap)
{
    const char *server = status->server[0] != '\0' ? status->server : "the server that DHCP names";
    char floor[SP_RFC3339_SIZE];
    struct sp_buf text;
    sp_buf_init(&text, out, cap);
    if (status->set) {
        sp_buf_printf(&text, "The time comes from %s.", server);
    } else if (status->last_error == SP_E_CLOCK) {
        sp_utc_rfc3339(status->floor, floor);
        sp_buf_printf(&text,
                      "The time is not known: %s gives one before %s, which the clock had reached "
                      "here already. `net ntp` names another server; `factory-reset` forgets that "
                      "moment.",
                      server, floor);
    } else if (status->last_error < 0) {
        sp_buf_printf(&text, "The time is not known: asking %s ended with \"%s\".", server,
                      sp_err_text(status->last_error));
    } else {
        sp_buf_printf(&text, "The time is not known yet: waiting for an answer of %s.", server);
    }
}

void sealpost_time(struct sealpost_time *out)
{
    struct sp_clock_status status;
    memset(out, 0, sizeof *out);
    sp_clock_status(&status, sp_app_now());
    out->set = status.set;
    out->utc = status.set ? status.utc : 0;
    out->synced_at = status.synced_at;
    out->floor = status.floor;
    COPY(out->server, status.server);
    if (status.address.family != 0) {
        (void)sp_addr_text(&status.address, out->address);
    }
    time_sentence(&status, out->sentence, sizeof out->sentence);
}

/* --- password, restart, pools --- */

bool sealpost_password_set(void)
{
    return sp_settings_password_set(&sp_app.store);
}

bool sealpost_password_matches(const char *password)
{
    return sp_settings_password_matches(&sp_app.store, password);
}

int sealpost_password_change(const char *password, struct sealpost_why *why)
{
    char sentence[240] = "";
    int err = sp_settings_password_save(&sp_app.store, SP_KIND_SETTING, password, sentence,
                                        sizeof sentence);
    if (err < 0) {
        return sp_app_why(why, err, sp_app_id(err, "password_invalid"), "%s", sentence);
    }
    sp_log_info("app", "the console password was %s", password[0] != '\0' ? "set" : "removed");
    return SP_OK;
}

void sealpost_reboot(void)
{
    sp_log_info("app", "restart asked for");
    sp_app.reboot_wanted = true;
}

static int delete_kind(enum sp_kind kind)
{
    char name[SP_STORE_NAME_MAX + 1];
    uint32_t cursor = 0;
    int err = sp_app_next(kind, &cursor, name);
    while (err == SP_OK) {
        err = sp_store_delete(&sp_app.store, kind, name);
        if (err == SP_OK) { /* it has moved what the cursor walks over */
            cursor = 0;
            err = sp_app_next(kind, &cursor, name);
        }
    }
    return err == SP_E_NOT_FOUND ? SP_OK : err;
}

int sealpost_factory_reset(bool forget_account, struct sealpost_why *why)
{
    static const enum sp_kind kinds[] = {SP_KIND_DOMAIN,  SP_KIND_CHAIN,  SP_KIND_ORDER,
                                         SP_KIND_SETTING, SP_KIND_CLOCK,  SP_KIND_CRASH,
                                         SP_KIND_SEEN,    SP_KIND_REPORTS};
    int err = SP_OK;
    sp_app_outside_forget();
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0] && err == SP_OK; i++) {
        err = delete_kind(kinds[i]);
    }
    if (err == SP_OK) {
        err = sp_app_trust_reset();
    }
    if (err == SP_OK && forget_account) {
        sp_acme_forget();
        err = delete_kind(SP_KIND_ACCOUNT);
    }
    if (err < 0) {
        return sp_app_why(why, err, "reset_failed",
                          "The reset stopped half-way (%s); ask for it again.", sp_err_text(err));
    }
    sp_log_info("app", "factory reset%s", forget_account ? ", the ACME account is forgotten" : "");
    sealpost_reboot();
    return SP_OK;
}

static int board_use(unsigned i, struct sealpost_pool *out)
{
    struct sp_hal_probe *probe = sp_app.board->probe;
    struct sp_stack_use use;
    if (probe != NULL && probe->heap != NULL && i-- == 0) {
        probe->heap(probe, &use);
    } else if (probe == NULL || probe->stack == NULL || probe->stack(probe, i, &use) < 0) {
        return SP_E_NOT_FOUND;
    }
    *out = (struct sealpost_pool){use.name, use.peak, use.peak, use.size, 0};
    return SP_OK;
}

/* The pools of the libraries, the scratch memory, lwIP's. */
static int pool_use(unsigned i, struct sp_pool_use *out)
{
    if (i < SP_POOL_COUNT) {
        *out = sp_port_use((enum sp_pool)i);
        return SP_OK;
    }
    if (i == SP_POOL_COUNT) {
        *out = sp_scratch_use();
        return SP_OK;
    }
    return sp_net_pool(i - SP_POOL_COUNT - 1, out);
}

static unsigned pools_count(void)
{
    struct sp_pool_use use;
    unsigned n = 0;
    while (pool_use(n, &use) == SP_OK) {
        n++;
    }
    return n;
}

int sealpost_pool(unsigned i, struct sealpost_pool *out)
{
    struct sp_store_stats store = sp_store_stats(&sp_app.store);
    struct sp_tcp_stats tcp = sp_tcp_stats();
    struct sp_tls_stats tls = sp_tls_stats();
    unsigned pools = pools_count();
    struct sp_pool_use use;
    if (i < pools) {
        (void)pool_use(i, &use);
        *out = (struct sealpost_pool){use.name, use.used, use.peak, use.limit, use.refused};
        return SP_OK;
    }
    if (i == pools) {
        *out =
            (struct sealpost_pool){"records", store.records, store.records, store.records_max, 0};
        return SP_OK;
    }
    if (i == pools + 1) {
        *out = (struct sealpost_pool){"connections", tcp.open, tcp.open_peak, SP_TCP_STREAMS, 0};
        return SP_OK;
    }
    if (i == pools + 2) {
        *out =
            (struct sealpost_pool){"tls_servers", tls.servers, tls.servers_peak, SP_TLS_SERVERS, 0};
        return SP_OK;
    }
    return board_use(i - pools - 3, out);
}
