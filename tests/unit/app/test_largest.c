/*
 * The largest domain that there can be, through everything that takes scratch memory: each record,
 * certificate and list has the size of its limit. Net and CA are played; store, life and app are
 * the real ones.
 */
#include "cm.h"

#include "app/app.h"
#include "authority.h"
#include "base/err.h"
#include "base/scratch.h"
#include "crypto/cert.h"
#include "net/http_server.h"
#include "nor_emulator/nor_emulator.h"
#include "reports/summary.h"
#include "test_clock.h"

#include <stdio.h>
#include <string.h>

#define BLOCK 65536U
#define BLOCKS 16U
#define UTC 1795500000
#define DAY_S 86400

/* 242 characters, the longest that its records leave room for. */
#define LABEL "a123456789b123456789c123456789d123456789e123456789f123456789"
#define SHORTER "a123456789b123456789c123456789d123456789e123456789f12345678"
#define NAME LABEL "." LABEL "." LABEL "." SHORTER

static struct sp_nor nor;
static struct authority authority;
static struct authority_leaf leaf;
static bool has_order;
static struct sealpost_why why;

/* --- what the application is given --- */

static struct {
    sp_tls_lookup lookup;
    sp_http_handler secure, plain;
} served;

int __wrap_sp_http_serve(uint16_t port, sp_tls_lookup lookup, sp_http_handler handler, void *ctx);
int __wrap_sp_http_serve(uint16_t port, sp_tls_lookup lookup, sp_http_handler handler, void *ctx)
{
    (void)ctx;
    if (port == 443) {
        served.lookup = lookup;
        served.secure = handler;
    } else {
        served.plain = handler;
    }
    return 0;
}

static struct sp_check_input checked;

/* All that is asked for passes at once. As in checks/, the policy is written above its own buffer.
 */
int __wrap_sp_checks_start(const struct sp_check_input *input, struct sp_check_report *report,
                           sp_time now);
int __wrap_sp_checks_start(const struct sp_check_input *input, struct sp_check_report *report,
                           sp_time now)
{
    (void)now;
    checked = *input;
    for (unsigned i = 0; i < SP_CHECKS; i++) {
        if ((input->which & SP_CHECK_BIT(i)) != 0) {
            report->checks[i].result = SP_CHECK_PASS;
        }
    }
    return 0;
}

bool __wrap_sp_checks_busy(void);
bool __wrap_sp_checks_busy(void)
{
    return false;
}

static sp_utc utc(void *ctx, sp_time now)
{
    (void)ctx;
    return UTC + (sp_utc)(now / 1000);
}

static int order_start(void *ctx, const char *host, sp_time now, struct sp_life_failure *failure)
{
    (void)ctx;
    (void)host;
    (void)now;
    (void)failure;
    has_order = true;
    return 0;
}

static int order_poll(void *ctx, struct sp_life_certificate *certificate,
                      struct sp_life_failure *failure)
{
    (void)ctx;
    (void)failure;
    certificate->key = sp_span(leaf.key.der, leaf.key.n);
    certificate->links = SP_CHAIN_LINKS;
    memcpy(certificate->chain, leaf.chain, sizeof certificate->chain);
    return has_order ? 0 : SP_E_AGAIN;
}

static void order_finish(void *ctx)
{
    (void)ctx;
    has_order = false;
}

static void order_cancel(void *ctx, const char *host)
{
    (void)ctx;
    (void)host;
}

static uint64_t mono_ms(struct sp_hal_clock *clock)
{
    (void)clock;
    return test_now;
}

static void start_life(void)
{
    static struct sp_life_ops ops;

    ops = *sp_app_life_ops();
    ops.utc = utc;
    ops.order_start = order_start;
    ops.order_poll = order_poll;
    ops.order_finish = order_finish;
    ops.order_cancel = order_cancel;
    assert_int_equal(sp_life_start(&sp_app.store, &ops), 0);
}

static int start(void **state)
{
    static struct sp_hal_clock clock = {.mono_ms = mono_ms};
    static const struct sp_board board = {.name = "test", .clock = &clock};
    const struct sp_nor_config config = {
        .size = BLOCK * BLOCKS, .block_size = BLOCK, .page_size = 256};
    const struct sp_settings_public public_ = {.v4 = "198.51.100.7", .v6 = "2001:db8::7"};
    char sentence[240];
    (void)state;

    test_clock_start();
    assert_int_equal(sp_crypto_start(), 0);
    sp_app.board = &board;
    assert_int_equal(sp_nor_open(&nor, &config), 0);
    assert_int_equal(
        sp_store_mount(&sp_app.store, &nor.flash, 0, BLOCKS, sp_app.entries, SP_RECORDS_MAX), 0);
    assert_int_equal(sp_settings_public_save(&sp_app.store, SP_KIND_SETTING, &public_, sentence,
                                             sizeof sentence),
                     0);
    assert_int_equal(
        authority_make_sized(&authority, UTC - DAY_S, UTC + 90 * DAY_S, SP_LEAF_MAX, SP_LINK_MAX),
        0);
    assert_int_equal(authority_issue(&authority, "mta-sts." NAME, &leaf), 0);
    assert_int_equal(sp_app_policy_host_start(), 0);
    start_life();
    return 0;
}

static int stop(void **state)
{
    (void)state;
    sp_nor_close(&nor);
    return 0;
}

/* --- the parts --- */

/* Nothing is held when an act is over. */
static void none_is_held(const char *after)
{
    struct sp_pool_use use = sp_scratch_use();

    if (use.used != 0) {
        fail_msg("after %s %zu bytes are held", after, use.used);
    }
    print_message("%5zu bytes at most until %s\n", use.peak, after);
}

static void live(unsigned seconds)
{
    for (unsigned i = 0; i < 10 * seconds; i++) {
        (void)sp_life_step(test_now);
        assert_int_equal(sp_scratch_use().used, 0);
        test_now += 100;
    }
}

static void state_is(const char *state)
{
    struct sealpost_domain domain;

    assert_int_equal(sealpost_domain_get(NAME, &domain, &why), 0);
    assert_string_equal(domain.state, state);
}

static char mx[SEALPOST_MX_MAX][SEALPOST_MX_SIZE];
static char rua[SEALPOST_RUA_SIZE];

static void fill_settings(struct sealpost_domain_settings *out)
{
    memset(out, 0, sizeof *out);
    out->gives = SEALPOST_GIVES_MX | SEALPOST_GIVES_RUA;
    out->mx_n = SEALPOST_MX_MAX;
    for (unsigned i = 0; i < SEALPOST_MX_MAX; i++) {
        int n = snprintf(mx[i], sizeof mx[i], "%.58s%02u.%s.%s.%s.abcdefghi", LABEL, i, LABEL,
                         LABEL, LABEL);

        assert_int_equal(n, 253);
        out->mx[i] = mx[i];
    }
    memset(rua, 'r', sizeof rua - 1);
    memcpy(rua, "https://example.org/", 20);
    out->rua = rua;
}

static void mx_are(unsigned first, unsigned n)
{
    char text[SEALPOST_MX_SIZE];

    for (unsigned i = 0; i < n; i++) {
        assert_int_equal(sealpost_domain_mx(NAME, i, text), 0);
        assert_string_equal(text, mx[first + i]);
    }
    assert_int_equal(sealpost_domain_mx(NAME, n, text), SP_E_NOT_FOUND);
}

static void add_and_set(void)
{
    struct sealpost_domain_settings wished;

    fill_settings(&wished);
    if (sealpost_domain_add(NAME, &wished, &why) < 0) {
        fail_msg("%s", why.sentence);
    }
    none_is_held("add");
    mx_are(0, SEALPOST_MX_MAX);
    wished.gives |= SEALPOST_GIVES_MAX_AGE;
    wished.max_age = 2 * SP_MAX_AGE_DEFAULT;
    assert_int_equal(sealpost_domain_set(NAME, &wished, &why), 0);
    none_is_held("set");
}

static void change_one_mx(void)
{
    struct sealpost_domain domain;
    struct sealpost_domain_settings one = {
        .gives = SEALPOST_GIVES_MX_LESS, .mx_n = 1, .mx = {mx[0]}};

    assert_int_equal(sealpost_domain_set(NAME, &one, &why), 0);
    mx_are(1, SEALPOST_MX_MAX - 1);
    assert_int_equal(sealpost_domain_set(NAME, &one, &why), SP_E_INVALID);
    assert_string_equal(why.id, "mx_invalid");
    one.gives = SEALPOST_GIVES_MX_MORE | SEALPOST_GIVES_MODE | SEALPOST_GIVES_FORCE;
    one.mode = SEALPOST_ENFORCE;
    assert_int_equal(sealpost_domain_set(NAME, &one, &why), 0);
    assert_int_equal(sealpost_domain_set(NAME, &one, &why), SP_E_INVALID);
    assert_int_equal(sealpost_domain_get(NAME, &domain, &why), 0);
    assert_int_equal(domain.mx_n, SEALPOST_MX_MAX);
    assert_int_equal(domain.mode, SEALPOST_ENFORCE);
    assert_int_equal(domain.max_age, 2 * SP_MAX_AGE_DEFAULT);
    assert_string_equal(domain.rua, rua);
    none_is_held("one mx");
}

/* The console reads the policy into scratch memory. */
static void look(void)
{
    size_t mark = sp_scratch_mark();
    char *policy = sp_scratch_take(SP_POLICY_TEXT_MAX + 1);
    struct sealpost_record record;

    assert_true(sealpost_domain_policy(NAME, policy, SP_POLICY_TEXT_MAX + 1) > 16 * 253);
    sp_scratch_release(mark);
    assert_int_equal(sealpost_domain_record(NAME, 0, &record, &why), 4);
    none_is_held("records");
}

/* Refused: the fake world has neither a true policy host nor an MX. */
static void promote(void)
{
    struct sealpost_domain_settings testing = {.gives = SEALPOST_GIVES_MODE,
                                               .mode = SEALPOST_TESTING};
    int err = sealpost_domain_set(NAME, &testing, &why);

    assert_int_equal(err, 0);
    for (int i = 0; i < 2 && (err = sealpost_promote(NAME, false, &why)) == SP_E_AGAIN; i++) {
        live(60);
    }
    assert_true(err < 0);
    assert_int_equal(sealpost_auto(NAME, 14, &why), 0);
    assert_int_equal(sealpost_promote(NAME, true, &why), 0);
    none_is_held("promotion");
}

/* Those that left find room behind the policy's own. */
static void lose_an_mx(void)
{
    char left[SEALPOST_MX_SIZE];
    sp_utc until;
    struct sealpost_domain_settings one = {
        .gives = SEALPOST_GIVES_MX_LESS, .mx_n = 1, .mx = {mx[0]}};

    assert_int_equal(sealpost_domain_left_mx(NAME, 0, left, &until), SP_E_NOT_FOUND);
    assert_int_equal(sealpost_domain_set(NAME, &one, &why), 0);
    assert_int_equal(sealpost_domain_left_mx(NAME, 0, left, &until), 0);
    assert_string_equal(left, mx[0]);
    assert_true(until > 0);
    one.gives = SEALPOST_GIVES_MX_MORE;
    assert_int_equal(sealpost_domain_set(NAME, &one, &why), 0);
    assert_int_equal(sealpost_domain_left_mx(NAME, 0, left, &until), SP_E_NOT_FOUND);
    none_is_held("mx that left");
}

static void get_a_certificate(void)
{
    assert_int_equal(sealpost_enable(NAME, &why), 0);
    live(120);
    state_is("active");
    none_is_held("order");
    assert_int_equal(sealpost_check(NAME, &why), 0);
    live(5);
    none_is_held("checks");
}

/* As checks/ does it, with a buffer for the text. */
static void write_policy_for_checks(void)
{
    size_t mark = sp_scratch_mark();
    struct sp_buf text;

    sp_buf_init(&text, sp_scratch_take(SP_POLICY_TEXT_MAX), SP_POLICY_TEXT_MAX);
    assert_int_equal(checked.policy_text(checked.ctx, NAME, &text), 0);
    assert_true(text.len > (size_t)16 * 253);
    sp_scratch_release(mark);
    none_is_held("comparison");
}

/* As net/tls does it. */
static void shake_hands(void)
{
    size_t mark = sp_scratch_mark();
    struct sp_tls_identity identity;

    assert_int_equal(served.lookup(NULL, "mta-sts." NAME, &identity), 0);
    assert_int_equal(identity.links, SP_CHAIN_LINKS);
    assert_memory_equal(identity.key.p, leaf.key.der, leaf.key.n);
    for (unsigned i = 0; i < SP_CHAIN_LINKS; i++) {
        assert_int_equal(identity.chain[i].n, i == 0 ? SP_LEAF_MAX : SP_LINK_MAX);
        assert_memory_equal(identity.chain[i].p, leaf.chain[i].p, identity.chain[i].n);
    }
    sp_scratch_release(mark);
    assert_int_equal(served.lookup(NULL, "mta-sts.other.example", &identity), SP_E_NOT_FOUND);
    sp_scratch_release(mark);
    none_is_held("handshake");
}

/* As net/http_server does it, with the answer being composed in scratch memory. */
static void ask(sp_http_handler handler, const char *path, int status)
{
    static const struct sp_addr peer = {.family = 4, .bytes = {198, 51, 100, 7}};
    static struct sp_http_request request = {.peer = &peer, .tls_version = "TLSv1.3"};
    size_t mark = sp_scratch_mark();
    char *answer = sp_scratch_take(SP_HTTP_RESPONSE_MAX);
    struct sp_buf headers, body;
    struct sp_http_response response = {.headers = &headers, .body = &body};

    request.method = sp_span_str("GET");
    request.path = sp_span_str(path);
    (void)snprintf(request.host, sizeof request.host, "mta-sts.%s", NAME);
    sp_buf_init(&headers, answer, SP_HTTP_RESPONSE_MAX - SP_POLICY_TEXT_MAX);
    sp_buf_init(&body, answer + SP_HTTP_RESPONSE_MAX - SP_POLICY_TEXT_MAX, SP_POLICY_TEXT_MAX);
    handler(NULL, &request, &response);
    assert_int_equal(response.status, status);
    sp_scratch_release(mark);
    none_is_held(path);
}

static void tell(void)
{
    struct sealpost_certificate certificate;
    static struct sealpost_check check;
    static struct sealpost_evidence evidence;

    assert_int_equal(sealpost_certificate(NAME, 0, &certificate, &why), 0);
    assert_int_equal(certificate.links, SP_CHAIN_LINKS);
    assert_string_equal(certificate.san, "mta-sts." NAME);
    none_is_held("certificate");
    assert_int_equal(sealpost_check_get(NAME, 2, &check, &why), 0);
    assert_int_equal(check.result, SEALPOST_PASS);
    assert_int_equal(sealpost_check_evidence(NAME, 2, &evidence, &why), 0);
    none_is_held("check");
}

static void keep_a_report(void)
{
    size_t mark = sp_scratch_mark();
    struct sp_report *report = sp_scratch_take(sizeof *report);

    report->start = UTC - 3600;
    report->end = UTC - 1;
    report->total.failed = 7;
    sp_text_cut(report->organisation, sizeof report->organisation, "Heron Mail");
    sp_text_cut(report->total.domain, sizeof report->total.domain, NAME);
    assert_int_equal(sp_summary_keep(&sp_app.store, report, UTC), 0);
    sp_scratch_release(mark);
}

/* As a promotion does it, above all of the domain; and as an operator does. */
static void read_the_reports(void)
{
    size_t mark = sp_scratch_mark();
    struct sealpost_reports reports;
    struct sealpost_report_line line;
    char text[160];

    keep_a_report();
    (void)sp_domain_take(SP_DOMAIN_WHOLE);
    assert_int_equal(sp_app_life_ops()->reports(NULL, NAME, UTC, text, sizeof text), 1);
    assert_string_equal(text, "7 failed sessions in the last 7 days");
    sp_scratch_release(mark);
    assert_int_equal(sealpost_reports(NAME, &reports, &why), 0);
    assert_true(reports.blocks);
    assert_string_equal(reports.sentence, "TLS reports of the last 7 days tell of 7 failed "
                                          "sessions, reported by Heron Mail.");
    assert_int_equal(sealpost_report_line(NAME, SEALPOST_REPORT_DAYS, 0, &line), 0);
    assert_string_equal(line.name, "2026-11-24");
    assert_int_equal(line.failed, 7);
    assert_int_equal(sealpost_report_line(NAME, SEALPOST_REPORT_ORGANISATIONS, 0, &line), 0);
    assert_string_equal(line.name, "Heron Mail");
    assert_int_equal(sealpost_report_line(NAME, SEALPOST_REPORT_ORGANISATIONS, 1, &line),
                     SP_E_NOT_FOUND);
    assert_int_equal(sealpost_report_line(NAME, SEALPOST_REPORT_MX, 0, &line), SP_E_NOT_FOUND);
    none_is_held("reports");
}

static void add_a_root(void)
{
    struct sealpost_anchor anchor;

    assert_int_equal(sealpost_trust_add(authority.root.der, authority.root.n, &why), 0);
    assert_int_equal(sealpost_trust_get(0, &anchor), 0);
    assert_string_equal(anchor.subject, "CN=Capacity root");
    none_is_held("trust");
}

static void records_are(int n, bool remove)
{
    struct sealpost_record record;

    for (int i = 0; i < n; i++) {
        assert_int_equal(sealpost_domain_record(NAME, (unsigned)i, &record, &why), n);
        assert_int_equal(record.remove, remove);
    }
    none_is_held("records");
}

static void renew_and_end(void)
{
    assert_int_equal(sealpost_renew(NAME, &why), 0);
    live(60);
    state_is("active");
    records_are(4, false);
    assert_int_equal(sealpost_domain_risk(NAME, why.sentence, sizeof why.sentence), 0);
    assert_string_not_equal(why.sentence, "");
    assert_int_equal(sealpost_disable(NAME, true, &why), 0);
    records_are(3, true);                             /* without TLSRPT */
    assert_int_equal(sealpost_enable(NAME, &why), 0); /* the certificate that is there is good */
    live(60);
    state_is("active");
    none_is_held("enable with a certificate");
    assert_int_equal(sealpost_disable(NAME, true, &why), 0);
    assert_int_equal(sealpost_domain_remove(NAME, &why), 0);
    live(5);
    (void)sp_app_judge(test_now);
    assert_int_equal(sp_store_count(&sp_app.store, SP_KIND_REPORTS), 0);
    none_is_held("end");
}

static void the_largest_domain_fits_the_scratch_memory(void **state)
{
    (void)state;
    add_and_set();
    change_one_mx();
    look();
    get_a_certificate();
    promote();
    lose_an_mx();
    write_policy_for_checks();
    shake_hands();
    ask(served.secure, "/.well-known/mta-sts.txt", 200);
    ask(served.plain, "/", 301);
    tell();
    read_the_reports();
    add_a_root();
    assert_in_range(sp_scratch_use().peak, SP_SCRATCH_MAX / 2, SP_SCRATCH_MAX);
}

static uint32_t chance(uint32_t below)
{
    static uint32_t seed = 3;

    seed = seed * 1664525U + 1013904223U;
    return (seed >> 8) % below;
}

/* Bytes of the part, where there are any. */
static void damage(void)
{
    for (unsigned n = 1 + chance(4); n > 0;) {
        uint32_t at = chance(BLOCK * 2);

        if (nor.bytes[at] != 0xFF) {
            nor.bytes[at] ^= (uint8_t)(1U << chance(8));
            n--;
        }
    }
}

/* Whatever comes of it, nothing is held, and what is said to be right is right. */
static void use_all(void)
{
    static struct sp_tls_identity identity;
    static struct sealpost_domain domain;
    static struct sealpost_certificate certificate;
    struct sealpost_record record;
    char pattern[SEALPOST_MX_SIZE];
    size_t mark = sp_scratch_mark();

    if (served.lookup(NULL, "mta-sts." NAME, &identity) == 0) {
        assert_memory_equal(identity.key.p, leaf.key.der, leaf.key.n);
        for (unsigned i = 0; i < identity.links; i++) {
            assert_memory_equal(identity.chain[i].p, leaf.chain[i].p, leaf.chain[i].n);
        }
    }
    sp_scratch_release(mark);
    (void)sealpost_domain_get(NAME, &domain, &why);
    if (sealpost_domain_mx(NAME, 0, pattern) == 0) {
        assert_true(strcmp(pattern, mx[0]) == 0 || strcmp(pattern, mx[1]) == 0);
    }
    (void)sealpost_domain_record(NAME, 0, &record, &why);
    (void)sealpost_certificate(NAME, 0, &certificate, &why);
    sp_app_domain_changed(NAME);
    (void)sp_app_judge(test_now);
    assert_int_equal(sp_scratch_use().used, 0);
}

static void damaged_flash_is_refused_and_holds_nothing(void **state)
{
    static uint8_t whole[BLOCK * 2];
    char pattern[SEALPOST_MX_SIZE];
    unsigned refused = 0;
    (void)state;

    memcpy(whole, nor.bytes, sizeof whole);
    for (unsigned i = 0; i < 2000; i++) {
        damage();
        use_all();
        refused += sealpost_domain_mx(NAME, 0, pattern) < 0 ? 1 : 0;
        memcpy(nor.bytes, whole, sizeof whole);
    }
    assert_in_range(refused, 100, 1900);
    assert_int_equal(sealpost_domain_mx(NAME, 0, pattern), 0);
}

/* Each read of a use in turn. */
static void a_read_that_fails_holds_nothing(void **state)
{
    uint64_t before = nor.stats.reads;
    uint64_t reads;
    (void)state;

    use_all();
    reads = nor.stats.reads - before;
    assert_in_range(reads, 50, 2000);
    for (uint64_t i = 1; i <= reads; i++) {
        sp_nor_fault(&nor, SP_NOR_FAIL_READ, nor.stats.reads + i, 1);
        use_all();
    }
    sp_nor_fault(&nor, SP_NOR_SOUND, 0, 0);
    state_is("active");
}

/* The order stays, and so does what is there. */
static void a_part_that_refuses_writes_holds_nothing(void **state)
{
    struct sealpost_domain_settings wished;
    (void)state;

    fill_settings(&wished);
    for (unsigned i = 1; i < 6; i++) {
        sp_nor_fault(&nor, SP_NOR_FAIL_FROM, nor.stats.ops + i, i);
        (void)sealpost_renew(NAME, &why);
        (void)sealpost_domain_set(NAME, &wished, &why);
        live(30);
        assert_int_equal(sp_scratch_use().used, 0);
        use_all();
        sp_nor_fault(&nor, SP_NOR_SOUND, 0, 0);
        memset(&sp_app.store, 0, sizeof sp_app.store);
        assert_int_equal(
            sp_store_mount(&sp_app.store, &nor.flash, 0, BLOCKS, sp_app.entries, SP_RECORDS_MAX),
            0);
        has_order = false;
        start_life();
        live(60);
    }
    state_is("active");
}

static void it_is_renewed_disabled_and_removed(void **state)
{
    (void)state;
    renew_and_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_largest_domain_fits_the_scratch_memory),
        cmocka_unit_test(damaged_flash_is_refused_and_holds_nothing),
        cmocka_unit_test(a_read_that_fails_holds_nothing),
        cmocka_unit_test(a_part_that_refuses_writes_holds_nothing),
        cmocka_unit_test(it_is_renewed_disabled_and_removed),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
