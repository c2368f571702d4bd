/*
 * net/dns_update: makes RRsets of a server's zones as they are wished, by dynamic update (RFC 2136)
 * signed with TSIG (RFC 8945), over one TCP connection.
 *
 * For each wish: the zone is found by its SOA record where none is configured, the RRset is asked
 * for, and where it is not as wished one update makes it so (net/dns_plan), which does nothing when
 * somebody else was quicker. Every answer is believed only with a right signature. A name that is
 * an alias is followed where the wish says so, also by the resolvers when the alias stands on
 * somebody else's server.
 *
 * Memory: the caller's struct, 7 KB; the HTTP client's buffer is lent for it. Threads: service
 * task. Time: nothing blocks; a wish takes at most SP_DNS_UPDATE_TIMEOUT_MS.
 */
#ifndef SP_NET_DNS_UPDATE_H
#define SP_NET_DNS_UPDATE_H

#include "net/dns.h"
#include "net/dns_plan.h"
#include "net/dns_tsig.h"
#include "net/stream.h"

#define SP_DNS_UPDATE_PORT 53
#define SP_DNS_UPDATE_TIMEOUT_MS 10000
#define SP_DNS_UPDATE_MESSAGE 2560 /* bytes of a message, either way */

struct sp_dns_update_server {
    struct sp_addr address;
    uint16_t port;
    char zone[SP_DOMAIN_SIZE]; /* the only one to be changed; "": each that the server has */
    struct sp_tsig_key key;
};

/* What came of a wish. */
enum sp_dns_update_result {
    SP_DNS_UPDATE_SAME, /* it was so already */
    SP_DNS_UPDATE_DONE,
    SP_DNS_UPDATE_FOREIGN, /* left alone: a record of somebody else's stands there */
    SP_DNS_UPDATE_ALIAS,   /* left alone: the name is an alias, which is not to be followed */
    /* This name cannot be changed: */
    SP_DNS_UPDATE_NO_ZONE,  /* it is in no zone of the server, or not in the configured one */
    SP_DNS_UPDATE_NOT_AUTH, /* the server does not let this key change the zone, or has it not */
    SP_DNS_UPDATE_REFUSED,
    SP_DNS_UPDATE_RACE,      /* the records changed between question and update */
    SP_DNS_UPDATE_BAD_ALIAS, /* aliases go in a circle, or to no name */
    SP_DNS_UPDATE_FAILED,    /* any other refusal: SERVFAIL, FORMERR, NOTIMP … */
    SP_DNS_UPDATE_TOO_BIG,   /* the RRset does not fit */
    /* Nothing can be changed at this server: */
    SP_DNS_UPDATE_BAD_KEY,  /* it does not know the key's name or algorithm */
    SP_DNS_UPDATE_BAD_SIG,  /* it has another secret */
    SP_DNS_UPDATE_BAD_TIME, /* its clock and ours differ */
    SP_DNS_UPDATE_UNSIGNED, /* it answers without a right signature */
    SP_DNS_UPDATE_NO_CONNECTION,
    SP_DNS_UPDATE_CLOSED,
    SP_DNS_UPDATE_TIMEOUT,
    SP_DNS_UPDATE_MALFORMED, /* what came back is no answer */
    SP_DNS_UPDATE_RESULTS
};
/* Nothing is to be had from this server for now, whatever the name. */
static inline bool sp_dns_update_is_servers(enum sp_dns_update_result result)
{
    return result >= SP_DNS_UPDATE_BAD_KEY;
}
/* A clause with the server as its subject: "does not know the key"; of the first four, what there
 * is to say of the name. Static. */
const char *sp_dns_update_text(enum sp_dns_update_result result);

enum sp_dns_update_state {
    SP_DNS_UPDATE_IDLE,
    SP_DNS_UPDATE_CONNECT,
    SP_DNS_UPDATE_ASK_ZONE,
    SP_DNS_UPDATE_ASK,
    SP_DNS_UPDATE_CHANGE,
    SP_DNS_UPDATE_FOLLOW
};

/* All zero at first. The caller fills wish (but its zone) and follow before
 * sp_dns_update_put; the other members are the module's. */
struct sp_dns_update {
    struct sp_dns_wish wish;
    bool follow; /* an alias: what stands at its end is meant */

    const struct sp_dns_update_server *server;
    struct sp_stream *stream;
    enum sp_dns_update_state state;
    sp_time deadline;
    unsigned hops;
    uint16_t id;
    bool sending;
    uint8_t mac[SP_SHA256_SIZE];
    char target[SP_DOMAIN_SIZE];
    size_t out_n, sent, in_n;
    union {
        struct {
            uint8_t out[2 + SP_DNS_UPDATE_MESSAGE], in[2 + SP_DNS_UPDATE_MESSAGE];
        } m;
        struct {
            struct sp_dns_query query;
            struct sp_dns_answer answer;
        } dns;
    } u;
};

/* Begins with the wish; the connection stays for the next one. server must live on. */
void sp_dns_update_put(struct sp_dns_update *update, const struct sp_dns_update_server *server,
                       sp_time now);
/* To be called again at each step while it says SP_E_AGAIN; else enum sp_dns_update_result, and
 * wish.name is where it stands or would. utc: the time of day, which must be known. */
int sp_dns_update_step(struct sp_dns_update *update, sp_time now, sp_utc utc);
/* Closes the connection; gives up what is under way. */
void sp_dns_update_end(struct sp_dns_update *update);

#endif
