/*
 * https and certificate: what one fetch of the policy, as a sender would make it, tells.
 */
#include "checks/checks_internal.h"

#include "base/err.h"
#include "net/net.h"
#include "sp_port.h"

#include <string.h>

#define SLOW_MS 4000U /* the tightest limit among senders */

/* --- https --- */

static void note_fetch(struct sp_check_run *run, struct sp_check *check,
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
    sp_check_note(check, "time", "%lu ms", (unsigned long)result->elapsed_ms);
}

/* A published address that is ours, but not the interface's: behind NAT, a fetch from inside may
 * end at the router and says nothing of the world outside. */
static bool behind_nat(const struct sp_check_run *run, const struct sp_http_result *result)
{
    return result->address.family != 0 && sp_check_is_own(run, &result->address) &&
           !sp_net_is_own(&result->address);
}

static void say_not_connected(struct sp_check_run *run, struct sp_check *check,
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
    sp_check_say(check, SP_CHECK_FAIL, "unreachable", "No connection to %s on port 443 of %s: %s.",
                 run->host, addr, sp_err_text(result->result));
    sp_check_remedy(check, "See that nothing between (router, firewall) stops port 443.");
}

static void say_no_answer(struct sp_check_run *run, struct sp_check *check,
                          const struct sp_http_result *result)
{
    switch (result->result) {
    case SP_E_DNS_NXDOMAIN:
    case SP_E_DNS_NODATA:
        sp_check_say(check, SP_CHECK_FAIL, "nxdomain", "%s has no address in DNS.", run->host);
        sp_check_remedy(check, "Publish the address records that `dns %s` prints.",
                        run->input.domain);
        break;
    case SP_E_DNS_SERVFAIL:
    case SP_E_DNS_REFUSED:
    case SP_E_DNS_TIMEOUT:
    case SP_E_DNS_FORMAT:
    case SP_E_DNS_NO_SERVER:
        sp_check_say_dns_error(check, run->host, result->result);
        break;
    case SP_E_CLOCK:
        sp_check_say(check, SP_CHECK_UNKNOWN, "clock_unknown",
                     "The time of day is not known, so no certificate can be judged.");
        sp_check_remedy(check, "See `time`.");
        break;
    case SP_E_MEMORY:
    case SP_E_CANCELLED:
        sp_check_say(check, SP_CHECK_UNKNOWN, "busy", "The appliance was too busy to look: %s.",
                     sp_err_text(result->result));
        break;
    default:
        sp_check_say(check, SP_CHECK_FAIL, "tls_failed", "The policy could not be fetched: %s%s%s.",
                     sp_err_text(result->result), result->detail[0] != '\0' ? ": " : "",
                     result->detail);
        sp_check_remedy(check, "See what answers on port 443 of %s.", run->host);
        break;
    }
}

static bool is_connect_error(const struct sp_http_result *result)
{
    return result->stage != NULL && strcmp(result->stage, "connect") == 0;
}

static void say_status(struct sp_check_run *run, struct sp_check *check,
                       const struct sp_http_result *result)
{
    bool redirect = result->status >= 300 && result->status < 400;
    sp_check_say(check, SP_CHECK_FAIL, redirect ? "redirect" : "status",
                 redirect ? "%s answers with a redirect (status %d), which senders do not follow."
                          : "%s answers with status %d instead of 200.",
                 run->host, result->status);
    sp_check_remedy(check, "See what answers there: it is not this appliance's policy.");
}

static bool is_plain_text(const char *type)
{
    size_t n = strlen("text/plain");
    return strncmp(type, "text/plain", n) == 0 &&
           (type[n] == '\0' || type[n] == ';' || type[n] == ' ');
}

static void judge_answer(struct sp_check_run *run, struct sp_check *check,
                         const struct sp_http_result *result, struct sp_span body)
{
    if (result->tls_report.verify < 0) {
        sp_check_say(check, SP_CHECK_FAIL, "certificate",
                     "%s answers, but senders stop at its certificate: %s.", run->host,
                     sp_err_text(result->tls_report.verify));
        sp_check_remedy(check, "See the certificate check.");
    } else if (result->status != 200) {
        say_status(run, check, result);
    } else if (!is_plain_text(result->content_type)) {
        sp_check_say(check, SP_CHECK_FAIL, "content_type",
                     "The policy comes with content type \"%.60s\" instead of text/plain.",
                     result->content_type);
        sp_check_remedy(check, "See what answers there: it is not this appliance.");
    } else if (!sp_span_is(body, run->input.policy_text)) {
        sp_check_say(check, SP_CHECK_FAIL, "body_differs",
                     "The policy that %s serves is not the one of this appliance.", run->host);
        sp_check_remedy(check, "See what answers there: another host, or a cache in between.");
    } else if (result->elapsed_ms > SLOW_MS) {
        sp_check_say(check, SP_CHECK_FAIL, "slow",
                     "The answer took %lu ms; some senders wait only %u ms.",
                     (unsigned long)result->elapsed_ms, SLOW_MS);
        sp_check_remedy(check, "See what delays port 443 between the Internet and the appliance.");
    } else {
        sp_check_say(check, SP_CHECK_PASS, "ok",
                     "https://%s/.well-known/mta-sts.txt serves this policy.", run->host);
    }
}

void sp_check_https_judge(struct sp_check_run *run, const struct sp_http_result *result,
                          struct sp_span body)
{
    struct sp_check *check = sp_check_of(run, SP_CHECK_HTTPS);
    note_fetch(run, check, result);
    if (result->result == SP_OK) {
        judge_answer(run, check, result, body);
    } else if (result->result == SP_E_TOO_BIG) {
        sp_check_say(check, SP_CHECK_FAIL, "body_differs",
                     "What %s serves is larger than the policy of this appliance.", run->host);
        sp_check_remedy(check, "See what answers there: it is not this appliance.");
    } else if (is_connect_error(result)) {
        say_not_connected(run, check, result);
    } else {
        say_no_answer(run, check, result);
    }
}

/* --- certificate --- */

static void note_certificate(struct sp_check *check, const struct sp_cert_info *peer)
{
    char when[SP_RFC3339_SIZE];
    char array[200];
    struct sp_buf names;
    sp_buf_init(&names, array, sizeof array);
    for (unsigned i = 0; i < peer->sans_n && i < SP_CERT_SANS; i++) {
        sp_buf_printf(&names, "%s%s", i > 0 ? ", " : "", peer->sans[i]);
    }
    sp_check_note(check, "names", "%s", array);
    sp_check_note(check, "issuer", "%s", peer->issuer);
    sp_check_note(check, "serial", "%s", peer->serial);
    sp_check_note(check, "not_before", "%s", sp_utc_rfc3339(peer->not_before, when));
    sp_check_note(check, "expires", "%s", sp_utc_rfc3339(peer->not_after, when));
}

static void say_defect(struct sp_check_run *run, struct sp_check *check, int verify,
                       const struct sp_cert_info *peer)
{
    char when[SP_RFC3339_SIZE];
    switch (verify) {
    case SP_E_CERT_EXPIRED:
        sp_check_say(check, SP_CHECK_FAIL, "expired", "The certificate expired at %s.",
                     sp_utc_rfc3339(peer->not_after, when));
        sp_check_remedy(check, "`renew %s` asks for a new one now.", run->input.domain);
        break;
    case SP_E_CERT_FUTURE:
        sp_check_say(check, SP_CHECK_FAIL, "not_yet_valid",
                     "The certificate is valid only from %s on; perhaps a clock is wrong.",
                     sp_utc_rfc3339(peer->not_before, when));
        sp_check_remedy(check, "See `time`.");
        break;
    case SP_E_CERT_NAME:
        sp_check_say(check, SP_CHECK_FAIL, "name",
                     "The certificate is for %s, not for %s: another host answers.",
                     peer->sans_n > 0 ? peer->sans[0] : "no host at all", run->host);
        sp_check_remedy(check, "See where the address records of %s lead.", run->host);
        break;
    case SP_E_CERT_UNTRUSTED:
        sp_check_say(check, SP_CHECK_FAIL, "untrusted",
                     "The certificate's issuer, %.120s, leads to no root that senders trust.",
                     peer->issuer);
        sp_check_remedy(check, "Use a public CA; for a private one add its root with `trust add`.");
        break;
    case SP_E_CLOCK:
        sp_check_say(check, SP_CHECK_UNKNOWN, "clock_unknown",
                     "The time of day is not known, so no certificate can be judged.");
        sp_check_remedy(check, "See `time`.");
        break;
    default:
        sp_check_say(check, SP_CHECK_FAIL, "defect", "The certificate is not usable: %s.",
                     sp_err_text(verify));
        sp_check_remedy(check, "`renew %s` asks for a new one now.", run->input.domain);
        break;
    }
}

static void say_valid(struct sp_check *check, const struct sp_cert_info *peer)
{
    char when[SP_RFC3339_SIZE];
    char left[48];
    sp_utc utc = sp_port_utc_s();
    uint64_t seconds = peer->not_after > utc ? (uint64_t)(peer->not_after - utc) : 0;
    sp_check_say(check, SP_CHECK_PASS, "ok", "The certificate is valid until %s (%s).",
                 sp_utc_rfc3339(peer->not_after, when),
                 sp_duration_text(seconds, left, sizeof left));
}

void sp_check_certificate_judge(struct sp_check_run *run, const struct sp_http_result *result)
{
    struct sp_check *check = sp_check_of(run, SP_CHECK_CERTIFICATE);
    const struct sp_tls_report *tls = &result->tls_report;
    if (tls->have_peer) {
        note_certificate(check, &tls->peer);
        if (tls->verify < 0) {
            say_defect(run, check, tls->verify, &tls->peer);
        } else {
            say_valid(check, &tls->peer);
        }
    } else if (result->result == SP_E_TLS_ALERT) {
        sp_check_say(check, SP_CHECK_FAIL, "none_shown",
                     "%s shows no certificate for its name: %s.", run->host, result->detail);
        sp_check_remedy(check, "Wait until the certificate has been issued, or `renew %s`.",
                        run->input.domain);
    } else {
        sp_check_say(check, SP_CHECK_UNKNOWN, "not_reached",
                     "No certificate was seen, since %s was not reached.", run->host);
        sp_check_remedy(check, "See the https check.");
    }
}
