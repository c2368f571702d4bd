/*
 * settings: the device's own settings, typed, over the store.
 *
 * A setting is one record of "key=value" lines. What the operator set (SP_KIND_SETTING) goes before
 * what the factory image set (SP_KIND_FACTORY), which goes before the built-in default: so a
 * factory reset only deletes the first kind.
 *
 * Memory: the caller's structs. Threads: service task. Time: reads or writes one record of flash.
 */
#ifndef SP_SETTINGS_SETTINGS_H
#define SP_SETTINGS_SETTINGS_H

#include "base/limits.h"
#include "base/text.h"
#include "net/net.h"
#include "store/store.h"

#define SP_SETTINGS_RECORD_MAX 640
#define SP_SETTINGS_DIRECTORY "https://acme-v02.api.letsencrypt.org/directory"
#define SP_SETTINGS_NTP "pool.ntp.org"

struct sp_settings_network {
    bool dhcp;
    char address[SP_ADDR_SIZE + 4]; /* "192.0.2.10/24" */
    char gateway[SP_ADDR_SIZE];     /* "": none */
    char dns[SP_RESOLVERS][SP_ADDR_SIZE];
};

struct sp_settings_public {
    char v4[SP_ADDR_SIZE]; /* "": the interface's own */
    char v6[SP_ADDR_SIZE];
};

/* Where the records are published by dynamic update. */
#define SP_SETTINGS_SECRET_SIZE 89 /* base64 of SP_TSIG_SECRET_MAX bytes, with its terminator */
#define SP_SETTINGS_SECRET_MIN 16  /* bytes */
struct sp_settings_publish {
    char server[SP_ADDR_SIZE]; /* "": none, by hand; then all the others are nothing, too */
    uint16_t port;
    char zone[SP_DOMAIN_SIZE];            /* "": each that the server has */
    char key[SP_DOMAIN_SIZE];             /* the TSIG key's name */
    char secret[SP_SETTINGS_SECRET_SIZE]; /* in base64; to be wiped */
};

/* Each load gives the value in force and never fails: without a readable record it is the default.
 * Each save: kind is SP_KIND_SETTING or SP_KIND_FACTORY; SP_E_INVALID and one sentence in why (200
 * bytes at least) when the value breaks its rules, or an error of sp_store_put. */
void sp_settings_network_load(struct sp_store *store, struct sp_settings_network *out);
int sp_settings_network_save(struct sp_store *store, enum sp_kind kind,
                             const struct sp_settings_network *network, char *why, size_t cap);
void sp_settings_public_load(struct sp_store *store, struct sp_settings_public *out);
int sp_settings_public_save(struct sp_store *store, enum sp_kind kind,
                            const struct sp_settings_public *public_, char *why, size_t cap);
/* A host name or an address; "" for DHCP's alone. out has SP_DOMAIN_SIZE bytes. */
void sp_settings_ntp_load(struct sp_store *store, char *out);
int sp_settings_ntp_save(struct sp_store *store, enum sp_kind kind, const char *host, char *why,
                         size_t cap);
/* The ACME directory; https. out has SP_URL_MAX bytes. */
void sp_settings_directory_load(struct sp_store *store, char *out);
int sp_settings_directory_save(struct sp_store *store, enum sp_kind kind, const char *url,
                               char *why, size_t cap);

/* The secret is kept as it is: a signature needs it. Wipe what was loaded. */
void sp_settings_publish_load(struct sp_store *store, struct sp_settings_publish *out);
int sp_settings_publish_save(struct sp_store *store, enum sp_kind kind,
                             const struct sp_settings_publish *publish, char *why, size_t cap);

/* The console password, kept as salt and PBKDF2 hash. */
bool sp_settings_password_set(struct sp_store *store);
bool sp_settings_password_matches(struct sp_store *store, const char *password);
/* "" removes it, also one of the factory's. */
int sp_settings_password_save(struct sp_store *store, enum sp_kind kind, const char *password,
                              char *why, size_t cap);

/* For lwIP. */
void sp_settings_net_config(const struct sp_settings_network *network, struct sp_net_config *out);

#endif
