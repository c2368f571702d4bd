/*
 * checks: readiness checks: will senders find and accept this domain's policy?
 *
 * A check is pass, fail or "can't tell", with one sentence of reason, one of remedy, and the
 * evidence: what was asked, of whom, what came back, and when. They look at the real DNS and fetch
 * over the real network path, as a sender would.
 *
 * Memory: the report is the caller's, and so is the room for what it says (sp_check_report.words):
 * when that is full, evidence is left out, the last first, and says so; a report of four checks
 * that pass takes about 1100 bytes. Working memory is static. One run at a time.
 * Threads: service task. Time: nothing blocks; a run takes some seconds, and at
 * most three minutes when all that it asks is silent.
 */
#ifndef SP_CHECKS_CHECKS_H
#define SP_CHECKS_CHECKS_H

#include "base/limits.h"
#include "base/text.h"
#include "base/time.h"
#include "checks/seen.h"
#include "net/addr.h"

/* In flash a check is known by its number here. */
enum sp_check_id {
    SP_CHECK_DNS,
    SP_CHECK_HTTPS,
    SP_CHECK_CERTIFICATE,
    SP_CHECK_POLICY_ID,
    SP_CHECK_MX_MATCH,
    SP_CHECK_MX_TLS,
    SP_CHECK_SEEN,
    SP_CHECK_TLSRPT,
    SP_CHECK_CAA,
    SP_CHECK_CLOCK,
    SP_CHECK_PORT80,
    SP_CHECKS
};
#define SP_CHECK_BIT(id) (1U << (id))
#define SP_CHECK_ALL ((1U << SP_CHECKS) - 1U)

enum sp_check_result {
    SP_CHECK_NOT_RUN,
    SP_CHECK_PASS,
    SP_CHECK_FAIL,
    SP_CHECK_UNKNOWN /* can't tell */
};

/* Stable, short names of reasons, e.g. "a_elsewhere", "nxdomain", "body_differs": docs/checks.md
 * lists them. A reason's sentence may carry values; its name does not change between releases. */
/* What is said of a check, in words. */
enum sp_check_word { SP_CHECK_REASON, SP_CHECK_REMEDY, SP_CHECK_EVIDENCE };

#define SP_CHECK_REASON_SIZE 320   /* of a remedy, too; with its terminator, like the others */
#define SP_CHECK_NAME_SIZE 24      /* of a piece of evidence */
#define SP_CHECK_EVIDENCE_SIZE 200 /* of its value */

struct sp_check {
    enum sp_check_result result;
    bool left_out;    /* evidence, for want of room */
    const char *code; /* the reason's stable name; "" before the first run */
    sp_utc at;
};

/* What policy_id found of the TXT record at _mta-sts, for those who must know until when senders
 * may go by it. */
struct sp_check_txt {
    bool known;   /* DNS could be asked, all of what follows is so */
    char id[33];  /* "": there is no policy id. While servers differ, one that is not served. */
    uint32_t ttl; /* the largest that was seen, s; 0: none */
};

struct sp_check_report {
    char domain[SP_DOMAIN_SIZE];
    bool running;
    struct sp_check checks[SP_CHECKS]; /* by id */
    struct sp_check_txt txt;
    char *words; /* the owner's memory for all that is said, cap bytes */
    uint16_t cap, used;
};

struct sp_evidence {
    const char *name; /* "A", "server", "answer", "expires", … */
    const char *value;
};

/* A report on that domain with nothing in it. words and cap have to be set. */
void sp_check_report_clear(struct sp_check_report *report, const char *domain);
/* `to` says what `from` says, as far as its room goes. */
void sp_check_report_copy(struct sp_check_report *to, const struct sp_check_report *from);
/* A check's reason or remedy; "" when there is none (a remedy: nothing is to be done). It is
 * the report's, and stays as it is until the next run. */
const char *sp_check_words(const struct sp_check_report *report, enum sp_check_id id,
                           enum sp_check_word word);
/* Piece i (0, 1, …) of a check's evidence; false past the last. Where some was left out, the last
 * one says so. */
bool sp_check_evidence(const struct sp_check_report *report, enum sp_check_id id, unsigned i,
                       struct sp_evidence *out);

struct sp_check_input {
    const char *domain; /* mail domain */
    unsigned which;     /* SP_CHECK_BIT(…) | … */
    /* Writes the text of the policy that is to be served (SP_POLICY_TEXT_MAX bytes), which also
     * has the patterns of mx and the mode. Asked when there is something to compare. 0 or an
     * error. Needed, with policy_id, for SP_CHECK_HTTPS, SP_CHECK_POLICY_ID and
     * SP_CHECK_MX_MATCH. */
    int (*policy_text)(void *ctx, const char *domain, struct sp_buf *out);
    /* Writes where TLS reports are to go to (SP_RUA_MAX bytes), nothing when that is not
     * configured. NULL: it is not. 0 or an error. */
    int (*rua)(void *ctx, const char *domain, struct sp_buf *out);
    /* Is that address, which is not among `own`, this appliance nevertheless? Asked again at each
     * step until it says other than SP_E_AGAIN: 1 it is, 0 something else answers there, another
     * error: it cannot be told. NULL: no address can be proved, and a foreign one is foreign. */
    int (*prove)(void *ctx, const struct sp_addr *addr, sp_time now);
    /* What came to the domain's policy host from outside. NULL: nothing is known. */
    void (*seen)(void *ctx, const char *domain, struct sp_check_seen *out);
    void *ctx;             /* of these */
    const char *policy_id; /* that is to be in DNS */
    const char *former_id; /* that was served before it, NULL or "": none */
    /* The identities of the CA in CAA records, with spaces between; NULL or "": not known. */
    const char *ca_identities;
    const char *account_uri; /* of the account there, NULL or "": none yet */
    bool serves_nothing;     /* the domain is disabled: its policy id is to be gone */
    /* Addresses that are this appliance: the interface's own and the configured public ones. */
    const struct sp_addr *own;
    unsigned own_n;
};

const char *sp_check_id_text(enum sp_check_id id); /* "dns", "https", … as in docs/checks.md */
const char *
sp_check_result_text(enum sp_check_result result); /* "pass", "fail", "unknown", "not run" */

/* Starts a run; results go to *report, whose checks outside `which` stay as they are. The input's
 * strings must live until it is done. 0; SP_E_AGAIN while one is under way; SP_E_INVALID. */
int sp_checks_start(const struct sp_check_input *input, struct sp_check_report *report,
                    sp_time now);
bool sp_checks_busy(void);
/* What port 80 of that host is to answer to a challenge's token while port80 is under way. 0 and
 * the text, or SP_E_NOT_FOUND. */
int sp_checks_challenge(const char *host, struct sp_span token, struct sp_buf *out);
void sp_checks_cancel(void);
sp_time sp_checks_step(sp_time now);

#endif
