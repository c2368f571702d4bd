/* settings, over a real store on an emulated NOR part. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/port.h"
#include "crypto/crypto.h"
#include "host_clock/host_clock.h"
#include "host_entropy/host_entropy.h"
#include "nor_emulator/nor_emulator.h"
#include "settings/settings.h"

#include <string.h>

static struct sp_nor part;
static struct sp_store store;
static struct sp_store_entry entries[64];
static char why[240];

static int begin(void **state)
{
    static struct sp_host_clock clock;
    const struct sp_nor_config config = {.size = 65536, .block_size = 4096, .page_size = 256};
    (void)state;
    sp_host_clock_start(&clock);
    sp_port_bind(&clock.clock, &sp_host_entropy, NULL);
    sp_port_set_limit(SP_POOL_TLS, 1U << 20U);
    why[0] = '\0';
    return sp_crypto_start() < 0 || sp_nor_open(&part, &config) < 0 ||
           sp_store_mount(&store, &part.flash, 0, 16, entries, 64) < 0;
}

static int end(void **state)
{
    (void)state;
    sp_nor_close(&part);
    return 0;
}

static void a_blank_device_has_the_defaults(void **state)
{
    struct sp_settings_network network;
    char text[SP_URL_MAX];
    (void)state;
    sp_settings_network_load(&store, &network);
    assert_true(network.dhcp);
    sp_settings_directory_load(&store, text);
    assert_string_equal(text, SP_SETTINGS_DIRECTORY);
    sp_settings_ntp_load(&store, text);
    assert_string_equal(text, SP_SETTINGS_NTP);
    assert_false(sp_settings_password_set(&store));
}

static void what_the_operator_sets_hides_what_the_factory_set(void **state)
{
    char text[SP_URL_MAX];
    (void)state;
    assert_int_equal(sp_settings_directory_save(&store, SP_KIND_FACTORY, "https://f.example/dir",
                                                why, sizeof why),
                     SP_OK);
    assert_int_equal(sp_settings_directory_save(&store, SP_KIND_SETTING, "https://o.example/dir",
                                                why, sizeof why),
                     SP_OK);
    sp_settings_directory_load(&store, text);
    assert_string_equal(text, "https://o.example/dir");
    assert_int_equal(sp_store_delete(&store, SP_KIND_SETTING, "ca"), SP_OK);
    sp_settings_directory_load(&store, text);
    assert_string_equal(text, "https://f.example/dir");
}

static void a_static_network_is_kept_whole(void **state)
{
    struct sp_settings_network network = {
        false, "192.0.2.10/24", "192.0.2.1", {"192.0.2.53", "2001:db8::53", ""}};
    struct sp_settings_network read;
    struct sp_net_config config;
    (void)state;
    assert_int_equal(sp_settings_network_save(&store, SP_KIND_SETTING, &network, why, sizeof why),
                     SP_OK);
    sp_settings_network_load(&store, &read);
    assert_memory_equal(&read, &network, sizeof read);
    sp_settings_net_config(&read, &config);
    assert_int_equal(config.prefix, 24);
    assert_int_equal(config.dns[1].family, 6);
    assert_int_equal(config.dns[2].family, 0);
}

static void wrong_networks_are_refused_with_the_value(void **state)
{
    static const struct {
        const char *address, *gateway, *dns, *word;
    } rows[] = {
        {"192.0.2.10", "", "", "192.0.2.10"},
        {"192.0.2.300/24", "", "", "192.0.2.300/24"},
        {"2001:db8::1/64", "", "", "2001:db8::1/64"},
        {"192.0.2.10/33", "", "", "192.0.2.10/33"},
        {"", "", "", "IPv4 address"},
        {"0.0.0.0/24", "", "", "0.0.0.0/24"},
        {"127.0.0.1/8", "", "", "127.0.0.1/8"},
        {"224.0.0.1/24", "", "", "224.0.0.1/24"},
        {"192.0.2.0/24", "", "", "192.0.2.0/24"},
        {"192.0.2.63/26", "", "", "192.0.2.63/26"},
        {"192.0.2.10/24", "nowhere", "", "nowhere"},
        {"192.0.2.10/24", "0.0.0.0", "", "0.0.0.0"},
        {"192.0.2.10/24", "255.255.255.255", "", "255.255.255.255"},
        {"192.0.2.10/24", "192.0.2.10", "", "192.0.2.10"},
        {"192.0.2.10/24", "2001:db8::1", "", "2001:db8::1"},
        {"192.0.2.10/24", "", "dns.example", "dns.example"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sp_settings_network network;
        memset(&network, 0, sizeof network);
        strcpy(network.address, rows[i].address);
        strcpy(network.gateway, rows[i].gateway);
        strcpy(network.dns[0], rows[i].dns);
        assert_int_equal(
            sp_settings_network_save(&store, SP_KIND_SETTING, &network, why, sizeof why),
            SP_E_INVALID);
        assert_non_null(strstr(why, rows[i].word));
        assert_int_equal(sp_store_length(&store, SP_KIND_SETTING, "network"), SP_E_NOT_FOUND);
    }
}

static void public_addresses_must_be_reachable_from_the_world(void **state)
{
    struct sp_settings_public wrong = {"10.0.0.1", ""};
    struct sp_settings_public swapped = {"2001:db8::1", ""};
    struct sp_settings_public right = {"192.0.2.10", "2001:db8::10"};
    struct sp_settings_public read;
    (void)state;
    assert_int_equal(sp_settings_public_save(&store, SP_KIND_SETTING, &wrong, why, sizeof why),
                     SP_E_INVALID);
    assert_non_null(strstr(why, "10.0.0.1"));
    assert_int_equal(sp_settings_public_save(&store, SP_KIND_SETTING, &swapped, why, sizeof why),
                     SP_E_INVALID);
    assert_int_equal(sp_settings_public_save(&store, SP_KIND_SETTING, &right, why, sizeof why),
                     SP_OK);
    sp_settings_public_load(&store, &read);
    assert_memory_equal(&read, &right, sizeof read);
}

#define SECRET "MDEyMzQ1Njc4OWFiY2RlZg==" /* 16 bytes */

static void where_to_publish_is_kept_whole(void **state)
{
    const struct sp_settings_publish right = {.server = "192.0.2.53",
                                              .port = 5353,
                                              .zone = "_acme.Example.test",
                                              .key = "Seal_Post",
                                              .secret = SECRET};
    const struct sp_settings_publish nothing = {.port = 0};
    struct sp_settings_publish read;
    (void)state;
    sp_settings_publish_load(&store, &read);
    assert_memory_equal(&read, &nothing, sizeof read);
    assert_int_equal(sp_settings_publish_save(&store, SP_KIND_SETTING, &right, why, sizeof why),
                     SP_OK);
    sp_settings_publish_load(&store, &read);
    assert_string_equal(read.server, right.server);
    assert_int_equal(read.port, 5353);
    assert_string_equal(read.zone, "_acme.example.test");
    assert_string_equal(read.key, "seal_post");
    assert_string_equal(read.secret, SECRET);
    assert_int_equal(sp_settings_publish_save(&store, SP_KIND_SETTING, &nothing, why, sizeof why),
                     SP_OK);
    sp_settings_publish_load(&store, &read);
    assert_memory_equal(&read, &nothing, sizeof read);
}

static void the_longest_place_to_publish_has_room(void **state)
{
    struct sp_settings_publish longest = {.server = "2001:db8:1111:2222:3333:4444:5555:6666",
                                          .port = 65535};
    struct sp_settings_publish read;
    (void)state;
    for (size_t i = 0; i < SP_DOMAIN_SIZE - 1; i++) {
        longest.zone[i] = longest.key[i] = i % 64 == 63 ? '.' : 'a';
    }
    memset(longest.secret, 'A', SP_SETTINGS_SECRET_SIZE - 1);
    memcpy(longest.secret + SP_SETTINGS_SECRET_SIZE - 3, "==", 2);
    assert_int_equal(sp_settings_publish_save(&store, SP_KIND_SETTING, &longest, why, sizeof why),
                     SP_OK);
    sp_settings_publish_load(&store, &read);
    assert_memory_equal(&read, &longest, sizeof read);
}

static void wrong_places_to_publish_are_refused(void **state)
{
    static const struct sp_settings_publish rows[] = {
        {"ns.example.test", 53, "", "key", SECRET},
        {"192.0.2.53", 0, "", "key", SECRET},
        {"192.0.2.53", 53, "a..b", "key", SECRET},
        {"192.0.2.53", 53, "", "", SECRET},
        {"192.0.2.53", 53, "", "a b", SECRET},
        {"192.0.2.53", 53, "", "key", ""},
        {"192.0.2.53", 53, "", "key", "MDEyMzQ1Njc4OWFiY2Rl"}, /* 15 bytes */
        {"192.0.2.53", 53, "", "key", "MDEyMzQ1Njc4OWFiY2RlZg"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        why[0] = '\0';
        assert_int_equal(
            sp_settings_publish_save(&store, SP_KIND_SETTING, &rows[i], why, sizeof why),
            SP_E_INVALID);
        assert_string_not_equal(why, "");
        assert_null(strstr(why, "MDEy"));
    }
}

static void directories_are_https(void **state)
{
    static const char *const rows[] = {"http://ca.example/dir",
                                       "https://",
                                       "ftp://x",
                                       "https://user@ca.example/dir",
                                       "https://ca.example/a b",
                                       "https://ca.example:0/dir",
                                       "https://ca.example:65536/",
                                       "https://ca.example:x/dir",
                                       "https://:443/dir",
                                       "https://ca.example/\"",
                                       "https://ca.example/#top"};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(
            sp_settings_directory_save(&store, SP_KIND_SETTING, rows[i], why, sizeof why),
            SP_E_INVALID);
    }
}

static void a_password_is_kept_as_a_hash_and_compared(void **state)
{
    char record[SP_SETTINGS_RECORD_MAX];
    int n;
    (void)state;
    assert_int_equal(
        sp_settings_password_save(&store, SP_KIND_FACTORY, "correct horse", why, sizeof why),
        SP_OK);
    assert_true(sp_settings_password_set(&store));
    assert_true(sp_settings_password_matches(&store, "correct horse"));
    assert_false(sp_settings_password_matches(&store, "correct horsf"));
    assert_false(sp_settings_password_matches(&store, ""));
    n = sp_store_get(&store, SP_KIND_FACTORY, "password", record, sizeof record - 1);
    assert_true(n > 0);
    record[n] = '\0';
    assert_null(strstr(record, "horse"));
}

static void the_operator_can_remove_the_factorys_password(void **state)
{
    (void)state;
    assert_int_equal(
        sp_settings_password_save(&store, SP_KIND_FACTORY, "correct horse", why, sizeof why),
        SP_OK);
    assert_int_equal(sp_settings_password_save(&store, SP_KIND_SETTING, "", why, sizeof why),
                     SP_OK);
    assert_false(sp_settings_password_set(&store));
    assert_false(sp_settings_password_matches(&store, ""));
}

static void a_password_that_cannot_be_read_stays_one(void **state)
{
    const char broken[] = "salt=00\nhash=zz\nrounds=1\n";
    (void)state;
    assert_int_equal(sp_store_put(&store, SP_KIND_SETTING, "password", sp_span_str(broken), 0),
                     SP_OK);
    assert_true(sp_settings_password_set(&store));
    assert_false(sp_settings_password_matches(&store, ""));
    sp_nor_close(&part); /* every read fails from here on */
    memset(&store, 0, sizeof store);
    assert_int_equal(begin(NULL), 0);
    sp_nor_fault(&part, SP_NOR_FAIL_READ, part.stats.reads + 1, 0);
    (void)sp_store_mount(&store, &part.flash, 0, 16, entries, 64);
    assert_true(sp_settings_password_set(&store));
}

static void a_short_password_is_refused(void **state)
{
    (void)state;
    assert_int_equal(sp_settings_password_save(&store, SP_KIND_SETTING, "1234567", why, sizeof why),
                     SP_E_INVALID);
    assert_non_null(strstr(why, "8 to 128"));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_blank_device_has_the_defaults),
        CASE(what_the_operator_sets_hides_what_the_factory_set),
        CASE(a_static_network_is_kept_whole),
        CASE(wrong_networks_are_refused_with_the_value),
        CASE(public_addresses_must_be_reachable_from_the_world),
        CASE(where_to_publish_is_kept_whole),
        CASE(the_longest_place_to_publish_has_room),
        CASE(wrong_places_to_publish_are_refused),
        CASE(directories_are_https),
        CASE(a_password_is_kept_as_a_hash_and_compared),
        CASE(the_operator_can_remove_the_factorys_password),
        CASE(a_password_that_cannot_be_read_stays_one),
        CASE(a_short_password_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
