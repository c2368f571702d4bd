#include "world.h"

#include "base/err.h"
#include "base/port.h"
#include "base/scratch.h"
#include "crypto/cert.h"
#include "crypto/crypto.h"
#include "test_clock.h"

#include <stdio.h>
#include <string.h>

#define BLOCKS 6

struct world world;

static void cut(void)
{
    longjmp(world.power, 1);
}

static void cut_by_flash(void *context, uint64_t number)
{
    (void)context;
    (void)number;
    cut();
}

static bool fetch(const char *host, const char *token, const char *expected)
{
    char text[256];
    struct sp_buf out;

    sp_buf_init(&out, text, sizeof text);
    return sp_acme_challenge(host, sp_span_str(token), &out) == 0 && strcmp(text, expected) == 0;
}

void world_new(void)
{
    const struct sp_nor_config config = {
        .size = BLOCKS * 65536, .block_size = 65536, .page_size = 256, .on_cut = cut_by_flash};
    static bool open;

    test_clock_start();
    sp_port_set_utc(UTC, 0);
    sp_port_fail_at(SP_POOL_JSON, 0);
    assert_int_equal(sp_crypto_start(), 0);
    if (open) {
        sp_nor_close(&world.nor);
    }
    open = true;
    assert_int_equal(sp_nor_open(&world.nor, &config), 0);
    fake_http_power = cut;
    fake_http_start();
    model_ca_start(fetch);
}

void world_boot(void)
{
    sp_scratch_release(0); /* power went in the midst of a call */
    assert_int_equal(sp_store_mount(&world.store, &world.nor.flash, 0, BLOCKS, world.entries, 64),
                     0);
    assert_int_equal(sp_acme_start(&world.store, MODEL_DIRECTORY), 0);
}

void world_power_on(void)
{
    sp_nor_power_on(&world.nor);
    fake_http_start();
}

void world_agree(void)
{
    if (sp_acme_agreed()) {
        return;
    }
    assert_int_equal(sp_acme_fetch_terms(test_now), 0);
    assert_int_equal(world_run(), SP_ACME_IDLE);
    assert_int_equal(sp_acme_directory_state(), 0);
    assert_int_equal(sp_acme_agree(sp_acme_terms(), UTC), 0);
}

enum sp_acme_phase world_run(void)
{
    for (unsigned steps = 0; steps < 20000; steps++) {
        sp_time wake = sp_acme_step(test_now);
        enum sp_acme_phase phase = sp_acme_phase();

        assert_int_equal(sp_scratch_use().used, 0);
        if (phase == SP_ACME_IDLE || phase == SP_ACME_DONE || phase == SP_ACME_FAILED) {
            assert_int_equal(fake_http_is_free(), phase != SP_ACME_DONE);
            return phase;
        }
        /* Between requests the client is there for others. */
        assert_true(fake_http_is_free() || fake_http_due() != SP_NEVER);
        wake = sp_time_min(wake, fake_http_due());
        assert_int_not_equal(wake, SP_NEVER);
        if (wake > test_now) {
            test_now = wake;
        }
    }
    fail_msg("it comes to no end in phase %s", sp_acme_phase_text(sp_acme_phase()));
    return SP_ACME_FAILED;
}

enum sp_acme_phase world_order(const char *host)
{
    assert_int_equal(sp_acme_order(host, test_now), 0);
    return world_run();
}

enum sp_acme_phase world_enable(const char *host)
{
    world_boot();
    world_agree();
    return world_order(host);
}

void world_check_result(const char *host, unsigned links)
{
    static struct sp_cert_info info;
    struct sp_acme_result result;
    struct sp_key key;

    if (sp_acme_phase() != SP_ACME_DONE) {
        fail_msg("not done: %s", sp_acme_problem()->sentence);
    }
    assert_int_equal(sp_acme_take(&result), 0);
    assert_int_equal(result.links, links);
    assert_int_equal(sp_key_load(result.key, &key), 0);
    assert_int_equal(sp_cert_read(result.chain[0], &info), 0);
    assert_true(sp_cert_matches(&info, host));
    assert_int_equal(sp_cert_matches_key(result.chain[0], &key), 0);
    for (unsigned i = 0; i + 1 < links; i++) {
        assert_int_equal(sp_cert_signed_by(result.chain[i], result.chain[i + 1]), 0);
    }
}

void world_check_clean(void)
{
    if (model_ca_tally.bad != 0) {
        fail_msg("%u bad requests, the last: %s", model_ca_tally.bad, model_ca_tally.last_bad);
    }
    assert_int_equal(sp_port_use(SP_POOL_JSON).used, 0);
}

void world_sentence_has(const char *part)
{
    const char *sentence = sp_acme_problem()->sentence;
    size_t n = strlen(sentence);

    if (strstr(sentence, part) == NULL) {
        fail_msg("no \"%s\" in: %s", part, sentence);
    }
    assert_true(n > 20 && n < sizeof sp_acme_problem()->sentence);
    assert_int_equal(sentence[n - 1], '.');
}

void world_fails_with(const char *type, enum sp_acme_phase phase, const char *part)
{
    assert_int_equal(sp_acme_phase(), SP_ACME_FAILED);
    assert_string_equal(sp_acme_problem()->type, type);
    assert_int_equal(sp_acme_problem()->phase, phase);
    assert_true(sp_acme_problem()->error < 0);
    world_sentence_has(part);
    world_check_clean();
}

bool world_has_order(void)
{
    return sp_store_length(&world.store, SP_KIND_ORDER, "order") > 0;
}
