/*
 * net/dns: DNS queries, by c-ares over lwIP's UDP and TCP (RFC 1035, 6891; truncation goes to TCP).
 *
 * Answers are never cached here and never come from a hosts file: a check wants what DNS says now.
 *
 * Memory: a query's answer lives in the caller's struct, its records packed into SP_DNS_ANSWER_MAX
 * bytes; c-ares draws on its pool. Threads: service task. Time: nothing blocks.
 */
#ifndef SP_NET_DNS_H
#define SP_NET_DNS_H

#include "base/limits.h"
#include "base/text.h"
#include "base/time.h"
#include "net/addr.h"

enum sp_dns_type {
    SP_DNS_A = 1,
    SP_DNS_NS = 2,
    SP_DNS_CNAME = 5,
    SP_DNS_SOA = 6,
    SP_DNS_MX = 15,
    SP_DNS_TXT = 16,
    SP_DNS_AAAA = 28,
    SP_DNS_TLSA = 52,
    SP_DNS_CAA = 257
};

/* One record of an answer. Its texts are the answer's. */
struct sp_dns_record {
    enum sp_dns_type type;
    uint32_t ttl;     /* s */
    const char *name; /* owner, after CNAMEs */
    union {
        struct sp_addr addr; /* A, AAAA */
        const char *host;    /* CNAME, NS */
        struct {
            uint16_t preference;
            const char *host; /* "" for the null MX "." */
        } mx;
        const char *text; /* TXT, its strings joined; what is over SP_DNS_TEXT_MAX is cut */
        struct {
            uint8_t critical;
            const char *tag, *value;
        } caa;
    } u;
};

struct sp_dns_answer {
    /* SP_OK with records (at least one of the type asked for), or SP_E_DNS_…, SP_E_CANCELLED,
     * SP_E_MEMORY. CNAMEs that were followed stand among the records in both cases. */
    int result;
    struct sp_addr server; /* who answered (last); family 0 when nobody did */
    uint32_t elapsed_ms;
    unsigned n; /* records, to be read by sp_dns_next */
    bool cut;   /* more came than fit: the first ones are here */
    /* The module's. */
    uint16_t used, last_owner;
    uint8_t bytes[SP_DNS_ANSWER_MAX];
};

/* Where a reader stands in an answer; {0} is the beginning. Members are the module's. */
struct sp_dns_cursor {
    size_t at;
    const char *owner;
};

/* The next record; false at the end. Changes nothing in the answer. */
bool sp_dns_next(const struct sp_dns_answer *answer, struct sp_dns_cursor *cursor,
                 struct sp_dns_record *out);

/* The addresses alone, for those who only want to connect: a twentieth of the memory. */
struct sp_dns_addresses {
    int result; /* as above; SP_OK with at least one address */
    unsigned n;
    struct sp_addr list[SP_DNS_ADDRESSES];
};

/* A query that is under way or answered; the caller keeps it where it is until it is done or
 * cancelled. Members are the module's. */
struct sp_dns_query {
    struct sp_dns_answer *answer;       /* the caller's; NULL when only addresses are wanted */
    struct sp_dns_addresses *addresses; /* the other way round */
    bool done;
    unsigned short token;
    sp_time started;
    char name[SP_DOMAIN_SIZE];
    enum sp_dns_type type;
};

/* Starts c-ares. Resolvers come from sp_net_status and are looked at again when they change. */
int sp_dns_start(void);
/* Asks. Afterwards query->done turns true within (SP_DNS_TIMEOUT_MS × SP_DNS_TRIES) and *answer is
 * filled. Names may have labels of one to 63 letters, digits, '-' and '_'; the root is ".". In
 * answers names are lower-case, without the dot at the end; records of other names are left out.
 * server: family 0 for the configured resolvers, otherwise that one alone (without recursion
 * desired; at most three such servers at a time). 0; SP_E_INVALID (name), SP_E_MEMORY (too many
 * under way), SP_E_DNS_NO_SERVER: then nothing is under way. */
int sp_dns_ask(struct sp_dns_query *query, const char *name, enum sp_dns_type type,
               const struct sp_addr *server, struct sp_dns_answer *answer, sp_time now);
/* The same for a host's addresses, by the configured resolvers. type: SP_DNS_A or SP_DNS_AAAA. */
int sp_dns_ask_addresses(struct sp_dns_query *query, const char *name, enum sp_dns_type type,
                         struct sp_dns_addresses *addresses, sp_time now);
/* After it the query is not touched any more. Harmless on one that is done or never began. */
void sp_dns_cancel(struct sp_dns_query *query);
sp_time sp_dns_step(sp_time now);

#endif
