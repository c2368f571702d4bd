/*
 * checks/seen: the outside view: what came to a domain's policy host from addresses that are not
 * the appliance's. Whoever serves the host fills it; the checks `seen` and `https` read it.
 *
 * Memory: 0.3 KB, the caller's. Threads: service task.
 */
#ifndef SP_CHECKS_SEEN_H
#define SP_CHECKS_SEEN_H

#include "base/time.h"
#include "net/addr.h"

#define SP_SEEN_LAST 6                /* events that are told */
#define SP_SEEN_RECENT (30 * 86400LL) /* s; what is older says nothing of today */

enum sp_seen_kind {
    SP_SEEN_FETCH,     /* the policy, from port 443 */
    SP_SEEN_VALIDATION /* the CA's, of a challenge, from port 80 */
};

/* Something that went well. After a restart `at` is its day's begin. */
struct sp_seen_moment {
    sp_utc at;   /* 0: never */
    bool inside; /* from a private address: it came through no router of the Internet */
};

struct sp_seen_event {
    sp_utc at;
    struct sp_addr from;
    enum sp_seen_kind kind;
    int16_t status; /* of HTTP; 0: the TLS handshake failed, and -n: with the TLS alert n */
    uint16_t bytes; /* of the body */
    char tls[8];    /* "TLSv1.3"; "" without, or when the handshake failed */
};

struct sp_check_seen {
    struct sp_seen_moment fetched[2], validated[2]; /* the last; [0] over IPv4, [1] over IPv6 */
    struct sp_seen_event last[SP_SEEN_LAST]; /* since the start, newest first; failures, too */
    unsigned last_n;
};

/* Whether a moment says something at `now`, when private addresses count as outside or not. Pure.
 */
bool sp_seen_counts(const struct sp_seen_moment *moment, bool private_counts, sp_utc now);
/* Whether anything came from outside lately. Pure. */
bool sp_seen_outside(const struct sp_check_seen *seen, bool private_counts, sp_utc now);

#endif
