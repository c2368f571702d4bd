/*
 * certificate: what the policy host showed in the fetch of https, with its expiry.
 */
#include "checks/checks_internal.h"

#include "base/err.h"
#include "sp_port.h"

#include <string.h>

static void put_names(struct sp_buf *out, const struct sp_cert_info *peer)
{
    if (peer->sans_n == 0) {
        sp_buf_puts(out, "no host at all");
    }
    for (unsigned i = 0; i < peer->sans_n && i < SP_CERT_SANS; i++) {
        sp_buf_printf(out, "%s%s", i > 0 ? ", " : "", peer->sans[i]);
    }
    if (peer->sans_n > SP_CERT_SANS) {
        sp_buf_printf(out, " and %u more", peer->sans_n - SP_CERT_SANS);
    }
}

static uint64_t seconds_left(const struct sp_cert_info *peer)
{
    sp_utc utc = sp_port_utc_s();

    return utc > 0 && peer->not_after > utc ? (uint64_t)(peer->not_after - utc) : 0;
}

static void note_certificate(struct sp_check_pen *check, const struct sp_cert_info *peer)
{
    char when[SP_RFC3339_SIZE];
    char array[SP_CHECK_EVIDENCE_SIZE];
    struct sp_buf names;

    sp_buf_init(&names, array, sizeof array);
    put_names(&names, peer);
    sp_check_note(check, "names", "%s", array);
    sp_check_note(check, "issuer", "%s", peer->issuer);
    sp_check_note(check, "serial", "%s", peer->serial);
    sp_check_note(check, "key", "%s", peer->key);
    sp_check_note(check, "not_before", "%s", sp_utc_rfc3339(peer->not_before, when));
    sp_check_note(check, "expires", "%s", sp_utc_rfc3339(peer->not_after, when));
    if (sp_port_utc_s() > 0) {
        sp_check_note(check, "remaining", "%s",
                      sp_duration_text(seconds_left(peer), array, sizeof array));
    }
}

static void say_wrong_name(struct sp_check_run *run, struct sp_check_pen *check,
                           const struct sp_cert_info *peer)
{
    char array[120];
    struct sp_buf names;

    sp_buf_init(&names, array, sizeof array);
    put_names(&names, peer);
    sp_check_say(check, SP_CHECK_FAIL, "name",
                 "The certificate is for %s, not for %s: another host answers.", array, run->host);
    sp_check_remedy(check, "See where the address records of %s lead.", run->host);
}

static void say_defect(struct sp_check_run *run, struct sp_check_pen *check, int verify,
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
        say_wrong_name(run, check, peer);
        break;
    case SP_E_CERT_UNTRUSTED:
        sp_check_say(check, SP_CHECK_FAIL, "untrusted",
                     "The certificate's issuer, %.120s, leads to no root that senders trust.",
                     peer->issuer);
        sp_check_remedy(check, "Use a public CA; for a private one add its root with `trust add`.");
        break;
    case SP_E_CLOCK:
        sp_check_say_clock(check);
        break;
    default:
        sp_check_say(check, SP_CHECK_FAIL, "defect", "The certificate is not usable: %s.",
                     sp_err_text(verify));
        sp_check_remedy(check, "`renew %s` asks for a new one now.", run->input.domain);
        break;
    }
}

static void say_valid(struct sp_check_pen *check, const struct sp_cert_info *peer)
{
    char when[SP_RFC3339_SIZE];
    char left[48];

    sp_check_say(check, SP_CHECK_PASS, "ok", "The certificate is valid until %s (%s left).",
                 sp_utc_rfc3339(peer->not_after, when),
                 sp_duration_text(seconds_left(peer), left, sizeof left));
}

/* Something answered, but the handshake ended before a certificate came. */
static bool ended_in_handshake(const struct sp_http_result *result)
{
    bool in_tls = result->stage != NULL && strcmp(result->stage, "tls") == 0;

    return result->result == SP_E_TLS_ALERT || result->result == SP_E_TLS ||
           (in_tls && result->result == SP_E_CLOSED);
}

static void say_not_seen(struct sp_check_run *run, struct sp_check_pen *check,
                         const struct sp_http_result *result)
{
    char addr[SP_ADDR_SIZE];

    sp_check_note(check, "host", "%s", run->host);
    if (result->address.family != 0) {
        sp_check_note(check, "address", "%s", sp_addr_text(&result->address, addr));
    }
    if (result->result == SP_E_CLOCK) {
        sp_check_say_clock(check);
    } else if (ended_in_handshake(result)) {
        sp_check_say(check, SP_CHECK_FAIL, "none_shown",
                     "%s shows no certificate for its name: %s.", run->host,
                     result->detail[0] != '\0' ? result->detail : sp_err_text(result->result));
        sp_check_remedy(check, "Wait until the certificate has been issued, or `renew %s`.",
                        run->input.domain);
    } else {
        sp_check_say(check, SP_CHECK_UNKNOWN, "not_reached",
                     "No certificate was seen, since %s was not reached: %s.", run->host,
                     sp_err_text(result->result));
        sp_check_remedy(check, "See the https check.");
    }
}

void sp_check_certificate_judge(struct sp_check_run *run, const struct sp_http_result *result)
{
    struct sp_check_pen *check = sp_check_of(run, SP_CHECK_CERTIFICATE);
    const struct sp_tls_report *tls = &result->tls_report;

    if (result->peer == NULL) {
        say_not_seen(run, check, result);
        return;
    }
    note_certificate(check, result->peer);
    if (tls->verify < 0) {
        say_defect(run, check, tls->verify, result->peer);
    } else if (sp_port_utc_s() == 0) {
        sp_check_say_clock(check);
    } else {
        say_valid(check, result->peer);
    }
}
