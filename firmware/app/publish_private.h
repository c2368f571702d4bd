/*
 * What the files of app/publish share: what is waiting (publish.c), what a domain's records are to
 * be (publish_wish.c), and what an operator is told of it (publish_face.c).
 */
#ifndef SP_APP_PUBLISH_PRIVATE_H
#define SP_APP_PUBLISH_PRIVATE_H

#include "app/publish.h"
#include "mtasts/domain.h"
#include "mtasts/records.h"
#include "net/dns_update.h"

/* --- what is waiting --- */

#define SP_PUBLISH_WAITING 4
#define SP_PUBLISH_PENDING UINT8_MAX /* no result yet */

struct sp_publish_waiting {
    uint32_t name;  /* hash of the domain; 0: free */
    uint32_t at;    /* s since start */
    uint8_t result; /* enum sp_dns_update_result of the last try, SP_PUBLISH_PENDING */
    uint8_t record; /* that it was about */
    uint8_t failures;
    bool verify;
};

/* The domain's place, NULL: it has none. */
struct sp_publish_waiting *sp_publish_find(const char *domain);
/* The domain's place, or a free one, or that of who waits longest: a walk finds it again. */
struct sp_publish_waiting *sp_publish_place(const char *domain);

struct sp_publish_state {
    bool on;          /* a server is configured */
    uint8_t server;   /* its last result, 0: none that keeps all domains from it */
    uint32_t hold;    /* s since start; it is left in peace until then */
    unsigned failing; /* domains */
};
struct sp_publish_state sp_publish_state(void);
/* The server is not left in peace any longer. */
void sp_publish_go(void);

/* --- what is wished --- */

enum sp_publish_wish { SP_PUBLISH_LEAVE, SP_PUBLISH_ABSENT, SP_PUBLISH_PRESENT };

/* Whether the domain's policy is over, so that its records go. */
bool sp_publish_is_over(const struct sp_domain *domain);
/* record: SP_PUT_…. Its name stands in *out in each case but LEAVE. */
enum sp_publish_wish sp_publish_wish(const struct sp_domain *domain, unsigned record,
                                     struct sp_record *out);
/* Whether that is other than what was put last. */
bool sp_publish_differs(const struct sp_domain *domain, unsigned record, struct sp_record *out);
/* Whether any is, but for one of them; SP_DOMAIN_PUT: all. */
bool sp_publish_wants(const struct sp_domain *domain, unsigned but);
/* What stands for a text in sp_domain.put; 0 stands for "nothing was put". */
uint32_t sp_publish_hash(const char *text);
uint32_t sp_publish_hash_of_wish(const struct sp_dns_wish *wish);

#endif
