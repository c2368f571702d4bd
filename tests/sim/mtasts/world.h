/*
 * A small world for the life of domains, in virtual time: a CA, a DNS and a network of which a test
 * says how they behave, host by host; and a flash that outlives resets.
 */
#ifndef SP_TEST_SIM_MTASTS_WORLD_H
#define SP_TEST_SIM_MTASTS_WORLD_H

#include "mtasts/life.h"

#define HOSTS 1000
#define UTC_BEGIN 1795561500
#define MINUTE 60
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

enum ca_mood {
    CA_GIVES,
    CA_REFUSES,
    CA_HANGS,
    CA_BLOCKED,
    CA_GIVES_EXPIRED,
    CA_GIVES_OLD,
    CA_GIVES_RUBBISH
};

struct host {
    char domain[64];
    uint8_t dns, https, certificate; /* SP_DOMAIN_PASS … */
    uint8_t mx_match, mx_tls, seen, clock;
    char dns_code[32], https_code[32], mx_tls_code[32];
    bool by_hand; /* DNS carries `txt`; else what is to be published, at once */
    bool dns_silent;
    char txt[SP_POLICY_ID_SIZE]; /* the id, "" : none */
    uint32_t ttl;
    char reports[80]; /* what the TLS reports tell of failures, "" : nothing */
    enum ca_mood ca;
    uint32_t retry_after;
    sp_utc lifetime;

    /* What happened. */
    unsigned orders, certificates, dns_checks, full_checks, short_checks, leftover_checks, cancels;
    char wanted[SP_POLICY_ID_SIZE]; /* in force when the last run began; "" : none is to be there */
    bool dns_passed_last;           /* the last dns check of this host passed */
    sp_utc looked_at;               /* the end of the last run of any checks */
    sp_utc ordered_at, checked_at, longest_gap; /* between full checks */
};

struct world {
    sp_time now;
    bool clock_set;
    sp_utc utc_offset;
    unsigned order_ms, check_ms; /* how long they take */
    bool checks_busy;
    struct host hosts[HOSTS];
    unsigned hosts_n;

    /* The acme room: survives a reset as its order record does. */
    char ordering[SP_DOMAIN_SIZE]; /* policy host */
    sp_time order_began;
    bool order_running; /* false after a reset until it is started again */
    unsigned orders_new, orders_resumed, finishes;

    struct host *checking;
    unsigned checking_which;
    sp_time check_began;

    uint64_t steps;
    unsigned changes;
};
extern struct world world;
extern struct sp_store *world_store;

/* A blank flash, a clock that is set, everybody content. */
void world_begin(void);
/* DNS carries this id from now on, "" : none. */
void world_publish(const char *domain, const char *id);
/* The id that is to be published. */
const char *world_wanted(const char *domain);
/* The firmware starts again on the same flash. */
void world_reset(void);
struct host *world_host(const char *domain);
/* A domain that is added (not enabled). */
struct host *world_add(const char *domain);
void world_enable(const char *domain);
/* The order under way is given up by the acme room: another CA was chosen. */
void world_drop_order(void);
sp_utc world_utc(void);
/* Steps until nothing more is to be done before that moment. Fails the test on a busy loop. */
void world_run(sp_utc seconds);
/* One step; false when it wants to sleep longer than until `until`. Moves the time. */
bool world_step(sp_time until);
struct sp_domain *world_domain(const char *domain); /* as it is in flash */
const char *world_sentence(const char *domain);

/* The flash: one of store_fake.c and store_flash.c. */
void world_store_blank(void);
void world_store_reset(void);

#endif
