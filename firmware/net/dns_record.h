/*
 * net/dns_record: from c-ares' records to ours. Pure functions. Not for other rooms.
 */
#ifndef SP_NET_DNS_RECORD_H
#define SP_NET_DNS_RECORD_H

#include "base/span.h"
#include "net/dns.h"

#include <ares.h>

/* Fills records, n, cut and result from a response: what `name` has of `type`, and the CNAMEs that
 * lead there. Records of other names are ignored, wherever they stand. */
void sp_dns_take_answer(const ares_dns_record_t *response, const char *name, enum sp_dns_type type,
                        struct sp_dns_answer *out);
void sp_dns_take_addresses(const ares_dns_record_t *response, const char *name,
                           enum sp_dns_type type, struct sp_dns_addresses *out);
/* A message as it comes from the wire. SP_E_DNS_FORMAT when it is none; otherwise as the first. */
int sp_dns_parse(struct sp_span message, const char *name, enum sp_dns_type type,
                 struct sp_dns_answer *out);
/* A name to ask for: lower-cased into out (SP_DOMAIN_SIZE) without the dot at its end; "." for the
 * root. 0 or SP_E_INVALID. */
int sp_dns_name(const char *name, char *out);

#endif
