/*
 * port80: the CA's challenges come here over every address that is published. Each family is tried
 * by fetching a nonce from ourselves, as the CA will fetch its token.
 */
#include "checks/checks_internal.h"

#include "base/err.h"
#include "net/net.h"

#include <string.h>

static bool is_absent(int err)
{
    return err == SP_E_DNS_NODATA || err == SP_E_DNS_NXDOMAIN;
}

static bool is_dns_error(int err)
{
    return err <= SP_E_DNS_SERVFAIL && err >= SP_E_DNS_NO_SERVER;
}

/* Not even a connection, or one that nobody speaks on. */
static bool is_lost(int err)
{
    return err == SP_E_REFUSED || err == SP_E_UNREACHABLE || err == SP_E_TIMEOUT ||
           err == SP_E_CLOSED;
}

/* A configured public address that is not the interface's: behind NAT, a router may let no one from
 * inside come back by it. IPv6 has no such excuse. */
static bool is_nat(const struct sp_check_run *run, const struct sp_addr *addr)
{
    return addr->family == 4 && sp_check_is_own(run, addr) && !sp_net_is_own(addr);
}

/* The answer is the nonce, and there may be white space behind it (RFC 8555 8.3). */
static bool is_nonce(const struct sp_check_run *run, struct sp_span body)
{
    while (body.n > 0 && (body.p[body.n - 1] == '\n' || body.p[body.n - 1] == '\r')) {
        body.n--;
    }
    return sp_span_is(body, run->nonce);
}

static enum sp_check_reach reach_of(const struct sp_check_run *run,
                                    const struct sp_http_result *result)
{
    int err = result->result;

    if (err == SP_OK) {
        return result->status == 200 && is_nonce(run, result->body) ? SP_REACH_OK : SP_REACH_WRONG;
    }
    if (is_absent(err)) {
        return SP_REACH_ABSENT;
    }
    if (is_lost(err)) {
        return is_nat(run, &result->address) ? SP_REACH_NAT : SP_REACH_LOST;
    }
    if (is_dns_error(err)) {
        return SP_REACH_OPEN;
    }
    return err == SP_E_HTTP || err == SP_E_PROTOCOL || err == SP_E_TOO_BIG ? SP_REACH_WRONG
                                                                           : SP_REACH_BUSY;
}

static void note_side(struct sp_check_run *run, const char *name,
                      const struct sp_http_result *result, const struct sp_check_port80_side *side)
{
    struct sp_check_pen *check = sp_check_of(run, SP_CHECK_PORT80);
    char addr[SP_ADDR_SIZE];

    if (side->reach == SP_REACH_ABSENT) {
        sp_check_note(check, name, "no address");
    } else if (result->result != SP_OK) {
        sp_check_note(check, name, "%s: %s", sp_addr_text(&side->address, addr),
                      sp_err_text(result->result));
    } else {
        sp_check_note(check, name, "%s: status %d, %s, %lu ms%s",
                      sp_addr_text(&side->address, addr), result->status,
                      side->reach == SP_REACH_OK ? "the nonce" : "something else",
                      (unsigned long)result->elapsed_ms,
                      sp_net_is_own(&side->address) ? ", from the appliance itself" : "");
    }
    if (result->location[0] != '\0') {
        sp_check_note(check, "location", "%.190s", result->location);
    }
}

void sp_check_port80_side(struct sp_check_run *run, bool is6, const struct sp_http_result *result)
{
    struct sp_check_port80_side *side = &run->port80[is6];

    side->reach = reach_of(run, result);
    side->err = result->result;
    side->status = result->status;
    side->address = result->address;
    if (!is6) {
        sp_check_note(sp_check_of(run, SP_CHECK_PORT80), "url", "http://%s" SP_CHECK_CHALLENGE "%s",
                      run->host, run->nonce);
    }
    note_side(run, is6 ? "IPv6" : "IPv4", result, side);
}

/* --- the verdict --- */

static const struct sp_check_port80_side *side_that(const struct sp_check_run *run,
                                                    enum sp_check_reach reach)
{
    for (unsigned i = 2; i > 0; i--) { /* IPv6 first, as the CA does */
        if (run->port80[i - 1].reach == reach) {
            return &run->port80[i - 1];
        }
    }
    return NULL;
}

static void say_wrong(struct sp_check_run *run, struct sp_check_pen *check,
                      const struct sp_check_port80_side *side)
{
    char addr[SP_ADDR_SIZE];

    if (side->status >= 300 && side->status < 400) {
        sp_check_say(check, SP_CHECK_FAIL, "answer_differs",
                     "%s redirects the CA's challenge path (status %d): something else than this "
                     "appliance answers on its port 80.",
                     sp_addr_text(&side->address, addr), side->status);
    } else {
        sp_check_say(check, SP_CHECK_FAIL, "answer_differs",
                     "Something else than this appliance answers on port 80 of %s (status %d).",
                     sp_addr_text(&side->address, addr), side->status);
    }
    sp_check_remedy(check,
                    "Let port 80 of every address of %s lead to this appliance, without a redirect "
                    "in between.",
                    run->host);
}

static const char *lost_code(int err)
{
    switch (err) {
    case SP_E_REFUSED:
        return "refused";
    case SP_E_TIMEOUT:
        return "timeout";
    case SP_E_CLOSED:
        return "closed";
    default:
        return "unreachable";
    }
}

static void say_lost(struct sp_check_run *run, struct sp_check_pen *check,
                     const struct sp_check_port80_side *side)
{
    unsigned family = side->address.family;
    enum sp_check_reach other = run->port80[family == 4].reach;
    char addr[SP_ADDR_SIZE];

    (void)sp_addr_text(&side->address, addr);
    if (other == SP_REACH_OK || other == SP_REACH_NAT) {
        sp_check_say(
            check, SP_CHECK_FAIL, "family_fails",
            "Port 80 of %s is not reached over IPv%u, at %s: %s%s.", run->host, family, addr,
            sp_err_text(side->err),
            other == SP_REACH_OK ? (family == 6 ? "; over IPv4 it is" : "; over IPv6 it is") : "");
        sp_check_remedy(check,
                        "See that router and firewall let port 80 of %s in, or remove that %s "
                        "record: the CA tries IPv6 first.",
                        addr, family == 6 ? "AAAA" : "A");
        return;
    }
    sp_check_say(check, SP_CHECK_FAIL, lost_code(side->err),
                 "Port 80 of %s is not reached at %s: %s.", run->host, addr,
                 sp_err_text(side->err));
    sp_check_remedy(check,
                    "See that nothing between (router, firewall) stops port 80, and that %s is the "
                    "appliance: the CA validates over it.",
                    addr);
}

static void say_absent(struct sp_check_run *run, struct sp_check_pen *check)
{
    bool none = run->port80[0].err == SP_E_DNS_NXDOMAIN || run->port80[1].err == SP_E_DNS_NXDOMAIN;

    sp_check_say(check, SP_CHECK_FAIL, none ? "nxdomain" : "no_address", "%s %s.", run->host,
                 none ? "does not exist in DNS" : "has no address in DNS");
    sp_check_remedy(check, "Publish the address records that `dns %s` prints.", run->input.domain);
}

static void say_nat(struct sp_check_run *run, struct sp_check_pen *check,
                    const struct sp_check_port80_side *side)
{
    char addr[SP_ADDR_SIZE];

    sp_check_say(check, SP_CHECK_UNKNOWN, "no_hairpin",
                 "Port 80 of %s could not be reached from inside the network (%s); whether it can "
                 "from outside cannot be told here.",
                 sp_addr_text(&side->address, addr), sp_err_text(side->err));
    sp_check_remedy(check, "See that the router forwards port 80 to this appliance: the CA "
                           "validates over it.");
    (void)run;
}

void sp_check_port80_judge(struct sp_check_run *run)
{
    struct sp_check_pen *check = sp_check_of(run, SP_CHECK_PORT80);
    const struct sp_check_port80_side *side;

    if ((side = side_that(run, SP_REACH_WRONG)) != NULL) {
        say_wrong(run, check, side);
    } else if ((side = side_that(run, SP_REACH_LOST)) != NULL) {
        say_lost(run, check, side);
    } else if ((side = side_that(run, SP_REACH_OPEN)) != NULL) {
        sp_check_say_dns_error(check, run->host, side->err);
    } else if ((side = side_that(run, SP_REACH_BUSY)) != NULL) {
        sp_check_say_busy(run, check, sp_err_text(side->err));
    } else if ((side = side_that(run, SP_REACH_NAT)) != NULL) {
        say_nat(run, check, side);
    } else if (side_that(run, SP_REACH_OK) == NULL) {
        say_absent(run, check);
    } else {
        sp_check_say(check, SP_CHECK_PASS, "ok",
                     "The CA's challenge path on port 80 of %s leads here%s.", run->host,
                     side_that(run, SP_REACH_ABSENT) == NULL ? " over IPv4 and IPv6" : "");
    }
}
