/*
 * What the files of checks/ share: one run, and how a check is filled.
 */
#ifndef SP_CHECKS_CHECKS_INTERNAL_H
#define SP_CHECKS_CHECKS_INTERNAL_H

#include "checks/checks.h"
#include "net/dns.h"
#include "net/http_client.h"

/* What one of A and AAAA gave. */
struct sp_check_side {
    int result;                              /* 0 or SP_E_DNS_… */
    unsigned own, foreign;                   /* addresses of each kind */
    struct sp_addr first_own, first_foreign; /* by value: resolvers turn the order round */
};

#define SP_CHECK_PROOFS 4 /* foreign addresses of a family that are tried; more are not ours */

/* Addresses that may be this appliance's behind NAT, which could not be told. */
struct sp_check_unproved {
    unsigned n;
    int err; /* why it could not, of the first */
    struct sp_addr first;
};

/* What became of the challenge path over one family. */
enum sp_check_reach {
    SP_REACH_ABSENT, /* no address of that family */
    SP_REACH_OK,
    SP_REACH_WRONG, /* something else answers */
    SP_REACH_LOST,  /* nobody does */
    SP_REACH_NAT,   /* nobody does, but behind NAT that may be so from inside alone */
    SP_REACH_OPEN,  /* DNS could not tell */
    SP_REACH_BUSY   /* the appliance could not look */
};
struct sp_check_port80_side {
    enum sp_check_reach reach;
    int err, status;
    struct sp_addr address;
};

#define SP_CHECK_CHALLENGE "/.well-known/acme-challenge/"
#define SP_CHECK_NONCE_SIZE 23 /* 16 bytes in base64url, and the terminator */

/* One check of a report, to be written. */
struct sp_check_pen {
    struct sp_check_report *report;
    enum sp_check_id id;
};

struct sp_check_run {
    struct sp_check_input input;
    struct sp_check_report *report;
    char txt_name[SP_DOMAIN_SIZE]; /* _mta-sts.{domain} */
    const char *host;              /* mta-sts.{domain}, in txt_name */
    char alias[SP_DOMAIN_SIZE];    /* where CNAMEs of the host lead, "" for none */
    struct sp_check_side side4, side6;
    struct sp_check_unproved unproved;
    struct sp_dns_cursor proving;          /* what of the answer has been looked at */
    unsigned proofs;                       /* that were tried of it */
    struct sp_check_port80_side port80[2]; /* over IPv4, IPv6 */
    char nonce[SP_CHECK_NONCE_SIZE];       /* what port 80 answers meanwhile; "": nothing */
    bool under_way;                        /* what the stage asks or fetches */
    unsigned answers;                      /* that the stage has got */
    bool enough;                           /* it wants no more of them */
    int start_error;                       /* of the fetch */
    sp_time fetch_by;                      /* the client must be free by then; 0: not waited for */
    uint8_t silent;                        /* MX of those probed; or not probed any more */
    sp_time probe_by;                      /* no MX is begun after that; 0: none was begun */
    struct sp_check_pen pens[SP_CHECKS];
    const char *before[SP_CHECKS]; /* codes of the last run for this domain, for the log */
};

/* --- stages.c: what a run goes through --- */

struct sp_check_question {
    char name[SP_DOMAIN_SIZE + 16]; /* one that is too long for DNS cannot be asked */
    enum sp_dns_type type;
    struct sp_addr server; /* family 0: the configured resolvers */
};

/* One step of a run, done when one of the checks that it serves is wanted. It is of one of three
 * kinds; the members of the others are NULL. */
struct sp_check_stage {
    unsigned serves; /* SP_CHECK_BIT(…) | … */
    /* Questions to DNS. question fills *out, which is empty, and is asked again after each answer
     * (run->answers tells how many) until that set run->enough; false: there is nothing to be
     * asked. answered gets each answer; an error that kept the question from being asked is one,
     * too. */
    bool (*question)(struct sp_check_run *run, struct sp_check_question *out);
    void (*answered)(struct sp_check_run *run, const struct sp_dns_answer *answer);
    /* A fetch. request fills *call, whose url is there, and url: 0, or an error that is then the
     * result. fetched gets the result, in any case. */
    int (*request)(struct sp_check_run *run, struct sp_http_call *call, struct sp_buf *url);
    void (*fetched)(struct sp_check_run *run, const struct sp_http_result *result);
    /* Steps of its own: true when it is over, or false and *next, when to go on. cancel ends what
     * is under way between two steps; NULL: nothing ever is. */
    bool (*step)(struct sp_check_run *run, sp_time now, sp_time *next);
    void (*cancel)(struct sp_check_run *run);
};
extern const struct sp_check_stage sp_check_stages[];
extern const unsigned sp_check_stages_n;

/* Working memory of the stage that is under way. It is not wiped between stages: one finds the last
 * answer as the one before left it. */
union sp_check_work {
    struct {
        struct sp_dns_query query;
        struct sp_dns_answer answer;
    } dns;
    struct {
        struct sp_http_call call;
        char url[SP_URL_MAX];
        struct sp_cert_info peer;
    } fetch;
};
extern union sp_check_work sp_check_work;

/* --- stage_question.c, stage_fetch.c: one step of such a stage, and its end in between --- */

bool sp_check_question_step(const struct sp_check_stage *stage, struct sp_check_run *run,
                            sp_time now, sp_time *next);
void sp_check_question_cancel(struct sp_check_run *run);
bool sp_check_fetch_step(const struct sp_check_stage *stage, struct sp_check_run *run, sp_time now,
                         sp_time *next);
void sp_check_fetch_cancel(struct sp_check_run *run);

/* --- stage_mx.c: probes the MX that the answer before it has --- */

bool sp_check_mx_step(struct sp_check_run *run, sp_time now, sp_time *next);
void sp_check_mx_cancel(struct sp_check_run *run);

/* --- check.c: how a check is filled --- */

struct sp_check_pen *sp_check_of(struct sp_check_run *run, enum sp_check_id id);
/* code: a literal, or something else that is there for ever. */
void sp_check_say(struct sp_check_pen *check, enum sp_check_result result, const char *code,
                  const char *reason, ...) __attribute__((format(printf, 4, 5)));
void sp_check_remedy(struct sp_check_pen *check, const char *remedy, ...)
    __attribute__((format(printf, 2, 3)));
void sp_check_note(struct sp_check_pen *check, const char *name, const char *value, ...)
    __attribute__((format(printf, 3, 4)));
/* Notes who answered a question, what, and how fast. */
void sp_check_note_answer(struct sp_check_pen *check, const char *question, const char *name,
                          const struct sp_dns_answer *answer);
/* True for an error of DNS that leaves a question open (SERVFAIL, timeout, …). */
bool sp_check_is_open(int dns_result);
/* Says "can't tell" for such an error. */
void sp_check_say_dns_error(struct sp_check_pen *check, const char *name, int err);
/* The appliance could not look: err, or words that say more ("" for none). */
void sp_check_say_busy(struct sp_check_run *run, struct sp_check_pen *check, const char *words);
void sp_check_say_clock(struct sp_check_pen *check);
bool sp_check_is_own(const struct sp_check_run *run, const struct sp_addr *addr);

/* --- report.c: a report's words --- */

/* Forgets what was said of that check. */
void sp_check_report_begin(struct sp_check_report *report, enum sp_check_id id);
/* In place of what was said before; "" takes it away. */
void sp_check_report_put(struct sp_check_report *report, enum sp_check_id id,
                         enum sp_check_word kind, const char *text);
void sp_check_report_note(struct sp_check_report *report, enum sp_check_id id, const char *name,
                          const char *value);

/* --- what each check makes of what came back: pure --- */

void sp_check_dns_begin(struct sp_check_run *run, enum sp_dns_type type,
                        const struct sp_dns_answer *answer);
/* Tells own and foreign addresses of the answer that was begun with apart: true when that is done,
 * false and *next while an address is being proved. */
bool sp_check_dns_side(struct sp_check_run *run, enum sp_dns_type type,
                       const struct sp_dns_answer *answer, sp_time now, sp_time *next);
void sp_check_dns_judge(struct sp_check_run *run);
void sp_check_policy_id_judge(struct sp_check_run *run, const struct sp_dns_answer *answer);
/* policy: what the answer's body is to be. outside: something came from outside lately. */
void sp_check_https_judge(struct sp_check_run *run, const struct sp_http_result *result,
                          struct sp_span policy, bool outside);
/* There was an answer, but the policy to compare it with could not be read. */
void sp_check_https_unread(struct sp_check_run *run, const struct sp_http_result *result, int err);
void sp_check_certificate_judge(struct sp_check_run *run, const struct sp_http_result *result);
/* Whether an address of a private range is outside, too: nothing else is published. */
bool sp_check_private_counts(const struct sp_check_run *run);
void sp_check_seen_judge(struct sp_check_run *run, const struct sp_check_seen *seen, sp_utc now);
/* One family's fetch of the nonce: IPv4 first, then IPv6, then the judge. */
void sp_check_port80_side(struct sp_check_run *run, bool is6, const struct sp_http_result *result);
void sp_check_port80_judge(struct sp_check_run *run);

#endif
