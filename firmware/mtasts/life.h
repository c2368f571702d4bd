/*
 * mtasts/life: the life of a domain: disabled, waiting for DNS, ordering, active, retiring;
 * renewals, hourly checks, backoff; changes of the policy in two phases, promotion to enforce.
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

/* What a run saw in DNS of the policy id. */
struct sp_life_dns_id {
    bool known;                 /* false: not asked, or no answer to be had */
    char id[SP_POLICY_ID_SIZE]; /* "" : no record */
    uint32_t ttl;               /* s */
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
    /* SP_E_AGAIN while it goes on; 0 and results, by id, and the id in DNS. */
    int (*check_poll)(void *ctx, struct sp_life_check_result results[SP_DOMAIN_CHECKS],
                      struct sp_life_dns_id *seen);
    void (*changed)(void *ctx, const char *domain); /* something to be shown changed */
    /* 1 when TLS reports of the last seven days tell of failures, with how many, without a full
     * stop; 0. NULL: no reports are taken. */
    int (*reports)(void *ctx, const char *domain, sp_utc utc, char *sentence, size_t cap);
    /* The sentence that check `id` gave for that domain in its last run, "" when it is not there
     * any more. NULL: there are none. */
    const char *(*reason)(void *ctx, const char *domain, unsigned id);
};

int sp_life_start(struct sp_store *store, const struct sp_life_ops *ops);
sp_time sp_life_step(sp_time now);

/* What an operator does. why (240 bytes at least) gets one sentence with any error. All take effect
 * in flash before they return. SP_E_NOT_FOUND, SP_E_EXISTS, SP_E_INVALID, SP_E_FULL, SP_E_STATE. */
/* Mode enforce from the start wants force. */
int sp_life_add(const char *name, const struct sp_policy *policy, const char *rua, bool force,
                char *why, size_t cap);
/* To mode enforce wants force while a check fails, or when none has been run yet. policy->mx has
 * room for SP_MX_MAX: what leaves the policy is put behind it. */
int sp_life_set(const char *name, const struct sp_policy *policy, const char *rua, bool force,
                sp_time now, char *why, size_t cap);
/* Only when disabled. With 0, why holds what that risks, or "". */
int sp_life_remove(const char *name, sp_time now, char *why, size_t cap);
int sp_life_enable(const char *name, sp_time now, char *why, size_t cap);
/* A domain that ever served a policy retires; at_once, or one that did not, is disabled now. */
int sp_life_disable(const char *name, bool at_once, sp_time now, char *why, size_t cap);
/* To mode enforce. SP_E_AGAIN: checks are being run for it, call again; SP_E_STATE: why lists what
 * blocks; force: whatever blocks. With 0, why names the checks that it goes without, since they can
 * never tell from here (port 25 blocked, NAT without hairpin), or is "". */
int sp_life_promote(const char *name, bool force, sp_time now, char *why, size_t cap);
/* After that many days in testing without a blocker it is promoted by itself; 0: never. */
int sp_life_auto(const char *name, unsigned days, sp_time now, char *why, size_t cap);
int sp_life_renew(const char *name, sp_time now, char *why,
                  size_t cap); /* now, whatever the backoff */
/* Asks for a run of all checks soon; its end is seen by the report of checks/. */
int sp_life_check(const char *name, sp_time now, char *why, size_t cap);
/* True while checks were asked for or are running for that domain. */
bool sp_life_checking(const char *name);
/* Everything that was planned looks at the clock and the addresses again (network or time changed).
 */
void sp_life_kick(sp_time now);

/* What is served: the policy, or its form while retiring: mode none, max_age SP_MAX_AGE_MIN, the
 * same mx, whose room is the domain's. */
void sp_life_in_force(const struct sp_domain *domain, struct sp_policy *out);

/* A change of the policy has two phases (RFC 8461 8.1): what is served is new at once; when it was
 * fetched back over the network, its id is to be published. */
enum sp_life_change { SP_CHANGE_NONE, SP_CHANGE_FETCHING, SP_CHANGE_PUBLISH };
/* old_id: as last seen in DNS; new_id: what is served (SP_POLICY_ID_SIZE each). The mx have to be
 * loaded. */
enum sp_life_change sp_life_change(const struct sp_domain *domain, char *old_id, char *new_id);
/* The id that belongs to what is served, "" when no policy is to be found any more. */
void sp_life_served_id(const struct sp_domain *domain, sp_utc utc, char *out);
/* The id that DNS is to carry now: while a new policy is being fetched back the old one, "" when
 * no TXT record is to be there. out has SP_POLICY_ID_SIZE bytes. The mx have to be loaded. */
void sp_life_published_id(const struct sp_domain *domain, sp_utc utc, char *out);
/* The moment from which nobody holds a policy older than the `none` of a domain that retires, or
 * of one that was disabled at once: the largest max_age ever served and the TTL of the id's TXT,
 * from when the former id was seen to be replaced or gone (RFC 8461 8.3). 0: not counted yet, or
 * nothing was ever served. */
sp_utc sp_life_retire_until(const struct sp_domain *domain);
/* One sentence: what `disable now` risks (of a domain that is disabled: what its removal does),
 * and until when senders may hold a policy. "" when nothing is at risk. */
void sp_life_risk(const struct sp_domain *domain, sp_utc utc, char *out, size_t cap);

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
