/*
 * How many domains are how: a first count over all after the start, one record a step, then moved
 * along with every save. What was counted of a domain is in its record, so that moving is exact
 * although health depends on the time. Two more walks: a recount when the earliest expiry has gone,
 * and the kick, which makes everything that waits due again.
 */
#include "base/err.h"
#include "base/scratch.h"
#include "mtasts/life_internal.h"

#include <string.h>

#define KICK_SPREAD_S 4 /* seconds a domain over which the checks of active domains are spread */
#define KICK_SPREAD_MAX_S 3600

static struct sp_life_tally tally; /* as shown */

static struct {
    bool on;
    uint32_t cursor;
} count, kick;
static struct sp_life_tally counting;

struct sp_life_tally sp_life_tally(void)
{
    return tally;
}

static void begin_count(void)
{
    memset(&counting, 0, sizeof counting);
    count.on = true;
    count.cursor = 0;
}

void sp_life_tally_begin(void)
{
    memset(&tally, 0, sizeof tally);
    kick.on = false;
    begin_count();
}

void sp_life_tally_kick(void)
{
    kick.on = true;
    kick.cursor = 0;
}

static void add(struct sp_life_tally *to, enum sp_domain_state state, uint8_t health,
                sp_utc not_after)
{
    to->domains++;
    to->by_health[health]++;
    if (state != SP_DOMAIN_ACTIVE) {
        return;
    }
    to->active++;
    if (to->first_expiry == 0 || not_after < to->first_expiry) {
        to->first_expiry = not_after;
    }
}

static void take_away(const struct sp_life_counted *was)
{
    tally.domains--;
    tally.by_health[was->health]--;
    if (was->state == SP_DOMAIN_ACTIVE) {
        tally.active--;
    }
}

void sp_life_tally_move(const struct sp_life_counted *was, const struct sp_domain *is)
{
    bool first_gone =
        was->any && was->state == SP_DOMAIN_ACTIVE && was->not_after == tally.first_expiry &&
        (is == NULL || is->state != SP_DOMAIN_ACTIVE || is->not_after != was->not_after);

    if (tally.complete) {
        if (was->any) {
            take_away(was);
        }
        if (is != NULL) {
            add(&tally, is->state, is->counted, is->not_after);
        }
    }
    /* A walk may miss a record that is replaced meanwhile: it begins again. */
    if (count.on || first_gone) {
        begin_count();
    }
}

static void count_one(void)
{
    char name[SP_STORE_NAME_MAX + 1];
    size_t mark = sp_scratch_mark();
    struct sp_domain *domain;
    int err = sp_store_next(sp_life.store, SP_KIND_DOMAIN, &count.cursor, name);

    if (err == SP_E_NOT_FOUND || err == SP_E_IO) {
        count.on = false;
        tally = counting;
        tally.complete = true;
        sp_life_changed("");
        return;
    }
    domain = sp_domain_take(SP_DOMAIN_BRIEF);
    if (err == 0 && sp_domain_load(sp_life.store, name, domain) == 0) {
        add(&counting, domain->state, domain->counted, domain->not_after);
    }
    sp_scratch_release(mark);
}

/* An order's backoff stands; what waits for DNS, the terms or the clock is due. */
static bool waits(const struct sp_domain *domain)
{
    switch (domain->state) {
    case SP_DOMAIN_WAITING_DNS:
    case SP_DOMAIN_ACTIVE:
    case SP_DOMAIN_RETIRING:
        return true;
    case SP_DOMAIN_ORDERING:
        return domain->failures == 0;
    case SP_DOMAIN_DISABLED:
    default:
        return domain->next_check != 0;
    }
}

/* What is waited for is due at once. The checks of active domains are spread, so that a start with
 * a thousand of them is no hour of self-fetches in a row. */
static sp_utc kicked_due(const struct sp_domain *domain, sp_time now)
{
    sp_utc at_once = sp_life_at_once(sp_life_utc(now));
    unsigned active = sp_life_tally().active;
    uint32_t spread = active > 1 ? (active - 1) * KICK_SPREAD_S : 0;

    if (domain->state != SP_DOMAIN_ACTIVE || spread == 0) {
        return at_once;
    }
    return at_once +
           (sp_utc)(sp_life_random() % (spread < KICK_SPREAD_MAX_S ? spread : KICK_SPREAD_MAX_S));
}

static void kick_one(sp_time now)
{
    char name[SP_STORE_NAME_MAX + 1];
    size_t mark = sp_scratch_mark();
    struct sp_domain *domain;
    int err = sp_store_next(sp_life.store, SP_KIND_DOMAIN, &kick.cursor, name);
    bool running;

    if (err == SP_E_NOT_FOUND || err == SP_E_IO) {
        kick.on = false;
        return;
    }
    if (err < 0) {
        return;
    }
    running = sp_life.order.active && strcmp(sp_life.order.name, name) == 0;
    domain = sp_domain_take(SP_DOMAIN_BRIEF);
    if (!running && sp_domain_load(sp_life.store, name, domain) == 0 && waits(domain)) {
        sp_life_set_due(name, kicked_due(domain, now));
    }
    sp_scratch_release(mark);
}

sp_time sp_life_tally_step(sp_time now)
{
    if (count.on) {
        count_one();
    } else if (kick.on) {
        kick_one(now);
    }
    return count.on || kick.on ? now : SP_NEVER;
}
