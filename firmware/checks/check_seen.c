/*
 * seen: what came to the policy host from outside, which nothing that the appliance fetches from
 * itself can tell.
 */
#include "checks/checks_internal.h"

#include "base/err.h"
#include "net/tls.h"

#include <stdio.h>
#include <string.h>

#define DAY_S 86400
#define FAILED_RECENTLY DAY_S /* s; failures that are older say nothing of today */
#define WHEN_SIZE SP_RFC3339_SIZE
#define NOTED 4 /* events in evidence */

/* --- what the journal says --- */

bool sp_seen_counts(const struct sp_seen_moment *moment, bool private_counts, sp_utc now)
{
    return moment->at != 0 && moment->at + SP_SEEN_RECENT >= now &&
           (private_counts || !moment->inside);
}

/* The later one of those that count; at 0: neither does. */
static struct sp_seen_moment later(const struct sp_seen_moment *a, const struct sp_seen_moment *b,
                                   bool private_counts, sp_utc now)
{
    struct sp_seen_moment none = {0, false};
    bool has_a = sp_seen_counts(a, private_counts, now);
    bool has_b = sp_seen_counts(b, private_counts, now);

    if (has_a && (!has_b || a->at >= b->at)) {
        return *a;
    }
    return has_b ? *b : none;
}

bool sp_seen_outside(const struct sp_check_seen *seen, bool private_counts, sp_utc now)
{
    for (unsigned i = 0; i < 2; i++) {
        if (later(&seen->fetched[i], &seen->validated[i], private_counts, now).at != 0) {
            return true;
        }
    }
    return false;
}

static bool is_published(const struct sp_check_side *side)
{
    return side->own + side->foreign > 0;
}

static bool is_global(const struct sp_check_side *side)
{
    return (side->own > 0 && sp_addr_is_global(&side->first_own)) ||
           (side->foreign > 0 && sp_addr_is_global(&side->first_foreign));
}

/* A private address is outside only for a host that has no other published. */
bool sp_check_private_counts(const struct sp_check_run *run)
{
    if (is_published(&run->side4) || is_published(&run->side6)) {
        return !is_global(&run->side4) && !is_global(&run->side6);
    }
    for (unsigned i = 0; i < run->input.own_n; i++) {
        if (sp_addr_is_global(&run->input.own[i])) {
            return false;
        }
    }
    return true;
}

/* --- evidence --- */

/* A moment that is only known by its day is told so. */
static const char *when(sp_utc at, char out[WHEN_SIZE])
{
    (void)sp_utc_rfc3339(at, out);
    if (at % DAY_S == 0 && at != 0) {
        out[strlen("2026-11-30")] = '\0';
    }
    return out;
}

static void end_text(const struct sp_seen_event *event, char *out, size_t cap)
{
    if (event->status > 0) {
        (void)snprintf(out, cap, "status %d", event->status);
    } else if (event->status < 0) {
        (void)snprintf(out, cap, "the TLS alert %s (%d)",
                       sp_tls_alert_name((uint8_t)-event->status), -event->status);
    } else {
        (void)snprintf(out, cap, "a TLS handshake that failed");
    }
}

static void note_event(struct sp_check_pen *check, const struct sp_seen_event *event)
{
    const char *inside = sp_addr_is_global(&event->from) ? "" : " (a private address)";
    char at[WHEN_SIZE], from[SP_ADDR_SIZE], end[64];

    (void)when(event->at, at);
    (void)sp_addr_text(&event->from, from);
    end_text(event, end, sizeof end);
    if (event->kind == SP_SEEN_VALIDATION) {
        sp_check_note(check, "validation", "%s from %s%s over IPv%u, port 80, %s", at, from, inside,
                      event->from.family, end);
    } else {
        sp_check_note(check, "fetch", "%s from %s%s over IPv%u, %s%s%s, %u bytes", at, from, inside,
                      event->from.family, event->tls, event->tls[0] != '\0' ? ", " : "", end,
                      event->bytes);
    }
}

static void note_moment(struct sp_check_pen *check, const char *name,
                        const struct sp_seen_moment *moment)
{
    char at[WHEN_SIZE];

    sp_check_note(check, name, "%s%s", moment->at == 0 ? "never" : when(moment->at, at),
                  moment->inside ? ", from a private address" : "");
}

static void note_family(struct sp_check_pen *check, const struct sp_check_seen *seen, bool is6)
{
    note_moment(check, is6 ? "fetched over IPv6" : "fetched over IPv4", &seen->fetched[is6]);
    note_moment(check, is6 ? "validated over IPv6" : "validated over IPv4", &seen->validated[is6]);
}

static void note_all(struct sp_check_run *run, struct sp_check_pen *check,
                     const struct sp_check_seen *seen)
{
    note_family(check, seen, false);
    if (is_published(&run->side6) || seen->fetched[1].at != 0 || seen->validated[1].at != 0) {
        note_family(check, seen, true);
    }
    for (unsigned i = 0; i < seen->last_n && i < NOTED; i++) {
        note_event(check, &seen->last[i]);
    }
}

/* --- failures --- */

static bool is_outside(const struct sp_seen_event *event, bool private_counts)
{
    return private_counts || sp_addr_is_global(&event->from);
}

/* How many fetches from outside failed since the last that went well, when they came from more than
 * one address: what a single stranger does wrong is no fault of ours. Otherwise 0. */
static unsigned failures(const struct sp_check_seen *seen, bool private_counts, sp_utc now)
{
    const struct sp_seen_event *first = NULL;
    bool several = false;
    unsigned n = 0;

    for (unsigned i = 0; i < seen->last_n; i++) {
        const struct sp_seen_event *event = &seen->last[i];

        if (!is_outside(event, private_counts)) {
            continue;
        }
        if (event->status == 200 || event->at + FAILED_RECENTLY < now) {
            break;
        }
        several = several || (first != NULL && !sp_addr_equal(&first->from, &event->from));
        first = first == NULL ? event : first;
        n++;
    }
    return several ? n : 0;
}

static void say_fails(struct sp_check_run *run, struct sp_check_pen *check,
                      const struct sp_check_seen *seen, unsigned n, bool private_counts)
{
    unsigned last = 0;
    char at[WHEN_SIZE], from[SP_ADDR_SIZE], end[64];

    while (!is_outside(&seen->last[last], private_counts)) { /* there is one: it was counted */
        last++;
    }
    end_text(&seen->last[last], end, sizeof end);
    sp_check_say(check, SP_CHECK_FAIL, "outside_fails",
                 "The last %u policy fetches from outside failed, the latest at %s from %s: it "
                 "ended with %s.",
                 n, when(seen->last[last].at, at), sp_addr_text(&seen->last[last].from, from), end);
    sp_check_remedy(check,
                    "See the https and certificate checks. When they pass, fetch "
                    "https://%s/.well-known/mta-sts.txt from elsewhere.",
                    run->host);
}

/* --- the verdict --- */

static void say_inside(struct sp_check_run *run, struct sp_check_pen *check)
{
    sp_check_say(check, SP_CHECK_UNKNOWN, "inside_only",
                 "Nothing has come to %s from outside in the last 30 days, so it is not known "
                 "whether senders reach it.",
                 run->host);
    sp_check_remedy(check,
                    "Wait for a sender, or fetch https://%s/.well-known/mta-sts.txt from "
                    "another network.",
                    run->host);
}

static void say_family(struct sp_check_run *run, struct sp_check_pen *check, bool is6)
{
    sp_check_say(check, SP_CHECK_UNKNOWN, "family_unseen",
                 "%s has an %s record, but nothing has come from outside over %s in the last 30 "
                 "days.",
                 run->host, is6 ? "AAAA" : "A", is6 ? "IPv6" : "IPv4");
    sp_check_remedy(check,
                    "See that router and firewall let ports 80 and 443 in over %s: fetch "
                    "https://%s/.well-known/mta-sts.txt from another network over it.",
                    is6 ? "IPv6" : "IPv4", run->host);
}

static void say_pass(struct sp_check_run *run, struct sp_check_pen *check,
                     const struct sp_seen_moment last[2])
{
    bool is6 = last[1].at > last[0].at;
    char at[WHEN_SIZE];

    sp_check_say(check, SP_CHECK_PASS, "ok", "%s is reached from outside, last at %s over IPv%d.",
                 run->host, when(last[is6].at, at), is6 ? 6 : 4);
}

void sp_check_seen_judge(struct sp_check_run *run, const struct sp_check_seen *seen, sp_utc now)
{
    struct sp_check_pen *check = sp_check_of(run, SP_CHECK_SEEN);
    bool private_counts = sp_check_private_counts(run);
    unsigned failed = failures(seen, private_counts, now);
    struct sp_seen_moment last[2];

    for (unsigned i = 0; i < 2; i++) {
        last[i] = later(&seen->fetched[i], &seen->validated[i], private_counts, now);
    }
    note_all(run, check, seen);
    if (failed > 0) {
        say_fails(run, check, seen, failed, private_counts);
    } else if (last[0].at == 0 && last[1].at == 0) {
        say_inside(run, check);
    } else if (is_published(&run->side6) && last[1].at == 0) {
        say_family(run, check, true);
    } else if (is_published(&run->side4) && last[0].at == 0) {
        say_family(run, check, false);
    } else {
        say_pass(run, check, last);
    }
}
