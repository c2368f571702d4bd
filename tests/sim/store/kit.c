#include "kit.h"

#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint32_t kit_random(uint32_t *random)
{
    *random ^= *random << 13;
    *random ^= *random >> 17;
    *random ^= *random << 5;
    return *random;
}

void kit_open(struct kit *kit, uint32_t blocks, uint32_t block_size, uint32_t largest)
{
    const struct sp_nor_config config = {
        .size = blocks * block_size, .block_size = block_size, .page_size = 256, .erase_polls = 1};

    memset(kit, 0, sizeof *kit);
    kit->largest = largest;
    kit->model.doing = -1;
    assert_int_equal(sp_nor_open(&kit->nor, &config), 0);
    assert_int_equal(kit_mount(kit), 0);
}

void kit_close(struct kit *kit)
{
    sp_nor_close(&kit->nor);
}

int kit_mount(struct kit *kit)
{
    memset(&kit->store, 0xA5, sizeof kit->store);
    memset(kit->entries, 0xA5, sizeof kit->entries);
    return sp_store_mount(&kit->store, &kit->nor.flash, 0,
                          kit->nor.flash.size / kit->nor.flash.block_size, kit->entries,
                          KIT_ENTRIES);
}

void kit_save(const struct kit *kit, struct kit_saved *saved)
{
    uint32_t size = kit->nor.flash.size;

    if (saved->bytes == NULL) {
        saved->bytes = malloc(size);
        saved->weak = malloc(size);
        assert_true(saved->bytes != NULL && saved->weak != NULL);
    }
    saved->kit = *kit;
    memcpy(saved->bytes, kit->nor.bytes, size);
    memcpy(saved->weak, kit->nor.weak, size);
}

void kit_restore(struct kit *kit, const struct kit_saved *saved)
{
    uint32_t size = kit->nor.flash.size;

    *kit = saved->kit;
    memcpy(kit->nor.bytes, saved->bytes, size);
    memcpy(kit->nor.weak, saved->weak, size);
}

void kit_forget(struct kit_saved *saved)
{
    free(saved->bytes);
    free(saved->weak);
}

enum sp_kind kit_kind(uint32_t name)
{
    return name % 3 == 0 ? SP_KIND_SETTING : SP_KIND_DOMAIN;
}

const char *kit_name(uint32_t name)
{
    static char text[32];

    (void)snprintf(text, sizeof text, "n%u.example", name / 2);
    if (name % 2 == 1) {
        text[0] = 'm';
    }
    return text;
}

static sp_utc due_of(uint32_t name, uint32_t version)
{
    return version % 4 == 0 ? 0 : (sp_utc)(1000U + version * 64U + name);
}

size_t kit_data(const struct kit *kit, uint32_t name, uint32_t version, uint8_t *out)
{
    uint32_t random = (name + 1) * 2654435761U ^ (version * 40503U + 1);
    size_t n = kit_random(&random) % 8 == 0 ? kit_random(&random) % 20
                                            : kit_random(&random) % kit->largest;

    for (size_t i = 0; i < n; i++) {
        out[i] = (uint8_t)kit_random(&random);
    }
    return n;
}

struct kit_action kit_action(uint32_t *random, uint32_t number, uint32_t names)
{
    uint32_t dice = kit_random(random) % 100;
    struct kit_action action = {.name = kit_random(random) % names, .version = number + 1};

    if (dice < 60) {
        action.what = KIT_PUT;
    } else if (dice < 78) {
        action.what = KIT_DELETE;
    } else if (dice < 90) {
        action.what = KIT_STEPS;
        action.version = 1 + kit_random(random) % 12;
    } else {
        action.what = dice < 96 ? KIT_TIDY : KIT_REMOUNT;
    }
    return action;
}

static int change(struct kit *kit, const struct kit_action *action)
{
    uint8_t data[SP_STORE_RECORD_MAX];
    size_t n;

    kit->model.doing = (int)action->name;
    kit->model.doing_version = action->what == KIT_PUT ? action->version : 0;
    if (action->what == KIT_DELETE) {
        return sp_store_delete(&kit->store, kit_kind(action->name), kit_name(action->name));
    }
    n = kit_data(kit, action->name, action->version, data);
    return sp_store_put(&kit->store, kit_kind(action->name), kit_name(action->name),
                        sp_span(data, n), due_of(action->name, action->version));
}

static bool act_change(struct kit *kit, const struct kit_action *action)
{
    uint32_t before = kit->model.version[action->name];
    int err = change(kit, action);

    if (err < 0 && (kit->nor.off || (kit->failing && err != SP_E_NOT_FOUND))) {
        return false;
    }
    if (action->what == KIT_DELETE && before == 0) {
        assert_int_equal(err, SP_E_NOT_FOUND);
    } else {
        assert_int_equal(err, 0);
    }
    kit->model.version[action->name] = kit->model.doing_version;
    kit->model.doing = -1;
    return !kit->nor.off;
}

static void steps(struct kit *kit, uint32_t n, bool quiet)
{
    for (uint32_t i = 0; i < n; i++) {
        sp_time next = sp_store_step(&kit->store, kit->now);

        if (next == SP_NEVER || kit->nor.off) {
            return;
        }
        kit->now = quiet && next > kit->now ? next : kit->now + 1;
    }
    if (quiet && !kit->failing) {
        fail_msg("the store is not tidy after %u steps", n);
    }
}

bool kit_act(struct kit *kit, const struct kit_action *action)
{
    int err;

    switch (action->what) {
    case KIT_PUT:
    case KIT_DELETE:
        return act_change(kit, action);
    case KIT_STEPS:
        kit->now += 2000;
        steps(kit, action->version, false);
        return !kit->nor.off;
    case KIT_TIDY:
        steps(kit, 5000, true);
        return !kit->nor.off;
    case KIT_REMOUNT:
    default:
        err = kit_mount(kit);
        assert_true(err == 0 || kit->nor.off || kit->failing);
        return err == 0 && !kit->nor.off;
    }
}

bool kit_is_version(struct kit *kit, uint32_t name, uint32_t version)
{
    uint8_t want[SP_STORE_RECORD_MAX];
    uint8_t got[SP_STORE_RECORD_MAX];
    int n = sp_store_get(&kit->store, kit_kind(name), kit_name(name), got, sizeof got);

    if (version == 0) {
        return n == SP_E_NOT_FOUND;
    }
    return n >= 0 && (size_t)n == kit_data(kit, name, version, want) &&
           memcmp(want, got, (size_t)n) == 0;
}

void kit_settle(struct kit *kit)
{
    struct kit_model *model = &kit->model;

    if (model->doing < 0) {
        return;
    }
    if (kit_is_version(kit, (uint32_t)model->doing, model->doing_version)) {
        model->version[model->doing] = model->doing_version;
    } else if (!kit_is_version(kit, (uint32_t)model->doing, model->version[model->doing])) {
        fail_msg("%s is neither old nor new", kit_name((uint32_t)model->doing));
    }
    model->doing = -1;
}

static void check_due(struct kit *kit, enum sp_kind kind)
{
    char name[SP_STORE_NAME_MAX + 1];
    sp_utc due;
    sp_utc earliest = 0;
    int err = sp_store_due(&kit->store, kind, name, &due);

    for (uint32_t i = 0; i < KIT_NAMES; i++) {
        uint32_t version = kit->model.version[i];
        sp_utc at = due_of(i, version);

        if (version != 0 && kit_kind(i) == kind && at != 0 && (earliest == 0 || at < earliest)) {
            earliest = at;
        }
    }
    assert_int_equal(err, earliest == 0 ? SP_E_NOT_FOUND : 0);
    assert_int_equal(due, earliest);
}

void kit_check(struct kit *kit)
{
    uint32_t settings = 0;
    uint32_t domains = 0;

    for (uint32_t i = 0; i < KIT_NAMES; i++) {
        if (!kit_is_version(kit, i, kit->model.version[i])) {
            fail_msg("%s is not as it was put (version %u)", kit_name(i), kit->model.version[i]);
        }
        if (kit->model.version[i] != 0 && kit_kind(i) == SP_KIND_SETTING) {
            settings++;
        } else if (kit->model.version[i] != 0) {
            domains++;
        }
    }
    assert_int_equal(sp_store_count(&kit->store, SP_KIND_SETTING), settings);
    assert_int_equal(sp_store_count(&kit->store, SP_KIND_DOMAIN), domains);
    assert_int_equal(sp_store_stats(&kit->store).records, settings + domains);
    assert_int_equal(sp_store_stats(&kit->store).corrupt, 0);
    check_due(kit, SP_KIND_DOMAIN);
    check_due(kit, SP_KIND_SETTING);
}
