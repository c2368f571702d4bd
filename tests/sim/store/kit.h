/*
 * kit: a store on an emulated part, and a model of what it must hold.
 *
 * A world can be saved and brought back whole, part and RAM, so that one action can be cut short at
 * each of its operations in turn.
 */
#ifndef SP_TEST_STORE_KIT_H
#define SP_TEST_STORE_KIT_H

#include "nor_emulator/nor_emulator.h"
#include "store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define KIT_NAMES 24
#define KIT_ENTRIES 40
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What must be there: each name's version, 0 for none. Kind, bytes and due follow from name and
 * version. */
struct kit_model {
    uint32_t version[KIT_NAMES];
    int doing; /* the name that an action is changing, or -1 */
    uint32_t doing_version;
};

struct kit {
    struct sp_nor nor;
    struct sp_store store;
    struct sp_store_entry entries[KIT_ENTRIES];
    struct kit_model model;
    sp_time now;
    uint32_t largest; /* bytes of a record at most */
    bool failing;     /* the part has faults: an action may fail, too */
};

struct kit_saved {
    struct kit kit;
    uint8_t *bytes, *weak;
};

enum kit_do { KIT_PUT, KIT_DELETE, KIT_STEPS, KIT_TIDY, KIT_REMOUNT };

struct kit_action {
    enum kit_do what;
    uint32_t name;
    uint32_t version; /* of a put; of steps: how many */
};

void kit_open(struct kit *kit, uint32_t blocks, uint32_t block_size, uint32_t largest);
void kit_close(struct kit *kit);
/* A start: RAM has garbage, power is there. */
int kit_mount(struct kit *kit);

void kit_save(const struct kit *kit, struct kit_saved *saved); /* the first time it allocates */
void kit_restore(struct kit *kit, const struct kit_saved *saved);
void kit_forget(struct kit_saved *saved);

/* A random life: mostly puts, about one in five a delete. */
struct kit_action kit_action(uint32_t *random, uint32_t number, uint32_t names);
/* Does it and keeps the model. Fails the test when the store refuses for any other reason than that
 * the power went (or that the part is `failing`); returns false then, with model.doing set when a
 * record was being changed. */
bool kit_act(struct kit *kit, const struct kit_action *action);
/* After a cut: the record in progress is old or new, and the model learns which. */
void kit_settle(struct kit *kit);
/* Everything is there as the model says, and nothing else. */
void kit_check(struct kit *kit);

bool kit_is_version(struct kit *kit, uint32_t name, uint32_t version);
size_t kit_data(const struct kit *kit, uint32_t name, uint32_t version, uint8_t *out);
enum sp_kind kit_kind(uint32_t name);
const char *kit_name(uint32_t name);
uint32_t kit_random(uint32_t *random);

#endif
