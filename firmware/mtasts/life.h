/*
 * mtasts/life: the life of a domain: disabled, waiting for DNS, ordering, active; renewals, hourly
 * checks, backoff.
 *
 * Domains stay in flash; the store's due index says which is next. One order and one run of checks
 * are under way at a time; a domain that fails is put off (1, 10, 100 minutes, then daily, with
 * jitter) and never stops the others. No order is made before the dns check has passed for that
 * domain, the clock is set and the CA's terms are agreed to; what is waited for is always said.
 *
 * acme and checks are not known here: app hands their operations in (struct sp_life_ops).
 *
 * Threads: service task. Time: nothing blocks.
 */
#ifndef SP_MTASTS_LIFE_H
#define SP_MTASTS_LIFE_H

#include "mtasts/domain.h"

struct sp_life_certificate {
    struct sp_span key;
    struct sp_span chain[SP_CHAIN_LINKS];
    unsigned links;
};

struct sp_life_failure {
    char id[40];
    char sentence[480];
    uint32_t retry_after; /* s; 0: none */
};

struct sp_life_check_result {
    uint8_t result; /* 1 pass, 2 fail, 3 can't tell; 0 not run (enum sp_check_result) */
    char code[32];
    const char *reason; /* a sentence, which stays until the next run; NULL: not run */
};

struct sp_life_ops {
    void *ctx;
    sp_utc (*utc)(void *ctx, sp_time now); /* 0: not known */
    /* Orders: 0 when begun, SP_E_AGAIN (busy: asked again later), SP_E_STATE with *why filled (not
     * possible now: terms, clock). */
    int (*order_start)(void *ctx, const char *host, sp_time now, struct sp_life_failure *why);
    /* SP_E_AGAIN while it goes on; 0 and *certificate; SP_E_CANCELLED when it was given up and is
     * to begin anew; another error and *why. */
    int (*order_poll)(void *ctx, struct sp_life_certificate *certificate,
                      struct sp_life_failure *why);
    void (*order_finish)(void *ctx);                   /* after what came of it was stored */
    void (*order_cancel)(void *ctx, const char *host); /* also forgets a stored one */
    /* Runs checks (bits of checks/): 0, SP_E_AGAIN when busy. The results come by check_poll. */
    int (*check_start)(void *ctx, const struct sp_domain *domain, unsigned which, sp_time now);
    /* SP_E_AGAIN while it goes on; 0 and results, by id. */
    int (*check_poll)(void *ctx, struct sp_life_check_result results[SP_DOMAIN_CHECKS]);
    void (*changed)(void *ctx, const char *domain); /* something to be shown changed */
};

int sp_life_start(struct sp_store *store, const struct sp_life_ops *ops);
sp_time sp_life_step(sp_time now);

/* What an operator does. why (240 bytes at least) gets one sentence with any error. All take effect
 * in flash before they return. SP_E_NOT_FOUND, SP_E_EXISTS, SP_E_INVALID, SP_E_FULL, SP_E_STATE. */
int sp_life_add(const char *name, const struct sp_policy *policy, const char *rua, char *why,
                size_t cap);
int sp_life_set(const char *name, const struct sp_policy *policy, const char *rua, sp_time now,
                char *why, size_t cap);
int sp_life_remove(const char *name, char *why, size_t cap); /* only when disabled */
int sp_life_enable(const char *name, sp_time now, char *why, size_t cap);
int sp_life_disable(const char *name, sp_time now, char *why, size_t cap);
int sp_life_renew(const char *name, sp_time now, char *why,
                  size_t cap); /* now, whatever the backoff */
/* Asks for a run of all checks soon; its end is seen by the report of checks/. */
int sp_life_check(const char *name, sp_time now, char *why, size_t cap);
/* True while checks were asked for or are running for that domain. */
bool sp_life_checking(const char *name);
/* Everything that was planned looks at the clock and the addresses again (network or time changed).
 */
void sp_life_kick(sp_time now);

/* One sentence: what state the domain is in, what is waited for, what the operator can do. */
void sp_life_sentence(const struct sp_domain *domain, sp_time now, char *out, size_t cap);
/* What comes next and when (utc 0: when something else happens). what: "renewal", "checks", … */
void sp_life_next(const struct sp_domain *domain, sp_time now, char *what, size_t cap, sp_utc *at);
enum sp_domain_health sp_life_health(const struct sp_domain *domain, sp_utc utc);
/* When to renew: a third of the lifetime left, half when it lives under ten days, with jitter by
 * `random` that never passes the point where a sixth is left. Pure. */
sp_utc sp_renewal_due(sp_utc not_before, sp_utc not_after, uint32_t random);
/* Seconds to wait after that many failures in a row: 1, 10, 100 minutes, then a day, ± 10 %. Pure.
 */
uint32_t sp_backoff(uint32_t failures, uint32_t random);

struct sp_life_tally {
    unsigned domains, active, by_health[4]; /* by enum sp_domain_health */
    bool complete;       /* false while the first look over all domains after start goes on */
    sp_utc first_expiry; /* of the active ones seen so far, 0: none */
};
struct sp_life_tally sp_life_tally(void);

#endif
