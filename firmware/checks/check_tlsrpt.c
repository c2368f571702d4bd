#include "checks/check_tlsrpt.h"

#include "base/err.h"
#include "checks/checks_internal.h"

#include <string.h>

#define VERSION "v=TLSRPTv1;"

struct found {
    unsigned n;
    const char *text; /* the first */
};

static void look_through(const struct sp_dns_answer *answer, struct found *found)
{
    struct sp_dns_cursor cursor = {0};
    struct sp_dns_record record;

    *found = (struct found){0};
    while (sp_dns_next(answer, &cursor, &record)) {
        /* RFC 8460 3: others are passed over. */
        if (record.type == SP_DNS_TXT && strncmp(record.u.text, VERSION, strlen(VERSION)) == 0) {
            found->text = found->n++ == 0 ? record.u.text : found->text;
        }
    }
}

/* A comma, a semicolon or an exclamation mark of a URI is written as %2C, %3B, %21. */
static const char *uri_fault(struct sp_span uri)
{
    bool mail = sp_span_starts(uri, "mailto:");

    if (!mail && !sp_span_starts(uri, "https:")) {
        return "its rua is neither a mailto: nor an https: URI";
    }
    for (size_t i = 0; i < uri.n; i++) {
        if (uri.p[i] <= ' ' || uri.p[i] > '~' || uri.p[i] == '!') {
            return "its rua has a character that a URI does not have";
        }
    }
    if (mail) {
        const uint8_t *at = memchr(uri.p, '@', uri.n);

        return at != NULL && at > uri.p + 7 && at < uri.p + uri.n - 1
                   ? NULL
                   : "its rua has a mailto: without an address";
    }
    return sp_span_starts(uri, "https://") && uri.n > 8 ? NULL
                                                        : "its rua has an https: without a host";
}

static const char *rua_fault(struct sp_span value)
{
    struct sp_span uri;
    const char *fault = value.n == 0 ? "its rua is empty" : NULL;

    while (fault == NULL && sp_span_split(&value, ',', &uri)) {
        fault = uri_fault(sp_span_trim(uri));
    }
    return fault;
}

/* NULL and the value of rua, or what is wrong. */
static const char *parse(struct sp_span rest, struct sp_span *rua)
{
    struct sp_span part, name, value;

    *rua = sp_span(NULL, 0);
    while (sp_span_split(&rest, ';', &part)) {
        if (sp_span_trim(part).n == 0) {
            if (rest.p == NULL) {
                break; /* a last semicolon is fine */
            }
            return "it has an empty field";
        }
        value = sp_span_trim(part);
        if (!sp_span_split(&value, '=', &name) || value.p == NULL || value.n == 0) {
            return "it has a field that is not of the form name=value";
        }
        if (!sp_span_is(name, "rua")) {
            continue;
        }
        if (rua->p != NULL) {
            return "it has two ruas";
        }
        *rua = value;
    }
    return rua->p != NULL ? rua_fault(*rua) : "it has no rua";
}

static bool names(struct sp_span rua, const char *wanted)
{
    struct sp_span uri;

    while (sp_span_split(&rua, ',', &uri)) {
        if (sp_span_is(sp_span_trim(uri), wanted)) {
            return true;
        }
    }
    return false;
}

static void judge_one(struct sp_check_run *run, struct sp_check_pen *check, const char *name,
                      const char *text, const char *wanted)
{
    struct sp_span whole = sp_span_str(text);
    struct sp_span rua;
    const char *fault = parse(sp_span(whole.p + strlen(VERSION), whole.n - strlen(VERSION)), &rua);

    if (fault != NULL) {
        sp_check_say(check, SP_CHECK_FAIL, "syntax",
                     "No sender reports by the TXT record at %.100s, since %s: \"%.80s\".", name,
                     fault, text);
    } else if (wanted[0] != '\0' && !names(rua, wanted)) {
        sp_check_say(check, SP_CHECK_FAIL, "differs",
                     "DNS has TLS reports sent to %.*s, not to %.120s.",
                     (int)(rua.n < 120 ? rua.n : 120), (const char *)rua.p, wanted);
    } else {
        sp_check_say(check, SP_CHECK_PASS, "ok", "TLS reports go to %.*s.",
                     (int)(rua.n < 200 ? rua.n : 200), (const char *)rua.p);
        return;
    }
    sp_check_remedy(check, "Replace it by the TXT record that `dns %s` prints.", run->input.domain);
}

static void say_none(struct sp_check_run *run, struct sp_check_pen *check)
{
    sp_check_say(check, SP_CHECK_PASS, "none",
                 "No TLS reports are asked for; with `domain set %s rua …` senders would tell who "
                 "could not deliver, and why.",
                 run->input.domain);
}

static void say_missing(struct sp_check_run *run, struct sp_check_pen *check, const char *name)
{
    sp_check_say(check, SP_CHECK_FAIL, "missing",
                 "No TLS reports are asked for: %.120s has no TXT record that begins with "
                 "\"" VERSION "\".",
                 name);
    sp_check_remedy(check,
                    "Publish the TXT record that `dns %s` prints; reports tell who could "
                    "not deliver, and why.",
                    run->input.domain);
}

void sp_check_tlsrpt_judge(struct sp_check_run *run, const char *name,
                           const struct sp_dns_answer *answer, const char *wanted)
{
    struct sp_check_pen *check = sp_check_of(run, SP_CHECK_TLSRPT);
    struct found found;

    sp_check_note_answer(check, "TXT", name, answer);
    look_through(answer, &found);
    if (sp_check_is_open(answer->result)) {
        sp_check_say_dns_error(check, name, answer->result);
    } else if (found.n > 1) {
        sp_check_say(check, SP_CHECK_FAIL, "several",
                     "%.120s has %u TXT records that begin with \"" VERSION
                     "\"; senders then report nothing.",
                     name, found.n);
        sp_check_remedy(check, "Leave only the one that `dns %s` prints.", run->input.domain);
    } else if (found.n == 0 && wanted[0] == '\0') {
        say_none(run, check);
    } else if (found.n == 0) {
        say_missing(run, check, name);
    } else {
        judge_one(run, check, name, found.text, wanted);
    }
}
