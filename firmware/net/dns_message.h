/*
 * net/dns_message: DNS messages as bytes (RFC 1035 4.1), for what c-ares does not do: dynamic
 * updates.
 *
 * The writer goes over no array's end and remembers that something did not fit. The reader believes
 * nothing: lengths are held against the message's end, and a compression pointer is followed only
 * backwards, each one to before the last, so that no loop ends (RFC 9267 2).
 *
 * Names are text without the dot at the end, the root is "". Only names of letters, digits, '-' and
 * '_' are read as text: nobody here needs others; they can be passed over.
 *
 * Memory: the caller's. Pure functions.
 */
#ifndef SP_NET_DNS_MESSAGE_H
#define SP_NET_DNS_MESSAGE_H

#include "base/span.h"

#define SP_DNS_HEADER 12
#define SP_DNS_WIRE_NAME 255 /* bytes of a name in a message, at most */

/* Beside those of net/dns.h. */
#define SP_DNS_TYPE_TSIG 250
#define SP_DNS_TYPE_ANY 255
#define SP_DNS_CLASS_IN 1
#define SP_DNS_CLASS_NONE 254
#define SP_DNS_CLASS_ANY 255
#define SP_DNS_OPCODE_UPDATE 5

enum sp_dns_rcode {
    SP_DNS_NOERROR = 0,
    SP_DNS_FORMERR = 1,
    SP_DNS_SERVFAIL = 2,
    SP_DNS_NXDOMAIN = 3,
    SP_DNS_NOTIMP = 4,
    SP_DNS_REFUSED = 5,
    SP_DNS_YXDOMAIN = 6,
    SP_DNS_YXRRSET = 7,
    SP_DNS_NXRRSET = 8,
    SP_DNS_NOTAUTH = 9,
    SP_DNS_NOTZONE = 10,
    SP_DNS_BADSIG = 16, /* these three stand in a TSIG record */
    SP_DNS_BADKEY = 17,
    SP_DNS_BADTIME = 18
};

/* The header's four counts; in an update: zone, prerequisites, changes, additional (RFC 2136 2). */
enum sp_dns_section {
    SP_DNS_QUESTION,
    SP_DNS_ANSWERS,
    SP_DNS_AUTHORITY,
    SP_DNS_ADDITIONAL,
    SP_DNS_SECTIONS
};

/* --- writing --- */

struct sp_dns_writer {
    uint8_t *p;
    size_t cap, n;
    bool bad; /* something did not fit, or a name was none: the message is not to be sent */
};

/* A header with all counts 0. flags: the second 16 bits. */
void sp_dns_write_start(struct sp_dns_writer *w, void *array, size_t cap, uint16_t id,
                        uint16_t flags);
void sp_dns_write(struct sp_dns_writer *w, const void *p, size_t n);
void sp_dns_write16(struct sp_dns_writer *w, unsigned value);
void sp_dns_write32(struct sp_dns_writer *w, uint32_t value);
/* In lower case, never compressed. */
void sp_dns_write_name(struct sp_dns_writer *w, const char *name);
/* A question, or an update's zone; counts it. */
void sp_dns_write_question(struct sp_dns_writer *w, const char *name, unsigned type);
/* A record; counts it in that section, which is the last one begun. */
void sp_dns_write_record(struct sp_dns_writer *w, enum sp_dns_section section, const char *name,
                         unsigned type, unsigned class, uint32_t ttl, struct sp_span data);
/* A TXT record's data: strings of at most 255 bytes, at least one (RFC 1035 3.3.14). Its length, or
 * SP_E_SPACE. */
int sp_dns_txt_data(const char *text, uint8_t *out, size_t cap);

/* --- reading --- */

struct sp_dns_reader {
    const uint8_t *p;
    size_t n, at;
};

struct sp_dns_header {
    uint16_t id, flags;
    uint16_t counts[SP_DNS_SECTIONS];
};
#define SP_DNS_FLAG_RESPONSE 0x8000U
#define SP_DNS_FLAG_TRUNCATED 0x0200U
#define SP_DNS_RCODE(flags) ((flags)&15U)
#define SP_DNS_OPCODE(flags) ((flags) >> 11U & 15U)

struct sp_dns_rr {
    size_t at, name_at; /* where it begins; where its name does, the same */
    uint16_t type, class;
    uint32_t ttl;
    struct sp_span data; /* as it stands, names inside compressed */
    size_t data_at;
};

/* Each: 0, or SP_E_PROTOCOL when the message ends before or breaks a rule. */
int sp_dns_read_start(struct sp_dns_reader *r, struct sp_span message, struct sp_dns_header *out);
int sp_dns_skip_name(struct sp_dns_reader *r);
/* Passes over a question. */
int sp_dns_skip_question(struct sp_dns_reader *r);
int sp_dns_read_rr(struct sp_dns_reader *r, struct sp_dns_rr *out);
/* The name that stands there as text in lower case, into cap bytes; *end, where given, gets where
 * what follows it begins. Also SP_E_INVALID (a name that is no text of ours), SP_E_SPACE. */
int sp_dns_name_at(struct sp_span message, size_t at, char *out, size_t cap, size_t *end);
/* The strings of a TXT record joined, cut at cap; 0, or SP_E_PROTOCOL. A NUL inside becomes '?'. */
int sp_dns_txt_text(struct sp_span data, char *out, size_t cap);

#endif
