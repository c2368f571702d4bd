/* policy_id: exactly one STSv1 record, in the strictest syntax, with the id that is served. */
#include "checks/checks_internal.h"

#include "base/err.h"

#include <string.h>

#define VERSION "v=STSv1;"
#define ID_MAX 32U

static bool is_alnum(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static const char *id_fault(struct sp_span id)
{
    if (id.n == 0 || id.n > ID_MAX) {
        return "its id has not 1 to 32 characters";
    }
    for (size_t i = 0; i < id.n; i++) {
        if (!is_alnum(id.p[i])) {
            return "its id has a character other than letters and digits";
        }
    }
    return NULL;
}

/* Takes a field's value into id when it is the id. NULL, or what is wrong. */
static const char *take_field(struct sp_span field, struct sp_span *id)
{
    struct sp_span value = field;
    struct sp_span name;
    if (!sp_span_split(&value, '=', &name) || name.n == 0 || value.n == 0) {
        return "a field is not of the form name=value";
    }
    if (!sp_span_is(name, "id")) {
        return NULL; /* an extension */
    }
    if (id->p != NULL) {
        return "it has two ids";
    }
    *id = value;
    return id_fault(value);
}

/* RFC 8461 3.1, without what some senders refuse. NULL and the id, or what is wrong. */
static const char *parse(struct sp_span text, struct sp_span *id)
{
    struct sp_span rest = sp_span(text.p + strlen(VERSION), text.n - strlen(VERSION));
    struct sp_span part;
    *id = sp_span(NULL, 0);
    if (text.p[text.n - 1] == ' ' || text.p[text.n - 1] == '\t') {
        return "it ends with a space";
    }
    while (sp_span_split(&rest, ';', &part)) {
        struct sp_span field = sp_span_trim(part);
        const char *wrong = NULL;
        if (field.n == 0 && rest.n == 0) {
            break; /* a last semicolon is fine */
        }
        wrong = take_field(field, id);
        if (wrong != NULL) {
            return wrong;
        }
    }
    return id->p != NULL ? NULL : "it has no id";
}

struct found {
    unsigned n;         /* records that begin with v=STSv1; */
    const char *text;   /* the first of them */
    const char *almost; /* one that was perhaps meant to be one */
};

static void look_through(const struct sp_dns_answer *answer, struct found *found)
{
    memset(found, 0, sizeof *found);
    for (unsigned i = 0; i < answer->n; i++) {
        const char *text = answer->records[i].u.text;
        if (answer->records[i].type != SP_DNS_TXT) {
            continue;
        }
        if (strncmp(text, VERSION, strlen(VERSION)) == 0) {
            found->text = found->n++ == 0 ? text : found->text;
        } else if (strstr(text, "STSv1") != NULL || strstr(text, "stsv1") != NULL) {
            found->almost = text;
        }
    }
}

static void say_missing(struct sp_check_run *run, struct sp_check *check, const char *almost)
{
    if (almost != NULL) {
        sp_check_say(check, SP_CHECK_FAIL, "syntax",
                     "The TXT record at %s does not begin with \"" VERSION "\": \"%.100s\".",
                     run->txt_name, almost);
    } else {
        sp_check_say(
            check, SP_CHECK_FAIL, "missing",
            "There is no policy id in DNS: %s has no TXT record that begins with \"" VERSION "\".",
            run->txt_name);
    }
    sp_check_remedy(check, "Publish the TXT record that `dns %s` prints.", run->input.domain);
}

static void judge_one(struct sp_check_run *run, struct sp_check *check, const char *text)
{
    struct sp_span id;
    const char *wrong = parse(sp_span_str(text), &id);
    if (wrong != NULL) {
        sp_check_say(check, SP_CHECK_FAIL, "syntax",
                     "Senders refuse the TXT record at %s, since %s: \"%.100s\".", run->txt_name,
                     wrong, text);
    } else if (!sp_span_is(id, run->input.policy_id)) {
        sp_check_say(check, SP_CHECK_FAIL, "id_differs",
                     "DNS has the policy id %.*s, but the policy that is served has %s.", (int)id.n,
                     (const char *)id.p, run->input.policy_id);
    } else {
        sp_check_say(check, SP_CHECK_PASS, "ok", "DNS has the policy id that is served, %s.",
                     run->input.policy_id);
        return;
    }
    sp_check_remedy(check, "Replace it by the TXT record that `dns %s` prints.", run->input.domain);
}

void sp_check_policy_id_judge(struct sp_check_run *run, const struct sp_dns_answer *answer)
{
    struct sp_check *check = sp_check_of(run, SP_CHECK_POLICY_ID);
    struct found found;
    sp_check_note_answer(check, "TXT", run->txt_name, answer);
    sp_check_note(check, "served", "%s", run->input.policy_id);
    look_through(answer, &found);
    if (answer->result < 0 && answer->result != SP_E_DNS_NODATA &&
        answer->result != SP_E_DNS_NXDOMAIN) {
        sp_check_say_dns_error(check, run->txt_name, answer->result);
    } else if (found.n == 0) {
        say_missing(run, check, found.almost);
    } else if (found.n > 1) {
        sp_check_say(check, SP_CHECK_FAIL, "several",
                     "%s has %u TXT records that begin with \"" VERSION
                     "\"; senders then see no policy at all.",
                     run->txt_name, found.n);
        sp_check_remedy(check, "Leave only the one that `dns %s` prints.", run->input.domain);
    } else {
        judge_one(run, check, found.text);
    }
}
