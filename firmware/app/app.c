/*
 * Start and loop. The order of start: store, settings, random generator, network, clock, CA, life,
 * ports, console. The order of a round of the loop follows a packet: network first, then what hears
 * from it, last what answers to people.
 */
#include "app/app.h"
#include "app/area.h"
#include "app/outside.h"
#include "app/part.h"
#include "app/publish.h"

#include "acme/acme.h"
#include "area_hash.h"
#include "base/log.h"
#include "base/port.h"
#include "console/console.h"
#include "crypto/crypto.h"
#include "net/clock.h"
#include "net/dns.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "net/net.h"
#include "net/tls.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define ROUNDS_MAX 64      /* of the loop, before the board gets a look at its devices again */
#define FLOOR_KEEP_S 86400 /* how often the time of day is kept in flash */

struct sp_app sp_app;

int sp_app_why(struct sealpost_why *why, int err, const char *id, const char *format, ...)
{
    va_list args;
    if (why != NULL) {
        (void)snprintf(why->id, sizeof why->id, "%s", id);
        va_start(args, format);
        (void)vsnprintf(why->sentence, sizeof why->sentence, format, args);
        va_end(args);
    }
    return err;
}

int sp_app_next(enum sp_kind kind, uint32_t *cursor, char *name)
{
    int err;
    do {
        err = sp_store_next(&sp_app.store, kind, cursor, name);
    } while (err == SP_E_CORRUPT);
    return err;
}

/* --- the floor of the time of day --- */

static sp_utc floor_load(void)
{
    char text[24];
    uint64_t value = 0;
    int n = sp_store_get(&sp_app.store, SP_KIND_CLOCK, "floor", text, sizeof text);
    if (n < 0 || sp_span_u64(sp_span(text, (size_t)n), INT64_MAX, &value) < 0) {
        return 0;
    }
    return (sp_utc)value;
}

static void floor_keep(sp_utc utc)
{
    char array[24];
    struct sp_buf text;
    sp_buf_init(&text, array, sizeof array);
    sp_buf_printf(&text, "%lld", (long long)utc);
    if (sp_store_put(&sp_app.store, SP_KIND_CLOCK, "floor", sp_buf_span(&text), 0) == SP_OK) {
        sp_app.floor_kept = utc;
    }
}

/* Looks whether NTP has answered anew: the life may go on, and the floor rises. */
static void watch_clock(sp_time now)
{
    struct sp_clock_status status;
    sp_clock_status(&status, now);
    if (!status.set || status.synced_at == sp_app.synced_seen) {
        return;
    }
    if (sp_app.synced_seen == 0) {
        sp_life_kick(now);
    }
    sp_app.synced_seen = status.synced_at;
    if (status.utc > sp_app.floor_kept + FLOOR_KEEP_S) {
        floor_keep(status.utc);
    }
}

static void watch_addresses(sp_time now)
{
    struct sp_net_status status;
    uint32_t hash;
    sp_net_status(&status);
    hash = sp_hash32(status.addresses, sizeof status.addresses[0] * status.addresses_n);
    if (hash != sp_app.address_hash) {
        sp_app.address_hash = hash;
        sp_app_publish_all(false);
        sp_life_kick(now);
    }
}

/* --- start --- */

static int start_store(void)
{
    struct sp_flash *flash;
    int err;
    sp_part_start(sp_app.board->flash);
    flash = sp_part_of_store();
    err = sp_store_mount(&sp_app.store, flash, 0, flash->size / flash->block_size, sp_app.entries,
                         SP_RECORDS_MAX);
    if (err < 0) {
        sp_log_error("app", "the store could not be mounted: %s", sp_err_text(err));
    }
    return err;
}

static void start_random(void)
{
    int err = sp_app.board->entropy != NULL ? SP_OK : sp_app_seed_renew();
    if (err == SP_OK) {
        err = sp_crypto_start();
    }
    if (err < 0) {
        sp_app.no_entropy = true;
        sp_log_error("app", "no random generator: %s", sp_err_text(err));
    }
}

static int start_network(void)
{
    struct sp_settings_network network;
    struct sp_net_config config;
    int err;
    sp_settings_network_load(&sp_app.store, &network);
    sp_settings_net_config(&network, &config);
    err = sp_net_start(sp_app.board->nic, &config);
    if (err == SP_E_INVALID) { /* the console must come up all the same */
        sp_log_error("app", "the network's settings cannot be used: see `net`");
        memset(&config, 0, sizeof config);
        err = sp_net_start(sp_app.board->nic, &config);
    }
    if (err == SP_OK) {
        err = sp_dns_start();
    }
    if (err == SP_OK) {
        err = sp_tls_start();
    }
    return err == SP_E_ENTROPY ? SP_OK : err;
}

static void start_clock(void)
{
    char server[SP_DOMAIN_SIZE];
    sp_app.floor_kept = floor_load();
    sp_settings_ntp_load(&sp_app.store, server);
    sp_clock_start(server, sp_app.floor_kept);
}

static void start_ca(void)
{
    char directory[SP_URL_MAX];
    sp_settings_directory_load(&sp_app.store, directory);
    if (sp_acme_start(&sp_app.store, directory) < 0) {
        sp_log_error("app", "the CA's directory URL is not usable");
    }
}

static int start_service(void)
{
    int err = sp_life_start(&sp_app.store, sp_app_life_ops());
    if (err < 0 || sp_app.no_entropy) {
        return err; /* no network: its sequence numbers, ports and keys could be guessed */
    }
    return sp_app_policy_host_start();
}

static void bind_port(const struct sp_board *board)
{
    sp_port_bind(board->clock, board->entropy != NULL ? board->entropy : sp_app_seed_entropy(),
                 board->watchdog);
    sp_port_set_crash(board->crash);
    sp_port_set_limit(SP_POOL_TLS, SP_TLS_POOL);
    sp_port_set_limit(SP_POOL_DNS, SP_DNS_POOL);
    sp_port_set_limit(SP_POOL_JSON, SP_JSON_POOL);
}

int sealpost_start(const struct sp_board *board)
{
    int err;
    memset(&sp_app, 0, sizeof sp_app);
    sp_app.board = board;
    sp_app.booting = true;
    sp_app.started = sp_app_now();
    bind_port(board);
    if (board->led != NULL) {
        board->led->set(board->led, SP_LED_BOOT);
    }
    sp_log_info("app", "Sealpost %s starts on board %s", SEALPOST_VERSION, board->name);
    err = start_store();
    if (err == SP_E_INVALID) {
        return err;
    }
    sp_app_crash_start();
    sp_area_start(sp_area_hash);
    start_random();
    sp_app_trust_start();
    err = start_network();
    if (err < 0) {
        return err;
    }
    start_clock();
    start_ca();
    sp_app_publish_all(false);
    err = start_service();
    if (err < 0) {
        return err;
    }
    (void)sp_app_judge(sp_app_now()); /* who asks first gets an answer */
    if (board->uart != NULL) {
        sp_console_start(board->uart);
    }
    return SP_OK;
}

/* --- loop --- */

static sp_time maybe_reboot(sp_time now)
{
    if (!sp_app.reboot_wanted) {
        return SP_NEVER;
    }
    if (sp_app.board->uart != NULL && !sp_console_idle()) {
        return now + 10;
    }
    sp_app.reboot_wanted = false;
    if (sp_app.board->watchdog != NULL) {
        sp_app.board->watchdog->reset(sp_app.board->watchdog);
    }
    return SP_NEVER;
}

static sp_time step_console(sp_time now)
{
    return sp_app.board->uart != NULL ? sp_console_step(now) : SP_NEVER;
}

static sp_time step_store(sp_time now)
{
    return sp_store_step(&sp_app.store, now);
}

static sp_time step_watch(sp_time now)
{
    watch_clock(now);
    watch_addresses(now);
    return SP_NEVER;
}

static sp_time (*const steps[])(sp_time now) = {
    sp_net_step,  sp_dns_step,         sp_clock_step,  step_watch,   sp_http_client_step,
    sp_acme_step, sp_app_publish_step, sp_checks_step, sp_life_step, sp_http_server_step,
    step_console, sp_app_outside_step, step_store,     sp_app_judge, maybe_reboot,
};

static sp_time round_of_steps(sp_time now)
{
    sp_time next = SP_NEVER;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        next = sp_time_min(next, steps[i](now));
    }
    return next;
}

bool sealpost_keys(void)
{
    return sp_console_keys();
}

sp_time sealpost_step(void)
{
    sp_time now = sp_app_now();
    sp_time next = now;
    for (unsigned i = 0; i < ROUNDS_MAX && next <= now; i++) {
        now = sp_app_now();
        next = round_of_steps(now);
    }
    if (sp_app.board->watchdog != NULL) {
        sp_app.board->watchdog->feed(sp_app.board->watchdog);
    }
    sp_app.last_step = now;
    return next;
}
