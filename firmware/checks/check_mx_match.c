/* mx_match: who receives the domain's mail, and whom its policy lets senders deliver to. */
#include "checks/check_mx_match.h"
#include "checks/checks_internal.h"

#include "base/err.h"

#include <string.h>

#define SHOWN 3 /* names in a sentence */

/* RFC 8461 4.1: a wildcard stands for exactly one label. */
static bool matches(struct sp_span pattern, const char *host)
{
    const char *rest = strchr(host, '.');

    if (!sp_span_starts(pattern, "*.")) {
        return sp_span_is_nocase(pattern, host);
    }
    return rest != NULL && rest != host &&
           sp_span_is_nocase(sp_span(pattern.p + 1, pattern.n - 1), rest);
}

/* The next line "key: value" of a policy. */
static bool next_line(struct sp_span *rest, const char *key, struct sp_span *value)
{
    struct sp_span line, name;

    while (sp_span_split(rest, '\n', &line)) {
        if (line.n > 0 && line.p[line.n - 1] == '\r') {
            line.n--;
        }
        *value = line;
        if (sp_span_split(value, ':', &name) && sp_span_is(name, key)) {
            *value = sp_span_trim(*value);
            return true;
        }
    }
    return false;
}

bool sp_check_mx_listed(struct sp_span policy, const char *host)
{
    struct sp_span pattern;

    while (next_line(&policy, "mx", &pattern)) {
        if (matches(pattern, host)) {
            return true;
        }
    }
    return false;
}

static bool is_mode_none(struct sp_span policy)
{
    struct sp_span mode;

    return next_line(&policy, "mode", &mode) && sp_span_is(mode, "none");
}

/* --- the live set, in the order in which senders try it --- */

static bool comes_before(const struct sp_dns_record *a, const struct sp_dns_record *b)
{
    return a->u.mx.preference != b->u.mx.preference ? a->u.mx.preference < b->u.mx.preference
                                                    : strcmp(a->u.mx.host, b->u.mx.host) < 0;
}

bool sp_check_mx_next(const struct sp_dns_answer *answer, struct sp_dns_record *at)
{
    struct sp_dns_cursor cursor = {0};
    struct sp_dns_record record;
    struct sp_dns_record best = {0};
    bool found = false;

    while (sp_dns_next(answer, &cursor, &record)) {
        bool later = record.type == SP_DNS_MX && (at->type == 0 || comes_before(at, &record));

        if (later && (!found || comes_before(&record, &best))) {
            best = record;
            found = true;
        }
    }
    *at = best;
    return found;
}

/* Live names that the policy lists or not, the best preference first; how many. */
static unsigned put_live(const struct sp_dns_answer *answer, struct sp_span policy, bool listed,
                         struct sp_buf *out)
{
    struct sp_dns_record at = {0};
    unsigned n = 0;

    while (sp_check_mx_next(answer, &at)) {
        if (sp_check_mx_listed(policy, at.u.mx.host) != listed) {
            continue;
        }
        if (n++ < SHOWN) {
            sp_buf_printf(out, "%s%.100s", n > 1 ? ", " : "", at.u.mx.host);
        }
    }
    if (n > SHOWN) {
        sp_buf_printf(out, " and %u more", n - SHOWN);
    }
    return n;
}

static bool matches_live(const struct sp_dns_answer *answer, struct sp_span pattern)
{
    struct sp_dns_record at = {0};

    while (sp_check_mx_next(answer, &at)) {
        if (matches(pattern, at.u.mx.host)) {
            return true;
        }
    }
    return false;
}

static unsigned put_unused(const struct sp_dns_answer *answer, struct sp_span policy,
                           struct sp_buf *out)
{
    struct sp_span pattern;
    unsigned n = 0;

    while (next_line(&policy, "mx", &pattern)) {
        if (matches_live(answer, pattern)) {
            continue;
        }
        if (n++ < SHOWN) {
            sp_buf_printf(out, "%s%.*s", n > 1 ? ", " : "",
                          (int)(pattern.n < 100 ? pattern.n : 100), (const char *)pattern.p);
        }
    }
    if (n > SHOWN) {
        sp_buf_printf(out, " and %u more", n - SHOWN);
    }
    return n;
}

/* --- evidence --- */

static void note_live(struct sp_check_pen *check, const struct sp_dns_answer *answer,
                      struct sp_span policy)
{
    char array[SP_CHECK_EVIDENCE_SIZE];
    char addr[SP_ADDR_SIZE];
    struct sp_dns_record at = {0};
    struct sp_buf text;

    sp_buf_init(&text, array, sizeof array);
    while (sp_check_mx_next(answer, &at)) {
        sp_buf_printf(&text, "%s%u %s%s", text.len > 0 ? ", " : "", at.u.mx.preference,
                      at.u.mx.host[0] != '\0' ? at.u.mx.host : ".",
                      sp_check_mx_listed(policy, at.u.mx.host) ? "" : " (not listed)");
    }
    sp_check_note(check, "MX", "%s", text.len > 0 ? array : sp_err_text(answer->result));
    if (answer->server.family != 0) {
        sp_check_note(check, "server", "%s, %lu ms", sp_addr_text(&answer->server, addr),
                      (unsigned long)answer->elapsed_ms);
    }
}

static void note_patterns(struct sp_check_pen *check, struct sp_span policy)
{
    char array[SP_CHECK_EVIDENCE_SIZE];
    struct sp_span pattern;
    struct sp_buf text;

    sp_buf_init(&text, array, sizeof array);
    while (next_line(&policy, "mx", &pattern)) {
        sp_buf_printf(&text, "%s%.*s", text.len > 0 ? ", " : "", (int)pattern.n,
                      (const char *)pattern.p);
    }
    sp_check_note(check, "policy", "%s", array);
}

/* --- verdicts --- */

static void say_no_mx(struct sp_check_run *run, struct sp_check_pen *check)
{
    sp_check_say(check, SP_CHECK_FAIL, "no_mx",
                 "%s has no MX record: it receives no mail, or "
                 "only by its own address, which the policy does not speak of.",
                 run->input.domain);
    sp_check_remedy(check, "Publish the MX records of %s; the policy lists their names.",
                    run->input.domain);
}

static void say_null_mx(struct sp_check_run *run, struct sp_check_pen *check)
{
    sp_check_say(check, SP_CHECK_FAIL, "null_mx",
                 "%s has the null MX (RFC 7505), which says that it receives no mail at all.",
                 run->input.domain);
    sp_check_remedy(check,
                    "Publish the MX records of %s, or `disable %s`: what receives no mail "
                    "needs no policy.",
                    run->input.domain, run->input.domain);
}

static void say_not_listed(struct sp_check_run *run, struct sp_check_pen *check, const char *names,
                           bool any_listed)
{
    if (any_listed) {
        sp_check_say(
            check, SP_CHECK_FAIL, "not_listed",
            "The policy does not list %.180s: senders that enforce it do not deliver there.",
            names);
    } else {
        sp_check_say(
            check, SP_CHECK_FAIL, "none_match",
            "The policy lists none of the live MX (%.150s): no sender that enforces it can "
            "deliver any mail.",
            names);
    }
    sp_check_remedy(check,
                    "Add what is missing with `domain set %s mx …`, or take it out of the MX "
                    "records.",
                    run->input.domain);
}

static void say_good(struct sp_check_pen *check, unsigned unused, const char *names)
{
    if (unused > 0) {
        sp_check_say(
            check, SP_CHECK_PASS, "unused",
            "The policy lists every live MX, and %.180s besides, which no MX record names.", names);
    } else {
        sp_check_say(check, SP_CHECK_PASS, "ok", "The policy lists every live MX and no other.");
    }
}

static void judge_set(struct sp_check_run *run, struct sp_check_pen *check,
                      const struct sp_dns_answer *answer, struct sp_span policy)
{
    char array[SP_CHECK_REASON_SIZE];
    struct sp_buf names;
    unsigned missing, listed;

    sp_buf_init(&names, array, sizeof array);
    listed = put_live(answer, policy, true, &names);
    sp_buf_reset(&names);
    missing = put_live(answer, policy, false, &names);
    if (is_mode_none(policy)) {
        sp_check_say(check, SP_CHECK_PASS, "ok_none",
                     "The policy's mode is none: senders deliver to any MX.");
    } else if (missing > 0) {
        say_not_listed(run, check, array, listed > 0);
    } else {
        unsigned unused;

        sp_buf_reset(&names);
        unused = put_unused(answer, policy, &names);
        say_good(check, unused, array);
    }
}

static bool is_null(const struct sp_dns_answer *answer)
{
    struct sp_dns_record at = {0};

    return sp_check_mx_next(answer, &at) && at.u.mx.host[0] == '\0';
}

void sp_check_mx_match_judge(struct sp_check_run *run, const struct sp_dns_answer *answer,
                             struct sp_span policy)
{
    struct sp_check_pen *check = sp_check_of(run, SP_CHECK_MX_MATCH);

    note_live(check, answer, policy);
    note_patterns(check, policy);
    if (sp_check_is_open(answer->result)) {
        sp_check_say_dns_error(check, run->input.domain, answer->result);
    } else if (answer->result < 0) {
        say_no_mx(run, check);
    } else if (is_null(answer)) {
        say_null_mx(run, check);
    } else {
        judge_set(run, check, answer, policy);
    }
}
