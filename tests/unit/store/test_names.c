/* Names whose hashes collide. FNV-1a is easily made to: from any state, two pieces of text that
 * lead to the same next state are found among some hundred thousand, and k such pairs laid one
 * after the other give 2^k names of one hash. */
#include "kit.h"

#include "base/err.h"
#include "base/text.h"
#include "store/format.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAIRS 4
#define PIECE 8
#define COLLIDING 16U /* 2^PAIRS */
#define TRIES 400000U

struct tried {
    uint32_t hash, number;
};

static char pairs[PAIRS][2][PIECE + 1];
static struct kit kit;

static int by_hash(const void *a, const void *b)
{
    const struct tried *x = a;
    const struct tried *y = b;

    return x->hash < y->hash ? -1 : x->hash > y->hash;
}

static void piece(uint32_t number, char out[PIECE + 1])
{
    uint32_t random = (number + 1) * 2654435761U;

    for (size_t i = 0; i < PIECE; i++) {
        out[i] = (char)('a' + kit_random(&random) % 26);
    }
    out[PIECE] = '\0';
}

static uint32_t hash_with(const char *prefix, const char *text)
{
    char name[64];

    (void)snprintf(name, sizeof name, "%s%s", prefix, text);
    return sp_hash32(name, strlen(name));
}

static void find_pair(struct tried *tried, const char *prefix, char pair[2][PIECE + 1])
{
    for (uint32_t i = 0; i < TRIES; i++) {
        char text[PIECE + 1];

        piece(i, text);
        tried[i] = (struct tried){.hash = hash_with(prefix, text), .number = i};
    }
    qsort(tried, TRIES, sizeof tried[0], by_hash);
    for (uint32_t i = 1; i < TRIES; i++) {
        if (tried[i].hash == tried[i - 1].hash) {
            piece(tried[i - 1].number, pair[0]);
            piece(tried[i].number, pair[1]);
            return;
        }
    }
    fail_msg("no pair among %u", TRIES);
}

static const char *colliding(uint32_t number)
{
    static char name[PAIRS * PIECE + 1];

    name[0] = '\0';
    for (size_t i = 0; i < PAIRS; i++) {
        memcpy(name + i * PIECE, pairs[i][number >> i & 1], PIECE + 1);
    }
    return name;
}

static int find_all(void **state)
{
    struct tried *tried = malloc(TRIES * sizeof tried[0]);
    char prefix[PAIRS * PIECE + 1] = "";
    (void)state;

    assert_non_null(tried);
    for (size_t i = 0; i < PAIRS; i++) {
        find_pair(tried, prefix, pairs[i]);
        memcpy(prefix + i * PIECE, pairs[i][0], PIECE + 1);
    }
    free(tried);
    return 0;
}

static int put(uint32_t number, const char *text)
{
    return sp_store_put(&kit.store, SP_KIND_DOMAIN, colliding(number), sp_span_str(text), 0);
}

static void assert_text(uint32_t number, const char *text)
{
    char got[16];
    int n = sp_store_get(&kit.store, SP_KIND_DOMAIN, colliding(number), got, sizeof got);

    assert_int_equal(n, strlen(text));
    assert_memory_equal(got, text, strlen(text));
}

static void they_do_collide(void **state)
{
    uint32_t key;
    (void)state;

    key = sp_key(SP_KIND_DOMAIN, colliding(0), strlen(colliding(0)));
    for (uint32_t i = 1; i < COLLIDING; i++) {
        assert_int_equal(sp_key(SP_KIND_DOMAIN, colliding(i), strlen(colliding(i))), key);
    }
}

static void names_of_one_hash_are_told_apart(void **state)
{
    char text[16];
    char name[SP_STORE_NAME_MAX + 1];
    uint32_t cursor = 0;
    uint32_t met = 0;
    (void)state;

    kit_open(&kit, 8, 4096, 100);
    for (int round = 0; round < 200; round++) {
        for (uint32_t i = 0; i < SP_ORDINALS; i++) {
            (void)snprintf(text, sizeof text, "%u-%d", i, round);
            assert_int_equal(put(i, text), 0);
        }
    }
    assert_int_equal(put(15, "one too many"), SP_E_FULL);
    assert_int_equal(sp_store_length(&kit.store, SP_KIND_DOMAIN, colliding(15)), SP_E_NOT_FOUND);
    assert_int_equal(kit_mount(&kit), 0);
    for (uint32_t i = 0; i < SP_ORDINALS; i++) {
        (void)snprintf(text, sizeof text, "%u-%d", i, 199);
        assert_text(i, text);
    }
    while (sp_store_next(&kit.store, SP_KIND_DOMAIN, &cursor, name) == 0) {
        met++;
    }
    assert_int_equal(met, SP_ORDINALS);
    kit_close(&kit);
}

/* An ordinal that has become free serves another name of that hash; the log keeps them apart. */
static void a_free_ordinal_serves_another_name(void **state)
{
    (void)state;

    kit_open(&kit, 8, 4096, 100);
    for (int round = 0; round < 300; round++) {
        uint32_t a = (uint32_t)round % COLLIDING;
        uint32_t b = (a + 5) % COLLIDING;

        assert_int_equal(put(a, "a"), 0);
        assert_int_equal(put(b, "b"), 0);
        assert_int_equal(kit_mount(&kit), 0);
        assert_text(a, "a");
        assert_text(b, "b");
        assert_int_equal(sp_store_delete(&kit.store, SP_KIND_DOMAIN, colliding(a)), 0);
        assert_int_equal(kit_mount(&kit), 0);
        assert_text(b, "b");
        assert_int_equal(sp_store_length(&kit.store, SP_KIND_DOMAIN, colliding(a)), SP_E_NOT_FOUND);
        assert_int_equal(sp_store_delete(&kit.store, SP_KIND_DOMAIN, colliding(b)), 0);
    }
    kit_close(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_do_collide),
        cmocka_unit_test(names_of_one_hash_are_told_apart),
        cmocka_unit_test(a_free_ordinal_serves_another_name),
    };

    return cmocka_run_group_tests(tests, find_all, NULL);
}
