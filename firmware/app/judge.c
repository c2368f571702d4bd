/*
 * Health and light: gathers the facts about once a second, or at once when a domain changed.
 */
#include "acme/acme.h"
#include "app/app.h"
#include "app/area.h"
#include "app/publish.h"
#include "base/log.h"
#include "base/scratch.h"
#include "net/clock.h"
#include "net/net.h"

#include <string.h>

#define JUDGE_EVERY_MS 1000
#define BOOT_MS 1500 /* the light shows booting at least that long, so that a person sees it */

#define CHANGED_MAX 2 /* domains that are remembered between two looks */

static char worst[SP_DOMAIN_SIZE];
static enum sp_domain_health worst_health;

/* What is to be looked at. The life tells of changes while it has a domain loaded; they are looked
 * at here, one a call. When more came than are remembered, all domains are. */
static struct {
    bool any;
    char names[CHANGED_MAX][SP_DOMAIN_SIZE];
    unsigned n;
    bool all;
    uint32_t cursor;
} changed;

static bool is_remembered(const char *domain)
{
    for (unsigned i = 0; i < changed.n; i++) {
        if (strcmp(changed.names[i], domain) == 0) {
            return true;
        }
    }
    return false;
}

void sp_app_domain_changed(const char *domain)
{
    changed.any = true;
    if (domain[0] == '\0' || is_remembered(domain)) {
        return;
    }
    if (changed.n < CHANGED_MAX) {
        sp_text_cut(changed.names[changed.n++], sizeof changed.names[0], domain);
    } else {
        changed.all = true;
        changed.cursor = 0;
    }
}

/* Keeps the name of a domain that is worst off; it is looked at again when it changes. */
static void compare(const char *domain, enum sp_domain_health health)
{
    if (health >= SP_DOMAIN_WANTS_CARE && (worst[0] == '\0' || health > worst_health)) {
        sp_text_cut(worst, sizeof worst, domain);
        worst_health = health;
    } else if (strcmp(domain, worst) == 0 && health < worst_health) {
        worst[0] = '\0';
    }
}

static void look_at(const char *name)
{
    size_t mark = sp_scratch_mark();
    struct sp_domain *domain = sp_domain_take(SP_DOMAIN_BRIEF);
    if (sp_domain_load(&sp_app.store, name, domain) == SP_OK) {
        compare(name, sp_life_health(domain, sp_clock_utc(sp_app_now())));
    } else if (strcmp(name, worst) == 0) {
        worst[0] = '\0';
    }
    sp_scratch_release(mark);
    sp_app_publish_look(name);
}

/* One domain. True while there are more. */
static bool look(void)
{
    char name[SP_STORE_NAME_MAX + 1];
    if (changed.n > 0) {
        sp_text_cut(name, sizeof name, changed.names[--changed.n]);
        look_at(name);
    } else if (changed.all && sp_app_next(SP_KIND_DOMAIN, &changed.cursor, name) == SP_OK) {
        look_at(name);
    } else {
        changed.all = false;
    }
    return changed.n > 0 || changed.all;
}

static void gather(struct sp_health_facts *facts, sp_time now)
{
    struct sp_net_status net;
    struct sp_clock_status clock;
    struct sp_life_tally tally = sp_life_tally();
    enum sp_area_state area = sp_area_state();
    bool roots_wanted = sp_app.board->roots == NULL;
    memset(facts, 0, sizeof *facts);
    sp_net_status(&net);
    sp_clock_status(&clock, now);
    facts->booting = sp_app.booting;
    facts->store_broken = sp_store_stats(&sp_app.store).failing;
    facts->no_entropy = sp_app.no_entropy;
    facts->area_blank = roots_wanted && area == SP_AREA_BLANK;
    facts->area_refused = roots_wanted && (area == SP_AREA_FOREIGN || area == SP_AREA_DAMAGED);
    facts->link = net.link;
    facts->has_address = net.addresses_n > 0 && (net.dhcp_bound || !net.dhcp);
    facts->clock_set = clock.set;
    facts->clock_error = clock.last_error;
    facts->terms_agreed = sp_acme_agreed();
    facts->uptime_s = (now - sp_app.started) / 1000;
    facts->domains = tally.domains;
    facts->enabled = tally.active;
    facts->busy = tally.by_health[SP_DOMAIN_BUSY];
    facts->want_care = tally.by_health[SP_DOMAIN_WANTS_CARE];
    facts->at_risk = tally.by_health[SP_DOMAIN_AT_RISK];
    sp_text_cut(facts->worst, sizeof facts->worst, worst);
}

static enum sp_led_pattern shown = SP_LED_BOOT;
static sp_time lent_until; /* 0: the light is health's */

void sp_app_light_lend(enum sp_led_pattern pattern, sp_time until)
{
    lent_until = until;
    shown = pattern;
    sp_app.board->led->set(sp_app.board->led, pattern);
}

static void show_light(enum sp_led_pattern pattern, sp_time now)
{
    if (now < lent_until || sp_app.board->led == NULL) {
        return;
    }
    lent_until = 0;
    if (pattern != shown) {
        shown = pattern;
        sp_app.board->led->set(sp_app.board->led, pattern);
    }
}

static void show(const struct sp_health_facts *facts, sp_time now)
{
    static enum sp_health_level level = SP_HEALTH_OK;
    enum sp_led_pattern pattern = sp_health_led(&sp_app.health, facts->booting);
    if (sp_app.health.level != level) {
        level = sp_app.health.level;
        sp_log_info("health", "%s: %s", sp_health_level_text(level), sp_app.health.sentence);
    }
    show_light(pattern, now);
}

static void judge(sp_time now)
{
    size_t mark = sp_scratch_mark();
    struct sp_health_facts *facts = sp_scratch_take(sizeof *facts);
    gather(facts, now);
    sp_health_judge(facts, &sp_app.health);
    show(facts, now);
    sp_scratch_release(mark);
}

sp_time sp_app_judge(sp_time now)
{
    if (!changed.any && now < sp_app.next_judge) {
        return sp_app.next_judge;
    }
    changed.any = look();
    if (changed.any && now < sp_app.next_judge) {
        return now;
    }
    sp_app.next_judge = now + JUDGE_EVERY_MS;
    if (sp_app.booting && sp_life_tally().complete && now - sp_app.started >= BOOT_MS) {
        sp_app.booting = false;
    }
    judge(now);
    return changed.any ? now : sp_app.next_judge;
}
