/* Which members mean something, and where, is a table; where the parser is, a stack of what the
 * open containers are. */
#include "reports/report.h"

#include "base/err.h"

#include <string.h>

/* What an open container is. */
enum where { PASSED_OVER, TOP, RANGE, POLICIES, ENTRY, POLICY, SUMMARY, DETAILS, DETAIL };

/* What a value means; of a container, enum where. */
enum meaning { ORGANISATION, ID, START, END, DOMAIN_NAME, OK_N, FAILED_N, TYPE, MX, COUNT_N };

struct sp_report_member {
    uint8_t in;    /* enum where */
    uint8_t token; /* enum sp_token */
    uint8_t what;  /* enum meaning, enum where */
    const char *key;
};

static const struct sp_report_member members[] = {
    {TOP, SP_TOKEN_STRING, ORGANISATION, "organization-name"},
    {TOP, SP_TOKEN_STRING, ID, "report-id"},
    {TOP, SP_TOKEN_OBJECT, RANGE, "date-range"},
    {TOP, SP_TOKEN_ARRAY, POLICIES, "policies"},
    {RANGE, SP_TOKEN_STRING, START, "start-datetime"},
    {RANGE, SP_TOKEN_STRING, END, "end-datetime"},
    {ENTRY, SP_TOKEN_OBJECT, POLICY, "policy"},
    {ENTRY, SP_TOKEN_OBJECT, SUMMARY, "summary"},
    {ENTRY, SP_TOKEN_ARRAY, DETAILS, "failure-details"},
    {POLICY, SP_TOKEN_STRING, DOMAIN_NAME, "policy-domain"},
    {SUMMARY, SP_TOKEN_NUMBER, OK_N, "total-successful-session-count"},
    {SUMMARY, SP_TOKEN_NUMBER, FAILED_N, "total-failure-session-count"},
    {DETAIL, SP_TOKEN_STRING, TYPE, "result-type"},
    {DETAIL, SP_TOKEN_STRING, MX, "receiving-mx-hostname"},
    {DETAIL, SP_TOKEN_NUMBER, COUNT_N, "failed-session-count"},
};

static const char *const types[SP_REPORT_TYPES] = {
    [SP_REPORT_STARTTLS_NOT_SUPPORTED] = "starttls-not-supported",
    [SP_REPORT_CERTIFICATE_HOST_MISMATCH] = "certificate-host-mismatch",
    [SP_REPORT_CERTIFICATE_EXPIRED] = "certificate-expired",
    [SP_REPORT_CERTIFICATE_NOT_TRUSTED] = "certificate-not-trusted",
    [SP_REPORT_VALIDATION_FAILURE] = "validation-failure",
    [SP_REPORT_TLSA_INVALID] = "tlsa-invalid",
    [SP_REPORT_DNSSEC_INVALID] = "dnssec-invalid",
    [SP_REPORT_DANE_REQUIRED] = "dane-required",
    [SP_REPORT_STS_POLICY_FETCH_ERROR] = "sts-policy-fetch-error",
    [SP_REPORT_STS_POLICY_INVALID] = "sts-policy-invalid",
    [SP_REPORT_STS_WEBPKI_INVALID] = "sts-webpki-invalid",
    [SP_REPORT_OTHER] = "other",
};

const char *sp_report_type_text(enum sp_report_type type)
{
    return types[type < SP_REPORT_TYPES ? type : SP_REPORT_OTHER];
}

static int refuse(struct sp_report *r, const char *reason)
{
    r->reason = reason;
    return SP_E_INVALID;
}

/* As much of a name as is kept of it: whole characters, none that steers a terminal. */
static void keep_name(char out[SP_REPORT_NAME], const char *text)
{
    size_t n = strlen(text);

    if (n >= SP_REPORT_NAME) {
        n = SP_REPORT_NAME - 1;
        while (n > 0 && ((uint8_t)text[n] & 0xc0) == 0x80) {
            n--;
        }
    }
    for (size_t i = 0; i < n; i++) {
        out[i] = (uint8_t)text[i] < 0x20 || text[i] == 0x7f ? '?' : text[i];
    }
    out[n] = '\0';
}

/* Values */

static int take_moment(struct sp_report *r, const char *text, sp_utc *out)
{
    return sp_utc_parse_rfc3339(text, out) == 0
               ? 0
               : refuse(r, "a moment of date-range is not written as RFC 3339 has it");
}

static int take_count(struct sp_report *r, const char *text, uint32_t *out)
{
    uint64_t value = UINT32_MAX;

    if (text[strspn(text, "0123456789")] != '\0') {
        return refuse(r, "a session count is no whole number");
    }
    /* What is greater stays at the end. */
    *out = sp_span_u64(sp_span_str(text), UINT32_MAX, &value) == 0 ? (uint32_t)value : UINT32_MAX;
    return 0;
}

static uint8_t type_of(const char *text)
{
    uint8_t type = 0;

    while (type < SP_REPORT_OTHER && strcmp(text, types[type]) != 0) {
        type++;
    }
    return type;
}

static int take_text(struct sp_report *r, const char *text, bool cut)
{
    switch (r->member->what) {
    case ORGANISATION:
        keep_name(r->organisation, text);
        return 0;
    case ID:
        r->id = sp_hash32(text, strlen(text));
        r->has_id = true;
        return 0;
    case START:
        return take_moment(r, text, &r->start);
    case END:
        return take_moment(r, text, &r->end);
    case DOMAIN_NAME:
        if (cut || sp_hostname(sp_span_str(text), r->policy.domain) != 0) {
            return refuse(r, "a policy-domain is no domain name");
        }
        return 0;
    case TYPE:
        r->detail.type = type_of(text);
        return 0;
    default:
        keep_name(r->detail.mx, text);
        return 0;
    }
}

static int take_number(struct sp_report *r, const char *text)
{
    switch (r->member->what) {
    case OK_N:
        return take_count(r, text, &r->policy.ok);
    case FAILED_N:
        return take_count(r, text, &r->policy.failed);
    default:
        return take_count(r, text, &r->detail.failed);
    }
}

/* Policies */

static void count_mx(struct sp_report_counts *counts, const char *name, uint32_t failed)
{
    unsigned i = 0;

    while (i < counts->mx_n && strcmp(counts->mx[i].name, name) != 0) {
        i++;
    }
    if (i == SP_REPORT_MX || name[0] == '\0' || failed == 0) {
        return;
    }
    if (i == counts->mx_n) {
        sp_text_cut(counts->mx[i].name, sizeof counts->mx[i].name, name);
        counts->mx_n++;
    }
    counts->mx[i].failed = sp_report_sum(counts->mx[i].failed, failed);
}

static void end_detail(struct sp_report *r)
{
    uint32_t *type = &r->policy.types[r->detail.type];

    *type = sp_report_sum(*type, r->detail.failed);
    count_mx(&r->policy, r->detail.mx, r->detail.failed);
}

static void add_policy(struct sp_report_counts *total, const struct sp_report_counts *policy)
{
    total->ok = sp_report_sum(total->ok, policy->ok);
    total->failed = sp_report_sum(total->failed, policy->failed);
    for (unsigned i = 0; i < SP_REPORT_TYPES; i++) {
        total->types[i] = sp_report_sum(total->types[i], policy->types[i]);
    }
    for (unsigned i = 0; i < policy->mx_n; i++) {
        count_mx(total, policy->mx[i].name, policy->mx[i].failed);
    }
}

static int end_policy(struct sp_report *r)
{
    if (r->policy.domain[0] == '\0') {
        return refuse(r, "a policy has no policy-domain");
    }
    if (r->total.domain[0] == '\0' && r->is_ours(r->ctx, r->policy.domain)) {
        memcpy(r->total.domain, r->policy.domain, sizeof r->total.domain);
    }
    if (strcmp(r->total.domain, r->policy.domain) == 0) {
        add_policy(&r->total, &r->policy);
    }
    return 0;
}

static int begin_policy(struct sp_report *r)
{
    memset(&r->policy, 0, sizeof r->policy);
    return ++r->policies <= SP_REPORT_POLICIES ? 0 : refuse(r, "it has too many policies");
}

/* Tokens */

static int wrong_type(struct sp_report *r)
{
    return refuse(r, "a member has a value of another type than RFC 8460 gives it");
}

static const struct sp_report_member *find(uint8_t in, const char *key)
{
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        if (members[i].in == in && strcmp(members[i].key, key) == 0) {
            return &members[i];
        }
    }
    return NULL;
}

/* Elements of an array that has a meaning are objects. */
static bool is_list(uint8_t where)
{
    return where == POLICIES || where == DETAILS;
}

static int open(struct sp_report *r, enum sp_token token)
{
    uint8_t around = r->where[r->tokens.depth - 1];
    uint8_t *where = &r->where[r->tokens.depth];
    const struct sp_report_member *member = r->member;

    *where = PASSED_OVER;
    r->member = NULL;
    if (r->tokens.depth == 1) {
        *where = TOP;
        return token == SP_TOKEN_OBJECT ? 0 : refuse(r, "it is no JSON object");
    }
    if (is_list(around)) {
        *where = around == POLICIES ? ENTRY : DETAIL;
        memset(&r->detail, 0, sizeof r->detail);
        r->detail.type = SP_REPORT_OTHER;
        if (token != SP_TOKEN_OBJECT) {
            return wrong_type(r);
        }
        return around == POLICIES ? begin_policy(r) : 0;
    }
    if (member == NULL) {
        return 0;
    }
    *where = member->what;
    r->has_policies = r->has_policies || *where == POLICIES;
    return member->token == (uint8_t)token ? 0 : wrong_type(r);
}

static int end(struct sp_report *r)
{
    uint8_t where = r->where[r->tokens.depth + 1];

    if (where == DETAIL) {
        end_detail(r);
    }
    return where == ENTRY ? end_policy(r) : 0;
}

static int value(struct sp_report *r, enum sp_token token, const char *text, bool cut)
{
    int err = 0;

    if (r->tokens.depth == 0) {
        return refuse(r, "it is no JSON object");
    }
    if (is_list(r->where[r->tokens.depth])) {
        return wrong_type(r);
    }
    if (r->member == NULL || (token == SP_TOKEN_LITERAL && strcmp(text, "null") == 0)) {
        r->member = NULL;
        return 0;
    }
    if (r->member->token != (uint8_t)token) {
        return wrong_type(r);
    }
    err = token == SP_TOKEN_STRING ? take_text(r, text, cut) : take_number(r, text);
    r->member = NULL;
    return err;
}

static int told(void *ctx, enum sp_token token, const char *text, bool cut)
{
    struct sp_report *r = ctx;

    switch (token) {
    case SP_TOKEN_OBJECT:
    case SP_TOKEN_ARRAY:
        return open(r, token);
    case SP_TOKEN_END:
        return end(r);
    case SP_TOKEN_KEY:
        r->member = cut ? NULL : find(r->where[r->tokens.depth], text);
        return 0;
    case SP_TOKEN_STRING:
    case SP_TOKEN_NUMBER:
    case SP_TOKEN_LITERAL:
        break;
    }
    return value(r, token, text, cut);
}

/* All of it */

void sp_report_begin(struct sp_report *r, bool (*is_ours)(void *ctx, const char *domain), void *ctx)
{
    memset(r, 0, sizeof *r);
    r->is_ours = is_ours;
    r->ctx = ctx;
    sp_tokens_begin(&r->tokens, told, r);
}

static int explain(struct sp_report *r, int err)
{
    if (err != 0 && r->reason == NULL) {
        r->reason = err == SP_E_TOO_BIG ? "its JSON is nested too deep" : "it is no valid JSON";
    }
    return err;
}

int sp_report_feed(struct sp_report *r, struct sp_span bytes)
{
    return explain(r, sp_tokens_feed(&r->tokens, bytes));
}

static void make_id(struct sp_report *r)
{
    uint32_t parts[3] = {sp_hash32(r->organisation, strlen(r->organisation)),
                         sp_hash32(r->total.domain, strlen(r->total.domain)), (uint32_t)r->start};

    /* Two reporters may choose the same id. */
    parts[1] = r->has_id ? r->id : parts[1];
    parts[2] = r->has_id ? 0 : parts[2];
    r->id = sp_hash32(parts, sizeof parts);
}

int sp_report_finish(struct sp_report *r)
{
    int err = explain(r, sp_tokens_finish(&r->tokens));

    if (err != 0) {
        return err;
    }
    if (r->organisation[0] == '\0') {
        return refuse(r, "it has no organization-name");
    }
    if (r->start <= 0 || r->end < r->start) {
        return refuse(r, "its date-range is missing or ends before it begins");
    }
    if (!r->has_policies) {
        return refuse(r, "it has no policies");
    }
    if (r->total.domain[0] == '\0') {
        r->reason = "it is about no domain of this appliance";
        return SP_E_NOT_FOUND;
    }
    make_id(r);
    return 0;
}
