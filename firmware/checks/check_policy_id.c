/* policy_id: exactly one STSv1 record, in the strictest syntax, with the id that is served. */
#include "checks/checks_internal.h"

#include "base/err.h"

#include <string.h>

#define VERSION "v=STSv1;"
#define ID_MAX 32U

/* What is wrong with a record: a stable name and the end of a sentence. */
struct fault {
    const char *code, *text;
};

static bool is_alnum(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static const char *id_fault(struct sp_span id)
{
    if (id.n == 0) {
        return "its id is empty";
    }
    if (id.n > ID_MAX) {
        return "its id has more than 32 characters";
    }
    for (size_t i = 0; i < id.n; i++) {
        if (!is_alnum(id.p[i])) {
            return "its id has a character other than letters and digits";
        }
    }
    return NULL;
}

/* RFC 8461 3.1: sts-ext-name and sts-ext-value. */
static bool is_extension(struct sp_span name, struct sp_span value)
{
    for (size_t i = 0; i < name.n; i++) {
        bool mark = name.p[i] == '_' || name.p[i] == '-' || name.p[i] == '.';

        if (!is_alnum(name.p[i]) && (i == 0 || !mark)) {
            return false;
        }
    }
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] < 0x21 || value.p[i] > 0x7E || value.p[i] == '=') {
            return false;
        }
    }
    return name.n > 0 && name.n <= 32 && value.n > 0;
}

/* Takes a field's value into id when it is the id. NULL, or what is wrong. */
static const char *take_field(struct sp_span field, struct sp_span *id)
{
    struct sp_span value = field;
    struct sp_span name;

    if (field.n == 0 || !sp_span_split(&value, '=', &name)) {
        return "it has an empty field";
    }
    if (sp_span_is(name, "id")) {
        if (id->p != NULL) {
            return "it has two ids";
        }
        *id = value.p != NULL ? value : sp_span("", 0);
        return id_fault(value);
    }
    if (sp_span_is_nocase(sp_span_trim(name), "id")) {
        return "its id must be written \"id=\", in lower case and without spaces";
    }
    return is_extension(name, value) ? NULL : "it has a field that is not of the form name=value";
}

static const char *take_fields(struct sp_span rest, struct sp_span *id)
{
    struct sp_span part;

    *id = sp_span(NULL, 0);
    while (sp_span_split(&rest, ';', &part)) {
        const char *wrong;

        if (part.n == 0 && rest.p == NULL) {
            break; /* a last semicolon is fine */
        }
        wrong = take_field(sp_span_trim(part), id);
        if (wrong != NULL) {
            return wrong;
        }
    }
    return id->p != NULL ? NULL : "it has no id";
}

static bool ends_in_space(struct sp_span text)
{
    uint8_t last = text.p[text.n - 1];

    return last == ' ' || last == '\t' || last == '\r' || last == '\n';
}

/* RFC 8461 3.1, without what some senders refuse. True and the id, or what is wrong. */
static bool parse(struct sp_span text, struct sp_span *id, struct fault *fault)
{
    size_t head = strlen(VERSION);

    if (ends_in_space(text)) {
        *fault = (struct fault){"trailing", "it ends with a space"};
        return false;
    }
    *fault = (struct fault){"syntax", take_fields(sp_span(text.p + head, text.n - head), id)};
    return fault->text == NULL;
}

struct found {
    unsigned n;         /* records that begin with v=STSv1; */
    const char *text;   /* the first of them */
    const char *almost; /* one that was perhaps meant to be one */
};

/* "V = stsv1", with quotes around, without semicolon, … */
static bool is_almost(const char *text)
{
    static const char wanted[] = "v=stsv1";
    size_t n = 0;

    for (; *text != '\0' && wanted[n] != '\0'; text++) {
        char c = *text >= 'A' && *text <= 'Z' ? (char)(*text + ('a' - 'A')) : *text;

        if (c == ' ' || c == '\t' || c == '"' || c == '\'') {
            continue;
        }
        if (c != wanted[n++]) {
            return false;
        }
    }
    return wanted[n] == '\0';
}

static bool is_policy_id(const struct sp_dns_record *record)
{
    return record->type == SP_DNS_TXT && strncmp(record->u.text, VERSION, strlen(VERSION)) == 0;
}

static void look_through(const struct sp_dns_answer *answer, struct found *found)
{
    struct sp_dns_cursor cursor = {0};
    struct sp_dns_record record;

    memset(found, 0, sizeof *found);
    while (sp_dns_next(answer, &cursor, &record)) {
        if (is_policy_id(&record)) {
            found->text = found->n++ == 0 ? record.u.text : found->text;
        } else if (record.type == SP_DNS_TXT && is_almost(record.u.text)) {
            found->almost = record.u.text;
        }
    }
}

/* --- what the life of the domain goes by --- */

/* Of two ids, the one that is not served: senders may still go by it. */
static void keep_id(struct sp_check_run *run, struct sp_span id)
{
    struct sp_check_txt *txt = &run->report->txt;

    if (txt->id[0] == '\0' || strcmp(txt->id, run->input.policy_id) == 0) {
        (void)sp_span_copy(id, txt->id, sizeof txt->id);
    }
}

static void keep_txt(struct sp_check_run *run, const struct sp_dns_answer *answer)
{
    struct sp_check_txt *txt = &run->report->txt;
    struct sp_dns_cursor cursor = {0};
    struct sp_dns_record record;
    struct fault fault;
    struct sp_span id;

    *txt = (struct sp_check_txt){.known = !sp_check_is_open(answer->result) && !answer->cut};
    while (txt->known && sp_dns_next(answer, &cursor, &record)) {
        bool ours = is_policy_id(&record) && parse(sp_span_str(record.u.text), &id, &fault);

        if (ours) {
            keep_id(run, id);
        }
        if (ours || record.type == SP_DNS_CNAME) {
            txt->ttl = record.ttl > txt->ttl ? record.ttl : txt->ttl;
        }
    }
}

/* --- the verdict --- */

static void say_missing(struct sp_check_run *run, struct sp_check_pen *check, const char *almost)
{
    if (almost != NULL) {
        sp_check_say(check, SP_CHECK_FAIL, "syntax",
                     "Senders refuse the TXT record at %.100s, since it does not begin with "
                     "\"" VERSION "\", in just these letters: \"%.60s\".",
                     run->txt_name, almost);
    } else {
        sp_check_say(check, SP_CHECK_FAIL, "missing",
                     "There is no policy id in DNS: %.120s has no TXT record that begins with "
                     "\"" VERSION "\".",
                     run->txt_name);
    }
    sp_check_remedy(check, "Publish the TXT record that `dns %s` prints.", run->input.domain);
}

static void say_several(struct sp_check_run *run, struct sp_check_pen *check, unsigned n)
{
    sp_check_say(check, SP_CHECK_FAIL, "several",
                 "%.120s has %u TXT records that begin with \"" VERSION
                 "\"; senders then see no policy at all.",
                 run->txt_name, n);
    sp_check_remedy(check, "Leave only the one that `dns %s` prints.", run->input.domain);
}

static bool is_former(const struct sp_check_run *run, struct sp_span id)
{
    return run->input.former_id != NULL && run->input.former_id[0] != '\0' &&
           sp_span_is(id, run->input.former_id);
}

static void say_old(struct sp_check_run *run, struct sp_check_pen *check)
{
    sp_check_say(check, SP_CHECK_FAIL, "id_old",
                 "DNS still has the former policy id, %s; the policy that is served has %s.",
                 run->input.former_id, run->input.policy_id);
    sp_check_remedy(check,
                    "Publish the TXT record that `dns %s` prints; where that is done, resolvers "
                    "keep the former one for up to %lu s more.",
                    run->input.domain, (unsigned long)run->report->txt.ttl);
}

/* Nothing is served any more. */
static void judge_gone(struct sp_check_run *run, struct sp_check_pen *check,
                       const struct found *found)
{
    if (found->n == 0) {
        sp_check_say(check, SP_CHECK_PASS, "gone",
                     "No policy is served, and DNS has no policy id any more.");
        return;
    }
    sp_check_say(check, SP_CHECK_FAIL, "left_behind",
                 "No policy is served any more, but DNS still has a policy id: \"%.60s\".",
                 found->text);
    sp_check_remedy(check, "Delete the TXT record at %.120s.", run->txt_name);
}

static void judge_one(struct sp_check_run *run, struct sp_check_pen *check, const char *text)
{
    struct sp_span id;
    struct fault fault;

    if (!parse(sp_span_str(text), &id, &fault)) {
        sp_check_say(check, SP_CHECK_FAIL, fault.code,
                     "Senders refuse the TXT record at %.100s, since %s: \"%.60s\".", run->txt_name,
                     fault.text, text);
    } else if (is_former(run, id)) {
        say_old(run, check);
        return;
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

static void say_cut(struct sp_check_run *run, struct sp_check_pen *check)
{
    sp_check_say(check, SP_CHECK_UNKNOWN, "too_many_records",
                 "%.120s has more TXT records than could be read, so the policy id may be among "
                 "the rest, or be there twice.",
                 run->txt_name);
    sp_check_remedy(check, "Remove the records that do not belong there.");
}

void sp_check_policy_id_judge(struct sp_check_run *run, const struct sp_dns_answer *answer)
{
    struct sp_check_pen *check = sp_check_of(run, SP_CHECK_POLICY_ID);
    struct found found;

    sp_check_note_answer(check, "TXT", run->txt_name, answer);
    sp_check_note(check, "served", "%s",
                  run->input.serves_nothing ? "nothing" : run->input.policy_id);
    keep_txt(run, answer);
    look_through(answer, &found);
    if (sp_check_is_open(answer->result)) {
        sp_check_say_dns_error(check, run->txt_name, answer->result);
    } else if (run->input.serves_nothing && (found.n > 0 || !answer->cut)) {
        judge_gone(run, check, &found);
    } else if (found.n > 1) {
        say_several(run, check, found.n);
    } else if (answer->cut) {
        say_cut(run, check);
    } else if (found.n == 0) {
        say_missing(run, check, found.almost);
    } else {
        judge_one(run, check, found.text);
    }
}
