/*
 * mtasts/names: host names as operators type them, and what is wrong with them in words.
 *
 * Pure functions.
 */
#ifndef SP_MTASTS_NAMES_H
#define SP_MTASTS_NAMES_H

#include "base/span.h"
#include "base/text.h"

#define SP_QUOTE_SIZE 60

/* What an operator typed, fit for a sentence: in quotes, controls shown as "?", cut with "…" when
 * long. out has SP_QUOTE_SIZE bytes. Returns out. */
const char *sp_name_quote(struct sp_span text, char *out);
/* Why text is no host name (sp_hostname refuses it): the end of a sentence that begins with the
 * name, e.g. "is an address: a host name is wanted". NULL when it is one. Static text. */
const char *sp_name_fault(struct sp_span text);

#endif
