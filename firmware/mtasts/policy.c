#include "mtasts/policy.h"

#include "base/err.h"
#include "crypto/crypto.h"
#include "mtasts/names.h"

#include <stdio.h>
#include <string.h>

/* The id's bytes of the hash: their hexadecimal fills the 32 characters that RFC 8461 3.1 allows.
 */
#define ID_BYTES ((SP_POLICY_ID_SIZE - 1) / 2)

static const char *const mode_texts[] = {
    [SP_MODE_TESTING] = "testing",
    [SP_MODE_ENFORCE] = "enforce",
    [SP_MODE_NONE] = "none",
};

const char *sp_mode_text(enum sp_mode mode)
{
    return (unsigned)mode <= SP_MODE_NONE ? mode_texts[mode] : "?";
}

int sp_mode_parse(struct sp_span text, enum sp_mode *out)
{
    for (unsigned i = 0; i <= SP_MODE_NONE; i++) {
        if (sp_span_is(text, mode_texts[i])) {
            *out = (enum sp_mode)i;
            return 0;
        }
    }
    return SP_E_INVALID;
}

static int refuse(struct sp_span text, const char *fault, char *why, size_t cap)
{
    char quoted[SP_QUOTE_SIZE];

    (void)snprintf(why, cap, "%s %s.", sp_name_quote(text, quoted), fault);
    return SP_E_INVALID;
}

/* A wildcard stands for one label (RFC 8461 4.1), so that what follows it is a domain of its own.
 */
static const char *wildcard_fault(struct sp_span text)
{
    struct sp_span below = sp_span(text.p + 2, text.n - 2);
    const char *fault = sp_name_fault(below);

    if (below.n == 0 || (fault != NULL && memchr(below.p, '.', below.n) == NULL)) {
        return "covers a whole top level: a wildcard needs a domain below it, as in *.example.com";
    }
    return fault;
}

static const char *mx_fault(struct sp_span text)
{
    return sp_span_starts(text, "*.") ? wildcard_fault(text) : sp_name_fault(text);
}

/* After mx_fault has found none. */
static int mx_normal(struct sp_span text, char *out)
{
    size_t star = sp_span_starts(text, "*.") ? 2 : 0;

    memcpy(out, "*.", star);
    return sp_hostname(sp_span(text.p + star, text.n - star), out + star);
}

static bool has_mx(const struct sp_policy *policy, const char *mx)
{
    for (unsigned i = 0; i < policy->mx_n; i++) {
        if (strcmp(policy->mx[i], mx) == 0) {
            return true;
        }
    }
    return false;
}

int sp_policy_add_mx(struct sp_policy *policy, struct sp_span text, char *why, size_t cap)
{
    char mx[sizeof policy->mx[0]];
    const char *fault;

    text = sp_span_trim(text);
    fault = mx_fault(text);
    if (fault != NULL) {
        return refuse(text, fault, why, cap);
    }
    if (mx_normal(text, mx) < 0) {
        return refuse(text, "is not a host name", why, cap);
    }
    if (has_mx(policy, mx)) {
        return refuse(text, "is in the list of mx names twice", why, cap);
    }
    if (policy->mx_n >= SP_MX_MAX) {
        return refuse(text, "is one mx name too many: a policy takes 16", why, cap);
    }
    memcpy(policy->mx[policy->mx_n++], mx, strlen(mx) + 1);
    return 0;
}

int sp_policy_check(const struct sp_policy *policy, char *why, size_t cap)
{
    if (policy->mx_n == 0) {
        (void)snprintf(why, cap, "A policy needs at least one mx name: the hosts that take mail.");
        return SP_E_INVALID;
    }
    if (policy->max_age < SP_MAX_AGE_MIN || policy->max_age > SP_MAX_AGE_MAX) {
        (void)snprintf(why, cap,
                       "A max_age of %lu is not accepted by all senders: %u to %u seconds "
                       "(a day to a year) are.",
                       (unsigned long)policy->max_age, SP_MAX_AGE_MIN, SP_MAX_AGE_MAX);
        return SP_E_INVALID;
    }
    if (policy->mx_n > SP_MX_MAX || (unsigned)policy->mode > SP_MODE_NONE) {
        (void)snprintf(why, cap, "The policy's mode or its number of mx names is impossible.");
        return SP_E_INVALID;
    }
    return 0;
}

/* The text in pieces, so that its id needs no room for the whole: 4.6 KB at most. */
struct lines {
    struct sp_span pieces[2 + 3 * SP_MX_MAX];
    size_t n;
    char first[48], last[32];
};

static void add(struct lines *lines, const char *text)
{
    lines->pieces[lines->n++] = sp_span_str(text);
}

/* mx stays under mode "none": one widely used sender refuses a policy without. */
static void make_lines(const struct sp_policy *policy, struct lines *lines)
{
    lines->n = 0;
    (void)snprintf(lines->first, sizeof lines->first, "version: STSv1\r\nmode: %s\r\n",
                   sp_mode_text(policy->mode));
    add(lines, lines->first);
    for (unsigned i = 0; i < policy->mx_n; i++) {
        add(lines, "mx: ");
        add(lines, policy->mx[i]);
        add(lines, "\r\n");
    }
    (void)snprintf(lines->last, sizeof lines->last, "max_age: %lu\r\n",
                   (unsigned long)policy->max_age);
    add(lines, lines->last);
}

int sp_policy_text(const struct sp_policy *policy, struct sp_buf *out)
{
    struct lines lines;

    make_lines(policy, &lines);
    for (size_t i = 0; i < lines.n; i++) {
        sp_buf_put(out, lines.pieces[i].p, lines.pieces[i].n);
    }
    return out->cut ? SP_E_SPACE : 0;
}

void sp_policy_id(const struct sp_policy *policy, char *out)
{
    struct lines lines;
    uint8_t hash[SP_SHA256_SIZE];
    struct sp_buf buf;

    make_lines(policy, &lines);
    sp_sha256v(lines.pieces, lines.n, hash);
    if (policy->turn != 0) {
        const uint8_t turn[] = {(uint8_t)(policy->turn & 0xFF), (uint8_t)(policy->turn >> 8)};
        const struct sp_span pieces[] = {sp_span(hash, sizeof hash), sp_span(turn, sizeof turn)};

        sp_sha256v(pieces, 2, hash);
    }
    sp_buf_init(&buf, out, SP_POLICY_ID_SIZE);
    sp_hex(&buf, sp_span(hash, ID_BYTES));
}
