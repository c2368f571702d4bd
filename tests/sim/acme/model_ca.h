/*
 * model_ca: a certificate authority in memory, for tests (RFC 8555). It checks every request the
 * way a strict CA does (structure, signature, nonce used once, URL, key) and misbehaves when told
 * to.
 *
 * Memory: one static instance, made new by model_ca_start. Its certificates are real.
 */
#ifndef SP_TEST_MODEL_CA_H
#define SP_TEST_MODEL_CA_H

#include "base/span.h"
#include "base/time.h"

#include <stdbool.h>

#define MODEL_CA "https://ca.test:14000"
#define MODEL_DIRECTORY MODEL_CA "/dir"
#define MODEL_URL_SIZE 160

struct model_request {
    const char *method, *url, *accept, *content_type;
    struct sp_span body;
};

struct model_reply {
    int status;
    char body[24576];
    size_t body_n;
    char location[MODEL_URL_SIZE];
    char nonce[40];
    uint32_t retry_after;
    const char *content_type;
};

/* What the CA does instead of its best. Zeroed: nothing. */
struct model_ca_faults {
    unsigned nonce_percent; /* of good nonces that are refused all the same */
    unsigned authz_polls;   /* an authorization is pending for that many looks */
    unsigned order_polls;   /* an order is processing for that many looks, finalize's included */
    bool late_ready;        /* the order becomes ready one look after the authorization is valid */
    uint32_t retry_after;   /* sent with what is pending or processing */
    bool external_account;  /* in the directory */
    bool renamed;           /* it goes by another name in CAA records */
    bool eab_refused;       /* newAccount is answered with externalAccountRequired */
    bool no_http01;         /* other challenges alone */
    bool authz_valid;       /* authorizations are valid from the start */
    bool lazy;              /* the challenge is fetched at the first look, not when it is told of */
    const char *invalid_type;                /* the validation fails with this type of problem */
    bool wrong_host, wrong_key, wrong_chain; /* a certificate that is not right */
    unsigned links;                          /* of the chain; 0: 2 */
    bool forgives_nonces; /* a nonce used twice is refused, but not held against the client */
    bool curt;         /* a finalize that comes again is called malformed, not too early or late */
    bool no_nonce;     /* newNonce gives none */
    sp_utc not_before; /* of certificates; 0: an hour ago */
    /* The request of that number (from 1, since start) gets this instead, before anything is done.
     */
    unsigned instead_at, instead_n; /* and the next ones, instead_n in all (0: 1) */
    int status;
    const char *type; /* a problem document of that type; NULL: body */
    const char *body;
    uint32_t instead_retry_after;
    const char *instance; /* of the problem document */
};

/* Fetches a challenge from the appliance: true when it answers with `expected`. */
typedef bool (*model_ca_fetch)(const char *host, const char *token, const char *expected);

void model_ca_start(model_ca_fetch fetch);
extern struct model_ca_faults model_ca_faults;

void model_ca_answer(const struct model_request *request, struct model_reply *reply);

void model_ca_forget_accounts(void);
void model_ca_close_accounts(void); /* deactivates them */
void model_ca_forget_orders(void);

struct model_ca_tally {
    unsigned requests, nonces, accounts, orders, challenges, finalized, downloads, bad;
    char last_bad[200]; /* why a request was malformed: a fault of the client */
};
extern struct model_ca_tally model_ca_tally;

#endif
