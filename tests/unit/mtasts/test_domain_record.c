#include "base/err.h"
#include "mtasts/domain_record.h"
#include "mtasts/domain_tags.h"

#include "cm.h"
#include "samples.h"

#include <stdlib.h>
#include <string.h>

static struct sp_domain in, out;
static uint8_t bytes[SP_DOMAIN_RECORD_MAX + 64];

/* Into `bytes`. */
static size_t pack(const struct sp_domain *domain)
{
    struct sp_domain_packed packed;
    size_t n = 0;

    assert_int_equal(sp_domain_pack(domain, &packed), 0);
    assert_in_range(packed.total, 1, SP_DOMAIN_RECORD_MAX);
    for (size_t i = 0; i < packed.pieces_n; i++) {
        assert_in_range(packed.pieces[i].n, 1, packed.total - n);
        memcpy(bytes + n, packed.pieces[i].p, packed.pieces[i].n);
        n += packed.pieces[i].n;
    }
    assert_int_equal(n, packed.total);
    return n;
}

struct source {
    const uint8_t *p;
    size_t n;
    unsigned fail_at; /* the read of that number fails; 0: none */
};

static int read_source(void *ctx, void *buf, size_t n)
{
    struct source *source = ctx;

    assert_in_range(n, 1, source->n); /* it never asks for more than there is */
    if (source->fail_at > 0 && --source->fail_at == 0) {
        return SP_E_IO;
    }
    if (buf != NULL) {
        memcpy(buf, source->p, n);
    }
    source->p += n;
    source->n -= n;
    return 0;
}

/* From memory of just that size, so that the sanitizer sees a read past the end. */
static int unpack(const uint8_t *p, size_t n, struct sp_domain *domain)
{
    uint8_t *copy = malloc(n + (n == 0));
    struct source from;
    const struct sp_domain_source source = {.read = read_source, .ctx = &from};
    int err;

    assert_non_null(copy);
    memcpy(copy, p, n);
    from = (struct source){.p = copy, .n = n};
    err = sp_domain_unpack(&source, n, domain);
    if (err == 0) {
        assert_int_equal(from.n, 0); /* all was read */
    }
    free(copy);
    return err;
}

/* Anything, but for the room. */
static void spoil(struct sp_domain *domain)
{
    struct sp_domain room = *domain;

    memset(domain, 0xA5, sizeof *domain);
    domain->policy.mx = room.policy.mx;
    domain->key = room.key;
    domain->leaf = room.leaf;
    memset(domain->policy.mx, 0xA5, SP_MX_MAX * sizeof domain->policy.mx[0]);
    memset(domain->key, 0xA5, SP_KEY_DER_MAX);
    memset(domain->leaf, 0xA5, SP_LEAF_MAX);
}

static void goes_and_comes_back(void)
{
    size_t n = pack(&in);

    spoil(&out);
    memcpy(out.name, in.name, sizeof in.name);
    assert_int_equal(unpack(bytes, n, &out), 0);
    assert_string_equal(out.name, in.name);
    assert_int_equal(out.policy.mode, in.policy.mode);
    assert_int_equal(out.policy.max_age, in.policy.max_age);
    assert_int_equal(out.policy.mx_n, in.policy.mx_n);
    assert_memory_equal(out.policy.mx, in.policy.mx, SP_MX_MAX * sizeof in.policy.mx[0]);
    assert_string_equal(out.rua, in.rua);
    assert_int_equal(out.state, in.state);
    assert_int_equal(out.state_since, in.state_since);
    assert_int_equal(out.counted, in.counted);
    assert_int_equal(out.next_try, in.next_try);
    assert_int_equal(out.next_check, in.next_check);
    assert_int_equal(out.failures, in.failures);
    assert_int_equal(out.max_age_served, in.max_age_served);
    assert_int_equal(out.served_since, in.served_since);
    assert_int_equal(out.fetched_back, in.fetched_back);
    assert_string_equal(out.dns_id, in.dns_id);
    assert_int_equal(out.dns_id_at, in.dns_id_at);
    assert_int_equal(out.txt_ttl, in.txt_ttl);
    assert_int_equal(out.retire_from, in.retire_from);
    assert_int_equal(out.auto_days, in.auto_days);
    assert_int_equal(out.policy.turn, in.policy.turn);
    assert_memory_equal(out.put, in.put, sizeof in.put);
    assert_int_equal(out.clean_since, in.clean_since);
    assert_int_equal(out.left_n, in.left_n);
    assert_memory_equal(out.left_until, in.left_until, sizeof in.left_until);
    assert_string_equal(out.error_id, in.error_id);
    assert_string_equal(out.error, in.error);
    assert_int_equal(out.error_at, in.error_at);
    for (unsigned i = 0; i < SP_DOMAIN_CHECKS; i++) {
        assert_int_equal(out.checks[i].result, in.checks[i].result);
        assert_int_equal(out.checks[i].counts, in.checks[i].counts);
        assert_int_equal(out.checks[i].changed, in.checks[i].changed);
        assert_string_equal(out.checks[i].code, in.checks[i].code);
    }
    assert_int_equal(out.key_n, in.key_n);
    assert_memory_equal(out.key, in.key, in.key_n);
    assert_int_equal(out.leaf_n, in.leaf_n);
    assert_memory_equal(out.leaf, in.leaf, in.leaf_n);
    assert_int_equal(out.not_before, in.not_before);
    assert_int_equal(out.not_after, in.not_after);
    assert_int_equal(out.links_n, in.links_n);
    assert_memory_equal(out.links, in.links, (size_t)in.links_n * SP_SHA256_SIZE);
}

static void a_domain_comes_back_whole(void **state)
{
    (void)state;
    sample_domain(&in, "example.com");
    goes_and_comes_back();
    sample_full(&in, "example.com");
    goes_and_comes_back();
    sample_largest(&in);
    goes_and_comes_back();
}

static void a_domain_with_a_leaf_of_1400_bytes_takes_under_2250_bytes(void **state)
{
    (void)state;
    sample_full(&in, "example.com");
    assert_true(pack(&in) < 2250);
    sample_domain(&in, "example.com");
    assert_true(pack(&in) < 160);
}

static void the_largest_domain_has_room(void **state)
{
    struct sp_domain_packed packed;
    (void)state;

    sample_largest(&in);
    assert_int_equal(sp_domain_pack(&in, &packed), 0);
    assert_int_equal(packed.total, 8937);
    assert_true(packed.pieces_n <= COUNT(packed.pieces));
}

/* One bit more and it would be lost: it is refused instead. */
static void a_part_that_was_not_loaded_is_not_written(void **state)
{
    struct sp_domain_packed packed;
    struct sp_domain part;
    (void)state;

    sample_full(&in, "example.com");
    part = in;
    part.policy.mx = NULL;
    assert_int_equal(sp_domain_pack(&part, &packed), SP_E_INVALID);
    part = in;
    part.key = NULL;
    assert_int_equal(sp_domain_pack(&part, &packed), SP_E_INVALID);
    part = in;
    part.leaf = NULL;
    assert_int_equal(sp_domain_pack(&part, &packed), SP_E_INVALID);
    part.key_n = part.leaf_n = part.links_n = 0; /* none to be lost */
    assert_int_equal(sp_domain_pack(&part, &packed), 0);
}

/* What there is no room for is passed over; the rest is the same. */
static void each_part_may_be_left_out(void **state)
{
    (void)state;
    sample_largest(&in);
    for (unsigned parts = 0; parts <= SP_DOMAIN_WHOLE; parts++) {
        struct sp_domain some = out;
        size_t n = pack(&in);

        some.policy.mx = (parts & SP_DOMAIN_MX) != 0 ? out.policy.mx : NULL;
        some.key = (parts & SP_DOMAIN_KEY) != 0 ? out.key : NULL;
        some.leaf = (parts & SP_DOMAIN_LEAF) != 0 ? out.leaf : NULL;
        assert_int_equal(unpack(bytes, n, &some), 0);
        assert_int_equal(some.policy.mx_n, in.policy.mx_n);
        assert_int_equal(some.left_n, in.left_n);
        assert_int_equal(some.key_n, in.key_n);
        assert_int_equal(some.leaf_n, in.leaf_n);
        assert_int_equal(some.not_after, in.not_after);
        assert_string_equal(some.rua, in.rua);
        assert_memory_equal(some.links, in.links, sizeof in.links);
        if (some.policy.mx != NULL) {
            assert_string_equal(some.policy.mx[SP_MX_MAX - 1], in.policy.mx[SP_MX_MAX - 1]);
        }
        if (some.leaf != NULL) {
            assert_memory_equal(some.leaf, in.leaf, SP_LEAF_MAX);
        }
    }
}

static void a_read_that_fails_is_said_at_every_place(void **state)
{
    const struct sp_domain_source source = {.read = read_source, .ctx = &(struct source){0}};
    struct source *from = source.ctx;
    unsigned at = 1;
    int err;
    size_t n;
    (void)state;

    sample_full(&in, "example.com");
    n = pack(&in);
    do {
        *from = (struct source){.p = bytes, .n = n, .fail_at = at++};
        err = sp_domain_unpack(&source, n, &out);
        assert_true(err == 0 || err == SP_E_IO);
    } while (err == SP_E_IO);
    assert_true(at > 50);
}

/* Every byte is needed, or what is there is a smaller but whole record: then it is one of the cuts
 * after an item, all of which lack what a record cannot be without until "served" is there. */
static void a_record_cut_anywhere_is_corrupt_or_whole(void **state)
{
    size_t n, whole = 0;
    (void)state;

    sample_full(&in, "example.com");
    n = pack(&in);
    for (size_t cut = 0; cut < n; cut++) {
        int err = unpack(bytes, cut, &out);

        if (err == 0) {
            whole++;
        } else {
            assert_int_equal(err, SP_E_CORRUPT);
        }
    }
    /* After served, seen, retirement, promotion, turn, what was put, error, eleven checks, what
     * they count; key without leaf is none; leaf, first link. */
    assert_int_equal(whole, 19 + 2);
}

static void random_bytes_never_do_harm(void **state)
{
    unsigned seed = 7;
    (void)state;

    for (int i = 0; i < 30000; i++) {
        uint8_t random[96];
        size_t n;

        for (size_t k = 0; k < sizeof random; k++) {
            seed = seed * 1103515245U + 12345U;
            random[k] = (uint8_t)(seed >> 16);
            if (k % 4 != 0) {
                random[k] &= 15;
            }
        }
        random[0] = SP_DOMAIN_RECORD_VERSION;
        n = seed % sizeof random;
        (void)unpack(random, n, &out);
    }
}

static void assert_same(const struct sp_domain *a, const struct sp_domain *b)
{
    struct sp_domain other = *b;

    other.policy.mx = a->policy.mx;
    other.key = a->key;
    other.leaf = a->leaf;
    assert_memory_equal(a, &other, sizeof other);
    assert_memory_equal(a->policy.mx, b->policy.mx, SP_MX_MAX * sizeof a->policy.mx[0]);
    assert_memory_equal(a->key, b->key, SP_KEY_DER_MAX);
    assert_memory_equal(a->leaf, b->leaf, SP_LEAF_MAX);
}

/* Whatever is let through can be packed and comes back the same. */
static void a_record_with_a_wrong_bit_stays_within_bounds(void **state)
{
    static uint8_t good[SP_DOMAIN_RECORD_MAX];
    static struct sp_domain again;
    size_t n;
    (void)state;

    sample_room(&again);
    sample_full(&in, "example.com");
    n = pack(&in);
    memcpy(good, bytes, n);
    for (size_t bit = 0; bit < n * 8; bit++) {
        size_t packed;

        good[bit / 8] ^= (uint8_t)(1U << bit % 8);
        sp_domain_wipe(&out);
        if (unpack(good, n, &out) == 0) {
            assert_in_range(out.policy.mx_n, 0, SP_MX_MAX);
            assert_in_range(out.links_n, 0, SP_CHAIN_LINKS - 1);
            packed = pack(&out);
            sp_domain_wipe(&again);
            assert_int_equal(unpack(bytes, packed, &again), 0);
            assert_same(&again, &out);
        }
        good[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}

static void an_item_of_a_later_version_is_passed_over(void **state)
{
    static const uint8_t later[] = {200, 5, 0, 1, 2, 3, 4, 5, 0, 0, 0};
    size_t n;
    (void)state;

    sample_full(&in, "example.com");
    n = pack(&in);
    memmove(bytes + 1 + sizeof later, bytes + 1, n - 1);
    memcpy(bytes + 1, later, sizeof later);
    assert_int_equal(unpack(bytes, n + sizeof later, &out), 0);
    assert_string_equal(out.rua, in.rua);
    assert_int_equal(pack(&out), n);
}

static const struct {
    const char *what;
    uint8_t item[64];
    size_t n;
} bad_items[] = {
    {"a second policy", {1, 5, 0, 0, 0x80, 0x51, 1, 0}, 8},
    {"a second rua", {3, 0, 0}, 3},
    {"an empty mx", {2, 0, 0}, 3},
    {"an mx with a NUL", {2, 2, 0, 'a', 0}, 5},
    {"an mx with a line break", {2, 3, 0, 'a', '\n', 'b'}, 6},
    {"an empty key", {9, 0, 0}, 3},
    {"a key without a leaf", {9, 1, 0, 5}, 4},
    {"a leaf without a key", {10, 17, 0}, 20},
    {"a leaf without bytes", {10, 16, 0}, 19},
    {"a short link", {11, 31, 0}, 34},
    {"a check of no such result", {8, 10, 0, 0, 4}, 13},
    {"a check that was not run", {8, 10, 0, 0, 0}, 13},
    {"a moment after the year 9999", {8, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1}, 13},
    {"a check that counts otherwise", {12, 1, 0, 3}, 4},
    {"a second \"seen\"", {13, 13, 0}, 16},
    {"an id with a line break", {13, 14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '\n'}, 17},
    {"a left mx without a pattern", {14, 8, 0, 1, 0, 0, 0, 0, 0, 0, 0}, 11},
    {"a retirement from no moment", {15, 8, 0}, 11},
    {"a promotion after no days", {16, 10, 0}, 13},
    {"a turn that is none", {17, 2, 0}, 5},
    {"an id longer than its item", {7, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 12},
    {"a length past the end", {200, 1, 0}, 3},
    {"half a head", {200, 0}, 2},
};

static void a_bad_item_makes_the_record_corrupt(void **state)
{
    size_t n;
    (void)state;

    sample_domain(&in, "example.com");
    n = pack(&in);
    assert_int_equal(unpack(bytes, n, &out), 0);
    for (size_t i = 0; i < COUNT(bad_items); i++) {
        memcpy(bytes + n, bad_items[i].item, bad_items[i].n);
        if (unpack(bytes, n + bad_items[i].n, &out) != SP_E_CORRUPT) {
            fail_msg("%s", bad_items[i].what);
        }
    }
}

static void a_check_is_there_once(void **state)
{
    static const uint8_t twice[] = {8, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0,
                                    8, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0};
    size_t n;
    (void)state;

    sample_domain(&in, "example.com");
    n = pack(&in);
    memcpy(bytes + n, twice, sizeof twice);
    assert_int_equal(unpack(bytes, n + sizeof twice / 2, &out), 0);
    assert_int_equal(unpack(bytes, n + sizeof twice, &out), SP_E_CORRUPT);
}

static void no_more_comes_in_than_there_is_room_for(void **state)
{
    static const uint8_t mx[] = {2, 1, 0, 'a'};
    static const uint8_t link[SP_ITEM_HEAD + SP_SHA256_SIZE] = {11, SP_SHA256_SIZE, 0};
    size_t n;
    (void)state;

    sample_domain(&in, "example.com");
    n = pack(&in);
    for (unsigned i = 1; i <= SP_MX_MAX; i++) {
        memcpy(bytes + n, mx, sizeof mx);
        n += sizeof mx;
        assert_int_equal(unpack(bytes, n, &out), i < SP_MX_MAX ? 0 : SP_E_CORRUPT);
    }
    n = pack(&in);
    for (unsigned i = 1; i <= SP_CHAIN_LINKS; i++) {
        memcpy(bytes + n, link, sizeof link);
        n += sizeof link;
        assert_int_equal(unpack(bytes, n, &out), i < SP_CHAIN_LINKS ? 0 : SP_E_CORRUPT);
    }
}

/* As this firmware's forerunner wrote it: each result counted as it came. */
static void a_record_of_before_still_loads(void **state)
{
    static const uint8_t checks[] = {8, 10, 0, 0, 2, 9, 0, 0,  0, 0, 0, 0, 0, 8, 10, 0, 1, 1, 9, 0,
                                     0, 0,  0, 0, 0, 0, 8, 10, 0, 2, 3, 9, 0, 0, 0,  0, 0, 0, 0};
    size_t n, counts;
    (void)state;

    sample_domain(&in, "example.com");
    n = pack(&in);
    counts = SP_ITEM_HEAD + SP_DOMAIN_CHECKS; /* the last item, behind "seen" */
    n -= counts + SP_ITEM_HEAD + SP_SEEN_ITEM;
    memcpy(bytes + n, checks, sizeof checks);
    n += sizeof checks;
    assert_int_equal(unpack(bytes, n, &out), 0);
    assert_string_equal(out.rua, in.rua);
    assert_int_equal(out.checks[0].counts, SP_DOMAIN_FAIL);
    assert_int_equal(out.checks[1].counts, SP_DOMAIN_PASS);
    assert_int_equal(out.checks[2].counts, SP_DOMAIN_NOT_RUN);
    assert_false(out.fetched_back);
    assert_string_equal(out.dns_id, "");
    assert_int_equal(out.left_n, 0);
}

static void checks_of_a_later_version_are_passed_over(void **state)
{
    static const uint8_t later[] = {8, 11, 0, SP_DOMAIN_CHECKS, 9, 0, 0, 0, 0, 0, 0, 0, 0, 'x'};
    uint8_t counts[SP_ITEM_HEAD + 32] = {12, 32, 0};
    size_t n;
    (void)state;

    sample_domain(&in, "example.com");
    n = pack(&in) - SP_ITEM_HEAD - SP_DOMAIN_CHECKS;
    memcpy(bytes + n, later, sizeof later);
    memset(counts + SP_ITEM_HEAD, SP_DOMAIN_PASS, 32);
    memcpy(bytes + n + sizeof later, counts, sizeof counts);
    assert_int_equal(unpack(bytes, n + sizeof later + sizeof counts, &out), 0);
    assert_int_equal(out.checks[SP_DOMAIN_CHECKS - 1].counts, SP_DOMAIN_PASS);
    assert_int_equal(out.checks[SP_DOMAIN_CHECKS - 1].result, SP_DOMAIN_NOT_RUN);
}

/* Their place is behind those of the policy. */
static void mx_that_left_come_last_and_share_the_room(void **state)
{
    static const uint8_t left[] = {14, 9, 0, 1, 0, 0, 0, 0, 0, 0, 0, 'b'};
    static const uint8_t mx[] = {2, 1, 0, 'a'};
    size_t n;
    (void)state;

    sample_domain(&in, "example.com");
    n = pack(&in);
    for (unsigned i = 1; i <= SP_MX_MAX; i++) {
        memcpy(bytes + n, left, sizeof left);
        n += sizeof left;
        assert_int_equal(unpack(bytes, n, &out), i < SP_MX_MAX ? 0 : SP_E_CORRUPT);
        if (i == 1) {
            memcpy(bytes + n, mx, sizeof mx);
            assert_int_equal(unpack(bytes, n + sizeof mx, &out), SP_E_CORRUPT);
        }
    }
}

static void states_and_modes_are_checked(void **state)
{
    size_t n;
    (void)state;

    sample_domain(&in, "example.com");
    in.state = (enum sp_domain_state)(SP_DOMAIN_RETIRING + 1);
    n = pack(&in);
    assert_int_equal(unpack(bytes, n, &out), SP_E_CORRUPT);
    sample_domain(&in, "example.com");
    in.policy.mode = (enum sp_mode)(SP_MODE_NONE + 1);
    n = pack(&in);
    assert_int_equal(unpack(bytes, n, &out), SP_E_CORRUPT);
    sample_domain(&in, "example.com");
    in.counted = SP_DOMAIN_AT_RISK + 1;
    n = pack(&in);
    assert_int_equal(unpack(bytes, n, &out), SP_E_CORRUPT);
    sample_domain(&in, "example.com");
    n = pack(&in);
    bytes[0]++;
    assert_int_equal(unpack(bytes, n, &out), SP_E_CORRUPT);
}

static int rooms(void **state)
{
    (void)state;
    sample_room(&in);
    sample_room(&out);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_domain_comes_back_whole),
        cmocka_unit_test(a_domain_with_a_leaf_of_1400_bytes_takes_under_2250_bytes),
        cmocka_unit_test(the_largest_domain_has_room),
        cmocka_unit_test(a_part_that_was_not_loaded_is_not_written),
        cmocka_unit_test(each_part_may_be_left_out),
        cmocka_unit_test(a_read_that_fails_is_said_at_every_place),
        cmocka_unit_test(a_record_cut_anywhere_is_corrupt_or_whole),
        cmocka_unit_test(random_bytes_never_do_harm),
        cmocka_unit_test(a_record_with_a_wrong_bit_stays_within_bounds),
        cmocka_unit_test(an_item_of_a_later_version_is_passed_over),
        cmocka_unit_test(a_bad_item_makes_the_record_corrupt),
        cmocka_unit_test(a_check_is_there_once),
        cmocka_unit_test(no_more_comes_in_than_there_is_room_for),
        cmocka_unit_test(a_record_of_before_still_loads),
        cmocka_unit_test(checks_of_a_later_version_are_passed_over),
        cmocka_unit_test(mx_that_left_come_last_and_share_the_room),
        cmocka_unit_test(states_and_modes_are_checked),
    };

    return cmocka_run_group_tests(tests, rooms, NULL);
}
