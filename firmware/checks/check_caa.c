#include "checks/check_caa.h"

#include "base/err.h"
#include "checks/checks_internal.h"

#include <string.h>

#define CRITICAL 128U

/* What a set of records says of our CA. */
struct set {
    unsigned issue;       /* records with the tag "issue" */
    bool ours;            /* one of them names our CA */
    bool account, method; /* one that does is for our account, and allows http-01 */
    bool allowed;         /* one that does both */
    char critical[32];    /* a tag that no CA may pass over and ours may not know */
    char first[80];       /* value of the first */
};

static bool has_records(const struct sp_dns_answer *answer)
{
    struct sp_dns_cursor cursor = {0};
    struct sp_dns_record record;

    while (sp_dns_next(answer, &cursor, &record)) {
        if (record.type == SP_DNS_CAA) {
            return true;
        }
    }
    return false;
}

bool sp_check_caa_ends(const struct sp_dns_answer *answer)
{
    return sp_check_is_open(answer->result) || has_records(answer);
}

static bool is_our_ca(const struct sp_check_run *run, struct sp_span issuer)
{
    struct sp_span rest = sp_span_str(run->input.ca_identities);
    struct sp_span identity;
    char text[SP_DOMAIN_SIZE];

    while (sp_span_split(&rest, ' ', &identity)) {
        if (identity.n > 0 && sp_span_copy(identity, text, sizeof text) == 0 &&
            sp_span_is_nocase(issuer, text)) {
            return true;
        }
    }
    return false;
}

/* RFC 8657 3 and 4: parameters that bind an issue record to an account and to methods. */
static void read_parameters(const struct sp_check_run *run, struct sp_span rest, bool *account,
                            bool *method)
{
    const char *uri = run->input.account_uri;
    struct sp_span part, name, value;

    *account = true;
    *method = true;
    while (sp_span_split(&rest, ';', &part)) {
        value = sp_span_trim(part);
        if (!sp_span_split(&value, '=', &name)) {
            continue;
        }
        name = sp_span_trim(name);
        value = sp_span_trim(value);
        if (sp_span_is_nocase(name, "accounturi")) {
            *account = *account && uri != NULL && sp_span_is(value, uri);
        } else if (sp_span_is_nocase(name, "validationmethods")) {
            *method = *method && sp_span_lists(value, "http-01");
        }
    }
}

static void read_issue(const struct sp_check_run *run, const char *text, struct set *set)
{
    struct sp_span rest = sp_span_str(text);
    struct sp_span issuer;
    bool account, method;

    if (set->issue++ == 0) {
        sp_text_cut(set->first, sizeof set->first, text);
    }
    if (!sp_span_split(&rest, ';', &issuer) || !is_our_ca(run, sp_span_trim(issuer))) {
        return;
    }
    read_parameters(run, rest, &account, &method);
    set->ours = true;
    set->account = set->account || account;
    set->method = set->method || method;
    set->allowed = set->allowed || (account && method);
}

static bool is_known(const char *tag)
{
    static const char *const tags[] = {"issue",    "issuewild",    "iodef",       "issuemail",
                                       "issuevmc", "contactemail", "contactphone"};

    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        if (sp_span_is_nocase(sp_span_str(tag), tags[i])) {
            return true;
        }
    }
    return false;
}

static void read_set(const struct sp_check_run *run, const struct sp_dns_answer *answer,
                     struct set *set)
{
    struct sp_dns_cursor cursor = {0};
    struct sp_dns_record record;

    memset(set, 0, sizeof *set);
    while (sp_dns_next(answer, &cursor, &record)) {
        if (record.type != SP_DNS_CAA) {
            continue;
        }
        if (sp_span_is_nocase(sp_span_str(record.u.caa.tag), "issue")) {
            read_issue(run, record.u.caa.value, set);
        } else if ((record.u.caa.critical & CRITICAL) != 0 && !is_known(record.u.caa.tag)) {
            sp_text_cut(set->critical, sizeof set->critical, record.u.caa.tag);
        }
    }
}

/* --- verdicts --- */

static void note_set(struct sp_check_pen *check, const char *name,
                     const struct sp_dns_answer *answer)
{
    struct sp_dns_cursor cursor = {0};
    struct sp_dns_record record;
    char addr[SP_ADDR_SIZE];

    sp_check_note(check, "name", "%s", name);
    while (sp_dns_next(answer, &cursor, &record)) {
        if (record.type == SP_DNS_CAA) {
            sp_check_note(check, "CAA", "%u %s \"%s\"", record.u.caa.critical, record.u.caa.tag,
                          record.u.caa.value);
        }
    }
    if (answer->server.family != 0) {
        sp_check_note(check, "server", "%s, %lu ms", sp_addr_text(&answer->server, addr),
                      (unsigned long)answer->elapsed_ms);
    }
}

static void say_error(struct sp_check_run *run, struct sp_check_pen *check, const char *name,
                      int err)
{
    sp_check_say_dns_error(check, name, err);
    sp_check_remedy(check,
                    "A CA that cannot read the CAA records of %.120s does not issue: see whether "
                    "the zone's name servers answer.",
                    name);
    (void)run;
}

static void say_refused(struct sp_check_run *run, struct sp_check_pen *check, const char *name,
                        const struct set *set)
{
    if (set->critical[0] != '\0') {
        sp_check_say(check, SP_CHECK_FAIL, "critical",
                     "The CAA records of %.120s have the critical tag \"%s\", which stops every CA "
                     "that does not know it.",
                     name, set->critical);
    } else if (!set->ours) {
        sp_check_say(check, SP_CHECK_FAIL, "forbidden",
                     "The CAA records of %.100s allow \"%s\", not this CA (%.80s).", name,
                     set->first, run->input.ca_identities);
    } else if (!set->account) {
        sp_check_say(check, SP_CHECK_FAIL, "account",
                     "The CAA records of %.120s allow this CA only for another account "
                     "(accounturi).",
                     name);
    } else {
        sp_check_say(check, SP_CHECK_FAIL, "method",
                     "The CAA records of %.120s allow this CA only by other validation methods "
                     "than http-01 (validationmethods).",
                     name);
    }
    sp_check_remedy(check, "Correct the CAA records; `dns %s` prints one that allows it.",
                    run->input.domain);
}

static bool knows_ca(const struct sp_check_run *run)
{
    return run->input.ca_identities != NULL && run->input.ca_identities[0] != '\0';
}

static void judge_set(struct sp_check_run *run, struct sp_check_pen *check, const char *name,
                      const struct sp_dns_answer *answer)
{
    struct set set;

    read_set(run, answer, &set);
    if (set.critical[0] == '\0' && (set.issue == 0 || set.allowed)) {
        sp_check_say(check, SP_CHECK_PASS, "ok", "The CAA records of %.120s let this CA issue.",
                     name);
    } else {
        say_refused(run, check, name, &set);
    }
}

void sp_check_caa_judge(struct sp_check_run *run, const char *name,
                        const struct sp_dns_answer *answer)
{
    struct sp_check_pen *check = sp_check_of(run, SP_CHECK_CAA);

    note_set(check, name, answer);
    if (sp_check_is_open(answer->result)) {
        say_error(run, check, name, answer->result);
    } else if (!has_records(answer)) {
        sp_check_say(check, SP_CHECK_PASS, "none",
                     "There are no CAA records from %.120s up to the root: any CA may issue.",
                     run->host);
    } else if (!knows_ca(run)) {
        sp_check_say_busy(run, check, "what the CA calls itself in CAA records is not known yet");
        sp_check_remedy(check, "It is known once the CA's directory has been fetched, which "
                               "`ca agree` and each order do, if the CA says it at all.");
    } else {
        judge_set(run, check, name, answer);
    }
}
