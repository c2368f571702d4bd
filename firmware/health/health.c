#include "health/health.h"

#include "base/err.h"
#include "base/span.h"

#include <stdio.h>
#include <string.h>

#define PATIENCE_S                                                                                 \
    60U /* how long network and time may take after start before it is worth a word */

static const char *const level_texts[] = {
    [SP_HEALTH_OK] = "ok",     [SP_HEALTH_WORKING] = "working", [SP_HEALTH_ATTENTION] = "attention",
    [SP_HEALTH_RISK] = "risk", [SP_HEALTH_FAULT] = "fault",
};

const char *sp_health_level_text(enum sp_health_level level)
{
    return level_texts[level];
}

static void raise_to(struct sp_health *health, enum sp_health_level level, const char *sentence)
{
    if (level > health->level) {
        health->level = level;
        sp_text_cut(health->sentence, sizeof health->sentence, sentence);
    }
}

static void judge_device(const struct sp_health_facts *facts, struct sp_health *out)
{
    if (facts->store_broken) {
        raise_to(
            out, SP_HEALTH_FAULT,
            "The flash memory fails: settings and certificates cannot be read or kept. Restart "
            "the appliance (`reboot`); have it repaired when that does not help.");
    }
    if (facts->no_entropy) {
        raise_to(
            out, SP_HEALTH_FAULT,
            "The appliance has no entropy seed and makes no keys. Write a factory image with a "
            "seed.");
    }
    if (facts->area_refused) {
        raise_to(out, SP_HEALTH_FAULT,
                 "The read-only area of the flash part is not this firmware's or was changed: no "
                 "built-in root certificate is trusted. Write the area that was built with this "
                 "firmware (image --renew-area).");
    }
    if (facts->area_blank) {
        raise_to(out, SP_HEALTH_ATTENTION,
                 "The flash part has no read-only area, so that no root certificate is built in. "
                 "Write a factory image, or add the CA's root with `trust add`.");
    }
}

static void judge_surroundings(const struct sp_health_facts *facts, struct sp_health *out)
{
    char text[200];
    enum sp_health_level level =
        facts->uptime_s < PATIENCE_S ? SP_HEALTH_WORKING : SP_HEALTH_ATTENTION;
    if (!facts->link) {
        raise_to(out, level, "The network cable is unplugged or the switch is off.");
    } else if (!facts->has_address) {
        raise_to(out, level, "The appliance has no network address yet: see `net`.");
    } else if (!facts->clock_set) {
        (void)snprintf(
            text, sizeof text,
            "The time of day is not known yet%s%s: see `time`. Without it no certificate "
            "can be judged or ordered.",
            facts->clock_error < 0 ? ": " : "",
            facts->clock_error < 0 ? sp_err_text(facts->clock_error) : "");
        raise_to(out, level, text);
    }
}

static void judge_domains(const struct sp_health_facts *facts, struct sp_health *out)
{
    char text[320];
    if (facts->at_risk > 0) {
        (void)snprintf(text, sizeof text, "Mail is at risk for %u domain%s%s%s: see `domain show`.",
                       facts->at_risk, facts->at_risk == 1 ? "" : "s",
                       facts->worst[0] != '\0' ? ", " : "", facts->worst);
        raise_to(out, SP_HEALTH_RISK, text);
    }
    if (facts->want_care > 0) {
        (void)snprintf(text, sizeof text, "%u domain%s attention%s%s: see `domain show`.",
                       facts->want_care, facts->want_care == 1 ? " wants" : "s want",
                       facts->worst[0] != '\0' ? ", " : "", facts->worst);
        raise_to(out, SP_HEALTH_ATTENTION, text);
    }
    if (facts->enabled > 0 && !facts->terms_agreed) {
        raise_to(out, SP_HEALTH_ATTENTION,
                 "The terms of the certificate authority are not agreed to: `ca agree` does that.");
    }
    if (facts->busy > 0) {
        (void)snprintf(text, sizeof text, "Work goes on for %u domain%s: see `domain`.",
                       facts->busy, facts->busy == 1 ? "" : "s");
        raise_to(out, SP_HEALTH_WORKING, text);
    }
}

static void say_well(const struct sp_health_facts *facts, struct sp_health *out)
{
    if (facts->enabled == 0) {
        sp_text_cut(out->sentence, sizeof out->sentence, "Ready: no domain is enabled.");
        return;
    }
    (void)snprintf(out->sentence, sizeof out->sentence, "All is well: %u of %u domains active.",
                   facts->enabled, facts->domains);
}

void sp_health_judge(const struct sp_health_facts *facts, struct sp_health *out)
{
    memset(out, 0, sizeof *out);
    judge_device(facts, out);
    judge_domains(facts, out);
    judge_surroundings(facts, out);
    if (facts->booting) {
        raise_to(out, SP_HEALTH_WORKING, "The appliance is starting.");
    }
    if (out->level == SP_HEALTH_OK) {
        say_well(facts, out);
    }
}

enum sp_led_pattern sp_health_led(const struct sp_health *health, bool booting)
{
    if (booting && health->level <= SP_HEALTH_WORKING) {
        return SP_LED_BOOT;
    }
    switch (health->level) {
    case SP_HEALTH_FAULT:
        return SP_LED_FAULT;
    case SP_HEALTH_RISK:
        return SP_LED_RISK;
    case SP_HEALTH_ATTENTION:
        return SP_LED_ATTENTION;
    case SP_HEALTH_WORKING:
        return SP_LED_WORKING;
    case SP_HEALTH_OK:
        break;
    }
    return SP_LED_OK;
}
