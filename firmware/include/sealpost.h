/*
 * Sealpost: MTA-STS provisioning (RFC 8461, 8460, 8555) as a component of a mail gateway's
 * firmware.
 *
 * The embedding firmware fills a struct sp_board (hal/board.h), calls sealpost_start once, and then
 * sealpost_step whenever the time that it returned has come or the NIC, the UART or a timer has
 * something. All the rest of this header is what an operator can do; the serial console and the
 * status page are written against it alone, so that they never disagree.
 *
 * Memory: one instance, static; nothing is allocated after sealpost_start outside the bounded pools
 * of mbedTLS, lwIP, c-ares and cJSON. Out-structs are the caller's; some are 2 KB: keep them
 * static. Threads: one task calls everything here but sealpost_keys. Time: nothing waits for the
 * network. What takes long is started and looked at again. Errors: 0 or a negative enum sp_err
 * (base/err.h); with a `why`, it then holds one sentence for the operator and a stable id. Text:
 * host names are A-labels; addresses are text; moments are seconds since 1970, 0 for "none".
 */
#ifndef SEALPOST_H
#define SEALPOST_H

#include "base/err.h"
#include "base/time.h"
#include "hal/board.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEALPOST_VERSION "0.1.0"
#define SEALPOST_NAME_SIZE 254
#define SEALPOST_URL_SIZE 352
#define SEALPOST_MX_MAX 16
#define SEALPOST_MX_SIZE (SEALPOST_NAME_SIZE + 2) /* of a pattern with its terminator */
#define SEALPOST_RUA_SIZE 254
#define SEALPOST_ADDRESS_SIZE 46

struct sealpost_why {
    char id[40];        /* stable, for scripts: "domain_unknown", "mx_invalid", … */
    char sentence[480]; /* what happened and what to do */
};

/* --- life of the component --- */

/* Mounts the store, brings the network up, starts the service. Never fails for what flash holds.
 * board and all it points to must live on. uart, led and watchdog may be NULL. 0; SP_E_IO,
 * SP_E_INVALID (geometry). Without entropy it runs, makes no keys, and says so. */
int sealpost_start(const struct sp_board *board);
/* Runs everything that can run; returns the moment (of board->clock) for the next call at the
 * latest. */
sp_time sealpost_step(void);
/* Keeps the console's keys alive while sealpost_step computes (a handshake, a signature). Optional,
 * for a board with a second task on the same core, of higher priority than the one that calls
 * sealpost_step, so that this one stands still meanwhile: call it from there when the UART has
 * received something. It takes at most 32 bytes, edits and echoes them, and leaves alone whatever
 * needs the service (Enter, Tab, Ctrl-C, and all bytes after them), which is to be woken as well.
 * While the service itself is at the console, or before sealpost_start, it does nothing. It calls
 * uart->ops alone, never waits, and takes less than a millisecond; 1 KB of stack is enough. True
 * when bytes are left to be taken or sent: call it again in some 10 ms. */
bool sealpost_keys(void);

/* --- the appliance --- */

/* Of a check or a test. */
enum sealpost_result { SEALPOST_NOT_RUN, SEALPOST_PASS, SEALPOST_FAIL, SEALPOST_UNKNOWN };

enum sealpost_health { /* worst last */
                       SEALPOST_OK,
                       SEALPOST_WORKING,
                       SEALPOST_ATTENTION,
                       SEALPOST_RISK, /* mail is at risk now */
                       SEALPOST_FAULT /* the device itself */
};
const char *sealpost_health_text(enum sealpost_health health); /* "ok", "working", … */

struct sealpost_status {
    enum sealpost_health health;
    char sentence[320];
    sp_utc utc; /* 0: the time is not known yet */
    uint64_t uptime_s;
    unsigned domains, active, at_risk, want_care;
    bool link;
    unsigned addresses_n;
    char addresses[6][SEALPOST_ADDRESS_SIZE];
    bool terms_agreed;
    char directory[SEALPOST_URL_SIZE];
    char order_host[SEALPOST_NAME_SIZE]; /* of the order under way, "" when none */
    char order_phase[64];
    const char *board, *version;
    const char *area; /* the flash part's read-only area: "good", "none", "blank", "foreign",
                         "damaged" */
};
void sealpost_status(struct sealpost_status *out);

struct sealpost_net {
    bool dhcp;
    char address[SEALPOST_ADDRESS_SIZE + 4]; /* "192.0.2.10/24"; static: "" means none */
    char gateway[SEALPOST_ADDRESS_SIZE];
    char dns[3][SEALPOST_ADDRESS_SIZE];
    char ntp[SEALPOST_NAME_SIZE];
    char public4[SEALPOST_ADDRESS_SIZE]; /* the addresses that the world sees, "" : the interface's
                                            own */
    char public6[SEALPOST_ADDRESS_SIZE];
};
/* As configured. */
void sealpost_net_get(struct sealpost_net *out);
/* Keeps it in flash and puts it in force. SP_E_INVALID and why. */
int sealpost_net_set(const struct sealpost_net *net, struct sealpost_why *why);

struct sealpost_net_live {
    bool link, dhcp_bound;
    char mac[18];
    char gateway[SEALPOST_ADDRESS_SIZE];
    unsigned addresses_n, dns_n;
    char addresses[6][SEALPOST_ADDRESS_SIZE];
    char dns[3][SEALPOST_ADDRESS_SIZE];
};
void sealpost_net_live(struct sealpost_net_live *out);

struct sealpost_time {
    bool set;
    sp_utc utc, synced_at, floor;
    char server[SEALPOST_NAME_SIZE];
    char address[SEALPOST_ADDRESS_SIZE]; /* of the server that answered */
    char sentence[480];                  /* e.g. why it is not set */
};
void sealpost_time(struct sealpost_time *out);

/* The last fault or failed assertion after which the board restarted; it stays in flash. 0;
 * SP_E_NOT_FOUND when there was none, or the board cannot keep it; SP_E_IO, SP_E_CORRUPT. */
int sealpost_crash(struct sp_crash *out);

/* --- self-test --- */

/* PASS, FAIL, or UNKNOWN where the board cannot be tested so. */
struct sealpost_selftest {
    const char *id; /* "flash", "area", "nic", "timer", "light", "entropy", "memory" */
    enum sealpost_result result;
    char reason[240];
};
/* For the factory. One step of test number i, from 0: SP_E_AGAIN while it goes on, to be called
 * again within 50 ms or so (what is not asked for again is given up); 0 and *out when it is over;
 * SP_E_NOT_FOUND past the last. A step takes at most some 30 ms. The flash test erases the block
 * that belongs to nobody; the light shows its patterns for 9 s and comes back by itself. */
int sealpost_selftest(unsigned i, struct sealpost_selftest *out);

/* --- certificate authority --- */

struct sealpost_ca {
    char directory[SEALPOST_URL_SIZE];
    char terms[SEALPOST_URL_SIZE]; /* "" while unknown */
    bool agreed;
    char account[SEALPOST_URL_SIZE]; /* "" while there is none */
    bool fetching;                   /* the directory is being asked */
    char sentence[480];              /* what is the matter, or "" */
};
void sealpost_ca_get(struct sealpost_ca *out);
/* Another directory (https). An order under way is given up. */
int sealpost_ca_set(const char *directory, struct sealpost_why *why);
/* The operator agrees to the CA's terms. SP_E_AGAIN: the directory is being fetched, call again. */
int sealpost_ca_agree(struct sealpost_why *why);

struct sealpost_anchor {
    char subject[160];
    char sha256[65];
    sp_utc not_after;
    bool factory;
};
#define SEALPOST_DER_MAX 2560
/* One root certificate, PEM or DER; at most SEALPOST_DER_MAX bytes of DER. */
int sealpost_trust_add(const void *certificate, size_t n, struct sealpost_why *why);
int sealpost_trust_remove(const char *sha256, struct sealpost_why *why);
/* Number i (0, 1, …); SP_E_NOT_FOUND past the end. */
int sealpost_trust_get(unsigned i, struct sealpost_anchor *out);
unsigned sealpost_trust_builtin(void); /* roots of the bundle */

/* --- domains --- */

enum sealpost_mode { SEALPOST_TESTING, SEALPOST_ENFORCE, SEALPOST_NONE };

/* What is to be changed of a domain. What `gives` does not name stays as it is; of a new domain it
 * is testing, a week, mailto:postmaster@DOMAIN. A new domain wants mx. */
#define SEALPOST_GIVES_MX 1U      /* in place of all that it has */
#define SEALPOST_GIVES_MX_MORE 2U /* mx are added to them */
#define SEALPOST_GIVES_MX_LESS 4U /* mx are taken from them */
#define SEALPOST_GIVES_MODE 8U
#define SEALPOST_GIVES_MAX_AGE 16U
#define SEALPOST_GIVES_RUA 32U
#define SEALPOST_GIVES_FORCE 64U /* mode enforce whatever the checks say */
struct sealpost_domain_settings {
    unsigned gives; /* SEALPOST_GIVES_… | … */
    unsigned mx_n;
    const char *mx[SEALPOST_MX_MAX]; /* texts are the caller's */
    enum sealpost_mode mode;
    uint32_t max_age; /* s */
    const char *rua;  /* "" : mailto:postmaster@DOMAIN; "here": this appliance takes them */
};
int sealpost_domain_add(const char *domain, const struct sealpost_domain_settings *settings,
                        struct sealpost_why *why);
int sealpost_domain_set(const char *domain, const struct sealpost_domain_settings *settings,
                        struct sealpost_why *why);
int sealpost_domain_remove(const char *domain, struct sealpost_why *why);
/* Walks the names; start with *cursor 0. SP_E_NOT_FOUND at the end. */
int sealpost_domain_next(uint32_t *cursor, char name[SEALPOST_NAME_SIZE]);

struct sealpost_domain {
    char name[SEALPOST_NAME_SIZE];
    char state[16]; /* "disabled", "waiting_dns", "ordering", "active", "retiring" */
    char sentence[480];
    char policy_id[33]; /* of the policy that is served */
    /* A change has two phases: the new policy is served and "fetching" back over the network; then
     * its id is to "publish" in place of old_id. "" : none is under way. */
    char change[12];
    char old_id[33]; /* last seen in DNS, "" : none */
    enum sealpost_mode mode;
    uint32_t max_age;
    unsigned mx_n;
    char rua[SEALPOST_RUA_SIZE];
    sp_utc expires; /* of the installed certificate, 0: none */
    char next_what[40];
    sp_utc next_at;
    char error_id[40]; /* of the last failure, "" : none since the last success */
    char error[480];
    sp_utc error_at;
    uint32_t failures;
    bool wants_care;    /* the operator's: a failing check, a failing or waiting order, an expiry */
    unsigned auto_days; /* clean days after which it is promoted by itself, 0: never */
    sp_utc clean_since; /* no check has failed since; 0: not clean, or not counted */
    sp_utc retire_until; /* from then on nobody holds a policy of a domain that retires or was
                            disabled at once; 0: not counted yet */
};
int sealpost_domain_get(const char *domain, struct sealpost_domain *out, struct sealpost_why *why);
/* Number i (0, 1, …) of its mx; SP_E_NOT_FOUND past the last, or the error of its record. */
int sealpost_domain_mx(const char *domain, unsigned i, char out[SEALPOST_MX_SIZE]);
/* Number i of the mx that left the policy, and until when they must keep working, since senders may
 * hold the former one: 0 when that is not known yet. SP_E_NOT_FOUND past the last, or the error of
 * its record. */
int sealpost_domain_left_mx(const char *domain, unsigned i, char out[SEALPOST_MX_SIZE],
                            sp_utc *until);
/* One sentence (480 bytes hold it): what disabling it at once, or removing it, risks. "" when
 * nothing is at risk. */
int sealpost_domain_risk(const char *domain, char *out, size_t cap);
/* The policy's body as it is served. Its length, or an error; SP_E_SPACE. */
int sealpost_domain_policy(const char *domain, char *out, size_t cap);

struct sealpost_record {
    char type[8];
    char name[SEALPOST_NAME_SIZE + 16];
    char value[320]; /* TXT without quotes, others as in a zone file */
    uint32_t ttl;
    bool remove; /* to be deleted, not to be published: the domain's policy is over */
};
/* Number i (0, 1, …) of the records to publish: how many there are in all, or an error; *out is
 * filled when i is below that. */
int sealpost_domain_record(const char *domain, unsigned i, struct sealpost_record *out,
                           struct sealpost_why *why);
/* The line of a zone file for it. */
void sealpost_record_line(const struct sealpost_record *record, char *out, size_t cap);

int sealpost_enable(const char *domain, struct sealpost_why *why);
/* A domain that ever served a policy retires: it serves mode none until nobody can hold an older
 * one. at_once: nothing is served from now on, whatever that risks (sealpost_domain_risk). */
int sealpost_disable(const char *domain, bool at_once, struct sealpost_why *why);
/* To mode enforce. SP_E_AGAIN: the checks are run for it; call again when sealpost_checking says
 * false. SP_E_STATE: why lists what blocks. force: whatever blocks. */
int sealpost_promote(const char *domain, bool force, struct sealpost_why *why);
/* Promotes by itself after that many days (365 at most) without a blocker; 0: never. */
int sealpost_auto(const char *domain, unsigned days, struct sealpost_why *why);
int sealpost_renew(const char *domain, struct sealpost_why *why);

#define SEALPOST_CHECKS 11
#define SEALPOST_EVIDENCE_MAX 8

struct sealpost_check {
    const char *id; /* "dns", "https", "certificate", "policy_id", …: docs/checks.md */
    enum sealpost_result result;
    char code[32];
    char reason[320];
    char remedy[320];
    sp_utc at, changed;
};
struct sealpost_evidence {
    unsigned n;
    struct {
        char name[24];
        char value[200];
    } items[SEALPOST_EVIDENCE_MAX];
};
/* Asks for a run now; sealpost_checking says true until it is over. */
int sealpost_check(const char *domain, struct sealpost_why *why);
bool sealpost_checking(const char *domain);
/* The last result of check i, below SEALPOST_CHECKS (else SP_E_INVALID); reason and evidence are
 * there for the domains looked at lately, result and code for all. */
int sealpost_check_get(const char *domain, unsigned i, struct sealpost_check *out,
                       struct sealpost_why *why);
/* What it was judged by; none when the domain has not been looked at lately. */
int sealpost_check_evidence(const char *domain, unsigned i, struct sealpost_evidence *out,
                            struct sealpost_why *why);

struct sealpost_certificate {
    char subject[160], issuer[160], serial[64], key[24], sha256[65];
    char san[SEALPOST_NAME_SIZE]; /* of the names, the one that was asked for; "" past the last */
    unsigned sans_n;
    sp_utc not_before, not_after;
    unsigned links; /* of the chain that is served */
};
/* The certificate, with name `san` (0, 1, …) of those that it is for. SP_E_NOT_FOUND when the
 * domain has none yet. */
int sealpost_certificate(const char *domain, unsigned san, struct sealpost_certificate *out,
                         struct sealpost_why *why);

/* --- TLS reports (RFC 8460) --- */

/* What those say that came to https://mta-sts.DOMAIN/.well-known/tlsrpt. Nobody vouches for them.
 */
struct sealpost_reports {
    sp_utc last;         /* moment of the last report; 0: none is kept */
    uint32_t reports;    /* that were counted */
    uint32_t ok, failed; /* sessions of the last 14 days */
    bool blocks;         /* failures of the last seven days stand against mode enforce */
    char sentence[480];
};
int sealpost_reports(const char *domain, struct sealpost_reports *out, struct sealpost_why *why);
/* Walks the names of the domains of which something is kept; as sealpost_domain_next. */
int sealpost_reports_next(uint32_t *cursor, char name[SEALPOST_NAME_SIZE]);

enum sealpost_report_list {
    SEALPOST_REPORT_DAYS,          /* "2025-11-24", the newest first; those with sessions */
    SEALPOST_REPORT_TYPES,         /* RFC 8460 4.3, and "other"; failures only */
    SEALPOST_REPORT_ORGANISATIONS, /* that reported, by their own words */
    SEALPOST_REPORT_MX             /* with failures only */
};
struct sealpost_report_line {
    char name[64];
    uint32_t ok, failed; /* sessions of the last 14 days */
};
/* Line i (0, 1, …) of a list. SP_E_NOT_FOUND past the last, and when nothing is kept; SP_E_IO,
 * SP_E_CORRUPT. */
int sealpost_report_line(const char *domain, enum sealpost_report_list list, unsigned i,
                         struct sealpost_report_line *out);
/* --- publishing by dynamic update (RFC 2136, signed with TSIG: RFC 8945, HMAC-SHA-256) --- */

struct sealpost_publish {
    char server[SEALPOST_ADDRESS_SIZE]; /* an address; "": none, records are published by hand */
    uint16_t port;
    char zone[SEALPOST_NAME_SIZE]; /* the only one that is changed; "": each that the server has */
    char key[SEALPOST_NAME_SIZE];  /* name of the TSIG key; the secret is never shown */
    unsigned failing;              /* domains whose records could not all be published */
    char sentence[320];
};
void sealpost_publish_get(struct sealpost_publish *out);
/* Keeps it in flash and begins to publish; failing and sentence are not looked at. secret: in
 * base64. SP_E_INVALID and why. */
int sealpost_publish_set(const struct sealpost_publish *publish, const char *secret,
                         struct sealpost_why *why);
/* By hand from now on; what was published stays. */
int sealpost_publish_forget(struct sealpost_why *why);
/* Publishes a domain's records now, those too that were published before. begin: true for the first
 * call; SP_E_AGAIN while it goes on, to be called again. 0 when all are as they should be;
 * SP_E_REFUSED and why. */
int sealpost_publish_now(const char *domain, bool begin, struct sealpost_why *why);
/* One sentence: what keeps the domain's records from being published, "" when nothing does. */
void sealpost_publish_domain(const char *domain, char *out, size_t cap);

/* --- console password, restart --- */

bool sealpost_password_set(void);
bool sealpost_password_matches(const char *password);
/* "" removes it. */
int sealpost_password_change(const char *password, struct sealpost_why *why);

/* Restarts the board when what is queued for the console has gone out. */
void sealpost_reboot(void);
/* Forgets domains, certificates and the operator's settings, keeps what the factory image set and,
 * unless told otherwise, the ACME account; then restarts. */
int sealpost_factory_reset(bool forget_account, struct sealpost_why *why);

/* Pools, tables and the board's stacks: how full, how full at most. Returns SP_E_NOT_FOUND past the
 * last i. */
struct sealpost_pool {
    const char *name;
    size_t used, peak, limit;
    uint32_t refused; /* requests that found no room; 0 for tables, which make room or wait */
};
int sealpost_pool(unsigned i, struct sealpost_pool *out);

#endif
