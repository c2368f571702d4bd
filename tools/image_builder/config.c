/* From the JSON description to factory records. */
#include "image.h"

#include "cJSON.h"
#include "crypto/cert.h"
#include "settings/settings.h"
#include "sp_port.h"

#include <stdio.h>
#include <string.h>

#define SEED_SIZE 64U

static char why[240];

static bool fail(const char *what, const char *sentence)
{
    (void)fprintf(stderr, "image: %s: %s\n", what, sentence);
    return false;
}

static bool text_of(const cJSON *item, const char *key, char *out, size_t cap)
{
    const char *text = cJSON_GetStringValue(item);
    if (text == NULL) {
        return fail(key, "must be a text");
    }
    if (sp_span_copy(sp_span_str(text), out, cap) < 0) {
        return fail(key, "is too long");
    }
    return true;
}

static bool saved(int err, const char *key)
{
    return err < 0 ? fail(key, why[0] != '\0' ? why : sp_err_text(err)) : true;
}

static bool resolvers(const cJSON *list, struct sp_settings_network *network)
{
    const cJSON *item;
    unsigned n = 0;
    if (!cJSON_IsArray(list) || cJSON_GetArraySize(list) > SP_RESOLVERS) {
        return fail("network.dns", "must be a list of at most three addresses");
    }
    cJSON_ArrayForEach(item, list)
    {
        if (!text_of(item, "network.dns", network->dns[n], sizeof network->dns[n])) {
            return false;
        }
        n++;
    }
    return true;
}

static bool network_key(const cJSON *item, struct sp_settings_network *network)
{
    char mode[16];
    if (strcmp(item->string, "address") == 0) {
        return text_of(item, "network.address", network->address, sizeof network->address);
    }
    if (strcmp(item->string, "gateway") == 0) {
        return text_of(item, "network.gateway", network->gateway, sizeof network->gateway);
    }
    if (strcmp(item->string, "dns") == 0) {
        return resolvers(item, network);
    }
    if (strcmp(item->string, "mode") != 0) {
        return fail(item->string, "is not a key of \"network\"");
    }
    if (!text_of(item, "network.mode", mode, sizeof mode)) {
        return false;
    }
    network->dhcp = strcmp(mode, "dhcp") == 0;
    return network->dhcp || strcmp(mode, "static") == 0
               ? true
               : fail("network.mode", "is neither \"dhcp\" nor \"static\"");
}

static bool apply_network(struct sp_store *store, const cJSON *value)
{
    struct sp_settings_network network;
    const cJSON *item;
    memset(&network, 0, sizeof network);
    network.dhcp = true;
    if (!cJSON_IsObject(value)) {
        return fail("network", "must be an object");
    }
    cJSON_ArrayForEach(item, value)
    {
        if (!network_key(item, &network)) {
            return false;
        }
    }
    return saved(sp_settings_network_save(store, SP_KIND_FACTORY, &network, why, sizeof why),
                 "network");
}

static bool apply_ntp(struct sp_store *store, const cJSON *value)
{
    char host[SP_DOMAIN_SIZE];
    return text_of(value, "ntp", host, sizeof host) &&
           saved(sp_settings_ntp_save(store, SP_KIND_FACTORY, host, why, sizeof why), "ntp");
}

static bool apply_public(struct sp_store *store, const cJSON *value)
{
    struct sp_settings_public public_ = {"", ""};
    const cJSON *item;
    if (!cJSON_IsArray(value)) {
        return fail("public", "must be a list of addresses");
    }
    cJSON_ArrayForEach(item, value)
    {
        const char *text = cJSON_GetStringValue(item);
        bool v6 = text != NULL && strchr(text, ':') != NULL;
        if (!text_of(item, "public", v6 ? public_.v6 : public_.v4, sizeof public_.v4)) {
            return false;
        }
    }
    return saved(sp_settings_public_save(store, SP_KIND_FACTORY, &public_, why, sizeof why),
                 "public");
}

static bool apply_ca(struct sp_store *store, const cJSON *value)
{
    char url[SP_URL_MAX];
    const cJSON *item;
    if (!cJSON_IsObject(value)) {
        return fail("ca", "must be an object");
    }
    cJSON_ArrayForEach(item, value)
    {
        if (strcmp(item->string, "directory") != 0) {
            return fail(item->string, "is not a key of \"ca\"");
        }
        if (!text_of(item, "ca.directory", url, sizeof url) ||
            !saved(sp_settings_directory_save(store, SP_KIND_FACTORY, url, why, sizeof why),
                   "ca.directory")) {
            return false;
        }
    }
    return true;
}

static bool add_anchor(struct sp_store *store, const char *pem)
{
    static uint8_t record[1 + SP_LINK_MAX];
    static struct sp_cert_info info;
    char name[2 * SP_SHA256_SIZE + 1];
    struct sp_span rest = sp_span_str(pem);
    struct sp_buf hex;
    int n = sp_pem_next(&rest, record + 1, sizeof record - 1);
    if (n < 0 || sp_cert_read(sp_span(record + 1, (size_t)n), &info) < 0) {
        return fail("trust", "holds something that is not a certificate in PEM form");
    }
    if (!info.ca) {
        return fail("trust", "holds a certificate that is not one of an authority");
    }
    sp_buf_init(&hex, name, sizeof name);
    sp_hex(&hex, sp_span(info.sha256, sizeof info.sha256));
    record[0] = 'F';
    return saved(sp_store_put(store, SP_KIND_TRUST, name, sp_span(record, (size_t)n + 1), 0),
                 "trust");
}

static bool apply_trust(struct sp_store *store, const cJSON *value)
{
    const cJSON *item;
    if (!cJSON_IsArray(value) || cJSON_GetArraySize(value) > SP_TRUST_MAX) {
        return fail("trust", "must be a list of at most eight certificates in PEM form");
    }
    cJSON_ArrayForEach(item, value)
    {
        const char *pem = cJSON_GetStringValue(item);
        if (pem == NULL || !add_anchor(store, pem)) {
            return pem == NULL ? fail("trust", "must hold texts") : false;
        }
    }
    return true;
}

static bool apply_password(struct sp_store *store, const cJSON *value)
{
    char password[160];
    return text_of(value, "console_password", password, sizeof password) &&
           saved(sp_settings_password_save(store, SP_KIND_FACTORY, password, why, sizeof why),
                 "console_password");
}

static bool keep_seed(struct sp_store *store, const uint8_t *seed, size_t n)
{
    return saved(sp_store_put(store, SP_KIND_SEED, "seed", sp_span(seed, n), 0), "seed");
}

static bool apply_seed(struct sp_store *store, const cJSON *value)
{
    char text[2 * SEED_SIZE + 1];
    uint8_t seed[SEED_SIZE];
    bool fine;
    if (!text_of(value, "seed", text, sizeof text)) {
        return false;
    }
    fine = sp_unhex(sp_span_str(text), seed, sizeof seed) == (int)SEED_SIZE
               ? keep_seed(store, seed, sizeof seed)
               : fail("seed", "must be 128 hexadecimal digits");
    sp_wipe(seed, sizeof seed);
    sp_wipe(text, sizeof text);
    return fine;
}

static const struct {
    const char *key;
    bool (*apply)(struct sp_store *store, const cJSON *value);
} keys[] = {
    {"network", apply_network}, {"ntp", apply_ntp},     {"public", apply_public},
    {"ca", apply_ca},           {"trust", apply_trust}, {"console_password", apply_password},
    {"seed", apply_seed},
};

static bool apply_key(struct sp_store *store, const cJSON *item)
{
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (strcmp(item->string, keys[i].key) == 0) {
            why[0] = '\0';
            return keys[i].apply(store, item);
        }
    }
    return fail(item->string, "is not a key of a factory image");
}

static bool random_seed(struct sp_store *store)
{
    uint8_t seed[SEED_SIZE];
    bool fine = sp_port_random(seed, sizeof seed) == SP_OK && keep_seed(store, seed, sizeof seed);
    sp_wipe(seed, sizeof seed);
    return fine;
}

bool image_apply(struct sp_store *store, const char *json)
{
    cJSON *root = cJSON_ParseWithOpts(json, NULL, true);
    const cJSON *item;
    bool fine = cJSON_IsObject(root) || fail("the description", "is not a JSON object");
    if (fine) {
        cJSON_ArrayForEach(item, root)
        {
            fine = fine && apply_key(store, item);
        }
    }
    if (fine && cJSON_GetObjectItemCaseSensitive(root, "seed") == NULL) {
        fine = random_seed(store) || fail("seed", "no random bytes to be had");
    }
    cJSON_Delete(root);
    return fine;
}
