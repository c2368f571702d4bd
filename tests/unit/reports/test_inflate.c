/* gzip files as zlib makes them, in pieces of any size, cut, damaged, and made by hand. */
#include "base/err.h"
#include "base/text.h"
#include "reports/inflate.h"
#include "samples.h"

#include "cm.h"
#include <stdlib.h>
#include <string.h>

static struct sp_inflate z;
static uint8_t window[SP_INFLATE_WINDOW];

static uint32_t dice = 1;
static uint32_t sum; /* of what came out last … */
static size_t made;  /* … and how much that was */

static size_t roll(size_t most)
{
    dice = dice * 1664525 + 1013904223;
    return 1 + (dice >> 8) % most;
}

/* Feeds pieces of at most `in` bytes and takes at most `out` at once; compares what comes. The last
 * answer. */
static int inflate(struct sp_span packed, struct sp_span plain, size_t in, size_t out)
{
    size_t at = 0;
    int result = SP_INFLATE_HUNGRY;

    sum = 0;
    made = 0;
    sp_inflate_start(&z, window);
    while (at < packed.n && (result == SP_INFLATE_HUNGRY || result == SP_INFLATE_DONE)) {
        size_t n = roll(in);
        struct sp_span piece, given;

        n = n > packed.n - at ? packed.n - at : n;
        piece = sp_span(packed.p + at, n);
        at += n;
        do {
            result = sp_inflate(&z, &piece, roll(out), &given);
            assert_true(given.n <= out);
            if (given.n > 0 && plain.p != NULL) {
                assert_true(made + given.n <= plain.n);
                assert_memory_equal(plain.p + made, given.p, given.n);
            }
            made += given.n;
            sum = sp_crc32c(sum, given.p, given.n);
        } while (result == SP_INFLATE_FULL);
    }
    if (result == SP_INFLATE_DONE && plain.p != NULL) {
        assert_int_equal(made, plain.n);
    }
    return result;
}

static void what_zlib_makes_comes_out_again(void **state)
{
    static const size_t sizes[][2] = {{100000, 32768}, {1, 1}, {1, 4096}, {7, 3}, {2048, 4096}};

    (void)state;
    for (unsigned i = 0; i < samples_n; i++) {
        for (size_t size = 0; size < COUNT(sizes); size++) {
            if (samples[i].plain.p == NULL && size > 0) {
                continue; /* that takes a while */
            }
            if (inflate(samples[i].packed, samples[i].plain, sizes[size][0], sizes[size][1]) !=
                SP_INFLATE_DONE) {
                fail_msg("%s, pieces of %zu", samples[i].name, sizes[size][0]);
            }
        }
    }
}

/* Each byte at the beginning, and many after it. */
static size_t steps(const struct sample *sample, size_t at)
{
    return sample->plain.p == NULL ? 1499 : at < 600 ? 1 : 41;
}

static void what_is_cut_is_never_done(void **state)
{
    (void)state;
    for (unsigned i = 0; i < samples_n; i++) {
        for (size_t n = 0; n < samples[i].packed.n; n += steps(&samples[i], n)) {
            assert_int_equal(
                inflate(sp_span(samples[i].packed.p, n), samples[i].plain, 4000, 32768),
                SP_INFLATE_HUNGRY);
        }
    }
}

static void bytes_behind_the_end_are_refused(void **state)
{
    uint8_t bytes[200];
    size_t n = samples[10].packed.n;

    (void)state;
    assert_string_equal(samples[10].name, "one");
    memcpy(bytes, samples[10].packed.p, n);
    memset(bytes + n, 0, sizeof bytes - n);
    assert_int_equal(inflate(sp_span(bytes, n), samples[10].plain, 1, 1), SP_INFLATE_DONE);
    assert_int_equal(inflate(sp_span(bytes, n + 1), samples[10].plain, 1, 1), SP_E_CORRUPT);
    assert_int_equal(inflate(sp_span(bytes, n + 1), samples[10].plain, 200, 100), SP_E_CORRUPT);
}

/* Bits that say nothing, like the time in the header, may change: what comes out is the same. */
static void no_damage_goes_unseen(void **state)
{
    struct sp_span none = {NULL, 0};

    (void)state;
    for (unsigned i = 0; i < samples_n; i++) {
        size_t n = samples[i].packed.n;
        uint32_t right = sp_crc32c(0, samples[i].plain.p, samples[i].plain.n);
        uint8_t *bytes = malloc(n);

        assert_non_null(bytes);
        memcpy(bytes, samples[i].packed.p, n);
        for (size_t at = 0; at < n && samples[i].plain.p != NULL; at += steps(&samples[i], at)) {
            bytes[at] ^= (uint8_t)(1U << (roll(8) - 1));
            if (inflate(sp_span(bytes, n), none, n, 32768) == SP_INFLATE_DONE && sum != right) {
                fail_msg("%s with byte %zu changed is taken", samples[i].name, at);
            }
            bytes[at] = samples[i].packed.p[at];
        }
        free(bytes);
    }
}

#define HEAD 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3

static void hand_made_streams_are_refused(void **state)
{
    static const struct {
        const char *what;
        uint8_t bytes[40];
        size_t made; /* before it is refused */
    } rows[] = {
        {"no gzip", {'{', '"', 'a'}, 0},
        {"another method", {0x1f, 0x8b, 7}, 0},
        {"reserved flags", {0x1f, 0x8b, 8, 0x20}, 0},
        {"block of type 3", {HEAD, 7}, 0},
        {"stored, with a length that does not match", {HEAD, 1, 5, 0, 5, 0}, 0},
        /* Fixed codes; each begins with the letter a */
        {"a distance before the beginning", {HEAD, 0x4b, 0x4, 0x42, 0x0}, 1},
        {"length code 286", {HEAD, 0x4b, 0x1c, 0x3}, 1},
        {"distance code 30", {HEAD, 0x4b, 0x4, 0x3e}, 1},
        {"287 length codes", {HEAD, 0xf5, 0, 0}, 0},
        {"31 distance codes", {HEAD, 5, 0x1e, 0}, 0},
        {"too many codes", {HEAD, 5, 0x20, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 0},
        {"no code at all", {HEAD, 5, 0xe0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sp_span none = {NULL, 0};

        if (inflate(sp_span(rows[i].bytes, sizeof rows[i].bytes), none, 1, 100) != SP_E_CORRUPT ||
            made != rows[i].made) {
            fail_msg("%s is taken", rows[i].what);
        }
    }
}

static void any_bytes_do_no_harm(void **state)
{
    struct sp_span none = {NULL, 0};
    uint8_t bytes[400] = {HEAD};

    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        for (size_t at = 10; at < sizeof bytes; at++) {
            bytes[at] = (uint8_t)roll(256);
        }
        bytes[10] = (uint8_t)((bytes[10] & 0xf8) | 4 | (i & 1)); /* mostly dynamic */
        assert_int_not_equal(inflate(sp_span(bytes, sizeof bytes), none, 400, 32768),
                             SP_INFLATE_DONE);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_zlib_makes_comes_out_again),
        cmocka_unit_test(what_is_cut_is_never_done),
        cmocka_unit_test(bytes_behind_the_end_are_refused),
        cmocka_unit_test(no_damage_goes_unseen),
        cmocka_unit_test(hand_made_streams_are_refused),
        cmocka_unit_test(any_bytes_do_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
