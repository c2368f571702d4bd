/* What an image holds, without secrets. */
#include "image.h"

#include "crypto/cert.h"
#include "mtasts/domain.h"
#include "settings/settings.h"

#include <stdio.h>

static void show_network(struct sp_store *store)
{
    struct sp_settings_network network;
    struct sp_settings_public public_;
    char text[SP_URL_MAX];
    sp_settings_network_load(store, &network);
    (void)printf("network: %s", network.dhcp ? "dhcp" : "static");
    if (!network.dhcp) {
        (void)printf(" %s gateway %s", network.address,
                     network.gateway[0] != '\0' ? network.gateway : "none");
    }
    (void)printf(", dns");
    for (unsigned i = 0; i < SP_RESOLVERS && network.dns[i][0] != '\0'; i++) {
        (void)printf(" %s", network.dns[i]);
    }
    (void)printf("%s\n", network.dns[0][0] == '\0' ? " as given by the network" : "");
    sp_settings_public_load(store, &public_);
    (void)printf("public addresses: %s %s\n", public_.v4[0] != '\0' ? public_.v4 : "-",
                 public_.v6[0] != '\0' ? public_.v6 : "-");
    sp_settings_ntp_load(store, text);
    (void)printf("time server: %s\n", text[0] != '\0' ? text : "as given by DHCP");
    sp_settings_directory_load(store, text);
    (void)printf("CA directory: %s\n", text);
}

static void show_trust(struct sp_store *store)
{
    static uint8_t record[1 + SP_LINK_MAX];
    static struct sp_cert_info info;
    char name[SP_STORE_NAME_MAX + 1];
    uint32_t cursor = 0;
    while (sp_store_next(store, SP_KIND_TRUST, &cursor, name) == SP_OK) {
        int n = sp_store_get(store, SP_KIND_TRUST, name, record, sizeof record);
        if (n > 1 && sp_cert_read(sp_span(record + 1, (size_t)n - 1), &info) == SP_OK) {
            (void)printf("extra root (%s): %s, SHA-256 %s\n",
                         record[0] == 'F' ? "factory" : "operator", info.subject, name);
        }
    }
}

static void show_domains(struct sp_store *store)
{
    static struct sp_domain domain;
    char name[SP_STORE_NAME_MAX + 1];
    char when[SP_RFC3339_SIZE];
    uint32_t cursor = 0;
    while (sp_store_next(store, SP_KIND_DOMAIN, &cursor, name) == SP_OK) {
        if (sp_domain_load(store, name, &domain) == SP_OK) {
            (void)printf("domain: %s, %s, certificate until %s\n", name,
                         sp_domain_state_text(domain.state),
                         sp_utc_rfc3339(domain.not_after, when));
        }
        sp_domain_wipe(&domain);
    }
}

void image_show(struct sp_store *store)
{
    struct sp_store_stats stats = sp_store_stats(store);
    show_network(store);
    (void)printf("console password: %s\n", sp_settings_password_set(store) ? "set" : "none");
    (void)printf("entropy seed: %s\n",
                 sp_store_length(store, SP_KIND_SEED, "seed") > 0 ? "present" : "none");
    show_trust(store);
    show_domains(store);
    (void)printf("store: %u records, %u bytes live, %u of %u blocks free\n", stats.records,
                 stats.live_bytes, stats.free_blocks, stats.blocks);
}
