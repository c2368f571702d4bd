/*
 * mx_tls: whether each MX takes mail over TLS as senders that enforce the policy want it (RFC 8461
 * 4.1, 4.2): STARTTLS, TLS 1.2 or newer, a trusted certificate for the MX's name.
 *
 * Pure functions of their arguments, but for the run's report: what is worse, or as bad and
 * preferred, stands in it.
 */
#ifndef SP_CHECKS_CHECK_MX_TLS_H
#define SP_CHECKS_CHECK_MX_TLS_H

#include "net/dns.h"
#include "net/smtp_probe.h"

struct sp_check_run;

/* Says why there is nobody to speak to, by the answer to the question for the domain's MX; false
 * when there is somebody. */
bool sp_check_mx_tls_none(struct sp_check_run *run, const struct sp_dns_answer *answer);
/* Takes in what a probe of that MX gave; in the order in which senders try them. True when it was
 * silent on port 25, as all are whose packets are dropped on the way. */
bool sp_check_mx_tls_one(struct sp_check_run *run, const struct sp_dns_record *mx,
                         const struct sp_smtp_result *result);
/* That MX was not looked at, since those before it took too long. */
void sp_check_mx_tls_skipped(struct sp_check_run *run, const struct sp_dns_record *mx);
/* All were taken in: n MX, of which that many were silent or not looked at. */
void sp_check_mx_tls_end(struct sp_check_run *run, unsigned n, unsigned silent);

#endif
