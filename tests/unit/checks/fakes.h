/*
 * DNS and an HTTP client that answer what a test says, in virtual time.
 */
#ifndef SP_TEST_CHECKS_FAKES_H
#define SP_TEST_CHECKS_FAKES_H

#include "checks/checks.h"
#include "net/clock.h"
#include "net/dns.h"
#include "net/http_client.h"
#include "net/smtp_probe.h"

#define DOMAIN "example.com"
#define HOST "mta-sts.example.com"
#define POLICY "version: STSv1\r\nmode: testing\r\nmx: mail.example.com\r\nmax_age: 604800\r\n"
#define POLICY_ID "0123456789abcdef0123456789abcdef"
#define RUA "mailto:tls@example.com"
#define UTC_NOW 1795561500

struct fake_net {
    /* What is answered to each question: TXT at _mta-sts and at _smtp._tls. */
    struct sp_dns_answer a, aaaa, txt, tlsrpt, mx;
    struct sp_dns_answer caa; /* at caa_name, and nothing at other names */
    const char *caa_name;
    struct sp_clock_status clock;
    const char *rua;
    int rua_error;
    int ask_error; /* asking itself fails */
    struct sp_http_result fetched;
    struct sp_cert_info peer; /* shown, when fetched.peer is not NULL */
    const char *body;
    /* What a fetch over one family ends with: [0] IPv4, [1] IPv6. With a status of 200 and no body
     * it is what sp_checks_challenge answers. */
    struct sp_http_result port80[2];
    const char *port80_body[2];
    struct sp_check_seen seen;
    const char *former_id;
    bool serves_nothing;
    bool can_prove;
    int proof;                   /* what comes of proving an address … */
    unsigned proof_waits;        /* … after so many times "again" */
    unsigned proofs;             /* that came to an end */
    struct sp_smtp_result probe; /* what each probe of an MX gives; all is well at first */
    sp_time probe_ms;            /* and how long it takes */
    unsigned probe_busy;         /* so many starts are refused */
    unsigned probes, probe_releases;
    char probed[4][SP_DOMAIN_SIZE]; /* the MX, in order */
    char probe_name[SP_DOMAIN_SIZE];
    unsigned client_busy; /* so many starts are refused */
    int start_error;
    int policy_error;
    bool never_done;
    sp_time dns_ms;
    struct sp_addr own_interface; /* sp_net_is_own */

    unsigned questions, fetches, dns_cancels, http_releases;
    char asked[48][SP_DOMAIN_SIZE];
    char url[SP_URL_MAX]; /* of the last fetch */
    int random_error;
    sp_utc utc;
    sp_time now, longest;
};
extern struct fake_net fake;
extern struct sp_check_report report;
extern struct sp_addr own[2];
extern unsigned own_n;

/* All is well: 203.0.113.10 and 2001:db8::10 are ours. */
int fakes_begin(void **state);
struct sp_addr fake_addr(const char *text);
/* Adds records to an answer and makes it good. */
void fake_address(struct sp_dns_answer *answer, const char *text);
void fake_text(struct sp_dns_answer *answer, const char *text);
void fake_alias(struct sp_dns_answer *answer, const char *host);
void fake_mx(struct sp_dns_answer *answer, uint16_t preference, const char *host);
void fake_caa(struct sp_dns_answer *answer, uint16_t flags, const char *tag, size_t tag_n,
              const char *value);
/* Takes all records away and gives the answer that result. */
void fake_nothing(struct sp_dns_answer *answer, int result);
/* Writes POLICY; its error is fake.policy_error. */
int fake_policy(void *ctx, const char *domain, struct sp_buf *out);
/* Runs them to the end. */
void run_checks(unsigned which);
/* The check's result and code are these, its reason holds the text, and its remedy is there unless
 * it passed. */
void check_says(enum sp_check_id id, enum sp_check_result result, const char *code,
                const char *text);
/* "" when there is no such evidence. */
const char *evidence(enum sp_check_id id, const char *name);

#endif
