/*
 * Health and light: gathers the facts about once a second, or at once when a domain changed.
 */
#include "acme/acme.h"
#include "app/app.h"
#include "app/area.h"
#include "base/log.h"
#include "net/clock.h"
#include "net/net.h"

#include <string.h>

#define JUDGE_EVERY_MS 1000
#define BOOT_MS 1500 /* the light shows booting at least that long, so that a person sees it */

static struct sp_domain judged; /* scratch */
static char worst[SP_DOMAIN_SIZE];
static enum sp_domain_health worst_health;
static bool changed_since;

/* Keeps the name of a domain that is worst off; it is looked at again when it changes. */
void sp_app_domain_changed(const char *domain)
{
    enum sp_domain_health health;
    changed_since = true;
    if (sp_domain_load(&sp_app.store, domain, &judged) < 0) {
        if (strcmp(domain, worst) == 0) {
            worst[0] = '\0';
        }
        return;
    }
    health = sp_life_health(&judged, sp_clock_utc(sp_app_now()));
    sp_domain_wipe(&judged);
    if (health >= SP_DOMAIN_WANTS_CARE && (worst[0] == '\0' || health > worst_health)) {
        sp_text_cut(worst, sizeof worst, domain);
        worst_health = health;
    } else if (strcmp(domain, worst) == 0 && health < worst_health) {
        worst[0] = '\0';
    }
}

static void gather(struct sp_health_facts *facts, sp_time now)
{
    static struct sp_net_status net;
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

static void show(const struct sp_health_facts *facts)
{
    static enum sp_led_pattern shown = SP_LED_BOOT;
    static enum sp_health_level level = SP_HEALTH_OK;
    enum sp_led_pattern pattern = sp_health_led(&sp_app.health, facts->booting);
    if (sp_app.health.level != level) {
        level = sp_app.health.level;
        sp_log_info("health", "%s: %s", sp_health_level_text(level), sp_app.health.sentence);
    }
    if (pattern != shown && sp_app.board->led != NULL) {
        shown = pattern;
        sp_app.board->led->set(sp_app.board->led, pattern);
    }
}

sp_time sp_app_judge(sp_time now)
{
    static struct sp_health_facts facts;
    if (!changed_since && now < sp_app.next_judge) {
        return sp_app.next_judge;
    }
    changed_since = false;
    sp_app.next_judge = now + JUDGE_EVERY_MS;
    if (sp_app.booting && sp_life_tally().complete && now - sp_app.started >= BOOT_MS) {
        sp_app.booting = false;
    }
    gather(&facts, now);
    sp_health_judge(&facts, &sp_app.health);
    show(&facts);
    return sp_app.next_judge;
}
