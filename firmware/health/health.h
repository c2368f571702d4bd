/*
 * health: one model of "how are we", from which light, console and page all read, so that they
 * never disagree.
 *
 * Pure: the caller gathers the facts, and the worst one gives level and sentence.
 */
#ifndef SP_HEALTH_HEALTH_H
#define SP_HEALTH_HEALTH_H

#include "base/time.h"
#include "hal/led.h"

#include <stdbool.h>
#include <stddef.h>

enum sp_health_level { /* worst last */
                       SP_HEALTH_OK,
                       SP_HEALTH_WORKING,
                       SP_HEALTH_ATTENTION,
                       SP_HEALTH_RISK,
                       SP_HEALTH_FAULT
};

struct sp_health_facts {
    bool booting;      /* the first look over flash goes on, or the network is coming up */
    bool store_broken; /* flash cannot be read or written */
    bool no_entropy;
    bool area_blank;   /* the part's read-only area was never written */
    bool area_refused; /* it is another firmware's, or was changed */
    bool link;
    bool has_address;
    bool clock_set;
    int clock_error; /* of the last try for the time, 0: none */
    bool terms_agreed;
    uint64_t uptime_s;
    unsigned domains, enabled;
    unsigned busy, want_care, at_risk; /* domains */
    char worst[254];                   /* a domain of the worst kind, "" when none */
};

struct sp_health {
    enum sp_health_level level;
    char sentence[320];
};

void sp_health_judge(const struct sp_health_facts *facts, struct sp_health *out);
const char *sp_health_level_text(enum sp_health_level level); /* "ok", "working", "attention", … */
enum sp_led_pattern sp_health_led(const struct sp_health *health, bool booting);

#endif
