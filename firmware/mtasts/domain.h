/*
 * mtasts/domain: one mail domain as it is kept in flash (SP_KIND_DOMAIN, by its name).
 *
 * Everything of a domain is in its one record, so that it is replaced whole or not at all:
 * settings, state, schedule, private key and leaf. Intermediates are shared (SP_KIND_CHAIN) and
 * named by hash. The bytes are specified in docs/domain-record.md.
 *
 * Memory: the struct is about 2 KB; what is large lies beside it (policy.mx, key, leaf: 7.3 KB)
 * and is loaded only when there is room for it. Both come from scratch memory (sp_domain_take) and
 * are gone, wiped, when the caller releases that.
 */
#ifndef SP_MTASTS_DOMAIN_H
#define SP_MTASTS_DOMAIN_H

#include "base/time.h"
#include "crypto/crypto.h"
#include "mtasts/policy.h"
#include "store/store.h"

enum sp_domain_state {
    SP_DOMAIN_DISABLED,
    SP_DOMAIN_WAITING_DNS,
    SP_DOMAIN_ORDERING,
    SP_DOMAIN_ACTIVE,
    SP_DOMAIN_RETIRING /* mode none is served until no sender can hold an older policy */
};
const char *sp_domain_state_text(enum sp_domain_state state); /* "disabled", "waiting_dns", … */

/* The last result of a check, small enough to be kept. Index is the id's number in checks/. What
 * SP_CHECK_PASS and its like are there is named here again, since the rooms do not know each other.
 */
#define SP_DOMAIN_CHECKS 11
enum { SP_DOMAIN_NOT_RUN, SP_DOMAIN_PASS, SP_DOMAIN_FAIL, SP_DOMAIN_UNKNOWN };
struct sp_domain_check {
    uint8_t result; /* enum sp_check_result */
    uint8_t counts; /* what the light counts: the last pass or fail that was sure; 0: none yet */
    char code[22];  /* stable name of the reason */
    sp_utc changed; /* when the result last changed */
};

enum sp_domain_health { SP_DOMAIN_FINE, SP_DOMAIN_BUSY, SP_DOMAIN_WANTS_CARE, SP_DOMAIN_AT_RISK };

/* Records that a dynamic update may put. */
enum { SP_PUT_A, SP_PUT_AAAA, SP_PUT_ID, SP_PUT_RUA, SP_DOMAIN_PUT };

struct sp_domain {
    char name[SP_DOMAIN_SIZE];
    struct sp_policy policy;
    char rua[SP_RUA_MAX];
    enum sp_domain_state state;
    sp_utc state_since;      /* 0: the time was not known then */
    sp_utc next_try;         /* for the order or renewal; 0: none planned */
    sp_utc next_check;       /* 0: none planned */
    uint32_t failures;       /* of orders in a row */
    uint32_t max_age_served; /* largest ever, s */
    sp_utc served_since;     /* this policy id; 0: never served */
    /* Of the TXT record with the policy's id; and whether the policy in force was fetched over the
     * network (https passed). */
    bool fetched_back;
    char dns_id[SP_POLICY_ID_SIZE]; /* last seen in DNS, "" : none */
    uint16_t auto_days; /* clean days after which testing becomes enforce by itself; 0: never */
    uint32_t txt_ttl;   /* largest TTL seen, s; 0: none */
    sp_utc dns_id_at;   /* when something new was last seen there */
    sp_utc retire_from; /* retiring: the wait is counted from here; 0: not yet. Kept when it has
                           ended: then disabled, and nobody holds a policy */
    sp_utc clean_since; /* no check has failed since; 0: not clean, or not known yet */
    /* mx that left the policy lie behind its own in policy.mx[], left_n of them, in what room there
     * is: until when they must keep working. 0: counted as soon as the time of day is known. */
    sp_utc left_until[SP_MX_MAX];
    uint32_t put[SP_DOMAIN_PUT]; /* hashes of the values last put by dynamic update; 0: none is */
    char error_id[40];           /* of the last failure, "" when the last try went well */
    char error[480];             /* its sentence */
    sp_utc error_at;
    struct sp_domain_check checks[SP_DOMAIN_CHECKS];
    uint8_t *key;   /* room for SP_KEY_DER_MAX bytes; NULL: not asked for */
    uint16_t key_n; /* 0: no certificate yet */
    uint8_t *leaf;  /* room for SP_LEAF_MAX bytes; NULL: not asked for */
    uint16_t leaf_n;
    sp_utc not_before, not_after;                      /* of the leaf */
    uint8_t links[SP_CHAIN_LINKS - 1][SP_SHA256_SIZE]; /* SHA-256 of each intermediate */
    uint8_t links_n;
    uint8_t left_n;
    uint8_t counted; /* enum sp_domain_health that the tally has counted: as of the last save */
};

/* The parts that lie beside the struct. */
#define SP_DOMAIN_MX 1U
#define SP_DOMAIN_KEY 2U
#define SP_DOMAIN_LEAF 4U
#define SP_DOMAIN_BRIEF 0U /* none of them */
#define SP_DOMAIN_WHOLE (SP_DOMAIN_MX | SP_DOMAIN_KEY | SP_DOMAIN_LEAF)

/* An empty domain in scratch memory (base/scratch), with room for these parts. */
struct sp_domain *sp_domain_take(unsigned parts);
/* Loads what there is room for; the numbers and lengths of the rest are there. SP_E_NOT_FOUND,
 * SP_E_CORRUPT, SP_E_IO: then all is zero but the room. */
int sp_domain_load(struct sp_store *store, const char *name, struct sp_domain *out);
/* Replaces the record; its due is sp_domain_due. SP_E_INVALID when a part that the domain has was
 * not loaded; errors of sp_store_put. */
int sp_domain_save(struct sp_store *store, const struct sp_domain *domain);
/* When the domain wants to be looked at: waiting for DNS, its next_check; ordering, its next_try;
 * active and retiring, the earlier of the two; disabled, its next_check; 0 for never. */
sp_utc sp_domain_due(const struct sp_domain *domain);
/* To all zero, with the room that it has. */
void sp_domain_wipe(struct sp_domain *domain);
/* "mta-sts." and the name. out has SP_DOMAIN_SIZE bytes. 0, or SP_E_SPACE when it would be too
 * long. */
int sp_domain_host(const char *name, char *out);
/* The mail domain of a policy host; SP_E_INVALID when host does not begin with "mta-sts.". */
int sp_domain_of_host(const char *host, char *out);
/* Puts certificate, chain and key into the domain, which has room for them; intermediates go to the
 * store first. In RAM only until sp_domain_save. SP_E_CERT_BAD (key, host, order of links),
 * SP_E_TOO_BIG, store errors. */
int sp_domain_install(struct sp_store *store, struct sp_domain *domain, struct sp_span key,
                      const struct sp_span *chain, unsigned links);
/* Reads intermediate number i (0 is the leaf's issuer): its length; SP_E_NOT_FOUND past the last.
 * Errors of sp_store_get. */
int sp_domain_link(struct sp_store *store, const struct sp_domain *domain, unsigned i, void *buf,
                   size_t cap);
/* The same into scratch memory of just its size. 0; errors as above; SP_E_TOO_BIG. */
int sp_domain_take_link(struct sp_store *store, const struct sp_domain *domain, unsigned i,
                        struct sp_span *out);
/* Deletes intermediates that no domain names any more, a piece a call: at most one record is read
 * or deleted. now while there is more to do, SP_NEVER when done. What sp_domain_install and
 * sp_domain_save name meanwhile is kept. Gives up, deleting nothing, when a domain cannot be read.
 */
sp_time sp_chain_sweep_step(struct sp_store *store, sp_time now);
void sp_chain_sweep_begin(void);

#endif
