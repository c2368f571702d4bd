/*
 * base/limits: every limit on what comes in, and every bound on memory, in one place.
 *
 * RAM on the smallest board is 256 KB; tools/size and docs/architecture.md do the sum.
 */
#ifndef SP_BASE_LIMITS_H
#define SP_BASE_LIMITS_H

/* Domains and records */
#define SP_DOMAINS_MAX 1000
#define SP_RECORDS_MAX                                                                             \
    1088             /* domains; and intermediates, settings, accounts, anchors, summaries of TLS  \
                        reports: 16 bytes of RAM a domain with the store's own state */
#define SP_MX_MAX 16 /* mx patterns of a policy */
#define SP_POLICY_TEXT_MAX 4608   /* bytes of a policy: 16 patterns of 253 and the other lines */
#define SP_DOMAIN_RECORD_MAX 9216 /* bytes of a domain's record: settings, key, leaf, history */
#define SP_RUA_MAX 254            /* bytes of a reporting URI with its terminator */
/* Bytes of a URL with its terminator. The longest of ours is that of a challenge at a host of 253
 * bytes: 332 with a token as CAs write them. */
#define SP_URL_MAX 352
#define SP_CA_IDENTITIES_SIZE 96 /* bytes of the names that a CA goes by in CAA records */

/* Certificates */
#define SP_LEAF_MAX 3072       /* bytes of a leaf's DER */
#define SP_CHAIN_LINKS 4       /* certificates of a chain, the leaf included */
#define SP_LINK_MAX 2560       /* bytes of an intermediate's DER */
#define SP_CHAIN_PEM_MAX 20480 /* bytes of the CA's answer with a chain */

/* Memory for the length of one call (base/scratch). A domain is 1.9 KB, its mx 4.1, its key and
 * leaf 3.2. The deepest that the rooms go, with all at their largest
 * (tests/unit/app/test_largest.c):
 * - 12.5 KB: a TLS look-up (domain, key and leaf, three intermediates of 2.5), `domain set` (domain
 *   and mx as wished; domain, key and leaf; the record's heads 1.8)
 * - 12.4 KB: an order's end (failure 0.5, the whole domain, a certificate that is read 2.6)
 * - 12.2 KB: an order's begin (results 0.6, the whole domain, failure 0.5, its record 1.8)
 * - 11.2 KB: a policy GET (the answer 5.1, domain and mx)
 * - 10.6 KB: the https check (the policy's text 4.6, domain and mx)
 */
#define SP_SCRATCH_MAX 12800

/* TCP and TLS */
#define SP_TCP_STREAMS 18 /* open at once, in and out */
#define SP_TCP_INBOUND 14 /* of which from outside */
#define SP_TCP_INBOUND_PER_ADDRESS 6
#define SP_TLS_SERVERS 4 /* inbound TLS connections with a handshake or a session */
#define SP_TLS_CLIENTS 1 /* outbound: one at a time */
/* Bytes that the libraries may have of the C library's heap, which nobody else uses: mbedTLS,
 * c-ares, cJSON. A 64-bit host's pointers want twice as much. And the heap that holds them all,
 * with the pools' headers and what malloc adds: a board's linker script sees to it. */
#define SP_TLS_POOL (66 * 1024 * sizeof(void *) / 4)
#define SP_DNS_POOL (11 * 1024 * sizeof(void *) / 4)
#define SP_JSON_POOL (4 * 1024 * sizeof(void *) / 4)
#define SP_HEAP ((SP_TLS_POOL + SP_DNS_POOL + SP_JSON_POOL) * 17 / 16)
/* Bytes of the record buffers: inbound of a client (16 KB as soon as a record wants it); inbound of
 * a server while it shakes hands, so that a ClientHello with post-quantum key shares fits, and
 * afterwards; outbound once the chain is sent. */
#define SP_TLS_CLIENT_BUFFER 8448
#define SP_TLS_IN_BUFFER 4096
#define SP_TLS_REQUEST_BUFFER 2304
#define SP_TLS_OUT_BUFFER 1536
/* For how long a lent part of the pool, or a server's buffer that has grown, may keep others
 * waiting
 */
#define SP_TLS_LEASE_MS 2000
#define SP_HANDSHAKE_TIMEOUT_MS 10000
#define SP_CONNECT_TIMEOUT_MS 10000

/* HTTP server */
#define SP_HTTP_CONNECTIONS 8   /* requests being read or answered at once */
#define SP_HTTP_HEADER_MAX 2048 /* request line and headers */
#define SP_HTTP_HEADERS 32
#define SP_HTTP_RESPONSE_MAX 5120 /* headers and body of an answer */
#define SP_HTTP_HEADER_TIMEOUT_MS 8000
#define SP_HTTP_BODY_TIMEOUT_MS 60000 /* for a request's body; 8 s without a byte of it */
#define SP_HTTP_IDLE_TIMEOUT_MS 15000
#define SP_HTTP_REQUESTS_PER_CONNECTION 100

/* HTTP client */
#define SP_HTTP_CLIENT_HEADER_MAX 8192  /* of an answer; read where the body comes to stand */
#define SP_HTTP_CLIENT_REQUEST_MAX 3072 /* of a request's body; the longest: a signed finalize */
#define SP_HTTP_CLIENT_BODY_MAX                                                                    \
    (SP_LEAF_MAX + (SP_CHAIN_LINKS - 1) * SP_LINK_MAX) /* of an answer, as it is kept */
#define SP_HTTP_CLIENT_TIMEOUT_MS 30000

/* SMTP, as a client that says no more than EHLO and STARTTLS */
#define SP_SMTP_REPLY_MAX 8192 /* bytes of a reply */

/* DNS */
#define SP_DNS_QUERIES 8 /* outstanding at once */
#define SP_DNS_ANSWER_MAX                                                                          \
    4096                    /* bytes of an answer's records: 16 MX with names of the greatest      \
                               length but one, 7 TXT records of SP_DNS_TEXT_MAX, or 120 addresses */
#define SP_DNS_ADDRESSES 8  /* of one host and family */
#define SP_DNS_TEXT_MAX 512 /* bytes of one TXT record */
#define SP_DNS_TIMEOUT_MS 2500
#define SP_DNS_TRIES 3
#define SP_RESOLVERS 3

/* Checks */
#define SP_REPORT_WORDS 3072 /* bytes of all that is said in the report that was asked for */
#define SP_REPORT_WORDS_PASSING 1792 /* and in that of a domain looked at in passing */

/* Addresses */
#define SP_ADDRESSES 6 /* own addresses of both families */

/* TLS reports */
#define SP_SUMMARIES_MAX 32                      /* domains of which what reports say is kept */
#define SP_REPORT_MAX (1024 * 1024)              /* bytes of a report as it is sent … */
#define SP_REPORT_INFLATED_MAX (8 * 1024 * 1024) /* … and inflated */
#define SP_REPORTS_HOUR 60                       /* reports that are begun in an hour … */
#define SP_REPORTS_HOUR_SENDER 30                /* … and by one sender */

/* Console */
#define SP_CONSOLE_LINE_MAX 1024
#define SP_CONSOLE_HISTORY 2048 /* bytes */

/* Trust anchors that an operator or the factory adds */
#define SP_TRUST_MAX 8

#endif
