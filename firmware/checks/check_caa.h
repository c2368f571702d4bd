/*
 * caa: may the CA issue for the policy host? RFC 8659 3 to 5, and RFC 8657.
 *
 * Pure, but for the run's report. Who asks climbs from the host towards the root and judges the
 * first answer that has CAA records; when there is none, the last one.
 */
#ifndef SP_CHECKS_CHECK_CAA_H
#define SP_CHECKS_CHECK_CAA_H

#include "net/dns.h"

struct sp_check_run;

/* True when the climb ends here: there are CAA records, or DNS could not be asked. */
bool sp_check_caa_ends(const struct sp_dns_answer *answer);
/* name: where the climb ended. */
void sp_check_caa_judge(struct sp_check_run *run, const char *name,
                        const struct sp_dns_answer *answer);

#endif
