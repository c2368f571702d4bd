/*
 * tlsrpt: one record at _smtp._tls of the domain, as RFC 8460 3 writes it, with the rua that is
 * configured. Pure, but for the run's report.
 */
#ifndef SP_CHECKS_CHECK_TLSRPT_H
#define SP_CHECKS_CHECK_TLSRPT_H

#include "net/dns.h"

struct sp_check_run;

/* name: _smtp._tls.{domain}, which was asked for TXT. wanted: the configured rua, "" for none. */
void sp_check_tlsrpt_judge(struct sp_check_run *run, const char *name,
                           const struct sp_dns_answer *answer, const char *wanted);

#endif
