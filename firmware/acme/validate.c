/* Proving that the host is ours (RFC 8555 7.5, 8.3): what the CA wants to see is fetched from
 * ourselves first, the way the CA will. Only then is the CA told: a challenge that fails costs
 * quota. */
#include "acme/client.h"

#include "acme/problem.h"
#include "base/err.h"
#include "base/log.h"

#include <string.h>

#define PATH "/.well-known/acme-challenge/"
#define KEY_AUTHORIZATION_SIZE (SP_ACME_TOKEN_MAX + 1 + SP_ACME_THUMBPRINT_SIZE)

void sp_acme_key_authorization(const struct sp_acme_client *c, struct sp_buf *out)
{
    sp_buf_printf(out, "%s.%s", c->job.authorization.token, c->job.thumbprint);
}

/* What has to be proven
 * ---------------------------------------------------------------------------- */

int sp_acme_authorization_begin(struct sp_acme_client *c, sp_time now)
{
    (void)now;
    sp_acme_exchange_begin(c, SP_ACME_POST_ACCOUNT, c->job.authorization_url, NULL);
    return 0;
}

static int make_thumbprint(struct sp_acme_client *c)
{
    struct sp_key key;
    int err = sp_acme_account_key(c, &key);

    if (err == 0) {
        err = sp_acme_thumbprint(&key, c->job.thumbprint);
    }
    sp_key_wipe(&key);
    return err;
}

static int read_authorization(struct sp_acme_client *c)
{
    return sp_acme_authorization_parse(sp_acme_answer(c), c->job.host, &c->job.authorization,
                                       &c->problem);
}

static int validated(struct sp_acme_client *c)
{
    sp_acme_set_state(c, SP_ACME_ST_FINALIZE);
    return 0;
}

static bool is_invalid(const struct sp_acme_authorization *authorization)
{
    return authorization->status == SP_ACME_INVALID ||
           authorization->challenge_status == SP_ACME_INVALID;
}

/* When the CA was told before a reset, it may have looked while nobody was there to answer. */
static int invalid(struct sp_acme_client *c)
{
    if (c->job.resumed && !c->job.told) {
        return sp_acme_new_order_instead(c);
    }
    return sp_acme_fail_invalid(c);
}

int sp_acme_authorization_answer(struct sp_acme_client *c, sp_time now)
{
    const struct sp_acme_authorization *authorization = &c->job.authorization;
    int err = read_authorization(c);

    if (err < 0) {
        return sp_acme_fail_reading(c, err, "authorization");
    }
    if (authorization->status == SP_ACME_VALID) {
        return validated(c);
    }
    if (is_invalid(authorization)) {
        return invalid(c);
    }
    if (authorization->challenge[0] == '\0') {
        c->job.over = true;
        return sp_acme_fail(c, SP_E_REFUSED,
                            "The CA does not offer to validate {host} over HTTP (http-01)",
                            "Choose another CA with \"ca set URL\"");
    }
    err = make_thumbprint(c);
    if (err < 0) {
        return err;
    }
    if (authorization->challenge_status !=
        SP_ACME_PENDING) { /* a reset came after the CA was told */
        return sp_acme_poll_first(c, SP_ACME_ST_VALIDATION, now);
    }
    c->job.family = 6;
    c->job.absent = 0;
    sp_acme_set_state(c, SP_ACME_ST_SELF_TEST);
    return 0;
}

/* The self-test
 * ------------------------------------------------------------------------------------ */

int sp_acme_self_test_begin(struct sp_acme_client *c, sp_time now)
{
    struct sp_buf out;

    (void)now;
    sp_buf_init(&out, c->job.last.own, sizeof c->job.last.own);
    sp_buf_printf(&out, "http://%s" PATH "%s", c->job.host, c->job.authorization.token);
    if (out.cut) { /* a host and a token of the greatest length */
        sp_log_warn(SP_ACME_ROOM, "%s: the challenge's URL is too long to be tried first",
                    c->job.host);
        sp_acme_set_state(c, SP_ACME_ST_CHALLENGE);
        return 0;
    }
    sp_acme_exchange_begin(c, SP_ACME_GET_OWN, c->job.last.own, NULL);
    c->exchange.family = c->job.family;
    return 0;
}

static int fail_self_test(struct sp_acme_client *c, const char *answer)
{
    char address[SP_ADDR_SIZE];
    struct sp_buf detail;

    sp_buf_init(&detail, c->problem.detail, sizeof c->problem.detail);
    sp_buf_printf(&detail, "%s answered over IPv%u with %s",
                  c->exchange.http->address.family != 0
                      ? sp_addr_text(&c->exchange.http->address, address)
                      : "a server",
                  (unsigned)c->job.family, answer);
    return sp_acme_fail(
        c, SP_E_REFUSED,
        "The challenge of {host} was tried before the CA was asked, and did not come "
        "to this appliance",
        "Let port 80 of every A and AAAA address of {host} lead here, without a "
        "redirect, then try again");
}

/* On to the next family, or to the CA. */
static int next_family(struct sp_acme_client *c, sp_time now)
{
    if (c->job.family == 6) {
        c->job.family = 4;
        sp_acme_again(c, now, 0);
        return 0;
    }
    if (c->job.absent == 2) {
        return sp_acme_fail(c, SP_E_DNS_NODATA, "{host} has no address in DNS",
                            "Publish its A and AAAA records, then try again");
    }
    sp_acme_set_state(c, SP_ACME_ST_CHALLENGE);
    return 0;
}

/* The CA takes what stands before white space at the end (RFC 8555 8.3). */
static struct sp_span without_end(struct sp_span body)
{
    while (body.n > 0 && strchr(" \t\r\n", body.p[body.n - 1]) != NULL && body.p[body.n - 1] != 0) {
        body.n--;
    }
    return body;
}

int sp_acme_self_test_answer(struct sp_acme_client *c, sp_time now)
{
    char text[KEY_AUTHORIZATION_SIZE];
    char answer[48];
    struct sp_buf expected;
    struct sp_buf out;
    int status = c->exchange.http->status;

    sp_buf_init(&expected, text, sizeof text);
    sp_acme_key_authorization(c, &expected);
    if (status == 200 && sp_span_is(without_end(sp_acme_answer(c)), expected.p)) {
        return next_family(c, now);
    }
    sp_buf_init(&out, answer, sizeof answer);
    if (status == 200) {
        sp_buf_puts(&out, "something else");
    } else {
        sp_buf_printf(&out, "status %d", status);
    }
    return fail_self_test(c, answer);
}

int sp_acme_self_test_lost(struct sp_acme_client *c, int err, sp_time now)
{
    if (err == SP_E_HTTP || err == SP_E_TOO_BIG) {
        return fail_self_test(c, err == SP_E_HTTP ? "no HTTP" : "something else");
    }
    if (err == SP_E_DNS_NODATA || err == SP_E_DNS_NXDOMAIN) {
        c->job.absent++;
    } else {
        sp_log_warn(SP_ACME_ROOM,
                    "%s: the challenge could not be tried over IPv%u (%s): the CA has to tell",
                    c->job.host, (unsigned)c->job.family, sp_err_text(err));
    }
    return next_family(c, now);
}

/* The CA's verdict
 * --------------------------------------------------------------------------------- */

static int put_nothing(struct sp_acme_client *c, struct sp_buf *out)
{
    (void)c;
    sp_buf_puts(out, "{}");
    return 0;
}

int sp_acme_challenge_begin(struct sp_acme_client *c, sp_time now)
{
    (void)now;
    c->job.told = true;
    sp_acme_exchange_begin(c, SP_ACME_POST_ACCOUNT, c->job.authorization.challenge, put_nothing);
    return 0;
}

int sp_acme_challenge_answer(struct sp_acme_client *c, sp_time now)
{
    return sp_acme_poll_first(c, SP_ACME_ST_VALIDATION, now);
}

/* When the answer to an earlier attempt was lost, the challenge may be past being told about. */
int sp_acme_challenge_refused(struct sp_acme_client *c, sp_time now)
{
    if (c->exchange.lost && sp_acme_problem_names(sp_acme_answer(c), "malformed")) {
        return sp_acme_poll_first(c, SP_ACME_ST_VALIDATION, now);
    }
    return sp_acme_fail_refused(c);
}

int sp_acme_validation_begin(struct sp_acme_client *c, sp_time now)
{
    return sp_acme_authorization_begin(c, now);
}

int sp_acme_validation_answer(struct sp_acme_client *c, sp_time now)
{
    int err = read_authorization(c);

    if (err < 0) {
        return sp_acme_fail_reading(c, err, "authorization");
    }
    if (c->job.authorization.status == SP_ACME_VALID) {
        return validated(c);
    }
    if (is_invalid(&c->job.authorization)) {
        return invalid(c);
    }
    return sp_acme_poll_again(c, now);
}
