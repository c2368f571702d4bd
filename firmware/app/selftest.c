/*
 * sealpost.h: the factory's self-test. Each test is a function that does a little and says whether
 * it is over; the run's state lies here between its steps, and its result with the caller.
 */
#include "app/app.h"
#include "app/area.h"
#include "app/part.h"
#include "base/log.h"
#include "base/port.h"
#include "net/net.h"
#include "sp_port.h"

#include <stdio.h>
#include <string.h>

#define PIECE 256U
#define PIECES_A_STEP 16U /* programs of a page each: some 12 ms on a slow part */
#define LINK_PATIENCE_MS 3000U
#define CLOCK_MS 1000U
#define CLOCK_STEPS 100000U /* within which it must have gone on for so long */
#define CLOCK_TRIES 20U
#define CLOCK_OFF_MOST 10 /* parts in a thousand */
#define SHOW_MS 1500U     /* a pattern of the light */
#define SHOW_LEFT_MS 300U /* and then health again, when nobody goes on with the test */
#define DRAWS 32U
#define DRAW 32U
/* Health tests of NIST SP 800-90B 4.4 for bytes of full entropy, false alarm in 2^20. */
#define REPEATED_MOST 4U    /* 4.4.1: 1 + 20 / 8, rounded up */
#define PROPORTION_MOST 13U /* 4.4.2, of a window of 512 */
#define WINDOW 512U
#define STACK_SPARE 128U /* bytes that must never have been used */

static struct {
    unsigned test; /* the one at work, from 1; 0: none */
    unsigned stage;
    uint32_t at;
    sp_time since;
    int32_t off; /* of the clock, in parts per thousand */
} run;

static struct sealpost_selftest *report; /* of the step at work */

#define SAY(...) ((void)snprintf(report->reason, sizeof report->reason, __VA_ARGS__))
#define PASS(...) (SAY(__VA_ARGS__), SEALPOST_PASS)
#define FAIL(...) (SAY(__VA_ARGS__), SEALPOST_FAIL)
#define CANNOT(...) (SAY(__VA_ARGS__), SEALPOST_UNKNOWN)

static const struct sp_hal_probe none;

static struct sp_hal_probe *probe(void)
{
    return sp_app.board->probe;
}

static const struct sp_hal_probe *asks(void)
{
    return probe() != NULL ? probe() : &none;
}

static void next_stage(void)
{
    run.stage++;
    run.at = 0;
    run.since = sp_app_now();
}

/* --- flash: the block that belongs to nobody is erased, programmed and read back --- */

/* Bytes that differ from place to place, and from their neighbours at every distance. */
static void pattern(uint32_t at, uint8_t *out)
{
    for (uint32_t i = 0; i < PIECE; i++) {
        uint32_t x = (at + i + 1) * 2654435761U;
        out[i] = (uint8_t)(x >> 24);
    }
}

static bool holds(struct sp_flash *block, uint32_t at, const uint8_t *wanted)
{
    uint8_t is[PIECE];
    return sp_flash_read(block, at, is, PIECE) == SP_OK && memcmp(is, wanted, PIECE) == 0;
}

static enum sealpost_result flash_blank(struct sp_flash *block)
{
    uint8_t blank[PIECE];
    memset(blank, 0xff, sizeof blank);
    for (unsigned i = 0; i < PIECES_A_STEP && run.at < block->size; i++, run.at += PIECE) {
        if (!holds(block, run.at, blank)) {
            return FAIL("After an erase the byte at %lu or one after it is not 0xff.",
                        (unsigned long)run.at);
        }
    }
    if (run.at >= block->size) {
        next_stage();
    }
    return SEALPOST_NOT_RUN;
}

static enum sealpost_result flash_program(struct sp_flash *block)
{
    uint8_t bytes[PIECE];
    for (unsigned i = 0; i < PIECES_A_STEP && run.at < block->size; i++, run.at += PIECE) {
        pattern(run.at, bytes);
        if (sp_flash_program(block, run.at, bytes, PIECE) < 0) {
            return FAIL("A program at %lu of the test block failed.", (unsigned long)run.at);
        }
    }
    if (run.at >= block->size) {
        next_stage();
    }
    return SEALPOST_NOT_RUN;
}

static enum sealpost_result flash_read_back(struct sp_flash *block)
{
    char id[24] = "without an id";
    uint8_t bytes[PIECE];
    for (unsigned i = 0; i < 4 * PIECES_A_STEP && run.at < block->size; i++, run.at += PIECE) {
        pattern(run.at, bytes);
        if (!holds(block, run.at, bytes)) {
            return FAIL("What was programmed at %lu of the test block reads back otherwise.",
                        (unsigned long)run.at);
        }
    }
    if (run.at < block->size) {
        return SEALPOST_NOT_RUN;
    }
    if (asks()->flash_id != NULL && asks()->flash_id(probe(), id, sizeof id) < 0) {
        return FAIL("The part does not tell its id.");
    }
    return PASS("The part (%s, %lu KiB) erased, programmed and read back a block of %lu KiB.", id,
                (unsigned long)(sp_app.board->flash->size / 1024),
                (unsigned long)(block->size / 1024));
}

static enum sealpost_result test_flash(void)
{
    struct sp_flash *block = sp_part_of_test();
    int left;
    if (block == NULL) {
        return CANNOT("The part is too small to have a block for it.");
    }
    switch (run.stage) {
    case 0:
        if (sp_flash_erase_start(block, 0) < 0) {
            return FAIL("The erase of the test block did not start.");
        }
        next_stage();
        return SEALPOST_NOT_RUN;
    case 1:
        left = sp_flash_erase_poll(block);
        if (left < 0) {
            return FAIL("The erase of the test block failed.");
        }
        if (left == 0) {
            next_stage();
        }
        return SEALPOST_NOT_RUN;
    case 2:
        return flash_blank(block);
    case 3:
        return flash_program(block);
    default:
        return flash_read_back(block);
    }
}

/* --- the read-only area --- */

static enum sealpost_result test_area(void)
{
    struct sp_area_file file;
    char name[SP_AREA_NAME];
    uint32_t bytes = 0;
    unsigned n = 0;
    if (sp_area_state() == SP_AREA_NONE) {
        return CANNOT("The part is too small to have a read-only area.");
    }
    for (; sp_area_name(n, name) == SP_OK; n++) {
        if (sp_area_open(name, &file) < 0) {
            return FAIL("The file %s of the read-only area is not what it was.", name);
        }
        bytes += file.blob.size;
    }
    if (sp_area_state() != SP_AREA_GOOD) { /* on start, or when its names were read just now */
        return FAIL("The read-only area is %s: write the one that was built with this firmware.",
                    sp_area_state_text(sp_area_state()));
    }
    return PASS("%u file%s of %lu bytes match their hashes.", n, n == 1 ? "" : "s",
                (unsigned long)bytes);
}

/* --- NIC --- */

static bool is_unit_address(const uint8_t mac[6])
{
    static const uint8_t zeros[6];
    return (mac[0] & 1U) == 0 && memcmp(mac, zeros, sizeof zeros) != 0;
}

static enum sealpost_result judge_nic(const struct sp_hal_nic *nic)
{
    struct sp_nic_facts facts;
    if (asks()->nic == NULL) {
        return PASS("The link is up; %lu frames were dropped.", (unsigned long)nic->dropped);
    }
    asks()->nic(probe(), &facts);
    if (facts.phy_id == 0 || facts.phy_id == UINT32_MAX) {
        return FAIL("The Ethernet PHY does not answer.");
    }
    if (facts.frames_out == 0) {
        return FAIL("No frame was sent since the start.");
    }
    return PASS("The link is up, PHY %04lx:%04lx; %lu frames in, %lu out, %lu dropped.",
                (unsigned long)(facts.phy_id >> 16), (unsigned long)(facts.phy_id & 0xffffU),
                (unsigned long)facts.frames_in, (unsigned long)facts.frames_out,
                (unsigned long)nic->dropped);
}

static enum sealpost_result test_nic(void)
{
    struct sp_hal_nic *nic = sp_app.board->nic;
    if (!is_unit_address(nic->mac)) {
        return FAIL("The MAC address is not one of a single unit.");
    }
    if (nic->ops->link_up(nic)) {
        return judge_nic(nic);
    }
    return sp_app_now() - run.since < LINK_PATIENCE_MS
               ? SEALPOST_NOT_RUN
               : FAIL("The link is down: plug in a cable that leads to a switch.");
}

/* --- timer --- */

/* The clock must go on while the test is called again and again. */
static enum sealpost_result time_passes(void)
{
    uint64_t ms = sp_app_now() - run.since;
    if (ms < CLOCK_MS) {
        return ++run.at < CLOCK_STEPS ? SEALPOST_NOT_RUN : FAIL("The clock stands still.");
    }
    if (asks()->clock_off == NULL) {
        return CANNOT("The clock goes on; the board has no other to compare it with.");
    }
    return PASS("The clock goes on, and differs by %ld parts in a thousand from another one.",
                (long)run.off);
}

static enum sealpost_result test_timer(void)
{
    int err = SP_OK;
    if (run.stage > 0) {
        return time_passes();
    }
    if (asks()->clock_off != NULL) {
        err = asks()->clock_off(probe(), &run.off);
    }
    if (err < 0) {
        return ++run.at < CLOCK_TRIES ? SEALPOST_NOT_RUN
                                      : FAIL("The clock could not be compared with another one.");
    }
    if (run.off > CLOCK_OFF_MOST || run.off < -CLOCK_OFF_MOST) {
        return FAIL("The clock is off by %ld parts in a thousand from another one.", (long)run.off);
    }
    next_stage();
    return SEALPOST_NOT_RUN;
}

/* --- light --- */

static enum sealpost_result test_light(void)
{
    if (sp_app.board->led == NULL) {
        return CANNOT("The board has no light.");
    }
    if (run.stage > 0 && sp_app_now() - run.since < SHOW_MS) {
        return SEALPOST_NOT_RUN;
    }
    if (run.stage > SP_LED_FAULT) {
        return PASS("Six patterns were shown, from boot to fault: a person judges them.");
    }
    sp_app_light_lend((enum sp_led_pattern)run.stage, sp_app_now() + SHOW_MS + SHOW_LEFT_MS);
    next_stage();
    return SEALPOST_NOT_RUN;
}

/* --- entropy --- */

/* Over a window of bytes: the longest repetition, and how often its first one comes. */
static bool is_healthy(const uint8_t *bytes, size_t n)
{
    unsigned repeated = 1;
    unsigned same = 0;
    for (size_t i = 0; i < n; i++) {
        repeated = i > 0 && bytes[i] == bytes[i - 1] ? repeated + 1 : 1;
        same += bytes[i] == bytes[0];
        if (repeated >= REPEATED_MOST) {
            return false;
        }
    }
    return same < PROPORTION_MOST;
}

static bool blocks_differ(const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i += DRAW) {
        for (size_t k = 0; k < i; k += DRAW) {
            if (memcmp(bytes + i, bytes + k, DRAW) == 0) {
                return false;
            }
        }
    }
    return true;
}

static int draw(uint8_t *out, size_t n)
{
    int err = SP_OK;
    for (size_t i = 0; i < n && err == SP_OK; i += DRAW) {
        err = sp_port_random(out + i, DRAW);
    }
    return err;
}

static enum sealpost_result judge_source(uint8_t *bytes)
{
    struct sp_hal_entropy *source = sp_app.board->entropy;
    if (source == NULL) {
        return sp_store_length(&sp_app.store, SP_KIND_SEED, "seed") > 0
                   ? PASS("The seed is there and was replaced at this start; draws differ.")
                   : FAIL("The seed has gone.");
    }
    if (source->read(source, bytes, WINDOW) < 0) {
        return FAIL("The board's source of entropy gives nothing.");
    }
    return is_healthy(bytes, WINDOW)
               ? PASS("The board's source passes repetition and proportion tests; draws differ.")
               : FAIL("The board's source of entropy repeats itself.");
}

static enum sealpost_result test_entropy(void)
{
    uint8_t bytes[WINDOW];
    enum sealpost_result result;
    if (sp_app.no_entropy) {
        return FAIL("There is no seed, or it could not be replaced: no keys are made.");
    }
    if (draw(bytes, sizeof bytes) < 0) {
        result = FAIL("The random generator gives nothing.");
    } else if (!blocks_differ(bytes, sizeof bytes) || !is_healthy(bytes, sizeof bytes)) {
        result = FAIL("The random generator repeats itself.");
    } else {
        result = judge_source(bytes);
    }
    memset(bytes, 0, sizeof bytes);
    return result;
}

/* --- memory --- */

static enum sealpost_result test_memory(void)
{
    struct sp_stack_use stack;
    struct sp_buf text;
    unsigned i = 0;
    sp_buf_init(&text, report->reason, sizeof report->reason);
    for (unsigned pool = 0; pool < SP_POOL_COUNT; pool++) {
        struct sp_pool_use use = sp_port_use((enum sp_pool)pool);
        sp_buf_printf(&text, "%s %zu of %zu, ", use.name, use.peak, use.limit);
    }
    for (; asks()->stack != NULL && asks()->stack(probe(), i, &stack) == SP_OK; i++) {
        if (stack.peak + STACK_SPARE > stack.size) {
            return FAIL("%s used %zu of %zu bytes.", stack.name, stack.peak, stack.size);
        }
        sp_buf_printf(&text, "%s %zu of %zu, ", stack.name, stack.peak, stack.size);
    }
    sp_buf_puts(&text, "bytes at most.");
    return SEALPOST_PASS;
}

/* --- the run --- */

static const struct {
    const char *id;
    enum sealpost_result (*step)(void);
} tests[] = {
    {"flash", test_flash},   {"area", test_area},   {"nic", test_nic},
    {"timer", test_timer},   {"light", test_light}, {"entropy", test_entropy},
    {"memory", test_memory},
};

int sealpost_selftest(unsigned i, struct sealpost_selftest *out)
{
    if (i >= sizeof tests / sizeof tests[0]) {
        return SP_E_NOT_FOUND;
    }
    if (run.test != i + 1) {
        memset(&run, 0, sizeof run);
        run.test = i + 1;
        run.since = sp_app_now();
    }
    memset(out, 0, sizeof *out);
    out->id = tests[i].id;
    report = out;
    out->result = tests[i].step();
    if (out->result == SEALPOST_NOT_RUN) {
        return SP_E_AGAIN;
    }
    run.test = 0;
    if (out->result == SEALPOST_FAIL) {
        sp_log_error("selftest", "%s: %s", out->id, out->reason);
    }
    return SP_OK;
}
