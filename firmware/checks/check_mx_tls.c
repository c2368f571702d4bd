#include "checks/check_mx_tls.h"
#include "checks/check_mx_match.h"
#include "checks/checks_internal.h"

#include "base/err.h"

#include <string.h>

/* What can be found of one MX, and what is said of it: "The MX …" and the detail. */
enum finding {
    GOOD,
    NO_ADDRESS,
    NO_DNS,
    NO_CONNECTION,
    SILENT,
    BUSY_THERE,
    NOT_SMTP,
    NO_EHLO,
    NO_STARTTLS,
    TLS_FAILED,
    TLS_OLD,
    CERT_NAME,
    CERT_EXPIRED,
    CERT_NOT_YET,
    CERT_UNTRUSTED,
    CERT_DEFECT,
    NO_CLOCK,
    BUSY_HERE
};

static const struct {
    enum sp_check_result result;
    const char *code, *is, *remedy;
} findings[] = {
    [GOOD] = {SP_CHECK_PASS, "ok", "is good", ""},
    [NO_ADDRESS] = {SP_CHECK_FAIL, "mx_no_address", "has no address in DNS",
                    "Publish its A or AAAA record, or take it out of the MX records."},
    [NO_DNS] = {SP_CHECK_UNKNOWN, "", "could not be looked up", ""},
    [NO_CONNECTION] = {SP_CHECK_FAIL, "mx_refused", "refuses connections to port 25",
                       "See that its mail server runs, and that no firewall refuses port 25."},
    [SILENT] = {SP_CHECK_UNKNOWN, "mx_timeout", "was not reached on port 25",
                "See whether its mail server runs; it may also be the network between."},
    [BUSY_THERE] = {SP_CHECK_UNKNOWN, "smtp_busy", "did not talk to the appliance",
                    "See its log; it may dislike the appliance's address, which senders do not "
                    "share."},
    [NOT_SMTP] = {SP_CHECK_FAIL, "not_smtp", "answers on port 25, but not as a mail server",
                  "See what answers there."},
    [NO_EHLO] = {SP_CHECK_FAIL, "smtp_refused", "refuses EHLO, and so offers no TLS",
                 "See what answers there: a filter in between, perhaps."},
    [NO_STARTTLS] = {SP_CHECK_FAIL, "no_starttls",
                     "does not offer STARTTLS: senders that enforce the policy do not deliver "
                     "there",
                     "Turn on TLS in its mail server, and see that no filter in between takes "
                     "STARTTLS away."},
    [TLS_FAILED] = {SP_CHECK_FAIL, "tls_failed", "offers TLS, which then failed",
                    "See the TLS settings and the log of its mail server."},
    [TLS_OLD] = {SP_CHECK_FAIL, "tls_old", "has no version of TLS from 1.2 on, which senders need",
                 "Turn on TLS 1.2 and 1.3 in its mail server."},
    [CERT_NAME] = {SP_CHECK_FAIL, "cert_name", "shows a certificate that is not for its name",
                   "Give its mail server a certificate with this name, or name it in the MX record "
                   "as its certificate does."},
    [CERT_EXPIRED] = {SP_CHECK_FAIL, "cert_expired", "shows a certificate that has expired",
                      "Renew it, and have its mail server load it."},
    [CERT_NOT_YET] = {SP_CHECK_FAIL, "cert_not_yet", "shows a certificate that is not valid yet",
                      "See the clock of whoever issued it, and `time`."},
    [CERT_UNTRUSTED] = {SP_CHECK_FAIL, "cert_untrusted",
                        "shows a certificate that leads to no root which senders trust",
                        "Give its mail server one of a public CA, with the intermediate "
                        "certificates."},
    [CERT_DEFECT] = {SP_CHECK_FAIL, "cert_defect", "shows a certificate that is not usable",
                     "Give its mail server another one."},
    [NO_CLOCK] = {SP_CHECK_UNKNOWN, "clock_unknown", "shows a certificate that cannot be judged",
                  ""},
    [BUSY_HERE] = {SP_CHECK_UNKNOWN, "busy", "could not be looked at", ""},
};

/* --- what a probe means --- */

static enum finding of_certificate(int verify)
{
    switch (verify) {
    case SP_OK:
        return GOOD;
    case SP_E_CERT_NAME:
        return CERT_NAME;
    case SP_E_CERT_EXPIRED:
        return CERT_EXPIRED;
    case SP_E_CERT_FUTURE:
        return CERT_NOT_YET;
    case SP_E_CERT_UNTRUSTED:
        return CERT_UNTRUSTED;
    case SP_E_CLOCK:
        return NO_CLOCK;
    default:
        return CERT_DEFECT;
    }
}

static enum finding of_talk(const struct sp_smtp_result *result)
{
    if (result->err == SP_E_PROTOCOL) {
        return NOT_SMTP;
    }
    return result->stage == SP_SMTP_EHLO && result->err == SP_E_REFUSED && result->code >= 500
               ? NO_EHLO
               : BUSY_THERE;
}

static enum finding of_result(const struct sp_smtp_result *result)
{
    if (result->err == SP_E_MEMORY || result->err == SP_E_AGAIN) {
        return BUSY_HERE;
    }
    switch (result->stage) {
    case SP_SMTP_DNS:
        return sp_check_is_open(result->err) ? NO_DNS : NO_ADDRESS;
    case SP_SMTP_CONNECT:
        return result->err == SP_E_REFUSED ? NO_CONNECTION : SILENT;
    case SP_SMTP_GREETING:
    case SP_SMTP_EHLO:
        return of_talk(result);
    case SP_SMTP_STARTTLS:
        return result->err == SP_E_NOT_FOUND ? NO_STARTTLS : TLS_FAILED;
    case SP_SMTP_TLS:
        return result->old ? TLS_OLD : TLS_FAILED;
    case SP_SMTP_DONE:
        break;
    }
    return result->err == SP_OK ? of_certificate(result->tls.verify) : CERT_DEFECT;
}

/* --- words --- */

static void put_names(struct sp_buf *out, const struct sp_cert_info *peer)
{
    sp_buf_puts(out, peer->sans_n == 0 ? ": it names no host" : ": it is for ");
    for (unsigned i = 0; i < peer->sans_n && i < 2; i++) {
        sp_buf_printf(out, "%s%.60s", i > 0 ? ", " : "", peer->sans[i]);
    }
    if (peer->sans_n > 2) {
        sp_buf_printf(out, " and %u more", peer->sans_n - 2);
    }
}

static void put_words(struct sp_buf *out, const struct sp_smtp_result *result)
{
    if (result->err == SP_E_REFUSED && result->code != 0) {
        sp_buf_printf(out, ": %d %s", result->code, result->said);
    } else {
        sp_buf_printf(out, ": %.120s",
                      result->words[0] != '\0' ? result->words : sp_err_text(result->err));
    }
}

/* Behind what is said of every such finding. */
static void put_detail(struct sp_buf *out, enum finding finding,
                       const struct sp_smtp_result *result)
{
    char text[SP_RFC3339_SIZE > SP_ADDR_SIZE ? SP_RFC3339_SIZE : SP_ADDR_SIZE];

    switch (finding) {
    case NO_CONNECTION:
        sp_buf_printf(out, " of %s", sp_addr_text(&result->address, text));
        break;
    case CERT_NAME:
        put_names(out, &result->peer);
        break;
    case CERT_EXPIRED:
        sp_buf_printf(out, " (its own ends at %s)", sp_utc_rfc3339(result->peer.not_after, text));
        break;
    case CERT_NOT_YET:
        sp_buf_printf(out, " (its own begins at %s)",
                      sp_utc_rfc3339(result->peer.not_before, text));
        break;
    case CERT_UNTRUSTED:
        sp_buf_printf(out, ": its issuer is %.100s", result->peer.issuer);
        break;
    case NO_DNS:
    case SILENT:
    case BUSY_THERE:
    case NOT_SMTP:
    case NO_EHLO:
    case TLS_FAILED:
    case BUSY_HERE:
        put_words(out, result);
        break;
    case GOOD:
    case NO_ADDRESS:
    case NO_STARTTLS:
    case TLS_OLD:
    case CERT_DEFECT:
    case NO_CLOCK:
        break;
    }
}

/* --- evidence: a line for each MX --- */

static void put_tls(struct sp_buf *out, const struct sp_smtp_result *result)
{
    char when[SP_RFC3339_SIZE];

    if (result->stage == SP_SMTP_DONE) {
        sp_buf_printf(out, ", %s, certificate until %s", result->tls.version,
                      sp_utc_rfc3339(result->peer.not_after, when));
    }
}

static void note(struct sp_check_run *run, const struct sp_dns_record *mx, enum finding finding,
                 const struct sp_smtp_result *result)
{
    char array[SP_CHECK_EVIDENCE_SIZE];
    char addr[SP_ADDR_SIZE];
    struct sp_buf text;

    sp_buf_init(&text, array, sizeof array);
    sp_buf_printf(&text, "%u %.90s: %s", mx->u.mx.preference, mx->u.mx.host,
                  findings[finding].code[0] != '\0' ? findings[finding].code
                                                    : sp_err_text(result->err));
    if (result->address.family != 0) {
        sp_buf_printf(&text, ", %s", sp_addr_text(&result->address, addr));
    }
    put_tls(&text, result);
    sp_buf_printf(&text, ", %lu ms", (unsigned long)result->elapsed_ms);
    sp_check_note(sp_check_of(run, SP_CHECK_MX_TLS), "MX", "%s", array);
}

/* --- verdicts --- */

/* A pass is said once all have passed; of two that are as bad the first stands. */
static bool is_worse(const struct sp_check_pen *check, enum sp_check_result result)
{
    enum sp_check_result so_far = check->report->checks[check->id].result;

    return result == SP_CHECK_FAIL ? so_far != SP_CHECK_FAIL
                                   : result == SP_CHECK_UNKNOWN && so_far != SP_CHECK_FAIL &&
                                         so_far != SP_CHECK_UNKNOWN;
}

static void say(struct sp_check_run *run, const char *host, enum finding finding,
                const struct sp_smtp_result *result)
{
    struct sp_check_pen *check = sp_check_of(run, SP_CHECK_MX_TLS);
    char array[SP_CHECK_REASON_SIZE];
    struct sp_buf detail;

    if (!is_worse(check, findings[finding].result)) {
        return;
    }
    sp_buf_init(&detail, array, sizeof array);
    put_detail(&detail, finding, result);
    if (finding == NO_DNS) {
        sp_check_say_dns_error(check, host, result->err);
    } else if (finding == NO_CLOCK) {
        sp_check_say_clock(check);
    } else if (finding == BUSY_HERE) {
        sp_check_say_busy(run, check,
                          result->words[0] != '\0' ? result->words : sp_err_text(result->err));
    } else {
        sp_check_say(check, findings[finding].result, findings[finding].code, "The MX %.100s %s%s.",
                     host, findings[finding].is, array);
        sp_check_remedy(check, "%s", findings[finding].remedy);
    }
}

bool sp_check_mx_tls_one(struct sp_check_run *run, const struct sp_dns_record *mx,
                         const struct sp_smtp_result *result)
{
    enum finding finding = of_result(result);

    note(run, mx, finding, result);
    say(run, mx->u.mx.host, finding, result);
    return finding == SILENT;
}

void sp_check_mx_tls_skipped(struct sp_check_run *run, const struct sp_dns_record *mx)
{
    struct sp_check_pen *check = sp_check_of(run, SP_CHECK_MX_TLS);

    sp_check_note(check, "MX", "%u %.90s: not looked at", mx->u.mx.preference, mx->u.mx.host);
    if (is_worse(check, SP_CHECK_UNKNOWN)) {
        sp_check_say(check, SP_CHECK_UNKNOWN, findings[SILENT].code,
                     "The MX %.100s was not looked at, since those before it took too long.",
                     mx->u.mx.host);
        sp_check_remedy(check, "See why the preferred MX answer so slowly.");
    }
}

void sp_check_mx_tls_end(struct sp_check_run *run, unsigned n, unsigned silent)
{
    struct sp_check_pen *check = sp_check_of(run, SP_CHECK_MX_TLS);

    if (silent == n) {
        sp_check_say(check, SP_CHECK_UNKNOWN, "port25_blocked",
                     "No MX of %s was reached on port 25: the network that the appliance is in "
                     "perhaps blocks outgoing connections to it, as many do.",
                     run->input.domain);
        sp_check_remedy(check, "Let the appliance connect to port 25 of the MX, or look at them "
                               "from elsewhere.");
    } else if (check->report->checks[check->id].result == SP_CHECK_NOT_RUN) {
        sp_check_say(check, SP_CHECK_PASS, "ok",
                     "Every MX (%u) takes mail over TLS, with a valid certificate for its name.",
                     n);
    }
}

bool sp_check_mx_tls_none(struct sp_check_run *run, const struct sp_dns_answer *answer)
{
    struct sp_check_pen *check = sp_check_of(run, SP_CHECK_MX_TLS);
    struct sp_dns_record first = {0};
    bool any = sp_check_mx_next(answer, &first);

    if (any && first.u.mx.host[0] != '\0') {
        return false;
    }
    sp_check_note(check, "MX", "%s: %s", run->input.domain,
                  any ? "0 ." : sp_err_text(answer->result));
    if (sp_check_is_open(answer->result)) {
        sp_check_say_dns_error(check, run->input.domain, answer->result);
        return true;
    }
    sp_check_say(check, SP_CHECK_FAIL, any ? "null_mx" : "no_mx", "%s has %s to speak to.",
                 run->input.domain,
                 any ? "the null MX, and so nobody" : "no MX record, and so no MX");
    sp_check_remedy(check, "See the mx_match check.");
    return true;
}
