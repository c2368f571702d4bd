/*
 * app/report_host: takes TLS reports (RFC 8460 5.4) at https://mta-sts.D/.well-known/tlsrpt, and
 * counts what they say about D.
 *
 * Anybody can send one: they are counted, shown, and advise against enforce; nothing else rests on
 * them. A policy host takes reports about its own domain alone. One is read at a time, as it comes;
 * at most SP_REPORTS_HOUR begin in an hour, SP_REPORTS_HOUR_SENDER of one sender. Senders are told
 * apart by a hash of the address (of IPv6 the /64) in SP_REPORT_SENDERS values, so that two of them
 * may happen to share.
 *
 * Answers: 201 counted, 200 counted before, 400 with the reason, 404 no policy host, 413 too large,
 * 415 another media type, 429 too many, 503 no memory, no time of day or no flash just now; 429 and
 * 503 with Retry-After.
 *
 * Memory: 48 bytes, and 36 KB lent of the TLS pool while a report comes; when the pool is wanted
 * for somebody's handshake, the report is given up and may be sent again. Threads: service task.
 * Time: some ms for 2 KB of a report, or for 1 KB of what is inflated.
 */
#ifndef SP_APP_REPORT_HOST_H
#define SP_APP_REPORT_HOST_H

#include "net/http_server.h"

#define SP_REPORT_PATH "/.well-known/tlsrpt"
#define SP_REPORT_SENDERS 32

/* The URI of it for a domain. 0, or SP_E_SPACE when the domain's name is too long for one. */
int sp_app_report_rua(const char *domain, char out[SP_RUA_MAX]);
/* For port 443. */
const struct sp_http_taker *sp_app_report_taker(void);

#endif
