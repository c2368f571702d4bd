/* dns: every address of mta-sts.{domain} is this appliance. */
#include "checks/checks_internal.h"

#include "base/err.h"

#include <string.h>

#define PROVE_AGAIN_MS 100

/* The lowest stands for all, so that the reason stays the same while resolvers rotate answers. */
static void keep_lowest(unsigned n, struct sp_addr *lowest, const struct sp_addr *addr)
{
    if (n == 0 || memcmp(addr->bytes, lowest->bytes, sizeof addr->bytes) < 0) {
        *lowest = *addr;
    }
}

static struct sp_check_side *side_of(struct sp_check_run *run, enum sp_dns_type type)
{
    return type == SP_DNS_A ? &run->side4 : &run->side6;
}

void sp_check_dns_begin(struct sp_check_run *run, enum sp_dns_type type,
                        const struct sp_dns_answer *answer)
{
    struct sp_dns_cursor cursor = {0};
    struct sp_dns_record record;

    *side_of(run, type) = (struct sp_check_side){.result = answer->result};
    run->proving = (struct sp_dns_cursor){0};
    run->proofs = 0;
    while (sp_dns_next(answer, &cursor, &record)) {
        if (record.type == SP_DNS_CNAME) {
            sp_text_cut(run->alias, sizeof run->alias, record.u.host);
        }
    }
    sp_check_note_answer(sp_check_of(run, SP_CHECK_DNS), type == SP_DNS_A ? "A" : "AAAA", run->host,
                         answer);
}

/* --- foreign addresses --- */

static bool has_global4(const struct sp_check_run *run)
{
    for (unsigned i = 0; i < run->input.own_n; i++) {
        if (run->input.own[i].family == 4 && sp_addr_is_global(&run->input.own[i])) {
            return true;
        }
    }
    return false;
}

/* Behind NAT, when nobody said what the world sees, it may be that address; and a router may let no
 * one from inside come back by it. IPv6 has no such excuse. */
static bool may_be_nat(const struct sp_check_run *run, const struct sp_addr *addr)
{
    return addr->family == 4 && sp_addr_is_global(addr) && run->input.own_n > 0 &&
           !has_global4(run);
}

static void note_proof(struct sp_check_run *run, const struct sp_addr *addr, int result)
{
    char text[SP_ADDR_SIZE];

    sp_check_note(sp_check_of(run, SP_CHECK_DNS), "proof", "%s: %s", sp_addr_text(addr, text),
                  result == 1   ? "the appliance reaches itself there"
                  : result == 0 ? "something else answers there"
                                : sp_err_text(result));
}

/* As `prove` of the input: 1, 0, SP_E_AGAIN, or an error. */
static int is_ours(struct sp_check_run *run, const struct sp_addr *addr, sp_time now)
{
    int result;

    if (sp_check_is_own(run, addr)) {
        return 1;
    }
    if (run->input.prove == NULL || run->proofs == SP_CHECK_PROOFS) {
        return 0;
    }
    result = run->input.prove(run->input.ctx, addr, now);
    if (result != SP_E_AGAIN) {
        run->proofs++;
        note_proof(run, addr, result);
    }
    return result;
}

static void take_address(struct sp_check_run *run, const struct sp_addr *addr, int ours)
{
    struct sp_check_side *side = side_of(run, addr->family == 4 ? SP_DNS_A : SP_DNS_AAAA);

    if (ours == 1) {
        keep_lowest(side->own++, &side->first_own, addr);
    } else if (ours < 0 && may_be_nat(run, addr)) {
        run->unproved.err = run->unproved.n == 0 ? ours : run->unproved.err;
        keep_lowest(run->unproved.n++, &run->unproved.first, addr);
    } else {
        keep_lowest(side->foreign++, &side->first_foreign, addr);
    }
}

bool sp_check_dns_side(struct sp_check_run *run, enum sp_dns_type type,
                       const struct sp_dns_answer *answer, sp_time now, sp_time *next)
{
    struct sp_dns_cursor cursor = run->proving;
    struct sp_dns_record record;

    while (sp_dns_next(answer, &cursor, &record)) {
        int ours = record.type == type ? is_ours(run, &record.u.addr, now) : 0;

        if (ours == SP_E_AGAIN) {
            *next = now + PROVE_AGAIN_MS;
            return false;
        }
        if (record.type == type) {
            take_address(run, &record.u.addr, ours);
        }
        run->proving = cursor;
    }
    return true;
}

/* --- the verdict --- */

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

static void say_unproved(struct sp_check_run *run, struct sp_check_pen *check)
{
    char addr[SP_ADDR_SIZE];

    (void)sp_addr_text(&run->unproved.first, addr);
    sp_check_say(check, SP_CHECK_UNKNOWN, "no_hairpin",
                 "%s has the address %s, which could not be reached from inside the network (%s): "
                 "whether it leads to this appliance cannot be told here.",
                 run->host, addr, sp_err_text(run->unproved.err));
    sp_check_remedy(check,
                    "If %s is the address that the world sees, say so with `net public`; if not, "
                    "correct the A record.",
                    addr);
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
    } else if (run->unproved.n > 0) {
        say_unproved(run, check);
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
