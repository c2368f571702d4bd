/*
 * net/dns_answer: writes records into an answer, one behind the other. Not for other rooms.
 *
 * A record takes what its texts need: 12 bytes, its owner unless that is the one before's, and its
 * fields. It is written field by field between begin and end; one that does not fit whole is left
 * out, and the answer is cut: nothing is added to it any more.
 */
#ifndef SP_NET_DNS_ANSWER_H
#define SP_NET_DNS_ANSWER_H

#include "net/dns.h"

struct sp_dns_writer {
    struct sp_dns_answer *answer;
    size_t at; /* end of what is written of the record */
    bool full;
};

void sp_dns_answer_reset(struct sp_dns_answer *answer);
/* number: an MX record's preference, a CAA record's flags. Then the fields, in the order in which
 * struct sp_dns_record has them. */
void sp_dns_record_begin(struct sp_dns_writer *writer, struct sp_dns_answer *answer,
                         enum sp_dns_type type, uint32_t ttl, uint16_t number, const char *owner);
void sp_dns_put_addr(struct sp_dns_writer *writer, const struct sp_addr *addr);
/* Lower-cased. */
void sp_dns_put_name(struct sp_dns_writer *writer, const char *name);
/* Cut to cap bytes with its terminator; bytes that would end it early become '?'. */
void sp_dns_put_text(struct sp_dns_writer *writer, const void *bytes, size_t n, size_t cap);
/* Goes on with the text that was put last; cap holds for what is added, with the terminator. */
void sp_dns_add_text(struct sp_dns_writer *writer, const void *bytes, size_t n, size_t cap);
void sp_dns_record_end(struct sp_dns_writer *writer);

#endif
