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
#define SP_RECORD_VALUE_SIZE (SP_RUA_MAX + 64)
#define SP_RECORD_TTL 3600 /* s, offered */

struct sp_record {
    char type[8];                     /* "TXT", "A", "AAAA", "CAA" */
    char name[SP_RECORD_NAME_SIZE];   /* absolute, without the trailing dot */
    char value[SP_RECORD_VALUE_SIZE]; /* TXT as DNS carries it, without quotes; others as in a zone
                                         file */
    uint32_t ttl;                     /* s */
    bool remove;                      /* to be deleted, not to be published */
};

/* What the records are made of; the texts are the caller's. */
struct sp_records_wish {
    const char *domain;
    const char *policy_id;           /* "" : without the TXT that names it */
    const char *rua;                 /* "" : without TLSRPT */
    const struct sp_addr *addresses; /* those that the world sees: each global IPv4 gives an A, each
                                        global IPv6 an AAAA */
    unsigned addresses_n;
    const char *ca;      /* identity of the CA for a CAA record (RFC 8659 4.2); "" : without one */
    const char *account; /* URL of the account, which the CAA record names (RFC 8657 3); "" */
    bool over;           /* nothing is served any more: what tells of the policy is to be deleted */
};

/* rua: "mailto:…" or "https:…" (RFC 8460 3); 0 or SP_E_INVALID and one sentence. */
int sp_rua_check(struct sp_span rua, char *why, size_t cap);
/* How many records there are; number i (0, 1, …) is written to *out when i is below that. */
unsigned sp_records_make(const struct sp_records_wish *wish, unsigned i, struct sp_record *out);
/* One line of a zone file (RFC 1035 5.1), TXT quoted and split into strings of 255. Appends. */
void sp_record_zone_line(const struct sp_record *record, struct sp_buf *out);

#endif
