/*
 * acme: a client of an ACME certificate authority (RFC 8555) with HTTP-01.
 *
 * One order at a time, for one host name. Every step that a reset could cut is written to the store
 * before the request that depends on it: the account key before newAccount, the order's URL as soon
 * as it is known, the certificate's key before finalize. After a reset sp_acme_order with the same
 * host goes on where the order stands at the CA, or starts a new one cleanly when that is over.
 *
 * Store: SP_KIND_ACCOUNT by directory URL, SP_KIND_ORDER "order".
 * Memory: one static instance (about 6.5 KB). The CA's answers are those of net/http_client, which
 * this room holds on to no longer than a step; the chain alone stays there from DONE to finish.
 * Threads: service task. Time: nothing blocks; a signature takes some milliseconds.
 */
#ifndef SP_ACME_ACME_H
#define SP_ACME_ACME_H

#include "base/limits.h"
#include "base/span.h"
#include "base/time.h"
#include "crypto/crypto.h"
#include "store/store.h"

enum sp_acme_phase {
    SP_ACME_IDLE,
    SP_ACME_DIRECTORY,
    SP_ACME_ACCOUNT,
    SP_ACME_NEW_ORDER,
    SP_ACME_AUTHORIZATION,
    SP_ACME_SELF_TEST, /* fetches the challenge itself over A and AAAA, so that a mistake burns no
                          quota */
    SP_ACME_CHALLENGE,
    SP_ACME_FINALIZE,
    SP_ACME_DOWNLOAD,
    SP_ACME_DONE,  /* the certificate waits to be taken */
    SP_ACME_FAILED /* the problem waits to be taken */
};
const char *sp_acme_phase_text(enum sp_acme_phase phase); /* "the CA validates the host", … */

/* What went wrong, for the operator. */
struct sp_acme_problem {
    int error;     /* sp_err; SP_E_REFUSED when the CA said no */
    int status;    /* HTTP status of the CA, 0: none */
    char type[96]; /* RFC 8555 6.7 without "urn:ietf:params:acme:error:", "" when not from the CA */
    char detail[320];         /* the CA's own words, or ours */
    char sentence[480];       /* what happened and what to do, whole */
    char url[SP_URL_MAX];     /* where the CA tells more (unpause, terms), "" */
    uint32_t retry_after;     /* s, asked for by the CA, 0: none */
    enum sp_acme_phase phase; /* in which it happened */
};

struct sp_acme_result {
    struct sp_span key;                   /* DER of the certificate's private key */
    struct sp_span chain[SP_CHAIN_LINKS]; /* DER, leaf first */
    unsigned links;
};

/* Reads the account of that directory from the store. The URL is copied. May be called again, for
 * another CA: what is under way ends. 0, SP_E_INVALID (not https, over SP_STORE_NAME_MAX bytes). */
int sp_acme_start(struct sp_store *store, const char *directory);

/* Fetches the directory for the URL of the terms. 0; SP_E_AGAIN while something is under way. */
int sp_acme_fetch_terms(sp_time now);
/* "" until the directory was fetched, or when the CA names none. */
const char *sp_acme_terms(void);
/* 0 when the last fetch worked, SP_E_AGAIN while it goes on, SP_E_STATE when there was none yet,
 * otherwise its error (then sp_acme_problem has the sentence). */
int sp_acme_directory_state(void);
/* The operator agrees to these terms: kept with the account's key, which is made now. terms: what
 * sp_acme_terms said. 0, SP_E_ENTROPY, SP_E_STATE (directory unknown), errors of sp_store_put. */
int sp_acme_agree(const char *terms, sp_utc utc);
bool sp_acme_agreed(void);
const char *sp_acme_account_url(void); /* "" until there is one */
/* What the CA goes by in CAA records, with spaces between; "" while that is not known. */
const char *sp_acme_ca_identities(void);
const char *sp_acme_directory(void);

/* Begins an order for host, or goes on with the stored one. 0; SP_E_AGAIN while another order or
 * fetch is under way; SP_E_STATE when the terms are not agreed to; SP_E_CLOCK while the time is not
 * known; SP_E_INVALID. */
int sp_acme_order(const char *host, sp_time now);
enum sp_acme_phase sp_acme_phase(void);
const char *sp_acme_host(void); /* of the order under way, "" when none */
/* In phase DONE: the result; spans stay as they are until sp_acme_finish, and nobody else can use
 * the HTTP client until then. 0 or SP_E_STATE. */
int sp_acme_take(struct sp_acme_result *out);
/* In phase FAILED, or after a failed fetch of the directory. Never NULL. */
const struct sp_acme_problem *sp_acme_problem(void);
/* Ends the order, done or failed: the phase is IDLE. Call it after what came of it was stored. The
 * order's record is deleted, unless the order failed for a reason that leaves it usable (no
 * network, the self-test, a limit of the CA): then sp_acme_order goes on with it within the hour.
 */
void sp_acme_finish(void);
/* Stops an order for that host; its record is deleted. Harmless when there is none. */
void sp_acme_cancel(const char *host);
/* Deletes the account of the directory (factory-reset forget-account). */
void sp_acme_forget(void);

/* The port-80 server asks: the key authorization (RFC 8555 8.1) for a token of the order under way
 * for that host. 0, SP_E_NOT_FOUND, SP_E_SPACE. */
int sp_acme_challenge(const char *host, struct sp_span token, struct sp_buf *out);

sp_time sp_acme_step(sp_time now);

struct sp_acme_stats {
    uint32_t requests, orders, certificates, bad_nonces, failures;
};
struct sp_acme_stats sp_acme_stats(void);

#endif
