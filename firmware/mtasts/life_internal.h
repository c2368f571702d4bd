/*
 * mtasts/life_internal: what the files of the life share.
 *
 *   life.c        the scheduler: which domain is next, and what it wants
 *   life_order.c  an order from its start to the installed certificate, or to the next try
 *   life_change.c what a look means for a change and a retirement, and when the next one is
 *   life_check.c  a run of checks from its start to what follows from it
 *   life_ops.c    what an operator does
 *   life_policy.c what follows from the record: the policy in force, changes, retirement
 *   life_promote.c what blocks mode enforce, and the way to it
 *   life_tally.c  the counts, and walks over all domains
 *   life_text.c   sentences
 *   schedule.c    how long to wait
 *
 * A domain is loaded into scratch memory, looked at or changed, saved, and gone, all in one call:
 * what is the outermost (a step's part, an operator's act) notes the mark and releases it. There is
 * room for one whole domain at a time.
 */
#ifndef SP_MTASTS_LIFE_INTERNAL_H
#define SP_MTASTS_LIFE_INTERNAL_H

#include "mtasts/life.h"

#define SP_LIFE_ASKED 4         /* domains whose checks an operator asked for, at once */
#define SP_LIFE_POLL_MS 200     /* between looks at a job under way */
#define SP_LIFE_AGAIN_MS 250    /* after a "busy" */
#define SP_LIFE_CLOCK_MS 5000   /* between looks at a clock that is not set */
#define SP_LIFE_LOOK_MS 600000  /* the longest sleep while something is planned */
#define SP_LIFE_BLOCKED_S 60    /* after an order that was not possible (terms, clock) */
#define SP_LIFE_STORE_S 60      /* after flash refused a write */
#define SP_LIFE_ORDER_MS 600000 /* an order that takes longer is given up, for the others */

/* Indices of checks, here and in checks/. */
enum {
    SP_LIFE_DNS,
    SP_LIFE_HTTPS,
    SP_LIFE_CERTIFICATE,
    SP_LIFE_POLICY_ID,
    SP_LIFE_MX_MATCH,
    SP_LIFE_MX_TLS,
    SP_LIFE_SEEN,
    SP_LIFE_CLOCK = 9
};

/* Which checks a run is of (bits of checks/). */
#define SP_LIFE_ONLY_DNS (1U << SP_LIFE_DNS)
#define SP_LIFE_ALL ((1U << SP_DOMAIN_CHECKS) - 1U)
/* While something is awaited in DNS or on the network, between two whole runs. */
#define SP_LIFE_SHORT                                                                              \
    (1U << SP_LIFE_DNS | 1U << SP_LIFE_HTTPS | 1U << SP_LIFE_CERTIFICATE | 1U << SP_LIFE_POLICY_ID)
/* Of a domain that serves nothing any more: are its records gone? */
#define SP_LIFE_LEFTOVERS (1U << SP_LIFE_DNS | 1U << SP_LIFE_POLICY_ID)

struct sp_life_job {
    bool active;
    char name[SP_DOMAIN_SIZE]; /* mail domain */
    sp_time started;
};

struct sp_life {
    struct sp_store *store; /* NULL before the start */
    struct sp_life_ops ops;

    struct sp_life_job order;
    unsigned order_saves; /* tries to store its certificate */
    sp_time order_poll;   /* not before */

    struct sp_life_job check;
    bool check_for_order; /* an order follows when the dns check passes */
    bool check_asked;     /* an operator asked for it */
    bool check_all;       /* it is of all checks */
    bool check_outdated; /* the policy was changed meanwhile: what comes of it counts for nothing */
    struct sp_life_asked_run {
        uint32_t who; /* sp_life_who; 0: none yet */
        sp_time at;
    } asked_run; /* the last one that an operator asked for, when it ended */

    char reserved[SP_DOMAIN_SIZE]; /* has the next turn for an order; "": nobody */
    char asked[SP_LIFE_ASKED][SP_DOMAIN_SIZE];
    sp_time quiet_until; /* nothing is due before */

    /* Of the domain loaded last, as it was then: what the tally has counted. */
    struct sp_life_counted {
        bool any; /* false: there was no record */
        enum sp_domain_state state;
        uint8_t health;
        sp_utc not_after;
    } counted;
};
extern struct sp_life sp_life;

/* --- life.c --- */
sp_utc sp_life_utc(sp_time now);
/* A due moment for "at once": found by the store also while the clock is not set. */
sp_utc sp_life_at_once(sp_utc utc);
uint32_t sp_life_random(void);
/* A short stand-in for a name where a mix-up does no harm. Never 0. */
uint32_t sp_life_who(const char *name);
void sp_life_changed(const char *name);
/* Loads the whole of it into scratch memory, for the caller to release. NULL and *err when it
 * cannot be. */
struct sp_domain *sp_life_load(const char *name, int *err);
/* The same into a domain that is there already. Errors of sp_domain_load. */
int sp_life_load_into(struct sp_domain *domain, const char *name);
/* Saves the domain loaded last and keeps the tally right. Errors of sp_domain_save. */
int sp_life_save(struct sp_domain *domain, sp_utc utc);
/* Saves; when flash refuses, it says so in the log and looks again in a minute. 0 or the error. */
int sp_life_save_or_wait(struct sp_domain *domain, sp_utc utc);
/* In RAM alone. */
void sp_life_set_due(const char *name, sp_utc due);
void sp_life_set_state(struct sp_domain *domain, enum sp_domain_state state, sp_utc utc);
void sp_life_set_error(struct sp_domain *domain, const char *id, const char *sentence, sp_utc utc);
/* The domain's turn for an order comes later; the first to come here gets the next one. */
void sp_life_put_off(const char *name, sp_utc utc);

/* --- life_order.c --- */
/* An order is to be made or tried again now. */
bool sp_life_order_due(const struct sp_domain *domain, sp_utc utc);
/* Starts the order of that domain, or puts it off. */
void sp_life_order_begin(struct sp_domain *domain, sp_time now, sp_utc utc);
sp_time sp_life_order_step(sp_time now);
/* Stops an order of that domain, also a stored one. */
void sp_life_order_drop(const char *name);
/* The kept certificate is for this host and valid now. */
bool sp_life_has_valid(const struct sp_domain *domain, sp_utc utc);
/* To state active with the certificate that is there: plans renewal and checks. fresh: the CA has
 * just issued it. */
void sp_life_activate(struct sp_domain *domain, bool fresh, sp_utc utc);
/* One failure more: error, backoff, saved. For the wait, failures count as `most` at most. */
void sp_life_fail(struct sp_domain *domain, const struct sp_life_failure *why, uint32_t most,
                  sp_utc utc);

/* --- life_ops.c --- */
/* An act on a domain that is there, with the whole of it in scratch memory. */
typedef int (*sp_life_act)(struct sp_domain *domain, unsigned arg, sp_time now, char *why,
                           size_t cap);
int sp_life_perform(sp_life_act act, const char *given, unsigned arg, sp_time now, char *why,
                    size_t cap);
/* SP_E_STATE and why: the name and what is the matter. */
int sp_life_refuse(char *why, size_t cap, const char *name, const char *fault);
/* Saves what an act has changed; errors with why. */
int sp_life_keep(struct sp_domain *domain, sp_utc utc, char *why, size_t cap);

/* --- life_check.c --- */
/* Starts a run. False when checks are busy: the domain is to come again. */
bool sp_life_check_begin(const struct sp_domain *domain, unsigned which, bool for_order,
                         sp_time now);
sp_time sp_life_check_step(sp_time now);

/* --- life_change.c --- */
/* What the light counts of a check, after its result became what it is. True when that changed. */
bool sp_life_count(struct sp_domain_check *check, uint8_t before);
/* A failure was seen once, and is to be looked at again before the light falls. */
bool sp_life_unconfirmed(const struct sp_domain *domain);
/* The policy was fetched back, an id was seen, a time has passed. True when the domain was changed.
 * The mx have to be loaded, here and in all that follows. */
bool sp_life_note_look(struct sp_domain *domain, const struct sp_life_check_result *results,
                       const struct sp_life_dns_id *seen, sp_utc utc);
/* When the wait is over: to state disabled. */
void sp_life_end_retirement(struct sp_domain *domain, sp_utc utc);
/* It has not pointed here for more than a day. */
bool sp_life_is_away(const struct sp_domain *domain, sp_utc utc);
/* Disabled: neither the id nor addresses of the policy host are in DNS. */
bool sp_life_records_gone(const struct sp_domain *domain);
/* SP_LIFE_SHORT is enough for the look that is due. */
bool sp_life_looks_short(const struct sp_domain *domain, sp_utc utc);
/* Sets next_check. */
void sp_life_plan_look(struct sp_domain *domain, sp_utc utc);

/* --- life_promote.c --- */
/* 0 when `set` may go to enforce without force; SP_E_STATE and why. */
int sp_life_enforce_fault(const struct sp_domain *domain, char *why, size_t cap);
/* After a run of all checks: counts clean days, and promotes when they are enough. True when the
 * domain was changed. The mx have to be loaded. */
bool sp_life_auto_step(struct sp_domain *domain, sp_utc utc);
/* When it is promoted by itself unless a check fails; 0: it is not. */
sp_utc sp_life_auto_at(const struct sp_domain *domain);

/* --- life_text.c --- */
const char *sp_life_check_text(unsigned i); /* "dns", "https", … */
/* It fails, or did when it could last be told. */
bool sp_life_check_fails(const struct sp_domain_check *check);

/* --- life_policy.c --- */
/* The policy in force is another one from now on: the first phase of its change. */
void sp_life_policy_changed(struct sp_domain *domain, sp_utc utc);
/* What a run that is under way for that domain finds counts for nothing any more. */
void sp_life_outdate_check(const char *name);
/* The mx that must keep working although `policy`, which is to come, lacks them: those of the
 * policy until now when it was served, and those that left before. They are put behind the policy's
 * own, in what room there is; how many, and until when. */
uint8_t sp_life_leave(const struct sp_domain *domain, const struct sp_policy *policy, sp_utc utc,
                      sp_utc left_until[SP_MX_MAX]);
/* Forgets those whose time is over. True when something changed. */
bool sp_life_forget_left(struct sp_domain *domain, sp_utc utc);
/* A policy was ever served: senders may hold one, or there was a retirement. */
bool sp_life_has_served(const struct sp_domain *domain);
/* How long resolvers may hold the id's TXT, s. */
uint32_t sp_life_ttl(const struct sp_domain *domain);
/* The wait of its retirement is over: what is left is to delete the records. */
bool sp_life_retired(const struct sp_domain *domain, sp_utc utc);

/* --- life_tally.c --- */
void sp_life_tally_begin(void);
/* A record was replaced, added or deleted: what was counted of it, and the domain as it is now
 * (NULL: deleted). */
void sp_life_tally_move(const struct sp_life_counted *was, const struct sp_domain *is);
/* Everything that waits is due again. */
void sp_life_tally_kick(void);
/* One domain a call: now while there is more, SP_NEVER when done. */
sp_time sp_life_tally_step(sp_time now);

#endif
