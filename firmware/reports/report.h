/*
 * reports/report: what one TLS report (RFC 8460 4.4) says about one domain of ours.
 *
 * A report comes from strangers and is read as it comes; nothing of it counts before its end. The
 * members that are looked at must be of their type, others are passed over whatever they hold; one
 * that is null counts as absent. A report is about one policy domain: the first of ours that its
 * policies name; policies of other domains are passed over.
 *
 * Memory: 2.2 KB in the caller's struct, whatever the report's size. Threads: none of it is shared.
 * Time: by the bytes given; for a policy of another domain, one call of is_ours, at most
 * SP_REPORT_POLICIES times.
 */
#ifndef SP_REPORTS_REPORT_H
#define SP_REPORTS_REPORT_H

#include "base/text.h"
#include "base/time.h"
#include "reports/tokens.h"

#define SP_REPORT_NAME 64     /* bytes of an organisation's or an MX's name as it is kept */
#define SP_REPORT_MX 8        /* MX with failures that are kept of a domain */
#define SP_REPORT_POLICIES 64 /* of a report */

enum sp_report_type { /* RFC 8460 4.3, and what later ones may add */
                      SP_REPORT_STARTTLS_NOT_SUPPORTED,
                      SP_REPORT_CERTIFICATE_HOST_MISMATCH,
                      SP_REPORT_CERTIFICATE_EXPIRED,
                      SP_REPORT_CERTIFICATE_NOT_TRUSTED,
                      SP_REPORT_VALIDATION_FAILURE,
                      SP_REPORT_TLSA_INVALID,
                      SP_REPORT_DNSSEC_INVALID,
                      SP_REPORT_DANE_REQUIRED,
                      SP_REPORT_STS_POLICY_FETCH_ERROR,
                      SP_REPORT_STS_POLICY_INVALID,
                      SP_REPORT_STS_WEBPKI_INVALID,
                      SP_REPORT_OTHER,
                      SP_REPORT_TYPES
};
const char *sp_report_type_text(enum sp_report_type type); /* "certificate-expired", …, "other" */

/* Counts stop at their type's end. */
struct sp_report_counts {
    char domain[SP_DOMAIN_SIZE]; /* "" : none yet */
    uint32_t ok, failed;         /* sessions */
    uint32_t types[SP_REPORT_TYPES];
    unsigned mx_n;
    struct {
        char name[SP_REPORT_NAME];
        uint32_t failed;
    } mx[SP_REPORT_MX];
};

struct sp_report {
    char organisation[SP_REPORT_NAME]; /* without control characters */
    uint32_t id;                       /* a hash of report-id, or of what else makes it this one */
    sp_utc start, end;
    struct sp_report_counts total;
    const char *reason; /* after an error: a sentence without a full stop */
    /* the parser's own */
    struct sp_tokens tokens;
    uint8_t where[SP_TOKENS_DEPTH + 1];
    const struct sp_report_member *member; /* that the next value belongs to */
    bool (*is_ours)(void *ctx, const char *domain);
    void *ctx;
    bool has_id, has_policies;
    unsigned policies;
    struct sp_report_counts policy; /* the one that is being read */
    struct {
        uint8_t type;
        uint32_t failed;
        char mx[SP_REPORT_NAME];
    } detail;
};

/* is_ours: whether a domain, lower-case, is one whose reports are kept. */
void sp_report_begin(struct sp_report *report, bool (*is_ours)(void *ctx, const char *domain),
                     void *ctx);
/* 0; SP_E_INVALID, SP_E_TOO_BIG, and report->reason. */
int sp_report_feed(struct sp_report *report, struct sp_span bytes);
/* Nothing more comes: 0 when all is there, and total.domain is a domain of ours. SP_E_INVALID;
 * SP_E_NOT_FOUND: no domain of ours is in it. */
int sp_report_finish(struct sp_report *report);

/* a + b, or the greatest number. */
static inline uint32_t sp_report_sum(uint32_t a, uint32_t b)
{
    return a > UINT32_MAX - b ? UINT32_MAX : a + b;
}

#endif
