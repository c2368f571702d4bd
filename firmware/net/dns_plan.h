/*
 * net/dns_plan: one RRset as it is wished: the question after it, and from its answer the dynamic
 * update (RFC 2136) that makes it so. Not for other rooms but through what sends the two.
 *
 * What is there and not owned stays as it is: records are deleted one by one (class NONE), never an
 * RRset, and the update's prerequisites say what was seen, so that it does nothing when somebody
 * else changed that meanwhile.
 *
 * Memory: the caller's. Pure functions.
 */
#ifndef SP_NET_DNS_PLAN_H
#define SP_NET_DNS_PLAN_H

#include "base/text.h"
#include "net/dns_message.h"

#define SP_DNS_WISH_VALUES 2
#define SP_DNS_WISH_DATA 336 /* bytes of all values: a TXT of SP_RUA_MAX with its strings */

enum sp_dns_owner {
    SP_DNS_OTHERS, /* of no interest here: stays */
    SP_DNS_OURS,   /* goes, unless it is wished */
    SP_DNS_FOREIGN /* somebody else's in the place of ours: nothing is changed then */
};

struct sp_dns_wish {
    char name[SP_DOMAIN_SIZE];
    char zone[SP_DOMAIN_SIZE]; /* that the name is in */
    uint16_t type;
    uint32_t ttl; /* s, of what is added; where others stay in the RRset, theirs is taken */
    unsigned n;   /* wished values; 0: none of ours is to be there */
    struct {
        uint16_t at, n; /* in data */
    } values[SP_DNS_WISH_VALUES];
    uint8_t data[SP_DNS_WISH_DATA];
    /* Whose a record of the RRset is, by its data; asked only of those that are not wished. */
    enum sp_dns_owner (*owner)(const struct sp_dns_wish *wish, struct sp_span data);
};

/* Adds a wished value. 0, SP_E_SPACE. */
int sp_dns_wish_add(struct sp_dns_wish *wish, const void *data, size_t n);

enum sp_dns_plan {
    SP_DNS_PLAN_SAME,   /* it is as wished */
    SP_DNS_PLAN_CHANGE, /* the update is written */
    SP_DNS_PLAN_ALIAS,  /* the name is a CNAME: its target is written */
    SP_DNS_PLAN_FOREIGN /* a record in the place of ours is somebody else's */
};

/* The question, unsigned. w->bad when it does not fit. */
void sp_dns_plan_query(const struct sp_dns_wish *wish, uint16_t id, void *array, size_t cap,
                       struct sp_dns_writer *w);
/* Judges the answer (without its signature) and writes the update, with the same id and unsigned.
 * target has SP_DOMAIN_SIZE bytes. enum sp_dns_plan, or SP_E_PROTOCOL (no answer to this question),
 * SP_E_DNS_REFUSED, SP_E_DNS_SERVFAIL (any other refusal), SP_E_STATE (the server is no authority
 * for the name), SP_E_INVALID (a CNAME to a name that is no host's), SP_E_TOO_BIG. */
int sp_dns_plan_update(const struct sp_dns_wish *wish, struct sp_span answer, uint16_t id,
                       void *array, size_t cap, struct sp_dns_writer *w, char *target);

#endif
