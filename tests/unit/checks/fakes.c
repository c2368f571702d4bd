#include "fakes.h"

#include "base/err.h"
#include "base/port.h"
#include "net/dns_answer.h"
#include "net/net.h"
#include "sp_port.h"

#include "cm.h"

#include <string.h>

struct fake_net fake;
struct sp_check_report report;
static char words[SP_REPORT_WORDS];
struct sp_addr own[2];
unsigned own_n;

static uint64_t mono_ms(struct sp_hal_clock *clock)
{
    (void)clock;
    return fake.now;
}

struct sp_addr fake_addr(const char *text)
{
    struct sp_addr out;

    assert_int_equal(sp_addr_parse(sp_span_str(text), &out), 0);
    return out;
}

static void add_numbered(struct sp_dns_answer *answer, enum sp_dns_type type, uint16_t number,
                         struct sp_dns_writer *writer)
{
    sp_dns_record_begin(writer, answer, type, 300, number, "owner.example");
    answer->server = fake_addr("203.0.113.53");
    answer->elapsed_ms = 12;
}

static void add(struct sp_dns_answer *answer, enum sp_dns_type type, struct sp_dns_writer *writer)
{
    add_numbered(answer, type, 0, writer);
}

void fake_address(struct sp_dns_answer *answer, const char *text)
{
    struct sp_addr addr = fake_addr(text);
    struct sp_dns_writer writer;

    add(answer, addr.family == 4 ? SP_DNS_A : SP_DNS_AAAA, &writer);
    sp_dns_put_addr(&writer, &addr);
    sp_dns_record_end(&writer);
    answer->result = SP_OK;
}

void fake_text(struct sp_dns_answer *answer, const char *text)
{
    struct sp_dns_writer writer;

    add(answer, SP_DNS_TXT, &writer);
    sp_dns_put_text(&writer, text, strlen(text), SP_DNS_TEXT_MAX);
    sp_dns_record_end(&writer);
    answer->result = SP_OK;
}

void fake_alias(struct sp_dns_answer *answer, const char *host)
{
    struct sp_dns_writer writer;

    add(answer, SP_DNS_CNAME, &writer);
    sp_dns_put_name(&writer, host);
    sp_dns_record_end(&writer);
}

void fake_mx(struct sp_dns_answer *answer, uint16_t preference, const char *host)
{
    struct sp_dns_writer writer;

    add_numbered(answer, SP_DNS_MX, preference, &writer);
    sp_dns_put_name(&writer, host);
    sp_dns_record_end(&writer);
    answer->result = SP_OK;
}

void fake_caa(struct sp_dns_answer *answer, uint16_t flags, const char *tag, size_t tag_n,
              const char *value)
{
    struct sp_dns_writer writer;

    add_numbered(answer, SP_DNS_CAA, flags, &writer);
    sp_dns_put_text(&writer, tag, tag_n, SP_DOMAIN_SIZE);
    sp_dns_put_text(&writer, value, strlen(value), SP_DOMAIN_SIZE);
    sp_dns_record_end(&writer);
    answer->result = SP_OK;
}

void fake_nothing(struct sp_dns_answer *answer, int result)
{
    memset(answer, 0, sizeof *answer);
    answer->result = result;
    answer->server = fake_addr("203.0.113.53");
}

static void port80_is_fine(void)
{
    for (unsigned i = 0; i < 2; i++) {
        struct sp_http_result *result = &fake.port80[i];

        result->stage = "done";
        result->status = 200;
        result->address = own[i];
        result->elapsed_ms = 4;
    }
}

static void probe_is_fine(void)
{
    fake.probe.stage = SP_SMTP_DONE;
    fake.probe.address = fake_addr("192.0.2.25");
    fake.probe.peer.not_after = UTC_NOW + 86400;
    strcpy(fake.probe.tls.version, "TLSv1.3");
}

static void fetch_is_fine(void)
{
    struct sp_http_result *result = &fake.fetched;
    struct sp_cert_info *peer = &fake.peer;

    result->stage = "done";
    result->status = 200;
    result->address = fake_addr("203.0.113.10");
    result->elapsed_ms = 85;
    result->tls = true;
    strcpy(result->content_type, "text/plain; charset=utf-8");
    strcpy(result->tls_report.version, "TLSv1.3");
    strcpy(result->tls_report.suite, "TLS_AES_128_GCM_SHA256");
    result->peer = peer;
    strcpy(peer->sans[0], HOST);
    peer->sans_n = 1;
    strcpy(peer->issuer, "CN=A Public CA");
    strcpy(peer->serial, "00a1b2");
    strcpy(peer->key, "P-256");
    peer->not_before = UTC_NOW - 30 * 86400;
    peer->not_after = UTC_NOW + 60 * 86400 + 100;
    fake.body = POLICY;
}

int fakes_begin(void **state)
{
    static struct sp_hal_clock clock = {.mono_ms = mono_ms};
    (void)state;

    sp_checks_cancel();
    sp_port_bind(&clock, NULL, NULL);
    memset(&fake, 0, sizeof fake);
    report = (struct sp_check_report){.words = words, .cap = sizeof words};
    sp_check_report_clear(&report, "");
    fake.utc = UTC_NOW;
    fake.dns_ms = 12;
    fake.own_interface = fake_addr("203.0.113.10");
    own[0] = fake_addr("203.0.113.10");
    own[1] = fake_addr("2001:db8::10");
    own_n = 2;
    fake_address(&fake.a, "203.0.113.10");
    fake_address(&fake.aaaa, "2001:db8::10");
    fake_text(&fake.txt, "v=STSv1; id=" POLICY_ID ";");
    fake_text(&fake.tlsrpt, "v=TLSRPTv1; rua=" RUA);
    fake_mx(&fake.mx, 10, "mail.example.com");
    fake_nothing(&fake.caa, SP_E_DNS_NODATA);
    fake.caa_name = "example.com";
    fake.rua = RUA;
    fake.clock = (struct sp_clock_status){.set = true, .utc = UTC_NOW, .synced_at = UTC_NOW - 60};
    fetch_is_fine();
    port80_is_fine();
    probe_is_fine();
    fake.seen.fetched[0].at = UTC_NOW - 60;
    fake.seen.validated[1].at = UTC_NOW - 86400;
    return 0;
}

/* --- net --- */

static struct sp_dns_query *waiting;

static const struct sp_dns_answer *answer_to(const struct sp_dns_query *query)
{
    static struct sp_dns_answer nothing = {.result = SP_E_DNS_NODATA};

    switch (query->type) {
    case SP_DNS_A:
        return &fake.a;
    case SP_DNS_AAAA:
        return &fake.aaaa;
    case SP_DNS_TXT:
        return strncmp(query->name, "_smtp", 5) == 0 ? &fake.tlsrpt : &fake.txt;
    case SP_DNS_MX:
        return &fake.mx;
    case SP_DNS_CAA:
        return strcmp(query->name, fake.caa_name) == 0 ? &fake.caa : &nothing;
    case SP_DNS_NS:
    case SP_DNS_CNAME:
    case SP_DNS_SOA:
    case SP_DNS_TLSA:
    default:
        fail_msg("nobody asks for type %d", query->type);
        return &nothing;
    }
}

int sp_dns_ask(struct sp_dns_query *query, const char *name, enum sp_dns_type type,
               const struct sp_addr *server, struct sp_dns_answer *answer, sp_time now)
{
    assert_non_null(server);
    assert_int_equal(server->family, 0);
    assert_in_range(fake.questions, 0, COUNT(fake.asked) - 1);
    strcpy(fake.asked[fake.questions++], name);
    if (fake.ask_error < 0) {
        return fake.ask_error;
    }
    query->answer = answer;
    query->type = type;
    strcpy(query->name, name);
    query->started = now;
    waiting = query;
    return 0;
}

void sp_dns_cancel(struct sp_dns_query *query)
{
    if (query->answer != NULL && !query->done) {
        fake.dns_cancels++;
    }
    query->done = true;
    waiting = NULL;
}

/* The answer comes when its time has passed. */
sp_time sp_dns_step(sp_time now)
{
    if (waiting == NULL) {
        return SP_NEVER;
    }
    if (now < waiting->started + fake.dns_ms) {
        return waiting->started + fake.dns_ms;
    }
    *waiting->answer = *answer_to(waiting);
    waiting->done = true;
    waiting = NULL;
    return now;
}

int __wrap_sp_port_random(void *p, size_t n);
int __wrap_sp_port_random(void *p, size_t n)
{
    memset(p, 0x5A, n);
    return fake.random_error;
}

static const struct sp_http_call *calling; /* under way or lent */

/* The answer to a fetch over one family alone. */
static void fetch_nonce(const struct sp_http_call *call)
{
    static char text[64];
    struct sp_http_result *result = &fake.port80[call->family == 6];
    const char *body = fake.port80_body[call->family == 6];
    struct sp_span token = sp_span_str(strrchr(call->url, '/') + 1);
    struct sp_buf answer;

    assert_in_range(strlen(fake.url), strlen("http://" HOST), SP_URL_MAX);
    sp_buf_init(&answer, text, sizeof text);
    assert_int_equal(sp_checks_challenge("mta-sts.other.example", token, &answer), SP_E_NOT_FOUND);
    assert_int_equal(sp_checks_challenge(HOST, sp_span_str("x"), &answer), SP_E_NOT_FOUND);
    assert_int_equal(sp_checks_challenge(HOST, token, &answer), 0);
    result->body = body != NULL ? sp_span_str(body) : sp_buf_span(&answer);
    assert_true(result->body.n <= call->body_max);
}

int sp_http_call_start(const struct sp_http_call *call, sp_time now)
{
    (void)now;
    if (fake.client_busy > 0) {
        fake.client_busy--;
        return SP_E_AGAIN;
    }
    if (fake.start_error < 0) {
        return fake.start_error;
    }
    fake.fetches++;
    assert_null(calling);
    assert_string_equal(call->method, "GET");
    assert_false(call->keep);
    strcpy(fake.url, call->url);
    calling = call;
    if (call->family != 0) {
        fetch_nonce(call);
        return 0;
    }
    assert_int_equal(call->verify, SP_TLS_VERIFY_REPORT);
    if (fake.fetched.peer != NULL) {
        *call->peer = fake.peer;
        fake.fetched.peer = call->peer;
    }
    fake.fetched.body = sp_span_str(fake.body);
    assert_true(fake.fetched.body.n <= call->body_max);
    return 0;
}

bool sp_http_call_done(const struct sp_http_call *call)
{
    return calling != call || !fake.never_done;
}

const struct sp_http_result *sp_http_call_result(const struct sp_http_call *call)
{
    if (calling != call || fake.never_done) {
        return NULL;
    }
    return call->family != 0 ? &fake.port80[call->family == 6] : &fake.fetched;
}

void sp_http_call_release(const struct sp_http_call *call)
{
    if (calling == call) {
        calling = NULL;
        fake.http_releases++;
    }
}

/* --- the probe of an MX --- */

static sp_time probed_at; /* SP_NEVER: none is under way */

int sp_smtp_probe_start(const char *host, const char *name, uint32_t timeout_ms, sp_time now)
{
    if (fake.probe_busy > 0) {
        fake.probe_busy--;
        return SP_E_AGAIN;
    }
    assert_in_range(timeout_ms, 1, 60000);
    assert_in_range(fake.probes, 0, sizeof fake.probed / sizeof fake.probed[0] - 1);
    strcpy(fake.probed[fake.probes++], host);
    strcpy(fake.probe_name, name);
    probed_at = now + fake.probe_ms;
    return 0;
}

sp_time sp_smtp_probe_step(sp_time now)
{
    return now < probed_at ? probed_at : SP_NEVER;
}

const struct sp_smtp_result *sp_smtp_probe_result(void)
{
    return fake.now >= probed_at ? &fake.probe : NULL;
}

void sp_smtp_probe_release(void)
{
    probed_at = SP_NEVER;
    fake.probe_releases++;
}

bool sp_net_is_own(const struct sp_addr *addr)
{
    return sp_addr_equal(addr, &fake.own_interface);
}

/* --- runs --- */

int fake_policy(void *ctx, const char *domain, struct sp_buf *out)
{
    assert_ptr_equal(ctx, &fake);
    assert_string_equal(domain, DOMAIN);
    sp_buf_puts(out, POLICY);
    return fake.policy_error;
}

static int fake_prove(void *ctx, const struct sp_addr *addr, sp_time now)
{
    (void)now;
    assert_ptr_equal(ctx, &fake);
    assert_int_not_equal(addr->family, 0);
    if (fake.proof_waits > 0) {
        fake.proof_waits--;
        return SP_E_AGAIN;
    }
    fake.proofs++;
    return fake.proof;
}

static int fake_rua(void *ctx, const char *domain, struct sp_buf *out)
{
    assert_ptr_equal(ctx, &fake);
    assert_string_equal(domain, DOMAIN);
    sp_buf_puts(out, fake.rua);
    return fake.rua_error;
}

void sp_clock_status(struct sp_clock_status *out, sp_time now)
{
    (void)now;
    *out = fake.clock;
}

static void fake_seen(void *ctx, const char *domain, struct sp_check_seen *out)
{
    assert_ptr_equal(ctx, &fake);
    assert_string_equal(domain, DOMAIN);
    *out = fake.seen;
}

void run_checks(unsigned which)
{
    const struct sp_check_input input = {.domain = DOMAIN,
                                         .which = which,
                                         .policy_text = fake_policy,
                                         .rua = fake_rua,
                                         .ca_identities = "ca.example",
                                         .prove = fake.can_prove ? fake_prove : NULL,
                                         .seen = fake_seen,
                                         .ctx = &fake,
                                         .policy_id = POLICY_ID,
                                         .former_id = fake.former_id,
                                         .serves_nothing = fake.serves_nothing,
                                         .own = own,
                                         .own_n = own_n};
    sp_time began = fake.now;

    sp_port_set_utc(fake.utc, fake.now);
    assert_int_equal(sp_checks_start(&input, &report, fake.now), 0);
    while (sp_checks_busy()) {
        sp_time next = sp_time_min(sp_dns_step(fake.now), sp_checks_step(fake.now));

        assert_true(next >= fake.now);
        assert_true(next != SP_NEVER || !sp_checks_busy());
        fake.now = next == SP_NEVER ? fake.now : next;
        assert_in_range(fake.now - began, 0, 120000);
    }
    fake.longest = fake.now - began;
    assert_null(calling); /* the client is free for others */
    assert_false(report.running);
}

const char *evidence(enum sp_check_id id, const char *name)
{
    struct sp_evidence piece;

    for (unsigned i = 0; sp_check_evidence(&report, id, i, &piece); i++) {
        if (strcmp(piece.name, name) == 0) {
            return piece.value;
        }
    }
    return "";
}

void check_says(enum sp_check_id id, enum sp_check_result result, const char *code,
                const char *text)
{
    const struct sp_check *check = &report.checks[id];
    const char *said = check->code;
    const char *reason = sp_check_words(&report, id, SP_CHECK_REASON);
    struct sp_evidence first;

    if (check->result != result || strcmp(said, code) != 0 || strstr(reason, text) == NULL) {
        fail_msg("%s, %s: %s, not %s: %s", sp_check_result_text(check->result), said, reason, code,
                 text);
    }
    assert_int_equal(reason[strlen(reason) - 1], '.');
    assert_true((sp_check_words(&report, id, SP_CHECK_REMEDY)[0] == '\0') ==
                (result == SP_CHECK_PASS));
    assert_true(sp_check_evidence(&report, id, 0, &first));
    assert_in_range(check->at, fake.utc, fake.utc + 60);
}
