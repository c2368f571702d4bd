/*
 * mtasts/policy: the text of an MTA-STS policy (RFC 8461 3.2), as the strictest sender wants it.
 *
 * Pure functions.
 */
#ifndef SP_MTASTS_POLICY_H
#define SP_MTASTS_POLICY_H

#include "base/limits.h"
#include "base/span.h"
#include "base/text.h"

enum sp_mode { SP_MODE_TESTING, SP_MODE_ENFORCE, SP_MODE_NONE };

#define SP_MAX_AGE_MIN 86400U
#define SP_MAX_AGE_MAX 31536000U
#define SP_MAX_AGE_DEFAULT 604800U
#define SP_MX_SIZE (SP_DOMAIN_SIZE + 2) /* bytes of a pattern with its terminator */
#define SP_POLICY_ID_SIZE 33 /* 1 to 32 of [A-Za-z0-9] and the terminator (RFC 8461 3.1) */

struct sp_policy {
    enum sp_mode mode;
    uint32_t max_age; /* s */
    unsigned mx_n;
    uint16_t turn; /* of the id: after a retirement that was ended by enabling again the same text
                      gets another one. Not the caller's to set */
    /* A-labels, lower-case; "*." covers exactly one label. Room for SP_MX_MAX of them, which is
     * not the policy's own; NULL when they were not asked for. */
    char (*mx)[SP_MX_SIZE];
};

const char *sp_mode_text(enum sp_mode mode);
/* 0 or SP_E_INVALID. */
int sp_mode_parse(struct sp_span text, enum sp_mode *out);

/* Checks and adds one pattern. SP_E_INVALID and one sentence in why (160 bytes at least) for: an
 * address, a U-label, a bad label, a wildcard that is not the whole left-most label or covers a top
 * level, a name that is there already, one too many. */
int sp_policy_add_mx(struct sp_policy *policy, struct sp_span text, char *why, size_t cap);
/* The whole: at least one mx, max_age within SP_MAX_AGE_MIN and _MAX. 0, or SP_E_INVALID and why.
 */
int sp_policy_check(const struct sp_policy *policy, char *why, size_t cap);
/* The body to serve: CRLF lines, no blank line, no byte-order mark. 0 or SP_E_SPACE. */
int sp_policy_text(const struct sp_policy *policy, struct sp_buf *out);
/* Derived from the text and the turn: same content, same id. out has SP_POLICY_ID_SIZE bytes. */
void sp_policy_id(const struct sp_policy *policy, char *out);

#endif
