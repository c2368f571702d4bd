/*
 * mx_match: the live MX set against the policy's patterns (RFC 8461 4.1), both ways.
 *
 * Pure functions of their arguments, but for the run's report. The policy is its text as it is
 * served, which has patterns and mode.
 */
#ifndef SP_CHECKS_CHECK_MX_MATCH_H
#define SP_CHECKS_CHECK_MX_MATCH_H

#include "base/span.h"
#include "net/dns.h"

struct sp_check_run;

/* True when a pattern of the policy stands for that host. */
bool sp_check_mx_listed(struct sp_span policy, const char *host);
/* The MX that senders try after `at` (type 0: the first), by preference, then by name; false when
 * there is none. */
bool sp_check_mx_next(const struct sp_dns_answer *answer, struct sp_dns_record *at);
/* Fills the check from the answer to the question for the domain's MX. */
void sp_check_mx_match_judge(struct sp_check_run *run, const struct sp_dns_answer *answer,
                             struct sp_span policy);

#endif
