/*
 * net/smtp_probe: looks at a mail server as a sender does that insists on TLS: connects to port 25,
 * reads the greeting, says EHLO (RFC 5321 3.1, 3.2) and STARTTLS (RFC 3207), shakes hands with the
 * server's name as SNI, looks at the certificate for that name (RFC 8461 4.1), and says QUIT. No
 * mail is spoken of.
 *
 * Memory: that of the HTTP client (net/http_client), for as long as a probe and its result last: so
 * one at a time, neither beside a call, and release it soon. Static: a pointer. Threads: service
 * task. Time: nothing blocks.
 */
#ifndef SP_NET_SMTP_PROBE_H
#define SP_NET_SMTP_PROBE_H

#include "crypto/cert.h"
#include "net/addr.h"
#include "net/smtp_reply.h"
#include "net/tls.h"

/* Where a probe ended. */
enum sp_smtp_stage {
    SP_SMTP_DNS,
    SP_SMTP_CONNECT,
    SP_SMTP_GREETING,
    SP_SMTP_EHLO,
    SP_SMTP_STARTTLS,
    SP_SMTP_TLS,
    SP_SMTP_DONE /* TLS stands */
};

struct sp_smtp_result {
    enum sp_smtp_stage stage;
    /* 0 with SP_SMTP_DONE. SP_E_REFUSED: at SP_SMTP_CONNECT the address refused; later the server
     * did, by the reply that is told here. SP_E_NOT_FOUND at SP_SMTP_STARTTLS: not offered.
     * SP_E_PROTOCOL: what came is no reply, or came behind the one to STARTTLS, where anybody on
     * the way could have put it. SP_E_MEMORY, SP_E_AGAIN: the appliance could not look. */
    int err;
    char words[200];         /* more on a failure, "" when there are none */
    int code;                /* of the last reply, 0: none came */
    char said[SP_SMTP_SAID]; /* its first line */
    struct sp_addr address;  /* that was talked to, or tried last; family 0: none */
    uint32_t elapsed_ms;
    bool old; /* TLS failed since the server has no version from 1.2 on */
    struct sp_tls_report
        tls; /* SP_SMTP_DONE: its version, and what is wrong with the certificate */
    struct sp_cert_info peer; /* SP_SMTP_DONE: the leaf that was shown */
};

/* Starts. host: the MX; name: who we say we are, a host name or an address in brackets. Both are
 * copied. 0; SP_E_AGAIN when a probe, or a call of the HTTP client, is under way or its result is
 * not released (try again later); SP_E_INVALID (an empty or longer name). */
int sp_smtp_probe_start(const char *host, const char *name, uint32_t timeout_ms, sp_time now);
/* What came of it; NULL while it is not over, and after its release. */
const struct sp_smtp_result *sp_smtp_probe_result(void);
/* Gives the memory back; a probe that is under way is given up. Harmless when there is none. */
void sp_smtp_probe_release(void);
sp_time sp_smtp_probe_step(sp_time now);

#endif
