/*
 * checks: readiness checks: will senders find and accept this domain's policy?
 *
 * A check is pass, fail or "can't tell", with one sentence of reason, one of remedy, and the
 * evidence: what was asked, of whom, what came back, and when. They look at the real DNS and fetch
 * over the real network path, as a sender would.
 *
 * Memory: the report is the caller's; working memory is static. One run at a time.
 * Threads: service task. Time: nothing blocks; a run takes at most about 20 s.
 */
#ifndef SP_CHECKS_CHECKS_H
#define SP_CHECKS_CHECKS_H

#include "base/limits.h"
#include "base/text.h"
#include "base/time.h"
#include "net/addr.h"

enum sp_check_id {
    SP_CHECK_DNS,
    SP_CHECK_HTTPS,
    SP_CHECK_CERTIFICATE,
    SP_CHECK_POLICY_ID,
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
#define SP_EVIDENCE_MAX 8

struct sp_evidence {
    char name[24]; /* "A", "server", "answer", "expires", … */
    char value[200];
};

struct sp_check {
    enum sp_check_id id;
    enum sp_check_result result;
    char code[32];
    char reason[320];
    char remedy[320]; /* "" when nothing is to be done */
    struct sp_evidence evidence[SP_EVIDENCE_MAX];
    unsigned evidence_n;
    sp_utc at;
};

struct sp_check_report {
    char domain[SP_DOMAIN_SIZE];
    struct sp_check checks[SP_CHECKS];
    bool running;
};

struct sp_check_input {
    const char *domain;      /* mail domain */
    unsigned which;          /* SP_CHECK_BIT(…) | … */
    const char *policy_text; /* that is to be served; not needed for SP_CHECK_DNS */
    const char *policy_id;   /* that is to be in DNS */
    /* Addresses that are this appliance: the interface's own and the configured public ones. */
    const struct sp_addr *own;
    unsigned own_n;
};

const char *sp_check_id_text(enum sp_check_id id); /* "dns", "https", "certificate", "policy_id" */
const char *
sp_check_result_text(enum sp_check_result result); /* "pass", "fail", "unknown", "not run" */

/* Starts a run; results go to *report, whose checks outside `which` stay as they are. The input's
 * strings must live until it is done. 0; SP_E_AGAIN while one is under way; SP_E_INVALID. */
int sp_checks_start(const struct sp_check_input *input, struct sp_check_report *report,
                    sp_time now);
bool sp_checks_busy(void);
void sp_checks_cancel(void);
sp_time sp_checks_step(sp_time now);

#endif
