/* dns: every address of mta-sts.{domain} is this appliance. */
#include "checks/checks_internal.h"

#include "base/err.h"

#include <string.h>

/* The lowest stands for all, so that the reason stays the same while resolvers rotate answers. */
static void keep_lowest(unsigned n, struct sp_addr *lowest, const struct sp_addr *addr)
{
    if (n == 0 || memcmp(addr->bytes, lowest->bytes, sizeof addr->bytes) < 0) {
        *lowest = *addr;
    }
}

void sp_check_dns_side(struct sp_check_run *run, enum sp_dns_type type,
                       const struct sp_dns_answer *answer)
{
    struct sp_check_side *side = type == SP_DNS_A ? &run->side4 : &run->side6;
    struct sp_dns_cursor cursor = {0};
    struct sp_dns_record record;

    memset(side, 0, sizeof *side);
    side->result = answer->result;
    while (sp_dns_next(answer, &cursor, &record)) {
        if (record.type == SP_DNS_CNAME) {
            sp_text_cut(run->alias, sizeof run->alias, record.u.host);
        }
        if (record.type != type) {
            continue;
        }
        if (sp_check_is_own(run, &record.u.addr)) {
            keep_lowest(side->own++, &side->first_own, &record.u.addr);
        } else {
            keep_lowest(side->foreign++, &side->first_foreign, &record.u.addr);
        }
    }
    sp_check_note_answer(sp_check_of(run, SP_CHECK_DNS), type == SP_DNS_A ? "A" : "AAAA", run->host,
                         answer);
}

static void own_text(const struct sp_check_run *run, uint8_t family, char *out)
{
    sp_text_cut(out, SP_ADDR_SIZE, family == 4 ? "no IPv4 address" : "no IPv6 address");
    for (unsigned i = 0; i < run->input.own_n; i++) {
        if (run->input.own[i].family == family && sp_addr_is_global(&run->input.own[i])) {
            (void)sp_addr_text(&run->input.own[i], out);
            return;
        }
    }
}

static void say_elsewhere(struct sp_check_run *run, struct sp_check_pen *check)
{
    bool is4 = run->side4.foreign > 0;
    char addr[SP_ADDR_SIZE];
    char own[SP_ADDR_SIZE];
    (void)sp_addr_text(is4 ? &run->side4.first_foreign : &run->side6.first_foreign, addr);
    own_text(run, is4 ? 4 : 6, own);
    if (is4) {
        sp_check_say(check, SP_CHECK_FAIL, "a_elsewhere",
                     "%s has the address %s, which is not this appliance (%s).", run->host, addr,
                     own);
        sp_check_remedy(check,
                        "Correct the A record as `dns %s` prints it; if %s is the address "
                        "the world sees, say so with `net public`.",
                        run->input.domain, addr);
        return;
    }
    sp_check_say(check, SP_CHECK_FAIL, "aaaa_stray",
                 "%s has a stray AAAA record, %s, which is not this appliance (%s): the CA and "
                 "senders try IPv6 first and end there.",
                 run->host, addr, own);
    sp_check_remedy(check, "Remove that AAAA record, or correct it as `dns %s` prints it.",
                    run->input.domain);
}

static void say_pass(struct sp_check_run *run, struct sp_check_pen *check)
{
    char addr4[SP_ADDR_SIZE] = "";
    char addr6[SP_ADDR_SIZE] = "";
    if (run->side4.own > 0) {
        (void)sp_addr_text(&run->side4.first_own, addr4);
    }
    if (run->side6.own > 0) {
        (void)sp_addr_text(&run->side6.first_own, addr6);
    }
    sp_check_say(check, SP_CHECK_PASS, "ok", "%s resolves to this appliance (%s%s%s).", run->host,
                 addr4, addr4[0] != '\0' && addr6[0] != '\0' ? ", " : "", addr6);
}

static void say_missing(struct sp_check_run *run, struct sp_check_pen *check)
{
    bool none = run->side4.result == SP_E_DNS_NXDOMAIN || run->side6.result == SP_E_DNS_NXDOMAIN;
    if (none && run->alias[0] != '\0') {
        sp_check_say(check, SP_CHECK_FAIL, "alias_broken",
                     "%s is an alias (CNAME) of %s, which does not exist in DNS.", run->host,
                     run->alias);
        sp_check_remedy(check,
                        "Give %.120s its addresses, or replace the alias by what `dns %s` prints.",
                        run->alias, run->input.domain);
        return;
    }
    if (none) {
        sp_check_say(check, SP_CHECK_FAIL, "nxdomain", "%s does not exist in DNS.", run->host);
    } else {
        sp_check_say(check, SP_CHECK_FAIL, "no_address", "%s has neither an A nor an AAAA record.",
                     run->host);
    }
    sp_check_remedy(check, "Publish the address records that `dns %s` prints.", run->input.domain);
}

static void say_own_unknown(struct sp_check_run *run, struct sp_check_pen *check)
{
    sp_check_say(check, SP_CHECK_UNKNOWN, "own_address_unknown",
                 "The appliance has no address itself, so it cannot tell whether %s points here.",
                 run->host);
    sp_check_remedy(check, "See `net`: the network must be up, or give the address that the world "
                           "sees with `net public`.");
}

static void note_own(struct sp_check_run *run, struct sp_check_pen *check)
{
    char array[SP_CHECK_EVIDENCE_SIZE];
    char addr[SP_ADDR_SIZE];
    struct sp_buf text;
    sp_buf_init(&text, array, sizeof array);
    for (unsigned i = 0; i < run->input.own_n; i++) {
        sp_buf_printf(&text, "%s%s", i > 0 ? ", " : "", sp_addr_text(&run->input.own[i], addr));
    }
    sp_check_note(check, "appliance", "%s", run->input.own_n > 0 ? array : "no address");
}

/* What is certainly wrong comes before what cannot be told. */
void sp_check_dns_judge(struct sp_check_run *run)
{
    struct sp_check_pen *check = sp_check_of(run, SP_CHECK_DNS);
    unsigned foreign = run->side4.foreign + run->side6.foreign;
    note_own(run, check);
    if (foreign > 0 && run->input.own_n == 0) {
        say_own_unknown(run, check);
    } else if (foreign > 0) {
        say_elsewhere(run, check);
    } else if (sp_check_is_open(run->side4.result)) {
        sp_check_say_dns_error(check, run->host, run->side4.result);
    } else if (sp_check_is_open(run->side6.result)) {
        sp_check_say_dns_error(check, run->host, run->side6.result);
    } else if (run->side4.own + run->side6.own == 0) {
        say_missing(run, check);
    } else {
        say_pass(run, check);
    }
}
