#include "settings/settings.h"

#include "base/scratch.h"
#include "crypto/crypto.h"
#include "net/dns_tsig.h"
#include "net/http_url.h"
#include "sp_port.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PASSWORD_ROUNDS 10000U
#define PASSWORD_MIN 8U
#define PASSWORD_MAX 128U
#define SALT_SIZE 16U
#define PUBLISH_MAX 704 /* bytes of that record, too many for the stack */

/* Always SP_E_INVALID, so that a check can end with it. */
static int refuse(char *why, size_t cap, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int refuse(char *why, size_t cap, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(why, cap, format, args);
    va_end(args);
    return SP_E_INVALID;
}

/* --- records of "key=value" lines --- */

static int record_load(struct sp_store *store, const char *name, char *text, size_t cap)
{
    int err = sp_store_get(store, SP_KIND_SETTING, name, text, cap - 1);
    int n = err;
    if (n < 0) {
        n = sp_store_get(store, SP_KIND_FACTORY, name, text, cap - 1);
    }
    if (n < 0) {
        return err == SP_E_NOT_FOUND ? n : err;
    }
    text[n] = '\0';
    return n;
}

/* The value of a key; "" and SP_E_NOT_FOUND when there is none. */
static int record_value(const char *text, const char *key, char *out, size_t cap)
{
    struct sp_span rest = sp_span_str(text);
    struct sp_span line;
    size_t key_n = strlen(key);
    out[0] = '\0';
    while (sp_span_split(&rest, '\n', &line)) {
        if (line.n > key_n && sp_span_starts(line, key) && line.p[key_n] == '=') {
            return sp_span_copy(sp_span(line.p + key_n + 1, line.n - key_n - 1), out, cap);
        }
    }
    return SP_E_NOT_FOUND;
}

static int record_save(struct sp_store *store, enum sp_kind kind, const char *name,
                       const struct sp_buf *text, char *why, size_t cap)
{
    int err = text->cut ? SP_E_SPACE : sp_store_put(store, kind, name, sp_buf_span(text), 0);
    if (err < 0) {
        (void)snprintf(why, cap, "The setting could not be kept: %s.", sp_err_text(err));
    }
    return err;
}

/* --- network --- */

static void network_defaults(struct sp_settings_network *out)
{
    memset(out, 0, sizeof *out);
    out->dhcp = true;
}

void sp_settings_network_load(struct sp_store *store, struct sp_settings_network *out)
{
    char text[SP_SETTINGS_RECORD_MAX];
    char value[160];
    struct sp_span rest, part;
    network_defaults(out);
    if (record_load(store, "network", text, sizeof text) < 0) {
        return;
    }
    (void)record_value(text, "mode", value, sizeof value);
    out->dhcp = strcmp(value, "static") != 0;
    (void)record_value(text, "address", out->address, sizeof out->address);
    (void)record_value(text, "gateway", out->gateway, sizeof out->gateway);
    (void)record_value(text, "dns", value, sizeof value);
    rest = sp_span_str(value);
    for (unsigned i = 0; i < SP_RESOLVERS && sp_span_split(&rest, ',', &part); i++) {
        (void)sp_span_copy(part, out->dns[i], sizeof out->dns[i]);
    }
}

/* The first address of a network is its own, the last one everybody's. */
static bool is_first_or_last(const struct sp_addr *addr, uint8_t prefix)
{
    uint32_t hosts = 0xffffffffU >> prefix;
    uint32_t value = (uint32_t)addr->bytes[0] << 24 | (uint32_t)addr->bytes[1] << 16 |
                     (uint32_t)addr->bytes[2] << 8 | addr->bytes[3];

    return (value & hosts) == 0 || (value & hosts) == hosts;
}

static int network_check(const struct sp_settings_network *network, char *why, size_t cap)
{
    struct sp_addr addr, gateway;
    uint8_t prefix = 0;
    for (unsigned i = 0; i < SP_RESOLVERS; i++) {
        if (network->dns[i][0] != '\0' && sp_addr_parse(sp_span_str(network->dns[i]), &addr) < 0) {
            return refuse(why, cap, "\"%s\" is not the address of a DNS server.", network->dns[i]);
        }
    }
    if (network->dhcp) {
        return SP_OK;
    }
    if (sp_addr_parse_prefix(sp_span_str(network->address), &addr, &prefix) < 0 ||
        addr.family != 4 || prefix < 1 || prefix > 30 || strchr(network->address, '/') == NULL) {
        return refuse(why, cap,
                      "\"%s\" is not an IPv4 address with its prefix, like 192.0.2.10/24.",
                      network->address);
    }
    if (!sp_addr_is_host4(&addr) || is_first_or_last(&addr, prefix)) {
        return refuse(why, cap, "\"%s\" is not an address that one device of a network can have.",
                      network->address);
    }
    if (network->gateway[0] != '\0' &&
        (sp_addr_parse(sp_span_str(network->gateway), &gateway) < 0 ||
         !sp_addr_is_host4(&gateway) || sp_addr_equal(&gateway, &addr))) {
        return refuse(why, cap, "\"%s\" is not the IPv4 address of a gateway.", network->gateway);
    }
    return SP_OK;
}

int sp_settings_network_save(struct sp_store *store, enum sp_kind kind,
                             const struct sp_settings_network *network, char *why, size_t cap)
{
    char array[SP_SETTINGS_RECORD_MAX];
    struct sp_buf text;
    if (network_check(network, why, cap) < 0) {
        return SP_E_INVALID;
    }
    sp_buf_init(&text, array, sizeof array);
    sp_buf_printf(&text, "mode=%s\naddress=%s\ngateway=%s\ndns=", network->dhcp ? "dhcp" : "static",
                  network->address, network->gateway);
    for (unsigned i = 0; i < SP_RESOLVERS && network->dns[i][0] != '\0'; i++) {
        sp_buf_printf(&text, "%s%s", i > 0 ? "," : "", network->dns[i]);
    }
    sp_buf_putc(&text, '\n');
    return record_save(store, kind, "network", &text, why, cap);
}

void sp_settings_net_config(const struct sp_settings_network *network, struct sp_net_config *out)
{
    memset(out, 0, sizeof *out);
    out->dhcp = network->dhcp;
    (void)sp_span_copy(sp_span_str("sealpost"), out->hostname, sizeof out->hostname);
    if (!network->dhcp) {
        (void)sp_addr_parse_prefix(sp_span_str(network->address), &out->address, &out->prefix);
        (void)sp_addr_parse(sp_span_str(network->gateway), &out->gateway);
    }
    for (unsigned i = 0; i < SP_RESOLVERS; i++) {
        (void)sp_addr_parse(sp_span_str(network->dns[i]), &out->dns[i]);
    }
}

/* --- public addresses --- */

void sp_settings_public_load(struct sp_store *store, struct sp_settings_public *out)
{
    char text[SP_SETTINGS_RECORD_MAX];
    memset(out, 0, sizeof *out);
    if (record_load(store, "public", text, sizeof text) < 0) {
        return;
    }
    (void)record_value(text, "v4", out->v4, sizeof out->v4);
    (void)record_value(text, "v6", out->v6, sizeof out->v6);
}

static int public_check(const char *text, uint8_t family, char *why, size_t cap)
{
    struct sp_addr addr;
    if (text[0] == '\0') {
        return SP_OK;
    }
    if (sp_addr_parse(sp_span_str(text), &addr) < 0 || addr.family != family) {
        return refuse(why, cap, "\"%s\" is not an IPv%u address.", text, family);
    }
    if (!sp_addr_is_global(&addr)) {
        return refuse(why, cap, "%s cannot be reached from the Internet.", text);
    }
    return SP_OK;
}

int sp_settings_public_save(struct sp_store *store, enum sp_kind kind,
                            const struct sp_settings_public *public_, char *why, size_t cap)
{
    char array[SP_SETTINGS_RECORD_MAX];
    struct sp_buf text;
    if (public_check(public_->v4, 4, why, cap) < 0 || public_check(public_->v6, 6, why, cap) < 0) {
        return SP_E_INVALID;
    }
    sp_buf_init(&text, array, sizeof array);
    sp_buf_printf(&text, "v4=%s\nv6=%s\n", public_->v4, public_->v6);
    return record_save(store, kind, "public", &text, why, cap);
}

/* --- time server and CA --- */

void sp_settings_ntp_load(struct sp_store *store, char *out)
{
    char text[SP_SETTINGS_RECORD_MAX];
    if (record_load(store, "ntp", text, sizeof text) < 0 ||
        record_value(text, "server", out, SP_DOMAIN_SIZE) < 0) {
        (void)sp_span_copy(sp_span_str(SP_SETTINGS_NTP), out, SP_DOMAIN_SIZE);
    }
}

int sp_settings_ntp_save(struct sp_store *store, enum sp_kind kind, const char *host, char *why,
                         size_t cap)
{
    char array[SP_SETTINGS_RECORD_MAX];
    char name[SP_DOMAIN_SIZE];
    struct sp_addr addr;
    struct sp_buf text;
    if (host[0] != '\0' && sp_hostname(sp_span_str(host), name) < 0 &&
        sp_addr_parse(sp_span_str(host), &addr) < 0) {
        return refuse(why, cap, "\"%.100s\" is neither a host name nor an address.", host);
    }
    sp_buf_init(&text, array, sizeof array);
    sp_buf_printf(&text, "server=%s\n", host);
    return record_save(store, kind, "ntp", &text, why, cap);
}

void sp_settings_directory_load(struct sp_store *store, char *out)
{
    char text[SP_SETTINGS_RECORD_MAX];
    if (record_load(store, "ca", text, sizeof text) < 0 ||
        record_value(text, "directory", out, SP_URL_MAX) < 0 || out[0] == '\0') {
        (void)sp_span_copy(sp_span_str(SP_SETTINGS_DIRECTORY), out, SP_URL_MAX);
    }
}

/* As the HTTP client will read it: with a host, and a port that exists. */
static bool url_is_https(const char *url)
{
    struct sp_url parsed;
    return strncmp(url, "https://", 8) == 0 && strchr(url, '"') == NULL &&
           sp_url_parse(sp_span_str(url), &parsed) == 0;
}

int sp_settings_directory_save(struct sp_store *store, enum sp_kind kind, const char *url,
                               char *why, size_t cap)
{
    char array[SP_SETTINGS_RECORD_MAX];
    struct sp_buf text;
    if (!url_is_https(url)) {
        return refuse(why, cap, "\"%.100s\" is not the https:// URL of an ACME directory.", url);
    }
    sp_buf_init(&text, array, sizeof array);
    sp_buf_printf(&text, "directory=%s\n", url);
    return record_save(store, kind, "ca", &text, why, cap);
}

/* --- publishing --- */

void sp_settings_publish_load(struct sp_store *store, struct sp_settings_publish *out)
{
    size_t mark = sp_scratch_mark();
    char *text = sp_scratch_take(PUBLISH_MAX);
    char value[8];
    uint64_t port = 0;
    memset(out, 0, sizeof *out);
    if (record_load(store, "publish", text, PUBLISH_MAX) >= 0) {
        (void)record_value(text, "server", out->server, sizeof out->server);
        (void)record_value(text, "port", value, sizeof value);
        (void)sp_span_u64(sp_span_str(value), UINT16_MAX, &port);
        out->port = (uint16_t)port;
        (void)record_value(text, "zone", out->zone, sizeof out->zone);
        (void)record_value(text, "key", out->key, sizeof out->key);
        (void)record_value(text, "secret", out->secret, sizeof out->secret);
    }
    sp_scratch_release(mark);
}

/* A name as a DNS message takes it. */
static bool is_dns_name(const char *name)
{
    uint8_t bytes[SP_DNS_WIRE_NAME];
    struct sp_dns_writer w = {.p = bytes, .cap = sizeof bytes};
    sp_dns_write_name(&w, name);
    return name[0] != '\0' && !w.bad;
}

static int publish_check(const struct sp_settings_publish *publish, char *why, size_t cap)
{
    uint8_t secret[SP_TSIG_SECRET_MAX];
    struct sp_addr addr;
    int n;
    if (publish->server[0] == '\0') {
        return SP_OK;
    }
    if (sp_addr_parse(sp_span_str(publish->server), &addr) < 0) {
        return refuse(why, cap, "\"%s\" is not the address of a DNS server.", publish->server);
    }
    if (publish->port == 0) {
        return refuse(why, cap, "The port is a number from 1 to 65535.");
    }
    if (publish->zone[0] != '\0' && !is_dns_name(publish->zone)) {
        return refuse(why, cap, "\"%.100s\" is not the name of a zone.", publish->zone);
    }
    if (!is_dns_name(publish->key)) {
        return refuse(why, cap, "\"%.100s\" is not the name of a key.", publish->key);
    }
    n = sp_unbase64(sp_span_str(publish->secret), secret, sizeof secret);
    sp_wipe(secret, sizeof secret);
    if (n < SP_SETTINGS_SECRET_MIN) {
        return refuse(why, cap,
                      "The secret is not one in base64 of %d to %d bytes, as a key file has it.",
                      SP_SETTINGS_SECRET_MIN, SP_TSIG_SECRET_MAX);
    }
    return SP_OK;
}

/* In lower case, as it is signed and compared. */
static void put_name(struct sp_buf *text, const char *key, const char *name)
{
    sp_buf_printf(text, "%s=", key);
    for (; *name != '\0'; name++) {
        sp_buf_putc(text, *name >= 'A' && *name <= 'Z' ? (char)(*name + ('a' - 'A')) : *name);
    }
    sp_buf_putc(text, '\n');
}

int sp_settings_publish_save(struct sp_store *store, enum sp_kind kind,
                             const struct sp_settings_publish *publish, char *why, size_t cap)
{
    size_t mark = sp_scratch_mark();
    struct sp_buf text;
    int err;
    if (publish_check(publish, why, cap) < 0) {
        return SP_E_INVALID;
    }
    sp_buf_init(&text, sp_scratch_take(PUBLISH_MAX), PUBLISH_MAX);
    sp_buf_printf(&text, "server=%s\n", publish->server);
    if (publish->server[0] != '\0') {
        sp_buf_printf(&text, "port=%u\n", publish->port);
        put_name(&text, "zone", publish->zone);
        put_name(&text, "key", publish->key);
        sp_buf_printf(&text, "secret=%s\n", publish->secret);
    }
    err = record_save(store, kind, "publish", &text, why, cap);
    sp_scratch_release(mark);
    return err;
}

/* --- console password --- */

struct password {
    uint8_t salt[SALT_SIZE];
    uint8_t hash[SP_SHA256_SIZE];
    uint64_t rounds;
};

/* 0; SP_E_NOT_FOUND when there is no password; SP_E_CORRUPT or SP_E_IO when there may be one that
 * cannot be read. */
static int password_load(struct sp_store *store, struct password *out)
{
    char text[SP_SETTINGS_RECORD_MAX];
    char value[80];
    int n = record_load(store, "password", text, sizeof text);
    if (n < 0) {
        return n;
    }
    if (record_value(text, "removed", value, sizeof value) == SP_OK) {
        return SP_E_NOT_FOUND;
    }
    if (record_value(text, "salt", value, sizeof value) < 0 ||
        sp_unhex(sp_span_str(value), out->salt, sizeof out->salt) != (int)sizeof out->salt ||
        record_value(text, "hash", value, sizeof value) < 0 ||
        sp_unhex(sp_span_str(value), out->hash, sizeof out->hash) != (int)sizeof out->hash ||
        record_value(text, "rounds", value, sizeof value) < 0 ||
        sp_span_u64(sp_span_str(value), 10000000, &out->rounds) < 0) {
        return SP_E_CORRUPT;
    }
    return SP_OK;
}

/* A password that cannot be read is one that nothing matches: a failing part opens no door. */
bool sp_settings_password_set(struct sp_store *store)
{
    struct password stored;
    return password_load(store, &stored) != SP_E_NOT_FOUND;
}

bool sp_settings_password_matches(struct sp_store *store, const char *password)
{
    struct password stored;
    uint8_t hash[SP_SHA256_SIZE];
    uint8_t difference = 0;
    if (password_load(store, &stored) < 0 ||
        sp_password_hash(password, sp_span(stored.salt, sizeof stored.salt),
                         (uint32_t)stored.rounds, hash) < 0) {
        return false;
    }
    for (unsigned i = 0; i < sizeof hash; i++) {
        difference |= (uint8_t)(hash[i] ^ stored.hash[i]);
    }
    sp_wipe(hash, sizeof hash);
    return difference == 0;
}

static int password_text(const char *password, struct sp_buf *text)
{
    struct password fresh = {.rounds = PASSWORD_ROUNDS};
    int err = sp_port_random(fresh.salt, sizeof fresh.salt);
    if (err == SP_OK) {
        err = sp_password_hash(password, sp_span(fresh.salt, sizeof fresh.salt), PASSWORD_ROUNDS,
                               fresh.hash);
    }
    if (err == SP_OK) {
        sp_buf_puts(text, "salt=");
        sp_hex(text, sp_span(fresh.salt, sizeof fresh.salt));
        sp_buf_puts(text, "\nhash=");
        sp_hex(text, sp_span(fresh.hash, sizeof fresh.hash));
        sp_buf_printf(text, "\nrounds=%u\n", PASSWORD_ROUNDS);
    }
    sp_wipe(&fresh, sizeof fresh);
    return err;
}

int sp_settings_password_save(struct sp_store *store, enum sp_kind kind, const char *password,
                              char *why, size_t cap)
{
    char array[SP_SETTINGS_RECORD_MAX];
    struct sp_buf text;
    size_t n = strlen(password);
    int err = SP_OK;
    sp_buf_init(&text, array, sizeof array);
    if (n > 0 && (n < PASSWORD_MIN || n > PASSWORD_MAX)) {
        return refuse(why, cap, "A password has 8 to 128 characters.");
    }
    if (n == 0) {
        sp_buf_puts(&text, "removed=1\n"); /* hides one of the factory's */
    } else {
        err = password_text(password, &text);
    }
    if (err < 0) {
        (void)snprintf(why, cap, "The password could not be set: %s.", sp_err_text(err));
        return err;
    }
    return record_save(store, kind, "password", &text, why, cap);
}
