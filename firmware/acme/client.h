/*
 * acme/client: the state that the room's files share, and what each offers to the others.
 *
 *   acme.c       the interface: one static client
 *   machine.c    the table of states; runs one state after the other
 *   exchange.c   one request with all its nonces and retries
 *   account.c    agreeing, newAccount, the account's record
 *   issue.c      newOrder, finalize, waiting for the certificate, the download; the order's record
 *   validate.c   the authorization: self-test, challenge, waiting for the CA's verdict
 *   directory.c, order.c, chain.c, problem.c, unanswered.c, jws.c, record.c, json.c: pure functions
 *
 * Not for other rooms.
 */
#ifndef SP_ACME_CLIENT_H
#define SP_ACME_CLIENT_H

#include "acme/acme.h"
#include "acme/chain.h"
#include "acme/directory.h"
#include "acme/json.h"
#include "acme/jws.h"
#include "acme/order.h"
#include "acme/record.h"
#include "base/text.h"
#include "net/http_client.h"

#define SP_ACME_ROOM "acme"
#define SP_ACME_PAYLOAD_SIZE 1024 /* the longest: a request for a certificate in base64url */

enum sp_acme_state {
    SP_ACME_ST_IDLE,
    SP_ACME_ST_DIRECTORY,
    SP_ACME_ST_ACCOUNT,
    SP_ACME_ST_RESUME, /* asks how the stored order stands */
    SP_ACME_ST_NEW_ORDER,
    SP_ACME_ST_AUTHORIZATION, /* asks what has to be proven */
    SP_ACME_ST_SELF_TEST,
    SP_ACME_ST_CHALLENGE,  /* tells the CA that the challenge is ready */
    SP_ACME_ST_VALIDATION, /* polls the authorization */
    SP_ACME_ST_FINALIZE,
    SP_ACME_ST_ISSUANCE, /* polls the order */
    SP_ACME_ST_DOWNLOAD,
    SP_ACME_ST_DONE,
    SP_ACME_ST_FAILED,
    SP_ACME_ST_COUNT
};

enum sp_acme_method {
    SP_ACME_GET,         /* of the CA, unsigned: the directory */
    SP_ACME_GET_OWN,     /* of ourselves: the self-test; neither kept open nor repeated */
    SP_ACME_POST_KEY,    /* signed, with the public key in the header: newAccount */
    SP_ACME_POST_ACCOUNT /* signed, by the account's URL */
};

struct sp_acme_client;

/* Appends a request's payload (SP_ACME_PAYLOAD_SIZE): JSON. Called for each attempt. 0 or an error,
 * which ends the request. */
typedef int (*sp_acme_payload)(struct sp_acme_client *c, struct sp_buf *out);

/* One request, from its first attempt to its answer. */
struct sp_acme_exchange {
    struct sp_http_call call;
    const struct sp_http_result *http; /* the answer while it is at hand, otherwise NULL */
    enum sp_acme_method method;
    const char *url;         /* of the job or the directory: it stays as it is meanwhile */
    sp_acme_payload payload; /* NULL: POST-as-GET */
    bool for_chain;          /* the answer is read by job.chain, otherwise by … */
    struct sp_acme_json_pieces json;
    uint8_t family;
    char nonce[SP_ACME_NONCE_SIZE]; /* at hand; kept from one request to the next */
    bool under_way;                 /* the HTTP client has the call */
    bool fetching_nonce;
    bool lost; /* the CA may have acted on an attempt whose answer did not come */
    int error; /* our own: the attempt could not be written */
    unsigned refused_nonces, losses, waits;
    sp_time wake; /* not before */
};

/* The order under way. */
struct sp_acme_job {
    char host[SP_DOMAIN_SIZE]; /* "" when there is none */
    char url[SP_URL_MAX];
    sp_utc begun;
    enum sp_acme_status status;
    char authorization_url[SP_URL_MAX];
    char finalize_url[SP_URL_MAX];
    union {
        char own[SP_URL_MAX];         /* of the self-test */
        char certificate[SP_URL_MAX]; /* once the order is valid */
    } last;
    struct sp_acme_authorization authorization;
    char thumbprint[SP_ACME_THUMBPRINT_SIZE];
    struct sp_key key; /* the certificate's; from download to finish, otherwise wiped */
    struct sp_acme_chain chain;
    uint8_t family;       /* 6, then 4: of the self-test */
    unsigned absent;      /* families in which the host has no address */
    bool told;            /* the CA was told of the challenge since the start */
    unsigned finalized;   /* how often finalize was sent */
    bool resumed;         /* it goes on from a record */
    bool over;            /* cannot be gone on with: its record goes with finish */
    bool account_renewed; /* the CA had forgotten the account, once */
    sp_time wait_until;   /* end of the wait for the CA */
    sp_time wait;         /* next pause between polls, ms */
};

struct sp_acme_client {
    struct sp_store *store;
    char directory_url[SP_URL_MAX];
    struct sp_acme_directory directory;
    bool directory_known;
    bool directory_stale; /* to be fetched before the next order */
    sp_time directory_at;
    int directory_result;
    bool agreed;
    char account_url[SP_URL_MAX];

    enum sp_acme_state state;
    bool begun;   /* the state's request was handed to the exchange */
    sp_time wake; /* the state begins not before */
    struct sp_acme_exchange exchange;
    struct sp_acme_job job;
    struct sp_acme_problem problem;
    struct sp_acme_stats stats;
};

/* machine.c ------------------------------------------------------------------------------------ */

void sp_acme_set_state(struct sp_acme_client *c, enum sp_acme_state state);
enum sp_acme_phase sp_acme_state_phase(enum sp_acme_state state);
bool sp_acme_at_work(const struct sp_acme_client *c);
/* Stays in the state: it begins again (asks again) after `pause` ms. */
void sp_acme_again(struct sp_acme_client *c, sp_time now, sp_time pause);
/* To the state that follows from what is known: account, stored order, new order. */
void sp_acme_go_on(struct sp_acme_client *c);
/* Fill the problem and return its error, for a state's function to return in turn. */
int sp_acme_fail(struct sp_acme_client *c, int err, const char *what, const char *remedy);
/* As the answer at hand refuses; as c->problem says already, after a validation. */
int sp_acme_fail_refused(struct sp_acme_client *c);
int sp_acme_fail_invalid(struct sp_acme_client *c);
/* The answer at hand could not be read: SP_E_PROTOCOL or SP_E_MEMORY. what: "directory", "order", …
 */
int sp_acme_fail_reading(struct sp_acme_client *c, int err, const char *what);
int sp_acme_fail_store(struct sp_acme_client *c, int err);
/* The CA's host, for sentences, into out (SP_DOMAIN_SIZE bytes). */
void sp_acme_ca(const struct sp_acme_client *c, char *out);
sp_time sp_acme_machine_step(struct sp_acme_client *c, sp_time now);

/* exchange.c ----------------------------------------------------------------------------------- */

/* Begins a request. Errors come by step. */
void sp_acme_exchange_begin(struct sp_acme_client *c, enum sp_acme_method method, const char *url,
                            sp_acme_payload payload);
/* SP_E_AGAIN while it goes on (exchange.wake says until when nothing happens); 0 when there is an
 * answer, of any status, in exchange.http; another error when there will be none. What is in
 * exchange.http is lent by the HTTP client, which nobody else can use until sp_acme_exchange_end.
 */
int sp_acme_exchange_step(struct sp_acme_client *c, sp_time now);
/* Gives the answer back; what is under way is given up. */
void sp_acme_exchange_end(struct sp_acme_client *c);
struct sp_span sp_acme_answer(const struct sp_acme_client *c);

/* account.c ------------------------------------------------------------------------------------ */

/* Reads the record: agreed, account_url and the CA's identities. */
void sp_acme_account_load(struct sp_acme_client *c);
/* Keeps what the CA goes by with the account, when there is one. 0, errors of the store. */
int sp_acme_account_keep_identities(struct sp_acme_client *c);
int sp_acme_account_agree(struct sp_acme_client *c, const char *terms, sp_utc utc);
/* The account's key. 0, SP_E_CORRUPT, errors of sp_store_get. Wipe it after use. */
int sp_acme_account_key(struct sp_acme_client *c, struct sp_key *key);
int sp_acme_account_begin(struct sp_acme_client *c, sp_time now);
int sp_acme_account_answer(struct sp_acme_client *c, sp_time now);
/* The CA does not know the account of a request: it is made anew, once an order. 1 when that is on
 * its way, 0 when the answer says something else. */
int sp_acme_account_gone(struct sp_acme_client *c);

/* issue.c -------------------------------------------------------------------------------------- */

/* Looks for a stored order that can be gone on with; another one is deleted. */
void sp_acme_job_load(struct sp_acme_client *c, sp_utc utc);
void sp_acme_job_delete(struct sp_acme_client *c);
/* The stored order's host into out (SP_DOMAIN_SIZE bytes), "" when there is none. */
void sp_acme_job_host(struct sp_acme_client *c, char *out);
/* Keeps what it knows of the order for a reset. key NULL: none yet. 0, errors of the store. */
int sp_acme_job_save(struct sp_acme_client *c, const struct sp_key *key);
/* The certificate's key. 0, SP_E_NOT_FOUND (none yet), SP_E_CORRUPT, errors of sp_store_get. */
int sp_acme_job_key(struct sp_acme_client *c, struct sp_key *key);
/* Deletes the record of an order that is over, and begins a new one. 0. */
int sp_acme_new_order_instead(struct sp_acme_client *c);
/* Polls again after Retry-After or a growing pause; fails when the CA has had its time. */
int sp_acme_poll_again(struct sp_acme_client *c, sp_time now);
int sp_acme_poll_first(struct sp_acme_client *c, enum sp_acme_state state, sp_time now);

int sp_acme_resume_begin(struct sp_acme_client *c, sp_time now);
int sp_acme_resume_answer(struct sp_acme_client *c, sp_time now);
int sp_acme_resume_refused(struct sp_acme_client *c, sp_time now);
int sp_acme_new_order_begin(struct sp_acme_client *c, sp_time now);
int sp_acme_new_order_answer(struct sp_acme_client *c, sp_time now);
int sp_acme_finalize_begin(struct sp_acme_client *c, sp_time now);
int sp_acme_finalize_answer(struct sp_acme_client *c, sp_time now);
int sp_acme_finalize_refused(struct sp_acme_client *c, sp_time now);
int sp_acme_issuance_begin(struct sp_acme_client *c, sp_time now);
int sp_acme_download_begin(struct sp_acme_client *c, sp_time now);
int sp_acme_download_answer(struct sp_acme_client *c, sp_time now);

/* validate.c ----------------------------------------------------------------------------------- */

/* Appends the key authorization. */
void sp_acme_key_authorization(const struct sp_acme_client *c, struct sp_buf *out);
int sp_acme_authorization_begin(struct sp_acme_client *c, sp_time now);
int sp_acme_authorization_answer(struct sp_acme_client *c, sp_time now);
int sp_acme_self_test_begin(struct sp_acme_client *c, sp_time now);
int sp_acme_self_test_answer(struct sp_acme_client *c, sp_time now);
int sp_acme_self_test_lost(struct sp_acme_client *c, int err, sp_time now);
int sp_acme_challenge_begin(struct sp_acme_client *c, sp_time now);
int sp_acme_challenge_answer(struct sp_acme_client *c, sp_time now);
int sp_acme_challenge_refused(struct sp_acme_client *c, sp_time now);
int sp_acme_validation_begin(struct sp_acme_client *c, sp_time now);
int sp_acme_validation_answer(struct sp_acme_client *c, sp_time now);

#endif
