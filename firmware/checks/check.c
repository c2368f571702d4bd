#include "checks/checks_internal.h"

#include "base/err.h"
#include "sp_port.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *sp_check_id_text(enum sp_check_id id)
{
    static const char *const texts[SP_CHECKS] = {
        [SP_CHECK_DNS] = "dns",
        [SP_CHECK_HTTPS] = "https",
        [SP_CHECK_CERTIFICATE] = "certificate",
        [SP_CHECK_POLICY_ID] = "policy_id",
        [SP_CHECK_MX_MATCH] = "mx_match",
        [SP_CHECK_MX_TLS] = "mx_tls",
        [SP_CHECK_SEEN] = "seen",
        [SP_CHECK_TLSRPT] = "tlsrpt",
        [SP_CHECK_CAA] = "caa",
        [SP_CHECK_CLOCK] = "clock",
        [SP_CHECK_PORT80] = "port80",
    };
    return id < SP_CHECKS ? texts[id] : "";
}

const char *sp_check_result_text(enum sp_check_result result)
{
    switch (result) {
    case SP_CHECK_PASS:
        return "pass";
    case SP_CHECK_FAIL:
        return "fail";
    case SP_CHECK_UNKNOWN:
        return "unknown";
    case SP_CHECK_NOT_RUN:
        break;
    }
    return "not run";
}

struct sp_check_pen *sp_check_of(struct sp_check_run *run, enum sp_check_id id)
{
    run->pens[id] = (struct sp_check_pen){run->report, id};
    return &run->pens[id];
}

/* What others wrote (TXT records, certificates, HTTP headers) must not reach a terminal as
 * controls. */
static void make_printable(char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7F) {
            *text = '?';
        }
    }
}

void sp_check_say(struct sp_check_pen *check, enum sp_check_result result, const char *code,
                  const char *reason, ...)
{
    struct sp_check *said = &check->report->checks[check->id];
    char text[SP_CHECK_REASON_SIZE];
    va_list args;

    said->result = result;
    said->code = code;
    said->at = sp_port_utc_s();
    va_start(args, reason);
    (void)vsnprintf(text, sizeof text, reason, args);
    va_end(args);
    make_printable(text);
    sp_check_report_put(check->report, check->id, SP_CHECK_REMEDY, "");
    sp_check_report_put(check->report, check->id, SP_CHECK_REASON, text);
}

void sp_check_remedy(struct sp_check_pen *check, const char *remedy, ...)
{
    char text[SP_CHECK_REASON_SIZE];
    va_list args;

    va_start(args, remedy);
    (void)vsnprintf(text, sizeof text, remedy, args);
    va_end(args);
    sp_check_report_put(check->report, check->id, SP_CHECK_REMEDY, text);
}

void sp_check_note(struct sp_check_pen *check, const char *name, const char *value, ...)
{
    char text[SP_CHECK_EVIDENCE_SIZE];
    va_list args;

    va_start(args, value);
    (void)vsnprintf(text, sizeof text, value, args);
    va_end(args);
    make_printable(text);
    sp_check_report_note(check->report, check->id, name, text);
}

static void put_value(struct sp_buf *out, const struct sp_dns_record *record)
{
    char addr[SP_ADDR_SIZE];
    switch (record->type) {
    case SP_DNS_A:
    case SP_DNS_AAAA:
        sp_buf_puts(out, sp_addr_text(&record->u.addr, addr));
        break;
    case SP_DNS_CNAME:
        sp_buf_printf(out, "CNAME %s", record->u.host);
        break;
    case SP_DNS_TXT:
        sp_buf_printf(out, "\"%s\"", record->u.text);
        break;
    case SP_DNS_NS:
    case SP_DNS_SOA:
    case SP_DNS_MX:
    case SP_DNS_TLSA:
    case SP_DNS_CAA:
        break;
    }
    sp_buf_printf(out, " (TTL %lu)", (unsigned long)record->ttl);
}

static void put_records(struct sp_buf *out, const struct sp_dns_answer *answer)
{
    struct sp_dns_cursor cursor = {0};
    struct sp_dns_record record;

    while (sp_dns_next(answer, &cursor, &record)) {
        if (out->len > 0) {
            sp_buf_puts(out, ", ");
        }
        put_value(out, &record);
    }
    if (answer->n == 0 || answer->result < 0) {
        sp_buf_printf(out, "%s%s", answer->n > 0 ? ", " : "", sp_err_text(answer->result));
    }
}

void sp_check_note_answer(struct sp_check_pen *check, const char *question, const char *name,
                          const struct sp_dns_answer *answer)
{
    char addr[SP_ADDR_SIZE];
    char array[SP_CHECK_EVIDENCE_SIZE];
    struct sp_buf text;
    sp_buf_init(&text, array, sizeof array);
    put_records(&text, answer);
    sp_check_note(check, question, "%s: %s", name, array);
    if (answer->server.family != 0) {
        sp_check_note(check, "server", "%s, %lu ms", sp_addr_text(&answer->server, addr),
                      (unsigned long)answer->elapsed_ms);
    }
}

bool sp_check_is_open(int dns_result)
{
    return dns_result < 0 && dns_result != SP_E_DNS_NODATA && dns_result != SP_E_DNS_NXDOMAIN;
}

/* Stable names of the errors that leave a question open. */
static const char *dns_error_code(int err)
{
    switch (err) {
    case SP_E_DNS_SERVFAIL:
        return "servfail";
    case SP_E_DNS_REFUSED:
        return "dns_refused";
    case SP_E_DNS_TIMEOUT:
        return "dns_timeout";
    case SP_E_DNS_FORMAT:
        return "dns_malformed";
    case SP_E_DNS_NO_SERVER:
        return "no_resolver";
    case SP_E_MEMORY:
        return "dns_memory";
    default:
        return "dns_failed";
    }
}

void sp_check_say_dns_error(struct sp_check_pen *check, const char *name, int err)
{
    sp_check_say(check, SP_CHECK_UNKNOWN, dns_error_code(err), "DNS could not be asked for %s: %s.",
                 name, sp_err_text(err));
    if (err == SP_E_DNS_NO_SERVER) {
        sp_check_remedy(check, "Configure a DNS server with `net static` or use DHCP.");
    } else if (err == SP_E_MEMORY) {
        sp_check_remedy(check,
                        "Ask again in a minute; if that does not help, DNS answers more than "
                        "the appliance can read: publish fewer records at this name.");
    } else {
        sp_check_remedy(check, "See whether the zone's name servers answer, and whether the "
                               "appliance's resolver (`net`) works.");
    }
}

void sp_check_say_busy(struct sp_check_run *run, struct sp_check_pen *check, const char *words)
{
    sp_check_say(check, SP_CHECK_UNKNOWN, "busy", "The appliance could not look just now: %s.",
                 words);
    sp_check_remedy(check, "Ask again in a minute with `check %s`.", run->input.domain);
}

void sp_check_say_clock(struct sp_check_pen *check)
{
    sp_check_say(check, SP_CHECK_UNKNOWN, "clock_unknown",
                 "The time of day is not known, so no certificate can be judged.");
    sp_check_remedy(check, "See `time`: a time server must answer.");
}

bool sp_check_is_own(const struct sp_check_run *run, const struct sp_addr *addr)
{
    for (unsigned i = 0; i < run->input.own_n; i++) {
        if (sp_addr_equal(addr, &run->input.own[i])) {
            return true;
        }
    }
    return false;
}
