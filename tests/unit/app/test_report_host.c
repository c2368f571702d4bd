/* The end of a TLS report: which ones are wanted, what is answered, what is kept, and that the
 * memory always comes back. */
#include "cm.h"

#include "app/app.h"
#include "app/report_host.h"
#include "base/err.h"
#include "base/scratch.h"
#include "net/clock.h"
#include "nor_emulator/nor_emulator.h"
#include "reports/summary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 4096U
#define BLOCKS 64U
#define UTC 1796040000LL /* 2026-11-30T12:00:00Z */
#define HOUR_MS 3600000
#define JSON "application/tlsrpt+json"

struct sp_app sp_app;
static struct sp_nor nor;
static sp_time now;
static sp_utc utc;
static bool has_memory;
static void *lent;
static void (*lent_revoked)(void *ctx);
static struct sp_addr peer;
static struct sp_http_response response;
static struct sp_buf headers, body;
static char headers_text[256], body_text[200];

sp_utc sp_clock_utc(sp_time at)
{
    assert_int_equal(at, now);
    return utc;
}

bool sp_app_is_policy_host(const char *host)
{
    return strcmp(host, "mta-sts.example.net") == 0;
}

void *sp_tls_lend(size_t n, void (*revoked)(void *ctx), void *ctx)
{
    assert_null(lent);
    assert_null(ctx);
    assert_true(n <= 36 * 1024);
    lent = has_memory ? calloc(1, n) : NULL;
    lent_revoked = revoked;
    return lent;
}

void sp_tls_give_back(void *p)
{
    if (p != NULL) {
        assert_ptr_equal(p, lent);
        free(lent);
        lent = NULL;
    }
}

static uint64_t mono_ms(struct sp_hal_clock *clock)
{
    (void)clock;
    return now;
}

static int begin(void **state)
{
    static struct sp_hal_clock clock = {.mono_ms = mono_ms};
    static const struct sp_board board = {.name = "test", .clock = &clock};
    const struct sp_nor_config config = {
        .size = BLOCK * BLOCKS, .block_size = BLOCK, .page_size = 256};
    (void)state;

    sp_app.board = &board;
    now = (now / HOUR_MS + 1) * HOUR_MS; /* nobody has sent one yet */
    utc = UTC;
    has_memory = true;
    assert_int_equal(sp_addr_parse(sp_span_str("192.0.2.66"), &peer), 0);
    assert_int_equal(sp_nor_open(&nor, &config), 0);
    assert_int_equal(
        sp_store_mount(&sp_app.store, &nor.flash, 0, BLOCKS, sp_app.entries, SP_RECORDS_MAX), 0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    assert_null(lent);
    assert_int_equal(sp_scratch_use().used, 0);
    sp_nor_close(&nor);
    return 0;
}

/* --- a server --- */

static void clear_response(void)
{
    sp_buf_init(&headers, headers_text, sizeof headers_text);
    sp_buf_init(&body, body_text, sizeof body_text);
    response = (struct sp_http_response){.headers = &headers, .body = &body};
}

static bool head(const char *host, const char *content_type)
{
    struct sp_http_request request = {.method = sp_span_str("POST"),
                                      .path = sp_span_str(SP_REPORT_PATH),
                                      .peer = &peer,
                                      .content_type = sp_span_str(content_type)};

    clear_response();
    sp_text_cut(request.host, sizeof request.host, host);
    return sp_app_report_taker()->begin(NULL, &request, &response);
}

static int give(const void *p, size_t n)
{
    struct sp_span bytes = sp_span(p, n);
    int err;

    do {
        err = sp_app_report_taker()->take(NULL, &bytes);
    } while (err == SP_E_AGAIN);
    assert_true(err != 0 || bytes.n == 0);
    return err;
}

static int finish(bool whole)
{
    clear_response();
    sp_app_report_taker()->end(NULL, whole, &response);
    assert_null(lent);
    return response.status;
}

/* The status that a report ends with, which comes in pieces of n bytes. */
static int post(const void *p, size_t size, size_t n)
{
    const uint8_t *bytes = p;

    if (!head("mta-sts.example.net", JSON)) {
        return response.status;
    }
    for (size_t i = 0; i < size; i += n) {
        if (give(bytes + i, size - i < n ? size - i : n) != 0) {
            return finish(false);
        }
    }
    return finish(true);
}

static const char *make(const char *id, const char *domain)
{
    static char text[1024];

    (void)snprintf(text, sizeof text,
                   "{\"organization-name\":\"Heron\",\"report-id\":\"%s\",\"date-range\":{"
                   "\"start-datetime\":\"2026-11-29T00:00:00Z\","
                   "\"end-datetime\":\"2026-11-29T23:59:59Z\"},\"policies\":[{\"policy\":{"
                   "\"policy-domain\":\"%s\"},\"summary\":{"
                   "\"total-successful-session-count\":10,\"total-failure-session-count\":1}}]}",
                   id, domain);
    return text;
}

static int post_text(const char *text)
{
    return post(text, strlen(text), 7);
}

static unsigned kept(void)
{
    struct sp_summary summary;

    return sp_summary_load(&sp_app.store, "example.net", utc, &summary) == 0 ? summary.reports : 0;
}

/* --- tests --- */

static void a_report_is_counted_once(void **state)
{
    (void)state;
    assert_int_equal(post_text(make("a", "example.net")), 201);
    assert_string_equal(response.content_type, "text/plain");
    assert_int_equal(post_text(make("a", "example.net")), 200);
    assert_int_equal(post_text(make("b", "Example.NET")), 201);
    assert_int_equal(kept(), 2);
}

static void only_the_hosts_own_domain_counts(void **state)
{
    (void)state;
    assert_int_equal(post_text(make("a", "other.net")), 400);
    assert_non_null(strstr(body_text, "it is about no domain"));
    assert_int_equal(kept(), 0);
    assert_false(head("mta-sts.other.net", JSON));
    assert_int_equal(response.status, 404);
}

static void media_types_are_told_apart(void **state)
{
    static const struct {
        const char *type;
        bool wanted;
    } rows[] = {
        {JSON, true},
        {"application/tlsrpt+gzip", true},
        {"Application/TLSRPT+GZIP ; charset=utf-8", true},
        {"", false},
        {"application/json", false},
        {"application/gzip", false},
        {"application/tlsrpt+jsonx", false},
        {"text/plain; application/tlsrpt+json", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(head("mta-sts.example.net", rows[i].type), rows[i].wanted);
        assert_int_equal(response.status, rows[i].wanted ? 0 : 415);
        sp_app_report_taker()->drop(NULL);
    }
}

static void what_is_not_to_be_had_just_now_is_put_off(void **state)
{
    (void)state;
    utc = 0;
    assert_false(head("mta-sts.example.net", JSON));
    assert_int_equal(response.status, 503);
    assert_string_equal(headers_text, "Retry-After: 60\r\n");
    utc = UTC;
    has_memory = false;
    assert_false(head("mta-sts.example.net", JSON));
    assert_int_equal(response.status, 503);
    assert_string_equal(headers_text, "Retry-After: 60\r\n");
}

static void a_sender_has_half_of_an_hours_reports(void **state)
{
    static const char *const peers[] = {"2001:db8:0:1::1", "192.0.2.66", "198.51.100.9"};
    static const char *const others[] = {"2001:db8:0:1:ff::2", "192.0.2.66"};

    (void)state;
    for (unsigned i = 0; i < SP_REPORTS_HOUR; i++) {
        assert_int_equal(sp_addr_parse(sp_span_str(peers[i / SP_REPORTS_HOUR_SENDER]), &peer), 0);
        assert_true(head("mta-sts.example.net", JSON));
        sp_app_report_taker()->drop(NULL);
        if ((i + 1) % SP_REPORTS_HOUR_SENDER == 0) {
            (void)sp_addr_parse(sp_span_str(others[i / SP_REPORTS_HOUR_SENDER]), &peer);
            assert_false(head("mta-sts.example.net", JSON));
            assert_int_equal(response.status, 429);
        }
    }
    now += 10 * 60000 + 500;
    assert_int_equal(sp_addr_parse(sp_span_str(peers[2]), &peer), 0);
    assert_false(head("mta-sts.example.net", JSON));
    assert_int_equal(response.status, 429);
    assert_string_equal(headers_text, "Retry-After: 3000\r\n");
    now += 50 * 60000;
    assert_true(head("mta-sts.example.net", JSON));
    sp_app_report_taker()->drop(NULL);
}

static void what_was_not_begun_is_not_counted(void **state)
{
    (void)state;
    has_memory = false;
    for (unsigned i = 0; i < SP_REPORTS_HOUR; i++) {
        assert_false(head("mta-sts.example.net", JSON));
        assert_false(head("mta-sts.example.net", "text/html"));
    }
    has_memory = true;
    assert_int_equal(post_text(make("a", "example.net")), 201);
}

static void memory_that_is_wanted_back_ends_the_report(void **state)
{
    const char *text = make("a", "example.net");

    (void)state;
    assert_true(head("mta-sts.example.net", JSON));
    assert_int_equal(give(text, 20), 0);
    lent_revoked(NULL);
    sp_tls_give_back(lent); /* as net/tls does */
    assert_int_equal(give(text + 20, 20), SP_E_MEMORY);
    assert_int_equal(finish(false), 503);
    assert_string_equal(headers_text, "Retry-After: 60\r\n");
    assert_true(head("mta-sts.example.net", JSON));
    lent_revoked(NULL);
    sp_tls_give_back(lent);
    sp_app_report_taker()->drop(NULL); /* the client went away, too */
    assert_int_equal(post_text(text), 201);
}

static void a_connection_that_goes_away_gives_the_memory_back(void **state)
{
    (void)state;
    assert_true(head("mta-sts.example.net", JSON));
    assert_int_equal(give("{", 1), 0);
    sp_app_report_taker()->drop(NULL);
    assert_null(lent);
    assert_int_equal(kept(), 0);
}

/* A gzip file with the text in one stored block: head, block, checksum, length. */
static size_t pack(const char *text, uint8_t *out)
{
    static const uint8_t start[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1};
    size_t n = strlen(text), at = sizeof start;
    uint32_t crc = 0xffffffff;

    memcpy(out, start, at);
    out[at++] = (uint8_t)n;
    out[at++] = (uint8_t)(n >> 8);
    out[at++] = (uint8_t)~n;
    out[at++] = (uint8_t)(~n >> 8);
    memcpy(out + at, text, n);
    at += n;
    for (size_t i = 0; i < n; i++) {
        crc ^= (uint8_t)text[i];
        for (unsigned bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xedb88320 : 0);
        }
    }
    crc = ~crc;
    for (unsigned i = 0; i < 4; i++) {
        out[at + i] = (uint8_t)(crc >> 8 * i);
        out[at + 4 + i] = (uint8_t)(n >> 8 * i);
    }
    return at + 8;
}

static void gzip_is_known_by_its_first_byte(void **state)
{
    uint8_t packed[1100];
    size_t n = pack(make("a", "example.net"), packed);

    (void)state;
    assert_int_equal(post(packed, n, 1), 201);
    assert_int_equal(post(packed, n, n), 200);
    assert_int_equal(post(packed, n - 1, 100), 400);
    assert_string_equal(body_text, "The report is refused: its gzip data end too early.\n");
    packed[n - 8] ^= 1;
    assert_int_equal(post(packed, n, 100), 400);
    assert_string_equal(body_text, "The report is refused: its gzip data are damaged.\n");
    assert_int_equal(kept(), 1);
}

/* One piece of the body may inflate to more than a call gives. */
static void what_inflates_goes_on_over_calls(void **state)
{
    static char text[6100];
    uint8_t packed[6200];

    (void)state;
    (void)snprintf(text, sizeof text, "%5000s%s", "", make("a", "example.net"));
    assert_int_equal(post(packed, pack(text, packed), sizeof packed), 201);
    text[5000] = 'x';
    assert_int_equal(post(packed, pack(text, packed), sizeof packed), 400);
}

static void what_is_no_report_is_refused_with_the_reason(void **state)
{
    (void)state;
    assert_int_equal(post_text("[]"), 400);
    assert_string_equal(body_text, "The report is refused: it is no JSON object.\n");
    assert_int_equal(post_text(""), 400);
    assert_int_equal(post_text("{"), 400);
    utc += 40 * 86400LL;
    assert_int_equal(post_text(make("a", "example.net")), 400);
    assert_non_null(strstr(body_text, "more than two weeks old"));
}

static void a_store_that_fails_puts_the_report_off(void **state)
{
    (void)state;
    for (unsigned i = 0; i < BLOCKS; i++) {
        sp_nor_wear_out(&nor, i, true);
    }
    assert_int_equal(post_text(make("a", "example.net")), 503);
    assert_string_equal(headers_text, "Retry-After: 60\r\n");
}

static void the_address_for_reports_is_made_of_the_domain(void **state)
{
    char rua[SP_RUA_MAX], longest[SP_DOMAIN_SIZE];

    (void)state;
    assert_int_equal(sp_app_report_rua("example.net", rua), 0);
    assert_string_equal(rua, "https://mta-sts.example.net/.well-known/tlsrpt");
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(sp_app_report_rua(longest, rua), SP_E_SPACE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(a_report_is_counted_once),
        TEST(only_the_hosts_own_domain_counts),
        TEST(media_types_are_told_apart),
        TEST(what_is_not_to_be_had_just_now_is_put_off),
        TEST(a_sender_has_half_of_an_hours_reports),
        TEST(what_was_not_begun_is_not_counted),
        TEST(memory_that_is_wanted_back_ends_the_report),
        TEST(a_connection_that_goes_away_gives_the_memory_back),
        TEST(gzip_is_known_by_its_first_byte),
        TEST(what_inflates_goes_on_over_calls),
        TEST(what_is_no_report_is_refused_with_the_reason),
        TEST(a_store_that_fails_puts_the_report_off),
        TEST(the_address_for_reports_is_made_of_the_domain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
