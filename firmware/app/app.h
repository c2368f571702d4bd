/*
 * app: composition. Builds the rooms, hands each what it needs of the others, and runs the one
 * loop. It implements sealpost.h. This header is for app's own files.
 *
 * Memory: one static instance. What is large and lives no longer than a call (a domain) is taken
 * from base/scratch.
 */
#ifndef SP_APP_APP_H
#define SP_APP_APP_H

#include "checks/checks.h"
#include "health/health.h"
#include "mtasts/life.h"
#include "sealpost.h"
#include "settings/settings.h"
#include "store/store.h"

struct sp_app {
    const struct sp_board *board;
    struct sp_store store;
    struct sp_store_entry entries[SP_RECORDS_MAX];
    sp_time started;
    sp_time last_step;
    bool no_entropy;
    bool booting; /* until the first look over all domains is done */
    bool reboot_wanted;
    struct sp_health health;
    sp_utc floor_kept;     /* floor of the time of day as kept in flash */
    sp_utc synced_seen;    /* last NTP answer that was acted on */
    sp_time next_judge;    /* when health is judged again */
    uint32_t address_hash; /* of the interface's addresses, to see a change */
};

extern struct sp_app sp_app;

static inline sp_time sp_app_now(void)
{
    return sp_app.board->clock->mono_ms(sp_app.board->clock);
}

/* Fills why (may be NULL) and returns err. The sentence is a format. */
int sp_app_why(struct sealpost_why *why, int err, const char *id, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The id of an error that flash may be behind. */
static inline const char *sp_app_id(int err, const char *otherwise)
{
    return err == SP_E_IO || err == SP_E_FULL ? "store_failed" : otherwise;
}

/* The life's operations, for sp_life_start. */
const struct sp_life_ops *sp_app_life_ops(void);

/* The addresses that are this appliance as the world sees it: configured public ones, and the
 * interface's own. How many. */
unsigned sp_app_own_addresses(struct sp_addr *out, unsigned n);
/* Those to publish: the configured ones, or else the interface's global ones. */
unsigned sp_app_public_addresses(struct sp_addr *out, unsigned n);

/* Starts the policy host's ports. */
int sp_app_policy_host_start(void);
/* Whether that is mta-sts.D of a domain that is not disabled. Reads flash. */
bool sp_app_is_policy_host(const char *host);

/* The entropy of a board that has no source; it gives none before sp_app_seed_renew. */
struct sp_hal_entropy *sp_app_seed_entropy(void);
/* Replaces the seed in flash, and lets bytes be drawn. 0, or SP_E_ENTROPY when there is no seed or
 * it could not be replaced. */
int sp_app_seed_renew(void);

/* Logs what the last run ended by, and moves it to flash. After the store's start. */
void sp_app_crash_start(void);

/* sp_store_next, past records that cannot be read: they do not hide the others. 0, SP_E_NOT_FOUND
 * at the end, SP_E_IO. */
int sp_app_next(enum sp_kind kind, uint32_t *cursor, char *name);

/* Extra trust anchors. */
void sp_app_trust_start(void);
/* Removes the operator's. 0 or an error of the store. */
int sp_app_trust_reset(void);

/* Check reports of the domains looked at lately. */
struct sp_check_report *sp_app_report_for(const char *domain);        /* a slot, fresh if need be */
const struct sp_check_report *sp_app_report_find(const char *domain); /* NULL: none */
/* The operator asked for this domain's checks: its report is kept until another one is asked for.
 */
void sp_app_report_asked(const char *domain);
void sp_app_report_drop(const char *domain);

/* Gathers the facts for health and sets the light. Returns when it wants to be called again. */
sp_time sp_app_judge(sp_time now);
/* The light shows a pattern until that moment, and then health again. */
void sp_app_light_lend(enum sp_led_pattern pattern, sp_time until);
/* A domain changed: it is looked at when health is judged next. "" : no single one. Reads nothing:
 * the life calls it with a domain in its hands. */
void sp_app_domain_changed(const char *domain);

/* Loads those parts of a domain by the operator's text into scratch memory, which the caller
 * releases, or fills why (may be NULL) with one sentence. Errors of sp_domain_load, SP_E_INVALID.
 */
int sp_app_domain(const char *name, unsigned parts, struct sp_domain **out,
                  struct sealpost_why *why);

#endif
