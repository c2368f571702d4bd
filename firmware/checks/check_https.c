/*
 * https: the policy is fetched as a sender would fetch it, and is the one that is to be served.
 */
#include "checks/check_body.h"
#include "checks/checks_internal.h"

#include "base/err.h"
#include "net/net.h"

#include <string.h>

#define SLOW_MS 4000U /* the tightest limit among senders */
#define LINE_SHOWN 60

static void note_fetch(struct sp_check_run *run, struct sp_check_pen *check,
                       const struct sp_http_result *result)
{
    char addr[SP_ADDR_SIZE];

    sp_check_note(check, "url", "https://%s/.well-known/mta-sts.txt", run->host);
    if (result->address.family != 0) {
        sp_check_note(check, "address", "%s%s", sp_addr_text(&result->address, addr),
                      sp_net_is_own(&result->address) ? ", from the appliance itself" : "");
    }
    if (result->tls_report.version[0] != '\0') {
        sp_check_note(check, "tls", "%s, %s", result->tls_report.version, result->tls_report.suite);
    }
    if (result->status != 0) {
        sp_check_note(check, "status", "%d", result->status);
    }
    if (result->content_type[0] != '\0') {
        sp_check_note(check, "content-type", "%s", result->content_type);
    }
    if (result->location[0] != '\0') {
        sp_check_note(check, "location", "%.190s", result->location);
    }
    sp_check_note(check, "time", "%lu ms", (unsigned long)result->elapsed_ms);
}

/* --- no answer --- */

/* A published address that is ours, but not the interface's: behind NAT, a fetch from inside may
 * end at the router and says nothing of the world outside. */
static bool behind_nat(const struct sp_check_run *run, const struct sp_http_result *result)
{
    return result->address.family != 0 && sp_check_is_own(run, &result->address) &&
           !sp_net_is_own(&result->address);
}

static const char *connect_code(int err)
{
    switch (err) {
    case SP_E_REFUSED:
        return "refused";
    case SP_E_TIMEOUT:
        return "connect_timeout";
    default:
        return "unreachable";
    }
}

static void say_not_connected(struct sp_check_run *run, struct sp_check_pen *check,
                              const struct sp_http_result *result)
{
    char addr[SP_ADDR_SIZE] = "its address";

    if (result->address.family != 0) {
        (void)sp_addr_text(&result->address, addr);
    }
    if (behind_nat(run, result)) {
        sp_check_say(check, SP_CHECK_UNKNOWN, "no_hairpin",
                     "%s could not be reached from inside the network (%s); whether it can from "
                     "outside cannot be told here.",
                     addr, sp_err_text(result->result));
        sp_check_remedy(check, "See that the router forwards port 443 to this appliance.");
        return;
    }
    sp_check_say(check, SP_CHECK_FAIL, connect_code(result->result),
                 "No connection to %s on port 443 of %s: %s.", run->host, addr,
                 sp_err_text(result->result));
    sp_check_remedy(check,
                    "See that nothing between (router, firewall) stops port 443, and that "
                    "%s is the appliance.",
                    addr);
}

static void say_no_address(struct sp_check_run *run, struct sp_check_pen *check, int err)
{
    bool none = err == SP_E_DNS_NXDOMAIN;

    sp_check_say(check, SP_CHECK_FAIL, none ? "nxdomain" : "no_address", "%s %s.", run->host,
                 none ? "does not exist in DNS" : "has no address in DNS");
    sp_check_remedy(check, "Publish the address records that `dns %s` prints.", run->input.domain);
}

/* What stops after the connection. */
static const struct failure {
    int err;
    const char *code, *what;
} failures[] = {
    {SP_E_TLS, "tls_failed", "the TLS handshake failed"},
    {SP_E_TLS_ALERT, "tls_alert", "the TLS handshake was refused"},
    {SP_E_CERT_BAD, "certificate", "senders stop at the certificate"},
    {SP_E_CERT_EXPIRED, "certificate", "senders stop at the certificate"},
    {SP_E_CERT_FUTURE, "certificate", "senders stop at the certificate"},
    {SP_E_CERT_NAME, "certificate", "senders stop at the certificate"},
    {SP_E_CERT_UNTRUSTED, "certificate", "senders stop at the certificate"},
    {SP_E_TIMEOUT, "timeout", "the answer did not come in time"},
    {SP_E_CLOSED, "closed", "the connection was closed in the midst"},
    {SP_E_HTTP, "not_http", "what came back is not HTTP"},
    {SP_E_PROTOCOL, "not_http", "what came back is not HTTP"},
    {SP_E_TOO_BIG, "body_differs", "what is served is larger than this appliance's policy"},
};

static void say_broken_off(struct sp_check_run *run, struct sp_check_pen *check,
                           const struct sp_http_result *result)
{
    const char *more = result->detail[0] != '\0' ? result->detail : sp_err_text(result->result);

    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        if (failures[i].err == result->result) {
            sp_check_say(check, SP_CHECK_FAIL, failures[i].code,
                         "%s answers on port 443, but %s: %s.", run->host, failures[i].what, more);
            sp_check_remedy(check,
                            "See what answers on port 443 of %s: this appliance serves it only "
                            "while the domain is active.",
                            run->host);
            return;
        }
    }
    sp_check_say_busy(run, check, more);
}

static bool is_connect_error(const struct sp_http_result *result)
{
    bool connecting = result->stage != NULL && strcmp(result->stage, "connect") == 0;

    return result->result == SP_E_REFUSED || result->result == SP_E_UNREACHABLE ||
           (connecting && (result->result == SP_E_TIMEOUT || result->result == SP_E_CLOSED));
}

static void judge_failure(struct sp_check_run *run, struct sp_check_pen *check,
                          const struct sp_http_result *result)
{
    int err = result->result;

    if (err == SP_E_DNS_NXDOMAIN || err == SP_E_DNS_NODATA) {
        say_no_address(run, check, err);
    } else if (err <= SP_E_DNS_SERVFAIL && err >= SP_E_DNS_NO_SERVER) {
        sp_check_say_dns_error(check, run->host, err);
    } else if (err == SP_E_CLOCK) {
        sp_check_say_clock(check);
    } else if (is_connect_error(result)) {
        say_not_connected(run, check, result);
    } else {
        say_broken_off(run, check, result);
    }
}

/* --- an answer --- */

/* The others from 300 on lead nowhere (RFC 9110 15.4). */
static bool is_redirect(int status)
{
    return (status >= 301 && status <= 303) || status == 307 || status == 308;
}

static void say_status(struct sp_check_run *run, struct sp_check_pen *check,
                       const struct sp_http_result *result)
{
    if (is_redirect(result->status)) {
        sp_check_say(check, SP_CHECK_FAIL, "redirect",
                     "%s answers with a redirect (status %d, to %.100s), which senders do not "
                     "follow.",
                     run->host, result->status,
                     result->location[0] != '\0' ? result->location : "nowhere");
    } else {
        sp_check_say(check, SP_CHECK_FAIL, "status", "%s answers with status %d instead of 200.",
                     run->host, result->status);
    }
    sp_check_remedy(check, "See what answers there: it is not this appliance's policy.");
}

static bool is_known_charset(struct sp_span parameter)
{
    struct sp_span name, value = sp_span_trim(parameter);

    if (!sp_span_split(&value, '=', &name) || !sp_span_is_nocase(sp_span_trim(name), "charset")) {
        return true; /* another parameter */
    }
    value = sp_span_trim(value);
    return sp_span_is_nocase(value, "utf-8") || sp_span_is_nocase(value, "us-ascii") ||
           sp_span_is_nocase(value, "\"utf-8\"");
}

static bool is_plain_text(const char *content_type)
{
    struct sp_span rest = sp_span_str(content_type);
    struct sp_span part;

    if (!sp_span_split(&rest, ';', &part) || !sp_span_is_nocase(sp_span_trim(part), "text/plain")) {
        return false;
    }
    while (sp_span_split(&rest, ';', &part)) {
        if (!is_known_charset(part)) {
            return false;
        }
    }
    return true;
}

static void say_content_type(struct sp_check_pen *check, const char *type)
{
    if (type[0] == '\0') {
        sp_check_say(check, SP_CHECK_FAIL, "content_type_missing",
                     "The policy comes without a content type; senders want text/plain.");
    } else {
        sp_check_say(check, SP_CHECK_FAIL, "content_type",
                     "The policy comes with content type \"%.60s\" instead of text/plain.", type);
    }
    sp_check_remedy(check, "See what answers there: it is not this appliance.");
}

/* The line of text in which byte `at` stands, cut and made fit to be shown. */
static void take_line(struct sp_span text, size_t at, char *out)
{
    size_t n = 0;

    while (at > 0 && text.p[at - 1] != '\n') {
        at--;
    }
    while (n < LINE_SHOWN && at + n < text.n && text.p[at + n] != '\r' && text.p[at + n] != '\n') {
        uint8_t c = text.p[at + n];
        out[n++] = c < 0x20 || c > 0x7E ? '?' : (char)c;
    }
    out[n] = '\0';
}

/* In what line `line` differs. over: the policy ends before it. */
static void say_line(struct sp_check_run *run, struct sp_check_pen *check, unsigned line,
                     const char *got, const char *wanted, bool over)
{
    if (over) {
        sp_check_say(check, SP_CHECK_FAIL, "body_differs",
                     "What %s serves is not this policy: line %u, \"%s\", is one too many.",
                     run->host, line, got);
    } else if (strcmp(got, wanted) == 0) {
        sp_check_say(check, SP_CHECK_FAIL, "body_differs",
                     "What %s serves is not this policy: line %u, \"%s\", ends otherwise than in "
                     "CR LF.",
                     run->host, line, got);
    } else {
        sp_check_say(check, SP_CHECK_FAIL, "body_differs",
                     "What %s serves is not this policy: line %u is \"%s\" instead of \"%s\".",
                     run->host, line, got, wanted);
    }
    sp_check_remedy(check, "See what answers there: another host, or a cache in between.");
}

/* Whether senders refuse what came back, or go by a policy that is not ours. */
static void note_fault(struct sp_check_pen *check, struct sp_span body)
{
    struct sp_check_body_fault fault = sp_check_body(body);

    if (fault.what == NULL) {
        sp_check_note(check, "senders", "take it as a policy");
    } else if (fault.line == 0) {
        sp_check_note(check, "senders", "refuse it: %s", fault.what);
    } else {
        sp_check_note(check, "senders", "refuse it: line %u %s", fault.line, fault.what);
    }
}

static void say_body(struct sp_check_run *run, struct sp_check_pen *check, struct sp_span body,
                     struct sp_span wanted)
{
    char got_line[LINE_SHOWN + 1], wanted_line[LINE_SHOWN + 1];
    unsigned line = 1;
    size_t at = 0;

    while (at < body.n && at < wanted.n && body.p[at] == wanted.p[at]) {
        line += body.p[at++] == '\n' ? 1 : 0;
    }
    take_line(body, at, got_line);
    take_line(wanted, at, wanted_line);
    say_line(run, check, line, got_line, wanted_line, at == wanted.n);
    note_fault(check, body);
}

static void say_pass(struct sp_check_run *run, struct sp_check_pen *check,
                     const struct sp_http_result *result, bool outside)
{
    bool inside_only = sp_net_is_own(&result->address) && !outside;

    sp_check_say(check, SP_CHECK_PASS, "ok",
                 "https://%s/.well-known/mta-sts.txt serves exactly this policy, in %lu ms%s.",
                 run->host, (unsigned long)result->elapsed_ms,
                 inside_only ? ", from inside only: nobody has come from outside yet" : "");
}

static void judge_answer(struct sp_check_run *run, struct sp_check_pen *check,
                         const struct sp_http_result *result, struct sp_span policy, bool outside)
{
    int verify = result->tls_report.verify;

    if (verify == SP_E_CLOCK) {
        sp_check_say_clock(check);
    } else if (verify < 0) {
        sp_check_say(check, SP_CHECK_FAIL, "certificate",
                     "%s answers, but senders stop at its certificate: %s.", run->host,
                     sp_err_text(verify));
        sp_check_remedy(check, "See the certificate check.");
    } else if (result->status != 200) {
        say_status(run, check, result);
    } else if (!is_plain_text(result->content_type)) {
        say_content_type(check, result->content_type);
    } else if (!sp_span_equal(result->body, policy)) {
        say_body(run, check, result->body, policy);
    } else if (result->elapsed_ms > SLOW_MS) {
        sp_check_say(check, SP_CHECK_FAIL, "slow",
                     "The answer took %lu ms; some senders wait only %u ms.",
                     (unsigned long)result->elapsed_ms, SLOW_MS);
        sp_check_remedy(check, "See what delays port 443 between the Internet and the appliance.");
    } else {
        say_pass(run, check, result, outside);
    }
}

void sp_check_https_judge(struct sp_check_run *run, const struct sp_http_result *result,
                          struct sp_span policy, bool outside)
{
    struct sp_check_pen *check = sp_check_of(run, SP_CHECK_HTTPS);

    note_fetch(run, check, result);
    if (result->result == SP_OK) {
        judge_answer(run, check, result, policy, outside);
    } else {
        judge_failure(run, check, result);
    }
}

void sp_check_https_unread(struct sp_check_run *run, const struct sp_http_result *result, int err)
{
    struct sp_check_pen *check = sp_check_of(run, SP_CHECK_HTTPS);

    note_fetch(run, check, result);
    sp_check_say_busy(run, check, sp_err_text(err));
}
