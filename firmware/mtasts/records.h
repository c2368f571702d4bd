/*
 * mtasts/records: the DNS records that an operator publishes for a domain.
 *
 * Pure functions.
 */
#ifndef SP_MTASTS_RECORDS_H
#define SP_MTASTS_RECORDS_H

#include "base/limits.h"
#include "base/text.h"
#include "net/addr.h"

#define SP_RECORD_NAME_SIZE (SP_DOMAIN_SIZE + 16)
#define SP_RECORDS_OUT 8
#define SP_RECORD_TTL 3600 /* s, offered */

struct sp_record {
    char type[8];                   /* "TXT", "A", "AAAA" */
    char name[SP_RECORD_NAME_SIZE]; /* absolute, without the trailing dot */
    char value[SP_RUA_MAX + 64];    /* as DNS carries it: TXT without quotes */
    uint32_t ttl;
};

/* rua: "mailto:…" or "https:…" (RFC 8460 3); 0 or SP_E_INVALID and one sentence. */
int sp_rua_check(struct sp_span rua, char *why, size_t cap);
/* addresses: those that the world sees; each global IPv4 gives an A, each global IPv6 an AAAA.
 * policy_id "" leaves out the id's TXT (a domain that is not ready). How many were written
 * (SP_RECORDS_OUT at most). */
unsigned sp_records_make(const char *domain, const char *policy_id, const char *rua,
                         const struct sp_addr *addresses, unsigned addresses_n,
                         struct sp_record *out);
/* One line of a zone file (RFC 1035 5.1), TXT quoted and split into strings of 255. Appends. */
void sp_record_zone_line(const struct sp_record *record, struct sp_buf *out);

#endif
